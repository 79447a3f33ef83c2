// SPDX-License-Identifier: MIT
// From a checked scene to surfaces, lights and Embree's tree.
#include "kernel/world/world.h"

#include <assert.h>
#include <string.h>

#include "kernel/world/random.h"
#include "scene/normal.h"

#define LINE_BYTES 64u // of the caches

#define AREA2_MIN 1e-18 // |e1 x e2| in square metres; less is a line or a point
// No light is chosen more rarely than this share of an even choice: keeps radiance over chance
// within a float.
#define LIGHT_FLOOR 1e-6

static_assert(sizeof(struct surface) == LINE_BYTES, "one cache line a hit");
static_assert(sizeof(struct light) == LINE_BYTES, "one cache line a light");

// Zeroed array of things of LINE_BYTES, each in a cache line of its own; NULL: no more memory.
static void *take_lines(struct arena *arena, size_t count)
{
    uint8_t *at = arena_take_array(arena, count + 1, LINE_BYTES);
    if (at == NULL)
        return NULL;
    return at + (LINE_BYTES - (uintptr_t)at % LINE_BYTES) % LINE_BYTES;
}

struct corners { // scratch of one triangle
    uint32_t vertex[3];
    uint32_t material;
    struct vec position[3];
    struct vec normal[3];
};

static struct corners read_corners(const struct scene *s, uint32_t index)
{
    const struct scene_triangle triangle = scene_triangle_at(s, index);
    struct corners t = {.material = triangle.material};
    for (size_t i = 0; i < 3; i++) {
        const struct scene_vertex v = scene_vertex_at(s, triangle.vertex[i]);
        t.vertex[i] = triangle.vertex[i];
        t.position[i] = v.position;
        t.normal[i] = v.normal;
    }
    return t;
}

// False: the triangle has no area.
static bool surface_init(struct surface *out, const struct corners *t)
{
    struct surface s = {.at = t->position[0], .material = t->material};
    s.e1 = vec_sub(t->position[1], t->position[0]);
    s.e2 = vec_sub(t->position[2], t->position[0]);
    // In double, so that triangles in one plane along the axes get one and the same normal.
    double x = (double)s.e1.y * (double)s.e2.z - (double)s.e1.z * (double)s.e2.y;
    double y = (double)s.e1.z * (double)s.e2.x - (double)s.e1.x * (double)s.e2.z;
    double z = (double)s.e1.x * (double)s.e2.y - (double)s.e1.y * (double)s.e2.x;
    double area2 = sqrt(x * x + y * y + z * z);
    if (!(area2 > AREA2_MIN))
        return false;
    s.ng = vec_of((float)(x / area2), (float)(y / area2), (float)(z / area2));
    bool is_smooth = true;
    bool is_even = true; // all three are the triangle's own
    for (size_t i = 0; i < 3; i++) {
        float length2 = vec_dot(t->normal[i], t->normal[i]);
        is_smooth = is_smooth && length2 > 1e-6f;
        if (!is_smooth)
            break;
        struct vec unit = vec_scale(t->normal[i], 1.0f / sqrtf(length2));
        is_even = is_even && fabsf(vec_dot(unit, s.ng)) > 0.99999f;
        s.normal[i] = normal_pack(unit);
    }
    if (!is_smooth || is_even)
        memset(s.normal, 0, sizeof s.normal);
    *out = s;
    return true;
}

static float emitted_power(const struct surface *s, const struct material *m)
{
    return vec_luminance(m->emission) * m->opacity * vec_length(vec_cross(s->e1, s->e2));
}

static bool is_light(const struct surface *s, const struct material *m)
{
    return m->is_emitter && emitted_power(s, m) > 0.0f;
}

// Splits n slots of chance power[i] * n / total so that each holds at most two (Vose 1991).
static void alias_fill(struct light_slot *slots, double *share, uint32_t *stack, uint32_t n)
{
    uint32_t small = 0; // stack[0 .. small) holds what is below 1
    uint32_t large = n; // stack[large .. n) what is not
    for (uint32_t i = 0; i < n; i++) {
        if (share[i] < 1.0)
            stack[small++] = i;
        else
            stack[--large] = i;
    }
    while (small > 0 && large < n) {
        uint32_t little = stack[--small];
        uint32_t big = stack[large++];
        assert(small < large);
        slots[little].keep = (uint32_t)(share[little] * 0x1p32);
        slots[little].other = big;
        share[big] -= 1.0 - share[little];
        if (share[big] < 1.0)
            stack[small++] = big;
        else
            stack[--large] = big;
    }
    // What is left keeps to itself: `other` was itself from the start.
}

static enum rc collect_lights(struct world *w, struct arena *arena)
{
    uint32_t n = 0;
    double total = 0.0;
    for (uint32_t i = 0; i < w->surface_count; i++) {
        const struct material *m = &w->materials[w->surfaces[i].material];
        if (is_light(&w->surfaces[i], m)) {
            total += (double)emitted_power(&w->surfaces[i], m);
            n++;
        }
    }
    w->light_count = n;
    assert(n <= w->surface_count);
    if (n == 0)
        return RC_OK;
    w->lights = take_lines(arena, n);
    w->light_slots = arena_take_array(arena, n, sizeof *w->light_slots);
    double *share = arena_take_array(arena, n, sizeof *share);
    uint32_t *stack = arena_take_array(arena, n, sizeof *stack);
    if (w->lights == NULL || w->light_slots == NULL || share == NULL || stack == NULL)
        return RC_NOMEM;
    uint32_t k = 0;
    double floored = 0.0;
    for (uint32_t i = 0; i < w->surface_count; i++) {
        const struct surface *s = &w->surfaces[i];
        const struct material *m = &w->materials[s->material];
        if (!is_light(s, m))
            continue;
        double even = (double)emitted_power(s, m) / total * n;
        share[k] = even > LIGHT_FLOOR ? even : LIGHT_FLOOR;
        floored += share[k];
        float bright = vec_luminance(m->emission);
        w->lights[k++] = (struct light){.at = s->at,
                                        .e1 = s->e1,
                                        .e2 = s->e2,
                                        .power = bright * m->opacity,
                                        .tint = vec_scale(m->emission, 1.0f / bright)};
    }
    assert(k == n);
    assert(floored > 0.0);
    for (uint32_t i = 0; i < n; i++) {
        share[i] *= n / floored;
        w->lights[i].power *= (float)(n / share[i]);
        w->light_slots[i].other = i;
    }
    alias_fill(w->light_slots, share, stack, n);
    return RC_OK;
}

// Embree's filter: whether this ray takes notice of a triangle that is not opaque.
static void filter_opacity(const struct RTCFilterFunctionNArguments *args)
{
    assert(args->N == 1); // single rays only
    struct world_context *c = (void *)args->context;
    if (c->takes_all)
        return;
    c->tosses++;
    uint32_t primitive = ((const struct RTCHit *)(const void *)args->hit)->primID;
    const struct surface *s = &c->world->surfaces[c->world->opaque_count + primitive];
    float u = random_high(random_bits(c->key, primitive));
    if (u >= c->world->materials[s->material].opacity)
        args->valid[0] = 0;
}

struct mesh {          // what Embree reads; in the arena, for as long as the scene
    float *vertices;   // xyz0 each: Embree reads 16 bytes at a vertex
    uint32_t *indices; // three each, of opaque surfaces, then of the others
};

static bool attach(struct world *w, RTCDevice device, const struct mesh *mesh,
                   uint32_t vertex_count, bool is_filtered)
{
    uint32_t first = is_filtered ? w->opaque_count : 0;
    uint32_t count = is_filtered ? w->surface_count - w->opaque_count : w->opaque_count;
    if (count == 0)
        return true;
    RTCGeometry g = rtcNewGeometry(device, RTC_GEOMETRY_TYPE_TRIANGLE);
    if (g == NULL)
        return false;
    rtcSetSharedGeometryBuffer(g, RTC_BUFFER_TYPE_VERTEX, 0, RTC_FORMAT_FLOAT3, mesh->vertices, 0,
                               16, vertex_count);
    rtcSetSharedGeometryBuffer(g, RTC_BUFFER_TYPE_INDEX, 0, RTC_FORMAT_UINT3,
                               mesh->indices + (size_t)first * 3, 0, 12, count);
    if (is_filtered) {
        rtcSetGeometryIntersectFilterFunction(g, filter_opacity);
        rtcSetGeometryOccludedFilterFunction(g, filter_opacity);
    }
    rtcCommitGeometry(g);
    rtcAttachGeometryByID(w->scene, g, is_filtered ? 1 : 0);
    rtcReleaseGeometry(g);
    return true;
}

static enum rc build(struct world *w, RTCDevice device, const struct mesh *mesh,
                     uint32_t vertex_count)
{
    (void)rtcGetDeviceError(device); // forget what went before
    w->scene = rtcNewScene(device);
    if (w->scene == NULL)
        return RC_NOMEM;
    rtcSetSceneBuildQuality(w->scene, RTC_BUILD_QUALITY_MEDIUM);
    if (!attach(w, device, mesh, vertex_count, false) ||
        !attach(w, device, mesh, vertex_count, true))
        return RC_NOMEM;
    rtcCommitScene(w->scene);
    return rtcGetDeviceError(device) == RTC_ERROR_NONE ? RC_OK : RC_NOMEM;
}

// Two passes, so that the opaque ones come first.
static void fill_surfaces(struct world *w, const struct scene *s, uint32_t *indices)
{
    for (int is_filtered = 0; is_filtered < 2; is_filtered++) {
        for (uint32_t i = 0; i < s->triangle_count; i++) {
            struct corners t = read_corners(s, i);
            bool is_other = w->materials[t.material].opacity < 1.0f;
            if (is_other != (is_filtered == 1) || !surface_init(&w->surfaces[w->surface_count], &t))
                continue;
            memcpy(indices + (size_t)w->surface_count * 3, t.vertex, sizeof t.vertex);
            w->surface_count++;
        }
        if (is_filtered == 0)
            w->opaque_count = w->surface_count;
    }
}

static void fill_vertices(const struct scene *s, float *out)
{
    for (uint32_t i = 0; i < s->vertex_count; i++, out += 4) {
        const struct vec at = scene_vertex_at(s, i).position;
        out[0] = at.x;
        out[1] = at.y;
        out[2] = at.z;
    }
}

static bool sky_is_dark(const struct scene_sky *s)
{
    struct vec sum = vec_add(vec_from(s->low), vec_from(s->high));
    if (s->haze_per_m > 0.0f)
        sum = vec_add(sum, vec_from(s->haze));
    return !(vec_max(sum) > 0.0f);
}

enum rc world_open(struct world *w, RTCDevice device, const struct scene *scene,
                   struct arena *arena)
{
    *w = (struct world){.sky = scene->sky, .is_dark = sky_is_dark(&scene->sky)};
    // One more of each than needed: arrays of none need no special case.
    w->materials = arena_take_array(arena, (size_t)scene->material_count + 1, sizeof *w->materials);
    w->surfaces = take_lines(arena, scene->triangle_count);
    struct mesh mesh = {
        .vertices = arena_take_array(arena, (size_t)scene->vertex_count + 1, 4 * sizeof(float)),
        .indices = arena_take_array(arena, (size_t)scene->triangle_count + 1, 3 * sizeof(uint32_t)),
    };
    if (w->materials == NULL || w->surfaces == NULL || mesh.vertices == NULL ||
        mesh.indices == NULL)
        return RC_NOMEM;
    for (uint32_t i = 0; i < scene->material_count; i++) {
        struct scene_material m = scene_material_at(scene, i);
        material_init(&w->materials[i], &m);
    }
    fill_surfaces(w, scene, mesh.indices);
    assert(w->opaque_count <= w->surface_count);
    assert(w->surface_count <= scene->triangle_count);
    fill_vertices(scene, mesh.vertices);
    enum rc rc = collect_lights(w, arena);
    return rc == RC_OK ? build(w, device, &mesh, scene->vertex_count) : rc;
}

void world_close(struct world *w)
{
    if (w->scene != NULL)
        rtcReleaseScene(w->scene);
    *w = (struct world){0};
}
