// SPDX-License-Identifier: MIT
// How long planning takes, on one core: the cost map's feeding, then table and kd-split.
//
// usage: split_bench [ROUNDS]. The claim: at most 1 ms at 1920 x 1080, any number of tiles up to
// 64, cells of COST_CELL pixels. Best and median of the rounds; the map is as rough as frames are.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/attr.h"
#include "base/num.h"
#include "base/rng.h"
#include "work/split.h"

#define ROUNDS_MAX 100000u

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void paint(struct cost *c)
{
    struct rng rng = rng_seeded(1);
    for (uint32_t y = 0; y < c->cells_y; y++)
        for (uint32_t x = 0; x < c->cells_x; x++) {
            double wave = sin(9.0 * x / c->cells_x) * cos(7.0 * y / c->cells_y);
            cost_set(c, x, y, pow(10, 1.5 * wave + rng_unit(&rng)));
        }
}

static double unevenness(const struct split_tile *t, uint32_t count)
{
    double most = 0;
    double sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        most = fmax(most, t[i].cost);
        sum += t[i].cost;
    }
    return most * count / sum;
}

static double took_us[ROUNDS_MAX];
static struct split_tile tile[64];

static void print_times(const char *what, const struct cost *c, uint32_t rounds)
{
    qsort(took_us, rounds, sizeof *took_us, by_size);
    printf("%" PRIu32 "x%" PRIu32 " cells of %" PRIu32 ", %s: best %.0f us, median %.0f us\n",
           c->width, c->height, c->cell, what, took_us[0], took_us[rounds / 2]);
}

static void must(enum rc rc)
{
    if (rc == RC_OK)
        return;
    fprintf(stderr, "split_bench: %s\n", rc_text(rc));
    exit(1);
}

static uint32_t measure_split(const struct cost *c, struct budget *budget, uint32_t count,
                              uint32_t rounds)
{
    struct split_cfg cfg = {.count = count};
    uint32_t got = 0;
    for (uint32_t i = 0; i < rounds; i++) {
        double start_us = now_us();
        must(split_plan(c, &cfg, budget, tile, ARRAY_COUNT(tile), &got));
        took_us[i] = now_us() - start_us;
    }
    char what[64];
    (void)snprintf(what, sizeof what, "split into %2" PRIu32 ", max/mean cost %.4f", got,
                   unevenness(tile, got)); // fits
    print_times(what, c, rounds);
    return got;
}

static uint8_t unit[4 * 480 * 270]; // as large as any grid here

// A probe of 1/16 by 1/16, and all of the last split's tiles reported back.
static void measure_feeding(struct cost *c, uint32_t count, uint32_t rounds)
{
    uint32_t probe_w = c->width / 16;
    uint32_t probe_h = c->height / 16;
    for (uint32_t i = 0; i < rounds; i++) {
        double start_us = now_us();
        must(cost_from_probe(c, probe_w, probe_h, bytes_of(unit, (size_t)4 * probe_w * probe_h)));
        took_us[i] = now_us() - start_us;
    }
    print_times("from a probe of 1/256", c, rounds);
    for (uint32_t i = 0; i < rounds; i++) {
        double start_us = now_us();
        for (uint32_t k = 0; k < count; k++) {
            struct cost_tile t = {.tile = tile[k].rect, .cpu_us = 1000, .speed = 1};
            size_t cells = num_div_ceil(t.tile.w, c->cell) * num_div_ceil(t.tile.h, c->cell);
            t.units = bytes_of(unit, cells * 4);
            must(cost_measured(c, &t, COST_BLEND));
        }
        took_us[i] = now_us() - start_us;
    }
    print_times("all tiles measured", c, rounds);
}

int main(int argc, char **argv)
{
    uint32_t rounds = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000;
    if (rounds < 1 || rounds > ROUNDS_MAX) {
        fprintf(stderr, "usage: split_bench [ROUNDS up to %u]\n", ROUNDS_MAX);
        return 2;
    }
    static const uint32_t counts[] = {1, 4, 16, 17, 64};
    static const struct rect frame[] = {{0, 0, 1920, 1080}, {0, 0, 3840, 2160}};
    struct rng rng = rng_seeded(2);
    for (size_t i = 0; i < sizeof unit; i++)
        unit[i] = (uint8_t)(i % 4 < 2 ? rng_u64(&rng) : 0);
    struct budget budget = {.limit_bytes = (size_t)1 << 26};
    for (size_t f = 0; f < ARRAY_COUNT(frame); f++) {
        struct cost *c = NULL;
        must(cost_new(&c, &budget, frame[f].w, frame[f].h, COST_CELL));
        paint(c);
        uint32_t got = 0;
        for (size_t i = 0; i < ARRAY_COUNT(counts); i++)
            got = measure_split(c, &budget, counts[i], rounds);
        measure_feeding(c, got, rounds);
        cost_free(c);
    }
    return 0;
}
