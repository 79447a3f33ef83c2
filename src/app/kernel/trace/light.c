// SPDX-License-Identifier: MIT
// Draws four candidates from the alias table, weighs them side by side, and keeps one.
#include "kernel/trace/light.h"

#include <assert.h>
#include <xmmintrin.h>

#include "kernel/world/random.h"

#define NEAR2_MIN 1e-12f // square metres: a point on the light itself gives nothing

struct four { // four vectors side by side
    __m128 x, y, z;
};

struct candidates {
    const struct light *light[LIGHT_CANDIDATES];
    struct four to; // from the point asked about
    __m128 weight;  // as target over chance; 0: brings nothing
};

static __m128 four_dot(struct four a, struct four b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}

static struct four four_same(struct vec v)
{
    return (struct four){_mm_set1_ps(v.x), _mm_set1_ps(v.y), _mm_set1_ps(v.z)};
}

static struct four four_cross(struct four a, struct four b)
{
    return (struct four){a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}

// One row (four floats at `offset`) of each light, turned; *last gets the fourth.
static struct four four_row(const struct light *const light[LIGHT_CANDIDATES], size_t offset,
                            __m128 *last)
{
    __m128 a = _mm_load_ps(light[0]->row + offset);
    __m128 b = _mm_load_ps(light[1]->row + offset);
    __m128 c = _mm_load_ps(light[2]->row + offset);
    __m128 d = _mm_load_ps(light[3]->row + offset);
    _MM_TRANSPOSE4_PS(a, b, c, d);
    *last = d;
    return (struct four){a, b, c};
}

// u plus step, back into 0 .. 1.
static __m128 spread(float u, __m128 step)
{
    __m128 one = _mm_set1_ps(1.0f);
    __m128 v = _mm_set1_ps(u) + step;
    return v - _mm_and_ps(_mm_cmpge_ps(v, one), one);
}

// The upper half of bits picks a slot, a quarter of the table further for each candidate.
static uint32_t slot_of(const struct world *w, uint64_t bits, uint32_t candidate)
{
    uint32_t upper = (uint32_t)(bits >> 32) + (candidate << 30);
    return (uint32_t)((uint64_t)upper * w->light_count >> 32);
}

static const struct light *draw(const struct world *w, uint64_t bits, uint32_t candidate)
{
    uint32_t slot = slot_of(w, bits, candidate);
    const struct light_slot *s = &w->light_slots[slot];
    // The lower half is the coin. A product, for a branch on it would be a toss too.
    uint32_t is_other = (uint32_t)bits >= s->keep;
    return &w->lights[slot + (s->other - slot) * is_other];
}

void light_fetch_slots(const struct world *w, uint64_t emitter_bits)
{
    for (uint32_t i = 0; i < LIGHT_CANDIDATES; i++)
        __builtin_prefetch(&w->light_slots[slot_of(w, emitter_bits, i)]);
}

void light_fetch(const struct world *w, uint64_t emitter_bits)
{
    for (uint32_t i = 0; i < LIGHT_CANDIDATES; i++)
        __builtin_prefetch(draw(w, emitter_bits, i));
}

static struct candidates weigh(const struct world *w, const struct lobe *l, struct vec at,
                               const struct light_dice *dice)
{
    struct candidates c;
    for (uint32_t i = 0; i < LIGHT_CANDIDATES; i++)
        c.light[i] = draw(w, dice->emitter, i);
    __m128 power;
    __m128 rest;
    struct four from = four_row(c.light, 0, &power);
    struct four e1 = four_row(c.light, 4, &rest);
    struct four e2 = four_row(c.light, 8, &rest);

    __m128 a = spread(random_high(dice->point), _mm_setr_ps(0.0f, 0.25f, 0.5f, 0.75f));
    __m128 b = spread(random_low(dice->point), _mm_setr_ps(0.0f, 0.5f, 0.25f, 0.75f));
    // The other half of the parallelogram is folded back.
    __m128 one = _mm_set1_ps(1.0f);
    __m128 is_over = _mm_cmpgt_ps(a + b, one);
    a = a + _mm_and_ps(is_over, one - a - a);
    b = b + _mm_and_ps(is_over, one - b - b);

    struct four origin = four_same(at);
    c.to.x = from.x + a * e1.x + b * e2.x - origin.x;
    c.to.y = from.y + a * e1.y + b * e2.y - origin.y;
    c.to.z = from.z + a * e1.z + b * e2.z - origin.z;

    __m128 zero = _mm_setzero_ps();
    __m128 far2 = four_dot(c.to, c.to);
    __m128 above = four_dot(c.to, four_same(l->n));
    __m128 facing = four_dot(four_cross(e1, e2), c.to);
    facing = _mm_max_ps(facing, zero - facing);
    // cos * cos * area / distance^2, with e1 x e2 twice the area long.
    c.weight = power * facing * above * _mm_set1_ps(0.5f) / (far2 * far2);
    __m128 is_good =
        _mm_and_ps(_mm_cmpgt_ps(above, zero), _mm_cmpgt_ps(four_dot(c.to, four_same(l->ng)), zero));
    is_good = _mm_and_ps(is_good, _mm_cmpgt_ps(far2, _mm_set1_ps(NEAR2_MIN)));
    c.weight = _mm_and_ps(c.weight, is_good);
    return c;
}

bool light_choose(const struct world *w, const struct lobe *l, struct vec at,
                  const struct light_dice *dice, struct light_sample *out)
{
    assert(w->light_count > 0);
    struct candidates c = weigh(w, l, at, dice);
    float weight[LIGHT_CANDIDATES];
    float x[LIGHT_CANDIDATES];
    float y[LIGHT_CANDIDATES];
    float z[LIGHT_CANDIDATES];
    _mm_storeu_ps(weight, c.weight);
    _mm_storeu_ps(x, c.to.x);
    _mm_storeu_ps(y, c.to.y);
    _mm_storeu_ps(z, c.to.z);
    float sum = weight[0] + weight[1] + weight[2] + weight[3];
    float mark = dice->keep * sum;
    size_t kept = (size_t)(mark >= weight[0]) + (size_t)(mark >= weight[0] + weight[1]) +
                  (size_t)(mark >= weight[0] + weight[1] + weight[2]);
    if (!(weight[kept] > 0.0f))
        return false;
    const struct light *light = c.light[kept];
    out->towards = vec_of(x[kept], y[kept], z[kept]);
    struct vec in = vec_scale(out->towards, 1.0f / vec_length(out->towards));
    // The target was power * cos_in and so on: most of it cancels in value over target.
    float scale = sum / ((float)LIGHT_CANDIDATES * vec_dot(l->n, in));
    out->light = vec_scale(vec_mul(lobe_value(l, in), light->tint), scale);
    return true;
}
