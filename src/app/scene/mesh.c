// SPDX-License-Identifier: MIT
// Import of a mesh through assimp: nodes, materials, triangles, camera.
#include "scene/mesh.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include <assimp/cimport.h>
#include <assimp/config.h>
#include <assimp/material.h>
#include <assimp/postprocess.h>
#include <assimp/scene.h>

#include "base/text.h"
#include "scene/draft.h"
#include "scene/math.h"
#include "scene/mesh_files.h"
#include "scene/mesh_stage.h"

#define NODES_MAX      (1u << 16) // waiting at once in the walk, and instances of meshes
#define SMOOTH_DEG     60.0f      // sharper edges stay edges where a file brings no normals
#define OBJ_VALUES_MIN 3u         // of a vertex, a normal or a face

struct part { // one mesh where one node has put it
    const struct aiMesh *mesh;
    struct aiMatrix4x4 to_world;
};

struct import {
    struct budget *budget;
    const struct aiScene *scene;
    struct part *part;
    size_t part_count;
    struct aiMatrix4x4 camera_to_world; // of the node that carries the first camera's name
    struct draft draft;
    bool is_lit; // by a material of its own
    bool is_gltf;
    struct vec shift; // then scale: from the file's place to the stage
    float scale;
};

static struct vec transformed(const struct aiMatrix4x4 *m, struct aiVector3D v, float w)
{
    return vec_of(m->a1 * v.x + m->a2 * v.y + m->a3 * v.z + m->a4 * w,
                  m->b1 * v.x + m->b2 * v.y + m->b3 * v.z + m->b4 * w,
                  m->c1 * v.x + m->c2 * v.y + m->c3 * v.z + m->c4 * w);
}

// Normals go by the cofactors, which is the inverse transpose but for a factor.
static struct vec normal_transformed(const struct aiMatrix4x4 *m, struct aiVector3D n)
{
    struct vec row[3] = {vec_of(m->a1, m->a2, m->a3), vec_of(m->b1, m->b2, m->b3),
                         vec_of(m->c1, m->c2, m->c3)};
    struct vec v = vec_of(n.x, n.y, n.z);
    return vec_unit(vec_of(vec_dot(vec_cross(row[1], row[2]), v),
                           vec_dot(vec_cross(row[2], row[0]), v),
                           vec_dot(vec_cross(row[0], row[1]), v)));
}

struct visit {
    const struct aiNode *node;
    struct aiMatrix4x4 to_world;
};

static enum rc take_node(struct import *m, const struct visit *v)
{
    if (m->scene->mNumCameras > 0 &&
        strcmp(v->node->mName.data, m->scene->mCameras[0]->mName.data) == 0)
        m->camera_to_world = v->to_world;
    for (unsigned i = 0; i < v->node->mNumMeshes; i++) {
        if (m->part_count >= NODES_MAX || v->node->mMeshes[i] >= m->scene->mNumMeshes)
            return m->part_count >= NODES_MAX ? RC_FULL : RC_MALFORMED;
        m->part[m->part_count++] =
            (struct part){m->scene->mMeshes[v->node->mMeshes[i]], v->to_world};
    }
    return RC_OK;
}

// Puts the node's children on the stack. RC_FULL.
static enum rc push_children(struct visit *stack, size_t *count, const struct visit *v)
{
    if (v->node->mNumChildren > NODES_MAX - *count)
        return RC_FULL;
    for (unsigned i = 0; i < v->node->mNumChildren; i++) {
        struct visit *next = &stack[(*count)++];
        *next = (struct visit){v->node->mChildren[i], v->to_world};
        aiMultiplyMatrix4(&next->to_world, &next->node->mTransformation);
    }
    return RC_OK;
}

// Finds every mesh with its transform; a stack instead of recursion, for depth is the file's.
static enum rc walk(struct import *m)
{
    m->part = budget_take(m->budget, NODES_MAX * sizeof(struct part));
    struct visit *stack = budget_take(m->budget, NODES_MAX * sizeof(struct visit));
    enum rc rc = m->part == NULL || stack == NULL ? RC_NOMEM : RC_OK;
    size_t count = 0;
    if (rc == RC_OK && m->scene->mRootNode != NULL)
        stack[count++] = (struct visit){m->scene->mRootNode, m->scene->mRootNode->mTransformation};
    while (rc == RC_OK && count > 0) {
        assert(count <= NODES_MAX);
        const struct visit v = stack[--count];
        rc = take_node(m, &v);
        if (rc == RC_OK)
            rc = push_children(stack, &count, &v);
    }
    budget_give(m->budget, stack);
    return rc;
}

static float share(float v) // into 0..1; NaN becomes 0
{
    return v > 0.0f ? fminf(v, 1.0f) : 0.0f;
}

// assimp's AI_MATKEY_ macros stand for three arguments: key, type, index.
static bool number(const struct aiMaterial *m, const char *key, unsigned type, unsigned index,
                   float *out)
{
    ai_real v = 0;
    if (aiGetMaterialFloatArray(m, key, type, index, &v, NULL) != aiReturn_SUCCESS || !isfinite(v))
        return false;
    *out = (float)v;
    return true;
}

static bool colour(const struct aiMaterial *m, const char *key, unsigned type, unsigned index,
                   float out[static 3])
{
    struct aiColor4D c;
    if (aiGetMaterialColor(m, key, type, index, &c) != aiReturn_SUCCESS)
        return false;
    out[0] = c.r;
    out[1] = c.g;
    out[2] = c.b;
    return true;
}

static struct scene_material material_of(const struct aiMaterial *m)
{
    struct scene_material out = {
        .base = {0.6f, 0.6f, 0.6f}, .roughness = 0.6f, .ior = 1.45f, .opacity = 1.0f};
    if (!colour(m, AI_MATKEY_BASE_COLOR, out.base))
        (void)colour(m, AI_MATKEY_COLOR_DIFFUSE, out.base);  // else the default stays
    (void)colour(m, AI_MATKEY_COLOR_EMISSIVE, out.emission); // else black
    float strength = 1.0f;
    (void)number(m, AI_MATKEY_EMISSIVE_INTENSITY, &strength); // else 1
    float shine = 0.0f;
    if (!number(m, AI_MATKEY_ROUGHNESS_FACTOR, &out.roughness) &&
        number(m, AI_MATKEY_SHININESS, &shine) && shine > 0.0f)
        // Phong's exponent as GGX alpha (Walter et al. 2007), whose root is the roughness.
        out.roughness = sqrtf(sqrtf(2.0f / (shine + 2.0f)));
    (void)number(m, AI_MATKEY_METALLIC_FACTOR, &out.metallic);
    (void)number(m, AI_MATKEY_TRANSMISSION_FACTOR, &out.transmission);
    (void)number(m, AI_MATKEY_OPACITY, &out.opacity);
    float ior = 0.0f;
    if (number(m, AI_MATKEY_REFRACTI, &ior) && ior > 1.0f)
        out.ior = fminf(ior, SCENE_IOR_MAX);
    for (unsigned c = 0; c < 3; c++) {
        out.base[c] = share(out.base[c]);
        float e = out.emission[c] * strength;
        out.emission[c] = e > 0.0f ? fminf(e, SCENE_EMISSION_MAX) : 0.0f;
    }
    out.roughness = share(out.roughness);
    out.metallic = share(out.metallic);
    out.transmission = share(out.transmission);
    out.opacity = share(out.opacity);
    return out;
}

static void take_materials(struct import *m)
{
    for (unsigned i = 0; i < m->scene->mNumMaterials; i++) {
        struct scene_material material = material_of(m->scene->mMaterials[i]);
        (void)draft_material(&m->draft, &material); // in the file's order, from 0
    }
}

// Are the numbers of a part ones that can be followed?
static bool is_sound(const struct import *m, const struct aiMesh *mesh)
{
    if (mesh->mVertices == NULL || mesh->mMaterialIndex >= m->scene->mNumMaterials)
        return false;
    for (unsigned i = 0; i < mesh->mNumFaces; i++) {
        const struct aiFace *f = &mesh->mFaces[i];
        for (unsigned k = 0; k < f->mNumIndices; k++)
            if (f->mIndices[k] >= mesh->mNumVertices)
                return false;
    }
    return true;
}

static enum rc bounds(const struct import *m, struct vec *low, struct vec *high)
{
    *low = vec_of(INFINITY, INFINITY, INFINITY);
    *high = vec_of(-INFINITY, -INFINITY, -INFINITY);
    for (size_t i = 0; i < m->part_count; i++) {
        const struct aiMesh *mesh = m->part[i].mesh;
        if (!is_sound(m, mesh))
            return RC_MALFORMED;
        for (unsigned k = 0; k < mesh->mNumVertices; k++) {
            struct vec p = transformed(&m->part[i].to_world, mesh->mVertices[k], 1.0f);
            if (!isfinite(p.x) || !isfinite(p.y) || !isfinite(p.z))
                return RC_MALFORMED;
            *low = vec_of(fminf(low->x, p.x), fminf(low->y, p.y), fminf(low->z, p.z));
            *high = vec_of(fmaxf(high->x, p.x), fmaxf(high->y, p.y), fmaxf(high->z, p.z));
        }
    }
    return low->x <= high->x ? RC_OK : RC_ABSENT;
}

static void draw_part(struct import *m, const struct part *p)
{
    const struct aiMesh *mesh = p->mesh;
    assert(mesh->mMaterialIndex < m->scene->mNumMaterials);
    assert(m->scale > 0.0f);
    uint32_t first = draft_vertex_count(&m->draft);
    for (unsigned i = 0; i < mesh->mNumVertices; i++) {
        struct vec at = transformed(&p->to_world, mesh->mVertices[i], 1.0f);
        struct vec normal = {0.0f, 0.0f, 0.0f};
        if (mesh->mNormals != NULL)
            normal = normal_transformed(&p->to_world, mesh->mNormals[i]);
        if (!isfinite(normal.x + normal.y + normal.z))
            normal = vec_of(0.0f, 0.0f, 0.0f);
        (void)draft_vertex(&m->draft, vec_scale(vec_add(at, m->shift), m->scale), normal);
    }
    for (unsigned i = 0; i < mesh->mNumFaces; i++) {
        const unsigned *v = mesh->mFaces[i].mIndices;
        if (mesh->mFaces[i].mNumIndices == 3)
            draft_triangle(&m->draft, first + v[0], first + v[1], first + v[2],
                           mesh->mMaterialIndex);
    }
    float e[3] = {0};
    if (colour(m->scene->mMaterials[mesh->mMaterialIndex], AI_MATKEY_COLOR_EMISSIVE, e))
        m->is_lit = m->is_lit || e[0] > 0.0f || e[1] > 0.0f || e[2] > 0.0f;
}

// The file's first camera, in the place of the node that carries its name.
static bool take_camera(struct import *m)
{
    if (m->scene->mNumCameras == 0)
        return false;
    const struct aiCamera *c = m->scene->mCameras[0];
    const struct aiMatrix4x4 to_world = m->camera_to_world;
    float aspect = c->mAspect > 0.0f ? c->mAspect : 1.0f;
    float fov = 2.0f * atanf(tanf(0.5f * c->mHorizontalFOV) / aspect);
    struct aiVector3D place = c->mPosition;
    if (m->is_gltf) {
        // assimp 5.2 repeats the node's translation here, and multiplies the angle instead of
        // its tangent by the aspect.
        place = (struct aiVector3D){0};
        fov = c->mHorizontalFOV / aspect;
    }
    struct vec eye = transformed(&to_world, place, 1.0f);
    struct vec look = vec_unit(transformed(&to_world, c->mLookAt, 0.0f));
    struct vec up = vec_unit(transformed(&to_world, c->mUp, 0.0f));
    float fov_deg = fov * 180.0f / MATH_PI;
    fov_deg = float_within(fov_deg, CAMERA_FOV_DEG_MIN, CAMERA_FOV_DEG_MAX) ? fov_deg : 45.0f;
    struct vec target = vec_add(eye, look);
    const struct scene_key key = {.camera = {.eye = {eye.x, eye.y, eye.z},
                                             .target = {target.x, target.y, target.z},
                                             .up = {up.x, up.y, up.z},
                                             .fov_deg = fov_deg}};
    draft_key(&m->draft, &key);
    return true;
}

static void set_stage(struct import *m, bool has_camera)
{
    struct vec low, high;
    draft_bounds(&m->draft, &low, &high);
    struct vec centre = vec_scale(vec_add(low, high), 0.5f);
    float radius = fmaxf(0.5f * vec_length(vec_sub(high, low)), 1e-3f);
    if (!m->is_lit) {
        mesh_stage_lamps(&m->draft, centre, radius);
        mesh_stage_sky(&m->draft);
    }
    if (!has_camera) {
        mesh_stage_ground(&m->draft, centre, radius);
        mesh_stage_camera(&m->draft, centre, radius);
    }
}

static enum rc draw(struct import *m, const char **why)
{
    *why = "it refers to what is not there";
    enum rc rc = walk(m);
    struct vec low = {0};
    struct vec high = {0};
    if (rc == RC_OK)
        rc = bounds(m, &low, &high);
    if (rc != RC_OK) {
        *why = rc == RC_ABSENT ? "it has no triangles" : *why;
        return rc == RC_ABSENT ? RC_MALFORMED : rc;
    }
    bool has_camera = take_camera(m);
    struct vec size = vec_sub(high, low);
    float widest = fmaxf(size.y, fmaxf(size.x, size.z));
    m->scale = 1.0f;
    if (!has_camera) {
        m->scale = widest > 0.0f ? MESH_STAGE_SIZE_M / widest : 1.0f;
        m->shift = vec_of(-0.5f * (low.x + high.x), -low.y, -0.5f * (low.z + high.z));
    }
    take_materials(m);
    for (size_t i = 0; i < m->part_count; i++)
        draw_part(m, &m->part[i]);
    if (draft_triangle_count(&m->draft) == 0 && m->draft.rc == RC_OK) {
        *why = "it has no triangles";
        return RC_MALFORMED;
    }
    set_stage(m, has_camera);
    *why = "a coordinate, a camera or a colour is out of range";
    return m->draft.rc == RC_REFUSED ? RC_MALFORMED : m->draft.rc;
}

static bool is_gltf(struct bytes name)
{
    return mesh_name_ends(name, ".gltf") || mesh_name_ends(name, ".glb");
}

static const struct aiScene *read_scene(struct mesh_files *files, const char *name)
{
    struct aiPropertyStore *p = aiCreatePropertyStore();
    if (p == NULL)
        return NULL;
    aiSetImportPropertyFloat(p, AI_CONFIG_PP_GSN_MAX_SMOOTHING_ANGLE, SMOOTH_DEG);
    aiSetImportPropertyInteger(p, AI_CONFIG_PP_SBP_REMOVE,
                               aiPrimitiveType_POINT | aiPrimitiveType_LINE);
    aiSetImportPropertyInteger(p, AI_CONFIG_PP_RVC_FLAGS,
                               aiComponent_TANGENTS_AND_BITANGENTS | aiComponent_COLORS |
                                   aiComponent_TEXCOORDS | aiComponent_BONEWEIGHTS |
                                   aiComponent_ANIMATIONS | aiComponent_TEXTURES |
                                   aiComponent_LIGHTS);
    const struct aiScene *scene = aiImportFileExWithProperties(
        name,
        aiProcess_Triangulate | aiProcess_GenSmoothNormals | aiProcess_JoinIdenticalVertices |
            aiProcess_SortByPType | aiProcess_RemoveComponent | aiProcess_FindInvalidData |
            aiProcess_ValidateDataStructure,
        &files->io, p);
    aiReleasePropertyStore(p);
    return scene;
}

// Words of the last line of an OBJ that does not end with a newline; 0 if it ends with one.
static size_t words_at_end(struct bytes data, uint8_t *key)
{
    size_t from = data.len;
    while (from > 0 && data.at[from - 1] != '\n')
        from--;
    size_t words = 0;
    bool is_gap = true;
    for (size_t i = from; i < data.len; i++) {
        bool is_blank = data.at[i] == ' ' || data.at[i] == '\t' || data.at[i] == '\r';
        words += is_gap && !is_blank;
        is_gap = is_blank;
    }
    *key = from < data.len ? data.at[from] : 0;
    return words;
}

// assimp takes a face that lost its last corners for a line; a reader of ours would rather know.
static bool is_cut_off(const struct mesh_file *main)
{
    uint8_t key;
    if (!mesh_name_ends(main->name, ".obj"))
        return false;
    size_t words = words_at_end(main->data, &key);
    return (key == 'v' || key == 'f') && words < 1 + OBJ_VALUES_MIN && words > 0;
}

static enum rc complain(struct err *err, const char *name, enum rc rc, const char *why)
{
    char words[ERR_TEXT_BYTES];
    struct text t = text_of(words, sizeof words);
    text_add_safe(&t, bytes_text(why));
    return err_set(err, rc, "%s: not a mesh: %s", name, words);
}

static enum rc finish(struct import *m, const char *name, struct buffer *out, struct err *err)
{
    const char *why = NULL;
    enum rc rc = draw(m, &why);
    if (rc == RC_OK)
        rc = draft_encode(&m->draft, out);
    if (rc == RC_NOMEM)
        return err_set(err, rc, "%s: no memory for its scene", name);
    if (rc == RC_FULL)
        return err_set(err, rc, "%s: more than %u triangles, %u vertices or %u materials", name,
                       SCENE_TRIANGLES_MAX, SCENE_VERTICES_MAX, SCENE_MATERIALS_MAX);
    return rc == RC_OK ? rc : complain(err, name, RC_MALFORMED, why);
}

enum rc mesh_import(struct bytes bundle, struct budget *budget, struct buffer *out, struct err *err)
{
    struct mesh_bundle b;
    if (mesh_bundle_decode(&b, bundle) != RC_OK)
        return err_set(err, RC_MALFORMED, "not a bundle of mesh files");
    char name[MESH_NAME_BYTES_MAX + 1];
    bytes_to_text(b.file[0].name, name, sizeof name);
    if (is_cut_off(&b.file[0]))
        return complain(err, name, RC_MALFORMED, "its last line is cut off");
    struct mesh_files files;
    mesh_files_init(&files, &b);
    const struct aiScene *scene = read_scene(&files, name);
    if (scene == NULL)
        return complain(err, name, RC_MALFORMED, aiGetErrorString());
    struct import m = {.budget = budget, .scene = scene, .is_gltf = is_gltf(b.file[0].name)};
    aiIdentityMatrix4(&m.camera_to_world);
    draft_init(&m.draft, budget);
    enum rc rc = finish(&m, name, out, err);
    budget_give(budget, m.part);
    draft_free(&m.draft);
    aiReleaseImport(scene);
    return rc;
}

enum rc mesh_run(struct bytes bundle, struct buffer *result, struct buffer *report)
{
    struct budget budget = {.limit_bytes = MESH_RUN_BUDGET_BYTES};
    struct buffer object = {0};
    struct err err = {0};
    enum rc rc = mesh_import(bundle, &budget, &object, &err);
    if (rc == RC_OK) {
        buffer_put(result, buffer_bytes(&object));
        if (result->is_full)
            rc = err_set(&err, RC_FULL,
                         "the scene of this mesh has %zu bytes, more than there "
                         "is room for",
                         object.len);
    }
    if (rc != RC_OK)
        buffer_put(report, bytes_text(err.text));
    budget_give(&budget, object.at);
    return rc;
}
