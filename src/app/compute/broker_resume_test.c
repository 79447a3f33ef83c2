// SPDX-License-Identifier: MIT
// Tests of gamers that lose their connection: their jobs go on, and nothing is lost or told twice.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/seed_test.h"
#include "compute/play_test.h"
#include "compute/results.h"

#define FRAMES 2u
#define RUNS   3u

// How the connection breaks, and what happens before the gamer is back.
enum how {
    HOW_AT_ONCE,   // back before anything else
    HOW_AWAY,      // helpers work on until all is done that can be
    HOW_UNNOTICED, // the hub believes that the first connection lives, and hears later
    HOW_NEVER,     // ... and never hears that it does not
    HOW_TWICE,     // and the second one breaks after one more message
    HOW_COUNT,
};

static void break_it(struct play *p, enum how how)
{
    uint64_t old = play_cut(p, how != HOW_UNNOTICED && how != HOW_NEVER);
    if (how == HOW_AWAY)
        while (play_step(p))
            continue;
    play_connect(p);
    if (how == HOW_TWICE) {
        for (int i = 0; i < 5; i++)
            (void)play_step(p);
        (void)play_cut(p, true);
        play_connect(p);
    }
    if (how == HOW_UNNOTICED) {
        for (int i = 0; i < 8; i++)
            (void)play_step(p);
        desk_hang_up(&p->w.d, old);
    }
}

static void test_lost_at_every_message(void **state)
{
    (void)state;
    for (enum how how = 0; how < HOW_COUNT; how++) {
        bool is_over = false;
        for (uint32_t at = 0; !is_over; at++) {
            struct play p;
            play_begin(&p, FRAMES, RUNS, NULL);
            for (uint32_t i = 0; i < at && !is_over; i++)
                is_over = !play_step(&p);
            break_it(&p, how);
            play_finish(&p);
        }
    }
}

// Messages of all cross each other in any order, and the connection breaks anywhere, many times.
static void test_any_order(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    uint32_t broken = 0;
    for (int round = 0; round < 60; round++) {
        struct play p;
        play_begin(&p, FRAMES, RUNS, &r);
        while (play_step(&p))
            if (rng_below(&r, 20) == 0) {
                break_it(&p, (enum how)rng_below(&r, HOW_COUNT));
                broken++;
            }
        play_finish(&p);
    }
    assert_true(broken > 60);
}

// ---- By hand

struct left { // a frame of two tiles, and what the gamer heard of it before its connection broke
    struct world w;
    uint64_t plan;
    struct msg_tile tile[2];
};

static struct msg submit_again(const struct left *l, uint64_t plan, struct bytes have)
{
    struct msg m = desk_submit(1);
    (void)l;
    m.as.submit.frame = 1;
    m.as.submit.plan = plan;
    m.as.submit.have = have;
    return m;
}

// is_done: all of it; else ann's tile only, and bob still holds the other.
static void leave(struct left *l, bool is_done)
{
    struct world *w = &l->w;
    struct msg m;
    world_open(w, &(struct desk_cfg){0});
    submit(w, 1);
    give_scene(w);
    assert_true(desk_work(&w->d, w->ann, ANN, 0) || desk_work(&w->d, w->bob, BOB, 0));
    assert_true(desk_hears(&w->d, w->gus, MSG_PLANNED, &m));
    l->plan = m.as.planned.plan;
    assert_true(desk_work(&w->d, w->ann, ANN, 0));
    for (uint32_t i = 0; i < VERIFY_DRAWS_CLOSE; i++) // of a newcomer's result
        assert_true(desk_work(&w->d, w->own, OWN, 0));
    if (is_done)
        work_all(w);
    for (int i = 0; i < 1 + is_done; i++) {
        assert_true(desk_hears(&w->d, w->gus, MSG_TILE, &m));
        l->tile[i] = m.as.tile;
    }
    desk_hang_up(&w->d, w->gus); // whatever else was on its way is lost
    assert_int_equal(broker_stat(w->d.broker).gamers_away, 1);
    w->gus = desk_join(&w->d, MSG_ROLE_GAMER, GUS);
    assert_int_equal(broker_stat(w->d.broker).gamers_away, 0);
}

static void hears_the_rest(struct left *l, uint32_t tiles)
{
    struct msg m;
    assert_true(desk_hears(&l->w.d, l->w.gus, MSG_PLANNED, &m));
    assert_true(m.as.planned.plan == l->plan && m.as.planned.tiles == 2);
    work_all(&l->w);
    assert_int_equal(tiles_heard(&l->w), tiles);
    assert_true(desk_hears(&l->w.d, l->w.gus, MSG_DONE, &m));
    assert_int_equal(m.as.done.job, 1);
    assert_false(desk_hears(&l->w.d, l->w.gus, MSG_DONE, &m));
    assert_int_equal(broker_stat(l->w.d.broker).resumed, 1);
    assert_int_equal(broker_stat(l->w.d.broker).frames, 0);
    desk_close(&l->w.d);
}

static struct bytes have_of(const struct msg_tile *tile, uint32_t count, uint8_t *room)
{
    struct buffer have = buffer_of(room, 4 * MSG_HAVE_BYTES);
    for (uint32_t i = 0; i < count; i++)
        msg_have_put(&have, tile[i].index, tile[i].sample_first);
    return buffer_bytes(&have);
}

static void test_what_the_gamer_has(void **state)
{
    (void)state;
    uint8_t room[4 * MSG_HAVE_BYTES];
    for (uint32_t done = 0; done < 2; done++)
        for (uint32_t count = 0; count <= 1 + done; count++)
            for (uint32_t how = 0; how < 3; how++) { // the same plan, another one, nonsense
                struct left l;
                leave(&l, done == 1);
                if (how == 2)
                    for (uint32_t i = 0; i < count; i++)
                        l.tile[i].index += 1000;
                struct msg m = submit_again(&l, l.plan + (how == 1), have_of(l.tile, count, room));
                desk_say(&l.w.d, l.w.gus, &m);
                hears_the_rest(&l, how == 0 ? 2 - count : 2);
            }
}

// The gamer has a tile that the hub is about to make (it crashed since): nobody makes it again.
static void test_has_what_is_being_made(void **state)
{
    (void)state;
    uint8_t room[4 * MSG_HAVE_BYTES];
    for (int is_checked = 0; is_checked < 2; is_checked++) {
        struct left l;
        struct msg m;
        leave(&l, false);
        if (is_checked) // returned, and its parts are being redone
            assert_true(desk_work(&l.w.d, l.w.bob, BOB, 0));
        l.tile[1] = (struct msg_tile){.index = 1 - l.tile[0].index};
        m = submit_again(&l, l.plan, have_of(l.tile, 2, room));
        desk_say(&l.w.d, l.w.gus, &m);
        assert_true(desk_hears(&l.w.d, is_checked ? l.w.own : l.w.bob, MSG_CANCEL, &m));
        assert_int_equal(broker_stat(l.w.d.broker).tasks_held, 0);
        hears_the_rest(&l, 0);
    }
}

// Results that were not kept are made again, for who lacks them.
static void test_done_but_not_kept(void **state)
{
    (void)state;
    struct left l;
    leave(&l, true);
    l.w.d.now_us += (uint64_t)RESULTS_LIFE_S * SECOND; // nobody ticks: it is away for no time
    struct msg m = submit_again(&l, l.plan, bytes_of(NULL, 0));
    desk_say(&l.w.d, l.w.gus, &m);
    assert_int_equal(broker_stat(l.w.d.broker).frames, 1);
    hears_the_rest(&l, 2);
}

// The gamer lacked tiles that were not kept, and the scene was lost; while it is on its way again
// the gamer finds that it has all tiles. The frame is done, and the scene is nothing to it.
static void test_has_all_while_the_scene_is_awaited(void **state)
{
    (void)state;
    uint8_t room[4 * MSG_HAVE_BYTES];
    struct left l;
    struct msg m;
    leave(&l, true);
    l.w.d.now_us += (uint64_t)RESULTS_LIFE_S * SECOND;
    desk_empty_store(&l.w.d);
    m = submit_again(&l, l.plan, bytes_of(NULL, 0));
    desk_say(&l.w.d, l.w.gus, &m);
    assert_true(desk_hears(&l.w.d, l.w.gus, MSG_OBJECT_GET, &m));
    assert_int_equal(broker_stat(l.w.d.broker).frames, 1);
    m = submit_again(&l, l.plan, have_of(l.tile, 2, room));
    desk_say(&l.w.d, l.w.gus, &m);
    assert_true(desk_hears(&l.w.d, l.w.gus, MSG_DONE, &m));
    give_scene(&l.w);
    assert_int_equal(broker_stat(l.w.d.broker).frames, 0);
    assert_int_equal(broker_stat(l.w.d.broker).frames_done, 2);
    assert_false(desk_hears(&l.w.d, l.w.gus, MSG_DONE, &m));
    desk_close(&l.w.d);
}

// A gamer comes back to a frame whose scene it did not give, and there is no memory to ask for it.
static void test_no_memory_to_ask_again(void **state)
{
    (void)state;
    for (size_t more = 0; more < 6000; more += 40) {
        struct world w;
        struct msg m;
        world_open(&w, &(struct desk_cfg){0});
        submit(&w, 1);
        desk_hang_up(&w.d, w.gus);
        w.gus = desk_join(&w.d, MSG_ROLE_GAMER, GUS);
        w.d.budget.limit_bytes = w.d.budget.used_bytes + more;
        submit(&w, 1);
        bool is_asked = desk_hears(&w.d, w.gus, MSG_OBJECT_GET, &m);
        bool is_closed = desk_is_closed(&w.d, w.gus);
        assert_true(is_asked || is_closed || desk_hears(&w.d, w.gus, MSG_FAILED, &m));
        desk_close(&w.d);
    }
}

static void test_another_frame_by_that_number(void **state)
{
    (void)state;
    struct left l;
    leave(&l, true);
    struct msg m = submit_again(&l, 0, bytes_of(NULL, 0));
    m.as.submit.frame = 7;
    desk_say(&l.w.d, l.w.gus, &m);
    assert_true(desk_is_refused(&l.w.d, l.w.gus, "two jobs with the same number"));
    desk_close(&l.w.d);
}

// In each state: 0 the scene is awaited, 1 probing, 2 tiles are held, 3 one is checked, 4 done.
static void test_does_not_come_back(void **state)
{
    (void)state;
    for (int steps = 0; steps <= 4; steps++) {
        struct world w;
        struct msg m;
        world_open(&w, &(struct desk_cfg){0});
        desk_hang_up(&w.d, w.gus);
        size_t used = w.d.budget.used_bytes;
        w.gus = desk_join(&w.d, MSG_ROLE_GAMER, GUS);
        submit(&w, 1);
        if (steps > 0)
            give_scene(&w);
        if (steps > 1)
            assert_true(desk_work(&w.d, w.ann, ANN, 0) || desk_work(&w.d, w.bob, BOB, 0));
        if (steps > 2)
            assert_true(desk_work(&w.d, w.ann, ANN, 0));
        if (steps > 3)
            work_all(&w);
        if (steps < 4)
            run(&w, 2, "a run, too");
        desk_hang_up(&w.d, w.gus);
        world_wait(&w, BROKER_LINGER_US - 1);
        struct broker_stat s = broker_stat(w.d.broker);
        assert_int_equal(s.gamers_away, 1);
        world_wait(&w, 1);
        s = broker_stat(w.d.broker);
        assert_int_equal(s.gamers_away + s.frames + s.runs + s.tasks_waiting + s.tasks_held, 0);
        work_all(&w); // too late
        assert_false(desk_hears(&w.d, w.gus, MSG_DONE, &m) && steps < 4);
        // Results stay.
        assert_true(w.d.budget.used_bytes - used <= 4 * (16 * 12 * TRACE_PIXEL_BYTES));
        if (steps < 3)
            assert_int_equal(w.d.budget.used_bytes, used);
        desk_close(&w.d);
    }
}

// Two connections of one person: when both break, each one's jobs have their whole time.
static void test_both_connections_break(void **state)
{
    (void)state;
    struct world w;
    struct msg m;
    world_open(&w, &(struct desk_cfg){0});
    uint64_t other = desk_join(&w.d, MSG_ROLE_GAMER, GUS);
    submit(&w, 1); // nobody gives the scene
    m = desk_submit(2);
    desk_say(&w.d, other, &m);
    desk_hang_up(&w.d, w.gus);
    world_wait(&w, BROKER_LINGER_US - SECOND);
    desk_hang_up(&w.d, other);
    assert_int_equal(broker_stat(w.d.broker).gamers_away, 1);
    world_wait(&w, BROKER_LINGER_US - SECOND);
    assert_int_equal(broker_stat(w.d.broker).frames, 2);
    world_wait(&w, SECOND);
    assert_int_equal(broker_stat(w.d.broker).frames + broker_stat(w.d.broker).gamers_away, 0);
    desk_close(&w.d);
}

// Who names a job gets it, also from a connection of its own that still lives.
static void test_second_connection_takes_over(void **state)
{
    (void)state;
    struct world w;
    struct msg m;
    world_open(&w, &(struct desk_cfg){0});
    submit(&w, 1);
    run(&w, 2, "a run");
    uint64_t first = w.gus;
    w.gus = desk_join(&w.d, MSG_ROLE_GAMER, GUS);
    submit(&w, 1);
    run(&w, 2, "a run");
    assert_int_equal(broker_stat(w.d.broker).frames, 1);
    give_scene(&w); // asked on the second one, too
    work_all(&w);
    assert_int_equal(tiles_heard(&w), 2);
    assert_true(desk_hears(&w.d, w.gus, MSG_DONE, &m) && desk_hears(&w.d, w.gus, MSG_RAN, &m));
    assert_false(desk_hears(&w.d, first, MSG_TILE, &m) || desk_hears(&w.d, first, MSG_RAN, &m));
    desk_hang_up(&w.d, first);
    assert_int_equal(broker_stat(w.d.broker).gamers_away, 0); // nothing is left of it
    uint64_t hal = desk_join(&w.d, MSG_ROLE_GAMER, 5);
    m = desk_submit(1); // the same number, another gamer: its own
    desk_say(&w.d, hal, &m);
    assert_false(desk_is_closed(&w.d, hal));
    assert_int_equal(broker_stat(w.d.broker).resumed, 1);
    desk_close(&w.d);
}

// A gamer that was killed, and knows nothing of the jobs it had: they do not stand in its way, and
// of those that it names again none is lost.
static void test_comes_back_knowing_nothing(void **state)
{
    (void)state;
    struct world w;
    struct msg m;
    world_open(&w, &(struct desk_cfg){0});
    for (uint64_t job = 1; job <= BROKER_FRAMES_MAX; job++)
        submit(&w, job); // nobody gives the scene
    desk_hang_up(&w.d, w.gus);
    w.gus = desk_join(&w.d, MSG_ROLE_GAMER, GUS);
    submit(&w, 3); // of all of these it remembers one
    for (uint64_t job = 101; job < 100 + BROKER_FRAMES_MAX; job++)
        submit(&w, job);
    assert_false(desk_hears(&w.d, w.gus, MSG_FAILED, &m));
    assert_int_equal(broker_stat(w.d.broker).frames, BROKER_FRAMES_MAX);
    submit(&w, 200);
    assert_true(desk_hears(&w.d, w.gus, MSG_FAILED, &m) && m.as.failed.job == 200);
    give_scene(&w);
    work_all(&w);
    uint32_t done = 0;
    while (desk_hears(&w.d, w.gus, MSG_DONE, &m))
        done += m.as.done.job == 3 || m.as.done.job > 100;
    assert_int_equal(done, BROKER_FRAMES_MAX);
    desk_close(&w.d);
}

// The same for single tasks.
static void test_runs_of_who_knows_nothing(void **state)
{
    (void)state;
    struct world w;
    struct msg m;
    char text[16];
    world_open(&w, &(struct desk_cfg){.has_no_own = true, .tasks_max = 2 * BROKER_RUNS_MAX});
    desk_hang_up(&w.d, w.ann);
    desk_hang_up(&w.d, w.bob);
    for (uint64_t job = 0; job < BROKER_RUNS_MAX; job++) {
        (void)snprintf(text, sizeof text, "%u", (unsigned)job);
        run(&w, job, text);
    }
    desk_hang_up(&w.d, w.gus);
    w.gus = desk_join(&w.d, MSG_ROLE_GAMER, GUS);
    run(&w, BROKER_RUNS_MAX, "a new one");
    assert_false(desk_hears(&w.d, w.gus, MSG_FAILED, &m));
    assert_int_equal(broker_stat(w.d.broker).runs, BROKER_RUNS_MAX);
    desk_close(&w.d);
}

// Coming back needs memory, too: told, or shown out, and all is given back.
static void test_budget_runs_out(void **state)
{
    (void)state;
    uint32_t done = 0;
    for (size_t more = 0; more < 30000; more += more / 20 + 50) {
        struct left l;
        struct msg m;
        leave(&l, more % 2 == 0);
        l.w.d.budget.limit_bytes = l.w.d.budget.used_bytes + more;
        m = submit_again(&l, l.plan, bytes_of(NULL, 0));
        desk_say(&l.w.d, l.w.gus, &m);
        work_all(&l.w);
        bool is_done = desk_hears(&l.w.d, l.w.gus, MSG_DONE, &m);
        assert_true(is_done || desk_is_closed(&l.w.d, l.w.gus) || desk_is_closed(&l.w.d, l.w.own) ||
                    desk_hears(&l.w.d, l.w.gus, MSG_FAILED, &m));
        done += is_done;
        desk_close(&l.w.d);
    }
    assert_true(done > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lost_at_every_message),
        cmocka_unit_test(test_any_order),
        cmocka_unit_test(test_what_the_gamer_has),
        cmocka_unit_test(test_has_what_is_being_made),
        cmocka_unit_test(test_done_but_not_kept),
        cmocka_unit_test(test_has_all_while_the_scene_is_awaited),
        cmocka_unit_test(test_no_memory_to_ask_again),
        cmocka_unit_test(test_another_frame_by_that_number),
        cmocka_unit_test(test_does_not_come_back),
        cmocka_unit_test(test_both_connections_break),
        cmocka_unit_test(test_second_connection_takes_over),
        cmocka_unit_test(test_comes_back_knowing_nothing),
        cmocka_unit_test(test_runs_of_who_knows_nothing),
        cmocka_unit_test(test_budget_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
