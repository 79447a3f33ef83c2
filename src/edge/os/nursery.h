// SPDX-License-Identifier: MIT
// The process that workers are forked from, and its end in the program.
//
// Start it first thing in main, while the program has one thread and no secret: workers are
// copies of it, so they can hold nothing of the owner's. It runs the code's set-up once, forks
// workers on request, reaps them, and alone kills them, so no signal ever meets a reused pid.
// When the program ends, however it ends, the nursery and all workers end with it.
//
//     program                      nursery                     worker i
//        | start: socketpair, fork ---> setup, drop root
//        | <------------------ ready      |
//        | spawn i (socket, memory) --->  | fork ------------> walls close
//        | <---------------- started i    |                       |
//        | <======= its own socket: greeting, calls, answers ====>|
//        | kill i ----------------------> | SIGKILL ------------> X
//        | <---------- ended i, status    |
#ifndef OS_NURSERY_H
#define OS_NURSERY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/rc.h"
#include "os/cell.h"
#include "os/loop.h"

struct nursery;

// With two notes and two orders each outstanding, no queue of the socket between can fill up.
#define NURSERY_WORKERS_MAX 64
#define NURSERY_READY_MS    20000 // the code's set-up takes no longer

struct nursery_cfg {
    const struct worker_code *code; // outlives the nursery
    bool has_no_spaces;             // never try namespaces
};

// Blocks until the code's set-up is done. *out lives in arena; NULL on failure.
// RC_CONFIG: this process has more than one thread already. RC_UNSUPPORTED: no seccomp here, or
// the set-up left threads. RC_TIMEOUT, RC_NOMEM, RC_IO, or what the set-up answered.
MUST_USE enum rc nursery_start(struct nursery **out, struct arena *arena,
                               const struct nursery_cfg *cfg, struct err *err);

// Listens on the loop from now on; call once, before the first worker. RC_IO.
MUST_USE enum rc nursery_listen(struct nursery *n, struct loop *loop);

// Ends every worker and the nursery, and returns when they are gone. NULL is fine. If it was
// listening, run the loop once more before the arena dies. Close the workers first.
void nursery_stop(struct nursery *n);

bool nursery_is_alive(const struct nursery *n);
pid_t nursery_pid(const struct nursery *n);

// What follows is worker.c's side.

struct nursery_child { // embedded by its owner
    uint32_t index;    // private
    uint32_t serial;   // private; 0: no worker
    void *self;
    void (*on_started)(void *self, pid_t pid);
    // status as of waitpid; cpu_us of its whole life, the kernel's word.
    void (*on_ended)(void *self, int status, uint64_t cpu_us);
    // It never started. RC_CLOSED: the nursery itself is gone, and with it every worker.
    void (*on_failed)(void *self, enum rc rc);
};

struct nursery_order {
    struct cell_areas areas;
    uint64_t memory_bytes; // beyond what the nursery itself has mapped and the areas
    uint64_t cpu_s;
    int socket; // both are copied to the worker and stay the caller's
    int memory;
};

// Takes a place for c, whose fields self and on_* are set. RC_FULL: NURSERY_WORKERS_MAX.
MUST_USE enum rc nursery_join(struct nursery *n, struct nursery_child *c);
void nursery_leave(struct nursery *n, struct nursery_child *c); // kills its worker, if any
// One at a time per child: on_started, then on_ended; or on_failed. RC_AGAIN, RC_CLOSED.
MUST_USE enum rc nursery_spawn(struct nursery *n, struct nursery_child *c,
                               const struct nursery_order *order);
void nursery_kill(struct nursery *n, const struct nursery_child *c); // on_ended follows

#endif
