// SPDX-License-Identifier: MIT
// A folder of its own for a test, and its end. For tests alone.
#ifndef OS_SCRATCH_TEST_H
#define OS_SCRATCH_TEST_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define SCRATCH_TEMPLATE "/tmp/shoal_test.XXXXXX"
#define SCRATCH_BYTES    sizeof(SCRATCH_TEMPLATE)
#define SCRATCH_OPEN_MAX 16 // descriptors for the walk

// 0: made, its path is in folder.
static inline int scratch_make(char folder[static SCRATCH_BYTES])
{
    (void)snprintf(folder, SCRATCH_BYTES, "%s", SCRATCH_TEMPLATE);
    return mkdtemp(folder) == NULL;
}

static inline int scratch_remove_one(const char *path, const struct stat *st, int kind,
                                     struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

static inline int scratch_remove(const char *folder) // 0: it and all in it are gone
{
    return nftw(folder, scratch_remove_one, SCRATCH_OPEN_MAX, FTW_DEPTH | FTW_PHYS);
}

// One for all tests of a program: cmocka's set-up and teardown of a group.
static char scratch_folder[SCRATCH_BYTES] __attribute__((unused));

static inline int scratch_setup(void **state)
{
    (void)state;
    return scratch_make(scratch_folder);
}

static inline int scratch_teardown(void **state)
{
    (void)state;
    return scratch_remove(scratch_folder);
}

#endif
