// SPDX-License-Identifier: MIT
// Store: the index: an entry for each object, and counts that agree with them.
#include "store/store_state.h"

#include <assert.h>

#include "base/num.h"

uint64_t store_idle(const struct store *s, const struct digest *name, const struct row_entry *e)
{
    const uint64_t idle = use_idle(s->use, name);
    return e->born <= use_clock(s->use) ? num_min(idle, use_clock(s->use) - e->born) : idle;
}

enum rc store_take_in(struct store *s, const struct digest *name, uint64_t size_bytes,
                      bool is_large)
{
    assert(s->is_begun && s->borrowed == 0);
    assert(size_bytes <= STORE_BYTES_MAX);
    use_touch(s->use, name);
    const struct row_entry e = {
        .size_bytes = size_bytes, .is_large = is_large, .born = use_clock(s->use)};
    s->meta.objects++;
    s->meta.bytes += size_bytes;
    s->meta.large_objects += is_large;
    s->meta.large_bytes += is_large ? size_bytes : 0;
    return store_entry_put(s, name, &e);
}

static enum rc drop_labels(struct store *s, const struct digest *name)
{
    struct store_place p = store_place_of_labels(name, bytes_of(NULL, 0));
    enum rc rc = store_step_label(&s->cfg.kv, &p, name);
    while (rc == RC_OK) {
        const struct row_key k = row_key_label(name, store_place_label(&p));
        rc = store_row_del(s, &k);
        if (rc == RC_OK)
            rc = store_step_label(&s->cfg.kv, &p, name);
    }
    return rc == RC_ABSENT ? RC_OK : store_spoil(s, rc);
}

// Rows come from the disk: those that contradict one another are its fault, not ours.
static bool are_counts_of(const struct row_meta *m, const struct row_entry *e)
{
    return m->objects > 0 && m->bytes >= e->size_bytes && m->kept >= (e->labels > 0) &&
           m->large_objects >= e->is_large && m->large_bytes >= (e->is_large ? e->size_bytes : 0);
}

enum rc store_drop(struct store *s, const struct digest *name, const struct row_entry *e)
{
    assert(s->is_begun && s->borrowed == 0);
    if (!are_counts_of(&s->meta, e))
        return store_spoil(s, RC_IO);
    const struct row_key entry = row_key(ROW_ENTRY, name);
    const struct row_key bytes = row_key(e->is_large ? ROW_DELETED : ROW_OBJECT, name);
    enum rc rc = store_row_del(s, &entry);
    if (rc == RC_OK)
        rc = e->is_large ? store_row_put(s, &bytes, bytes_of(NULL, 0)) : store_row_del(s, &bytes);
    if (rc == RC_OK && e->labels > 0)
        rc = drop_labels(s, name);
    s->meta.objects--;
    s->meta.bytes -= e->size_bytes;
    s->meta.large_objects -= e->is_large;
    s->meta.large_bytes -= e->is_large ? e->size_bytes : 0;
    s->meta.deleted += e->is_large;
    s->meta.kept -= e->labels > 0;
    return rc;
}
