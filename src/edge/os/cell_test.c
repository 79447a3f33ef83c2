// SPDX-License-Identifier: MIT
// The worker's side by hand: a socket, a memory file, and the messages as bytes.
#include "os/cell.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROOMY (1ull << 46) // the whole address space: memory is not what is tested here

static enum rc keep_length(void *state, struct bytes object)
{
    *(size_t *)state = object.len;
    return object.len == 3 ? RC_REFUSED : RC_OK;
}

// The request, doubled where there is room; the report is the loaded object's length.
static enum rc double_it(void *state, struct bytes request, struct buffer *result,
                         struct buffer *report)
{
    buffer_put(result, request);
    buffer_put(result, request);
    buffer_u64(report, *(size_t *)state);
    return result->is_full ? RC_FULL : RC_OK;
}

static const struct worker_code code = {.name = "double", .load = keep_length, .run = double_it};
static const struct cell_areas areas = {.bytes = {100, 200000, 150, 64}};

struct fixture {
    int socket;
    uint8_t *shared;
    pid_t pid;
};

static struct cell_answer receive(const struct fixture *f)
{
    struct cell_answer a;
    assert_int_equal(read(f->socket, &a, sizeof a), sizeof a);
    return a;
}

static int start_cell(void **state)
{
    static struct fixture f;
    struct cage_filter filter;
    struct err err;
    assert_int_equal(cage_filter_build(&filter, &err), RC_OK);
    int end[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, end), 0);
    const int memory = memfd_create("cell", MFD_CLOEXEC);
    const size_t all = cell_area_at(&areas, CELL_AREAS);
    assert_int_equal(ftruncate(memory, (off_t)all), 0);
    f.shared = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    assert_ptr_not_equal(f.shared, MAP_FAILED);
    size_t loaded = 0;
    uint32_t walls = 0;
    assert_int_equal(cage_fork(false, &f.pid, &walls), RC_OK);
    if (f.pid == 0)
        cell_main(&(struct cell_cfg){
            .code = &code,
            .state = &loaded,
            .areas = areas,
            .memory = memory,
            .cage = {.filter = &filter, .socket = end[1], .address_bytes = ROOMY, .cpu_s = 10},
            .walls = walls});
    (void)close(end[1]);
    (void)close(memory);
    f.socket = end[0];
    const struct cell_answer greeting = receive(&f);
    assert_int_equal(greeting.serial, 0);
    assert_int_equal(greeting.rc, RC_OK);
    assert_int_equal(cage_level((uint32_t)greeting.result_len), CAGE_LEVEL_FILTER);
    *state = &f;
    return 0;
}

static int end_cell(void **state)
{
    struct fixture *f = *state;
    (void)close(f->socket);
    int status;
    assert_int_equal(waitpid(f->pid, &status, 0), f->pid);
    assert_int_equal(status, 0); // it ended by itself
    return munmap(f->shared, cell_area_at(&areas, CELL_AREAS));
}

static struct cell_answer call(const struct fixture *f, enum cell_op op, uint32_t serial,
                               struct bytes in)
{
    const size_t area = op == CELL_OP_LOAD ? CELL_OBJECT : CELL_REQUEST;
    memcpy(f->shared + cell_area_at(&areas, area), in.at, in.len);
    const struct cell_call c = {.op = op, .serial = serial, .len = in.len};
    assert_int_equal(write(f->socket, &c, sizeof c), sizeof c);
    return receive(f);
}

static void areas_do_not_touch(void **state)
{
    (void)state;
    const struct cell_areas a = {.bytes = {1, 65536, 65537, CELL_AREA_BYTES_MAX}};
    assert_int_equal(cell_area_at(&a, CELL_REQUEST), 0);
    assert_int_equal(cell_area_at(&a, CELL_OBJECT), 65536);
    assert_int_equal(cell_area_at(&a, CELL_RESULT), (size_t)2 * 65536);
    assert_int_equal(cell_area_at(&a, CELL_REPORT), (size_t)4 * 65536);
    assert_int_equal(cell_area_at(&a, CELL_AREAS), (size_t)4 * 65536 + CELL_AREA_BYTES_MAX);
    assert_true(cell_address_bytes(&a) > cell_area_at(&a, CELL_AREAS));
}

static void serves_calls(void **state)
{
    const struct fixture *f = *state;
    struct cell_answer a = call(f, CELL_OP_LOAD, 1, bytes_text("some object"));
    assert_int_equal(a.serial, 1);
    assert_int_equal(a.rc, RC_OK);
    assert_int_equal(a.result_len + a.report_len, 0);
    a = call(f, CELL_OP_RUN, 7, bytes_text("abc"));
    assert_int_equal(a.serial, 7);
    assert_int_equal(a.rc, RC_OK);
    assert_int_equal(a.result_len, 6);
    assert_int_equal(a.report_len, 8);
    assert_memory_equal(f->shared + cell_area_at(&areas, CELL_RESULT), "abcabc", 6);
    assert_int_equal(f->shared[cell_area_at(&areas, CELL_REPORT) + 7], 11);
}

static void answers_what_the_code_answers(void **state)
{
    const struct fixture *f = *state;
    const uint8_t much[100] = {0};
    assert_int_equal(call(f, CELL_OP_LOAD, 1, bytes_text("abc")).rc, RC_REFUSED);
    const struct cell_answer a = call(f, CELL_OP_RUN, 2, bytes_of(much, sizeof much));
    assert_int_equal(a.rc, RC_FULL);
    assert_int_equal(a.result_len, 100);
}

static void a_short_message_ends_it(void **state)
{
    const struct fixture *f = *state;
    struct cell_answer a;
    assert_int_equal(write(f->socket, "x", 1), 1);
    assert_int_equal(read(f->socket, &a, sizeof a), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(areas_do_not_touch),
        cmocka_unit_test_setup_teardown(serves_calls, start_cell, end_cell),
        cmocka_unit_test_setup_teardown(answers_what_the_code_answers, start_cell, end_cell),
        cmocka_unit_test_setup_teardown(a_short_message_ends_it, start_cell, end_cell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
