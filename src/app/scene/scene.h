// SPDX-License-Identifier: MIT
// A scene as one flat object: header and arrays, checked in linear time before use.
//
// The only form of a scene that travels and that helpers parse. All numbers little-endian:
//
//     magic "shoalsc1"
//     u32 counts: camera keys, materials, vertices, triangles
//     f32 sky_low[3] sky_high[3]      radiance of the sky at the horizon and straight up
//     f32 haze[3] haze_per_m          radiance and density of an even, emitting, absorbing haze
//     f32 key[16] each                eye[3] target[3] up[3] fov_deg time_s, 5 zeros
//     f32 material[16] each           base[3] emission[3] roughness metallic transmission ior
//                                     opacity, 5 zeros
//     f32 vertex[6] each              position[3] normal[3]; a zero normal: use the triangle's
//     u32 triangle[4] each            three vertices, material
//
// Units are metres, y is up, triangles are seen from both sides; emission leaves both sides.
// Glass is entered where its vertices run counter-clockwise, seen from outside.
#ifndef SCENE_SCENE_H
#define SCENE_SCENE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"
#include "scene/camera.h"
#include "scene/vec.h"

#define SCENE_MAGIC          "shoalsc1"
#define SCENE_KEYS_MAX       64u
#define SCENE_MATERIALS_MAX  65536u
#define SCENE_VERTICES_MAX   (1u << 24)
#define SCENE_TRIANGLES_MAX  (1u << 23)
#define SCENE_EXTENT_MAX     1e6f // |coordinate|, metres
#define SCENE_EMISSION_MAX   1e4f
#define SCENE_HAZE_PER_M_MAX 10.0f
#define SCENE_IOR_MAX        3.0f

struct scene_material {
    float base[3];      // 0..1: albedo, or colour of a metal's or glass's filter
    float emission[3];  // radiance, 0..SCENE_EMISSION_MAX
    float roughness;    // 0..1, GGX alpha is its square
    float metallic;     // 0..1
    float transmission; // 0..1: share of glass
    float ior;          // 1..SCENE_IOR_MAX: of glass, and of the coat over what is neither glass
                        // nor metal; 1 means no coat: plain Lambert
    float opacity;      // 0..1: chance that a ray takes notice at all (rain, leaves)
};

struct scene_vertex {
    struct vec position; // metres
    struct vec normal;   // unit; zero: the triangle's own
};

struct scene_triangle {
    uint32_t vertex[3];
    uint32_t material;
};

struct scene_key { // the camera at one time; between keys it moves smoothly
    struct camera camera;
    float time_s; // strictly growing from key to key
};

struct scene_sky {
    float low[3], high[3];
    float haze[3];
    float haze_per_m;
};

struct scene { // a validated view into an object's bytes
    uint32_t key_count, material_count, vertex_count, triangle_count;
    struct scene_sky sky;
    struct bytes keys, materials, vertices, triangles;
};

// Does it begin like one?
bool scene_is(struct bytes object);
// Checks everything: sizes, counts, ranges, finite numbers, indices. Borrows `object`.
// RC_MALFORMED with *err (which may be NULL) saying what and where.
MUST_USE enum rc scene_open(struct scene *out, struct bytes object, struct err *err);
// One record; index is below its count.
struct scene_key scene_key_at(const struct scene *s, uint32_t index);
struct scene_material scene_material_at(const struct scene *s, uint32_t index);
struct scene_vertex scene_vertex_at(const struct scene *s, uint32_t index);
struct scene_triangle scene_triangle_at(const struct scene *s, uint32_t index);
// The camera at a time: Catmull-Rom between keys, still before the first and after the last.
struct camera scene_camera(const struct scene *s, float time_s);

#endif
