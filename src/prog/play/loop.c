// SPDX-License-Identifier: MIT
// A game's frame loop: the gamer draws each picture itself, with the newest light from helpers.
//
// Light is asked for ahead of its time, by as much as it has taken so far: a camera path, or a
// player's recorded input, says where the game will be. A picture never waits for light, but the
// first one, for a while.
#include "prog/play/loop.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "compute/chores.h"
#include "kernel/encode/encode.h"
#include "prog/play/draw.h"
#include "prog/play/input.h"
#include "prog/play/link.h"
#include "prog/play/loop_view.h"
#include "prog/play/show.h"
#include "prog/scene_source.h"
#include "scene/scene.h"

#define MEMORY_BYTES   ((size_t)4 << 30)
#define TICK_US        100000u   // of the progress line, at least
#define FIRST_US       10000000u // that the first picture waits for light
#define AHEAD_MAX      4u        // light frames, beyond the one of now
#define LEARN          0.2       // weight of the newest latency
#define LIGHT_SIDE_MIN 32u
#define BODIES         24u // of the game's world
#define WALKERS        64u
#define LIGHT_MS_MAX   60000u // for a light frame: nobody waits for older light

struct shown { // a stream that was decoded: its layers, until their time has come
    struct buffer pixels;
    struct light light;
    uint32_t next; // layer to take
};

struct game {
    struct play_options o;
    enum split split;
    struct arena *arena;
    struct budget budget;
    struct play_link link;
    struct loop_timer *due;
    struct play_show *show;
    struct play_draw *draw;
    struct director *director;
    struct chores *chores; // NULL: --no-chores
    struct buffer scene_object;
    struct scene scene;
    struct digest scene_name;
    struct play_input input; // if there is --input
    struct play_input ahead; // the same, as far as light was asked for
    uint32_t light_width, light_height;
    uint32_t step; // pictures for each light frame
    uint32_t next; // picture to draw
    uint32_t next_light;
    uint32_t lit;       // light frame that the pictures show now
    struct light light; // that came last, and waits to be drawn or shown
    bool has_light, has_lit;
    bool is_spoilt; // a picture could not be drawn or written
    struct shown shown;
    uint64_t begun_us;    // the first picture
    uint64_t pictures_us; // of the processor: the last picture
    double latency_us;
    struct loop_view view;
};

static uint64_t now_us(const struct game *g)
{
    return loop_now_us(g->link.loop);
}

static double picture_us(const struct game *g)
{
    return US_PER_S / g->o.fps;
}

// Where the game is at a picture. Input only goes forward.
static struct camera camera_at(const struct game *g, uint32_t picture, struct play_input *input)
{
    if (g->o.input != NULL) {
        play_input_move(input, (uint64_t)(picture * picture_us(g)));
        return input->session.camera;
    }
    return scene_camera(&g->scene, (float)((double)(g->o.first + picture) / g->o.fps));
}

static uint32_t last_light(const struct game *g)
{
    return (uint32_t)(g->o.frames - 1) / g->step;
}

// The light frame that could be there if it was asked for now.
static uint32_t light_in_time(const struct game *g)
{
    const double each_us = fmax(picture_us(g), (double)g->pictures_us) * g->step;
    const double ahead = ceil(g->latency_us / fmax(each_us, 1));
    const uint32_t group = (uint32_t)g->o.group;
    const uint32_t more = (uint32_t)fmin(ahead, AHEAD_MAX) + (group > 0 ? group : 0);
    return (uint32_t)num_min(g->next / g->step + more, last_light(g));
}

static void ask_for_light(struct game *g)
{
    const uint32_t most = (uint32_t)g->o.in_flight;
    // What no picture would show any more is not asked for.
    g->next_light = (uint32_t)num_max(g->next_light, g->next / g->step);
    while (g->next_light <= light_in_time(g) && director_under_way(g->director) < most) {
        const struct camera camera = camera_at(g, g->next_light * g->step, &g->ahead);
        enum rc rc = director_ask(g->director, g->next_light, &camera, now_us(g));
        if (rc == RC_FULL)
            return;
        if (rc != RC_OK) {
            play_link_end_with(&g->link, rc == RC_NOMEM ? "out of memory for light"
                                                        : "light cannot be asked for like this");
            return;
        }
        g->next_light++;
    }
    if (g->next_light > last_light(g))
        director_flush(g->director);
}

// ---- Light that came

static void note_light(struct game *g)
{
    const struct light *l = &g->light;
    const double us = (double)time_since(l->asked_us[0], l->came_us);
    g->latency_us += g->latency_us > 0 ? LEARN * (us - g->latency_us) : us;
    loop_view_light(&g->view, l);
}

static void on_shown(void *self, enum rc rc, struct bytes pictures)
{
    struct game *g = self;
    struct shown *s = &g->shown;
    g->has_light = false;
    if (rc != RC_OK || pictures.len > s->pixels.cap) {
        loop_view_bad_stream(&g->view);
        return;
    }
    s->pixels.len = 0;
    buffer_put(&s->pixels, pictures);
    s->light = g->light;
    s->next = 0;
}

static bool has_shown(const struct game *g)
{
    return g->shown.pixels.at != NULL && g->shown.next < g->shown.light.count;
}

// Light frames a second, as streams say it.
static uint32_t light_fps(const struct game *g)
{
    return (uint32_t)lround(fmin(fmax(1, g->o.fps / g->step), VIDEO_FPS_MAX));
}

// Newer light was drawn before it came.
static bool is_old(const struct game *g)
{
    return g->has_lit && g->light.number + g->light.count <= g->lit;
}

// Takes the next that came, when the one before is used up; a stream goes to be decoded.
static void take_light(struct game *g)
{
    if (g->has_light || has_shown(g) || play_draw_is_busy(g->draw))
        return; // what it borrows is still in use
    do {
        g->has_light = director_next(g->director, &g->light);
        if (!g->has_light)
            return;
        note_light(g);
    } while (is_old(g));
    if (g->light.form != LIGHT_STREAM)
        return;
    const struct play_show_form form = {g->light_width, g->light_height, light_fps(g)};
    if (play_show_run(g->show, g->light.part[0], g->light.count, &form) == RC_OK)
        return;
    g->has_light = false;
    loop_view_bad_stream(&g->view);
}

// Is it the time of this light frame? Early light would be seen from where nobody is yet.
static bool is_time_of(const struct game *g, uint32_t light)
{
    return !g->has_lit || light * g->step <= g->next;
}

// True: light is being drawn.
static bool draw_light(struct game *g)
{
    struct shown *s = &g->shown;
    if (has_shown(g) && is_time_of(g, s->light.number + s->next)) {
        const size_t each = s->pixels.len / s->light.count;
        const struct bytes pixels = bytes_of(s->pixels.at + each * s->next, each);
        g->lit = s->light.number + s->next;
        return play_draw_layer(g->draw, &s->light.camera[s->next++], pixels) == RC_OK;
    }
    if (!g->has_light || g->light.form == LIGHT_STREAM || !is_time_of(g, g->light.number))
        return false;
    g->lit = g->light.number;
    return play_draw_light(g->draw, &g->light) == RC_OK;
}

// ---- Chores

static void step_chores(struct game *g)
{
    double helper_us;
    double way_us;
    if (g->chores == NULL)
        return;
    const struct camera camera = camera_at(g, g->next, &g->input);
    chores_step(g->chores, g->next, &camera, split_has_others(director_split(g->director)),
                now_us(g));
    if (chores_cost(g->chores, &helper_us, &way_us))
        director_others(g->director, CHORES, helper_us, way_us);
}

// True: one is being computed here.
static bool do_chore(struct game *g)
{
    struct chore_task task;
    if (g->chores == NULL || !chores_local(g->chores, &task))
        return false;
    const enum rc rc = play_draw_chore(g->draw, &task);
    if (rc != RC_OK) // it is over, and the next one has its turn
        chores_ran(g->chores, task.chore, rc, bytes_of(NULL, 0), 0, now_us(g));
    return rc == RC_OK;
}

// ---- Pictures

static uint64_t due_us(const struct game *g)
{
    return g->begun_us + (uint64_t)(g->next * picture_us(g));
}

// The first one has waited long enough, or there is light.
static bool may_begin(const struct game *g)
{
    return g->has_lit || time_since(g->begun_us, now_us(g)) >= FIRST_US;
}

static bool draw_picture(struct game *g)
{
    if (g->next == 0 && !may_begin(g))
        return false;
    if (g->next == 0)
        g->begun_us = now_us(g); // from here on it runs
    if (g->next >= g->o.frames || now_us(g) < due_us(g))
        return false;
    const struct camera camera = camera_at(g, g->next, &g->input);
    return play_draw_picture(g->draw, (uint32_t)g->o.first + g->next, &camera) == RC_OK;
}

static void wake(struct game *g)
{
    const uint64_t tick_us = time_after(now_us(g), TICK_US);
    loop_timer_at(g->due,
                  g->next > 0 && due_us(g) > now_us(g) ? num_min(due_us(g), tick_us) : tick_us);
}

static void show_progress(struct game *g)
{
    char what[64];
    struct text t = text_of(what, sizeof what);
    text_addf(&t, "picture %u of %llu, %s%s", g->next, (unsigned long long)g->o.frames,
              split_name(director_split(g->director)), g->link.lost_us != 0 ? ", hub lost" : "");
    progress_show(&g->link.progress, what, (double)g->next / (double)g->o.frames, now_us(g));
}

static void late_light(struct game *g)
{
    if (g->o.late_ms == 0 || g->next == 0)
        return;
    for (uint32_t k = g->has_lit ? g->lit + 1 : 0; k < g->next_light; k++)
        if (k * g->step * picture_us(g) + (double)(g->begun_us + g->o.late_ms * US_PER_MS) <=
            (double)now_us(g))
            (void)director_partly(g->director, k, now_us(g));
}

static void advance(struct game *g)
{
    if (g->link.is_over)
        return;
    if (g->next >= g->o.frames) {
        play_link_end(&g->link, EXIT_DONE);
        return;
    }
    director_tick(g->director, now_us(g));
    late_light(g);
    ask_for_light(g);
    take_light(g);
    step_chores(g);
    if (!play_draw_is_busy(g->draw) && !draw_light(g) && !do_chore(g))
        (void)draw_picture(g);
    show_progress(g);
    wake(g);
}

static void picture_done(struct game *g, const struct play_drawn *d)
{
    const struct loop_picture p = {.number = d->number,
                                   .has_light = g->has_lit,
                                   .age =
                                       g->has_lit ? (double)g->next - (double)g->lit * g->step : 0,
                                   .split = director_split(g->director),
                                   .cpu_us = d->picture_us,
                                   .at_us = time_since(g->begun_us, now_us(g))};
    g->pictures_us = d->picture_us;
    director_pictures(g->director, (double)d->picture_us * g->step);
    progress_wipe(&g->link.progress);
    loop_view_picture(&g->view, &p);
    g->next++;
}

static void on_drawn(void *self, const struct play_drawn *d)
{
    struct game *g = self;
    if (d->rc != RC_OK && d->work == PLAY_PICTURE) {
        g->is_spoilt = true;
        play_link_end_with(&g->link, d->text);
        return;
    }
    if (g->link.is_over)
        loop_stop(g->link.loop); // which went on for this
    if (d->work == PLAY_PICTURE) {
        picture_done(g, d);
    } else if (d->work == PLAY_CHORE) {
        chores_ran(g->chores, d->chore, d->rc, d->result, d->chore_us, now_us(g));
    } else {
        if (!has_shown(g))
            g->has_light = false;
        g->has_lit = g->has_lit || d->rc == RC_OK; // light that made no sense is passed over
        for (uint32_t i = 0; i < STAGES; i++)
            if (d->cpu_us[i] > 0)
                director_own(g->director, (enum stage)i, (double)d->cpu_us[i]);
    }
    advance(g);
}

static void on_event(void *self, const struct gamer_event *e)
{
    struct game *g = self;
    if (e->kind == GAMER_EVENT_FAILED)
        loop_view_failed(&g->view, e->text);
    if (!director_event(g->director, e, now_us(g)) && g->chores != NULL)
        (void)chores_event(g->chores, e, now_us(g));
    advance(g);
}

static void on_due(void *self)
{
    advance(self);
}

static void on_stop(void *self)
{
    struct game *g = self;
    director_stop(g->director);
}

// ---- The way in and out

static uint32_t half_even(uint32_t side)
{
    const uint32_t half = (side / 2 + 1) / 2;
    return half * 2 > LIGHT_SIDE_MIN ? half * 2 : LIGHT_SIDE_MIN;
}

static enum rc sizes(struct game *g, struct err *err)
{
    const struct option_pixels *full = &g->o.size;
    g->light_width = g->o.light.width;
    g->light_height = g->o.light.height;
    if (full->width < LIGHT_SIDE_MIN || full->height < LIGHT_SIDE_MIN ||
        full->width > LAYER_SIDE_MAX || full->height > LAYER_SIDE_MAX ||
        (uint64_t)full->width * full->height > PIXELS_TILE_MAX)
        return err_set(err, RC_CONFIG, "--size with --split: sides of %u to %u, %u pixels at most",
                       LIGHT_SIDE_MIN, LAYER_SIDE_MAX, PIXELS_TILE_MAX);
    if (g->o.group > 0 && g->split != SPLIT_AUTO && !split_has_stages(g->split))
        return err_set(err, RC_CONFIG, "--group is for --split pipeline, hybrid or auto");
    if (g->light_width == 0) { // half, as streams want it
        g->light_width = half_even(full->width);
        g->light_height = half_even(full->height);
    }
    if (g->light_width > full->width || g->light_height > full->height)
        return err_set(err, RC_CONFIG, "--light must not be larger than --size");
    if (g->o.group > 0 && (g->light_width % 2 != 0 || g->light_height % 2 != 0))
        return err_set(err, RC_CONFIG, "--light wants even sides where --group is above 0");
    g->step = (uint32_t)lround(fmax(1, g->o.fps / g->o.light_hz));
    return RC_OK;
}

// All that can be told before anything is done.
static enum rc check(struct game *g, struct err *err)
{
    const struct play_writer_cfg writer = {
        .path = g->o.out, .width = g->o.size.width, .height = g->o.size.height, .fps = g->o.fps};
    if (!split_of(bytes_text(g->o.split), &g->split))
        return err_set(err, RC_CONFIG, "--split %s: spatial, functional, pipeline, hybrid or auto",
                       g->o.split);
    enum rc rc = sizes(g, err);
    return rc == RC_OK ? play_writer_check(&writer, err) : rc;
}

static enum rc open_director(struct game *g, struct err *err)
{
    const struct director_cfg cfg = {.budget = &g->budget,
                                     .gamer = g->link.machine,
                                     .split = g->split,
                                     .light = {.scene = g->scene_name,
                                               .width = g->light_width,
                                               .height = g->light_height,
                                               .samples = (uint32_t)g->o.samples,
                                               .depth_max = (uint32_t)g->o.depth,
                                               .tiles = (uint32_t)g->o.tiles,
                                               .group = (uint32_t)g->o.group,
                                               .fps = light_fps(g),
                                               .psnr = (uint32_t)lround(g->o.psnr * 100),
                                               .deadline_ms = LIGHT_MS_MAX}};
    enum rc rc = director_new(&g->director, &cfg);
    return rc == RC_OK ? rc : err_set(err, rc, "the game's light cannot be had like this");
}

static enum rc open_chores(struct game *g, struct err *err)
{
    const struct chores_cfg cfg = {.budget = &g->budget,
                                   .gamer = g->link.machine,
                                   .scene = buffer_bytes(&g->scene_object),
                                   .scene_name = g->scene_name,
                                   .fps = g->o.fps,
                                   .bodies = BODIES,
                                   .walkers = WALKERS,
                                   .seed = 1};
    enum rc rc = chores_new(&g->chores, &cfg);
    return rc == RC_OK ? rc : err_set(err, rc, "cannot make the game's world: %s", rc_text(rc));
}

static enum rc open_drawing(struct game *g, struct err *err)
{
    const struct play_draw_cfg cfg = {.loop = g->link.loop,
                                      .scene = buffer_bytes(&g->scene_object),
                                      .width = g->o.size.width,
                                      .height = g->o.size.height,
                                      .light_width = g->light_width,
                                      .light_height = g->light_height,
                                      .tone = {(float)g->o.exposure, (float)g->o.glare},
                                      .out = g->o.out,
                                      .fps = g->o.fps,
                                      .count = (uint32_t)g->o.frames,
                                      .self = g,
                                      .on_drawn = on_drawn};
    const size_t pixels = picture_bytes(PICTURE_LIGHT, g->light_width, g->light_height);
    const size_t cap = pixels * g->o.group;
    uint8_t *shown = g->o.group > 0 ? budget_take(&g->budget, cap) : NULL;
    g->shown.pixels = buffer_of(shown, shown != NULL ? cap : 0);
    if (g->o.group > 0 && shown == NULL)
        return err_set(err, RC_NOMEM, "out of memory");
    enum rc rc = play_draw_new(&g->draw, g->arena, &cfg, err);
    if (rc == RC_OK && g->show != NULL)
        rc = play_show_listen(g->show, g->link.loop, g, on_shown);
    if (rc == RC_OK)
        rc = loop_timer_new(&g->due, g->link.loop, on_due, g);
    return rc;
}

static enum rc open_game(struct game *g, struct err *err)
{
    enum rc rc = scene_open(&g->scene, buffer_bytes(&g->scene_object), err);
    if (rc != RC_OK)
        return rc;
    gamer_offer(g->link.machine, buffer_bytes(&g->scene_object), &g->scene_name);
    const struct camera start = scene_camera(&g->scene, (float)((double)g->o.first / g->o.fps));
    if (g->o.input != NULL && session_start(&g->input.session, &start) != RC_OK)
        return err_set(err, RC_CONFIG, "this scene has no place to fly from");
    g->ahead = g->input;
    rc = open_director(g, err);
    if (rc == RC_OK && !g->o.has_no_chores)
        rc = open_chores(g, err);
    return rc == RC_OK ? open_drawing(g, err) : rc;
}

static enum rc open_all(void *self, struct arena *arena, struct err *err)
{
    struct game *g = self;
    g->arena = arena;
    g->budget.limit_bytes = MEMORY_BYTES;
    g->view = (struct loop_view){.is_json = g->o.common.is_json, .wants_table = g->o.wants_table};
    const struct play_link_cfg cfg = {.arena = g->arena,
                                      .budget = &g->budget,
                                      .common = &g->o.common,
                                      .uplink = &g->o.uplink,
                                      .name = g->o.name,
                                      .token_file = g->o.token_file,
                                      .patience_us = g->o.patience_s * US_PER_S,
                                      .is_quiet = g->o.is_quiet,
                                      .self = g,
                                      .on_event = on_event,
                                      .on_stop = on_stop};
    // First what wants to start before there is a secret in this process.
    enum rc rc = check(g, err);
    if (rc == RC_OK)
        rc = scene_source_get(g->o.scene, g->arena, &g->budget, &g->scene_object, err);
    if (rc == RC_OK && g->o.group > 0)
        rc = play_show_start(&g->show, g->arena, err);
    if (rc == RC_OK && g->o.input != NULL)
        rc = play_input_open(&g->input, g->arena, g->o.input, err);
    if (rc == RC_OK)
        rc = play_link_open(&g->link, &cfg, err);
    if (rc == RC_OK)
        rc = open_game(g, err);
    return rc == RC_OK ? play_link_connect(&g->link, err) : rc;
}

static void close_all(void *self)
{
    struct game *g = self;
    director_free(g->director);
    chores_free(g->chores);
    if (g->link.machine != NULL && g->link.uplink != NULL)
        play_link_send(&g->link); // what is withdrawn
    play_draw_free(g->draw);
    play_show_stop(g->show);
    loop_timer_free(g->due);
    play_link_close(&g->link);
    budget_give(&g->budget, g->shown.pixels.at);
    budget_give(&g->budget, g->scene_object.at);
}

// What is drawn is kept, whatever ended the game.
static void end_drawing(struct game *g)
{
    struct err err;
    while (play_draw_is_busy(g->draw)) // on_drawn stops it
        loop_run(g->link.loop);
    if (!g->is_spoilt && play_draw_end(g->draw, &err) != RC_OK)
        play_link_end_with(&g->link, err.text);
    else if (g->link.signal != 0)
        fprintf(stderr, "shoal: stopped; %u of %llu pictures are there\n", g->next,
                (unsigned long long)g->o.frames);
}

static void sum_up(struct game *g)
{
    const struct loop_traffic traffic = {g->link.bytes_in, g->link.bytes_out};
    const struct director_stat stat = director_stat(g->director);
    if (g->next == 0 && g->link.exit_code != EXIT_DONE)
        return; // it has not begun
    for (uint32_t i = 0; g->chores != NULL && i < CHORES; i++) {
        const struct chore_stat t = chores_stat(g->chores, (enum chore)i);
        loop_view_chore(&g->view, (enum chore)i, &t, time_since(g->begun_us, now_us(g)));
    }
    loop_view_end(&g->view, &stat, &traffic, time_since(g->begun_us, now_us(g)));
}

static int run(void *self)
{
    struct game *g = self;
    g->begun_us = now_us(g);
    advance(g);
    loop_run(g->link.loop);
    end_drawing(g);
    play_link_tell(&g->link);
    sum_up(g);
    return g->link.exit_code;
}

int play_loop(const struct play_options *o, struct arena *arena)
{
    static const struct cmd life = {
        .options = &play_command, .open = open_all, .run = run, .close = close_all};
    struct game *g = arena_take(arena, sizeof *g);
    if (g == NULL)
        return cmd_fail(&(struct err){.rc = RC_NOMEM, .text = "out of memory"});
    g->o = *o;
    return cmd_live(&life, g, arena);
}
