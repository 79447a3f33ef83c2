// SPDX-License-Identifier: MIT
// `shoal play`: traced frames from a hub's helpers, or a frame loop with light from them.
#include "prog/cmd.h"
#include "prog/play/frames.h"
#include "prog/play/loop.h"
#include "prog/play/options.h"

struct side {
    struct play_options o;
    struct arena *arena;
};

static enum rc open_all(void *self, struct arena *arena, struct err *err)
{
    (void)err;
    struct side *s = self;
    s->arena = arena;
    return RC_OK;
}

static int run(void *self)
{
    struct side *s = self;
    return s->o.split != NULL ? play_loop(&s->o, s->arena) : play_frames(&s->o, s->arena);
}

const struct cmd cmd_play = {
    .options = &play_command, .side_bytes = sizeof(struct side), .open = open_all, .run = run};
