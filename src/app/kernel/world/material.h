// SPDX-License-Identifier: MIT
// How surfaces scatter light: one lobe is chosen at each hit, and sampled or evaluated.
//
// A material is a mix, chosen by chance: glass with probability `transmission`; of the rest,
// metal with probability `metallic`; of the rest, a Lambert base under a dielectric GGX coat
// (no coat where ior is 1). What a lobe's numbers mean:
// - diffuse: base / pi, under a coat times (1 - E(o)) (1 - E(i)) / (1 - mean E), E being the
//   coat's directional albedo: reciprocal, and white on white conserves energy exactly
//   (Kelemen and Szirmay-Kalos 2001);
// - coat: GGX with the dielectric's Fresnel term;
// - metal: GGX with Schlick's Fresnel term on `base`, scaled up by what single scattering loses
//   (Turquin 2019), so that a white rough metal is white;
// - glass: a smooth boundary; `base` filters what passes. Radiance is carried as L / n^2, so
//   nothing is scaled at the boundary.
//
// Each lobe has exactly one strategy. Diffuse and rough lobes (`is_lit`) get emitters by
// choosing a light (trace/light.h) and count none that their sampled direction hits; smooth
// lobes and glass count emitters where they hit them.
#ifndef KERNEL_WORLD_MATERIAL_H
#define KERNEL_WORLD_MATERIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "scene/math.h"
#include "scene/scene.h"

#define MATERIAL_ROW           16   // cosines at which albedos are kept
#define MATERIAL_LIT_ROUGHNESS 0.4f // GGX lobes from here on are lit by choosing lights

struct material {
    struct vec base;
    float alpha; // of GGX: roughness squared
    struct vec emission;
    float ior;
    float metallic;
    float transmission;
    float opacity;
    float coat_rest; // 1 / (1 - mean E of the coat)
    bool is_coated;
    bool is_emitter;
    bool is_rough;             // MATERIAL_LIT_ROUGHNESS
    float coat[MATERIAL_ROW];  // E of the coat at cosine i / (MATERIAL_ROW - 1)
    float metal[MATERIAL_ROW]; // the same of GGX with a Fresnel term of 1
};

enum lobe_kind { LOBE_DIFFUSE, LOBE_DIFFUSE_COATED, LOBE_COAT, LOBE_METAL, LOBE_GLASS };

struct lobe { // one lobe, chosen at one hit
    const struct material *material;
    struct vec out;  // towards where the path came from, unit
    struct vec n;    // shading normal, on the side of `out`, unit
    struct vec ng;   // geometric normal, on the side of `out`, unit
    struct vec tint; // what scales the lobe, one over its chance included
    float cos_out;   // of out and n, > 0
    enum lobe_kind kind;
    bool is_lit;
    bool is_entering; // glass: out is on the outside
};

void material_init(struct material *out, const struct scene_material *from);

// Fresnel's reflectance, unpolarised; cosine on the side that light comes from, 0..1;
// eta is n of the other side over n of this.
float material_fresnel(float cosine, float eta);

// Fills in kind, tint and is_lit; the rest of *l is set by the caller. 0 <= u < 1.
void lobe_choose(struct lobe *l, float u);
// Light from unit `in` to `out`, cosine and tint included. Only for a lobe that is_lit.
struct vec lobe_value(const struct lobe *l, struct vec in);
// A direction and its weight, value over density. False: nothing is scattered that way.
bool lobe_sample(const struct lobe *l, float u1, float u2, struct vec *in, struct vec *weight);

static inline float material_row(const float row[MATERIAL_ROW], float cosine)
{
    float at = cosine * (MATERIAL_ROW - 1);
    int32_t i = (int32_t)at;
    if (i > MATERIAL_ROW - 2)
        i = MATERIAL_ROW - 2;
    float k = at - (float)i;
    return row[i] + (row[i + 1] - row[i]) * k;
}

#endif
