// SPDX-License-Identifier: MIT
// What a worker does of kernel `crowd`: lets agents walk; or looks at how somebody says they did.
#include "kernel/crowd/crowd.h"

#include <assert.h>
#include <string.h>

#include "kernel/crowd/state.h"

static enum rc run_task(struct route_state *s, const struct crowd_params *p, struct buffer *result)
{
    const size_t from = result->len;
    enum rc rc = route_find(s, p->agent, p->agent_count, result);
    struct crowd c;
    if (rc == RC_OK)
        rc = crowd_new(&c, s->run_arena, s, p, bytes_part(buffer_bytes(result), from, SIZE_MAX));
    if (rc != RC_OK)
        return rc;
    struct crowd_walker *before = arena_take_array(s->run_arena, p->agent_count, sizeof *before);
    if (before == NULL)
        return RC_NOMEM;
    crowd_start(&c);
    for (uint32_t k = 0; k < crowd_state_count(p) && rc == RC_OK; k++) {
        memcpy(before, c.walker, p->agent_count * sizeof *before);
        rc = crowd_walk(&c, k * p->every);
        crowd_write(&c, before, result);
    }
    if (rc == RC_OK && (result->is_full || result->len - from > CROWD_RESULT_BYTES_MAX))
        rc = RC_FULL;
    return rc;
}

// ---- A part

struct look { // what a part looked at, and what was wrong of it
    uint32_t parts, wrong;
};

static uint32_t differing(const struct crowd_walker *a, const struct crowd_walker *b,
                          uint32_t count)
{
    uint32_t differ = 0;
    for (uint32_t i = 0; i < count; i++)
        differ += a[i].x != b[i].x || a[i].y != b[i].y || a[i].turn != b[i].turn;
    return differ;
}

// From each state to the next as the result has them, some of these ways gone again. Answers
// false where the bytes are no states, or lead where nobody could be.
static bool look_at_states(struct crowd *c, struct crowd_walker *walked, struct cursor *in,
                           struct look *l)
{
    const struct crowd_params *p = c->params;
    const size_t bytes = p->agent_count * sizeof *walked;
    uint32_t next = 0; // of the windows
    crowd_start(c);
    for (uint32_t k = 0; k < crowd_state_count(p); k++) {
        const bool is_redone = next < p->window_count && p->window[next] == k;
        if (is_redone) {
            struct crowd copy = *c;
            memcpy(walked, c->walker, bytes);
            copy.walker = walked;
            if (crowd_walk(&copy, k * p->every) != RC_OK)
                return false;
        }
        if (crowd_read(c, in) != RC_OK)
            return false;
        if (is_redone) {
            l->wrong += differing(c->walker, walked, p->agent_count);
            next++;
        }
    }
    assert(next == p->window_count); // or they do not ascend
    return cursor_done(in);
}

static enum rc look_at(struct route_state *s, const struct crowd_params *p, struct bytes shown,
                       struct look *l)
{
    const struct route_claim claim = {p->agent, p->agent_count, p->redo, p->redo_count};
    struct cursor in = {.left = shown};
    struct crowd c;
    enum rc rc = route_check(&l->wrong, s, &claim, &in);
    if (rc == RC_MALFORMED)
        l->wrong = l->parts;
    if (rc != RC_OK || l->wrong > 0)
        return rc == RC_MALFORMED ? RC_OK : rc;
    rc = crowd_new(&c, s->run_arena, s, p, bytes_part(shown, 0, shown.len - in.left.len));
    struct crowd_walker *walked = arena_take_array(s->run_arena, p->agent_count, sizeof *walked);
    if (rc != RC_OK || walked == NULL)
        return RC_NOMEM;
    if (!look_at_states(&c, walked, &in, l))
        l->wrong = l->parts;
    return RC_OK;
}

static enum rc run_part(struct route_state *s, const struct crowd_params *p, struct bytes shown,
                        struct buffer *result)
{
    struct look l = {.parts = crowd_part_count(p)};
    enum rc rc = look_at(s, p, shown, &l);
    return rc == RC_OK ? route_part_put(result, l.parts, l.wrong) : rc;
}

enum rc crowd_run(void *state, const struct kernel_in *in, struct buffer *result,
                  struct buffer *report)
{
    struct route_state *s = state;
    (void)report;
    arena_reset(s->run_arena);
    struct crowd_params *p = arena_take(s->run_arena, sizeof *p);
    if (p == NULL)
        return RC_NOMEM;
    enum rc rc = crowd_params_decode(p, in->params);
    if (rc != RC_OK)
        return rc;
    if (in->given_count != (p->window_count > 0))
        return RC_MALFORMED;
    if (!s->is_loaded)
        return RC_ABSENT;
    return p->window_count > 0 ? run_part(s, p, in->given[0], result) : run_task(s, p, result);
}
