// SPDX-License-Identifier: MIT
// The broker's jobs: from a gamer's word through plan and pieces to the answer, and back again.
#include <assert.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "compute/broker_state.h"
#include "kernel/kernel.h"
#include "work/join.h"

#define UNNAMED_MAX 256u // jobs that are looked at for one that nobody named

struct broker_note job_note(enum broker_note_kind kind, const struct job *j)
{
    struct broker_note n = {.kind = kind,
                            .job = j->key.number,
                            .is_run = j->kind == JOB_RUN,
                            .frame = j->spec.frame,
                            .node = j->key.gamer};
    memcpy(n.who, j->gamer->name, sizeof n.who);
    return n;
}

struct record job_record_of(enum record_kind kind, const struct job *j)
{
    struct record r = {.kind = kind, .node = j->key.gamer, .job = j->key.number};
    memcpy(r.name, j->gamer->name, sizeof r.name);
    return r;
}

// ---- What a job is made of

struct job *job_new(struct broker *b, struct gamer *g, uint64_t number, enum job_kind kind)
{
    struct job *j = budget_take(b->budget, sizeof *j);
    if (j == NULL)
        return NULL;
    *j = (struct job){.gamer = g, .key = {g->id, number}, .kind = kind, .came_us = b->now_us};
    job_named(j);
    list_init(&j->tasks);
    list_init(&j->needed_by);
    list_init(&j->news);
    list_init(&j->fetching);
    if (map_put(b->jobs, &j->key, j) != RC_OK) {
        budget_give(b->budget, j);
        return NULL;
    }
    list_push_back(&g->jobs, &j->node);
    g->frame_count += kind == JOB_FRAME;
    g->run_count += kind == JOB_RUN;
    b->stat.frames += kind == JOB_FRAME;
    b->stat.runs += kind == JOB_RUN;
    return j;
}

void job_named(struct job *j)
{
    j->conn = j->gamer->conn != NULL ? j->gamer->conn->id : 0;
}

static bool is_named(const struct job *j)
{
    return j->gamer->conn != NULL && j->gamer->conn->id == j->conn;
}

void job_tell(struct broker *b, const struct job *j, const struct msg *m)
{
    if (is_named(j))
        gamer_tell(b, j->gamer, m);
}

// Not in work any more, however it ended.
void job_uncount(struct broker *b, struct job *j)
{
    struct gamer *g = j->gamer;
    uint32_t *of_gamer = j->kind == JOB_FRAME ? &g->frame_count : &g->run_count;
    uint32_t *of_hub = j->kind == JOB_FRAME ? &b->stat.frames : &b->stat.runs;
    assert(*of_gamer > 0 && *of_hub > 0);
    (*of_gamer)--;
    (*of_hub)--;
}

void job_drop_task(struct broker *b, struct task *t)
{
    work_drop(b, t);
}

static void drop_tasks(struct broker *b, struct job *j)
{
    LIST_FOR_SAFE (it, &j->tasks)
        job_drop_task(b, CONTAINER_OF(it, struct task, sibling));
}

void job_free(struct broker *b, struct job *j)
{
    assert(list_is_empty(&j->tasks) && list_is_empty(&j->needed_by));
    if (j->record != NULL)
        records_drop(&b->records, j->record);
    heap_del(&b->deadlines, &j->deadline);
    if (j->is_pinned)
        store_unpin(b->store, &j->spec.scene);
    list_del(&j->node);
    (void)map_del(b->jobs, &j->key);
    list_del(&j->news);
    list_del(&j->fetching);
    join_free(j->join);
    pending_free(b, j->pending);
    budget_give(b->budget, j->piece);
    budget_give(b->budget, j);
}

// The disk hears of the end, unless it never heard of the beginning.
void job_record_end(struct broker *b, struct job *j, enum record_state state)
{
    struct gamer *g = j->gamer;
    g->jobs_done += state == RECORD_DONE;
    g->jobs_failed += state == RECORD_FAILED;
    gamer_changed(b, g);
    bool is_news = j->kind == JOB_FRAME || j->record == NULL;
    records_drop(&b->records, j->kind == JOB_RUN ? j->record : NULL);
    struct record r = job_record_of(RECORD_END, j);
    r.is_run = j->kind == JOB_RUN;
    r.state = state;
    if (is_news)
        records_put(&b->records, &r, NULL);
}

void job_end(struct broker *b, struct job *j, enum record_state state)
{
    drop_tasks(b, j);
    if (j->state != JOB_DONE) {
        job_record_end(b, j, state);
        job_uncount(b, j);
        job_orphan(b, j);
    }
    job_free(b, j);
}

static struct msg failed_msg(uint64_t number, const char *label, const struct msg_refuse *why)
{
    struct msg m = {.type = MSG_FAILED, .as.failed = {.job = number, .rc = why->rc}};
    struct text t = text_of(m.as.failed.text, MSG_TEXT_BYTES);
    text_add_safe(&t, bytes_text(why->text));
    bytes_to_text(bytes_text(label), m.as.failed.label, MSG_LABEL_BYTES);
    return m;
}

void gamer_tell_failed(struct broker *b, struct gamer *g, uint64_t number, const char *label,
                       const struct msg_refuse *why)
{
    struct msg m = failed_msg(number, label, why);
    gamer_tell(b, g, &m);
}

struct msg_refuse refuse_because(enum rc rc, const char *text)
{
    struct msg_refuse why = {.rc = rc};
    bytes_to_text(bytes_text(text), why.text, sizeof why.text);
    return why;
}

bool job_has_room(struct broker *b, struct gamer *g, enum job_kind kind)
{
    uint32_t count = kind == JOB_FRAME ? g->frame_count : g->run_count;
    if (!queue_has_room(&b->queue, &g->line[0])) // of the same party as its others
        return false;
    if (count < (kind == JOB_FRAME ? BROKER_FRAMES_MAX : BROKER_RUNS_MAX))
        return true;
    uint32_t looked = 0;
    LIST_FOR (it, &g->jobs) {
        struct job *j = CONTAINER_OF(it, struct job, node);
        if (++looked > UNNAMED_MAX)
            break; // it is asked too often; those that it does not name end by themselves
        if (j->kind != kind || j->state == JOB_DONE || is_named(j))
            continue;
        job_end(b, j, RECORD_WITHDRAWN);
        return true;
    }
    return false;
}

void job_fail(struct broker *b, struct job *j, enum rc rc, const char *text)
{
    struct broker_note n = job_note(NOTE_JOB_FAILED, j);
    bytes_to_text(bytes_text(text), n.text, sizeof n.text);
    broker_note_put(b, &n);
    struct msg_refuse why = refuse_because(rc, text);
    struct msg m = failed_msg(j->key.number, j->label, &why);
    job_tell(b, j, &m);
    b->stat.frames_failed += j->kind == JOB_FRAME;
    b->stat.runs_failed += j->kind == JOB_RUN;
    job_end(b, j, RECORD_FAILED);
}

// ---- Answers

void job_note_task(struct broker *b, enum broker_note_kind kind, const struct task *t,
                   const struct who *who)
{
    struct broker_note n = job_note(kind, t->job);
    bytes_to_text(bytes_text(who->name), n.who, sizeof n.who);
    n.node = *who->node;
    n.task = t->id;
    n.kernel = skill_kernel(t->skill)->name;
    n.index = t->kind == TASK_TILE ? t->job->piece[t->piece].index : 0;
    n.attempts = t->attempts;
    n.expected_us = t->back.forecast.expected_us;
    n.cpu_us = t->back.cpu_us;
    n.wall_us = t->back.wall_us;
    broker_note_put(b, &n);
}

static void keep_result(struct broker *b, const struct task *t, struct bytes bytes)
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

void job_task_done(struct broker *b, struct task *t, struct bytes bytes, uint32_t parts)
{
    job_note_task(b, NOTE_TASK_DONE, t, &(struct who){&t->back.node, t->back.name});
    keep_result(b, t, bytes);
    if (t->kind == TASK_RUN) {
        job_run_done(b, t, bytes);
        return;
    }
    job_tile_done(b, t, bytes, parts);
}

struct job *job_known(const struct broker *b, const struct gamer *g, uint64_t number)
{
    struct job_key key = {g->id, number};
    return map_get(b->jobs, &key);
}

void job_withdraw(struct broker *b, struct gamer *g, uint64_t number)
{
    struct job *j = job_known(b, g, number);
    if (j != NULL && j->gamer == g)
        job_end(b, j, RECORD_WITHDRAWN);
}

// A short block for a message that is kept as it came. NULL: no room.
void job_record(struct broker *b, struct job *j, const struct msg *m)
{
    size_t cap = msg_bytes_max(m);
    uint8_t room[2 * MSG_HEAD_BYTES_MAX];
    uint8_t *at = cap <= sizeof room ? room : budget_take(b->budget, cap);
    struct buffer bytes = buffer_of(at, at != NULL ? cap : 0);
    if (at != NULL && msg_encode(m, &bytes) == RC_OK) {
        struct record r = job_record_of(RECORD_JOB, j);
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
