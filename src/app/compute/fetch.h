// SPDX-License-Identifier: MIT
// One object on its way in, part by part, from one connection; and the answer of who gives it.
//
//     f = fetch_new(budget, &digest);
//     while (fetch_ask(f, &get)) send(get);     // now, and after each part that came
//     fetch_put(f, &part);                      // a part came
//     fetch_bytes(f)                            // all is there: hand it to the store, which checks
//
// The first part tells the size; memory for the whole is then taken from the budget. Parts are
// asked for one after another, FETCH_WINDOW at once, so neither side ever owes more than that.
#ifndef COMPUTE_FETCH_H
#define COMPUTE_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "compute/msg.h"

#define FETCH_PART_BYTES (512u << 10)
#define FETCH_WINDOW     4u

struct fetch;

// NULL: the budget is spent.
struct fetch *fetch_new(struct budget *budget, const struct digest *digest);
void fetch_free(struct fetch *f); // NULL is fine
const struct digest *fetch_digest(const struct fetch *f);
// False: nothing to ask for now.
bool fetch_ask(struct fetch *f, struct msg_object_get *out);
// RC_MALFORMED: not what was asked for; the giver is at fault. RC_NOMEM: too big for the budget.
MUST_USE enum rc fetch_put(struct fetch *f, const struct msg_object_part *part);
bool fetch_is_whole(const struct fetch *f);
struct bytes fetch_bytes(const struct fetch *f); // only when whole; lives as long as f

// The part that is asked for, borrowed from object; or that it is not here: object is empty, or
// larger than can be given.
struct msg fetch_answer(const struct msg_object_get *get, struct bytes object);

#endif
