// SPDX-License-Identifier: MIT
// Fuzz: bundles, the files assimp would see in them, and names found in mesh files.
//
// assimp's own importers are left out: they have memory errors of their own, and run in a
// sandboxed worker for that reason.
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "scene/mesh.h"
#include "scene/mesh_files.h"

static void check_names(struct bytes data, const char *main_name)
{
    const struct mesh_file main = {bytes_text(main_name), data};
    struct bytes name[MESH_FILES_MAX];
    size_t count = mesh_siblings(&main, name);
    assert(count < MESH_FILES_MAX);
    struct mesh_bundle b = {.count = count + 1, .file = {{main.name, bytes_of(NULL, 0)}}};
    for (size_t i = 0; i < count; i++) {
        assert(name[i].at >= data.at && name[i].at + name[i].len <= data.at + data.len);
        b.file[i + 1].name = name[i];
    }
    uint8_t room[MESH_FILES_MAX * (MESH_NAME_BYTES_MAX + 16)];
    struct buffer out = buffer_of(room, sizeof room);
    enum rc rc = mesh_bundle_encode(&b, &out); // what is found can be sent
    assert(rc == RC_OK);
}

// Reads and seeks as the bytes say; nothing may come from outside the file.
static void play(struct aiFile *f, struct bytes moves)
{
    char room[64];
    for (size_t i = 0; i + 1 < moves.len && i < 256; i += 2) {
        uint8_t m = moves.at[i];
        if (m % 2 == 0) {
            size_t each = m / 2 % 4;
            size_t n = f->ReadProc(f, room, each, moves.at[i + 1] % 16);
            assert(n * each <= sizeof room);
        } else {
            enum aiOrigin from = m % 3 == 0   ? aiOrigin_SET
                                 : m % 3 == 1 ? aiOrigin_CUR
                                              : aiOrigin_END;
            (void)f->SeekProc(f, (size_t)(int8_t)moves.at[i + 1], from); // may refuse
        }
        assert(f->TellProc(f) <= f->FileSizeProc(f));
    }
}

static void check_bundle(struct bytes in)
{
    static uint8_t room[1 << 16];
    struct mesh_bundle b;
    if (mesh_bundle_decode(&b, in) != RC_OK)
        return;
    struct buffer again = buffer_of(room, sizeof room);
    if (mesh_bundle_encode(&b, &again) == RC_OK)
        assert(bytes_equal(in, buffer_bytes(&again)));
    struct mesh_files files;
    mesh_files_init(&files, &b);
    for (size_t i = 0; i < b.count; i++) {
        char path[MESH_NAME_BYTES_MAX + 3] = "./";
        bytes_to_text(b.file[i].name, path + 2, sizeof path - 2);
        struct aiFile *f = files.io.OpenProc(&files.io, path, "rb");
        assert(f != NULL && f->FileSizeProc(f) == b.file[i].data.len);
        play(f, in);
        files.io.CloseProc(&files.io, f);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_names(bytes_of(data, size), "a.obj");
    check_names(bytes_of(data, size), "a.gltf");
    check_bundle(bytes_of(data, size));
    return 0;
}
