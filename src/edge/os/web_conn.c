// SPDX-License-Identifier: MIT
// One connection: its state, what goes out, pauses, its end.
#include "os/web_conn.h"

#include <assert.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "os/entropy.h"

#define REASON_BYTES 192

void conn_blame(struct web_conn *c, enum web_end why)
{
    if (c->end == WEB_END_NORMAL)
        c->end = (uint8_t)why;
}

bool conn_is_paused(const struct web_conn *c)
{
    return c->pause.index != 0;
}

static void unpause(struct web_conn *c)
{
    if (!conn_is_paused(c))
        return;
    heap_del(&c->house->paused, &c->pause);
    stream_resume(&c->stream);
}

void conn_end(struct web_conn *c, const char *why)
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
    assert(h->keys_left >= WS_KEY_BYTES);
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

void conn_put_frame(struct web_conn *c, enum ws_kind kind, struct bytes payload)
{
    if (c->ask != NULL) {
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
    conn_put_frame(c, is_text ? WS_TEXT : WS_BINARY, message);
    return c->stream.state == STREAM_OPEN ? RC_OK : RC_CLOSED;
}

void conn_put_close(struct web_conn *c, uint16_t code, const char *words)
{
    uint8_t payload[WS_CONTROL_BYTES_MAX];
    conn_put_frame(c, WS_CLOSE, ws_close_payload(payload, code, words));
}

void web_close(struct web_conn *c, uint16_t code, const char *words)
{
    char reason[REASON_BYTES];
    struct text t = text_of(reason, sizeof reason);
    text_addf(&t, "closed: %u %s", code, words);
    switch ((enum web_phase)c->phase) {
    case WEB_DIALLING:
        c->phase = WEB_ENDING;
        (void)dial_stop(&c->ask->dial, reason); // a lookup that runs is awaited
        break;
    case WEB_HTTP:
        conn_end(c, reason);
        break;
    case WEB_OPEN:
        unpause(c); // the peer's close frame has to be seen
        stream_because(&c->stream, reason);
        conn_put_close(c, code, words);
        c->phase = WEB_CLOSING;
        c->phase_us = loop_now_us(c->house->loop);
        break;
    case WEB_CLOSING:
    case WEB_ENDING:
        break;
    }
}

void conn_drop(struct web_conn *c, const char *why)
{
    if (c->phase == WEB_DIALLING)
        (void)dial_stop(&c->ask->dial, why); // a lookup that runs is awaited
    else
        stream_drop(&c->stream, why);
    c->phase = WEB_ENDING;
}

void web_drop(struct web_conn *c)
{
    if (c == NULL)
        return;
    c->is_dropped = true;
    conn_drop(c, "dropped");
}

bool conn_has_queue_room(const struct web_conn *c)
{
    return stream_queued_bytes(&c->stream) < c->house->limits.queue_bytes_max;
}

// ---- Pauses

// Of the one whose pause ends first.
static void set_resume(struct web_house *h)
{
    const struct heap_node *first = heap_first(&h->paused);
    loop_timer_at(h->resume, first != NULL ? first->key : UINT64_MAX);
}

void conn_resume_due(void *house)
{
    struct web_house *h = house;
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
    if (conn_is_paused(c)) {
        heap_move(&h->paused, &c->pause, num_max(c->pause.key, end_us));
    } else {
        const enum rc rc = heap_put(&h->paused, &c->pause, end_us);
        assert(rc == RC_OK); // there is room for all that are let in
        stream_pause(&c->stream);
    }
    set_resume(h);
}

// ---- Life

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

void conn_say_why(const struct web_conn *c, struct text *out)
{
    const struct dial *d = &c->ask->dial;
    if (d->is_connected)
        text_addf(out, "%s: %s", d->target, stream_why(&c->stream));
    else if (!d->is_found && !c->is_dropped)
        text_addf(out, "cannot find %s: %s", d->host, d->why);
    else
        text_addf(out, "no answer from %s: %s", d->target, d->why);
}

void conn_forget(struct web_conn *c, const char *reason)
{
    struct web_house *h = c->house;
    const struct web_handlers *to = &h->handlers;
    const bool is_owed = (c->was_opened || c->ask != NULL) && !c->is_dropped && !h->is_silent;
    c->phase = WEB_ENDING;
    ws_end(&c->ws);
    http_end(&c->http);
    heap_del(&h->paused, &c->pause);
    if (stream_is_broken(&c->stream))
        conn_blame(c, WEB_END_MALFORMED);
    if (is_owed && to->on_close != NULL)
        to->on_close(to->self, c, reason);
    if (c->was_let_in && to->on_gone != NULL && !h->is_silent)
        to->on_gone(to->self, stream_addr(&c->stream), web_end_of(c));
    assert(h->conn_count > 0);
    assert(h->away_count >= c->is_away);
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
    const bool is_known = c->ask == NULL || c->ask->dial.is_connected;
    return is_known ? stream_peer(&c->stream) : c->ask->dial.target;
}

const struct net_addr *web_peer_addr(const struct web_conn *c)
{
    return stream_addr(&c->stream);
}

enum web_end web_end_of(const struct web_conn *c)
{
    return (enum web_end)c->end;
}
