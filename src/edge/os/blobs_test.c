// SPDX-License-Identifier: MIT
// Tests of blobs: order against a sorted twin, a full disk, killed writers, what is left behind.
#include "os/blobs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rng.h"
#include "base/seed_test.h"
#include "host/kv_test.h"
#include "os/clock.h"
#include "os/scratch_test.h"
#include "os/writer_test.h"

static struct blobs *open_blobs(void)
{
    struct blobs *b = NULL;
    struct err err = {0};
    if (blobs_open(&b, scratch_folder, &err) != RC_OK)
        fail_msg("%s", err.text);
    return b;
}

static bool is_there(const char *name)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", scratch_folder, name);
    return access(path, F_OK) == 0;
}

static unsigned mode_of(const char *name)
{
    char path[128];
    struct stat st;
    (void)snprintf(path, sizeof path, "%s/%s", scratch_folder, name);
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void put_get_del_and_order(void **state)
{
    (void)state;
    struct blobs *b = open_blobs();
    kv_keeps_its_promises(blobs_host(b));
    blobs_close(b);
    b = open_blobs();
    kv_test_has(blobs_host(b), "aa", "aa");
    blobs_close(b);
    blobs_close(NULL);
}

static void files_are_private_and_lie_where_said(void **state)
{
    (void)state;
    (void)umask(0);
    struct blobs *b = open_blobs();
    struct kv kv = blobs_host(b);
    uint8_t longest[BLOBS_KEY_BYTES_MAX];
    memset(longest, 0xfe, sizeof longest);
    assert_int_equal(kv_test_put(kv, "o\001x", "1"), RC_OK);
    assert_int_equal(kv_test_put(kv, "o", "2"), RC_OK);
    assert_int_equal(kv.ops->put(kv.self, bytes_of(longest, sizeof longest), bytes_text("3")),
                     RC_OK);
    (void)umask(022);
    assert_int_equal(mode_of("6f"), 0700);
    assert_int_equal(mode_of("6f/01"), 0700);
    assert_int_equal(mode_of("6f/01/6f0178"), 0600);
    assert_int_equal(mode_of("6f/-/6f"), 0600);
    assert_true(is_there("fe/fe"));
    assert_false(is_there("new"));
    struct bytes key;
    struct bytes value;
    assert_int_equal(kv.ops->next(kv.self, bytes_text("p"), &key, &value), RC_OK);
    assert_true(bytes_equal(key, bytes_of(longest, sizeof longest)));
    kv.ops->release(kv.self);
    assert_int_equal(kv.ops->next(kv.self, bytes_of(longest, sizeof longest), &key, &value),
                     RC_ABSENT);
    blobs_close(b);
}

static void leave_file(const char *name)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", scratch_folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    (void)fputs("not ours", f);
    assert_int_equal(fclose(f), 0);
}

static void leftovers_go_and_strangers_are_no_keys(void **state)
{
    (void)state;
    struct blobs *b = open_blobs();
    assert_int_equal(kv_test_put(blobs_host(b), "oak", "tree"), RC_OK);
    blobs_close(b);
    leave_file("new");
    leave_file("ff");           // where a folder would be
    leave_file("6f/62");        // the same
    leave_file("6f/61/readme"); // no hex
    leave_file("6f/61/6f6");    // half a byte
    leave_file("6f/61/6f6261"); // of another folder
    b = open_blobs();
    assert_false(is_there("new"));
    struct kv kv = blobs_host(b);
    struct bytes key;
    struct bytes value;
    assert_int_equal(kv.ops->next(kv.self, bytes_of(NULL, 0), &key, &value), RC_OK);
    assert_true(bytes_is(key, "oak"));
    kv.ops->release(kv.self);
    assert_int_equal(kv.ops->next(kv.self, bytes_text("oak"), &key, &value), RC_ABSENT);
    assert_int_equal(kv_test_put(kv, "oboe", "wood"), RC_IO); // its folder cannot be made
    assert_false(is_there("new"));
    blobs_close(b);
}

// ---- Against a twin

#define KEYS 300

struct twin {         // a key is a number's digits in base 4, 1 .. 5 of them
    char value[KEYS]; // 0: absent
};

static size_t twin_key(unsigned i, char out[static 8])
{
    static const char digit[] = {'\0', 'a', 'b', (char)0xff};
    size_t len = 0;
    for (unsigned left = i + 1; left > 0; left /= 4)
        out[len++] = digit[left % 4];
    return len;
}

static int key_order(struct bytes a, struct bytes b)
{
    const int order = memcmp(a.at, b.at, a.len < b.len ? a.len : b.len);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

// The smallest key of the twin after `after`; KEYS: none.
static unsigned twin_next(const struct twin *t, struct bytes after)
{
    char best_at[8];
    struct bytes best = {0};
    unsigned found = KEYS;
    for (unsigned i = 0; i < KEYS; i++) {
        char at[8];
        const struct bytes key = bytes_of(at, twin_key(i, at));
        if (t->value[i] == 0 || (after.len > 0 && key_order(key, after) <= 0) ||
            (found < KEYS && key_order(key, best) >= 0))
            continue;
        memcpy(best_at, at, key.len);
        best = bytes_of(best_at, key.len);
        found = i;
    }
    return found;
}

static void twin_change(struct twin *t, struct kv kv, unsigned i, char value)
{
    char at[8];
    const struct bytes key = bytes_of(at, twin_key(i, at));
    if (value != 0)
        assert_int_equal(kv.ops->put(kv.self, key, bytes_of(&value, 1)), RC_OK);
    else
        assert_int_equal(kv.ops->del(kv.self, key), t->value[i] != 0 ? RC_OK : RC_ABSENT);
    t->value[i] = value;
}

static void twin_check_next(const struct twin *t, struct kv kv, struct bytes after)
{
    struct bytes key;
    struct bytes value;
    char at[8];
    const unsigned want = twin_next(t, after);
    const enum rc rc = kv.ops->next(kv.self, after, &key, &value);
    assert_int_equal(rc, want < KEYS ? RC_OK : RC_ABSENT);
    if (rc != RC_OK)
        return;
    assert_true(bytes_equal(key, bytes_of(at, twin_key(want, at))));
    assert_int_equal(value.len, 1);
    assert_int_equal(value.at[0], (uint8_t)t->value[want]);
    kv.ops->release(kv.self);
}

static void agrees_with_a_sorted_twin(void **state)
{
    (void)state;
    static struct twin twin;
    struct rng rng = rng_seeded(test_seed());
    struct blobs *b = open_blobs();
    struct kv kv = blobs_host(b);
    for (int step = 0; step < 4000; step++) {
        char at[8];
        const unsigned i = (unsigned)rng_below(&rng, KEYS);
        if (rng_below(&rng, 3) == 0)
            twin_change(&twin, kv, i, (char)rng_below(&rng, 3));
        const unsigned probe = (unsigned)rng_below(&rng, KEYS);
        twin_check_next(&twin, kv, bytes_of(at, rng_below(&rng, 50) > 0 ? twin_key(probe, at) : 0));
        if (step % 1000 == 999) {
            blobs_close(b);
            b = open_blobs();
            kv = blobs_host(b);
        }
    }
    blobs_close(b);
}

// More keys in one folder than a walk holds, and some go while it walks.
static void a_long_walk_sees_all_once(void **state)
{
    (void)state;
    struct blobs *b = open_blobs();
    struct kv kv = blobs_host(b);
    enum { MANY = 2500 };
    for (unsigned i = 0; i < MANY; i++) {
        const unsigned n = i * 1009 % MANY; // 1009 is prime: each once
        const uint8_t key[4] = {'o', 'k', (uint8_t)(n >> 8), (uint8_t)n};
        assert_int_equal(kv.ops->put(kv.self, bytes_of(key, 4), bytes_of(key, 4)), RC_OK);
    }
    uint8_t at[4] = {'o'};
    size_t len = 1;
    unsigned seen = 0;
    struct bytes key;
    struct bytes value;
    while (kv.ops->next(kv.self, bytes_of(at, len), &key, &value) == RC_OK) {
        assert_true(bytes_equal(key, value));
        assert_int_equal(key.at[2] << 8 | key.at[3], seen);
        memcpy(at, key.at, 4);
        len = 4;
        kv.ops->release(kv.self);
        if (seen % 3 == 0)
            assert_int_equal(kv.ops->del(kv.self, bytes_of(at, 4)), RC_OK);
        seen++;
        if (seen % 5 == 0 && seen < MANY) { // the next one, before the walk is there
            const uint8_t gone[4] = {'o', 'k', (uint8_t)(seen >> 8), (uint8_t)seen};
            assert_int_equal(kv.ops->del(kv.self, bytes_of(gone, 4)), RC_OK);
            seen++;
        }
    }
    assert_int_equal(seen, MANY);
    blobs_close(b);
}

// ---- Full disks

#define VALUE_BYTES ((size_t)300000) // at most

static struct bytes filled(uint32_t n)
{
    static uint8_t value[VALUE_BYTES];
    memset(value, (int)(n % 251), VALUE_BYTES);
    memcpy(value, &n, sizeof n);
    return bytes_of(value, VALUE_BYTES - n % 7 * 1000);
}

// A whole value, as filled; its number.
static uint32_t assert_whole(struct bytes value)
{
    uint32_t n;
    assert_true(value.len > sizeof n);
    memcpy(&n, value.at, sizeof n);
    assert_int_equal(value.len, VALUE_BYTES - n % 7 * 1000);
    for (size_t i = sizeof n; i < value.len; i++) {
        if (value.at[i] != n % 251)
            fail_msg("byte %zu of %u", i, n);
    }
    return n;
}

static void full_is_said_and_harmless(struct kv kv)
{
    uint32_t count = 0;
    enum rc rc = RC_OK;
    while (rc == RC_OK && count < 10) {
        const uint8_t key[2] = {'o', (uint8_t)count};
        rc = kv.ops->put(kv.self, bytes_of(key, 2), filled(count));
        count += rc == RC_OK;
    }
    assert_int_equal(rc, RC_FULL);
    assert_false(is_there("new"));
    struct bytes got;
    for (uint32_t i = 0; i < count; i++) { // a replacement that fails leaves what was there
        const uint8_t key[2] = {'o', (uint8_t)i};
        assert_int_equal(kv.ops->put(kv.self, bytes_of(key, 2), filled(98)), RC_FULL);
        assert_int_equal(kv.ops->get(kv.self, bytes_of(key, 2), &got), RC_OK);
        assert_int_equal(assert_whole(got), i);
        kv.ops->release(kv.self);
    }
    const uint8_t absent[2] = {'o', (uint8_t)count};
    assert_int_equal(kv.ops->get(kv.self, bytes_of(absent, 2), &got), RC_ABSENT);
}

static void a_full_disk_keeps_what_is_whole(void **state)
{
    (void)state;
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", scratch_folder, "tmpfs", 0, "size=1m") != 0)
        skip(); // not allowed here
    struct blobs *b = open_blobs();
    struct kv kv = blobs_host(b);
    full_is_said_and_harmless(kv);
    const uint8_t first[2] = {'o', 0};
    assert_int_equal(kv.ops->del(kv.self, bytes_of(first, 2)), RC_OK); // makes room
    assert_int_equal(kv.ops->put(kv.self, bytes_of(first, 2), filled(7)), RC_OK);
    blobs_close(b);
    assert_int_equal(umount(scratch_folder), 0);
}

static void a_file_that_may_not_grow_is_full(void **state)
{
    (void)state;
    struct blobs *b = open_blobs();
    struct kv kv = blobs_host(b);
    struct rlimit limit;
    assert_int_equal(kv_test_put(kv, "ok", "small"), RC_OK);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    const struct rlimit small = {.rlim_cur = VALUE_BYTES / 2, .rlim_max = limit.rlim_max};
    (void)signal(SIGXFSZ, SIG_IGN); // or the limit would kill
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(kv.ops->put(kv.self, bytes_text("ok"), filled(1)), RC_FULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_false(is_there("new"));
    kv_test_has(kv, "ok", "small");
    blobs_close(b);
}

// ---- Killed, and shared

// A few keys, over and over, some over what another left; tells each put.
static void write_for_ever(int tell, void *self)
{
    (void)self;
    struct blobs *b = NULL;
    if (blobs_open(&b, scratch_folder, NULL) != RC_OK)
        _exit(1);
    struct kv kv = blobs_host(b);
    for (uint32_t n = 1;; n++) {
        const uint8_t key[2] = {'o', (uint8_t)(n % 5)};
        if (n % 3 == 0 && (kv.ops->put(kv.self, bytes_text("p"), filled(n + 1)) != RC_OK ||
                           kv.ops->del(kv.self, bytes_text("p")) != RC_OK))
            _exit(2);
        if (kv.ops->put(kv.self, bytes_of(key, 2), filled(n)) != RC_OK)
            _exit(2);
        writer_tell(tell, n);
    }
}

// The last number told.
static uint64_t kill_one_writer(useconds_t after_us)
{
    struct writer w = writer_start(write_for_ever, NULL);
    writer_await(&w, 5);
    (void)usleep(after_us);
    struct blobs *b = NULL;
    struct err err = {0};
    assert_int_equal(blobs_open(&b, scratch_folder, &err), RC_CONFIG);
    assert_non_null(strstr(err.text, "another process uses it"));
    return writer_kill(&w);
}

static void a_killed_writer_leaves_whole_files(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(test_seed());
    unsigned cut = 0;
    for (int round = 0; round < 30; round++) {
        const uint64_t told = kill_one_writer((useconds_t)rng_below(&rng, 3000));
        cut += is_there("new");
        struct blobs *b = open_blobs();
        struct kv kv = blobs_host(b);
        uint32_t last = 0;
        for (uint8_t k = 0; k < 5; k++) {
            const uint8_t key[2] = {'o', k};
            struct bytes got;
            assert_int_equal(kv.ops->get(kv.self, bytes_of(key, 2), &got), RC_OK);
            const uint32_t n = assert_whole(got);
            kv.ops->release(kv.self);
            last = n > last ? n : last;
            assert_true(n % 5 == k && n + 5 > told);
        }
        assert_true(last == told || last == told + 1);
        assert_false(is_there("new"));
        blobs_close(b);
    }
    print_message("%u of 30 died inside a write\n", cut);
}

static void a_deleted_file_is_written_over(void **state)
{
    (void)state;
    static const uint32_t number[] = {6, 0, 3, 13, 7}; // shorter and longer than the one before
    struct blobs *b = open_blobs();
    struct kv kv = blobs_host(b);
    for (size_t i = 0; i < 5; i++) {
        struct bytes got;
        assert_int_equal(kv.ops->put(kv.self, bytes_text("oak"), filled(number[i])), RC_OK);
        assert_false(is_there("new"));
        assert_int_equal(kv.ops->get(kv.self, bytes_text("oak"), &got), RC_OK);
        assert_int_equal(assert_whole(got), number[i]);
        kv.ops->release(kv.self);
        assert_int_equal(kv_test_put(kv, "elm", "short"), RC_OK);
        assert_int_equal(kv.ops->del(kv.self, bytes_text("oak")), RC_OK);
        assert_int_equal(kv.ops->get(kv.self, bytes_text("oak"), &got), RC_ABSENT);
        assert_true(is_there("new"));
        assert_int_equal(kv.ops->del(kv.self, bytes_text("elm")), RC_OK); // a spare is there
        assert_int_equal(kv.ops->get(kv.self, bytes_text("elm"), &got), RC_ABSENT);
    }
    assert_int_equal(kv_test_put(kv, "elm", ""), RC_OK); // over the long spare
    kv_test_has(kv, "elm", "");
    blobs_close(b);
}

static void large_values_are_cheap(void **state)
{
    (void)state;
    const size_t len = (size_t)8 << 20;
    enum { COUNT = 32 };
    struct blobs *b = open_blobs();
    struct kv kv = blobs_host(b);
    uint8_t *big = malloc(len);
    assert_non_null(big);
    for (size_t i = 0; i < len; i += 4096)
        memset(big + i, (int)(i / 4096 % 251), 4096);
    const uint64_t since_us = clock_now_us();
    for (uint8_t i = 0; i < COUNT; i++)
        assert_int_equal(kv.ops->put(kv.self, bytes_of(&i, 1), bytes_of(big, len)), RC_OK);
    const uint64_t took_us = clock_now_us() - since_us;
    print_message("put of 8 MiB: %.0f MB/s\n", (double)len * COUNT / (double)took_us);
    for (uint8_t i = 0; i < COUNT; i++) {
        struct bytes got;
        assert_int_equal(kv.ops->get(kv.self, bytes_of(&i, 1), &got), RC_OK);
        assert_true(bytes_equal(got, bytes_of(big, len)));
        kv.ops->release(kv.self);
    }
    free(big);
    blobs_close(b);
}

static void a_useless_folder_has_words(void **state)
{
    (void)state;
    struct blobs *b = NULL;
    struct err err;
    assert_int_equal(blobs_open(&b, "/proc/no/such", &err), RC_CONFIG);
    assert_string_equal(err.text, "cannot make folder /proc/no: No such file or directory");
    assert_null(b);
    char path[128];
    leave_file("file");
    (void)snprintf(path, sizeof path, "%s/file", scratch_folder);
    assert_int_equal(blobs_open(&b, path, &err), RC_CONFIG);
    (void)snprintf(path, sizeof path, "%s/fresh/deep", scratch_folder); // made
    assert_int_equal(blobs_open(&b, path, &err), RC_OK);
    blobs_close(b);
    assert_int_equal(mode_of("fresh/deep"), 0700);
}

// What a commit syncs cannot be seen from here; that it finds all it has to, can.
static void groups_take_what_was_put_and_deleted(void **state)
{
    (void)state;
    struct blobs *b = open_blobs();
    struct kv kv = blobs_host(b);
    char key[8];
    for (unsigned round = 0; round < 3; round++) { // the last one of more than are synced singly
        assert_int_equal(kv.ops->begin(kv.self), RC_OK);
        for (unsigned i = 0; i < (round == 2 ? 300u : 20u); i++) {
            (void)snprintf(key, sizeof key, "%c%u", 'a' + (char)(i % 20), i);
            assert_int_equal(kv_test_put(kv, key, "value"), RC_OK);
            kv_test_has(kv, key, "value"); // seen at once
        }
        assert_int_equal(kv.ops->del(kv.self, bytes_text("a0")), RC_OK); // with its file
        assert_false(is_there("61/30/6130"));
        assert_false(is_there("new")); // no spare: it would be written over before this is synced
        assert_int_equal(kv.ops->commit(kv.self), RC_OK);
    }
    assert_int_equal(kv.ops->begin(kv.self), RC_OK);
    assert_int_equal(kv_test_put(kv, "b1", "other"), RC_OK);
    kv.ops->abort(kv.self); // takes nothing back
    kv_test_has(kv, "b1", "other");
    blobs_close(b);
}

static void several_are_lent_at_a_time(void **state)
{
    (void)state;
    struct blobs *b = open_blobs();
    struct kv kv = blobs_host(b);
    struct bytes first;
    struct bytes got;
    assert_int_equal(kv_test_put(kv, "one", "1"), RC_OK);
    assert_int_equal(kv_test_put(kv, "two", "22"), RC_OK);
    assert_int_equal(kv.ops->get(kv.self, bytes_text("one"), &first), RC_OK);
    for (unsigned i = 1; i < KV_LENT_MAX; i++)
        assert_int_equal(kv.ops->get(kv.self, bytes_text("two"), &got), RC_OK);
    assert_int_equal(kv.ops->get(kv.self, bytes_text("two"), &got), RC_FULL);
    for (unsigned i = 1; i < KV_LENT_MAX; i++) {
        kv.ops->release(kv.self);
        assert_true(bytes_is(first, "1")); // until the last release
    }
    kv.ops->release(kv.self);
    assert_int_equal(kv_test_put(kv, "one", "111"), RC_OK);
    kv_test_has(kv, "one", "111");
    blobs_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(groups_take_what_was_put_and_deleted, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(several_are_lent_at_a_time, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(put_get_del_and_order, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(files_are_private_and_lie_where_said, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(leftovers_go_and_strangers_are_no_keys, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(agrees_with_a_sorted_twin, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(a_long_walk_sees_all_once, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(a_full_disk_keeps_what_is_whole, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(a_file_that_may_not_grow_is_full, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(a_killed_writer_leaves_whole_files, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(a_deleted_file_is_written_over, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(large_values_are_cheap, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(a_useless_folder_has_words, scratch_setup,
                                        scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
