// SPDX-License-Identifier: MIT
// The state of one body in whole numbers, and the same in doubles.
//
// A place is in steps of 1/8192 m, a velocity of 1/2048 m/s, a spin of 1/1024 rad/s. A turn is a
// unit quaternion w, x, y, z: its largest component is left out and positive, the other three are
// in steps of 1/16384. A body that rests touches something and did not move by more than a few
// steps in a window: it keeps its place and has no velocity, and an island of such bodies is not
// simulated at all.
#ifndef KERNEL_PHYSICS_STATE_H
#define KERNEL_PHYSICS_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

#define PHYSICS_PLACE_STEP    (1.0 / 8192)
#define PHYSICS_VELOCITY_STEP (1.0 / 2048)
#define PHYSICS_SPIN_STEP     (1.0 / 1024)
#define PHYSICS_TURN_STEP     (1.0 / 16384)
#define PHYSICS_PLACE_MAX     (1 << 24)    // steps: 2048 m from the middle, the world's end
#define PHYSICS_VELOCITY_MAX  (500 * 2048) // faster than that nothing gets
#define PHYSICS_SPIN_MAX      (100 * 1024)
#define PHYSICS_TURN_MAX      11586 // sqrt(1/2)
#define PHYSICS_STATE_BYTES   44u

struct physics_state {
    int32_t place[3];
    int32_t velocity[3];
    int32_t spin[3];
    int32_t turn[3]; // components but the largest, in order
    uint8_t largest; // 0..3
    bool rests;      // then velocity and spin are 0
};

struct physics_pose {
    double place[3], velocity[3], spin[3];
    double turn[4]; // w, x, y, z
};

struct physics_pose physics_pose_of(const struct physics_state *s);
// Rounded, kept within the bounds above; what is not a number becomes a bound.
struct physics_state physics_state_of(const struct physics_pose *p);
// Where a body that touches nothing is after some steps, under an acceleration.
struct physics_state physics_ahead(const struct physics_state *s, const double pull[3],
                                   double step_s, uint32_t steps);
bool physics_state_is_good(const struct physics_state *s);
bool physics_state_equal(const struct physics_state *a, const struct physics_state *b);

// Fixed form: i32 place[3] velocity[3] spin[3], i16 turn[3], u8 largest, u8 rests, little-endian.
void physics_state_put(struct buffer *out, const struct physics_state *s);
// May be no good one: ask.
struct physics_state physics_state_get(struct cursor *c);

#endif
