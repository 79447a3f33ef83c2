// SPDX-License-Identifier: MIT
// A child process on the loop: started, heard line by line, signalled with all its offspring.
#include "os/child.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <uv.h>

#define HANDLES 2u
#define READS_A_TURN                                                                               \
    32u // what a full pipe holds, and more: a talkative child must not keep the loop

struct child {
    struct child_cfg cfg;
    pid_t pid;
    bool is_over;
    int output, end; // read end of its pipe; a pidfd
    uv_poll_t on_output, on_pid;
    uint32_t open_handles;
    char line[CHILD_LINE_BYTES];
    size_t len;
};

// ---- Behind fork, before exec: only what is safe there

static void arrange(const struct child_cfg *cfg, int output)
{
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_DFL); // which we ignore, and exec would hand on
    (void)setsid();                 // a fresh child leads no group, so it cannot fail
    const int null = open("/dev/null", O_RDONLY);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
        dup2(output, STDERR_FILENO) < 0)
        _exit(127);
    (void)close_range(STDERR_FILENO + 1, ~0u, 0);
    if (cfg->nice > 0)
        (void)!nice(cfg->nice); // beyond what it inherits: that is allowed to everybody
    if (cfg->is_pinned) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(cfg->cpu, &set);
        (void)sched_setaffinity(0, sizeof set, &set); // no such processor: it runs anywhere
    }
}

NO_RETURN static void be_child(const struct child_cfg *cfg, int output, pid_t parent)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
        _exit(127);
    arrange(cfg, output);
    char *const *argv = NULL; // execv does not change what it is given, though its type allows it
    memcpy(&argv, &cfg->argv, sizeof argv);
    (void)execv(argv[0], argv);
    char why[256];
    const int len = snprintf(why, sizeof why, "cannot run %.128s: %s\n", cfg->argv[0],
                             strerror(errno)); // NOLINT: this process does nothing else any more
    (void)!write(STDERR_FILENO, why, len > 0 ? (size_t)len : 0);
    _exit(127);
}

// ---- What it says

static void take_bytes(struct child *c, const char *at, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (at[i] != '\n') {
            if (c->len < sizeof c->line - 1)
                c->line[c->len++] = at[i];
            continue;
        }
        c->line[c->len] = 0;
        c->len = 0;
        if (c->cfg.on_line != NULL)
            c->cfg.on_line(c->cfg.self, c->line);
    }
}

static void read_output(struct child *c)
{
    char room[4096];
    ssize_t got = 1;
    for (unsigned i = 0; i < READS_A_TURN && got > 0; i++) {
        got = read(c->output, room, sizeof room);
        take_bytes(c, room, got > 0 ? (size_t)got : 0);
    }
    if (got > 0)
        return; // the loop comes back for the rest
    if (got == 0 || (errno != EAGAIN && errno != EINTR))
        (void)uv_poll_stop(&c->on_output); // all ends of the pipe are closed
}

static void output_cb(uv_poll_t *handle, int status, int events)
{
    (void)status;
    (void)events;
    read_output(handle->data);
}

static void end_cb(uv_poll_t *handle, int status, int events)
{
    (void)status;
    (void)events;
    struct child *c = handle->data;
    int how = 0;
    if (c->is_over || waitpid(c->pid, &how, WNOHANG) != c->pid)
        return;
    c->is_over = true;
    (void)uv_poll_stop(&c->on_pid);
    read_output(c);
    if (c->cfg.on_end != NULL)
        c->cfg.on_end(c->cfg.self, how);
}

// ---- Life

static void closed_cb(uv_handle_t *handle)
{
    struct child *c = handle->data;
    if (--c->open_handles > 0)
        return;
    (void)close(c->output);
    (void)close(c->end);
    budget_give(c->cfg.budget, c);
}

static void watch(struct child *c)
{
    struct uv_loop_s *loop = loop_uv(c->cfg.loop);
    c->on_output.data = c->on_pid.data = c;
    // Fresh descriptors of kinds that can be polled: these cannot fail but for memory, in the
    // loop's own table, which libuv ends the process for.
    (void)uv_poll_init(loop, &c->on_output, c->output);
    (void)uv_poll_init(loop, &c->on_pid, c->end);
    (void)uv_poll_start(&c->on_output, UV_READABLE, output_cb);
    (void)uv_poll_start(&c->on_pid, UV_READABLE, end_cb);
    c->open_handles = HANDLES;
}

static enum rc fork_child(struct child *c, int output, struct err *err)
{
    const pid_t parent = getpid();
    c->pid = fork();
    if (c->pid == 0)
        be_child(&c->cfg, output, parent);
    if (c->pid < 0)
        return err_set(err, RC_IO, "cannot start %s: %s", c->cfg.argv[0], strerror(errno));
    c->end = pidfd_open(c->pid, 0);
    if (c->end >= 0)
        return RC_OK;
    const int why = errno;
    (void)kill(c->pid, SIGKILL);
    (void)waitpid(c->pid, NULL, 0);
    return err_set(err, RC_IO, "cannot watch %s: %s", c->cfg.argv[0], strerror(why));
}

enum rc child_start(struct child **out, const struct child_cfg *cfg, struct err *err)
{
    int pipe[2];
    *out = NULL;
    struct child *c = budget_take(cfg->budget, sizeof *c);
    if (c == NULL)
        return err_set(err, RC_NOMEM, "out of memory for a process");
    *c = (struct child){.cfg = *cfg};
    if (pipe2(pipe, O_CLOEXEC) != 0) {
        budget_give(cfg->budget, c);
        return err_set(err, RC_IO, "cannot make a pipe: %s", strerror(errno));
    }
    c->output = pipe[0];
    (void)fcntl(c->output, F_SETFL, O_NONBLOCK); // cannot fail for a pipe
    const enum rc rc = fork_child(c, pipe[1], err);
    (void)close(pipe[1]);
    if (rc != RC_OK) {
        (void)close(c->output);
        budget_give(cfg->budget, c);
        return rc;
    }
    watch(c);
    *out = c;
    return RC_OK;
}

bool child_is_alive(const struct child *c)
{
    return !c->is_over;
}

// ---- Signals

struct offspring {
    pid_t pid[CHILD_OFFSPRING_MAX];
    size_t count;
};

static void add_children(struct offspring *all, pid_t of)
{
    char path[64];
    char room[4096];
    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)of, (int)of);
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return; // it has ended
    const size_t len = fread(room, 1, sizeof room - 1, f);
    (void)fclose(f); // only read from
    room[len] = 0;
    for (char *at = room, *next = NULL; all->count < CHILD_OFFSPRING_MAX; at = next) {
        const long pid = strtol(at, &next, 10);
        if (next == at || pid <= 0)
            return;
        all->pid[all->count++] = (pid_t)pid;
    }
}

void child_signal(const struct child *c, int number)
{
    if (!c->is_over)
        (void)kill(c->pid, number); // ours and not reaped: it exists
}

void child_signal_all(const struct child *c, int number)
{
    struct offspring all = {.count = 0};
    if (c->is_over)
        return;
    all.pid[all.count++] = c->pid;
    for (size_t i = 0; i < all.count; i++) // which grows meanwhile
        add_children(&all, all.pid[i]);
    for (size_t i = 0; i < all.count; i++)
        (void)kill(all.pid[i], number); // one that is gone meanwhile does not mind
}

void child_free(struct child *c)
{
    if (c == NULL)
        return;
    if (!c->is_over) {
        child_signal_all(c, SIGKILL);
        (void)waitpid(c->pid, NULL, 0);
    }
    uv_close((uv_handle_t *)&c->on_output, closed_cb);
    uv_close((uv_handle_t *)&c->on_pid, closed_cb);
}
