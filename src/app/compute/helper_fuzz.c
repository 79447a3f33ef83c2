// SPDX-License-Identifier: MIT
// Any hub and any lanes: a helper tells its lanes only what they can do, and gives back.
//
// Input: operations of one byte and their arguments; see step(). The crew checks what the lanes
// are told, and the memory at the end.
#include "compute/crew_test.h"
#include "compute/sample_test.h"

#define STEPS_MAX  512u
#define FUZZ_BYTES ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void give(struct crew *c, uint8_t how)
{
    struct msg m = crew_part(how);
    struct msg none = {.type = MSG_OBJECT_NONE, .as.object_none = {m.as.object_part.digest}};
    m.as.object_part.total += how >> 3 & 1;
    m.as.object_part.offset += how >> 4 & 1;
    m.as.object_part.data.len -= how >> 5 & 1;
    if (how & 64)
        m.as.object_part.total = MSG_OBJECT_BYTES_MAX;
    crew_say(c, how & 4 ? &none : &m);
}

static void assign(struct crew *c, uint8_t how)
{
    struct msg m = crew_assign(how >> 4, how);
    if ((how & 12) == 12)
        m.as.assign.spec.kernel[0] = 'd';
    crew_say(c, &m);
}

static void sample(struct crew *c, uint8_t type, uint8_t seed)
{
    struct rng r = rng_seeded(seed);
    struct msg m = sample_msg((enum msg_type)(1 + type % SAMPLE_TYPES), &r);
    crew_say(c, &m);
}

static void renew(struct crew *c, uint32_t lane)
{
    if (c->lane[lane].state != LANE_IDLE)
        return; // its end is told first
    c->lane[lane].has_object = false;
    helper_renewed(c->helper, lane);
    crew_drain(c);
}

static void step(struct crew *c, struct cursor *in)
{
    uint8_t op = cursor_u8(in);
    uint8_t how = cursor_u8(in);
    uint32_t lane = how % CREW_LANES;
    struct msg cancel = {.type = MSG_CANCEL, .as.cancel = {how >> 4}};
    struct msg prepare = {.type = MSG_PREPARE, .as.prepare = {hash_bytes(crew_object(how))}};
    c->now_us += (uint64_t)how * 10000;
    if (op % 16 < 3)
        assign(c, how);
    else if (op % 16 < 5)
        give(c, how & (op % 16 == 3 ? 3 : 0xff));
    else if (op % 16 < 8)
        crew_ends(c, lane, (how & 0x70) == 0x70 ? RC_CRASHED : RC_OK);
    else if (op % 16 == 8)
        crew_say(c, &cancel);
    else if (op % 16 == 9)
        crew_say(c, &prepare);
    else if (op % 16 == 10)
        renew(c, lane);
    else if (op % 16 == 11)
        crew_hang_up(c);
    else if (op % 16 == 12)
        crew_connect(c, how % 4);
    else if (op % 16 == 13)
        sample(c, how, cursor_u8(in));
    else if (op % 16 == 14)
        c->budget.limit_bytes = how & 1 ? FUZZ_BYTES : c->budget.used_bytes + (size_t)how * 64;
    else
        crew_raw(c, cursor_take(in, how));
    helper_tick(c->helper, c->now_us);
    crew_drain(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct crew c;
    struct cursor in = {.left = bytes_of(data, size)};
    crew_open(&c, FUZZ_BYTES);
    crew_connect(&c, 2);
    for (uint32_t i = 0; i < STEPS_MAX && in.left.len > 0 && !in.is_bad; i++)
        step(&c, &in);
    crew_hang_up(&c);
    assert(c.budget.used_bytes == 0); // nothing is kept for a hub that is gone
    crew_close(&c);
    return 0;
}
