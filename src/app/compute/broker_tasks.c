// SPDX-License-Identifier: MIT
// The broker's tasks as helpers and the scheduler know them: of which type and size, what each
// helper is thought to take for them, and copies that come to nothing.
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/num.h"
#include "compute/broker_state.h"
#include "kernel/kernel.h"

#define PING_US_NEW      5000.0
#define WORK_SIZE_MIN    1e-6
#define WORK_SIZE_MAX    1e6
#define EXPECT_SEATS_MAX 64u // that are asked what a run would take them

// ---- What they are

uint64_t work_payer(const struct task *t)
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

uint32_t work_type(const struct task *t)
{
    return t->kind == TASK_RUN ? t->skill : tile_type();
}

double work_size(const struct task *t)
{
    const double units = t->kind == TASK_RUN ? t->units : t->units / WORK_TILE_UNITS;
    return fmin(fmax(units, WORK_SIZE_MIN), WORK_SIZE_MAX);
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
    assert(s->standing->place != ROSTER_NO_PLACE);
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

// ---- What comes to nothing

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

void work_let_go(struct broker *b, const struct task *t)
{
    if (t->kind == TASK_CHECK && skill_kernel(t->skill)->shows_result)
        store_unpin(b->store, &t->input[t->input_count - 1]);
    for (uint32_t i = 0; t->kind == TASK_RUN && i < t->input_count; i++)
        store_unpin(b->store, &t->input[i]);
}

void work_drop(struct broker *b, struct task *t)
{
    work_withdraw(b, t);
    work_let_go(b, t);
    queue_free(&b->queue, t);
}

void work_note_lost(struct broker *b, struct task *t, const struct who *who, const char *why)
{
    t->job->retries++;
    b->stat.retries++;
    job_note_task(b, NOTE_TASK_LOST, t, who);
    log_put(b->log, LOG_LEVEL_INFO, "broker", "task=%llu goes to another helper=%s reason=\"%s\"",
            (unsigned long long)t->id, who->name, why);
}

void work_missed(struct broker *b, struct seat *s)
{
    assert(!s->is_own);
    s->standing->failures++;
    seat_missed(s, b->now_us);
    roster_changed(&b->roster, s->standing);
    if (seat_rests(s))
        sched_rest(b->sched, s->standing->place, true, b->now_us);
}
