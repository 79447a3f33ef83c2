// SPDX-License-Identifier: MIT
// A client's way to a stream: a host's name looked up, its addresses tried one after another.
#include "os/dial.h"

#include <assert.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "os/addr.h"

static void fail(struct dial *d, enum rc rc, const char *why)
{
    struct text t = text_of(d->why, sizeof d->why);
    text_add(&t, why);
    d->rc = rc;
}

static enum rc rc_of(int status)
{
    switch (status) {
    case UV_ECONNREFUSED:
        return RC_REFUSED;
    case UV_EHOSTUNREACH:
    case UV_ENETUNREACH:
        return RC_ABSENT;
    case UV_ETIMEDOUT:
        return RC_TIMEOUT;
    default:
        return RC_IO;
    }
}

static void connect_cb(uv_connect_t *req, int status)
{
    struct dial *d = req->data;
    if (status == UV_ECANCELED) // by stream_drop; on_gone comes
        return;
    if (status != 0) {
        fail(d, rc_of(status), uv_strerror(status));
        stream_drop(d->cfg.stream, d->why);
        return;
    }
    d->is_connected = true;
    d->connected_us = time_since(d->since_us, loop_now_us(d->cfg.stream_cfg.loop));
    stream_join(d->cfg.stream, d->cfg.tls, d->host);
}

// Tries the next address. False: there is none, or no socket for it.
static bool try_next(struct dial *d)
{
    const struct addrinfo *a = d->next;
    assert(!d->has_stream);
    assert(!d->is_connected);
    if (a == NULL || stream_init(d->cfg.stream, &d->cfg.stream_cfg) != RC_OK)
        return false;
    d->has_stream = true;
    d->next = a->ai_next;
    d->connect.data = d;
    d->since_us = loop_now_us(d->cfg.stream_cfg.loop);
    (void)addr_of(&d->addr, a->ai_addr); // TCP has no other families
    const int failed = stream_connect(d->cfg.stream, &d->connect, a->ai_addr, connect_cb);
    if (failed != 0) {
        fail(d, rc_of(failed), uv_strerror(failed));
        stream_drop(d->cfg.stream, d->why); // on_gone asks dial_again
    }
    return true;
}

bool dial_again(struct dial *d)
{
    assert(d->has_stream);
    d->has_stream = false;
    return !d->is_connected && !d->is_stopped && try_next(d);
}

static void lookup_cb(uv_getaddrinfo_t *req, int status, struct addrinfo *found)
{
    struct dial *d = req->data;
    const char *why = "no socket can be had";
    d->is_looking = false;
    d->addresses = found;
    d->next = found;
    d->is_found = status == 0 && found != NULL;
    const enum rc rc = status == 0 ? RC_IO : names_failure(status, &why);
    if (!d->is_stopped)
        fail(d, rc, why); // until an address says more
    if (d->is_stopped || status != 0 || !try_next(d))
        d->cfg.on_nowhere(d);
}

enum rc dial_begin(struct dial *d, const struct dial_cfg *cfg)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    const bool is_ip6 = strchr(cfg->host, ':') != NULL;
    char port[8];
    struct text t = text_of(port, sizeof port);
    assert(cfg->on_nowhere != NULL);
    *d = (struct dial){.cfg = *cfg};
    text_addf(&t, "%u", cfg->port);
    t = text_of(d->host, sizeof d->host);
    text_add(&t, cfg->host);
    if (t.len == 0 || t.is_cut)
        return RC_CONFIG;
    t = text_of(d->target, sizeof d->target);
    text_addf(&t, is_ip6 ? "[%s]:%u" : "%s:%u", cfg->host, cfg->port);
    assert(!t.is_cut);
    d->lookup.data = d;
    const int failed =
        uv_getaddrinfo(loop_uv(cfg->stream_cfg.loop), &d->lookup, lookup_cb, d->host, port, &hints);
    d->is_looking = failed == 0;
    return failed == 0 ? RC_OK : failed == UV_ENOMEM ? RC_NOMEM : RC_CONFIG;
}

bool dial_stop(struct dial *d, const char *why)
{
    d->is_stopped = true;
    if (!d->is_connected)
        fail(d, RC_TIMEOUT, why);
    if (d->has_stream)
        stream_drop(d->cfg.stream, why);
    return !d->is_looking || uv_cancel((uv_req_t *)&d->lookup) == 0;
}

bool dial_is_idle(const struct dial *d)
{
    return !d->is_looking && !d->has_stream;
}

void dial_end(struct dial *d)
{
    assert(dial_is_idle(d));
    uv_freeaddrinfo(d->addresses);
    d->addresses = NULL;
}
