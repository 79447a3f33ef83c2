// SPDX-License-Identifier: MIT
// Tests of a store in a folder: what is put in is there again, one process at a time, budgets.
#include "prog/objects.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/file.h"
#include "os/scratch_test.h"

#define MEMORY_BYTES ((size_t)64 << 20)
#define STORE_BYTES  ((uint64_t)8 << 20)

static char folder[SCRATCH_BYTES];

static int make_folder(void **state)
{
    (void)state;
    return scratch_make(folder);
}

static int remove_folder(void **state)
{
    (void)state;
    return scratch_remove(folder);
}

static void put_and_look_again(bool is_cache)
{
    static uint8_t large[300000];
    const struct objects_cfg cfg = {.path = folder, .bytes_max = STORE_BYTES, .is_cache = is_cache};
    struct arena *arena = arena_new(MEMORY_BYTES);
    struct objects o;
    struct digest small_name, large_name;
    struct bytes found;
    struct err err;
    memset(large, 'l', sizeof large);
    assert_int_equal(objects_open(&o, arena, &cfg, &err), RC_OK);
    assert_int_equal(store_add(o.store, bytes_text("small"), &small_name), RC_OK);
    assert_int_equal(store_add(o.store, bytes_of(large, sizeof large), &large_name), RC_OK);
    objects_close(&o);
    objects_close(&o); // harmless
    assert_null(o.store);
    assert_int_equal(objects_open(&o, arena, &cfg, &err), RC_OK);
    assert_int_equal(store_get(o.store, &small_name, &found), RC_OK);
    assert_true(bytes_is(found, "small"));
    store_release(o.store);
    assert_int_equal(store_get(o.store, &large_name, &found), RC_OK);
    assert_int_equal(found.len, sizeof large);
    store_release(o.store);
    assert_int_equal(store_stat(o.store).bytes_max, STORE_BYTES);
    objects_close(&o);
    arena_free(arena);
}

static void what_is_put_in_is_there_again(void **state)
{
    (void)state;
    put_and_look_again(false);
}

static void so_it_is_in_a_cache_that_was_closed(void **state)
{
    (void)state;
    put_and_look_again(true);
}

// In another process: 0 if it is told that this one has it.
static int is_refused(const struct objects_cfg *cfg)
{
    struct arena *arena = arena_new(MEMORY_BYTES);
    struct objects o;
    struct err err;
    const bool is_good = objects_open(&o, arena, cfg, &err) == RC_IO && o.store == NULL &&
                         strstr(err.text, "another process uses it") != NULL;
    arena_free(arena);
    return is_good ? 0 : 1;
}

static void one_process_at_a_time(void **state)
{
    (void)state;
    const struct objects_cfg cfg = {.path = folder, .bytes_max = STORE_BYTES};
    struct arena *arena = arena_new(MEMORY_BYTES);
    struct objects o;
    struct err err;
    int status = -1;
    assert_int_equal(objects_open(&o, arena, &cfg, &err), RC_OK);
    const pid_t pid = fork();
    if (pid == 0)
        _exit(is_refused(&cfg));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    objects_close(&o);
    arena_free(arena);
}

static void without_memory_nothing_is_open(void **state)
{
    (void)state;
    const struct objects_cfg cfg = {.path = folder, .bytes_max = STORE_BYTES};
    struct arena *arena = arena_new(1024);
    struct objects o;
    struct err err;
    assert_int_equal(objects_open(&o, arena, &cfg, &err), RC_NOMEM);
    assert_null(o.kv);
    assert_null(o.large);
    arena_free(arena);
    struct arena *enough = arena_new(MEMORY_BYTES); // the lock was given back
    assert_int_equal(objects_open(&o, enough, &cfg, &err), RC_OK);
    objects_close(&o);
    arena_free(enough);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_put_in_is_there_again, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(so_it_is_in_a_cache_that_was_closed, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(one_process_at_a_time, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(without_memory_nothing_is_open, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
