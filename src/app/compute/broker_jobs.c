// SPDX-License-Identifier: MIT
// The broker's jobs, whatever they are: made, named, told of, ended.
#include <assert.h>

#include "base/text.h"
#include "compute/broker_state.h"
#include "work/join.h"

#define UNNAMED_MAX 256u // jobs that are looked at for one that nobody named

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

void job_uncount(struct broker *b, struct job *j)
{
    struct gamer *g = j->gamer;
    uint32_t *of_gamer = j->kind == JOB_FRAME ? &g->frame_count : &g->run_count;
    uint32_t *of_hub = j->kind == JOB_FRAME ? &b->stat.frames : &b->stat.runs;
    assert(*of_gamer > 0 && *of_hub > 0);
    (*of_gamer)--;
    (*of_hub)--;
}

static void drop_tasks(struct broker *b, struct job *j)
{
    LIST_FOR_SAFE (it, &j->tasks)
        work_drop(b, CONTAINER_OF(it, struct task, sibling));
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
