// SPDX-License-Identifier: MIT
// What a hub must not forget: records that a broker gives to its host, and takes back after a
// crash.
#include "compute/record.h"

#include <assert.h>
#include <string.h>

struct record_item {
    struct list node;
    struct record_item **owner;
    struct record record;
    uint8_t at[];
};

void records_init(struct records *r, struct budget *budget)
{
    *r = (struct records){.budget = budget};
    list_init(&r->items);
}

static void release(struct records *r)
{
    budget_give(r->budget, r->given);
    r->given = NULL;
}

void records_reset(struct records *r)
{
    release(r);
    LIST_FOR_SAFE (it, &r->items)
        records_drop(r, CONTAINER_OF(it, struct record_item, node));
}

void records_put(struct records *r, const struct record *record, struct record_item **owner)
{
    assert(owner == NULL || *owner == NULL); // of one at a time
    struct record_item *item = budget_take(r->budget, sizeof *item + record->bytes.len);
    if (item == NULL) {
        r->lost++;
        return;
    }
    item->owner = owner;
    item->record = *record;
    if (record->bytes.len > 0)
        memcpy(item->at, record->bytes.at, record->bytes.len);
    item->record.bytes = bytes_of(item->at, record->bytes.len);
    list_push_back(&r->items, &item->node);
    r->count++;
    if (owner != NULL)
        *owner = item;
}

static void take_out(struct records *r, struct record_item *item)
{
    assert(r->count > 0);
    list_del(&item->node);
    r->count--;
    if (item->owner != NULL)
        *item->owner = NULL;
}

void records_drop(struct records *r, struct record_item *item)
{
    if (item == NULL)
        return;
    take_out(r, item);
    budget_give(r->budget, item);
}

bool records_next(struct records *r, struct record *out)
{
    release(r);
    if (list_is_empty(&r->items))
        return false;
    struct record_item *item = CONTAINER_OF(r->items.next, struct record_item, node);
    take_out(r, item);
    r->given = item;
    *out = item->record;
    return true;
}
