// SPDX-License-Identifier: MIT
// `shoal demo`: shows the scheduler at work on real helper processes.
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "os/clock.h"
#include "prog/cmd.h"
#include "prog/demo/cast.h"
#include "prog/demo/chart.h"
#include "prog/demo/flight.h"
#include "prog/demo/flight_view.h"
#include "prog/demo/stage.h"
#include "prog/demo/view.h"

#define QUICK_S    4u
#define POLICIES   3u
#define START_S    2.0 // that hub and helpers take
#define FLIGHT_MIN 2u  // seconds
#define FLIGHT_MAX 9u  // the camera of the scene flies for ten

struct demo_options {
    struct cmd_common common;
    const char *what;
    uint64_t seconds;
    uint64_t seed;
    const char *out;
    bool is_quick;
    bool is_quiet;
};

static const struct option_spec specs[] = {
    {.name = "what",
     .kind = OPTION_TEXT,
     .traits = OPTION_POSITIONAL | OPTION_REQUIRED,
     .value = "WHAT",
     .sentence = "learning: who gets which task, and how that gets better",
     .offset = offsetof(struct demo_options, what)},
    {.name = "seconds",
     .kind = OPTION_U64,
     .min = 2,
     .max = 250,
     .initial = "45",
     .sentence = "of load for each policy",
     .offset = offsetof(struct demo_options, seconds)},
    {.name = "seed",
     .kind = OPTION_U64,
     .max = UINT64_MAX,
     .initial = "1",
     .sentence = "of when tasks come, and when helpers are killed or frozen",
     .offset = offsetof(struct demo_options, seed)},
    {.name = "out",
     .kind = OPTION_TEXT,
     .initial = "learning.svg",
     .value = "FILE",
     .sentence = "SVG to write: latency of each task, and of light, over time",
     .offset = offsetof(struct demo_options, out)},
    {.name = "quick",
     .kind = OPTION_FLAG,
     .sentence =
         "4 seconds of load for each policy, 2 for each flight: enough to see that it works",
     .offset = offsetof(struct demo_options, is_quick)},
    {.name = "quiet",
     .kind = OPTION_FLAG,
     .sentence = "no progress line",
     .offset = offsetof(struct demo_options, is_quiet)},
    {.name = "json",
     .kind = OPTION_FLAG,
     .sentence = "figures as JSON, one object a line",
     .offset = offsetof(struct demo_options, common.is_json)},
};

static const char *const examples[] = {
    "shoal demo learning", "shoal demo learning --seconds 20 --seed 7 --out seven.svg", NULL};

static const struct option_command command = {
    .name = "demo",
    .summary = "watch the scheduler learn, on real helper processes",
    .description =
        "Starts a hub and six helpers on this machine: sound ones, one with 10 % of a "
        "processor, one beside a busy program, one that is killed again and again, one that hangs "
        "at times. Each policy in turn gets the same tasks at the same times, as a gamer would "
        "send them: random, round-robin, and shoal's own, which learns whom to ask. Ends with a "
        "table, and a drawing of each task's latency. Then such helpers give light to a game "
        "that flies through a scene, in each way to split that work, and in the way that shoal "
        "chooses. Takes less than four minutes; what it starts ends with it.",
    .spec = specs,
    .count = ARRAY_COUNT(specs),
    .example = examples,
};

static const char *const policies[POLICIES] = {"random", "round-robin", DEMO_LEARNER};

// Those of a policy stand together: they are before the same hub.
static const struct demo_flight flights[DEMO_FLIGHTS] = {
    {.split = "spatial", .policy = DEMO_LEARNER},  {.split = "functional", .policy = DEMO_LEARNER},
    {.split = "pipeline", .policy = DEMO_LEARNER}, {.split = "hybrid", .policy = DEMO_LEARNER},
    {.split = "auto", .policy = DEMO_LEARNER},     {.split = "auto", .policy = "random"}};

struct demo {
    struct demo_options o;
    struct arena *arena;
    char folder[FILE_PATH_BYTES];
    struct progress progress;
    struct demo_run run[POLICIES];
    struct demo_flight flight[DEMO_FLIGHTS];
    uint64_t held_up_us; // in flights
    int signal;
};

static uint64_t flight_s(const struct demo *d)
{
    return num_clamp(d->o.seconds / 4, FLIGHT_MIN, FLIGHT_MAX);
}

// What share of all the time flights take.
static double flights_share(const struct demo *d)
{
    const double flights_s = DEMO_FLIGHTS * ((double)flight_s(d) + START_S);
    return flights_s / (flights_s + POLICIES * ((double)d->o.seconds + START_S));
}

static enum rc fly(struct demo *d, uint32_t from, uint32_t count, struct err *err)
{
    char name[32];
    char folder[FILE_PATH_BYTES];
    const double share = flights_share(d);
    struct text t = text_of(name, sizeof name);
    text_addf(&t, "flights-%s", d->flight[from].policy);
    const struct flights_cfg cfg = {.arena = d->arena,
                                    .folder = folder,
                                    .policy = d->flight[from].policy,
                                    .seed = d->o.seed,
                                    .seconds = flight_s(d),
                                    .progress = &d->progress,
                                    .held_up_us = &d->held_up_us,
                                    .share_before = 1 - share + share * from / DEMO_FLIGHTS,
                                    .share = share * count / DEMO_FLIGHTS};
    enum rc rc = cmd_path(folder, d->folder, name, err);
    if (rc == RC_OK)
        rc = file_make_folder(folder, err);
    return rc == RC_OK ? flights_play(&d->flight[from], count, &cfg, &d->signal, err) : rc;
}

static enum rc fly_all(struct demo *d, struct err *err)
{
    enum rc rc = RC_OK;
    uint32_t count = 0;
    memcpy(d->flight, flights, sizeof flights);
    for (uint32_t from = 0; from < DEMO_FLIGHTS && rc == RC_OK && d->signal == 0; from += count) {
        count = 1;
        while (from + count < DEMO_FLIGHTS &&
               strcmp(flights[from + count].policy, flights[from].policy) == 0)
            count++;
        rc = fly(d, from, count, err);
    }
    return rc;
}

static enum rc play_one(struct demo *d, size_t index, struct err *err)
{
    const double share = (1 - flights_share(d)) / POLICIES;
    char folder[FILE_PATH_BYTES];
    const struct stage_cfg cfg = {.arena = d->arena,
                                  .folder = folder,
                                  .policy = policies[index],
                                  .seed = d->o.seed,
                                  .load_us = d->o.seconds * US_PER_S,
                                  .progress = &d->progress,
                                  .share_before = share * (double)index,
                                  .share = share};
    enum rc rc = cmd_path(folder, d->folder, policies[index], err);
    if (rc == RC_OK)
        rc = file_make_folder(folder, err);
    return rc == RC_OK ? stage_play(&d->run[index], &cfg, &d->signal, err) : rc;
}

static enum rc play_all(struct demo *d, struct err *err)
{
    enum rc rc = RC_OK;
    progress_start(&d->progress, !d->o.is_quiet && !d->o.common.is_json, clock_now_us());
    for (size_t i = 0; i < POLICIES && rc == RC_OK && d->signal == 0; i++)
        rc = play_one(d, i, err);
    if (rc == RC_OK && d->signal == 0)
        rc = fly_all(d, err);
    progress_wipe(&d->progress);
    return rc;
}

static enum rc tell(struct demo *d, struct err *err)
{
    const bool is_json = d->o.common.is_json;
    if (demo_view_table(d->run, POLICIES, d->arena, is_json) != RC_OK)
        return err_set(err, RC_NOMEM, "out of memory for the table");
    demo_view_forecasts(&d->run[POLICIES - 1], is_json);
    if (flight_view_table(d->flight, DEMO_FLIGHTS, d->arena, is_json) != RC_OK)
        return err_set(err, RC_NOMEM, "out of memory for the table");
    uint64_t held_up_us = d->held_up_us;
    for (size_t i = 0; i < POLICIES; i++)
        held_up_us = num_max(held_up_us, d->run[i].held_up_us);
    if (!is_json)
        demo_view_machine(held_up_us);
    const struct demo_chart chart = {d->run, POLICIES, d->flight, DEMO_FLIGHTS};
    const enum rc rc = demo_chart_write(d->o.out, &chart, d->arena, err);
    if (rc == RC_OK && !is_json)
        printf("\nEach task, and each light frame, is a dot in %s\n", d->o.out);
    return rc;
}

static enum rc show(struct demo *d, struct err *err)
{
    struct err left;
    enum rc rc = file_make_temporary(d->folder, "shoal-demo", err);
    if (rc != RC_OK)
        return rc;
    rc = play_all(d, err);
    if (file_remove_folder(d->folder, &left) != RC_OK)
        (void)cmd_fail(&left); // a pity, and no more
    return rc == RC_OK && d->signal == 0 ? tell(d, err) : rc;
}

// What cannot be is told now, not after minutes.
static enum rc open_all(void *self, struct arena *arena, struct err *err)
{
    struct demo *d = self;
    d->arena = arena;
    if (d->o.is_quick)
        d->o.seconds = QUICK_S;
    static const char *const whats[] = {"learning"};
    if (strcmp(d->o.what, whats[0]) != 0)
        return cmd_must_be(err, "demo", d->o.what, whats, ARRAY_COUNT(whats));
    return cmd_check_out("out", d->o.out, err);
}

static int run(void *self)
{
    struct demo *d = self;
    struct err err = {.text = ""};
    if (!d->o.common.is_json)
        demo_view_cast(d->o.seconds);
    if (!d->o.common.is_json)
        flight_view_before(flight_s(d));
    if (show(d, &err) != RC_OK)
        return cmd_fail(&err);
    return d->signal == 0 ? EXIT_DONE : cmd_stopped(d->signal);
}

const struct cmd cmd_demo = {
    .options = &command, .side_bytes = sizeof(struct demo), .open = open_all, .run = run};
