// SPDX-License-Identifier: MIT
// The broker after a crash: what its host kept of its records, taken back.
#include <assert.h>
#include <string.h>

#include "base/num.h"
#include "compute/broker_state.h"

static void take_result(struct broker *b, const struct record *r)
{
    uint64_t life_us = (uint64_t)RESULTS_LIFE_S * US_PER_S;
    if (r->age_us >= life_us)
        return;
    (void)results_put(&b->results,
                      &(struct result_cfg){.asked = r->asked,
                                           .hash = r->hash,
                                           .node = r->node,
                                           .name = r->name,
                                           .cpu_us = r->cpu_us,
                                           .wall_us = r->wall_us,
                                           .bytes = r->bytes,
                                           .is_stored = r->is_stored,
                                           .until_us = time_after(b->now_us, life_us - r->age_us)});
}

static void take_peer(struct broker *b, const struct record *r)
{
    struct standing *s = roster_standing(&b->roster, &r->node);
    if (s == NULL)
        return;
    s->record = r->standing.verify;
    s->failures = r->standing.failures;
    s->results = r->standing.results;
    s->cpu_us = r->standing.cpu_us;
    memcpy(s->name, r->name, sizeof s->name);
    roster_changed(&b->roster, s); // takes a barred one off the list of those that may go
    (void)roster_next_changed(&b->roster);
}

static void take_frame(struct broker *b, struct job *f, const struct record *r,
                       const struct msg_submit *m)
{
    f->spec = *m;
    f->spec.have = bytes_of(NULL, 0);
    f->is_kept = m->is_kept;
    f->state = r->state == RECORD_DONE ? JOB_DONE : JOB_FETCHING;
    f->plan = r->plan;
    if (r->pieces == 0 || r->pieces > JOB_PIECES_MAX)
        return;
    f->piece = budget_take(b->budget, r->pieces * sizeof *f->piece);
    f->piece_count = f->piece != NULL ? r->pieces : 0;
}

static void take_job(struct broker *b, const struct record *r)
{
    struct msg m;
    enum rc rc = msg_decode(&m, r->bytes);
    bool is_frame = rc == RC_OK && m.type == MSG_SUBMIT && m.as.submit.job == r->job;
    bool is_run = rc == RC_OK && m.type == MSG_RUN && m.as.run.job == r->job;
    bool has_result = is_frame && !m.as.submit.is_kept; // what is kept is gone
    bool is_over = r->state == RECORD_FAILED || r->state == RECORD_WITHDRAWN ||
                   (!has_result && r->state == RECORD_DONE);
    if (is_over || (!is_frame && !is_run))
        return;
    struct gamer *g = gamer_expect(b, &r->node, r->name);
    if (g == NULL || job_known(b, g, r->job) != NULL)
        return;
    struct job *j = job_new(b, g, r->job, is_frame ? JOB_FRAME : JOB_RUN);
    if (j == NULL)
        return;
    j->is_text = r->is_text;
    b->stat.restored++;
    if (is_frame) {
        take_frame(b, j, r, &m.as.submit);
        return;
    }
    job_rerun(b, j, &m.as.run, r->age_us);
}

// Pieces come in the order of their places.
static void take_task(struct broker *b, const struct record *r)
{
    struct job_key key = {r->node, r->job};
    struct job *f = map_get(b->jobs, &key);
    struct piece p;
    if (f == NULL || f->kind != JOB_FRAME || f->pieces_restored >= f->piece_count ||
        frame_piece_of(f, r->bytes, &p) != RC_OK)
        return;
    p.index = r->index;
    f->piece[f->pieces_restored++] = p;
}

void broker_restore(struct broker *b, const struct record *record, uint64_t now_us)
{
    assert(list_is_empty(&b->conn_list)); // nobody is here yet
    b->now_us = now_us;
    switch (record->kind) {
    case RECORD_RESULT:
        take_result(b, record);
        break;
    case RECORD_PEER:
        take_peer(b, record);
        break;
    case RECORD_JOB:
        take_job(b, record);
        break;
    case RECORD_TASK:
        take_task(b, record);
        break;
    case RECORD_PLAN: // its job carries it
    case RECORD_END:
    case RECORD_GAMER:
        break;
    }
}

// Not all of its pieces were written: it is cut anew.
static void forget_pieces(struct broker *b, struct job *f)
{
    budget_give(b->budget, f->piece);
    f->piece = NULL;
    f->piece_count = 0;
    f->plan = 0;
}

static void start_frame(struct broker *b, struct job *f)
{
    if (f->pieces_restored != f->piece_count)
        forget_pieces(b, f);
    if (f->state != JOB_DONE) {
        job_start_frame(b, f);
        return;
    }
    job_uncount(b, f);
    for (uint32_t i = 0; i < f->piece_count; i++)
        f->piece[i].is_done = true; // or what was not kept of them is made again
    f->pieces_done = f->piece_count;
    if (f->piece != NULL)
        job_keep_done(b, f);
    else
        job_free(b, f);
}

void broker_restored(struct broker *b, uint64_t now_us)
{
    assert(list_is_empty(&b->conn_list));
    b->now_us = now_us;
    LIST_FOR (gamers, &b->gamers) {
        struct gamer *g = CONTAINER_OF(gamers, struct gamer, node);
        LIST_FOR_SAFE (it, &g->jobs) {
            struct job *j = CONTAINER_OF(it, struct job, node);
            if (j->kind == JOB_FRAME)
                start_frame(b, j);
        }
    }
    work_assign(b);
}
