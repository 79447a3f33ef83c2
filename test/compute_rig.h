// SPDX-License-Identifier: MIT
// A hub, its own compute, helpers and gamers as machines in a simulated world, with faults.
//
// Real machines, real kernels, real results; time, links and failures are the world's. A lane's
// work takes `units x us_per_unit` of virtual time, whatever the computation takes here. The rig
// keeps the broker's records as a host would, and can cut the hub's power.
#ifndef TEST_COMPUTE_RIG_H
#define TEST_COMPUTE_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "compute/broker.h"
#include "compute/gamer.h"
#include "compute/helper.h"
#include "sim/link.h"
#include "sim/world.h"

#define RIG_HELPERS_MAX 64u
#define RIG_GAMERS_MAX  4u

enum rig_fault {
    RIG_HONEST,
    RIG_SILENT,  // takes tasks, lives, never answers
    RIG_FAILING, // every run is reported as a crash
    RIG_FORGING, // spoils `spoiled_permille` of every tile's pixels
    RIG_DYING,   // its link breaks when it has taken `after_tasks` tasks
    RIG_HOLE,    // from then on all that it sends vanishes, heartbeats too
};

struct rig_cfg {
    uint64_t seed;
    bool is_own_last;
    uint32_t attempts_max;
    const char *token;   // of the hub; NULL: none
    size_t broker_bytes; // memory budget of the broker
};

struct rig;

struct rig *rig_new(const struct rig_cfg *cfg); // asserts instead of failing
void rig_free(struct rig *r);
struct world *rig_world(struct rig *r);
struct broker *rig_broker(struct rig *r);
size_t rig_broker_used_bytes(const struct rig *r);

struct rig_helper_cfg {
    enum rig_fault fault;
    uint32_t after_tasks;      // DYING, HOLE
    uint32_t spoiled_permille; // FORGING
    uint32_t slots;            // 0: 1
    double us_per_unit;        // 0: 1
    uint64_t latency_us;       // one way; 0: 1000
};

// Connects at once; index from 0 on.
uint32_t rig_helper(struct rig *r, const struct rig_helper_cfg *cfg);
void rig_helper_cut(struct rig *r, uint32_t index);
void rig_helper_return(struct rig *r, uint32_t index); // connects again with the same key
void rig_own_return(struct rig *r); // the hub's own compute, if it lost its place
// Power is gone at the hub and back at once; whoever is not gone for good connects again. is_deaf:
// from now on the host takes no records, which are then lost with the next crash.
void rig_hub_crash(struct rig *r);
void rig_hub_deaf(struct rig *r, bool is_deaf);
struct helper *rig_helper_machine(struct rig *r, uint32_t index);

// A gamer with the given token (NULL: none) and scene (borrowed).
uint32_t rig_gamer(struct rig *r, const char *token, struct bytes scene);
struct gamer_side *rig_gamer_machine(struct rig *r, uint32_t index);
void rig_gamer_cut(struct rig *r, uint32_t index);
// Connects again with the same key, whatever became of the connection before. The hub may not have
// noticed yet; it is told after the new one is there.
void rig_gamer_return(struct rig *r, uint32_t index);
bool rig_gamer_is_in(struct rig *r, uint32_t index); // its end of the connection is open
// Gives up what is under way, for good: it does not come back by itself after a crash.
void rig_gamer_abandon(struct rig *r, uint32_t index);
uint64_t rig_gamer_twice(struct rig *r, uint32_t index); // tiles that came although they were there
uint64_t rig_submit(struct rig *r, uint32_t gamer, const struct msg_submit *m); // job
// One echo; text is params and label, and what must come back. The job.
uint64_t rig_run_echo(struct rig *r, uint32_t gamer, const char *text);
uint64_t rig_run_of(struct rig *r, uint32_t gamer, const struct msg_run *m); // without a label
// Its events, in order; false: none yet.
bool rig_gamer_event(struct rig *r, uint32_t gamer, struct gamer_event *out);
// Raw bytes from a helper to the hub, as a liar sends them.
void rig_inject(struct rig *r, uint32_t helper, struct bytes message);

// Runs until `until_us` of virtual time, checking the broker's invariants after every event; or
// until the gamer has an event of this kind, which is then left in *out: true.
bool rig_run_to(struct rig *r, uint32_t gamer, enum gamer_event_kind kind, uint64_t until_us,
                struct gamer_event *out);
void rig_run(struct rig *r, uint64_t until_us);

#endif
