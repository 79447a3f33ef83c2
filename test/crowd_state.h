// SPDX-License-Identifier: MIT
// What the files of the simulated crowd share: connections, the hub, who connects to it.
#ifndef TEST_CROWD_STATE_H
#define TEST_CROWD_STATE_H

#include "base/list.h"
#include "base/map.h"
#include "base/rng.h"
#include "compute/broker.h"
#include "compute/gamer.h"
#include "compute/helper.h"
#include "crowd_rows.h"
#include "crowd_sim.h"
#include "sim/entropy.h"
#include "sim/kv.h"
#include "sim/link.h"
#include "sim/world.h"

#define CROWD_TOKEN "the hub's word"

struct crowd;
struct peer;

// ---- Connections (crowd_wire.c)

struct wire { // one connection; lives until both sides have let go of it
    struct list node;
    struct crowd *crowd;
    struct peer *peer;
    struct sim_link *link; // end 0 is the hub
    uint64_t conn;
    uint64_t ping[2]; // events: that side's own pings find out that the other is gone
    bool is_gone[2];  // that side has let go
    bool has_let_go;  // an event is on its way that ends it
};

enum peer_kind { PEER_OWN, PEER_HELPER, PEER_GAMER, PEER_TEXT_GAMER };

struct peer { // who may be at end 1: the first member of each below
    struct crowd *crowd;
    enum peer_kind kind;
    uint32_t index; // among its kind
    bool is_text;
    uint64_t latency_us;
    struct wire *wire; // NULL: not connected
};

// Connects to the hub. False: there is none now.
bool wire_open(struct peer *p);
void wire_send(struct peer *p, struct bytes message); // lost without a connection
void wire_hang_up(struct peer *p);                    // the peer is not told of its own closing
void wire_cut(struct peer *p);                        // both sides are told
void wire_vanish(struct peer *p);                     // nobody is: half-open until pings tell
void wire_from_hub(struct wire *w, struct bytes message);
void wire_hub_closes(struct wire *w); // without telling the broker
// What the kinds do (crowd_helper.c, crowd_gamer.c, crowd_text_gamer.c, crowd_own.c).
void peer_hears(struct peer *p, struct bytes message);
void peer_loses(struct peer *p); // its connection; p->wire is NULL already

// ---- Jobs of gamers, as they must end

enum crowd_job_state { JOB_IS_OPEN, JOB_IS_DONE, JOB_HAS_FAILED, JOB_IS_WITHDRAWN, JOB_IS_LEFT };

struct crowd_job {
    struct peer *gamer;
    uint64_t number;
    enum crowd_job_state state;
    bool is_frame, is_forged; // is_forged: some accepted tile of it was
    uint32_t shape;           // of a frame
    uint64_t seed;            // of a run's params
    uint64_t said_conn;       // where the hub said its end last
    uint64_t submitted_us;
};

#define JOBS_MAX       (1u << 19)
#define ECHO_BYTES_MAX 128u
#define ECHO_POPULAR   64u // tasks that many gamers ask for

struct crowd_job *job_add(struct crowd *c, struct peer *gamer, uint64_t number);
struct crowd_job *job_get(struct crowd *c, const struct peer *gamer, uint64_t number); // or NULL
// What a run of that seed has to echo; of a JSON gamer it is JSON.
struct bytes job_params(const struct crowd_job *j, uint8_t room[static ECHO_BYTES_MAX]);
// It must not have ended before.
void job_close(struct crowd *c, struct crowd_job *j, enum crowd_job_state state);
uint64_t job_seed(struct crowd *c, struct rng *dice);

// ---- The hub (crowd_hub.c)

// What a helper made of a task that it was given.
enum copy_state { COPY_GIVEN = 1, COPY_RIGHT, COPY_FORGED, COPY_FORGED_LITTLE, COPY_UNBOUND };

void hub_start(struct crowd *c);
void hub_crash(struct crowd *c); // comes back by itself
void hub_pump(struct crowd *c);  // after each call of the broker
// Processor time around a call of the broker, if it is to be measured.
uint64_t hub_clock(const struct crowd *c);
void hub_took(struct crowd *c, uint64_t began);
void hub_check(struct crowd *c); // all invariants
void hub_stop(struct crowd *c);  // for good; asserts that all memory is given back
void copy_is(struct crowd *c, uint64_t task, const struct peer *helper, enum copy_state state);

// ---- The hub's own compute, and the kernel behind all (crowd_own.c)

#define OWN_LANES  8u
#define SHAPES_MAX 192u

struct own_lane {
    struct crowd *crowd;
    uint32_t index;
    uint64_t event; // in the world, when it is done; 0: idle
    bool is_load;
    uint8_t *result, *report;
    struct helper_outcome outcome;
};

struct crowd_own {
    struct peer peer;
    struct helper *machine;
    struct sign_key *key;
    struct sim_kv *kv;
    struct arena *arena;
    struct store *store;
    struct budget budget;
    uint64_t timer;
    uint64_t again; // event: it takes its seat again
    struct own_lane lane[OWN_LANES];
};

struct traced { // a result of the tracer; what lies in the kernel's cache
    size_t result_len, report_len;
    uint64_t units;
    uint8_t *result, *report;
};

void kernel_start(struct crowd *c);
void kernel_stop(struct crowd *c);
// The tracer's result of these params: the same for all who compute it.
const struct traced *kernel_trace(struct crowd *c, struct bytes params);
struct msg_submit kernel_frame(const struct crowd *c, uint32_t shape); // shape < SHAPES_MAX
// Is this what the whole frame in one go looks like?
bool kernel_is_right(struct crowd *c, uint32_t shape, struct join *join);
void own_start(struct crowd *c);
void own_stop(struct crowd *c);
void own_hears(struct crowd *c, struct bytes message);
void own_loses(struct crowd *c);

// ---- Helpers (crowd_helper.c)

struct crowd_helper;
void helpers_start(struct crowd *c);
void helpers_leave(struct crowd *c); // for good
void helpers_stop(struct crowd *c);
void helper_hears(struct peer *p, struct bytes message);
void helper_loses(struct peer *p);
struct helper_face { // what the hub's bookkeeping has to do with a helper
    struct digest node;
    bool may_be_barred;
    bool meddles;   // what it says of a task may come before the task
    bool is_barred; // by what the hub that runs now knows
    uint32_t paid;  // results that it knows to be right
};
struct helper_face *helper_face(struct crowd *c, uint32_t index);
struct peer *helper_by_node(const struct crowd *c, const struct digest *node); // NULL: none

// ---- Gamers (crowd_gamer.c, crowd_text_gamer.c)

struct crowd_gamer;
struct crowd_text_gamer;
void gamers_start(struct crowd *c);
void gamers_rest(struct crowd *c);  // submit nothing more, and stay
void gamers_leave(struct crowd *c); // for good
void gamers_stop(struct crowd *c);
void gamer_hears(struct peer *p, struct bytes message);
void gamer_loses(struct peer *p);
void text_gamers_start(struct crowd *c);
void text_gamers_rest(struct crowd *c);
void text_gamers_leave(struct crowd *c);
void text_gamers_stop(struct crowd *c);
void text_gamer_hears(struct peer *p, struct bytes message);
void text_gamer_loses(struct peer *p);

// ---- JSON (crowd_text.c)

// Of the member `name` of the first object in which it stands, the value as it is written; empty:
// there is none.
struct bytes text_value(struct bytes message, const char *name);
uint64_t text_task(struct bytes message); // the number in "task_id": "task_N"

// ---- All together

struct crowd {
    struct crowd_cfg cfg;
    struct crowd_report report;
    struct world *world;
    struct rng dice;
    struct arena *tables;

    struct broker *broker; // NULL: it is down
    struct budget budget;
    struct sim_entropy entropy;
    struct sim_kv *kv, *results_kv;
    struct arena *store_arena;
    struct store *store, *results_store;
    struct sign_key *key;
    struct rows *rows;
    uint64_t timer, due_us;
    bool is_commit_armed;
    uint64_t commit;
    uint64_t life; // how often the hub has started
    uint64_t pumps;
    struct map *conns; // wires that the hub knows
    struct map *copies;
    struct list wires;
    uint64_t last_conn;

    void *kernel;
    struct budget scenes;
    struct buffer scene;
    struct digest scene_name;
    struct camera camera;
    struct map *traced;
    struct traced *passing;
    uint8_t *report_room;
    struct crowd_own own;

    struct crowd_helper *helper;
    struct map *helper_by_node;
    struct crowd_gamer *gamer;
    struct crowd_text_gamer *text_gamer;
    struct crowd_job *job;
    uint32_t job_count, jobs_open;
    struct map *job_by_key;
    bool is_resting; // no gamer submits any more
    bool is_over;    // everybody has left for good
};

static inline uint64_t crowd_now(const struct crowd *c)
{
    return world_now_us(c->world);
}
void *crowd_take(size_t len); // zeroed; asserts instead of failing
void crowd_must(enum rc rc);
struct sign_key *crowd_key(struct rng *dice);

#endif
