// SPDX-License-Identifier: MIT
// The helpers a hub knows: what they can do, how they fare, what they hold, who may not come back.
//
// A seat is one connected helper. Its key is its identity: a second connection with the same key
// takes the first one's seat. What outlives a seat is its standing: verdicts, and being barred.
#ifndef COMPUTE_ROSTER_H
#define COMPUTE_ROSTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/list.h"
#include "base/map.h"
#include "compute/msg.h"
#include "work/verify.h"

#define ROSTER_SEATS_MAX     16384u
#define ROSTER_STANDINGS_MAX 65536u

// Microseconds of one worker per cost unit are learned per helper, starting from its own
// benchmark: an average with this weight for each new task.
#define ROSTER_LEARN 0.3

struct standing { // outlives connections
    struct digest node;
    struct verify_record record;
    uint32_t failures; // reported, late, or lost with work in hand
    uint32_t results;  // accepted
    uint64_t cpu_us;   // of accepted results, by its own word
};

struct seat {
    struct list node;  // in the roster, in order of arrival
    struct list tasks; // what it holds (compute/queue.h)
    uint64_t conn;
    struct sign_public public;
    struct standing *standing;
    char name[MSG_NAME_BYTES];
    struct msg_ability ability;
    struct msg_heartbeat health; // the latest
    bool is_own;                 // the hub's own compute
    uint32_t busy;               // tasks in hand
    double us_per_unit;          // learned for trace's cost units; > 0
};

struct roster {
    struct budget *budget;
    struct list seats;
    uint32_t seat_count; // without the hub's own
    struct map *standings;
    struct seat *own; // NULL until it is there
};

// Memory for tables comes from arena; seats and standings from budget. RC_NOMEM.
MUST_USE enum rc roster_init(struct roster *r, struct arena *arena, struct budget *budget,
                             uint64_t seed);
void roster_reset(struct roster *r); // gives all seats and standings back

// The standing of a node, made if it is new. NULL: no room; then it cannot be a helper.
struct standing *roster_standing(struct roster *r, const struct digest *node);
// NULL: no room. The name is made unique enough for people.
struct seat *roster_sit(struct roster *r, uint64_t conn, const struct msg_hello *hello,
                        struct standing *standing, bool is_own);
// The seat holds no tasks any more.
void roster_leave(struct roster *r, struct seat *s);
struct seat *roster_by_node(const struct roster *r, const struct digest *node);

static inline uint32_t seat_free_slots(const struct seat *s)
{
    return s->ability.slots > s->busy ? s->ability.slots - s->busy : 0;
}
// Slots of all helpers that may be given work, the hub's own not counted.
uint32_t roster_slots(const struct roster *r);
bool seat_can(const struct seat *s, const char *kernel);
// Tells what `units` of cost took.
void seat_learn(struct seat *s, double units, uint64_t cpu_us);

#endif
