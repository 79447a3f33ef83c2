// SPDX-License-Identifier: MIT
// Blobs behind host/kv: one plain file for each value, for large values.
//
// A put costs one copy into the page cache, and the loop does not wait for the disk: unlike in
// os/kv, it is NOT synced when it returns, as host/kv says of hosts for large values. A file is
// written under another name and renamed, so a process killed at any moment leaves whole files
// alone. A power cut may lose what was put in the last half minute, and may leave files that are
// short, or hold zeros or parts of older values. For caches that is enough: whoever reads verifies
// by hash. For others there are groups: commit syncs each file put since the last one, then the
// folders that changed; the first one after a killed process syncs all of the file system. Abort
// takes nothing back.
//
// A key is a file's name in hex below two folders, its first two bytes: FOLDER/6f/00/6f00... Reads
// are views of the page cache (mmap). One process at a time has the folder, and has it once (a
// lock that dies with the process); nobody else should change files there: shortening one that is
// being read kills the reader.
#ifndef OS_BLOBS_H
#define OS_BLOBS_H

#include "host/kv.h"

struct blobs;

#define BLOBS_KEY_BYTES_MAX 120 // 240 hex digits: a file's name may have 255 bytes

// Makes the folder if it is missing (mode 0700; files 0600), and takes away what a killed process
// was writing. RC_CONFIG: cannot be used, or is another's: words in err. RC_NOMEM. *out is NULL.
MUST_USE enum rc blobs_open(struct blobs **out, const char *folder, struct err *err);
// Dies with b. Keys are 1 .. BLOBS_KEY_BYTES_MAX bytes (asserted). After RC_FULL or RC_IO of a
// put the old value is still there. The file that was deleted last stays, nameless, for the next
// put to write over (not within a group: then it is removed). A walk by `next` costs a look at one
// folder for each thousand keys in it.
struct kv blobs_host(struct blobs *b);
void blobs_close(struct blobs *b); // nothing is borrowed; NULL is fine

#endif
