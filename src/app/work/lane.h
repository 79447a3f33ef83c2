// SPDX-License-Identifier: MIT
// Lane: what a helper has to do, and how long a task sent to it now would wait there.
//
// Helpers begin what they are sent in the order of arrival, so many at a time as they have slots.
// Whoever sent all of it knows which are at work (the first ones), since when, and so about when
// each slot will be free. A value type; times are microseconds of one clock.
#ifndef WORK_LANE_H
#define WORK_LANE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

#define LANE_SLOTS_MAX 16u // that are told apart

struct lane_item { // a task at, or on its way to, a helper; embedded in its owner
    struct list node;
    double arrive_us; // there
    double work_us;   // expected
    double begin_us;  // private to lane.c: of those at work
};

struct lane { // fields are private to lane.c, but for count
    struct list items;
    uint32_t slots;
    uint32_t count;
    double free_us[LANE_SLOTS_MAX];    // when each is free, expected
    double overdue_us[LANE_SLOTS_MAX]; // how much longer it takes if it is not
};

void lane_init(struct lane *l, uint32_t slots); // more than LANE_SLOTS_MAX count as so many
// item: in no lane (its node initialised), arrive_us and work_us set; borrowed until lane_del.
void lane_put(struct lane *l, struct lane_item *item);
// Answered, cancelled or lost; harmless for one that is in no lane. free_us: when its slot was, or
// will be, free for the next one.
void lane_del(struct lane *l, struct lane_item *item, double free_us);
// How long what arrives then would wait.
double lane_wait_us(const struct lane *l, double arrive_us);

#endif
