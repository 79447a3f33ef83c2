// SPDX-License-Identifier: MIT
// A hub's figures in one registry, for /metrics.
#include "prog/hub/figures.h"

#include "base/num.h"
#include "hub/metrics.h"

#define FIGURES_MAX 64u

// Read at each scrape; counters are set to what the machines have counted.
#define FIGURE_COUNTERS(X)                                                                         \
    X(tiles_done, "hub_tiles_done", "tiles of frames that were verified and delivered")            \
    X(runs_done, "hub_runs_done", "single tasks that were verified and delivered")                 \
    X(frames_done, "hub_frames_done", "frames that were delivered")                                \
    X(frames_failed, "hub_frames_failed", "frames that will never be")                             \
    X(runs_failed, "hub_runs_failed", "single tasks that will never be")                           \
    X(cached, "hub_cached", "tasks answered from results that were kept")                          \
    X(retries, "hub_retries", "copies of tasks that came to nothing")                              \
    X(wrong, "hub_wrong", "results that were found out")                                           \
    X(barred, "hub_barred", "helpers that were barred")                                            \
    X(refused, "hub_refused", "connections that were refused")                                     \
    X(checks, "hub_checks", "draws of parts of results that were redone")                          \
    X(resumed, "hub_resumed", "jobs that a gamer came back to")                                    \
    X(restored, "hub_restored", "jobs taken back after a crash")                                   \
    X(records_lost, "hub_records_lost", "records that there was no memory for")                    \
    X(notes_lost, "hub_notes_lost", "lines of the view that were left out")

#define FIGURE_GAUGES(X)                                                                           \
    X(helpers, "hub_helpers", "helpers that are connected")                                        \
    X(helpers_ready, "hub_helpers_ready", "helpers that have a free slot")                         \
    X(gamers, "hub_gamers", "gamers that are connected")                                           \
    X(gamers_away, "hub_gamers_away", "gamers that may come back to their jobs")                   \
    X(frames, "hub_frames", "frames in work")                                                      \
    X(runs, "hub_runs", "single tasks in work")                                                    \
    X(tasks_waiting, "hub_tasks_waiting", "tasks that nobody was given yet")                       \
    X(tasks_held, "hub_tasks_held", "tasks with helpers, or being checked")                        \
    X(memory_bytes, "hub_memory_bytes", "memory of the broker in use")

struct hub_figures {
    struct stats *stats;
#define AS_COUNTER(field, name, sentence) struct counter *field;
#define AS_GAUGE(field, name, sentence)   struct gauge *field;
    FIGURE_COUNTERS(AS_COUNTER)
    FIGURE_GAUGES(AS_GAUGE)
    struct quantiles *wait_us, *work_us, *run_us;
    struct gauge *up_s, *connections, *banned, *objects_bytes, *results_bytes, *pending_bytes;
    struct counter *kept_out, *paused, *bans, *commits, *commit_failures;
};

static void make_others(struct hub_figures *f)
{
    struct stats *s = f->stats;
    f->wait_us = stats_quantiles(s, "hub_wait_us", "from a task's coming in to its helper");
    f->work_us = stats_quantiles(s, "hub_work_us", "from giving a task to having its result");
    f->run_us = stats_quantiles(s, "hub_run_us", "from a single task's coming in to its answer");
    f->up_s = stats_gauge(s, "hub_up_s", "since the start");
    f->connections = stats_gauge(s, "hub_connections", "connections, silent ones too");
    f->kept_out = stats_counter(s, "hub_kept_out", "connections refused at the door");
    f->paused = stats_counter(s, "hub_paused", "reads after which a peer had to wait");
    f->bans = stats_counter(s, "hub_bans", "addresses that were banned");
    f->banned = stats_gauge(s, "hub_banned", "addresses that are banned");
    f->objects_bytes = stats_gauge(s, "hub_objects_bytes", "scenes and other objects kept");
    f->results_bytes = stats_gauge(s, "hub_results_bytes", "long results kept");
    f->pending_bytes = stats_gauge(s, "hub_journal_pending_bytes", "records not yet on the disk");
    f->commits = stats_counter(s, "hub_journal_commits", "batches of records on the disk");
    f->commit_failures = stats_counter(s, "hub_journal_failures", "batches the disk did not take");
}

struct hub_figures *hub_figures_new(struct arena *arena)
{
    struct hub_figures *f = arena_take(arena, sizeof *f);
    if (f == NULL || stats_new(&f->stats, arena, FIGURES_MAX) != RC_OK)
        return NULL;
#define MAKE_COUNTER(field, name, sentence) f->field = stats_counter(f->stats, name, sentence);
#define MAKE_GAUGE(field, name, sentence)   f->field = stats_gauge(f->stats, name, sentence);
    FIGURE_COUNTERS(MAKE_COUNTER)
    FIGURE_GAUGES(MAKE_GAUGE)
    make_others(f);
    return f->commit_failures != NULL ? f : NULL; // the last: all before it were made, too
}

static void take_others(struct hub_figures *f, const struct hub_sources *from)
{
    struct broker_times times = broker_times(from->broker);
    *f->wait_us = *times.wait;
    *f->work_us = *times.work;
    *f->run_us = *times.run;
    gauge_set(f->up_s, (double)from->up_us / US_PER_S);
    gauge_set(f->connections, (double)from->connections);
    f->kept_out->count = from->doors.refused_banned + from->doors.refused_open +
                         from->doors.refused_often + from->doors.refused_table;
    f->paused->count = from->doors.paused + from->doors.slowed;
    f->bans->count = from->doors.bans;
    gauge_set(f->banned, from->doors.banned);
    gauge_set(f->objects_bytes, (double)from->objects.bytes);
    gauge_set(f->results_bytes, (double)from->results.bytes);
    gauge_set(f->pending_bytes, (double)from->journal.pending_bytes);
    f->commits->count = from->journal.commits;
    f->commit_failures->count = from->journal.failures;
}

enum rc hub_figures_put(struct hub_figures *f, const struct hub_sources *from, struct text *out)
{
    struct broker_stat stat = broker_stat(from->broker);
#define TAKE_COUNTER(field, name, sentence) f->field->count = stat.field;
#define TAKE_GAUGE(field, name, sentence)   gauge_set(f->field, (double)stat.field);
    FIGURE_COUNTERS(TAKE_COUNTER)
    FIGURE_GAUGES(TAKE_GAUGE)
    take_others(f, from);
    return metrics_put(f->stats, out);
}
