// SPDX-License-Identifier: MIT
// A sandboxed worker as the program sees it.
#include "os/worker.h"

#include <assert.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "base/num.h"
#include "base/text.h"
#include "os/cell.h"
#include "os/clock.h"

#define DRAIN_MAX 65536 // far more messages than a socket's buffer holds

enum worker_state {
    WORKER_WAITING, // no process
    WORKER_STARTING,
    WORKER_READY,
    WORKER_BUSY,
    WORKER_DYING, // killed, not yet reported ended
    WORKER_GONE,
};

struct worker {
    struct nursery *nursery;
    struct loop *loop;
    struct worker_limits limits;
    struct worker_handlers handlers;
    struct cell_areas areas;
    struct nursery_child child;
    enum worker_state state;
    bool is_closed;

    // They outlive processes: emptied after each, so that nothing passes from one to the next.
    int socket[2]; // ours, the worker's
    int memory;
    uint8_t *shared;
    uint8_t *copy; // of result and report, ours alone
    uv_poll_t poll;
    struct loop_timer *timer; // what it is for follows from state

    pid_t pid; // 0 until told
    clockid_t clock;
    bool has_greeted;
    uint32_t walls;
    uint32_t deaths_in_row; // without an answer between
    size_t object_len;      // what is touched of the object area

    bool has_call; // accepted, on_done is owed
    struct cell_call call;
    uint64_t budget_us;
    uint64_t sent_us; // 0: held
    uint64_t sent_cpu_us;

    enum rc doom; // why it was killed by us; meaningful in WORKER_DYING
    char text[ERR_TEXT_BYTES];
};

// Processor time of the process so far, as the kernel counts it.
static uint64_t process_cpu_us(const struct worker *w)
{
    struct timespec t;
    if (w->pid == 0 || clock_gettime(w->clock, &t) != 0)
        return 0;
    return (uint64_t)t.tv_sec * US_PER_S + (uint64_t)t.tv_nsec / 1000;
}

static void set_timer(struct worker *w, uint64_t wait_us)
{
    loop_timer_at(w->timer, time_after(clock_now_us(), wait_us)); // this turn may be an old one
}

static void clear_timer(struct worker *w)
{
    loop_timer_at(w->timer, UINT64_MAX);
}

static uint8_t *area_at(const struct worker *w, enum cell_area area)
{
    return w->shared + cell_area_at(&w->areas, area);
}

// Gives pages back; they read as zero again. Only memory is lost if it fails.
static void release_pages(const struct worker *w, size_t from, size_t to)
{
    if (from < to)
        (void)fallocate(w->memory, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)from,
                        (off_t)(to - from));
}

// Kills the process; what follows comes with on_ended.
static void condemn(struct worker *w, enum rc why, const char *text)
{
    assert(w->state == WORKER_STARTING || w->state == WORKER_READY || w->state == WORKER_BUSY);
    clear_timer(w);
    w->state = WORKER_DYING;
    w->doom = why;
    bytes_to_text(bytes_text(text), w->text, sizeof w->text);
    nursery_kill(w->nursery, &w->child);
}

static void start(struct worker *w)
{
    assert(w->state == WORKER_WAITING && w->pid == 0);
    const struct nursery_order order = {.areas = w->areas,
                                        .memory_bytes = w->limits.memory_bytes,
                                        .cpu_s = w->limits.cpu_s,
                                        .socket = w->socket[1],
                                        .memory = w->memory};
    w->has_greeted = false;
    w->walls = 0;
    const enum rc rc = nursery_spawn(w->nursery, &w->child, &order);
    if (rc == RC_OK) {
        w->state = WORKER_STARTING;
        set_timer(w, WORKER_START_US);
    } else if (rc == RC_AGAIN) {
        set_timer(w, WORKER_RETRY_US);
    } // RC_CLOSED: on_failed is about to say so
}

static uint64_t retry_wait_us(const struct worker *w)
{
    if (w->deaths_in_row <= WORKER_RETRY_FREE)
        return 0;
    const uint64_t doublings = num_min(w->deaths_in_row - WORKER_RETRY_FREE - 1, 20);
    return num_min((uint64_t)WORKER_RETRY_US << doublings, WORKER_RETRY_US_MAX);
}

// Answers the outstanding call; the handler may make the next one, or close the worker.
static void finish(struct worker *w, struct worker_done *done, uint64_t cpu_us)
{
    assert(w->has_call);
    if (w->sent_us != 0) {
        done->wall_us = time_since(w->sent_us, clock_now_us());
        // One thread: it cannot have used more than the time that passed.
        done->cpu_us = num_min(time_since(w->sent_cpu_us, cpu_us), done->wall_us);
    }
    w->has_call = false;
    w->sent_us = 0;
    w->handlers.on_done(w->handlers.self, done);
}

static void drain(int socket)
{
    uint8_t dropped[1];
    for (size_t i = 0; i < DRAIN_MAX; i++)
        if (recv(socket, dropped, sizeof dropped, MSG_DONTWAIT) < 0)
            return; // an empty message, 0, is a message too
}

// After a process is gone, or never came to be. cpu_us: of its life.
static void bury(struct worker *w, enum rc why, enum rc done_rc, uint64_t cpu_us)
{
    clear_timer(w);
    drain(w->socket[0]);
    drain(w->socket[1]);
    release_pages(w, 0, cell_area_at(&w->areas, CELL_AREAS));
    w->object_len = 0;
    w->pid = 0;
    const bool is_last = why == RC_CLOSED || why == RC_UNSUPPORTED;
    w->state = is_last ? WORKER_GONE : WORKER_WAITING;
    if (!is_last && why != RC_OK)
        w->deaths_in_row++;
    const uint64_t wait_us = retry_wait_us(w);
    if (!is_last && wait_us == 0)
        start(w);
    else if (!is_last)
        set_timer(w, wait_us);
    w->handlers.on_dead(w->handlers.self, why, w->text);
    if (!w->is_closed && w->has_call)
        finish(w, &(struct worker_done){.rc = done_rc, .text = w->text}, cpu_us);
}

static void on_failed(void *self, enum rc rc)
{
    struct worker *w = self;
    if (w->state == WORKER_GONE)
        return;
    struct text t = text_of(w->text, sizeof w->text);
    text_add(&t, rc == RC_CLOSED ? "the nursery is gone" : "no process can be made: ");
    text_add(&t, rc == RC_CLOSED ? "" : rc_text(rc));
    bury(w, rc, rc, 0);
}

static enum rc tell_death(struct worker *w, int status, uint64_t cpu_us)
{
    struct text t = text_of(w->text, sizeof w->text);
    if (!WIFSIGNALED(status)) {
        text_addf(&t, "ended by itself with code %d", WEXITSTATUS(status));
        return RC_CRASHED;
    }
    const int signal = WTERMSIG(status);
    // The kernel enforces its limit by ticks, and reports finer: they differ by less than 1 s.
    if (signal == SIGKILL && cpu_us + US_PER_S >= w->limits.cpu_s * US_PER_S) {
        text_addf(&t, "its %llu s of processor time are spent",
                  (unsigned long long)w->limits.cpu_s);
        return RC_TIMEOUT;
    }
    const char *name = sigdescr_np(signal);
    text_addf(&t, "died of signal %d (%s)", signal, name == NULL ? "unknown" : name);
    if (signal == SIGSYS)
        text_add(&t, ": a forbidden system call, or abort");
    if (signal == SIGKILL)
        text_add(&t, ": not ours; perhaps the machine's memory ran out");
    return RC_CRASHED;
}

static void on_ended(void *self, int status, uint64_t cpu_us)
{
    struct worker *w = self;
    if (w->state == WORKER_DYING) {
        bury(w, w->doom, w->doom == RC_OK ? RC_CLOSED : w->doom, cpu_us);
        return;
    }
    const enum rc why = tell_death(w, status, cpu_us);
    bury(w, why, why, cpu_us);
}

static void send_call(struct worker *w)
{
    assert(w->state == WORKER_READY && w->has_call);
    w->state = WORKER_BUSY;
    w->sent_us = clock_now_us();
    w->sent_cpu_us = process_cpu_us(w);
    set_timer(w, w->budget_us);
    // A message into an empty socket whose other end we hold ourselves: it fits.
    const ssize_t sent = send(w->socket[0], &w->call, sizeof w->call, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent != (ssize_t)sizeof w->call)
        condemn(w, RC_IO, "cannot be reached");
}

static void become_ready(struct worker *w)
{
    if (w->pid == 0 || !w->has_greeted || w->state != WORKER_STARTING)
        return;
    w->state = WORKER_READY;
    clear_timer(w);
    if (w->has_call)
        send_call(w);
}

static void on_started(void *self, pid_t pid)
{
    struct worker *w = self;
    w->pid = pid;
    if (clock_getcpuclockid(pid, &w->clock) != 0)
        w->clock = CLOCK_PROCESS_CPUTIME_ID; // it is dead already; any clock will do
    become_ready(w);
}

static void take_greeting(struct worker *w, const struct cell_answer *a)
{
    w->walls = (uint32_t)a->result_len;
    if (a->rc != RC_OK || cage_level(w->walls) == CAGE_LEVEL_NONE) {
        struct text t = text_of(w->text, sizeof w->text);
        text_add(&t, "the walls cannot be closed here; standing: ");
        cage_walls_text(w->walls, &t);
        char text[ERR_TEXT_BYTES];
        bytes_to_text(bytes_of(t.at, t.len), text, sizeof text);
        condemn(w, RC_UNSUPPORTED, text);
        return;
    }
    w->has_greeted = true;
    become_ready(w);
}

static void take_answer(struct worker *w, const struct cell_answer *a)
{
    const uint64_t cpu_us = process_cpu_us(w);
    clear_timer(w);
    w->state = WORKER_READY;
    w->deaths_in_row = 0;
    const size_t result_len = (size_t)a->result_len;
    const size_t report_len = (size_t)a->report_len;
    uint8_t *report = w->copy + w->limits.result_bytes;
    memcpy(w->copy, area_at(w, CELL_RESULT), result_len);
    memcpy(report, area_at(w, CELL_REPORT), report_len);
    if (result_len > WORKER_KEEP_BYTES)
        release_pages(w, cell_area_at(&w->areas, CELL_RESULT),
                      cell_area_at(&w->areas, CELL_RESULT + 1));
    struct worker_done done = {.rc = (enum rc)a->rc,
                               .result = bytes_of(w->copy, result_len),
                               .report = bytes_of(report, report_len),
                               .text = rc_text((enum rc)a->rc)};
    finish(w, &done, cpu_us);
    if (!w->is_closed && w->state == WORKER_READY && cpu_us / US_PER_S >= w->limits.cpu_s / 2)
        worker_renew(w);
}

// What came from the worker, which may be hostile: every field is looked at.
static void judge_answer(struct worker *w, const struct cell_answer *a)
{
    if (w->state == WORKER_STARTING && a->serial == 0 && !w->has_greeted)
        take_greeting(w, a);
    else if (w->state == WORKER_BUSY && a->serial == w->call.serial && a->rc < RC_COUNT &&
             a->result_len <= w->limits.result_bytes && a->report_len <= w->limits.report_bytes)
        take_answer(w, a);
    else if (w->state != WORKER_DYING && w->state != WORKER_WAITING && w->state != WORKER_GONE)
        condemn(w, RC_CRASHED, "broke the protocol");
}

// One message; if there are more, the loop comes back at once.
static void read_answer(struct worker *w)
{
    struct cell_answer a;
    const ssize_t got = recv(w->socket[0], &a, sizeof a, MSG_DONTWAIT);
    if (got < 0)
        return; // nothing there; the other end is held open by us
    if (got != (ssize_t)sizeof a)
        a = (struct cell_answer){.serial = UINT32_MAX, .rc = RC_COUNT}; // never asked for
    judge_answer(w, &a);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status; // an error shows in the reading
    (void)events; // only one kind is watched
    read_answer(poll->data);
}

static void on_timer(void *self)
{
    struct worker *w = self;
    // If this loop was late itself, the answer may be here already.
    if (w->state == WORKER_STARTING || w->state == WORKER_BUSY) {
        const uint32_t serial = w->call.serial;
        const enum worker_state before = w->state;
        read_answer(w);
        if (w->is_closed || w->state != before || w->call.serial != serial)
            return;
    }
    if (w->state == WORKER_STARTING)
        condemn(w, RC_TIMEOUT, "did not start in time");
    else if (w->state == WORKER_BUSY)
        condemn(w, RC_TIMEOUT, "ran over its budget");
    else if (w->state == WORKER_WAITING)
        start(w);
}

static bool limits_fit(const struct worker_limits *l)
{
    const size_t area[] = {l->request_bytes, l->object_bytes, l->result_bytes, l->report_bytes};
    for (size_t i = 0; i < ARRAY_COUNT(area); i++)
        if (area[i] == 0 || area[i] > CELL_AREA_BYTES_MAX)
            return false;
    return l->memory_bytes <= WORKER_MEMORY_BYTES_MAX && l->cpu_s > 0 &&
           l->cpu_s <= WORKER_CPU_S_MAX;
}

// Sockets and memory. What was made is unmade by give_back_system, also after a failure.
static enum rc take_system(struct worker *w)
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, w->socket) != 0)
        return RC_IO;
    w->memory = memfd_create("worker", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    const size_t all = cell_area_at(&w->areas, CELL_AREAS);
    if (w->memory < 0 || ftruncate(w->memory, (off_t)all) != 0 ||
        fcntl(w->memory, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0)
        return RC_IO;
    w->shared = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_SHARED, w->memory, 0);
    w->copy = mmap(NULL, w->limits.result_bytes + w->limits.report_bytes, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return w->shared == MAP_FAILED || w->copy == MAP_FAILED ? RC_NOMEM : RC_OK;
}

static void give_back_system(struct worker *w)
{
    if (w->shared != NULL && w->shared != MAP_FAILED)
        (void)munmap(w->shared, cell_area_at(&w->areas, CELL_AREAS));
    if (w->copy != NULL && w->copy != MAP_FAILED)
        (void)munmap(w->copy, w->limits.result_bytes + w->limits.report_bytes);
    const int fd[] = {w->memory, w->socket[0], w->socket[1]};
    for (size_t i = 0; i < ARRAY_COUNT(fd); i++)
        if (fd[i] >= 0)
            (void)close(fd[i]); // nothing buffered can be lost
}

static enum rc take_loop(struct worker *w)
{
    w->poll.data = w;
    if (uv_poll_init(loop_uv(w->loop), &w->poll, w->socket[0]) != 0)
        return RC_IO;
    enum rc rc = loop_timer_new(&w->timer, w->loop, on_timer, w);
    if (rc == RC_OK && uv_poll_start(&w->poll, UV_READABLE, on_readable) != 0)
        rc = RC_IO;
    if (rc != RC_OK) {
        uv_close((uv_handle_t *)&w->poll, NULL);
        loop_timer_free(w->timer);
    }
    return rc;
}

enum rc worker_new(struct worker **out, const struct worker_cfg *cfg)
{
    assert(cfg->handlers.on_done != NULL && cfg->handlers.on_dead != NULL);
    *out = NULL;
    if (!limits_fit(&cfg->limits))
        return RC_CONFIG;
    if (!nursery_is_alive(cfg->nursery))
        return RC_CLOSED;
    struct worker *w = arena_take(cfg->arena, sizeof *w);
    if (w == NULL)
        return RC_NOMEM;
    *w = (struct worker){
        .nursery = cfg->nursery,
        .loop = cfg->loop,
        .limits = cfg->limits,
        .handlers = cfg->handlers,
        .areas = {.bytes = {cfg->limits.request_bytes, cfg->limits.object_bytes,
                            cfg->limits.result_bytes, cfg->limits.report_bytes}},
        .child = {.self = w,
                  .on_started = on_started,
                  .on_ended = on_ended,
                  .on_failed = on_failed},
        .socket = {-1, -1},
        .memory = -1,
    };
    enum rc rc = nursery_join(w->nursery, &w->child);
    if (rc != RC_OK)
        return rc;
    rc = take_system(w);
    if (rc == RC_OK)
        rc = take_loop(w);
    if (rc != RC_OK) {
        nursery_leave(w->nursery, &w->child);
        give_back_system(w);
        return rc;
    }
    start(w);
    *out = w;
    return RC_OK;
}

static enum rc take_call(struct worker *w, enum cell_op op, struct bytes in, uint64_t budget_us)
{
    assert(!w->is_closed && budget_us > 0);
    const enum cell_area area = op == CELL_OP_LOAD ? CELL_OBJECT : CELL_REQUEST;
    if (w->state == WORKER_GONE)
        return RC_CLOSED;
    if (w->has_call || w->state == WORKER_DYING)
        return RC_AGAIN;
    if (in.len > w->areas.bytes[area])
        return RC_FULL;
    if (in.len > 0)
        memcpy(area_at(w, area), in.at, in.len);
    if (op == CELL_OP_LOAD) {
        const size_t from = cell_area_at(&w->areas, area);
        if (in.len < w->object_len)
            release_pages(w, from + in.len, from + w->object_len);
        w->object_len = in.len;
    }
    const uint32_t serial = w->call.serial == UINT32_MAX - 1 ? 1 : w->call.serial + 1;
    w->call = (struct cell_call){.op = op, .serial = serial, .len = in.len};
    w->budget_us = budget_us;
    w->has_call = true;
    w->sent_us = 0;
    if (w->state == WORKER_READY)
        send_call(w);
    return RC_OK;
}

enum rc worker_load(struct worker *w, struct bytes object, uint64_t budget_us)
{
    return take_call(w, CELL_OP_LOAD, object, budget_us);
}

enum rc worker_run(struct worker *w, struct bytes request, uint64_t budget_us)
{
    return take_call(w, CELL_OP_RUN, request, budget_us);
}

void worker_renew(struct worker *w)
{
    if (w->state == WORKER_READY || w->state == WORKER_BUSY)
        condemn(w, RC_OK, "replaced by a fresh one");
}

uint32_t worker_walls(const struct worker *w)
{
    return w->walls;
}

pid_t worker_pid(const struct worker *w)
{
    return w->pid;
}

void worker_close(struct worker *w)
{
    if (w == NULL)
        return;
    assert(!w->is_closed);
    w->is_closed = true;
    nursery_leave(w->nursery, &w->child);
    uv_close((uv_handle_t *)&w->poll, NULL);
    loop_timer_free(w->timer);
    give_back_system(w);
}
