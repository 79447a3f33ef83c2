// SPDX-License-Identifier: MIT
// A loaded map, what searches it, and room for a run: the base of kernels `route` and `crowd`.
#include "kernel/route/base.h"

#include <assert.h>

#define STATE_BYTES_MAX 4096u
#define MAP_BYTES_MAX   ((size_t)768 << 20)
#define RUN_BYTES_MAX   ((size_t)256 << 20)

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
    assert(rc != RC_OK || s->search != NULL);
    s->is_loaded = rc == RC_OK;
    return rc;
}

const struct kernel_base route_base = {
    .open = base_open, .accepts = grid_is, .load = base_load, .close = base_close};
