// SPDX-License-Identifier: MIT
// What comes in on a connection: requests, the upgrade of either side, then frames.
#include <assert.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "os/entropy.h"
#include "os/web_conn.h"

#define REASON_BYTES (NAMES_HOST_BYTES_MAX + STREAM_WHY_BYTES + 32)

// ---- WebSocket in

struct ping { // the last one of a read: RFC 6455 section 5.5.3 lets it stand for those before
    bool is_due;
    size_t len;
    uint8_t words[WS_CONTROL_BYTES_MAX];
};

static void on_peer_close(struct web_conn *c, const struct ws_event *e)
{
    char reason[REASON_BYTES];
    struct text t = text_of(reason, sizeof reason);
    text_add(&t, "closed by peer");
    if (e->code != WS_CODE_NONE)
        text_addf(&t, ": %u ", e->code);
    text_add_safe(&t, e->data);
    if (c->phase == WEB_OPEN) { // RFC 6455 section 5.5.1: echo the code
        if (e->code != WS_CODE_NONE)
            conn_put_close(c, e->code, "");
        else
            conn_put_frame(c, WS_CLOSE, bytes_of(NULL, 0));
    }
    conn_end(c, reason);
}

static void keep_ping(struct ping *p, struct bytes words)
{
    assert(words.len <= sizeof p->words);
    p->is_due = true;
    p->len = words.len;
    if (words.len > 0)
        memcpy(p->words, words.at, words.len);
}

// One who pings and does not read gets no more pongs.
static void answer_ping(struct web_conn *c, const struct ping *p)
{
    if (p->is_due && c->phase == WEB_OPEN && conn_has_queue_room(c))
        conn_put_frame(c, WS_PONG, bytes_of(p->words, p->len));
}

static void on_event(struct web_conn *c, const struct ws_event *e, struct ping *ping)
{
    const struct web_handlers *to = &c->house->handlers;
    switch (e->kind) {
    case WS_TEXT:
    case WS_BINARY:
        if (c->phase == WEB_OPEN && to->on_message != NULL && !c->house->is_silent)
            to->on_message(to->self, c, e->data, e->kind == WS_TEXT);
        break;
    case WS_PING:
        keep_ping(ping, e->data);
        break;
    case WS_PONG:
        break;
    case WS_CLOSE:
        on_peer_close(c, e);
        break;
    }
}

static void ws_bytes(struct web_conn *c, struct bytes in)
{
    struct ws_event e;
    struct ping ping = {.is_due = false};
    enum rc rc = RC_OK;
    ws_input(&c->ws, in);
    while (c->phase == WEB_OPEN || c->phase == WEB_CLOSING) {
        rc = ws_next(&c->ws, &e);
        if (rc != RC_OK)
            break;
        on_event(c, &e, &ping);
    }
    answer_ping(c, &ping);
    if (rc == RC_OK || rc == RC_AGAIN)
        return;
    if (rc != RC_NOMEM)
        conn_blame(c, WEB_END_MALFORMED);
    char reason[REASON_BYTES];
    struct text t = text_of(reason, sizeof reason);
    text_addf(&t, "hung up on peer: %u %s", e.code, e.why);
    if (c->phase == WEB_OPEN)
        conn_put_close(c, e.code, e.why);
    conn_end(c, reason);
}

// The upgrade is done; rest came behind it.
static void become_open(struct web_conn *c, struct bytes rest)
{
    const struct web_handlers *to = &c->house->handlers;
    http_end(&c->http);
    c->phase = WEB_OPEN;
    c->was_opened = true;
    if (to->on_open != NULL)
        to->on_open(to->self, c);
    if (rest.len > 0)
        ws_bytes(c, rest);
}

// ---- The upgrade, as a client asks for it

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

static void ask(struct web_conn *c)
{
    struct web_house *h = c->house;
    struct web_ask *a = c->ask;
    if (h->tls != NULL && !is_right_peer(c)) {
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
    http_ws_key(a->key, random);
    struct buffer out = buffer_of(loop_scratch_out(h->loop), LOOP_SCRATCH_BYTES);
    const bool fits = http_write_ws_request(&out, a->dial.target, a->path, a->key, a->fields);
    assert(fits); // path and fields have their bounds
    c->phase = WEB_HTTP;
    http_init(&c->http, HTTP_KIND_RESPONSE, &h->budget, h->limits.body_bytes_max);
    stream_put(&c->stream, buffer_bytes(&out), bytes_of(NULL, 0));
}

// c->http holds the answer; rest came behind it.
static void asked(struct web_conn *c, struct bytes rest)
{
    if (http_ws_accepted(&c->http, c->ask->key) == RC_OK) {
        become_open(c, rest);
        return;
    }
    const unsigned status = http_status(&c->http);
    char reason[STREAM_WHY_BYTES];
    struct text t = text_of(reason, sizeof reason);
    text_addf(&t, "it answers %u %s, not a WebSocket", status, http_status_text(status));
    conn_drop(c, reason);
}

// ---- Requests, and the upgrade as a server gives it

// False: it could not be sent, and the connection ends.
static bool respond(struct web_conn *c, const struct http_response *r, bool keeps_alive,
                    bool is_head)
{
    struct buffer head = buffer_of(loop_scratch_out(c->house->loop), LOOP_SCRATCH_BYTES);
    const bool fits = http_write_response(&head, r, keeps_alive);
    const enum rc rc = fits ? stream_room(&c->stream, head.len + r->body.len) : RC_NOMEM;
    if (rc != RC_OK) {
        if (rc == RC_FULL) // it asks and asks, and does not listen
            conn_blame(c, WEB_END_SLOW);
        stream_drop(&c->stream, "no room for an answer");
        c->phase = WEB_ENDING;
        return false;
    }
    stream_put(&c->stream, buffer_bytes(&head), is_head ? bytes_of(NULL, 0) : r->body);
    c->was_answered = true;
    c->phase_us = loop_now_us(c->house->loop);
    if (!keeps_alive)
        conn_end(c, "answered");
    return keeps_alive;
}

static void refuse(struct web_conn *c, unsigned status)
{
    (void)respond(c, &(struct http_response){.status = status}, false, false);
}

static void upgrade(struct web_conn *c, const struct http_request *request, struct bytes rest)
{
    const struct web_handlers *to = &c->house->handlers;
    struct http_response refusal = {.status = 403};
    if (to->on_upgrade != NULL && !to->on_upgrade(to->self, c, request, &refusal)) {
        (void)respond(c, &refusal, false, false);
        return;
    }
    if (c->phase != WEB_HTTP) // the handler closed it
        return;
    uint8_t at[256];
    struct buffer head = buffer_of(at, sizeof at);
    const bool fits = http_write_ws_accept(&head, &c->http);
    assert(fits); // nothing in it is of the peer's length
    stream_put(&c->stream, buffer_bytes(&head), bytes_of(NULL, 0));
    become_open(c, rest);
}

static void answer(struct web_conn *c, struct bytes rest)
{
    const struct web_handlers *to = &c->house->handlers;
    const struct http_request request = http_request_of(&c->http);
    const bool keeps_alive = http_keeps_alive(&c->http);
    enum rc rc = http_ws_asked(&c->http);
    if (rc == RC_OK) {
        upgrade(c, &request, rest);
        return;
    }
    struct http_response response = {.status = 404};
    if (rc == RC_MALFORMED) {
        conn_blame(c, WEB_END_MALFORMED);
        response.status = 400;
        response.fields = "Sec-WebSocket-Version: 13\r\n"; // RFC 6455 section 4.4
    } else if (to->on_request != NULL) {
        to->on_request(to->self, c, &request, &response);
    }
    if (c->phase == WEB_HTTP)
        (void)respond(c, &response, keeps_alive && rc == RC_ABSENT,
                      strcmp(request.method, "HEAD") == 0);
}

static void refuse_broken(struct web_conn *c, enum rc rc)
{
    if (rc != RC_NOMEM)
        conn_blame(c, WEB_END_MALFORMED);
    if (c->ask != NULL)
        conn_end(c, "the answer is not HTTP");
    else if (rc == RC_FULL)
        refuse(c, http_is_head_done(&c->http) ? 413 : 431);
    else
        refuse(c, rc == RC_NOMEM ? 503 : 400);
}

// *count: of the messages that ended in it.
static void http_bytes(struct web_conn *c, struct bytes in, size_t *count)
{
    while (in.len > 0 && c->phase == WEB_HTTP) {
        size_t used = 0;
        enum rc rc = http_input(&c->http, in, &used);
        in = bytes_part(in, used, SIZE_MAX);
        if (rc == RC_AGAIN)
            return;
        ++*count;
        if (rc != RC_OK)
            refuse_broken(c, rc);
        else if (c->ask != NULL)
            asked(c, in);
        else
            answer(c, in);
        if (c->phase != WEB_HTTP) // an upgrade has taken the rest, or this is the end
            return;
        http_end(&c->http);
    }
}

// ---- The stream's calls

static struct web_conn *conn_of(struct stream *s)
{
    return CONTAINER_OF(s, struct web_conn, stream);
}

static void on_ready(struct stream *s)
{
    struct web_conn *c = conn_of(s);
    c->seen_us = loop_now_us(c->house->loop);
    if (c->ask != NULL)
        ask(c);
}

static void on_bytes(struct stream *s, struct bytes plain)
{
    struct web_conn *c = conn_of(s);
    const struct web_handlers *to = &c->house->handlers;
    size_t requests = 0;
    const uint64_t frames = c->ws.frame_count;
    c->seen_us = loop_now_us(c->house->loop);
    c->is_pinged = false;
    if (c->phase == WEB_CLOSING)
        c->late_bytes += plain.len;
    if (c->phase == WEB_HTTP)
        http_bytes(c, plain, &requests);
    else if (c->phase == WEB_OPEN || c->phase == WEB_CLOSING)
        ws_bytes(c, plain);
    if (c->late_bytes > STREAM_LATE_BYTES_MAX)
        stream_drop(&c->stream, "closed");
    if (to->on_read != NULL && !c->house->is_silent && !c->is_dropped)
        to->on_read(to->self, c, plain.len, requests + (size_t)(c->ws.frame_count - frames));
}

static void on_drain(struct stream *s)
{
    struct web_conn *c = conn_of(s);
    const struct web_handlers *to = &c->house->handlers;
    if (c->phase == WEB_OPEN && to->on_drain != NULL && !c->house->is_silent)
        to->on_drain(to->self, c);
}

static void on_gone(struct stream *s)
{
    struct web_conn *c = conn_of(s);
    if (c->ask != NULL && dial_again(&c->ask->dial))
        return;
    char reason[REASON_BYTES];
    struct text t = text_of(reason, sizeof reason);
    if (c->ask != NULL && !c->was_opened)
        conn_say_why(c, &t);
    else
        text_add(&t, stream_why(s));
    conn_forget(c, reason);
}

struct stream_cfg conn_stream_cfg(struct web_conn *c)
{
    static const struct stream_ops ops = {
        .on_ready = on_ready, .on_bytes = on_bytes, .on_drain = on_drain, .on_gone = on_gone};
    return (struct stream_cfg){.loop = c->house->loop,
                               .ops = &ops,
                               .budget = &c->house->budget,
                               .queue_bytes_max = c->house->limits.queue_bytes_max};
}
