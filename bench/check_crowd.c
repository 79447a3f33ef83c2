// SPDX-License-Identifier: MIT
// check_bench's case of kernel `crowd`: 200 agents, 320 steps on a map of scattered blocks.
#include <string.h>

#include "check.h"
#include "check_grid.h"
#include "kernel/crowd/crowd.h"
#include "kernel/route/path.h"
#include "measure.h"

#define SIDE   128u
#define BLOCKS 120u
#define BLOCK  6u
#define AGENTS 200u
#define STEPS  320u
#define EVERY  4u

static void make(struct check_task *out)
{
    struct rng r = rng_seeded(1);
    struct arena *arena = arena_new((size_t)16 << 20);
    measure_need(arena != NULL ? RC_OK : RC_NOMEM, "memory");
    struct grid_map m;
    out->object = check_grid_make(&m, arena, &r, &(struct check_grid){SIDE, BLOCKS, BLOCK});
    static struct crowd_params p = {.steps = STEPS, .every = EVERY, .agent_count = AGENTS};
    for (uint32_t i = 0; i < AGENTS; i++) {
        p.agent[i] = check_grid_agent(&r, &m);
        p.radius[i] = 350;
        p.speed[i] = 200;
    }
    struct buffer params =
        buffer_of(measure_take(KERNEL_PARAMS_BYTES_MAX), KERNEL_PARAMS_BYTES_MAX);
    measure_need(crowd_params_encode(&p, &params), "params");
    arena_free(arena);
    out->params = buffer_bytes(&params);
}

// Moves agents by a few units, in that share of the numbers that states are made of.
static void lie(struct rng *r, double share, struct buffer *result)
{
    struct cursor c = {.left = buffer_bytes(result)};
    struct route_length l;
    for (uint32_t i = 0; i < AGENTS; i++)
        measure_need(route_path_parse(&l, &c), "path");
    uint8_t *at = result->at + (result->len - c.left.len);
    struct check_share s = check_share_of(r, share, c.left.len);
    for (size_t i = 0; i < c.left.len; i++)
        if (check_is_spoiled(&s))
            at[i] ^= 2;
}

const struct check_case check_crowd = {"crowd", "numbers", make, lie};
