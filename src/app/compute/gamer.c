// SPDX-License-Identifier: MIT
// Gamer: the side that has frames made, as a machine: submits, gives its scene, joins tiles.
#include "compute/gamer.h"

#include <assert.h>
#include <string.h>

#include "base/list.h"
#include "base/text.h"
#include "compute/fetch.h"
#include "kernel/trace/trace.h"

#define GAMER_ARENA_BYTES (2u << 20)
#define FRAME_PARTS_MAX   16384u // of one frame: tiles, and ranges out of order

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
    uint64_t plan; // that the results in `have` belong to; 0: none
    uint8_t *have; // a block of the budget; NULL: not planned yet
    size_t have_len, have_cap;
};

struct run { // one task on its way
    struct list node;
    struct msg_run spec;
    bool is_sent;
    uint8_t params[];
};

struct offer { // an object that the hub may ask for
    struct digest name;
    struct bytes object;
};

struct gamer_side {
    struct arena *arena;
    struct budget *budget;
    struct client client;
    struct outbox outbox;
    uint64_t owed;
    struct offer offer[GAMER_OBJECTS_MAX]; // the oldest first
    uint32_t offer_count;
    struct slot slot[GAMER_FRAMES_MAX];
    struct list runs;
    uint32_t run_count;
    uint64_t last_job;
    uint64_t last_step;
    uint64_t message_bytes; // of what is being taken; 0: nothing
    uint8_t *given;         // the result behind the last event
    bool is_open;
    bool is_settled; // in or out was told
    struct gamer_event *events;
    uint8_t **results; // of events RAN, in the same places
    uint32_t event_first, event_count;
};

enum rc gamer_new(struct gamer_side **out, const struct gamer_cfg *cfg)
{
    *out = NULL;
    struct arena *arena = arena_new(GAMER_ARENA_BYTES);
    struct gamer_side *g = arena == NULL ? NULL : arena_take(arena, sizeof *g);
    if (g != NULL)
        g->events = arena_take_array(arena, GAMER_EVENTS_MAX, sizeof *g->events);
    if (g != NULL)
        g->results = arena_take_array(arena, GAMER_EVENTS_MAX, sizeof *g->results);
    if (g == NULL || g->events == NULL || g->results == NULL) {
        arena_free(arena);
        return RC_NOMEM;
    }
    g->arena = arena;
    g->budget = cfg->budget;
    client_init(&g->client, &cfg->client);
    list_init(&g->runs);
    // Numbers of another life of this key must not be met again at the hub.
    g->last_job = entropy_u64(&cfg->client.entropy) >> 1;
    outbox_init(&g->outbox, g->budget, &g->owed, 1);
    *out = g;
    return RC_OK;
}

static void slot_empty(struct gamer_side *g, struct slot *s)
{
    join_free(s->join);
    budget_give(g->budget, s->have);
    *s = (struct slot){.state = SLOT_FREE};
}

static void run_free(struct gamer_side *g, struct run *r)
{
    list_del(&r->node);
    g->run_count--;
    budget_give(g->budget, r);
}

void gamer_free(struct gamer_side *g)
{
    if (g == NULL)
        return;
    for (size_t i = 0; i < GAMER_FRAMES_MAX; i++)
        slot_empty(g, &g->slot[i]);
    LIST_FOR_SAFE (it, &g->runs)
        run_free(g, CONTAINER_OF(it, struct run, node));
    for (bool has_more = true; has_more;) // gives back the results that nobody took
        has_more = gamer_event(g, &(struct gamer_event){0});
    outbox_drop_all(&g->outbox);
    arena_free(g->arena);
}

// The host drains events after each input, which makes few; a full ring is a host's mistake.
static void event_put(struct gamer_side *g, const struct gamer_event *e)
{
    assert(g->event_count < GAMER_EVENTS_MAX);
    struct gamer_event *at = &g->events[(g->event_first + g->event_count) % GAMER_EVENTS_MAX];
    *at = *e;
    at->bytes = g->message_bytes;
    g->event_count++;
}

bool gamer_event(struct gamer_side *g, struct gamer_event *out)
{
    budget_give(g->budget, g->given);
    g->given = NULL;
    if (g->event_count == 0)
        return false;
    *out = g->events[g->event_first];
    if (out->kind == GAMER_EVENT_RAN)
        g->given = g->results[g->event_first];
    g->event_first = (g->event_first + 1) % GAMER_EVENTS_MAX;
    g->event_count--;
    return true;
}

// offer_count: it is not offered.
static uint32_t offer_of(const struct gamer_side *g, const struct digest *name)
{
    uint32_t at = 0;
    while (at < g->offer_count && !digest_equal(&g->offer[at].name, name))
        at++;
    return at;
}

static void recall(struct gamer_side *g, uint32_t at)
{
    assert(at < g->offer_count);
    g->offer_count--;
    memmove(&g->offer[at], &g->offer[at + 1], (g->offer_count - at) * sizeof *g->offer);
}

void gamer_recall(struct gamer_side *g, const struct digest *name)
{
    const uint32_t at = offer_of(g, name);
    if (at < g->offer_count)
        recall(g, at);
}

void gamer_offer(struct gamer_side *g, struct bytes object, struct digest *name)
{
    const struct offer new = {.name = hash_bytes(object), .object = object};
    gamer_recall(g, &new.name);
    if (g->offer_count == GAMER_OBJECTS_MAX)
        recall(g, 0);
    g->offer[g->offer_count++] = new;
    *name = new.name;
}

static void send_slot(struct gamer_side *g, struct slot *s)
{
    struct msg m = {.type = MSG_SUBMIT, .as.submit = s->spec};
    m.as.submit.plan = s->plan;
    m.as.submit.have = bytes_of(s->have, s->have_len);
    outbox_send(&g->outbox, 0, &m);
    s->state = SLOT_SENT;
}

static void send_run(struct gamer_side *g, struct run *r)
{
    outbox_send(&g->outbox, 0, &(struct msg){.type = MSG_RUN, .as.run = r->spec});
    r->is_sent = true;
}

static void send_wanted(struct gamer_side *g)
{
    if (g->client.state != CLIENT_IN)
        return;
    for (size_t i = 0; i < GAMER_FRAMES_MAX; i++)
        if (g->slot[i].state == SLOT_WANTED)
            send_slot(g, &g->slot[i]);
    LIST_FOR (it, &g->runs) {
        struct run *r = CONTAINER_OF(it, struct run, node);
        if (!r->is_sent)
            send_run(g, r);
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
                           .parts_max = FRAME_PARTS_MAX,
                           .value_max = (uint32_t)(TRACE_RADIANCE_MAX * TRACE_UNIT)};
    enum rc rc = m->is_kept ? RC_OK : join_new(&s->join, g->budget, &cfg);
    if (rc != RC_OK)
        return rc;
    s->spec = *m;
    s->spec.have = bytes_of(NULL, 0);
    s->spec.job = ++g->last_job;
    s->state = SLOT_WANTED;
    *job = s->spec.job;
    send_wanted(g);
    return RC_OK;
}

enum rc gamer_run(struct gamer_side *g, const struct msg_run *m, uint64_t *job)
{
    if (g->run_count == GAMER_RUNS_MAX)
        return RC_FULL;
    size_t len = m->spec.params.len;
    struct msg all = {.type = MSG_RUN, .as.run = *m};
    size_t cap = msg_bytes_max(&all);
    uint8_t *trial = budget_take(g->budget, cap);
    struct run *r = budget_take(g->budget, sizeof *r + len);
    struct buffer encoded = buffer_of(trial, trial != NULL ? cap : 0);
    enum rc rc = trial == NULL || r == NULL            ? RC_NOMEM
                 : msg_encode(&all, &encoded) != RC_OK ? RC_CONFIG
                                                       : RC_OK;
    budget_give(g->budget, trial);
    if (rc != RC_OK) {
        budget_give(g->budget, r);
        return rc;
    }
    *r = (struct run){.spec = *m};
    if (len > 0)
        memcpy(r->params, m->spec.params.at, len);
    r->spec.spec.params = bytes_of(r->params, len);
    r->spec.job = *job = ++g->last_job;
    list_push_back(&g->runs, &r->node);
    g->run_count++;
    if (g->client.state == CLIENT_IN)
        send_run(g, r);
    return RC_OK;
}

static struct slot *slot_of(struct gamer_side *g, uint64_t job)
{
    for (size_t i = 0; i < GAMER_FRAMES_MAX; i++)
        if (g->slot[i].state != SLOT_FREE && g->slot[i].spec.job == job)
            return &g->slot[i];
    return NULL;
}

static struct run *run_of(struct gamer_side *g, uint64_t job)
{
    LIST_FOR (it, &g->runs) {
        struct run *r = CONTAINER_OF(it, struct run, node);
        if (r->spec.job == job)
            return r;
    }
    return NULL;
}

void gamer_withdraw(struct gamer_side *g, uint64_t job)
{
    struct slot *s = slot_of(g, job);
    struct run *r = run_of(g, job);
    bool was_sent = (s != NULL && s->state == SLOT_SENT) || (r != NULL && r->is_sent);
    if (was_sent)
        outbox_send(&g->outbox, 0, &(struct msg){.type = MSG_WITHDRAW, .as.withdraw = {job}});
    if (s != NULL)
        slot_empty(g, s);
    if (r != NULL)
        run_free(g, r);
}

enum rc gamer_steer(struct gamer_side *g, const struct session_input *input)
{
    if (g->client.state != CLIENT_IN)
        return RC_CLOSED;
    struct msg all = {.type = MSG_INPUT, .as.input = *input};
    all.as.input.step = ++g->last_step;
    outbox_send(&g->outbox, 0, &all);
    return RC_OK;
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
    text_copy_safe(e.text, sizeof e.text, bytes_text(why));
    slot_empty(g, s);
    event_put(g, &e);
}

struct join *gamer_take(struct gamer_side *g, uint64_t job)
{
    struct slot *s = slot_of(g, job);
    if (s == NULL || s->state != SLOT_WHOLE)
        return NULL;
    struct join *join = s->join;
    s->join = NULL;
    slot_empty(g, s);
    return join;
}

const struct join *gamer_look(struct gamer_side *g, uint64_t job)
{
    const struct slot *s = slot_of(g, job);
    return s != NULL ? s->join : NULL;
}

static void give_object(struct gamer_side *g, const struct msg_object_get *get)
{
    const uint32_t at = offer_of(g, &get->digest);
    const struct msg m =
        fetch_answer(get, at < g->offer_count ? g->offer[at].object : bytes_of(NULL, 0));
    outbox_send(&g->outbox, 0, &m);
}

static bool has_tile(const struct slot *s, const struct msg_tile *m)
{
    struct cursor c = {.left = bytes_of(s->have, s->have_len)};
    uint32_t index = 0;
    uint32_t first = 0;
    while (msg_have_next(&c, &index, &first))
        if (index == m->index && first == m->sample_first)
            return true;
    return false;
}

static void note_tile(struct slot *s, const struct msg_tile *m)
{
    struct buffer have = buffer_of(s->have, s->have_cap);
    have.len = s->have_len;
    msg_have_put(&have, m->index, m->sample_first);
    s->have_len = have.is_full ? s->have_len : have.len; // a hub that sends more than it planned
}

static void tell_tile(struct gamer_side *g, const struct slot *s, const struct msg_tile *m)
{
    struct gamer_event e = {
        .kind = GAMER_EVENT_TILE, .job = m->job, .frame = s->spec.frame, .tile = *m};
    e.tile.result = bytes_of(NULL, 0);
    event_put(g, &e);
}

static void take_tile(struct gamer_side *g, const struct msg_tile *m)
{
    struct slot *s = sent_of(g, m->job);
    if (s == NULL)
        return;
    if (s->join == NULL) { // the hub keeps it: a word about who made it
        tell_tile(g, s, m);
        return;
    }
    struct join_part part = {m->rect, m->sample_first, m->sample_count};
    enum rc rc = join_put(s->join, &part, m->result);
    if (rc == RC_REFUSED && has_tile(s, m))
        return; // once is enough
    if (rc == RC_OK)
        note_tile(s, m);
    if (rc != RC_OK) {
        slot_fail(g, s, rc, "the hub sent a tile that does not fit the frame");
        return;
    }
    tell_tile(g, s, m);
}

static void take_done(struct gamer_side *g, const struct msg_done *m)
{
    struct slot *s = sent_of(g, m->job);
    if (s == NULL)
        return;
    if (s->join != NULL && !join_is_whole(s->join)) {
        slot_fail(g, s, RC_MALFORMED, "the hub calls a frame done that has holes");
        return;
    }
    s->state = SLOT_WHOLE;
    struct gamer_event e = {
        .kind = GAMER_EVENT_FRAME, .job = m->job, .frame = s->spec.frame, .done = *m};
    event_put(g, &e);
    if (s->join == NULL)
        slot_empty(g, s);
}

// Results of another plan do not fit: the frame is begun anew. False: no room to remember tiles.
static bool follow_plan(struct gamer_side *g, struct slot *s, const struct msg_planned *m)
{
    if (s->have != NULL && s->plan == m->plan)
        return true;
    budget_give(g->budget, s->have);
    if (s->join != NULL)
        join_reset(s->join);
    s->have_len = 0;
    s->have_cap = m->tiles <= MSG_HAVE_MAX ? (size_t)m->tiles * MSG_HAVE_BYTES : 0;
    s->plan = m->plan;
    s->have = budget_take(g->budget, s->have_cap);
    return s->have != NULL;
}

static void take_planned(struct gamer_side *g, const struct msg_planned *m)
{
    struct slot *s = sent_of(g, m->job);
    if (s == NULL)
        return;
    if (!follow_plan(g, s, m)) {
        slot_fail(g, s, RC_NOMEM, "out of memory for a frame's tiles");
        return;
    }
    struct gamer_event e = {.kind = GAMER_EVENT_PLANNED,
                            .job = m->job,
                            .frame = s->spec.frame,
                            .tiles = m->tiles,
                            .helpers = m->helpers,
                            .input = m->input,
                            .camera = m->camera};
    event_put(g, &e);
}

static void run_fail(struct gamer_side *g, struct run *r, enum rc rc, const char *why)
{
    struct gamer_event e = {.kind = GAMER_EVENT_FAILED, .job = r->spec.job, .rc = rc};
    text_copy_safe(e.text, sizeof e.text, bytes_text(why));
    run_free(g, r);
    event_put(g, &e);
}

static void take_ran(struct gamer_side *g, const struct msg_ran *m)
{
    struct run *r = run_of(g, m->job);
    if (r == NULL)
        return; // answered before
    uint8_t *result = budget_take(g->budget, m->result.len);
    if (result == NULL) {
        run_fail(g, r, RC_NOMEM, "out of memory for a result");
        return;
    }
    if (m->result.len > 0)
        memcpy(result, m->result.at, m->result.len);
    struct gamer_event e = {.kind = GAMER_EVENT_RAN, .job = m->job, .ran = *m};
    e.ran.result = bytes_of(result, m->result.len);
    run_free(g, r);
    g->results[(g->event_first + g->event_count) % GAMER_EVENTS_MAX] = result;
    event_put(g, &e);
}

static void take_failed(struct gamer_side *g, const struct msg_failed *m)
{
    struct slot *s = sent_of(g, m->job);
    struct run *r = s == NULL ? run_of(g, m->job) : NULL;
    if (s != NULL)
        slot_fail(g, s, m->rc, m->text);
    else if (r != NULL)
        run_fail(g, r, m->rc, m->text);
}

static void take_message(struct gamer_side *g, const struct msg *m)
{
    if (m->type == MSG_OBJECT_GET) {
        give_object(g, &m->as.object_get);
    } else if (m->type == MSG_TILE) {
        take_tile(g, &m->as.tile);
    } else if (m->type == MSG_DONE) {
        take_done(g, &m->as.done);
    } else if (m->type == MSG_PLANNED) {
        take_planned(g, &m->as.planned);
    } else if (m->type == MSG_FAILED) {
        take_failed(g, &m->as.failed);
    } else if (m->type == MSG_RAN) {
        take_ran(g, &m->as.ran);
    } else if (m->type == MSG_PEERS) {
        event_put(g, &(struct gamer_event){.kind = GAMER_EVENT_PEERS, .helpers = m->as.peers.all});
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
    memcpy(e.text, g->client.refusal.text, sizeof e.text);
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
    g->message_bytes = message.len;
    if (msg_decode(&m, message) != RC_OK)
        client_fail(&g->client, RC_MALFORMED, "the other side is no hub: malformed message");
    else if (!client_input(&g->client, &m, &g->outbox))
        take_message(g, &m);
    settle(g);
    g->message_bytes = 0;
}

void gamer_closed(struct gamer_side *g)
{
    g->is_open = false;
    client_restart(&g->client); // a frame submitted from now on waits for the next connection
    for (size_t i = 0; i < GAMER_FRAMES_MAX; i++)
        if (g->slot[i].state == SLOT_SENT)
            g->slot[i].state = SLOT_WANTED;
    LIST_FOR (it, &g->runs)
        CONTAINER_OF(it, struct run, node)->is_sent = false;
    outbox_drop_all(&g->outbox);
}

void gamer_abandon(struct gamer_side *g, const char *reason)
{
    for (size_t i = 0; i < GAMER_FRAMES_MAX; i++)
        if (g->slot[i].state == SLOT_SENT || g->slot[i].state == SLOT_WANTED)
            slot_fail(g, &g->slot[i], RC_CLOSED, reason);
    LIST_FOR_SAFE (it, &g->runs) {
        if (g->event_count == GAMER_EVENTS_MAX)
            return; // the host drains, and calls again
        run_fail(g, CONTAINER_OF(it, struct run, node), RC_CLOSED, reason);
    }
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
        if (g->slot[i].join == NULL)
            continue;
        all += (double)join_total(g->slot[i].join);
        missing += (double)join_missing(g->slot[i].join);
    }
    return all > 0 ? 1 - missing / all : 0;
}
