// SPDX-License-Identifier: MIT
// Tests of joining: each (pixel, sample) once, in any order, against a naive twin.
//
// usage: join_test [SEED]. The seed is printed.
#include "work/join.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/rng.h"

static uint64_t seed = 7; // set by main alone
static struct budget budget = {.limit_bytes = (size_t)1 << 24};

#define SIDE    12u
#define LAYERS  2u
#define VALUES  (LAYERS * JOIN_CHANNELS)
#define SAMPLES 9u

static struct join *join_of(struct join_cfg cfg)
{
    struct join *j = NULL;
    assert_int_equal(join_new(&j, &budget, &cfg), RC_OK);
    return j;
}

static const struct join_cfg small = {.width = SIDE,
                                      .height = SIDE,
                                      .layers = LAYERS,
                                      .samples = SAMPLES,
                                      .parts_max = 1000,
                                      .value_max = 1000};

// What one sample of one value is worth; a sum over a range follows from it.
static uint32_t worth(uint32_t x, uint32_t y, uint32_t value, uint32_t sample)
{
    return (uint32_t)(rng_mix(((x * SIDE + y) * VALUES + value) * SAMPLES + sample) % 1001);
}

static struct bytes sums_of(uint8_t *at, size_t cap, const struct join_part *p)
{
    struct buffer b = buffer_of(at, cap);
    for (uint32_t y = p->rect.y; y < p->rect.y + p->rect.h; y++)
        for (uint32_t x = p->rect.x; x < p->rect.x + p->rect.w; x++)
            for (uint32_t v = 0; v < VALUES; v++) {
                uint32_t sum = 0;
                for (uint32_t s = 0; s < p->sample_count; s++)
                    sum += worth(x, y, v, p->sample_first + s);
                buffer_u32le(&b, sum);
            }
    assert_false(b.is_full);
    return buffer_bytes(&b);
}

struct twin { // which pairs are there
    bool has[SIDE][SIDE][SAMPLES];
};

static bool twin_meets(const struct twin *t, const struct join_part *p)
{
    for (uint32_t y = p->rect.y; y < p->rect.y + p->rect.h; y++)
        for (uint32_t x = p->rect.x; x < p->rect.x + p->rect.w; x++)
            for (uint32_t s = 0; s < p->sample_count; s++)
                if (t->has[y][x][p->sample_first + s])
                    return true;
    return false;
}

static void twin_put(struct twin *t, const struct join_part *p)
{
    for (uint32_t y = p->rect.y; y < p->rect.y + p->rect.h; y++)
        for (uint32_t x = p->rect.x; x < p->rect.x + p->rect.w; x++)
            memset(t->has[y][x] + p->sample_first, 1, p->sample_count);
}

static void check_pixel(const struct join *j, const struct twin *t, uint32_t x, uint32_t y)
{
    uint64_t got[VALUES];
    join_pixel(j, x, y, got);
    for (uint32_t v = 0; v < VALUES; v++) {
        uint64_t sum = 0;
        for (uint32_t s = 0; s < SAMPLES; s++)
            sum += t->has[y][x][s] ? worth(x, y, v, s) : 0;
        assert_int_equal(got[v], sum);
        assert_int_equal(join_sum(j, x, y, v / JOIN_CHANNELS, v % JOIN_CHANNELS), sum);
    }
}

static void check_twin(const struct join *j, const struct twin *t)
{
    uint64_t missing = 0;
    for (uint32_t y = 0; y < SIDE; y++)
        for (uint32_t x = 0; x < SIDE; x++) {
            uint32_t count = 0;
            for (uint32_t s = 0; s < SAMPLES; s++)
                count += t->has[y][x][s];
            missing += SAMPLES - count;
            assert_int_equal(join_samples_at(j, x, y), count);
            check_pixel(j, t, x, y);
        }
    assert_int_equal(join_missing(j), missing);
    assert_int_equal(join_is_whole(j), missing == 0);
}

static struct join_part any_part(struct rng *rng)
{
    struct join_part p;
    p.rect.x = (uint32_t)rng_below(rng, SIDE);
    p.rect.y = (uint32_t)rng_below(rng, SIDE);
    p.rect.w = 1 + (uint32_t)rng_below(rng, SIDE - p.rect.x);
    p.rect.h = 1 + (uint32_t)rng_below(rng, SIDE - p.rect.y);
    p.sample_first = (uint32_t)rng_below(rng, SAMPLES);
    p.sample_count = 1 + (uint32_t)rng_below(rng, SAMPLES - p.sample_first);
    if (rng_below(rng, 2)) { // large ones soon leave no room
        p.rect.w = p.rect.w > 3 ? 3 : p.rect.w;
        p.rect.h = p.rect.h > 3 ? 3 : p.rect.h;
        p.sample_count = p.sample_count > 2 ? 2 : p.sample_count;
    }
    return p;
}

static void fill_rest(struct join *j, struct twin *t)
{
    uint8_t at[VALUES * 4];
    for (uint32_t y = 0; y < SIDE; y++)
        for (uint32_t x = 0; x < SIDE; x++)
            for (uint32_t s = 0; s < SAMPLES; s++) {
                struct join_part p = {{x, y, 1, 1}, s, 1};
                enum rc want = t->has[y][x][s] ? RC_REFUSED : RC_OK;
                assert_int_equal(join_put(j, &p, sums_of(at, sizeof at, &p)), want);
                t->has[y][x][s] = true;
            }
}

static void test_against_twin(void **state)
{
    (void)state;
    static uint8_t at[SIDE * SIDE * VALUES * 4];
    struct rng rng = rng_seeded(seed);
    struct join_cfg cfg = small;
    cfg.parts_max = SIDE * SIDE * SAMPLES;
    for (unsigned round = 0; round < 20; round++) {
        cfg.value_max = round % 2 ? 1000 : UINT32_MAX; // sums of 4 bytes, and of 8
        struct join *j = join_of(cfg);
        struct twin t = {0};
        for (unsigned i = 0; i < 200; i++) {
            struct join_part p = any_part(&rng);
            enum rc want = twin_meets(&t, &p) ? RC_REFUSED : RC_OK;
            assert_int_equal(join_put(j, &p, sums_of(at, sizeof at, &p)), want);
            if (want == RC_OK)
                twin_put(&t, &p);
        }
        check_twin(j, &t);
        fill_rest(j, &t);
        check_twin(j, &t);
        assert_true(join_is_whole(j));
        join_reset(j);
        memset(&t, 0, sizeof t);
        check_twin(j, &t);
        join_free(j);
    }
    assert_int_equal(budget.used_bytes, 0);
}

static void test_malformed(void **state)
{
    (void)state;
    static uint8_t at[SIDE * SIDE * VALUES * 4 + 1];
    struct join *j = join_of(small);
    const struct join_part bad[] = {{{0, 0, SIDE + 1, 1}, 0, 1},
                                    {{0, 0, 1, SIDE + 1}, 0, 1},
                                    {{SIDE, 0, 1, 1}, 0, 1},
                                    {{0, 0, 0, 1}, 0, 1},
                                    {{0, 0, 1, 0}, 0, 1},
                                    {{0, 0, 1, 1}, 0, 0},
                                    {{0, 0, 1, 1}, 0, SAMPLES + 1},
                                    {{0, 0, 1, 1}, SAMPLES, 1},
                                    {{0, 0, 1, 1}, 1, UINT32_MAX},
                                    {{0, 0, 1, 1}, UINT32_MAX, 2},
                                    {{UINT32_MAX, 0, UINT32_MAX, 1}, 0, 1}};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        assert_int_equal(join_put(j, &bad[i], bytes_of(at, VALUES * 4)), RC_MALFORMED);
    struct join_part good = {{1, 1, 2, 2}, 3, 2};
    size_t len = 4 * VALUES * 4;
    assert_int_equal(join_put(j, &good, bytes_of(at, len - 1)), RC_MALFORMED);
    assert_int_equal(join_put(j, &good, bytes_of(at, len + 1)), RC_MALFORMED);
    assert_int_equal(join_put(j, &good, bytes_of(at, 0)), RC_MALFORMED);
    struct buffer b = buffer_of(at + len - 4, 4);
    buffer_u32le(&b, 2001); // two samples of 1000 at most
    assert_int_equal(join_put(j, &good, bytes_of(at, len)), RC_MALFORMED);
    assert_int_equal(join_missing(j), join_total(j));
    assert_int_equal(join_sum(j, 2, 2, 1, 2), 0);
    b = buffer_of(at + len - 4, 4);
    buffer_u32le(&b, 2000);
    assert_int_equal(join_put(j, &good, bytes_of(at, len)), RC_OK);
    assert_int_equal(join_sum(j, 2, 2, 1, 2), 2000);
    join_free(j);
}

static void test_sums_beyond_32_bits(void **state)
{
    (void)state;
    struct join *j = join_of((struct join_cfg){.width = 1,
                                               .height = 1,
                                               .layers = 1,
                                               .samples = 3,
                                               .parts_max = 3,
                                               .value_max = UINT32_MAX});
    uint8_t at[12];
    memset(at, 0xff, sizeof at);
    for (uint32_t s = 0; s < 3; s++) {
        struct join_part p = {{0, 0, 1, 1}, s, 1};
        assert_int_equal(join_put(j, &p, bytes_of(at, sizeof at)), RC_OK);
    }
    assert_int_equal(join_sum(j, 0, 0, 0, 1), 3 * (uint64_t)UINT32_MAX);
    join_free(j);
}

static void test_ranges_in_order_need_one_entry(void **state)
{
    (void)state;
    struct join_cfg cfg = small;
    cfg.parts_max = 2;
    struct join *j = join_of(cfg);
    static uint8_t at[SIDE * SIDE * VALUES * 4];
    const struct rect left = {0, 0, SIDE / 2, SIDE};
    const struct rect right = {SIDE / 2, 0, SIDE / 2, SIDE};
    size_t len = (size_t)rect_area(left) * VALUES * 4;
    for (uint32_t s = 0; s < SAMPLES; s++) {
        struct join_part p = {left, s, 1};
        assert_int_equal(join_put(j, &p, bytes_of(at, len)), RC_OK);
        p = (struct join_part){right, SAMPLES - 1 - s, 1}; // backwards does as well
        assert_int_equal(join_put(j, &p, bytes_of(at, len)), RC_OK);
        if (s > 0)
            continue;
        p = (struct join_part){left, 5, 1}; // leaves a gap: a third entry
        assert_int_equal(join_put(j, &p, bytes_of(at, len)), RC_FULL);
    }
    assert_true(join_is_whole(j));
    join_free(j);
}

static void test_bounds_of_new(void **state)
{
    (void)state;
    struct join *j = NULL;
    struct join_cfg bad[10];
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        bad[i] = small;
    bad[0].width = 0;
    bad[1].width = JOIN_SIDE_MAX + 1;
    bad[2].height = 0;
    bad[3].height = JOIN_SIDE_MAX + 1;
    bad[4].layers = 0;
    bad[5].layers = JOIN_LAYERS_MAX + 1;
    bad[6].samples = 0;
    bad[7].samples = JOIN_SAMPLES_MAX + 1;
    bad[8].parts_max = JOIN_PARTS_MAX + 1;
    bad[9].value_max = 0;
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        assert_int_equal(join_new(&j, &budget, &bad[i]), RC_CONFIG);
    struct join_cfg huge = small;
    huge.width = JOIN_SIDE_MAX;
    huge.height = JOIN_SIDE_MAX;
    assert_int_equal(join_new(&j, &budget, &huge), RC_NOMEM);
    for (size_t limit = 0; limit < 20000; limit += 100) {
        struct budget tight = {.limit_bytes = limit};
        assert_int_equal(join_new(&j, &tight, &small), RC_NOMEM);
        assert_null(j);
        assert_int_equal(tight.used_bytes, 0);
    }
    join_free(NULL);
}

// Parts in any order, written as one result, are what one part for all of it is.
static void test_write(void **state)
{
    (void)state;
    static const struct join_part all = {{0, 0, SIDE, SIDE}, 0, SAMPLES};
    static const struct join_part part[] = {{{4, 0, SIDE - 4, SIDE}, 0, SAMPLES},
                                            {{0, 0, 4, SIDE}, 3, SAMPLES - 3},
                                            {{0, 0, 4, SIDE}, 0, 3}};
    static uint8_t want[(size_t)SIDE * SIDE * VALUES * 4];
    static uint8_t sums[sizeof want];
    static uint8_t got[sizeof want];
    (void)sums_of(want, sizeof want, &all);
    struct join *j = join_of(small);
    for (size_t i = 0; i < ARRAY_COUNT(part); i++)
        assert_int_equal(join_put(j, &part[i], sums_of(sums, sizeof sums, &part[i])), RC_OK);
    struct buffer out = buffer_of(got, sizeof got);
    assert_int_equal(join_write(j, &out), RC_OK);
    assert_int_equal(out.len, sizeof want);
    assert_memory_equal(got, want, sizeof want);
    out = buffer_of(got, sizeof got - 1);
    assert_int_equal(join_write(j, &out), RC_FULL);
    join_free(j);
    struct join_cfg wide = small;
    wide.value_max = UINT32_MAX / SAMPLES + 1; // sums of more than 4 bytes
    j = join_of(wide);
    out = buffer_of(got, sizeof got);
    assert_int_equal(join_write(j, &out), RC_UNSUPPORTED);
    join_free(j);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        seed = strtoull(argv[1], NULL, 0);
    printf("seed %" PRIu64 "\n", seed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_twin),
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_sums_beyond_32_bits),
        cmocka_unit_test(test_ranges_in_order_need_one_entry),
        cmocka_unit_test(test_bounds_of_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
