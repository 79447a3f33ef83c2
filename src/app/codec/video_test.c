// SPDX-License-Identifier: MIT
// Tests of moving pictures in memory, and of how many bytes they take at a quality.
#include "codec/video.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/clip_test.h"
#include "codec/ffmpeg_test.h"
#include "codec/video_rate.h"

#define WIDTH  128u
#define HEIGHT 80u
#define COUNT  20u
#define BYTES  ((size_t)WIDTH * HEIGHT * 8)

static const struct clip clip = {PICTURE_RGB8, WIDTH, HEIGHT};
static uint8_t picture[BYTES];
static uint8_t seen[COUNT][BYTES];
static uint8_t stream_at[1 << 20];
static uint32_t asked; // for how many pictures

static struct video_cfg cfg_of(enum video_codec codec, enum video_effort effort)
{
    return (struct video_cfg){.width = WIDTH,
                              .height = HEIGHT,
                              .fps = 10,
                              .codec = codec,
                              .form = PICTURE_RGB8,
                              .effort = effort,
                              .crf = 20};
}

// All packets one after another; whether each is what video.h says.
static void film(const struct video_cfg *cfg, struct buffer *out)
{
    struct video_encoder *e;
    struct video_packet p;
    uint32_t packets = 0;
    uint32_t dts = 0;
    assert_int_equal(video_encoder_open(&e, cfg), RC_OK);
    for (uint32_t i = 0; i <= COUNT; i++) {
        clip_draw(&clip, i, picture);
        assert_int_equal(i < COUNT ? video_encoder_put(e, picture) : video_encoder_end(e), RC_OK);
        enum rc rc;
        while ((rc = video_encoder_next(e, &p)) == RC_OK) {
            assert_int_equal(p.is_key, packets == 0);
            assert_true(p.pts < COUNT && p.dts <= p.pts + VIDEO_DTS_BASE);
            assert_true(packets == 0 || p.dts > dts);
            dts = p.dts;
            packets++;
            buffer_put(out, p.bytes);
        }
        assert_int_equal(rc, i < COUNT ? RC_AGAIN : RC_ABSENT);
    }
    assert_int_equal(packets, COUNT);
    assert_false(out->is_full);
    video_encoder_close(e);
}

static void packets_in_a_row_are_a_stream_for_ffmpeg(void **state)
{
    (void)state;
    char words[512];
    char command[256];
    for (unsigned codec = 0; codec < VIDEO_CODECS; codec++) {
        for (unsigned effort = 0; effort < 2; effort++) {
            struct video_cfg cfg = cfg_of(codec, effort);
            struct buffer stream = buffer_of(stream_at, sizeof stream_at);
            film(&cfg, &stream);
            ffmpeg_write("a", buffer_bytes(&stream));
            (void)snprintf(command, sizeof command,
                           "ffmpeg -v error -f %s -i a -pix_fmt rgb24 -fps_mode passthrough -f "
                           "rawvideo -y a.rgb",
                           codec == VIDEO_H264 ? "h264" : "obu");
            ffmpeg_run(command, words, sizeof words);
            const size_t each = picture_bytes(PICTURE_RGB8, WIDTH, HEIGHT);
            assert_int_equal(ffmpeg_read("a.rgb", seen, sizeof seen), each * COUNT);
            const uint8_t *all = (const uint8_t *)seen; // one after another
            for (uint32_t i = 0; i < COUNT; i++) {
                clip_draw(&clip, i, picture);
                const uint64_t error =
                    picture_error(PICTURE_RGB8, WIDTH, HEIGHT, picture, all + i * each);
                assert_in_range(psnr_of(error, each, 255), 2700, PLANES_PSNR_MAX);
            }
        }
    }
}

static const uint8_t *at(void *self, uint32_t i)
{
    (void)self;
    asked++;
    clip_draw(&clip, i, picture);
    return picture;
}

static const struct video_pictures pictures = {.count = COUNT, .at = at};

static void the_search_finds_the_least_bytes(void **state)
{
    (void)state;
    struct video_cfg cfg = cfg_of(VIDEO_H264, VIDEO_FINE);
    struct video_rate by_crf[VIDEO_CRF_MAX + 1];
    for (uint32_t crf = 1; crf <= VIDEO_CRF_MAX; crf++) {
        cfg.crf = crf;
        assert_int_equal(video_encode_at_crf(&cfg, COUNT, &pictures, &by_crf[crf]), RC_OK);
    }
    for (uint32_t psnr = 2400; psnr <= 3200; psnr += 200) {
        for (cfg.crf = 2; cfg.crf <= VIDEO_CRF_MAX; cfg.crf += 16) {
            struct video_rate r;
            assert_int_equal(video_encode_at_psnr(&cfg, COUNT, &pictures, psnr, &r), RC_OK);
            assert_true(r.psnr >= psnr && by_crf[r.crf].psnr == r.psnr);
            assert_int_equal(r.bytes, by_crf[r.crf].bytes);
            assert_true(r.crf == VIDEO_CRF_MAX || by_crf[r.crf + 1].psnr < psnr);
            assert_true(r.encodings <= 10);
        }
    }
}

static void groups_each_start_anew(void **state)
{
    (void)state;
    const struct video_cfg cfg = cfg_of(VIDEO_H264, VIDEO_FAST);
    struct video_rate one;
    struct video_rate four;
    assert_int_equal(video_encode_at_crf(&cfg, COUNT, &pictures, &one), RC_OK);
    assert_int_equal(video_encode_at_crf(&cfg, 6, &pictures, &four), RC_OK);
    assert_true(four.bytes > one.bytes);
    struct buffer stream = buffer_of(stream_at, sizeof stream_at);
    film(&cfg, &stream);
    assert_int_equal(one.bytes, stream.len);
}

static void what_cannot_be_reached_is_said(void **state)
{
    (void)state;
    const struct video_cfg cfg = cfg_of(VIDEO_H264, VIDEO_FAST);
    struct video_rate r;
    asked = 0;
    assert_int_equal(video_encode_at_psnr(&cfg, COUNT, &pictures, 9000, &r), RC_ABSENT);
    assert_int_equal(r.crf, 1);
    assert_int_equal(asked, 2 * COUNT * r.encodings);
}

static void other_streams_are_refused(void **state)
{
    (void)state;
    struct video_cfg cfg = cfg_of(VIDEO_H264, VIDEO_FAST);
    struct buffer stream = buffer_of(stream_at, sizeof stream_at);
    film(&cfg, &stream);
    for (unsigned wrong = 0; wrong < 3; wrong++) {
        struct video_cfg other = cfg_of(wrong == 2 ? VIDEO_AV1 : VIDEO_H264, VIDEO_FAST);
        other.width += wrong == 0 ? 2 : 0;
        other.form = wrong == 1 ? PICTURE_LIGHT : PICTURE_RGB8;
        struct video_decoder *d;
        struct planes planes;
        uint32_t pts;
        const struct video_packet all = {.bytes = buffer_bytes(&stream)};
        assert_int_equal(video_decoder_open(&d, &other), RC_OK);
        enum rc rc = video_decoder_put(d, &all);
        if (rc == RC_OK)
            rc = video_decoder_end(d);
        if (rc == RC_OK)
            rc = video_decoder_next(d, &planes, &pts);
        assert_true(rc == RC_MALFORMED || rc == RC_ABSENT); // or nothing is found in it
        video_decoder_close(d);
    }
}

// All that the decoder has ready: each picture once, and alike.
static void take_all(struct video_decoder *d, const struct clip *source, const struct planes *ours,
                     uint32_t *seen_pts)
{
    struct planes planes;
    uint32_t pts = 0;
    while (video_decoder_next(d, &planes, &pts) == RC_OK) {
        assert_true(pts < 4 && (*seen_pts >> pts & 1) == 0);
        *seen_pts |= 1u << pts;
        clip_draw(source, pts, picture);
        planes_from_picture(ours, picture);
        assert_in_range(planes_psnr(ours, &planes), 3000, PLANES_PSNR_MAX);
    }
}

static void every_form_comes_back(void **state)
{
    (void)state;
    static _Alignas(16) uint8_t planes_at[BYTES];
    for (unsigned n = 0; n < VIDEO_CODECS * PICTURE_FORMS * PICTURE_CHROMAS; n++) {
        struct video_cfg cfg = cfg_of(n / 4, VIDEO_FAST);
        cfg.form = n / 2 % 2;
        cfg.chroma = n % 2;
        const struct clip source = {cfg.form, WIDTH, HEIGHT};
        const struct planes ours = planes_in(planes_at, cfg.form, cfg.chroma, WIDTH, HEIGHT);
        struct video_encoder *e;
        struct video_decoder *d;
        struct video_packet packet;
        uint32_t seen_pts = 0; // a bit each
        assert_int_equal(video_encoder_open(&e, &cfg), RC_OK);
        assert_int_equal(video_decoder_open(&d, &cfg), RC_OK);
        for (uint32_t i = 0; i <= 4; i++) {
            clip_draw(&source, i, picture);
            assert_int_equal(i < 4 ? video_encoder_put(e, picture) : video_encoder_end(e), RC_OK);
            while (video_encoder_next(e, &packet) == RC_OK) {
                assert_int_equal(video_decoder_put(d, &packet), RC_OK);
                take_all(d, &source, &ours, &seen_pts);
            }
        }
        assert_int_equal(video_decoder_end(d), RC_OK);
        take_all(d, &source, &ours, &seen_pts);
        assert_int_equal(seen_pts, 0xf);
        video_encoder_close(e);
        video_decoder_close(d);
    }
}

// No packet, half a packet, bytes of no meaning: said, and nothing is read beyond.
static void damaged_packets_are_refused(void **state)
{
    (void)state;
    struct rng r = rng_seeded(3);
    for (unsigned codec = 0; codec < VIDEO_CODECS; codec++) {
        const struct video_cfg cfg = cfg_of(codec, VIDEO_FAST);
        struct video_encoder *e;
        struct video_packet packet;
        assert_int_equal(video_encoder_open(&e, &cfg), RC_OK);
        clip_draw(&clip, 0, picture);
        assert_int_equal(video_encoder_put(e, picture), RC_OK);
        assert_int_equal(video_encoder_end(e), RC_OK);
        assert_int_equal(video_encoder_next(e, &packet), RC_OK);
        const size_t len = packet.bytes.len;
        memcpy(stream_at, packet.bytes.at, len);
        video_encoder_close(e);
        for (uint32_t i = 0; i < 40; i++) {
            struct video_decoder *d;
            struct planes planes;
            uint32_t pts;
            struct video_packet bad = {.bytes = bytes_of(stream_at, i == 0 ? 0 : len * i / 40)};
            assert_int_equal(video_decoder_open(&d, &cfg), RC_OK);
            stream_at[rng_below(&r, len)] ^= (uint8_t)(1 + rng_below(&r, 255));
            enum rc rc = video_decoder_put(d, &bad);
            assert_true(i > 0 || rc == RC_MALFORMED);
            if (rc == RC_OK)
                rc = video_decoder_end(d);
            if (rc == RC_OK)
                rc = video_decoder_next(d, &planes, &pts);
            assert_true(rc == RC_OK || rc == RC_MALFORMED || rc == RC_ABSENT);
            video_decoder_close(d);
        }
    }
    video_encoder_close(NULL);
    video_decoder_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_in_a_row_are_a_stream_for_ffmpeg),
        cmocka_unit_test(the_search_finds_the_least_bytes),
        cmocka_unit_test(groups_each_start_anew),
        cmocka_unit_test(what_cannot_be_reached_is_said),
        cmocka_unit_test(other_streams_are_refused),
        cmocka_unit_test(every_form_comes_back),
        cmocka_unit_test(damaged_packets_are_refused),
    };
    return cmocka_run_group_tests(tests, ffmpeg_set_up, ffmpeg_tear_down);
}
