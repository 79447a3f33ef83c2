// SPDX-License-Identifier: MIT
// What a ray starts with, and what is known of where it ends.
#ifndef KERNEL_WORLD_RAY_H
#define KERNEL_WORLD_RAY_H

#include <embree3/rtcore.h>

#include "kernel/world/material.h"
#include "kernel/world/world.h"
#include "scene/math.h"
#include "scene/normal.h"

#define PATH_OFFSET    3e-5f // rays start this share of a coordinate off the surface
#define COSINE_GRAZING 1e-4f // never zero: things are divided by it
#define COSINE_OUT_MIN 0.01f // a shading normal is bent until it sees the ray's origin so well

// A tent over -1 .. 1 from an even number.
static inline float tent(float u)
{
    float x = 2.0f * u - 1.0f;
    return copysignf(1.0f - sqrtf(1.0f - fabsf(x)), x);
}

static inline void ray_set(struct RTCRay *r, struct vec from, struct vec direction, float far)
{
    r->org_x = from.x;
    r->org_y = from.y;
    r->org_z = from.z;
    r->tnear = 0.0f;
    r->dir_x = direction.x;
    r->dir_y = direction.y;
    r->dir_z = direction.z;
    r->time = 0.0f;
    r->tfar = far;
    r->mask = UINT32_MAX;
    r->id = 0;
    r->flags = 0;
}

static inline struct vec ray_direction(const struct RTCRay *r)
{
    return vec_of(r->dir_x, r->dir_y, r->dir_z);
}

// To be asked what it meets first, however far.
static inline void ray_hit_set(struct RTCRayHit *r, struct vec from, struct vec direction)
{
    ray_set(&r->ray, from, direction, INFINITY);
    r->hit.geomID = RTC_INVALID_GEOMETRY_ID;
    r->hit.instID[0] = RTC_INVALID_GEOMETRY_ID;
}

// Radiance of the sky from a direction of length 1, haze not counted.
static inline struct vec sky_from(const struct scene_sky *s, struct vec direction)
{
    const struct vec low = vec_from(s->low);
    return vec_along(low, vec_sub(vec_from(s->high), low), float_max(0.0f, direction.y));
}

struct hit { // what is known of a hit
    const struct surface *surface;
    struct vec at;
    float far; // metres of the ray
};

// Where the ray meets the plane of the triangle that Embree found. Embree's own u, v and t differ
// in the last bits from one SIMD level to the next, and every bounce magnifies that; computed
// here they are the same on every machine that found the same triangle, or (along the axes)
// another one in the same plane.
static inline struct hit hit_of(const struct surface *s, const struct RTCRay *r)
{
    struct hit h = {.surface = s};
    struct vec from = vec_of(r->org_x, r->org_y, r->org_z);
    struct vec direction = ray_direction(r);
    float across = vec_dot(s->ng, direction);
    h.far = float_max(vec_dot(s->ng, vec_sub(s->at, from)) / across, 0.0f);
    if (!(h.far < 2.0f * r->tfar + 1.0f)) // along the plane: Embree's word will do
        h.far = r->tfar;
    struct vec at = vec_along(from, direction, h.far);
    h.at = vec_along(at, s->ng, vec_dot(s->ng, vec_sub(s->at, at))); // back onto the plane
    return h;
}

// The shading normal at the hit, on the side of `out` and bent towards it until it sees it.
static inline struct vec shading_normal(const struct hit *h, const struct lobe *l)
{
    const struct surface *s = h->surface;
    if ((s->normal[0] | s->normal[1] | s->normal[2]) == 0)
        return l->ng;
    // Shares of the three corners, by areas; within 0 .. 1 whatever rounding says.
    struct vec to = vec_sub(h->at, s->at);
    float per = 1.0f / vec_dot(vec_cross(s->e1, s->e2), s->ng);
    float u = float_min(float_max(vec_dot(vec_cross(to, s->e2), s->ng) * per, 0.0f), 1.0f);
    float v = float_min(float_max(vec_dot(vec_cross(s->e1, to), s->ng) * per, 0.0f), 1.0f - u);
    struct vec n = vec_scale(vec_unit(normal_unpack(s->normal[0])), 1.0f - u - v);
    n = vec_along(n, vec_unit(normal_unpack(s->normal[1])), u);
    n = vec_unit_or(vec_along(n, vec_unit(normal_unpack(s->normal[2])), v), l->ng);
    if (vec_dot(n, l->ng) < 0.0f)
        n = vec_scale(n, -1.0f);
    float seen = vec_dot(n, l->out);
    if (seen < COSINE_OUT_MIN)
        n = vec_unit_or(vec_along(n, l->out, COSINE_OUT_MIN - seen), l->ng);
    return n;
}

// The surface as a ray along `direction` meets it: no lobe is chosen yet.
static inline struct lobe lobe_met(const struct world *w, const struct hit *h, struct vec direction)
{
    const struct surface *s = h->surface;
    struct lobe l = {.material = &w->materials[s->material], .out = vec_scale(direction, -1.0f)};
    l.is_entering = vec_dot(s->ng, l.out) >= 0.0f;
    l.ng = l.is_entering ? s->ng : vec_scale(s->ng, -1.0f);
    l.n = shading_normal(h, &l);
    l.cos_out = float_min(float_max(vec_dot(l.n, l.out), COSINE_GRAZING), 1.0f);
    return l;
}

// A hit's place, a little off the surface on the side that `direction` is on.
static inline struct vec start_off(struct vec at, struct vec ng, struct vec direction)
{
    float reach = 1.0f + float_max(fabsf(at.x), float_max(fabsf(at.y), fabsf(at.z)));
    float offset = PATH_OFFSET * reach;
    return vec_along(at, ng, vec_dot(ng, direction) > 0.0f ? offset : -offset);
}

#endif
