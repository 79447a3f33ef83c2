// SPDX-License-Identifier: MIT
// Tests of the broker after a crash: whatever was written down by then, the gamer gets all of it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/seed_test.h"
#include "compute/job.h"
#include "compute/play_test.h"
#include "compute/sample_test.h"

#define FRAMES 2u
#define RUNS   2u

// After every message, with records that were taken `lag` messages ago for the last time.
static void test_crash_at_every_message(void **state)
{
    (void)state;
    static const uint32_t lag[] = {0, 1, 6, UINT32_MAX};
    uint32_t restored = 0;
    for (size_t l = 0; l < ARRAY_COUNT(lag); l++) {
        bool is_over = false;
        for (uint32_t at = 0; !is_over; at++) {
            struct play p;
            play_begin(&p, FRAMES, RUNS, NULL);
            for (uint32_t i = 0; i < at && !is_over; i++) {
                p.w.d.is_deaf = lag[l] >= at - i;
                is_over = !play_step(&p);
            }
            p.w.d.is_deaf = false;
            play_crash(&p);
            restored += (uint32_t)broker_stat(p.w.d.broker).restored;
            play_connect(&p);
            play_finish(&p);
        }
    }
    assert_true(restored > 100);
}

// The hub goes down while the gamer is away, and the scene that frames wait for may be lost, too.
static void test_crash_while_away(void **state)
{
    (void)state;
    for (int has_scene = 0; has_scene < 2; has_scene++) {
        bool is_over = false;
        for (uint32_t at = (uint32_t)has_scene; !is_over; at += 2) {
            struct play p;
            play_begin(&p, FRAMES, RUNS, NULL);
            for (uint32_t i = 0; i < at && !is_over; i++)
                is_over = !play_step(&p);
            (void)play_cut(&p, true);
            for (uint32_t i = 0; i < 3; i++)
                (void)play_step(&p);
            desk_crash(&p.w.d); // what it holds of the scene is given back with all the rest
            struct digest scene = desk_submit(0).as.submit.scene;
            if (!has_scene && store_has(p.w.d.store.store, &scene)) {
                broker_free(p.w.d.broker);
                hand_must(store_del(p.w.d.store.store, &scene));
                hand_must(broker_new(&p.w.d.broker, &p.w.d.cfg));
                rows_restore(&p.w.d.rows, p.w.d.broker, p.w.d.now_us);
                desk_drain(&p.w.d);
            }
            p.w.own = desk_join(&p.w.d, MSG_ROLE_HELPER, OWN);
            p.w.ann = desk_join(&p.w.d, MSG_ROLE_HELPER, ANN);
            p.w.bob = desk_join(&p.w.d, MSG_ROLE_HELPER, BOB);
            while (play_step(&p)) // helpers go on before the gamer is back
                continue;
            play_connect(&p);
            play_finish(&p);
        }
    }
}

// Anything, in any order, many times.
static void test_any_order(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    uint32_t crashes = 0;
    for (int round = 0; round < 40; round++) {
        struct play p;
        play_begin(&p, FRAMES, RUNS, &r);
        while (play_step(&p)) {
            uint64_t what = rng_below(&r, 40);
            p.w.d.is_deaf = what < 4 || (p.w.d.is_deaf && what < 30);
            if (what == 39) {
                (void)play_cut(&p, rng_below(&r, 2) == 0);
                play_connect(&p);
            } else if (what == 38) {
                p.w.d.is_deaf = false;
                play_crash(&p);
                for (uint64_t i = rng_below(&r, 10); i > 0; i--)
                    (void)play_step(&p);
                play_connect(&p);
                crashes++;
            }
        }
        play_finish(&p);
    }
    assert_true(crashes > 40);
}

// ---- By hand

static void world_crash(struct world *w)
{
    desk_crash(&w->d);
    w->own = desk_join(&w->d, MSG_ROLE_HELPER, OWN);
    w->ann = desk_join(&w->d, MSG_ROLE_HELPER, ANN);
    w->bob = desk_join(&w->d, MSG_ROLE_HELPER, BOB);
    w->gus = desk_join(&w->d, MSG_ROLE_GAMER, GUS);
}

static uint32_t assigned(struct world *w)
{
    struct msg m;
    uint32_t count = 0;
    const uint64_t conn[] = {w->own, w->ann, w->bob};
    for (size_t i = 0; i < 3; i++)
        while (desk_hears(&w->d, conn[i], MSG_ASSIGN, &m))
            count++;
    return count;
}

static void test_done_is_not_done_again(void **state)
{
    (void)state;
    struct world w;
    struct msg m;
    world_open(&w, &(struct desk_cfg){.has_rows = true});
    submit(&w, 1);
    give_scene(&w);
    run(&w, 2, "a run");
    work_all(&w);
    assert_int_equal(tiles_heard(&w), 2);
    world_crash(&w);
    assert_int_equal(broker_stat(w.d.broker).frames, 0); // it was done, and is known to be
    submit(&w, 1);
    run(&w, 2, "a run");
    assert_int_equal(tiles_heard(&w), 2);
    assert_true(desk_hears(&w.d, w.gus, MSG_DONE, &m) && desk_hears(&w.d, w.gus, MSG_RAN, &m));
    assert_true(m.as.ran.is_cached);
    m = echo_run(3, "a run"); // by another number
    desk_say(&w.d, w.gus, &m);
    assert_true(desk_hears(&w.d, w.gus, MSG_RAN, &m));
    assert_int_equal(assigned(&w), 0);
    desk_close(&w.d);
}

// What was made goes on without the gamer, and is given up like any other that does not come.
static void test_nobody_comes_back(void **state)
{
    (void)state;
    struct world w;
    world_open(&w, &(struct desk_cfg){.has_rows = true});
    submit(&w, 1);
    give_scene(&w);
    run(&w, 2, "a run");
    desk_crash(&w.d);
    struct broker_stat s = broker_stat(w.d.broker);
    assert_int_equal(s.frames + s.runs, 2);
    assert_int_equal(s.gamers_away, 1);
    assert_int_equal(s.restored, 2);
    assert_int_equal(s.tasks_waiting, 2); // a probe, and the run
    desk_wait(&w.d, BROKER_LINGER_US);
    s = broker_stat(w.d.broker);
    assert_int_equal(s.frames + s.runs + s.gamers_away + s.tasks_waiting, 0);
    desk_crash(&w.d);
    assert_int_equal(broker_stat(w.d.broker).restored, 0); // they were withdrawn
    desk_close(&w.d);
}

static void test_barred_stays_barred(void **state)
{
    (void)state;
    struct world w;
    struct msg m;
    world_open(&w, &(struct desk_cfg){.has_rows = true});
    for (uint64_t i = 0; i < 4; i++)
        run(&w, i, i == 0 ? "a" : i == 1 ? "b" : i == 2 ? "c" : "d");
    while (desk_work(&w.d, w.ann, ANN, 1) || desk_work(&w.d, w.bob, BOB, 0))
        continue;
    assert_true(desk_is_refused(&w.d, w.ann, "barred"));
    desk_crash(&w.d);
    for (size_t key = ANN; key <= BOB; key++) {
        uint64_t conn = desk_connect(&w.d);
        m = desk_hello(&w.d, conn, MSG_ROLE_HELPER, key);
        desk_say(&w.d, conn, &m);
        assert_int_equal(desk_is_refused(&w.d, conn, "barred"), key == ANN);
    }
    desk_close(&w.d);
}

// Rows in which one of two lies, is missing or is not of this frame: it is cut anew.
static void test_plan_with_holes(void **state)
{
    (void)state;
    for (int how = 0; how < 4; how++) {
        struct world w;
        struct msg m;
        world_open(&w, &(struct desk_cfg){.has_rows = true});
        submit(&w, 1);
        give_scene(&w);
        assert_true(desk_work(&w.d, w.ann, ANN, 0) || desk_work(&w.d, w.bob, BOB, 0));
        assert_true(desk_hears(&w.d, w.gus, MSG_PLANNED, &m));
        uint64_t plan = m.as.planned.plan;
        for (size_t i = w.d.rows.count; i > 0; i--) {
            struct record *r = &w.d.rows.at[i - 1].record;
            if (r->kind == RECORD_TASK && how == 0) {
                rows_cut(&w.d.rows, i - 1);
                break;
            }
            if (r->kind == RECORD_TASK && how == 1)
                r->bytes.len--;
            if (r->kind == RECORD_JOB && how == 2)
                r->pieces = JOB_PIECES_MAX + 1;
            if (r->kind == RECORD_JOB && how == 3)
                r->pieces++;
        }
        world_crash(&w);
        submit(&w, 1);
        work_all(&w);
        assert_true(desk_hears(&w.d, w.gus, MSG_PLANNED, &m));
        assert_true(m.as.planned.plan != plan);
        assert_int_equal(tiles_heard(&w), 2);
        assert_true(desk_hears(&w.d, w.gus, MSG_DONE, &m));
        desk_close(&w.d);
    }
}

// More frames that were done than are kept for one gamer: the oldest are not known any more.
static void test_many_that_were_done(void **state)
{
    (void)state;
    struct world w;
    struct msg m;
    world_open(&w, &(struct desk_cfg){.has_rows = true});
    for (uint64_t job = 1; job <= 40; job++) {
        submit(&w, job);
        if (job == 1)
            give_scene(&w);
        work_all(&w);
    }
    world_crash(&w);
    assert_int_equal(broker_stat(w.d.broker).frames, 0);
    for (uint64_t job = 1; job <= 40; job++) {
        submit(&w, job);
        assert_true(desk_hears(&w.d, w.gus, MSG_DONE, &m)); // from what is kept, in any case
        assert_int_equal(m.as.done.job, job);
    }
    assert_int_equal(assigned(&w) > 0, 0);
    desk_close(&w.d);
}

static void test_deadline_goes_on(void **state)
{
    (void)state;
    for (int is_late = 0; is_late < 2; is_late++) {
        struct world w;
        struct msg m;
        world_open(&w, &(struct desk_cfg){.has_rows = true});
        m = echo_run(1, "a");
        m.as.run.deadline_ms = 10000;
        desk_say(&w.d, w.gus, &m);
        desk_wait(&w.d, 4 * SECOND);
        w.d.now_us += is_late ? 100 * SECOND : 0; // the hub was down for long
        desk_crash(&w.d);
        desk_wait(&w.d, 6 * SECOND - 1);
        assert_int_equal(broker_stat(w.d.broker).runs, is_late ? 0 : 1);
        desk_wait(&w.d, 1);
        assert_int_equal(broker_stat(w.d.broker).runs, 0);
        w.gus = desk_join(&w.d, MSG_ROLE_GAMER, GUS);
        desk_say(&w.d, w.gus, &m); // who asks again has another deadline
        assert_int_equal(broker_stat(w.d.broker).runs, 1);
        desk_close(&w.d);
    }
}

// ---- Rows that make no sense

static struct msg garbage_of(struct rng *r, uint64_t job)
{
    struct msg m = echo_run(job, "a run");
    uint64_t how = rng_below(r, 8);
    if (how == 0)
        m.as.run.spec.input_count = (uint32_t)rng_below(r, TASK_INPUTS_MAX + 1);
    if (how == 1)
        memcpy(m.as.run.spec.kernel, "gone", 5);
    if (how == 2)
        memcpy(m.as.run.spec.kernel, "trace", 6); // params that are none, and no scene
    if (how == 3) {
        m = desk_submit(job);
        m.as.submit.width = 1 + (uint32_t)rng_below(r, 64);
    }
    if (how == 4)
        m.as.run.job++;
    if (how == 5)
        m = sample_msg((enum msg_type)(1 + rng_below(r, SAMPLE_TYPES)), r);
    return m;
}

static void restore_garbage(struct desk *d, struct rng *r)
{
    static uint8_t room[SAMPLE_BYTES_MAX + MSG_HEAD_BYTES_MAX];
    struct msg m = garbage_of(r, rng_below(r, 8));
    struct bytes bytes = hand_encode(&m, room, sizeof room);
    struct record record = {.kind = (enum record_kind)rng_below(r, RECORD_GAMER + 1),
                            .node = {{(uint8_t)rng_below(r, 3)}},
                            .job = rng_below(r, 8),
                            .name = "somebody",
                            .kernel = "echo",
                            .index = (uint32_t)rng_below(r, 5),
                            .asked = sample_digest(r),
                            .hash = sample_digest(r),
                            .cpu_us = sample_u64(r, 0, UINT64_MAX),
                            .is_stored = rng_below(r, 2) == 0,
                            .is_text = rng_below(r, 4) == 0,
                            .plan = rng_below(r, 4),
                            .pieces = (uint32_t)rng_below(r, 5),
                            .state = (enum record_state)rng_below(r, RECORD_WITHDRAWN + 1),
                            .age_us = sample_u64(r, 0, UINT64_MAX),
                            .bytes = bytes};
    record.standing.verify.is_barred = rng_below(r, 8) == 0;
    if (rng_below(r, 8) == 0)
        record.bytes.len = (size_t)rng_below(r, bytes.len + 1);
    broker_restore(d->broker, &record, d->now_us);
}

static void test_garbage_is_left_out(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    for (int round = 0; round < 300; round++) {
        struct world w;
        struct msg m;
        desk_open(&w.d, &(struct desk_cfg){0});
        if (round % 3 == 0)
            hand_must(store_add(w.d.store.store, desk_scene(), NULL));
        for (int i = 0; i < 40; i++)
            restore_garbage(&w.d, &r);
        broker_restored(w.d.broker, w.d.now_us);
        desk_drain(&w.d);
        w.own = desk_join(&w.d, MSG_ROLE_HELPER, OWN);
        w.ann = desk_join(&w.d, MSG_ROLE_HELPER, ANN);
        w.bob = desk_join(&w.d, MSG_ROLE_HELPER, BOB);
        work_all(&w);
        assert_int_equal(broker_stat(w.d.broker).wrong, 0); // nobody honest is blamed for it
        w.gus = desk_join(&w.d, MSG_ROLE_GAMER, GUS);
        run(&w, 99, "works");
        work_all(&w);
        assert_true(desk_hears(&w.d, w.gus, MSG_RAN, &m));
        desk_wait(&w.d, BROKER_LINGER_US);
        assert_int_equal(broker_stat(w.d.broker).frames + broker_stat(w.d.broker).runs, 0);
        desk_close(&w.d);
    }
}

// Memory that ends while rows are taken back: what is left out is asked for again.
static void test_budget_runs_out(void **state)
{
    (void)state;
    struct world w;
    world_open(&w, &(struct desk_cfg){.has_rows = true});
    submit(&w, 1);
    submit(&w, 2);
    give_scene(&w);
    run(&w, 3, "a run");
    assert_true(desk_work(&w.d, w.ann, ANN, 0) || desk_work(&w.d, w.bob, BOB, 0));
    for (size_t more = 0; more < 60000; more += more / 20 + 50) {
        broker_free(w.d.broker);
        assert_int_equal(w.d.budget.used_bytes, 0);
        hand_must(broker_new(&w.d.broker, &w.d.cfg));
        w.d.budget.limit_bytes = w.d.budget.used_bytes + more;
        rows_restore(&w.d.rows, w.d.broker, w.d.now_us);
        broker_check(w.d.broker);
        w.d.budget.limit_bytes = (size_t)64 << 20;
    }
    assert_int_equal(broker_stat(w.d.broker).restored, 3);
    desk_close(&w.d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crash_at_every_message),
        cmocka_unit_test(test_crash_while_away),
        cmocka_unit_test(test_any_order),
        cmocka_unit_test(test_done_is_not_done_again),
        cmocka_unit_test(test_nobody_comes_back),
        cmocka_unit_test(test_barred_stays_barred),
        cmocka_unit_test(test_plan_with_holes),
        cmocka_unit_test(test_many_that_were_done),
        cmocka_unit_test(test_deadline_goes_on),
        cmocka_unit_test(test_garbage_is_left_out),
        cmocka_unit_test(test_budget_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
