// SPDX-License-Identifier: MIT
// Tests of the queue: a task is in exactly one place, and its memory goes where it came from.
#include "compute/queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/seed_test.h"

#define TASKS 40u
#define SEATS 3u

struct desk {
    struct arena *arena;
    struct budget budget;
    struct queue queue;
    struct standing standing[SEATS];
    struct seat seat[SEATS];
};

static void desk_open(struct desk *d)
{
    *d = (struct desk){.budget = {.limit_bytes = 1 << 20}};
    d->arena = arena_new((size_t)16 << 20);
    assert_non_null(d->arena);
    assert_int_equal(queue_init(&d->queue, d->arena, &d->budget, 1), RC_OK);
    for (uint8_t i = 0; i < SEATS; i++) {
        memset(d->standing[i].node.b, i, DIGEST_BYTES);
        d->seat[i].standing = &d->standing[i];
        d->seat[i].ability.slots = i + 1u;
        list_init(&d->seat[i].tasks);
    }
}

static void desk_close(struct desk *d)
{
    assert_int_equal(d->budget.used_bytes, 0);
    arena_free(d->arena);
}

static struct task *task_new(struct desk *d)
{
    struct task *t = queue_new(&d->queue, TASK_TILE, bytes_text("params"));
    assert_non_null(t);
    return t;
}

static void test_one_life(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d);
    struct task *t = task_new(&d);
    assert_ptr_equal(queue_find(&d.queue, t->id), t);
    queue_wait(&d.queue, t, false);
    assert_int_equal(d.queue.waiting_count, 1);
    queue_give(&d.queue, t, &d.seat[0], 1000, 5000);
    assert_int_equal(d.queue.waiting_count, 0);
    assert_int_equal(t->attempts, 1);
    assert_int_equal(t->first_us, 1000);
    assert_int_equal(d.seat[0].busy, 1);
    assert_int_equal(heap_first(&d.queue.give_ups)->key, 5000);
    queue_retry(&d.queue, t);
    assert_int_equal(d.seat[0].busy, 0);
    assert_null(heap_first(&d.queue.give_ups));
    queue_give(&d.queue, t, &d.seat[1], 2000, 6000);
    assert_int_equal(t->attempts, 2);
    assert_int_equal(t->first_us, 1000);
    assert_int_equal(t->given_us, 2000);
    queue_return(&d.queue, t);
    assert_int_equal(d.seat[1].busy, 0);
    t->back.result = budget_take(&d.budget, 100);
    queue_retry(&d.queue, t); // its result was wrong
    assert_null(t->back.result);
    uint64_t id = t->id;
    queue_free(&d.queue, t);
    assert_null(queue_find(&d.queue, id));
    assert_int_equal(d.queue.waiting_count, 0);
    desk_close(&d);
}

static struct task *first(struct list *l)
{
    return list_is_empty(l) ? NULL : CONTAINER_OF(l->next, struct task, node);
}

static void test_order(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d);
    struct task *a = task_new(&d);
    struct task *b = task_new(&d);
    struct task *check = task_new(&d);
    queue_wait(&d.queue, a, false);
    queue_wait(&d.queue, b, false);
    queue_wait(&d.queue, check, true);
    assert_ptr_equal(first(&d.queue.waiting), a);
    assert_ptr_equal(first(&d.queue.urgent), check);
    queue_give(&d.queue, b, &d.seat[0], 1, 2);
    queue_retry(&d.queue, b); // urgent now, behind what was urgent before
    assert_ptr_equal(first(&d.queue.urgent), check);
    queue_free(&d.queue, check);
    assert_ptr_equal(first(&d.queue.urgent), b);
    queue_free(&d.queue, a);
    queue_free(&d.queue, b);
    assert_int_equal(d.queue.waiting_count, 0);
    desk_close(&d);
}

static void test_bars(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d);
    struct task *t = task_new(&d);
    assert_true(task_may_go_to(t, &d.seat[1]));
    task_bar(t, &d.standing[1].node);
    assert_false(task_may_go_to(t, &d.seat[1]));
    assert_true(task_may_go_to(t, &d.seat[2]));
    for (unsigned i = 0; i < QUEUE_ATTEMPTS_MAX + 5; i++)
        task_bar(t, &d.standing[1].node); // bounded
    assert_int_equal(t->failed_count, QUEUE_ATTEMPTS_MAX);
    queue_free(&d.queue, t);
    desk_close(&d);
}

static void test_spec(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d);
    struct task *t = task_new(&d);
    memset(t->scene.b, 9, DIGEST_BYTES);
    struct task_spec s = task_spec_of(t);
    assert_string_equal(s.kernel, "trace");
    assert_int_equal(s.input_count, 1);
    assert_true(digest_equal(&s.input[0], &t->scene));
    assert_true(bytes_is(s.params, "params"));
    queue_free(&d.queue, t);
    desk_close(&d);
}

static void test_budget_runs_out(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d);
    struct task *t[64];
    d.budget.limit_bytes = 8 * (sizeof **t + 64) + 100;
    size_t count = 0;
    while (count < 64 && (t[count] = queue_new(&d.queue, TASK_TILE, bytes_text("params"))) != NULL)
        count++;
    assert_true(count >= 7 && count <= 9);
    size_t full = d.budget.used_bytes;
    for (int i = 0; i < 3; i++)
        assert_null(queue_new(&d.queue, TASK_TILE, bytes_text("params")));
    assert_int_equal(d.budget.used_bytes, full); // refused without a trace
    while (count > 0)
        queue_free(&d.queue, t[--count]);
    desk_close(&d);
    struct arena *tiny = arena_new(1000);
    struct queue q;
    assert_int_equal(queue_init(&q, tiny, &d.budget, 1), RC_NOMEM);
    arena_free(tiny);
}

// The queue's books against a plain count of where each task is said to be.
static void check_books(struct desk *d, struct task *const *t)
{
    uint32_t waiting = 0;
    uint32_t held[SEATS] = {0};
    for (uint32_t i = 0; i < TASKS; i++) {
        if (t[i] == NULL)
            continue;
        assert_ptr_equal(queue_find(&d->queue, t[i]->id), t[i]);
        waiting += t[i]->state == TASK_WAITING;
        if (t[i]->state == TASK_HELD)
            held[t[i]->seat - d->seat]++;
    }
    assert_int_equal(d->queue.waiting_count, waiting);
    for (uint32_t i = 0; i < SEATS; i++) {
        assert_int_equal(d->seat[i].busy, held[i]);
        uint32_t listed = 0;
        LIST_FOR (it, &d->seat[i].tasks)
            listed++;
        assert_int_equal(listed, held[i]);
    }
}

static void one_step(struct desk *d, struct rng *r, struct task **t)
{
    if (*t == NULL) {
        *t = task_new(d);
        queue_wait(&d->queue, *t, rng_below(r, 4) == 0);
        return;
    }
    struct seat *s = &d->seat[rng_below(r, SEATS)];
    if (rng_below(r, 5) == 0) {
        queue_free(&d->queue, *t);
        *t = NULL;
    } else if ((*t)->state == TASK_WAITING && seat_free_slots(s) > 0) {
        queue_give(&d->queue, *t, s, rng_below(r, 100), rng_below(r, 1000));
    } else if ((*t)->state == TASK_HELD && rng_below(r, 2) == 0) {
        queue_return(&d->queue, *t);
        (*t)->back.result = budget_take(&d->budget, 1 + rng_below(r, 100));
    } else if ((*t)->state != TASK_WAITING) {
        queue_retry(&d->queue, *t);
    }
}

static void test_any_order(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    struct desk d;
    desk_open(&d);
    struct task *t[TASKS] = {NULL};
    for (int i = 0; i < 20000; i++) {
        one_step(&d, &r, &t[rng_below(&r, TASKS)]);
        check_books(&d, t);
    }
    for (uint32_t i = 0; i < TASKS; i++)
        if (t[i] != NULL)
            queue_free(&d.queue, t[i]);
    assert_int_equal(d.queue.waiting_count, 0);
    assert_null(heap_first(&d.queue.give_ups));
    desk_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_life),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_bars),
        cmocka_unit_test(test_spec),
        cmocka_unit_test(test_budget_runs_out),
        cmocka_unit_test(test_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
