// SPDX-License-Identifier: MIT
// `shoal sim sched`: the scheduler and simulated helpers.
#include "prog/sim/sched.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "prog/cmd.h"
#include "prog/json_line.h"
#include "prog/sim/sched_fit.h"
#include "prog/sim/sched_run.h"
#include "sim/scenario.h"
#include "work/sched_lines.h"
#include "work/sched_trace.h"

#define SCENARIO_BYTES_MAX (1u << 20)

// ---- A scenario

struct row { // means over all runs
    const char *name;
    struct sched_run of;
};

static void add_run(struct sched_run *sum, const struct sched_run *one, double weight)
{
    struct fleet_figures *a = &sum->figures;
    const struct fleet_figures *b = &one->figures;
    a->tasks = b->tasks;
    a->mean += weight * b->mean;
    a->p50 += weight * b->p50;
    a->p95 += weight * b->p95;
    a->p99 += weight * b->p99;
    a->miss += weight * b->miss;
    a->never += weight * b->never;
    for (uint32_t i = 0; i < FLEET_TYPES_MAX; i++)
        a->miss_of[i] += weight * b->miss_of[i];
    a->copies += weight * b->copies;
    a->wasted += weight * b->wasted;
    a->fairness += weight * b->fairness;
    a->error += weight * b->error;
    a->coverage += weight * b->coverage;
    sum->decision_us += weight * one->decision_us;
}

static enum rc measure(struct row *row, const struct fleet_cfg *cfg, const struct policy *policy,
                       const struct sim_options *o)
{
    *row = (struct row){.name = policy != NULL ? policy->name : "full-sight"};
    for (uint64_t i = 1; i <= o->runs; i++) {
        struct sched_run one;
        const enum rc rc = sched_run(&one, cfg, i, policy, o->has_trees);
        if (rc != RC_OK)
            return rc;
        add_run(&row->of, &one, 1 / (double)o->runs);
    }
    return RC_OK;
}

static void print_head(const struct fleet_cfg *cfg)
{
    printf("\n%s\n  %-12s %8s %8s %8s %7s %7s %7s %7s %7s %8s\n", cfg->name, "", "mean, ms",
           "p99, ms", "late, %", "never,%", "wasted%", "copies", "error,%", "in 80%", "us/task");
}

static void print_row(const struct row *row)
{
    const struct fleet_figures *f = &row->of.figures;
    printf("  %-12s %8.1f %8.1f %8.2f %7.3f %7.1f %7.2f %7.1f %7.1f %8.2f\n", row->name, f->mean,
           f->p99, 100 * f->miss, 100 * f->never, 100 * f->wasted, f->copies, 100 * f->error,
           100 * f->coverage, row->of.decision_us);
}

static void print_types(const struct fleet_cfg *cfg, const struct row *row)
{
    printf("  %-12s", "  late of");
    for (uint32_t i = 0; i < cfg->type_count; i++)
        printf(" %s %.1f %%%s", cfg->type[i].name, 100 * row->of.figures.miss_of[i],
               i + 1 < cfg->type_count ? "," : "\n");
}

static void print_json(const struct fleet_cfg *cfg, const struct row *row)
{
    const struct fleet_figures *f = &row->of.figures;
    struct json_line line;
    struct json_writer *w = json_line_start(&line, NULL);
    json_put_text(w, "scenario", cfg->name);
    json_put_text(w, "policy", row->name);
    json_put_u64(w, "tasks", f->tasks);
    json_put_f64(w, "mean_ms", f->mean);
    json_put_f64(w, "p50_ms", f->p50);
    json_put_f64(w, "p95_ms", f->p95);
    json_put_f64(w, "p99_ms", f->p99);
    json_put_f64(w, "late", f->miss);
    json_put_f64(w, "never", f->never);
    json_put_f64(w, "copies", f->copies);
    json_put_f64(w, "wasted", f->wasted);
    json_put_f64(w, "fairness", f->fairness);
    json_put_f64(w, "error", f->error);
    json_put_f64(w, "coverage", f->coverage);
    json_put_f64(w, "us_task", row->of.decision_us);
    json_put_object(w, "late_of");
    for (uint32_t i = 0; i < cfg->type_count; i++)
        json_put_f64(w, cfg->type[i].name, f->miss_of[i]);
    json_put_object_end(w);
    json_line_end(&line);
}

static void print(const struct sim_options *o, const struct fleet_cfg *cfg, const struct row *row)
{
    if (o->common.is_json) {
        print_json(cfg, row);
        return;
    }
    print_row(row);
    if (strcmp(row->name, policy_shoal.name) == 0)
        print_types(cfg, row);
}

static void print_gain(const struct row *random, const struct row *ours)
{
    const struct fleet_figures *a = &random->of.figures;
    const struct fleet_figures *b = &ours->of.figures;
    if (a->mean > 0 && a->p99 > 0 && a->miss > 0)
        printf("  against random: mean %.0f %% lower, p99 %.0f %%, late %.0f %% fewer\n",
               100 * (1 - b->mean / a->mean), 100 * (1 - b->p99 / a->p99),
               100 * (1 - b->miss / a->miss));
}

// Random first and full sight last; those between as they come.
static enum rc compare(const struct sim_options *o, const struct fleet_cfg *cfg)
{
    struct row random;
    struct row row;
    struct row ours = {.name = NULL};
    enum rc rc = measure(&random, cfg, &policy_random, o);
    if (!o->common.is_json)
        print_head(cfg);
    if (rc == RC_OK)
        print(o, cfg, &random);
    const struct policy *policy = NULL;
    for (size_t i = 0; rc == RC_OK && (policy = policy_at(i)) != NULL; i++) {
        if (policy == &policy_random || (o->policy != NULL && strcmp(o->policy, policy->name) != 0))
            continue;
        rc = measure(&row, cfg, policy, o);
        if (rc == RC_OK)
            print(o, cfg, &row);
        ours = policy == &policy_shoal ? row : ours;
    }
    if (rc == RC_OK)
        rc = measure(&row, cfg, NULL, o);
    if (rc == RC_OK)
        print(o, cfg, &row);
    if (rc == RC_OK && ours.name != NULL && !o->common.is_json)
        print_gain(&random, &ours);
    return rc;
}

static enum rc play(const struct sim_options *o, const char *path, struct err *err)
{
    struct budget budget = {.limit_bytes = SCENARIO_BYTES_MAX + 1};
    struct fleet_cfg cfg;
    struct bytes text;
    struct err why = {.text = ""};
    enum rc rc = file_read(&text, &budget, path, SCENARIO_BYTES_MAX, err);
    if (rc != RC_OK)
        return rc;
    rc = scenario_read(&cfg, text, &why);
    file_forget(text, &budget);
    if (rc == RC_OK)
        rc = compare(o, &cfg);
    if (rc != RC_OK)
        (void)err_set(err, rc, "%s: %s", path, why.text[0] != 0 ? why.text : rc_text(rc));
    return rc;
}

// ---- Somebody else's simulator

static enum rc hear_line(struct sched_lines *s, struct bytes line, bool has_trees, struct err *err)
{
    char room[SCHED_LINES_BYTES];
    enum rc rc = sched_lines_input(s, line, err);
    struct text text = text_of(room, sizeof room);
    while (rc == RC_OK && sched_lines_next(s, &text)) {
        fputs(room, stdout);
        text = text_of(room, sizeof room);
    }
    if (rc == RC_OK && fflush(stdout) != 0)
        rc = err_set(err, RC_IO, "cannot write to standard output");
    if (rc == RC_OK && has_trees)
        rc = sched_fit(sched_lines_refine(s));
    return rc;
}

static enum rc converse(const struct policy *policy, bool has_trees, struct err *err)
{
    struct sched_lines *s = NULL;
    char *line = NULL;
    size_t cap = 0;
    ssize_t len = 0;
    unsigned long count = 0;
    struct err why = {.text = ""};
    enum rc rc = sched_lines_new(&s, policy);
    setvbuf(stdout, NULL, _IOFBF, BUFSIZ); // written after each event
    while (rc == RC_OK && (len = getline(&line, &cap, stdin)) > 0) {
        count++;
        rc = hear_line(s, bytes_of(line, (size_t)len), has_trees, &why);
    }
    free(line); // malloc: of getline
    sched_lines_free(s);
    return rc == RC_OK
               ? rc
               : err_set(err, rc, "line %lu: %s", count, why.text[0] != 0 ? why.text : rc_text(rc));
}

// ---- A hub's decisions, once more

static enum rc replay_lines(struct sched_replay *r, FILE *file, const char *path, struct err *err)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t len = 0;
    unsigned long count = 0;
    struct err why = {.text = ""};
    enum rc rc = RC_OK;
    while (rc == RC_OK && (len = getline(&line, &cap, file)) > 0) {
        count++;
        rc = sched_replay_line(r, bytes_of(line, (size_t)len), &why);
    }
    free(line); // malloc: of getline
    if (rc == RC_OK && ferror(file))
        return err_set(err, RC_IO, "%s: %s", path, strerror(errno));
    return rc == RC_OK ? rc
                       : err_set(err, rc, "%s: line %lu: %s", path, count,
                                 why.text[0] != 0 ? why.text : rc_text(rc));
}

static enum rc replay(const char *path, struct err *err)
{
    struct sched_replay *r = NULL;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return err_set(err, RC_IO, "%s: %s", path, strerror(errno));
    enum rc rc = sched_replay_new(&r);
    if (rc == RC_OK)
        rc = replay_lines(r, file, path, err);
    if (rc == RC_OK) {
        const struct sched_replay_stat stat = sched_replay_stat(r);
        printf("%" PRIu64 " events, %" PRIu64 " decisions: all the same\n", stat.events,
               stat.orders);
    }
    sched_replay_free(r);
    (void)fclose(file);
    return rc;
}

// ---- All of it

static enum rc check(const struct sim_options *o, struct err *err)
{
    if (o->policy != NULL && policy_find(o->policy) == NULL)
        return err_set(err, RC_CONFIG, "--policy %s: no such one; see --help", o->policy);
    if (o->trace != NULL && (o->is_stdio || o->scenario.count > 0 || o->policy != NULL))
        return err_set(err, RC_CONFIG, "--replay goes alone: all else is in the file");
    if (!o->is_stdio && o->trace == NULL && o->scenario.count == 0)
        return err_set(err, RC_CONFIG, "SCENARIO is missing: a file, or --stdio");
    if (o->is_stdio && o->scenario.count > 0)
        return err_set(err, RC_CONFIG, "--stdio takes no SCENARIO: the other side has it");
    return RC_OK;
}

static enum rc run(const struct sim_options *o, struct err *err)
{
    if (o->is_stdio)
        return converse(o->policy != NULL ? policy_find(o->policy) : &policy_shoal, o->has_trees,
                        err);
    if (o->trace != NULL)
        return replay(o->trace, err);
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < o->scenario.count; i++)
        rc = play(o, o->scenario.at[i], err);
    return rc;
}

const struct sim_part sim_sched = {.name = "sched", .check = check, .run = run};
