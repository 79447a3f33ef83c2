// SPDX-License-Identifier: MIT
// The hub of a simulated crowd: the real broker, its host, its crashes, and what must always hold.
#include <assert.h>
#include <string.h>
#include <time.h>

#include "base/num.h"
#include "compute/broker_state.h"
#include "crowd_state.h"

#define STORE_BYTES      ((uint64_t)256 << 20)
#define ARENA_BYTES      ((size_t)64 << 20)
#define OBJECTS_MAX      65536u
#define COMMIT_US        5000u // as prog/archive
#define DOWN_US          300000u
#define ATTEMPTS_MAX     4u
#define TYPE_ASSIGN      16u
#define ECHO_COST_US_MAX 1001u // what one echo costs its line, at the least speed that is believed

static_assert(TYPE_ASSIGN == MSG_ASSIGN, "one byte after the array's head tells it");

// ---- What it costs

uint64_t hub_clock(const struct crowd *c)
{
    return c->cfg.is_timed ? (uint64_t)clock() : 0;
}

void hub_took(struct crowd *c, uint64_t began)
{
    c->report.hub_us += (hub_clock(c) - began) * US_PER_S / (uint64_t)CLOCKS_PER_SEC;
}

// ---- What helpers made of their copies

static uintptr_t *copy_mark(enum copy_state state)
{
    static uintptr_t mark[] = {0,           COPY_GIVEN, COPY_RIGHT, COPY_FORGED, COPY_FORGED_LITTLE,
                               COPY_UNBOUND}; // only their addresses differ, and stay
    return &mark[state];
}

struct copy_key {
    uint64_t life, task, helper;
};

static enum copy_state copy_get(const struct crowd *c, uint64_t task, const struct peer *helper)
{
    struct copy_key key = {c->life, task, helper->index};
    const uintptr_t *mark = map_get(c->copies, &key);
    return mark != NULL ? (enum copy_state) * mark : 0;
}

void copy_is(struct crowd *c, uint64_t task, const struct peer *helper, enum copy_state state)
{
    struct copy_key key = {c->life, task, helper->index};
    if (map_get(c->copies, &key) == NULL)
        return; // of a hub that is no more
    crowd_must(map_put(c->copies, &key, copy_mark(state)));
    c->report.forged += state == COPY_FORGED || state == COPY_FORGED_LITTLE;
    c->report.unbound += state == COPY_UNBOUND;
}

// Who failed at a task, or holds it, never gets it (again); who is barred gets none.
static void copy_given(struct crowd *c, uint64_t task, const struct peer *helper)
{
    struct copy_key key = {c->life, task, helper->index};
    assert(map_get(c->copies, &key) == NULL);
    assert(!helper_face(c, helper->index)->is_barred);
    crowd_must(map_put(c->copies, &key, copy_mark(COPY_GIVEN)));
    c->report.copies++;
}

// ---- What the hub sends

static bool is_assign(const struct peer *p, struct bytes message)
{
    if (!p->is_text)
        return message.len > 2 && message.at[1] == TYPE_ASSIGN;
    struct bytes type = text_value(message, "type");
    type = type.len > 0 && message.at[2] == 't' ? type : text_value(message, "msg_type");
    return bytes_is(type, "\"execute_task\"") || bytes_is(type, "\"task_assignment\"");
}

static void watch_helper(struct crowd *c, const struct peer *p, struct bytes message)
{
    struct msg m;
    if (!is_assign(p, message))
        return;
    if (!p->is_text)
        crowd_must(msg_decode(&m, message));
    copy_given(c, p->is_text ? text_task(message) : m.as.assign.task, p);
}

// The end of a job is said once on each connection.
static void watch_gamer(struct crowd *c, const struct wire *w, struct bytes message)
{
    struct msg m;
    crowd_must(msg_decode(&m, message));
    uint64_t number = m.type == MSG_RAN      ? m.as.ran.job
                      : m.type == MSG_DONE   ? m.as.done.job
                      : m.type == MSG_FAILED ? m.as.failed.job
                                             : 0;
    if (number == 0)
        return;
    struct crowd_job *j = job_get(c, w->peer, number);
    assert(j != NULL && j->said_conn != w->conn);
    j->said_conn = w->conn;
}

static void deliver(struct crowd *c, const struct out *out)
{
    struct wire *w = map_get(c->conns, &out->conn);
    if (w != NULL && out->kind == OUT_SEND) {
        assert(out->is_text == w->peer->is_text);
        if (w->peer->kind == PEER_HELPER)
            watch_helper(c, w->peer, out->bytes);
        if (w->peer->kind == PEER_GAMER)
            watch_gamer(c, w, out->bytes);
        c->report.messages++;
        wire_from_hub(w, out->bytes);
    } else if (w != NULL) {
        wire_hub_closes(w);
    }
    if (out->kind == OUT_CLOSE)
        broker_closed(c->broker, out->conn, crowd_now(c));
}

// ---- What the hub says of itself

static void task_done(struct crowd *c, const struct broker_note *n)
{
    const struct peer *helper = helper_by_node(c, &n->node);
    if (helper == NULL)
        return; // the hub's own compute
    enum copy_state state = copy_get(c, n->task, helper);
    assert(state == COPY_RIGHT || state == COPY_FORGED_LITTLE); // paid work was verified
    assert(state == COPY_RIGHT || !n->is_run);
    helper_face(c, helper->index)->paid++;
    c->report.forged_accepted += state == COPY_FORGED_LITTLE;
    if (state == COPY_FORGED_LITTLE) // the frame's gamer is not named: all of that number
        for (uint32_t i = 0; i < c->job_count; i++)
            c->job[i].is_forged = c->job[i].is_forged || c->job[i].number == n->job;
}

static void task_wrong(struct crowd *c, const struct broker_note *n)
{
    const struct peer *helper = helper_by_node(c, &n->node);
    assert(helper != NULL); // nobody doubts the hub's own
    enum copy_state state = copy_get(c, n->task, helper);
    bool is_lie = state == COPY_FORGED || state == COPY_FORGED_LITTLE;
    assert(is_lie || state == COPY_UNBOUND || helper_face(c, helper->index)->meddles);
    c->report.forged_found += is_lie;
}

static void barred(struct crowd *c, const struct broker_note *n)
{
    const struct peer *helper = helper_by_node(c, &n->node);
    assert(helper != NULL);
    struct helper_face *face = helper_face(c, helper->index);
    face->is_barred = true;
    c->report.barred++;
    c->report.barred_honest += !face->may_be_barred;
    assert(face->may_be_barred);
}

static void hear(struct crowd *c, const struct broker_note *n)
{
    world_note(c->world, n->kind);
    world_note(c->world, n->task);
    if (n->kind == NOTE_TASK_DONE)
        task_done(c, n);
    else if (n->kind == NOTE_TASK_WRONG)
        task_wrong(c, n);
    else if (n->kind == NOTE_BARRED)
        barred(c, n);
}

// ---- What must hold

// After each event: what can be told from counts.
static void check_counts(const struct crowd *c)
{
    const struct broker *b = c->broker;
    const struct queue *q = &b->queue;
    assert(c->budget.used_bytes <= c->cfg.hub_bytes);
    assert(map_count(b->conns) == map_count(c->conns));
    assert(map_count(q->by_id) >= q->waiting_count);
    assert(sched_due_us(b->sched) >= crowd_now(c)); // no copy is out for longer than it may
}

static void check_seat(struct crowd *c, const struct seat *s)
{
    const struct peer *helper = helper_by_node(c, &s->standing->node);
    if (helper == NULL)
        return;
    const struct helper_face *face = helper_face(c, helper->index);
    assert(!face->is_barred && !s->standing->record.is_barred);
    assert(s->standing->results == face->paid);
    LIST_FOR (it, &s->tasks) {
        const struct task *t = CONTAINER_OF(it, struct copy, node)->task;
        assert(copy_get(c, t->id, helper) != 0);
        assert(t->attempts <= ATTEMPTS_MAX + 1);
    }
}

// Lines that have something waiting are level but for one task (Goyal et al. 1996, theorem 1).
static void check_fair(const struct crowd *c)
{
    const struct heap *lines = &c->broker->queue.lines[skill_of("echo", false)];
    uint64_t low_us = UINT64_MAX;
    uint64_t high_us = 0;
    for (size_t i = 0; i < lines->count; i++) {
        low_us = num_min(low_us, lines->slot[i]->key);
        high_us = num_max(high_us, lines->slot[i]->key);
    }
    assert(lines->count < 2 || high_us - low_us <= ECHO_COST_US_MAX);
}

void hub_check(struct crowd *c)
{
    if (c->broker == NULL)
        return;
    c->report.checks++;
    broker_check(c->broker);
    LIST_FOR (it, &c->broker->roster.seats)
        check_seat(c, CONTAINER_OF(it, struct seat, node));
    if (c->cfg.is_calm)
        check_fair(c);
}

// ---- Its life

static void on_commit(void *self, uint64_t tag)
{
    (void)tag;
    struct crowd *c = self;
    struct record record;
    c->is_commit_armed = false;
    uint64_t now_us = crowd_now(c);
    while (broker_record(c->broker, &record)) {
        world_note(c->world, 200u + record.kind);
        rows_take(c->rows, &record, now_us);
    }
    rows_write(c->rows, now_us - num_min(now_us, c->cfg.lost_us));
}

static void on_due(void *self, uint64_t tag)
{
    (void)tag;
    struct crowd *c = self;
    c->due_us = UINT64_MAX;
    uint64_t began = hub_clock(c);
    broker_tick(c->broker, crowd_now(c));
    hub_took(c, began);
    hub_pump(c);
}

static void set_timer(struct crowd *c)
{
    uint64_t due_us = num_max(broker_due_us(c->broker), crowd_now(c));
    if (due_us == c->due_us)
        return;
    (void)world_cancel(c->world, c->timer);
    c->due_us = due_us;
    c->timer = due_us == UINT64_MAX ? 0 : world_at(c->world, due_us, on_due, c, 0);
}

void hub_pump(struct crowd *c)
{
    struct out out;
    struct broker_note note;
    while (broker_next(c->broker, &out))
        deliver(c, &out);
    while (broker_note(c->broker, &note))
        hear(c, &note);
    assert(broker_stat(c->broker).notes_lost == 0);
    if (!c->is_commit_armed && broker_has_records(c->broker)) {
        c->is_commit_armed = true;
        c->commit = world_at(c->world, crowd_now(c) + COMMIT_US, on_commit, c, 0);
    }
    set_timer(c);
    c->report.peak_bytes = num_max(c->report.peak_bytes, c->budget.used_bytes);
    check_counts(c);
    if (++c->pumps % c->cfg.check_every == 0)
        hub_check(c);
}

static void open_stores(struct crowd *c)
{
    c->store_arena = arena_new(ARENA_BYTES);
    assert(c->store_arena != NULL);
    struct store_cfg cfg = {
        .kv = sim_kv_host(c->kv), .bytes_max = STORE_BYTES, .objects_max = OBJECTS_MAX, .seed = 1};
    crowd_must(store_open(&c->store, c->store_arena, &cfg));
    cfg.kv = sim_kv_host(c->results_kv);
    crowd_must(store_open(&c->results_store, c->store_arena, &cfg));
}

void hub_start(struct crowd *c)
{
    open_stores(c);
    c->life++;
    c->own.key = crowd_key(&c->dice); // another one in each run
    struct broker_cfg cfg = {.budget = &c->budget,
                             .store = c->store,
                             .results = c->results_store,
                             .key = c->key,
                             .token = bytes_text(CROWD_TOKEN),
                             .own = sign_key_public(c->own.key),
                             .is_own_last = true,
                             .attempts_max = ATTEMPTS_MAX,
                             .policy = &policy_shoal,
                             .entropy = sim_entropy_host(&c->entropy)};
    crowd_must(broker_new(&c->broker, &cfg));
    for (uint32_t i = 0; i < c->cfg.helpers; i++) {
        struct helper_face *face = helper_face(c, i);
        const struct record_standing *known = rows_peer(c->rows, &face->node);
        face->paid = known != NULL ? known->results : 0;
        face->is_barred = known != NULL && known->verify.is_barred;
    }
    rows_restore(c->rows, c->broker, crowd_now(c));
    c->due_us = UINT64_MAX;
    hub_pump(c);
    hub_check(c);
    own_start(c);
}

// The broker and all that it knows is gone; its own compute too, which is in the same process.
static void go_down(struct crowd *c)
{
    struct broker_stat s = broker_stat(c->broker);
    c->report.retries += s.retries;
    c->report.restored += s.restored;
    c->report.resumed += s.resumed;
    c->report.cached += s.cached;
    assert(s.records_lost == 0 || c->cfg.is_scarce);
    (void)world_cancel(c->world, c->timer);
    (void)world_cancel(c->world, c->commit);
    c->is_commit_armed = false;
    bool is_cut = rng_below(&c->dice, 2) == 0; // power, not only the process
    LIST_FOR_SAFE (it, &c->wires) {
        struct wire *w = CONTAINER_OF(it, struct wire, node);
        if (is_cut && !w->is_gone[0])
            sim_link_cut(w->link, false);
        wire_hub_closes(w);
    }
    broker_free(c->broker);
    c->broker = NULL;
    assert(c->budget.used_bytes == 0);
    arena_free(c->store_arena);
    own_stop(c);
    sign_key_free(c->own.key);
}

static void come_back(void *self, uint64_t tag)
{
    (void)tag;
    hub_start(self);
}

void hub_crash(struct crowd *c)
{
    hub_check(c);
    c->report.crashes++;
    rows_write(c->rows, crowd_now(c) - num_min(crowd_now(c), c->cfg.lost_us));
    rows_crash(c->rows);
    go_down(c);
    uint64_t down_us = DOWN_US + rng_below(&c->dice, 8 * (uint64_t)DOWN_US);
    (void)world_at(c->world, crowd_now(c) + down_us, come_back, c, 0);
}

void hub_stop(struct crowd *c)
{
    hub_check(c);
    go_down(c);
}
