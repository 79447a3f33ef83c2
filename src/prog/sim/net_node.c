// SPDX-License-Identifier: MIT
// `shoal sim net`: nodes come and go, crash and sleep.
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/num.h"
#include "prog/sim/net_play.h"

#define SAVE_US     ((uint64_t)600 * US_PER_S) // as a real node does
#define NODE_BYTES  131072u                    // never more
#define ROOMY_BYTES ((size_t)32 << 20)
#define CONTACTS    4u // that a newcomer is told
#define PORT        6881u

// ---- Addresses

// Never the same for two of them. Public ones are in 11/8 to 14/8, each in a /22 of its own and
// over all /16 evenly; attackers' in 45/8, in as many /24 as they have.
static struct net_addr addr_of(const struct play *p, uint32_t index, uint32_t move)
{
    const uint32_t number = move * 65536u + index + 1;
    const uint32_t attacker = index - p->siege_from;
    const uint32_t blocks = p->s->siege.blocks;
    uint32_t spread = 0;
    if (p->s->is_private)
        return net_addr_ip4(0x0a000000 + number % 0xffffff, PORT);
    if (index >= p->siege_from)
        return net_addr_ip4(
            0x2d000001 + (attacker % blocks * 0x9d5b & 0xffff) * 256 + attacker / blocks, PORT);
    for (unsigned i = 0; i < 26; i++) // bits in reverse: what differs most stands in front
        spread |= (number >> i & 1) << (25 - i);
    return net_addr_ip4(0x0b000000 + spread, PORT);
}

static uint64_t seed_of(const struct node *n)
{
    return rng_mix(rng_mix(n->play->seed ^ 0x6e6f6465) + ((uint64_t)n->index << 32 | n->life));
}

// ---- Life

static void save(struct node *n)
{
    uint8_t room[DHT_SAVE_BYTES_MAX];
    struct buffer b = buffer_of(room, sizeof room);
    struct budget *budget = &n->play->budget;
    if (!dht_save(n->dht, &b))
        return;
    budget_give(budget, n->saved);
    n->saved = budget_take(budget, b.len > 0 ? b.len : 1);
    n->saved_len = n->saved != NULL ? b.len : 0;
    if (n->saved != NULL)
        memcpy(n->saved, room, b.len);
}

static void save_in_time(void *self, uint64_t tag)
{
    struct node *n = self;
    if (tag != n->life || n->dht == NULL)
        return;
    if (!n->is_asleep)
        save(n);
    (void)world_at(n->play->world, world_now_us(n->play->world) + SAVE_US, save_in_time, n, tag);
}

// Two hosts that everybody knows, and two of any: some of them are gone.
static void introduce(struct node *n)
{
    struct play *p = n->play;
    for (uint32_t i = 0; i < CONTACTS; i++) {
        const uint64_t many = i % 2 == 0 ? num_min(PLAY_ENTRIES, p->honest) : p->siege_from;
        const struct node *other = &p->node[rng_below(&p->life_rng, many)];
        if (other != n && (other->dht != NULL || other->liar != NULL || i % 2 == 0))
            dht_contact(n->dht, &other->addr);
    }
}

static struct dht_cfg cfg_of(struct node *n)
{
    struct dht_cfg cfg = dht_cfg_small();
    if (n->play->s->is_roomy)
        cfg = (struct dht_cfg){.shelf = shelf_cfg_node()};
    cfg.net = (struct net){.send = node_send, .self = n};
    cfg.id = n->id;
    cfg.seed = seed_of(n);
    cfg.has_ip4 = true;
    cfg.is_read_only = n->play->s->is_served && n->nat != SIM_NAT_OPEN && n->nat != SIM_NAT_FULL;
    return cfg;
}

// A session's length; 0: for ever.
static uint64_t stay_us(struct play *p)
{
    const struct net_stay *s = &p->s->stay;
    const double mean_us = s->mean_min * 60 * US_PER_S;
    const double u = 1 - rng_unit(&p->life_rng);
    switch (s->law) {
    case NET_LAW_ALWAYS:
        return 0;
    case NET_LAW_EXPONENTIAL:
        return 1 + (uint64_t)(-mean_us * log(u));
    case NET_LAW_WEIBULL:
        return 1 + (uint64_t)(mean_us / tgamma(1 + 1 / s->shape) * pow(-log(u), 1 / s->shape));
    case NET_LAW_PARETO:
        return 1 + (uint64_t)(mean_us * (s->shape - 1) / s->shape * pow(u, -1 / s->shape));
    }
    return 0;
}

static void come_back(void *self, uint64_t tag)
{
    struct node *n = self;
    if (tag == n->life && n->dht == NULL)
        node_start(n);
}

static void leave(void *self, uint64_t tag)
{
    struct node *n = self;
    struct play *p = n->play;
    if (tag != n->life || n->dht == NULL)
        return;
    node_stop(n);
    const double away_us = p->s->stay.away_min * 60 * US_PER_S;
    (void)world_at(p->world, world_now_us(p->world) + play_draw_us(&p->life_rng, away_us),
                   come_back, n, n->life);
}

static void plan_life(struct node *n)
{
    struct play *p = n->play;
    const uint64_t now_us = world_now_us(p->world);
    (void)world_at(p->world, now_us + SAVE_US, save_in_time, n, n->life);
    // Who is to leave for good once it has published stays until then.
    const bool is_kept = n->index < PLAY_ENTRIES || (p->s->publishers_leave && n->is_pinned);
    const uint64_t for_us = is_kept ? 0 : stay_us(p);
    if (for_us > 0 && for_us < p->end_us)
        (void)world_at(p->world, now_us + for_us, leave, n, n->life);
}

void node_start(struct node *n)
{
    struct play *p = n->play;
    const uint64_t now_us = world_now_us(p->world);
    if (n->is_gone || p->is_broken)
        return;
    n->life++;
    if (n->liar != NULL) {
        sim_net_set_up(p->net, n->index, true);
        liar_start(n);
        return;
    }
    const struct dht_cfg cfg = cfg_of(n);
    n->arena = arena_new(p->s->is_roomy ? ROOMY_BYTES : NODE_BYTES);
    if (n->arena == NULL || dht_new(&n->dht, n->arena, &cfg, now_us) != RC_OK) {
        play_broken(p, "no room for the machine of node %u", n->index);
        return;
    }
    n->start_us = now_us;
    n->is_asleep = false;
    p->f->node_bytes = (uint32_t)num_max(p->f->node_bytes, dht_bytes(n->dht));
    sim_net_set_up(p->net, n->index, true);
    dht_wall(n->dht, PLAY_UNIX_S + now_us / US_PER_S, now_us);
    if (n->saved != NULL && dht_load(n->dht, bytes_of(n->saved, n->saved_len)) != RC_OK)
        play_broken(p, "node %u cannot read what it saved", n->index);
    introduce(n);
    plan_life(n);
    traffic_again(n);
    node_settle(n);
}

static void count_time(struct node *n)
{
    struct play *p = n->play;
    const uint64_t now_us = num_min(world_now_us(p->world), p->end_us);
    const uint64_t from_us = num_max(n->start_us, p->measure_us);
    if (now_us > from_us)
        p->f->node_minutes += (double)(now_us - from_us) / (60.0 * US_PER_S);
}

void node_stop(struct node *n)
{
    if (n->dht == NULL)
        return;
    count_time(n);
    ask_drop(n);
    (void)world_cancel(n->play->world, n->wake);
    n->wake = 0;
    sim_net_set_up(n->play->net, n->index, false);
    arena_free(n->arena);
    n->arena = NULL;
    n->dht = NULL;
    n->life++;
}

void node_gone(struct node *n)
{
    node_stop(n);
    sim_net_set_up(n->play->net, n->index, false);
    n->is_gone = true;
}

void node_replace(struct node *n)
{
    struct play *p = n->play;
    node_stop(n);
    budget_give(&p->budget, n->saved);
    n->saved = NULL;
    n->addr = addr_of(p, n->index, ++n->moves);
    if (sim_net_move(p->net, n->index, &n->addr) != RC_OK)
        play_broken(p, "address %u of node %u is taken", n->moves, n->index);
    node_start(n);
}

static void wake_up(void *self, uint64_t tag)
{
    struct node *n = self;
    if (tag != n->life || n->dht == NULL)
        return;
    n->is_asleep = false;
    sim_net_set_up(n->play->net, n->index, true);
    const uint64_t now_us = world_now_us(n->play->world);
    dht_wall(n->dht, PLAY_UNIX_S + now_us / US_PER_S, now_us);
    dht_woke(n->dht, now_us);
    node_settle(n);
}

void node_sleep(struct node *n, uint64_t for_us)
{
    struct play *p = n->play;
    if (!node_is_up(n))
        return;
    n->is_asleep = true;
    sim_net_set_up(p->net, n->index, false);
    (void)world_at(p->world, world_now_us(p->world) + for_us, wake_up, n, n->life);
}

// ---- Make

static enum sim_nat nat_of(struct play *p, uint32_t index)
{
    double sum = 0;
    unsigned kind = 0;
    if (index < PLAY_ENTRIES || index >= p->liars_from)
        return SIM_NAT_OPEN;
    for (unsigned i = 0; i < SIM_NAT_COUNT; i++)
        sum += p->s->nat[i];
    double left = sum * rng_unit(&p->life_rng);
    while (kind + 1 < SIM_NAT_COUNT && left >= p->s->nat[kind])
        left -= p->s->nat[kind++];
    return (enum sim_nat)kind;
}

enum rc play_node(struct play *p, uint32_t index)
{
    struct node *n = &p->node[index];
    const struct net_scenario *s = p->s;
    *n = (struct node){.play = p, .index = index, .addr = addr_of(p, index, 0)};
    n->nat = nat_of(p, index);
    const double session_s =
        s->session_s[0] + (s->session_s[1] - s->session_s[0]) * rng_unit(&p->life_rng);
    const struct sim_host_cfg cfg = {.addr = n->addr,
                                     .nat = n->nat,
                                     .session_us = (uint64_t)(session_s * US_PER_S),
                                     .up_bytes_s = s->up_bytes_s,
                                     .down_bytes_s = s->down_bytes_s,
                                     .input = node_hear,
                                     .self = n};
    uint32_t host = 0;
    const enum rc rc = sim_net_add(p->net, &cfg, &host);
    if (rc != RC_OK)
        return rc;
    assert(host == index);
    n->face = sim_net_face(p->net, host);
    n->is_pinned = index < PLAY_ENTRIES;
    sim_net_set_up(p->net, host, false);
    return RC_OK;
}
