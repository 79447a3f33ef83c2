// SPDX-License-Identifier: MIT
// The base of kernels that speak: one object, looked at where it lies.
#include "base/arena.h"
#include "kernel/dialogue/speech.h"
#include "kernel/dialogue/speech_form.h"

struct speech_base_state {
    struct arena *arena;
    struct speech speech;
    bool is_loaded;
};

static enum rc base_open(void **state, uint64_t (*ticks)(void))
{
    (void)ticks;
    *state = NULL;
    struct arena *arena = arena_new(1u << 16);
    struct speech_base_state *s = arena == NULL ? NULL : arena_take(arena, sizeof *s);
    if (s == NULL) {
        arena_free(arena);
        return RC_NOMEM;
    }
    s->arena = arena;
    *state = s;
    return RC_OK;
}

static bool base_accepts(struct bytes object)
{
    return bytes_is(bytes_part(object, 0, sizeof SPEECH_MAGIC - 1), SPEECH_MAGIC);
}

static enum rc base_load(void *state, struct bytes object)
{
    struct speech_base_state *s = state;
    const enum rc rc = speech_open(&s->speech, object);
    s->is_loaded = rc == RC_OK;
    return rc;
}

static void base_close(void *state)
{
    struct speech_base_state *s = state;
    if (s != NULL)
        arena_free(s->arena);
}

const struct speech *speech_state(void *state)
{
    struct speech_base_state *s = state;
    return s->is_loaded ? &s->speech : NULL;
}

const struct kernel_base speech_base = {base_open, base_accepts, base_load, base_close};
