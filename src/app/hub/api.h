// SPDX-License-Identifier: MIT
// What the hub answers to plain HTTP: is it well, and what is it doing.
//
//     GET /         a line for people who point a browser at it
//     GET /healthz  200 and "ok" while it can take work
//     GET /status   JSON: counts of helpers, gamers, frames, tiles
#ifndef HUB_API_H
#define HUB_API_H

#include "base/bytes.h"
#include "base/text.h"
#include "compute/broker.h"

struct api_answer {
    unsigned status;  // HTTP
    const char *type; // MIME
};

// Fills *body with the answer to one request; method and path as they came.
struct api_answer api_answer(struct bytes method, struct bytes path, const struct broker_stat *stat,
                             struct text *body);

#endif
