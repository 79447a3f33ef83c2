// SPDX-License-Identifier: MIT
// Pool against a naive twin: the same things, the same evictions, the same refusals.
#include "dht/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/num.h"
#include "base/rng.h"
#include "base/seed_test.h"

#define PLACES  24u
#define BYTES   (40u * POOL_PIECE_BYTES)
#define OWNERS  12u
#define KEYS    7u
#define KEY     20u
#define LEN_MAX 400u

struct twin_thing {
    bool is_there;
    uint8_t name[POOL_NAME_BYTES];
    uint64_t owner;
    uint8_t contents[LEN_MAX];
    size_t len;
    uint32_t expires_s;
    uint64_t turn; // of the last renewal
};

struct twin {
    struct twin_thing thing[PLACES];
    uint64_t turn;
};

struct world {
    struct arena *arena;
    struct pool pool;
    struct twin twin;
    struct rng dice;
};

static size_t pieces_of(size_t len)
{
    return (len + POOL_PIECE_BYTES - 1) / POOL_PIECE_BYTES;
}

// An empty pool in which no two of the owners share a count: they are told apart by a keyed hash.
static void begin(struct world *w, uint64_t seed)
{
    *w = (struct world){.dice = rng_seeded(seed)};
    for (bool is_good = false; !is_good;) {
        struct pool_cfg cfg = {.places = PLACES, .bytes = BYTES, .key_bytes = KEY};
        for (size_t i = 0; i < sizeof cfg.secret; i++)
            cfg.secret[i] = (uint8_t)rng_u64(&w->dice);
        arena_free(w->arena);
        w->arena = arena_new(1u << 20);
        assert_non_null(w->arena);
        void *memory = arena_take(w->arena, pool_bytes(&cfg));
        assert_non_null(memory);
        pool_init(&w->pool, &cfg, memory);
        is_good = true;
        for (uint64_t a = 0; a < OWNERS; a++) {
            for (uint64_t b = 0; b < a; b++)
                is_good = is_good && pool_owner(&w->pool, a) != pool_owner(&w->pool, b);
        }
    }
}

static struct twin_thing *twin_find(struct twin *t, const uint8_t *name)
{
    for (unsigned i = 0; i < PLACES; i++)
        if (t->thing[i].is_there && memcmp(t->thing[i].name, name, POOL_NAME_BYTES) == 0)
            return &t->thing[i];
    return NULL;
}

static size_t twin_pieces(const struct twin *t, const uint64_t *owner,
                          const struct twin_thing *without, size_t *count)
{
    size_t pieces = 0;
    *count = 0;
    for (unsigned i = 0; i < PLACES; i++) {
        const struct twin_thing *x = &t->thing[i];
        if (!x->is_there || x == without || (owner != NULL && x->owner != *owner))
            continue;
        pieces += pieces_of(x->len);
        (*count)++;
    }
    return pieces;
}

static bool twin_may(const struct twin *t, uint64_t owner, const struct twin_thing *had, size_t len)
{
    size_t count;
    const size_t others = twin_pieces(t, &owner, had, &count);
    if (pieces_of(len) > BYTES / POOL_PIECE_BYTES)
        return false;
    return count == 0 || (count < PLACES / POOL_SHARES &&
                          others + pieces_of(len) <= BYTES / POOL_PIECE_BYTES / POOL_SHARES);
}

static void twin_evict(struct twin *t, const struct twin_thing *but)
{
    struct twin_thing *oldest = NULL;
    for (unsigned i = 0; i < PLACES; i++) {
        struct twin_thing *x = &t->thing[i];
        if (x->is_there && x != but && (oldest == NULL || x->turn < oldest->turn))
            oldest = x;
    }
    if (oldest == NULL)
        fail_msg("nothing to evict");
    else
        oldest->is_there = false;
}

static void twin_write(struct twin *t, struct twin_thing *x, struct bytes contents, uint32_t end)
{
    size_t count;
    x->is_there = true;
    x->len = 0;
    while (twin_pieces(t, NULL, x, &count) + pieces_of(contents.len) > BYTES / POOL_PIECE_BYTES)
        twin_evict(t, x);
    memcpy(x->contents, contents.at, contents.len);
    x->len = contents.len;
    x->expires_s = end;
    x->turn = ++t->turn;
}

static struct twin_thing *twin_place(struct twin *t)
{
    for (;;) {
        for (unsigned i = 0; i < PLACES; i++)
            if (!t->thing[i].is_there)
                return &t->thing[i];
        twin_evict(t, NULL);
    }
}

static uint32_t find(const struct pool *p, const uint8_t *name)
{
    struct pool_walk w = pool_walk(p, name);
    uint32_t i;
    while ((i = pool_next(p, &w)) != POOL_NONE)
        if (memcmp(pool_at(p, i)->name, name, POOL_NAME_BYTES) == 0)
            return i;
    return POOL_NONE;
}

static void put_over(struct world *w, uint32_t i, struct twin_thing *x, struct bytes contents,
                     uint32_t end)
{
    const bool may = twin_may(&w->twin, x->owner, x, contents.len);
    assert_true(pool_replace(&w->pool, i, contents, end) == may);
    if (may)
        twin_write(&w->twin, x, contents, end);
}

static void put_new(struct world *w, const uint8_t *name, uint64_t owner, struct bytes contents,
                    uint32_t end)
{
    const bool may = twin_may(&w->twin, owner, NULL, contents.len);
    assert_true(pool_has_share(&w->pool, owner, contents.len) == may);
    assert_true((pool_add(&w->pool, name, owner, contents, end) != POOL_NONE) == may);
    if (!may)
        return;
    struct twin_thing *x = twin_place(&w->twin);
    memcpy(x->name, name, sizeof x->name);
    x->owner = owner;
    twin_write(&w->twin, x, contents, end);
}

static void put(struct world *w, const uint8_t *name, uint64_t owner, struct bytes contents,
                uint32_t end)
{
    const uint32_t i = find(&w->pool, name);
    struct twin_thing *x = twin_find(&w->twin, name);
    assert_true((i == POOL_NONE) == (x == NULL));
    if (x != NULL)
        put_over(w, i, x, contents, end);
    else
        put_new(w, name, owner, contents, end);
}

static void renew_or_drop(struct world *w, const uint8_t *name, bool is_drop, uint32_t end)
{
    const uint32_t i = find(&w->pool, name);
    struct twin_thing *x = twin_find(&w->twin, name);
    assert_true((i == POOL_NONE) == (x == NULL));
    if (x == NULL)
        return;
    if (is_drop) {
        pool_drop(&w->pool, i);
        x->is_there = false;
    } else {
        pool_renew(&w->pool, i, end);
        x->expires_s = end;
        x->turn = ++w->twin.turn;
    }
}

static void sweep(struct world *w, uint32_t now_s)
{
    pool_sweep(&w->pool, PLACES, now_s);
    for (unsigned i = 0; i < PLACES; i++)
        w->twin.thing[i].is_there = w->twin.thing[i].is_there && w->twin.thing[i].expires_s > now_s;
}

static void compare(struct world *w)
{
    size_t count;
    (void)twin_pieces(&w->twin, NULL, NULL, &count);
    assert_int_equal(w->pool.count, count);
    for (unsigned k = 0; k < PLACES; k++) {
        const struct twin_thing *x = &w->twin.thing[k];
        if (!x->is_there)
            continue;
        const uint32_t i = find(&w->pool, x->name);
        assert_true(i != POOL_NONE);
        uint8_t room[LEN_MAX];
        struct buffer b = buffer_of(room, sizeof room);
        pool_read(&w->pool, i, &b);
        assert_true(bytes_equal(buffer_bytes(&b), bytes_of(x->contents, x->len)));
        assert_true(pool_at(&w->pool, i)->expires_s == x->expires_s);
        assert_true(pool_at(&w->pool, i)->owner == pool_owner(&w->pool, x->owner));
    }
    pool_check(&w->pool);
}

static void sampled(struct world *w)
{
    uint8_t room[2 * KEYS * KEY];
    struct buffer keys = buffer_of(room, sizeof room);
    uint32_t bucket = (uint32_t)rng_u64(&w->dice);
    bool seen[KEYS] = {false};
    pool_sample(&w->pool, &bucket, &keys);
    assert_int_equal(keys.len, w->pool.keys * KEY);
    for (size_t at = 0; at < keys.len; at += KEY) {
        assert_false(seen[room[at]]);
        seen[room[at]] = true;
    }
    keys = buffer_of(room, 2 * KEY + 3);
    pool_sample(&w->pool, &bucket, &keys);
    assert_true(!keys.is_full && keys.len == num_min(w->pool.keys, 2) * KEY);
}

static void step(struct world *w)
{
    uint8_t name[POOL_NAME_BYTES] = {(uint8_t)rng_below(&w->dice, KEYS)};
    uint8_t contents[LEN_MAX];
    name[KEY] = (uint8_t)rng_below(&w->dice, 8);
    memset(contents, (int)rng_below(&w->dice, 256), sizeof contents);
    const size_t len = (size_t)rng_below(&w->dice, 1 + rng_below(&w->dice, LEN_MAX));
    const uint32_t end = (uint32_t)rng_below(&w->dice, 1000);
    switch (rng_below(&w->dice, 12)) {
    case 0:
    case 1:
        renew_or_drop(w, name, rng_below(&w->dice, 2) == 0, end);
        break;
    case 2: {
        const uint32_t i = find(&w->pool, name);
        if (i != POOL_NONE)
            pool_turn(&w->pool, i);
        break;
    }
    case 3:
        if (rng_below(&w->dice, 8) == 0)
            sweep(w, (uint32_t)rng_below(&w->dice, 1000));
        break;
    default:
        put(w, name, rng_below(&w->dice, OWNERS), bytes_of(contents, len), end);
        break;
    }
}

static void as_its_twin(void **state)
{
    (void)state;
    struct world w;
    const uint64_t seed = test_seed();
    uint64_t evicted = 0;
    for (unsigned run = 0; run < 20; run++) {
        begin(&w, seed + run);
        for (unsigned i = 0; i < 1500; i++) {
            step(&w);
            compare(&w);
            if (i % 10 == 0)
                sampled(&w);
        }
        evicted += w.pool.evicted;
        arena_free(w.arena);
    }
    assert_true(evicted > 1000);
}

static void a_full_pool_of_one_kind(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 7);
    for (unsigned i = 0; i < 3 * PLACES; i++) { // many owners: the oldest go
        const uint8_t name[POOL_NAME_BYTES] = {(uint8_t)i};
        assert_true(pool_add(&w.pool, name, 1000 + i, bytes_text("x"), 10) != POOL_NONE ||
                    w.pool.count > PLACES / 2); // some hash alike
    }
    assert_int_equal(w.pool.count, PLACES);
    arena_free(w.arena);
    begin(&w, 8);
    for (unsigned i = 0; i < 3 * PLACES; i++) { // one owner: never more than its share
        const uint8_t name[POOL_NAME_BYTES] = {(uint8_t)i};
        assert_true((pool_add(&w.pool, name, 1, bytes_text("x"), 10) != POOL_NONE) ==
                    (i < PLACES / POOL_SHARES));
    }
    assert_int_equal(w.pool.evicted, 0);
    const struct pool_cfg bad[] = {{.places = 0, .key_bytes = KEY},
                                   {.places = POOL_PLACES_MAX + 1, .key_bytes = KEY},
                                   {.places = 1, .key_bytes = 0},
                                   {.places = 1, .key_bytes = POOL_NAME_BYTES + 1}};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pool_bytes(&bad[i]), 0);
    arena_free(w.arena);
}

static void turns(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 9);
    for (unsigned i = 0; i < 6; i++) {
        const uint8_t name[POOL_NAME_BYTES] = {1, [KEY] = (uint8_t)i};
        assert_true(pool_add(&w.pool, name, i, bytes_text(""), 10) != POOL_NONE);
    }
    unsigned seen[6] = {0};
    for (unsigned turn = 0; turn < 9; turn++) { // two at a time, so three times around
        const uint8_t key[KEY] = {1};
        struct pool_walk walk = pool_walk(&w.pool, key);
        uint32_t i = POOL_NONE;
        for (unsigned n = 0; n < 2; n++) {
            i = pool_next(&w.pool, &walk);
            seen[pool_at(&w.pool, i)->name[KEY]]++;
        }
        pool_turn(&w.pool, i);
    }
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(seen[i], 3);
    arena_free(w.arena);
}

// A large pool costs what is in it: nothing is written to memory before it is used.
static void test_unused_memory_is_not_touched(void **state)
{
    (void)state;
    const struct pool_cfg cfg = {.places = 4096, .bytes = 1u << 18, .key_bytes = KEY};
    struct arena *arena = arena_new(1u << 20);
    const size_t len = pool_bytes(&cfg);
    uint8_t *memory = arena_take(arena, len);
    uint8_t contents[200];
    struct pool p;
    assert_non_null(memory);
    pool_init(&p, &cfg, memory);
    memset(contents, 1, sizeof contents);
    for (uint8_t i = 0; i < 4; i++) {
        const uint8_t name[POOL_NAME_BYTES] = {i};
        const uint32_t at = pool_add(&p, name, i, bytes_of(contents, sizeof contents), 10);
        assert_int_not_equal(at, POOL_NONE);
        if (i == 1)
            pool_drop(&p, at); // its place and pieces are used again
    }
    size_t written = 0;
    for (size_t i = 0; i < len; i++)
        written += memory[i] != 0;
    assert_true(written > 0 && written < 2000);
    pool_sweep(&p, cfg.places, 20);
    assert_int_equal(p.count, 0);
    pool_check(&p);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_its_twin),
        cmocka_unit_test(a_full_pool_of_one_kind),
        cmocka_unit_test(turns),
        cmocka_unit_test(test_unused_memory_is_not_touched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
