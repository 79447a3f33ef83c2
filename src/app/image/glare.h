// SPDX-License-Identifier: MIT
// The glare of tone.h on planes of floats, for whoever draws many frames: light spread over a
// pyramid of wider and wider tents.
#ifndef IMAGE_GLARE_H
#define IMAGE_GLARE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/rc.h"

#define GLARE_LEVELS_MAX 12u

struct glare { // private to glare.c
    float *at[GLARE_LEVELS_MAX];
    float *rows; // scratch
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
