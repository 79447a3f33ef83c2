// SPDX-License-Identifier: MIT
// The lobes: Lambert, GGX (Walter et al. 2007, visible normals after Dupuy and Benyoub 2023),
// glass.
#include "kernel/world/material.h"

#include <assert.h>

// Strata of the quadrature behind an albedo: half a turn is as good as the other half, and the
// rare steep facets, which lose the most, are met by squaring.
#define STRATA_TURN   6
#define STRATA_STEEP  32
#define COSINE_MIN    1e-4f // grazing angles are met, never zero
#define COAT_ODDS_MIN 0.1f  // the less likely of coat and base is still chosen this often

float material_fresnel(float cosine, float eta)
{
    float sine2 = (1.0f - cosine * cosine) / (eta * eta);
    if (sine2 >= 1.0f)
        return 1.0f; // total reflection
    float t = sqrtf(1.0f - sine2);
    float s = (cosine - eta * t) / (cosine + eta * t);
    float p = (eta * cosine - t) / (eta * cosine + t);
    return 0.5f * (s * s + p * p);
}

static struct vec schlick(struct vec base, float cosine)
{
    float m = 1.0f - float_min(cosine, 1.0f);
    float m5 = m * m * m * m * m;
    return vec_of(base.x + (1.0f - base.x) * m5, base.y + (1.0f - base.y) * m5,
                  base.z + (1.0f - base.z) * m5);
}

// Smith's shadowing, the part past what visible normals account for: G2 / G1(out), with
// lambda = (sqrt(1 + alpha^2 tan^2) - 1) / 2.
static float smith_rest(float cos_out, float cos_in, float alpha)
{
    float a2 = alpha * alpha;
    float o = sqrtf(a2 + (1.0f - a2) * cos_out * cos_out) / cos_out; // 1 + 2 lambda
    float i = sqrtf(a2 + (1.0f - a2) * cos_in * cos_in) / cos_in;
    return (1.0f + o) / (o + i);
}

// D G2 / (4 cos_out cos_in), times cos_in; h is between both.
static float ggx_value(float cos_h, float cos_out, float cos_in, float alpha)
{
    float a2 = alpha * alpha;
    float d = cos_h * cos_h * (a2 - 1.0f) + 1.0f;
    float o = sqrtf(a2 + (1.0f - a2) * cos_out * cos_out) * cos_in;
    float i = sqrtf(a2 + (1.0f - a2) * cos_in * cos_in) * cos_out;
    return a2 / (MATH_PI * d * d) * 0.5f / (o + i) * cos_in;
}

// A visible microfacet normal; `out` in the frame of the normal (z up).
static struct vec ggx_normal(struct vec out, float alpha, float u1, float u2)
{
    struct vec v = vec_unit(vec_of(alpha * out.x, alpha * out.y, out.z));
    float sine;
    float cosine;
    math_sincos(u1, &sine, &cosine);
    float z = (1.0f - u2) * (1.0f + v.z) - v.z;
    float r = sqrtf(float_max(0.0f, 1.0f - z * z));
    struct vec h =
        vec_of(alpha * (r * cosine + v.x), alpha * (r * sine + v.y), float_max(z + v.z, 1e-6f));
    return vec_unit(h);
}

// Directional albedo of GGX by stratified sums; eta 0 stands for a Fresnel term of 1.
static float albedo(float cos_out, float alpha, float eta)
{
    assert(cos_out > 0.0f);
    assert(cos_out <= 1.0f);
    struct vec out = vec_of(sqrtf(1.0f - cos_out * cos_out), 0.0f, cos_out);
    float sum = 0.0f;
    for (int i = 0; i < STRATA_TURN * STRATA_STEEP; i++) {
        int steep = i / STRATA_TURN;
        float u1 = ((float)(i % STRATA_TURN) + 0.5f) / (2 * STRATA_TURN);
        float rest = 1.0f - ((float)steep + 0.5f) / STRATA_STEEP;
        float u2 = 1.0f - rest * rest; // which happens 2 * rest times as often
        struct vec h = ggx_normal(out, alpha, u1, u2);
        float cos_oh = vec_dot(out, h);
        float cos_in = 2.0f * cos_oh * h.z - out.z;
        if (cos_in > 0.0f && cos_oh > 0.0f) {
            float f = eta > 0.0f ? material_fresnel(float_min(cos_oh, 1.0f), eta) : 1.0f;
            sum += 2.0f * rest * f * smith_rest(cos_out, cos_in, alpha);
        }
    }
    return sum / (STRATA_TURN * STRATA_STEEP);
}

static void albedo_row(float row[MATERIAL_ROW], float alpha, float eta)
{
    for (int i = 0; i < MATERIAL_ROW; i++)
        row[i] = albedo(float_max((float)i / (MATERIAL_ROW - 1), COSINE_MIN), alpha, eta);
}

// 2 * integral of E(c) c dc over 0..1, exact for the row's straight pieces.
static float row_mean(const float row[MATERIAL_ROW])
{
    const float h = 1.0f / (MATERIAL_ROW - 1);
    float sum = 0.0f;
    for (int i = 0; i < MATERIAL_ROW - 1; i++) {
        float a = (float)i * h;
        sum += row[i] * (a * h / 2.0f + h * h / 6.0f) + row[i + 1] * (a * h / 2.0f + h * h / 3.0f);
    }
    return 2.0f * sum;
}

void material_init(struct material *out, const struct scene_material *from)
{
    struct material m = {
        .base = vec_from(from->base),
        .alpha = from->roughness * from->roughness,
        .emission = vec_from(from->emission),
        .ior = from->ior,
        .metallic = from->metallic,
        .transmission = from->transmission,
        .opacity = from->opacity,
        .coat_rest = 1.0f,
        .is_coated = from->ior > 1.0f,
        .is_rough = from->roughness >= MATERIAL_LIT_ROUGHNESS,
    };
    m.is_emitter = vec_max(m.emission) > 0.0f;
    if (m.is_coated && m.metallic < 1.0f && m.transmission < 1.0f) {
        albedo_row(m.coat, m.alpha, m.ior);
        m.coat_rest = 1.0f / (1.0f - row_mean(m.coat));
        assert(m.coat_rest >= 1.0f);
    }
    if (m.metallic > 0.0f && m.transmission < 1.0f)
        albedo_row(m.metal, m.alpha, 0.0f);
    assert(m.alpha >= 0.0f);
    assert(m.alpha <= 1.0f);
    *out = m;
}

static void choose_coated(struct lobe *l, float u)
{
    const struct material *m = l->material;
    float coat = material_row(m->coat, l->cos_out);
    float base = (1.0f - coat) * vec_max(m->base);
    float odds = float_max(COAT_ODDS_MIN, coat / (coat + base + 1e-6f));
    odds = float_min(odds, base > 0.0f ? 1.0f - COAT_ODDS_MIN : 1.0f);
    if (u < odds) {
        l->kind = LOBE_COAT;
        l->tint = vec_of(1.0f / odds, 1.0f / odds, 1.0f / odds);
        l->is_lit = m->is_rough;
        return;
    }
    l->kind = LOBE_DIFFUSE_COATED;
    l->tint = vec_scale(m->base, (1.0f - coat) * m->coat_rest / (1.0f - odds));
    l->is_lit = true;
}

void lobe_choose(struct lobe *l, float u)
{
    const struct material *m = l->material;
    if (u < m->transmission) {
        l->kind = LOBE_GLASS;
        l->tint = m->base;
        l->is_lit = false;
        return;
    }
    u = m->transmission > 0.0f ? (u - m->transmission) / (1.0f - m->transmission) : u;
    if (u < m->metallic) {
        float lost = 1.0f / material_row(m->metal, l->cos_out) - 1.0f;
        l->kind = LOBE_METAL;
        l->tint = vec_of(1.0f + m->base.x * lost, 1.0f + m->base.y * lost, 1.0f + m->base.z * lost);
        l->is_lit = m->is_rough;
        return;
    }
    u = m->metallic > 0.0f ? (u - m->metallic) / (1.0f - m->metallic) : u;
    if (m->is_coated) {
        choose_coated(l, u);
        return;
    }
    l->kind = LOBE_DIFFUSE;
    l->tint = m->base;
    l->is_lit = true;
}

static struct vec facet_fresnel(const struct lobe *l, float cos_oh)
{
    if (l->kind == LOBE_METAL)
        return vec_mul(l->tint, schlick(l->material->base, cos_oh));
    return vec_scale(l->tint, material_fresnel(float_min(cos_oh, 1.0f), l->material->ior));
}

struct vec lobe_value(const struct lobe *l, struct vec in)
{
    assert(l->is_lit);
    float cos_in = vec_dot(l->n, in);
    if (cos_in <= 0.0f)
        return vec_of(0.0f, 0.0f, 0.0f);
    if (l->kind == LOBE_DIFFUSE)
        return vec_scale(l->tint, cos_in * (1.0f / MATH_PI));
    if (l->kind == LOBE_DIFFUSE_COATED) {
        float rest = 1.0f - material_row(l->material->coat, float_min(cos_in, 1.0f));
        return vec_scale(l->tint, cos_in * rest * (1.0f / MATH_PI));
    }
    struct vec sum = vec_add(l->out, in);
    struct vec h = vec_scale(sum, 1.0f / sqrtf(float_max(vec_dot(sum, sum), 1e-12f)));
    float value = ggx_value(vec_dot(l->n, h), l->cos_out, cos_in, l->material->alpha);
    return vec_scale(facet_fresnel(l, vec_dot(l->out, h)), value);
}

static bool sample_diffuse(const struct lobe *l, float u1, float u2, struct vec *in,
                           struct vec *weight)
{
    // The normal plus a point on the unit sphere: cosine-distributed, no frame needed.
    float sine;
    float cosine;
    math_sincos(u1, &sine, &cosine);
    float z = 1.0f - 2.0f * u2;
    float r = sqrtf(float_max(0.0f, 1.0f - z * z));
    struct vec d = vec_add(l->n, vec_of(r * cosine, r * sine, z));
    float length2 = vec_dot(d, d);
    if (length2 < 1e-8f)
        return false;
    *in = vec_scale(d, 1.0f / sqrtf(length2));
    *weight = l->tint;
    if (l->kind == LOBE_DIFFUSE_COATED) {
        float cos_in = float_min(float_max(vec_dot(l->n, *in), 0.0f), 1.0f);
        *weight = vec_scale(l->tint, 1.0f - material_row(l->material->coat, cos_in));
    }
    return vec_dot(*in, l->ng) > 0.0f;
}

static bool sample_facet(const struct lobe *l, float u1, float u2, struct vec *in,
                         struct vec *weight)
{
    struct vec t;
    struct vec b;
    math_frame(l->n, &t, &b);
    struct vec out = vec_of(vec_dot(l->out, t), vec_dot(l->out, b), l->cos_out);
    struct vec h = ggx_normal(out, l->material->alpha, u1, u2);
    float cos_oh = vec_dot(out, h);
    float cos_in = 2.0f * cos_oh * h.z - out.z;
    if (cos_in <= 0.0f || cos_oh <= 0.0f)
        return false;
    struct vec local = vec_of(2.0f * cos_oh * h.x - out.x, 2.0f * cos_oh * h.y - out.y, cos_in);
    struct vec d = vec_along(vec_along(vec_scale(t, local.x), b, local.y), l->n, local.z);
    // A smooth mirror bent below the surface by its shading normal is lifted back, not black.
    float below = vec_dot(d, l->ng);
    if (below <= 0.0f && !l->is_lit)
        d = vec_along(d, l->ng, 1e-3f - 2.0f * below);
    *in = vec_unit(d);
    *weight =
        vec_scale(facet_fresnel(l, cos_oh), smith_rest(l->cos_out, cos_in, l->material->alpha));
    return vec_dot(*in, l->ng) > 0.0f;
}

static bool sample_glass(const struct lobe *l, float u, struct vec *in, struct vec *weight)
{
    float eta = l->is_entering ? l->material->ior : 1.0f / l->material->ior;
    float cosine = float_min(l->cos_out, 1.0f);
    float reflected = material_fresnel(cosine, eta);
    if (u < reflected) {
        struct vec d = vec_sub(vec_scale(l->n, 2.0f * cosine), l->out);
        float below = vec_dot(d, l->ng);
        if (below <= 0.0f)
            d = vec_along(d, l->ng, 1e-3f - 2.0f * below);
        *in = vec_unit(d);
        *weight = vec_of(1.0f, 1.0f, 1.0f);
        return true;
    }
    float inverse = 1.0f / eta;
    float t = sqrtf(float_max(0.0f, 1.0f - (1.0f - cosine * cosine) * inverse * inverse));
    struct vec d = vec_along(vec_scale(l->out, -inverse), l->n, cosine * inverse - t);
    float above = vec_dot(d, l->ng);
    if (above >= 0.0f)
        d = vec_along(d, l->ng, -1e-3f - 2.0f * above);
    *in = vec_unit(d);
    *weight = l->tint;
    return true;
}

bool lobe_sample(const struct lobe *l, float u1, float u2, struct vec *in, struct vec *weight)
{
    switch (l->kind) {
    case LOBE_DIFFUSE:
    case LOBE_DIFFUSE_COATED:
        return sample_diffuse(l, u1, u2, in, weight);
    case LOBE_COAT:
    case LOBE_METAL:
        return sample_facet(l, u1, u2, in, weight);
    case LOBE_GLASS:
        return sample_glass(l, u1, in, weight);
    }
    return false;
}
