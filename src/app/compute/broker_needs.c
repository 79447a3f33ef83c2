// SPDX-License-Identifier: MIT
// The broker's graphs: results that are kept for other jobs, and jobs that wait for them.
//
// A gamer's jobs that need one another are a graph. What waits for a helper begins in the order of
// its deadline less its upward rank: what it takes, as predicted, and the longest way from there to
// the end of the graph (HEFT, Topcuoglu et al. 2002).
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/num.h"
#include "compute/broker_state.h"
#include "work/join.h"

#define DEPTH_MAX 32u // of a graph, that ranks are passed up

// ---- What is kept

static void kept_drop(struct broker *b, struct gamer *g)
{
    assert(g->kept_count > 0);
    struct kept *k = &g->kept[g->kept_first];
    store_unpin(b->store, &k->object);
    g->kept_bytes -= k->bytes;
    g->kept_first = (g->kept_first + 1) % BROKER_KEPT_MAX;
    g->kept_count--;
}

void kept_drop_all(struct broker *b, struct gamer *g)
{
    while (g->kept_count > 0)
        kept_drop(b, g);
}

static const struct kept *kept_find(const struct gamer *g, uint64_t number)
{
    for (uint32_t i = 0; i < g->kept_count; i++) {
        const struct kept *k = &g->kept[(g->kept_first + i) % BROKER_KEPT_MAX];
        if (k->number == number)
            return k;
    }
    return NULL;
}

static enum rc kept_put(struct broker *b, struct gamer *g, const struct kept *k,
                        struct bytes result)
{
    while (g->kept_count == BROKER_KEPT_MAX ||
           (g->kept_count > 0 && g->kept_bytes + k->bytes > BROKER_KEPT_BYTES_MAX))
        kept_drop(b, g);
    enum rc rc = store_put(b->store, &k->object, result);
    if (rc == RC_OK)
        rc = store_pin(b->store, &k->object);
    if (rc != RC_OK)
        return rc;
    g->kept[(g->kept_first + g->kept_count++) % BROKER_KEPT_MAX] = *k;
    g->kept_bytes += k->bytes;
    return RC_OK;
}

// ---- Runs that have not begun

static size_t input_of(const struct pending *p, uint32_t need)
{
    return p->spec.input_count - p->need_count + need;
}

enum rc pending_make(struct broker *b, struct job *r, const struct msg_run *m)
{
    const size_t len = m->spec.params.len;
    if (m->need_count > TASK_INPUTS_MAX - m->spec.input_count)
        return RC_MALFORMED;
    struct pending *p = budget_take(b->budget, sizeof *p + len);
    if (p == NULL)
        return RC_NOMEM;
    *p = (struct pending){.spec = m->spec, .need_count = m->need_count};
    if (len > 0)
        memcpy(p->params, m->spec.params.at, len);
    p->spec.params = bytes_of(p->params, len);
    p->spec.input_count += m->need_count;
    memcpy(p->need, m->need, m->need_count * sizeof *p->need);
    r->pending = p;
    return RC_OK;
}

static void meet(struct pending *p, uint32_t need, const struct digest *object)
{
    p->spec.input[input_of(p, need)] = *object;
    p->is_met[need] = true;
}

bool pending_lacks_job(const struct pending *p)
{
    for (uint32_t i = 0; i < p->need_count; i++)
        if (!p->is_met[i])
            return true;
    return false;
}

const struct digest *pending_lacks_object(const struct broker *b, const struct pending *p)
{
    for (uint32_t i = 0; i < p->spec.input_count; i++)
        if (!store_has(b->store, &p->spec.input[i]))
            return &p->spec.input[i];
    return NULL;
}

// A job of the gamer that is under way, and whose result will be kept; or NULL.
static struct job *needed(const struct broker *b, const struct gamer *g, uint64_t number)
{
    struct job *j = job_known(b, g, number);
    return j != NULL && j->is_kept && j->state != JOB_DONE ? j : NULL;
}

const char *pending_settle(struct broker *b, struct job *r)
{
    struct pending *p = r->pending;
    for (uint32_t i = 0; i < p->need_count; i++) {
        const struct kept *k = kept_find(r->gamer, p->need[i]);
        if (k != NULL)
            meet(p, i, &k->object);
        else if (needed(b, r->gamer, p->need[i]) == NULL)
            return "it needs a result that is not kept, or not any more";
    }
    return NULL;
}

static bool needs(const struct job *r, uint64_t number)
{
    for (uint32_t i = 0; r->pending != NULL && i < r->pending->need_count; i++)
        if (r->pending->need[i] == number && !r->pending->is_met[i])
            return true;
    return false;
}

// ---- Ranks

uint64_t job_start_by_us(const struct job *j)
{
    const uint64_t due_us =
        j->deadline.index != 0 ? j->deadline.key : time_after(j->came_us, QUEUE_PATIENCE_US);
    const double rank_us = fmin(j->self_us + j->below_us, BROKER_EXPECTED_US_MAX);
    return time_since((uint64_t)rank_us, due_us) + 1;
}

// What needs it takes so long, to the end of the graph.
static void raise_rank(struct broker *b, struct job *j, double below_us, uint32_t depth)
{
    if (below_us <= j->below_us || depth == DEPTH_MAX)
        return;
    j->below_us = below_us;
    LIST_FOR (it, &j->tasks)
        queue_hurry(CONTAINER_OF(it, struct task, sibling), job_start_by_us(j));
    for (uint32_t i = 0; j->pending != NULL && i < j->pending->need_count; i++) {
        struct job *n = needed(b, j->gamer, j->pending->need[i]);
        if (n != NULL)
            raise_rank(b, n, j->self_us + below_us, depth + 1);
    }
}

void pending_rank(struct broker *b, struct job *r)
{
    for (uint32_t i = 0; i < r->pending->need_count; i++) {
        struct job *n = needed(b, r->gamer, r->pending->need[i]);
        if (n != NULL)
            raise_rank(b, n, r->self_us + r->below_us, 0);
    }
}

// ---- Ends

void job_keep_result(struct broker *b, struct job *j, struct bytes result)
{
    const struct kept k = {j->key.number, hash_bytes(result), result.len};
    struct gamer *g = j->gamer;
    if (kept_put(b, g, &k, result) != RC_OK)
        return; // who needs it hears of it when this job ends
    LIST_FOR_SAFE (it, &g->jobs) {
        struct job *r = CONTAINER_OF(it, struct job, node);
        if (!needs(r, k.number))
            continue;
        for (uint32_t i = 0; i < r->pending->need_count; i++)
            if (r->pending->need[i] == k.number)
                meet(r->pending, i, &k.object);
        job_try_run(b, r);
    }
}

void job_orphan(struct broker *b, const struct job *j)
{
    if (!j->is_kept)
        return;
    LIST_FOR (it, &j->gamer->jobs) {
        struct job *r = CONTAINER_OF(it, struct job, node);
        if (needs(r, j->key.number) && list_is_empty(&r->orphan))
            list_push_back(&b->orphans, &r->orphan);
    }
}

void job_fail_orphans(struct broker *b)
{
    while (!list_is_empty(&b->orphans))
        job_fail(b, CONTAINER_OF(b->orphans.next, struct job, orphan), RC_ABSENT,
                 "another job, whose result it needs, failed or was withdrawn");
}
