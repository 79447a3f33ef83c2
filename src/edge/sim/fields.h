// SPDX-License-Identifier: MIT
// Members of a JSON object that a scenario needs: each within its bounds, the first wrong one kept.
//
// Readers ask for all they need and look once, at the end, whether `member` was set: it names what
// is missing or out of range, and `where` the object that it is missing from.
#ifndef SIM_FIELDS_H
#define SIM_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "wire/json.h"

struct fields {
    const struct json_node *object; // that members are read of now ...
    const char *what;               // ... and what it is
    const char *where, *member;     // the first thing that is wrong; NULL: nothing
};

void fields_within(struct fields *f, const struct json_node *object, const char *what);
// The same with a member of `parent`; false: it has none of that name.
bool fields_enter(struct fields *f, const struct json_node *parent, const char *what);
void fields_blame(struct fields *f, const char *member); // for what only the reader can judge
// low where it is missing or out of low .. high, which is blamed.
double fields_number(struct fields *f, const char *member, double low, double high);
// The same, but it may be left out.
double fields_number_or(struct fields *f, const char *member, double low, double high,
                        double initial);
bool fields_flag_or(struct fields *f, const char *member, bool initial);
// A text of 1 to cap - 1 bytes, ended by 0; out is untouched where it is none.
void fields_name(struct fields *f, const char *member, char *out, size_t cap);

#endif
