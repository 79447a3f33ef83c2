// SPDX-License-Identifier: MIT
// The client: from a name to an open connection.
#include <assert.h>

#include <uv.h>

#include "base/text.h"
#include "os/entropy.h"
#include "os/names.h"
#include "os/web_conn.h"

#define PATH_BYTES   1024
#define FIELDS_BYTES 4096

struct web_dial {
    struct web_house house; // of this one connection
    struct web_conn *conn;
    char host[NAMES_HOST_BYTES_MAX];
    char target[NAMES_HOST_BYTES_MAX + 16]; // "host:port", for people and the Host field
    char path[PATH_BYTES];
    char fields[FIELDS_BYTES];
    uint16_t port;
    char key[HTTP_WS_KEY_TEXT_BYTES];
    uv_getaddrinfo_t lookup;
    struct addrinfo *addresses; // owned
    struct addrinfo *next;      // not yet tried
    uv_connect_t connect;
    bool is_looking;   // the lookup's callback is awaited
    bool is_connected; // TCP stands: no other address is tried
    char why[STREAM_WHY_BYTES];
};

static void keep_why(struct web_dial *d, const char *why)
{
    struct text t = text_of(d->why, sizeof d->why);
    text_add(&t, why);
}

static void release(struct web_house *h)
{
    struct web_dial *d = CONTAINER_OF(h, struct web_dial, house);
    uv_freeaddrinfo(d->addresses);
    house_close(h);
    arena_free(h->arena);
}

static void connect_cb(uv_connect_t *req, int status)
{
    struct web_conn *c = req->data;
    struct web_dial *d = c->dial;
    if (status == UV_ECANCELED) // by stream_drop; on_gone comes
        return;
    if (status != 0) {
        keep_why(d, uv_strerror(status));
        stream_drop(&c->stream, d->why);
        return;
    }
    d->is_connected = true;
    stream_join(&c->stream, d->house.tls, d->host);
}

// Tries the next address. False: there is none, or no socket for it.
static bool try_next(struct web_conn *c)
{
    struct web_dial *d = c->dial;
    const struct addrinfo *a = d->next;
    if (a == NULL || conn_stream_init(c) != RC_OK)
        return false;
    d->next = a->ai_next;
    d->connect.data = c;
    const int failed = stream_connect(&c->stream, &d->connect, a->ai_addr, connect_cb);
    if (failed != 0) {
        keep_why(d, uv_strerror(failed));
        stream_drop(&c->stream, d->why); // on_gone comes back through dial_again
    }
    return true;
}

bool dial_again(struct web_conn *c)
{
    return c->phase == WEB_DIALLING && !c->dial->is_connected && try_next(c);
}

static void give_up(struct web_conn *c)
{
    char reason[NAMES_HOST_BYTES_MAX + STREAM_WHY_BYTES + 32];
    dial_reason(c, reason, sizeof reason);
    conn_forget(c, reason);
}

static void lookup_cb(uv_getaddrinfo_t *req, int status, struct addrinfo *found)
{
    struct web_conn *c = req->data;
    struct web_dial *d = c->dial;
    d->is_looking = false;
    d->addresses = found;
    d->next = found;
    const char *why = "";
    if (status != 0)
        (void)names_failure(status, &why); // the words are all that is told
    if (c->phase == WEB_DIALLING)
        keep_why(d, why);
    if (status != 0 || c->phase != WEB_DIALLING || !try_next(c))
        give_up(c);
}

void dial_stop(struct web_conn *c, const char *why)
{
    struct web_dial *d = c->dial;
    c->phase = WEB_ENDING;
    keep_why(d, why);
    if (d->is_looking)
        (void)uv_cancel((uv_req_t *)&d->lookup); // if it runs already, its end is awaited
    else
        stream_drop(&c->stream, why);
}

void dial_reason(const struct web_conn *c, char *out, size_t cap)
{
    const struct web_dial *d = c->dial;
    struct text t = text_of(out, cap);
    if (d->is_connected)
        text_addf(&t, "%s: %s", d->target, stream_why(&c->stream));
    else if (d->addresses == NULL && !c->is_dropped)
        text_addf(&t, "cannot find %s: %s", d->host, d->why);
    else
        text_addf(&t, "no hub answers at %s: %s", d->target, d->why);
}

const char *dial_peer(const struct web_conn *c)
{
    return c->dial->is_connected ? stream_peer(&c->stream) : c->dial->target;
}

static bool is_right_peer(struct web_conn *c)
{
    const struct web_handlers *to = &c->house->handlers;
    const char *why = NULL;
    struct digest fingerprint;
    const bool is_trusted = tls_is_trusted(c->stream.tls, &why);
    if (!tls_peer_fingerprint(c->stream.tls, &fingerprint))
        return false;
    if (to->on_peer == NULL)
        return is_trusted;
    return to->on_peer(to->self, c, &fingerprint, is_trusted, why);
}

void dial_ready(struct web_conn *c)
{
    struct web_dial *d = c->dial;
    if (d->house.tls != NULL && !is_right_peer(c)) {
        const char *why = NULL;
        char reason[STREAM_WHY_BYTES];
        struct text t = text_of(reason, sizeof reason);
        (void)tls_is_trusted(c->stream.tls, &why); // for the words
        text_addf(&t, "its certificate is not trusted: %s", why);
        stream_drop(&c->stream, reason);
        return;
    }
    if (c->phase != WEB_DIALLING) // the handler closed it
        return;
    uint8_t random[16];
    const struct entropy e = entropy_os();
    e.fill(e.self, random, sizeof random);
    http_ws_key(d->key, random);
    struct buffer out = buffer_of(loop_scratch_out(d->house.loop), LOOP_SCRATCH_BYTES);
    const bool fits = http_write_ws_request(&out, d->target, d->path, d->key, d->fields);
    assert(fits); // path and fields have their bounds
    c->phase = WEB_HTTP;
    http_init(&c->http, HTTP_KIND_RESPONSE, &d->house.budget, d->house.limits.body_bytes_max);
    stream_put(&c->stream, buffer_bytes(&out), bytes_of(NULL, 0));
}

void dial_answered(struct web_conn *c, struct bytes rest)
{
    struct web_dial *d = c->dial;
    if (http_ws_accepted(&c->http, d->key) == RC_OK) {
        conn_open(c, rest);
        return;
    }
    const unsigned status = http_status(&c->http);
    char reason[STREAM_WHY_BYTES];
    struct text t = text_of(reason, sizeof reason);
    text_addf(&t, "it answers %u %s, not a WebSocket", status, http_status_text(status));
    stream_drop(&c->stream, reason);
    c->phase = WEB_ENDING;
}

static bool copy(char *out, size_t cap, const char *in)
{
    struct text t = text_of(out, cap);
    text_add(&t, in);
    return !t.is_cut;
}

static bool fill(struct web_dial *d, const struct web_connect_cfg *cfg)
{
    struct text t = text_of(d->target, sizeof d->target);
    const bool is_ipv6 =
        bytes_text(cfg->host).len > 0 && uv_ip6_addr(cfg->host, 0, &(struct sockaddr_in6){0}) == 0;
    text_addf(&t, is_ipv6 ? "[%s]:%u" : "%s:%u", cfg->host, cfg->port);
    d->port = cfg->port;
    return cfg->host[0] != 0 && !t.is_cut && copy(d->host, sizeof d->host, cfg->host) &&
           copy(d->path, sizeof d->path, cfg->path) && cfg->path[0] == '/' &&
           copy(d->fields, sizeof d->fields, cfg->fields != NULL ? cfg->fields : "");
}

static enum rc begin_lookup(struct web_dial *d)
{
    char port[8];
    struct text t = text_of(port, sizeof port);
    text_addf(&t, "%u", d->port);
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    d->lookup.data = d->conn;
    const int failed =
        uv_getaddrinfo(loop_uv(d->house.loop), &d->lookup, lookup_cb, d->host, port, &hints);
    d->is_looking = failed == 0;
    return failed == 0 ? RC_OK : failed == UV_ENOMEM ? RC_NOMEM : RC_CONFIG;
}

enum rc web_connect(struct web_conn **out, struct loop *loop, const struct web_connect_cfg *cfg,
                    const struct web_handlers *handlers, struct err *err)
{
    *out = NULL;
    struct arena *arena = arena_new(sizeof(struct web_dial) + HOUSE_BYTES(1));
    struct web_dial *d = arena != NULL ? arena_take(arena, sizeof *d) : NULL;
    enum rc rc =
        d == NULL ? RC_NOMEM : house_open(&d->house, arena, loop, &cfg->limits, handlers, false);
    if (rc != RC_OK) {
        arena_free(arena);
        return err_set(err, rc, "cannot connect to %s:%u: %s", cfg->host, cfg->port,
                       rc == RC_CONFIG ? "a limit is out of range" : rc_text(rc));
    }
    d->house.tls = cfg->tls;
    d->house.on_empty = release;
    d->conn = conn_new(&d->house, WEB_DIALLING);
    rc = d->conn == NULL ? RC_NOMEM : fill(d, cfg) ? begin_lookup(d) : RC_CONFIG;
    d->house.is_over = true; // the house goes with its one connection
    if (rc != RC_OK) {
        d->house.is_silent = true;
        if (d->conn != NULL)
            conn_forget(d->conn, "");
        else
            release(&d->house);
        return err_set(err, rc, "cannot connect to %s:%u: %s", cfg->host, cfg->port,
                       rc == RC_CONFIG ? "not a host, path or header field that can be used"
                                       : rc_text(rc));
    }
    d->conn->dial = d;
    *out = d->conn;
    return RC_OK;
}
