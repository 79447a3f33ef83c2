// SPDX-License-Identifier: MIT
// `shoal play`: has frames made by a hub's helpers, and saves them.
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "cmd.h"
#include "compute/gamer.h"
#include "kernel/scene.h"
#include "kernel/scenes.h"
#include "os/entropy.h"
#include "os/loop.h"
#include "picture.h"
#include "play_input.h"
#include "play_view.h"
#include "progress.h"
#include "scene_source.h"
#include "uplink.h"
#include "work/order.h"

#define MEMORY_BYTES ((size_t)8 << 30) // scenes, frames, pictures
#define TICK_US      100000u           // of the progress line
#define IN_FLIGHT    GAMER_FRAMES_MAX  // slots; --in-flight says how many are used
#define RETRY_US     500000u           // between two attempts to reach the hub again

struct play_options {
    struct cmd_common common;
    struct uplink_options uplink;
    const char *name;
    const char *token_file;
    const char *scene;
    struct option_pixels size;
    uint64_t samples;
    uint64_t frames;
    uint64_t first;
    double fps;
    uint64_t depth;
    uint64_t tiles;
    const char *out;
    const char *layers;
    uint64_t in_flight;
    uint64_t late_ms;
    uint64_t patience_s;
    const char *input;
    double exposure;
    double glare;
    bool wants_table;
    bool is_quiet;
};

static const struct option_spec specs[] = {
    UPLINK_OPTIONS(struct play_options),
    {.name = "scene",
     .kind = OPTION_TEXT,
     .initial = "neon-street",
     .value = "NAME|FILE",
     .sentence = "cornell, neon-street, neon-street-1m, or a mesh file (OBJ, glTF, ...)",
     .offset = offsetof(struct play_options, scene)},
    {.name = "size",
     .kind = OPTION_PIXELS,
     .min = 1,
     .max = TRACE_SIDE_MAX,
     .initial = "640x360",
     .sentence = "of the picture, pixels",
     .offset = offsetof(struct play_options, size)},
    {.name = "spp",
     .kind = OPTION_U64,
     .min = 1,
     .max = MSG_SAMPLES_MAX,
     .initial = "16",
     .sentence = "samples per pixel",
     .offset = offsetof(struct play_options, samples)},
    {.name = "frames",
     .kind = OPTION_U64,
     .min = 1,
     .max = 100000,
     .initial = "1",
     .sentence = "how many, along the scene's camera path",
     .offset = offsetof(struct play_options, frames)},
    {.name = "first",
     .kind = OPTION_U64,
     .max = 1000000,
     .initial = "0",
     .sentence = "number of the first frame",
     .offset = offsetof(struct play_options, first)},
    {.name = "fps",
     .kind = OPTION_F64,
     .real_min = 0.01,
     .real_max = 1000,
     .initial = "24",
     .sentence = "frames per second of the camera path",
     .offset = offsetof(struct play_options, fps)},
    {.name = "depth",
     .kind = OPTION_U64,
     .min = 1,
     .max = TRACE_DEPTH_MAX,
     .initial = "6",
     .sentence = "how often light may be scattered on its way",
     .offset = offsetof(struct play_options, depth)},
    {.name = "tiles",
     .kind = OPTION_U64,
     .max = MSG_TILES_MAX,
     .initial = "0",
     .sentence = "tiles a frame is split into; 0: as the hub thinks best",
     .offset = offsetof(struct play_options, tiles)},
    {.name = "out",
     .kind = OPTION_TEXT,
     .initial = "shoal.png",
     .value = "FILE",
     .sentence = "PNG to write; several frames get a number each",
     .offset = offsetof(struct play_options, out)},
    {.name = "layers",
     .kind = OPTION_TEXT,
     .value = "PREFIX",
     .sentence = "write linear light too, as PREFIX-direct.pfm and PREFIX-indirect.pfm",
     .offset = offsetof(struct play_options, layers)},
    {.name = "in-flight",
     .kind = OPTION_U64,
     .min = 1,
     .max = IN_FLIGHT,
     .initial = "2",
     .sentence = "frames at once, so that helpers never wait for the next one",
     .offset = offsetof(struct play_options, in_flight)},
    {.name = "late",
     .kind = OPTION_U64,
     .max = 3600000,
     .initial = "0",
     .sentence = "leave out a frame that is missing this long, in ms, after its successor came; "
                 "0: wait for each",
     .offset = offsetof(struct play_options, late_ms)},
    {.name = "patience",
     .kind = OPTION_U64,
     .max = 86400,
     .initial = "60",
     .sentence = "seconds to try to reach a hub again that is gone; what is done is kept",
     .offset = offsetof(struct play_options, patience_s)},
    {.name = "input",
     .kind = OPTION_TEXT,
     .value = "FILE",
     .sentence = "fly by recorded input instead of the camera path: a line MS RIGHT UP AHEAD TURN "
                 "TILT for each step, the last five from -1 to 1",
     .offset = offsetof(struct play_options, input)},
    {.name = "exposure",
     .kind = OPTION_F64,
     .real_min = 0.001,
     .real_max = 1000,
     .initial = "1",
     .sentence = "brightness of the PNG",
     .offset = offsetof(struct play_options, exposure)},
    {.name = "glare",
     .kind = OPTION_F64,
     .real_min = 0,
     .real_max = 1,
     .initial = "0.20",
     .sentence = "share of the light that glows around bright spots in the PNG",
     .offset = offsetof(struct play_options, glare)},
    {.name = "table",
     .kind = OPTION_FLAG,
     .sentence = "print who made each tile, and how it was verified",
     .offset = offsetof(struct play_options, wants_table)},
    {.name = "quiet",
     .kind = OPTION_FLAG,
     .sentence = "no progress line",
     .offset = offsetof(struct play_options, is_quiet)},
    {.name = "gamer-id",
     .kind = OPTION_TEXT,
     .value = "NAME",
     .sentence = "what people at the hub call this gamer",
     .offset = offsetof(struct play_options, name)},
    {.name = "token-file",
     .kind = OPTION_TEXT,
     .value = "FILE",
     .sentence = "file with the hub's token [token in the state folder, if there]",
     .offset = offsetof(struct play_options, token_file)},
    CMD_COMMON(struct play_options),
};

static const char *const examples[] = {
    "shoal play --scene neon-street --size 1280x720 --spp 64 --out street.png",
    "shoal play --hub hub.example.org --scene bunny.obj --frames 48 --out bunny.png", NULL};

static const struct option_command command = {
    .name = "play",
    .summary = "have frames traced by helpers, and save them",
    .description =
        "Sends a scene to the hub, by name or imported from a mesh file of yours, and has its "
        "frames path traced by the hub's helpers. Every tile that arrives was verified by the "
        "hub. Files are imported in a sandbox on this machine; only a flat scene object "
        "travels.",
    .spec = specs,
    .count = ARRAY_COUNT(specs),
    .example = examples,
};

struct flight {      // one frame on its way, or waiting for its turn
    uint64_t job;    // 0: none
    uint64_t number; // 0 and on, in the order in which frames leave
    uint64_t start_us, done_us;
    struct gamer_event whole; // FRAME; job 0: not yet
    struct play_table table;
};

struct side {
    struct play_options o;
    struct arena *arena;
    struct budget budget;
    char state[FILE_PATH_BYTES];
    struct bytes token;
    struct buffer scene_object;
    struct scene scene;
    struct digest scene_name;
    struct id id;
    struct loop *loop;
    struct loop_timer *tick;
    struct loop_timer *retry;
    struct loop_timer *play; // input is given when its time has come
    struct loop_timer *turn; // a frame may have to be left out
    struct uplink *uplink;
    struct order *order;
    struct gamer_side *machine;
    struct progress progress;
    struct flight flight[IN_FLIGHT];
    uint64_t next; // frame to submit
    uint64_t done, missing;
    uint64_t begun_us;
    struct play_input input; // if there is --input
    struct play_session session;
    uint64_t lost_us; // since when the hub is gone; 0: it is there
    bool was_in;
    bool is_over;
    int exit_code;
};

static void end(struct side *s, int exit_code)
{
    s->is_over = true;
    s->exit_code = exit_code;
    loop_stop(s->loop);
}

static void end_with(struct side *s, const char *why)
{
    progress_wipe(&s->progress);
    fprintf(stderr, "shoal: %s\n", why);
    end(s, EXIT_FAILED);
}

static struct flight *flight_of(struct side *s, uint64_t job)
{
    for (size_t i = 0; i < IN_FLIGHT; i++)
        if (s->flight[i].job == job)
            return &s->flight[i];
    return NULL;
}

// What was played before the next frame is with the hub. False: not yet; it is tried again.
static bool has_played(struct side *s)
{
    uint64_t due_us = UINT64_MAX;
    uint64_t until_us = (uint64_t)((double)s->next / s->o.fps * US_PER_S);
    if (s->o.input == NULL)
        return true;
    if (!s->input.session.has_camera) {
        struct camera camera = scene_camera(&s->scene, (float)((double)s->o.first / s->o.fps));
        if (session_start(&s->input.session, &camera) != RC_OK)
            end_with(s, "this scene has no place to fly from");
        return !s->is_over;
    }
    enum rc rc = play_input_give(&s->input, s->machine, until_us, loop_now_us(s->loop), &due_us);
    if (rc == RC_AGAIN)
        loop_timer_at(s->play, due_us);
    return rc == RC_OK;
}

static void submit_some(struct side *s)
{
    while (s->next < s->o.frames && !s->is_over) {
        struct flight *f = flight_of(s, 0);
        if (f == NULL || s->next - s->done - s->missing >= s->o.in_flight || !has_played(s))
            return;
        uint32_t frame = (uint32_t)(s->o.first + s->next);
        struct msg_submit m = {.scene = s->scene_name,
                               .frame = frame,
                               .width = s->o.size.width,
                               .height = s->o.size.height,
                               .samples = (uint32_t)s->o.samples,
                               .depth_max = (uint32_t)s->o.depth,
                               .tiles = (uint32_t)s->o.tiles,
                               .camera = scene_camera(&s->scene, (float)(frame / s->o.fps))};
        if (s->o.input != NULL) {
            m.is_session = true; // seen from where the hub says that the player stands
            m.camera = s->input.session.camera;
        }
        enum rc rc = gamer_submit(s->machine, &m, &f->job);
        if (rc != RC_OK) {
            end_with(s, "no memory for a frame of this size");
            return;
        }
        f->number = s->next++;
        f->whole.job = 0;
        f->start_us = loop_now_us(s->loop);
        f->table.count = f->table.all = 0;
    }
}

static void save(struct side *s, struct flight *f)
{
    char path[FILE_PATH_BYTES];
    char prefix[FILE_PATH_BYTES];
    struct err err;
    const struct gamer_event *e = &f->whole;
    struct picture_cfg cfg = {.png = path,
                              .layers = s->o.layers != NULL ? prefix : NULL,
                              .width = s->o.size.width,
                              .height = s->o.size.height,
                              .samples = (uint32_t)s->o.samples,
                              .tone = {(float)s->o.exposure, (float)s->o.glare}};
    struct join *frame = gamer_take(s->machine, e->job);
    uint32_t count = (uint32_t)s->o.frames;
    enum rc rc = picture_path(path, sizeof path, s->o.out, e->frame, count, &err);
    if (rc == RC_OK && s->o.layers != NULL)
        rc = picture_path(prefix, sizeof prefix, s->o.layers, e->frame, count, &err);
    if (rc == RC_OK)
        rc = picture_write(&cfg, frame, &s->budget, &err);
    join_free(frame);
    if (rc != RC_OK) {
        end_with(s, err.text);
        return;
    }
    progress_wipe(&s->progress);
    if (s->o.wants_table && !s->o.common.is_json)
        play_view_table(&f->table);
    uint64_t wait_us = time_since(f->start_us, f->done_us);
    play_view_frame(e, wait_us, path, s->o.common.is_json);
    s->session.frames++;
    s->session.wait_us += wait_us;
    s->session.tiles += e->done.tiles;
    s->session.retries += e->done.retries;
    s->session.wrong += e->done.wrong;
}

static struct flight *numbered(struct side *s, uint64_t number)
{
    for (size_t i = 0; i < IN_FLIGHT; i++)
        if (s->flight[i].job != 0 && s->flight[i].number == number)
            return &s->flight[i];
    return NULL;
}

// Its turn has passed without it: the hub need not go on with it.
static void leave_out(struct side *s, uint64_t number)
{
    struct flight *f = numbered(s, number);
    progress_wipe(&s->progress);
    play_view_missing((uint32_t)(s->o.first + number), s->o.common.is_json);
    s->missing++;
    if (f == NULL)
        return;
    gamer_withdraw(s->machine, f->job);
    f->job = 0;
}

// Frames leave in order, whatever the order in which they became whole.
static void take_turns(struct side *s)
{
    struct order_out out;
    while (!s->is_over && order_next(s->order, loop_now_us(s->loop), &out)) {
        struct flight *f = numbered(s, out.seq);
        if (out.kind == ORDER_GAP || f == NULL) {
            leave_out(s, out.seq);
            continue;
        }
        save(s, f);
        f->job = 0;
        s->done++;
    }
    loop_timer_at(s->turn, order_due_us(s->order));
    if (s->done + s->missing == s->o.frames && !s->is_over)
        end(s, EXIT_DONE); // what was left out was to be, by --late
    submit_some(s);
}

static void on_turn(void *self)
{
    take_turns(self);
}

static void frame_whole(struct side *s, struct flight *f, const struct gamer_event *e)
{
    f->whole = *e;
    f->done_us = loop_now_us(s->loop);
    enum rc rc = order_put(s->order, f->number, f->done_us);
    if (rc == RC_OK)
        take_turns(s);
    else
        end_with(s, "a frame came out of any order"); // it had a flight, so it was awaited
}

static void on_play(void *self)
{
    submit_some(self);
}

static void hub_is_back(struct side *s)
{
    if (s->lost_us != 0 && !s->o.common.is_json && !s->o.is_quiet)
        fprintf(stderr, "shoal: the hub is back; going on\n");
    s->lost_us = 0;
    s->was_in = true;
}

static void on_event(struct side *s, const struct gamer_event *e)
{
    struct flight *f = e->job != 0 ? flight_of(s, e->job) : NULL;
    switch (e->kind) {
    case GAMER_EVENT_IN:
        hub_is_back(s);
        submit_some(s); // input may have waited for it
        break;
    case GAMER_EVENT_PLANNED:
        if (s->o.common.is_json)
            play_view_planned_json(e);
        break;
    case GAMER_EVENT_PEERS:
    case GAMER_EVENT_RAN:
        break;
    case GAMER_EVENT_OUT:
        end_with(s, e->text);
        break;
    case GAMER_EVENT_TILE:
        if (f != NULL)
            play_view_add(&f->table, e);
        s->session.cached += e->tile.is_cached;
        if (s->o.common.is_json)
            play_view_tile_json(e);
        break;
    case GAMER_EVENT_FRAME:
        if (f != NULL)
            frame_whole(s, f, e);
        break;
    case GAMER_EVENT_FAILED:
        end_with(s, e->text);
        break;
    }
}

static void take_events(struct side *s)
{
    struct gamer_event e;
    while (!s->is_over && gamer_event(s->machine, &e))
        on_event(s, &e);
}

static void send_all(struct side *s)
{
    struct out out;
    while (gamer_next(s->machine, &out)) {
        if (out.kind == OUT_SEND)
            uplink_send(s->uplink, out.bytes);
        else
            uplink_close(s->uplink, "done");
    }
}

static void drain(void *self)
{
    struct side *s = self;
    take_events(s);
    send_all(s);
}

static void on_tick(void *self)
{
    struct side *s = self;
    char what[64];
    struct text t = text_of(what, sizeof what);
    if (s->o.frames > 1)
        text_addf(&t, "frame %llu of %llu", (unsigned long long)s->done + 1,
                  (unsigned long long)s->o.frames);
    else
        text_add(&t, "tracing");
    if (s->lost_us != 0)
        text_add(&t, ", hub lost");
    double share = gamer_progress(s->machine);
    if (s->o.frames > 1)
        share = ((double)s->done + share * (double)(s->next - s->done)) / (double)s->o.frames;
    progress_show(&s->progress, what, share, loop_now_us(s->loop));
    loop_timer_at(s->tick, time_after(loop_now_us(s->loop), TICK_US));
}

static void on_open(void *self)
{
    struct side *s = self;
    gamer_open(s->machine);
}

static void on_message(void *self, struct bytes message)
{
    struct side *s = self;
    gamer_input(s->machine, message);
    take_events(s); // at once: there is room for so many
}

static void connect_again(void *self)
{
    struct side *s = self;
    struct err err;
    if (uplink_open(s->uplink, &err) != RC_OK)
        end_with(s, err.text);
}

// What is under way is kept, here and at the hub, and goes on when the hub is reached again.
static void on_close(void *self, const char *reason)
{
    struct side *s = self;
    uint64_t now_us = loop_now_us(s->loop);
    gamer_closed(s->machine);
    take_events(s);
    if (s->is_over)
        return;
    if (!s->was_in) { // it never was there, or does not want us: a person should know at once
        end_with(s, reason);
        return;
    }
    if (s->lost_us == 0 && s->o.patience_s > 0) {
        s->lost_us = num_max(now_us, 1);
        progress_wipe(&s->progress);
        fprintf(stderr, "shoal: %s; trying for %llu s to reach it again\n", reason,
                (unsigned long long)s->o.patience_s);
    }
    if (s->lost_us == 0 || time_since(s->lost_us, now_us) >= s->o.patience_s * US_PER_S)
        end_with(s, reason);
    else
        loop_timer_at(s->retry, time_after(now_us, RETRY_US));
}

// Nobody waits for what is under way any more: the hub and its helpers need not go on with it.
static void withdraw_all(struct side *s)
{
    for (size_t i = 0; i < IN_FLIGHT; i++)
        if (s->flight[i].job != 0)
            gamer_withdraw(s->machine, s->flight[i].job);
    send_all(s);
}

static void on_signal(void *self, int number)
{
    struct side *s = self;
    progress_wipe(&s->progress);
    withdraw_all(s);
    fprintf(stderr, "shoal: stopped; %llu of %llu frames are saved\n", (unsigned long long)s->done,
            (unsigned long long)s->o.frames);
    end(s, 128 + number);
}

static enum rc find_token(struct side *s, struct err *err)
{
    char path[FILE_PATH_BYTES];
    if (s->o.token_file != NULL)
        return cmd_secret(&s->token, s->arena, s->o.token_file, err);
    enum rc rc = cmd_path(path, s->state, "token", err);
    if (rc == RC_OK && file_exists(path))
        rc = cmd_secret(&s->token, s->arena, path, err);
    return rc;
}

static enum rc open_machine(struct side *s, struct err *err)
{
    struct gamer_cfg cfg = {
        .budget = &s->budget,
        .client = {
            .role = MSG_ROLE_GAMER, .key = s->id.key, .token = s->token, .entropy = entropy_os()}};
    struct text name = text_of(cfg.client.name, sizeof cfg.client.name);
    if (s->o.name != NULL)
        text_add_safe(&name, bytes_text(s->o.name));
    if (gamer_new(&s->machine, &cfg) != RC_OK)
        return err_set(err, RC_NOMEM, "out of memory");
    gamer_offer(s->machine, buffer_bytes(&s->scene_object), &s->scene_name);
    return scene_open(&s->scene, buffer_bytes(&s->scene_object), err);
}

static enum rc open_loop(struct side *s, struct err *err)
{
    struct uplink_handlers handlers = {s, on_open, on_message, on_close};
    enum rc rc = loop_new(&s->loop, err);
    if (rc == RC_OK)
        rc = loop_on_signal(s->loop, on_signal, s);
    if (rc == RC_OK)
        rc = loop_timer_new(&s->tick, s->loop, on_tick, s);
    if (rc == RC_OK)
        rc = loop_timer_new(&s->retry, s->loop, connect_again, s);
    if (rc == RC_OK)
        rc = loop_timer_new(&s->turn, s->loop, on_turn, s);
    if (rc == RC_OK)
        rc = loop_timer_new(&s->play, s->loop, on_play, s);
    if (rc != RC_OK)
        return err_set(err, rc, "cannot start the event loop: %s", rc_text(rc));
    loop_set_sleep_hook(s->loop, drain, s);
    struct order_cfg order = {
        .first = 0, .window_max = IN_FLIGHT + 1, .late_us = s->o.late_ms * US_PER_MS};
    rc = order_new(&s->order, &s->budget, &order);
    if (rc != RC_OK)
        return err_set(err, rc, "out of memory");
    rc = uplink_new(&s->uplink, s->loop, &s->o.uplink, s->state, &handlers, err);
    return rc == RC_OK ? uplink_open(s->uplink, err) : rc;
}

static enum rc open_all(struct side *s, struct err *err)
{
    // First the scene: its import wants to start before there is a secret in this process.
    enum rc rc = scene_source_get(s->o.scene, s->arena, &s->budget, &s->scene_object, err);
    if (rc == RC_OK && s->o.input != NULL)
        rc = play_input_open(&s->input, s->arena, s->o.input, err);
    if (rc == RC_OK)
        rc = cmd_state(&s->o.common, s->state, err);
    if (rc == RC_OK)
        rc = cmd_identity(&s->id, s->state, err);
    if (rc == RC_OK)
        rc = find_token(s, err);
    if (rc == RC_OK)
        rc = open_machine(s, err);
    return rc == RC_OK ? open_loop(s, err) : rc;
}

static void close_all(struct side *s)
{
    uplink_free(s->uplink);
    gamer_free(s->machine);
    loop_timer_free(s->tick);
    loop_timer_free(s->retry);
    loop_timer_free(s->turn);
    loop_timer_free(s->play);
    order_free(s->order);
    loop_free(s->loop);
    budget_give(&s->budget, s->scene_object.at);
    id_end(&s->id);
}

static void sum_up(struct side *s)
{
    s->session.missing = s->missing;
    s->session.us = time_since(s->begun_us, loop_now_us(s->loop));
    if (s->o.frames > 1)
        play_view_session(&s->session, s->o.common.is_json);
}

static int play(struct side *s)
{
    struct err err = {.rc = RC_OK};
    enum rc rc = open_all(s, &err);
    if (rc == RC_OK) {
        progress_start(&s->progress, !s->o.is_quiet && !s->o.common.is_json, loop_now_us(s->loop));
        on_tick(s);
        s->begun_us = loop_now_us(s->loop);
        submit_some(s);
        loop_run(s->loop);
        sum_up(s);
    } else {
        s->exit_code = cmd_fail(&err);
        if (rc == RC_ABSENT && s->scene_object.at == NULL)
            s->exit_code = EXIT_USAGE; // no such scene
    }
    close_all(s);
    return s->exit_code;
}

static int run(int argc, char **argv)
{
    struct arena *arena = arena_new(CMD_MEMORY_BYTES);
    struct side *s = arena == NULL ? NULL : arena_take(arena, sizeof *s);
    if (s == NULL) {
        arena_free(arena);
        return cmd_fail(&(struct err){.rc = RC_NOMEM, .text = "out of memory"});
    }
    s->arena = arena;
    s->budget.limit_bytes = MEMORY_BYTES;
    int exit_code = EXIT_DONE;
    if (cmd_options(&command, &s->o, argc, argv, arena, &exit_code))
        exit_code = play(s);
    arena_free(arena);
    return exit_code;
}

const struct cmd cmd_play = {.options = &command, .run = run};
