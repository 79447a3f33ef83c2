// SPDX-License-Identifier: MIT
// For tests that ask the program ffmpeg: a folder of their own, commands run in it, what they say.
#ifndef CODEC_FFMPEG_TEST_H
#define CODEC_FFMPEG_TEST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

static char ffmpeg_folder[64];

static int ffmpeg_set_up(void **state)
{
    (void)state;
    (void)snprintf(ffmpeg_folder, sizeof ffmpeg_folder, "/tmp/shoal-video-XXXXXX");
    return mkdtemp(ffmpeg_folder) == NULL;
}

static int ffmpeg_tear_down(void **state)
{
    (void)state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -r %s", ffmpeg_folder);
    return system(command);
}

static inline FILE *ffmpeg_file(const char *name, const char *mode)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", ffmpeg_folder, name);
    FILE *f = fopen(path, mode);
    assert_non_null(f);
    return f;
}

static inline void ffmpeg_write(const char *name, struct bytes bytes)
{
    FILE *f = ffmpeg_file(name, "wb");
    assert_int_equal(fwrite(bytes.at, 1, bytes.len, f), bytes.len);
    assert_int_equal(fclose(f), 0);
}

static inline size_t ffmpeg_read(const char *name, void *at, size_t cap)
{
    FILE *f = ffmpeg_file(name, "rb");
    const size_t len = fread(at, 1, cap, f);
    assert_int_equal(fclose(f), 0);
    return len;
}

// Runs a command in the folder; its words, 0-ended, into out.
static inline void ffmpeg_run(const char *command, char *out, size_t cap)
{
    char line[1024];
    const int len = snprintf(line, sizeof line, "cd %s && %s </dev/null", ffmpeg_folder, command);
    assert_in_range(len, 1, sizeof line - 1);
    FILE *f = popen(line, "r");
    assert_non_null(f);
    out[fread(out, 1, cap - 1, f)] = 0;
    const int status = pclose(f);
    if (status != 0)
        fail_msg("%s: status %d: %s", command, status, out);
}

#endif
