// SPDX-License-Identifier: MIT
// How near does a picture made of shared light come to the path-traced one, and at what price?
//
//     post_bench quality SCENE [WxH [LWxLH [SAMPLES [FRAMES [SIDE [REF]]]]]]
//     post_bench speed [WxH [LWxLH]]
//
// quality: FRAMES frames of the scene's camera path at 30 a second, up to second 2. Each is made as
// a game would have it made: geometry and light (SAMPLES a pixel, eight tiles) at the layer's size,
// post, then the picture at its own size. The last one is compared with a reference of REF
// samples, traced in full and kept in /tmp/shoal-post-bench; also with one tile of eight lost.
// SIDE: rays each way through a pixel of geometry. `floor` compares two references of unlike dice.
// speed: of the gamer's share, one core, on the same scene.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/arena.h"
#include "image/composite.h"
#include "image/png.h"
#include "image/quality.h"
#include "image/tone.h"
#include "kernel/geometry/geometry.h"
#include "kernel/post/post.h"
#include "kernel/trace/trace.h"
#include "kernel/world/base.h"
#include "scene/scene.h"
#include "scene/scenes.h"

#define CACHE     "/tmp/shoal-post-bench"
#define REF_FRAME 1000u // other dice than any frame of the run
#define END_S     2.0f
#define FPS       30.0f
#define TILES_X   4u
#define TILES_Y   2u
#define LOST      5u // the tile that is lost: lower row, right of the middle's left
#define DEPTH     6u

struct options {
    const char *scene;
    uint32_t width, height, layer_width, layer_height;
    uint32_t samples, frames, side, reference;
};

struct bench {
    struct options o;
    struct budget budget;
    void *state;
    struct scene scene;
    uint64_t seed;
    double geometry_s, trace_s, post_s;
};

static void die(const char *what, const char *words)
{
    fprintf(stderr, "post_bench: %s: %s\n", what, words);
    exit(1);
}

static void need(enum rc rc, const char *what)
{
    if (rc != RC_OK)
        die(what, rc_text(rc));
}

static double seconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); // cannot fail with this clock
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static struct buffer room(struct bench *b, size_t len)
{
    void *at = budget_take(&b->budget, len);
    if (at == NULL)
        die("memory", "there is no more");
    return buffer_of(at, len);
}

static void drop(struct bench *b, struct buffer *buffer)
{
    budget_give(&b->budget, buffer->at);
    *buffer = (struct buffer){0};
}

static void run(struct bench *b, const struct kernel *k, const struct kernel_in *in,
                struct buffer *result, double *spent)
{
    static uint8_t report_at[KERNEL_REPORT_BYTES_MAX];
    struct buffer report = buffer_of(report_at, sizeof report_at);
    const double from = seconds();
    need(k->run(b->state, in, result, &report), k->name);
    *spent += seconds() - from;
}

static struct buffer geometry(struct bench *b, uint32_t width, uint32_t height, float time_s)
{
    static struct geometry_params p;
    p = (struct geometry_params){.width = width,
                                 .height = height,
                                 .w = width,
                                 .h = height,
                                 .side = b->o.side,
                                 .camera = scene_camera(&b->scene, time_s)};
    uint8_t at[512];
    struct buffer params = buffer_of(at, sizeof at);
    need(geometry_params_encode(&p, &params), "geometry");
    struct buffer out = room(b, (size_t)width * height * GEOMETRY_PIXEL_BYTES);
    run(b, &geometry_kernel, &(struct kernel_in){.params = buffer_bytes(&params)}, &out,
        &b->geometry_s);
    return out;
}

static struct buffer trace(struct bench *b, const struct trace_params *p)
{
    uint8_t at[512];
    struct buffer params = buffer_of(at, sizeof at);
    need(trace_params_encode(p, &params), "trace");
    const size_t pixel_bytes = TRACE_PIXEL_BYTES;
    struct buffer out = room(b, (size_t)p->w * p->h * pixel_bytes);
    run(b, &trace_kernel, &(struct kernel_in){.params = buffer_bytes(&params)}, &out, &b->trace_s);
    return out;
}

static struct post_tile tile_of(const struct options *o, uint32_t i)
{
    const uint32_t x = i % TILES_X;
    const uint32_t y = i / TILES_X;
    struct post_tile t = {.x = o->layer_width * x / TILES_X,
                          .y = o->layer_height * y / TILES_Y,
                          .samples = o->samples};
    t.w = o->layer_width * (x + 1) / TILES_X - t.x;
    t.h = o->layer_height * (y + 1) / TILES_Y - t.y;
    return t;
}

struct shot { // one frame of the run, and what it leaves to the next
    float time_s;
    struct buffer geometry, result;
};

// lost: the tile that does not come; TILES_X * TILES_Y: none.
static struct buffer light(struct bench *b, const struct shot *before, const struct shot *now,
                           uint32_t frame, uint32_t lost)
{
    struct options *o = &b->o;
    struct post_params p = {.width = o->layer_width,
                            .height = o->layer_height,
                            .has_before = before->result.len > 0,
                            .keeps_memory = true,
                            .levels = 4,
                            .history_max = 32,
                            .camera = scene_camera(&b->scene, now->time_s),
                            .before = scene_camera(&b->scene, before->time_s),
                            .tile_count = TILES_X * TILES_Y};
    struct buffer tile[TILES_X * TILES_Y] = {0};
    struct bytes given[POST_GIVEN_MAX] = {buffer_bytes(&now->geometry)};
    uint32_t count = 1;
    for (uint32_t i = 0; i < p.tile_count; i++) {
        p.tile[i] = tile_of(o, i);
        if (i == lost) {
            p.tile[i].samples = 0;
            continue;
        }
        const struct trace_params t = {.seed = b->seed,
                                       .frame = frame,
                                       .width = o->layer_width,
                                       .height = o->layer_height,
                                       .x = p.tile[i].x,
                                       .y = p.tile[i].y,
                                       .w = p.tile[i].w,
                                       .h = p.tile[i].h,
                                       .sample_count = o->samples,
                                       .depth_max = DEPTH,
                                       .cell = 64,
                                       .camera = p.camera};
        tile[i] = trace(b, &t);
        given[count++] = buffer_bytes(&tile[i]);
    }
    if (p.has_before) {
        given[count++] = buffer_bytes(&before->result);
        given[count++] = buffer_bytes(&before->geometry);
    }
    uint8_t at[2048];
    struct buffer params = buffer_of(at, sizeof at);
    need(post_params_encode(&p, &params), "post");
    struct buffer out = room(b, 2 * layer_bytes(o->layer_width, o->layer_height));
    run(b, &post_kernel, &(struct kernel_in){buffer_bytes(&params), given, count}, &out,
        &b->post_s);
    for (uint32_t i = 0; i < p.tile_count; i++)
        drop(b, &tile[i]);
    return out;
}

static void picture(struct bench *b, const struct buffer *result, struct bytes full,
                    struct bytes low, uint8_t *rgb)
{
    const struct options *o = &b->o;
    const struct composite_size size = {o->width, o->height, o->layer_width, o->layer_height};
    const struct tone tone = tone_default();
    struct composite *c;
    struct layer layer;
    struct bytes memory;
    need(layer_open_first(&layer, buffer_bytes(result), &memory), "layer");
    need(composite_new(&c, &size, COMPOSITE_BEST, &b->budget), "composite");
    need(composite_geometry(c, full, low), "composite");
    need(composite_draw(c, &layer, &tone, rgb), "composite");
    composite_free(c);
}

static void write_png(struct bench *b, const char *path, const uint8_t *rgb)
{
    struct buffer png;
    need(png_encode(rgb, b->o.width, b->o.height, &b->budget, &png), path);
    FILE *f = fopen(path, "wb");
    if (f == NULL || fwrite(png.at, 1, png.len, f) != png.len || fclose(f) != 0)
        die(path, "cannot be written");
    drop(b, &png);
}

// Samples a pixel traced in full, through tone_map; in passes, because one task has a bound.
static void traced(struct bench *b, uint32_t samples, uint32_t frame, uint8_t *rgb)
{
    const struct options *o = &b->o;
    struct trace_params t = {.seed = b->seed,
                             .frame = frame,
                             .width = o->width,
                             .height = o->height,
                             .w = o->width,
                             .h = o->height,
                             .depth_max = DEPTH,
                             .cell = 64,
                             .camera = scene_camera(&b->scene, END_S)};
    const size_t numbers = (size_t)o->width * o->height * TRACE_LAYERS * 3;
    struct buffer wide = room(b, numbers * sizeof(uint64_t));
    uint64_t *sum = (void *)wide.at;
    memset(sum, 0, numbers * sizeof *sum);
    for (uint32_t left = samples; left > 0; left -= t.sample_count) {
        t.sample_first = samples - left;
        t.sample_count = left < TRACE_SAMPLES_MAX ? left : TRACE_SAMPLES_MAX;
        struct buffer sums = trace(b, &t);
        struct cursor c = {.left = buffer_bytes(&sums)};
        for (size_t i = 0; i < numbers; i++)
            sum[i] += cursor_u32le(&c);
        drop(b, &sums);
    }
    const struct image_sums image = {sum, o->width, o->height, samples};
    const struct tone tone = tone_default();
    need(tone_map(&tone, &image, &b->budget, rgb), "tone");
    drop(b, &wide);
}

static bool read_png(struct bench *b, const char *path, uint8_t *rgb)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return false;
    struct buffer file = room(b, (size_t)32 << 20);
    file.len = fread(file.at, 1, file.cap, f);
    (void)fclose(f); // only read from
    struct buffer image;
    uint32_t width;
    uint32_t height;
    need(png_decode(buffer_bytes(&file), &b->budget, &image, &width, &height), path);
    if (width != b->o.width || height != b->o.height)
        die(path, "has another size");
    memcpy(rgb, image.at, (size_t)width * height * 3);
    drop(b, &image);
    drop(b, &file);
    return true;
}

static void reference(struct bench *b, uint8_t *rgb)
{
    char path[256];
    (void)mkdir(CACHE, 0777); // it may be there
    (void)snprintf(path, sizeof path, CACHE "/%s-%ux%u-%u.png", b->o.scene, b->o.width, b->o.height,
                   b->o.reference);
    if (read_png(b, path, rgb))
        return;
    const double from = seconds();
    traced(b, b->o.reference, REF_FRAME, rgb);
    printf("reference: %.0f s\n", seconds() - from);
    write_png(b, path, rgb);
}

static void compare(struct bench *b, const char *what, const uint8_t *rgb, const uint8_t *ref)
{
    double ssim = 0.0;
    need(quality_ssim(rgb, ref, b->o.width, b->o.height, &b->budget, &ssim), "ssim");
    printf("%-28s %6.2f dB   SSIM %.4f\n", what, quality_psnr(rgb, ref, b->o.width, b->o.height),
           ssim);
    char path[256];
    (void)snprintf(path, sizeof path, CACHE "/%s-%s.png", b->o.scene, what);
    write_png(b, path, rgb);
}

// What the references' own noise comes to.
static void noise(struct bench *b)
{
    const size_t bytes = (size_t)b->o.width * b->o.height * 3;
    struct buffer ref = room(b, bytes);
    struct buffer other = room(b, bytes);
    reference(b, ref.at);
    traced(b, b->o.samples, REF_FRAME + 1, other.at);
    compare(b, "traced with other dice", other.at, ref.at);
}

static void quality(struct bench *b)
{
    const struct options *o = &b->o;
    const size_t bytes = (size_t)o->width * o->height * 3;
    struct buffer ref = room(b, bytes);
    struct buffer rgb = room(b, bytes);
    reference(b, ref.at);
    traced(b, o->samples, 1, rgb.at);
    compare(b, "traced alone", rgb.at, ref.at);
    struct shot before = {0};
    b->geometry_s = b->trace_s = b->post_s = 0;
    for (uint32_t i = 0; i < o->frames; i++) {
        struct shot now = {.time_s = END_S - (float)(o->frames - 1 - i) / FPS};
        now.geometry = geometry(b, o->layer_width, o->layer_height, now.time_s);
        if (i + 1 == o->frames) {
            struct buffer full = geometry(b, o->width, o->height, now.time_s);
            for (uint32_t lost = TILES_X * TILES_Y; lost >= LOST;
                 lost -= TILES_X * TILES_Y - LOST) {
                struct buffer result = light(b, &before, &now, i, lost);
                picture(b, &result, buffer_bytes(&full), buffer_bytes(&now.geometry), rgb.at);
                compare(b, lost == LOST ? "composite, a tile lost" : "composite", rgb.at, ref.at);
                drop(b, &result);
            }
            drop(b, &full);
        } else {
            now.result = light(b, &before, &now, i, TILES_X * TILES_Y);
        }
        drop(b, &before.geometry);
        drop(b, &before.result);
        before = now;
    }
    printf("CPU a frame: trace %.2f s, post %.3f s; geometry %.2f s with the picture's own\n",
           b->trace_s / o->frames, b->post_s / o->frames, b->geometry_s / o->frames);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

#define RUNS 21

static void speed_of(struct bench *b, enum composite_way way, const struct layer *layer,
                     const struct buffer geometry[2])
{
    const struct options *o = &b->o;
    const struct composite_size size = {o->width, o->height, o->layer_width, o->layer_height};
    const struct tone tone = tone_default();
    struct composite *c;
    struct buffer rgb = room(b, (size_t)o->width * o->height * 3);
    need(composite_new(&c, &size, way, &b->budget), "composite");
    double prepare[RUNS];
    double draw[RUNS];
    for (int i = 0; i < RUNS; i++) {
        double from = seconds();
        need(composite_geometry(c, buffer_bytes(&geometry[0]), buffer_bytes(&geometry[1])),
             "composite");
        prepare[i] = seconds() - from;
        from = seconds();
        need(composite_draw(c, layer, &tone, rgb.at), "composite");
        draw[i] = seconds() - from;
    }
    qsort(prepare, RUNS, sizeof *prepare, by_value);
    qsort(draw, RUNS, sizeof *draw, by_value);
    printf("%-6s draw %.2f ms (least %.2f), geometry %.2f ms\n",
           way == COMPOSITE_PLAIN ? "plain" : "best", draw[RUNS / 2] * 1e3, draw[0] * 1e3,
           prepare[RUNS / 2] * 1e3);
    composite_free(c);
    drop(b, &rgb);
}

static void speed(struct bench *b)
{
    const struct options *o = &b->o;
    b->o.side = 1;
    struct buffer shape[2] = {geometry(b, o->width, o->height, END_S),
                              geometry(b, o->layer_width, o->layer_height, END_S)};
    struct shot none = {.time_s = END_S};
    struct shot now = {.time_s = END_S, .geometry = shape[1]};
    struct buffer result = light(b, &none, &now, 0, TILES_X * TILES_Y);
    struct layer layer;
    struct bytes memory;
    need(layer_open_first(&layer, buffer_bytes(&result), &memory), "layer");
    printf("%s %ux%u, layer %ux%u: post %.0f ms\n", o->scene, o->width, o->height, o->layer_width,
           o->layer_height, b->post_s * 1e3);
    speed_of(b, COMPOSITE_BEST, &layer, shape);
    speed_of(b, COMPOSITE_PLAIN, &layer, shape);
}

static bool size_read(const char *text, uint32_t *width, uint32_t *height) // "WxH"
{
    char *end;
    *width = (uint32_t)strtoul(text, &end, 10);
    if (*end != 'x')
        return false;
    *height = (uint32_t)strtoul(end + 1, &end, 10);
    return *end == '\0' && *width > 0 && *height > 0;
}

static void open_scene(struct bench *b)
{
    struct buffer object;
    struct err err;
    if (scenes_make(bytes_text(b->o.scene), &b->budget, &object, &err) != RC_OK ||
        scene_open(&b->scene, buffer_bytes(&object), &err) != RC_OK)
        die("scene", err.text);
    struct digest name = hash_bytes(buffer_bytes(&object));
    b->seed = trace_seed(&name);
    need(world_base.open(&b->state, NULL), "open");
    need(world_base.load(b->state, buffer_bytes(&object)), "load");
}

int main(int argc, char **argv)
{
    const bool is_speed = argc > 1 && strcmp(argv[1], "speed") == 0;
    struct bench b = {.budget = {.limit_bytes = (size_t)6 << 30}};
    struct options *o = &b.o;
    *o = is_speed ? (struct options){"neon-street", 1920, 1080, 480, 270, 4, 1, 1, 0}
                  : (struct options){"", 384, 216, 384, 216, 16, 8, 4, 1024};
    bool is_good = is_speed ||
                   (argc > 2 && (strcmp(argv[1], "quality") == 0 || strcmp(argv[1], "floor") == 0));
    const int first = is_speed ? 2 : 3;
    if (is_good && !is_speed)
        o->scene = argv[2];
    if (is_good && argc > first)
        is_good = size_read(argv[first], &o->width, &o->height);
    if (is_good && argc > first + 1)
        is_good = size_read(argv[first + 1], &o->layer_width, &o->layer_height);
    uint32_t *const number[] = {&o->samples, &o->frames, &o->side, &o->reference};
    for (int i = 0; is_good && !is_speed && i < 4 && first + 2 + i < argc; i++) {
        *number[i] = (uint32_t)strtoul(argv[first + 2 + i], NULL, 10);
        is_good = *number[i] > 0;
    }
    if (!is_good) {
        fprintf(stderr,
                "usage: post_bench quality SCENE [WxH [LWxLH [SAMPLES [FRAMES [SIDE [REF]]]]]]\n"
                "       post_bench speed [WxH [LWxLH]]\n");
        return 2;
    }
    open_scene(&b);
    if (is_speed)
        speed(&b);
    else if (strcmp(argv[1], "floor") == 0)
        noise(&b);
    else
        quality(&b);
    world_base.close(b.state);
    return 0;
}
