// SPDX-License-Identifier: MIT
// Kernel `trace`: path-traced light for a tile, or for single pixels, of one frame.
//
// Every random number is a hash of (seed, frame, pixel, sample, dimension), so any pixel and any
// sample can be redone alone, in any order. A sample's radiance is clamped to just below
// TRACE_RADIANCE_MAX and rounded to 1 / TRACE_UNIT; the result holds integer sums, so partial
// sample ranges add up exactly, whoever made them.
//
// Result: for each pixel of the tile in rows from the top left (or of `pixel` in its order),
// TRACE_LAYERS layers of red, green, blue: u32 little-endian sums over the samples.
// Layer 0, direct: emission seen, and light after one scattering. Layer 1, indirect: the rest.
#ifndef KERNEL_TRACE_TRACE_H
#define KERNEL_TRACE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"
#include "crypt/hash.h"
#include "kernel/kernel.h"
#include "kernel/pixels.h"
#include "scene/scene.h"

#define TRACE_LAYERS       2
#define TRACE_PIXEL_BYTES  ((size_t)TRACE_LAYERS * 3 * 4)
#define TRACE_UNIT         65536 // one step of a sum is 1 / 65536 of radiance 1
#define TRACE_RADIANCE_MAX 64.0f // of one sample, per layer and channel: bounds fireflies
#define TRACE_SAMPLES_MAX  1024u // in one task: 1024 * 64 * 65536 just fits 32 bits
#define TRACE_DEPTH_MAX    16u   // scatterings of a path
#define TRACE_CELL_MAX     64u
#define TRACE_PARTS        128u // pixels redone of every result: doc/decisions/0004

struct trace_params {
    uint64_t seed; // which stream of randomness: from the scene's name
    uint32_t frame;
    uint32_t width, height; // of the whole frame, 1..PIXELS_SIDE_MAX
    uint32_t x, y, w, h;    // the tile, inside the frame
    uint32_t sample_first;  // first sample's index
    uint32_t sample_count;  // 1..TRACE_SAMPLES_MAX
    uint32_t depth_max;     // 1..TRACE_DEPTH_MAX
    uint32_t cell;          // side of a square of the cost map, pixels, 1..64
    struct camera camera;
    uint32_t pixel_count; // 0: the whole tile; else only these, each inside the tile
    struct pixel pixel[PARTS_MAX];
};

// The pixels that it is about; borrows p.
struct pixels trace_pixels(const struct trace_params *p);
// Checks every field's range on both ways. A CBOR array (doc/messages.cddl).
// RC_MALFORMED: a field is out of range, *out untouched; encode also RC_FULL: no room.
enum rc trace_params_encode(const struct trace_params *p, struct buffer *out);
enum rc trace_params_decode(struct trace_params *out, struct bytes in);

// The stream of randomness that frames of a scene use: the first eight bytes of its name.
uint64_t trace_seed(const struct digest *scene);

// What a run cost, in `report`.
struct trace_report {
    uint64_t rays;             // closest-hit queries
    uint64_t shadow_rays;      // occlusion queries
    uint32_t cells_x, cells_y; // of the tile, ceil(w / cell) by ceil(h / cell); 0 for pixels
    struct bytes cost;         // cells_x * cells_y u32 little-endian, rows from the top left
};
#define TRACE_CELLS_MAX (1u << 17)

// What the kernel itself writes; RC_FULL: no room.
enum rc trace_report_encode(const struct trace_report *r, struct buffer *out);
enum rc trace_report_decode(struct trace_report *out, struct bytes in);
// Cost of one cell: estimated time in arbitrary units, the same for the whole frame. A probe
// (cell 1) of a kernel that was given ticks spreads the sum of its units by measured time.
uint32_t trace_report_cost(const struct trace_report *r, uint32_t cell_x, uint32_t cell_y);

// What a worker does; as struct kernel has it.
enum rc trace_run(void *state, const struct kernel_in *in, struct buffer *result,
                  struct buffer *report);
extern const struct kernel trace_kernel; // of world_base: takes scenes

#endif
