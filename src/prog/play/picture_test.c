// SPDX-License-Identifier: MIT
// Tests of a frame's files: their names, the picture and its light, and what is left without
// memory.
#include "prog/play/picture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/attr.h"
#include "base/text.h"
#include "image/png.h"
#include "kernel/trace/trace.h"
#include "os/file.h"
#include "os/scratch_test.h"

#define WIDTH  7u
#define HEIGHT 5u
#define PLENTY ((size_t)8 << 20)

static char folder[SCRATCH_BYTES];
static struct budget budget = {.limit_bytes = PLENTY};

static int set_up(void **state)
{
    (void)state;
    return scratch_make(folder);
}

static int tear_down(void **state)
{
    (void)state;
    return scratch_remove(folder);
}

static void names_of_frames(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        uint32_t index, count;
        const char *want;
    } row[] = {
        {"street.png", 0, 1, "street.png"},
        {"street.png", 7, 1, "street.png"},
        {"street.png", 7, 2, "street-0007.png"},
        {"a.b/street.png", 12345, 99, "a.b/street-12345.png"},
        {"a.b/street", 3, 9, "a.b/street-0003"},
        {"street", 3, 9, "street-0003"},
        {"./.png", 1, 2, "./-0001.png"},
    };
    char out[64];
    struct err err;
    for (size_t i = 0; i < ARRAY_COUNT(row); i++) {
        assert_int_equal(
            picture_path(out, sizeof out, row[i].path, row[i].index, row[i].count, &err), RC_OK);
        assert_string_equal(out, row[i].want);
    }
    assert_int_equal(picture_path(out, 10, "street.png", 0, 1, &err), RC_CONFIG);
    assert_int_equal(picture_path(out, 11, "street.png", 0, 1, &err), RC_OK);
}

// Left half: direct light alone; right half: twice as much indirect.
static struct join *some_frame(void)
{
    const struct join_cfg cfg = {.width = WIDTH,
                                 .height = HEIGHT,
                                 .layers = TRACE_LAYERS,
                                 .samples = 1,
                                 .parts_max = 4,
                                 .value_max = UINT32_MAX};
    const struct join_part part = {{0, 0, WIDTH, HEIGHT}, 0, 1};
    static uint8_t at[(size_t)WIDTH * HEIGHT * TRACE_PIXEL_BYTES];
    struct buffer sums = buffer_of(at, sizeof at);
    struct join *j;
    assert_int_equal(join_new(&j, &budget, &cfg), RC_OK);
    for (uint32_t i = 0; i < WIDTH * HEIGHT; i++)
        for (uint32_t k = 0; k < TRACE_LAYERS * JOIN_CHANNELS; k++) {
            const bool is_direct = k < JOIN_CHANNELS;
            const bool is_left = i % WIDTH < WIDTH / 2;
            buffer_u32le(&sums, is_direct != is_left ? 0 : is_left ? TRACE_UNIT : 2 * TRACE_UNIT);
        }
    assert_int_equal(join_put(j, &part, buffer_bytes(&sums)), RC_OK);
    return j;
}

struct paths {
    char png[FILE_PATH_BYTES], layers[FILE_PATH_BYTES];
    char direct[FILE_PATH_BYTES], indirect[FILE_PATH_BYTES];
};

static struct picture_cfg config(struct paths *p, const char *name)
{
    struct text t[] = {text_of(p->png, sizeof p->png), text_of(p->layers, sizeof p->layers),
                       text_of(p->direct, sizeof p->direct),
                       text_of(p->indirect, sizeof p->indirect)};
    text_addf(&t[0], "%s/%s.png", folder, name);
    text_addf(&t[1], "%s/%s", folder, name);
    text_addf(&t[2], "%s/%s-direct.pfm", folder, name);
    text_addf(&t[3], "%s/%s-indirect.pfm", folder, name);
    return (struct picture_cfg){p->png, p->layers, WIDTH, HEIGHT, 1, {1, 0}};
}

static float light_at(const char *path, size_t pixel_from_end)
{
    struct bytes file;
    struct err err;
    float light = 0;
    assert_int_equal(file_read(&file, &budget, path, PLENTY, &err), RC_OK);
    memcpy(&light, file.at + file.len - 12 * (pixel_from_end + 1), sizeof light);
    file_forget(file, &budget);
    return light;
}

static void a_picture_and_its_light(void **state)
{
    (void)state;
    struct paths p;
    struct err err;
    struct bytes file;
    struct buffer rgb;
    uint32_t width = 0;
    uint32_t height = 0;
    const struct picture_cfg cfg = config(&p, "both");
    struct join *j = some_frame();
    assert_int_equal(picture_write(&cfg, j, &budget, &err), RC_OK);
    join_free(j);
    assert_int_equal(budget.used_bytes, 0);
    assert_int_equal(file_read(&file, &budget, p.png, PLENTY, &err), RC_OK);
    assert_int_equal(png_decode(file, &budget, &rgb, &width, &height), RC_OK);
    assert_true(width == WIDTH && height == HEIGHT);
    assert_true(rgb.at[0] > 100 && rgb.at[(WIDTH - 1) * 3] > rgb.at[0]);
    budget_give(&budget, rgb.at);
    file_forget(file, &budget);
    assert_true(light_at(p.direct, 0) <= 0 && light_at(p.direct, WIDTH - 1) >= 1);
    assert_true(light_at(p.indirect, 0) >= 2 && light_at(p.indirect, WIDTH - 1) <= 0);
}

static void without_layers_or_a_place(void **state)
{
    (void)state;
    struct paths p;
    struct err err;
    struct picture_cfg cfg = config(&p, "alone");
    struct join *j = some_frame();
    cfg.layers = NULL;
    assert_int_equal(picture_write(&cfg, j, &budget, &err), RC_OK);
    assert_true(file_exists(p.png) && !file_exists(p.direct));
    cfg = config(&p, "no/such/place");
    assert_int_equal(picture_write(&cfg, j, &budget, &err), RC_IO);
    assert_non_null(strstr(err.text, "no/such/place.png"));
    join_free(j);
}

static void without_memory(void **state)
{
    (void)state;
    struct paths p;
    struct err err;
    const struct picture_cfg cfg = config(&p, "never");
    struct join *j = some_frame();
    const size_t used = budget.used_bytes;
    for (size_t spare = 0; spare < 60000; spare += 3001) { // a PNG alone takes more
        budget.limit_bytes = used + spare;
        assert_int_equal(picture_write(&cfg, j, &budget, &err), RC_NOMEM);
        assert_int_equal(budget.used_bytes, used);
    }
    budget.limit_bytes = PLENTY;
    assert_false(file_exists(p.png) || file_exists(p.direct));
    join_free(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_frames),
        cmocka_unit_test(a_picture_and_its_light),
        cmocka_unit_test(without_layers_or_a_place),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
