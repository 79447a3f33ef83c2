// SPDX-License-Identifier: MIT
// One connection: HTTP until the upgrade, then WebSocket messages, pings and the close.
#include "os/web_conn.h"

#include <assert.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "os/entropy.h"

#define REASON_BYTES 192
#define SWEEP_US_MIN 10000 // a quarter of the shortest limit, within these
#define SWEEP_US_MAX 1000000

// The first blame stays.
static void blame(struct web_conn *c, enum web_end why)
{
    if (c->end == WEB_END_NORMAL)
        c->end = (uint8_t)why;
}

static bool is_paused(const struct web_conn *c)
{
    return c->pause.index != 0;
}

static void unpause(struct web_conn *c)
{
    if (!is_paused(c))
        return;
    heap_del(&c->house->paused, &c->pause);
    stream_resume(&c->stream);
}

static void end(struct web_conn *c, const char *why)
{
    unpause(c);
    c->phase = WEB_ENDING;
    c->phase_us = loop_now_us(c->house->loop);
    stream_end(&c->stream, why);
}

// ---- Frames out

static const uint8_t *next_key(struct web_house *h)
{
    if (h->keys_left < WS_KEY_BYTES) {
        const struct entropy e = entropy_os();
        e.fill(e.self, h->keys, sizeof h->keys);
        h->keys_left = sizeof h->keys;
    }
    h->keys_left -= WS_KEY_BYTES;
    return h->keys + h->keys_left;
}

// A client's frame, masked by way of the loop's scratch, a slice at a time.
static void put_masked(struct web_conn *c, enum ws_kind kind, struct bytes payload)
{
    uint8_t *out = loop_scratch_out(c->house->loop);
    const uint8_t *key = next_key(c->house);
    size_t used = ws_head(out, kind, payload.len, key);
    size_t done = 0;
    do {
        const size_t part = num_min(payload.len - done, LOOP_SCRATCH_BYTES - used);
        if (part > 0)
            ws_mask(out + used, payload.at + done, part, key, done);
        stream_put(&c->stream, bytes_of(NULL, 0), bytes_of(out, used + part));
        done += part;
        used = 0;
    } while (done < payload.len);
}

static void put_frame(struct web_conn *c, enum ws_kind kind, struct bytes payload)
{
    if (c->dial != NULL) {
        put_masked(c, kind, payload);
        return;
    }
    uint8_t head[WS_HEAD_BYTES_MAX];
    const size_t len = ws_head(head, kind, payload.len, NULL);
    stream_put(&c->stream, bytes_of(head, len), payload);
}

enum rc web_send(struct web_conn *c, struct bytes message, bool is_text)
{
    if (c->phase != WEB_OPEN)
        return RC_CLOSED;
    if (message.len > c->house->limits.message_bytes_max)
        return RC_REFUSED;
    enum rc rc = stream_room(&c->stream, message.len + WS_HEAD_BYTES_MAX);
    if (rc != RC_OK)
        return rc;
    put_frame(c, is_text ? WS_TEXT : WS_BINARY, message);
    return c->stream.state == STREAM_OPEN ? RC_OK : RC_CLOSED;
}

static void put_close(struct web_conn *c, uint16_t code, const char *words)
{
    uint8_t payload[WS_CONTROL_BYTES_MAX];
    put_frame(c, WS_CLOSE, ws_close_payload(payload, code, words));
}

void web_close(struct web_conn *c, uint16_t code, const char *words)
{
    char reason[REASON_BYTES];
    struct text t = text_of(reason, sizeof reason);
    text_addf(&t, "closed: %u %s", code, words);
    switch ((enum web_phase)c->phase) {
    case WEB_DIALLING:
        dial_stop(c, reason);
        break;
    case WEB_HTTP:
        end(c, reason);
        break;
    case WEB_OPEN:
        unpause(c); // the peer's close frame has to be seen
        stream_because(&c->stream, reason);
        put_close(c, code, words);
        c->phase = WEB_CLOSING;
        c->phase_us = loop_now_us(c->house->loop);
        break;
    case WEB_CLOSING:
    case WEB_ENDING:
        break;
    }
}

void web_drop(struct web_conn *c)
{
    if (c == NULL)
        return;
    c->is_dropped = true;
    if (c->phase == WEB_DIALLING)
        dial_stop(c, "dropped");
    else
        stream_drop(&c->stream, "dropped");
    c->phase = WEB_ENDING;
}

// ---- Pauses

// Of the one whose pause ends first.
static void set_resume(struct web_house *h)
{
    const struct heap_node *first = heap_first(&h->paused);
    loop_timer_at(h->resume, first != NULL ? first->key : UINT64_MAX);
}

static void resume_cb(void *self)
{
    struct web_house *h = self;
    const uint64_t now_us = loop_now_us(h->loop);
    struct heap_node *first = heap_first(&h->paused);
    while (first != NULL && first->key <= now_us) {
        struct web_conn *c = CONTAINER_OF(first, struct web_conn, pause);
        unpause(c);
        c->seen_us = now_us; // it was us who did not look
        c->phase_us = now_us;
        c->is_pinged = false;
        first = heap_first(&h->paused);
    }
    set_resume(h);
}

void web_pause(struct web_conn *c, uint64_t until_us)
{
    struct web_house *h = c->house;
    const uint64_t now_us = loop_now_us(h->loop);
    const uint64_t end_us = num_min(until_us, time_after(now_us, WEB_PAUSE_US_MAX));
    const bool reads = c->phase == WEB_HTTP || c->phase == WEB_OPEN;
    if (!reads || end_us <= now_us || c->stream.state != STREAM_OPEN)
        return;
    if (is_paused(c)) {
        heap_move(&h->paused, &c->pause, num_max(c->pause.key, end_us));
    } else {
        const enum rc rc = heap_put(&h->paused, &c->pause, end_us);
        assert(rc == RC_OK); // there is room for all that are let in
        stream_pause(&c->stream);
    }
    set_resume(h);
}

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
            put_close(c, e->code, "");
        else
            put_frame(c, WS_CLOSE, bytes_of(NULL, 0));
    }
    end(c, reason);
}

static void keep_ping(struct ping *p, struct bytes words)
{
    assert(words.len <= sizeof p->words);
    p->is_due = true;
    p->len = words.len;
    if (words.len > 0)
        memcpy(p->words, words.at, words.len);
}

static bool has_queue_room(const struct web_conn *c)
{
    return stream_queued_bytes(&c->stream) < c->house->limits.queue_bytes_max;
}

// One who pings and does not read gets no more pongs.
static void answer_ping(struct web_conn *c, const struct ping *p)
{
    if (p->is_due && c->phase == WEB_OPEN && has_queue_room(c))
        put_frame(c, WS_PONG, bytes_of(p->words, p->len));
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
        blame(c, WEB_END_MALFORMED);
    char reason[REASON_BYTES];
    struct text t = text_of(reason, sizeof reason);
    text_addf(&t, "hung up on peer: %u %s", e.code, e.why);
    if (c->phase == WEB_OPEN)
        put_close(c, e.code, e.why);
    end(c, reason);
}

void conn_open(struct web_conn *c, struct bytes rest)
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

// ---- HTTP in

// False: it could not be sent, and the connection ends.
static bool respond(struct web_conn *c, const struct http_response *r, bool keeps_alive,
                    bool is_head)
{
    struct buffer head = buffer_of(loop_scratch_out(c->house->loop), LOOP_SCRATCH_BYTES);
    const bool fits = http_write_response(&head, r, keeps_alive);
    const enum rc rc = fits ? stream_room(&c->stream, head.len + r->body.len) : RC_NOMEM;
    if (rc != RC_OK) {
        if (rc == RC_FULL) // it asks and asks, and does not listen
            blame(c, WEB_END_SLOW);
        stream_drop(&c->stream, "no room for an answer");
        c->phase = WEB_ENDING;
        return false;
    }
    stream_put(&c->stream, buffer_bytes(&head), is_head ? bytes_of(NULL, 0) : r->body);
    c->was_answered = true;
    c->phase_us = loop_now_us(c->house->loop);
    if (!keeps_alive)
        end(c, "answered");
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
    conn_open(c, rest);
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
        blame(c, WEB_END_MALFORMED);
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
        blame(c, WEB_END_MALFORMED);
    if (c->dial != NULL)
        end(c, "the answer is not HTTP");
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
        else if (c->dial != NULL)
            dial_answered(c, in);
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
    if (c->dial != NULL)
        dial_ready(c);
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
    if (c->dial != NULL && dial_again(c))
        return;
    char reason[REASON_BYTES];
    struct text t = text_of(reason, sizeof reason);
    if (c->dial != NULL && !c->was_opened)
        dial_reason(c, reason, sizeof reason);
    else
        text_add(&t, stream_why(s));
    conn_forget(c, reason);
}

const struct stream_ops conn_stream_ops = {
    .on_ready = on_ready, .on_bytes = on_bytes, .on_drain = on_drain, .on_gone = on_gone};

enum rc conn_stream_init(struct web_conn *c)
{
    const struct stream_cfg cfg = {.loop = c->house->loop,
                                   .ops = &conn_stream_ops,
                                   .budget = &c->house->budget,
                                   .queue_bytes_max = c->house->limits.queue_bytes_max};
    return stream_init(&c->stream, &cfg);
}

// ---- The house

static void send_ping(struct web_conn *c, uint64_t now_us)
{
    c->is_pinged = true;
    c->pinged_us = now_us;
    if (has_queue_room(c))
        put_frame(c, WS_PING, bytes_of(NULL, 0));
}

static void sweep_open(struct web_conn *c, uint64_t now_us)
{
    const struct web_limits *l = &c->house->limits;
    const uint64_t silent_us = time_since(c->seen_us, now_us);
    if (is_paused(c)) {
        // A sign of life from us; its own is not looked for.
        if (time_since(num_max(c->seen_us, c->pinged_us), now_us) > l->ping_us)
            send_ping(c, now_us);
    } else if (silent_us > l->dead_us) {
        char why[STREAM_WHY_BYTES];
        struct text t = text_of(why, sizeof why);
        text_add(&t, "no sign of life for ");
        text_add_time(&t, silent_us);
        stream_drop(&c->stream, why);
        c->phase = WEB_ENDING;
    } else if (silent_us > l->ping_us && !c->is_pinged) {
        send_ping(c, now_us);
    }
}

// Looks at the queue. True: the peer takes it too slowly, and was dropped. A client is patient: it
// may have been told to wait (web_pause), and has one queue, not a thousand.
static bool sweep_queue(struct web_conn *c, uint64_t now_us)
{
    const struct web_limits *l = &c->house->limits;
    const uint64_t taken = stream_taken_bytes(&c->stream);
    if (taken != c->swept_bytes) // the peer reads, however slowly
        c->phase_us = now_us;
    c->swept_bytes = taken;
    const uint64_t span_us = time_since(c->slow_us, now_us);
    if (stream_queued_bytes(&c->stream) > 0 && span_us <= l->dead_us)
        return false;
    const double least = (double)l->take_bytes_s_min * (double)span_us / (double)US_PER_S;
    const bool is_slow = c->dial == NULL && stream_queued_bytes(&c->stream) > 0 &&
                         (double)(taken - c->slow_bytes) < least;
    c->slow_us = now_us;
    c->slow_bytes = taken;
    if (is_slow) {
        blame(c, WEB_END_SLOW);
        stream_drop(&c->stream, "it reads too slowly");
        c->phase = WEB_ENDING;
    }
    return is_slow;
}

static void time_out(struct web_conn *c)
{
    const bool is_new = c->phase == WEB_HTTP && (!c->was_answered || http_is_begun(&c->http));
    if (c->phase == WEB_DIALLING) {
        dial_stop(c, "timed out");
    } else {
        if (stream_queued_bytes(&c->stream) > 0)
            blame(c, WEB_END_SLOW);
        else if (is_new)
            blame(c, WEB_END_TIMEOUT);
        stream_drop(&c->stream, "timed out");
    }
    c->phase = WEB_ENDING;
}

static void sweep_conn(struct web_conn *c, uint64_t now_us)
{
    if (c->phase != WEB_DIALLING && (c->stream.state == STREAM_GONE || sweep_queue(c, now_us)))
        return;
    if (c->phase == WEB_OPEN)
        sweep_open(c, now_us);
    else if (!is_paused(c) && time_since(c->phase_us, now_us) > c->house->limits.handshake_us_max)
        time_out(c);
}

static void sweep_cb(void *self)
{
    struct web_house *h = self;
    const uint64_t now_us = loop_now_us(h->loop);
    const struct web_limits *l = &h->limits;
    const uint64_t least_us = num_min(l->handshake_us_max, num_min(l->ping_us, l->dead_us));
    LIST_FOR (it, &h->conns) // nothing leaves the list inside a sweep
        sweep_conn(CONTAINER_OF(it, struct web_conn, link), now_us);
    if (h->on_room != NULL)
        h->on_room(h);
    loop_timer_at(h->sweep, now_us + num_clamp(least_us / 4, SWEEP_US_MIN, SWEEP_US_MAX));
}

enum rc house_open(struct web_house *h, struct arena *arena, struct loop *loop,
                   const struct web_limits *limits, const struct web_handlers *handlers,
                   bool is_server)
{
    *h = (struct web_house){.loop = loop,
                            .handlers = *handlers,
                            .limits = *limits,
                            .arena = arena,
                            .budget.limit_bytes = limits->memory_bytes_max};
    list_init(&h->conns);
    if (limits->connections_max == 0 || limits->message_bytes_max == 0 ||
        limits->body_bytes_max == 0 || limits->queue_bytes_max == 0 ||
        limits->handshake_us_max == 0 || limits->ping_us == 0 ||
        limits->dead_us <= limits->ping_us || limits->take_bytes_s_min == 0)
        return RC_CONFIG;
    if (heap_init(&h->paused, arena, is_server ? limits->connections_max : 1) != RC_OK)
        return RC_NOMEM;
    const struct ws_cfg cfg = {.is_server = is_server,
                               .message_bytes_max = limits->message_bytes_max,
                               .budget = &h->budget};
    h->frames = ws_host_new(&cfg);
    if (h->frames == NULL)
        return RC_NOMEM;
    if (loop_timer_new(&h->sweep, loop, sweep_cb, h) != RC_OK ||
        loop_timer_new(&h->resume, loop, resume_cb, h) != RC_OK) {
        loop_timer_free(h->sweep);
        ws_host_free(h->frames);
        return RC_NOMEM;
    }
    sweep_cb(h);
    return RC_OK;
}

void house_close(struct web_house *h)
{
    assert(list_is_empty(&h->conns));
    loop_timer_free(h->resume);
    loop_timer_free(h->sweep);
    ws_host_free(h->frames);
    assert(h->budget.used_bytes == 0);
}

struct web_conn *conn_new(struct web_house *h, enum web_phase phase)
{
    struct web_conn *c = budget_take(&h->budget, sizeof *c);
    if (c == NULL)
        return NULL;
    const uint64_t now_us = loop_now_us(h->loop);
    *c = (struct web_conn){.house = h,
                           .phase = (uint8_t)phase,
                           .seen_us = now_us,
                           .phase_us = now_us,
                           .slow_us = now_us};
    c->stream.state = STREAM_GONE; // until it is initialised
    ws_init(&c->ws, h->frames);
    http_init(&c->http, HTTP_KIND_REQUEST, &h->budget, h->limits.body_bytes_max);
    list_push_back(&h->conns, &c->link);
    h->conn_count++;
    return c;
}

void conn_forget(struct web_conn *c, const char *reason)
{
    struct web_house *h = c->house;
    const struct web_handlers *to = &h->handlers;
    const bool is_owed = (c->was_opened || c->dial != NULL) && !c->is_dropped && !h->is_silent;
    c->phase = WEB_ENDING;
    ws_end(&c->ws);
    http_end(&c->http);
    heap_del(&h->paused, &c->pause);
    if (stream_is_broken(&c->stream))
        blame(c, WEB_END_MALFORMED);
    if (is_owed && to->on_close != NULL)
        to->on_close(to->self, c, reason);
    if (c->was_let_in && to->on_gone != NULL && !h->is_silent)
        to->on_gone(to->self, stream_addr(&c->stream), web_end_of(c));
    list_del(&c->link);
    h->conn_count--;
    h->away_count -= c->is_away;
    budget_give(&h->budget, c);
    if (h->on_room != NULL)
        h->on_room(h);
    if (h->is_over && h->conn_count == 0)
        h->on_empty(h);
}

// ---- Asked of a connection

size_t web_queued_bytes(const struct web_conn *c)
{
    return c->phase == WEB_DIALLING ? 0 : stream_queued_bytes(&c->stream);
}

uint64_t web_work_us(struct web_conn *c)
{
    return stream_work_us(&c->stream);
}

void web_set_user(struct web_conn *c, void *user)
{
    c->user = user;
}

void *web_user(const struct web_conn *c)
{
    return c->user;
}

const char *web_peer_text(const struct web_conn *c)
{
    return c->dial != NULL ? dial_peer(c) : stream_peer(&c->stream);
}

const struct net_addr *web_peer_addr(const struct web_conn *c)
{
    return stream_addr(&c->stream);
}

enum web_end web_end_of(const struct web_conn *c)
{
    return (enum web_end)c->end;
}
