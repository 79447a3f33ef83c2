// SPDX-License-Identifier: MIT
// What a spec says of its option, also in words: shared by option.c and option_help.c alone.
#ifndef BASE_OPTION_RANGE_H
#define BASE_OPTION_RANGE_H

#include "base/option.h"

#define OPTION_RANGE_BYTES 128

static inline bool option_is_named(const struct option_spec *s) // and not given by place
{
    return (s->traits & OPTION_POSITIONAL) == 0;
}

static inline bool option_has_bounds(const struct option_spec *s)
{
    return s->min != 0 || s->max != 0;
}

static inline bool option_has_real_bounds(const struct option_spec *s)
{
    return s->real_min < 0 || s->real_min > 0 || s->real_max < 0 || s->real_max > 0;
}

static inline uint64_t option_max(const struct option_spec *s)
{
    return option_has_bounds(s) ? s->max : UINT64_MAX;
}

static inline bool option_has_no(const struct option_spec *s) // a --no- form
{
    return s->kind == OPTION_SWITCH ||
           (s->kind == OPTION_FLAG && (s->traits & OPTION_NEGATABLE) != 0);
}

// The spec's own name for its value, or its kind's: "N", "ADDR:PORT".
const char *option_value_name(const struct option_spec *s);
// "1..65536" or nothing, for a spec without bounds.
void option_add_bounds(struct text *t, const struct option_spec *s);
// What may follow "must be": "1..65536", "a size like 512M or 4G".
void option_add_range(struct text *t, const struct option_spec *s);

#endif
