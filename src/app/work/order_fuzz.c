// SPDX-License-Identifier: MIT
// Fuzz target of order: any calls in any order; each number leaves once, in order and in time.
//
// Input: u8 first, u8 window, u8 late; then calls of two bytes: number (from 8 below the next one
// on), time that passes.
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/num.h"
#include "work/order.h"

#define NUMBERS 4096u // from the first on; more do not fit into one input

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct trial {
    struct order *o;
    struct order_cfg cfg;
    uint64_t now_us;
    uint64_t next;        // must leave now
    bool is_put[NUMBERS]; // taken by order_put
    uint64_t taken, ready, gaps;
};

static void expect(bool is_true)
{
    if (!is_true)
        abort();
}

static void drain(struct trial *t)
{
    struct order_out out;
    while (order_next(t->o, t->now_us, &out)) {
        const uint64_t i = out.seq - t->cfg.first;
        expect(out.seq == t->next && i < NUMBERS);
        expect((out.kind == ORDER_READY) == t->is_put[i]);
        expect(out.kind == ORDER_READY || out.wait_us == 0);
        expect(t->cfg.late_us == 0 || out.wait_us <= t->cfg.late_us);
        t->ready += out.kind == ORDER_READY;
        t->gaps += out.kind == ORDER_GAP;
        t->next++;
    }
    expect(order_state_of(t->o, t->next) == ORDER_MISSING);
    expect(order_due_us(t->o) > t->now_us);
}

static void pass(struct trial *t, uint64_t for_us)
{
    const uint64_t until_us = t->now_us + for_us;
    while (order_due_us(t->o) <= until_us) {
        t->now_us = num_max(t->now_us, order_due_us(t->o));
        drain(t);
    }
    t->now_us = until_us;
}

static void put(struct trial *t, uint64_t seq)
{
    const uint64_t i = seq - t->cfg.first;
    const enum order_state was = order_state_of(t->o, seq);
    const enum rc would = was == ORDER_MISSING ? RC_OK : was == ORDER_AHEAD ? RC_FULL : RC_REFUSED;
    expect((was == ORDER_AHEAD) == (seq >= t->next && seq - t->next >= t->cfg.window_max));
    expect(order_put(t->o, seq, t->now_us) == would);
    if (would != RC_OK)
        return;
    expect(!t->is_put[i]);
    t->is_put[i] = true;
    t->taken++;
}

static uint64_t blocked(const struct trial *t)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < t->cfg.window_max; i++)
        count += order_state_of(t->o, t->next + i) == ORDER_BLOCKED;
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct trial t;
    struct budget budget = {.limit_bytes = 1 << 16};
    struct cursor c = {.left = bytes_of(data, size)};
    memset(&t, 0, sizeof t);
    t.cfg.first = cursor_u8(&c) * (uint64_t)0x10001;
    t.cfg.window_max = cursor_u8(&c);
    t.cfg.late_us = cursor_u8(&c);
    t.next = t.cfg.first;
    enum rc rc = order_new(&t.o, &budget, &t.cfg);
    expect((rc == RC_CONFIG) == (t.cfg.window_max == 0));
    while (rc == RC_OK && c.left.len >= 2 && t.next - t.cfg.first < NUMBERS - 512) {
        const uint64_t seq = t.next + cursor_u8(&c);
        put(&t, seq >= t.cfg.first + 8 ? seq - 8 : t.cfg.first);
        pass(&t, cursor_u8(&c));
    }
    if (rc == RC_OK) {
        drain(&t);
        expect(t.taken == t.ready + blocked(&t));
        expect(t.ready + t.gaps == t.next - t.cfg.first);
    }
    order_free(t.o);
    expect(budget.used_bytes == 0);
    return 0;
}
