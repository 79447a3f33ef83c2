// SPDX-License-Identifier: MIT
// Blobs behind host/kv: a file for each value, two levels of folders, names in order.
#include "os/blobs.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "os/file.h"

#define WINDOW_NAMES      1024
#define ARENA_SPARE_BYTES 131072 // an arena's own blocks
#define LEAVES            257u // in a first folder: keys of one byte, and one for each second byte
#define LEAF_BYTES        sizeof "6f/00"
#define NAME_BYTES        (2 * BLOBS_KEY_BYTES_MAX + 1)
#define PATH_BYTES        (LEAF_BYTES + NAME_BYTES)
#define BEING_WRITTEN     "new" // one at a time; renamed when whole; before that, what was deleted
#define LOCK              "lock"
#define FRESH_MAX         256 // files synced one by one

struct name { // a key
    uint8_t len;
    uint8_t b[BLOBS_KEY_BYTES_MAX];
};

// The smallest keys of one folder that are greater than `after`, for a walk; empty: not known.
struct window {
    struct name after;
    struct name name[WINDOW_NAMES]; // ascending
    size_t count;
};

struct blobs {
    struct arena *arena; // holds this struct
    int folder;
    int lock;
    struct bytes lent[KV_LENT_MAX]; // as mapped
    uint32_t lent_count;            // with something to unmap
    uint32_t borrowed;              // gets and nexts without a release yet
    bool has_spare;                 // a deleted file lies where the next one is written
    bool is_group;
    struct name fresh[FRESH_MAX]; // put and not synced
    size_t fresh_count;           // more than FRESH_MAX: all that the disk has is synced
    uint64_t changed[(256 * LEAVES + 63) / 64]; // leaves whose names changed since then
    struct window window;
};

static enum rc rc_of(int error)
{
    switch (error) {
    case ENOENT:
        return RC_ABSENT;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return RC_FULL;
    case ENOMEM:
        return RC_NOMEM;
    default:
        return RC_IO;
    }
}

// ---- Names

static struct name name_of(struct bytes key)
{
    assert(key.len <= BLOBS_KEY_BYTES_MAX);
    struct name n = {.len = (uint8_t)key.len};
    if (key.len > 0)
        memcpy(n.b, key.at, key.len);
    return n;
}

static int name_order(const struct name *a, const struct name *b)
{
    const int order = memcmp(a->b, b->b, a->len < b->len ? a->len : b->len);
    return order != 0 ? order : (int)a->len - (int)b->len;
}

// False: no file of ours.
static bool name_from_file(struct name *out, const char *file)
{
    const struct bytes text = bytes_text(file);
    *out = (struct name){.len = (uint8_t)(text.len / 2)};
    return text.len >= 2 && text.len % 2 == 0 && text.len < NAME_BYTES &&
           hex_decode(text, out->b, text.len / 2);
}

// Folders by number, so that they need not be sorted: leaf 0 has the keys of one byte alone.
static unsigned leaf_of(const struct name *n)
{
    assert(n->len >= 1);
    return n->len == 1 ? 0 : n->b[1] + 1u;
}

static void first_path(char out[static LEAF_BYTES], unsigned first)
{
    (void)snprintf(out, LEAF_BYTES, "%02x", first & 0xff);
}

static void leaf_path(char out[static LEAF_BYTES], unsigned first, unsigned leaf)
{
    if (leaf == 0) // sorts before all hex, and is none
        (void)snprintf(out, LEAF_BYTES, "%02x/-", first & 0xff);
    else
        (void)snprintf(out, LEAF_BYTES, "%02x/%02x", first & 0xff, (leaf - 1) & 0xff);
}

static void file_path(char out[static PATH_BYTES], const struct name *n)
{
    leaf_path(out, n->b[0], leaf_of(n));
    const size_t len = strlen(out);
    out[len] = '/';
    hex_encode(bytes_of(n->b, n->len), out + len + 1);
}

// ---- Reading

static void release(void *self)
{
    struct blobs *b = self;
    assert(b->borrowed > 0);
    if (--b->borrowed > 0)
        return;
    for (; b->lent_count > 0; b->lent_count--) {
        const struct bytes lent = b->lent[b->lent_count - 1];
        void *at = NULL; // munmap wants it without const
        memcpy(&at, &lent.at, sizeof at);
        const int failed = munmap(at, lent.len);
        assert(failed == 0);
    }
}

static enum rc map_file(struct blobs *b, int fd, struct bytes *value)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return RC_IO;
    *value = (struct bytes){0};
    if (st.st_size > 0) { // no view of nothing
        const void *at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (at == MAP_FAILED)
            return rc_of(errno);
        *value = bytes_of(at, (size_t)st.st_size);
        b->lent[b->lent_count++] = *value;
    }
    b->borrowed++;
    return RC_OK;
}

static enum rc read_name(struct blobs *b, const struct name *n, struct bytes *value)
{
    char path[PATH_BYTES];
    if (b->lent_count == KV_LENT_MAX)
        return RC_FULL;
    file_path(path, n);
    const int fd = openat(b->folder, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return rc_of(errno);
    const enum rc rc = map_file(b, fd, value);
    (void)close(fd); // a view outlives its descriptor
    return rc;
}

static enum rc get(void *self, struct bytes key, struct bytes *value)
{
    assert(key.len >= 1);
    const struct name n = name_of(key);
    return read_name(self, &n, value);
}

// ---- The walk

// Where n stands, or would: the number of names not greater than it.
static size_t window_rank(const struct window *w, const struct name *n)
{
    size_t low = 0;
    size_t high = w->count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (name_order(&w->name[middle], n) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// Keeps the WINDOW_NAMES smallest.
static void window_add(struct window *w, const struct name *n)
{
    if (name_order(n, &w->after) <= 0)
        return;
    const size_t rank = window_rank(w, n);
    if (rank == WINDOW_NAMES)
        return;
    const size_t behind = (w->count < WINDOW_NAMES ? w->count : WINDOW_NAMES - 1) - rank;
    memmove(&w->name[rank + 1], &w->name[rank], behind * sizeof w->name[0]);
    w->name[rank] = *n;
    if (w->count < WINDOW_NAMES)
        w->count++;
}

static enum rc window_scan(struct blobs *b, unsigned first, unsigned leaf)
{
    char path[LEAF_BYTES];
    leaf_path(path, first, leaf);
    const int fd = openat(b->folder, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? RC_OK : rc_of(errno);
    DIR *stream = fdopendir(fd);
    if (stream == NULL) {
        (void)close(fd); // only looked at
        return RC_NOMEM;
    }
    errno = 0;
    for (const struct dirent *e = readdir(stream); e != NULL; e = readdir(stream)) {
        struct name n;
        if (name_from_file(&n, e->d_name) && n.b[0] == first && leaf_of(&n) == leaf)
            window_add(&b->window, &n);
    }
    const int error = errno; // how readdir tells an end from a failure
    (void)closedir(stream);  // as above
    return error == 0 ? RC_OK : rc_of(error);
}

static bool has_folder(const struct blobs *b, unsigned first)
{
    char path[LEAF_BYTES];
    first_path(path, first);
    return faccessat(b->folder, path, F_OK, 0) == 0;
}

// Names greater than after, of the first folder that has any. RC_ABSENT: none has.
static enum rc window_fill(struct blobs *b, const struct name *after)
{
    b->window.after = *after;
    b->window.count = 0;
    unsigned leaf = after->len == 0 ? 0 : leaf_of(after);
    for (unsigned first = after->len == 0 ? 0 : after->b[0]; first <= 0xff; first++) {
        const unsigned leaves = has_folder(b, first) ? LEAVES : 0;
        for (; leaf < leaves; leaf++) {
            const enum rc rc = window_scan(b, first, leaf);
            if (rc != RC_OK)
                b->window.count = 0; // half of a folder
            if (rc != RC_OK || b->window.count > 0)
                return rc;
        }
        leaf = 0;
    }
    return RC_ABSENT;
}

// The rank of the first name greater than after.
static enum rc window_find(struct blobs *b, const struct name *after, size_t *rank)
{
    const struct window *w = &b->window;
    if (w->count == 0 || name_order(after, &w->after) < 0 ||
        name_order(after, &w->name[w->count - 1]) >= 0) {
        const enum rc rc = window_fill(b, after);
        if (rc != RC_OK)
            return rc;
    }
    *rank = window_rank(w, after);
    assert(*rank < w->count);
    return RC_OK;
}

static enum rc next(void *self, struct bytes after, struct bytes *key, struct bytes *value)
{
    struct blobs *b = self;
    struct name n = name_of(after);
    for (;;) {
        size_t rank = 0;
        enum rc rc = window_find(b, &n, &rank);
        if (rc != RC_OK)
            return rc;
        rc = read_name(b, &b->window.name[rank], value);
        if (rc == RC_OK)
            *key = bytes_of(b->window.name[rank].b, b->window.name[rank].len);
        if (rc != RC_ABSENT)
            return rc;
        n = b->window.name[rank]; // deleted since the look at its folder
    }
}

// ---- Writing

static bool write_all(int fd, struct bytes content)
{
    while (content.len > 0) {
        const ssize_t done = write(fd, content.at, content.len);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return false;
        content = bytes_part(content, (size_t)done, content.len);
    }
    return true;
}

// The whole value, under the name of what is being written; 0, or errno. A spare file is written
// over: ext4 looks through all inodes freed in the last minutes before it makes a new one (0.4 ms
// where a full cache turns over), and the spare has its blocks and pages already.
static int write_new(const struct blobs *b, struct bytes value)
{
    const int more = b->has_spare ? 0 : O_TRUNC; // a leftover that could not be taken away
    const int fd =
        openat(b->folder, BEING_WRITTEN, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | more, 0600);
    if (fd < 0)
        return errno;
    int error = write_all(fd, value) ? 0 : errno;
    if (error == 0 && b->has_spare && ftruncate(fd, (off_t)value.len) != 0)
        error = errno;
    if (close(fd) != 0 && error == 0) // where quotas or networks tell late
        error = errno;
    return error;
}

static bool make_folder(const struct blobs *b, const char *path)
{
    return mkdirat(b->folder, path, 0700) == 0 || errno == EEXIST;
}

// The two folders of a key; 0, or errno.
static int make_folders(const struct blobs *b, const struct name *n)
{
    char path[LEAF_BYTES];
    first_path(path, n->b[0]);
    if (!make_folder(b, path))
        return errno;
    leaf_path(path, n->b[0], leaf_of(n));
    return make_folder(b, path) ? 0 : errno;
}

static int rename_new(const struct blobs *b, const char *path)
{
    return renameat(b->folder, BEING_WRITTEN, b->folder, path) == 0 ? 0 : errno;
}

static void note_change(struct blobs *b, const struct name *n, bool is_put)
{
    const unsigned leaf = n->b[0] * LEAVES + leaf_of(n);
    b->changed[leaf / 64] |= UINT64_C(1) << leaf % 64;
    if (is_put && b->fresh_count < FRESH_MAX)
        b->fresh[b->fresh_count] = *n;
    b->fresh_count += is_put && b->fresh_count <= FRESH_MAX;
}

static enum rc put(void *self, struct bytes key, struct bytes value)
{
    struct blobs *b = self;
    char path[PATH_BYTES];
    assert(key.len >= 1 && b->borrowed == 0);
    const struct name n = name_of(key);
    file_path(path, &n);
    b->window.count = 0; // n may be missing there
    int error = write_new(b, value);
    if (error == 0)
        error = rename_new(b, path);
    if (error == ENOENT) { // the first of its folder
        error = make_folders(b, &n);
        if (error == 0)
            error = rename_new(b, path);
    }
    b->has_spare = false;
    note_change(b, &n, true);
    if (error == 0)
        return RC_OK;
    (void)unlinkat(b->folder, BEING_WRITTEN, 0); // else the next open does it
    return error == ENOENT ? RC_IO : rc_of(error);
}

static enum rc del(void *self, struct bytes key)
{
    struct blobs *b = self;
    char path[PATH_BYTES];
    assert(key.len >= 1 && b->borrowed == 0);
    const struct name n = name_of(key);
    file_path(path, &n);
    note_change(b, &n, false);
    if (b->has_spare || b->is_group)
        return unlinkat(b->folder, path, 0) == 0 ? RC_OK : rc_of(errno);
    if (renameat(b->folder, path, b->folder, BEING_WRITTEN) != 0)
        return rc_of(errno);
    b->has_spare = true;
    return RC_OK;
}

// ---- Groups

static enum rc begin(void *self)
{
    struct blobs *b = self;
    assert(!b->is_group && b->borrowed == 0);
    b->is_group = true;
    return RC_OK;
}

static void abort_group(void *self)
{
    struct blobs *b = self;
    assert(b->is_group);
    b->is_group = false;
}

// What is not there any more needs no sync. 0, or errno.
static int sync_path(const struct blobs *b, const char *path, int flags)
{
    const int fd = openat(b->folder, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | flags);
    if (fd < 0)
        return errno == ENOENT ? 0 : errno;
    const int error = fsync(fd) == 0 ? 0 : errno;
    (void)close(fd); // only synced
    return error;
}

static void start_writing(const struct blobs *b, const struct name *n)
{
    char path[PATH_BYTES];
    file_path(path, n);
    const int fd = openat(b->folder, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return;
    (void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE); // a hint: fsync tells what fails
    (void)close(fd);                                        // nothing was written through it
}

static int sync_files(const struct blobs *b)
{
    if (b->fresh_count > FRESH_MAX) // one by one would take longer
        return syncfs(b->folder) == 0 ? 0 : errno;
    char path[PATH_BYTES];
    int error = 0;
    // First all get their places on the disk: then one commit of the file system's own journal
    // serves them all, and not one each.
    for (size_t i = 0; i < b->fresh_count && b->fresh_count > 1; i++)
        start_writing(b, &b->fresh[i]);
    for (size_t i = 0; error == 0 && i < b->fresh_count; i++) {
        file_path(path, &b->fresh[i]);
        error = sync_path(b, path, O_NONBLOCK);
    }
    return error;
}

// A leaf, and those above it, where it may be new itself.
static int sync_folders(const struct blobs *b)
{
    char path[LEAF_BYTES];
    int error = 0;
    for (unsigned first = 0; error == 0 && first <= 0xff; first++) {
        bool has_any = false;
        for (unsigned leaf = 0; error == 0 && leaf < LEAVES; leaf++) {
            const unsigned at = first * LEAVES + leaf;
            if ((b->changed[at / 64] >> at % 64 & 1) == 0)
                continue;
            has_any = true;
            leaf_path(path, first, leaf);
            error = sync_path(b, path, O_DIRECTORY);
        }
        first_path(path, first);
        if (error == 0 && has_any)
            error = sync_path(b, path, O_DIRECTORY);
    }
    return error == 0 ? sync_path(b, ".", O_DIRECTORY) : error;
}

static enum rc commit(void *self)
{
    struct blobs *b = self;
    assert(b->is_group && b->borrowed == 0);
    b->is_group = false;
    int error = sync_files(b);
    if (error == 0)
        error = sync_folders(b);
    if (error != 0)
        return error == ENOENT ? RC_IO : rc_of(error);
    b->fresh_count = 0;
    memset(b->changed, 0, sizeof b->changed);
    return RC_OK;
}

// ---- Life

// A record lock: one that a forked child does not carry on after our end.
static bool lock_folder(struct blobs *b)
{
    struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    b->lock = openat(b->folder, LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    return b->lock >= 0 && fcntl(b->lock, F_SETLK, &all) == 0;
}

// The lock file is one byte long while something may be unsynced: the next process of the same
// start of the machine finds it if we end in between. After a loss of power what is seen is on the
// disk.
static bool set_mark(struct blobs *b)
{
    struct stat st;
    if (fstat(b->lock, &st) != 0)
        return false;
    b->fresh_count = st.st_size > 0 ? FRESH_MAX + 1 : 0;
    return ftruncate(b->lock, 1) == 0; // a hole: it takes no room, which there may not be
}

static void clear_mark(const struct blobs *b)
{
    bool is_all = b->fresh_count == 0;
    for (size_t i = 0; i < ARRAY_COUNT(b->changed); i++)
        is_all = is_all && b->changed[i] == 0;
    if (is_all && ftruncate(b->lock, 0) != 0)
        return; // then the next first commit syncs more than it must
}

static enum rc open_folder(struct blobs *b, const char *folder, struct err *err)
{
    if (file_make_folder(folder, err) != RC_OK)
        return RC_CONFIG;
    b->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (b->folder < 0)
        return err_set(err, RC_CONFIG, "cannot open folder %s: %s", folder, strerror(errno));
    if (!lock_folder(b))
        return err_set(err, RC_CONFIG, "cannot lock folder %s: %s", folder,
                       errno == EACCES || errno == EAGAIN ? "another process uses it"
                                                          : strerror(errno));
    if (!set_mark(b))
        return err_set(err, RC_CONFIG, "cannot write to folder %s: %s", folder, strerror(errno));
    if (unlinkat(b->folder, BEING_WRITTEN, 0) != 0 && errno != ENOENT)
        return err_set(err, RC_CONFIG, "cannot clean folder %s: %s", folder, strerror(errno));
    return RC_OK;
}

enum rc blobs_open(struct blobs **out, const char *folder, struct err *err)
{
    *out = NULL;
    struct arena *arena = arena_new(sizeof(struct blobs) + ARENA_SPARE_BYTES);
    struct blobs *b = arena != NULL ? arena_take(arena, sizeof *b) : NULL;
    if (b == NULL) {
        arena_free(arena);
        return err_set(err, RC_NOMEM, "cannot open folder %s: no memory", folder);
    }
    b->arena = arena;
    b->folder = -1;
    b->lock = -1;
    const enum rc rc = open_folder(b, folder, err);
    if (rc != RC_OK) {
        blobs_close(b);
        return rc;
    }
    *out = b;
    return RC_OK;
}

struct kv blobs_host(struct blobs *b)
{
    static const struct kv_ops ops = {
        .get = get,
        .next = next,
        .release = release,
        .put = put,
        .del = del,
        .begin = begin,
        .commit = commit,
        .abort = abort_group,
    };
    return (struct kv){.ops = &ops, .self = b};
}

void blobs_close(struct blobs *b)
{
    if (b == NULL)
        return;
    assert(b->borrowed == 0);
    if (b->lock >= 0) {
        clear_mark(b);
        (void)close(b->lock); // a lost mark costs time alone
    }
    if (b->folder >= 0)
        (void)close(b->folder);
    arena_free(b->arena);
}
