// SPDX-License-Identifier: MIT
// The nursery's own process.
#include "os/nursery_process.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/num.h"
#include "os/cage.h"

#define SOCKET_FD 3 // 0 and 1 are /dev/null, 2 is the program's
// Killed workers that are not yet reaped may stand beside their successors.
#define SLOTS ((size_t)2 * NURSERY_WORKERS_MAX)

struct slot {
    uint32_t serial;
    pid_t pid; // 0: empty
};

struct home {
    const struct worker_code *code;
    void *state;
    bool wants_spaces;
    uint32_t walls;         // that workers inherit
    uint64_t address_bytes; // mapped before any worker is forked
    int signals;            // signalfd of SIGCHLD
    struct cage_filter filter;
    struct slot slot[SLOTS];
};

static uint64_t mapped_bytes(void)
{
    FILE *f = fopen("/proc/self/statm", "re");
    if (f == NULL)
        return 0;
    char line[128];
    const char *got = fgets(line, sizeof line, f);
    (void)fclose(f); // only read from
    const uint64_t pages = got == NULL ? 0 : strtoull(line, NULL, 10);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

size_t nursery_thread_count(void)
{
    DIR *d = opendir("/proc/self/task");
    size_t count = 0;
    if (d == NULL)
        return 0;
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d))
        count += e->d_name[0] != '.';
    (void)closedir(d); // only read from
    return count;
}

// The kernel shall choose workers first when memory runs out. Best effort.
static void offer_to_oom_killer(void)
{
    const int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)!write(fd, "1000", 4);
    (void)close(fd);
}

static void die_with(pid_t program)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != program)
        _exit(EXIT_FAILURE);
}

// Own session: a terminal's Ctrl-C is for the program, which then ends us in order.
static enum rc leave_program(int socket, pid_t program, struct home *h, struct err *err)
{
    die_with(program);
    (void)setsid(); // fails only for a group leader, which a fresh child is not
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (dup2(socket, SOCKET_FD) != SOCKET_FD || null < 0 || dup2(null, STDIN_FILENO) < 0 ||
        dup2(null, STDOUT_FILENO) < 0 || close_range(SOCKET_FD + 1, ~0u, 0) != 0)
        return err_set(err, RC_IO, "cannot arrange descriptors: %s", strerror(errno));
    offer_to_oom_killer();
    const enum rc rc = cage_drop_root(&h->walls, err);
    die_with(program); // a change of user takes the signal away
    return rc;
}

static int by_value(const void *a, const void *b)
{
    return *(const uint8_t *)a - *(const uint8_t *)b;
}

// glibc's qsort asks the system, once, how much memory there is, when it first sorts more than it
// has room for on the stack. Behind the walls that would be the end.
static bool warm_libc(void)
{
    uint8_t some[4096];
    for (size_t i = 0; i < sizeof some; i++)
        some[i] = (uint8_t)(i * 7);
    qsort(some, sizeof some / 2, 2, by_value);
    return some[0] <= some[sizeof some - 2];
}

static enum rc furnish(int socket, pid_t program, struct home *h, struct err *err)
{
    enum rc rc = leave_program(socket, program, h, err);
    if (rc == RC_OK)
        rc = cage_filter_build(&h->filter, err);
    if (rc != RC_OK)
        return rc;
    if (!warm_libc())
        return err_set(err, RC_UNSUPPORTED, "this libc does not sort");
    rc = h->code->setup(&h->state);
    if (rc != RC_OK)
        return err_set(err, rc, "set-up of '%s' failed: %s", h->code->name, rc_text(rc));
    if (nursery_thread_count() != 1)
        return err_set(err, RC_UNSUPPORTED, "set-up of '%s' left threads", h->code->name);
    h->address_bytes = mapped_bytes();
    sigset_t child;
    (void)sigemptyset(&child);
    (void)sigaddset(&child, SIGCHLD);
    h->signals = sigprocmask(SIG_BLOCK, &child, NULL) == 0
                     ? signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK)
                     : -1;
    if (h->address_bytes == 0 || h->signals < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return err_set(err, RC_UNSUPPORTED, "no usable /proc, signalfd or prctl");
    return RC_OK;
}

static struct slot *find_slot(struct home *h, uint32_t serial)
{
    for (size_t i = 0; i < SLOTS; i++)
        if (serial == 0 ? h->slot[i].pid == 0 : h->slot[i].pid != 0 && h->slot[i].serial == serial)
            return &h->slot[i];
    return NULL;
}

NO_RETURN static void end_all(struct home *h)
{
    for (size_t i = 0; i < SLOTS; i++)
        if (h->slot[i].pid != 0)
            (void)kill(h->slot[i].pid, SIGKILL); // ours and not reaped: it exists
    while (waitpid(-1, NULL, 0) > 0) {
    }
    _exit(EXIT_SUCCESS);
}

static void tell(struct home *h, const void *message, size_t len)
{
    // Blocks while the program is busy; if it is gone, so are we.
    if (send(SOCKET_FD, message, len, MSG_NOSIGNAL) != (ssize_t)len)
        end_all(h);
}

NO_RETURN static void be_worker(struct home *h, const struct nursery_message *m,
                                const int fd[static NURSERY_FDS], uint32_t walls)
{
    const struct cell_cfg cfg = {
        .code = h->code,
        .state = h->state,
        .areas = m->areas,
        .memory = fd[1],
        .cage = {.filter = &h->filter,
                 .socket = fd[0],
                 .address_bytes =
                     h->address_bytes + cell_address_bytes(&m->areas) + m->memory_bytes,
                 .cpu_s = m->cpu_s},
        .walls = walls,
    };
    cell_main(&cfg);
}

static void spawn(struct home *h, const struct nursery_message *m, const int fd[static NURSERY_FDS])
{
    struct slot *slot = find_slot(h, 0);
    struct nursery_note note = {.event = NURSERY_FAILED, .serial = m->serial, .rc = RC_FULL};
    if (slot != NULL) {
        uint32_t walls = h->walls;
        pid_t pid = 0;
        note.rc = cage_fork(h->wants_spaces, &pid, &walls);
        if (note.rc == RC_OK && pid == 0)
            be_worker(h, m, fd, walls);
        if (note.rc == RC_OK) {
            *slot = (struct slot){.serial = m->serial, .pid = pid};
            note.event = NURSERY_STARTED;
            note.pid = pid;
        }
    }
    tell(h, &note, sizeof note);
}

static void reap(struct home *h)
{
    struct signalfd_siginfo drained;
    while (read(h->signals, &drained, sizeof drained) > 0) {
    }
    int status;
    struct rusage used;
    for (pid_t pid = wait4(-1, &status, WNOHANG, &used); pid > 0;
         pid = wait4(-1, &status, WNOHANG, &used)) {
        for (size_t i = 0; i < SLOTS; i++) {
            if (h->slot[i].pid != pid)
                continue;
            const uint64_t cpu_us =
                (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * US_PER_S +
                (uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
            const struct nursery_note note = {.event = NURSERY_ENDED,
                                              .serial = h->slot[i].serial,
                                              .status = status,
                                              .cpu_us = cpu_us};
            h->slot[i] = (struct slot){0};
            tell(h, &note, sizeof note);
        }
    }
}

// How many descriptors came with the message.
static size_t take_descriptors(struct msghdr *header, int fd[static NURSERY_FDS])
{
    const struct cmsghdr *c = CMSG_FIRSTHDR(header);
    if (c == NULL || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
        return 0;
    const size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof fd[0];
    assert(count <= NURSERY_FDS);
    memcpy(fd, CMSG_DATA(c), count * sizeof fd[0]);
    return count;
}

static void listen_to_program(struct home *h)
{
    struct nursery_message m = {0};
    int fd[NURSERY_FDS] = {-1, -1};
    alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof fd)];
    struct iovec part = {.iov_base = &m, .iov_len = sizeof m};
    struct msghdr header = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = control,
                            .msg_controllen = sizeof control};
    const ssize_t got = recvmsg(SOCKET_FD, &header, MSG_CMSG_CLOEXEC);
    if (got != (ssize_t)sizeof m)
        end_all(h); // the program ended
    const size_t count = take_descriptors(&header, fd);
    const struct slot *slot = find_slot(h, m.serial);
    if (m.verb == NURSERY_SPAWN && count == NURSERY_FDS)
        spawn(h, &m, fd);
    else if (m.verb == NURSERY_KILL && slot != NULL)
        (void)kill(slot->pid, SIGKILL); // ours and not reaped: it exists
    for (size_t i = 0; i < count; i++)
        (void)close(fd[i]); // the worker has its own
}

void nursery_process(int socket, pid_t program, const struct nursery_cfg *cfg)
{
    struct home h = {.code = cfg->code, .wants_spaces = !cfg->has_no_spaces};
    struct err err = {0};
    struct nursery_ready ready = {.rc = furnish(socket, program, &h, &err)};
    memcpy(ready.text, err.text, sizeof ready.text);
    tell(&h, &ready, sizeof ready);
    if (ready.rc != RC_OK)
        _exit(EXIT_FAILURE);
    struct pollfd watched[] = {{.fd = SOCKET_FD, .events = POLLIN},
                               {.fd = h.signals, .events = POLLIN}};
    for (;;) {
        if (poll(watched, ARRAY_COUNT(watched), -1) < 0 && errno != EINTR)
            end_all(&h);
        if (watched[1].revents != 0)
            reap(&h);
        if (watched[0].revents != 0)
            listen_to_program(&h);
    }
}
