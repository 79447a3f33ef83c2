// SPDX-License-Identifier: MIT
// What the files of kernel `pack` share: sizes of its forms, and the hub's side.
#ifndef KERNEL_PACK_PART_H
#define KERNEL_PACK_PART_H

#include "kernel/kernel.h"

// The result's head: frame u32le, its bytes u32le, magic, level u32le, block_bytes u32le,
// input_bytes u32le, input 32 bytes; then a row a block: where its frame ends u32le, its digest.
#define PACK_MAGIC      "shoalpk1"
#define PACK_FRAME      0x184d2a50u // a skippable frame (RFC 8878 section 3.1.2)
#define PACK_HEAD_BYTES (8u + 8u + 12u + 32u)
#define PACK_ROW_BYTES  36u

// The result of a part: for each of its blocks u8: it unpacks to what was given, and its digest is
// right; u32le: bytes that it packs into, 0 where that was not tried. Then the same for one block
// more, the worst packed of all (the first of several), after its index u32le.
#define PACK_WORD_BYTES        5u
#define PACK_PART_BYTES(parts) (((size_t)(parts) + 1) * PACK_WORD_BYTES + 4)
// Of the blocks of a part, how many are packed again: these come first.
#define PACK_AGAIN(parts) (((parts) + 15) / 16)

struct pack;
// Of the blocks of full size the one whose frame is the longest: a helper that saves itself work
// has it there, most likely.
uint32_t pack_worst(const struct pack *p);
// Work of a level beside level 3's.
double pack_level_work(uint32_t level);

enum rc pack_part(struct bytes params, uint64_t nonce, struct buffer *part_params);
enum rc pack_judge(struct bytes params, struct bytes result, struct bytes part_params,
                   struct bytes part_result, struct kernel_verdict *out);

#endif
