// SPDX-License-Identifier: MIT
// Session: where a player stands and looks, stepped by its input, alike on every machine.
//
// The hub's word counts: it steps its session by what the player sends, and frames are seen from
// there. The player steps a copy of its own by the same inputs to know at once where it will be,
// and gets the same camera, bit for bit: only +, -, *, / and sqrt on doubles and floats, angles
// as integers (2^32 a full turn, so that what is turned back is back).
//
// The player flies: ahead is where it looks. Up is (0, 1, 0).
//
// A value type: embed it, copy it, nothing to free.
#ifndef COMPUTE_SESSION_H
#define COMPUTE_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rc.h"
#include "kernel/trace/trace.h"
#include "scene/scene.h"

#define SESSION_SPEED_M_S   6.0      // at full speed, whatever the direction
#define SESSION_TURN_DEG_S  720.0    // at full speed: a mouse is quick
#define SESSION_PITCH_DEG   89.0     // no further up or down: there, right would have no meaning
#define SESSION_STEP_US_MAX 1000000u // of one step
#define SESSION_LOOK_M      1024.0f  // from eye to target: far, so that rounding turns nothing
#define SESSION_EXTENT_M    ((double)SCENE_EXTENT_MAX - 2048.0) // |coordinate|: target fits too
// How far the sum of all steps may run ahead of real time: what a stalled network keeps back
// comes all at once. More is a player whose clock runs too fast.
#define SESSION_AHEAD_US 2000000u

struct session {
    uint64_t step; // the last one taken; 0: none
    bool has_camera;
    struct camera camera;
    // The rest is private to session.c.
    double eye[3];
    uint32_t yaw;  // clockwise from -z, seen from above
    int64_t pitch; // up
    uint64_t ahead_us, seen_us;
};

struct session_input { // one step of what the player did
    uint64_t step;     // 1 and on, each once, in order
    uint32_t for_us;   // how long, 1..SESSION_STEP_US_MAX
    float move[3];     // right, up, ahead: share of full speed, -1..1
    float turn[2];     // right, up: share of full speed, -1..1
};

void session_init(struct session *s); // nowhere yet
// Places the player, anew if it stood somewhere; steps count from 1 again. The camera is taken as
// it is until the first step, which sets it upright. RC_MALFORMED: a number is out of camera.h's
// ranges, or eye and target are one: nothing changed.
MUST_USE enum rc session_start(struct session *s, const struct camera *camera);
// Turns, then moves. Anything but RC_OK changes nothing:
// RC_ABSENT: the player was placed nowhere yet. RC_MALFORMED: out of range. RC_REFUSED: not the
// step after the last one: it was taken already, or one before it is missing. RC_AGAIN: too far
// ahead of real time: session_due_us.
MUST_USE enum rc session_step(struct session *s, const struct session_input *input,
                              uint64_t now_us);
// From when on a step of this length is not too far ahead.
uint64_t session_due_us(const struct session *s, uint32_t for_us);

#endif
