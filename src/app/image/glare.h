// SPDX-License-Identifier: MIT
// Light spread around where it is, as a lens and an eye do it: on planes of floats, in place.
//
//     glare_new(&g, width, height, full_height, budget);
//     glare_spread(&g, plane);   // for each channel of each frame
//     glare_free(&g);
//
// Each pixel's light goes over a pyramid of wider and wider tents whose weights sum to one: none
// is made, and none is lost but at the border. Each level has half the side of the one below, and
// the widest GLARE_SHOWN levels share equally, so that the glare is as wide at every image size.
#ifndef IMAGE_GLARE_H
#define IMAGE_GLARE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/rc.h"

#define GLARE_LEVELS_MAX 12u // half of the largest side down to a few pixels
#define GLARE_SHOWN      6u

struct glare { // private to glare.c
    float *at[GLARE_LEVELS_MAX];
    float *row; // scratch: one of the largest width, and one more at either side
    uint32_t width[GLARE_LEVELS_MAX], height[GLARE_LEVELS_MAX];
    unsigned first; // of the picture's levels, the one that has the planes' size
    unsigned count; // one past the widest
    struct budget *budget;
};

// Planes of width by height stand for a picture of full_height, of the same shape and not
// smaller. RC_NOMEM; then nothing is taken.
MUST_USE enum rc glare_new(struct glare *g, uint32_t width, uint32_t height, uint32_t full_height,
                           struct budget *budget);
void glare_free(struct glare *g); // of a zeroed one is fine
// What is spread of the light in `plane`, width * height floats: into the same place.
void glare_spread(struct glare *g, float *plane);

#endif
