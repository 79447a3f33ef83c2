// SPDX-License-Identifier: MIT
// A full store turned over several times: up to which size objects belong into rows.
//
// usage: store_churn FOLDER INLINE_BYTES [BYTES_MAX [TURNS]]
//
// Objects of 0 to 64 KiB go in, in groups of 100, until the store is full (256 MiB), and then for
// as many bytes again TURNS (3) times, each put letting others go. For each turn: time of a put
// without making the object, gets of what is there, and the disk's blocks for each byte held.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/rng.h"
#include "os/blobs.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/kv.h"
#include "store/store.h"

#define GROUP        100u
#define OBJECT_BYTES 65536u
#define GETS         5000u

static uint8_t content[OBJECT_BYTES];

static void must(bool is_so, const char *what)
{
    if (is_so)
        return;
    fprintf(stderr, "store_churn: %s failed\n", what);
    exit(1);
}

static struct bytes object(uint64_t i)
{
    struct rng rng = rng_seeded(i);
    const size_t len = 8 + (size_t)rng_below(&rng, OBJECT_BYTES - 8);
    for (size_t at = 0; at + 8 <= len; at += 8) {
        const uint64_t word = rng_u64(&rng);
        memcpy(content + at, &word, sizeof word);
    }
    return bytes_of(content, len);
}

static uint64_t blocks_of(const char *folder)
{
    char command[512];
    unsigned long kib = 0;
    (void)snprintf(command, sizeof command, "du -sk '%s'", folder);
    FILE *f = popen(command, "r");
    must(f != NULL && fscanf(f, "%lu", &kib) == 1, "du");
    (void)pclose(f);
    return kib * 1024;
}

// Bytes put in; *spent_us: without the making of objects.
static uint64_t put_group(struct store *s, uint64_t *next, uint64_t *spent_us)
{
    uint64_t bytes = 0;
    uint64_t since_us = clock_now_us();
    must(store_begin(s) == RC_OK, "begin");
    *spent_us += clock_now_us() - since_us;
    for (unsigned i = 0; i < GROUP; i++) {
        const struct bytes o = object((*next)++);
        since_us = clock_now_us();
        must(store_add(s, o, NULL) == RC_OK, "add");
        *spent_us += clock_now_us() - since_us;
        bytes += o.len;
    }
    since_us = clock_now_us();
    must(store_commit(s) == RC_OK, "commit");
    *spent_us += clock_now_us() - since_us;
    return bytes;
}

static double get_us(struct store *s, uint64_t next, uint64_t *sum)
{
    struct rng rng = rng_seeded(next);
    uint64_t spent_us = 0;
    unsigned found = 0;
    for (unsigned i = 0; i < GETS; i++) {
        const struct digest name = hash_bytes(object(next - 1 - rng_below(&rng, next / 4)));
        struct bytes got;
        const uint64_t since_us = clock_now_us();
        if (store_get(s, &name, &got) != RC_OK)
            continue;
        for (size_t at = 0; at < got.len; at += 64)
            *sum += got.at[at];
        store_release(s);
        spent_us += clock_now_us() - since_us;
        found++;
    }
    return found == 0 ? 0 : (double)spent_us / found;
}

int main(int argc, char **argv)
{
    const uint64_t inline_bytes = argc > 2 ? strtoull(argv[2], NULL, 0) : 0;
    const uint64_t bytes_max = argc > 3 ? strtoull(argv[3], NULL, 0) : (uint64_t)256 << 20;
    const unsigned turns = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 0) : 3;
    struct blobs *blobs = NULL;
    struct kv_env *kv = NULL;
    struct store *s = NULL;
    struct err err;
    char path[512];
    if (inline_bytes == 0) {
        fputs("usage: store_churn FOLDER INLINE_BYTES [BYTES_MAX [TURNS]]\n", stderr);
        return 2;
    }
    (void)snprintf(path, sizeof path, "%s/large", argv[1]);
    must(file_make_folder(path, &err) == RC_OK && blobs_open(&blobs, path, &err) == RC_OK &&
             kv_open(&kv, argv[1], 8 * bytes_max, &err) == RC_OK,
         "open");
    struct arena *arena = arena_new((size_t)64 << 20);
    must(arena != NULL, "memory");
    const struct store_cfg cfg = {.kv = kv_host(kv),
                                  .large = blobs_host(blobs),
                                  .bytes_max = bytes_max,
                                  .objects_max = 100000,
                                  .inline_bytes = inline_bytes,
                                  .seed = 1};
    must(store_open(&s, arena, &cfg) == RC_OK, "store_open");
    uint64_t next = 0;
    uint64_t sum = 0;
    for (unsigned turn = 0; turn <= turns; turn++) {
        uint64_t spent_us = 0;
        const uint64_t first = next;
        for (uint64_t bytes = 0; bytes < bytes_max;)
            bytes += put_group(s, &next, &spent_us);
        const struct store_stat stat = store_stat(s);
        const double put_us = (double)spent_us / (double)(next - first);
        printf(
            "rows to %6llu bytes  turn %u  put %7.1f us  get %6.1f us  %.2f bytes of disk each\n",
            (unsigned long long)inline_bytes, turn, put_us, get_us(s, next, &sum),
            (double)blocks_of(argv[1]) / (double)stat.bytes);
    }
    must(store_close(s) == RC_OK, "close");
    kv_close(kv);
    blobs_close(blobs);
    arena_free(arena);
    must(file_remove_folder(argv[1], &err) == RC_OK, "removal");
    return sum == 1; // never: it is used, though
}
