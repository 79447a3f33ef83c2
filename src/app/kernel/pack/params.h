// SPDX-License-Identifier: MIT
// What kernel `pack` is asked: how many bytes, in which blocks, how hard.
#ifndef KERNEL_PACK_PARAMS_H
#define KERNEL_PACK_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "crypt/hash.h"

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

bool pack_params_are_good(const struct pack_params *p);
// Checks every field's range on both ways. A CBOR array (doc/kernels/pack.md).
// RC_MALFORMED: a field is out of range, *out untouched; encode also RC_FULL: no room.
MUST_USE enum rc pack_params_encode(const struct pack_params *p, struct buffer *out);
MUST_USE enum rc pack_params_decode(struct pack_params *out, struct bytes in);
uint32_t pack_block_count(const struct pack_params *p);

#endif
