// SPDX-License-Identifier: MIT
// What the part of a task of kernel `pack` says of the result that it is shown.
#ifndef KERNEL_PACK_PART_H
#define KERNEL_PACK_PART_H

#include <stddef.h>

// The result of a part: for each of its blocks u8: it unpacks to what was given, and its digest is
// right; u32le: bytes that it packs into, 0 where that was not tried. Then the same for one block
// more, the worst packed of all (the first of several), after its index u32le.
#define PACK_WORD_BYTES        5u
#define PACK_PART_BYTES(parts) (((size_t)(parts) + 1) * PACK_WORD_BYTES + 4)
// Of the blocks of a part, how many are packed again: these come first.
#define PACK_AGAIN(parts) (((parts) + 15) / 16)

#endif
