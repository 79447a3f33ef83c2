// SPDX-License-Identifier: MIT
// Tests of kernel `route`: the shortest of all paths, against Dijkstra's algorithm and published
// lengths; its bytes; and that wrong ones are found out.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/route/path.h"
#include "kernel/route/route.h"
#include "kernel/route/search.h"
#include "kernel/route/stage_test.h"
#include "map/grid_queue.h"
#include "map/grid_scen.h"

#define AGENTS 300u

static struct route_params params;
static uint8_t params_at[KERNEL_PARAMS_BYTES_MAX];
static uint8_t result_at[1 << 20];
static uint8_t again_at[1 << 20];

// Lengths from one cell to all, without any preparation: the naive twin.
static void dijkstra(const struct grid_map *m, struct arena *arena, struct grid_cell from,
                     uint64_t *cost)
{
    static const uint32_t price[2] = {GRID_STRAIGHT, GRID_DIAGONAL};
    struct grid_queue q;
    assert_int_equal(grid_queue_new(&q, arena, m->width * m->height), RC_OK);
    for (uint32_t i = 0; i < m->width * m->height; i++)
        cost[i] = UINT64_MAX;
    grid_queue_offer(&q, grid_index(m, from), 0);
    while (q.count > 0) {
        const uint32_t i = grid_queue_take(&q);
        const struct grid_cell at = {(uint16_t)(i % m->width), (uint16_t)(i / m->width)};
        cost[i] = grid_queue_cost(&q, i);
        for (uint32_t dir = 0; dir < GRID_DIRECTIONS; dir++)
            if (grid_can_step(m, at, dir))
                grid_queue_offer(&q, grid_index(m, grid_next(at, dir, 1)),
                                 cost[i] + price[dir % 2]);
    }
}

static void every_path_is_as_short_as_dijkstras(void **state)
{
    (void)state;
    static const uint32_t walls[] = {0, 3, 12, 25, 35, 45, 60};
    struct rng r = rng_seeded(2);
    for (uint32_t k = 0; k < ARRAY_COUNT(walls); k++) {
        struct stage s;
        stage_open(&s, 67, 41, walls[k], k);
        struct route_search *search = NULL;
        uint64_t *cost = arena_take_array(s.arena, 67ul * 41, sizeof *cost);
        assert_int_equal(route_search_new(&search, s.arena, &s.grid), RC_OK);
        for (int i = 0; i < 8; i++) {
            const struct grid_cell goal = stage_free(&s.map, &r);
            dijkstra(&s.map, s.arena, goal, cost);
            for (uint32_t j = 0; j < 67 * 41; j++) {
                const struct grid_cell start = {(uint16_t)(j % 67), (uint16_t)(j / 67)};
                struct buffer b = buffer_of(result_at, sizeof result_at);
                struct route_length l;
                assert_int_equal(route_search_path(search, start, goal, &b), RC_OK);
                struct cursor c = {.left = buffer_bytes(&b)};
                assert_int_equal(route_path_walk(&l, &c, &s.map, start, goal), RC_OK);
                assert_true(cursor_done(&c));
                assert_int_equal(l.is_no_way, cost[j] == UINT64_MAX);
                assert_int_equal(l.is_no_way ? UINT64_MAX : route_length_units(&l), cost[j]);
            }
        }
        stage_close(&s);
    }
}

static struct bytes read_file(struct arena *arena, const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return bytes_of(NULL, 0);
    uint8_t *at = arena_take(arena, 1 << 20);
    const size_t len = fread(at, 1, 1 << 20, f);
    (void)fclose(f);
    return bytes_of(at, len);
}

static void lengths_are_those_that_were_published(void **state)
{
    (void)state;
    static const char *const name[] = {"arena", "arena2", "den520d", "brc202d"};
    uint32_t problems = 0;
    for (size_t k = 0; k < ARRAY_COUNT(name); k++) {
        struct arena *arena = arena_new(STAGE_BYTES);
        struct budget budget = {.limit_bytes = STAGE_BYTES};
        char path[512];
        (void)snprintf(path, sizeof path, PROJECT_ROOT "/../shared/data/maps/%s.map", name[k]);
        const struct bytes text = read_file(arena, path);
        (void)snprintf(path, sizeof path, PROJECT_ROOT "/../shared/data/maps/%s.map.scen", name[k]);
        const struct bytes scen = read_file(arena, path);
        if (text.len == 0 || scen.len == 0) {
            arena_free(arena);
            skip();
        }
        struct grid_map map;
        struct grid grid;
        struct buffer object;
        struct route_search *search = NULL;
        struct grid_problem *p = NULL;
        uint32_t count = 0;
        assert_int_equal(grid_map_parse(&map, arena, text, NULL), RC_OK);
        assert_int_equal(grid_scen_parse(&p, &count, arena, scen, NULL), RC_OK);
        assert_int_equal(grid_prepare(&object, &budget, &map, NULL, NULL), RC_OK);
        assert_int_equal(grid_open(&grid, arena, buffer_bytes(&object), NULL), RC_OK);
        assert_int_equal(route_search_new(&search, arena, &grid), RC_OK);
        for (uint32_t i = 0; i < count; i++, problems++) {
            struct buffer b = buffer_of(result_at, sizeof result_at);
            struct route_length l;
            assert_int_equal(route_search_path(search, p[i].start, p[i].goal, &b), RC_OK);
            struct cursor c = {.left = buffer_bytes(&b)};
            assert_int_equal(route_path_walk(&l, &c, &map, p[i].start, p[i].goal), RC_OK);
            const double off = route_length_cells(&l) - p[i].length;
            assert_true(off <= 1e-4 * p[i].length && off >= -1e-4 * p[i].length);
        }
        budget_give(&budget, object.at);
        arena_free(arena);
    }
    assert_true(problems > 4000);
}

// ---- The kernel

static void open_stage(struct route_stage *t)
{
    struct rng r = rng_seeded(8);
    route_stage_open(t, &route_kernel, 90, 80, 25, 6);
    params = (struct route_params){.agent_count = AGENTS};
    const struct grid_cell shared = stage_free(&t->map.map, &r);
    for (uint32_t i = 0; i < AGENTS; i++)
        params.agent[i] = (struct route_agent){stage_free(&t->map.map, &r),
                                               i % 3 == 0 ? shared : stage_free(&t->map.map, &r)};
}

// The verdict on a result; nonce draws the part.
static bool is_right(struct route_stage *t, struct bytes in, struct bytes result, uint64_t nonce)
{
    struct kernel_verdict v;
    assert_int_equal(kernel_stage_check(&t->kernel, in, result, nonce, &v), RC_OK);
    assert_int_equal(v.parts, params.agent_count);
    assert_int_equal(v.is_right, v.mismatches == 0);
    return v.is_right;
}

static void results_repeat_and_wrong_ones_are_found_out(void **state)
{
    (void)state;
    static struct route_stage t;
    open_stage(&t);
    struct buffer in = buffer_of(params_at, sizeof params_at);
    struct buffer result = buffer_of(result_at, sizeof result_at);
    struct buffer again = buffer_of(again_at, sizeof again_at);
    assert_int_equal(route_params_encode(&params, &in), RC_OK);
    assert_int_equal(route_stage_run(&t, buffer_bytes(&in), &result), RC_OK);
    assert_int_equal(route_stage_run(&t, buffer_bytes(&in), &again), RC_OK);
    assert_true(bytes_equal(buffer_bytes(&result), buffer_bytes(&again)));
    size_t min;
    size_t max;
    assert_int_equal(route_kernel.result_bounds(buffer_bytes(&in), &min, &max), RC_OK);
    assert_in_range(result.len, min, max);
    for (uint64_t nonce = 0; nonce < 20; nonce++)
        assert_true(is_right(&t, buffer_bytes(&in), buffer_bytes(&result), nonce));

    // A step into another direction, a way that is denied, bytes too few or too many: found at
    // once.
    for (size_t i = 0; i < result.len; i += 7) {
        again.at[i] ^= 0x20;
        assert_false(is_right(&t, buffer_bytes(&in), buffer_bytes(&again), i));
        again.at[i] ^= 0x20;
    }
    assert_false(is_right(&t, buffer_bytes(&in), bytes_part(buffer_bytes(&result), 0, 99), 1));
    buffer_u8(&again, 0);
    assert_false(is_right(&t, buffer_bytes(&in), buffer_bytes(&again), 1));
    route_stage_close(&t);
}

static void longer_paths_are_found_out_by_searching_again(void **state)
{
    (void)state;
    static struct route_stage t;
    open_stage(&t);
    struct buffer in = buffer_of(params_at, sizeof params_at);
    struct buffer result = buffer_of(result_at, sizeof result_at);
    struct buffer longer = buffer_of(again_at, sizeof again_at);
    assert_int_equal(route_params_encode(&params, &in), RC_OK);
    assert_int_equal(route_stage_run(&t, buffer_bytes(&in), &result), RC_OK);
    struct cursor c = {.left = buffer_bytes(&result)};
    for (uint32_t i = 0; i < AGENTS; i++) { // every path once there and back
        const struct bytes left = c.left;
        struct route_length l;
        assert_int_equal(route_path_parse(&l, &c), RC_OK);
        if ((left.at[0] & 31) != 0) {
            const unsigned dir = left.at[0] >> 5;
            buffer_u8(&longer, (uint8_t)(dir << 5 | 1));
            buffer_u8(&longer, (uint8_t)((dir + 4) % 8 << 5 | 1));
        }
        buffer_put(&longer, bytes_part(left, 0, left.len - c.left.len));
    }
    for (uint64_t nonce = 0; nonce < 20; nonce++)
        assert_false(is_right(&t, buffer_bytes(&in), buffer_bytes(&longer), nonce));
    route_stage_close(&t);
}

static void what_cannot_be_run_is_refused(void **state)
{
    (void)state;
    static struct route_stage t;
    open_stage(&t);
    struct buffer in = buffer_of(params_at, sizeof params_at);
    struct buffer out = buffer_of(result_at, sizeof result_at);
    params.agent_count = 0;
    assert_int_equal(route_params_encode(&params, &in), RC_MALFORMED);
    params.agent_count = 2;
    params.redo_count = 2;
    params.redo[0] = params.redo[1] = 1;
    assert_int_equal(route_params_encode(&params, &in), RC_MALFORMED);
    params.redo_count = 0;
    params.agent[1].goal.x = GRID_SIDE_MAX;
    assert_int_equal(route_params_encode(&params, &in), RC_MALFORMED);
    params.agent[1].goal.x = GRID_SIDE_MAX - 1; // beyond the map: there is no way
    assert_int_equal(in.len, 0);
    assert_int_equal(route_params_encode(&params, &in), RC_OK);
    const struct bytes good = buffer_bytes(&in);
    assert_int_equal(route_stage_run(&t, good, &out), RC_OK);
    assert_int_equal(out.at[out.len - 1], 0x20);
    assert_int_equal(route_stage_run_part(&t, good, good, &out),
                     RC_MALFORMED); // a result, shown to no part
    assert_int_equal(route_stage_run(&t, bytes_part(good, 0, good.len - 1), &out), RC_MALFORMED);
    struct buffer small = buffer_of(result_at, 1);
    assert_int_equal(route_stage_run(&t, good, &small), RC_FULL);
    assert_int_equal(route_base.load(t.kernel.state, bytes_text(GRID_MAGIC)), RC_MALFORMED);
    assert_int_equal(route_stage_run(&t, good, &out), RC_ABSENT);
    route_stage_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_path_is_as_short_as_dijkstras),
        cmocka_unit_test(lengths_are_those_that_were_published),
        cmocka_unit_test(results_repeat_and_wrong_ones_are_found_out),
        cmocka_unit_test(longer_paths_are_found_out_by_searching_again),
        cmocka_unit_test(what_cannot_be_run_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
