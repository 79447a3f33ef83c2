// SPDX-License-Identifier: MIT
// The wire form of kernel `route`'s params, and which agents a part looks at closely.
#include "kernel/route/route.h"

#include "base/num.h"
#include "base/rng.h"
#include "wire/cbor.h"

// params = [agents: u16 start_x, start_y, goal_x, goal_y each, redo: u16 each], little-endian
#define PARAMS_ITEMS 2u
#define AGENT_BYTES  8u
#define REDO_BYTES   2u

static bool params_are_good(const struct route_params *p)
{
    if (p->agent_count < 1 || p->agent_count > ROUTE_AGENTS_MAX || p->redo_count > p->agent_count)
        return false;
    for (uint32_t i = 0; i < p->agent_count; i++) {
        const struct route_agent *a = &p->agent[i];
        if (a->start.x >= GRID_SIDE_MAX || a->start.y >= GRID_SIDE_MAX ||
            a->goal.x >= GRID_SIDE_MAX || a->goal.y >= GRID_SIDE_MAX)
            return false;
    }
    for (uint32_t i = 0; i < p->redo_count; i++)
        if (p->redo[i] >= p->agent_count || (i > 0 && p->redo[i] <= p->redo[i - 1]))
            return false;
    return true;
}

enum rc route_params_encode(const struct route_params *p, struct buffer *out)
{
    if (!params_are_good(p))
        return RC_MALFORMED;
    uint8_t room[ROUTE_AGENTS_MAX * AGENT_BYTES];
    struct buffer b = buffer_of(room, sizeof room);
    for (uint32_t i = 0; i < p->agent_count; i++) {
        buffer_u16le(&b, p->agent[i].start.x);
        buffer_u16le(&b, p->agent[i].start.y);
        buffer_u16le(&b, p->agent[i].goal.x);
        buffer_u16le(&b, p->agent[i].goal.y);
    }
    cbor_put_array(out, PARAMS_ITEMS);
    cbor_put_bytes(out, buffer_bytes(&b));
    b.len = 0;
    for (uint32_t i = 0; i < p->redo_count; i++)
        buffer_u16le(&b, (uint16_t)p->redo[i]);
    cbor_put_bytes(out, buffer_bytes(&b));
    return out->is_full ? RC_FULL : RC_OK;
}

enum rc route_params_decode(struct route_params *out, struct bytes in)
{
    struct cbor_reader r = cbor_reader_of(in);
    if (cbor_get_array(&r, PARAMS_ITEMS) != PARAMS_ITEMS)
        return RC_MALFORMED;
    struct cursor agents = {.left = cbor_get_bytes(&r)};
    struct cursor redo = {.left = cbor_get_bytes(&r)};
    if (!cbor_done(&r) || agents.left.len > (size_t)ROUTE_AGENTS_MAX * AGENT_BYTES ||
        agents.left.len % AGENT_BYTES != 0 ||
        redo.left.len > (size_t)ROUTE_AGENTS_MAX * REDO_BYTES || redo.left.len % REDO_BYTES != 0)
        return RC_MALFORMED;
    struct route_params p;
    p.agent_count = (uint32_t)(agents.left.len / AGENT_BYTES);
    p.redo_count = (uint32_t)(redo.left.len / REDO_BYTES);
    for (uint32_t i = 0; i < p.agent_count; i++) {
        p.agent[i].start.x = cursor_u16le(&agents);
        p.agent[i].start.y = cursor_u16le(&agents);
        p.agent[i].goal.x = cursor_u16le(&agents);
        p.agent[i].goal.y = cursor_u16le(&agents);
    }
    for (uint32_t i = 0; i < p.redo_count; i++)
        p.redo[i] = cursor_u16le(&redo);
    if (!params_are_good(&p))
        return RC_MALFORMED;
    out->agent_count = p.agent_count;
    out->redo_count = p.redo_count;
    for (uint32_t i = 0; i < p.agent_count; i++)
        out->agent[i] = p.agent[i];
    for (uint32_t i = 0; i < p.redo_count; i++)
        out->redo[i] = p.redo[i];
    return RC_OK;
}

uint32_t route_redo_count(uint32_t agents)
{
    const uint64_t share = num_div_ceil((uint64_t)agents * ROUTE_REDONE_PERCENT, 100);
    return (uint32_t)num_min(num_max(share, ROUTE_REDONE_MIN), agents);
}

void route_redo_choose(uint32_t *out, uint32_t count, uint32_t agents, uint64_t nonce)
{
    struct rng rng = rng_seeded(nonce);
    for (uint32_t i = 0; i < agents && count > 0; i++) {
        if (rng_below(&rng, agents - i) >= count)
            continue;
        *out++ = i;
        count--;
    }
}
