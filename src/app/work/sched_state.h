// SPDX-License-Identifier: MIT
// What the scheduler's files share. Each calls only those above it here:
//
//     sched_worth.c    what a helper is worth to a task, what its slot costs others
//     sched_pool.c     which helpers are here, and which could take one more
//     sched_copy.c     a copy of a task at a helper, from sending it to what it teaches
//     sched_place.c    who gets the next copy, and whether a second one would pay
//     sched.c          the face: tasks, and all that the scheduler is told and asked
#ifndef WORK_SCHED_STATE_H
#define WORK_SCHED_STATE_H

#include <math.h>

#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"
#include "work/lane.h"
#include "work/price.h"
#include "work/rank.h"
#include "work/sched.h"

// A pool of so many is looked at as a whole for each task; one that is larger is ranked for each
// type, and only the best are looked at.
#define OFFERS_MAX 64u

#define HOLDERS_MAX  256u // objects; a newer one may take the place of an older one
#define HOLDERS_EACH 8u

enum copy_state {
    COPY_OUT,       // waited for
    COPY_LATE,      // hardly any answer would still come; it is taken if it does
    COPY_BACK,      // answered, and being judged
    COPY_OVER,      // judged, or lost
    COPY_CANCELLED, // an answer may be on its way all the same, and is learned from
};

struct told { // an order that waits to be taken
    struct list node;
    enum sched_kind kind;
};

struct copy {
    struct lane_item item; // at its helper, while it is out
    struct told told;
    struct heap_node late; // when it is given up
    struct task *task;
    uint32_t helper;
    uint32_t stay; // of the helper: after it, the copy is lost
    enum copy_state state;
    bool is_told; // the order to assign it was taken
    bool is_cold; // its helper had to get the object first
    struct predict_forecast forecast;
    struct refine_row row;
    double plain_us; // work, without trees
    double wait_us;
    uint64_t sent_us;
    double total_us, work_us, size; // once it is back
};

struct task {
    struct list node;        // while it is free, done, or waits for a helper
    struct heap_node end;    // when it is over, done or not
    struct heap_node wakeup; // when it is to be looked at again
    struct told told;        // that it is spent
    struct sched_task is;
    uint64_t came_us;
    bool is_done;
    bool is_spent; // and that was said
    uint32_t copy_count;
    struct copy *copy; // cfg.attempts_max of them
};

struct helper {
    struct sched_intro is;
    bool is_here, is_resting;
    bool is_known;   // was here before
    uint32_t stay;   // how often it left
    uint32_t unseen; // times that it was back before it was missed
    uint32_t busy;   // copies that are out or late
    bool has_room;   // counted so in room[]
    bool is_able;    // counted so in able[]
    uint64_t warm;   // the object of its last answer
    struct lane lane;
    double right, wrong;
};

struct holders { // who worked on an object last, and may still have it
    uint64_t object;
    uint32_t turn;
    uint32_t helper[HOLDERS_EACH];
};

struct sched {
    struct sched_cfg cfg;
    struct rng rng;
    struct predict *predict;
    struct refine *refine;
    struct price *price;
    struct helper *helper;
    uint32_t helper_count;            // the highest number that was here, and one
    uint32_t room[PREDICT_TYPES_MAX]; // helpers that could take one more, of each type
    uint32_t able[PREDICT_TYPES_MAX]; // that are here, and do not rest
    struct task *task;
    struct copy *copies; // of all tasks
    uint32_t task_count; // that were ever used
    struct list free_tasks;
    struct list done_tasks; // that may still tell something, longest first
    uint32_t done_count;
    struct list waiting; // for a helper
    bool has_news;       // for those that wait
    struct map *by_id;
    struct heap ends, wakeups, lates;
    struct list orders;
    struct offer offer[OFFERS_MAX];
    size_t drawn; // of them, the first ones: by the dice, and not because they look good
    struct rank rank[PREDICT_TYPES_MAX]; // of a large pool: who has room, by worth to a usual task
    struct holders holders[HOLDERS_MAX];
    uint32_t looked_at, looked_type;     // what prices_look looks at next
    double *worth;                       // of each helper that was, to a task of that type
    double within_us[PREDICT_TYPES_MAX]; // the deadline of the last one; 0: none came
    double within_mean_us[PREDICT_TYPES_MAX];
    double usual_us[PREDICT_TYPES_MAX]; // that an answer takes
    double cold_us;                     // that getting an object takes
    double least_gain;                  // of a backup
    uint64_t now_us;                    // the latest that was told
    struct sched_stat stat;
};

#define WAIT_US_MAX 1e12

// A wait that is guessed, as a time: what strangers say may make a guess absurd.
static inline uint64_t wait_of(double us)
{
    return (uint64_t)fmin(fmax(us, 0), WAIT_US_MAX);
}

static inline bool is_large(const struct sched *s)
{
    return s->helper_count > OFFERS_MAX;
}

// ---- sched_worth.c
bool helper_is_cold(const struct helper *h, const struct task *t); // it has to get the object first
void offer_look(const struct sched *s, const struct task *t, uint32_t helper, struct offer *out);
struct refine_scene offer_scene(const struct sched *s, const struct task *t, uint32_t helper);
// Of its slot: what others would lose meanwhile.
double offer_price(const struct sched *s, uint32_t type, const struct offer *o);
// By which a helper of a large pool is ranked, if it has room.
uint32_t helper_key(const struct sched *s, uint32_t helper, uint32_t type);
void helper_rank(struct sched *s, uint32_t helper); // after anything that changes its worth
void holders_note(struct sched *s, uint64_t object, uint32_t helper);
const struct holders *holders_find(struct sched *s, uint64_t object); // NULL: nobody is known
void prices_look(struct sched *s);                                    // once for each task

// ---- sched_pool.c
// After anything that may change its room, or how long one would wait there.
void helper_recount(struct sched *s, struct helper *h);
void helper_count_to(struct sched *s, uint32_t count); // so many numbers were used
// No helper that is here could take it, ever.
bool task_is_hopeless(const struct sched *s, const struct task *t);

// ---- sched_copy.c
void sched_order_put(struct sched *s, struct told *told, enum sched_kind kind);
void copy_send(struct sched *s, struct task *t, const struct offer *o, uint64_t now_us);
// Neither waited for nor in its helper's way any more.
void copy_end(struct sched *s, struct copy *c, enum copy_state state, double slot_free_us);
void copy_cancel(struct sched *s, struct copy *c, uint64_t now_us);
void copy_late(struct sched *s, struct copy *c, uint64_t now_us); // silent for too long
// Its answer is here, and being judged; copy_learn then tells what of.
void copy_back(struct sched *s, struct copy *c, const struct sched_answer *a, uint64_t now_us);
void copy_learn(struct sched *s, const struct copy *c, enum predict_end end);
void copies_learn_silence(struct sched *s, const struct task *t); // nobody waits for it any more
struct copy *copy_at(struct task *t, uint32_t helper);            // NULL: it had none
bool task_has_live(const struct task *t);                         // copies that may still end it

// ---- sched_place.c
void backups_begin(struct sched *s);
void backups_ease(struct sched *s);                                // once for each task
bool task_place(struct sched *s, struct task *t, uint64_t now_us); // false: nobody can take it now
void task_backup_late(struct sched *s, struct task *t, uint64_t now_us);

#endif
