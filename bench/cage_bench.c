// SPDX-License-Identifier: MIT
// What the cage costs: a warm call, a cold start, and a task of 5 ms against the bare function.
//
// usage: cage_bench. Prints one line per figure, with and without namespaces.
#include "os/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#define WARM_CALLS  20000
#define COLD_STARTS 200
#define TASKS       201
#define TASK_US     5000
#define BUDGET_US   10000000u

static uint64_t spin(uint64_t rounds)
{
    uint64_t x = rounds | 1;
    for (uint64_t i = 0; i < rounds; i++)
        x = x * 6364136223846793005u + 1442695040888963407u;
    volatile uint64_t sink = x; // or the compiler drops the loop where nobody looks
    return sink;
}

static enum rc setup(void **state)
{
    (void)state;
    return RC_OK;
}

static enum rc load(void *state, struct bytes object)
{
    (void)state;
    (void)object;
    return RC_OK;
}

static enum rc run(void *state, struct bytes request, struct buffer *result, struct buffer *report)
{
    struct cursor c = {.left = request};
    (void)state;
    (void)report;
    buffer_u64(result, spin(cursor_u64(&c)));
    return RC_OK;
}

static const struct worker_code code = {.name = "spin", .setup = setup, .load = load, .run = run};

struct bench {
    struct arena *arena;
    struct nursery *nursery;
    struct loop *loop;
    struct worker *worker;
    bool is_done;
    uint64_t cpu_us;
};

static void on_done(void *self, const struct worker_done *done)
{
    struct bench *b = self;
    b->is_done = true;
    b->cpu_us = done->cpu_us;
    if (done->rc != RC_OK) {
        (void)fprintf(stderr, "%s\n", done->text);
        exit(EXIT_FAILURE);
    }
}

static void on_dead(void *self, enum rc why, const char *text)
{
    (void)self;
    (void)fprintf(stderr, "%s: %s\n", rc_text(why), text);
    exit(EXIT_FAILURE);
}

static void must(enum rc rc, const char *what)
{
    if (rc == RC_OK)
        return;
    (void)fprintf(stderr, "%s: %s\n", what, rc_text(rc));
    exit(EXIT_FAILURE);
}

static void open_worker(struct bench *b)
{
    const struct worker_cfg cfg = {.arena = b->arena,
                                   .nursery = b->nursery,
                                   .loop = b->loop,
                                   .limits = WORKER_LIMITS,
                                   .handlers = {b, on_done, on_dead}};
    must(worker_new(&b->worker, &cfg), "worker");
}

static void call(struct bench *b, uint64_t rounds)
{
    uint8_t request[8];
    struct buffer out = buffer_of(request, sizeof request);
    buffer_u64(&out, rounds);
    b->is_done = false;
    must(worker_run(b->worker, buffer_bytes(&out), BUDGET_US), "run");
    while (!b->is_done)
        loop_turn(b->loop, true);
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(double *sample, size_t count, double share)
{
    qsort(sample, count, sizeof *sample, by_size);
    return sample[(size_t)(share * (double)(count - 1))];
}

static double since_us(uint64_t from_ns)
{
    return (double)(uv_hrtime() - from_ns) / 1e3;
}

// The same machine's bare figure: a byte to another process and back over a socketpair.
static void measure_bare(void)
{
    static double sample[WARM_CALLS];
    int end[2];
    char byte = 0;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, end) != 0)
        must(RC_IO, "socketpair");
    pid_t pid = fork();
    if (pid == 0) {
        (void)close(end[0]);
        while (read(end[1], &byte, 1) == 1 && write(end[1], &byte, 1) == 1) {
        }
        _exit(0);
    }
    (void)close(end[1]);
    for (size_t i = 0; pid > 0 && i < WARM_CALLS; i++) {
        const uint64_t from = uv_hrtime();
        if (write(end[0], &byte, 1) != 1 || read(end[0], &byte, 1) != 1)
            must(RC_IO, "ping");
        sample[i] = since_us(from);
    }
    (void)close(end[0]);
    (void)waitpid(pid, NULL, 0);
    (void)printf("bare socketpair, us:  p50 %7.1f  p99 %7.1f\n", quantile(sample, WARM_CALLS, 0.5),
                 quantile(sample, WARM_CALLS, 0.99));
}

static void measure_warm(struct bench *b)
{
    static double sample[WARM_CALLS];
    for (size_t i = 0; i < WARM_CALLS; i++) {
        const uint64_t from = uv_hrtime();
        call(b, 0);
        sample[i] = since_us(from);
    }
    printf("warm call, us:        p50 %7.1f  p99 %7.1f\n", quantile(sample, WARM_CALLS, .5),
           quantile(sample, WARM_CALLS, .99));
}

static void measure_cold(struct bench *b)
{
    static double sample[COLD_STARTS];
    for (size_t i = 0; i < COLD_STARTS; i++) {
        worker_close(b->worker);
        loop_turn(b->loop, false);
        const uint64_t from = uv_hrtime();
        open_worker(b);
        call(b, 0);
        sample[i] = since_us(from);
    }
    printf("cold start, us:       p50 %7.1f  p99 %7.1f\n", quantile(sample, COLD_STARTS, .5),
           quantile(sample, COLD_STARTS, .99));
}

static double own_cpu_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); // cannot fail for the own process
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

// Bare and caged by turns, so that whatever else the machine does hits both.
static void measure_task(struct bench *b)
{
    static double wall[2][TASKS];
    static double cpu[2][TASKS];
    volatile uint64_t tried = 10000000; // not a constant to optimise for: the same code as later
    uint64_t rounds = tried;
    const double tried_from = own_cpu_us();
    (void)spin(rounds);
    rounds = (uint64_t)((double)rounds * TASK_US / (own_cpu_us() - tried_from));
    for (size_t i = 0; i < TASKS; i++) {
        const double cpu_from = own_cpu_us();
        uint64_t from = uv_hrtime();
        (void)spin(rounds);
        wall[0][i] = since_us(from);
        cpu[0][i] = own_cpu_us() - cpu_from;
        from = uv_hrtime();
        call(b, rounds);
        wall[1][i] = since_us(from);
        cpu[1][i] = (double)b->cpu_us;
    }
    const double bare_wall = quantile(wall[0], TASKS, .5);
    const double bare_cpu = quantile(cpu[0], TASKS, .5);
    printf("task of %.2f ms:      wall x %.4f  cpu x %.4f\n", bare_wall / 1e3,
           quantile(wall[1], TASKS, .5) / bare_wall, quantile(cpu[1], TASKS, .5) / bare_cpu);
}

static void measure(bool has_no_spaces)
{
    struct bench b = {.arena = arena_new(1 << 20)};
    if (b.arena == NULL)
        must(RC_NOMEM, "arena");
    struct err err = {0};
    const struct nursery_cfg cfg = {.code = &code, .has_no_spaces = has_no_spaces};
    must(nursery_start(&b.nursery, b.arena, &cfg, &err), err.text);
    must(loop_new(&b.loop, NULL), "loop");
    must(nursery_listen(b.nursery, b.loop), "loop");
    open_worker(&b);
    call(&b, 0);
    char line[256];
    struct text t = text_of(line, sizeof line);
    cage_walls_text(worker_walls(b.worker), &t);
    printf("walls: %s\n", line);
    measure_warm(&b);
    measure_task(&b);
    measure_cold(&b);
    worker_close(b.worker);
    nursery_stop(b.nursery);
    loop_free(b.loop);
    arena_free(b.arena);
}

int main(void)
{
    measure_bare();
    measure(false);
    measure(true);
    return EXIT_SUCCESS;
}
