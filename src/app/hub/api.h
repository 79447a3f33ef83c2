// SPDX-License-Identifier: MIT
// What the hub answers to plain HTTP: is it well, and what is it doing.
//
//     GET /         a line for people who point a browser at it
//     GET /healthz  200 and "ok" while it can take work; 503 and why not
//     GET /status   JSON: counts of helpers, gamers, frames, tasks
//     GET /metrics  is hub/metrics.h
#ifndef HUB_API_H
#define HUB_API_H

#include "base/bytes.h"
#include "base/text.h"
#include "compute/broker.h"

struct api_state {
    struct broker_stat stat;
    bool is_open;    // its own compute is there, so that it can verify
    bool is_written; // the disk takes what must not be forgotten
};

struct api_answer {
    unsigned status;  // HTTP
    const char *type; // MIME
};

// Fills *body with the answer to one request; method and path as they came.
struct api_answer api_answer(struct bytes method, struct bytes path, const struct api_state *state,
                             struct text *body);

#endif
