// SPDX-License-Identifier: MIT
// The tasks of a hub: waiting, in work, or returned and being checked; never two of these.
//
//              give            returned             over
//     WAITING ------> HELD -----------> RETURNED ----------> (freed)
//        ^             |  ^                 |
//        +--- own -----+  +----- wrong -----+
//
// A held task is the scheduler's (work/sched), which has copies of it made, one after the other or
// side by side, or else it is in the hands of the hub's own compute.
//
// Where a waiting task waits:
//   own     only the hub's own compute is left for it: checks, and what all others failed at
//   a line  all others, a line for each gamer and skill, what must start soonest near its head.
//           Lines of a skill take turns by the work they were given (start-time fair queueing,
//           Goyal et al. 1996): a gamer with a thousand tasks does not hold up one with a single
//           task.
//
// Gamers are cheap: one address may bring a thousand. So all lines of one address are a party: they
// share one turn, and one part of the room. A party may hold no more tasks than there are places
// free (dynamic thresholds, Choudhury and Hahne 1998): one alone has half of the queue, a hundred
// greedy ones have a hundred and first part of it each, and as much is left for who comes next.
#ifndef COMPUTE_QUEUE_H
#define COMPUTE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"
#include "compute/roster.h"
#include "work/task.h"

#define QUEUE_TASKS_MAX    65536u
#define QUEUE_ID_SHIFT     12u      // first ids have so many bits less: exact in any reader of JSON
#define QUEUE_PATIENCE_US  1000000u // what has no deadline is taken to be due then
#define QUEUE_PASSED_MAX   4u       // times that a skill waits for more urgent ones
#define QUEUE_ATTEMPTS_MAX 8u       // most that --max-attempts may say
#define QUEUE_COPIES_MAX   (QUEUE_ATTEMPTS_MAX + 1) // and one by the hub itself

enum task_state {
    TASK_WAITING,
    TASK_HELD,
    TASK_RETURNED,
};

enum task_kind {
    TASK_PROBE, // a coarse render that tells where the cost is
    TASK_TILE,  // a piece of a frame
    TASK_RUN,   // a job of one task
    TASK_CHECK, // parts of a returned tile, redone by the hub's own compute
};

struct forecast { // of a copy's answer, after it was given; all 0: there is none
    uint64_t expected_us, low_us, high_us;
};

struct copy {         // of a task, with a helper; embedded in it
    struct list node; // in its seat's tasks
    struct task *task;
    struct seat *seat; // NULL: it has ended
    uint64_t given_us;
    struct forecast forecast;
};

struct returned { // a result while it is being checked
    struct digest node;
    uint32_t place; // of its helper, or ROSTER_NO_PLACE
    struct forecast forecast;
    char name[MSG_NAME_BYTES];
    uint64_t cpu_us;
    uint64_t wall_us;
    struct digest hash; // of result
    uint8_t *result;    // a block of the budget
    size_t result_len;
    struct verify_draws draws; // of its parts, so far
};

struct party {                 // the lines of one address; embedded in its owner
    uint32_t open[SKILLS_MAX]; // of its lines, those that hold waiting tasks
    uint32_t task_count;       // in any state
};

struct line {              // one gamer's waiting tasks of one skill; embedded in its owner
    struct heap_node turn; // among the lines of the skill; key: work given so far
    struct list tasks;
    struct party *party; // NULL: the line has a turn of its own, and all the room
    uint32_t task_count; // in any state
    uint32_t skill;
    uint64_t given; // cost units
};

struct task {
    struct list node;    // in one of the queue's places, or alone
    struct list sibling; // in its job's tasks
    uint64_t id;
    enum task_kind kind;
    enum task_state state;
    struct job *job;
    struct line *line; // that it waited in, or would
    uint32_t skill;
    uint32_t piece;       // of a tile: which of its job's
    struct digest asked;  // task_digest
    struct digest *input; // in the task's own block, like params
    uint32_t input_count;
    uint8_t *params;
    size_t params_len;
    double units;         // expected cost
    uint64_t came_us;     // into the queue
    uint64_t start_by_us; // its place in line
    uint32_t attempts;    // copies given so far
    struct copy copy[QUEUE_COPIES_MAX];
    bool is_for_own; // only the hub's own compute is left
    struct returned back;
    struct task *checked; // of a check: the tile
};

struct queue {
    struct budget *budget;
    uint32_t tasks_max;
    struct list own;
    struct heap lines[SKILLS_MAX]; // those that hold tasks
    uint64_t turn[SKILLS_MAX];     // of the line that was served last
    uint32_t open;                 // skills that have lines: a bit each
    uint32_t passed[SKILLS_MAX];   // how often another skill was served since this one was
    uint32_t waiting_count;        // in all places
    struct map *by_id;
    uint64_t last_id;
};

// For so many tasks, 1..QUEUE_TASKS_MAX. RC_NOMEM.
MUST_USE enum rc queue_init(struct queue *q, struct arena *arena, struct budget *budget,
                            uint32_t tasks_max, uint64_t seed);
void line_init(struct line *l, uint32_t skill); // of no party
// With all of its tasks. NULL: of no party. An empty party is all zero, and outlives its lines.
void line_join(struct line *l, struct party *party);

struct task_cfg {
    enum task_kind kind;
    struct job *job;
    struct line *line; // NULL: of a check
    uint32_t skill;
    struct task_spec spec; // copied
    struct digest asked;   // task_digest of spec
    double units;
    uint64_t start_by_us; // 0: as if it were due QUEUE_PATIENCE_US from now
};
// Places left in the queue, and in its party's part.
bool queue_has_room(const struct queue *q, const struct line *line);
// A task in WAITING, in no place yet. NULL: no room.
struct task *queue_new(struct queue *q, const struct task_cfg *cfg, uint64_t now_us);
void queue_free(struct queue *q, struct task *t); // wherever it is
struct task *queue_find(const struct queue *q, uint64_t id);
// Into its place: own if is_for_own, else its line.
void queue_wait(struct queue *q, struct task *t);
// It must start sooner than was thought.
void queue_hurry(struct task *t, uint64_t start_by_us);
// Of the tasks at the head of the lines whose turn it is, of these skills (a bit each), that which
// must start soonest; but no skill is passed over more than QUEUE_PASSED_MAX times, or who says
// that its tasks are late would keep others from helpers that can do both. NULL: none waits.
struct task *queue_next(const struct queue *q, uint32_t skills);
// Nobody else is left for it: WAITING or HELD, without copies, to own.
void queue_to_own(struct queue *q, struct task *t);
// A waiting task to the place of another line (of a gamer that came back), if it waits in one.
void queue_change_line(struct queue *q, struct task *t, struct line *line);
// WAITING -> HELD.
void queue_give(struct queue *q, struct task *t);
// A copy more to a seat that can take one.
struct copy *queue_copy(struct task *t, struct seat *s, uint64_t now_us);
struct copy *queue_copy_at(struct task *t, const struct seat *s); // NULL: it has none
void queue_copy_end(struct copy *c);                              // its seat may have the next
// HELD -> RETURNED.
void queue_return(struct task *t);
// RETURNED -> HELD; its result is given back.
void queue_unreturn(struct queue *q, struct task *t);
struct task_spec task_spec_of(const struct task *t); // borrows params

#endif
