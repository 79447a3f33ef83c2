// SPDX-License-Identifier: MIT
// The store on a real disk: rows in LMDB, large objects as files; durable, and as a cache.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rng.h"
#include "base/seed_test.h"
#include "os/blobs.h"
#include "os/clock.h"
#include "os/kv.h"
#include "os/scratch_test.h"
#include "store/store.h"

#define ARENA_BYTES  ((size_t)8 << 20)
#define INLINE_BYTES 8192

struct world {
    char folder[SCRATCH_BYTES];
    char index[SCRATCH_BYTES + sizeof "/index"];
    bool is_cache;
    struct kv_env *kv;
    struct blobs *blobs;
    struct arena *arena;
    struct store *store;
};

static int setup_as(void **state, bool is_cache)
{
    static struct world w;
    w.is_cache = is_cache;
    *state = &w;
    const int failed = scratch_make(w.folder);
    (void)snprintf(w.index, sizeof w.index, "%s/index", w.folder);
    return failed || mkdir(w.index, 0700);
}

static int setup(void **state)
{
    return setup_as(state, false);
}

static int setup_cache(void **state)
{
    return setup_as(state, true);
}

static void stop(struct world *w)
{
    kv_close(w->kv);
    blobs_close(w->blobs);
    arena_free(w->arena);
    w->kv = NULL;
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
    const uint64_t map_bytes = (uint64_t)1 << 30;
    enum rc rc = blobs_open(&w->blobs, w->folder, &err);
    if (rc == RC_OK)
        rc = w->is_cache ? kv_open_cache(&w->kv, w->index, map_bytes, &err)
                         : kv_open(&w->kv, w->index, map_bytes, &err);
    if (rc != RC_OK)
        fail_msg("%s", err.text);
    w->arena = arena_new(ARENA_BYTES);
    assert_non_null(w->arena);
    const struct store_cfg cfg = {.kv = kv_host(w->kv),
                                  .large = blobs_host(w->blobs),
                                  .bytes_max = bytes_max,
                                  .objects_max = objects_max,
                                  .inline_bytes = w->is_cache ? 1 : INLINE_BYTES,
                                  .seed = 42,
                                  .is_cache = w->is_cache};
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
    start(w, STORE_BYTES_MAX, COUNT);
    assert_int_equal(store_begin(w->store), RC_OK);
    for (uint64_t i = 0; i < COUNT; i++)
        assert_int_equal(store_add(w->store, value_of(i), NULL), RC_OK);
    assert_int_equal(store_commit(w->store), RC_OK);
    assert_true(store_stat(w->store).large_objects > COUNT / 3);
    const struct store_stat before = store_stat(w->store);
    stop(w);
    const uint64_t since_us = clock_now_us();
    start(w, STORE_BYTES_MAX, COUNT);
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
    for (uint64_t i = 0; i < 300; i++) {
        assert_int_equal(store_add(w->store, value_of(seed + i), NULL), RC_OK);
        assert_true(store_stat(w->store).bytes <= 1000000 && store_stat(w->store).objects <= 80);
    }
    assert_true(store_stat(w->store).evicted > 200);
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
    assert_true(value_of(2).len > INLINE_BYTES);
    assert_int_equal(truncate(path, (off_t)value_of(2).len / 2), 0);
    start(w, 1000000, 80);
    uint64_t damaged = 0;
    assert_int_equal(store_verify_all(w->store, &damaged), RC_OK);
    assert_int_equal(damaged, 1);
    assert_false(store_has(w->store, &name));
    assert_int_equal(store_put(w->store, &name, value_of(2)), RC_OK);
    assert_int_equal(store_verify(w->store, &name), RC_OK);
}

// A group that is not committed leaves nothing; the files of one that crashed are found.
static void what_no_commit_made_good_is_gone(void **state)
{
    struct world *w = *state;
    const struct digest first = hash_bytes(value_of(2));
    const struct digest second = hash_bytes(value_of(3));
    assert_true(value_of(2).len > INLINE_BYTES);
    start(w, 1000000, 80);
    assert_int_equal(store_begin(w->store), RC_OK);
    assert_int_equal(store_put(w->store, &first, value_of(2)), RC_OK);
    assert_true(store_has(w->store, &first));
    store_abort(w->store);
    assert_false(store_has(w->store, &first));
    assert_int_equal(store_begin(w->store), RC_OK);
    assert_int_equal(store_put(w->store, &second, value_of(3)), RC_OK);
    assert_int_equal(store_put(w->store, &first, value_of(2)), RC_OK);
    stop(w); // in mid-group
    start(w, 1000000, 80);
    assert_int_equal(store_stat(w->store).objects, 0);
    assert_int_equal(store_stat(w->store).orphans,
                     w->is_cache ? 0 : 1 + (value_of(3).len > INLINE_BYTES));
    assert_false(store_has(w->store, &first));
    assert_int_equal(store_put(w->store, &first, value_of(2)), RC_OK);
    assert_int_equal(store_close(w->store), RC_OK);
    stop(w);
    start(w, 1000000, 80);
    assert_int_equal(store_stat(w->store).orphans, 0);
    assert_int_equal(store_verify(w->store, &first), RC_OK);
}

static void a_cache_without_its_index_finds_its_files(void **state)
{
    struct world *w = *state;
    char path[sizeof w->index + sizeof "/boot"];
    struct digest name;
    start(w, 1000000, 80);
    for (uint64_t i = 0; i < 50; i++)
        assert_int_equal(store_add(w->store, value_of(i), &name), RC_OK);
    const struct store_stat before = store_stat(w->store);
    stop(w);
    start(w, 1000000, 80); // the same start of the machine: all is there
    assert_int_equal(store_stat(w->store).orphans, 0);
    assert_int_equal(store_stat(w->store).objects, before.objects);
    assert_int_equal(store_del(w->store, &name), RC_OK);
    stop(w);
    // As if the machine had gone down meanwhile: no word of the index can be trusted.
    (void)snprintf(path, sizeof path, "%s/boot", w->index);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("another start\n", file);
    assert_int_equal(fclose(file), 0);
    start(w, 1000000, 80);
    assert_int_equal(store_stat(w->store).objects, before.objects - 1);
    assert_int_equal(store_stat(w->store).orphans, before.objects - 1);
    uint64_t damaged = 1;
    assert_int_equal(store_verify_all(w->store, &damaged), RC_OK);
    assert_int_equal(damaged, 0);
    assert_false(store_has(w->store, &name));
}

static void labels_and_order_of_use_outlive_a_restart(void **state)
{
    struct world *w = *state;
    char label[STORE_LABEL_BYTES_MAX + 1];
    struct digest name[10];
    struct bytes got;
    start(w, STORE_BYTES_MAX, 10);
    for (uint64_t i = 0; i < 10; i++)
        assert_int_equal(store_add(w->store, value_of(i), &name[i]), RC_OK);
    assert_int_equal(store_keep(w->store, &name[3], bytes_text("game")), RC_OK);
    for (uint64_t i = 0; i < 5; i++) {
        assert_int_equal(store_get(w->store, &name[i], &got), RC_OK);
        store_release(w->store);
    }
    assert_int_equal(store_close(w->store), RC_OK);
    stop(w);
    start(w, STORE_BYTES_MAX, 10);
    assert_int_equal(store_stat(w->store).kept, 1);
    for (uint64_t i = 10; i < 19; i++) // all but the kept one, those unused longest first
        assert_int_equal(store_add(w->store, value_of(i % 10 + 20), NULL), RC_OK);
    assert_int_equal(store_kept(w->store, &name[3], bytes_text(""), label), RC_OK);
    assert_string_equal(label, "game");
    for (uint64_t i = 0; i < 10; i++)
        assert_int_equal(store_has(w->store, &name[i]), i == 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_comes_back_after_a_restart, setup, teardown),
        cmocka_unit_test_setup_teardown(all_comes_back_after_a_restart, setup_cache, teardown),
        cmocka_unit_test_setup_teardown(limits_hold_over_many_puts_and_a_smaller_start, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(limits_hold_over_many_puts_and_a_smaller_start, setup_cache,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_torn_file_is_found_by_its_hash, setup, teardown),
        cmocka_unit_test_setup_teardown(what_no_commit_made_good_is_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cache_without_its_index_finds_its_files, setup_cache,
                                        teardown),
        cmocka_unit_test_setup_teardown(labels_and_order_of_use_outlive_a_restart, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
