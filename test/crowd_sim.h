// SPDX-License-Identifier: MIT
// A hub among ten thousand: one real broker in a simulated world of churn and every fault.
//
//     struct crowd_report report;
//     crowd_run(&(struct crowd_cfg){.seed = 7, .helpers = 10000, ...}, &report);
//
// Real: the broker with its stores, its own compute, gamers as machines, all messages, signatures,
// and the kernels' results. Light: helpers, and gamers that speak JSON, are models of what the
// wire sees of them, each with its own speed, slots, way and fault. Time, links, disk and dice are
// the world's, so that one seed is one history; its hash says whether it was.
//
// The hub crashes and comes back with the rows that its disk had by then. After each event cheap
// invariants are checked, after each `check_every`th all of them; at the end each job has ended
// exactly once for its gamer and all memory is given back. A breach asserts.
#ifndef TEST_CROWD_SIM_H
#define TEST_CROWD_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CROWD_HELPERS_MAX 16000u
#define CROWD_GAMERS_MAX  256u

struct crowd_cfg {
    uint64_t seed;
    uint32_t helpers;         // half of them, by dice, speak JSON
    uint32_t gamers;          // machines (compute/gamer.h)
    uint32_t text_gamers;     // models that speak JSON
    uint32_t faulty_permille; // of the helpers
    uint32_t backlog;         // tasks that each gamer keeps under way
    uint32_t crashes;         // of the hub
    uint64_t lost_us;         // what was taken so shortly before a crash is not on the disk
    uint64_t work_us;         // how long gamers submit
    uint64_t service_us;      // mean time that a helper of mean speed takes for an echo
    uint32_t check_every;     // pumps of the hub between two full checks
    size_t hub_bytes;         // memory budget of the broker
    bool is_calm;             // gamers stay, withdraw nothing, and have only echoes to do
    bool is_timed;            // hub_us is measured, which takes time itself
    bool is_scarce;           // hub_bytes will not be enough: jobs may fail for that reason
};

struct crowd_report { // the same for the same cfg, but wall_us and hub_us
    uint64_t hash;
    uint64_t events, checks, world_us;
    uint64_t messages;     // of the hub, to all
    uint64_t jobs;         // submitted
    uint64_t runs, frames; // done
    uint64_t cached;       // of them, made before
    uint64_t failed, withdrawn, abandoned;
    uint64_t copies; // of tasks given to helpers
    uint64_t retries;
    uint64_t forged;          // results that were
    uint64_t forged_found;    // of them, told wrong
    uint64_t forged_accepted; // few pixels of a tile; never an echo
    uint64_t unbound;         // results that were not the helper's own: replayed, or nonsense
    uint64_t barred, barred_honest, told_why; // told_why: barred ones that came again, and heard
    uint64_t connects, crashes, restored, resumed;
    uint64_t served_min, served_max; // runs done by the gamer that got least, most
    size_t peak_bytes;               // of the broker's budget
    uint64_t wall_us;
    uint64_t hub_us; // processor time of the broker, without its outbox
};

void crowd_run(const struct crowd_cfg *cfg, struct crowd_report *out);
void crowd_print(const struct crowd_cfg *cfg, const struct crowd_report *r); // to stdout

#endif
