// SPDX-License-Identifier: MIT
// How fast a machine is, in the words of a hello.
#include "prog/helper/speed.h"

#include <assert.h>

#include "compute/frame.h"
#include "kernel/echo.h"
#include "scene/scene.h"

#define SCENE        "cornell"
#define SIDE         96u
#define SAMPLES      16u
#define TILE_UNITS   100000u    // of trace's cost: a tile as usual
#define ECHO_UNITS_S 100000000u // bytes; the call is what it costs: nothing to measure

enum rc speed_scene(struct budget *budget, struct buffer *out, struct err *err)
{
    return scenes_make(bytes_text(SCENE), budget, out, err);
}

enum rc speed_params(struct bytes scene_object, struct buffer *out)
{
    struct scene scene;
    struct err err;
    const enum rc rc = scene_open(&scene, scene_object, &err);
    if (rc != RC_OK)
        return rc;
    const struct trace_params p = {.width = SIDE,
                                   .height = SIDE,
                                   .w = SIDE,
                                   .h = SIDE,
                                   .sample_count = SAMPLES,
                                   .depth_max = 6,
                                   .cell = 8,
                                   .camera = scene_camera(&scene, 0)};
    return trace_params_encode(&p, out);
}

uint64_t speed_units_s(struct bytes report, uint64_t cpu_us)
{
    const double units = frame_report_units(report);
    return units <= 0 || cpu_us == 0 ? 0 : (uint64_t)(units * 1e6 / (double)cpu_us) + 1;
}

uint32_t speed_of_all(struct msg_speed out[static MSG_KERNELS_MAX], uint64_t trace_units_s)
{
    uint32_t count = 0;
    for (; count < MSG_KERNELS_MAX && kernel_at(count) != NULL; count++) {
        const struct kernel *k = kernel_at(count);
        bytes_to_text(bytes_text(k->name), out[count].kernel, TASK_KERNEL_BYTES);
        out[count].units_s = k == &trace_kernel  ? trace_units_s
                             : k == &echo_kernel ? ECHO_UNITS_S
                                                 : trace_units_s / TILE_UNITS + 1;
    }
    assert(kernel_at(count) == NULL); // a hello has room for all
    return count;
}
