// SPDX-License-Identifier: MIT
// The store through crashes: thousands of random schedules over a simulated disk, against a twin.
//
// A machine puts, gets, deletes, keeps and groups until a call of the disk, chosen by the seed, is
// its last one: the process ends, or the power does, and with it what was not synced, in part. The
// next one opens what is left. What was committed is there and whole, what was not is not there; of
// the last call or group all is there, or nothing is. Prints the schedule's seed where it fails:
// SEED=n COUNT=1 runs it again.
#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/seed_test.h"
#include "sim/kv.h"

#define OBJECTS       40u
#define OBJECT_BYTES  4000u
#define INLINE_BYTES  1000u
#define LIVES         4u
#define STEPS         60u
#define DISK_BYTES    ((uint64_t)1 << 24)
#define ARENA_BYTES   ((size_t)1 << 20)
#define COUNT_DEFAULT 3000u

struct twin {
    bool is_there[OBJECTS];
    bool is_kept[OBJECTS];
};

struct run {
    uint64_t seed;
    struct rng rng;
    struct budget budget;
    struct sim_kv *rows, *files;
    struct arena *arena;
    struct store *store; // NULL: it could not open
    uint64_t bytes_max;
    uint32_t objects_max;
    struct twin good; // committed
    struct twin now;  // and what the call or group under way makes of it
    bool is_group;
    bool is_exact; // nothing can be evicted: limits and disk are wide
    bool is_pinned[OBJECTS];
    uint64_t crashes, powers, put_count;
};

static uint8_t content[OBJECTS][OBJECT_BYTES];
static size_t length[OBJECTS];
static struct digest name[OBJECTS];

#define CHECK(r, condition)                                                                        \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_msg("SEED=%llu COUNT=1: not so: %s", (unsigned long long)(r)->seed, #condition);  \
    } while (0)

static void make_objects(void)
{
    struct rng rng = rng_seeded(9);
    for (unsigned i = 0; i < OBJECTS; i++) {
        length[i] = (size_t)rng_below(&rng, OBJECT_BYTES + 1);
        for (size_t at = 0; at < length[i]; at++)
            content[i][at] = (uint8_t)(1 + rng_below(&rng, 255));
        name[i] = hash_bytes(bytes_of(content[i], length[i]));
    }
}

static struct bytes object(unsigned i)
{
    return bytes_of(content[i], length[i]);
}

static unsigned any(struct run *r)
{
    return (unsigned)rng_below(&r->rng, OBJECTS);
}

static bool chance(struct run *r, unsigned percent)
{
    return rng_below(&r->rng, 100) < percent;
}

// ---- What must hold

// Present and whole, as the counts and limits say.
static void check_present(struct run *r)
{
    uint64_t objects = 0;
    uint64_t bytes = 0;
    uint64_t large = 0;
    for (unsigned i = 0; i < OBJECTS; i++) {
        struct bytes got;
        const enum rc rc = store_get(r->store, &name[i], &got);
        CHECK(r, rc == RC_OK || rc == RC_ABSENT);
        CHECK(r, (rc == RC_OK) == store_has(r->store, &name[i]));
        if (rc != RC_OK)
            continue;
        CHECK(r, bytes_equal(got, object(i)));
        store_release(r->store);
        objects++;
        bytes += length[i];
        large += length[i] > INLINE_BYTES;
    }
    const struct store_stat stat = store_stat(r->store);
    CHECK(r, stat.damaged == 0); // no entry without its bytes
    CHECK(r, stat.objects == objects && stat.bytes == bytes && stat.large_objects == large);
    CHECK(r, objects <= r->objects_max && bytes <= r->bytes_max);
}

static bool is_kept(const struct run *r, unsigned i)
{
    char label[STORE_LABEL_BYTES_MAX + 1];
    return store_kept(r->store, &name[i], bytes_text(""), label) == RC_OK;
}

static bool equals(const struct run *r, const struct twin *t)
{
    for (unsigned i = 0; i < OBJECTS; i++)
        if (store_has(r->store, &name[i]) != t->is_there[i] ||
            (t->is_there[i] && is_kept(r, i) != t->is_kept[i]))
            return false;
    return true;
}

// What may be missing was evicted; what must not be there is not.
static void check_allowed(struct run *r)
{
    for (unsigned i = 0; i < OBJECTS; i++) {
        const bool is_there = store_has(r->store, &name[i]);
        const bool was_kept = (r->good.is_kept[i] && r->now.is_kept[i]) || r->is_pinned[i];
        if (r->good.is_there[i] && r->now.is_there[i] && was_kept)
            CHECK(r, is_there);
        if (!r->good.is_there[i] && !r->now.is_there[i])
            CHECK(r, !is_there);
        if (is_there && r->good.is_kept[i] && r->now.is_kept[i])
            CHECK(r, is_kept(r, i));
    }
}

// After a call or a group ended, well, badly, or in a crash: its twin is what is seen.
static void settle(struct run *r, bool is_known)
{
    if (r->is_exact) {
        CHECK(r, equals(r, &r->now) || (!is_known && equals(r, &r->good)));
    } else {
        if (is_known)
            r->good = r->now;
        check_allowed(r);
    }
    for (unsigned i = 0; i < OBJECTS; i++) {
        r->good.is_there[i] = store_has(r->store, &name[i]);
        r->good.is_kept[i] = r->good.is_there[i] && is_kept(r, i);
    }
    r->now = r->good;
}

// ---- One life

static bool is_dead(const struct run *r)
{
    return sim_kv_is_dead(r->rows);
}

static void calm(struct run *r, bool is_calm)
{
    sim_kv_calm(r->rows, is_calm);
    sim_kv_calm(r->files, is_calm);
}

// The twin of one call that answered rc.
static void after(struct run *r, enum rc rc)
{
    r->is_exact = r->is_exact && rc != RC_FULL;
    if (r->is_group)
        return; // settled by its commit
    if (rc != RC_OK && rc != RC_IO)
        r->now = r->good;
    if (is_dead(r)) { // settled by the next life; what succeeded before the end is for good
        if (rc == RC_OK)
            r->good = r->now;
        return;
    }
    calm(r, true);
    settle(r, rc == RC_OK);
    calm(r, false);
}

// Outside of a group nobody knows; in one, what failed is not in it.
static bool may_be_done(const struct run *r, enum rc rc)
{
    return rc == RC_OK || (rc == RC_IO && !r->is_group);
}

static void do_put(struct run *r, unsigned i)
{
    const enum rc rc = store_put(r->store, &name[i], object(i));
    CHECK(r, rc == RC_OK || rc == RC_FULL || rc == RC_IO);
    if (may_be_done(r, rc))
        r->now.is_there[i] = true;
    r->put_count += rc == RC_OK;
    after(r, rc);
}

static void do_del(struct run *r, unsigned i)
{
    const bool was_free = !r->now.is_kept[i] && !r->is_pinned[i];
    const enum rc rc = store_del(r->store, &name[i]);
    CHECK(r, rc != RC_OK || was_free);
    if (may_be_done(r, rc))
        r->now.is_there[i] = r->now.is_kept[i] = false;
    after(r, rc);
}

static void do_keep(struct run *r, unsigned i, bool keeps)
{
    const enum rc rc = keeps ? store_keep(r->store, &name[i], bytes_text("a"))
                             : store_unkeep(r->store, &name[i], bytes_text("a"));
    if (may_be_done(r, rc))
        r->now.is_kept[i] = keeps && r->now.is_there[i];
    after(r, rc);
}

static void do_get(struct run *r, unsigned i)
{
    struct bytes got;
    const enum rc rc = store_get(r->store, &name[i], &got);
    if (rc != RC_OK)
        return;
    CHECK(r, bytes_equal(got, object(i)));
    store_release(r->store);
}

static void do_pin(struct run *r, unsigned i)
{
    if (r->is_group) // an abort would take away what is pinned
        return;
    if (r->is_pinned[i])
        store_unpin(r->store, &name[i]);
    r->is_pinned[i] = !r->is_pinned[i] && store_pin(r->store, &name[i]) == RC_OK;
}

static void do_group(struct run *r)
{
    if (!r->is_group) {
        r->is_group = store_begin(r->store) == RC_OK;
        return;
    }
    r->is_group = false;
    if (chance(r, 20)) {
        store_abort(r->store);
        r->now = r->good;
        after(r, RC_OK);
        return;
    }
    const enum rc rc = store_commit(r->store);
    if (rc == RC_FULL)
        r->now = r->good;
    after(r, rc);
}

// What changes nothing that can be seen.
static void do_chore(struct run *r)
{
    if (r->is_group)
        return;
    const uint64_t kind = rng_below(&r->rng, 4);
    if (kind == 0)
        after(r, store_flush(r->store));
    else if (kind == 1)
        after(r, store_gc(r->store));
    else if (kind == 2)
        after(r, store_verify(r->store, &name[any(r)]));
    else
        after(r, store_close(r->store));
}

static void step(struct run *r)
{
    const uint64_t kind = rng_below(&r->rng, 100);
    const unsigned i = any(r);
    if (kind < 40)
        do_put(r, i);
    else if (kind < 55)
        do_get(r, i);
    else if (kind < 68)
        do_del(r, i);
    else if (kind < 78)
        do_keep(r, i, kind < 73);
    else if (kind < 82)
        do_pin(r, i);
    else if (kind < 86)
        after(r, store_rarity(r->store, &name[i], (uint32_t)rng_below(&r->rng, 300)));
    else if (kind < 95)
        do_group(r);
    else
        do_chore(r);
}

static enum rc open_store(struct run *r)
{
    const struct store_cfg cfg = {.kv = sim_kv_host(r->rows),
                                  .large = sim_kv_host(r->files),
                                  .bytes_max = r->bytes_max,
                                  .objects_max = r->objects_max,
                                  .inline_bytes = INLINE_BYTES,
                                  .seed = rng_u64(&r->rng)};
    arena_reset(r->arena);
    return store_open(&r->store, r->arena, &cfg);
}

static void plan_trouble(struct run *r)
{
    struct sim_kv *first = chance(r, 70) ? r->rows : r->files;
    struct sim_kv *other = first == r->rows ? r->files : r->rows;
    const uint64_t nth = 1 + rng_below(&r->rng, chance(r, 50) ? 60 : 1500);
    const bool is_full = chance(r, 10);
    if (is_full)
        sim_kv_fail(first, nth, RC_FULL, false);
    else if (chance(r, 10))
        sim_kv_fail(first, nth, RC_IO, chance(r, 50));
    else
        sim_kv_crash(first, nth, chance(r, 50), other);
    r->is_exact = r->is_exact && !is_full; // then something is evicted
    if (chance(r, 10)) {                   // a disk that is nearly full
        sim_kv_limit(r->files, 8000 + rng_below(&r->rng, 60000));
        sim_kv_limit(r->rows, 20000 + rng_below(&r->rng, 30000));
        r->is_exact = false;
    }
}

static void end_of_life(struct run *r)
{
    const bool is_power = chance(r, 50);
    r->crashes += is_dead(r);
    r->powers += is_power;
    sim_kv_limit(r->rows, DISK_BYTES);
    sim_kv_limit(r->files, DISK_BYTES);
    if (is_power) {
        sim_kv_power_loss(r->rows, rng_u64(&r->rng));
        sim_kv_power_loss(r->files, rng_u64(&r->rng));
    } else {
        sim_kv_restart(r->rows);
        sim_kv_restart(r->files);
    }
    r->is_group = false;
    memset(r->is_pinned, 0, sizeof r->is_pinned);
}

// A start that nothing disturbs finds all that there must be, and no file without an entry.
static void check_start(struct run *r)
{
    CHECK(r, open_store(r) == RC_OK);
    settle(r, false);
    check_present(r);
    CHECK(r, sim_kv_entries(r->files) == store_stat(r->store).large_objects);
    r->is_exact = r->bytes_max == STORE_BYTES_MAX;
}

static void live(struct run *r)
{
    check_start(r);
    plan_trouble(r);
    if (chance(r, 20) && open_store(r) != RC_OK) { // or it ends while it opens
        end_of_life(r);
        return;
    }
    for (unsigned i = 0; i < STEPS && !is_dead(r); i++)
        step(r);
    if (!is_dead(r) && !r->is_group) {
        calm(r, true);
        check_present(r);
    }
    end_of_life(r);
}

static void run_one(struct run *r, uint64_t seed)
{
    *r = (struct run){.seed = seed,
                      .rng = rng_seeded(seed),
                      .budget = {.limit_bytes = (size_t)1 << 26},
                      .arena = r->arena};
    const bool is_tight = chance(r, 50);
    r->bytes_max = is_tight ? OBJECT_BYTES + rng_below(&r->rng, 30000) : STORE_BYTES_MAX;
    r->objects_max = is_tight ? 3 + (uint32_t)rng_below(&r->rng, OBJECTS) : 2 * OBJECTS;
    r->is_exact = !is_tight;
    CHECK(r, sim_kv_new(&r->rows, &r->budget, DISK_BYTES) == RC_OK);
    CHECK(r, sim_kv_new(&r->files, &r->budget, DISK_BYTES) == RC_OK);
    sim_kv_as_files(r->files);
    for (unsigned i = 0; i < LIVES; i++)
        live(r);
    check_start(r);
    sim_kv_free(r->rows);
    sim_kv_free(r->files);
    CHECK(r, r->budget.used_bytes == 0);
}

static void test_schedules(void **state)
{
    (void)state;
    const char *given = getenv("COUNT");
    const uint64_t count = given != NULL ? strtoull(given, NULL, 0) : COUNT_DEFAULT;
    const uint64_t seed = test_seed();
    struct run r = {.arena = arena_new(ARENA_BYTES)};
    assert_non_null(r.arena);
    make_objects();
    uint64_t crashes = 0;
    uint64_t powers = 0;
    uint64_t puts = 0;
    for (uint64_t i = 0; i < count; i++) {
        run_one(&r, seed + i);
        crashes += r.crashes;
        powers += r.powers;
        puts += r.put_count;
    }
    print_message("%llu schedules: %llu crashes in mid-call, %llu losses of power, %llu puts\n",
                  (unsigned long long)count, (unsigned long long)crashes,
                  (unsigned long long)powers, (unsigned long long)puts);
    arena_free(r.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_schedules)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
