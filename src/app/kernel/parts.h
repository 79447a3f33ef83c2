// SPDX-License-Identifier: MIT
// Which parts of a task: the list at the end of many kernels' params, as one CBOR byte string.
//
// Little-endian numbers one after another: u32 each, or for single pixels u16 x, u16 y.
#ifndef KERNEL_PARTS_H
#define KERNEL_PARTS_H

#include <stdint.h>

#include "base/bytes.h"
#include "kernel/trace/trace.h"
#include "wire/cbor.h"

#define PARTS_MAX 1024u

// count is at most PARTS_MAX. A full buffer remembers.
void parts_put(struct buffer *out, const uint32_t *part, uint32_t count);
void parts_put_pixels(struct buffer *out, const struct trace_pixel *pixel, uint32_t count);
// At most max, and whole ones, or the reader is bad and the count 0. Ranges are not looked at.
void parts_get(struct cbor_reader *r, uint32_t *part, uint32_t *count, uint32_t max);
void parts_get_pixels(struct cbor_reader *r, struct trace_pixel *pixel, uint32_t *count,
                      uint32_t max);

#endif
