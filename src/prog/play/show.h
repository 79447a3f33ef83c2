// SPDX-License-Identifier: MIT
// A sandbox in which a gamer has streams decoded that strangers coded.
//
//     play_show_start(&show, arena, &err);      // first thing, before there is a secret
//     play_show_listen(show, loop, self, on_shown);
//     play_show_run(show, stream, count, &form);  -> on_shown, one at a time
//     play_show_stop(show);
#ifndef PROG_PLAY_SHOW_H
#define PROG_PLAY_SHOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "os/loop.h"

struct play_show;

struct play_show_form {
    uint32_t width, height, fps;
};

// RC_UNSUPPORTED: no sandbox here; RC_NOMEM, RC_IO. *out is NULL on failure.
MUST_USE enum rc play_show_start(struct play_show **out, struct arena *arena, struct err *err);
// pictures: one after another, eight bytes a pixel (PICTURE_LIGHT); borrowed for the call.
// RC_NOMEM, RC_IO.
MUST_USE enum rc play_show_listen(struct play_show *s, struct loop *loop, void *self,
                                  void (*on_shown)(void *self, enum rc rc, struct bytes pictures));
// stream is copied. RC_AGAIN: one is being shown already.
MUST_USE enum rc play_show_run(struct play_show *s, struct bytes stream, uint32_t count,
                               const struct play_show_form *form);
void play_show_stop(struct play_show *s); // before loop_free; NULL is fine

#endif
