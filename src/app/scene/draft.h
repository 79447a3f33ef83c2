// SPDX-License-Identifier: MIT
// A scene under construction: grows within a budget, ends as the flat object of scene.h.
//
// Adding never fails by itself: what is out of scene.h's ranges, or does not fit, is dropped and
// remembered (draft->rc holds the first such code), and draft_encode answers it. So generators
// draw without a test at every stroke. What draft_encode accepts, scene_open accepts.
// Indices count from 0 in the order of adding. Not for two threads at once.
#ifndef SCENE_DRAFT_H
#define SCENE_DRAFT_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "scene/scene.h"
#include "scene/vec.h"

struct draft_array { // private to draft.c
    void *at;
    size_t count;
    size_t cap;
};

struct draft { // fields are private to draft.c, but for sky and reading rc
    struct budget *budget;
    struct draft_array keys, materials, vertices, triangles;
    struct scene_sky sky; // black and clear at first; set it freely
    enum rc rc;           // RC_NOMEM, RC_FULL (scene.h's counts), RC_REFUSED (out of range)
};

// Takes nothing yet. `budget` outlives the draft; the arrays live in it.
void draft_init(struct draft *d, struct budget *budget);
void draft_free(struct draft *d); // leaves it as after init

uint32_t draft_material(struct draft *d, const struct scene_material *m);
// A zero normal: the triangle's own. Others need no unit length.
uint32_t draft_vertex(struct draft *d, struct vec position, struct vec normal);
// Three vertices and a material that were added before.
void draft_triangle(struct draft *d, uint32_t a, uint32_t b, uint32_t c, uint32_t material);
// Two flat triangles; the corners go around.
void draft_quad(struct draft *d, const struct vec corner[static 4], uint32_t material);
void draft_key(struct draft *d, const struct scene_key *key);

uint32_t draft_triangle_count(const struct draft *d);
uint32_t draft_vertex_count(const struct draft *d);
// Lowest and highest corner of all vertices; both zero without any.
void draft_bounds(const struct draft *d, struct vec *low, struct vec *high);

// The flat object in a block of exactly its size, taken from the draft's budget: the caller
// gives out->at back to it. On failure *out is untouched: the draft's rc, RC_NOMEM, or
// RC_REFUSED for a draft without triangles or camera keys, or with such a sky.
MUST_USE enum rc draft_encode(const struct draft *d, struct buffer *out);

#endif
