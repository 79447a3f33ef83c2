// SPDX-License-Identifier: MIT
// What `shoal hub` can be told.
#ifndef PROG_HUB_OPTIONS_H
#define PROG_HUB_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "prog/cmd.h"

struct hub_options {
    struct cmd_common common;
    const char *listen;
    const char *host;
    uint64_t port;
    const char *db;
    const char *token_file;
    bool is_open;
    enum option_switch tls;
    const char *certificate;
    const char *key;
    uint64_t attempts;
    const char *policy;
    uint64_t ahead;
    const char *trace;
    bool has_own;
    uint64_t own_slots;
    uint64_t store_bytes;
    uint64_t memory_bytes;
    uint64_t results_bytes;
    uint64_t address_conns;
    uint64_t key_conns;
    uint64_t address_messages;
    uint64_t address_bytes;
    bool is_quiet;
};

extern const struct option_command hub_command;

#endif
