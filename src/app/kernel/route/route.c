// SPDX-License-Identifier: MIT
// Kernel `route` as a hub sees it: how much work it is, and how a result is checked.
#include "kernel/route/route.h"

#include "base/num.h"

#define USUAL_AGENTS 100.0 // of a task
#define WALK_PRICE   .07   // of walking a path, in searches (bench/check_bench)

static enum rc result_bounds(struct bytes params, size_t *min, size_t *max)
{
    struct route_params p;
    enum rc rc = route_params_decode(&p, params);
    if (rc != RC_OK)
        return rc;
    *min = p.redo_count > 0 ? ROUTE_PART_BYTES : p.agent_count;
    *max = p.redo_count > 0
               ? ROUTE_PART_BYTES
               : num_min((uint64_t)p.agent_count * ROUTE_PATH_BYTES_MAX, ROUTE_RESULT_BYTES_MAX);
    return RC_OK;
}

static double size_of(struct bytes params)
{
    struct route_params p;
    if (route_params_decode(&p, params) != RC_OK)
        return 1;
    const double walked = p.agent_count * WALK_PRICE;
    return (p.redo_count > 0 ? p.redo_count + walked : p.agent_count) / USUAL_AGENTS;
}

static enum rc draw_part(struct bytes params, uint64_t nonce, struct buffer *part_params)
{
    struct route_params p;
    enum rc rc = route_params_decode(&p, params);
    if (rc != RC_OK)
        return rc;
    p.redo_count = route_redo_count(p.agent_count);
    route_redo_choose(p.redo, p.redo_count, p.agent_count, nonce);
    return route_params_encode(&p, part_params);
}

static enum rc judge(struct bytes params, struct bytes result, struct bytes part_params,
                     struct bytes part_result, struct kernel_verdict *out)
{
    (void)result; // its part was shown it
    *out = (struct kernel_verdict){0};
    struct route_params p;
    struct route_params part;
    if (route_params_decode(&p, params) != RC_OK ||
        route_params_decode(&part, part_params) != RC_OK || part.redo_count == 0 ||
        part.agent_count != p.agent_count)
        return RC_MALFORMED;
    return route_part_judge(part_result, p.agent_count, out);
}

const struct kernel route_kernel = {.name = "route",
                                    .base = &route_base,
                                    .shows_result = true,
                                    .run = route_run,
                                    .result_bounds = result_bounds,
                                    .size = size_of,
                                    .part = draw_part,
                                    .judge = judge};
