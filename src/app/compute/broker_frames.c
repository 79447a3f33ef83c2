// SPDX-License-Identifier: MIT
// The broker's frames: scene, plan, tiles, and what a gamer that comes back still lacks.
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/num.h"
#include "compute/broker_state.h"
#include "work/join.h"
#include "work/split.h"

#define PLAN_SLOTS_MAX  64u // that tiles are cut for
#define PREPARE_MAX     64u // helpers that are told of a scene; as many as are looked at for a task
#define FRAMES_KEPT_MAX 16u // of one gamer that are done

static void tell_tile(struct broker *b, const struct job *f, const struct piece *p,
                      struct msg_tile *m)
{
    m->job = f->key.number;
    m->index = p->index;
    m->rect = p->rect;
    m->sample_first = p->sample_first;
    m->sample_count = p->sample_count;
    if (f->is_kept)
        m->result = bytes_of(NULL, 0);
    struct msg all = {.type = MSG_TILE, .as.tile = *m};
    job_tell(b, f, &all);
}

static const struct join_cfg *kept_cfg(const struct job *f, struct join_cfg *out)
{
    *out = (struct join_cfg){.width = f->spec.width,
                             .height = f->spec.height,
                             .layers = TRACE_LAYERS,
                             .samples = f->spec.samples,
                             .parts_max = f->piece_count,
                             .value_max = (uint32_t)(TRACE_RADIANCE_MAX * TRACE_UNIT)};
    return out;
}

// A piece of a frame that is kept. False: no memory.
static bool keep_tile(struct broker *b, struct job *f, const struct piece *p, struct bytes sums)
{
    struct join_cfg cfg;
    const struct join_part part = {p->rect, p->sample_first, p->sample_count};
    if (f->join == NULL && join_new(&f->join, b->budget, kept_cfg(f, &cfg)) != RC_OK)
        return false;
    enum rc rc = join_put(f->join, &part, sums);
    assert(rc != RC_REFUSED && rc != RC_FULL); // each piece once
    return rc == RC_OK;
}

// All of a kept frame's light as one result. False: no room for it.
static bool keep_frame(struct broker *b, struct job *f)
{
    const size_t len = (size_t)f->spec.width * f->spec.height * TRACE_PIXEL_BYTES;
    uint8_t *at = budget_take(b->budget, len);
    struct buffer all = buffer_of(at, at != NULL ? len : 0);
    const bool is_kept =
        join_write(f->join, &all) == RC_OK && job_keep_result(b, f, buffer_bytes(&all));
    budget_give(b->budget, at);
    join_free(f->join);
    f->join = NULL;
    return is_kept;
}

static void tell_done(struct broker *b, const struct job *f)
{
    struct msg done = {.type = MSG_DONE,
                       .as.done = {f->key.number, f->piece_count, f->retries, f->wrong}};
    job_tell(b, f, &done);
}

static void tell_planned(struct broker *b, const struct job *f)
{
    struct msg m = {.type = MSG_PLANNED,
                    .as.planned = {.job = f->key.number,
                                   .tiles = f->piece_count,
                                   .helpers = b->roster.seat_count,
                                   .plan = f->plan,
                                   .input = f->input,
                                   .camera = f->spec.camera}};
    job_tell(b, f, &m);
}

static void keep_until(struct broker *b, struct job *f, uint64_t until_us)
{
    heap_del(&b->deadlines, &f->deadline);
    enum rc rc = heap_put(&b->deadlines, &f->deadline, until_us);
    assert(rc == RC_OK); // as many places as jobs
    (void)rc;
}

// Frames that are done are kept for a while; of many the oldest go, with the next tick: whoever
// calls this may be walking through the gamer's jobs.
void job_keep_done(struct broker *b, struct job *f)
{
    uint32_t kept = 0;
    f->state = JOB_DONE;
    LIST_FOR (it, &f->gamer->jobs)
        kept += CONTAINER_OF(it, struct job, node)->state == JOB_DONE;
    LIST_FOR (it, &f->gamer->jobs) {
        struct job *old = CONTAINER_OF(it, struct job, node);
        if (kept <= FRAMES_KEPT_MAX)
            break;
        if (old == f || old->state != JOB_DONE)
            continue;
        kept--;
        keep_until(b, old, b->now_us);
    }
    list_del(&f->fetching); // whatever it still waited for
    list_del(&f->news);
    if (f->is_pinned)
        store_unpin(b->store, &f->spec.scene);
    f->is_pinned = false;
    keep_until(b, f, time_after(b->now_us, BROKER_LINGER_US));
}

static void frame_done(struct broker *b, struct job *f)
{
    assert(list_is_empty(&f->tasks));
    if (f->is_kept && !keep_frame(b, f)) {
        job_fail(b, f, RC_FULL, "the hub has no room to keep this frame");
        return;
    }
    tell_done(b, f);
    struct broker_note n = job_note(NOTE_FRAME_DONE, f);
    broker_note_put(b, &n);
    b->stat.frames_done++;
    job_record_end(b, f, RECORD_DONE);
    job_uncount(b, f);
    job_keep_done(b, f);
}

void job_tile_done(struct broker *b, struct task *t, struct bytes bytes, uint32_t parts)
{
    struct job *j = t->job;
    struct piece *p = &j->piece[t->piece];
    const struct forecast *f = &t->back.forecast;
    struct msg_tile m = {.node = t->back.node,
                         .expected = {f->expected_us, f->low_us, f->high_us},
                         .wall_us = t->back.wall_us,
                         .cpu_us = t->back.cpu_us,
                         .attempts = t->attempts,
                         .parts = parts,
                         .result = bytes};
    memcpy(m.helper, t->back.name, sizeof m.helper);
    assert(!p->is_done);
    if (j->is_kept && !keep_tile(b, j, p, bytes)) {
        job_fail(b, j, RC_NOMEM, "the hub is out of memory for this frame");
        return;
    }
    tell_tile(b, j, p, &m);
    p->is_done = true;
    j->pieces_done++;
    b->stat.tiles_done++;
    queue_free(&b->queue, t);
    if (j->pieces_done == j->piece_count)
        frame_done(b, j);
}

// A piece that was made before. False: it was not, or is gone.
static bool tile_from_results(struct broker *b, struct job *f, const struct piece *p,
                              const struct digest *asked)
{
    struct result *r = results_find(&b->results, asked, b->now_us);
    struct bytes bytes;
    if (r == NULL || results_get(&b->results, r, &bytes) != RC_OK)
        return false;
    struct msg_tile m = {.node = r->node,
                         .wall_us = r->wall_us,
                         .cpu_us = r->cpu_us,
                         .attempts = 1,
                         .is_cached = true,
                         .result = bytes};
    memcpy(m.helper, r->name, sizeof m.helper);
    bool is_taken = !f->is_kept || keep_tile(b, f, p, bytes);
    if (is_taken)
        tell_tile(b, f, p, &m);
    results_release(&b->results);
    b->stat.cached += is_taken;
    return is_taken;
}

// Speeds of all slots that tiles are made for, relative to their mean; the hub's own if alone.
static uint32_t slot_weights(const struct broker *b, uint32_t skill, double *weight)
{
    uint32_t count = 0;
    double sum = 0;
    LIST_FOR (it, &b->roster.seats) {
        const struct seat *s = CONTAINER_OF(it, struct seat, node);
        if (s->is_own || !seat_can(s, skill))
            continue;
        for (uint32_t i = 0; i < s->ability.slots && count < PLAN_SLOTS_MAX; i++) {
            weight[count] = 1 / work_us_per_unit(b, s);
            sum += weight[count++];
        }
        if (count == PLAN_SLOTS_MAX)
            break;
    }
    for (uint32_t i = 0; i < count; i++) // one helper's boast must not spoil the plan for all
        weight[i] = fmin(fmax(weight[i] * count / sum, SPLIT_WEIGHT_MIN), SPLIT_WEIGHT_MAX);
    if (count == 0)
        weight[count++] = 1;
    return count;
}

static uint32_t trace_skill(void)
{
    return skill_of("trace", false);
}

static enum rc queue_piece(struct broker *b, struct job *f, uint32_t at, const struct task_cfg *cfg)
{
    struct task *t = queue_new(&b->queue, cfg, b->now_us);
    if (t == NULL)
        return queue_has_room(&b->queue, cfg->line) ? RC_NOMEM : RC_FULL;
    t->piece = at;
    list_push_back(&f->tasks, &t->sibling);
    queue_wait(&b->queue, t);
    return RC_OK;
}

// From what is kept, or into the queue.
static enum rc open_piece(struct broker *b, struct job *f, uint32_t at)
{
    struct piece *p = &f->piece[at];
    uint8_t room[FRAME_PARAMS_BYTES];
    struct task_cfg cfg = {.kind = TASK_TILE,
                           .job = f,
                           .skill = trace_skill(),
                           .spec = frame_piece_spec(f, p, room),
                           .units = p->units,
                           .start_by_us = job_start_by_us(f)};
    cfg.line = &f->gamer->line[cfg.skill];
    cfg.asked = task_digest(&cfg.spec);
    if (!tile_from_results(b, f, p, &cfg.asked))
        return queue_piece(b, f, at, &cfg);
    p->is_done = true;
    f->pieces_done++;
    b->stat.tiles_done++;
    return RC_OK;
}

static void open_pieces(struct broker *b, struct job *f)
{
    uint32_t *order = frame_order(f, b->budget);
    enum rc rc = order == NULL ? RC_NOMEM : RC_OK;
    f->state = JOB_WORKING;
    for (uint32_t i = 0; rc == RC_OK && i < f->piece_count; i++)
        if (!f->piece[order[i]].is_done)
            rc = open_piece(b, f, order[i]);
    budget_give(b->budget, order);
    if (rc != RC_OK)
        job_fail(b, f, rc,
                 rc == RC_FULL ? "too many tasks at once from this address: wait"
                               : "the hub is out of memory for this frame's tiles");
    else if (f->pieces_done == f->piece_count)
        frame_done(b, f);
}

static void plan_tiles(struct broker *b, struct job *f)
{
    double weight[PLAN_SLOTS_MAX];
    uint32_t count = slot_weights(b, trace_skill(), weight);
    enum rc rc = frame_plan(f, &f->gamer->view, weight, count);
    if (rc != RC_OK) {
        job_fail(b, f, rc,
                 rc == RC_FULL ? "too many samples for so many tiles: ask for fewer of either"
                               : "the hub is out of memory for this frame's tiles");
        return;
    }
    f->plan = entropy_u64(&b->entropy);
    job_record_plan(b, f);
    tell_planned(b, f);
    open_pieces(b, f);
}

void job_probed(struct broker *b, struct job *f, struct bytes report)
{
    struct view *view = &f->gamer->view;
    enum rc rc = RC_OK;
    if (!view_fits(view, &f->spec))         // or another frame of this view was probed meanwhile
        rc = frame_probed(f, view, report); // a report that makes no sense leaves a flat map
    if (rc == RC_NOMEM)
        job_fail(b, f, rc, "the hub is out of memory for this frame's cost map");
    else
        plan_tiles(b, f);
}

// The scene is in the store: those who come first for its tiles may fetch it while one probes. Of
// ten thousand helpers the others would load the hub with a scene that they do not need.
static void prepare(struct broker *b, const struct digest *scene)
{
    uint32_t skill = trace_skill();
    struct msg m = {.type = MSG_PREPARE, .as.prepare = {*scene}};
    uint32_t told = 0;
    LIST_FOR (it, &b->roster.free[skill]) { // as work is given out: longest free first
        if (told++ == PREPARE_MAX)
            return;
        broker_tell(b, roster_seat_of(it, skill)->conn, &m);
    }
    uint32_t looked = 0;
    LIST_FOR (it, &b->roster.seats) { // of a few, all: also those that are busy now
        const struct seat *s = CONTAINER_OF(it, struct seat, node);
        if (looked++ == PREPARE_MAX)
            return;
        if (seat_can(s, skill) && list_is_empty(&s->free[skill]))
            broker_tell(b, s->conn, &m);
    }
}

static void scene_ready(struct broker *b, struct job *f)
{
    uint32_t skill = trace_skill();
    list_del(&f->fetching);
    f->is_pinned = store_pin(b->store, &f->spec.scene) == RC_OK; // stays while it is worked on
    prepare(b, &f->spec.scene);
    if (f->piece != NULL)
        open_pieces(b, f); // it was cut before the hub went down
    else if (view_fits(&f->gamer->view, &f->spec))
        plan_tiles(b, f);
    else if (frame_probe(f, &b->queue, &f->gamer->line[skill], b->now_us) != RC_OK)
        job_fail(b, f, RC_NOMEM, "the hub is out of memory for this frame");
}

void job_start_frame(struct broker *b, struct job *f)
{
    job_fetch(f);
    if (store_has(b->store, &f->spec.scene))
        scene_ready(b, f);
    else
        job_want_objects(b, f->gamer);
}

// What the gamer lacks of a frame that it names again. True: all that is done is on its way.
static bool send_lacking(struct broker *b, struct job *f, const bool *has)
{
    for (uint32_t i = 0; i < f->piece_count; i++) {
        struct piece *p = &f->piece[i];
        if (!p->is_done || has[i])
            continue;
        uint8_t room[FRAME_PARAMS_BYTES];
        struct task_spec spec = frame_piece_spec(f, p, room);
        struct digest asked = task_digest(&spec);
        if (tile_from_results(b, f, p, &asked))
            continue;
        p->is_done = false; // it was not kept: once more
        f->pieces_done--;
        if (f->state == JOB_WORKING && open_piece(b, f, i) != RC_OK)
            return false;
    }
    return true;
}

static void mark_what_is_there(const struct job *f, const struct msg_submit *m, bool *has)
{
    struct cursor c = {.left = m->have};
    uint32_t index = 0;
    uint32_t first = 0;
    memset(has, 0, f->piece_count * sizeof *has);
    while (m->plan == f->plan && msg_have_next(&c, &index, &first)) {
        const struct piece *p = frame_find(f, index, first);
        if (p != NULL)
            has[p - f->piece] = true;
    }
}

// Pieces that the gamer has, and the hub does not know to be done: it crashed before it wrote their
// results down. Nobody makes them again.
static void believe(struct broker *b, struct job *f, const bool *has)
{
    LIST_FOR_SAFE (it, &f->tasks) { // checks before what they check
        struct task *t = CONTAINER_OF(it, struct task, sibling);
        if (t->kind == TASK_CHECK && has[t->checked->piece])
            work_drop(b, t);
    }
    LIST_FOR_SAFE (it, &f->tasks) {
        struct task *t = CONTAINER_OF(it, struct task, sibling);
        if (t->kind == TASK_TILE && has[t->piece])
            work_drop(b, t);
    }
    for (uint32_t i = 0; i < f->piece_count; i++) {
        f->pieces_done += has[i] && !f->piece[i].is_done;
        f->piece[i].is_done = f->piece[i].is_done || has[i];
    }
}

// A frame that was done, but of which the gamer lacks what was not kept.
static void reopen(struct broker *b, struct job *f)
{
    heap_del(&b->deadlines, &f->deadline);
    f->gamer->frame_count++;
    b->stat.frames++;
    job_start_frame(b, f);
}

// What is known to be done of a frame that is cut, for a gamer that names it again. It may be over
// after this.
static void resume_pieces(struct broker *b, struct job *f, const struct msg_submit *m)
{
    bool *has = budget_take(b->budget, f->piece_count * sizeof *has);
    if (has == NULL) {
        job_fail(b, f, RC_NOMEM, "the hub is out of memory for this frame");
        return;
    }
    mark_what_is_there(f, m, has);
    believe(b, f, has);
    bool is_sent = send_lacking(b, f, has);
    budget_give(b->budget, has);
    const bool is_whole = f->pieces_done == f->piece_count;
    if (!is_sent)
        job_fail(b, f, RC_NOMEM, "the hub is out of memory for this frame's tiles");
    else if (is_whole && f->state == JOB_DONE)
        tell_done(b, f);
    else if (is_whole)
        frame_done(b, f);
    else if (f->state == JOB_DONE)
        reopen(b, f);
}

static void resume_frame(struct broker *b, struct job *f, const struct msg_submit *m)
{
    struct gamer *g = f->gamer;
    b->stat.resumed++;
    if (f->piece != NULL)
        tell_planned(b, f);
    if (f->is_kept && f->state == JOB_DONE) // no tile was sent, none is lacking
        tell_done(b, f);
    else if (f->piece != NULL && !f->is_kept)
        resume_pieces(b, f, m);
    job_want_objects(b, g); // what was asked for on its last connection did not come
}

static bool same_frame(const struct msg_submit *a, const struct msg_submit *b)
{
    return digest_equal(&a->scene, &b->scene) && a->frame == b->frame && a->width == b->width &&
           a->height == b->height && a->samples == b->samples && a->is_kept == b->is_kept;
}

// A frame of a session is seen from where the hub says that the player stands; a session begins
// where the first such frame looks from. What the frame will be is settled here.
static void look_from_session(struct gamer *g, struct job *f)
{
    if (!f->spec.is_session)
        return;
    if (!g->session.has_camera && session_start(&g->session, &f->spec.camera) != RC_OK)
        return; // no place to stand: that camera as it is, which the kernel will judge
    f->spec.camera = g->session.camera;
    f->input = g->session.step;
}

static void new_frame(struct broker *b, struct gamer *g, const struct msg_submit *m)
{
    struct job *f = NULL;
    const bool is_long =
        m->is_kept && (m->samples > TRACE_SAMPLES_MAX ||
                       (uint64_t)m->width * m->height * TRACE_PIXEL_BYTES > BROKER_KEPT_BYTES_MAX);
    if (!is_long && job_has_room(b, g, JOB_FRAME))
        f = job_new(b, g, m->job, JOB_FRAME);
    if (f == NULL) {
        struct msg_refuse why =
            is_long ? refuse_because(RC_UNSUPPORTED,
                                     "too many pixels or samples for a frame that is kept")
                    : refuse_because(RC_FULL, "too many frames at once: wait for one to be done");
        gamer_tell_failed(b, g, m->job, "", &why);
        return;
    }
    f->spec = *m;
    f->spec.have = bytes_of(NULL, 0);
    f->spec.plan = 0;
    f->is_kept = m->is_kept;
    look_from_session(g, f);
    job_record(b, f, &(struct msg){.type = MSG_SUBMIT, .as.submit = f->spec});
    struct broker_note n = job_note(NOTE_FRAME_IN, f);
    broker_note_put(b, &n);
    job_start_frame(b, f);
}

void job_submit(struct broker *b, struct gamer *g, const struct msg_submit *m)
{
    struct job *f = job_known(b, g, m->job);
    if (f == NULL) {
        new_frame(b, g, m);
        return;
    }
    if (f->kind != JOB_FRAME || !same_frame(&f->spec, m)) {
        conn_refuse(b, g->conn, RC_REFUSED, "two jobs with the same number");
        return;
    }
    if (f->gamer != g)
        job_move(b, f, g);
    job_named(f);
    resume_frame(b, f, m);
}
