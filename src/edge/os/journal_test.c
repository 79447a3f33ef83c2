// SPDX-License-Identifier: MIT
// Tests of the journal: order, groups, bounds, refusals, a disk that fails, a writer killed.
#include "os/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/rng.h"
#include "base/seed_test.h"
#include "os/clock.h"
#include "os/pool.h"
#include "os/scratch_test.h"
#include "os/writer_test.h"

static const char schema[] = "CREATE TABLE IF NOT EXISTS rows"
                             " (n INTEGER PRIMARY KEY, name TEXT, body BLOB)";
static const char insert[] = "INSERT INTO rows VALUES (?1, ?2, ?3)";

static bool has_mounts; // this process may mount, seen by nobody else

struct world {
    char folder[SCRATCH_BYTES];
    char path[64];
    struct loop *loop;
    struct journal *journal;
    pthread_t thread;
    uint64_t synced_seq;
    unsigned synced; // calls
    uint64_t refused;
    char words[ERR_TEXT_BYTES];
    enum rc failed_rc;
    unsigned failed; // calls
    int64_t more;    // rows that on_synced is to put
};

static enum rc put(struct world *w, int64_t n)
{
    const uint8_t body[100] = {(uint8_t)n};
    const struct db_value v[] = {db_integer(n), db_text("a name"), db_blob(bytes_of(body, 100))};
    return journal_put(w->journal, insert, v, 3, NULL);
}

static void on_synced(void *self, uint64_t seq)
{
    struct world *w = self;
    assert_true(pthread_equal(w->thread, pthread_self()));
    assert_true(seq > w->synced_seq);
    assert_int_equal(seq, journal_synced_seq(w->journal));
    w->synced_seq = seq;
    w->synced++;
    if (w->more > 0) {
        assert_int_equal(put(w, (int64_t)journal_last_seq(w->journal) + 1), RC_OK);
        w->more--;
    }
}

static void on_refused(void *self, uint64_t count, const char *sql, const char *words)
{
    struct world *w = self;
    assert_ptr_equal(sql, insert);
    w->refused += count;
    (void)snprintf(w->words, sizeof w->words, "%s", words);
}

static void on_failed(void *self, enum rc rc, const char *words)
{
    struct world *w = self;
    w->failed++;
    w->failed_rc = rc;
    (void)snprintf(w->words, sizeof w->words, "%s", words);
}

static void open_journal(struct world *w, uint64_t commit_us)
{
    struct err err = {0};
    const struct journal_cfg cfg = {.path = w->path,
                                    .schema = schema,
                                    .commit_us = commit_us,
                                    .pending_bytes_max = JOURNAL_PENDING_BYTES_MIN,
                                    .self = w,
                                    .on_synced = on_synced,
                                    .on_refused = on_refused,
                                    .on_failed = on_failed};
    if (journal_open(&w->journal, w->loop, &cfg, &err) != RC_OK)
        fail_msg("%s", err.text);
}

static int setup(void **state)
{
    static struct world w;
    struct err err;
    w = (struct world){.thread = pthread_self()};
    *state = &w;
    if (scratch_make(w.folder) != 0 || loop_new(&w.loop, &err) != RC_OK)
        return 1;
    (void)snprintf(w.path, sizeof w.path, "%s/hub.db", w.folder);
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    (void)journal_close(w->journal, NULL); // NULL unless the test failed
    loop_free(w->loop);
    return scratch_remove(w->folder);
}

static void close_journal(struct world *w)
{
    struct err err = {0};
    if (journal_close(w->journal, &err) != RC_OK)
        fail_msg("%s", err.text);
    w->journal = NULL;
}

// Turns of the loop until seq is on the disk; false after wait_us.
static bool await_seq(struct world *w, uint64_t seq, uint64_t wait_us)
{
    const uint64_t until_us = clock_now_us() + wait_us;
    while (w->synced_seq < seq && clock_now_us() < until_us)
        loop_turn(w->loop, true);
    return w->synced_seq >= seq;
}

struct rows { // in the order in which they were written
    int64_t first;
    int64_t last;
    int64_t count;
    bool has_gap;
};

static bool see_row(void *self, const struct db_value *row, size_t columns)
{
    struct rows *r = self;
    assert_int_equal(columns, 1);
    if (r->count++ == 0)
        r->first = row[0].integer;
    else if (row[0].integer != r->last + 1)
        r->has_gap = true;
    r->last = row[0].integer;
    return true;
}

static struct rows read_rows(const char *path)
{
    struct db *db = NULL;
    struct err err = {0};
    struct rows r = {0};
    if (db_open(&db, path, schema, &err) != RC_OK)
        fail_msg("%s", err.text);
    assert_int_equal(db_rows(db, "SELECT n FROM rows ORDER BY n", NULL, 0, see_row, &r), RC_OK);
    db_close(db);
    return r;
}

static void assert_rows(const struct world *w, int64_t count)
{
    const struct rows r = read_rows(w->path);
    assert_int_equal(r.count, count);
    assert_false(r.has_gap);
    assert_true(count == 0 || r.first == 1);
}

// ---- The ordinary course

static void puts_are_grouped_and_told(void **state)
{
    struct world *w = *state;
    open_journal(w, 20000);
    uint64_t seq = 0;
    for (int64_t n = 1; n <= 100; n++)
        assert_int_equal(put(w, n), RC_OK);
    assert_int_equal(journal_last_seq(w->journal), 100);
    const uint64_t since_us = clock_now_us();
    assert_true(await_seq(w, 100, 10000000));
    assert_true(clock_now_us() - since_us >= 19000); // a batch waits for more
    assert_int_equal(w->synced, 1);
    assert_int_equal(journal_stat(w->journal).commits, 1);
    assert_int_equal(journal_stat(w->journal).pending_bytes, 0);
    const struct db_value v[] = {db_integer(101), db_null(), db_null()};
    assert_int_equal(journal_put(w->journal, insert, v, 3, &seq), RC_OK);
    assert_int_equal(seq, 101);
    loop_run(w->loop); // returns: nothing left to wait for
    assert_int_equal(journal_synced_seq(w->journal), 101);
    close_journal(w);
    assert_rows(w, 101);
}

static void a_large_batch_does_not_wait(void **state)
{
    struct world *w = *state;
    open_journal(w, JOURNAL_COMMIT_US_MAX);
    int64_t n = 0;
    while (journal_stat(w->journal).pending_bytes < JOURNAL_BATCH_BYTES + JOURNAL_BATCH_BYTES / 2)
        assert_int_equal(put(w, ++n), RC_OK);
    const uint64_t since_us = clock_now_us();
    while (w->synced == 0)
        loop_turn(w->loop, true);
    assert_true(clock_now_us() - since_us < JOURNAL_COMMIT_US_MAX);
    assert_true(w->synced_seq < (uint64_t)n); // the rest waits for more
    assert_true(await_seq(w, (uint64_t)n, 10000000));
    close_journal(w);
    assert_rows(w, n);
}

static void callbacks_may_put(void **state)
{
    struct world *w = *state;
    open_journal(w, 0);
    w->more = 50;
    assert_int_equal(put(w, 1), RC_OK);
    loop_run(w->loop);
    assert_int_equal(w->synced, 51);
    close_journal(w);
    assert_rows(w, 51);
}

static bool check_row(void *self, const struct db_value *row, size_t columns)
{
    unsigned *rows = self;
    assert_int_equal(columns, 3);
    assert_int_equal(row[0].integer, INT64_MAX);
    assert_int_equal(row[1].kind, DB_TEXT);
    assert_true(bytes_is(row[1].bytes, "text"));
    assert_int_equal(row[2].kind, DB_BLOB);
    assert_int_equal(row[2].bytes.len, 200000);
    for (size_t i = 0; i < 200000; i++)
        assert_int_equal(row[2].bytes.at[i], 7);
    (*rows)++;
    return true;
}

static void values_are_copied(void **state)
{
    struct world *w = *state;
    static uint8_t body[JOURNAL_PUT_BYTES_MAX];
    char text[] = "text";
    memset(body, 7, 200000); // larger than a chunk
    open_journal(w, 0);
    const struct db_value v[] = {db_integer(INT64_MAX), db_text(text),
                                 db_blob(bytes_of(body, 200000))};
    assert_int_equal(journal_put(w->journal, insert, v, 3, NULL), RC_OK);
    memset(body, 8, sizeof body);
    memset(text, 'x', 4);
    const struct db_value large[] = {db_integer(1), db_null(),
                                     db_blob(bytes_of(body, sizeof body))};
    assert_int_equal(journal_put(w->journal, insert, large, 3, NULL), RC_REFUSED);
    loop_run(w->loop);
    assert_int_equal(w->synced_seq, 1);
    const struct db_value none[] = {db_integer(2), db_text(""), db_blob(bytes_of(NULL, 0))};
    assert_int_equal(journal_put(w->journal, insert, none, 3, NULL), RC_OK);
    assert_int_equal(journal_put(w->journal, "DELETE FROM rows WHERE name = ''", NULL, 0, NULL),
                     RC_OK);
    close_journal(w);
    struct db *db = NULL;
    unsigned rows = 0;
    assert_int_equal(db_open(&db, w->path, schema, NULL), RC_OK);
    assert_int_equal(db_rows(db, "SELECT * FROM rows", NULL, 0, check_row, &rows), RC_OK);
    assert_int_equal(rows, 1);
    db_close(db);
}

static void a_refused_statement_leaves_the_others(void **state)
{
    struct world *w = *state;
    open_journal(w, 1000);
    for (int64_t n = 1; n <= 10; n++)
        assert_int_equal(put(w, n), RC_OK);
    assert_int_equal(put(w, 5), RC_OK);
    assert_int_equal(put(w, 6), RC_OK);
    assert_int_equal(put(w, 11), RC_OK);
    loop_run(w->loop);
    assert_int_equal(w->synced_seq, 13);
    assert_int_equal(w->refused, 2);
    assert_string_equal(w->words, "UNIQUE constraint failed: rows.n");
    assert_int_equal(journal_stat(w->journal).refused, 2);
    assert_int_equal(w->failed, 0);
    close_journal(w);
    assert_rows(w, 11);
}

static void reads_come_before_the_first_put(void **state)
{
    struct world *w = *state;
    for (int round = 0; round < 3; round++) {
        struct rows r = {0};
        open_journal(w, 1000);
        assert_int_equal(
            db_rows(journal_db(w->journal), "SELECT n FROM rows ORDER BY n", NULL, 0, see_row, &r),
            RC_OK);
        assert_int_equal(r.count, round);
        assert_int_equal(put(w, r.last + 1), RC_OK);
        close_journal(w); // at once: pending is written
    }
    assert_rows(w, 3);
}

// ---- Bounds and settings

static void a_full_journal_refuses_and_recovers(void **state)
{
    struct world *w = *state;
    open_journal(w, 0);
    int64_t n = 0;
    while (put(w, n + 1) == RC_OK)
        n++;
    assert_true(n > 5000);
    assert_int_equal(put(w, n + 1), RC_FULL);
    const size_t pending_bytes = journal_stat(w->journal).pending_bytes;
    assert_true(pending_bytes <= JOURNAL_PENDING_BYTES_MIN);
    assert_true(pending_bytes > JOURNAL_PENDING_BYTES_MIN - 70000);
    assert_true(await_seq(w, (uint64_t)n, 30000000));
    assert_true(w->synced <= 2); // the large one that went first, and all the rest
    assert_int_equal(put(w, n + 1), RC_OK);
    close_journal(w);
    assert_rows(w, n + 1);
}

static void settings_are_judged(void **state)
{
    struct world *w = *state;
    struct err err = {0};
    struct journal_cfg cfg = {
        .path = w->path, .schema = schema, .pending_bytes_max = JOURNAL_PENDING_BYTES_MIN - 1};
    struct journal *j = NULL;
    assert_int_equal(journal_open(&j, w->loop, &cfg, &err), RC_CONFIG);
    cfg.pending_bytes_max = JOURNAL_PENDING_BYTES;
    cfg.commit_us = JOURNAL_COMMIT_US_MAX + 1;
    assert_int_equal(journal_open(&j, w->loop, &cfg, &err), RC_CONFIG);
    cfg.commit_us = 0;
    cfg.path = "/no/such/hub.db";
    assert_int_equal(journal_open(&j, w->loop, &cfg, &err), RC_CONFIG);
    assert_string_equal(err.text,
                        "cannot open database /no/such/hub.db: unable to open database file");
    assert_null(j);
    assert_int_equal(journal_close(NULL, NULL), RC_OK);
}

static void without_callbacks(void **state)
{
    struct world *w = *state;
    const struct journal_cfg cfg = {
        .path = w->path, .schema = schema, .pending_bytes_max = JOURNAL_PENDING_BYTES};
    assert_int_equal(journal_open(&w->journal, w->loop, &cfg, NULL), RC_OK);
    for (int64_t n = 1; n <= 3; n++)
        assert_int_equal(put(w, n), RC_OK);
    assert_int_equal(put(w, 3), RC_OK);
    loop_run(w->loop);
    assert_int_equal(journal_synced_seq(w->journal), 4);
    close_journal(w);
    assert_rows(w, 3);
}

// ---- A disk that fails

static void await_failure(struct world *w)
{
    while (w->failed == 0)
        loop_turn(w->loop, true);
}

static void files_may_grow_to(rlim_t size_bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size_bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_write_error_loses_nothing(void **state)
{
    struct world *w = *state;
    open_journal(w, 1000);
    assert_int_equal(put(w, 1), RC_OK);
    assert_true(await_seq(w, 1, 10000000));
    (void)signal(SIGXFSZ, SIG_IGN); // or the limit would kill
    files_may_grow_to(100000);
    int64_t n = 1;
    while (n < 2000)
        assert_int_equal(put(w, ++n), RC_OK);
    await_failure(w);
    while (n < 3000) // goes on, behind what is kept
        assert_int_equal(put(w, ++n), RC_OK);
    while (journal_stat(w->journal).failures < 2)
        loop_turn(w->loop, true);
    assert_int_equal(w->failed, 1); // told once
    assert_int_equal(w->failed_rc, RC_IO);
    assert_int_equal(journal_stat(w->journal).rc, RC_IO);
    assert_string_equal(w->words, "disk I/O error");
    assert_int_equal(w->synced_seq, 1);
    files_may_grow_to(RLIM_INFINITY);
    assert_true(await_seq(w, (uint64_t)n, 10000000));
    assert_int_equal(journal_stat(w->journal).rc, RC_OK);
    close_journal(w);
    assert_rows(w, n);
}

// All that is left of the file system, into a file.
static void fill_disk(const char *path)
{
    static const char page[4096] = "full";
    const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    while (write(fd, page, sizeof page) > 0) {
    }
    assert_int_equal(close(fd), 0);
}

static void a_full_disk_loses_nothing(void **state)
{
    struct world *w = *state;
    char filler[80];
    if (!has_mounts || mount("none", w->folder, "tmpfs", 0, "size=1m") != 0)
        skip();
    (void)snprintf(filler, sizeof filler, "%s/filler", w->folder);
    open_journal(w, 1000);
    assert_int_equal(put(w, 1), RC_OK);
    assert_true(await_seq(w, 1, 10000000));
    fill_disk(filler);
    int64_t n = 1;
    while (n < 500)
        assert_int_equal(put(w, ++n), RC_OK);
    await_failure(w);
    assert_int_equal(w->failed_rc, RC_FULL);
    assert_string_equal(w->words, "database or disk is full");
    while (n < 1000)
        assert_int_equal(put(w, ++n), RC_OK);
    assert_int_equal(unlink(filler), 0);
    assert_true(await_seq(w, (uint64_t)n, 10000000));
    assert_int_equal(w->failed, 1);
    fill_disk(filler); // a second failure is told again, and an end in it has words
    while (n < 1500)
        assert_int_equal(put(w, ++n), RC_OK);
    while (w->failed < 2)
        loop_turn(w->loop, true);
    struct err err = {0};
    assert_int_equal(journal_close(w->journal, &err), RC_FULL);
    w->journal = NULL;
    assert_non_null(strstr(err.text, "not written: database or disk is full"));
    assert_int_equal(unlink(filler), 0);
    assert_rows(w, 1000);
    loop_turn(w->loop, false);
    assert_int_equal(umount(w->folder), 0);
}

static struct db *lock_file(const struct world *w)
{
    struct db *other = NULL;
    assert_int_equal(db_open(&other, w->path, schema, NULL), RC_OK);
    assert_int_equal(db_begin(other), RC_OK);
    return other;
}

static void a_lock_held_by_another_loses_nothing(void **state)
{
    struct world *w = *state;
    open_journal(w, 1000);
    struct db *other = lock_file(w);
    assert_int_equal(put(w, 1), RC_OK);
    await_failure(w); // after SQLite's own patience
    assert_string_equal(w->words, "database is locked");
    assert_int_equal(put(w, 2), RC_OK);
    db_close(other);
    assert_true(await_seq(w, 2, 10000000));
    assert_int_equal(w->failed, 1);
    close_journal(w);
    assert_rows(w, 2);
}

static void nap(void *block)
{
    const struct timespec *wait = block;
    (void)nanosleep(wait, NULL);
}

static void nap_done(void *self, void *block)
{
    (void)self;
    (void)block;
}

// Every thread of the pool sleeps first; then, if so asked, the file is locked by another.
static void close_in_vain(struct world *w, time_t nap_s, bool is_locked)
{
    struct pool *pool = NULL;
    const struct timespec wait = {.tv_sec = nap_s};
    const struct pool_job job = {
        .work = nap, .done = nap_done, .block = &wait, .block_bytes = sizeof wait};
    open_journal(w, 0);
    struct db *other = is_locked ? lock_file(w) : NULL;
    assert_int_equal(pool_new(&pool, w->loop, 100), RC_OK);
    for (int i = 0; i < 4; i++) // libuv's threads
        assert_int_equal(pool_run(pool, &job), RC_OK);
    assert_int_equal(put(w, 1), RC_OK);
    struct err err = {0};
    const uint64_t since_us = clock_now_us();
    assert_int_equal(journal_close(w->journal, &err), RC_TIMEOUT);
    w->journal = NULL;
    const uint64_t took_us = clock_now_us() - since_us;
    assert_true(took_us >= JOURNAL_CLOSE_US && took_us < JOURNAL_CLOSE_US + 500000);
    assert_non_null(strstr(err.text, "still not written"));
    loop_run(w->loop); // the naps, and what is left of the journal
    pool_free(pool);
    db_close(other);
}

static void a_close_waits_only_so_long(void **state)
{
    close_in_vain(*state, 6, false); // the batch is never begun
    assert_rows(*state, 0);
    close_in_vain(*state, 4, true); // the thread is in the middle of it
    assert_rows(*state, 0);
}

// ---- Killed

struct doomed {
    struct world *w;
    uint64_t seed;
    int tell;
};

static void tell_synced(void *self, uint64_t seq)
{
    writer_tell(((const struct doomed *)self)->tell, seq);
}

// Numbered rows for ever, some in each turn; each synced number is told.
static void write_for_ever(int tell, void *self)
{
    struct doomed *d = self;
    struct world *w = d->w;
    struct rng rng = rng_seeded(d->seed);
    struct err err;
    const struct journal_cfg cfg = {.path = w->path,
                                    .schema = schema,
                                    .commit_us = rng_below(&rng, 3000),
                                    .pending_bytes_max = JOURNAL_PENDING_BYTES_MIN,
                                    .self = d,
                                    .on_synced = tell_synced};
    d->tell = tell;
    if (loop_new(&w->loop, &err) != RC_OK ||
        journal_open(&w->journal, w->loop, &cfg, &err) != RC_OK)
        _exit(1);
    struct rows r = {0};
    if (db_rows(journal_db(w->journal), "SELECT n FROM rows ORDER BY n", NULL, 0, see_row, &r) !=
        RC_OK)
        _exit(2);
    for (;;) {
        for (uint64_t some = rng_below(&rng, 200); some > 0 && put(w, r.last + 1) == RC_OK; some--)
            r.last++;
        loop_turn(w->loop, false);
    }
}

// Kills it after_us after its first word; its last word comes back.
static uint64_t kill_one_writer(struct world *w, uint64_t seed, useconds_t after_us)
{
    struct doomed d = {.w = w, .seed = seed};
    struct writer writer = writer_start(write_for_ever, &d);
    writer_await(&writer, 1);
    (void)usleep(after_us);
    return writer_kill(&writer);
}

static void a_killed_writer_keeps_what_it_told(void **state)
{
    struct world *w = *state;
    const uint64_t seed = test_seed();
    struct rng rng = rng_seeded(seed);
    int64_t before = 0;
    for (int round = 0; round < 30; round++) {
        const useconds_t after_us = (useconds_t)rng_below(&rng, 30000);
        const uint64_t told = kill_one_writer(w, rng_u64(&rng), after_us);
        const struct rows r = read_rows(w->path);
        assert_false(r.has_gap);
        assert_int_equal(r.first, 1);
        assert_true(r.count >= before + (int64_t)told);
        before = r.count;
    }
}

// Mounts of this process's own, where that is allowed: they end with it.
static bool leave_mounts(void)
{
    return unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

int main(void)
{
    has_mounts = leave_mounts();
    const struct CMUnitTest tests[] = {
        // The first forks: libuv's threads do not come along.
        cmocka_unit_test_setup_teardown(a_killed_writer_keeps_what_it_told, setup, teardown),
        cmocka_unit_test_setup_teardown(puts_are_grouped_and_told, setup, teardown),
        cmocka_unit_test_setup_teardown(a_large_batch_does_not_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(callbacks_may_put, setup, teardown),
        cmocka_unit_test_setup_teardown(values_are_copied, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refused_statement_leaves_the_others, setup, teardown),
        cmocka_unit_test_setup_teardown(reads_come_before_the_first_put, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_journal_refuses_and_recovers, setup, teardown),
        cmocka_unit_test_setup_teardown(settings_are_judged, setup, teardown),
        cmocka_unit_test_setup_teardown(without_callbacks, setup, teardown),
        cmocka_unit_test_setup_teardown(a_write_error_loses_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_disk_loses_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_lock_held_by_another_loses_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_close_waits_only_so_long, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
