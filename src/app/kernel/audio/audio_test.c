// SPDX-License-Identifier: MIT
// Tests of kernel `audio`.
#include "kernel/audio/audio.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <math.h>

#include "base/seed_test.h"
#include "kernel/audio/convolve.h"
#include "kernel/audio/energy.h"
#include "kernel/audio/paths.h"
#include "kernel/audio/stage_test.h"
#include "kernel/world/base.h"

static struct audio_stage s;

static int set_up(void **state)
{
    (void)state;
    audio_room(&s, (const float[3]){8, 5, 3}, 0.5f);
    return stage_open(&s.scene) != RC_OK;
}

static int tear_down(void **state)
{
    (void)state;
    stage_close(&s.scene);
    return 0;
}

static int16_t heard(struct bytes result, uint32_t frame, uint32_t ear)
{
    const size_t at = s.params.groups * audio_group_bytes(&s.params) + frame * 4 + ear * 2;
    return (int16_t)(uint16_t)(result.at[at] | result.at[at + 1] << 8);
}

static double sample(size_t index)
{
    return (int16_t)(uint16_t)(s.sound.at[index * 2] | s.sound.at[index * 2 + 1] << 8);
}

// The definition, in two loops of the test's own; -90 dB of full scale is one step of 16 bits.
static void sound_is_the_convolution(void **state)
{
    (void)state;
    static const uint32_t length[][3] = {// past, frames, bins
                                         {0, 1152, 50},
                                         {24000, 1152, 50},
                                         {500, 48, 1},
                                         {0, 5000, 7},
                                         {1000, 1, 100}};
    static double response[AUDIO_EARS * AUDIO_RESPONSE_MAX];
    for (size_t i = 0; i < ARRAY_COUNT(length); i++) {
        s.params.bins = length[i][2];
        const uint32_t taps = audio_response_frames(&s.params);
        audio_sound(&s, length[i][0] < taps ? length[i][0] : taps, length[i][1], 8000, i);
        const struct bytes result = audio_stage_run(&s);
        assert_true(result.len > 0);
        audio_response(&s.params, result, response);
        const size_t past = s.sound.len / 2 - s.params.frames;
        double worst = 0;
        double loudest = 0;
        for (uint32_t n = 0; n < s.params.frames; n++) {
            for (uint32_t ear = 0; ear < AUDIO_EARS; ear++) {
                double sum = 0;
                for (size_t k = 0; k < taps && k <= past + n; k++)
                    sum += response[ear * taps + k] * sample(past + n - k);
                loudest = fmax(loudest, fabs(sum));
                worst = fmax(worst, fabs(sum - heard(result, n, ear)));
            }
        }
        print_message("%u past, %u frames, %u taps: off by %.4f steps of 16 bits at most\n",
                      (unsigned)past, s.params.frames, taps, worst);
        assert_true(loudest > 100 || taps < 600);
        assert_true(loudest < 32767);
        assert_true(worst < 0.5001);
    }
    s.params.bins = 100;
}

static void blocks_join_without_a_seam(void **state)
{
    (void)state;
    static uint8_t whole_at[1 << 16];
    s.params.bins = 10;
    audio_sound(&s, 0, 4000, 8000, 3);
    const struct bytes all = s.sound;
    const struct bytes result = audio_stage_run(&s);
    memcpy(whole_at, result.at, result.len);
    for (uint32_t from = 0; from < 4000; from += 500) {
        const uint32_t past = from < 4800 ? from : 4800;
        s.sound = bytes_part(all, (size_t)(from - past) * 2, (size_t)(past + 500) * 2);
        s.params.frames = 500;
        const struct bytes block = audio_stage_run(&s);
        for (uint32_t i = 0; i < 500; i++) {
            for (uint32_t ear = 0; ear < AUDIO_EARS; ear++)
                assert_true(abs(heard(block, i, ear) -
                                heard(bytes_of(whole_at, result.len), from + i, ear)) <= 1);
        }
    }
    s.params.bins = 100;
}

static void the_same_run_has_the_same_bytes(void **state)
{
    (void)state;
    static uint8_t first_at[1 << 20];
    audio_sound(&s, 1000, 1152, 8000, 4);
    const struct bytes first = audio_stage_run(&s);
    size_t min;
    size_t max;
    assert_int_equal(audio_kernel.result_bounds(audio_stage_params(&s), &min, &max), RC_OK);
    assert_true(first.len == min && first.len == max && first.len <= sizeof first_at);
    memcpy(first_at, first.at, first.len);
    for (uint32_t i = 0; i < 5; i++) {
        void *pad = malloc(1000 * i + 8); // memory lies otherwise
        assert_true(bytes_equal(audio_stage_run(&s), bytes_of(first_at, first.len)));
        free(pad);
    }
    s.params.seed++;
    assert_false(bytes_equal(audio_stage_run(&s), bytes_of(first_at, first.len)));
}

static void what_is_honest_passes(void **state)
{
    (void)state;
    static const char *const isa[] = {NULL, "sse2", "avx2"};
    audio_sound(&s, 1000, 1152, 8000, 5);
    const struct bytes result = audio_stage_run(&s);
    for (size_t i = 0; i < ARRAY_COUNT(isa); i++) {
        void *other;
        if (world_base_open_isa(&other, NULL, isa[i]) != RC_OK)
            continue;
        assert_int_equal(world_base.load(other, stage_object(&s.scene)), RC_OK);
        for (uint64_t nonce = 0; nonce < 20; nonce++) {
            struct kernel_verdict v;
            assert_int_equal(audio_stage_check(&s, other, result, nonce, &v), RC_OK);
            assert_true(v.is_right && v.parts == 17);
            assert_true(i > 0 || v.mismatches == 0);
        }
        world_base.close(other);
    }
}

static uint32_t refused(struct bytes result)
{
    uint32_t count = 0;
    for (uint64_t nonce = 0; nonce < 50; nonce++) {
        struct kernel_verdict v;
        assert_int_equal(audio_stage_check(&s, s.scene.state, result, nonce, &v), RC_OK);
        count += v.mismatches > 0;
    }
    return count;
}

static void what_is_not_is_found(void **state)
{
    (void)state;
    audio_sound(&s, 0, 1152, 8000, 6);
    struct bytes result = audio_stage_run(&s);
    const size_t group = audio_group_bytes(&s.params);
    s.result_at[0] ^= 1; // the direct sound, of one group: all frames are others then
    assert_int_equal(refused(result), 50);
    result = audio_stage_run(&s);
    for (size_t i = 0; i < s.params.groups; i++) { // every group's energies, by half or twice
        for (size_t k = 2; k < group; k += 2)
            s.result_at[i * group + k] ^= 4;
    }
    assert_int_equal(refused(result), 50);
    result = audio_stage_run(&s);
    for (uint32_t i = 0; i < s.params.frames; i += 10) // each tenth frame, a little
        s.result_at[s.params.groups * group + (size_t)i * 4] ^= 16;
    assert_true(refused(result) >= 30);
}

static void energies_keep_their_size_in_16_bits(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    uint16_t last = 0;
    for (uint64_t v = 0; v < 5000; v++) {
        const uint16_t code = audio_energy_code(v);
        assert_true(code >= last);
        last = code;
    }
    for (uint32_t i = 0; i < 100000; i++) {
        const uint64_t v = rng_u64(&r) >> rng_below(&r, 64);
        const uint64_t back = audio_energy_of(audio_energy_code(v));
        assert_true(back <= v && v - back <= v >> 10);
        assert_int_equal(audio_energy_code(back), audio_energy_code(v));
    }
}

static bool encodes(const struct audio_params *p)
{
    uint8_t room[1024];
    struct buffer b = buffer_of(room, sizeof room);
    return audio_params_encode(p, &b) == RC_OK;
}

static void params_out_of_range_are_refused(void **state)
{
    (void)state;
    const struct audio_params good = s.params;
    struct audio_params p = good;
    assert_true(encodes(&p));
    p.rays = 0;
    assert_false(encodes(&p));
    p = good;
    p.groups = AUDIO_GROUPS_MAX + 1;
    assert_false(encodes(&p));
    p = good;
    p.right[2] = 0.5f;
    assert_false(encodes(&p));
    p = good;
    p.source[1] = NAN;
    assert_false(encodes(&p));
    p = good;
    p.bins = 500;
    p.bin_frames = 4800; // each alone is fine
    assert_false(encodes(&p));
    p = good;
    p.part.groups = 1;
    assert_true(encodes(&p));
    p.part.group[0] = (uint8_t)p.groups;
    assert_false(encodes(&p));
    p = good;
    p.part.frames = 1; // without a group
    assert_false(encodes(&p));
    p.part.groups = 1;
    p.part.frame[0] = p.frames;
    assert_false(encodes(&p));
}

static enum rc run_with(struct bytes sound, uint32_t given)
{
    const struct kernel_in in = {audio_stage_params(&s), &sound, given};
    struct buffer result = buffer_of(s.result_at, sizeof s.result_at);
    return audio_kernel.run(s.scene.state, &in, &result, &result);
}

static void wrong_recordings_are_refused(void **state)
{
    (void)state;
    audio_sound(&s, 100, 1000, 100, 1);
    assert_int_equal(run_with(s.sound, 1), RC_OK);
    assert_int_equal(run_with(s.sound, 0), RC_MALFORMED);
    assert_int_equal(run_with(bytes_part(s.sound, 0, 1998), 1), RC_MALFORMED);
    assert_int_equal(run_with(bytes_part(s.sound, 0, 2001), 1), RC_MALFORMED);
    s.params.frames = 0;
    assert_int_equal(run_with(s.sound, 1), RC_MALFORMED);
    assert_int_equal(run_with(s.sound, 0), RC_OK);
    s.params.frames = 1000;
    void *const loaded = s.scene.state;
    assert_int_equal(world_base.open(&s.scene.state, NULL), RC_OK);
    assert_int_equal(run_with(s.sound, 1), RC_ABSENT);
    world_base.close(s.scene.state);
    s.scene.state = loaded;
    struct buffer small = buffer_of(s.result_at, 100);
    const struct kernel_in in = {audio_stage_params(&s), &s.sound, 1};
    assert_int_equal(audio_kernel.run(s.scene.state, &in, &small, &small), RC_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_is_the_convolution),
        cmocka_unit_test(blocks_join_without_a_seam),
        cmocka_unit_test(the_same_run_has_the_same_bytes),
        cmocka_unit_test(what_is_honest_passes),
        cmocka_unit_test(what_is_not_is_found),
        cmocka_unit_test(energies_keep_their_size_in_16_bits),
        cmocka_unit_test(params_out_of_range_are_refused),
        cmocka_unit_test(wrong_recordings_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
