// SPDX-License-Identifier: MIT
// Tests of kept results: what was asked comes back whole or not at all, and not for ever.
#include "compute/results.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/seed_test.h"
#include "compute/hand_test.h"

#define COUNT_MAX 2048u
#define LONG      (RESULTS_SHORT_BYTES + 1)
#define STORE     ((uint64_t)1 << 20)
#define CPU       100000u // long enough for a result of LONG bytes to be worth keeping
#define NOW       1000u
#define UNTIL     5000u

struct desk {
    struct arena *arena;
    struct budget budget;
    struct hand_store store;
    struct results results;
    uint8_t bytes[2 * LONG];
};

static void desk_open(struct desk *d, bool has_store)
{
    *d = (struct desk){.budget = {.limit_bytes = (size_t)64 << 20}};
    for (size_t i = 0; i < sizeof d->bytes; i++)
        d->bytes[i] = (uint8_t)(i * i >> 3);
    hand_store_open(&d->store, STORE);
    d->arena = arena_new((size_t)16 << 20);
    assert_non_null(d->arena);
    struct store *store = has_store ? d->store.store : NULL;
    assert_int_equal(results_init(&d->results, d->arena, &d->budget, store, COUNT_MAX, 1), RC_OK);
}

static void desk_close(struct desk *d)
{
    results_reset(&d->results);
    assert_int_equal(d->budget.used_bytes, 0);
    arena_free(d->arena);
    hand_store_close(&d->store);
}

static struct digest asked_of(uint32_t number)
{
    struct digest d = {{'a'}};
    memcpy(d.b + 1, &number, sizeof number);
    return d;
}

static struct result_cfg result_of(const struct desk *d, uint32_t number, size_t len)
{
    struct bytes bytes = bytes_of(d->bytes + number % LONG, len);
    return (struct result_cfg){.asked = asked_of(number),
                               .hash = hash_bytes(bytes),
                               .node = {{7}},
                               .name = "ann",
                               .cpu_us = CPU,
                               .wall_us = 2 * CPU,
                               .bytes = bytes,
                               .until_us = UNTIL};
}

// Is it there at now_us, with the very bytes?
static bool has(struct desk *d, uint32_t number, size_t len, uint64_t now_us)
{
    struct digest asked = asked_of(number);
    struct result *r = results_find(&d->results, &asked, now_us);
    struct bytes bytes;
    if (r == NULL || results_get(&d->results, r, &bytes) != RC_OK)
        return false;
    assert_true(bytes_equal(bytes, bytes_of(d->bytes + number % LONG, len)));
    assert_string_equal(r->name, "ann");
    assert_int_equal(r->cpu_us, CPU);
    assert_int_equal(r->wall_us, 2 * CPU);
    assert_int_equal(r->node.b[0], 7);
    results_release(&d->results);
    return true;
}

static void test_short_and_long(void **state)
{
    (void)state;
    static const size_t len[] = {0, 1, RESULTS_SHORT_BYTES, LONG};
    struct desk d;
    desk_open(&d, true);
    for (uint32_t i = 0; i < ARRAY_COUNT(len); i++) {
        assert_false(has(&d, i, len[i], NOW));
        struct result_cfg cfg = result_of(&d, i, len[i]);
        const struct result *kept = results_put(&d.results, &cfg);
        assert_non_null(kept);
        assert_int_equal(kept->is_stored, len[i] > RESULTS_SHORT_BYTES);
        assert_true(has(&d, i, len[i], NOW));
        assert_true(has(&d, i, len[i], UNTIL - 1));
    }
    assert_int_equal(store_stat(d.store.store).objects, 1); // only the long one
    assert_int_equal(d.results.hits, 2 * ARRAY_COUNT(len));
    assert_int_equal(d.results.misses, ARRAY_COUNT(len));
    desk_close(&d);
}

static void test_not_worth_the_disk(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, true);
    struct result_cfg cfg = result_of(&d, 1, LONG);
    cfg.cpu_us = LONG / RESULTS_DISK_BYTES_US - 1; // made faster than it is written
    assert_null(results_put(&d.results, &cfg));
    assert_int_equal(store_stat(d.store.store).objects, 0);
    cfg.cpu_us++;
    assert_non_null(results_put(&d.results, &cfg));
    cfg = result_of(&d, 2, 8);
    cfg.cpu_us = 0;
    assert_non_null(results_put(&d.results, &cfg)); // memory is always worth it
    desk_close(&d);
    desk_open(&d, false);
    cfg = result_of(&d, 1, LONG);
    assert_null(results_put(&d.results, &cfg)); // there is no disk
    cfg = result_of(&d, 2, 8);
    assert_non_null(results_put(&d.results, &cfg));
    desk_close(&d);
}

static void test_not_for_ever(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, true);
    for (uint32_t i = 0; i < 2; i++) {
        struct result_cfg cfg = result_of(&d, i, i == 0 ? 5 : LONG);
        assert_non_null(results_put(&d.results, &cfg));
        assert_false(has(&d, i, 0, UNTIL));
        assert_false(has(&d, i, 0, NOW)); // it was forgotten
    }
    assert_int_equal(d.budget.used_bytes, 0);
    desk_close(&d);
}

static void test_replaced(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, true);
    struct result_cfg cfg = result_of(&d, 3, 9);
    assert_non_null(results_put(&d.results, &cfg));
    cfg = result_of(&d, 3, LONG);
    assert_non_null(results_put(&d.results, &cfg));
    assert_true(has(&d, 3, LONG, NOW));
    assert_int_equal(map_count(d.results.by_asked), 1);
    cfg.cpu_us = 0; // the latest is not worth keeping; the one before is not the latest any more
    assert_null(results_put(&d.results, &cfg));
    assert_false(has(&d, 3, LONG, NOW));
    desk_close(&d);
}

static struct bytes key_of(const struct digest *hash, uint8_t room[static 1 + DIGEST_BYTES])
{
    room[0] = 'o';
    memcpy(room + 1, hash->b, DIGEST_BYTES);
    return bytes_of(room, 1 + DIGEST_BYTES);
}

// 0: a bit flips, 1: other bytes were written, 2: the object is gone, 3: the disk cannot be read.
static void test_damaged(void **state)
{
    (void)state;
    for (int how = 0; how < 4; how++) {
        struct desk d;
        uint8_t room[1 + DIGEST_BYTES];
        desk_open(&d, true);
        struct result_cfg cfg = result_of(&d, 1, LONG);
        assert_non_null(results_put(&d.results, &cfg));
        struct bytes key = key_of(&cfg.hash, room);
        struct kv kv = sim_kv_host(d.store.kv);
        if (how == 0)
            hand_must(sim_kv_damage(d.store.kv, key, 12345));
        if (how == 1)
            hand_must(kv.ops->put(kv.self, key, bytes_text("other bytes")));
        if (how == 2)
            hand_must(store_del(d.store.store, &cfg.hash));
        if (how == 3)
            sim_kv_fail(d.store.kv, 1, RC_IO, false);
        struct bytes bytes;
        struct result *r = results_find(&d.results, &cfg.asked, NOW);
        assert_non_null(r);
        assert_int_equal(results_get(&d.results, r, &bytes), RC_ABSENT);
        assert_null(results_find(&d.results, &cfg.asked, NOW)); // no result any more
        assert_int_equal(d.budget.used_bytes, 0);
        assert_int_equal(store_has(d.store.store, &cfg.hash), how == 3);
        assert_non_null(results_put(&d.results, &cfg)); // made again, it is good again
        assert_true(has(&d, 1, LONG, NOW));
        desk_close(&d);
    }
}

// What a disk says after a crash: the result is in the store, or it is none.
static void test_taken_back(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, true);
    struct result_cfg cfg = result_of(&d, 1, LONG);
    struct bytes bytes = cfg.bytes;
    cfg.bytes = bytes_of(NULL, 0);
    cfg.is_stored = true;
    assert_null(results_put(&d.results, &cfg));
    hand_must(store_put(d.store.store, &cfg.hash, bytes));
    assert_non_null(results_put(&d.results, &cfg));
    assert_true(has(&d, 1, LONG, NOW));
    desk_close(&d);
}

static void test_store_that_evicts(void **state)
{
    (void)state;
    struct desk d;
    uint32_t kept = 0;
    desk_open(&d, true);
    for (uint32_t i = 0; i < 100; i++) { // more objects than the store may hold
        struct result_cfg cfg = result_of(&d, i, LONG);
        assert_non_null(results_put(&d.results, &cfg));
    }
    for (uint32_t i = 0; i < 100; i++)
        kept += has(&d, i, LONG, NOW);
    assert_true(kept > 0 && kept < 100);
    assert_int_equal(map_count(d.results.by_asked), kept); // the others are forgotten
    desk_close(&d);
}

// The one that was not asked for longest leaves first, against a plain table of last uses.
static void test_bounded(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(test_seed());
    struct desk d;
    desk_open(&d, false);
    uint32_t turn = 0;
    uint32_t *used = calloc(COUNT_MAX + 300, sizeof *used); // when; 0: never, or gone
    assert_non_null(used);
    for (uint32_t i = 0; i < COUNT_MAX; i++) {
        struct result_cfg cfg = result_of(&d, i, 4);
        assert_non_null(results_put(&d.results, &cfg));
        used[i] = ++turn;
    }
    for (uint32_t i = COUNT_MAX; i < COUNT_MAX + 300; i++) {
        for (uint32_t k = 0; k < 8; k++) { // mostly the ones that would leave soon
            uint32_t at = (uint32_t)rng_below(&rng, k == 0 ? i : 600);
            assert_int_equal(has(&d, at, 4, NOW), used[at] != 0);
            used[at] = used[at] != 0 ? ++turn : 0;
        }
        struct result_cfg cfg = result_of(&d, i, 4);
        assert_non_null(results_put(&d.results, &cfg));
        uint32_t oldest = UINT32_MAX;
        for (uint32_t k = 0; k < i; k++)
            if (used[k] != 0 && (oldest == UINT32_MAX || used[k] < used[oldest]))
                oldest = k;
        used[oldest] = 0;
        used[i] = ++turn;
        assert_false(has(&d, oldest, 4, NOW));
        assert_int_equal(map_count(d.results.by_asked), COUNT_MAX);
    }
    free(used);
    desk_close(&d);
}

// Of the memory that all work comes from, most is never taken.
static void test_leaves_room(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, true);
    d.budget.limit_bytes = (size_t)1 << 20;
    for (uint32_t i = 0; i < 3000; i++) {
        struct result_cfg cfg = result_of(&d, i, i % 3 ? 1000 : LONG);
        assert_non_null(results_put(&d.results, &cfg));
        assert_true(d.budget.used_bytes <= ((size_t)1 << 20) / RESULTS_SHARE);
        assert_true(has(&d, i, i % 3 ? 1000 : LONG, NOW));
    }
    assert_true(map_count(d.results.by_asked) > 200);
    assert_false(has(&d, 0, LONG, NOW));
    d.budget.limit_bytes = RESULTS_SHARE * sizeof(struct result);
    struct result_cfg cfg = result_of(&d, 5000, 8);
    assert_null(results_put(&d.results, &cfg)); // alone it is too large
    desk_close(&d);
}

static void test_budget_runs_out(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, true);
    size_t others = 9 * 3 * (sizeof(struct result) + 8); // that others have taken
    d.budget.limit_bytes = others + others / 9;
    d.budget.used_bytes = others;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < 10; i++) {
        struct result_cfg cfg = result_of(&d, i, i % 2 ? 8 : LONG);
        kept += results_put(&d.results, &cfg) != NULL;
    }
    assert_int_equal(kept, 3);
    assert_int_equal(map_count(d.results.by_asked), 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_true(has(&d, i, i % 2 ? 8 : LONG, NOW));
    d.budget.used_bytes -= others;
    desk_close(&d);
    struct arena *tiny = arena_new(1000);
    struct results r;
    assert_int_equal(results_init(&r, tiny, &d.budget, NULL, COUNT_MAX, 1), RC_NOMEM);
    results_reset(&r);
    arena_free(tiny);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_short_and_long),    cmocka_unit_test(test_not_worth_the_disk),
        cmocka_unit_test(test_not_for_ever),      cmocka_unit_test(test_replaced),
        cmocka_unit_test(test_damaged),           cmocka_unit_test(test_taken_back),
        cmocka_unit_test(test_store_that_evicts), cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_leaves_room),       cmocka_unit_test(test_budget_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
