// SPDX-License-Identifier: MIT
// The walls by themselves: what passes, what does not, and what is said about them.
#include "os/cage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GIB (1ull << 30)

// The walls to stand, then act(): its answer is the exit code.
struct trial {
    bool wants_spaces;
    uint64_t address_bytes;
    int (*act)(void);
};

#define CANNOT_CLOSE 100 // an exit code

static int act_nothing(void)
{
    return 0;
}

static int act_allowed(void)
{
    struct timespec t;
    uint8_t byte = 0;
    uint8_t *at = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED || mprotect(at, 4096, PROT_READ) != 0 ||
        mprotect(at, 4096, PROT_READ | PROT_WRITE) != 0 || madvise(at, 1 << 20, MADV_DONTNEED) != 0)
        return 1;
    at = mremap(at, 1 << 20, 1 << 21, MREMAP_MAYMOVE);
    if (at == MAP_FAILED || munmap(at, 1 << 21) != 0)
        return 2;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) != 0 || sched_yield() != 0)
        return 3;
    if (read(CAGE_SOCKET_FD, &byte, 1) != 1 || write(CAGE_SOCKET_FD, &byte, 1) != 1)
        return 4;
    return byte;
}

static int act_message(void) // of a library, on a descriptor that is closed
{
    (void)!write(STDERR_FILENO, "", 0);
    (void)!write(STDOUT_FILENO, "", 0);
    return 0;
}

static int act_read_other(void)
{
    uint8_t byte;
    return (int)read(STDERR_FILENO + 1, &byte, 1);
}

static int act_open(void)
{
    return open("/", O_RDONLY);
}

static int act_greedy(void)
{
    return mmap(NULL, GIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? 7 : 8;
}

static uint64_t mapped_bytes(void)
{
    char line[128] = {0};
    const int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_true(read(fd, line, sizeof line - 1) > 0);
    (void)close(fd);
    return strtoull(line, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static int run_trial(const struct trial *trial, uint32_t *walls)
{
    struct cage_filter filter;
    struct err err = {0};
    if (cage_filter_build(&filter, &err) != RC_OK)
        fail_msg("%s", err.text);
    int end[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, end), 0);
    const uint64_t address_bytes = mapped_bytes() + trial->address_bytes;
    uint32_t standing = 0;
    pid_t pid;
    assert_int_equal(cage_fork(trial->wants_spaces, &pid, &standing), RC_OK);
    if (pid == 0) {
        const struct cage_cfg cfg = {
            .filter = &filter, .socket = end[1], .address_bytes = address_bytes, .cpu_s = 10};
        if (cage_close(&cfg, &standing) != RC_OK ||
            write(CAGE_SOCKET_FD, &standing, sizeof standing) != sizeof standing)
            _exit(CANNOT_CLOSE);
        _exit(trial->act());
    }
    (void)close(end[1]);
    assert_int_equal(read(end[0], walls, sizeof *walls), sizeof *walls);
    const uint8_t byte = 42;
    (void)!send(end[0], &byte, 1, MSG_NOSIGNAL); // for the one that reads
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    (void)close(end[0]);
    return status;
}

static int run_act(int (*act)(void), bool wants_spaces)
{
    uint32_t walls = 0;
    const int status = run_trial(&(struct trial){wants_spaces, 64 << 20, act}, &walls);
    assert_int_not_equal(cage_level(walls), CAGE_LEVEL_NONE);
    if (!wants_spaces)
        assert_int_equal(walls & (CAGE_WALL_SPACES | CAGE_WALL_ROOT), 0);
    return status;
}

static void what_is_needed_passes(void **state)
{
    (void)state;
    for (int spaces = 0; spaces < 2; spaces++) {
        assert_int_equal(run_act(act_nothing, spaces), 0);
        assert_int_equal(run_act(act_message, spaces), 0);
        const int status = run_act(act_allowed, spaces);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 42);
    }
}

static void what_is_not_needed_kills(void **state)
{
    (void)state;
    int (*const act[])(void) = {act_open, act_read_other};
    for (size_t i = 0; i < 2 * ARRAY_COUNT(act); i++) {
        const int status = run_act(act[i / 2], i % 2 == 1);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGSYS);
    }
}

static void memory_has_an_end(void **state)
{
    (void)state;
    const int status = run_act(act_greedy, false);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
    uint32_t walls = 0;
    const int roomy = run_trial(&(struct trial){false, 2 * GIB, act_greedy}, &walls);
    assert_true(WIFEXITED(roomy));
    assert_int_equal(WEXITSTATUS(roomy), 8);
}

static void a_parents_end_is_the_childs(void **state)
{
    (void)state;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
    int end[2];
    assert_int_equal(pipe2(end, O_CLOEXEC), 0);
    const pid_t parent = fork();
    if (parent == 0) {
        uint32_t walls = 0;
        pid_t pid;
        if (cage_fork(true, &pid, &walls) != RC_OK)
            _exit(1);
        if (pid == 0) {
            (void)!write(end[1], "x", 1);
            for (;;)
                (void)pause();
        }
        for (;;)
            (void)pause();
    }
    (void)close(end[1]);
    char byte;
    assert_int_equal(read(end[0], &byte, 1), 1);
    assert_int_equal(kill(parent, SIGKILL), 0);
    assert_int_equal(read(end[0], &byte, 1), 0); // nobody holds the other end any more
    assert_true(waitpid(-1, NULL, 0) > 0);
    assert_true(waitpid(-1, NULL, 0) > 0); // the orphan became ours
    (void)close(end[0]);
}

static void levels_follow_from_walls(void **state)
{
    (void)state;
    const uint32_t inner = CAGE_WALL_FILTER | CAGE_WALL_LIMITS | CAGE_WALL_PRIVS;
    assert_int_equal(cage_level(0), CAGE_LEVEL_NONE);
    assert_int_equal(cage_level(CAGE_WALL_SPACES | CAGE_WALL_ROOT), CAGE_LEVEL_NONE);
    assert_int_equal(cage_level(inner & ~CAGE_WALL_FILTER), CAGE_LEVEL_NONE);
    assert_int_equal(cage_level(inner), CAGE_LEVEL_FILTER);
    assert_int_equal(cage_level(inner | CAGE_WALL_SPACES), CAGE_LEVEL_FILTER);
    assert_int_equal(cage_level(inner | CAGE_WALL_SPACES | CAGE_WALL_ROOT), CAGE_LEVEL_SPACES);
}

static void walls_have_words(void **state)
{
    (void)state;
    char line[200];
    struct text t = text_of(line, sizeof line);
    cage_walls_text(CAGE_WALL_FILTER | CAGE_WALL_LIMITS | CAGE_WALL_PRIVS | CAGE_WALL_USER, &t);
    assert_string_equal(line, "system-call filter, resource limits, no privileges, "
                              "user of its own; missing: namespaces, empty root");
    t = text_of(line, sizeof line);
    cage_walls_text(63, &t);
    assert_string_equal(line, "system-call filter, resource limits, no privileges, "
                              "user of its own, namespaces, empty root");
    t = text_of(line, sizeof line);
    cage_walls_text(0, &t);
    assert_true(strncmp(line, "none; missing: system-call filter", 33) == 0);
}

static void root_is_dropped_for_good(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    const pid_t pid = fork();
    if (pid == 0) {
        uint32_t walls = 0;
        struct err err;
        const bool is_dropped = cage_drop_root(&walls, &err) == RC_OK && walls == CAGE_WALL_USER &&
                                getuid() == CAGE_UID && getegid() == CAGE_UID &&
                                getgroups(0, NULL) == 0 && seteuid(0) != 0;
        walls = 0;
        _exit(is_dropped && cage_drop_root(&walls, &err) == RC_OK && walls == 0 ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_needed_passes),    cmocka_unit_test(what_is_not_needed_kills),
        cmocka_unit_test(memory_has_an_end),        cmocka_unit_test(a_parents_end_is_the_childs),
        cmocka_unit_test(levels_follow_from_walls), cmocka_unit_test(walls_have_words),
        cmocka_unit_test(root_is_dropped_for_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
