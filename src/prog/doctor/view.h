// SPDX-License-Identifier: MIT
// What a person, or a script, sees of a check-up: one line a check, one more where something is
// to be mended.
#ifndef PROG_DOCTOR_VIEW_H
#define PROG_DOCTOR_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

enum doctor_mark {
    DOCTOR_OK,
    DOCTOR_WARN, // it works, and could be better
    DOCTOR_FAIL,
    DOCTOR_SKIP, // cannot be checked here, and need not be
};

#define DOCTOR_MARKS       4
#define DOCTOR_NUMBERS_MAX 6
#define DOCTOR_FIX_BYTES   512

struct doctor_number {
    const char *name; // with its unit: "p50_ms"
    double value;
};

struct doctor_view { // fields are private
    bool is_json;
    bool has_colour;
    unsigned count[DOCTOR_MARKS];
    struct doctor_number number[DOCTOR_NUMBERS_MAX]; // of the next line
    size_t number_count;
    char fix[DOCTOR_FIX_BYTES]; // of the next line
};

// Colours if standard output is a terminal and the variable NO_COLOR is not set.
void doctor_view_init(struct doctor_view *v, bool is_json);
// What goes with the next line: a figure, for scripts; what to do, for people.
void doctor_number(struct doctor_view *v, const char *name, double value);
void doctor_fix(struct doctor_view *v, const char *format, ...) PRINTF(2, 3);
void doctor_say(struct doctor_view *v, enum doctor_mark mark, const char *check, const char *format,
                ...) PRINTF(4, 5);
// The last line. False: something failed.
bool doctor_sum(const struct doctor_view *v);

#endif
