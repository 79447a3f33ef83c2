// SPDX-License-Identifier: MIT
// Frames traced by a hub's helpers, one after another, and saved.
#include "prog/play/frames.h"

#include <stdio.h>

#include "base/num.h"
#include "base/text.h"
#include "prog/play/input.h"
#include "prog/play/link.h"
#include "prog/play/picture.h"
#include "prog/play/view.h"
#include "prog/scene_source.h"
#include "scene/scene.h"
#include "work/order.h"

#define MEMORY_BYTES ((size_t)8 << 30) // scenes, frames, pictures
#define TICK_US      100000u           // of the progress line
#define IN_FLIGHT    GAMER_FRAMES_MAX  // slots; --in-flight says how many are used

struct flight {      // one frame on its way, or waiting for its turn
    uint64_t job;    // 0: none
    uint64_t number; // 0 and on, in the order in which frames leave
    uint64_t start_us, done_us;
    struct gamer_event whole; // FRAME; job 0: not yet
    struct play_table table;
};

struct side {
    struct play_options o;
    struct play_link link;
    struct arena *arena;
    struct budget budget;
    struct buffer scene_object;
    struct scene scene;
    struct digest scene_name;
    struct loop_timer *tick;
    struct loop_timer *play; // input is given when its time has come
    struct loop_timer *turn; // a frame may have to be left out
    struct order *order;
    struct flight flight[IN_FLIGHT];
    uint64_t next; // frame to submit
    uint64_t done, missing;
    uint64_t begun_us;
    struct play_input input; // if there is --input
    struct play_session session;
};

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
            play_link_end_with(&s->link, "this scene has no place to fly from");
        return !s->link.is_over;
    }
    enum rc rc =
        play_input_give(&s->input, s->link.machine, until_us, loop_now_us(s->link.loop), &due_us);
    if (rc == RC_AGAIN)
        loop_timer_at(s->play, due_us);
    return rc == RC_OK;
}

static void submit_some(struct side *s)
{
    while (s->next < s->o.frames && !s->link.is_over) {
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
        enum rc rc = gamer_submit(s->link.machine, &m, &f->job);
        if (rc != RC_OK) {
            play_link_end_with(&s->link, "no memory for a frame of this size");
            return;
        }
        f->number = s->next++;
        f->whole.job = 0;
        f->start_us = loop_now_us(s->link.loop);
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
    struct join *frame = gamer_take(s->link.machine, e->job);
    uint32_t count = (uint32_t)s->o.frames;
    enum rc rc = picture_path(path, sizeof path, s->o.out, e->frame, count, &err);
    if (rc == RC_OK && s->o.layers != NULL)
        rc = picture_path(prefix, sizeof prefix, s->o.layers, e->frame, count, &err);
    if (rc == RC_OK)
        rc = picture_write(&cfg, frame, &s->budget, &err);
    join_free(frame);
    if (rc != RC_OK) {
        play_link_end_with(&s->link, err.text);
        return;
    }
    progress_wipe(&s->link.progress);
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
    progress_wipe(&s->link.progress);
    play_view_missing((uint32_t)(s->o.first + number), s->o.common.is_json);
    s->missing++;
    if (f == NULL)
        return;
    gamer_withdraw(s->link.machine, f->job);
    f->job = 0;
}

// Frames leave in order, whatever the order in which they became whole.
static void take_turns(struct side *s)
{
    struct order_out out;
    while (!s->link.is_over && order_next(s->order, loop_now_us(s->link.loop), &out)) {
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
    if (s->done + s->missing == s->o.frames && !s->link.is_over)
        play_link_end(&s->link, EXIT_DONE); // what was left out was to be, by --late
    submit_some(s);
}

static void on_turn(void *self)
{
    take_turns(self);
}

static void frame_whole(struct side *s, struct flight *f, const struct gamer_event *e)
{
    f->whole = *e;
    f->done_us = loop_now_us(s->link.loop);
    enum rc rc = order_put(s->order, f->number, f->done_us);
    if (rc == RC_OK)
        take_turns(s);
    else
        play_link_end_with(&s->link,
                           "a frame came out of any order"); // it had a flight, so it was awaited
}

static void on_play(void *self)
{
    submit_some(self);
}

static void on_event(void *self, const struct gamer_event *e)
{
    struct side *s = self;
    struct flight *f = e->job != 0 ? flight_of(s, e->job) : NULL;
    switch (e->kind) {
    case GAMER_EVENT_IN:
        submit_some(s); // input may have waited for it
        break;
    case GAMER_EVENT_PLANNED:
        if (s->o.common.is_json)
            play_view_planned_json(e);
        break;
    case GAMER_EVENT_PEERS:
    case GAMER_EVENT_RAN:
    case GAMER_EVENT_OUT: // the link ends with it
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
        play_link_end_with(&s->link, e->text);
        break;
    }
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
    if (s->link.lost_us != 0)
        text_add(&t, ", hub lost");
    double share = gamer_progress(s->link.machine);
    if (s->o.frames > 1)
        share = ((double)s->done + share * (double)(s->next - s->done)) / (double)s->o.frames;
    progress_show(&s->link.progress, what, share, loop_now_us(s->link.loop));
    loop_timer_at(s->tick, time_after(loop_now_us(s->link.loop), TICK_US));
}

// Nobody waits for what is under way any more: the hub and its helpers need not go on with it.
static void on_stop(void *self)
{
    struct side *s = self;
    for (size_t i = 0; i < IN_FLIGHT; i++)
        if (s->flight[i].job != 0)
            gamer_withdraw(s->link.machine, s->flight[i].job);
    fprintf(stderr, "shoal: stopped; %llu of %llu frames are saved\n", (unsigned long long)s->done,
            (unsigned long long)s->o.frames);
}

static enum rc open_timers(struct side *s, struct err *err)
{
    enum rc rc = loop_timer_new(&s->tick, s->link.loop, on_tick, s);
    if (rc == RC_OK)
        rc = loop_timer_new(&s->turn, s->link.loop, on_turn, s);
    if (rc == RC_OK)
        rc = loop_timer_new(&s->play, s->link.loop, on_play, s);
    const struct order_cfg order = {
        .first = 0, .window_max = IN_FLIGHT + 1, .late_us = s->o.late_ms * US_PER_MS};
    if (rc == RC_OK)
        rc = order_new(&s->order, &s->budget, &order);
    return rc == RC_OK ? rc : err_set(err, rc, "out of memory");
}

static enum rc open_all(void *self, struct arena *arena, struct err *err)
{
    struct side *s = self;
    s->arena = arena;
    s->budget.limit_bytes = MEMORY_BYTES;
    const struct play_link_cfg cfg = {.arena = s->arena,
                                      .budget = &s->budget,
                                      .common = &s->o.common,
                                      .uplink = &s->o.uplink,
                                      .name = s->o.name,
                                      .token_file = s->o.token_file,
                                      .patience_us = s->o.patience_s * US_PER_S,
                                      .is_quiet = s->o.is_quiet,
                                      .self = s,
                                      .on_event = on_event,
                                      .on_stop = on_stop};
    enum rc rc = cmd_check_out("out", s->o.out, err);
    if (rc == RC_OK && s->o.layers != NULL)
        rc = cmd_check_out("layers", s->o.layers, err);
    // First the scene: its import wants to start before there is a secret in this process.
    if (rc == RC_OK)
        rc = scene_source_get(s->o.scene, s->arena, &s->budget, &s->scene_object, err);
    if (rc == RC_OK && s->o.input != NULL)
        rc = play_input_open(&s->input, s->arena, s->o.input, err);
    if (rc == RC_OK)
        rc = play_link_open(&s->link, &cfg, err);
    if (rc == RC_OK) {
        gamer_offer(s->link.machine, buffer_bytes(&s->scene_object), &s->scene_name);
        rc = scene_open(&s->scene, buffer_bytes(&s->scene_object), err);
    }
    if (rc == RC_OK)
        rc = open_timers(s, err);
    return rc == RC_OK ? play_link_connect(&s->link, err) : rc;
}

static void close_all(void *self)
{
    struct side *s = self;
    loop_timer_free(s->tick);
    loop_timer_free(s->turn);
    loop_timer_free(s->play);
    order_free(s->order);
    play_link_close(&s->link);
    budget_give(&s->budget, s->scene_object.at);
}

static void sum_up(struct side *s)
{
    s->session.missing = s->missing;
    s->session.us = time_since(s->begun_us, loop_now_us(s->link.loop));
    if (s->o.frames > 1)
        play_view_session(&s->session, s->o.common.is_json);
}

static int run(void *self)
{
    struct side *s = self;
    on_tick(s);
    s->begun_us = loop_now_us(s->link.loop);
    submit_some(s);
    loop_run(s->link.loop);
    play_link_tell(&s->link);
    sum_up(s);
    return s->link.exit_code;
}

int play_frames(const struct play_options *o, struct arena *arena)
{
    static const struct cmd life = {
        .options = &play_command, .open = open_all, .run = run, .close = close_all};
    struct side *s = arena_take(arena, sizeof *s);
    if (s == NULL)
        return cmd_fail(&(struct err){.rc = RC_NOMEM, .text = "out of memory"});
    s->o = *o;
    return cmd_live(&life, s, arena);
}
