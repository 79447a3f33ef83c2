// SPDX-License-Identifier: MIT
// States of all bodies after each window, as differences from where they were expected.
//
// A record per window: the bytes that follow (24 bits, little-endian), then bits, lowest first,
// filled up with zeros; for each body in order:
//
//     0        as expected: at rest as it was, or where free fall brings it
//     1 0      at rest: place and turn follow, as differences from where it was
//     1 1 g    moving: place, turn, velocity and spin follow, as differences from where it was
//              expected; g: with gravity or without, whichever comes out shorter
//
// Three differences: a width (4 bits: 0..13, then 18 and 27), then three numbers of that width,
// zigzag. Before those of a turn: 0 if the largest component is the expected one, else 1 and two
// bits for which. A record is readable as soon as the one before is: 10 a second can be sent as
// they are made.
#ifndef KERNEL_PHYSICS_CODE_H
#define KERNEL_PHYSICS_CODE_H

#include "base/attr.h"
#include "kernel/physics/state.h"

#define PHYSICS_RECORD_BODY_BITS (3u + 3u + 4u * (4u + 3u * 27u)) // at most

struct physics_code { // what both sides know
    uint32_t bodies;
    double gravity[3];
    double step_s;
    uint32_t steps; // of a window
};

// The most and the least bytes of a record.
uint32_t physics_record_bytes_max(uint32_t bodies);
uint32_t physics_record_bytes_min(uint32_t bodies);

// `to` from `from`, arrays of `bodies`. A full buffer remembers.
void physics_record_put(const struct physics_code *k, const struct physics_state *from,
                        const struct physics_state *to, struct buffer *out);
// False: damaged, or no state that there may be; *to is of no use then.
MUST_USE bool physics_record_decode(const struct physics_code *k, struct cursor *in,
                                    const struct physics_state *from, struct physics_state *to);

#endif
