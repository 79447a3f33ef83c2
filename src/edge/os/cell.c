// SPDX-License-Identifier: MIT
// The worker process's own side: it maps the shared areas, closes the walls and serves calls.
#include "os/cell.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define CELL_PAGE_BYTES                                                                            \
    ((size_t)65536) // the largest page of the machines we know; a multiple of all

struct cell {
    const struct worker_code *code;
    void *state;
    size_t cap[CELL_AREAS];
    uint8_t *area[CELL_AREAS];
};

size_t cell_area_at(const struct cell_areas *a, size_t area)
{
    assert(area <= CELL_AREAS);
    size_t at = 0;
    for (size_t i = 0; i < area; i++) {
        assert(a->bytes[i] > 0 && a->bytes[i] <= CELL_AREA_BYTES_MAX);
        at += (a->bytes[i] + CELL_PAGE_BYTES - 1) / CELL_PAGE_BYTES * CELL_PAGE_BYTES;
    }
    return at;
}

size_t cell_address_bytes(const struct cell_areas *a)
{
    return cell_area_at(a, CELL_AREAS) + (CELL_AREAS + 1) * CELL_PAGE_BYTES;
}

// Each area with unmapped pages before and after it: a run past an end is a crash, not a lie.
static bool map_areas(struct cell *c, const struct cell_cfg *cfg)
{
    const size_t all = cell_address_bytes(&cfg->areas);
    uint8_t *base = mmap(NULL, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED)
        return false;
    for (size_t i = 0; i < CELL_AREAS; i++) {
        const size_t from = cell_area_at(&cfg->areas, i);
        const size_t len = cell_area_at(&cfg->areas, i + 1) - from;
        const int access = i < CELL_RESULT ? PROT_READ : PROT_READ | PROT_WRITE;
        c->cap[i] = cfg->areas.bytes[i];
        c->area[i] = mmap(base + from + (i + 1) * CELL_PAGE_BYTES, len, access,
                          MAP_SHARED | MAP_FIXED, cfg->memory, (off_t)from);
        if (c->area[i] == MAP_FAILED)
            return false;
    }
    return true;
}

static struct cell_answer serve(struct cell *c, const struct cell_call *call)
{
    const size_t in = call->op == CELL_OP_LOAD ? CELL_OBJECT : CELL_REQUEST;
    assert(call->len <= c->cap[in]); // the program's word, which we trust
    const struct bytes given = bytes_of(c->area[in], (size_t)call->len);
    if (call->op == CELL_OP_LOAD)
        return (struct cell_answer){.serial = call->serial, .rc = c->code->load(c->state, given)};
    struct buffer result = buffer_of(c->area[CELL_RESULT], c->cap[CELL_RESULT]);
    struct buffer report = buffer_of(c->area[CELL_REPORT], c->cap[CELL_REPORT]);
    const enum rc rc = c->code->run(c->state, given, &result, &report);
    return (struct cell_answer){
        .serial = call->serial, .rc = rc, .result_len = result.len, .report_len = report.len};
}

static void answer(const struct cell_answer *a)
{
    // A SEQPACKET socket takes all or nothing; nothing means that the program is gone.
    if (write(CAGE_SOCKET_FD, a, sizeof *a) != (ssize_t)sizeof *a)
        _exit(EXIT_FAILURE);
}

void cell_main(const struct cell_cfg *cfg)
{
    struct cell c = {.code = cfg->code, .state = cfg->state};
    uint32_t walls = cfg->walls;
    if (!map_areas(&c, cfg))
        _exit(EXIT_FAILURE);
    const enum rc rc = cage_close(&cfg->cage, &walls);
    const struct cell_answer greeting = {.rc = rc, .result_len = walls};
    answer(&greeting);
    if (rc != RC_OK)
        _exit(EXIT_FAILURE);
    for (;;) {
        struct cell_call call;
        if (read(CAGE_SOCKET_FD, &call, sizeof call) != (ssize_t)sizeof call)
            _exit(EXIT_SUCCESS);
        const struct cell_answer a = serve(&c, &call);
        answer(&a);
    }
}
