// SPDX-License-Identifier: MIT
// Tests of the broker's runs, message by message: one task of any kernel, and its one answer.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/num.h"
#include "compute/results.h"
#include "compute/world_test.h"

#define HAL   5u // of another gamer
#define WRONG 1u // a first byte that is off

// gus hears this answer to job, and no other.
static struct msg_ran hears_answer(struct world *w, uint64_t job, const char *text)
{
    struct msg m;
    assert_true(desk_hears(&w->d, w->gus, MSG_RAN, &m));
    assert_int_equal(m.as.ran.job, job);
    assert_string_equal(m.as.ran.label, text);
    assert_true(bytes_is(m.as.ran.result, text));
    struct msg more;
    assert_false(desk_hears(&w->d, w->gus, MSG_RAN, &more));
    assert_false(desk_hears(&w->d, w->gus, MSG_FAILED, &more));
    return m.as.ran;
}

static void hears_failure(struct world *w, uint64_t job, const char *label, enum rc rc,
                          const char *words)
{
    struct msg m;
    assert_true(desk_hears(&w->d, w->gus, MSG_FAILED, &m));
    assert_int_equal(m.as.failed.job, job);
    assert_string_equal(m.as.failed.label, label);
    assert_int_equal(m.as.failed.rc, rc);
    assert_non_null(strstr(m.as.failed.text, words));
    struct broker_stat s = broker_stat(w->d.broker);
    assert_int_equal(s.runs + s.tasks_waiting + s.tasks_held, 0);
}

// Who holds the one task that is out, and what it was told.
static uint64_t holder(struct world *w, struct msg_assign *a)
{
    struct msg m;
    const uint64_t conn[] = {w->ann, w->bob, w->own};
    for (size_t i = 0; i < 3; i++)
        if (desk_hears(&w->d, conn[i], MSG_ASSIGN, &m)) {
            *a = m.as.assign;
            return conn[i];
        }
    return 0;
}

static size_t key_of(const struct world *w, uint64_t conn)
{
    return conn == w->ann ? ANN : conn == w->bob ? BOB : OWN;
}

static void answer(struct world *w, uint64_t conn, const struct msg_assign *a, uint8_t value)
{
    uint8_t *at;
    struct msg m = desk_result(&w->d, a, key_of(w, conn), value, &at);
    desk_say(&w->d, conn, &m);
    free(at);
}

static void test_echo(void **state)
{
    (void)state;
    struct world w;
    struct msg m;
    struct msg_assign a;
    world_open(&w, &(struct desk_cfg){0});
    run(&w, 5, "hello");
    assert_int_equal(broker_stat(w.d.broker).runs, 1);
    uint64_t conn = holder(&w, &a);
    assert_true(conn == w.ann || conn == w.bob);
    assert_string_equal(a.spec.kernel, "echo");
    assert_int_equal(a.spec.input_count, 0);
    assert_true(bytes_is(a.spec.params, "hello"));
    desk_wait(&w.d, 300);
    answer(&w, conn, &a, 0);
    struct msg_ran ran = hears_answer(&w, 5, "hello");
    assert_int_equal(ran.attempts, 1);
    assert_int_equal(ran.wall_us, 300);
    assert_int_equal(ran.cpu_us, 300); // it says 1000, and had but 300
    assert_false(ran.is_cached);
    assert_int_equal(strncmp(ran.helper, "helper-", 7), 0);
    struct sign_public public = sign_key_public(w.d.key[key_of(&w, conn)]);
    struct digest node = hash_bytes(bytes_of(public.b, sizeof public.b));
    assert_true(digest_equal(&ran.node, &node));
    assert_true(desk_hears(&w.d, conn, MSG_VERDICT, &m) && m.as.verdict.is_right);
    struct broker_stat s = broker_stat(w.d.broker);
    assert_int_equal(s.runs_done, 1);
    assert_int_equal(s.runs + s.tasks_waiting + s.tasks_held, 0);
    assert_int_equal(holder(&w, &a), 0); // nobody redoes it: the hub compares it itself
    assert_int_equal(w.d.notes[NOTE_TASK_DONE], 1);
    desk_close(&w.d);
}

// 0: forged, 1: signed by another, 2: failed, 3: its connection breaks, 4: late.
static void spoil(struct world *w, int how, uint64_t conn, const struct msg_assign *a)
{
    uint8_t *at;
    struct msg m;
    struct msg failure = {.type = MSG_FAILURE, .as.failure = {a->task, RC_CRASHED, "oh"}};
    switch (how) {
    case 0:
        answer(w, conn, a, WRONG);
        break;
    case 1:
        m = desk_result(&w->d, a, HAL, 0, &at);
        desk_say(&w->d, conn, &m);
        free(at);
        break;
    case 2:
        desk_say(&w->d, conn, &failure);
        break;
    case 3:
        desk_hang_up(&w->d, conn);
        break;
    default:
        world_wait(w, BROKER_LATE_MIN_US);
        assert_false(desk_hears(&w->d, conn, MSG_CANCEL, &m)); // it may answer still
    }
}

static uint64_t payer_of(struct world *w, uint64_t conn, const struct msg *m)
{
    uint8_t room[512];
    const uint64_t payer =
        broker_input(w->d.broker, conn, hand_encode(m, room, sizeof room), w->d.now_us);
    desk_drain(&w->d);
    return payer;
}

// A result is handled at the expense of the gamer who waits for it; one that nobody waits for, of
// who sent it.
static void test_who_pays(void **state)
{
    (void)state;
    struct world w;
    struct msg_assign a;
    uint8_t *at;
    world_open(&w, &(struct desk_cfg){0});
    struct msg m = echo_run(5, "hello");
    assert_int_equal(payer_of(&w, w.gus, &m), w.gus);
    uint64_t conn = holder(&w, &a);
    struct msg result = desk_result(&w.d, &a, key_of(&w, conn), 0, &at);
    assert_int_equal(payer_of(&w, conn, &result), w.gus);
    assert_int_equal(payer_of(&w, conn, &result), conn); // again
    free(at);
    run(&w, 6, "bye");
    conn = holder(&w, &a);
    desk_hang_up(&w.d, w.gus);
    result = desk_result(&w.d, &a, key_of(&w, conn), 0, &at);
    assert_int_equal(payer_of(&w, conn, &result), 0); // its gamer may come back to it
    free(at);
    desk_close(&w.d);
}

static void test_goes_to_another(void **state)
{
    (void)state;
    for (int how = 0; how < 5; how++) {
        struct world w;
        struct msg m;
        struct msg_assign a;
        world_open(&w, &(struct desk_cfg){0});
        run(&w, 5, "hello");
        uint64_t first = holder(&w, &a);
        uint64_t task = a.task;
        spoil(&w, how, first, &a);
        uint64_t second = holder(&w, &a);
        assert_true(second != first && second != w.own && second != 0);
        assert_int_equal(a.task, task);
        assert_int_equal(broker_stat(w.d.broker).wrong, how < 2);
        if (how < 2)
            assert_true(desk_hears(&w.d, first, MSG_VERDICT, &m) && !m.as.verdict.is_right);
        assert_false(desk_hears(&w.d, w.gus, MSG_RAN, &m));
        answer(&w, second, &a, 0);
        assert_int_equal(hears_answer(&w, 5, "hello").attempts, 2);
        assert_true(desk_hears(&w.d, first, MSG_CANCEL, &m) == (how == 4));
        if (how != 3) { // the first one's word comes late
            answer(&w, first, &a, 0);
            assert_true(desk_hears(&w.d, first, MSG_VERDICT, &m) && m.as.verdict.is_right);
        }
        assert_false(desk_hears(&w.d, w.gus, MSG_RAN, &m));
        assert_int_equal(broker_stat(w.d.broker).retries, 1);
        desk_close(&w.d);
    }
}

static void test_two_forged_bar(void **state)
{
    (void)state;
    struct world w;
    struct msg_assign a;
    world_open(&w, &(struct desk_cfg){0});
    char text[2] = "a";
    for (uint64_t i = 0; i < 4; i++, text[0]++)
        run(&w, i, text); // two at once, so that both have one
    for (uint64_t conn; (conn = holder(&w, &a)) != 0;)
        answer(&w, conn, &a, conn == w.ann ? WRONG : 0);
    assert_int_equal(broker_stat(w.d.broker).runs_done, 4);
    assert_true(desk_is_refused(&w.d, w.ann, "barred"));
    assert_int_equal(broker_stat(w.d.broker).barred, 1);
    assert_int_equal(w.d.notes[NOTE_BARRED], 1);
    assert_int_equal(broker_stat(w.d.broker).wrong, 2);
    desk_close(&w.d);
}

// All fail: at last the hub's own compute, or nobody.
static void test_attempts_run_out(void **state)
{
    (void)state;
    for (int has_own = 0; has_own < 2; has_own++) {
        struct world w;
        struct msg_assign a;
        world_open(&w, &(struct desk_cfg){.has_no_own = !has_own, .attempts_max = 2});
        run(&w, 5, "hello");
        for (int i = 0; i < 2; i++) {
            uint64_t conn = holder(&w, &a);
            assert_true(conn == w.ann || conn == w.bob);
            spoil(&w, 2, conn, &a);
        }
        if (has_own) {
            assert_int_equal(holder(&w, &a), w.own);
            answer(&w, w.own, &a, 0);
            assert_int_equal(hears_answer(&w, 5, "hello").attempts, 3);
        } else {
            hears_failure(&w, 5, "hello", RC_TIMEOUT, "every attempt failed");
        }
        desk_close(&w.d);
    }
}

// The own compute fails, too: that is an answer.
static void test_own_compute_fails(void **state)
{
    (void)state;
    struct world w;
    struct msg_assign a;
    world_open(&w, &(struct desk_cfg){0});
    desk_hang_up(&w.d, w.ann);
    desk_hang_up(&w.d, w.bob);
    run(&w, 5, "hello");
    assert_int_equal(holder(&w, &a), w.own);
    spoil(&w, 2, w.own, &a);
    hears_failure(&w, 5, "hello", RC_CRASHED, "oh");
    desk_close(&w.d);
}

static void test_deadline(void **state)
{
    (void)state;
    struct world w;
    struct msg m;
    struct msg_assign a;
    world_open(&w, &(struct desk_cfg){0});
    m = echo_run(5, "hello");
    m.as.run.deadline_ms = 900;
    desk_say(&w.d, w.gus, &m);
    uint64_t conn = holder(&w, &a);
    assert_true(broker_due_us(w.d.broker) <= w.d.now_us + 900 * US_PER_MS);
    desk_wait(&w.d, 900 * US_PER_MS - 1);
    assert_false(desk_hears(&w.d, w.gus, MSG_FAILED, &m));
    desk_wait(&w.d, 1);
    hears_failure(&w, 5, "hello", RC_TIMEOUT, "deadline");
    assert_true(desk_hears(&w.d, conn, MSG_CANCEL, &m));
    answer(&w, conn, &a, 0); // too late
    assert_false(desk_hears(&w.d, w.gus, MSG_RAN, &m));
    assert_int_equal(broker_stat(w.d.broker).runs_failed, 1);
    assert_int_equal(broker_stat(w.d.broker).retries, 0); // nobody is to blame
    run(&w, 5, "hello");                                  // the number is free again
    answer(&w, holder(&w, &a), &a, 0);
    hears_answer(&w, 5, "hello");
    desk_wait(&w.d, 10 * SECOND);
    assert_false(desk_hears(&w.d, w.gus, MSG_FAILED, &m));
    desk_close(&w.d);
}

static void test_what_makes_no_sense(void **state)
{
    (void)state;
    struct world w;
    world_open(&w, &(struct desk_cfg){0});
    struct trace_params p = {.width = 8,
                             .height = 8,
                             .w = 8,
                             .h = 8,
                             .sample_count = 1,
                             .depth_max = 1,
                             .cell = 8,
                             .camera = {.up = {0, 1, 0}, .fov_deg = 40}};
    uint8_t room[512];
    struct buffer params = buffer_of(room, sizeof room);
    hand_must(trace_params_encode(&p, &params));
    struct task_spec good = {.kernel = "trace",
                             .input_count = 1,
                             .input = {hash_bytes(desk_scene())},
                             .params = buffer_bytes(&params)};
    struct msg m = echo_run(0, "x");
    struct task_spec bad[6] = {good, good, good, good, m.as.run.spec, m.as.run.spec};
    bytes_to_text(bytes_text("no-such"), bad[0].kernel, TASK_KERNEL_BYTES);
    bad[1].input_count = 0;
    bad[2].input_count = TASK_INPUTS_MAX;
    bad[3].params = bytes_text("nonsense");
    bad[4].input_count = 1; // echo takes none
    bytes_to_text(bytes_text("ech"), bad[5].kernel, TASK_KERNEL_BYTES);
    static const enum rc rc[] = {RC_UNSUPPORTED, RC_MALFORMED, RC_MALFORMED,
                                 RC_MALFORMED,   RC_MALFORMED, RC_UNSUPPORTED};
    static const char *const words[] = {"no such kernel", "another number", "another number",
                                        "params",         "another number", "no such kernel"};
    for (uint64_t i = 0; i < ARRAY_COUNT(bad); i++) {
        m.as.run.job = i;
        m.as.run.spec = bad[i];
        desk_say(&w.d, w.gus, &m);
        hears_failure(&w, i, "x", rc[i], words[i]);
    }
    m.as.run.spec = good; // but for the scene, which nobody gave
    desk_say(&w.d, w.gus, &m);
    struct msg run = m;
    assert_true(desk_hears(&w.d, w.gus, MSG_OBJECT_GET, &m));
    struct msg none = {.type = MSG_OBJECT_NONE, .as.object_none = {good.input[0]}};
    desk_say(&w.d, w.gus, &none);
    hears_failure(&w, run.as.run.job, "x", RC_ABSENT, "does not have an object");
    desk_say(&w.d, w.gus, &run);
    assert_true(desk_hears(&w.d, w.gus, MSG_OBJECT_GET, &m));
    struct msg part = desk_part();
    desk_say(&w.d, w.gus, &part);
    work_all(&w); // and is checked like any tile
    assert_true(desk_hears(&w.d, w.gus, MSG_RAN, &m));
    assert_int_equal(m.as.ran.result.len, 64 * TRACE_PIXEL_BYTES);
    assert_int_equal(broker_stat(w.d.broker).checks, VERIFY_DRAWS_CLOSE); // a newcomer's
    desk_close(&w.d);
}

static void test_asked_twice_answered_once(void **state)
{
    (void)state;
    struct world w;
    struct msg m;
    struct msg_assign a;
    world_open(&w, &(struct desk_cfg){0});
    run(&w, 5, "hello");
    run(&w, 5, "hello");
    assert_int_equal(broker_stat(w.d.broker).runs, 1);
    uint64_t conn = holder(&w, &a);
    struct msg_assign more;
    assert_int_equal(holder(&w, &more), 0);
    answer(&w, conn, &a, 0);
    hears_answer(&w, 5, "hello");
    desk_say(&w.d, w.gus, &(struct msg){.type = MSG_WITHDRAW, .as.withdraw = {5}}); // over already
    m = desk_submit(6);
    desk_say(&w.d, w.gus, &m);
    m = echo_run(6, "a frame has that number");
    desk_say(&w.d, w.gus, &m);
    assert_true(desk_is_refused(&w.d, w.gus, "two jobs with the same number"));
    desk_close(&w.d);
}

// What was done once is not done again: by that number, another, or another gamer; short or long.
static void test_done_before(void **state)
{
    (void)state;
    static char text[2 * RESULTS_SHORT_BYTES];
    memset(text, 'x', sizeof text - 1);
    for (int is_long = 0; is_long < 2; is_long++) {
        struct world w;
        struct msg m;
        struct msg_assign a;
        const char *params = is_long ? text : "hello";
        world_open(&w, &(struct desk_cfg){0});
        m = echo_run(5, "x");
        m.as.run.spec.params = bytes_text(params);
        desk_say(&w.d, w.gus, &m);
        uint64_t conn = holder(&w, &a);
        desk_wait(&w.d, SECOND / 2);
        answer(&w, conn, &a, 0);
        assert_true(desk_hears(&w.d, w.gus, MSG_RAN, &m) && !m.as.ran.is_cached);
        uint64_t hal = desk_join(&w.d, MSG_ROLE_GAMER, HAL);
        for (uint64_t i = 0; i < 3; i++) {
            m = echo_run(5 + i, "label");
            m.as.run.spec.params = bytes_text(params);
            desk_say(&w.d, i == 2 ? hal : w.gus, &m);
            assert_int_equal(holder(&w, &a), 0);
            assert_true(desk_hears(&w.d, i == 2 ? hal : w.gus, MSG_RAN, &m));
            assert_true(m.as.ran.is_cached && m.as.ran.job == 5 + i);
            assert_string_equal(m.as.ran.label, "label");
            assert_true(bytes_is(m.as.ran.result, params));
            assert_int_equal(m.as.ran.cpu_us, 1000);
        }
        assert_int_equal(broker_stat(w.d.broker).cached, 3);
        assert_int_equal(broker_stat(w.d.broker).runs, 0);
        w.d.now_us += (uint64_t)RESULTS_LIFE_S * SECOND; // but not for ever
        m = echo_run(9, "x");
        m.as.run.spec.params = bytes_text(params);
        desk_say(&w.d, w.gus, &m);
        assert_true(holder(&w, &a) != 0);
        desk_close(&w.d);
    }
}

static void test_outstanding_are_bounded(void **state)
{
    (void)state;
    struct world w;
    struct msg m;
    world_open(&w, &(struct desk_cfg){.tasks_max = 2 * BROKER_RUNS_MAX});
    char text[16];
    for (uint64_t i = 0; i <= BROKER_RUNS_MAX; i++) {
        snprintf(text, sizeof text, "%u", (unsigned)i);
        run(&w, i, text);
    }
    assert_int_equal(broker_stat(w.d.broker).runs, BROKER_RUNS_MAX);
    assert_true(desk_hears(&w.d, w.gus, MSG_FAILED, &m));
    assert_int_equal(m.as.failed.job, BROKER_RUNS_MAX);
    assert_int_equal(m.as.failed.rc, RC_FULL);
    assert_string_equal(m.as.failed.label, text);
    assert_false(desk_hears(&w.d, w.gus, MSG_FAILED, &m));
    assert_true(desk_work(&w.d, w.ann, ANN, 0));
    run(&w, BROKER_RUNS_MAX, text);
    assert_false(desk_hears(&w.d, w.gus, MSG_FAILED, &m)); // there is room again
    uint64_t hal = desk_join(&w.d, MSG_ROLE_GAMER, HAL);
    m = echo_run(1, "another gamer");
    desk_say(&w.d, hal, &m);
    assert_false(desk_hears(&w.d, hal, MSG_FAILED, &m)); // its own bound
    desk_close(&w.d);
}

// A thousand tasks of one gamer do not hold up the only one of another.
static void test_gamers_take_turns(void **state)
{
    (void)state;
    struct world w;
    struct msg m;
    world_open(&w, &(struct desk_cfg){0});
    char text[16];
    for (uint64_t i = 0; i < 1000; i++) {
        snprintf(text, sizeof text, "%u", (unsigned)i);
        run(&w, i, text);
    }
    for (int i = 0; i < 20; i++)
        assert_true(desk_work(&w.d, w.ann, ANN, 0) && desk_work(&w.d, w.bob, BOB, 0));
    uint64_t hal = desk_join(&w.d, MSG_ROLE_GAMER, HAL);
    m = echo_run(1, "the only one");
    desk_say(&w.d, hal, &m);
    uint32_t others = 0; // done while it waits; two were held when it came
    while (!desk_hears(&w.d, hal, MSG_RAN, &m) && others < 100) {
        assert_true(desk_work(&w.d, w.ann, ANN, 0));
        others++;
    }
    assert_true(others <= 3);
    desk_close(&w.d);
}

static uint64_t join_with(struct world *w, size_t key, const char *kernel)
{
    uint64_t conn = desk_connect(&w->d);
    struct msg m = desk_hello(&w->d, conn, MSG_ROLE_HELPER, key);
    m.as.hello.ability.speed_count = 1;
    bytes_to_text(bytes_text(kernel), m.as.hello.ability.speed[0].kernel, TASK_KERNEL_BYTES);
    desk_say(&w->d, conn, &m);
    return conn;
}

static void test_only_who_can(void **state)
{
    (void)state;
    struct world w;
    struct msg m;
    struct msg_assign a;
    world_open(&w, &(struct desk_cfg){0});
    w.ann = join_with(&w, ANN, "trace");
    w.bob = join_with(&w, BOB, "newer-kernel"); // takes the former one's seat
    run(&w, 1, "a");
    assert_int_equal(holder(&w, &a), w.own); // nobody else can
    answer(&w, w.own, &a, 0);
    hears_answer(&w, 1, "a");
    uint64_t echo = join_with(&w, 4, "echo");
    for (uint64_t i = 2; i < 5; i++)
        run(&w, i, i == 2 ? "b" : i == 3 ? "c" : "d");
    for (uint64_t i = 2; i < 5; i++) {
        assert_int_equal(holder(&w, &a), 0);
        assert_true(desk_work(&w.d, echo, 4, 0)); // one after the other, all by the one that can
    }
    assert_int_equal(broker_stat(w.d.broker).runs_done, 4);
    run(&w, 6, "e");
    desk_hang_up(&w.d, echo); // with the task in hand: the own compute is left
    while (desk_hears(&w.d, w.gus, MSG_RAN, &m))
        continue;
    assert_int_equal(holder(&w, &a), w.own);
    answer(&w, w.own, &a, 0);
    hears_answer(&w, 6, "e");
    desk_close(&w.d);
}

static void test_waits_for_who_can(void **state)
{
    (void)state;
    struct world w;
    struct msg_assign a;
    world_open(&w, &(struct desk_cfg){.has_no_own = true});
    w.ann = join_with(&w, ANN, "trace");
    desk_hang_up(&w.d, w.bob);
    run(&w, 1, "a");
    desk_wait(&w.d, 5 * SECOND);
    assert_int_equal(holder(&w, &a), 0);
    assert_int_equal(broker_stat(w.d.broker).tasks_waiting, 1);
    w.bob = desk_join(&w.d, MSG_ROLE_HELPER, BOB);
    assert_int_equal(holder(&w, &a), w.bob);
    answer(&w, w.bob, &a, 0);
    hears_answer(&w, 1, "a");
    desk_close(&w.d);
}

static void test_withdrawn(void **state)
{
    (void)state;
    struct world w;
    struct msg m;
    struct msg_assign a;
    world_open(&w, &(struct desk_cfg){0});
    run(&w, 1, "a");
    uint64_t conn = holder(&w, &a);
    m = (struct msg){.type = MSG_WITHDRAW, .as.withdraw = {1}};
    desk_say(&w.d, w.gus, &m);
    assert_true(desk_hears(&w.d, conn, MSG_CANCEL, &m));
    answer(&w, conn, &a, 0);
    assert_false(desk_hears(&w.d, w.gus, MSG_RAN, &m));
    assert_false(desk_hears(&w.d, w.gus, MSG_FAILED, &m));
    assert_int_equal(broker_stat(w.d.broker).runs, 0);
    desk_close(&w.d);
}

static uint32_t count_records(struct world *w, enum record_kind kind)
{
    struct record r;
    uint32_t count = 0;
    while (broker_record(w->d.broker, &r))
        count += r.kind == kind;
    return count;
}

// One write for a task of a few milliseconds: its result.
static void test_records(void **state)
{
    (void)state;
    for (int is_slow = 0; is_slow < 2; is_slow++) {
        struct world w;
        struct msg_assign a;
        struct record r;
        world_open(&w, &(struct desk_cfg){0});
        w.d.is_deaf = true;
        run(&w, 1, "a");
        if (is_slow)
            assert_int_equal(count_records(&w, RECORD_JOB), 1);
        answer(&w, holder(&w, &a), &a, 0);
        hears_answer(&w, 1, "a");
        uint32_t count[RECORD_GAMER + 1] = {0};
        while (broker_record(w.d.broker, &r)) {
            count[r.kind]++;
            if (r.kind == RECORD_END)
                assert_int_equal(r.state, RECORD_DONE);
            if (r.kind == RECORD_GAMER)
                assert_int_equal(r.jobs_done, 1);
            if (r.kind == RECORD_RESULT)
                assert_true(bytes_is(r.bytes, "a") && strcmp(r.kernel, "echo") == 0);
        }
        assert_int_equal(count[RECORD_RESULT], 1);
        assert_int_equal(count[RECORD_JOB], 0);
        assert_int_equal(count[RECORD_END], is_slow);
        assert_int_equal(count[RECORD_GAMER], 1);
        assert_true(count[RECORD_PEER] >= 1);
        desk_close(&w.d);
    }
}

// Who leaves with its answer before the host comes by is counted all the same.
static void test_gamer_that_leaves_is_recorded(void **state)
{
    (void)state;
    struct world w;
    struct msg_assign a;
    struct record r;
    world_open(&w, &(struct desk_cfg){0});
    w.d.is_deaf = true;
    run(&w, 1, "a");
    answer(&w, holder(&w, &a), &a, 0);
    desk_hang_up(&w.d, w.gus);
    assert_int_equal(broker_stat(w.d.broker).gamers_away, 0); // it left nothing
    uint32_t done = 0;
    while (broker_record(w.d.broker, &r))
        done += r.kind == RECORD_GAMER ? r.jobs_done : 0;
    assert_int_equal(done, 1);
    desk_close(&w.d);
}

// A helper that fails again and again is given nothing for a while; a right result ends the row.
static void test_failing_helper_rests(void **state)
{
    (void)state;
    struct world w;
    struct msg_assign a;
    world_open(&w, &(struct desk_cfg){.has_no_own = true, .attempts_max = QUEUE_ATTEMPTS_MAX});
    desk_hang_up(&w.d, w.bob);
    static const char *const text[] = {"a", "b", "c", "d", "e", "f"};
    for (uint64_t i = 0; i <= ROSTER_MISSES_FREE; i++) {
        run(&w, i, text[i]);
        assert_int_equal(holder(&w, &a), w.ann);
        spoil(&w, 2, w.ann, &a);
    }
    run(&w, 3, text[3]);
    assert_int_equal(holder(&w, &a), 0);
    assert_int_equal(broker_stat(w.d.broker).helpers_ready, 0);
    assert_true(broker_due_us(w.d.broker) <= w.d.now_us + ROSTER_REST_US);
    desk_hang_up(&w.d, w.ann); // coming back is no way around it
    w.ann = desk_join(&w.d, MSG_ROLE_HELPER, ANN);
    assert_int_equal(holder(&w, &a), 0);
    desk_wait(&w.d, ROSTER_REST_US);
    assert_int_equal(holder(&w, &a), w.ann);
    answer(&w, w.ann, &a, 0);
    hears_answer(&w, 3, text[3]);
    for (uint64_t i = 4; i < 6; i++) { // a new row
        run(&w, i, text[i]);
        assert_int_equal(holder(&w, &a), w.ann);
        spoil(&w, 2, w.ann, &a);
    }
    assert_int_equal(broker_stat(w.d.broker).helpers_ready, 1);
    desk_close(&w.d);
}

// Each step with memory that ends there: answered, told or closed, and all is given back.
static void test_budget_runs_out(void **state)
{
    (void)state;
    uint32_t done = 0;
    uint32_t failed = 0;
    for (size_t more = 0; more < 40000; more += more / 50 + 13) {
        struct world w;
        struct msg m;
        world_open(&w, &(struct desk_cfg){0});
        w.d.budget.limit_bytes = w.d.budget.used_bytes + more;
        run(&w, 1, "a");
        work_all(&w);
        desk_wait(&w.d, SECOND);
        bool is_done = desk_hears(&w.d, w.gus, MSG_RAN, &m);
        bool is_failed = desk_hears(&w.d, w.gus, MSG_FAILED, &m);
        assert_false(is_done && is_failed);
        assert_true(is_done || is_failed || desk_is_closed(&w.d, w.gus) ||
                    desk_is_closed(&w.d, w.own));
        done += is_done;
        failed += is_failed;
        desk_close(&w.d);
    }
    assert_true(done > 0 && failed > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_who_pays),
        cmocka_unit_test(test_goes_to_another),
        cmocka_unit_test(test_two_forged_bar),
        cmocka_unit_test(test_attempts_run_out),
        cmocka_unit_test(test_own_compute_fails),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_what_makes_no_sense),
        cmocka_unit_test(test_asked_twice_answered_once),
        cmocka_unit_test(test_done_before),
        cmocka_unit_test(test_outstanding_are_bounded),
        cmocka_unit_test(test_gamers_take_turns),
        cmocka_unit_test(test_only_who_can),
        cmocka_unit_test(test_waits_for_who_can),
        cmocka_unit_test(test_withdrawn),
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_gamer_that_leaves_is_recorded),
        cmocka_unit_test(test_failing_helper_rests),
        cmocka_unit_test(test_budget_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
