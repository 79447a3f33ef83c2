// SPDX-License-Identifier: MIT
// Tests of the broker with many of something: what only shows where there are more than a few.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/text.h"
#include "compute/world_test.h"

// More frames are done than are kept, and the hub crashes: some of them are given up while the
// others are taken back.
static void test_many_frames_over_a_crash(void **state)
{
    (void)state;
    struct world w;
    struct msg m;
    world_open(&w, &(struct desk_cfg){.has_rows = true});
    for (uint64_t job = 1; job <= 40; job++) {
        m = desk_submit(job); // all alike: from the second on, it was done before
        desk_say(&w.d, w.gus, &m);
        if (job == 1)
            give_scene(&w);
        work_all(&w);
        assert_true(desk_hears(&w.d, w.gus, MSG_DONE, &m));
        desk_forget(&w.d);
    }
    desk_crash(&w.d);
    assert_int_equal(broker_stat(w.d.broker).frames, 0);
    w.gus = desk_join(&w.d, MSG_ROLE_GAMER, GUS);
    m = desk_submit(40);
    desk_say(&w.d, w.gus, &m);
    assert_true(desk_hears(&w.d, w.gus, MSG_DONE, &m));
    desk_close(&w.d);
}

// Frames that a gamer withdrew while it was away: they make room for others, and end in time.
static void test_frames_that_nobody_wants(void **state)
{
    (void)state;
    struct world w;
    struct msg m;
    world_open(&w, &(struct desk_cfg){0});
    for (uint64_t job = 1; job <= BROKER_FRAMES_MAX; job++)
        submit(&w, job);
    desk_hang_up(&w.d, w.gus);
    w.gus = desk_join(&w.d, MSG_ROLE_GAMER, GUS);
    submit(&w, 1);
    assert_int_equal(broker_stat(w.d.broker).frames, BROKER_FRAMES_MAX);
    for (uint64_t job = 2; job <= BROKER_FRAMES_MAX; job++)
        submit(&w, 100 + job);
    assert_false(desk_hears(&w.d, w.gus, MSG_FAILED, &m));
    assert_int_equal(broker_stat(w.d.broker).frames, BROKER_FRAMES_MAX);
    desk_hang_up(&w.d, w.gus);
    w.gus = desk_join(&w.d, MSG_ROLE_GAMER, GUS);
    submit(&w, 1);
    world_wait(&w, BROKER_LINGER_US - SECOND);
    assert_int_equal(broker_stat(w.d.broker).frames, BROKER_FRAMES_MAX);
    world_wait(&w, 2 * SECOND);
    assert_int_equal(broker_stat(w.d.broker).frames, 1);
    desk_close(&w.d);
}

// A helper at work when the hub goes down tells its result when both are back: of a task that this
// hub does not know, for it was not yet on the disk. Another task must not go by its number.
static void test_result_of_another_life(void **state)
{
    (void)state;
    struct world w;
    struct msg old;
    struct msg m;
    world_open(&w, &(struct desk_cfg){.has_rows = true});
    w.d.is_deaf = true;
    run(&w, 1, "one");
    uint64_t *who = desk_hears(&w.d, w.ann, MSG_ASSIGN, &old) ? &w.ann : &w.bob;
    size_t key = who == &w.ann ? ANN : BOB;
    assert_true(who == &w.ann || desk_hears(&w.d, w.bob, MSG_ASSIGN, &old));
    uint8_t *at;
    struct msg result = desk_result(&w.d, &old.as.assign, key, 0, &at);
    desk_crash(&w.d);
    w.d.is_deaf = false;
    *who = desk_join(&w.d, MSG_ROLE_HELPER, key);
    w.gus = desk_join(&w.d, MSG_ROLE_GAMER, GUS);
    run(&w, 2, "two");
    assert_true(desk_hears(&w.d, *who, MSG_ASSIGN, &m));
    desk_say(&w.d, *who, &result);
    assert_int_equal(broker_stat(w.d.broker).wrong, 0);
    assert_int_equal(broker_stat(w.d.broker).runs, 1);
    free(at);
    desk_close(&w.d);
}

#define CROWD 100u // helpers, with keys from 100 on

// Of many helpers only those that work comes to first are told of a scene.
static void test_scene_among_many(void **state)
{
    (void)state;
    struct world w;
    struct msg m;
    uint64_t conn[CROWD];
    uint32_t told = 0;
    world_open(&w, &(struct desk_cfg){.conns_max = 256});
    for (uint32_t i = 0; i < CROWD; i++) {
        struct sign_key *key = hand_key((uint8_t)(100 + i));
        conn[i] = desk_connect(&w.d);
        assert_true(desk_hears(&w.d, conn[i], MSG_CHALLENGE, &m));
        struct msg hello = hand_hello(&m.as.challenge, MSG_ROLE_HELPER, key, bytes_of(NULL, 0));
        desk_say(&w.d, conn[i], &hello);
        sign_key_free(key);
    }
    submit(&w, 1);
    give_scene(&w);
    for (uint32_t i = 0; i < CROWD; i++)
        told += desk_hears(&w.d, conn[i], MSG_PREPARE, &m);
    assert_in_range(told, 32, 64);
    desk_close(&w.d);
}

// A gamer with a key of its own, at an address.
static uint64_t join_from(struct desk *d, uint8_t address, uint8_t number)
{
    struct msg m;
    struct sign_key *key = hand_key(number);
    broker_open(d->broker, ++d->last_conn, &(struct broker_guest){.origin = {address}}, d->now_us);
    desk_drain(d);
    assert_true(desk_hears(d, d->last_conn, MSG_CHALLENGE, &m));
    struct msg hello = hand_hello(&m.as.challenge, MSG_ROLE_GAMER, key, bytes_of(NULL, 0));
    desk_say(d, d->last_conn, &hello);
    assert_true(desk_hears(d, d->last_conn, MSG_WELCOME, &m));
    sign_key_free(key);
    return d->last_conn;
}

// Said without a look at all of the broker, of which there is much here.
static void ask(struct desk *d, uint64_t conn, uint64_t job)
{
    char text[MSG_LABEL_BYTES];
    uint8_t room[512];
    struct text t = text_of(text, sizeof text);
    text_addf(&t, "\"%llu of %llu\"", (unsigned long long)job, (unsigned long long)conn);
    struct msg m = echo_run(job, text);
    broker_input(d->broker, conn, hand_encode(&m, room, sizeof room), d->now_us);
}

// Whoever brings many gamers has no more of the hub than who is alone: half of the queue is left,
// and half of the turns are the other's.
static void test_one_address_has_one_part(void **state)
{
    (void)state;
    enum { GREEDY = 9, JOBS = 100, TURNS = 40, TASKS = 2048 };
    struct world w;
    struct msg m;
    uint64_t conn[GREEDY];
    uint32_t of_one = 0;
    world_open(&w, &(struct desk_cfg){.tasks_max = TASKS});
    for (uint8_t i = 0; i < GREEDY; i++)
        conn[i] = join_from(&w.d, 1, (uint8_t)(100 + i));
    uint64_t one = join_from(&w.d, 2, 200);
    w.d.is_deaf = true;
    for (uint64_t job = 1; job <= TASKS / 4; job++)
        for (uint32_t i = 0; i < GREEDY; i++)
            ask(&w.d, conn[i], job);
    assert_int_equal(broker_stat(w.d.broker).runs, TASKS / 2);
    for (uint64_t job = 1; job <= JOBS; job++)
        ask(&w.d, one, job);
    assert_int_equal(broker_stat(w.d.broker).runs, TASKS / 2 + JOBS);
    desk_drain(&w.d);
    assert_true(desk_hears(&w.d, conn[0], MSG_FAILED, &m));
    assert_non_null(strstr(m.as.failed.text, "too many tasks"));
    assert_false(desk_hears(&w.d, one, MSG_FAILED, &m));
    for (uint32_t i = 0; i < TURNS / 2; i++) {
        assert_true(desk_work(&w.d, w.ann, ANN, 0));
        assert_true(desk_work(&w.d, w.bob, BOB, 0));
    }
    while (desk_hears(&w.d, one, MSG_RAN, &m))
        of_one++;
    assert_in_range(of_one, TURNS / 2 - 2, TURNS / 2 + 2);
    desk_close(&w.d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_frames_over_a_crash),
        cmocka_unit_test(test_frames_that_nobody_wants),
        cmocka_unit_test(test_result_of_another_life),
        cmocka_unit_test(test_scene_among_many),
        cmocka_unit_test(test_one_address_has_one_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
