// SPDX-License-Identifier: MIT
// The hub's own compute in a simulated crowd: a real helper machine; and the kernel behind all.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "crowd_state.h"
#include "kernel/kernel.h"
#include "kernel/world/base.h"
#include "scene/scene.h"
#include "scene/scenes.h"

#define MEMORY_BYTES ((size_t)1 << 30)
#define STORE_BYTES  ((uint64_t)64 << 20)
#define LOAD_US      20000u
#define ECHO_US      200u
#define AGAIN_US     100000u
#define TRACED_MAX   (1u << 15)
#define OWN_LATENCY  20u // within one process, but from its loop's next turn
#define OWN_UNITS_S  2000000u
#define CELL         8u
#define PLAIN_BYTES  256u // params without a list of pixels are shorter

// ---- The kernel, and a cache of what it made

static void traced_free(struct traced *t)
{
    if (t == NULL)
        return;
    free(t->result);
    free(t->report);
    free(t);
}

void kernel_start(struct crowd *c)
{
    c->report_room = crowd_take(KERNEL_REPORT_BYTES_MAX);
    c->scenes = (struct budget){.limit_bytes = SCENES_BUDGET_BYTES};
    crowd_must(scenes_make(bytes_text("cornell"), &c->scenes, &c->scene, NULL));
    crowd_must(world_base.open(&c->kernel, NULL));
    crowd_must(world_base.load(c->kernel, buffer_bytes(&c->scene)));
    struct scene scene;
    crowd_must(scene_open(&scene, buffer_bytes(&c->scene), NULL));
    c->camera = scene_camera(&scene, 0);
    c->scene_name = hash_bytes(buffer_bytes(&c->scene));
    c->traced = map_new(c->tables, DIGEST_BYTES, TRACED_MAX, 5);
    assert(c->traced != NULL);
}

void kernel_stop(struct crowd *c)
{
    size_t at = 0;
    for (struct traced *t; (t = map_next(c->traced, &at)) != NULL;)
        traced_free(t);
    traced_free(c->passing);
    free(c->report_room);
    world_base.close(c->kernel);
    budget_give(&c->scenes, c->scene.at);
}

static uint64_t units_of(struct bytes report)
{
    struct trace_report t;
    uint64_t units = 0;
    if (trace_report_decode(&t, report) == RC_OK)
        for (uint32_t y = 0; y < t.cells_y; y++)
            for (uint32_t x = 0; x < t.cells_x; x++)
                units += trace_report_cost(&t, x, y);
    return units > 0 ? units : 1000;
}

static struct traced *traced_new(struct crowd *c, struct bytes params)
{
    struct traced *t = crowd_take(sizeof *t);
    crowd_must(trace_kernel.result_bounds(params, &t->result_len, &t->result_len));
    struct buffer result = buffer_of(crowd_take(t->result_len), t->result_len);
    struct buffer report = buffer_of(c->report_room, KERNEL_REPORT_BYTES_MAX);
    crowd_must(
        trace_kernel.run(c->kernel, &(struct kernel_in){.params = params}, &result, &report));
    assert(result.len == t->result_len);
    t->result = result.at;
    t->report = crowd_take(report.len);
    t->report_len = report.len;
    memcpy(t->report, report.at, report.len);
    t->units = units_of(buffer_bytes(&report));
    return t;
}

// Checks draw other pixels each time: they are kept until the next one only.
const struct traced *kernel_trace(struct crowd *c, struct bytes params)
{
    struct digest name = hash_bytes(params);
    struct traced *t = map_get(c->traced, name.b);
    if (t != NULL)
        return t;
    t = traced_new(c, params);
    if (params.len <= PLAIN_BYTES && map_count(c->traced) < TRACED_MAX) {
        crowd_must(map_put(c->traced, name.b, t));
    } else {
        traced_free(c->passing);
        c->passing = t;
    }
    return t;
}

struct msg_submit kernel_frame(const struct crowd *c, uint32_t shape)
{
    static const uint32_t side[][2] = {{8, 6}, {16, 12}, {12, 20}, {24, 16}, {9, 7}, {20, 8}};
    const uint32_t *s = side[shape % ARRAY_COUNT(side)];
    struct msg_submit m = {.scene = c->scene_name,
                           .frame = shape,
                           .width = s[0],
                           .height = s[1],
                           .samples = 1 + shape % 2,
                           .depth_max = 2,
                           .tiles = 3 + shape % 4};
    m.camera = c->camera;
    return m;
}

bool kernel_is_right(struct crowd *c, uint32_t shape, struct join *join)
{
    struct msg_submit m = kernel_frame(c, shape);
    struct trace_params p = {.seed = trace_seed(&m.scene),
                             .frame = m.frame,
                             .width = m.width,
                             .height = m.height,
                             .w = m.width,
                             .h = m.height,
                             .sample_count = m.samples,
                             .depth_max = m.depth_max,
                             .cell = CELL,
                             .camera = m.camera};
    uint8_t room[512];
    struct buffer params = buffer_of(room, sizeof room);
    crowd_must(trace_params_encode(&p, &params));
    const struct traced *want = kernel_trace(c, buffer_bytes(&params));
    struct cursor left = {.left = bytes_of(want->result, want->result_len)};
    bool is_right = true;
    for (uint32_t i = 0; i < m.width * m.height; i++)
        for (uint32_t k = 0; k < TRACE_LAYERS * 3; k++)
            is_right =
                join_sum(join, i % m.width, i / m.width, k / 3, k % 3) == cursor_u32le(&left) &&
                is_right;
    assert(cursor_done(&left));
    return is_right;
}

// ---- Own compute

static void own_pump(struct crowd *c);

static void own_wake(void *self, uint64_t tag)
{
    (void)tag;
    struct crowd *c = self;
    c->own.timer = 0;
    helper_tick(c->own.machine, crowd_now(c));
    own_pump(c);
}

static void lane_drop(struct own_lane *l)
{
    free(l->result);
    free(l->report);
    l->result = NULL;
    l->report = NULL;
}

static void lane_done(void *self, uint64_t tag)
{
    (void)tag;
    struct own_lane *l = self;
    struct crowd *c = l->crowd;
    l->event = 0;
    if (l->is_load)
        helper_loaded(c->own.machine, l->index, l->outcome.rc, "");
    else
        helper_ran(c->own.machine, l->index, &l->outcome, crowd_now(c));
    lane_drop(l);
    own_pump(c);
}

static struct bytes copy_of(uint8_t **at, const void *from, size_t len)
{
    *at = crowd_take(len + 1);
    if (len > 0)
        memcpy(*at, from, len);
    return bytes_of(*at, len);
}

static void lane_run(struct own_lane *l, const char *kernel, struct bytes params)
{
    struct crowd *c = l->crowd;
    l->is_load = false;
    l->outcome = (struct helper_outcome){.rc = RC_OK, .text = ""};
    uint64_t us = ECHO_US;
    if (strcmp(kernel, "echo") == 0) {
        l->outcome.result = copy_of(&l->result, params.at, params.len);
    } else {
        const struct traced *t = kernel_trace(c, params);
        us = t->units * US_PER_S / OWN_UNITS_S + 1;
        l->outcome.result = copy_of(&l->result, t->result, t->result_len);
        l->outcome.report = copy_of(&l->report, t->report, t->report_len);
    }
    l->outcome.cpu_us = us;
    l->event = world_at(c->world, crowd_now(c) + us, lane_done, l, 2);
}

static void lane_load(struct own_lane *l, struct bytes object)
{
    bool is_scene = bytes_equal(object, buffer_bytes(&l->crowd->scene));
    l->is_load = true;
    l->outcome = (struct helper_outcome){.rc = is_scene ? RC_OK : RC_MALFORMED};
    l->event = world_at(l->crowd->world, crowd_now(l->crowd) + LOAD_US, lane_done, l, 1);
}

static void lane_kill(struct own_lane *l)
{
    l->outcome = (struct helper_outcome){.rc = RC_CLOSED, .text = "stopped"};
    (void)world_cancel(l->crowd->world, l->event);
    l->is_load = false;
    l->event = world_at(l->crowd->world, crowd_now(l->crowd), lane_done, l, 3);
}

static void own_pump(struct crowd *c)
{
    struct crowd_own *o = &c->own;
    struct helper_out out;
    struct helper_event event;
    bool is_closed = false;
    while (helper_next(o->machine, &out)) {
        if (out.kind == HELPER_SEND)
            wire_send(&o->peer, out.bytes);
        else if (out.kind == HELPER_CLOSE)
            is_closed = true;
        else if (out.kind == HELPER_LOAD)
            lane_load(&o->lane[out.lane], out.bytes);
        else if (out.kind == HELPER_KILL)
            lane_kill(&o->lane[out.lane]);
        else
            lane_run(&o->lane[out.lane], out.kernel, out.bytes);
    }
    while (helper_event(o->machine, &event))
        world_note(c->world, 100u + event.kind);
    (void)world_cancel(c->world, o->timer);
    uint64_t due = helper_due_us(o->machine);
    o->timer = due == UINT64_MAX ? 0 : world_at(c->world, due, own_wake, c, 0);
    if (!is_closed || o->peer.wire == NULL)
        return;
    wire_hang_up(&o->peer);
    own_loses(c);
}

void own_hears(struct crowd *c, struct bytes message)
{
    helper_input(c->own.machine, message, crowd_now(c));
    own_pump(c);
}

static void own_open(struct crowd *c)
{
    c->own.again = 0;
    helper_open(c->own.machine);
    bool is_open = wire_open(&c->own.peer);
    assert(is_open);
    (void)is_open;
    own_pump(c);
}

static void own_comes_back(void *self, uint64_t tag)
{
    (void)tag;
    own_open(self);
}

// Without its own compute a hub could verify nothing: it takes its seat again.
void own_loses(struct crowd *c)
{
    helper_closed(c->own.machine);
    own_pump(c);
    if (c->broker != NULL && !c->is_over && c->own.again == 0)
        c->own.again = world_at(c->world, crowd_now(c) + AGAIN_US, own_comes_back, c, 16);
}

void own_start(struct crowd *c)
{
    struct crowd_own *o = &c->own;
    o->peer = (struct peer){.crowd = c, .kind = PEER_OWN, .latency_us = OWN_LATENCY};
    o->budget = (struct budget){.limit_bytes = MEMORY_BYTES};
    o->arena = arena_new(MEMORY_BYTES);
    assert(o->arena != NULL);
    crowd_must(sim_kv_new(&o->kv, world_budget(c->world), STORE_BYTES + 65536));
    crowd_must(store_open(
        &o->store, o->arena,
        &(struct store_cfg){
            .kv = sim_kv_host(o->kv), .bytes_max = STORE_BYTES, .objects_max = 64, .seed = 1}));
    struct helper_cfg cfg = {
        .budget = &o->budget,
        .store = o->store,
        .client = {.role = MSG_ROLE_HELPER,
                   .key = o->key,
                   .ability = {.slots = OWN_LANES,
                               .cores = OWN_LANES,
                               .speed_count = 2,
                               .speed = {{"trace", OWN_UNITS_S}, {"echo", OWN_UNITS_S}}},
                   .entropy = sim_entropy_host(&c->entropy)}};
    crowd_must(helper_new(&o->machine, &cfg));
    for (uint32_t i = 0; i < OWN_LANES; i++)
        o->lane[i] = (struct own_lane){.crowd = c, .index = i};
    own_open(c);
}

void own_stop(struct crowd *c)
{
    struct crowd_own *o = &c->own;
    wire_hang_up(&o->peer);
    helper_free(o->machine);
    o->machine = NULL;
    for (uint32_t i = 0; i < OWN_LANES; i++) {
        (void)world_cancel(c->world, o->lane[i].event);
        lane_drop(&o->lane[i]);
    }
    (void)world_cancel(c->world, o->timer);
    (void)world_cancel(c->world, o->again);
    o->timer = o->again = 0;
    assert(o->budget.used_bytes == 0);
    arena_free(o->arena);
    sim_kv_free(o->kv);
}
