// SPDX-License-Identifier: MIT
// The broker's work: frames into tasks, tasks to helpers, results through verification to gamers.
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "compute/broker_state.h"
#include "kernel/kernel.h"
#include "work/split.h"

#define CANDIDATES_MAX 64u // looked at for one task, from the first seat on with a free slot

static struct broker_note note_of(enum broker_note_kind kind, const struct frame *f)
{
    struct broker_note n = {
        .kind = kind, .job = f->spec.job, .frame = f->spec.frame, .node = f->gamer->node};
    memcpy(n.who, f->gamer->name, sizeof n.who);
    return n;
}

static void note_task(struct broker *b, enum broker_note_kind kind, const struct task *t,
                      const struct digest *node, const char *who)
{
    struct broker_note n = note_of(kind, t->frame);
    struct task_spec spec = task_spec_of(t);
    n.node = *node;
    bytes_to_text(bytes_text(who), n.who, sizeof n.who);
    n.task = t->id;
    n.index = t->index;
    n.attempts = t->attempts;
    n.asked = task_digest(&spec);
    n.cpu_us = t->back.cpu_us;
    n.wall_us = t->back.wall_us;
    n.hash = t->back.hash;
    broker_note_put(b, &n);
}

// Ends a frame and all of its tasks; helpers are told to stop.
static void frame_end(struct broker *b, struct frame *f)
{
    LIST_FOR_SAFE (it, &f->tasks) {
        struct task *t = CONTAINER_OF(it, struct task, sibling);
        if (t->state == TASK_HELD)
            outbox_send(&b->outbox, t->seat->conn,
                        &(struct msg){.type = MSG_CANCEL, .as.cancel = {t->id}});
        queue_free(&b->queue, t);
    }
    if (f->is_pinned)
        store_unpin(b->store, &f->spec.scene);
    assert(f->gamer->frame_count > 0 && b->stat.frames > 0);
    f->gamer->frame_count--;
    b->stat.frames--;
    list_del(&f->node);
    budget_give(b->budget, f);
}

static void tell_failed(struct broker *b, struct gamer *g, uint64_t job, enum rc rc,
                        const char *text)
{
    struct msg m = {.type = MSG_FAILED, .as.failed = {.job = job, .rc = rc}};
    struct text t = text_of(m.as.failed.text, MSG_TEXT_BYTES);
    text_add_safe(&t, bytes_text(text));
    outbox_send(&b->outbox, g->conn->id, &m);
}

static void frame_fail(struct broker *b, struct frame *f, enum rc rc, const char *text)
{
    struct broker_note n = note_of(NOTE_FRAME_FAILED, f);
    bytes_to_text(bytes_text(text), n.text, sizeof n.text);
    broker_note_put(b, &n);
    tell_failed(b, f->gamer, f->spec.job, rc, text);
    b->stat.frames_failed++;
    frame_end(b, f);
}

// Speeds of all slots that tiles are made for, relative to their mean; the hub's own if alone.
static uint32_t slot_weights(const struct broker *b, double *weight)
{
    uint32_t count = 0;
    double sum = 0;
    LIST_FOR (it, &b->roster.seats) {
        const struct seat *s = CONTAINER_OF(it, struct seat, node);
        for (uint32_t i = 0; !s->is_own && i < s->ability.slots && count < CANDIDATES_MAX; i++) {
            weight[count] = 1 / s->us_per_unit;
            sum += weight[count++];
        }
    }
    for (uint32_t i = 0; i < count; i++) // one helper's boast must not spoil the plan for all
        weight[i] = fmin(fmax(weight[i] * count / sum, SPLIT_WEIGHT_MIN), SPLIT_WEIGHT_MAX);
    if (count == 0)
        weight[count++] = 1;
    return count;
}

static void plan_tiles(struct broker *b, struct frame *f)
{
    double weight[CANDIDATES_MAX];
    uint32_t count = slot_weights(b, weight);
    if (frame_plan(f, &f->gamer->view, &b->queue, weight, count) != RC_OK) {
        frame_fail(b, f, RC_NOMEM, "the hub is out of memory for this frame's tiles");
        return;
    }
    struct msg m = {.type = MSG_PLANNED,
                    .as.planned = {.job = f->spec.job,
                                   .tiles = f->tasks_all,
                                   .helpers = b->roster.seat_count,
                                   .camera = f->spec.camera}};
    outbox_send(&b->outbox, f->gamer->conn->id, &m);
}

// The scene is in the store: all helpers may fetch it while the first one probes.
static void scene_ready(struct broker *b, struct frame *f)
{
    f->is_pinned = store_pin(b->store, &f->spec.scene) == RC_OK; // stays while it is worked on
    LIST_FOR (it, &b->roster.seats) {
        const struct seat *s = CONTAINER_OF(it, struct seat, node);
        outbox_send(&b->outbox, s->conn,
                    &(struct msg){.type = MSG_PREPARE, .as.prepare = {f->spec.scene}});
    }
    if (view_fits(&f->gamer->view, &f->spec))
        plan_tiles(b, f);
    else if (frame_probe(f, &b->queue) != RC_OK)
        frame_fail(b, f, RC_NOMEM, "the hub is out of memory for this frame");
}

static void ask_for_scene(struct broker *b, struct gamer *g)
{
    struct msg m = {.type = MSG_OBJECT_GET};
    while (fetch_ask(g->fetch, &m.as.object_get))
        outbox_send(&b->outbox, g->conn->id, &m);
}

// Fetches the scene of the first frame that waits for one, unless a fetch is going on already.
static void want_scene(struct broker *b, struct gamer *g)
{
    LIST_FOR_SAFE (it, &g->frames) {
        struct frame *f = CONTAINER_OF(it, struct frame, node);
        if (g->fetch != NULL)
            return; // it goes on with the next scene when this one is done
        if (f->state != FRAME_FETCHING)
            continue;
        g->fetch = fetch_new(b->budget, &f->spec.scene);
        if (g->fetch != NULL)
            ask_for_scene(b, g);
        else
            frame_fail(b, f, RC_NOMEM, "the hub is out of memory for this frame's scene");
    }
}

void work_submit(struct broker *b, struct gamer *g, const struct msg_submit *m)
{
    LIST_FOR (it, &g->frames) {
        if (CONTAINER_OF(it, struct frame, node)->spec.job == m->job) {
            broker_refuse(b, g->conn, RC_REFUSED, "two frames with the same number");
            return;
        }
    }
    struct frame *f = g->frame_count < BROKER_FRAMES_MAX ? budget_take(b->budget, sizeof *f) : NULL;
    if (f == NULL) {
        tell_failed(b, g, m->job, RC_FULL, "too many frames at once: wait for one to be done");
        return;
    }
    *f = (struct frame){.gamer = g, .spec = *m, .state = FRAME_FETCHING};
    list_init(&f->tasks);
    list_push_back(&g->frames, &f->node);
    g->frame_count++;
    b->stat.frames++;
    struct broker_note n = note_of(NOTE_FRAME_IN, f);
    broker_note_put(b, &n);
    if (store_has(b->store, &m->scene))
        scene_ready(b, f);
    else
        want_scene(b, g);
}

void work_withdraw(struct broker *b, struct gamer *g, uint64_t job)
{
    LIST_FOR (it, &g->frames) {
        struct frame *f = CONTAINER_OF(it, struct frame, node);
        if (f->spec.job == job) {
            frame_end(b, f);
            return;
        }
    }
}

// The scene that was fetched is there, or will never be: frames that wait for it go on or fail.
static void scene_settled(struct broker *b, struct gamer *g, enum rc rc, const char *text)
{
    struct digest scene = *fetch_digest(g->fetch);
    fetch_free(g->fetch);
    g->fetch = NULL;
    LIST_FOR_SAFE (it, &g->frames) {
        struct frame *f = CONTAINER_OF(it, struct frame, node);
        if (f->state != FRAME_FETCHING || !digest_equal(&f->spec.scene, &scene))
            continue;
        if (rc == RC_OK)
            scene_ready(b, f);
        else
            frame_fail(b, f, rc, text);
    }
    want_scene(b, g);
}

void work_object_part(struct broker *b, struct gamer *g, const struct msg_object_part *m)
{
    if (g->fetch == NULL || !digest_equal(fetch_digest(g->fetch), &m->digest))
        return; // of a frame that was withdrawn
    enum rc rc = fetch_put(g->fetch, m);
    if (rc == RC_MALFORMED) {
        broker_refuse(b, g->conn, rc, "a part of a scene that was not asked for");
    } else if (rc != RC_OK) {
        scene_settled(b, g, rc, "the scene is too large for this hub");
    } else if (!fetch_is_whole(g->fetch)) {
        ask_for_scene(b, g);
    } else {
        rc = store_put(b->store, &m->digest, fetch_bytes(g->fetch));
        scene_settled(b, g, rc,
                      rc == RC_MALFORMED ? "the scene's bytes do not have the hash they go by"
                                         : "the hub cannot store the scene");
    }
}

void work_object_none(struct broker *b, struct gamer *g, const struct digest *digest)
{
    if (g->fetch != NULL && digest_equal(fetch_digest(g->fetch), digest))
        scene_settled(b, g, RC_ABSENT, "the gamer does not have the scene it named");
}

void work_gamer_gone(struct broker *b, struct gamer *g)
{
    LIST_FOR_SAFE (it, &g->frames)
        frame_end(b, CONTAINER_OF(it, struct frame, node));
    fetch_free(g->fetch);
    g->fetch = NULL;
    view_reset(&g->view);
}

static void tell_verdict(struct broker *b, const struct digest *node, uint64_t task,
                         const struct kernel_verdict *v, const char *text)
{
    struct seat *s = roster_by_node(&b->roster, node);
    if (s == NULL || s->is_own)
        return;
    struct msg m = {
        .type = MSG_VERDICT,
        .as.verdict = {
            .task = task, .is_right = v->is_right, .parts = v->parts, .mismatches = v->mismatches}};
    bytes_to_text(bytes_text(text), m.as.verdict.text, MSG_TEXT_BYTES);
    outbox_send(&b->outbox, s->conn, &m);
}

// This copy came to nothing: to another helper, at last to the hub's own compute.
static void again(struct broker *b, struct task *t, const struct digest *node, const char *who,
                  const char *why)
{
    struct frame *f = t->frame;
    f->retries++;
    b->stat.retries++;
    note_task(b, NOTE_TILE_LOST, t, node, who);
    log_put(b->log, LOG_LEVEL_INFO, "broker", "task=%llu goes to another helper=%s reason=\"%s\"",
            (unsigned long long)t->id, who, why);
    task_bar(t, node);
    if (t->attempts >= b->attempts_max && !t->is_for_own) {
        if (!b->is_own_last && t->kind != TASK_CHECK) {
            frame_fail(b, f, RC_TIMEOUT, "every attempt failed, and the hub does no work itself");
            return;
        }
        t->is_for_own = true;
    }
    queue_retry(&b->queue, t);
}

// The hub's own compute could not do it: nobody is left to ask.
static void own_failed(struct broker *b, struct task *t, enum rc rc, const char *text)
{
    frame_fail(b, t->frame, rc, text);
}

static void failed(struct broker *b, struct seat *s, struct task *t, enum rc rc, const char *text)
{
    if (!s->is_own) {
        s->standing->failures++;
        again(b, t, &s->standing->node, s->name, text);
        return;
    }
    own_failed(b, t, rc, text);
}

void work_failure(struct broker *b, struct seat *s, const struct msg_failure *m)
{
    struct task *t = queue_find(&b->queue, m->task);
    if (t == NULL || t->state != TASK_HELD || t->seat != s)
        return; // it was taken back before
    failed(b, s, t, m->rc, m->text);
}

void work_lost(struct broker *b, struct seat *s)
{
    while (!list_is_empty(&s->tasks)) {
        struct task *t = CONTAINER_OF(s->tasks.next, struct task, node);
        s->standing->failures++;
        if (s->is_own)
            own_failed(b, t, RC_CLOSED, "the hub's own compute is gone");
        else
            again(b, t, &s->standing->node, s->name, "its connection is gone");
    }
}

void work_late(struct broker *b)
{
    for (struct heap_node *n;
         (n = heap_first(&b->queue.give_ups)) != NULL && n->key <= b->now_us;) {
        struct task *t = CONTAINER_OF(n, struct task, give_up);
        struct seat *s = t->seat;
        outbox_send(&b->outbox, s->conn, &(struct msg){.type = MSG_CANCEL, .as.cancel = {t->id}});
        failed(b, s, t, RC_TIMEOUT, "late");
    }
}

// A result that cannot be, or whose parts came out differently.
static void wrong(struct broker *b, struct task *t, const struct kernel_verdict *v,
                  const char *text)
{
    struct digest node = t->back.node;
    struct standing *standing = roster_standing(&b->roster, &node);
    t->frame->wrong++;
    b->stat.wrong++;
    note_task(b, NOTE_TILE_WRONG, t, &node, t->back.name);
    tell_verdict(b, &node, t->id, v, text);
    char who[MSG_NAME_BYTES];
    memcpy(who, t->back.name, sizeof who);
    again(b, t, &node, who, text);
    if (standing == NULL)
        return; // no room to remember it; the task is safe
    bool was_barred = standing->record.is_barred;
    verify_note(&standing->record, false);
    struct seat *s = roster_by_node(&b->roster, &node);
    if (standing->record.is_barred && !was_barred)
        b->stat.barred++;
    if (standing->record.is_barred && s != NULL)
        broker_refuse(b, map_get(b->conns, &s->conn), RC_REFUSED,
                      "barred: this key returned wrong results");
}

// A tile is right: to the gamer with it.
static void deliver(struct broker *b, struct task *t, uint32_t parts)
{
    struct frame *f = t->frame;
    struct msg m = {.type = MSG_TILE,
                    .as.tile = {.job = f->spec.job,
                                .index = t->index,
                                .rect = t->rect,
                                .sample_first = t->sample_first,
                                .sample_count = t->sample_count,
                                .node = t->back.node,
                                .wall_us = t->back.wall_us,
                                .cpu_us = t->back.cpu_us,
                                .attempts = t->attempts,
                                .parts = parts,
                                .result = bytes_of(t->back.result, t->back.result_len)}};
    memcpy(m.as.tile.helper, t->back.name, sizeof m.as.tile.helper);
    outbox_send(&b->outbox, f->gamer->conn->id, &m);
    note_task(b, NOTE_TILE_DONE, t, &t->back.node, t->back.name);
    struct standing *standing = roster_standing(&b->roster, &t->back.node);
    if (standing != NULL) {
        verify_note(&standing->record, true);
        standing->results++;
        standing->cpu_us += t->back.cpu_us;
    }
    queue_free(&b->queue, t);
    f->tasks_done++;
    b->stat.tiles_done++;
    if (f->tasks_done < f->tasks_all)
        return;
    struct msg done = {.type = MSG_DONE,
                       .as.done = {f->spec.job, f->tasks_all, f->retries, f->wrong}};
    outbox_send(&b->outbox, f->gamer->conn->id, &done);
    struct broker_note n = note_of(NOTE_FRAME_DONE, f);
    broker_note_put(b, &n);
    b->stat.frames_done++;
    frame_end(b, f);
}

// Which parts to redo is drawn now: the helper is bound to its result by its signed hash.
static void check_parts(struct broker *b, struct task *t)
{
    uint8_t room[KERNEL_PARAMS_BYTES_MAX];
    struct buffer params = buffer_of(room, sizeof room);
    const struct kernel *kernel = &trace_kernel;
    enum rc rc =
        kernel->part(bytes_of(t->params, t->params_len), entropy_u64(&b->entropy), &params);
    assert(rc == RC_OK && !params.is_full); // our own params
    struct task *check = queue_new(&b->queue, TASK_CHECK, buffer_bytes(&params));
    (void)rc;
    if (check == NULL) {
        frame_fail(b, t->frame, RC_NOMEM, "the hub is out of memory for checking");
        return;
    }
    check->frame = t->frame;
    check->scene = t->scene;
    check->rect = t->rect;
    check->units = t->units * TRACE_PARTS / ((double)t->rect.w * t->rect.h);
    check->checked = t;
    check->is_for_own = true;
    list_push_back(&t->frame->tasks, &check->sibling);
    queue_wait(&b->queue, check, true);
}

static bool keep_result(struct broker *b, struct seat *s, struct task *t,
                        const struct msg_result *m)
{
    t->back = (struct returned){.node = s->standing->node,
                                .cpu_us = num_min(m->cpu_us, time_since(t->given_us, b->now_us)),
                                .wall_us = time_since(t->given_us, b->now_us),
                                .hash = m->hash,
                                .result_len = m->result.len};
    memcpy(t->back.name, s->name, sizeof t->back.name);
    t->back.result = budget_take(b->budget, m->result.len);
    if (t->back.result == NULL)
        return false;
    memcpy(t->back.result, m->result.at, m->result.len);
    return true;
}

static void tile_back(struct broker *b, struct seat *s, struct task *t, const struct msg_result *m)
{
    queue_return(&b->queue, t);
    if (!keep_result(b, s, t, m)) {
        frame_fail(b, t->frame, RC_NOMEM, "the hub is out of memory for results");
        return;
    }
    double units = frame_report_units(m->report);
    uint64_t cpu_us = t->back.cpu_us; // its own word, but never more than our clock saw pass
    seat_learn(s, units, cpu_us);
    frame_learn(&t->frame->gamer->view, t, m->report, cpu_us, 1 / s->us_per_unit);
    if (s->is_own)
        deliver(b, t, 0);
    else
        check_parts(b, t);
}

static void check_back(struct broker *b, struct task *check, const struct msg_result *m)
{
    struct task *t = check->checked;
    struct kernel_verdict v = {0};
    enum rc rc = trace_kernel.judge(bytes_of(t->params, t->params_len),
                                    bytes_of(t->back.result, t->back.result_len),
                                    bytes_of(check->params, check->params_len), m->result, &v);
    queue_free(&b->queue, check);
    bool is_right = rc == RC_OK && v.is_right;
    enum verify_verdict verdict = verify_draw(&t->back.draws, v.parts, v.mismatches, is_right);
    v.parts = t->back.draws.parts;
    v.mismatches = t->back.draws.mismatches;
    v.is_right = verdict == VERIFY_RIGHT;
    if (verdict == VERIFY_AGAIN) {
        check_parts(b, t);
    } else if (verdict == VERIFY_WRONG) {
        wrong(b, t, &v, "pixels that were redone came out differently");
    } else {
        tell_verdict(b, &t->back.node, t->id, &v, "right");
        deliver(b, t, v.parts);
    }
}

static void probe_back(struct broker *b, struct task *t, const struct msg_result *m)
{
    struct frame *f = t->frame;
    queue_free(&b->queue, t);
    if (view_fits(&f->gamer->view, &f->spec)) {
        plan_tiles(b, f); // another frame of this view was probed meanwhile, and measured since
        return;
    }
    enum rc rc = frame_probed(f, &f->gamer->view, m->report);
    if (rc == RC_NOMEM)
        frame_fail(b, f, rc, "the hub is out of memory for this frame's cost map");
    else
        plan_tiles(b, f); // a report that makes no sense leaves a flat map
}

// Is this the result of what was asked, bound to the key of who sends it?
static bool is_bound(const struct seat *s, const struct task *t, const struct msg_result *m)
{
    size_t want = 0;
    struct digest hash = hash_bytes(m->result);
    struct task_spec spec = task_spec_of(t);
    struct digest asked = task_digest(&spec);
    uint8_t room[MSG_SIGNED_BYTES];
    struct bytes signed_part = msg_result_signed(&asked, &hash, room);
    return trace_kernel.result_bytes(spec.params, &want) == RC_OK && want == m->result.len &&
           digest_equal(&hash, &m->hash) && sign_check(&s->public, signed_part, &m->signature);
}

void work_result(struct broker *b, struct seat *s, const struct msg_result *m)
{
    struct task *t = queue_find(&b->queue, m->task);
    if (t == NULL || t->state != TASK_HELD || t->seat != s) {
        tell_verdict(b, &s->standing->node, m->task, &(struct kernel_verdict){.is_right = true},
                     "too late: another helper was faster");
        return;
    }
    if (!is_bound(s, t, m) && s->is_own) {
        own_failed(b, t, RC_MALFORMED, "the hub's own compute returned a result that is none");
    } else if (!is_bound(s, t, m)) {
        t->back = (struct returned){.node = s->standing->node};
        memcpy(t->back.name, s->name, sizeof t->back.name);
        wrong(b, t, &(struct kernel_verdict){0}, "size, hash or signature do not fit");
    } else if (t->kind == TASK_PROBE) {
        probe_back(b, t, m);
    } else if (t->kind == TASK_CHECK) {
        check_back(b, t, m);
    } else {
        tile_back(b, s, t, m);
    }
}

// Bounded: what a task costs is guessed from what helpers said, and one may have lied.
static uint64_t expected_us(const struct task *t, const struct seat *s)
{
    return (uint64_t)fmin(t->units * s->us_per_unit, BROKER_EXPECTED_US_MAX);
}

static void give(struct broker *b, struct task *t, struct seat *s)
{
    uint64_t late_us = BROKER_LATE_BASE_US + BROKER_LATE_FACTOR * expected_us(t, s);
    struct msg m = {.type = MSG_ASSIGN,
                    .as.assign = {.task = t->id,
                                  .budget_ms = (uint32_t)num_min(late_us / US_PER_MS, UINT32_MAX),
                                  .spec = task_spec_of(t)}};
    queue_give(&b->queue, t, s, b->now_us, time_after(b->now_us, late_us));
    outbox_send(&b->outbox, s->conn, &m);
}

static struct plan_candidate candidate_of(const struct task *t, const struct seat *s)
{
    return (struct plan_candidate){.work_us = expected_us(t, s),
                                   .free_slots = seat_free_slots(s),
                                   .slots = s->ability.slots,
                                   .results_right = s->standing->record.right,
                                   .results_wrong =
                                       s->standing->record.wrong + s->standing->failures};
}

// Who gets it now; NULL: nobody yet.
static struct seat *choose(const struct broker *b, const struct task *t)
{
    struct plan_candidate candidate[CANDIDATES_MAX];
    struct seat *seat[CANDIDATES_MAX];
    size_t count = 0;
    bool is_hopeless = true; // no helper could ever take it
    LIST_FOR (it, &b->roster.seats) {
        struct seat *s = CONTAINER_OF(it, struct seat, node);
        if (s->is_own || t->is_for_own || !task_may_go_to(t, s) || !seat_can(s, "trace"))
            continue;
        is_hopeless = false;
        if (seat_free_slots(s) == 0 || count == CANDIDATES_MAX)
            continue;
        candidate[count] = candidate_of(t, s);
        seat[count++] = s;
    }
    size_t chosen = b->policy->choose(candidate, count, t->id);
    if (chosen != PLAN_NONE)
        return seat[chosen];
    struct seat *own = b->roster.own;
    bool may_own = t->is_for_own || (b->is_own_last && is_hopeless);
    return may_own && own != NULL && seat_free_slots(own) > 0 ? own : NULL;
}

static bool has_free_slot(const struct broker *b)
{
    LIST_FOR (it, &b->roster.seats)
        if (seat_free_slots(CONTAINER_OF(it, struct seat, node)) > 0)
            return true;
    return false;
}

static void assign_from(struct broker *b, struct list *waiting)
{
    LIST_FOR_SAFE (it, waiting) {
        if (!has_free_slot(b))
            return;
        struct task *t = CONTAINER_OF(it, struct task, node);
        struct seat *s = choose(b, t);
        if (s != NULL)
            give(b, t, s);
    }
}

void work_assign(struct broker *b)
{
    assign_from(b, &b->queue.urgent);
    assign_from(b, &b->queue.waiting);
}
