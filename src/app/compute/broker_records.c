// SPDX-License-Identifier: MIT
// What the broker must not forget: jobs, plans, results, helpers and gamers as records, when they
// change. broker_restore.c takes them back.
#include <assert.h>
#include <string.h>

#include "base/num.h"
#include "compute/broker_state.h"
#include "kernel/kernel.h"

// ---- Helpers and gamers

static void record_peer(const struct standing *s, struct record *out)
{
    *out = (struct record){.kind = RECORD_PEER,
                           .node = s->node,
                           .standing = {.verify = s->record,
                                        .failures = s->failures,
                                        .results = s->results,
                                        .cpu_us = s->cpu_us}};
    memcpy(out->name, s->name, sizeof out->name);
}

void gamer_changed(struct broker *b, struct gamer *g)
{
    if (list_is_empty(&g->changed))
        list_push_back(&b->gamers_changed, &g->changed);
}

static void record_gamer(struct gamer *g, struct record *out)
{
    *out = (struct record){.kind = RECORD_GAMER,
                           .node = g->id,
                           .jobs_done = g->jobs_done,
                           .jobs_failed = g->jobs_failed};
    memcpy(out->name, g->name, sizeof out->name);
    g->jobs_done = g->jobs_failed = 0;
    list_del(&g->changed);
}

void gamer_record_last(struct broker *b, struct gamer *g)
{
    struct record r;
    if (list_is_empty(&g->changed))
        return;
    record_gamer(g, &r);
    records_put(&b->records, &r, NULL);
}

bool broker_record(struct broker *b, struct record *out)
{
    if (records_next(&b->records, out))
        return true;
    const struct standing *s = roster_next_changed(&b->roster);
    if (s != NULL)
        record_peer(s, out);
    else if (!list_is_empty(&b->gamers_changed))
        record_gamer(CONTAINER_OF(b->gamers_changed.next, struct gamer, changed), out);
    else
        return false;
    return true;
}

bool broker_has_records(const struct broker *b)
{
    return b->records.count > 0 || !list_is_empty(&b->roster.changed) ||
           !list_is_empty(&b->gamers_changed);
}

// ---- Jobs and results

static struct record record_of(enum record_kind kind, const struct job *j)
{
    struct record r = {.kind = kind, .node = j->key.gamer, .job = j->key.number};
    memcpy(r.name, j->gamer->name, sizeof r.name);
    return r;
}

// The message itself is kept: after a crash it comes in once more. Without memory for it the disk
// never hears of the job.
void job_record(struct broker *b, struct job *j, const struct msg *m)
{
    assert(j->record == NULL); // it comes in once
    size_t cap = msg_bytes_max(m);
    uint8_t room[2 * MSG_HEAD_BYTES_MAX];
    uint8_t *at = cap <= sizeof room ? room : budget_take(b->budget, cap);
    struct buffer bytes = buffer_of(at, at != NULL ? cap : 0);
    if (at != NULL && msg_encode(m, &bytes) == RC_OK) {
        struct record r = record_of(RECORD_JOB, j);
        r.is_run = j->kind == JOB_RUN;
        r.is_text = j->is_text;
        r.kernel = m->type == MSG_RUN ? m->as.run.spec.kernel : "trace";
        r.kernel = kernel_find(bytes_text(r.kernel))->name;
        r.bytes = buffer_bytes(&bytes);
        if (m->type == MSG_RUN)
            r.asked = j->asked;
        records_put(&b->records, &r, &j->record);
    } else {
        b->records.lost++;
    }
    if (at != room)
        budget_give(b->budget, at);
}

void job_record_plan(struct broker *b, const struct job *f)
{
    struct record r = record_of(RECORD_PLAN, f);
    assert(f->kind == JOB_FRAME && f->piece_count > 0);
    r.plan = f->plan;
    r.pieces = f->piece_count;
    records_put(&b->records, &r, NULL);
    for (uint32_t i = 0; i < f->piece_count; i++) {
        uint8_t room[FRAME_PARAMS_BYTES];
        struct task_spec spec = frame_piece_spec(f, &f->piece[i], room);
        struct record t = record_of(RECORD_TASK, f);
        t.kernel = "trace";
        t.index = f->piece[i].index;
        t.asked = task_digest(&spec);
        t.bytes = spec.params;
        records_put(&b->records, &t, NULL);
    }
}

void job_record_end(struct broker *b, struct job *j, enum record_state state)
{
    struct gamer *g = j->gamer;
    g->jobs_done += state == RECORD_DONE;
    g->jobs_failed += state == RECORD_FAILED;
    gamer_changed(b, g);
    assert(state != RECORD_OPEN);
    bool is_news = j->kind == JOB_FRAME || j->record == NULL;
    records_drop(&b->records, j->kind == JOB_RUN ? j->record : NULL);
    struct record r = record_of(RECORD_END, j);
    r.is_run = j->kind == JOB_RUN;
    r.state = state;
    if (is_news)
        records_put(&b->records, &r, NULL);
}

void result_keep(struct broker *b, const struct task *t, struct bytes bytes)
{
    struct result_cfg cfg = {.asked = t->asked,
                             .hash = t->back.hash,
                             .node = t->back.node,
                             .name = t->back.name,
                             .cpu_us = t->back.cpu_us,
                             .wall_us = t->back.wall_us,
                             .bytes = bytes,
                             .until_us =
                                 time_after(b->now_us, (uint64_t)RESULTS_LIFE_S * US_PER_S)};
    assert(t->kind == TASK_TILE || t->kind == TASK_RUN); // what somebody may ask for
    const struct result *kept = results_put(&b->results, &cfg);
    if (kept == NULL)
        return;
    struct record r = {.kind = RECORD_RESULT,
                       .node = cfg.node,
                       .kernel = skill_kernel(t->skill)->name,
                       .asked = cfg.asked,
                       .hash = cfg.hash,
                       .cpu_us = cfg.cpu_us,
                       .wall_us = cfg.wall_us,
                       .is_stored = kept->is_stored,
                       .bytes = kept->is_stored ? bytes_of(NULL, 0) : bytes};
    memcpy(r.name, t->back.name, sizeof r.name);
    records_put(&b->records, &r, NULL);
}
