// SPDX-License-Identifier: MIT
// Tests of the canvas: pictures from light of the tracer beside whole traced ones.
#include "compute/canvas.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "image/quality.h"
#include "kernel/geometry/geometry.h"
#include "kernel/kit.h"
#include "kernel/trace/trace.h"
#include "scene/scene.h"
#include "scene/scenes.h"

#define WIDTH        96u
#define HEIGHT       64u
#define LIGHT_WIDTH  48u
#define LIGHT_HEIGHT 32u
#define LIGHT_PIXELS ((size_t)LIGHT_WIDTH * LIGHT_HEIGHT)
#define LAYER_BYTES  (LAYER_HEADER_BYTES + LIGHT_PIXELS * LAYER_PIXEL_BYTES)
#define SAMPLES      32u
#define MANY         128u // samples of what pictures are compared with
#define RGB_BYTES    ((size_t)WIDTH * HEIGHT * 3)
#define SUMS_BYTES   ((size_t)WIDTH * HEIGHT * TRACE_PIXEL_BYTES)
#define PARAMS_BYTES 1024u
#define PLENTY       ((size_t)256 << 20)

static const struct tone tone = {1, TONE_GLARE_DEFAULT};
static struct budget budget; // of the fixture
static struct kit *kit;
static struct buffer scene;
static struct digest scene_name;
static uint8_t *sums, *report;
static uint8_t rgb[RGB_BYTES], other[RGB_BYTES], traced[RGB_BYTES];

static int open_scene(void **state)
{
    (void)state;
    struct err err;
    budget = (struct budget){.limit_bytes = SCENES_BUDGET_BYTES + PLENTY};
    if (scenes_make(bytes_text("cornell"), &budget, &scene, &err) != RC_OK ||
        kit_open(&kit, NULL) != RC_OK || kit_load(kit, buffer_bytes(&scene)) != RC_OK)
        return -1;
    scene_name = hash_bytes(buffer_bytes(&scene));
    sums = budget_take(&budget, SUMS_BYTES);
    report = budget_take(&budget, KERNEL_REPORT_BYTES_MAX);
    return sums != NULL && report != NULL ? 0 : -1;
}

static int close_scene(void **state)
{
    (void)state;
    kit_close(kit);
    budget_give(&budget, sums);
    budget_give(&budget, report);
    budget_give(&budget, scene.at);
    return budget.used_bytes == 0 ? 0 : -1;
}

// The scene's own camera, and steps of three centimetres to the right.
static struct camera camera(uint32_t step)
{
    struct scene s;
    struct err err;
    assert_int_equal(scene_open(&s, buffer_bytes(&scene), &err), RC_OK);
    struct camera c = scene_camera(&s, 0);
    c.eye[0] += 0.03f * (float)step;
    c.target[0] += 0.03f * (float)step;
    return c;
}

static struct bytes run(const char *kernel, const struct kernel_in *in, uint8_t *at, size_t cap)
{
    struct buffer result = buffer_of(at, cap);
    struct buffer words = buffer_of(report, KERNEL_REPORT_BYTES_MAX);
    assert_int_equal(kit_run(kit, bytes_text(kernel), in, &result, &words), RC_OK);
    return buffer_bytes(&result);
}

static struct bytes trace(const struct camera *c, uint32_t width, uint32_t height,
                          const struct post_tile *tile, uint8_t *at)
{
    uint8_t room[PARAMS_BYTES];
    struct buffer params = buffer_of(room, sizeof room);
    const struct trace_params p = {.seed = trace_seed(&scene_name),
                                   .width = width,
                                   .height = height,
                                   .x = tile->x,
                                   .y = tile->y,
                                   .w = tile->w,
                                   .h = tile->h,
                                   .sample_count = tile->samples,
                                   .depth_max = 6,
                                   .cell = 8,
                                   .camera = *c};
    assert_int_equal(trace_params_encode(&p, &params), RC_OK);
    const struct kernel_in in = {.params = buffer_bytes(&params)};
    return run("trace", &in, at, (size_t)tile->w * tile->h * TRACE_PIXEL_BYTES);
}

// The whole picture by the tracer alone, as `shoal play` without --split saves it.
static void trace_picture(const struct camera *c, uint8_t *out)
{
    const struct post_tile all = {0, 0, WIDTH, HEIGHT, MANY};
    const struct bytes result = trace(c, WIDTH, HEIGHT, &all, sums);
    const size_t count = result.len / 4;
    uint64_t *sum = budget_take(&budget, count * sizeof *sum);
    struct cursor from = {.left = result};
    assert_non_null(sum);
    for (size_t i = 0; i < count; i++)
        sum[i] = cursor_u32le(&from);
    const struct image_sums image = {sum, WIDTH, HEIGHT, MANY};
    assert_int_equal(tone_map(&tone, &image, &budget, out), RC_OK);
    budget_give(&budget, sum);
}

static double psnr(const uint8_t *a, const uint8_t *b)
{
    return quality_psnr(a, b, WIDTH, HEIGHT);
}

static struct canvas_cfg config(struct budget *b)
{
    *b = (struct budget){.limit_bytes = PLENTY};
    return (struct canvas_cfg){b,           buffer_bytes(&scene), WIDTH, HEIGHT,
                               LIGHT_WIDTH, LIGHT_HEIGHT,         tone};
}

static struct canvas *open_canvas(struct budget *b)
{
    struct canvas *c;
    const struct canvas_cfg cfg = config(b);
    assert_int_equal(canvas_new(&c, &cfg), RC_OK);
    return c;
}

static void close_canvas(struct canvas *c, const struct budget *b)
{
    canvas_free(c);
    assert_int_equal(b->used_bytes, 0);
}

static void draw(struct canvas *c, const struct camera *at, uint8_t *out)
{
    assert_int_equal(canvas_look(c, at), RC_OK);
    assert_int_equal(canvas_draw(c, out), RC_OK);
}

// Light as helpers make it: in `count` columns, of which one may be lost (`lost` < count).
static struct light light_of(const struct camera *c, uint32_t count, uint32_t lost)
{
    struct light l = {.form = LIGHT_SUMS, .count = 1, .camera = {*c}, .tile_count = count};
    size_t at = 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t w = LIGHT_WIDTH / count;
        l.tile[i] = (struct post_tile){i * w, 0, w, LIGHT_HEIGHT, i == lost ? 0 : SAMPLES};
        if (i == lost)
            continue;
        l.part[l.part_count] = trace(c, LIGHT_WIDTH, LIGHT_HEIGHT, &l.tile[i], sums + at);
        at += l.part[l.part_count++].len;
    }
    return l;
}

static enum rc give(struct canvas *c, const struct light *l)
{
    assert_int_equal(canvas_geometry(c, &l->camera[0]), RC_OK);
    return canvas_light(c, l);
}

static double mean(const uint8_t *picture)
{
    double sum = 0;
    for (size_t i = 0; i < RGB_BYTES; i++)
        sum += picture[i];
    return sum / (double)RGB_BYTES;
}

static void near_to_a_traced_picture(void **state)
{
    (void)state;
    struct budget b;
    struct canvas *c = open_canvas(&b);
    const struct camera here = camera(0);
    const struct light l = light_of(&here, 4, UINT32_MAX);
    assert_int_equal(give(c, &l), RC_OK);
    draw(c, &here, rgb);
    draw(c, &here, other);
    assert_memory_equal(rgb, other, RGB_BYTES);
    trace_picture(&here, traced);
    assert_true(psnr(rgb, traced) > 24.5);
    close_canvas(c, &b);
}

static void without_light_it_is_not_black(void **state)
{
    (void)state;
    struct budget b;
    struct canvas *c = open_canvas(&b);
    const struct camera here = camera(0);
    draw(c, &here, rgb);
    trace_picture(&here, traced);
    assert_true(mean(rgb) > 0.2 * mean(traced) && mean(rgb) < 3 * mean(traced));
    assert_true(psnr(rgb, traced) > 8); // the same room
    const struct light l = light_of(&here, 1, UINT32_MAX);
    assert_int_equal(give(c, &l), RC_OK);
    draw(c, &here, other);
    assert_true(psnr(other, traced) > psnr(rgb, traced) + 6); // what light is good for
    close_canvas(c, &b);
}

static void old_light_is_brought_to_where_it_is_seen_now(void **state)
{
    (void)state;
    struct budget b;
    struct canvas *c = open_canvas(&b);
    const struct camera then = camera(0);
    const struct camera now = camera(8);
    const struct light l = light_of(&then, 4, UINT32_MAX);
    assert_int_equal(give(c, &l), RC_OK);
    draw(c, &then, other);
    draw(c, &now, rgb);
    trace_picture(&now, traced);
    assert_true(psnr(rgb, traced) > 20);
    assert_true(psnr(rgb, traced) > psnr(other, traced) + 3); // than the picture of then
    close_canvas(c, &b);
}

static void a_lost_tile_is_filled(void **state)
{
    (void)state;
    struct budget b;
    struct canvas *c = open_canvas(&b);
    const struct camera here = camera(0);
    const struct light all = light_of(&here, 4, UINT32_MAX);
    trace_picture(&here, traced);
    const struct light without = light_of(&here, 4, 2);
    assert_int_equal(give(c, &without), RC_OK); // from its neighbours: there is nothing before
    draw(c, &here, rgb);
    assert_true(psnr(rgb, traced) > 14);
    const struct light whole = light_of(&here, 4, UINT32_MAX);
    assert_int_equal(whole.part_count, all.part_count);
    assert_int_equal(give(c, &whole), RC_OK);
    const struct camera next = camera(1);
    const struct light hole = light_of(&next, 4, 1);
    assert_int_equal(give(c, &hole), RC_OK); // from the frame before
    draw(c, &next, rgb);
    trace_picture(&next, traced);
    assert_true(psnr(rgb, traced) > 24.5);
    close_canvas(c, &b);
}

// The layer that a helper would make of it, by kernel post.
static struct bytes layer_of(const struct light *l, uint8_t *at)
{
    static uint8_t seen[LIGHT_PIXELS * GEOMETRY_PIXEL_BYTES];
    uint8_t room[PARAMS_BYTES];
    struct buffer params = buffer_of(room, sizeof room);
    const struct geometry_params g = {.width = LIGHT_WIDTH,
                                      .height = LIGHT_HEIGHT,
                                      .w = LIGHT_WIDTH,
                                      .h = LIGHT_HEIGHT,
                                      .side = 2,
                                      .camera = l->camera[0]};
    assert_int_equal(geometry_params_encode(&g, &params), RC_OK);
    const struct kernel_in look = {.params = buffer_bytes(&params)};
    const struct bytes given[] = {run("geometry", &look, seen, sizeof seen), l->part[0]};
    const struct post_params p = {.width = LIGHT_WIDTH,
                                  .height = LIGHT_HEIGHT,
                                  .levels = LIGHT_LEVELS,
                                  .history_max = LIGHT_HISTORY,
                                  .camera = l->camera[0],
                                  .before = l->camera[0],
                                  .tile_count = 1,
                                  .tile = {l->tile[0]}};
    params.len = 0;
    assert_int_equal(post_params_encode(&p, &params), RC_OK);
    const struct kernel_in in = {buffer_bytes(&params), given, 2};
    return run("post", &in, at, LAYER_BYTES);
}

static void a_helpers_layer_is_as_good_as_its_sums(void **state)
{
    (void)state;
    static uint8_t at[LAYER_BYTES];
    struct budget b;
    struct canvas *c = open_canvas(&b);
    const struct camera here = camera(3);
    struct light l = light_of(&here, 1, UINT32_MAX);
    const struct bytes layer = layer_of(&l, at);
    assert_int_equal(layer.len, LAYER_BYTES);
    assert_int_equal(give(c, &l), RC_OK);
    draw(c, &here, rgb);
    close_canvas(c, &b);

    c = open_canvas(&b);
    l = (struct light){.form = LIGHT_LAYER, .camera = {here}, .part = {layer}, .part_count = 1};
    assert_int_equal(give(c, &l), RC_OK);
    draw(c, &here, other);
    assert_memory_equal(rgb, other, RGB_BYTES);
    close_canvas(c, &b);

    c = open_canvas(&b); // and as a stream's pictures have it
    const struct bytes pixels = bytes_part(layer, LAYER_HEADER_BYTES, layer.len);
    assert_int_equal(canvas_layer(c, &here, pixels), RC_OK);
    draw(c, &here, other);
    assert_memory_equal(rgb, other, RGB_BYTES);
    close_canvas(c, &b);
}

// Light that does not fit is refused, and the light from before stays.
static void light_that_does_not_fit(void **state)
{
    (void)state;
    static uint8_t at[LAYER_BYTES + 8];
    static const uint8_t noise[LIGHT_PIXELS * LAYER_PIXEL_BYTES + 8];
    struct budget b;
    struct canvas *c = open_canvas(&b);
    const struct camera here = camera(0);
    const struct light good = light_of(&here, 1, UINT32_MAX);
    assert_int_equal(give(c, &good), RC_OK);
    draw(c, &here, rgb);
    struct light l = good;
    l.part[0].len -= 4;
    assert_int_equal(give(c, &l), RC_MALFORMED);
    l = good;
    l.part_count = 0;
    assert_int_equal(give(c, &l), RC_MALFORMED);
    l = good;
    l.tile[0].w = LIGHT_WIDTH + 1;
    assert_int_equal(give(c, &l), RC_MALFORMED);
    l = good;
    l.tile_count = 0;
    assert_int_equal(give(c, &l), RC_MALFORMED);
    const struct bytes layer = layer_of(&good, at);
    const size_t pixels = LIGHT_PIXELS * LAYER_PIXEL_BYTES;
    assert_int_equal(canvas_layer(c, &here, bytes_of(noise, pixels - 1)), RC_MALFORMED);
    assert_int_equal(canvas_layer(c, &here, bytes_of(noise, pixels + 1)), RC_MALFORMED);
    for (size_t cut = 0; cut < 3; cut++) {
        const size_t len[] = {0, LAYER_HEADER_BYTES, LAYER_BYTES - 1};
        l = (struct light){.form = LIGHT_LAYER, .camera = {here}, .part_count = 1};
        l.part[0] = bytes_part(layer, 0, len[cut]);
        assert_int_equal(give(c, &l), RC_MALFORMED);
    }
    draw(c, &here, other);
    assert_memory_equal(rgb, other, RGB_BYTES);
    l.part[0] = layer; // after all that
    assert_int_equal(give(c, &l), RC_OK);
    draw(c, &here, other);
    assert_true(psnr(rgb, other) > 40);
    // Any pixels are a layer, be they ever so strange.
    memset(at + LAYER_HEADER_BYTES, 0xff, pixels);
    assert_int_equal(give(c, &l), RC_OK);
    draw(c, &here, other);
    assert_true(mean(other) > mean(rgb));
    close_canvas(c, &b);
}

static void what_cannot_be_drawn_on(void **state)
{
    (void)state;
    struct budget b;
    struct canvas *c;
    struct canvas_cfg cfg = config(&b);
    cfg.scene = bytes_text("shoal scene, or rather not");
    assert_int_equal(canvas_new(&c, &cfg), RC_MALFORMED);
    assert_null(c);
    assert_int_equal(b.used_bytes, 0);
    for (size_t bytes = 0; bytes < 4000000; bytes += 150001) {
        cfg = config(&b);
        b.limit_bytes = bytes;
        enum rc rc = canvas_new(&c, &cfg);
        assert_true(rc == RC_NOMEM || rc == RC_OK);
        assert_true((rc == RC_OK) == (c != NULL));
        close_canvas(c, &b);
    }
    canvas_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(near_to_a_traced_picture),
        cmocka_unit_test(without_light_it_is_not_black),
        cmocka_unit_test(old_light_is_brought_to_where_it_is_seen_now),
        cmocka_unit_test(a_lost_tile_is_filled),
        cmocka_unit_test(a_helpers_layer_is_as_good_as_its_sums),
        cmocka_unit_test(light_that_does_not_fit),
        cmocka_unit_test(what_cannot_be_drawn_on),
    };
    return cmocka_run_group_tests(tests, open_scene, close_scene);
}
