// SPDX-License-Identifier: MIT
// What the hub answers to plain HTTP: is it well, and what is it doing.
//
//     GET /         api_hello: a line for people who point a browser at it
//     GET /healthz  api_health: 200 and "ok" while it can take work; 503 and why not
//     GET /status   api_status: JSON: counts of helpers, gamers, frames, tasks
//     GET /metrics  hub/metrics.h
//
// Which pages there are is its host's to say, in one table: another page is another line of it.
#ifndef HUB_API_H
#define HUB_API_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/text.h"
#include "compute/broker.h"

struct api_answer {
    unsigned status;  // HTTP
    const char *type; // MIME
};

struct api_page { // what one method of one path answers
    const char *method, *path;
    // self: the host; *body is empty, and filled.
    struct api_answer (*answer)(void *self, struct text *body);
};

// By the page of this method and path, as they came. 404: no page has the path; 405: none that has
// it knows the method.
struct api_answer api_answer(const struct api_page *page, size_t count, void *self,
                             struct bytes method, struct bytes path, struct text *body);

struct api_answer api_hello(struct text *body);
// is_open: its own compute is there, so that it can verify; is_written: the disk takes what must
// not be forgotten.
struct api_answer api_health(bool is_open, bool is_written, struct text *body);
struct api_answer api_status(const struct broker_stat *stat, struct text *body);

#endif
