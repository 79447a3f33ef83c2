// SPDX-License-Identifier: MIT
// Queries of ours: sent, matched with their answers, late, given up.
//
//     free --ask_send--> waits --answer--> free
//                          | as long as its kind usually takes
//                          v
//                        late --answer, or ASK_LIFE_US--> free
#include <assert.h>
#include <string.h>

#include "dht/dht_state.h"

#define TRANSACTION_BYTES 4u
#define INDEX_BITS        10u // of the transaction: where the ask is; the rest are dice
#define RTT_US_FIRST      UINT64_C(300000)

static_assert(DHT_ASKS_MAX <= 1u << INDEX_BITS, "an index fits");

// 95 of 100 answers are there by then: the mean and about two standard deviations.
static uint32_t wait_us(const struct dht *d, const struct contact *c)
{
    uint64_t us = RTT_US_FIRST * 3;
    if (c != NULL)
        us = 1000 * ((uint64_t)c->rtt_ms + 3 * (uint64_t)c->vary_ms);
    else if (d->rtt_us > 0)
        us = (uint64_t)d->rtt_us + 3 * (uint64_t)d->rtt_vary_us;
    us = us > ASK_WAIT_US_MIN ? us : ASK_WAIT_US_MIN;
    return (uint32_t)(us < ASK_WAIT_US_MAX ? us : ASK_WAIT_US_MAX);
}

static void find_due(struct dht *d)
{
    d->ask_due_us = UINT64_MAX;
    while (d->ask_high > 0 && d->ask[d->ask_high - 1].state == ASK_FREE)
        d->ask_high--;
    for (uint32_t i = 0; i < d->ask_high; i++) {
        const struct ask *a = &d->ask[i];
        if (a->state == ASK_FREE)
            continue;
        const uint64_t due = a->sent_us + (a->state == ASK_WAITS ? a->wait_us : ASK_LIFE_US);
        d->ask_due_us = due < d->ask_due_us ? due : d->ask_due_us;
    }
}

static void release(struct dht *d, struct ask *a)
{
    assert(a->state != ASK_FREE && d->ask_busy > 0);
    assert(a < d->ask + d->ask_high);
    a->state = ASK_FREE;
    d->ask_busy--;
    d->is_dirty = true;
}

static void give_up(struct dht *d, struct ask *a)
{
    struct family *f = dht_family(d, &a->to);
    const bool is_online = f->answered_us > a->sent_us; // others did answer
    assert(a->state == ASK_LATE);
    release(d, a);
    d->stat.timeouts++;
    if (!a->has_id)
        return;
    table_failed(&f->table, &a->id, &a->to, is_online);
    if (is_online)
        d->loss_permille = (d->loss_permille * 31 + 1000) / 32;
}

// An unused one; if there is none, the one that has been late for longest is given up. Nobody is
// told: walks have gone on without it already. One that the host itself waits for stays.
static struct ask *free_ask(struct dht *d)
{
    if (d->ask_busy == d->cfg.asks_max) {
        struct ask *oldest = NULL;
        for (uint32_t i = 0; i < d->ask_high; i++) {
            struct ask *a = &d->ask[i];
            if (a->state == ASK_LATE && a->purpose != ASK_FOR_OP &&
                (oldest == NULL || a->sent_us < oldest->sent_us))
                oldest = a;
        }
        if (oldest == NULL)
            return NULL;
        give_up(d, oldest);
    }
    uint32_t i = 0;
    while (d->ask[i].state != ASK_FREE)
        i++;
    d->ask_high = i >= d->ask_high ? i + 1 : d->ask_high;
    d->ask_busy++;
    return &d->ask[i];
}

bool ask_send(struct dht *d, const struct ask_wish *wish, struct krpc *m)
{
    struct family *f = dht_family(d, wish->to);
    assert(wish->slot == NONE8 || wish->slot < d->cfg.lookups_max);
    assert((wish->purpose == ASK_FOR_CONTACT || wish->purpose == ASK_FOR_OP) ==
           (wish->slot == NONE8));
    struct ask *a = f != NULL ? free_ask(d) : NULL;
    if (a == NULL)
        return false;
    const struct contact *c = wish->id != NULL ? table_find(&f->table, wish->id) : NULL;
    if (c == NULL)
        d->stat.endpoints++;
    *a = (struct ask){.state = ASK_WAITS,
                      .purpose = (uint8_t)wish->purpose,
                      .method = (uint8_t)m->method,
                      .slot = wish->slot,
                      .has_id = wish->id != NULL,
                      .to = *wish->to,
                      .nonce = (uint32_t)rng_u64(&d->rng) >> INDEX_BITS,
                      .op = wish->op,
                      .sent_us = d->now_us,
                      .wait_us = wait_us(d, c)};
    if (wish->id != NULL)
        a->id = *wish->id;
    const uint64_t late_us = d->now_us + a->wait_us;
    d->ask_due_us = late_us < d->ask_due_us ? late_us : d->ask_due_us;
    d->is_dirty = true;

    uint8_t transaction[TRANSACTION_BYTES];
    struct buffer t = buffer_of(transaction, sizeof transaction);
    buffer_u32(&t, a->nonce << INDEX_BITS | (uint32_t)(a - d->ask));
    m->kind = KRPC_QUERY;
    m->transaction = buffer_bytes(&t);
    m->id = d->id;
    m->is_read_only = d->cfg.is_read_only;
    uint8_t bytes[KRPC_BYTES_MAX];
    struct buffer b = buffer_of(bytes, sizeof bytes);
    krpc_encode(&b, m);
    assert(!b.is_full);
    d->stat.queries_out[m->method]++;
    dht_send(d, wish->to, buffer_bytes(&b));
    return true;
}

bool ask_ping(struct dht *d, const struct net_addr *to, const struct dht_id *id)
{
    const struct ask_wish wish = {ASK_FOR_CONTACT, to, id, NONE8, 0};
    struct krpc m = {.method = KRPC_PING};
    return ask_send(d, &wish, &m);
}

bool ask_is_pending(const struct dht *d, const struct net_addr *to)
{
    for (uint32_t i = 0; i < d->ask_high; i++)
        if (d->ask[i].state != ASK_FREE && net_addr_equal(&d->ask[i].to, to))
            return true;
    return false;
}

void ask_forget_slot(struct dht *d, uint8_t slot)
{
    for (uint32_t i = 0; i < d->ask_high; i++) {
        struct ask *a = &d->ask[i];
        if (a->state == ASK_FREE || a->slot != slot)
            continue;
        a->slot = NONE8;
        a->purpose = ASK_FOR_CONTACT;
    }
}

// ---- Answers

static struct ask *match(struct dht *d, const struct net_addr *from, const struct krpc *m)
{
    if (m->transaction.len != TRANSACTION_BYTES)
        return NULL;
    struct cursor c = {.left = m->transaction};
    const uint32_t t = cursor_u32(&c);
    const uint32_t index = t & ((1u << INDEX_BITS) - 1);
    if (index >= d->ask_high)
        return NULL;
    struct ask *a = &d->ask[index];
    const bool is_it =
        a->state != ASK_FREE && a->nonce == t >> INDEX_BITS && net_addr_equal(&a->to, from);
    return is_it ? a : NULL;
}

static void measure(struct dht *d, uint32_t rtt_us)
{
    if (d->rtt_us == 0) {
        d->rtt_us = rtt_us;
        d->rtt_vary_us = rtt_us / 2;
        return;
    }
    const uint32_t off = rtt_us > d->rtt_us ? rtt_us - d->rtt_us : d->rtt_us - rtt_us;
    d->rtt_vary_us = (uint32_t)((7 * (uint64_t)d->rtt_vary_us + off) / 8);
    d->rtt_us = (uint32_t)((15 * (uint64_t)d->rtt_us + rtt_us) / 16);
}

static void take_reply(struct dht *d, const struct ask *a, const struct krpc *m)
{
    struct family *f = dht_family(d, &a->to);
    const uint64_t rtt_us = d->now_us - a->sent_us;
    const struct table_answer answer = {&m->id, &a->to, krpc_is_shoal(m), rtt_us};
    measure(d, (uint32_t)rtt_us);
    if (a->has_id)
        d->loss_permille = d->loss_permille * 31 / 32;
    (void)table_answered(&f->table, &answer, dht_now_s(d)); // there may be no place for it
}

bool ask_input(struct dht *d, const struct net_addr *from, const struct krpc *m,
               struct ask_news *out)
{
    struct ask *a = match(d, from, m);
    if (a == NULL) {
        d->stat.answers_unasked++;
        return false;
    }
    out->ask = *a;
    const bool is_late = a->state == ASK_LATE;
    const bool is_due = is_late || a->sent_us + a->wait_us == d->ask_due_us;
    d->stat.answers_late += is_late;
    release(d, a);
    if (is_due)
        find_due(d);
    dht_family(d, from)->answered_us = d->now_us;
    if (m->kind == KRPC_ERROR) {
        d->stat.errors_in++;
        out->fate = ASK_REFUSED;
        return true;
    }
    d->stat.answers_in++;
    take_reply(d, a, m);
    const bool is_strange = a->has_id && !dht_id_equal(&a->id, &m->id);
    d->stat.bad_nodes += is_strange;
    out->fate = is_strange ? ASK_STRANGE : ASK_ANSWERED;
    return true;
}

// ---- Time

// What time did to one of them; false: nothing.
static bool look_at(struct dht *d, struct ask *a, struct ask_news *out)
{
    out->ask = *a;
    if (a->state == ASK_WAITS && a->sent_us + a->wait_us <= d->now_us) {
        a->state = ASK_LATE;
        d->is_dirty = true;
        out->fate = ASK_SLOW;
        return true;
    }
    if (a->state == ASK_LATE && a->sent_us + ASK_LIFE_US <= d->now_us) {
        give_up(d, a);
        out->fate = ASK_SILENT;
        return true;
    }
    return false;
}

bool ask_next(struct dht *d, uint32_t *at, struct ask_news *out)
{
    if (d->now_us < d->ask_due_us)
        return false;
    for (; *at < d->ask_high; ++*at)
        if (look_at(d, &d->ask[*at], out))
            return true; // and once more: one may be slow and silent at once
    find_due(d);
    return false;
}
