// SPDX-License-Identifier: MIT
// Unpacks blocks of a result of kernel `pack`, one after the other, by libzstd.
//
// Blocks are unpacked in one go into room of just their size, so no frame's window asks for memory.
#ifndef KERNEL_PACK_READER_H
#define KERNEL_PACK_READER_H

#include "kernel/pack/view.h"

struct pack_reader;
// dictionary may be empty. RC_NOMEM; RC_MALFORMED: no dictionary. *out is NULL then.
MUST_USE enum rc pack_reader_new(struct pack_reader **out, struct bytes dictionary);
void pack_reader_free(struct pack_reader *r); // NULL is fine
// out: room for pack_block_bytes. RC_MALFORMED: not one frame of just this block.
MUST_USE enum rc pack_read(struct pack_reader *r, const struct pack *p, uint32_t block,
                           uint8_t *out);

#endif
