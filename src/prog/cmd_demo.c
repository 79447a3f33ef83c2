// SPDX-License-Identifier: MIT
// `shoal demo`: shows the scheduler at work on real helper processes.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "base/text.h"
#include "cmd.h"
#include "demo_cast.h"
#include "demo_chart.h"
#include "demo_stage.h"
#include "demo_view.h"
#include "os/clock.h"

#define QUICK_S  4u
#define POLICIES 3u

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
     .sentence = "SVG to write: each task's latency over time",
     .offset = offsetof(struct demo_options, out)},
    {.name = "quick",
     .kind = OPTION_FLAG,
     .sentence = "4 seconds of load for each policy: enough to see that it works",
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
        "table, and a drawing of each task's latency. Takes less than three minutes; what it "
        "starts ends with it.",
    .spec = specs,
    .count = ARRAY_COUNT(specs),
    .example = examples,
};

static const char *const policies[POLICIES] = {"random", "round-robin", DEMO_LEARNER};

struct demo {
    struct demo_options o;
    struct arena *arena;
    char folder[FILE_PATH_BYTES];
    struct progress progress;
    struct demo_run run[POLICIES];
    int signal;
};

static enum rc play_one(struct demo *d, size_t index, struct err *err)
{
    char folder[FILE_PATH_BYTES];
    const struct stage_cfg cfg = {.arena = d->arena,
                                  .folder = folder,
                                  .policy = policies[index],
                                  .seed = d->o.seed,
                                  .load_us = d->o.seconds * US_PER_S,
                                  .progress = &d->progress,
                                  .share_before = (double)index / POLICIES,
                                  .share = 1.0 / POLICIES};
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
    progress_wipe(&d->progress);
    return rc;
}

static enum rc tell(struct demo *d, struct err *err)
{
    const bool is_json = d->o.common.is_json;
    if (demo_view_table(d->run, POLICIES, d->arena, is_json) != RC_OK)
        return err_set(err, RC_NOMEM, "out of memory for the table");
    demo_view_forecasts(&d->run[POLICIES - 1], is_json);
    if (!is_json)
        demo_view_machine(d->run, POLICIES);
    const enum rc rc = demo_chart_write(d->o.out, d->run, POLICIES, d->arena, err);
    if (rc == RC_OK && !is_json)
        printf("\nEach task is a dot in %s\n", d->o.out);
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

// Told now, not after three minutes.
static enum rc check_out(const char *path, struct err *err)
{
    char folder[FILE_PATH_BYTES];
    struct text t = text_of(folder, sizeof folder);
    const char *slash = strrchr(path, '/');
    text_addf(&t, "%.*s", slash == NULL ? 1 : (int)(slash - path) + 1, slash == NULL ? "." : path);
    if (!t.is_cut && access(folder, W_OK) == 0)
        return RC_OK;
    return err_set(err, RC_IO, "--out %s: cannot write into %s", path, folder);
}

static int demo_main(struct demo *d)
{
    struct err err = {.text = ""};
    if (strcmp(d->o.what, "learning") != 0) {
        (void)err_set(&err, RC_CONFIG, "%s: there is only learning to be shown", d->o.what);
        (void)cmd_fail(&err);
        return EXIT_USAGE;
    }
    if (check_out(d->o.out, &err) != RC_OK)
        return cmd_fail(&err);
    if (d->o.is_quick)
        d->o.seconds = QUICK_S;
    if (!d->o.common.is_json)
        demo_view_cast(d->o.seconds);
    if (show(d, &err) != RC_OK)
        return cmd_fail(&err);
    if (d->signal == 0)
        return EXIT_DONE;
    fputs("shoal: stopped\n", stderr);
    return 128 + d->signal;
}

static int run(int argc, char **argv)
{
    struct arena *arena = arena_new(CMD_MEMORY_BYTES);
    struct demo *d = arena == NULL ? NULL : arena_take(arena, sizeof *d);
    if (d == NULL) {
        arena_free(arena);
        return cmd_fail(&(struct err){.rc = RC_NOMEM, .text = "out of memory"});
    }
    d->arena = arena;
    int exit_code = EXIT_DONE;
    if (cmd_options(&command, &d->o, argc, argv, arena, &exit_code))
        exit_code = demo_main(d);
    arena_free(arena);
    return exit_code;
}

const struct cmd cmd_demo = {.options = &command, .run = run};
