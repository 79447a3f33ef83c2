// SPDX-License-Identifier: MIT
// For tests and measurements: a task of any kernel, run; and its result, checked as a hub does it.
//
//     struct kernel_stage s = {&level_kernel, NULL, .part = buffer_of(...), .redone = ...};
//     kernel_stage_run(&s, params, s.given_count, &result);
//     kernel_stage_check(&s, params, buffer_bytes(&result), nonce, &verdict);
#ifndef KERNEL_KERNEL_STAGE_TEST_H
#define KERNEL_KERNEL_STAGE_TEST_H

#include <assert.h>

#include "kernel/kernel.h"

struct kernel_stage {
    const struct kernel *kernel;
    void *state;                          // its base's, loaded; NULL: it has none
    struct bytes given[KERNEL_GIVEN_MAX]; // besides the object; a result is shown behind them
    uint32_t given_count;
    struct buffer part, redone; // rooms for a part's params, and for what it gives
};

// Over the first so many inputs. What it gives is within the kernel's own bounds.
static inline enum rc kernel_stage_run(const struct kernel_stage *s, struct bytes params,
                                       uint32_t given_count, struct buffer *out)
{
    static uint8_t report_at[1 << 16];
    struct buffer report = buffer_of(report_at, sizeof report_at);
    const struct kernel_in in = {params, s->given, given_count};
    const size_t from = out->len;
    enum rc rc = s->kernel->run(s->state, &in, out, &report);
    if (rc != RC_OK)
        return rc;
    size_t min = 0;
    size_t max = 0;
    rc = s->kernel->result_bounds(params, &min, &max);
    assert(rc == RC_OK);
    assert(out->len - from >= min && out->len - from <= max);
    return rc;
}

// Draws a part, has it redone, and judges.
static inline enum rc kernel_stage_check(struct kernel_stage *s, struct bytes params,
                                         struct bytes result, uint64_t nonce,
                                         struct kernel_verdict *v)
{
    const struct kernel *const k = s->kernel;
    *v = (struct kernel_verdict){0};
    s->part = buffer_of(s->part.at, s->part.cap);
    s->redone = buffer_of(s->redone.at, s->redone.cap);
    s->given[s->given_count] = result;
    enum rc rc = k->part(params, nonce, &s->part);
    if (rc == RC_OK)
        rc = kernel_stage_run(s, buffer_bytes(&s->part), s->given_count + k->shows_result,
                              &s->redone);
    return rc == RC_OK
               ? k->judge(params, result, buffer_bytes(&s->part), buffer_bytes(&s->redone), v)
               : rc;
}

#endif
