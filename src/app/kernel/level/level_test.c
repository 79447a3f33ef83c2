// SPDX-License-Identifier: MIT
// Tests of kernel `level`: ways and walls by scipy's word, places, chunks alone, liars.
#include "kernel/level/level.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/seed_test.h"
#include "crypt/hash.h"
#include "kernel/kernel_stage_test.h"

#define RESULT_BYTES ((size_t)8 << 20)

static uint8_t result_at[RESULT_BYTES];
static uint8_t again_at[RESULT_BYTES];
static uint8_t params_at[1024];
static uint8_t part_at[1024];
static uint8_t part_result_at[RESULT_BYTES];
static uint8_t seen[LEVEL_CELLS_MAX];

static struct kernel_stage stage = {.kernel = &level_kernel};

struct run {
    struct level_params p;
    struct buffer params, result;
};

static int set_up(void **state)
{
    (void)state;
    stage.part = buffer_of(part_at, sizeof part_at);
    stage.redone = buffer_of(part_result_at, sizeof part_result_at);
    return 0;
}

static void run_task(struct run *t, const struct level_params *p)
{
    *t = (struct run){.p = *p,
                      .params = buffer_of(params_at, sizeof params_at),
                      .result = buffer_of(result_at, sizeof result_at)};
    assert_int_equal(level_params_encode(p, &t->params), RC_OK);
    assert_int_equal(kernel_stage_run(&stage, buffer_bytes(&t->params), 0, &t->result), RC_OK);
}

static enum rc check(struct run *t, uint64_t nonce, struct kernel_verdict *v)
{
    return kernel_stage_check(&stage, buffer_bytes(&t->params), buffer_bytes(&t->result), nonce, v);
}

static struct level_params any_params(struct rng *r, uint32_t kind)
{
    struct level_params p = {.kind = kind,
                             .seed = rng_u64(r),
                             .chunks_x = 1 + (uint32_t)rng_below(r, 5),
                             .chunks_y = 1 + (uint32_t)rng_below(r, 5),
                             .side = LEVEL_SIDE_MIN + (uint32_t)rng_below(r, 40),
                             .density = (uint32_t)rng_below(r, 1001),
                             .has_places = rng_below(r, 2) == 0};
    return p;
}

static void maps_are_one_piece_as_scipy_says(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    FILE *f = fopen("level_test.maps", "wb");
    assert_non_null(f);
    struct run t;
    for (uint32_t i = 0; i < 1000; i++) {
        struct level_params p = any_params(&r, i % 4 == 3 ? LEVEL_CITY : LEVEL_DUNGEON);
        p.has_places = false;
        run_task(&t, &p);
        assert_int_equal(fwrite(result_at, 1, t.result.len, f), t.result.len);
        struct level l;
        bool is_whole = false;
        assert_int_equal(level_open(&l, &p, buffer_bytes(&t.result)), RC_OK);
        assert_int_equal(level_is_connected(&l, &is_whole), RC_OK);
        assert_true(is_whole);
    }
    assert_int_equal(fclose(f), 0);
    assert_int_equal(system("/usr/bin/python3 " PROJECT_ROOT
                            "/src/app/kernel/level/reference.py level_test.maps 1000"),
                     0);
}

static bool has_room(const struct level *l, struct level_place a, uint32_t around)
{
    for (uint32_t y = a.y - around; y < (uint32_t)a.y + a.h + around; y++) {
        for (uint32_t x = a.x - around; x < (uint32_t)a.x + a.w + around; x++) {
            if (seen[(size_t)y * l->width + x])
                return false;
        }
    }
    for (uint32_t y = a.y; y < (uint32_t)a.y + a.h; y++)
        memset(seen + (size_t)y * l->width + a.x, 1, a.w);
    return true;
}

static bool is_floor(const struct level *l, struct level_place a)
{
    for (uint32_t y = a.y; y < (uint32_t)a.y + a.h; y++) {
        for (uint32_t x = a.x; x < (uint32_t)a.x + a.w; x++) {
            if (level_cell(l, x, y) != LEVEL_FLOOR)
                return false;
        }
    }
    return true;
}

static void rooms_are_floor_and_stand_apart(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    struct run t;
    struct level l;
    for (int i = 0; i < 200; i++) {
        struct level_params p = any_params(&r, LEVEL_DUNGEON);
        p.has_places = true;
        run_task(&t, &p);
        assert_int_equal(level_open(&l, &p, buffer_bytes(&t.result)), RC_OK);
        memset(seen, 0, (size_t)l.width * l.height);
        assert_true(level_place_count(&l) >= p.chunks_x * p.chunks_y);
        for (size_t j = 0; j < level_place_count(&l); j++) {
            const struct level_place a = level_place(&l, j);
            assert_true(a.what == LEVEL_ROOM && a.w >= 4 && a.h >= 4);
            assert_true(is_floor(&l, a));
            assert_true(has_room(&l, a, 2)); // two cells of wall, but for corridors
        }
    }
}

static bool touches_a_street(const struct level *l, struct level_place a)
{
    const uint32_t right = (uint32_t)a.x + a.w;
    const uint32_t below = (uint32_t)a.y + a.h;
    bool is_open = false;
    for (uint32_t x = a.x; x < right; x++)
        is_open |=
            level_cell(l, x, a.y - 1u) == LEVEL_FLOOR || level_cell(l, x, below) == LEVEL_FLOOR;
    for (uint32_t y = a.y; y < below; y++)
        is_open |=
            level_cell(l, a.x - 1u, y) == LEVEL_FLOOR || level_cell(l, right, y) == LEVEL_FLOOR;
    return is_open;
}

static void a_city_is_streets_and_lots_and_nothing_else(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    struct run t;
    struct level l;
    for (int i = 0; i < 200; i++) {
        struct level_params p = any_params(&r, LEVEL_CITY);
        p.has_places = true;
        run_task(&t, &p);
        assert_int_equal(level_open(&l, &p, buffer_bytes(&t.result)), RC_OK);
        memset(seen, 0, (size_t)l.width * l.height);
        size_t covered = 0;
        for (size_t j = 0; j < level_place_count(&l); j++) {
            const struct level_place a = level_place(&l, j);
            assert_true(has_room(&l, a, 0));
            covered += (size_t)a.w * a.h;
            if (a.what == LEVEL_STREET)
                assert_true(is_floor(&l, a));
            else
                assert_true(a.w >= 5 && a.h >= 5 && touches_a_street(&l, a));
        }
        assert_int_equal(covered, (size_t)l.width * l.height);
    }
}

static void results_repeat_and_pass(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    struct run t;
    struct kernel_verdict v;
    for (uint32_t i = 0; i < 100; i++) {
        const struct level_params p = any_params(&r, i % 2);
        run_task(&t, &p);
        memcpy(again_at, result_at, t.result.len);
        for (int j = 0; j < 4; j++) {
            assert_int_equal(check(&t, rng_u64(&r), &v), RC_OK);
            assert_true(v.is_right && v.mismatches == 0 && v.parts >= 1);
        }
        run_task(&t, &p);
        assert_memory_equal(again_at, result_at, t.result.len);
    }
}

// The largest, and of each kind the same bytes on every machine and by every compiler.
static void the_same_map_everywhere(void **state)
{
    (void)state;
    static const char *const want[] = {
        "36bfbb303962f1d2bbd69e86568f8a69a12e69e22cb7518e85d417f00d0be2fc",
        "9a3e27d5af2db66a449ec7b6885d531c3c7926196705f2a7347f022e56b82fc0"};
    struct run t;
    for (uint32_t kind = 0; kind < LEVEL_KINDS; kind++) {
        const struct level_params p = {.kind = kind,
                                       .seed = 7,
                                       .chunks_x = 16,
                                       .chunks_y = 16,
                                       .side = 128,
                                       .density = 300,
                                       .has_places = true};
        run_task(&t, &p);
        const struct digest d = hash_bytes(buffer_bytes(&t.result));
        char hex[DIGEST_HEX_BYTES];
        digest_hex(&d, hex);
        assert_string_equal(hex, want[kind]);
    }
}

static void an_altered_map_is_found(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    struct run t;
    struct kernel_verdict v;
    for (uint32_t i = 0; i < 200; i++) {
        struct level_params p = any_params(&r, i % 2);
        p.chunks_x = 1 + i % 4 / 2;
        p.chunks_y = 1; // two at most: both are drawn
        run_task(&t, &p);
        const size_t at = rng_below(&r, t.result.len);
        const uint8_t was = result_at[at];
        result_at[at] = was == LEVEL_FLOOR ? LEVEL_WALL : LEVEL_FLOOR;
        enum rc rc = check(&t, i, &v);
        assert_true(rc != RC_OK || !v.is_right);
        result_at[at] = was;
        assert_int_equal(check(&t, i, &v), RC_OK);
        assert_true(v.is_right);
    }
}

// A result whose table or places are not what they should be is none.
static void forged_places_are_refused(void **state)
{
    (void)state;
    struct run t;
    struct level l;
    const struct level_params p = {.chunks_x = 2, .chunks_y = 2, .side = 24, .has_places = true};
    run_task(&t, &p);
    assert_int_equal(level_open(&l, &p, buffer_bytes(&t.result)), RC_OK);
    uint8_t *ends = result_at + (l.ends.at - result_at);
    uint8_t *place = result_at + (l.places.at - result_at);
    static const struct {
        bool is_end;
        uint8_t at, value;
    } lie[] = {
        {true, 0, 0xff},  // the first chunk has more places than there are
        {true, 14, 1},    // so many in all
        {false, 1, 9},    // no such kind of place
        {false, 3, 0xff}, // beyond the right side
        {false, 5, 0xff}, // below
        {false, 6, 0},    // no width
        {false, 8, 0},    // no height
    };
    for (size_t i = 0; i < ARRAY_COUNT(lie); i++) {
        uint8_t *byte = (lie[i].is_end ? ends : place) + lie[i].at;
        const uint8_t was = *byte;
        assert_true(was != lie[i].value);
        *byte = lie[i].value;
        assert_int_equal(level_open(&l, &p, buffer_bytes(&t.result)), RC_MALFORMED);
        *byte = was;
    }
    for (size_t len = 0; len < t.result.len; len++)
        assert_int_equal(level_open(&l, &p, bytes_of(result_at, len)), RC_MALFORMED);
    assert_int_equal(level_open(&l, &p, buffer_bytes(&t.result)), RC_OK);
}

static bool is_one_piece(const char *rows, uint32_t width, uint32_t height)
{
    bool out;
    const struct level l = {.width = width, .height = height, .rows = bytes_text(rows)};
    assert_int_equal(level_is_connected(&l, &out), RC_OK);
    return out;
}

static void pieces_by_hand(void **state)
{
    (void)state;
    assert_true(is_one_piece("...\n", 3, 1));
    assert_false(is_one_piece(".@.\n", 3, 1));
    assert_false(is_one_piece("@@@\n", 3, 1));
    assert_true(is_one_piece(".@.\n...\n", 3, 2));
    assert_false(is_one_piece(".@\n@.\n", 2, 2)); // corners do not join
    assert_true(is_one_piece(".....\n.@@@.\n.@.@.\n.@...\n", 5, 4));
    assert_false(is_one_piece(".....\n.@@@.\n.@.@.\n.@...\n", 5, 3));
    assert_true(is_one_piece(".@.@.\n.@.@.\n.....\n", 5, 3));
    assert_false(is_one_piece(".@.@.\n.@.@.\n...@.\n", 5, 3));
}

static void assert_refused(struct level_params p)
{
    struct buffer b = buffer_of(params_at, sizeof params_at);
    assert_int_equal(level_params_encode(&p, &b), RC_MALFORMED);
}

static void bad_params_are_refused(void **state)
{
    (void)state;
    const struct level_params good = {
        .chunks_x = 2, .chunks_y = 3, .side = 32, .density = 1000, .part_count = 1, .part = {5}};
    struct level_params p = good;
    p.kind = LEVEL_KINDS;
    assert_refused(p);
    p = good;
    p.side = LEVEL_SIDE_MIN - 1;
    assert_refused(p);
    p.side = LEVEL_SIDE_MAX + 1;
    assert_refused(p);
    p = good;
    p.chunks_x = 0;
    assert_refused(p);
    p.chunks_x = LEVEL_MAP_MAX / 32 + 1;
    assert_refused(p);
    p.chunks_x = p.chunks_y = 65; // each side is allowed, both are too many cells
    assert_refused(p);
    p = good;
    p.density = 1001;
    assert_refused(p);
    p = good;
    p.part[0] = 6;
    assert_refused(p);
    struct buffer b = buffer_of(params_at, sizeof params_at);
    struct level_params back;
    size_t min;
    size_t max;
    assert_int_equal(level_params_encode(&good, &b), RC_OK);
    assert_int_equal(level_params_decode(&back, buffer_bytes(&b)), RC_OK);
    assert_memory_equal(&back, &good, sizeof good);
    for (size_t len = 0; len < b.len; len++) {
        const struct kernel_in in = {.params = bytes_of(params_at, len)};
        struct buffer out = buffer_of(result_at, sizeof result_at);
        assert_int_equal(level_params_decode(&back, in.params), RC_MALFORMED);
        assert_int_equal(level_kernel.run(NULL, &in, &out, NULL), RC_MALFORMED);
        assert_int_equal(level_kernel.result_bounds(in.params, &min, &max), RC_MALFORMED);
    }
    assert_true(level_kernel.size(buffer_bytes(&b)) > 0);
}

static void no_room_is_said(void **state)
{
    (void)state;
    struct run t;
    const struct level_params p = {.chunks_x = 2, .chunks_y = 1, .side = 24, .has_places = true};
    run_task(&t, &p);
    const struct kernel_in in = {.params = buffer_bytes(&t.params)};
    for (size_t cap = 0; cap < t.result.len; cap++) {
        struct buffer out = buffer_of(again_at, cap);
        assert_int_equal(level_kernel.run(NULL, &in, &out, NULL), RC_FULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_are_one_piece_as_scipy_says),
        cmocka_unit_test(rooms_are_floor_and_stand_apart),
        cmocka_unit_test(a_city_is_streets_and_lots_and_nothing_else),
        cmocka_unit_test(results_repeat_and_pass),
        cmocka_unit_test(the_same_map_everywhere),
        cmocka_unit_test(an_altered_map_is_found),
        cmocka_unit_test(forged_places_are_refused),
        cmocka_unit_test(pieces_by_hand),
        cmocka_unit_test(bad_params_are_refused),
        cmocka_unit_test(no_room_is_said),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
