// SPDX-License-Identifier: MIT
// Tests of kernel `crowd`: nobody in a wall, nobody in anybody, all at their goals in the end; the
// same bytes again; and that other bytes are found out.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "crypt/hash.h"
#include "kernel/crowd/crowd.h"
#include "kernel/crowd/state.h"
#include "kernel/route/stage_test.h"

#define AGENTS 120u
#define STEPS  2400u
#define EVERY  8u
#define RADIUS 300u
#define SPEED  160u

#define RESULT_HASH 0x9b4fcbbd55152dc4u // of 160 steps: its first eight bytes

static struct crowd_params params;
static uint8_t params_at[KERNEL_PARAMS_BYTES_MAX];
static uint8_t part_at[KERNEL_PARAMS_BYTES_MAX];
static uint8_t result_at[1 << 22];
static uint8_t again_at[1 << 22];

static bool is_taken(struct grid_cell at, uint32_t agents)
{
    for (uint32_t i = 0; i < agents; i++)
        if (grid_cell_is(params.agent[i].start, at))
            return true;
    return false;
}

// Open ground, no dead ends that a whole crowd cannot turn around in.
static void open_stage(struct route_stage *t)
{
    struct rng r = rng_seeded(11);
    route_stage_open(t, &crowd_kernel, 60, 50, 8, 12);
    params = (struct crowd_params){.steps = STEPS, .every = EVERY, .agent_count = AGENTS};
    const struct grid_cell shared = stage_free(&t->map.map, &r);
    for (uint32_t i = 0; i < AGENTS; i++) {
        struct grid_cell start = stage_free(&t->map.map, &r);
        while (is_taken(start, i))
            start = stage_free(&t->map.map, &r);
        params.agent[i].start = start;
        params.agent[i].goal = i % 4 == 0 ? shared : stage_free(&t->map.map, &r);
        params.radius[i] = (uint16_t)(RADIUS + i % 100);
        params.speed[i] = (uint16_t)(SPEED + i % 200);
    }
}

static struct bytes make(struct route_stage *t, struct buffer *in, struct buffer *result)
{
    *in = buffer_of(params_at, sizeof params_at);
    *result = buffer_of(result_at, sizeof result_at);
    assert_int_equal(crowd_params_encode(&params, in), RC_OK);
    assert_int_equal(route_stage_run(t, buffer_bytes(in), result), RC_OK);
    return buffer_bytes(in);
}

static bool is_right(struct route_stage *t, struct bytes in, struct bytes result, uint64_t nonce)
{
    struct kernel_verdict v;
    assert_int_equal(kernel_stage_check(&t->kernel, in, result, nonce, &v), RC_OK);
    assert_true(v.parts > AGENTS);
    assert_int_equal(v.is_right, v.mismatches == 0);
    return v.is_right;
}

// A reader of results of its own kind: walls and bodies looked at without the kernel's help.
static void look(const struct crowd *c)
{
    const struct grid_map *m = &c->grid->map;
    for (uint32_t i = 0; i < AGENTS; i++) {
        const struct crowd_walker *w = &c->walker[i];
        const int32_t r = params.radius[i];
        for (int32_t k = 0; k < 4; k++) // the corners of the body, just inside
            assert_false(grid_is_wall(m, (w->x + (k % 2 == 0 ? -r : r - 1)) / CROWD_UNIT,
                                      (w->y + (k < 2 ? -r : r - 1)) / CROWD_UNIT));
        for (uint32_t j = 0; j < i && !crowd_has_left(c, i); j++) {
            const int64_t dx = w->x - c->walker[j].x;
            const int64_t dy = w->y - c->walker[j].y;
            const int64_t least = params.radius[i] + params.radius[j];
            assert_true(crowd_has_left(c, j) || dx * dx + dy * dy >= least * least);
        }
    }
}

static void nobody_is_in_a_wall_or_in_anybody_and_all_arrive(void **state)
{
    (void)state;
    static struct route_stage t;
    struct buffer in;
    struct buffer result;
    open_stage(&t);
    (void)make(&t, &in, &result);
    struct route_state *s = t.kernel.state;
    struct cursor c = {.left = buffer_bytes(&result)};
    uint32_t no_way = 0;
    for (uint32_t i = 0; i < AGENTS; i++) {
        struct route_length l;
        assert_int_equal(route_path_parse(&l, &c), RC_OK);
        no_way += l.is_no_way;
    }
    assert_true(no_way < AGENTS / 10);
    struct crowd crowd;
    assert_int_equal(crowd_new(&crowd, s->run_arena, s, &params,
                               bytes_part(buffer_bytes(&result), 0, result.len - c.left.len)),
                     RC_OK);
    crowd_start(&crowd);
    uint32_t left = 0;
    for (uint32_t k = 0; k < STEPS / EVERY; k++) {
        assert_int_equal(crowd_read(&crowd, &c), RC_OK);
        look(&crowd);
        left = 0;
        for (uint32_t i = 0; i < AGENTS; i++)
            left += crowd_has_left(&crowd, i);
    }
    assert_true(cursor_done(&c));
    assert_int_equal(left, AGENTS);
    route_stage_close(&t);
}

static void results_repeat_and_others_are_found_out(void **state)
{
    (void)state;
    static struct route_stage t;
    struct buffer in;
    struct buffer result;
    open_stage(&t);
    params.steps = 160; // 20 states, of which a part redoes one
    const struct bytes asked = make(&t, &in, &result);
    const struct bytes honest = buffer_bytes(&result);
    struct buffer again = buffer_of(again_at, sizeof again_at);
    assert_int_equal(route_stage_run(&t, asked, &again), RC_OK);
    assert_true(bytes_equal(honest, buffer_bytes(&again)));
    const struct digest hash = hash_bytes(honest);
    assert_int_equal(digest_u64(&hash), RESULT_HASH); // whatever compiled it
    size_t min;
    size_t max;
    assert_int_equal(crowd_kernel.result_bounds(asked, &min, &max), RC_OK);
    assert_in_range(honest.len, min, max);
    for (uint64_t nonce = 0; nonce < 40; nonce++)
        assert_true(is_right(&t, asked, honest, nonce));
    assert_false(is_right(&t, asked, bytes_part(honest, 0, honest.len - 1), 1));
    buffer_u8(&again, 0);
    assert_false(is_right(&t, asked, buffer_bytes(&again), 1));
    uint32_t found = 0;
    uint32_t tried = 0;
    for (size_t i = honest.len / 8; i < honest.len; i += 97, tried++) {
        again.len = 0;
        again.is_full = false;
        buffer_put(&again, honest);
        again.at[i] ^= 2;
        found += !is_right(&t, asked, buffer_bytes(&again), i);
    }
    assert_true(found > tried / 30); // one state of 20 is looked at, and those that follow lie on
    route_stage_close(&t);
}

// Of three one is at its goal, one has none that can be reached: after the first state there is
// only the third, whose states are three numbers each.
static void who_is_there_or_has_no_way_leaves_at_once(void **state)
{
    (void)state;
    static struct route_stage t;
    struct buffer in;
    struct buffer result;
    open_stage(&t);
    params.agent_count = 3;
    params.steps = 4 * EVERY;
    params.agent[0].goal = params.agent[0].start;
    params.agent[1].goal = (struct grid_cell){GRID_SIDE_MAX - 1, 0};
    params.agent[2].goal = params.agent[3].start; // further than it comes
    (void)make(&t, &in, &result);
    struct route_state *s = t.kernel.state;
    struct cursor c = {.left = buffer_bytes(&result)};
    for (uint32_t i = 0; i < 3; i++) {
        struct route_length l;
        assert_int_equal(route_path_parse(&l, &c), RC_OK);
        assert_int_equal(l.is_no_way, i == 1);
        assert_int_equal(route_length_units(&l) > 0, i == 2);
    }
    struct crowd crowd;
    const struct bytes paths = bytes_part(buffer_bytes(&result), 0, result.len - c.left.len);
    assert_int_equal(crowd_new(&crowd, s->run_arena, s, &params, paths), RC_OK);
    crowd_start(&crowd);
    for (uint32_t k = 0; k < 4; k++) {
        assert_int_equal(crowd_read(&crowd, &c), RC_OK);
        assert_true(crowd_has_left(&crowd, 0) && crowd_has_left(&crowd, 1));
        assert_false(crowd_has_left(&crowd, 2));
    }
    assert_true(cursor_done(&c));
    route_stage_close(&t);
}

// Every step of all states redone: whatever is altered is found.
static void each_byte_counts(void **state)
{
    (void)state;
    static struct route_stage t;
    struct buffer in;
    struct buffer result;
    open_stage(&t);
    params.steps = 24;
    const struct bytes asked = make(&t, &in, &result);
    params.redo_count = 1;
    params.window_count = 3;
    for (uint32_t i = 0; i < 3; i++)
        params.window[i] = i;
    struct buffer part = buffer_of(part_at, sizeof part_at);
    assert_int_equal(crowd_params_encode(&params, &part), RC_OK);
    for (size_t i = 0; i < result.len; i++) {
        uint8_t room[ROUTE_PART_BYTES];
        struct buffer out = buffer_of(room, sizeof room);
        struct kernel_verdict v;
        result.at[i] ^= 1;
        assert_int_equal(route_stage_run_part(&t, buffer_bytes(&part), buffer_bytes(&result), &out),
                         RC_OK);
        assert_int_equal(crowd_kernel.judge(asked, buffer_bytes(&result), buffer_bytes(&part),
                                            buffer_bytes(&out), &v),
                         RC_OK);
        assert_false(v.is_right);
        result.at[i] ^= 1;
    }
    route_stage_close(&t);
}

static void what_cannot_be_run_is_refused(void **state)
{
    (void)state;
    static struct route_stage t;
    open_stage(&t);
    struct buffer in = buffer_of(params_at, sizeof params_at);
    struct buffer out = buffer_of(result_at, sizeof result_at);
    params.every = 7; // of 2400
    assert_int_equal(crowd_params_encode(&params, &in), RC_MALFORMED);
    params.every = 0;
    assert_int_equal(crowd_params_encode(&params, &in), RC_MALFORMED);
    params.steps = params.every = 16;
    params.radius[3] = CROWD_RADIUS_MAX + 1;
    assert_int_equal(crowd_params_encode(&params, &in), RC_MALFORMED);
    params.radius[3] = CROWD_RADIUS_MAX;
    params.speed[5] = 0;
    assert_int_equal(crowd_params_encode(&params, &in), RC_MALFORMED);
    params.speed[5] = CROWD_SPEED_MAX;
    params.window_count = 1; // without redo
    assert_int_equal(crowd_params_encode(&params, &in), RC_MALFORMED);
    params.window_count = 0;
    assert_int_equal(in.len, 0);
    assert_int_equal(crowd_params_encode(&params, &in), RC_OK);
    const struct bytes good = buffer_bytes(&in);
    struct buffer small = buffer_of(again_at, 100);
    assert_int_equal(route_stage_run(&t, good, &small), RC_FULL);
    assert_int_equal(route_stage_run_part(&t, good, good, &out), RC_MALFORMED);
    assert_int_equal(route_stage_run(&t, bytes_part(good, 0, good.len - 1), &out), RC_MALFORMED);
    route_stage_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_in_a_wall_or_in_anybody_and_all_arrive),
        cmocka_unit_test(results_repeat_and_others_are_found_out),
        cmocka_unit_test(who_is_there_or_has_no_way_leaves_at_once),
        cmocka_unit_test(each_byte_counts),
        cmocka_unit_test(what_cannot_be_run_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
