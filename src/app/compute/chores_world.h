// SPDX-License-Identifier: MIT
// The small world of the chores: what each of them asks for, and what its answer changes.
//
// Bodies fall, and are thrown up again when they have come to rest; walkers go from corner to
// corner of a city; a lamp hums; passers-by talk. All out of one seed.
#ifndef COMPUTE_CHORES_WORLD_H
#define COMPUTE_CHORES_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "kernel/trace/trace.h"

#define CHORES_BODIES_MAX  64u
#define CHORES_WALKERS_MAX 256u
#define CHORES_LINE_BYTES  200u

struct chores_world;

// Learns the talk, builds the city and prepares its map. RC_NOMEM; RC_CONFIG.
MUST_USE enum rc chores_world_new(struct chores_world **out, struct budget *budget, uint32_t bodies,
                                  uint32_t walkers, uint64_t seed);
void chores_world_free(struct chores_world *w, struct budget *budget); // NULL is fine

// What never changes: objects of kernels route and dialogue.
struct bytes chores_world_map(const struct chores_world *w);
struct bytes chores_world_speech(const struct chores_world *w);

// What a task is asked, appended to params: RC_FULL: no room. What came of one: RC_MALFORMED: the
// result is none, and the world stays as it is but for the first walkers' ways.
//
// Physics for one window. world: what the task is given.
MUST_USE enum rc chores_world_physics(struct chores_world *w, struct buffer *params,
                                      struct buffer *world);
MUST_USE enum rc chores_world_moved(struct chores_world *w, struct bytes params,
                                    struct bytes result);
// Paths of the walkers that need one. RC_ABSENT: none does.
MUST_USE enum rc chores_world_paths(struct chores_world *w, struct buffer *params);
MUST_USE enum rc chores_world_led(struct chores_world *w, struct bytes result);
void chores_world_walk(struct chores_world *w); // for one window
MUST_USE enum rc chores_world_sound(struct chores_world *w, const struct camera *camera,
                                    struct buffer *params);
MUST_USE enum rc chores_world_talk(uint32_t window, struct buffer *params);
MUST_USE enum rc chores_world_said(struct bytes result); // a line; nobody hears it yet

#endif
