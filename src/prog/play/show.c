// SPDX-License-Identifier: MIT
// A sandbox in which a gamer has streams decoded that strangers coded.
#include "prog/play/show.h"

#include "kernel/encode/encode.h"
#include "os/nursery.h"
#include "os/worker.h"
#include "prog/cell_code.h"

#define SHOW_US      5000000u // for one stream
#define STREAM_BYTES ((size_t)40 << 20)
#define PARAMS_BYTES 512u

struct play_show {
    struct nursery *nursery;
    struct arena *arena;
    struct worker *worker;
    struct budget budget;
    void *self;
    void (*on_shown)(void *self, enum rc rc, struct bytes pictures);
    bool is_busy;
};

enum rc play_show_start(struct play_show **out, struct arena *arena, struct err *err)
{
    const struct nursery_cfg cfg = {.code = &cell_code_kernels};
    *out = NULL;
    struct play_show *s = arena_take(arena, sizeof *s);
    if (s == NULL)
        return err_set(err, RC_NOMEM, "out of memory");
    *s = (struct play_show){.arena = arena, .budget = {.limit_bytes = STREAM_BYTES + 65536}};
    enum rc rc = nursery_start(&s->nursery, arena, &cfg, err);
    if (rc == RC_OK)
        *out = s;
    return rc;
}

static void on_done(void *self, const struct worker_done *done)
{
    struct play_show *s = self;
    s->is_busy = false;
    s->on_shown(s->self, done->rc, done->result);
}

static void on_dead(void *self, enum rc why, const char *text)
{
    (void)self; // the call that it died on says so, too
    (void)why;
    (void)text;
}

enum rc play_show_listen(struct play_show *s, struct loop *loop, void *self,
                         void (*on_shown)(void *self, enum rc rc, struct bytes pictures))
{
    struct worker_cfg cfg = {.arena = s->arena,
                             .nursery = s->nursery,
                             .loop = loop,
                             .limits = WORKER_LIMITS,
                             .handlers = {.self = s, .on_done = on_done, .on_dead = on_dead}};
    cfg.limits.request_bytes = STREAM_BYTES;
    cfg.limits.result_bytes = ENCODE_SHOWN_MAX;
    s->self = self;
    s->on_shown = on_shown;
    enum rc rc = nursery_listen(s->nursery, loop);
    return rc == RC_OK ? worker_new(&s->worker, &cfg) : rc;
}

enum rc play_show_run(struct play_show *s, struct bytes stream, uint32_t count,
                      const struct play_show_form *form)
{
    uint8_t room[PARAMS_BYTES];
    struct buffer params = buffer_of(room, sizeof room);
    const struct encode_params p = {.mode = ENCODE_SHOW,
                                    .width = form->width,
                                    .height = form->height,
                                    .count = count,
                                    .fps = form->fps,
                                    .codec = VIDEO_H264,
                                    .form = PICTURE_LIGHT,
                                    .psnr = ENCODE_PSNR_MIN,
                                    .crf = 1,
                                    .tries = 1,
                                    .bytes_max = ENCODE_BYTES_MAX,
                                    .wanted = ((uint64_t)1 << count) - 1};
    enum rc rc = s->is_busy ? RC_AGAIN : encode_params_encode(&p, &params);
    if (rc != RC_OK)
        return rc;
    const struct kernel_in in = {buffer_bytes(&params), &stream, 1};
    const size_t cap = cell_code_request_bytes(&in);
    uint8_t *at = budget_take(&s->budget, cap);
    if (at == NULL)
        return RC_NOMEM;
    struct buffer request = buffer_of(at, cap);
    rc = cell_code_request("encode", &in, &request);
    if (rc == RC_OK)
        rc = worker_run(s->worker, buffer_bytes(&request), SHOW_US);
    budget_give(&s->budget, request.at);
    s->is_busy = rc == RC_OK;
    return rc;
}

void play_show_stop(struct play_show *s)
{
    if (s == NULL)
        return;
    worker_close(s->worker);
    nursery_stop(s->nursery);
}
