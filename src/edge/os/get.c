// SPDX-License-Identifier: MIT
// One HTTP GET, and how far it came: name, connection, TLS, answer.
#include "os/get.h"

#include <assert.h>
#include <string.h>

#include <uv.h>

#include "base/arena.h"
#include "base/num.h"
#include "base/text.h"
#include "os/addr.h"
#include "os/http.h"
#include "os/names.h"
#include "os/stream.h"

#define PATH_BYTES    1024
#define REQUEST_BYTES (NAMES_HOST_BYTES_MAX + PATH_BYTES + 128)
#define QUEUE_BYTES   16384                             // the request, and what TLS adds
#define MESSAGE_BYTES (8 * (size_t)HTTP_HEAD_BYTES_MAX) // head, queue and their overheads
#define UNTIL_CLOSED  SIZE_MAX

struct get {
    struct loop *loop;
    struct arena *arena;
    struct budget budget;
    struct get_handlers handlers;
    struct tls_context *tls;
    char host[NAMES_HOST_BYTES_MAX];
    char path[PATH_BYTES];
    char address[NET_ADDR_TEXT_BYTES];
    char why[GET_WHY_BYTES];
    uint16_t port;
    uv_getaddrinfo_t lookup;
    struct addrinfo *addresses; // owned
    struct addrinfo *next;      // not yet tried
    uv_connect_t connect;
    struct stream stream;
    struct loop_timer *timer;
    struct http http;
    size_t body_bytes_max;
    size_t body_want; // of the whole body; UNTIL_CLOSED: it ends with the connection
    struct buffer body;
    uint64_t since_us; // the connection's first packet, then the request
    bool is_looking;   // the lookup's callback is awaited
    bool has_stream;   // on_gone is awaited
    bool is_connected; // TCP stands: no other address is tried
    bool has_head;
    bool is_over; // on_done was called, or is not wanted any more
    struct get_result result;
};

static void release(struct get *g)
{
    assert(g->is_over);
    if (g->is_looking || g->has_stream)
        return; // their callbacks come back here
    uv_freeaddrinfo(g->addresses);
    loop_timer_free(g->timer);
    http_end(&g->http);
    budget_give(&g->budget, g->body.at);
    arena_free(g->arena);
}

static void tell(struct get *g, enum rc rc, const char *why)
{
    if (g->is_over)
        return;
    g->is_over = true;
    struct text t = text_of(g->why, sizeof g->why);
    text_add_safe(&t, bytes_text(why));
    g->result.rc = rc;
    g->result.why = g->why;
    g->result.address = g->address;
    g->handlers.on_done(g->handlers.self, &g->result);
    loop_timer_at(g->timer, UINT64_MAX);
}

// Its last words, then whatever still runs is ended; g may be gone after this.
static void finish(struct get *g, enum rc rc, const char *why)
{
    tell(g, rc, why);
    if (g->has_stream)
        stream_drop(&g->stream, "over");
    else
        release(g);
}

static void on_due(void *self)
{
    struct get *g = self;
    if (g->is_looking)
        (void)uv_cancel((uv_req_t *)&g->lookup); // if it runs already, its end is awaited
    finish(g, RC_TIMEOUT, "no answer in time");
}

// ---- The answer

static void answered(struct get *g)
{
    g->result.stage = GET_DONE;
    g->result.answer_us = time_since(g->since_us, loop_now_us(g->loop));
    g->result.body = buffer_bytes(&g->body);
    finish(g, RC_OK, "");
}

static void take_body(struct get *g, struct bytes part)
{
    const size_t want = g->body_want - g->body.len;
    if (g->body_want != UNTIL_CLOSED)
        part = bytes_part(part, 0, want);
    if (part.len > g->body_bytes_max - g->body.len) {
        finish(g, RC_FULL, "the answer is too long");
        return;
    }
    buffer_put(&g->body, part);
    if (g->body.len == g->body_want)
        answered(g);
}

static void take_head(struct get *g)
{
    g->has_head = true;
    g->result.status = http_status(&g->http);
    const char *date = http_field(&g->http, "Date");
    g->result.has_date = date != NULL && get_date(date, &g->result.date_s);
    const char *length = http_field(&g->http, "Content-Length");
    uint64_t len = 0;
    g->body_want = UNTIL_CLOSED;
    if (length != NULL && text_to_u64(length, 0, SIZE_MAX - 1, &len))
        g->body_want = (size_t)len;
}

static void on_bytes(struct stream *s, struct bytes plain)
{
    struct get *g = CONTAINER_OF(s, struct get, stream);
    if (g->is_over)
        return;
    if (!g->has_head) {
        size_t used = 0;
        const enum rc rc = http_input(&g->http, plain, &used);
        if (rc == RC_AGAIN)
            return;
        if (rc != RC_OK) {
            finish(g, rc == RC_NOMEM ? rc : RC_MALFORMED, "the answer is no HTTP");
            return;
        }
        take_head(g);
        plain = bytes_part(plain, used, SIZE_MAX);
    }
    take_body(g, plain);
}

// ---- The way there

static void look_at_peer(struct get *g)
{
    struct get_result *r = &g->result;
    r->has_fingerprint = tls_peer_fingerprint(g->stream.tls, &r->fingerprint);
    r->trust_why = "";
    r->is_trusted = tls_is_trusted(g->stream.tls, &r->trust_why);
}

static void on_ready(struct stream *s)
{
    struct get *g = CONTAINER_OF(s, struct get, stream);
    char room[REQUEST_BYTES];
    struct text t = text_of(room, sizeof room);
    // Version 1.0: nobody answers that in chunks, or keeps the connection.
    const bool is_ipv6 = strchr(g->host, ':') != NULL;
    text_addf(&t,
              is_ipv6 ? "GET %s HTTP/1.0\r\nHost: [%s]:%u\r\n\r\n"
                      : "GET %s HTTP/1.0\r\nHost: %s:%u\r\n\r\n",
              g->path, g->host, g->port);
    assert(!t.is_cut);
    g->result.stage = GET_ANSWER;
    if (g->tls != NULL)
        look_at_peer(g);
    g->since_us = loop_now_us(g->loop);
    stream_put(s, bytes_of(room, t.len), bytes_of(NULL, 0));
}

static void on_drain(struct stream *s)
{
    (void)s; // one request never fills the queue
}

static void connect_cb(uv_connect_t *req, int status)
{
    struct get *g = req->data;
    if (status == UV_ECANCELED) // by stream_drop; on_gone comes
        return;
    if (status != 0) {
        g->result.rc = status == UV_ECONNREFUSED                               ? RC_REFUSED
                       : status == UV_EHOSTUNREACH || status == UV_ENETUNREACH ? RC_ABSENT
                       : status == UV_ETIMEDOUT                                ? RC_TIMEOUT
                                                                               : RC_IO;
        stream_drop(&g->stream, uv_strerror(status));
        return;
    }
    g->is_connected = true;
    g->result.connection_us = time_since(g->since_us, loop_now_us(g->loop));
    g->result.stage = g->tls != NULL ? GET_TLS : GET_ANSWER;
    stream_join(&g->stream, g->tls, g->host);
}

static void name_address(struct get *g, const struct sockaddr *a)
{
    struct net_addr addr;
    (void)addr_of(&addr, a); // the lookup was for these families
    net_addr_text(&addr, g->address);
}

static void on_gone(struct stream *s);

static const struct stream_ops ops = {
    .on_ready = on_ready, .on_bytes = on_bytes, .on_drain = on_drain, .on_gone = on_gone};

// False: there is no other address, or no socket for it.
static bool try_next(struct get *g)
{
    const struct addrinfo *a = g->next;
    const struct stream_cfg cfg = {
        .loop = g->loop, .ops = &ops, .budget = &g->budget, .queue_bytes_max = QUEUE_BYTES};
    if (a == NULL || stream_init(&g->stream, &cfg) != RC_OK)
        return false;
    g->has_stream = true;
    g->next = a->ai_next;
    g->connect.data = g;
    g->since_us = loop_now_us(g->loop);
    name_address(g, a->ai_addr);
    const int failed = stream_connect(&g->stream, &g->connect, a->ai_addr, connect_cb);
    if (failed != 0) {
        g->result.rc = failed == UV_EHOSTUNREACH || failed == UV_ENETUNREACH ? RC_ABSENT : RC_IO;
        stream_drop(&g->stream, uv_strerror(failed)); // on_gone tries the next one
    }
    return true;
}

static void on_gone(struct stream *s)
{
    struct get *g = CONTAINER_OF(s, struct get, stream);
    g->has_stream = false;
    const bool is_whole = g->has_head && g->body_want == UNTIL_CLOSED;
    if (g->is_over)
        release(g);
    else if (!g->is_connected && try_next(g))
        return;
    else if (!g->is_connected)
        finish(g, g->result.rc, stream_why(s));
    else if (g->result.stage == GET_TLS)
        finish(g, RC_MALFORMED, stream_why(s));
    else if (is_whole)
        answered(g);
    else
        finish(g, RC_CLOSED, stream_why(s));
}

static void lookup_cb(uv_getaddrinfo_t *req, int status, struct addrinfo *found)
{
    struct get *g = req->data;
    g->is_looking = false;
    g->addresses = found;
    g->next = found;
    if (g->is_over) {
        release(g);
    } else if (status != 0) {
        const char *why;
        const enum rc rc = names_failure(status, &why);
        finish(g, rc, why);
    } else {
        g->result.stage = GET_CONNECTION;
        g->result.rc = RC_IO;
        if (!try_next(g))
            finish(g, RC_IO, "no socket can be had");
    }
}

static bool copy(char *out, size_t cap, const char *in)
{
    struct text t = text_of(out, cap);
    text_add(&t, in);
    return !t.is_cut && t.len > 0;
}

static enum rc begin(struct get *g, const struct get_cfg *cfg)
{
    char port[8];
    struct text t = text_of(port, sizeof port);
    text_addf(&t, "%u", cfg->port);
    if (!copy(g->host, sizeof g->host, cfg->host) || !copy(g->path, sizeof g->path, cfg->path) ||
        cfg->path[0] != '/' || strpbrk(cfg->path, " \r\n") != NULL || cfg->timeout_us == 0)
        return RC_CONFIG;
    void *body = budget_take(&g->budget, g->body_bytes_max);
    enum rc rc = body != NULL ? loop_timer_new(&g->timer, g->loop, on_due, g) : RC_NOMEM;
    g->body = buffer_of(body, g->body_bytes_max);
    if (rc != RC_OK)
        return rc;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    g->lookup.data = g;
    const int failed =
        uv_getaddrinfo(loop_uv(g->loop), &g->lookup, lookup_cb, g->host, port, &hints);
    g->is_looking = failed == 0;
    if (failed != 0)
        return failed == UV_ENOMEM ? RC_NOMEM : RC_CONFIG;
    loop_timer_at(g->timer, time_after(loop_now_us(g->loop), cfg->timeout_us));
    return RC_OK;
}

enum rc get_start(struct get **out, struct loop *loop, const struct get_cfg *cfg,
                  const struct get_handlers *handlers, struct err *err)
{
    *out = NULL;
    if (cfg->body_bytes_max < 1 || cfg->body_bytes_max > GET_BODY_BYTES_MAX)
        return err_set(err, RC_CONFIG, "a limit is out of range");
    struct arena *arena = arena_new(sizeof(struct get) + 4096);
    struct get *g = arena != NULL ? arena_take(arena, sizeof *g) : NULL;
    if (g == NULL) {
        arena_free(arena);
        return err_set(err, RC_NOMEM, "out of memory");
    }
    *g = (struct get){.loop = loop,
                      .arena = arena,
                      .budget.limit_bytes = MESSAGE_BYTES + cfg->body_bytes_max,
                      .handlers = *handlers,
                      .tls = cfg->tls,
                      .port = cfg->port,
                      .body_bytes_max = cfg->body_bytes_max};
    http_init(&g->http, HTTP_KIND_RESPONSE, &g->budget, 1);
    const enum rc rc = begin(g, cfg);
    if (rc == RC_OK) {
        *out = g;
        return RC_OK;
    }
    g->is_over = true;
    release(g);
    return err_set(err, rc, "cannot ask %s: %s", cfg->host,
                   rc == RC_CONFIG ? "not a host or path that can be used" : rc_text(rc));
}

bool get_drop(struct get *g)
{
    if (g == NULL)
        return true;
    assert(!g->is_over);
    g->is_over = true;
    bool is_looking = g->is_looking;
    if (is_looking && uv_cancel((uv_req_t *)&g->lookup) == 0)
        is_looking = false; // its callback comes with the loop's next turn
    if (g->has_stream)
        stream_drop(&g->stream, "dropped");
    else if (!g->is_looking)
        release(g);
    return !is_looking;
}

// Days from 1970-01-01 to a day of the Gregorian calendar (month 1..12).
static uint64_t days_until(uint64_t year, uint64_t month, uint64_t day)
{
    static const uint16_t before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    const uint64_t past = year - (month <= 2); // years whose leap day lies behind
    const uint64_t leap = past / 4 - past / 100 + past / 400 - (1969 / 4 - 1969 / 100 + 1969 / 400);
    return (year - 1970) * 365 + leap + before[month - 1] + day - 1;
}

// Two decimal digits; UINT64_MAX: they are none.
static uint64_t two_digits(const char *at)
{
    if (at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9')
        return UINT64_MAX;
    return (uint64_t)(at[0] - '0') * 10 + (uint64_t)(at[1] - '0');
}

static uint64_t month_of(const char *at)
{
    static const char name[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    for (size_t i = 0; i < ARRAY_COUNT(name); i++)
        if (strncmp(at, name[i], 3) == 0)
            return i + 1;
    return 0;
}

bool get_date(const char *text, uint64_t *out_s)
{
    static const char form[] = "..., .. ... .... ..:..:.. GMT"; // of fixed length
    if (strlen(text) != sizeof form - 1)
        return false;
    for (size_t i = 0; i < sizeof form - 1; i++)
        if (form[i] != '.' && form[i] != text[i])
            return false;
    const uint64_t day = two_digits(text + 5);
    const uint64_t month = month_of(text + 8);
    const uint64_t century = two_digits(text + 12);
    const uint64_t year = two_digits(text + 14);
    const uint64_t h = two_digits(text + 17);
    const uint64_t m = two_digits(text + 20);
    const uint64_t s = two_digits(text + 23); // 60: a leap second
    if (day < 1 || day > 31 || month == 0 || century > 99 || year > 99 || h > 23 || m > 59 ||
        s > 60 || century * 100 + year < 1970)
        return false;
    *out_s = days_until(century * 100 + year, month, day) * 86400 + h * 3600 + m * 60 + s;
    return true;
}
