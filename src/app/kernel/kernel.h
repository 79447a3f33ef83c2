// SPDX-License-Identifier: MIT
// The table of kernels: each a pure function from (object, params) to bytes, checkable in parts.
//
// A kernel runs in a sandboxed worker: `open` before the walls close (it may start libraries),
// then `load` and `run` behind them, any number of times. `part` and `judge` run on the hub,
// which lets a worker of its own redo a few random parts of every result:
//
//     part(params, nonce, &part_params);          which parts, as params of the same kernel
//     run(state, part_params, &part_result, ...)  redone by somebody else
//     judge(params, result, part_params, part_result, &verdict);
//
// A kernel whose results can be checked for less than the price of a message has `verify` instead,
// which the hub calls itself.
//
// `result` is what the helper commits to by hash and what is verified. `report` is what the run
// cost (rays, where): advice for the next split, the helper's own word.
#ifndef KERNEL_KERNEL_H
#define KERNEL_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"

#define KERNEL_PARAMS_BYTES_MAX 65536u
#define KERNEL_REPORT_BYTES_MAX (1u << 20)

struct kernel_verdict {
    uint32_t parts;      // compared
    uint32_t mismatches; // further apart than the kernel's tolerance
    bool is_right;       // within the kernel's budget of mismatches
};

struct kernel {
    const char *name;  // on the wire
    bool takes_object; // one input, loaded before it runs; else none

    // *state is the kernel's own; NULL and a code on failure. RC_UNSUPPORTED, RC_NOMEM.
    // ticks: any counter that grows evenly and finely with time, for the report of where time
    // went; only differences count, and results never depend on it. Called from run, until
    // close. NULL: there is none; reports then repeat bit for bit.
    enum rc (*open)(void **state, uint64_t (*ticks)(void));
    // NULL without takes_object. Takes one input object, validated here: it came from a stranger.
    // Replaces what was loaded. `object` stays valid and unchanged until the next load or close.
    // RC_MALFORMED, RC_NOMEM.
    enum rc (*load)(void *state, struct bytes object);
    // RC_MALFORMED: params; RC_ABSENT: nothing is loaded; RC_FULL: result or report has no room.
    enum rc (*run)(void *state, struct bytes params, struct buffer *result, struct buffer *report);
    void (*close)(void *state); // NULL is fine

    // Exact size of the result that params asks for; RC_MALFORMED if params are none.
    enum rc (*result_bytes)(struct bytes params, size_t *out);
    // How much work it is, in any measure that grows evenly with time; 1: as usual. params make
    // sense. NULL: all are the same.
    double (*size)(struct bytes params);
    // Is this the right result, all of it? NULL: its parts are redone.
    bool (*verify)(struct bytes params, struct bytes result);
    // Which parts to redo, drawn from nonce. RC_MALFORMED: params.
    enum rc (*part)(struct bytes params, uint64_t nonce, struct buffer *part_params);
    // NULL with verify, like part. RC_MALFORMED: sizes do not belong together; then nothing is
    // right.
    enum rc (*judge)(struct bytes params, struct bytes result, struct bytes part_params,
                     struct bytes part_result, struct kernel_verdict *out);
};

// NULL: no kernel of that name.
const struct kernel *kernel_find(struct bytes name);
// By index from 0; NULL past the last.
const struct kernel *kernel_at(size_t index);

#endif
