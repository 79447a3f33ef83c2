// SPDX-License-Identifier: MIT
// Tests of child processes: what they say, how they end, and that nothing of them is left.
#include "os/child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/clock.h"

#define WAIT_US 20000000u

struct world {
    struct loop *loop;
    struct budget budget;
    struct child *child;
    char said[256]; // all lines, each with a ';' behind it
    int status;     // -1: not yet
};

static void on_line(void *self, const char *line)
{
    struct world *w = self;
    const size_t len = strlen(w->said);
    (void)snprintf(w->said + len, sizeof w->said - len, "%s;", line);
}

static void on_end(void *self, int status)
{
    struct world *w = self;
    w->status = status;
    loop_stop(w->loop);
}

static struct world world_new(void)
{
    struct world w = {.budget = {.limit_bytes = 65536}, .status = -1};
    struct err err;
    assert_int_equal(loop_new(&w.loop, &err), RC_OK);
    return w;
}

static void world_end(struct world *w)
{
    child_free(w->child);
    loop_free(w->loop);
    assert_int_equal(w->budget.used_bytes, 0);
}

static void start(struct world *w, struct child_cfg cfg, const char *script)
{
    struct err err;
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};
    cfg.loop = w->loop;
    cfg.budget = &w->budget;
    cfg.argv = argv;
    cfg.self = w;
    cfg.on_line = on_line;
    cfg.on_end = on_end;
    assert_int_equal(child_start(&w->child, &cfg, &err), RC_OK);
}

static void wait_until_it_said(struct world *w, const char *what)
{
    const uint64_t end_us = clock_now_us() + WAIT_US;
    while (strstr(w->said, what) == NULL) {
        assert_true(clock_now_us() < end_us);
        loop_turn(w->loop, true);
    }
}

// As the third word of /proc/PID/stat says; 0: there is no such process.
static char state_of(pid_t pid)
{
    char path[64];
    char line[256] = "";
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return 0;
    const char *got = fgets(line, sizeof line, f);
    (void)fclose(f);
    const char *at = got == NULL ? NULL : strrchr(line, ')');
    return at == NULL ? 0 : at[2];
}

static bool is_gone(pid_t pid)
{
    const char state = state_of(pid);
    return state == 0 || state == 'Z';
}

static void wait_for_state(pid_t pid, char state)
{
    const uint64_t end_us = clock_now_us() + WAIT_US;
    while (state == 0 ? !is_gone(pid) : state_of(pid) != state) {
        assert_true(clock_now_us() < end_us);
        (void)usleep(1000);
    }
}

static void its_lines_and_its_end(void **state)
{
    (void)state;
    struct world w = world_new();
    start(&w, (struct child_cfg){0}, "echo one; echo two >&2; printf 'cut off'; exit 3");
    assert_true(child_is_alive(w.child));
    loop_run(w.loop);
    assert_string_equal(w.said, "one;two;"); // what has no end is no line
    assert_true(WIFEXITED(w.status));
    assert_int_equal(WEXITSTATUS(w.status), 3);
    assert_false(child_is_alive(w.child));
    child_signal(w.child, SIGKILL); // harmless: its number may be somebody else's by now
    child_signal_all(w.child, SIGKILL);
    world_end(&w);
}

static void it_reads_nothing_and_leads_a_session(void **state)
{
    (void)state;
    struct world w = world_new();
    start(&w, (struct child_cfg){0},
          "read x || echo empty; echo $(cut -d' ' -f6 /proc/$$/stat) = $$");
    loop_run(w.loop);
    int sid = 0;
    int pid = -1;
    assert_int_equal(sscanf(w.said, "empty;%d = %d;", &sid, &pid), 2);
    assert_int_equal(sid, pid);
    world_end(&w);
}

static void a_long_line_is_cut(void **state)
{
    (void)state;
    struct world w = world_new();
    start(&w, (struct child_cfg){0}, "head -c 10000 /dev/zero | tr '\\0' x; echo; echo next");
    loop_run(w.loop);
    assert_int_equal(strspn(w.said, "x"), sizeof w.said - 1); // as much as the test keeps
    world_end(&w);
}

static void a_program_that_is_not_there(void **state)
{
    (void)state;
    struct world w = world_new();
    struct err err;
    const char *const argv[] = {"/no/such/program", NULL};
    const struct child_cfg cfg = {w.loop, &w.budget, argv, 0, false, 0, &w, on_line, on_end};
    assert_int_equal(child_start(&w.child, &cfg, &err), RC_OK);
    loop_run(w.loop);
    assert_string_equal(w.said, "cannot run /no/such/program: No such file or directory;");
    assert_int_equal(WEXITSTATUS(w.status), 127);
    world_end(&w);
}

static void nice_and_on_one_processor(void **state)
{
    (void)state;
    struct world w = world_new();
    char want[32];
    const int ours = nice(3); // for the rest of this program: others' niceness is inherited
    (void)snprintf(want, sizeof want, "%d;1;", ours + 7 < 19 ? ours + 7 : 19); // there is no more
    start(&w, (struct child_cfg){.nice = 7, .is_pinned = true, .cpu = 0}, "nice; nproc");
    loop_run(w.loop);
    assert_string_equal(w.said, want);
    world_end(&w);
}

// One that never stops talking leaves the loop its turns, and its end is heard all the same.
static void it_talks_without_end(void **state)
{
    (void)state;
    struct world w = world_new();
    start(&w, (struct child_cfg){0}, "exec yes");
    wait_until_it_said(&w, "y;");
    for (int i = 0; i < 20; i++)
        loop_turn(w.loop, true);
    child_signal(w.child, SIGTERM);
    loop_run(w.loop);
    assert_true(WIFSIGNALED(w.status));
    assert_int_equal(WTERMSIG(w.status), SIGTERM);
    world_end(&w);
}

static void signals_reach_all_offspring(void **state)
{
    (void)state;
    struct world w = world_new();
    start(&w, (struct child_cfg){0}, "sh -c 'sleep 100 & echo $$ $!; wait' & wait");
    wait_until_it_said(&w, ";");
    int middle = 0;
    int last = 0;
    assert_int_equal(sscanf(w.said, "%d %d;", &middle, &last), 2);
    child_signal_all(w.child, SIGSTOP);
    wait_for_state(middle, 'T');
    wait_for_state(last, 'T');
    child_signal_all(w.child, SIGCONT);
    wait_for_state(middle, 'S');
    wait_for_state(last, 'S');
    child_signal(w.child, SIGKILL); // alone: the others stay
    loop_run(w.loop);
    assert_true(WIFSIGNALED(w.status));
    assert_int_equal(WTERMSIG(w.status), SIGKILL);
    assert_false(is_gone(last));
    assert_int_equal(kill(middle, SIGKILL), 0);
    assert_int_equal(kill(last, SIGKILL), 0);
    world_end(&w);
}

static void freed_it_is_gone_with_all(void **state)
{
    (void)state;
    struct world w = world_new();
    start(&w, (struct child_cfg){0}, "sleep 100 & echo $!; wait");
    wait_until_it_said(&w, ";");
    const pid_t last = (pid_t)strtol(w.said, NULL, 10);
    world_end(&w);
    assert_int_equal(w.status, -1); // nobody was called
    wait_for_state(last, 0);
}

static void it_dies_with_us(void **state)
{
    (void)state;
    int pipe_fd[2];
    pid_t grandchild = 0;
    assert_int_equal(pipe(pipe_fd), 0);
    const pid_t pid = fork();
    if (pid == 0) {
        struct world w = world_new();
        start(&w, (struct child_cfg){0}, "echo $$; exec sleep 100");
        wait_until_it_said(&w, ";");
        grandchild = (pid_t)strtol(w.said, NULL, 10);
        (void)!write(pipe_fd[1], &grandchild, sizeof grandchild);
        pause();
        _exit(0);
    }
    assert_int_equal(read(pipe_fd[0], &grandchild, sizeof grandchild), sizeof grandchild);
    assert_false(is_gone(grandchild));
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    wait_for_state(grandchild, 0);
    (void)close(pipe_fd[0]);
    (void)close(pipe_fd[1]);
}

static void nobody_need_listen(void **state)
{
    (void)state;
    struct world w = world_new();
    struct err err;
    const char *const argv[] = {"/bin/echo", "heard by nobody", NULL};
    const struct child_cfg cfg = {.loop = w.loop, .budget = &w.budget, .argv = argv};
    assert_int_equal(child_start(&w.child, &cfg, &err), RC_OK);
    const uint64_t end_us = clock_now_us() + WAIT_US;
    while (child_is_alive(w.child)) {
        assert_true(clock_now_us() < end_us);
        loop_turn(w.loop, true);
    }
    world_end(&w);
}

static void memory_runs_out(void **state)
{
    (void)state;
    struct world w = world_new();
    struct err err;
    const char *const argv[] = {"/bin/true", NULL};
    const struct child_cfg cfg = {w.loop, &w.budget, argv, 0, false, 0, &w, NULL, on_end};
    w.budget.limit_bytes = 16;
    assert_int_equal(child_start(&w.child, &cfg, &err), RC_NOMEM);
    assert_null(w.child);
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_lines_and_its_end),
        cmocka_unit_test(it_reads_nothing_and_leads_a_session),
        cmocka_unit_test(a_long_line_is_cut),
        cmocka_unit_test(a_program_that_is_not_there),
        cmocka_unit_test(nice_and_on_one_processor),
        cmocka_unit_test(it_talks_without_end),
        cmocka_unit_test(signals_reach_all_offspring),
        cmocka_unit_test(freed_it_is_gone_with_all),
        cmocka_unit_test(it_dies_with_us),
        cmocka_unit_test(nobody_need_listen),
        cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
