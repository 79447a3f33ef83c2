// SPDX-License-Identifier: MIT
// Whole files in and out, folders, and where this program keeps its state.
#include "os/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/text.h"

#define WALK_FILES 16 // descriptors that a walk through folders keeps open

static enum rc failed(struct err *err, enum rc rc, const char *verb, const char *path, int error)
{
    return err_set(err, rc, "cannot %s %s: %s", verb, path, strerror(error));
}

// Reads up to cap bytes: the file may have shrunk or grown since it was looked at.
static bool read_up_to(int fd, uint8_t *out, size_t cap, size_t *len, int *error)
{
    *len = 0;
    while (*len < cap) {
        const ssize_t got = read(fd, out + *len, cap - *len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            *error = errno;
            return false;
        }
        if (got == 0)
            break;
        *len += (size_t)got;
    }
    return true;
}

static enum rc read_open(struct bytes *out, struct budget *budget, int fd, const char *path,
                         size_t max_bytes, struct err *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return failed(err, RC_IO, "read", path, errno);
    if (!S_ISREG(st.st_mode))
        return err_set(err, RC_REFUSED, "cannot read %s: not a regular file", path);
    if ((uint64_t)st.st_size > max_bytes)
        return err_set(err, RC_REFUSED, "cannot read %s: longer than %zu bytes", path, max_bytes);
    size_t cap = (size_t)st.st_size;
    uint8_t *at = budget_take(budget, cap + 1);
    if (at == NULL)
        return err_set(err, RC_NOMEM, "cannot read %s: no memory for %zu bytes", path, cap);
    size_t len = 0;
    int error = 0;
    if (!read_up_to(fd, at, cap, &len, &error)) {
        budget_give(budget, at);
        return failed(err, RC_IO, "read", path, error);
    }
    assert(len <= cap);
    at[len] = 0;
    *out = bytes_of(at, len);
    return RC_OK;
}

enum rc file_read(struct bytes *out, struct budget *budget, const char *path, size_t max_bytes,
                  struct err *err)
{
    assert(max_bytes < SIZE_MAX);
    // O_NONBLOCK: a FIFO in the place of a file must not hang us.
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return failed(err, errno == ENOENT ? RC_ABSENT : RC_IO, "read", path, errno);
    enum rc rc = read_open(out, budget, fd, path, max_bytes, err);
    (void)close(fd); // only read from
    return rc;
}

void file_forget(struct bytes content, struct budget *budget)
{
    void *block = NULL; // ours, and const only for the reader
    memcpy(&block, &content.at, sizeof block);
    if (block != NULL)
        OPENSSL_cleanse(block, content.len);
    budget_give(budget, block);
}

static bool write_all(int fd, struct bytes content)
{
    while (content.len > 0) {
        const ssize_t put = write(fd, content.at, content.len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        assert((size_t)put <= content.len);
        content = bytes_part(content, (size_t)put, content.len);
    }
    return true;
}

// Makes a rename or a new name in path's folder outlive a power cut.
static bool sync_folder_of(const char *path)
{
    char folder[FILE_PATH_BYTES];
    const char *slash = strrchr(path, '/');
    struct text t = text_of(folder, sizeof folder);
    if (slash == NULL)
        text_add(&t, ".");
    else
        text_addf(&t, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    const bool is_done = fsync(fd) == 0;
    const int error = errno;
    (void)close(fd); // only synced
    errno = error;
    return is_done;
}

enum rc file_write(const char *path, struct bytes content, unsigned mode, struct err *err)
{
    char temporary[FILE_PATH_BYTES];
    struct stat st;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
        return err_set(err, RC_REFUSED, "cannot write %s: not a regular file", path);
    struct text t = text_of(temporary, sizeof temporary);
    text_addf(&t, "%s.XXXXXX", path);
    if (t.is_cut)
        return failed(err, RC_IO, "write", path, ENAMETOOLONG);
    const int fd = mkostemp(temporary, O_CLOEXEC); // mode 0600
    if (fd < 0)
        return failed(err, RC_IO, "write", path, errno);
    bool is_done = write_all(fd, content) && fchmod(fd, (mode_t)mode) == 0 && fsync(fd) == 0;
    int error = errno;
    if (close(fd) != 0 && is_done) {
        is_done = false;
        error = errno;
    }
    if (is_done && rename(temporary, path) != 0) {
        is_done = false;
        error = errno;
    }
    if (!is_done) {
        (void)unlink(temporary); // best effort: it is ours alone
        return failed(err, RC_IO, "write", path, error);
    }
    return sync_folder_of(path) ? RC_OK : failed(err, RC_IO, "write", path, errno);
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

enum rc file_make_folder(const char *path, struct err *err)
{
    char part[FILE_PATH_BYTES];
    struct text t = text_of(part, sizeof part);
    text_add(&t, path);
    if (t.is_cut)
        return failed(err, RC_IO, "make folder", path, ENAMETOOLONG);
    for (size_t i = 1; i <= t.len; i++) {
        if (part[i] != '/' && part[i] != 0)
            continue;
        part[i] = 0;
        if (mkdir(part, 0700) != 0 && errno != EEXIST)
            return failed(err, RC_IO, "make folder", part, errno);
        if (i < t.len)
            part[i] = '/';
    }
    struct stat st;
    if (stat(path, &st) != 0)
        return failed(err, RC_IO, "make folder", path, errno);
    return S_ISDIR(st.st_mode) ? RC_OK : failed(err, RC_IO, "make folder", path, ENOTDIR);
}

enum rc file_make_temporary(char out[static FILE_PATH_BYTES], const char *name, struct err *err)
{
    const char *below = getenv("TMPDIR");
    struct text t = text_of(out, FILE_PATH_BYTES);
    text_addf(&t, "%s/%s-XXXXXX", below != NULL && below[0] == '/' ? below : "/tmp", name);
    if (t.is_cut)
        return failed(err, RC_IO, "make folder", out, ENAMETOOLONG);
    return mkdtemp(out) != NULL ? RC_OK : failed(err, RC_IO, "make folder", out, errno);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

enum rc file_remove_folder(const char *path, struct err *err)
{
    return nftw(path, remove_one, WALK_FILES, FTW_DEPTH | FTW_PHYS) == 0
               ? RC_OK
               : failed(err, RC_IO, "remove", path, errno);
}

enum rc file_state_folder(char out[static FILE_PATH_BYTES], struct err *err)
{
    struct text t = text_of(out, FILE_PATH_BYTES);
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    if (state != NULL && state[0] == '/')
        text_addf(&t, "%s/shoal", state);
    else if (home != NULL && home[0] == '/')
        text_addf(&t, "%s/.local/state/shoal", home);
    else
        return err_set(err, RC_CONFIG, "no state folder: set HOME or XDG_STATE_HOME");
    if (t.is_cut)
        return err_set(err, RC_CONFIG, "no state folder: its path is too long");
    return file_make_folder(out, err);
}

size_t file_raise_limit(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return 0; // not on any system we know
    const rlim_t first = files.rlim_cur;
    files.rlim_cur = files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) != 0)
        files.rlim_cur = first;
    return files.rlim_cur > SIZE_MAX ? SIZE_MAX : (size_t)files.rlim_cur; // RLIM_INFINITY is large
}
