// SPDX-License-Identifier: MIT
// Any lines as a scheduler's trace: told again, or refused.
#include <assert.h>
#include <string.h>

#include "work/sched_trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sched_replay *r = NULL;
    const enum rc made = sched_replay_new(&r);
    assert(made == RC_OK);
    while (size > 0) {
        const uint8_t *end = memchr(data, '\n', size);
        const size_t len = end != NULL ? (size_t)(end - data) + 1 : size;
        struct err err = {.text = ""};
        const enum rc rc = sched_replay_line(r, bytes_of(data, len), &err);
        assert(rc == RC_OK || rc == RC_MALFORMED || rc == RC_REFUSED || rc == RC_NOMEM);
        data += len;
        size -= len;
    }
    sched_replay_free(r);
    return 0;
}
