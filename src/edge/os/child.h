// SPDX-License-Identifier: MIT
// A child process on the loop: started, heard line by line, signalled with all its offspring.
//
// It leads a session of its own, so that a terminal's Ctrl-C is not for it, and is killed when we
// end, however we end. Its standard input is empty; what it writes to standard output and standard
// error comes as lines.
#ifndef OS_CHILD_H
#define OS_CHILD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/rc.h"
#include "os/loop.h"

#define CHILD_LINE_BYTES    4096u // longer lines are cut
#define CHILD_OFFSPRING_MAX 256u  // processes that child_signal_all reaches

struct child;

struct child_cfg {
    struct loop *loop;
    struct budget *budget;   // for the struct; outlives the child
    const char *const *argv; // NULL-ended; argv[0] is the program's path
    int nice;                // 0..19, beyond ours
    bool is_pinned;          // to one processor ...
    uint32_t cpu;            // ... this one
    void *self;
    // Either may be NULL.
    void (*on_line)(void *self, const char *line); // without its end
    void (*on_end)(void *self, int status);        // as of waitpid, after its last line; once
};

// A program that cannot be run ends with status 127, after a line that says why. RC_IO: no process
// or descriptor can be had; RC_NOMEM. *out is NULL then.
MUST_USE enum rc child_start(struct child **out, const struct child_cfg *cfg, struct err *err);
bool child_is_alive(const struct child *c);           // it was not told by on_end that it ended
void child_signal(const struct child *c, int number); // nothing happens once it has ended
// The same to it, then to those that it started, and those that they started.
void child_signal_all(const struct child *c, int number);
// Kills it with all its offspring if it still lives, and waits for it. on_line and on_end are not
// called any more. Not from within on_line. NULL is fine.
void child_free(struct child *c);

#endif
