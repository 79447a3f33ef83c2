// SPDX-License-Identifier: MIT
// Tests of recorded input: given at the speed at which it was played, to a hub that comes and goes.
#include "prog/play/input.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "compute/player_test.h"
#include "os/file.h"
#include "os/scratch_test.h"

#define PLENTY  ((size_t)16 << 20)
#define STEP_US 100000u
#define STEPS   40u

static char folder[SCRATCH_BYTES];
static char path[FILE_PATH_BYTES];
static struct arena *arena;

static void write_file(const char *content)
{
    struct err err;
    assert_int_equal(file_write(path, bytes_text(content), 0600, &err), RC_OK);
}

static int set_up(void **state)
{
    (void)state;
    struct text t = text_of(path, sizeof path);
    if (scratch_make(folder) != 0)
        return -1;
    text_addf(&t, "%s/steps.txt", folder);
    arena = arena_new(PLENTY);
    return arena != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return scratch_remove(folder);
}

// STEPS steps of 100 ms, ahead at full speed, from a place.
static struct play_input some_input(void)
{
    static const struct camera start = {{0, 1, 3}, {0, 1, 0}, {0, 1, 0}, 40};
    static char content[STEPS * 16 + 1];
    struct play_input in;
    struct err err;
    struct text t = text_of(content, sizeof content);
    for (uint32_t i = 0; i < STEPS; i++)
        text_add(&t, "100 0 0 1 0 0\n");
    write_file(content);
    arena_reset(arena);
    assert_int_equal(play_input_open(&in, arena, path, &err), RC_OK);
    assert_int_equal(in.count, STEPS);
    assert_int_equal(session_start(&in.session, &start), RC_OK);
    return in;
}

static uint32_t steps_heard(struct player *p)
{
    struct msg m;
    uint32_t count = 0;
    player_drain(p);
    while (player_hears(p, MSG_INPUT, &m))
        count++;
    return count;
}

static void no_further_than_it_was_played(void **state)
{
    (void)state;
    struct player p;
    struct play_input in = some_input();
    uint64_t due_us = 0;
    player_open(&p, PLENTY);
    player_connect(&p, 2);
    assert_int_equal(play_input_give(&in, p.gamer, 0, 1, &due_us), RC_OK);
    assert_int_equal(steps_heard(&p), 0);
    assert_int_equal(play_input_give(&in, p.gamer, 250000, 1, &due_us), RC_OK);
    assert_int_equal(steps_heard(&p), 3); // the third one lasts until after that
    assert_int_equal(play_input_give(&in, p.gamer, 300000, 1, &due_us), RC_OK);
    assert_int_equal(steps_heard(&p), 0);
    player_close(&p);
}

// It would run ahead of real time: it says when to go on, and then does.
static void held_back(void **state)
{
    (void)state;
    struct player p;
    struct play_input in = some_input();
    const uint64_t all_us = (uint64_t)STEPS * STEP_US;
    uint64_t now_us = US_PER_S;
    uint64_t due_us = 0;
    uint32_t rounds = 0;
    player_open(&p, PLENTY);
    player_connect(&p, 2);
    for (enum rc rc = RC_AGAIN; rc != RC_OK; rounds++) {
        rc = play_input_give(&in, p.gamer, all_us, now_us, &due_us);
        assert_true(rc == RC_OK || (rc == RC_AGAIN && due_us > now_us));
        now_us = due_us;
    }
    assert_int_equal(steps_heard(&p), STEPS);
    assert_true(rounds > 2 && now_us >= US_PER_S + all_us - SESSION_AHEAD_US);
    assert_int_equal(in.session.step, STEPS);
    player_close(&p);
}

static void without_a_hub(void **state)
{
    (void)state;
    struct player p;
    struct play_input in = some_input();
    uint64_t due_us = 0;
    player_open(&p, PLENTY);
    assert_int_equal(play_input_give(&in, p.gamer, STEP_US, 1, &due_us), RC_CLOSED);
    assert_true(in.next == 0 && in.session.step == 0); // nothing was played
    player_connect(&p, 2);
    assert_int_equal(play_input_give(&in, p.gamer, STEP_US, 1, &due_us), RC_OK);
    assert_int_equal(steps_heard(&p), 1);
    player_close(&p);
}

// The copy alone is where the one at the hub would be.
static void the_copy_moves_alike(void **state)
{
    (void)state;
    struct player p;
    struct play_input given = some_input();
    struct play_input moved = given;
    uint64_t due_us = 0;
    player_open(&p, PLENTY);
    player_connect(&p, 2);
    assert_int_equal(play_input_give(&given, p.gamer, US_PER_S, 1, &due_us), RC_OK);
    play_input_move(&moved, US_PER_S);
    assert_int_equal(moved.next, given.next);
    assert_memory_equal(&moved.session.camera, &given.session.camera, sizeof(struct camera));
    play_input_move(&moved, UINT64_MAX); // to the end, and no further
    play_input_move(&moved, UINT64_MAX);
    assert_true(moved.next == STEPS && moved.session.step == STEPS);
    player_close(&p);
}

static void files_that_are_none(void **state)
{
    (void)state;
    struct play_input in;
    struct err err;
    arena_reset(arena);
    write_file("100 0 0 1 0\n");
    assert_int_equal(play_input_open(&in, arena, path, &err), RC_MALFORMED);
    assert_non_null(strstr(err.text, path));
    assert_non_null(strstr(err.text, "line 1"));
    assert_int_equal(remove(path), 0);
    arena_reset(arena);
    assert_int_equal(play_input_open(&in, arena, path, &err), RC_ABSENT);
    struct arena *small = arena_new(4096);
    assert_int_equal(play_input_open(&in, small, path, &err), RC_NOMEM);
    arena_free(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_further_than_it_was_played),
        cmocka_unit_test(held_back),
        cmocka_unit_test(without_a_hub),
        cmocka_unit_test(the_copy_moves_alike),
        cmocka_unit_test(files_that_are_none),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
