// SPDX-License-Identifier: MIT
// Tests of the broker's work, message by message: scenes, tasks, results, lies and losses.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "compute/world_test.h"

#define WRONG 7u // a pixel's value that is not what the own compute finds, 0

// A frame whose probe is done: ann and bob hold a tile each.
static void begin_tiles(struct world *w, struct msg_assign *ann, struct msg_assign *bob)
{
    struct msg m;
    submit(w, 1);
    give_scene(w);
    assert_true(desk_work(&w->d, w->ann, ANN, 0) || desk_work(&w->d, w->bob, BOB, 0));
    assert_true(desk_hears(&w->d, w->ann, MSG_ASSIGN, &m));
    *ann = m.as.assign;
    assert_true(desk_hears(&w->d, w->bob, MSG_ASSIGN, &m));
    *bob = m.as.assign;
}

static void test_one_frame(void **state)
{
    (void)state;
    struct world w;
    struct msg m;
    world_open(&w, &(struct desk_cfg){0});
    size_t used = w.d.budget.used_bytes;
    submit(&w, 42);
    assert_true(desk_hears(&w.d, w.gus, MSG_OBJECT_GET, &m));
    assert_int_equal(m.as.object_get.offset, 0);
    assert_false(desk_hears(&w.d, w.gus, MSG_OBJECT_GET, &m));
    give_scene(&w);
    assert_true(desk_hears(&w.d, w.ann, MSG_PREPARE, &m));
    assert_true(desk_hears(&w.d, w.bob, MSG_PREPARE, &m));
    work_all(&w);
    assert_true(desk_hears(&w.d, w.gus, MSG_PLANNED, &m));
    assert_int_equal(m.as.planned.job, 42);
    assert_int_equal(m.as.planned.tiles, 2);
    assert_int_equal(m.as.planned.helpers, 2);
    uint64_t area = 0;
    for (int i = 0; i < 2; i++) {
        assert_true(desk_hears(&w.d, w.gus, MSG_TILE, &m));
        assert_int_equal(m.as.tile.parts > 0, 1);
        assert_int_equal(m.as.tile.attempts, 1);
        area += rect_area(m.as.tile.rect);
    }
    assert_int_equal(area, 16 * 12);
    assert_true(desk_hears(&w.d, w.gus, MSG_DONE, &m));
    assert_int_equal(m.as.done.tiles, 2);
    assert_int_equal(m.as.done.retries + m.as.done.wrong, 0);
    assert_true(desk_hears(&w.d, w.ann, MSG_VERDICT, &m) && m.as.verdict.is_right);
    assert_int_equal(w.d.notes[NOTE_TASK_DONE], 2);
    assert_int_equal(w.d.notes[NOTE_FRAME_DONE], 1);
    desk_hang_up(&w.d, w.gus);
    assert_int_equal(broker_stat(w.d.broker).gamers_away, 1); // it may not have heard of the end
    desk_wait(&w.d, BROKER_LINGER_US);
    assert_int_equal(broker_stat(w.d.broker).gamers_away, 0);
    assert_true(w.d.budget.used_bytes < used); // its view, and itself, are given back
    desk_close(&w.d);
}

static void test_second_frame_needs_no_probe(void **state)
{
    (void)state;
    struct world w;
    struct msg m;
    world_open(&w, &(struct desk_cfg){0});
    submit(&w, 1);
    give_scene(&w);
    work_all(&w);
    desk_forget(&w.d);
    submit(&w, 2);
    assert_false(desk_hears(&w.d, w.gus, MSG_OBJECT_GET, &m));
    assert_true(desk_hears(&w.d, w.gus, MSG_PLANNED, &m));
    work_all(&w);
    assert_true(desk_hears(&w.d, w.gus, MSG_DONE, &m));
    desk_close(&w.d);
}

static void test_parts_that_lie(void **state)
{
    (void)state;
    struct msg good = desk_part();
    for (int i = 0; i < 5; i++) {
        struct world w;
        world_open(&w, &(struct desk_cfg){0});
        struct msg m = good;
        struct msg_object_part *p = &m.as.object_part;
        p->offset += i == 0;
        p->total += i == 1;
        p->data.len -= i == 2;
        if (i == 3)
            p->total = MSG_OBJECT_BYTES_MAX;
        if (i == 4)
            p->data.len = 0;
        submit(&w, 1);
        desk_say(&w.d, w.gus, &m);
        assert_true(desk_is_refused(&w.d, w.gus, "not asked for"));
        assert_int_equal(broker_stat(w.d.broker).frames, 1); // it may do better on the next one
        desk_wait(&w.d, BROKER_LINGER_US);
        assert_int_equal(broker_stat(w.d.broker).frames, 0);
        desk_close(&w.d);
    }
}

static void test_parts_nobody_asked_for(void **state)
{
    (void)state;
    struct world w;
    struct msg m;
    world_open(&w, &(struct desk_cfg){0});
    give_scene(&w); // before any frame, and of no frame
    struct msg none = {.type = MSG_OBJECT_NONE, .as.object_none = {desk_submit(1).as.submit.scene}};
    desk_say(&w.d, w.gus, &none);
    submit(&w, 1);
    struct msg other = desk_part();
    other.as.object_part.digest.b[0] ^= 1;
    desk_say(&w.d, w.gus, &other);
    give_scene(&w);
    give_scene(&w); // twice
    work_all(&w);
    assert_true(desk_hears(&w.d, w.gus, MSG_DONE, &m));
    desk_close(&w.d);
}

static void test_scenes_that_never_come(void **state)
{
    (void)state;
    struct world w;
    struct msg m;
    world_open(&w, &(struct desk_cfg){0});
    size_t used = w.d.budget.used_bytes;
    submit(&w, 1);
    submit(&w, 2); // waits for the same one
    struct msg third = desk_submit(3);
    third.as.submit.scene.b[0] ^= 1;
    desk_say(&w.d, w.gus, &third);
    struct msg none = {.type = MSG_OBJECT_NONE, .as.object_none = {desk_submit(1).as.submit.scene}};
    desk_say(&w.d, w.gus, &none);
    for (uint64_t job = 1; job <= 2; job++) {
        assert_true(desk_hears(&w.d, w.gus, MSG_FAILED, &m));
        assert_int_equal(m.as.failed.job, job);
        assert_int_equal(m.as.failed.rc, RC_ABSENT);
    }
    struct msg junk = desk_part(); // now the third one's is asked for, and has another hash
    junk.as.object_part.digest = third.as.submit.scene;
    desk_say(&w.d, w.gus, &junk);
    assert_true(desk_hears(&w.d, w.gus, MSG_FAILED, &m));
    assert_int_equal(m.as.failed.job, 3);
    assert_int_equal(m.as.failed.rc, RC_MALFORMED);
    assert_int_equal(w.d.budget.used_bytes, used);
    desk_close(&w.d);
}

static void test_nine_frames_and_doubles(void **state)
{
    (void)state;
    struct world w;
    struct msg m;
    world_open(&w, &(struct desk_cfg){0});
    for (uint64_t job = 0; job <= BROKER_FRAMES_MAX; job++)
        submit(&w, job);
    assert_true(desk_hears(&w.d, w.gus, MSG_FAILED, &m));
    assert_int_equal(m.as.failed.job, BROKER_FRAMES_MAX);
    assert_int_equal(m.as.failed.rc, RC_FULL);
    assert_false(desk_hears(&w.d, w.gus, MSG_FAILED, &m));
    assert_int_equal(broker_stat(w.d.broker).frames, BROKER_FRAMES_MAX);
    submit(&w, 3); // the same frame: it comes back to it
    assert_false(desk_is_closed(&w.d, w.gus));
    assert_int_equal(broker_stat(w.d.broker).frames, BROKER_FRAMES_MAX);
    m = desk_submit(3);
    m.as.submit.frame = 4;
    desk_say(&w.d, w.gus, &m);
    assert_true(desk_is_refused(&w.d, w.gus, "two jobs with the same number"));
    assert_int_equal(broker_stat(w.d.broker).frames, BROKER_FRAMES_MAX); // it may come back to them
    size_t used = w.d.budget.used_bytes;
    desk_wait(&w.d, BROKER_LINGER_US);
    assert_int_equal(broker_stat(w.d.broker).frames, 0);
    assert_true(w.d.budget.used_bytes < used);
    desk_close(&w.d);
}

// 0: scene is awaited, 1: probe is held, 2: tiles are held and waiting, 3: one is being checked.
static void test_withdraw_in_each_state(void **state)
{
    (void)state;
    for (int steps = 0; steps < 4; steps++) {
        struct world w;
        struct msg m;
        world_open(&w, &(struct desk_cfg){0});
        submit(&w, 1);
        if (steps > 0)
            give_scene(&w);
        if (steps > 1)
            assert_true(desk_work(&w.d, w.ann, ANN, 0) || desk_work(&w.d, w.bob, BOB, 0));
        if (steps > 2)
            assert_true(desk_work(&w.d, w.ann, ANN, 0));
        struct msg out = {.type = MSG_WITHDRAW, .as.withdraw = {1}};
        desk_say(&w.d, w.gus, &out);
        desk_say(&w.d, w.gus, &out); // it is gone: nothing happens
        struct broker_stat s = broker_stat(w.d.broker);
        assert_int_equal(s.frames + s.tasks_waiting, 0);
        uint32_t cancels = 0;
        const uint64_t conn[] = {w.own, w.ann, w.bob};
        for (size_t i = 0; i < 3; i++)
            while (desk_hears(&w.d, conn[i], MSG_CANCEL, &m))
                cancels++;
        static const uint32_t want[] = {0, 1, 2, 2};
        assert_int_equal(cancels, want[steps]);
        work_all(&w); // too late, all of it
        assert_int_equal(tiles_heard(&w), 0);
        assert_false(desk_hears(&w.d, w.gus, MSG_FAILED, &m)); // it asked for that
        assert_false(desk_is_closed(&w.d, w.ann) || desk_is_closed(&w.d, w.gus));
        give_scene(&w); // what was on its way
        desk_close(&w.d);
    }
}

static void test_results_that_do_not_belong(void **state)
{
    (void)state;
    struct world w;
    struct msg m;
    struct msg_assign ann;
    struct msg_assign bob;
    world_open(&w, &(struct desk_cfg){0});
    begin_tiles(&w, &ann, &bob);
    uint8_t *at;
    struct msg stolen = desk_result(&w.d, &bob, ANN, WRONG, &at);
    desk_say(&w.d, w.ann, &stolen); // another's task
    assert_true(desk_hears(&w.d, w.ann, MSG_VERDICT, &m));
    assert_non_null(strstr(m.as.verdict.text, "too late"));
    struct msg failure = {.type = MSG_FAILURE, .as.failure = {bob.task, RC_CRASHED, "ha"}};
    desk_say(&w.d, w.ann, &failure);
    stolen.as.result.task = 999; // nobody's
    desk_say(&w.d, w.ann, &stolen);
    free(at);
    assert_int_equal(broker_stat(w.d.broker).retries, 0);
    struct msg good = desk_result(&w.d, &ann, ANN, 0, &at);
    desk_say(&w.d, w.ann, &good);
    desk_say(&w.d, w.ann, &good); // twice
    free(at);
    assert_true(desk_work(&w.d, w.own, OWN, 0)); // the check
    good = desk_result(&w.d, &bob, BOB, 0, &at);
    desk_say(&w.d, w.bob, &good);
    free(at);
    work_all(&w);
    assert_int_equal(tiles_heard(&w), 2);
    assert_true(desk_hears(&w.d, w.gus, MSG_DONE, &m));
    assert_int_equal(m.as.done.retries + m.as.done.wrong, 0);
    desk_close(&w.d);
}

// 0: hash, 1: size, 2: another task's signature, 3: another's key, 4: not the hash of the bytes.
static void spoil(struct world *w, int how, struct msg *m, const struct msg_assign *other)
{
    struct msg_result *r = &m->as.result;
    uint8_t *at;
    struct msg good;
    switch (how) {
    case 0:
        r->hash.b[0] ^= 1;
        break;
    case 1:
        r->result.len -= TRACE_PIXEL_BYTES;
        r->hash = hash_bytes(r->result);
        break;
    case 2:
        good = desk_result(&w->d, other, ANN, 0, &at);
        r->signature = good.as.result.signature;
        free(at);
        break;
    case 3: {
        uint8_t room[MSG_SIGNED_BYTES];
        struct digest asked = task_digest(&other->spec);
        hand_sign(w->d.key[BOB], msg_result_signed(&asked, &r->hash, room), &r->signature);
        break;
    }
    default:
        r->result.len = 0;
    }
}

static void test_results_that_are_none(void **state)
{
    (void)state;
    for (int how = 0; how < 5; how++) {
        struct world w;
        struct msg m;
        struct msg_assign ann;
        struct msg_assign bob;
        world_open(&w, &(struct desk_cfg){0});
        begin_tiles(&w, &ann, &bob);
        uint8_t *at;
        struct msg bad = desk_result(&w.d, &ann, ANN, 0, &at);
        spoil(&w, how, &bad, &bob);
        desk_say(&w.d, w.ann, &bad);
        free(at);
        assert_true(desk_hears(&w.d, w.ann, MSG_VERDICT, &m));
        assert_false(m.as.verdict.is_right);
        assert_non_null(strstr(m.as.verdict.text, "do not fit"));
        assert_int_equal(broker_stat(w.d.broker).wrong, 1);
        assert_false(desk_is_closed(&w.d, w.ann)); // once may be a slip
        struct msg good = desk_result(&w.d, &bob, BOB, 0, &at);
        desk_say(&w.d, w.bob, &good);
        free(at);
        work_all(&w);
        assert_int_equal(tiles_heard(&w), 2);
        desk_close(&w.d);
    }
}

static void test_two_wrong_results_bar(void **state)
{
    (void)state;
    struct world w;
    struct msg m;
    world_open(&w, &(struct desk_cfg){0});
    for (uint64_t job = 1; job <= 2; job++) {
        submit(&w, job);
        give_scene(&w);
        while (desk_work(&w.d, w.ann, ANN, WRONG) || desk_work(&w.d, w.bob, BOB, 0) ||
               desk_work(&w.d, w.own, OWN, 0))
            ;
        assert_int_equal(tiles_heard(&w), 2);
        assert_true(desk_hears(&w.d, w.gus, MSG_DONE, &m));
    }
    assert_true(desk_is_refused(&w.d, w.ann, "barred"));
    assert_int_equal(broker_stat(w.d.broker).barred, 1);
    uint64_t again = desk_connect(&w.d);
    m = desk_hello(&w.d, again, MSG_ROLE_HELPER, ANN);
    desk_say(&w.d, again, &m);
    assert_true(desk_is_refused(&w.d, again, "barred"));
    desk_close(&w.d);
}

static void test_losses(void **state)
{
    (void)state;
    for (int how = 0; how < 4; how++) {
        struct world w;
        struct msg m;
        struct msg_assign ann;
        struct msg_assign bob;
        world_open(&w, &(struct desk_cfg){0});
        begin_tiles(&w, &ann, &bob);
        struct msg failure = {.type = MSG_FAILURE, .as.failure = {ann.task, RC_CRASHED, "oh"}};
        struct msg beat = {.type = MSG_HEARTBEAT};
        if (how == 0)
            desk_hang_up(&w.d, w.ann);
        if (how == 1)
            desk_say(&w.d, w.ann, &failure);
        if (how == 2) // lives, and does nothing
            for (uint64_t i = 0; broker_stat(w.d.broker).retries == 0 && i < 20; i++) {
                desk_wait(&w.d, SECOND);
                desk_say(&w.d, w.ann, &beat);
                desk_say(&w.d, w.own, &beat);
                if (i == 0) {
                    uint8_t *at;
                    struct msg good = desk_result(&w.d, &bob, BOB, 0, &at);
                    desk_say(&w.d, w.bob, &good);
                    free(at);
                    work_all(&w);
                }
                desk_say(&w.d, w.bob, &beat);
            }
        if (how == 3)
            desk_raw(&w.d, w.ann, bytes_text("?"));
        assert_int_equal(broker_stat(w.d.broker).retries, 1);
        uint8_t *at;
        struct msg good = desk_result(&w.d, &bob, BOB, 0, &at);
        desk_say(&w.d, w.bob, &good);
        free(at);
        work_all(&w);
        if (how == 2) // it might have answered still, until another did
            assert_true(desk_hears(&w.d, w.ann, MSG_CANCEL, &m));
        assert_int_equal(tiles_heard(&w), 2);
        assert_true(desk_hears(&w.d, w.gus, MSG_DONE, &m));
        assert_int_equal(m.as.done.retries, 1);
        desk_close(&w.d);
    }
}

static void test_own_compute_fails(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        struct world w;
        struct msg m;
        struct msg_assign ann;
        struct msg_assign bob;
        world_open(&w, &(struct desk_cfg){0});
        begin_tiles(&w, &ann, &bob);
        uint8_t *at;
        struct msg good = desk_result(&w.d, &ann, ANN, 0, &at);
        desk_say(&w.d, w.ann, &good);
        free(at);
        assert_true(desk_hears(&w.d, w.own, MSG_ASSIGN, &m)); // the check
        struct msg failure = {.type = MSG_FAILURE,
                              .as.failure = {m.as.assign.task, RC_CRASHED, "own"}};
        struct msg bad = desk_result(&w.d, &m.as.assign, OWN, 0, &at);
        bad.as.result.hash.b[0] ^= 1;
        if (how == 0)
            desk_hang_up(&w.d, w.own);
        else
            desk_say(&w.d, w.own, how == 1 ? &failure : &bad);
        free(at);
        assert_true(desk_hears(&w.d, w.gus, MSG_FAILED, &m)); // nobody else may judge
        assert_true(desk_hears(&w.d, w.bob, MSG_CANCEL, &m));
        assert_int_equal(broker_stat(w.d.broker).frames, 0);
        assert_int_equal(desk_is_closed(&w.d, w.own), 0); // not barred from its own hub
        desk_close(&w.d);
    }
}

static void test_check_waits_for_own_compute(void **state)
{
    (void)state;
    struct world w;
    struct msg_assign ann;
    struct msg_assign bob;
    world_open(&w, &(struct desk_cfg){0});
    desk_hang_up(&w.d, w.own);
    begin_tiles(&w, &ann, &bob);
    uint8_t *at;
    struct msg good = desk_result(&w.d, &ann, ANN, 0, &at);
    desk_say(&w.d, w.ann, &good);
    free(at);
    desk_hang_up(&w.d, w.ann); // its word stays good
    assert_int_equal(tiles_heard(&w), 0);
    w.own = desk_join(&w.d, MSG_ROLE_HELPER, OWN);
    good = desk_result(&w.d, &bob, BOB, 0, &at);
    desk_say(&w.d, w.bob, &good);
    free(at);
    work_all(&w);
    assert_int_equal(tiles_heard(&w), 2);
    desk_close(&w.d);
}

static void test_nobody_left(void **state)
{
    (void)state;
    struct world w;
    struct msg m;
    world_open(&w, &(struct desk_cfg){.has_no_own = true, .attempts_max = 2});
    submit(&w, 1);
    give_scene(&w);
    const uint64_t conn[] = {w.ann, w.bob};
    for (int i = 0; i < 2; i++) {
        uint64_t c = desk_hears(&w.d, conn[0], MSG_ASSIGN, &m) ? conn[0] : conn[1];
        if (c == conn[1])
            assert_true(desk_hears(&w.d, c, MSG_ASSIGN, &m));
        struct msg failure = {.type = MSG_FAILURE, .as.failure = {m.as.assign.task, RC_NOMEM, ""}};
        desk_say(&w.d, c, &failure);
    }
    assert_true(desk_hears(&w.d, w.gus, MSG_FAILED, &m));
    assert_non_null(strstr(m.as.failed.text, "every attempt failed"));
    desk_close(&w.d);
}

// Helpers may claim what they like: a frame is planned all the same.
static void test_boasts(void **state)
{
    (void)state;
    struct world w;
    struct msg m;
    world_open(&w, &(struct desk_cfg){0});
    for (size_t key = 4; key < 6; key++) {
        uint64_t conn = desk_connect(&w.d);
        struct msg hello = desk_hello(&w.d, conn, MSG_ROLE_HELPER, key);
        hello.as.hello.ability.speed[0].units_s = key == 4 ? UINT64_MAX : 1;
        hello.as.hello.ability.slots = MSG_SLOTS_MAX;
        desk_say(&w.d, conn, &hello);
    }
    submit(&w, 1);
    give_scene(&w);
    uint64_t fast = w.gus + 1;
    assert_true(desk_hears(&w.d, fast, MSG_ASSIGN, &m)); // the probe
    uint8_t *at;
    struct msg probe = desk_result(&w.d, &m.as.assign, 4, 0, &at);
    struct trace_params p;
    hand_must(trace_params_decode(&p, m.as.assign.spec.params));
    static uint8_t cells[16 * 12 * 4];
    static uint8_t room[2048];
    memset(cells, 0xff, sizeof cells); // as dear as can be said
    struct trace_report r = {.cells_x = p.w, .cells_y = p.h, .cost = bytes_of(cells, sizeof cells)};
    struct buffer report = buffer_of(room, sizeof room);
    hand_must(trace_report_encode(&r, &report));
    probe.as.result.report = buffer_bytes(&report);
    desk_say(&w.d, fast, &probe);
    free(at);
    assert_true(desk_hears(&w.d, w.gus, MSG_PLANNED, &m));
    desk_hang_up(&w.d, fast); // the others get what it made dear
    uint64_t late = BROKER_BUDGET_BASE_US + (uint64_t)BROKER_BUDGET_FACTOR * BROKER_EXPECTED_US_MAX;
    uint32_t given = 0;
    for (uint64_t conn = w.own; conn <= w.gus + 2; conn++)
        while (conn != fast && desk_hears(&w.d, conn, MSG_ASSIGN, &m)) {
            assert_true(m.as.assign.budget_ms <= late / US_PER_MS); // nor is it for ever
            given++;
        }
    assert_true(given > 0);
    desk_close(&w.d);
}

static void test_largest_frame(void **state)
{
    (void)state;
    struct world w;
    struct msg m = desk_submit(1);
    world_open(&w, &(struct desk_cfg){.bytes = (size_t)512 << 20});
    m.as.submit.width = PIXELS_SIDE_MAX;
    m.as.submit.height = PIXELS_SIDE_MAX;
    m.as.submit.samples = MSG_SAMPLES_MAX;
    m.as.submit.tiles = MSG_TILES_MAX;
    desk_say(&w.d, w.gus, &m);
    give_scene(&w);
    assert_true(desk_work(&w.d, w.ann, ANN, 0) || desk_work(&w.d, w.bob, BOB, 0));
    assert_true(desk_hears(&w.d, w.gus, MSG_FAILED, &m)); // more tasks than there may be
    assert_int_equal(m.as.failed.rc, RC_FULL);
    assert_int_equal(broker_stat(w.d.broker).frames + broker_stat(w.d.broker).tasks_waiting, 0);
    desk_close(&w.d);
}

// A scene that cannot be asked for: the gamer is told, or at least closed, and does not wait.
static void test_no_memory_to_ask(void **state)
{
    (void)state;
    for (size_t more = 0; more < 20000; more += more < 2000 ? 8 : 500) {
        struct world w;
        struct msg m;
        world_open(&w, &(struct desk_cfg){0});
        w.d.budget.limit_bytes = w.d.budget.used_bytes + more;
        submit(&w, 1);
        bool is_asked = desk_hears(&w.d, w.gus, MSG_OBJECT_GET, &m);
        bool is_closed = desk_is_closed(&w.d, w.gus);
        assert_true(is_asked || is_closed || desk_hears(&w.d, w.gus, MSG_FAILED, &m));
        desk_wait(&w.d, is_closed ? BROKER_LINGER_US : 0);
        assert_int_equal(broker_stat(w.d.broker).frames, is_asked ? 1 : 0);
        desk_close(&w.d);
    }
}

// Every step of a frame with memory that ends there: told or closed, and all is given back.
static void test_budget_runs_out(void **state)
{
    (void)state;
    struct world w;
    world_open(&w, &(struct desk_cfg){0});
    size_t least = w.d.budget.used_bytes;
    desk_close(&w.d);
    uint32_t done = 0;
    uint32_t failed = 0;
    for (size_t more = 8192; more < ((size_t)4 << 20); more += more / 100 + 97) {
        struct msg m;
        world_open(&w, &(struct desk_cfg){0});
        w.d.budget.limit_bytes = least + more;
        submit(&w, 1);
        give_scene(&w);
        work_all(&w);
        desk_wait(&w.d, SECOND);
        bool is_done = desk_hears(&w.d, w.gus, MSG_DONE, &m);
        bool is_failed = desk_hears(&w.d, w.gus, MSG_FAILED, &m);
        bool is_out = desk_is_closed(&w.d, w.gus);
        // A helper that could not be told lost its task, and the own compute may have taken over.
        assert_true(is_done || is_failed || is_out || desk_is_closed(&w.d, w.own));
        done += is_done;
        failed += is_failed;
        desk_close(&w.d);
    }
    assert_true(done > 0 && failed > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_frame),
        cmocka_unit_test(test_second_frame_needs_no_probe),
        cmocka_unit_test(test_parts_that_lie),
        cmocka_unit_test(test_parts_nobody_asked_for),
        cmocka_unit_test(test_scenes_that_never_come),
        cmocka_unit_test(test_nine_frames_and_doubles),
        cmocka_unit_test(test_withdraw_in_each_state),
        cmocka_unit_test(test_results_that_do_not_belong),
        cmocka_unit_test(test_results_that_are_none),
        cmocka_unit_test(test_two_wrong_results_bar),
        cmocka_unit_test(test_losses),
        cmocka_unit_test(test_own_compute_fails),
        cmocka_unit_test(test_check_waits_for_own_compute),
        cmocka_unit_test(test_nobody_left),
        cmocka_unit_test(test_boasts),
        cmocka_unit_test(test_largest_frame),
        cmocka_unit_test(test_no_memory_to_ask),
        cmocka_unit_test(test_budget_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
