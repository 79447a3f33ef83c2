// SPDX-License-Identifier: MIT
// Chores: what a game computes beside its picture: physics, paths, sound, talk; as a machine.
#include "compute/chores.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/num.h"
#include "compute/chores_world.h"
#include "compute/splits.h"
#include "kernel/kernel.h"

#define PARAMS_BYTES KERNEL_PARAMS_BYTES_MAX
#define MARGIN       1.5 // times the way that it is sent ahead for
#define FORGET       0.9 // of a way that was too long, each window: helpers may be nearer by now
#define GIVEN_BYTES  8192u
#define DEADLINE_MS  10000u // after which nobody would want it

static const struct {
    const char *name, *kernel;
    uint32_t deadline_us;
    uint32_t windows; // one task in so many
} kinds[CHORES] = {
    [CHORE_PHYSICS] = {"physics", "physics", 16000, 1},
    [CHORE_PATHS] = {"paths", "route", 32000, 1},
    [CHORE_SOUND] = {"sound", "audio", 24000, 1},
    [CHORE_TALK] = {"talk", "dialogue", 32000, 2},
};

enum life { LIFE_IDLE, LIFE_ASKED, LIFE_LOCAL, LIFE_RUNNING };

struct state {
    enum life life;
    uint64_t job; // ASKED
    uint64_t asked_us;
    uint32_t next;       // window to ask for
    uint32_t due;        // windows that have begun
    uint64_t due_us;     // when the last one did
    bool is_waiting;     // its answer was not there then
    struct bytes object; // that the kernel takes; empty: none
    struct digest input; // of a task: the object's name; physics': what it is given, each time
    struct buffer params;
    struct buffer given; // a copy: the hub may ask for it at any time
    struct chore_stat stat;
};

struct chores {
    struct chores_cfg cfg;
    struct chores_world *world;
    struct state state[CHORES];
};

const char *chore_name(enum chore chore)
{
    return kinds[chore].name;
}

static enum rc open_all(struct chores *c)
{
    const struct chores_cfg *f = &c->cfg;
    enum rc rc = chores_world_new(&c->world, f->budget, f->bodies, f->walkers, f->seed);
    for (uint32_t i = 0; rc == RC_OK && i < CHORES; i++) {
        struct state *s = &c->state[i];
        s->params = buffer_of(budget_take(f->budget, PARAMS_BYTES), PARAMS_BYTES);
        s->given = buffer_of(budget_take(f->budget, GIVEN_BYTES), GIVEN_BYTES);
        s->stat.deadline_us = kinds[i].deadline_us;
        rc = s->params.at != NULL && s->given.at != NULL ? RC_OK : RC_NOMEM;
    }
    return rc;
}

static void offer(struct chores *c, enum chore chore, struct bytes object)
{
    struct state *s = &c->state[chore];
    assert(object.len > 0);
    s->object = object;
    gamer_offer(c->cfg.gamer, object, &s->input);
}

enum rc chores_new(struct chores **out, const struct chores_cfg *cfg)
{
    *out = NULL;
    if (!(cfg->fps > 0))
        return RC_CONFIG;
    struct chores *c = budget_take(cfg->budget, sizeof *c);
    if (c == NULL)
        return RC_NOMEM;
    *c = (struct chores){.cfg = *cfg};
    enum rc rc = open_all(c);
    if (rc != RC_OK) {
        chores_free(c);
        return rc;
    }
    c->state[CHORE_SOUND].object = cfg->scene;
    c->state[CHORE_SOUND].input = cfg->scene_name;
    offer(c, CHORE_PATHS, chores_world_map(c->world));
    offer(c, CHORE_TALK, chores_world_speech(c->world));
    *out = c;
    return RC_OK;
}

void chores_free(struct chores *c)
{
    if (c == NULL)
        return;
    struct budget *budget = c->cfg.budget;
    for (uint32_t i = 0; i < CHORES; i++) {
        struct state *s = &c->state[i];
        if (s->life == LIFE_ASKED)
            gamer_withdraw(c->cfg.gamer, s->job);
        if (i != CHORE_SOUND) // the scene is somebody else's
            gamer_recall(c->cfg.gamer, &s->input);
        budget_give(budget, s->params.at);
        budget_give(budget, s->given.at);
    }
    chores_world_free(c->world, budget);
    budget_give(budget, c);
}

// ---- Asking

static uint32_t window_pictures(const struct chores *c, enum chore chore)
{
    const double pictures = c->cfg.fps * CHORES_WINDOW_US / US_PER_S;
    return (uint32_t)fmax(1, round(pictures)) * kinds[chore].windows;
}

// What it asks for; RC_ABSENT: nothing, this time.
static enum rc prepare(struct chores *c, enum chore chore, const struct camera *camera)
{
    struct state *s = &c->state[chore];
    enum rc rc = RC_OK;
    if (s->given.len > 0) // nobody needs any more what the one before was given
        gamer_recall(c->cfg.gamer, &s->input);
    s->params.len = s->given.len = 0;
    s->params.is_full = s->given.is_full = false;
    switch (chore) {
    case CHORE_PHYSICS:
        rc = chores_world_physics(c->world, &s->params, &s->given);
        break;
    case CHORE_PATHS:
        rc = chores_world_paths(c->world, &s->params);
        break;
    case CHORE_SOUND:
        rc = chores_world_sound(c->world, camera, &s->params);
        break;
    case CHORE_TALK:
        rc = chores_world_talk(s->next, &s->params);
        break;
    }
    return rc;
}

static enum rc ask(struct chores *c, enum chore chore)
{
    struct state *s = &c->state[chore];
    struct msg_run m = {.deadline_ms = DEADLINE_MS};
    bytes_to_text(bytes_text(kinds[chore].kernel), m.spec.kernel, sizeof m.spec.kernel);
    bytes_to_text(bytes_text(kinds[chore].name), m.label, sizeof m.label);
    m.spec.params = buffer_bytes(&s->params);
    m.spec.input_count = 1;
    if (s->given.len > 0)
        gamer_offer(c->cfg.gamer, buffer_bytes(&s->given), &s->input);
    m.spec.input[0] = s->input;
    return gamer_run(c->cfg.gamer, &m, &s->job);
}

static void begin(struct chores *c, enum chore chore, const struct camera *camera, uint64_t now_us)
{
    struct state *s = &c->state[chore];
    enum rc rc = prepare(c, chore, camera);
    s->next++;
    if (rc != RC_OK) {
        s->stat.failed += rc != RC_ABSENT;
        s->stat.in_time += s->is_waiting && rc == RC_ABSENT; // nothing was to be done
        s->is_waiting = false;
        return;
    }
    s->asked_us = now_us;
    s->life = s->stat.is_local || ask(c, chore) != RC_OK ? LIFE_LOCAL : LIFE_ASKED;
    s->stat.asked += s->life == LIFE_ASKED;
}

// How far ahead it must be sent, and whether at all.
static void consider(struct chores *c, enum chore chore, bool may_leave)
{
    struct chore_stat *t = &c->state[chore].stat;
    const double late_us = fmax(0, t->way_us * MARGIN - kinds[chore].deadline_us);
    const double pictures = ceil(late_us * c->cfg.fps / US_PER_S);
    t->is_local = !may_leave || pictures > CHORES_AHEAD_MAX;
    t->ahead = t->is_local ? 1 : (uint32_t)pictures; // here it waits behind a picture
}

void chores_step(struct chores *c, uint32_t picture, const struct camera *camera, bool may_leave,
                 uint64_t now_us)
{
    for (uint32_t i = 0; i < CHORES; i++) {
        struct state *s = &c->state[i];
        const uint32_t each = window_pictures(c, (enum chore)i);
        consider(c, (enum chore)i, may_leave);
        if (picture / each >= s->due) { // a window begins
            s->due = picture / each + 1;
            s->due_us = now_us;
            if (may_leave && s->stat.is_local)
                s->stat.way_us *= FORGET;
            s->is_waiting = s->life != LIFE_IDLE || s->next < s->due;
            s->stat.in_time += !s->is_waiting;
            if (i == CHORE_PATHS)
                chores_world_walk(c->world);
        }
        const bool is_wanted = (picture + s->stat.ahead) / each >= s->next;
        if (s->life == LIFE_IDLE && is_wanted)
            begin(c, (enum chore)i, camera, now_us);
    }
}

// ---- Answers

static void take(struct chores *c, enum chore chore, struct bytes result, uint64_t now_us)
{
    struct state *s = &c->state[chore];
    enum rc rc = RC_OK;
    s->stat.result_bytes += result.len;
    if (chore == CHORE_PHYSICS)
        rc = chores_world_moved(c->world, buffer_bytes(&s->params), result);
    else if (chore == CHORE_PATHS)
        rc = chores_world_led(c->world, result);
    else if (chore == CHORE_TALK)
        rc = chores_world_said(result);
    s->stat.failed += rc != RC_OK;
    if (!s->is_waiting)
        return; // ahead of its time: counted when that comes
    s->is_waiting = false;
    const bool is_late = time_since(s->due_us, now_us) > kinds[chore].deadline_us;
    s->stat.in_time += !is_late;
    s->stat.late += is_late;
}

bool chores_event(struct chores *c, const struct gamer_event *e, uint64_t now_us)
{
    for (uint32_t i = 0; i < CHORES; i++) {
        struct state *s = &c->state[i];
        if (s->life != LIFE_ASKED || s->job != e->job)
            continue;
        s->stat.bytes += e->bytes;
        if (e->kind == GAMER_EVENT_RAN) {
            split_learn(&s->stat.way_us, (double)time_since(s->asked_us, now_us));
            split_learn(&s->stat.helper_us, (double)e->ran.cpu_us);
            s->life = LIFE_IDLE;
            take(c, (enum chore)i, e->ran.result, now_us);
        } else if (e->kind == GAMER_EVENT_FAILED) {
            s->stat.failed++;
            s->life = LIFE_LOCAL; // nobody else does it
        }
        return true;
    }
    return false;
}

bool chores_local(struct chores *c, struct chore_task *out)
{
    for (uint32_t i = 0; i < CHORES; i++) {
        struct state *s = &c->state[i];
        if (s->life != LIFE_LOCAL)
            continue;
        s->life = LIFE_RUNNING;
        *out = (struct chore_task){.chore = (enum chore)i,
                                   .kernel = kinds[i].kernel,
                                   .object = s->object,
                                   .given = buffer_bytes(&s->given)};
        out->in.params = buffer_bytes(&s->params);
        out->in.given_count = s->given.len > 0;
        return true;
    }
    return false;
}

void chores_ran(struct chores *c, enum chore chore, enum rc rc, struct bytes result,
                uint64_t cpu_us, uint64_t now_us)
{
    struct state *s = &c->state[chore];
    assert(s->life == LIFE_RUNNING);
    s->life = LIFE_IDLE;
    s->stat.here++;
    s->stat.failed += rc != RC_OK;
    if (rc != RC_OK)
        return;
    split_learn(&s->stat.own_us, (double)cpu_us);
    take(c, chore, result, now_us);
}

struct chore_stat chores_stat(const struct chores *c, enum chore chore)
{
    return c->state[chore].stat;
}

bool chores_cost(const struct chores *c, double *helper_us, double *way_us)
{
    *helper_us = *way_us = 0;
    for (uint32_t i = 0; i < CHORES; i++) {
        const struct chore_stat *t = &c->state[i].stat;
        *helper_us += t->helper_us > 0 ? t->helper_us : t->own_us;
        *way_us = fmax(*way_us, t->way_us - t->helper_us);
    }
    return *helper_us > 0;
}
