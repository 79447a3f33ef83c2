// SPDX-License-Identifier: MIT
// The command line of a bench: its option table read, its help, its usage errors.
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stdio.h>
#include <stdlib.h>

#include "base/option.h"

#define BENCH_HELP_BYTES 8192

// Ends the program with 2.
static inline NO_RETURN void bench_usage(const struct option_command *c, const struct err *err)
{
    (void)fprintf(stderr, "%s: %s\n", c->name, err->text);
    exit(2);
}

// Into *options; ends the program after --help, and if a word makes no sense.
static inline void bench_options(const struct option_command *c, void *options, int argc,
                                 char *argv[])
{
    static char room[BENCH_HELP_BYTES];
    struct err err = {.rc = RC_OK};
    bool wants_help = false;
    option_defaults(c, options);
    if (option_args(c, options, argc - 1, argv + 1, &wants_help, &err) != RC_OK ||
        (!wants_help && option_complete(c, options, &err) != RC_OK))
        bench_usage(c, &err);
    if (!wants_help)
        return;
    struct text help = text_of(room, sizeof room);
    option_help(&help, "bench", c);
    (void)fputs(room, stdout);
    exit(0);
}

#endif
