// SPDX-License-Identifier: MIT
// A house of connections: opened, closed, and looked over for those who are late.
#include <assert.h>

#include "base/num.h"
#include "base/text.h"
#include "os/web_conn.h"

#define SWEEP_US_MIN 10000 // a quarter of the shortest limit, within these
#define SWEEP_US_MAX 1000000

// ---- Those who are late

static void send_ping(struct web_conn *c, uint64_t now_us)
{
    c->is_pinged = true;
    c->pinged_us = now_us;
    if (conn_has_queue_room(c))
        conn_put_frame(c, WS_PING, bytes_of(NULL, 0));
}

static void sweep_open(struct web_conn *c, uint64_t now_us)
{
    const struct web_limits *l = &c->house->limits;
    const uint64_t silent_us = time_since(c->seen_us, now_us);
    if (conn_is_paused(c)) {
        // A sign of life from us; its own is not looked for.
        if (time_since(num_max(c->seen_us, c->pinged_us), now_us) > l->ping_us)
            send_ping(c, now_us);
    } else if (silent_us > l->dead_us) {
        char why[STREAM_WHY_BYTES];
        struct text t = text_of(why, sizeof why);
        text_add(&t, "no sign of life for ");
        text_add_time(&t, silent_us);
        conn_drop(c, why);
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
    const bool is_slow = c->ask == NULL && stream_queued_bytes(&c->stream) > 0 &&
                         (double)(taken - c->slow_bytes) < least;
    c->slow_us = now_us;
    c->slow_bytes = taken;
    if (is_slow) {
        conn_blame(c, WEB_END_SLOW);
        conn_drop(c, "it reads too slowly");
    }
    return is_slow;
}

static void time_out(struct web_conn *c)
{
    const bool is_new = c->phase == WEB_HTTP && (!c->was_answered || http_is_begun(&c->http));
    if (c->phase != WEB_DIALLING && stream_queued_bytes(&c->stream) > 0)
        conn_blame(c, WEB_END_SLOW);
    else if (is_new)
        conn_blame(c, WEB_END_TIMEOUT);
    conn_drop(c, "timed out");
}

static void sweep_conn(struct web_conn *c, uint64_t now_us)
{
    if (c->phase != WEB_DIALLING && (c->stream.state == STREAM_GONE || sweep_queue(c, now_us)))
        return;
    if (c->phase == WEB_OPEN)
        sweep_open(c, now_us);
    else if (!conn_is_paused(c) &&
             time_since(c->phase_us, now_us) > c->house->limits.handshake_us_max)
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

// ---- Life

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
        loop_timer_new(&h->resume, loop, conn_resume_due, h) != RC_OK) {
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
