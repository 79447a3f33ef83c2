// SPDX-License-Identifier: MIT
// Tests of mesh import: small OBJ and glTF files, broken ones, and real ones where there are any.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "scene/mesh.h"
#include "scene/scene.h"

#define BUDGET_BYTES ((size_t)256 << 20)

static const char cube_obj[] =
    "# a cube\n"
    "mtllib paint.mtl\n"
    "v 0 0 0\nv 2 0 0\nv 2 2 0\nv 0 2 0\nv 0 0 2\nv 2 0 2\nv 2 2 2\nv 0 2 2\n"
    "usemtl shiny\n"
    "f 1 4 3 2\nf 5 6 7 8\nf 1 2 6 5\nf 2 3 7 6\n"
    "usemtl lamp\n"
    "f 3 4 8 7\nf 4 1 5 8\n";
static const char paint_mtl[] = "newmtl shiny\nKd 0.25 0.5 0.75\nNs 98\nNi 1.5\nd 0.5\n"
                                "newmtl lamp\nKd 0 0 0\nKe 3 2 1\n";
// One triangle: three positions as floats in a data URI, and a camera.
static const char tri_gltf[] =
    "{\"asset\":{\"version\":\"2.0\"},\"scene\":0,\"scenes\":[{\"nodes\":[0,1]}],"
    "\"nodes\":[{\"mesh\":0,\"translation\":[0,0,-3]},{\"camera\":0,\"translation\":[0,1,4]}],"
    "\"cameras\":[{\"type\":\"perspective\",\"perspective\":{\"yfov\":0.7,\"znear\":0.1,"
    "\"aspectRatio\":1.5}}],"
    "\"meshes\":[{\"primitives\":[{\"attributes\":{\"POSITION\":0},\"material\":0}]}],"
    "\"materials\":[{\"pbrMetallicRoughness\":{\"baseColorFactor\":[0.8,0.4,0.2,1],"
    "\"metallicFactor\":0.75,\"roughnessFactor\":0.25}}],"
    "\"accessors\":[{\"bufferView\":0,\"componentType\":5126,\"count\":3,\"type\":\"VEC3\","
    "\"min\":[0,0,0],\"max\":[1,1,0]}],"
    "\"bufferViews\":[{\"buffer\":0,\"byteLength\":36}],"
    "\"buffers\":[{\"uri\":\"tri.bin\",\"byteLength\":36}]}";

static struct mesh_file file_of(const char *name, const char *text)
{
    return (struct mesh_file){bytes_text(name), bytes_text(text)};
}

static enum rc import(const struct mesh_bundle *bundle, struct budget *budget, struct buffer *out,
                      struct err *err)
{
    size_t cap = 1024;
    for (size_t i = 0; i < bundle->count; i++)
        cap += bundle->file[i].data.len + MESH_NAME_BYTES_MAX + 32;
    void *room = budget_take(budget, cap);
    assert_non_null(room);
    struct buffer b = buffer_of(room, cap);
    assert_int_equal(mesh_bundle_encode(bundle, &b), RC_OK);
    enum rc rc = mesh_import(buffer_bytes(&b), budget, out, err);
    budget_give(budget, room);
    return rc;
}

static void test_obj(void **state)
{
    (void)state;
    struct budget budget = {.limit_bytes = BUDGET_BYTES};
    const struct mesh_bundle bundle = {
        .count = 2, .file = {file_of("cube.obj", cube_obj), file_of("paint.mtl", paint_mtl)}};
    struct buffer out;
    struct err err = {0};
    if (import(&bundle, &budget, &out, &err) != RC_OK)
        fail_msg("%s", err.text);
    struct scene s;
    assert_int_equal(scene_open(&s, buffer_bytes(&out), NULL), RC_OK);
    assert_int_equal(s.key_count, 1);
    assert_int_equal(s.triangle_count, 12 + 64); // on a ground; it brings its own light
    bool is_shiny = false;
    bool is_lamp = false;
    for (uint32_t i = 0; i < s.material_count; i++) {
        struct scene_material m = scene_material_at(&s, i);
        is_shiny =
            is_shiny || (fabsf(m.base[2] - 0.75f) < 1e-3f && fabsf(m.opacity - 0.5f) < 1e-3f &&
                         fabsf(m.ior - 1.5f) < 1e-3f && m.roughness < 0.5f);
        is_lamp = is_lamp || fabsf(m.emission[0] - 3.0f) < 1e-3f;
    }
    assert_true(is_shiny && is_lamp);
    budget_give(&budget, out.at);
    assert_int_equal(budget.used_bytes, 0);
}

static void test_gltf(void **state)
{
    (void)state;
    static const float corner[9] = {0, 0, 0, 1, 0, 0, 0, 1, 0};
    uint8_t raw[36];
    struct buffer b = buffer_of(raw, sizeof raw);
    for (unsigned i = 0; i < 9; i++)
        buffer_f32le(&b, corner[i]);
    struct budget budget = {.limit_bytes = BUDGET_BYTES};
    const struct mesh_bundle bundle = {
        .count = 2,
        .file = {file_of("tri.gltf", tri_gltf), {bytes_text("tri.bin"), buffer_bytes(&b)}}};
    struct bytes name[MESH_FILES_MAX];
    assert_int_equal(mesh_siblings(&bundle.file[0], name), 1);
    assert_true(bytes_is(name[0], "tri.bin"));
    struct buffer out;
    struct err err = {0};
    if (import(&bundle, &budget, &out, &err) != RC_OK)
        fail_msg("%s", err.text);
    struct scene s;
    assert_int_equal(scene_open(&s, buffer_bytes(&out), NULL), RC_OK);
    assert_int_equal(s.triangle_count, 1 + 6); // lamps, but no ground: it has a camera
    struct scene_material m = scene_material_at(&s, 0);
    assert_true(fabsf(m.metallic - 0.75f) < 1e-3f && fabsf(m.roughness - 0.25f) < 1e-3f);
    struct camera c = scene_key_at(&s, 0).camera;
    assert_true(fabsf(c.eye[1] - 1.0f) < 1e-4f && fabsf(c.eye[2] - 4.0f) < 1e-4f);
    assert_true(c.target[2] < c.eye[2] - 0.9f);
    assert_true(fabsf(c.fov_deg - 0.7f * 57.29578f) < 0.1f);
    budget_give(&budget, out.at);
}

static void complains(const char *name, const char *text, const char *words)
{
    struct budget budget = {.limit_bytes = BUDGET_BYTES};
    const struct mesh_bundle bundle = {.count = 1, .file = {file_of(name, text)}};
    struct buffer out = {0};
    struct err err = {0};
    assert_int_equal(import(&bundle, &budget, &out, &err), RC_MALFORMED);
    if (strstr(err.text, words) == NULL)
        fail_msg("'%s' lacks '%s'", err.text, words);
    assert_null(out.at);
    assert_int_equal(budget.used_bytes, 0);
}

static void test_broken(void **state)
{
    (void)state;
    complains("a.obj", "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 7\n", "a.obj: not a mesh: ");
    complains("a.obj", "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2", "last line is cut off");
    complains("a.obj", "v 0 0 0\nv 1 0 0\nv 0 1", "last line is cut off");
    complains("a.Obj", "v 0 0 0\nv 1 0 0\nv 0 1", "last line is cut off");
    complains("a.obj", "v 0 0 0\nv 1 0 0\nv 0 1 0\n", "a.obj: not a mesh: ");
    complains("a.obj", "", "a.obj: not a mesh: ");
    complains("a.gltf", "{\"asset\":{\"version\":\"2.0\"}}", "a.gltf: not a mesh: ");
    complains("b.gltf", tri_gltf, "b.gltf: not a mesh: "); // without its tri.bin
    complains("a.txt", "hello", "a.txt: not a mesh: ");
    complains("a.obj", "v 0 0 0\nv nan 0 0\nv 0 1e39 0\nf 1 2 3\n", "a.obj: not a mesh: ");
}

static void test_every_truncation(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof cube_obj - 1; len++) {
        struct budget budget = {.limit_bytes = BUDGET_BYTES};
        struct mesh_bundle bundle = {.count = 1, .file = {file_of("cube.obj", cube_obj)}};
        bundle.file[0].data.len = len;
        struct buffer out = {0};
        struct err err = {0};
        enum rc rc = import(&bundle, &budget, &out, &err);
        assert_true(rc == RC_OK || strstr(err.text, "cube.obj: not a mesh: ") == err.text);
        budget_give(&budget, out.at);
        assert_int_equal(budget.used_bytes, 0);
    }
}

static void test_no_memory(void **state)
{
    (void)state;
    unsigned refused = 0;
    for (size_t limit = 4096; limit < 12000000; limit += 1000000) {
        struct budget budget = {.limit_bytes = limit};
        const struct mesh_bundle bundle = {.count = 1, .file = {file_of("cube.obj", cube_obj)}};
        struct buffer out = {0};
        struct err err = {0};
        enum rc rc = import(&bundle, &budget, &out, &err);
        assert_true(rc == RC_OK || rc == RC_NOMEM);
        refused += rc == RC_NOMEM;
        budget_give(&budget, out.at);
        assert_int_equal(budget.used_bytes, 0);
    }
    assert_true(refused > 0);
}

static void test_siblings(void **state)
{
    (void)state;
    struct bytes name[MESH_FILES_MAX];
    struct mesh_file f = file_of("x.OBJ", "mtllib a b.mtl\r\n  mtllib a b.mtl\nmtllib ../c.mtl\n"
                                          "mtllib /etc/passwd\nmtllib ..\nmtllibd.mtl\n#mtllib e\n"
                                          "mtllib\tf.mtl\nmtllib x.OBJ");
    assert_int_equal(mesh_siblings(&f, name), 2);
    assert_true(bytes_is(name[0], "a b.mtl"));
    assert_true(bytes_is(name[1], "f.mtl"));
    f = file_of("x.glb", "{\"uri\" :\n\"a.bin\", \"uri\":\"data:x\",\"uri\":\"b/c.bin\","
                         "\"uri\":\"wall.PNG\",\"uri\":7,\"uri\":\"d.bin\",\"uri\":\"cut");
    assert_int_equal(mesh_siblings(&f, name), 2);
    assert_true(bytes_is(name[0], "a.bin"));
    assert_true(bytes_is(name[1], "d.bin"));
    f = file_of("x.ply", "mtllib a.mtl\n");
    assert_int_equal(mesh_siblings(&f, name), 0);
    char many[1000] = "";
    size_t len = 0;
    for (unsigned i = 0; i < 40; i++)
        len += (size_t)snprintf(many + len, sizeof many - len, "mtllib %u.mtl\n", i);
    f = file_of("x.obj", many);
    assert_int_equal(mesh_siblings(&f, name), MESH_FILES_MAX - 1);
}

static void test_bundle(void **state)
{
    (void)state;
    uint8_t room[256];
    struct buffer b = buffer_of(room, sizeof room);
    struct mesh_bundle in = {.count = 2, .file = {file_of("a.obj", "one"), file_of("b", "")}};
    assert_int_equal(mesh_bundle_encode(&in, &b), RC_OK);
    struct mesh_bundle out;
    assert_int_equal(mesh_bundle_decode(&out, buffer_bytes(&b)), RC_OK);
    assert_int_equal(out.count, 2);
    assert_true(bytes_is(out.file[0].data, "one") && bytes_is(out.file[1].name, "b"));
    for (size_t len = 0; len < b.len; len++)
        assert_int_equal(mesh_bundle_decode(&out, bytes_of(room, len)), RC_MALFORMED);
    static const char *const bad[] = {"", ".", "..", "a/b", "a\\b", "c:d", "a\nb"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        in.file[1] = file_of(bad[i], "x");
        b = buffer_of(room, sizeof room);
        assert_int_equal(mesh_bundle_encode(&in, &b), RC_REFUSED);
    }
    in.file[1] = file_of("a.obj", "twice");
    assert_int_equal(mesh_bundle_encode(&in, &b), RC_REFUSED);
    in.count = 0;
    assert_int_equal(mesh_bundle_encode(&in, &b), RC_REFUSED);
    b = buffer_of(room, 6);
    in = (struct mesh_bundle){.count = 1, .file = {file_of("a.obj", "one")}};
    assert_int_equal(mesh_bundle_encode(&in, &b), RC_FULL);
    struct err err = {0};
    struct budget budget = {.limit_bytes = BUDGET_BYTES};
    assert_int_equal(mesh_import(bytes_text("no bundle"), &budget, &b, &err), RC_MALFORMED);
    assert_string_equal(err.text, "not a bundle of mesh files");
}

static void test_run(void **state)
{
    (void)state;
    uint8_t request_room[2048];
    static uint8_t result_room[1 << 16];
    uint8_t report_room[ERR_TEXT_BYTES];
    const struct mesh_bundle good = {.count = 1, .file = {file_of("cube.obj", cube_obj)}};
    struct buffer request = buffer_of(request_room, sizeof request_room);
    struct buffer result = buffer_of(result_room, sizeof result_room);
    struct buffer report = buffer_of(report_room, sizeof report_room);
    assert_int_equal(mesh_bundle_encode(&good, &request), RC_OK);
    assert_int_equal(mesh_run(buffer_bytes(&request), &result, &report), RC_OK);
    struct scene s;
    assert_int_equal(scene_open(&s, buffer_bytes(&result), NULL), RC_OK);
    assert_int_equal(report.len, 0);
    result = buffer_of(result_room, 100);
    assert_int_equal(mesh_run(buffer_bytes(&request), &result, &report), RC_FULL);
    assert_true(report.len > 20);
    report = buffer_of(report_room, sizeof report_room);
    assert_int_equal(mesh_run(bytes_text("x"), &result, &report), RC_MALFORMED);
    assert_true(bytes_is(buffer_bytes(&report), "not a bundle of mesh files"));
}

static uint32_t import_file(const char *name)
{
    char path[1024];
    (void)snprintf(path, sizeof path, PROJECT_ROOT "/../shared/data/scenes/%s", name); // fits
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return 0;
    struct budget budget = {.limit_bytes = BUDGET_BYTES};
    const size_t cap = 8 << 20;
    uint8_t *text = budget_take(&budget, cap);
    assert_non_null(text);
    size_t len = fread(text, 1, cap, f);
    (void)fclose(f); // only read from
    const struct mesh_bundle bundle = {.count = 1, .file = {{bytes_text(name), {text, len}}}};
    struct buffer out;
    struct err err = {0};
    if (import(&bundle, &budget, &out, &err) != RC_OK)
        fail_msg("%s", err.text);
    struct scene s;
    if (scene_open(&s, buffer_bytes(&out), &err) != RC_OK)
        fail_msg("%s: %s", name, err.text);
    budget_give(&budget, out.at);
    budget_give(&budget, text);
    assert_int_equal(budget.used_bytes, 0);
    return s.triangle_count;
}

static void test_real_files(void **state)
{
    (void)state;
    uint32_t bunny = import_file("stanford-bunny.obj");
    if (bunny == 0) {
        print_message("no mesh files beside the project\n");
        skip();
    }
    assert_in_range(bunny, 69000, 70000); // 69,451 in the file, and the stage
    assert_true(import_file("spot.obj") > 5000);
    assert_true(import_file("suzanne.obj") > 900);
    assert_true(import_file("teapot.obj") > 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_obj),        cmocka_unit_test(test_gltf),
        cmocka_unit_test(test_broken),     cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_no_memory),  cmocka_unit_test(test_siblings),
        cmocka_unit_test(test_bundle),     cmocka_unit_test(test_run),
        cmocka_unit_test(test_real_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
