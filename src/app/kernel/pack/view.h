// SPDX-License-Identifier: MIT
// The result of kernel `pack`, looked at where it lies: blocks are found by its table.
#ifndef KERNEL_PACK_VIEW_H
#define KERNEL_PACK_VIEW_H

#include "kernel/pack/params.h"

// The result's head: frame u32le, its bytes u32le, magic, level u32le, block_bytes u32le,
// input_bytes u32le, input 32 bytes; then a row a block: where its frame ends u32le, its digest.
#define PACK_MAGIC      "shoalpk1"
#define PACK_FRAME      0x184d2a50u // a skippable frame (RFC 8878 section 3.1.2)
#define PACK_HEAD_BYTES (8u + 8u + 12u + 32u)
#define PACK_ROW_BYTES  36u

struct pack { // a view of a result
    uint32_t level, block_bytes, input_bytes, block_count;
    struct digest input;
    struct bytes table, blocks;
};

// From a stranger. RC_MALFORMED. Frames themselves are looked at when they are unpacked.
MUST_USE enum rc pack_open(struct pack *out, struct bytes in);
size_t pack_block_bytes(const struct pack *p, uint32_t block); // unpacked
struct bytes pack_frame(const struct pack *p, uint32_t block); // packed
struct digest pack_digest(const struct pack *p, uint32_t block);

// Of the blocks of full size the one whose frame is the longest: a helper that saves itself work
// has it there, most likely.
uint32_t pack_worst(const struct pack *p);

#endif
