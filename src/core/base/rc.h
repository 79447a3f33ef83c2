// SPDX-License-Identifier: MIT
// Result codes: what the caller is to do about it; and the words for a human.
//
// One enum for the tree. Numbers are pinned and only appended: they cross the wire.
// `struct err` carries words where a person can act on them (open, configure, start);
// it never holds a secret. A value type, owned by the caller.
#ifndef BASE_RC_H
#define BASE_RC_H

#include "base/attr.h"

enum rc {
    RC_OK = 0,
    RC_AGAIN = 1,        // not yet: ask again later
    RC_FULL = 2,         // a bound is reached: shed load or wait
    RC_NOMEM = 3,        // the memory budget is spent
    RC_MALFORMED = 4,    // the bytes break the format: drop them, lower the giver's score
    RC_REFUSED = 5,      // well-formed and not allowed: do not repeat it
    RC_CONFIG = 6,       // the operator gave a setting that cannot work
    RC_ABSENT = 7,       // there is no such thing
    RC_IO = 8,           // the system failed: tell the operator
    RC_TIMEOUT = 9,      // no answer in time
    RC_CLOSED = 10,      // the other side is gone
    RC_CRASHED = 11,     // a worker died on this: do not repeat it there
    RC_UNSUPPORTED = 12, // this build or machine cannot: ask another
};

#define RC_COUNT 13

// A short lower-case phrase, never NULL, for any value.
const char *rc_text(enum rc rc);

#define ERR_TEXT_BYTES 256

struct err {
    enum rc rc;
    char text[ERR_TEXT_BYTES]; // one line, no newline at its end
};

// Fills *err (which may be NULL) and returns rc, so that `return err_set(...)` reads well.
// Text that does not fit is cut.
enum rc err_set(struct err *err, enum rc rc, const char *format, ...) PRINTF(3, 4);

#endif
