// SPDX-License-Identifier: MIT
// Bench: how long the scheduler takes to decide, and what it keeps, with pools of any size.
//
// usage: sched_bench [TASKS [POLICY [TYPES [LOAD [HELPERS]]]]]
//
// Helpers with round trips of 4 to 80 ms, 1 to 4 slots and their own speed; each can do three in
// four of the types. Tasks come at random so that LOAD (0.5) of all slots are busy, with deadlines
// of 60 to 240 ms. Answers come as such helpers would send them, in virtual time: one in 50 is an
// error, one in 100 never comes. A decision is the submit of a task and the orders that come of it;
// times are of the processor, and hold what it takes to read its clock.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/heap.h"
#include "base/list.h"
#include "base/num.h"
#include "base/rng.h"
#include "base/stat.h"
#include "work/sched.h"

#define SLOTS_MAX   4u
#define ANSWERS_MAX 262144u // on their way at once
#define TASKS_MAX   131072u
#define WORK_US     20000.0
#define WARM_UP     4u // 1 / the share of tasks that comes first, and is not measured

struct truth { // of a helper
    double net_us, slow;
    uint32_t slots;
    double free_us[SLOTS_MAX];
};

struct answer {
    struct heap_node at;
    struct list node;
    struct sched_answer says;
};

struct setting {
    uint32_t helpers, types;
    uint64_t tasks;
    double load;
    const struct policy *policy;
};

struct bench {
    struct setting is;
    struct arena *arena;
    struct sched *s;
    struct rng rng;
    struct truth *truth;
    struct heap answers;
    struct list spare;
    uint64_t now_us;
    bool is_measured;
    struct quantiles submit_ns, answer_ns, tick_ns;
    struct {
        uint64_t came_us, within_us;
        bool is_done;
    } task[TASKS_MAX]; // by the last digits of their numbers
    struct quantiles total_us;
    uint64_t late;
};

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "sched_bench: %s\n", what);
    exit(1);
}

static uint64_t clock_ns(void)
{
    struct timespec t;
    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) != 0)
        die("clock_gettime");
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static double resident_mb(void)
{
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f == NULL || fscanf(f, "%*u %lu", &pages) != 1)
        die("/proc/self/statm");
    (void)fclose(f);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

static void put(const struct bench *b, struct quantiles *q, uint64_t since_ns)
{
    const uint64_t ns = clock_ns() - since_ns;
    if (b->is_measured)
        quantiles_put(q, ns);
}

// ---- Helpers as they are

static void join(struct bench *b, uint32_t helper)
{
    struct truth *t = &b->truth[helper];
    t->net_us = 4000 + 76000 * rng_unit(&b->rng);
    t->slow = exp(1.4 * (rng_unit(&b->rng) - 0.5));
    t->slots = 1 + (uint32_t)rng_below(&b->rng, SLOTS_MAX);
    const struct sched_intro intro = {
        .says = {.ping_us = t->net_us, .reliability = 0.95},
        .slots = t->slots,
        .ahead = SCHED_ANY_NUMBER,
        .can = (uint32_t)(rng_u64(&b->rng) | rng_u64(&b->rng)),
    };
    sched_join(b->s, helper, &intro, b->now_us);
}

static struct answer *new_answer(struct bench *b)
{
    if (list_is_empty(&b->spare))
        die("too many answers are on their way");
    struct answer *a = CONTAINER_OF(b->spare.next, struct answer, node);
    list_del(&a->node);
    return a;
}

// When it would be back; it waits for a slot like everything that is sent there.
static void send(struct bench *b, const struct sched_order *o)
{
    struct truth *t = &b->truth[o->helper];
    const uint64_t luck = rng_below(&b->rng, 100);
    const double work_us = WORK_US * t->slow * exp(0.4 * (rng_unit(&b->rng) - 0.5));
    uint32_t slot = 0;
    for (uint32_t i = 1; i < t->slots; i++)
        slot = t->free_us[i] < t->free_us[slot] ? i : slot;
    const double arrive_us = (double)b->now_us + t->net_us / 2;
    t->free_us[slot] = fmax(t->free_us[slot], arrive_us) + work_us;
    const double back_us = t->free_us[slot] + t->net_us / 2 * (1 + 0.2 * rng_unit(&b->rng));
    if (luck == 0)
        return;
    struct answer *a = new_answer(b);
    a->says = (struct sched_answer){.task = o->task,
                                    .helper = o->helper,
                                    .is_right = luck > 2,
                                    .total_us = back_us - (double)b->now_us,
                                    .work_us = work_us};
    if (heap_put(&b->answers, &a->at, (uint64_t)back_us) != RC_OK)
        die("the heap is full");
}

// ---- One thing after another

static void take_orders(struct bench *b, struct quantiles *q, uint64_t since_ns)
{
    struct sched_order order[64]; // as many at once, so that answers are thought up unmeasured
    size_t count = 0;
    do {
        for (count = 0; count < ARRAY_COUNT(order) && sched_next(b->s, &order[count]);)
            count++;
        if (q != NULL)
            put(b, q, since_ns);
        q = NULL;
        for (size_t i = 0; i < count; i++)
            if (order[i].kind == SCHED_ASSIGN)
                send(b, &order[i]);
    } while (count == ARRAY_COUNT(order));
}

static void count_done(struct bench *b, const struct sched_answer *a)
{
    const uint64_t i = a->task % TASKS_MAX;
    if (!a->is_right || b->task[i].is_done)
        return;
    const uint64_t total_us = b->now_us - b->task[i].came_us;
    b->task[i].is_done = true;
    if (!b->is_measured)
        return;
    quantiles_put(&b->total_us, total_us);
    b->late += total_us > b->task[i].within_us;
}

static void one_answer(struct bench *b)
{
    struct answer *a = CONTAINER_OF(heap_pop(&b->answers), struct answer, at);
    count_done(b, &a->says);
    const uint64_t since_ns = clock_ns();
    sched_answer(b->s, &a->says, b->now_us);
    take_orders(b, &b->answer_ns, since_ns);
    list_push_back(&b->spare, &a->node);
}

static void pass_until(struct bench *b, uint64_t until_us)
{
    for (;;) {
        const struct heap_node *first = heap_first(&b->answers);
        const uint64_t answer_us = first != NULL ? first->key : UINT64_MAX;
        const uint64_t due_us = sched_due_us(b->s);
        if (num_min(answer_us, due_us) > until_us)
            break;
        b->now_us = num_max(b->now_us, num_min(answer_us, due_us));
        if (answer_us <= due_us) {
            one_answer(b);
            continue;
        }
        const uint64_t since_ns = clock_ns();
        sched_tick(b->s, b->now_us);
        take_orders(b, &b->tick_ns, since_ns);
    }
    b->now_us = num_max(b->now_us, until_us);
}

static void one_task(struct bench *b, uint64_t id)
{
    const uint32_t type = (uint32_t)rng_below(&b->rng, b->is.types);
    const struct sched_task task = {.id = id,
                                    .type = type,
                                    .size = 0.7 + 0.6 * rng_unit(&b->rng),
                                    .within_us = 60000 + 60000 * (uint64_t)(type % 4)};
    b->task[id % TASKS_MAX].came_us = b->now_us;
    b->task[id % TASKS_MAX].within_us = task.within_us;
    b->task[id % TASKS_MAX].is_done = false;
    const uint64_t since_ns = clock_ns();
    if (sched_submit(b->s, &task, b->now_us) != RC_OK)
        die("too many tasks at once");
    take_orders(b, &b->submit_ns, since_ns);
}

// ---- A pool

static void open(struct bench *b, const struct setting *is)
{
    const struct sched_cfg cfg = {.helpers_max = (uint32_t)num_max(is->helpers, 16384),
                                  .tasks_max = TASKS_MAX,
                                  .types = is->types,
                                  .attempts_max = 3,
                                  .give_up_us = 2000000,
                                  .policy = is->policy,
                                  .seed = 1};
    memset(b, 0, sizeof *b);
    b->is = *is;
    b->rng = rng_seeded(1);
    b->arena = arena_new(SIZE_MAX / 2);
    if (b->arena == NULL)
        die("no memory");
    b->truth = arena_take_array(b->arena, is->helpers, sizeof *b->truth);
    struct answer *answer = arena_take_array(b->arena, ANSWERS_MAX, sizeof *answer);
    if (b->truth == NULL || answer == NULL ||
        heap_init(&b->answers, b->arena, ANSWERS_MAX) != RC_OK ||
        sched_new(&b->s, b->arena, &cfg) != RC_OK)
        die("no memory");
    list_init(&b->spare);
    for (uint32_t i = 0; i < ANSWERS_MAX; i++)
        list_push_back(&b->spare, &answer[i].node);
    quantiles_init(&b->submit_ns);
    quantiles_init(&b->answer_ns);
    quantiles_init(&b->tick_ns);
    quantiles_init(&b->total_us);
}

static void say(const char *what, const struct quantiles *q)
{
    const unsigned permille[] = {500, 990, 999, 1000};
    (void)printf("  %-8s%9llu x  mean %7.2f", what, (unsigned long long)q->count,
                 (double)q->sum / (double)q->count / 1e3);
    for (size_t i = 0; i < ARRAY_COUNT(permille); i++)
        (void)printf("  %s %7.2f", (const char *[]){"p50", "p99", "p99.9", "max"}[i],
                     (double)quantiles_at(q, permille[i]) / 1e3);
    (void)printf(" us\n");
}

// Helpers come first, then tasks until all have come.
static void run(const struct setting *is)
{
    static struct bench b;
    open(&b, is);
    uint32_t slots = 0;
    const double empty_mb = resident_mb();
    for (uint32_t i = 0; i < is->helpers; i++) {
        join(&b, i);
        slots += b.truth[i].slots;
    }
    const double joined_mb = resident_mb();
    const double gap_us = WORK_US / (double)slots / is->load;
    double next_us = 1e6;
    for (uint64_t id = 0; id < is->tasks; id++) {
        b.is_measured = id >= is->tasks / WARM_UP;
        next_us -= gap_us * log(1 - rng_unit(&b.rng));
        pass_until(&b, (uint64_t)next_us);
        one_task(&b, id);
    }
    const struct sched_stat stat = sched_stat(b.s);
    (void)printf("%u helpers, %u slots: %.1f MB for helpers, %.1f MB more at work\n", is->helpers,
                 slots, joined_mb - empty_mb, resident_mb() - joined_mb);
    (void)printf("  %.2f copies a task, %.2f %% never done; answers after %.1f ms, p99 %.1f ms, "
                 "%.2f %% late\n",
                 (double)stat.copies / (double)stat.submitted,
                 100 * (double)stat.over / (double)stat.submitted,
                 (double)b.total_us.sum / (double)b.total_us.count / 1e3,
                 (double)quantiles_at(&b.total_us, 990) / 1e3,
                 100 * (double)b.late / (double)b.total_us.count);
    say("decision", &b.submit_ns);
    say("answer", &b.answer_ns);
    if (b.tick_ns.count > 0)
        say("timer", &b.tick_ns);
    arena_free(b.arena);
}

int main(int argc, char **argv)
{
    const uint32_t pools[] = {12, 60, 1000, 10000};
    struct setting is = {.tasks = argc > 1 ? strtoull(argv[1], NULL, 10) : 400000,
                         .policy = policy_find(argc > 2 ? argv[2] : "shoal"),
                         .types = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 4,
                         .load = argc > 4 ? strtod(argv[4], NULL) : 0.5};
    if (is.tasks < WARM_UP || is.policy == NULL || is.types < 1 || is.types > PREDICT_TYPES_MAX ||
        !(is.load > 0))
        die("usage: sched_bench [TASKS [POLICY [TYPES [LOAD [HELPERS]]]]]");
    for (size_t i = 0; i < ARRAY_COUNT(pools); i++) {
        is.helpers = pools[i];
        if (argc <= 5 || strtoul(argv[5], NULL, 10) == is.helpers)
            run(&is);
    }
    return 0;
}
