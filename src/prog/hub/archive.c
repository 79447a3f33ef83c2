// SPDX-License-Identifier: MIT
// The hub's SQLite file: what its broker must not forget, and statistics that anybody can query.
#include "prog/hub/archive.h"

#include <string.h>

#include "base/num.h"
#include "compute/results.h"
#include "kernel/kernel.h"

#define ROWS_MAX   1000000 // of results, and of tasks
#define VERSION    2
#define ROOM_BYTES ((size_t)2 << 20) // one record's statements fit
#define LINGER_S   (BROKER_LINGER_US / US_PER_S)
#define PEERS_MAX  32768 // taken back: who was here last

static const char *const forget[] = {"DROP TABLE IF EXISTS tasks", "DROP TABLE IF EXISTS results",
                                     "DROP TABLE IF EXISTS peers", "DROP TABLE IF EXISTS gamers"};

static const char *const create[] = {
    "CREATE TABLE IF NOT EXISTS peers (node BLOB PRIMARY KEY, name TEXT, first_s INTEGER, "
    "last_s INTEGER, results INTEGER, wrong INTEGER, failures INTEGER, cpu_us INTEGER, "
    "checked INTEGER, strikes INTEGER, since_strike INTEGER, barred INTEGER) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS gamers (node BLOB PRIMARY KEY, name TEXT, first_s INTEGER, "
    "last_s INTEGER, jobs_done INTEGER, jobs_failed INTEGER) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS jobs (gamer BLOB, job INTEGER, name TEXT, text INTEGER, "
    "at_s INTEGER, end_s INTEGER, state TEXT, plan INTEGER, pieces INTEGER, message BLOB, "
    "PRIMARY KEY (gamer, job)) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS jobs_by_end ON jobs (end_s)",
    "CREATE TABLE IF NOT EXISTS tasks (id INTEGER PRIMARY KEY, gamer BLOB, job INTEGER, "
    "tile INTEGER, kernel TEXT, asked BLOB, params BLOB, at_s INTEGER)",
    "CREATE INDEX IF NOT EXISTS tasks_by_job ON tasks (gamer, job)",
    // Without an index on purpose: rows are only added at the end, whatever their hash is, and only
    // read in whole. Made twice, a result has two rows; the later one counts.
    "CREATE TABLE IF NOT EXISTS results (id INTEGER PRIMARY KEY, asked BLOB, kernel TEXT, "
    "hash BLOB, peer BLOB, name TEXT, cpu_us INTEGER, wall_us INTEGER, at_s INTEGER, "
    "stored INTEGER, bytes BLOB)",
    "CREATE VIEW IF NOT EXISTS task_states AS SELECT t.id, t.gamer, t.job, t.tile, t.kernel, "
    "t.at_s, CASE WHEN r.asked IS NOT NULL THEN 'done' ELSE j.state END AS state, r.peer, "
    "r.wall_us FROM tasks t LEFT JOIN results r ON r.asked = t.asked "
    "LEFT JOIN jobs j ON j.gamer = t.gamer AND j.job = t.job",
    "PRAGMA user_version = 2",
};

static const char *const state_words[] = {[RECORD_OPEN] = "open",
                                          [RECORD_DONE] = "done",
                                          [RECORD_FAILED] = "failed",
                                          [RECORD_WITHDRAWN] = "withdrawn"};

// ---- Opening

static bool on_version(void *self, const struct db_value *row, size_t columns)
{
    (void)columns;
    *(int64_t *)self = row[0].integer;
    return false;
}

static enum rc make_tables(struct archive *a, const char *path)
{
    struct db *db = journal_db(a->journal);
    int64_t version = 0;
    enum rc rc = db_rows(db, "PRAGMA user_version", NULL, 0, on_version, &version);
    if (rc == RC_OK && version != VERSION) {
        log_put(a->log, LOG_LEVEL_INFO, "archive", "%s is of version %d: begun anew", path,
                (int)version);
        for (size_t i = 0; rc == RC_OK && i < ARRAY_COUNT(forget); i++)
            rc = db_run(db, forget[i], NULL, 0);
    }
    for (size_t i = 0; rc == RC_OK && i < ARRAY_COUNT(create); i++)
        rc = db_run(db, create[i], NULL, 0);
    return rc;
}

static void on_refused(void *self, uint64_t count, const char *sql, const char *words)
{
    const struct archive *a = self;
    log_put(a->log, LOG_LEVEL_ERROR, "archive", "not written count=%llu: %s: %.40s",
            (unsigned long long)count, words, sql);
}

static void on_failed(void *self, enum rc rc, const char *words)
{
    const struct archive *a = self;
    log_put(a->log, LOG_LEVEL_ERROR, "archive",
            "nothing can be written, trying again each second: %s (%s)", words, rc_text(rc));
}

enum rc archive_open(struct archive *a, struct loop *loop, const char *path, const struct log *log,
                     struct err *err)
{
    *a = (struct archive){.log = log};
    struct journal_cfg cfg = {.path = path,
                              .schema = "",
                              .commit_us = 0, // archive_take comes in groups already
                              .pending_bytes_max = JOURNAL_PENDING_BYTES,
                              .self = a,
                              .on_refused = on_refused,
                              .on_failed = on_failed};
    enum rc rc = journal_open(&a->journal, loop, &cfg, err);
    if (rc != RC_OK)
        return rc;
    rc = make_tables(a, path);
    if (rc == RC_OK)
        return rc;
    (void)err_set(err, rc, "%s: %s", path, db_error(journal_db(a->journal)));
    archive_close(a);
    return rc;
}

void archive_close(struct archive *a)
{
    struct err err = {.rc = RC_OK};
    if (a->journal != NULL && journal_close(a->journal, &err) != RC_OK)
        log_put(a->log, LOG_LEVEL_ERROR, "archive", "the last records are lost: %s", err.text);
    a->journal = NULL;
}

// ---- Taking back

struct reader { // of the rows of one table
    struct broker *broker;
    uint64_t now_us;
    uint64_t wall_s;
};

static void digest_of(const struct db_value *v, struct digest *out)
{
    *out = (struct digest){{0}};
    if (v->bytes.len == sizeof out->b)
        memcpy(out->b, v->bytes.at, sizeof out->b);
}

static uint32_t u32_of(const struct db_value *v)
{
    return (uint32_t)num_min((uint64_t)(v->integer < 0 ? 0 : v->integer), UINT32_MAX);
}

static void give_back(const struct reader *r, struct record *record, const struct db_value *at_s)
{
    uint64_t then_s = (uint64_t)(at_s->integer < 0 ? 0 : at_s->integer);
    record->age_us = time_since(then_s, r->wall_s) * US_PER_S;
    broker_restore(r->broker, record, r->now_us);
}

static bool on_result(void *self, const struct db_value *row, size_t columns)
{
    (void)columns;
    struct record record = {.kind = RECORD_RESULT,
                            .cpu_us = (uint64_t)row[4].integer,
                            .wall_us = (uint64_t)row[5].integer,
                            .is_stored = row[7].integer != 0,
                            .bytes = row[8].bytes};
    digest_of(&row[0], &record.asked);
    digest_of(&row[1], &record.hash);
    digest_of(&row[2], &record.node);
    bytes_to_text(row[3].bytes, record.name, sizeof record.name);
    give_back(self, &record, &row[6]);
    return true;
}

static bool on_peer(void *self, const struct db_value *row, size_t columns)
{
    (void)columns;
    struct record record = {.kind = RECORD_PEER};
    digest_of(&row[0], &record.node);
    bytes_to_text(row[1].bytes, record.name, sizeof record.name);
    record.standing = (struct record_standing){.results = u32_of(&row[2]),
                                               .failures = u32_of(&row[4]),
                                               .cpu_us = (uint64_t)row[5].integer};
    record.standing.verify = (struct verify_record){.right = u32_of(&row[6]),
                                                    .wrong = u32_of(&row[3]),
                                                    .strikes = u32_of(&row[7]),
                                                    .since_strike = u32_of(&row[8]),
                                                    .is_barred = row[9].integer != 0};
    if (record.standing.verify.strikes <= VERIFY_STRIKES_MAX)
        give_back(self, &record, &row[10]);
    return true;
}

static bool on_job(void *self, const struct db_value *row, size_t columns)
{
    (void)columns;
    struct record record = {.kind = RECORD_JOB,
                            .job = (uint64_t)row[1].integer,
                            .is_text = row[3].integer != 0,
                            .plan = (uint64_t)row[6].integer,
                            .pieces = u32_of(&row[7]),
                            .bytes = row[8].bytes};
    digest_of(&row[0], &record.node);
    bytes_to_text(row[2].bytes, record.name, sizeof record.name);
    record.state = bytes_is(row[5].bytes, "done") ? RECORD_DONE : RECORD_OPEN;
    give_back(self, &record, &row[4]);
    return true;
}

static bool on_task(void *self, const struct db_value *row, size_t columns)
{
    (void)columns;
    struct record record = {.kind = RECORD_TASK,
                            .job = (uint64_t)row[1].integer,
                            .index = u32_of(&row[2]),
                            .bytes = row[3].bytes};
    digest_of(&row[0], &record.node);
    give_back(self, &record, &row[4]);
    return true;
}

#define LIVING "(end_s IS NULL OR (state = 'done' AND pieces > 0 AND end_s > ?1))"

enum rc archive_restore(struct archive *a, struct broker *broker, uint64_t now_us, uint64_t wall_s,
                        struct err *err)
{
    struct db *db = journal_db(a->journal);
    struct reader r = {broker, now_us, wall_s};
    struct db_value results[] = {db_integer((int64_t)(wall_s - num_min(wall_s, RESULTS_LIFE_S))),
                                 db_integer(RESULTS_MAX)};
    struct db_value since[] = {db_integer((int64_t)(wall_s - num_min(wall_s, LINGER_S)))};
    enum rc rc = db_rows(db,
                         "SELECT asked, hash, peer, name, cpu_us, wall_us, at_s, stored, bytes "
                         "FROM results WHERE at_s > ?1 AND "
                         "id > (SELECT max(id) FROM results) - ?2 ORDER BY id",
                         results, 2, on_result, &r);
    if (rc == RC_OK) // the barred ones first: they must not be forgotten
        rc = db_rows(db,
                     "SELECT node, name, results, wrong, failures, cpu_us, checked, strikes, "
                     "since_strike, barred, last_s FROM peers ORDER BY barred DESC, last_s DESC "
                     "LIMIT ?1",
                     &(struct db_value){.kind = DB_INTEGER, .integer = PEERS_MAX}, 1, on_peer, &r);
    if (rc == RC_OK)
        rc = db_rows(db,
                     "SELECT gamer, job, name, text, at_s, state, plan, pieces, message FROM jobs "
                     "WHERE " LIVING " ORDER BY at_s, job", // after those that it needs
                     since, 1, on_job, &r);
    if (rc == RC_OK)
        rc = db_rows(db,
                     "SELECT t.gamer, t.job, t.tile, t.params, t.at_s FROM jobs j JOIN tasks t ON "
                     "t.gamer = j.gamer AND t.job = j.job WHERE " LIVING " AND j.pieces > 0 "
                     "ORDER BY t.id",
                     since, 1, on_task, &r);
    if (rc != RC_OK)
        return err_set(err, rc, "the records of the last run cannot be read: %s", db_error(db));
    broker_restored(broker, now_us);
    return rc;
}

// ---- Writing

static void put(struct archive *a, const char *sql, const struct db_value *value, size_t count)
{
    enum rc rc = journal_put(a->journal, sql, value, count, NULL);
    if (rc != RC_OK) // there was room, so it is larger than any record of ours should be
        log_put(a->log, LOG_LEVEL_ERROR, "archive", "not written: %s: %.40s", rc_text(rc), sql);
}

static void put_job(struct archive *a, const struct record *r, int64_t wall_s)
{
    struct db_value job[] = {
        db_blob(digest_bytes(&r->node)), db_integer((int64_t)r->job), db_text(r->name),
        db_integer(r->is_text),          db_integer(wall_s),          db_blob(r->bytes)};
    put(a,
        "INSERT OR REPLACE INTO jobs (gamer, job, name, text, at_s, state, plan, pieces, message) "
        "VALUES (?1, ?2, ?3, ?4, ?5, 'open', 0, 0, ?6)",
        job, ARRAY_COUNT(job));
}

static void put_plan(struct archive *a, const struct record *r)
{
    struct db_value job[] = {db_blob(digest_bytes(&r->node)), db_integer((int64_t)r->job)};
    struct db_value plan[] = {job[0], job[1], db_integer((int64_t)r->plan), db_integer(r->pieces)};
    put(a, "DELETE FROM tasks WHERE gamer = ?1 AND job = ?2", job, ARRAY_COUNT(job));
    put(a, "UPDATE jobs SET plan = ?3, pieces = ?4 WHERE gamer = ?1 AND job = ?2", plan,
        ARRAY_COUNT(plan));
}

static void put_task(struct archive *a, const struct record *r, struct bytes params, int64_t wall_s)
{
    struct db_value task[] = {db_blob(digest_bytes(&r->node)),
                              db_integer((int64_t)r->job),
                              db_integer(r->index),
                              db_text(r->kernel),
                              db_blob(digest_bytes(&r->asked)),
                              db_blob(params),
                              db_integer(wall_s)};
    put(a,
        "INSERT INTO tasks (gamer, job, tile, kernel, asked, params, at_s) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        task, ARRAY_COUNT(task));
}

// A run that is done has its result for a row; one that failed is kept to be looked at.
static void put_end(struct archive *a, const struct record *r, int64_t wall_s)
{
    if (r->is_run && r->state == RECORD_DONE) {
        struct db_value job[] = {db_blob(digest_bytes(&r->node)), db_integer((int64_t)r->job)};
        put(a, "DELETE FROM jobs WHERE gamer = ?1 AND job = ?2", job, ARRAY_COUNT(job));
        return;
    }
    struct db_value end[] = {db_blob(digest_bytes(&r->node)), db_integer((int64_t)r->job),
                             db_text(state_words[r->state]), db_integer(wall_s)};
    put(a, "UPDATE jobs SET state = ?3, end_s = ?4 WHERE gamer = ?1 AND job = ?2", end,
        ARRAY_COUNT(end));
}

static void put_result(struct archive *a, const struct record *r, int64_t wall_s)
{
    struct db_value result[] = {db_blob(digest_bytes(&r->asked)),
                                db_text(r->kernel),
                                db_blob(digest_bytes(&r->hash)),
                                db_blob(digest_bytes(&r->node)),
                                db_text(r->name),
                                db_integer((int64_t)r->cpu_us),
                                db_integer((int64_t)r->wall_us),
                                db_integer(wall_s),
                                db_integer(r->is_stored),
                                r->is_stored ? db_null() : db_blob(r->bytes)};
    put(a,
        "INSERT INTO results (asked, kernel, hash, peer, name, cpu_us, wall_us, at_s, "
        "stored, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        result, ARRAY_COUNT(result));
}

static void put_peer(struct archive *a, const struct record *r, int64_t wall_s)
{
    const struct record_standing *s = &r->standing;
    struct db_value peer[] = {db_blob(digest_bytes(&r->node)),
                              db_text(r->name),
                              db_integer(wall_s),
                              db_integer(s->results),
                              db_integer(s->verify.wrong),
                              db_integer(s->failures),
                              db_integer((int64_t)s->cpu_us),
                              db_integer(s->verify.right),
                              db_integer(s->verify.strikes),
                              db_integer(s->verify.since_strike),
                              db_integer(s->verify.is_barred)};
    put(a,
        "INSERT INTO peers (node, name, first_s, last_s, results, wrong, failures, cpu_us, "
        "checked, strikes, since_strike, barred) "
        "VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) "
        "ON CONFLICT (node) DO UPDATE SET name = ?2, last_s = ?3, results = ?4, wrong = ?5, "
        "failures = ?6, cpu_us = ?7, checked = ?8, strikes = ?9, since_strike = ?10, barred = ?11",
        peer, ARRAY_COUNT(peer));
}

static void put_gamer(struct archive *a, const struct record *r, int64_t wall_s)
{
    struct db_value gamer[] = {db_blob(digest_bytes(&r->node)), db_text(r->name),
                               db_integer(wall_s), db_integer(r->jobs_done),
                               db_integer(r->jobs_failed)};
    put(a,
        "INSERT INTO gamers (node, name, first_s, last_s, jobs_done, jobs_failed) "
        "VALUES (?1, ?2, ?3, ?3, ?4, ?5) ON CONFLICT (node) DO UPDATE SET name = ?2, last_s = ?3, "
        "jobs_done = jobs_done + ?4, jobs_failed = jobs_failed + ?5",
        gamer, ARRAY_COUNT(gamer));
}

static void put_record(struct archive *a, const struct record *r, int64_t wall_s)
{
    switch (r->kind) {
    case RECORD_JOB:
        put_job(a, r, wall_s);
        if (r->is_run)
            put_task(a, r, bytes_of(NULL, 0), wall_s);
        break;
    case RECORD_PLAN:
        put_plan(a, r);
        break;
    case RECORD_TASK:
        put_task(a, r, r->bytes, wall_s);
        break;
    case RECORD_END:
        put_end(a, r, wall_s);
        break;
    case RECORD_RESULT:
        put_result(a, r, wall_s);
        break;
    case RECORD_PEER:
        put_peer(a, r, wall_s);
        break;
    case RECORD_GAMER:
        put_gamer(a, r, wall_s);
        break;
    }
}

void archive_take(struct archive *a, struct broker *broker, uint64_t wall_s)
{
    struct record record;
    while (journal_stat(a->journal).pending_bytes + ROOM_BYTES < JOURNAL_PENDING_BYTES &&
           broker_record(broker, &record))
        put_record(a, &record, (int64_t)wall_s);
}

// Rows come in the order of time, so old ones are those before the first young one.
#define OLD(table)                                                                                 \
    "DELETE FROM " table " WHERE id < coalesce((SELECT id FROM " table                             \
    " WHERE at_s >= ?1 ORDER BY id LIMIT 1), (SELECT max(id) + 1 FROM " table "))"
#define MANY(table) "DELETE FROM " table " WHERE id <= (SELECT max(id) FROM " table ") - ?1"

void archive_clean(struct archive *a, uint64_t wall_s)
{
    struct db_value before[] = {db_integer((int64_t)(wall_s - num_min(wall_s, RESULTS_LIFE_S)))};
    struct db_value most[] = {db_integer(ROWS_MAX)};
    put(a, MANY("results"), most, 1);
    put(a, OLD("results"), before, 1);
    put(a, MANY("tasks"), most, 1);
    put(a, OLD("tasks"), before, 1);
    put(a, "DELETE FROM jobs WHERE end_s < ?1", before, 1);
}

struct journal_stat archive_stat(const struct archive *a)
{
    return journal_stat(a->journal);
}
