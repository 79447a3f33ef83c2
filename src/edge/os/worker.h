// SPDX-License-Identifier: MIT
// A sandboxed worker as the program sees it: give it an object, give it requests, get answers.
//
//     worker_new(&w, &cfg);                       // starts at once; calls may follow at once
//     worker_load(w, object, budget_us);  -> on_done
//     worker_run(w, request, budget_us);  -> on_done, any number of times
//     worker_close(w);
//
// One call at a time. A worker that crashes, runs over its budget or breaks the protocol is
// killed, costs that one call and is replaced by a fresh process, which has no object loaded:
// on_dead says so. A call accepted while the next process is still starting is held and sent
// when it is there. Processes that die in a row without answering anything are replaced ever
// more slowly (WORKER_RETRY_US_MAX), so a broken set-up cannot become a fork storm.
//
//            spawn            greeting            call
//   WAITING -------> STARTING --------> READY <---------> BUSY
//      ^                |                 | kill, crash     |
//      |   ended        v                 v                 v
//      +------------- DYING <------------------------------+       any -> GONE: nursery is gone
//
// Handlers are called from the loop, never from inside a call here, and may call the worker
// again or close it. Belongs to one loop.
#ifndef OS_WORKER_H
#define OS_WORKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "os/cage.h"
#include "os/nursery.h"

struct worker;

#define WORKER_START_US         10000000u // from spawn to greeting; then it is killed
#define WORKER_RETRY_FREE       4         // deaths in a row that are replaced at once
#define WORKER_RETRY_US         10000u    // the next one waits this long, then twice, ...
#define WORKER_RETRY_US_MAX     5000000u
#define WORKER_MEMORY_BYTES_MAX (1ull << 40)
#define WORKER_CPU_S_MAX        (1u << 30)
#define WORKER_KEEP_BYTES       (1u << 20) // larger results give their pages back when read

struct worker_limits {
    // Each of the four is 1..CELL_AREA_BYTES_MAX; memory is used only where it is touched.
    size_t request_bytes;
    size_t object_bytes;
    size_t result_bytes;
    size_t report_bytes;
    uint64_t memory_bytes; // ..WORKER_MEMORY_BYTES_MAX: what the code may map, beyond the four and
                           // its set-up
    uint64_t
        cpu_s; // 1..WORKER_CPU_S_MAX, of a process's life; at half of it an idle one is replaced
};

#define WORKER_LIMITS                                                                              \
    ((struct worker_limits){.request_bytes = 65536,                                                \
                            .object_bytes = 256u << 20,                                            \
                            .result_bytes = 64u << 20,                                             \
                            .report_bytes = 1u << 20,                                              \
                            .memory_bytes = 2ull << 30,                                            \
                            .cpu_s = 14400})

struct worker_done {
    // The code's own answer; or RC_TIMEOUT: over its budget, or over cpu_s; RC_CRASHED: it died;
    // RC_CLOSED: no worker can be had any more; RC_UNSUPPORTED: this machine cannot cage;
    // RC_NOMEM, RC_IO: no process could be made, or none reached.
    enum rc rc;
    // Copies in the program's memory, which no worker can change; borrowed until the next call
    // that is sent. Empty unless the code answered. May be filled whatever rc is.
    struct bytes result;
    struct bytes report;
    uint64_t cpu_us;  // processor time of this call: the kernel's word, read by the program
    uint64_t wall_us; // from sending to answer or death
    const char *text; // for a person; never NULL; borrowed for the call
};

struct worker_handlers {
    void *self;
    void (*on_done)(void *self, const struct worker_done *done);
    // The process is gone, and what was loaded with it; a fresh one is on its way unless why is
    // RC_CLOSED or RC_UNSUPPORTED. Comes before the on_done of the call it died on, if any; until
    // that, calls are answered RC_AGAIN. why: as rc above; RC_OK after worker_renew.
    void (*on_dead)(void *self, enum rc why, const char *text);
};

struct worker_cfg {
    struct arena *arena; // *out lives in it
    struct nursery *nursery;
    struct loop *loop; // the one that the nursery listens on
    struct worker_limits limits;
    struct worker_handlers handlers; // both functions set
};

// RC_CONFIG: a limit is out of range; RC_FULL: too many; RC_NOMEM, RC_IO, RC_CLOSED.
MUST_USE enum rc worker_new(struct worker **out, const struct worker_cfg *cfg);

// Both copy their bytes before they return. budget_us: wall time from sending to answer, > 0,
// acted on in whole milliseconds. RC_AGAIN: a call is outstanding, or the process is just being
// ended; RC_FULL: more than limits allow; RC_CLOSED: no worker can be had any more.
MUST_USE enum rc worker_load(struct worker *w, struct bytes object, uint64_t budget_us);
MUST_USE enum rc worker_run(struct worker *w, struct bytes request, uint64_t budget_us);

// A fresh process with clean areas, for the next owner's tasks; on_dead(RC_OK) follows, and a
// call that was sent ends with RC_CLOSED. Does nothing if no process has served anyone yet.
void worker_renew(struct worker *w);

uint32_t worker_walls(const struct worker *w); // of the newest process; 0 before its greeting
pid_t worker_pid(const struct worker *w);      // 0: none

// Kills the process; no handler is called any more. Run the loop once more before the arena
// dies. NULL is fine.
void worker_close(struct worker *w);

#endif
