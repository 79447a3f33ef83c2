// SPDX-License-Identifier: MIT
// The state of one body in whole numbers, and the same in doubles.
#include "kernel/physics/state.h"

#include <assert.h>
#include <math.h>
#include <string.h>

// Three components in steps: their squares' sum, were the fourth the same size as the largest of
// them, is 3/4 of a unit; rounding adds a little.
#define TURN_SQUARES_MAX ((int32_t)(16384.0 * 16384.0 * 0.7505))

static int32_t steps_of(double v, double step, int32_t max)
{
    const double n = floor(v / step + 0.5);
    if (!(n > -max)) // NaN too
        return -max;
    return n < max ? (int32_t)n : max;
}

static void turn_fill(const struct physics_state *s, double turn[4])
{
    assert(s->largest <= 3);
    double left = 1.0;
    for (uint32_t i = 0, k = 0; i < 4; i++) {
        if (i == s->largest)
            continue;
        turn[i] = s->turn[k++] * PHYSICS_TURN_STEP;
        left -= turn[i] * turn[i];
    }
    assert(left > 0);
    turn[s->largest] = sqrt(left);
}

struct physics_pose physics_pose_of(const struct physics_state *s)
{
    struct physics_pose p;
    for (size_t i = 0; i < 3; i++) {
        p.place[i] = s->place[i] * PHYSICS_PLACE_STEP;
        p.velocity[i] = s->velocity[i] * PHYSICS_VELOCITY_STEP;
        p.spin[i] = s->spin[i] * PHYSICS_SPIN_STEP;
    }
    turn_fill(s, p.turn);
    return p;
}

struct physics_state physics_state_of(const struct physics_pose *p)
{
    struct physics_state s = {0};
    for (size_t i = 0; i < 3; i++) {
        s.place[i] = steps_of(p->place[i], PHYSICS_PLACE_STEP, PHYSICS_PLACE_MAX);
        s.velocity[i] = steps_of(p->velocity[i], PHYSICS_VELOCITY_STEP, PHYSICS_VELOCITY_MAX);
        s.spin[i] = steps_of(p->spin[i], PHYSICS_SPIN_STEP, PHYSICS_SPIN_MAX);
    }
    for (uint8_t i = 1; i < 4; i++) {
        if (fabs(p->turn[i]) > fabs(p->turn[s.largest]))
            s.largest = i;
    }
    const double sign = p->turn[s.largest] < 0 ? -1.0 : 1.0;
    for (uint32_t i = 0, k = 0; i < 4; i++) {
        if (i != s.largest)
            s.turn[k++] = steps_of(sign * p->turn[i], PHYSICS_TURN_STEP, PHYSICS_TURN_MAX);
    }
    if (!physics_state_is_good(&s)) // no unit quaternion: not a number, somewhere
        memset(s.turn, 0, sizeof s.turn);
    assert(physics_state_is_good(&s));
    return s;
}

// By a step's spin, as ODE does it, and of length 1 again.
static void turn_on(double q[4], const double spin[3], double step_s)
{
    const double h = 0.5 * step_s;
    const double w = q[0];
    const double x = q[1];
    const double y = q[2];
    const double z = q[3];
    q[0] += h * (-spin[0] * x - spin[1] * y - spin[2] * z);
    q[1] += h * (spin[0] * w + spin[1] * z - spin[2] * y);
    q[2] += h * (-spin[0] * z + spin[1] * w + spin[2] * x);
    q[3] += h * (spin[0] * y - spin[1] * x + spin[2] * w);
    const double length = sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
    for (size_t i = 0; i < 4; i++)
        q[i] /= length;
}

struct physics_state physics_ahead(const struct physics_state *s, const double pull[3],
                                   double step_s, uint32_t steps)
{
    struct physics_pose p = physics_pose_of(s);
    const double time_s = step_s * steps;
    for (size_t i = 0; i < 3; i++) { // velocity first, then place, step by step: its sum
        p.place[i] += p.velocity[i] * time_s + 0.5 * pull[i] * time_s * (time_s + step_s);
        p.velocity[i] += pull[i] * time_s;
    }
    const bool spins = s->spin[0] != 0 || s->spin[1] != 0 || s->spin[2] != 0;
    for (uint32_t i = 0; spins && i < steps; i++)
        turn_on(p.turn, p.spin, step_s);
    return physics_state_of(&p);
}

static bool all_within(const int32_t v[3], int32_t max)
{
    for (size_t i = 0; i < 3; i++) {
        if (v[i] < -max || v[i] > max)
            return false;
    }
    return true;
}

static bool all_zero(const int32_t v[3])
{
    return all_within(v, 0);
}

bool physics_state_is_good(const struct physics_state *s)
{
    if (!all_within(s->place, PHYSICS_PLACE_MAX) ||
        !all_within(s->velocity, PHYSICS_VELOCITY_MAX) || !all_within(s->spin, PHYSICS_SPIN_MAX) ||
        !all_within(s->turn, PHYSICS_TURN_MAX) || s->largest > 3)
        return false;
    if (s->rests && (!all_zero(s->velocity) || !all_zero(s->spin)))
        return false;
    return s->turn[0] * s->turn[0] + s->turn[1] * s->turn[1] + s->turn[2] * s->turn[2] <=
           TURN_SQUARES_MAX;
}

bool physics_state_equal(const struct physics_state *a, const struct physics_state *b)
{
    return memcmp(a->place, b->place, sizeof a->place) == 0 &&
           memcmp(a->velocity, b->velocity, sizeof a->velocity) == 0 &&
           memcmp(a->spin, b->spin, sizeof a->spin) == 0 &&
           memcmp(a->turn, b->turn, sizeof a->turn) == 0 && a->largest == b->largest &&
           a->rests == b->rests;
}

void physics_state_put(struct buffer *out, const struct physics_state *s)
{
    const int32_t *const three[] = {s->place, s->velocity, s->spin};
    for (size_t i = 0; i < 9; i++)
        buffer_u32le(out, (uint32_t)three[i / 3][i % 3]);
    for (size_t i = 0; i < 3; i++)
        buffer_u16le(out, (uint16_t)s->turn[i]);
    buffer_u8(out, s->largest);
    buffer_u8(out, s->rests);
}

static void get_three(struct cursor *c, int32_t out[3])
{
    for (size_t i = 0; i < 3; i++)
        out[i] = (int32_t)cursor_u32le(c);
}

struct physics_state physics_state_get(struct cursor *c)
{
    struct physics_state s;
    get_three(c, s.place);
    get_three(c, s.velocity);
    get_three(c, s.spin);
    for (size_t i = 0; i < 3; i++)
        s.turn[i] = (int16_t)cursor_u16le(c);
    s.largest = cursor_u8(c);
    const uint8_t rests = cursor_u8(c);
    s.rests = rests == 1;
    if (rests > 1) // one way to say it
        c->is_bad = true;
    return s;
}
