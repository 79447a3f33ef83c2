// SPDX-License-Identifier: MIT
// Store: objects in and out, pins, verification.
#include "store/store.h"

#include <assert.h>
#include <string.h>

#include "base/num.h"
#include "store/evict.h"
#include "store/store_state.h"

// ---- Reading

bool store_has(const struct store *s, const struct digest *name)
{
    struct row_entry e;
    return store_entry(s, name, &e) == RC_OK;
}

static enum rc lend_large(struct store *s, const struct digest *name, struct bytes *bytes)
{
    struct row_entry e;
    const struct row_key k = row_key(ROW_OBJECT, name);
    enum rc rc = store_entry(s, name, &e); // a file alone is no object
    if (rc == RC_OK && !e.is_large)
        rc = RC_ABSENT; // an entry without its bytes: verify removes it
    if (rc != RC_OK)
        return rc;
    rc = s->cfg.large.ops->get(s->cfg.large.self, row_key_bytes(&k), bytes);
    s->lent_large += rc == RC_OK;
    return rc;
}

static enum rc lend(struct store *s, const struct digest *name, struct bytes *bytes)
{
    const struct row_key k = row_key(ROW_OBJECT, name);
    const enum rc rc = s->cfg.kv.ops->get(s->cfg.kv.self, row_key_bytes(&k), bytes);
    s->lent_kv += rc == RC_OK;
    return rc == RC_ABSENT && store_has_large(s) ? lend_large(s, name, bytes) : rc;
}

static enum rc drop_damaged(struct store *s, const struct digest *name)
{
    struct row_entry e;
    enum rc rc = store_entry(s, name, &e);
    if (rc == RC_OK)
        rc = store_enter(s);
    if (rc == RC_OK)
        rc = store_leave(s, store_drop(s, name, &e));
    if (rc != RC_OK)
        return rc;
    store_pins_drop(s, name);
    s->damaged++;
    return RC_MALFORMED;
}

enum rc store_get(struct store *s, const struct digest *name, struct bytes *bytes)
{
    const enum rc rc = lend(s, name, bytes);
    if (rc == RC_OK) {
        use_touch(s->use, name);
        s->borrowed++;
    } else if (rc == RC_ABSENT && s->borrowed == 0 && store_has(s, name)) {
        (void)drop_damaged(s, name); // taken away behind our back; else the next one tries again
    }
    return rc;
}

void store_release(struct store *s)
{
    assert(s->borrowed > 0 && s->lent_kv + s->lent_large > 0);
    if (--s->borrowed > 0)
        return;
    for (; s->lent_kv > 0; s->lent_kv--)
        s->cfg.kv.ops->release(s->cfg.kv.self);
    for (; s->lent_large > 0; s->lent_large--)
        s->cfg.large.ops->release(s->cfg.large.self);
}

enum rc store_next(const struct store *s, const struct digest *after, struct digest *name,
                   uint64_t *size_bytes)
{
    struct store_place p = store_place_before(ROW_ENTRY);
    if (after != NULL) {
        const struct row_key k = row_key(ROW_ENTRY, after);
        p = store_place_at(row_key_bytes(&k));
    }
    struct digest found;
    struct row_entry e;
    uint64_t row_bytes = 0;
    enum rc rc = store_step_name(&s->cfg.kv, &p, ROW_ENTRY, &found, &row_bytes);
    if (rc == RC_OK)
        rc = store_entry(s, &found, &e);
    if (rc != RC_OK)
        return rc;
    *name = found;
    *size_bytes = e.size_bytes;
    return RC_OK;
}

enum rc store_info(const struct store *s, const struct digest *name, struct store_info *out)
{
    struct row_entry e;
    const enum rc rc = store_entry(s, name, &e);
    if (rc != RC_OK)
        return rc;
    const struct store_pin *pin = map_get(s->pins, name->b);
    *out = (struct store_info){.size_bytes = e.size_bytes,
                               .idle = store_idle(s, name, &e),
                               .copies = e.copies,
                               .labels = e.labels,
                               .pins = pin != NULL ? pin->count : 0,
                               .is_large = e.is_large};
    return RC_OK;
}

struct store_stat store_stat(const struct store *s)
{
    return (struct store_stat){.objects = s->meta.objects,
                               .bytes = s->meta.bytes,
                               .evicted = s->evicted,
                               .damaged = s->damaged,
                               .large_objects = s->meta.large_objects,
                               .large_bytes = s->meta.large_bytes,
                               .kept = s->meta.kept,
                               .pinned = map_count(s->pins),
                               .orphans = s->orphans,
                               .bytes_max = s->cfg.bytes_max,
                               .objects_max = s->cfg.objects_max};
}

// ---- Writing

// Deleted, and its file is there still: then that is it. RC_ABSENT: it is not, or damaged. Whoever
// is not sure must not write it anew: an abort of this group would take it away, and the delete
// with it back.
static enum rc is_there_still(const struct store *s, const struct row_key *k, struct bytes bytes)
{
    const struct kv *large = &s->cfg.large;
    struct bytes found;
    const enum rc rc = large->ops->get(large->self, row_key_bytes(k), &found);
    if (rc != RC_OK)
        return rc;
    const bool is_same = bytes_equal(found, bytes);
    large->ops->release(large->self);
    return is_same ? RC_OK : RC_ABSENT;
}

static enum rc write_large(struct store *s, const struct digest *name, struct bytes bytes)
{
    const struct row_key k = row_key(ROW_OBJECT, name);
    const struct row_key deleted = row_key(ROW_DELETED, name);
    const enum rc found = s->cfg.kv.ops->del(s->cfg.kv.self, row_key_bytes(&deleted));
    if (found != RC_OK && found != RC_ABSENT)
        return store_spoil(s, found);
    if (found == RC_OK) {
        s->meta.deleted -= s->meta.deleted > 0;
        const enum rc still = is_there_still(s, &k, bytes);
        if (still != RC_ABSENT)
            return store_spoil(s, still);
    }
    const enum rc rc = store_large_begin(s);
    if (rc != RC_OK)
        return rc;
    if (s->fresh_count < STORE_FRESH_MAX)
        s->fresh[s->fresh_count] = *name;
    s->fresh_count++; // before it is known: a put that fails may have happened all the same
    return store_spoil(s, s->cfg.large.ops->put(s->cfg.large.self, row_key_bytes(&k), bytes));
}

// One group; *is_disk: RC_FULL is the disk's, and not for pins.
static enum rc put_once(struct store *s, const struct digest *name, struct bytes bytes,
                        bool *is_disk)
{
    *is_disk = false;
    enum rc rc = store_enter(s);
    if (rc != RC_OK)
        return rc;
    const bool is_large = store_has_large(s) && bytes.len > s->cfg.inline_bytes;
    const struct row_key k = row_key(ROW_OBJECT, name);
    rc = store_make_room(s, bytes.len);
    *is_disk = rc == RC_OK;
    if (rc == RC_OK)
        rc = is_large ? write_large(s, name, bytes) : store_row_put(s, &k, bytes);
    if (rc == RC_OK)
        rc = store_take_in(s, name, bytes.len, is_large);
    return store_leave(s, rc);
}

static enum rc evict_one(struct store *s)
{
    enum rc rc = store_enter(s);
    return rc == RC_OK ? store_leave(s, store_evict(s)) : rc;
}

// The bytes are known to be what name says, and not there yet.
static enum rc put_new(struct store *s, const struct digest *name, struct bytes bytes)
{
    if (bytes.len > s->cfg.bytes_max)
        return RC_REFUSED;
    bool is_disk = false;
    enum rc rc = put_once(s, name, bytes, &is_disk);
    for (uint32_t i = 0; rc == RC_FULL && is_disk && !s->is_begun && i < STORE_DISK_FULL_MAX; i++) {
        rc = evict_one(s);
        if (rc == RC_OK)
            rc = put_once(s, name, bytes, &is_disk);
    }
    return rc;
}

static enum rc put_named(struct store *s, const struct digest *name, struct bytes bytes)
{
    assert(s->borrowed == 0);
    if (s->spoiled != RC_OK)
        return s->spoiled;
    struct row_entry e;
    const enum rc rc = store_entry(s, name, &e);
    if (rc == RC_ABSENT)
        return put_new(s, name, bytes);
    if (rc == RC_OK)
        use_touch(s->use, name);
    return rc;
}

enum rc store_put(struct store *s, const struct digest *wanted, struct bytes bytes)
{
    const struct digest name = hash_bytes(bytes);
    return digest_equal(&name, wanted) ? put_named(s, &name, bytes) : RC_MALFORMED;
}

enum rc store_add(struct store *s, struct bytes bytes, struct digest *name)
{
    const struct digest found = hash_bytes(bytes);
    if (name != NULL)
        *name = found;
    return put_named(s, &found, bytes);
}

enum rc store_del(struct store *s, const struct digest *name)
{
    struct row_entry e;
    enum rc rc = store_entry(s, name, &e);
    if (rc == RC_OK && store_is_pinned(s, name, &e))
        rc = RC_REFUSED;
    if (rc == RC_OK)
        rc = store_enter(s);
    return rc == RC_OK ? store_leave(s, store_drop(s, name, &e)) : rc;
}

enum rc store_rarity(struct store *s, const struct digest *name, uint32_t copies)
{
    struct row_entry e;
    const uint8_t said = (uint8_t)num_min(copies, EVICT_COPIES_MAX);
    enum rc rc = store_entry(s, name, &e);
    if (rc != RC_OK || e.copies == said)
        return rc;
    e.copies = said;
    rc = store_enter(s);
    return rc == RC_OK ? store_leave(s, store_entry_put(s, name, &e)) : rc;
}

// ---- Verification

enum rc store_probe(struct store *s, const struct digest *name)
{
    assert(s->borrowed == 0);
    struct bytes bytes;
    struct row_entry e;
    enum rc rc = store_entry(s, name, &e);
    if (rc != RC_OK)
        return rc;
    rc = lend(s, name, &bytes);
    if (rc == RC_ABSENT) // a row without its file
        return RC_MALFORMED;
    if (rc != RC_OK)
        return rc;
    s->borrowed++;
    const struct digest found = hash_bytes(bytes);
    const bool is_whole = digest_equal(&found, name) && bytes.len == e.size_bytes;
    store_release(s);
    return is_whole ? RC_OK : RC_MALFORMED;
}

enum rc store_verify(struct store *s, const struct digest *name)
{
    const enum rc rc = store_probe(s, name);
    return rc == RC_MALFORMED ? drop_damaged(s, name) : rc;
}

enum rc store_verify_all(struct store *s, uint64_t *damaged)
{
    *damaged = 0;
    struct digest name;
    uint64_t size_bytes = 0;
    enum rc rc = store_next(s, NULL, &name, &size_bytes);
    while (rc == RC_OK) {
        rc = store_verify(s, &name);
        if (rc == RC_MALFORMED)
            (*damaged)++;
        else if (rc != RC_OK && rc != RC_ABSENT)
            return rc;
        rc = store_next(s, &name, &name, &size_bytes);
    }
    return rc == RC_ABSENT ? RC_OK : rc;
}
