// SPDX-License-Identifier: MIT
// The broker's work: tasks to helpers, results through verification to their jobs.
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "compute/broker_state.h"
#include "kernel/kernel.h"

#define CANDIDATES_MAX 64u // looked at for one task, from the one that is free for longest
#define URGENT_LOOK    64u // tasks that came back, looked at in one turn

static void tell_verdict(struct broker *b, const struct digest *node, uint64_t task,
                         const struct kernel_verdict *v, const char *text)
{
    const struct seat *s = roster_by_node(&b->roster, node);
    if (s == NULL || s->is_own)
        return;
    struct msg m = {
        .type = MSG_VERDICT,
        .as.verdict = {
            .task = task, .is_right = v->is_right, .parts = v->parts, .mismatches = v->mismatches}};
    bytes_to_text(bytes_text(text), m.as.verdict.text, MSG_TEXT_BYTES);
    broker_tell(b, s->conn, &m);
}

// The connection that a task is for; 0: its gamer is away.
static uint64_t payer_of(const struct task *t)
{
    const struct gamer *g = t->job->gamer;
    return g->conn != NULL ? g->conn->id : 0;
}

// This copy came to nothing: to another helper, at last to the hub's own compute.
static void again(struct broker *b, struct task *t, const struct digest *node, const char *who,
                  const char *why)
{
    t->job->retries++;
    b->stat.retries++;
    job_note_task(b, NOTE_TASK_LOST, t, &(struct who){node, who});
    log_put(b->log, LOG_LEVEL_INFO, "broker", "task=%llu goes to another helper=%s reason=\"%s\"",
            (unsigned long long)t->id, who, why);
    task_bar(t, node);
    if (t->attempts >= b->attempts_max && !t->is_for_own) {
        if (!b->is_own_last) {
            job_fail(b, t->job, RC_TIMEOUT,
                     "every attempt failed, and the hub does no work itself");
            return;
        }
        t->is_for_own = true;
    }
    queue_retry(&b->queue, t);
}

static void failed(struct broker *b, struct seat *s, struct task *t, enum rc rc, const char *text)
{
    if (s->is_own) { // nobody is left to ask
        job_fail(b, t->job, rc, text);
        return;
    }
    s->standing->failures++;
    seat_missed(s, rc == RC_TIMEOUT ? ROSTER_MISS_LATE : 1, b->now_us);
    roster_changed(&b->roster, s->standing);
    again(b, t, &s->standing->node, s->name, text);
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
        failed(b, s, t, RC_CLOSED,
               s->is_own ? "the hub's own compute is gone" : "its connection is gone");
    }
}

void work_late(struct broker *b)
{
    for (struct heap_node *n;
         (n = heap_first(&b->queue.give_ups)) != NULL && n->key <= b->now_us;) {
        struct task *t = CONTAINER_OF(n, struct task, give_up);
        struct seat *s = t->seat;
        broker_tell(b, s->conn, &(struct msg){.type = MSG_CANCEL, .as.cancel = {t->id}});
        failed(b, s, t, RC_TIMEOUT, "late");
    }
}

// ---- Verification

static void bar(struct broker *b, struct standing *standing)
{
    struct broker_note n = {.kind = NOTE_BARRED, .node = standing->node};
    memcpy(n.who, standing->name, sizeof n.who);
    broker_note_put(b, &n);
    b->stat.barred++;
    struct seat *s = roster_by_node(&b->roster, &standing->node);
    if (s == NULL)
        return;
    struct conn *c = map_get(b->conns, &s->conn);
    assert(c != NULL);
    broker_refuse(b, c, RC_REFUSED, BROKER_BARRED_TEXT);
}

// A result that cannot be, or whose parts came out differently.
static void wrong(struct broker *b, struct task *t, const struct kernel_verdict *v,
                  const char *text)
{
    struct digest node = t->back.node;
    struct standing *standing = roster_standing(&b->roster, &node);
    char who[MSG_NAME_BYTES];
    memcpy(who, t->back.name, sizeof who);
    t->job->wrong++;
    b->stat.wrong++;
    job_note_task(b, NOTE_TASK_WRONG, t, &(struct who){&node, who});
    tell_verdict(b, &node, t->id, v, text);
    again(b, t, &node, who, text);
    if (standing == NULL)
        return; // no room to remember it; the task is safe
    bool was_barred = standing->record.is_barred;
    verify_note(&standing->record, false);
    roster_changed(&b->roster, standing);
    if (standing->record.is_barred && !was_barred)
        bar(b, standing);
}

static void accept(struct broker *b, struct task *t, struct bytes result, uint32_t parts)
{
    struct standing *standing = roster_standing(&b->roster, &t->back.node);
    if (standing != NULL) {
        verify_note(&standing->record, true);
        standing->misses = 0;
        standing->results++;
        standing->cpu_us += t->back.cpu_us;
        if (b->roster.own == NULL || standing != b->roster.own->standing)
            roster_changed(&b->roster, standing);
    }
    job_task_done(b, t, result, parts);
}

// Which parts to redo is drawn now: the helper is bound to its result by its signed hash.
static void check_parts(struct broker *b, struct task *t)
{
    uint8_t room[KERNEL_PARAMS_BYTES_MAX];
    struct buffer params = buffer_of(room, sizeof room);
    struct task_cfg cfg = {
        .kind = TASK_CHECK, .job = t->job, .skill = t->skill, .spec = task_spec_of(t)};
    enum rc rc = skill_kernel(t->skill)->part(cfg.spec.params, entropy_u64(&b->entropy), &params);
    assert(rc == RC_OK && !params.is_full); // our own params
    (void)rc;
    cfg.spec.params = buffer_bytes(&params);
    cfg.asked = task_digest(&cfg.spec);
    cfg.units = t->units / 64; // a share of it that bounds the check's time well
    struct task *check = queue_new(&b->queue, &cfg, b->now_us);
    if (check == NULL) {
        job_fail(b, t->job, RC_NOMEM, "the hub is out of memory for checking");
        return;
    }
    check->checked = t;
    b->stat.checks++;
    list_push_back(&t->job->tasks, &check->sibling);
    queue_wait(&b->queue, check);
}

static void check_back(struct broker *b, struct task *check, const struct msg_result *m)
{
    struct task *t = check->checked;
    struct kernel_verdict v = {0};
    enum rc rc = skill_kernel(t->skill)->judge(
        bytes_of(t->params, t->params_len), bytes_of(t->back.result, t->back.result_len),
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
        accept(b, t, bytes_of(t->back.result, t->back.result_len), v.parts);
    }
}

static void check_now(struct broker *b, struct task *t, struct bytes result)
{
    struct kernel_verdict v = {.parts = 1};
    v.is_right = skill_kernel(t->skill)->verify(bytes_of(t->params, t->params_len), result);
    v.mismatches = !v.is_right;
    if (!v.is_right) {
        wrong(b, t, &v, "this is not the result");
        return;
    }
    tell_verdict(b, &t->back.node, t->id, &v, "right");
    accept(b, t, result, 0);
}

// A copy that stays until it is judged.
static bool hold_result(struct broker *b, struct task *t, struct bytes result)
{
    t->back.result = budget_take(b->budget, result.len);
    if (t->back.result == NULL)
        return false;
    t->back.result_len = result.len;
    memcpy(t->back.result, result.at, result.len);
    return true;
}

static void learn(struct broker *b, struct seat *s, const struct task *t, struct bytes report)
{
    (void)b;
    if (t->kind != TASK_TILE)
        return;
    uint64_t cpu_us = t->back.cpu_us; // its own word, but never more than our clock saw pass
    seat_learn(s, frame_report_units(report), cpu_us);
    frame_learn(&t->job->gamer->view, t, report, cpu_us, 1 / s->us_per_unit);
}

// Drawn before the check: how closely this one is looked at.
static void check_closely(struct broker *b, const struct seat *s, struct task *t)
{
    t->back.draws.needed = verify_draws_needed(&s->standing->record, entropy_u64(&b->entropy));
    check_parts(b, t);
}

static void task_back(struct broker *b, struct seat *s, struct task *t, const struct msg_result *m)
{
    queue_return(&b->queue, t);
    t->back = (struct returned){.node = s->standing->node,
                                .cpu_us = num_min(m->cpu_us, time_since(t->given_us, b->now_us)),
                                .wall_us = time_since(t->given_us, b->now_us),
                                .hash = m->hash};
    memcpy(t->back.name, s->name, sizeof t->back.name);
    quantiles_put(b->work_us, t->back.wall_us);
    learn(b, s, t, m->report);
    if (s->is_own)
        accept(b, t, m->result, 0);
    else if (skill_kernel(t->skill)->verify != NULL)
        check_now(b, t, m->result);
    else if (hold_result(b, t, m->result))
        check_closely(b, s, t);
    else
        job_fail(b, t->job, RC_NOMEM, "the hub is out of memory for results");
}

static void warm_up(struct seat *s, const struct task *t)
{
    s->answers++;
    s->warm = t->object;
}

static void probe_back(struct broker *b, struct task *t, const struct msg_result *m)
{
    struct job *f = t->job;
    queue_free(&b->queue, t);
    job_probed(b, f, m->report);
}

// Is this the result of what was asked, bound to the key of who sends it?
static bool is_bound(const struct seat *s, const struct task *t, const struct msg_result *m)
{
    size_t want = 0;
    if (skill_kernel(t->skill)->result_bytes(bytes_of(t->params, t->params_len), &want) != RC_OK ||
        want != m->result.len)
        return false;
    if (!s->has_key) // in JSON: the hash was made here, when the message was read
        return true;
    struct digest hash = hash_bytes(m->result);
    if (!digest_equal(&hash, &m->hash))
        return false;
    uint8_t room[MSG_SIGNED_BYTES];
    struct bytes signed_part = msg_result_signed(&t->asked, &hash, room);
    return sign_check(&s->public, signed_part, &m->signature);
}

void work_result(struct broker *b, struct seat *s, const struct msg_result *m)
{
    struct task *t = queue_find(&b->queue, m->task);
    if (t == NULL || t->state != TASK_HELD || t->seat != s) {
        tell_verdict(b, &s->standing->node, m->task, &(struct kernel_verdict){.is_right = true},
                     "too late: another helper was faster");
        return;
    }
    b->payer = payer_of(t);
    if (!is_bound(s, t, m) && s->is_own) {
        job_fail(b, t->job, RC_MALFORMED, "the hub's own compute returned a result that is none");
    } else if (!is_bound(s, t, m)) {
        t->back = (struct returned){.node = s->standing->node};
        memcpy(t->back.name, s->name, sizeof t->back.name);
        wrong(b, t, &(struct kernel_verdict){0}, "size, hash or signature do not fit");
    } else if (t->kind == TASK_PROBE) {
        warm_up(s, t);
        probe_back(b, t, m);
    } else if (t->kind == TASK_CHECK) {
        check_back(b, t, m);
    } else {
        warm_up(s, t);
        task_back(b, s, t, m);
    }
}

// ---- Assignment

// Bounded: what a task costs is guessed from what helpers said, and one may have lied.
static uint64_t expected_us(const struct task *t, const struct seat *s)
{
    return (uint64_t)fmin(t->units * s->us_per_unit, BROKER_EXPECTED_US_MAX);
}

// Who has worked on this object lately need not fetch and load it first.
static uint64_t base_us(const struct task *t, const struct seat *s)
{
    bool is_warm = s->answers > 0 && (!t->has_object || digest_equal(&t->object, &s->warm));
    return is_warm ? BROKER_LATE_WARM_US : BROKER_LATE_BASE_US;
}

static void give(struct broker *b, struct task *t, struct seat *s)
{
    uint64_t work_us = expected_us(t, s);
    uint64_t late_us = base_us(t, s) + BROKER_LATE_FACTOR * work_us;
    struct msg m = {.type = MSG_ASSIGN,
                    .as.assign = {.task = t->id,
                                  .budget_ms = (uint32_t)num_min(late_us / US_PER_MS, UINT32_MAX),
                                  .spec = task_spec_of(t)}};
    if (t->attempts == 0)
        quantiles_put(b->wait_us, time_since(t->came_us, b->now_us));
    queue_give(&b->queue, t, s,
               &(struct queue_terms){.now_us = b->now_us,
                                     .late_us = time_after(b->now_us, late_us),
                                     .work_us = work_us});
    outbox_bill(&b->outbox, payer_of(t));
    broker_tell(b, s->conn, &m);
    outbox_bill(&b->outbox, 0);
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
static struct seat *choose(struct broker *b, const struct task *t)
{
    struct plan_candidate candidate[CANDIDATES_MAX];
    struct seat *seat[CANDIDATES_MAX];
    size_t count = 0;
    size_t looked = 0;
    LIST_FOR (it, &b->roster.free[t->skill]) {
        struct seat *s = roster_seat_of(it, t->skill);
        if (looked++ == CANDIDATES_MAX)
            break;
        if (!task_may_go_to(t, s))
            continue;
        candidate[count] = candidate_of(t, s);
        seat[count++] = s;
    }
    size_t chosen = b->policy->choose(candidate, count, t->id);
    // cppcheck-suppress uninitvar // chosen is below count, or PLAN_NONE
    return chosen == PLAN_NONE ? NULL : seat[chosen];
}

// No helper that is here could ever take it.
static bool is_hopeless(const struct broker *b, const struct task *t)
{
    uint32_t able = b->roster.able_count[t->skill];
    for (uint32_t i = 0; i < t->failed_count; i++) {
        const struct seat *s = roster_by_node(&b->roster, &t->failed_by[i]);
        able -= s != NULL && !s->is_own && s->rest.index == 0 && seat_can(s, t->skill);
    }
    return able == 0;
}

static struct seat *free_own(const struct broker *b)
{
    struct seat *own = b->roster.own;
    return own != NULL && seat_free_slots(own) > 0 ? own : NULL;
}

static void assign_urgent(struct broker *b)
{
    size_t looked = 0;
    LIST_FOR_SAFE (it, &b->queue.urgent) {
        struct task *t = CONTAINER_OF(it, struct task, node);
        if (looked++ == URGENT_LOOK)
            return;
        struct seat *s = choose(b, t);
        if (s != NULL)
            give(b, t, s);
        else if (b->is_own_last && is_hopeless(b, t))
            queue_to_own(&b->queue, t);
    }
}

static struct task *first_in_line(struct broker *b, uint32_t skill)
{
    struct heap_node *n = heap_first(&b->queue.lines[skill]);
    if (n == NULL)
        return NULL;
    struct line *line = CONTAINER_OF(n, struct line, turn);
    return CONTAINER_OF(line->tasks.next, struct task, node);
}

static void assign_lines(struct broker *b, uint32_t skill)
{
    for (struct task *t; (t = first_in_line(b, skill)) != NULL;) {
        bool is_left_to_own = b->roster.able_count[skill] == 0 && b->is_own_last;
        struct seat *s = is_left_to_own ? free_own(b) : choose(b, t);
        if (s == NULL)
            return;
        give(b, t, s);
    }
}

void work_assign(struct broker *b)
{
    assign_urgent(b);
    for (struct seat *own; (own = free_own(b)) != NULL && !list_is_empty(&b->queue.own);)
        give(b, CONTAINER_OF(b->queue.own.next, struct task, node), own);
    for (uint32_t skill = 0; skill < SKILLS_MAX && skill_kernel(skill) != NULL; skill++)
        assign_lines(b, skill);
}
