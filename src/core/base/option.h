// SPDX-License-Identifier: MIT
// The option table: command line, config file, help, manual page, completion from one place.
//
// A command is an array of specs that point into the command's own struct of options. Values
// come in three steps, each over the one before: defaults, config file, command line.
//
//     struct play_options o;
//     option_defaults(&play, &o);                                 // the table's own texts
//     rc = option_args(&play, &o, argc, argv, &wants_help, &err); // finds o.config, if given
//     ... read that file ...
//     option_defaults(&play, &o);
//     rc = option_config(&play, &o, file, arena, &err);
//     rc = option_args(&play, &o, argc, argv, &wants_help, &err); // the last word
//     rc = option_complete(&play, &o, &err);                      // is all there that must be?
//
// Without a config file the first option_args is also the last. Nothing is kept between calls.
// The command line knows `--name value`, `--name=value`, `--no-name` where it is allowed, `--help`
// and `-h`, `--` (what follows is positional), and positional values in the table's order. The
// config file knows `name = value` with the same names, empty lines, and lines that start with
// `#`; a flag there says yes or no, a switch also auto.
#ifndef BASE_OPTION_H
#define BASE_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "base/text.h"

enum option_kind { // type of the field            written as
    OPTION_FLAG,   // bool                         --json
    OPTION_SWITCH, // enum option_switch           --tls, --no-tls; neither: auto
    OPTION_TEXT,   // const char *                 any text but the empty one
    OPTION_U64,    // uint64_t                     decimal digits
    OPTION_F64,    // double                       1.5, 1e-3; finite
    OPTION_SIZE,   // uint64_t, bytes              4G, 512M, 64k, 100 (powers of 1024)
    OPTION_PIXELS, // struct option_pixels         1280x720; min and max hold for each side
    OPTION_ADDR,   // const char *                 ADDR:PORT or [ADDR]:PORT
    OPTION_HOST,   // const char *                 HOST[:PORT]
    OPTION_TEXTS,  // struct option_texts          any text, again and again (by place: at the end)
};

#define OPTION_TEXTS_MAX 64u

struct option_texts {
    const char *at[OPTION_TEXTS_MAX];
    size_t count;
};

enum option_switch { OPTION_AUTO, OPTION_ON, OPTION_OFF };

struct option_pixels {
    uint32_t width;
    uint32_t height;
};

enum option_trait {         // or'ed together
    OPTION_NEGATABLE = 1,   // a flag with a --no- form (a switch always has one)
    OPTION_POSITIONAL = 2,  // given by place, not by name; never in a config file
    OPTION_REQUIRED = 4,    // text, addr, host: option_complete asks for it
    OPTION_NOT_IN_FILE = 8, // command line only, like the config file's own name
};

struct option_spec {
    const char *name; // lower-case words with '-', without "--"; at most OPTION_NAME_MAX
    enum option_kind kind;
    unsigned traits;           // of enum option_trait
    const char *initial;       // the default as one would write it; NULL: false, auto, 0, NULL
    const char *value;         // what the value is called: "ADDR:PORT", "N"; NULL: by kind
    const char *sentence;      // for help and manual: lower case, no full stop
    size_t offset;             // offsetof(struct my_options, field)
    uint64_t min, max;         // u64, size, pixels; both 0: no bound
    double real_min, real_max; // f64; both 0: no bound
};

struct option_command {
    const char *name;        // "play"
    const char *summary;     // one line, lower case, no full stop
    const char *description; // paragraphs, separated by an empty line; may be NULL
    const struct option_spec *spec;
    size_t count;
    const char *const *example; // command lines, NULL-ended; may be NULL
};

#define OPTION_NAME_MAX         31    // characters
#define OPTION_CONFIG_BYTES_MAX 65536 // a longer config file is refused

// Fills *options from the table. A default that its own spec refuses is a programmer's error
// (assert).
void option_defaults(const struct option_command *c, void *options);

// argv[0 .. argc - 1] are the words after the command's name. Texts are borrowed from argv.
// *wants_help: --help or -h was seen; then nothing after it was looked at, and RC_OK.
// RC_CONFIG: *err says what is wrong in one line, like `--spp 0: must be 1..65536`; *options may
// hold what came before it.
MUST_USE enum rc option_args(const struct option_command *c, void *options, int argc,
                             char *const argv[], bool *wants_help, struct err *err);

// file: the whole config file. Texts are copied into arena. RC_CONFIG: *err says line and
// reason, like `line 3: spp 0: must be 1..65536`. RC_NOMEM: the arena's budget is spent.
MUST_USE enum rc option_config(const struct option_command *c, void *options, struct bytes file,
                               struct arena *arena, struct err *err);

// RC_CONFIG: a required text is still NULL; *err names it.
MUST_USE enum rc option_complete(const struct option_command *c, const void *options,
                                 struct err *err);

// HOST, HOST:PORT, ADDR:PORT or [ADDR]:PORT into its two halves, without brackets. A bare IPv6
// address needs the brackets. port_default: the port if none is written, 0..65535; -1: one must
// be written. False, and nothing written, if it is none of these or the host does not fit cap.
MUST_USE bool option_split_addr(const char *text, int32_t port_default, char *host, size_t cap,
                                uint16_t *port);

// The nearest of `count` names to a mistyped one, or NULL if none is near.
const char *option_nearest(const char *word, const char *const *name, size_t count);

// What `program command --help` prints: at most 80 columns, ends with a newline.
void option_help(struct text *out, const char *program, const struct option_command *c);
// The same as a manual page, section 1, roff with the man macros. It explains the config file if
// the command has an option "config".
void option_man(struct text *out, const char *program, const struct option_command *c);
// A bash script that completes the commands of a program and the options of each.
void option_bash(struct text *out, const char *program, const struct option_command *const *command,
                 size_t count);

#endif
