// SPDX-License-Identifier: MIT
// What the hub answers to plain HTTP: is it well, and what is it doing.
#include "hub/api.h"

#include <assert.h>

#include "wire/json.h"

struct api_answer api_status(const struct broker_stat *s, struct text *body)
{
    struct json_writer w = json_writer_of(body);
    json_put_object(&w, NULL);
    json_put_u64(&w, "helpers", s->helpers);
    json_put_u64(&w, "helpers_ready", s->helpers_ready);
    json_put_u64(&w, "gamers", s->gamers);
    json_put_u64(&w, "gamers_away", s->gamers_away);
    json_put_u64(&w, "frames", s->frames);
    json_put_u64(&w, "frames_done", s->frames_done);
    json_put_u64(&w, "frames_failed", s->frames_failed);
    json_put_u64(&w, "runs", s->runs);
    json_put_u64(&w, "runs_done", s->runs_done);
    json_put_u64(&w, "runs_failed", s->runs_failed);
    json_put_u64(&w, "tasks_waiting", s->tasks_waiting);
    json_put_u64(&w, "tasks_held", s->tasks_held);
    json_put_u64(&w, "tiles_done", s->tiles_done);
    json_put_u64(&w, "cached", s->cached);
    json_put_u64(&w, "resumed", s->resumed);
    json_put_u64(&w, "restored", s->restored);
    json_put_u64(&w, "retries", s->retries);
    json_put_u64(&w, "wrong", s->wrong);
    json_put_u64(&w, "barred", s->barred);
    json_put_object_end(&w);
    text_add(body, "\n");
    return (struct api_answer){200, "application/json"};
}

struct api_answer api_health(bool is_open, bool is_written, struct text *body)
{
    const char *fault = !is_open      ? "starting\n"
                        : !is_written ? "the disk takes no records\n"
                                      : NULL;
    text_add(body, fault != NULL ? fault : "ok\n");
    return (struct api_answer){fault != NULL ? 503 : 200, "text/plain"};
}

struct api_answer api_hello(struct text *body)
{
    text_add(body, "This is a shoal hub. Helpers and gamers connect to it by WebSocket: "
                   "`shoal helper --hub HOST`, `shoal play --hub HOST`.\n");
    return (struct api_answer){200, "text/plain"};
}

struct api_answer api_answer(const struct api_page *page, size_t count, void *self,
                             struct bytes method, struct bytes path, struct text *body)
{
    bool has_path = false;
    assert(body->len == 0);
    for (size_t i = 0; i < count; i++) {
        if (!bytes_is(path, page[i].path))
            continue;
        if (bytes_is(method, page[i].method))
            return page[i].answer(self, body);
        has_path = true;
    }
    if (has_path) {
        text_add(body, "this page does not know that method\n");
        return (struct api_answer){405, "text/plain"};
    }
    text_add(body, "there is no such page; try /status, /metrics or /healthz\n");
    return (struct api_answer){404, "text/plain"};
}
