// SPDX-License-Identifier: MIT
// A byte stream over TCP, with or without TLS.
#include "os/stream.h"

#include <assert.h>
#include <string.h>

#include "base/attr.h"
#include "base/num.h"
#include "base/text.h"
#include "os/addr.h"
#include "os/clock.h"

#define PLAIN_BYTES  16384 // a TLS record's most
#define SLICE_BYTES  65536 // of plain bytes between two writes under TLS
#define TLS_OVERHEAD 1024  // alerts and handshake leftovers; records add 1/256 at most

// A read brings little at first, so that one who has to wait after it has cost little until then.
#define BITE_BYTES_MIN 4096u

struct chunk { // of the out-queue
    uv_write_t req;
    struct stream *stream;
    size_t len;
    uint8_t bytes[];
};

static void keep_why(struct stream *s, const char *why)
{
    if (s->why[0] != 0)
        return;
    struct text t = text_of(s->why, sizeof s->why);
    text_add_safe(&t, bytes_text(why));
}

static void drop_uv(struct stream *s, int code)
{
    char why[STREAM_WHY_BYTES];
    struct text t = text_of(why, sizeof why);
    text_addf(&t, "connection lost: %s", uv_strerror(code));
    stream_drop(s, why);
}

static void closed_cb(uv_handle_t *handle)
{
    struct stream *s = handle->data;
    assert(s->queued_bytes == 0); // libuv has cancelled every write
    tls_free(s->tls);
    s->tls = NULL;
    s->ops->on_gone(s); // s may be gone after this
}

void stream_drop(struct stream *s, const char *why)
{
    if (s->state == STREAM_GONE)
        return;
    keep_why(s, why);
    s->state = STREAM_GONE;
    uv_close((uv_handle_t *)&s->tcp, closed_cb);
}

void stream_reset(struct stream *s, const char *why)
{
    if (s->state == STREAM_GONE)
        return;
    if (uv_tcp_close_reset(&s->tcp, closed_cb) != 0) {
        stream_drop(s, why);
        return;
    }
    keep_why(s, why);
    s->state = STREAM_GONE;
}

enum rc stream_init(struct stream *s, const struct stream_cfg *cfg)
{
    *s = (struct stream){.loop = cfg->loop,
                         .ops = cfg->ops,
                         .budget = cfg->budget,
                         .bite_bytes = BITE_BYTES_MIN,
                         .queue_bytes_max = cfg->queue_bytes_max};
    const int failed = uv_tcp_init(loop_uv(cfg->loop), &s->tcp);
    s->tcp.data = s;
    return failed == 0 ? RC_OK : RC_IO;
}

static void shut_cb(uv_shutdown_t *req, int status)
{
    struct stream *s = req->data;
    budget_give(s->budget, req);
    if (s->state == STREAM_GONE)
        return;
    s->is_fin_sent = true;
    if (status != 0 || s->has_peer_fin)
        stream_drop(s, "closed");
}

// FIN after the last byte; then the peer's FIN, unless it came already, ends it.
static void shut_when_flushed(struct stream *s)
{
    if (s->state != STREAM_ENDING || s->is_shut || s->queued_bytes > 0)
        return;
    s->is_shut = true;
    uv_shutdown_t *req = budget_take(s->budget, sizeof *req);
    if (req == NULL) {
        stream_drop(s, "out of memory");
        return;
    }
    req->data = s;
    if (uv_shutdown(req, (uv_stream_t *)&s->tcp, shut_cb) != 0) {
        budget_give(s->budget, req);
        stream_drop(s, "connection lost");
    }
}

static void write_cb(uv_write_t *req, int status)
{
    struct chunk *c = CONTAINER_OF(req, struct chunk, req);
    struct stream *s = c->stream;
    assert(s->queued_bytes >= c->len);
    s->queued_bytes -= c->len;
    budget_give(s->budget, c);
    if (s->state == STREAM_GONE)
        return;
    if (status != 0) {
        drop_uv(s, status);
        return;
    }
    if (s->state == STREAM_OPEN && s->wants_drain && s->queued_bytes <= s->queue_bytes_max / 2) {
        s->wants_drain = false;
        s->ops->on_drain(s);
    }
    shut_when_flushed(s);
}

// Everything from byte `from` of head and body on, as one chunk.
static void enqueue(struct stream *s, struct bytes head, struct bytes body, size_t from)
{
    struct bytes first = bytes_part(head, from, SIZE_MAX);
    struct bytes second = bytes_part(body, from > head.len ? from - head.len : 0, SIZE_MAX);
    const size_t len = first.len + second.len;
    struct chunk *c = budget_take(s->budget, sizeof *c + len);
    if (c == NULL) {
        stream_drop(s, "out of memory");
        return;
    }
    *c = (struct chunk){.stream = s, .len = len};
    struct buffer b = buffer_of(c->bytes, len);
    buffer_put(&b, first);
    buffer_put(&b, second);
    assert(b.len == len);
    const uv_buf_t part = {.base = (char *)c->bytes, .len = len};
    const int failed = uv_write(&c->req, (uv_stream_t *)&s->tcp, &part, 1, write_cb);
    if (failed != 0) {
        budget_give(s->budget, c);
        drop_uv(s, failed);
        return;
    }
    s->queued_bytes += len;
    s->given_bytes += len;
    assert(s->queued_bytes <= s->given_bytes);
}

static uv_buf_t uv_buf_of(struct bytes b)
{
    // libuv's view is not const; it does not write to what it sends.
    uv_buf_t out = {.len = b.len};
    memcpy(&out.base, &b.at, sizeof out.base);
    return out;
}

static void put_raw(struct stream *s, struct bytes head, struct bytes body)
{
    if (s->state == STREAM_GONE || head.len + body.len == 0)
        return;
    size_t sent = 0;
    if (s->queued_bytes == 0) {
        const uv_buf_t part[2] = {uv_buf_of(head), uv_buf_of(body)};
        const int put = uv_try_write((uv_stream_t *)&s->tcp, part, 2);
        if (put < 0 && put != UV_EAGAIN) {
            drop_uv(s, put);
            return;
        }
        sent = put > 0 ? (size_t)put : 0;
    }
    assert(sent <= head.len + body.len);
    if (sent < head.len + body.len)
        enqueue(s, head, body, sent);
}

static void flush_tls(struct stream *s)
{
    put_raw(s, bytes_of(NULL, 0), tls_output(s->tls));
    tls_sent(s->tls);
}

static void put_tls(struct stream *s, struct bytes plain)
{
    while (plain.len > 0 && s->state != STREAM_GONE) {
        struct bytes slice = bytes_part(plain, 0, SLICE_BYTES);
        if (tls_write(s->tls, slice) != RC_OK) {
            stream_drop(s, "connection lost: TLS failed");
            return;
        }
        flush_tls(s);
        plain = bytes_part(plain, slice.len, SIZE_MAX);
    }
}

enum rc stream_room(struct stream *s, size_t len)
{
    if (s->state != STREAM_OPEN)
        return RC_CLOSED;
    size_t need; // with TLS's records and one chunk's head for each slice
    if (!num_add(len, len / 64 + sizeof(struct chunk) + TLS_OVERHEAD, &need))
        return RC_NOMEM;
    if (s->queued_bytes > 0 &&
        (s->queued_bytes > s->queue_bytes_max || need > s->queue_bytes_max - s->queued_bytes)) {
        s->wants_drain = true;
        return RC_FULL;
    }
    return need <= s->budget->limit_bytes - s->budget->used_bytes ? RC_OK : RC_NOMEM;
}

void stream_put(struct stream *s, struct bytes head, struct bytes body)
{
    if (s->state != STREAM_OPEN)
        return;
    if (s->tls == NULL) {
        put_raw(s, head, body);
        return;
    }
    put_tls(s, head);
    put_tls(s, body);
}

size_t stream_queued_bytes(const struct stream *s)
{
    return s->queued_bytes;
}

uint64_t stream_taken_bytes(const struct stream *s)
{
    const size_t left = uv_stream_get_write_queue_size((const uv_stream_t *)&s->tcp);
    assert(left <= s->given_bytes);
    return s->given_bytes - left;
}

void stream_end(struct stream *s, const char *why)
{
    if (s->state == STREAM_JOINING)
        stream_drop(s, why);
    if (s->state != STREAM_OPEN)
        return;
    keep_why(s, why);
    if (s->tls != NULL) {
        tls_end(s->tls);
        flush_tls(s);
    }
    if (s->state == STREAM_GONE)
        return;
    stream_resume(s); // the peer's end has to be seen
    if (s->state == STREAM_GONE)
        return;
    s->state = STREAM_ENDING;
    shut_when_flushed(s);
}

void stream_because(struct stream *s, const char *why)
{
    keep_why(s, why);
}

const char *stream_why(const struct stream *s)
{
    return s->why;
}

const char *stream_peer(const struct stream *s)
{
    return s->peer;
}

const struct net_addr *stream_addr(const struct stream *s)
{
    return &s->addr;
}

bool stream_is_broken(const struct stream *s)
{
    return s->is_broken;
}

static void become_open(struct stream *s)
{
    assert(s->state == STREAM_JOINING);
    s->state = STREAM_OPEN;
    s->ops->on_ready(s);
}

// False: the handshake is not over, or failed.
static bool shake_hands(struct stream *s)
{
    const char *why = NULL;
    enum rc rc = tls_handshake(s->tls, &why);
    flush_tls(s); // an alert, if it failed
    if (rc == RC_REFUSED || rc == RC_CLOSED) {
        char text[STREAM_WHY_BYTES];
        struct text t = text_of(text, sizeof text);
        text_addf(&t, "TLS handshake failed: %s", why);
        s->is_broken = rc == RC_REFUSED;
        stream_drop(s, text);
    }
    if (rc != RC_OK || s->state == STREAM_GONE)
        return false;
    become_open(s);
    return true;
}

static void read_tls(struct stream *s, struct bytes ciphertext)
{
    if (tls_input(s->tls, ciphertext) != RC_OK) {
        stream_drop(s, "out of memory");
        return;
    }
    if (s->state == STREAM_JOINING && !shake_hands(s))
        return;
    uint8_t plain[PLAIN_BYTES];
    size_t len = 0;
    enum rc rc = RC_OK;
    while (rc == RC_OK && s->state == STREAM_OPEN) {
        rc = tls_read(s->tls, plain, sizeof plain, &len);
        if (rc == RC_OK)
            s->ops->on_bytes(s, bytes_of(plain, len));
    }
    if (s->state == STREAM_GONE)
        return;
    flush_tls(s); // answers to key updates
    if (rc == RC_CLOSED) {
        stream_end(s, "closed by peer");
    } else if (rc == RC_MALFORMED) {
        s->is_broken = true;
        stream_drop(s, "connection lost: broken TLS record");
    }
}

static void throw_away(struct stream *s, size_t len)
{
    s->late_bytes += len;
    if (s->late_bytes > STREAM_LATE_BYTES_MAX)
        stream_drop(s, "closed");
}

static void alloc_cb(uv_handle_t *handle, size_t size, uv_buf_t *out)
{
    (void)size;
    struct stream *s = handle->data;
    // libuv reads into it and calls read_cb at once: one block serves all streams.
    *out = (uv_buf_t){.base = (char *)loop_scratch_in(s->loop), .len = s->bite_bytes};
}

static void read_cb(uv_stream_t *tcp, ssize_t got, const uv_buf_t *buf)
{
    struct stream *s = tcp->data;
    if (got == 0 || s->state == STREAM_GONE)
        return;
    if (got == UV_EOF) {
        s->has_peer_fin = true;
        if (s->state == STREAM_OPEN)
            stream_end(s, "closed by peer");
        if (s->state == STREAM_JOINING || s->is_fin_sent)
            stream_drop(s, "closed by peer");
        return;
    }
    if (got < 0) {
        drop_uv(s, (int)got);
        return;
    }
    assert((size_t)got <= s->bite_bytes);
    struct bytes in = bytes_of(buf->base, (size_t)got);
    s->read_us = clock_now_us();
    if (in.len == s->bite_bytes)
        s->bite_bytes = (uint32_t)num_min((uint64_t)s->bite_bytes * 2, LOOP_SCRATCH_BYTES);
    if (s->state == STREAM_ENDING)
        throw_away(s, in.len);
    else if (s->tls != NULL)
        read_tls(s, in);
    else
        s->ops->on_bytes(s, in);
}

// False: it is not connected any more.
static bool learn_peer(struct stream *s)
{
    union addr_place p;
    int len = sizeof p;
    return uv_tcp_getpeername(&s->tcp, &p.any, &len) == 0 && addr_of(&s->addr, &p.any);
}

static void start_reading(struct stream *s)
{
    const int failed = uv_read_start((uv_stream_t *)&s->tcp, alloc_cb, read_cb);
    if (failed != 0)
        drop_uv(s, failed);
}

void stream_pause(struct stream *s)
{
    if (s->is_paused || s->state != STREAM_OPEN)
        return;
    s->is_paused = true;
    s->bite_bytes = BITE_BYTES_MIN;
    (void)uv_read_stop((uv_stream_t *)&s->tcp); // always succeeds
}

uint64_t stream_work_us(struct stream *s)
{
    const uint64_t from_us = s->read_us;
    s->read_us = clock_now_us();
    return time_since(from_us, s->read_us);
}

void stream_resume(struct stream *s)
{
    if (!s->is_paused || s->state == STREAM_GONE)
        return;
    s->is_paused = false;
    start_reading(s);
}

static void begin(struct stream *s, struct tls_context *tls, const char *host)
{
    net_addr_text(&s->addr, s->peer);
    (void)uv_tcp_nodelay(&s->tcp, 1); // slower without, not wrong
    if (tls != NULL && tls_new(&s->tls, tls, host) != RC_OK) {
        stream_drop(s, "out of memory");
        return;
    }
    start_reading(s);
    if (s->state == STREAM_GONE)
        return;
    if (s->tls == NULL)
        become_open(s);
    else if (host != NULL)
        (void)shake_hands(s); // never over yet: the peer has to answer
}

enum rc stream_accept(struct stream *s, uv_stream_t *listener)
{
    const int failed = uv_accept(listener, (uv_stream_t *)&s->tcp);
    if (failed != 0)
        drop_uv(s, failed);
    else if (!learn_peer(s))
        stream_drop(s, "closed by peer"); // while it waited
    return s->state == STREAM_GONE ? RC_CLOSED : RC_OK;
}

void stream_serve(struct stream *s, struct tls_context *tls)
{
    if (s->state == STREAM_JOINING)
        begin(s, tls, NULL);
}

int stream_connect(struct stream *s, uv_connect_t *req, const struct sockaddr *address,
                   uv_connect_cb on_connect)
{
    return uv_tcp_connect(req, &s->tcp, address, on_connect);
}

void stream_join(struct stream *s, struct tls_context *tls, const char *host)
{
    assert(s->state == STREAM_JOINING);
    if (learn_peer(s))
        begin(s, tls, host);
    else
        stream_drop(s, "closed by peer");
}
