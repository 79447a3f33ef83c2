// SPDX-License-Identifier: MIT
// Tests of y4m: ffmpeg reads what is written, and finds the pictures in it.
#include "image/y4m.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/clip_test.h"
#include "codec/ffmpeg_test.h"

#define WIDTH  160u
#define HEIGHT 90u
#define COUNT  5u
#define BYTES  ((size_t)WIDTH * HEIGHT * 3)

static const struct clip clip = {PICTURE_RGB8, WIDTH, HEIGHT};
static uint8_t picture[COUNT][BYTES];
static uint8_t seen[COUNT][BYTES];
static uint8_t file_at[COUNT * BYTES];

static void ffmpeg_reads_it(void **state)
{
    (void)state;
    char words[512];
    struct buffer file = buffer_of(file_at, sizeof file_at);
    assert_int_equal(y4m_head(WIDTH, HEIGHT, 24, &file), RC_OK);
    for (uint32_t i = 0; i < COUNT; i++) {
        const size_t before = file.len;
        clip_draw(&clip, i, picture[i]);
        assert_int_equal(y4m_frame(picture[i], WIDTH, HEIGHT, &file), RC_OK);
        assert_int_equal(file.len - before, y4m_frame_bytes(WIDTH, HEIGHT));
    }
    ffmpeg_write("a.y4m", buffer_bytes(&file));
    ffmpeg_run("ffprobe -v error -count_frames -show_entries stream=width,height,pix_fmt,"
               "color_range,r_frame_rate,nb_read_frames -of csv=p=0 a.y4m",
               words, sizeof words);
    assert_string_equal(words, "160,90,yuv420p,tv,24/1,5\n");
    ffmpeg_run("ffmpeg -v error -i a.y4m -vf 'scale=in_color_matrix=bt709:in_range=tv:"
               "flags=bilinear+accurate_rnd+full_chroma_int' -pix_fmt rgb24 -f rawvideo a.rgb",
               words, sizeof words);
    assert_int_equal(ffmpeg_read("a.rgb", seen, sizeof seen), sizeof seen);
    for (uint32_t i = 0; i < COUNT; i++) { // what half the colour costs; other pictures: 14 dB
        const uint64_t error = picture_error(PICTURE_RGB8, WIDTH, HEIGHT, picture[i], seen[i]);
        assert_in_range(psnr_of(error, BYTES, 255), 3000, PLANES_PSNR_MAX);
    }
}

static void odd_sides_and_small_rooms_are_refused(void **state)
{
    (void)state;
    uint8_t at[Y4M_HEAD_BYTES_MAX];
    struct buffer b = buffer_of(at, sizeof at);
    assert_int_equal(y4m_head(3, 2, 24, &b), RC_REFUSED);
    assert_int_equal(y4m_head(2, 5000, 24, &b), RC_REFUSED);
    assert_int_equal(y4m_head(2, 2, 0, &b), RC_REFUSED);
    assert_int_equal(y4m_frame(picture[0], 2, 3, &b), RC_REFUSED);
    assert_int_equal(b.len, 0);
    assert_int_equal(y4m_head(4096, 4096, UINT32_MAX, &b), RC_OK);
    assert_int_equal(y4m_frame(picture[0], WIDTH, HEIGHT, &b), RC_FULL);
    b = buffer_of(at, 8);
    assert_int_equal(y4m_head(2, 2, 24, &b), RC_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ffmpeg_reads_it),
        cmocka_unit_test(odd_sides_and_small_rooms_are_refused),
    };
    return cmocka_run_group_tests(tests, ffmpeg_set_up, ffmpeg_tear_down);
}
