// SPDX-License-Identifier: MIT
// Rows of a picture, eight pixels at a time: for processors with AVX2, for which this file alone
// is compiled. Includes nothing that others share the code of.
#include <immintrin.h>

#define LANES             8u
#define LANES_OP(name)    _mm256_##name
#define LANES_WHOLE(name) _mm256_##name##_si256

typedef __m256 lanes;
typedef __m256i whole;

static inline lanes lanes_of(whole bits)
{
    return _mm256_castsi256_ps(bits);
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

#include "image/composite_lanes.h"

void row_light_wide(const struct row *r, const struct spread *s)
{
    light_row(r, s);
}

void row_draw_wide(const struct row *r)
{
    draw_row(r);
}
