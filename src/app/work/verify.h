// SPDX-License-Identifier: MIT
// What verdicts do to a helper's standing: right ones earn, wrong ones bar.
//
// Random parts of every result are redone (kernel/kernel.h), so a verdict is about one result.
// An honest machine slips about once in 10^4 results; two wrong ones within VERIFY_WINDOW
// results are proof enough to bar (notes: at most 1 % of honest helpers barred per 10^5 tasks).
#ifndef WORK_VERIFY_H
#define WORK_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#define VERIFY_WINDOW      1000u // results
#define VERIFY_STRIKES_MAX 2u    // wrong results within the window that bar

struct verify_record { // a value type; zeroed is a newcomer
    uint32_t right;
    uint32_t wrong;
    uint32_t strikes;      // wrong results within the window
    uint32_t since_strike; // results since the last wrong one
    bool is_barred;
};

void verify_note(struct verify_record *r, bool is_right);

#endif
