// SPDX-License-Identifier: MIT
// Import of the user's own mesh file: a bundle of files in memory becomes a scene object.
//
// The reading is assimp's (OBJ, glTF, and what else it knows), and assimp has had its share of
// memory errors, so mesh_import is meant for a sandboxed worker without files: whoever has
// files reads the main file, asks mesh_siblings for the names it refers to, reads those that
// lie beside it, and sends the bundle. Nothing else is ever opened.
//
// Kept: triangles, smooth normals, node transforms, base colour, emission, roughness, metallic,
// opacity, transmission, index of refraction, the first camera. Dropped: textures, animation,
// points, lines, lights without a surface. A mesh without a camera is set on a stage: moved to
// stand on y = 0, scaled to MESH_STAGE_SIZE_M high or wide, a ground beneath it, a camera that
// frames it. A mesh that emits no light gets three soft panels and a dim sky.
#ifndef SCENE_MESH_H
#define SCENE_MESH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/rc.h"

#define MESH_FILES_MAX        16u  // in a bundle, the main file first
#define MESH_NAME_BYTES_MAX   100u // of a plain file name
#define MESH_BUNDLE_BYTES_MAX ((size_t)1 << 30)
#define MESH_SCAN_BYTES_MAX   ((size_t)1 << 26) // of the main file, looked through for names

struct mesh_file {
    struct bytes name; // plain: no slash, not "." or "..", printable, 1..MESH_NAME_BYTES_MAX
    struct bytes data;
};

struct mesh_bundle {
    size_t count;
    struct mesh_file file[MESH_FILES_MAX];
};

// The plain names that main refers to (OBJ mtllib, glTF buffer uris), each once, borrowed from
// main.data; at most MESH_FILES_MAX - 1. Other names are left out. Returns how many.
size_t mesh_siblings(const struct mesh_file *main, struct bytes out[static MESH_FILES_MAX]);

// Does a name end like this? Letters of `tail` are small; the name's may be of either kind.
bool mesh_name_ends(struct bytes name, const char *tail);

// CBOR: array of [text name, bytes data], main file first. RC_FULL: out has no room.
// RC_REFUSED: a name is not plain, or there is no file.
MUST_USE enum rc mesh_bundle_encode(const struct mesh_bundle *bundle, struct buffer *out);
// Borrows `in`. RC_MALFORMED; names come out plain and differ from one another.
MUST_USE enum rc mesh_bundle_decode(struct mesh_bundle *out, struct bytes in);

// bundle -> scene object in a block taken from budget; the caller gives out->at back to it.
// *err (may be NULL) says "FILE: not a mesh: ..." on failure, and *out is untouched.
// RC_MALFORMED: assimp or we cannot make sense of it; RC_FULL: more than scene.h allows;
// RC_NOMEM. assimp's own memory is not under the budget: the worker's limits are.
MUST_USE enum rc mesh_import(struct bytes bundle, struct budget *budget, struct buffer *out,
                             struct err *err);

#define MESH_RUN_BUDGET_BYTES ((size_t)3 << 30)

// The same as a worker runs a kernel: the bundle in, the object into result's room, the words of
// a failure into report. Codes as above; RC_FULL also if result has no room.
MUST_USE enum rc mesh_run(struct bytes bundle, struct buffer *result, struct buffer *report);

#endif
