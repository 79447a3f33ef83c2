// SPDX-License-Identifier: MIT
// What the hub writes down: tables tasks, results, peers and gamers of its SQLite file.
#include "records.h"

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS peers (node BLOB PRIMARY KEY, name TEXT, first_s INTEGER, "
    "last_s INTEGER, results INTEGER DEFAULT 0, wrong INTEGER DEFAULT 0, lost INTEGER DEFAULT 0, "
    "cpu_us INTEGER DEFAULT 0);"
    "CREATE TABLE IF NOT EXISTS gamers (node BLOB PRIMARY KEY, name TEXT, first_s INTEGER, "
    "last_s INTEGER, frames INTEGER DEFAULT 0, failed INTEGER DEFAULT 0);"
    "CREATE TABLE IF NOT EXISTS tasks (id INTEGER PRIMARY KEY, at_s INTEGER, asked BLOB, "
    "job INTEGER, frame INTEGER, tile INTEGER, attempts INTEGER, state TEXT);"
    "CREATE TABLE IF NOT EXISTS results (id INTEGER PRIMARY KEY, at_s INTEGER, asked BLOB, "
    "hash BLOB, peer BLOB, cpu_us INTEGER, wall_us INTEGER);";

enum rc records_open(struct records *r, const char *path, const struct log *log, struct err *err)
{
    *r = (struct records){.log = log};
    return db_open(&r->db, path, schema, err);
}

static void run(struct records *r, const char *sql, const struct db_value *value, size_t count)
{
    if (db_run(r->db, sql, value, count) == RC_OK)
        return;
    r->lost++;
    log_put(r->log, LOG_LEVEL_ERROR, "records", "not written: %s", db_error(r->db));
}

static struct db_value node_of(const struct broker_note *n)
{
    return db_blob(digest_bytes(&n->node));
}

static void put_task(struct records *r, const struct broker_note *n, const char *state,
                     int64_t wall_s)
{
    struct db_value v[] = {db_integer(wall_s),
                           db_blob(digest_bytes(&n->asked)),
                           db_integer((int64_t)n->job),
                           db_integer(n->frame),
                           db_integer(n->index),
                           db_integer(n->attempts),
                           db_text(state)};
    run(r,
        "INSERT INTO tasks (at_s, asked, job, frame, tile, attempts, state) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        v, ARRAY_COUNT(v));
}

static void put_result(struct records *r, const struct broker_note *n, int64_t wall_s)
{
    struct db_value v[] = {
        db_integer(wall_s), db_blob(digest_bytes(&n->asked)), db_blob(digest_bytes(&n->hash)),
        node_of(n),         db_integer((int64_t)n->cpu_us),   db_integer((int64_t)n->wall_us)};
    run(r,
        "INSERT INTO results (at_s, asked, hash, peer, cpu_us, wall_us) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        v, ARRAY_COUNT(v));
    run(r, "UPDATE peers SET results = results + 1, cpu_us = cpu_us + ?2 WHERE node = ?1",
        (struct db_value[]){node_of(n), db_integer((int64_t)n->cpu_us)}, 2);
}

static void put_node(struct records *r, const struct broker_note *n, const char *sql,
                     int64_t wall_s)
{
    struct db_value v[] = {node_of(n), db_text(n->who), db_integer(wall_s)};
    run(r, sql, v, ARRAY_COUNT(v));
}

void records_put(struct records *r, const struct broker_note *note, uint64_t wall_s)
{
    int64_t at_s = (int64_t)wall_s;
    struct db_value node = node_of(note);
    if (db_begin(r->db) != RC_OK)
        log_put(r->log, LOG_LEVEL_ERROR, "records", "no transaction: %s", db_error(r->db));
    switch (note->kind) {
    case NOTE_HELPER_IN:
        put_node(r, note,
                 "INSERT INTO peers (node, name, first_s, last_s) VALUES (?1, ?2, ?3, ?3) "
                 "ON CONFLICT (node) DO UPDATE SET name = ?2, last_s = ?3",
                 at_s);
        break;
    case NOTE_GAMER_IN:
        put_node(r, note,
                 "INSERT INTO gamers (node, name, first_s, last_s) VALUES (?1, ?2, ?3, ?3) "
                 "ON CONFLICT (node) DO UPDATE SET name = ?2, last_s = ?3",
                 at_s);
        break;
    case NOTE_TILE_DONE:
        put_task(r, note, "done", at_s);
        put_result(r, note, at_s);
        break;
    case NOTE_TILE_WRONG:
        put_task(r, note, "wrong", at_s);
        run(r, "UPDATE peers SET wrong = wrong + 1 WHERE node = ?1", &node, 1);
        break;
    case NOTE_TILE_LOST:
        put_task(r, note, "lost", at_s);
        run(r, "UPDATE peers SET lost = lost + 1 WHERE node = ?1", &node, 1);
        break;
    case NOTE_FRAME_DONE:
        run(r, "UPDATE gamers SET frames = frames + 1 WHERE node = ?1", &node, 1);
        break;
    case NOTE_FRAME_FAILED:
        run(r, "UPDATE gamers SET failed = failed + 1 WHERE node = ?1", &node, 1);
        break;
    case NOTE_HELPER_OUT:
    case NOTE_GAMER_OUT:
    case NOTE_FRAME_IN:
        break;
    }
}

void records_commit(struct records *r)
{
    if (db_commit(r->db) == RC_OK)
        return;
    r->lost++;
    log_put(r->log, LOG_LEVEL_ERROR, "records", "not committed: %s", db_error(r->db));
}

void records_close(struct records *r)
{
    db_close(r->db);
    r->db = NULL;
}
