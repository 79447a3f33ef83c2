// SPDX-License-Identifier: MIT
// check_bench's case of kernel `physics`: ten seconds of three piles that fall.
#include "check.h"
#include "kernel/physics/stage_test.h"

#define PILE    24u
#define PILES   3u
#define WINDOWS 100u
#define SHIFT_M 0.02 // that a spoiled body is beside its place

static struct physics_stage stage;

static void make(struct check_task *out)
{
    stage_init(&stage);
    stage_floor(&stage, 0.6f, 0.3f);
    for (uint32_t i = 0; i < PILES; i++) {
        stage_pile(&stage, PILE, 4, i);
        for (uint32_t k = i * PILE; k < stage.world.bodies; k++)
            stage.state[k].place[0] += (int32_t)(i * 100 / PHYSICS_PLACE_STEP);
    }
    stage.params.windows = WINDOWS;
    out->given[0] = stage_world(&stage);
    out->given_count = 1;
    out->params = stage_params(&stage);
}

// Spoils states one by one; what was right of the others stays so.
static void lie(struct rng *r, double share, struct buffer *result)
{
    static struct physics_state past[STAGE_BODIES]; // of the forged result
    const uint32_t bodies = stage.params.bodies;
    struct check_share s = check_share_of(r, share, (size_t)bodies * WINDOWS);
    const struct physics_code k = {.bodies = bodies,
                                   .gravity = {0, (double)-9.81f, 0},
                                   .step_s = stage.params.step_us / 1e6,
                                   .steps = stage.params.every};
    memcpy(stage.result_at, result->at, result->len);
    stage.unread = (struct cursor){.left = bytes_of(stage.result_at, result->len)};
    memcpy(stage.moment, stage.state, sizeof past);
    memcpy(past, stage.state, sizeof past);
    result->len = 0;
    for (uint32_t w = 0; w < WINDOWS && stage_read(&stage); w++) {
        static struct physics_state now[STAGE_BODIES];
        memcpy(now, stage.moment, sizeof now);
        for (uint32_t i = 0; i < bodies; i++) {
            if (!check_is_spoiled(&s))
                continue;
            const int32_t shift = (int32_t)(SHIFT_M / PHYSICS_PLACE_STEP);
            now[i].place[rng_below(r, 3)] += rng_below(r, 2) == 0 ? shift : -shift;
        }
        physics_record_put(&k, past, now, result);
        memcpy(past, now, sizeof past);
    }
}

const struct check_case check_physics = {"physics", "bodies' states", make, lie};
