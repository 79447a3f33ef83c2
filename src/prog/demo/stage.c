// SPDX-License-Identifier: MIT
// One policy on stage: the processes are started, the load is offered, what became of it is noted.
#include "prog/demo/stage.h"

#include <math.h>
#include <string.h>

#include "base/num.h"
#include "base/rng.h"
#include "base/text.h"
#include "compute/gamer.h"
#include "crypt/id.h"
#include "os/entropy.h"
#include "os/loop.h"
#include "prog/demo/cast.h"
#include "prog/uplink.h"
#include "scene/scene.h"
#include "scene/scenes.h"

#define SCENE        "cornell"
#define SIDE         40u // of the picture that each task traces, pixels: some 10 ms of a processor
#define SAMPLES      6u
#define DEPTH        6u
#define CELL         8u
#define FPS          24.0f
#define AT_ONCE      3u
#define TICK_US      100000u
#define START_US     60000000u // until all are there
#define DRAIN_US     5000000u  // for the last answers
#define MEMORY_BYTES (SCENES_BUDGET_BYTES + ((size_t)64 << 20))

struct stage {
    struct stage_cfg cfg;
    struct demo_run *run;
    struct budget budget;
    struct loop *loop;
    struct loop_timer *send; // the next task is due
    struct loop_timer *tick; // of the progress line
    struct loop_timer *limit;
    struct cast *cast;
    struct uplink_options hub;
    char address[32];
    struct uplink *uplink;
    struct gamer_side *gamer;
    struct id id;
    struct buffer object;
    struct digest name;
    struct scene scene;
    uint64_t begun_us; // 0: the load has not begun
    uint64_t tick_us;  // when it is due
    uint64_t first_job;
    uint32_t sent, done;
    bool is_over;
    int signal;
    enum rc rc;
    struct err *err;
};

static void end(struct stage *s)
{
    s->is_over = true;
    loop_stop(s->loop);
}

static void end_with(struct stage *s, const char *why)
{
    if (s->is_over)
        return; // the first reason is the reason
    s->rc = err_set(s->err, RC_CLOSED, "%s", why);
    end(s);
}

// ---- The load

// Some at once, as a frame's parts are; gaps as of many gamers that do not know of one another,
// stretched to fill the time. The same for each policy.
static enum rc draw_load(struct stage *s)
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

static enum rc run_task(struct stage *s, uint32_t index, uint64_t *job)
{
    uint8_t room[512];
    struct buffer params = buffer_of(room, sizeof room);
    const struct trace_params p = {.seed = trace_seed(&s->name),
                                   .frame = index,
                                   .width = SIDE,
                                   .height = SIDE,
                                   .w = SIDE,
                                   .h = SIDE,
                                   .sample_count = SAMPLES,
                                   .depth_max = DEPTH,
                                   .cell = CELL,
                                   .camera = scene_camera(&s->scene, (float)index / FPS)};
    const enum rc rc = trace_params_encode(&p, &params);
    if (rc != RC_OK)
        return rc;
    struct msg_run m = {.deadline_ms = STAGE_DEADLINE_US / US_PER_MS,
                        .spec = {.input_count = 1, .input = {s->name}}};
    bytes_to_text(bytes_text(trace_kernel.name), m.spec.kernel, sizeof m.spec.kernel);
    m.spec.params = buffer_bytes(&params);
    return gamer_run(s->gamer, &m, job);
}

static void on_send(void *self)
{
    struct stage *s = self;
    struct demo_run *r = s->run;
    const uint64_t since_us = time_since(s->begun_us, loop_now_us(s->loop));
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
        loop_timer_at(s->limit, time_after(loop_now_us(s->loop), DRAIN_US));
}

// The hub has the scene, and everything works: now the troubles and the load begin.
static void begin(struct stage *s)
{
    s->begun_us = loop_now_us(s->loop);
    loop_timer_at(s->limit, UINT64_MAX);
    cast_trouble(s->cast);
    on_send(s);
}

// NULL: no task of the load.
static struct course_task *task_of(struct stage *s, uint64_t job)
{
    return s->sent > 0 && job - s->first_job < s->sent ? &s->run->task[job - s->first_job] : NULL;
}

// From when it should have been sent: that we were late ourselves is no merit of anybody.
static void settle(struct stage *s, struct course_task *t, enum course_fate fate)
{
    t->fate = fate;
    t->latency_us = time_since(s->begun_us + t->came_us, loop_now_us(s->loop));
    s->done += fate != COURSE_UNDER_WAY;
    if (s->done == s->run->tasks)
        end(s);
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

static void take_answer(struct stage *s, const struct msg_ran *ran)
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

static void ask_for_first_frame(struct stage *s)
{
    uint64_t job = 0;
    const struct msg_submit m = {.scene = s->name,
                                 .width = SIDE,
                                 .height = SIDE,
                                 .samples = 1,
                                 .depth_max = DEPTH,
                                 .tiles = 1,
                                 .camera = scene_camera(&s->scene, 0)};
    if (gamer_submit(s->gamer, &m, &job) != RC_OK)
        end_with(s, "out of memory for a frame");
}

static void on_event(struct stage *s, const struct gamer_event *e)
{
    struct course_task *t = NULL;
    switch (e->kind) {
    case GAMER_EVENT_IN: // the hub takes the scene with a frame, and keeps it for the tasks
        ask_for_first_frame(s);
        break;
    case GAMER_EVENT_FRAME:
        join_free(gamer_take(s->gamer, e->job));
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
        end_with(s, e->text);
        break;
    case GAMER_EVENT_PLANNED:
    case GAMER_EVENT_TILE:
    case GAMER_EVENT_PEERS:
        break;
    }
}

static void take_events(struct stage *s)
{
    struct gamer_event e;
    while (gamer_event(s->gamer, &e))
        on_event(s, &e);
}

static void drain(void *self)
{
    struct stage *s = self;
    struct out out;
    if (s->gamer == NULL)
        return;
    take_events(s);
    while (gamer_next(s->gamer, &out)) {
        if (out.kind == OUT_SEND)
            uplink_send(s->uplink, out.bytes);
        else
            uplink_close(s->uplink, "done");
    }
}

static void on_open(void *self)
{
    struct stage *s = self;
    gamer_open(s->gamer);
}

static void on_message(void *self, struct bytes message)
{
    struct stage *s = self;
    gamer_input(s->gamer, message);
    take_events(s);
}

static void on_close(void *self, const char *reason)
{
    struct stage *s = self;
    gamer_closed(s->gamer);
    end_with(s, reason);
}

static void on_ready(void *self, uint16_t port)
{
    struct stage *s = self;
    struct err err;
    const struct uplink_handlers handlers = {s, on_open, on_message, on_close};
    struct text t = text_of(s->address, sizeof s->address);
    text_addf(&t, "127.0.0.1:%u", port);
    s->hub = (struct uplink_options){.hub = s->address, .tls = OPTION_OFF, .is_quiet = true};
    enum rc rc = uplink_new(&s->uplink, s->loop, &s->hub, s->cfg.folder, &handlers, &err);
    if (rc == RC_OK)
        rc = uplink_open(s->uplink, &err);
    if (rc != RC_OK)
        end_with(s, err.text);
}

// ---- The processes

static void on_mark(void *self, const struct demo_mark *mark)
{
    struct stage *s = self;
    struct demo_run *r = s->run;
    if (r->marks == DEMO_MARKS_MAX)
        return;
    r->mark[r->marks] = *mark;
    r->mark[r->marks++].at_us = time_since(s->begun_us, mark->at_us);
}

static void on_lost(void *self)
{
    struct stage *s = self;
    s->run->lost += s->begun_us != 0;
}

static void on_failed(void *self, const char *why)
{
    end_with(self, why);
}

// ---- Time

static void on_limit(void *self)
{
    struct stage *s = self;
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
    struct stage *s = self;
    char what[64];
    struct text t = text_of(what, sizeof what);
    const uint64_t now_us = loop_now_us(s->loop);
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

static void on_signal(void *self, int number)
{
    struct stage *s = self;
    s->signal = number;
    end(s);
}

// ---- All of it

static enum rc open_gamer(struct stage *s)
{
    struct entropy entropy = entropy_os();
    enum rc rc = scenes_make(bytes_text(SCENE), &s->budget, &s->object, s->err);
    if (rc != RC_OK)
        return rc;
    if (id_init(&s->id, &entropy) != RC_OK)
        return err_set(s->err, RC_NOMEM, "out of memory for a key");
    const struct gamer_cfg cfg = {
        .budget = &s->budget,
        .client = {.role = MSG_ROLE_GAMER, .key = s->id.key, .name = "gamer", .entropy = entropy}};
    if (gamer_new(&s->gamer, &cfg) != RC_OK)
        return err_set(s->err, RC_NOMEM, "out of memory");
    gamer_offer(s->gamer, buffer_bytes(&s->object), &s->name);
    return scene_open(&s->scene, buffer_bytes(&s->object), s->err);
}

static enum rc open_loop(struct stage *s)
{
    enum rc rc = loop_new(&s->loop, s->err);
    if (rc == RC_OK)
        rc = loop_on_signal(s->loop, on_signal, s);
    if (rc == RC_OK)
        rc = loop_timer_new(&s->send, s->loop, on_send, s);
    if (rc == RC_OK)
        rc = loop_timer_new(&s->tick, s->loop, on_tick, s);
    if (rc == RC_OK)
        rc = loop_timer_new(&s->limit, s->loop, on_limit, s);
    if (rc != RC_OK)
        return err_set(s->err, rc, "cannot start the event loop: %s", rc_text(rc));
    loop_set_sleep_hook(s->loop, drain, s);
    loop_timer_at(s->limit, time_after(loop_now_us(s->loop), START_US));
    return RC_OK;
}

static enum rc open_all(struct stage *s)
{
    enum rc rc = draw_load(s);
    if (rc == RC_OK)
        rc = open_gamer(s);
    if (rc == RC_OK)
        rc = open_loop(s);
    const struct cast_cfg cfg = {.loop = s->loop,
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

static void close_all(struct stage *s)
{
    cast_free(s->cast);
    uplink_free(s->uplink);
    gamer_free(s->gamer);
    loop_timer_free(s->send);
    loop_timer_free(s->tick);
    loop_timer_free(s->limit);
    loop_free(s->loop);
    budget_give(&s->budget, s->object.at);
    id_end(&s->id);
}

enum rc stage_play(struct demo_run *out, const struct stage_cfg *cfg, int *signal, struct err *err)
{
    struct stage s = {.cfg = *cfg, .run = out, .budget = {.limit_bytes = MEMORY_BYTES}, .err = err};
    *out = (struct demo_run){.policy = cfg->policy, .deadline_us = STAGE_DEADLINE_US};
    s.rc = open_all(&s);
    if (s.rc == RC_OK) {
        s.tick_us = loop_now_us(s.loop);
        on_tick(&s);
        loop_run(s.loop);
    }
    close_all(&s);
    *signal = s.signal;
    return s.rc;
}
