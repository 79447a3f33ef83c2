// SPDX-License-Identifier: MIT
// check_bench's case of kernel `route`: 400 agents on a map of scattered blocks.
#include <string.h>

#include "check.h"
#include "check_grid.h"
#include "kernel/route/path.h"
#include "kernel/route/route.h"
#include "measure.h"

#define SIDE   256u
#define BLOCKS 500u
#define BLOCK  8u
#define AGENTS 400u

static void make(struct check_task *out)
{
    struct rng r = rng_seeded(1);
    struct arena *arena = arena_new((size_t)16 << 20);
    measure_need(arena != NULL ? RC_OK : RC_NOMEM, "memory");
    struct grid_map m;
    out->object = check_grid_make(&m, arena, &r, &(struct check_grid){SIDE, BLOCKS, BLOCK});
    static struct route_params p = {.agent_count = AGENTS};
    for (uint32_t i = 0; i < AGENTS; i++)
        p.agent[i] = check_grid_agent(&r, &m);
    struct buffer params =
        buffer_of(measure_take(KERNEL_PARAMS_BYTES_MAX), KERNEL_PARAMS_BYTES_MAX);
    measure_need(route_params_encode(&p, &params), "params");
    arena_free(arena);
    out->params = buffer_bytes(&params);
}

// A path that can be walked, and is longer: there and back again before its first step.
static void lengthen(const uint8_t *path, struct buffer *out)
{
    if ((path[0] & 31) == 0)
        return;
    const uint32_t dir = path[0] >> 5;
    buffer_u8(out, (uint8_t)(dir << 5 | 1));
    buffer_u8(out, (uint8_t)((dir + 4) % GRID_DIRECTIONS << 5 | 1));
}

static void lie(struct rng *r, double share, struct buffer *result)
{
    static uint8_t room[(size_t)AGENTS * ROUTE_PATH_BYTES_MAX / 16];
    struct buffer out = buffer_of(room, sizeof room);
    struct cursor c = {.left = buffer_bytes(result)};
    struct check_share s = check_share_of(r, share, AGENTS);
    for (uint32_t i = 0; i < AGENTS; i++) {
        const struct bytes left = c.left;
        struct route_length l;
        measure_need(route_path_parse(&l, &c), "path");
        if (check_is_spoiled(&s))
            lengthen(left.at, &out);
        buffer_put(&out, bytes_part(left, 0, left.len - c.left.len));
    }
    result->len = 0;
    buffer_put(result, buffer_bytes(&out));
}

const struct check_case check_route = {"route", "agents", make, lie};
