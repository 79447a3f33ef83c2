// SPDX-License-Identifier: MIT
// What a person, or a script, in front of a helper sees: tasks, verdicts, and what it comes to.
#include "prog/helper/view.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/num.h"
#include "base/text.h"
#include "prog/json_line.h"

static void as_json(const struct helper_event *e)
{
    static const char *const word[] = {
        [HELPER_EVENT_IN] = "in",         [HELPER_EVENT_OUT] = "refused",
        [HELPER_EVENT_TASK] = "task",     [HELPER_EVENT_RAN] = "done",
        [HELPER_EVENT_FAILED] = "failed", [HELPER_EVENT_VERDICT] = "verdict"};
    struct json_line line;
    struct json_writer *w = json_line_start(&line, word[e->kind]);
    json_put_u64(w, "task", e->task);
    json_put_f64(w, "expected_ms", (double)e->expected_us / 1000);
    json_put_f64(w, "ms", (double)e->wall_us / 1000);
    json_put_f64(w, "cpu_ms", (double)e->cpu_us / 1000);
    json_put_flag(w, "right", e->is_right);
    json_put_text(w, "text", e->text);
    json_line_end(&line);
}

static bool has_line(struct helper_view *v, uint64_t now_us)
{
    uint64_t second = now_us / US_PER_S;
    if (second != v->second) {
        v->second = second;
        v->shown = 0;
    }
    return v->shown++ < HELPER_VIEW_TASKS_A_S;
}

void helper_view_event(struct helper_view *v, const struct helper_event *e, const char *hub,
                       uint64_t now_us)
{
    if (v->is_json) {
        as_json(e);
        return;
    }
    switch (e->kind) {
    case HELPER_EVENT_IN:
        printf("Connected to hub %s. Ready to help.\n", hub);
        break;
    case HELPER_EVENT_FAILED:
        printf("task %" PRIu64 "  %-6s failed: %s\n", e->task, e->kernel, e->text);
        break;
    case HELPER_EVENT_VERDICT:
        if (!e->is_right)
            printf("task %" PRIu64 "  judged WRONG: %s\n", e->task, e->text);
        break;
    case HELPER_EVENT_RAN:
        if (!v->is_quiet && has_line(v, now_us))
            printf("task %" PRIu64 "  %-6s done in %.1f ms (%.1f expected; %.1f of one core)\n",
                   e->task, e->kernel, (double)e->wall_us / 1000, (double)e->expected_us / 1000,
                   (double)e->cpu_us / 1000);
        break;
    case HELPER_EVENT_TASK:
    case HELPER_EVENT_OUT: // the connection's end tells it
        break;
    }
}

static void total_as_json(const struct helper_stat *s, uint64_t up_us)
{
    struct json_line line;
    struct json_writer *w = json_line_start(&line, "total");
    json_put_u64(w, "tasks", s->tasks_done);
    json_put_u64(w, "failed", s->tasks_failed);
    json_put_u64(w, "right", s->results_right);
    json_put_u64(w, "wrong", s->results_wrong);
    json_put_f64(w, "cpu_s", (double)s->cpu_us / US_PER_S);
    json_put_f64(w, "up_s", (double)up_us / US_PER_S);
    json_line_end(&line);
}

void helper_view_total(struct helper_view *v, const struct helper_stat *s, uint64_t now_us)
{
    uint64_t tasks = s->tasks_done + s->tasks_failed;
    uint64_t up_us = time_since(v->start_us, now_us);
    if (tasks == v->told)
        return;
    v->told = tasks;
    if (v->is_json) {
        total_as_json(s, up_us);
        return;
    }
    char room[200];
    struct text t = text_of(room, sizeof room);
    text_addf(&t, "total: %" PRIu64 " tasks completed, %" PRIu64 " judged right", s->tasks_done,
              s->results_right);
    if (s->results_wrong > 0)
        text_addf(&t, ", %" PRIu64 " wrong", s->results_wrong);
    if (s->tasks_failed > 0)
        text_addf(&t, ", %" PRIu64 " failed", s->tasks_failed);
    text_add(&t, "; lent ");
    text_add_time(&t, s->cpu_us);
    text_add(&t, " of one core in ");
    text_add_time(&t, up_us);
    puts(room);
}
