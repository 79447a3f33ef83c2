// SPDX-License-Identifier: MIT
// check_bench's case of kernel `audio`: 24 ms of sound in the neon street.
#include "check.h"
#include "kernel/audio/audio.h"
#include "measure.h"
#include "scene/scene.h"
#include "scene/scenes.h"

#define FRAMES 1152u
#define PAST   24000u
#define LOUDER 64 // steps of 16 bits by which a spoiled frame is off

static struct budget budget = {.limit_bytes = SCENES_BUDGET_BYTES};
static struct audio_params params;

static void make(struct check_task *out)
{
    struct buffer object = {0};
    struct scene scene;
    struct err err;
    struct rng r = rng_seeded(1);
    measure_need(scenes_make(bytes_text("neon-street"), &budget, &object, &err), "scene");
    measure_need(scene_open(&scene, buffer_bytes(&object), &err), "scene");
    const struct camera at = scene_camera(&scene, 0);
    params = (struct audio_params){
        .seed = 1, .right = {1, 0, 0}, .groups = 16, .rays = 16, .bins = 50, .bin_frames = 480};
    params.frames = FRAMES;
    for (size_t i = 0; i < 3; i++) {
        params.listener[i] = at.eye[i];
        params.source[i] = at.eye[i] + 0.3f * (at.target[i] - at.eye[i]);
    }
    struct buffer b = buffer_of(measure_take(1024), 1024);
    measure_need(audio_params_encode(&params, &b), "params");
    struct buffer sound = buffer_of(measure_take((PAST + FRAMES) * 2ul), (PAST + FRAMES) * 2ul);
    for (uint32_t i = 0; i < PAST + FRAMES; i++)
        buffer_u16le(&sound, (uint16_t)(rng_below(&r, 16001) - 8000));
    out->object = buffer_bytes(&object);
    out->params = buffer_bytes(&b);
    out->given[0] = buffer_bytes(&sound);
    out->given_count = 1;
}

// Frames of the sound: energies that are spoiled make every frame wrong.
static void lie(struct rng *r, double share, struct buffer *result)
{
    uint8_t *const sound = result->at + params.groups * audio_group_bytes(&params);
    struct check_share s = check_share_of(r, share, FRAMES);
    for (uint32_t i = 0; i < FRAMES; i++)
        if (check_is_spoiled(&s))
            sound[(size_t)i * 4] ^= LOUDER;
}

const struct check_case check_audio = {"audio", "frames", make, lie};
