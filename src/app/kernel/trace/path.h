// SPDX-License-Identifier: MIT
// One path: a sample's walk from the camera through the scene, one hit at a time.
//
//     path_begin(&p, ...);
//     while (p.is_alive) {
//         rtcIntersect1(..., &p.ray);
//         path_shade(world, &p, depth_max);   // the next ray, and perhaps a shadow ray
//         if (p.has_shadow) {
//             rtcOccluded1(..., &p.shadow);
//             path_light(&p);
//         }
//     }
//
// So the caller may keep many in flight; none depends on another. Unbiased but for the clamp of a
// finished sample (trace.h) and PATH_OFFSET (world/ray.h). From PATH_ROULETTE scatterings on a path
// goes on with the chance of its largest throughput.
#ifndef KERNEL_TRACE_PATH_H
#define KERNEL_TRACE_PATH_H

#include <embree3/rtcore.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/trace/trace.h"
#include "kernel/world/world.h"
#include "scene/math.h"

#define PATH_ROULETTE     3u
#define PATH_ROULETTE_MAX 0.95f // the most likely go-on

#define PATH_COST_TOSS 100u // units, see path.c

struct path {
    struct RTCRayHit ray; // 80 bytes, first: wants alignment to 16
    struct RTCRay shadow;
    struct vec throughput;
    uint32_t depth; // scatterings so far
    uint64_t key;   // of its random numbers
    struct vec light[TRACE_LAYERS];
    struct vec pending; // what the shadow ray decides about
    bool is_alive;      // `ray` is to be traced
    bool has_shadow;    // `shadow` is to be traced
    bool counts_emission;
    uint8_t pending_layer;
    uint32_t cost;  // units, see path.c
    uint32_t pixel; // index in the result, for the caller
    uint32_t cell;  // index in the cost map, for the caller
};

// The first ray of one sample of pixel x, y; tent filter of two pixels' width.
void path_begin(struct path *p, const struct raster *r, uint32_t x, uint32_t y, uint64_t key);
// After the ray, before path_shade: asks the caches for what it will read, in two steps, each
// some hundred nanoseconds ahead.
void path_fetch_hit(const struct world *w, const struct path *p);
void path_fetch_more(const struct world *w, const struct path *p);
void path_shade(const struct world *w, struct path *p, uint32_t depth_max);
// After the shadow ray: adds what it let through.
void path_light(struct path *p);

// After any ray: puts what its coins cost on the path's bill.
static inline void path_toll(struct path *p, struct world_context *c)
{
    p->cost += c->tosses * PATH_COST_TOSS;
    c->tosses = 0;
}

// Keys of the coins thrown for triangles that are not opaque (world/world.h).
uint64_t path_ray_key(const struct path *p);
uint64_t path_shadow_key(const struct path *p);

#endif
