// SPDX-License-Identifier: MIT
// The tasks of a light frame: what is asked of helpers for each of its stages (light.h).
//
//     geometry, trace   of what the camera sees; trace as one task, or as a frame in tiles
//     post              of both, and of post and geometry of the light frame before
//     encode            of the layers of several light frames
//
// What a stage needs of others are results that the hub keeps, named by their jobs.
#ifndef COMPUTE_LIGHT_TASK_H
#define COMPUTE_LIGHT_TASK_H

#include "base/attr.h"
#include "compute/light.h"
#include "compute/msg.h"

struct light_spec { // the same for all light frames of a game
    struct digest scene;
    uint32_t width, height; // even for streams
    uint32_t samples, depth_max;
    uint32_t tiles;       // 0: as the hub thinks best
    uint32_t group;       // of a stream, 1..LIGHT_GROUP_MAX; 0: layers come as they are
    uint32_t fps;         // light frames a second, for streams
    uint32_t psnr;        // that a stream must reach, centi-dB of its codes
    uint32_t deadline_ms; // of each task; 0: none
};

struct light_before { // the light frame that post goes on from, by its jobs
    uint64_t geometry, post;
    struct camera camera;
};

// Whether light can be had like this.
bool light_spec_is_good(const struct light_spec *s);

#define LIGHT_PARAMS_BYTES 1024u

struct light_task { // not to be copied: run borrows params
    struct msg_run run;
    uint8_t params[LIGHT_PARAMS_BYTES];
};

// Each fills *t. What later stages need is kept at the hub; of that, only a layer that goes into no
// stream is sent. All: RC_MALFORMED: a number is out of its kernel's range; *t is then of no use.
MUST_USE enum rc light_task_geometry(struct light_task *t, const struct light_spec *s,
                                     const struct camera *camera);
// is_kept: for post; else it is sent.
MUST_USE enum rc light_task_trace(struct light_task *t, const struct light_spec *s, uint32_t number,
                                  const struct camera *camera, bool is_kept);
// The same light, to be cut by the hub.
struct msg_submit light_task_tiles(const struct light_spec *s, uint32_t number,
                                   const struct camera *camera, bool is_kept);
// geometry, trace: jobs of this light frame. before: NULL: there is none.
MUST_USE enum rc light_task_post(struct light_task *t, const struct light_spec *s,
                                 uint64_t geometry, uint64_t trace, const struct camera *camera,
                                 const struct light_before *before);
// post: jobs of `count` light frames, 1..group.
MUST_USE enum rc light_task_encode(struct light_task *t, const struct light_spec *s,
                                   const uint64_t *post, uint32_t count);

#endif
