// SPDX-License-Identifier: MIT
// What a worker does of kernel `route`: makes paths; or looks at somebody else's.
#include "kernel/route/route.h"

static enum rc run_part(struct route_state *s, const struct route_params *p, struct bytes shown,
                        struct buffer *result)
{
    const struct route_claim claim = {p->agent, p->agent_count, p->redo, p->redo_count};
    struct cursor c = {.left = shown};
    uint32_t wrong = 0;
    enum rc rc = route_check(&wrong, s, &claim, &c);
    if (rc != RC_OK && rc != RC_MALFORMED)
        return rc;
    if (rc == RC_MALFORMED || !cursor_done(&c)) // bytes that are no paths are as wrong as can be
        wrong = p->agent_count;
    return route_part_put(result, p->agent_count, wrong);
}

enum rc route_run(void *state, const struct kernel_in *in, struct buffer *result,
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
