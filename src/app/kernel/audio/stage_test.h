// SPDX-License-Identifier: MIT
// For tests and measurements: a listener in a room or a scene, run as a task.
#ifndef KERNEL_AUDIO_STAGE_TEST_H
#define KERNEL_AUDIO_STAGE_TEST_H

#include <assert.h>

#include "base/rng.h"
#include "kernel/audio/audio.h"
#include "kernel/kernel_stage_test.h"
#include "kernel/trace/stage_test.h"

struct audio_stage {
    struct stage scene;
    struct audio_params params;
    uint8_t params_at[1024], part_at[1024];
    uint8_t sound_at[AUDIO_RESPONSE_MAX * 4 + AUDIO_FRAMES_MAX * 2];
    struct bytes sound; // empty: none is given
    uint8_t result_at[8 << 20], part_result_at[1 << 20];
};

// A closed room from the origin to `size`, its walls seen from inside, and a source and a listener
// in it.
static inline void audio_room(struct audio_stage *s, const float size[3], float roughness)
{
    struct scene_material m = stage_grey(0.5f);
    m.roughness = roughness;
    stage_init(&s->scene, 1, 1);
    const uint32_t wall = stage_material(&s->scene, m);
    for (size_t axis = 0; axis < 3; axis++) {
        float a[3] = {0};
        float b[3] = {0};
        float far[3] = {0};
        a[(axis + 1) % 3] = size[(axis + 1) % 3];
        b[(axis + 2) % 3] = size[(axis + 2) % 3];
        far[axis] = size[axis];
        stage_quad(&s->scene, (const float[3]){0}, a, b, wall);
        stage_quad(&s->scene, far, a, b, wall);
    }
    s->params = (struct audio_params){.seed = 1,
                                      .source = {0.3f * size[0], 0.4f * size[1], 0.3f * size[2]},
                                      .listener = {0.7f * size[0], 0.5f * size[1], 0.6f * size[2]},
                                      .right = {0, 0, 1},
                                      .groups = 16,
                                      .rays = 32,
                                      .bins = 100,
                                      .bin_frames = 480};
    s->sound = bytes_of(NULL, 0);
}

// Noise, as loud as `peak`.
static inline void audio_sound(struct audio_stage *s, uint32_t past, uint32_t frames, uint32_t peak,
                               uint64_t seed)
{
    struct rng r = rng_seeded(seed);
    struct buffer b = buffer_of(s->sound_at, sizeof s->sound_at);
    for (uint32_t i = 0; i < past + frames; i++)
        buffer_u16le(&b, (uint16_t)(rng_below(&r, 2 * (uint64_t)peak + 1) - peak));
    assert(!b.is_full);
    s->sound = buffer_bytes(&b);
    s->params.frames = frames;
}

static inline struct bytes audio_stage_params(struct audio_stage *s)
{
    struct buffer b = buffer_of(s->params_at, sizeof s->params_at);
    const enum rc rc = audio_params_encode(&s->params, &b);
    assert(rc == RC_OK);
    return buffer_bytes(&b);
}

// Empty on failure.
static inline struct bytes audio_stage_run(struct audio_stage *s)
{
    const struct kernel_in in = {audio_stage_params(s), &s->sound, s->sound.len > 0};
    struct buffer result = buffer_of(s->result_at, sizeof s->result_at);
    if (audio_kernel.run(s->scene.state, &in, &result, &result) != RC_OK)
        return bytes_of(NULL, 0);
    return buffer_bytes(&result);
}

// By what `state` makes of the parts: it may be another machine's.
static inline enum rc audio_stage_check(struct audio_stage *s, void *state, struct bytes result,
                                        uint64_t nonce, struct kernel_verdict *v)
{
    struct kernel_stage k = {&audio_kernel,
                             state,
                             {s->sound},
                             s->sound.len > 0,
                             buffer_of(s->part_at, sizeof s->part_at),
                             buffer_of(s->part_result_at, sizeof s->part_result_at)};
    return kernel_stage_check(&k, audio_stage_params(s), result, nonce, v);
}

#endif
