// SPDX-License-Identifier: MIT
// The nursery's start and end, and what it says when its set-up is unfit.
#include "os/nursery.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static enum rc fine(void **state)
{
    (void)state;
    return RC_OK;
}

static enum rc failing(void **state)
{
    (void)state;
    return RC_UNSUPPORTED;
}

static enum rc crashing(void **state)
{
    (void)state;
    (void)kill(getpid(), SIGKILL);
    return RC_OK;
}

static void *wait_for_ever(void *unused)
{
    (void)unused;
    for (;;)
        (void)pause();
    return NULL;
}

static enum rc threading(void **state)
{
    (void)state;
    pthread_t thread;
    return pthread_create(&thread, NULL, wait_for_ever, NULL) == 0 ? RC_OK : RC_IO;
}

static enum rc refuse_load(void *state, struct bytes object)
{
    (void)state;
    (void)object;
    return RC_REFUSED;
}

static enum rc refuse_run(void *state, struct bytes request, struct buffer *result,
                          struct buffer *report)
{
    (void)state;
    (void)request;
    (void)result;
    (void)report;
    return RC_REFUSED;
}

static struct worker_code code_with(enum rc (*setup)(void **state))
{
    return (struct worker_code){
        .name = "test", .setup = setup, .load = refuse_load, .run = refuse_run};
}

static int make_arena(void **state)
{
    *state = arena_new(1 << 16);
    return *state == NULL;
}

static int free_arena(void **state)
{
    arena_free(*state);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD); // nothing is left running
    return 0;
}

static void expect_refusal(struct arena *arena, enum rc (*setup)(void **state), enum rc rc,
                           const char *words)
{
    const struct worker_code code = code_with(setup);
    struct nursery *n;
    struct err err = {0};
    assert_int_equal(nursery_start(&n, arena, &(struct nursery_cfg){.code = &code}, &err), rc);
    assert_null(n);
    assert_int_equal(err.rc, rc);
    if (strstr(err.text, words) == NULL)
        fail_msg("'%s'", err.text);
}

static void unfit_setups_are_told(void **state)
{
    expect_refusal(*state, failing, RC_UNSUPPORTED, "set-up of 'test' failed");
    expect_refusal(*state, crashing, RC_CRASHED, "crashed");
    expect_refusal(*state, threading, RC_UNSUPPORTED, "threads");
}

static void a_threaded_program_is_refused(void **state)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, wait_for_ever, NULL), 0);
    expect_refusal(*state, fine, RC_CONFIG, "thread");
    assert_int_equal(pthread_cancel(thread), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void no_memory_is_told(void **state)
{
    struct arena *arena = *state;
    while (arena_take(arena, 1024) != NULL) {
    }
    expect_refusal(arena, fine, RC_NOMEM, "memory");
}

static void starts_and_stops(void **state)
{
    const struct worker_code code = code_with(fine);
    struct nursery *n;
    struct err err = {0};
    assert_int_equal(nursery_start(&n, *state, &(struct nursery_cfg){.code = &code}, &err), RC_OK);
    assert_true(nursery_is_alive(n));
    const pid_t pid = nursery_pid(n);
    assert_int_equal(kill(pid, 0), 0);
    assert_int_not_equal(getpgid(pid), getpgid(0)); // a terminal's signals do not reach it
    nursery_stop(n);
    assert_false(nursery_is_alive(n));
    assert_int_equal(kill(pid, 0), -1);
    nursery_stop(NULL);
}

struct child {
    struct nursery_child base;
    pid_t pid;
    int status;
    uint32_t ends, failures;
    enum rc rc;
};

static void note_start(void *self, pid_t pid)
{
    ((struct child *)self)->pid = pid;
}

static void note_end(void *self, int status, uint64_t cpu_us)
{
    struct child *c = self;
    assert_true(cpu_us < 60000000);
    c->status = status;
    c->ends++;
}

static void note_failure(void *self, enum rc rc)
{
    struct child *c = self;
    c->rc = rc;
    c->failures++;
}

static void init_child(struct child *c)
{
    *c = (struct child){
        .base = {
            .self = c, .on_started = note_start, .on_ended = note_end, .on_failed = note_failure}};
}

static void children_are_forked_and_killed(void **state)
{
    const struct worker_code code = code_with(fine);
    struct nursery *n;
    struct err err = {0};
    struct loop *loop = NULL;
    assert_int_equal(loop_new(&loop, &err), RC_OK);
    assert_int_equal(nursery_start(&n, *state, &(struct nursery_cfg){.code = &code}, &err), RC_OK);
    assert_int_equal(nursery_listen(n, loop), RC_OK);
    struct child c;
    init_child(&c);
    assert_int_equal(nursery_join(n, &c.base), RC_OK);
    nursery_kill(n, &c.base); // nothing there yet: nothing happens
    // Without a memory file that fits it cannot map its areas, and ends by itself.
    struct nursery_order order = {.areas = {.bytes = {1, 1, 1, 1}},
                                  .memory_bytes = 1 << 20,
                                  .cpu_s = 1,
                                  .socket = 2,
                                  .memory = 2};
    for (uint32_t i = 1; i < 20; i++) {
        assert_int_equal(nursery_spawn(n, &c.base, &order), RC_OK);
        nursery_kill(n, &c.base);
        while (c.ends < i)
            loop_turn(loop, true);
        assert_true(c.pid > 0 && c.failures == 0);
        assert_true(WIFSIGNALED(c.status) || WEXITSTATUS(c.status) != 0);
    }
    assert_int_equal(kill(nursery_pid(n), SIGKILL), 0);
    while (c.failures == 0)
        loop_turn(loop, true);
    assert_int_equal(c.rc, RC_CLOSED);
    assert_int_equal(nursery_spawn(n, &c.base, &order), RC_CLOSED);
    nursery_leave(n, &c.base);
    nursery_stop(n);
    loop_free(loop); // nobody has left anything open
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(unfit_setups_are_told, make_arena, free_arena),
        cmocka_unit_test_setup_teardown(a_threaded_program_is_refused, make_arena, free_arena),
        cmocka_unit_test_setup_teardown(no_memory_is_told, make_arena, free_arena),
        cmocka_unit_test_setup_teardown(starts_and_stops, make_arena, free_arena),
        cmocka_unit_test_setup_teardown(children_are_forked_and_killed, make_arena, free_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
