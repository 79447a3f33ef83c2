// SPDX-License-Identifier: MIT
// Tests of paths as bytes: runs of any length, what they come to, where they lead, bad ones.
#include "kernel/route/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/seed_test.h"
#include "map/grid_stage_test.h"

#define RUNS_MAX 60u

static uint8_t room[ROUTE_PATH_BYTES_MAX + 8];

static struct bytes bytes_at(const uint8_t *at, size_t len)
{
    memcpy(room, at, len);
    return bytes_of(room, len);
}

// Runs as they are written, those in the same direction joined; then read, and walked on a map
// without walls.
static void what_is_written_is_read_and_leads_there(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    struct arena *arena = arena_new(STAGE_BYTES);
    struct grid_map m;
    stage_map(&m, arena, 1024, 1024, 0, &r);
    for (int round = 0; round < 300; round++) {
        struct buffer b = buffer_of(room, sizeof room);
        struct route_writer w = route_writer_of(&b);
        const struct grid_cell start = {512, 512};
        struct grid_cell at = start;
        uint32_t straight = 0;
        uint32_t diagonal = 0;
        const uint64_t runs = rng_below(&r, RUNS_MAX);
        for (uint64_t i = 0; i < runs; i++) {
            const uint32_t dir = (uint32_t)rng_below(&r, GRID_DIRECTIONS);
            const uint32_t most = grid_room(&m, at, dir, 100);
            const uint32_t steps = (uint32_t)rng_below(&r, most + 1ul);
            route_write(&w, dir, steps);
            at = grid_next(at, dir, steps);
            *(dir % 2 == 0 ? &straight : &diagonal) += steps;
        }
        assert_int_equal(route_write_end(&w), RC_OK);
        struct route_length l;
        struct cursor c = {.left = buffer_bytes(&b)};
        assert_int_equal(route_path_parse(&l, &c), RC_OK);
        assert_true(cursor_done(&c) && !l.is_no_way);
        assert_true(l.straight == straight && l.diagonal == diagonal);
        c = (struct cursor){.left = buffer_bytes(&b)};
        assert_int_equal(route_path_walk(&l, &c, &m, start, at), RC_OK);
        c = (struct cursor){.left = buffer_bytes(&b)};
        at.x ^= 1;
        assert_int_equal(route_path_walk(&l, &c, &m, start, at), RC_REFUSED);
        for (size_t cut = 0; cut < b.len; cut++) {
            c = (struct cursor){.left = bytes_of(room, cut)};
            assert_int_equal(route_path_parse(&l, &c), RC_MALFORMED);
        }
    }
    arena_free(arena);
}

static void a_long_run_takes_a_byte_for_31_steps(void **state)
{
    (void)state;
    struct buffer b = buffer_of(room, sizeof room);
    struct route_writer w = route_writer_of(&b);
    route_write(&w, 3, 40);
    route_write(&w, 3, 0);
    route_write(&w, 3, 23);
    assert_int_equal(route_write_end(&w), RC_OK);
    static const uint8_t want[] = {3 << 5 | 31, 3 << 5 | 31, 3 << 5 | 1, 0};
    assert_true(bytes_equal(buffer_bytes(&b), bytes_of(want, sizeof want)));
}

static void no_way_stands_alone(void **state)
{
    (void)state;
    struct route_length l;
    struct buffer b = buffer_of(room, sizeof room);
    assert_int_equal(route_write_no_way(&b), RC_OK);
    struct cursor c = {.left = buffer_bytes(&b)};
    assert_int_equal(route_path_parse(&l, &c), RC_OK);
    assert_true(l.is_no_way && route_length_units(&l) == 0);
    static const uint8_t after_a_step[] = {1, 0x20};
    static const uint8_t nowhere[] = {0x40};
    c = (struct cursor){.left = bytes_at(after_a_step, 2)};
    assert_int_equal(route_path_parse(&l, &c), RC_MALFORMED);
    c = (struct cursor){.left = bytes_at(nowhere, 1)};
    assert_int_equal(route_path_parse(&l, &c), RC_MALFORMED);
}

static void a_path_ends_at_its_bound(void **state)
{
    (void)state;
    struct route_length l;
    struct buffer b = buffer_of(room, sizeof room);
    struct route_writer w = route_writer_of(&b);
    for (uint32_t i = 0; i < ROUTE_PATH_BYTES_MAX; i++)
        route_write(&w, i % 2 == 0 ? 0 : 4, 1);
    assert_int_equal(route_write_end(&w), RC_FULL);
    memset(room, 1, sizeof room); // one step east, for ever
    struct cursor c = {.left = bytes_of(room, sizeof room)};
    assert_int_equal(route_path_parse(&l, &c), RC_MALFORMED);
    b = buffer_of(room, 0);
    assert_int_equal(route_write_no_way(&b), RC_FULL);
}

static void who_walks_into_a_wall_or_starts_in_one_is_refused(void **state)
{
    (void)state;
    struct arena *arena = arena_new(STAGE_BYTES);
    struct grid_map m;
    struct route_length l;
    assert_int_equal(grid_map_new(&m, arena, 5, 1), RC_OK);
    for (uint16_t x = 0; x < 5; x++)
        if (x != 3)
            grid_map_free_cell(&m, (struct grid_cell){x, 0});
    static const uint8_t four_east[] = {4, 0};
    static const uint8_t two_east[] = {2, 0};
    struct cursor c = {.left = bytes_at(four_east, 2)};
    assert_int_equal(
        route_path_walk(&l, &c, &m, (struct grid_cell){0, 0}, (struct grid_cell){4, 0}),
        RC_REFUSED);
    assert_int_equal(l.straight, 4); // what it says is told all the same
    c = (struct cursor){.left = bytes_at(two_east, 2)};
    assert_int_equal(
        route_path_walk(&l, &c, &m, (struct grid_cell){0, 0}, (struct grid_cell){2, 0}), RC_OK);
    c = (struct cursor){.left = bytes_at(two_east, 2)};
    assert_int_equal(
        route_path_walk(&l, &c, &m, (struct grid_cell){3, 0}, (struct grid_cell){5, 0}),
        RC_REFUSED);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_and_leads_there),
        cmocka_unit_test(a_long_run_takes_a_byte_for_31_steps),
        cmocka_unit_test(no_way_stands_alone),
        cmocka_unit_test(a_path_ends_at_its_bound),
        cmocka_unit_test(who_walks_into_a_wall_or_starts_in_one_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
