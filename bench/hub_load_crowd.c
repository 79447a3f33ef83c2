// SPDX-License-Identifier: MIT
// What gamers and helpers of the load generator do with each message and each moment.
#include "hub_load_crowd.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>

#include "os/clock.h"

#define NS_PER_MS     1000000ull
#define NS_PER_S      1000000000ull
#define EVENTS        256
#define STARTING_MAX  64 // handshakes at once: a listener's queue may hold no more than 100
#define TICK_NS       (10 * NS_PER_MS)
#define RETRY_NS      (200 * NS_PER_MS)
#define REVIVE_NS     (100 * NS_PER_MS)
#define DOOM_NS       (50 * NS_PER_MS)
#define BEAT_NS       (10 * NS_PER_S)   // the seed drops a helper after 30 s without one
#define GATHER_NS     (180 * NS_PER_S)  // 10 000 handshakes with a slow coordinator
#define BACKLOG_BYTES ((size_t)1 << 20) // a gamer with more unsent bytes sends no new task
#define MESSAGE_ROOM  (LINK_MESSAGE_BYTES_MAX)
#define RECORD_DONE   UINT32_MAX
#define RECORD_FAILED (UINT32_MAX - 1)
#define RECORD_LOST   (UINT32_MAX - 2)

static uint64_t clock_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t); // cannot fail for this clock
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static void refresh(struct crowd *c)
{
    c->now_ns = clock_ns();
}

// To the next event of a Poisson process.
static uint64_t gap_ns(struct crowd *c, double rate_s)
{
    return (uint64_t)(-log1p(-rng_unit(&c->rng)) / rate_s * (double)NS_PER_S);
}

static void actor_init(struct crowd *c, struct actor *a, size_t index, bool is_helper)
{
    *a = (struct actor){.index = index, .is_helper = is_helper};
    link_init(&a->link);
    list_init(&a->off);
    list_init(&a->waiting);
    a->is_idle = is_helper && index >= c->cfg.helpers;
}

void crowd_init(struct crowd *c, const struct crowd_cfg *cfg)
{
    *c = (struct crowd){.cfg = *cfg, .rng = rng_seeded(cfg->seed)};
    link_net_init(&c->net, cfg->host, cfg->port, rng_u64(&c->rng));
    words_init(&c->words, cfg->vocabulary, cfg->payload_bytes, cfg->run);
    list_init(&c->off);
    list_init(&c->spare);
    c->gamer = load_alloc(cfg->gamers, sizeof *c->gamer);
    for (size_t i = 0; i < cfg->gamers; i++)
        actor_init(c, &c->gamer[i], i, false);
    c->helper = load_alloc(cfg->helpers + cfg->idle_helpers, sizeof *c->helper);
    for (size_t i = 0; i < cfg->helpers + cfg->idle_helpers; i++)
        actor_init(c, &c->helper[i], i, true);
    c->task = load_alloc(CROWD_WAITING_MAX, sizeof *c->task);
    for (size_t i = 0; i < CROWD_WAITING_MAX; i++)
        list_push_back(&c->spare, &c->task[i].node);
    c->record = mmap(NULL, CROWD_TASKS_MAX * sizeof *c->record, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (c->record == MAP_FAILED)
        load_die("mmap");
    c->message = load_alloc(1, MESSAGE_ROOM);
    quantiles_init(&c->latency_ns);
    quantiles_init(&c->lag_ns);
    refresh(c);
}

void crowd_end(struct crowd *c)
{
    for (size_t i = 0; i < c->cfg.gamers; i++)
        link_close(&c->gamer[i].link, "the end");
    for (size_t i = 0; i < c->helper_count; i++)
        link_close(&c->helper[i].link, "the end");
    link_net_end(&c->net);
    (void)munmap(c->record, CROWD_TASKS_MAX * sizeof *c->record);
    free(c->gamer);
    free(c->helper);
    free(c->task);
    free(c->message);
}

// ---- Saying something

static struct buffer say(struct crowd *c)
{
    return buffer_of(c->message, MESSAGE_ROOM);
}

static void say_to(struct crowd *c, struct actor *a, const struct buffer *said)
{
    assert(!said->is_full);
    link_send(&a->link, &c->net, buffer_bytes(said));
}

static uint64_t data_of(const struct crowd *c, uint64_t task)
{
    return c->cfg.same > 0 ? task % c->cfg.same : task;
}

static void send_task(struct crowd *c, struct task *t)
{
    struct buffer out = say(c);
    if (c->cfg.is_direct)
        words_assign(&c->words, &out, t->number, data_of(c, t->number));
    else
        words_submit(&c->words, &out, t->number, data_of(c, t->number));
    say_to(c, t->gamer, &out);
    t->due_ns = c->now_ns + c->cfg.give_up_ns;
}

static bool may_send(const struct crowd *c, const struct actor *gamer)
{
    return gamer->is_ready && gamer->waiting_count < c->cfg.outstanding &&
           gamer->link.out_len < BACKLOG_BYTES && !list_is_empty(&c->spare) &&
           c->count.sent < CROWD_TASKS_MAX;
}

static void new_task(struct crowd *c, struct actor *gamer, uint64_t intended_ns)
{
    struct task *t = CONTAINER_OF(c->spare.next, struct task, node);
    list_del(&t->node);
    t->number = c->count.sent++;
    t->gamer = gamer;
    t->intended_ns = intended_ns;
    c->record[t->number] = (uint32_t)(t - c->task);
    list_push_back(&gamer->waiting, &t->node);
    gamer->waiting_count++;
    send_task(c, t);
}

static bool is_closed_loop(const struct crowd *c)
{
    return c->is_loading && c->cfg.rate_tasks_s <= 0;
}

static void fill(struct crowd *c, struct actor *gamer)
{
    while (is_closed_loop(c) && may_send(c, gamer))
        new_task(c, gamer, c->now_ns);
}

// Arrivals whose time has come; one that no gamer may send yet keeps its time.
static void arrive(struct crowd *c)
{
    while (c->is_loading && c->arrival_ns <= c->now_ns) {
        size_t tried = 0;
        while (tried < c->cfg.gamers && !may_send(c, &c->gamer[c->turn % c->cfg.gamers])) {
            c->turn++;
            tried++;
        }
        if (tried == c->cfg.gamers)
            return;
        quantiles_put(&c->lag_ns, c->now_ns - c->arrival_ns);
        new_task(c, &c->gamer[c->turn++ % c->cfg.gamers], c->arrival_ns);
        c->arrival_ns += gap_ns(c, c->cfg.rate_tasks_s);
    }
}

// ---- Answers

static void close_task(struct crowd *c, struct task *t, uint32_t record)
{
    c->record[t->number] = record;
    t->gamer->waiting_count--;
    list_del(&t->node);
    list_push_front(&c->spare, &t->node);
}

static struct task *find_by_data(const struct crowd *c, struct actor *gamer, uint64_t data)
{
    LIST_FOR (at, &gamer->waiting) {
        struct task *t = CONTAINER_OF(at, struct task, node);
        if (data_of(c, t->number) == data)
            return t;
    }
    return NULL;
}

// Which task an answer is for; data: the number of what it echoes, NULL if that is not as it was
// sent. False: none that can be told.
static bool find_task(const struct crowd *c, struct actor *gamer, const struct words_message *m,
                      const uint64_t *data, uint64_t *task)
{
    if (words_task(&c->words, m->task_id, task))
        return true;
    if (data != NULL) {
        const struct task *t = c->cfg.same > 0 ? find_by_data(c, gamer, *data) : NULL;
        *task = t != NULL ? t->number : *data;
        return true;
    }
    if (m->kind == WORDS_FAILED && gamer->waiting_count == 1) {
        *task = CONTAINER_OF(gamer->waiting.next, struct task, node)->number;
        return true;
    }
    return false;
}

static void settle(struct crowd *c, struct task *t, bool is_done)
{
    if (is_done) {
        c->count.done++;
        c->count.in_time += c->now_ns <= c->end_ns;
        quantiles_put(&c->latency_ns, c->now_ns - t->intended_ns);
    } else {
        c->count.failed++;
    }
    close_task(c, t, is_done ? RECORD_DONE : RECORD_FAILED);
}

// What was given up is answered after all: so it is not lost.
static void settle_late(struct crowd *c, uint64_t task, bool is_done)
{
    c->count.late++;
    c->count.lost--;
    if (is_done)
        c->count.done++;
    else
        c->count.failed++;
    c->record[task] = is_done ? RECORD_DONE : RECORD_FAILED;
}

static void on_answer(struct crowd *c, struct actor *gamer, const struct words_message *m)
{
    uint64_t task = 0, data = 0;
    const bool is_intact = m->kind == WORDS_DONE && words_data(&c->words, m->data, &data);
    const bool is_found = find_task(c, gamer, m, is_intact ? &data : NULL, &task);
    if (!is_found && m->kind == WORDS_FAILED) {
        c->count.unnamed++;
        return;
    }
    if (!is_found || task >= c->count.sent) {
        c->count.wrong++;
        return;
    }
    const bool is_good = m->kind == WORDS_FAILED || (is_intact && data == data_of(c, task));
    const bool is_done = m->kind == WORDS_DONE && is_good;
    const uint32_t record = c->record[task];
    c->count.wrong += !is_good;
    if (record == RECORD_DONE || record == RECORD_FAILED)
        c->count.twice++;
    else if (record == RECORD_LOST)
        settle_late(c, task, is_done);
    else if (c->task[record].gamer != gamer)
        c->count.wrong++;
    else
        settle(c, &c->task[record], is_done);
    fill(c, gamer);
}

// ---- Coming and going

static void go_off(struct crowd *c, struct actor *a, uint64_t wait_ns)
{
    c->ready -= a->is_ready;
    c->starting -= !a->is_ready;
    a->is_ready = false;
    a->retry_ns = c->now_ns + wait_ns;
    if (list_is_empty(&a->off))
        list_push_back(&c->off, &a->off);
}

// A link may die in any call: seen here, after each event.
static void mind(struct crowd *c, struct actor *a)
{
    if (a->link.state != LINK_OFF || !list_is_empty(&a->off))
        return;
    if (!c->cfg.has_reconnect && c->fault == NULL)
        c->fault = a->link.why;
    go_off(c, a, RETRY_NS);
}

static void start(struct crowd *c, struct actor *a)
{
    list_del(&a->off);
    c->starting++;
    link_start(&a->link, &c->net);
    mind(c, a);
}

static void start_due(struct crowd *c)
{
    LIST_FOR_SAFE (at, &c->off) {
        struct actor *a = CONTAINER_OF(at, struct actor, off);
        if (c->starting >= STARTING_MAX)
            return;
        if (a->retry_ns <= c->now_ns)
            start(c, a);
    }
}

static void on_registered(struct crowd *c, struct actor *a)
{
    if (a->is_ready)
        return;
    a->is_ready = true;
    c->starting--;
    c->ready++;
    c->count.reconnects += a->was_ready;
    a->was_ready = true;
    if (a->is_helper)
        return;
    LIST_FOR (at, &a->waiting) {
        send_task(c, CONTAINER_OF(at, struct task, node));
        c->count.resent++;
    }
    fill(c, a);
}

static void kill_doomed(struct crowd *c)
{
    struct actor *a = c->doomed;
    c->doomed = NULL;
    if (a == NULL || !a->is_ready)
        return;
    c->count.kills++;
    link_abort(&a->link, "killed");
    go_off(c, a, REVIVE_NS);
}

// Anybody, idle or not, or one with a task in hand: a coordinator may give all to a few.
static void doom_one(struct crowd *c)
{
    kill_doomed(c);
    if (rng_below(&c->rng, 2) == 0)
        c->dooms_next = true;
    else
        c->doomed = &c->helper[rng_below(&c->rng, c->cfg.helpers)];
    c->doom_ns = c->now_ns + DOOM_NS;
    c->kill_ns += gap_ns(c, c->cfg.kills_s);
}

static void on_assigned(struct crowd *c, struct actor *helper, const struct words_message *m)
{
    if (helper == c->doomed || c->dooms_next) {
        c->doomed = helper;
        c->dooms_next = false;
        c->count.dropped++;
        kill_doomed(c);
        return;
    }
    struct buffer out = say(c);
    words_result(&c->words, &out, helper->index, m);
    say_to(c, helper, &out);
}

static void on_unknown(struct crowd *c, struct bytes text)
{
    if (c->count.unknown++ == 0)
        (void)fprintf(stderr, "hub_load: not understood: %.*s\n",
                      text.len < 300 ? (int)text.len : 300, (const char *)text.at);
}

static void on_message(struct crowd *c, struct actor *a, struct bytes text)
{
    struct words_message m;
    words_read(&c->words, text, &m);
    if (m.kind == WORDS_REGISTERED)
        on_registered(c, a);
    else if (m.kind == WORDS_ASSIGNED && a->is_helper)
        on_assigned(c, a, &m);
    else if ((m.kind == WORDS_DONE || m.kind == WORDS_FAILED) && !a->is_helper)
        on_answer(c, a, &m);
    else if (m.kind != WORDS_OTHER)
        on_unknown(c, text);
}

static void on_event(struct crowd *c, struct actor *a, uint32_t events)
{
    const enum link_state before = a->link.state;
    struct bytes text;
    if (link_events(&a->link, &c->net, events) && link_take(&a->link, &c->net)) {
        refresh(c);
        if (before == LINK_UPGRADING && a->link.state == LINK_OPEN) {
            struct buffer out = say(c);
            words_register(&c->words, &out, a->is_helper, a->index);
            say_to(c, a, &out);
        }
        while (link_next(&a->link, &c->net, &text))
            on_message(c, a, text);
    }
    mind(c, a);
}

// ---- Time

static void give_up_late(struct crowd *c, struct actor *gamer)
{
    // Who is cut off sends its tasks again; but not for ever.
    const bool is_over = c->now_ns > c->end_ns + 2 * c->cfg.give_up_ns;
    while ((gamer->is_ready || is_over) && !list_is_empty(&gamer->waiting)) {
        struct task *t = CONTAINER_OF(gamer->waiting.next, struct task, node);
        if (t->due_ns > c->now_ns)
            return;
        c->count.lost++;
        close_task(c, t, RECORD_LOST);
    }
}

static void beat(struct crowd *c)
{
    if (c->cfg.vocabulary != WORDS_NET || c->cfg.is_direct || c->helper_count == 0)
        return;
    for (size_t i = 0; i < c->helper_count && c->beat_ns <= c->now_ns; i++) {
        struct actor *a = &c->helper[c->beat_index++ % c->helper_count];
        c->beat_ns += BEAT_NS / c->helper_count;
        if (!a->is_ready)
            continue;
        struct buffer out = say(c);
        words_heartbeat(&c->words, &out, a->index);
        say_to(c, a, &out);
    }
}

static void tick(struct crowd *c)
{
    c->tick_ns = c->now_ns + TICK_NS;
    c->words.wall_s = clock_wall_s();
    for (size_t i = 0; i < c->cfg.gamers; i++) {
        give_up_late(c, &c->gamer[i]);
        fill(c, &c->gamer[i]);
    }
    beat(c);
    if (c->is_loading && c->cfg.kills_s > 0 && c->kill_ns <= c->now_ns)
        doom_one(c);
    if (c->doomed != NULL && c->doom_ns <= c->now_ns)
        kill_doomed(c);
}

static void turn(struct crowd *c)
{
    struct epoll_event e[EVENTS];
    uint64_t due_ns = c->tick_ns;
    if (c->is_loading && c->cfg.rate_tasks_s > 0 && c->arrival_ns < due_ns)
        due_ns = c->arrival_ns;
    refresh(c);
    const uint64_t wait_ns = c->cfg.has_spin || due_ns <= c->now_ns ? 0 : due_ns - c->now_ns;
    const struct timespec wait = {.tv_sec = (time_t)(wait_ns / NS_PER_S),
                                  .tv_nsec = (long)(wait_ns % NS_PER_S)};
    const int n = epoll_pwait2(c->net.epoll, e, EVENTS, &wait, NULL);
    if (n < 0 && errno != EINTR)
        load_die("epoll_pwait2");
    refresh(c);
    for (int i = 0; i < n; i++)
        on_event(c, CONTAINER_OF(e[i].data.ptr, struct actor, link), e[i].events);
    if (c->tick_ns <= c->now_ns)
        tick(c);
    if (c->cfg.rate_tasks_s > 0)
        arrive(c);
    if (!list_is_empty(&c->off))
        start_due(c);
    link_flush_all(&c->net);
}

// ---- The whole

static bool gather(struct crowd *c, size_t count)
{
    refresh(c);
    const uint64_t end_ns = c->now_ns + GATHER_NS;
    while (c->fault == NULL && c->ready < count) {
        turn(c);
        if (c->now_ns > end_ns)
            c->fault = "not all were registered in time";
    }
    return c->fault == NULL;
}

static void wire_directly(struct crowd *c)
{
    for (size_t i = 0; i < c->cfg.gamers; i++) {
        link_pair(&c->gamer[i].link, &c->helper[i].link, &c->net);
        c->gamer[i].is_ready = c->helper[i].is_ready = true;
        c->ready += 2;
    }
    c->helper_count = c->cfg.helpers;
}

bool crowd_gather(struct crowd *c)
{
    if (c->cfg.is_direct) {
        assert(c->cfg.gamers == c->cfg.helpers);
        wire_directly(c);
        return true;
    }
    for (size_t i = 0; i < c->cfg.helpers; i++)
        list_push_back(&c->off, &c->helper[i].off);
    for (size_t i = 0; i < c->cfg.gamers; i++)
        list_push_back(&c->off, &c->gamer[i].off);
    c->helper_count = c->cfg.helpers;
    c->beat_ns = c->now_ns;
    return gather(c, c->cfg.helpers + c->cfg.gamers);
}

bool crowd_add_idle(struct crowd *c)
{
    const size_t all = c->cfg.helpers + c->cfg.idle_helpers;
    for (size_t i = c->helper_count; i < all; i++)
        list_push_back(&c->off, &c->helper[i].off);
    c->helper_count = all;
    return gather(c, all + c->cfg.gamers);
}

static bool is_waiting(const struct crowd *c)
{
    return c->count.sent > c->count.done + c->count.failed + c->count.lost;
}

bool crowd_load(struct crowd *c, double seconds)
{
    refresh(c);
    c->end_ns = c->now_ns + (uint64_t)(seconds * (double)NS_PER_S);
    c->arrival_ns = c->now_ns;
    c->kill_ns = c->now_ns + (c->cfg.kills_s > 0 ? gap_ns(c, c->cfg.kills_s) : 0);
    c->is_loading = c->end_ns > c->now_ns;
    for (size_t i = 0; i < c->cfg.gamers; i++)
        fill(c, &c->gamer[i]);
    link_flush_all(&c->net);
    while (c->fault == NULL && (c->is_loading || is_waiting(c))) {
        turn(c);
        c->is_loading = c->is_loading && c->now_ns < c->end_ns;
    }
    for (size_t i = 0; i < c->cfg.gamers && c->fault != NULL; i++)
        while (!list_is_empty(&c->gamer[i].waiting)) {
            c->count.lost++;
            close_task(c, CONTAINER_OF(c->gamer[i].waiting.next, struct task, node), RECORD_LOST);
        }
    assert(!is_waiting(c));
    assert(c->count.sent == c->count.done + c->count.failed + c->count.lost);
    return c->fault == NULL;
}
