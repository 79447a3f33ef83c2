// SPDX-License-Identifier: MIT
// Turns: whose packet is next on a line that many peers share.
#include "link/turns.h"

#include <assert.h>

#include "base/attr.h"
#include "base/heap.h"
#include "base/num.h"

#define NONE   UINT32_MAX
#define SPARE  64u // packets dropped and not yet fetched
#define LOOKED 8u  // queues looked at for the longest
#define WHOLE  1000u

// Tags are bytes times this over the weight, so that the largest weight counts whole bytes. In a
// class that is never empty they would wrap after 83 days of 10 GB/s to peers of weight 1 alone.
#define TAG_SCALE 256u
static_assert(TAG_SCALE >= TURNS_WEIGHT_MAX, "a byte counts");

struct packet {
    void *handle;
    uint64_t put_us;
    uint32_t bytes;
    uint32_t peer;
    uint32_t next;
    uint32_t class;
};

struct flow {             // what waits for one peer in one class
    struct heap_node tag; // in ready: the tag of its head; in waiting: when its peer may send
    uint64_t finish;      // the tag of what comes after its last packet that left
    uint32_t era;         // of its class, in which finish was written
    uint32_t head;
    uint32_t tail;
    uint32_t head_bytes;
    uint32_t count;
    uint32_t bytes;
    uint32_t rest; // of finish: what the weight did not divide
    bool is_ready; // in which of the two heaps, if count > 0
};

struct peer {
    struct flow flow[TURN_CLASSES];
    struct bucket bucket;
    uint32_t weight; // 0: nobody is here
    uint32_t next;   // free one
};

struct line { // a class
    struct heap ready;
    struct heap waiting; // for their peers' buckets
    struct bucket cap;
    uint64_t tag;    // of the packet that left last: the class's virtual time
    uint64_t earned; // while others sent, in bytes * WHOLE; 0 while nothing waits
    uint64_t run;    // bytes of worse classes since a packet of this or a better one
    uint32_t era;    // grows when the class is empty and tags start again
    uint32_t share;
    uint32_t looked; // where to look for a long queue
    bool is_capped;
    bool is_allowed;
    bool is_open; // something may leave, but for the total; as of the latest turns_next
};

struct turns {
    struct turns_cfg cfg;
    struct line line[TURN_CLASSES];
    struct bucket total;
    struct peer *peer;
    struct packet *packet;
    uint64_t now_us;
    uint64_t due_us;
    uint64_t total_us; // the total's clock, see catch_up
    uint32_t free_peer;
    uint32_t free_packet;
    uint32_t dropped; // a list
    bool is_limited;
    bool is_behind; // what goes next waited for the total alone
    bool is_peer_limited;
    struct turns_stat stat;
};

// Shares that add up to a third can be kept by overtaking: after each packet of the best class at
// least half a packet's worth of the others may follow, as the one that has earned most always
// may, whatever its size, and another one if both fit.
static bool are_shares_fit(const struct turns_cfg *cfg)
{
    uint64_t sum = 0;
    for (unsigned c = 0; c < TURN_CLASSES; c++)
        sum += cfg->share_permille[c];
    return sum <= TURNS_SHARES_MAX;
}

static bool is_bound_fit(uint64_t value, uint64_t min, uint64_t max)
{
    return value >= min && value <= max;
}

static bool is_cfg_fit(const struct turns_cfg *cfg)
{
    return is_bound_fit(cfg->peers_max, 1, TURNS_PEERS_MAX) &&
           is_bound_fit(cfg->packets_max, 1, TURNS_PACKETS_MAX) &&
           is_bound_fit(cfg->packet_bytes_max, 1, TURNS_PACKET_BYTES_MAX) &&
           is_bound_fit(cfg->peer_packets_max, 1, UINT32_MAX) &&
           is_bound_fit(cfg->peer_bytes_max, cfg->packet_bytes_max, UINT32_MAX) &&
           are_shares_fit(cfg);
}

// The total's clock. While packets wait for the total it stands where the last one was due, and
// goes on packet by packet: who is called late sends then what was due meanwhile. Else it is now.
static void catch_up(struct turns *t)
{
    const uint64_t oldest_us = t->now_us - num_min(t->now_us, TURNS_LATE_US);
    t->total_us = t->is_behind ? num_max(t->total_us, oldest_us) : t->now_us;
}

// One of the buckets gets other settings; *is_on: whether it counts.
static MUST_USE enum rc limit(struct turns *t, struct bucket *b, bool *is_on,
                              const struct bucket_cfg *cfg)
{
    const uint64_t now_us = b == &t->total ? t->total_us : t->now_us;
    if (cfg->rate_bytes_s == 0) {
        *is_on = false;
    } else {
        if (cfg->burst_bytes < t->cfg.packet_bytes_max)
            return RC_CONFIG;
        const enum rc rc = *is_on ? bucket_set(b, cfg, now_us) : bucket_init(b, cfg, now_us);
        if (rc != RC_OK)
            return rc;
        *is_on = true;
    }
    t->due_us = 0;
    return RC_OK;
}

static MUST_USE enum rc limit_all(struct turns *t)
{
    struct bucket trial;
    enum rc rc = limit(t, &t->total, &t->is_limited, &t->cfg.total);
    for (unsigned c = 0; c < TURN_CLASSES && rc == RC_OK; c++)
        rc = limit(t, &t->line[c].cap, &t->line[c].is_capped, &t->cfg.cap[c]);
    return rc == RC_OK ? limit(t, &trial, &t->is_peer_limited, &t->cfg.peer) : rc;
}

static MUST_USE enum rc take_memory(struct turns *t, struct arena *arena)
{
    const uint32_t packets = t->cfg.packets_max + SPARE;
    t->peer = arena_take_array(arena, t->cfg.peers_max, sizeof *t->peer);
    t->packet = arena_take_array(arena, packets, sizeof *t->packet);
    if (t->peer == NULL || t->packet == NULL)
        return RC_NOMEM;
    for (unsigned c = 0; c < TURN_CLASSES; c++)
        if (heap_init(&t->line[c].ready, arena, t->cfg.peers_max) != RC_OK ||
            heap_init(&t->line[c].waiting, arena, t->cfg.peers_max) != RC_OK)
            return RC_NOMEM;
    for (uint32_t i = 0; i < t->cfg.peers_max; i++)
        t->peer[i].next = i + 1 < t->cfg.peers_max ? i + 1 : NONE;
    for (uint32_t i = 0; i < packets; i++)
        t->packet[i].next = i + 1 < packets ? i + 1 : NONE;
    return RC_OK;
}

enum rc turns_new(struct turns **out, struct arena *arena, const struct turns_cfg *cfg,
                  uint64_t now_us)
{
    *out = NULL;
    if (!is_cfg_fit(cfg))
        return RC_CONFIG;
    struct turns *t = arena_take(arena, sizeof *t);
    if (t == NULL)
        return RC_NOMEM;
    t->cfg = *cfg;
    t->now_us = now_us;
    t->total_us = now_us;
    t->dropped = NONE;
    for (unsigned c = 0; c < TURN_CLASSES; c++) {
        t->line[c].is_allowed = true;
        t->line[c].share = cfg->share_permille[c];
        t->line[c].era = 1;
        quantiles_init(&t->stat.class[c].wait_us);
    }
    enum rc rc = limit_all(t);
    if (rc == RC_OK)
        rc = take_memory(t, arena);
    if (rc != RC_OK)
        return rc;
    *out = t;
    return RC_OK;
}

static void pass_time(struct turns *t, uint64_t now_us)
{
    t->now_us = num_max(t->now_us, now_us);
}

enum rc turns_join(struct turns *t, uint32_t weight, uint32_t *peer, uint64_t now_us)
{
    assert(is_bound_fit(weight, 1, TURNS_WEIGHT_MAX));
    if (t->free_peer == NONE)
        return RC_FULL;
    pass_time(t, now_us);
    const uint32_t index = t->free_peer;
    struct peer *p = &t->peer[index];
    t->free_peer = p->next;
    *p = (struct peer){.weight = weight};
    if (t->is_peer_limited) {
        const enum rc rc = bucket_init(&p->bucket, &t->cfg.peer, t->now_us);
        assert(rc == RC_OK); // as it was in turns_new
    }
    t->stat.peers++;
    *peer = index;
    return RC_OK;
}

static struct peer *peer_at(const struct turns *t, uint32_t peer)
{
    assert(peer < t->cfg.peers_max && t->peer[peer].weight > 0);
    return &t->peer[peer];
}

void turns_weigh(struct turns *t, uint32_t peer, uint32_t weight)
{
    assert(is_bound_fit(weight, 1, TURNS_WEIGHT_MAX));
    peer_at(t, peer)->weight = weight;
}

static struct flow *flow_of(struct heap_node *n)
{
    return n == NULL ? NULL : CONTAINER_OF(n, struct flow, tag);
}

static void heap_must_put(struct heap *h, struct heap_node *n, uint64_t key)
{
    const enum rc rc = heap_put(h, n, key);
    assert(rc == RC_OK); // there is room for every peer
}

// A flow whose head is new to the class's order: not before what left last, so that nobody saves
// up turns by being silent.
static void make_ready(struct line *l, struct flow *f)
{
    f->is_ready = true;
    heap_must_put(&l->ready, &f->tag, f->era == l->era ? num_max(l->tag, f->finish) : l->tag);
}

static void take_out(struct line *l, struct flow *f)
{
    heap_del(f->is_ready ? &l->ready : &l->waiting, &f->tag);
}

// The packet at the head, off the queue. The flow's place in the heaps is the caller's.
static uint32_t unlink_head(struct turns *t, struct flow *f)
{
    assert(f->count > 0);
    const uint32_t index = f->head;
    struct packet *p = &t->packet[index];
    struct turns_class_stat *s = &t->stat.class[p->class];
    f->head = p->next;
    f->count--;
    f->bytes -= p->bytes;
    f->head_bytes = f->count > 0 ? t->packet[f->head].bytes : 0;
    s->queued_bytes -= p->bytes;
    s->queued_packets--;
    t->stat.queued_packets--;
    return index;
}

static void begin_again_if_empty(struct line *l)
{
    if (l->ready.count + l->waiting.count > 0)
        return;
    l->tag = 0;
    l->earned = 0;
    l->era++;
}

static void drop_head(struct turns *t, unsigned class, struct flow *f)
{
    struct line *l = &t->line[class];
    const uint32_t index = unlink_head(t, f);
    t->packet[index].next = t->dropped;
    t->dropped = index;
    t->stat.class[class].dropped_packets++;
    if (f->count == 0) {
        take_out(l, f);
        begin_again_if_empty(l);
    }
    t->due_us = 0;
}

void turns_leave(struct turns *t, uint32_t peer)
{
    struct peer *p = peer_at(t, peer);
    for (unsigned c = 0; c < TURN_CLASSES; c++)
        while (p->flow[c].count > 0)
            drop_head(t, c, &p->flow[c]);
    p->weight = 0;
    p->next = t->free_peer;
    t->free_peer = peer;
    t->stat.peers--;
}

static uint32_t peer_packets(const struct peer *p, unsigned class_min)
{
    uint32_t sum = 0;
    for (unsigned c = class_min; c < TURN_CLASSES; c++)
        sum += p->flow[c].count;
    return sum;
}

static uint64_t peer_bytes(const struct peer *p, unsigned class_min)
{
    uint64_t sum = 0;
    for (unsigned c = class_min; c < TURN_CLASSES; c++)
        sum += p->flow[c].bytes;
    return sum;
}

static bool is_peer_full(const struct turns *t, const struct peer *p, uint32_t bytes)
{
    return peer_packets(p, 0) >= t->cfg.peer_packets_max ||
           peer_bytes(p, 0) + bytes > t->cfg.peer_bytes_max;
}

// Drops what is worse than the packet from its own peer until that is below its bounds.
static bool make_room_at_peer(struct turns *t, struct peer *p, const struct turn *packet)
{
    const unsigned worse = packet->class + 1;
    if (peer_packets(p, 0) - peer_packets(p, worse) >= t->cfg.peer_packets_max ||
        peer_bytes(p, 0) - peer_bytes(p, worse) + packet->bytes > t->cfg.peer_bytes_max)
        return false;
    for (unsigned c = TURN_CLASSES - 1; c >= worse; c--)
        while (p->flow[c].count > 0 && is_peer_full(t, p, packet->bytes))
            drop_head(t, c, &p->flow[c]);
    return true;
}

// The longest of the next few queues of a class; NULL: none waits. Looking at a few that change
// each time finds those who flood, and costs the same with any number of peers.
static struct flow *long_queue(struct line *l)
{
    const struct heap *h = l->ready.count > 0 ? &l->ready : &l->waiting;
    struct flow *longest = NULL;
    for (uint32_t i = 0; i < num_min(LOOKED, h->count); i++) {
        struct flow *f = flow_of(h->slot[l->looked++ % h->count]);
        if (longest == NULL || f->count > longest->count)
            longest = f;
    }
    return longest;
}

// Drops one packet of the worst class that has any, if that is worse than the newcomer's, or the
// same and from a peer with more waiting.
static bool make_room(struct turns *t, const struct flow *newcomer, unsigned class)
{
    for (unsigned c = TURN_CLASSES; c-- > class;) {
        struct flow *f = long_queue(&t->line[c]);
        if (f == NULL)
            continue;
        if (c == class && f->count <= newcomer->count + 1)
            return false;
        drop_head(t, c, f);
        return true;
    }
    return false;
}

static void append(struct turns *t, struct flow *f, const struct turn *packet)
{
    const uint32_t index = t->free_packet;
    struct packet *p = &t->packet[index];
    struct turns_class_stat *s = &t->stat.class[packet->class];
    t->free_packet = p->next;
    *p = (struct packet){packet->handle, t->now_us, packet->bytes,
                         packet->peer,   NONE,      packet->class};
    if (f->count > 0) {
        t->packet[f->tail].next = index;
    } else {
        f->head = index;
        f->head_bytes = p->bytes;
    }
    f->tail = index;
    f->count++;
    f->bytes += p->bytes;
    s->queued_bytes += p->bytes;
    s->queued_packets++;
    t->stat.queued_packets++;
    if (f->count == 1)
        make_ready(&t->line[packet->class], f);
}

// RC_OK: there is a place for it, which may have cost others theirs.
static MUST_USE enum rc find_room(struct turns *t, const struct turn *packet)
{
    struct peer *p = peer_at(t, packet->peer);
    if (packet->bytes == 0 || packet->bytes > t->cfg.packet_bytes_max ||
        !t->line[packet->class].is_allowed)
        return RC_REFUSED;
    if (t->free_packet == NONE)
        return RC_FULL;
    if (is_peer_full(t, p, packet->bytes) && !make_room_at_peer(t, p, packet))
        return RC_FULL;
    if (t->stat.queued_packets >= t->cfg.packets_max &&
        !make_room(t, &p->flow[packet->class], packet->class))
        return RC_FULL;
    return RC_OK;
}

enum rc turns_put(struct turns *t, const struct turn *packet, uint64_t now_us)
{
    assert(packet->class < TURN_CLASSES);
    pass_time(t, now_us);
    const enum rc rc = find_room(t, packet);
    if (rc != RC_OK) {
        t->stat.class[packet->class].refused_packets++;
        return rc;
    }
    if (t->stat.queued_packets == 0)
        t->is_behind = false; // silence is no lateness
    append(t, &t->peer[packet->peer].flow[packet->class], packet);
    t->due_us = 0;
    return RC_OK;
}

static void give_out(struct turns *t, uint32_t index, struct turn *out)
{
    struct packet *p = &t->packet[index];
    *out = (struct turn){p->handle, p->bytes, p->peer, (enum turn_class)p->class,
                         time_since(p->put_us, t->now_us)};
    p->next = t->free_packet;
    t->free_packet = index;
}

bool turns_dropped(struct turns *t, struct turn *packet)
{
    if (t->dropped == NONE)
        return false;
    const uint32_t index = t->dropped;
    t->dropped = t->packet[index].next;
    give_out(t, index, packet);
    return true;
}

// Flows whose peers may send again come back; those at the front whose peers may not go aside.
// *due_us: not later than the next return.
static void sort_out_peers(struct turns *t, struct line *l, uint64_t *due_us)
{
    struct heap_node *n;
    while ((n = heap_first(&l->waiting)) != NULL && n->key <= t->now_us)
        make_ready(l, flow_of(heap_pop(&l->waiting)));
    while ((n = heap_first(&l->ready)) != NULL) {
        struct flow *f = flow_of(n);
        struct bucket *b = &t->peer[t->packet[f->head].peer].bucket;
        const uint64_t wait_us = bucket_wait_us(b, f->head_bytes, t->now_us);
        if (wait_us == 0)
            break;
        f->is_ready = false;
        heap_del(&l->ready, n);
        heap_must_put(&l->waiting, n, time_after(t->now_us, wait_us));
    }
    if ((n = heap_first(&l->waiting)) != NULL)
        *due_us = num_min(*due_us, n->key);
}

static uint32_t head_bytes(const struct line *l)
{
    return flow_of(heap_first(&l->ready))->head_bytes;
}

// Finds out which classes may send; *due_us: when another may.
static void open_lines(struct turns *t, uint64_t *due_us)
{
    for (unsigned c = 0; c < TURN_CLASSES; c++) {
        struct line *l = &t->line[c];
        if (t->is_peer_limited)
            sort_out_peers(t, l, due_us);
        l->is_open = l->ready.count > 0;
        if (!l->is_open || !l->is_capped)
            continue;
        const uint64_t wait_us = bucket_wait_us(&l->cap, head_bytes(l), t->now_us);
        if (wait_us > 0) {
            l->is_open = false;
            *due_us = num_min(*due_us, time_after(t->now_us, wait_us));
        }
    }
}

static uint64_t price(const struct line *l, uint32_t bytes)
{
    return (uint64_t)(WHOLE - l->share) * bytes;
}

// The class whose turn it is; TURN_CLASSES: none may send.
static unsigned choose(const struct turns *t)
{
    unsigned best = 0;
    while (best < TURN_CLASSES && !t->line[best].is_open)
        best++;
    unsigned owed = best;
    for (unsigned c = best + 1; c < TURN_CLASSES; c++) {
        const struct line *l = &t->line[c];
        if (l->is_open && l->share > 0 && l->earned >= price(l, head_bytes(l)) &&
            (owed == best || l->earned > t->line[owed].earned))
            owed = c;
    }
    if (owed == best)
        return best;
    const uint64_t run = t->line[best].run + head_bytes(&t->line[owed]);
    return run <= t->cfg.packet_bytes_max ? owed : best;
}

// What `bytes` of a class do to what the classes have earned, and to their runs.
static void account(struct turns *t, unsigned class, uint32_t bytes)
{
    for (unsigned c = 0; c < TURN_CLASSES; c++) {
        struct line *l = &t->line[c];
        if (c == class)
            l->earned -= num_min(l->earned, price(l, bytes));
        else if (l->is_open)
            l->earned += (uint64_t)l->share * bytes;
        l->run = class > c ? l->run + bytes : 0;
    }
}

// The head of a class leaves.
static uint32_t leave(struct turns *t, unsigned class)
{
    struct line *l = &t->line[class];
    struct flow *f = flow_of(heap_first(&l->ready));
    const uint32_t index = unlink_head(t, f);
    const struct packet *p = &t->packet[index];
    struct peer *peer = &t->peer[p->peer];
    account(t, class, p->bytes);
    if (t->is_limited)
        bucket_charge(&t->total, p->bytes, t->total_us);
    if (l->is_capped)
        bucket_charge(&l->cap, p->bytes, t->now_us);
    if (t->is_peer_limited)
        bucket_charge(&peer->bucket, p->bytes, t->now_us);
    const uint64_t cost = (uint64_t)p->bytes * TAG_SCALE + f->rest;
    l->tag = f->tag.key;
    f->finish = l->tag + cost / peer->weight;
    f->rest = (uint32_t)(cost % peer->weight);
    f->era = l->era;
    if (f->count > 0) {
        heap_move(&l->ready, &f->tag, f->finish);
    } else {
        heap_del(&l->ready, &f->tag);
        begin_again_if_empty(l);
    }
    return index;
}

// Whether the total has room for a class's head, at the latest now; *due_us: or when it will.
static bool is_within_total(struct turns *t, unsigned class, uint64_t *due_us)
{
    if (!t->is_limited)
        return true;
    const uint64_t wait_us = bucket_wait_us(&t->total, head_bytes(&t->line[class]), t->total_us);
    const uint64_t then_us = time_after(t->total_us, wait_us);
    t->is_behind = true;
    if (then_us > t->now_us) {
        *due_us = num_min(*due_us, then_us);
        return false;
    }
    t->total_us = then_us;
    return true;
}

bool turns_next(struct turns *t, uint64_t now_us, struct turn *packet)
{
    pass_time(t, now_us);
    catch_up(t);
    uint64_t due_us = UINT64_MAX;
    open_lines(t, &due_us);
    const unsigned class = choose(t);
    t->is_behind = false;
    if (class == TURN_CLASSES || !is_within_total(t, class, &due_us)) {
        t->due_us = due_us;
        return false;
    }
    give_out(t, leave(t, class), packet);
    struct turns_class_stat *s = &t->stat.class[class];
    s->sent_bytes += packet->bytes;
    s->sent_packets++;
    quantiles_put(&s->wait_us, packet->wait_us);
    t->due_us = 0;
    return true;
}

uint64_t turns_due_us(const struct turns *t)
{
    return t->stat.queued_packets > 0 ? t->due_us : UINT64_MAX;
}

enum rc turns_limit(struct turns *t, const struct bucket_cfg *total, uint64_t now_us)
{
    pass_time(t, now_us);
    catch_up(t);
    return limit(t, &t->total, &t->is_limited, total);
}

enum rc turns_cap(struct turns *t, enum turn_class class, const struct bucket_cfg *cap,
                  uint64_t now_us)
{
    assert(class < TURN_CLASSES);
    pass_time(t, now_us);
    return limit(t, &t->line[class].cap, &t->line[class].is_capped, cap);
}

void turns_charge(struct turns *t, uint64_t bytes, uint64_t now_us)
{
    pass_time(t, now_us);
    catch_up(t);
    if (t->is_limited)
        bucket_charge(&t->total, bytes, t->total_us);
}

void turns_allow(struct turns *t, enum turn_class class, bool is_allowed)
{
    assert(class < TURN_CLASSES);
    struct line *l = &t->line[class];
    l->is_allowed = is_allowed;
    struct heap_node *n;
    while (!is_allowed &&
           ((n = heap_first(&l->ready)) != NULL || (n = heap_first(&l->waiting)) != NULL))
        drop_head(t, class, flow_of(n));
}

const struct turns_stat *turns_stat(const struct turns *t)
{
    return &t->stat;
}

uint32_t turns_queued(const struct turns *t, uint32_t peer, enum turn_class class)
{
    return peer_at(t, peer)->flow[class].count;
}

static void check_flow(const struct turns *t, uint32_t peer, unsigned class)
{
    const struct flow *f = &t->peer[peer].flow[class];
    uint64_t bytes = 0;
    uint32_t at = f->head;
    for (uint32_t i = 0; i < f->count; i++) {
        const struct packet *p = &t->packet[at];
        assert(p->peer == peer && p->class == class && p->bytes > 0);
        assert(i > 0 || p->bytes == f->head_bytes);
        assert(i + 1 < f->count || at == f->tail);
        bytes += p->bytes;
        at = p->next;
    }
    assert(bytes == f->bytes);
    assert((f->count > 0) == (f->tag.index > 0));
}

static uint64_t list_length(const struct turns *t, uint32_t at)
{
    uint64_t length = 0;
    for (; at != NONE; at = t->packet[at].next)
        length++;
    return length;
}

void turns_check(const struct turns *t)
{
    uint64_t queued = 0;
    uint32_t peers = 0;
    for (uint32_t i = 0; i < t->cfg.peers_max; i++) {
        const struct peer *p = &t->peer[i];
        if (p->weight == 0)
            continue;
        peers++;
        queued += peer_packets(p, 0);
        assert(peer_packets(p, 0) <= t->cfg.peer_packets_max);
        assert(peer_bytes(p, 0) <= t->cfg.peer_bytes_max);
        for (unsigned c = 0; c < TURN_CLASSES; c++)
            check_flow(t, i, c);
    }
    assert(peers == t->stat.peers && queued == t->stat.queued_packets);
    assert(queued <= t->cfg.packets_max);
    assert(queued + list_length(t, t->free_packet) + list_length(t, t->dropped) ==
           (uint64_t)t->cfg.packets_max + SPARE);
    for (unsigned c = 0; c < TURN_CLASSES; c++) {
        const struct line *l = &t->line[c];
        const size_t flows = l->ready.count + l->waiting.count;
        assert(flows <= l->ready.cap);
        assert((flows > 0) == (t->stat.class[c].queued_packets > 0));
        assert(flows > 0 || (l->tag == 0 && l->earned == 0));
        assert(l->is_allowed || flows == 0);
    }
}
