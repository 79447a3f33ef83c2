// SPDX-License-Identifier: MIT
// How far apart simulated hosts are: points on a plane plus a height, in milliseconds.
#include "sim/net_space.h"

#include <math.h>
#include <stddef.h>

#include "base/attr.h"

#define PAIRS 2001u // for the median

struct centre { // on a plane on which distances are round trips in milliseconds
    double x, y;
    double spread;
    double share;
};

// Laid out so that distances come near what is measured between such places: Frankfurt to New
// York 85 ms, to San Francisco 145, to Singapore 175, to Tokyo 225; Tokyo to San Francisco 105.
static const struct centre centres[] = {
    {0, 0, 12, 0.34},     // Europe
    {85, 0, 12, 0.18},    // North America's east
    {145, 0, 10, 0.10},   // and west
    {210, 85, 14, 0.14},  // East Asia
    {120, 130, 18, 0.12}, // South and South East Asia
    {90, -120, 16, 0.09}, // South America
    {250, -20, 10, 0.03}, // Oceania
};

#define HEIGHT_MS    6.0 // median way from a home to the core and back
#define HEIGHT_SIGMA 1.4 // of its logarithm: 5 % are over 60 ms, 1 % over 156 ms

static double normal(struct rng *rng)
{
    const double u = 1 - rng_unit(rng); // Box, Muller 1958
    return sqrt(-2 * log(u)) * cos(2 * 3.14159265358979323846 * rng_unit(rng));
}

struct net_point net_space_draw(const struct net_space *s, struct rng *rng)
{
    double left = rng_unit(rng);
    size_t i = 0;
    while (i + 1 < sizeof centres / sizeof *centres && left >= centres[i].share)
        left -= centres[i++].share;
    const struct centre *c = &centres[i];
    const double scale = (double)s->scale;
    const double x = c->x + c->spread * normal(rng);
    const double y = c->y + c->spread * normal(rng);
    const double height = HEIGHT_MS * exp(HEIGHT_SIGMA * normal(rng));
    return (struct net_point){(float)(scale * x), (float)(scale * y), (float)(scale * height)};
}

float net_space_rtt_ms(const struct net_point *a, const struct net_point *b)
{
    const float x = a->x - b->x;
    const float y = a->y - b->y;
    return sqrtf(x * x + y * y) + a->height + b->height;
}

static void sift_down(float *heap, size_t at, size_t count)
{
    for (size_t child = 2 * at + 1; child < count; child = 2 * at + 1) {
        if (child + 1 < count && heap[child + 1] > heap[child])
            child++;
        if (heap[child] <= heap[at])
            return;
        const float swapped = heap[at];
        heap[at] = heap[child];
        heap[child] = swapped;
        at = child;
    }
}

// Takes the largest away until the middle one is on top.
static float median_of(float *x, size_t count)
{
    const size_t middle = count / 2;
    for (size_t i = count / 2; i-- > 0;)
        sift_down(x, i, count);
    for (size_t n = count; n > middle + 1;) {
        x[0] = x[--n];
        sift_down(x, 0, n);
    }
    return x[0];
}

struct net_space net_space_of(double rtt_ms, struct rng *rng)
{
    const struct net_space plain = {.scale = 1};
    float rtt[PAIRS];
    for (size_t i = 0; i < PAIRS; i++) {
        const struct net_point a = net_space_draw(&plain, rng);
        const struct net_point b = net_space_draw(&plain, rng);
        rtt[i] = net_space_rtt_ms(&a, &b);
    }
    return (struct net_space){.scale = (float)rtt_ms / median_of(rtt, PAIRS)};
}
