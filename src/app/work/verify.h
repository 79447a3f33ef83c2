// SPDX-License-Identifier: MIT
// What verdicts do to a helper's standing: right ones earn, wrong ones bar.
//
// Random parts of every result are redone (kernel/kernel.h), so a verdict is about one result.
// One wrong result may be a machine's slip; two within VERIFY_WINDOW results bar the key.
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

// What draws of random parts say of one result. A draw without any mismatch settles it; one with
// some, within the kernel's budget, may be an honest machine that rounds differently, or a lie
// about few parts: then more are drawn, and only few mismatches in all are forgiven (the model
// and its figures: doc/decisions/0004-verification-tolerance.md).
#define VERIFY_DRAWS_MAX      8u
#define VERIFY_MISMATCHES_MAX 4u // in all draws together

// How many draws without a mismatch a result needs: more of a newcomer's first results, and of a
// few of anybody's, so that a lie about one pixel in a hundred is found out early (of 128 parts
// each and what is forgiven: .285 pass where one draw is needed, .028 where four are).
#define VERIFY_NEWCOMER     10u // results
#define VERIFY_DRAWS_CLOSE  4u
#define VERIFY_CLOSE_ONE_IN 16u
// dice: any number that the helper cannot know.
uint32_t verify_draws_needed(const struct verify_record *r, uint64_t dice);

enum verify_verdict { VERIFY_RIGHT, VERIFY_WRONG, VERIFY_AGAIN };

struct verify_draws { // a value type; zeroed before the first draw
    uint32_t needed;  // verify_draws_needed; 0: one
    uint32_t draws;
    uint32_t parts;
    uint32_t mismatches;
};

// Adds one draw. is_right: the kernel's own word on it.
enum verify_verdict verify_draw(struct verify_draws *d, uint32_t parts, uint32_t mismatches,
                                bool is_right);

#endif
