// SPDX-License-Identifier: MIT
// Which bodies may come near each other within a window.
#include "kernel/physics/island.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#define REACH_SPEEDS 2.0 // times the fastest of an island

struct physics_reach {
    double low[3], high[3];
    uint16_t body;
};

double physics_ball(const struct physics_body *b)
{
    const double x = (double)b->size[0];
    const double y = (double)b->size[1];
    const double z = (double)b->size[2];
    switch (b->kind) {
    case PHYSICS_BALL:
        return x;
    case PHYSICS_BOX:
        return sqrt(x * x + y * y + z * z);
    case PHYSICS_CAPSULE:
        return x + y;
    }
    return 0;
}

enum rc physics_islands_init(struct physics_islands *out, uint32_t bodies, struct arena *arena)
{
    *out = (struct physics_islands){
        .start = arena_take_array(arena, (size_t)bodies + 1, sizeof *out->start),
        .member = arena_take_array(arena, bodies, sizeof *out->member),
        .of_body = arena_take_array(arena, bodies, sizeof *out->of_body),
        .above = arena_take_array(arena, bodies, sizeof *out->above),
        .speed = arena_take_array(arena, bodies, sizeof *out->speed),
        .reach = arena_take_array(arena, bodies, sizeof *out->reach),
    };
    return out->start != NULL && out->member != NULL && out->of_body != NULL &&
                   out->above != NULL && out->speed != NULL && out->reach != NULL
               ? RC_OK
               : RC_NOMEM;
}

// The least of its island's bodies.
static uint16_t top(struct physics_islands *is, uint16_t body)
{
    while (is->above[body] != body) {
        is->above[body] = is->above[is->above[body]];
        body = is->above[body];
    }
    return body;
}

static bool join(struct physics_islands *is, uint16_t a, uint16_t b)
{
    assert(a != b);
    a = top(is, a);
    b = top(is, b);
    if (a == b)
        return false;
    const uint16_t low = a < b ? a : b;
    const uint16_t high = a < b ? b : a;
    assert(low < high); // so that the least is on top
    is->above[high] = low;
    is->speed[low] = fmax(is->speed[low], is->speed[high]);
    return true;
}

static double length_of(const double v[3])
{
    return sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
}

static int by_low(const void *a, const void *b)
{
    const struct physics_reach *x = a;
    const struct physics_reach *y = b;
    if (x->low[0] < y->low[0] || x->low[0] > y->low[0])
        return x->low[0] < y->low[0] ? -1 : 1;
    return (x->body > y->body) - (x->body < y->body);
}

static bool overlap(const struct physics_reach *a, const struct physics_reach *b)
{
    return a->low[1] <= b->high[1] && b->low[1] <= a->high[1] && a->low[2] <= b->high[2] &&
           b->low[2] <= a->high[2];
}

static bool join_all(struct physics_islands *is, const struct physics_world *w,
                     const struct physics_state *state, double window_s)
{
    bool has_joined = false;
    for (uint32_t i = 0; i < w->bodies; i++) {
        const double reach = physics_ball(&w->body[i]) + PHYSICS_MARGIN +
                             REACH_SPEEDS * is->speed[top(is, (uint16_t)i)] * window_s;
        is->reach[i].body = (uint16_t)i;
        for (size_t k = 0; k < 3; k++) {
            const double at = state[i].place[k] * PHYSICS_PLACE_STEP;
            is->reach[i].low[k] = at - reach;
            is->reach[i].high[k] = at + reach;
        }
    }
    qsort(is->reach, w->bodies, sizeof *is->reach, by_low);
    for (uint32_t i = 0; i < w->bodies; i++) {
        for (uint32_t j = i + 1; j < w->bodies && is->reach[j].low[0] <= is->reach[i].high[0]; j++)
            if (overlap(&is->reach[i], &is->reach[j]))
                has_joined |= join(is, is->reach[i].body, is->reach[j].body);
    }
    return has_joined;
}

// From union-find to lists.
static void list(struct physics_islands *is, uint32_t bodies)
{
    is->count = 0;
    for (uint32_t i = 0; i <= bodies; i++)
        is->start[i] = 0;
    for (uint32_t i = 0; i < bodies; i++) {
        const uint16_t first = top(is, (uint16_t)i); // not above i: its island is known
        is->of_body[i] = first == i ? (uint16_t)is->count++ : is->of_body[first];
        is->start[is->of_body[i] + 1]++;
    }
    for (uint32_t i = 0; i < is->count; i++)
        is->start[i + 1] += is->start[i];
    for (uint32_t i = bodies; i-- > 0;) // start moves to the ends and back
        is->member[--is->start[is->of_body[i] + 1]] = (uint16_t)i;
    for (uint32_t i = 0; i < is->count; i++)
        is->start[i] = is->start[i + 1];
    is->start[is->count] = bodies;
    assert(is->start[0] == 0);
    assert(is->count >= 1 && is->count <= bodies);
}

void physics_islands_find(struct physics_islands *is, const struct physics_world *w,
                          const struct physics_state *state, double window_s)
{
    assert(w->bodies >= 1);
    assert(window_s > 0);
    const double g[3] = {(double)w->gravity[0], (double)w->gravity[1], (double)w->gravity[2]};
    for (uint32_t i = 0; i < w->bodies; i++) {
        const double v[3] = {state[i].velocity[0] * PHYSICS_VELOCITY_STEP,
                             state[i].velocity[1] * PHYSICS_VELOCITY_STEP,
                             state[i].velocity[2] * PHYSICS_VELOCITY_STEP};
        is->above[i] = (uint16_t)i;
        is->speed[i] = state[i].rests ? 0 : length_of(v) + length_of(g) * window_s;
    }
    while (join_all(is, w, state, window_s)) {
    }
    list(is, w->bodies);
}
