// SPDX-License-Identifier: MIT
// Solid shapes for a draft.
#include "scene/shape.h"

#include <assert.h>

#include "scene/math.h"

static const struct vec no_normal = {0.0f, 0.0f, 0.0f};

static float turn_of(float angle) // 0..1
{
    float turn = angle * (0.5f / MATH_PI);
    return turn - floorf(turn);
}

float shape_sine(float angle)
{
    float sine, cosine;
    math_sincos(turn_of(angle), &sine, &cosine);
    return sine;
}

float shape_cosine(float angle)
{
    float sine, cosine;
    math_sincos(turn_of(angle), &sine, &cosine);
    return cosine;
}

struct frame frame_at(struct vec origin)
{
    return frame_turned(origin, 0.0f);
}

struct frame frame_turned(struct vec origin, float angle)
{
    float c = shape_cosine(angle);
    float s = shape_sine(angle);
    return (struct frame){origin, vec_of(c, 0.0f, -s), vec_of(0.0f, 1.0f, 0.0f),
                          vec_of(s, 0.0f, c)};
}

struct vec frame_point(const struct frame *f, float x, float y, float z)
{
    return vec_along(vec_along(vec_along(f->origin, f->right, x), f->up, y), f->out, z);
}

struct frame frame_moved(const struct frame *f, float x, float y, float z)
{
    struct frame moved = *f;
    moved.origin = frame_point(f, x, y, z);
    return moved;
}

static struct vec frame_direction(const struct frame *f, float x, float y, float z)
{
    return vec_sub(frame_point(f, x, y, z), f->origin);
}

void shape_box(struct draft *d, const struct frame *f, struct vec low, struct vec high,
               uint32_t material)
{
    static const uint8_t face[6][4] = {{0, 2, 3, 1}, {4, 5, 7, 6}, {0, 1, 5, 4},
                                       {2, 6, 7, 3}, {0, 4, 6, 2}, {1, 3, 7, 5}};
    uint32_t v[8];
    for (unsigned i = 0; i < 8; i++) // bit 0: x, bit 1: y, bit 2: z
        v[i] = draft_vertex(d,
                            frame_point(f, (i & 1) ? high.x : low.x, (i & 2) ? high.y : low.y,
                                        (i & 4) ? high.z : low.z),
                            no_normal);
    for (unsigned i = 0; i < 6; i++) {
        draft_triangle(d, v[face[i][0]], v[face[i][1]], v[face[i][2]], material);
        draft_triangle(d, v[face[i][0]], v[face[i][2]], v[face[i][3]], material);
    }
}

void shape_panel(struct draft *d, const struct frame *f, const float low[static 2],
                 const float high[static 2], float z, uint32_t material)
{
    const struct vec corner[4] = {
        frame_point(f, low[0], low[1], z), frame_point(f, high[0], low[1], z),
        frame_point(f, high[0], high[1], z), frame_point(f, low[0], high[1], z)};
    draft_quad(d, corner, material);
}

// Any direction at right angles to `along`.
static struct vec any_side(struct vec along)
{
    struct vec other = fabsf(along.y) < 0.9f ? vec_of(0.0f, 1.0f, 0.0f) : vec_of(1.0f, 0.0f, 0.0f);
    return vec_unit(vec_cross(other, along));
}

struct ring {
    struct vec centre, along; // along: length 1
    struct vec side;          // where the first vertex lies, at right angles to along
    float radius;
    unsigned sides;
};

// Returns the index of the ring's first vertex.
static uint32_t ring_draw(struct draft *d, const struct ring *r)
{
    struct vec across = vec_cross(r->along, r->side);
    uint32_t first = draft_vertex_count(d);
    for (unsigned i = 0; i < r->sides; i++) {
        float a = 2.0f * MATH_PI * (float)i / (float)r->sides;
        struct vec out = vec_along(vec_scale(r->side, shape_cosine(a)), across, shape_sine(a));
        (void)draft_vertex(d, vec_along(r->centre, out, r->radius), out); // run on from first
    }
    return first;
}

// The skin between two rings of `sides` vertices each.
static void skin(struct draft *d, uint32_t low, uint32_t high, unsigned sides, uint32_t material)
{
    assert(d->rc != RC_OK || low + sides <= high);
    for (unsigned i = 0; i < sides; i++) {
        unsigned j = (i + 1) % sides;
        draft_triangle(d, low + i, low + j, high + j, material);
        draft_triangle(d, low + i, high + j, high + i, material);
    }
}

void shape_tube(struct draft *d, const struct vec *point, size_t count, float radius,
                unsigned sides, uint32_t material)
{
    assert(count >= 2);
    assert(count <= SHAPE_POINTS_MAX);
    assert(sides >= 3);
    assert(sides <= 32);
    struct ring r = {.radius = radius, .sides = sides};
    r.side = any_side(vec_unit(vec_sub(point[1], point[0])));
    uint32_t last = 0;
    for (size_t i = 0; i < count; i++) {
        struct vec before = point[i > 0 ? i - 1 : 0];
        struct vec after = point[i + 1 < count ? i + 1 : count - 1];
        r.centre = point[i];
        r.along = vec_unit(vec_sub(after, before));
        // The side is carried along, so that the skin does not twist at a bend.
        struct vec carried = vec_along(r.side, r.along, -vec_dot(r.side, r.along));
        r.side = vec_length(carried) > 1e-3f ? vec_unit(carried) : any_side(r.along);
        uint32_t next = ring_draw(d, &r);
        if (i > 0)
            skin(d, last, next, sides, material);
        last = next;
    }
}

static void lid(struct draft *d, uint32_t first, struct vec centre, unsigned sides,
                uint32_t material)
{
    uint32_t hub = draft_vertex(d, centre, no_normal);
    for (unsigned i = 0; i < sides; i++)
        draft_triangle(d, hub, first + i, first + (i + 1) % sides, material);
}

void shape_rod(struct draft *d, struct vec from, struct vec to, float radius, unsigned sides,
               uint32_t material)
{
    assert(sides >= 3);
    assert(radius > 0.0f);
    struct ring r = {
        .centre = from, .along = vec_unit(vec_sub(to, from)), .radius = radius, .sides = sides};
    r.side = any_side(r.along);
    uint32_t low = ring_draw(d, &r);
    r.centre = to;
    uint32_t high = ring_draw(d, &r);
    skin(d, low, high, sides, material);
    lid(d, low, from, sides, material);
    lid(d, high, to, sides, material);
}

void shape_turned(struct draft *d, const struct frame *f, const float (*outline)[2], size_t count,
                  unsigned sides, uint32_t material)
{
    assert(count >= 2);
    assert(sides >= 3);
    assert(sides <= 256);
    uint32_t last = 0;
    for (size_t i = 0; i < count; i++) {
        const float *before = outline[i > 0 ? i - 1 : 0];
        const float *after = outline[i + 1 < count ? i + 1 : count - 1];
        float rise = after[1] - before[1];
        float widen = after[0] - before[0];
        uint32_t next = draft_vertex_count(d);
        for (unsigned k = 0; k < sides; k++) {
            float a = 2.0f * MATH_PI * (float)k / (float)sides;
            struct vec normal =
                frame_direction(f, rise * shape_cosine(a), -widen, -rise * shape_sine(a));
            (void)draft_vertex(d,
                               frame_point(f, outline[i][0] * shape_cosine(a), outline[i][1],
                                           -outline[i][0] * shape_sine(a)),
                               normal); // indices run on from next
        }
        if (i > 0)
            skin(d, last, next, sides, material);
        last = next;
    }
}

void shape_ball(struct draft *d, struct vec centre, float radius, unsigned bands, uint32_t material)
{
    assert(bands >= 2);
    assert(bands <= 128);
    assert(radius > 0.0f);
    uint32_t last = 0;
    for (unsigned i = 0; i <= bands; i++) {
        float polar = MATH_PI * (float)i / (float)bands;
        // Poles keep a hair of radius: vertices that coincide would make triangles of no area.
        float r = i == 0 || i == bands ? 1e-4f : shape_sine(polar);
        uint32_t next = draft_vertex_count(d);
        for (unsigned k = 0; k < 2 * bands; k++) {
            float a = MATH_PI * (float)k / (float)bands;
            struct vec out = vec_of(r * shape_cosine(a), -shape_cosine(polar), -r * shape_sine(a));
            (void)draft_vertex(d, vec_along(centre, out, radius), out); // run on from next
        }
        if (i > 0)
            skin(d, last, next, 2 * bands, material);
        last = next;
    }
}

void shape_disc(struct draft *d, const struct frame *f, float radius, unsigned sides,
                uint32_t material)
{
    assert(sides >= 3);
    assert(radius > 0.0f);
    uint32_t first = draft_vertex_count(d);
    for (unsigned i = 0; i < sides; i++) {
        float a = 2.0f * MATH_PI * (float)i / (float)sides;
        (void)draft_vertex(
            d, frame_point(f, radius * shape_cosine(a), radius * shape_sine(a), 0.0f), no_normal);
    }
    lid(d, first, f->origin, sides, material);
}
