// SPDX-License-Identifier: MIT
// A desk and a real gamer machine, one message at a time, so that anything may break in between.
//
// For tests only; asserts instead of failing. The hub's own compute and two helpers are fed by
// hand and honest. Watches what must hold whatever breaks: no tile comes twice for one plan, and
// nothing that the host was told of is done again.
#ifndef COMPUTE_PLAY_TEST_H
#define COMPUTE_PLAY_TEST_H

#include "compute/gamer.h"
#include "compute/world_test.h"

#define PLAY_SEEN_MAX 256u

struct play_tile {
    uint64_t plan;
    uint64_t job;
    uint32_t index, first;
};

struct play {
    struct world w; // gus is the gamer's connection; 0: none
    struct budget budget;
    struct rng rng;
    struct rng *dice; // whose turn it is; NULL: the gamer's words first, then helpers
    struct gamer_side *gamer;
    struct play_tile seen[PLAY_SEEN_MAX];
    size_t seen_count;
    uint32_t cached;   // tiles and answers that came from what was kept
    uint32_t closings; // by the gamer or the hub
    uint32_t events[GAMER_EVENT_PEERS + 1];
    struct gamer_event last_failed;
    uint32_t frames_asked, runs_asked;
    struct msg_planned planned; // the last one
};

static inline void play_connect(struct play *p)
{
    gamer_open(p->gamer);
    p->w.gus = desk_connect(&p->w.d);
}

static inline void play_open(struct play *p, const struct desk_cfg *cfg, struct rng *dice)
{
    *p = (struct play){.budget = {.limit_bytes = 1 << 20}, .rng = rng_seeded(7), .dice = dice};
    struct desk *d = &p->w.d;
    desk_open(d, cfg);
    p->w.own = desk_join(d, MSG_ROLE_HELPER, OWN);
    p->w.ann = desk_join(d, MSG_ROLE_HELPER, ANN);
    p->w.bob = desk_join(d, MSG_ROLE_HELPER, BOB);
    struct gamer_cfg c = {
        .budget = &p->budget,
        .client = {.role = MSG_ROLE_GAMER, .key = d->key[GUS], .entropy = hand_entropy(&p->rng)}};
    hand_must(gamer_new(&p->gamer, &c));
    struct digest name;
    gamer_offer(p->gamer, desk_scene(), &name);
    play_connect(p);
}

static inline void play_close(struct play *p)
{
    gamer_free(p->gamer);
    assert(p->budget.used_bytes == 0);
    desk_close(&p->w.d);
}

// The gamer's end breaks, and the hub hears of it now or (is_noticed false) not yet.
static inline uint64_t play_cut(struct play *p, bool is_noticed)
{
    uint64_t conn = p->w.gus;
    gamer_closed(p->gamer);
    if (is_noticed)
        desk_hang_up(&p->w.d, conn);
    p->w.gus = 0;
    return conn;
}

// Power is gone at the hub, and back; helpers come at once.
static inline void play_crash(struct play *p)
{
    gamer_closed(p->gamer);
    p->w.gus = 0;
    desk_crash(&p->w.d);
    p->w.own = desk_join(&p->w.d, MSG_ROLE_HELPER, OWN);
    p->w.ann = desk_join(&p->w.d, MSG_ROLE_HELPER, ANN);
    p->w.bob = desk_join(&p->w.d, MSG_ROLE_HELPER, BOB);
}

static inline void play_see_tile(struct play *p, const struct msg_tile *t)
{
    struct play_tile tile = {0, t->job, t->index, t->sample_first};
    for (size_t i = p->seen_count; i > 0; i--) // the plan of this job that was told last
        if (p->seen[i - 1].job == t->job && p->seen[i - 1].index == UINT32_MAX) {
            tile.plan = p->seen[i - 1].plan;
            break;
        }
    for (size_t i = 0; i < p->seen_count; i++)
        assert(memcmp(&p->seen[i], &tile, sizeof tile) != 0); // once is enough
    assert(p->seen_count < PLAY_SEEN_MAX);
    p->seen[p->seen_count++] = tile;
    p->cached += t->is_cached;
}

static inline void play_see(struct play *p, struct bytes message)
{
    struct msg m;
    hand_must(msg_decode(&m, message));
    if (m.type == MSG_TILE)
        play_see_tile(p, &m.as.tile);
    if (m.type == MSG_RAN)
        p->cached += m.as.ran.is_cached;
    if (m.type != MSG_PLANNED)
        return;
    p->planned = m.as.planned;
    assert(p->seen_count < PLAY_SEEN_MAX);
    p->seen[p->seen_count++] =
        (struct play_tile){m.as.planned.plan, m.as.planned.job, UINT32_MAX, 0};
}

static inline void play_listen(struct play *p)
{
    struct gamer_event e;
    while (gamer_event(p->gamer, &e)) {
        p->events[e.kind]++;
        if (e.kind == GAMER_EVENT_FAILED)
            p->last_failed = e;
        if (e.kind != GAMER_EVENT_FRAME)
            continue;
        struct join *j = gamer_take(p->gamer, e.job);
        assert(j != NULL && join_is_whole(j));
        join_free(j);
    }
}

// One message from the gamer to the hub. False: it has none.
static inline bool play_say(struct play *p)
{
    struct out out;
    if (p->w.gus == 0 || !gamer_next(p->gamer, &out))
        return false;
    p->closings += out.kind == OUT_CLOSE;
    if (out.kind == OUT_SEND)
        desk_raw(&p->w.d, p->w.gus, out.bytes);
    return true;
}

// One message from the hub to the gamer. False: there is none on its way.
static inline bool play_hear(struct play *p)
{
    for (size_t i = 0; i < p->w.d.heard_count; i++) {
        struct heard *h = &p->w.d.heard[i];
        if (h->conn != p->w.gus || h->is_taken)
            continue;
        h->is_taken = true;
        p->closings += h->kind == OUT_CLOSE;
        if (h->kind == OUT_SEND) {
            play_see(p, bytes_of(h->at, h->len));
            gamer_input(p->gamer, bytes_of(h->at, h->len));
            play_listen(p);
        }
        return true;
    }
    return false;
}

// A helper does the next thing that it was told. False: nothing.
static inline bool play_work(struct play *p, uint64_t conn, size_t key)
{
    struct desk *d = &p->w.d;
    for (size_t i = 0; i < d->heard_count; i++) {
        struct msg m;
        if (d->heard[i].conn != conn || d->heard[i].is_taken || d->heard[i].kind != OUT_SEND)
            continue;
        hand_must(msg_decode(&m, bytes_of(d->heard[i].at, d->heard[i].len)));
        if (m.type != MSG_ASSIGN)
            continue;
        struct digest asked = task_digest(&m.as.assign.spec);
        for (size_t k = 0; key != OWN && k < d->rows.count; k++)
            assert(d->rows.at[k].record.kind != RECORD_RESULT ||
                   !digest_equal(&d->rows.at[k].record.asked, &asked)); // done before
        return desk_work(d, conn, key, 0);
    }
    return false;
}

static inline bool play_turn(struct play *p, uint32_t who)
{
    switch (who) {
    case 0:
        return play_say(p);
    case 1:
        return play_hear(p);
    case 2:
        return play_work(p, p->w.own, OWN);
    case 3:
        return play_work(p, p->w.ann, ANN);
    default:
        return play_work(p, p->w.bob, BOB);
    }
}

// One message, or one piece of work. False: nobody has anything left to do.
static inline bool play_step(struct play *p)
{
    uint32_t first = p->dice == NULL ? 0 : (uint32_t)rng_below(p->dice, 5);
    for (uint32_t i = 0; i < 5; i++)
        if (play_turn(p, (first + i) % 5))
            return true;
    return false;
}

static inline uint64_t play_submit(struct play *p, uint32_t frame)
{
    struct msg m = desk_submit(0);
    uint64_t job = 0;
    m.as.submit.frame = frame;
    m.as.submit.tiles = 3;
    hand_must(gamer_submit(p->gamer, &m.as.submit, &job));
    p->frames_asked++;
    return job;
}

static inline uint64_t play_run(struct play *p, const char *text)
{
    struct msg m = echo_run(0, text);
    uint64_t job = 0;
    hand_must(gamer_run(p->gamer, &m.as.run, &job));
    p->runs_asked++;
    return job;
}

// Frames and runs, and a host that keeps what it is told.
static inline void play_begin(struct play *p, uint32_t frames, uint32_t runs, struct rng *dice)
{
    static const char *const text[] = {"one", "two", "three"};
    assert(runs <= ARRAY_COUNT(text));
    play_open(p, &(struct desk_cfg){.has_rows = true}, dice);
    for (uint32_t i = 0; i < frames; i++)
        (void)play_submit(p, i);
    for (uint32_t i = 0; i < runs; i++)
        (void)play_run(p, text[i]);
}

// All that was asked for came, once, and nothing is left behind.
static inline void play_finish(struct play *p)
{
    while (play_step(p))
        continue;
    const struct broker_stat s = broker_stat(p->w.d.broker);
    assert(p->closings == 0);
    assert(p->events[GAMER_EVENT_FAILED] == 0);
    assert(p->events[GAMER_EVENT_FRAME] == p->frames_asked);
    assert(p->events[GAMER_EVENT_RAN] == p->runs_asked);
    assert(s.frames + s.runs + s.tasks_waiting + s.tasks_held == 0);
    assert(s.wrong + s.retries == 0);
    play_close(p);
}

#endif
