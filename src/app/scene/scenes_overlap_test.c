// SPDX-License-Identifier: MIT
// Tests that generated scenes have no two faces in one place: which of them a ray meets would be
// a matter of rounding, and helpers with other SIMD levels would compute other pixels.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "base/attr.h"
#include "scene/scene.h"
#include "scene/scenes.h"
#include "scene/vec.h"

#define APART_M    0.0005f // nearer than this is one place
#define PARALLEL   0.9999f // cosine of the angle between two planes; either way round
#define PATCH_M2   1e-4    // smaller patches are an edge's rounding
#define CORNERS    9u      // of a triangle cut by three lines: 6, and room
#define KINDS_KEPT 64u     // of pairs, to be printed
#define ALIKE_MAX  32u     // a thin tube's own kinks

struct face {
    struct vec corner[3];
    struct vec normal; // length 1; zero for a triangle of no area
    struct vec low, high;
    uint32_t material;
};

static struct face face_at(const struct scene *s, uint32_t index)
{
    const struct scene_triangle t = scene_triangle_at(s, index);
    struct face f = {.material = t.material};
    for (unsigned i = 0; i < 3; i++)
        f.corner[i] = scene_vertex_at(s, t.vertex[i]).position;
    const struct vec *p = f.corner;
    f.normal = vec_unit(vec_cross(vec_sub(p[1], p[0]), vec_sub(p[2], p[0])));
    f.low = vec_of(fminf(fminf(p[0].x, p[1].x), p[2].x), fminf(fminf(p[0].y, p[1].y), p[2].y),
                   fminf(fminf(p[0].z, p[1].z), p[2].z));
    f.high = vec_of(fmaxf(fmaxf(p[0].x, p[1].x), p[2].x), fmaxf(fmaxf(p[0].y, p[1].y), p[2].y),
                    fmaxf(fmaxf(p[0].z, p[1].z), p[2].z));
    return f;
}

static int by_low_z(const void *a, const void *b)
{
    float x = ((const struct face *)a)->low.z;
    float y = ((const struct face *)b)->low.z;
    return (x > y) - (x < y);
}

static bool boxes_touch(const struct face *a, const struct face *b)
{
    return a->low.x <= b->high.x + APART_M && b->low.x <= a->high.x + APART_M &&
           a->low.y <= b->high.y + APART_M && b->low.y <= a->high.y + APART_M &&
           a->low.z <= b->high.z + APART_M && b->low.z <= a->high.z + APART_M;
}

// Keeps of a polygon what lies on the inner side of a plane through `at`.
static size_t cut(struct vec *out, const struct vec *in, size_t count, struct vec at,
                  struct vec inward)
{
    size_t kept = 0;
    for (size_t i = 0; i < count && kept + 2 <= CORNERS; i++) {
        struct vec p = in[i];
        struct vec q = in[(i + 1) % count];
        float dp = vec_dot(vec_sub(p, at), inward);
        float dq = vec_dot(vec_sub(q, at), inward);
        if (dp >= 0.0f)
            out[kept++] = p;
        if ((dp < 0.0f) != (dq < 0.0f))
            out[kept++] = vec_along(p, vec_sub(q, p), dp / (dp - dq));
    }
    return kept;
}

// Square metres that two faces share in one plane.
static double shared_area(const struct face *a, const struct face *b)
{
    if (fabsf(vec_dot(a->normal, b->normal)) < PARALLEL)
        return 0.0;
    struct vec part[2][CORNERS] = {{b->corner[0], b->corner[1], b->corner[2]}};
    size_t count = 3;
    for (unsigned i = 0; i < 3; i++) {
        struct vec edge = vec_sub(a->corner[(i + 1) % 3], a->corner[i]);
        count =
            cut(part[(i + 1) % 2], part[i % 2], count, a->corner[i], vec_cross(a->normal, edge));
    }
    struct vec *left = part[1]; // three cuts, from one to the other
    struct vec sum = vec_of(0.0f, 0.0f, 0.0f);
    for (size_t i = 0; i < count; i++) {
        if (fabsf(vec_dot(vec_sub(left[i], a->corner[0]), a->normal)) > APART_M)
            return 0.0;
        if (i >= 2)
            sum = vec_add(sum, vec_cross(vec_sub(left[i - 1], left[0]), vec_sub(left[i], left[0])));
    }
    return 0.5 * (double)vec_length(sum);
}

struct kind { // pairs of the same two materials
    uint32_t low, high;
    uint32_t count;
    double area;
    struct vec example;
};

struct tally {
    struct kind kind[KINDS_KEPT];
    size_t kinds;
    uint32_t unlike; // pairs of two materials
    uint32_t alike;  // of one: nearly harmless, the last bit differs
};

static void count_pair(struct tally *t, const struct face *a, const struct face *b, double area)
{
    if (a->material == b->material)
        t->alike++;
    else
        t->unlike++;
    uint32_t low = a->material < b->material ? a->material : b->material;
    uint32_t high = a->material ^ b->material ^ low;
    size_t i = 0;
    while (i < t->kinds && (t->kind[i].low != low || t->kind[i].high != high))
        i++;
    if (i == ARRAY_COUNT(t->kind))
        return;
    if (i == t->kinds)
        t->kind[t->kinds++] = (struct kind){.low = low, .high = high, .example = b->corner[0]};
    t->kind[i].count++;
    t->kind[i].area += area;
}

static void count_pairs(struct tally *t, const struct face *face, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = i + 1; k < count && face[k].low.z <= face[i].high.z + APART_M; k++) {
            if (!boxes_touch(&face[i], &face[k]))
                continue;
            double area = shared_area(&face[i], &face[k]);
            if (area > PATCH_M2)
                count_pair(t, &face[i], &face[k], area);
        }
}

static int by_area(const void *a, const void *b)
{
    double x = ((const struct kind *)a)->area;
    double y = ((const struct kind *)b)->area;
    return (x < y) - (x > y);
}

static void print_tally(struct tally *t, const char *name)
{
    qsort(t->kind, t->kinds, sizeof t->kind[0], by_area);
    print_message("%s: in one place %u pairs of two materials, %u of one\n", name, t->unlike,
                  t->alike);
    for (size_t i = 0; i < t->kinds; i++) {
        const struct kind *k = &t->kind[i];
        print_message("  materials %u and %u: %u pairs, %.4f m2, as at %.3f %.3f %.3f\n", k->low,
                      k->high, k->count, k->area, (double)k->example.x, (double)k->example.y,
                      (double)k->example.z);
    }
}

static struct tally shared_places(const char *name)
{
    struct budget budget = {.limit_bytes = SCENES_BUDGET_BYTES};
    struct buffer out;
    struct scene s;
    assert_int_equal(scenes_make(bytes_text(name), &budget, &out, NULL), RC_OK);
    assert_int_equal(scene_open(&s, buffer_bytes(&out), NULL), RC_OK);
    struct face *face = budget_take(&budget, s.triangle_count * sizeof *face);
    assert_non_null(face);
    for (uint32_t i = 0; i < s.triangle_count; i++)
        face[i] = face_at(&s, i);
    qsort(face, s.triangle_count, sizeof *face, by_low_z);
    struct tally t = {.kinds = 0};
    count_pairs(&t, face, s.triangle_count);
    print_tally(&t, name);
    budget_give(&budget, face);
    budget_give(&budget, out.at);
    return t;
}

static void test_room(void **state)
{
    (void)state;
    struct tally t = shared_places("cornell");
    assert_int_equal(t.unlike, 0);
    assert_int_equal(t.alike, 0);
}

static void test_street(void **state)
{
    (void)state;
    struct tally t = shared_places("neon-street");
    assert_int_equal(t.unlike, 0);
    assert_in_range(t.alike, 0, ALIKE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_street),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
