// SPDX-License-Identifier: MIT
// Fuzz: params, recordings and results from strangers; what decodes encodes back, and runs if
// small.
#include <assert.h>
#include <string.h>

#include "kernel/audio/audio.h"
#include "kernel/audio/params.h"
#include "kernel/audio/stage_test.h"

#define RAYS_MAX   64u // in one run: more of them take the same ways, for longer
#define FRAMES_MAX 20000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct audio_stage *room(void)
{
    static struct audio_stage stage;
    if (stage.scene.state != NULL)
        return &stage;
    audio_room(&stage, (const float[3]){4, 3, 2}, 0.8f);
    struct scene_material leaf = stage_grey(0.5f);
    leaf.opacity = 0.5f;
    stage_box(&stage.scene, (const float[3]){2, 1, 1}, 0.2f, stage_material(&stage.scene, leaf));
    return stage_open(&stage.scene) == RC_OK ? &stage : NULL;
}

// A length, params; a length, a recording; a result that is shown.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor c = {.left = bytes_of(data, size)};
    const size_t params_len = cursor_u16le(&c);
    const struct bytes params = cursor_take(&c, params_len);
    const size_t sound_len = cursor_u16le(&c);
    const struct bytes sound = cursor_take(&c, sound_len);
    static struct audio_params p;
    static uint8_t back[1024];
    struct buffer b = buffer_of(back, sizeof back);
    struct audio_stage *const s = room();
    if (c.is_bad || s == NULL || audio_params_decode(&p, params) != RC_OK)
        return 0;
    assert(audio_params_encode(&p, &b) == RC_OK);
    assert(bytes_equal(buffer_bytes(&b), params)); // there is one way to say it
    if (p.groups * p.rays > RAYS_MAX || audio_response_frames(&p) > FRAMES_MAX ||
        p.frames > FRAMES_MAX)
        return 0;
    struct bytes given[2];
    uint32_t count = 0;
    if (p.frames > 0)
        given[count++] = sound;
    if (audio_is_part(&p))
        given[count++] = c.left;
    size_t min;
    size_t max;
    struct buffer result = buffer_of(s->result_at, sizeof s->result_at);
    const struct kernel_in in = {params, given, count};
    assert(audio_kernel.result_bounds(params, &min, &max) == RC_OK);
    if (audio_kernel.run(s->scene.state, &in, &result, &result) == RC_OK)
        assert(result.len == min && min == max);
    return 0;
}
