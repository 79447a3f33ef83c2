// SPDX-License-Identifier: MIT
// One policy on stage: the processes are started, the load is offered, what became of it is noted.
#include "prog/demo/stage.h"

#include <math.h>
#include <string.h>

#include "base/num.h"
#include "base/rng.h"
#include "base/text.h"
#include "compute/light_task.h"
#include "prog/demo/cast.h"
#include "prog/play/link.h"
#include "scene/scene.h"
#include "scene/scenes.h"

#define SCENE        "cornell"
#define SIDE         40u // of the picture that each task traces, pixels: some 10 ms of a processor
#define SAMPLES      6u
#define DEPTH        6u
#define FPS          24.0f
#define AT_ONCE      3u
#define TICK_US      100000u
#define START_US     60000000u // until all are there
#define DRAIN_US     5000000u  // for the last answers
#define MEMORY_BYTES (SCENES_BUDGET_BYTES + ((size_t)64 << 20))

struct staging {
    struct stage_cfg cfg;
    struct demo_run *run;
    struct budget budget;
    struct play_link link;
    struct cmd_common common; // the gamer's
    char state[FILE_PATH_BYTES];
    struct loop_timer *send; // the next task is due
    struct loop_timer *tick; // of the progress line
    struct loop_timer *limit;
    struct cast *cast;
    struct uplink_options hub;
    char address[32];
    struct buffer object;
    struct digest name;
    struct scene scene;
    uint64_t begun_us; // 0: the load has not begun
    uint64_t tick_us;  // when it is due
    uint64_t first_job;
    uint32_t sent, done;
    struct err *err;
};

static void end_with(struct staging *s, const char *why)
{
    if (!s->link.is_over) // what ends when all is over is no reason
        play_link_end_with(&s->link, why);
}

// ---- The load

// Some at once, as a frame's parts are; gaps as of many gamers that do not know of one another,
// stretched to fill the time. The same for each policy.
static enum rc draw_load(struct staging *s)
{
    struct rng rng = rng_seeded(s->cfg.seed);
    struct demo_run *r = s->run;
    r->tasks = (uint32_t)(s->cfg.load_us * STAGE_RATE_S / US_PER_S);
    r->task = arena_take_array(s->cfg.arena, r->tasks, sizeof *r->task);
    double *at = arena_take_array(s->cfg.arena, r->tasks, sizeof *at);
    if (r->task == NULL || at == NULL)
        return err_set(s->err, RC_NOMEM, "out of memory");
    double sum = 0;
    for (uint32_t i = 0; i < r->tasks; i++) {
        sum -= i % AT_ONCE == 0 ? log(1 - rng_unit(&rng)) : 0;
        at[i] = sum;
    }
    for (uint32_t i = 0; i < r->tasks; i++)
        r->task[i].came_us = (uint64_t)(at[i] / sum * (double)s->cfg.load_us);
    return RC_OK;
}

static struct light_spec spec_of(const struct staging *s)
{
    return (struct light_spec){.scene = s->name,
                               .width = SIDE,
                               .height = SIDE,
                               .samples = SAMPLES,
                               .depth_max = DEPTH,
                               .tiles = 1,
                               .deadline_ms = STAGE_DEADLINE_US / US_PER_MS};
}

static enum rc run_task(struct staging *s, uint32_t index, uint64_t *job)
{
    struct light_task t;
    const struct light_spec spec = spec_of(s);
    const struct camera camera = scene_camera(&s->scene, (float)index / FPS);
    const enum rc rc = light_task_trace(&t, &spec, index, &camera, false);
    return rc == RC_OK ? gamer_run(s->link.machine, &t.run, job) : rc;
}

static void on_send(void *self)
{
    struct staging *s = self;
    struct demo_run *r = s->run;
    const uint64_t since_us = time_since(s->begun_us, loop_now_us(s->link.loop));
    uint64_t job = 0;
    while (s->sent < r->tasks && r->task[s->sent].came_us <= since_us) {
        if (run_task(s, s->sent, &job) != RC_OK) {
            end_with(s, "out of memory for a task");
            return;
        }
        s->first_job = s->sent == 0 ? job : s->first_job;
        s->sent++;
    }
    if (s->sent < r->tasks)
        loop_timer_at(s->send, s->begun_us + r->task[s->sent].came_us);
    else
        loop_timer_at(s->limit, time_after(loop_now_us(s->link.loop), DRAIN_US));
}

// The hub has the scene, and everything works: now the troubles and the load begin.
static void begin(struct staging *s)
{
    s->begun_us = loop_now_us(s->link.loop);
    loop_timer_at(s->limit, UINT64_MAX);
    cast_trouble(s->cast);
    on_send(s);
}

// NULL: no task of the load.
static struct course_task *task_of(struct staging *s, uint64_t job)
{
    return s->sent > 0 && job - s->first_job < s->sent ? &s->run->task[job - s->first_job] : NULL;
}

// From when it should have been sent: that we were late ourselves is no merit of anybody.
static void settle(struct staging *s, struct course_task *t, enum course_fate fate)
{
    t->fate = fate;
    t->latency_us = time_since(s->begun_us + t->came_us, loop_now_us(s->link.loop));
    s->done += fate != COURSE_UNDER_WAY;
    if (s->done == s->run->tasks)
        play_link_end(&s->link, EXIT_DONE);
}

// What was expected when the copy was sent that is answered here.
static void note_forecast(struct course_task *t, const struct msg_ran *ran)
{
    t->copy_us = ran->wall_us;
    t->has_forecast = ran->expected.us > 0;
    t->forecast_us = ran->expected.us;
    t->low_us = ran->expected.low_us;
    t->high_us = ran->expected.high_us;
}

static void take_answer(struct staging *s, const struct msg_ran *ran)
{
    struct course_task *t = task_of(s, ran->job);
    if (t == NULL || t->fate != COURSE_UNDER_WAY)
        return;
    bytes_to_text(bytes_text(ran->helper), t->helper, sizeof t->helper);
    t->copies = ran->attempts;
    note_forecast(t, ran);
    settle(s, t, COURSE_ANSWERED);
}

// ---- The gamer

static void ask_for_first_frame(struct staging *s)
{
    uint64_t job = 0;
    const struct light_spec spec = spec_of(s);
    const struct camera camera = scene_camera(&s->scene, 0);
    const struct msg_submit m = light_task_tiles(&spec, 0, &camera, false);
    if (gamer_submit(s->link.machine, &m, &job) != RC_OK)
        end_with(s, "out of memory for a frame");
}

static void on_event(void *self, const struct gamer_event *e)
{
    struct staging *s = self;
    struct course_task *t = NULL;
    switch (e->kind) {
    case GAMER_EVENT_IN: // the hub takes the scene with a frame, and keeps it for the tasks
        ask_for_first_frame(s);
        break;
    case GAMER_EVENT_FRAME:
        join_free(gamer_take(s->link.machine, e->job));
        begin(s);
        break;
    case GAMER_EVENT_RAN:
        take_answer(s, &e->ran);
        break;
    case GAMER_EVENT_FAILED:
        t = task_of(s, e->job);
        if (t != NULL)
            settle(s, t, COURSE_FAILED);
        else
            end_with(s, e->text);
        break;
    case GAMER_EVENT_OUT:
    case GAMER_EVENT_PLANNED:
    case GAMER_EVENT_TILE:
    case GAMER_EVENT_PEERS:
        break;
    }
}

static void on_stop(void *self)
{
    (void)self; // nobody waits for what is under way
}

static void on_ready(void *self, uint16_t port)
{
    struct staging *s = self;
    struct err err;
    struct text t = text_of(s->address, sizeof s->address);
    text_addf(&t, "127.0.0.1:%u", port);
    s->hub = (struct uplink_options){.hub = s->address, .tls = OPTION_OFF, .is_quiet = true};
    if (play_link_connect(&s->link, &err) != RC_OK)
        end_with(s, err.text);
}

// ---- The processes

static void on_mark(void *self, const struct demo_mark *mark)
{
    struct staging *s = self;
    struct demo_run *r = s->run;
    if (r->marks == DEMO_MARKS_MAX)
        return;
    r->mark[r->marks] = *mark;
    r->mark[r->marks++].at_us = time_since(s->begun_us, mark->at_us);
}

static void on_lost(void *self)
{
    struct staging *s = self;
    s->run->lost += s->begun_us != 0;
}

static void on_failed(void *self, const char *why)
{
    end_with(self, why);
}

// ---- Time

static void on_limit(void *self)
{
    struct staging *s = self;
    if (s->begun_us == 0) {
        end_with(s, "hub and helpers were not ready within a minute");
        return;
    }
    for (uint32_t i = 0; i < s->run->tasks; i++) // never answered
        if (s->run->task[i].fate == COURSE_UNDER_WAY)
            settle(s, &s->run->task[i], COURSE_FAILED);
}

static void on_tick(void *self)
{
    struct staging *s = self;
    char what[64];
    struct text t = text_of(what, sizeof what);
    const uint64_t now_us = loop_now_us(s->link.loop);
    double share = 0;
    const uint64_t late_us = time_since(s->tick_us, now_us);
    s->tick_us = time_after(now_us, TICK_US);
    if (s->begun_us == 0) {
        text_addf(&t, "%s: starting hub and helpers", s->cfg.policy);
    } else {
        text_addf(&t, "%s: task %u of %u", s->cfg.policy, s->sent, s->run->tasks);
        s->run->held_up_us = num_max(s->run->held_up_us, late_us);
        share = fmin(1, (double)time_since(s->begun_us, now_us) / (double)s->cfg.load_us);
    }
    progress_show(s->cfg.progress, what, s->cfg.share_before + share * s->cfg.share, now_us);
    loop_timer_at(s->tick, s->tick_us);
}

// ---- All of it

static enum rc open_gamer(struct staging *s)
{
    s->common = (struct cmd_common){.state = s->state};
    const struct play_link_cfg cfg = {.arena = s->cfg.arena,
                                      .budget = &s->budget,
                                      .common = &s->common,
                                      .uplink = &s->hub,
                                      .name = "gamer",
                                      .is_quiet = true,
                                      .self = s,
                                      .on_event = on_event,
                                      .on_stop = on_stop};
    enum rc rc = scenes_make(bytes_text(SCENE), &s->budget, &s->object, s->err);
    if (rc == RC_OK)
        rc = scene_open(&s->scene, buffer_bytes(&s->object), s->err);
    if (rc == RC_OK)
        rc = cmd_path(s->state, s->cfg.folder, "gamer", s->err);
    if (rc == RC_OK)
        rc = play_link_open(&s->link, &cfg, s->err);
    if (rc == RC_OK)
        gamer_offer(s->link.machine, buffer_bytes(&s->object), &s->name);
    return rc;
}

static enum rc open_timers(struct staging *s)
{
    enum rc rc = loop_timer_new(&s->send, s->link.loop, on_send, s);
    if (rc == RC_OK)
        rc = loop_timer_new(&s->tick, s->link.loop, on_tick, s);
    if (rc == RC_OK)
        rc = loop_timer_new(&s->limit, s->link.loop, on_limit, s);
    if (rc != RC_OK)
        return err_set(s->err, rc, "out of memory");
    loop_timer_at(s->limit, time_after(loop_now_us(s->link.loop), START_US));
    return RC_OK;
}

static enum rc open_all(struct staging *s)
{
    enum rc rc = draw_load(s);
    if (rc == RC_OK)
        rc = open_gamer(s);
    if (rc == RC_OK)
        rc = open_timers(s);
    const struct cast_cfg cfg = {.loop = s->link.loop,
                                 .budget = &s->budget,
                                 .folder = s->cfg.folder,
                                 .policy = s->cfg.policy,
                                 .seed = s->cfg.seed,
                                 .self = s,
                                 .on_ready = on_ready,
                                 .on_mark = on_mark,
                                 .on_lost = on_lost,
                                 .on_failed = on_failed};
    return rc == RC_OK ? cast_new(&s->cast, &cfg, s->err) : rc;
}

static void close_all(struct staging *s)
{
    cast_free(s->cast);
    loop_timer_free(s->send);
    loop_timer_free(s->tick);
    loop_timer_free(s->limit);
    play_link_close(&s->link);
    budget_give(&s->budget, s->object.at);
}

enum rc stage_play(struct demo_run *out, const struct stage_cfg *cfg, int *signal, struct err *err)
{
    struct staging s = {
        .cfg = *cfg, .run = out, .budget = {.limit_bytes = MEMORY_BYTES}, .err = err};
    *out = (struct demo_run){.policy = cfg->policy, .deadline_us = STAGE_DEADLINE_US};
    enum rc rc = open_all(&s);
    if (rc == RC_OK) {
        s.tick_us = loop_now_us(s.link.loop);
        on_tick(&s);
        loop_run(s.link.loop);
        if (s.link.exit_code == EXIT_FAILED)
            rc = err_set(err, s.link.why.rc, "%s", s.link.why.text);
    }
    close_all(&s);
    *signal = s.link.signal;
    return rc;
}
