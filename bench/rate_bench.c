// SPDX-License-Identifier: MIT
// How many bits does a game's light take, coded as a stream, and how many would the picture take?
//
//     rate_bench [SCENE [WxH [FRAMES [SPP [REF_SPP [LIGHT_HZ [PSNR [SCALE]]]]]]]]
//                (neon-street 320x180 8 16 256 10 38 2)
//
// One thread, no network. FRAMES light frames along the scene's camera path, LIGHT_HZ a second, as
// helpers make them (geometry, trace, post), in groups of four as kernel encode codes them, each
// layer reaching PSNR dB of its codes; decoded, and composited by the gamer's own raster at WxH, of
// which the light has 1/SCALE in each direction. Beside it: H.264 of a path traced picture
// sequence (REF_SPP samples; 0: none, only the light's rate is told), at as many pictures a second,
// with the fewest bytes whose PSNR to that sequence is that of the composite.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/video_rate.h"
#include "compute/canvas.h"
#include "image/quality.h"
#include "image/tone.h"
#include "kernel/encode/encode.h"
#include "kernel/geometry/geometry.h"
#include "kernel/kit.h"
#include "kernel/trace/trace.h"
#include "scene/scene.h"
#include "scene/scenes.h"

#define FRAMES_MAX 64u
#define GROUP      4u
#define ROOM       ((size_t)64 << 20)

struct bench {
    struct budget budget;
    struct kit *kit;
    struct canvas *canvas;
    struct scene scene;
    struct bytes object;
    uint32_t width, height, light_width, light_height, frames, spp, ref_spp;
    double hz, psnr;
    struct buffer result, report, geometry[2], layer[FRAMES_MAX];
    uint8_t *rgb[FRAMES_MAX], *reference[FRAMES_MAX];
    uint64_t stream_bytes;
    double composite_psnr, uncoded_psnr, ssim;
};

static void need(enum rc rc, const char *what)
{
    if (rc == RC_OK)
        return;
    fprintf(stderr, "rate_bench: %s: %s\n", what, rc_text(rc));
    exit(1);
}

static struct buffer room(struct bench *b, size_t bytes)
{
    void *at = budget_take(&b->budget, bytes);
    need(at == NULL ? RC_NOMEM : RC_OK, "memory");
    return buffer_of(at, bytes);
}

static void run(struct bench *b, const char *kernel, const struct kernel_in *in)
{
    b->result.len = b->report.len = 0;
    need(kit_run(b->kit, bytes_text(kernel), in, &b->result, &b->report), kernel);
}

static struct camera camera_of(const struct bench *b, uint32_t frame)
{
    return scene_camera(&b->scene, (float)(frame / b->hz));
}

static void trace(struct bench *b, uint32_t frame, bool is_full, uint32_t first, uint32_t spp)
{
    static struct trace_params p; // large
    uint8_t at[1024];
    struct buffer params = buffer_of(at, sizeof at);
    const struct digest name = hash_bytes(b->object);
    p = (struct trace_params){.seed = trace_seed(&name) + is_full,
                              .frame = frame,
                              .width = is_full ? b->width : b->light_width,
                              .height = is_full ? b->height : b->light_height,
                              .sample_first = first,
                              .sample_count = spp,
                              .depth_max = 6,
                              .cell = 8,
                              .camera = camera_of(b, frame)};
    p.w = p.width;
    p.h = p.height;
    need(trace_params_encode(&p, &params), "trace's params");
    run(b, "trace", &(struct kernel_in){.params = buffer_bytes(&params)});
}

static void light(struct bench *b, uint32_t frame)
{
    uint8_t at[1024];
    struct buffer params = buffer_of(at, sizeof at);
    const struct geometry_params g = {.width = b->light_width,
                                      .height = b->light_height,
                                      .w = b->light_width,
                                      .h = b->light_height,
                                      .side = 2,
                                      .camera = camera_of(b, frame)};
    struct buffer *now = &b->geometry[frame % 2];
    need(geometry_params_encode(&g, &params), "geometry's params");
    run(b, "geometry", &(struct kernel_in){.params = buffer_bytes(&params)});
    now->len = 0;
    buffer_put(now, buffer_bytes(&b->result));
    trace(b, frame, false, 0, b->spp);
    struct buffer sums = room(b, b->result.len);
    buffer_put(&sums, buffer_bytes(&b->result));
    const struct post_params p = {.width = b->light_width,
                                  .height = b->light_height,
                                  .has_before = frame > 0,
                                  .levels = LIGHT_LEVELS,
                                  .history_max = LIGHT_HISTORY,
                                  .camera = g.camera,
                                  .before = camera_of(b, frame > 0 ? frame - 1 : 0),
                                  .tile_count = 1,
                                  .tile = {{0, 0, b->light_width, b->light_height, b->spp}}};
    struct bytes given[4] = {buffer_bytes(now), buffer_bytes(&sums)};
    if (frame > 0) {
        given[2] = buffer_bytes(&b->layer[frame - 1]);
        given[3] = buffer_bytes(&b->geometry[(frame + 1) % 2]);
    }
    params.len = 0;
    need(post_params_encode(&p, &params), "post's params");
    run(b, "post", &(struct kernel_in){buffer_bytes(&params), given, frame > 0 ? 4 : 2});
    b->layer[frame] = room(b, b->result.len);
    buffer_put(&b->layer[frame], buffer_bytes(&b->result));
    budget_give(&b->budget, sums.at);
}

// PSNR to the reference.
static double draw(struct bench *b, uint32_t frame, struct bytes pixels)
{
    const struct camera camera = camera_of(b, frame);
    need(canvas_layer(b->canvas, &camera, pixels), "layer");
    need(canvas_look(b->canvas, &camera), "raster");
    need(canvas_draw(b->canvas, b->rgb[frame]), "composite");
    return b->ref_spp > 0 ? quality_psnr(b->rgb[frame], b->reference[frame], b->width, b->height)
                          : 0;
}

static void code(struct bench *b, uint32_t first, uint32_t count)
{
    uint8_t at[1024];
    struct buffer params = buffer_of(at, sizeof at);
    struct bytes given[GROUP];
    struct encode_params p = {.mode = ENCODE_MAKE,
                              .width = b->light_width,
                              .height = b->light_height,
                              .count = count,
                              .fps = (uint32_t)lround(fmax(1, b->hz)),
                              .codec = VIDEO_H264,
                              .form = PICTURE_LIGHT,
                              .psnr = (uint32_t)lround(b->psnr * 100),
                              .crf = 24,
                              .tries = 6,
                              .bytes_max = 8u << 20};
    for (uint32_t i = 0; i < count; i++)
        given[i] = buffer_bytes(&b->layer[first + i]);
    need(encode_params_encode(&p, &params), "encode's params");
    run(b, "encode", &(struct kernel_in){buffer_bytes(&params), given, count});
    b->stream_bytes += b->result.len;
    struct buffer stream = room(b, b->result.len);
    buffer_put(&stream, buffer_bytes(&b->result));
    p.mode = ENCODE_SHOW;
    p.wanted = (1u << count) - 1;
    params.len = 0;
    need(encode_params_encode(&p, &params), "encode's params");
    given[0] = buffer_bytes(&stream);
    run(b, "encode", &(struct kernel_in){buffer_bytes(&params), given, 1});
    const size_t each = b->result.len / count;
    struct buffer shown = room(b, b->result.len);
    buffer_put(&shown, buffer_bytes(&b->result));
    for (uint32_t i = 0; i < count; i++) {
        double ssim = 0;
        const double psnr = draw(b, first + i, bytes_of(shown.at + each * i, each));
        if (b->ref_spp > 0)
            need(quality_ssim(b->rgb[first + i], b->reference[first + i], b->width, b->height,
                              &b->budget, &ssim),
                 "ssim");
        b->composite_psnr += psnr / b->frames;
        b->ssim += ssim / b->frames;
    }
    budget_give(&b->budget, shown.at);
    budget_give(&b->budget, stream.at);
}

static void reference(struct bench *b, uint32_t frame)
{
    const size_t values = (size_t)b->width * b->height * TRACE_LAYERS * 3;
    uint64_t *sum = budget_take(&b->budget, values * sizeof *sum);
    need(sum == NULL ? RC_NOMEM : RC_OK, "memory");
    memset(sum, 0, values * sizeof *sum);
    for (uint32_t first = 0; first < b->ref_spp; first += 256) {
        trace(b, frame, true, first, b->ref_spp - first < 256 ? b->ref_spp - first : 256);
        struct cursor c = {.left = buffer_bytes(&b->result)};
        for (size_t i = 0; i < values; i++)
            sum[i] += cursor_u32le(&c);
    }
    const struct tone tone = tone_default();
    const struct image_sums image = {sum, b->width, b->height, b->ref_spp};
    need(tone_map(&tone, &image, &b->budget, b->reference[frame]), "tone");
    budget_give(&b->budget, sum);
}

static const uint8_t *picture(void *self, uint32_t i)
{
    return ((struct bench *)self)->reference[i];
}

static void compare(struct bench *b)
{
    const struct video_cfg cfg = {.width = b->width,
                                  .height = b->height,
                                  .fps = (uint32_t)lround(fmax(1, b->hz)),
                                  .codec = VIDEO_H264,
                                  .form = PICTURE_RGB8,
                                  .effort = VIDEO_FINE,
                                  .crf = 28};
    const struct video_pictures pictures = {b, b->frames, picture};
    struct video_rate rate;
    const enum rc rc = video_encode_at_psnr(&cfg, FRAMES_MAX, &pictures,
                                            (uint32_t)lround(b->composite_psnr * 100), &rate);
    if (rc != RC_OK && rc != RC_ABSENT)
        need(rc, "video");
    const double seconds = b->frames / b->hz;
    printf("composite: PSNR %.2f dB (%.2f with light uncoded), SSIM %.4f\n", b->composite_psnr,
           b->uncoded_psnr, b->ssim);
    printf("H.264 of the picture at PSNR %.2f dB: %.3f Mbit/s, %.1f times the light's\n",
           rate.psnr / 100.0, (double)rate.bytes * 8 / seconds / 1e6,
           (double)rate.bytes / (double)b->stream_bytes);
}

static void measure(struct bench *b)
{
    for (uint32_t i = 0; i < b->frames; i++) {
        light(b, i);
        if (b->ref_spp > 0)
            reference(b, i);
        fprintf(stderr, "\r%u of %u frames", i + 1, b->frames);
    }
    fprintf(stderr, "\r                    \r");
    for (uint32_t i = 0; i < b->frames; i++) {
        struct layer l;
        need(layer_open(&l, buffer_bytes(&b->layer[i])), "layer");
        b->uncoded_psnr += draw(b, i, l.pixels) / b->frames;
    }
    for (uint32_t i = 0; i < b->frames; i += GROUP)
        code(b, i, b->frames - i < GROUP ? b->frames - i : GROUP);
    printf("light %ux%u at %g Hz, %u samples: %.3f Mbit/s, %.2f KB a light frame\n", b->light_width,
           b->light_height, b->hz, b->spp, (double)b->stream_bytes * 8 / (b->frames / b->hz) / 1e6,
           (double)b->stream_bytes / b->frames / 1e3);
    if (b->ref_spp > 0)
        compare(b);
}

static void open_bench(struct bench *b, const char *scene, double scale)
{
    struct buffer object = {0};
    struct err err;
    b->budget.limit_bytes = (size_t)6 << 30;
    need(scenes_make(bytes_text(scene), &b->budget, &object, &err), "scene");
    b->object = buffer_bytes(&object);
    need(scene_open(&b->scene, b->object, &err), "scene");
    b->light_width = (uint32_t)(b->width / scale) / 2 * 2;
    b->light_height = (uint32_t)(b->height / scale) / 2 * 2;
    const size_t pixels = (size_t)b->light_width * b->light_height;
    b->result = room(b, ROOM);
    b->report = room(b, KERNEL_REPORT_BYTES_MAX);
    for (uint32_t i = 0; i < 2; i++)
        b->geometry[i] = room(b, pixels * GEOMETRY_PIXEL_BYTES);
    for (uint32_t i = 0; i < b->frames; i++) {
        b->rgb[i] = room(b, (size_t)b->width * b->height * 3).at;
        b->reference[i] = room(b, (size_t)b->width * b->height * 3).at;
    }
    need(kit_open(&b->kit, NULL), "kernels");
    need(kit_load(b->kit, b->object), "load");
    const struct canvas_cfg cfg = {&b->budget,     b->object,       b->width,      b->height,
                                   b->light_width, b->light_height, tone_default()};
    need(canvas_new(&b->canvas, &cfg), "canvas");
}

int main(int argc, char **argv)
{
    static struct bench b = {.width = 320, .height = 180};
    const char *scene = argc > 1 ? argv[1] : "neon-street";
    if (argc > 2 && sscanf(argv[2], "%ux%u", &b.width, &b.height) != 2)
        return 2;
    b.frames = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 8;
    b.spp = argc > 4 ? (uint32_t)strtoul(argv[4], NULL, 10) : 16;
    b.ref_spp = argc > 5 ? (uint32_t)strtoul(argv[5], NULL, 10) : 256;
    b.hz = argc > 6 ? strtod(argv[6], NULL) : 10;
    b.psnr = argc > 7 ? strtod(argv[7], NULL) : 38;
    const double scale = argc > 8 ? strtod(argv[8], NULL) : 2;
    if (b.frames < 1 || b.frames > FRAMES_MAX || b.spp < 1 || b.hz <= 0 || scale < 1) {
        fprintf(stderr, "usage: see the head of rate_bench.c\n");
        return 2;
    }
    open_bench(&b, scene, scale);
    printf("%s, pictures %ux%u, %u light frames\n", scene, b.width, b.height, b.frames);
    measure(&b);
    canvas_free(b.canvas);
    kit_close(b.kit);
    return 0;
}
