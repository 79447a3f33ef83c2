// SPDX-License-Identifier: MIT
// Where sound goes: rays from the source, and what of each reaches the listener when.
#include "kernel/audio/paths.h"

#include <assert.h>
#include <math.h>

#include "kernel/audio/energy.h"
#include "kernel/world/random.h"

#define BOUNCES_MAX  512u
#define ENERGY_LEAST 1e-7f // of what it set out with: the rest is not followed
#define OFFSET       2e-5f // off a surface, times the greatest coordinate; as pictures' paths
#define FRAMES_PER_M ((float)AUDIO_RATE_HZ / AUDIO_SOUND_M_S)

enum dimension { DIRECTION, RAY_COIN, SHADOW_COIN, DIMENSIONS };

static const float smooth = 0.03f;
static const float rough[AUDIO_BANDS] = {0.10f, 0.30f, 0.50f};
static const float glass[AUDIO_BANDS] = {0.15f, 0.05f, 0.03f};

struct beam { // one ray on its way
    struct vec from, direction;
    struct vec normal; // of the surface left last
    float energy[AUDIO_BANDS];
    float way_m;
    uint64_t key;
    uint32_t bounce;
};

struct ears { // of one group
    const struct world *world;
    const struct audio_params *params;
    struct vec at;
    struct world_context context;
    uint64_t *sums;
};

void audio_absorption(const struct material *m, float out[AUDIO_BANDS])
{
    const float roughness = sqrtf(m->alpha) * (1.0f - m->metallic);
    for (size_t i = 0; i < AUDIO_BANDS; i++) {
        const float solid = smooth + roughness * rough[i];
        out[i] = solid + (glass[i] - solid) * m->transmission;
    }
}

static uint64_t coin(const struct beam *b, enum dimension which)
{
    return random_bits(b->key, b->bounce * DIMENSIONS + which);
}

static struct RTCRay ray_of(struct vec from, struct vec direction, float far)
{
    return (struct RTCRay){.org_x = from.x,
                           .org_y = from.y,
                           .org_z = from.z,
                           .dir_x = direction.x,
                           .dir_y = direction.y,
                           .dir_z = direction.z,
                           .tfar = far,
                           .mask = UINT32_MAX};
}

static bool is_seen(struct ears *e, struct vec from, struct vec to, uint64_t key)
{
    struct RTCRay ray = ray_of(from, vec_sub(to, from), 1.0f);
    e->context.key = key;
    rtcOccluded1(e->world->scene, &e->context.context, &ray);
    return ray.tfar >= 0.0f; // below: Embree's mark for something in between
}

static struct vec ball_direction(uint64_t bits)
{
    const float z = 1.0f - 2.0f * random_high(bits);
    const float r = sqrtf(float_max(0.0f, 1.0f - z * z));
    float sine;
    float cosine;
    math_sincos(random_low(bits), &sine, &cosine);
    return vec_of(r * cosine, r * sine, z);
}

// Lambert's, around n.
static struct vec scattered(struct vec n, uint64_t bits)
{
    const float u = random_high(bits);
    const float r = sqrtf(u);
    const float z = sqrtf(float_max(0.0f, 1.0f - u));
    float sine;
    float cosine;
    struct vec t;
    struct vec b;
    math_sincos(random_low(bits), &sine, &cosine);
    math_frame(n, &t, &b);
    return vec_along(vec_along(vec_scale(n, z), t, r * cosine), b, r * sine);
}

// What the surface left last sends the ears.
static void hear(struct ears *e, const struct beam *b)
{
    const struct vec to = vec_sub(e->at, b->from);
    const float far = vec_length(to);
    const float cosine = vec_dot(b->normal, to) / float_max(far, 1e-6f);
    const float frame = (b->way_m + far) * FRAMES_PER_M;
    const uint32_t length = audio_response_frames(e->params);
    if (!(cosine > 0.0f) || !(frame < (float)length) ||
        !is_seen(e, b->from, e->at, coin(b, SHADOW_COIN)))
        return;
    const float near = float_max(far, AUDIO_NEAR_M);
    const uint32_t bin = (uint32_t)frame / e->params->bin_frames;
    assert(bin < e->params->bins);
    for (size_t i = 0; i < AUDIO_BANDS; i++) {
        // Lambert sends cosine / pi a steradian; the direct sound 1 / (4 pi), which is 1 at 1 m.
        const double heard = (double)(4.0f * b->energy[i] * cosine / (near * near));
        e->sums[(size_t)bin * AUDIO_BANDS + i] +=
            (uint64_t)(heard * (double)(1ull << AUDIO_UNIT_BITS) + 0.5);
    }
}

// To the next surface; false: there is none, or too little is left.
static bool bounce(struct ears *e, struct beam *b)
{
    struct RTCRayHit r = {.ray = ray_of(b->from, b->direction, INFINITY),
                          .hit = {.geomID = RTC_INVALID_GEOMETRY_ID}};
    e->context.key = coin(b, RAY_COIN);
    rtcIntersect1(e->world->scene, &e->context.context, &r);
    if (r.hit.geomID == RTC_INVALID_GEOMETRY_ID)
        return false;
    const struct surface *const s = world_surface(e->world, r.hit.geomID, r.hit.primID);
    const float across = vec_dot(s->ng, b->direction);
    const struct vec n = across < 0.0f ? s->ng : vec_scale(s->ng, -1.0f);
    // From the triangle's plane: the same whatever Embree's rounding, as in pictures' paths.
    float far = vec_dot(s->ng, vec_sub(s->at, b->from)) / across;
    if (!(far >= 0.0f && far < 2.0f * r.ray.tfar + 1.0f))
        far = r.ray.tfar;
    const struct vec at = vec_along(b->from, b->direction, far);
    const float reach = 1.0f + float_max(fabsf(at.x), float_max(fabsf(at.y), fabsf(at.z)));
    float absorbed[AUDIO_BANDS];
    float most = 0.0f;
    audio_absorption(&e->world->materials[s->material], absorbed);
    for (size_t i = 0; i < AUDIO_BANDS; i++) {
        b->energy[i] *= 1.0f - absorbed[i];
        most = float_max(most, b->energy[i]);
    }
    b->way_m += far;
    b->from = vec_along(at, n, OFFSET * reach);
    b->normal = n;
    return most > ENERGY_LEAST && b->way_m * FRAMES_PER_M < (float)audio_response_frames(e->params);
}

static void follow(struct ears *e, struct beam *b)
{
    b->direction = ball_direction(coin(b, DIRECTION));
    while (b->bounce < BOUNCES_MAX && bounce(e, b)) {
        hear(e, b);
        b->bounce++;
        b->direction = scattered(b->normal, coin(b, DIRECTION));
    }
}

void audio_trace(const struct world *w, const struct audio_params *p, uint32_t group,
                 uint64_t *sums, bool *is_free)
{
    assert(group < p->groups);
    struct ears e = {.world = w, .params = p, .at = vec_from(p->listener)};
    e.sums = sums;
    rtcInitIntersectContext(&e.context.context);
    e.context.world = w;
    const struct vec source = vec_from(p->source);
    *is_free = is_seen(&e, source, e.at, random_pixel_key(p->seed, group, UINT32_MAX, 0));
    for (uint32_t i = 0; i < p->rays; i++) {
        struct beam b = {.from = source,
                         .energy = {1.0f, 1.0f, 1.0f},
                         .key = random_pixel_key(p->seed, group, i, 0)};
        follow(&e, &b);
    }
}
