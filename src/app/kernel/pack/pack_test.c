// SPDX-License-Identifier: MIT
// Tests of kernel `pack`: against the zstd program, its own bounds, liars and bad inputs.
#include "kernel/pack/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zstd.h>

#include "base/rng.h"
#include "base/seed_test.h"
#include "kernel/kernel_stage_test.h"

#define INPUT_BYTES ((size_t)3 << 20)
#define BLOCK_BYTES (256u << 10)

static uint8_t input_at[INPUT_BYTES];
static uint8_t result_at[INPUT_BYTES * 2];
static uint8_t again_at[INPUT_BYTES * 2];
static uint8_t params_at[1024];
static uint8_t part_at[1024];
static uint8_t part_result_at[1024];
static uint8_t block_at[PACK_BLOCK_BYTES_MAX];

// Numbers as a program would write them: some order, some noise.
static void fill(uint64_t seed, size_t len)
{
    struct rng r = rng_seeded(seed);
    for (size_t i = 0; i < len; i++) {
        const bool is_copy = i >= 64 && rng_below(&r, 8) > 0;
        input_at[i] = is_copy ? input_at[i - 1 - rng_below(&r, 2) * 32] : (uint8_t)rng_u64(&r);
    }
}

static struct pack_params params_of(uint32_t level, uint32_t block_bytes, size_t len)
{
    struct pack_params p = {.level = level,
                            .block_bytes = block_bytes,
                            .input_bytes = (uint32_t)len,
                            .input = hash_bytes(bytes_of(input_at, len))};
    return p;
}

static struct kernel_stage stage = {.kernel = &pack_kernel};

static int set_up(void **state)
{
    (void)state;
    stage.part = buffer_of(part_at, sizeof part_at);
    stage.redone = buffer_of(part_result_at, sizeof part_result_at);
    return 0;
}

struct run {
    struct buffer params, result;
};

static void run_task(struct run *t, const struct pack_params *p, struct bytes dictionary)
{
    *t = (struct run){.params = buffer_of(params_at, sizeof params_at),
                      .result = buffer_of(result_at, sizeof result_at)};
    stage.given[0] = bytes_of(input_at, p->input_bytes);
    stage.given[1] = dictionary;
    stage.given_count = dictionary.len > 0 ? 2 : 1;
    assert_int_equal(pack_params_encode(p, &t->params), RC_OK);
    assert_int_equal(
        kernel_stage_run(&stage, buffer_bytes(&t->params), stage.given_count, &t->result), RC_OK);
}

static enum rc check(struct run *t, uint64_t nonce, struct kernel_verdict *v)
{
    return kernel_stage_check(&stage, buffer_bytes(&t->params), buffer_bytes(&t->result), nonce, v);
}

static void write_file(const char *name, struct bytes b)
{
    FILE *f = fopen(name, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(b.at, 1, b.len, f), b.len);
    assert_int_equal(fclose(f), 0);
}

static void assert_file(const char *name, struct bytes want)
{
    FILE *f = fopen(name, "rb");
    assert_non_null(f);
    assert_int_equal(fread(again_at, 1, sizeof again_at, f), want.len);
    assert_int_equal(fclose(f), 0);
    assert_memory_equal(again_at, want.at, want.len);
}

static void the_zstd_program_reads_the_result(void **state)
{
    (void)state;
    struct run t;
    const uint32_t level[] = {1, 3, 7, 19};
    for (size_t i = 0; i < ARRAY_COUNT(level); i++) {
        const size_t len = i == 3 ? 300001 : INPUT_BYTES - i * 1001;
        fill(i, len);
        const struct pack_params p = params_of(level[i], BLOCK_BYTES, len);
        run_task(&t, &p, bytes_of(NULL, 0));
        assert_true(t.result.len < len * 8 / 10);
        write_file("pack_test.zst", buffer_bytes(&t.result));
        assert_int_equal(system("zstd -q -d -f pack_test.zst -o pack_test.out"), 0);
        assert_file("pack_test.out", bytes_of(input_at, len));
    }
    write_file("pack_test.dict", bytes_of(input_at, 20000));
    const struct pack_params p = params_of(5, PACK_BLOCK_BYTES_MIN, 100000);
    run_task(&t, &p, bytes_of(NULL, 0));
    const size_t without = t.result.len;
    run_task(&t, &p, bytes_of(input_at, 20000));
    assert_true(t.result.len < without);
    write_file("pack_test.zst", buffer_bytes(&t.result));
    assert_int_equal(system("zstd -q -d -f -D pack_test.dict pack_test.zst -o pack_test.out"), 0);
    assert_file("pack_test.out", bytes_of(input_at, 100000));
}

// The same block, packed by the library's simplest call, is the same bytes.
static void frames_are_as_the_simple_call_makes_them(void **state)
{
    (void)state;
    struct run t;
    struct pack v;
    fill(3, INPUT_BYTES);
    const struct pack_params p = params_of(3, BLOCK_BYTES, INPUT_BYTES);
    run_task(&t, &p, bytes_of(NULL, 0));
    assert_int_equal(pack_open(&v, buffer_bytes(&t.result)), RC_OK);
    assert_int_equal(v.block_count, INPUT_BYTES / BLOCK_BYTES);
    for (uint32_t i = 0; i < v.block_count; i++) {
        const uint8_t *from = input_at + (size_t)i * BLOCK_BYTES;
        const size_t n = ZSTD_compress(again_at, sizeof again_at, from, BLOCK_BYTES, 3);
        assert_true(bytes_equal(pack_frame(&v, i), bytes_of(again_at, n)));
        const struct digest want = hash_bytes(bytes_of(from, BLOCK_BYTES));
        const struct digest have = pack_digest(&v, i);
        assert_true(digest_equal(&have, &want));
    }
}

static void blocks_unpack_alone(void **state)
{
    (void)state;
    struct run t;
    struct pack v;
    struct pack_reader *r;
    fill(4, 1000000);
    const struct bytes dictionaries[] = {bytes_of(NULL, 0), bytes_of(input_at + 5000, 30000)};
    for (size_t d = 0; d < 2; d++) {
        const struct pack_params p = params_of(2, 70000, 1000000);
        run_task(&t, &p, dictionaries[d]);
        assert_int_equal(pack_open(&v, buffer_bytes(&t.result)), RC_OK);
        assert_int_equal(pack_reader_new(&r, dictionaries[d]), RC_OK);
        for (uint32_t i = v.block_count; i-- > 0;) {
            assert_int_equal(pack_read(r, &v, i, block_at), RC_OK);
            assert_memory_equal(block_at, input_at + (size_t)i * 70000, pack_block_bytes(&v, i));
        }
        pack_reader_free(r);
    }
}

static void what_is_not_the_block_is_not_unpacked(void **state)
{
    (void)state;
    struct run t;
    struct pack v;
    struct pack_reader *r;
    fill(9, 50000);
    const struct bytes dictionary = bytes_of(input_at, 30000);
    const struct pack_params p = params_of(3, PACK_BLOCK_BYTES_MIN, 50000);
    run_task(&t, &p, dictionary);
    assert_int_equal(pack_open(&v, buffer_bytes(&t.result)), RC_OK);
    assert_int_equal(pack_reader_new(&r, bytes_of(NULL, 0)), RC_OK);
    uint32_t read = 0; // of those that are in the dictionary, without it
    for (uint32_t i = 0; i < 30000 / PACK_BLOCK_BYTES_MIN; i++) {
        const struct digest want = pack_digest(&v, i);
        if (pack_read(r, &v, i, block_at) != RC_OK)
            continue;
        const struct digest have = hash_bytes(bytes_of(block_at, pack_block_bytes(&v, i)));
        read += digest_equal(&have, &want);
    }
    assert_int_equal(read, 0);
    pack_reader_free(r);
    assert_int_equal(pack_reader_new(&r, bytes_text("\x37\xa4\x30\xec of no use")), RC_MALFORMED);
    assert_null(r);
    pack_reader_free(NULL);
}

static void honest_results_pass_and_repeat(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    struct run t;
    struct kernel_verdict v;
    for (int i = 0; i < 60; i++) {
        const size_t len = 1 + rng_below(&r, i % 8 == 0 ? INPUT_BYTES : 40000);
        fill(rng_u64(&r), len);
        const struct pack_params p =
            params_of(1 + (uint32_t)rng_below(&r, len > 40000 ? 9 : 19),
                      PACK_BLOCK_BYTES_MIN + (uint32_t)rng_below(&r, 100000), len);
        const size_t known = i % 2 ? 1 + rng_below(&r, len) : 0;
        run_task(&t, &p, bytes_of(input_at, known));
        for (int j = 0; j < 4; j++) {
            assert_int_equal(check(&t, rng_u64(&r), &v), RC_OK);
            assert_true(v.is_right && v.mismatches == 0 && v.parts >= 1);
        }
        memcpy(again_at, result_at, t.result.len);
        run_task(&t, &p, bytes_of(input_at, known));
        assert_memory_equal(again_at, result_at, t.result.len);
    }
}

static bool is_found(struct run *t, uint64_t draws)
{
    struct kernel_verdict v;
    for (uint64_t i = 0; i < draws; i++) {
        if (check(t, i, &v) != RC_OK || !v.is_right)
            return true;
    }
    return false;
}

static void what_is_stored_and_not_packed_is_found(void **state)
{
    (void)state;
    struct run t;
    fill(5, INPUT_BYTES);
    struct pack_params p = params_of(1, BLOCK_BYTES, INPUT_BYTES);
    run_task(&t, &p, bytes_of(NULL, 0));
    p.level = 9; // asked for, and level 1 was delivered
    t.params = buffer_of(params_at, sizeof params_at);
    assert_int_equal(pack_params_encode(&p, &t.params), RC_OK);
    assert_true(is_found(&t, 1)); // as the result says so itself
    result_at[16] = 9;
    struct run honest;
    struct pack v;
    assert_false(is_found(&t, 0));
    const size_t lazy = t.result.len;
    assert_true(is_found(&t, 1));
    run_task(&honest, &p, bytes_of(NULL, 0));
    assert_true(lazy > honest.result.len * 17 / 16);
    assert_int_equal(pack_open(&v, buffer_bytes(&honest.result)), RC_OK);
}

static void every_byte_that_is_altered_is_found(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    struct run t;
    fill(6, 6000);
    const struct pack_params p = params_of(3, PACK_BLOCK_BYTES_MIN, 6000); // two blocks, all drawn
    run_task(&t, &p, bytes_of(NULL, 0));
    uint32_t passed = 0;
    for (size_t i = 0; i < t.result.len; i++) {
        const uint8_t was = result_at[i];
        result_at[i] ^= (uint8_t)(1 + rng_below(&r, 255));
        passed += !is_found(&t, 1);
        result_at[i] = was;
    }
    // Zstandard has more ways than one to say the same: unused bits of a frame's head.
    assert_in_range(passed, 0, 4);
    t.result.len--;
    assert_true(is_found(&t, 1));
    t.result.len += 2;
    assert_true(is_found(&t, 1));
    t.result.len--;
    assert_false(is_found(&t, 1));
}

static void a_part_of_another_task_is_none(void **state)
{
    (void)state;
    struct run t;
    struct kernel_verdict v;
    fill(7, 100000);
    struct pack_params p = params_of(3, PACK_BLOCK_BYTES_MIN, 100000);
    run_task(&t, &p, bytes_of(NULL, 0));
    assert_int_equal(check(&t, 1, &v), RC_OK);
    const struct bytes part = buffer_bytes(&stage.part);
    const struct bytes part_result = buffer_bytes(&stage.redone);
    const struct bytes result = buffer_bytes(&t.result);
    p.input.b[0] ^= 1;
    uint8_t other_at[1024];
    struct buffer other = buffer_of(other_at, sizeof other_at);
    assert_int_equal(pack_params_encode(&p, &other), RC_OK);
    const struct bytes params = buffer_bytes(&t.params);
    assert_int_equal(pack_kernel.judge(buffer_bytes(&other), result, part, part_result, &v),
                     RC_MALFORMED);
    assert_int_equal(pack_kernel.judge(params, result, params, part_result, &v), RC_MALFORMED);
    assert_int_equal(pack_kernel.judge(params, result, part,
                                       bytes_part(part_result, 0, part_result.len - 1), &v),
                     RC_MALFORMED);
    assert_int_equal(pack_kernel.judge(params, result, part, part_result, &v), RC_OK);
}

static void assert_refused(struct pack_params p)
{
    struct buffer b = buffer_of(params_at, sizeof params_at);
    assert_int_equal(pack_params_encode(&p, &b), RC_MALFORMED);
}

static void bad_params_and_inputs_are_refused(void **state)
{
    (void)state;
    fill(8, 9000);
    const struct pack_params good = params_of(3, PACK_BLOCK_BYTES_MIN, 9000);
    struct pack_params p = good;
    p.level = 0;
    assert_refused(p);
    p.level = PACK_LEVEL_MAX + 1;
    assert_refused(p);
    p = good;
    p.block_bytes = PACK_BLOCK_BYTES_MIN - 1;
    assert_refused(p);
    p.block_bytes = PACK_BLOCK_BYTES_MAX + 1;
    assert_refused(p);
    p = good;
    p.input_bytes = 0;
    assert_refused(p);
    p.input_bytes = PACK_INPUT_BYTES_MAX + 1;
    assert_refused(p);
    p = good;
    p.part_count = 1;
    p.part[0] = 3;
    assert_refused(p);

    struct run t;
    run_task(&t, &good, bytes_of(NULL, 0));
    struct buffer out = buffer_of(again_at, sizeof again_at);
    struct kernel_in in = {buffer_bytes(&t.params), stage.given, 1};
    stage.given[0].len--; // not what the params say
    assert_int_equal(pack_kernel.run(NULL, &in, &out, NULL), RC_MALFORMED);
    stage.given[0].len++;
    in.given_count = 0;
    assert_int_equal(pack_kernel.run(NULL, &in, &out, NULL), RC_MALFORMED);
    in.given_count = 2; // a dictionary by its first bytes, and damaged
    stage.given[1] = bytes_text("\x37\xa4\x30\xec and nothing of use");
    assert_int_equal(pack_kernel.run(NULL, &in, &out, NULL), RC_MALFORMED);
    in.given_count = 1;
    for (size_t cap = 0; cap < t.result.len; cap += 13) {
        out = buffer_of(again_at, cap);
        assert_int_equal(pack_kernel.run(NULL, &in, &out, NULL), RC_FULL);
    }
    struct pack v;
    for (size_t len = 0; len < t.result.len; len++)
        assert_int_equal(pack_open(&v, bytes_of(result_at, len)), RC_MALFORMED);
    assert_int_equal(pack_open(&v, bytes_of(result_at, t.result.len)), RC_OK);
}

static void params_go_there_and_back(void **state)
{
    (void)state;
    struct pack_params p = params_of(7, 8192, 100000);
    p.part_count = 3;
    p.part[0] = 12;
    p.part[2] = 5;
    struct buffer b = buffer_of(params_at, sizeof params_at);
    struct pack_params back;
    assert_int_equal(pack_params_encode(&p, &b), RC_OK);
    assert_int_equal(pack_params_decode(&back, buffer_bytes(&b)), RC_OK);
    assert_true(back.level == 7 && back.block_bytes == 8192 && back.input_bytes == 100000 &&
                digest_equal(&back.input, &p.input) && back.part_count == 3 && back.part[0] == 12 &&
                back.part[1] == 0 && back.part[2] == 5);
    for (size_t len = 0; len < b.len; len++)
        assert_int_equal(pack_params_decode(&back, bytes_of(params_at, len)), RC_MALFORMED);
    assert_true(pack_kernel.size(buffer_bytes(&b)) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_zstd_program_reads_the_result),
        cmocka_unit_test(frames_are_as_the_simple_call_makes_them),
        cmocka_unit_test(blocks_unpack_alone),
        cmocka_unit_test(what_is_not_the_block_is_not_unpacked),
        cmocka_unit_test(honest_results_pass_and_repeat),
        cmocka_unit_test(what_is_stored_and_not_packed_is_found),
        cmocka_unit_test(every_byte_that_is_altered_is_found),
        cmocka_unit_test(a_part_of_another_task_is_none),
        cmocka_unit_test(bad_params_and_inputs_are_refused),
        cmocka_unit_test(params_go_there_and_back),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
