// SPDX-License-Identifier: MIT
// What kernel `route` is asked, as a CBOR array.
#include "kernel/route/params.h"

#include <assert.h>

// params = [agents, redo]
#define PARAMS_ITEMS 2u

static_assert(ROUTE_AGENTS_MAX <= ROUTE_REDO_MAX, "all agents may be searched anew");

static bool params_are_good(const struct route_params *p)
{
    if (p->agent_count < 1 || p->agent_count > ROUTE_AGENTS_MAX)
        return false;
    for (uint32_t i = 0; i < p->agent_count; i++)
        if (!route_agent_is_good(&p->agent[i]))
            return false;
    return route_redo_is_good(p->redo, p->redo_count, p->agent_count);
}

enum rc route_params_encode(const struct route_params *p, struct buffer *out)
{
    if (!params_are_good(p))
        return RC_MALFORMED;
    uint8_t room[ROUTE_AGENTS_MAX * ROUTE_AGENT_BYTES];
    struct buffer agents = buffer_of(room, sizeof room);
    for (uint32_t i = 0; i < p->agent_count; i++)
        route_agent_put(&agents, &p->agent[i]);
    assert(!agents.is_full);
    cbor_put_array(out, PARAMS_ITEMS);
    cbor_put_bytes(out, buffer_bytes(&agents));
    route_redo_put(out, p->redo, p->redo_count);
    return out->is_full ? RC_FULL : RC_OK;
}

enum rc route_params_decode(struct route_params *out, struct bytes in)
{
    struct cbor_reader r = cbor_reader_of(in);
    if (cbor_get_array(&r, PARAMS_ITEMS) != PARAMS_ITEMS)
        return RC_MALFORMED;
    struct cursor agents = {.left = cbor_get_bytes(&r)};
    if (agents.left.len % ROUTE_AGENT_BYTES != 0 ||
        agents.left.len / ROUTE_AGENT_BYTES > ROUTE_AGENTS_MAX)
        return RC_MALFORMED;
    out->agent_count = (uint32_t)(agents.left.len / ROUTE_AGENT_BYTES);
    for (uint32_t i = 0; i < out->agent_count; i++)
        out->agent[i] = route_agent_get(&agents);
    route_redo_get(&r, out->redo, &out->redo_count, ROUTE_AGENTS_MAX);
    return cbor_done(&r) && params_are_good(out) ? RC_OK : RC_MALFORMED;
}
