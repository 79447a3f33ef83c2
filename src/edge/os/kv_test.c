// SPDX-License-Identifier: MIT
// Tests of the LMDB store: against a naive twin, full, and killed in the middle of writing.
#include "os/kv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rng.h"
#include "host/kv_test.h"
#include "os/scratch_test.h"
#include "os/writer_test.h"

static struct kv_env *open_store(uint64_t size_bytes)
{
    struct kv_env *e = NULL;
    struct err err = {0};
    if (kv_open(&e, scratch_folder, size_bytes, &err) != RC_OK)
        fail_msg("%s", err.text);
    return e;
}

static void put_get_del_and_order(void **state)
{
    (void)state;
    struct kv_env *e = open_store(KV_SIZE_BYTES_MIN);
    kv_keeps_its_promises(kv_host(e));
    kv_groups_are_one(kv_host(e));
    kv_close(e);
    e = open_store(KV_SIZE_BYTES_MIN); // all of it is on the disk
    kv_test_has(kv_host(e), "a", "a");
    kv_test_has(kv_host(e), "b", "b");
    kv_test_has(kv_host(e), "ab", NULL);
    kv_close(e);
    kv_close(NULL);
}

#define KEYS 50

static void agrees_with_an_array(void **state)
{
    (void)state;
    struct kv_env *e = open_store(KV_SIZE_BYTES_DEFAULT);
    struct kv kv = kv_host(e);
    uint8_t twin[KEYS] = {0}; // 0: absent
    struct rng rng = rng_seeded(7);
    for (int step = 0; step < 300; step++) {
        const uint8_t k = (uint8_t)rng_below(&rng, KEYS);
        const uint8_t key[2] = {'k', k};
        const uint8_t v = (uint8_t)rng_below(&rng, 200);
        struct bytes got;
        enum rc rc = v > 0 ? kv.ops->put(kv.self, bytes_of(key, 2), bytes_of(&v, 1))
                           : kv.ops->del(kv.self, bytes_of(key, 2));
        assert_int_equal(rc, v > 0 || twin[k] != 0 ? RC_OK : RC_ABSENT);
        twin[k] = v;
        const uint8_t probe[2] = {'k', (uint8_t)rng_below(&rng, KEYS)};
        rc = kv.ops->get(kv.self, bytes_of(probe, 2), &got);
        assert_int_equal(rc, twin[probe[1]] != 0 ? RC_OK : RC_ABSENT);
        if (rc == RC_OK) {
            assert_int_equal(got.at[0], twin[probe[1]]);
            kv.ops->release(kv.self);
        }
    }
    kv_close(e);
}

static void full_is_said_and_harmless(void **state)
{
    (void)state;
    struct kv_env *e = open_store(KV_SIZE_BYTES_MIN);
    struct kv kv = kv_host(e);
    uint8_t *big = calloc(1, KV_SIZE_BYTES_MIN);
    assert_non_null(big);
    assert_int_equal(kv.ops->put(kv.self, bytes_text("keep"), bytes_text("me")), RC_OK);
    assert_int_equal(kv.ops->put(kv.self, bytes_text("big"), bytes_of(big, KV_SIZE_BYTES_MIN)),
                     RC_FULL);
    kv_test_has(kv, "keep", "me");
    assert_int_equal(kv.ops->put(kv.self, bytes_text("big"), bytes_of(big, 100000)), RC_OK);
    free(big);
    kv_close(e);
}

static void two_hundred_megabytes_in_one_value(void **state)
{
    (void)state;
    const size_t len = (size_t)200 << 20;
    struct kv_env *e = open_store(KV_SIZE_BYTES_DEFAULT);
    struct kv kv = kv_host(e);
    uint8_t *big = malloc(len);
    assert_non_null(big);
    for (size_t i = 0; i < len; i += 4096)
        memset(big + i, (int)(i / 4096 % 251), 4096);
    assert_int_equal(kv.ops->put(kv.self, bytes_text("scene"), bytes_of(big, len)), RC_OK);
    struct bytes got;
    assert_int_equal(kv.ops->get(kv.self, bytes_text("scene"), &got), RC_OK);
    assert_true(bytes_equal(got, bytes_of(big, len)));
    kv.ops->release(kv.self);
    assert_int_equal(kv.ops->del(kv.self, bytes_text("scene")), RC_OK);
    free(big);
    kv_close(e);
}

#define CRASH_VALUE_BYTES 300000 // many pages: a put is far from one write

// Writes pairs of equal, long values for ever; tells after each put how far it is.
static void write_for_ever(int tell, void *self)
{
    (void)self;
    struct kv_env *e = NULL;
    if (kv_open(&e, scratch_folder, KV_SIZE_BYTES_DEFAULT, NULL) != RC_OK)
        _exit(1);
    struct kv kv = kv_host(e);
    static uint8_t value[CRASH_VALUE_BYTES];
    for (uint32_t n = 1;; n++) {
        memset(value, (int)(n % 251), sizeof value);
        memcpy(value, &n, sizeof n);
        if (kv.ops->put(kv.self, bytes_text("crash"), bytes_of(value, sizeof value)) != RC_OK)
            _exit(2);
        writer_tell(tell, n);
    }
}

static void kill_one_writer(uint32_t puts)
{
    struct writer w = writer_start(write_for_ever, NULL);
    writer_await(&w, puts);
    const uint64_t told = writer_kill(&w);
    struct kv_env *e = open_store(KV_SIZE_BYTES_DEFAULT);
    struct kv kv = kv_host(e);
    struct bytes got;
    assert_int_equal(kv.ops->get(kv.self, bytes_text("crash"), &got), RC_OK);
    assert_int_equal(got.len, CRASH_VALUE_BYTES);
    uint32_t n;
    memcpy(&n, got.at, sizeof n);
    assert_true(n == told || n == told + 1); // durable when it returned; at most one untold
    for (size_t i = sizeof n; i < got.len; i++)
        assert_int_equal(got.at[i], n % 251); // all of it, not a mixture
    kv.ops->release(kv.self);
    assert_int_equal(kv.ops->put(kv.self, bytes_text("after"), bytes_text("fine")), RC_OK);
    kv_close(e);
}

static void a_killed_writer_leaves_all_or_nothing(void **state)
{
    (void)state;
    for (uint32_t puts = 1; puts <= 8; puts++)
        kill_one_writer(puts);
}

static void a_missing_folder_has_words(void **state)
{
    (void)state;
    struct kv_env *e = NULL;
    struct err err;
    assert_int_equal(kv_open(&e, "/no/such", KV_SIZE_BYTES_MIN, &err), RC_CONFIG);
    assert_string_equal(err.text, "cannot open store /no/such: No such file or directory");
    assert_null(e);
}

static void a_group_is_seen_at_once_and_kept_together(void **state)
{
    (void)state;
    struct kv_env *e = open_store(KV_SIZE_BYTES_MIN);
    struct kv kv = kv_host(e);
    struct bytes key;
    struct bytes value;
    assert_int_equal(kv.ops->put(kv.self, bytes_text("a"), bytes_text("1")), RC_OK);
    assert_int_equal(kv.ops->begin(kv.self), RC_OK);
    assert_int_equal(kv.ops->put(kv.self, bytes_text("b"), bytes_text("2")), RC_OK);
    assert_int_equal(kv.ops->put(kv.self, bytes_text("c"), bytes_text("3")), RC_OK);
    assert_int_equal(kv.ops->del(kv.self, bytes_text("a")), RC_OK);
    assert_int_equal(kv.ops->del(kv.self, bytes_text("a")), RC_ABSENT); // spoils nothing
    assert_int_equal(kv.ops->get(kv.self, bytes_text("a"), &value), RC_ABSENT);
    kv_test_has(kv, "b", "2");
    assert_int_equal(kv.ops->next(kv.self, bytes_text("b"), &key, &value), RC_OK);
    assert_true(bytes_is(key, "c"));
    kv.ops->release(kv.self);
    kv.ops->abort(kv.self);
    kv_test_has(kv, "a", "1");
    assert_int_equal(kv.ops->get(kv.self, bytes_text("b"), &value), RC_ABSENT);
    assert_int_equal(kv.ops->begin(kv.self), RC_OK);
    assert_int_equal(kv.ops->put(kv.self, bytes_text("b"), bytes_text("2")), RC_OK);
    assert_int_equal(kv.ops->del(kv.self, bytes_text("a")), RC_OK);
    assert_int_equal(kv.ops->commit(kv.self), RC_OK);
    assert_int_equal(kv.ops->begin(kv.self), RC_OK);
    assert_int_equal(kv.ops->put(kv.self, bytes_text("d"), bytes_text("4")), RC_OK);
    kv_close(e); // in mid-group
    e = open_store(KV_SIZE_BYTES_MIN);
    kv = kv_host(e);
    kv_test_has(kv, "b", "2");
    assert_int_equal(kv.ops->get(kv.self, bytes_text("a"), &value), RC_ABSENT);
    assert_int_equal(kv.ops->get(kv.self, bytes_text("d"), &value), RC_ABSENT);
    kv_close(e);
}

static void a_full_group_can_be_aborted(void **state)
{
    (void)state;
    static const uint8_t block[65536];
    struct kv_env *e = open_store(KV_SIZE_BYTES_MIN);
    struct kv kv = kv_host(e);
    assert_int_equal(kv.ops->put(kv.self, bytes_text("a"), bytes_text("1")), RC_OK);
    assert_int_equal(kv.ops->begin(kv.self), RC_OK);
    enum rc rc = RC_OK;
    for (uint8_t i = 0; rc == RC_OK; i++)
        rc = kv.ops->put(kv.self, bytes_of(&i, 1), bytes_of(block, sizeof block));
    assert_int_equal(rc, RC_FULL);
    kv.ops->abort(kv.self);
    kv_test_has(kv, "a", "1");
    assert_int_equal(kv.ops->put(kv.self, bytes_text("b"), bytes_text("2")), RC_OK);
    kv_close(e);
}

static struct kv_env *open_cache(void)
{
    struct kv_env *e = NULL;
    struct err err = {0};
    if (kv_open_cache(&e, scratch_folder, KV_SIZE_BYTES_MIN, &err) != RC_OK)
        fail_msg("%s", err.text);
    return e;
}

static void set_boot(const char *id)
{
    char path[SCRATCH_BYTES + sizeof "/boot"];
    (void)snprintf(path, sizeof path, "%s/boot", scratch_folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(id, file);
    assert_int_equal(fclose(file), 0);
}

static bool is_marked(void)
{
    char path[SCRATCH_BYTES + sizeof "/boot"];
    (void)snprintf(path, sizeof path, "%s/boot", scratch_folder);
    return access(path, F_OK) == 0;
}

static void a_cache_outlives_its_process_and_not_the_machine(void **state)
{
    (void)state;
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) { // ends without a close
        struct kv_env *e = open_cache();
        struct kv kv = kv_host(e);
        _exit(kv.ops->put(kv.self, bytes_text("a"), bytes_text("1")) == RC_OK ? 0 : 1);
    }
    int status = 1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_true(is_marked());
    struct kv_env *e = open_cache();
    kv_test_has(kv_host(e), "a", "1");
    kv_close(e);
    assert_false(is_marked()); // all is on the disk: any later start may use it
    e = open_cache();
    kv_test_has(kv_host(e), "a", "1");
    assert_true(is_marked());
    struct kv kv = kv_host(e);
    struct bytes value;
    kv_close(e);
    set_boot("some other start of the machine\n");
    e = open_cache();
    kv = kv_host(e);
    assert_int_equal(kv.ops->get(kv.self, bytes_text("a"), &value), RC_ABSENT);
    kv_close(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_group_is_seen_at_once_and_kept_together, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(a_full_group_can_be_aborted, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(a_cache_outlives_its_process_and_not_the_machine,
                                        scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(put_get_del_and_order, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(agrees_with_an_array, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(full_is_said_and_harmless, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(two_hundred_megabytes_in_one_value, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(a_killed_writer_leaves_all_or_nothing, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test(a_missing_folder_has_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
