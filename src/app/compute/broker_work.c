// SPDX-License-Identifier: MIT
// The broker's work: what helpers answer, through verification to its job, or to another helper.
#include <assert.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "compute/broker_state.h"
#include "kernel/kernel.h"

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

static struct sched_answer answer_of(const struct task *t, uint32_t place)
{
    return (struct sched_answer){.task = t->id, .helper = place};
}

// False: its job failed with it.
static bool failed(struct broker *b, struct copy *c, enum rc rc, const char *text)
{
    struct task *t = c->task;
    struct seat *s = c->seat;
    if (s->is_own) { // nobody is left to ask
        job_fail(b, t->job, rc, text);
        return false;
    }
    queue_copy_end(c);
    work_missed(b, s);
    work_note_lost(b, t, &(struct who){&s->standing->node, s->name}, text);
    return true;
}

static void check_refused(struct broker *b, struct task *check);

void work_failure(struct broker *b, struct seat *s, const struct msg_failure *m)
{
    struct task *t = queue_find(&b->queue, m->task);
    struct copy *c = t != NULL ? queue_copy_at(t, s) : NULL;
    if (c == NULL)
        return; // it was taken back before
    if (t->kind == TASK_CHECK && m->rc == RC_MALFORMED && skill_kernel(t->skill)->shows_result) {
        check_refused(b, t); // the only input that we did not know to be good
        return;
    }
    if (failed(b, c, m->rc, m->text)) {
        const struct sched_answer a = answer_of(t, s->standing->place);
        sched_answer(b->sched, &a, b->now_us);
    }
}

void work_lost(struct broker *b, struct seat *s)
{
    while (!list_is_empty(&s->tasks))
        (void)failed(b, CONTAINER_OF(s->tasks.next, struct copy, node), RC_CLOSED,
                     s->is_own ? "the hub's own compute is gone" : "its connection is gone");
    if (!s->is_own)
        sched_leave(b->sched, s->standing->place, b->now_us);
}

void work_rested(struct broker *b)
{
    for (const struct seat *s; (s = roster_wake(&b->roster, b->now_us)) != NULL;)
        sched_rest(b->sched, s->standing->place, false, b->now_us);
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
    conn_refuse(b, c, RC_REFUSED, BROKER_BARRED_TEXT);
}

// A result that cannot be, or whose parts came out differently: to another helper.
static void wrong(struct broker *b, struct task *t, const struct kernel_verdict *v,
                  const char *text)
{
    const struct digest node = t->back.node;
    const struct sched_answer a = answer_of(t, t->back.place);
    struct standing *standing = roster_standing(&b->roster, &node);
    assert(t->kind != TASK_CHECK); // no helper is asked to check
    char who[MSG_NAME_BYTES];
    memcpy(who, t->back.name, sizeof who);
    t->job->wrong++;
    b->stat.wrong++;
    job_note_task(b, NOTE_TASK_WRONG, t, &(struct who){&node, who});
    tell_verdict(b, &node, t->id, v, text);
    if (t->state == TASK_RETURNED)
        queue_unreturn(&b->queue, t);
    work_note_lost(b, t, &(struct who){&node, who}, text);
    sched_answer(b->sched, &a, b->now_us);
    if (standing == NULL)
        return; // no room to remember it; the task is safe
    bool was_barred = standing->record.is_barred;
    verify_note(&standing->record, false);
    roster_changed(&b->roster, standing);
    if (standing->record.is_barred && !was_barred)
        bar(b, standing);
}

static void task_done(struct broker *b, struct task *t, struct bytes bytes, uint32_t parts)
{
    job_note_task(b, NOTE_TASK_DONE, t, &(struct who){&t->back.node, t->back.name});
    result_keep(b, t, bytes);
    if (t->kind == TASK_RUN) {
        job_run_done(b, t, bytes);
        return;
    }
    job_tile_done(b, t, bytes, parts);
}

static void accept(struct broker *b, struct task *t, struct bytes result, uint32_t parts)
{
    assert(t->state == TASK_RETURNED && t->kind != TASK_CHECK);
    struct standing *standing = roster_standing(&b->roster, &t->back.node);
    if (standing != NULL) {
        verify_note(&standing->record, true);
        standing->misses = 0;
        standing->results++;
        standing->cpu_us += t->back.cpu_us;
        if (b->roster.own == NULL || standing != b->roster.own->standing)
            roster_changed(&b->roster, standing);
    }
    if (t->back.place != ROSTER_NO_PLACE) {
        struct sched_answer a = answer_of(t, t->back.place);
        a.is_right = true;
        sched_answer(b->sched, &a, b->now_us);
    }
    work_withdraw(b, t);
    task_done(b, t, result, parts);
}

// The run of a part may want to see the result: it goes into the store for as long. False: no room.
static bool show(struct broker *b, const struct task *t, struct task_spec *spec)
{
    struct digest name;
    if (!skill_kernel(t->skill)->shows_result)
        return true;
    if (object_put(b, NULL, bytes_of(t->back.result, t->back.result_len), &name) != RC_OK ||
        store_pin(b->store, &name) != RC_OK)
        return false;
    spec->input[spec->input_count++] = name;
    return true;
}

// Which parts to redo is drawn now: the helper is bound to its result by its signed hash.
static void check_parts(struct broker *b, struct task *t)
{
    uint8_t room[KERNEL_PARAMS_BYTES_MAX];
    struct buffer params = buffer_of(room, sizeof room);
    assert(t->state == TASK_RETURNED && t->back.result != NULL);
    struct task_cfg cfg = {
        .kind = TASK_CHECK, .job = t->job, .skill = t->skill, .spec = task_spec_of(t)};
    enum rc rc = skill_kernel(t->skill)->part(cfg.spec.params, entropy_u64(&b->entropy), &params);
    assert(rc == RC_OK && !params.is_full); // our own params
    (void)rc;
    cfg.spec.params = buffer_bytes(&params);
    cfg.units = t->units / 64; // a share of it that bounds the check's time well
    bool is_shown = show(b, t, &cfg.spec);
    cfg.asked = task_digest(&cfg.spec);
    struct task *check = is_shown ? queue_new(&b->queue, &cfg, b->now_us) : NULL;
    if (check == NULL && is_shown && skill_kernel(t->skill)->shows_result)
        store_unpin(b->store, &cfg.spec.input[cfg.spec.input_count - 1]);
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
    assert(t != NULL && t->state == TASK_RETURNED);
    struct kernel_verdict v = {0};
    enum rc rc = skill_kernel(t->skill)->judge(
        bytes_of(t->params, t->params_len), bytes_of(t->back.result, t->back.result_len),
        bytes_of(check->params, check->params_len), m->result, &v);
    work_let_go(b, check);
    queue_free(&b->queue, check);
    bool is_right = rc == RC_OK && v.is_right;
    enum verify_verdict verdict = verify_draw(&t->back.draws, v.parts, v.mismatches, is_right);
    v.parts = t->back.draws.parts;
    v.mismatches = t->back.draws.mismatches;
    v.is_right = verdict == VERIFY_RIGHT;
    if (verdict == VERIFY_AGAIN) {
        check_parts(b, t);
    } else if (verdict == VERIFY_WRONG) {
        wrong(b, t, &v, "parts that were redone came out differently");
    } else {
        tell_verdict(b, &t->back.node, t->id, &v, "right");
        accept(b, t, bytes_of(t->back.result, t->back.result_len), v.parts);
    }
}

// The result that it was shown makes no sense.
static void check_refused(struct broker *b, struct task *check)
{
    struct task *t = check->checked;
    const struct kernel_verdict v = {.parts = 1, .mismatches = 1};
    work_let_go(b, check);
    queue_free(&b->queue, check);
    wrong(b, t, &v, "a result that makes no sense");
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

// Where the cost of its frame lies; cpu_us is its own word, but never more than our clock saw pass.
static void learn_cost(struct broker *b, const struct seat *s, const struct task *t,
                       struct bytes report)
{
    if (t->kind != TASK_TILE)
        return;
    frame_learn(&t->job->gamer->view, t, report, t->back.cpu_us, 1 / work_us_per_unit(b, s));
}

// Drawn before the check: how closely this one is looked at.
static void check_closely(struct broker *b, const struct seat *s, struct task *t)
{
    if (!skill_kernel(t->skill)->part_is_all)
        t->back.draws.needed = verify_draws_needed(&s->standing->record, entropy_u64(&b->entropy));
    check_parts(b, t);
}

// Its helper may have the next while this one is judged.
static void tell_back(struct broker *b, const struct task *t, const struct msg_result *m)
{
    struct sched_answer a = answer_of(t, t->back.place);
    a.total_us = (double)t->back.wall_us;
    a.work_us = (double)t->back.cpu_us;
    if (t->kind == TASK_TILE)
        a.size = frame_report_units(m->report) / WORK_TILE_UNITS;
    if (a.helper != ROSTER_NO_PLACE)
        sched_back(b->sched, &a, b->now_us);
}

static void task_back(struct broker *b, struct copy *c, const struct msg_result *m)
{
    struct task *t = c->task;
    struct seat *s = c->seat;
    queue_return(t);
    t->back = (struct returned){.node = s->standing->node,
                                .place = s->standing->place,
                                .forecast = c->forecast,
                                .cpu_us = num_min(m->cpu_us, time_since(c->given_us, b->now_us)),
                                .wall_us = time_since(c->given_us, b->now_us),
                                .hash = m->hash};
    memcpy(t->back.name, s->name, sizeof t->back.name);
    quantiles_put(b->work_us, t->back.wall_us);
    learn_cost(b, s, t, m->report);
    queue_copy_end(c);
    tell_back(b, t, m);
    if (s->is_own)
        accept(b, t, m->result, 0);
    else if (skill_kernel(t->skill)->verify != NULL)
        check_now(b, t, m->result);
    else if (hold_result(b, t, m->result))
        check_closely(b, s, t);
    else
        job_fail(b, t->job, RC_NOMEM, "the hub is out of memory for results");
}

// What a probe takes tells little of what a tile will.
static void probe_back(struct broker *b, struct copy *c, const struct msg_result *m)
{
    struct task *t = c->task;
    struct job *f = t->job;
    queue_copy_end(c);
    work_withdraw(b, t);
    queue_free(&b->queue, t);
    job_probed(b, f, m->report);
}

// Is this the result of what was asked, bound to the key of who sends it?
static bool is_bound(const struct seat *s, const struct task *t, const struct msg_result *m)
{
    size_t min = 0;
    size_t max = 0;
    const struct bytes params = bytes_of(t->params, t->params_len);
    if (skill_kernel(t->skill)->result_bounds(params, &min, &max) != RC_OK || m->result.len < min ||
        m->result.len > max)
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

static void none_back(struct broker *b, struct copy *c)
{
    struct task *t = c->task;
    struct seat *s = c->seat;
    if (s->is_own) {
        job_fail(b, t->job, RC_MALFORMED, "the hub's own compute returned a result that is none");
        return;
    }
    t->back = (struct returned){.node = s->standing->node, .place = s->standing->place};
    memcpy(t->back.name, s->name, sizeof t->back.name);
    queue_copy_end(c);
    wrong(b, t, &(struct kernel_verdict){0}, "size, hash or signature do not fit");
}

static void too_late(struct broker *b, const struct seat *s, uint64_t task)
{
    tell_verdict(b, &s->standing->node, task, &(struct kernel_verdict){.is_right = true},
                 "too late: another helper was faster");
}

void work_result(struct broker *b, struct seat *s, const struct msg_result *m)
{
    struct task *t = queue_find(&b->queue, m->task);
    struct copy *c = t != NULL ? queue_copy_at(t, s) : NULL;
    if (c == NULL) {
        too_late(b, s, m->task);
        return;
    }
    b->payer = work_payer(t);
    if (t->state == TASK_RETURNED) { // another's is being checked
        queue_copy_end(c);
        sched_drop(b->sched, t->id, s->standing->place, b->now_us);
        too_late(b, s, m->task);
    } else if (!is_bound(s, t, m)) {
        none_back(b, c);
    } else if (t->kind == TASK_PROBE) {
        probe_back(b, c, m);
    } else if (t->kind == TASK_CHECK) {
        check_back(b, t, m);
    } else {
        task_back(b, c, m);
    }
}
