// SPDX-License-Identifier: MIT
// Three floats, a place or direction in metres or a colour, and the few operations on them.
#ifndef SCENE_VEC_H
#define SCENE_VEC_H

#include <math.h>

struct vec {
    float x, y, z;
};

static inline struct vec vec_of(float x, float y, float z)
{
    return (struct vec){x, y, z};
}

static inline struct vec vec_from(const float v[static 3])
{
    return vec_of(v[0], v[1], v[2]);
}

static inline struct vec vec_add(struct vec a, struct vec b)
{
    return vec_of(a.x + b.x, a.y + b.y, a.z + b.z);
}

static inline struct vec vec_sub(struct vec a, struct vec b)
{
    return vec_of(a.x - b.x, a.y - b.y, a.z - b.z);
}

static inline struct vec vec_scale(struct vec a, float s)
{
    return vec_of(a.x * s, a.y * s, a.z * s);
}

// a + b * s
static inline struct vec vec_along(struct vec a, struct vec b, float s)
{
    return vec_of(a.x + b.x * s, a.y + b.y * s, a.z + b.z * s);
}

static inline float vec_dot(struct vec a, struct vec b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}

static inline struct vec vec_cross(struct vec a, struct vec b)
{
    return vec_of(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x);
}

static inline float vec_length(struct vec a)
{
    return sqrtf(vec_dot(a, a));
}

// Of colours: each channel on its own.
static inline struct vec vec_mul(struct vec a, struct vec b)
{
    return vec_of(a.x * b.x, a.y * b.y, a.z * b.z);
}

// Length 1, or zero if there is no length.
static inline struct vec vec_unit(struct vec a)
{
    float length = vec_length(a);
    return length > 0.0f ? vec_scale(a, 1.0f / length) : vec_of(0.0f, 0.0f, 0.0f);
}

// Length 1, or `otherwise` if there is next to none.
static inline struct vec vec_unit_or(struct vec a, struct vec otherwise)
{
    float length2 = vec_dot(a, a);
    return length2 > 1e-12f ? vec_scale(a, 1.0f / sqrtf(length2)) : otherwise;
}

// The largest of the three.
static inline float vec_max(struct vec a)
{
    float yz = a.y > a.z ? a.y : a.z;
    return a.x > yz ? a.x : yz;
}

// Of a colour: weights of Rec. 709.
static inline float vec_luminance(struct vec a)
{
    return 0.2126f * a.x + 0.7152f * a.y + 0.0722f * a.z;
}

#endif
