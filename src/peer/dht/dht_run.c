// SPDX-License-Identifier: MIT
// Ops begin when there is room for them, and go on: by a lookup in a slot, or as one query.
#include <assert.h>

#include "dht/dht_state.h"

static uint8_t free_slot(const struct dht *d)
{
    for (uint32_t i = 0; i < d->cfg.lookups_max; i++)
        if (d->slot[i].op == NULL)
            return (uint8_t)i;
    return NONE8;
}

// Upkeep leaves the last slot to the host, if there are two.
static bool may_begin(const struct dht *d, const struct op *op)
{
    uint32_t free_count = 0;
    if (op->kind == OP_PING || op->kind == OP_SAMPLE)
        return true;
    for (uint32_t i = 0; i < d->cfg.lookups_max; i++)
        free_count += d->slot[i].op == NULL;
    const bool is_last = free_count == 1 && d->cfg.lookups_max > 1;
    return free_count > 0 && !(op_is_internal(op) && is_last);
}

// Who may begin and waits longest; before upkeep, whatever the host wants.
static struct op *next_ready(const struct dht *d)
{
    struct op *best = NULL;
    for (uint32_t i = 0; i < d->cfg.ops_max; i++) {
        struct op *op = &d->op[i];
        if (op->state != OP_WAITS || !may_begin(d, op))
            continue;
        const bool is_older = best != NULL && best->number - op->number < UINT32_MAX / 2;
        if (best == NULL || (op_is_internal(best) && !op_is_internal(op)) ||
            (op_is_internal(best) == op_is_internal(op) && is_older))
            best = op;
    }
    return best;
}

bool run_is_due(const struct dht *d)
{
    return next_ready(d) != NULL;
}

// A query to one address, without a lookup.
static void ask_one(struct dht *d, struct op *op)
{
    const struct ask_wish wish = {ASK_FOR_OP, &op->addr, NULL, NONE8, op->number};
    struct krpc m = {.method = op->kind == OP_PING ? KRPC_PING : KRPC_SAMPLE_INFOHASHES,
                     .target = op->target};
    op->counts.queries = 1;
    if (!ask_send(d, &wish, &m))
        op_end(d, op, RC_FULL);
}

static void begin(struct dht *d, struct op *op)
{
    assert(op->state == OP_WAITS && may_begin(d, op));
    op->state = OP_RUNS;
    op->has_begun = true;
    op->began_us = d->now_us;
    if (op->kind == OP_PING || op->kind == OP_SAMPLE)
        ask_one(d, op);
    else
        walk_begin(d, free_slot(d), op);
}

void run_tick(struct dht *d)
{
    do {
        for (struct op *op; (op = next_ready(d)) != NULL;)
            begin(d, op);
        for (uint32_t i = 0; i < d->cfg.lookups_max; i++)
            if (d->slot[i].op != NULL)
                walk_step(d, (uint8_t)i);
    } while (run_is_due(d)); // one that ended made room; none waits twice
}

// ---- One query

static void tell_answer(struct dht *d, struct op *op, const struct ask *a, const struct krpc *m)
{
    struct dht_event e = {.op = op->number,
                          .kind = a->method == KRPC_PING ? DHT_PONG : DHT_SAMPLES,
                          .rtt_us = d->now_us - a->sent_us};
    op->counts.answers++;
    op->counts.found++;
    op->counts.first_us = (uint32_t)e.rtt_us;
    if (e.kind == DHT_PONG) {
        e.addrs = &a->to;
        e.addr_count = 1;
    } else {
        e.samples = m->samples;
        e.num = m->has_num ? m->num : (int64_t)(m->samples.len / DHT_ID_BYTES);
        e.interval_s = m->has_interval ? m->interval : 0;
    }
    dht_tell(d, &e);
}

void run_news(struct dht *d, const struct ask_news *n, const struct krpc *m)
{
    struct op *op = op_by_number(d, n->ask.op);
    assert(n->ask.purpose == ASK_FOR_OP && n->fate != ASK_STRANGE); // whoever answers there
    if (op == NULL || op->state != OP_RUNS)
        return;
    switch (n->fate) {
    case ASK_ANSWERED:
        tell_answer(d, op, &n->ask, m);
        op_end(d, op, RC_OK);
        break;
    case ASK_REFUSED:
        op_end(d, op, RC_REFUSED);
        break;
    case ASK_SILENT:
        op_end(d, op, RC_TIMEOUT);
        break;
    case ASK_SLOW:
    case ASK_STRANGE:
        break;
    }
}
