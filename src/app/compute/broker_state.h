// SPDX-License-Identifier: MIT
// What the broker's two files share: connections (broker.c) and work (broker_work.c).
#ifndef COMPUTE_BROKER_STATE_H
#define COMPUTE_BROKER_STATE_H

#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"
#include "base/ring.h"
#include "compute/broker.h"
#include "compute/fetch.h"
#include "compute/frame.h"
#include "compute/roster.h"

enum conn_state {
    CONN_GREETED, // challenged, has not said who it is
    CONN_HELPER,
    CONN_GAMER,
    CONN_ENDED, // told to close; whatever it still sends is dropped
};

struct conn {
    struct list node;
    struct heap_node life; // when it counts as dead
    uint64_t id;
    enum conn_state state;
    struct msg_challenge challenge;
    struct seat *seat;   // of a helper
    struct gamer *gamer; // of a gamer
};

struct gamer {
    struct conn *conn;
    struct digest node;
    char name[MSG_NAME_BYTES];
    struct list frames;
    uint32_t frame_count;
    struct view view;
    struct fetch *fetch; // the scene on its way, NULL: none
};

struct broker {
    struct arena *arena;
    struct budget *budget;
    struct store *store;
    const struct sign_key *key;
    uint8_t *token; // a block of the budget; token_len 0: gamers need none
    size_t token_len;
    struct sign_public own;
    bool is_own_last;
    uint32_t attempts_max;
    const struct plan_policy *policy;
    struct entropy entropy;
    const struct log *log;

    uint64_t now_us; // of this turn
    struct map *conns;
    struct list conn_list;
    struct heap lives;
    struct roster roster;
    struct queue queue;
    struct outbox outbox;
    struct broker_note *notes; // ring of BROKER_NOTES_MAX
    size_t note_first, note_count;
    struct broker_stat stat;
};

// broker.c
void broker_note_put(struct broker *b, const struct broker_note *note);
// Tells the other side why, and closes. The connection's work is taken back at once.
void broker_refuse(struct broker *b, struct conn *c, enum rc rc, const char *text);

// broker_work.c
void work_submit(struct broker *b, struct gamer *g, const struct msg_submit *m);
void work_withdraw(struct broker *b, struct gamer *g, uint64_t job);
void work_object_part(struct broker *b, struct gamer *g, const struct msg_object_part *m);
void work_object_none(struct broker *b, struct gamer *g, const struct digest *digest);
void work_result(struct broker *b, struct seat *s, const struct msg_result *m);
void work_failure(struct broker *b, struct seat *s, const struct msg_failure *m);
// A seat is about to be left: all that it holds goes to others.
void work_lost(struct broker *b, struct seat *s);
void work_gamer_gone(struct broker *b, struct gamer *g);
void work_late(struct broker *b); // copies past their time
void work_assign(struct broker *b);

#endif
