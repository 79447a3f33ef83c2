// SPDX-License-Identifier: MIT
// The wire form of kernel `crowd`'s params.
#include "kernel/crowd/crowd.h"

#include "wire/cbor.h"

// params = [steps, every, agents: u16 start_x, start_y, goal_x, goal_y, radius, speed each,
//           redo: u16 each, windows: u16 each], little-endian
#define PARAMS_ITEMS 5u
#define AGENT_BYTES  12u
#define INDEX_BYTES  2u

static bool cell_is_good(struct grid_cell at)
{
    return at.x < GRID_SIDE_MAX && at.y < GRID_SIDE_MAX;
}

static bool agents_are_good(const struct crowd_params *p)
{
    if (p->agent_count < 1 || p->agent_count > CROWD_AGENTS_MAX)
        return false;
    for (uint32_t i = 0; i < p->agent_count; i++) {
        if (!cell_is_good(p->agent[i].start) || !cell_is_good(p->agent[i].goal) ||
            p->radius[i] < 1 || p->radius[i] > CROWD_RADIUS_MAX || p->speed[i] < 1 ||
            p->speed[i] > CROWD_SPEED_MAX)
            return false;
    }
    return true;
}

// Ascending, below n.
static bool list_is_good(const uint32_t *list, uint32_t count, uint32_t n)
{
    if (count > n)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (list[i] >= n || (i > 0 && list[i] <= list[i - 1]))
            return false;
    return true;
}

static bool params_are_good(const struct crowd_params *p)
{
    return p->every >= 1 && p->steps >= p->every && p->steps <= CROWD_STEPS_MAX &&
           p->steps % p->every == 0 && p->steps / p->every <= CROWD_STATES_MAX &&
           agents_are_good(p) && (p->redo_count == 0) == (p->window_count == 0) &&
           list_is_good(p->redo, p->redo_count, p->agent_count) &&
           list_is_good(p->window, p->window_count, p->steps / p->every);
}

static void put_list(const uint32_t *list, uint32_t count, struct buffer *out)
{
    uint8_t room[CROWD_AGENTS_MAX * INDEX_BYTES];
    struct buffer b = buffer_of(room, sizeof room);
    for (uint32_t i = 0; i < count; i++)
        buffer_u16le(&b, (uint16_t)list[i]);
    cbor_put_bytes(out, buffer_bytes(&b));
}

enum rc crowd_params_encode(const struct crowd_params *p, struct buffer *out)
{
    if (!params_are_good(p))
        return RC_MALFORMED;
    uint8_t room[CROWD_AGENTS_MAX * AGENT_BYTES];
    struct buffer b = buffer_of(room, sizeof room);
    for (uint32_t i = 0; i < p->agent_count; i++) {
        buffer_u16le(&b, p->agent[i].start.x);
        buffer_u16le(&b, p->agent[i].start.y);
        buffer_u16le(&b, p->agent[i].goal.x);
        buffer_u16le(&b, p->agent[i].goal.y);
        buffer_u16le(&b, p->radius[i]);
        buffer_u16le(&b, p->speed[i]);
    }
    cbor_put_array(out, PARAMS_ITEMS);
    cbor_put_u64(out, p->steps);
    cbor_put_u64(out, p->every);
    cbor_put_bytes(out, buffer_bytes(&b));
    put_list(p->redo, p->redo_count, out);
    put_list(p->window, p->window_count, out);
    return out->is_full ? RC_FULL : RC_OK;
}

static bool get_list(struct cbor_reader *r, uint32_t *list, uint32_t *count, uint32_t max)
{
    struct cursor c = {.left = cbor_get_bytes(r)};
    if (c.left.len % INDEX_BYTES != 0 || c.left.len / INDEX_BYTES > max)
        return false;
    *count = (uint32_t)(c.left.len / INDEX_BYTES);
    for (uint32_t i = 0; i < *count; i++)
        list[i] = cursor_u16le(&c);
    return true;
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
        out->agent[i].start.x = cursor_u16le(&c);
        out->agent[i].start.y = cursor_u16le(&c);
        out->agent[i].goal.x = cursor_u16le(&c);
        out->agent[i].goal.y = cursor_u16le(&c);
        out->radius[i] = cursor_u16le(&c);
        out->speed[i] = cursor_u16le(&c);
    }
    if (!get_list(&r, out->redo, &out->redo_count, CROWD_AGENTS_MAX) ||
        !get_list(&r, out->window, &out->window_count, CROWD_STATES_MAX) || !cbor_done(&r))
        return RC_MALFORMED;
    return params_are_good(out) ? RC_OK : RC_MALFORMED;
}
