// SPDX-License-Identifier: MIT
// Gamers of a simulated crowd: real machines whose connections break, and what they must be told.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "crowd_state.h"

#define MEMORY_BYTES ((size_t)256 << 20)
#define ACT_US       100000u // between two looks at what is to be done
#define BURST_MAX    32u     // tasks submitted in one go
#define MODEST       10u     // of calm ones, every other asks for so much less
#define OPEN_MAX     (GAMER_RUNS_MAX + GAMER_FRAMES_MAX)
#define AWAY_US_MAX  20000000u
#define LATENCY_US   20000u

struct crowd_gamer {
    struct peer peer;
    struct gamer_side *machine;
    struct sign_key *key;
    struct sim_entropy entropy;
    struct budget budget;
    struct rng dice;
    uint64_t act, back; // events
    struct crowd_job *open[OPEN_MAX];
    uint32_t open_count, frame_count;
    bool is_in;
    bool has_left; // for good, with jobs under way
};

static uint64_t dice(struct crowd_gamer *g, uint64_t bound)
{
    return rng_below(&g->dice, bound);
}

static void job_is(struct crowd_gamer *g, struct crowd_job *j, enum crowd_job_state state)
{
    uint32_t i = 0;
    while (i < g->open_count && g->open[i] != j)
        i++;
    assert(i < g->open_count);
    g->open[i] = g->open[--g->open_count];
    g->frame_count -= j->is_frame;
    job_close(g->peer.crowd, j, state);
}

static struct crowd_job *open_job(struct crowd_gamer *g, uint64_t job)
{
    struct crowd_job *j = job_get(g->peer.crowd, &g->peer, job);
    assert(j != NULL && j->state == JOB_IS_OPEN); // never told of what is over
    return j;
}

static void take_run(struct crowd_gamer *g, const struct gamer_event *e)
{
    uint8_t room[ECHO_BYTES_MAX];
    struct crowd_job *j = open_job(g, e->job);
    assert(!j->is_frame && bytes_equal(e->ran.result, job_params(j, room)));
    job_is(g, j, JOB_IS_DONE);
}

static void take_frame(struct crowd_gamer *g, const struct gamer_event *e)
{
    struct crowd_job *j = open_job(g, e->job);
    struct join *join = gamer_take(g->machine, e->job);
    assert(j->is_frame && join != NULL);
    bool is_right = kernel_is_right(g->peer.crowd, j->shape, join);
    assert(is_right || j->is_forged);
    (void)is_right;
    join_free(join);
    job_is(g, j, JOB_IS_DONE);
}

static void take_failed(struct crowd_gamer *g, const struct gamer_event *e)
{
    struct crowd_job *j = open_job(g, e->job);
    assert(e->rc != RC_OK && e->text[0] != 0); // with a reason
    job_is(g, j, JOB_HAS_FAILED);
}

static void hear(struct crowd_gamer *g, const struct gamer_event *e)
{
    world_note(g->peer.crowd->world, 300u + e->kind);
    world_note(g->peer.crowd->world, e->job);
    if (e->kind == GAMER_EVENT_IN)
        g->is_in = true;
    else if (e->kind == GAMER_EVENT_RAN)
        take_run(g, e);
    else if (e->kind == GAMER_EVENT_FRAME)
        take_frame(g, e);
    else if (e->kind == GAMER_EVENT_FAILED)
        take_failed(g, e);
}

static void pump(struct crowd_gamer *g)
{
    struct out out;
    struct gamer_event e;
    bool is_closed = false;
    while (gamer_next(g->machine, &out)) {
        if (out.kind == OUT_SEND)
            wire_send(&g->peer, out.bytes);
        is_closed = is_closed || out.kind == OUT_CLOSE;
    }
    while (gamer_event(g->machine, &e))
        hear(g, &e);
    if (!is_closed || g->peer.wire == NULL)
        return;
    wire_hang_up(&g->peer); // refused: it tries again
    gamer_loses(&g->peer);
}

void gamer_hears(struct peer *p, struct bytes message)
{
    struct crowd_gamer *g = CONTAINER_OF(p, struct crowd_gamer, peer);
    gamer_input(g->machine, message);
    pump(g);
}

// ---- Its life

static void come(void *self, uint64_t tag)
{
    (void)tag;
    struct crowd_gamer *g = self;
    g->back = 0;
    if (g->peer.wire == NULL && !wire_open(&g->peer)) {
        g->back =
            world_at(g->peer.crowd->world, crowd_now(g->peer.crowd) + ACT_US * 5, come, g, 11);
        return;
    }
    gamer_open(g->machine);
}

static void come_in(struct crowd_gamer *g, uint64_t wait_us)
{
    struct crowd *c = g->peer.crowd;
    (void)world_cancel(c->world, g->back);
    g->back = 0;
    if (!c->is_over && !g->has_left)
        g->back = world_at(c->world, crowd_now(c) + wait_us, come, g, 10);
}

void gamer_loses(struct peer *p)
{
    struct crowd_gamer *g = CONTAINER_OF(p, struct crowd_gamer, peer);
    g->is_in = false;
    gamer_closed(g->machine);
    come_in(g, ACT_US + dice(g, p->crowd->is_resting ? ACT_US : AWAY_US_MAX));
}

static void run_one(struct crowd_gamer *g)
{
    struct crowd *c = g->peer.crowd;
    uint8_t room[ECHO_BYTES_MAX];
    struct crowd_job trial = {.gamer = &g->peer, .seed = job_seed(c, &g->dice)};
    struct msg_run m = {.spec = {.kernel = "echo", .params = job_params(&trial, room)}};
    uint64_t number = 0;
    if (gamer_run(g->machine, &m, &number) != RC_OK)
        return;
    struct crowd_job *j = job_add(c, &g->peer, number);
    j->seed = trial.seed;
    g->open[g->open_count++] = j;
}

static void submit_one(struct crowd_gamer *g)
{
    struct crowd *c = g->peer.crowd;
    uint32_t shape = (uint32_t)dice(g, SHAPES_MAX);
    struct msg_submit m = kernel_frame(c, shape);
    uint64_t number = 0;
    if (gamer_submit(g->machine, &m, &number) != RC_OK)
        return;
    struct crowd_job *j = job_add(c, &g->peer, number);
    j->is_frame = true;
    j->shape = shape;
    g->open[g->open_count++] = j;
    g->frame_count++;
}

static void withdraw_one(struct crowd_gamer *g)
{
    if (g->open_count == 0)
        return;
    struct crowd_job *j = g->open[dice(g, g->open_count)];
    gamer_withdraw(g->machine, j->number);
    job_is(g, j, JOB_IS_WITHDRAWN);
}

static void leave(struct crowd_gamer *g)
{
    g->has_left = true;
    wire_hang_up(&g->peer);
    come_in(g, 0);
    gamer_closed(g->machine);
    while (g->open_count > 0)
        job_is(g, g->open[0], JOB_IS_LEFT);
}

static void break_connection(struct crowd_gamer *g)
{
    uint64_t how = dice(g, 3);
    if (how == 0)
        wire_vanish(&g->peer);
    else if (how == 1)
        wire_cut(&g->peer);
    else if (g->peer.wire != NULL) {
        wire_hang_up(&g->peer);
        gamer_loses(&g->peer);
    }
}

static void act(void *self, uint64_t tag)
{
    (void)tag;
    struct crowd_gamer *g = self;
    struct crowd *c = g->peer.crowd;
    g->act = 0;
    if (c->is_resting || g->has_left)
        return;
    uint32_t backlog =
        c->cfg.is_calm && g->peer.index % 2 == 1 ? c->cfg.backlog / MODEST : c->cfg.backlog;
    uint64_t burst = BURST_MAX + dice(g, BURST_MAX);
    for (uint64_t i = 0; i < burst && g->open_count < backlog; i++)
        run_one(g);
    if (!c->cfg.is_calm && g->frame_count < GAMER_FRAMES_MAX && dice(g, 20) == 0)
        submit_one(g);
    if (!c->cfg.is_calm && dice(g, 20) == 0)
        withdraw_one(g);
    if (!c->cfg.is_calm && dice(g, 150) == 0)
        break_connection(g);
    if (!c->cfg.is_calm && dice(g, 4000) == 0)
        leave(g);
    else
        g->act = world_at(c->world, crowd_now(c) + ACT_US / 2 + dice(g, ACT_US), act, g, 12);
    pump(g);
}

// ---- All of them

static void gamer_make(struct crowd *c, uint32_t index)
{
    struct crowd_gamer *g = &c->gamer[index];
    char who[24];
    struct text t = text_of(who, sizeof who);
    text_addf(&t, "gamer %u", index);
    g->dice = world_rng(c->world, who);
    g->entropy = sim_entropy_of(c->world, who);
    g->budget = (struct budget){.limit_bytes = MEMORY_BYTES};
    g->key = crowd_key(&g->dice);
    g->peer = (struct peer){.crowd = c, .kind = PEER_GAMER, .index = index};
    g->peer.latency_us = 500 + dice(g, LATENCY_US);
    struct gamer_cfg cfg = {.budget = &g->budget,
                            .client = {.role = MSG_ROLE_GAMER,
                                       .key = g->key,
                                       .token = bytes_text(CROWD_TOKEN),
                                       .entropy = sim_entropy_host(&g->entropy)}};
    crowd_must(gamer_new(&g->machine, &cfg));
    struct digest name;
    gamer_offer(g->machine, buffer_bytes(&c->scene), &name);
    come_in(g, 1 + dice(g, ACT_US));
    g->act = world_at(c->world, crowd_now(c) + dice(g, ACT_US), act, g, 12);
}

void gamers_start(struct crowd *c)
{
    c->gamer = crowd_take(c->cfg.gamers * sizeof *c->gamer);
    for (uint32_t i = 0; i < c->cfg.gamers; i++)
        gamer_make(c, i);
}

void gamers_rest(struct crowd *c)
{
    for (uint32_t i = 0; i < c->cfg.gamers; i++)
        if (c->gamer[i].peer.wire == NULL)
            come_in(&c->gamer[i], ACT_US);
}

void gamers_leave(struct crowd *c)
{
    for (uint32_t i = 0; i < c->cfg.gamers; i++)
        leave(&c->gamer[i]);
}

void gamers_stop(struct crowd *c)
{
    for (uint32_t i = 0; i < c->cfg.gamers; i++) {
        struct crowd_gamer *g = &c->gamer[i];
        gamer_free(g->machine);
        assert(g->budget.used_bytes == 0);
        sign_key_free(g->key);
    }
    free(c->gamer);
}
