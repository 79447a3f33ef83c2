// SPDX-License-Identifier: MIT
// The small world of the chores: what each of them asks for, and what its answer changes.
#include "compute/chores_world.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "kernel/audio/audio.h"
#include "kernel/dialogue/dialogue.h"
#include "kernel/dialogue/speech.h"
#include "kernel/dialogue/speech_street.h"
#include "kernel/level/level.h"
#include "kernel/physics/code.h"
#include "kernel/physics/physics.h"
#include "kernel/physics/world.h"
#include "kernel/route/path.h"
#include "kernel/route/route.h"
#include "map/grid.h"
#include "map/grid_prepare.h"

#define ARENA_BYTES  (8u << 20)
#define CITY_CHUNKS  4u
#define CITY_SIDE    32u
#define STEP_US      10000u
#define STEPS        10u // of a record: ten records a window
#define RECORDS      10u
#define WALK_CELLS   6u // in a window
#define THROW_M_S    6.0
#define SOUND_GROUPS 4u
#define SOUND_RAYS   256u
#define SOUND_BINS   40u
#define SOUND_BIN    240u // frames: 5 ms

struct walker {
    struct grid_cell at, goal;
    uint32_t left; // steps of its path; 0: it needs one
};

struct chores_world {
    struct arena *arena;
    struct rng rng;
    struct bytes speech;
    struct buffer map; // a block of the budget
    struct grid_map city;
    struct physics_world physics;
    struct walker *walker;
    uint32_t walker_count;
    uint32_t asked[CHORES_WALKERS_MAX]; // walkers whose paths are on their way
    uint32_t asked_count;
    float lamp[3];
    bool has_lamp;
};

// ---- The beginning

static enum rc build_city(struct chores_world *w, struct budget *budget, uint64_t seed)
{
    uint8_t at[256];
    struct buffer params = buffer_of(at, sizeof at);
    const struct level_params p = {.kind = LEVEL_CITY,
                                   .seed = seed,
                                   .chunks_x = CITY_CHUNKS,
                                   .chunks_y = CITY_CHUNKS,
                                   .side = CITY_SIDE,
                                   .density = 400};
    size_t min = 0;
    size_t max = 0;
    enum rc rc = level_params_encode(&p, &params);
    if (rc == RC_OK)
        rc = level_kernel.result_bounds(buffer_bytes(&params), &min, &max);
    void *text = rc == RC_OK ? arena_take(w->arena, max) : NULL;
    if (text == NULL)
        return rc == RC_OK ? RC_NOMEM : rc;
    struct buffer result = buffer_of(text, max);
    struct buffer report = buffer_of(NULL, 0);
    const struct kernel_in in = {.params = buffer_bytes(&params)};
    rc = level_kernel.run(NULL, &in, &result, &report);
    if (rc == RC_OK)
        rc = grid_map_parse(&w->city, w->arena, buffer_bytes(&result), NULL);
    return rc == RC_OK ? grid_prepare(&w->map, budget, &w->city, NULL, NULL) : rc;
}

static struct physics_body some_body(uint32_t i)
{
    const bool is_ball = i % 3 == 0;
    return (struct physics_body){.kind = is_ball ? PHYSICS_BALL : PHYSICS_BOX,
                                 .size = {0.25f, is_ball ? 0 : 0.25f, is_ball ? 0 : 0.25f},
                                 .mass = 1,
                                 .friction = 0.6f,
                                 .bounce = 0.3f};
}

static enum rc place_bodies(struct chores_world *w, uint32_t bodies)
{
    struct physics_world *p = &w->physics;
    *p = (struct physics_world){.bodies = bodies,
                                .obstacles = 1,
                                .gravity = {0, -9.81f, 0},
                                .obstacle = arena_take(w->arena, sizeof *p->obstacle),
                                .body = arena_take_array(w->arena, bodies, sizeof *p->body),
                                .state = arena_take_array(w->arena, bodies, sizeof *p->state)};
    if (p->obstacle == NULL || p->body == NULL || p->state == NULL)
        return RC_NOMEM;
    *p->obstacle =
        (struct physics_obstacle){.size = {0, 1, 0}, .turn = {1, 0, 0, 0}, .friction = 0.6f};
    for (uint32_t i = 0; i < bodies; i++) {
        const uint32_t storey = i / 8;
        const struct physics_pose pose = {
            .place = {(double)(i % 8) * 0.9 - 3.2 + rng_unit(&w->rng) * 0.2, 1 + storey * 0.9,
                      (double)(i % 5) * 0.3},
            .turn = {1, 0, 0, 0}};
        p->body[i] = some_body(i);
        p->state[i] = physics_state_of(&pose);
    }
    return RC_OK;
}

static struct grid_cell some_place(struct chores_world *w)
{
    for (;;) { // a city is streets, for the better part of it
        const struct grid_cell at = {(uint16_t)rng_below(&w->rng, w->city.width),
                                     (uint16_t)rng_below(&w->rng, w->city.height)};
        if (grid_is_free(&w->city, at))
            return at;
    }
}

static enum rc learn(struct chores_world *w)
{
    void *text = arena_take(w->arena, SPEECH_STREET_BYTES_MAX);
    if (text == NULL)
        return RC_NOMEM;
    struct buffer street = buffer_of(text, SPEECH_STREET_BYTES_MAX);
    speech_street(&street);
    return speech_learn(buffer_bytes(&street), w->arena, &w->speech);
}

enum rc chores_world_new(struct chores_world **out, struct budget *budget, uint32_t bodies,
                         uint32_t walkers, uint64_t seed)
{
    *out = NULL;
    if (bodies < 1 || bodies > CHORES_BODIES_MAX || walkers < 1 || walkers > CHORES_WALKERS_MAX)
        return RC_CONFIG;
    struct arena *arena = arena_new(ARENA_BYTES);
    struct chores_world *w = arena == NULL ? NULL : arena_take(arena, sizeof *w);
    if (w == NULL) {
        arena_free(arena);
        return RC_NOMEM;
    }
    *w = (struct chores_world){.arena = arena, .rng = rng_seeded(seed), .walker_count = walkers};
    w->walker = arena_take_array(arena, walkers, sizeof *w->walker);
    enum rc rc = w->walker == NULL ? RC_NOMEM : learn(w);
    if (rc == RC_OK)
        rc = build_city(w, budget, seed);
    if (rc == RC_OK)
        rc = place_bodies(w, bodies);
    for (uint32_t i = 0; rc == RC_OK && i < walkers; i++)
        w->walker[i] = (struct walker){.at = some_place(w)};
    if (rc == RC_OK)
        *out = w;
    else
        chores_world_free(w, budget);
    return rc;
}

void chores_world_free(struct chores_world *w, struct budget *budget)
{
    if (w == NULL)
        return;
    budget_give(budget, w->map.at);
    struct arena *arena = w->arena; // which holds w
    arena_free(arena);
}

struct bytes chores_world_map(const struct chores_world *w)
{
    return buffer_bytes(&w->map);
}

struct bytes chores_world_speech(const struct chores_world *w)
{
    return w->speech;
}

// ---- Physics

enum rc chores_world_physics(struct chores_world *w, struct buffer *params, struct buffer *world)
{
    static const struct physics_params plain = {
        .seed = 1, .step_us = STEP_US, .every = STEPS, .windows = RECORDS};
    struct physics_params p = plain;
    p.bodies = w->physics.bodies;
    physics_world_put(&w->physics, world);
    return world->is_full ? RC_FULL : physics_params_encode(&p, params);
}

// What has come to rest is thrown up again, some of it: a game would have its own reasons.
static void throw_some(struct chores_world *w)
{
    for (uint32_t i = 0; i < w->physics.bodies; i++) {
        if (!w->physics.state[i].rests || rng_below(&w->rng, 4) != 0)
            continue;
        struct physics_pose pose = physics_pose_of(&w->physics.state[i]);
        pose.velocity[0] = (rng_unit(&w->rng) - 0.5) * 2 - pose.place[0] * 0.2;
        pose.velocity[1] = THROW_M_S * (0.5 + rng_unit(&w->rng) / 2);
        pose.velocity[2] = (rng_unit(&w->rng) - 0.5) * 2 - pose.place[2] * 0.2;
        w->physics.state[i] = physics_state_of(&pose);
    }
}

enum rc chores_world_moved(struct chores_world *w, struct bytes params, struct bytes result)
{
    struct physics_params p;
    struct physics_state to[CHORES_BODIES_MAX];
    struct physics_state from[CHORES_BODIES_MAX];
    struct cursor c = {.left = result};
    enum rc rc = physics_params_decode(&p, params);
    if (rc != RC_OK)
        return rc;
    assert(p.bodies == w->physics.bodies); // our own params
    assert(p.bodies <= CHORES_BODIES_MAX);
    struct physics_code k = {.bodies = p.bodies, .step_s = p.step_us / 1e6, .steps = p.every};
    for (uint32_t i = 0; i < 3; i++)
        k.gravity[i] = (double)w->physics.gravity[i];
    memcpy(from, w->physics.state, p.bodies * sizeof *from);
    for (uint32_t i = 0; i < p.windows; i++) { // a game would show each at its time
        if (!physics_record_decode(&k, &c, from, to))
            return RC_MALFORMED;
        memcpy(from, to, p.bodies * sizeof *from);
    }
    memcpy(w->physics.state, from, p.bodies * sizeof *from);
    throw_some(w);
    return RC_OK;
}

// ---- Paths

enum rc chores_world_paths(struct chores_world *w, struct buffer *params)
{
    struct route_params p = {.agent_count = 0};
    for (uint32_t i = 0; i < w->walker_count; i++) {
        struct walker *walker = &w->walker[i];
        if (walker->left > 0)
            continue;
        assert(p.agent_count < ROUTE_AGENTS_MAX);
        walker->goal = some_place(w);
        w->asked[p.agent_count] = i;
        p.agent[p.agent_count++] = (struct route_agent){walker->at, walker->goal};
    }
    w->asked_count = p.agent_count;
    return p.agent_count > 0 ? route_params_encode(&p, params) : RC_ABSENT;
}

enum rc chores_world_led(struct chores_world *w, struct bytes result)
{
    struct cursor c = {.left = result};
    assert(w->asked_count > 0 && w->asked_count <= w->walker_count);
    for (uint32_t i = 0; i < w->asked_count; i++) {
        struct route_length length;
        enum rc rc = route_path_parse(&length, &c);
        if (rc != RC_OK)
            return rc;
        struct walker *walker = &w->walker[w->asked[i]];
        walker->left = length.is_no_way ? 0 : length.straight + length.diagonal;
    }
    return RC_OK;
}

void chores_world_walk(struct chores_world *w)
{
    for (uint32_t i = 0; i < w->walker_count; i++) {
        struct walker *walker = &w->walker[i];
        if (walker->left > 0 && walker->left <= WALK_CELLS)
            walker->at = walker->goal;
        walker->left = walker->left > WALK_CELLS ? walker->left - WALK_CELLS : 0;
    }
}

// ---- Sound and talk

enum rc chores_world_sound(struct chores_world *w, const struct camera *camera,
                           struct buffer *params)
{
    float ahead[3];
    float length = 0;
    for (size_t i = 0; i < 3; i++)
        ahead[i] = camera->target[i] - camera->eye[i];
    const float side[2] = {-ahead[2], ahead[0]}; // across, level
    length = sqrtf(side[0] * side[0] + side[1] * side[1]);
    if (!w->has_lamp)
        memcpy(w->lamp, camera->target, sizeof w->lamp);
    w->has_lamp = true;
    struct audio_params p = {.seed = 1,
                             .right = {1, 0, 0},
                             .groups = SOUND_GROUPS,
                             .rays = SOUND_RAYS,
                             .bins = SOUND_BINS,
                             .bin_frames = SOUND_BIN};
    memcpy(p.source, w->lamp, sizeof p.source);
    memcpy(p.listener, camera->eye, sizeof p.listener);
    if (length > 0) {
        p.right[0] = side[0] / length;
        p.right[2] = side[1] / length;
    }
    return audio_params_encode(&p, params);
}

enum rc chores_world_talk(uint32_t window, struct buffer *params)
{
    static const char *const situation[] = {"greet", "sell", "ask", "warn", "bye"};
    const struct dialogue_params p = {.seed = window,
                                      .speaker = bytes_text("vendor"),
                                      .situation =
                                          bytes_text(situation[window % ARRAY_COUNT(situation)]),
                                      .line_count = 1,
                                      .line_bytes_max = CHORES_LINE_BYTES - 2,
                                      .talk_permille = 300,
                                      .slot_count = 5,
                                      .slot = {{bytes_text("name"), bytes_text("stranger")},
                                               {bytes_text("item"), bytes_text("noodles")},
                                               {bytes_text("price"), bytes_text("two coins")},
                                               {bytes_text("place"), bytes_text("arcade")},
                                               {bytes_text("topic"), bytes_text("rain")}}};
    return dialogue_params_encode(&p, params);
}

enum rc chores_world_said(struct bytes result)
{
    return result.len > 0 && result.len < CHORES_LINE_BYTES ? RC_OK : RC_MALFORMED;
}
