// SPDX-License-Identifier: MIT
// How fast a machine is, in the words of a hello: a micro-benchmark, and what is guessed from it.
//
// A small picture of a room is traced, which takes some tenths of a second. That a run as usual of
// any other kernel takes what a tile as usual does is a guess; a hub learns better within a few
// answers.
#ifndef PROG_HELPER_SPEED_H
#define PROG_HELPER_SPEED_H

#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "compute/msg.h"
#include "scene/scenes.h"

#define SPEED_BUDGET_BYTES SCENES_BUDGET_BYTES // that the scene's making takes
#define SPEED_PARAMS_BYTES 512

// The scene to be loaded, in a block of budget; the caller gives out->at back. RC_NOMEM.
MUST_USE enum rc speed_scene(struct budget *budget, struct buffer *out, struct err *err);
// Params for kernel `trace` with that scene; SPEED_PARAMS_BYTES are enough. RC_MALFORMED: it is
// no scene; RC_FULL.
MUST_USE enum rc speed_params(struct bytes scene, struct buffer *out);
// Cost units a second, from the kernel's report and the processor time that it took; 0: it
// measured nothing.
uint64_t speed_units_s(struct bytes report, uint64_t cpu_us);
// The speed of every kernel; returns how many there are.
uint32_t speed_of_all(struct msg_speed out[static MSG_KERNELS_MAX], uint64_t trace_units_s);

#endif
