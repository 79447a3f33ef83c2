// SPDX-License-Identifier: MIT
// Gamers and echo helpers around one coordinator, and an exact count of what became of each task.
//
//     crowd_init(c, &cfg);
//     crowd_gather(c);         // gamers and helpers are known to the coordinator
//     crowd_add_idle(c);       // then those who only wait
//     crowd_load(c, seconds);  // tasks, then silence until all are answered or given up
//     ... c->count, c->latency_ns ...
//     crowd_end(c);
//
// A task is in one state: waiting for its answer, done, failed or lost. Whatever comes for a task
// that is done or failed is `twice`; what was never asked, comes to another gamer, or comes back
// changed is `wrong`. So sent = done + failed + lost after crowd_load, which is checked.
#ifndef HUB_LOAD_CROWD_H
#define HUB_LOAD_CROWD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/rng.h"
#include "base/stat.h"
#include "hub_load_link.h"
#include "hub_load_words.h"

#define CROWD_GAMERS_MAX  1024
#define CROWD_HELPERS_MAX 20000      // idle ones too
#define CROWD_WAITING_MAX 65536      // tasks without an answer, of all gamers
#define CROWD_TASKS_MAX   0x10000000 // in one run: 4 bytes each, where they are used

struct crowd_cfg {
    const char *host;
    uint16_t port;
    bool is_direct; // no coordinator: each gamer is wired to a helper of its own
    enum words_vocabulary vocabulary;
    size_t gamers, helpers, idle_helpers;
    size_t outstanding;  // of each gamer
    double rate_tasks_s; // open loop; 0: a gamer sends its next task when one was answered
    uint64_t same;       // so many different tasks; 0: all differ
    size_t payload_bytes;
    uint64_t seed, run;
    uint64_t give_up_ns; // without an answer for so long a task counts as lost
    double kills_s;      // helpers killed per second
    bool has_reconnect, has_spin;
};

struct crowd_count {
    uint64_t sent, done, failed, lost;
    uint64_t in_time; // done before the load's end
    uint64_t late;    // done or failed, after they were given up
    uint64_t twice, wrong;
    uint64_t unnamed;                            // failures that did not say whose they were
    uint64_t unknown;                            // messages of no known kind
    uint64_t resent, reconnects, kills, dropped; // dropped: tasks in a killed helper's hand
};

struct actor { // a gamer or a helper; the fields of tasks are a gamer's
    struct link link;
    struct list off; // on crowd->off while it is to connect
    uint64_t retry_ns;
    size_t index;
    bool is_helper, is_ready, is_idle, was_ready;
    struct list waiting; // its tasks, oldest first
    size_t waiting_count;
};

struct task {
    struct list node; // on its gamer's list, or on crowd->spare
    uint64_t number;
    uint64_t intended_ns; // when it was to be sent: latency counts from here
    uint64_t due_ns;      // when it is given up
    struct actor *gamer;
};

struct crowd { // private but for the figures at the end
    struct crowd_cfg cfg;
    struct link_net net;
    struct words words;
    struct actor *gamer, *helper; // helpers that work, then idle ones
    size_t helper_count;          // of those that were started
    size_t starting, ready;       // actors under way; actors registered
    struct list off;
    struct task *task;
    struct list spare;
    uint32_t *record; // by a task's number: its place among tasks, or what became of it
    struct rng rng;
    struct actor *doomed; // a helper that dies at its next task, or at doom_ns
    bool dooms_next;      // so does whoever is given the next task
    uint64_t doom_ns, kill_ns, beat_ns, tick_ns, arrival_ns, end_ns, now_ns;
    size_t beat_index, turn; // whose heartbeat, whose arrival is next
    bool is_loading;
    const char *fault; // why it cannot go on; NULL: it can
    uint8_t *message;  // scratch for what is said

    struct crowd_count count;
    struct quantiles latency_ns, lag_ns; // lag: sent after it was intended
};

void crowd_init(struct crowd *c, const struct crowd_cfg *cfg);
void crowd_end(struct crowd *c);
// False: c->fault says why.
bool crowd_gather(struct crowd *c);
bool crowd_add_idle(struct crowd *c);
bool crowd_load(struct crowd *c, double seconds);

#endif
