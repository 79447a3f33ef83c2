// SPDX-License-Identifier: MIT
// What does video cost: time of one core, and bytes, for a picture at a quality?
//
//     encode_bench                   ten pictures that we draw, at three sizes
//     encode_bench FILE WxH [FPS]    pictures of a file, raw RGB8 (ffmpeg -f rawvideo -pix_fmt
//                                    rgb24)
//
// First encoder and decoder alone, by codec, effort and crf. PSNR: of pixels after the way back,
// half the colour included. Then kernel `encode` as a helper runs it: with crf well guessed and
// one try, and with crf 30 and eight; its check; and the way back to pixels. Times: CPU, the
// fastest of three. At last the search for the least bytes at 36 dB of pixels, 4:2:0 and 4:4:4.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "codec/clip_test.h"
#include "codec/video_rate.h"
#include "kernel/encode/encode.h"
#include "measure.h"

#define COUNT  10u
#define ROUNDS 3
#define PSNR   3600u

struct reel {
    uint32_t width, height, count, fps;
    uint8_t *at;
    size_t each;
};

static uint8_t stream_at[ENCODE_BYTES_MAX];

static const uint8_t *picture_at(void *self, uint32_t i)
{
    const struct reel *r = self;
    return r->at + i * r->each;
}

static void alone(struct reel *r, enum video_codec codec, enum video_effort effort, uint32_t crf)
{
    const struct video_cfg cfg = {.width = r->width,
                                  .height = r->height,
                                  .fps = r->fps,
                                  .codec = codec,
                                  .form = PICTURE_RGB8,
                                  .effort = effort,
                                  .crf = crf};
    const struct video_pictures pictures = {.self = r, .count = r->count, .at = picture_at};
    struct video_rate rate;
    double least = 1e300;
    for (int i = 0; i < ROUNDS; i++) {
        const double from = measure_cpu_us();
        measure_need(video_encode_at_crf(&cfg, r->count, &pictures, &rate), "video");
        least = measure_least_us(least, from);
    }
    printf("  %s %s crf %2u %9.1f ms a picture, both ways %9.0f bytes a picture  %5.2f dB\n",
           codec == VIDEO_H264 ? "h264" : "av1 ", effort == VIDEO_FAST ? "fast" : "fine",
           (unsigned)crf, least * 1e-3 / r->count, (double)rate.bytes / r->count, rate.psnr / 100.);
}

static double kernel_ms(const struct encode_params *p, const struct bytes *given, uint32_t count,
                        struct buffer *result)
{
    uint8_t at[256];
    double least = 1e300;
    for (int i = 0; i < ROUNDS; i++) {
        struct buffer params = buffer_of(at, sizeof at);
        measure_need(encode_params_encode(p, &params), "params");
        const struct kernel_in in = {buffer_bytes(&params), given, count};
        *result = buffer_of(result->at, result->cap);
        const double from = measure_cpu_us();
        measure_need(encode_kernel.run(NULL, &in, result, NULL), "kernel");
        least = measure_least_us(least, from);
    }
    return least * 1e-3 / p->count;
}

static void as_kernel(struct reel *r, enum video_codec codec)
{
    struct encode_params p = {.width = r->width,
                              .height = r->height,
                              .count = r->count,
                              .fps = r->fps,
                              .codec = codec,
                              .psnr = PSNR,
                              .crf = 30,
                              .tries = ENCODE_TRIES_MAX,
                              .bytes_max = ENCODE_BYTES_MAX};
    static struct encode_stream s;
    struct bytes given[2] = {bytes_of(r->at, r->each * r->count)};
    struct buffer stream = buffer_of(stream_at, sizeof stream_at);
    struct buffer out = buffer_of(measure_take(r->each * r->count), r->each * r->count);
    const double search_ms = kernel_ms(&p, given, 1, &stream);
    measure_need(encode_stream_open(&s, buffer_bytes(&stream)), "stream");
    p.crf = s.crf;
    p.tries = 1;
    const double once_ms = kernel_ms(&p, given, 1, &stream);
    given[1] = buffer_bytes(&stream);
    p.mode = ENCODE_CHECK;
    p.wanted = UINT64_MAX >> (64 - p.count);
    const double check_ms = kernel_ms(&p, given, 2, &out);
    p.mode = ENCODE_SHOW;
    const double show_ms = kernel_ms(&p, given + 1, 1, &out);
    printf("  kernel %s, %.0f dB: crf %u; ms a picture: %.1f in one try, %.1f from crf 30; "
           "check %.2f (%.0f %%), show %.2f; %.0f bytes\n",
           codec == VIDEO_H264 ? "h264" : "av1", PSNR / 100., (unsigned)s.crf, once_ms, search_ms,
           check_ms, 100 * check_ms / once_ms, show_ms, (double)stream.len / p.count);
    free(out.at);
}

static void search(struct reel *r, enum picture_chroma chroma)
{
    const struct video_cfg cfg = {.width = r->width,
                                  .height = r->height,
                                  .fps = r->fps,
                                  .chroma = chroma,
                                  .effort = VIDEO_FINE,
                                  .crf = 23};
    const struct video_pictures pictures = {.self = r, .count = r->count, .at = picture_at};
    struct video_rate rate;
    const enum rc rc = video_encode_at_psnr(&cfg, r->count, &pictures, PSNR, &rate);
    measure_need(rc == RC_ABSENT ? RC_OK : rc, "search");
    printf("  least bytes at %.0f dB of pixels, h264 fine, 4:%s: %scrf %u, %.2f dB, %llu bytes, %u "
           "encodings\n",
           PSNR / 100., chroma == CHROMA_FULL ? "4:4" : "2:0", rc == RC_OK ? "" : "not reached; ",
           (unsigned)rate.crf, rate.psnr / 100., (unsigned long long)rate.bytes,
           (unsigned)rate.encodings);
}

static void measure(struct reel *r)
{
    printf("%ux%u, %u pictures, %u a second\n", (unsigned)r->width, (unsigned)r->height,
           (unsigned)r->count, (unsigned)r->fps);
    static const uint32_t crf[] = {18, 24, 30, 36};
    for (unsigned codec = 0; codec < VIDEO_CODECS; codec++) {
        for (unsigned effort = 0; effort < 2; effort++) {
            for (size_t i = 0; i < ARRAY_COUNT(crf); i++)
                alone(r, codec, effort, crf[i]);
        }
    }
    as_kernel(r, VIDEO_H264);
    as_kernel(r, VIDEO_AV1);
    search(r, CHROMA_HALF);
    search(r, CHROMA_FULL);
}

static struct reel drawn(uint32_t width, uint32_t height)
{
    const struct clip clip = {PICTURE_RGB8, width, height};
    struct reel r = {.width = width,
                     .height = height,
                     .count = COUNT,
                     .fps = 10,
                     .each = picture_bytes(PICTURE_RGB8, width, height)};
    r.at = measure_take(r.each * r.count);
    for (uint32_t i = 0; i < r.count; i++)
        clip_draw(&clip, i, r.at + i * r.each);
    return r;
}

static struct reel read_file(const char *name, uint32_t width, uint32_t height, uint32_t fps)
{
    struct reel r = {.width = width,
                     .height = height,
                     .fps = fps,
                     .each = picture_bytes(PICTURE_RGB8, width, height)};
    r.at = measure_take(r.each * ENCODE_PICTURES_MAX);
    FILE *f = fopen(name, "rb");
    measure_need(f == NULL ? RC_ABSENT : RC_OK, name);
    r.count = (uint32_t)fread(r.at, r.each, ENCODE_PICTURES_MAX, f);
    (void)fclose(f); // only read
    measure_need(r.count == 0 ? RC_MALFORMED : RC_OK, name);
    return r;
}

int main(int argc, char **argv)
{
    static const uint32_t size[][2] = {{480, 270}, {960, 540}, {1920, 1080}};
    struct reel r;
    if (argc == 1) {
        for (size_t i = 0; i < ARRAY_COUNT(size); i++) {
            r = drawn(size[i][0], size[i][1]);
            measure(&r);
            free(r.at);
        }
        return 0;
    }
    char *end = NULL;
    const unsigned long width = argc < 3 ? 0 : strtoul(argv[2], &end, 10);
    const unsigned long height = end == NULL || *end != 'x' ? 0 : strtoul(end + 1, NULL, 10);
    const unsigned long fps = argc < 4 ? 10 : strtoul(argv[3], NULL, 10);
    if (argc > 4 || width > PLANES_SIDE_MAX || height > PLANES_SIDE_MAX || fps < 1 ||
        fps > VIDEO_FPS_MAX || !video_size_is_good((uint32_t)width, (uint32_t)height)) {
        fprintf(stderr, "usage: encode_bench [FILE WxH [FPS]]\n");
        return 2;
    }
    r = read_file(argv[1], (uint32_t)width, (uint32_t)height, (uint32_t)fps);
    measure(&r);
    free(r.at);
    return 0;
}
