// SPDX-License-Identifier: MIT
// `shoal play`: has frames made by a hub's helpers, and saves them.
#include "prog/cmd.h"
#include "prog/play/frames.h"
#include "prog/play/loop.h"
#include "prog/play/options.h"

static int run(int argc, char **argv)
{
    struct arena *arena = arena_new(CMD_MEMORY_BYTES);
    struct play_options *o = arena == NULL ? NULL : arena_take(arena, sizeof *o);
    if (o == NULL) {
        arena_free(arena);
        return cmd_fail(&(struct err){.rc = RC_NOMEM, .text = "out of memory"});
    }
    int exit_code = EXIT_DONE;
    if (cmd_options(&play_command, o, argc, argv, arena, &exit_code))
        exit_code = o->split != NULL ? play_loop(o, arena) : play_frames(o, arena);
    arena_free(arena);
    return exit_code;
}

const struct cmd cmd_play = {.options = &play_command, .run = run};
