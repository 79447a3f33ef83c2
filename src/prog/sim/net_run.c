// SPDX-License-Identifier: MIT
// `shoal sim net`: one network from its making to its end, and what holds at any time.
#include "prog/sim/net_run.h"

#include "base/num.h"
#include "os/clock.h"
#include "prog/sim/net_play.h"

#define CHECK_US     ((uint64_t)US_PER_S)
#define PUBLISH_FROM 0.6 // of the warm-up, when all have joined
#define PUBLISH_TO   0.9
#define JOINED       0.5 // of the warm-up

// ---- What holds at any time

static void check_node(struct play *p, struct node *n)
{
    struct dht_stat stat;
    if (n->dht == NULL)
        return;
    dht_check(n->dht);
    dht_stat(n->dht, &stat);
    p->f->checks++;
    if (stat.dropped_events > 0)
        play_broken(p, "node %u dropped %llu events", n->index,
                    (unsigned long long)stat.dropped_events);
}

static void check_some(void *self, uint64_t tag)
{
    struct play *p = self;
    check_node(p, &p->node[rng_below(&p->life_rng, p->honest)]);
    (void)world_at(p->world, world_now_us(p->world) + CHECK_US, check_some, p, tag);
}

// ---- Make

static void start(void *self, uint64_t tag)
{
    struct node *n = self;
    (void)tag;
    node_start(n);
}

// Entries at once, others one by one, attackers when their time has come.
static void plan_joins(struct play *p)
{
    const uint64_t now_us = world_now_us(p->world);
    const uint64_t span_us = (uint64_t)(JOINED * (double)play_after_us(p->s->warmup_min));
    for (uint32_t i = 0; i < p->nodes; i++) {
        uint64_t at_us = now_us + 1 + rng_below(&p->life_rng, span_us);
        if (i < PLAY_ENTRIES)
            at_us = now_us + (uint64_t)i * US_PER_MS;
        if (i >= p->siege_from)
            at_us = p->measure_us + play_after_us(p->s->siege.at_min);
        (void)world_at(p->world, at_us, start, &p->node[i], i);
    }
}

static enum rc make_nodes(struct play *p)
{
    struct sim_net_cfg cfg = p->s->net;
    cfg.hosts_max = p->nodes;
    enum rc rc = sim_net_new(&p->net, p->world, &cfg);
    if (rc != RC_OK)
        return rc;
    p->node = arena_take_array(p->arena, p->nodes, sizeof *p->node);
    if (p->node == NULL)
        return RC_NOMEM;
    for (uint32_t i = 0; i < p->nodes && rc == RC_OK; i++)
        rc = play_node(p, i);
    return rc;
}

static void count_nodes(struct play *p)
{
    const uint32_t liars = (uint32_t)(p->s->liars * p->s->nodes);
    p->honest = p->s->nodes - liars;
    p->liars_from = p->honest;
    p->siege_from = p->s->nodes;
    p->nodes = p->s->nodes + p->s->siege.addresses;
}

static enum rc make(struct play *p)
{
    count_nodes(p);
    p->life_rng = world_rng(p->world, "life");
    p->ask_rng = world_rng(p->world, "asks");
    p->lie_rng = world_rng(p->world, "lies");
    p->budget.limit_bytes = (size_t)p->nodes * DHT_SAVE_BYTES_MAX;
    p->measure_us = world_now_us(p->world) + play_after_us(p->s->warmup_min);
    p->end_us = p->measure_us + play_after_us(p->s->measure_min);
    enum rc rc = make_nodes(p);
    if (rc == RC_OK)
        rc = ask_init(p);
    if (rc == RC_OK)
        rc = liar_init(p);
    return rc;
}

static void end(struct play *p)
{
    for (uint32_t i = 0; i < p->nodes && p->node != NULL; i++) {
        struct node *n = &p->node[i];
        arena_free(n->arena);
        budget_give(&p->budget, n->saved);
        if (n->id != NULL)
            id_end(n->id);
    }
    sim_net_free(p->net);
    world_free(p->world);
    arena_free(p->arena);
}

// ---- Run

static void subtract(struct sim_net_stat *a, const struct sim_net_stat *b)
{
    a->sent -= b->sent;
    a->delivered -= b->delivered;
    a->lost -= b->lost;
    a->no_host -= b->no_host;
    a->down -= b->down;
    a->filtered -= b->filtered;
    a->parted -= b->parted;
    a->queue -= b->queue;
    a->full -= b->full;
    a->sent_bytes -= b->sent_bytes;
    a->delivered_bytes -= b->delivered_bytes;
}

static uint64_t run_until(struct play *p, uint64_t until_us)
{
    uint64_t count = 0;
    while (!p->is_broken && world_next_us(p->world) <= until_us && world_step(p->world))
        count++;
    return count;
}

static void finish(struct play *p, const struct sim_net_stat *before)
{
    struct net_figures *f = p->f;
    sim_net_stat(p->net, &f->net);
    subtract(&f->net, before);
    f->hash = world_hash(p->world);
    f->simulated_s = (double)(world_now_us(p->world) - WORLD_START_US) / US_PER_S;
    for (uint32_t i = 0; i < p->honest; i++) {
        struct node *n = &p->node[i];
        check_node(p, n);
        f->up_at_end += node_is_up(n);
        node_stop(n);
    }
}

static void run(struct play *p)
{
    struct sim_net_stat before = {.sent = 0};
    const uint64_t warmup_us = p->measure_us - world_now_us(p->world);
    const uint64_t now_us = world_now_us(p->world);
    const uint64_t begin_us = clock_cpu_us();
    plan_joins(p);
    traffic_publish(p, now_us + (uint64_t)(PUBLISH_FROM * (double)warmup_us),
                    now_us + (uint64_t)(PUBLISH_TO * (double)warmup_us));
    traffic_look_up(p);
    phase_plan(p);
    (void)world_at(p->world, now_us + CHECK_US, check_some, p, 0);
    p->f->events = run_until(p, p->measure_us - 1);
    sim_net_stat(p->net, &before);
    p->f->events += run_until(p, p->end_us);
    p->f->run_s = (double)(clock_cpu_us() - begin_us) / US_PER_S;
    finish(p, &before);
}

static size_t bytes_of_play(const struct net_scenario *s)
{
    const size_t nodes = s->nodes + (size_t)s->siege.addresses;
    size_t objects = 0;
    for (unsigned k = 0; k < NET_OBJECT_COUNT; k++)
        objects += s->goods[k].objects;
    return nodes * (sizeof(struct node) + 512) + objects * sizeof(struct object) +
           PLAY_ASKS_MAX * sizeof(struct ask) + ((size_t)8 << 20);
}

enum rc sim_net_run(struct net_figures *out, const struct net_scenario *s, uint64_t seed,
                    struct err *err)
{
    struct arena *arena = arena_new(bytes_of_play(s));
    struct play *p = arena != NULL ? arena_take(arena, sizeof *p) : NULL;
    *out = (struct net_figures){.events = 0};
    quantiles_init(&out->first_us);
    quantiles_init(&out->done_us);
    quantiles_init(&out->hops);
    quantiles_init(&out->queries);
    if (p == NULL) {
        arena_free(arena);
        return err_set(err, RC_NOMEM, "out of memory");
    }
    *p = (struct play){.s = s, .seed = seed, .arena = arena, .f = out, .err = err};
    p->world = world_new(seed);
    enum rc rc = p->world != NULL ? make(p) : RC_NOMEM;
    if (rc == RC_OK)
        run(p);
    else
        (void)err_set(err, rc, "cannot make the network: %s", rc_text(rc));
    const bool is_broken = p->is_broken;
    end(p);
    return is_broken ? RC_REFUSED : rc;
}
