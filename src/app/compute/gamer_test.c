// SPDX-License-Identifier: MIT
// Tests of the gamer, fed by hand: frames that come together, and a hub that lies about them.
#include "compute/gamer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/seed_test.h"
#include "compute/player_test.h"
#include "compute/sample_test.h"

#define PLENTY ((size_t)16 << 20)

static uint64_t submit(struct player *p)
{
    struct msg_submit m = player_frame();
    uint64_t job = 0;
    hand_must(gamer_submit(p->gamer, &m, &job));
    player_drain(p);
    return job;
}

static void tile(struct player *p, uint64_t job, struct rect rect, uint32_t first, uint32_t count)
{
    struct msg m = player_tile(job, rect, first, count);
    player_say(p, &m);
}

static void done(struct player *p, uint64_t job)
{
    struct msg m = {.type = MSG_DONE, .as.done = {.job = job}};
    player_say(p, &m);
}

static void test_one_frame(void **state)
{
    (void)state;
    struct player p;
    struct msg m;
    player_open(&p, PLENTY);
    uint64_t job = submit(&p);
    assert_false(player_hears(&p, MSG_SUBMIT, &m)); // not yet
    player_connect(&p, 2);
    assert_int_equal(p.events[GAMER_EVENT_IN], 1);
    assert_true(player_hears(&p, MSG_SUBMIT, &m));
    assert_int_equal(m.as.submit.job, job);
    struct msg plan = {.type = MSG_PLANNED,
                       .as.planned = {.job = job, .tiles = 3, .helpers = 1, .camera.fov_deg = 40}};
    player_say(&p, &plan);
    assert_int_equal(p.last.tiles, 3);
    assert_null(gamer_take(p.gamer, job));
    tile(&p, job, (struct rect){0, 0, 8, 6}, 0, 1); // the whole frame, first sample
    assert_true(gamer_progress(p.gamer) > 0.49 && gamer_progress(p.gamer) < 0.51);
    tile(&p, job, (struct rect){0, 0, 5, 6}, 1, 1);
    tile(&p, job, (struct rect){5, 0, 3, 6}, 1, 1);
    assert_null(gamer_take(p.gamer, job));
    done(&p, job);
    assert_int_equal(p.last.kind, GAMER_EVENT_FRAME);
    struct join *j = gamer_take(p.gamer, job);
    assert_non_null(j);
    assert_true(join_is_whole(j));
    assert_null(gamer_take(p.gamer, job));
    join_free(j);
    assert_int_equal(p.events[GAMER_EVENT_TILE], 3);
    assert_int_equal(p.budget.used_bytes, 0);
    player_close(&p);
}

static void test_scene_for_who_asks(void **state)
{
    (void)state;
    struct player p;
    struct msg m;
    player_open(&p, PLENTY);
    player_connect(&p, 2);
    struct msg get = {.type = MSG_OBJECT_GET, .as.object_get = {p.scene, 2, 5}};
    player_say(&p, &get);
    assert_true(player_hears(&p, MSG_OBJECT_PART, &m));
    assert_true(bytes_equal(m.as.object_part.data, bytes_part(player_scene(), 2, 5)));
    get.as.object_get.offset = MSG_OBJECT_BYTES_MAX - 1;
    player_say(&p, &get);
    assert_true(player_hears(&p, MSG_OBJECT_PART, &m));
    assert_int_equal(m.as.object_part.data.len, 0);
    get.as.object_get.digest.b[0] ^= 1; // no other file of this machine
    player_say(&p, &get);
    assert_true(player_hears(&p, MSG_OBJECT_NONE, &m));
    struct digest name;
    gamer_scene(p.gamer, bytes_of(NULL, 0), &name);
    get.as.object_get.digest = name;
    player_say(&p, &get);
    assert_true(player_hears(&p, MSG_OBJECT_NONE, &m));
    player_close(&p);
}

static void test_tiles_that_lie(void **state)
{
    (void)state;
    for (int how = 0; how < 8; how++) {
        struct player p;
        player_open(&p, PLENTY);
        player_connect(&p, 2);
        uint64_t job = submit(&p);
        tile(&p, job, (struct rect){0, 0, 4, 6}, 0, 2);
        struct msg m = player_tile(job, (struct rect){4, 0, 4, 6}, 0, 2);
        struct msg_tile *t = &m.as.tile;
        static uint8_t bright[(size_t)4 * 6 * TRACE_PIXEL_BYTES];
        memset(bright, 0xff, sizeof bright);
        if (how == 0)
            t->rect.x = 3; // overlaps
        if (how == 1)
            t->rect.x = 5; // leaves the frame
        if (how == 2)
            t->rect.x = TRACE_SIDE_MAX - 1;
        if (how == 3)
            t->sample_first = 1; // a sample that was not asked for
        if (how == 4)
            t->result.len -= 1;
        if (how == 5)
            t->result.len = 0;
        if (how == 6)
            t->result = bytes_of(bright, sizeof bright); // more light than a sample may hold
        if (how == 7)
            t->rect = (struct rect){0, 0, 4, 6}; // twice
        player_say(&p, &m);
        assert_int_equal(p.last.kind, GAMER_EVENT_FAILED);
        assert_int_equal(p.last.job, job);
        assert_non_null(strstr(p.last.text, "does not fit the frame"));
        player_say(&p, &m); // of a frame that is no more
        done(&p, job);
        assert_int_equal(p.events[GAMER_EVENT_FAILED], 1);
        assert_int_equal(p.events[GAMER_EVENT_FRAME], 0);
        assert_null(gamer_take(p.gamer, job));
        assert_int_equal(p.budget.used_bytes, 0);
        player_close(&p);
    }
}

static void test_done_with_holes(void **state)
{
    (void)state;
    struct player p;
    player_open(&p, PLENTY);
    player_connect(&p, 2);
    uint64_t job = submit(&p);
    tile(&p, job, (struct rect){0, 0, 8, 6}, 0, 1);
    done(&p, job);
    assert_int_equal(p.last.kind, GAMER_EVENT_FAILED);
    assert_non_null(strstr(p.last.text, "holes"));
    assert_int_equal(p.budget.used_bytes, 0);
    player_close(&p);
}

static void test_words_about_no_frame(void **state)
{
    (void)state;
    struct player p;
    player_open(&p, PLENTY);
    player_connect(&p, 2);
    uint64_t job = submit(&p);
    uint32_t before = p.event_count;
    struct msg m[4] = {{.type = MSG_FAILED, .as.failed = {99, RC_IO, "?"}},
                       {.type = MSG_PLANNED,
                        .as.planned = {.job = 99, .tiles = 1, .helpers = 1, .camera.fov_deg = 40}},
                       {.type = MSG_DONE, .as.done = {.job = 99}},
                       player_tile(99, (struct rect){0, 0, 8, 6}, 0, 2)};
    for (size_t i = 0; i < 4; i++)
        player_say(&p, &m[i]);
    assert_int_equal(p.event_count, before);
    // A frame that is whole is its owner's: nothing that the hub says takes it back.
    tile(&p, job, (struct rect){0, 0, 8, 6}, 0, 2);
    done(&p, job);
    before = p.event_count;
    for (size_t i = 0; i < 4; i++) {
        m[i].as.failed.job = job; // the first field of each of them
        player_say(&p, &m[i]);
    }
    assert_int_equal(p.event_count, before);
    player_hang_up(&p);
    struct join *j = gamer_take(p.gamer, job);
    assert_non_null(j);
    join_free(j);
    player_close(&p);
}

static void test_hub_gives_up(void **state)
{
    (void)state;
    struct player p;
    player_open(&p, PLENTY);
    player_connect(&p, 2);
    uint64_t job = submit(&p);
    struct msg m = {.type = MSG_FAILED, .as.failed = {job, RC_TIMEOUT, "every\tattempt"}};
    player_say(&p, &m);
    assert_int_equal(p.last.kind, GAMER_EVENT_FAILED);
    assert_int_equal(p.last.rc, RC_TIMEOUT);
    assert_string_equal(p.last.text, "every?attempt");
    player_close(&p);
}

static void test_nonsense_from_the_hub(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    for (uint32_t i = 0; i < 30 * SAMPLE_TYPES; i++) {
        struct player p;
        player_open(&p, PLENTY);
        int steps = (int)(i / SAMPLE_TYPES % 3);
        player_connect(&p, steps);
        uint32_t type = 1 + i % SAMPLE_TYPES;
        struct msg m = sample_msg((enum msg_type)type, &r);
        if (type == MSG_CHALLENGE && steps == 0)
            m.as.challenge.version = MSG_VERSION + 1; // else it would be a good one
        player_say(&p, &m);
        bool is_allowed =
            steps == 2 && (type == MSG_OBJECT_GET || type == MSG_PLANNED || type == MSG_TILE ||
                           type == MSG_DONE || type == MSG_FAILED);
        assert_int_equal(p.closings, is_allowed ? 0 : 1);
        assert_int_equal(p.events[GAMER_EVENT_OUT], is_allowed ? 0 : 1);
        player_say(&p, &m);
        assert_int_equal(p.closings, is_allowed ? 0 : 1);
        player_close(&p);
    }
}

static void test_frames_it_cannot_take(void **state)
{
    (void)state;
    struct player p;
    uint64_t job;
    player_open(&p, PLENTY);
    struct msg_submit bad[7];
    for (size_t i = 0; i < 7; i++)
        bad[i] = player_frame();
    bad[0].width = 0;
    bad[1].height = TRACE_SIDE_MAX + 1;
    bad[2].samples = MSG_SAMPLES_MAX + 1;
    bad[3].depth_max = 0;
    bad[4].tiles = MSG_TILES_MAX + 1;
    bad[5].camera.fov_deg = 0;
    bad[6].camera.eye[0] = 1e9f;
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(gamer_submit(p.gamer, &bad[i], &job), RC_CONFIG);
    struct msg_submit huge = player_frame();
    huge.width = huge.height = 4096;
    assert_int_equal(gamer_submit(p.gamer, &huge, &job), RC_NOMEM);
    assert_int_equal(p.budget.used_bytes, 0);
    struct msg_submit good = player_frame();
    for (uint32_t i = 0; i < GAMER_FRAMES_MAX; i++)
        assert_int_equal(gamer_submit(p.gamer, &good, &job), RC_OK);
    assert_int_equal(gamer_submit(p.gamer, &good, &job), RC_FULL);
    player_hang_up(&p); // which they wait for no more
    assert_int_equal(p.events[GAMER_EVENT_FAILED], GAMER_FRAMES_MAX);
    assert_int_equal(p.budget.used_bytes, 0);
    player_close(&p);
}

// Between two connections a frame may be submitted: it is sent once the next hub took us.
static void test_submit_while_away(void **state)
{
    (void)state;
    struct player p;
    struct msg m;
    player_open(&p, PLENTY);
    player_connect(&p, 2);
    player_hang_up(&p);
    uint64_t job = submit(&p);
    assert_false(player_hears(&p, MSG_SUBMIT, &m));
    player_forget(&p);
    player_connect(&p, 0);
    assert_int_equal(p.heard_count, 0); // nothing goes before the hello
    player_connect(&p, 2);
    assert_true(player_hears(&p, MSG_SUBMIT, &m));
    assert_int_equal(m.as.submit.job, job);
    player_close(&p);
}

static void test_connection_lost(void **state)
{
    (void)state;
    for (int steps = 0; steps <= 2; steps++) {
        struct player p;
        player_open(&p, PLENTY);
        player_connect(&p, steps);
        uint64_t job = submit(&p);
        player_hang_up(&p);
        assert_int_equal(p.last.kind, GAMER_EVENT_FAILED);
        assert_int_equal(p.last.rc, RC_CLOSED);
        assert_int_equal(p.last.job, job);
        assert_int_equal(p.budget.used_bytes, 0);
        tile(&p, job, (struct rect){0, 0, 8, 6}, 0, 2); // nobody listens
        player_close(&p);
    }
}

static void test_budget_runs_out(void **state)
{
    (void)state;
    for (size_t bytes = 0; bytes < 100000; bytes += 31 + bytes / 16) {
        struct player p;
        player_open(&p, bytes);
        struct msg_submit m = player_frame();
        uint64_t job = 0;
        enum rc rc = gamer_submit(p.gamer, &m, &job);
        assert_true(rc == RC_OK || rc == RC_NOMEM);
        player_connect(&p, 2);
        struct msg get = {.type = MSG_OBJECT_GET, .as.object_get = {p.scene, 0, 100}};
        player_say(&p, &get);
        tile(&p, job, (struct rect){0, 0, 8, 6}, 0, 2);
        done(&p, job);
        player_close(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_frame),
        cmocka_unit_test(test_scene_for_who_asks),
        cmocka_unit_test(test_tiles_that_lie),
        cmocka_unit_test(test_done_with_holes),
        cmocka_unit_test(test_words_about_no_frame),
        cmocka_unit_test(test_hub_gives_up),
        cmocka_unit_test(test_nonsense_from_the_hub),
        cmocka_unit_test(test_frames_it_cannot_take),
        cmocka_unit_test(test_submit_while_away),
        cmocka_unit_test(test_connection_lost),
        cmocka_unit_test(test_budget_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
