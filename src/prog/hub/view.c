// SPDX-License-Identifier: MIT
// What a person, or a script, in front of a hub sees: a line for what happens, and how it fares.
#include "prog/hub/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "prog/json_line.h"

static const char *word(enum broker_note_kind kind)
{
    static const char *const words[] = {
        [NOTE_HELPER_IN] = "helper-in",   [NOTE_HELPER_OUT] = "helper-out",
        [NOTE_GAMER_IN] = "gamer-in",     [NOTE_GAMER_OUT] = "gamer-out",
        [NOTE_FRAME_IN] = "frame-in",     [NOTE_TASK_DONE] = "task-done",
        [NOTE_TASK_WRONG] = "task-wrong", [NOTE_TASK_LOST] = "task-lost",
        [NOTE_FRAME_DONE] = "frame-done", [NOTE_JOB_FAILED] = "job-failed",
        [NOTE_BARRED] = "barred"};
    return words[kind];
}

static void as_json(const struct broker_note *n)
{
    char hex[DIGEST_HEX_BYTES];
    struct json_line line;
    struct json_writer *w = json_line_start(&line, word(n->kind));
    digest_hex(&n->node, hex);
    json_put_text(w, "who", n->who);
    json_put_text(w, "node", hex);
    json_put_u64(w, "job", n->job);
    json_put_text(w, "kernel", n->kernel);
    json_put_u64(w, "frame", n->frame);
    json_put_u64(w, "tile", n->index);
    json_put_u64(w, "attempts", n->attempts);
    json_put_f64(w, "expected_ms", (double)n->expected_us / 1000);
    json_put_f64(w, "ms", (double)n->wall_us / 1000);
    json_put_f64(w, "cpu_ms", (double)n->cpu_us / 1000);
    json_put_text(w, "text", n->text);
    json_line_end(&line);
}

static void say_task(const struct broker_note *n)
{
    char what[40];
    struct text t = text_of(what, sizeof what);
    if (n->is_run)
        text_addf(&t, "task %" PRIu64 " (%s)", n->task, n->kernel);
    else
        text_addf(&t, "tile %" PRIu32, n->index);
    if (n->kind == NOTE_TASK_DONE)
        printf("  %s by %s in %.1f ms (%.1f expected), attempt %" PRIu32 "\n", what, n->who,
               (double)n->wall_us / 1000, (double)n->expected_us / 1000, n->attempts);
    else if (n->kind == NOTE_TASK_WRONG)
        printf("  %s by %s is WRONG: done again elsewhere\n", what, n->who);
    else
        printf("  %s lost with %s: done again elsewhere\n", what, n->who);
}

static void say(const struct broker_note *n)
{
    switch (n->kind) {
    case NOTE_HELPER_IN:
        printf("helper %s is here\n", n->who);
        break;
    case NOTE_HELPER_OUT:
        printf("helper %s is gone\n", n->who);
        break;
    case NOTE_GAMER_IN:
        printf("gamer %s is here\n", n->who);
        break;
    case NOTE_GAMER_OUT:
        printf("gamer %s is gone\n", n->who);
        break;
    case NOTE_FRAME_IN:
        printf("frame %" PRIu32 " from %s\n", n->frame, n->who);
        break;
    case NOTE_TASK_DONE:
    case NOTE_TASK_WRONG:
    case NOTE_TASK_LOST:
        say_task(n);
        break;
    case NOTE_FRAME_DONE:
        printf("frame %" PRIu32 " for %s is done\n", n->frame, n->who);
        break;
    case NOTE_JOB_FAILED:
        if (n->is_run)
            printf("a task for %s failed: %s\n", n->who, n->text);
        else
            printf("frame %" PRIu32 " for %s failed: %s\n", n->frame, n->who, n->text);
        break;
    case NOTE_BARRED:
        printf("helper %s is BARRED: it returned wrong results\n", n->who);
        break;
    }
}

void hub_view_flush(struct hub_view *v, uint64_t now_us)
{
    uint64_t second = now_us / US_PER_S;
    if (second == v->second)
        return;
    if (v->unshown > 0 && !v->is_json && !v->is_quiet)
        printf("  and %" PRIu64 " more tasks in that second\n", v->unshown);
    v->second = second;
    v->shown = v->unshown = 0;
}

void hub_view_note(struct hub_view *v, const struct broker_note *note, uint64_t now_us)
{
    if (v->is_quiet)
        return;
    if (v->is_json) {
        as_json(note);
        return;
    }
    hub_view_flush(v, now_us);
    bool is_common = note->kind == NOTE_TASK_DONE && note->is_run;
    if (is_common && v->shown >= HUB_VIEW_TASKS_A_S) {
        v->unshown++;
        return;
    }
    v->shown += is_common;
    say(note);
}

static void health_as_json(const struct broker_stat *s, const struct hub_health *h)
{
    struct json_line line;
    struct json_writer *w = json_line_start(&line, "health");
    json_put_u64(w, "helpers", s->helpers);
    json_put_u64(w, "ready", s->helpers_ready);
    json_put_u64(w, "gamers", s->gamers);
    json_put_u64(w, "tasks_done", s->tiles_done + s->runs_done);
    json_put_u64(w, "tasks_waiting", s->tasks_waiting);
    json_put_u64(w, "commit_us", h->commit_us);
    json_put_flag(w, "written", h->is_written);
    json_line_end(&line);
}

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

void hub_view_health(struct hub_view *v, const struct broker_stat *s, const struct hub_health *h)
{
    uint64_t done = s->tiles_done + s->runs_done;
    bool is_news = done != v->told.tiles_done + v->told.runs_done ||
                   s->helpers != v->told.helpers || s->gamers != v->told.gamers;
    if (v->is_quiet || !is_news)
        return;
    v->told = *s;
    if (v->is_json) {
        health_as_json(s, h);
        return;
    }
    char room[256];
    struct text t = text_of(room, sizeof room);
    text_addf(&t, "network: %" PRIu32 " helper%s (%" PRIu32 " free), %" PRIu32 " gamer%s; ",
              s->helpers, plural(s->helpers), s->helpers_ready, s->gamers, plural(s->gamers));
    text_addf(&t, "%" PRIu64 " task%s completed, %" PRIu64 " of them before, %" PRIu32 " waiting",
              done, plural(done), s->cached, s->tasks_waiting);
    if (s->wrong > 0)
        text_addf(&t, ", %" PRIu64 " wrong", s->wrong);
    text_add(&t, h->is_written ? "; up " : "; NOTHING IS WRITTEN TO THE DISK; up ");
    text_add_time(&t, h->up_us);
    puts(room);
}
