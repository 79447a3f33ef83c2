// SPDX-License-Identifier: MIT
// Join: results of tiles and sample ranges back into one frame, each (pixel, sample) once.
//
// A result is a rectangle, a range of samples, and integer sums over that range; sums add up
// whatever the order of arrival. What was accepted is kept as a bounded list of (rectangle,
// range); ranges of the same rectangle that touch become one entry, so a frame of T tiles needs T
// entries plus one for every result that came out of order.
#ifndef WORK_JOIN_H
#define WORK_JOIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "work/rect.h"

#define JOIN_SIDE_MAX    16384u
#define JOIN_LAYERS_MAX  8u
#define JOIN_CHANNELS    3u // red, green, blue
#define JOIN_SAMPLES_MAX (1u << 20)
#define JOIN_PARTS_MAX   65536u

struct join_cfg {
    uint32_t width, height; // 1..JOIN_SIDE_MAX
    uint32_t layers;        // 1..JOIN_LAYERS_MAX
    uint32_t samples;       // of every pixel of the whole frame, 1..JOIN_SAMPLES_MAX
    uint32_t parts_max;     // entries kept, 1..JOIN_PARTS_MAX
    uint32_t value_max;     // largest honest sum of one sample (64 * 65536 for the tracer); sums
                            // are kept in 4 bytes where samples * value_max allows, else in 8
};

struct join;

// Nothing is there yet. Memory is taken once: width * height * layers * 3 sums and 24 bytes a
// part. RC_CONFIG: a field is out of range. RC_NOMEM: the budget is spent. *out is NULL on
// failure. The budget must outlive it.
MUST_USE enum rc join_new(struct join **out, struct budget *budget, const struct join_cfg *cfg);
void join_free(struct join *j); // NULL is fine

struct join_part {
    struct rect rect;
    uint32_t sample_first;
    uint32_t sample_count;
};

// sums: for each pixel of the rectangle in rows, each layer, each channel: u32 little-endian;
// read during the call. All or nothing:
// RC_MALFORMED: rectangle or range leave the frame, sums has another size, or a sum is above
// sample_count * value_max. RC_REFUSED: some (pixel, sample) of it is there already.
// RC_FULL: parts_max entries are in use.
MUST_USE enum rc join_put(struct join *j, const struct join_part *part, struct bytes sums);

bool join_is_whole(const struct join *j);
uint64_t join_missing(const struct join *j); // (pixel, sample) pairs not there yet
uint64_t join_total(const struct join *j);   // pixels * samples
// How many samples a pixel has; walks the entries.
uint32_t join_samples_at(const struct join *j, uint32_t x, uint32_t y);
// Sum of all samples so far. x, y, layer, channel are in range.
uint64_t join_sum(const struct join *j, uint32_t x, uint32_t y, uint32_t layer, uint32_t channel);
// All sums of one pixel: layers * 3 values, layer by layer.
void join_pixel(const struct join *j, uint32_t x, uint32_t y, uint64_t *out);
// All sums, as a single task for the whole frame would give them: rows of pixels, layers, channels,
// u32 little-endian. RC_FULL: no room; RC_UNSUPPORTED: they do not fit 4 bytes.
MUST_USE enum rc join_write(const struct join *j, struct buffer *out);
// Everything taken out again, for the next frame of the same form.
void join_reset(struct join *j);

#endif
