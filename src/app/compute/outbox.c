// SPDX-License-Identifier: MIT
// What a machine wants sent, closed or told, in order, until its host takes it.
#include "compute/outbox.h"

#include <assert.h>
#include <string.h>

struct item {
    struct list node;
    struct list place;
    enum out_kind kind;
    uint64_t conn;
    uint64_t payer;
    bool is_text;
    uint64_t until_us;
    size_t len;
    uint8_t at[];
};

void outbox_init(struct outbox *o, struct budget *budget, uint64_t *owed, size_t owed_max)
{
    *o = (struct outbox){.budget = budget, .owed_max = owed_max};
    o->owed = owed;
    list_init(&o->items);
    for (size_t i = 0; i < OUTBOX_PLACES; i++)
        list_init(&o->place[i]);
}

void outbox_drop_all(struct outbox *o)
{
    budget_give(o->budget, o->given);
    o->given = NULL;
    LIST_FOR_SAFE (it, &o->items) {
        struct item *item = CONTAINER_OF(it, struct item, node);
        list_del(&item->node);
        list_del(&item->place);
        budget_give(o->budget, item);
    }
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

// Connections are numbered by the host as they come.
static struct list *place_of(struct outbox *o, uint64_t conn)
{
    return &o->place[conn % OUTBOX_PLACES];
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
    item->payer = o->payer != 0 ? o->payer : conn;
    item->is_text = false;
    item->until_us = 0;
    item->len = len;
    list_push_back(&o->items, &item->node);
    list_push_back(place_of(o, conn), &item->place);
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

void outbox_text(struct outbox *o, uint64_t conn, struct bytes text)
{
    struct item *item = item_new(o, OUT_SEND, conn, text.len);
    if (item == NULL)
        return;
    item->is_text = true;
    memcpy(item->at, text.at, text.len);
}

void outbox_pause(struct outbox *o, uint64_t conn, uint64_t until_us)
{
    struct item *item = item_new(o, OUT_PAUSE, conn, 0);
    if (item != NULL)
        item->until_us = until_us;
}

void outbox_close(struct outbox *o, uint64_t conn, const char *reason)
{
    size_t len = strlen(reason);
    struct item *item = item_new(o, OUT_CLOSE, conn, len);
    if (item != NULL)
        memcpy(item->at, reason, len);
}

void outbox_bill(struct outbox *o, uint64_t payer)
{
    o->payer = payer;
}

void outbox_forget(struct outbox *o, uint64_t conn)
{
    LIST_FOR_SAFE (it, place_of(o, conn)) {
        struct item *item = CONTAINER_OF(it, struct item, place);
        if (item->conn != conn)
            continue;
        list_del(&item->node);
        list_del(&item->place);
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
        *out = (struct out){
            .kind = OUT_CLOSE, .conn = conn, .bytes = bytes_text("out of memory for messages")};
        return true;
    }
    if (list_is_empty(&o->items))
        return false;
    struct item *item = CONTAINER_OF(o->items.next, struct item, node);
    list_del(&item->node);
    list_del(&item->place);
    assert(o->given == NULL);
    o->given = item;
    *out = (struct out){.kind = item->kind,
                        .conn = item->conn,
                        .payer = item->payer,
                        .bytes = bytes_of(item->at, item->len),
                        .is_text = item->is_text,
                        .until_us = item->until_us};
    return true;
}
