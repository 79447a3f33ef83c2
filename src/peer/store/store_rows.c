// SPDX-License-Identifier: MIT
// Store: rows in the kv: read, walked, and written within a group.
#include "store/store_state.h"

#include <assert.h>
#include <string.h>

enum rc store_spoil(struct store *s, enum rc rc)
{
    if (rc != RC_OK && s->spoiled == RC_OK)
        s->spoiled = rc;
    return rc;
}

enum rc store_entry(const struct store *s, const struct digest *name, struct row_entry *out)
{
    const struct row_key k = row_key(ROW_ENTRY, name);
    const struct kv *kv = &s->cfg.kv;
    struct bytes value;
    const enum rc rc = kv->ops->get(kv->self, row_key_bytes(&k), &value);
    if (rc != RC_OK)
        return rc;
    const bool is_good = row_entry_get(out, value);
    kv->ops->release(kv->self);
    return is_good ? RC_OK : RC_IO;
}

enum rc store_row_put(struct store *s, const struct row_key *k, struct bytes value)
{
    assert(s->is_begun && s->borrowed == 0);
    return store_spoil(s, s->cfg.kv.ops->put(s->cfg.kv.self, row_key_bytes(k), value));
}

enum rc store_row_del(struct store *s, const struct row_key *k)
{
    assert(s->is_begun && s->borrowed == 0);
    const enum rc rc = s->cfg.kv.ops->del(s->cfg.kv.self, row_key_bytes(k));
    return rc == RC_ABSENT ? RC_OK : store_spoil(s, rc);
}

enum rc store_entry_put(struct store *s, const struct digest *name, const struct row_entry *e)
{
    const struct row_key k = row_key(ROW_ENTRY, name);
    uint8_t room[ROW_ENTRY_BYTES];
    row_entry_put(e, room);
    return store_row_put(s, &k, bytes_of(room, sizeof room));
}

struct store_place store_place_at(struct bytes key)
{
    struct store_place p = {.len = key.len};
    assert(key.len <= sizeof p.key);
    if (key.len > 0)
        memcpy(p.key, key.at, key.len);
    return p;
}

struct store_place store_place_before(enum row_kind kind)
{
    const uint8_t first = (uint8_t)kind;
    return store_place_at(bytes_of(&first, 1));
}

enum rc store_step(const struct kv *kv, struct store_place *p, uint64_t *size_bytes)
{
    struct bytes key;
    struct bytes value;
    const enum rc rc = kv->ops->next(kv->self, bytes_of(p->key, p->len), &key, &value);
    if (rc != RC_OK)
        return rc;
    *p = store_place_at(key);
    *size_bytes = value.len;
    kv->ops->release(kv->self);
    return RC_OK;
}

enum rc store_step_name(const struct kv *kv, struct store_place *p, enum row_kind kind,
                        struct digest *name, uint64_t *size_bytes)
{
    for (;;) {
        const enum rc rc = store_step(kv, p, size_bytes);
        if (rc != RC_OK)
            return rc;
        assert(p->len > 0);
        if (p->key[0] != (uint8_t)kind)
            return RC_ABSENT;
        if (row_key_name(bytes_of(p->key, p->len), kind, name))
            return RC_OK; // others' rows lie between
    }
}

struct store_place store_place_of_labels(const struct digest *name, struct bytes after)
{
    const struct row_key k = row_key_label(name, after);
    return store_place_at(row_key_bytes(&k));
}

enum rc store_step_label(const struct kv *kv, struct store_place *p, const struct digest *name)
{
    const struct row_key of_name = row_key(ROW_LABEL, name);
    uint64_t size_bytes = 0;
    const enum rc rc = store_step(kv, p, &size_bytes);
    if (rc != RC_OK)
        return rc;
    const bool is_label = p->len > of_name.len && p->len <= ROW_KEY_BYTES_MAX &&
                          memcmp(p->key, of_name.b, of_name.len) == 0;
    return is_label ? RC_OK : RC_ABSENT;
}

struct bytes store_place_label(const struct store_place *p)
{
    assert(p->len > ROW_NAME_KEY_BYTES && p->len <= ROW_KEY_BYTES_MAX);
    return bytes_of(p->key + ROW_NAME_KEY_BYTES, p->len - ROW_NAME_KEY_BYTES);
}
