// SPDX-License-Identifier: MIT
// LMDB behind host/kv.
#include "os/kv.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <lmdb.h>

#include "base/arena.h"
#include "os/file.h"

#define BOOT_BYTES_MAX 128
#define SIZE_BYTES_MAX (UINT64_C(1) << 46)

struct kv_env {
    struct arena *arena; // holds this struct
    MDB_env *env;
    MDB_dbi table;
    MDB_txn *reader;          // made once, then reset and renewed
    MDB_cursor *cursor;       // over reader
    MDB_txn *writer;          // NULL: no group is begun
    MDB_cursor *write_cursor; // over writer
    uint32_t borrowed;        // values between get or next and release
    bool is_cache;
    char mark[FILE_PATH_BYTES]; // of a cache: the file that holds the boot id while it is open
};

static enum rc rc_of(int code)
{
    switch (code) {
    case MDB_SUCCESS:
        return RC_OK;
    case MDB_NOTFOUND:
        return RC_ABSENT;
    case MDB_MAP_FULL:
    case MDB_TXN_FULL: // more changes than a group may hold
    case ENOSPC:
    case EDQUOT:
        return RC_FULL;
    case ENOMEM:
        return RC_NOMEM;
    default:
        return RC_IO;
    }
}

static MDB_val val_of(struct bytes b)
{
    // LMDB's one type of view is not const; it does not write to what it is given.
    MDB_val v = {.mv_size = b.len};
    memcpy(&v.mv_data, &b.at, sizeof v.mv_data);
    return v;
}

static struct bytes bytes_of_val(MDB_val v)
{
    return bytes_of(v.mv_data, v.mv_size);
}

static void release(void *self)
{
    struct kv_env *e = self;
    assert(e->borrowed > 0);
    if (--e->borrowed == 0 && e->writer == NULL)
        mdb_txn_reset(e->reader);
}

// A group reads through its own transaction, which alone knows its changes.
static enum rc begin_read(struct kv_env *e)
{
    const bool has_txn = e->borrowed > 0 || e->writer != NULL;
    const int code = has_txn ? MDB_SUCCESS : mdb_txn_renew(e->reader);
    e->borrowed += code == MDB_SUCCESS;
    return rc_of(code);
}

static enum rc end_read(struct kv_env *e, int code)
{
    if (code != MDB_SUCCESS)
        release(e);
    return rc_of(code);
}

static enum rc get(void *self, struct bytes key, struct bytes *value)
{
    struct kv_env *e = self;
    assert(key.len >= 1 && key.len <= KV_KEY_BYTES_MAX);
    enum rc rc = begin_read(e);
    if (rc != RC_OK)
        return rc;
    MDB_val k = val_of(key);
    MDB_val v = {0};
    const int code = mdb_get(e->writer != NULL ? e->writer : e->reader, e->table, &k, &v);
    if (code == MDB_SUCCESS)
        *value = bytes_of_val(v);
    return end_read(e, code);
}

static int walk_cursor(struct kv_env *e, MDB_cursor **out)
{
    if (e->writer != NULL) {
        *out = e->write_cursor;
        return e->write_cursor != NULL ? MDB_SUCCESS : EINVAL;
    }
    *out = e->cursor;
    return mdb_cursor_renew(e->reader, e->cursor);
}

static enum rc next(void *self, struct bytes after, struct bytes *key, struct bytes *value)
{
    struct kv_env *e = self;
    assert(after.len <= KV_KEY_BYTES_MAX);
    enum rc rc = begin_read(e);
    if (rc != RC_OK)
        return rc;
    MDB_val k = val_of(after);
    MDB_val v = {0};
    MDB_cursor *cursor = NULL;
    int code = walk_cursor(e, &cursor);
    if (code == MDB_SUCCESS)
        code = mdb_cursor_get(cursor, &k, &v, after.len == 0 ? MDB_FIRST : MDB_SET_RANGE);
    if (code == MDB_SUCCESS && after.len > 0 && bytes_equal(bytes_of_val(k), after))
        code = mdb_cursor_get(cursor, &k, &v, MDB_NEXT);
    if (code == MDB_SUCCESS) {
        *key = bytes_of_val(k);
        *value = bytes_of_val(v);
    }
    return end_read(e, code);
}

static void end_write(struct kv_env *e)
{
    if (e->write_cursor != NULL)
        mdb_cursor_close(e->write_cursor);
    e->write_cursor = NULL;
    e->writer = NULL;
}

static enum rc begin(void *self)
{
    struct kv_env *e = self;
    assert(e->writer == NULL && e->borrowed == 0); // what was read would change under its reader
    int code = mdb_txn_begin(e->env, NULL, 0, &e->writer);
    if (code != MDB_SUCCESS) {
        e->writer = NULL;
        return rc_of(code);
    }
    code = mdb_cursor_open(e->writer, e->table, &e->write_cursor);
    if (code == MDB_SUCCESS)
        return RC_OK;
    mdb_txn_abort(e->writer);
    end_write(e);
    return rc_of(code);
}

static void abort_group(void *self)
{
    struct kv_env *e = self;
    assert(e->writer != NULL && e->borrowed == 0);
    MDB_txn *txn = e->writer;
    end_write(e); // before the transaction whose pages it holds
    mdb_txn_abort(txn);
}

static enum rc commit(void *self)
{
    struct kv_env *e = self;
    assert(e->writer != NULL && e->borrowed == 0);
    MDB_txn *txn = e->writer;
    end_write(e);
    return rc_of(mdb_txn_commit(txn)); // fsync; aborts by itself on failure
}

// value NULL deletes.
static int change_one(struct kv_env *e, struct bytes key, const struct bytes *value)
{
    MDB_val k = val_of(key);
    if (value == NULL)
        return mdb_del(e->writer, e->table, &k, NULL);
    MDB_val v = val_of(*value);
    return mdb_put(e->writer, e->table, &k, &v, 0);
}

// In the group that there is, or in one of its own.
static enum rc change(struct kv_env *e, struct bytes key, const struct bytes *value)
{
    assert(key.len >= 1 && key.len <= KV_KEY_BYTES_MAX && e->borrowed == 0);
    if (e->writer != NULL)
        return rc_of(change_one(e, key, value));
    enum rc rc = begin(e);
    if (rc != RC_OK)
        return rc;
    rc = rc_of(change_one(e, key, value));
    if (rc == RC_OK)
        return commit(e);
    abort_group(e);
    return rc;
}

static enum rc put(void *self, struct bytes key, struct bytes value)
{
    return change(self, key, &value);
}

static enum rc del(void *self, struct bytes key)
{
    return change(self, key, NULL);
}

static int open_table(struct kv_env *e)
{
    MDB_txn *txn;
    int code = mdb_txn_begin(e->env, NULL, 0, &txn);
    if (code != MDB_SUCCESS)
        return code;
    code = mdb_dbi_open(txn, NULL, 0, &e->table);
    if (code != MDB_SUCCESS) {
        mdb_txn_abort(txn);
        return code;
    }
    return mdb_txn_commit(txn);
}

static int open_all(struct kv_env *e, const char *folder, uint64_t size_bytes)
{
    int code = mdb_env_create(&e->env);
    if (code == MDB_SUCCESS)
        code = mdb_env_set_mapsize(e->env, (size_t)size_bytes);
    // NOTLS: readers belong to this object, not to a thread. NORDAHEAD is left off: objects are
    // read whole.
    if (code == MDB_SUCCESS)
        code = mdb_env_open(e->env, folder, MDB_NOTLS | (e->is_cache ? MDB_NOSYNC : 0), 0600);
    if (code == MDB_SUCCESS) // slots of processes that were killed while they read
        code = mdb_reader_check(e->env, NULL);
    if (code == MDB_SUCCESS)
        code = open_table(e);
    if (code == MDB_SUCCESS)
        code = mdb_txn_begin(e->env, NULL, MDB_RDONLY, &e->reader);
    if (code == MDB_SUCCESS)
        code = mdb_cursor_open(e->reader, e->table, &e->cursor);
    if (code == MDB_SUCCESS)
        mdb_txn_reset(e->reader);
    return code;
}

// ---- A cache

// What there is may be of a machine that went down while it was open: then it goes.
static enum rc drop_if_stale(const struct kv_env *e, const char *folder, struct bytes boot,
                             struct err *err)
{
    struct budget budget = {.limit_bytes = 4096};
    struct bytes mark;
    char path[FILE_PATH_BYTES];
    enum rc rc = file_read(&mark, &budget, e->mark, BOOT_BYTES_MAX, err);
    if (rc == RC_ABSENT)
        return RC_OK; // closed in order, or new
    if (rc != RC_OK)
        return rc;
    const bool is_same = bytes_equal(mark, boot);
    file_forget(mark, &budget);
    (void)snprintf(path, sizeof path, "%s/data.mdb", folder);
    if (is_same || unlink(path) == 0 || errno == ENOENT)
        return RC_OK;
    return err_set(err, RC_CONFIG, "cannot remove %s: %s", path, strerror(errno));
}

static enum rc set_mark(struct kv_env *e, const char *folder, struct err *err)
{
    struct budget budget = {.limit_bytes = 4096};
    struct bytes boot;
    const int len = snprintf(e->mark, sizeof e->mark, "%s/boot", folder);
    if (len < 0 || (size_t)len >= sizeof e->mark - sizeof "/data.mdb")
        return err_set(err, RC_CONFIG, "%s: the path is too long", folder);
    enum rc rc = file_read(&boot, &budget, "/proc/sys/kernel/random/boot_id", BOOT_BYTES_MAX, err);
    if (rc != RC_OK)
        return rc;
    rc = drop_if_stale(e, folder, boot, err);
    if (rc == RC_OK)
        rc = file_write(e->mark, boot, 0600, err);
    file_forget(boot, &budget);
    return rc;
}

// All is on the disk, in order: whatever happens now, the next open may use it.
static void clear_mark(struct kv_env *e)
{
    if (e->is_cache && e->env != NULL && mdb_env_sync(e->env, 1) == MDB_SUCCESS)
        (void)unlink(e->mark); // else it is thrown away after the next start of the machine
}

// ---- Life

static enum rc open_env(struct kv_env **out, const char *folder, uint64_t size_bytes, bool is_cache,
                        struct err *err)
{
    assert(size_bytes >= KV_SIZE_BYTES_MIN && size_bytes <= SIZE_BYTES_MAX);
    *out = NULL;
    struct arena *arena = arena_new(sizeof(struct kv_env) + 4096);
    struct kv_env *e = arena != NULL ? arena_take(arena, sizeof *e) : NULL;
    if (e == NULL) {
        arena_free(arena);
        return err_set(err, RC_NOMEM, "cannot open store %s: no memory", folder);
    }
    e->arena = arena;
    const enum rc marked = is_cache ? set_mark(e, folder, err) : RC_OK;
    if (marked != RC_OK) {
        kv_close(e);
        return marked;
    }
    e->is_cache = is_cache;
    const int code = open_all(e, folder, size_bytes);
    if (code != MDB_SUCCESS) {
        e->is_cache = false; // its mark stays
        kv_close(e);
        enum rc rc = rc_of(code) == RC_NOMEM ? RC_NOMEM : RC_CONFIG;
        return err_set(err, rc, "cannot open store %s: %s", folder, mdb_strerror(code));
    }
    *out = e;
    return RC_OK;
}

enum rc kv_open(struct kv_env **out, const char *folder, uint64_t size_bytes, struct err *err)
{
    return open_env(out, folder, size_bytes, false, err);
}

enum rc kv_open_cache(struct kv_env **out, const char *folder, uint64_t size_bytes, struct err *err)
{
    return open_env(out, folder, size_bytes, true, err);
}

struct kv kv_host(struct kv_env *e)
{
    static const struct kv_ops ops = {
        .get = get,
        .next = next,
        .release = release,
        .put = put,
        .del = del,
        .begin = begin,
        .commit = commit,
        .abort = abort_group,
    };
    return (struct kv){.ops = &ops, .self = e};
}

void kv_close(struct kv_env *e)
{
    if (e == NULL)
        return;
    if (e->writer != NULL)
        abort_group(e);
    clear_mark(e);
    if (e->cursor != NULL)
        mdb_cursor_close(e->cursor);
    if (e->reader != NULL)
        mdb_txn_abort(e->reader);
    if (e->env != NULL)
        mdb_env_close(e->env);
    arena_free(e->arena);
}
