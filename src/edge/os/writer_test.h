// SPDX-License-Identifier: MIT
// A process that writes until it is killed, and tells how far it is. For tests alone.
#ifndef OS_WRITER_TEST_H
#define OS_WRITER_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct writer {
    pid_t child;
    int heard;     // the pipe's end that is ours
    uint64_t told; // the last number
};

// In the child: tells n, or ends.
static inline void writer_tell(int tell, uint64_t n)
{
    if (write(tell, &n, sizeof n) != sizeof n)
        _exit(3);
}

// write_for_ever runs in a child, tells each number by writer_tell, and does not return.
static inline struct writer writer_start(void (*write_for_ever)(int tell, void *self), void *self)
{
    int pipe_end[2];
    assert_int_equal(pipe(pipe_end), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); // not left alone if the test fails
        (void)close(pipe_end[0]);
        write_for_ever(pipe_end[1], self);
        _exit(4);
    }
    (void)close(pipe_end[1]);
    return (struct writer){.child = child, .heard = pipe_end[0]};
}

// Waits until it has told n at least.
static inline void writer_await(struct writer *w, uint64_t n)
{
    while (w->told < n)
        assert_int_equal(read(w->heard, &w->told, sizeof w->told), sizeof w->told);
}

// In mid-work. The last number that it told.
static inline uint64_t writer_kill(struct writer *w)
{
    int status = 0;
    assert_int_equal(kill(w->child, SIGKILL), 0);
    assert_int_equal(waitpid(w->child, &status, 0), w->child);
    assert_true(WIFSIGNALED(status)); // it did not end by itself
    for (uint64_t more; read(w->heard, &more, sizeof more) == sizeof more;)
        w->told = more; // told before it died
    (void)close(w->heard);
    return w->told;
}

#endif
