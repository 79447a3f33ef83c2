// SPDX-License-Identifier: MIT
// The map against a naive twin: an array that is searched from the front.
#include "base/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/rng.h"
#include "base/seed_test.h"

#define KEYS 64 // distinct keys, so that puts, hits and dels meet

struct twin {
    uint8_t key[KEYS][MAP_KEY_BYTES_MAX];
    int value[KEYS]; // what the map's values point to
    bool is_in[KEYS];
    size_t count;
};

static void assert_same(const struct map *m, const struct twin *t)
{
    size_t at = 0;
    size_t seen = 0;
    bool is_seen[KEYS] = {false};
    for (int *v; (v = map_next(m, &at)) != NULL; seen++) {
        const size_t i = (size_t)(v - t->value);
        assert_true(i < KEYS && t->is_in[i] && !is_seen[i]);
        is_seen[i] = true;
    }
    assert_int_equal(seen, t->count);
    assert_int_equal(map_count(m), t->count);
}

static void step(struct map *m, struct twin *t, struct rng *r, size_t count_max)
{
    const size_t i = (size_t)rng_below(r, KEYS);
    switch (rng_below(r, 3)) {
    case 0: {
        const bool has_room = t->is_in[i] || t->count < count_max;
        assert_int_equal(map_put(m, t->key[i], &t->value[i]), has_room ? RC_OK : RC_FULL);
        t->count += has_room && !t->is_in[i];
        t->is_in[i] |= has_room;
        break;
    }
    case 1:
        assert_ptr_equal(map_get(m, t->key[i]), t->is_in[i] ? &t->value[i] : NULL);
        break;
    default:
        assert_ptr_equal(map_del(m, t->key[i]), t->is_in[i] ? &t->value[i] : NULL);
        t->count -= t->is_in[i];
        t->is_in[i] = false;
        break;
    }
}

static void behaves_like_its_twin(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    static const size_t key_bytes[] = {1, 7, 8, 9, 32, MAP_KEY_BYTES_MAX};
    static const size_t count_max[] = {1, 3, 40, KEYS};
    for (size_t i = 0; i < ARRAY_COUNT(key_bytes) * ARRAY_COUNT(count_max); i++) {
        const size_t bound = count_max[i / ARRAY_COUNT(key_bytes)];
        struct arena *a = arena_new(1 << 20);
        struct map *m = map_new(a, key_bytes[i % ARRAY_COUNT(key_bytes)], bound, rng_u64(&r));
        assert_non_null(m);
        struct twin t = {.count = 0};
        for (size_t k = 0; k < KEYS; k++) // they differ in the first byte, at the least
            t.key[k][0] = (uint8_t)k;
        for (int n = 0; n < 5000; n++) {
            step(m, &t, &r, bound);
            if (n % 100 == 0)
                assert_same(m, &t);
        }
        arena_free(a);
    }
}

static void a_put_replaces_and_copies_the_key(void **state)
{
    (void)state;
    struct arena *a = arena_new(4096);
    struct map *m = map_new(a, 4, 1, 7);
    int one = 1;
    int two = 2;
    char key[4] = "abc";
    assert_int_equal(map_put(m, key, &one), RC_OK);
    assert_int_equal(map_put(m, key, &two), RC_OK);
    key[0] = 'x';
    assert_null(map_get(m, key));
    assert_int_equal(map_put(m, key, &one), RC_FULL);
    assert_ptr_equal(map_get(m, "abc"), &two);
    arena_free(a);
}

static void a_spent_budget_makes_no_map(void **state)
{
    (void)state;
    bool is_made = false;
    for (size_t budget = 1; budget < 16384; budget += 64) {
        struct arena *a = arena_new(budget);
        struct map *m = map_new(a, 32, 100, 7);
        assert_false(is_made && m == NULL); // more memory never makes it fail
        is_made = m != NULL;
        arena_free(a);
    }
    assert_true(is_made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(behaves_like_its_twin),
        cmocka_unit_test(a_put_replaces_and_copies_the_key),
        cmocka_unit_test(a_spent_budget_makes_no_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
