// SPDX-License-Identifier: MIT
// host/kv in memory: a sorted array of entries, each one block.
#include "sim/kv.h"

#include <assert.h>
#include <string.h>

#include "base/num.h"

struct entry {
    size_t key_len;
    size_t value_len;
    uint8_t at[]; // key, then value
};

struct sim_kv {
    struct budget *budget;
    struct entry **entry; // SIM_KV_ENTRIES_MAX slots, entry_count in order of their keys
    size_t entry_count;
    uint64_t bytes;
    uint64_t bytes_max;
    uint64_t calls;
    uint64_t fail_at; // the call that fails, counted from 1; 0: none
    enum rc fail_rc;
    bool fail_is_done;
    uint32_t borrowed;
};

enum rc sim_kv_new(struct sim_kv **out, struct budget *budget, uint64_t bytes_max)
{
    *out = NULL;
    struct sim_kv *k = budget_take(budget, sizeof *k);
    if (k == NULL)
        return RC_NOMEM;
    *k = (struct sim_kv){.budget = budget, .bytes_max = bytes_max};
    k->entry = budget_take(budget, SIM_KV_ENTRIES_MAX * sizeof(void *));
    if (k->entry == NULL) {
        budget_give(budget, k);
        return RC_NOMEM;
    }
    *out = k;
    return RC_OK;
}

void sim_kv_free(struct sim_kv *k)
{
    if (k == NULL)
        return;
    struct budget *budget = k->budget;
    for (size_t i = 0; i < k->entry_count; i++)
        budget_give(budget, k->entry[i]);
    budget_give(budget, k->entry);
    budget_give(budget, k);
}

static struct bytes entry_key(const struct entry *e)
{
    return bytes_of(e->at, e->key_len);
}

static struct bytes entry_value(const struct entry *e)
{
    return bytes_of(e->at + e->key_len, e->value_len);
}

static int compare(struct bytes a, struct bytes b)
{
    size_t len = (size_t)num_min(a.len, b.len);
    int order = len > 0 ? memcmp(a.at, b.at, len) : 0;
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

// Index of the first entry whose key is not less than `key`.
static size_t find(const struct sim_kv *k, struct bytes key)
{
    size_t low = 0;
    size_t high = k->entry_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(entry_key(k->entry[middle]), key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct sim_kv *k, size_t index, struct bytes key)
{
    return index < k->entry_count && bytes_equal(entry_key(k->entry[index]), key);
}

// Counts the call; what it is to answer instead of the truth, or RC_OK.
static enum rc count_call(struct sim_kv *k)
{
    k->calls++;
    return k->calls == k->fail_at ? k->fail_rc : RC_OK;
}

static enum rc get(void *self, struct bytes key, struct bytes *value)
{
    struct sim_kv *k = self;
    assert(key.len >= 1 && key.len <= KV_KEY_BYTES_MAX);
    enum rc rc = count_call(k);
    if (rc != RC_OK)
        return rc;
    size_t index = find(k, key);
    if (!is_at(k, index, key))
        return RC_ABSENT;
    *value = entry_value(k->entry[index]);
    k->borrowed++;
    return RC_OK;
}

static enum rc next(void *self, struct bytes after, struct bytes *key, struct bytes *value)
{
    struct sim_kv *k = self;
    enum rc rc = count_call(k);
    if (rc != RC_OK)
        return rc;
    size_t index = find(k, after);
    if (is_at(k, index, after))
        index++;
    if (index == k->entry_count)
        return RC_ABSENT;
    *key = entry_key(k->entry[index]);
    *value = entry_value(k->entry[index]);
    k->borrowed++;
    return RC_OK;
}

static void release(void *self)
{
    struct sim_kv *k = self;
    assert(k->borrowed > 0);
    k->borrowed--;
}

static void entry_out(struct sim_kv *k, size_t index)
{
    struct entry *e = k->entry[index];
    k->bytes -= e->key_len + e->value_len;
    k->entry_count--;
    memmove(k->entry + index, k->entry + index + 1, (k->entry_count - index) * sizeof(void *));
    budget_give(k->budget, e);
}

static void entry_in(struct sim_kv *k, size_t index, struct entry *e)
{
    assert(k->entry_count < SIM_KV_ENTRIES_MAX);
    memmove(k->entry + index + 1, k->entry + index, (k->entry_count - index) * sizeof(void *));
    k->entry[index] = e;
    k->entry_count++;
    k->bytes += e->key_len + e->value_len;
}

static enum rc put_now(struct sim_kv *k, struct bytes key, struct bytes value)
{
    size_t index = find(k, key);
    bool is_new = !is_at(k, index, key);
    uint64_t freed = is_new ? 0 : k->entry[index]->key_len + k->entry[index]->value_len;
    if (k->bytes - freed + key.len + value.len > k->bytes_max ||
        (is_new && k->entry_count == SIM_KV_ENTRIES_MAX))
        return RC_FULL;
    struct entry *e = budget_take(k->budget, sizeof *e + key.len + value.len);
    if (e == NULL)
        return RC_FULL; // memory is this disk
    e->key_len = key.len;
    e->value_len = value.len;
    memcpy(e->at, key.at, key.len);
    if (value.len > 0)
        memcpy(e->at + key.len, value.at, value.len);
    if (!is_new)
        entry_out(k, index);
    entry_in(k, index, e);
    return RC_OK;
}

static enum rc put(void *self, struct bytes key, struct bytes value)
{
    struct sim_kv *k = self;
    assert(key.len >= 1 && key.len <= KV_KEY_BYTES_MAX && k->borrowed == 0);
    enum rc rc = count_call(k);
    if (rc != RC_OK && !k->fail_is_done)
        return rc;
    enum rc done = put_now(k, key, value);
    return rc != RC_OK ? rc : done;
}

static enum rc del(void *self, struct bytes key)
{
    struct sim_kv *k = self;
    assert(key.len >= 1 && key.len <= KV_KEY_BYTES_MAX && k->borrowed == 0);
    enum rc rc = count_call(k);
    if (rc != RC_OK && !k->fail_is_done)
        return rc;
    size_t index = find(k, key);
    bool is_there = is_at(k, index, key);
    if (is_there)
        entry_out(k, index);
    if (rc != RC_OK)
        return rc;
    return is_there ? RC_OK : RC_ABSENT;
}

struct kv sim_kv_host(struct sim_kv *k)
{
    static const struct kv_ops ops = {
        .get = get, .next = next, .release = release, .put = put, .del = del};
    return (struct kv){.ops = &ops, .self = k};
}

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
}

uint64_t sim_kv_bytes(const struct sim_kv *k)
{
    return k->bytes;
}

uint64_t sim_kv_calls(const struct sim_kv *k)
{
    return k->calls;
}

enum rc sim_kv_damage(struct sim_kv *k, struct bytes key, uint64_t bit)
{
    size_t index = find(k, key);
    if (!is_at(k, index, key) || bit / 8 >= k->entry[index]->value_len)
        return RC_ABSENT;
    struct entry *e = k->entry[index];
    e->at[e->key_len + bit / 8] ^= (uint8_t)(1u << bit % 8);
    return RC_OK;
}
