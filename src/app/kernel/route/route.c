// SPDX-License-Identifier: MIT
// Kernel `route`: shortest paths on a grid map, for many agents at once.
#include "kernel/route/route.h"

#include <stdlib.h>

#include "base/num.h"
#include "kernel/route/path.h"
#include "kernel/route/search.h"

#define STATE_BYTES_MAX 4096u
#define MAP_BYTES_MAX   ((size_t)768 << 20)
#define RUN_BYTES_MAX   ((size_t)256 << 20)
#define USUAL_AGENTS    100.0 // of a task
#define WALK_PRICE      .07   // of walking a path, in searches (bench/check_bench)

static void base_close(void *state)
{
    struct route_state *s = state;
    if (s == NULL)
        return;
    arena_free(s->map_arena);
    arena_free(s->run_arena);
    struct arena *own = s->arena;
    arena_free(own);
}

static enum rc base_open(void **state, uint64_t (*ticks)(void))
{
    (void)ticks;
    *state = NULL;
    struct arena *arena = arena_new(STATE_BYTES_MAX);
    struct route_state *s = arena != NULL ? arena_take(arena, sizeof *s) : NULL;
    if (s == NULL) {
        arena_free(arena);
        return RC_NOMEM;
    }
    s->arena = arena;
    s->map_arena = arena_new(MAP_BYTES_MAX);
    s->run_arena = arena_new(RUN_BYTES_MAX);
    if (s->map_arena == NULL || s->run_arena == NULL) {
        base_close(s);
        return RC_NOMEM;
    }
    *state = s;
    return RC_OK;
}

static enum rc base_load(void *state, struct bytes object)
{
    struct route_state *s = state;
    arena_reset(s->map_arena);
    enum rc rc = grid_open(&s->grid, s->map_arena, object, NULL);
    if (rc == RC_OK)
        rc = route_search_new(&s->search, s->map_arena, &s->grid);
    s->is_loaded = rc == RC_OK;
    return rc;
}

// ---- A task

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

// ---- A part

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

enum rc route_check(uint32_t *wrong, const struct grid *g, struct route_search *s,
                    const struct route_claim *claim, struct cursor *paths)
{
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
            rc = search_again(&is_right, s, a, &l);
            if (rc != RC_OK)
                return rc;
        }
        *wrong += !is_right;
    }
    return RC_OK;
}

static enum rc run_part(struct route_state *s, const struct route_params *p, struct bytes shown,
                        struct buffer *result)
{
    const struct route_claim claim = {p->agent, p->agent_count, p->redo, p->redo_count};
    struct cursor c = {.left = shown};
    uint32_t wrong = 0;
    enum rc rc = route_check(&wrong, &s->grid, s->search, &claim, &c);
    if (rc != RC_OK && rc != RC_MALFORMED)
        return rc;
    if (rc == RC_MALFORMED || !cursor_done(&c)) // bytes that are no paths are as wrong as can be
        wrong = p->agent_count;
    buffer_u32le(result, p->agent_count);
    buffer_u32le(result, wrong);
    return result->is_full ? RC_FULL : RC_OK;
}

static enum rc kernel_run(void *state, const struct kernel_in *in, struct buffer *result,
                          struct buffer *report)
{
    struct route_state *s = state;
    (void)report;
    arena_reset(s->run_arena);
    struct route_params *p = arena_take(s->run_arena, sizeof *p);
    if (p == NULL)
        return RC_NOMEM;
    enum rc rc = route_params_decode(p, in->params);
    if (rc != RC_OK)
        return rc;
    if (in->given_count != (p->redo_count > 0))
        return RC_MALFORMED;
    if (!s->is_loaded)
        return RC_ABSENT;
    return p->redo_count > 0 ? run_part(s, p, in->given[0], result)
                             : route_find(s, p->agent, p->agent_count, result);
}

// ---- The hub's side

static enum rc kernel_result_bounds(struct bytes params, size_t *min, size_t *max)
{
    struct route_params p;
    enum rc rc = route_params_decode(&p, params);
    if (rc != RC_OK)
        return rc;
    *min = p.redo_count > 0 ? ROUTE_PART_BYTES : p.agent_count;
    *max = p.redo_count > 0
               ? ROUTE_PART_BYTES
               : num_min((uint64_t)p.agent_count * ROUTE_PATH_BYTES_MAX, ROUTE_RESULT_BYTES_MAX);
    return RC_OK;
}

static double kernel_size(struct bytes params)
{
    struct route_params p;
    if (route_params_decode(&p, params) != RC_OK)
        return 1;
    const double walked = p.agent_count * WALK_PRICE;
    return (p.redo_count > 0 ? p.redo_count + walked : p.agent_count) / USUAL_AGENTS;
}

static enum rc kernel_part(struct bytes params, uint64_t nonce, struct buffer *part_params)
{
    struct route_params p;
    enum rc rc = route_params_decode(&p, params);
    if (rc != RC_OK)
        return rc;
    p.redo_count = route_redo_count(p.agent_count);
    route_redo_choose(p.redo, p.redo_count, p.agent_count, nonce);
    return route_params_encode(&p, part_params);
}

static enum rc kernel_judge(struct bytes params, struct bytes result, struct bytes part_params,
                            struct bytes part_result, struct kernel_verdict *out)
{
    (void)result; // its part was shown it
    *out = (struct kernel_verdict){0};
    struct route_params p;
    struct route_params part;
    if (route_params_decode(&p, params) != RC_OK ||
        route_params_decode(&part, part_params) != RC_OK || part.redo_count == 0 ||
        part.agent_count != p.agent_count)
        return RC_MALFORMED;
    struct cursor c = {.left = part_result};
    const uint32_t parts = cursor_u32le(&c);
    const uint32_t wrong = cursor_u32le(&c);
    if (!cursor_done(&c) || parts != p.agent_count || wrong > parts)
        return RC_MALFORMED;
    *out = (struct kernel_verdict){.parts = parts, .mismatches = wrong, .is_right = wrong == 0};
    return RC_OK;
}

const struct kernel_base route_base = {
    .open = base_open, .accepts = grid_is, .load = base_load, .close = base_close};

const struct kernel route_kernel = {.name = "route",
                                    .base = &route_base,
                                    .shows_result = true,
                                    .run = kernel_run,
                                    .result_bounds = kernel_result_bounds,
                                    .size = kernel_size,
                                    .part = kernel_part,
                                    .judge = kernel_judge};
