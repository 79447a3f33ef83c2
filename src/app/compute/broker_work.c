// SPDX-License-Identifier: MIT
// The broker's work: tasks to helpers, results through verification to their jobs.
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "compute/broker_state.h"
#include "kernel/kernel.h"

#define PING_US_NEW     5000.0
#define OBJECT_SHIFT    11 // exact in any reader of JSON
#define WORK_SIZE_MIN   1e-6
#define WORK_SIZE_MAX   1e6
#define WORK_TILE_UNITS 100000.0 // of trace's cost: a tile as usual

#define EXPECT_SEATS_MAX 64u // that are asked what a run would take them

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

// What the scheduler knows tasks by: runs by their skill; tiles and probes are apart from these.
static uint32_t tile_type(void)
{
    return skill_count();
}

uint32_t work_types(void)
{
    return skill_count() + 1;
}

static uint32_t type_of(const struct task *t)
{
    return t->kind == TASK_RUN ? t->skill : tile_type();
}

// ---- Copies that come to nothing

// Nobody waits for what its copies would still say.
void work_withdraw(struct broker *b, struct task *t)
{
    for (uint32_t i = 0; i < t->attempts; i++) {
        struct copy *c = &t->copy[i];
        if (c->seat == NULL)
            continue;
        broker_tell(b, c->seat->conn, &(struct msg){.type = MSG_CANCEL, .as.cancel = {t->id}});
        queue_copy_end(c);
    }
    sched_forget(b->sched, t->id, b->now_us);
}

// What was pinned for it: the inputs of a run; of a check, a result that was shown.
static void let_go(struct broker *b, const struct task *t)
{
    if (t->kind == TASK_CHECK && skill_kernel(t->skill)->shows_result)
        store_unpin(b->store, &t->input[t->input_count - 1]);
    for (uint32_t i = 0; t->kind == TASK_RUN && i < t->input_count; i++)
        store_unpin(b->store, &t->input[i]);
}

void work_drop(struct broker *b, struct task *t)
{
    work_withdraw(b, t);
    let_go(b, t);
    queue_free(&b->queue, t);
}

static void note_lost(struct broker *b, struct task *t, const struct who *who, const char *why)
{
    t->job->retries++;
    b->stat.retries++;
    job_note_task(b, NOTE_TASK_LOST, t, who);
    log_put(b->log, LOG_LEVEL_INFO, "broker", "task=%llu goes to another helper=%s reason=\"%s\"",
            (unsigned long long)t->id, who->name, why);
}

// The seat let somebody wait for nothing.
static void missed(struct broker *b, struct seat *s)
{
    s->standing->failures++;
    seat_missed(s, b->now_us);
    roster_changed(&b->roster, s->standing);
    if (seat_rests(s))
        sched_rest(b->sched, s->standing->place, true, b->now_us);
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
    missed(b, s);
    note_lost(b, t, &(struct who){&s->standing->node, s->name}, text);
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
    broker_refuse(b, c, RC_REFUSED, BROKER_BARRED_TEXT);
}

// A result that cannot be, or whose parts came out differently: to another helper.
static void wrong(struct broker *b, struct task *t, const struct kernel_verdict *v,
                  const char *text)
{
    const struct digest node = t->back.node;
    const struct sched_answer a = answer_of(t, t->back.place);
    struct standing *standing = roster_standing(&b->roster, &node);
    char who[MSG_NAME_BYTES];
    memcpy(who, t->back.name, sizeof who);
    t->job->wrong++;
    b->stat.wrong++;
    job_note_task(b, NOTE_TASK_WRONG, t, &(struct who){&node, who});
    tell_verdict(b, &node, t->id, v, text);
    if (t->state == TASK_RETURNED)
        queue_unreturn(&b->queue, t);
    note_lost(b, t, &(struct who){&node, who}, text);
    sched_answer(b->sched, &a, b->now_us);
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
    if (t->back.place != ROSTER_NO_PLACE) {
        struct sched_answer a = answer_of(t, t->back.place);
        a.is_right = true;
        sched_answer(b->sched, &a, b->now_us);
    }
    work_withdraw(b, t);
    job_task_done(b, t, result, parts);
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
    struct kernel_verdict v = {0};
    enum rc rc = skill_kernel(t->skill)->judge(
        bytes_of(t->params, t->params_len), bytes_of(t->back.result, t->back.result_len),
        bytes_of(check->params, check->params_len), m->result, &v);
    let_go(b, check);
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
    let_go(b, check);
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
    b->payer = payer_of(t);
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

// ---- Who is here

static float said_us(const struct msg_ability *a)
{
    for (uint32_t i = 0; i < a->speed_count; i++)
        if (strcmp(a->speed[i].kernel, "trace") == 0)
            return (float)(WORK_TILE_UNITS * US_PER_S /
                           (double)num_clamp(a->speed[i].units_s, 1000, 1000000000000u));
    return 0;
}

double work_expect_us(const struct broker *b, uint32_t skill, double units)
{
    uint32_t looked = 0;
    LIST_FOR (it, &b->roster.seats) {
        const struct seat *s = CONTAINER_OF(it, struct seat, node);
        if (!s->is_own && seat_can(s, skill))
            return sched_rate_us(b->sched, s->standing->place, skill) * units;
        if (++looked == EXPECT_SEATS_MAX)
            break;
    }
    return 0;
}

// The scheduler does not know the hub's own: it is taken at its word.
double work_us_per_unit(const struct broker *b, const struct seat *s)
{
    if (!s->is_own)
        return sched_rate_us(b->sched, s->standing->place, tile_type()) / WORK_TILE_UNITS;
    const double us = (double)said_us(&s->ability);
    return us > 0 ? us / WORK_TILE_UNITS : 1;
}

void work_sit(struct broker *b, const struct seat *s)
{
    if (s->is_own)
        return;
    struct sched_intro intro = {
        .says = {.ping_us = PING_US_NEW,
                 .right = (double)s->standing->record.right,
                 .wrong = (double)s->standing->record.wrong + s->standing->failures},
        .slots = s->ability.slots,
        .ahead = s->ahead,
        .can = s->skills,
        .is_new = s->is_new};
    if (seat_can(s, skill_of("trace", false)))
        intro.can |= (uint32_t)1 << tile_type();
    intro.says.work_us[tile_type()] = said_us(&s->ability);
    sched_join(b->sched, s->standing->place, &intro, b->now_us);
    if (seat_rests(s))
        sched_rest(b->sched, s->standing->place, true, b->now_us);
}

// ---- Assignment

static void assign(struct broker *b, const struct copy *c)
{
    const struct task *t = c->task;
    const uint64_t budget_us =
        BROKER_BUDGET_BASE_US + BROKER_BUDGET_FACTOR * c->forecast.expected_us;
    struct msg m = {.type = MSG_ASSIGN,
                    .as.assign = {.task = t->id,
                                  .budget_ms = (uint32_t)num_min(budget_us / US_PER_MS, UINT32_MAX),
                                  .expected_us = c->forecast.expected_us,
                                  .spec = task_spec_of(t)}};
    if (t->attempts == 1)
        quantiles_put(b->wait_us, time_since(t->came_us, b->now_us));
    outbox_bill(&b->outbox, payer_of(t));
    broker_tell(b, c->seat->conn, &m);
    outbox_bill(&b->outbox, 0);
}

// Bounded: what a task costs is guessed from what helpers said, and one may have lied.
static uint64_t us_of(double us)
{
    return (uint64_t)fmin(fmax(us, 0), BROKER_EXPECTED_US_MAX);
}

static void order_copy(struct broker *b, struct task *t, const struct sched_order *o)
{
    struct seat *s = roster_by_place(&b->roster, o->helper);
    assert(s != NULL); // it would have left the scheduler, too
    struct copy *c = queue_copy(t, s, b->now_us);
    c->forecast = (struct forecast){us_of(o->answer_us), us_of(o->low_us), us_of(o->high_us)};
    assign(b, c);
}

// It may still answer; but its seat let somebody wait.
static void order_late(struct broker *b, struct task *t, const struct sched_order *o)
{
    struct seat *s = roster_by_place(&b->roster, o->helper);
    if (s == NULL || queue_copy_at(t, s) == NULL)
        return;
    missed(b, s);
    note_lost(b, t, &(struct who){&s->standing->node, s->name}, "late");
}

// No helper that is here could take it. Without own compute it waits for others to come.
static void order_own(struct broker *b, struct task *t)
{
    const bool is_spent = t->attempts >= b->attempts_max;
    if (!b->is_own_last && is_spent)
        job_fail(b, t->job, RC_TIMEOUT, "every attempt failed, and the hub does no work itself");
    if (!b->is_own_last)
        return;
    work_withdraw(b, t);
    queue_to_own(&b->queue, t);
}

// What is cancelled is of tasks that are gone, and was told when they went.
static void take_orders(struct broker *b)
{
    struct sched_order o;
    while (sched_next(b->sched, &o)) {
        struct task *t = queue_find(&b->queue, o.task);
        if (t == NULL || t->state != TASK_HELD)
            continue;
        if (o.kind == SCHED_ASSIGN)
            order_copy(b, t, &o);
        else if (o.kind == SCHED_LATE)
            order_late(b, t, &o);
        else if (o.kind == SCHED_SPENT)
            order_own(b, t);
    }
}

static struct seat *free_own(const struct broker *b)
{
    struct seat *own = b->roster.own;
    return own != NULL && seat_free_slots(own) > 0 ? own : NULL;
}

static void give_own(struct broker *b, struct task *t, struct seat *own)
{
    queue_give(&b->queue, t);
    assign(b, queue_copy(t, own, b->now_us));
}

static double size_of(const struct task *t)
{
    const double units = t->kind == TASK_RUN ? t->units : t->units / WORK_TILE_UNITS;
    return fmin(fmax(units, WORK_SIZE_MIN), WORK_SIZE_MAX);
}

// False: the scheduler has no room for it.
static bool submit(struct broker *b, struct task *t)
{
    const uint64_t due_us = t->job->deadline.index != 0 ? t->job->deadline.key : 0;
    const bool has_object = kernel_takes_object(skill_kernel(t->skill));
    const struct sched_task task = {.id = t->id,
                                    .type = type_of(t),
                                    .size = size_of(t),
                                    .within_us = due_us > 0 ? time_since(b->now_us, due_us) + 1 : 0,
                                    .object =
                                        has_object ? digest_u64(&t->input[0]) >> OBJECT_SHIFT : 0};
    queue_give(&b->queue, t);
    if (sched_submit(b->sched, &task, b->now_us) == RC_OK)
        return true;
    t->state = TASK_WAITING;
    queue_wait(&b->queue, t);
    return false;
}

// False: nobody can take it now.
static bool assign_one(struct broker *b, struct task *t)
{
    const uint32_t type = type_of(t);
    struct seat *own = free_own(b);
    if (!sched_has_able(b->sched, type) && b->is_own_last) {
        if (own == NULL)
            return false;
        give_own(b, t, own);
    } else if (!sched_has_room(b->sched, type) || !submit(b, t)) {
        return false;
    }
    take_orders(b);
    return true;
}

static void give_out(struct broker *b)
{
    take_orders(b);
    for (struct seat *own; (own = free_own(b)) != NULL && !list_is_empty(&b->queue.own);)
        give_own(b, CONTAINER_OF(b->queue.own.next, struct task, node), own);
    uint32_t skills = UINT32_MAX; // that somebody has room for
    for (struct task *t; (t = queue_next(&b->queue, skills)) != NULL;)
        if (!assign_one(b, t))
            skills &= ~((uint32_t)1 << t->skill);
}

void work_assign(struct broker *b)
{
    do { // a job that fails here is news to others
        job_see_to_news(b);
        give_out(b);
    } while (!list_is_empty(&b->news));
}
