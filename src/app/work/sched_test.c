// SPDX-License-Identifier: MIT
// Tests of the scheduler: the life of tasks and copies, backups and their budget, any order of
// events.
#include "work/sched.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/seed_test.h"

#define HELPERS  6u
#define TYPES    2u
#define ATTEMPTS 3u
#define GIVE_UP  1000000u
#define TASKS    64u // at the same time
#define SOON     ((uint64_t)100000)
#define CROWD    5000u
#define SOME     200u // helpers: more than are looked at for each task

struct world {
    struct arena *arena;
    struct sched *s;
    uint64_t now_us;
};

static void open_for(struct world *w, const struct policy *policy, uint32_t tasks_max,
                     uint32_t helpers)
{
    const struct sched_cfg cfg = {.helpers_max = helpers,
                                  .tasks_max = tasks_max,
                                  .types = TYPES,
                                  .attempts_max = ATTEMPTS,
                                  .give_up_us = GIVE_UP,
                                  .policy = policy,
                                  .seed = 7};
    *w = (struct world){.arena = arena_new(sched_bytes(&cfg)), .now_us = 1000};
    assert_non_null(w->arena);
    assert_int_equal(sched_new(&w->s, w->arena, &cfg), RC_OK);
}

static void open(struct world *w, const struct policy *policy, uint32_t tasks_max)
{
    open_for(w, policy, tasks_max, HELPERS);
}

static void close(struct world *w)
{
    arena_free(w->arena);
}

static struct sched_intro intro_of(double ping_us, uint32_t slots, uint32_t can)
{
    return (struct sched_intro){.says = {.class = 1, .ping_us = ping_us, .reliability = 0.9},
                                .slots = slots,
                                .ahead = SCHED_ANY_NUMBER,
                                .can = can};
}

static void join(struct world *w, uint32_t helper, double ping_us, uint32_t slots, uint32_t can)
{
    const struct sched_intro intro = intro_of(ping_us, slots, can);
    sched_join(w->s, helper, &intro, w->now_us);
}

// It takes no more than it has slots.
static void join_strict(struct world *w, uint32_t helper, uint32_t slots, uint32_t can)
{
    struct sched_intro intro = intro_of(20000, slots, can);
    intro.ahead = 0;
    sched_join(w->s, helper, &intro, w->now_us);
}

static enum rc submit(struct world *w, uint64_t id, uint32_t type, uint64_t within_us)
{
    const struct sched_task task = {.id = id, .type = type, .size = 1, .within_us = within_us};
    return sched_submit(w->s, &task, w->now_us);
}

static void answer(struct world *w, uint64_t task, uint32_t helper, bool is_right, double total_us)
{
    sched_answer(w->s,
                 &(struct sched_answer){.task = task,
                                        .helper = helper,
                                        .is_right = is_right,
                                        .total_us = total_us,
                                        .work_us = total_us / 4},
                 w->now_us);
}

static void pass(struct world *w, uint64_t us)
{
    w->now_us += us;
    sched_tick(w->s, w->now_us);
}

// The next order is this one.
static struct sched_order expect(struct world *w, enum sched_kind kind, uint64_t task)
{
    struct sched_order o;
    assert_true(sched_next(w->s, &o));
    assert_int_equal(o.kind, kind);
    assert_int_equal(o.task, task);
    return o;
}

static void expect_none(struct world *w)
{
    struct sched_order o;
    assert_false(sched_next(w->s, &o));
}

// All are known: their answers take 23 to 27 ms.
static void teach(struct world *w)
{
    struct sched_order o;
    for (uint64_t id = 1000; id < 1400; id++) {
        assert_int_equal(submit(w, id, 0, SOON), RC_OK);
        pass(w, 25000);
        while (sched_next(w->s, &o))
            if (o.kind == SCHED_ASSIGN)
                answer(w, o.task, o.helper, true, 23000 + 1000.0 * (double)(id % 5));
        while (sched_next(w->s, &o))
            ;
        pass(w, 2 * GIVE_UP);
    }
}

static void a_task_goes_out_and_comes_back(void **state)
{
    (void)state;
    struct world w;
    open(&w, &policy_ewma, TASKS);
    join(&w, 0, 20000, 1, 3);
    assert_int_equal(submit(&w, 1, 0, SOON), RC_OK);
    const struct sched_order o = expect(&w, SCHED_ASSIGN, 1);
    assert_int_equal(o.helper, 0);
    assert_true(o.low_us <= o.answer_us && o.answer_us <= o.high_us && o.answer_us > 20000);
    expect_none(&w);
    pass(&w, 25000);
    answer(&w, 1, 0, true, 25000);
    expect_none(&w);
    assert_int_equal(sched_stat(w.s).done, 1);
    pass(&w, GIVE_UP);
    assert_int_equal(sched_stat(w.s).over, 0);
    assert_int_equal(sched_due_us(w.s), UINT64_MAX);
    close(&w);
}

static void an_error_goes_to_another(void **state)
{
    (void)state;
    struct world w;
    open(&w, &policy_ewma, TASKS);
    for (uint32_t i = 0; i < HELPERS; i++)
        join(&w, i, 20000, 1, 3);
    assert_int_equal(submit(&w, 1, 0, SOON), RC_OK);
    uint32_t seen = 0;
    for (uint32_t i = 0; i < ATTEMPTS; i++) {
        const uint32_t helper = expect(&w, SCHED_ASSIGN, 1).helper;
        assert_int_equal(seen >> helper & 1, 0);
        seen |= 1u << helper;
        pass(&w, 1000);
        answer(&w, 1, helper, false, 1000);
    }
    (void)expect(&w, SCHED_SPENT, 1); // it has had its copies
    expect_none(&w);
    pass(&w, GIVE_UP);
    assert_int_equal(sched_stat(w.s).over, 1);
    close(&w);
}

static void silence_is_no_reason_to_wait(void **state)
{
    (void)state;
    struct world w;
    open(&w, &policy_ewma, TASKS);
    join(&w, 0, 20000, 1, 3);
    join(&w, 1, 20000, 1, 3);
    assert_int_equal(submit(&w, 1, 0, SOON), RC_OK);
    const uint32_t first = expect(&w, SCHED_ASSIGN, 1).helper;
    pass(&w, time_since(w.now_us, sched_due_us(w.s)));
    assert_int_equal(expect(&w, SCHED_LATE, 1).helper, first);
    assert_int_equal(expect(&w, SCHED_ASSIGN, 1).helper, 1 - first);
    expect_none(&w);
    answer(&w, 1, first, true, 90000); // after all
    assert_int_equal(expect(&w, SCHED_CANCEL, 1).helper, 1 - first);
    assert_int_equal(sched_stat(w.s).done, 1);
    close(&w);
}

static void who_leaves_loses_its_tasks(void **state)
{
    (void)state;
    struct world w;
    open(&w, &policy_ewma, TASKS);
    join(&w, 0, 20000, 1, 3);
    assert_int_equal(submit(&w, 1, 0, SOON), RC_OK);
    (void)expect(&w, SCHED_ASSIGN, 1);
    sched_leave(w.s, 0, w.now_us);
    (void)expect(&w, SCHED_SPENT, 1); // nobody is left
    assert_false(sched_has_able(w.s, 0));
    expect_none(&w);
    join(&w, 1, 20000, 1, 1);
    assert_int_equal(expect(&w, SCHED_ASSIGN, 1).helper, 1);
    sched_leave(w.s, 1, w.now_us);
    (void)expect(&w, SCHED_SPENT, 1);
    join(&w, 0, 20000, 1, 3);
    assert_int_equal(submit(&w, 2, 1, SOON), RC_OK);
    assert_int_equal(expect(&w, SCHED_ASSIGN, 2).helper, 0);
    close(&w);
}

// Nobody gets more than it may have: the rest waits, and goes out as slots fall free.
static void a_task_waits_for_room(void **state)
{
    (void)state;
    struct world w;
    open(&w, &policy_ewma, TASKS);
    join_strict(&w, 0, 2, 1);
    for (uint64_t id = 1; id <= 3; id++)
        assert_int_equal(submit(&w, id, 0, SOON), RC_OK);
    (void)expect(&w, SCHED_ASSIGN, 1);
    (void)expect(&w, SCHED_ASSIGN, 2);
    expect_none(&w);
    assert_false(sched_has_room(w.s, 0));
    assert_true(sched_has_able(w.s, 0));
    const struct sched_answer a = {.task = 1, .helper = 0, .is_right = true, .total_us = 9000};
    sched_back(w.s, &a, w.now_us);
    (void)expect(&w, SCHED_ASSIGN, 3); // while the first is being judged
    sched_answer(w.s, &a, w.now_us);
    expect_none(&w);
    assert_int_equal(sched_stat(w.s).done, 1);
    sched_drop(w.s, 3, 0, w.now_us);
    (void)expect(&w, SCHED_SPENT, 3);
    expect_none(&w);
    close(&w);
}

static void a_wrong_answer_is_judged_later(void **state)
{
    (void)state;
    struct world w;
    open(&w, &policy_ewma, TASKS);
    join_strict(&w, 0, 1, 1);
    join_strict(&w, 1, 1, 1);
    assert_int_equal(submit(&w, 1, 0, 0), RC_OK);
    const uint32_t first = expect(&w, SCHED_ASSIGN, 1).helper;
    const struct sched_answer a = {.task = 1, .helper = first, .total_us = 9000};
    sched_back(w.s, &a, w.now_us);
    pass(&w, GIVE_UP / 2); // it is neither late meanwhile, nor asked for again
    expect_none(&w);
    sched_answer(w.s, &a, w.now_us);
    assert_int_equal(expect(&w, SCHED_ASSIGN, 1).helper, 1 - first);
    sched_forget(w.s, 1, w.now_us);
    assert_int_equal(expect(&w, SCHED_CANCEL, 1).helper, 1 - first);
    assert_true(sched_has_room(w.s, 0));
    close(&w);
}

// While one answer is judged, no other copy is sent, however late it gets.
static void no_backup_of_what_is_judged(void **state)
{
    (void)state;
    struct world w;
    open(&w, &policy_shoal, TASKS);
    join_strict(&w, 0, 1, 1);
    join_strict(&w, 1, 1, 1);
    assert_int_equal(submit(&w, 1, 0, SOON), RC_OK);
    const struct sched_answer a = {
        .task = 1, .helper = expect(&w, SCHED_ASSIGN, 1).helper, .total_us = 9000};
    assert_true(sched_due_us(w.s) < w.now_us + SOON); // a second one is thought of
    sched_back(w.s, &a, w.now_us);
    pass(&w, GIVE_UP / 2);
    expect_none(&w);
    close(&w);
}

// A late answer comes while its task waits for another helper: it waits no more.
static void a_late_answer_ends_the_wait(void **state)
{
    (void)state;
    struct world w;
    open(&w, &policy_ewma, TASKS);
    join_strict(&w, 0, 1, 1);
    assert_int_equal(submit(&w, 1, 0, SOON), RC_OK);
    (void)expect(&w, SCHED_ASSIGN, 1);
    pass(&w, GIVE_UP / 2);
    (void)expect(&w, SCHED_LATE, 1);
    (void)expect(&w, SCHED_SPENT, 1);
    struct sched_answer a = {.task = 1, .total_us = GIVE_UP / 2};
    sched_back(w.s, &a, w.now_us);
    join_strict(&w, 1, 1, 1);
    expect_none(&w);
    sched_answer(w.s, &a, w.now_us); // wrong
    assert_int_equal(expect(&w, SCHED_ASSIGN, 1).helper, 1);
    close(&w);
}

static void who_rests_gets_nothing(void **state)
{
    (void)state;
    struct world w;
    open(&w, &policy_ewma, TASKS);
    join(&w, 0, 20000, 1, 1);
    sched_rest(w.s, 0, true, w.now_us);
    assert_int_equal(submit(&w, 1, 0, SOON), RC_OK);
    (void)expect(&w, SCHED_SPENT, 1);
    expect_none(&w);
    sched_rest(w.s, 0, false, w.now_us);
    (void)expect(&w, SCHED_ASSIGN, 1);
    expect_none(&w);
    close(&w);
}

// A helper may be here again before it was missed: what it had is lost, that it left is old news.
static void back_before_it_was_missed(void **state)
{
    (void)state;
    struct world w;
    open(&w, &policy_ewma, TASKS);
    join(&w, 0, 20000, 1, 1);
    join(&w, 1, 20000, 1, 1);
    assert_int_equal(submit(&w, 1, 0, SOON), RC_OK);
    const uint32_t first = expect(&w, SCHED_ASSIGN, 1).helper;
    join(&w, first, 20000, 1, 1);
    assert_int_equal(expect(&w, SCHED_ASSIGN, 1).helper, 1 - first);
    sched_leave(w.s, first, w.now_us);
    assert_int_equal(submit(&w, 2, 0, SOON), RC_OK);
    assert_int_equal(expect(&w, SCHED_ASSIGN, 2).helper, first);
    close(&w);
}

// Who worked on an object has it; others must get it first, and are given the time.
static void an_object_stays_where_it_is(void **state)
{
    (void)state;
    struct world w;
    open(&w, &policy_ewma, TASKS);
    join(&w, 0, 20000, 4, 1);
    join(&w, 1, 20000, 4, 1);
    uint32_t warm = HELPERS;
    for (uint64_t id = 1; id <= 20; id++) {
        const struct sched_task task = {.id = id, .size = 1, .within_us = SOON, .object = 77};
        assert_int_equal(sched_submit(w.s, &task, w.now_us), RC_OK);
        const struct sched_order o = expect(&w, SCHED_ASSIGN, id);
        assert_true(warm == HELPERS || o.helper == warm);
        assert_true((warm == HELPERS) == (o.answer_us > 200000));
        warm = o.helper;
        pass(&w, 30000);
        answer(&w, id, o.helper, true, id == 1 ? 400000 : 25000);
        pass(&w, 1000);
    }
    close(&w);
}

static void only_who_can(void **state)
{
    (void)state;
    struct world w;
    open(&w, &policy_random, TASKS);
    join(&w, 0, 20000, 1, 1);
    join(&w, 1, 20000, 1, 2);
    for (uint64_t id = 1; id <= 40; id++) {
        assert_int_equal(submit(&w, id, id % 2, SOON), RC_OK);
        assert_int_equal(expect(&w, SCHED_ASSIGN, id).helper, id % 2);
    }
    close(&w);
}

static void the_table_is_bounded(void **state)
{
    (void)state;
    struct world w;
    open(&w, &policy_ewma, 2);
    join(&w, 0, 20000, 1, 3);
    assert_int_equal(submit(&w, 1, 0, SOON), RC_OK);
    assert_int_equal(submit(&w, 2, 0, SOON), RC_OK);
    assert_int_equal(submit(&w, 3, 0, SOON), RC_FULL);
    pass(&w, GIVE_UP);
    assert_int_equal(submit(&w, 3, 0, SOON), RC_OK);
    close(&w);
}

// A doubtful first choice: two copies at once. The loser is cancelled.
static void a_doubtful_task_has_a_backup(void **state)
{
    (void)state;
    struct world w;
    struct sched_order o;
    open(&w, &policy_shoal, TASKS);
    for (uint32_t i = 0; i < 3; i++)
        join(&w, i, 20000, 1, 3);
    teach(&w);
    const struct sched_stat before = sched_stat(w.s);
    uint32_t doubled = 0;
    for (uint64_t id = 1; id <= 30; id++) {
        uint32_t helper[2] = {0};
        uint32_t count = 0;
        assert_int_equal(submit(&w, id, 0, 25500), RC_OK);
        while (sched_next(w.s, &o) && count < 2)
            helper[count++] = o.helper;
        pass(&w, 24000);
        while (sched_next(w.s, &o) && count < 2)
            helper[count++] = o.helper;
        answer(&w, id, helper[0], true, 24000);
        if (count == 2)
            assert_int_equal(expect(&w, SCHED_CANCEL, id).helper, helper[1]);
        doubled += count == 2;
        pass(&w, 2 * GIVE_UP);
    }
    assert_true(doubled > 0);
    assert_int_equal(sched_stat(w.s).backups - before.backups, doubled);
    assert_true(sched_stat(w.s).backups <= sched_stat(w.s).submitted / 5);
    close(&w);
}

static void settings(void **state)
{
    (void)state;
    struct sched *s;
    struct arena *arena = arena_new(1);
    struct sched_cfg cfg = {.helpers_max = 1,
                            .tasks_max = 1,
                            .types = 1,
                            .attempts_max = SCHED_ATTEMPTS_MAX + 1,
                            .policy = &policy_ewma};
    assert_int_equal(sched_new(&s, arena, &cfg), RC_CONFIG);
    cfg.attempts_max = 1;
    cfg.tasks_max = 100000;
    assert_int_equal(sched_new(&s, arena, &cfg), RC_NOMEM);
    arena_free(arena);
}

// ---- Large pools

// Helpers that differ in how far away they are, each with a slot and no more.
struct crowd {
    struct world w;
    struct rng rng;
    bool is_free[CROWD]; // does not rest, and has nothing
    bool rests[CROWD];
    uint64_t task[CROWD];
    uint64_t count; // of tasks
};

static double ping_of(uint32_t helper)
{
    return 1000.0 + 20.0 * (double)(helper * 1237 % CROWD); // each its own
}

static void crowd_join(struct crowd *c, uint32_t helper)
{
    struct sched_intro intro = intro_of(ping_of(helper), 1, 1);
    intro.ahead = 0;
    sched_join(c->w.s, helper, &intro, c->w.now_us);
    c->is_free[helper] = true;
}

static struct crowd *crowd_open(const struct policy *policy)
{
    static struct crowd c;
    memset(&c, 0, sizeof c);
    c.rng = rng_seeded(test_seed());
    open_for(&c.w, policy, CROWD, CROWD);
    for (uint32_t i = 0; i < CROWD; i++)
        crowd_join(&c, i);
    return &c;
}

// Who gets the next task.
static uint32_t crowd_submit(struct crowd *c)
{
    assert_int_equal(submit(&c->w, c->count, 0, SOON), RC_OK);
    const uint32_t helper = expect(&c->w, SCHED_ASSIGN, c->count).helper;
    assert_true(c->is_free[helper]);
    c->is_free[helper] = false;
    c->task[helper] = c->count++;
    return helper;
}

static void crowd_forget(struct crowd *c, uint32_t helper)
{
    sched_forget(c->w.s, c->task[helper], c->w.now_us);
    (void)expect(&c->w, SCHED_CANCEL, c->task[helper]);
    c->is_free[helper] = true;
}

static void crowd_rest(struct crowd *c, uint32_t helper, bool is_resting)
{
    sched_rest(c->w.s, helper, is_resting, c->w.now_us);
    c->rests[helper] = is_resting;
    c->is_free[helper] = !is_resting;
}

static uint32_t nearest_free(const struct crowd *c)
{
    uint32_t best = CROWD;
    for (uint32_t i = 0; i < CROWD; i++)
        if (c->is_free[i] && (best == CROWD || ping_of(i) < ping_of(best)))
            best = i;
    return best;
}

// Whatever befell the others, as if all were looked at.
static void the_best_of_a_crowd(void **state)
{
    (void)state;
    struct crowd *c = crowd_open(&policy_ewma);
    for (int i = 0; i < 300; i++) // how soon these tasks are wanted is news
        crowd_forget(c, crowd_submit(c));
    for (int i = 0; i < 3000; i++) {
        const uint32_t other = (uint32_t)rng_below(&c->rng, CROWD);
        const uint32_t best = nearest_free(c);
        const uint32_t chosen = crowd_submit(c);
        assert_int_equal(chosen, best);
        if (i % 3 != 0)
            crowd_forget(c, chosen);
        if (c->is_free[other] || c->rests[other])
            crowd_rest(c, other, c->is_free[other]);
    }
    close(&c->w);
}

static void anybody_of_a_crowd(void **state)
{
    (void)state;
    static uint32_t got[CROWD];
    struct crowd *c = crowd_open(&policy_random);
    uint32_t low = 0;
    uint32_t never = 0;
    for (uint32_t i = 1; i < CROWD; i += 2)
        crowd_rest(c, i, true);
    memset(got, 0, sizeof got);
    for (uint32_t i = 0; i < 8 * CROWD / 2; i++) {
        const uint32_t helper = crowd_submit(c);
        crowd_forget(c, helper);
        got[helper]++;
        low += helper < CROWD / 2;
    }
    for (uint32_t i = 0; i < CROWD; i += 2) {
        assert_true(got[i] < 30); // 8 in the mean
        never += got[i] == 0;
    }
    assert_true(never < 10); // e^-8 of 2500
    assert_true(low > 9600 && low < 10400);
    close(&c->w);
}

static void each_of_a_crowd_in_turn(void **state)
{
    (void)state;
    struct crowd *c = crowd_open(&policy_round_robin);
    for (uint32_t i = 0; i < CROWD + 10; i++) {
        const uint32_t helper = crowd_submit(c);
        assert_int_equal(helper, i % CROWD);
        crowd_forget(c, helper);
    }
    close(&c->w);
}

// Who has an object may look like nothing special otherwise.
static void an_object_stays_in_a_crowd(void **state)
{
    (void)state;
    struct crowd *c = crowd_open(&policy_ewma);
    const struct sched_task task = {.id = CROWD, .size = 1, .within_us = SOON, .object = 77};
    while (ping_of(nearest_free(c)) < 40000) // the nearest are busy with other things
        (void)crowd_submit(c);
    assert_int_equal(sched_submit(c->w.s, &task, c->w.now_us), RC_OK);
    const uint32_t warm = expect(&c->w, SCHED_ASSIGN, CROWD).helper;
    answer(&c->w, CROWD, warm, true, 400000);
    for (uint32_t i = 0; i < CROWD; i++)
        if (!c->is_free[i])
            crowd_forget(c, i);
    struct sched_task again = task;
    again.id++;
    assert_int_equal(sched_submit(c->w.s, &again, c->w.now_us), RC_OK);
    assert_int_equal(expect(&c->w, SCHED_ASSIGN, CROWD + 1).helper, warm);
    close(&c->w);
}

// ---- Any events, in any order

struct twin { // what must be true of one task
    uint32_t helper[ATTEMPTS];
    bool is_out[ATTEMPTS]; // assigned, and neither answered, cancelled nor lost
    bool is_lost[ATTEMPTS], has_answered[ATTEMPTS];
    uint32_t copies, type;
    bool is_done;
    uint64_t over_us;
};

struct model {
    struct world w;
    struct rng rng;
    struct twin task[2000];
    uint64_t count;
    uint32_t helpers;
    bool is_here[SOME];
    uint32_t can[SOME];
    uint64_t hash;
};

static void check_order(struct model *m, const struct sched_order *o)
{
    struct twin *t = &m->task[o->task];
    assert_true(o->task < m->count && o->helper < m->helpers && m->w.now_us < t->over_us);
    if (o->kind == SCHED_SPENT || o->kind == SCHED_LATE) {
        assert_false(t->is_done);
        return;
    }
    m->hash = rng_mix(m->hash ^ (o->task << 8) ^ (o->helper << 1) ^ (o->kind == SCHED_CANCEL));
    if (o->kind == SCHED_ASSIGN) {
        assert_true(m->is_here[o->helper] && (m->can[o->helper] >> t->type & 1) != 0);
        assert_true(t->copies < ATTEMPTS && !t->is_done);
        for (uint32_t i = 0; i < t->copies; i++)
            assert_int_not_equal(t->helper[i], o->helper);
        t->is_out[t->copies] = true;
        t->helper[t->copies++] = o->helper;
        return;
    }
    uint32_t i = 0;
    while (i < t->copies && t->helper[i] != o->helper)
        i++;
    assert_true(i < t->copies && t->is_out[i]);
    t->is_out[i] = false;
}

static void take_orders(struct model *m)
{
    struct sched_order o;
    while (sched_next(m->w.s, &o))
        check_order(m, &o);
    for (uint64_t id = 0; id < m->count; id++) { // nobody works for what is done
        const struct twin *t = &m->task[id];
        for (uint32_t i = 0; i < t->copies && t->is_done && m->w.now_us < t->over_us; i++)
            assert_false(t->is_out[i]);
    }
}

static void answer_one(struct model *m)
{
    const uint64_t id = rng_below(&m->rng, m->count);
    struct twin *t = &m->task[id];
    const uint32_t i = (uint32_t)rng_below(&m->rng, ATTEMPTS);
    if (i >= t->copies)
        return;
    const bool is_right = rng_below(&m->rng, 10) > 2;
    const bool counts = m->w.now_us < t->over_us && !t->is_lost[i] && !t->has_answered[i];
    answer(&m->w, id, t->helper[i], is_right, (double)rng_below(&m->rng, 100000));
    t->is_out[i] = false;
    t->has_answered[i] = true;
    t->is_done = t->is_done || (is_right && counts);
}

static void come_or_go(struct model *m)
{
    const uint32_t helper = (uint32_t)rng_below(&m->rng, m->helpers);
    m->is_here[helper] = !m->is_here[helper];
    if (m->is_here[helper]) {
        m->can[helper] = (uint32_t)rng_below(&m->rng, 4);
        join(&m->w, helper, 1000.0 * (double)(1 + rng_below(&m->rng, 50)),
             1 + (uint32_t)rng_below(&m->rng, 3), m->can[helper]);
        return;
    }
    for (uint64_t id = 0; id < m->count; id++)
        for (uint32_t i = 0; i < m->task[id].copies; i++)
            if (m->task[id].helper[i] == helper) {
                m->task[id].is_lost[i] = m->task[id].is_lost[i] || m->task[id].is_out[i];
                m->task[id].is_out[i] = false;
            }
    sched_leave(m->w.s, helper, m->w.now_us);
}

static void one_step(struct model *m)
{
    const uint64_t what = rng_below(&m->rng, 20);
    if (what < 8 && m->count < ARRAY_COUNT(m->task)) {
        const uint32_t type = (uint32_t)rng_below(&m->rng, TYPES);
        m->task[m->count] = (struct twin){.type = type, .over_us = m->w.now_us + GIVE_UP};
        if (submit(&m->w, m->count, type, 5000 + rng_below(&m->rng, 60000)) == RC_OK)
            m->count++;
    } else if (what < 14 && m->count > 0) {
        answer_one(m);
    } else if (what == 14) {
        come_or_go(m);
    } else {
        pass(&m->w, rng_below(&m->rng, 40000));
    }
    take_orders(m);
}

static uint64_t play(uint64_t seed, size_t policy, uint32_t helpers)
{
    static struct model m;
    memset(&m, 0, sizeof m);
    m.rng = rng_seeded(seed);
    m.helpers = helpers;
    open_for(&m.w, policy_at(policy), TASKS, helpers);
    for (uint32_t i = 0; i < helpers / 2; i++)
        come_or_go(&m);
    for (int i = 0; i < 2500; i++)
        one_step(&m);
    pass(&m.w, 2 * GIVE_UP);
    take_orders(&m);
    const struct sched_stat stat = sched_stat(m.w.s);
    assert_int_equal(stat.submitted, m.count);
    assert_int_equal(stat.submitted, stat.done + stat.over); // each ended, once
    assert_int_equal(sched_due_us(m.w.s), UINT64_MAX);
    close(&m.w);
    return m.hash;
}

static void any_events_in_any_order(void **state)
{
    (void)state;
    const uint64_t seed = test_seed();
    for (size_t policy = 0; policy_at(policy) != NULL; policy++)
        for (uint64_t i = 0; i < 3; i++)
            for (uint32_t helpers = HELPERS; helpers <= SOME; helpers += SOME - HELPERS)
                assert_true(play(seed + i, policy, helpers) ==
                            play(seed + i, policy, helpers)); // and the same again
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings),
        cmocka_unit_test(a_task_goes_out_and_comes_back),
        cmocka_unit_test(an_error_goes_to_another),
        cmocka_unit_test(silence_is_no_reason_to_wait),
        cmocka_unit_test(who_leaves_loses_its_tasks),
        cmocka_unit_test(only_who_can),
        cmocka_unit_test(a_task_waits_for_room),
        cmocka_unit_test(a_wrong_answer_is_judged_later),
        cmocka_unit_test(no_backup_of_what_is_judged),
        cmocka_unit_test(a_late_answer_ends_the_wait),
        cmocka_unit_test(who_rests_gets_nothing),
        cmocka_unit_test(back_before_it_was_missed),
        cmocka_unit_test(an_object_stays_where_it_is),
        cmocka_unit_test(the_table_is_bounded),
        cmocka_unit_test(a_doubtful_task_has_a_backup),
        cmocka_unit_test(the_best_of_a_crowd),
        cmocka_unit_test(anybody_of_a_crowd),
        cmocka_unit_test(each_of_a_crowd_in_turn),
        cmocka_unit_test(an_object_stays_in_a_crowd),
        cmocka_unit_test(any_events_in_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
