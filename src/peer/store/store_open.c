// SPDX-License-Identifier: MIT
// Store: the start and what it finds: counts, the clock of uses, files of which nobody knows.
#include "store/store_state.h"

#include <assert.h>
#include <string.h>

#include "base/num.h"

#define ROWS_A_GROUP 1000u // while an index is made, or much goes at once

// ---- An index where there is none

// Rows are taken in by groups, so that none gets too large.
static enum rc breathe(struct store *s, uint32_t *count)
{
    if (++*count % ROWS_A_GROUP != 0)
        return RC_OK;
    const enum rc rc = store_leave(s, RC_OK);
    return rc == RC_OK ? store_enter(s) : rc;
}

// The group is there before and after, unless it fails.
static enum rc index_small(struct store *s, uint32_t *count)
{
    struct store_place p = store_place_before(ROW_OBJECT);
    struct digest name;
    uint64_t size_bytes = 0;
    enum rc rc = store_step_name(&s->cfg.kv, &p, ROW_OBJECT, &name, &size_bytes);
    while (rc == RC_OK) {
        struct row_entry e;
        rc = store_entry(s, &name, &e);
        if (rc == RC_ABSENT)
            rc = store_take_in(s, &name, size_bytes, false);
        if (rc == RC_OK)
            rc = breathe(s, count);
        if (rc == RC_OK)
            rc = store_step_name(&s->cfg.kv, &p, ROW_OBJECT, &name, &size_bytes);
    }
    return rc == RC_ABSENT ? RC_OK : rc;
}

// ---- Files

enum orphans { ORPHANS_GO, ORPHANS_STAY, ORPHANS_STAY_IF_WHOLE };

// The next file of an object after *p; how long it is, and whether its bytes are what it says,
// where that is asked.
static enum rc step_file(const struct store *s, struct store_place *p, struct digest *name,
                         uint64_t *size_bytes, bool *is_whole)
{
    const struct kv *large = &s->cfg.large;
    for (;;) {
        struct bytes key;
        struct bytes value;
        enum rc rc = large->ops->next(large->self, bytes_of(p->key, p->len), &key, &value);
        if (rc != RC_OK)
            return rc;
        *p = store_place_at(key);
        *size_bytes = value.len;
        const bool is_ours = row_key_name(key, ROW_OBJECT, name);
        struct row_entry e;
        rc = is_ours ? store_entry(s, name, &e) : RC_OK;
        const bool is_orphan = rc == RC_ABSENT;
        if (is_orphan && is_whole != NULL) {
            const struct digest found = hash_bytes(value);
            *is_whole = digest_equal(&found, name);
        }
        large->ops->release(large->self);
        if (is_orphan || (rc != RC_OK && rc != RC_ABSENT))
            return is_orphan ? RC_OK : rc;
    }
}

static enum rc settle(struct store *s, const struct digest *name, uint64_t size_bytes, bool stays)
{
    s->orphans++;
    if (stays)
        return store_take_in(s, name, size_bytes, true);
    const struct row_key k = row_key(ROW_OBJECT, name);
    const enum rc rc = s->cfg.large.ops->del(s->cfg.large.self, row_key_bytes(&k));
    return rc == RC_ABSENT ? RC_OK : rc;
}

static enum rc settle_files(struct store *s, enum orphans what, uint32_t *count)
{
    struct store_place p = store_place_before(ROW_OBJECT);
    struct digest name;
    uint64_t size_bytes = 0;
    bool is_whole = what == ORPHANS_STAY;
    bool *const looks = what == ORPHANS_STAY_IF_WHOLE ? &is_whole : NULL;
    enum rc rc = step_file(s, &p, &name, &size_bytes, looks);
    while (rc == RC_OK) {
        rc = settle(s, &name, size_bytes, is_whole);
        if (rc == RC_OK)
            rc = breathe(s, count);
        if (rc == RC_OK)
            rc = step_file(s, &p, &name, &size_bytes, looks);
    }
    return rc == RC_ABSENT ? RC_OK : rc;
}

// A failed breath has ended the group already.
static enum rc leave_if_begun(struct store *s, enum rc rc)
{
    return s->is_begun ? store_leave(s, rc) : rc;
}

enum rc store_gc(struct store *s)
{
    assert(!s->is_callers && s->borrowed == 0);
    if (!store_has_large(s))
        return RC_OK;
    store_unlink_deleted(s);
    uint32_t count = 0;
    enum rc rc = store_enter(s);
    if (rc != RC_OK)
        return rc;
    rc = store_large_begin(s); // they are gone for good when this ends
    if (rc == RC_OK)
        rc = settle_files(s, s->cfg.is_cache ? ORPHANS_STAY : ORPHANS_GO, &count);
    rc = leave_if_begun(s, rc);
    if (rc == RC_OK)
        s->has_unknown_files = false;
    return rc;
}

static enum rc make_index(struct store *s)
{
    uint32_t count = 0;
    enum rc rc = store_enter(s);
    if (rc != RC_OK)
        return rc;
    s->meta.is_partial = true;
    rc = index_small(s, &count);
    if (rc == RC_OK && store_has_large(s)) // its rows were lost: what is whole is worth having
        rc = settle_files(s, s->cfg.is_cache ? ORPHANS_STAY : ORPHANS_STAY_IF_WHOLE, &count);
    s->meta.is_partial = rc != RC_OK;
    return leave_if_begun(s, rc);
}

// ---- The start

// Counts that can be: what the disk damaged is not reckoned with.
static bool is_sane(const struct row_meta *m)
{
    return m->bytes_max <= STORE_BYTES_MAX && m->objects_max <= STORE_OBJECTS_MAX &&
           m->bytes <= STORE_BYTES_MAX && m->large_bytes <= m->bytes &&
           m->large_objects <= m->objects && m->kept <= m->objects && m->cells <= USE_CELLS_MAX;
}

static enum rc read_meta(struct store *s, bool *is_new)
{
    const struct row_key k = row_key_meta();
    const struct kv *kv = &s->cfg.kv;
    struct bytes value;
    uint32_t version = 0;
    *is_new = false;
    enum rc rc = kv->ops->get(kv->self, row_key_bytes(&k), &value);
    if (rc == RC_ABSENT) {
        *is_new = true;
        s->meta = (struct row_meta){.seed = s->cfg.seed};
        return RC_OK;
    }
    if (rc != RC_OK)
        return rc;
    const bool is_good = row_meta_get(&s->meta, value, &version);
    kv->ops->release(kv->self);
    if (is_good)
        return is_sane(&s->meta) ? RC_OK : RC_IO;
    return version > ROW_META_VERSION ? RC_UNSUPPORTED : RC_IO;
}

// True: they are news.
static bool set_limits(struct store *s)
{
    const struct row_meta before = s->meta;
    struct store_cfg *c = &s->cfg;
    if (c->bytes_max == 0)
        c->bytes_max = s->meta.bytes_max > 0 ? s->meta.bytes_max : STORE_BYTES_UNSAID;
    if (c->objects_max == 0)
        c->objects_max =
            s->meta.objects_max > 0 ? (uint32_t)s->meta.objects_max : STORE_OBJECTS_UNSAID;
    assert(c->bytes_max > 0 && c->objects_max > 0);
    s->meta.bytes_max = c->bytes_max;
    s->meta.objects_max = c->objects_max;
    return before.bytes_max != c->bytes_max || before.objects_max != c->objects_max;
}

static enum rc load_uses(struct store *s)
{
    const struct kv *kv = &s->cfg.kv;
    const uint64_t chunks = num_div_ceil(s->meta.cells, USE_CHUNK_CELLS);
    use_resume(s->use, s->meta.clock);
    for (uint32_t chunk = 0; chunk < chunks; chunk++) {
        const struct row_key k = row_key_use(chunk);
        struct bytes value;
        const enum rc rc = kv->ops->get(kv->self, row_key_bytes(&k), &value);
        if (rc == RC_ABSENT)
            continue; // nothing in it was ever used
        if (rc != RC_OK)
            return rc;
        use_load(s->use, s->meta.cells, chunk, value);
        kv->ops->release(kv->self);
    }
    if (chunks > 0 && s->meta.cells != use_cells(s->use))
        use_untake(s->use); // another size: written as a whole
    return RC_OK;
}

static enum rc make_memory(struct store *s, struct arena *arena)
{
    const uint32_t pins = (uint32_t)num_min(s->cfg.objects_max, STORE_PINS_MAX);
    s->use = use_new(arena, s->cfg.objects_max, s->meta.seed);
    s->pins = map_new(arena, DIGEST_BYTES, pins, s->cfg.seed);
    struct store_pin *pin = arena_take_array(arena, pins, sizeof *pin);
    if (s->use == NULL || s->pins == NULL || pin == NULL)
        return RC_NOMEM;
    list_init(&s->pins_unused);
    for (uint32_t i = 0; i < pins; i++)
        list_push_back(&s->pins_unused, &pin[i].node);
    return RC_OK;
}

// Down to new limits, or to what is pinned.
static enum rc shrink(struct store *s, bool is_news)
{
    uint32_t count = 0;
    if (!is_news && !store_is_over(s, 0, 0))
        return RC_OK;
    enum rc rc = store_enter(s);
    if (rc != RC_OK)
        return rc;
    while (rc == RC_OK && store_is_over(s, 0, 0)) {
        rc = store_evict(s);
        if (rc == RC_OK)
            rc = breathe(s, &count);
    }
    const bool is_pinned = rc == RC_FULL && s->is_begun && s->spoiled == RC_OK;
    return leave_if_begun(s, is_pinned ? RC_OK : rc);
}

static enum rc start(struct store *s, struct arena *arena)
{
    bool is_new = false;
    enum rc rc = read_meta(s, &is_new);
    if (rc != RC_OK)
        return rc;
    const bool is_news = set_limits(s);
    rc = make_memory(s, arena);
    if (rc == RC_OK)
        rc = load_uses(s);
    if (rc == RC_OK && (is_new || s->meta.is_partial))
        rc = make_index(s);
    else if (rc == RC_OK && store_has_large(s) && !s->meta.is_clean)
        rc = store_gc(s);
    if (rc == RC_OK)
        rc = shrink(s, is_news);
    return rc;
}

enum rc store_open(struct store **out, struct arena *arena, const struct store_cfg *cfg)
{
    *out = NULL;
    if (cfg->bytes_max > STORE_BYTES_MAX || cfg->objects_max > STORE_OBJECTS_MAX)
        return RC_CONFIG;
    struct store *s = arena_take(arena, sizeof *s);
    if (s == NULL)
        return RC_NOMEM;
    *s = (struct store){.cfg = *cfg, .rng = rng_seeded(cfg->seed)};
    if (s->cfg.inline_bytes == 0)
        s->cfg.inline_bytes = STORE_INLINE_BYTES;
    const enum rc rc = start(s, arena);
    if (rc == RC_OK)
        *out = s;
    return rc;
}
