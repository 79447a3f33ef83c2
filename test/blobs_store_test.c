// SPDX-License-Identifier: MIT
// The store over a folder of files: limits, restarts, damage found, a thousand objects back.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/rng.h"
#include "base/seed_test.h"
#include "os/blobs.h"
#include "os/clock.h"
#include "os/scratch_test.h"
#include "store/store.h"

#define ARENA_BYTES ((size_t)8 << 20)

struct world {
    char folder[SCRATCH_BYTES];
    struct blobs *blobs;
    struct arena *arena;
    struct store *store;
};

static int setup(void **state)
{
    static struct world w;
    *state = &w;
    return scratch_make(w.folder);
}

static void stop(struct world *w)
{
    blobs_close(w->blobs);
    arena_free(w->arena);
    w->blobs = NULL;
    w->arena = NULL;
}

static int teardown(void **state)
{
    struct world *w = *state;
    stop(w);
    return scratch_remove(w->folder);
}

static void start(struct world *w, uint64_t bytes_max, uint32_t objects_max)
{
    struct err err = {0};
    if (blobs_open(&w->blobs, w->folder, &err) != RC_OK)
        fail_msg("%s", err.text);
    w->arena = arena_new(ARENA_BYTES);
    assert_non_null(w->arena);
    const struct store_cfg cfg = {blobs_host(w->blobs), bytes_max, objects_max, 42};
    assert_int_equal(store_open(&w->store, w->arena, &cfg), RC_OK);
}

static struct bytes value_of(uint64_t seed)
{
    static uint8_t value[20000];
    struct rng rng = rng_seeded(seed);
    const size_t len = 1 + (size_t)rng_below(&rng, sizeof value);
    memset(value, (int)(seed % 256), len);
    memcpy(value, &seed, len < sizeof seed ? len : sizeof seed);
    return bytes_of(value, len);
}

static void all_comes_back_after_a_restart(void **state)
{
    struct world *w = *state;
    enum { COUNT = 3000 };
    start(w, UINT64_MAX, COUNT);
    for (uint64_t i = 0; i < COUNT; i++)
        assert_int_equal(store_add(w->store, value_of(i), NULL), RC_OK);
    const struct store_stat before = store_stat(w->store);
    stop(w);
    const uint64_t since_us = clock_now_us();
    start(w, UINT64_MAX, COUNT);
    print_message("%d objects found in %llu us\n", COUNT,
                  (unsigned long long)(clock_now_us() - since_us));
    assert_int_equal(store_stat(w->store).objects, before.objects);
    assert_int_equal(store_stat(w->store).bytes, before.bytes);
    for (uint64_t i = 0; i < COUNT; i++) {
        const struct bytes value = value_of(i);
        const struct digest name = hash_bytes(value);
        struct bytes got;
        assert_int_equal(store_get(w->store, &name, &got), RC_OK);
        assert_true(bytes_equal(got, value));
        store_release(w->store);
    }
    uint64_t damaged = 1;
    assert_int_equal(store_verify_all(w->store, &damaged), RC_OK);
    assert_int_equal(damaged, 0);
}

static void limits_hold_over_many_puts_and_a_smaller_start(void **state)
{
    struct world *w = *state;
    const uint64_t seed = test_seed();
    start(w, 1000000, 80);
    for (uint64_t i = 0; i < 1000; i++) {
        assert_int_equal(store_add(w->store, value_of(seed + i), NULL), RC_OK);
        assert_true(store_stat(w->store).bytes <= 1000000 && store_stat(w->store).objects <= 80);
    }
    assert_true(store_stat(w->store).evicted > 800);
    const uint64_t left = store_stat(w->store).objects;
    stop(w);
    start(w, 1000000, 20); // deletes while it walks
    assert_int_equal(store_stat(w->store).objects, 20);
    assert_int_equal(store_stat(w->store).evicted, left - 20);
    stop(w);
    start(w, 1000000, 80); // they are off the disk
    assert_int_equal(store_stat(w->store).objects, 20);
    const struct digest last = hash_bytes(value_of(seed + 5000));
    assert_int_equal(store_put(w->store, &last, value_of(seed + 5000)), RC_OK);
    assert_int_equal(store_del(w->store, &last), RC_OK);
    assert_false(store_has(w->store, &last));
}

// As a power cut may leave a file that was not synced.
static void a_torn_file_is_found_by_its_hash(void **state)
{
    struct world *w = *state;
    char path[256];
    char hex[2 * DIGEST_BYTES + 1];
    struct digest name;
    start(w, 1000000, 80);
    assert_int_equal(store_add(w->store, value_of(1), NULL), RC_OK);
    assert_int_equal(store_add(w->store, value_of(2), &name), RC_OK);
    stop(w);
    hex_encode(digest_bytes(&name), hex);
    (void)snprintf(path, sizeof path, "%s/6f/%.2s/6f%s", w->folder, hex, hex);
    assert_int_equal(truncate(path, (off_t)value_of(2).len / 2), 0);
    start(w, 1000000, 80);
    uint64_t damaged = 0;
    assert_int_equal(store_verify_all(w->store, &damaged), RC_OK);
    assert_int_equal(damaged, 1);
    assert_false(store_has(w->store, &name));
    assert_int_equal(store_put(w->store, &name, value_of(2)), RC_OK);
    assert_int_equal(store_verify(w->store, &name), RC_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_comes_back_after_a_restart, setup, teardown),
        cmocka_unit_test_setup_teardown(limits_hold_over_many_puts_and_a_smaller_start, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_torn_file_is_found_by_its_hash, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
