// SPDX-License-Identifier: MIT
// Rows of a picture, four pixels at a time: what any x86-64 has (SSE2).
#include <emmintrin.h>

#define LANES             4u
#define LANES_OP(name)    _mm_##name
#define LANES_WHOLE(name) _mm_##name##_si128

typedef __m128 lanes;
typedef __m128i whole;

static inline lanes lanes_of(whole bits)
{
    return _mm_castsi128_ps(bits);
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

#include "image/composite_lanes.h"

void row_light_plain(const struct row *r, const struct spread *s)
{
    light_row(r, s);
}

void row_draw_plain(const struct row *r)
{
    draw_row(r);
}
