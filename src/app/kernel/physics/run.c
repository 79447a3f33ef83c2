// SPDX-License-Identifier: MIT
// What a worker does of kernel `physics`: starts ODE, runs windows, redoes single ones.
#include "kernel/physics/physics.h"

#include <assert.h>
#include <ode/odeinit.h>
#include <string.h>

#include "kernel/physics/audit.h"
#include "kernel/physics/code.h"
#include "kernel/physics/island.h"
#include "kernel/physics/step.h"
#include "kernel/physics/world.h"

#define RUN_BYTES_MAX (8u << 20)

struct job {
    struct physics_params params;
    struct physics_world world;
    struct physics_islands islands;
    struct physics_step *step;
    struct physics_audit audit;
    struct physics_code code;
    struct physics_window window;
    double window_s;
    struct physics_state *now, *next; // all bodies
    struct physics_state *redone;
};

static enum rc job_init(struct job *j, const struct kernel_in *in, struct arena *arena)
{
    const uint32_t bodies = j->params.bodies;
    enum rc rc = physics_world_decode(&j->world, in->given[0], arena);
    if (rc == RC_OK && j->world.bodies != bodies)
        return RC_MALFORMED;
    if (rc == RC_OK)
        rc = physics_islands_init(&j->islands, bodies, arena);
    if (rc == RC_OK)
        rc = physics_audit_init(&j->audit, bodies, arena);
    if (rc != RC_OK)
        return rc;
    j->step = physics_step_new(bodies, arena);
    j->now = j->world.state;
    j->next = arena_take_array(arena, bodies, sizeof *j->next);
    j->redone = arena_take_array(arena, bodies, sizeof *j->redone);
    const double step_s = j->params.step_us / 1e6;
    j->window = (struct physics_window){
        .world = &j->world, .step_s = step_s, .steps = j->params.every, .seed = j->params.seed};
    j->window_s = step_s * j->params.every;
    j->code = (struct physics_code){.bodies = bodies, .step_s = step_s, .steps = j->params.every};
    for (size_t i = 0; i < 3; i++)
        j->code.gravity[i] = (double)j->world.gravity[i];
    return j->step != NULL && j->next != NULL && j->redone != NULL ? RC_OK : RC_NOMEM;
}

static void find_islands(struct job *j, uint32_t window)
{
    j->window.index = window;
    physics_islands_find(&j->islands, &j->world, j->now, j->window_s);
}

// From `now` to `out`.
static enum rc move_island(struct job *j, uint32_t island, struct physics_state *out)
{
    assert(island < j->islands.count);
    const uint32_t from = j->islands.start[island];
    const uint32_t count = j->islands.start[island + 1] - from;
    assert(count >= 1);
    const uint16_t *const member = j->islands.member + from;
    bool all_rest = true;
    for (uint32_t i = 0; i < count; i++)
        all_rest = all_rest && j->now[member[i]].rests;
    if (!all_rest)
        return physics_step(j->step, &j->window, member, count, j->now, out);
    for (uint32_t i = 0; i < count; i++)
        out[member[i]] = j->now[member[i]];
    return RC_OK;
}

static void turn_over(struct job *j)
{
    struct physics_state *const past = j->now;
    j->now = j->next;
    j->next = past;
}

static enum rc run_all(struct job *j, struct buffer *result)
{
    enum rc rc = RC_OK;
    for (uint32_t w = 0; w < j->params.windows && rc == RC_OK; w++) {
        find_islands(j, w);
        for (uint32_t i = 0; i < j->islands.count && rc == RC_OK; i++)
            rc = move_island(j, i, j->next);
        physics_record_put(&j->code, j->now, j->next, result);
        turn_over(j);
    }
    return rc;
}

// Islands of the first window.
static enum rc run_picks(struct job *j, struct buffer *result)
{
    enum rc rc = RC_OK;
    find_islands(j, 0);
    for (uint32_t i = 0; i < j->params.pick_count && rc == RC_OK; i++) {
        const uint32_t island = j->islands.of_body[j->params.pick[i].body];
        rc = move_island(j, island, j->next);
        buffer_u16le(result, (uint16_t)(j->islands.start[island + 1] - j->islands.start[island]));
        for (uint32_t k = j->islands.start[island]; k < j->islands.start[island + 1]; k++) {
            const uint16_t body = j->islands.member[k];
            buffer_u16le(result, body);
            physics_state_put(result, &j->next[body]);
        }
    }
    return rc;
}

// Redoes an island from `now` and compares with `next`, which the result says.
static enum rc redo(struct job *j, uint16_t body, struct buffer *result)
{
    const uint32_t island = j->islands.of_body[body];
    bool is_equal = true;
    enum rc rc = move_island(j, island, j->redone);
    for (uint32_t k = j->islands.start[island]; k < j->islands.start[island + 1]; k++) {
        const uint16_t member = j->islands.member[k];
        is_equal = is_equal && physics_state_equal(&j->redone[member], &j->next[member]);
    }
    buffer_u8(result, is_equal ? PHYSICS_EQUAL : PHYSICS_DIFFERS);
    return rc;
}

struct reading { // of a result that is shown
    struct cursor left;
    uint32_t window; // of `next`
};

// To the next window; false: the result is damaged.
static bool read_on(struct job *j, struct reading *r)
{
    if (!physics_record_decode(&j->code, &r->left, j->now, j->next))
        return false;
    find_islands(j, r->window++);
    return true;
}

static enum rc say_damaged(struct buffer *result, size_t start)
{
    result->len = start;
    buffer_u8(result, PHYSICS_DAMAGED);
    return RC_ABSENT;
}

// All windows once: what is picked is redone, suspects are noted. RC_ABSENT: it is damaged.
static enum rc audit_picks(struct job *j, struct bytes shown, struct buffer *result)
{
    struct reading r = {.left = {.left = shown}};
    const size_t start = result->len;
    enum rc rc = RC_OK;
    uint32_t pick = 0;
    while (rc == RC_OK && r.window < j->params.windows) {
        const uint32_t w = r.window;
        if (!read_on(j, &r))
            return say_damaged(result, start);
        const struct physics_scene scene = {&j->world, &j->islands, j->now,
                                            j->next,   j->window_s, w};
        physics_audit_look(&j->audit, &scene);
        for (; pick < j->params.pick_count && j->params.pick[pick].window == w && rc == RC_OK;
             pick++)
            rc = redo(j, j->params.pick[pick].body, result);
        turn_over(j);
    }
    return rc == RC_OK && r.left.left.len > 0 ? say_damaged(result, start) : rc;
}

// And once more, for the suspects.
static enum rc audit_suspects(struct job *j, struct bytes shown, struct buffer *result)
{
    struct reading r = {.left = {.left = shown}};
    uint32_t last = 0;
    bool any = false;
    for (size_t i = 0; i < PHYSICS_SIGNS; i++) {
        if (j->audit.sign[i].worst > 0) {
            any = true;
            last = j->audit.sign[i].pick.window > last ? j->audit.sign[i].pick.window : last;
        }
    }
    enum rc rc = RC_OK;
    while (any && rc == RC_OK && r.window <= last) {
        const uint32_t w = r.window;
        if (!read_on(j, &r))
            return RC_MALFORMED; // it was readable a moment ago
        for (size_t i = 0; i < PHYSICS_SIGNS && rc == RC_OK; i++) {
            const struct physics_suspect *const s = &j->audit.sign[i];
            if (s->worst > 0 && s->pick.window == w)
                rc = redo(j, s->pick.body, result);
        }
        turn_over(j);
    }
    return rc;
}

static enum rc run_audit(struct job *j, const struct kernel_in *in, struct physics_state *given,
                         struct buffer *result)
{
    const uint32_t bodies = j->params.bodies;
    memcpy(given, j->now, bodies * sizeof *given);
    enum rc rc = audit_picks(j, in->given[1], result);
    if (rc == RC_ABSENT)
        return RC_OK; // damaged, and said so
    memcpy(j->now, given, bodies * sizeof *given);
    return rc == RC_OK ? audit_suspects(j, in->given[1], result) : rc;
}

static enum rc run_job(struct job *j, const struct kernel_in *in, struct arena *arena,
                       struct buffer *result)
{
    enum rc rc = job_init(j, in, arena);
    if (rc != RC_OK)
        return rc;
    if (!j->params.is_audit)
        return j->params.pick_count > 0 ? run_picks(j, result) : run_all(j, result);
    struct physics_state *const given = arena_take_array(arena, j->params.bodies, sizeof *given);
    if (given == NULL)
        return RC_NOMEM;
    return in->given_count == 2 ? run_audit(j, in, given, result) : RC_MALFORMED;
}

enum rc physics_run(void *state, const struct kernel_in *in, struct buffer *result,
                    struct buffer *report)
{
    (void)state;
    (void)report;
    struct job j = {0};
    enum rc rc = physics_params_decode(&j.params, in->params);
    if (rc != RC_OK || in->given_count < 1)
        return RC_MALFORMED;
    struct arena *const arena = arena_new(RUN_BYTES_MAX);
    rc = arena != NULL ? run_job(&j, in, arena, result) : RC_NOMEM;
    arena_free(arena);
    return rc == RC_OK && result->is_full ? RC_FULL : rc;
}

static enum rc base_open(void **state, uint64_t (*ticks)(void))
{
    (void)ticks;
    *state = NULL;
    if (dInitODE2(0) == 0)
        return RC_NOMEM;
    if (dAllocateODEDataForThread(dAllocateFlagCollisionData) != 0)
        return RC_OK;
    dCloseODE();
    return RC_NOMEM;
}

static void base_close(void *state)
{
    (void)state;
    dCloseODE(); // ODE counts
}

const struct kernel_base physics_base = {.open = base_open, .close = base_close};
