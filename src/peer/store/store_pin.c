// SPDX-License-Identifier: MIT
// Store: what must stay: pins for now, in memory, and labels for good, on the disk.
#include "store/store_state.h"

#include <assert.h>

bool store_is_pinned(const struct store *s, const struct digest *name, const struct row_entry *e)
{
    return e->labels > 0 || map_get(s->pins, name->b) != NULL;
}

enum rc store_pin(struct store *s, const struct digest *name)
{
    struct store_pin *pin = map_get(s->pins, name->b);
    if (pin == NULL) {
        struct row_entry e;
        const enum rc found = store_entry(s, name, &e);
        if (found != RC_OK)
            return found;
        if (list_is_empty(&s->pins_unused))
            return RC_FULL;
        pin = CONTAINER_OF(s->pins_unused.next, struct store_pin, node);
        const enum rc rc = map_put(s->pins, name->b, pin);
        assert(rc == RC_OK); // as large as there are pins
        list_del(&pin->node);
        pin->name = *name;
        pin->count = 0;
    }
    assert(pin->count < UINT32_MAX);
    pin->count++;
    return RC_OK;
}

static void end_pin(struct store *s, struct store_pin *pin)
{
    const void *was = map_del(s->pins, pin->name.b);
    assert(was == pin);
    list_push_back(&s->pins_unused, &pin->node);
}

void store_unpin(struct store *s, const struct digest *name)
{
    struct store_pin *pin = map_get(s->pins, name->b);
    if (pin == NULL)
        return;
    use_touch(s->use, name);
    assert(pin->count > 0);
    if (--pin->count == 0)
        end_pin(s, pin);
}

void store_pins_drop(struct store *s, const struct digest *name)
{
    struct store_pin *pin = map_get(s->pins, name->b);
    if (pin != NULL)
        end_pin(s, pin);
}

// RC_ABSENT: no such label.
static enum rc find_label(const struct store *s, const struct row_key *k)
{
    struct bytes value;
    const enum rc rc = s->cfg.kv.ops->get(s->cfg.kv.self, row_key_bytes(k), &value);
    if (rc == RC_OK)
        s->cfg.kv.ops->release(s->cfg.kv.self);
    return rc;
}

enum rc store_keep(struct store *s, const struct digest *name, struct bytes label)
{
    assert(label.len >= 1 && label.len <= STORE_LABEL_BYTES_MAX);
    const struct row_key k = row_key_label(name, label);
    struct row_entry e;
    enum rc rc = store_entry(s, name, &e);
    if (rc != RC_OK)
        return rc;
    rc = find_label(s, &k);
    if (rc != RC_ABSENT)
        return rc; // as wished, or RC_IO
    if (e.labels == UINT16_MAX)
        return RC_FULL;
    rc = store_enter(s);
    if (rc != RC_OK)
        return rc;
    s->meta.kept += e.labels == 0;
    e.labels++;
    rc = store_row_put(s, &k, bytes_of(NULL, 0));
    if (rc == RC_OK)
        rc = store_entry_put(s, name, &e);
    return store_leave(s, rc);
}

enum rc store_unkeep(struct store *s, const struct digest *name, struct bytes label)
{
    assert(label.len >= 1 && label.len <= STORE_LABEL_BYTES_MAX);
    const struct row_key k = row_key_label(name, label);
    struct row_entry e;
    enum rc rc = store_entry(s, name, &e);
    if (rc == RC_OK)
        rc = find_label(s, &k);
    if (rc == RC_OK)
        rc = store_enter(s);
    if (rc != RC_OK)
        return rc;
    e.labels = (uint16_t)(e.labels - (e.labels > 0));
    s->meta.kept -= e.labels == 0;
    use_touch(s->use, name);
    rc = store_row_del(s, &k);
    if (rc == RC_OK)
        rc = store_entry_put(s, name, &e);
    return store_leave(s, rc);
}

enum rc store_kept(const struct store *s, const struct digest *name, struct bytes after,
                   char out[static STORE_LABEL_BYTES_MAX + 1])
{
    struct store_place p = store_place_of_labels(name, after);
    const enum rc rc = store_step_label(&s->cfg.kv, &p, name);
    if (rc == RC_OK)
        bytes_to_text(store_place_label(&p), out, STORE_LABEL_BYTES_MAX + 1);
    return rc;
}
