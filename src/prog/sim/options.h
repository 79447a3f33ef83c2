// SPDX-License-Identifier: MIT
// What `shoal sim` can be told, and what each of its parts offers: sched, net, trust.
//
// One table of options for all of them (cmd_sim.c); what belongs to one part says so.
#ifndef PROG_SIM_OPTIONS_H
#define PROG_SIM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/option.h"
#include "base/rc.h"
#include "prog/cmd.h"

struct sim_options {
    struct cmd_common common;
    const char *what;
    struct option_texts scenario;
    // sched
    const char *policy;
    const char *trace;
    uint64_t runs;
    bool is_stdio;
    bool has_trees;
    // net, trust
    uint64_t seed; // 0: the scenario's; of trust: 1
    // net
    uint64_t nodes;
    double minutes;
    const char *out;
    // trust
    uint64_t peers;
    uint64_t rounds;
};

struct sim_part {
    const char *name; // the WHAT of `shoal sim WHAT`
    // RC_CONFIG: these options make no sense for it; *err says which.
    enum rc (*check)(const struct sim_options *o, struct err *err);
    // Prints what it finds. Not RC_OK: *err says why, in a line.
    enum rc (*run)(const struct sim_options *o, struct err *err);
};

#endif
