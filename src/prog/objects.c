// SPDX-License-Identifier: MIT
// A store of objects as programs have it: small ones in LMDB, large ones as files, in one folder.
#include "prog/objects.h"

#include <assert.h>

#include "base/num.h"
#include "os/entropy.h"
#include "os/file.h"
#include "prog/cmd.h"

#define STORE_OBJECTS_MIN  65536u
#define STORE_OBJECT_BYTES 16384u // of one, as a guess: how many will come
#define STORE_INDEX_BYTES  ((uint64_t)64 << 20)

static uint32_t store_objects(const struct objects_cfg *cfg)
{
    if (cfg->objects_max > 0 || cfg->bytes_max == 0)
        return cfg->objects_max;
    return (uint32_t)num_clamp(cfg->bytes_max / STORE_OBJECT_BYTES, STORE_OBJECTS_MIN,
                               STORE_OBJECTS_UNSAID);
}

// LMDB takes twice the bytes of objects a little over 4 KiB, and 512 for the smallest; it is
// address space alone, and a file that has holes.
static uint64_t store_map_bytes(const struct objects_cfg *cfg)
{
    const uint64_t bytes_max = cfg->bytes_max > 0 ? cfg->bytes_max : (uint64_t)1 << 40;
    return STORE_INDEX_BYTES + 3 * num_min(bytes_max, (uint64_t)1 << 42) +
           (uint64_t)STORE_OBJECTS_UNSAID * 512;
}

static enum rc open_kv(struct objects *out, const struct objects_cfg *cfg, struct err *err)
{
    char path[FILE_PATH_BYTES];
    if (!cfg->is_cache)
        return kv_open(&out->kv, cfg->path, store_map_bytes(cfg), err);
    enum rc rc = cmd_path(path, cfg->path, "index", err);
    if (rc == RC_OK)
        rc = file_make_folder(path, err);
    return rc == RC_OK ? kv_open_cache(&out->kv, path, store_map_bytes(cfg), err) : rc;
}

// The large ones first: their folder has the lock.
static enum rc open_large(struct objects *out, const struct objects_cfg *cfg, struct err *err)
{
    char path[FILE_PATH_BYTES];
    if (cfg->is_cache)
        return blobs_open(&out->large, cfg->path, err);
    enum rc rc = file_make_folder(cfg->path, err);
    if (rc == RC_OK)
        rc = cmd_path(path, cfg->path, "large", err);
    return rc == RC_OK ? blobs_open(&out->large, path, err) : rc;
}

enum rc objects_open(struct objects *out, struct arena *arena, const struct objects_cfg *cfg,
                     struct err *err)
{
    assert(cfg->path != NULL);
    struct entropy entropy = entropy_os();
    *out = (struct objects){0};
    enum rc rc = open_large(out, cfg, err);
    if (rc == RC_OK)
        rc = open_kv(out, cfg, err);
    if (rc == RC_OK) {
        const struct store_cfg store = {.kv = kv_host(out->kv),
                                        .large = blobs_host(out->large),
                                        .bytes_max = cfg->bytes_max,
                                        .objects_max = store_objects(cfg),
                                        .inline_bytes = cfg->is_cache ? 1 : 0,
                                        .seed = entropy_u64(&entropy),
                                        .is_cache = cfg->is_cache};
        rc = store_open(&out->store, arena, &store);
        if (rc != RC_OK)
            rc = err_set(err, rc, "%s: %s", cfg->path, rc_text(rc));
    }
    if (rc != RC_OK)
        objects_close(out);
    assert((rc == RC_OK) == (out->store != NULL));
    return cmd_of_machine(rc);
}

void objects_close(struct objects *s)
{
    if (s->store != NULL)
        (void)store_close(s->store); // else the next open takes longer
    kv_close(s->kv);
    blobs_close(s->large);
    *s = (struct objects){0};
}
