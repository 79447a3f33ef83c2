// SPDX-License-Identifier: MIT
// A task: which kernel, on which inputs, with which parameters.
#include "work/task.h"

#include <assert.h>

#include "wire/cbor.h"

#define ASKED_BYTES_MAX 1024 // the kernel's name and all digests, with their heads

struct digest task_digest(const struct task_spec *t)
{
    assert(t->input_count <= TASK_INPUTS_MAX);
    uint8_t room[ASKED_BYTES_MAX];
    struct buffer asked = buffer_of(room, sizeof room);
    struct digest params = hash_bytes(t->params);
    cbor_put_array(&asked, 3);
    cbor_put_text(&asked, t->kernel);
    cbor_put_array(&asked, t->input_count);
    for (uint32_t i = 0; i < t->input_count; i++)
        cbor_put_bytes(&asked, digest_bytes(&t->input[i]));
    cbor_put_bytes(&asked, digest_bytes(&params));
    assert(!asked.is_full);
    return hash_bytes(buffer_bytes(&asked));
}
