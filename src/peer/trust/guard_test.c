// SPDX-License-Identifier: MIT
// Tests of the guard: each limit alone, bans, the full table, and any calls against a naive twin.
#include "trust/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/rng.h"
#include "base/seed_test.h"

#define S UINT64_C(1000000) // a second

struct world {
    struct arena *arena;
    struct guard *g;
    struct guard_cfg cfg;
    uint64_t now_us;
};

static void make_guard(struct world *w)
{
    assert_int_equal(guard_new(&w->g, w->arena, &w->cfg, 7), RC_OK);
}

static int make(void **state)
{
    static struct world w;
    w = (struct world){.arena = arena_new(GUARD_ARENA_BYTES(GUARD_KEYS_MAX)),
                       .cfg = {.keys_max = 16},
                       .now_us = 1000 * S};
    *state = &w;
    return w.arena == NULL;
}

static int unmake(void **state)
{
    struct world *w = *state;
    arena_free(w->arena);
    return 0;
}

static struct guard_key key(uint32_t n)
{
    struct guard_key k = {{0}};
    for (unsigned i = 0; i < 4; i++)
        k.b[i] = (uint8_t)(n >> 8 * i);
    return k;
}

static enum rc admit(struct world *w, uint32_t n)
{
    const struct guard_key k = key(n);
    const enum rc rc = guard_admit(w->g, &k, w->now_us);
    guard_check(w->g);
    return rc;
}

static void leave(struct world *w, uint32_t n)
{
    const struct guard_key k = key(n);
    guard_leave(w->g, &k, w->now_us);
    guard_check(w->g);
}

static uint64_t charge(struct world *w, uint32_t n, uint64_t messages, uint64_t bytes)
{
    const struct guard_key k = key(n);
    return guard_charge(w->g, &k, messages, bytes, w->now_us);
}

static bool fault(struct world *w, uint32_t n, uint32_t weight)
{
    const struct guard_key k = key(n);
    const bool is_banned = guard_fault(w->g, &k, weight, w->now_us);
    guard_check(w->g);
    return is_banned;
}

static uint64_t banned_us(const struct world *w, uint32_t n)
{
    const struct guard_key k = key(n);
    return guard_banned_us(w->g, &k, w->now_us);
}

// ---- Limits

static void test_settings_are_checked(void **state)
{
    struct world *w = *state;
    const struct guard_cfg good = {.keys_max = 1,
                                   .faults_max = 1,
                                   .fault_us = 1,
                                   .ban_us = 1,
                                   .ban_us_max = GUARD_TIME_US_MAX,
                                   .bytes = {1, 1}};
    struct guard_cfg bad[9];
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        bad[i] = good;
    bad[0].keys_max = 0;
    bad[1].keys_max = GUARD_KEYS_MAX + 1;
    bad[2].bytes.burst = 0;
    bad[3].connect = (struct guard_rate){UINT64_MAX, 1};
    bad[4].faults_max = GUARD_FAULTS_MAX + 1;
    bad[5].fault_us = 0;
    bad[6].ban_us = 0;
    bad[7].ban_us_max = GUARD_TIME_US_MAX + 1;
    bad[8].ban_us = 2;
    bad[8].ban_us_max = 1;
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        assert_int_equal(guard_new(&w->g, w->arena, &bad[i], 7), RC_CONFIG);
        assert_null(w->g);
    }
    assert_int_equal(guard_new(&w->g, w->arena, &good, 7), RC_OK);
}

static void test_a_rate_of_so_many_seconds(void **state)
{
    struct world *w = *state;
    w->cfg.connect = guard_rate_of(3, 4);
    assert_true(w->cfg.connect.per_s == 3 && w->cfg.connect.burst == 12);
    w->cfg.messages = guard_rate_of(0, 4); // no limit
    make_guard(w);
    for (uint32_t i = 0; i < 12; i++)
        assert_int_equal(admit(w, 1), RC_OK);
    assert_int_equal(admit(w, 1), RC_AGAIN);
    assert_int_equal(charge(w, 1, UINT64_MAX, 1), 0);
}

static void test_without_limits_all_goes(void **state)
{
    struct world *w = *state;
    make_guard(w);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(admit(w, 1), RC_OK);
    assert_int_equal(charge(w, 1, UINT64_MAX, UINT64_MAX), 0);
    assert_false(fault(w, 1, UINT32_MAX));
    assert_int_equal(banned_us(w, 1), 0);
    assert_int_equal(banned_us(w, 2), 0);
    for (int i = 0; i < 1000; i++)
        leave(w, 1);
    const struct guard_stat s = guard_stat(w->g, w->now_us);
    assert_int_equal(s.keys, 1);
    assert_int_equal(s.open, 0);
    assert_int_equal(s.admitted, 1000);
    assert_int_equal(s.faults, UINT32_MAX);
}

static void test_addresses_become_keys(void **state)
{
    (void)state;
    struct net_addr a = {.ip = {0x20, 1, 0xd, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}};
    const struct guard_key wide = guard_key_of(&a);
    a.ip[8] = 99; // the host's own part
    a.port = 99;
    const struct guard_key same = guard_key_of(&a);
    a.ip[7] = 99; // another network
    const struct guard_key other = guard_key_of(&a);
    assert_memory_equal(&wide, &same, sizeof wide);
    assert_memory_not_equal(&wide, &other, sizeof wide);
    const uint8_t none[8] = {0};
    assert_memory_equal(wide.b + 8, none, 8);
    a = net_addr_ip4(0xc0000201, 1);
    const struct guard_key one = guard_key_of(&a);
    assert_memory_equal(one.b, a.ip, sizeof a.ip);
    a = net_addr_ip4(0xc0000202, 1);
    const struct guard_key two = guard_key_of(&a);
    assert_memory_not_equal(&one, &two, sizeof one);
}

static void test_open_at_once(void **state)
{
    struct world *w = *state;
    w->cfg.open_max = 3;
    make_guard(w);
    for (int i = 0; i < 3; i++)
        assert_int_equal(admit(w, 1), RC_OK);
    assert_int_equal(admit(w, 1), RC_FULL);
    assert_int_equal(admit(w, 2), RC_OK); // another's do not count
    leave(w, 1);
    assert_int_equal(admit(w, 1), RC_OK);
    assert_int_equal(admit(w, 1), RC_FULL);
    const struct guard_stat s = guard_stat(w->g, w->now_us);
    assert_int_equal(s.open, 4);
    assert_int_equal(s.admitted, 5);
    assert_int_equal(s.refused_open, 2);
}

static void test_new_ones_a_second(void **state)
{
    struct world *w = *state;
    w->cfg.connect = (struct guard_rate){.per_s = 10, .burst = 5};
    make_guard(w);
    unsigned in = 0;
    for (unsigned i = 0; i < 20000; i++) { // 1000 a second for 20 s
        const enum rc rc = admit(w, 1);
        assert_true(rc == RC_OK || rc == RC_AGAIN);
        in += rc == RC_OK;
        if (rc == RC_OK)
            leave(w, 1);
        w->now_us += S / 1000;
    }
    assert_in_range(in, 20 * 10 + 4, 20 * 10 + 5);
    assert_int_equal(guard_stat(w->g, w->now_us).refused_often, 20000 - in);
}

// A flood from many connections of one key, each of which stops as long as it is told.
static void test_floods_are_slowed_to_the_rate(void **state)
{
    struct world *w = *state;
    enum { CONNS = 50, SECONDS = 100 };
    w->cfg.messages = (struct guard_rate){.per_s = 1000, .burst = 500};
    w->cfg.bytes = (struct guard_rate){.per_s = 1000000, .burst = 100000};
    make_guard(w);
    struct rng dice = rng_seeded(test_seed());
    uint64_t reads_us[CONNS];
    for (int i = 0; i < CONNS; i++) {
        assert_int_equal(admit(w, 1), RC_OK);
        reads_us[i] = w->now_us;
    }
    for (int kind = 0; kind < 2; kind++) { // small messages, then long ones
        const uint64_t start_us = w->now_us;
        uint64_t messages = 0;
        uint64_t bytes = 0;
        uint64_t debt_bytes = 0; // what was last read may still be owed
        while (w->now_us < start_us + SECONDS * S) {
            for (int i = 0; i < CONNS; i++) {
                if (reads_us[i] > w->now_us)
                    continue;
                const uint64_t len = kind == 0 ? 10 : 1 + rng_below(&dice, 3000000);
                reads_us[i] = w->now_us + charge(w, 1, 1, len);
                messages++;
                bytes += len;
                debt_bytes = num_max(debt_bytes, CONNS * len);
            }
            w->now_us += 100;
        }
        if (kind == 0) // the burst at first; an owed one of each connection at the end
            assert_in_range(messages, SECONDS * 1000 * 99 / 100, SECONDS * 1010 + 500 + CONNS);
        else
            assert_in_range(bytes, SECONDS * 990000, SECONDS * 1010000 + 100000 + debt_bytes);
        w->now_us += 1000 * S;
    }
    assert_true(guard_stat(w->g, w->now_us).paused > 0);
    assert_int_equal(admit(w, 2), RC_OK);
    assert_int_equal(charge(w, 2, 1, 10), 0); // another is not slowed
}

static void test_one_long_message_is_paid_for(void **state)
{
    struct world *w = *state;
    w->cfg.bytes = (struct guard_rate){.per_s = 1000000, .burst = 1000000};
    make_guard(w);
    assert_int_equal(admit(w, 1), RC_OK);
    assert_int_equal(charge(w, 1, 1, 999999), 0);
    assert_int_equal(charge(w, 1, 1, 5000001), 5000000 + 1);
    w->now_us += 5000000;
    assert_int_equal(charge(w, 1, 0, 0), 1);
    w->now_us += 1;
    assert_int_equal(charge(w, 1, 0, 0), 0);
}

// ---- Faults

static void with_bans(struct world *w)
{
    w->cfg.faults_max = 3;
    w->cfg.fault_us = 10 * S;
    w->cfg.ban_us = 60 * S;
    w->cfg.ban_us_max = 600 * S;
    make_guard(w);
}

static uint64_t spend(struct world *w, uint32_t n, uint64_t work_us)
{
    const struct guard_key k = key(n);
    return guard_spend(w->g, &k, work_us, w->now_us);
}

static void test_work_is_paid_off_at_the_share(void **state)
{
    struct world *w = *state;
    make_guard(w);
    assert_int_equal(admit(w, 1), RC_OK);
    assert_int_equal(admit(w, 2), RC_OK);
    assert_int_equal(spend(w, 1, GUARD_CREDIT_US), 0); // all of our time may be theirs at first
    w->now_us += GUARD_CREDIT_US;
    guard_share(w->g, GUARD_SHARE_WHOLE / 100);
    assert_int_equal(spend(w, 1, GUARD_CREDIT_US / 100), 0);
    assert_int_equal(spend(w, 1, 900), GUARD_CREDIT_US + 90000);
    assert_int_equal(spend(w, 2, 1), 0); // another one pays nothing for it
    w->now_us += 90000;
    assert_int_equal(spend(w, 1, 1), GUARD_CREDIT_US + 100);
    w->now_us += S;
    assert_int_equal(spend(w, 1, 1), 0); // unused time is not saved up ...
    assert_int_equal(spend(w, 1, 200), 20100);
    assert_int_equal(guard_stat(w->g, w->now_us).slowed, 3);
    assert_int_equal(spend(w, 1, UINT64_MAX), GUARD_DEBT_US_MAX); // ... and debt has an end
    guard_check(w->g);
}

static void test_faults_are_forgotten(void **state)
{
    struct world *w = *state;
    with_bans(w);
    for (int i = 0; i < 1000; i++) { // one in ten seconds, for ever
        assert_false(fault(w, 1, 1));
        w->now_us += 10 * S;
    }
    assert_false(fault(w, 1, 3));
    w->now_us += 10 * S - 1;
    assert_false(fault(w, 1, 0));
    assert_true(fault(w, 1, 1)); // a microsecond too early
    assert_true(fault(w, 2, 4));
    assert_int_equal(guard_stat(w->g, w->now_us).bans, 2);
    assert_int_equal(guard_stat(w->g, w->now_us).faults, 1000 + 3 + 1 + 4);
}

static void test_bans_end_and_grow(void **state)
{
    struct world *w = *state;
    with_bans(w);
    static const uint64_t want_s[] = {60, 120, 240, 480, 600, 600, 600};
    for (size_t i = 0; i < ARRAY_COUNT(want_s); i++) {
        assert_int_equal(admit(w, 1), RC_OK);
        assert_true(fault(w, 1, 4));
        assert_int_equal(banned_us(w, 1), want_s[i] * S);
        leave(w, 1);
        w->now_us += S;
        assert_int_equal(admit(w, 1), RC_REFUSED);
        assert_true(fault(w, 1, 100)); // changes nothing
        assert_int_equal(guard_stat(w->g, w->now_us).banned, 1);
        w->now_us += (want_s[i] - 1) * S - 1;
        assert_int_equal(admit(w, 1), RC_REFUSED);
        assert_int_equal(banned_us(w, 1), 1);
        w->now_us += 1;
        assert_int_equal(banned_us(w, 1), 0);
        assert_int_equal(admit(w, 1), RC_OK);
        assert_false(fault(w, 1, 3)); // forgiven anew
        leave(w, 1);
        w->now_us += 30 * S; // three faults' time
    }
    w->now_us += 3 * 600 * S; // makes up for three of seven
    assert_true(fault(w, 1, 4));
    assert_int_equal(banned_us(w, 1), 600 * S);
    w->now_us += 600 * S + 8 * 600 * S; // and for all
    assert_true(fault(w, 1, 4));
    assert_int_equal(banned_us(w, 1), 60 * S);
    assert_int_equal(guard_stat(w->g, w->now_us).refused_banned, 2 * ARRAY_COUNT(want_s));
}

static void test_banned_while_open(void **state)
{
    struct world *w = *state;
    with_bans(w);
    assert_int_equal(admit(w, 1), RC_OK);
    assert_int_equal(admit(w, 1), RC_OK);
    assert_true(fault(w, 1, 4));
    assert_int_equal(admit(w, 1), RC_REFUSED);
    leave(w, 1);
    assert_int_equal(guard_stat(w->g, w->now_us).banned, 0); // one is still open
    leave(w, 1);
    assert_int_equal(guard_stat(w->g, w->now_us).banned, 1);
    assert_int_equal(admit(w, 1), RC_REFUSED);
    w->now_us += 60 * S;
    assert_int_equal(guard_stat(w->g, w->now_us).banned, 0);
    assert_int_equal(admit(w, 1), RC_OK);
    leave(w, 1);
}

static void test_a_clock_backwards_is_harmless(void **state)
{
    struct world *w = *state;
    with_bans(w);
    assert_int_equal(admit(w, 1), RC_OK);
    assert_true(fault(w, 1, 4));
    w->now_us -= 500 * S;
    assert_int_equal(banned_us(w, 1), 60 * S);
    leave(w, 1);
    assert_int_equal(admit(w, 1), RC_REFUSED);
    w->now_us += 560 * S;
    assert_int_equal(admit(w, 1), RC_OK);
    leave(w, 1);
}

// ---- The table

static void test_the_longest_idle_is_forgotten(void **state)
{
    struct world *w = *state;
    w->cfg.keys_max = 4;
    w->cfg.connect = (struct guard_rate){.per_s = 1, .burst = 1}; // tells who was forgotten
    make_guard(w);
    for (uint32_t n = 0; n < 4; n++) {
        assert_int_equal(admit(w, n), RC_OK);
        w->now_us++;
    }
    assert_int_equal(admit(w, 9), RC_FULL); // open ones stay
    assert_int_equal(guard_stat(w->g, w->now_us).refused_table, 1);
    assert_false(fault(w, 9, 1)); // let off
    leave(w, 2);
    w->now_us++;
    leave(w, 1);
    assert_int_equal(admit(w, 9), RC_OK);    // in place of 2
    assert_int_equal(admit(w, 1), RC_AGAIN); // known
    assert_int_equal(admit(w, 2), RC_OK);    // not known any more, in place of 1
    assert_int_equal(guard_stat(w->g, w->now_us).forgotten, 2);
    assert_int_equal(guard_stat(w->g, w->now_us).keys, 4);
}

// A ban's end is no sign of life.
static void test_an_ended_ban_leaves_in_its_turn(void **state)
{
    struct world *w = *state;
    w->cfg.keys_max = 3;
    with_bans(w);
    for (uint32_t n = 1; n <= 3; n++) { // the second one's ban ends in the end
        assert_int_equal(fault(w, n, n == 2 ? 4 : 3), n == 2);
        w->now_us += S / 1000;
    }
    w->now_us += 60 * S;
    assert_int_equal(admit(w, 4), RC_OK); // forgets 1
    assert_int_equal(admit(w, 5), RC_OK); // forgets 2
    assert_true(fault(w, 2, 4));
    assert_int_equal(banned_us(w, 2), 60 * S); // as one not known any more: it would be longer
}

static void test_bans_fill_half_of_the_table(void **state)
{
    struct world *w = *state;
    w->cfg.keys_max = 8;
    with_bans(w);
    for (uint32_t n = 0; n < 8; n++) {
        assert_true(fault(w, n, 4));
        w->now_us++;
    }
    assert_int_equal(guard_stat(w->g, w->now_us).banned, 8);
    for (uint32_t n = 100; n < 104; n++)
        assert_int_equal(admit(w, n), RC_OK); // forgets the bans that end first
    assert_int_equal(admit(w, 104), RC_FULL);
    for (uint32_t n = 0; n < 8; n++)
        assert_int_equal(banned_us(w, n) > 0, n >= 4);
    leave(w, 100);
    assert_int_equal(admit(w, 104), RC_OK); // not at the expense of a ban
    assert_int_equal(guard_stat(w->g, w->now_us).banned, 4);
    w->now_us += 60 * S;
    for (uint32_t n = 200; n < 204; n++)
        assert_int_equal(admit(w, n), RC_OK); // ended, so idle
    assert_int_equal(admit(w, 204), RC_FULL);
}

static void test_budgets_that_run_out(void **state)
{
    struct world *w = *state;
    w->cfg.keys_max = 1000;
    unsigned failed = 0;
    for (size_t bytes = 64;; bytes += bytes / 2) { // until the tables fit
        struct arena *arena = arena_new(bytes);
        const enum rc rc = guard_new(&w->g, arena, &w->cfg, 7);
        failed += rc == RC_NOMEM;
        for (uint32_t n = 0; rc == RC_OK && n < 2000; n++) { // few entries: they take turns
            assert_int_equal(admit(w, n), RC_OK);
            leave(w, n);
        }
        arena_free(arena);
        if (rc == RC_OK)
            break;
        assert_int_equal(rc, RC_NOMEM);
        assert_null(w->g);
    }
    assert_true(failed > 3);
}

static void test_the_budget_that_was_promised(void **state)
{
    struct world *w = *state;
    static const uint32_t counts[] = {1, 2, 3, 100, 1000, 6000, 49153, GUARD_KEYS_MAX};
    for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
        struct arena *arena = arena_new(GUARD_ARENA_BYTES(counts[i]));
        w->cfg.keys_max = counts[i];
        assert_int_equal(guard_new(&w->g, arena, &w->cfg, i), RC_OK);
        for (uint32_t n = 0; n < counts[i]; n++) {
            const struct guard_key k = key(n);
            assert_int_equal(guard_admit(w->g, &k, 1), RC_OK);
        }
        const struct guard_key k = key(UINT32_MAX);
        assert_int_equal(guard_admit(w->g, &k, 1), RC_FULL);
        assert_int_equal(guard_stat(w->g, 1).forgotten, 0);
        guard_check(w->g);
        arena_free(arena);
    }
}

// ---- A naive twin: arrays walked from end to end, faults and bans in plain words

#define TWIN_KEYS 12
#define TWIN_ROOM 6

struct twin_entry {
    bool is_known;
    uint32_t open;
    uint32_t faults;
    uint64_t bans;
    uint64_t ban_end_us;
    uint64_t seen_us;
};

struct twin {
    struct twin_entry e[TWIN_KEYS];
};

static int known(const struct twin *t)
{
    int n = 0;
    for (int i = 0; i < TWIN_KEYS; i++)
        n += t->e[i].is_known;
    return n;
}

// Who must leave: the idle one seen longest ago; else of too many bans the one to end first.
static struct twin_entry *leaver(struct twin *t, uint64_t now_us)
{
    struct twin_entry *idle = NULL;
    struct twin_entry *banned = NULL;
    int bans = 0;
    for (struct twin_entry *e = t->e; e < t->e + TWIN_KEYS; e++) {
        if (!e->is_known || e->open > 0)
            continue;
        if (e->ban_end_us <= now_us && (idle == NULL || e->seen_us < idle->seen_us))
            idle = e;
        bans += e->ban_end_us > now_us;
        if (e->ban_end_us > now_us && (banned == NULL || e->ban_end_us < banned->ban_end_us))
            banned = e;
    }
    return idle != NULL ? idle : bans > TWIN_ROOM / 2 ? banned : NULL;
}

static bool twin_meet(struct twin *t, struct twin_entry *e, uint64_t now_us)
{
    if (!e->is_known) {
        struct twin_entry *old = known(t) < TWIN_ROOM ? NULL : leaver(t, now_us);
        if (known(t) == TWIN_ROOM && old == NULL)
            return false;
        if (old != NULL)
            old->is_known = false;
        *e = (struct twin_entry){.is_known = true};
    }
    e->seen_us = now_us;
    return true;
}

static enum rc twin_admit(struct twin *t, struct twin_entry *e, uint64_t now_us)
{
    if (!twin_meet(t, e, now_us))
        return RC_FULL;
    if (e->ban_end_us > now_us)
        return RC_REFUSED;
    if (e->open == 2)
        return RC_FULL;
    e->open++;
    return RC_OK;
}

static bool twin_fault(struct twin *t, struct twin_entry *e, uint64_t now_us)
{
    if (!twin_meet(t, e, now_us))
        return false;
    if (e->ban_end_us <= now_us && ++e->faults > 3) {
        for (uint64_t quiet_us = now_us - e->ban_end_us; quiet_us >= 40 * S && e->bans > 0;
             quiet_us -= 40 * S)
            e->bans--;
        e->ban_end_us = now_us + (e->bans == 0 ? 10 : e->bans == 1 ? 20 : 40) * S;
        e->bans++;
        e->faults = 0;
    }
    return e->ban_end_us > now_us;
}

static void test_as_a_naive_twin(void **state)
{
    struct world *w = *state;
    struct rng dice = rng_seeded(test_seed());
    w->cfg = (struct guard_cfg){.keys_max = TWIN_ROOM,
                                .open_max = 2,
                                .faults_max = 3,
                                .fault_us = GUARD_TIME_US_MAX, // none is forgotten in this test
                                .ban_us = 10 * S,
                                .ban_us_max = 40 * S};
    unsigned seen[RC_COUNT] = {0};
    unsigned bans = 0;
    for (int round = 0; round < 40; round++) {
        struct twin t = {0};
        arena_reset(w->arena);
        make_guard(w);
        const uint64_t hurry = rng_below(&dice, 3); // also rounds with many bans at a time
        for (int i = 0; i < 2000; i++) {
            const uint32_t n = (uint32_t)rng_below(&dice, TWIN_KEYS);
            struct twin_entry *e = &t.e[n];
            w->now_us += 1 + rng_below(&dice, S << hurry * 2); // no two at the same time
            const uint64_t what = rng_below(&dice, 3);
            if (what == 0) {
                const enum rc rc = twin_admit(&t, e, w->now_us);
                assert_int_equal(admit(w, n), rc);
                seen[rc]++;
            } else if (what == 1 && e->is_known && e->open > 0) {
                e->open--;
                e->seen_us = w->now_us;
                leave(w, n);
            } else if (what == 2) {
                const bool is_banned = twin_fault(&t, e, w->now_us);
                assert_int_equal(fault(w, n, 1), is_banned);
                bans += is_banned;
            }
            const uint64_t end_us = e->is_known ? e->ban_end_us : 0;
            assert_int_equal(banned_us(w, n), end_us > w->now_us ? end_us - w->now_us : 0);
            assert_int_equal(guard_stat(w->g, w->now_us).keys, known(&t));
        }
    }
    assert_true(seen[RC_OK] > 100 && seen[RC_FULL] > 100 && seen[RC_REFUSED] > 100 && bans > 100);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_settings_are_checked),
        T(test_a_rate_of_so_many_seconds),
        T(test_without_limits_all_goes),
        T(test_addresses_become_keys),
        T(test_open_at_once),
        T(test_new_ones_a_second),
        T(test_floods_are_slowed_to_the_rate),
        T(test_one_long_message_is_paid_for),
        T(test_work_is_paid_off_at_the_share),
        T(test_faults_are_forgotten),
        T(test_bans_end_and_grow),
        T(test_banned_while_open),
        T(test_a_clock_backwards_is_harmless),
        T(test_the_longest_idle_is_forgotten),
        T(test_an_ended_ban_leaves_in_its_turn),
        T(test_bans_fill_half_of_the_table),
        T(test_budgets_that_run_out),
        T(test_the_budget_that_was_promised),
        T(test_as_a_naive_twin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
