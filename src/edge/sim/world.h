// SPDX-License-Identifier: MIT
// A world of virtual time: events on a wheel, one seed, and a hash of all that happened.
//
// Time moves only from event to event. Events of the same instant run in the order in which they
// were asked for. Everything else in edge/sim hangs on one world, so that the same program with
// the same seed runs the same way, and world_hash says whether it did.
//
//     world_at(w, world_now_us(w) + 5000, wake, self, 1); // wake(self, 1) in 5 ms
//     world_run_until(w, 1000000);
//
// Running out of a bound is a mistake in the test and asserts.
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/rng.h"

#define WORLD_EVENTS_MAX  (1u << 20)        // waiting at one time
#define WORLD_INSTANT_MAX (1u << 20)        // events run without time moving on: an endless loop
#define WORLD_BYTES_MAX   ((size_t)1 << 31) // all simulated messages and stores

struct world;

struct world *world_new(uint64_t seed); // NULL: no memory. Time starts at WORLD_START_US
#define WORLD_START_US 1000000u         // not 0, so that "before the start" can be said
// NULL is fine. All that hangs on the world is freed before it.
void world_free(struct world *w);

uint64_t world_now_us(const struct world *w);
// Calls fn(self, tag) at when_us (now, if that is past). The answer is for world_cancel, never 0.
uint64_t world_at(struct world *w, uint64_t when_us, void (*fn)(void *self, uint64_t tag),
                  void *self, uint64_t tag);
// False: it ran already, or was cancelled, or event is 0.
bool world_cancel(struct world *w, uint64_t event);

// Runs the next event; false: there is none.
bool world_step(struct world *w);
// Runs all events up to and at until_us; then it is until_us. Answers how many ran.
uint64_t world_run_until(struct world *w, uint64_t until_us);
uint64_t world_next_us(struct world *w); // when the next event is; UINT64_MAX: none

// A generator of its own for each purpose: what one draws does not shift what another gets.
struct rng world_rng(const struct world *w, const char *purpose);
struct budget *world_budget(struct world *w);

// Mixes something that happened into the hash; every event's time and tag are in it anyway.
void world_note(struct world *w, uint64_t what);
uint64_t world_hash(const struct world *w);

#endif
