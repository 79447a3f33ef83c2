// SPDX-License-Identifier: MIT
// Rows of a picture, four pixels at a time: what any x86-64 has (SSE2).
#include <emmintrin.h>

#define LANES 4u

typedef __m128 lanes;

static inline lanes lanes_all(float v)
{
    return _mm_set1_ps(v);
}

static inline lanes lanes_load(const float *at)
{
    return _mm_loadu_ps(at);
}

static inline void lanes_store(float *at, lanes v)
{
    _mm_storeu_ps(at, v);
}

static inline lanes lanes_min(lanes a, lanes b)
{
    return _mm_min_ps(a, b);
}

static inline lanes lanes_max(lanes a, lanes b)
{
    return _mm_max_ps(a, b);
}

static inline lanes lanes_rsqrt(lanes v)
{
    return _mm_rsqrt_ps(v);
}

static inline lanes lanes_rcp(lanes v)
{
    return _mm_rcp_ps(v);
}

// v < limit ? below : above
static inline lanes lanes_below(lanes v, lanes limit, lanes below, lanes above)
{
    const __m128 mask = _mm_cmplt_ps(v, limit);
    return _mm_or_ps(_mm_and_ps(mask, below), _mm_andnot_ps(mask, above));
}

// row[first[0]], row[first[1]], ...
static inline lanes lanes_pick(const float *row, const int *first)
{
    return _mm_setr_ps(row[first[0]], row[first[1]], row[first[2]], row[first[3]]);
}

static inline lanes lanes_bytes(const unsigned char *at)
{
    return _mm_cvtepi32_ps(_mm_setr_epi32(at[0], at[1], at[2], at[3]));
}

static inline void lanes_emission(const unsigned *at, lanes out[3])
{
    const __m128i code = _mm_loadu_si128((const __m128i *)(const void *)at);
    const __m128i power = _mm_add_epi32(_mm_srli_epi32(code, 27), _mm_set1_epi32(127 - 24));
    const lanes scale = _mm_castsi128_ps(_mm_slli_epi32(power, 23));
    const __m128i mask = _mm_set1_epi32(511);
    out[0] = _mm_cvtepi32_ps(_mm_and_si128(code, mask)) * scale;
    out[1] = _mm_cvtepi32_ps(_mm_and_si128(_mm_srli_epi32(code, 9), mask)) * scale;
    out[2] = _mm_cvtepi32_ps(_mm_and_si128(_mm_srli_epi32(code, 18), mask)) * scale;
}

static inline void lanes_codes(const lanes c[3], unsigned *out)
{
    const __m128i green = _mm_slli_epi32(_mm_cvtps_epi32(c[1]), 8);
    const __m128i blue = _mm_slli_epi32(_mm_cvtps_epi32(c[2]), 16);
    const __m128i all = _mm_or_si128(_mm_or_si128(_mm_cvtps_epi32(c[0]), green), blue);
    _mm_storeu_si128((__m128i *)(void *)out, all);
}

#include "image/composite_lanes.h"

void row_light_plain(const struct row *r, const struct spread *s)
{
    light_row(r, s);
}

void row_draw_plain(const struct row *r)
{
    draw_row(r);
}
