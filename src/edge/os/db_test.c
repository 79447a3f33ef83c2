// SPDX-License-Identifier: MIT
// Tests of the database: values of every kind, transactions, constraints, the statement cache.
#include "os/db.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/scratch_test.h"

static const char schema[] = "CREATE TABLE IF NOT EXISTS tasks"
                             " (id INTEGER PRIMARY KEY, name TEXT, body BLOB)";
static const char insert[] = "INSERT INTO tasks VALUES (?1, ?2, ?3)";

static struct db *open_db(const char *path)
{
    struct db *db = NULL;
    struct err err = {0};
    if (db_open(&db, path, schema, &err) != RC_OK)
        fail_msg("%s", err.text);
    return db;
}

static enum rc put(struct db *db, int64_t id, const char *name)
{
    const struct db_value v[] = {db_integer(id), db_text(name), db_null()};
    return db_run(db, insert, v, 3);
}

static bool keep_integer(void *self, const struct db_value *row, size_t columns)
{
    assert_int_equal(columns, 1);
    assert_int_equal(row[0].kind, DB_INTEGER);
    *(int64_t *)self = row[0].integer;
    return true;
}

static int64_t count(struct db *db)
{
    int64_t n = -1;
    assert_int_equal(db_rows(db, "SELECT count(*) FROM tasks", NULL, 0, keep_integer, &n), RC_OK);
    return n;
}

static bool check_row(void *self, const struct db_value *row, size_t columns)
{
    unsigned *rows = self;
    assert_int_equal(columns, 3);
    assert_int_equal(row[0].integer, INT64_MIN);
    assert_int_equal(row[1].kind, DB_TEXT);
    assert_true(bytes_equal(row[1].bytes, bytes_of("a\0b", 3)));
    assert_int_equal(row[2].kind, DB_BLOB);
    assert_int_equal(row[2].bytes.len, 0);
    (*rows)++;
    return true;
}

static void values_come_back_as_they_were(void **state)
{
    (void)state;
    struct db *db = open_db(":memory:");
    const struct db_value v[] = {db_integer(INT64_MIN),
                                 {.kind = DB_TEXT, .bytes = bytes_of("a\0b", 3)},
                                 db_blob(bytes_of(NULL, 0))};
    assert_int_equal(db_run(db, insert, v, 3), RC_OK);
    unsigned rows = 0;
    assert_int_equal(db_rows(db, "SELECT * FROM tasks", NULL, 0, check_row, &rows), RC_OK);
    assert_int_equal(rows, 1);
    assert_int_equal(db_text(NULL).kind, DB_NULL);
    db_close(db);
    db_close(NULL);
}

static void a_constraint_refuses_and_changes_nothing(void **state)
{
    (void)state;
    struct db *db = open_db(":memory:");
    assert_int_equal(put(db, 1, "one"), RC_OK);
    assert_int_equal(put(db, 1, "again"), RC_REFUSED);
    assert_non_null(strstr(db_error(db), "UNIQUE"));
    assert_int_equal(put(db, 2, "two"), RC_OK); // the statement works on
    assert_int_equal(count(db), 2);
    assert_int_equal(db_run(db, "no such statement", NULL, 0), RC_MALFORMED);
    assert_non_null(strstr(db_error(db), "syntax error"));
    const struct db_value word[] = {db_text("one"), db_null(), db_null()};
    assert_int_equal(db_run(db, insert, word, 3), RC_REFUSED); // no integer
    assert_non_null(strstr(db_error(db), "mismatch"));
    db_rollback(db);
    assert_non_null(strstr(db_error(db), "mismatch")); // the last failure's, still
    db_close(db);
}

static void transactions_group_and_roll_back(void **state)
{
    (void)state;
    struct db *db = open_db(":memory:");
    assert_int_equal(db_commit(db), RC_OK);
    assert_int_equal(db_begin(db), RC_OK);
    assert_int_equal(db_begin(db), RC_OK);
    assert_int_equal(put(db, 1, "one"), RC_OK);
    assert_int_equal(put(db, 1, "one"), RC_REFUSED); // the transaction stays open
    assert_int_equal(put(db, 2, "two"), RC_OK);
    assert_int_equal(db_commit(db), RC_OK);
    assert_int_equal(count(db), 2);
    assert_int_equal(db_begin(db), RC_OK);
    assert_int_equal(put(db, 3, "three"), RC_OK);
    db_rollback(db);
    assert_int_equal(count(db), 2);
    db_close(db);
}

static bool stop_at_second(void *self, const struct db_value *row, size_t columns)
{
    (void)row;
    (void)columns;
    return ++*(unsigned *)self < 2;
}

static void a_walk_may_stop_early(void **state)
{
    (void)state;
    struct db *db = open_db(":memory:");
    for (int64_t i = 0; i < 5; i++)
        assert_int_equal(put(db, i, NULL), RC_OK);
    unsigned rows = 0;
    assert_int_equal(db_rows(db, "SELECT id FROM tasks", NULL, 0, stop_at_second, &rows), RC_OK);
    assert_int_equal(rows, 2);
    assert_int_equal(put(db, 9, NULL), RC_OK);
    db_close(db);
}

static void more_statements_than_the_cache_holds(void **state)
{
    (void)state;
    struct db *db = open_db(":memory:");
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 2 * DB_STATEMENTS_MAX; i++) {
            char sql[64];
            int64_t got = -1;
            (void)snprintf(sql, sizeof sql, "SELECT %d", i);
            assert_int_equal(db_rows(db, sql, NULL, 0, keep_integer, &got), RC_OK);
            assert_int_equal(got, i);
        }
    }
    db_close(db);
}

static void files_last_are_private_and_errors_speak(void **state)
{
    (void)state;
    char folder[SCRATCH_BYTES];
    char path[64];
    assert_int_equal(scratch_make(folder), 0);
    (void)snprintf(path, sizeof path, "%s/hub.db", folder);
    struct db *db = open_db(path);
    assert_int_equal(put(db, 1, "one"), RC_OK);
    assert_int_equal(db_begin(db), RC_OK);
    assert_int_equal(put(db, 2, "lost"), RC_OK);
    db_close(db);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    db = open_db(path);
    assert_int_equal(count(db), 1);
    db_close(db);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (int i = 0; i < 1000; i++)
        (void)fputs("this is no database", f);
    assert_int_equal(fclose(f), 0);
    struct err err = {0};
    assert_int_equal(db_open(&db, path, schema, &err), RC_CONFIG);
    assert_non_null(strstr(err.text, "file is not a database"));
    assert_null(db);
    assert_int_equal(db_open(&db, "/no/such/hub.db", schema, &err), RC_CONFIG);
    assert_string_equal(err.text,
                        "cannot open database /no/such/hub.db: unable to open database file");
    assert_int_equal(scratch_remove(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_back_as_they_were),
        cmocka_unit_test(a_constraint_refuses_and_changes_nothing),
        cmocka_unit_test(transactions_group_and_roll_back),
        cmocka_unit_test(a_walk_may_stop_early),
        cmocka_unit_test(more_statements_than_the_cache_holds),
        cmocka_unit_test(files_last_are_private_and_errors_speak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
