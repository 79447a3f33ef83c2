// SPDX-License-Identifier: MIT
// How long does a block of sound take on one core, and does it come within 24 ms?
//
//     audio_bench [SCENE [ROUNDS]]     (neon-street 20)
//
// Rays, response and convolution of one block, for several numbers of rays, lengths of the
// response and of the block. Median CPU time of ROUNDS, each with another seed; then the same with
// rays alone. Last: groups that differ between SIMD levels, of all (doc/kernels/audio.md).
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/rng.h"
#include "kernel/audio/audio.h"
#include "kernel/trace/trace.h"
#include "kernel/world/base.h"
#include "measure.h"
#include "scene/scene.h"
#include "scene/scenes.h"

#define ROUNDS_MAX   1000u
#define RESULT_BYTES ((size_t)2 << 20)

struct bench {
    void *state;
    struct audio_params params;
    uint8_t sound_at[(AUDIO_RESPONSE_MAX + AUDIO_FRAMES_MAX) * 2];
    uint8_t result_at[RESULT_BYTES], other_at[RESULT_BYTES];
    uint32_t rounds;
};

static struct bytes run(struct bench *b, void *state, uint8_t *at)
{
    uint8_t room[1024];
    struct buffer params = buffer_of(room, sizeof room);
    struct buffer result = buffer_of(at, RESULT_BYTES);
    measure_need(audio_params_encode(&b->params, &params), "audio_bench");
    const size_t past = b->params.bins * b->params.bin_frames;
    const struct bytes sound = bytes_of(b->sound_at, (past + b->params.frames) * 2);
    const struct kernel_in in = {buffer_bytes(&params), &sound, b->params.frames > 0};
    measure_need(audio_kernel.run(state, &in, &result, &result), "audio_bench");
    return buffer_bytes(&result);
}

static double median_ms(struct bench *b)
{
    static double us[ROUNDS_MAX];
    for (uint32_t i = 0; i < b->rounds; i++) {
        b->params.seed = i;
        const double from = measure_cpu_us();
        (void)run(b, b->state, b->result_at);
        us[i] = measure_cpu_us() - from;
    }
    return measure_median(us, b->rounds) * 1e-3;
}

static void measure(struct bench *b)
{
    static const uint32_t rays[] = {128, 256, 512, 1024, 4096};
    static const uint32_t bins[] = {25, 50, 100};
    static const uint32_t frames[] = {480, 1152, 4800};
    printf("  rays  response ms  block ms   rays ms    all ms\n");
    for (size_t i = 0; i < 5; i++) {
        for (size_t k = 0; k < 3; k++) {
            for (size_t m = 0; m < 3; m++) {
                b->params.rays = rays[i] / b->params.groups;
                b->params.bins = bins[k];
                b->params.frames = 0;
                const double alone = median_ms(b);
                b->params.frames = frames[m];
                printf("%6u %12u %9u %9.2f %9.2f\n", rays[i], bins[k] * 10, frames[m] / 48, alone,
                       median_ms(b));
            }
        }
    }
}

static void compare(struct bench *b, struct bytes scene, const char *isa)
{
    void *other;
    if (world_base_open_isa(&other, NULL, isa) != RC_OK)
        return;
    measure_need(world_base.load(other, scene), "audio_bench");
    uint32_t differ = 0;
    uint32_t groups = 0;
    b->params.frames = 0;
    b->params.bins = 50;
    b->params.rays = 32;
    for (uint32_t i = 0; i < 4 * b->rounds; i++) {
        b->params.seed = i;
        const struct bytes x = run(b, b->state, b->result_at);
        const struct bytes y = run(b, other, b->other_at);
        const size_t each = x.len / b->params.groups;
        for (size_t g = 0; g < b->params.groups; g++, groups++)
            differ += memcmp(x.at + g * each, y.at + g * each, each) != 0;
    }
    printf("%s: of %u groups of 32 rays %u differ from this machine's best\n", isa, groups, differ);
    world_base.close(other);
}

int main(int argc, char **argv)
{
    static struct bench b;
    static struct budget budget = {.limit_bytes = SCENES_BUDGET_BYTES};
    const char *const name = argc > 1 ? argv[1] : "neon-street";
    struct buffer object = {0};
    struct scene scene;
    struct err err;
    struct rng r = rng_seeded(1);
    b.rounds = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 20;
    if (b.rounds < 1 || b.rounds > ROUNDS_MAX) {
        fprintf(stderr, "usage: audio_bench [SCENE [ROUNDS up to %u]]\n", ROUNDS_MAX);
        return 2;
    }
    measure_need(scenes_make(bytes_text(name), &budget, &object, &err), "audio_bench");
    measure_need(scene_open(&scene, buffer_bytes(&object), &err), "audio_bench");
    measure_need(world_base.open(&b.state, NULL), "audio_bench");
    measure_need(world_base.load(b.state, buffer_bytes(&object)), "audio_bench");
    for (size_t i = 0; i < sizeof b.sound_at; i++)
        b.sound_at[i] = (uint8_t)(i % 2 == 0 ? rng_u64(&r) : rng_below(&r, 16));
    const struct camera at = scene_camera(&scene, 0);
    b.params = (struct audio_params){.right = {1, 0, 0}, .groups = 16, .bin_frames = 480};
    for (size_t i = 0; i < 3; i++) {
        b.params.listener[i] = at.eye[i];
        b.params.source[i] = at.eye[i] + 0.3f * (at.target[i] - at.eye[i]);
    }
    measure(&b);
    compare(&b, buffer_bytes(&object), "sse2");
    compare(&b, buffer_bytes(&object), "avx");
    compare(&b, buffer_bytes(&object), "avx2");
    world_base.close(b.state);
    return 0;
}
