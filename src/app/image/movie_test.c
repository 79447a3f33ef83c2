// SPDX-License-Identifier: MIT
// Tests of movies: ffmpeg plays what is written; the sink's failures end it.
#include "image/movie.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/clip_test.h"
#include "codec/ffmpeg_test.h"

#define WIDTH  192u
#define HEIGHT 108u
#define COUNT  40u // more than the encoder looks ahead
#define BYTES  ((size_t)WIDTH * HEIGHT * 3)

static const struct clip clip = {PICTURE_RGB8, WIDTH, HEIGHT};
static uint8_t picture[BYTES];
static uint8_t seen[COUNT][BYTES];

struct file {
    uint8_t at[1 << 20];
    size_t len;
    uint32_t writes_left;
};
static struct file file, again;

static enum rc put(void *self, uint64_t offset, struct bytes bytes)
{
    struct file *f = self;
    if (f->writes_left == 0)
        return RC_FULL;
    f->writes_left--;
    assert_true(offset <= f->len && offset + bytes.len <= sizeof f->at);
    memcpy(f->at + offset, bytes.at, bytes.len);
    f->len = offset + bytes.len > f->len ? offset + bytes.len : f->len;
    return RC_OK;
}

static struct movie_cfg cfg_of(struct file *f, uint32_t writes)
{
    f->len = 0;
    f->writes_left = writes;
    return (struct movie_cfg){.width = WIDTH,
                              .height = HEIGHT,
                              .fps = 24,
                              .crf = MOVIE_CRF,
                              .sink = {.self = f, .write = put}};
}

static enum rc film(struct file *f, uint32_t writes)
{
    const struct movie_cfg cfg = cfg_of(f, writes);
    struct movie *m;
    enum rc rc = movie_open(&m, &cfg);
    for (uint32_t i = 0; rc == RC_OK && i < COUNT; i++) {
        clip_draw(&clip, i, picture);
        rc = movie_add(m, picture);
    }
    if (rc == RC_OK)
        rc = movie_end(m);
    movie_close(m);
    return rc;
}

static void ffmpeg_plays_it(void **state)
{
    (void)state;
    char words[512];
    assert_int_equal(film(&file, UINT32_MAX), RC_OK);
    ffmpeg_write("a.mp4", bytes_of(file.at, file.len));
    ffmpeg_run("ffprobe -v error -count_frames -show_entries stream=codec_name,width,height,"
               "pix_fmt,color_range,color_space,r_frame_rate,duration,nb_frames,nb_read_frames "
               "-of csv=p=0 a.mp4",
               words, sizeof words);
    assert_string_equal(words, "h264,192,108,yuv420p,tv,bt709,24/1,1.666667,40,40\n");
    ffmpeg_run("ffmpeg -v error -i a.mp4 -vf 'scale=flags=bilinear+accurate_rnd+full_chroma_int' "
               "-pix_fmt rgb24 -f rawvideo a.rgb",
               words, sizeof words);
    assert_int_equal(ffmpeg_read("a.rgb", seen, sizeof seen), sizeof seen);
    for (uint32_t i = 0; i < COUNT; i++) {
        clip_draw(&clip, i, picture);
        const uint64_t error = picture_error(PICTURE_RGB8, WIDTH, HEIGHT, picture, seen[i]);
        assert_in_range(psnr_of(error, BYTES, 255), 3000, PLANES_PSNR_MAX);
    }
}

static void the_same_pictures_are_the_same_file(void **state)
{
    (void)state;
    assert_int_equal(film(&again, UINT32_MAX), RC_OK);
    assert_int_equal(again.len, file.len);
    assert_memory_equal(again.at, file.at, file.len);
}

static void a_full_sink_ends_it(void **state)
{
    (void)state;
    const uint32_t writes = UINT32_MAX - file.writes_left;
    assert_true(writes > 1);
    for (uint32_t n = 0; n < writes; n++)
        assert_int_equal(film(&again, n), RC_FULL);
    assert_int_equal(film(&again, writes), RC_OK);
}

static void bad_numbers_are_refused(void **state)
{
    (void)state;
    struct movie *m;
    struct movie_cfg cfg = cfg_of(&again, 0);
    cfg.width = 191;
    assert_int_equal(movie_open(&m, &cfg), RC_REFUSED);
    cfg = cfg_of(&again, 0);
    cfg.fps = 0;
    assert_int_equal(movie_open(&m, &cfg), RC_REFUSED);
    cfg = cfg_of(&again, 0);
    cfg.crf = 52;
    assert_int_equal(movie_open(&m, &cfg), RC_REFUSED);
    assert_null(m);
    movie_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ffmpeg_plays_it),
        cmocka_unit_test(the_same_pictures_are_the_same_file),
        cmocka_unit_test(a_full_sink_ends_it),
        cmocka_unit_test(bad_numbers_are_refused),
    };
    return cmocka_run_group_tests(tests, ffmpeg_set_up, ffmpeg_tear_down);
}
