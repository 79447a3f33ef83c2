// SPDX-License-Identifier: MIT
// `shoal doctor`: checks a set-up from end to end, and says what to mend.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "os/loop.h"
#include "os/nursery.h"
#include "prog/cell_code.h"
#include "prog/cmd.h"
#include "prog/doctor/hub.h"
#include "prog/doctor/self.h"
#include "prog/uplink.h"

struct doctor_options {
    struct cmd_common common;
    struct uplink_options uplink;
    const char *token_file;
    uint64_t timeout_s;
};

static const struct option_spec specs[] = {
    UPLINK_OPTIONS(struct doctor_options),
    {.name = "token-file",
     .kind = OPTION_TEXT,
     .value = "FILE",
     .sentence = "file with the hub's token [token in the state folder, if there]",
     .offset = offsetof(struct doctor_options, token_file)},
    {.name = "timeout",
     .kind = OPTION_U64,
     .min = 1,
     .max = 600,
     .initial = "10",
     .value = "S",
     .sentence = "wait so many seconds for each step",
     .offset = offsetof(struct doctor_options, timeout_s)},
    CMD_COMMON(struct doctor_options),
};

static const char *const examples[] = {"shoal doctor --hub 192.168.1.20",
                                       "shoal doctor --hub hub.example.org --token-file token",
                                       NULL};

static const struct option_command command = {
    .name = "doctor",
    .summary = "check a set-up of hub, helpers and gamer from end to end",
    .description =
        "Goes to a hub as a gamer does, one step after another: finds its name, connects, looks "
        "at encryption and certificate, asks for its health, proves to know the token, counts "
        "helpers, and sends small tasks there and back. Then it looks at this machine as a "
        "helper: sandbox, speed, memory, heat. Each step is a line: ok, WARN (it works, and could "
        "be better), FAIL, or - (cannot be checked here); under a bad one stands what to do.\n\n"
        "Run it on the machine of the gamer and on that of each helper. It ends with status 0 if "
        "nothing failed, 1 if something did, 2 if it was called wrongly.",
    .spec = specs,
    .count = ARRAY_COUNT(specs),
    .example = examples,
};

struct side { // all that this command is made of
    struct doctor_options o;
    struct arena *arena;
    char state[FILE_PATH_BYTES];
    struct bytes token;
    struct id id;
    struct nursery *nursery; // NULL: there is none here
    struct err nursery_err;  // then
    struct loop *loop;
    struct doctor_view view;
    struct doctor_hub *hub;
    struct doctor_self *machine;
    bool is_over; // the last check was made
    int exit_code;
};

static void on_machine_done(void *self)
{
    struct side *s = self;
    s->is_over = true;
    s->exit_code = doctor_sum(&s->view) ? EXIT_DONE : EXIT_FAILED;
    loop_stop(s->loop);
}

static void on_hub_done(void *self)
{
    struct side *s = self;
    struct err err;
    const struct doctor_self_cfg cfg = {.arena = s->arena,
                                        .loop = s->loop,
                                        .view = &s->view,
                                        .nursery = s->nursery,
                                        .nursery_why = s->nursery_err.text,
                                        .timeout_us = s->o.timeout_s * US_PER_S,
                                        .self = s,
                                        .on_done = on_machine_done};
    if (doctor_self_start(&s->machine, &cfg, &err) == RC_OK)
        return;
    s->exit_code = cmd_fail(&err);
    loop_stop(s->loop);
}

static void on_signal(void *self, int number)
{
    struct side *s = self;
    if (s->is_over)
        return;
    s->exit_code = cmd_stopped(number);
    loop_stop(s->loop);
}

// A token that cannot be read is something to be told among the rest, not an end.
static void find_token(struct side *s)
{
    char path[FILE_PATH_BYTES];
    struct err err;
    enum rc rc = RC_OK;
    if (s->o.token_file != NULL)
        rc = cmd_secret(&s->token, s->arena, s->o.token_file, &err);
    else if (cmd_path(path, s->state, "token", &err) == RC_OK && file_exists(path))
        rc = cmd_secret(&s->token, s->arena, path, &err);
    if (rc == RC_OK)
        return;
    doctor_fix(&s->view, "copy it from the hub, whose start names its token file");
    doctor_say(&s->view, DOCTOR_FAIL, "token", "%s", err.text);
}

static enum rc open_loop(struct side *s, struct err *err)
{
    enum rc rc = loop_new(&s->loop, err);
    if (rc == RC_OK && s->nursery != NULL)
        rc = nursery_listen(s->nursery, s->loop);
    if (rc == RC_OK)
        rc = loop_on_signal(s->loop, on_signal, s);
    return rc == RC_OK ? rc : err_set(err, rc, "cannot start the event loop: %s", rc_text(rc));
}

static enum rc open_all(void *self, struct arena *arena, struct err *err)
{
    struct side *s = self;
    s->arena = arena;
    doctor_view_init(&s->view, s->o.common.is_json);
    const struct nursery_cfg nursery = {.code = &cell_code_kernels};
    // Before there is a secret, or a thread. Without one the rest can still be checked.
    if (nursery_start(&s->nursery, s->arena, &nursery, &s->nursery_err) != RC_OK)
        s->nursery = NULL;
    enum rc rc = cmd_state(&s->o.common, s->state, err);
    if (rc == RC_OK)
        rc = cmd_identity(&s->id, s->state, err);
    if (rc == RC_OK)
        rc = open_loop(s, err);
    if (rc != RC_OK)
        return rc;
    find_token(s);
    s->o.uplink.is_quiet = true;
    const struct doctor_hub_cfg cfg = {.arena = s->arena,
                                       .loop = s->loop,
                                       .view = &s->view,
                                       .options = &s->o.uplink,
                                       .state = s->state,
                                       .key = s->id.key,
                                       .token = s->token,
                                       .timeout_us = s->o.timeout_s * US_PER_S,
                                       .self = s,
                                       .on_done = on_hub_done};
    return doctor_hub_start(&s->hub, &cfg, err);
}

static int run(void *self)
{
    struct side *s = self;
    loop_run(s->loop);
    return s->exit_code;
}

static void close_all(void *self)
{
    struct side *s = self;
    const bool is_free = doctor_hub_free(s->hub);
    doctor_self_free(s->machine);
    nursery_stop(s->nursery);
    if (!is_free) { // a name server may let us wait for minutes, and nothing is left to be lost
        fflush(NULL);
        _exit(s->exit_code);
    }
    loop_free(s->loop);
    id_end(&s->id);
}

const struct cmd cmd_doctor = {.options = &command,
                               .side_bytes = sizeof(struct side),
                               .open = open_all,
                               .run = run,
                               .close = close_all};
