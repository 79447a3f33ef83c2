// SPDX-License-Identifier: MIT
// What an event of simulated time costs: timers that set themselves again.
//
// usage: sim_bench [TIMERS]
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sim/world.h"

#define EVENTS 20000000u

struct timer {
    struct world *world;
    uint64_t state;
};

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void wake(void *self, uint64_t tag)
{
    struct timer *t = self;
    t->state = rng_mix(t->state + 1);
    const uint64_t wait_us = t->state % (tag % 8 == 0 ? 60000000 : 100000); // a round, a datagram
    (void)world_at(t->world, world_now_us(t->world) + wait_us, wake, t, tag + 1);
}

int main(int argc, char **argv)
{
    const size_t timers = argc > 1 ? strtoull(argv[1], NULL, 10) : 20000;
    struct world *w = world_new(1);
    struct timer *timer = calloc(timers, sizeof *timer);
    if (w == NULL || timer == NULL)
        return 1;
    for (size_t i = 0; i < timers; i++) {
        timer[i] = (struct timer){w, i};
        (void)world_at(w, WORLD_START_US + i, wake, &timer[i], i);
    }
    const double start_s = now_s();
    for (uint32_t i = 0; i < EVENTS; i++)
        (void)world_step(w);
    printf("%zu timers: %.0f ns an event, hash %016" PRIx64 "\n", timers,
           1e9 * (now_s() - start_s) / EVENTS, world_hash(w));
    free(timer);
    world_free(w);
    return 0;
}
