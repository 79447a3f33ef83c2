// SPDX-License-Identifier: MIT
// The estimator: what a hit emits, where it scatters to, which light is asked.
#include "kernel/trace/path.h"

#include "kernel/trace/light.h"
#include "kernel/world/material.h"
#include "kernel/world/random.h"
#include "kernel/world/ray.h"

// Dimensions: 0 is the camera's; vertex k (0: the first hit) has PATH_DIMENSIONS from
// PATH_DIMENSIONS * (k + 1).
#define PATH_DIMENSIONS 8u
enum {
    DIMENSION_LOBE,
    DIMENSION_DIRECTION,
    DIMENSION_EMITTER,
    DIMENSION_POINT,
    DIMENSION_KEEP,
    DIMENSION_RAY_COIN,
    DIMENSION_SHADOW_COIN,
};

#define SHADOW_REACH 0.9998f // of the way to a light: its own triangle does not count

// Cost in units of about 10 ns on a desktop core, for both ray and shading: least squares over
// tiles of 40x30 pixels (doc/benchmarks.md). Coins are dear: Embree leaves its loop for each.
#define COST_MISS    5u
#define COST_HIT     30u // with the shadow ray that most hits send
#define COST_BLOCKED 30u // a shadow ray that met something: it was among things

void path_begin(struct path *p, const struct raster *r, uint32_t x, uint32_t y, uint64_t key)
{
    uint64_t bits = random_bits(key, 0);
    float px = (float)x + 0.5f + tent(random_high(bits));
    float py = (float)y + 0.5f + tent(random_low(bits));
    ray_hit_set(&p->ray, r->eye, raster_ray(r, px, py));
    p->throughput = vec_of(1.0f, 1.0f, 1.0f);
    p->depth = 0;
    p->key = key;
    for (size_t i = 0; i < TRACE_LAYERS; i++)
        p->light[i] = vec_of(0.0f, 0.0f, 0.0f);
    p->is_alive = true;
    p->has_shadow = false;
    p->counts_emission = true;
    p->cost = 0;
}

static uint32_t dimension(const struct path *p, uint32_t which)
{
    return PATH_DIMENSIONS * (p->depth + 1) + which;
}

uint64_t path_ray_key(const struct path *p)
{
    return random_bits(p->key, dimension(p, DIMENSION_RAY_COIN));
}

uint64_t path_shadow_key(const struct path *p)
{
    return random_bits(p->key, dimension(p, DIMENSION_SHADOW_COIN));
}

static void path_add(struct path *p, struct vec radiance)
{
    struct vec *layer = &p->light[p->depth <= 1 ? 0 : 1];
    *layer = vec_add(*layer, vec_mul(p->throughput, radiance));
}

// The haze along `far` metres: what it sends, and what it lets through of what is behind.
static void path_haze(const struct world *w, struct path *p, float far)
{
    if (!(w->sky.haze_per_m > 0.0f))
        return;
    float through = math_exp_minus(w->sky.haze_per_m * far);
    path_add(p, vec_scale(vec_from(w->sky.haze), 1.0f - through));
    p->throughput = vec_scale(p->throughput, through);
}

static void path_sky(const struct world *w, struct path *p)
{
    path_haze(w, p, WORLD_SKY_M);
    path_add(p, sky_from(&w->sky, ray_direction(&p->ray.ray)));
    p->is_alive = false;
}

static void path_ask_light(const struct world *w, struct path *p, const struct lobe *l,
                           struct vec at)
{
    struct light_sample s;
    struct vec from = start_off(at, l->ng, l->ng);
    struct light_dice dice = {
        .emitter = random_bits(p->key, dimension(p, DIMENSION_EMITTER)),
        .point = random_bits(p->key, dimension(p, DIMENSION_POINT)),
        .keep = random_high(random_bits(p->key, dimension(p, DIMENSION_KEEP))),
    };
    if (!light_choose(w, l, from, &dice, &s))
        return;
    p->pending = vec_mul(p->throughput, s.light);
    if (w->sky.haze_per_m > 0.0f) {
        float far = sqrtf(vec_dot(s.towards, s.towards));
        p->pending = vec_scale(p->pending, math_exp_minus(w->sky.haze_per_m * far));
    }
    p->pending_layer = p->depth == 0 ? 0 : 1;
    p->has_shadow = true;
    ray_set(&p->shadow, from, s.towards, SHADOW_REACH);
}

// Whether the path survives; scales what is left of it if so.
static bool path_roulette(struct path *p, float u)
{
    float most = vec_max(p->throughput);
    if (!(most > 0.0f && most < 1e30f)) // black, or not a number
        return false;
    if (p->depth < PATH_ROULETTE)
        return true;
    float odds = float_min(most, PATH_ROULETTE_MAX);
    if (u >= odds)
        return false;
    p->throughput = vec_scale(p->throughput, 1.0f / odds);
    return true;
}

static void path_scatter(const struct world *w, struct path *p, const struct lobe *l, struct vec at,
                         uint32_t depth_max)
{
    uint64_t bits = random_bits(p->key, dimension(p, DIMENSION_DIRECTION));
    float dice = random_low(random_bits(p->key, dimension(p, DIMENSION_LOBE)));
    struct vec direction;
    struct vec weight;
    p->is_alive = lobe_sample(l, random_high(bits), random_low(bits), &direction, &weight);
    if (!p->is_alive)
        return;
    p->depth++;
    p->counts_emission = !l->is_lit;
    p->throughput = vec_mul(p->throughput, weight);
    bool is_spent = p->depth == depth_max && l->is_lit && w->is_dark; // nothing left to find
    p->is_alive = !is_spent && path_roulette(p, dice);
    if (p->is_alive)
        ray_hit_set(&p->ray, start_off(at, l->ng, direction), direction);
}

void path_fetch_hit(const struct world *w, const struct path *p)
{
    const struct RTCHit *h = &p->ray.hit;
    if (h->geomID == RTC_INVALID_GEOMETRY_ID)
        return;
    __builtin_prefetch(world_surface(w, h->geomID, h->primID));
    if (w->light_count >= LIGHT_MANY)
        light_fetch_slots(w, random_bits(p->key, dimension(p, DIMENSION_EMITTER)));
}

void path_fetch_more(const struct world *w, const struct path *p)
{
    const struct RTCHit *h = &p->ray.hit;
    if (h->geomID == RTC_INVALID_GEOMETRY_ID)
        return;
    __builtin_prefetch(&w->materials[world_surface(w, h->geomID, h->primID)->material]);
    if (w->light_count >= LIGHT_MANY)
        light_fetch(w, random_bits(p->key, dimension(p, DIMENSION_EMITTER)));
}

void path_shade(const struct world *w, struct path *p, uint32_t depth_max)
{
    const struct RTCRayHit *r = &p->ray;
    p->has_shadow = false;
    if (r->hit.geomID == RTC_INVALID_GEOMETRY_ID) {
        p->cost += COST_MISS;
        path_sky(w, p);
        return;
    }
    p->cost += COST_HIT;
    const struct surface *s = world_surface(w, r->hit.geomID, r->hit.primID);
    struct hit h = hit_of(s, &r->ray);
    path_haze(w, p, h.far);
    const struct material *m = &w->materials[s->material];
    if (m->is_emitter && p->counts_emission)
        path_add(p, m->emission);
    if (p->depth == depth_max) {
        p->is_alive = false;
        return;
    }
    struct lobe l = lobe_met(w, &h, ray_direction(&r->ray));
    lobe_choose(&l, random_high(random_bits(p->key, dimension(p, DIMENSION_LOBE))));
    if (l.is_lit && w->light_count > 0 && vec_max(l.tint) > 0.0f)
        path_ask_light(w, p, &l, h.at);
    path_scatter(w, p, &l, h.at, depth_max);
}

void path_light(struct path *p)
{
    if (p->shadow.tfar < 0.0f) { // Embree's mark for: something is in between
        p->cost += COST_BLOCKED;
        return;
    }
    struct vec *layer = &p->light[p->pending_layer];
    *layer = vec_add(*layer, p->pending);
}
