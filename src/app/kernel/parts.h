// SPDX-License-Identifier: MIT
// Which parts of a task: the list at the end of many kernels' params, as one CBOR byte string.
//
// Little-endian numbers one after another: u32 each, or for single pixels u16 x, u16 y. A task's
// list is empty; but a task of single pixels has one, and its parts have other ones.
#ifndef KERNEL_PARTS_H
#define KERNEL_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rng.h"
#include "wire/cbor.h"

#define PARTS_MAX 1024u // in one list

struct pixel { // of a frame, from its top left
    uint16_t x, y;
};

// count is at most PARTS_MAX. A full buffer remembers.
void parts_put(struct buffer *out, const uint32_t *part, uint32_t count);
void parts_put_pixels(struct buffer *out, const struct pixel *pixel, uint32_t count);
// At most max, and whole ones, or the reader is bad and the count 0. Ranges are not looked at.
void parts_get(struct cbor_reader *r, uint32_t *part, uint32_t *count, uint32_t max);
void parts_get_pixels(struct cbor_reader *r, struct pixel *pixel, uint32_t *count, uint32_t max);

// Draws count different numbers below `all`, any of them as likely; count is at most `all`.
void parts_choose(struct rng *r, uint32_t all, uint32_t *part, uint32_t count);
// Draws count of `all`, ascending: one in each of as many even stretches. count is at most `all`.
void parts_draw(struct rng *r, uint32_t all, uint32_t *part, uint32_t count);
// Is a part of that task: the same params but for the lists at their ends, of so many each, and the
// part's is not empty? Both were decoded, so there is one way to write what stands before.
bool parts_belong(struct bytes params, uint32_t count, struct bytes part_params,
                  uint32_t part_count);

#endif
