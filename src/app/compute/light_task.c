// SPDX-License-Identifier: MIT
// The tasks of a light frame: what is asked of helpers for each of its stages.
#include "compute/light_task.h"

#include <assert.h>
#include <string.h>

#include "kernel/encode/encode.h"
#include "kernel/geometry/geometry.h"
#include "kernel/trace/trace.h"

#define CELL             8u // of trace's cost map, which nobody reads here
#define STREAM_CRF       20u
#define STREAM_TRIES     3u
#define STREAM_BYTES_MAX (4u << 20)

static_assert(LIGHT_GROUP_MAX <= MSG_NEEDS_MAX, "a stream can name all of its layers");

bool light_spec_is_good(const struct light_spec *s)
{
    return s->width >= 2 && s->width <= LAYER_SIDE_MAX && s->height >= 2 &&
           s->height <= LAYER_SIDE_MAX && (uint64_t)s->width * s->height <= PIXELS_TILE_MAX &&
           s->samples >= 1 && s->samples <= TRACE_SAMPLES_MAX && s->group <= LIGHT_GROUP_MAX &&
           (s->group == 0 ||
            (video_size_is_good(s->width, s->height) && s->fps >= 1 && s->fps <= VIDEO_FPS_MAX));
}

static struct buffer begin(struct light_task *t, const struct light_spec *s, const char *kernel)
{
    assert(light_spec_is_good(s));
    t->run = (struct msg_run){.deadline_ms = s->deadline_ms};
    bytes_to_text(bytes_text(kernel), t->run.spec.kernel, sizeof t->run.spec.kernel);
    bytes_to_text(bytes_text(kernel), t->run.label, sizeof t->run.label);
    return buffer_of(t->params, sizeof t->params);
}

static void look_at(struct light_task *t, const struct light_spec *s)
{
    t->run.spec.input_count = 1;
    t->run.spec.input[0] = s->scene;
}

static enum rc end(struct light_task *t, const struct buffer *params, enum rc rc)
{
    assert(rc != RC_FULL);
    t->run.spec.params = buffer_bytes(params);
    return rc;
}

enum rc light_task_geometry(struct light_task *t, const struct light_spec *s,
                            const struct camera *camera)
{
    const struct geometry_params p = {.width = s->width,
                                      .height = s->height,
                                      .w = s->width,
                                      .h = s->height,
                                      .side = LIGHT_SIDE,
                                      .camera = *camera};
    struct buffer params = begin(t, s, "geometry");
    look_at(t, s);
    t->run.is_kept = t->run.is_quiet = true;
    return end(t, &params, geometry_params_encode(&p, &params));
}

enum rc light_task_trace(struct light_task *t, const struct light_spec *s, uint32_t number,
                         const struct camera *camera, bool is_kept)
{
    const struct trace_params p = {.seed = trace_seed(&s->scene),
                                   .frame = number,
                                   .width = s->width,
                                   .height = s->height,
                                   .w = s->width,
                                   .h = s->height,
                                   .sample_count = s->samples,
                                   .depth_max = s->depth_max,
                                   .cell = CELL,
                                   .camera = *camera};
    struct buffer params = begin(t, s, "trace");
    look_at(t, s);
    t->run.is_kept = t->run.is_quiet = is_kept;
    return end(t, &params, trace_params_encode(&p, &params));
}

struct msg_submit light_task_tiles(const struct light_spec *s, uint32_t number,
                                   const struct camera *camera, bool is_kept)
{
    assert(light_spec_is_good(s));
    return (struct msg_submit){.scene = s->scene,
                               .frame = number,
                               .width = s->width,
                               .height = s->height,
                               .samples = s->samples,
                               .depth_max = s->depth_max,
                               .tiles = s->tiles,
                               .is_kept = is_kept,
                               .camera = *camera};
}

enum rc light_task_post(struct light_task *t, const struct light_spec *s, uint64_t geometry,
                        uint64_t trace, const struct camera *camera,
                        const struct light_before *before)
{
    const bool has_before = before != NULL;
    const struct post_params p = {.width = s->width,
                                  .height = s->height,
                                  .has_before = has_before,
                                  .keeps_memory = s->group > 0, // it does not travel
                                  .levels = LIGHT_LEVELS,
                                  .history_max = LIGHT_HISTORY,
                                  .camera = *camera,
                                  .before = has_before ? before->camera : *camera,
                                  .tile_count = 1,
                                  .tile = {{0, 0, s->width, s->height, s->samples}}};
    struct buffer params = begin(t, s, "post");
    assert(geometry != 0 && trace != 0);
    t->run.is_kept = true;
    t->run.is_quiet = s->group > 0;
    t->run.need_count = has_before ? 4 : 2;
    t->run.need[0] = geometry;
    t->run.need[1] = trace;
    if (has_before) {
        t->run.need[2] = before->post;
        t->run.need[3] = before->geometry;
    }
    return end(t, &params, post_params_encode(&p, &params));
}

enum rc light_task_encode(struct light_task *t, const struct light_spec *s, const uint64_t *post,
                          uint32_t count)
{
    assert(count >= 1 && count <= s->group);
    const struct encode_params p = {.mode = ENCODE_MAKE,
                                    .width = s->width,
                                    .height = s->height,
                                    .count = count,
                                    .fps = s->fps,
                                    .codec = VIDEO_H264,
                                    .form = PICTURE_LIGHT,
                                    .psnr = s->psnr,
                                    .crf = STREAM_CRF,
                                    .tries = STREAM_TRIES,
                                    .bytes_max = STREAM_BYTES_MAX};
    struct buffer params = begin(t, s, "encode");
    t->run.need_count = count;
    memcpy(t->run.need, post, count * sizeof *post);
    return end(t, &params, encode_params_encode(&p, &params));
}
