// SPDX-License-Identifier: MIT
// Where plain interpolation of a layer would take light from another surface, and what to take.
#ifndef IMAGE_COMPOSITE_EDGES_H
#define IMAGE_COMPOSITE_EDGES_H

#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/rc.h"

struct grid {       // how a picture's pixels lie among a layer's, along one side
    int32_t *first; // the lower of two neighbours, counted from -1
    float *share;   // of the upper one
};

struct edge { // one pixel of the picture
    uint16_t x;
    uint8_t weight[4]; // of its four neighbours in 255ths, rows from the upper left
};

struct edges {
    struct edge *at;     // by rows, from the left
    uint32_t *row;       // first of each row, and one past the last
    struct corner *cell; // what four layer pixels have in common
    struct near *near;   // layer pixels, ready to be weighed
    uint32_t width, height, layer_width, layer_height;
    const struct grid *across, *down;
    struct budget *budget;
};

// Sizes and grids, which are borrowed, are set by the caller. RC_NOMEM; then nothing is taken.
MUST_USE enum rc edges_new(struct edges *e, struct budget *budget);
void edges_free(struct edges *e); // of a zeroed one is fine
// From geometry of picture and layer, of the right sizes.
void edges_find(struct edges *e, struct bytes full, struct bytes low);

#endif
