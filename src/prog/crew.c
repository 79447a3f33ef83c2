// SPDX-License-Identifier: MIT
// The sandboxed workers under one helper machine: does what the machine wishes, tells what came.
#include "prog/crew.h"

#include <assert.h>
#include <string.h>

#include "crypt/hash.h"
#include "os/clock.h"
#include "os/worker.h"
#include "prog/cell_code.h"
#include "prog/helper/speed.h"

#define BENCH_US 20000000u // more, and this machine is of no use to anybody

struct lane {
    struct crew *crew;
    uint32_t index;
    struct worker *worker;
    bool is_load; // what the worker was last asked for
};

struct crew {
    struct crew_cfg cfg;
    struct helper *machine; // NULL while it measures
    struct budget budget;
    struct buffer scene; // of the benchmark
    struct lane *lane;
    struct msg_speed speed[MSG_KERNELS_MAX];
};

static void fail(struct crew *c, const char *why)
{
    c->cfg.on_failed(c->cfg.self, why);
}

static enum rc run_on(struct lane *l, const char *kernel, const struct kernel_in *in,
                      uint64_t budget_us)
{
    size_t cap = cell_code_request_bytes(in);
    uint8_t *at = budget_take(&l->crew->budget, cap);
    struct buffer request = buffer_of(at, cap);
    l->is_load = false;
    if (at == NULL)
        return RC_NOMEM;
    enum rc rc = cell_code_request(kernel, in, &request);
    if (rc == RC_OK)
        rc = worker_run(l->worker, buffer_bytes(&request), budget_us);
    budget_give(&l->crew->budget, at);
    return rc;
}

static void measure(struct crew *c)
{
    uint8_t room[SPEED_PARAMS_BYTES];
    struct buffer params = buffer_of(room, sizeof room);
    if (speed_params(buffer_bytes(&c->scene), &params) != RC_OK ||
        run_on(&c->lane[0], trace_kernel.name, &(struct kernel_in){.params = buffer_bytes(&params)},
               BENCH_US) != RC_OK)
        fail(c, "the benchmark could not be started");
}

static void measured(struct crew *c, const struct worker_done *done)
{
    const uint64_t units_s = done->rc == RC_OK ? speed_units_s(done->report, done->cpu_us) : 0;
    if (units_s == 0) {
        fail(c, done->rc != RC_OK ? done->text : "the benchmark measured nothing");
        return;
    }
    budget_give(&c->budget, c->scene.at);
    c->scene.at = NULL;
    const uint32_t count = speed_of_all(c->speed, units_s);
    c->cfg.on_ready(c->cfg.self, c->speed, count);
}

static void on_done(void *self, const struct worker_done *done)
{
    struct lane *l = self;
    struct crew *c = l->crew;
    if (c->machine == NULL && l->is_load && done->rc == RC_OK) {
        measure(c);
    } else if (c->machine == NULL && l->is_load) {
        fail(c, done->text);
    } else if (c->machine == NULL) {
        measured(c, done);
    } else if (l->is_load) {
        helper_loaded(c->machine, l->index, done->rc, done->text);
    } else {
        struct helper_outcome o = {.rc = done->rc,
                                   .text = done->text,
                                   .result = done->result,
                                   .report = done->report,
                                   .cpu_us = done->cpu_us};
        helper_ran(c->machine, l->index, &o, clock_now_us());
    }
}

static void on_dead(void *self, enum rc why, const char *text)
{
    struct lane *l = self;
    if (l->crew->machine != NULL)
        helper_renewed(l->crew->machine, l->index);
    if (why == RC_CLOSED || why == RC_UNSUPPORTED)
        fail(l->crew, text);
}

static enum rc hire(struct crew *c, struct lane *l)
{
    struct worker_cfg cfg = {.arena = c->cfg.arena,
                             .nursery = c->cfg.nursery,
                             .loop = c->cfg.loop,
                             .limits = WORKER_LIMITS,
                             .handlers = {.self = l, .on_done = on_done, .on_dead = on_dead}};
    cfg.limits.request_bytes = CELL_REQUEST_BYTES_MAX;
    cfg.limits.memory_bytes = c->cfg.memory_bytes;
    return worker_new(&l->worker, &cfg);
}

enum rc crew_new(struct crew **out, const struct crew_cfg *cfg, struct err *err)
{
    assert(cfg->lanes >= 1 && cfg->lanes <= NURSERY_WORKERS_MAX);
    *out = NULL;
    struct crew *c = arena_take(cfg->arena, sizeof *c);
    struct lane *lane = arena_take_array(cfg->arena, cfg->lanes, sizeof *lane);
    if (c == NULL || lane == NULL)
        return err_set(err, RC_NOMEM, "out of memory for workers");
    c->cfg = *cfg;
    c->lane = lane;
    c->budget = (struct budget){.limit_bytes = SPEED_BUDGET_BYTES};
    enum rc rc = speed_scene(&c->budget, &c->scene, err);
    for (uint32_t i = 0; rc == RC_OK && i < cfg->lanes; i++) {
        lane[i] = (struct lane){.crew = c, .index = i};
        rc = hire(c, &lane[i]);
        if (rc != RC_OK)
            (void)err_set(err, rc, "cannot start a worker: %s", rc_text(rc));
    }
    if (rc == RC_OK) {
        lane[0].is_load = true;
        rc = worker_load(lane[0].worker, buffer_bytes(&c->scene), BENCH_US);
        if (rc != RC_OK)
            (void)err_set(err, rc, "cannot start the benchmark: %s", rc_text(rc));
    }
    if (rc == RC_OK)
        *out = c;
    else
        crew_free(c);
    return rc;
}

void crew_free(struct crew *c)
{
    if (c == NULL)
        return;
    for (uint32_t i = 0; i < c->cfg.lanes; i++)
        worker_close(c->lane[i].worker);
    budget_give(&c->budget, c->scene.at);
    c->scene.at = NULL;
}

void crew_attach(struct crew *c, struct helper *machine)
{
    assert(c->machine == NULL);
    c->machine = machine;
}

void crew_do(struct crew *c, const struct helper_out *out)
{
    assert(out->lane < c->cfg.lanes);
    assert(c->machine != NULL); // it is measured first
    struct lane *l = &c->lane[out->lane];
    if (out->kind == HELPER_KILL) {
        worker_renew(l->worker);
        return;
    }
    const struct kernel_in in = {out->bytes, out->given, out->given_count};
    l->is_load = out->kind == HELPER_LOAD;
    enum rc rc = l->is_load ? worker_load(l->worker, out->bytes, out->budget_us)
                            : run_on(l, out->kernel, &in, out->budget_us);
    if (rc == RC_OK)
        return;
    // RC_AGAIN: its process is just being replaced. Rare enough to let another helper do it.
    if (l->is_load)
        helper_loaded(c->machine, l->index, rc, rc_text(rc));
    else
        helper_ran(c->machine, l->index, &(struct helper_outcome){.rc = rc, .text = rc_text(rc)},
                   clock_now_us());
}

uint32_t crew_walls(const struct crew *c)
{
    return worker_walls(c->lane[0].worker);
}

const char *crew_cage(const struct crew *c)
{
    switch (cage_level(crew_walls(c))) {
    case CAGE_LEVEL_SPACES:
        return "filter and namespaces";
    case CAGE_LEVEL_FILTER:
        return "filter";
    case CAGE_LEVEL_NONE:
        break;
    }
    return "none";
}
