// SPDX-License-Identifier: MIT
// What a worker does of kernel `audio`: traces groups of rays, makes their response, convolves.
#include "kernel/audio/audio.h"

#include <assert.h>

#include "base/arena.h"
#include "kernel/audio/convolve.h"
#include "kernel/audio/energy.h"
#include "kernel/audio/paths.h"
#include "kernel/audio/response.h"
#include "kernel/float_mode.h"
#include "kernel/world/base.h"

#define RUN_BYTES_MAX (64u << 20)

struct job {
    struct audio_params params;
    const struct world *world;
    struct arena *arena;
    uint64_t *sums;      // of one group
    struct bytes groups; // of the result: its own, or the one shown
    struct bytes recording;
};

static void run_group(struct job *j, uint32_t group, struct buffer *result)
{
    const uint32_t count = j->params.bins * AUDIO_BANDS;
    bool is_free = false;
    for (uint32_t i = 0; i < count; i++)
        j->sums[i] = 0;
    audio_trace(j->world, &j->params, group, j->sums, &is_free);
    buffer_u8(result, is_free);
    for (uint32_t i = 0; i < count; i++)
        buffer_u16le(result, audio_energy_code(j->sums[i] / j->params.rays));
}

static void put_frame(struct buffer *result, double left, double right)
{
    buffer_u16le(result, (uint16_t)audio_round(left));
    buffer_u16le(result, (uint16_t)audio_round(right));
}

static enum rc run_sound(struct job *j, struct buffer *result)
{
    const struct audio_params *const p = &j->params;
    const uint32_t length = audio_response_frames(p);
    double *const response = arena_take_array(j->arena, length, AUDIO_EARS * sizeof *response);
    if (response == NULL)
        return RC_NOMEM;
    audio_response(p, j->groups, response);
    const struct audio_recording r = {j->recording, p->frames, response, length};
    assert(j->groups.len >= p->groups * audio_group_bytes(p));
    for (uint32_t i = 0; i < p->part.frames; i++)
        put_frame(result, audio_convolve_at(&r, p->part.frame[i], 0),
                  audio_convolve_at(&r, p->part.frame[i], 1));
    if (audio_is_part(p))
        return RC_OK;
    double *const out = arena_take_array(j->arena, p->frames, AUDIO_EARS * sizeof *out);
    const enum rc rc = out != NULL ? audio_convolve(&r, j->arena, out) : RC_NOMEM;
    for (uint32_t i = 0; rc == RC_OK && i < p->frames; i++)
        put_frame(result, out[(size_t)i * AUDIO_EARS], out[(size_t)i * AUDIO_EARS + 1]);
    return rc;
}

static enum rc run_job(struct job *j, struct buffer *result)
{
    const struct audio_params *const p = &j->params;
    j->sums = arena_take_array(j->arena, (size_t)p->bins * AUDIO_BANDS, sizeof *j->sums);
    if (j->sums == NULL)
        return RC_NOMEM;
    const uint8_t *const start = result->at + result->len;
    const uint32_t count = audio_is_part(p) ? p->part.groups : p->groups;
    for (uint32_t i = 0; i < count; i++)
        run_group(j, audio_is_part(p) ? p->part.group[i] : i, result);
    if (result->is_full)
        return RC_FULL;
    if (!audio_is_part(p))
        j->groups = bytes_of(start, count * audio_group_bytes(p));
    const enum rc rc = p->frames > 0 ? run_sound(j, result) : RC_OK;
    return rc == RC_OK && result->is_full ? RC_FULL : rc;
}

// What is given: a recording if there are frames, and for a part the result.
static bool take_given(struct job *j, const struct kernel_in *in)
{
    const struct audio_params *const p = &j->params;
    const uint32_t has_sound = p->frames > 0;
    if (in->given_count != has_sound + audio_is_part(p))
        return false;
    if (has_sound)
        j->recording = in->given[0];
    const size_t frames = j->recording.len / 2;
    if (j->recording.len % 2 != 0 || frames < p->frames ||
        frames - p->frames > audio_response_frames(p))
        return false;
    if (!audio_is_part(p))
        return true;
    j->groups = in->given[has_sound];
    return j->groups.len == p->groups * audio_group_bytes(p) + (size_t)p->frames * 4;
}

enum rc audio_run(void *state, const struct kernel_in *in, struct buffer *result,
                  struct buffer *report)
{
    (void)report;
    struct job j = {0};
    if (audio_params_decode(&j.params, in->params) != RC_OK || !take_given(&j, in))
        return RC_MALFORMED;
    j.world = world_base_loaded(state);
    if (j.world == NULL)
        return RC_ABSENT;
    j.arena = arena_new(RUN_BYTES_MAX);
    if (j.arena == NULL)
        return RC_NOMEM;
    const unsigned mode = float_mode_begin();
    const enum rc rc = run_job(&j, result);
    float_mode_end(mode);
    arena_free(j.arena);
    return rc;
}
