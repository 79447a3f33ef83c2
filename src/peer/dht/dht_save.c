// SPDX-License-Identifier: MIT
// Contacts for the next start, as bytes, and what becomes of them then.
//
// "shoal dht 1\n", then for each family its kind (4 or 6), how many, and ids and addresses as in
// find_node's answers.
#include <string.h>

#include "dht/dht_state.h"

#define LOADED_MAX 12u // of BOOT_PLACES: the rest is the host's

static const char save_head[] = "shoal dht 1\n";

static bool is_worth_it(const struct contact *c)
{
    return c->fails == 0 && c->kind != TABLE_KIND_SPARE;
}

static void save_family(const struct family *f, bool is_six, struct buffer *out)
{
    const size_t each = is_six ? KRPC_NODE6_BYTES : KRPC_NODE4_BYTES;
    const size_t count_max = (DHT_SAVE_BYTES_MAX - 64) / 2 / each;
    size_t count = 0;
    size_t at = 0;
    for (const struct contact *c; count < count_max && (c = table_next(&f->table, &at)) != NULL;)
        count += is_worth_it(c);
    buffer_u8(out, is_six ? 6 : 4);
    buffer_u16(out, (uint16_t)count);
    at = 0;
    for (const struct contact *c; count > 0 && (c = table_next(&f->table, &at)) != NULL;) {
        if (!is_worth_it(c))
            continue;
        const struct krpc_node node = {c->id, c->addr};
        krpc_node_put(out, &node);
        count--;
    }
}

bool dht_save(const struct dht *d, struct buffer *out)
{
    buffer_put(out, bytes_of(save_head, sizeof save_head - 1));
    for (unsigned i = 0; i < 2; i++)
        if (d->family[i].is_on)
            save_family(&d->family[i], i == 1, out);
    return !out->is_full;
}

// The next family's entries; false: there is none, or the bytes are no such thing.
static bool next_family(struct cursor *c, bool *is_six, struct bytes *nodes)
{
    if (c->left.len == 0)
        return false;
    const uint8_t kind = cursor_u8(c);
    const uint16_t count = cursor_u16(c);
    *is_six = kind == 6;
    *nodes = cursor_take(c, (size_t)count * (*is_six ? KRPC_NODE6_BYTES : KRPC_NODE4_BYTES));
    c->is_bad |= kind != 4 && kind != 6;
    return !c->is_bad;
}

enum rc dht_load(struct dht *d, struct bytes saved)
{
    struct cursor c = {.left = saved};
    const struct bytes head = cursor_take(&c, sizeof save_head - 1);
    struct bytes nodes;
    bool is_six;
    if (!bytes_is(head, save_head))
        return RC_MALFORMED;
    const struct cursor start = c;
    bool has_more = true;
    while (has_more)
        has_more = next_family(&c, &is_six, &nodes);
    if (!cursor_done(&c))
        return RC_MALFORMED;
    c = start;
    while (next_family(&c, &is_six, &nodes)) {
        const size_t each = is_six ? KRPC_NODE6_BYTES : KRPC_NODE4_BYTES;
        const size_t count = nodes.len / each;
        // From all over the table: neighbours alone would fail together.
        for (size_t i = 0; i < LOADED_MAX && i < count; i++) {
            struct bytes one = bytes_part(nodes, i * count / LOADED_MAX * each, each);
            struct krpc_node node;
            if (count < LOADED_MAX)
                one = bytes_part(nodes, i * each, each);
            if (krpc_node_next(&one, is_six, &node))
                dht_contact(d, &node.addr);
        }
    }
    return RC_OK;
}
