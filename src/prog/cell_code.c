// SPDX-License-Identifier: MIT
// What sandboxed workers run: the kernels, or the import of the user's own meshes.
#include "cell_code.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "kernel/kernel.h"
#include "kernel/mesh.h"
#include "kernel/trace.h"
#include "os/clock.h"
#include "wire/cbor.h"
#include "work/task.h"

#define KERNELS_MAX 16u
#define STATE_BYTES 4096u

static_assert(CELL_REQUEST_BYTES_MAX >= KERNEL_PARAMS_BYTES_MAX + TASK_KERNEL_BYTES + 16,
              "a request holds any task");

struct kernels { // one state for each kernel, in the table's order
    void *state[KERNELS_MAX];
};

static enum rc kernels_setup(void **state)
{
    struct arena *arena = arena_new(STATE_BYTES); // lives as long as the process
    struct kernels *k = arena == NULL ? NULL : arena_take(arena, sizeof *k);
    if (k == NULL)
        return RC_NOMEM;
    for (size_t i = 0; i < KERNELS_MAX && kernel_at(i) != NULL; i++) {
        enum rc rc = kernel_at(i)->open(&k->state[i], clock_ticks);
        if (rc != RC_OK)
            return rc;
    }
    *state = k;
    return RC_OK;
}

static enum rc kernels_load(void *state, struct bytes object)
{
    struct kernels *k = state;
    enum rc rc = RC_UNSUPPORTED;
    for (size_t i = 0; i < KERNELS_MAX && kernel_at(i) != NULL; i++)
        if (kernel_at(i)->takes_object) // the one that does
            rc = kernel_at(i)->load(k->state[i], object);
    return rc;
}

static enum rc kernels_run(void *state, struct bytes request, struct buffer *result,
                           struct buffer *report)
{
    struct kernels *k = state;
    struct cbor_reader r = cbor_reader_of(request);
    cbor_get_array(&r, 2);
    struct bytes name = cbor_get_text(&r);
    struct bytes params = cbor_get_bytes(&r);
    if (!cbor_done(&r))
        return RC_MALFORMED;
    for (size_t i = 0; i < KERNELS_MAX && kernel_at(i) != NULL; i++)
        if (bytes_is(name, kernel_at(i)->name))
            return kernel_at(i)->run(k->state[i], params, result, report);
    return RC_UNSUPPORTED;
}

enum rc cell_code_request(const char *kernel, struct bytes params, struct buffer *out)
{
    cbor_put_array(out, 2);
    cbor_put_text(out, kernel);
    cbor_put_bytes(out, params);
    return out->is_full ? RC_FULL : RC_OK;
}

const struct worker_code cell_code_kernels = {
    .name = "kernels", .setup = kernels_setup, .load = kernels_load, .run = kernels_run};

struct import {
    struct bytes bundle;
};

static enum rc import_setup(void **state)
{
    struct arena *arena = arena_new(STATE_BYTES); // lives as long as the process
    *state = arena == NULL ? NULL : arena_take(arena, sizeof(struct import));
    return *state == NULL ? RC_NOMEM : RC_OK;
}

static enum rc import_load(void *state, struct bytes object)
{
    ((struct import *)state)->bundle = object;
    return RC_OK;
}

static enum rc import_run(void *state, struct bytes request, struct buffer *result,
                          struct buffer *report)
{
    (void)request;
    const struct import *import = state;
    return mesh_run(import->bundle, result, report);
}

const struct worker_code cell_code_import = {
    .name = "import", .setup = import_setup, .load = import_load, .run = import_run};
