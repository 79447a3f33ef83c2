// SPDX-License-Identifier: MIT
// For tests and measurements: worlds made by hand, run as a task.
#ifndef KERNEL_PHYSICS_STAGE_TEST_H
#define KERNEL_PHYSICS_STAGE_TEST_H

#include <assert.h>
#include <string.h>

#include "base/rng.h"
#include "kernel/kernel_stage_test.h"
#include "kernel/physics/code.h"
#include "kernel/physics/physics.h"
#include "kernel/physics/world.h"

#define STAGE_BODIES 2048u

struct physics_stage {
    struct physics_params params;
    struct physics_world world;
    struct physics_obstacle obstacle[8];
    struct physics_body body[STAGE_BODIES];
    struct physics_state state[STAGE_BODIES];  // as given
    struct physics_state moment[STAGE_BODIES]; // of the window read last
    struct physics_state before[STAGE_BODIES]; // the one before
    struct cursor unread;
    uint8_t world_at[1 << 18], params_at[2048], part_at[2048], part_result_at[1 << 17];
    uint8_t result_at[32 << 20];
};

// Gravity 9.81 downwards (y is up), steps of 1/60 s, six a window.
static inline void stage_init(struct physics_stage *s)
{
    memset(s, 0, sizeof *s);
    s->params = (struct physics_params){.seed = 1, .step_us = 16667, .every = 6, .windows = 10};
    s->world = (struct physics_world){
        .gravity = {0, -9.81f, 0}, .obstacle = s->obstacle, .body = s->body, .state = s->state};
}

static inline void stage_floor(struct physics_stage *s, float friction, float bounce)
{
    s->obstacle[s->world.obstacles++] = (struct physics_obstacle){
        .size = {0, 1, 0}, .turn = {1, 0, 0, 0}, .friction = friction, .bounce = bounce};
}

// Of 1 kg, standing still: its index.
static inline uint32_t stage_body(struct physics_stage *s, enum physics_kind kind, float x, float y,
                                  float z)
{
    const uint32_t i = s->world.bodies++;
    assert(i < STAGE_BODIES);
    const struct physics_pose p = {.place = {(double)x, (double)y, (double)z},
                                   .turn = {1, 0, 0, 0}};
    s->body[i] = (struct physics_body){.kind = kind, .mass = 1, .friction = 0.5f};
    const uint32_t sizes = kind == PHYSICS_BALL ? 1 : kind == PHYSICS_BOX ? 3 : 2;
    for (uint32_t k = 0; k < sizes; k++)
        s->body[i].size[k] = 0.5f;
    s->state[i] = physics_state_of(&p);
    s->params.bodies = s->world.bodies;
    return i;
}

static inline void stage_push(struct physics_stage *s, uint32_t body, double x, double y, double z)
{
    const double v[3] = {x, y, z};
    for (size_t i = 0; i < 3; i++)
        s->state[body].velocity[i] = (int32_t)(v[i] / PHYSICS_VELOCITY_STEP);
}

// count bodies of all kinds, sizes from 0.2 to 0.5 m, above a square of `side` metres.
static inline void stage_pile(struct physics_stage *s, uint32_t count, float side, uint64_t seed)
{
    struct rng r = rng_seeded(seed);
    const uint32_t row = (uint32_t)(side / 1.2f);
    for (uint32_t i = 0; i < count; i++) {
        const float x = 1.2f * (float)(i % row) + 0.2f * (float)rng_unit(&r);
        const float z = 1.2f * (float)(i / row % row) + 0.2f * (float)rng_unit(&r);
        const uint32_t b =
            stage_body(s, (enum physics_kind)(i % 3), x, 0.8f + 1.3f * (float)(i / (row * row)), z);
        for (size_t k = 0; k < 3; k++) {
            if (s->body[b].size[k] > 0)
                s->body[b].size[k] = 0.2f + 0.3f * (float)rng_unit(&r);
            s->state[b].spin[k] = (int32_t)rng_below(&r, 2048) - 1024;
        }
        s->body[b].mass = 0.5f + (float)rng_unit(&r);
    }
}

static inline struct bytes stage_world(struct physics_stage *s)
{
    struct buffer b = buffer_of(s->world_at, sizeof s->world_at);
    physics_world_put(&s->world, &b);
    assert(!b.is_full);
    return buffer_bytes(&b);
}

static inline struct bytes stage_params(struct physics_stage *s)
{
    struct buffer b = buffer_of(s->params_at, sizeof s->params_at);
    const enum rc rc = physics_params_encode(&s->params, &b);
    assert(rc == RC_OK);
    return buffer_bytes(&b);
}

// Empty on failure. Rewinds to the state given.
static inline struct bytes stage_run(struct physics_stage *s)
{
    const struct bytes given[] = {stage_world(s)};
    const struct kernel_in in = {stage_params(s), given, 1};
    struct buffer result = buffer_of(s->result_at, sizeof s->result_at);
    if (physics_kernel.run(NULL, &in, &result, &result) != RC_OK)
        return bytes_of(NULL, 0);
    s->unread = (struct cursor){.left = buffer_bytes(&result)};
    memcpy(s->moment, s->state, sizeof s->moment);
    return buffer_bytes(&result);
}

// The next window's states into `moment`.
static inline bool stage_read(struct physics_stage *s)
{
    struct physics_code k = {
        .bodies = s->params.bodies, .step_s = s->params.step_us / 1e6, .steps = s->params.every};
    for (size_t i = 0; i < 3; i++)
        k.gravity[i] = (double)s->world.gravity[i];
    memcpy(s->before, s->moment, sizeof s->before);
    return physics_record_decode(&k, &s->unread, s->before, s->moment);
}

static inline enum rc stage_check(struct physics_stage *s, struct bytes result, uint64_t nonce,
                                  struct kernel_verdict *v)
{
    struct kernel_stage k = {&physics_kernel,
                             NULL,
                             {stage_world(s)},
                             1,
                             buffer_of(s->part_at, sizeof s->part_at),
                             buffer_of(s->part_result_at, sizeof s->part_result_at)};
    return kernel_stage_check(&k, stage_params(s), result, nonce, v);
}

// ---- The whole of a test program's set-up and end: ODE, started and closed

static inline int stage_set_up(void **state)
{
    (void)state;
    void *none;
    return physics_base.open(&none, NULL) != RC_OK;
}

static inline int stage_tear_down(void **state)
{
    (void)state;
    physics_base.close(NULL);
    return 0;
}

#endif
