// SPDX-License-Identifier: MIT
// What sandboxed workers run: the kernels, or the import of the user's own meshes.
#include "prog/cell_code.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "kernel/kit.h"
#include "os/clock.h"
#include "scene/mesh.h"
#include "wire/cbor.h"
#include "work/task.h"

#define STATE_BYTES 4096u

static_assert(CELL_REQUEST_BYTES_MAX >= KERNEL_PARAMS_BYTES_MAX + KERNEL_GIVEN_BYTES_MAX + 1024,
              "a request holds any task");

static enum rc kernels_setup(void **state)
{
    struct kit *kit = NULL; // lives as long as the process
    enum rc rc = kit_open(&kit, clock_ticks);
    *state = kit;
    return rc;
}

static enum rc kernels_load(void *state, struct bytes object)
{
    return kit_load(state, object);
}

static enum rc kernels_run(void *state, struct bytes request, struct buffer *result,
                           struct buffer *report)
{
    struct bytes given[KERNEL_GIVEN_MAX] = {{NULL, 0}};
    struct kernel_in in = {.given = given};
    struct cbor_reader r = cbor_reader_of(request);
    cbor_get_array(&r, 3);
    struct bytes name = cbor_get_text(&r);
    in.params = cbor_get_bytes(&r);
    in.given_count = (uint32_t)cbor_get_array(&r, KERNEL_GIVEN_MAX);
    for (uint32_t i = 0; i < in.given_count; i++)
        given[i] = cbor_get_bytes(&r); // cppcheck-suppress unreadVariable // by kit_run
    return cbor_done(&r) ? kit_run(state, name, &in, result, report) : RC_MALFORMED;
}

enum rc cell_code_request(const char *kernel, const struct kernel_in *in, struct buffer *out)
{
    cbor_put_array(out, 3);
    cbor_put_text(out, kernel);
    cbor_put_bytes(out, in->params);
    cbor_put_array(out, in->given_count);
    for (uint32_t i = 0; i < in->given_count; i++)
        cbor_put_bytes(out, in->given[i]);
    return out->is_full ? RC_FULL : RC_OK;
}

size_t cell_code_request_bytes(const struct kernel_in *in)
{
    size_t bytes = 1024 + in->params.len; // a name, and the heads
    for (uint32_t i = 0; i < in->given_count; i++)
        bytes += in->given[i].len;
    return bytes;
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
