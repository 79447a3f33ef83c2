// SPDX-License-Identifier: MIT
// The table of kernels: each a pure function from bytes to bytes, checkable in parts.
//
// A kernel's inputs are bytes, too: params, small, and inputs that came from elsewhere. Of these
// the first may be an object: large, long-lived, loaded once and then used by many runs (a scene, a
// map). Kernels of the same kind of object share a base, which holds what is made of it. All other
// inputs are given with the run that needs them (what another kernel made, mostly).
//
// A kernel runs in a sandboxed worker: its base's `open` before the walls close (it may start
// libraries), then `load` and `run` behind them, any number of times. `part` and `judge` run on
// the hub, which lets a worker of its own redo a few random parts of every result:
//
//     part(params, nonce, &part_params);          which parts, as params of the same kernel
//     run(state, part_params and the same inputs, &part_result, ...)   redone by somebody else
//     judge(params, result, part_params, part_result, &verdict);
//
// Where a part can only be redone from what the result says of the part before it, or where it
// is cheaper to look at a result than to make it, the run of a part is given the result, too.
//
// A kernel whose results can be checked from params alone, for less than the price of a message,
// has `verify` instead, which the hub calls itself.
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
#define KERNEL_GIVEN_MAX        18u         // inputs given with one run; a part's result among them
#define KERNEL_GIVEN_BYTES_MAX  (96u << 20) // of all of them together

struct kernel_in {
    struct bytes params;
    const struct bytes *given; // given_count of them; they came from strangers
    uint32_t given_count;
};

struct kernel_verdict {
    uint32_t parts;      // compared
    uint32_t mismatches; // further apart than the kernel's tolerance
    bool is_right;       // within the kernel's budget of mismatches
};

struct kernel_base {
    // *state is the base's own; NULL and a code on failure. RC_UNSUPPORTED, RC_NOMEM.
    // ticks: any counter that grows evenly and finely with time, for the report of where time
    // went; only differences count, and results never depend on it. Called from run, until
    // close. NULL: there is none; reports then repeat bit for bit.
    enum rc (*open)(void **state, uint64_t (*ticks)(void));
    // Does it look like an object of this kind? By its first bytes. NULL, like load: no object.
    bool (*accepts)(struct bytes object);
    // Takes one object, validated here: it came from a stranger. Replaces what was loaded, which
    // is let go in any case. `object` stays valid and unchanged until the next load or close.
    // RC_MALFORMED: also if it is empty; RC_NOMEM.
    enum rc (*load)(void *state, struct bytes object);
    void (*close)(void *state); // NULL is fine
};

struct kernel {
    const char *name;               // on the wire
    const struct kernel_base *base; // NULL: nothing to open, nothing to load; state is NULL then
    uint32_t given_min, given_max;  // inputs that a run is given, besides the object
    bool shows_result;              // to the run of a part, as the last input given
    bool part_is_all;               // a part looks at all of the result: another would see no more

    // RC_MALFORMED: params, or an input given; RC_ABSENT: nothing is loaded; RC_FULL: result or
    // report has no room; RC_NOMEM.
    enum rc (*run)(void *state, const struct kernel_in *in, struct buffer *result,
                   struct buffer *report);
    // The least and the most bytes that the result may have; RC_MALFORMED if params are none.
    enum rc (*result_bounds)(struct bytes params, size_t *min, size_t *max);
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

static inline bool kernel_takes_object(const struct kernel *k)
{
    return k->base != NULL && k->base->load != NULL;
}

// Could a task of this kernel (or a part of one) have so many inputs, its object among them?
static inline bool kernel_takes_inputs(const struct kernel *k, uint32_t count, bool is_part)
{
    const uint32_t object = kernel_takes_object(k);
    const uint32_t shown = is_part && k->shows_result;
    return count >= object + k->given_min + shown && count <= object + k->given_max + shown;
}

#endif
