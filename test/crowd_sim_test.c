// SPDX-License-Identifier: MIT
// A hub among ten thousand: nothing lost, nobody fooled, the same each time.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/rng.h"
#include "base/seed_test.h"
#include "crowd_sim.h"

#ifdef CROWD_IS_SLOW // under sanitizers: fewer, with the same faults
#define MANY   1000u
#define WORLDS 2u
#else
#define MANY   10000u
#define WORLDS 4u
#endif

static uint64_t first_seed = 1; // these are set by main alone
static uint64_t worlds = WORLDS;
static uint32_t many = MANY;
static bool is_timed;

static struct crowd_report run(const struct crowd_cfg *cfg)
{
    struct crowd_report r;
    printf("SEED=%llu\n", (unsigned long long)cfg->seed); // the last one is the one that failed
    (void)fflush(stdout);
    crowd_run(cfg, &r);
    crowd_print(cfg, &r);
    assert_int_equal(r.barred_honest, 0);
    assert_true(r.jobs == r.runs + r.frames + r.failed + r.withdrawn + r.abandoned);
    assert_true(r.forged_found + r.forged_accepted <= r.forged);
    return r;
}

static struct crowd_cfg crowd_of(uint64_t seed, uint32_t helpers)
{
    return (struct crowd_cfg){.seed = seed,
                              .helpers = helpers,
                              .gamers = 16,
                              .text_gamers = 16,
                              .faulty_permille = 350,
                              .backlog = 20 + helpers / 100,
                              .crashes = 3,
                              .lost_us = 10000,
                              .work_us = 20 * US_PER_S,
                              .service_us = US_PER_S,
                              .check_every = 2000,
                              .hub_bytes = (size_t)1 << 30};
}

static void assert_same(const struct crowd_report *a, const struct crowd_report *b)
{
    assert_true(a->hash == b->hash && a->events == b->events && a->messages == b->messages);
    assert_true(a->copies == b->copies && a->peak_bytes == b->peak_bytes);
}

static void test_ten_thousand(void **state)
{
    (void)state;
    struct crowd_cfg cfg = crowd_of(first_seed, many);
    cfg.is_timed = is_timed;
    struct crowd_report a = run(&cfg);
    assert_true(a.runs > many && a.frames > 100);
    assert_int_equal(a.failed, 0); // its own compute takes what all others failed at
    assert_true(a.crashes > 0 && a.resumed > 0 && a.barred > 0 && a.forged_found > 0);
    struct crowd_report b = run(&cfg);
    assert_same(&a, &b);
}

// All that can be drawn is; the hub's memory is too little in some.
static struct crowd_cfg drawn(uint64_t seed)
{
    struct rng dice = rng_seeded(seed);
    struct crowd_cfg cfg = {.seed = seed,
                            .helpers = 20 + (uint32_t)rng_below(&dice, 200),
                            .gamers = 1 + (uint32_t)rng_below(&dice, 8),
                            .text_gamers = (uint32_t)rng_below(&dice, 6),
                            .faulty_permille = (uint32_t)rng_below(&dice, 1000),
                            .backlog = 1 + (uint32_t)rng_below(&dice, 40),
                            .crashes = (uint32_t)rng_below(&dice, 6),
                            .lost_us = rng_below(&dice, 2) * rng_below(&dice, 50000),
                            .work_us = (5 + rng_below(&dice, 15)) * US_PER_S,
                            .service_us = 100000 + rng_below(&dice, US_PER_S),
                            .check_every = 1,
                            .hub_bytes = (size_t)256 << 20};
    if (rng_below(&dice, 4) == 0) {
        cfg.is_scarce = true;
        cfg.hub_bytes = ((size_t)300 + rng_below(&dice, 1000)) << 10;
    }
    return cfg;
}

static void test_worlds_drawn_from_a_seed(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < worlds; i++) {
        struct crowd_cfg cfg = drawn(first_seed + i);
        struct crowd_report a = run(&cfg);
        assert_true(cfg.is_scarce || a.failed == 0);
        if (i % 3 > 0)
            continue;
        struct crowd_report b = run(&cfg);
        assert_same(&a, &b);
    }
}

static void test_another_seed_another_history(void **state)
{
    (void)state;
    struct crowd_cfg cfg = crowd_of(first_seed, 60);
    struct crowd_report a = run(&cfg);
    cfg.seed++;
    struct crowd_report b = run(&cfg);
    assert_true(a.hash != b.hash);
}

// Some ask for ten times as much as others: while all have something waiting, all are served
// alike.
static void test_fair(void **state)
{
    (void)state;
    struct crowd_cfg cfg = crowd_of(first_seed, 150);
    cfg.gamers = 10;
    cfg.text_gamers = 0;
    cfg.crashes = 0;
    cfg.is_calm = true;
    cfg.backlog = 1500;
    cfg.service_us = US_PER_S / 2;
    struct crowd_report a = run(&cfg);
    assert_true(a.served_min > 200 && a.served_min * 100 > a.served_max * 80); // tasks differ
}

// usage: crowd_sim_test [SEED [WORLDS [HELPERS [timed]]]]: WORLDS are drawn from SEED on; in the
// large one, which HELPERS 0 leaves out, are so many
int main(int argc, char **argv)
{
    first_seed = argc > 1 ? strtoull(argv[1], NULL, 0) : test_seed();
    worlds = argc > 2 ? strtoull(argv[2], NULL, 0) : WORLDS;
    many = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 0) : MANY;
    is_timed = argc > 4;
    if (many == 0)
        cmocka_set_skip_filter("test_ten_thousand");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worlds_drawn_from_a_seed),
        cmocka_unit_test(test_another_seed_another_history),
        cmocka_unit_test(test_fair),
        cmocka_unit_test(test_ten_thousand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
