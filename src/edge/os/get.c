// SPDX-License-Identifier: MIT
// One HTTP GET, and how far it came: name, connection, TLS, answer.
#include "os/get.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "base/num.h"
#include "base/text.h"
#include "os/dial.h"
#include "os/http.h"
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
    struct dial dial;
    struct stream stream;
    struct tls_context *tls;
    char path[PATH_BYTES];
    char address[NET_ADDR_TEXT_BYTES];
    char why[GET_WHY_BYTES];
    struct loop_timer *timer;
    struct http http;
    size_t body_bytes_max;
    size_t body_want; // of the whole body; UNTIL_CLOSED: it ends with the connection
    struct buffer body;
    uint64_t asked_us; // when the request went
    bool is_asked;     // it did
    bool has_head;
    bool is_answered;
    bool is_over; // on_done was called, or is not wanted any more
    struct get_result result;
};

static void release(struct get *g)
{
    assert(g->is_over);
    if (!dial_is_idle(&g->dial))
        return; // its callbacks come back here
    dial_end(&g->dial);
    loop_timer_free(g->timer);
    http_end(&g->http);
    budget_give(&g->budget, g->body.at);
    arena_free(g->arena);
}

static enum get_stage stage_of(const struct get *g)
{
    if (g->is_answered)
        return GET_DONE;
    if (g->dial.is_connected)
        return g->is_asked || g->tls == NULL ? GET_ANSWER : GET_TLS;
    return g->dial.is_found ? GET_CONNECTION : GET_NAME;
}

static void tell(struct get *g, enum rc rc, const char *why)
{
    static const struct net_addr none;
    if (g->is_over)
        return;
    g->is_over = true;
    struct text t = text_of(g->why, sizeof g->why);
    text_add_safe(&t, bytes_text(why));
    if (!net_addr_equal(&g->dial.addr, &none))
        net_addr_text(&g->dial.addr, g->address);
    g->result.stage = stage_of(g);
    g->result.rc = rc;
    g->result.why = g->why;
    g->result.address = g->address;
    g->result.connection_us = g->dial.connected_us;
    g->handlers.on_done(g->handlers.self, &g->result);
    loop_timer_at(g->timer, UINT64_MAX);
}

// Its last words, then whatever still runs is ended; g may be gone after this.
static void finish(struct get *g, enum rc rc, const char *why)
{
    tell(g, rc, why);
    (void)dial_stop(&g->dial, "over"); // what cannot be called off is awaited
    release(g);
}

static void on_due(void *self)
{
    finish(self, RC_TIMEOUT, "no answer in time");
}

// ---- The answer

static void answered(struct get *g)
{
    g->is_answered = true;
    g->result.answer_us = time_since(g->asked_us, loop_now_us(g->loop));
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
    text_addf(&t, "GET %s HTTP/1.0\r\nHost: %s\r\n\r\n", g->path, g->dial.target);
    assert(!t.is_cut);
    if (g->tls != NULL)
        look_at_peer(g);
    g->is_asked = true;
    g->asked_us = loop_now_us(g->loop);
    stream_put(s, bytes_of(room, t.len), bytes_of(NULL, 0));
}

static void on_drain(struct stream *s)
{
    (void)s; // one request never fills the queue
}

static void on_gone(struct stream *s)
{
    struct get *g = CONTAINER_OF(s, struct get, stream);
    if (dial_again(&g->dial))
        return;
    const bool is_whole = g->has_head && g->body_want == UNTIL_CLOSED;
    if (g->is_over)
        release(g);
    else if (!g->dial.is_connected)
        finish(g, g->dial.rc, g->dial.why);
    else if (stage_of(g) == GET_TLS)
        finish(g, RC_MALFORMED, stream_why(s));
    else if (is_whole)
        answered(g);
    else
        finish(g, RC_CLOSED, stream_why(s));
}

static const struct stream_ops ops = {
    .on_ready = on_ready, .on_bytes = on_bytes, .on_drain = on_drain, .on_gone = on_gone};

static void on_nowhere(struct dial *d)
{
    struct get *g = CONTAINER_OF(d, struct get, dial);
    finish(g, d->rc, d->why); // silent, if it is over already
}

static bool copy(char *out, size_t cap, const char *in)
{
    struct text t = text_of(out, cap);
    text_add(&t, in);
    return !t.is_cut && t.len > 0;
}

static enum rc begin(struct get *g, const struct get_cfg *cfg)
{
    if (!copy(g->path, sizeof g->path, cfg->path) || cfg->path[0] != '/' ||
        strpbrk(cfg->path, " \r\n") != NULL || cfg->timeout_us == 0)
        return RC_CONFIG;
    void *body = budget_take(&g->budget, g->body_bytes_max);
    if (body == NULL)
        return RC_NOMEM;
    g->body = buffer_of(body, g->body_bytes_max);
    enum rc rc = loop_timer_new(&g->timer, g->loop, on_due, g);
    if (rc != RC_OK)
        return rc;
    const struct dial_cfg way = {.host = cfg->host,
                                 .port = cfg->port,
                                 .tls = cfg->tls,
                                 .stream = &g->stream,
                                 .stream_cfg = {.loop = g->loop,
                                                .ops = &ops,
                                                .budget = &g->budget,
                                                .queue_bytes_max = QUEUE_BYTES},
                                 .on_nowhere = on_nowhere};
    rc = dial_begin(&g->dial, &way);
    if (rc == RC_OK)
        loop_timer_at(g->timer, time_after(loop_now_us(g->loop), cfg->timeout_us));
    return rc;
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
    const bool is_called_off = dial_stop(&g->dial, "dropped");
    release(g);
    return is_called_off;
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
