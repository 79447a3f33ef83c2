// SPDX-License-Identifier: MIT
// What the gamer draws and computes itself, on a thread: one thing at a time, told when it is done.
#ifndef PROG_PLAY_DRAW_H
#define PROG_PLAY_DRAW_H

#include <stdbool.h>
#include <stdint.h>

#include "compute/canvas.h"
#include "compute/chores.h"
#include "os/loop.h"
#include "os/pool.h"
#include "prog/play/writer.h"

struct play_draw;

enum play_work { PLAY_LIGHT, PLAY_PICTURE, PLAY_CHORE };

struct play_drawn {
    enum rc rc;
    enum play_work work;
    enum chore chore;
    struct bytes result;     // of a chore; borrowed for the call
    uint64_t chore_us;       // of the processor
    uint32_t number;         // of the picture
    uint64_t cpu_us[STAGES]; // light: GEOMETRY, POST
    uint64_t picture_us;     // of the processor: raster, compositing, writing
    char text[160];          // if rc is not RC_OK
};

struct play_draw_cfg {
    struct loop *loop;
    struct bytes scene; // outlives it
    uint32_t width, height, light_width, light_height;
    struct tone tone;
    const char *out;
    double fps;
    uint32_t count;
    void *self;
    void (*on_drawn)(void *self, const struct play_drawn *drawn); // on the loop
};

// Lives in arena; *out is NULL on failure. As play_writer_open and canvas_new, in words.
MUST_USE enum rc play_draw_new(struct play_draw **out, struct arena *arena,
                               const struct play_draw_cfg *cfg, struct err *err);
bool play_draw_is_busy(const struct play_draw *d);
// Each: RC_NOMEM. Not while it is busy. What light and pixels borrow must stay until it is done.
MUST_USE enum rc play_draw_light(struct play_draw *d, const struct light *light);
MUST_USE enum rc play_draw_layer(struct play_draw *d, const struct camera *camera,
                                 struct bytes pixels);
MUST_USE enum rc play_draw_picture(struct play_draw *d, uint32_t number,
                                   const struct camera *camera);
MUST_USE enum rc play_draw_chore(struct play_draw *d, const struct chore_task *task);
// What was written gets its name, as by play_writer_end. Not while it is busy.
MUST_USE enum rc play_draw_end(struct play_draw *d, struct err *err);
void play_draw_free(struct play_draw *d); // waits for the thread; before loop_free; NULL is fine

#endif
