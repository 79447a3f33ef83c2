// SPDX-License-Identifier: MIT
// The store on a real disk, its process killed again and again: what was committed is there.
//
// A child puts, deletes, keeps and reads, alone and in groups, and writes into memory that it
// shares with us what it begins and what was committed. At a random moment it is killed (SIGKILL).
// Then we open the store: each object is as the last commit left it, whole; of a group that was
// under way all is there or nothing is. This is the end of a process, not a loss of power, which
// src/peer/store/store_crash_test.c simulates. COUNT=1000 kills a thousand times.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rng.h"
#include "base/seed_test.h"
#include "os/blobs.h"
#include "os/kv.h"
#include "os/scratch_test.h"
#include "store/store.h"

#define OBJECTS       64u
#define OBJECT_BYTES  200000u
#define GROUP_MAX     8u
#define ARENA_BYTES   ((size_t)1 << 20)
#define MAP_BYTES     ((uint64_t)1 << 30)
#define COUNT_DEFAULT 100u
#define LIFE_US_MAX   120000u

struct told { // shared with the child
    _Atomic uint32_t is_up;
    _Atomic uint32_t under_way;              // changes in pending; 0: none
    uint32_t pending[GROUP_MAX];             // objects
    uint8_t after[GROUP_MAX];                // what they will be
    uint8_t is_there[OBJECTS];               // as committed; 2: and kept
    uint64_t commits, puts, gets, dels, cut; // cut: kills in mid-group
};

struct disk {
    char folder[SCRATCH_BYTES];
    struct kv_env *kv;
    struct blobs *blobs;
    struct arena *arena;
    struct store *store;
};

static uint8_t content[OBJECT_BYTES];

// A third of them small, a third around the limit of what lies in rows, a third large.
static struct bytes object(uint32_t i)
{
    struct rng rng = rng_seeded(i);
    static const uint64_t most[] = {3000, 90000, OBJECT_BYTES};
    const size_t len = (size_t)rng_below(&rng, most[i % 3]);
    for (size_t at = 0; at < len; at += 8) {
        const uint64_t word = rng_u64(&rng);
        memcpy(content + at, &word, len - at < 8 ? len - at : 8);
    }
    return bytes_of(content, len);
}

// Not by cmocka: a child's failure is told by its end.
static void must(bool is_so, const char *what)
{
    if (is_so)
        return;
    fprintf(stderr, "store_kill_test: %s\n", what);
    abort();
}

static void disk_open(struct disk *d)
{
    struct err err = {0};
    enum rc rc = blobs_open(&d->blobs, d->folder, &err);
    if (rc == RC_OK)
        rc = kv_open(&d->kv, d->folder, MAP_BYTES, &err);
    must(rc == RC_OK, err.text);
    d->arena = arena_new(ARENA_BYTES);
    must(d->arena != NULL, "no memory");
    const struct store_cfg cfg = {.kv = kv_host(d->kv),
                                  .large = blobs_host(d->blobs),
                                  .bytes_max = STORE_BYTES_MAX,
                                  .objects_max = 2 * OBJECTS,
                                  .seed = 7};
    must(store_open(&d->store, d->arena, &cfg) == RC_OK, "the store does not open");
}

static void disk_close(struct disk *d)
{
    kv_close(d->kv);
    blobs_close(d->blobs);
    arena_free(d->arena);
}

// ---- The child

static void change(struct store *s, struct told *t, uint32_t i, uint8_t after)
{
    const struct bytes bytes = object(i);
    const struct digest name = hash_bytes(bytes);
    const struct bytes label = bytes_text("kept");
    enum rc rc = RC_OK;
    if (after == 0) {
        if (store_unkeep(s, &name, label) == RC_IO)
            must(false, "unkeep");
        rc = store_del(s, &name);
        t->dels++;
    } else {
        rc = store_put(s, &name, bytes);
        if (rc == RC_OK)
            rc = after == 2 ? store_keep(s, &name, label) : store_unkeep(s, &name, label);
        t->puts++;
    }
    must(rc == RC_OK || rc == RC_ABSENT, "a change");
}

// Some changes, in one group: told before they begin, and once they are committed.
static void group(struct store *s, struct told *t, struct rng *rng)
{
    const uint32_t first = (uint32_t)rng_below(rng, OBJECTS);
    const uint32_t count = 1 + (uint32_t)rng_below(rng, GROUP_MAX);
    for (uint32_t i = 0; i < count; i++) {
        t->pending[i] = (first + i) % OBJECTS;
        t->after[i] = (uint8_t)rng_below(rng, 3);
    }
    atomic_store(&t->under_way, count);
    must(store_begin(s) == RC_OK, "begin");
    for (uint32_t i = 0; i < count; i++)
        change(s, t, t->pending[i], t->after[i]);
    must(store_commit(s) == RC_OK, "commit");
    for (uint32_t i = 0; i < count; i++)
        t->is_there[t->pending[i]] = t->after[i];
    t->commits++;
    atomic_store(&t->under_way, 0);
}

static void look(struct store *s, struct told *t, struct rng *rng)
{
    const uint32_t i = (uint32_t)rng_below(rng, OBJECTS);
    const struct bytes bytes = object(i);
    const struct digest name = hash_bytes(bytes);
    struct bytes got;
    const enum rc rc = store_get(s, &name, &got);
    must((rc == RC_OK) == (t->is_there[i] > 0), "a get");
    if (rc != RC_OK)
        return;
    must(bytes_equal(got, bytes), "what a get gives");
    store_release(s);
    t->gets++;
}

static void child(struct disk *d, struct told *t, uint64_t seed)
{
    struct rng rng = rng_seeded(seed);
    disk_open(d);
    atomic_store(&t->is_up, 1);
    for (;;) {
        if (rng_below(&rng, 2) == 0)
            group(d->store, t, &rng);
        else
            look(d->store, t, &rng);
        if (rng_below(&rng, 50) == 0)
            must(store_close(d->store) == RC_OK, "close");
    }
}

// ---- We

static uint8_t seen(const struct disk *d, uint32_t i)
{
    char label[STORE_LABEL_BYTES_MAX + 1];
    const struct digest name = hash_bytes(object(i));
    if (!store_has(d->store, &name))
        return 0;
    return store_kept(d->store, &name, bytes_text(""), label) == RC_OK ? 2 : 1;
}

// True: what is seen of the group is all of it (or, is_before, nothing).
static bool is_group(const struct disk *d, const struct told *t, bool is_before)
{
    for (uint32_t i = 0; i < t->under_way; i++) {
        const uint32_t at = t->pending[i];
        if (seen(d, at) != (is_before ? t->is_there[at] : t->after[i]))
            return false;
    }
    return true;
}

static bool is_pending(const struct told *t, uint32_t object_index)
{
    for (uint32_t i = 0; i < t->under_way; i++)
        if (t->pending[i] == object_index)
            return true;
    return false;
}

static void check_disk(struct disk *d, struct told *t)
{
    uint64_t damaged = 1;
    disk_open(d);
    assert_int_equal(store_verify_all(d->store, &damaged), RC_OK);
    assert_int_equal(damaged, 0);
    for (uint32_t i = 0; i < OBJECTS; i++)
        if (!is_pending(t, i))
            assert_int_equal(seen(d, i), t->is_there[i]);
    assert_true(is_group(d, t, true) || is_group(d, t, false));
    for (uint32_t i = 0; i < OBJECTS; i++)
        t->is_there[i] = seen(d, i);
    t->cut += atomic_exchange(&t->under_way, 0) > 0;
    disk_close(d);
}

static void kill_once(struct disk *d, struct told *t, struct rng *rng)
{
    const uint64_t seed = rng_u64(rng);
    atomic_store(&t->is_up, 0);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        child(d, t, seed);
    int status = 0;
    if (rng_below(rng, 4) > 0) // else also while it opens
        while (atomic_load(&t->is_up) == 0 && waitpid(pid, &status, WNOHANG) == 0)
            usleep(200);
    usleep((useconds_t)rng_below(rng, LIFE_US_MAX));
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL); // and not by itself
    check_disk(d, t);
}

static void test_killed_again_and_again(void **state)
{
    (void)state;
    const char *given = getenv("COUNT");
    const uint64_t count = given != NULL ? strtoull(given, NULL, 0) : COUNT_DEFAULT;
    struct rng rng = rng_seeded(test_seed());
    struct disk d = {0};
    struct told *t =
        mmap(NULL, sizeof *t, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(t != MAP_FAILED);
    assert_int_equal(scratch_make(d.folder), 0);
    for (uint64_t i = 0; i < count; i++)
        kill_once(&d, t, &rng);
    print_message("%llu kills, %llu of them in mid-group; %llu groups committed, of %llu puts and "
                  "%llu deletes; %llu gets\n",
                  (unsigned long long)count, (unsigned long long)t->cut,
                  (unsigned long long)t->commits, (unsigned long long)t->puts,
                  (unsigned long long)t->dels, (unsigned long long)t->gets);
    assert_true(t->commits > 0);
    assert_int_equal(scratch_remove(d.folder), 0);
    assert_int_equal(munmap(t, sizeof *t), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_killed_again_and_again)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
