// SPDX-License-Identifier: MIT
// Fuzz: a scene that scene_open takes is one that the tracer survives.
#include <assert.h>

#include "kernel/trace/trace.h"
#include "kernel/world/base.h"
#include "scene/scene.h"

#define TRIANGLES_MAX 256u // larger ones take the same ways, for longer

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void render(void *kernel, struct bytes object, const struct scene *scene)
{
    static uint8_t params_at[512];
    static uint8_t result_at[4 * TRACE_PIXEL_BYTES];
    static uint8_t report_at[512];
    struct trace_params p = {.seed = 1,
                             .width = 2,
                             .height = 2,
                             .w = 2,
                             .h = 2,
                             .sample_count = 4,
                             .depth_max = TRACE_DEPTH_MAX,
                             .cell = 1,
                             .camera = scene_camera(scene, 0.5f)};
    struct buffer params = buffer_of(params_at, sizeof params_at);
    struct buffer result = buffer_of(result_at, sizeof result_at);
    struct buffer report = buffer_of(report_at, sizeof report_at);
    assert(trace_params_encode(&p, &params) == RC_OK); // every camera of a scene is a good one
    assert(world_base.load(kernel, object) == RC_OK);
    assert(trace_kernel.run(kernel, &(struct kernel_in){.params = buffer_bytes(&params)}, &result,
                            &report) == RC_OK);
    struct trace_report r;
    assert(trace_report_decode(&r, buffer_bytes(&report)) == RC_OK);
    assert(r.rays >= 16);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void *kernel; // opening takes longer than all the rest
    if (kernel == NULL && world_base.open(&kernel, NULL) != RC_OK)
        return 0;
    struct bytes object = bytes_of(data, size);
    struct scene scene;
    struct err err;
    if (scene_open(&scene, object, &err) != RC_OK)
        assert(err.rc == RC_MALFORMED && err.text[0] != 0);
    else if (scene.triangle_count <= TRIANGLES_MAX)
        render(kernel, object, &scene);
    return 0;
}
