// SPDX-License-Identifier: MIT
// A thin face on SQLite.
#include "os/db.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/arena.h"

#define BUSY_MS 2000 // another process reads or writes the file

struct statement {
    const char *sql;   // SQLite's own copy; NULL: unused slot
    const char *given; // where the caller's text was, last time; compared, never read
    sqlite3_stmt *stmt;
    uint64_t used_turn;
};

struct db {
    struct arena *arena; // holds this struct
    sqlite3 *handle;
    struct statement cache[DB_STATEMENTS_MAX];
    uint64_t turn;
    char words[ERR_TEXT_BYTES]; // of the last failure
};

struct db_value db_integer(int64_t v)
{
    return (struct db_value){.kind = DB_INTEGER, .integer = v};
}

struct db_value db_text(const char *s)
{
    return s == NULL ? db_null() : (struct db_value){.kind = DB_TEXT, .bytes = bytes_text(s)};
}

struct db_value db_blob(struct bytes b)
{
    return (struct db_value){.kind = DB_BLOB, .bytes = b};
}

struct db_value db_null(void)
{
    return (struct db_value){.kind = DB_NULL};
}

static enum rc rc_of(int code)
{
    switch (code & 0xff) { // the primary code
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return RC_OK;
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH: // no integer where the table wants one
    case SQLITE_TOOBIG:
        return RC_REFUSED;
    case SQLITE_ERROR:
        return RC_MALFORMED;
    case SQLITE_FULL:
        return RC_FULL;
    case SQLITE_NOMEM:
        return RC_NOMEM;
    default:
        return RC_IO;
    }
}

// Keeps the words while SQLite still has them: a rollback forgets them.
static enum rc failed(struct db *db, int code)
{
    (void)snprintf(db->words, sizeof db->words, "%s", sqlite3_errmsg(db->handle));
    return rc_of(code);
}

// The caller's text identifies a statement by content, so that equal constants of two files share
// one. Most often it lies where it lay last time: one comparison of text then, instead of one for
// each statement that is kept.
static struct statement *find(struct db *db, const char *sql)
{
    for (size_t i = 0; i < DB_STATEMENTS_MAX; i++) {
        struct statement *s = &db->cache[i];
        if (s->given == sql && strcmp(s->sql, sql) == 0)
            return s;
    }
    for (size_t i = 0; i < DB_STATEMENTS_MAX; i++) {
        struct statement *s = &db->cache[i];
        if (s->sql != NULL && strcmp(s->sql, sql) == 0)
            return s;
    }
    return NULL;
}

static struct statement *oldest(struct db *db)
{
    struct statement *found = &db->cache[0];
    for (size_t i = 1; i < DB_STATEMENTS_MAX; i++) {
        if (db->cache[i].used_turn < found->used_turn)
            found = &db->cache[i];
    }
    return found;
}

static sqlite3_stmt *statement_of(struct db *db, const char *sql, int *code)
{
    struct statement *s = find(db, sql);
    if (s == NULL) {
        s = oldest(db);
        (void)sqlite3_finalize(s->stmt); // repeats an old error, if any
        *s = (struct statement){0};
        *code = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->stmt, NULL);
        if (*code != SQLITE_OK)
            return NULL;
        assert(s->stmt != NULL); // an empty text
        s->sql = sqlite3_sql(s->stmt);
    }
    s->given = sql;
    s->used_turn = ++db->turn;
    return s->stmt;
}

static int bind(sqlite3_stmt *stmt, int index, const struct db_value *v)
{
    // STATIC: the caller's bytes outlive the statement's run. A NULL pointer would bind NULL.
    const void *at = v->bytes.at != NULL ? (const void *)v->bytes.at : "";
    switch (v->kind) {
    case DB_NULL:
        return sqlite3_bind_null(stmt, index);
    case DB_INTEGER:
        return sqlite3_bind_int64(stmt, index, v->integer);
    case DB_TEXT:
        return sqlite3_bind_text64(stmt, index, at, v->bytes.len, SQLITE_STATIC, SQLITE_UTF8);
    case DB_BLOB:
        return sqlite3_bind_blob64(stmt, index, at, v->bytes.len, SQLITE_STATIC);
    }
    return SQLITE_MISUSE;
}

static struct db_value column(sqlite3_stmt *stmt, int index)
{
    switch (sqlite3_column_type(stmt, index)) {
    case SQLITE_INTEGER:
        return db_integer(sqlite3_column_int64(stmt, index));
    case SQLITE_BLOB: {
        const void *at = sqlite3_column_blob(stmt, index);
        return db_blob(bytes_of(at, (size_t)sqlite3_column_bytes(stmt, index)));
    }
    case SQLITE_NULL:
        return db_null();
    default: { // text, and a real number as text
        const void *at = sqlite3_column_text(stmt, index);
        size_t len = (size_t)sqlite3_column_bytes(stmt, index);
        return (struct db_value){.kind = DB_TEXT, .bytes = bytes_of(at, len)};
    }
    }
}

enum rc db_rows(struct db *db, const char *sql, const struct db_value *values, size_t count,
                bool (*on_row)(void *self, const struct db_value *row, size_t columns), void *self)
{
    assert(count <= DB_VALUES_MAX);
    int code = SQLITE_OK;
    sqlite3_stmt *stmt = statement_of(db, sql, &code);
    if (stmt == NULL)
        return failed(db, code);
    assert((size_t)sqlite3_bind_parameter_count(stmt) == count);
    for (size_t i = 0; i < count && code == SQLITE_OK; i++)
        code = bind(stmt, (int)i + 1, &values[i]);
    int columns = sqlite3_column_count(stmt);
    assert(columns <= DB_VALUES_MAX);
    while (code == SQLITE_OK && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
        struct db_value row[DB_VALUES_MAX];
        for (int i = 0; i < columns; i++)
            row[i] = column(stmt, i);
        code = on_row == NULL || on_row(self, row, (size_t)columns) ? SQLITE_OK : SQLITE_DONE;
    }
    const enum rc rc = code == SQLITE_OK || code == SQLITE_DONE ? RC_OK : failed(db, code);
    (void)sqlite3_reset(stmt); // repeats code
    (void)sqlite3_clear_bindings(stmt);
    return rc;
}

enum rc db_run(struct db *db, const char *sql, const struct db_value *values, size_t count)
{
    return db_rows(db, sql, values, count, NULL, NULL);
}

enum rc db_begin(struct db *db)
{
    if (sqlite3_get_autocommit(db->handle) == 0)
        return RC_OK;
    return db_run(db, "BEGIN IMMEDIATE", NULL, 0);
}

enum rc db_commit(struct db *db)
{
    if (sqlite3_get_autocommit(db->handle) != 0)
        return RC_OK;
    enum rc rc = db_run(db, "COMMIT", NULL, 0);
    if (rc != RC_OK)
        db_rollback(db);
    return rc;
}

void db_rollback(struct db *db)
{
    if (sqlite3_get_autocommit(db->handle) == 0) // else SQLite rolled back by itself
        (void)sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

const char *db_error(const struct db *db)
{
    return db->words;
}

static int open_all(struct db *db, const char *path, const char *schema)
{
    assert(sqlite3_threadsafe() != 0); // built for one thread alone, two databases share state
    int code = sqlite3_open_v2(path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_busy_timeout(db->handle, BUSY_MS);
    if (code == SQLITE_OK)
        code = sqlite3_exec(db->handle,
                            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                            "PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF;"
                            "PRAGMA cache_size=-8192", // KiB
                            NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(db->handle, schema, NULL, NULL, NULL);
    return code;
}

// SQLite makes files by the umask; ours holds tokens, so it is made first, 0600. What goes wrong
// here goes wrong again in SQLite, which has the words for it.
static void make_private(const char *path)
{
    if (strcmp(path, ":memory:") == 0)
        return;
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0)
        (void)close(fd);
}

enum rc db_open(struct db **out, const char *path, const char *schema, struct err *err)
{
    *out = NULL;
    struct arena *arena = arena_new(sizeof(struct db) + 4096);
    struct db *db = arena != NULL ? arena_take(arena, sizeof *db) : NULL;
    if (db == NULL) {
        arena_free(arena);
        return err_set(err, RC_NOMEM, "cannot open database %s: no memory", path);
    }
    db->arena = arena;
    make_private(path);
    const int code = open_all(db, path, schema);
    if (code != SQLITE_OK) {
        enum rc rc = rc_of(code) == RC_NOMEM ? RC_NOMEM : RC_CONFIG;
        const char *words = db->handle != NULL ? sqlite3_errmsg(db->handle) : sqlite3_errstr(code);
        (void)err_set(err, rc, "cannot open database %s: %s", path, words);
        db_close(db);
        return rc;
    }
    *out = db;
    return RC_OK;
}

void db_close(struct db *db)
{
    if (db == NULL)
        return;
    for (size_t i = 0; i < DB_STATEMENTS_MAX; i++)
        (void)sqlite3_finalize(db->cache[i].stmt); // repeats an old error, if any
    const int code = sqlite3_close(db->handle);
    assert(code == SQLITE_OK); // no statement of ours is left
    arena_free(db->arena);
}
