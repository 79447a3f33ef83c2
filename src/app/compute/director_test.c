// SPDX-License-Identifier: MIT
// Tests of the director, by a hub that says what a test wants: each split, what fails, streams.
#include "compute/director.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "compute/player_test.h"
#include "kernel/encode/encode.h"
#include "kernel/geometry/geometry.h"

#define PLENTY     ((size_t)64 << 20)
#define SIDE       32u
#define SAMPLES    4u
#define PIXELS     ((size_t)SIDE * SIDE)
#define SUMS_BYTES (PIXELS * TRACE_PIXEL_BYTES)

static struct player p;
static struct director *d;
static uint64_t now_us;
static uint8_t sums[SUMS_BYTES]; // of a whole frame, some pattern
static uint8_t layer[LAYER_HEADER_BYTES + PIXELS * LAYER_PIXEL_BYTES];

static struct director_cfg config(enum split split)
{
    return (struct director_cfg){.budget = &p.budget,
                                 .gamer = p.gamer,
                                 .split = split,
                                 .light = {.scene = p.scene,
                                           .width = SIDE,
                                           .height = SIDE,
                                           .samples = SAMPLES,
                                           .depth_max = 3,
                                           .fps = 10,
                                           .psnr = 3800}};
}

static void begin_with(const struct director_cfg *cfg)
{
    now_us = 1000000;
    hand_must(director_new(&d, cfg));
    player_connect(&p, 2);
}

static void begin(enum split split, uint32_t group)
{
    player_open(&p, PLENTY);
    struct director_cfg cfg = config(split);
    cfg.light.group = group;
    begin_with(&cfg);
}

static void end(void)
{
    director_free(d);
    player_close(&p); // nothing of the budget is left
}

static int patterns(void **state)
{
    (void)state;
    struct buffer b = buffer_of(layer, sizeof layer);
    for (size_t i = 0; i < sizeof sums; i += 4)
        sums[i] = (uint8_t)(i / 4 + 1); // little-endian: 0..255
    hand_must(layer_begin(&b, SIDE, SIDE));
    for (size_t i = LAYER_HEADER_BYTES; i < sizeof layer; i++)
        layer[i] = (uint8_t)i;
    return 0;
}

// What the gamer hears goes to the director; what it says is there to be heard.
static void say(const struct msg *m)
{
    const size_t cap = msg_bytes_max(m);
    uint8_t *at = budget_take(&p.budget, cap);
    struct gamer_event e;
    assert_non_null(at);
    gamer_input(p.gamer, hand_encode(m, at, cap));
    budget_give(&p.budget, at);
    while (gamer_event(p.gamer, &e))
        (void)director_event(d, &e, now_us);
    player_drain(&p);
}

static struct camera camera(float x)
{
    return (struct camera){{x, 1, 3}, {0, 1, 0}, {0, 1, 0}, 40};
}

static void ask(uint32_t number)
{
    const struct camera c = camera((float)number);
    assert_int_equal(director_ask(d, number, &c, now_us), RC_OK);
    player_drain(&p);
}

static struct msg_run hears_run(const char *kernel)
{
    struct msg m;
    assert_true(player_hears(&p, MSG_RUN, &m));
    assert_string_equal(m.as.run.spec.kernel, kernel);
    return m.as.run;
}

static struct msg_submit hears_submit(void)
{
    struct msg m;
    assert_true(player_hears(&p, MSG_SUBMIT, &m));
    assert_true(digest_equal(&m.as.submit.scene, &p.scene));
    return m.as.submit;
}

static bool hears_withdraw(uint64_t job)
{
    struct msg m;
    assert_true(player_hears(&p, MSG_WITHDRAW, &m));
    return m.as.withdraw.job == job;
}

static bool hears_nothing(void)
{
    struct msg m;
    return !player_hears(&p, MSG_RUN, &m) && !player_hears(&p, MSG_SUBMIT, &m) &&
           !player_hears(&p, MSG_WITHDRAW, &m);
}

static void ran(uint64_t job, struct bytes result)
{
    const struct msg m = {
        .type = MSG_RAN,
        .as.ran = {.job = job, .attempts = 3, .wall_us = 9000, .cpu_us = 7000, .result = result}};
    say(&m);
}

static void ran_quietly(uint64_t job)
{
    ran(job, bytes_of(NULL, 0));
}

static void failed(uint64_t job)
{
    const struct msg m = {.type = MSG_FAILED,
                          .as.failed = {.job = job, .rc = RC_IO, .text = "it broke"}};
    say(&m);
}

static void planned(uint64_t job, uint32_t tiles, uint64_t plan)
{
    const struct msg m = {
        .type = MSG_PLANNED,
        .as.planned = {
            .job = job, .tiles = tiles, .helpers = 2, .plan = plan, .camera.fov_deg = 40}};
    say(&m);
}

// Its part of the pattern, for the first sample of a range; nothing for the others.
static void tile(uint64_t job, uint32_t index, struct rect r, uint32_t first, uint32_t count)
{
    static uint8_t room[SUMS_BYTES];
    struct buffer b = buffer_of(room, sizeof room);
    memset(room, 0, sizeof room);
    for (uint32_t y = r.y; y < r.y + r.h && first == 0; y++)
        buffer_put(&b, bytes_of(sums + ((size_t)y * SIDE + r.x) * TRACE_PIXEL_BYTES,
                                r.w * TRACE_PIXEL_BYTES));
    const struct msg m = {
        .type = MSG_TILE,
        .as.tile = {.job = job,
                    .index = index,
                    .rect = r,
                    .sample_first = first,
                    .sample_count = count,
                    .attempts = 2,
                    .cpu_us = 3000,
                    .wall_us = 4000,
                    .result = bytes_of(room, (size_t)r.w * r.h * TRACE_PIXEL_BYTES)}};
    say(&m);
}

static const struct rect left = {0, 0, SIDE / 2, SIDE};
static const struct rect right = {SIDE / 2, 0, SIDE / 2, SIDE};

static void done(uint64_t job)
{
    say(&(struct msg){.type = MSG_DONE, .as.done = {.job = job}});
}

static struct bytes all_sums(void)
{
    return bytes_of(sums, sizeof sums);
}

static struct bytes one_layer(void)
{
    return bytes_of(layer, sizeof layer);
}

static struct light next_light(enum light_form form, uint32_t number)
{
    struct light l;
    assert_true(director_next(d, &l));
    assert_int_equal(l.form, form);
    assert_int_equal(l.number, number);
    for (uint32_t i = 0; i < l.count; i++) {
        const struct camera c = camera((float)(number + i));
        assert_memory_equal(&l.camera[i], &c, sizeof c);
    }
    assert_int_equal(l.came_us, now_us);
    return l;
}

static bool has_next(void)
{
    struct light l;
    return director_next(d, &l);
}

// Every light frame that was asked for has come, has failed, or is under way.
static void assert_all_accounted(uint64_t came, uint64_t lost, uint64_t under_way)
{
    const struct director_stat s = director_stat(d);
    assert_int_equal(s.came, came);
    assert_int_equal(s.failed, lost);
    assert_int_equal(s.asked, came + lost + under_way);
}

// ---- Each split

static void functional_is_one_task(void **state)
{
    (void)state;
    struct trace_params t;
    begin(SPLIT_FUNCTIONAL, 0);
    ask(5);
    const struct msg_run r = hears_run("trace");
    assert_false(r.is_kept || r.is_quiet);
    assert_true(r.spec.input_count == 1 && digest_equal(&r.spec.input[0], &p.scene));
    hand_must(trace_params_decode(&t, r.spec.params));
    assert_true(t.frame == 5 && t.w == SIDE && t.h == SIDE && t.sample_count == SAMPLES);
    assert_true(hears_nothing());
    assert_int_equal(director_under_way(d), 1);
    now_us += 40000;
    ran(r.job, all_sums());
    assert_int_equal(director_under_way(d), 0);
    const struct light l = next_light(LIGHT_SUMS, 5);
    assert_true(l.tile_count == 1 && l.part_count == 1 && l.tile[0].samples == SAMPLES);
    assert_true(bytes_equal(l.part[0], all_sums()));
    assert_false(has_next());
    const struct director_stat s = director_stat(d);
    assert_int_equal(s.late_us, 40000);
    assert_int_equal(s.retries, 2);
    assert_int_equal(s.helper_us, 7000);
    assert_true(s.bytes > sizeof sums && s.bytes < sizeof sums + 1000);
    assert_int_equal(s.by_split[SPLIT_FUNCTIONAL], 1);
    assert_true(director_costs(d)->helper_us[STAGE_LIGHT] > 6999);
    assert_true(director_costs(d)->way_us[STAGE_LIGHT] > 1999);
    ran(r.job, all_sums()); // said once more
    assert_false(has_next());
    assert_all_accounted(1, 0, 0);
    end();
}

static void spatial_is_a_frame_in_tiles(void **state)
{
    (void)state;
    begin(SPLIT_SPATIAL, 0);
    ask(1);
    const struct msg_submit s = hears_submit();
    assert_false(s.is_kept);
    assert_true(s.width == SIDE && s.height == SIDE && s.samples == SAMPLES && s.frame == 1);
    assert_true(hears_nothing());
    planned(s.job, 2, 1);
    assert_int_equal(director_costs(d)->tiles, 2);
    tile(s.job, 0, left, 0, SAMPLES);
    tile(s.job, 1, right, 0, SAMPLES);
    assert_false(has_next());
    done(s.job);
    const struct light l = next_light(LIGHT_SUMS, 1);
    assert_true(l.tile_count == 1 && bytes_equal(l.part[0], all_sums()));
    assert_int_equal(director_stat(d).helper_us, 6000);
    assert_int_equal(director_stat(d).retries, 2);
    assert_true(director_costs(d)->helper_us[STAGE_LIGHT] > 5999); // of both tiles
    assert_all_accounted(1, 0, 0);
    end();
}

static void pipeline_is_three_tasks(void **state)
{
    (void)state;
    struct geometry_params g;
    begin(SPLIT_PIPELINE, 0);
    ask(1);
    const struct msg_run light = hears_run("trace");
    const struct msg_run seen = hears_run("geometry");
    const struct msg_run post = hears_run("post");
    assert_true(light.is_kept && light.is_quiet && seen.is_kept && seen.is_quiet);
    assert_true(post.is_kept && !post.is_quiet && post.spec.input_count == 0);
    assert_true(post.need_count == 2 && post.need[0] == seen.job && post.need[1] == light.job);
    hand_must(geometry_params_decode(&g, seen.spec.params));
    assert_true(g.w == SIDE && g.h == SIDE && g.side == 2);
    ask(2); // built on the one before
    (void)hears_run("trace");
    const struct msg_run next_seen = hears_run("geometry");
    const struct msg_run next_post = hears_run("post");
    struct post_params params;
    hand_must(post_params_decode(&params, next_post.spec.params));
    assert_true(params.has_before && next_post.need_count == 4);
    assert_true(next_post.need[2] == post.job && next_post.need[3] == seen.job);
    ran_quietly(seen.job);
    ran_quietly(light.job);
    assert_false(has_next());
    ran(post.job, one_layer());
    const struct light l = next_light(LIGHT_LAYER, 1);
    assert_true(l.part_count == 1 && bytes_equal(l.part[0], one_layer()));
    assert_int_equal(director_under_way(d), 1);
    assert_true(director_costs(d)->helper_us[STAGE_POST] > 0);
    ran_quietly(next_seen.job);
    ran(next_post.job, bytes_of(NULL, 0)); // a layer without bytes is none
    assert_false(has_next());
    assert_all_accounted(1, 1, 0);
    end();
}

static void hybrid_has_tiles_that_are_kept(void **state)
{
    (void)state;
    begin(SPLIT_HYBRID, 0);
    ask(1);
    const struct msg_submit light = hears_submit();
    assert_true(light.is_kept);
    const struct msg_run seen = hears_run("geometry");
    const struct msg_run post = hears_run("post");
    assert_true(post.need[0] == seen.job && post.need[1] == light.job);
    ran_quietly(seen.job);
    planned(light.job, 2, 1);
    done(light.job);
    assert_int_equal(director_under_way(d), 1);
    assert_false(director_partly(d, 1, now_us)); // its tiles are not here
    ran(post.job, one_layer());
    (void)next_light(LIGHT_LAYER, 1);
    assert_all_accounted(1, 0, 0);
    end();
}

static void auto_goes_by_what_things_take(void **state)
{
    (void)state;
    begin(SPLIT_AUTO, 0);
    const struct msg peers = {.type = MSG_PEERS, .as.peers = {.ready = 3, .all = 6}};
    say(&peers);
    assert_int_equal(director_costs(d)->helpers, 6);
    director_own(d, STAGE_GEOMETRY, 2e6); // a gamer that takes seconds
    director_own(d, STAGE_POST, 2e6);
    director_pictures(d, 1000);
    ask(1);
    assert_true(split_has_stages(director_split(d)));
    const enum split before = director_split(d);
    for (int i = 0; i < 40; i++) { // that has become a fast one
        director_own(d, STAGE_GEOMETRY, 1);
        director_own(d, STAGE_POST, 1);
    }
    for (int i = 0; i < 40; i++)
        director_others(d, 4, 1000, 0);
    ask(2);
    uint64_t all = 0;
    const struct director_stat s = director_stat(d);
    for (uint32_t i = 0; i < SPLITS; i++)
        all += s.by_split[i];
    assert_int_equal(all, 2);
    // It chose as split_choose would, by what was told.
    struct budget budget = {.limit_bytes = PLENTY};
    struct splits *splits;
    hand_must(splits_new(&splits, &budget));
    assert_int_equal(director_split(d), split_choose(splits, director_costs(d), before));
    splits_free(splits, &budget);
    end();
}

// ---- What goes wrong

static void any_stage_that_fails_ends_it(void **state)
{
    (void)state;
    for (uint32_t which = 0; which < 3; which++) {
        begin(SPLIT_PIPELINE, 0);
        ask(1);
        const uint64_t job[] = {hears_run("trace").job, hears_run("geometry").job,
                                hears_run("post").job};
        failed(job[which]);
        assert_int_equal(director_under_way(d), 0);
        for (int i = 0; i < 2; i++) { // what is left of it is not wanted any more
            struct msg m;
            assert_true(player_hears(&p, MSG_WITHDRAW, &m));
            assert_true(m.as.withdraw.job != job[which]);
        }
        failed(job[(which + 1) % 3]); // nobody listens
        assert_all_accounted(0, 1, 0);
        ask(2); // anew: the layer before will never be
        (void)hears_run("trace");
        (void)hears_run("geometry");
        assert_int_equal(hears_run("post").need_count, 2);
        assert_false(has_next());
        end();
    }
}

static void light_that_fails(void **state)
{
    (void)state;
    for (enum split split = SPLIT_SPATIAL; split <= SPLIT_HYBRID; split++) {
        begin(split, 0);
        ask(1);
        failed(split_has_tiles(split) ? hears_submit().job : hears_run("trace").job);
        assert_int_equal(director_under_way(d), 0);
        assert_false(has_next());
        assert_all_accounted(0, 1, 0);
        end();
    }
}

static void a_hub_that_sends_nonsense_fails_the_frame_alone(void **state)
{
    (void)state;
    begin(SPLIT_SPATIAL, 0);
    ask(1);
    ask(2);
    const uint64_t first = hears_submit().job;
    const uint64_t second = hears_submit().job;
    planned(first, 2, 1);
    tile(first, 0, left, 0, SAMPLES);
    tile(first, 1, left, 0, SAMPLES); // once more, by another name
    assert_int_equal(director_under_way(d), 1);
    done(second); // with holes
    assert_int_equal(director_under_way(d), 0);
    assert_all_accounted(0, 2, 0);
    end();
}

static void no_more_than_so_many_at_once(void **state)
{
    (void)state;
    const struct camera c = camera(0);
    begin(SPLIT_FUNCTIONAL, 0);
    for (uint32_t i = 0; i < DIRECTOR_SHOTS_MAX; i++)
        ask(i);
    assert_int_equal(director_ask(d, 99, &c, now_us), RC_FULL);
    failed(hears_run("trace").job);
    ask(100);
    assert_int_equal(director_under_way(d), DIRECTOR_SHOTS_MAX);
    assert_all_accounted(0, 1, DIRECTOR_SHOTS_MAX);
    end();
}

static void light_that_nobody_takes_is_lost(void **state)
{
    (void)state;
    begin(SPLIT_FUNCTIONAL, 0);
    uint32_t count = 0;
    for (; count < 40; count++) {
        ask(count);
        ran(hears_run("trace").job, all_sums());
    }
    const uint64_t came = director_stat(d).came;
    assert_true(came >= DIRECTOR_SHOTS_MAX && came < 40);
    assert_all_accounted(came, 40 - came, 0);
    for (uint32_t i = 0; i < came / 2; i++)
        (void)next_light(LIGHT_SUMS, i);
    ask(count);
    ran(hears_run("trace").job, all_sums()); // there is room again
    assert_int_equal(director_stat(d).came, came + 1);
    end(); // with some that were not taken
}

static void what_is_never_answered_is_given_up(void **state)
{
    (void)state;
    player_open(&p, PLENTY);
    struct director_cfg cfg = config(SPLIT_PIPELINE);
    cfg.light.deadline_ms = 500;
    cfg.light.group = 2;
    begin_with(&cfg);
    ask(1);
    const struct msg_run light = hears_run("trace");
    assert_int_equal(light.deadline_ms, 500); // the hub knows, too
    ask(2);
    (void)hears_run("geometry");
    const struct msg_run post = hears_run("post");
    (void)hears_run("trace");
    (void)hears_run("geometry");
    ran_quietly(hears_run("post").job);
    const uint64_t encode = hears_run("encode").job;
    ran_quietly(post.job);
    assert_int_equal(director_under_way(d), 0);
    ask(3);
    now_us += 499000;
    director_tick(d, now_us);
    assert_true(director_under_way(d) == 1 && director_stat(d).failed == 0);
    now_us += 1000;
    director_tick(d, now_us);
    assert_int_equal(director_under_way(d), 0);
    assert_all_accounted(0, 3, 0); // two in the stream
    ran(encode, bytes_text("too late"));
    assert_false(has_next());
    end();
}

static void a_hub_that_is_back_is_asked_again(void **state)
{
    (void)state;
    begin(SPLIT_HYBRID, 0);
    ask(1);
    const uint64_t light = hears_submit().job;
    const uint64_t seen = hears_run("geometry").job;
    const uint64_t post = hears_run("post").job;
    ran_quietly(seen);
    player_hang_up(&p);
    ask(2); // for when it is back
    inbox_forget(&p.heard);
    player_connect(&p, 2);
    assert_int_equal(hears_submit().job, light);
    assert_true(hears_submit().job > light);
    assert_int_equal(hears_run("post").job, post);
    failed(post); // what was kept is gone
    assert_int_equal(director_under_way(d), 1);
    (void)hears_run("geometry");
    ran(hears_run("post").job, one_layer()); // the hub may say so: it is its word
    (void)next_light(LIGHT_LAYER, 2);
    assert_all_accounted(1, 1, 0);
    end();
}

static void what_is_under_way_is_withdrawn_in_the_end(void **state)
{
    (void)state;
    begin(SPLIT_HYBRID, 1);
    ask(1);
    const uint64_t light = hears_submit().job;
    const uint64_t seen = hears_run("geometry").job;
    const uint64_t post = hears_run("post").job;
    const uint64_t encode = hears_run("encode").job;
    ran_quietly(seen);
    director_stop(d);
    assert_int_equal(director_under_way(d), 0);
    player_drain(&p);
    bool is_light = hears_withdraw(light);
    is_light = hears_withdraw(is_light ? post : light) || is_light;
    assert_true(is_light && hears_withdraw(encode));
    director_stop(d); // once is enough
    player_drain(&p);
    assert_true(hears_nothing());
    end();
}

// ---- Light in part

static void tiles_that_are_here_in_time(void **state)
{
    (void)state;
    begin(SPLIT_SPATIAL, 0);
    ask(1);
    ask(2);
    const uint64_t job = hears_submit().job;
    assert_false(director_partly(d, 1, now_us));
    planned(job, 2, 1);
    tile(job, 0, left, 0, 1);
    tile(job, 1, right, 0, 1);
    assert_false(director_partly(d, 1, now_us)); // none has all of its samples
    assert_int_equal(director_under_way(d), 2);
    tile(job, 1, right, 1, SAMPLES - 1);
    assert_false(director_partly(d, 7, now_us));
    assert_true(director_partly(d, 1, now_us));
    player_drain(&p);
    assert_true(hears_withdraw(job));
    const struct light l = next_light(LIGHT_SUMS, 1);
    assert_true(l.tile_count == 1 && l.part_count == 1);
    assert_true(l.tile[0].x == right.x && l.tile[0].w == right.w && l.tile[0].h == right.h);
    assert_int_equal(l.part[0].len, (size_t)right.w * right.h * TRACE_PIXEL_BYTES);
    assert_memory_equal(l.part[0].at, sums + right.x * TRACE_PIXEL_BYTES, 64);
    assert_false(director_partly(d, 1, now_us));
    assert_int_equal(director_stat(d).partly, 1);
    assert_all_accounted(1, 0, 1);
    end();
}

// The hub came back with another plan: what was known of the first one's tiles does not count.
static void tiles_of_another_plan(void **state)
{
    (void)state;
    begin(SPLIT_SPATIAL, 0);
    ask(1);
    const uint64_t job = hears_submit().job;
    planned(job, 2, 1);
    tile(job, 0, left, 0, SAMPLES);
    player_hang_up(&p);
    player_connect(&p, 2);
    planned(job, 4, 2);
    tile(job, 0, (struct rect){0, 0, 8, 8}, 0, SAMPLES); // a corner of what was there
    assert_true(director_partly(d, 1, now_us));
    const struct light l = next_light(LIGHT_SUMS, 1);
    assert_true(l.tile_count == 1 && l.tile[0].w == 8 && l.tile[0].h == 8);
    end();
}

// ---- Streams

static void a_group_is_a_stream(void **state)
{
    (void)state;
    uint64_t post[5];
    struct encode_params e;
    begin(SPLIT_HYBRID, 3);
    for (uint32_t i = 0; i < 5; i++) {
        ask(10 + i);
        (void)hears_submit();
        (void)hears_run("geometry");
        const struct msg_run r = hears_run("post");
        post[i] = r.job;
        assert_true(r.is_kept && r.is_quiet);
        if (i < 2)
            assert_true(hears_nothing());
        if (i == 2)
            break;
    }
    const struct msg_run encode = hears_run("encode");
    assert_true(encode.need_count == 3 && !encode.is_quiet && !encode.is_kept);
    assert_memory_equal(encode.need, post, 3 * sizeof *post);
    hand_must(encode_params_decode(&e, encode.spec.params));
    assert_true(e.count == 3 && e.mode == ENCODE_MAKE && e.psnr == 3800 && e.fps == 10);
    for (uint32_t i = 0; i < 3; i++)
        ran_quietly(post[i]);
    assert_int_equal(director_under_way(d), 0);
    assert_false(has_next());
    ran(encode.job, bytes_text("a stream"));
    const struct light l = next_light(LIGHT_STREAM, 10);
    assert_true(l.count == 3 && l.part_count == 1 && bytes_is(l.part[0], "a stream"));
    assert_all_accounted(3, 0, 0);
    ask(13);
    director_flush(d); // a group of one
    director_flush(d);
    player_drain(&p);
    (void)hears_submit();
    (void)hears_run("geometry");
    ran_quietly(hears_run("post").job);
    const struct msg_run last = hears_run("encode");
    assert_int_equal(last.need_count, 1);
    failed(last.job);
    assert_false(has_next());
    assert_all_accounted(3, 1, 0);
    assert_true(hears_nothing());
    end();
}

// What came before it is a stream; what was built on it fails, and is no part of any.
static void a_group_with_a_hole(void **state)
{
    (void)state;
    uint64_t post[3];
    begin(SPLIT_PIPELINE, 4);
    for (uint32_t i = 0; i < 3; i++) {
        ask(i);
        (void)hears_run("trace");
        (void)hears_run("geometry");
        post[i] = hears_run("post").job;
    }
    ran_quietly(post[0]);
    failed(post[1]);
    player_drain(&p);
    const struct msg_run encode = hears_run("encode");
    assert_true(encode.need_count == 1 && encode.need[0] == post[0]);
    failed(post[2]); // as the hub says of who needs what failed
    ask(3);          // begins another group
    director_flush(d);
    player_drain(&p);
    (void)hears_run("trace");
    (void)hears_run("geometry");
    ran_quietly(hears_run("post").job);
    const struct msg_run other = hears_run("encode");
    assert_int_equal(other.need_count, 1);
    ran(other.job, bytes_text("later")); // before the first one
    ran(encode.job, bytes_text("sooner"));
    (void)next_light(LIGHT_STREAM, 3);
    (void)next_light(LIGHT_STREAM, 0);
    assert_all_accounted(2, 2, 0);
    end();
}

static void more_streams_than_there_is_room_for(void **state)
{
    (void)state;
    begin(SPLIT_PIPELINE, 1);
    for (uint32_t i = 0; i < DIRECTOR_STREAMS_MAX + 1; i++)
        ask(i);
    assert_int_equal(director_stat(d).failed, 1); // the last: nobody codes it
    end();
}

// ---- Limits

static void light_that_cannot_be_had(void **state)
{
    (void)state;
    player_open(&p, PLENTY);
    struct director_cfg cfg = config(SPLIT_SPATIAL);
    cfg.light.samples = 0;
    assert_int_equal(director_new(&d, &cfg), RC_CONFIG);
    assert_null(d);
    player_close(&p);
    director_free(NULL);
}

// Whatever there is no memory for: it says so, and all is given back.
static void memory_that_runs_out(void **state)
{
    (void)state;
    uint32_t refused = 0;
    uint32_t asked = 0;
    for (size_t spare = 0; spare < 600000; spare += 4099) {
        player_open(&p, PLENTY);
        const struct director_cfg cfg = config(spare % 2 != 0 ? SPLIT_HYBRID : SPLIT_SPATIAL);
        const struct camera c = camera(0);
        player_connect(&p, 2);
        p.budget.limit_bytes = p.budget.used_bytes + spare;
        const bool is_there = director_new(&d, &cfg) == RC_OK;
        for (uint32_t i = 0; is_there && i < 3; i++) {
            enum rc rc = director_ask(d, i, &c, 1);
            assert_true(rc == RC_OK || rc == RC_NOMEM || rc == RC_FULL);
            refused += rc != RC_OK;
            asked += rc == RC_OK;
        }
        p.budget.limit_bytes = PLENTY;
        end();
    }
    assert_true(refused > 0 && asked > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functional_is_one_task),
        cmocka_unit_test(spatial_is_a_frame_in_tiles),
        cmocka_unit_test(pipeline_is_three_tasks),
        cmocka_unit_test(hybrid_has_tiles_that_are_kept),
        cmocka_unit_test(auto_goes_by_what_things_take),
        cmocka_unit_test(any_stage_that_fails_ends_it),
        cmocka_unit_test(light_that_fails),
        cmocka_unit_test(a_hub_that_sends_nonsense_fails_the_frame_alone),
        cmocka_unit_test(no_more_than_so_many_at_once),
        cmocka_unit_test(light_that_nobody_takes_is_lost),
        cmocka_unit_test(what_is_never_answered_is_given_up),
        cmocka_unit_test(a_hub_that_is_back_is_asked_again),
        cmocka_unit_test(what_is_under_way_is_withdrawn_in_the_end),
        cmocka_unit_test(tiles_that_are_here_in_time),
        cmocka_unit_test(tiles_of_another_plan),
        cmocka_unit_test(a_group_is_a_stream),
        cmocka_unit_test(a_group_with_a_hole),
        cmocka_unit_test(more_streams_than_there_is_room_for),
        cmocka_unit_test(light_that_cannot_be_had),
        cmocka_unit_test(memory_that_runs_out),
    };
    return cmocka_run_group_tests(tests, patterns, NULL);
}
