// SPDX-License-Identifier: MIT
// A bundle as the file system that assimp sees.
#include "scene/mesh_files.h"

#include <assert.h>
#include <string.h>

#include "base/num.h"

static struct mesh_open *open_of(struct aiFile *file)
{
    return CONTAINER_OF(file, struct mesh_open, face);
}

static size_t file_read(struct aiFile *file, char *out, size_t each, size_t count)
{
    struct mesh_open *o = open_of(file);
    assert(o->is_used);
    assert(o->at <= o->data.len);
    if (each == 0)
        return 0;
    size_t whole = (o->data.len - o->at) / each;
    size_t n = (size_t)num_min(whole, count);
    if (n > 0)
        memcpy(out, o->data.at + o->at, n * each);
    o->at += n * each;
    return n;
}

static size_t file_write(struct aiFile *file, const char *in, size_t each, size_t count)
{
    (void)file;
    (void)in;
    (void)each;
    (void)count;
    return 0;
}

static size_t file_tell(struct aiFile *file)
{
    return open_of(file)->at;
}

static size_t file_size(struct aiFile *file)
{
    return open_of(file)->data.len;
}

static enum aiReturn file_seek(struct aiFile *file, size_t offset, enum aiOrigin origin)
{
    struct mesh_open *o = open_of(file);
    size_t from = origin == aiOrigin_SET ? 0 : origin == aiOrigin_CUR ? o->at : o->data.len;
    size_t to = from + offset; // a negative offset wraps here, as callers of seek expect
    if (to > o->data.len)
        return aiReturn_FAILURE;
    o->at = to;
    return aiReturn_SUCCESS;
}

static void file_flush(struct aiFile *file)
{
    (void)file;
}

static const struct mesh_file *find(const struct mesh_bundle *bundle, const char *path)
{
    const char *name = path; // assimp may put a folder in front; a bundle has none
    for (const char *c = path; *c != '\0'; c++)
        if (*c == '/' || *c == '\\')
            name = c + 1;
    for (size_t i = 0; i < bundle->count; i++)
        if (bytes_is(bundle->file[i].name, name))
            return &bundle->file[i];
    return NULL;
}

static struct aiFile *file_open(struct aiFileIO *io, const char *path, const char *mode)
{
    struct mesh_files *f = CONTAINER_OF(io, struct mesh_files, io);
    const struct mesh_file *file = find(f->bundle, path);
    if (file == NULL || mode[0] != 'r')
        return NULL;
    for (size_t i = 0; i < MESH_OPEN_MAX; i++) {
        struct mesh_open *o = &f->open[i];
        if (o->is_used)
            continue;
        *o = (struct mesh_open){.data = file->data, .is_used = true};
        o->face = (struct aiFile){.ReadProc = file_read,
                                  .WriteProc = file_write,
                                  .TellProc = file_tell,
                                  .FileSizeProc = file_size,
                                  .SeekProc = file_seek,
                                  .FlushProc = file_flush};
        return &o->face;
    }
    return NULL;
}

static void file_close(struct aiFileIO *io, struct aiFile *file)
{
    (void)io;
    if (file != NULL)
        open_of(file)->is_used = false;
}

void mesh_files_init(struct mesh_files *f, const struct mesh_bundle *bundle)
{
    assert(bundle->count > 0);
    assert(bundle->count <= MESH_FILES_MAX);
    *f = (struct mesh_files){.bundle = bundle};
    f->io = (struct aiFileIO){.OpenProc = file_open, .CloseProc = file_close};
}
