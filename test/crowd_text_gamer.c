// SPDX-License-Identifier: MIT
// Gamers of a simulated crowd that speak JSON: models that ask again for what they were not told.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "crowd_state.h"

#define ACT_US      100000u
#define BURST_MAX   32u
#define OPEN_MAX    4096u
#define AWAY_US_MAX 20000000u
#define LATENCY_US  20000u

struct crowd_text_gamer {
    struct peer peer;
    struct rng dice;
    bool is_net, is_in;
    uint64_t act, back; // events
    uint64_t last_number;
    struct crowd_job *open[OPEN_MAX];
    uint32_t open_count;
};

static uint64_t dice(struct crowd_text_gamer *g, uint64_t bound)
{
    return rng_below(&g->dice, bound);
}

static void say(struct crowd_text_gamer *g, const struct text *t)
{
    assert(!t->is_cut);
    wire_send(&g->peer, bytes_of(t->at, t->len));
}

static void ask(struct crowd_text_gamer *g, const struct crowd_job *j)
{
    uint8_t params_room[ECHO_BYTES_MAX];
    char room[512];
    struct text t = text_of(room, sizeof room);
    struct bytes params = job_params(j, params_room);
    text_addf(&t,
              g->is_net ? "{\"msg_type\":\"task_request\",\"data\":{\"task_id\":\"t%llu\","
                          "\"task_data\":%.*s}}"
                        : "{\"type\":\"submit_task\",\"task_id\":\"t%llu\",\"task\":"
                          "{\"type\":\"echo\",\"data\":%.*s}}",
              (unsigned long long)j->number, (int)params.len, (const char *)params.at);
    say(g, &t);
}

static void be_welcome(struct crowd_text_gamer *g)
{
    g->is_in = true;
    for (uint32_t i = 0; i < g->open_count; i++)
        ask(g, g->open[i]);
}

static void job_is(struct crowd_text_gamer *g, struct crowd_job *j, enum crowd_job_state state)
{
    uint32_t i = 0;
    while (i < g->open_count && g->open[i] != j)
        i++;
    assert(i < g->open_count);
    g->open[i] = g->open[--g->open_count];
    job_close(g->peer.crowd, j, state);
}

static void take_answer(struct crowd_text_gamer *g, struct bytes message)
{
    uint8_t room[ECHO_BYTES_MAX];
    struct bytes label = text_value(message, "task_id");
    uint64_t number = 0;
    for (size_t i = 2; i + 1 < label.len; i++) // "t17"
        number = number * 10 + (uint64_t)(label.at[i] - '0');
    struct crowd_job *j = job_get(g->peer.crowd, &g->peer, number);
    assert(j != NULL && j->said_conn != g->peer.wire->conn); // once on each connection
    j->said_conn = g->peer.wire->conn;
    struct bytes result = text_value(message, "result");
    if (result.len == 0) {
        assert(text_value(message, "error").len > 2); // with a reason
        job_is(g, j, JOB_HAS_FAILED);
        return;
    }
    assert(bytes_equal(result, job_params(j, room)));
    job_is(g, j, JOB_IS_DONE);
}

void text_gamer_hears(struct peer *p, struct bytes message)
{
    struct crowd_text_gamer *g = CONTAINER_OF(p, struct crowd_text_gamer, peer);
    struct bytes type = text_value(message, g->is_net ? "msg_type" : "type");
    if (bytes_is(type, "\"registered\"") || bytes_is(type, "\"registration_ack\"")) {
        be_welcome(g);
    } else if (bytes_is(type, "\"task_result\"") || bytes_is(type, "\"task_error\"")) {
        take_answer(g, message);
    } else if (!bytes_is(type, "\"peer_count_update\"")) {
        wire_hang_up(p);
        text_gamer_loses(p);
    }
}

static void come(void *self, uint64_t tag)
{
    (void)tag;
    struct crowd_text_gamer *g = self;
    struct crowd *c = g->peer.crowd;
    g->back = 0;
    if (g->peer.wire == NULL && !wire_open(&g->peer)) {
        g->back = world_at(c->world, crowd_now(c) + ACT_US * 5, come, g, 14);
        return;
    }
    char room[256];
    struct text t = text_of(room, sizeof room);
    text_addf(&t,
              g->is_net ? "{\"msg_type\":\"register_user\",\"data\":{\"user_id\":\"g%u\","
                          "\"token\":\"%s\"}}"
                        : "{\"type\":\"register_gamer\",\"gamer_id\":\"g%u\",\"token\":\"%s\"}",
              g->peer.index, CROWD_TOKEN);
    say(g, &t);
}

static void come_in(struct crowd_text_gamer *g, uint64_t wait_us)
{
    struct crowd *c = g->peer.crowd;
    (void)world_cancel(c->world, g->back);
    g->back = c->is_over ? 0 : world_at(c->world, crowd_now(c) + wait_us, come, g, 13);
}

void text_gamer_loses(struct peer *p)
{
    struct crowd_text_gamer *g = CONTAINER_OF(p, struct crowd_text_gamer, peer);
    g->is_in = false;
    come_in(g, ACT_US + dice(g, p->crowd->is_resting ? ACT_US : AWAY_US_MAX));
}

static void submit(struct crowd_text_gamer *g)
{
    struct crowd *c = g->peer.crowd;
    struct crowd_job *j = job_add(c, &g->peer, ++g->last_number);
    j->seed = job_seed(c, &g->dice);
    g->open[g->open_count++] = j;
    if (g->is_in)
        ask(g, j);
}

static void break_connection(struct crowd_text_gamer *g)
{
    if (dice(g, 2) == 0)
        wire_vanish(&g->peer);
    else
        wire_cut(&g->peer);
}

static void act(void *self, uint64_t tag)
{
    (void)tag;
    struct crowd_text_gamer *g = self;
    struct crowd *c = g->peer.crowd;
    g->act = 0;
    if (c->is_resting)
        return;
    uint32_t backlog = (uint32_t)num_min(c->cfg.backlog, OPEN_MAX);
    for (uint32_t i = 0; i < BURST_MAX && g->open_count < backlog; i++)
        submit(g);
    if (!c->cfg.is_calm && dice(g, 150) == 0)
        break_connection(g);
    g->act = world_at(c->world, crowd_now(c) + ACT_US / 2 + dice(g, ACT_US), act, g, 15);
}

void text_gamers_start(struct crowd *c)
{
    c->text_gamer = crowd_take(c->cfg.text_gamers * sizeof *c->text_gamer);
    for (uint32_t i = 0; i < c->cfg.text_gamers; i++) {
        struct crowd_text_gamer *g = &c->text_gamer[i];
        char who[24];
        struct text t = text_of(who, sizeof who);
        text_addf(&t, "text gamer %u", i);
        g->dice = world_rng(c->world, who);
        g->is_net = i % 2 == 1;
        g->peer = (struct peer){.crowd = c, .kind = PEER_TEXT_GAMER, .index = i, .is_text = true};
        g->peer.latency_us = 500 + dice(g, LATENCY_US);
        come_in(g, 1 + dice(g, ACT_US));
        g->act = world_at(c->world, crowd_now(c) + dice(g, ACT_US), act, g, 15);
    }
}

void text_gamers_rest(struct crowd *c)
{
    for (uint32_t i = 0; i < c->cfg.text_gamers; i++)
        if (c->text_gamer[i].peer.wire == NULL)
            come_in(&c->text_gamer[i], ACT_US);
}

void text_gamers_leave(struct crowd *c)
{
    for (uint32_t i = 0; i < c->cfg.text_gamers; i++) {
        wire_hang_up(&c->text_gamer[i].peer);
        come_in(&c->text_gamer[i], 0);
    }
}

void text_gamers_stop(struct crowd *c)
{
    free(c->text_gamer);
}
