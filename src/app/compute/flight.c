// SPDX-License-Identifier: MIT
// Flight: what a game's frame loop tells line by line, and what that comes to.
#include "compute/flight.h"

#include <assert.h>
#include <math.h>

#include "base/num.h"
#include "wire/json.h"

#define COUNT_MAX (UINT64_C(1) << 53) // as JSON has whole numbers
#define MS_MAX    1e9                 // more is no time that a flight takes

static double real_of(const struct json_node *top, const char *member, double max)
{
    double v = 0;
    return json_get_f64(json_get(top, member), &v) && v > 0 ? fmin(v, max) : 0;
}

static uint64_t count_of(const struct json_node *top, const char *member)
{
    uint64_t v = 0;
    return json_get_u64(json_get(top, member), COUNT_MAX, &v) ? v : 0;
}

static void take_picture(struct flight *f, const struct json_node *top, uint64_t since_us)
{
    bool has_light = false;
    const bool is_told = json_get_flag(json_get(top, "light"), &has_light);
    if (f->pictures++ == 0)
        f->first_us = since_us;
    f->last_us = since_us;
    f->late += !is_told || !has_light || real_of(top, "age", MS_MAX) >= f->step;
}

static void take_light(struct flight *f, const struct json_node *top, uint64_t since_us)
{
    assert(f->lights <= f->light_max);
    if (f->lights == f->light_max)
        return;
    f->light[f->lights++] =
        (struct course_task){.came_us = since_us,
                             .latency_us = (uint64_t)(real_of(top, "ms", MS_MAX) * 1000),
                             .fate = COURSE_ANSWERED};
}

static void take_end(struct flight *f, const struct json_node *top)
{
    f->is_whole = true;
    f->without = count_of(top, "without_light");
    f->asked = count_of(top, "light_asked");
    f->came = count_of(top, "light_came");
    f->failed = count_of(top, "light_failed");
    f->bytes_in = count_of(top, "bytes_in");
    for (uint32_t i = 0; i < SPLITS; i++)
        f->by_split[i] = count_of(top, split_name((enum split)i));
    f->ms = real_of(top, "ms", MS_MAX);
    f->own_cpu_ms = real_of(top, "own_cpu_ms", MS_MAX);
    f->helper_cpu_ms = real_of(top, "helper_cpu_ms", MS_MAX);
    f->age = real_of(top, "age", MS_MAX);
    f->age_max = real_of(top, "age_max", MS_MAX);
    f->makespan_ms = real_of(top, "makespan_ms", MS_MAX);
    f->predicted_ms = real_of(top, "predicted_ms", MS_MAX);
}

bool flight_line(struct flight *f, struct bytes line, uint64_t since_us)
{
    struct json_node *top = NULL;
    struct bytes event;
    struct err err;
    assert(f->step > 0);
    if (line.len == 0 || line.at[0] != '{' || json_open(&top, line, &err) != RC_OK)
        return false;
    bool is_known = json_get_text(json_get(top, "event"), &event);
    if (is_known && bytes_is(event, "picture"))
        take_picture(f, top, since_us);
    else if (is_known && bytes_is(event, "light"))
        take_light(f, top, since_us);
    else if (is_known && bytes_is(event, "loop"))
        take_end(f, top);
    else
        is_known = false;
    json_free(top);
    return is_known;
}

static double per(double what, double each)
{
    return each > 0 ? what / each : 0;
}

enum rc flight_figures(struct flight_figures *out, struct arena *scratch, const struct flight *f)
{
    struct course_figures latency;
    const enum rc rc = course_figures(&latency, scratch, f->light, f->lights, UINT64_MAX);
    if (rc != RC_OK)
        return rc;
    const double s = f->ms / 1000;
    *out = (struct flight_figures){.pictures_s = per(f->pictures, s),
                                   .lights_s = per((double)f->came, s),
                                   .latency_p50_us = latency.p50_us,
                                   .latency_p99_us = latency.p99_us,
                                   .late = per(f->late, f->pictures),
                                   .mbit_s = per((double)f->bytes_in * 8 / 1e6, s),
                                   .own_ms = per(f->own_cpu_ms, f->pictures),
                                   .helpers_ms = per(f->helper_cpu_ms, (double)f->came)};
    return RC_OK;
}

uint64_t flight_slowest_us(const struct flight *f)
{
    uint64_t us = 0;
    for (uint32_t i = 0; i < f->lights; i++)
        us = num_max(us, f->light[i].latency_us);
    return us;
}
