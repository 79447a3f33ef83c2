// SPDX-License-Identifier: MIT
// What the hub answers to plain HTTP: is it well, and what is it doing.
#include "hub/api.h"

#include "wire/json.h"

static void put_status(const struct broker_stat *s, struct text *body)
{
    struct json_writer w = json_writer_of(body);
    json_put_object(&w, NULL);
    json_put_u64(&w, "helpers", s->helpers);
    json_put_u64(&w, "gamers", s->gamers);
    json_put_u64(&w, "frames", s->frames);
    json_put_u64(&w, "frames_done", s->frames_done);
    json_put_u64(&w, "frames_failed", s->frames_failed);
    json_put_u64(&w, "tasks_waiting", s->tasks_waiting);
    json_put_u64(&w, "tiles_done", s->tiles_done);
    json_put_u64(&w, "retries", s->retries);
    json_put_u64(&w, "wrong", s->wrong);
    json_put_u64(&w, "barred", s->barred);
    json_put_object_end(&w);
    text_add(body, "\n");
}

struct api_answer api_answer(struct bytes method, struct bytes path, const struct broker_stat *stat,
                             struct text *body)
{
    if (!bytes_is(method, "GET")) {
        text_add(body, "only GET is answered here\n");
        return (struct api_answer){405, "text/plain"};
    }
    if (bytes_is(path, "/healthz")) {
        text_add(body, "ok\n");
        return (struct api_answer){200, "text/plain"};
    }
    if (bytes_is(path, "/status")) {
        put_status(stat, body);
        return (struct api_answer){200, "application/json"};
    }
    if (bytes_is(path, "/")) {
        text_add(body, "This is a shoal hub. Helpers and gamers connect to it by WebSocket: "
                       "`shoal helper --hub HOST`, `shoal play --hub HOST`.\n");
        return (struct api_answer){200, "text/plain"};
    }
    text_add(body, "there is no such page; try /status\n");
    return (struct api_answer){404, "text/plain"};
}
