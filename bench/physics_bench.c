// SPDX-License-Identifier: MIT
// How many bodies does one core move within a frame, and what do their states cost on the wire?
//
//     physics_bench [WINDOWS]     (100: ten seconds)
//
// A pile of balls, boxes and capsules falls onto a floor and comes to rest: one island while it
// moves. Last: a hash of all results, the same from every compiler and on every machine. Time of a
// step of 1/60 s, windows of six: mean, the worst window's, and of 95 in 100.
#include <stdio.h>
#include <stdlib.h>

#include "crypt/hash.h"
#include "kernel/physics/stage_test.h"
#include "measure.h"

#define WINDOWS_MAX 1000u

static struct physics_stage stage;
static struct digest all; // of all results so far

// Window by window, as a game asks for them.
static void measure(uint32_t bodies, uint32_t windows)
{
    static double step_us[WINDOWS_MAX];
    double sum_us = 0;
    size_t bytes = 0;
    size_t most = 0;
    stage_init(&stage);
    stage_floor(&stage, 0.6f, 0.3f);
    uint32_t row = 2; // about as high as wide
    while (row * row * row < bodies)
        row++;
    stage_pile(&stage, bodies, 1.2f * (float)row + 0.1f, bodies);
    stage.params.windows = 1;
    for (uint32_t i = 0; i < windows; i++) {
        stage.params.seed = i;
        const double from = measure_cpu_us();
        const struct bytes result = stage_run(&stage);
        step_us[i] = (measure_cpu_us() - from) / stage.params.every;
        if (result.len == 0 || !stage_read(&stage)) {
            fprintf(stderr, "physics_bench: no result\n");
            exit(1);
        }
        memcpy(stage.state, stage.moment, sizeof stage.state);
        const struct bytes both[] = {digest_bytes(&all), result};
        all = hash_parts(both, 2);
        sum_us += step_us[i];
        bytes += result.len;
        most = result.len > most ? result.len : most;
    }
    qsort(step_us, windows, sizeof *step_us, measure_by_size);
    printf("%6u %9.0f %9.0f %9.0f %12.4f %10.4f\n", bodies, sum_us / windows,
           step_us[windows * 95 / 100], step_us[windows - 1], (double)bytes / windows * 80 / 1e6,
           (double)most * 80 / 1e6);
}

int main(int argc, char **argv)
{
    const unsigned long windows = argc > 1 ? strtoul(argv[1], NULL, 10) : 100;
    void *none;
    if (windows < 1 || windows > WINDOWS_MAX) {
        fprintf(stderr, "usage: physics_bench [WINDOWS up to %u]\n", WINDOWS_MAX);
        return 2;
    }
    if (physics_base.open(&none, NULL) != RC_OK)
        return 1;
    printf("bodies  us/step: mean      .95     worst  Mbit/s: mean      worst (10 windows a "
           "second)\n");
    static const uint32_t counts[] = {10, 20, 30, 50, 100, 200, 400, 800, 1600};
    for (size_t i = 0; i < ARRAY_COUNT(counts); i++)
        measure(counts[i], (uint32_t)windows);
    char hex[DIGEST_HEX_BYTES];
    digest_hex(&all, hex);
    printf("results: %s\n", hex);
    physics_base.close(none);
    return 0;
}
