// SPDX-License-Identifier: MIT
// What the broker's files share: its connections, gamers and itself. Each file calls only those
// above it here:
//
//     broker_tell.c      what it says, to connections and to its operator
//     broker_records.c   what must not be forgotten, as records
//     broker_kept.c      results that are kept for other jobs
//     broker_tasks.c     tasks as helpers and the scheduler know them
//     broker_needs.c     jobs that need the results of others
//     broker_jobs.c      jobs, whatever they are: made, told of, ended
//     broker_gamers.c    gamers: here, away for a while, and back
//     broker_objects.c   what jobs need, from their gamers
//     broker_runs.c      single tasks, from a gamer's word to the answer
//     broker_frames.c    frames: scene, plan, tiles
//     broker_work.c      what helpers answer, through verification to its job
//     broker_assign.c    tasks to helpers; jobs that can go on
//     broker_restore.c   after a crash
//     broker.c           the face: connections, who they are, what they say
//     broker_check.c     what must hold of all that, for tests and simulations
//
// Nothing below knows what is above it: what has become possible is left as news (job_has_news),
// who is to be sent away as refused (conn_refuse), and both are seen to before the turn is over.
#ifndef COMPUTE_BROKER_STATE_H
#define COMPUTE_BROKER_STATE_H

#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"
#include "compute/broker.h"
#include "compute/dialect.h"
#include "compute/fetch.h"
#include "compute/frame.h"
#include "compute/job.h"
#include "compute/results.h"
#include "compute/roster.h"
#include "compute/session.h"
#include "trust/guard.h"
#include "work/sched.h"

#define WORK_TILE_UNITS 100000.0 // of trace's cost: a tile as usual, which the scheduler calls 1

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
    enum dialect dialect;
    struct broker_guest guest;
    struct guard_key key; // of who it is, if has_place: it counts among the key's connections
    bool has_place;
    struct msg_challenge challenge; // in CBOR
    struct seat *seat;              // of a helper
    struct gamer *gamer;            // of a gamer
    struct list refused; // in the broker's, until the turn is over: it is to be closed ...
    enum rc refused_rc;  // ... and why, a literal
    const char *refused_text;
};

struct origin { // where gamers come from, while some of them are here or may come back
    struct list node;
    uint8_t at[BROKER_ORIGIN_BYTES];
    uint32_t gamer_count;
    struct party party;
};

struct kept {         // a result that other jobs may need, in the store, pinned; a block
    struct list node; // in its gamer's
    struct gamer *gamer;
    struct job_key key;
    struct digest object;
    uint64_t bytes;
};
#define BROKER_KEPT_MAX       64u // of one gamer
#define BROKER_KEPT_BYTES_MAX ((uint64_t)256 << 20)
#define BROKER_KEPT_PART      4u // of tasks_max: results that are kept of all gamers together

struct gamer {
    struct list node;
    struct heap_node away; // while it is: when it is given up; when it is back: when all that it
                           // did not come back to is
    struct list changed;   // while the disk does not know of it
    struct conn *conn;     // NULL: away, or not back since a crash
    struct origin *origin; // NULL: this machine, or not back since a crash
    struct digest id;      // its node id
    char name[MSG_NAME_BYTES];
    struct list jobs;
    struct list fetching;            // those of them that wait for what it has to give
    uint32_t frame_count, run_count; // not yet done
    uint32_t jobs_done, jobs_failed; // since its last record
    struct view view;
    struct fetch *fetch; // the scene on its way, NULL: none
    struct session session;
    struct line line[SKILLS_MAX]; // what waits of it
    struct list kept;             // oldest first
    uint32_t kept_count;
    uint64_t kept_bytes;
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
    uint32_t attempts_max, conns_max, tasks_max; // of cfg, none of them 0
    uint32_t ahead;
    struct sched *sched;
    struct entropy entropy;
    const struct log *log;

    uint64_t now_us; // of this turn
    uint64_t payer;  // connection at whose expense this turn is; 0: none that is here
    struct map *conns;
    struct guard *keys; // what one key may do
    struct list conn_list;
    struct list refused; // connections that this turn's end closes
    struct heap lives;
    struct roster roster;
    struct queue queue;
    struct results results;
    struct map *jobs; // by job_key
    struct map *kept; // by job_key
    struct list news; // jobs that can go on, or cannot be done any more: seen to before anything
    struct heap deadlines;
    struct list gamers;
    struct list gamers_changed;
    struct map *origins; // by address
    struct list origin_list;
    struct map *away; // by node id: gamers without a connection
    struct heap aways;
    struct outbox outbox;
    struct records records;
    struct broker_note *notes; // ring of BROKER_NOTES_MAX
    size_t note_first, note_count;
    struct broker_stat stat;
    struct quantiles *wait_us, *work_us, *run_us;
    uint64_t peers_us; // when gamers may be told again how many helpers there are
    uint32_t peers_told;
    uint64_t last_told; // number of the last message in JSON
};

// ---- broker_tell.c

// To whoever is behind that connection, in its own words.
void broker_tell(struct broker *b, uint64_t conn, const struct msg *m);
// The same to a gamer, if it is there.
void gamer_tell(struct broker *b, const struct gamer *g, const struct msg *m);
void gamer_tell_failed(struct broker *b, struct gamer *g, uint64_t number, const char *label,
                       const struct msg_refuse *why);
struct msg failed_msg(uint64_t number, const char *label, const struct msg_refuse *why);
struct msg_refuse refuse_because(enum rc rc, const char *text);
// It is told why, and closed, before this turn is over; its work is taken back then. text is a
// literal; of several reasons the first counts.
void conn_refuse(struct broker *b, struct conn *c, enum rc rc, const char *text);
void broker_note_put(struct broker *b, const struct broker_note *note);
struct broker_note job_note(enum broker_note_kind kind, const struct job *j);
struct who { // a helper
    const struct digest *node;
    const char *name;
};
void job_note_task(struct broker *b, enum broker_note_kind kind, const struct task *t,
                   const struct who *who);

// ---- broker_records.c

void gamer_changed(struct broker *b, struct gamer *g);                 // the disk is to know
void gamer_record_last(struct broker *b, struct gamer *g);             // before it is freed
void job_record(struct broker *b, struct job *j, const struct msg *m); // it came in by m
void job_record_plan(struct broker *b, const struct job *f);
// The disk hears of the end, unless it never heard of the beginning.
void job_record_end(struct broker *b, struct job *j, enum record_state state);
// A verified result: known from now on, for whoever asks the same again.
void result_keep(struct broker *b, const struct task *t, struct bytes bytes);

// ---- broker_kept.c

// Into the store; what is kept gives way. wanted NULL: under whatever name it has, which goes to
// *name. As store_put; RC_FULL: nothing is left to give way.
MUST_USE enum rc object_put(struct broker *b, const struct digest *wanted, struct bytes bytes,
                            struct digest *name);
// NULL: no room.
const struct kept *kept_put(struct broker *b, const struct job *j, struct bytes result);
void kept_move_all(struct gamer *from, struct gamer *to); // two records of the same gamer
void kept_drop_all(struct broker *b, struct gamer *g);

// ---- broker_tasks.c

uint32_t work_types(void); // of tasks, as the scheduler knows them
uint32_t work_type(const struct task *t);
double work_size(const struct task *t);
uint64_t work_payer(const struct task *t);             // the connection it is for; 0: none is here
void work_sit(struct broker *b, const struct seat *s); // somebody is here to work
// Microseconds that a unit of trace's cost takes this helper, as far as is known; > 0.
double work_us_per_unit(const struct broker *b, const struct seat *s);
// What a run of so many units is expected to take whoever gets it; 0: nobody is here.
double work_expect_us(const struct broker *b, uint32_t skill, double units);
void work_withdraw(struct broker *b, struct task *t); // copies of it may stop
// What was pinned for it: the inputs of a run; of a check, a result that was shown.
void work_let_go(struct broker *b, const struct task *t);
void work_drop(struct broker *b, struct task *t);   // nobody needs it any more
void work_missed(struct broker *b, struct seat *s); // it let somebody wait for nothing
void work_note_lost(struct broker *b, struct task *t, const struct who *who, const char *why);

// ---- broker_needs.c

// RC_NOMEM; RC_MALFORMED: too many inputs; RC_ABSENT: it needs what will not be. What is kept
// already is taken.
MUST_USE enum rc pending_make(struct broker *b, struct job *r, const struct msg_run *m);
void pending_free(struct broker *b, struct pending *p); // NULL is fine
bool pending_lacks_job(const struct pending *p);
// The first input that the store does not hold; NULL: it has all. No job is lacking.
const struct digest *pending_lacks_object(struct broker *b, struct pending *p);
void pending_rank(struct job *r); // what it needs is to begin in time
uint64_t job_start_by_us(const struct job *j);
// Its result is there: jobs that need it go on. False: there is no room for it.
MUST_USE bool job_keep_result(struct broker *b, struct job *j, struct bytes result);
void job_orphan(struct broker *b, struct job *j);   // it ends: who needs it still cannot be done
void job_has_news(struct broker *b, struct job *j); // it can go on, or cannot be done

// ---- broker_jobs.c

// NULL: no room.
struct job *job_new(struct broker *b, struct gamer *g, uint64_t number, enum job_kind kind);
// For one more in work. The oldest that the gamer did not name since it is back makes room: who was
// killed knows nothing of what it had asked for.
bool job_has_room(struct broker *b, struct gamer *g, enum job_kind kind);
struct job *job_known(const struct broker *b, const struct gamer *g, uint64_t number); // or NULL
// The gamer named it on the connection that it has now. Only there does it hear of it: on a new one
// it would not know yet what the words are about, or what it lacks.
void job_named(struct job *j);
void job_tell(struct broker *b, const struct job *j, const struct msg *m);
void job_uncount(struct broker *b, struct job *j); // not in work any more, however it ended
void job_free(struct broker *b, struct job *j);    // it has no tasks
void job_end(struct broker *b, struct job *j, enum record_state state);
void job_fail(struct broker *b, struct job *j, enum rc rc, const char *text);
void job_withdraw(struct broker *b, struct gamer *g, uint64_t number);

// ---- broker_gamers.c

// Somebody of that id is here: with the jobs it left, if it was away. NULL: no room.
struct gamer *gamer_arrive(struct broker *b, const struct digest *id, const char *name);
// One that is not here yet, but may come back to its jobs. NULL: no room.
struct gamer *gamer_expect(struct broker *b, const struct digest *id, const char *name);
// It is at the other end of that connection. False: no room.
MUST_USE bool gamer_attach(struct broker *b, struct gamer *g, struct conn *c);
// Its connection is gone: its jobs wait for it, if there are any; else it is freed.
void gamer_detach(struct broker *b, struct gamer *g);
void gamer_free_all(struct broker *b, struct gamer *g); // with all of its jobs
// A job to another record of the same gamer: it has connected twice.
void job_move(struct broker *b, struct job *j, struct gamer *to);
void job_late(struct broker *b); // deadlines, and gamers that did not come back

// ---- broker_objects.c

void job_fetch(struct job *j);                            // it waits for what its gamer has to give
void job_want_objects(struct broker *b, struct gamer *g); // that its jobs wait for
void job_object_part(struct broker *b, struct gamer *g, const struct msg_object_part *m);
void job_object_none(struct broker *b, struct gamer *g, const struct digest *digest);
// A part of one, to whoever may know it: all who said who they are.
void object_give(struct broker *b, const struct conn *c, const struct msg_object_get *get);

// ---- broker_runs.c

void job_run(struct broker *b, struct gamer *g, const struct msg_run *m, bool is_text);
// By its pending: it begins, waits for what it lacks, or fails.
void job_try_run(struct broker *b, struct job *r);
void job_run_done(struct broker *b, struct task *t, struct bytes bytes);
// Taken back after a crash: as if it came in again, but for the age of its deadline.
void job_rerun(struct broker *b, struct job *r, const struct msg_run *m, uint64_t age_us);

// ---- broker_frames.c

void job_submit(struct broker *b, struct gamer *g, const struct msg_submit *m);
void job_start_frame(struct broker *b, struct job *f); // its scene may be here, or not yet
void job_probed(struct broker *b, struct job *f, struct bytes report);
// A piece of it is verified: `parts` were redone. The task is freed.
void job_tile_done(struct broker *b, struct task *t, struct bytes bytes, uint32_t parts);
void job_keep_done(struct broker *b, struct job *f); // for a gamer that did not hear of its end

// ---- broker_work.c

void work_result(struct broker *b, struct seat *s, const struct msg_result *m);
void work_failure(struct broker *b, struct seat *s, const struct msg_failure *m);
// A seat is about to be left: all that it holds goes to others.
void work_lost(struct broker *b, struct seat *s);
void work_rested(struct broker *b); // who has rested gets work again

// ---- broker_assign.c

void work_assign(struct broker *b); // last of all in a turn

#endif
