// SPDX-License-Identifier: MIT
// Lane: what a helper has to do, and how long a task sent to it now would wait there.
#include "work/lane.h"

#include <assert.h>
#include <math.h>

#define OVERDUE   0.25 // of its work is thought to be left of what takes longer than expected
#define NOT_BEGUN (-1.0)

void lane_init(struct lane *l, uint32_t slots)
{
    assert(slots > 0);
    *l = (struct lane){.slots = slots < LANE_SLOTS_MAX ? slots : LANE_SLOTS_MAX};
    list_init(&l->items);
}

static uint32_t first_free(const struct lane *l)
{
    uint32_t first = 0;
    for (uint32_t i = 1; i < l->slots; i++)
        if (l->free_us[i] < l->free_us[first])
            first = i;
    return first;
}

// All again, from what is at work on. A slot that fell free did so then.
static void think(struct lane *l, double free_us)
{
    uint32_t index = 0;
    LIST_FOR (it, &l->items) {
        struct lane_item *item = CONTAINER_OF(it, struct lane_item, node);
        const bool is_at_work = index < l->slots;
        const uint32_t slot = is_at_work ? index : first_free(l);
        if (is_at_work && item->begin_us < 0)
            item->begin_us = fmax(item->arrive_us, free_us);
        const double begin_us = is_at_work ? item->begin_us : l->free_us[slot];
        l->free_us[slot] = fmax(begin_us, item->arrive_us) + item->work_us;
        l->overdue_us[slot] = OVERDUE * item->work_us;
        index++;
    }
}

void lane_put(struct lane *l, struct lane_item *item)
{
    assert(list_is_empty(&item->node));
    assert(item->work_us >= 0);
    item->begin_us = NOT_BEGUN;
    list_push_back(&l->items, &item->node);
    l->count++;
    think(l, 0);
}

void lane_del(struct lane *l, struct lane_item *item, double free_us)
{
    if (list_is_empty(&item->node))
        return;
    assert(l->count > 0);
    list_del(&item->node);
    l->count--;
    think(l, free_us);
}

double lane_wait_us(const struct lane *l, double arrive_us)
{
    if (l->count < l->slots)
        return 0;
    double first_us = HUGE_VAL;
    for (uint32_t i = 0; i < l->slots; i++) {
        const bool is_overdue = l->free_us[i] < arrive_us;
        first_us = fmin(first_us, is_overdue ? arrive_us + l->overdue_us[i] : l->free_us[i]);
    }
    return first_us - arrive_us;
}
