// SPDX-License-Identifier: MIT
// The broker's gamers: here, away for a while, and back.
#include <assert.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "compute/broker_state.h"

static struct gamer *gamer_make(struct broker *b, const struct digest *id, const char *name)
{
    struct gamer *g = budget_take(b->budget, sizeof *g);
    if (g == NULL)
        return NULL;
    *g = (struct gamer){.id = *id, .view = {.budget = b->budget}};
    struct text t = text_of(g->name, sizeof g->name);
    text_add_safe(&t, bytes_text(name[0] != 0 ? name : "gamer"));
    session_init(&g->session);
    list_init(&g->jobs);
    list_init(&g->fetching);
    list_init(&g->kept);
    list_init(&g->changed);
    for (uint32_t i = 0; i < SKILLS_MAX; i++)
        line_init(&g->line[i], i);
    list_push_back(&b->gamers, &g->node);
    return g;
}

static bool send_away(struct broker *b, struct gamer *g)
{
    if (map_put(b->away, g->id.b, g) != RC_OK)
        return false;
    heap_del(&b->aways, &g->away); // it may have come back a moment ago
    enum rc rc = heap_put(&b->aways, &g->away, time_after(b->now_us, BROKER_LINGER_US));
    assert(rc == RC_OK); // a place for each connection, and one for each that is away
    (void)rc;
    b->stat.gamers_away++;
    return true;
}

static void call_back(struct broker *b, struct gamer *g)
{
    if (map_get(b->away, g->id.b) != g)
        return; // it is not away
    (void)map_del(b->away, g->id.b);
    heap_move(&b->aways, &g->away, time_after(b->now_us, BROKER_LINGER_US)); // to name its jobs
    b->stat.gamers_away--;
}

// It is here, and has had its time to name its jobs: those that it did not are wanted no more. It
// withdrew them where we could not hear it, or we forgot that they ended.
static void forget_unnamed(struct broker *b, struct gamer *g)
{
    LIST_FOR_SAFE (it, &g->jobs) {
        struct job *j = CONTAINER_OF(it, struct job, node);
        if (j->state != JOB_DONE && j->conn != g->conn->id)
            job_end(b, j, RECORD_WITHDRAWN);
    }
}

struct gamer *gamer_expect(struct broker *b, const struct digest *id, const char *name)
{
    struct gamer *g = map_get(b->away, id->b);
    if (g != NULL)
        return g;
    g = gamer_make(b, id, name);
    if (g != NULL && !send_away(b, g)) {
        list_del(&g->node);
        budget_give(b->budget, g);
        g = NULL;
    }
    return g;
}

struct gamer *gamer_arrive(struct broker *b, const struct digest *id, const char *name)
{
    struct gamer *g = map_get(b->away, id->b);
    if (g == NULL)
        return gamer_make(b, id, name);
    call_back(b, g);
    return g;
}

// ---- Where they come from

static struct origin *origin_of(struct broker *b, const struct broker_guest *guest)
{
    struct origin *o = map_get(b->origins, guest->origin);
    if (o != NULL)
        return o;
    o = budget_take(b->budget, sizeof *o);
    if (o == NULL)
        return NULL;
    *o = (struct origin){.gamer_count = 0};
    memcpy(o->at, guest->origin, sizeof o->at);
    if (map_put(b->origins, o->at, o) != RC_OK) {
        budget_give(b->budget, o);
        return NULL;
    }
    list_push_back(&b->origin_list, &o->node);
    return o;
}

// NULL: to nowhere.
static void gamer_settle(struct broker *b, struct gamer *g, struct origin *to)
{
    struct origin *from = g->origin;
    if (to != NULL)
        to->gamer_count++;
    for (uint32_t i = 0; i < SKILLS_MAX; i++)
        line_join(&g->line[i], to != NULL ? &to->party : NULL);
    g->origin = to;
    if (from == NULL || --from->gamer_count > 0)
        return;
    (void)map_del(b->origins, from->at);
    list_del(&from->node);
    budget_give(b->budget, from);
}

bool gamer_attach(struct broker *b, struct gamer *g, struct conn *c)
{
    struct origin *o = c->guest.is_local ? NULL : origin_of(b, &c->guest);
    if (o == NULL && !c->guest.is_local) {
        gamer_detach(b, g);
        return false;
    }
    gamer_settle(b, g, o);
    g->conn = c;
    c->gamer = g;
    return true;
}

static void gamer_free(struct broker *b, struct gamer *g)
{
    assert(list_is_empty(&g->jobs));
    gamer_settle(b, g, NULL);
    call_back(b, g);
    heap_del(&b->aways, &g->away);
    fetch_free(g->fetch);
    kept_drop_all(b, g);
    view_reset(&g->view);
    gamer_record_last(b, g); // what the host did not come by for in time
    list_del(&g->node);
    budget_give(b->budget, g);
}

void gamer_free_all(struct broker *b, struct gamer *g)
{
    LIST_FOR_SAFE (it, &g->jobs)
        job_end(b, CONTAINER_OF(it, struct job, node), RECORD_WITHDRAWN);
    gamer_free(b, g);
}

// It left nothing that it may come back to.
static bool is_idle(const struct gamer *g)
{
    return list_is_empty(&g->jobs) && list_is_empty(&g->kept);
}

void job_move(struct broker *b, struct job *j, struct gamer *to)
{
    struct gamer *from = j->gamer;
    kept_move_all(from, to);
    if (j->state != JOB_DONE) {
        job_uncount(b, j);
        to->frame_count += j->kind == JOB_FRAME;
        to->run_count += j->kind == JOB_RUN;
        b->stat.frames += j->kind == JOB_FRAME;
        b->stat.runs += j->kind == JOB_RUN;
    }
    j->gamer = to;
    list_del(&j->node);
    list_push_back(&to->jobs, &j->node);
    if (!list_is_empty(&j->fetching)) {
        list_del(&j->fetching);
        list_push_back(&to->fetching, &j->fetching);
    }
    LIST_FOR (it, &j->tasks) {
        struct task *t = CONTAINER_OF(it, struct task, sibling);
        if (t->line != NULL)
            queue_change_line(&b->queue, t, &to->line[t->skill]);
    }
    if (from->conn == NULL && is_idle(from))
        gamer_free(b, from);
}

void gamer_detach(struct broker *b, struct gamer *g)
{
    g->conn = NULL;
    fetch_free(g->fetch);
    g->fetch = NULL;
    if (is_idle(g)) {
        gamer_free(b, g);
        return;
    }
    struct gamer *other = map_get(b->away, g->id.b);
    if (other == NULL && send_away(b, g))
        return;
    if (other == NULL) { // too many are away
        gamer_free_all(b, g);
        return;
    }
    heap_move(&b->aways, &other->away, time_after(b->now_us, BROKER_LINGER_US));
    if (list_is_empty(&g->jobs)) {
        kept_move_all(g, other);
        gamer_free(b, g);
        return;
    }
    while (!list_is_empty(&g->jobs)) { // the last one frees g
        struct job *j = CONTAINER_OF(g->jobs.next, struct job, node);
        bool is_last = j->node.next == &g->jobs;
        job_move(b, j, other);
        if (is_last)
            return;
    }
}

void job_late(struct broker *b)
{
    for (struct heap_node *n; (n = heap_first(&b->deadlines)) != NULL && n->key <= b->now_us;) {
        struct job *j = CONTAINER_OF(n, struct job, deadline);
        struct gamer *g = j->gamer;
        if (j->state == JOB_DONE)
            job_free(b, j);
        else
            job_fail(b, j, RC_TIMEOUT, "not done by its deadline");
        if (g->conn == NULL && is_idle(g))
            gamer_free(b, g);
    }
    for (struct heap_node *n; (n = heap_first(&b->aways)) != NULL && n->key <= b->now_us;) {
        struct gamer *g = CONTAINER_OF(n, struct gamer, away);
        if (g->conn == NULL) {
            gamer_free_all(b, g);
            continue;
        }
        heap_del(&b->aways, n);
        forget_unnamed(b, g);
    }
}
