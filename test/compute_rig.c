// SPDX-License-Identifier: MIT
// A hub, its own compute, helpers and gamers as machines in a simulated world, with faults.
#include "compute_rig.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "compute/rows_test.h"
#include "crypt/sign.h"
#include "kernel/kit.h"
#include "sim/entropy.h"
#include "sim/kv.h"

#define LANES_MAX    4u
#define MEMORY_BYTES ((size_t)1 << 30)
#define STORE_BYTES  ((uint64_t)64 << 20)
#define EVENTS_MAX   1024u
#define LOAD_US      20000u // an object into a lane

struct rig_lane {
    struct rig_helper *of;
    uint32_t index;
    uint64_t event; // in the world, when it is done; 0: idle
    bool is_load;
    uint8_t *result;
    uint8_t *report;
    struct helper_outcome outcome;
};

struct rig_helper {
    struct rig *rig;
    struct rig_helper_cfg cfg;
    struct helper *machine;
    struct sign_key *key;
    struct sim_entropy entropy;
    struct sim_kv *kv;
    struct arena *arena;
    struct store *store;
    struct budget budget;
    struct sim_link *link; // end 0 is the hub
    uint64_t conn;
    uint64_t timer;
    uint32_t tasks;
    struct rng lies;
    struct rig_lane lane[LANES_MAX];
};

struct rig_gamer {
    struct rig *rig;
    struct gamer_side *machine;
    struct sign_key *key;
    struct sim_entropy entropy;
    struct budget budget;
    struct sim_link *link;
    uint64_t conn;
    char name[8];
    bool is_gone;                  // for good
    uint64_t tile_messages, tiles; // that came, and that were new
    struct gamer_event *events;
    size_t event_first, event_count;
};

struct rig {
    struct world *world;
    struct broker *broker;
    struct budget budget;
    struct sim_entropy entropy;
    struct sim_kv *kv;
    struct arena *arena;
    struct store *store;
    struct sim_kv *results_kv;
    struct arena *results_arena;
    struct store *results;
    struct sign_key *key;
    struct sign_key *own_key;
    struct broker_cfg broker_cfg;
    struct rows rows;
    bool is_deaf;
    uint64_t timer;
    uint64_t last_conn;
    uint32_t helper_count;
    struct rig_helper *helper[RIG_HELPERS_MAX];
    uint32_t gamer_count;
    struct rig_gamer *gamer[RIG_GAMERS_MAX];
    struct kit *kit; // one for all lanes: results do not depend on who computes them
    struct digest loaded;
    bool has_loaded;
};

static void must(enum rc rc)
{
    assert(rc == RC_OK);
    (void)rc;
}

static void *take(size_t len) // malloc: a test's own
{
    void *at = calloc(1, len);
    assert(at != NULL);
    return at;
}

static struct sign_key *key_from(struct sim_entropy *e)
{
    uint8_t seed[SIGN_SEED_BYTES];
    struct entropy host = sim_entropy_host(e);
    host.fill(host.self, seed, sizeof seed);
    struct sign_key *key;
    must(sign_key_new(&key, seed));
    return key;
}

static void open_store(struct rig *r, struct arena **arena, struct sim_kv **kv,
                       struct store **store)
{
    *arena = arena_new(MEMORY_BYTES);
    assert(*arena != NULL);
    must(sim_kv_new(kv, world_budget(r->world), STORE_BYTES + 65536));
    must(store_open(store, *arena,
                    &(struct store_cfg){.kv = sim_kv_host(*kv),
                                        .bytes_max = STORE_BYTES,
                                        .objects_max = 256,
                                        .seed = r->last_conn}));
}

static uint64_t now(const struct rig *r)
{
    return world_now_us(r->world);
}

static void broker_pump(struct rig *r);

static void broker_wake(void *self, uint64_t tag)
{
    struct rig *r = self;
    (void)tag;
    r->timer = 0;
    broker_tick(r->broker, now(r));
    broker_pump(r);
}

static struct sim_link *link_of(struct rig *r, uint64_t conn)
{
    for (uint32_t i = 0; i < r->helper_count; i++)
        if (r->helper[i]->conn == conn)
            return r->helper[i]->link;
    for (uint32_t i = 0; i < r->gamer_count; i++)
        if (r->gamer[i]->conn == conn)
            return r->gamer[i]->link;
    return NULL;
}

// A closed link loses it, as a socket would.
static void send(struct sim_link *l, unsigned end, struct bytes message)
{
    enum rc rc = sim_link_send(l, end, message);
    assert(rc == RC_OK || rc == RC_CLOSED);
    (void)rc;
}

static void broker_pump(struct rig *r)
{
    broker_check(r->broker);
    struct out out;
    struct broker_note note;
    struct record record;
    while (broker_next(r->broker, &out)) {
        struct sim_link *l = link_of(r, out.conn);
        if (l != NULL && out.kind == OUT_SEND)
            send(l, 0, out.bytes);
        else if (l != NULL)
            sim_link_close(l, 0);
        if (out.kind == OUT_CLOSE)
            broker_closed(r->broker, out.conn, now(r));
    }
    while (broker_note(r->broker, &note))
        world_note(r->world, note.kind);
    while (!r->is_deaf && broker_record(r->broker, &record)) {
        world_note(r->world, 200u + record.kind);
        rows_take(&r->rows, &record, now(r));
    }
    world_cancel(r->world, r->timer);
    uint64_t due = broker_due_us(r->broker);
    r->timer = due == UINT64_MAX ? 0 : world_at(r->world, due, broker_wake, r, 0);
}

static void hub_hears(void *self, struct sim_link *l, unsigned end, struct bytes message)
{
    (void)l;
    (void)end;
    struct rig_helper *h = self;
    broker_input(h->rig->broker, h->conn, message, now(h->rig));
    broker_pump(h->rig);
}

static void hub_closed(void *self, struct sim_link *l, unsigned end)
{
    (void)l;
    (void)end;
    struct rig_helper *h = self;
    broker_closed(h->rig->broker, h->conn, now(h->rig));
    broker_pump(h->rig);
}

static void helper_pump(struct rig_helper *h);

static void helper_wake(void *self, uint64_t tag)
{
    struct rig_helper *h = self;
    (void)tag;
    h->timer = 0;
    helper_tick(h->machine, now(h->rig));
    helper_pump(h);
}

static void lane_done(void *self, uint64_t tag)
{
    struct rig_lane *l = self;
    (void)tag;
    l->event = 0;
    if (l->is_load)
        helper_loaded(l->of->machine, l->index, l->outcome.rc, "the object is no scene");
    else
        helper_ran(l->of->machine, l->index, &l->outcome, now(l->of->rig));
    free(l->result);
    free(l->report);
    l->result = NULL;
    l->report = NULL;
    helper_pump(l->of);
}

static void lane_load(struct rig_lane *l, struct bytes object)
{
    struct rig *r = l->of->rig;
    struct digest name = hash_bytes(object);
    enum rc rc = RC_OK;
    if (!r->has_loaded || !digest_equal(&r->loaded, &name)) {
        rc = kit_load(r->kit, object);
        r->has_loaded = rc == RC_OK;
        r->loaded = name;
    }
    l->is_load = true;
    l->outcome = (struct helper_outcome){.rc = rc};
    l->event = world_at(r->world, now(r) + LOAD_US, lane_done, l, 1);
}

static void spoil(struct rig_helper *h, struct buffer *result)
{
    size_t pixels = result->len / TRACE_PIXEL_BYTES;
    if (pixels == 0 && result->len > 0 && rng_below(&h->lies, 1000) < h->cfg.spoiled_permille)
        result->at[0] ^= 1;
    for (size_t i = 0; i < pixels; i++)
        if (rng_below(&h->lies, 1000) < h->cfg.spoiled_permille)
            memset(result->at + i * TRACE_PIXEL_BYTES, 1, TRACE_PIXEL_BYTES);
}

static uint64_t units_of(struct bytes report)
{
    struct trace_report t;
    uint64_t units = 0;
    if (trace_report_decode(&t, report) != RC_OK)
        return 1000;
    for (uint32_t y = 0; y < t.cells_y; y++)
        for (uint32_t x = 0; x < t.cells_x; x++)
            units += trace_report_cost(&t, x, y);
    return units > 0 ? units : 1000;
}

static void lane_run(struct rig_lane *l, const char *name, const struct kernel_in *in)
{
    struct rig_helper *h = l->of;
    struct rig *r = h->rig;
    size_t len = 0;
    const struct kernel *kernel = kernel_find(bytes_text(name));
    must(kernel->result_bounds(in->params, &len, &len));
    l->result = take(len);
    l->report = take(KERNEL_REPORT_BYTES_MAX);
    struct buffer result = buffer_of(l->result, len);
    struct buffer report = buffer_of(l->report, KERNEL_REPORT_BYTES_MAX);
    enum rc rc = kit_run(r->kit, bytes_text(name), in, &result, &report);
    if (h->cfg.fault == RIG_FORGING)
        spoil(h, &result);
    if (h->cfg.fault == RIG_FAILING)
        rc = RC_CRASHED;
    double us = (double)units_of(buffer_bytes(&report)) * h->cfg.us_per_unit;
    l->is_load = false;
    l->outcome = (struct helper_outcome){.rc = rc,
                                         .text = "a fault of the rig",
                                         .result = buffer_bytes(&result),
                                         .report = buffer_bytes(&report),
                                         .cpu_us = (uint64_t)us + 1};
    if (h->cfg.fault != RIG_SILENT)
        l->event = world_at(r->world, now(r) + (uint64_t)us + 1, lane_done, l, 2);
}

static void lane_kill(struct rig_lane *l)
{
    l->outcome = (struct helper_outcome){.rc = RC_CLOSED, .text = "stopped"};
    world_cancel(l->of->rig->world, l->event);
    l->is_load = false;
    l->event = world_at(l->of->rig->world, now(l->of->rig), lane_done, l, 3);
}

static void count_task(struct rig_helper *h)
{
    h->tasks++;
    if (h->tasks < h->cfg.after_tasks)
        return;
    if (h->cfg.fault == RIG_DYING)
        sim_link_cut(h->link, false);
    if (h->cfg.fault == RIG_HOLE)
        sim_link_hole(h->link, 1, true);
}

static void helper_pump(struct rig_helper *h)
{
    struct helper_out out;
    struct helper_event event;
    while (helper_next(h->machine, &out)) {
        if (out.kind == HELPER_SEND)
            send(h->link, 1, out.bytes);
        else if (out.kind == HELPER_CLOSE)
            sim_link_close(h->link, 1);
        else if (out.kind == HELPER_LOAD)
            lane_load(&h->lane[out.lane], out.bytes);
        else if (out.kind == HELPER_KILL)
            lane_kill(&h->lane[out.lane]);
        else
            lane_run(&h->lane[out.lane], out.kernel,
                     &(struct kernel_in){out.bytes, out.given, out.given_count});
        if (out.kind == HELPER_RUN)
            count_task(h);
    }
    while (helper_event(h->machine, &event))
        world_note(h->rig->world, event.kind);
    world_cancel(h->rig->world, h->timer);
    uint64_t due = helper_due_us(h->machine);
    h->timer = due == UINT64_MAX ? 0 : world_at(h->rig->world, due, helper_wake, h, 0);
}

static void helper_hears(void *self, struct sim_link *l, unsigned end, struct bytes message)
{
    (void)l;
    (void)end;
    struct rig_helper *h = self;
    helper_input(h->machine, message, now(h->rig));
    helper_pump(h);
}

static void helper_lost(void *self, struct sim_link *l, unsigned end)
{
    (void)l;
    (void)end;
    struct rig_helper *h = self;
    helper_closed(h->machine);
    helper_pump(h);
}

static void connect_helper(struct rig_helper *h)
{
    struct rig *r = h->rig;
    char name[] = "helper-....";
    name[7] = (char)('a' + r->last_conn / 17576 % 26);
    name[8] = (char)('a' + r->last_conn / 676 % 26);
    name[9] = (char)('a' + r->last_conn / 26 % 26);
    name[10] = (char)('a' + r->last_conn % 26);
    h->conn = ++r->last_conn;
    struct sim_way way = {.latency_us = h->cfg.latency_us, .rate_bytes_s = 100000000};
    must(sim_link_new(&h->link, r->world, name,
                      &(struct sim_link_cfg){.way = {way, way}, .detect_us = 50000}));
    sim_link_attach(h->link, 0, &(struct sim_link_handler){h, hub_hears, hub_closed});
    sim_link_attach(h->link, 1, &(struct sim_link_handler){h, helper_hears, helper_lost});
    helper_open(h->machine);
    broker_open(r->broker, h->conn, NULL, now(r));
    broker_pump(r);
    helper_pump(h);
}

static struct rig_helper *helper_make(struct rig *r, const struct rig_helper_cfg *cfg,
                                      struct sign_key *key)
{
    struct rig_helper *h = take(sizeof *h);
    h->rig = r;
    h->cfg = *cfg;
    if (h->cfg.us_per_unit <= 0)
        h->cfg.us_per_unit = 1;
    if (h->cfg.slots == 0)
        h->cfg.slots = 1;
    if (h->cfg.latency_us == 0)
        h->cfg.latency_us = 1000;
    assert(h->cfg.slots <= LANES_MAX && r->helper_count < RIG_HELPERS_MAX);
    char who[] = "helper??";
    who[6] = (char)('a' + r->helper_count / 26);
    who[7] = (char)('a' + r->helper_count % 26);
    h->entropy = sim_entropy_of(r->world, who);
    h->key = key != NULL ? key : key_from(&h->entropy);
    h->lies = world_rng(r->world, who);
    h->budget = (struct budget){.limit_bytes = MEMORY_BYTES};
    open_store(r, &h->arena, &h->kv, &h->store);
    struct helper_cfg c = {.budget = &h->budget,
                           .store = h->store,
                           .client = {.role = MSG_ROLE_HELPER,
                                      .key = h->key,
                                      .ability = {.slots = h->cfg.slots, .cores = h->cfg.slots},
                                      .entropy = sim_entropy_host(&h->entropy)}};
    struct msg_ability *a = &c.client.ability;
    for (const struct kernel *k; (k = kernel_at(a->speed_count)) != NULL; a->speed_count++) {
        struct msg_speed *speed = &a->speed[a->speed_count];
        bytes_to_text(bytes_text(k->name), speed->kernel, sizeof speed->kernel);
        speed->units_s = k == &trace_kernel ? (uint64_t)(1e6 / h->cfg.us_per_unit) : 1000;
    }
    must(helper_new(&h->machine, &c));
    for (uint32_t i = 0; i < LANES_MAX; i++)
        h->lane[i] = (struct rig_lane){.of = h, .index = i};
    r->helper[r->helper_count++] = h;
    return h;
}

struct rig *rig_new(const struct rig_cfg *cfg)
{
    struct rig *r = take(sizeof *r);
    r->world = world_new(cfg->seed);
    assert(r->world != NULL);
    r->entropy = sim_entropy_of(r->world, "hub");
    r->budget = (struct budget){.limit_bytes = cfg->broker_bytes};
    r->key = key_from(&r->entropy);
    r->own_key = key_from(&r->entropy);
    open_store(r, &r->arena, &r->kv, &r->store);
    open_store(r, &r->results_arena, &r->results_kv, &r->results);
    must(kit_open(&r->kit, NULL));
    r->broker_cfg = (struct broker_cfg){.budget = &r->budget,
                                        .store = r->store,
                                        .results = r->results,
                                        .key = r->key,
                                        .token = cfg->token == NULL ? bytes_of(NULL, 0)
                                                                    : bytes_text(cfg->token),
                                        .own = sign_key_public(r->own_key),
                                        .is_own_last = cfg->is_own_last,
                                        .attempts_max = cfg->attempts_max,
                                        .conns_max = 64,
                                        .tasks_max = 8192,
                                        .policy = &policy_shoal,
                                        .entropy = sim_entropy_host(&r->entropy)};
    must(broker_new(&r->broker, &r->broker_cfg));
    struct rig_helper *own = helper_make(r, &(struct rig_helper_cfg){.latency_us = 1}, r->own_key);
    connect_helper(own);
    return r;
}

static void helper_end(struct rig_helper *h)
{
    helper_free(h->machine);
    for (uint32_t i = 0; i < LANES_MAX; i++) {
        free(h->lane[i].result);
        free(h->lane[i].report);
    }
    sim_link_free(h->link);
    sign_key_free(h->key);
    arena_free(h->arena);
    sim_kv_free(h->kv);
    assert(h->budget.used_bytes == 0);
    free(h);
}

void rig_free(struct rig *r)
{
    broker_free(r->broker);
    assert(r->budget.used_bytes == 0); // nothing is lost, whatever state it was in
    for (uint32_t i = 0; i < r->helper_count; i++)
        helper_end(r->helper[i]);
    for (uint32_t i = 0; i < r->gamer_count; i++) {
        gamer_free(r->gamer[i]->machine);
        sim_link_free(r->gamer[i]->link);
        sign_key_free(r->gamer[i]->key);
        assert(r->gamer[i]->budget.used_bytes == 0);
        free(r->gamer[i]->events);
        free(r->gamer[i]);
    }
    kit_close(r->kit);
    rows_drop(&r->rows);
    arena_free(r->results_arena);
    sim_kv_free(r->results_kv);
    sign_key_free(r->key);
    arena_free(r->arena);
    sim_kv_free(r->kv);
    world_free(r->world);
    free(r);
}

struct world *rig_world(struct rig *r)
{
    return r->world;
}

struct broker *rig_broker(struct rig *r)
{
    return r->broker;
}

size_t rig_broker_used_bytes(const struct rig *r)
{
    return r->budget.used_bytes;
}

uint32_t rig_helper(struct rig *r, const struct rig_helper_cfg *cfg)
{
    connect_helper(helper_make(r, cfg, NULL));
    return r->helper_count - 2; // the first one is the hub's own
}

static struct rig_helper *helper_at(struct rig *r, uint32_t index)
{
    assert(index + 1 < r->helper_count);
    return r->helper[index + 1];
}

void rig_helper_cut(struct rig *r, uint32_t index)
{
    sim_link_cut(helper_at(r, index)->link, false);
}

static void reconnect(struct rig_helper *h)
{
    helper_closed(h->machine);
    sim_link_free(h->link);
    h->link = NULL;
    connect_helper(h);
}

void rig_helper_return(struct rig *r, uint32_t index)
{
    reconnect(helper_at(r, index));
}

void rig_own_return(struct rig *r)
{
    if (!sim_link_is_open(r->helper[0]->link, 1))
        reconnect(r->helper[0]);
}

struct helper *rig_helper_machine(struct rig *r, uint32_t index)
{
    return helper_at(r, index)->machine;
}

static void gamer_pump(struct rig_gamer *g)
{
    struct out out;
    struct gamer_event e;
    while (gamer_next(g->machine, &out)) {
        if (out.kind == OUT_SEND)
            send(g->link, 1, out.bytes);
        else
            sim_link_close(g->link, 1);
    }
    while (gamer_event(g->machine, &e)) {
        assert(g->event_count < EVENTS_MAX);
        world_note(g->rig->world, 100u + e.kind);
        g->tiles += e.kind == GAMER_EVENT_TILE;
        if (e.kind == GAMER_EVENT_RAN && e.ran.label[0] != 0)
            assert(bytes_is(e.ran.result, e.ran.label));
        g->events[(g->event_first + g->event_count++) % EVENTS_MAX] = e;
    }
}

static void gamer_hears(void *self, struct sim_link *l, unsigned end, struct bytes message)
{
    (void)l;
    (void)end;
    struct rig_gamer *g = self;
    struct msg m;
    must(msg_decode(&m, message));
    g->tile_messages += m.type == MSG_TILE;
    gamer_input(g->machine, message);
    gamer_pump(g);
}

static void gamer_lost(void *self, struct sim_link *l, unsigned end)
{
    (void)l;
    (void)end;
    struct rig_gamer *g = self;
    gamer_closed(g->machine);
    gamer_pump(g);
}

static void hub_hears_gamer(void *self, struct sim_link *l, unsigned end, struct bytes message)
{
    (void)l;
    (void)end;
    struct rig_gamer *g = self;
    broker_input(g->rig->broker, g->conn, message, now(g->rig));
    broker_pump(g->rig);
}

static void hub_lost_gamer(void *self, struct sim_link *l, unsigned end)
{
    (void)l;
    (void)end;
    struct rig_gamer *g = self;
    broker_closed(g->rig->broker, g->conn, now(g->rig));
    broker_pump(g->rig);
}

static void connect_gamer(struct rig_gamer *g)
{
    struct rig *r = g->rig;
    struct sim_way way = {.latency_us = 2000, .rate_bytes_s = 100000000};
    g->conn = ++r->last_conn;
    must(sim_link_new(&g->link, r->world, g->name,
                      &(struct sim_link_cfg){.way = {way, way}, .detect_us = 50000}));
    sim_link_attach(g->link, 0, &(struct sim_link_handler){g, hub_hears_gamer, hub_lost_gamer});
    sim_link_attach(g->link, 1, &(struct sim_link_handler){g, gamer_hears, gamer_lost});
    gamer_open(g->machine);
    broker_open(r->broker, g->conn, NULL, now(r));
    broker_pump(r);
}

uint32_t rig_gamer(struct rig *r, const char *token, struct bytes scene)
{
    assert(r->gamer_count < RIG_GAMERS_MAX);
    struct rig_gamer *g = take(sizeof *g);
    memcpy(g->name, "gamer?", 7);
    g->name[5] = (char)('a' + r->gamer_count);
    g->rig = r;
    g->events = take(EVENTS_MAX * sizeof *g->events);
    g->entropy = sim_entropy_of(r->world, g->name);
    g->key = key_from(&g->entropy);
    g->budget = (struct budget){.limit_bytes = MEMORY_BYTES};
    struct gamer_cfg c = {.budget = &g->budget,
                          .client = {.role = MSG_ROLE_GAMER,
                                     .key = g->key,
                                     .token = token == NULL ? bytes_of(NULL, 0) : bytes_text(token),
                                     .entropy = sim_entropy_host(&g->entropy)}};
    must(gamer_new(&g->machine, &c));
    struct digest name_of_scene;
    gamer_offer(g->machine, scene, &name_of_scene);
    r->gamer[r->gamer_count++] = g;
    connect_gamer(g);
    return r->gamer_count - 1;
}

struct gamer_side *rig_gamer_machine(struct rig *r, uint32_t index)
{
    return r->gamer[index]->machine;
}

void rig_gamer_cut(struct rig *r, uint32_t index)
{
    sim_link_cut(r->gamer[index]->link, false);
}

void rig_gamer_return(struct rig *r, uint32_t index)
{
    struct rig_gamer *g = r->gamer[index];
    uint64_t before = g->conn;
    gamer_closed(g->machine);
    sim_link_free(g->link);
    g->link = NULL;
    connect_gamer(g);
    broker_closed(r->broker, before, now(r));
    broker_pump(r);
}

bool rig_gamer_is_in(struct rig *r, uint32_t index)
{
    return sim_link_is_open(r->gamer[index]->link, 1);
}

void rig_gamer_abandon(struct rig *r, uint32_t index)
{
    struct rig_gamer *g = r->gamer[index];
    sim_link_close(g->link, 1);
    gamer_closed(g->machine);
    gamer_abandon(g->machine, "it is gone");
    gamer_pump(g);
    g->is_gone = true;
}

uint64_t rig_gamer_twice(struct rig *r, uint32_t index)
{
    return r->gamer[index]->tile_messages - r->gamer[index]->tiles;
}

void rig_hub_deaf(struct rig *r, bool is_deaf)
{
    r->is_deaf = is_deaf;
    broker_pump(r);
}

void rig_hub_crash(struct rig *r)
{
    size_t limit = r->budget.limit_bytes;
    broker_free(r->broker);
    assert(r->budget.used_bytes == 0);
    must(broker_new(&r->broker, &r->broker_cfg));
    rows_restore(&r->rows, r->broker, now(r));
    r->budget.limit_bytes = limit;
    r->is_deaf = false;
    broker_pump(r);
    for (uint32_t i = 0; i < r->helper_count; i++)
        reconnect(r->helper[i]);
    for (uint32_t i = 0; i < r->gamer_count; i++)
        if (!r->gamer[i]->is_gone)
            rig_gamer_return(r, i);
}

uint64_t rig_run_echo(struct rig *r, uint32_t gamer, const char *text)
{
    uint64_t job = 0;
    struct msg_run m = {.spec = {.kernel = "echo", .params = bytes_text(text)}};
    bytes_to_text(bytes_text(text), m.label, sizeof m.label);
    must(gamer_run(r->gamer[gamer]->machine, &m, &job));
    gamer_pump(r->gamer[gamer]);
    return job;
}

uint64_t rig_run_of(struct rig *r, uint32_t gamer, const struct msg_run *m)
{
    uint64_t job = 0;
    must(gamer_run(r->gamer[gamer]->machine, m, &job));
    gamer_pump(r->gamer[gamer]);
    return job;
}

uint64_t rig_submit(struct rig *r, uint32_t gamer, const struct msg_submit *m)
{
    uint64_t job = 0;
    must(gamer_submit(r->gamer[gamer]->machine, m, &job));
    gamer_pump(r->gamer[gamer]);
    return job;
}

bool rig_gamer_event(struct rig *r, uint32_t gamer, struct gamer_event *out)
{
    struct rig_gamer *g = r->gamer[gamer];
    if (g->event_count == 0)
        return false;
    *out = g->events[g->event_first];
    g->event_first = (g->event_first + 1) % EVENTS_MAX;
    g->event_count--;
    return true;
}

void rig_inject(struct rig *r, uint32_t helper, struct bytes message)
{
    must(sim_link_send(helper_at(r, helper)->link, 1, message));
}

bool rig_run_to(struct rig *r, uint32_t gamer, enum gamer_event_kind kind, uint64_t until_us,
                struct gamer_event *out)
{
    for (;;) {
        while (rig_gamer_event(r, gamer, out))
            if (out->kind == kind)
                return true;
        if (world_next_us(r->world) > until_us || !world_step(r->world))
            return false;
    }
}

void rig_run(struct rig *r, uint64_t until_us)
{
    world_run_until(r->world, until_us);
}
