// SPDX-License-Identifier: MIT
// Large objects: files beside the index, what is left of them, and what nobody knows of.
#include "store/store.h"

#include "store/disk_test.h"

#define INLINE_BYTES 8u

static const char small[] = "small";
static const char large[] = "a large object";
static const char other[] = "another large one";

static enum rc file_put(struct disk *d, const struct digest *name, struct bytes bytes)
{
    uint8_t at[33];
    const struct kv kv = sim_kv_host(d->files);
    return kv.ops->put(kv.self, key_of(name, at), bytes);
}

static enum rc file_del(struct disk *d, const struct digest *name)
{
    uint8_t at[33];
    const struct kv kv = sim_kv_host(d->files);
    return kv.ops->del(kv.self, key_of(name, at));
}

static void test_large_ones_are_files(void **state)
{
    (void)state;
    struct disk d = disk_new_with_files(INLINE_BYTES);
    struct store *s = start(&d, 1000, 10);
    const struct digest a = add(s, small);
    const struct digest b = add(s, large);
    struct store_info info;
    struct bytes got;
    struct bytes other_got;
    assert_int_equal(sim_kv_entries(d.files), 1);
    assert_int_equal(store_info(s, &a, &info), RC_OK);
    assert_false(info.is_large);
    assert_int_equal(store_info(s, &b, &info), RC_OK);
    assert_true(info.is_large && info.size_bytes == sizeof large - 1);
    assert_true(store_stat(s).large_objects == 1 && store_stat(s).large_bytes == sizeof large - 1);
    assert_int_equal(store_get(s, &a, &got), RC_OK); // one of each, borrowed together
    assert_int_equal(store_get(s, &b, &other_got), RC_OK);
    assert_true(bytes_is(got, small) && bytes_is(other_got, large));
    store_release(s);
    store_release(s);
    assert_int_equal(store_probe(s, &b), RC_OK);
    assert_int_equal(store_del(s, &b), RC_OK);
    assert_int_equal(sim_kv_entries(d.files), 0);
    assert_int_equal(store_stat(s).large_bytes, 0);
    disk_free(&d);
}

// Taken away behind our back: said once, and then the object is not there.
static void test_a_file_that_is_gone(void **state)
{
    (void)state;
    struct disk d = disk_new_with_files(INLINE_BYTES);
    struct store *s = start(&d, 1000, 10);
    const struct digest a = add(s, large);
    const struct digest b = add(s, other);
    struct bytes got;
    assert_int_equal(store_pin(s, &a), RC_OK);
    assert_int_equal(file_del(&d, &a), RC_OK);
    assert_int_equal(file_del(&d, &b), RC_OK);
    assert_int_equal(store_probe(s, &a), RC_MALFORMED);
    assert_true(store_has(s, &a)); // a probe changes nothing
    assert_int_equal(store_verify(s, &a), RC_MALFORMED);
    assert_int_equal(store_verify(s, &a), RC_ABSENT);
    assert_int_equal(store_get(s, &b, &got), RC_ABSENT);
    assert_false(store_has(s, &b));
    assert_int_equal(store_stat(s).damaged, 2);
    assert_int_equal(store_stat(s).objects, 0);
    assert_int_equal(store_add(s, bytes_text(large), NULL), RC_OK);
    disk_free(&d);
}

static void test_a_file_that_is_another(void **state)
{
    (void)state;
    struct disk d = disk_new_with_files(INLINE_BYTES);
    struct store *s = start(&d, 1000, 10);
    const struct digest a = add(s, large);
    struct bytes got;
    assert_int_equal(file_put(&d, &a, bytes_text(other)), RC_OK);
    assert_int_equal(store_get(s, &a, &got), RC_OK); // not hashed again
    assert_true(bytes_is(got, other));
    store_release(s);
    uint64_t damaged = 0;
    assert_int_equal(store_verify_all(s, &damaged), RC_OK);
    assert_int_equal(damaged, 1);
    assert_int_equal(sim_kv_entries(d.files), 0);
    disk_free(&d);
}

// Files without an entry: a store lets them go, a cache takes them in.
static void test_orphans(void **state)
{
    (void)state;
    for (unsigned is_cache = 0; is_cache < 2; is_cache++) {
        struct disk d = disk_new_with_files(INLINE_BYTES);
        d.is_cache = is_cache == 1;
        struct store *s = start(&d, 1000, 10);
        const struct digest a = add(s, large);
        const struct digest b = hash_bytes(bytes_text(other));
        assert_int_equal(file_put(&d, &b, bytes_text(other)), RC_OK);
        assert_false(store_has(s, &b));
        assert_int_equal(store_gc(s), RC_OK);
        assert_int_equal(store_stat(s).orphans, 1);
        assert_int_equal(sim_kv_entries(d.files), d.is_cache ? 2 : 1);
        assert_true(store_has(s, &a));
        assert_int_equal(store_has(s, &b), d.is_cache);
        assert_int_equal(store_gc(s), RC_OK);
        assert_int_equal(store_stat(s).orphans, 1); // none any more
        disk_free(&d);
    }
}

// An end in order needs no look at the files; any other does.
static void test_a_start_after_a_kill_looks_at_files(void **state)
{
    (void)state;
    struct disk d = disk_new_with_files(INLINE_BYTES);
    struct store *s = start(&d, 1000, 10);
    (void)add(s, large);
    assert_int_equal(store_close(s), RC_OK);
    uint64_t calls = sim_kv_calls(d.files);
    s = start(&d, 1000, 10);
    assert_int_equal(sim_kv_calls(d.files), calls);
    (void)add(s, other);
    calls = sim_kv_calls(d.files);
    s = start(&d, 1000, 10);
    assert_true(sim_kv_calls(d.files) > calls);
    assert_int_equal(store_stat(s).objects, 2);
    disk_free(&d);
}

// A group that is aborted takes its files along, also more of them than it remembers.
static void test_an_abort_takes_files_away(void **state)
{
    (void)state;
    for (unsigned count = 1; count <= 100; count += 99) {
        struct disk d = disk_new_with_files(INLINE_BYTES);
        struct store *s = start(&d, 100000, 200);
        assert_int_equal(store_begin(s), RC_OK);
        for (unsigned i = 0; i < count; i++) {
            const uint8_t object[INLINE_BYTES + 1] = {(uint8_t)i};
            assert_int_equal(store_add(s, bytes_of(object, sizeof object), NULL), RC_OK);
        }
        store_abort(s);
        assert_int_equal(store_stat(s).objects, 0);
        assert_int_equal(store_close(s), RC_OK);
        s = start(&d, 100000, 200); // finds what is left, and removes it
        assert_int_equal(sim_kv_entries(d.files), 0);
        assert_int_equal(store_stat(s).objects, 0);
        disk_free(&d);
    }
}

// The files' disk is full: it gives way as long as that helps.
static void test_files_have_no_room(void **state)
{
    (void)state;
    struct disk d = disk_new_with_files(INLINE_BYTES);
    struct store *s = start(&d, 1000, 10);
    (void)add(s, large);
    sim_kv_limit(d.files, sim_kv_bytes(d.files));
    assert_int_equal(store_add(s, bytes_text("as large one.."), NULL), RC_OK);
    assert_int_equal(store_stat(s).evicted, 1);
    sim_kv_limit(d.files, 0);
    assert_int_equal(store_add(s, bytes_text(other), NULL), RC_FULL);
    assert_int_equal(store_add(s, bytes_text(small), NULL), RC_OK); // its rows have room
    disk_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_large_ones_are_files),
        cmocka_unit_test(test_a_file_that_is_gone),
        cmocka_unit_test(test_a_file_that_is_another),
        cmocka_unit_test(test_orphans),
        cmocka_unit_test(test_a_start_after_a_kill_looks_at_files),
        cmocka_unit_test(test_an_abort_takes_files_away),
        cmocka_unit_test(test_files_have_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
