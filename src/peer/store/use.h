// SPDX-License-Identifier: MIT
// Use: when each object was used last, in four bytes a cell, without keeping the objects' names.
//
// Time is a clock of uses: each touch is the next tick. A name's cell is chosen by a keyed hash;
// two names may share one, and then both count as used when either is. With twice as many cells
// as objects that happens to four in ten of a full store at worst, and all it does is to keep an
// unused object a while longer. The cells are written to disk as chunks, only those that changed.
#ifndef STORE_USE_H
#define STORE_USE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "crypt/hash.h"

struct use;

#define USE_CHUNK_CELLS 1000u                         // 4000 bytes: with its head, one page of LMDB
#define USE_CHUNK_BYTES ((size_t)USE_CHUNK_CELLS * 4) // the form of a chunk
#define USE_CELLS_MAX   (UINT32_C(1) << 26)

// Room for about `objects` names; bytes: 8..16 an object, at least 4 KiB. seed: the key of the
// hash; what is written by one seed cannot be read by another. NULL: the arena's budget is spent.
struct use *use_new(struct arena *arena, uint32_t objects, uint64_t seed);
void use_touch(struct use *u, const struct digest *name);
// Touches since the name's last one; for a name that was never touched, since the beginning.
uint64_t use_idle(const struct use *u, const struct digest *name);

uint32_t use_cells(const struct use *u);
uint32_t use_chunks(const struct use *u);
uint32_t use_clock(const struct use *u);
// How many touches are not written yet.
uint64_t use_unwritten(const struct use *u);
// The first changed chunk at or after `from`, which then counts as written: its number, and its
// bytes in out. use_chunks(u): no more.
uint32_t use_take(struct use *u, uint32_t from, uint8_t out[static USE_CHUNK_BYTES]);
// As if nothing had been written: all chunks count as changed.
void use_untake(struct use *u);
// What had been written, at a start: the clock first, then chunks of a table of `cells` cells
// (another number than ours is scaled). What does not fit is ignored.
void use_resume(struct use *u, uint32_t clock);
void use_load(struct use *u, uint32_t cells, uint32_t chunk, struct bytes bytes);

#endif
