// SPDX-License-Identifier: MIT
// host/kv in memory: a sorted array of entries, each with what is seen and what is on the disk.
#include "sim/kv.h"

#include <assert.h>
#include <string.h>

#include "base/num.h"
#include "base/rng.h"

#define ENTRIES_FIRST 64u

struct block {
    size_t len;
    uint8_t at[];
};

struct entry {
    struct block *key;
    struct block *now;  // as callers see it; NULL: deleted
    struct block *disk; // durable; NULL: absent. The same block as now where nothing is open
};

struct sim_kv {
    struct budget *budget;
    struct entry *entry; // entry_cap slots, entry_count in order of their keys
    size_t entry_count;
    size_t entry_cap;
    uint64_t bytes; // as callers see it
    uint64_t bytes_max;
    uint64_t calls;
    uint64_t fail_at; // the call that fails, counted from 1; 0: none
    enum rc fail_rc;
    bool fail_is_done;
    bool fail_is_end; // all later calls fail as well
    bool is_dead;
    bool is_calm;
    struct sim_kv *other; // that dies too
    bool are_files;
    bool is_group;
    uint32_t borrowed;
};

enum rc sim_kv_new(struct sim_kv **out, struct budget *budget, uint64_t bytes_max)
{
    *out = NULL;
    struct sim_kv *k = budget_take(budget, sizeof *k);
    if (k == NULL)
        return RC_NOMEM;
    *k = (struct sim_kv){.budget = budget, .bytes_max = bytes_max, .entry_cap = ENTRIES_FIRST};
    k->entry = budget_take(budget, ENTRIES_FIRST * sizeof *k->entry);
    if (k->entry == NULL) {
        budget_give(budget, k);
        return RC_NOMEM;
    }
    *out = k;
    return RC_OK;
}

void sim_kv_as_files(struct sim_kv *k)
{
    assert(k->entry_count == 0);
    k->are_files = true;
}

// ---- Entries

static void give_values(struct sim_kv *k, struct entry *e)
{
    if (e->disk != e->now)
        budget_give(k->budget, e->disk);
    budget_give(k->budget, e->now);
}

void sim_kv_free(struct sim_kv *k)
{
    if (k == NULL)
        return;
    struct budget *budget = k->budget;
    for (size_t i = 0; i < k->entry_count; i++) {
        give_values(k, &k->entry[i]);
        budget_give(budget, k->entry[i].key);
    }
    budget_give(budget, k->entry);
    budget_give(budget, k);
}

static struct block *block_of(struct sim_kv *k, struct bytes bytes)
{
    struct block *b = budget_take(k->budget, sizeof *b + bytes.len);
    if (b == NULL)
        return NULL;
    b->len = bytes.len;
    if (bytes.len > 0)
        memcpy(b->at, bytes.at, bytes.len);
    return b;
}

static struct bytes block_bytes(const struct block *b)
{
    return bytes_of(b->at, b->len);
}

// Index of the first entry whose key is not less than `key`.
static size_t find(const struct sim_kv *k, struct bytes key)
{
    size_t low = 0;
    size_t high = k->entry_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (bytes_compare(block_bytes(k->entry[middle].key), key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct sim_kv *k, size_t index, struct bytes key)
{
    return index < k->entry_count && bytes_equal(block_bytes(k->entry[index].key), key);
}

static uint64_t size_of(const struct entry *e)
{
    return e->now == NULL ? 0 : e->key->len + e->now->len;
}

static void entry_out(struct sim_kv *k, size_t index)
{
    budget_give(k->budget, k->entry[index].key);
    k->entry_count--;
    memmove(k->entry + index, k->entry + index + 1, (k->entry_count - index) * sizeof *k->entry);
}

static bool has_slot(struct sim_kv *k)
{
    if (k->entry_count < k->entry_cap)
        return true;
    struct entry *larger = budget_take(k->budget, 2 * k->entry_cap * sizeof *larger);
    if (larger == NULL)
        return false;
    memcpy(larger, k->entry, k->entry_count * sizeof *larger);
    budget_give(k->budget, k->entry);
    k->entry = larger;
    k->entry_cap *= 2;
    return true;
}

static bool entry_in(struct sim_kv *k, size_t index, struct bytes key)
{
    struct block *b = has_slot(k) ? block_of(k, key) : NULL;
    if (b == NULL)
        return false;
    memmove(k->entry + index + 1, k->entry + index, (k->entry_count - index) * sizeof *k->entry);
    k->entry[index] = (struct entry){.key = b};
    k->entry_count++;
    return true;
}

// Replaces what callers see; value NULL: nothing.
static void set_now(struct sim_kv *k, struct entry *e, struct block *value)
{
    k->bytes -= size_of(e);
    if (e->now != e->disk)
        budget_give(k->budget, e->now);
    e->now = value;
    k->bytes += size_of(e);
}

// What is seen is on the disk now, even if that is nothing: then the entry is gone.
static void settle(struct sim_kv *k, size_t index)
{
    struct entry *e = &k->entry[index];
    if (e->disk != e->now)
        budget_give(k->budget, e->disk);
    e->disk = e->now;
    if (e->now == NULL)
        entry_out(k, index);
}

static bool is_open(const struct entry *e)
{
    return e->now != e->disk;
}

static void settle_all(struct sim_kv *k)
{
    for (size_t i = k->entry_count; i > 0; i--)
        if (is_open(&k->entry[i - 1]))
            settle(k, i - 1);
}

static void take_back_all(struct sim_kv *k)
{
    for (size_t i = k->entry_count; i > 0; i--) {
        struct entry *e = &k->entry[i - 1];
        if (!is_open(e))
            continue;
        set_now(k, e, e->disk);
        if (e->now == NULL)
            entry_out(k, i - 1);
    }
}

// ---- The calls

static void die(struct sim_kv *k)
{
    k->is_dead = true;
    if (k->other != NULL)
        k->other->is_dead = true;
}

// Counts the call; what it is to answer instead of the truth, or RC_OK. *happens: a write is to be
// done.
static enum rc count_call(struct sim_kv *k, bool *happens)
{
    *happens = !k->is_dead;
    if (k->is_dead)
        return RC_IO;
    if (k->is_calm)
        return RC_OK;
    k->calls++;
    if (k->calls != k->fail_at)
        return RC_OK;
    *happens = k->fail_is_done;
    if (k->fail_is_end)
        die(k);
    return k->fail_rc;
}

static enum rc get(void *self, struct bytes key, struct bytes *value)
{
    struct sim_kv *k = self;
    bool happens;
    assert(key.len >= 1 && key.len <= KV_KEY_BYTES_MAX);
    enum rc rc = count_call(k, &happens);
    if (rc != RC_OK)
        return rc;
    size_t index = find(k, key);
    if (!is_at(k, index, key) || k->entry[index].now == NULL)
        return RC_ABSENT;
    *value = block_bytes(k->entry[index].now);
    k->borrowed++;
    return RC_OK;
}

static enum rc next(void *self, struct bytes after, struct bytes *key, struct bytes *value)
{
    struct sim_kv *k = self;
    bool happens;
    enum rc rc = count_call(k, &happens);
    if (rc != RC_OK)
        return rc;
    size_t index = find(k, after);
    if (is_at(k, index, after))
        index++;
    while (index < k->entry_count && k->entry[index].now == NULL)
        index++;
    if (index == k->entry_count)
        return RC_ABSENT;
    *key = block_bytes(k->entry[index].key);
    *value = block_bytes(k->entry[index].now);
    k->borrowed++;
    return RC_OK;
}

static void release(void *self)
{
    struct sim_kv *k = self;
    assert(k->borrowed > 0);
    k->borrowed--;
}

// Rows outside of a group are durable at once.
static void after_write(struct sim_kv *k, size_t index)
{
    if (!k->are_files && !k->is_group)
        settle(k, index);
}

static enum rc put_now(struct sim_kv *k, struct bytes key, struct bytes value)
{
    size_t index = find(k, key);
    bool is_known = is_at(k, index, key);
    uint64_t freed = is_known ? size_of(&k->entry[index]) : 0;
    uint64_t wanted = key.len + value.len;
    if ((wanted != freed && k->bytes - freed + wanted > k->bytes_max) ||
        (!is_known && k->entry_count == SIM_KV_ENTRIES_MAX))
        return RC_FULL;
    struct block *b = block_of(k, value);
    if (b == NULL || (!is_known && !entry_in(k, index, key))) {
        budget_give(k->budget, b);
        return RC_FULL; // memory is this disk
    }
    set_now(k, &k->entry[index], b);
    after_write(k, index);
    return RC_OK;
}

static enum rc put(void *self, struct bytes key, struct bytes value)
{
    struct sim_kv *k = self;
    bool happens;
    assert(key.len >= 1 && key.len <= KV_KEY_BYTES_MAX && k->borrowed == 0);
    enum rc rc = count_call(k, &happens);
    enum rc done = happens ? put_now(k, key, value) : RC_OK;
    return rc != RC_OK ? rc : done;
}

static enum rc del(void *self, struct bytes key)
{
    struct sim_kv *k = self;
    bool happens;
    assert(key.len >= 1 && key.len <= KV_KEY_BYTES_MAX && k->borrowed == 0);
    enum rc rc = count_call(k, &happens);
    size_t index = find(k, key);
    bool is_known = is_at(k, index, key); // or its deletion is
    bool is_there = is_known && k->entry[index].now != NULL;
    if (is_known && happens) {
        set_now(k, &k->entry[index], NULL);
        after_write(k, index);
    }
    if (rc != RC_OK)
        return rc;
    return is_there ? RC_OK : RC_ABSENT;
}

static enum rc begin(void *self)
{
    struct sim_kv *k = self;
    bool happens;
    assert(!k->is_group && k->borrowed == 0);
    enum rc rc = count_call(k, &happens);
    k->is_group = rc == RC_OK;
    return rc;
}

static enum rc commit(void *self)
{
    struct sim_kv *k = self;
    bool happens;
    assert(k->is_group && k->borrowed == 0);
    enum rc rc = count_call(k, &happens);
    k->is_group = false;
    if (happens)
        settle_all(k);
    else if (!k->are_files && !k->is_dead)
        take_back_all(k);
    return rc;
}

static void abort_group(void *self)
{
    struct sim_kv *k = self;
    assert(k->is_group && k->borrowed == 0);
    k->is_group = false;
    if (!k->are_files)
        take_back_all(k);
}

struct kv sim_kv_host(struct sim_kv *k)
{
    static const struct kv_ops ops = {
        .get = get,
        .next = next,
        .release = release,
        .put = put,
        .del = del,
        .begin = begin,
        .commit = commit,
        .abort = abort_group,
    };
    return (struct kv){.ops = &ops, .self = k};
}

// ---- What goes wrong

void sim_kv_limit(struct sim_kv *k, uint64_t bytes_max)
{
    k->bytes_max = bytes_max;
}

void sim_kv_fail(struct sim_kv *k, uint64_t nth, enum rc rc, bool is_done)
{
    assert(nth >= 1 && rc != RC_OK);
    k->fail_at = k->calls + nth;
    k->fail_rc = rc;
    k->fail_is_done = is_done;
    k->fail_is_end = false;
}

void sim_kv_crash(struct sim_kv *k, uint64_t nth, bool is_done, struct sim_kv *other)
{
    sim_kv_fail(k, nth, RC_IO, is_done);
    k->fail_is_end = true;
    k->other = other;
}

void sim_kv_calm(struct sim_kv *k, bool is_calm)
{
    k->is_calm = is_calm;
}

bool sim_kv_is_dead(const struct sim_kv *k)
{
    return k->is_dead;
}

void sim_kv_restart(struct sim_kv *k)
{
    k->is_dead = false;
    k->is_calm = false;
    k->fail_at = 0;
    k->borrowed = 0;
    k->is_group = false;
    if (!k->are_files)
        take_back_all(k);
}

// Sectors of the new value, of the old one, or zeros; perhaps not all of them. NULL: no memory,
// which leaves it gone.
static struct block *torn(struct sim_kv *k, const struct entry *e, struct rng *rng)
{
    struct block *b = block_of(k, block_bytes(e->now));
    if (b == NULL)
        return NULL;
    for (size_t at = 0; at < b->len; at += SIM_KV_SECTOR_BYTES) {
        const size_t len = (size_t)num_min(SIM_KV_SECTOR_BYTES, b->len - at);
        const uint64_t kind = rng_below(rng, 3);
        if (kind == 1)
            memset(b->at + at, 0, len);
        else if (kind == 2 && e->disk != NULL && e->disk->len >= at + len)
            memcpy(b->at + at, e->disk->at + at, len);
    }
    if (rng_below(rng, 2) == 0)
        b->len = (size_t)rng_below(rng, b->len + 1);
    return b;
}

void sim_kv_power_loss(struct sim_kv *k, uint64_t seed)
{
    struct rng rng = rng_seeded(seed);
    sim_kv_restart(k);
    for (size_t i = k->entry_count; i > 0; i--) {
        struct entry *e = &k->entry[i - 1];
        if (!is_open(e))
            continue;
        const uint64_t kind = rng_below(&rng, 4);
        if (kind == 0)
            set_now(k, e, e->disk);
        else if (kind == 1 && e->now != NULL)
            set_now(k, e, torn(k, e, &rng));
        else if (kind == 2 && e->disk == NULL)
            set_now(k, e, NULL);
        settle(k, i - 1);
    }
}

uint64_t sim_kv_bytes(const struct sim_kv *k)
{
    return k->bytes;
}

uint64_t sim_kv_entries(const struct sim_kv *k)
{
    uint64_t count = 0;
    for (size_t i = 0; i < k->entry_count; i++)
        count += k->entry[i].now != NULL;
    return count;
}

uint64_t sim_kv_calls(const struct sim_kv *k)
{
    return k->calls;
}

enum rc sim_kv_damage(struct sim_kv *k, struct bytes key, uint64_t bit)
{
    size_t index = find(k, key);
    if (!is_at(k, index, key) || k->entry[index].now == NULL || bit / 8 >= k->entry[index].now->len)
        return RC_ABSENT;
    k->entry[index].now->at[bit / 8] ^= (uint8_t)(1u << bit % 8);
    return RC_OK;
}
