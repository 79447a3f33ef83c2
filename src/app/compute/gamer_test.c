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

static void plan(struct player *p, uint64_t job, uint32_t tiles, uint64_t number)
{
    struct msg m = {
        .type = MSG_PLANNED,
        .as.planned = {
            .job = job, .tiles = tiles, .helpers = 1, .plan = number, .camera.fov_deg = 40}};
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
    plan(&p, job, 3, 1);
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
    gamer_offer(p.gamer, bytes_of(NULL, 0), &name);
    get.as.object_get.digest = name;
    player_say(&p, &get);
    assert_true(player_hears(&p, MSG_OBJECT_NONE, &m));
    player_close(&p);
}

// The last ones offered are given, and no others; the first offer of a test is its scene.
static void test_objects_offered(void **state)
{
    (void)state;
    struct player p;
    struct msg m;
    player_open(&p, PLENTY);
    player_connect(&p, 2);
    static const char text[] = "a text of which each end is an object, and all are different";
    for (uint32_t i = 0; i < GAMER_OBJECTS_MAX + 3; i++) {
        struct digest name;
        gamer_offer(p.gamer, bytes_text(text + i), &name);
        const struct digest want = hash_bytes(bytes_text(text + i));
        assert_true(digest_equal(&name, &want));
    }
    for (uint32_t i = 0; i < GAMER_OBJECTS_MAX + 3; i++) {
        struct msg get = {.type = MSG_OBJECT_GET,
                          .as.object_get = {hash_bytes(bytes_text(text + i)), 0, 1000}};
        player_say(&p, &get);
        const bool is_given = player_hears(&p, MSG_OBJECT_PART, &m);
        assert_int_equal(is_given, i >= 3);
        if (is_given)
            assert_true(bytes_is(m.as.object_part.data, text + i));
    }
    player_close(&p);
}

// Offered again it is no second one, and becomes the newest; recalled it is gone.
static void test_offers_that_end(void **state)
{
    (void)state;
    struct player p;
    struct msg m;
    player_open(&p, PLENTY);
    player_connect(&p, 2);
    static const char text[] = "a text of which each end is an object, and all are different";
    struct digest name[GAMER_OBJECTS_MAX];
    for (uint32_t i = 0; i < GAMER_OBJECTS_MAX; i++) {
        gamer_offer(p.gamer, bytes_text(text + i), &name[i]);
        gamer_offer(p.gamer, player_scene(), &p.scene);
    }
    gamer_recall(p.gamer, &name[4]);
    gamer_recall(p.gamer, &name[4]);
    for (uint32_t i = 1; i < GAMER_OBJECTS_MAX; i++) { // the first one had to go
        struct msg get = {.type = MSG_OBJECT_GET, .as.object_get = {name[i], 0, 1000}};
        player_say(&p, &get);
        assert_true(player_hears(&p, i == 4 ? MSG_OBJECT_NONE : MSG_OBJECT_PART, &m));
    }
    struct msg get = {.type = MSG_OBJECT_GET, .as.object_get = {p.scene, 0, 1000}};
    player_say(&p, &get);
    assert_true(player_hears(&p, MSG_OBJECT_PART, &m));
    player_close(&p);
}

// No light comes of a frame that the hub keeps: tiles are words about who made them.
static void test_frame_that_is_kept(void **state)
{
    (void)state;
    struct player p;
    struct msg m;
    player_open(&p, PLENTY);
    player_connect(&p, 2);
    struct msg_submit frame = player_frame();
    frame.is_kept = true;
    uint64_t job = 0;
    hand_must(gamer_submit(p.gamer, &frame, &job));
    player_drain(&p);
    assert_true(player_hears(&p, MSG_SUBMIT, &m) && m.as.submit.is_kept);
    plan(&p, job, 2, 1);
    m = player_tile(job, (struct rect){0, 0, 8, 6}, 0, 2);
    m.as.tile.result = bytes_of(NULL, 0);
    player_say(&p, &m);
    assert_int_equal(p.last.kind, GAMER_EVENT_TILE);
    assert_null(gamer_look(p.gamer, job));
    player_hang_up(&p);
    player_connect(&p, 2); // sent again, and nothing is there yet
    assert_true(player_hears(&p, MSG_SUBMIT, &m) && m.as.submit.job == job);
    assert_int_equal(m.as.submit.have.len, 0);
    plan(&p, job, 2, 1);
    done(&p, job);
    assert_int_equal(p.last.kind, GAMER_EVENT_FRAME);
    assert_null(gamer_take(p.gamer, job));
    assert_int_equal(p.budget.used_bytes, 0); // its place is free again
    done(&p, job);
    assert_int_equal(p.events[GAMER_EVENT_FRAME], 1);
    player_close(&p);
}

static void test_look_at_what_is_there(void **state)
{
    (void)state;
    struct player p;
    player_open(&p, PLENTY);
    player_connect(&p, 2);
    assert_null(gamer_look(p.gamer, 1));
    uint64_t job = submit(&p);
    const struct join *j = gamer_look(p.gamer, job);
    assert_non_null(j);
    assert_true(join_missing(j) == join_total(j));
    plan(&p, job, 2, 1);
    tile(&p, job, (struct rect){0, 0, 4, 6}, 0, 2);
    j = gamer_look(p.gamer, job);
    assert_true(join_missing(j) * 2 == join_total(j));
    struct msg m = player_tile(job, (struct rect){4, 0, 4, 6}, 0, 2);
    m.as.tile.index = 1;
    player_say(&p, &m);
    done(&p, job);
    assert_true(join_is_whole(gamer_look(p.gamer, job))); // until it is taken
    join_free(gamer_take(p.gamer, job));
    assert_null(gamer_look(p.gamer, job));
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
        plan(&p, job, 2, 1);
        tile(&p, job, (struct rect){0, 0, 4, 6}, 0, 2);
        struct msg m = player_tile(job, (struct rect){4, 0, 4, 6}, 0, 2);
        struct msg_tile *t = &m.as.tile;
        t->index = 1;
        static uint8_t bright[(size_t)4 * 6 * TRACE_PIXEL_BYTES];
        memset(bright, 0xff, sizeof bright);
        if (how == 0)
            t->rect.x = 3; // overlaps
        if (how == 1)
            t->rect.x = 5; // leaves the frame
        if (how == 2)
            t->rect.x = PIXELS_SIDE_MAX - 1;
        if (how == 3)
            t->sample_first = 1; // a sample that was not asked for
        if (how == 4)
            t->result.len -= 1;
        if (how == 5)
            t->result.len = 0;
        if (how == 6)
            t->result = bytes_of(bright, sizeof bright); // more light than a sample may hold
        if (how == 7)
            t->rect = (struct rect){0, 0, 4, 6}; // there already, and not by that name
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
    struct msg m[4] = {{.type = MSG_FAILED, .as.failed = {.job = 99, .rc = RC_IO, .text = "?"}},
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
    struct msg m = {.type = MSG_FAILED,
                    .as.failed = {.job = job, .rc = RC_TIMEOUT, .text = "every\tattempt"}};
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
            steps == 2 &&
            (type == MSG_OBJECT_GET || type == MSG_PLANNED || type == MSG_TILE ||
             type == MSG_DONE || type == MSG_FAILED || type == MSG_RAN || type == MSG_PEERS);
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
    bad[1].height = PIXELS_SIDE_MAX + 1;
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
    player_hang_up(&p);
    assert_int_equal(p.events[GAMER_EVENT_FAILED], 0); // they wait for the next connection
    gamer_abandon(p.gamer, "no hub");                  // which they wait for no more
    player_drain(&p);
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
    inbox_forget(&p.heard);
    player_connect(&p, 0);
    assert_int_equal(p.heard.count, 0); // nothing goes before the hello
    player_connect(&p, 2);
    assert_true(player_hears(&p, MSG_SUBMIT, &m));
    assert_int_equal(m.as.submit.job, job);
    player_close(&p);
}

// What was under way is given up only when the owner says so.
static void test_abandoned(void **state)
{
    (void)state;
    for (int steps = 0; steps <= 2; steps++) {
        struct player p;
        player_open(&p, PLENTY);
        player_connect(&p, steps);
        uint64_t job = submit(&p);
        player_hang_up(&p);
        assert_int_equal(p.events[GAMER_EVENT_FAILED], 0);
        tile(&p, job, (struct rect){0, 0, 8, 6}, 0, 2); // nobody listens
        assert_int_equal(p.events[GAMER_EVENT_TILE], 0);
        gamer_abandon(p.gamer, "the hub is gone");
        player_drain(&p);
        assert_int_equal(p.last.kind, GAMER_EVENT_FAILED);
        assert_int_equal(p.last.rc, RC_CLOSED);
        assert_int_equal(p.last.job, job);
        assert_string_equal(p.last.text, "the hub is gone");
        assert_int_equal(p.budget.used_bytes, 0);
        gamer_abandon(p.gamer, "again");
        player_drain(&p);
        assert_int_equal(p.events[GAMER_EVENT_FAILED], 1);
        player_close(&p);
    }
}

// ---- Coming back

static struct rect half(uint32_t index)
{
    return (struct rect){4 * index, 0, 4, 6};
}

static void named_tile(struct player *p, uint64_t job, uint32_t index)
{
    struct msg m = player_tile(job, half(index), 0, 2);
    m.as.tile.index = index;
    player_say(p, &m);
}

// The next hub is told what is in already, and of which plan.
static void test_comes_back_with_what_it_has(void **state)
{
    (void)state;
    struct player p;
    struct msg m;
    player_open(&p, PLENTY);
    player_connect(&p, 2);
    uint64_t job = submit(&p);
    assert_true(player_hears(&p, MSG_SUBMIT, &m));
    assert_int_equal(m.as.submit.plan + m.as.submit.have.len, 0);
    plan(&p, job, 2, 77);
    named_tile(&p, job, 1);
    player_hang_up(&p);
    player_connect(&p, 2);
    assert_true(player_hears(&p, MSG_SUBMIT, &m));
    assert_int_equal(m.as.submit.job, job);
    assert_int_equal(m.as.submit.plan, 77);
    struct cursor have = {.left = m.as.submit.have};
    uint32_t index = 9;
    uint32_t first = 9;
    assert_true(msg_have_next(&have, &index, &first));
    assert_true(index == 1 && first == 0);
    assert_false(msg_have_next(&have, &index, &first));
    plan(&p, job, 2, 77);
    assert_true(gamer_progress(p.gamer) > 0.49); // it stays
    named_tile(&p, job, 1);                      // known already, and no harm
    assert_int_equal(p.events[GAMER_EVENT_TILE], 1);
    named_tile(&p, job, 0);
    done(&p, job);
    assert_int_equal(p.last.kind, GAMER_EVENT_FRAME);
    join_free(gamer_take(p.gamer, job));
    assert_int_equal(p.budget.used_bytes, 0);
    player_close(&p);
}

// Tiles of another way of cutting do not fit: from the start.
static void test_another_plan(void **state)
{
    (void)state;
    struct player p;
    player_open(&p, PLENTY);
    player_connect(&p, 2);
    uint64_t job = submit(&p);
    plan(&p, job, 2, 77);
    named_tile(&p, job, 0);
    player_hang_up(&p);
    player_connect(&p, 2);
    plan(&p, job, 1, 78);
    assert_true(gamer_progress(p.gamer) < 0.01);
    tile(&p, job, (struct rect){0, 0, 8, 6}, 0, 2);
    done(&p, job);
    assert_int_equal(p.last.kind, GAMER_EVENT_FRAME);
    join_free(gamer_take(p.gamer, job));
    player_close(&p);
}

// A frame that is whole, or failed, is asked for no more.
static void test_over_is_over(void **state)
{
    (void)state;
    struct player p;
    struct msg m;
    player_open(&p, PLENTY);
    player_connect(&p, 2);
    uint64_t whole = submit(&p);
    uint64_t failed = submit(&p);
    plan(&p, whole, 1, 1);
    tile(&p, whole, (struct rect){0, 0, 8, 6}, 0, 2);
    done(&p, whole);
    m = (struct msg){.type = MSG_FAILED, .as.failed = {.job = failed, .rc = RC_IO}};
    player_say(&p, &m);
    player_hang_up(&p);
    inbox_forget(&p.heard);
    player_connect(&p, 2);
    assert_false(player_hears(&p, MSG_SUBMIT, &m));
    gamer_abandon(p.gamer, "bye");
    player_drain(&p);
    assert_int_equal(p.events[GAMER_EVENT_FAILED], 1);
    join_free(gamer_take(p.gamer, whole)); // its owner's, whatever happens
    player_close(&p);
}

// ---- Runs

static uint64_t run(struct player *p, const char *text)
{
    struct msg_run m = {.spec = {.kernel = "echo", .params = bytes_text(text)}};
    uint64_t job = 0;
    bytes_to_text(bytes_text("label"), m.label, sizeof m.label);
    hand_must(gamer_run(p->gamer, &m, &job));
    player_drain(p);
    return job;
}

static struct msg ran(uint64_t job, const char *text)
{
    return (struct msg){.type = MSG_RAN,
                        .as.ran = {.job = job, .attempts = 1, .result = bytes_text(text)}};
}

static void test_runs(void **state)
{
    (void)state;
    struct player p;
    struct msg m;
    player_open(&p, PLENTY);
    char text[] = "before the hub is there";
    uint64_t early = run(&p, text);
    memset(text, '?', sizeof text - 1); // it was copied
    player_connect(&p, 2);
    assert_true(player_hears(&p, MSG_RUN, &m));
    assert_true(m.as.run.job == early && bytes_is(m.as.run.spec.params, "before the hub is there"));
    assert_string_equal(m.as.run.label, "label");
    uint64_t job = run(&p, "now");
    assert_true(job == early + 1 && player_hears(&p, MSG_RUN, &m) && m.as.run.job == job);
    player_hang_up(&p);
    player_connect(&p, 2); // both are asked again
    assert_true(player_hears(&p, MSG_RUN, &m) && m.as.run.job == early);
    assert_true(player_hears(&p, MSG_RUN, &m) && m.as.run.job == job);
    player_close(&p);
}

static void test_answers(void **state)
{
    (void)state;
    struct player p;
    struct gamer_event e;
    player_open(&p, PLENTY);
    player_connect(&p, 2);
    uint64_t job = run(&p, "now");
    uint8_t room[MSG_HEAD_BYTES_MAX];
    struct msg m = ran(job, "the answer");
    gamer_input(p.gamer, hand_encode(&m, room, sizeof room));
    memset(room, 0, sizeof room);
    gamer_input(p.gamer, hand_encode(&m, room, sizeof room)); // twice: once is enough
    assert_true(gamer_event(p.gamer, &e));
    assert_int_equal(e.kind, GAMER_EVENT_RAN);
    assert_int_equal(e.job, job);
    assert_true(bytes_is(e.ran.result, "the answer"));
    assert_false(gamer_event(p.gamer, &e)); // gives the result back, too
    assert_int_equal(p.budget.used_bytes, 0);
    job = run(&p, "in vain");
    m = (struct msg){.type = MSG_FAILED, .as.failed = {.job = job, .rc = RC_ABSENT, .text = "no"}};
    player_say(&p, &m);
    assert_true(p.last.kind == GAMER_EVENT_FAILED && p.last.job == job && p.last.rc == RC_ABSENT);
    player_say(&p, &m);
    assert_int_equal(p.events[GAMER_EVENT_FAILED], 1);
    job = run(&p, "not wanted any more");
    gamer_withdraw(p.gamer, job);
    player_drain(&p);
    assert_true(player_hears(&p, MSG_WITHDRAW, &m) && m.as.withdraw.job == job);
    uint32_t before = p.event_count;
    m = ran(job, "too late");
    player_say(&p, &m);
    assert_int_equal(p.event_count, before);
    job = run(&p, "nobody takes it");
    m = ran(job, "so the end of the machine does");
    gamer_input(p.gamer, hand_encode(&m, room, sizeof room));
    player_close(&p);
}

static void test_runs_are_bounded(void **state)
{
    (void)state;
    struct player p;
    player_open(&p, PLENTY);
    uint64_t job = 0;
    struct msg_run m = {.spec = {.kernel = "echo", .params = bytes_text("x")}};
    for (uint32_t i = 0; i < GAMER_RUNS_MAX; i++)
        hand_must(gamer_run(p.gamer, &m, &job));
    assert_int_equal(gamer_run(p.gamer, &m, &job), RC_FULL);
    uint32_t calls = 0; // as many as the ring of events makes necessary
    while (p.budget.used_bytes > 0) {
        gamer_abandon(p.gamer, "no hub");
        player_drain(&p);
        calls++;
    }
    assert_int_equal(p.events[GAMER_EVENT_FAILED], GAMER_RUNS_MAX);
    assert_int_equal(calls, GAMER_RUNS_MAX / GAMER_EVENTS_MAX);
    m.spec.input_count = TASK_INPUTS_MAX + 1;
    assert_int_equal(gamer_run(p.gamer, &m, &job), RC_CONFIG);
    p.budget.limit_bytes = 100;
    m.spec.input_count = 0;
    assert_int_equal(gamer_run(p.gamer, &m, &job), RC_NOMEM);
    assert_int_equal(p.budget.used_bytes, 0);
    player_close(&p);
}

static void test_steps_are_numbered(void **state)
{
    (void)state;
    struct player p;
    struct msg m;
    struct session_input input = {.step = 99, .for_us = 1000, .move = {0, 0, 1}};
    player_open(&p, PLENTY);
    assert_int_equal(gamer_steer(p.gamer, &input), RC_CLOSED);
    player_connect(&p, 1);
    assert_int_equal(gamer_steer(p.gamer, &input), RC_CLOSED); // not yet welcome
    player_hang_up(&p);
    inbox_forget(&p.heard);
    player_connect(&p, 2);
    for (uint64_t i = 1; i <= 3; i++) {
        assert_int_equal(gamer_steer(p.gamer, &input), RC_OK);
        player_drain(&p);
        assert_true(player_hears(&p, MSG_INPUT, &m));
        assert_int_equal(m.as.input.step, i);
        assert_int_equal(m.as.input.for_us, 1000);
    }
    player_hang_up(&p);
    assert_int_equal(gamer_steer(p.gamer, &input), RC_CLOSED);
    player_connect(&p, 2);
    assert_int_equal(gamer_steer(p.gamer, &input), RC_OK);
    player_drain(&p);
    assert_true(player_hears(&p, MSG_INPUT, &m) && m.as.input.step == 4); // on and on
    player_close(&p);
}

static void test_peers(void **state)
{
    (void)state;
    struct player p;
    player_open(&p, PLENTY);
    player_connect(&p, 2);
    struct msg m = {.type = MSG_PEERS, .as.peers = {.ready = 2, .all = 5}};
    player_say(&p, &m);
    assert_int_equal(p.last.kind, GAMER_EVENT_PEERS);
    assert_int_equal(p.last.helpers, 5);
    player_close(&p);
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
        struct msg_run r = {.spec = {.kernel = "echo", .params = bytes_text("x")}};
        rc = gamer_run(p.gamer, &r, &job);
        assert_true(rc == RC_OK || rc == RC_NOMEM);
        player_hang_up(&p);
        player_connect(&p, 2);
        struct msg answer = ran(job, "a result that needs some room of its own to stay in");
        player_say(&p, &answer);
        assert_true(p.events[GAMER_EVENT_RAN] + p.events[GAMER_EVENT_FAILED] <= 2);
        player_close(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_frame),
        cmocka_unit_test(test_scene_for_who_asks),
        cmocka_unit_test(test_objects_offered),
        cmocka_unit_test(test_offers_that_end),
        cmocka_unit_test(test_frame_that_is_kept),
        cmocka_unit_test(test_look_at_what_is_there),
        cmocka_unit_test(test_tiles_that_lie),
        cmocka_unit_test(test_done_with_holes),
        cmocka_unit_test(test_words_about_no_frame),
        cmocka_unit_test(test_hub_gives_up),
        cmocka_unit_test(test_nonsense_from_the_hub),
        cmocka_unit_test(test_frames_it_cannot_take),
        cmocka_unit_test(test_submit_while_away),
        cmocka_unit_test(test_abandoned),
        cmocka_unit_test(test_comes_back_with_what_it_has),
        cmocka_unit_test(test_another_plan),
        cmocka_unit_test(test_over_is_over),
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_runs_are_bounded),
        cmocka_unit_test(test_steps_are_numbered),
        cmocka_unit_test(test_peers),
        cmocka_unit_test(test_budget_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
