// SPDX-License-Identifier: MIT
// Kernel `pack`: bytes compressed by Zstandard in blocks of their own, each with its SHA-256.
//
// given[0] is what is packed, given[1] (may be missing) a Zstandard dictionary, or any bytes like
// those that are packed. The result is a .zst stream that any decoder reads: first a skippable
// frame that holds our table, then a frame a block. By the table blocks are found, unpacked and
// checked alone. Forms of all bytes: doc/kernels/pack.md.
//
// A part redoes some blocks of the result that it is shown: unpacks all of them and compares with
// what was given, packs a few of them again. Another version of the library may pack a little
// better or worse, and is not wrong for it; a helper that stores instead of packing is.
#ifndef KERNEL_PACK_PACK_H
#define KERNEL_PACK_PACK_H

#include "kernel/kernel.h"
#include "kernel/pack/params.h"
#include "kernel/pack/reader.h"
#include "kernel/pack/view.h"

// What a worker does; as struct kernel has it.
enum rc pack_run(void *state, const struct kernel_in *in, struct buffer *result,
                 struct buffer *report);
extern const struct kernel pack_kernel;

#endif
