// SPDX-License-Identifier: MIT
// `shoal sim net`: a node on its wire: datagrams to and from it, and when it is woken.
#include <string.h>

#include "base/num.h"
#include "dht/krpc.h"
#include "prog/sim/net_play.h"

// ---- Datagrams

// The last two bytes of a message are "re", "qe" or "ee": keys stand in order, and y is the last.
static bool is_reply(struct bytes datagram)
{
    return datagram.len > 2 && datagram.at[datagram.len - 2] == 'r';
}

static bool has_token(struct bytes datagram)
{
    static const char word[] = "5:token";
    for (size_t i = 0; i + sizeof word - 1 <= datagram.len; i++)
        if (memcmp(datagram.at + i, word, sizeof word - 1) == 0)
            return true;
    return false;
}

// A node tells of others only if they have answered it, which those that liars make up never do.
static void check_told(struct node *n, struct bytes reply)
{
    struct krpc m;
    struct krpc_node told;
    if (krpc_decode(&m, reply) != RC_OK)
        play_broken(n->play, "node %u sent what is no message", n->index);
    else
        while (krpc_node_next(&m.nodes, false, &told))
            if (liar_is_made_up(n->play, &told.addr))
                play_broken(n->play, "node %u told of one that never answered it", n->index);
}

// An answer of more than three times the query is for who has shown a token; values of BEP 44 may
// be so, within a budget: counted, for whoever forges addresses can have those.
void node_send(void *self, const struct net_addr *to, struct bytes datagram)
{
    struct node *n = self;
    if (n->play->s->liars * n->play->s->lie[NET_LIE_MADE_UP] > 0 && is_reply(datagram))
        check_told(n, datagram);
    const struct net face = sim_net_face(n->play->net, n->index);
    const bool is_long = is_reply(datagram) && datagram.len > 3 * n->heard.len;
    if (n->from != NULL && net_addr_equal(n->from, to) && is_long && !has_token(n->heard))
        n->play->f->loud++;
    face.send(face.self, to, datagram);
}

void node_hear(void *self, const struct net_addr *from, struct bytes datagram)
{
    struct node *n = self;
    if (n->liar != NULL) {
        liar_hear(n, from, datagram);
        return;
    }
    if (!node_is_up(n))
        return;
    n->from = from;
    n->heard = datagram;
    dht_input(n->dht, from, datagram, world_now_us(n->play->world));
    n->from = NULL;
    node_settle(n);
}

// ---- Time

static void wake(void *self, uint64_t tag);

// One event at a time; a later due time is seen when the event comes.
static void plan_wake(struct node *n)
{
    struct world *w = n->play->world;
    const uint64_t due_us = dht_due_us(n->dht);
    if (due_us == UINT64_MAX || (n->wake != 0 && n->wake_us <= due_us))
        return;
    (void)world_cancel(w, n->wake);
    n->wake_us = num_max(due_us, world_now_us(w));
    n->wake = world_at(w, n->wake_us, wake, n, n->index);
}

void node_settle(struct node *n)
{
    struct dht_event e;
    while (node_is_up(n) && dht_next(n->dht, &e))
        ask_event(n, &e);
    if (node_is_up(n))
        plan_wake(n);
}

static void wake(void *self, uint64_t tag)
{
    struct node *n = self;
    (void)tag;
    n->wake = 0;
    if (!node_is_up(n))
        return;
    if (dht_due_us(n->dht) <= world_now_us(n->play->world))
        dht_tick(n->dht, world_now_us(n->play->world));
    node_settle(n);
}
