// SPDX-License-Identifier: MIT
// One network being played: its nodes, objects, lookups and figures, as the parts of it share them.
//
//     net_play.c     what all of them say and draw
//     net_liar.c     those who speak the wire and lie
//     net_ask.c      objects, what is asked about them, and answers judged
//     net_wire.c     datagrams to and from nodes, and when they are woken
//     net_traffic.c  objects are published and looked up
//     net_node.c     nodes: they come, go, crash and sleep
//     net_phase.c    what happens when
//     net_run.c      make, run by time, end; what holds at any time
//
// Each calls only those above it here.
#ifndef PROG_SIM_NET_PLAY_H
#define PROG_SIM_NET_PLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/rc.h"
#include "base/rng.h"
#include "crypt/id.h"
#include "dht/dht.h"
#include "prog/sim/net_figures.h"
#include "sim/net.h"
#include "sim/net_scenario.h"
#include "sim/world.h"

#define PLAY_ENTRIES     8u // hosts that everybody knows, open and always there
#define PLAY_ASKS_MAX    65536u
#define PLAY_NODE_ASKS   12u // of one node, running
#define PLAY_SIGNERS_MAX 64u
#define PLAY_UNIX_S      1800000000u // the wall clock when the world begins
#define PLAY_VALUE_BYTES 64u

struct play;

struct node {
    struct play *play;
    uint32_t index;  // its host's number too
    struct net face; // what its datagrams leave by
    struct net_addr addr;
    enum sim_nat nat;
    struct arena *arena; // the machine's memory; NULL: it does not run
    struct dht *dht;
    struct liar *liar; // NULL: it is honest
    struct id *id;     // NULL: publishes no records
    uint8_t *saved;    // its contacts when it was last saved, of play.budget
    size_t saved_len;
    uint32_t life;  // how often it was started
    uint32_t moves; // how often it was replaced by a new one under another address
    bool is_asleep;
    bool is_gone;   // for good
    bool is_pinned; // entries and publishers do not vanish and are not replaced
    uint32_t own;   // records that it provides
    uint64_t wake;  // the event that ticks it, 0: none
    uint64_t wake_us;
    uint64_t start_us;
    uint32_t ask[PLAY_NODE_ASKS]; // 1 + index in play.ask; 0: free
    // While it hears a datagram
    const struct net_addr *from;
    struct bytes heard;
};

struct object {
    enum net_object kind;
    struct digest subject; // of a record; its first bytes are the key
    struct dht_id key;
    uint32_t providers;
    uint32_t provider[64]; // nodes
    uint8_t value[PLAY_VALUE_BYTES];
    size_t value_len;
};

enum ask_what { ASK_LOOKUP, ASK_ABSENT, ASK_PUBLISH };

struct ask { // an op of a node that has not ended
    enum ask_what what;
    uint32_t op;
    uint32_t node;
    uint32_t object; // of ASK_ABSENT: what kind of thing it would be
    uint64_t start_us;
    uint64_t true_us; // when the first true result came; 0: none
    uint32_t told, wrong;
    uint64_t seen[PLAY_SIGNERS_MAX]; // what was told, as hashes
    uint32_t seen_count;
};

struct play {
    const struct net_scenario *s;
    uint64_t seed;
    struct world *world;
    struct sim_net *net;
    struct arena *arena;
    struct budget budget;
    struct node *node;
    uint32_t nodes;      // honest ones, liars, attackers
    uint32_t honest;     // the first so many
    uint32_t liars_from; // then liars, then attackers
    uint32_t siege_from;
    struct object *object;
    uint32_t objects;
    uint32_t first_of[NET_OBJECT_COUNT + 1]; // objects by kind
    struct ask *ask;
    uint32_t free_ask; // 1 + index of the first unused; chained by `object`
    struct rng life_rng, ask_rng, lie_rng;
    struct lies *lies;
    uint64_t measure_us; // when lookups begin
    uint64_t end_us;
    struct net_figures *f;
    struct err *err; // the first thing that must not be, in words
    bool is_broken;
};

// ---- net_play.c
// Something that must never be; the first one is kept, with the time. The run then ends.
void play_broken(struct play *p, const char *format, ...) PRINTF(2, 3);
uint64_t play_now_us(const struct play *p);
uint64_t play_after_us(double minutes); // minutes of simulated time
// Waits that are exponentially distributed.
uint64_t play_draw_us(struct rng *rng, double mean_us);
bool node_is_up(const struct node *n);

// ---- net_liar.c
MUST_USE enum rc liar_init(struct play *p);
void liar_start(struct node *n);
bool liar_is_made_up(const struct play *p, const struct net_addr *a); // nobody ever had it
void liar_hear(struct node *n, const struct net_addr *from, struct bytes datagram);

// ---- net_ask.c
// Objects and their providers. RC_CONFIG: nobody here could provide one; RC_NOMEM.
MUST_USE enum rc ask_init(struct play *p);
struct item object_item(const struct object *o);
bool object_is_of(const struct object *o, uint32_t node);                  // it provides it
struct ask *ask_take(struct node *n, enum ask_what what, uint32_t object); // NULL: too many
void ask_give(struct node *n, struct ask *a);
void ask_event(struct node *n, const struct dht_event *e);
void ask_drop(struct node *n); // it crashed: nobody waits any more

// ---- net_wire.c
void node_hear(void *self, const struct net_addr *from, struct bytes datagram);
void node_send(void *self, const struct net_addr *to, struct bytes datagram);
// After anything that was asked of its machine: takes events, sets the timer.
void node_settle(struct node *n);

// ---- net_traffic.c
void traffic_publish(struct play *p, uint64_t from_us, uint64_t until_us);
void traffic_look_up(struct play *p); // from when lookups begin
void traffic_again(struct node *n);   // it started again: publishes what is its own

// ---- net_node.c
MUST_USE enum rc play_node(struct play *p, uint32_t index);
void node_start(struct node *n);
void node_stop(struct node *n); // as a crash does: what was saved before is what it has
void node_gone(struct node *n); // for good
void node_replace(struct node *n);
void node_sleep(struct node *n, uint64_t for_us);

// ---- net_phase.c
void phase_plan(struct play *p);

#endif
