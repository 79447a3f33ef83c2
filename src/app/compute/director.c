// SPDX-License-Identifier: MIT
// Director: has a game's light made, light frame after light frame, in one of the ways to split it.
#include "compute/director.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/num.h"

#define LIGHTS_MAX (DIRECTOR_SHOTS_MAX + DIRECTOR_STREAMS_MAX)

struct shot { // a light frame under way
    bool is_used;
    uint32_t number;
    struct camera camera;
    enum split split;
    uint64_t asked_us;
    uint64_t job[STAGES]; // by stage; 0: none, or done
    double light_us;      // of its tiles so far
    uint32_t tile_count;
    struct post_tile tile[POST_TILES_MAX];
    bool has_more_tiles; // than could be told apart
    bool has_cached;     // tiles that were made before
};

struct stream { // a group of light frames that is being coded
    uint64_t job;
    struct light light; // without its bytes
};

struct director {
    struct director_cfg cfg;
    struct splits *splits;
    struct split_costs costs;
    enum split now;
    struct shot shot[DIRECTOR_SHOTS_MAX];
    struct stream stream[DIRECTOR_STREAMS_MAX];
    struct light_before before; // the light frame before, if the hub keeps it
    bool has_before;
    struct light group; // that will be a stream: its layers are kept
    uint64_t group_job[LIGHT_GROUP_MAX];
    struct light ready[LIGHTS_MAX]; // a ring
    uint8_t *block[LIGHTS_MAX];     // that the parts of `ready` lie in
    uint32_t ready_first, ready_count;
    uint8_t *given; // of the last director_next
    struct director_stat stat;
    bool is_busy; // since seen_us
    uint64_t seen_us;
};

enum rc director_new(struct director **out, const struct director_cfg *cfg)
{
    *out = NULL;
    if (!light_spec_is_good(&cfg->light))
        return RC_CONFIG;
    struct director *d = budget_take(cfg->budget, sizeof *d);
    if (d == NULL)
        return RC_NOMEM;
    *d = (struct director){.cfg = *cfg, .now = SPLIT_AUTO};
    if (splits_new(&d->splits, cfg->budget) != RC_OK) {
        budget_give(cfg->budget, d);
        return RC_NOMEM;
    }
    d->costs.tiles = cfg->light.tiles;
    *out = d;
    return RC_OK;
}

static void shot_withdraw(struct director *d, struct shot *s)
{
    for (uint32_t i = 0; i < STAGES; i++)
        if (s->job[i] != 0)
            gamer_withdraw(d->cfg.gamer, s->job[i]);
    s->is_used = false;
}

void director_stop(struct director *d)
{
    for (uint32_t i = 0; i < DIRECTOR_SHOTS_MAX; i++)
        if (d->shot[i].is_used)
            shot_withdraw(d, &d->shot[i]);
    for (uint32_t i = 0; i < DIRECTOR_STREAMS_MAX; i++)
        if (d->stream[i].job != 0)
            gamer_withdraw(d->cfg.gamer, d->stream[i].job);
    for (uint32_t i = 0; i < DIRECTOR_STREAMS_MAX; i++)
        d->stream[i].job = 0;
    d->group.count = 0;
    d->has_before = false;
}

void director_free(struct director *d)
{
    if (d == NULL)
        return;
    struct budget *budget = d->cfg.budget;
    director_stop(d);
    struct light left;
    while (director_next(d, &left)) { // gives back what nobody took
    }
    splits_free(d->splits, budget);
    budget_give(budget, d);
}

// ---- Tasks

// One stage of it as a task; built: by light_task.
static enum rc ask(struct director *d, const struct light_task *t, enum rc built, uint64_t *job)
{
    return built == RC_OK ? gamer_run(d->cfg.gamer, &t->run, job) : built;
}

static enum rc ask_light(struct director *d, struct shot *s, bool is_kept)
{
    struct light_task t;
    if (split_has_tiles(s->split)) {
        const struct msg_submit m = light_task_tiles(&d->cfg.light, s->number, &s->camera, is_kept);
        return gamer_submit(d->cfg.gamer, &m, &s->job[STAGE_LIGHT]);
    }
    enum rc rc = light_task_trace(&t, &d->cfg.light, s->number, &s->camera, is_kept);
    return ask(d, &t, rc, &s->job[STAGE_LIGHT]);
}

static enum rc ask_geometry(struct director *d, struct shot *s)
{
    struct light_task t;
    enum rc rc = light_task_geometry(&t, &d->cfg.light, &s->camera);
    return ask(d, &t, rc, &s->job[STAGE_GEOMETRY]);
}

static enum rc ask_post(struct director *d, struct shot *s)
{
    struct light_task t;
    enum rc rc = light_task_post(&t, &d->cfg.light, s->job[STAGE_GEOMETRY], s->job[STAGE_LIGHT],
                                 &s->camera, d->has_before ? &d->before : NULL);
    rc = ask(d, &t, rc, &s->job[STAGE_POST]);
    d->has_before = rc == RC_OK;
    d->before = (struct light_before){s->job[STAGE_GEOMETRY], s->job[STAGE_POST], s->camera};
    return rc;
}

static enum rc ask_encode(struct director *d, struct stream *to)
{
    struct light_task t;
    enum rc rc = light_task_encode(&t, &d->cfg.light, d->group_job, d->group.count);
    return ask(d, &t, rc, &to->job);
}

// The group is whole: it becomes a stream. Without room for one it is left out.
static void end_group(struct director *d)
{
    struct stream *free_one = NULL;
    for (uint32_t i = 0; i < DIRECTOR_STREAMS_MAX; i++)
        if (d->stream[i].job == 0)
            free_one = &d->stream[i];
    if (free_one != NULL && ask_encode(d, free_one) == RC_OK)
        free_one->light = d->group;
    else
        d->stat.failed += d->group.count;
    d->group.count = 0;
}

static void join_group(struct director *d, const struct shot *s)
{
    struct light *g = &d->group;
    assert(s->job[STAGE_POST] != 0); // its layer is what the stream is of
    if (g->count > 0 && s->number != g->number + g->count)
        end_group(d); // one between went another way, or failed
    if (g->count == 0)
        *g = (struct light){.form = LIGHT_STREAM, .split = s->split, .number = s->number};
    g->camera[g->count] = s->camera;
    g->asked_us[g->count] = s->asked_us;
    d->group_job[g->count++] = s->job[STAGE_POST];
    assert(g->count <= d->cfg.light.group);
    if (g->count == d->cfg.light.group)
        end_group(d);
}

// Light first: it takes longest.
static enum rc ask_all(struct director *d, struct shot *s)
{
    const bool has_stages = split_has_stages(s->split);
    enum rc rc = ask_light(d, s, has_stages);
    if (rc == RC_OK && has_stages)
        rc = ask_geometry(d, s);
    if (rc == RC_OK && has_stages)
        rc = ask_post(d, s);
    if (rc == RC_OK && has_stages && d->cfg.light.group > 0)
        join_group(d, s);
    return rc;
}

static struct shot *free_shot(struct director *d)
{
    for (uint32_t i = 0; i < DIRECTOR_SHOTS_MAX; i++)
        if (!d->shot[i].is_used)
            return &d->shot[i];
    return NULL;
}

static void note_time(struct director *d, uint64_t now_us)
{
    if (d->is_busy)
        d->stat.busy_us += time_since(d->seen_us, now_us);
    d->seen_us = now_us;
    d->is_busy = director_under_way(d) > 0;
}

static void note_prediction(struct director *d)
{
    if (d->costs.helper_us[STAGE_LIGHT] <= 0)
        return; // it would be a guess
    const double us = split_predict_us(d->splits, d->now, &d->costs);
    if (!isfinite(us))
        return;
    d->stat.predicted++;
    d->stat.predicted_us += us;
}

enum rc director_ask(struct director *d, uint32_t number, const struct camera *camera,
                     uint64_t now_us)
{
    struct shot *s = free_shot(d);
    if (s == NULL)
        return RC_FULL;
    d->now = d->cfg.split != SPLIT_AUTO ? d->cfg.split : split_choose(d->splits, &d->costs, d->now);
    *s = (struct shot){
        .is_used = true, .number = number, .camera = *camera, .split = d->now, .asked_us = now_us};
    assert(s->split < SPLIT_AUTO);
    if (!split_has_stages(s->split))
        d->has_before = false; // the hub keeps no layer of this one
    enum rc rc = ask_all(d, s);
    if (rc != RC_OK) {
        shot_withdraw(d, s);
        return rc;
    }
    d->stat.asked++;
    d->stat.by_split[s->split]++;
    note_prediction(d);
    note_time(d, now_us);
    return RC_OK;
}

void director_flush(struct director *d)
{
    if (d->group.count > 0)
        end_group(d);
}

uint32_t director_under_way(const struct director *d)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < DIRECTOR_SHOTS_MAX; i++)
        count += d->shot[i].is_used;
    return count;
}

// ---- What comes

// Room for the bytes of one more light; NULL: no memory, or too many that nobody took.
static uint8_t *ready_room(struct director *d, size_t bytes)
{
    if (d->ready_count == LIGHTS_MAX)
        return NULL;
    uint8_t *at = budget_take(d->cfg.budget, bytes);
    if (at != NULL)
        d->block[(d->ready_first + d->ready_count) % LIGHTS_MAX] = at;
    return at;
}

static void ready_put(struct director *d, const struct light *l)
{
    assert(d->ready_count < LIGHTS_MAX);
    assert(l->count >= 1 && l->part_count >= 1);
    d->ready[(d->ready_first + d->ready_count++) % LIGHTS_MAX] = *l;
    d->stat.came += l->count;
    for (uint32_t i = 0; i < l->count; i++)
        d->stat.late_us += time_since(l->asked_us[i], l->came_us);
}

// Those of the group that came before it are a stream; those after it were built on it.
static void leave_group(struct director *d, const struct shot *s)
{
    struct light *g = &d->group;
    uint32_t at = 0;
    while (at < g->count && d->group_job[at] != s->job[STAGE_POST])
        at++;
    if (at == g->count)
        return; // it is in a stream already, which fails by itself
    d->stat.failed += g->count - at;
    g->count = at;
    director_flush(d);
}

static void fail(struct director *d, struct shot *s)
{
    d->has_before = false;
    if (d->cfg.light.group > 0 && split_has_stages(s->split))
        leave_group(d, s);
    else
        d->stat.failed++;
    shot_withdraw(d, s);
}

static struct light light_of(const struct shot *s, uint64_t now_us)
{
    struct light l = {.split = s->split, .number = s->number, .count = 1, .came_us = now_us};
    l.camera[0] = s->camera;
    l.asked_us[0] = s->asked_us;
    return l;
}

// All of its light as one tile, or its layer. False: no memory.
static bool deliver(struct director *d, const struct shot *s, enum light_form form,
                    struct bytes bytes, uint64_t now_us)
{
    uint8_t *at = ready_room(d, bytes.len);
    struct light l = light_of(s, now_us);
    if (at == NULL)
        return false;
    memcpy(at, bytes.at, bytes.len);
    l.form = form;
    l.tile_count = form == LIGHT_SUMS;
    l.tile[0] =
        (struct post_tile){0, 0, d->cfg.light.width, d->cfg.light.height, d->cfg.light.samples};
    l.part[0] = bytes_of(at, bytes.len);
    l.part_count = 1;
    ready_put(d, &l);
    return true;
}

static size_t tile_bytes(const struct post_tile *t)
{
    return (size_t)t->w * t->h * TRACE_PIXEL_BYTES;
}

static void write_tile(const struct join *j, const struct post_tile *t, struct buffer *out)
{
    for (uint32_t y = t->y; y < t->y + t->h; y++)
        for (uint32_t x = t->x; x < t->x + t->w; x++)
            for (uint32_t i = 0; i < TRACE_LAYERS * JOIN_CHANNELS; i++)
                buffer_u32le(out,
                             (uint32_t)join_sum(j, x, y, i / JOIN_CHANNELS, i % JOIN_CHANNELS));
}

static bool tile_is_whole(const struct join *j, const struct post_tile *t)
{
    for (uint32_t y = t->y; y < t->y + t->h; y++)
        for (uint32_t x = t->x; x < t->x + t->w; x++)
            if (join_samples_at(j, x, y) != t->samples)
                return false;
    return true;
}

// The tiles of a join that are whole, of those that are known.
static bool deliver_tiles(struct director *d, const struct shot *s, const struct join *j,
                          uint64_t now_us)
{
    size_t bytes = 0;
    struct light l = light_of(s, now_us);
    l.form = LIGHT_SUMS;
    for (uint32_t i = 0; i < s->tile_count; i++) {
        const struct post_tile *t = &s->tile[i];
        if (!tile_is_whole(j, t))
            continue;
        l.tile[l.tile_count++] = *t;
        bytes += tile_bytes(t);
    }
    uint8_t *at = l.tile_count > 0 ? ready_room(d, bytes) : NULL;
    if (at == NULL)
        return false;
    struct buffer all = buffer_of(at, bytes);
    for (; l.part_count < l.tile_count; l.part_count++) {
        const size_t from = all.len;
        write_tile(j, &l.tile[l.part_count], &all);
        l.part[l.part_count] = bytes_of(at + from, all.len - from);
    }
    ready_put(d, &l);
    return true;
}

static void stage_cost(struct director *d, enum stage stage, double cpu_us, double wall_us)
{
    assert(stage < STAGE_OTHERS);
    split_learn(&d->costs.helper_us[stage], cpu_us);
    split_learn(&d->costs.way_us[stage], wall_us > cpu_us ? wall_us - cpu_us : 0);
    d->stat.helper_us += (uint64_t)cpu_us;
}

static void shot_ran(struct director *d, struct shot *s, enum stage stage,
                     const struct gamer_event *e, uint64_t now_us)
{
    const struct msg_ran *ran = &e->ran;
    bool is_last = stage == STAGE_POST || (stage == STAGE_LIGHT && !split_has_stages(s->split));
    s->job[stage] = 0;
    d->stat.retries += ran->attempts - 1;
    if (!ran->is_cached)
        stage_cost(d, stage, (double)ran->cpu_us, (double)ran->wall_us);
    if (!is_last)
        return;
    const bool is_in_group = stage == STAGE_POST && d->cfg.light.group > 0; // its layer is kept
    if (!is_in_group &&
        (ran->result.len == 0 ||
         !deliver(d, s, stage == STAGE_POST ? LIGHT_LAYER : LIGHT_SUMS, ran->result, now_us)))
        d->stat.failed++;
    s->is_used = false;
}

static void shot_tile(struct director *d, struct shot *s, const struct gamer_event *e)
{
    const struct msg_tile *t = &e->tile;
    const struct post_tile tile = {t->rect.x, t->rect.y, t->rect.w, t->rect.h,
                                   d->cfg.light.samples};
    d->stat.retries += t->attempts - 1;
    if (t->is_cached) {
        s->has_cached = true; // what the rest took is not what it all takes
    } else {
        const double way = t->wall_us > t->cpu_us ? (double)(t->wall_us - t->cpu_us) : 0;
        split_learn(&d->costs.way_us[STAGE_LIGHT], way);
        s->light_us += (double)t->cpu_us;
    }
    for (uint32_t i = 0; i < s->tile_count; i++)
        if (s->tile[i].x == tile.x && s->tile[i].y == tile.y) {
            s->tile[i] = tile; // more samples of it, or another plan's
            return;
        }
    if (s->tile_count < POST_TILES_MAX)
        s->tile[s->tile_count++] = tile;
    else
        s->has_more_tiles = true;
}

static void shot_frame(struct director *d, struct shot *s, const struct gamer_event *e,
                       uint64_t now_us)
{
    if (s->light_us > 0 && !s->has_cached)
        split_learn(&d->costs.helper_us[STAGE_LIGHT], s->light_us);
    d->stat.helper_us += (uint64_t)s->light_us;
    s->job[STAGE_LIGHT] = 0;
    if (split_has_stages(s->split))
        return; // it is kept, for post
    struct join *j = gamer_take(d->cfg.gamer, e->job);
    const size_t len = (size_t)d->cfg.light.width * d->cfg.light.height * TRACE_PIXEL_BYTES;
    uint8_t *at = budget_take(d->cfg.budget, len);
    struct buffer sums = buffer_of(at, at != NULL ? len : 0);
    if (j == NULL || join_write(j, &sums) != RC_OK ||
        !deliver(d, s, LIGHT_SUMS, buffer_bytes(&sums), now_us))
        d->stat.failed++;
    budget_give(d->cfg.budget, at);
    join_free(j);
    s->is_used = false;
}

static struct shot *shot_of(struct director *d, uint64_t job, enum stage *stage)
{
    for (uint32_t i = 0; i < DIRECTOR_SHOTS_MAX; i++)
        for (uint32_t k = 0; k < STAGES; k++) {
            if (!d->shot[i].is_used || d->shot[i].job[k] != job)
                continue;
            *stage = (enum stage)k;
            return &d->shot[i];
        }
    return NULL;
}

// A stream's own end.
static bool stream_event(struct director *d, const struct gamer_event *e, uint64_t now_us)
{
    struct stream *s = NULL;
    for (uint32_t i = 0; i < DIRECTOR_STREAMS_MAX; i++)
        if (d->stream[i].job == e->job)
            s = &d->stream[i];
    if (s == NULL)
        return false;
    const bool is_here = e->kind == GAMER_EVENT_RAN && e->ran.result.len > 0;
    uint8_t *at = is_here ? ready_room(d, e->ran.result.len) : NULL;
    if (e->kind == GAMER_EVENT_RAN)
        d->stat.retries += e->ran.attempts - 1;
    s->job = 0;
    if (at == NULL) {
        d->stat.failed += s->light.count;
        return true;
    }
    memcpy(at, e->ran.result.at, e->ran.result.len);
    d->stat.helper_us += e->ran.cpu_us;
    s->light.part[0] = bytes_of(at, e->ran.result.len);
    s->light.part_count = 1;
    s->light.came_us = now_us;
    ready_put(d, &s->light);
    return true;
}

bool director_event(struct director *d, const struct gamer_event *e, uint64_t now_us)
{
    enum stage stage = STAGE_OTHERS;
    if (e->kind == GAMER_EVENT_PEERS || e->kind == GAMER_EVENT_PLANNED)
        d->costs.helpers = e->helpers;
    if (e->job == 0)
        return false;
    struct shot *s = shot_of(d, e->job, &stage);
    if (s == NULL && !stream_event(d, e, now_us))
        return false;
    d->stat.bytes += e->bytes;
    if (s == NULL)
        return true;
    if (e->kind == GAMER_EVENT_RAN)
        shot_ran(d, s, stage, e, now_us);
    else if (e->kind == GAMER_EVENT_TILE)
        shot_tile(d, s, e);
    else if (e->kind == GAMER_EVENT_FRAME)
        shot_frame(d, s, e, now_us);
    else if (e->kind == GAMER_EVENT_PLANNED)
        d->costs.tiles = e->tiles;
    else if (e->kind == GAMER_EVENT_FAILED)
        fail(d, s);
    note_time(d, now_us);
    return true;
}

static bool is_overdue(const struct director *d, uint64_t asked_us, uint64_t now_us)
{
    return d->cfg.light.deadline_ms > 0 &&
           time_since(asked_us, now_us) >= (uint64_t)d->cfg.light.deadline_ms * US_PER_MS;
}

void director_tick(struct director *d, uint64_t now_us)
{
    for (uint32_t i = 0; i < DIRECTOR_SHOTS_MAX; i++)
        if (d->shot[i].is_used && is_overdue(d, d->shot[i].asked_us, now_us))
            fail(d, &d->shot[i]);
    for (uint32_t i = 0; i < DIRECTOR_STREAMS_MAX; i++) {
        struct stream *s = &d->stream[i];
        if (s->job == 0 || !is_overdue(d, s->light.asked_us[s->light.count - 1], now_us))
            continue;
        gamer_withdraw(d->cfg.gamer, s->job);
        d->stat.failed += s->light.count;
        s->job = 0;
    }
}

bool director_partly(struct director *d, uint32_t number, uint64_t now_us)
{
    for (uint32_t i = 0; i < DIRECTOR_SHOTS_MAX; i++) {
        struct shot *s = &d->shot[i];
        if (!s->is_used || s->number != number || s->split != SPLIT_SPATIAL || s->has_more_tiles)
            continue;
        const struct join *j = gamer_look(d->cfg.gamer, s->job[STAGE_LIGHT]);
        if (j == NULL || !deliver_tiles(d, s, j, now_us))
            return false;
        d->stat.partly++;
        shot_withdraw(d, s);
        note_time(d, now_us);
        return true;
    }
    return false;
}

bool director_next(struct director *d, struct light *out)
{
    budget_give(d->cfg.budget, d->given);
    d->given = NULL;
    if (d->ready_count == 0)
        return false;
    *out = d->ready[d->ready_first];
    d->given = d->block[d->ready_first];
    d->ready_first = (d->ready_first + 1) % LIGHTS_MAX;
    d->ready_count--;
    return true;
}

// ---- What it goes by

void director_own(struct director *d, enum stage stage, double us)
{
    assert(stage < STAGE_OTHERS);
    split_learn(&d->costs.own_us[stage], us);
}

void director_pictures(struct director *d, double us)
{
    split_learn(&d->costs.pictures_us, us);
}

void director_others(struct director *d, uint32_t tasks, double helper_us, double way_us)
{
    d->costs.others = tasks;
    split_learn(&d->costs.helper_us[STAGE_OTHERS], helper_us);
    split_learn(&d->costs.way_us[STAGE_OTHERS], way_us);
}

enum split director_split(const struct director *d)
{
    return d->now;
}

const struct split_costs *director_costs(const struct director *d)
{
    return &d->costs;
}

struct director_stat director_stat(const struct director *d)
{
    return d->stat;
}
