// SPDX-License-Identifier: MIT
// The course of a load: what became of each task, and what that comes to.
#include "work/course.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/num.h"

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

// The smallest of sorted values that a share of `permille` does not exceed.
static double rank(const double *sorted, uint32_t count, uint32_t permille)
{
    const uint64_t place = num_div_ceil((uint64_t)count * permille, 1000);
    return count == 0 ? 0 : sorted[place > 0 ? place - 1 : 0];
}

bool course_is_late(const struct course_task *t, uint64_t deadline_us)
{
    return t->fate == COURSE_FAILED || (t->fate == COURSE_ANSWERED && t->latency_us > deadline_us);
}

static double median_error(double *room, const struct course_task *task, uint32_t count)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++)
        if (task[i].fate == COURSE_ANSWERED && task[i].has_forecast && task[i].copy_us > 0)
            room[found++] = fabs((double)task[i].forecast_us / (double)task[i].copy_us - 1);
    qsort(room, found, sizeof *room, by_size);
    return rank(room, found, 500);
}

static void add(struct course_figures *f, const struct course_task *t, uint64_t deadline_us)
{
    f->tasks++;
    f->mean_us += (double)t->latency_us;
    f->late += course_is_late(t, deadline_us);
    f->failed += t->fate == COURSE_FAILED;
    f->more_copies += t->copies > 1 ? t->copies - 1 : 0;
    if (t->fate != COURSE_ANSWERED || !t->has_forecast)
        return;
    f->forecasts++;
    f->within += t->low_us <= t->copy_us && t->copy_us <= t->high_us;
}

enum rc course_figures(struct course_figures *out, struct arena *scratch,
                       const struct course_task *task, uint32_t count, uint64_t deadline_us)
{
    struct course_figures f = {.tasks = 0};
    double *room = arena_take_array(scratch, count > 0 ? count : 1, sizeof *room);
    if (room == NULL)
        return RC_NOMEM;
    for (uint32_t i = 0; i < count; i++) {
        if (task[i].fate == COURSE_UNDER_WAY)
            continue;
        room[f.tasks] = (double)task[i].latency_us;
        add(&f, &task[i], deadline_us);
    }
    if (f.tasks > 0)
        f.mean_us /= f.tasks;
    qsort(room, f.tasks, sizeof *room, by_size);
    f.p50_us = (uint64_t)rank(room, f.tasks, 500);
    f.p99_us = (uint64_t)rank(room, f.tasks, 990);
    f.error = median_error(room, task, count);
    *out = f;
    return RC_OK;
}

uint64_t course_median_us(const struct course_task *task, uint32_t count, uint32_t index)
{
    double room[COURSE_WINDOW] = {0};
    uint32_t found = 0;
    assert(index < count);
    const uint32_t from = index > COURSE_WINDOW / 2 ? index - COURSE_WINDOW / 2 : 0;
    for (uint32_t i = from; i < count && i <= index + COURSE_WINDOW / 2; i++)
        if (task[i].fate != COURSE_UNDER_WAY)
            room[found++] = (double)task[i].latency_us;
    qsort(room, found, sizeof *room, by_size);
    return (uint64_t)rank(room, found, 500);
}
