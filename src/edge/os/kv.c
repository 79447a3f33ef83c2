// SPDX-License-Identifier: MIT
// LMDB behind host/kv.
#include "os/kv.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include <lmdb.h>

#include "base/arena.h"

#define SIZE_BYTES_MAX (UINT64_C(1) << 46)

struct kv_env {
    struct arena *arena; // holds this struct
    MDB_env *env;
    MDB_dbi table;
    MDB_txn *reader;    // made once, then reset and renewed
    uint32_t borrowed;  // values between get or next and release
    MDB_cursor *cursor; // over reader
};

static enum rc rc_of(int code)
{
    switch (code) {
    case MDB_SUCCESS:
        return RC_OK;
    case MDB_NOTFOUND:
        return RC_ABSENT;
    case MDB_MAP_FULL:
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
    if (--e->borrowed == 0)
        mdb_txn_reset(e->reader);
}

static enum rc begin_read(struct kv_env *e)
{
    const int code = e->borrowed == 0 ? mdb_txn_renew(e->reader) : MDB_SUCCESS;
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
    const int code = mdb_get(e->reader, e->table, &k, &v);
    if (code == MDB_SUCCESS)
        *value = bytes_of_val(v);
    return end_read(e, code);
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
    int code = mdb_cursor_renew(e->reader, e->cursor);
    if (code == MDB_SUCCESS)
        code = mdb_cursor_get(e->cursor, &k, &v, after.len == 0 ? MDB_FIRST : MDB_SET_RANGE);
    if (code == MDB_SUCCESS && after.len > 0 && bytes_equal(bytes_of_val(k), after))
        code = mdb_cursor_get(e->cursor, &k, &v, MDB_NEXT);
    if (code == MDB_SUCCESS) {
        *key = bytes_of_val(k);
        *value = bytes_of_val(v);
    }
    return end_read(e, code);
}

// One transaction for one change; value NULL deletes.
static enum rc change(struct kv_env *e, struct bytes key, const struct bytes *value)
{
    assert(key.len >= 1 && key.len <= KV_KEY_BYTES_MAX);
    assert(e->borrowed == 0); // what was read would change under its reader
    MDB_txn *txn;
    int code = mdb_txn_begin(e->env, NULL, 0, &txn);
    if (code != MDB_SUCCESS)
        return rc_of(code);
    MDB_val k = val_of(key);
    if (value != NULL) {
        MDB_val v = val_of(*value);
        code = mdb_put(txn, e->table, &k, &v, 0);
    } else {
        code = mdb_del(txn, e->table, &k, NULL);
    }
    if (code != MDB_SUCCESS) {
        mdb_txn_abort(txn);
        return rc_of(code);
    }
    return rc_of(mdb_txn_commit(txn)); // fsync; aborts by itself on failure
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
        code = mdb_env_open(e->env, folder, MDB_NOTLS, 0600);
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

enum rc kv_open(struct kv_env **out, const char *folder, uint64_t size_bytes, struct err *err)
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
    const int code = open_all(e, folder, size_bytes);
    if (code != MDB_SUCCESS) {
        kv_close(e);
        enum rc rc = rc_of(code) == RC_NOMEM ? RC_NOMEM : RC_CONFIG;
        return err_set(err, rc, "cannot open store %s: %s", folder, mdb_strerror(code));
    }
    *out = e;
    return RC_OK;
}

struct kv kv_host(struct kv_env *e)
{
    static const struct kv_ops ops = {
        .get = get, .next = next, .release = release, .put = put, .del = del};
    return (struct kv){.ops = &ops, .self = e};
}

void kv_close(struct kv_env *e)
{
    if (e == NULL)
        return;
    if (e->cursor != NULL)
        mdb_cursor_close(e->cursor);
    if (e->reader != NULL)
        mdb_txn_abort(e->reader);
    if (e->env != NULL)
        mdb_env_close(e->env);
    arena_free(e->arena);
}
