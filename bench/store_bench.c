// SPDX-License-Identifier: MIT
// The store against what it stands on: raw LMDB for small objects, plain files for large ones.
//
// usage: store_bench FOLDER [OBJECTS [BYTES [LARGE [LARGE_BYTES]]]]
//
// Puts OBJECTS (100000) objects of BYTES (4096) into LMDB alone and into a store, in groups of
// 1000, then gets them in random order from both by turns, touching every cache line. LMDB's get
// begins and ends a read (renew, reset), as whoever lets writes come in between must; "held" is
// one read for all of a round. Then starts and memory; then LARGE (500) of LARGE_BYTES (1 MiB) as
// files, against write, fsync and read. FOLDER is made, and removed at the end.
#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <lmdb.h>

#include "base/rng.h"
#include "os/blobs.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/kv.h"
#include "store/store.h"

#define GROUP        1000u
#define ROUNDS       15u
#define ROUND_GETS   20000u
#define LARGE_GROUP  16u
#define OBJECT_BYTES ((size_t)64 << 20)
#define PATH_BYTES   512

struct bench {
    char folder[PATH_BYTES / 2];
    uint64_t objects, large;
    size_t bytes, large_bytes;
    uint8_t *content; // of one object
    struct digest *name;
    MDB_env *env;
    MDB_dbi table;
    MDB_txn *reader;
    struct kv_env *kv;
    struct blobs *blobs;
    struct arena *arena;
    struct store *store;
    uint64_t sum; // of what was touched: so that it is
};

static void must(bool is_so, const char *what)
{
    if (is_so)
        return;
    fprintf(stderr, "store_bench: %s failed\n", what);
    exit(1);
}

static const char *path_of(const struct bench *b, const char *name)
{
    static char path[PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s/%s", b->folder, name);
    return path;
}

static double seconds_since(uint64_t since_us)
{
    return (double)(clock_now_us() - since_us) / 1e6;
}

static uint64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static struct bytes object(struct bench *b, uint64_t i, size_t bytes)
{
    struct rng rng = rng_seeded(i);
    for (size_t at = 0; at + 8 <= bytes; at += 8) {
        const uint64_t word = rng_u64(&rng);
        memcpy(b->content + at, &word, sizeof word);
    }
    return bytes_of(b->content, bytes);
}

static void touch(struct bench *b, struct bytes bytes)
{
    for (size_t at = 0; at < bytes.len; at += 64)
        b->sum += bytes.at[at];
}

static uint64_t memory_kib(const char *field)
{
    char line[256];
    uint64_t kib = 0;
    FILE *f = fopen("/proc/self/status", "r");
    must(f != NULL, "/proc/self/status");
    while (fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, field, strlen(field)) == 0)
            kib = strtoull(line + strlen(field) + 1, NULL, 10);
    (void)fclose(f);
    return kib;
}

static int by_size(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

// ---- LMDB alone

static void raw_open(struct bench *b)
{
    const size_t map = ((size_t)4 * b->bytes + 4096) * b->objects + ((size_t)1 << 30);
    must(mkdir(path_of(b, "raw"), 0700) == 0, "mkdir");
    must(mdb_env_create(&b->env) == 0, "mdb_env_create");
    must(mdb_env_set_mapsize(b->env, map) == 0, "mdb_env_set_mapsize");
    must(mdb_env_open(b->env, path_of(b, "raw"), MDB_NOTLS, 0600) == 0, "mdb_env_open");
    MDB_txn *txn;
    must(mdb_txn_begin(b->env, NULL, 0, &txn) == 0 && mdb_dbi_open(txn, NULL, 0, &b->table) == 0 &&
             mdb_txn_commit(txn) == 0,
         "mdb_dbi_open");
    must(mdb_txn_begin(b->env, NULL, MDB_RDONLY, &b->reader) == 0, "a reader");
    mdb_txn_reset(b->reader);
}

// The names are made before: hashing is not LMDB's work.
static double raw_put(struct bench *b)
{
    const uint64_t since_us = clock_now_us();
    double made = 0;
    for (uint64_t i = 0; i < b->objects; i += GROUP) {
        MDB_txn *txn;
        must(mdb_txn_begin(b->env, NULL, 0, &txn) == 0, "begin");
        for (uint64_t at = i; at < i + GROUP && at < b->objects; at++) {
            const uint64_t from = now_ns();
            const struct bytes bytes = object(b, at, b->bytes);
            made += (double)(now_ns() - from) / 1e9;
            MDB_val k = {DIGEST_BYTES, b->name[at].b};
            MDB_val v = {bytes.len, b->content};
            must(mdb_put(txn, b->table, &k, &v, 0) == 0, "put");
        }
        must(mdb_txn_commit(txn) == 0, "commit");
    }
    return seconds_since(since_us) - made;
}

static void raw_get(struct bench *b, uint64_t i, bool is_held)
{
    MDB_val k = {DIGEST_BYTES, b->name[i].b};
    MDB_val v;
    if (!is_held)
        must(mdb_txn_renew(b->reader) == 0, "renew");
    must(mdb_get(b->reader, b->table, &k, &v) == 0, "get");
    touch(b, bytes_of(v.mv_data, v.mv_size));
    if (!is_held)
        mdb_txn_reset(b->reader);
}

// ---- The store

static double store_start(struct bench *b)
{
    struct err err;
    const uint64_t map = (4 * b->bytes + 4096) * b->objects + ((uint64_t)2 << 30);
    const uint64_t since_us = clock_now_us();
    must(file_make_folder(path_of(b, "store"), &err) == RC_OK, "a folder");
    must(blobs_open(&b->blobs, path_of(b, "store/large"), &err) == RC_OK, "blobs_open");
    must(kv_open(&b->kv, path_of(b, "store"), map, &err) == RC_OK, "kv_open");
    b->arena = arena_new((size_t)256 << 20);
    const struct store_cfg cfg = {.kv = kv_host(b->kv),
                                  .large = blobs_host(b->blobs),
                                  .bytes_max = (uint64_t)1 << 40,
                                  .objects_max = (uint32_t)(b->objects + b->large + 1000),
                                  .seed = 42};
    must(b->arena != NULL && store_open(&b->store, b->arena, &cfg) == RC_OK, "store_open");
    return seconds_since(since_us);
}

static void store_stop(struct bench *b, bool is_clean)
{
    if (is_clean)
        must(store_close(b->store) == RC_OK, "store_close");
    kv_close(b->kv);
    blobs_close(b->blobs);
    arena_free(b->arena);
}

// group: objects a commit.
static double store_put_all(struct bench *b, uint64_t first, uint64_t count, size_t bytes,
                            uint64_t group)
{
    const uint64_t since_us = clock_now_us();
    double made = 0;
    for (uint64_t i = 0; i < count; i += group) {
        must(store_begin(b->store) == RC_OK, "begin");
        for (uint64_t at = i; at < i + group && at < count; at++) {
            const uint64_t from = now_ns();
            const struct bytes content = object(b, first + at, bytes);
            made += (double)(now_ns() - from) / 1e9;
            must(store_put(b->store, &b->name[first + at], content) == RC_OK, "put");
        }
        must(store_commit(b->store) == RC_OK, "commit");
    }
    return seconds_since(since_us) - made;
}

static void store_get_one(struct bench *b, uint64_t i)
{
    struct bytes got;
    must(store_get(b->store, &b->name[i], &got) == RC_OK, "get");
    touch(b, got);
    store_release(b->store);
}

// ---- Gets by turns

enum way { RAW, RAW_HELD, STORE, WAYS };

static const char *const way_name[] = {"LMDB", "LMDB, held", "store"};

static void get_round(struct bench *b, enum way way, uint64_t seed, uint64_t *ns)
{
    struct rng rng = rng_seeded(seed);
    if (way == RAW_HELD)
        must(mdb_txn_renew(b->reader) == 0, "renew");
    for (uint32_t i = 0; i < ROUND_GETS; i++) {
        const uint64_t at = rng_below(&rng, b->objects);
        const uint64_t from = now_ns();
        if (way == STORE)
            store_get_one(b, at);
        else
            raw_get(b, at, way == RAW_HELD);
        ns[i] = now_ns() - from;
    }
    if (way == RAW_HELD)
        mdb_txn_reset(b->reader);
}

static void compare_gets(struct bench *b)
{
    uint64_t *ns[WAYS];
    double mean[WAYS];
    const size_t count = (size_t)ROUNDS * ROUND_GETS;
    for (int way = 0; way < WAYS; way++) {
        ns[way] = calloc(count, sizeof **ns);
        must(ns[way] != NULL, "memory");
    }
    for (int way = 0; way < WAYS; way++) // all pages are in memory for all of them
        for (uint64_t i = 0; i < b->objects; i++)
            way == STORE ? store_get_one(b, i) : raw_get(b, i, false);
    for (uint32_t round = 0; round < ROUNDS; round++)
        for (int way = 0; way < WAYS; way++)
            get_round(b, (enum way)way, round * 10 + (uint64_t)way,
                      ns[way] + (size_t)round * ROUND_GETS);
    for (int way = 0; way < WAYS; way++) {
        double sum = 0;
        for (size_t i = 0; i < count; i++)
            sum += (double)ns[way][i];
        mean[way] = sum / (double)count;
        qsort(ns[way], count, sizeof **ns, by_size);
        printf("get   %-10s  median %6.2f us  mean %6.2f us  p99 %6.2f us  %5.2f of LMDB by median"
               ", %5.2f by mean\n",
               way_name[way], (double)ns[way][count / 2] / 1e3, mean[way] / 1e3,
               (double)ns[way][count * 99 / 100] / 1e3,
               (double)ns[RAW][count / 2] / (double)ns[way][count / 2], mean[RAW] / mean[way]);
    }
    for (int way = 0; way < WAYS; way++)
        free(ns[way]);
}

// ---- Large ones

static void plain_write(struct bench *b, uint64_t first)
{
    const uint64_t since_us = clock_now_us();
    char path[PATH_BYTES];
    double made = 0;
    must(mkdir(path_of(b, "plain"), 0700) == 0, "mkdir");
    for (uint64_t i = 0; i < b->large; i++) {
        const uint64_t from = now_ns();
        const struct bytes bytes = object(b, first + i, b->large_bytes);
        made += (double)(now_ns() - from) / 1e9;
        (void)snprintf(path, sizeof path, "%s/plain/%llu", b->folder, (unsigned long long)i);
        const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        must(fd >= 0 && write(fd, bytes.at, bytes.len) == (ssize_t)bytes.len && fsync(fd) == 0 &&
                 close(fd) == 0,
             "write");
    }
    printf("put   file, write and fsync   %8.1f MB/s\n",
           (double)b->large * (double)b->large_bytes / 1e6 / (seconds_since(since_us) - made));
}

static double plain_read(struct bench *b)
{
    char path[PATH_BYTES];
    const uint64_t since_us = clock_now_us();
    for (uint64_t i = 0; i < b->large; i++) {
        (void)snprintf(path, sizeof path, "%s/plain/%llu", b->folder, (unsigned long long)i);
        const int fd = open(path, O_RDONLY);
        must(fd >= 0 && read(fd, b->content, b->large_bytes) == (ssize_t)b->large_bytes &&
                 close(fd) == 0,
             "read");
        touch(b, bytes_of(b->content, b->large_bytes));
    }
    return seconds_since(since_us);
}

static double large_get(struct bench *b)
{
    const uint64_t since_us = clock_now_us();
    for (uint64_t i = 0; i < b->large; i++)
        store_get_one(b, b->objects + i);
    return seconds_since(since_us);
}

static void compare_large(struct bench *b)
{
    const double bytes = (double)b->large * (double)b->large_bytes;
    plain_write(b, b->objects);
    const double put = store_put_all(b, b->objects, b->large, b->large_bytes, LARGE_GROUP);
    printf("put   store, %u a group       %8.1f MB/s, hash included\n", LARGE_GROUP,
           bytes / 1e6 / put);
    double plain = 0;
    double got = 0;
    for (int i = 0; i < 10; i++) {
        plain += i > 0 ? plain_read(b) : plain_read(b) * 0; // once to warm up
        got += i > 0 ? large_get(b) : large_get(b) * 0;
    }
    printf("get   file, read              %8.1f MB/s\n", 9 * bytes / 1e6 / plain);
    printf("get   store                   %8.1f MB/s, %.2f of it\n", 9 * bytes / 1e6 / got,
           plain / got);
}

// ---- All

static void measure_starts(struct bench *b)
{
    store_stop(b, true);
    printf("open  after close             %8.2f ms\n", 1e3 * store_start(b));
    printf("memory                        %8.1f MiB anonymous, %.1f bytes an object\n",
           (double)memory_kib("RssAnon:") / 1024,
           (double)arena_used_bytes(b->arena) / (double)(b->objects + b->large));
    must(store_del(b->store, &b->name[0]) == RC_OK, "del"); // no mark of a clean end any more
    store_stop(b, false);
    printf("open  after a crash           %8.2f ms, looking through %llu files\n",
           1e3 * store_start(b), (unsigned long long)store_stat(b->store).large_objects);
    must(store_stat(b->store).objects == b->objects + b->large - 1, "what is there");
}

static void put_single(struct bench *b)
{
    enum { COUNT = 50 };
    struct digest name;
    const uint64_t since_us = clock_now_us();
    for (uint64_t i = 0; i < COUNT; i++)
        must(store_add(b->store, object(b, UINT64_MAX - i, b->bytes), &name) == RC_OK, "add");
    printf("put   store, one a commit     %8.2f ms each\n", 1e3 * seconds_since(since_us) / COUNT);
}

int main(int argc, char **argv)
{
    struct bench b = {.objects = argc > 2 ? strtoull(argv[2], NULL, 0) : 100000,
                      .bytes = argc > 3 ? strtoull(argv[3], NULL, 0) : 4096,
                      .large = argc > 4 ? strtoull(argv[4], NULL, 0) : 500,
                      .large_bytes = argc > 5 ? strtoull(argv[5], NULL, 0) : 1 << 20};
    if (argc < 2 || b.objects < 1 || b.bytes > OBJECT_BYTES || b.large_bytes > OBJECT_BYTES) {
        fputs("usage: store_bench FOLDER [OBJECTS [BYTES [LARGE [LARGE_BYTES]]]]\n", stderr);
        return 2;
    }
    (void)snprintf(b.folder, sizeof b.folder, "%s", argv[1]);
    must(mkdir(b.folder, 0700) == 0, "mkdir");
    b.content = calloc(1, OBJECT_BYTES);
    b.name = calloc(b.objects + b.large, sizeof *b.name);
    must(b.content != NULL && b.name != NULL, "memory");
    for (uint64_t i = 0; i < b.objects + b.large; i++)
        b.name[i] = hash_bytes(object(&b, i, i < b.objects ? b.bytes : b.large_bytes));
    printf("%llu objects of %zu bytes, %llu of %zu\n", (unsigned long long)b.objects, b.bytes,
           (unsigned long long)b.large, b.large_bytes);
    raw_open(&b);
    const double raw = raw_put(&b);
    printf("put   LMDB, %u a group      %8.2f us each\n", GROUP, 1e6 * raw / (double)b.objects);
    (void)store_start(&b);
    const double put = store_put_all(&b, 0, b.objects, b.bytes, GROUP);
    printf("put   store, %u a group     %8.2f us each, hash included; %.2f of LMDB\n", GROUP,
           1e6 * put / (double)b.objects, raw / put);
    compare_gets(&b);
    mdb_env_close(b.env);
    compare_large(&b);
    measure_starts(&b);
    put_single(&b);
    store_stop(&b, true);
    struct err err;
    must(file_remove_folder(b.folder, &err) == RC_OK, "removal");
    free(b.content);
    free(b.name);
    return b.sum == 1; // never: it is used, though
}
