// SPDX-License-Identifier: MIT
// What every subcommand needs: its row in the table, options, folders, identity, log, last words.
#ifndef PROG_CMD_H
#define PROG_CMD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/option.h"
#include "base/rc.h"
#include "crypt/id.h"
#include "os/blobs.h"
#include "os/file.h"
#include "os/kv.h"
#include "store/store.h"

struct cmd {
    const struct option_command *options;
    int (*run)(int argc, char **argv); // exit code
};

extern const struct cmd cmd_hub;
extern const struct cmd cmd_helper;
extern const struct cmd cmd_play;
extern const struct cmd cmd_doctor;
extern const struct cmd cmd_sim;
extern const struct cmd cmd_demo;
extern const struct cmd cmd_bench;
extern const struct cmd cmd_store;
extern const struct cmd cmd_node;
extern const struct cmd cmd_dht;

#define EXIT_DONE   0
#define EXIT_FAILED 1
#define EXIT_USAGE  2

struct cmd_common { // the first member of every command's options
    const char *config;
    const char *state;
    bool is_verbose;
    bool is_json;
};

#define CMD_COMMON(type)                                                                           \
    {.name = "config",                                                                             \
     .kind = OPTION_TEXT,                                                                          \
     .traits = OPTION_NOT_IN_FILE,                                                                 \
     .value = "FILE",                                                                              \
     .sentence = "read options from FILE, `name = value` a line",                                  \
     .offset = offsetof(type, common.config)},                                                     \
        {.name = "state",                                                                          \
         .kind = OPTION_TEXT,                                                                      \
         .value = "DIR",                                                                           \
         .sentence = "keep identity and store in DIR [~/.local/state/shoal]",                      \
         .offset = offsetof(type, common.state)},                                                  \
        {.name = "json",                                                                           \
         .kind = OPTION_FLAG,                                                                      \
         .sentence = "say what happens as JSON, one object a line",                                \
         .offset = offsetof(type, common.is_json)},                                                \
    {                                                                                              \
        .name = "verbose", .kind = OPTION_FLAG, .sentence = "log details to standard error",       \
        .offset = offsetof(type, common.is_verbose)                                                \
    }

#define CMD_MEMORY_BYTES ((size_t)64 << 20) // of a command's own arena

// Reads config file and command line into *options, which starts with a struct cmd_common.
// True: go on. False: *exit_code says how to end; what there was to say has been said.
bool cmd_options(const struct option_command *c, void *options, int argc, char **argv,
                 struct arena *arena, int *exit_code);
// One line on standard error, `shoal: text`; answers EXIT_FAILED.
int cmd_fail(const struct err *err);
// The same for what could not be opened: EXIT_USAGE if the options are why (rc is RC_CONFIG).
int cmd_cannot_open(enum rc rc, const struct err *err);
// Can a file be made there? Asked before long work. RC_IO.
MUST_USE enum rc cmd_check_out(const char *path, struct err *err);
// The state folder, made if missing.
MUST_USE enum rc cmd_state(const struct cmd_common *common, char out[static FILE_PATH_BYTES],
                           struct err *err);
// folder/name; RC_CONFIG: too long.
MUST_USE enum rc cmd_path(char out[static FILE_PATH_BYTES], const char *folder, const char *name,
                          struct err *err);
// The key in folder/identity, made (mode 0600) the first time. End it with id_end.
MUST_USE enum rc cmd_identity(struct id *out, const char *folder, struct err *err);
// The first line of a file that holds one secret word; in arena. RC_ABSENT, RC_CONFIG.
MUST_USE enum rc cmd_secret(struct bytes *out, struct arena *arena, const char *path,
                            struct err *err);
// An address of this machine that nobody else can reach: 127.0.0.0/8, ::1, or "localhost". A name
// that only looks like one is not.
bool cmd_is_loopback(const char *host);
struct cmd_objects { // {0} is a closed one
    struct kv_env *kv;
    struct blobs *large;
    struct store *store;
};

struct cmd_objects_cfg {
    const char *path;     // its folder, made if missing
    uint64_t bytes_max;   // 0: as it was
    uint32_t objects_max; // 0: by bytes_max, or as it was
    bool is_cache;        // for what can be made again: nothing waits for the disk
};

// A store of objects; it lives in arena. RC_CONFIG: also that another process has it.
MUST_USE enum rc cmd_objects_open(struct cmd_objects *out, struct arena *arena,
                                  const struct cmd_objects_cfg *cfg, struct err *err);
void cmd_objects_close(struct cmd_objects *s); // harmless on a closed one
// Lines to standard error with journald's <n> prefix if it is not a terminal.
struct log cmd_log(const struct cmd_common *common);

#endif
