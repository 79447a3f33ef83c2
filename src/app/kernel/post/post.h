// SPDX-License-Identifier: MIT
// Kernel `post`: light from many hands into one clean light layer.
//
// Joins tiles of kernel `trace`, takes the surfaces' colours and emission out (kernel
// `geometry`), mixes in the layer of the frame before where it shows the same surface, and
// filters along surfaces, wider where it is noisy (Schied et al. 2017). Pixels that no tile
// brought come from the frame before, or from their neighbours.
//
// Given: geometry of the whole frame; the results of the tiles that have samples, in order; if
// has_before, a layer and the geometry of the frame before, of the same size.
// Result: a layer (layer.h). If keeps_memory, a second one after it: the light before it was
// filtered, which is the better layer to give to the next frame.
//
// Every number comes from +, -, *, / and square roots in a fixed order: results are equal on all
// machines, and parts are compared to the bit.
#ifndef KERNEL_POST_POST_H
#define KERNEL_POST_POST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"
#include "kernel/kernel.h"
#include "kernel/layer.h"
#include "kernel/parts.h"
#include "scene/camera.h"
#include "work/rect.h"

#define POST_TILES_MAX  12u
#define POST_LEVELS_MAX 5u  // of the filter: level i reaches 2^i pixels
#define POST_BLOCK      8u  // side of a block that is redone, pixels
#define POST_BLOCKS     16u // redone of every result, if it has so many
#define POST_GIVEN_MAX  (POST_TILES_MAX + 3)

struct post_tile {
    uint32_t x, y, w, h; // inside the frame; no two overlap
    uint32_t samples;    // of each pixel; 0: it is missing, and nothing is given for it
};

struct post_params {
    uint32_t width, height; // of the layer, 1..LAYER_SIDE_MAX, at most LAYER_PIXELS_MAX pixels
    bool has_before;
    bool keeps_memory;
    uint32_t levels;              // 0..POST_LEVELS_MAX; 0 filters nothing
    uint32_t history_max;         // frames that are mixed at most, 1..LAYER_HISTORY_MAX
    struct camera camera, before; // before: any valid one if not has_before
    uint32_t tile_count;          // 1..POST_TILES_MAX
    struct post_tile tile[POST_TILES_MAX];
    uint32_t block_count;            // 0: all of it; else only these, each at most once
    struct pixel block[POST_BLOCKS]; // in blocks from the top left
};

// Checks every field's range on both ways. A CBOR array (doc/kernels/post.md).
// RC_MALFORMED: a field is out of range, *out untouched; encode also RC_FULL: no room.
enum rc post_params_encode(const struct post_params *p, struct buffer *out);
enum rc post_params_decode(struct post_params *out, struct bytes in);
// Inputs that a run with these params is given.
uint32_t post_given_count(const struct post_params *p);

// A block's rectangle, cut to the frame.
struct rect post_block_rect(const struct post_params *p, struct pixel b);
// Bytes of a block in the result of a part: its pixels, then as many of the memory.
size_t post_block_bytes(const struct post_params *p, struct pixel b);

// What a worker does; as struct kernel has it.
enum rc post_run(void *state, const struct kernel_in *in, struct buffer *result,
                 struct buffer *report);
extern const struct kernel post_kernel;

#endif
