// SPDX-License-Identifier: MIT
// Store: groups of changes, and the order in which they reach the disk.
//
// 1. Large values are written, each under its final name. 2. Commit syncs them and their folders.
// 3. Then the rows are committed: now the objects are there. 4. Files of what was deleted go. So a
// row never names a file that is not whole on the disk, and what a crash can leave is files
// without rows: of puts (looked for at the next open) and of deletes (told by ROW_DELETED).
#include "store/store_state.h"

#include <assert.h>
#include <string.h>

#define DELETED_MAX 64u // rows of files that are gone, before they are cleared: that takes a sync

// ---- What is deleted

static enum rc next_deleted(struct store *s, struct store_place *p, struct digest *name)
{
    uint64_t size_bytes = 0;
    return store_step_name(&s->cfg.kv, p, ROW_DELETED, name, &size_bytes);
}

static enum rc unlink_one(struct store *s, const struct digest *name)
{
    const struct row_key k = row_key(ROW_OBJECT, name);
    const enum rc rc = s->cfg.large.ops->del(s->cfg.large.self, row_key_bytes(&k));
    return rc == RC_ABSENT ? RC_OK : rc;
}

void store_unlink_deleted(struct store *s)
{
    assert(store_has_large(s) && !s->is_begun);
    struct store_place p = store_place_before(ROW_DELETED);
    struct digest name;
    while (next_deleted(s, &p, &name) == RC_OK)
        (void)unlink_one(s, &name); // else it is tried again: the row stays
}

// Rows whose files are gone need not stay, once that is on the disk too: it is before these rows
// leave it, as all large changes of a group are.
static enum rc clear_deleted(struct store *s)
{
    struct store_place p = store_place_before(ROW_DELETED);
    struct digest name;
    enum rc rc = store_large_begin(s);
    while (rc == RC_OK && next_deleted(s, &p, &name) == RC_OK) {
        if (unlink_one(s, &name) != RC_OK)
            continue;
        const struct row_key k = row_key(ROW_DELETED, &name);
        rc = store_row_del(s, &k);
        s->meta.deleted -= s->meta.deleted > 0;
    }
    return rc;
}

// ---- Groups

static enum rc put_meta(struct store *s)
{
    const struct row_key k = row_key_meta();
    uint8_t room[ROW_META_BYTES];
    assert(s->meta.large_objects <= s->meta.objects && s->meta.large_bytes <= s->meta.bytes);
    assert(s->meta.kept <= s->meta.objects);
    s->meta.clock = use_clock(s->use);
    row_meta_put(&s->meta, room);
    return store_row_put(s, &k, bytes_of(room, sizeof room));
}

static enum rc put_uses(struct store *s)
{
    uint8_t room[USE_CHUNK_BYTES];
    enum rc rc = RC_OK;
    s->has_taken_uses = true;
    s->meta.cells = use_cells(s->use);
    uint32_t chunk = use_take(s->use, 0, room);
    while (rc == RC_OK && chunk < use_chunks(s->use)) {
        const struct row_key k = row_key_use(chunk);
        rc = store_row_put(s, &k, bytes_of(room, sizeof room));
        chunk = use_take(s->use, chunk + 1, room);
    }
    return rc;
}

// So often that a chunk has several news, and so seldom that it costs a commit little.
static bool are_uses_due(const struct store *s)
{
    return use_unwritten(s->use) >= use_cells(s->use) / 32;
}

static void forget_group(struct store *s)
{
    assert(!s->is_large_begun);
    s->is_begun = false;
    s->is_callers = false;
    s->has_taken_uses = false;
    s->spoiled = RC_OK;
    s->fresh_count = 0;
    s->candidate_count = 0;
}

static void take_back(struct store *s)
{
    assert(s->is_begun && s->borrowed == 0);
    if (s->is_large_begun)
        s->cfg.large.ops->abort(s->cfg.large.self);
    s->is_large_begun = false;
    for (size_t i = 0; i < s->fresh_count && i < STORE_FRESH_MAX; i++)
        if (unlink_one(s, &s->fresh[i]) != RC_OK)
            s->has_unknown_files = true;
    if (s->fresh_count > STORE_FRESH_MAX)
        s->has_unknown_files = true;
    s->has_unsynced_ends = s->has_unsynced_ends || s->fresh_count > 0;
    if (s->has_taken_uses)
        use_untake(s->use);
    s->meta = s->meta_before;
    s->evicted = s->evicted_before;
    forget_group(s);
}

static void abort_now(struct store *s)
{
    s->cfg.kv.ops->abort(s->cfg.kv.self);
    take_back(s);
}

// The last write failed, and may have happened all the same: the row says.
static bool has_happened(struct store *s)
{
    const struct row_key k = row_key_meta();
    struct bytes value;
    struct row_meta meta;
    uint32_t version = 0;
    if (s->cfg.kv.ops->get(s->cfg.kv.self, row_key_bytes(&k), &value) != RC_OK)
        return false;
    const bool is_good = row_meta_get(&meta, value, &version);
    s->cfg.kv.ops->release(s->cfg.kv.self);
    return is_good && meta.commits == s->meta.commits;
}

static void after_commit(struct store *s)
{
    const bool has_deleted = s->meta.deleted > s->meta_before.deleted;
    forget_group(s);
    if (has_deleted)
        store_unlink_deleted(s);
}

static enum rc commit_now(struct store *s)
{
    enum rc rc = s->spoiled;
    if (rc == RC_OK && s->is_large_begun) {
        s->is_large_begun = false; // over, whatever comes of it
        rc = s->cfg.large.ops->commit(s->cfg.large.self);
        s->has_unsynced_ends = s->has_unsynced_ends && rc != RC_OK;
    }
    s->meta.commits++;
    if (rc == RC_OK && are_uses_due(s))
        rc = put_uses(s);
    if (rc == RC_OK)
        rc = put_meta(s);
    if (rc != RC_OK) {
        abort_now(s);
        return rc;
    }
    rc = s->cfg.kv.ops->commit(s->cfg.kv.self);
    if (rc == RC_OK || has_happened(s))
        after_commit(s);
    else
        take_back(s);
    return rc;
}

// Before the first change that could leave a file of which nobody knows.
static enum rc clear_mark(struct store *s)
{
    if (!s->meta.is_clean || !store_has_large(s))
        return RC_OK;
    const struct kv *kv = &s->cfg.kv;
    enum rc rc = kv->ops->begin(kv->self);
    if (rc != RC_OK)
        return rc;
    s->is_begun = true;
    s->meta.is_clean = false;
    rc = put_meta(s);
    s->is_begun = false;
    s->spoiled = RC_OK;
    if (rc == RC_OK)
        rc = kv->ops->commit(kv->self);
    else
        kv->ops->abort(kv->self);
    s->meta.is_clean = rc != RC_OK;
    return rc;
}

static enum rc begin_rows(struct store *s)
{
    assert(!s->is_begun && s->borrowed == 0);
    const enum rc rc = s->cfg.kv.ops->begin(s->cfg.kv.self);
    if (rc == RC_OK) {
        s->meta_before = s->meta;
        s->evicted_before = s->evicted;
        s->is_begun = true;
    }
    return rc;
}

static enum rc begin_now(struct store *s)
{
    enum rc rc = clear_mark(s);
    if (rc == RC_OK)
        rc = begin_rows(s);
    if (rc != RC_OK)
        return rc;
    if (s->meta.deleted >= (s->cfg.is_cache ? 1 : DELETED_MAX) && store_has_large(s))
        rc = clear_deleted(s);
    if (rc != RC_OK)
        abort_now(s);
    return rc;
}

enum rc store_large_begin(struct store *s)
{
    assert(s->is_begun && store_has_large(s));
    if (s->is_large_begun || s->cfg.is_cache)
        return RC_OK;
    const enum rc rc = s->cfg.large.ops->begin(s->cfg.large.self);
    s->is_large_begun = rc == RC_OK;
    return store_spoil(s, rc);
}

enum rc store_enter(struct store *s)
{
    return s->is_begun ? s->spoiled : begin_now(s);
}

enum rc store_leave(struct store *s, enum rc rc)
{
    assert(s->is_begun);
    if (s->is_callers)
        return rc;
    if (rc == RC_OK)
        return commit_now(s);
    abort_now(s);
    return rc;
}

enum rc store_begin(struct store *s)
{
    assert(!s->is_callers);
    const enum rc rc = begin_now(s);
    s->is_callers = rc == RC_OK;
    return rc;
}

enum rc store_commit(struct store *s)
{
    assert(s->is_callers && s->borrowed == 0);
    return commit_now(s);
}

void store_abort(struct store *s)
{
    assert(s->is_callers && s->borrowed == 0);
    abort_now(s);
}

static enum rc write_uses(struct store *s, bool is_end)
{
    enum rc rc = begin_rows(s); // no file comes with it: the mark may stay
    if (rc != RC_OK)
        return rc;
    if (is_end && s->has_unsynced_ends)
        rc = store_large_begin(s);
    if (rc == RC_OK && is_end && s->meta.deleted > 0 && store_has_large(s))
        rc = clear_deleted(s);
    if (rc == RC_OK)
        rc = put_uses(s);
    if (is_end)
        s->meta.is_clean = !s->has_unknown_files && s->meta.deleted == 0;
    return store_leave(s, rc);
}

enum rc store_flush(struct store *s)
{
    assert(!s->is_begun && s->borrowed == 0);
    return use_unwritten(s->use) == 0 ? RC_OK : write_uses(s, false);
}

enum rc store_close(struct store *s)
{
    assert(!s->is_begun && s->borrowed == 0);
    if (s->meta.is_clean && use_unwritten(s->use) == 0)
        return RC_OK;
    return write_uses(s, true);
}
