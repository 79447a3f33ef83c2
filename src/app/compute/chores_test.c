// SPDX-License-Identifier: MIT
// Tests of the chores and their world: by the kernels themselves, and by a hub that answers late.
#include "compute/chores.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/num.h"
#include "compute/chores_world.h"
#include "compute/player_test.h"
#include "kernel/kit.h"

#define PLENTY     ((size_t)256 << 20)
#define RESULT     65536u
#define PICTURES_S 10
#define PICTURE_US 100000u
#define WINDOWS    6u

static struct player p;
static struct chores *c;
static struct kit *kit;
static uint8_t result_at[RESULT];
static uint8_t report_at[KERNEL_REPORT_BYTES_MAX];

static void begin(void)
{
    player_open(&p, PLENTY);
    const struct chores_cfg cfg = {.budget = &p.budget,
                                   .gamer = p.gamer,
                                   .scene = player_scene(),
                                   .scene_name = p.scene,
                                   .fps = PICTURES_S,
                                   .bodies = 12,
                                   .walkers = 20,
                                   .seed = 3};
    hand_must(chores_new(&c, &cfg));
    player_connect(&p, 2);
}

static void end(void)
{
    chores_free(c);
    player_close(&p); // nothing of the budget is left
}

static struct camera camera(void)
{
    return (struct camera){{0, 1, 3}, {0, 1, 0}, {0, 1, 0}, 40};
}

// By the kernel. object: empty, or what it takes.
static enum rc run(const char *kernel, struct bytes object, const struct kernel_in *in,
                   struct bytes *result)
{
    struct buffer out = buffer_of(result_at, sizeof result_at);
    struct buffer report = buffer_of(report_at, sizeof report_at);
    if (object.len > 0)
        assert_int_equal(kit_load(kit, object), RC_OK);
    enum rc rc = kit_run(kit, bytes_text(kernel), in, &out, &report);
    *result = buffer_bytes(&out);
    return rc;
}

static void what_the_gamer_computes_itself(void **state)
{
    (void)state;
    begin();
    const struct camera here = camera();
    for (uint32_t picture = 0; picture < WINDOWS * PICTURES_S; picture++) {
        const uint64_t now_us = (picture + 1) * (uint64_t)PICTURE_US;
        chores_step(c, picture, &here, false, now_us);
        struct chore_task task;
        while (chores_local(c, &task)) {
            struct bytes result = bytes_of(NULL, 0);
            struct kernel_in in = task.in;
            in.given = &task.given;
            if (task.chore == CHORE_SOUND) // of a scene, which this one is not
                chores_ran(c, task.chore, RC_OK, result, 10, now_us);
            else
                chores_ran(c, task.chore, run(task.kernel, task.object, &in, &result), result, 10,
                           now_us);
        }
    }
    struct msg m;
    assert_false(player_hears(&p, MSG_RUN, &m)); // nothing has left
    for (uint32_t i = 0; i < CHORES; i++) {
        const struct chore_stat s = chores_stat(c, (enum chore)i);
        assert_true(s.is_local && s.asked == 0 && s.failed == 0 && s.late == 0);
        assert_true(s.here > 0 && s.in_time >= (i == CHORE_TALK ? WINDOWS / 2 : WINDOWS));
        assert_true(i == CHORE_SOUND || s.result_bytes > 0);
    }
    end();
}

static void answer_with(uint64_t job, struct bytes result, uint64_t now_us)
{
    const struct msg ran = {
        .type = MSG_RAN,
        .as.ran = {.job = job, .attempts = 1, .cpu_us = 1000, .wall_us = 2000, .result = result}};
    static uint8_t at[RESULT + MSG_HEAD_BYTES_MAX];
    struct gamer_event e;
    gamer_input(p.gamer, hand_encode(&ran, at, sizeof at));
    while (gamer_event(p.gamer, &e))
        (void)chores_event(c, &e, now_us);
}

// A hub that takes so long for each, and says nothing of use but sound's response.
static void answer(uint64_t now_us, uint64_t way_us, uint64_t *due_us, struct msg_run *waiting)
{
    struct msg m;
    if (*due_us == 0 && player_hears(&p, MSG_RUN, &m)) {
        *waiting = m.as.run;
        *due_us = now_us + way_us;
    }
    if (*due_us == 0 || now_us < *due_us)
        return;
    answer_with(waiting->job, bytes_text("a response"), now_us);
    *due_us = 0;
}

static bool is_offered(const struct digest *object, struct msg *out)
{
    const struct msg get = {.type = MSG_OBJECT_GET, .as.object_get = {*object, 0, 1u << 20}};
    player_say(&p, &get);
    return player_hears(&p, MSG_OBJECT_PART, out);
}

// Each physics task is given another world; the scene and all else are there to be had as before.
static void what_is_wanted_stays_offered(void **state)
{
    (void)state;
    begin();
    const struct camera here = camera();
    struct digest first = {{0}};
    struct digest last[CHORES] = {0};
    struct msg m;
    uint32_t windows = 0;
    for (uint32_t picture = 0; picture < 40 * PICTURES_S; picture++) {
        const uint64_t now_us = (picture + 1) * (uint64_t)PICTURE_US;
        inbox_forget(&p.heard);
        chores_step(c, picture, &here, true, now_us);
        player_drain(&p);
        while (player_hears(&p, MSG_RUN, &m)) {
            const struct msg_run r = m.as.run;
            struct bytes result = bytes_text("of no use");
            const bool is_physics = strcmp(r.spec.kernel, "physics") == 0;
            uint32_t chore = CHORE_PHYSICS;
            while (strcmp(chore_name((enum chore)chore), r.label) != 0)
                chore++;
            last[chore] = r.spec.input[0];
            assert_true(is_offered(&r.spec.input[0], &m));
            if (is_physics) {
                first = windows++ == 0 ? r.spec.input[0] : first;
                const struct bytes world = m.as.object_part.data;
                const struct kernel_in in = {r.spec.params, &world, 1};
                assert_int_equal(run("physics", bytes_of(NULL, 0), &in, &result), RC_OK);
            }
            answer_with(r.job, result, now_us);
        }
    }
    assert_true(windows > GAMER_OBJECTS_MAX);
    assert_int_equal(chores_stat(c, CHORE_PHYSICS).failed, 0);
    assert_false(is_offered(&first, &m)); // its bytes are another window's
    for (uint32_t i = 0; i < CHORES; i++)
        assert_true(is_offered(&last[i], &m));
    assert_true(digest_equal(&last[CHORE_SOUND], &p.scene));
    chores_free(c);
    for (uint32_t i = 0; i < CHORES; i++) // its memory is gone
        assert_int_equal(is_offered(&last[i], &m), i == CHORE_SOUND);
    player_close(&p);
}

static void what_takes_long_is_sent_ahead(void **state)
{
    (void)state;
    begin();
    const struct camera here = camera();
    uint64_t due_us = 0;
    struct msg_run waiting = {0};
    for (uint32_t picture = 0; picture < 400; picture++) {
        const uint64_t now_us = (picture + 1) * (uint64_t)PICTURE_US;
        chores_step(c, picture, &here, true, now_us);
        player_drain(&p);
        for (uint64_t t = 0; t < PICTURE_US; t += 10000)
            answer(now_us + t, 60000, &due_us, &waiting);
    }
    const struct chore_stat sound = chores_stat(c, CHORE_SOUND);
    assert_true(sound.asked > 10 && !sound.is_local);
    assert_true(sound.ahead >= 1); // a way of 60 ms and more, a deadline of 24
    assert_true(sound.in_time > 3 * sound.late);
    double helper_us;
    double way_us;
    assert_true(chores_cost(c, &helper_us, &way_us));
    assert_true(helper_us >= 1000 && way_us > 0);
    end();
}

// What no helper could do is the gamer's; what it cannot do either is not asked for for ever.
static void what_fails_is_done_here(void **state)
{
    (void)state;
    begin();
    const struct camera here = camera();
    struct msg m;
    struct gamer_event e;
    struct chore_task task;
    uint8_t at[1024];
    chores_step(c, 0, &here, true, 1);
    player_drain(&p);
    assert_false(chores_local(c, &task));
    uint32_t asked = 0;
    for (; player_hears(&p, MSG_RUN, &m); asked++) {
        const struct msg no = {.type = MSG_FAILED,
                               .as.failed = {.job = m.as.run.job, .rc = RC_CRASHED, .text = "no"}};
        gamer_input(p.gamer, hand_encode(&no, at, sizeof at));
        while (gamer_event(p.gamer, &e))
            assert_true(chores_event(c, &e, 2));
    }
    assert_int_equal(asked, CHORES);
    for (uint32_t i = 0; i < CHORES; i++) {
        assert_true(chores_local(c, &task));
        assert_int_equal(task.chore, i);
        assert_int_equal(task.in.given_count, i == CHORE_PHYSICS);
        assert_int_equal(task.object.len > 0, i != CHORE_PHYSICS);
        chores_ran(c, task.chore, RC_NOMEM, bytes_of(NULL, 0), 0, 3);
        assert_int_equal(chores_stat(c, task.chore).failed, 2);
        assert_true(chores_stat(c, task.chore).own_us <= 0); // that was no measure
    }
    assert_false(chores_local(c, &task));
    chores_step(c, 5 * PICTURES_S, &here, true, 4); // windows later
    player_drain(&p);
    for (asked = 0; player_hears(&p, MSG_RUN, &m);)
        asked++;
    assert_int_equal(asked, CHORES);
    end();
}

static void what_takes_too_long_stays_here(void **state)
{
    (void)state;
    begin();
    const struct camera here = camera();
    uint64_t due_us = 0;
    struct msg_run waiting = {0};
    bool stays = false;
    for (uint32_t picture = 0; picture < 2000 && !stays; picture++) {
        const uint64_t now_us = (picture + 1) * (uint64_t)PICTURE_US;
        chores_step(c, picture, &here, true, now_us);
        player_drain(&p);
        answer(now_us, 9000000, &due_us, &waiting);
        for (uint32_t i = 0; i < CHORES; i++)
            stays = stays || chores_stat(c, (enum chore)i).is_local;
    }
    assert_true(stays);
    end();
}

static void damaged_answers_change_nothing(void **state)
{
    (void)state;
    struct chores_world *w;
    struct budget budget = {.limit_bytes = PLENTY};
    uint8_t at[KERNEL_PARAMS_BYTES_MAX];
    struct buffer params = buffer_of(at, sizeof at);
    uint8_t world_at[8192];
    struct buffer world_room = buffer_of(world_at, sizeof world_at);
    assert_int_equal(chores_world_new(&w, &budget, 0, 1, 1), RC_CONFIG);
    assert_int_equal(chores_world_new(&w, &budget, 8, 8, 1), RC_OK);
    assert_int_equal(chores_world_physics(w, &params, &world_room), RC_OK);
    const struct bytes world = buffer_bytes(&world_room);
    const struct kernel_in in = {buffer_bytes(&params), &world, 1};
    struct bytes moved;
    assert_int_equal(run("physics", bytes_of(NULL, 0), &in, &moved), RC_OK);
    for (size_t len = 0; len < moved.len; len += 7)
        assert_int_equal(chores_world_moved(w, buffer_bytes(&params), bytes_part(moved, 0, len)),
                         RC_MALFORMED);
    assert_int_equal(chores_world_moved(w, buffer_bytes(&params), moved), RC_OK);
    params.len = 0;
    assert_int_equal(chores_world_paths(w, &params), RC_OK);
    assert_int_equal(chores_world_led(w, bytes_of(NULL, 0)), RC_MALFORMED);
    struct bytes led;
    const struct kernel_in paths = {.params = buffer_bytes(&params)};
    assert_int_equal(run("route", chores_world_map(w), &paths, &led), RC_OK);
    assert_int_equal(chores_world_led(w, led), RC_OK);
    params.len = 0;
    assert_int_equal(chores_world_talk(4, &params), RC_OK);
    struct bytes said;
    const struct kernel_in talk = {.params = buffer_bytes(&params)};
    assert_int_equal(run("dialogue", chores_world_speech(w), &talk, &said), RC_OK);
    assert_int_equal(chores_world_said(bytes_of(NULL, 0)), RC_MALFORMED);
    assert_int_equal(chores_world_said(said), RC_OK);
    chores_world_free(w, &budget);
    assert_int_equal(budget.used_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_the_gamer_computes_itself),
                                       cmocka_unit_test(what_is_wanted_stays_offered),
                                       cmocka_unit_test(what_takes_long_is_sent_ahead),
                                       cmocka_unit_test(what_fails_is_done_here),
                                       cmocka_unit_test(what_takes_too_long_stays_here),
                                       cmocka_unit_test(damaged_answers_change_nothing)};
    if (kit_open(&kit, NULL) != RC_OK)
        return 1;
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    kit_close(kit);
    return failed;
}
