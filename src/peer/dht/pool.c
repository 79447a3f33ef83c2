// SPDX-License-Identifier: MIT
// Pool: things under keys, bounded, in order of age, of which no owner has more than its share.
//
// Each bucket is a ring of the things whose keys hash to it; those of one key are neighbours in
// it, so that a look at two neighbours tells whether a key is gone with its last thing.
#include "dht/pool.h"

#include <assert.h>
#include <string.h>

#include "base/num.h"

struct pool_piece {
    uint32_t next;
    uint8_t b[POOL_PIECE_BYTES];
};

struct pool_owner {
    uint32_t places, pieces;
};

static_assert(sizeof(struct pool_piece) == 64, "a line of cache each");
static_assert(_Alignof(struct pool_thing) == _Alignof(uint32_t), "all parts align alike");

static uint32_t pieces_of(size_t bytes)
{
    return (uint32_t)num_div_ceil(bytes, POOL_PIECE_BYTES);
}

static uint32_t buckets_of(const struct pool_cfg *cfg)
{
    uint32_t n = 1;
    while (n < cfg->places)
        n *= 2;
    return n;
}

size_t pool_bytes(const struct pool_cfg *cfg)
{
    if (cfg->places == 0 || cfg->places > POOL_PLACES_MAX || cfg->key_bytes == 0 ||
        cfg->key_bytes > POOL_NAME_BYTES)
        return 0;
    const size_t buckets = buckets_of(cfg);
    return cfg->places * sizeof(struct pool_thing) +
           pieces_of(cfg->bytes) * sizeof(struct pool_piece) +
           2 * buckets * sizeof(struct pool_owner) + buckets * sizeof(uint32_t);
}

void pool_init(struct pool *p, const struct pool_cfg *cfg, void *memory)
{
    const uint32_t buckets = buckets_of(cfg);
    char *at = memory;
    *p = (struct pool){.cfg = *cfg,
                       .mask = buckets - 1,
                       .pieces = pieces_of(cfg->bytes),
                       .free_thing = POOL_NONE,
                       .free_piece = POOL_NONE,
                       .oldest = POOL_NONE,
                       .newest = POOL_NONE};
    p->thing = (void *)at;
    at += cfg->places * sizeof *p->thing;
    p->piece = (void *)at;
    at += p->pieces * sizeof *p->piece;
    p->owner = (void *)at;
    at += 2 * (size_t)buckets * sizeof *p->owner;
    p->bucket = (void *)at;
    assert((size_t)(at - (char *)memory) + buckets * sizeof *p->bucket == pool_bytes(cfg));
    p->free_pieces = p->pieces;
}

const struct pool_thing *pool_at(const struct pool *p, uint32_t i)
{
    assert(i < p->fresh_thing);
    assert(p->thing[i].owner != POOL_NONE);
    return &p->thing[i];
}

static uint32_t *bucket_of(const struct pool *p, const uint8_t *key)
{
    return &p->bucket[sip_hash(p->cfg.secret, bytes_of(key, p->cfg.key_bytes)) & p->mask];
}

static uint32_t first_of(const uint32_t *bucket)
{
    return *bucket > 0 ? *bucket - 1 : POOL_NONE;
}

static void set_first(uint32_t *bucket, uint32_t i)
{
    *bucket = i != POOL_NONE ? i + 1 : 0;
}

uint32_t pool_owner(const struct pool *p, uint64_t owner)
{
    uint8_t text[8];
    struct buffer b = buffer_of(text, sizeof text);
    buffer_u64(&b, owner);
    return (uint32_t)(sip_hash(p->cfg.secret, buffer_bytes(&b)) & (2 * (uint64_t)p->mask + 1));
}

static bool has_key(const struct pool *p, uint32_t i, const uint8_t *key)
{
    return memcmp(p->thing[i].name, key, p->cfg.key_bytes) == 0;
}

// ---- Contents

// One that is free; the caller knows that there is.
static uint32_t take_piece(struct pool *p)
{
    const uint32_t i = p->free_piece;
    if (i == POOL_NONE) {
        assert(p->fresh_piece < p->pieces);
        return p->fresh_piece++;
    }
    p->free_piece = p->piece[i].next;
    return i;
}

static void write_pieces(struct pool *p, struct pool_thing *t, struct bytes contents)
{
    uint32_t *link = &t->piece;
    assert(pieces_of(contents.len) <= p->free_pieces);
    for (size_t at = 0; at < contents.len; at += POOL_PIECE_BYTES) {
        const struct bytes part = bytes_part(contents, at, POOL_PIECE_BYTES);
        *link = take_piece(p);
        struct pool_piece *piece = &p->piece[*link];
        memcpy(piece->b, part.at, part.len);
        link = &piece->next;
    }
    *link = POOL_NONE;
    t->len = (uint16_t)contents.len;
    p->free_pieces -= pieces_of(t->len);
    p->owner[t->owner].pieces += pieces_of(t->len);
}

static void free_pieces(struct pool *p, struct pool_thing *t)
{
    p->free_pieces += pieces_of(t->len);
    p->owner[t->owner].pieces -= pieces_of(t->len);
    t->len = 0;
    while (t->piece != POOL_NONE) {
        struct pool_piece *piece = &p->piece[t->piece];
        const uint32_t next = piece->next;
        piece->next = p->free_piece;
        p->free_piece = t->piece;
        t->piece = next;
    }
}

void pool_read(const struct pool *p, uint32_t i, struct buffer *b)
{
    const struct pool_thing *t = pool_at(p, i);
    size_t left = t->len;
    for (uint32_t at = t->piece; at != POOL_NONE; at = p->piece[at].next) {
        const size_t len = left < POOL_PIECE_BYTES ? left : POOL_PIECE_BYTES;
        buffer_put(b, bytes_of(p->piece[at].b, len));
        left -= len;
    }
    assert(left == 0);
}

// ---- Rings and age

static void link_ring(struct pool *p, uint32_t i, uint32_t *bucket)
{
    struct pool_thing *t = &p->thing[i];
    const uint32_t first = first_of(bucket);
    if (first == POOL_NONE) {
        t->next = t->prev = i;
        set_first(bucket, i);
        p->keys++;
        return;
    }
    struct pool_walk w = pool_walk(p, t->name);
    uint32_t before = pool_next(p, &w);
    if (before == POOL_NONE) { // the first of its key: between two others
        p->keys++;
        before = first;
        while (p->thing[before].next != first &&
               has_key(p, p->thing[before].next, p->thing[before].name))
            before = p->thing[before].next;
    }
    t->prev = before;
    t->next = p->thing[before].next;
    p->thing[t->next].prev = i;
    p->thing[before].next = i;
}

static void unlink_ring(struct pool *p, uint32_t i)
{
    struct pool_thing *t = &p->thing[i];
    uint32_t *bucket = bucket_of(p, t->name);
    const bool is_alone = t->next == i;
    if (is_alone || !(has_key(p, t->next, t->name) || has_key(p, t->prev, t->name)))
        p->keys--;
    if (first_of(bucket) == i)
        set_first(bucket, is_alone ? POOL_NONE : t->next);
    p->thing[t->next].prev = t->prev;
    p->thing[t->prev].next = t->next;
}

static void link_age(struct pool *p, uint32_t i)
{
    struct pool_thing *t = &p->thing[i];
    t->older = p->newest;
    t->newer = POOL_NONE;
    if (p->newest != POOL_NONE)
        p->thing[p->newest].newer = i;
    else
        p->oldest = i;
    p->newest = i;
}

static void unlink_age(struct pool *p, uint32_t i)
{
    const struct pool_thing *t = &p->thing[i];
    *(t->older != POOL_NONE ? &p->thing[t->older].newer : &p->oldest) = t->newer;
    *(t->newer != POOL_NONE ? &p->thing[t->newer].older : &p->newest) = t->older;
}

struct pool_walk pool_walk(const struct pool *p, const uint8_t *key)
{
    const uint32_t first = first_of(bucket_of(p, key));
    return (struct pool_walk){.key = key, .at = first, .first = first};
}

uint32_t pool_next(const struct pool *p, struct pool_walk *w)
{
    while (w->at != POOL_NONE) {
        const uint32_t i = w->at;
        w->at = p->thing[i].next != w->first ? p->thing[i].next : POOL_NONE;
        if (has_key(p, i, w->key))
            return i;
    }
    return POOL_NONE;
}

void pool_turn(struct pool *p, uint32_t i)
{
    set_first(bucket_of(p, pool_at(p, i)->name), p->thing[i].next);
}

// ---- Add and drop

// May the owner have another thing (or this one, instead of what it has) of so many pieces?
static bool has_share(const struct pool *p, uint32_t owner, uint32_t had, uint32_t pieces)
{
    const struct pool_owner *o = &p->owner[owner];
    const uint32_t places = o->places - (had != POOL_NONE);
    const uint32_t others = o->pieces - (had != POOL_NONE ? pieces_of(p->thing[had].len) : 0);
    if (pieces > p->pieces)
        return false;
    return places == 0 || (places < num_max(p->cfg.places / POOL_SHARES, 2) &&
                           others + pieces <= p->pieces / POOL_SHARES);
}

bool pool_has_share(const struct pool *p, uint64_t owner, size_t bytes)
{
    return bytes <= POOL_CONTENTS_MAX &&
           has_share(p, pool_owner(p, owner), POOL_NONE, pieces_of(bytes));
}

static void evict(struct pool *p)
{
    assert(p->count > 0);
    p->evicted++;
    pool_drop(p, p->oldest);
}

static uint32_t take_thing(struct pool *p)
{
    const uint32_t i = p->free_thing;
    if (i == POOL_NONE) {
        assert(p->fresh_thing < p->cfg.places);
        return p->fresh_thing++;
    }
    assert(p->thing[i].owner == POOL_NONE);
    p->free_thing = p->thing[i].next;
    return i;
}

uint32_t pool_add(struct pool *p, const uint8_t *name, uint64_t owner, struct bytes contents,
                  uint32_t expires_s)
{
    const uint32_t who = pool_owner(p, owner);
    if (contents.len > POOL_CONTENTS_MAX || !has_share(p, who, POOL_NONE, pieces_of(contents.len)))
        return POOL_NONE;
    while (p->count == p->cfg.places || p->free_pieces < pieces_of(contents.len))
        evict(p);
    const uint32_t i = take_thing(p);
    struct pool_thing *t = &p->thing[i];
    memcpy(t->name, name, POOL_NAME_BYTES);
    t->owner = who;
    t->expires_s = expires_s;
    t->note = 0;
    link_ring(p, i, bucket_of(p, name));
    link_age(p, i);
    write_pieces(p, t, contents);
    p->owner[who].places++;
    p->count++;
    return i;
}

bool pool_replace(struct pool *p, uint32_t i, struct bytes contents, uint32_t expires_s)
{
    const uint32_t owner = pool_at(p, i)->owner;
    struct pool_thing *t = &p->thing[i];
    if (contents.len > POOL_CONTENTS_MAX || !has_share(p, owner, i, pieces_of(contents.len)))
        return false;
    pool_renew(p, i, expires_s); // the newest: it is not what goes
    free_pieces(p, t);
    while (p->free_pieces < pieces_of(contents.len))
        evict(p);
    write_pieces(p, t, contents);
    return true;
}

void pool_renew(struct pool *p, uint32_t i, uint32_t expires_s)
{
    assert(pool_at(p, i) == &p->thing[i]);
    p->thing[i].expires_s = expires_s;
    unlink_age(p, i);
    link_age(p, i);
}

void pool_drop(struct pool *p, uint32_t i)
{
    struct pool_thing *t = &p->thing[i];
    assert(t->owner != POOL_NONE && p->owner[t->owner].places > 0);
    assert(p->count > 0);
    unlink_ring(p, i);
    unlink_age(p, i);
    free_pieces(p, t);
    p->owner[t->owner].places--;
    p->count--;
    t->owner = POOL_NONE;
    t->next = p->free_thing;
    p->free_thing = i;
}

void pool_note(struct pool *p, uint32_t i, uint16_t note)
{
    assert(i < p->fresh_thing);
    p->thing[i].note = note;
}

void pool_sweep(struct pool *p, uint32_t count, uint32_t now_s)
{
    for (uint32_t n = count < p->cfg.places ? count : p->cfg.places; n > 0; n--) {
        const struct pool_thing *t = &p->thing[p->hand];
        if (p->hand < p->fresh_thing && t->owner != POOL_NONE && t->expires_s <= now_s)
            pool_drop(p, p->hand);
        p->hand = p->hand + 1 < p->cfg.places ? p->hand + 1 : 0;
    }
}

// The keys of a ring, each once: a key begins where its left neighbour has another, and the one
// at which the ring is entered may have its beginning further on.
static void sample_ring(const struct pool *p, uint32_t first, struct buffer *keys)
{
    uint32_t i = first;
    do {
        const struct pool_thing *t = &p->thing[i];
        const bool is_again =
            i != first && (has_key(p, t->prev, t->name) || has_key(p, first, t->name));
        if (!is_again && keys->cap - keys->len >= p->cfg.key_bytes)
            buffer_put(keys, bytes_of(t->name, p->cfg.key_bytes));
        i = t->next;
    } while (i != first);
}

void pool_sample(const struct pool *p, uint32_t *bucket, struct buffer *keys)
{
    for (uint32_t n = 0; n <= p->mask && keys->cap - keys->len >= p->cfg.key_bytes; n++) {
        *bucket = (*bucket + 1) & p->mask;
        const uint32_t first = first_of(&p->bucket[*bucket]);
        if (first != POOL_NONE)
            sample_ring(p, first, keys);
    }
}

// ---- Check

static void check_thing(const struct pool *p, uint32_t i)
{
    const struct pool_thing *t = &p->thing[i];
    uint32_t pieces = 0;
    for (uint32_t at = t->piece; at != POOL_NONE; at = p->piece[at].next)
        pieces++;
    assert(pieces == pieces_of(t->len));
    assert(p->thing[t->next].prev == i && p->thing[t->prev].next == i);
    assert(t->newer == POOL_NONE ? p->newest == i : p->thing[t->newer].older == i);
    assert(t->older == POOL_NONE ? p->oldest == i : p->thing[t->older].newer == i);
    assert(t->owner <= 2 * p->mask + 1);
}

// All things of a ring belong there, and those of one key are neighbours. Returns its keys.
static uint32_t check_ring(const struct pool *p, uint32_t bucket, uint32_t *things)
{
    const uint32_t first = first_of(&p->bucket[bucket]);
    uint32_t changes = 0;
    uint32_t i = first;
    do {
        const struct pool_thing *t = &p->thing[i];
        assert(bucket_of(p, t->name) == &p->bucket[bucket]);
        changes += !has_key(p, t->next, t->name);
        (*things)++;
        i = t->next;
    } while (i != first);
    return changes > 0 ? changes : 1;
}

static void check_owners(const struct pool *p)
{
    uint32_t places = 0;
    uint32_t pieces = 0;
    const uint64_t share = num_max(p->cfg.places / POOL_SHARES, 2);
    for (uint32_t o = 0; o <= 2 * p->mask + 1; o++) {
        places += p->owner[o].places;
        pieces += p->owner[o].pieces;
        assert(p->owner[o].places <= share);
        assert(p->owner[o].places < 2 || p->owner[o].pieces <= p->pieces / POOL_SHARES);
    }
    assert(places == p->count && pieces == p->pieces - p->free_pieces);
}

void pool_check(const struct pool *p)
{
    uint32_t count = 0;
    uint32_t keys = 0;
    uint32_t aged = 0;
    assert(p->fresh_thing <= p->cfg.places && p->fresh_piece <= p->pieces);
    for (uint32_t i = 0; i < p->fresh_thing; i++)
        if (p->thing[i].owner != POOL_NONE)
            check_thing(p, i);
    for (uint32_t b = 0; b <= p->mask; b++)
        if (p->bucket[b] != 0)
            keys += check_ring(p, b, &count);
    for (uint32_t i = p->oldest; i != POOL_NONE; i = p->thing[i].newer)
        aged++;
    assert(count == p->count && aged == count && keys == p->keys);
    check_owners(p);
}
