// SPDX-License-Identifier: MIT
// Gamer: the side that has frames made, as a machine: submits, gives its scene, joins tiles.
#include "compute/gamer.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"
#include "kernel/trace.h"

#define GAMER_ARENA_BYTES (2u << 20)
#define PARTS_MAX         16384u // of one frame: tiles, and ranges out of order

enum slot_state {
    SLOT_FREE,
    SLOT_WANTED, // not yet sent
    SLOT_SENT,
    SLOT_WHOLE, // until it is taken
};

struct slot { // one frame on its way
    enum slot_state state;
    struct msg_submit spec;
    struct join *join;
};

struct gamer_side {
    struct arena *arena;
    struct budget *budget;
    struct client client;
    struct outbox outbox;
    uint64_t owed;
    struct bytes scene;
    struct digest scene_name;
    struct slot slot[GAMER_FRAMES_MAX];
    uint64_t last_job;
    bool is_open;
    bool is_settled; // in or out was told
    struct gamer_event *events;
    uint32_t event_first, event_count;
};

enum rc gamer_new(struct gamer_side **out, const struct gamer_cfg *cfg)
{
    *out = NULL;
    struct arena *arena = arena_new(GAMER_ARENA_BYTES);
    struct gamer_side *g = arena == NULL ? NULL : arena_take(arena, sizeof *g);
    if (g != NULL)
        g->events = arena_take_array(arena, GAMER_EVENTS_MAX, sizeof *g->events);
    if (g == NULL || g->events == NULL) {
        arena_free(arena);
        return RC_NOMEM;
    }
    g->arena = arena;
    g->budget = cfg->budget;
    client_init(&g->client, &cfg->client);
    outbox_init(&g->outbox, g->budget, &g->owed, 1);
    *out = g;
    return RC_OK;
}

void gamer_free(struct gamer_side *g)
{
    if (g == NULL)
        return;
    for (size_t i = 0; i < GAMER_FRAMES_MAX; i++)
        join_free(g->slot[i].join);
    outbox_drop_all(&g->outbox);
    arena_free(g->arena);
}

// The host drains events after each input, which makes few; a full ring is a host's mistake.
static void event_put(struct gamer_side *g, const struct gamer_event *e)
{
    assert(g->event_count < GAMER_EVENTS_MAX);
    g->events[(g->event_first + g->event_count) % GAMER_EVENTS_MAX] = *e;
    g->event_count++;
}

bool gamer_event(struct gamer_side *g, struct gamer_event *out)
{
    if (g->event_count == 0)
        return false;
    *out = g->events[g->event_first];
    g->event_first = (g->event_first + 1) % GAMER_EVENTS_MAX;
    g->event_count--;
    return true;
}

void gamer_scene(struct gamer_side *g, struct bytes object, struct digest *name)
{
    g->scene = object;
    g->scene_name = hash_bytes(object);
    *name = g->scene_name;
}

static void send_wanted(struct gamer_side *g)
{
    for (size_t i = 0; g->client.state == CLIENT_IN && i < GAMER_FRAMES_MAX; i++) {
        if (g->slot[i].state != SLOT_WANTED)
            continue;
        outbox_send(&g->outbox, 0, &(struct msg){.type = MSG_SUBMIT, .as.submit = g->slot[i].spec});
        g->slot[i].state = SLOT_SENT;
    }
}

enum rc gamer_submit(struct gamer_side *g, const struct msg_submit *m, uint64_t *job)
{
    struct slot *s = NULL;
    for (size_t i = 0; s == NULL && i < GAMER_FRAMES_MAX; i++)
        if (g->slot[i].state == SLOT_FREE)
            s = &g->slot[i];
    if (s == NULL)
        return RC_FULL;
    uint8_t room[MSG_HEAD_BYTES_MAX];
    struct buffer trial = buffer_of(room, sizeof room);
    if (msg_encode(&(struct msg){.type = MSG_SUBMIT, .as.submit = *m}, &trial) != RC_OK)
        return RC_CONFIG;
    struct join_cfg cfg = {.width = m->width,
                           .height = m->height,
                           .layers = TRACE_LAYERS,
                           .samples = m->samples,
                           .parts_max = PARTS_MAX,
                           .value_max = (uint32_t)(TRACE_RADIANCE_MAX * TRACE_UNIT)};
    enum rc rc = join_new(&s->join, g->budget, &cfg);
    if (rc != RC_OK)
        return rc;
    s->spec = *m;
    s->spec.job = ++g->last_job;
    s->state = SLOT_WANTED;
    *job = s->spec.job;
    send_wanted(g);
    return RC_OK;
}

static struct slot *slot_of(struct gamer_side *g, uint64_t job)
{
    for (size_t i = 0; i < GAMER_FRAMES_MAX; i++)
        if (g->slot[i].state != SLOT_FREE && g->slot[i].spec.job == job)
            return &g->slot[i];
    return NULL;
}

// A frame that the hub may speak of; NULL: it failed here, is whole, or never was.
static struct slot *sent_of(struct gamer_side *g, uint64_t job)
{
    struct slot *s = slot_of(g, job);
    return s != NULL && s->state == SLOT_SENT ? s : NULL;
}

static void slot_fail(struct gamer_side *g, struct slot *s, enum rc rc, const char *why)
{
    struct gamer_event e = {
        .kind = GAMER_EVENT_FAILED, .job = s->spec.job, .frame = s->spec.frame, .rc = rc};
    struct text t = text_of(e.text, sizeof e.text);
    text_add_safe(&t, bytes_text(why));
    join_free(s->join);
    *s = (struct slot){.state = SLOT_FREE};
    event_put(g, &e);
}

struct join *gamer_take(struct gamer_side *g, uint64_t job)
{
    struct slot *s = slot_of(g, job);
    if (s == NULL || s->state != SLOT_WHOLE)
        return NULL;
    struct join *join = s->join;
    *s = (struct slot){.state = SLOT_FREE};
    return join;
}

static void give_scene(struct gamer_side *g, const struct msg_object_get *get)
{
    struct msg m = {.type = MSG_OBJECT_NONE, .as.object_none = {get->digest}};
    bool fits = g->scene.len > 0 && g->scene.len <= MSG_OBJECT_BYTES_MAX;
    if (fits && digest_equal(&get->digest, &g->scene_name)) {
        m.type = MSG_OBJECT_PART;
        m.as.object_part =
            (struct msg_object_part){.digest = get->digest,
                                     .offset = get->offset,
                                     .total = g->scene.len,
                                     .data = bytes_part(g->scene, get->offset, get->len)};
    }
    outbox_send(&g->outbox, 0, &m);
}

static void take_tile(struct gamer_side *g, const struct msg_tile *m)
{
    struct slot *s = sent_of(g, m->job);
    if (s == NULL)
        return;
    struct join_part part = {m->rect, m->sample_first, m->sample_count};
    enum rc rc = join_put(s->join, &part, m->result);
    if (rc != RC_OK) {
        slot_fail(g, s, rc, "the hub sent a tile that does not fit the frame");
        return;
    }
    struct gamer_event e = {
        .kind = GAMER_EVENT_TILE, .job = m->job, .frame = s->spec.frame, .tile = *m};
    e.tile.result = bytes_of(NULL, 0);
    event_put(g, &e);
}

static void take_done(struct gamer_side *g, const struct msg_done *m)
{
    struct slot *s = sent_of(g, m->job);
    if (s == NULL)
        return;
    if (!join_is_whole(s->join)) {
        slot_fail(g, s, RC_MALFORMED, "the hub calls a frame done that has holes");
        return;
    }
    s->state = SLOT_WHOLE;
    struct gamer_event e = {
        .kind = GAMER_EVENT_FRAME, .job = m->job, .frame = s->spec.frame, .done = *m};
    event_put(g, &e);
}

static void take_planned(struct gamer_side *g, const struct msg_planned *m)
{
    const struct slot *s = sent_of(g, m->job);
    if (s == NULL)
        return;
    struct gamer_event e = {.kind = GAMER_EVENT_PLANNED,
                            .job = m->job,
                            .frame = s->spec.frame,
                            .tiles = m->tiles,
                            .helpers = m->helpers};
    event_put(g, &e);
}

static void take_message(struct gamer_side *g, const struct msg *m)
{
    if (m->type == MSG_OBJECT_GET) {
        give_scene(g, &m->as.object_get);
    } else if (m->type == MSG_TILE) {
        take_tile(g, &m->as.tile);
    } else if (m->type == MSG_DONE) {
        take_done(g, &m->as.done);
    } else if (m->type == MSG_PLANNED) {
        take_planned(g, &m->as.planned);
    } else if (m->type == MSG_FAILED) {
        struct slot *s = sent_of(g, m->as.failed.job);
        if (s != NULL)
            slot_fail(g, s, m->as.failed.rc, m->as.failed.text);
    } else {
        client_fail(&g->client, RC_MALFORMED, "the hub sent what a hub does not");
    }
}

// Tells once that the hub took us, or that nothing more will come.
static void settle(struct gamer_side *g)
{
    if (g->client.state == CLIENT_IN && !g->is_settled) {
        g->is_settled = true;
        event_put(g, &(struct gamer_event){.kind = GAMER_EVENT_IN});
        send_wanted(g);
    }
    if (g->client.state != CLIENT_OUT || !g->is_open)
        return;
    struct gamer_event e = {.kind = GAMER_EVENT_OUT, .rc = g->client.refusal.rc};
    struct text t = text_of(e.text, sizeof e.text);
    text_add_safe(&t, bytes_text(g->client.refusal.text));
    g->is_open = false;
    event_put(g, &e);
    outbox_close(&g->outbox, 0, e.text);
}

void gamer_open(struct gamer_side *g)
{
    client_restart(&g->client);
    g->is_open = true;
    g->is_settled = false;
}

void gamer_input(struct gamer_side *g, struct bytes message)
{
    if (!g->is_open)
        return;
    struct msg m;
    if (msg_decode(&m, message) != RC_OK)
        client_fail(&g->client, RC_MALFORMED, "the other side is no hub: malformed message");
    else if (!client_input(&g->client, &m, &g->outbox))
        take_message(g, &m);
    settle(g);
}

void gamer_closed(struct gamer_side *g, const char *reason)
{
    g->is_open = false;
    client_restart(&g->client); // a frame submitted from now on waits for the next connection
    for (size_t i = 0; i < GAMER_FRAMES_MAX; i++)
        if (g->slot[i].state == SLOT_SENT || g->slot[i].state == SLOT_WANTED)
            slot_fail(g, &g->slot[i], RC_CLOSED, reason);
    outbox_drop_all(&g->outbox);
}

bool gamer_next(struct gamer_side *g, struct out *out)
{
    return outbox_next(&g->outbox, out);
}

double gamer_progress(const struct gamer_side *g)
{
    double all = 0;
    double missing = 0;
    for (size_t i = 0; i < GAMER_FRAMES_MAX; i++) {
        if (g->slot[i].state == SLOT_FREE)
            continue;
        all += (double)join_total(g->slot[i].join);
        missing += (double)join_missing(g->slot[i].join);
    }
    return all > 0 ? 1 - missing / all : 0;
}
