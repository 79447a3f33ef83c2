// SPDX-License-Identifier: MIT
// Tests of pictures between pixels and planes, against the formula and against ffmpeg.
#include "codec/planes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "base/rng.h"
#include "codec/clip_test.h"
#include "codec/ffmpeg_test.h"

#define WIDTH  96u
#define HEIGHT 64u
#define PIXELS ((size_t)WIDTH * HEIGHT)

static uint8_t picture[PIXELS * 8];
static uint8_t back[PIXELS * 8];
static _Alignas(16) uint8_t room[2][PIXELS * 6];

static uint32_t sample(const struct planes *p, unsigned plane, size_t i)
{
    const uint8_t *at = p->at[plane] + (p->form == PICTURE_RGB8 ? i : 2 * i);
    return p->form == PICTURE_RGB8 ? at[0] : (uint32_t)(at[0] | at[1] << 8);
}

static void fill(enum picture_form form, const uint32_t rgb[3])
{
    for (size_t i = 0; i < 4; i++) {
        for (size_t c = 0; c < 3; c++) {
            if (form == PICTURE_RGB8)
                picture[i * 3 + c] = (uint8_t)rgb[c];
            else {
                picture[i * 8 + 2 * c] = (uint8_t)rgb[c];
                picture[i * 8 + 2 * c + 1] = (uint8_t)(rgb[c] >> 8);
            }
        }
    }
}

// BT.709 as the recommendation gives it, in floating point.
static void formula(enum picture_form form, const uint32_t rgb[3], double out[3])
{
    const double top = form == PICTURE_RGB8 ? 255 : 65535;
    const double r = rgb[0] / top;
    const double g = rgb[1] / top;
    const double b = rgb[2] / top;
    const double y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    const double cb = (b - y) / 1.8556;
    const double cr = (r - y) / 1.5748;
    out[0] = form == PICTURE_RGB8 ? 16 + 219 * y : 1023 * y;
    out[1] = form == PICTURE_RGB8 ? 128 + 224 * cb : fmin(512 + 1023 * cb, 1023);
    out[2] = form == PICTURE_RGB8 ? 128 + 224 * cr : fmin(512 + 1023 * cr, 1023);
}

static void colours_are_those_of_the_formula(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(1);
    for (unsigned kind = 0; kind < PICTURE_FORMS * PICTURE_CHROMAS; kind++) {
        const enum picture_form form = kind / PICTURE_CHROMAS;
        const uint32_t top = form == PICTURE_RGB8 ? 255 : 65535;
        const struct planes p = planes_in(room[0], form, kind % PICTURE_CHROMAS, 2, 2);
        for (uint32_t n = 0; n < 20000; n++) {
            uint32_t rgb[3];
            double wanted[3];
            for (uint32_t c = 0; c < 3; c++) // the corners of the cube first
                rgb[c] = n < 8 ? (n >> c & 1) * top : (uint32_t)rng_below(&rng, top + 1);
            fill(form, rgb);
            planes_from_picture(&p, picture);
            formula(form, rgb, wanted);
            for (unsigned plane = 0; plane < 3; plane++)
                assert_true(fabs(sample(&p, plane, 0) - wanted[plane]) < .55);
            planes_to_picture(&p, back);
            // A step of a sample is some steps of a pixel: at most 1 + 1.86 of them, halved.
            const double apart = form == PICTURE_RGB8 ? 2.6 : 2.6 * 64;
            for (unsigned c = 0; c < 3; c++) {
                const uint32_t v =
                    form == PICTURE_RGB8 ? back[c] : (uint32_t)(back[2 * c] | back[2 * c + 1] << 8);
                assert_true(fabs((double)v - rgb[c]) <= apart);
            }
        }
    }
}

// ffmpeg's own conversion, told that colour sits in the middle of its pixels.
static void ffmpeg_makes_the_same_planes(void **state)
{
    (void)state;
    char words[512];
    const struct clip clip = {PICTURE_RGB8, WIDTH, HEIGHT};
    clip_draw(&clip, 3, picture);
    ffmpeg_write("a.rgb", bytes_of(picture, PIXELS * 3));
    ffmpeg_run("ffmpeg -v error -f rawvideo -pix_fmt rgb24 -s 96x64 -i a.rgb -vf "
               "'scale=out_color_matrix=bt709:out_range=tv:flags=area+accurate_rnd+"
               "full_chroma_inp+full_chroma_int' -pix_fmt yuv420p -f rawvideo a.yuv",
               words, sizeof words);
    assert_int_equal(ffmpeg_read("a.yuv", room[0], sizeof room[0]), PIXELS * 3 / 2);
    const struct planes theirs = planes_in(room[0], PICTURE_RGB8, CHROMA_HALF, WIDTH, HEIGHT);
    const struct planes ours = planes_in(room[1], PICTURE_RGB8, CHROMA_HALF, WIDTH, HEIGHT);
    planes_from_picture(&ours, picture);
    print_message("  %u centi-dB apart\n", planes_psnr(&ours, &theirs));
    assert_true(planes_error(&ours, &theirs) <= PIXELS / 2); // a third of all samples by one
}

static void colour_between_samples_is_their_mix(void **state)
{
    (void)state;
    const struct planes p = planes_in(room[0], PICTURE_LIGHT, CHROMA_HALF, 4, 4);
    for (size_t i = 0; i < 16; i++) { // Y 512
        room[0][2 * i] = 0;
        room[0][2 * i + 1] = 2;
    }
    const uint16_t cr[4] = {512, 576, 640, 896};
    for (size_t i = 0; i < 4; i++) {
        p.at[1][2 * i] = 0;
        p.at[1][2 * i + 1] = 2;
        p.at[2][2 * i] = (uint8_t)cr[i];
        p.at[2][2 * i + 1] = (uint8_t)(cr[i] >> 8);
    }
    planes_to_picture(&p, back);
    const double mixed = (9 * 0 + 3 * 64 + 3 * 128 + 384) / 16.; // of pixel (1, 1)
    const double red = (512 + 1.5748 * mixed) * 65535 / 1023;
    const size_t at = (1 * 4 + 1) * 8;
    assert_true(fabs((back[at] | back[at + 1] << 8) - red) < 2);
    assert_int_equal(back[at + 6] | back[at + 7], 0);
}

static void errors_add_up(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < PICTURE_FORMS * PICTURE_CHROMAS; kind++) {
        const enum picture_form form = kind / PICTURE_CHROMAS;
        const enum picture_chroma chroma = kind % PICTURE_CHROMAS;
        const struct planes a = planes_in(room[0], form, chroma, WIDTH, HEIGHT);
        const struct planes b = planes_in(room[1], form, chroma, WIDTH, HEIGHT);
        const struct clip clip = {form, WIDTH, HEIGHT};
        clip_draw(&clip, 0, picture);
        planes_from_picture(&a, picture);
        planes_from_picture(&b, picture);
        assert_int_equal(planes_error(&a, &b), 0);
        a.at[0][0] ^= 1;
        b.at[2][(HEIGHT / (chroma == CHROMA_HALF ? 2 : 1) - 1) * b.stride[2]] ^= 2;
        assert_int_equal(planes_error(&a, &b), 5);
        assert_int_equal(planes_psnr(&a, &b),
                         psnr_of(5, PIXELS * (chroma == CHROMA_HALF ? 3 : 6) / 2,
                                 form == PICTURE_RGB8 ? 255 : 1023));
        memcpy(back, picture, sizeof back);
        assert_int_equal(picture_error(form, WIDTH, HEIGHT, picture, back), 0);
        back[picture_bytes(form, WIDTH, HEIGHT) - (form == PICTURE_LIGHT ? 4 : 1)] ^= 4;
        assert_int_equal(picture_error(form, WIDTH, HEIGHT, picture, back), 16);
    }
    assert_int_equal(psnr_of(0, 1, 255), PLANES_PSNR_MAX);
    assert_int_equal(psnr_of(255 * 255, 1, 255), 0);
    assert_int_equal(psnr_of(100, 1, 255), 2813); // 20 log10(25.5)
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(colours_are_those_of_the_formula),
        cmocka_unit_test(ffmpeg_makes_the_same_planes),
        cmocka_unit_test(colour_between_samples_is_their_mix),
        cmocka_unit_test(errors_add_up),
    };
    return cmocka_run_group_tests(tests, ffmpeg_set_up, ffmpeg_tear_down);
}
