// SPDX-License-Identifier: MIT
// Hub, helpers and gamers in a simulated world: frames come out whole and right, whatever fails.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compute_rig.h"
#include "kernel/pack/pack.h"
#include "kernel/world/base.h"
#include "scene/scene.h"
#include "scene/scenes.h"

#define SECOND     ((uint64_t)1000000)
#define KEPT_BYTES ((size_t)1 << 20) // results of all frames of a test, kept to be given again

static struct budget scenes = {.limit_bytes = SCENES_BUDGET_BYTES};
static struct buffer cornell;

static int make_scene(void **state)
{
    (void)state;
    return scenes_make(bytes_text("cornell"), &scenes, &cornell, NULL) == RC_OK ? 0 : -1;
}

static int drop_scene(void **state)
{
    (void)state;
    budget_give(&scenes, cornell.at);
    return scenes.used_bytes == 0 ? 0 : -1;
}

static struct msg_submit frame_of(uint32_t frame)
{
    struct msg_submit m = {.scene = hash_bytes(buffer_bytes(&cornell)),
                           .frame = frame,
                           .width = 48,
                           .height = 36,
                           .samples = 3,
                           .depth_max = 4,
                           .tiles = 16};
    struct scene s;
    assert_int_equal(scene_open(&s, buffer_bytes(&cornell), NULL), RC_OK);
    m.camera = scene_camera(&s, 0);
    return m;
}

// The whole frame by one kernel in one go: what the assembled one must equal.
static uint8_t *reference(const struct msg_submit *m, size_t *len)
{
    struct trace_params p = {.seed = trace_seed(&m->scene),
                             .frame = m->frame,
                             .width = m->width,
                             .height = m->height,
                             .w = m->width,
                             .h = m->height,
                             .sample_count = m->samples,
                             .depth_max = m->depth_max,
                             .cell = 8,
                             .camera = m->camera};
    uint8_t room[512];
    struct buffer params = buffer_of(room, sizeof room);
    assert_int_equal(trace_params_encode(&p, &params), RC_OK);
    void *kernel;
    assert_int_equal(world_base.open(&kernel, NULL), RC_OK);
    assert_int_equal(world_base.load(kernel, buffer_bytes(&cornell)), RC_OK);
    assert_int_equal(trace_kernel.result_bounds(buffer_bytes(&params), len, len), RC_OK);
    uint8_t *at = malloc(*len);
    uint8_t *report_at = malloc(KERNEL_REPORT_BYTES_MAX);
    struct buffer result = buffer_of(at, *len);
    struct buffer report = buffer_of(report_at, KERNEL_REPORT_BYTES_MAX);
    assert_int_equal(trace_kernel.run(kernel, &(struct kernel_in){.params = buffer_bytes(&params)},
                                      &result, &report),
                     RC_OK);
    world_base.close(kernel);
    free(report_at);
    return at;
}

static void assert_right(struct rig *r, uint32_t gamer, uint64_t job, const struct msg_submit *m)
{
    struct join *j = gamer_take(rig_gamer_machine(r, gamer), job);
    assert_non_null(j);
    size_t len;
    uint8_t *want = reference(m, &len);
    struct cursor c = {.left = bytes_of(want, len)};
    for (uint32_t y = 0; y < m->height; y++)
        for (uint32_t x = 0; x < m->width; x++)
            for (uint32_t layer = 0; layer < TRACE_LAYERS; layer++)
                for (uint32_t channel = 0; channel < 3; channel++)
                    assert_int_equal(join_sum(j, x, y, layer, channel), cursor_u32le(&c));
    assert_true(cursor_done(&c));
    free(want);
    join_free(j);
}

static struct rig *rig_of(uint64_t seed)
{
    return rig_new(&(struct rig_cfg){
        .seed = seed, .is_own_last = true, .attempts_max = 3, .broker_bytes = (size_t)256 << 20});
}

// One frame with these helpers: it must come, be right, and return what it cost.
static struct msg_done one_frame(uint64_t seed, const struct rig_helper_cfg *helper, uint32_t count,
                                 uint64_t *hash)
{
    struct rig *r = rig_of(seed);
    for (uint32_t i = 0; i < count; i++)
        rig_helper(r, &helper[i]);
    uint32_t g = rig_gamer(r, NULL, buffer_bytes(&cornell));
    struct msg_submit m = frame_of(0);
    uint64_t job = rig_submit(r, g, &m);
    struct gamer_event e;
    assert_true(rig_run_to(r, g, GAMER_EVENT_FRAME, 600 * SECOND, &e));
    assert_int_equal(e.job, job);
    assert_right(r, g, job, &m);
    assert_int_equal(broker_stat(rig_broker(r)).frames, 0);
    if (hash != NULL)
        *hash = world_hash(rig_world(r));
    struct msg_done done = e.done;
    rig_free(r);
    return done;
}

static void test_frame_equals_one_process(void **state)
{
    (void)state;
    struct rig_helper_cfg four[4] = {{0}};
    struct msg_done done = one_frame(1, four, 4, NULL);
    assert_int_equal(done.tiles, 16);
    assert_int_equal(done.retries, 0);
    assert_int_equal(done.wrong, 0);
}

static void test_same_seed_same_history(void **state)
{
    (void)state;
    struct rig_helper_cfg mixed[4] = {{.us_per_unit = 2},
                                      {.fault = RIG_DYING, .after_tasks = 2},
                                      {.fault = RIG_FORGING, .spoiled_permille = 100},
                                      {.slots = 2}};
    uint64_t first;
    uint64_t second;
    uint64_t other;
    one_frame(7, mixed, 4, &first);
    one_frame(7, mixed, 4, &second);
    one_frame(8, mixed, 4, &other);
    assert_true(first == second);
    assert_true(first != other);
}

static void test_dead_helper(void **state)
{
    (void)state;
    struct rig_helper_cfg h[3] = {{.fault = RIG_DYING, .after_tasks = 2}, {0}, {0}};
    assert_true(one_frame(2, h, 3, NULL).retries >= 1);
}

static void test_helper_that_falls_silent(void **state)
{
    (void)state;
    struct rig_helper_cfg h[2] = {{.fault = RIG_HOLE, .after_tasks = 2}, {0}};
    (void)one_frame(3, h, 2, NULL); // by a second copy, which need not wait until the first is late
}

static void test_helper_that_never_answers(void **state)
{
    (void)state;
    struct rig_helper_cfg h[2] = {{.fault = RIG_SILENT}, {0}};
    (void)one_frame(4, h, 2, NULL);
}

static void test_failing_helper(void **state)
{
    (void)state;
    struct rig_helper_cfg h[2] = {{.fault = RIG_FAILING}, {0}};
    assert_true(one_frame(5, h, 2, NULL).retries >= 1);
}

static void test_forger_is_found_out_and_barred(void **state)
{
    (void)state;
    struct rig *r = rig_of(6);
    uint32_t forger =
        rig_helper(r, &(struct rig_helper_cfg){.fault = RIG_FORGING, .spoiled_permille = 1000});
    rig_helper(r, &(struct rig_helper_cfg){0});
    uint32_t g = rig_gamer(r, NULL, buffer_bytes(&cornell));
    struct msg_submit m = frame_of(0);
    uint64_t job = rig_submit(r, g, &m);
    struct gamer_event e;
    assert_true(rig_run_to(r, g, GAMER_EVENT_FRAME, 600 * SECOND, &e));
    assert_right(r, g, job, &m);
    assert_int_equal(e.done.wrong, 2); // two strikes, then it is out
    assert_int_equal(broker_stat(rig_broker(r)).barred, 1);
    assert_int_equal(broker_stat(rig_broker(r)).helpers, 1);
    rig_helper_return(r, forger); // the key is known
    rig_run(r, world_now_us(rig_world(r)) + SECOND);
    assert_int_equal(broker_stat(rig_broker(r)).helpers, 1);
    assert_non_null(strstr(helper_refusal(rig_helper_machine(r, forger)), "barred"));
    rig_free(r);
}

static void test_hub_alone(void **state)
{
    (void)state;
    assert_int_equal(one_frame(9, NULL, 0, NULL).tiles, 16);
}

static void test_all_helpers_fail_hub_takes_over(void **state)
{
    (void)state;
    struct rig_helper_cfg h[4] = {{.fault = RIG_FAILING},
                                  {.fault = RIG_FAILING},
                                  {.fault = RIG_FAILING},
                                  {.fault = RIG_DYING, .after_tasks = 1}};
    assert_true(one_frame(10, h, 4, NULL).retries >= 3);
}

static void test_tasks_wait_for_a_helper(void **state)
{
    (void)state;
    struct rig *r = rig_new(
        &(struct rig_cfg){.seed = 11, .attempts_max = 3, .broker_bytes = (size_t)256 << 20});
    uint32_t g = rig_gamer(r, NULL, buffer_bytes(&cornell));
    struct msg_submit m = frame_of(0);
    uint64_t job = rig_submit(r, g, &m);
    struct gamer_event e;
    assert_false(rig_run_to(r, g, GAMER_EVENT_FRAME, 100 * SECOND, &e));
    assert_int_equal(broker_stat(rig_broker(r)).tasks_waiting, 1); // the probe
    uint32_t h = rig_helper(r, &(struct rig_helper_cfg){.us_per_unit = 10});
    assert_true(rig_run_to(r, g, GAMER_EVENT_TILE, 200 * SECOND, &e));
    rig_helper_cut(r, h);
    rig_run(r, world_now_us(rig_world(r)) + 2 * SECOND);
    rig_helper(r, &(struct rig_helper_cfg){0});
    assert_true(rig_run_to(r, g, GAMER_EVENT_FRAME, 600 * SECOND, &e));
    assert_right(r, g, job, &m);
    rig_free(r);
}

static void test_attempts_run_out_without_own_compute(void **state)
{
    (void)state;
    struct rig *r = rig_new(
        &(struct rig_cfg){.seed = 12, .attempts_max = 2, .broker_bytes = (size_t)256 << 20});
    rig_helper(r, &(struct rig_helper_cfg){.fault = RIG_FAILING});
    rig_helper(r, &(struct rig_helper_cfg){.fault = RIG_FAILING});
    uint32_t g = rig_gamer(r, NULL, buffer_bytes(&cornell));
    struct msg_submit m = frame_of(0);
    rig_submit(r, g, &m);
    struct gamer_event e;
    assert_true(rig_run_to(r, g, GAMER_EVENT_FAILED, 600 * SECOND, &e)); // told, not left alone
    assert_non_null(strstr(e.text, "every attempt failed"));
    rig_free(r);
}

static void test_many_frames_and_gamers(void **state)
{
    (void)state;
    struct rig *r = rig_of(13);
    for (int i = 0; i < 3; i++)
        rig_helper(r, &(struct rig_helper_cfg){.slots = 2});
    uint32_t gamer[2] = {rig_gamer(r, NULL, buffer_bytes(&cornell)),
                         rig_gamer(r, NULL, buffer_bytes(&cornell))};
    uint64_t job[2][4];
    for (uint32_t i = 0; i < 4; i++) {
        struct msg_submit m = frame_of(i);
        job[0][i] = rig_submit(r, gamer[0], &m);
        job[1][i] = rig_submit(r, gamer[1], &m);
    }
    struct gamer_event e;
    for (uint32_t g = 0; g < 2; g++) {
        for (int i = 0; i < 4; i++)
            assert_true(rig_run_to(r, gamer[g], GAMER_EVENT_FRAME, 600 * SECOND, &e));
        for (uint32_t i = 0; i < 4; i++) {
            struct msg_submit m = frame_of(i);
            assert_right(r, gamer[g], job[g][i], &m);
        }
    }
    rig_free(r);
}

static void test_gamer_leaves(void **state)
{
    (void)state;
    struct rig *r = rig_of(14);
    rig_helper(r, &(struct rig_helper_cfg){.us_per_unit = 1000});
    rig_run(r, world_now_us(rig_world(r)) + SECOND);
    uint32_t g = rig_gamer(r, NULL, buffer_bytes(&cornell));
    struct msg_submit m = frame_of(0);
    rig_submit(r, g, &m);
    struct gamer_event e;
    assert_true(rig_run_to(r, g, GAMER_EVENT_TILE, 600 * SECOND, &e));
    rig_gamer_cut(r, g);
    rig_run(r, world_now_us(rig_world(r)) + SECOND);
    assert_int_equal(broker_stat(rig_broker(r)).frames, 1); // it may come back
    rig_run(r, world_now_us(rig_world(r)) + BROKER_LINGER_US);
    struct broker_stat s = broker_stat(rig_broker(r));
    assert_int_equal(s.gamers + s.gamers_away + s.frames + s.tasks_waiting, 0);
    assert_int_equal(s.helpers, 1);
    assert_true(rig_broker_used_bytes(r) < KEPT_BYTES); // results, standings, connections
    rig_free(r);
}

static void test_token(void **state)
{
    (void)state;
    const char *const given[] = {"right", "wrong", NULL};
    for (size_t i = 0; i < 3; i++) {
        struct rig *r = rig_new(&(struct rig_cfg){.seed = 15,
                                                  .is_own_last = true,
                                                  .attempts_max = 3,
                                                  .token = "right",
                                                  .broker_bytes = (size_t)64 << 20});
        uint32_t g = rig_gamer(r, given[i], buffer_bytes(&cornell));
        struct gamer_event e;
        bool is_in = i == 0;
        assert_true(rig_run_to(r, g, is_in ? GAMER_EVENT_IN : GAMER_EVENT_OUT, 5 * SECOND, &e));
        if (!is_in)
            assert_non_null(strstr(e.text, "wrong token"));
        rig_free(r);
    }
}

static void test_malformed_helper_is_dropped(void **state)
{
    (void)state;
    struct rig *r = rig_of(16);
    uint32_t h = rig_helper(r, &(struct rig_helper_cfg){0});
    rig_run(r, world_now_us(rig_world(r)) + SECOND);
    assert_int_equal(broker_stat(rig_broker(r)).helpers, 1);
    rig_inject(r, h, bytes_text("no message at all"));
    rig_run(r, world_now_us(rig_world(r)) + SECOND);
    assert_int_equal(broker_stat(rig_broker(r)).helpers, 0);
    rig_free(r);
}

static void test_scene_that_is_none(void **state)
{
    (void)state;
    struct rig *r = rig_of(17);
    rig_helper(r, &(struct rig_helper_cfg){0});
    struct bytes junk = bytes_text("shoalsc1 but nothing more");
    uint32_t g = rig_gamer(r, NULL, junk);
    struct msg_submit m = frame_of(0);
    m.scene = hash_bytes(junk);
    rig_submit(r, g, &m);
    struct gamer_event e;
    assert_true(rig_run_to(r, g, GAMER_EVENT_FAILED, 600 * SECOND, &e));
    rig_free(r);
}

static void test_memory_runs_out(void **state)
{
    (void)state;
    for (size_t kb = 16; kb <= 4096; kb *= 2) { // told or served, never stuck, nothing leaked
        struct rig *r = rig_new(&(struct rig_cfg){
            .seed = 18, .is_own_last = true, .attempts_max = 3, .broker_bytes = kb << 10});
        rig_helper(r, &(struct rig_helper_cfg){0});
        uint32_t g = rig_gamer(r, NULL, buffer_bytes(&cornell));
        struct msg_submit m = frame_of(0);
        rig_submit(r, g, &m);
        rig_run(r, 600 * SECOND);
        struct gamer_event e;
        bool is_settled = false;
        while (rig_gamer_event(r, g, &e))
            is_settled = is_settled || e.kind == GAMER_EVENT_FRAME ||
                         e.kind == GAMER_EVENT_FAILED || e.kind == GAMER_EVENT_OUT;
        assert_true(is_settled);
        rig_free(r);
    }
}

// ---- The hub goes down

// At every 5 ms of a frame's life; records are written at once, or not in the last 20 ms.
static void test_hub_crashes(void **state)
{
    (void)state;
    uint32_t resumed = 0;
    for (uint64_t at_us = 1000; at_us < 600000; at_us += 5000 + at_us / 8) {
        for (uint64_t deaf_us = 0; deaf_us <= 20000; deaf_us += 20000) {
            struct rig *r = rig_of(19);
            struct msg_submit m = frame_of(0);
            for (int i = 0; i < 3; i++)
                rig_helper(r, &(struct rig_helper_cfg){.us_per_unit = 5});
            uint32_t g = rig_gamer(r, NULL, buffer_bytes(&cornell));
            uint64_t job = rig_submit(r, g, &m);
            (void)rig_run_echo(r, g, "a run");
            uint64_t start_us = world_now_us(rig_world(r));
            rig_run(r, start_us + (at_us > deaf_us ? at_us - deaf_us : 0));
            rig_hub_deaf(r, deaf_us > 0);
            rig_run(r, start_us + at_us);
            rig_hub_crash(r);
            struct gamer_event e;
            assert_true(rig_run_to(r, g, GAMER_EVENT_FRAME, 600 * SECOND, &e));
            resumed += (uint32_t)broker_stat(rig_broker(r)).resumed;
            assert_right(r, g, job, &m);
            assert_int_equal(rig_gamer_twice(r, g), 0);
            rig_free(r);
        }
    }
    assert_true(resumed > 10);
}

// One asks for a thousand things, the other for a few: both get the same share while they want it.
static void test_gamers_take_turns(void **state)
{
    (void)state;
    struct rig *r = rig_of(20);
    rig_helper(r, &(struct rig_helper_cfg){.us_per_unit = 20}); // 20 ms each
    uint32_t greedy = rig_gamer(r, NULL, buffer_bytes(&cornell));
    uint32_t modest = rig_gamer(r, NULL, buffer_bytes(&cornell));
    rig_run(r, SECOND);
    char text[16];
    for (unsigned i = 0; i < 1000; i++) {
        (void)snprintf(text, sizeof text, "greedy %u", i);
        (void)rig_run_echo(r, greedy, text);
    }
    rig_run(r, 2 * SECOND);
    for (unsigned i = 0; i < 50; i++) {
        (void)snprintf(text, sizeof text, "modest %u", i);
        (void)rig_run_echo(r, modest, text);
    }
    struct gamer_event e;
    uint32_t done[2] = {0, 0};
    while (rig_gamer_event(r, greedy, &e))
        continue; // while it was alone
    while (done[1] < 50) {
        assert_true(rig_run_to(r, modest, GAMER_EVENT_RAN, 100 * SECOND, &e));
        done[1]++;
        while (rig_gamer_event(r, greedy, &e))
            done[0] += e.kind == GAMER_EVENT_RAN;
        assert_true(done[0] <= done[1] + 2 && done[1] <= done[0] + 2);
    }
    rig_free(r);
}

// Four frames that came first do not hold up the single one of somebody else.
static void test_frames_take_turns(void **state)
{
    (void)state;
    struct rig *r = rig_of(21);
    rig_helper(r, &(struct rig_helper_cfg){.us_per_unit = 10});
    uint32_t greedy = rig_gamer(r, NULL, buffer_bytes(&cornell));
    uint32_t modest = rig_gamer(r, NULL, buffer_bytes(&cornell));
    for (uint32_t i = 0; i < 4; i++) {
        struct msg_submit m = frame_of(i);
        (void)rig_submit(r, greedy, &m);
    }
    struct gamer_event e;
    assert_true(rig_run_to(r, greedy, GAMER_EVENT_TILE, 600 * SECOND, &e));
    struct msg_submit m = frame_of(9);
    (void)rig_submit(r, modest, &m);
    assert_true(rig_run_to(r, modest, GAMER_EVENT_FRAME, 600 * SECOND, &e));
    uint32_t others = 0;
    while (rig_gamer_event(r, greedy, &e))
        others += e.kind == GAMER_EVENT_FRAME;
    assert_true(others <= 2);
    for (; others < 4; others++)
        assert_true(rig_run_to(r, greedy, GAMER_EVENT_FRAME, 600 * SECOND, &e));
    rig_free(r);
}

#define SOAK_FRAMES_MAX 8u
#define SOAK_RUNS_MAX   40u
#define SOAK_STEPS      40u
#define SOAK_RETURNS    20u // of a gamer that is closed again and again, for want of memory
#define SOAK_LIMIT_US   (7200 * SECOND)
#define SOAK_SCARCE     ((size_t)1 << 20)
#define SOAK_SLOT_BYTES ((size_t)1 << 16) // what the broker may keep of a peer that is gone

static uint64_t soak_first = 1; // set by main alone
static uint64_t soak_count = 30;

struct soak_frame {
    uint32_t gamer;
    uint64_t job;
    struct msg_submit spec;
    uint32_t whole, failed; // how often either was said
};

struct soak_run {
    uint32_t gamer;
    uint64_t job;
    uint32_t ran, failed;
};

struct soak {
    struct rig *rig;
    struct rng dice;
    uint32_t helpers, gamers, frames, runs, crashes;
    uint32_t returns[RIG_GAMERS_MAX];
    struct soak_frame frame[SOAK_FRAMES_MAX];
    struct soak_run run[SOAK_RUNS_MAX];
};

static uint32_t dice(struct soak *s, uint32_t bound)
{
    return (uint32_t)rng_below(&s->dice, bound);
}

static void soak_helper(struct soak *s, bool is_honest)
{
    struct rig_helper_cfg cfg = {
        .fault = is_honest ? RIG_HONEST : (enum rig_fault)dice(s, RIG_HOLE + 1),
        .after_tasks = 1 + dice(s, 6),
        .spoiled_permille = 100 + dice(s, 901),
        .us_per_unit = 0.1 + rng_unit(&s->dice) * (dice(s, 4) == 0 ? 500 : 10),
        .slots = 1 + dice(s, 3),
        .latency_us = 100 + dice(s, 200000)};
    rig_helper(s->rig, &cfg);
    s->helpers++;
}

static void soak_submit(struct soak *s)
{
    uint32_t g = dice(s, s->gamers);
    if (s->frames == SOAK_FRAMES_MAX)
        return;
    struct soak_frame *f = &s->frame[s->frames++];
    f->spec = frame_of(dice(s, 3));
    f->spec.width = 1 + dice(s, 48);
    f->spec.height = 1 + dice(s, 36);
    f->spec.samples = 1 + dice(s, 4);
    f->spec.depth_max = 1 + dice(s, 4);
    f->spec.tiles = dice(s, 20);
    f->gamer = g;
    f->job = rig_submit(s->rig, g, &f->spec);
}

static void soak_echo(struct soak *s)
{
    static const char *const text[] = {"a", "bb", "ccc", "dddd", "eeeee", "ffffff"};
    if (s->runs == SOAK_RUNS_MAX)
        return;
    struct soak_run *r = &s->run[s->runs++];
    r->gamer = dice(s, s->gamers);
    r->job = rig_run_echo(s->rig, r->gamer, text[dice(s, 6)]); // some of them again
}

static uint64_t soak_run_of(struct soak *s, uint32_t gamer, const struct msg_run *m)
{
    struct soak_run *r = &s->run[s->runs++];
    r->gamer = gamer;
    r->job = rig_run_of(s->rig, gamer, m);
    return r->job;
}

// Light that is kept, packed and kept, and packed again with what was packed as a dictionary.
static void soak_graph(struct soak *s)
{
    uint8_t room[2][512];
    struct buffer light = buffer_of(room[0], sizeof room[0]);
    struct buffer packed = buffer_of(room[1], sizeof room[1]);
    if (s->runs + 3 > SOAK_RUNS_MAX)
        return;
    const struct msg_submit frame = frame_of(0);
    struct trace_params trace = {
        .frame = dice(s, 3), .sample_count = 1, .depth_max = 2, .cell = 8, .camera = frame.camera};
    trace.width = trace.height = trace.w = trace.h = 6;
    const struct pack_params pack = {
        .level = 1, .block_bytes = PACK_BLOCK_BYTES_MIN, .input_bytes = 36 * TRACE_PIXEL_BYTES};
    assert_int_equal(trace_params_encode(&trace, &light), RC_OK);
    assert_int_equal(pack_params_encode(&pack, &packed), RC_OK);
    struct msg_run m = {.is_kept = true,
                        .spec = {.kernel = "trace",
                                 .input_count = 1,
                                 .input = {frame.scene},
                                 .params = buffer_bytes(&light)}};
    const uint32_t gamer = dice(s, s->gamers);
    m.need[0] = soak_run_of(s, gamer, &m);
    m.spec = (struct task_spec){.kernel = "pack", .params = buffer_bytes(&packed)};
    m.need_count = 1;
    m.deadline_ms = dice(s, 4) == 0 ? 1 + dice(s, 2000) : 0;
    m.need[1] = soak_run_of(s, gamer, &m);
    m.need_count = 2;
    m.is_kept = false;
    (void)soak_run_of(s, gamer, &m);
}

static void soak_take(struct soak *s, uint32_t g, const struct gamer_event *e)
{
    for (uint32_t i = 0; i < s->frames; i++) {
        struct soak_frame *f = &s->frame[i];
        if (f->gamer != g || f->job != e->job)
            continue;
        f->failed += e->kind == GAMER_EVENT_FAILED;
        f->whole += e->kind == GAMER_EVENT_FRAME;
        if (e->kind == GAMER_EVENT_FRAME)
            assert_right(s->rig, g, f->job, &f->spec);
    }
    for (uint32_t i = 0; i < s->runs; i++) {
        struct soak_run *r = &s->run[i];
        r->failed += r->gamer == g && r->job == e->job && e->kind == GAMER_EVENT_FAILED;
        r->ran += r->gamer == g && r->job == e->job && e->kind == GAMER_EVENT_RAN;
    }
}

static void soak_listen(struct soak *s)
{
    struct gamer_event e;
    for (uint32_t g = 0; g < s->gamers; g++) {
        while (rig_gamer_event(s->rig, g, &e))
            soak_take(s, g, &e);
        assert_int_equal(rig_gamer_twice(s->rig, g), 0); // whatever broke
    }
}

// The wire breaks, and the gamer is back: at once, soon, or when its jobs were given up.
static void soak_break(struct soak *s)
{
    static const uint64_t away_us[] = {0, 10000, SECOND, 20 * SECOND, BROKER_LINGER_US + SECOND};
    uint32_t g = dice(s, s->gamers);
    uint64_t until_us = away_us[dice(s, 5)];
    if (until_us > 0 || dice(s, 2) == 0)
        rig_gamer_cut(s->rig, g);
    rig_run(s->rig, world_now_us(rig_world(s->rig)) + until_us);
    rig_gamer_return(s->rig, g);
}

static void soak_crash(struct soak *s)
{
    if (dice(s, 2) == 0) { // and the last of what was done is not written
        rig_hub_deaf(s->rig, true);
        rig_run(s->rig, world_now_us(rig_world(s->rig)) + rng_below(&s->dice, SECOND));
    }
    rig_hub_crash(s->rig);
    s->crashes++;
}

static void soak_step(struct soak *s)
{
    uint32_t what = dice(s, 16);
    if (what < 3 && s->helpers < 8) {
        soak_helper(s, dice(s, 2) == 0);
    } else if (what < 5 && s->helpers > 0) {
        rig_helper_cut(s->rig, dice(s, s->helpers));
    } else if (what < 7 && s->helpers > 0) {
        rig_helper_return(s->rig, dice(s, s->helpers));
    } else if (what == 7 && s->gamers < 2) {
        rig_gamer(s->rig, NULL, buffer_bytes(&cornell));
        s->gamers++;
    } else if (what == 8) {
        soak_break(s);
    } else if (what == 9) {
        soak_crash(s);
    } else if (what < 12) {
        soak_echo(s);
    } else if (what == 12) {
        soak_graph(s);
    } else {
        soak_submit(s);
    }
    uint64_t wait = dice(s, 3) == 0 ? 30 * SECOND : SECOND / 5;
    rig_run(s->rig, world_now_us(rig_world(s->rig)) + rng_below(&s->dice, wait));
    soak_listen(s);
}

static bool soak_is_over(const struct soak *s)
{
    for (uint32_t i = 0; i < s->frames; i++)
        if (s->frame[i].whole + s->frame[i].failed == 0)
            return false;
    for (uint32_t i = 0; i < s->runs; i++)
        if (s->run[i].ran + s->run[i].failed == 0)
            return false;
    return true;
}

// Told once, whole or not.
static void soak_check(const struct soak *s)
{
    for (uint32_t i = 0; i < s->frames; i++)
        assert_int_equal(s->frame[i].whole + s->frame[i].failed, 1);
    for (uint32_t i = 0; i < s->runs; i++)
        assert_int_equal(s->run[i].ran + s->run[i].failed, 1);
}

// Who was shown out, for want of memory, comes back; one that never gets in gives up.
static void soak_return(struct soak *s)
{
    rig_own_return(s->rig); // harmless unless the broker had no memory for it
    for (uint32_t g = 0; g < s->gamers; g++) {
        if (rig_gamer_is_in(s->rig, g))
            continue;
        if (s->returns[g]++ < SOAK_RETURNS)
            rig_gamer_return(s->rig, g);
        else
            rig_gamer_abandon(s->rig, g);
    }
}

// Whatever happened: in the end there are honest helpers, or the hub's own compute takes over.
static void soak_end(struct soak *s)
{
    soak_helper(s, true);
    soak_helper(s, true);
    while (!soak_is_over(s) && world_now_us(rig_world(s->rig)) < SOAK_LIMIT_US) {
        rig_run(s->rig, world_now_us(rig_world(s->rig)) + 60 * SECOND);
        soak_listen(s);
        soak_return(s);
    }
    soak_check(s);
    for (uint32_t g = 0; g < s->gamers; g++)
        rig_gamer_cut(s->rig, g);
    for (uint32_t h = 0; h < s->helpers; h++)
        rig_helper_cut(s->rig, h);
    rig_run(s->rig, world_now_us(rig_world(s->rig)) + 60 * SECOND + BROKER_LINGER_US);
    soak_listen(s);
    assert_int_equal(broker_stat(rig_broker(s->rig)).gamers, 0);
    assert_int_equal(broker_stat(rig_broker(s->rig)).gamers_away, 0);
    assert_int_equal(broker_stat(rig_broker(s->rig)).frames, 0);
    assert_int_equal(broker_stat(rig_broker(s->rig)).helpers, 0);
    assert_true(rig_broker_used_bytes(s->rig) < SOAK_SLOT_BYTES + KEPT_BYTES);
    soak_check(s);
}

struct soak_sum {
    uint32_t whole, ran, crashes;
};

static uint64_t soak_world(uint64_t seed, struct soak_sum *sum)
{
    struct soak s = {.dice = rng_seeded(seed), .gamers = 1};
    struct rig_cfg cfg = {.seed = seed,
                          .is_own_last = dice(&s, 2) == 0,
                          .attempts_max = 1 + dice(&s, 6),
                          .broker_bytes = (size_t)256 << 20};
    if (dice(&s, 4) == 0)
        cfg.broker_bytes = SOAK_SCARCE + rng_below(&s.dice, 4 * SOAK_SCARCE);
    s.rig = rig_new(&cfg);
    rig_gamer(s.rig, NULL, buffer_bytes(&cornell));
    for (uint32_t i = 0; i < SOAK_STEPS; i++)
        soak_step(&s);
    soak_end(&s);
    for (uint32_t i = 0; i < s.frames; i++)
        sum->whole += s.frame[i].whole;
    for (uint32_t i = 0; i < s.runs; i++)
        sum->ran += s.run[i].ran;
    sum->crashes += s.crashes;
    uint64_t hash = world_hash(rig_world(s.rig));
    rig_free(s.rig);
    return hash;
}

static void test_worlds_drawn_from_a_seed(void **state)
{
    (void)state;
    struct soak_sum sum = {0};
    for (uint64_t i = 0; i < soak_count; i++) {
        uint64_t seed = soak_first + i;
        printf("\rseed %llu",
               (unsigned long long)seed); // the last one printed is the one that failed
        (void)fflush(stdout);
        uint64_t hash = soak_world(seed, &sum);
        if (i % 8 == 0)
            assert_true(soak_world(seed, &sum) == hash); // the same seed, the same history
    }
    printf(": %u whole frames, %u runs, %u crashes\n", sum.whole, sum.ran, sum.crashes);
    assert_true(soak_count < 10 || sum.whole > 3 * soak_count); // it is not all failures
    assert_true(soak_count < 10 || sum.ran > 4 * soak_count);
}

// usage: compute_sim_test [SEED [COUNT]]: only worlds drawn from COUNT seeds, SEED being the first
int main(int argc, char **argv)
{
    soak_first = argc > 1 ? strtoull(argv[1], NULL, 0) : soak_first;
    soak_count = argc > 2 ? strtoull(argv[2], NULL, 0) : argc > 1 ? 1 : soak_count;
    if (argc > 1)
        cmocka_set_test_filter("test_worlds*");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worlds_drawn_from_a_seed),
        cmocka_unit_test(test_frame_equals_one_process),
        cmocka_unit_test(test_same_seed_same_history),
        cmocka_unit_test(test_dead_helper),
        cmocka_unit_test(test_helper_that_falls_silent),
        cmocka_unit_test(test_helper_that_never_answers),
        cmocka_unit_test(test_failing_helper),
        cmocka_unit_test(test_forger_is_found_out_and_barred),
        cmocka_unit_test(test_hub_alone),
        cmocka_unit_test(test_all_helpers_fail_hub_takes_over),
        cmocka_unit_test(test_tasks_wait_for_a_helper),
        cmocka_unit_test(test_attempts_run_out_without_own_compute),
        cmocka_unit_test(test_many_frames_and_gamers),
        cmocka_unit_test(test_gamer_leaves),
        cmocka_unit_test(test_token),
        cmocka_unit_test(test_malformed_helper_is_dropped),
        cmocka_unit_test(test_scene_that_is_none),
        cmocka_unit_test(test_memory_runs_out),
        cmocka_unit_test(test_hub_crashes),
        cmocka_unit_test(test_gamers_take_turns),
        cmocka_unit_test(test_frames_take_turns),
    };
    return cmocka_run_group_tests(tests, make_scene, drop_scene);
}
