// SPDX-License-Identifier: MIT
// A bundle as the file system that assimp sees: its files and nothing else, to be read only.
#ifndef SCENE_MESH_FILES_H
#define SCENE_MESH_FILES_H

#include <assimp/cfileio.h>

#include "scene/mesh.h"

#define MESH_OPEN_MAX 32u // files open at once

struct mesh_open { // private to mesh_files.c
    struct aiFile face;
    struct bytes data;
    size_t at;
    bool is_used;
};

struct mesh_files { // fields are private to mesh_files.c, but for io
    struct aiFileIO io;
    const struct mesh_bundle *bundle;
    struct mesh_open open[MESH_OPEN_MAX];
};

// *f must not move while io is in use; the bundle is borrowed.
void mesh_files_init(struct mesh_files *f, const struct mesh_bundle *bundle);

#endif
