// SPDX-License-Identifier: MIT
// What kernel `post` works on: a rectangle of the frame as planes of numbers.
//
//     post_field_new(&f, ...);
//     post_surfaces(f); post_light(f);       // join.c: what was given, as numbers
//     post_calm(f);                          // filter.c: single bright pixels
//     post_mix(f);                           // join.c: with the frame before
//     post_variance(f); post_filter(f);      // filter.c
//
// A rectangle smaller than the frame brings the same numbers as the frame, except within
// post_margin of its border.
#ifndef KERNEL_POST_FIELD_H
#define KERNEL_POST_FIELD_H

#include "base/arena.h"
#include "kernel/post/post.h"
#include "scene/math.h"

struct post_in { // what was given, of the right sizes
    const struct post_params *params;
    struct bytes geometry;
    struct bytes light[POST_TILES_MAX]; // empty: missing
    struct layer before;                // if has_before
    struct bytes geometry_before;
};

struct post_surface {
    struct vec at; // from the eye
    struct vec normal;
    float depth;
    float trust; // 0..1: how far the light there can be told from emission
    uint32_t id; // 0: nothing
};

struct post_light { // of one pixel
    struct vec light;
    float spread; // variance of one frame's luminance
    float count;  // frames that it is made of; 0: nothing is known
};

struct post_glow { // of one pixel, while it is filtered
    struct vec light;
    float variance; // of its luminance
    float weight;   // 0: nothing is known
};

struct post_field {
    const struct post_in *in;
    uint32_t x, y, w, h; // inside the frame
    struct post_surface *surface;
    struct post_light *light;     // now alone, then mixed
    struct post_glow *glow, *out; // post_filter leaves what it made in glow
};

// How far a pixel's numbers reach.
uint32_t post_margin(const struct post_params *p);
// x, y, w, h and in are set by the caller. RC_NOMEM.
MUST_USE enum rc post_field_new(struct post_field *f, struct arena *arena);

void post_surfaces(struct post_field *f);
void post_light(struct post_field *f);
void post_mix(struct post_field *f);
void post_calm(struct post_field *f);
void post_variance(struct post_field *f);
void post_filter(struct post_field *f);

// How well two pixels lie on one surface, 0..1.
float post_likeness(const struct post_surface *a, const struct post_surface *b);

#endif
