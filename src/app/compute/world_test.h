// SPDX-License-Identifier: MIT
// A desk with the hub's own compute, two helpers and a gamer, all fed by hand.
//
// For tests only; asserts instead of failing.
#ifndef COMPUTE_WORLD_TEST_H
#define COMPUTE_WORLD_TEST_H

#include "base/num.h"
#include "compute/desk_test.h"

#define OWN    1u // key of the hub's own compute
#define ANN    2u // keys of helpers
#define BOB    3u
#define GUS    6u // of a gamer
#define SECOND 1000000u

struct world { // the hub's own compute, two helpers, a gamer
    struct desk d;
    uint64_t own, ann, bob, gus;
};

static inline void world_open(struct world *w, const struct desk_cfg *cfg)
{
    desk_open(&w->d, cfg);
    w->own = desk_join(&w->d, MSG_ROLE_HELPER, OWN);
    w->ann = desk_join(&w->d, MSG_ROLE_HELPER, ANN);
    w->bob = desk_join(&w->d, MSG_ROLE_HELPER, BOB);
    w->gus = desk_join(&w->d, MSG_ROLE_GAMER, GUS);
}

static inline void submit(struct world *w, uint64_t job)
{
    struct msg m = desk_submit(job);
    m.as.submit.frame = (uint32_t)job; // none that was done before
    desk_say(&w->d, w->gus, &m);
}

// A run of kernel echo; text is its params and its label.
static inline struct msg echo_run(uint64_t job, const char *text)
{
    struct msg m = {.type = MSG_RUN, .as.run = {.job = job, .spec = {.kernel = "echo"}}};
    bytes_to_text(bytes_text(text), m.as.run.label, MSG_LABEL_BYTES);
    m.as.run.spec.params = bytes_text(text);
    return m;
}

static inline void run(struct world *w, uint64_t job, const char *text)
{
    struct msg m = echo_run(job, text);
    desk_say(&w->d, w->gus, &m);
}

static inline void give_scene(struct world *w)
{
    struct msg m = desk_part();
    desk_say(&w->d, w->gus, &m);
}

// Time passes, and all who live say so.
static inline void world_wait(struct world *w, uint64_t us)
{
    struct msg beat = {.type = MSG_HEARTBEAT};
    const uint64_t conn[] = {w->own, w->ann, w->bob};
    while (us > 0) {
        uint64_t step_us = num_min(us, (uint64_t)BROKER_HEARTBEAT_MS * US_PER_MS);
        desk_wait(&w->d, step_us);
        for (size_t i = 0; i < 3; i++)
            desk_say(&w->d, conn[i], &beat);
        us -= step_us;
    }
}

// All do what they are told until nobody has anything left to do.
static inline void work_all(struct world *w)
{
    for (bool is_busy = true; is_busy;) {
        is_busy = desk_work(&w->d, w->ann, ANN, 0);
        is_busy = desk_work(&w->d, w->bob, BOB, 0) || is_busy;
        is_busy = desk_work(&w->d, w->own, OWN, 0) || is_busy;
    }
}

static inline uint32_t tiles_heard(struct world *w)
{
    struct msg m;
    uint32_t count = 0;
    while (desk_hears(&w->d, w->gus, MSG_TILE, &m))
        count++;
    return count;
}

#endif
