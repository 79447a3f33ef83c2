// SPDX-License-Identifier: MIT
// Row: the store's keys and rows as bytes.
#include "store/row.h"

#include <assert.h>
#include <string.h>

#define CLEAN   1u
#define PARTIAL 2u

struct row_key row_key(enum row_kind kind, const struct digest *name)
{
    struct row_key k = {.b = {(uint8_t)kind}, .len = ROW_NAME_KEY_BYTES};
    memcpy(k.b + 1, name->b, DIGEST_BYTES);
    return k;
}

struct row_key row_key_label(const struct digest *name, struct bytes label)
{
    assert(label.len <= ROW_LABEL_BYTES_MAX);
    struct row_key k = row_key(ROW_LABEL, name);
    if (label.len > 0)
        memcpy(k.b + k.len, label.at, label.len);
    k.len += label.len;
    return k;
}

struct row_key row_key_use(uint32_t chunk)
{
    struct row_key k = {.b = {ROW_USE}};
    struct buffer b = buffer_of(k.b + 1, 4);
    buffer_u32(&b, chunk);
    k.len = 5;
    return k;
}

struct row_key row_key_meta(void)
{
    return (struct row_key){.b = {'m', 'e', 't', 'a'}, .len = 4};
}

struct bytes row_key_bytes(const struct row_key *k)
{
    return bytes_of(k->b, k->len);
}

bool row_key_name(struct bytes key, enum row_kind kind, struct digest *name)
{
    return key.len == ROW_NAME_KEY_BYTES && key.at[0] == (uint8_t)kind &&
           digest_from(name, bytes_part(key, 1, DIGEST_BYTES));
}

void row_entry_put(const struct row_entry *e, uint8_t out[static ROW_ENTRY_BYTES])
{
    struct buffer b = buffer_of(out, ROW_ENTRY_BYTES);
    buffer_u64(&b, e->size_bytes);
    buffer_u8(&b, e->is_large);
    buffer_u8(&b, e->copies);
    buffer_u16(&b, e->labels);
    buffer_u32(&b, e->born);
    assert(!b.is_full && b.len == ROW_ENTRY_BYTES);
}

bool row_entry_get(struct row_entry *e, struct bytes in)
{
    struct cursor c = {.left = in};
    e->size_bytes = cursor_u64(&c);
    const uint8_t is_large = cursor_u8(&c);
    e->is_large = is_large != 0;
    e->copies = cursor_u8(&c);
    e->labels = cursor_u16(&c);
    e->born = cursor_u32(&c);
    return cursor_done(&c) && is_large <= 1;
}

void row_meta_put(const struct row_meta *m, uint8_t out[static ROW_META_BYTES])
{
    const uint64_t count[] = {m->commits,       m->seed,        m->bytes_max, m->objects_max,
                              m->objects,       m->bytes,       m->kept,      m->deleted,
                              m->large_objects, m->large_bytes, m->clock,     m->cells};
    struct buffer b = buffer_of(out, ROW_META_BYTES);
    buffer_u32(&b, ROW_META_VERSION);
    buffer_u32(&b, (m->is_clean ? CLEAN : 0) | (m->is_partial ? PARTIAL : 0));
    for (size_t i = 0; i < ARRAY_COUNT(count); i++)
        buffer_u64(&b, count[i]);
    buffer_u64(&b, 0); // for later
    assert(!b.is_full && b.len == ROW_META_BYTES);
}

bool row_meta_get(struct row_meta *m, struct bytes in, uint32_t *version)
{
    struct cursor c = {.left = in};
    *version = cursor_u32(&c);
    const uint32_t flags = cursor_u32(&c);
    m->is_clean = (flags & CLEAN) != 0;
    m->is_partial = (flags & PARTIAL) != 0;
    uint64_t *const count[] = {&m->commits,       &m->seed,       &m->bytes_max, &m->objects_max,
                               &m->objects,       &m->bytes,      &m->kept,      &m->deleted,
                               &m->large_objects, &m->large_bytes};
    for (size_t i = 0; i < ARRAY_COUNT(count); i++)
        *count[i] = cursor_u64(&c);
    const uint64_t clock = cursor_u64(&c);
    const uint64_t cells = cursor_u64(&c);
    m->clock = (uint32_t)clock;
    m->cells = (uint32_t)cells;
    (void)cursor_u64(&c); // for later
    return cursor_done(&c) && *version == ROW_META_VERSION && clock <= UINT32_MAX &&
           cells <= UINT32_MAX;
}
