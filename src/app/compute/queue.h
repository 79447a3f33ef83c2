// SPDX-License-Identifier: MIT
// The tasks of a hub: waiting, held by a helper, or returned and being checked; never two of these.
//
//              give            returned             over
//     WAITING ------> HELD -----------> RETURNED ----------> (freed)
//        ^             |                    |
//        +--- retry ---+------- retry ------+     lost, late, failed, wrong
#ifndef COMPUTE_QUEUE_H
#define COMPUTE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"
#include "compute/roster.h"
#include "work/rect.h"

#define QUEUE_TASKS_MAX    65536u
#define QUEUE_ATTEMPTS_MAX 16u // most that --max-attempts may say

enum task_state {
    TASK_WAITING,
    TASK_HELD,
    TASK_RETURNED,
};

enum task_kind {
    TASK_PROBE, // a coarse render that tells where the cost is
    TASK_TILE,
    TASK_CHECK, // parts of a returned tile, redone by the hub's own compute
};

struct returned { // a tile's result while it is being checked
    struct digest node;
    char name[MSG_NAME_BYTES];
    uint64_t cpu_us;
    uint64_t wall_us;
    struct digest hash; // of result
    uint8_t *result;    // a block of the budget
    size_t result_len;
    struct verify_draws draws; // of its parts, so far
};

struct task {
    struct list node;         // in waiting, in its seat's tasks, or alone
    struct list sibling;      // in its frame's tasks
    struct heap_node give_up; // while held: when the copy counts as late
    uint64_t id;
    enum task_kind kind;
    enum task_state state;
    struct frame *frame;
    uint32_t index; // of the tile
    struct rect rect;
    uint32_t sample_first, sample_count;
    struct digest scene;
    uint8_t *params; // a block of the budget
    size_t params_len;
    double units;          // expected cost
    struct seat *seat;     // while held
    uint64_t first_us;     // first given away
    uint64_t given_us;     // this copy
    uint32_t attempts;     // copies given so far
    uint32_t failed_count; // helpers that must not get it again
    struct digest failed_by[QUEUE_ATTEMPTS_MAX];
    bool is_for_own; // attempts are spent: only the hub's own compute is left
    struct returned back;
    struct task *checked; // of a check: the tile
};

struct queue {
    struct budget *budget;
    struct list urgent;     // waiting, and given before all others: checks, and what is done again
    struct list waiting;    // the rest; both in the order in which they came
    uint32_t waiting_count; // of both
    struct heap give_ups;
    struct map *by_id;
    uint64_t last_id;
};

MUST_USE enum rc queue_init(struct queue *q, struct arena *arena, struct budget *budget,
                            uint64_t seed);
// A task in WAITING, not yet in the waiting list, with a copy of params. NULL: no room.
struct task *queue_new(struct queue *q, enum task_kind kind, struct bytes params);
void queue_free(struct queue *q, struct task *t); // wherever it is
struct task *queue_find(const struct queue *q, uint64_t id);
void queue_wait(struct queue *q, struct task *t, bool is_urgent);
void queue_give(struct queue *q, struct task *t, struct seat *s, uint64_t now_us, uint64_t late_us);
// Off its helper: HELD -> RETURNED.
void queue_return(struct queue *q, struct task *t);
// Back to waiting, urgent now, from HELD or RETURNED; its result is given back.
void queue_retry(struct queue *q, struct task *t);
bool task_may_go_to(const struct task *t, const struct seat *s);
void task_bar(struct task *t, const struct digest *node);
struct task_spec task_spec_of(const struct task *t); // borrows params

#endif
