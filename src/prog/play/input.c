// SPDX-License-Identifier: MIT
// A player's recorded input, given to the session at the hub at the speed at which it was played.
#include "prog/play/input.h"

#include "compute/input_text.h"
#include "os/file.h"

#define FILE_BYTES_MAX ((size_t)8 << 20) // some 80 bytes a step

enum rc play_input_open(struct play_input *p, struct arena *arena, const char *path,
                        struct err *err)
{
    struct budget budget = {.limit_bytes = FILE_BYTES_MAX + 65536};
    struct bytes file;
    struct err why;
    *p =
        (struct play_input){.step = arena_take_array(arena, PLAY_INPUT_STEPS_MAX, sizeof *p->step)};
    session_init(&p->session);
    if (p->step == NULL)
        return err_set(err, RC_NOMEM, "out of memory for input");
    enum rc rc = file_read(&file, &budget, path, FILE_BYTES_MAX, err);
    if (rc != RC_OK)
        return rc;
    rc = input_text_parse(p->step, PLAY_INPUT_STEPS_MAX, &p->count, file, &why);
    file_forget(file, &budget);
    return rc == RC_OK ? rc : err_set(err, rc, "%s: %s", path, why.text);
}

enum rc play_input_give(struct play_input *p, struct gamer_side *gamer, uint64_t until_us,
                        uint64_t now_us, uint64_t *due_us)
{
    while (p->next < p->count && p->played_us < until_us) {
        const struct session_input *step = &p->step[p->next];
        struct session trial = p->session;
        enum rc rc = session_step(&trial, step, now_us);
        if (rc == RC_AGAIN)
            *due_us = session_due_us(&p->session, step->for_us);
        if (rc != RC_OK)
            return rc;
        rc = gamer_steer(gamer, step);
        if (rc != RC_OK)
            return rc;
        p->session = trial;
        p->played_us += step->for_us;
        p->next++;
    }
    return RC_OK;
}

void play_input_move(struct play_input *p, uint64_t until_us)
{
    while (p->next < p->count && p->played_us < until_us) {
        const struct session_input *step = &p->step[p->next++];
        p->played_us += step->for_us;
        if (session_step(&p->session, step, p->played_us) != RC_OK)
            return; // a step that makes no sense was refused when the file was read
    }
}
