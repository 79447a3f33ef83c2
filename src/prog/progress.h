// SPDX-License-Identifier: MIT
// One line on a terminal that says how far long work is; nothing at all elsewhere.
//
// Appears after a second, at most ten times a second, and is wiped before other output.
#ifndef PROG_PROGRESS_H
#define PROG_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress { // a value type; fields are private
    uint64_t start_us;
    uint64_t drawn_us;
    bool is_drawn;
    bool is_on;
};

// is_wanted: false keeps it quiet even on a terminal.
void progress_start(struct progress *p, bool is_wanted, uint64_t now_us);
// share: 0..1 of `what` done.
void progress_show(struct progress *p, const char *what, double share, uint64_t now_us);
void progress_wipe(struct progress *p);

#endif
