// SPDX-License-Identifier: MIT
// The helpers a hub knows: what they can do, how they fare, what they hold, who may not come back.
//
// A seat is one connected helper. Its key is its identity: a second connection with the same key
// takes the first one's seat. What outlives a seat is its standing: verdicts, being barred, and the
// place, the number by which the scheduler knows it: kept until somebody else needs it.
// Seats with a free slot are listed by skill, so that nobody looks through ten thousand busy ones.
#ifndef COMPUTE_ROSTER_H
#define COMPUTE_ROSTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"
#include "compute/msg.h"
#include "compute/skill.h"
#include "work/verify.h"

#define ROSTER_SEATS_MAX 16384u
#define ROSTER_STANDINGS 4u         // for each seat: many more were here than are at a time
#define ROSTER_NO_PLACE  UINT32_MAX // of the hub's own, and of who never sat here

// Who fails again and again is given nothing for a while: half a second after the third miss in a
// row, then twice as long each time. A right result ends the row.
#define ROSTER_MISSES_FREE 2u
#define ROSTER_REST_US     500000u
#define ROSTER_REST_US_MAX 600000000u

struct standing {        // outlives connections
    struct list idle;    // while nobody sits on it and it is not barred: may be forgotten
    struct list changed; // while the disk does not know of it
    struct digest node;
    char name[MSG_NAME_BYTES]; // the latest
    struct verify_record record;
    uint32_t failures; // reported, late, or lost with work in hand
    uint32_t results;  // accepted
    uint64_t cpu_us;   // of accepted results, by its own word
    uint32_t misses;   // in a row
    uint64_t rest_us;  // it is given nothing before
    uint32_t place;    // 0..seats_max, or ROSTER_NO_PLACE
    bool is_seated;
};

struct seat {
    struct list node;  // in the roster, in order of arrival
    struct list tasks; // what it holds (compute/queue.h)
    struct roster *roster;
    uint64_t conn;
    struct sign_public public;
    bool has_key; // its results are signed
    struct standing *standing;
    char name[MSG_NAME_BYTES];
    struct msg_ability ability;
    struct msg_heartbeat health;  // the latest
    bool is_own;                  // the hub's own compute
    uint32_t skills;              // a mask
    uint32_t busy;                // tasks in hand; seat_take_slot, seat_give_slot
    uint32_t ahead;               // tasks that it may have beyond its slots
    bool is_new;                  // its place was somebody else's, or nobody's
    struct heap_node rest;        // while it rests: until when
    struct list free[SKILLS_MAX]; // in the roster's list of that skill, while a slot is free
};

struct roster {
    struct budget *budget;
    uint32_t seats_max;
    struct list seats;
    uint32_t seat_count;          // without the hub's own
    uint32_t ready_count;         // with a free slot, without the hub's own
    uint32_t slot_count;          // of all, without the hub's own
    struct list free[SKILLS_MAX]; // seats that can, have a free slot and do not rest,
                                  // longest without a new task first
    struct heap rests;            // seats that rest
    struct standing **at_place;   // whose it is; NULL: nobody's
    uint32_t place_count;         // that were ever anybody's
    struct map *by_node;
    struct map *standings;
    struct list idle; // standings, longest idle first
    struct list changed;
    struct seat *own; // NULL until it is there
};

// For so many seats, 1..ROSTER_SEATS_MAX, beside the hub's own. Memory for tables comes from arena;
// seats and standings from budget. RC_NOMEM.
MUST_USE enum rc roster_init(struct roster *r, struct arena *arena, struct budget *budget,
                             uint32_t seats_max, uint64_t seed);
void roster_reset(struct roster *r); // gives all seats and standings back

// The standing of a node, made if it is new; where there are too many, that of who was not here
// for longest is forgotten. NULL: no room; then it cannot be a helper.
struct standing *roster_standing(struct roster *r, const struct digest *node);
// To be told to the disk, once.
void roster_changed(struct roster *r, struct standing *s);
struct standing *roster_next_changed(struct roster *r); // NULL: no more; it counts as told

struct roster_guest { // who wants a seat
    uint64_t conn;
    const struct msg_hello *hello;
    struct standing *standing;
    bool is_own;
    bool is_text;   // speaks JSON, and has no key
    uint32_t ahead; // tasks that it may have beyond its slots
    uint64_t now_us;
};
// NULL: no room. The name is made unique enough for people.
struct seat *roster_sit(struct roster *r, const struct roster_guest *guest);
// The seat holds no tasks any more.
void roster_leave(struct roster *r, struct seat *s);
struct seat *roster_by_node(const struct roster *r, const struct digest *node);
struct seat *roster_by_place(const struct roster *r, uint32_t place); // NULL: not here

// The seat behind an entry of roster.free[skill].
// cppcheck-suppress constParameter // what is behind it is not
static inline struct seat *roster_seat_of(struct list *entry, uint32_t skill)
{
    return CONTAINER_OF(entry - skill, struct seat, free);
}
static inline uint32_t seat_free_slots(const struct seat *s)
{
    return s->ability.slots > s->busy ? s->ability.slots - s->busy : 0;
}
static inline bool seat_can(const struct seat *s, uint32_t skill)
{
    return (s->skills >> skill & 1) != 0;
}
void seat_take_slot(struct seat *s); // one that is free, or ahead of that
void seat_give_slot(struct seat *s);
// A task came to nothing there: perhaps it rests now.
void seat_missed(struct seat *s, uint64_t now_us);
static inline bool seat_rests(const struct seat *s)
{
    return s->rest.index != 0;
}
struct seat *roster_wake(struct roster *r, uint64_t now_us); // one that has rested; NULL: no more
uint64_t roster_due_us(const struct roster *r); // when the next one has; UINT64_MAX: none
void roster_check(const struct roster *r);      // invariants; asserts

#endif
