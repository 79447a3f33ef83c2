// SPDX-License-Identifier: MIT
// Any sequence of calls and times: every packet comes out once, in order, and not too late.
//
// Too late: behind more of worse classes than was promised.
//
// Input: u8 peers, packets, packet bytes, peer packets, buckets, three shares; then calls: u8 call
// and peer, u8 argument.
#include <stdlib.h>

#include "base/bytes.h"
#include "base/num.h"
#include "link/turns.h"

#define PEERS     8u
#define PACKETS   32u
#define STEPS_MAX 512u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct item {
    uint64_t seq;
    uint64_t left[TURN_CLASSES]; // bytes by class, when it was put
    bool is_here;
};

struct fuzz {
    struct turns *t;
    struct turns_cfg cfg;
    uint64_t now_us;
    bool is_peer[PEERS];
    struct item item[STEPS_MAX];
    uint32_t items;
    uint32_t here;
    uint64_t seq[PEERS][TURN_CLASSES]; // of the last one that left
    uint64_t left[TURN_CLASSES];
};

static void expect(bool is_true)
{
    if (!is_true)
        abort();
}

static struct bucket_cfg bucket_of(uint8_t how, uint32_t packet_bytes_max)
{
    return (struct bucket_cfg){(uint64_t)how << how % 24, packet_bytes_max + how};
}

static void put(struct fuzz *f, uint32_t peer, enum turn_class class, uint8_t how)
{
    struct item *it = &f->item[f->items];
    it->seq = ++f->items;
    for (unsigned c = 0; c < TURN_CLASSES; c++)
        it->left[c] = f->left[c];
    const struct turn p = {it, how, peer, class, 0};
    const enum rc rc = turns_put(f->t, &p, f->now_us);
    expect(rc == RC_OK || rc == RC_FULL || rc == RC_REFUSED);
    expect(rc != RC_REFUSED || how == 0 || how > f->cfg.packet_bytes_max || class > 0);
    it->is_here = rc == RC_OK;
    f->here += it->is_here;
}

static struct item *came(struct fuzz *f, const struct turn *p)
{
    struct item *it = p->handle;
    expect(it->is_here);
    it->is_here = false;
    f->here--;
    return it;
}

static void next(struct fuzz *f)
{
    struct turn p;
    if (!turns_next(f->t, f->now_us, &p)) {
        const uint64_t due_us = turns_due_us(f->t);
        expect(due_us > 0 && (turns_stat(f->t)->queued_packets > 0 || due_us == UINT64_MAX));
        return;
    }
    const struct item *it = came(f, &p);
    expect(f->is_peer[p.peer] && it->seq > f->seq[p.peer][p.class]);
    f->seq[p.peer][p.class] = it->seq;
    uint64_t better = 0;
    uint64_t worse = 0;
    for (unsigned c = 0; c < TURN_CLASSES; c++)
        *(c <= p.class ? &better : &worse) += f->left[c] - it->left[c];
    const bool is_free = f->cfg.peer.rate_bytes_s == 0 && f->cfg.cap[1].rate_bytes_s == 0;
    expect(!is_free || better > 0 || worse <= f->cfg.packet_bytes_max);
    f->left[p.class] += p.bytes;
}

static void come_and_go(struct fuzz *f, uint32_t peer, uint8_t how)
{
    uint32_t at;
    if (f->is_peer[peer] && how % 2) {
        turns_leave(f->t, peer);
        f->is_peer[peer] = false;
    } else if (f->is_peer[peer]) {
        turns_weigh(f->t, peer, 1u + how);
    } else if (turns_join(f->t, 1u + how, &at, f->now_us) == RC_OK) {
        f->is_peer[at] = true;
        for (unsigned c = 0; c < TURN_CLASSES; c++)
            f->seq[at][c] = f->items;
    }
}

static void step(struct fuzz *f, uint8_t call, uint8_t how)
{
    const uint32_t peer = call % PEERS;
    const enum turn_class class = (enum turn_class)(call / PEERS % TURN_CLASSES);
    const struct bucket_cfg bucket = bucket_of(how, f->cfg.packet_bytes_max);
    struct turn p;
    switch (call / PEERS / TURN_CLASSES) {
    case 0:
    case 1:
    case 2:
        if (f->is_peer[peer])
            put(f, peer, class, how);
        break;
    case 3:
    case 4:
        next(f);
        break;
    case 5:
        come_and_go(f, peer, how);
        break;
    case 6:
        f->now_us += (uint64_t)how << how % 32;
        break;
    case 7:
        if (peer == 0 && class > 0)
            turns_allow(f->t, class, how % 2);
        else if (peer == 1)
            expect(turns_limit(f->t, &bucket, f->now_us) == RC_OK);
        else if (peer == 2 && f->cfg.cap[1].rate_bytes_s > 0)
            expect(turns_cap(f->t, class, &bucket, f->now_us) == RC_OK);
        else if (peer == 3)
            turns_charge(f->t, (uint64_t)how << how % 56, f->now_us);
        else if (peer == 4)
            f->now_us -= num_min(f->now_us, (uint64_t)how << how % 32);
        else
            while (turns_dropped(f->t, &p))
                (void)came(f, &p);
        break;
    }
    if (call % 8 == 0) // it walks everything
        turns_check(f->t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor in = {.left = bytes_of(data, size)};
    static struct fuzz f;
    f = (struct fuzz){.now_us = 1};
    f.cfg.peers_max = 1u + cursor_u8(&in) % PEERS;
    f.cfg.packets_max = 1u + cursor_u8(&in) % PACKETS;
    f.cfg.packet_bytes_max = 1u + cursor_u8(&in);
    f.cfg.peer_packets_max = 1u + cursor_u8(&in);
    f.cfg.peer_bytes_max = 4 * f.cfg.packet_bytes_max;
    const uint8_t how = cursor_u8(&in);
    if (how & 1)
        f.cfg.total = bucket_of(how, f.cfg.packet_bytes_max);
    if (how & 2)
        f.cfg.cap[1] = bucket_of(how, f.cfg.packet_bytes_max);
    if (how & 4)
        f.cfg.peer = bucket_of(how, f.cfg.packet_bytes_max);
    for (unsigned c = 1; c < TURN_CLASSES; c++)
        f.cfg.share_permille[c] = cursor_u8(&in) % (TURNS_SHARES_MAX / 3);
    struct arena *arena = arena_new(TURNS_ARENA_BYTES(PEERS, PACKETS));
    if (arena == NULL || turns_new(&f.t, arena, &f.cfg, 1) != RC_OK)
        abort();
    while (f.items < STEPS_MAX && in.left.len > 0) {
        const uint8_t call = cursor_u8(&in);
        step(&f, call, cursor_u8(&in));
    }
    for (uint32_t i = 0; i < PEERS; i++)
        if (f.is_peer[i])
            turns_leave(f.t, i);
    for (struct turn p; turns_dropped(f.t, &p);)
        (void)came(&f, &p);
    expect(f.here == 0);
    turns_check(f.t);
    arena_free(arena);
    return 0;
}
