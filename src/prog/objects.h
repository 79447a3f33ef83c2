// SPDX-License-Identifier: MIT
// A store of objects as programs have it: small ones in LMDB, large ones as files, in one folder.
//
// One process has it at a time.
#ifndef PROG_OBJECTS_H
#define PROG_OBJECTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/rc.h"
#include "os/blobs.h"
#include "os/kv.h"
#include "store/store.h"

struct objects { // {0} is a closed one
    struct kv_env *kv;
    struct blobs *large;
    struct store *store;
};

struct objects_cfg {
    const char *path;     // its folder, made if missing
    uint64_t bytes_max;   // 0: as it was
    uint32_t objects_max; // 0: by bytes_max, or as it was
    bool is_cache;        // for what can be made again: nothing waits for the disk
};

// It lives in arena. RC_IO: also that another process has it, in words. RC_NOMEM.
MUST_USE enum rc objects_open(struct objects *out, struct arena *arena,
                              const struct objects_cfg *cfg, struct err *err);
void objects_close(struct objects *s); // harmless on a closed one

#endif
