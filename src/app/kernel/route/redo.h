// SPDX-License-Identifier: MIT
// Which of many a part does again, and what it says of them: for kernels `route` and `crowd`.
//
// A list of indices, ascending, drawn from a nonce; in params a byte string of u16, little-endian,
// empty in a task. The result of a part: u32 looked at, u32 wrong of these.
#ifndef KERNEL_ROUTE_REDO_H
#define KERNEL_ROUTE_REDO_H

#include "kernel/kernel.h"
#include "wire/cbor.h"

#define ROUTE_REDO_MAX       4096u
#define ROUTE_REDONE_PERCENT 5u
#define ROUTE_REDONE_MIN     4u // agents; all where there are fewer
#define ROUTE_PART_BYTES     8u

// How many agents of so many a part searches again.
uint32_t route_redo_count(uint32_t agents);
// Draws count of `all`, each equally likely; count is at most `all`.
void route_redo_choose(uint32_t *out, uint32_t count, uint32_t all, uint64_t nonce);

// Ascending, each below `all`?
bool route_redo_is_good(const uint32_t *list, uint32_t count, uint32_t all);
// count is at most ROUTE_REDO_MAX. A full buffer remembers.
void route_redo_put(struct buffer *out, const uint32_t *list, uint32_t count);
// At most max, and whole ones, or the reader is bad and the count 0. Their order is not looked at.
void route_redo_get(struct cbor_reader *r, uint32_t *list, uint32_t *count, uint32_t max);

// RC_FULL: no room.
MUST_USE enum rc route_part_put(struct buffer *result, uint32_t parts, uint32_t wrong);
// The verdict on a part that had to look at so many. RC_MALFORMED: it is none; *out says not right.
MUST_USE enum rc route_part_judge(struct bytes part_result, uint32_t parts,
                                  struct kernel_verdict *out);

#endif
