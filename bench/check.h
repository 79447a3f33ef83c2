// SPDX-License-Identifier: MIT
// Cases of check_bench: for each kernel a task as usual, and what a liar makes of its result.
//
// To add one: a file check_NAME.c with a `const struct check_case check_NAME`, and a line in
// check_bench.c.
#ifndef BENCH_CHECK_H
#define BENCH_CHECK_H

#include <stdint.h>

#include "base/rng.h"
#include "kernel/kernel.h"
#include "scene/camera.h"

struct check_task {      // its bytes live as long as the program
    struct bytes object; // empty: the kernel takes none
    struct bytes given[KERNEL_GIVEN_MAX];
    uint32_t given_count;
    struct bytes params;
};

struct check_case {
    const char *kernel;
    const char *share_of; // of what a lie spoils a share: "pixels", "agents", "the audio's blocks"
    void (*make)(struct check_task *out);
    // Spoils share (0..1) of the parts of an honest result, at least one: each by as little as
    // would still be worth a liar's while. May change its length, up to cap.
    void (*lie)(struct rng *r, double share, struct buffer *result);
};

// Which of `all` parts a lie spoils: share of them, at least one, each equally likely. Asked for
// each part in turn.
struct check_share {
    struct rng *r;
    size_t left, wanted;
};
struct check_share check_share_of(struct rng *r, double share, size_t all);
bool check_is_spoiled(struct check_share *s);

// The neon street, and its camera at the beginning; ends the program if there is none.
struct bytes check_street(struct camera *camera);

extern const struct check_case check_audio;
extern const struct check_case check_crowd;
extern const struct check_case check_dialogue;
extern const struct check_case check_encode;
extern const struct check_case check_geometry;
extern const struct check_case check_level;
extern const struct check_case check_pack;
extern const struct check_case check_physics;
extern const struct check_case check_post;
extern const struct check_case check_route;
extern const struct check_case check_trace;

#endif
