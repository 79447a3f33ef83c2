// SPDX-License-Identifier: MIT
// A helper as a stranger might build it, who means no good: for tests of whole programs.
//
// usage: bad_helper MODE --hub HOST[:PORT] --state DIR [--after N]
//
// The machine and the connection are the real ones; kernels run in this process, without walls,
// and what comes out is tampered with, from the N-th run on:
//
//     honest      changes nothing
//     failing     reports each run as crashed
//     forging-10  spoils 10 % of the pixels of each result, visibly, at random places
//     forging-1   the same with 1 %
//     silent      takes tasks, says that it lives, and never answers
//     flapping    hangs up after each third task taken, and is back 200 ms later
//     oversize    sends a pixel more than was asked for
//     replay      sends its last result again
//     liar        says that it is 1,000 times as fast as it is, and used no time
//
// One line per event on standard output. Ends with 3 when the hub refuses it, and says why; with 0
// on SIGTERM or SIGINT.
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/num.h"
#include "base/rng.h"
#include "base/text.h"
#include "compute/helper.h"
#include "kernel/kit.h"
#include "kernel/trace/trace.h"
#include "os/clock.h"
#include "os/entropy.h"
#include "os/loop.h"
#include "os/pool.h"
#include "prog/cmd.h"
#include "prog/helper/link.h"
#include "prog/helper/speed.h"
#include "prog/objects.h"
#include "prog/uplink.h"

#define EXIT_REFUSED     3
#define FLAP_US          200000u
#define FLAP_TASKS       3u
#define STORE_BYTES      ((uint64_t)1 << 30)
#define MEMORY_BYTES     ((size_t)2 << 30)
#define SLACK_BYTES      ((size_t)TRACE_PIXEL_BYTES)
#define RESULT_BYTES_MAX ((size_t)MSG_RESULT_BYTES_MAX)
#define LIE              1000u // times
#define SPOIL_RADIANCE   0.5   // added to each sample of a spoiled pixel: far from any noise

enum mode { HONEST, FAILING, FORGING_10, FORGING_1, SILENT, FLAPPING, OVERSIZE, REPLAY, LIAR };

static const char *const mode_name[] = {"honest",   "failing",  "forging-10", "forging-1", "silent",
                                        "flapping", "oversize", "replay",     "liar"};

// The one lane. The thread has it from pool_run to its end; then the loop.
struct lane {
    struct kit *kit;
    struct bytes object; // what is loaded; ours
    bool is_load;
    const struct kernel *kernel;
    struct bytes given[KERNEL_GIVEN_MAX]; // in given_room
    uint32_t given_count;
    struct buffer given_room;
    uint64_t task; // for people
    uint8_t params_room[KERNEL_PARAMS_BYTES_MAX];
    struct buffer params;
    struct buffer result;
    struct buffer report;
    struct buffer last; // the result before, as it was
    enum rc rc;
    uint64_t cpu_us;
};

struct side {
    enum mode mode;
    uint64_t after;
    struct arena *arena;
    struct budget budget;
    struct rng rng;
    char state[FILE_PATH_BYTES];
    struct uplink_options options;
    struct id id;
    struct objects store;
    struct loop *loop;
    struct pool *pool;
    struct helper *machine;
    struct helper_link link;
    struct lane *lane;
    uint64_t runs;
    uint64_t taken;
    int exit_code;
};

static bool is_bad_now(const struct side *s)
{
    return s->mode != HONEST && s->runs > s->after;
}

// ---- Kernels, in this process

static uint64_t cpu_now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); // cannot fail with this clock
    return (uint64_t)t.tv_sec * US_PER_S + (uint64_t)t.tv_nsec / 1000;
}

static void work(void *block) // on a thread
{
    struct lane *l = *(struct lane **)block;
    const uint64_t since_us = cpu_now_us();
    const struct kernel_in in = {buffer_bytes(&l->params), l->given, l->given_count};
    if (l->is_load)
        l->rc = kit_load(l->kit, l->object);
    else
        l->rc = kit_run(l->kit, bytes_text(l->kernel->name), &in, &l->result, &l->report);
    l->cpu_us = cpu_now_us() - since_us;
}

static bool lane_open(struct lane *l, struct arena *arena)
{
    if (kit_open(&l->kit, clock_ticks) != RC_OK)
        return false;
    l->params = buffer_of(l->params_room, sizeof l->params_room);
    l->result = buffer_of(arena_take(arena, RESULT_BYTES_MAX), RESULT_BYTES_MAX - SLACK_BYTES);
    l->last = buffer_of(arena_take(arena, RESULT_BYTES_MAX), RESULT_BYTES_MAX);
    l->report = buffer_of(arena_take(arena, KERNEL_REPORT_BYTES_MAX), KERNEL_REPORT_BYTES_MAX);
    l->given_room = buffer_of(arena_take(arena, RESULT_BYTES_MAX), RESULT_BYTES_MAX);
    return l->given_room.at != NULL && l->result.at != NULL && l->last.at != NULL &&
           l->report.at != NULL;
}

static void lane_close(struct lane *l)
{
    kit_close(l->kit);
}

// Cost units a second, as an honest helper measures them; 0: not to be had.
static uint64_t measure(struct lane *l)
{
    struct budget budget = {.limit_bytes = SPEED_BUDGET_BYTES};
    struct buffer scene = {0};
    struct err err;
    uint64_t units_s = 0;
    l->kernel = &trace_kernel;
    if (speed_scene(&budget, &scene, &err) == RC_OK &&
        speed_params(buffer_bytes(&scene), &l->params) == RC_OK) {
        l->object = buffer_bytes(&scene);
        l->is_load = true;
        work(&l);
        l->is_load = false;
        if (l->rc == RC_OK)
            work(&l);
        if (l->rc == RC_OK)
            units_s = speed_units_s(buffer_bytes(&l->report), l->cpu_us);
    }
    l->object = bytes_of(NULL, 0);
    if (kit_load(l->kit, l->object) == RC_OK) // lets go of the scene
        units_s = 0;                          // and cannot be an object
    budget_give(&budget, scene.at);
    return units_s;
}

// ---- What it does to results

static void spoil_pixel(uint8_t *pixel, uint32_t samples)
{
    const struct bytes sums = bytes_of(pixel, TRACE_PIXEL_BYTES);
    struct cursor c = {.left = sums};
    uint32_t sum[TRACE_LAYERS * 3];
    for (size_t i = 0; i < ARRAY_COUNT(sum); i++)
        sum[i] = cursor_u32le(&c);
    const uint32_t more = (uint32_t)(SPOIL_RADIANCE * TRACE_UNIT * samples);
    struct buffer out = buffer_of(pixel, TRACE_PIXEL_BYTES);
    for (size_t i = 0; i < ARRAY_COUNT(sum); i++) // the direct layer: brighter, or at its limit
        buffer_u32le(&out, i < 3 && sum[i] < UINT32_MAX - more ? sum[i] + more : sum[i]);
}

// This many of one hundred pixels, at least one, each equally likely; of another kernel's result
// as many bytes.
static void forge(struct side *s, unsigned percent)
{
    static struct trace_params params; // large
    struct lane *l = s->lane;
    const bool is_trace = l->kernel == &trace_kernel &&
                          trace_params_decode(&params, buffer_bytes(&l->params)) == RC_OK;
    const size_t each = is_trace ? TRACE_PIXEL_BYTES : 1;
    const size_t all = l->result.len / each;
    size_t wanted = (size_t)num_max((uint64_t)all * percent / 100, all > 0);
    const size_t spoiled = wanted;
    for (size_t i = 0; i < all && wanted > 0; i++) {
        if (rng_below(&s->rng, all - i) >= wanted)
            continue;
        if (is_trace)
            spoil_pixel(l->result.at + i * each, params.sample_count);
        else
            l->result.at[i] ^= 0x55;
        wanted--;
    }
    printf("task %" PRIu64 " spoiled %zu of %zu %s\n", l->task, spoiled, all,
           is_trace ? "pixels" : "bytes");
}

// The last result in the place of this one, which is kept for the next time.
static void replay(struct side *s)
{
    struct lane *l = s->lane;
    const struct buffer fresh = l->result;
    const bool has_last = l->last.len > 0;
    if (has_last)
        printf("task %" PRIu64 " answered with the %zu bytes of the task before\n", l->task,
               l->last.len);
    l->result.at = l->last.at;
    l->result.len = l->last.len;
    l->last.at = fresh.at;
    l->last.len = fresh.len;
    if (!has_last) { // the first: nothing to repeat yet
        memcpy(l->result.at, fresh.at, fresh.len);
        l->result.len = fresh.len;
    }
}

static void tamper(struct side *s, struct helper_outcome *o)
{
    struct lane *l = s->lane;
    if (s->mode == FORGING_10)
        forge(s, 10);
    else if (s->mode == FORGING_1)
        forge(s, 1);
    else if (s->mode == REPLAY)
        replay(s);
    else if (s->mode == LIAR)
        o->cpu_us = 0;
    if (s->mode == OVERSIZE) {
        memset(l->result.at + l->result.len, 0, SLACK_BYTES);
        l->result.len += SLACK_BYTES;
        printf("task %" PRIu64 " made %zu bytes longer\n", l->task, SLACK_BYTES);
    }
    o->result = buffer_bytes(&l->result);
}

static void done(void *self, void *block)
{
    struct side *s = self;
    struct lane *l = s->lane;
    (void)block; // l
    if (l->is_load) {
        helper_loaded(s->machine, 0, l->rc, rc_text(l->rc));
        return;
    }
    struct helper_outcome o = {.rc = l->rc,
                               .text = rc_text(l->rc),
                               .result = buffer_bytes(&l->result),
                               .report = buffer_bytes(&l->report),
                               .cpu_us = l->cpu_us};
    if (l->rc == RC_OK && is_bad_now(s))
        tamper(s, &o);
    helper_ran(s->machine, 0, &o, loop_now_us(s->loop));
}

// ---- What the machine wishes

static void start_work(struct side *s)
{
    struct lane *l = s->lane;
    const struct pool_job job = {
        .work = work, .done = done, .self = s, .block = &l, .block_bytes = sizeof(struct lane *)};
    const enum rc rc = pool_run(s->pool, &job);
    assert(rc == RC_OK); // one lane, one job
}

static void forget_object(struct side *s)
{
    void *old = NULL; // ours, and const only for the kernel
    memcpy(&old, &s->lane->object.at, sizeof old);
    budget_give(&s->budget, old);
    s->lane->object = bytes_of(NULL, 0);
}

static void do_load(struct side *s, struct bytes object)
{
    struct lane *l = s->lane;
    forget_object(s);
    uint8_t *copy = budget_take(&s->budget, object.len);
    if (copy == NULL) {
        helper_loaded(s->machine, 0, RC_NOMEM, "out of memory");
        return;
    }
    memcpy(copy, object.at, object.len);
    l->object = bytes_of(copy, object.len);
    l->is_load = true;
    start_work(s);
}

static void crash(struct side *s)
{
    const struct helper_outcome o = {.rc = RC_CRASHED, .text = "the worker died of signal 11"};
    helper_ran(s->machine, 0, &o, loop_now_us(s->loop));
}

static void do_run(struct side *s, const struct helper_out *out)
{
    struct lane *l = s->lane;
    s->runs++;
    if (is_bad_now(s) && s->mode == FAILING) {
        crash(s);
        return;
    }
    if (is_bad_now(s) && s->mode == SILENT)
        return;
    l->kernel = kernel_find(bytes_text(out->kernel));
    l->given_room.len = 0;
    l->given_count = out->given_count;
    for (uint32_t i = 0; i < out->given_count; i++) {
        const size_t from = l->given_room.len;
        buffer_put(&l->given_room, out->given[i]);
        l->given[i] = bytes_of(l->given_room.at + from, l->given_room.len - from);
    }
    l->is_load = false;
    l->params.len = 0;
    l->result.len = 0;
    l->report.len = 0;
    l->result.is_full = l->report.is_full = false;
    buffer_put(&l->params, out->bytes);
    start_work(s);
}

static void on_wish(void *self, const struct helper_out *out)
{
    struct side *s = self;
    if (out->kind == HELPER_LOAD)
        do_load(s, out->bytes);
    else if (out->kind == HELPER_RUN)
        do_run(s, out);
    else if (s->mode == SILENT && is_bad_now(s))
        crash(s); // nothing runs: the lane is free for the next one
    // Else a run that nobody waits for any more goes on to its end, unheard.
}

// ---- Events and the connection

static void took(struct side *s, const struct helper_event *e)
{
    s->taken++;
    s->lane->task = e->task;
    printf("task %" PRIu64 " taken, %s\n", e->task, e->kernel);
    if (s->mode != FLAPPING || s->taken <= s->after || s->taken % FLAP_TASKS != 0)
        return;
    printf("hung up after task %" PRIu64 "\n", s->taken);
    helper_link_hang_up(&s->link, FLAP_US);
}

static void on_event(void *self, const struct helper_event *e)
{
    struct side *s = self;
    switch (e->kind) {
    case HELPER_EVENT_IN:
        printf("in at %s\n", helper_link_hub(&s->link));
        break;
    case HELPER_EVENT_OUT:
        printf("refused: %s\n", e->text);
        s->exit_code = EXIT_REFUSED;
        break;
    case HELPER_EVENT_TASK:
        took(s, e);
        break;
    case HELPER_EVENT_RAN:
        printf("task %" PRIu64 " answered after %" PRIu64 " ms\n", e->task, e->wall_us / US_PER_MS);
        break;
    case HELPER_EVENT_FAILED:
        printf("task %" PRIu64 " failed: %s\n", e->task, e->text);
        break;
    case HELPER_EVENT_VERDICT:
        printf("task %" PRIu64 " judged %s%s%s\n", e->task, e->is_right ? "right" : "wrong",
               e->text[0] != 0 ? ": " : "", e->text);
        break;
    }
}

static void on_gone(void *self, const char *reason, uint64_t again_us)
{
    struct side *s = self;
    printf("closed: %s\n", reason);
    if (again_us == 0)
        loop_stop(s->loop);
}

static void on_signal(void *self, int number)
{
    (void)number;
    struct side *s = self;
    loop_stop(s->loop);
}

// ---- Start and end

static bool read_words(struct side *s, int argc, char **argv)
{
    const char *state = NULL;
    size_t mode = 0;
    while (argc > 1 && mode < ARRAY_COUNT(mode_name) && strcmp(argv[1], mode_name[mode]) != 0)
        mode++;
    if (argc < 2 || mode == ARRAY_COUNT(mode_name) || argc % 2 != 0)
        return false;
    s->mode = (enum mode)mode;
    for (int i = 2; i < argc; i += 2) {
        char *end = NULL;
        if (strcmp(argv[i], "--hub") == 0)
            s->options.hub = argv[i + 1];
        else if (strcmp(argv[i], "--state") == 0)
            state = argv[i + 1];
        else if (strcmp(argv[i], "--after") == 0)
            s->after = strtoull(argv[i + 1], &end, 10);
        else
            return false;
        if (end != NULL && *end != 0)
            return false;
    }
    if (s->options.hub == NULL || state == NULL || strlen(state) >= sizeof s->state)
        return false;
    bytes_to_text(bytes_text(state), s->state, sizeof s->state);
    return true;
}

static enum rc make_machine(struct side *s, struct err *err)
{
    const uint64_t units_s = measure(s->lane);
    if (units_s == 0)
        return err_set(err, RC_UNSUPPORTED, "cannot run the kernel");
    struct helper_cfg cfg = {.budget = &s->budget, .store = s->store.store};
    struct client_cfg *c = &cfg.client;
    *c = (struct client_cfg){.role = MSG_ROLE_HELPER, .key = s->id.key, .entropy = entropy_os()};
    c->ability = (struct msg_ability){
        .slots = 1, .cores = 1, .memory_bytes = 1 << 30, .cpu = "a stranger's", .cage = "none"};
    (void)snprintf(c->name, sizeof c->name, "bad-%s", mode_name[s->mode]);
    c->ability.speed_count = speed_of_all(c->ability.speed, units_s);
    for (size_t i = 0; s->mode == LIAR && i < c->ability.speed_count; i++)
        c->ability.speed[i].units_s *= LIE;
    printf("%s, %" PRIu64 " cost units/s\n", mode_name[s->mode], units_s);
    const enum rc rc = helper_new(&s->machine, &cfg);
    return rc == RC_OK ? rc : err_set(err, rc, "cannot make a helper");
}

static enum rc open_loop(struct side *s, struct err *err)
{
    enum rc rc = loop_new(&s->loop, err);
    if (rc != RC_OK)
        return rc;
    if (pool_new(&s->pool, s->loop, 1) != RC_OK || loop_on_signal(s->loop, on_signal, s) != RC_OK)
        return err_set(err, RC_NOMEM, "cannot start the event loop");
    return RC_OK;
}

static enum rc open_all(struct side *s, struct err *err)
{
    char path[FILE_PATH_BYTES];
    s->lane = arena_take(s->arena, sizeof *s->lane);
    if (s->lane == NULL || !lane_open(s->lane, s->arena))
        return err_set(err, RC_NOMEM, "cannot open the kernels");
    enum rc rc = file_make_folder(s->state, err);
    if (rc == RC_OK)
        rc = cmd_identity(&s->id, s->state, err);
    if (rc == RC_OK)
        rc = cmd_path(path, s->state, "store", err);
    if (rc == RC_OK)
        rc = objects_open(&s->store, s->arena,
                          &(struct objects_cfg){.path = path, .bytes_max = STORE_BYTES}, err);
    if (rc == RC_OK)
        rc = open_loop(s, err);
    if (rc == RC_OK)
        rc = make_machine(s, err);
    if (rc != RC_OK)
        return rc;
    const struct helper_link_cfg cfg = {.loop = s->loop,
                                        .uplink = &s->options,
                                        .state = s->state,
                                        .machine = s->machine,
                                        .self = s,
                                        .on_wish = on_wish,
                                        .on_event = on_event,
                                        .on_gone = on_gone};
    return helper_link_open(&s->link, &cfg, err);
}

static void close_all(struct side *s)
{
    helper_link_close(&s->link);
    pool_free(s->pool);
    loop_free(s->loop); // waits for a run
    helper_free(s->machine);
    if (s->lane != NULL) {
        lane_close(s->lane);
        forget_object(s);
    }
    objects_close(&s->store);
    id_end(&s->id);
    arena_free(s->arena);
}

int main(int argc, char **argv)
{
    static struct side s;
    struct err err = {.text = "out of memory"};
    s = (struct side){.arena = arena_new(MEMORY_BYTES), .budget = {.limit_bytes = MEMORY_BYTES}};
    if (!read_words(&s, argc, argv)) {
        fprintf(stderr, "usage: bad_helper MODE --hub HOST[:PORT] --state DIR [--after N]\n");
        arena_free(s.arena);
        return EXIT_USAGE;
    }
    const struct entropy entropy = entropy_os();
    s.rng = rng_seeded(entropy_u64(&entropy));
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (s.arena == NULL || open_all(&s, &err) != RC_OK)
        s.exit_code = cmd_fail(&err);
    else
        loop_run(s.loop);
    close_all(&s);
    return s.exit_code;
}
