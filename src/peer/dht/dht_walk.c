// SPDX-License-Identifier: MIT
// An op in its slot: it walks toward its target, by what it hears, and stores if it is to.
//
//     walk --the nearest have answered--> store, or end --all have answered--> end
//
// With two families the second walk begins where the first one ends, under the same number.
#include <assert.h>
#include <string.h>

#include "base/rng.h"
#include "dht/dht_state.h"

#define ALPHA          4u  // queries at a time
#define ALPHA_URGENT   10u // somebody waits (as Amino's nodes do)
#define ALPHA_FAR      6u  // of these, who only know the way: as fast as ten, with fewer queries
#define STORING        10u // stores at a time
#define NEAREST        8u  // k of Mainline
#define PATHS          3u  // disjoint ones toward our own records
#define PATH_READ      3u  // each path's goal when one reads records; 7 if none was found
#define PATH_READ_MORE 7u
#define PATH_WRITE     9u  // when one stores them
#define STORE_MAX      40u // nodes in the region that are written to, at most
#define LIFE_US        UINT64_C(15000000)
#define LIFE_US_FOUND  UINT64_C(2000000) // one that has found something
#define SEEDS          16u
#define SEEDS_FEW      4u // as few contacts as this: those of the bootstrap are asked too
#define SEEDS_BLIND    8u

// ---- Beginning

// How far the count-th nearest of `size` nodes should be, in the first 64 bits of distance.
static uint64_t reach_of(double count, double size)
{
    assert(count > 0 && size >= 0);
    return count < size ? (uint64_t)(18446744073709549568.0 * count / size) : UINT64_MAX;
}

// Everybody nearer than the TABLE_SHOAL-th node should be, from how dense ids are around us:
// whoever crowds around the target does not make it smaller.
static uint64_t region_of(const struct dht *d, const struct op *op)
{
    if (op->kind != OP_PUBLISH && op->kind != OP_PROVIDE)
        return 0;
    const struct family *f = &d->family[op->is_six];
    const double size = table_network_size(&f->table, true);
    return f->has_joined && size > TABLE_SHOAL ? reach_of(TABLE_SHOAL, size) : 0;
}

// Twice as far as the last goal should be: estimates err.
static uint64_t near_of(const struct dht *d, const struct op *op)
{
    const bool is_shoal = op_is_of_records(op);
    const double size = table_network_size(&d->family[op->is_six].table, is_shoal);
    return reach_of(2 * (is_shoal ? TABLE_SHOAL : NEAREST), size);
}

static struct lookup_cfg lookup_cfg_of(const struct dht *d, const struct op *op)
{
    struct lookup_cfg cfg = {.target = op->target,
                             .paths = 1,
                             .alpha = (op->how & DHT_URGENT) != 0 ? ALPHA_URGENT : ALPHA,
                             .nearest = NEAREST,
                             .near = near_of(d, op),
                             .alpha_far = ALPHA_FAR,
                             .region = region_of(d, op)};
    if (op_is_of_records(op)) {
        cfg.paths = PATHS;
        cfg.nearest = op_is_store(op) ? PATH_WRITE : PATH_READ_MORE;
    }
    return cfg;
}

static bool ask_walk(struct dht *d, uint8_t slot, enum ask_for purpose, const struct net_addr *to,
                     const struct candidate *c)
{
    struct slot *s = &d->slot[slot];
    struct op *op = s->op;
    const struct ask_wish wish = {purpose, to, c != NULL ? &c->id : NULL, slot, op->number};
    struct krpc m = {.method = op_query(op), .target = op->target};
    if (op_is_of_records(op))
        m.key = digest_bytes(&op->subject);
    if (purpose == ASK_FOR_MORE)
        m.token = bytes_of(c->token, c->token_len);
    m.wants4 = m.wants6 = d->cfg.has_ip4 && d->cfg.has_ip6;
    if (!ask_send(d, &wish, &m))
        return false;
    op->counts.queries++;
    if (purpose != ASK_FOR_WALK)
        s->flying++;
    return true;
}

static void seed_one(struct slot *s, const struct contact *c)
{
    const struct krpc_node node = {c->id, c->addr};
    (void)lookup_seed(&s->lookup, &node, c->rtt_ms); // its owner may have enough of them there
}

static void seed(struct dht *d, uint8_t slot)
{
    struct slot *s = &d->slot[slot];
    struct family *f = &d->family[s->op->is_six];
    const struct dht_id *target = &s->op->target;
    const bool is_shoal = op_is_of_records(s->op);
    const struct contact *near[SEEDS];
    size_t count = table_nearest(&f->table, target, is_shoal, near, SEEDS);
    if (count == 0 && is_shoal) // others may know some
        count = table_nearest(&f->table, target, false, near, SEEDS_FEW);
    for (size_t i = 0; i < count; i++)
        seed_one(s, near[i]);
    size_t at = 0; // all are silent, perhaps because we were away: they are asked again
    for (const struct contact *c; count == 0 && (c = table_next(&f->table, &at)) != NULL;)
        seed_one(s, c);
    // Upkeep asks one from outside all the same: networks that were parted find together by it.
    const unsigned blind = count < SEEDS_FEW ? SEEDS_BLIND : s->op->kind == OP_REFRESH;
    for (unsigned i = 0; i < blind && i < f->boot_count; i++) {
        const struct net_addr *to = &f->boot[f->boot_next++ % f->boot_count];
        if (!ask_is_pending(d, to) && !ask_walk(d, slot, ASK_FOR_SEED, to, NULL))
            break;
    }
}

void walk_begin(struct dht *d, uint8_t slot, struct op *op)
{
    assert(slot < d->cfg.lookups_max && op->state == OP_RUNS);
    struct slot *s = &d->slot[slot];
    assert(s->op == NULL || s->op == op); // its second family
    const struct lookup_cfg cfg = lookup_cfg_of(d, op);
    s->op = op;
    s->is_storing = false;
    s->is_over = false;
    s->began_us = d->now_us;
    s->flying = 0;
    s->told_count = 0;
    s->more_paths = 0;
    lookup_init(&s->lookup, d->candidate + (size_t)slot * d->cfg.candidates_max,
                d->cfg.candidates_max, &cfg);
    seed(d, slot);
}

// ---- Ending

static enum rc verdict(const struct slot *s)
{
    const struct op *op = s->op;
    if (op->kind == OP_NODES || op->kind == OP_REFRESH)
        return op->counts.answers > 0 ? RC_OK : RC_TIMEOUT;
    if (op_is_store(op)) {
        if (op->counts.stored > 0)
            return RC_OK;
        return op->is_refused ? RC_REFUSED : RC_TIMEOUT;
    }
    if (op->counts.found > 0)
        return RC_OK;
    return lookup_witnesses(&s->lookup) >= 2 ? RC_ABSENT : RC_TIMEOUT;
}

static void note_nearest(struct slot *s)
{
    struct op *op = s->op;
    struct candidate *c;
    for (unsigned i = 0; (c = lookup_at(&s->lookup, i)) != NULL; i++) {
        if (c->state != CANDIDATE_ANSWERED)
            continue;
        if (op->nearest_count == 0)
            op->counts.hops = c->hop;
        if (op->nearest_count < OP_NEAREST)
            op->nearest[op->nearest_count++] = c->addr;
    }
}

// True: it goes on, in the other family.
static bool walk_end(struct dht *d, uint8_t slot)
{
    struct slot *s = &d->slot[slot];
    struct op *op = s->op;
    note_nearest(s);
    if (!op->is_six_left) {
        op_end(d, op, verdict(s));
        return false;
    }
    assert(!op->is_six && d->family[1].is_on);
    op->is_six_left = false;
    op->is_six = true;
    ask_forget_slot(d, slot);
    walk_begin(d, slot, op);
    return true;
}

// ---- Storing

static void fill_store(const struct dht *d, const struct op *op, struct krpc *m)
{
    const struct body *body = op->body != NONE8 ? &d->body[op->body] : NULL;
    const struct bytes bytes = body != NULL ? bytes_of(body->bytes, body->len) : bytes_of(NULL, 0);
    m->target = op->target;
    switch ((enum op_kind)op->kind) {
    case OP_ANNOUNCE:
        m->method = KRPC_ANNOUNCE_PEER;
        m->is_implied_port = op->port == 0;
        m->has_port = true;
        m->port = op->port != 0 ? op->port : 1; // there must be one, and it does not count
        return;
    case OP_PUT:
        m->method = KRPC_PUT;
        m->v = bytes;
        if (!op->is_mutable)
            return;
        m->k = bytes_of(op->key, sizeof op->key);
        m->salt = op->salt_len > 0 ? bytes_of(op->salt, op->salt_len) : bytes_of(NULL, 0);
        m->sig = bytes_of(op->signature, sizeof op->signature);
        m->has_seq = true;
        m->seq = op->seq;
        m->has_cas = op->cas != DHT_NO_CAS;
        m->cas = op->cas;
        return;
    case OP_PUBLISH:
    case OP_PROVIDE:
        m->method = KRPC_SH_PUT;
        m->record = bytes;
        return;
    case OP_PING:
    case OP_SAMPLE:
    case OP_NODES:
    case OP_PEERS:
    case OP_GET:
    case OP_RECORDS:
    case OP_REFRESH:
        break;
    }
    assert(false); // stores nothing
}

static bool may_store(const struct candidate *c)
{
    return c->state == CANDIDATE_ANSWERED && c->token_len > 0;
}

// The next who is to store it: the nearest that gave a token, and all of the region's. Those whose
// ids do not fit their addresses only where there are not enough others.
static struct candidate *next_store(struct slot *s, bool *is_open)
{
    const unsigned nearest = op_is_of_records(s->op) ? TABLE_SHOAL : NEAREST;
    const uint64_t region = s->lookup.cfg.region;
    const bool has_enough = lookup_reach(&s->lookup, nearest) != UINT64_MAX;
    struct candidate *c;
    unsigned rank = 0;
    *is_open = false;
    for (unsigned i = 0; (c = lookup_at(&s->lookup, i)) != NULL && rank < STORE_MAX; i++) {
        if (!may_store(c) || (has_enough && !c->is_fit))
            continue;
        if (rank >= nearest && (region == 0 || lookup_distance(&s->lookup, &c->id) > region))
            break;
        rank++;
        if (c->is_stored)
            continue;
        *is_open = true;
        return c;
    }
    return NULL;
}

static bool store_step(struct dht *d, uint8_t slot)
{
    struct slot *s = &d->slot[slot];
    assert(s->is_storing && op_is_store(s->op));
    bool is_open = true;
    struct candidate *c;
    while (s->flying < STORING && (c = next_store(s, &is_open)) != NULL) {
        const struct ask_wish wish = {ASK_FOR_STORE, &c->addr, &c->id, slot, s->op->number};
        struct krpc m = {.token = bytes_of(c->token, c->token_len)};
        fill_store(d, s->op, &m);
        if (!ask_send(d, &wish, &m))
            break; // an ask will end and bring us back
        c->is_stored = true;
        s->flying++;
        s->op->counts.queries++;
    }
    return s->flying == 0 && !is_open && walk_end(d, slot);
}

// ---- Walking

// Liars can name nodes that do not exist for a long time.
static bool is_too_long(const struct dht *d, const struct slot *s)
{
    return d->now_us - s->began_us > (s->op->counts.found > 0 ? LIFE_US_FOUND : LIFE_US);
}

// True: it began anew, and is to be looked at again.
static bool step_once(struct dht *d, uint8_t slot)
{
    struct slot *s = &d->slot[slot];
    if (s->is_over) {
        s->op->is_six_left = false;
        return walk_end(d, slot);
    }
    if (s->is_storing)
        return store_step(d, slot);
    for (struct candidate *c; !is_too_long(d, s) && (c = lookup_pick(&s->lookup)) != NULL;) {
        if (ask_walk(d, slot, ASK_FOR_WALK, &c->addr, c))
            continue;
        lookup_unpick(c);
        return false;
    }
    if (!is_too_long(d, s) && (s->flying > 0 || !lookup_is_done(&s->lookup)))
        return false;
    if (!op_is_store(s->op))
        return walk_end(d, slot);
    s->is_storing = true;
    return store_step(d, slot);
}

void walk_step(struct dht *d, uint8_t slot)
{
    bool is_new = true;
    while (is_new)
        is_new = step_once(d, slot);
}

// ---- What became of its queries

static void land(struct slot *s, const struct ask *a)
{
    if (a->purpose == ASK_FOR_WALK || a->state != ASK_WAITS)
        return;
    assert(s->flying > 0);
    s->flying--;
}

static void hear(struct dht *d, const struct ask *a, const struct krpc *m)
{
    struct slot *s = &d->slot[a->slot];
    if (a->purpose == ASK_FOR_SEED) {
        const struct krpc_node node = {m->id, a->to};
        lookup_met(&s->lookup, &node);
    }
    struct candidate *c = lookup_answered(&s->lookup, &m->id, m->token);
    hear_nodes(d, s, a, m);
    const bool has_more = hear_values(d, s, m);
    if (op_is_of_records(s->op) && s->op->counts.found > 0)
        lookup_narrow(&s->lookup, PATH_READ);
    if (!has_more || c == NULL || c->token_len == 0 || c->is_told)
        return;
    // The first on each path is asked whatever we know: liars on one may have told us of many
    // records that nobody keeps, to hide those that others do.
    const uint8_t path = (uint8_t)(1u << c->path);
    if (m->num <= s->told_count && (s->more_paths & path) != 0)
        return;
    s->more_paths |= path;
    c->is_told = true;
    (void)ask_walk(d, a->slot, ASK_FOR_MORE, &c->addr, c); // too many under way: done without
}

static void answered(struct dht *d, struct slot *s, const struct ask *a, const struct krpc *m)
{
    s->op->counts.answers++;
    land(s, a);
    if (a->purpose == ASK_FOR_STORE)
        s->op->counts.stored++;
    else if (!s->is_storing)
        hear(d, a, m);
}

static void slow(struct slot *s, const struct ask *a)
{
    if (a->purpose == ASK_FOR_WALK)
        lookup_late(&s->lookup, &a->id);
    else
        land(s, a);
}

static void failed(struct slot *s, const struct ask *a, bool is_refused)
{
    land(s, a);
    if (a->purpose == ASK_FOR_WALK)
        lookup_failed(&s->lookup, &a->id);
    if (a->purpose == ASK_FOR_STORE && is_refused)
        s->op->is_refused = true;
}

void walk_news(struct dht *d, const struct ask_news *n, const struct krpc *m)
{
    assert(n->ask.slot < d->cfg.lookups_max);
    struct slot *s = &d->slot[n->ask.slot];
    if (s->op == NULL || s->op->number != n->ask.op)
        return;
    switch (n->fate) {
    case ASK_ANSWERED:
        answered(d, s, &n->ask, m);
        break;
    case ASK_SLOW:
        slow(s, &n->ask);
        break;
    case ASK_STRANGE: // a walk was told a lie
    case ASK_REFUSED:
    case ASK_SILENT:
        failed(s, &n->ask, n->fate != ASK_SILENT);
        break;
    }
    d->is_dirty = true; // settle steps on
}
