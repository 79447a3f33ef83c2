// SPDX-License-Identifier: MIT
// An op in its slot: it walks toward its target, hears what nodes have, and stores if it is to.
//
//     walk --the nearest have answered--> store, or end --all have answered--> end
//
// With two families the second walk begins where the first one ends, under the same number.
#include <assert.h>
#include <string.h>

#include "base/rng.h"
#include "dht/dht_parts.h"

#define ALPHA          4u  // queries at a time
#define ALPHA_URGENT   10u // somebody waits (as Amino's nodes do)
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

static bool is_record_op(const struct op *op)
{
    return op->kind == OP_RECORDS || op->kind == OP_PUBLISH || op->kind == OP_PROVIDE;
}

static bool is_store_op(const struct op *op)
{
    return op->kind == OP_ANNOUNCE || op->kind == OP_PUT || op->kind == OP_PUBLISH ||
           op->kind == OP_PROVIDE;
}

static enum krpc_method method_of(const struct op *op)
{
    switch ((enum op_kind)op->kind) {
    case OP_PEERS:
    case OP_ANNOUNCE:
        return KRPC_GET_PEERS;
    case OP_GET:
    case OP_PUT:
        return KRPC_GET;
    case OP_RECORDS:
    case OP_PUBLISH:
    case OP_PROVIDE:
        return KRPC_SH_GET;
    case OP_NODES:
    case OP_REFRESH:
    case OP_PING:
    case OP_SAMPLE:
        break;
    }
    return KRPC_FIND_NODE;
}

// ---- Beginning

// Everybody nearer than the TABLE_SHOAL-th node should be, from how dense ids are around us:
// whoever crowds around the target does not make it smaller.
static uint64_t region_of(const struct dht *d, const struct op *op)
{
    if (op->kind != OP_PUBLISH && op->kind != OP_PROVIDE)
        return 0;
    const struct family *f = &d->family[op->is_six];
    const double size = table_network_size(&f->table, true);
    if (!f->has_joined || size <= TABLE_SHOAL)
        return 0;
    return (uint64_t)(18446744073709549568.0 * TABLE_SHOAL / size);
}

static struct lookup_cfg lookup_cfg_of(const struct dht *d, const struct op *op)
{
    struct lookup_cfg cfg = {.target = op->target,
                             .paths = 1,
                             .alpha = (op->how & DHT_URGENT) != 0 ? ALPHA_URGENT : ALPHA,
                             .nearest = NEAREST,
                             .region = region_of(d, op)};
    if (is_record_op(op)) {
        cfg.paths = PATHS;
        cfg.nearest = is_store_op(op) ? PATH_WRITE : PATH_READ_MORE;
    }
    return cfg;
}

static bool ask_walk(struct dht *d, uint8_t slot, enum ask_for purpose, const struct net_addr *to,
                     const struct candidate *c)
{
    struct slot *s = &d->slot[slot];
    struct op *op = s->op;
    const struct ask_wish wish = {purpose, to, c != NULL ? &c->id : NULL, slot, op->number};
    struct krpc m = {.method = method_of(op), .target = op->target};
    if (is_record_op(op))
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

static void seed(struct dht *d, uint8_t slot)
{
    struct slot *s = &d->slot[slot];
    struct family *f = &d->family[s->op->is_six];
    const struct contact *near[SEEDS];
    size_t count = table_nearest(&f->table, &s->op->target, is_record_op(s->op), near, SEEDS);
    for (size_t i = 0; i < count; i++) {
        const struct krpc_node node = {near[i]->id, near[i]->addr};
        (void)lookup_add(&s->lookup, &node, NULL); // its owner may have enough of them there
    }
    if (count == 0 && is_record_op(s->op)) { // shoal nodes may be known to others
        count = table_nearest(&f->table, &s->op->target, false, near, SEEDS_FEW);
        for (size_t i = 0; i < count; i++) {
            const struct krpc_node node = {near[i]->id, near[i]->addr};
            (void)lookup_add(&s->lookup, &node, NULL);
        }
    }
    size_t at = 0; // all are silent, perhaps because we were away: they are asked again
    for (const struct contact *c; count == 0 && (c = table_next(&f->table, &at)) != NULL;) {
        const struct krpc_node node = {c->id, c->addr};
        (void)lookup_add(&s->lookup, &node, NULL);
    }
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
    struct slot *s = &d->slot[slot];
    const struct lookup_cfg cfg = lookup_cfg_of(d, op);
    s->op = op;
    s->is_storing = false;
    s->is_over = false;
    s->began_us = d->now_us;
    s->flying = 0;
    s->told_count = 0;
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
    if (is_store_op(op)) {
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
    const unsigned nearest = is_record_op(s->op) ? TABLE_SHOAL : NEAREST;
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
    if (!is_store_op(s->op))
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

// ---- What answers tell

// A public node knows no private addresses that would mean anything to us.
static bool is_credible(const struct dht *d, const struct net_addr *teller,
                        const struct krpc_node *node)
{
    return net_addr_is_host(&node->addr) && !dht_id_equal(&node->id, &d->id) &&
           (net_addr_is_private(teller) || !net_addr_is_private(&node->addr));
}

static void hear_nodes(struct dht *d, struct slot *s, const struct ask *a, const struct krpc *m)
{
    struct bytes nodes = s->op->is_six ? m->nodes6 : m->nodes;
    struct krpc_node node;
    for (unsigned i = 0; i < 2 * TABLE_SHOAL && krpc_node_next(&nodes, s->op->is_six, &node); i++) {
        if (!is_credible(d, &a->to, &node)) {
            d->stat.bad_nodes++;
            continue;
        }
        (void)lookup_add(&s->lookup, &node, &m->id); // known, or too far, most often
    }
}

// Is it the first time that this is told of this op?
static bool is_news(struct slot *s, uint64_t name)
{
    const uint32_t hash = (uint32_t)name;
    for (unsigned i = 0; i < s->told_count; i++)
        if (s->told[i] == hash)
            return false;
    if (s->told_count == SLOT_TOLD)
        return false;
    s->told[s->told_count++] = hash;
    return true;
}

static uint64_t addr_hash(const struct net_addr *a)
{
    uint64_t part[2];
    memcpy(part, a->ip, sizeof part);
    return rng_mix(rng_mix(part[0]) ^ part[1] ^ (uint64_t)a->port << 40);
}

static void hear_peers(struct dht *d, struct slot *s, const struct krpc *m)
{
    struct net_addr peer[SLOT_TOLD];
    struct bytes values = m->values;
    struct bytes one;
    uint32_t count = 0;
    while (count < SLOT_TOLD && krpc_string_next(&values, &one)) {
        if (!net_addr_get(&peer[count], one) || !net_addr_is_host(&peer[count]))
            continue;
        if (!is_news(s, addr_hash(&peer[count])))
            continue;
        op_found(d, s->op);
        count++;
    }
    if (count == 0)
        return;
    const struct dht_event e = {
        .op = s->op->number, .kind = DHT_PEERS, .addrs = peer, .addr_count = count};
    dht_tell(d, &e);
}

// The highest seq that was ever seen of an item: older ones are not told again.
static struct seen *seen_of(struct dht *d, const struct dht_id *target, bool is_made)
{
    struct seen *oldest = &d->seen[0];
    for (uint32_t i = 0; i < d->cfg.seen_max; i++) {
        struct seen *s = &d->seen[i];
        if (s->used > 0 && dht_id_equal(&s->target, target)) {
            s->used = ++d->seen_turn;
            return s;
        }
        if (s->used < oldest->used)
            oldest = s;
    }
    if (!is_made)
        return NULL;
    *oldest = (struct seen){*target, INT64_MIN, ++d->seen_turn};
    return oldest;
}

// What is not above it is no news: the highest told, or what is to be put out of its place.
static int64_t known_seq(const struct op *op)
{
    return op->kind == OP_PUT && op->cas != DHT_NO_CAS ? op->cas : op->seq;
}

static void hear_item(struct dht *d, struct slot *s, const struct krpc *m)
{
    struct op *op = s->op;
    struct item item = item_of(m);
    item.salt = bytes_of(op->salt, op->salt_len);
    const bool is_mutable = item_is_mutable(&item);
    const struct seen *seen = is_mutable ? seen_of(d, &op->target, false) : NULL;
    if (is_mutable && (item.seq <= known_seq(op) || (seen != NULL && item.seq < seen->seq)))
        return;
    const struct dht_id target = item_target(&item);
    if (!dht_id_equal(&target, &op->target) || item_check(&item) != 0) {
        d->stat.bad_values++;
        return;
    }
    if (is_mutable)
        seen_of(d, &op->target, true)->seq = item.seq;
    if (op->kind == OP_PUT) {
        // A newer one is out there (nobody would keep ours), or this very value, which is no news.
        op->is_refused |= is_mutable;
        s->is_over |= is_mutable;
        return;
    }
    op->seq = item.seq;
    op_found(d, op);
    const struct dht_event e = {.op = op->number, .kind = DHT_ITEM, .item = item};
    dht_tell(d, &e);
    s->is_over |= !is_mutable; // there is nothing more to find
}

static void hear_record(struct dht *d, struct slot *s, struct bytes bytes)
{
    struct record r;
    struct op *op = s->op;
    if (record_decode(&r, bytes) != RC_OK || !digest_equal(&r.key, &op->subject) || !d->has_wall ||
        !record_is_due(&r, dht_unix_s(d))) {
        d->stat.bad_values++;
        return;
    }
    const struct digest signer = r.kind == RECORD_PROVIDER
                                     ? hash_bytes(bytes_of(r.node.b, sizeof r.node.b))
                                     : hash_bytes(r.proof);
    for (unsigned i = 0; i < s->told_count; i++)
        if (s->told[i] == (uint32_t)digest_u64(&signer))
            return; // before its signature is looked at, which is slow
    if (!record_check(&r, &d->cfg.shelf.judge)) {
        d->stat.bad_values++;
        return;
    }
    if (!is_news(s, digest_u64(&signer)))
        return;
    op_found(d, op);
    const struct dht_event e = {.op = op->number, .kind = DHT_RECORD, .record_bytes = bytes};
    dht_tell(d, &e);
}

static void hear_records(struct dht *d, uint8_t slot, struct candidate *c, const struct krpc *m)
{
    struct slot *s = &d->slot[slot];
    struct bytes records = m->records;
    struct bytes one;
    int64_t count = 0;
    while (count < (int64_t)SHELF_RECORDS_EACH && krpc_string_next(&records, &one)) {
        count++;
        if (s->op->kind == OP_RECORDS)
            hear_record(d, s, one);
    }
    if (s->op->counts.found > 0)
        lookup_narrow(&s->lookup, PATH_READ);
    // It has more than may be sent to one who has not shown a token of its.
    const bool has_more = s->op->kind == OP_RECORDS && m->has_num && m->num > count;
    if (has_more && c != NULL && c->token_len > 0 && !c->is_told) {
        c->is_told = true;
        (void)ask_walk(d, slot, ASK_FOR_MORE, &c->addr, c); // too many under way: done without
    }
}

static void land(struct slot *s, const struct ask *a)
{
    if (a->purpose == ASK_FOR_WALK || a->state != ASK_WAITS)
        return;
    assert(s->flying > 0);
    s->flying--;
}

static void hear(struct dht *d, uint8_t slot, const struct ask *a, const struct krpc *m)
{
    struct slot *s = &d->slot[slot];
    struct candidate *c = NULL;
    if (a->purpose == ASK_FOR_SEED) {
        const struct krpc_node node = {m->id, a->to};
        lookup_met(&s->lookup, &node);
    }
    c = lookup_answered(&s->lookup, &m->id, m->token);
    hear_nodes(d, s, a, m);
    switch (method_of(s->op)) {
    case KRPC_GET_PEERS:
        hear_peers(d, s, m);
        break;
    case KRPC_GET:
        if (m->v.len > 0)
            hear_item(d, s, m);
        break;
    case KRPC_SH_GET:
        hear_records(d, slot, c, m);
        break;
    default:
        break;
    }
}

void walk_answer(struct dht *d, const struct ask *a, const struct krpc *m)
{
    struct slot *s = &d->slot[a->slot];
    if (s->op == NULL || s->op->number != a->op)
        return;
    s->op->counts.answers++;
    land(s, a);
    if (a->purpose == ASK_FOR_STORE)
        s->op->counts.stored++;
    else if (!s->is_storing)
        hear(d, a->slot, a, m);
    d->is_dirty = true; // settle steps on
}

void walk_late(struct dht *d, const struct ask *a)
{
    struct slot *s = &d->slot[a->slot];
    if (s->op == NULL || s->op->number != a->op)
        return;
    if (a->purpose == ASK_FOR_WALK)
        lookup_late(&s->lookup, &a->id);
    else
        s->flying--;
    d->is_dirty = true;
}

void walk_failed(struct dht *d, const struct ask *a, bool is_refused)
{
    struct slot *s = &d->slot[a->slot];
    if (s->op == NULL || s->op->number != a->op)
        return;
    land(s, a);
    if (a->purpose == ASK_FOR_WALK)
        lookup_failed(&s->lookup, &a->id);
    if (a->purpose == ASK_FOR_STORE && is_refused)
        s->op->is_refused = true;
    d->is_dirty = true;
}
