// SPDX-License-Identifier: MIT
// Tests of parts and judgement: what is redone, which lies are caught, what honest machines may do.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "kernel/kernel.h"
#include "kernel/trace/trace.h"

#define SIDE    64ul
#define SAMPLES 4u

static uint8_t honest[SIDE * SIDE * TRACE_PIXEL_BYTES];
static uint8_t claimed[sizeof honest];
static uint8_t redone[TRACE_PARTS * TRACE_PIXEL_BYTES];
static uint8_t params_at[KERNEL_PARAMS_BYTES_MAX];
static uint8_t part_at[KERNEL_PARAMS_BYTES_MAX];

static struct trace_params tile(uint32_t w, uint32_t h)
{
    return (struct trace_params){.seed = 5,
                                 .width = 200,
                                 .height = 200,
                                 .x = 100,
                                 .y = 50,
                                 .w = w,
                                 .h = h,
                                 .sample_count = SAMPLES,
                                 .depth_max = 4,
                                 .cell = 8,
                                 .camera = {.target = {0, 0, -1}, .up = {0, 1, 0}, .fov_deg = 40}};
}

static struct bytes encoded(const struct trace_params *p)
{
    struct buffer b = buffer_of(params_at, sizeof params_at);
    assert_int_equal(trace_params_encode(p, &b), RC_OK);
    return buffer_bytes(&b);
}

static struct bytes part_of(struct bytes params, uint64_t nonce, struct trace_params *part)
{
    struct buffer b = buffer_of(part_at, sizeof part_at);
    assert_int_equal(trace_kernel.part(params, nonce, &b), RC_OK);
    assert_int_equal(trace_params_decode(part, buffer_bytes(&b)), RC_OK);
    return buffer_bytes(&b);
}

static void put(uint8_t *at, size_t word, uint32_t v)
{
    struct buffer b = buffer_of(at + word * 4, 4);
    buffer_u32le(&b, v);
}

static uint32_t get(const uint8_t *at, size_t word)
{
    struct cursor c = {.left = bytes_of(at + word * 4, 4)};
    return cursor_u32le(&c);
}

static void fill_honest(void)
{
    struct rng rng = rng_seeded(1);
    for (size_t i = 0; i < sizeof honest / 4; i++)
        put(honest, i, (uint32_t)rng_below(&rng, 2ull * SAMPLES * TRACE_UNIT));
    memcpy(claimed, honest, sizeof honest);
}

// What an honest checker gets for the part.
static struct bytes redo(const struct trace_params *part)
{
    for (uint32_t i = 0; i < part->pixel_count; i++) {
        size_t at = (size_t)(part->pixel[i].y - part->y) * part->w + (part->pixel[i].x - part->x);
        memcpy(redone + (size_t)i * TRACE_PIXEL_BYTES, honest + at * TRACE_PIXEL_BYTES,
               TRACE_PIXEL_BYTES);
    }
    return bytes_of(redone, (size_t)part->pixel_count * TRACE_PIXEL_BYTES);
}

static bool judged_right(struct bytes params, uint64_t nonce)
{
    struct trace_params part;
    struct bytes part_params = part_of(params, nonce, &part);
    struct kernel_verdict v;
    assert_int_equal(
        trace_kernel.judge(params, bytes_of(claimed, sizeof claimed), part_params, redo(&part), &v),
        RC_OK);
    assert_int_equal(v.parts, TRACE_PARTS);
    return v.is_right;
}

static void a_nonce_draws_the_same_parts_again_and_another_others(void **state)
{
    (void)state;
    const struct trace_params p = tile(SIDE, SIDE);
    struct bytes params = encoded(&p);
    for (uint64_t nonce = 0; nonce < 20; nonce++) {
        struct trace_params a;
        struct trace_params b;
        (void)part_of(params, nonce, &a);
        (void)part_of(params, nonce, &b);
        assert_int_equal(a.pixel_count, TRACE_PARTS);
        assert_memory_equal(&a, &b, sizeof a);
        (void)part_of(params, nonce + 1, &b);
        assert_memory_not_equal(&a, &b, sizeof a);
    }
}

static void small_tiles_and_lists_are_redone_whole(void **state)
{
    (void)state;
    struct trace_params p = tile(7, 9); // 63 pixels
    struct trace_params part;
    (void)part_of(encoded(&p), 1, &part);
    assert_int_equal(part.pixel_count, 63);
    assert_true(TRACE_PARTS > 63);
    p.pixel_count = 3;
    for (uint16_t i = 0; i < 3; i++)
        p.pixel[i] = (struct pixel){(uint16_t)(101 + i), 52};
    (void)part_of(encoded(&p), 1, &part);
    assert_int_equal(part.pixel_count, 3);
}

static void an_honest_result_is_right(void **state)
{
    (void)state;
    fill_honest();
    struct trace_params p = tile(SIDE, SIDE);
    struct bytes params = encoded(&p);
    for (uint64_t nonce = 0; nonce < 100; nonce++)
        assert_true(judged_right(params, nonce));
    // Rounding everywhere, and five pixels in which a sample is another sample.
    for (size_t i = 0; i < sizeof claimed / 4; i++)
        put(claimed, i, get(honest, i) + (uint32_t)(i % 3));
    for (size_t i = 0; i < SIDE * SIDE; i += 900)
        put(claimed, i * 6, get(honest, i * 6) + TRACE_UNIT / 2);
    for (uint64_t nonce = 0; nonce < 100; nonce++)
        assert_true(judged_right(params, nonce));
}

// How many of `rounds` lies spoiling every `one_in`th pixel at random are caught.
static uint32_t caught(uint32_t one_in, uint32_t rounds)
{
    struct trace_params p = tile(SIDE, SIDE);
    struct bytes params = encoded(&p);
    struct rng rng = rng_seeded(9);
    uint32_t count = 0;
    for (uint32_t r = 0; r < rounds; r++) {
        fill_honest();
        for (size_t i = 0; i < SIDE * SIDE; i++) {
            if (rng_below(&rng, one_in) == 0)
                put(claimed, i * 6 + rng_below(&rng, 6), (uint32_t)rng_below(&rng, 600000));
        }
        count += !judged_right(params, rng_u64(&rng));
    }
    return count;
}

static void lies_are_caught_as_often_as_promised(void **state)
{
    (void)state;
    assert_int_equal(caught(1, 100), 100);
    assert_int_equal(caught(2, 100), 100);
    assert_in_range(caught(10, 1000), 996, 1000);
}

static void what_does_not_belong_together_is_malformed(void **state)
{
    (void)state;
    fill_honest();
    struct trace_params p = tile(SIDE, SIDE);
    struct trace_params part;
    struct bytes params = encoded(&p);
    struct bytes part_params = part_of(params, 4, &part);
    struct bytes good = bytes_of(claimed, sizeof claimed);
    struct bytes part_good = redo(&part);
    struct kernel_verdict v = {.is_right = true};
    assert_int_equal(
        trace_kernel.judge(params, bytes_part(good, 0, good.len - 1), part_params, part_good, &v),
        RC_MALFORMED);
    assert_false(v.is_right);
    assert_int_equal(
        trace_kernel.judge(params, good, part_params, bytes_part(part_good, 0, 24), &v),
        RC_MALFORMED);
    assert_int_equal(trace_kernel.judge(params, good, params, part_good, &v), RC_MALFORMED);
    part.frame++; // another picture
    struct buffer other = buffer_of(part_at, sizeof part_at);
    assert_int_equal(trace_params_encode(&part, &other), RC_OK);
    assert_int_equal(trace_kernel.judge(params, good, buffer_bytes(&other), part_good, &v),
                     RC_MALFORMED);
    size_t bytes;
    assert_int_equal(trace_kernel.result_bounds(bytes_part(params, 1, 9), &bytes, &bytes),
                     RC_MALFORMED);
    assert_int_equal(trace_kernel.result_bounds(params, &bytes, &bytes), RC_OK);
    assert_int_equal(bytes, sizeof honest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_nonce_draws_the_same_parts_again_and_another_others),
        cmocka_unit_test(small_tiles_and_lists_are_redone_whole),
        cmocka_unit_test(an_honest_result_is_right),
        cmocka_unit_test(lies_are_caught_as_often_as_promised),
        cmocka_unit_test(what_does_not_belong_together_is_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
