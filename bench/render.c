// SPDX-License-Identifier: MIT
// Renders one frame in one process, one thread: the reference that shared frames must equal.
//
//     render SCENE WxH SPP OUT.png [--layers PREFIX] [--time S] [--frame N] [--seed N]
//            [--depth N] [--exposure F] [--glare F]
//
// SCENE is a generated scene's name or a mesh file (OBJ, glTF). The seed is the one that shared
// frames use unless given. Prints rays and time.
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "image/pfm.h"
#include "image/png.h"
#include "image/tone.h"
#include "kernel/trace/trace.h"
#include "kernel/world/base.h"
#include "scene/mesh.h"
#include "scene/scene.h"
#include "scene/scenes.h"

#define BUDGET_BYTES ((size_t)6 << 30)
#define PATH_BYTES   1024

struct options {
    const char *scene, *png, *layers;
    unsigned width, height, samples, frame, depth;
    unsigned long long seed;
    float time_s;
    struct tone tone;
};

static void die(const char *what, const char *words)
{
    fprintf(stderr, "render: %s: %s\n", what, words);
    exit(1);
}

static void need(enum rc rc, const char *what)
{
    if (rc != RC_OK)
        die(what, rc_text(rc));
}

static bool size_read(struct options *o, const char *text) // "WxH"
{
    char *end;
    o->width = (unsigned)strtoul(text, &end, 10);
    if (*end != 'x')
        return false;
    o->height = (unsigned)strtoul(end + 1, &end, 10);
    return *end == '\0' && o->width > 0 && o->height > 0;
}

static struct options options_read(int argc, char **argv)
{
    struct options o = {.depth = 6, .tone = tone_default()};
    if (argc < 5 || !size_read(&o, argv[2]))
        die("usage", "render SCENE WxH SPP OUT.png [--layers PREFIX] [--time S] [--frame N] "
                     "[--seed N] [--depth N] [--exposure F] [--glare F]");
    o.scene = argv[1];
    o.samples = (unsigned)strtoul(argv[3], NULL, 10);
    o.png = argv[4];
    for (int i = 5; i + 1 < argc; i += 2) {
        const char *v = argv[i + 1];
        if (strcmp(argv[i], "--layers") == 0)
            o.layers = v;
        else if (strcmp(argv[i], "--time") == 0)
            o.time_s = strtof(v, NULL);
        else if (strcmp(argv[i], "--frame") == 0)
            o.frame = (unsigned)strtoul(v, NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0)
            o.seed = strtoull(v, NULL, 0);
        else if (strcmp(argv[i], "--depth") == 0)
            o.depth = (unsigned)strtoul(v, NULL, 10);
        else if (strcmp(argv[i], "--exposure") == 0)
            o.tone.exposure = strtof(v, NULL);
        else if (strcmp(argv[i], "--glare") == 0)
            o.tone.glare = strtof(v, NULL);
        else
            die("no such option", argv[i]);
    }
    return o;
}

static double seconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t); // cannot fail with this clock
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static struct bytes file_read(struct budget *budget, const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL || fseek(f, 0, SEEK_END) != 0)
        die(path, "cannot be read");
    long len = ftell(f);
    uint8_t *at = len >= 0 ? budget_take(budget, (size_t)len + 1) : NULL;
    if (at == NULL || fseek(f, 0, SEEK_SET) != 0 || fread(at, 1, (size_t)len, f) != (size_t)len)
        die(path, "cannot be read");
    (void)fclose(f); // only read from
    return bytes_of(at, (size_t)len);
}

static void file_write(const char *path, struct bytes b)
{
    FILE *f = fopen(path, "wb");
    if (f == NULL || fwrite(b.at, 1, b.len, f) != b.len || fclose(f) != 0)
        die(path, "cannot be written");
}

static struct buffer mesh_load(struct budget *budget, const char *path)
{
    const char *slash = strrchr(path, '/');
    int folder = slash != NULL ? (int)(slash - path + 1) : 0;
    struct mesh_bundle b = {.count = 1};
    b.file[0] = (struct mesh_file){bytes_text(path + folder), file_read(budget, path)};
    struct bytes name[MESH_FILES_MAX];
    size_t names = mesh_siblings(&b.file[0], name);
    size_t total = b.file[0].data.len;
    for (size_t i = 0; i < names; i++) {
        char sibling[PATH_BYTES];
        (void)snprintf(sibling, sizeof sibling, "%.*s%.*s", folder, path, (int)name[i].len,
                       (const char *)name[i].at); // a path too long fails to open
        FILE *f = fopen(sibling, "rb");
        if (f == NULL)
            continue; // the importer says what it misses
        (void)fclose(f);
        b.file[b.count] = (struct mesh_file){name[i], file_read(budget, sibling)};
        total += b.file[b.count++].data.len;
    }
    size_t cap = total + (size_t)MESH_FILES_MAX * (MESH_NAME_BYTES_MAX + 32);
    void *at = budget_take(budget, cap);
    if (at == NULL)
        die(path, "no memory");
    struct buffer bundle = buffer_of(at, cap);
    need(mesh_bundle_encode(&b, &bundle), path);
    struct buffer object;
    struct err err;
    if (mesh_import(buffer_bytes(&bundle), budget, &object, &err) != RC_OK)
        die("import", err.text);
    budget_give(budget, at);
    return object;
}

static struct buffer scene_load(struct budget *budget, const char *name)
{
    struct buffer object;
    struct err err;
    if (strchr(name, '.') != NULL)
        return mesh_load(budget, name);
    if (scenes_make(bytes_text(name), budget, &object, &err) != RC_OK)
        die("scene", err.text);
    return object;
}

static void render(const struct options *o, struct bytes object, uint64_t *sum,
                   struct budget *budget)
{
    struct scene scene;
    struct err err;
    if (scene_open(&scene, object, &err) != RC_OK)
        die("scene", err.text);
    struct digest name = hash_bytes(object);
    struct trace_params p = {.seed = o->seed != 0 ? o->seed : trace_seed(&name),
                             .frame = o->frame,
                             .width = o->width,
                             .height = o->height,
                             .w = o->width,
                             .h = o->height,
                             .sample_count = o->samples,
                             .depth_max = o->depth,
                             .cell = 64,
                             .camera = scene_camera(&scene, o->time_s)};
    uint8_t params_room[1024];
    struct buffer params = buffer_of(params_room, sizeof params_room);
    need(trace_params_encode(&p, &params), "parameters");
    const unsigned pixel_bytes = TRACE_PIXEL_BYTES;
    size_t len = (size_t)o->width * o->height * pixel_bytes;
    uint8_t *room = budget_take(budget, len + KERNEL_REPORT_BYTES_MAX);
    void *state = NULL;
    if (room == NULL)
        die("frame", "no memory");
    need(world_base.open(&state, NULL), "open");
    double start = seconds();
    need(world_base.load(state, object), "load");
    double loaded = seconds();
    struct buffer result = buffer_of(room, len);
    struct buffer report = buffer_of(room + len, KERNEL_REPORT_BYTES_MAX);
    need(trace_kernel.run(state, &(struct kernel_in){.params = buffer_bytes(&params)}, &result,
                          &report),
         "run");
    double done = seconds();
    struct trace_report r;
    need(trace_report_decode(&r, buffer_bytes(&report)), "report");
    world_base.close(state);
    struct cursor c = {.left = buffer_bytes(&result)};
    for (size_t i = 0; i < len / 4; i++)
        sum[i] = cursor_u32le(&c);
    budget_give(budget, room);
    printf("%s: %u triangles, load %.2f s, render %.2f s, %.2f M rays, %.2f M shadow rays, "
           "%.2f M/s\n",
           o->scene, scene.triangle_count, loaded - start, done - loaded, (double)r.rays * 1e-6,
           (double)r.shadow_rays * 1e-6, (double)(r.rays + r.shadow_rays) * 1e-6 / (done - loaded));
}

static void layers_write(const char *prefix, const struct image_sums *image, struct budget *budget)
{
    static const char *const layer[TRACE_LAYERS] = {"direct", "indirect"};
    size_t cap = pfm_bytes_max(image);
    void *at = budget_take(budget, cap);
    if (at == NULL)
        die("layers", "no memory");
    for (unsigned i = 0; i < TRACE_LAYERS; i++) {
        char path[PATH_BYTES];
        struct buffer b = buffer_of(at, cap);
        need(pfm_encode(image, i, &b), "layers");
        (void)snprintf(path, sizeof path, "%s-%s.pfm", prefix, layer[i]); // cut: fails to open
        file_write(path, buffer_bytes(&b));
    }
    budget_give(budget, at);
}

int main(int argc, char **argv)
{
    struct options o = options_read(argc, argv);
    struct budget budget = {.limit_bytes = BUDGET_BYTES};
    struct buffer object = scene_load(&budget, o.scene);
    size_t pixels = (size_t)o.width * o.height;
    uint64_t *sum = budget_take(&budget, pixels * sizeof *sum * 3 * TRACE_LAYERS);
    uint8_t *rgb = budget_take(&budget, pixels * 3);
    if (sum == NULL || rgb == NULL)
        die("frame", "no memory");
    render(&o, buffer_bytes(&object), sum, &budget);
    const struct image_sums image = {sum, o.width, o.height, o.samples};
    need(tone_map(&o.tone, &image, &budget, rgb), "tone");
    struct buffer png;
    need(png_encode(rgb, o.width, o.height, &budget, &png), "png");
    file_write(o.png, buffer_bytes(&png));
    if (o.layers != NULL)
        layers_write(o.layers, &image, &budget);
    budget_give(&budget, png.at);
    budget_give(&budget, rgb);
    budget_give(&budget, sum);
    budget_give(&budget, object.at);
    return 0;
}
