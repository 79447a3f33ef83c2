// SPDX-License-Identifier: MIT
// The broker's graphs: jobs that need the results of others, and in which order they begin.
//
// A gamer's jobs that need one another are a graph, without circles: a job may need only those that
// came before it. What waits for a helper begins in the order of its deadline less its upward rank:
// what it takes, as predicted, and the longest way from there to the end of the graph (HEFT,
// Topcuoglu et al. 2002).
//
// Whatever becomes of one job is news to those that need it. They are seen to afterwards, one by
// one: nobody walks through jobs while these end.
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/num.h"
#include "compute/broker_state.h"

#define RANK_VISITS_MAX 64u  // ranks that one run raises; there are more ways up than jobs
#define RAISES_MAX      128u // of them, those that are still to be done

// ---- Runs that have not begun

// An input, if it is there: from now on it stays.
static bool has_input(struct broker *b, struct pending *p, uint32_t input)
{
    assert(input < p->spec.input_count);
    const uint32_t bit = (uint32_t)1 << input;
    if ((p->pinned & bit) == 0 && store_pin(b->store, &p->spec.input[input]) == RC_OK)
        p->pinned |= bit;
    return (p->pinned & bit) != 0;
}

static void meet(struct broker *b, struct need *need, const struct digest *object)
{
    struct pending *p = need->of->pending;
    const uint32_t input = p->spec.input_count - p->need_count + (uint32_t)(need - p->need);
    assert(need < p->need + p->need_count);
    p->spec.input[input] = *object;
    need->job = NULL;
    list_del(&need->node);
    (void)has_input(b, p, input); // it was kept: it is there
}

// A job of the gamer that is under way, and whose result will be kept; or NULL.
static struct job *awaited(const struct broker *b, const struct job *r, const struct job_key *key)
{
    struct job *j = map_get(b->jobs, key);
    return j != NULL && j != r && j->is_kept && j->state != JOB_DONE ? j : NULL;
}

static enum rc settle(struct broker *b, struct job *r, const struct msg_run *m)
{
    for (uint32_t i = 0; i < m->need_count; i++) {
        const struct job_key key = {r->key.gamer, m->need[i]};
        const struct kept *k = map_get(b->kept, &key);
        struct need *need = &r->pending->need[i];
        struct job *j = awaited(b, r, &key); // of two by that number, the one that came later
        if (j != NULL) {
            need->job = j;
            list_push_back(&j->needed_by, &need->node);
        } else if (k != NULL) {
            meet(b, need, &k->object);
        } else {
            return RC_ABSENT;
        }
    }
    return RC_OK;
}

enum rc pending_make(struct broker *b, struct job *r, const struct msg_run *m)
{
    assert(r->kind == JOB_RUN && r->pending == NULL);
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
    for (uint32_t i = 0; i < p->need_count; i++) {
        p->need[i].of = r;
        list_init(&p->need[i].node);
    }
    r->pending = p;
    return settle(b, r, m);
}

void pending_free(struct broker *b, struct pending *p)
{
    if (p == NULL)
        return;
    for (uint32_t i = 0; i < p->spec.input_count; i++)
        if ((p->pinned >> i & 1) != 0)
            store_unpin(b->store, &p->spec.input[i]);
    for (uint32_t i = 0; i < p->need_count; i++)
        list_del(&p->need[i].node);
    budget_give(b->budget, p);
}

bool pending_lacks_job(const struct pending *p)
{
    for (uint32_t i = 0; i < p->need_count; i++)
        if (p->need[i].job != NULL)
            return true;
    return false;
}

const struct digest *pending_lacks_object(struct broker *b, struct pending *p)
{
    for (uint32_t i = 0; i < p->spec.input_count; i++)
        if (!has_input(b, p, i))
            return &p->spec.input[i];
    return NULL;
}

// ---- Ranks

uint64_t job_start_by_us(const struct job *j)
{
    const uint64_t due_us =
        j->deadline.index != 0 ? j->deadline.key : time_after(j->came_us, QUEUE_PATIENCE_US);
    const double rank_us = fmin(j->self_us + j->below_us, BROKER_EXPECTED_US_MAX);
    return time_since((uint64_t)rank_us, due_us) + 1;
}

struct raise { // of a job's rank
    struct job *job;
    double below_us; // what needs it takes so long, to the end of the graph
};

// The way up from j goes on at those that it needs.
static uint32_t raise_needed(const struct job *j, struct raise *raise, uint32_t count)
{
    for (uint32_t i = 0; j->pending != NULL && i < j->pending->need_count; i++)
        if (j->pending->need[i].job != NULL && count < RAISES_MAX)
            raise[count++] = (struct raise){j->pending->need[i].job, j->self_us + j->below_us};
    return count;
}

void pending_rank(struct job *r)
{
    struct raise raise[RAISES_MAX];
    uint32_t count = raise_needed(r, raise, 0);
    for (uint32_t visits = 0; count > 0 && visits < RANK_VISITS_MAX;) {
        const struct raise up = raise[--count];
        if (up.below_us <= up.job->below_us)
            continue;
        visits++;
        up.job->below_us = up.below_us;
        LIST_FOR (it, &up.job->tasks)
            queue_hurry(CONTAINER_OF(it, struct task, sibling), job_start_by_us(up.job));
        count = raise_needed(up.job, raise, count);
    }
}

// ---- News

void job_has_news(struct broker *b, struct job *r)
{
    if (list_is_empty(&r->news))
        list_push_back(&b->news, &r->news);
}

bool job_keep_result(struct broker *b, struct job *j, struct bytes result)
{
    const struct kept *k = kept_put(b, j, result);
    if (k == NULL)
        return false;
    LIST_FOR_SAFE (it, &j->needed_by) {
        struct need *need = CONTAINER_OF(it, struct need, node);
        meet(b, need, &k->object);
        job_has_news(b, need->of);
    }
    return true;
}

void job_orphan(struct broker *b, struct job *j)
{
    LIST_FOR_SAFE (it, &j->needed_by) {
        struct need *need = CONTAINER_OF(it, struct need, node);
        need->job = NULL;
        list_del(&need->node);
        assert(need->of != j); // no job needs itself
        need->of->is_orphan = true;
        job_has_news(b, need->of);
    }
}
