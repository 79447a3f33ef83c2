// SPDX-License-Identifier: MIT
// Tests of the queue: a task is in exactly one place, lines take turns, and memory goes back.
#include "compute/queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/rng.h"
#include "base/seed_test.h"
#include "kernel/kernel.h"

#define TASKS     40u
#define TASKS_MAX 4096u // of the queue
#define SEATS_MAX 64u   // of the roster
#define SEATS     3u
#define LINES     4u

struct desk {
    struct arena *arena;
    struct budget budget;
    struct roster roster;
    struct queue queue;
    struct line line[LINES]; // the last one is of another skill
    struct seat *seat[SEATS];
    size_t used; // by roster and seats
};

static struct seat *sit(struct desk *d, uint8_t number, uint32_t slots)
{
    struct digest node = {{number}};
    struct msg_hello hello = {
        .ability = {.slots = slots, .speed_count = 2, .speed = {{"trace", 1000}, {"echo", 1}}}};
    struct roster_guest guest = {
        .conn = number, .hello = &hello, .standing = roster_standing(&d->roster, &node)};
    struct seat *s = roster_sit(&d->roster, &guest);
    assert_non_null(s);
    return s;
}

static void desk_open(struct desk *d)
{
    *d = (struct desk){.budget = {.limit_bytes = 4 << 20}};
    d->arena = arena_new((size_t)64 << 20);
    assert_non_null(d->arena);
    assert_int_equal(queue_init(&d->queue, d->arena, &d->budget, TASKS_MAX, 1), RC_OK);
    assert_int_equal(roster_init(&d->roster, d->arena, &d->budget, SEATS_MAX, 2), RC_OK);
    for (uint8_t i = 0; i < SEATS; i++)
        d->seat[i] = sit(d, i, i + 1u);
    for (uint32_t i = 0; i < LINES; i++)
        line_init(&d->line[i], skill_of(i + 1 < LINES ? "trace" : "echo", false));
    d->used = d->budget.used_bytes;
}

static void desk_close(struct desk *d)
{
    assert_int_equal(d->budget.used_bytes, d->used);
    for (uint32_t i = 0; i < SEATS; i++)
        roster_leave(&d->roster, d->seat[i]);
    roster_reset(&d->roster);
    assert_int_equal(d->budget.used_bytes, 0);
    arena_free(d->arena);
}

static struct task *task_in(struct desk *d, struct line *line)
{
    struct task_cfg cfg = {.kind = TASK_TILE,
                           .line = line,
                           .skill = line->skill,
                           .spec = {.params = bytes_text("params")},
                           .units = 1};
    return queue_new(&d->queue, &cfg, 7);
}

static struct task *task_new(struct desk *d)
{
    struct task *t = task_in(d, &d->line[0]);
    assert_non_null(t);
    return t;
}

static struct task *check_new(struct desk *d)
{
    struct task_cfg cfg = {.kind = TASK_CHECK, .skill = d->line[0].skill};
    struct task *t = queue_new(&d->queue, &cfg, 7);
    assert_non_null(t);
    return t;
}

static struct copy *give(struct desk *d, struct task *t, uint32_t seat, uint64_t work)
{
    t->units = (double)work;
    queue_give(&d->queue, t);
    return queue_copy(t, d->seat[seat], 1000);
}

static uint32_t list_len(const struct list *l)
{
    uint32_t len = 0;
    LIST_FOR (it, l)
        len++;
    return len;
}

static struct task *first(struct list *l)
{
    return list_is_empty(l) ? NULL : CONTAINER_OF(l->next, struct task, node);
}

// The line whose turn it is; NULL: no task waits in any.
static struct line *next_line(struct desk *d, uint32_t skill)
{
    struct heap_node *n = heap_first(&d->queue.lines[skill]);
    return n == NULL ? NULL : CONTAINER_OF(n, struct line, turn);
}

static void test_one_life(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d);
    struct task *t = task_new(&d);
    assert_ptr_equal(queue_find(&d.queue, t->id), t);
    assert_int_equal(t->came_us, 7);
    queue_wait(&d.queue, t);
    assert_int_equal(d.queue.waiting_count, 1);
    assert_ptr_equal(next_line(&d, t->skill), &d.line[0]);
    struct copy *a = give(&d, t, 0, 10);
    assert_non_null(a);
    assert_null(next_line(&d, t->skill));
    assert_int_equal(d.queue.waiting_count, 0);
    assert_int_equal(t->attempts, 1);
    assert_int_equal(d.seat[0]->busy, 1);
    struct copy *b = queue_copy(t, d.seat[1], 2000); // side by side
    assert_ptr_equal(queue_copy_at(t, d.seat[0]), a);
    assert_ptr_equal(queue_copy_at(t, d.seat[1]), b);
    assert_null(queue_copy_at(t, d.seat[2]));
    queue_copy_end(a);
    assert_int_equal(d.seat[0]->busy, 0);
    assert_null(queue_copy_at(t, d.seat[0]));
    assert_int_equal(t->attempts, 2);
    assert_int_equal(t->came_us, 7);
    assert_int_equal(b->given_us, 2000);
    queue_copy_end(b);
    queue_copy_end(b); // harmless
    assert_int_equal(d.seat[1]->busy, 0);
    queue_return(t);
    t->back.result = budget_take(&d.budget, 100);
    queue_unreturn(&d.queue, t); // its result was wrong
    assert_null(t->back.result);
    (void)queue_copy(t, d.seat[2], 3000);
    uint64_t id = t->id;
    queue_free(&d.queue, t);
    assert_null(queue_find(&d.queue, id));
    assert_int_equal(d.seat[2]->busy, 0);
    assert_int_equal(d.queue.waiting_count, 0);
    desk_close(&d);
}

static void test_places(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d);
    struct task *a = task_new(&d);
    struct task *b = task_new(&d);
    struct task *check = check_new(&d);
    queue_wait(&d.queue, a);
    queue_wait(&d.queue, b);
    queue_wait(&d.queue, check);
    assert_ptr_equal(first(&d.line[0].tasks), a); // in order of their coming
    assert_ptr_equal(first(&d.queue.own), check);
    queue_copy_end(give(&d, b, 0, 2));
    queue_to_own(&d.queue, b); // nobody else is left for it; behind what waits there already
    assert_ptr_equal(first(&d.line[0].tasks), a);
    queue_free(&d.queue, check);
    assert_ptr_equal(first(&d.queue.own), b);
    queue_to_own(&d.queue, a); // straight from its line
    assert_null(next_line(&d, a->skill));
    assert_int_equal(d.queue.waiting_count, 2);
    queue_free(&d.queue, a);
    queue_free(&d.queue, b);
    assert_int_equal(d.queue.waiting_count, 0);
    desk_close(&d);
}

static struct task *task_by(struct desk *d, struct line *line, uint64_t start_by_us)
{
    struct task_cfg cfg = {
        .kind = TASK_RUN, .line = line, .skill = line->skill, .start_by_us = start_by_us};
    struct task *t = queue_new(&d->queue, &cfg, 7);
    assert_non_null(t);
    queue_wait(&d->queue, t);
    return t;
}

// What must start soonest is first; of those that must start together, who came first.
static void test_order_in_line(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d);
    static const uint64_t by_us[] = {30, 10, 20, 10, 40, 20};
    static const size_t want[] = {1, 3, 2, 5, 0, 4};
    struct task *t[ARRAY_COUNT(by_us)];
    for (size_t i = 0; i < ARRAY_COUNT(by_us); i++)
        t[i] = task_by(&d, &d.line[0], by_us[i]);
    for (size_t i = 0; i < ARRAY_COUNT(by_us); i++) {
        assert_ptr_equal(queue_next(&d.queue, UINT32_MAX), t[want[i]]);
        (void)give(&d, t[want[i]], 2, 1);
        queue_free(&d.queue, t[want[i]]);
    }
    assert_null(queue_next(&d.queue, UINT32_MAX));
    desk_close(&d);
}

static void test_hurry(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d);
    struct task *a = task_by(&d, &d.line[0], 10);
    struct task *b = task_by(&d, &d.line[0], 20);
    struct task *c = task_by(&d, &d.line[0], 30);
    queue_hurry(c, 30); // not sooner: nothing
    queue_hurry(b, 25);
    assert_ptr_equal(first(&d.line[0].tasks), a);
    queue_hurry(c, 10); // behind who was there
    assert_ptr_equal(first(&d.line[0].tasks), a);
    queue_hurry(c, 9);
    assert_ptr_equal(first(&d.line[0].tasks), c);
    assert_int_equal(d.queue.waiting_count, 3);
    (void)give(&d, a, 2, 1);
    queue_hurry(a, 1); // in no line any more: it is remembered, for when it waits again
    assert_int_equal(a->start_by_us, 1);
    assert_int_equal(list_len(&d.line[0].tasks), 2);
    queue_to_own(&d.queue, b);
    queue_hurry(b, 1); // what is for the hub's own has no such order
    assert_ptr_equal(first(&d.queue.own), b);
    queue_free(&d.queue, a);
    queue_free(&d.queue, b);
    queue_free(&d.queue, c);
    desk_close(&d);
}

// Against a naive twin: many tasks, in any order, some hurried, some gone before their turn.
static void test_order_of_many(void **state)
{
    (void)state;
    struct desk d;
    enum { MANY = 120 }; // so many that all are compared with
    static struct task *t[MANY];
    struct rng rng = rng_seeded(3);
    desk_open(&d);
    for (size_t i = 0; i < MANY; i++)
        t[i] = task_by(&d, &d.line[0], 1 + rng_below(&rng, 50));
    for (size_t i = 0; i < MANY; i++) {
        if (rng_below(&rng, 3) == 0)
            queue_hurry(t[i], 1 + rng_below(&rng, 50));
        if (rng_below(&rng, 5) == 0) {
            queue_free(&d.queue, t[i]);
            t[i] = NULL;
        }
    }
    uint64_t last_us = 0;
    size_t served = 0;
    for (struct task *next; (next = queue_next(&d.queue, UINT32_MAX)) != NULL; served++) {
        assert_true(next->start_by_us >= last_us);
        last_us = next->start_by_us;
        for (size_t i = 0; i < MANY; i++)
            if (t[i] == next)
                t[i] = NULL;
        (void)give(&d, next, 2, 1);
        queue_free(&d.queue, next);
    }
    for (size_t i = 0; i < MANY; i++)
        assert_null(t[i]);
    assert_true(served > MANY / 2);
    desk_close(&d);
}

// The most urgent of all skills, but nobody is passed over for ever by who says that it is late.
static void test_skills_take_turns(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d);
    struct line *late = &d.line[0];
    struct line *other = &d.line[LINES - 1];
    struct task *waits = task_by(&d, other, 1000);
    struct task *behind = task_by(&d, other, 1001);
    for (uint32_t i = 0; i < QUEUE_PASSED_MAX; i++) {
        struct task *t = task_by(&d, late, 1);
        assert_ptr_equal(queue_next(&d.queue, UINT32_MAX), t);
        assert_ptr_equal(queue_next(&d.queue, (uint32_t)1 << other->skill), waits); // asked for
        (void)give(&d, t, 2, 1);
        queue_free(&d.queue, t);
    }
    struct task *t = task_by(&d, late, 1);
    assert_ptr_equal(queue_next(&d.queue, UINT32_MAX), waits);
    (void)give(&d, waits, 2, 1);
    assert_ptr_equal(queue_next(&d.queue, UINT32_MAX), t);
    queue_free(&d.queue, waits);
    queue_free(&d.queue, behind);
    queue_free(&d.queue, t);
    desk_close(&d);
}

static void test_change_line(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d);
    struct task *waiting = task_new(&d);
    struct task *held = task_new(&d);
    struct task *outside = task_new(&d);
    queue_wait(&d.queue, waiting);
    queue_wait(&d.queue, held);
    (void)give(&d, held, 1, 2);
    struct task *all[] = {waiting, held, outside};
    for (size_t i = 0; i < ARRAY_COUNT(all); i++)
        queue_change_line(&d.queue, all[i], &d.line[1]);
    assert_ptr_equal(first(&d.line[1].tasks), waiting);
    assert_ptr_equal(next_line(&d, waiting->skill), &d.line[1]); // the other one is empty
    assert_int_equal(d.queue.waiting_count, 1);
    queue_wait(&d.queue, outside);
    assert_ptr_equal(CONTAINER_OF(d.line[1].tasks.prev, struct task, node), outside);
    assert_true(list_is_empty(&d.line[0].tasks));
    for (size_t i = 0; i < ARRAY_COUNT(all); i++) {
        assert_ptr_equal(all[i]->line, &d.line[1]);
        queue_free(&d.queue, all[i]);
    }
    desk_close(&d);
}

static void test_spec(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d);
    struct digest object = {{9}};
    struct task_cfg cfg = {
        .line = &d.line[0],
        .skill = d.line[0].skill,
        .spec = {.input_count = 1, .input = {object}, .params = bytes_text("params")}};
    struct task *t = queue_new(&d.queue, &cfg, 0);
    struct task_spec s = task_spec_of(t);
    assert_string_equal(s.kernel, "trace");
    assert_int_equal(s.input_count, 1);
    assert_true(digest_equal(&s.input[0], &object));
    assert_true(bytes_is(s.params, "params"));
    queue_free(&d.queue, t);
    t = task_in(&d, &d.line[LINES - 1]);
    s = task_spec_of(t);
    assert_string_equal(s.kernel, "echo");
    assert_int_equal(s.input_count, 0);
    queue_free(&d.queue, t);
    desk_close(&d);
}

static void test_budget_runs_out(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d);
    struct task *t[64];
    d.budget.limit_bytes = d.used + 8 * (sizeof **t + 64) + 100;
    size_t count = 0;
    while (count < 64 && (t[count] = task_in(&d, &d.line[0])) != NULL)
        count++;
    assert_true(count >= 7 && count <= 9);
    size_t full = d.budget.used_bytes;
    for (int i = 0; i < 3; i++)
        assert_null(task_in(&d, &d.line[0]));
    assert_int_equal(d.budget.used_bytes, full); // refused without a trace
    while (count > 0)
        queue_free(&d.queue, t[--count]);
    desk_close(&d);
    struct arena *tiny = arena_new(1000);
    struct queue q;
    assert_int_equal(queue_init(&q, tiny, &d.budget, TASKS_MAX, 1), RC_NOMEM);
    arena_free(tiny);
}

// ---- Turns

// One task of the line whose turn it is, done at once. The line.
static struct line *serve(struct desk *d, uint64_t work_us)
{
    struct line *l = next_line(d, d->line[0].skill);
    struct task *t = CONTAINER_OF(l->tasks.next, struct task, node);
    (void)give(d, t, 0, work_us);
    queue_free(&d->queue, t);
    return l;
}

static uint64_t gap(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

// One has a thousand tasks waiting, the other never more than one: both get the same work.
static void test_many_do_not_hold_up_one(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    struct desk d;
    desk_open(&d);
    for (int i = 0; i < 1000; i++)
        queue_wait(&d.queue, task_new(&d));
    queue_wait(&d.queue, task_in(&d, &d.line[1]));
    uint64_t got[2] = {0, 0};
    uint64_t dearest = 0;
    uint32_t turns = 0;
    while (!list_is_empty(&d.line[0].tasks)) {
        uint64_t work_us = 1 + rng_below(&r, 1000);
        struct line *l = serve(&d, work_us);
        if (l == &d.line[1])
            queue_wait(&d.queue, task_in(&d, &d.line[1]));
        got[l - d.line] += work_us + 1; // a task that is expected to cost nothing costs one
        dearest = num_max(dearest, work_us + 1);
        turns++;
        assert_true(gap(got[0], got[1]) <= dearest);
    }
    assert_true(turns > 1500);
    queue_free(&d.queue, first(&d.line[1].tasks));
    desk_close(&d);
}

// Two lines of one party share a turn; the third has as much work done as they have together.
static void test_a_party_has_one_turn(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    struct desk d;
    desk_open(&d);
    struct party party = {.task_count = 0};
    line_join(&d.line[0], &party);
    for (int i = 0; i < 600; i++)
        queue_wait(&d.queue, task_in(&d, &d.line[i % 3]));
    line_join(&d.line[1], &party); // with the tasks that it has
    assert_int_equal(party.task_count, 400);
    assert_int_equal(party.open[d.line[0].skill], 2);
    uint64_t got[3] = {0, 0, 0};
    for (int i = 0; i < 300; i++) {
        uint64_t work_us = 1 + rng_below(&r, 1000);
        got[serve(&d, work_us) - d.line] += work_us + 1;
        assert_true(gap(got[0], got[1]) <= 1001);
        assert_true(gap(got[0] + got[1], got[2]) <= 3 * 1001);
    }
    for (uint32_t i = 0; i < 3; i++)
        while (!list_is_empty(&d.line[i].tasks))
            queue_free(&d.queue, first(&d.line[i].tasks));
    assert_int_equal(party.task_count, 0);
    assert_int_equal(party.open[d.line[0].skill], 0);
    desk_close(&d);
}

// However many lines they bring, the greedy leave room: to the next party as much as each has.
static void test_parties_leave_room(void **state)
{
    (void)state;
    enum { GREEDY = 3 };
    struct desk d;
    desk_open(&d);
    d.budget.limit_bytes = (size_t)256 << 20;
    struct party party[GREEDY] = {{.task_count = 0}};
    bool is_full = false;
    for (uint32_t i = 0; i < GREEDY; i++)
        line_join(&d.line[i], &party[i]);
    while (!is_full) {
        is_full = true;
        for (uint32_t i = 0; i < GREEDY; i++) {
            struct task *t = task_in(&d, &d.line[i]);
            is_full = is_full && t == NULL;
            if (t != NULL)
                queue_wait(&d.queue, t);
        }
    }
    for (uint32_t i = 0; i < GREEDY; i++)
        assert_in_range(party[i].task_count, TASKS_MAX / 4 - 1, TASKS_MAX / 4 + 1);
    assert_false(queue_has_room(&d.queue, &d.line[0]));
    assert_true(queue_has_room(&d.queue, &d.line[GREEDY]));
    for (uint32_t i = 0; i < GREEDY; i++)
        while (!list_is_empty(&d.line[i].tasks))
            queue_free(&d.queue, first(&d.line[i].tasks));
    desk_close(&d);
}

static void test_idleness_earns_nothing(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d);
    for (int i = 0; i < 300; i++)
        queue_wait(&d.queue, task_new(&d));
    for (int i = 0; i < 100; i++)
        assert_ptr_equal(serve(&d, 50), &d.line[0]);
    for (int i = 0; i < 100; i++) // who did nothing meanwhile comes with as many
        queue_wait(&d.queue, task_in(&d, &d.line[1]));
    uint32_t got[2] = {0, 0};
    for (int i = 0; i < 60; i++) {
        got[serve(&d, 50) - d.line]++;
        assert_true(gap(got[0], got[1]) <= 1);
    }
    for (uint32_t i = 0; i < 2; i++)
        while (!list_is_empty(&d.line[i].tasks))
            queue_free(&d.queue, first(&d.line[i].tasks));
    desk_close(&d);
}

// ---- Any order

// What start-time fair queueing says, by a plain table.
struct twin {
    struct task *task[TASKS];
    enum { OUT, OWN, LINE, HELD, RETURNED } place[TASKS];
    uint64_t given_us[LINES];
    uint64_t turn_us[2]; // of the lines' two skills
    uint32_t filled[LINES];
};

static uint32_t line_index(const struct desk *d, const struct task *t)
{
    return (uint32_t)(t->line - d->line);
}

static uint64_t *turn_of(struct twin *w, uint32_t line)
{
    return &w->turn_us[line == LINES - 1];
}

static void twin_enter(struct twin *w, uint32_t line)
{
    if (w->filled[line]++ == 0)
        w->given_us[line] = num_max(w->given_us[line], *turn_of(w, line));
}

static void twin_give(struct twin *w, uint32_t line, uint64_t work_us)
{
    *turn_of(w, line) = w->given_us[line];
    w->given_us[line] += work_us + 1;
    w->filled[line]--;
}

// The queue's books against a plain count of where each task is said to be.
static void check_books(struct desk *d, const struct twin *w)
{
    uint32_t count[RETURNED + 1] = {0};
    uint32_t held[SEATS] = {0};
    uint32_t in_line[LINES] = {0};
    for (uint32_t i = 0; i < TASKS; i++) {
        struct task *t = w->task[i];
        count[t == NULL ? OUT : w->place[i]]++;
        if (t == NULL)
            continue;
        assert_ptr_equal(queue_find(&d->queue, t->id), t);
        in_line[line_index(d, t)] += w->place[i] == LINE;
        for (uint32_t k = 0; k < SEATS; k++)
            held[k] += queue_copy_at(t, d->seat[k]) != NULL;
    }
    assert_int_equal(d->queue.waiting_count, count[OWN] + count[LINE]);
    assert_int_equal(list_len(&d->queue.own), count[OWN]);
    for (uint32_t i = 0; i < SEATS; i++) {
        assert_int_equal(d->seat[i]->busy, held[i]);
        assert_int_equal(list_len(&d->seat[i]->tasks), held[i]);
    }
    uint64_t least = UINT64_MAX;
    for (uint32_t i = 0; i < LINES; i++) {
        assert_int_equal(list_len(&d->line[i].tasks), in_line[i]);
        assert_int_equal(w->filled[i], in_line[i]);
        if (in_line[i] > 0)
            assert_true(d->line[i].given == w->given_us[i]);
        if (in_line[i] > 0 && i < LINES - 1)
            least = num_min(least, w->given_us[i]);
    }
    const struct line *next = next_line(d, d->line[0].skill);
    assert_true((next == NULL ? UINT64_MAX : next->given) == least);
    roster_check(&d->roster);
}

static void leave(struct desk *d, struct twin *w, uint32_t i)
{
    w->filled[line_index(d, w->task[i])] -= w->place[i] == LINE;
}

static void begin(struct desk *d, struct rng *r, struct twin *w, uint32_t i)
{
    struct line *line = &d->line[rng_below(r, LINES)];
    w->task[i] = task_in(d, line);
    assert_non_null(w->task[i]);
    queue_wait(&d->queue, w->task[i]);
    w->place[i] = LINE;
    twin_enter(w, line_index(d, w->task[i]));
}

static void move(struct desk *d, struct rng *r, struct twin *w, uint32_t i)
{
    struct task *t = w->task[i];
    struct line *to = &d->line[rng_below(r, LINES - 1)];
    if (t->skill != to->skill)
        return;
    leave(d, w, i);
    queue_change_line(&d->queue, t, to);
    if (w->place[i] == LINE)
        twin_enter(w, line_index(d, t));
}

static void try_give(struct desk *d, struct rng *r, struct twin *w, uint32_t i)
{
    struct task *t = w->task[i];
    uint32_t seat = (uint32_t)rng_below(r, SEATS);
    if (seat_free_slots(d->seat[seat]) == 0)
        return;
    uint64_t work_us = rng_below(r, 1000);
    (void)give(d, t, seat, work_us);
    if (w->place[i] == LINE)
        twin_give(w, line_index(d, t), work_us);
    w->place[i] = HELD;
}

static void another_copy_or_end(struct desk *d, struct rng *r, struct twin *w, uint32_t i)
{
    struct task *t = w->task[i];
    struct seat *s = d->seat[rng_below(r, SEATS)];
    if (t->attempts < QUEUE_COPIES_MAX - 2 && rng_below(r, 2) == 0) {
        if (queue_copy_at(t, s) == NULL && seat_free_slots(s) > 0)
            (void)queue_copy(t, s, 5);
        return;
    }
    for (uint32_t k = 0; k < t->attempts; k++)
        queue_copy_end(&t->copy[k]);
    if (rng_below(r, 2) == 0) {
        queue_return(t);
        t->back.result = budget_take(&d->budget, 1 + rng_below(r, 100));
        w->place[i] = RETURNED;
    } else {
        queue_to_own(&d->queue, t);
        w->place[i] = OWN;
    }
}

static void one_step(struct desk *d, struct rng *r, struct twin *w, uint32_t i)
{
    struct task *t = w->task[i];
    uint64_t what = rng_below(r, 10);
    if (t == NULL) {
        begin(d, r, w, i);
    } else if (what < 2) {
        leave(d, w, i);
        queue_free(&d->queue, t);
        w->task[i] = NULL;
    } else if (what == 2) {
        move(d, r, w, i);
    } else if (what == 3 && t->state == TASK_WAITING) {
        leave(d, w, i);
        queue_to_own(&d->queue, t);
        w->place[i] = OWN;
    } else if (t->state == TASK_WAITING) {
        try_give(d, r, w, i);
    } else if (t->state == TASK_RETURNED) {
        queue_unreturn(&d->queue, t);
        w->place[i] = HELD;
    } else {
        another_copy_or_end(d, r, w, i);
    }
}

static void test_any_order(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    struct desk d;
    desk_open(&d);
    struct twin w = {.task = {NULL}};
    for (int i = 0; i < 20000; i++) {
        one_step(&d, &r, &w, (uint32_t)rng_below(&r, TASKS));
        check_books(&d, &w);
    }
    for (uint32_t i = 0; i < TASKS; i++)
        if (w.task[i] != NULL)
            queue_free(&d.queue, w.task[i]);
    assert_int_equal(d.queue.waiting_count, 0);
    desk_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_life),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_order_in_line),
        cmocka_unit_test(test_hurry),
        cmocka_unit_test(test_order_of_many),
        cmocka_unit_test(test_skills_take_turns),
        cmocka_unit_test(test_change_line),
        cmocka_unit_test(test_spec),
        cmocka_unit_test(test_budget_runs_out),
        cmocka_unit_test(test_many_do_not_hold_up_one),
        cmocka_unit_test(test_a_party_has_one_turn),
        cmocka_unit_test(test_parties_leave_room),
        cmocka_unit_test(test_idleness_earns_nothing),
        cmocka_unit_test(test_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
