// SPDX-License-Identifier: MIT
// For tests: a map of scattered walls, loaded for kernels `route` and `crowd`.
#ifndef KERNEL_ROUTE_STAGE_TEST_H
#define KERNEL_ROUTE_STAGE_TEST_H

#include "kernel/kernel_stage_test.h"
#include "kernel/route/base.h"
#include "map/grid_stage_test.h"

struct route_stage {
    struct stage map;
    struct kernel_stage kernel; // its state: route_base's
    uint8_t part_at[KERNEL_PARAMS_BYTES_MAX], redone_at[64];
};

// walls: per cent of the cells.
static inline void route_stage_open(struct route_stage *s, const struct kernel *kernel,
                                    uint32_t width, uint32_t height, uint32_t walls, uint64_t seed)
{
    stage_open(&s->map, width, height, walls, seed);
    s->kernel = (struct kernel_stage){.kernel = kernel,
                                      .part = buffer_of(s->part_at, sizeof s->part_at),
                                      .redone = buffer_of(s->redone_at, sizeof s->redone_at)};
    enum rc rc = route_base.open(&s->kernel.state, NULL);
    assert(rc == RC_OK);
    rc = route_base.load(s->kernel.state, buffer_bytes(&s->map.object));
    assert(rc == RC_OK);
}

static inline void route_stage_close(struct route_stage *s)
{
    route_base.close(s->kernel.state);
    stage_close(&s->map);
}

static inline enum rc route_stage_run(struct route_stage *s, struct bytes params,
                                      struct buffer *out)
{
    return kernel_stage_run(&s->kernel, params, 0, out);
}

static inline enum rc route_stage_run_part(struct route_stage *s, struct bytes part,
                                           struct bytes shown, struct buffer *out)
{
    s->kernel.given[0] = shown;
    return kernel_stage_run(&s->kernel, part, 1, out);
}

#endif
