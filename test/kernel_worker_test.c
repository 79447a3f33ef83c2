// SPDX-License-Identifier: MIT
// Kernels behind a worker's walls: they and their libraries ask the system for nothing that is
// refused, and give the bytes that they give outside.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/encode/encode.h"
#include "kernel/physics/stage_test.h"
#include "os/nursery.h"
#include "os/worker.h"
#include "prog/cell_code.h"

#define WIDTH     192u
#define HEIGHT    128u
#define COUNT     12u
#define BUDGET_US 60000000u

static uint8_t pictures[COUNT * WIDTH * HEIGHT * 8];
static uint8_t request_at[sizeof pictures * 2 + 4096];
static uint8_t stream_at[1 << 20];

struct fixture {
    struct arena *arena;
    struct loop *loop;
    struct nursery *nursery;
    struct worker *worker;
    uint32_t dones;
    uint32_t deaths;
    enum rc rc;
    struct buffer result;
};

static void on_done(void *self, const struct worker_done *done)
{
    struct fixture *f = self;
    f->dones++;
    f->rc = done->rc;
    if (done->rc != RC_OK)
        print_message("  %s\n", done->text);
    f->result.len = 0;
    buffer_put(&f->result, done->result);
}

static void on_dead(void *self, enum rc why, const char *text)
{
    struct fixture *f = self;
    (void)why;
    f->deaths++;
    print_message("  %s\n", text);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->arena = arena_new(1 << 20);
    assert_non_null(f->arena);
    f->result = buffer_of(malloc(sizeof pictures), sizeof pictures);
    assert_non_null(f->result.at);
    struct err err = {0};
    if (nursery_start(&f->nursery, f->arena, &(struct nursery_cfg){.code = &cell_code_kernels},
                      &err) != RC_OK)
        fail_msg("%s", err.text);
    assert_int_equal(loop_new(&f->loop, NULL), RC_OK);
    assert_int_equal(nursery_listen(f->nursery, f->loop), RC_OK);
    struct worker_cfg cfg = {.arena = f->arena,
                             .nursery = f->nursery,
                             .loop = f->loop,
                             .limits = WORKER_LIMITS,
                             .handlers = {.self = f, .on_done = on_done, .on_dead = on_dead}};
    cfg.limits.request_bytes = CELL_REQUEST_BYTES_MAX;
    assert_int_equal(worker_new(&f->worker, &cfg), RC_OK);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    worker_close(f->worker);
    nursery_stop(f->nursery);
    loop_free(f->loop); // nobody has left anything open
    arena_free(f->arena);
    free(f->result.at);
    free(f);
    return 0;
}

static enum rc run(struct fixture *f, const char *kernel, const struct kernel_in *in)
{
    struct buffer request = buffer_of(request_at, sizeof request_at);
    assert_int_equal(cell_code_request(kernel, in, &request), RC_OK);
    const uint32_t dones = f->dones;
    assert_int_equal(worker_run(f->worker, buffer_bytes(&request), BUDGET_US), RC_OK);
    while (f->dones == dones)
        loop_turn(f->loop, true); // handlers count
    return f->rc;
}

static enum rc encode(struct fixture *f, const struct encode_params *p, const struct bytes *given,
                      uint32_t given_count)
{
    uint8_t at[256];
    struct buffer params = buffer_of(at, sizeof at);
    assert_int_equal(encode_params_encode(p, &params), RC_OK);
    return run(f, "encode", &(struct kernel_in){buffer_bytes(&params), given, given_count});
}

static void draw(enum picture_form form)
{
    const size_t each = picture_bytes(form, WIDTH, HEIGHT);
    for (size_t i = 0; i < each * COUNT; i++) {
        const size_t x = i % each % (each / HEIGHT);
        pictures[i] =
            (uint8_t)(form == PICTURE_LIGHT && i % 2 == 0 ? 0 : 40 + (x + i / each) % 150);
    }
}

// Makes, checks and shows in the worker, one after another, as its first and as its later runs.
static void goes_all_three_ways(struct fixture *f, enum video_codec codec, enum picture_form form)
{
    struct encode_params p = {.width = WIDTH,
                              .height = HEIGHT,
                              .count = COUNT,
                              .fps = 10,
                              .codec = codec,
                              .form = form,
                              .psnr = 3000,
                              .crf = 20,
                              .tries = 2,
                              .bytes_max = sizeof stream_at};
    draw(form);
    struct bytes given[2] = {bytes_of(pictures, picture_bytes(form, WIDTH, HEIGHT) * COUNT)};
    assert_int_equal(encode(f, &p, given, 1), RC_OK);
    struct buffer stream = buffer_of(stream_at, sizeof stream_at);
    buffer_put(&stream, buffer_bytes(&f->result));
    given[1] = buffer_bytes(&stream);

    p.wanted = 1u << (COUNT - 1);
    p.mode = ENCODE_CHECK;
    assert_int_equal(encode(f, &p, given, 2), RC_OK);
    struct cursor c = {.left = buffer_bytes(&f->result)};
    assert_true(cursor_u16le(&c) >= p.psnr);
    assert_true(cursor_done(&c));

    p.mode = ENCODE_SHOW;
    assert_int_equal(encode(f, &p, given + 1, 1), RC_OK);
    assert_int_equal(f->result.len, picture_bytes(form, WIDTH, HEIGHT));
    assert_int_equal(f->deaths, 0);
}

static void h264_runs_behind_the_walls(void **state)
{
    goes_all_three_ways(*state, VIDEO_H264, PICTURE_RGB8);
    goes_all_three_ways(*state, VIDEO_H264, PICTURE_LIGHT);
}

static void av1_runs_behind_the_walls(void **state)
{
    goes_all_three_ways(*state, VIDEO_AV1, PICTURE_RGB8);
    goes_all_three_ways(*state, VIDEO_AV1, PICTURE_LIGHT);
}

// More bodies than a sort has room for on the stack.
static void physics_gives_the_same_bytes_behind_the_walls(void **state)
{
    static struct physics_stage stage;
    struct fixture *f = *state;
    assert_int_equal(stage_set_up(NULL), 0);
    stage_init(&stage);
    stage_floor(&stage, 0.6f, 0.3f);
    stage_pile(&stage, 200, 6, 1);
    const struct bytes outside = stage_run(&stage);
    assert_true(outside.len > 0);
    const struct bytes world = stage_world(&stage);
    const struct kernel_in in = {stage_params(&stage), &world, 1};
    pid_t process = 0;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(run(f, "physics", &in), RC_OK);
        assert_true(bytes_equal(buffer_bytes(&f->result), outside));
        assert_true(i == 0 || worker_pid(f->worker) == process); // nobody died on it
        process = worker_pid(f->worker);
    }
    (void)stage_tear_down(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(h264_runs_behind_the_walls, set_up, tear_down),
        cmocka_unit_test_setup_teardown(av1_runs_behind_the_walls, set_up, tear_down),
        cmocka_unit_test_setup_teardown(physics_gives_the_same_bytes_behind_the_walls, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
