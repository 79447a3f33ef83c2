// SPDX-License-Identifier: MIT
// Escape attempts, crashes, hangs and greed, each of which may cost one call and nothing else.
//
// Everything runs with and without namespaces, and if started as root once more as nobody.
#include "os/worker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "os/clock.h"
#include "os/worker_test_code.h"

#define BUDGET_US   20000000u // for what is expected to answer, on however slow a machine
#define MEMORY      (64ull << 20)
#define CRASH_COUNT 50

struct mode {
    bool has_no_spaces;
};

struct fixture {
    struct mode mode;
    struct arena *arena;
    struct loop *loop;
    struct nursery *nursery;
    struct worker *worker;
    uint32_t dones;
    uint32_t deaths;
    enum rc death_why;
    enum rc rc;
    uint64_t cpu_us;
    uint64_t wall_us;
    size_t result_len, report_len;
    uint8_t result[256]; // its beginning
    uint8_t report[256];
    char text[ERR_TEXT_BYTES];
};

static void on_done(void *self, const struct worker_done *done)
{
    struct fixture *f = self;
    f->dones++;
    f->rc = done->rc;
    f->cpu_us = done->cpu_us;
    f->wall_us = done->wall_us;
    f->result_len = done->result.len;
    f->report_len = done->report.len;
    struct buffer result = buffer_of(f->result, sizeof f->result);
    struct buffer report = buffer_of(f->report, sizeof f->report);
    buffer_put(&result, bytes_part(done->result, 0, sizeof f->result));
    buffer_put(&report, bytes_part(done->report, 0, sizeof f->report));
    bytes_to_text(bytes_text(done->text), f->text, sizeof f->text);
}

static void on_dead(void *self, enum rc why, const char *text)
{
    struct fixture *f = self;
    assert_true(strlen(text) > 0);
    f->deaths++;
    f->death_why = why;
}

static struct worker_limits small_limits(void)
{
    struct worker_limits limits = WORKER_LIMITS;
    limits.result_bytes = RESULT_CAP;
    limits.report_bytes = 1000;
    limits.object_bytes = 1 << 20;
    limits.request_bytes = 4096;
    limits.memory_bytes = MEMORY;
    return limits;
}

static struct worker *new_worker(struct fixture *f, struct worker_limits limits)
{
    struct worker *w = NULL;
    assert_int_equal(worker_new(&w, &(struct worker_cfg){.arena = f->arena,
                                                         .nursery = f->nursery,
                                                         .loop = f->loop,
                                                         .limits = limits,
                                                         .handlers = {.self = f,
                                                                      .on_done = on_done,
                                                                      .on_dead = on_dead}}),
                     RC_OK);
    return w;
}

static void set_up(void **state, struct worker_limits limits)
{
    const struct mode *mode = *state;
    struct fixture *f = calloc(1, sizeof *f); // malloc: a test's own
    assert_non_null(f);
    f->mode = *mode;
    f->arena = arena_new(1 << 20);
    assert_non_null(f->arena);
    struct err err = {0};
    const struct nursery_cfg cfg = {.code = &test_code, .has_no_spaces = mode->has_no_spaces};
    if (nursery_start(&f->nursery, f->arena, &cfg, &err) != RC_OK)
        fail_msg("%s", err.text);
    owner_secret = 4711;
    assert_int_equal(loop_new(&f->loop, NULL), RC_OK);
    assert_int_equal(nursery_listen(f->nursery, f->loop), RC_OK);
    f->worker = new_worker(f, limits);
    *state = f;
}

static int set_up_small(void **state)
{
    set_up(state, small_limits());
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    worker_close(f->worker);
    nursery_stop(f->nursery);
    loop_free(f->loop); // nobody has left anything open
    arena_free(f->arena);
    free(f);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); // no child is left
    owner_secret = 0;
    return 0;
}

static void await_done(struct fixture *f, uint32_t dones)
{
    while (f->dones < dones)
        loop_turn(f->loop, true);
}

static enum rc run(struct fixture *f, const void *request, size_t len, uint64_t budget_us)
{
    const uint32_t dones = f->dones;
    assert_int_equal(worker_run(f->worker, bytes_of(request, len), budget_us), RC_OK);
    assert_int_equal(worker_run(f->worker, bytes_of(request, len), budget_us), RC_AGAIN);
    await_done(f, dones + 1);
    assert_int_equal(f->dones, dones + 1);
    return f->rc;
}

static enum rc run_verb(struct fixture *f, enum verb verb, size_t argument, uint64_t budget_us)
{
    const uint8_t request[] = {(uint8_t)verb, (uint8_t)argument};
    return run(f, request, sizeof request, budget_us);
}

static uint32_t result_u32(const struct fixture *f)
{
    struct cursor c = {.left = bytes_of(f->result, f->result_len)};
    const uint32_t v = cursor_u32(&c);
    assert_true(cursor_done(&c));
    return v;
}

static void assert_works(struct fixture *f)
{
    const uint8_t request[] = {VERB_ECHO, 'a', 'b', 'c'};
    assert_int_equal(run(f, request, sizeof request, BUDGET_US), RC_OK);
    assert_int_equal(f->result_len, sizeof request);
    assert_memory_equal(f->result, request, sizeof request);
    assert_int_equal(f->report_len, 4);
}

static void answers_and_keeps_its_state(void **state)
{
    struct fixture *f = *state;
    assert_works(f);
    assert_true(worker_pid(f->worker) > 0);
    for (uint32_t i = 1; i < 100; i++) {
        assert_int_equal(run_verb(f, VERB_COUNT_RUN, 0, BUDGET_US), RC_OK);
        assert_int_equal(result_u32(f), i);
    }
    assert_int_equal(run_verb(f, VERB_UNKNOWN, 0, BUDGET_US), RC_MALFORMED);
    assert_int_equal(f->deaths, 0);
}

static void says_which_walls_stand(void **state)
{
    struct fixture *f = *state;
    assert_works(f);
    const uint32_t walls = worker_walls(f->worker);
    char line[256];
    struct text t = text_of(line, sizeof line);
    cage_walls_text(walls, &t);
    print_message("  %s\n", line);
    assert_int_not_equal(cage_level(walls), CAGE_LEVEL_NONE);
    if (f->mode.has_no_spaces)
        assert_int_equal(cage_level(walls), CAGE_LEVEL_FILTER);
    assert_int_equal((walls & CAGE_WALL_USER) != 0, geteuid() == 0);
}

static void no_attempt_succeeds(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_COUNT(attempt); i++) {
        const uint32_t deaths = f->deaths;
        if (run_verb(f, VERB_ATTEMPT, i, BUDGET_US) != RC_CRASHED)
            fail_msg("'%s' was answered %s", attempt[i].name, rc_text(f->rc));
        assert_int_equal(f->result_len, 0);
        // Under a sanitizer a fault is reported first, and the report is a forbidden call.
        if (strstr(f->text, attempt[i].end) == NULL && strstr(f->text, CALL) == NULL)
            fail_msg("'%s' %s", attempt[i].name, f->text);
        assert_int_equal(f->deaths, deaths + 1);
        assert_int_equal(f->death_why, RC_CRASHED);
        assert_works(f);
        assert_int_equal(f->deaths, deaths + 1);
    }
    assert_int_equal(f->deaths, ARRAY_COUNT(attempt));
}

static void endless_work_ends(void **state)
{
    struct fixture *f = *state;
    const enum verb verb[] = {VERB_LOOP, VERB_SLEEP};
    for (size_t i = 0; i < ARRAY_COUNT(verb); i++) {
        assert_int_equal(run_verb(f, verb[i], 0, 30000), RC_TIMEOUT);
        assert_true(f->wall_us >= 30000);
        assert_true(f->cpu_us <= f->wall_us);
        assert_works(f);
    }
    assert_int_equal(f->deaths, 2);
}

static void memory_is_bounded(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(run_verb(f, VERB_GIANT, 0, BUDGET_US), RC_NOMEM);
    assert_int_equal(run_verb(f, VERB_GREED, 0, BUDGET_US), RC_NOMEM);
    assert_true(result_u32(f) <= MEMORY >> 20);
    assert_true(result_u32(f) > 0);
    assert_int_equal(f->deaths, 0);
    worker_renew(f->worker);
    while (f->deaths == 0)
        loop_turn(f->loop, true);
    assert_int_equal(f->death_why, RC_OK);
    assert_works(f);
}

static void output_is_bounded(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(run_verb(f, VERB_FLOOD, 0, BUDGET_US), RC_FULL);
    assert_true(f->result_len <= RESULT_CAP && f->report_len <= 1000);
    assert_works(f);
    assert_int_equal(f->deaths, 0);
}

static void owner_secrets_stay_away(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(owner_secret, 4711);
    assert_int_equal(run_verb(f, VERB_SECRET, 0, BUDGET_US), RC_OK);
    assert_int_equal(result_u32(f), 0);
}

static void objects_are_held_until_death(void **state)
{
    struct fixture *f = *state;
    const uint32_t dones = f->dones;
    assert_int_equal(worker_load(f->worker, bytes_text("longer object"), BUDGET_US), RC_OK);
    await_done(f, dones + 1);
    assert_int_equal(f->rc, RC_OK);
    assert_int_equal(worker_load(f->worker, bytes_text("an object"), BUDGET_US), RC_OK);
    await_done(f, dones + 2);
    assert_int_equal(run_verb(f, VERB_OBJECT, 0, BUDGET_US), RC_OK);
    assert_true(bytes_is(bytes_of(f->result, f->result_len), "an object"));
    assert_int_equal(run_verb(f, VERB_ATTEMPT, 0, BUDGET_US), RC_CRASHED);
    assert_int_equal(run_verb(f, VERB_OBJECT, 0, BUDGET_US), RC_ABSENT);
    assert_int_equal(worker_load(f->worker, bytes_of(NULL, 0), BUDGET_US), RC_OK);
    await_done(f, f->dones + 1);
    assert_int_equal(f->rc, RC_MALFORMED);
}

static void too_long_is_refused(void **state)
{
    struct fixture *f = *state;
    static uint8_t much[(1 << 20) + 1];
    assert_int_equal(worker_run(f->worker, bytes_of(much, 4097), BUDGET_US), RC_FULL);
    assert_int_equal(worker_load(f->worker, bytes_of(much, sizeof much), BUDGET_US), RC_FULL);
    assert_works(f);
}

static void time_is_the_kernels(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(run_verb(f, VERB_SPIN, 2, BUDGET_US), RC_OK);
    assert_true(f->cpu_us >= 20000 && f->cpu_us <= f->wall_us);
    assert_works(f);
    assert_true(f->cpu_us < 20000);
}

static void renewal_forgets(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(run_verb(f, VERB_COUNT_RUN, 0, BUDGET_US), RC_OK);
    const pid_t before = worker_pid(f->worker);
    worker_renew(f->worker);
    assert_int_equal(worker_run(f->worker, bytes_text("x"), BUDGET_US), RC_AGAIN);
    while (f->deaths == 0)
        loop_turn(f->loop, true);
    assert_int_equal(f->death_why, RC_OK);
    assert_int_equal(run_verb(f, VERB_COUNT_RUN, 0, BUDGET_US), RC_OK);
    assert_int_equal(result_u32(f), 1);
    assert_int_not_equal(worker_pid(f->worker), before);

    assert_int_equal(worker_run(f->worker, bytes_text("\3"), BUDGET_US), RC_OK); // VERB_LOOP
    worker_renew(f->worker);
    await_done(f, f->dones + 1);
    assert_int_equal(f->rc, RC_CLOSED);
    assert_works(f);
}

static size_t open_descriptors(void)
{
    DIR *d = opendir("/proc/self/fd");
    assert_non_null(d);
    size_t count = 0;
    while (readdir(d) != NULL)
        count++;
    (void)closedir(d);
    return count;
}

static void crashes_leak_nothing(void **state)
{
    struct fixture *f = *state;
    assert_works(f);
    const size_t before = open_descriptors();
    for (size_t i = 0; i < CRASH_COUNT; i++) {
        assert_int_equal(run_verb(f, VERB_ATTEMPT, i % 4, BUDGET_US), RC_CRASHED);
        assert_works(f);
    }
    assert_int_equal(open_descriptors(), before);
    assert_int_equal(f->deaths, CRASH_COUNT);
}

static void a_row_of_crashes_is_slowed(void **state)
{
    struct fixture *f = *state;
    const uint64_t from_us = clock_now_us();
    for (size_t i = 0; i < WORKER_RETRY_FREE + 3; i++)
        assert_int_equal(run_verb(f, VERB_ATTEMPT, 0, BUDGET_US), RC_CRASHED);
    assert_works(f);
    // The deaths after the free ones were followed by waits of 1, 2 and 4 WORKER_RETRY_US.
    assert_true((clock_now_us() - from_us) >= (uint64_t)7 * WORKER_RETRY_US);
}

static void several_work_side_by_side(void **state)
{
    struct fixture *f = *state;
    struct worker *other[NURSERY_WORKERS_MAX - 1] = {0};
    for (size_t i = 0; i < ARRAY_COUNT(other); i++)
        other[i] = new_worker(f, small_limits());
    struct worker *one_more = NULL;
    const struct worker_cfg cfg = {.arena = f->arena,
                                   .nursery = f->nursery,
                                   .loop = f->loop,
                                   .limits = small_limits(),
                                   .handlers = {f, on_done, on_dead}};
    assert_int_equal(worker_new(&one_more, &cfg), RC_FULL);
    const uint8_t request[] = {VERB_ECHO};
    for (size_t i = 0; i < ARRAY_COUNT(other); i++)
        assert_int_equal(worker_run(other[i], bytes_of(request, 1), BUDGET_US), RC_OK);
    await_done(f, ARRAY_COUNT(other));
    for (size_t i = 0; i < ARRAY_COUNT(other); i++)
        worker_close(other[i]);
    assert_works(f);
    assert_int_equal(f->deaths, 0);
}

static void bad_limits_are_refused(void **state)
{
    struct fixture *f = *state;
    struct worker *w = NULL;
    struct worker_cfg cfg = {.arena = f->arena,
                             .nursery = f->nursery,
                             .loop = f->loop,
                             .limits = small_limits(),
                             .handlers = {f, on_done, on_dead}};
    cfg.limits.result_bytes = 0;
    assert_int_equal(worker_new(&w, &cfg), RC_CONFIG);
    cfg.limits.result_bytes = (size_t)CELL_AREA_BYTES_MAX + 1;
    assert_int_equal(worker_new(&w, &cfg), RC_CONFIG);
    cfg.limits = small_limits();
    cfg.limits.cpu_s = 0;
    assert_int_equal(worker_new(&w, &cfg), RC_CONFIG);
    assert_null(w);
}

static int set_up_short_life(void **state)
{
    struct worker_limits limits = small_limits();
    limits.cpu_s = 1;
    set_up(state, limits);
    return 0;
}

// The backstop for a program that was stopped and cannot time its workers.
static void processor_time_is_bounded(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(run_verb(f, VERB_LOOP, 0, BUDGET_US), RC_TIMEOUT);
    assert_true(f->cpu_us > 0);
    assert_works(f);
    // cpu_s / 2 is 0: every answer is followed by a fresh process.
    while (f->deaths < 2)
        loop_turn(f->loop, true);
    assert_int_equal(f->death_why, RC_OK);
}

static void a_lost_nursery_is_told(void **state)
{
    struct fixture *f = *state;
    assert_works(f);
    const uint8_t request[] = {VERB_LOOP};
    const pid_t pid = worker_pid(f->worker);
    assert_int_equal(worker_run(f->worker, bytes_of(request, 1), BUDGET_US), RC_OK);
    assert_int_equal(kill(nursery_pid(f->nursery), SIGKILL), 0);
    await_done(f, f->dones + 1);
    assert_int_equal(f->rc, RC_CLOSED);
    assert_int_equal(f->death_why, RC_CLOSED);
    assert_false(nursery_is_alive(f->nursery));
    assert_int_equal(waitpid(nursery_pid(f->nursery), NULL, 0), nursery_pid(f->nursery));
    assert_int_equal(waitpid(pid, NULL, 0), pid); // an orphan, and dead
    assert_int_equal(worker_run(f->worker, bytes_of(request, 1), BUDGET_US), RC_CLOSED);
}

// A program with one idle and one looping worker; says so on the pipe, then never ends.
static void be_program(void **state, int ready)
{
    set_up_small(state);
    struct fixture *f = *state;
    struct worker *other = new_worker(f, small_limits());
    const uint8_t request[] = {VERB_ECHO};
    assert_int_equal(worker_run(other, bytes_of(request, 1), BUDGET_US), RC_OK);
    await_done(f, 1);
    assert_works(f);
    assert_int_equal(worker_run(other, bytes_text("\3"), BUDGET_US), RC_OK); // VERB_LOOP
    (void)!write(ready, "x", 1);
    for (;;)
        (void)pause();
}

static void nothing_outlives_the_program(void **state)
{
    int ready[2];
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    const pid_t program = fork();
    if (program == 0)
        be_program(state, ready[1]);
    (void)close(ready[1]);
    char byte;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    (void)close(ready[0]);
    assert_int_equal(kill(program, SIGKILL), 0);
    size_t count = 0;
    // Orphans become ours. If one did not end, this would not either, until the test's limit.
    while (waitpid(-1, NULL, 0) > 0)
        count++;
    assert_in_range(count, 2, 4); // the program, the nursery, workers it did not reap itself
}

#define WITH(test, up, mode)                                                                       \
    {                                                                                              \
#test, test, up, tear_down, mode                                                           \
    }

static int run_all(struct mode *mode)
{
    const struct CMUnitTest tests[] = {
        WITH(answers_and_keeps_its_state, set_up_small, mode),
        WITH(says_which_walls_stand, set_up_small, mode),
        WITH(no_attempt_succeeds, set_up_small, mode),
        WITH(endless_work_ends, set_up_small, mode),
        WITH(memory_is_bounded, set_up_small, mode),
        WITH(output_is_bounded, set_up_small, mode),
        WITH(owner_secrets_stay_away, set_up_small, mode),
        WITH(objects_are_held_until_death, set_up_small, mode),
        WITH(too_long_is_refused, set_up_small, mode),
        WITH(time_is_the_kernels, set_up_small, mode),
        WITH(renewal_forgets, set_up_small, mode),
        WITH(crashes_leak_nothing, set_up_small, mode),
        WITH(a_row_of_crashes_is_slowed, set_up_small, mode),
        WITH(several_work_side_by_side, set_up_small, mode),
        WITH(bad_limits_are_refused, set_up_small, mode),
        WITH(processor_time_is_bounded, set_up_short_life, mode),
        WITH(a_lost_nursery_is_told, set_up_small, mode),
        {"nothing_outlives_the_program", nothing_outlives_the_program, NULL, NULL, mode},
    };
    return cmocka_run_group_tests_name(
        mode->has_no_spaces ? "without namespaces" : "with namespaces", tests, NULL, NULL);
}

static int run_modes(void)
{
    // Orphans become this process's children, so that none can be missed.
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
        return 1;
    int failed = 0;
    for (int i = 0; i < 2; i++)
        failed += run_all(&(struct mode){.has_no_spaces = i == 1});
    return failed;
}

int main(void)
{
    int failed = run_modes();
    if (geteuid() == 0) {
        (void)fflush(stdout);
        const pid_t pid = fork();
        if (pid == 0) {
            uint32_t walls = 0;
            struct err err;
            if (cage_drop_root(&walls, &err) != RC_OK || prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0)
                return EXIT_FAILURE;
            return run_modes();
        }
        int status = 0;
        failed += waitpid(pid, &status, 0) != pid || status != 0;
    }
    return failed;
}
