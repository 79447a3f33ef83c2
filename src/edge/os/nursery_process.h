// SPDX-License-Identifier: MIT
// The nursery's own process, and what it and the program say to each other.
//
// Messages are structs by copy over a SEQPACKET socket between two processes of one image. A
// worker is named by the serial of the order that made it, never by its pid.
#ifndef OS_NURSERY_PROCESS_H
#define OS_NURSERY_PROCESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/rc.h"
#include "os/cell.h"
#include "os/nursery.h"

enum nursery_verb { NURSERY_SPAWN = 1, NURSERY_KILL = 2 };

struct nursery_message { // program to nursery; a spawn carries two descriptors
    uint32_t verb;
    uint32_t serial; // 1..
    struct cell_areas areas;
    uint64_t memory_bytes;
    uint64_t cpu_s;
};

enum nursery_event { NURSERY_STARTED = 1, NURSERY_ENDED = 2, NURSERY_FAILED = 3 };

struct nursery_note { // nursery to program
    uint32_t event;
    uint32_t serial;
    int32_t pid;    // started
    int32_t status; // ended
    uint64_t cpu_us;
    uint32_t rc; // failed
};

struct nursery_ready { // the first thing said
    uint32_t rc;
    char text[ERR_TEXT_BYTES];
};

#define NURSERY_FDS 2 // with a spawn: the worker's socket, the areas' memory file

// Threads of this process; 0: /proc does not say.
size_t nursery_thread_count(void);

// Never returns; the workers it forks end in cell_main. program: who must be alive for it.
NO_RETURN void nursery_process(int socket, pid_t program, const struct nursery_cfg *cfg);

#endif
