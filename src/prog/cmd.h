// SPDX-License-Identifier: MIT
// What every subcommand has: its row in the table, its life, options, state folder, log, last
// words.
#ifndef PROG_CMD_H
#define PROG_CMD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/option.h"
#include "base/rc.h"
#include "crypt/id.h"
#include "os/file.h"

// A command from its words to its end: all of them have this one shape.
//
//     options read --> open --> run --> close
//                        \________________^     what failed to open is closed, too
//
// Its side is all that it is made of: so many bytes, zeroed, that begin with its options.
struct cmd {
    const struct option_command *options;
    size_t side_bytes;
    // RC_CONFIG: the options are why (EXIT_USAGE); what is well written and not to be had on this
    // machine has another code (EXIT_FAILED). *err says why. side lives in arena, whose end is that
    // of the command.
    enum rc (*open)(void *side, struct arena *arena, struct err *err); // NULL: nothing to open
    int (*run)(void *side);                                            // the exit code
    void (*close)(void *side);                                         // NULL: nothing to close
};

// argv: what follows the command's name. The exit code of the program.
int cmd_main(const struct cmd *c, int argc, char **argv);
// The same from `open` on, with a side whose options are there.
int cmd_live(const struct cmd *c, void *side, struct arena *arena);

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
#define EXIT_SIGNAL 128 // and the signal's number, as shells have it

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

// One line on standard error, `shoal: text`; answers EXIT_FAILED.
int cmd_fail(const struct err *err);
// RC_CONFIG: `what word: must be A, B or C; did you mean B?`, of count >= 1 names.
enum rc cmd_must_be(struct err *err, const char *what, const char *word, const char *const *name,
                    size_t count);
// "shoal: stopped"; the exit code after that signal.
int cmd_stopped(int signal);
// A code of what is asked of the machine, not of the options: RC_CONFIG becomes RC_IO.
enum rc cmd_of_machine(enum rc rc);
// Can a file be made there? Asked before long work, of what --option says. RC_CONFIG: it is a
// folder; RC_IO.
MUST_USE enum rc cmd_check_out(const char *option, const char *path, struct err *err);
// The state folder, made if missing. RC_CONFIG: its path is too long; RC_IO.
MUST_USE enum rc cmd_state(const struct cmd_common *common, char out[static FILE_PATH_BYTES],
                           struct err *err);
// folder/name; RC_CONFIG: too long.
MUST_USE enum rc cmd_path(char out[static FILE_PATH_BYTES], const char *folder, const char *name,
                          struct err *err);
// The key in folder/identity, made (mode 0600) the first time. End it with id_end. RC_MALFORMED:
// the file is none; RC_CONFIG: the path is too long; RC_IO.
MUST_USE enum rc cmd_identity(struct id *out, const char *folder, struct err *err);
// The first line of a file that holds one secret word; in arena. RC_ABSENT, RC_MALFORMED.
MUST_USE enum rc cmd_secret(struct bytes *out, struct arena *arena, const char *path,
                            struct err *err);
// An address of this machine that nobody else can reach: 127.0.0.0/8, ::1, or "localhost". A name
// that only looks like one is not.
bool cmd_is_loopback(const char *host);
// Lines to standard error with journald's <n> prefix if it is not a terminal.
struct log cmd_log(const struct cmd_common *common);

#endif
