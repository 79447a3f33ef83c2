// SPDX-License-Identifier: MIT
// A hub among ten thousand: the world, its faults by dice, and how it ends.
#include "crowd_sim.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/num.h"
#include "base/text.h"
#include "crowd_state.h"

#define TABLES_BYTES ((size_t)512 << 20)
#define DISK_BYTES   ((uint64_t)256 << 20)
#define COPIES_MAX   (1u << 20)
#define CONNS_MAX    (1u << 16)
#define SETTLE_US    600000000u // after the last word all jobs have ended by then
#define STEP_US      1000000u
#define TOLD_US      40000000u // who is barred has come again by then, and heard why

void *crowd_take(size_t len) // calloc: a test's own
{
    void *at = calloc(1, len > 0 ? len : 1);
    assert(at != NULL);
    return at;
}

void crowd_must(enum rc rc)
{
    assert(rc == RC_OK);
    (void)rc;
}

struct sign_key *crowd_key(struct rng *dice)
{
    uint8_t seed[SIGN_SEED_BYTES];
    for (size_t i = 0; i < sizeof seed; i++)
        seed[i] = (uint8_t)rng_below(dice, 256);
    struct sign_key *key;
    crowd_must(sign_key_new(&key, seed));
    return key;
}

void peer_hears(struct peer *p, struct bytes message)
{
    switch (p->kind) {
    case PEER_OWN:
        own_hears(p->crowd, message);
        break;
    case PEER_HELPER:
        helper_hears(p, message);
        break;
    case PEER_GAMER:
        gamer_hears(p, message);
        break;
    case PEER_TEXT_GAMER:
        text_gamer_hears(p, message);
        break;
    }
}

void peer_loses(struct peer *p)
{
    switch (p->kind) {
    case PEER_OWN:
        own_loses(p->crowd);
        break;
    case PEER_HELPER:
        helper_loses(p);
        break;
    case PEER_GAMER:
        gamer_loses(p);
        break;
    case PEER_TEXT_GAMER:
        text_gamer_loses(p);
        break;
    }
}

// ---- Jobs

struct job_by {
    uint64_t kind, gamer, number;
};

static struct job_by key_of(const struct peer *gamer, uint64_t number)
{
    return (struct job_by){gamer->kind, gamer->index, number};
}

struct crowd_job *job_add(struct crowd *c, struct peer *gamer, uint64_t number)
{
    assert(c->job_count < JOBS_MAX);
    struct crowd_job *j = &c->job[c->job_count++];
    *j = (struct crowd_job){.gamer = gamer, .number = number, .submitted_us = crowd_now(c)};
    struct job_by key = key_of(gamer, number);
    assert(map_get(c->job_by_key, &key) == NULL);
    crowd_must(map_put(c->job_by_key, &key, j));
    c->jobs_open++;
    c->report.jobs++;
    return j;
}

struct crowd_job *job_get(struct crowd *c, const struct peer *gamer, uint64_t number)
{
    struct job_by key = key_of(gamer, number);
    return map_get(c->job_by_key, &key);
}

uint64_t job_seed(struct crowd *c, struct rng *dice)
{
    bool is_popular = !c->cfg.is_calm && rng_below(dice, 10) == 0;
    return is_popular ? rng_below(dice, ECHO_POPULAR) : rng_u64(dice) | ECHO_POPULAR;
}

struct bytes job_params(const struct crowd_job *j, uint8_t room[static ECHO_BYTES_MAX])
{
    if (j->gamer->is_text) {
        struct text t = text_of((char *)room, ECHO_BYTES_MAX);
        text_addf(&t, "{\"type\":\"echo\",\"n\":[\"%llx\",{}]}", (unsigned long long)j->seed);
        return bytes_of(room, t.len);
    }
    size_t len = 8 + j->seed % (ECHO_BYTES_MAX - 8);
    struct rng r = rng_seeded(j->seed);
    for (size_t i = 0; i < len; i++)
        room[i] = (uint8_t)rng_below(&r, 256);
    return bytes_of(room, len);
}

void job_close(struct crowd *c, struct crowd_job *j, enum crowd_job_state state)
{
    assert(j->state == JOB_IS_OPEN && state != JOB_IS_OPEN); // each ends exactly once
    j->state = state;
    assert(c->jobs_open > 0);
    c->jobs_open--;
    c->report.runs += state == JOB_IS_DONE && !j->is_frame;
    c->report.frames += state == JOB_IS_DONE && j->is_frame;
    c->report.failed += state == JOB_HAS_FAILED;
    c->report.withdrawn += state == JOB_IS_WITHDRAWN;
    c->report.abandoned += state == JOB_IS_LEFT;
}

// ---- The world

static void start(struct crowd *c)
{
    c->world = world_new(c->cfg.seed);
    c->tables = arena_new(TABLES_BYTES);
    assert(c->world != NULL && c->tables != NULL);
    c->dice = world_rng(c->world, "crowd");
    c->budget = (struct budget){.limit_bytes = c->cfg.hub_bytes};
    c->entropy = sim_entropy_of(c->world, "hub");
    c->key = crowd_key(&c->dice);
    c->rows = rows_new();
    list_init(&c->wires);
    c->conns = map_new(c->tables, sizeof(uint64_t), CONNS_MAX, 1);
    c->copies = map_new(c->tables, 3 * sizeof(uint64_t), COPIES_MAX, 2);
    c->job_by_key = map_new(c->tables, sizeof(struct job_by), JOBS_MAX, 3);
    c->helper_by_node = map_new(c->tables, DIGEST_BYTES, CROWD_HELPERS_MAX, 4);
    c->job = arena_take_array(c->tables, JOBS_MAX, sizeof *c->job);
    assert(c->conns != NULL && c->copies != NULL && c->job_by_key != NULL &&
           c->helper_by_node != NULL && c->job != NULL);
    crowd_must(sim_kv_new(&c->kv, world_budget(c->world), DISK_BYTES));
    crowd_must(sim_kv_new(&c->results_kv, world_budget(c->world), DISK_BYTES));
    kernel_start(c);
    helpers_start(c);
    hub_start(c);
    gamers_start(c);
    text_gamers_start(c);
}

static void on_crash(void *self, uint64_t tag)
{
    (void)tag;
    struct crowd *c = self;
    if (c->broker != NULL && !c->is_resting)
        hub_crash(c);
}

static void run(struct crowd *c, uint64_t until_us)
{
    while (world_next_us(c->world) <= until_us && world_step(c->world))
        c->report.events++;
    c->report.events += world_run_until(c->world, until_us); // none are left; time is
}

// Whatever happened, each job ends for its gamer.
static void settle(struct crowd *c)
{
    uint64_t limit_us = crowd_now(c) + SETTLE_US;
    c->is_resting = true;
    gamers_rest(c);
    text_gamers_rest(c);
    run(c, crowd_now(c) + TOLD_US);
    while (c->jobs_open > 0 && crowd_now(c) < limit_us)
        run(c, crowd_now(c) + STEP_US);
    if (c->jobs_open > 0)
        printf("%u jobs have not ended\n", c->jobs_open);
    assert(c->jobs_open == 0); // none lost
    limit_us = crowd_now(c) + BROKER_LINGER_US + STEP_US;
    while (broker_stat(c->broker).frames + broker_stat(c->broker).runs > 0) {
        assert(crowd_now(c) < limit_us); // nor worked on for nobody
        run(c, crowd_now(c) + STEP_US);
    }
}

static void part(struct crowd *c)
{
    c->is_over = true;
    helpers_leave(c);
    gamers_leave(c);
    text_gamers_leave(c);
    run(c, crowd_now(c) + BROKER_LINGER_US + 60 * STEP_US);
    struct broker_stat s = broker_stat(c->broker);
    assert(s.gamers == 0 && s.gamers_away == 0 && s.helpers == 0);
    assert(s.frames == 0 && s.runs == 0 && s.tasks_waiting == 0 && s.tasks_held == 0);
    hub_stop(c);
    run(c, crowd_now(c) + 60 * STEP_US);
    assert(list_is_empty(&c->wires));
}

static void served(struct crowd *c)
{
    uint64_t *count = crowd_take(CROWD_GAMERS_MAX * sizeof *count);
    for (uint32_t i = 0; i < c->job_count; i++)
        if (c->job[i].gamer->kind == PEER_GAMER && c->job[i].state == JOB_IS_DONE)
            count[c->job[i].gamer->index]++;
    c->report.served_min = UINT64_MAX;
    for (uint32_t i = 0; i < c->cfg.gamers; i++) {
        c->report.served_min = num_min(c->report.served_min, count[i]);
        c->report.served_max = num_max(c->report.served_max, count[i]);
    }
    free(count);
}

static void stop(struct crowd *c)
{
    helpers_stop(c);
    gamers_stop(c);
    text_gamers_stop(c);
    kernel_stop(c);
    rows_free(c->rows);
    sign_key_free(c->key);
    sim_kv_free(c->kv);
    sim_kv_free(c->results_kv);
    c->report.hash = world_hash(c->world);
    c->report.world_us = world_now_us(c->world);
    world_free(c->world);
    arena_free(c->tables);
}

static uint64_t clock_us(void)
{
    struct timespec t;
    (void)timespec_get(&t, TIME_UTC); // for show
    return (uint64_t)t.tv_sec * US_PER_S + (uint64_t)t.tv_nsec / 1000;
}

void crowd_run(const struct crowd_cfg *cfg, struct crowd_report *out)
{
    assert(cfg->helpers <= CROWD_HELPERS_MAX && cfg->gamers <= CROWD_GAMERS_MAX);
    assert(cfg->text_gamers <= CROWD_GAMERS_MAX && cfg->check_every > 0);
    uint64_t started_us = clock_us();
    struct crowd *c = crowd_take(sizeof *c);
    c->cfg = *cfg;
    start(c);
    uint64_t share_us = cfg->work_us / (cfg->crashes + 1);
    for (uint32_t i = 0; i < cfg->crashes; i++)
        (void)world_at(c->world,
                       crowd_now(c) + (i + 1) * share_us - rng_below(&c->dice, share_us / 2),
                       on_crash, c, 4);
    run(c, crowd_now(c) + cfg->work_us);
    served(c);
    settle(c);
    part(c);
    stop(c);
    *out = c->report;
    out->wall_us = clock_us() - started_us;
    free(c);
}

static void print_u64(const char *name, uint64_t v)
{
    printf("  %s %llu", name, (unsigned long long)v);
}

void crowd_print(const struct crowd_cfg *cfg, const struct crowd_report *r)
{
    printf("seed %llu: %u helpers, %u+%u gamers, hash %016llx\n", (unsigned long long)cfg->seed,
           cfg->helpers, cfg->gamers, cfg->text_gamers, (unsigned long long)r->hash);
    print_u64("virtual ms", r->world_us / US_PER_MS);
    print_u64("wall ms", r->wall_us / US_PER_MS);
    print_u64("events", r->events);
    print_u64("messages", r->messages);
    print_u64("connections", r->connects);
    print_u64("full checks", r->checks);
    printf("\n");
    print_u64("jobs", r->jobs);
    print_u64("runs", r->runs);
    print_u64("frames", r->frames);
    print_u64("failed", r->failed);
    print_u64("withdrawn", r->withdrawn);
    print_u64("left", r->abandoned);
    print_u64("cached", r->cached);
    print_u64("copies", r->copies);
    print_u64("retries", r->retries);
    printf("\n");
    print_u64("forged", r->forged);
    print_u64("found", r->forged_found);
    print_u64("accepted", r->forged_accepted);
    print_u64("unbound", r->unbound);
    print_u64("barred", r->barred);
    print_u64("honest barred", r->barred_honest);
    print_u64("told why", r->told_why);
    printf("\n");
    print_u64("crashes", r->crashes);
    print_u64("restored", r->restored);
    print_u64("resumed", r->resumed);
    print_u64("served min", r->served_min);
    print_u64("max", r->served_max);
    print_u64("peak KiB", r->peak_bytes / 1024);
    if (cfg->is_timed)
        print_u64("hub's own ms", r->hub_us / US_PER_MS);
    printf("\n");
    (void)fflush(stdout);
}
