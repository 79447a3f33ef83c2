// SPDX-License-Identifier: MIT
// Tests of grid maps: texts, runs of free cells, prepared objects and what is wrong with them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/seed_test.h"
#include "kernel/route/search.h"
#include "map/grid_prepare.h"
#include "map/grid_queue.h"
#include "map/grid_scen.h"
#include "map/grid_stage_test.h"

static const char room_text[] = "type octile\nheight 3\nwidth 5\nmap\n.....\n.@TW.\nG..S.\n";

static void the_text_is_read_with_either_end_of_line(void **state)
{
    (void)state;
    struct arena *arena = arena_new(STAGE_BYTES);
    struct grid_map lf;
    struct grid_map crlf;
    struct err err;
    char text[2 * sizeof room_text];
    size_t len = 0;
    for (const char *c = room_text; *c != 0; c++) {
        if (*c == '\n')
            text[len++] = '\r';
        text[len++] = *c;
    }
    assert_int_equal(grid_map_parse(&lf, arena, bytes_text(room_text), &err), RC_OK);
    assert_int_equal(grid_map_parse(&crlf, arena, bytes_of(text, len), &err), RC_OK);
    for (int32_t y = -1; y <= 3; y++)
        for (int32_t x = -1; x <= 5; x++) {
            const bool is_wall = x < 0 || y < 0 || x > 4 || y > 2 || (y == 1 && x >= 1 && x <= 3);
            assert_int_equal(grid_is_wall(&lf, x, y), is_wall);
            assert_int_equal(grid_is_wall(&crlf, x, y), is_wall);
        }
    arena_free(arena);
}

static void what_is_no_map_is_refused_in_words(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words;
    } bad[] = {
        {"", "line 1"},
        {"type tile\n", "line 1"},
        {"type octile\nheight 0\n", "line 2"},
        {"type octile\nheight 4097\n", "line 2"},
        {"type octile\nheight 3\nwidth 3x\n", "line 3"},
        {"type octile\nheight 1\nwidth 1\nMAP\n", "line 4"},
        {"type octile\nheight 4096\nwidth 4096\nmap\n", "cells"},
        {"type octile\nheight 2\nwidth 2\nmap\n..\n", "only 1 rows"},
        {"type octile\nheight 1\nwidth 2\nmap\n...\n", "row 0"},
        {"type octile\nheight 1\nwidth 2\nmap\n..\n..\n", "more than"},
    };
    struct arena *arena = arena_new(STAGE_BYTES);
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        struct grid_map m;
        struct err err = {.text = ""};
        assert_int_equal(grid_map_parse(&m, arena, bytes_text(bad[i].text), &err), RC_MALFORMED);
        assert_non_null(strstr(err.text, bad[i].words));
    }
    arena_free(arena);
}

static void problems_are_read_and_bad_lines_named(void **state)
{
    (void)state;
    struct arena *arena = arena_new(STAGE_BYTES);
    struct grid_problem *p = NULL;
    uint32_t count = 0;
    struct err err;
    const char *good = "version 1\r\n3\ta/b.map\t10\t20\t1\t2\t9\t19\t21.5\r\n\n"
                       "0\tb\t10\t20\t0\t0\t0\t0\t0";
    assert_int_equal(grid_scen_parse(&p, &count, arena, bytes_text(good), &err), RC_OK);
    assert_int_equal(count, 2);
    assert_int_equal(p[0].goal.y, 19);
    assert_int_equal(p[1].line, 4);
    assert_true(p[0].length > 21.4999 && p[0].length < 21.5001);
    static const char *const bad[] = {
        "version 2\n",
        "version 1\nx\tm\t2\t2\t0\t0\t1\t1\t1\n",
        "version 1\n1\t\t2\t2\t0\t0\t1\t1\t1\n",
        "version 1\n1\tm\t2\t0\t0\t0\t1\t1\t1\n",
        "version 1\n1\tm\t2\t2\t0\t0\t2\t1\t1\n",
        "version 1\n1\tm\t2\t2\t0\t0\t1\t1\t1.\n",
        "version 1\n1\tm\t2\t2\t0\t0\t1\t1\t-1\n",
        "version 1\n1\tm\t2\t2\t0\t0\t1\t1\t1\t1\n",
        "version 1\n1\tm\t2\t2\t0\t0\t1\t1\n",
    };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        assert_int_equal(grid_scen_parse(&p, &count, arena, bytes_text(bad[i]), &err),
                         RC_MALFORMED);
        assert_non_null(strstr(err.text, i == 0 ? "line 1" : "line 2"));
    }
    arena_free(arena);
}

static void runs_end_at_walls(void **state)
{
    (void)state;
    struct arena *arena = arena_new(STAGE_BYTES);
    struct rng r = rng_seeded(5);
    struct grid_map m;
    stage_map(&m, arena, 150, 90, 10, &r);
    for (int i = 0; i < 2000; i++) {
        const struct grid_cell at = stage_free(&m, &r);
        for (uint32_t dir = 0; dir < GRID_DIRECTIONS; dir++) {
            uint32_t steps = 0;
            for (struct grid_cell c = at; grid_can_step(&m, c, dir); c = grid_next(c, dir, 1))
                steps++;
            assert_int_equal(grid_room(&m, at, dir, UINT32_MAX), steps);
            assert_int_equal(grid_room(&m, at, dir, 2), steps < 2 ? steps : 2);
        }
    }
    arena_free(arena);
}

static struct grid_cell any_cell(const struct grid_map *m, struct rng *r)
{
    return (struct grid_cell){(uint16_t)rng_below(r, m->width), (uint16_t)rng_below(r, m->height)};
}

// A leg is as long as the octile distance, and free if and only if each of its steps is.
static void legs_lead_where_they_say(void **state)
{
    (void)state;
    struct arena *arena = arena_new(STAGE_BYTES);
    struct rng r = rng_seeded(test_seed());
    struct grid_map m;
    stage_map(&m, arena, 40, 30, 5, &r);
    uint32_t free_legs = 0;
    for (int i = 0; i < 5000; i++) {
        const struct grid_cell from = stage_free(&m, &r);
        const struct grid_cell to = any_cell(&m, &r);
        const struct grid_leg leg = grid_leg(from, to);
        const uint32_t dx = (uint32_t)abs(from.x - to.x);
        const uint32_t dy = (uint32_t)abs(from.y - to.y);
        const uint32_t least = dx < dy ? dx : dy;
        assert_int_equal(grid_leg_cost(&leg),
                         least * GRID_DIAGONAL + (dx + dy - 2 * least) * GRID_STRAIGHT);
        for (int order = 0; order < 2; order++) {
            const uint32_t dir[2] = {order == 0 ? leg.diagonal_dir : leg.straight_dir,
                                     order == 0 ? leg.straight_dir : leg.diagonal_dir};
            const uint32_t steps[2] = {order == 0 ? leg.diagonal : leg.straight,
                                       order == 0 ? leg.straight : leg.diagonal};
            struct grid_cell at = from;
            bool is_free = true;
            for (uint32_t k = 0; is_free && k < steps[0] + steps[1]; k++) {
                is_free = grid_can_step(&m, at, dir[k >= steps[0]]);
                at = grid_next(at, dir[k >= steps[0]], 1);
            }
            assert_int_equal(grid_leg_is_free(&m, from, &leg, order == 0), is_free);
            assert_true(!is_free || grid_cell_is(at, to));
            free_legs += is_free;
        }
    }
    assert_in_range(free_legs, 500, 9500);
    arena_free(arena);
}

// Who can walk to whom, step by step and in all eight directions.
static void regions_are_who_can_walk_to_whom(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, 50, 40, 45, 8);
    static uint32_t reached[50 * 40];
    static struct grid_cell waiting[50 * 40];
    uint32_t regions = 0;
    memset(reached, 0, sizeof reached);
    for (uint32_t i = 0; i < 50 * 40; i++) {
        const struct grid_cell from = {(uint16_t)(i % 50), (uint16_t)(i / 50)};
        if (!grid_is_free(&s.map, from)) {
            assert_int_equal(s.grid.region[i], 0);
            continue;
        }
        if (reached[i] != 0)
            continue;
        uint32_t count = 0;
        waiting[count++] = from;
        reached[i] = ++regions;
        while (count > 0) {
            const struct grid_cell at = waiting[--count];
            for (uint32_t dir = 0; dir < GRID_DIRECTIONS; dir++) {
                const struct grid_cell next = grid_next(at, dir, 1);
                if (!grid_can_step(&s.map, at, dir) || reached[grid_index(&s.map, next)] != 0)
                    continue;
                reached[grid_index(&s.map, next)] = regions;
                waiting[count++] = next;
            }
        }
    }
    assert_true(regions > 10);
    assert_memory_equal(s.grid.region, reached, sizeof reached);
    stage_close(&s);
}

static void who_is_near_is_near_from_both_sides(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, 80, 60, 15, 7);
    static struct grid_near near[4 + 4 * (1 + 2 * 80)];
    static struct grid_near back[ARRAY_COUNT(near)];
    for (uint32_t i = 0; i < s.grid.node_count; i++) {
        const uint32_t count = grid_near(&s.map, s.grid.stop, s.grid.node[i], near);
        for (uint32_t k = 0; k < count; k++) {
            const struct grid_leg leg = grid_leg(s.grid.node[i], near[k].at);
            assert_int_equal(grid_leg_cost(&leg), near[k].cost);
            assert_true(grid_leg_is_free(&s.map, s.grid.node[i], &leg, true));
            const uint32_t others = grid_near(&s.map, s.grid.stop, near[k].at, back);
            uint32_t found = 0;
            for (uint32_t j = 0; j < others; j++)
                found += grid_cell_is(back[j].at, s.grid.node[i]);
            assert_int_equal(found, 1);
        }
    }
    stage_close(&s);
}

static void the_same_map_makes_the_same_bytes(void **state)
{
    (void)state;
    struct stage a;
    struct stage b;
    stage_open(&a, 70, 50, 20, 3);
    stage_open(&b, 70, 50, 20, 3);
    assert_true(a.grid.edge_count > 100);
    assert_true(bytes_equal(buffer_bytes(&a.object), buffer_bytes(&b.object)));
    stage_close(&a);
    stage_close(&b);
}

// Each byte of an object spoiled: refused, or it does no harm.
static void a_spoiled_object_is_refused_or_harmless(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, 24, 20, 20, 4);
    struct arena *arena = arena_new(STAGE_BYTES);
    struct rng r = rng_seeded(9);
    const struct bytes good = buffer_bytes(&s.object);
    static uint8_t room[ROUTE_PATH_BYTES_MAX];
    uint32_t refused = 0;
    for (size_t i = 0; i < good.len; i++) {
        struct grid g;
        struct route_search *search = NULL;
        const uint8_t before = s.object.at[i];
        s.object.at[i] ^= (uint8_t)(1u << rng_below(&r, 8));
        arena_reset(arena);
        struct err err = {.text = ""};
        if (grid_open(&g, arena, good, &err) == RC_OK) {
            assert_int_equal(route_search_new(&search, arena, &g), RC_OK);
            for (int k = 0; k < 20; k++) {
                struct buffer path = buffer_of(room, sizeof room);
                enum rc rc = route_search_path(search, stage_free(&s.map, &r),
                                               stage_free(&s.map, &r), &path);
                assert_true(rc == RC_OK || rc == RC_MALFORMED);
            }
        } else {
            assert_true(err.text[0] != 0);
            refused++;
        }
        s.object.at[i] = before;
    }
    assert_true(refused > good.len / 2);
    struct grid g;
    for (size_t len = 0; len < good.len; len++)
        assert_int_equal(grid_open(&g, arena, bytes_part(good, 0, len), NULL), RC_MALFORMED);
    arena_free(arena);
    stage_close(&s);
}

// Costs in any order come out sorted, cheaper offers count, dearer ones and those of taken nodes do
// not; a search knows nothing of the one before.
static void the_queue_gives_the_nearest_first(void **state)
{
    (void)state;
    struct arena *arena = arena_new(STAGE_BYTES);
    struct rng r = rng_seeded(6);
    struct grid_queue q;
    assert_int_equal(grid_queue_new(&q, arena, 100), RC_OK);
    assert_int_equal(grid_queue_least(&q), UINT64_MAX);
    for (int search = 0; search < 50; search++) {
        uint64_t best[100];
        memset(best, 0xff, sizeof best);
        grid_queue_begin(&q);
        for (int i = 0; i < 300; i++) {
            const uint32_t node = (uint32_t)rng_below(&r, 100);
            const uint64_t cost = rng_below(&r, 50);
            assert_int_equal(grid_queue_cost(&q, node), best[node]);
            grid_queue_offer(&q, node, cost);
            best[node] = cost < best[node] ? cost : best[node];
        }
        uint64_t last = 0;
        uint32_t node = 0;
        while (q.count > 0) {
            const uint64_t least = grid_queue_least(&q);
            node = grid_queue_take(&q);
            assert_true(best[node] == least && least >= last);
            grid_queue_offer(&q, node, 0); // it was taken
            assert_int_equal(grid_queue_cost(&q, node), least);
            last = least;
        }
        grid_queue_return(&q, node, 3);
        assert_int_equal(grid_queue_least(&q), 3);
    }
    arena_free(arena);
}

static void memory_that_runs_out_is_said(void **state)
{
    (void)state;
    struct stage s;
    stage_open(&s, 24, 20, 20, 4);
    struct budget none = {.limit_bytes = 16};
    struct buffer object;
    assert_int_equal(grid_prepare(&object, &none, &s.map, NULL, NULL), RC_NOMEM);
    bool was_enough = false;
    for (size_t bytes = 1000; !was_enough; bytes += 4000) {
        struct arena *small = arena_new(bytes);
        struct grid g;
        struct err err = {.text = ""};
        const enum rc rc =
            small == NULL ? RC_NOMEM : grid_open(&g, small, buffer_bytes(&s.object), &err);
        assert_true(rc == RC_OK || rc == RC_NOMEM);
        assert_true(rc == RC_OK || small == NULL || strstr(err.text, "memory") != NULL);
        assert_true(bytes > 1000 || rc == RC_NOMEM);
        was_enough = rc == RC_OK;
        arena_free(small);
    }
    stage_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_text_is_read_with_either_end_of_line),
        cmocka_unit_test(what_is_no_map_is_refused_in_words),
        cmocka_unit_test(problems_are_read_and_bad_lines_named),
        cmocka_unit_test(runs_end_at_walls),
        cmocka_unit_test(legs_lead_where_they_say),
        cmocka_unit_test(regions_are_who_can_walk_to_whom),
        cmocka_unit_test(who_is_near_is_near_from_both_sides),
        cmocka_unit_test(the_same_map_makes_the_same_bytes),
        cmocka_unit_test(a_spoiled_object_is_refused_or_harmless),
        cmocka_unit_test(the_queue_gives_the_nearest_first),
        cmocka_unit_test(memory_that_runs_out_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
