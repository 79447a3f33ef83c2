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

#include "base/attr.h"
#include "crypt/hash.h"
#include "kernel/kernel.h"

#define PACK_LEVEL_MAX            19u
#define PACK_BLOCK_BYTES_MIN      4096u
#define PACK_BLOCK_BYTES_MAX      (4u << 20)
#define PACK_INPUT_BYTES_MAX      (64u << 20)
#define PACK_DICTIONARY_BYTES_MAX (1u << 20)
#define PACK_PARTS_MAX            64u // blocks that a part looks at

struct pack_params {
    uint32_t level; // 1 .. PACK_LEVEL_MAX
    uint32_t block_bytes;
    uint32_t input_bytes; // 1 .. PACK_INPUT_BYTES_MAX
    // Of the input: its name, which whoever brought the input has checked. Goes into the result,
    // for those who unpack all of it.
    struct digest input;
    uint32_t part_count; // 0: the task itself
    uint32_t part[PACK_PARTS_MAX];
};

// RC_MALFORMED: out of range; RC_FULL.
MUST_USE enum rc pack_params_encode(const struct pack_params *p, struct buffer *out);
MUST_USE enum rc pack_params_decode(struct pack_params *out, struct bytes in);
uint32_t pack_block_count(const struct pack_params *p);

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

// Unpacks blocks, one after the other.
struct pack_reader;
// dictionary may be empty. RC_NOMEM; RC_MALFORMED: no dictionary. *out is NULL then.
MUST_USE enum rc pack_reader_new(struct pack_reader **out, struct bytes dictionary);
void pack_reader_free(struct pack_reader *r); // NULL is fine
// out: room for pack_block_bytes. RC_MALFORMED: not one frame of just this block.
MUST_USE enum rc pack_read(struct pack_reader *r, const struct pack *p, uint32_t block,
                           uint8_t *out);

extern const struct kernel pack_kernel;

#endif
