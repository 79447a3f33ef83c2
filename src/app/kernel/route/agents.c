// SPDX-License-Identifier: MIT
// Paths of many agents on a loaded map: made, and, as somebody else's claim, checked.
#include "kernel/route/agents.h"

#include <assert.h>
#include <stdlib.h>

#include "base/num.h"

static bool is_on_a_map(struct grid_cell at)
{
    return at.x < GRID_SIDE_MAX && at.y < GRID_SIDE_MAX;
}

bool route_agent_is_good(const struct route_agent *a)
{
    return is_on_a_map(a->start) && is_on_a_map(a->goal);
}

void route_agent_put(struct buffer *out, const struct route_agent *a)
{
    buffer_u16le(out, a->start.x);
    buffer_u16le(out, a->start.y);
    buffer_u16le(out, a->goal.x);
    buffer_u16le(out, a->goal.y);
}

struct route_agent route_agent_get(struct cursor *c)
{
    struct route_agent a;
    a.start.x = cursor_u16le(c);
    a.start.y = cursor_u16le(c);
    a.goal.x = cursor_u16le(c);
    a.goal.y = cursor_u16le(c);
    return a;
}

// ---- Made

struct turn { // who is searched for when: those with the same goal one after the other
    uint64_t key;
    size_t from, to; // the path, among all that were made
};

static int by_key(const void *a, const void *b)
{
    const uint64_t x = ((const struct turn *)a)->key;
    const uint64_t y = ((const struct turn *)b)->key;
    return (x > y) - (x < y);
}

static uint64_t turn_key(struct grid_cell goal, uint32_t agent)
{
    return (uint64_t)goal.y << 48 | (uint64_t)goal.x << 32 | agent;
}

static int by_agent(const void *a, const void *b)
{
    const uint32_t x = (uint32_t)((const struct turn *)a)->key;
    const uint32_t y = (uint32_t)((const struct turn *)b)->key;
    return (x > y) - (x < y);
}

enum rc route_find(struct route_state *s, const struct route_agent *agent, uint32_t count,
                   struct buffer *result)
{
    assert(s->is_loaded);
    assert(count >= 1 && count <= ROUTE_AGENTS_MAX);
    const size_t room = num_min(result->cap - result->len, ROUTE_RESULT_BYTES_MAX);
    struct turn *turn = arena_take_array(s->run_arena, count, sizeof *turn);
    uint8_t *at = arena_take(s->run_arena, room);
    if (turn == NULL || at == NULL)
        return RC_NOMEM;
    struct buffer paths = buffer_of(at, room);
    for (uint32_t i = 0; i < count; i++)
        turn[i].key = turn_key(agent[i].goal, i);
    qsort(turn, count, sizeof *turn, by_key);
    for (uint32_t i = 0; i < count; i++) {
        const struct route_agent *a = &agent[(uint32_t)turn[i].key];
        turn[i].from = paths.len;
        enum rc rc = route_search_path(s->search, a->start, a->goal, &paths);
        if (rc != RC_OK)
            return rc;
        turn[i].to = paths.len;
    }
    qsort(turn, count, sizeof *turn, by_agent);
    for (uint32_t i = 0; i < count; i++)
        buffer_put(result, bytes_of(paths.at + turn[i].from, turn[i].to - turn[i].from));
    return result->is_full ? RC_FULL : RC_OK;
}

// ---- Checked

// Is the length right? A shorter one cannot be: the path was walked.
static enum rc search_again(bool *is_right, struct route_search *s, const struct route_agent *a,
                            const struct route_length *l)
{
    uint8_t room[ROUTE_PATH_BYTES_MAX];
    struct buffer b = buffer_of(room, sizeof room);
    enum rc rc = route_search_path(s, a->start, a->goal, &b);
    struct cursor c = {.left = buffer_bytes(&b)};
    struct route_length own;
    if (rc == RC_OK)
        rc = route_path_parse(&own, &c);
    *is_right = rc == RC_OK && route_length_units(&own) == route_length_units(l);
    return rc;
}

// Who is said to have no way is asked for his region, which is as good as a search.
static bool has_way(const struct grid *g, const struct route_agent *a)
{
    return grid_is_free(&g->map, a->start) && grid_is_free(&g->map, a->goal) &&
           g->region[grid_index(&g->map, a->start)] == g->region[grid_index(&g->map, a->goal)];
}

enum rc route_check(uint32_t *wrong, const struct route_state *s, const struct route_claim *claim,
                    struct cursor *paths)
{
    assert(s->is_loaded);
    const struct grid *g = &s->grid;
    uint32_t next = 0; // of redo
    *wrong = 0;
    for (uint32_t i = 0; i < claim->agent_count; i++) {
        const struct route_agent *a = &claim->agent[i];
        struct route_length l;
        enum rc rc = route_path_walk(&l, paths, &g->map, a->start, a->goal);
        if (rc == RC_MALFORMED)
            return rc;
        bool is_right = rc == RC_OK && l.is_no_way != has_way(g, a);
        const bool is_redone = next < claim->redo_count && claim->redo[next] == i;
        next += is_redone;
        if (is_right && is_redone && !l.is_no_way) {
            rc = search_again(&is_right, s->search, a, &l);
            if (rc != RC_OK)
                return rc;
        }
        *wrong += !is_right;
    }
    assert(next == claim->redo_count); // or they do not ascend
    return RC_OK;
}
