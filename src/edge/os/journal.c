// SPDX-License-Identifier: MIT
// Journal: two batches of statements, one open on the loop, one written by a thread.
#include "os/journal.h"

#include <assert.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#include <uv.h>

#include "base/arena.h"
#include "base/num.h"
#include "os/clock.h"
#include "os/pool.h"

#define CHUNK_BYTES 65536u
#define JOBS_MAX    4 // one at work; at the end, more whose `done` has not come yet

// One put, in a chunk. The values' bytes follow the values, which point to them: a chunk never
// moves, so the thread takes it as it lies.
struct record {
    const char *sql;
    uint32_t values;
    uint32_t whole_bytes; // to the next record
    struct db_value value[];
};

struct chunk {
    struct chunk *next;
    size_t used;
    size_t size;
    alignas(struct record) uint8_t at[];
};

struct batch {
    struct chunk *first; // NULL: nothing was put
    struct chunk *last;
    uint64_t since_us; // of the first put
    uint64_t last_seq;
    size_t bytes;
};

struct outcome { // of one attempt at a batch
    enum rc rc;
    char words[ERR_TEXT_BYTES]; // if it failed
    uint64_t took_us;
    uint64_t refused;
    const char *refused_sql; // of the first
    char refused_words[ERR_TEXT_BYTES];
};

// What the thread sees. From hand-over to has_ended, db and batch are the thread's alone.
struct writer {
    struct db *db;
    struct batch batch;
    struct outcome outcome;
    uv_mutex_t lock; // for has_ended, and so for all that came before it
    uv_cond_t ended;
    bool has_ended;
};

//                 a batch is old or large            written
//     RESTING ------------------------------> WRITING -------> RESTING
//                                               ^  | failed
//                              JOURNAL_RETRY_US |  v
//                                              FAILING
enum state { RESTING, WRITING, FAILING };

struct journal {
    struct journal_cfg cfg;
    struct loop *loop;
    struct pool *pool;
    struct loop_timer *timer;
    struct arena *arena; // holds this struct
    struct budget bytes; // all chunks
    struct batch open;
    struct writer writer;
    enum state state;
    uint64_t retry_us; // FAILING: when
    uint64_t last_seq;
    uint64_t synced_seq;
    struct journal_stat stat;
    unsigned jobs; // of the pool, whose end was not told yet
    bool is_calling;
    bool is_closed;
};

// ---- On the thread

static void note_refused(struct outcome *o, const struct db *db, const char *sql)
{
    if (o->refused++ > 0)
        return;
    o->refused_sql = sql;
    (void)snprintf(o->refused_words, sizeof o->refused_words, "%s", db_error(db));
}

static enum rc write_chunk(struct db *db, const struct chunk *c, struct outcome *o)
{
    for (size_t at = 0; at < c->used;) {
        const struct record *r = (const struct record *)(const void *)(c->at + at);
        const enum rc rc = db_run(db, r->sql, r->value, r->values);
        if (rc == RC_REFUSED || rc == RC_MALFORMED)
            note_refused(o, db, r->sql);
        else if (rc != RC_OK)
            return rc;
        assert(r->whole_bytes > 0 && r->whole_bytes <= c->used - at);
        at += r->whole_bytes;
    }
    return RC_OK;
}

static struct outcome write_batch(struct db *db, const struct batch *b)
{
    struct outcome o = {0};
    const uint64_t since_us = clock_now_us();
    o.rc = db_begin(db);
    for (const struct chunk *c = b->first; c != NULL && o.rc == RC_OK; c = c->next)
        o.rc = write_chunk(db, c, &o);
    if (o.rc == RC_OK)
        o.rc = db_commit(db);
    else
        db_rollback(db);
    if (o.rc != RC_OK)
        (void)snprintf(o.words, sizeof o.words, "%s", db_error(db));
    o.took_us = time_since(since_us, clock_now_us());
    return o;
}

static void work(void *block)
{
    struct writer *w = *(struct writer **)block;
    w->outcome = write_batch(w->db, &w->batch);
    uv_mutex_lock(&w->lock);
    w->has_ended = true;
    uv_cond_signal(&w->ended);
    uv_mutex_unlock(&w->lock);
}

// ---- On the loop

static void batch_clear(struct journal *j, struct batch *b)
{
    while (b->first != NULL) {
        struct chunk *c = b->first;
        b->first = c->next;
        budget_give(&j->bytes, c);
    }
    *b = (struct batch){0};
}

static bool is_ripe(struct journal *j, const struct batch *b)
{
    return b->first != NULL && (b->bytes >= JOURNAL_BATCH_BYTES ||
                                loop_now_us(j->loop) >= b->since_us + j->cfg.commit_us);
}

static void set_timer(struct journal *j)
{
    uint64_t due_us = UINT64_MAX; // WRITING: the job's end comes by itself
    if (j->state == FAILING)
        due_us = j->retry_us;
    else if (j->state == RESTING && j->open.first != NULL)
        due_us = j->open.since_us + j->cfg.commit_us;
    loop_timer_at(j->timer, due_us);
}

static void attempt_failed(struct journal *j, enum rc rc, const char *words)
{
    const bool is_new = j->stat.rc == RC_OK;
    j->stat.rc = rc;
    j->stat.failures++;
    j->state = FAILING;
    j->retry_us = loop_now_us(j->loop) + JOURNAL_RETRY_US;
    if (!is_new || j->cfg.on_failed == NULL || j->is_closed)
        return;
    j->is_calling = true;
    j->cfg.on_failed(j->cfg.self, rc, words);
    j->is_calling = false;
}

static void done(void *self, void *block);
static void dropped(void *block);

// The writer's batch, new or tried before, to the thread.
static void hand_over(struct journal *j)
{
    struct writer *w = &j->writer;
    assert(j->state != WRITING && w->batch.first != NULL);
    w->has_ended = false;
    const struct pool_job job = {.work = work,
                                 .done = done,
                                 .dropped = dropped,
                                 .self = j,
                                 .block = &w,
                                 .block_bytes = sizeof(struct writer *)};
    j->state = WRITING;
    const enum rc rc = pool_run(j->pool, &job);
    if (rc == RC_OK) {
        j->jobs++;
        return;
    }
    w->outcome = (struct outcome){.rc = rc, .words = "no room for a job"}; // no thread has it
    attempt_failed(j, rc, w->outcome.words);
}

static void hand_over_open(struct journal *j)
{
    assert(j->writer.batch.first == NULL);
    j->writer.batch = j->open;
    j->open = (struct batch){0};
    hand_over(j);
}

static void go_on(struct journal *j)
{
    if (j->state == FAILING && loop_now_us(j->loop) >= j->retry_us)
        hand_over(j);
    else if (j->state == RESTING && is_ripe(j, &j->open))
        hand_over_open(j);
    set_timer(j);
}

static void on_due(void *self)
{
    go_on(self);
}

// The thread is done with the writer's batch.
static void settle(struct journal *j)
{
    const struct outcome *o = &j->writer.outcome;
    assert(j->state == WRITING && j->writer.has_ended);
    j->stat.write_us += o->took_us;
    j->stat.write_us_max = num_max(j->stat.write_us_max, o->took_us);
    if (o->rc != RC_OK) {
        attempt_failed(j, o->rc, o->words);
        return;
    }
    j->state = RESTING;
    j->stat.rc = RC_OK;
    j->stat.commits++;
    j->stat.refused += o->refused;
    j->synced_seq = j->writer.batch.last_seq;
    batch_clear(j, &j->writer.batch);
}

static void tell(struct journal *j)
{
    const struct outcome o = j->writer.outcome; // a put of a callback may start the next one
    j->is_calling = true;
    if (o.refused > 0 && j->cfg.on_refused != NULL)
        j->cfg.on_refused(j->cfg.self, o.refused, o.refused_sql, o.refused_words);
    if (j->cfg.on_synced != NULL)
        j->cfg.on_synced(j->cfg.self, j->synced_seq);
    j->is_calling = false;
}

static void done(void *self, void *block)
{
    struct journal *j = self;
    (void)block; // the writer, which is j's
    assert(j->jobs == 1 && !j->is_closed);
    j->jobs--;
    settle(j);
    if (j->state == RESTING)
        tell(j);
    go_on(j);
}

// ---- Puts

static size_t padded(size_t bytes)
{
    return (bytes + alignof(struct record) - 1) / alignof(struct record) * alignof(struct record);
}

// A record of whole_bytes at the end of the open batch; NULL: the budget is spent.
static struct record *record_new(struct journal *j, size_t whole_bytes)
{
    struct batch *b = &j->open;
    if (b->last == NULL || b->last->size - b->last->used < whole_bytes) {
        const size_t size = num_max(CHUNK_BYTES - sizeof(struct chunk), whole_bytes);
        struct chunk *c = budget_take(&j->bytes, sizeof *c + size);
        if (c == NULL)
            return NULL;
        c->next = NULL;
        c->used = 0;
        c->size = size;
        if (b->last != NULL)
            b->last->next = c;
        else
            b->first = c;
        b->last = c;
    }
    struct record *r = (struct record *)(void *)(b->last->at + b->last->used);
    b->last->used += whole_bytes;
    b->bytes += whole_bytes;
    return r;
}

// How much a put takes; false: more than any may.
static bool measure(const struct db_value *values, size_t count, size_t *whole_bytes)
{
    size_t sum = sizeof(struct record) + count * sizeof *values;
    for (size_t i = 0; i < count; i++) {
        if (!num_add(sum, values[i].bytes.len, &sum) || sum > JOURNAL_PUT_BYTES_MAX)
            return false;
    }
    *whole_bytes = padded(sum);
    return true;
}

static void copy_values(struct record *r, const struct db_value *values, size_t count)
{
    uint8_t *at = (uint8_t *)(r->value + count);
    for (size_t i = 0; i < count; i++) {
        const struct bytes from = values[i].bytes;
        r->value[i] = values[i];
        r->value[i].bytes.at = at;
        if (from.len > 0)
            memcpy(at, from.at, from.len);
        at += from.len;
    }
}

enum rc journal_put(struct journal *j, const char *sql, const struct db_value *values, size_t count,
                    uint64_t *seq)
{
    assert(!j->is_closed && count <= DB_VALUES_MAX);
    size_t whole_bytes = 0;
    if (!measure(values, count, &whole_bytes))
        return RC_REFUSED;
    const bool is_first = j->open.first == NULL;
    struct record *r = record_new(j, whole_bytes);
    if (r == NULL)
        return RC_FULL;
    r->sql = sql;
    r->values = (uint32_t)count;
    r->whole_bytes = (uint32_t)whole_bytes;
    copy_values(r, values, count);
    j->open.last_seq = ++j->last_seq;
    if (seq != NULL)
        *seq = j->last_seq;
    if (is_first)
        j->open.since_us = loop_now_us(j->loop);
    if (is_first || (j->state == RESTING && j->open.bytes >= JOURNAL_BATCH_BYTES))
        go_on(j);
    return RC_OK;
}

struct db *journal_db(struct journal *j)
{
    assert(j->last_seq == 0); // from then on it may be the thread's
    return j->writer.db;
}

uint64_t journal_last_seq(const struct journal *j)
{
    return j->last_seq;
}

uint64_t journal_synced_seq(const struct journal *j)
{
    return j->synced_seq;
}

struct journal_stat journal_stat(const struct journal *j)
{
    struct journal_stat s = j->stat;
    s.pending_bytes = j->bytes.used_bytes;
    return s;
}

// ---- Open and close

static enum rc open_parts(struct journal *j, struct err *err)
{
    enum rc rc = db_open(&j->writer.db, j->cfg.path, j->cfg.schema, err);
    if (rc == RC_OK && (pool_new(&j->pool, j->loop, JOBS_MAX) != RC_OK ||
                        loop_timer_new(&j->timer, j->loop, on_due, j) != RC_OK))
        rc = err_set(err, RC_NOMEM, "cannot open journal %s: no memory", j->cfg.path);
    return rc;
}

static void free_all(struct journal *j)
{
    assert(j->jobs == 0);
    batch_clear(j, &j->open);
    batch_clear(j, &j->writer.batch);
    db_close(j->writer.db);
    uv_cond_destroy(&j->writer.ended);
    uv_mutex_destroy(&j->writer.lock);
    arena_free(j->arena);
}

enum rc journal_open(struct journal **out, struct loop *l, const struct journal_cfg *cfg,
                     struct err *err)
{
    *out = NULL;
    if (cfg->commit_us > JOURNAL_COMMIT_US_MAX ||
        cfg->pending_bytes_max < JOURNAL_PENDING_BYTES_MIN ||
        cfg->pending_bytes_max > JOURNAL_PENDING_BYTES_MAX)
        return err_set(err, RC_CONFIG, "cannot open journal %s: a limit is out of range",
                       cfg->path);
    struct arena *arena = arena_new(sizeof(struct journal) + 4096);
    struct journal *j = arena != NULL ? arena_take(arena, sizeof *j) : NULL;
    if (j == NULL) {
        arena_free(arena);
        return err_set(err, RC_NOMEM, "cannot open journal %s: no memory", cfg->path);
    }
    j->cfg = *cfg;
    j->loop = l;
    j->arena = arena;
    j->bytes.limit_bytes = cfg->pending_bytes_max;
    const bool has_lock = uv_mutex_init(&j->writer.lock) == 0;
    const bool has_cond = uv_cond_init(&j->writer.ended) == 0;
    assert(has_lock && has_cond); // neither takes memory here
    const enum rc rc = open_parts(j, err);
    if (rc != RC_OK) {
        loop_timer_free(j->timer);
        pool_free(j->pool);
        free_all(j);
        return rc;
    }
    *out = j;
    return RC_OK;
}

// False: the time is up, and the thread is not done.
static bool await_end(struct writer *w, uint64_t until_us)
{
    uv_mutex_lock(&w->lock);
    uint64_t now_us = clock_now_us();
    while (!w->has_ended && now_us < until_us) {
        (void)uv_cond_timedwait(&w->ended, &w->lock, (until_us - now_us) * 1000); // or woken early
        now_us = clock_now_us();
    }
    const bool has_ended = w->has_ended;
    uv_mutex_unlock(&w->lock);
    return has_ended;
}

// RC_OK: what was with the thread, if anything, is on the disk.
static enum rc await_written(struct journal *j, uint64_t until_us, struct err *err)
{
    if (j->state == WRITING) {
        if (!await_end(&j->writer, until_us))
            return err_set(err, RC_TIMEOUT, "%s: still not written", j->cfg.path);
        settle(j);
    }
    if (j->state == FAILING)
        return err_set(err, j->stat.rc, "%s: not written: %s", j->cfg.path,
                       j->writer.outcome.words);
    return RC_OK;
}

static enum rc write_rest(struct journal *j, struct err *err)
{
    const uint64_t until_us = clock_now_us() + JOURNAL_CLOSE_US;
    enum rc rc = await_written(j, until_us, err);
    if (j->state == FAILING) { // perhaps in vain a moment ago: once more
        hand_over(j);
        rc = await_written(j, until_us, err);
    }
    if (rc != RC_OK || j->open.first == NULL)
        return rc;
    hand_over_open(j);
    return await_written(j, until_us, err);
}

// Instead of done, once j is closed.
static void dropped(void *block)
{
    struct writer *w = *(struct writer **)block;
    struct journal *j = CONTAINER_OF(w, struct journal, writer);
    assert(j->is_closed && j->jobs > 0);
    if (--j->jobs == 0)
        free_all(j);
}

enum rc journal_close(struct journal *j, struct err *err)
{
    if (j == NULL)
        return RC_OK;
    assert(!j->is_calling);
    j->is_closed = true;
    const enum rc rc = write_rest(j, err);
    loop_timer_free(j->timer);
    pool_free(j->pool);
    if (j->state != WRITING) { // the file is free for others; memory waits for `dropped`
        db_close(j->writer.db);
        j->writer.db = NULL;
    }
    if (j->jobs == 0)
        free_all(j);
    return rc;
}
