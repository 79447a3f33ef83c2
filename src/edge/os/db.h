// SPDX-License-Identifier: MIT
// A thin face on SQLite: a schema, statements with bound values, commits grouped by the caller.
//
//     db_begin(db);                                   // first write of this loop turn
//     db_run(db, "INSERT INTO tasks VALUES (?1, ?2)", values, 2);
//     db_commit(db);                                  // before anything depends on it
//
// WAL, synchronous=FULL: what db_commit returned RC_OK for survives a power cut. SQL texts are
// the caller's constants: prepared once and kept (DB_STATEMENTS_MAX; the one that was not used
// for longest leaves). Without db_begin each db_run is its own transaction.
//
// One thread at a time: a db may be handed to another thread by what orders memory between the
// two (a lock, a pool's job), if no call of ours is under way.
#ifndef OS_DB_H
#define OS_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"

struct db;

#define DB_STATEMENTS_MAX 64
#define DB_VALUES_MAX     32

enum db_kind { DB_NULL, DB_INTEGER, DB_TEXT, DB_BLOB };

struct db_value {
    enum db_kind kind;
    int64_t integer;    // DB_INTEGER
    struct bytes bytes; // DB_TEXT (UTF-8, need not end in 0), DB_BLOB
};

struct db_value db_integer(int64_t v);
struct db_value db_text(const char *s); // NULL: DB_NULL
struct db_value db_blob(struct bytes b);
struct db_value db_null(void);

// Opens or makes the file (mode 0600; ":memory:" is allowed) and runs schema, which must be
// repeatable (CREATE TABLE IF NOT EXISTS ...). RC_CONFIG: not usable, or not a database;
// words in err. *out is NULL then.
MUST_USE enum rc db_open(struct db **out, const char *path, const char *schema, struct err *err);
void db_close(struct db *db); // rolls back what was not committed; NULL is fine

// Runs one statement that gives no rows. values are copied.
// RC_FULL: the disk; RC_REFUSED: a constraint (the row is there already, ...); RC_MALFORMED: no
// SQL that this database understands; RC_IO, RC_NOMEM. A failed statement changes nothing; the
// transaction around it stays open after RC_REFUSED and RC_MALFORMED, and should be rolled back
// after others.
MUST_USE enum rc db_run(struct db *db, const char *sql, const struct db_value *values,
                        size_t count);
// Each row in turn, a real number in it as text; row is borrowed for the call, which returns false
// to stop early, and must not use db. RC_OK also if there were none; else as db_run.
MUST_USE enum rc db_rows(struct db *db, const char *sql, const struct db_value *values,
                         size_t count,
                         bool (*on_row)(void *self, const struct db_value *row, size_t columns),
                         void *self);
// db_begin inside a transaction and db_commit outside one do nothing, RC_OK.
MUST_USE enum rc db_begin(struct db *db);
// RC_FULL, RC_IO: rolled back, nothing since db_begin is there.
MUST_USE enum rc db_commit(struct db *db);
void db_rollback(struct db *db);
// The words of the last failure, for the log; valid until the next call.
const char *db_error(const struct db *db);

#endif
