// SPDX-License-Identifier: MIT
// The worker process's own side: it maps the shared areas, closes the walls and serves calls.
//
// The program (worker.h) and the worker share four areas of one memory file, whose size is
// sealed, and one SEQPACKET socket. A call says how much of the request or object area is
// filled; the answer says how much of the result and report areas is. Lengths cross in the
// messages, by copy, and the program checks them: the worker may be hostile. In the worker the
// areas are apart, with unmapped pages between; request and object are read-only.
#ifndef OS_CELL_H
#define OS_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "os/cage.h"

// What workers run. All functions answer codes; a wrong request must not end the process, but
// may: then a fresh worker takes its place.
struct worker_code {
    const char *name;
    // Once, in the nursery, before any worker is forked: every worker starts with its own copy
    // of *state. Must leave no thread running, and see cage.h on libraries. *state may stay NULL.
    enum rc (*setup)(void **state);
    // Behind the walls. `object` stays valid and unchanged until the next load.
    enum rc (*load)(void *state, struct bytes object);
    // Behind the walls. What does not fit into result or report is dropped (struct buffer).
    enum rc (*run)(void *state, struct bytes request, struct buffer *result, struct buffer *report);
};

enum cell_area { CELL_REQUEST, CELL_OBJECT, CELL_RESULT, CELL_REPORT };
#define CELL_AREAS          4
#define CELL_AREA_BYTES_MAX (1u << 30)

// Sizes in bytes, each 1..CELL_AREA_BYTES_MAX; in the file each starts on a page of its own.
struct cell_areas {
    size_t bytes[CELL_AREAS];
};

// Where an area starts in the file; cell_area_at(a, CELL_AREAS) is the file's size.
size_t cell_area_at(const struct cell_areas *a, size_t area);
// Address space that a worker needs for them, with the unmapped pages between.
size_t cell_address_bytes(const struct cell_areas *a);

enum cell_op { CELL_OP_LOAD = 1, CELL_OP_RUN = 2 };

struct cell_call {
    uint32_t op;
    uint32_t serial; // counts up; 0 is the worker's greeting
    uint64_t len;    // of the request or object
};

struct cell_answer {
    uint32_t serial; // of the call; 0 once the walls stand, result_len then holds them
    uint32_t rc;
    uint64_t result_len;
    uint64_t report_len;
};

struct cell_cfg {
    const struct worker_code *code;
    void *state;
    struct cell_areas areas;
    int memory; // the areas' file
    struct cage_cfg cage;
    uint32_t walls; // from cage_fork
};

// Serves until the socket's other end closes, then ends the process.
NO_RETURN void cell_main(const struct cell_cfg *cfg);

#endif
