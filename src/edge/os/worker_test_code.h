// SPDX-License-Identifier: MIT
// What the tests' workers run: whatever the request says, however wicked. For worker_test.c.
#ifndef OS_WORKER_TEST_CODE_H
#define OS_WORKER_TEST_CODE_H

#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "os/cell.h"

#define RESULT_CAP 200000u // of the workers under test

// What the program learns after the nursery was forked; a worker must never see it.
static volatile uint32_t owner_secret;

struct seen {
    struct bytes request;
    struct buffer *result;
};

static long try_open(const struct seen *s)
{
    (void)s;
    return syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY);
}

static long try_open_memory(const struct seen *s)
{
    (void)s;
    return syscall(SYS_openat, AT_FDCWD, "/proc/self/mem", O_RDWR);
}

static long try_socket(const struct seen *s)
{
    (void)s;
    return syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
}

static long try_fork(const struct seen *s)
{
    (void)s;
    return syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

static long try_thread(const struct seen *s)
{
    (void)s;
    return syscall(SYS_clone3, NULL, 0);
}

static long try_execve(const struct seen *s)
{
    (void)s;
    return syscall(SYS_execve, "/bin/true", NULL, NULL);
}

static long try_ptrace(const struct seen *s)
{
    (void)s;
    return syscall(SYS_ptrace, PTRACE_TRACEME, 0, NULL, NULL);
}

static long try_kill_init(const struct seen *s)
{
    (void)s;
    return syscall(SYS_kill, 1, SIGKILL);
}

static long try_kill_all(const struct seen *s)
{
    (void)s;
    return syscall(SYS_kill, -1, SIGKILL);
}

static long try_read_process(const struct seen *s)
{
    (void)s;
    char here[8];
    struct iovec local = {.iov_base = here, .iov_len = sizeof here};
    return syscall(SYS_process_vm_readv, 1, &local, 1, &local, 1, 0);
}

static long try_mprotect_exec(const struct seen *s)
{
    return syscall(SYS_mprotect, (uintptr_t)s->result->at & ~(uintptr_t)4095, 4096,
                   PROT_READ | PROT_EXEC);
}

static long try_mmap_exec(const struct seen *s)
{
    (void)s;
    return syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static long try_mmap_shared(const struct seen *s)
{
    (void)s;
    return syscall(SYS_mmap, NULL, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static long try_mmap_file(const struct seen *s)
{
    (void)s;
    return syscall(SYS_mmap, NULL, 4096, PROT_READ, MAP_PRIVATE, 0, 0);
}

static long try_io_uring(const struct seen *s)
{
    (void)s;
    return syscall(SYS_io_uring_setup, 1, NULL);
}

static long try_prctl(const struct seen *s)
{
    (void)s;
    return syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static long try_prlimit(const struct seen *s)
{
    (void)s;
    return syscall(SYS_prlimit64, 0, 0, NULL, NULL);
}

static long try_other_clock(const struct seen *s)
{
    struct timespec t;
    (void)s;
    return syscall(SYS_clock_gettime, -6L, &t); // the processor clock of a process by its pid
}

static long try_unshare(const struct seen *s)
{
    (void)s;
    return syscall(SYS_unshare, CLONE_NEWUSER);
}

static long try_memfd(const struct seen *s)
{
    (void)s;
    return syscall(SYS_memfd_create, "x", 0);
}

static long try_foreign_abi(const struct seen *s)
{
    (void)s;
    return syscall(0x40000000L | SYS_getuid); // x32 on x86-64, no call at all elsewhere
}

static long try_other_descriptor(const struct seen *s)
{
    (void)s;
    return syscall(SYS_write, 3, "x", 1);
}

static long try_far_write(const struct seen *s)
{
    volatile uint8_t *at = s->result->at + (size_t)(RESULT_CAP + 65535) / 65536 * 65536;
    *at = 1; // the first byte behind the area's last page
    return 0;
}

static long try_near_write(const struct seen *s)
{
    volatile uint8_t *at = s->result->at - 1;
    *at = 1;
    return 0;
}

static long try_request_write(const struct seen *s)
{
    volatile uint8_t *at = (uint8_t *)(uintptr_t)s->request.at;
    *at = 1;
    return 0;
}

static long try_exit(const struct seen *s)
{
    (void)s;
    return syscall(SYS_exit_group, 0);
}

static long try_abort(const struct seen *s)
{
    (void)s;
    abort();
}

static long lie_about_length(const struct seen *s)
{
    s->result->len = SIZE_MAX / 2;
    return 0;
}

static long speak_out_of_turn(const struct seen *s)
{
    (void)s;
    return write(CAGE_SOCKET_FD, "hello", 5);
}

#define CALL  "signal 31" // SIGSYS
#define FAULT "signal 11" // SIGSEGV; a sanitizer's handler for it makes calls

// Empty ones too, more than the program reads before it acts.
static long speak_much(const struct seen *s)
{
    (void)s;
    for (int i = 0; i < 100; i++)
        (void)!write(CAGE_SOCKET_FD, "hello", i % 3 == 0 ? 0 : 5);
    return 0;
}

static const struct attempt {
    const char *name;
    const char *end; // part of what is said about its death
    long (*act)(const struct seen *s);
} attempt[] = {
    {"openat", CALL, try_open},
    {"open /proc/self/mem", CALL, try_open_memory},
    {"socket", CALL, try_socket},
    {"clone", CALL, try_fork},
    {"clone3", CALL, try_thread},
    {"execve", CALL, try_execve},
    {"ptrace", CALL, try_ptrace},
    {"kill init", CALL, try_kill_init},
    {"kill all", CALL, try_kill_all},
    {"process_vm_readv", CALL, try_read_process},
    {"mprotect executable", CALL, try_mprotect_exec},
    {"mmap executable", CALL, try_mmap_exec},
    {"mmap shared", CALL, try_mmap_shared},
    {"mmap a file", CALL, try_mmap_file},
    {"io_uring_setup", CALL, try_io_uring},
    {"prctl", CALL, try_prctl},
    {"prlimit", CALL, try_prlimit},
    {"another's clock", CALL, try_other_clock},
    {"unshare", CALL, try_unshare},
    {"memfd_create", CALL, try_memfd},
    {"a foreign ABI", CALL, try_foreign_abi},
    {"another descriptor", CALL, try_other_descriptor},
    {"write behind its area", FAULT, try_far_write},
    {"write before its area", FAULT, try_near_write},
    {"write into its request", FAULT, try_request_write},
    {"exit", "by itself", try_exit},
    {"abort", CALL, try_abort},
    {"lie about a length", "protocol", lie_about_length},
    {"speak out of turn", "protocol", speak_out_of_turn},
    {"speak much", "protocol", speak_much},
};

enum verb {
    VERB_UNKNOWN,
    VERB_ECHO,
    VERB_ATTEMPT,   // the next byte says which
    VERB_LOOP,      // for ever
    VERB_SLEEP,     // for ever
    VERB_SPIN,      // until the next byte * 10 ms of processor time are used
    VERB_GIANT,     // one allocation of 10 GB
    VERB_GREED,     // small ones until no more is given
    VERB_FLOOD,     // 100 MB of output
    VERB_SECRET,    // the owner's secret as seen from here
    VERB_OBJECT,    // the loaded object
    VERB_COUNT_RUN, // how many of these this process has done
};

struct inmate {
    uint32_t mark; // set before the fork
    uint32_t runs;
    struct bytes object;
};

static enum rc test_setup(void **state)
{
    static struct inmate inmate; // of the nursery, copied into each worker
    inmate.mark = 0x5eed;
    *state = &inmate;
    return RC_OK;
}

static enum rc test_load(void *state, struct bytes object)
{
    ((struct inmate *)state)->object = object;
    return object.len == 0 ? RC_MALFORMED : RC_OK;
}

static void spin(uint64_t cpu_us)
{
    struct timespec t;
    uint64_t first = 0;
    for (;;) {
        (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        const uint64_t now = (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
        first = first == 0 ? now : first;
        if (now - first > cpu_us)
            return;
    }
}

static enum rc be_greedy(struct buffer *result)
{
    uint32_t count = 0;
    while (mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
           MAP_FAILED)
        count++;
    buffer_u32(result, count);
    return RC_NOMEM;
}

static enum rc flood(struct buffer *result, struct buffer *report)
{
    static const uint8_t block[4096] = {1};
    for (size_t i = 0; i < (100u << 20) / sizeof block; i++) {
        buffer_put(result, bytes_of(block, sizeof block));
        buffer_put(report, bytes_of(block, sizeof block));
    }
    return result->is_full && report->is_full ? RC_FULL : RC_OK;
}

static enum rc test_run(void *state, struct bytes request, struct buffer *result,
                        struct buffer *report)
{
    struct inmate *in = state;
    struct cursor c = {.left = request};
    static uint32_t word; // what a futex would wait on
    const struct seen seen = {.request = request, .result = result};
    switch ((enum verb)cursor_u8(&c)) {
    case VERB_UNKNOWN:
        break;
    case VERB_ECHO:
        buffer_put(result, request);
        buffer_u32(report, in->mark);
        return RC_OK;
    case VERB_ATTEMPT:
        if (attempt[cursor_u8(&c)].act(&seen) == 0 && result->len <= result->cap)
            buffer_put(result, bytes_text("done"));
        return RC_OK;
    case VERB_LOOP:
        for (volatile int i = 0; i >= 0;) {
        }
        return RC_OK;
    case VERB_SLEEP:
        (void)syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
        return RC_OK;
    case VERB_SPIN:
        spin(cursor_u8(&c) * 10000ull);
        return RC_OK;
    case VERB_GIANT:
        return mmap(NULL, 10ull << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                    0) == MAP_FAILED
                   ? RC_NOMEM
                   : RC_OK;
    case VERB_GREED:
        return be_greedy(result);
    case VERB_FLOOD:
        return flood(result, report);
    case VERB_SECRET:
        buffer_u32(result, owner_secret);
        return RC_OK;
    case VERB_OBJECT:
        buffer_put(result, in->object);
        return in->object.at == NULL ? RC_ABSENT : RC_OK;
    case VERB_COUNT_RUN:
        buffer_u32(result, ++in->runs);
        return RC_OK;
    }
    return RC_MALFORMED;
}

static const struct worker_code test_code = {
    .name = "test", .setup = test_setup, .load = test_load, .run = test_run};

#endif
