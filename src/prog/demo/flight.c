// SPDX-License-Identifier: MIT
// Flights on stage: a gamer's frame loop with light from the cast, in one split after the other.
#include "prog/demo/flight.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/num.h"
#include "base/text.h"
#include "os/child.h"
#include "os/file.h"
#include "os/loop.h"
#include "prog/demo/cast.h"

#define TICK_US      100000u
#define START_US     60000000u // until all are there
#define FIRST_US     40000000u // until a flight's first picture
#define STOP_US      10000000u // from its being told to its end
#define WARM_S       1u
#define WORDS_BYTES  160u
#define MEMORY_BYTES ((size_t)8 << 20)

enum phase {
    STARTING, // hub and helpers
    WAITING,  // for the first picture
    FLYING,
    STOPPING, // the gamer was told to end
};

struct flights {
    struct flights_cfg cfg;
    struct demo_flight *flight;
    uint32_t count;
    struct demo_flight warm; // before the first
    uint32_t begun;          // flights, the warm one among them
    struct demo_flight *now;
    enum phase phase;
    struct budget budget;
    struct loop *loop;
    struct loop_timer *tick; // of the progress line
    struct loop_timer *limit;
    struct loop_timer *next; // a child is not replaced from within its own handler
    struct cast *cast;
    struct child *player;
    char address[32];
    char program[FILE_PATH_BYTES];
    char words[WORDS_BYTES]; // the player's first ones that were not meant for us
    uint64_t begun_us;       // this flight
    uint64_t tick_us;
    bool is_over;
    int signal;
    enum rc rc;
    struct err *err;
};

static void end(struct flights *f)
{
    f->is_over = true;
    loop_stop(f->loop);
}

static void end_with(struct flights *f, const char *why)
{
    if (f->is_over)
        return; // the first reason is the reason
    f->rc = err_set(f->err, RC_CLOSED, "%s", why);
    end(f);
}

static uint64_t now_us(const struct flights *f)
{
    return loop_now_us(f->loop);
}

static uint64_t seconds_of(const struct flights *f)
{
    return f->now == &f->warm ? WARM_S : f->cfg.seconds;
}

static void set_limit(struct flights *f, uint64_t wait_us)
{
    loop_timer_at(f->limit, time_after(now_us(f), wait_us));
}

// ---- One flight

static void on_player_line(void *self, const char *line)
{
    struct flights *f = self;
    struct flight *now = &f->now->flight;
    const bool is_event = flight_line(now, bytes_text(line), time_since(f->begun_us, now_us(f)));
    if (!is_event && line[0] != '{' && f->words[0] == 0) {
        text_copy_safe(f->words, sizeof f->words, bytes_text(line));
    }
    if (f->phase == WAITING && now->pictures > 0) {
        f->phase = FLYING;
        set_limit(f, (seconds_of(f) + FLIGHT_OVER) * US_PER_S);
    }
}

static void on_player_end(void *self, int status)
{
    struct flights *f = self;
    char why[2 * WORDS_BYTES];
    // One that is cut may be ending already, and then no longer minds the signal.
    const bool is_done = f->now->is_cut || (WIFEXITED(status) && WEXITSTATUS(status) == 0);
    struct text t = text_of(why, sizeof why);
    if (is_done && f->now->flight.is_whole) {
        loop_timer_at(f->next, now_us(f));
        return;
    }
    text_addf(&t, "the gamer ended (%s %d): %s", WIFEXITED(status) ? "exit code" : "signal",
              WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status),
              f->words[0] != 0 ? f->words : "it did not say why");
    end_with(f, why);
}

static enum rc start_player(struct flights *f)
{
    char state[FILE_PATH_BYTES];
    char video[FILE_PATH_BYTES];
    char frames[24];
    char light_hz[24];
    char fps[24];
    struct text t[] = {text_of(state, sizeof state), text_of(video, sizeof video),
                       text_of(frames, sizeof frames), text_of(light_hz, sizeof light_hz),
                       text_of(fps, sizeof fps)};
    text_addf(&t[0], "%s/gamer", f->cfg.folder);
    text_addf(&t[1], "%s/flight.y4m", f->cfg.folder);
    text_addf(&t[2], "%u", (unsigned)(seconds_of(f) * FLIGHT_FPS));
    text_addf(&t[3], "%.3f", (double)FLIGHT_FPS / FLIGHT_STEP);
    text_addf(&t[4], "%u", FLIGHT_FPS);
    if (t[0].is_cut || t[1].is_cut)
        return err_set(f->err, RC_IO, "%s: the path is too long", f->cfg.folder);
    const char *const argv[] = {
        f->program,   "play",     "--hub",       f->address, "--state",    state,     "--scene",
        FLIGHT_SCENE, "--split",  f->now->split, "--size",   FLIGHT_SIZE,  "--light", FLIGHT_LIGHT,
        "--spp",      FLIGHT_SPP, "--fps",       fps,        "--light-hz", light_hz,  "--frames",
        frames,       "--out",    video,         "--json",   NULL};
    const struct child_cfg cfg = {.loop = f->loop,
                                  .budget = &f->budget,
                                  .argv = argv,
                                  .self = f,
                                  .on_line = on_player_line,
                                  .on_end = on_player_end};
    return child_start(&f->player, &cfg, f->err);
}

static enum rc make_room(struct flights *f)
{
    struct flight *now = &f->now->flight;
    *now = (struct flight){.step = FLIGHT_STEP,
                           .light_max = (uint32_t)(seconds_of(f) * FLIGHT_FPS / FLIGHT_STEP + 1)};
    now->light = arena_take_array(f->cfg.arena, now->light_max, sizeof *now->light);
    return now->light != NULL ? RC_OK : err_set(f->err, RC_NOMEM, "out of memory");
}

static void on_next(void *self)
{
    struct flights *f = self;
    child_free(f->player);
    f->player = NULL;
    if (f->begun == f->count + 1) {
        end(f);
        return;
    }
    f->now = f->begun == 0 ? &f->warm : &f->flight[f->begun - 1];
    f->begun++;
    f->phase = WAITING;
    f->begun_us = now_us(f);
    f->words[0] = 0;
    set_limit(f, FIRST_US);
    f->rc = make_room(f);
    if (f->rc == RC_OK)
        f->rc = start_player(f);
    if (f->rc != RC_OK)
        end(f);
}

// ---- The processes

static void on_ready(void *self, uint16_t port)
{
    struct flights *f = self;
    struct text t = text_of(f->address, sizeof f->address);
    text_addf(&t, "127.0.0.1:%u", port);
    cast_trouble(f->cast);
    loop_timer_at(f->next, now_us(f));
}

static void on_mark(void *self, const struct demo_mark *mark)
{
    (void)self; // whom it befell is not drawn here
    (void)mark;
}

static void on_lost(void *self)
{
    (void)self; // what came of it is seen in the light
}

static void on_failed(void *self, const char *why)
{
    end_with(self, why);
}

// ---- Time

static void on_limit(void *self)
{
    struct flights *f = self;
    switch (f->phase) {
    case STARTING:
        end_with(f, "hub and helpers were not ready within a minute");
        break;
    case WAITING:
        end_with(f, "no picture came within 40 seconds");
        break;
    case FLYING: // what there is counts
        f->phase = STOPPING;
        f->now->is_cut = true;
        child_signal(f->player, SIGINT);
        set_limit(f, STOP_US);
        break;
    case STOPPING:
        end_with(f, "the gamer was told to end, and did not");
        break;
    }
}

static void on_tick(void *self)
{
    struct flights *f = self;
    char what[64];
    struct text t = text_of(what, sizeof what);
    const uint64_t late_us = time_since(f->tick_us, now_us(f));
    f->tick_us = time_after(now_us(f), TICK_US);
    if (f->now == NULL) {
        text_addf(&t, "flights: starting hub and helpers");
    } else {
        text_addf(&t, "flight, %s: picture %u of %u", f->now->split, f->now->flight.pictures,
                  (unsigned)(seconds_of(f) * FLIGHT_FPS));
        *f->cfg.held_up_us = num_max(*f->cfg.held_up_us, late_us);
    }
    const double done = (double)(f->begun > 1 ? f->begun - 2 : 0) / f->count;
    progress_show(f->cfg.progress, what, f->cfg.share_before + done * f->cfg.share, now_us(f));
    loop_timer_at(f->tick, f->tick_us);
}

static void on_signal(void *self, int number)
{
    struct flights *f = self;
    f->signal = number;
    end(f);
}

// ---- All of it

static enum rc open_loop(struct flights *f)
{
    enum rc rc = loop_new(&f->loop, f->err);
    if (rc == RC_OK)
        rc = loop_on_signal(f->loop, on_signal, f);
    if (rc == RC_OK)
        rc = loop_timer_new(&f->tick, f->loop, on_tick, f);
    if (rc == RC_OK)
        rc = loop_timer_new(&f->limit, f->loop, on_limit, f);
    if (rc == RC_OK)
        rc = loop_timer_new(&f->next, f->loop, on_next, f);
    if (rc != RC_OK)
        return err_set(f->err, rc, "cannot start the event loop: %s", rc_text(rc));
    set_limit(f, START_US);
    return RC_OK;
}

static enum rc open_all(struct flights *f)
{
    enum rc rc = open_loop(f);
    const struct cast_cfg cfg = {.loop = f->loop,
                                 .budget = &f->budget,
                                 .folder = f->cfg.folder,
                                 .policy = f->cfg.policy,
                                 .seed = f->cfg.seed,
                                 .self = f,
                                 .on_ready = on_ready,
                                 .on_mark = on_mark,
                                 .on_lost = on_lost,
                                 .on_failed = on_failed};
    return rc == RC_OK ? cast_new(&f->cast, &cfg, f->err) : rc;
}

static void close_all(struct flights *f)
{
    child_free(f->player);
    cast_free(f->cast);
    loop_timer_free(f->tick);
    loop_timer_free(f->limit);
    loop_timer_free(f->next);
    loop_free(f->loop);
}

enum rc flights_play(struct demo_flight *out, uint32_t count, const struct flights_cfg *cfg,
                     int *signal, struct err *err)
{
    struct flights f = {.cfg = *cfg,
                        .flight = out,
                        .count = count,
                        .warm = {.split = "hybrid"},
                        .budget = {.limit_bytes = MEMORY_BYTES},
                        .err = err};
    cast_find_program(f.program);
    f.rc = open_all(&f);
    if (f.rc == RC_OK) {
        f.tick_us = now_us(&f);
        on_tick(&f);
        loop_run(f.loop);
    }
    close_all(&f);
    *signal = f.signal;
    return f.rc;
}
