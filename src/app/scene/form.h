// SPDX-License-Identifier: MIT
// Records of a scene object (scene.h): their sizes, their ranges, written and read.
//
// Reading takes a record from the cursor, whatever is in it: the answer says whether all of it is
// in range. What is not in range is to be used for nothing.
#ifndef SCENE_FORM_H
#define SCENE_FORM_H

#include "scene/scene.h"

#define SCENE_HEADER_BYTES   ((size_t)64) // magic, counts, sky
#define SCENE_KEY_BYTES      ((size_t)16 * 4)
#define SCENE_MATERIAL_BYTES ((size_t)16 * 4)
#define SCENE_VERTEX_BYTES   ((size_t)6 * 4)
#define SCENE_TRIANGLE_BYTES ((size_t)4 * 4)

// The name of the first field out of range; NULL: all are good.
const char *scene_material_bad(const struct scene_material *m);
const char *scene_material_get(struct cursor *c, struct scene_material *out);
void scene_material_put(struct buffer *b, const struct scene_material *m);

const char *scene_vertex_bad(const struct scene_vertex *v);
const char *scene_vertex_get(struct cursor *c, struct scene_vertex *out);
void scene_vertex_put(struct buffer *b, const struct scene_vertex *v);

// Whether a key comes after the one before is not looked at.
bool scene_key_get(struct cursor *c, struct scene_key *out);
void scene_key_put(struct buffer *b, const struct scene_key *k);

bool scene_sky_is_good(const struct scene_sky *s);
bool scene_sky_get(struct cursor *c, struct scene_sky *out);
void scene_sky_put(struct buffer *b, const struct scene_sky *s);

// Whether there are such vertices and such a material is not looked at.
struct scene_triangle scene_triangle_get(struct cursor *c);
void scene_triangle_put(struct buffer *b, const struct scene_triangle *t);

#endif
