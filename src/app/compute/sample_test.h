// SPDX-License-Identifier: MIT
// A valid message of any type, with fields drawn at random from all of their ranges.
//
// For tests and fuzz targets only. Byte strings are borrowed from sample_blob.
#ifndef COMPUTE_SAMPLE_TEST_H
#define COMPUTE_SAMPLE_TEST_H

#include <string.h>

#include "base/num.h"
#include "base/rng.h"
#include "compute/msg.h"
#include "scene/scene.h"

#define SAMPLE_TYPES      24u // MSG_CHALLENGE .. MSG_PEERS
#define SAMPLE_BYTES_MAX  (MSG_HEAD_BYTES_MAX + 2 * SAMPLE_BLOB_BYTES)
#define SAMPLE_BLOB_BYTES 300u

static const uint8_t sample_blob[SAMPLE_BLOB_BYTES] = {1, 2, 3};

// Often an end of the range, else anything within.
static inline uint64_t sample_u64(struct rng *r, uint64_t min, uint64_t max)
{
    uint64_t kind = rng_below(r, 4);
    if (kind == 0)
        return min;
    if (kind == 1)
        return max;
    return max - min == UINT64_MAX ? rng_u64(r) : min + rng_below(r, max - min + 1);
}

static inline uint32_t sample_u32(struct rng *r, uint32_t min, uint32_t max)
{
    return (uint32_t)sample_u64(r, min, max);
}

static inline float sample_f32(struct rng *r, float min, float max)
{
    float v = min + (float)rng_unit(r) * (max - min);
    return rng_below(r, 4) == 0 ? min : v > max ? max : v;
}

static inline void sample_fill(struct rng *r, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)rng_u64(r);
}

static inline struct digest sample_digest(struct rng *r)
{
    struct digest d = {{0}};
    sample_fill(r, d.b, sizeof d.b);
    return d;
}

static inline void sample_text(struct rng *r, char *out, size_t cap)
{
    size_t len = (size_t)sample_u64(r, 0, cap - 1);
    for (size_t i = 0; i < len; i++)
        out[i] = (char)(0x20 + rng_below(r, 0x5f));
    out[len] = 0;
    if (len >= 2 && rng_below(r, 4) == 0)
        memcpy(out, "\xc3\xa4", 2); // an umlaut
}

static inline struct bytes sample_bytes(struct rng *r)
{
    return bytes_of(sample_blob, (size_t)sample_u64(r, 0, SAMPLE_BLOB_BYTES));
}

static inline void sample_hello(struct rng *r, struct msg_hello *v)
{
    v->version = sample_u32(r, 1, UINT32_MAX);
    v->role = rng_below(r, 2) == 0 ? MSG_ROLE_HELPER : MSG_ROLE_GAMER;
    sample_fill(r, v->public.b, sizeof v->public.b);
    sample_fill(r, v->signature.b, sizeof v->signature.b);
    sample_fill(r, v->nonce, sizeof v->nonce);
    sample_text(r, v->name, sizeof v->name);
    sample_fill(r, v->token_proof, sizeof v->token_proof);
    v->ability.slots = sample_u32(r, 0, MSG_SLOTS_MAX);
    v->ability.cores = sample_u32(r, 0, MSG_CORES_MAX);
    v->ability.memory_bytes = sample_u64(r, 0, UINT64_MAX);
    sample_text(r, v->ability.cpu, sizeof v->ability.cpu);
    sample_text(r, v->ability.cage, sizeof v->ability.cage);
    v->ability.speed_count = sample_u32(r, 0, MSG_KERNELS_MAX);
    for (uint32_t i = 0; i < v->ability.speed_count; i++) {
        sample_text(r, v->ability.speed[i].kernel, TASK_KERNEL_BYTES);
        v->ability.speed[i].units_s = sample_u64(r, 1, UINT64_MAX);
    }
}

static inline struct camera sample_camera(struct rng *r)
{
    struct camera v;
    for (size_t i = 0; i < 3; i++) {
        v.eye[i] = sample_f32(r, -SCENE_EXTENT_MAX, SCENE_EXTENT_MAX);
        v.target[i] = sample_f32(r, -SCENE_EXTENT_MAX, SCENE_EXTENT_MAX);
        v.up[i] = sample_f32(r, -SCENE_EXTENT_MAX, SCENE_EXTENT_MAX);
    }
    v.fov_deg = sample_f32(r, 1, 170);
    return v;
}

static inline void sample_submit(struct rng *r, struct msg_submit *v)
{
    *v = (struct msg_submit){.job = sample_u64(r, 0, UINT64_MAX),
                             .scene = sample_digest(r),
                             .frame = sample_u32(r, 0, UINT32_MAX),
                             .width = sample_u32(r, 1, PIXELS_SIDE_MAX),
                             .height = sample_u32(r, 1, PIXELS_SIDE_MAX),
                             .samples = sample_u32(r, 1, MSG_SAMPLES_MAX),
                             .depth_max = sample_u32(r, 1, TRACE_DEPTH_MAX),
                             .tiles = sample_u32(r, 0, MSG_TILES_MAX),
                             .is_session = rng_below(r, 2) == 0,
                             .is_kept = rng_below(r, 2) == 0,
                             .camera = sample_camera(r)};
    v->plan = sample_u64(r, 0, UINT64_MAX);
    v->have = bytes_of(sample_blob, MSG_HAVE_BYTES * rng_below(r, 30));
}

static inline struct msg_expected sample_expected(struct rng *r)
{
    return (struct msg_expected){sample_u64(r, 0, UINT64_MAX), sample_u64(r, 0, UINT64_MAX),
                                 sample_u64(r, 0, UINT64_MAX)};
}

static inline void sample_tile(struct rng *r, struct msg_tile *v)
{
    *v = (struct msg_tile){
        .job = sample_u64(r, 0, UINT64_MAX),
        .index = sample_u32(r, 0, UINT32_MAX),
        .rect = {sample_u32(r, 0, PIXELS_SIDE_MAX - 1), sample_u32(r, 0, PIXELS_SIDE_MAX - 1),
                 sample_u32(r, 1, PIXELS_SIDE_MAX), sample_u32(r, 1, PIXELS_SIDE_MAX)},
        .sample_first = sample_u32(r, 0, MSG_SAMPLES_MAX - 1),
        .sample_count = sample_u32(r, 1, TRACE_SAMPLES_MAX),
        .node = sample_digest(r),
        .expected = sample_expected(r),
        .wall_us = sample_u64(r, 0, UINT64_MAX),
        .cpu_us = sample_u64(r, 0, UINT64_MAX),
        .attempts = sample_u32(r, 1, UINT32_MAX),
        .parts = sample_u32(r, 0, PARTS_MAX),
        .is_cached = rng_below(r, 2) == 0,
        .result = sample_bytes(r)};
    sample_text(r, v->helper, sizeof v->helper);
}

static inline void sample_spec(struct rng *r, struct task_spec *v)
{
    sample_text(r, v->kernel, sizeof v->kernel);
    v->input_count = sample_u32(r, 0, TASK_INPUTS_MAX);
    for (uint32_t i = 0; i < v->input_count; i++)
        v->input[i] = sample_digest(r);
    v->params = sample_bytes(r);
}

static inline void sample_runs(struct rng *r, struct msg *m)
{
    if (m->type == MSG_RUN) {
        m->as.run.job = sample_u64(r, 0, UINT64_MAX);
        sample_text(r, m->as.run.label, MSG_LABEL_BYTES);
        m->as.run.deadline_ms = sample_u32(r, 0, UINT32_MAX);
        sample_spec(r, &m->as.run.spec);
        m->as.run.need_count = sample_u32(r, 0, MSG_NEEDS_MAX);
        for (uint32_t i = 0; i < m->as.run.need_count; i++)
            m->as.run.need[i] = sample_u64(r, 0, UINT64_MAX);
        m->as.run.is_kept = rng_below(r, 2) == 0;
        m->as.run.is_quiet = rng_below(r, 2) == 0;
    } else if (m->type == MSG_RAN) {
        m->as.ran = (struct msg_ran){.job = sample_u64(r, 0, UINT64_MAX),
                                     .node = sample_digest(r),
                                     .expected = sample_expected(r),
                                     .wall_us = sample_u64(r, 0, UINT64_MAX),
                                     .cpu_us = sample_u64(r, 0, UINT64_MAX),
                                     .attempts = sample_u32(r, 1, UINT32_MAX),
                                     .is_cached = rng_below(r, 2) == 0,
                                     .result = sample_bytes(r)};
        sample_text(r, m->as.ran.label, MSG_LABEL_BYTES);
        sample_text(r, m->as.ran.helper, MSG_NAME_BYTES);
    } else if (m->type == MSG_INPUT) {
        m->as.input.step = sample_u64(r, 1, UINT64_MAX);
        m->as.input.for_us = sample_u32(r, 1, SESSION_STEP_US_MAX);
        for (size_t i = 0; i < 3; i++)
            m->as.input.move[i] = sample_f32(r, -1, 1);
        for (size_t i = 0; i < 2; i++)
            m->as.input.turn[i] = sample_f32(r, -1, 1);
    } else if (m->type == MSG_PEERS) {
        m->as.peers =
            (struct msg_peers){sample_u32(r, 0, UINT32_MAX), sample_u32(r, 0, UINT32_MAX)};
    }
}

static inline void sample_assign(struct rng *r, struct msg_assign *v)
{
    v->task = sample_u64(r, 0, UINT64_MAX);
    v->budget_ms = sample_u32(r, 1, UINT32_MAX);
    v->expected_us = sample_u64(r, 0, UINT64_MAX);
    sample_spec(r, &v->spec);
}

static inline void sample_result(struct rng *r, struct msg_result *v)
{
    *v = (struct msg_result){.task = sample_u64(r, 0, UINT64_MAX),
                             .hash = sample_digest(r),
                             .cpu_us = sample_u64(r, 0, UINT64_MAX),
                             .report = sample_bytes(r),
                             .result = sample_bytes(r)};
    sample_fill(r, v->signature.b, sizeof v->signature.b);
}

static inline void sample_opening(struct rng *r, struct msg *m)
{
    if (m->type == MSG_CHALLENGE) {
        m->as.challenge.version = sample_u32(r, 1, UINT32_MAX);
        sample_fill(r, m->as.challenge.nonce, sizeof m->as.challenge.nonce);
        sample_fill(r, m->as.challenge.hub.b, sizeof m->as.challenge.hub.b);
    } else if (m->type == MSG_HELLO) {
        sample_hello(r, &m->as.hello);
    } else if (m->type == MSG_WELCOME) {
        sample_fill(r, m->as.welcome.signature.b, sizeof m->as.welcome.signature.b);
        m->as.welcome.heartbeat_ms = sample_u32(r, MSG_HEARTBEAT_MS_MIN, MSG_HEARTBEAT_MS_MAX);
    } else if (m->type == MSG_REFUSE) {
        m->as.refuse.rc = (enum rc)sample_u32(r, 1, RC_COUNT - 1);
        sample_text(r, m->as.refuse.text, MSG_TEXT_BYTES);
    }
}

static inline void sample_objects(struct rng *r, struct msg *m)
{
    if (m->type == MSG_OBJECT_GET)
        m->as.object_get =
            (struct msg_object_get){.digest = sample_digest(r),
                                    .offset = sample_u64(r, 0, MSG_OBJECT_BYTES_MAX - 1),
                                    .len = sample_u32(r, 1, MSG_PART_BYTES_MAX)};
    else if (m->type == MSG_OBJECT_PART)
        m->as.object_part =
            (struct msg_object_part){.digest = sample_digest(r),
                                     .offset = sample_u64(r, 0, MSG_OBJECT_BYTES_MAX - 1),
                                     .total = sample_u64(r, 1, MSG_OBJECT_BYTES_MAX),
                                     .data = sample_bytes(r)};
    else if (m->type == MSG_OBJECT_NONE)
        m->as.object_none.digest = sample_digest(r);
    else if (m->type == MSG_PREPARE)
        m->as.prepare.object = sample_digest(r);
}

static inline void sample_frames(struct rng *r, struct msg *m)
{
    uint64_t job = sample_u64(r, 0, UINT64_MAX);
    if (m->type == MSG_SUBMIT) {
        sample_submit(r, &m->as.submit);
    } else if (m->type == MSG_WITHDRAW) {
        m->as.withdraw.job = job;
    } else if (m->type == MSG_PLANNED) {
        m->as.planned = (struct msg_planned){job,
                                             sample_u32(r, 1, UINT32_MAX),
                                             sample_u32(r, 0, UINT32_MAX),
                                             sample_u64(r, 0, UINT64_MAX),
                                             sample_u64(r, 0, UINT64_MAX),
                                             sample_camera(r)};
    } else if (m->type == MSG_TILE) {
        sample_tile(r, &m->as.tile);
    } else if (m->type == MSG_DONE) {
        m->as.done = (struct msg_done){job, sample_u32(r, 0, UINT32_MAX),
                                       sample_u32(r, 0, UINT32_MAX), sample_u32(r, 0, UINT32_MAX)};
    } else if (m->type == MSG_FAILED) {
        m->as.failed.job = job;
        sample_text(r, m->as.failed.label, MSG_LABEL_BYTES);
        m->as.failed.rc = (enum rc)sample_u32(r, 1, RC_COUNT - 1);
        sample_text(r, m->as.failed.text, MSG_TEXT_BYTES);
    }
}

static inline void sample_tasks(struct rng *r, struct msg *m)
{
    uint64_t task = sample_u64(r, 0, UINT64_MAX);
    if (m->type == MSG_HEARTBEAT) {
        m->as.heartbeat =
            (struct msg_heartbeat){.busy = sample_u32(r, 0, MSG_SLOTS_MAX),
                                   .load_permille = sample_u32(r, 0, 1000),
                                   .temperature_mc = (int32_t)sample_u32(r, 0, UINT32_MAX),
                                   .has_temperature = rng_below(r, 2) == 0,
                                   .memory_free_bytes = sample_u64(r, 0, UINT64_MAX)};
    } else if (m->type == MSG_ASSIGN) {
        sample_assign(r, &m->as.assign);
    } else if (m->type == MSG_CANCEL) {
        m->as.cancel.task = task;
    } else if (m->type == MSG_RESULT) {
        sample_result(r, &m->as.result);
    } else if (m->type == MSG_FAILURE) {
        m->as.failure.task = task;
        m->as.failure.rc = (enum rc)sample_u32(r, 1, RC_COUNT - 1);
        sample_text(r, m->as.failure.text, MSG_TEXT_BYTES);
    } else if (m->type == MSG_VERDICT) {
        m->as.verdict = (struct msg_verdict){task,
                                             rng_below(r, 2) == 0,
                                             sample_u32(r, 0, UINT32_MAX),
                                             sample_u32(r, 0, UINT32_MAX),
                                             {0}};
        sample_text(r, m->as.verdict.text, MSG_TEXT_BYTES);
    }
}

// type: 1 .. SAMPLE_TYPES
static inline struct msg sample_msg(enum msg_type type, struct rng *r)
{
    struct msg m;
    memset(&m, 0, sizeof m);
    m.type = type;
    sample_opening(r, &m);
    sample_objects(r, &m);
    sample_frames(r, &m);
    sample_tasks(r, &m);
    sample_runs(r, &m);
    return m;
}

#endif
