// SPDX-License-Identifier: MIT
// A simulated disk for tests of the store, and the store that runs on it.
#ifndef STORE_DISK_TEST_H
#define STORE_DISK_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/kv.h"
#include "store/row.h"
#include "store/store.h"

#define DISK_BYTES (1 << 20)

struct disk {
    struct sim_kv *rows;
    struct sim_kv *files;  // NULL: large objects are rows too
    uint64_t inline_bytes; // with files
    bool is_cache;
    struct arena *arena; // of the store that runs on it
};

static inline struct disk disk_new(void)
{
    static struct budget budget = {.limit_bytes = (size_t)1 << 25};
    struct disk d = {.arena = arena_new(1 << 20)};
    assert_non_null(d.arena);
    assert_int_equal(sim_kv_new(&d.rows, &budget, DISK_BYTES), RC_OK);
    return d;
}

// With files for what is longer than inline_bytes.
static inline struct disk disk_new_with_files(uint64_t inline_bytes)
{
    static struct budget budget = {.limit_bytes = (size_t)1 << 25};
    struct disk d = disk_new();
    d.inline_bytes = inline_bytes;
    assert_int_equal(sim_kv_new(&d.files, &budget, DISK_BYTES), RC_OK);
    sim_kv_as_files(d.files);
    return d;
}

static inline void disk_free(struct disk *d)
{
    sim_kv_free(d->rows);
    sim_kv_free(d->files);
    arena_free(d->arena);
}

static inline struct store_cfg disk_cfg(const struct disk *d, uint64_t bytes_max,
                                        uint32_t objects_max)
{
    return (struct store_cfg){.kv = sim_kv_host(d->rows),
                              .large = d->files != NULL ? sim_kv_host(d->files) : (struct kv){0},
                              .inline_bytes = d->inline_bytes,
                              .bytes_max = bytes_max,
                              .objects_max = objects_max,
                              .is_cache = d->is_cache,
                              .seed = 42};
}

// As after the end of a process: what was in memory is gone.
static inline struct store *start(struct disk *d, uint64_t bytes_max, uint32_t objects_max)
{
    struct store *s = NULL;
    const struct store_cfg cfg = disk_cfg(d, bytes_max, objects_max);
    arena_reset(d->arena);
    assert_int_equal(store_open(&s, d->arena, &cfg), RC_OK);
    return s;
}

static inline struct digest add(struct store *s, const char *text)
{
    struct digest name;
    assert_int_equal(store_add(s, bytes_text(text), &name), RC_OK);
    return name;
}

static inline bool holds(struct store *s, const char *text)
{
    struct digest name = hash_bytes(bytes_text(text));
    return store_has(s, &name);
}

static inline struct bytes key_of(const struct digest *name, uint8_t at[static 33])
{
    const struct row_key k = row_key(ROW_OBJECT, name);
    memcpy(at, k.b, k.len);
    return bytes_of(at, k.len);
}

#endif
