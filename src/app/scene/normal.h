// SPDX-License-Identifier: MIT
// Directions in 32 bits: octahedral unit vectors, 16 bits each way (Cigolle et al., JCGT 2014).
#ifndef SCENE_NORMAL_H
#define SCENE_NORMAL_H

#include <math.h>
#include <stdint.h>

#include "scene/vec.h"

// n has a length.
static inline uint32_t normal_pack(struct vec n)
{
    float sum = fabsf(n.x) + fabsf(n.y) + fabsf(n.z);
    float x = n.x / sum;
    float y = n.y / sum;
    if (n.z < 0.0f) {
        float folded = copysignf(1.0f - fabsf(y), x);
        y = copysignf(1.0f - fabsf(x), y);
        x = folded;
    }
    int16_t a = (int16_t)(x * 32767.0f + copysignf(0.5f, x));
    int16_t b = (int16_t)(y * 32767.0f + copysignf(0.5f, y));
    return (uint32_t)(uint16_t)b << 16 | (uint16_t)a;
}

// Any bits; not of unit length.
static inline struct vec normal_unpack(uint32_t packed)
{
    float x = (float)(int16_t)(packed & 0xffffu) * (1.0f / 32767.0f);
    float y = (float)(int16_t)(packed >> 16) * (1.0f / 32767.0f);
    float z = 1.0f - fabsf(x) - fabsf(y);
    float fold = z < 0.0f ? -z : 0.0f;
    return vec_of(x - copysignf(fold, x), y - copysignf(fold, y), z);
}

#endif
