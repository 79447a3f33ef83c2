// SPDX-License-Identifier: MIT
// Kernel `physics` as a hub sees it: how much work it is, which islands' windows are redone,
// judging.
#include "kernel/physics/physics.h"

#include <assert.h>
#include <stdlib.h>

#include "base/num.h"
#include "base/rng.h"
#include "kernel/physics/audit.h"
#include "kernel/physics/code.h"

// One window in so many is redone, and two at least: a redone window costs what it cost. What
// changes one single window is found with a chance of 1 in 16 only, unless it shows
// (physics_audit).
#define WINDOWS_A_PICK 32u
#define PICKS_LEAST    2u

#define USUAL_STEPS  4096.0 // bodies times steps
#define PARAMS_ROOM  (PHYSICS_PICKS_MAX * 4 + 128)
#define MEMBER_BYTES (2u + PHYSICS_STATE_BYTES)

static enum rc result_bounds(struct bytes params, size_t *min, size_t *max)
{
    struct physics_params p;
    enum rc rc = physics_params_decode(&p, params);
    if (rc != RC_OK)
        return rc;
    if (p.is_audit) {
        *min = 1;
        *max = p.pick_count + PHYSICS_SIGNS;
    } else if (p.pick_count > 0) {
        *min = (size_t)p.pick_count * (2 + MEMBER_BYTES);
        *max = p.pick_count * (2 + (size_t)p.bodies * MEMBER_BYTES);
    } else {
        *min = (size_t)p.windows * physics_record_bytes_min(p.bodies);
        *max = (size_t)p.windows * physics_record_bytes_max(p.bodies);
    }
    return RC_OK;
}

static double size_of(struct bytes params)
{
    struct physics_params p;
    if (physics_params_decode(&p, params) != RC_OK)
        return 1;
    const double windows = p.is_audit ? p.pick_count : p.windows;
    return windows * p.every * p.bodies / USUAL_STEPS;
}

static int by_window(const void *a, const void *b)
{
    const struct physics_pick *x = a;
    const struct physics_pick *y = b;
    return (x->window > y->window) - (x->window < y->window);
}

// Of a whole result, random windows of random bodies' islands: large islands more often. Of
// picks, some of them.
static enum rc draw_part(struct bytes params, uint64_t nonce, struct buffer *part_params)
{
    struct physics_params p;
    enum rc rc = physics_params_decode(&p, params);
    if (rc != RC_OK || p.is_audit)
        return RC_MALFORMED;
    struct rng r = rng_seeded(nonce);
    struct physics_params part = p;
    const uint32_t all = p.pick_count > 0 ? p.pick_count : p.windows;
    part.is_audit = p.pick_count == 0;
    part.pick_count = (uint32_t)num_min(all, PICKS_LEAST + all / WINDOWS_A_PICK);
    for (uint32_t i = 0; i < part.pick_count; i++) {
        if (p.pick_count > 0)
            part.pick[i] = p.pick[rng_below(&r, p.pick_count)];
        else
            part.pick[i] = (struct physics_pick){(uint16_t)rng_below(&r, p.windows),
                                                 (uint16_t)rng_below(&r, p.bodies)};
    }
    qsort(part.pick, part.pick_count, sizeof *part.pick, by_window);
    assert(part.pick_count >= 1 && part.pick_count <= PHYSICS_PICKS_MAX);
    return physics_params_encode(&part, part_params);
}

// The same run but for what is picked?
static bool belongs(const struct physics_params *task, const struct physics_params *part)
{
    uint8_t room[2][PARAMS_ROOM];
    struct buffer b[2] = {buffer_of(room[0], PARAMS_ROOM), buffer_of(room[1], PARAMS_ROOM)};
    const struct physics_params *const both[] = {task, part};
    for (size_t i = 0; i < 2; i++) {
        struct physics_params p = *both[i];
        p.is_audit = false;
        p.pick_count = 0;
        if (physics_params_encode(&p, &b[i]) != RC_OK)
            return false;
    }
    return !task->is_audit && part->pick_count > 0 && part->is_audit == (task->pick_count == 0) &&
           bytes_equal(buffer_bytes(&b[0]), buffer_bytes(&b[1]));
}

static enum rc judge_audit(struct bytes found, struct kernel_verdict *out)
{
    struct kernel_verdict v = {.parts = (uint32_t)found.len};
    for (size_t i = 0; i < found.len; i++)
        v.mismatches += found.at[i] != PHYSICS_EQUAL;
    v.is_right = v.mismatches == 0;
    *out = v;
    return RC_OK;
}

// The islands picked, in the result of them all.
static struct bytes next_island(struct cursor *c)
{
    const struct bytes from = c->left;
    const size_t bodies = cursor_u16le(c);
    (void)cursor_take(c, bodies * MEMBER_BYTES);
    return bytes_part(from, 0, from.len - c->left.len);
}

static bool island_equals(const struct physics_params *p, struct bytes result,
                          struct physics_pick pick, struct bytes redone)
{
    struct cursor c = {.left = result};
    for (uint32_t i = 0; i < p->pick_count; i++) {
        const struct bytes said = next_island(&c);
        if (p->pick[i].window == pick.window && p->pick[i].body == pick.body)
            return bytes_equal(said, redone);
    }
    return false;
}

static enum rc judge(struct bytes params, struct bytes result, struct bytes part_params,
                     struct bytes part_result, struct kernel_verdict *out)
{
    struct physics_params p;
    struct physics_params part;
    *out = (struct kernel_verdict){0};
    if (physics_params_decode(&p, params) != RC_OK ||
        physics_params_decode(&part, part_params) != RC_OK || !belongs(&p, &part) ||
        part_result.len == 0)
        return RC_MALFORMED;
    if (part.is_audit)
        return judge_audit(part_result, out);
    struct kernel_verdict v = {.parts = part.pick_count};
    struct cursor c = {.left = part_result};
    for (uint32_t i = 0; i < part.pick_count; i++)
        v.mismatches += !island_equals(&p, result, part.pick[i], next_island(&c));
    if (!cursor_done(&c))
        return RC_MALFORMED;
    v.is_right = v.mismatches == 0;
    *out = v;
    return RC_OK;
}
const struct kernel physics_kernel = {
    .name = "physics",
    .base = &physics_base,
    .given_min = 1,
    .given_max = 1,
    .shows_result = true,
    .run = physics_run,
    .result_bounds = result_bounds,
    .size = size_of,
    .part = draw_part,
    .judge = judge,
};
