// SPDX-License-Identifier: MIT
// The broker's runs: single tasks of any kernel, from a gamer's word to the answer.
#include <assert.h>
#include <string.h>

#include "base/num.h"
#include "compute/broker_state.h"
#include "kernel/kernel.h"

// Why this hub cannot do it, in words and *rc; NULL: it can.
static const char *fault_of(const struct msg_run *m, bool is_text, enum rc *rc)
{
    const struct task_spec *spec = &m->spec;
    const uint32_t skill = skill_of(spec->kernel, is_text);
    size_t min = 0;
    size_t max = 0;
    *rc = RC_UNSUPPORTED;
    if (skill == SKILL_NONE)
        return "this hub knows no such kernel";
    *rc = RC_MALFORMED;
    if (!kernel_takes_inputs(skill_kernel(skill), spec->input_count + m->need_count, false))
        return "this kernel takes another number of objects";
    if (skill_kernel(skill)->result_bounds(spec->params, &min, &max) != RC_OK)
        return "the params make no sense for this kernel";
    return NULL;
}

static double units_of(const struct task_spec *spec)
{
    const struct kernel *k = skill_kernel(skill_of(spec->kernel, false));
    return k->size != NULL ? k->size(spec->params) : 1;
}

// ---- Answers

static void tell_ran(struct broker *b, const struct job *j, struct msg_ran *ran)
{
    ran->job = j->key.number;
    memcpy(ran->label, j->label, sizeof ran->label);
    if (j->is_quiet)
        ran->result = bytes_of(NULL, 0);
    job_tell(b, j, &(struct msg){.type = MSG_RAN, .as.ran = *ran});
    b->stat.runs_done++;
}

// False: it has failed.
static bool keeps(struct broker *b, struct job *j, struct bytes result)
{
    if (!j->is_kept || job_keep_result(b, j, result))
        return true;
    job_fail(b, j, RC_FULL, "the hub has no room to keep this result");
    return false;
}

void job_run_done(struct broker *b, struct task *t, struct bytes bytes)
{
    struct job *j = t->job;
    const struct forecast *f = &t->back.forecast;
    struct msg_ran ran = {.node = t->back.node,
                          .expected = {f->expected_us, f->low_us, f->high_us},
                          .wall_us = t->back.wall_us,
                          .cpu_us = t->back.cpu_us,
                          .attempts = t->attempts,
                          .result = bytes};
    memcpy(ran.helper, t->back.name, sizeof ran.helper);
    quantiles_put(b->run_us, time_since(t->came_us, b->now_us));
    if (!keeps(b, j, bytes))
        return;
    tell_ran(b, j, &ran);
    job_end(b, j, RECORD_DONE); // who did not hear of it asks again, and finds it kept
}

// True: it is over. False: it was not done before, or the result was not kept.
static bool run_from_results(struct broker *b, struct job *j)
{
    struct result *r = results_find(&b->results, &j->asked, b->now_us);
    struct bytes bytes;
    if (r == NULL || results_get(&b->results, r, &bytes) != RC_OK)
        return false;
    struct msg_ran ran = {.node = r->node,
                          .wall_us = r->wall_us,
                          .cpu_us = r->cpu_us,
                          .attempts = 1,
                          .is_cached = true,
                          .result = bytes};
    memcpy(ran.helper, r->name, sizeof ran.helper);
    const bool is_kept = keeps(b, j, bytes);
    if (is_kept)
        tell_ran(b, j, &ran);
    results_release(&b->results);
    b->stat.cached += is_kept;
    if (is_kept)
        job_end(b, j, RECORD_DONE);
    return true;
}

// ---- The way in

// All inputs are there; pins of a pending become the task's.
static void start(struct broker *b, struct job *r, const struct task_spec *spec)
{
    struct task_cfg cfg = {.kind = TASK_RUN,
                           .job = r,
                           .skill = skill_of(spec->kernel, r->is_text),
                           .spec = *spec,
                           .asked = r->asked,
                           .units = units_of(spec),
                           .start_by_us = job_start_by_us(r)};
    cfg.line = &r->gamer->line[cfg.skill];
    struct task *t = queue_new(&b->queue, &cfg, b->now_us);
    if (t == NULL) {
        job_fail(b, r, RC_NOMEM, "the hub is out of memory for this task");
        return;
    }
    assert(list_is_empty(&r->tasks)); // a run is one task
    r->state = JOB_WORKING;
    list_push_back(&r->tasks, &t->sibling);
    queue_wait(&b->queue, t);
    if (r->pending != NULL)
        r->pending->pinned = 0;
    pending_free(b, r->pending);
    r->pending = NULL;
}

static void begin(struct broker *b, struct job *r, const struct task_spec *spec)
{
    if (!run_from_results(b, r))
        start(b, r, spec);
}

void job_try_run(struct broker *b, struct job *r)
{
    struct pending *p = r->pending;
    assert(p != NULL && r->state != JOB_WORKING);
    list_del(&r->fetching);
    if (pending_lacks_job(p)) {
        r->state = JOB_AWAITING;
    } else if (pending_lacks_object(b, p) != NULL) {
        job_fetch(r);
        job_want_objects(b, r->gamer);
    } else {
        r->asked = task_digest(&p->spec);
        begin(b, r, &p->spec);
    }
}

static const char *why_not_pending(enum rc rc)
{
    return rc == RC_ABSENT ? "it needs a result that is not kept, or not any more"
                           : "the hub is out of memory for this task";
}

static void run_in(struct broker *b, struct job *r, const struct msg_run *m, uint64_t age_us)
{
    uint64_t due_us = (uint64_t)m->deadline_ms * US_PER_MS;
    due_us = time_after(b->now_us, due_us > age_us ? due_us - age_us : 0);
    memcpy(r->label, m->label, sizeof r->label);
    r->is_kept = m->is_kept;
    r->is_quiet = m->is_quiet;
    if (m->deadline_ms > 0 || m->is_kept || m->need_count > 0) // others go in the order they came
        r->self_us = work_expect_us(b, skill_of(m->spec.kernel, r->is_text), units_of(&m->spec));
    if (m->deadline_ms > 0 && heap_put(&b->deadlines, &r->deadline, due_us) != RC_OK) {
        job_fail(b, r, RC_FULL, "too many tasks at once: wait");
        return;
    }
    const bool is_pending = m->need_count > 0 || m->spec.input_count > 0;
    enum rc rc = is_pending ? pending_make(b, r, m) : RC_OK;
    if (rc != RC_OK) {
        job_fail(b, r, rc, why_not_pending(rc));
        return;
    }
    if (m->need_count == 0)
        r->asked = task_digest(&m->spec);
    job_record(b, r, &(struct msg){.type = MSG_RUN, .as.run = *m});
    if (!is_pending) {
        begin(b, r, &m->spec);
        return;
    }
    pending_rank(r);
    job_try_run(b, r);
}

static void new_run(struct broker *b, struct gamer *g, const struct msg_run *m, bool is_text)
{
    enum rc rc = RC_OK;
    const char *fault = fault_of(m, is_text, &rc);
    struct job *r = NULL;
    if (fault == NULL && job_has_room(b, g, JOB_RUN))
        r = job_new(b, g, m->job, JOB_RUN);
    if (r == NULL) {
        struct msg_refuse why = refuse_because(
            fault != NULL ? rc : RC_FULL, fault != NULL ? fault : "too many tasks at once: wait");
        gamer_tell_failed(b, g, m->job, m->label, &why);
        return;
    }
    r->is_text = is_text;
    run_in(b, r, m, 0);
}

void job_rerun(struct broker *b, struct job *r, const struct msg_run *m, uint64_t age_us)
{
    enum rc rc = RC_OK;
    const char *fault = fault_of(m, r->is_text, &rc);
    if (fault != NULL)
        job_fail(b, r, rc, fault);
    else
        run_in(b, r, m, age_us);
}

void job_run(struct broker *b, struct gamer *g, const struct msg_run *m, bool is_text)
{
    struct job *r = job_known(b, g, m->job);
    if (r == NULL) {
        new_run(b, g, m, is_text);
        return;
    }
    if (r->kind != JOB_RUN) {
        conn_refuse(b, g->conn, RC_REFUSED, "two jobs with the same number");
        return;
    }
    if (r->gamer != g) // it came back by another connection
        job_move(b, r, g);
    job_named(r); // asked twice, answered once
    if (r->state == JOB_FETCHING)
        job_want_objects(b, g);
}
