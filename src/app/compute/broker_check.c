// SPDX-License-Identifier: MIT
// The broker's invariants, as far as they can be seen from inside: for tests and simulations.
#include <assert.h>

#include "compute/broker_state.h"

struct tally { // tasks, where they are
    size_t all, waiting, held, returned, checks;
    size_t of_lines, of_parties; // those that count against one
    size_t settled;              // gamers of which it is known where they are
    size_t kept;
};

static void check_seat(const struct broker *b, const struct seat *s)
{
    uint32_t held = 0;
    LIST_FOR (it, &s->tasks) {
        const struct copy *c = CONTAINER_OF(it, struct copy, node);
        assert(c->task->state != TASK_WAITING && c->seat == s);
        assert(seat_can(s, c->task->skill));
        held++;
    }
    assert(held == s->busy);
    assert(s->is_own || held == sched_held(b->sched, s->standing->place));
}

// In one state, and what that state holds is there, and nothing else.
static void check_task(const struct broker *b, const struct task *t, struct tally *tally)
{
    assert(queue_find(&b->queue, t->id) == t);
    assert((t->state != TASK_WAITING) == list_is_empty(&t->node));
    assert(t->state == TASK_RETURNED || t->back.result == NULL);
    assert((t->kind == TASK_CHECK) == (t->checked != NULL));
    assert(t->checked == NULL || t->checked->state == TASK_RETURNED);
    for (uint32_t i = 0; t->kind == TASK_RUN && i < t->input_count; i++)
        assert(store_has(b->store, &t->input[i])); // pinned
    tally->all++;
    tally->waiting += t->state == TASK_WAITING;
    tally->held += t->state == TASK_HELD;
    tally->returned += t->state == TASK_RETURNED;
    tally->checks += t->kind == TASK_CHECK;
}

static uint32_t check_tasks(const struct broker *b, const struct job *j, struct tally *tally)
{
    uint32_t answers = 0;
    LIST_FOR (it, &j->tasks) {
        const struct task *t = CONTAINER_OF(it, struct task, sibling);
        assert(t->job == j);
        check_task(b, t, tally);
        assert(t->kind != TASK_TILE || !j->piece[t->piece].is_done);
        answers += t->kind == TASK_TILE || t->kind == TASK_RUN;
    }
    return answers;
}

// It waits for jobs that will be kept, and that know of it, or else for an object; not for nothing.
static void check_pending(const struct broker *b, const struct job *r)
{
    const struct pending *p = r->pending;
    uint32_t awaited = 0;
    uint32_t pinned = 0;
    for (uint32_t i = 0; i < p->need_count; i++) {
        const struct need *need = &p->need[i];
        assert(need->of == r && (need->job == NULL) == list_is_empty(&need->node));
        if (need->job == NULL)
            continue;
        assert(need->job != r && need->job->is_kept && need->job->state != JOB_DONE);
        assert(digest_equal(&need->job->key.gamer, &r->key.gamer));
        awaited++;
    }
    for (uint32_t i = 0; i < p->spec.input_count; i++) {
        const bool is_pinned = (p->pinned >> i & 1) != 0;
        assert(!is_pinned || store_has(b->store, &p->spec.input[i]));
        pinned += is_pinned;
    }
    assert((awaited > 0) == (r->state == JOB_AWAITING));
    assert(awaited > 0 || pinned < p->spec.input_count);
}

static void check_waiting(const struct broker *b, const struct job *j)
{
    assert((j->state == JOB_FETCHING) == !list_is_empty(&j->fetching));
    LIST_FOR (it, &j->needed_by)
        assert(CONTAINER_OF(it, struct need, node)->job == j);
    assert(j->pending == NULL || j->kind == JOB_RUN);
    if (j->pending != NULL)
        check_pending(b, j);
}

static void check_job(const struct broker *b, const struct job *j, struct tally *tally)
{
    uint32_t answers = check_tasks(b, j, tally);
    check_waiting(b, j);
    if (j->kind == JOB_RUN) {
        assert(answers == (j->state == JOB_WORKING));
        assert((j->pending == NULL) == (j->state == JOB_WORKING));
        return;
    }
    uint32_t done = 0;
    for (uint32_t i = 0; i < j->piece_count; i++)
        done += j->piece[i].is_done;
    assert(done == j->pieces_done);
    if (j->state == JOB_WORKING)
        assert(done + answers == j->piece_count && answers > 0); // none lost, none twice
    if (j->state == JOB_DONE)
        assert(list_is_empty(&j->tasks));
}

static void check_kept(const struct broker *b, const struct gamer *g, struct tally *tally)
{
    uint32_t count = 0;
    uint64_t bytes = 0;
    LIST_FOR (it, &g->kept) {
        const struct kept *k = CONTAINER_OF(it, struct kept, node);
        assert(k->gamer == g && digest_equal(&k->key.gamer, &g->id));
        assert(map_get(b->kept, &k->key) == k && store_has(b->store, &k->object));
        count++;
        bytes += k->bytes;
    }
    assert(count == g->kept_count && bytes == g->kept_bytes);
    tally->kept += count;
}

static void check_gamer(const struct broker *b, const struct gamer *g, struct tally *tally)
{
    uint32_t frames = 0;
    uint32_t runs = 0;
    LIST_FOR (it, &g->jobs) {
        const struct job *j = CONTAINER_OF(it, struct job, node);
        assert(j->gamer == g && digest_equal(&j->key.gamer, &g->id));
        assert(map_get(b->jobs, &j->key) == j);
        check_job(b, j, tally);
        frames += j->kind == JOB_FRAME && j->state != JOB_DONE;
        runs += j->kind == JOB_RUN;
    }
    assert(frames == g->frame_count && runs == g->run_count);
    LIST_FOR (it, &g->fetching)
        assert(CONTAINER_OF(it, struct job, fetching)->gamer == g);
    check_kept(b, g, tally);
    assert((g->conn == NULL) == (map_get(b->away, g->id.b) == g));
}

static void check_lines(const struct gamer *g, struct tally *tally)
{
    for (uint32_t i = 0; i < SKILLS_MAX; i++) {
        const struct line *l = &g->line[i];
        assert(l->party == (g->origin != NULL ? &g->origin->party : NULL));
        tally->of_lines += l->task_count;
        tally->of_parties += l->party != NULL ? l->task_count : 0;
    }
    tally->settled += g->origin != NULL;
}

static void check_origins(const struct broker *b, const struct tally *tally)
{
    size_t tasks = 0;
    size_t gamers = 0;
    LIST_FOR (it, &b->origin_list) {
        const struct origin *o = CONTAINER_OF(it, struct origin, node);
        assert(o->gamer_count > 0 && map_get(b->origins, o->at) == o);
        tasks += o->party.task_count;
        gamers += o->gamer_count;
    }
    assert(tally->of_lines + tally->checks == tally->all);
    assert(tasks == tally->of_parties && gamers == tally->settled);
}

static size_t check_place(const struct list *place)
{
    size_t count = 0;
    LIST_FOR (it, place) {
        assert(CONTAINER_OF(it, struct task, node)->state == TASK_WAITING);
        count++;
    }
    return count;
}

// Each task of a job is in one place, and no place holds any other; what is returned is being
// checked, once.
static void check_queue(const struct queue *q, const struct tally *tally)
{
    size_t waiting = check_place(&q->own);
    for (uint32_t skill = 0; skill < SKILLS_MAX; skill++)
        for (size_t i = 0; i < q->lines[skill].count; i++) {
            const struct line *l = CONTAINER_OF(q->lines[skill].slot[i], struct line, turn);
            assert(!list_is_empty(&l->tasks) && l->skill == skill && (q->open >> skill & 1) != 0);
            waiting += check_place(&l->tasks);
        }
    assert(waiting == q->waiting_count && waiting == tally->waiting);
    assert(tally->returned == tally->checks);
    assert(map_count(q->by_id) == tally->all);
    assert(tally->all == tally->waiting + tally->held + tally->returned);
}

void broker_check(const struct broker *b)
{
    size_t jobs = 0;
    struct tally tally = {0};
    roster_check(&b->roster);
    LIST_FOR (it, &b->roster.seats)
        check_seat(b, CONTAINER_OF(it, struct seat, node));
    LIST_FOR (it, &b->conn_list) {
        const struct conn *c = CONTAINER_OF(it, struct conn, node);
        assert((c->seat != NULL) == (c->state == CONN_HELPER));
        assert((c->gamer != NULL) == (c->state == CONN_GAMER));
        assert(c->gamer == NULL || c->gamer->conn == c);
    }
    LIST_FOR (it, &b->gamers) {
        const struct gamer *g = CONTAINER_OF(it, struct gamer, node);
        check_gamer(b, g, &tally);
        check_lines(g, &tally);
        LIST_FOR (job, &g->jobs)
            jobs++;
    }
    assert(jobs == map_count(b->jobs) && tally.kept == map_count(b->kept));
    assert(list_is_empty(&b->news) && list_is_empty(&b->refused)); // seen to in each turn
    check_queue(&b->queue, &tally);
    check_origins(b, &tally);
}
