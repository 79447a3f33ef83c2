// SPDX-License-Identifier: MIT
// What `shoal demo` prints: who plays, a table of the policies, and forecasts beside what came.
#include "prog/demo/view.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "prog/demo/cast.h"
#include "prog/demo/stage.h"
#include "prog/json_line.h"

#define FORECAST_ROWS 12u
#define NAME_BYTES    48u
#define HELD_UP_US    100000u // from here on the figures are somebody else's

void demo_view_cast(uint64_t seconds)
{
    puts("Helpers, each a process of its own:");
    for (uint32_t i = 0; i < DEMO_HELPERS; i++)
        printf("  %-9s %s\n", demo_part[i].name, demo_part[i].what);
    printf("Each policy gets the same %u tasks at the same times, with a deadline of %u ms.\n",
           (unsigned)(seconds * STAGE_RATE_S), (unsigned)(STAGE_DEADLINE_US / US_PER_MS));
    if (!cast_takes_policy())
        puts("This hub cannot be told a policy: all are its own one, under other names.");
}

// ---- The table

struct part { // of a run
    const char *name;
    const struct demo_run *run;
    uint32_t from, to;
};

static void print_row(const struct part *p, const struct course_figures *f)
{
    printf("%-20s %6u %8.1f %8.1f %8.1f %5u %6.1f %5u", p->name, f->tasks, f->mean_us / 1000,
           (double)f->p50_us / 1000, (double)f->p99_us / 1000, f->late,
           f->tasks > 0 ? 100.0 * f->late / f->tasks : 0, f->more_copies);
    if (p->from == 0 && p->to == p->run->tasks)
        printf(" %5u\n", p->run->lost);
    else
        puts("");
}

static void print_json(const struct part *p, const struct course_figures *f)
{
    struct json_line line;
    struct json_writer *w = json_line_start(&line, "policy");
    json_put_text(w, "policy", p->run->policy);
    json_put_u64(w, "from", p->from);
    json_put_u64(w, "to", p->to);
    json_put_u64(w, "tasks", f->tasks);
    json_put_f64(w, "mean_ms", f->mean_us / 1000);
    json_put_f64(w, "p50_ms", (double)f->p50_us / 1000);
    json_put_f64(w, "p99_ms", (double)f->p99_us / 1000);
    json_put_u64(w, "late", f->late);
    json_put_u64(w, "failed", f->failed);
    json_put_u64(w, "more_copies", f->more_copies);
    json_put_u64(w, "forecasts", f->forecasts);
    json_put_u64(w, "forecasts_within", f->within);
    json_put_f64(w, "forecast_error", f->error);
    if (p->from == 0 && p->to == p->run->tasks) {
        json_put_u64(w, "copies_lost", p->run->lost);
        json_put_f64(w, "held_up_ms", (double)p->run->held_up_us / 1000);
    }
    json_line_end(&line);
}

static enum rc print_part(const struct part *p, struct arena *scratch, bool is_json)
{
    struct course_figures f;
    const enum rc rc =
        course_figures(&f, scratch, p->run->task + p->from, p->to - p->from, p->run->deadline_us);
    if (rc == RC_OK && is_json)
        print_json(p, &f);
    else if (rc == RC_OK)
        print_row(p, &f);
    return rc;
}

static enum rc print_run(const struct demo_run *r, struct arena *scratch, bool is_json)
{
    char first[NAME_BYTES];
    const uint32_t learning = demo_learning(r);
    struct text t = text_of(first, sizeof first);
    text_addf(&t, "  phase 1: first %u", learning);
    const struct part part[] = {{r->policy, r, 0, r->tasks},
                                {first, r, 0, learning},
                                {"  phase 2: the rest", r, learning, r->tasks}};
    const size_t count = strcmp(r->policy, DEMO_LEARNER) == 0 ? ARRAY_COUNT(part) : 1;
    enum rc rc = RC_OK;
    for (size_t i = 0; i < count && rc == RC_OK; i++)
        rc = print_part(&part[i], scratch, is_json);
    return rc;
}

enum rc demo_view_table(const struct demo_run *run, size_t count, struct arena *scratch,
                        bool is_json)
{
    if (!is_json)
        printf("\n%-20s %6s %8s %8s %8s %5s %6s %5s %5s\n", "policy", "tasks", "mean, ms",
               "p50, ms", "p99, ms", "late", "late %", "again", "lost");
    enum rc rc = RC_OK;
    for (size_t i = 0; i < count && rc == RC_OK; i++)
        rc = print_run(&run[i], scratch, is_json);
    if (!is_json)
        puts("late: not answered by the deadline, when the hub gives a task up; again: second and "
             "third\ncopies of tasks that were answered; lost: copies that failed, were late, or "
             "whose helper died");
    return rc;
}

void demo_view_machine(uint64_t held_up_us)
{
    if (held_up_us < HELD_UP_US)
        return;
    char room[32];
    struct text t = text_of(room, sizeof room);
    text_add_time(&t, held_up_us);
    printf("This machine is too busy to tell policies or splits apart: the demonstration itself\n"
           "waited %s for a processor. Try again when it is idle.\n",
           room);
}

// ---- Forecasts

static bool has_forecast(const struct course_task *t)
{
    return t->fate == COURSE_ANSWERED && t->has_forecast;
}

static void print_forecast_json(const struct course_task *t, uint32_t index)
{
    struct json_line line;
    struct json_writer *w = json_line_start(&line, "forecast");
    json_put_u64(w, "task", index);
    json_put_text(w, "helper", t->helper);
    json_put_f64(w, "predicted_ms", (double)t->forecast_us / 1000);
    json_put_f64(w, "low_ms", (double)t->low_us / 1000);
    json_put_f64(w, "high_ms", (double)t->high_us / 1000);
    json_put_f64(w, "real_ms", (double)t->copy_us / 1000);
    json_line_end(&line);
}

static void print_forecast(const struct course_task *t, uint32_t index)
{
    const double error = t->copy_us > 0 ? (double)t->forecast_us / (double)t->copy_us - 1 : 0;
    printf("%6u  %-10s %9.1f  %9.1f ..%7.1f  %8.1f  %+6.0f %%%s\n", index, t->helper,
           (double)t->forecast_us / 1000, (double)t->low_us / 1000, (double)t->high_us / 1000,
           (double)t->copy_us / 1000, 100 * error,
           t->low_us <= t->copy_us && t->copy_us <= t->high_us ? "" : "  outside");
}

void demo_view_forecasts(const struct demo_run *r, bool is_json)
{
    uint32_t all = 0;
    uint32_t seen = 0;
    uint32_t shown = 0;
    for (uint32_t i = 0; i < r->tasks; i++)
        all += has_forecast(&r->task[i]);
    if (all == 0)
        return;
    if (!is_json)
        printf("\n%s: predicted / real, ms, of %u of %u answers\n%6s  %-10s %9s  %20s  %8s  %8s\n",
               r->policy, all < FORECAST_ROWS ? all : FORECAST_ROWS, all, "task", "helper",
               "predicted", "4 in 5 within", "real", "error");
    for (uint32_t i = 0; i < r->tasks; i++) { // evenly spread over all that there are
        if (!has_forecast(&r->task[i]))
            continue;
        if ((uint64_t)seen * FORECAST_ROWS >= (uint64_t)shown * all && shown < FORECAST_ROWS) {
            (is_json ? print_forecast_json : print_forecast)(&r->task[i], i);
            shown++;
        }
        seen++;
    }
}
