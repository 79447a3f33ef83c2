// SPDX-License-Identifier: MIT
// What comes out of a node: results in a queue of bytes, news about the node, ops that ended.
#include <assert.h>
#include <string.h>

#include "dht/dht_state.h"

// ---- Events: a header and its bytes, one after another, until the last is taken

struct stored_event {
    uint32_t bytes; // of all, this included
    uint32_t op;
    uint8_t kind;
    uint16_t part[4]; // lengths of what follows: addresses or samples; v, k, sig; record
    int64_t seq;
    int64_t num;
    int64_t interval_s;
    uint64_t rtt_us;
};

static void put_part(struct dht *d, uint32_t *at, struct bytes part)
{
    if (part.len > 0)
        memcpy(d->event + *at, part.at, part.len);
    *at += (uint32_t)part.len;
}

void dht_tell(struct dht *d, const struct dht_event *e)
{
    assert(e->op != 0 && e->kind <= DHT_SAMPLES); // others are not queued
    const struct bytes part[4] = {
        e->addr_count > 0 ? bytes_of(e->addrs, e->addr_count * sizeof *e->addrs) : e->samples,
        e->kind == DHT_RECORD ? e->record_bytes : e->item.v, e->item.k, e->item.sig};
    struct stored_event s = {.op = e->op,
                             .kind = (uint8_t)e->kind,
                             .seq = e->item.seq,
                             .num = e->num,
                             .interval_s = e->interval_s,
                             .rtt_us = e->rtt_us};
    size_t len = sizeof s;
    for (unsigned i = 0; i < 4; i++) {
        s.part[i] = (uint16_t)part[i].len;
        len += part[i].len;
    }
    len = (len + 7) / 8 * 8;
    if (d->event_head == d->event_tail)
        d->event_head = d->event_tail = 0;
    if (len > d->cfg.events_bytes - d->event_tail) {
        d->stat.dropped_events++;
        return;
    }
    s.bytes = (uint32_t)len;
    uint32_t at = d->event_tail;
    put_part(d, &at, bytes_of(&s, sizeof s));
    for (unsigned i = 0; i < 4; i++)
        put_part(d, &at, part[i]);
    d->event_tail += (uint32_t)len;
}

static void take_event(struct dht *d, struct dht_event *out)
{
    struct stored_event s;
    const uint8_t *at = d->event + d->event_head;
    memcpy(&s, at, sizeof s);
    assert(s.bytes >= sizeof s && s.bytes <= d->event_tail - d->event_head);
    d->event_head += s.bytes;
    struct bytes part[4];
    at += sizeof s;
    for (unsigned i = 0; i < 4; i++) {
        part[i] = bytes_of(at, s.part[i]);
        at += s.part[i];
    }
    out->op = s.op;
    out->kind = (enum dht_event_kind)s.kind;
    out->num = s.num;
    out->interval_s = s.interval_s;
    out->rtt_us = s.rtt_us;
    switch (out->kind) {
    case DHT_PEERS:
    case DHT_PONG:
        out->addrs = (const struct net_addr *)(const void *)part[0].at;
        out->addr_count = (uint32_t)(part[0].len / sizeof *out->addrs);
        break;
    case DHT_SAMPLES:
        out->samples = part[0];
        break;
    case DHT_ITEM:
        out->item = (struct item){.v = part[1], .k = part[2], .sig = part[3], .seq = s.seq};
        break;
    case DHT_RECORD:
        out->record_bytes = part[1];
        if (record_decode(&out->record, part[1]) != RC_OK)
            assert(false); // it was decoded before it was told
        break;
    case DHT_DONE:
    case DHT_SELF:
    case DHT_RESPONDS:
        assert(false); // never queued
    }
}

static bool next_news(struct dht *d, struct dht_event *out)
{
    if (d->has_online_news) {
        d->has_online_news = false;
        out->kind = DHT_RESPONDS;
        out->rc = d->is_online ? RC_OK : RC_TIMEOUT;
        return true;
    }
    for (unsigned i = 0; i < 2; i++) {
        if (!d->has_self_news[i])
            continue;
        d->has_self_news[i] = false;
        out->kind = DHT_SELF;
        out->addrs = &d->family[i].self;
        out->addr_count = 1;
        return true;
    }
    return false;
}

// The op that ended, of those the one that began first.
static bool next_done(struct dht *d, struct dht_event *out)
{
    struct op *first = NULL;
    for (uint32_t i = 0; i < d->cfg.ops_max; i++) {
        struct op *op = &d->op[i];
        if (op->state == OP_ENDED && !op_is_internal(op) &&
            (first == NULL || op->number - first->number > UINT32_MAX / 2))
            first = op;
    }
    if (first == NULL)
        return false;
    out->op = first->number;
    out->kind = DHT_DONE;
    out->rc = first->rc;
    out->counts = first->counts;
    out->addrs = first->nearest;
    out->addr_count = first->nearest_count;
    assert(d->ended > 0);
    first->state = OP_FREE;
    d->ended--;
    return true;
}

bool dht_next(struct dht *d, struct dht_event *out)
{
    *out = (struct dht_event){0};
    if (d->event_head < d->event_tail) {
        take_event(d, out);
        return true;
    }
    return next_news(d, out) || (d->ended > 0 && next_done(d, out));
}
