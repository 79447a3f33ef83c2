// SPDX-License-Identifier: MIT
// Kernel `level`: maps out of a seed: dungeons of rooms and corridors, cities of streets and lots.
//
// A map is made of chunks, each out of the seed and its place alone, so that any of them is redone
// without the others. What neighbours must agree on (where the border runs, where a gate is, what
// is open) both take from a hash of that border. Integers only; the same map everywhere.
//
// The result is the map as text as path finders' benchmarks have it ("type octile", height, width,
// "map", rows: `.` is walked on, `@` and `T` are not); and after it, if asked for, the places:
// rooms or streets and lots. Forms: doc/kernels/level.md.
#ifndef KERNEL_LEVEL_LEVEL_H
#define KERNEL_LEVEL_LEVEL_H

#include "kernel/kernel.h"
#include "kernel/level/params.h"
#include "kernel/level/view.h"

// What a worker does; as struct kernel has it.
enum rc level_run(void *state, const struct kernel_in *in, struct buffer *result,
                  struct buffer *report);
extern const struct kernel level_kernel;

#endif
