// SPDX-License-Identifier: MIT
// A scene made ready for rays: Embree's tree, and what a hit looks up in one cache line.
//
// Lives in an arena of its own and borrows nothing from the object it was made from. Triangles
// of no area are left out. What is not fully opaque sits in a second geometry, whose filter
// throws a coin per (ray, triangle): opaque triangles pay nothing for it.
#ifndef KERNEL_WORLD_WORLD_H
#define KERNEL_WORLD_WORLD_H

#include <embree3/rtcore.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/rc.h"
#include "kernel/world/material.h"
#include "scene/math.h"
#include "scene/scene.h"

// The sky counts as this far away for the haze: without an end it would blot the sky out.
#define WORLD_SKY_M 300.0f

struct surface { // one triangle, 64 bytes
    struct vec at, e1, e2;
    uint32_t material;
    uint32_t normal[3]; // octahedral, 16 + 16 bits; all 0: flat
    struct vec ng;      // unit, along e1 x e2
};

struct light { // one emitting triangle, 64 bytes
    union {
        struct {
            struct vec at;
            float power; // luminance of its radiance, times opacity, over its chance
            struct vec e1;
            float padding1;
            struct vec e2;
            float padding2;
        };
        float row[12];
    };
    struct vec tint; // its radiance over the luminance of that
    float padding3;
};

struct light_slot { // one row of the alias table (Vose 1991)
    uint32_t keep;  // chance / 2^32 that this slot means the light of its own number
    uint32_t other; // else this one
};

struct world {
    RTCScene scene; // NULL until built
    struct surface *surfaces;
    uint32_t surface_count;
    uint32_t opaque_count; // surfaces from here on are in the filtered geometry
    struct material *materials;
    struct light *lights;
    struct light_slot *light_slots;
    uint32_t light_count;
    struct scene_sky sky;
    bool is_dark; // neither sky nor haze: a ray that hits nothing brings nothing
};

struct world_context {                  // what Embree hands to the filter
    struct RTCIntersectContext context; // first
    const struct world *world;
    uint64_t key;    // of this ray's coins
    uint32_t tosses; // coins thrown so far, for the cost map
    bool takes_all;  // no coins: a ray takes notice of every triangle
};

// RC_NOMEM: arena or Embree have no more. *w then needs world_close all the same.
MUST_USE enum rc world_open(struct world *w, RTCDevice device, const struct scene *scene,
                            struct arena *arena);
void world_close(struct world *w); // of a zeroed one is fine; the arena is the caller's

static inline const struct surface *world_surface(const struct world *w, uint32_t geometry,
                                                  uint32_t primitive)
{
    return &w->surfaces[geometry * w->opaque_count + primitive];
}

#endif
