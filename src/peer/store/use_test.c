// SPDX-License-Identifier: MIT
// Tests of the clock of uses: order, chunks out and in, tables of other sizes.
#include "store/use.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

static struct digest name_of(uint32_t number)
{
    uint8_t b[4] = {(uint8_t)number, (uint8_t)(number >> 8), (uint8_t)(number >> 16), 0};
    return hash_bytes(bytes_of(b, sizeof b));
}

static struct use *make(struct arena *arena, uint32_t objects, uint64_t seed)
{
    struct use *u = use_new(arena, objects, seed);
    assert_non_null(u);
    return u;
}

// All changed chunks of one into the other.
static void carry(struct use *from, struct use *to)
{
    uint8_t room[USE_CHUNK_BYTES];
    use_resume(to, use_clock(from));
    uint32_t chunk = use_take(from, 0, room);
    while (chunk < use_chunks(from)) {
        use_load(to, use_cells(from), chunk, bytes_of(room, sizeof room));
        chunk = use_take(from, chunk + 1, room);
    }
}

static void test_order(void **state)
{
    (void)state;
    struct arena *arena = arena_new(1 << 20);
    struct use *u = make(arena, 10, 7);
    assert_int_equal(use_cells(u), 1024);
    assert_int_equal(use_chunks(u), 2);
    const struct digest a = name_of(1);
    const struct digest b = name_of(2);
    assert_int_equal(use_idle(u, &a), 0);
    use_touch(u, &a);
    assert_int_equal(use_idle(u, &a), 0);
    use_touch(u, &b);
    assert_int_equal(use_idle(u, &a), 1);
    use_touch(u, &b);
    use_touch(u, &a);
    assert_int_equal(use_idle(u, &a), 0);
    assert_int_equal(use_idle(u, &b), 1);
    assert_int_equal(use_unwritten(u), 4);
    arena_free(arena);
}

static void test_few_share_a_cell(void **state)
{
    (void)state;
    enum { OBJECTS = 20000 };
    struct arena *arena = arena_new(1 << 22);
    struct use *u = make(arena, OBJECTS, 7);
    for (uint32_t i = 0; i < OBJECTS; i++) {
        const struct digest name = name_of(i);
        use_touch(u, &name);
    }
    uint32_t right = 0;
    for (uint32_t i = 0; i < OBJECTS; i++) {
        const struct digest name = name_of(i);
        const uint64_t idle = use_idle(u, &name);
        assert_true(idle <= OBJECTS - 1 - i); // never older than it is
        right += idle == OBJECTS - 1 - i;
    }
    assert_true(right > OBJECTS * 6 / 10);
    arena_free(arena);
}

static void test_written_and_read_again(void **state)
{
    (void)state;
    struct arena *arena = arena_new(1 << 20);
    struct use *u = make(arena, 2000, 7);
    for (uint32_t i = 0; i < 1500; i++) {
        const struct digest name = name_of(i);
        use_touch(u, &name);
    }
    struct use *same = make(arena, 2000, 7);
    carry(u, same);
    assert_int_equal(use_unwritten(u), 0);
    uint8_t room[USE_CHUNK_BYTES];
    assert_int_equal(use_take(u, 0, room), use_chunks(u)); // nothing changed since
    const struct digest last = name_of(0);
    use_touch(u, &last);
    const uint32_t chunk = use_take(u, 0, room);
    assert_true(chunk < use_chunks(u));
    assert_int_equal(use_take(u, chunk + 1, room), use_chunks(u)); // one chunk for one touch
    use_untake(u);
    struct use *larger = make(arena, 20000, 7);
    carry(u, larger);
    use_untake(u);
    struct use *smaller = make(arena, 100, 7);
    carry(u, smaller);
    use_touch(same, &last);
    for (uint32_t i = 0; i < 1500; i++) {
        const struct digest name = name_of(i);
        assert_int_equal(use_idle(same, &name), use_idle(u, &name));
        assert_int_equal(use_idle(larger, &name), use_idle(u, &name));
        assert_true(use_idle(smaller, &name) <= use_idle(u, &name)); // shares its cell with more
    }
    arena_free(arena);
}

static void test_bad_chunks_are_ignored(void **state)
{
    (void)state;
    struct arena *arena = arena_new(1 << 20);
    struct use *u = make(arena, 100, 7);
    uint8_t room[USE_CHUNK_BYTES];
    memset(room, 0xff, sizeof room);
    const struct digest name = name_of(1);
    use_resume(u, 10);
    use_load(u, 1024, 0, bytes_of(room, 100));
    use_load(u, 0, 0, bytes_of(room, sizeof room));
    use_load(u, UINT32_MAX, 0, bytes_of(room, sizeof room));
    use_load(u, 1024, UINT32_MAX, bytes_of(room, sizeof room));
    assert_int_equal(use_idle(u, &name), 10);
    use_load(u, 1024, 0, bytes_of(room, sizeof room)); // ticks after the clock are the clock
    use_load(u, 1024, 1, bytes_of(room, sizeof room));
    assert_int_equal(use_idle(u, &name), 0);
    arena_free(arena);
}

static void test_clock_goes_round(void **state)
{
    (void)state;
    struct arena *arena = arena_new(1 << 20);
    struct use *u = make(arena, 100, 7);
    const struct digest a = name_of(1);
    const struct digest b = name_of(2);
    const struct digest never = name_of(3);
    use_resume(u, UINT32_MAX - 2);
    use_touch(u, &a);
    use_touch(u, &b);
    use_touch(u, &b); // over the end
    assert_int_equal(use_idle(u, &b), 0);
    assert_int_equal(use_idle(u, &a), 2);
    assert_true(use_idle(u, &never) > 1u << 30);
    arena_free(arena);
}

static void test_bounds(void **state)
{
    (void)state;
    struct arena *arena = arena_new(4096);
    assert_null(use_new(arena, 1u << 20, 1));
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_few_share_a_cell),
        cmocka_unit_test(test_written_and_read_again),
        cmocka_unit_test(test_bad_chunks_are_ignored),
        cmocka_unit_test(test_clock_goes_round),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
