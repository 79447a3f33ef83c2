// SPDX-License-Identifier: MIT
// Kernel `crowd` as a hub sees it: how much work it is, and how a result is checked.
#include "kernel/crowd/crowd.h"

#include "base/num.h"
#include "kernel/route/path.h"

#define USUAL_WALKS    10000.0 // agents times steps of a task
#define STEP_BYTES_MAX 12u     // of one agent in one state: three numbers

static enum rc result_bounds(struct bytes params, size_t *min, size_t *max)
{
    struct crowd_params p;
    enum rc rc = crowd_params_decode(&p, params);
    if (rc != RC_OK)
        return rc;
    *min = *max = ROUTE_PART_BYTES;
    if (p.window_count > 0)
        return RC_OK;
    const uint64_t each = ROUTE_PATH_BYTES_MAX + (uint64_t)crowd_state_count(&p) * STEP_BYTES_MAX;
    *min = p.agent_count;
    *max = num_min(p.agent_count * each, CROWD_RESULT_BYTES_MAX);
    return RC_OK;
}

static double size_of(struct bytes params)
{
    struct crowd_params p;
    if (crowd_params_decode(&p, params) != RC_OK)
        return 1;
    const uint32_t steps = p.window_count > 0 ? p.window_count * p.every : p.steps;
    return (double)p.agent_count * steps / USUAL_WALKS;
}

static enum rc draw_part(struct bytes params, uint64_t nonce, struct buffer *part_params)
{
    struct crowd_params p;
    enum rc rc = crowd_params_decode(&p, params);
    if (rc != RC_OK)
        return rc;
    const uint32_t states = crowd_state_count(&p);
    p.redo_count = route_redo_count(p.agent_count);
    p.window_count = (uint32_t)num_div_ceil((uint64_t)states * CROWD_WINDOWS_PERCENT, 100);
    route_redo_choose(p.redo, p.redo_count, p.agent_count, nonce);
    route_redo_choose(p.window, p.window_count, states, ~nonce);
    return crowd_params_encode(&p, part_params);
}

static enum rc judge(struct bytes params, struct bytes result, struct bytes part_params,
                     struct bytes part_result, struct kernel_verdict *out)
{
    (void)result; // its part was shown it
    *out = (struct kernel_verdict){0};
    struct crowd_params p;
    enum rc rc = crowd_params_decode(&p, params);
    const uint32_t agents = p.agent_count;
    if (rc == RC_OK)
        rc = crowd_params_decode(&p, part_params);
    if (rc != RC_OK || p.window_count == 0 || p.agent_count != agents)
        return RC_MALFORMED;
    return route_part_judge(part_result, crowd_part_count(&p), out);
}

const struct kernel crowd_kernel = {.name = "crowd",
                                    .base = &route_base,
                                    .shows_result = true,
                                    .run = crowd_run,
                                    .result_bounds = result_bounds,
                                    .size = size_of,
                                    .part = draw_part,
                                    .judge = judge};
