// SPDX-License-Identifier: MIT
// Any sequence of calls and times: the guard keeps its books and its promises.
//
// Input: u8 keys_max, open_max, connect rate and burst, message rate, byte rate, faults_max, ban;
// then calls: u8 call and key, u8 argument.
#include <stdlib.h>

#include "base/bytes.h"
#include "base/num.h"
#include "trust/guard.h"

#define KEYS      16u
#define STEPS_MAX 1024u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz {
    struct guard *g;
    struct guard_cfg cfg;
    uint64_t now_us;
    uint32_t open[KEYS];
    uint32_t all_open;
};

static void expect(bool is_true)
{
    if (!is_true)
        abort();
}

static struct guard_rate rate_of(uint8_t per_s, uint64_t each)
{
    return (struct guard_rate){.per_s = per_s * each, .burst = 1 + per_s % 7 * each};
}

static void admit(struct fuzz *f, const struct guard_key *key, uint32_t *open)
{
    const uint64_t banned_us = guard_banned_us(f->g, key, f->now_us);
    const enum rc rc = guard_admit(f->g, key, f->now_us);
    expect((rc == RC_REFUSED) == (banned_us > 0));
    expect(rc != RC_OK || f->cfg.open_max == 0 || *open < f->cfg.open_max);
    expect(rc != RC_AGAIN || f->cfg.connect.per_s > 0);
    expect(rc == RC_OK || rc == RC_REFUSED || rc == RC_FULL || rc == RC_AGAIN);
    *open += rc == RC_OK;
    f->all_open += rc == RC_OK;
}

static void charge(struct fuzz *f, const struct guard_key *key, uint8_t how)
{
    const uint64_t count = how == 255 ? UINT64_MAX : (uint64_t)how * how;
    const uint64_t wait_us = guard_charge(f->g, key, how & 1 ? count : 1, count, f->now_us);
    expect(wait_us == 0 || f->cfg.messages.per_s > 0 || f->cfg.bytes.per_s > 0);
    if (wait_us > 0 && wait_us < UINT64_MAX - f->now_us && how % 2 == 0) { // kept to, it is over
        f->now_us += wait_us;
        expect(guard_charge(f->g, key, 0, 0, f->now_us) == 0);
    }
}

static void leave(struct fuzz *f, const struct guard_key *key, uint32_t *open)
{
    guard_leave(f->g, key, f->now_us);
    (*open)--;
    f->all_open--;
}

static void step(struct fuzz *f, uint8_t call, uint8_t how)
{
    const struct guard_key key = {{call % KEYS}};
    uint32_t *open = &f->open[call % KEYS];
    switch (call / KEYS % 8) {
    case 0:
        admit(f, &key, open);
        break;
    case 1:
        if (*open > 0)
            leave(f, &key, open);
        break;
    case 2:
        if (*open > 0)
            charge(f, &key, how);
        break;
    case 3:
        if (guard_fault(f->g, &key, how, f->now_us))
            expect(guard_banned_us(f->g, &key, f->now_us) > 0 && f->cfg.faults_max > 0);
        break;
    case 4:
        f->now_us += (uint64_t)how << how % 32;
        break;
    case 6:
        if (*open > 0)
            expect(guard_spend(f->g, &key, (uint64_t)how << how % 56, f->now_us) <=
                   GUARD_DEBT_US_MAX);
        break;
    case 7:
        guard_share(f->g, 1u + (uint32_t)how * how * 15u);
        break;
    case 5: // backwards, as no time passed
        (void)guard_stat(f->g, f->now_us - num_min(f->now_us, (uint64_t)how << how % 32));
        break;
    }
    const struct guard_stat s = guard_stat(f->g, f->now_us);
    expect(s.open == f->all_open && s.keys <= f->cfg.keys_max);
    expect(guard_banned_us(f->g, &key, f->now_us) <= f->cfg.ban_us_max);
    guard_check(f->g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor in = {.left = bytes_of(data, size)};
    struct fuzz f = {.now_us = 1};
    f.cfg.keys_max = 1u + cursor_u8(&in) % KEYS;
    f.cfg.open_max = cursor_u8(&in) % 8u;
    f.cfg.connect = rate_of(cursor_u8(&in), 1);
    f.cfg.messages = rate_of(cursor_u8(&in), 1);
    f.cfg.bytes = rate_of(cursor_u8(&in), 1000);
    f.cfg.faults_max = cursor_u8(&in);
    f.cfg.fault_us = UINT64_C(1) << cursor_u8(&in) % 40;
    f.cfg.ban_us = UINT64_C(1) << cursor_u8(&in) % 32;
    f.cfg.ban_us_max = f.cfg.ban_us * (1u + f.cfg.open_max);
    struct arena *arena = arena_new(GUARD_ARENA_BYTES(KEYS));
    if (arena == NULL || guard_new(&f.g, arena, &f.cfg, 1) != RC_OK)
        abort();
    for (unsigned i = 0; i < STEPS_MAX && in.left.len > 0; i++) {
        const uint8_t call = cursor_u8(&in);
        step(&f, call, cursor_u8(&in));
    }
    for (uint32_t k = 0; k < KEYS; k++)
        for (const struct guard_key key = {{(uint8_t)k}}; f.open[k] > 0;)
            leave(&f, &key, &f.open[k]);
    expect(guard_stat(f.g, f.now_us).open == 0);
    guard_check(f.g);
    arena_free(arena);
    return 0;
}
