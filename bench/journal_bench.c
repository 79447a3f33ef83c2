// SPDX-License-Identifier: MIT
// Bench: what a put costs the loop, and what a row costs the thread, with every commit synced.
//
// usage: journal_bench [ROWS [FOLDER]]
//
// Rows of six values (three integers, two digests, a text; some 100 bytes) into a table like the
// hub's: in bursts of 256 a turn as fast as the journal takes them, then at a hub's pace. CPU time
// of the put is by this thread's clock around a burst; of the thread, what the process used beside
// this thread. The same rows through db_run on the loop, a commit for 256, stand beside it.
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/num.h"
#include "os/clock.h"
#include "os/journal.h"

#define BURST    256
#define ROWS_MAX 100000000
#define PACE     UINT64_C(75000) // 25,000 tasks a second of three rows each

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS results (id INTEGER PRIMARY KEY, at_s INTEGER, asked BLOB, "
    "hash BLOB, peer TEXT, cpu_us INTEGER, wall_us INTEGER)";
static const char insert[] = "INSERT INTO results (at_s, asked, hash, peer, cpu_us, wall_us) "
                             "VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "journal_bench: %s\n", what);
    exit(1);
}

static double cpu_s(clockid_t clock)
{
    struct timespec t;
    if (clock_gettime(clock, &t) != 0)
        die("clock_gettime");
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct row {
    uint8_t asked[32];
    uint8_t hash[32];
    struct db_value value[6];
};

static void row_fill(struct row *r, uint64_t n)
{
    memset(r->asked, (int)(n % 251), sizeof r->asked);
    memset(r->hash, (int)(n % 241), sizeof r->hash);
    r->value[0] = db_integer(1700000000 + (int64_t)(n / 1000));
    r->value[1] = db_blob(bytes_of(r->asked, sizeof r->asked));
    r->value[2] = db_blob(bytes_of(r->hash, sizeof r->hash));
    r->value[3] = db_text("a helper in the attic");
    r->value[4] = db_integer((int64_t)n * 37);
    r->value[5] = db_integer((int64_t)n * 41);
}

static void fresh(char *path, size_t cap, const char *folder, const char *name)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < ARRAY_COUNT(ends); i++) {
        (void)snprintf(path, cap, "%s/%s%s", folder, name, ends[i]);
        (void)unlink(path);
    }
    (void)snprintf(path, cap, "%s/%s", folder, name);
}

struct load {
    struct loop *loop;
    struct journal *journal;
    uint64_t rows;
    uint64_t rate; // rows a second, 0: as fast as they are taken
    uint64_t since_us;
    uint64_t put;
    uint64_t full;
    double put_s; // CPU of the puts
};

// False: the journal is full, or all is put.
static bool burst(struct load *l)
{
    struct row row[BURST];
    size_t count = 0;
    const uint64_t full = l->full;
    uint64_t due = l->rows;
    if (l->rate > 0)
        due = num_min(due, (clock_now_us() - l->since_us) * l->rate / 1000000);
    for (; count < BURST && l->put + count < due; count++)
        row_fill(&row[count], l->put + count);
    const double since_s = cpu_s(CLOCK_THREAD_CPUTIME_ID);
    for (size_t i = 0; i < count; i++) {
        const enum rc rc = journal_put(l->journal, insert, row[i].value, 6, NULL);
        if (rc == RC_FULL) {
            l->full++;
            break;
        }
        if (rc != RC_OK)
            die("put");
        l->put++;
    }
    l->put_s += cpu_s(CLOCK_THREAD_CPUTIME_ID) - since_s;
    return l->put < l->rows && l->full == full;
}

static void run_journal(const char *folder, uint64_t rows, uint64_t rate)
{
    struct load l = {.rows = rows, .rate = rate};
    struct err err = {0};
    char path[4096];
    fresh(path, sizeof path, folder, "journal_bench.db");
    const struct journal_cfg cfg = {.path = path,
                                    .schema = schema,
                                    .commit_us = JOURNAL_COMMIT_US,
                                    .pending_bytes_max = JOURNAL_PENDING_BYTES};
    if (loop_new(&l.loop, &err) != RC_OK || journal_open(&l.journal, l.loop, &cfg, &err) != RC_OK)
        die(err.text);
    const double all_s = cpu_s(CLOCK_PROCESS_CPUTIME_ID);
    const double loop_s = cpu_s(CLOCK_THREAD_CPUTIME_ID);
    l.since_us = clock_now_us();
    while (journal_synced_seq(l.journal) < rows) {
        const bool may_put = burst(&l);
        loop_turn(l.loop, !may_put);
        if (rate > 0)
            (void)usleep(500);
    }
    const double wall_s = (double)(clock_now_us() - l.since_us) / 1e6;
    const double thread_s =
        cpu_s(CLOCK_PROCESS_CPUTIME_ID) - all_s - (cpu_s(CLOCK_THREAD_CPUTIME_ID) - loop_s);
    const struct journal_stat stat = journal_stat(l.journal);
    printf("journal: %.0f rows/s; a put %.3f us of the loop; a row %.2f us of the thread "
           "(%.0f rows per CPU second)\n",
           (double)rows / wall_s, l.put_s / (double)rows * 1e6, thread_s / (double)rows * 1e6,
           (double)rows / thread_s);
    printf("         %llu commits, %.1f ms each, the slowest %.1f ms; full %llu times\n",
           (unsigned long long)stat.commits, (double)stat.write_us / 1e3 / (double)stat.commits,
           (double)stat.write_us_max / 1e3, (unsigned long long)l.full);
    if (journal_close(l.journal, &err) != RC_OK)
        die(err.text);
    loop_free(l.loop);
    fresh(path, sizeof path, folder, "journal_bench.db");
}

static void run_db(const char *folder, uint64_t rows)
{
    struct db *db = NULL;
    struct err err = {0};
    char path[4096];
    fresh(path, sizeof path, folder, "journal_bench.db");
    if (db_open(&db, path, schema, &err) != RC_OK)
        die(err.text);
    const double loop_s = cpu_s(CLOCK_THREAD_CPUTIME_ID);
    const uint64_t since_us = clock_now_us();
    for (uint64_t n = 0; n < rows; n++) {
        struct row row;
        row_fill(&row, n);
        if (db_begin(db) != RC_OK || db_run(db, insert, row.value, 6) != RC_OK ||
            (n % BURST == BURST - 1 && db_commit(db) != RC_OK))
            die(db_error(db));
    }
    if (db_commit(db) != RC_OK)
        die(db_error(db));
    const double wall_s = (double)(clock_now_us() - since_us) / 1e6;
    printf("db_run:  %.0f rows/s; a row %.2f us of the loop, and the loop waits %.2f us\n",
           (double)rows / wall_s, (cpu_s(CLOCK_THREAD_CPUTIME_ID) - loop_s) / (double)rows * 1e6,
           wall_s / (double)rows * 1e6);
    db_close(db);
    fresh(path, sizeof path, folder, "journal_bench.db");
}

int main(int argc, char **argv)
{
    const uint64_t rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 500000;
    const char *folder = argc > 2 ? argv[2] : "/tmp";
    if (rows < 1 || rows > ROWS_MAX)
        die("usage: journal_bench [ROWS [FOLDER]]");
    run_journal(folder, rows, 0);
    run_journal(folder, num_min(rows, 3 * PACE), PACE);
    run_db(folder, rows / 10 + 1);
    return 0;
}
