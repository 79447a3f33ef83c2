// SPDX-License-Identifier: MIT
// Table: a pool of contacts, and for each bucket three short lists of places in it.
#include "dht/table.h"

#include <assert.h>
#include <string.h>

#define LAST               (TABLE_BUCKETS - 1)
#define BIT(bucket)        (1u << (31 - (bucket)))
#define NETWORK_NEAR       8u // nodes around us that tell the network's size
#define NETWORK_NEAR_SHOAL 16u

static_assert(TABLE_BUCKETS <= 32, "one bit of `filled` each");

static const uint8_t places_of[TABLE_KINDS] = {TABLE_MAIN, TABLE_SHOAL, TABLE_SPARE};

static uint16_t *list_of(struct table_bucket *b, unsigned kind)
{
    return kind == TABLE_KIND_MAIN ? b->main : kind == TABLE_KIND_SHOAL ? b->shoal : b->spare;
}

static const uint16_t *list_in(const struct table_bucket *b, unsigned kind)
{
    return kind == TABLE_KIND_MAIN ? b->main : kind == TABLE_KIND_SHOAL ? b->shoal : b->spare;
}

static uint64_t head(const struct dht_id *id)
{
    uint64_t v;
    memcpy(&v, id->b, sizeof v);
    return __builtin_bswap64(v); // both machines we know are little-endian
}

static unsigned bucket_of(const struct table *t, const struct dht_id *id)
{
    const uint64_t differs = head(&t->own) ^ head(id);
    const unsigned bits = differs == 0 ? 64 : (unsigned)__builtin_clzll(differs);
    return bits < LAST ? bits : LAST;
}

enum rc table_init(struct table *t, struct arena *arena, uint32_t places, const struct dht_id *own)
{
    if (places == 0 || places > TABLE_PLACES_MAX)
        return RC_CONFIG;
    memset(t, 0, sizeof *t);
    t->own = *own;
    t->places = places;
    t->bucket = arena_take_array(arena, TABLE_BUCKETS, sizeof *t->bucket);
    t->pool = arena_take_array(arena, places, sizeof *t->pool);
    t->vacant = arena_take_array(arena, places, sizeof *t->vacant);
    if (t->bucket == NULL || t->pool == NULL || t->vacant == NULL)
        return RC_NOMEM;
    for (uint32_t i = places; i > 0; i--)
        t->vacant[t->vacant_count++] = (uint16_t)(i - 1);
    return RC_OK;
}

// ---- Places

static void fill_bit(struct table *t, unsigned bucket)
{
    const struct table_bucket *b = &t->bucket[bucket];
    if (b->count[TABLE_KIND_MAIN] + b->count[TABLE_KIND_SHOAL] > 0)
        t->filled |= BIT(bucket);
    else
        t->filled &= ~BIT(bucket);
}

static uint16_t place_of(const struct table *t, const struct contact *c)
{
    assert(c >= t->pool && c < t->pool + t->places);
    return (uint16_t)(c - t->pool);
}

static void unlink_contact(struct table *t, struct contact *c)
{
    const unsigned bucket = bucket_of(t, &c->id);
    struct table_bucket *b = &t->bucket[bucket];
    uint16_t *list = list_of(b, c->kind);
    unsigned at = 0;
    while (at < b->count[c->kind] && list[at] != place_of(t, c))
        at++;
    assert(at < b->count[c->kind]);
    list[at] = list[--b->count[c->kind]];
    fill_bit(t, bucket);
}

static void link_contact(struct table *t, struct contact *c, enum table_kind kind)
{
    const unsigned bucket = bucket_of(t, &c->id);
    struct table_bucket *b = &t->bucket[bucket];
    assert(c->is_used);
    assert(b->count[kind] < places_of[kind]);
    c->kind = (uint8_t)kind;
    list_of(b, kind)[b->count[kind]++] = place_of(t, c);
    fill_bit(t, bucket);
}

// A spare of the same bucket moves up, if there is one of this kind; the latest heard of.
static void promote(struct table *t, unsigned bucket, enum table_kind kind)
{
    struct table_bucket *b = &t->bucket[bucket];
    struct contact *best = NULL;
    for (unsigned i = 0; i < b->count[TABLE_KIND_SPARE]; i++) {
        struct contact *c = &t->pool[b->spare[i]];
        if (c->is_shoal != (kind == TABLE_KIND_SHOAL) || c->fails > 0)
            continue;
        if (best == NULL || c->seen_s > best->seen_s)
            best = c;
    }
    if (best == NULL || b->count[kind] == places_of[kind])
        return;
    unlink_contact(t, best);
    link_contact(t, best, kind);
}

static void drop(struct table *t, struct contact *c)
{
    const unsigned bucket = bucket_of(t, &c->id);
    const enum table_kind kind = (enum table_kind)c->kind;
    assert(c->is_used && t->vacant_count < t->places);
    unlink_contact(t, c);
    c->is_used = false;
    t->vacant[t->vacant_count++] = place_of(t, c);
    if (kind != TABLE_KIND_SPARE)
        promote(t, bucket, kind);
}

static struct contact *find(const struct table *t, const struct dht_id *id)
{
    const struct table_bucket *b = &t->bucket[bucket_of(t, id)];
    for (unsigned kind = 0; kind < TABLE_KINDS; kind++) {
        const uint16_t *list = list_in(b, kind);
        for (unsigned i = 0; i < b->count[kind]; i++)
            if (dht_id_equal(&t->pool[list[i]].id, id))
                return &t->pool[list[i]];
    }
    return NULL;
}

const struct contact *table_find(const struct table *t, const struct dht_id *id)
{
    return find(t, id);
}

// ---- Taking in

// Whom a newcomer would have to put out of a full list: somebody bad, or, for one whose id fits
// its address, somebody whose does not.
static struct contact *worst_of(const struct table *t, unsigned bucket, enum table_kind kind,
                                bool is_fit)
{
    const struct table_bucket *b = &t->bucket[bucket];
    const uint16_t *list = list_in(b, kind);
    struct contact *worst = NULL;
    for (unsigned i = 0; i < b->count[kind]; i++) {
        struct contact *c = &t->pool[list[i]];
        const bool is_weak = c->fails >= TABLE_BAD_FAILS || (is_fit && !c->is_fit);
        if (is_weak && (worst == NULL || c->fails > worst->fails))
            worst = c;
    }
    return worst;
}

// Is there another address of this one's owner, most likely? Among private ones nobody can say.
static bool is_crowded(const struct table *t, const struct dht_id *id, const struct net_addr *addr)
{
    if (net_addr_is_private(addr))
        return false;
    const unsigned bucket = bucket_of(t, id);
    const uint64_t block = net_addr_block(addr);
    const bool is_fit = dht_id_fits(id, addr);
    unsigned unfit = 0;
    for (uint32_t i = 0; i < t->places; i++) {
        const struct contact *c = &t->pool[i];
        if (!c->is_used || net_addr_block(&c->addr) != block)
            continue;
        unfit += !c->is_fit;
        if (bucket_of(t, &c->id) == bucket || (!is_fit && unfit >= 2))
            return true;
    }
    return false;
}

bool table_wants(const struct table *t, const struct dht_id *id, const struct net_addr *addr,
                 bool is_shoal)
{
    const enum table_kind kind = is_shoal ? TABLE_KIND_SHOAL : TABLE_KIND_MAIN;
    const unsigned bucket = bucket_of(t, id);
    if (t->bucket[bucket].count[kind] == places_of[kind] &&
        worst_of(t, bucket, kind, dht_id_fits(id, addr)) == NULL)
        return false;
    return !dht_id_equal(id, &t->own) && find(t, id) == NULL && !is_crowded(t, id, addr);
}

// One of the fullest bucket's contacts, if that has at least two more than `bucket`; a spare of
// any bucket before that.
static struct contact *victim(const struct table *t, unsigned bucket)
{
    const struct table_bucket *full = &t->bucket[0];
    for (unsigned i = 0; i < TABLE_BUCKETS; i++) {
        const struct table_bucket *b = &t->bucket[i];
        if (b->count[TABLE_KIND_SPARE] > 0)
            return &t->pool[b->spare[0]];
        if (b->count[0] + b->count[1] > full->count[0] + full->count[1])
            full = b;
    }
    const struct table_bucket *own = &t->bucket[bucket];
    if (full->count[0] + full->count[1] < own->count[0] + own->count[1] + 2)
        return NULL;
    const unsigned kind = full->count[TABLE_KIND_SHOAL] > full->count[TABLE_KIND_MAIN];
    const uint16_t *list = list_in(full, kind);
    struct contact *worst = &t->pool[list[0]];
    for (unsigned i = 1; i < full->count[kind]; i++)
        if (t->pool[list[i]].fails > worst->fails || t->pool[list[i]].seen_s < worst->seen_s)
            worst = &t->pool[list[i]];
    return worst;
}

static void measure(struct contact *c, uint64_t rtt_us)
{
    const uint64_t ms = rtt_us / 1000 + 1;
    const uint16_t rtt = ms < UINT16_MAX ? (uint16_t)ms : UINT16_MAX;
    if (c->rtt_ms == 0) {
        c->rtt_ms = rtt;
        c->vary_ms = rtt / 2;
        return;
    }
    const int off = (int)rtt - (int)c->rtt_ms;
    c->vary_ms = (uint16_t)((3 * (int)c->vary_ms + (off < 0 ? -off : off)) / 4);
    c->rtt_ms = (uint16_t)((int)c->rtt_ms + off / 8);
}

// An unused contact for `bucket`, or NULL.
static struct contact *room_for(struct table *t, unsigned bucket)
{
    if (t->vacant_count == 0) {
        struct contact *out = victim(t, bucket);
        if (out == NULL)
            return NULL;
        drop(t, out);
    }
    return &t->pool[t->vacant[--t->vacant_count]];
}

static bool keep_spare(struct table *t, const struct contact *newcomer)
{
    const unsigned bucket = bucket_of(t, &newcomer->id);
    struct table_bucket *b = &t->bucket[bucket];
    if (b->count[TABLE_KIND_SPARE] < TABLE_SPARE && t->vacant_count > 0) {
        struct contact *c = &t->pool[t->vacant[--t->vacant_count]];
        *c = *newcomer;
        link_contact(t, c, TABLE_KIND_SPARE);
        return true;
    }
    struct contact *oldest = NULL;
    for (unsigned i = 0; i < b->count[TABLE_KIND_SPARE]; i++) {
        struct contact *c = &t->pool[b->spare[i]];
        if (oldest == NULL || c->seen_s < oldest->seen_s)
            oldest = c;
    }
    if (oldest == NULL)
        return false;
    *oldest = *newcomer;
    oldest->kind = TABLE_KIND_SPARE;
    return true;
}

static bool take_in(struct table *t, const struct contact *newcomer)
{
    const unsigned bucket = bucket_of(t, &newcomer->id);
    const enum table_kind kind = newcomer->is_shoal ? TABLE_KIND_SHOAL : TABLE_KIND_MAIN;
    if (t->bucket[bucket].count[kind] == places_of[kind]) {
        struct contact *worst = worst_of(t, bucket, kind, newcomer->is_fit);
        if (worst == NULL)
            return keep_spare(t, newcomer);
        unlink_contact(t, worst); // not by drop: no spare shall have the place
        *worst = *newcomer;
        link_contact(t, worst, kind);
        return true;
    }
    struct contact *c = room_for(t, bucket);
    if (c == NULL)
        return false;
    *c = *newcomer;
    link_contact(t, c, kind);
    return true;
}

// Somebody at the same address under another id: its old self is gone.
static void drop_namesakes(struct table *t, const struct net_addr *addr)
{
    for (uint32_t i = 0; i < t->places; i++)
        if (t->pool[i].is_used && net_addr_equal(&t->pool[i].addr, addr))
            drop(t, &t->pool[i]);
}

bool table_answered(struct table *t, const struct table_answer *a, uint32_t now_s)
{
    struct contact *c = find(t, a->id);
    if (c != NULL && !net_addr_equal(&c->addr, &a->addr[0])) {
        if (c->fails == 0)
            return false; // the one we know is well: an id is no reason to believe another
        drop(t, c);
        c = NULL;
    }
    if (c != NULL) {
        measure(c, a->rtt_us);
        c->fails = 0;
        c->seen_s = now_s;
        if (c->is_shoal == a->is_shoal)
            return true;
        drop(t, c); // another program now: it belongs into the other list
    }
    if (dht_id_equal(a->id, &t->own))
        return false;
    drop_namesakes(t, a->addr);
    if (is_crowded(t, a->id, a->addr))
        return false;
    struct contact newcomer = {.id = *a->id,
                               .addr = *a->addr,
                               .is_shoal = a->is_shoal,
                               .is_fit = dht_id_fits(a->id, a->addr),
                               .is_used = true,
                               .seen_s = now_s,
                               .asked_s = now_s};
    measure(&newcomer, a->rtt_us);
    return take_in(t, &newcomer);
}

void table_heard(struct table *t, const struct dht_id *id, const struct net_addr *addr,
                 uint32_t now_s)
{
    struct contact *c = find(t, id);
    if (c == NULL || !net_addr_equal(&c->addr, addr))
        return;
    c->seen_s = now_s;
}

void table_failed(struct table *t, const struct dht_id *id, const struct net_addr *addr,
                  bool is_online)
{
    struct contact *c = find(t, id);
    if (c == NULL || !net_addr_equal(&c->addr, addr))
        return;
    if (c->fails < UINT8_MAX)
        c->fails++;
    if (c->fails >= TABLE_BAD_FAILS && is_online)
        drop(t, c);
}

void table_asked(struct table *t, const struct contact *c, uint32_t now_s)
{
    t->pool[place_of(t, c)].asked_s = now_s;
}

void table_move(struct table *t, const struct dht_id *own)
{
    memset(t->bucket, 0, TABLE_BUCKETS * sizeof *t->bucket);
    t->filled = 0;
    t->own = *own;
    for (uint32_t i = 0; i < t->places; i++) {
        struct contact *c = &t->pool[i];
        if (!c->is_used)
            continue;
        const enum table_kind kind = c->is_shoal ? TABLE_KIND_SHOAL : TABLE_KIND_MAIN;
        struct table_bucket *b = &t->bucket[bucket_of(t, &c->id)];
        if (dht_id_equal(&c->id, own) ||
            (b->count[kind] == places_of[kind] && b->count[TABLE_KIND_SPARE] == TABLE_SPARE)) {
            c->is_used = false;
            t->vacant[t->vacant_count++] = (uint16_t)i;
            continue;
        }
        link_contact(t, c, b->count[kind] < places_of[kind] ? kind : TABLE_KIND_SPARE);
    }
}

// ---- Asking

struct pick { // the nearest so far
    const struct contact **out;
    uint64_t *distance;
    size_t count;
    size_t max;
    const struct dht_id *target;
};

// One into the part from `from`, which is in order.
static void pick_one(struct pick *p, size_t from, const struct contact *c, uint64_t distance)
{
    size_t at = p->count;
    while (at > from && (distance < p->distance[at - 1] ||
                         (distance == p->distance[at - 1] &&
                          dht_id_closer(p->target, &c->id, &p->out[at - 1]->id) < 0)))
        at--;
    if (at == p->max)
        return;
    const size_t last = p->count < p->max ? p->count : p->max - 1;
    memmove(&p->out[at + 1], &p->out[at], (last - at) * sizeof(const struct contact *));
    memmove(&p->distance[at + 1], &p->distance[at], (last - at) * sizeof *p->distance);
    p->out[at] = c;
    p->distance[at] = distance;
    p->count = last + 1;
}

static void pick_bucket(struct pick *p, const struct table *t, unsigned bucket, bool is_shoal)
{
    const struct table_bucket *b = &t->bucket[bucket];
    const size_t from = p->count;
    const uint64_t target = head(p->target);
    for (unsigned kind = is_shoal ? TABLE_KIND_SHOAL : TABLE_KIND_MAIN; kind <= TABLE_KIND_SHOAL;
         kind++) {
        const uint16_t *list = list_in(b, kind);
        for (unsigned i = 0; i < b->count[kind]; i++) {
            const struct contact *c = &t->pool[list[i]];
            if (c->fails == 0)
                pick_one(p, from, c, head(&c->id) ^ target);
        }
    }
}

#define NEAREST_MAX 64u

size_t table_nearest(const struct table *t, const struct dht_id *target, bool is_shoal,
                     const struct contact **out, size_t max)
{
    uint64_t distance[NEAREST_MAX];
    struct pick p = {out, distance, 0, max < NEAREST_MAX ? max : NEAREST_MAX, target};
    if (p.max == 0)
        return 0;
    // Where target differs from us in bit b, bucket b is nearer to it than all beyond b together;
    // where it does not, farther. The last bucket's bit is the lowest: it stands in between.
    const uint32_t differs = (uint32_t)((head(&t->own) ^ head(target)) >> 32);
    for (uint32_t left = differs & t->filled; left != 0 && p.count < p.max;) {
        const unsigned bucket = (unsigned)__builtin_clz(left);
        left &= ~BIT(bucket);
        pick_bucket(&p, t, bucket, is_shoal);
    }
    for (uint32_t left = ~differs & t->filled; left != 0 && p.count < p.max;) {
        const unsigned bucket = 31 - (unsigned)__builtin_ctz(left);
        left &= ~BIT(bucket);
        pick_bucket(&p, t, bucket, is_shoal);
    }
    return p.count;
}

const struct contact *table_stalest(const struct table *t, uint32_t fresh_s, uint32_t retry_s,
                                    uint32_t now_s)
{
    const struct contact *stalest = NULL;
    for (uint32_t i = 0; i < t->places; i++) {
        const struct contact *c = &t->pool[i];
        if (!c->is_used || c->kind == TABLE_KIND_SPARE)
            continue;
        const bool is_due =
            (c->fails > 0 || now_s - c->seen_s >= fresh_s) && now_s - c->asked_s >= retry_s;
        // One that failed once is not handed out: better to know soon.
        if (is_due && (stalest == NULL || c->fails > stalest->fails ||
                       (c->fails == stalest->fails && c->seen_s < stalest->seen_s)))
            stalest = c;
    }
    return stalest;
}

const struct contact *table_next(const struct table *t, size_t *at)
{
    while (*at < t->places) {
        const struct contact *c = &t->pool[(*at)++];
        if (c->is_used)
            return c;
    }
    return NULL;
}

bool table_poor(const struct table *t, unsigned *bits)
{
    // Beyond the deepest bucket that is full there may be nobody to find.
    unsigned deepest = 0;
    for (unsigned i = 0; i < TABLE_BUCKETS; i++)
        if (t->bucket[i].count[TABLE_KIND_MAIN] + t->bucket[i].count[TABLE_KIND_SHOAL] >=
            TABLE_MAIN)
            deepest = i + 1;
    for (unsigned i = *bits; i < deepest && i < LAST; i++) {
        const struct table_bucket *b = &t->bucket[i];
        if (b->count[TABLE_KIND_MAIN] + b->count[TABLE_KIND_SHOAL] < TABLE_MAIN) {
            *bits = i;
            return true;
        }
    }
    return false;
}

uint32_t table_count(const struct table *t)
{
    uint32_t count = 0;
    for (unsigned i = 0; i < TABLE_BUCKETS; i++)
        count +=
            t->bucket[i].count[TABLE_KIND_MAIN] + (uint32_t)t->bucket[i].count[TABLE_KIND_SHOAL];
    return count;
}

double table_network_size(const struct table *t, bool is_shoal)
{
    // Those nearest to us are all in the table: the buckets they are in are never full.
    const struct contact *near[TABLE_SHOAL];
    const size_t max = is_shoal ? NETWORK_NEAR_SHOAL : NETWORK_NEAR;
    const size_t count = table_nearest(t, &t->own, is_shoal, near, max);
    if (count < max)
        return (double)count;
    const uint64_t distance = head(&near[count - 1]->id) ^ head(&t->own);
    return (double)count * 18446744073709551616.0 / ((double)distance + 1);
}

void table_check(const struct table *t)
{
    uint32_t linked = 0;
    uint32_t used = 0;
    for (unsigned i = 0; i < TABLE_BUCKETS; i++) {
        const struct table_bucket *b = &t->bucket[i];
        for (unsigned kind = 0; kind < TABLE_KINDS; kind++) {
            assert(b->count[kind] <= places_of[kind]);
            for (unsigned j = 0; j < b->count[kind]; j++) {
                const struct contact *c = &t->pool[list_in(b, kind)[j]];
                assert(c->is_used && c->kind == kind && bucket_of(t, &c->id) == i);
                linked++;
            }
        }
        const bool is_filled = b->count[TABLE_KIND_MAIN] + b->count[TABLE_KIND_SHOAL] > 0;
        assert(is_filled == ((t->filled & BIT(i)) != 0));
    }
    for (uint32_t i = 0; i < t->places; i++)
        used += t->pool[i].is_used;
    assert(used == linked && used + t->vacant_count == t->places);
}
