// SPDX-License-Identifier: MIT
// Does sound in a room do as room acoustics says? Eyring's decay, the diffuse field's level.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "kernel/audio/energy.h"
#include "kernel/audio/paths.h"
#include "kernel/audio/response.h"
#include "kernel/audio/stage_test.h"

static struct audio_stage s;

// Mean energy of a bin and band, the direct sound's at 1 m being 1.
static double energy(struct bytes result, uint32_t bin, size_t band)
{
    double sum = 0;
    for (uint32_t g = 0; g < s.params.groups; g++) {
        struct cursor c = {
            .left = bytes_part(
                result, g * audio_group_bytes(&s.params) + 1 + (bin * AUDIO_BANDS + band) * 2, 2)};
        sum += (double)audio_energy_of(cursor_u16le(&c));
    }
    return sum / s.params.groups / (double)(1ull << AUDIO_UNIT_BITS);
}

static double total(struct bytes result, size_t band)
{
    double sum = 0;
    for (uint32_t i = 0; i < s.params.bins; i++)
        sum += energy(result, i, band);
    return sum;
}

// Seconds to fall by 60 dB: a line through the backward sum from -5 to -35 dB (ISO 3382's T30).
static double decay_s(struct bytes result, size_t band)
{
    const double all = total(result, band);
    double left = all;
    double n = 0;
    double x = 0;
    double y = 0;
    double xx = 0;
    double xy = 0;
    for (uint32_t i = 0; i < s.params.bins; i++) {
        const double db = 10 * log10(left / all);
        const double at = (double)i * s.params.bin_frames / AUDIO_RATE_HZ;
        if (db <= -5 && db >= -35) {
            n += 1;
            x += at;
            y += db;
            xx += at * at;
            xy += at * db;
        }
        left -= energy(result, i, band);
    }
    assert_true(n >= 5);
    return -60 * (n * xx - x * x) / (n * xy - x * y);
}

static void a_room_decays_as_eyring_says(void **state)
{
    (void)state;
    static const float size[][3] = {{8, 5, 3}, {6, 6, 6}, {12, 7, 4}};
    static const float roughness[] = {0.2f, 0.6f, 1.0f};
    for (size_t i = 0; i < 3; i++) {
        for (size_t k = 0; k < 3; k++) {
            audio_room(&s, size[i], roughness[k]);
            s.params.rays = 256;
            s.params.bins = 400;
            assert_int_equal(stage_open(&s.scene), RC_OK);
            const struct bytes result = audio_stage_run(&s);
            stage_close(&s.scene);
            assert_true(result.len > 0);
            const double v = (double)size[i][0] * (double)size[i][1] * (double)size[i][2];
            const double surface = 2 * ((double)size[i][0] * (double)size[i][1] +
                                        (double)size[i][1] * (double)size[i][2] +
                                        (double)size[i][0] * (double)size[i][2]);
            const struct material m = {.alpha = roughness[k] * roughness[k]};
            float alpha[AUDIO_BANDS];
            audio_absorption(&m, alpha);
            for (size_t band = 0; band < AUDIO_BANDS; band++) {
                const double a = (double)alpha[band];
                const double eyring = 24 * log(10) * v / (343 * -surface * log(1 - a));
                const double sabine = 24 * log(10) * v / (343 * surface * a);
                const double field = 16 * acos(-1) * (1 - a) / (surface * a);
                const double got = decay_s(result, band);
                const double level = total(result, band);
                print_message("%2.0f x %.0f x %.0f m, absorption %.2f: T %.3f s, Eyring %.3f, "
                              "Sabine %.3f; field %.3f, theory %.3f\n",
                              (double)size[i][0], (double)size[i][1], (double)size[i][2], a, got,
                              eyring, sabine, level, field);
                assert_true(fabs(got / eyring - 1) < (a < 0.4 ? 0.1 : 0.2));
                if (a < 0.15) // with more of it the field is no longer even
                    assert_true(fabs(level / field - 1) < 0.15);
            }
        }
    }
}

static void the_direct_sound_comes_first_and_by_distance(void **state)
{
    (void)state;
    static double response[AUDIO_EARS * AUDIO_RESPONSE_MAX];
    audio_room(&s, (const float[3]){40, 40, 40}, 1.0f);
    const float listener[3] = {20, 20, 20};
    const float source[3] = {20, 20, 26}; // 6 m to the right
    memcpy(s.params.listener, listener, sizeof listener);
    memcpy(s.params.source, source, sizeof source);
    assert_int_equal(stage_open(&s.scene), RC_OK);
    const struct bytes result = audio_stage_run(&s);
    stage_close(&s.scene);
    assert_true(result.len > 0);
    audio_response(&s.params, result, response);
    const uint32_t length = audio_response_frames(&s.params);
    const uint32_t left = (uint32_t)(6.0875 * 48000 / 343 + 0.5);
    const uint32_t right = (uint32_t)(5.9125 * 48000 / 343 + 0.5);
    for (uint32_t i = 0; i <= left; i++) { // nothing else is that near
        assert_true(fabs(response[i] - (i == left ? 0.7 / 6.0875 : 0)) < 1e-6);
        if (i <= right)
            assert_true(fabs(response[length + i] - (i == right ? 1.3 / 5.9125 : 0)) < 1e-6);
    }
}

static void what_stands_between_takes_the_direct_sound(void **state)
{
    (void)state;
    audio_room(&s, (const float[3]){10, 10, 10}, 0.5f);
    stage_quad(&s.scene, (const float[3]){5, 2, 0}, (const float[3]){0, 6, 0},
               (const float[3]){0, 0, 8}, 0);
    assert_int_equal(stage_open(&s.scene), RC_OK);
    struct bytes result = audio_stage_run(&s);
    assert_int_equal(result.at[0], 0);
    s.params.source[0] = 6;
    result = audio_stage_run(&s);
    stage_close(&s.scene);
    assert_int_equal(result.at[0], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_room_decays_as_eyring_says),
        cmocka_unit_test(the_direct_sound_comes_first_and_by_distance),
        cmocka_unit_test(what_stands_between_takes_the_direct_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
