// SPDX-License-Identifier: MIT
// The client: a house for one connection, and its way there.
#include <assert.h>

#include "base/text.h"
#include "os/web_conn.h"

struct web_client {
    struct web_house house;
    struct web_ask ask;
    struct web_conn *conn;
};

static void release(struct web_house *h)
{
    struct web_client *w = CONTAINER_OF(h, struct web_client, house);
    dial_end(&w->ask.dial);
    house_close(h);
    arena_free(h->arena);
}

static void on_nowhere(struct dial *d)
{
    struct web_client *w = CONTAINER_OF(d, struct web_client, ask.dial);
    char reason[NAMES_HOST_BYTES_MAX + STREAM_WHY_BYTES + 32];
    struct text t = text_of(reason, sizeof reason);
    conn_say_why(w->conn, &t);
    conn_forget(w->conn, reason);
}

static bool copy(char *out, size_t cap, const char *in)
{
    struct text t = text_of(out, cap);
    text_add(&t, in);
    return !t.is_cut;
}

static enum rc begin(struct web_client *w, const struct web_connect_cfg *cfg)
{
    struct web_ask *a = &w->ask;
    w->conn = conn_new(&w->house, WEB_DIALLING);
    if (w->conn == NULL)
        return RC_NOMEM;
    if (!copy(a->path, sizeof a->path, cfg->path) || cfg->path[0] != '/' ||
        !copy(a->fields, sizeof a->fields, cfg->fields != NULL ? cfg->fields : ""))
        return RC_CONFIG;
    const struct dial_cfg way = {.host = cfg->host,
                                 .port = cfg->port,
                                 .tls = cfg->tls,
                                 .stream = &w->conn->stream,
                                 .stream_cfg = conn_stream_cfg(w->conn),
                                 .on_nowhere = on_nowhere};
    return dial_begin(&a->dial, &way);
}

enum rc web_connect(struct web_conn **out, struct loop *loop, const struct web_connect_cfg *cfg,
                    const struct web_handlers *handlers, struct err *err)
{
    *out = NULL;
    struct arena *arena = arena_new(sizeof(struct web_client) + HOUSE_BYTES(1));
    struct web_client *w = arena != NULL ? arena_take(arena, sizeof *w) : NULL;
    enum rc rc =
        w == NULL ? RC_NOMEM : house_open(&w->house, arena, loop, &cfg->limits, handlers, false);
    if (rc != RC_OK) {
        arena_free(arena);
        return err_set(err, rc, "cannot connect to %s:%u: %s", cfg->host, cfg->port,
                       rc == RC_CONFIG ? "a limit is out of range" : rc_text(rc));
    }
    w->house.tls = cfg->tls;
    w->house.on_empty = release;
    w->house.is_over = true; // the house goes with its one connection
    rc = begin(w, cfg);
    if (rc != RC_OK) {
        w->house.is_silent = true;
        if (w->conn != NULL)
            conn_forget(w->conn, "");
        else
            release(&w->house);
        return err_set(err, rc, "cannot connect to %s:%u: %s", cfg->host, cfg->port,
                       rc == RC_CONFIG ? "not a host, path or header field that can be used"
                                       : rc_text(rc));
    }
    w->conn->ask = &w->ask;
    *out = w->conn;
    return RC_OK;
}
