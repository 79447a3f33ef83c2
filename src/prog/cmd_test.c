// SPDX-License-Identifier: MIT
// Tests of what every command has: its life and exit codes, config file, folder, key, secret.
#include "prog/cmd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "os/scratch_test.h"
#include "prog/said_test.h"

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

static const char *in_folder(const char *name)
{
    static char path[SCRATCH_BYTES + 64];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *words)
{
    assert_int_equal(file_write(in_folder(name), bytes_text(words), 0600, NULL), RC_OK);
}

// ---- A life

struct try_options {
    struct cmd_common common;
    const char *answer; // of open: "fine", "usage" or "failed"
    uint64_t count;
};

static const struct option_spec specs[] = {
    {.name = "answer",
     .kind = OPTION_TEXT,
     .initial = "fine",
     .sentence = "x",
     .offset = offsetof(struct try_options, answer)},
    {.name = "count",
     .kind = OPTION_U64,
     .max = 9,
     .initial = "3",
     .sentence = "x",
     .offset = offsetof(struct try_options, count)},
    CMD_COMMON(struct try_options),
};

static const struct option_command command = {
    .name = "try", .summary = "x", .spec = specs, .count = ARRAY_COUNT(specs)};

struct side {
    struct try_options o;
    struct arena *arena;
};

static char steps[64]; // what was called: o, r with its count, c

static void note(const char *step)
{
    strncat(steps, step, sizeof steps - strlen(steps) - 1);
}

static enum rc try_open(void *self, struct arena *arena, struct err *err)
{
    struct side *s = self;
    note("o");
    assert_null(s->arena); // it begins as nothing
    s->arena = arena;
    if (strcmp(s->o.answer, "usage") == 0)
        return err_set(err, RC_CONFIG, "--answer %s", s->o.answer);
    if (strcmp(s->o.answer, "failed") == 0)
        return err_set(err, RC_IO, "--answer %s", s->o.answer);
    return RC_OK;
}

static int try_run(void *self)
{
    struct side *s = self;
    const char count[] = {'r', (char)('0' + s->o.count), 0};
    note(count);
    assert_non_null(arena_take(s->arena, 1));
    return 7;
}

static void try_close(void *self)
{
    struct side *s = self;
    note("c");
    assert_non_null(s->arena);
}

static const struct cmd try_cmd = {.options = &command,
                                   .side_bytes = sizeof(struct side),
                                   .open = try_open,
                                   .run = try_run,
                                   .close = try_close};

// The command with these words: its steps, what it said on standard error, its exit code.
static void lives(const char *const word[], const char *wants_steps, const char *wants_words,
                  int wants_code)
{
    struct said said;
    char *argv[8];
    static char room[8][256];
    int argc = 0;
    for (; word[argc] != NULL; argc++) {
        (void)snprintf(room[argc], sizeof room[argc], "%s", word[argc]);
        argv[argc] = room[argc];
    }
    steps[0] = 0;
    said_begin(&said, &stderr);
    const int exit_code = cmd_main(&try_cmd, argc, argv);
    assert_string_equal(said_end(&said), wants_words);
    assert_string_equal(steps, wants_steps);
    assert_int_equal(exit_code, wants_code);
    said_free(&said);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void what_was_opened_is_closed(void **state)
{
    (void)state;
    lives(WORDS("--count", "4"), "or4c", "", 7);
}

static void what_failed_to_open_is_closed_too_and_not_run(void **state)
{
    (void)state;
    lives(WORDS("--answer", "failed"), "oc", "shoal: --answer failed\n", EXIT_FAILED);
    lives(WORDS("--answer", "usage"), "oc", "shoal: --answer usage\nTry `shoal try --help`.\n",
          EXIT_USAGE);
}

static void wrong_words_open_nothing(void **state)
{
    (void)state;
    lives(WORDS("--count", "10"), "", "shoal: --count 10: must be 0..9\nTry `shoal try --help`.\n",
          EXIT_USAGE);
}

static void help_is_no_failure(void **state)
{
    (void)state;
    struct said said;
    said_begin(&said, &stdout);
    lives(WORDS("--help"), "", "", EXIT_DONE);
    assert_memory_equal(said_end(&said), "usage: shoal try", strlen("usage: shoal try"));
    said_free(&said);
}

static void a_config_file_stands_between_defaults_and_words(void **state)
{
    (void)state;
    write_file("conf", "# mine\ncount = 5\n");
    char option[300];
    (void)snprintf(option, sizeof option, "--config=%s", in_folder("conf"));
    lives(WORDS(option), "or5c", "", 7);
    lives(WORDS(option, "--count", "6"), "or6c", "", 7);
    write_file("conf", "count = many\n");
    char words[400];
    (void)snprintf(words, sizeof words,
                   "shoal: %s: line 1: count many: must be 0..9\nTry `shoal try --help`.\n",
                   in_folder("conf"));
    lives(WORDS(option), "", words, EXIT_USAGE);
}

static void codes_of_the_machine_are_no_usage(void **state)
{
    (void)state;
    for (int rc = RC_OK; rc < RC_COUNT; rc++)
        assert_int_equal(cmd_of_machine((enum rc)rc), rc == RC_CONFIG ? RC_IO : rc);
}

static void a_wrong_word_is_answered_with_the_right_ones(void **state)
{
    (void)state;
    static const char *const names[] = {"add", "get", "verify"};
    struct err err;
    assert_int_equal(cmd_must_be(&err, "store", "x", names, 3), RC_CONFIG);
    assert_string_equal(err.text, "store x: must be add, get or verify");
    assert_int_equal(cmd_must_be(&err, "store", "verfy", names, 3), RC_CONFIG);
    assert_string_equal(err.text, "store verfy: must be add, get or verify; did you mean verify?");
    assert_int_equal(cmd_must_be(&err, "bench", "x", names, 1), RC_CONFIG);
    assert_string_equal(err.text, "bench x: must be add");
}

static void a_signal_is_told_as_shells_have_it(void **state)
{
    (void)state;
    struct said said;
    said_begin(&said, &stderr);
    assert_int_equal(cmd_stopped(2), 130);
    assert_string_equal(said_end(&said), "shoal: stopped\n");
    said_free(&said);
}

// ---- The state folder

static void a_key_is_made_once_and_is_nobody_elses(void **state)
{
    (void)state;
    struct id first, again;
    struct stat st;
    struct err err;
    assert_int_equal(cmd_identity(&first, folder, &err), RC_OK);
    assert_int_equal(cmd_identity(&again, folder, &err), RC_OK);
    assert_memory_equal(first.node.b, again.node.b, sizeof first.node.b);
    assert_int_equal(stat(in_folder("identity"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    id_end(&first);
    id_end(&again);
    write_file("identity", "something else");
    assert_int_equal(cmd_identity(&again, folder, &err), RC_MALFORMED);
    assert_non_null(strstr(err.text, "move it away"));
}

static void a_secret_is_the_first_word_of_its_file(void **state)
{
    (void)state;
    struct arena *arena = arena_new(4096);
    struct bytes secret;
    struct err err;
    write_file("token", "open-sesame\nand more\n");
    assert_int_equal(cmd_secret(&secret, arena, in_folder("token"), &err), RC_OK);
    assert_true(bytes_is(secret, "open-sesame"));
    write_file("token", "\n");
    assert_int_equal(cmd_secret(&secret, arena, in_folder("token"), &err), RC_MALFORMED);
    assert_int_equal(cmd_secret(&secret, arena, in_folder("none"), &err), RC_ABSENT);
    arena_free(arena);
}

static void paths_are_not_cut(void **state)
{
    (void)state;
    static char long_folder[FILE_PATH_BYTES];
    char path[FILE_PATH_BYTES];
    struct err err;
    memset(long_folder, 'x', sizeof long_folder - 1);
    assert_int_equal(cmd_path(path, "a", "b", &err), RC_OK);
    assert_string_equal(path, "a/b");
    assert_int_equal(cmd_path(path, long_folder, "b", &err), RC_CONFIG);
    const struct cmd_common common = {.state = long_folder};
    assert_int_equal(cmd_state(&common, path, &err), RC_IO); // of its length, but not to be made
}

static void only_addresses_of_this_machine_are_loopback(void **state)
{
    (void)state;
    static const char *const own[] = {"127.0.0.1", "127.9.8.7", "::1", "localhost"};
    static const char *const others[] = {"128.0.0.1",   "0.0.0.0",    "::", "127.0.0.1.example.org",
                                         "localhost.a", "127.0.0.1 ", "",   "10.0.0.127"};
    for (size_t i = 0; i < ARRAY_COUNT(own); i++)
        assert_true(cmd_is_loopback(own[i]));
    for (size_t i = 0; i < ARRAY_COUNT(others); i++)
        assert_false(cmd_is_loopback(others[i]));
}

static void whether_a_file_can_be_made_is_known_before(void **state)
{
    (void)state;
    struct err err;
    assert_int_equal(cmd_check_out("out", in_folder("picture.png"), &err), RC_OK);
    assert_int_equal(cmd_check_out("out", "picture.png", &err), RC_OK);
    assert_int_equal(cmd_check_out("out", in_folder("none/picture.png"), &err), RC_IO);
    assert_int_equal(cmd_check_out("out", in_folder(""), &err), RC_CONFIG);
    assert_int_equal(cmd_check_out("layers", "/tmp", &err), RC_CONFIG);
    assert_non_null(strstr(err.text, "--layers /tmp: this is a folder"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_opened_is_closed),
        cmocka_unit_test(what_failed_to_open_is_closed_too_and_not_run),
        cmocka_unit_test(wrong_words_open_nothing),
        cmocka_unit_test(help_is_no_failure),
        cmocka_unit_test_setup_teardown(a_config_file_stands_between_defaults_and_words,
                                        make_folder, remove_folder),
        cmocka_unit_test(codes_of_the_machine_are_no_usage),
        cmocka_unit_test(a_wrong_word_is_answered_with_the_right_ones),
        cmocka_unit_test(a_signal_is_told_as_shells_have_it),
        cmocka_unit_test_setup_teardown(a_key_is_made_once_and_is_nobody_elses, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(a_secret_is_the_first_word_of_its_file, make_folder,
                                        remove_folder),
        cmocka_unit_test(paths_are_not_cut),
        cmocka_unit_test(only_addresses_of_this_machine_are_loopback),
        cmocka_unit_test_setup_teardown(whether_a_file_can_be_made_is_known_before, make_folder,
                                        remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
