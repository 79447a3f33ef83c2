// SPDX-License-Identifier: MIT
// Fuzz: params from strangers; what decodes encodes back, and runs if it is small.
#include <assert.h>

#include "kernel/geometry/geometry.h"
#include "kernel/trace/stage_test.h"

#define RAYS_MAX 4096u // in one run: larger ones take the same ways, for longer

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct stage *small_room(void)
{
    static struct stage stage;
    if (stage.state != NULL)
        return &stage;
    stage_init(&stage, 1, 1);
    stage.sky.high[0] = 1.0f;
    stage.sky.haze_per_m = 0.1f;
    struct scene_material m = stage_grey(0.5f);
    m.emission[1] = 1.0f;
    m.ior = 1.5f;
    stage_box(&stage, (const float[3]){0, 0, 0}, 1.0f, stage_material(&stage, m));
    m.transmission = 0.5f;
    m.metallic = 0.5f;
    m.opacity = 0.5f;
    stage_box(&stage, (const float[3]){1, 1, 1}, 1.0f, stage_material(&stage, m));
    return stage_open(&stage) == RC_OK ? &stage : NULL;
}

static void run(struct stage *s, struct bytes params, size_t bytes)
{
    static uint8_t part_result_at[GEOMETRY_PARTS * 16];
    struct buffer result = buffer_of(s->result_at, sizeof s->result_at);
    struct buffer report = buffer_of(NULL, 0);
    struct buffer part = buffer_of(s->params_at, sizeof s->params_at);
    struct buffer part_result = buffer_of(part_result_at, sizeof part_result_at);
    const struct kernel_in in = {.params = params};
    assert(geometry_kernel.run(s->state, &in, &result, &report) == RC_OK);
    assert(result.len == bytes);
    assert(geometry_kernel.part(params, bytes, &part) == RC_OK);
    const struct kernel_in part_in = {.params = buffer_bytes(&part)};
    assert(geometry_kernel.run(s->state, &part_in, &part_result, &report) == RC_OK);
    struct kernel_verdict v;
    assert(geometry_kernel.judge(params, buffer_bytes(&result), buffer_bytes(&part),
                                 buffer_bytes(&part_result), &v) == RC_OK);
    assert(v.mismatches == 0 && v.is_right);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bytes in = bytes_of(data, size);
    static struct geometry_params p;
    static uint8_t back[KERNEL_PARAMS_BYTES_MAX];
    size_t bytes;
    if (geometry_params_decode(&p, in) != RC_OK) {
        assert(geometry_kernel.result_bounds(in, &bytes, &bytes) == RC_MALFORMED);
        return 0;
    }
    struct buffer b = buffer_of(back, sizeof back);
    assert(geometry_params_encode(&p, &b) == RC_OK);
    assert(bytes_equal(buffer_bytes(&b), in)); // there is one way to say it
    assert(geometry_kernel.result_bounds(in, &bytes, &bytes) == RC_OK);
    struct stage *s = small_room();
    if (s != NULL && bytes / GEOMETRY_PIXEL_BYTES * p.side * p.side <= RAYS_MAX)
        run(s, in, bytes);
    return 0;
}
