// SPDX-License-Identifier: MIT
// The filter: along surfaces, wider where light is noisy (Schied et al. 2017; the dilated
// kernel is that of Dammertz et al. 2010, three by three).
#include <assert.h>

#include "kernel/post/field.h"

#define CALM_REACH      2    // pixels around that a bright one is held against
#define CALM_OVER       4.0f // deviations above their mean
#define SPREAD_REACH    2    // pixels around that a young pixel's variance is taken from
#define YOUNG           4.0f // frames
#define LUMINANCE_SIGMA 2.5f // deviations by which luminances differ as if they were one
#define LUMINANCE_FLOOR 0.004f
#define PLANE_APART     0.01f // of the depth: this far off the plane counts as much as a deviation
#define WEIGHT_MIN      1e-6f

static_assert(POST_LEVELS_MAX < 8, "the reach of the widest level is small");

uint32_t post_margin(const struct post_params *p)
{
    return CALM_REACH + SPREAD_REACH + 1u + (1u << p->levels);
}

float post_likeness(const struct post_surface *a, const struct post_surface *b)
{
    if (a->id != b->id || a->id == 0)
        return 0.0f;
    float cosine = vec_dot(a->normal, b->normal);
    if (!(cosine > 0.0f))
        return 0.0f;
    for (int i = 0; i < 5; i++) // to the 32nd power
        cosine *= cosine;
    float off = fabsf(vec_dot(a->normal, vec_sub(b->at, a->at)));
    return cosine * math_exp_minus(off / (PLANE_APART * a->depth + 1e-6f));
}

struct around {              // a square of pixels, cut to the field
    uint32_t x0, y0, x1, y1; // from, one past the last
};

static struct around around_of(const struct post_field *f, uint32_t x, uint32_t y, uint32_t reach)
{
    return (struct around){x > reach ? x - reach : 0, y > reach ? y - reach : 0,
                           x + reach + 1 < f->w ? x + reach + 1 : f->w,
                           y + reach + 1 < f->h ? y + reach + 1 : f->h};
}

struct moments {
    float weight, mean, variance;
};

// Of the luminance around a pixel, along its surface.
static struct moments moments_of(const struct post_field *f, uint32_t x, uint32_t y, uint32_t reach,
                                 bool with_itself)
{
    const size_t middle = (size_t)y * f->w + x;
    const struct around a = around_of(f, x, y, reach);
    float weight = 0.0f;
    float sum = 0.0f;
    float squares = 0.0f;
    for (uint32_t k = a.y0; k < a.y1; k++) {
        for (uint32_t i = a.x0; i < a.x1; i++) {
            const size_t at = (size_t)k * f->w + i;
            if (!(f->light[at].count > 0.0f) || (at == middle && !with_itself))
                continue;
            const float w =
                post_likeness(&f->surface[middle], &f->surface[at]) * f->surface[at].trust;
            const float l = vec_luminance(f->light[at].light);
            weight += w;
            sum += w * l;
            squares += w * l * l;
        }
    }
    if (!(weight > WEIGHT_MIN))
        return (struct moments){0};
    const float mean = sum / weight;
    return (struct moments){weight, mean, float_max(squares / weight - mean * mean, 0.0f)};
}

// A pixel far brighter than all around it on its surface was hit by a rare path: what it has too
// much, hundreds of frames would have to make up for.
void post_calm(struct post_field *f)
{
    for (uint32_t y = 0; y < f->h; y++) {
        for (uint32_t x = 0; x < f->w; x++) {
            const size_t i = (size_t)y * f->w + x;
            f->out[i].weight = 1.0f;
            if (!(f->light[i].count > 0.0f))
                continue;
            const struct moments m = moments_of(f, x, y, CALM_REACH, false);
            const float most = m.mean + CALM_OVER * sqrtf(m.variance);
            const float own = vec_luminance(f->light[i].light);
            if (m.weight > 1.0f && own > most)
                f->out[i].weight = most / own;
        }
    }
    for (size_t i = 0; i < (size_t)f->w * f->h; i++)
        f->light[i].light = vec_scale(f->light[i].light, f->out[i].weight);
}

static float variance_of(const struct post_field *f, uint32_t x, uint32_t y)
{
    const struct post_light *l = &f->light[(size_t)y * f->w + x];
    if (!(l->count > 0.0f))
        return 0.0f;
    if (l->count >= YOUNG)
        return l->spread / l->count;
    return moments_of(f, x, y, SPREAD_REACH, true).variance * (YOUNG / l->count);
}

// Variances of single pixels are noise themselves: each is the mean of those around it.
static float smooth_at(const struct post_field *f, uint32_t x, uint32_t y)
{
    const struct around a = around_of(f, x, y, 1);
    float weight = 0.0f;
    float sum = 0.0f;
    for (uint32_t k = a.y0; k < a.y1; k++) {
        for (uint32_t i = a.x0; i < a.x1; i++) {
            const struct post_glow *g = &f->out[(size_t)k * f->w + i];
            if (!(g->weight > 0.0f))
                continue;
            const float w = (i == x ? 2.0f : 1.0f) * (k == y ? 2.0f : 1.0f);
            weight += w;
            sum += w * g->variance;
        }
    }
    return weight > 0.0f ? sum / weight : 0.0f;
}

void post_variance(struct post_field *f)
{
    for (uint32_t y = 0; y < f->h; y++) {
        for (uint32_t x = 0; x < f->w; x++) {
            const size_t i = (size_t)y * f->w + x;
            f->glow[i].light = f->light[i].light;
            f->glow[i].weight = f->light[i].count > 0.0f ? f->surface[i].trust : 0.0f;
            f->out[i].weight = f->glow[i].weight;
            f->out[i].variance = variance_of(f, x, y);
        }
    }
    for (uint32_t y = 0; y < f->h; y++) {
        for (uint32_t x = 0; x < f->w; x++)
            f->glow[(size_t)y * f->w + x].variance = smooth_at(f, x, y);
    }
}

struct pull { // what the pixels around one come to
    struct vec light;
    float weight, variance;
};

static void pull_in(struct pull *p, const struct post_glow *g, float weight)
{
    p->light = vec_along(p->light, g->light, weight);
    p->variance += weight * weight * g->variance;
    p->weight += weight;
}

static void filter_pixel(struct post_field *f, uint32_t x, uint32_t y, uint32_t step)
{
    const size_t middle = (size_t)y * f->w + x;
    const struct post_surface *s = &f->surface[middle];
    const struct post_glow *own = &f->glow[middle];
    struct post_glow *out = &f->out[middle];
    *out = *own;
    if (s->id == 0)
        return;
    const float luminance = vec_luminance(own->light);
    // A pixel that knows nothing takes what is around it, however bright.
    const float per = own->weight > 0.0f
                          ? 1.0f / (LUMINANCE_SIGMA * sqrtf(own->variance) + LUMINANCE_FLOOR)
                          : 0.0f;
    struct pull p = {0};
    pull_in(&p, own, 4.0f * own->weight);
    for (uint32_t n = 0; n < 9; n++) {
        const uint32_t i = x + (n % 3) * step - step; // wraps below 0, and is then too large
        const uint32_t k = y + (n / 3) * step - step;
        if (n == 4 || i >= f->w || k >= f->h)
            continue;
        const size_t at = (size_t)k * f->w + i;
        const float likeness = post_likeness(s, &f->surface[at]);
        if (!(likeness * f->glow[at].weight > 0.0f))
            continue;
        const float apart = fabsf(vec_luminance(f->glow[at].light) - luminance);
        const float kernel = n % 2 == 1 ? 2.0f : 1.0f;
        pull_in(&p, &f->glow[at],
                kernel * likeness * f->glow[at].weight * math_exp_minus(apart * per));
    }
    if (!(p.weight > WEIGHT_MIN))
        return;
    out->light = vec_scale(p.light, 1.0f / p.weight);
    out->variance = p.variance / (p.weight * p.weight);
    out->weight = float_max(own->weight, float_min(p.weight * 0.0625f, 1.0f));
}

void post_filter(struct post_field *f)
{
    assert(f->in->params->levels <= POST_LEVELS_MAX);
    for (uint32_t level = 0; level < f->in->params->levels; level++) {
        for (uint32_t y = 0; y < f->h; y++) {
            for (uint32_t x = 0; x < f->w; x++)
                filter_pixel(f, x, y, 1u << level);
        }
        struct post_glow *made = f->out;
        f->out = f->glow;
        f->glow = made;
    }
}
