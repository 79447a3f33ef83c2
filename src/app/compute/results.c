// SPDX-License-Identifier: MIT
// Verified results by what was asked: the same task again costs no work.
#include "compute/results.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"

enum rc results_init(struct results *r, struct arena *arena, struct budget *budget,
                     struct store *store, uint32_t count_max, uint64_t seed)
{
    assert(count_max >= 1 && count_max <= RESULTS_MAX);
    *r = (struct results){.budget = budget, .store = store, .count_max = count_max};
    list_init(&r->use);
    r->by_asked = map_new(arena, DIGEST_BYTES, count_max, seed);
    return r->by_asked == NULL ? RC_NOMEM : RC_OK;
}

static void forget(struct results *r, struct result *result)
{
    list_del(&result->use);
    (void)map_del(r->by_asked, result->asked.b);
    assert(r->bytes >= sizeof *result + result->len);
    r->bytes -= sizeof *result + result->len;
    budget_give(r->budget, result);
}

// Others leave for one of so many bytes. False: it is too large.
static bool make_room(struct results *r, size_t bytes)
{
    size_t share = r->budget->limit_bytes / RESULTS_SHARE;
    if (bytes > share)
        return false;
    while (map_count(r->by_asked) == r->count_max || r->bytes + bytes > share)
        forget(r, CONTAINER_OF(r->use.next, struct result, use));
    return true;
}

void results_reset(struct results *r)
{
    if (r->by_asked == NULL)
        return;
    LIST_FOR_SAFE (it, &r->use)
        forget(r, CONTAINER_OF(it, struct result, use));
}

// The bytes of a long one are in the store after this. False: it is not worth it, or cannot be.
static bool keep_long(struct results *r, const struct result_cfg *cfg)
{
    if (r->store == NULL)
        return false;
    if (cfg->is_stored)
        return store_has(r->store, &cfg->hash);
    return cfg->cpu_us >= cfg->bytes.len / RESULTS_DISK_BYTES_US &&
           store_put(r->store, &cfg->hash, cfg->bytes) == RC_OK;
}

struct result *results_put(struct results *r, const struct result_cfg *cfg)
{
    assert(!r->holds_object);
    struct result *old = map_get(r->by_asked, cfg->asked.b);
    if (old != NULL)
        forget(r, old);
    bool is_short = !cfg->is_stored && cfg->bytes.len <= RESULTS_SHORT_BYTES;
    size_t len = is_short ? cfg->bytes.len : 0;
    if (!make_room(r, sizeof *old + len) || (!is_short && !keep_long(r, cfg)))
        return NULL;
    struct result *result = budget_take(r->budget, sizeof *result + len);
    if (result == NULL)
        return NULL;
    *result = (struct result){.asked = cfg->asked,
                              .hash = cfg->hash,
                              .node = cfg->node,
                              .cpu_us = cfg->cpu_us,
                              .wall_us = cfg->wall_us,
                              .until_us = cfg->until_us,
                              .is_stored = !is_short,
                              .len = len};
    bytes_to_text(bytes_text(cfg->name), result->name, sizeof result->name);
    if (len > 0)
        memcpy(result->at, cfg->bytes.at, len);
    if (map_put(r->by_asked, result->asked.b, result) != RC_OK) {
        budget_give(r->budget, result);
        return NULL;
    }
    list_push_back(&r->use, &result->use);
    r->bytes += sizeof *result + len;
    return result;
}

struct result *results_find(struct results *r, const struct digest *asked, uint64_t now_us)
{
    struct result *result = map_get(r->by_asked, asked->b);
    if (result != NULL && result->until_us <= now_us) {
        forget(r, result);
        result = NULL;
    }
    r->hits += result != NULL;
    r->misses += result == NULL;
    if (result == NULL)
        return NULL;
    list_del(&result->use);
    list_push_back(&r->use, &result->use);
    return result;
}

enum rc results_get(struct results *r, struct result *result, struct bytes *bytes)
{
    assert(!r->holds_object);
    if (!result->is_stored) {
        *bytes = bytes_of(result->at, result->len);
        return RC_OK;
    }
    if (store_get(r->store, &result->hash, bytes) == RC_OK) {
        struct digest hash = hash_bytes(*bytes);
        if (digest_equal(&hash, &result->hash)) {
            r->holds_object = true;
            return RC_OK;
        }
        store_release(r->store);
        enum rc rc = store_del(r->store, &result->hash); // damaged: of no use to anybody
        (void)rc;
    }
    forget(r, result);
    return RC_ABSENT;
}

void results_release(struct results *r)
{
    if (r->holds_object)
        store_release(r->store);
    r->holds_object = false;
}
