// SPDX-License-Identifier: MIT
// What benches measure with: processor time and medians; memory that is there, or an end in words.
//
// Needs clock_gettime: _POSIX_C_SOURCE of 200809L, or _GNU_SOURCE.
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/rc.h"

// Of all threads of this process.
static inline double measure_cpu_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); // cannot fail with this clock
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

// The smaller of the least so far and what went by since `from_us`.
static inline double measure_least_us(double least_us, double from_us)
{
    const double us = measure_cpu_us() - from_us;
    return us < least_us ? us : least_us;
}

static inline int measure_by_size(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

// Sorts them; count > 0.
static inline double measure_median(double *of, size_t count)
{
    qsort(of, count, sizeof *of, measure_by_size);
    return of[count / 2];
}

// RC_OK, or the program ends with words: what went wrong with what.
static inline void measure_need(enum rc rc, const char *what)
{
    if (rc == RC_OK)
        return;
    fprintf(stderr, "%s: %s\n", what, rc_text(rc));
    exit(1);
}

// Zeroed; ends the program if there is none.
static inline void *measure_take(size_t bytes)
{
    void *at = calloc(1, bytes);
    measure_need(at != NULL ? RC_OK : RC_NOMEM, "memory");
    return at;
}

#endif
