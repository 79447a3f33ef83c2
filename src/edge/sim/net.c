// SPDX-License-Identifier: MIT
// A simulated Internet for datagrams: hosts, their addresses, and the way between them.
#include "sim/net.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/num.h"
#include "sim/net_nat.h"
#include "sim/net_space.h"

#define JITTERS     1024u // steps of the exponential distribution
#define BLOCK_SLOTS 256u  // datagrams for which memory is taken at a time
#define BLOCKS_MAX  (SIM_NET_FLIGHT_MAX / BLOCK_SLOTS)
#define NO_HOST     UINT32_MAX

struct host {
    struct sim_net *net;
    void (*input)(void *self, const struct net_addr *from, struct bytes datagram);
    void *self;
    struct net_addr addr;
    uint8_t side;
    bool is_up;
    struct net_point point;
    struct net_nat nat;
    struct rng rng;
    uint64_t up_bytes_s, down_bytes_s;
    uint64_t up_free_us, down_free_us; // when the links have done what waits for them
    struct sim_host_stat stat;
};

struct slot { // a datagram under way
    uint32_t index;
    uint32_t next; // unused ones in a row
    uint32_t from, to;
    struct net_addr source; // as the receiver sees it
    uint16_t port;          // that it was addressed to
    uint16_t len;
    uint8_t data[NET_DATAGRAM_BYTES_MAX];
};

struct sim_net {
    struct world *world;
    struct arena *arena;
    struct sim_net_cfg cfg;
    struct net_space space;
    struct rng rng; // of hosts' own
    struct host *host;
    uint32_t hosts;
    uint32_t *place; // hosts by their address: open addressing, NO_HOST where free
    uint32_t places; // a power of 2
    uint32_t jitter_us[JITTERS];
    uint32_t loss; // of 2^32
    struct slot *block[BLOCKS_MAX];
    uint32_t blocks;
    uint32_t unused; // first one, 1 + index; 0: none
    struct sim_net_stat stat;
};

static const char *const nat_names[SIM_NAT_COUNT] = {
    [SIM_NAT_OPEN] = "open",       [SIM_NAT_FW] = "fw",     [SIM_NAT_FULL] = "full",
    [SIM_NAT_ADDRESS] = "address", [SIM_NAT_PORT] = "port", [SIM_NAT_SYMMETRIC] = "symmetric",
    [SIM_NAT_BLOCKED] = "blocked",
};

const char *sim_nat_name(enum sim_nat nat)
{
    return nat_names[nat];
}

bool sim_nat_find(struct bytes name, enum sim_nat *out)
{
    for (unsigned i = 0; i < SIM_NAT_COUNT; i++)
        if (bytes_is(name, nat_names[i])) {
            *out = (enum sim_nat)i;
            return true;
        }
    return false;
}

// ---- Make and end

static void fill_jitter(struct sim_net *n, double mean_ms)
{
    for (unsigned i = 0; i < JITTERS; i++)
        n->jitter_us[i] = (uint32_t)(-1000 * mean_ms * log(1 - (i + 0.5) / JITTERS));
}

static size_t bytes_of_net(const struct sim_net_cfg *cfg)
{
    const size_t sessions = (size_t)cfg->sessions_max * sizeof(struct net_session) + 64;
    return sizeof(struct sim_net) + cfg->hosts_max * (sizeof(struct host) + sessions) +
           (size_t)BLOCKS_MAX * BLOCK_SLOTS * sizeof(struct slot) + 16 * (size_t)cfg->hosts_max +
           ((size_t)1 << 20);
}

static bool take_tables(struct sim_net *n)
{
    n->places = 16;
    while (n->places < 2 * n->cfg.hosts_max)
        n->places *= 2;
    n->host = arena_take_array(n->arena, n->cfg.hosts_max, sizeof *n->host);
    n->place = arena_take_array(n->arena, n->places, sizeof *n->place);
    if (n->host == NULL || n->place == NULL)
        return false;
    memset(n->place, 0xff, n->places * sizeof *n->place);
    return true;
}

enum rc sim_net_new(struct sim_net **out, struct world *w, const struct sim_net_cfg *cfg)
{
    assert(cfg->hosts_max > 0 && cfg->hosts_max <= SIM_NET_HOSTS_MAX);
    assert(cfg->sessions_max >= 8 && cfg->sessions_max <= 65536);
    struct arena *arena = arena_new(bytes_of_net(cfg));
    struct sim_net *n = arena != NULL ? arena_take(arena, sizeof *n) : NULL;
    *out = NULL;
    if (n != NULL)
        *n = (struct sim_net){.world = w, .arena = arena, .cfg = *cfg};
    if (n == NULL || !take_tables(n)) {
        arena_free(arena);
        return RC_NOMEM;
    }
    n->rng = world_rng(w, "net");
    n->space = net_space_of(cfg->rtt_ms, &n->rng);
    fill_jitter(n, cfg->jitter_ms);
    sim_net_set_loss(n, cfg->loss);
    *out = n;
    return RC_OK;
}

void sim_net_free(struct sim_net *n)
{
    if (n != NULL)
        arena_free(n->arena);
}

void sim_net_set_loss(struct sim_net *n, double loss)
{
    n->loss = (uint32_t)(fmin(fmax(loss, 0), 1) * UINT32_MAX);
}

// ---- Who has which address

static uint32_t first_place(const struct sim_net *n, const struct net_addr *a)
{
    uint64_t half[2];
    memcpy(half, a->ip, sizeof half);
    return (uint32_t)rng_mix(half[0] ^ rng_mix(half[1] ^ a->port)) & (n->places - 1);
}

static uint32_t place_of(const struct sim_net *n, const struct net_addr *a)
{
    uint32_t at = first_place(n, a);
    while (n->place[at] != NO_HOST && !net_addr_equal(&n->host[n->place[at]].addr, a))
        at = (at + 1) & (n->places - 1);
    return at;
}

// Behind a symmetric NAT a host has its address alone, whatever the port.
static struct net_addr key_of(const struct net_addr *a, enum sim_nat nat)
{
    struct net_addr key = *a;
    if (nat == SIM_NAT_SYMMETRIC)
        key.port = 0;
    return key;
}

static uint32_t find(const struct sim_net *n, const struct net_addr *a)
{
    const uint32_t host = n->place[place_of(n, a)];
    if (host != NO_HOST)
        return host;
    const struct net_addr key = key_of(a, SIM_NAT_SYMMETRIC);
    return n->place[place_of(n, &key)];
}

bool sim_net_find(const struct sim_net *n, const struct net_addr *addr, uint32_t *host)
{
    const uint32_t found = find(n, addr);
    if (found != NO_HOST)
        *host = found;
    return found != NO_HOST;
}

// What follows in the row may have been put there for want of this place: put again.
static void vacate(struct sim_net *n, uint32_t at)
{
    n->place[at] = NO_HOST;
    for (at = (at + 1) & (n->places - 1); n->place[at] != NO_HOST;
         at = (at + 1) & (n->places - 1)) {
        const uint32_t host = n->place[at];
        n->place[at] = NO_HOST;
        n->place[place_of(n, &n->host[host].addr)] = host;
    }
}

enum rc sim_net_add(struct sim_net *n, const struct sim_host_cfg *cfg, uint32_t *host)
{
    if (n->hosts == n->cfg.hosts_max)
        return RC_FULL;
    const struct net_addr key = key_of(&cfg->addr, cfg->nat);
    const uint32_t at = place_of(n, &key);
    if (n->place[at] != NO_HOST)
        return RC_REFUSED;
    struct host *h = &n->host[n->hosts];
    *h = (struct host){.net = n,
                       .input = cfg->input,
                       .self = cfg->self,
                       .addr = key,
                       .is_up = true,
                       .up_bytes_s = cfg->up_bytes_s,
                       .down_bytes_s = cfg->down_bytes_s,
                       .rng = rng_seeded(rng_u64(&n->rng))};
    h->point = net_space_draw(&n->space, &h->rng);
    const enum rc rc = net_nat_init(&h->nat, n->arena, cfg, n->cfg.sessions_max);
    if (rc != RC_OK)
        return rc;
    n->place[at] = n->hosts;
    *host = n->hosts++;
    return RC_OK;
}

enum rc sim_net_move(struct sim_net *n, uint32_t host, const struct net_addr *addr)
{
    struct host *h = &n->host[host];
    const struct net_addr key = key_of(addr, h->nat.kind);
    if (n->place[place_of(n, &key)] != NO_HOST)
        return RC_REFUSED;
    vacate(n, place_of(n, &h->addr));
    h->addr = key;
    h->nat.port = addr->port;
    net_nat_forget(&h->nat);
    n->place[place_of(n, &key)] = host;
    return RC_OK;
}

void sim_net_set_up(struct sim_net *n, uint32_t host, bool is_up)
{
    n->host[host].is_up = is_up;
}

void sim_net_set_side(struct sim_net *n, uint32_t host, uint8_t side)
{
    n->host[host].side = side;
}

uint64_t sim_net_rtt_us(const struct sim_net *n, uint32_t a, uint32_t b)
{
    return (uint64_t)(1000 * net_space_rtt_ms(&n->host[a].point, &n->host[b].point));
}

// ---- Datagrams under way

static struct slot *slot_at(const struct sim_net *n, uint32_t index)
{
    return &n->block[index / BLOCK_SLOTS][index % BLOCK_SLOTS];
}

static void give_slot(struct sim_net *n, struct slot *s)
{
    s->next = n->unused;
    n->unused = s->index + 1;
}

static struct slot *take_slot(struct sim_net *n)
{
    if (n->unused == 0 && n->blocks < BLOCKS_MAX) {
        struct slot *block = arena_take_array(n->arena, BLOCK_SLOTS, sizeof *block);
        if (block == NULL)
            return NULL;
        n->block[n->blocks] = block;
        for (uint32_t i = BLOCK_SLOTS; i-- > 0;) {
            block[i].index = n->blocks * BLOCK_SLOTS + i;
            give_slot(n, &block[i]);
        }
        n->blocks++;
    }
    if (n->unused == 0)
        return NULL;
    struct slot *s = slot_at(n, n->unused - 1);
    n->unused = s->next;
    return s;
}

// When a link of that rate has done `len` bytes more; false: too many wait.
static bool pass_link(const struct sim_net *n, uint64_t *free_us, uint64_t rate_bytes_s, size_t len,
                      uint64_t *at_us)
{
    if (rate_bytes_s == 0)
        return true;
    const uint64_t begin_us = num_max(*free_us, *at_us);
    if (begin_us - *at_us > n->cfg.queue_us_max)
        return false;
    *free_us = begin_us + len * US_PER_S / rate_bytes_s;
    *at_us = *free_us;
    return true;
}

static void deliver(struct sim_net *n, struct slot *s)
{
    struct host *h = &n->host[s->to];
    const size_t len = s->len + NET_HEAD_BYTES;
    n->stat.delivered++;
    n->stat.delivered_bytes += len;
    h->stat.received++;
    h->stat.received_bytes += len;
    h->input(h->self, &s->source, bytes_of(s->data, s->len));
    give_slot(n, s);
}

static void leave_downlink(void *self, uint64_t tag)
{
    struct sim_net *n = self;
    struct slot *s = slot_at(n, (uint32_t)tag);
    if (n->host[s->to].is_up) {
        deliver(n, s);
        return;
    }
    n->stat.down++;
    give_slot(n, s);
}

// False, and counted: it does not get into the house.
static bool may_enter(struct sim_net *n, const struct slot *s, uint64_t *at_us)
{
    struct host *h = &n->host[s->to];
    const uint64_t now_us = *at_us;
    uint64_t *why = NULL;
    if (h->side != n->host[s->from].side)
        why = &n->stat.parted;
    else if (!pass_link(n, &h->down_free_us, h->down_bytes_s, s->len + NET_HEAD_BYTES, at_us))
        why = &n->stat.queue;
    else if (!net_nat_in(&h->nat, s->from, s->source.port, s->port, now_us))
        why = &n->stat.filtered;
    else if (!h->is_up)
        why = &n->stat.down;
    if (why != NULL)
        ++*why;
    return why == NULL;
}

static void arrive(void *self, uint64_t tag)
{
    struct sim_net *n = self;
    struct slot *s = slot_at(n, (uint32_t)tag);
    const uint64_t now_us = world_now_us(n->world);
    uint64_t at_us = now_us;
    if (!may_enter(n, s, &at_us))
        give_slot(n, s);
    else if (at_us > now_us)
        (void)world_at(n->world, at_us, leave_downlink, n, tag);
    else
        deliver(n, s);
}

static void launch(struct sim_net *n, struct host *h, struct slot *s, uint64_t leave_us,
                   uint32_t jitter)
{
    const struct host *to = &n->host[s->to];
    const uint64_t way_us = (uint64_t)(500 * net_space_rtt_ms(&h->point, &to->point));
    (void)world_at(n->world, leave_us + way_us + n->jitter_us[jitter % JITTERS], arrive, n,
                   s->index);
    world_note(n->world, (uint64_t)s->from << 40 ^ (uint64_t)s->to << 16 ^ s->len);
}

// Why it does not get out of the house, or to nobody; NULL: it does.
static uint64_t *lose(struct sim_net *n, struct host *h, uint32_t to, size_t len,
                      uint64_t *leave_us)
{
    if (h->nat.kind == SIM_NAT_BLOCKED)
        return &n->stat.filtered;
    if (!pass_link(n, &h->up_free_us, h->up_bytes_s, len, leave_us))
        return &n->stat.queue;
    if (to == NO_HOST)
        return &n->stat.no_host;
    if (n->host[to].side != h->side)
        return &n->stat.parted;
    return NULL;
}

static void send(void *self, const struct net_addr *to, struct bytes datagram)
{
    struct host *h = self;
    struct sim_net *n = h->net;
    assert(h->is_up && datagram.len <= NET_DATAGRAM_BYTES_MAX);
    const size_t len = datagram.len + NET_HEAD_BYTES;
    const uint32_t dice = (uint32_t)(rng_u64(&h->rng) >> 16);
    const uint64_t now_us = world_now_us(n->world);
    uint64_t leave_us = now_us;
    uint32_t receiver = find(n, to);
    struct net_addr source = h->addr;
    n->stat.sent++;
    n->stat.sent_bytes += len;
    h->stat.sent++;
    h->stat.sent_bytes += len;
    (void)net_nat_out(&h->nat, receiver, to->port, now_us, &h->rng, &source.port);
    uint64_t *why = lose(n, h, receiver, len, &leave_us);
    if (why == NULL && dice < n->loss)
        why = &n->stat.lost;
    struct slot *s = why == NULL ? take_slot(n) : NULL;
    if (s == NULL) {
        ++*(why != NULL ? why : &n->stat.full);
        return;
    }
    s->from = (uint32_t)(h - n->host);
    s->to = receiver;
    s->source = source;
    s->port = to->port;
    s->len = (uint16_t)datagram.len;
    if (datagram.len > 0)
        memcpy(s->data, datagram.at, datagram.len);
    launch(n, h, s, leave_us, (uint32_t)(rng_mix(dice)));
}

struct net sim_net_face(struct sim_net *n, uint32_t host)
{
    assert(host < n->hosts);
    return (struct net){.send = send, .self = &n->host[host]};
}

void sim_net_stat(const struct sim_net *n, struct sim_net_stat *out)
{
    *out = n->stat;
}

struct sim_host_stat sim_net_host_stat(const struct sim_net *n, uint32_t host)
{
    return n->host[host].stat;
}
