// SPDX-License-Identifier: MIT
// Rows of a picture, eight pixels at a time: for processors with AVX2, for which this file alone
// is compiled. Includes nothing that others share the code of.
#include <immintrin.h>

#define LANES 8u

typedef __m256 lanes;

static inline lanes lanes_all(float v)
{
    return _mm256_set1_ps(v);
}

static inline lanes lanes_load(const float *at)
{
    return _mm256_loadu_ps(at);
}

static inline void lanes_store(float *at, lanes v)
{
    _mm256_storeu_ps(at, v);
}

static inline lanes lanes_min(lanes a, lanes b)
{
    return _mm256_min_ps(a, b);
}

static inline lanes lanes_max(lanes a, lanes b)
{
    return _mm256_max_ps(a, b);
}

static inline lanes lanes_rsqrt(lanes v)
{
    return _mm256_rsqrt_ps(v);
}

static inline lanes lanes_rcp(lanes v)
{
    return _mm256_rcp_ps(v);
}

// v < limit ? below : above
static inline lanes lanes_below(lanes v, lanes limit, lanes below, lanes above)
{
    return _mm256_blendv_ps(above, below, _mm256_cmp_ps(v, limit, _CMP_LT_OQ));
}

// row[first[0]], row[first[1]], ...: these are within eight of the first.
static inline lanes lanes_pick(const float *row, const int *first)
{
    const __m256i at = _mm256_loadu_si256((const __m256i *)(const void *)first);
    const __m256i from = _mm256_sub_epi32(at, _mm256_set1_epi32(first[0]));
    return _mm256_permutevar8x32_ps(_mm256_loadu_ps(row + first[0]), from);
}

static inline lanes lanes_bytes(const unsigned char *at)
{
    const __m128i eight = _mm_loadl_epi64((const __m128i *)(const void *)at);
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(eight));
}

static inline void lanes_emission(const unsigned *at, lanes out[3])
{
    const __m256i code = _mm256_loadu_si256((const __m256i *)(const void *)at);
    const __m256i power =
        _mm256_add_epi32(_mm256_srli_epi32(code, 27), _mm256_set1_epi32(127 - 24));
    const lanes scale = _mm256_castsi256_ps(_mm256_slli_epi32(power, 23));
    const __m256i mask = _mm256_set1_epi32(511);
    out[0] = _mm256_cvtepi32_ps(_mm256_and_si256(code, mask)) * scale;
    out[1] = _mm256_cvtepi32_ps(_mm256_and_si256(_mm256_srli_epi32(code, 9), mask)) * scale;
    out[2] = _mm256_cvtepi32_ps(_mm256_and_si256(_mm256_srli_epi32(code, 18), mask)) * scale;
}

static inline void lanes_codes(const lanes c[3], unsigned *out)
{
    const __m256i green = _mm256_slli_epi32(_mm256_cvtps_epi32(c[1]), 8);
    const __m256i blue = _mm256_slli_epi32(_mm256_cvtps_epi32(c[2]), 16);
    const __m256i all = _mm256_or_si256(_mm256_or_si256(_mm256_cvtps_epi32(c[0]), green), blue);
    _mm256_storeu_si256((__m256i *)(void *)out, all);
}

#include "image/composite_lanes.h"

void row_light_wide(const struct row *r, const struct spread *s)
{
    light_row(r, s);
}

void row_draw_wide(const struct row *r)
{
    draw_row(r);
}
