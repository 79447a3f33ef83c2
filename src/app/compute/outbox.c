// SPDX-License-Identifier: MIT
// What a machine wants sent, closed or told, in order, until its host takes it.
#include "compute/outbox.h"

#include <assert.h>
#include <string.h>

struct item {
    struct list node;
    enum out_kind kind;
    uint64_t conn;
    size_t len;
    uint8_t at[];
};

void outbox_init(struct outbox *o, struct budget *budget, uint64_t *owed, size_t owed_max)
{
    *o = (struct outbox){.budget = budget, .owed_max = owed_max};
    o->owed = owed;
    list_init(&o->items);
}

void outbox_drop_all(struct outbox *o)
{
    budget_give(o->budget, o->given);
    o->given = NULL;
    LIST_FOR_SAFE (it, &o->items)
        budget_give(o->budget, CONTAINER_OF(it, struct item, node));
    list_init(&o->items);
    o->owed_count = 0;
}

static size_t owed_at(const struct outbox *o, uint64_t conn) // owed_count: not there
{
    size_t i = 0;
    while (i < o->owed_count && o->owed[i] != conn)
        i++;
    return i;
}

static void owe(struct outbox *o, uint64_t conn)
{
    if (owed_at(o, conn) < o->owed_count)
        return;
    if (o->owed_count < o->owed_max) // its owner knows no more connections than that
        o->owed[o->owed_count++] = conn;
}

static struct item *item_new(struct outbox *o, enum out_kind kind, uint64_t conn, size_t len)
{
    struct item *item = budget_take(o->budget, sizeof *item + len);
    if (item == NULL) {
        owe(o, conn);
        return NULL;
    }
    item->kind = kind;
    item->conn = conn;
    item->len = len;
    list_push_back(&o->items, &item->node);
    return item;
}

static void encode(const struct msg *m, struct buffer *out)
{
    enum rc rc = msg_encode(m, out);
    assert(rc == RC_OK); // msg_bytes_max bounds it
    (void)rc;
}

// Most messages are small, and then take no more than they are; those with a large byte string
// are encoded in place, to be copied once only.
void outbox_send(struct outbox *o, uint64_t conn, const struct msg *m)
{
    size_t len_max = msg_bytes_max(m);
    uint8_t room[2 * MSG_HEAD_BYTES_MAX];
    struct buffer small = buffer_of(room, sizeof room);
    if (len_max <= sizeof room) {
        encode(m, &small);
        len_max = small.len;
    }
    struct item *item = item_new(o, OUT_SEND, conn, len_max);
    if (item == NULL)
        return;
    struct buffer b = buffer_of(item->at, item->len);
    if (small.len > 0)
        buffer_put(&b, buffer_bytes(&small));
    else
        encode(m, &b);
    item->len = b.len;
}

void outbox_close(struct outbox *o, uint64_t conn, const char *reason)
{
    size_t len = strlen(reason);
    struct item *item = item_new(o, OUT_CLOSE, conn, len);
    if (item != NULL)
        memcpy(item->at, reason, len);
}

void outbox_forget(struct outbox *o, uint64_t conn)
{
    LIST_FOR_SAFE (it, &o->items) {
        struct item *item = CONTAINER_OF(it, struct item, node);
        if (item->conn != conn)
            continue;
        list_del(it);
        budget_give(o->budget, item);
    }
    size_t i = owed_at(o, conn);
    if (i < o->owed_count)
        o->owed[i] = o->owed[--o->owed_count];
}

bool outbox_next(struct outbox *o, struct out *out)
{
    budget_give(o->budget, o->given);
    o->given = NULL;
    if (o->owed_count > 0) {
        uint64_t conn = o->owed[--o->owed_count];
        *out = (struct out){OUT_CLOSE, conn, bytes_text("out of memory for messages")};
        return true;
    }
    if (list_is_empty(&o->items))
        return false;
    struct item *item = CONTAINER_OF(o->items.next, struct item, node);
    list_del(&item->node);
    o->given = item;
    *out = (struct out){item->kind, item->conn, bytes_of(item->at, item->len)};
    return true;
}
