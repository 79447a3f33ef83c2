// SPDX-License-Identifier: MIT
// What one ray of the camera sees, followed without dice.
//
// Where kernel `trace` throws a coin (transparent or not, coat or base, mirrored or let through),
// both ways are followed with their odds as weights, the heavier first. Ways end at surfaces
// that scatter widely: what those would send on is light, not geometry.
#include "kernel/geometry/look.h"

#include <assert.h>

#include "kernel/world/ray.h"

#define WAYS_MAX    24u    // rays of one look
#define WAYS_OPEN   8u     // ways that wait
#define WEIGHT_MIN  0.004f // a lighter way is not followed: 1 / 256
#define CLEAR_ROUGH 0.13f  // lobes up to this roughness are followed like mirrors
#define REFLECT     (-1.0f)
#define REFRACT     1.0f // no Fresnel term is above it

struct way { // a ray to follow
    struct vec from, direction;
    struct vec weight;
    float far;    // metres so far
    uint32_t id;  // of the mirrors it was sent on by, mixed
    bool is_main; // what it meets is what the look is about, if nothing was before
};

struct walk {
    const struct world *world;
    struct look look;
    struct way open[WAYS_OPEN];
    uint32_t open_count;
    uint32_t left; // rays that may still be sent
};

static void add_albedo(struct walk *k, struct vec weight)
{
    k->look.albedo = vec_add(k->look.albedo, weight);
}

static void add_emission(struct walk *k, struct vec weight, struct vec radiance)
{
    k->look.emission = vec_add(k->look.emission, vec_mul(weight, radiance));
}

// To be followed later; what is not worth it counts as lit from all around.
static void walk_on(struct walk *k, const struct way *w)
{
    if (!(vec_max(w->weight) > 0.0f))
        return;
    if (k->open_count == WAYS_OPEN || vec_max(w->weight) < WEIGHT_MIN)
        add_albedo(k, w->weight);
    else
        k->open[k->open_count++] = *w;
}

static struct way walk_next(struct walk *k)
{
    assert(k->open_count > 0);
    assert(k->open_count <= WAYS_OPEN);
    uint32_t most = 0;
    for (uint32_t i = 1; i < k->open_count; i++) {
        if (vec_max(k->open[i].weight) > vec_max(k->open[most].weight))
            most = i;
    }
    struct way w = k->open[most];
    k->open[most] = k->open[--k->open_count];
    return w;
}

static void haze_pass(struct walk *k, struct way *w, float far)
{
    const struct scene_sky *sky = &k->world->sky;
    if (!(sky->haze_per_m > 0.0f))
        return;
    float through = math_exp_minus(sky->haze_per_m * far);
    add_emission(k, vec_scale(w->weight, 1.0f - through), vec_from(sky->haze));
    w->weight = vec_scale(w->weight, through);
}

static void meet_sky(struct walk *k, struct way *w)
{
    haze_pass(k, w, WORLD_SKY_M);
    add_emission(k, w->weight, sky_from(&k->world->sky, w->direction));
}

struct meeting { // a way at a surface
    struct way way;
    struct hit hit;
    struct lobe lobe;
};

// Sends a way on off the surface or through it.
static void send(struct walk *k, const struct meeting *m, float u, struct vec weight, bool is_main)
{
    struct lobe l = m->lobe;
    l.kind = LOBE_GLASS; // smooth, and decided by u alone
    l.tint = vec_of(1.0f, 1.0f, 1.0f);
    struct way on = m->way;
    struct vec spare;
    if (!lobe_sample(&l, u, 0.0f, &on.direction, &spare))
        return;
    on.from = start_off(m->hit.at, l.ng, on.direction);
    on.weight = vec_mul(m->way.weight, weight);
    on.id = m->way.id * 31u + m->hit.surface->material + 1u;
    on.is_main = m->way.is_main && is_main;
    walk_on(k, &on);
}

// Glass, with `share` of the surface. Returns how much of it is not followed: none.
static void meet_glass(struct walk *k, const struct meeting *m, float share)
{
    const struct material *a = m->lobe.material;
    float eta = m->lobe.is_entering ? a->ior : 1.0f / a->ior;
    float back = material_fresnel(m->lobe.cos_out, eta);
    send(k, m, REFLECT, vec_of(share * back, share * back, share * back), back > 0.5f);
    if (back < 1.0f)
        send(k, m, REFRACT, vec_scale(a->base, share * (1.0f - back)), back <= 0.5f);
}

static bool is_clear(const struct material *a)
{
    return a->alpha <= CLEAR_ROUGH * CLEAR_ROUGH;
}

// Metal; adds to *diffuse what is not followed.
static void meet_metal(struct walk *k, const struct meeting *m, float share, struct vec *diffuse)
{
    const struct material *a = m->lobe.material;
    float lost = 1.0f / material_row(a->metal, m->lobe.cos_out) - 1.0f;
    float edge = 1.0f - m->lobe.cos_out;
    float edge5 = edge * edge * edge * edge * edge;
    struct vec base = vec_scale(a->base, 1.0f - edge5);
    struct vec back = vec_add(base, vec_of(edge5, edge5, edge5));
    struct vec gain = vec_along(vec_of(1.0f, 1.0f, 1.0f), a->base, lost);
    struct vec weight = vec_scale(vec_mul(back, gain), share / (1.0f + lost));
    if (is_clear(a))
        send(k, m, REFLECT, weight, true);
    else
        *diffuse = vec_add(*diffuse, weight);
}

// What is neither glass nor metal: a coat, and what is under it.
static void meet_coated(struct walk *k, const struct meeting *m, float share, struct vec *diffuse)
{
    const struct material *a = m->lobe.material;
    float coat = a->is_coated ? material_row(a->coat, m->lobe.cos_out) : 0.0f;
    *diffuse = vec_along(*diffuse, a->base, share * (1.0f - coat));
    struct vec weight = vec_of(share * coat, share * coat, share * coat);
    if (is_clear(a))
        send(k, m, REFLECT, weight, false);
    else
        *diffuse = vec_add(*diffuse, weight);
}

static void be_about(struct walk *k, const struct meeting *m)
{
    assert(k->look.id == 0); // of one surface only
    uint32_t id = m->way.id * 31u + m->hit.surface->material;
    k->look.depth = m->way.far;
    k->look.normal = m->lobe.n;
    k->look.id = (uint8_t)(1u + id % 255u);
}

static void meet_surface(struct walk *k, struct meeting *m)
{
    const struct material *a = m->lobe.material;
    if (a->opacity < 1.0f) {
        struct way on = m->way;
        on.from = start_off(m->hit.at, m->lobe.ng, on.direction);
        on.weight = vec_scale(on.weight, 1.0f - a->opacity);
        on.is_main = m->way.is_main && a->opacity < 0.5f;
        walk_on(k, &on);
        m->way.weight = vec_scale(m->way.weight, a->opacity);
        m->way.is_main = m->way.is_main && a->opacity >= 0.5f;
    }
    add_emission(k, m->way.weight, a->emission);
    struct vec diffuse = vec_of(0.0f, 0.0f, 0.0f);
    const float solid = 1.0f - a->transmission;
    if (a->transmission > 0.0f)
        meet_glass(k, m, a->transmission);
    if (solid * a->metallic > 0.0f)
        meet_metal(k, m, solid * a->metallic, &diffuse);
    if (solid * (1.0f - a->metallic) > 0.0f)
        meet_coated(k, m, solid * (1.0f - a->metallic), &diffuse);
    add_albedo(k, vec_mul(m->way.weight, diffuse));
    const bool is_mirror = a->metallic > 0.5f && is_clear(a);
    const bool is_glass = a->transmission > 0.5f;
    if (m->way.is_main && k->look.id == 0 && !is_mirror && !is_glass)
        be_about(k, m);
}

// Fills in *m; false: the way leads into the sky.
static bool meet(const struct world *world, struct world_context *context, struct meeting *m)
{
    struct RTCRayHit r = {0};
    ray_hit_set(&r, m->way.from, m->way.direction);
    rtcIntersect1(world->scene, &context->context, &r);
    if (r.hit.geomID == RTC_INVALID_GEOMETRY_ID)
        return false;
    m->hit = hit_of(world_surface(world, r.hit.geomID, r.hit.primID), &r.ray);
    m->lobe = lobe_met(world, &m->hit, m->way.direction);
    return true;
}

struct look look_along(const struct world *w, struct vec from, struct vec direction)
{
    struct world_context context = {.world = w, .takes_all = true};
    rtcInitIntersectContext(&context.context);
    struct walk k = {.world = w, .open_count = 1, .left = WAYS_MAX};
    k.open[0] = (struct way){
        .from = from, .direction = direction, .weight = {1.0f, 1.0f, 1.0f}, .is_main = true};
    while (k.open_count > 0) {
        struct meeting m = {.way = walk_next(&k)};
        if (k.left == 0) {
            add_albedo(&k, m.way.weight);
            continue;
        }
        k.left--;
        if (!meet(w, &context, &m)) {
            meet_sky(&k, &m.way);
            continue;
        }
        haze_pass(&k, &m.way, m.hit.far);
        m.way.far += m.hit.far;
        meet_surface(&k, &m);
    }
    return k.look;
}
