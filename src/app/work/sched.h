// SPDX-License-Identifier: MIT
// Scheduler: which helper gets a copy of a task, when another copy is worth it, when one is given
// up.
//
//     sched_join(s, helper, &intro, now_us);    // a helper is here; sched_leave: gone
//     sched_submit(s, &task, now_us);           // a task came
//     sched_back(s, &answer, now_us);           // a copy's answer came, and is being judged
//     sched_answer(s, &answer, now_us);         // it is right, or not
//     sched_tick(s, now_us);                    // time passed; when: sched_due_us
//     while (sched_next(s, &order)) ...         // what to do now
//
// Life of a task: a policy (work/policy) chooses among the helpers that can do it, by what is
// predicted of each (work/predict) and what waits there already. A copy is late when hardly any
// answer of that helper would still come; then, or after an error, another helper gets one, until
// attempts_max. An answer that comes late is taken. Where the first choice is in doubt a backup is
// sent at once, else at the last moment at which one could still be in time; all backups come from
// one budget. The first right answer ends the task, and the other copies are cancelled. A task that
// no helper can take now waits for one.
//
// Slots that other types of task can do least without have a price (what is asked for of each type
// against what those who meet its deadline can do), so that quick helpers are not filled with work
// that could go anywhere.
//
// A machine: no clock, no I/O; the dice come from its seed, so that the same events give the same
// orders. All memory is taken at the start. Belongs to one loop.
#ifndef WORK_SCHED_H
#define WORK_SCHED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/rc.h"
#include "work/policy.h"
#include "work/predict.h"
#include "work/refine.h"

#define SCHED_ATTEMPTS_MAX 8u

struct sched;
struct sched_watch; // below

#define SCHED_NEVER      UINT64_MAX
#define SCHED_ANY_NUMBER UINT32_MAX

struct sched_cfg {
    uint32_t helpers_max;
    uint32_t tasks_max;    // at the same time
    uint32_t types;        // 1..PREDICT_TYPES_MAX
    uint32_t attempts_max; // copies of a task, in all: 1..SCHED_ATTEMPTS_MAX
    uint64_t give_up_us;   // after which a task is over, done or not; SCHED_NEVER
    uint64_t late_min_us;  // no copy is late before, whatever is predicted
    const struct policy *policy;
    uint64_t seed;
    const struct sched_watch *watch; // NULL: nobody looks on; outlives the scheduler
};

struct sched_intro {
    struct predict_intro says;
    uint32_t slots; // at least 1
    uint32_t ahead; // copies that it may have beyond its slots, or SCHED_ANY_NUMBER
    uint32_t can;   // bit i: tasks of type i
    bool is_new;    // whatever was known by its number is forgotten
};

struct sched_task {
    uint64_t id; // not in use by another
    uint32_t type;
    double size;        // 1: as usual
    uint64_t within_us; // its deadline, from now; 0: it has none, and sooner is better
    uint64_t object;    // that a helper must have got first, if it did not work on it last; 0: none
};

struct sched_answer {
    uint64_t task;
    uint32_t helper;
    bool is_right;
    double total_us; // since it was sent
    double work_us;  // as the helper says
    double size;     // as it turned out; 0: as was said
};

enum sched_kind {
    SCHED_ASSIGN, // the helper gets a copy
    SCHED_CANCEL, // it may stop
    SCHED_LATE,   // it does not count on this copy any more; an answer is still welcome
    SCHED_SPENT,  // no helper that is here could take the task (any more)
};

struct sched_order {
    enum sched_kind kind;
    uint64_t task;
    uint32_t helper;                   // but for SPENT
    double answer_us, low_us, high_us; // ASSIGN: expected, and the interval (predict_interval)
};

// Whatever is told to it, as a value: told again to another one of the same settings, it gives the
// same orders.
enum sched_event_kind {
    SCHED_JOINS,
    SCHED_LEAVES,
    SCHED_RESTS,
    SCHED_WAKES,
    SCHED_SUBMITS,
    SCHED_BACK,
    SCHED_ANSWERS,
    SCHED_DROPS,
    SCHED_FORGETS,
    SCHED_TICKS,
    SCHED_HOUR,
};

struct sched_event {
    enum sched_event_kind kind;
    uint64_t now_us;
    uint32_t helper;
    double hour;                       // of HOUR
    uint64_t task_id;                  // of DROPS, FORGETS
    const struct sched_intro *intro;   // of JOINS
    const struct sched_task *task;     // of SUBMITS
    const struct sched_answer *answer; // of BACK, ANSWERS
};

struct sched_watch { // who hears of every event before it is taken, and of every order taken
    void *self;
    void (*start)(void *self, const struct sched_cfg *cfg); // by whoever makes it, before
    void (*event)(void *self, const struct sched_event *e);
    void (*order)(void *self, const struct sched_order *o);
};

struct sched_stat {
    uint64_t submitted, done, over; // over: given up
    uint64_t copies, backups;
};

size_t sched_bytes(const struct sched_cfg *cfg); // of an arena for sched_new
// *out lives and dies with the arena. RC_CONFIG: a field is out of range; RC_NOMEM.
MUST_USE enum rc sched_new(struct sched **out, struct arena *arena, const struct sched_cfg *cfg);
// helper: 0..helpers_max - 1. One that was here before is known still, unless it is_new. One that
// is here, and so was back before it was missed, has lost what it had; that it left is old news
// when it comes.
void sched_join(struct sched *s, uint32_t helper, const struct sched_intro *intro, uint64_t now_us);
void sched_leave(struct sched *s, uint32_t helper, uint64_t now_us); // what it had is lost
// It gets nothing new for a while, or may again.
void sched_rest(struct sched *s, uint32_t helper, bool is_resting, uint64_t now_us);
// Could a helper take one more of that type now; could any that is here, ever?
bool sched_has_room(const struct sched *s, uint32_t type);
bool sched_has_able(const struct sched *s, uint32_t type);
// RC_FULL: too many at once. RC_REFUSED: another one has its id, or had it a moment ago.
MUST_USE enum rc sched_submit(struct sched *s, const struct sched_task *task, uint64_t now_us);
// Its helper may have the next; it waits for sched_answer, which then only looks at is_right. May
// be left out. An unknown copy is ignored, here and there.
void sched_back(struct sched *s, const struct sched_answer *a, uint64_t now_us);
void sched_answer(struct sched *s, const struct sched_answer *a, uint64_t now_us);
// This copy came to nothing that would tell anything of its helper.
void sched_drop(struct sched *s, uint64_t task, uint32_t helper, uint64_t now_us);
// Nobody needs the task any more: its copies are cancelled.
void sched_forget(struct sched *s, uint64_t task, uint64_t now_us);
uint32_t sched_held(const struct sched *s, uint32_t helper); // copies that it has
// What a task of size 1 is expected to take there.
double sched_rate_us(const struct sched *s, uint32_t helper, uint32_t type);
void sched_tick(struct sched *s, uint64_t now_us);
// The call that this event tells of. RC_FULL, RC_REFUSED: of SUBMITS; RC_MALFORMED: it makes no
// sense, or not now.
MUST_USE enum rc sched_apply(struct sched *s, const struct sched_event *e);
uint64_t sched_due_us(const struct sched *s);              // UINT64_MAX: never
bool sched_next(struct sched *s, struct sched_order *out); // false: no order waits
void sched_hour(struct sched *s, double hour); // it is 0..24 now, where day and night matter
struct refine *sched_refine(struct sched *s);  // for who fits trees; dies with s
struct sched_stat sched_stat(const struct sched *s);

#endif
