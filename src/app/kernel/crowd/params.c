// SPDX-License-Identifier: MIT
// What kernel `crowd` is asked, as a CBOR array.
#include "kernel/crowd/params.h"

#include <assert.h>

// params = [steps, every, agents: an agent of route, u16 radius, speed each, redo, windows]
#define PARAMS_ITEMS 5u
#define AGENT_BYTES  (ROUTE_AGENT_BYTES + 4u)

static_assert(CROWD_AGENTS_MAX <= ROUTE_REDO_MAX, "all agents may be searched anew");
static_assert(CROWD_STATES_MAX <= ROUTE_REDO_MAX, "all windows may be redone");

static bool agents_are_good(const struct crowd_params *p)
{
    if (p->agent_count < 1 || p->agent_count > CROWD_AGENTS_MAX)
        return false;
    for (uint32_t i = 0; i < p->agent_count; i++) {
        if (!route_agent_is_good(&p->agent[i]) || p->radius[i] < 1 ||
            p->radius[i] > CROWD_RADIUS_MAX || p->speed[i] < 1 || p->speed[i] > CROWD_SPEED_MAX)
            return false;
    }
    return true;
}

static bool params_are_good(const struct crowd_params *p)
{
    return p->every >= 1 && p->steps >= p->every && p->steps <= CROWD_STEPS_MAX &&
           p->steps % p->every == 0 && crowd_state_count(p) <= CROWD_STATES_MAX &&
           agents_are_good(p) && (p->redo_count == 0) == (p->window_count == 0) &&
           route_redo_is_good(p->redo, p->redo_count, p->agent_count) &&
           route_redo_is_good(p->window, p->window_count, crowd_state_count(p));
}

enum rc crowd_params_encode(const struct crowd_params *p, struct buffer *out)
{
    if (!params_are_good(p))
        return RC_MALFORMED;
    uint8_t room[CROWD_AGENTS_MAX * AGENT_BYTES];
    struct buffer b = buffer_of(room, sizeof room);
    for (uint32_t i = 0; i < p->agent_count; i++) {
        route_agent_put(&b, &p->agent[i]);
        buffer_u16le(&b, p->radius[i]);
        buffer_u16le(&b, p->speed[i]);
    }
    assert(!b.is_full);
    cbor_put_array(out, PARAMS_ITEMS);
    cbor_put_u64(out, p->steps);
    cbor_put_u64(out, p->every);
    cbor_put_bytes(out, buffer_bytes(&b));
    route_redo_put(out, p->redo, p->redo_count);
    route_redo_put(out, p->window, p->window_count);
    return out->is_full ? RC_FULL : RC_OK;
}

enum rc crowd_params_decode(struct crowd_params *out, struct bytes in)
{
    struct cbor_reader r = cbor_reader_of(in);
    if (cbor_get_array(&r, PARAMS_ITEMS) != PARAMS_ITEMS)
        return RC_MALFORMED;
    out->steps = (uint32_t)cbor_get_u64_max(&r, CROWD_STEPS_MAX);
    out->every = (uint32_t)cbor_get_u64_max(&r, CROWD_STEPS_MAX);
    struct cursor c = {.left = cbor_get_bytes(&r)};
    if (c.left.len % AGENT_BYTES != 0 || c.left.len / AGENT_BYTES > CROWD_AGENTS_MAX)
        return RC_MALFORMED;
    out->agent_count = (uint32_t)(c.left.len / AGENT_BYTES);
    for (uint32_t i = 0; i < out->agent_count; i++) {
        out->agent[i] = route_agent_get(&c);
        out->radius[i] = cursor_u16le(&c);
        out->speed[i] = cursor_u16le(&c);
    }
    route_redo_get(&r, out->redo, &out->redo_count, CROWD_AGENTS_MAX);
    route_redo_get(&r, out->window, &out->window_count, CROWD_STATES_MAX);
    return cbor_done(&r) && params_are_good(out) ? RC_OK : RC_MALFORMED;
}
