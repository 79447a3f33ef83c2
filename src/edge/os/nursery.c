// SPDX-License-Identifier: MIT
// The program's end of the nursery.
#include "os/nursery.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdalign.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "os/nursery_process.h"

#define NOTES_A_TURN 64 // read at once before other descriptors get their turn

struct nursery {
    int socket; // -1 once it is stopped or lost
    pid_t pid;
    bool has_poll;
    uint32_t serial; // of the last order
    uv_poll_t poll;
    struct nursery_child *child[NURSERY_WORKERS_MAX];
};

// The code's set-up is bounded; then its answer, or none.
static enum rc await_ready(int socket, struct err *err)
{
    struct pollfd p = {.fd = socket, .events = POLLIN};
    int got;
    do
        got = poll(&p, 1, NURSERY_READY_MS);
    while (got < 0 && errno == EINTR);
    if (got == 0)
        return err_set(err, RC_TIMEOUT, "the workers' set-up took over %d ms", NURSERY_READY_MS);
    struct nursery_ready ready;
    if (got < 0 || recv(socket, &ready, sizeof ready, 0) != (ssize_t)sizeof ready)
        return err_set(err, RC_CRASHED, "the workers' set-up crashed");
    if (ready.rc != RC_OK)
        return err_set(err, (enum rc)ready.rc, "%s", ready.text);
    return RC_OK;
}

// Closing the socket is what ends it.
static void end_process(struct nursery *n)
{
    if (n->socket >= 0)
        (void)close(n->socket);
    n->socket = -1;
    while (n->pid > 0 && waitpid(n->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    n->pid = 0;
}

enum rc nursery_start(struct nursery **out, struct arena *arena, const struct nursery_cfg *cfg,
                      struct err *err)
{
    *out = NULL;
    if (nursery_thread_count() != 1)
        return err_set(err, RC_CONFIG, "workers must be prepared before any thread is started");
    struct nursery *n = arena_take(arena, sizeof *n);
    if (n == NULL)
        return err_set(err, RC_NOMEM, "no memory for the nursery");
    int end[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, end) != 0)
        return err_set(err, RC_IO, "cannot make a socket pair: %s", strerror(errno));
    const pid_t program = getpid();
    n->socket = end[0];
    n->pid = fork();
    if (n->pid == 0)
        nursery_process(end[1], program, cfg);
    (void)close(end[1]);
    enum rc rc = n->pid > 0 ? await_ready(n->socket, err)
                            : err_set(err, RC_IO, "cannot fork: %s", strerror(errno));
    if (rc != RC_OK) {
        end_process(n);
        return rc;
    }
    *out = n;
    return RC_OK;
}

static struct nursery_child *find_child(struct nursery *n, uint32_t serial)
{
    for (size_t i = 0; i < NURSERY_WORKERS_MAX; i++)
        if (n->child[i] != NULL && n->child[i]->serial == serial)
            return n->child[i];
    return NULL;
}

static void take_note(struct nursery *n, const struct nursery_note *note)
{
    struct nursery_child *c = find_child(n, note->serial);
    if (c == NULL)
        return; // it left meanwhile
    if (note->event == NURSERY_STARTED) {
        c->on_started(c->self, note->pid);
        return;
    }
    c->serial = 0;
    if (note->event == NURSERY_ENDED)
        c->on_ended(c->self, note->status, note->cpu_us);
    else
        c->on_failed(c->self, (enum rc)note->rc);
}

static void lose_process(struct nursery *n)
{
    (void)uv_poll_stop(&n->poll); // cannot fail on an initialised handle
    (void)close(n->socket);
    n->socket = -1;
    for (size_t i = 0; i < NURSERY_WORKERS_MAX; i++) {
        struct nursery_child *c = n->child[i];
        if (c == NULL)
            continue;
        c->serial = 0;
        c->on_failed(c->self, RC_CLOSED);
    }
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct nursery *n = poll->data;
    (void)events; // only one kind is watched
    if (status < 0) {
        lose_process(n);
        return;
    }
    for (size_t i = 0; i < NOTES_A_TURN && n->socket >= 0; i++) {
        struct nursery_note note;
        const ssize_t got = recv(n->socket, &note, sizeof note, MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (got != (ssize_t)sizeof note) {
            lose_process(n);
            return;
        }
        take_note(n, &note);
    }
}

enum rc nursery_listen(struct nursery *n, struct loop *loop)
{
    assert(!n->has_poll);
    n->poll.data = n;
    if (uv_poll_init(loop_uv(loop), &n->poll, n->socket) != 0)
        return RC_IO;
    n->has_poll = true;
    return uv_poll_start(&n->poll, UV_READABLE, on_readable) == 0 ? RC_OK : RC_IO;
}

void nursery_stop(struct nursery *n)
{
    if (n == NULL)
        return;
    if (n->has_poll)
        uv_close((uv_handle_t *)&n->poll, NULL);
    n->has_poll = false;
    end_process(n);
}

bool nursery_is_alive(const struct nursery *n)
{
    return n->socket >= 0;
}

pid_t nursery_pid(const struct nursery *n)
{
    return n->pid;
}

enum rc nursery_join(struct nursery *n, struct nursery_child *c)
{
    for (size_t i = 0; i < NURSERY_WORKERS_MAX; i++) {
        if (n->child[i] != NULL)
            continue;
        n->child[i] = c;
        c->index = (uint32_t)i;
        c->serial = 0;
        return RC_OK;
    }
    return RC_FULL;
}

void nursery_leave(struct nursery *n, struct nursery_child *c)
{
    assert(n->child[c->index] == c);
    nursery_kill(n, c);
    n->child[c->index] = NULL;
}

enum rc nursery_spawn(struct nursery *n, struct nursery_child *c, const struct nursery_order *order)
{
    assert(n->child[c->index] == c); // it has joined ...
    assert(c->serial == 0);          // ... and has no worker
    if (n->socket < 0)
        return RC_CLOSED;
    n->serial = n->serial == UINT32_MAX ? 1 : n->serial + 1;
    struct nursery_message m = {.verb = NURSERY_SPAWN,
                                .serial = n->serial,
                                .areas = order->areas,
                                .memory_bytes = order->memory_bytes,
                                .cpu_s = order->cpu_s};
    const int fd[NURSERY_FDS] = {order->socket, order->memory};
    alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof fd)] = {0};
    struct iovec part = {.iov_base = &m, .iov_len = sizeof m};
    const struct msghdr header = {.msg_iov = &part,
                                  .msg_iovlen = 1,
                                  .msg_control = control,
                                  .msg_controllen = sizeof control};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
    *rights = (struct cmsghdr){
        .cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(rights), fd, sizeof fd);
    if (sendmsg(n->socket, &header, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)sizeof m)
        return errno == EAGAIN ? RC_AGAIN : RC_CLOSED;
    assert(m.serial != 0);
    c->serial = m.serial;
    return RC_OK;
}

void nursery_kill(struct nursery *n, const struct nursery_child *c)
{
    if (n->socket < 0 || c->serial == 0)
        return;
    const struct nursery_message m = {.verb = NURSERY_KILL, .serial = c->serial};
    // Blocks if its queue is full, which it always drains; a lost nursery shows itself.
    (void)send(n->socket, &m, sizeof m, MSG_NOSIGNAL);
}
