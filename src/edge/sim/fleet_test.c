// SPDX-License-Identifier: MIT
// Tests of fleets: the truth about copies, luck that is the same for all, figures by hand.
#include "sim/fleet.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/seed_test.h"

static const struct fleet_said nothing = {0, 0, 0};

static struct fleet_cfg cfg_of(uint32_t helpers, uint32_t tasks)
{
    struct fleet_cfg cfg = {
        .name = "test",
        .seed = 5,
        .day_ms = 86400000,
        .task_count = tasks,
        .attempts_max = 3,
        .give_up_ms = 1000,
        .detect_down_ms = 40,
        .group_count = 1,
        .group = {{.class = "a",
                   .count = helpers,
                   .rtt_ms = {20, 20},
                   .reliability = {1, 1},
                   .slots = {2, 2},
                   .speed = {{2, 2}}}},
        .type_count = 1,
        .type = {{.name = "t", .deadline_ms = 30, .work_ms = 10, .share = 1}},
        .rate_s = 10,
    };
    return cfg;
}

struct world {
    struct arena *arena;
    struct fleet *p;
};

static void open(struct world *w, const struct fleet_cfg *cfg, uint64_t run)
{
    w->arena = arena_new(fleet_bytes(cfg) + (1u << 20));
    assert_non_null(w->arena);
    assert_int_equal(fleet_new(&w->p, w->arena, cfg, run), RC_OK);
}

static void close(struct world *w)
{
    arena_free(w->arena);
}

static struct fleet_event next(struct world *w, enum fleet_event_kind kind)
{
    struct fleet_event e;
    do {
        assert_true(fleet_next(w->p, &e));
    } while (e.kind != kind);
    return e;
}

static struct fleet_figures figures(struct world *w)
{
    struct fleet_figures f;
    fleet_figures(w->p, w->arena, &f);
    return f;
}

static bool is_near(double a, double b)
{
    return fabs(a - b) < 0.01;
}

// Work of 10 ms at twice the speed, and a round trip of 20.
static void a_copy_goes_there_and_back(void **state)
{
    (void)state;
    struct world w;
    const struct fleet_cfg cfg = cfg_of(1, 1);
    open(&w, &cfg, 1);
    const struct fleet_event task = next(&w, FLEET_TASK);
    assert_int_equal(task.within_us, 30000);
    assert_true(is_near(fleet_foresee_ms(w.p, task.task, 0), 25));
    assert_true(fleet_assign(w.p, task.task, 0, &(struct fleet_said){20000, 10000, 40000}));
    assert_false(fleet_assign(w.p, task.task, 0, &nothing)); // it has one
    const struct fleet_event back = next(&w, FLEET_ANSWER);
    assert_true(back.is_right && is_near(back.total_us / 1000, 25));
    assert_true(is_near(back.work_us / 1000, 5));
    const struct fleet_figures f = figures(&w);
    assert_true(is_near(f.mean, 25) && is_near(f.p99, 25) && is_near(f.copies, 1));
    assert_true(f.miss <= 0 && f.never <= 0 && is_near(f.wasted, 0));
    assert_true(is_near(f.error, 0.2) && is_near(f.coverage, 1));
    close(&w);
}

static void slots_are_shared(void **state)
{
    (void)state;
    struct world w;
    struct fleet_cfg cfg = cfg_of(1, 3);
    cfg.rate_s = 1e6; // all at once
    open(&w, &cfg, 1);
    for (int i = 0; i < 3; i++) {
        const struct fleet_event e = next(&w, FLEET_TASK);
        assert_true(fleet_assign(w.p, e.task, 0, &nothing));
    }
    for (int i = 0; i < 2; i++)
        assert_true(is_near(next(&w, FLEET_ANSWER).total_us / 1000, 25));
    assert_true(fabs(next(&w, FLEET_ANSWER).total_us / 1000 - 30) < 0.1);
    close(&w);
}

static void a_cancelled_copy_frees_its_slot(void **state)
{
    (void)state;
    struct world w;
    struct fleet_cfg cfg = cfg_of(2, 1);
    cfg.type[0].work_ms = 200;
    open(&w, &cfg, 1);
    const struct fleet_event task = next(&w, FLEET_TASK);
    assert_true(fleet_assign(w.p, task.task, 0, &nothing));
    assert_true(fleet_assign(w.p, task.task, 1, &nothing));
    fleet_wake_us(w.p, task.now_us + 60000);
    (void)next(&w, FLEET_WAKE);
    fleet_cancel(w.p, task.task, 0); // it stops 10 ms later, after 60 of its 100 ms
    assert_int_equal(next(&w, FLEET_ANSWER).helper, 1);
    struct fleet_event e;
    assert_false(fleet_next(w.p, &e));
    assert_true(is_near(figures(&w).wasted, 60.0 / 160));
    close(&w);
}

static void failures_are_told_or_not(void **state)
{
    (void)state;
    struct world w;
    struct fleet_cfg cfg = cfg_of(1, 500);
    cfg.group[0].reliability = (struct fleet_range){0.5, 0.5};
    cfg.group[0].silent_share = (struct fleet_range){0.4, 0.4};
    uint32_t right = 0;
    uint32_t wrong = 0;
    open(&w, &cfg, 1);
    struct fleet_event e;
    while (fleet_next(w.p, &e)) {
        if (e.kind == FLEET_TASK)
            assert_true(fleet_assign(w.p, e.task, 0, &nothing));
        right += e.kind == FLEET_ANSWER && e.is_right;
        wrong += e.kind == FLEET_ANSWER && !e.is_right;
    }
    assert_in_range(right, 210, 290);
    assert_in_range(wrong, 110, 190);
    assert_true(is_near(figures(&w).never, 1 - right / 500.0));
    close(&w);
}

static void who_goes_loses_what_it_has(void **state)
{
    (void)state;
    struct world w;
    struct fleet_cfg cfg = cfg_of(1, 300);
    cfg.group[0].up_ms = 500;
    cfg.group[0].down_ms = 300;
    uint32_t ups = 0;
    uint32_t downs = 0;
    uint32_t answers = 0;
    open(&w, &cfg, 1);
    struct fleet_event e;
    while (fleet_next(w.p, &e)) {
        if (e.kind == FLEET_TASK)
            assert_true(fleet_assign(w.p, e.task, 0, &nothing)); // down: swallowed
        ups += e.kind == FLEET_UP;
        downs += e.kind == FLEET_DOWN;
        answers += e.kind == FLEET_ANSWER;
    }
    assert_true(ups > 20 && downs >= ups && downs <= ups + 1);
    assert_in_range(answers, 120, 240);
    close(&w);
}

static void drift_heat_and_busy_hours(void **state)
{
    (void)state;
    struct world w;
    struct fleet_cfg cfg = cfg_of(1, 1000);
    double first_ms = 0;
    double last_ms = 0;
    cfg.group[0].drift_at_ms = 50000;
    cfg.group[0].drift_over_ms = 1;
    cfg.group[0].drift_to = 3;
    open(&w, &cfg, 1);
    struct fleet_event e;
    while (fleet_next(w.p, &e)) {
        if (e.kind == FLEET_TASK)
            assert_true(fleet_assign(w.p, e.task, 0, &nothing));
        if (e.kind != FLEET_ANSWER)
            continue;
        first_ms = first_ms > 0 ? first_ms : e.work_us / 1000;
        last_ms = e.work_us / 1000;
    }
    assert_true(is_near(first_ms, 5) && is_near(last_ms, 15));
    close(&w);
}

static void the_same_luck_for_all(void **state)
{
    (void)state;
    struct world w[3];
    struct fleet_cfg cfg = cfg_of(4, 200);
    cfg.group[0].noise = (struct fleet_range){0.3, 0.3};
    cfg.group[0].rtt_ms = (struct fleet_range){5, 50};
    for (int i = 0; i < 3; i++)
        open(&w[i], &cfg, i < 2 ? 1 : 2);
    bool differs = false;
    struct fleet_event e[3];
    while (fleet_next(w[0].p, &e[0])) {
        assert_true(fleet_next(w[1].p, &e[1]) && fleet_next(w[2].p, &e[2]));
        for (uint32_t h = 0; h < 4 && e[0].kind == FLEET_TASK; h++) {
            const double ms = fleet_foresee_ms(w[0].p, e[0].task, h);
            assert_true(is_near(ms, fleet_foresee_ms(w[1].p, e[1].task, h)));
            differs = differs || !is_near(ms, fleet_foresee_ms(w[2].p, e[0].task, h));
        }
    }
    assert_true(differs);
    for (int i = 0; i < 3; i++)
        close(&w[i]);
}

// Anything at all that a scheduler may say: copies are counted, tasks end once.
static void any_orders(void **state)
{
    (void)state;
    struct world w;
    struct rng r = rng_seeded(test_seed());
    struct fleet_cfg cfg = cfg_of(5, 2000);
    cfg.rate_s = 300;
    cfg.group[0].up_ms = 700;
    cfg.group[0].down_ms = 50; // back before it is missed, often
    cfg.group[0].reliability = (struct fleet_range){0.7, 0.9};
    cfg.group[0].hot_after_ms = 100;
    cfg.group[0].hot_slow = 2;
    open(&w, &cfg, 1);
    struct fleet_event e;
    uint32_t tasks = 0;
    while (fleet_next(w.p, &e)) {
        tasks += e.kind == FLEET_TASK;
        for (uint64_t i = rng_below(&r, 4); i > 0 && tasks > 0; i--)
            (void)fleet_assign(w.p, (uint32_t)rng_below(&r, tasks), (uint32_t)rng_below(&r, 5),
                               &nothing);
        if (tasks > 0 && rng_below(&r, 3) == 0)
            fleet_cancel(w.p, (uint32_t)rng_below(&r, tasks), (uint32_t)rng_below(&r, 5));
        if (rng_below(&r, 5) == 0)
            fleet_wake_us(w.p, e.now_us + rng_below(&r, 5000));
    }
    const struct fleet_figures f = figures(&w);
    assert_true(tasks == 2000 && f.tasks == 2000 && f.copies <= 3);
    assert_true(f.never <= f.miss && f.miss <= 1 && f.wasted >= 0 && f.wasted <= 1);
    assert_true(f.p50 <= f.p95 && f.p95 <= f.p99 && f.p99 <= 1000);
    close(&w);
}

static void settings(void **state)
{
    (void)state;
    struct fleet *p;
    struct arena *arena = arena_new(1);
    struct fleet_cfg cfg = cfg_of(1, 1);
    assert_int_equal(fleet_new(&p, arena, &cfg, 1), RC_NOMEM);
    cfg.attempts_max = FLEET_ATTEMPTS_MAX + 1;
    assert_int_equal(fleet_new(&p, arena, &cfg, 1), RC_CONFIG);
    cfg = cfg_of(0, 1);
    assert_int_equal(fleet_new(&p, arena, &cfg, 1), RC_CONFIG);
    cfg = cfg_of(1, 1);
    cfg.pattern = FLEET_FRAMES;
    cfg.frames_s = 30; // of nothing
    assert_int_equal(fleet_new(&p, arena, &cfg, 1), RC_CONFIG);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_goes_there_and_back),
        cmocka_unit_test(slots_are_shared),
        cmocka_unit_test(a_cancelled_copy_frees_its_slot),
        cmocka_unit_test(failures_are_told_or_not),
        cmocka_unit_test(who_goes_loses_what_it_has),
        cmocka_unit_test(drift_heat_and_busy_hours),
        cmocka_unit_test(the_same_luck_for_all),
        cmocka_unit_test(any_orders),
        cmocka_unit_test(settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
