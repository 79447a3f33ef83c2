// SPDX-License-Identifier: MIT
// What the gamer draws and computes itself, on a thread: one thing at a time, told when it is done.
#include "prog/play/draw.h"

#include <string.h>

#include "base/text.h"
#include "kernel/kit.h"
#include "os/clock.h"

#define MEMORY_BYTES ((size_t)8 << 30) // canvas and files; while it is busy, the thread's

#define CHORE_BYTES ((size_t)1 << 20) // of a result

enum task { TASK_LIGHT, TASK_LAYER, TASK_PICTURE, TASK_CHORE };

struct play_draw {
    struct play_draw_cfg cfg;
    struct budget budget;
    struct pool *pool;
    struct canvas *canvas;
    struct play_writer *writer;
    uint8_t *rgb;
    struct kit *kit[CHORES]; // of chores that were computed here: each with its object
    struct buffer result;    // of a chore
    struct buffer report;
    bool is_busy;
};

struct job { // a block for the pool
    struct play_draw *d;
    enum task task;
    struct light light;
    struct camera camera;
    struct bytes pixels;
    struct chore_task chore;
    struct play_drawn drawn;
};

static enum rc draw_light(struct job *j)
{
    struct canvas *c = j->d->canvas;
    const uint64_t begun_us = clock_cpu_us();
    if (j->task == TASK_LAYER)
        return canvas_layer(c, &j->camera, j->pixels);
    enum rc rc = canvas_geometry(c, &j->light.camera[0]);
    const uint64_t seen_us = clock_cpu_us();
    if (rc == RC_OK)
        rc = canvas_light(c, &j->light);
    j->drawn.cpu_us[STAGE_GEOMETRY] = seen_us - begun_us;
    if (j->light.form == LIGHT_SUMS) // else it was another's
        j->drawn.cpu_us[STAGE_POST] = clock_cpu_us() - seen_us;
    return rc;
}

static enum rc draw_picture(struct job *j)
{
    struct play_draw *d = j->d;
    struct err err;
    enum rc rc = canvas_look(d->canvas, &j->camera);
    if (rc == RC_OK)
        rc = canvas_draw(d->canvas, d->rgb);
    if (rc != RC_OK)
        return rc;
    rc = play_writer_add(d->writer, j->drawn.number, d->rgb, &err);
    if (rc != RC_OK)
        bytes_to_text(bytes_text(err.text), j->drawn.text, sizeof j->drawn.text);
    return rc;
}

// The kit of a chore, with its object.
static enum rc open_kit(struct kit **kit, struct bytes object)
{
    if (*kit != NULL)
        return RC_OK;
    enum rc rc = kit_open(kit, NULL);
    if (rc == RC_OK && object.len > 0)
        rc = kit_load(*kit, object);
    if (rc != RC_OK) { // the next time, from the beginning
        kit_close(*kit);
        *kit = NULL;
    }
    return rc;
}

static enum rc compute_chore(struct job *j)
{
    struct play_draw *d = j->d;
    const struct chore_task *t = &j->chore;
    struct kit **kit = &d->kit[t->chore];
    struct kernel_in in = t->in;
    in.given = &t->given;
    enum rc rc = open_kit(kit, t->object);
    d->result.len = d->report.len = 0;
    d->result.is_full = d->report.is_full = false;
    const uint64_t begun_us = clock_cpu_us();
    if (rc == RC_OK)
        rc = kit_run(*kit, bytes_text(t->kernel), &in, &d->result, &d->report);
    j->drawn.chore_us = clock_cpu_us() - begun_us;
    j->drawn.result = buffer_bytes(&d->result);
    return rc;
}

static void work(void *block)
{
    struct job *j = block;
    const uint64_t begun_us = clock_cpu_us();
    j->drawn.rc = j->task == TASK_PICTURE ? draw_picture(j)
                  : j->task == TASK_CHORE ? compute_chore(j)
                                          : draw_light(j);
    if (j->task == TASK_PICTURE)
        j->drawn.picture_us = clock_cpu_us() - begun_us;
    if (j->drawn.rc != RC_OK && j->drawn.text[0] == 0)
        bytes_to_text(bytes_text(rc_text(j->drawn.rc)), j->drawn.text, sizeof j->drawn.text);
}

static void done(void *self, void *block)
{
    struct play_draw *d = self;
    const struct job *j = block;
    d->is_busy = false;
    d->cfg.on_drawn(d->cfg.self, &j->drawn);
}

static enum rc give(struct play_draw *d, struct job *j)
{
    j->d = d;
    const struct pool_job job = {
        .work = work, .done = done, .self = d, .block = j, .block_bytes = sizeof *j};
    enum rc rc = pool_run(d->pool, &job);
    d->is_busy = rc == RC_OK;
    return rc;
}

enum rc play_draw_light(struct play_draw *d, const struct light *light)
{
    struct job j = {.task = TASK_LIGHT, .light = *light};
    return give(d, &j);
}

enum rc play_draw_layer(struct play_draw *d, const struct camera *camera, struct bytes pixels)
{
    struct job j = {.task = TASK_LAYER, .camera = *camera, .pixels = pixels};
    return give(d, &j);
}

enum rc play_draw_picture(struct play_draw *d, uint32_t number, const struct camera *camera)
{
    struct job j = {.task = TASK_PICTURE, .camera = *camera};
    j.drawn.number = number;
    j.drawn.work = PLAY_PICTURE;
    return give(d, &j);
}

enum rc play_draw_chore(struct play_draw *d, const struct chore_task *task)
{
    struct job j = {.task = TASK_CHORE, .chore = *task};
    j.drawn.work = PLAY_CHORE;
    j.drawn.chore = task->chore;
    return give(d, &j);
}

static enum rc open_all(struct play_draw *d, struct err *err)
{
    const struct play_draw_cfg *f = &d->cfg;
    const struct canvas_cfg canvas = {&d->budget,     f->scene,        f->width, f->height,
                                      f->light_width, f->light_height, f->tone};
    const struct play_writer_cfg writer = {&d->budget, f->out, f->width,
                                           f->height,  f->fps, f->count};
    enum rc rc = pool_new(&d->pool, f->loop, 1);
    d->rgb = budget_take(&d->budget, (size_t)f->width * f->height * 3);
    d->result = buffer_of(budget_take(&d->budget, CHORE_BYTES), CHORE_BYTES);
    d->report =
        buffer_of(budget_take(&d->budget, KERNEL_REPORT_BYTES_MAX), KERNEL_REPORT_BYTES_MAX);
    if (rc == RC_OK && (d->rgb == NULL || d->result.at == NULL || d->report.at == NULL))
        rc = RC_NOMEM;
    if (rc == RC_OK)
        rc = canvas_new(&d->canvas, &canvas);
    if (rc != RC_OK)
        return err_set(err, rc, "cannot draw: %s", rc_text(rc));
    return play_writer_open(&d->writer, &writer, err);
}

enum rc play_draw_new(struct play_draw **out, struct arena *arena, const struct play_draw_cfg *cfg,
                      struct err *err)
{
    *out = NULL;
    struct play_draw *d = arena_take(arena, sizeof *d);
    if (d == NULL)
        return err_set(err, RC_NOMEM, "out of memory");
    *d = (struct play_draw){.cfg = *cfg, .budget = {.limit_bytes = MEMORY_BYTES}};
    enum rc rc = open_all(d, err);
    if (rc == RC_OK)
        *out = d;
    else
        play_draw_free(d);
    return rc;
}

bool play_draw_is_busy(const struct play_draw *d)
{
    return d->is_busy;
}

enum rc play_draw_end(struct play_draw *d, struct err *err)
{
    return play_writer_end(d->writer, err);
}

void play_draw_free(struct play_draw *d)
{
    if (d == NULL)
        return;
    pool_free(d->pool);
    if (d->is_busy) // the thread still has it: what it uses dies with the process
        return;
    play_writer_free(d->writer);
    canvas_free(d->canvas);
    for (uint32_t i = 0; i < CHORES; i++)
        kit_close(d->kit[i]);
    budget_give(&d->budget, d->rgb);
    budget_give(&d->budget, d->result.at);
    budget_give(&d->budget, d->report.at);
}
