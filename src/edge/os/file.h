// SPDX-License-Identifier: MIT
// Whole files in and out, folders, and where this program keeps its state.
//
// Errors come in words: `cannot read PATH: No such file or directory`.
#ifndef OS_FILE_H
#define OS_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/rc.h"

#define FILE_PATH_BYTES 1024 // longest path here, with its final 0

// The whole file, in a block of `budget` that the caller gives back with file_forget; a 0 byte
// follows the last one. RC_ABSENT: no such file; RC_REFUSED: longer than max_bytes, or not a
// regular file; RC_NOMEM; RC_IO. *out is untouched on failure.
MUST_USE enum rc file_read(struct bytes *out, struct budget *budget, const char *path,
                           size_t max_bytes, struct err *err);
// Cleansed, as it may have been a secret, and given back: what file_read gave. Empty is fine.
void file_forget(struct bytes content, struct budget *budget);
// All of it or nothing, also over a crash: a temporary file beside it, fsync, rename, fsync of
// the folder. mode as for open(2), e.g. 0600, whatever the umask says. RC_REFUSED: a device, pipe
// or socket stands there, which a rename would put an end to; RC_IO.
MUST_USE enum rc file_write(const char *path, struct bytes content, unsigned mode, struct err *err);
bool file_exists(const char *path);
// The folder and those above it that are missing, all mode 0700. Fine if it is there. RC_IO.
MUST_USE enum rc file_make_folder(const char *path, struct err *err);
// A new empty folder, mode 0700, below $TMPDIR, else /tmp; name: what its own begins with. RC_IO.
MUST_USE enum rc file_make_temporary(char out[static FILE_PATH_BYTES], const char *name,
                                     struct err *err);
// The folder and all in it; links are not followed. RC_IO: some of it is still there.
MUST_USE enum rc file_remove_folder(const char *path, struct err *err);
// $XDG_STATE_HOME/shoal, else $HOME/.local/state/shoal; made if missing. RC_CONFIG: neither
// variable holds an absolute path (or it is too long). RC_IO.
MUST_USE enum rc file_state_folder(char out[static FILE_PATH_BYTES], struct err *err);
// Lets this process, and those it will start, have as many descriptors open as the system allows
// at all, which is often far more than what it allows at first. How many that is now.
size_t file_raise_limit(void);

#endif
