// SPDX-License-Identifier: MIT
// Tests of files: whole in, whole out, modes, folders, and the words of every failure.
#include "os/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/scratch_test.h"

static char *in_folder(const char *name)
{
    static char path[FILE_PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s/%s", scratch_folder, name);
    return path;
}

static unsigned mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    struct budget budget = {.limit_bytes = 1 << 20};
    struct err err = {0};
    struct bytes got;
    const char *path = in_folder("a");
    (void)umask(0);
    assert_int_equal(file_write(path, bytes_text("first, longer"), 0600, &err), RC_OK);
    assert_int_equal(mode_of(path), 0600);
    assert_int_equal(file_write(path, bytes_text("second"), 0644, &err), RC_OK);
    assert_int_equal(mode_of(path), 0644);
    assert_int_equal(file_read(&got, &budget, path, 6, &err), RC_OK);
    assert_true(bytes_is(got, "second"));
    assert_int_equal(got.at[6], 0);
    file_forget(got, &budget);
    assert_int_equal(file_write(path, bytes_of(NULL, 0), 0600, &err), RC_OK);
    assert_int_equal(file_read(&got, &budget, path, 0, &err), RC_OK);
    assert_int_equal(got.len, 0);
    file_forget(got, &budget);
    assert_int_equal(budget.used_bytes, 0);
}

static void failures_have_words(void **state)
{
    (void)state;
    struct budget budget = {.limit_bytes = 100};
    struct err err = {0};
    struct bytes got = bytes_text("untouched");
    assert_int_equal(file_read(&got, &budget, "/no/such", 10, &err), RC_ABSENT);
    assert_string_equal(err.text, "cannot read /no/such: No such file or directory");
    assert_int_equal(file_read(&got, &budget, scratch_folder, 10, &err), RC_REFUSED);
    assert_int_equal(file_read(&got, &budget, "/dev/null", 10, &err), RC_REFUSED);
    assert_string_equal(err.text, "cannot read /dev/null: not a regular file");
    char path[FILE_PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s", in_folder("b"));
    static const uint8_t many[200];
    assert_int_equal(file_write(path, bytes_of(many, sizeof many), 0600, &err), RC_OK);
    assert_int_equal(file_read(&got, &budget, path, 199, &err), RC_REFUSED);
    assert_int_equal(file_read(&got, &budget, path, 200, &err), RC_NOMEM);
    assert_true(bytes_is(got, "untouched"));
    assert_int_equal(file_write("/no/such/file", got, 0600, &err), RC_IO);
    assert_string_equal(err.text, "cannot write /no/such/file: No such file or directory");
    assert_int_equal(file_write(scratch_folder, got, 0600, &err), RC_IO); // a folder is in the way
}

// As root, a rename would take the place of /dev/null itself.
static void what_is_no_file_is_not_written_over(void **state)
{
    (void)state;
    struct err err;
    struct stat st;
    char path[FILE_PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s", in_folder("pipe"));
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(file_write(path, bytes_text("x"), 0600, &err), RC_REFUSED);
    assert_non_null(strstr(err.text, "not a regular file"));
    assert_int_equal(stat(path, &st), 0);
    assert_true(S_ISFIFO(st.st_mode));
    assert_int_equal(file_write("/dev/null", bytes_text("x"), 0600, &err), RC_REFUSED);
    assert_int_equal(stat("/dev/null", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
}

static void a_failed_write_leaves_nothing(void **state)
{
    (void)state;
    struct err err;
    char path[FILE_PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s", in_folder("dir"));
    assert_int_equal(file_make_folder(path, &err), RC_OK);
    assert_int_equal(file_write(path, bytes_text("x"), 0600, &err), RC_IO);
    unsigned temporaries = 0;
    DIR *d = opendir(scratch_folder);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        temporaries += strncmp(e->d_name, "dir.", 4) == 0;
    closedir(d);
    assert_int_equal(temporaries, 0);
}

static void folders_are_made_on_the_way(void **state)
{
    (void)state;
    struct err err;
    assert_int_equal(file_make_folder(in_folder("x/y//z/"), &err), RC_OK);
    assert_int_equal(mode_of(in_folder("x")), 0700);
    assert_int_equal(mode_of(in_folder("x/y/z")), 0700);
    assert_int_equal(file_make_folder(in_folder("x/y/z"), &err), RC_OK);
    assert_true(file_exists(in_folder("x/y/z")));
    assert_int_equal(file_write(in_folder("x/f"), bytes_text("f"), 0600, &err), RC_OK);
    assert_int_equal(file_make_folder(in_folder("x/f/g"), &err), RC_IO);
    assert_int_equal(file_make_folder(in_folder("x/f"), &err), RC_IO);
    assert_false(file_exists(in_folder("x/none")));
}

static void a_temporary_folder_comes_and_goes(void **state)
{
    (void)state;
    struct err err;
    char one[FILE_PATH_BYTES];
    char other[FILE_PATH_BYTES];
    char path[FILE_PATH_BYTES + 16];
    assert_int_equal(setenv("TMPDIR", in_folder("."), 1), 0);
    assert_int_equal(file_make_temporary(one, "trial", &err), RC_OK);
    assert_int_equal(file_make_temporary(other, "trial", &err), RC_OK);
    assert_string_not_equal(one, other);
    assert_int_equal(strncmp(one, in_folder("./trial-"), strlen(in_folder("./trial-"))), 0);
    assert_int_equal(mode_of(one), 0700);
    (void)snprintf(path, sizeof path, "%s/a/b", one);
    assert_int_equal(file_make_folder(path, &err), RC_OK);
    (void)snprintf(path, sizeof path, "%s/a/link", one);
    assert_int_equal(symlink(other, path), 0);
    assert_int_equal(file_remove_folder(one, &err), RC_OK);
    assert_false(file_exists(one));
    assert_true(file_exists(other)); // what the link pointed to
    assert_int_equal(file_remove_folder(one, &err), RC_IO);
    assert_int_equal(setenv("TMPDIR", in_folder("none"), 1), 0);
    assert_int_equal(file_make_temporary(one, "trial", &err), RC_IO);
    assert_int_equal(unsetenv("TMPDIR"), 0);
}

static void the_state_folder_follows_the_environment(void **state)
{
    (void)state;
    struct err err;
    char out[FILE_PATH_BYTES];
    assert_int_equal(setenv("XDG_STATE_HOME", in_folder("state"), 1), 0);
    assert_int_equal(file_state_folder(out, &err), RC_OK);
    assert_string_equal(out, in_folder("state/shoal"));
    assert_true(file_exists(out));
    assert_int_equal(setenv("XDG_STATE_HOME", "relative", 1), 0); // to be ignored, says XDG
    assert_int_equal(setenv("HOME", in_folder("home"), 1), 0);
    assert_int_equal(file_state_folder(out, &err), RC_OK);
    assert_string_equal(out, in_folder("home/.local/state/shoal"));
    assert_int_equal(unsetenv("HOME"), 0);
    assert_int_equal(file_state_folder(out, &err), RC_CONFIG);
    assert_string_equal(err.text, "no state folder: set HOME or XDG_STATE_HOME");
}

static void as_many_files_as_the_system_allows(void **state)
{
    (void)state;
    struct rlimit was, now;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
    now = was;
    now.rlim_cur = was.rlim_max / 2;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
    assert_int_equal(file_raise_limit(), was.rlim_max);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &now), 0);
    assert_int_equal(now.rlim_cur, was.rlim_max);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(failures_have_words),
        cmocka_unit_test(what_is_no_file_is_not_written_over),
        cmocka_unit_test(a_failed_write_leaves_nothing),
        cmocka_unit_test(folders_are_made_on_the_way),
        cmocka_unit_test(a_temporary_folder_comes_and_goes),
        cmocka_unit_test(the_state_folder_follows_the_environment),
        cmocka_unit_test(as_many_files_as_the_system_allows),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
