// SPDX-License-Identifier: MIT
// The wet ground of the neon street: puddles, damp asphalt, paint on it, pavements and kerbs.
//
// A height of water over the roadway is fractal noise; the mesh is cut along two of its contour
// lines, so that puddles have clean shores on a coarse grid. Water's ripples and the asphalt's
// grain live in the vertex normals.
#include <assert.h>

#include "scene/street_parts.h"

#define COLUMNS_MAX  1024u
#define SHORE_PUDDLE 0.515f // water above this lies open
#define SHORE_DAMP   0.41f
#define BANDS        3u // asphalt, damp, puddle
#define RINGS        26u
#define POLYGON_MAX  8u // a triangle cut by two lines keeps fewer

static float lattice(uint64_t seed, int64_t x, int64_t z)
{
    uint64_t h = rng_mix(seed ^ rng_mix((uint64_t)x * 0x9e3779b97f4a7c15u + (uint64_t)z));
    return (float)(h >> 40) / 16777216.0f;
}

static float smooth(float t)
{
    return t * t * (3.0f - 2.0f * t);
}

// Value noise, 0..1, one bump a unit.
static float noise(uint64_t seed, float x, float z)
{
    float fx = floorf(x);
    float fz = floorf(z);
    float u = smooth(x - fx);
    float v = smooth(z - fz);
    int64_t i = (int64_t)fx;
    int64_t k = (int64_t)fz;
    float near = lattice(seed, i, k) * (1.0f - u) + lattice(seed, i + 1, k) * u;
    float far = lattice(seed, i, k + 1) * (1.0f - u) + lattice(seed, i + 1, k + 1) * u;
    return near * (1.0f - v) + far * v;
}

// How much water stands here, 0..1: long hollows along the wheels' tracks, more by the kerbs.
static float water(const struct street *s, float x, float z)
{
    float h = 0.50f * noise(s->seed, x * 0.42f + 7.0f, z * 0.27f) +
              0.29f * noise(s->seed + 1, x * 1.05f, z * 0.7f) +
              0.15f * noise(s->seed + 2, x * 2.9f, z * 2.3f) +
              0.06f * noise(s->seed + 4, x * 7.0f, z * 6.0f);
    float kerb = fmaxf(0.0f, fabsf(x) - (STREET_KERB_X - 0.7f)) / 0.7f;
    float track = shape_cosine((fabsf(x) - 1.55f) * 2.0f * MATH_PI / 1.7f);
    return h + 0.10f * kerb + 0.035f * track;
}

static float slope(const struct street *s, uint64_t salt, float x, float z)
{
    return noise(s->seed + salt, x, z) - 0.5f;
}

// The normal of one band's surface. Ripples on open water, grain on the rest.
static struct vec ground_normal(const struct street *s, float x, float z, unsigned band)
{
    static const float grain[BANDS] = {0.16f, 0.07f, 0.0f};
    static const float swell[BANDS] = {0.03f, 0.035f, 0.022f};
    float nx = swell[band] * slope(s, 11, x * 2.3f, z * 2.3f) +
               grain[band] * slope(s, 13, x * 17.0f, z * 17.0f);
    float nz = swell[band] * slope(s, 12, x * 2.3f, z * 2.3f) +
               grain[band] * slope(s, 14, x * 17.0f, z * 17.0f);
    if (band == BANDS - 1) { // wind on water
        nx += 0.006f * shape_sine(x * 9.0f + z * 4.0f + 3.0f * noise(s->seed, x, z));
        nz += 0.010f * shape_sine(z * 12.0f - x * 3.0f + 4.0f * noise(s->seed + 3, x, z));
    }
    return vec_of(nx, 1.0f, nz);
}

static unsigned band_of(float water_height)
{
    return water_height > SHORE_PUDDLE ? 2u : water_height > SHORE_DAMP ? 1u : 0u;
}

struct corner {
    float x, z, water;
    uint32_t vertex; // as drawn for the corner's own band
};

static uint32_t ground_vertex(struct street *s, float x, float z, unsigned band)
{
    return draft_vertex(s->draft, vec_of(x, 0.0f, z), ground_normal(s, x, z, band));
}

// Keeps of a polygon what lies on one side of a contour line.
static size_t clip(struct corner *out, const struct corner *in, size_t count, float level,
                   float sign)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const struct corner *a = &in[i];
        const struct corner *b = &in[(i + 1) % count];
        float da = (a->water - level) * sign;
        float db = (b->water - level) * sign;
        if (da >= 0.0f)
            out[kept++] = *a;
        if ((da < 0.0f) != (db < 0.0f)) {
            float t = da / (da - db);
            out[kept++] =
                (struct corner){a->x + (b->x - a->x) * t, a->z + (b->z - a->z) * t, level, 0};
        }
        assert(kept <= POLYGON_MAX);
    }
    return kept;
}

static void draw_band(struct street *s, const struct corner *polygon, size_t count, unsigned band)
{
    static const enum paint paint[BANDS] = {PAINT_ASPHALT, PAINT_DAMP, PAINT_PUDDLE};
    assert(count <= POLYGON_MAX);
    assert(band < BANDS);
    uint32_t v[POLYGON_MAX];
    for (size_t i = 0; i < count; i++)
        v[i] = ground_vertex(s, polygon[i].x, polygon[i].z, band);
    for (size_t i = 2; i < count; i++)
        draft_triangle(s->draft, v[0], v[i - 1], v[i], s->id[paint[band]]);
}

static void draw_cut_triangle(struct street *s, const struct corner t[static 3])
{
    struct corner low[POLYGON_MAX], wet[POLYGON_MAX], part[POLYGON_MAX];
    size_t count = clip(low, t, 3, SHORE_DAMP, -1.0f);
    draw_band(s, low, count, 0);
    count = clip(wet, t, 3, SHORE_DAMP, 1.0f);
    size_t damp = clip(part, wet, count, SHORE_PUDDLE, -1.0f);
    draw_band(s, part, damp, 1);
    size_t open = clip(part, wet, count, SHORE_PUDDLE, 1.0f);
    draw_band(s, part, open, 2);
}

static void draw_cell(struct street *s, const struct corner c[static 4])
{
    static const enum paint paint[BANDS] = {PAINT_ASPHALT, PAINT_DAMP, PAINT_PUDDLE};
    unsigned band = band_of(c[0].water);
    if (band_of(c[1].water) == band && band_of(c[2].water) == band && band_of(c[3].water) == band) {
        uint32_t id = s->id[paint[band]];
        draft_triangle(s->draft, c[0].vertex, c[1].vertex, c[2].vertex, id);
        draft_triangle(s->draft, c[0].vertex, c[2].vertex, c[3].vertex, id);
        return;
    }
    draw_cut_triangle(s, (struct corner[3]){c[0], c[1], c[2]});
    draw_cut_triangle(s, (struct corner[3]){c[0], c[2], c[3]});
}

static void fill_row(struct street *s, struct corner *row, unsigned columns, float z)
{
    for (unsigned i = 0; i <= columns; i++) {
        float x = STREET_KERB_X * (2.0f * (float)i / (float)columns - 1.0f);
        float w = water(s, x, z);
        row[i] = (struct corner){x, z, w, ground_vertex(s, x, z, band_of(w))};
    }
}

// Depth of row t = 0..1: cells near the camera are short, far ones long.
static float row_z(float t)
{
    return STREET_NEAR_Z + (STREET_FAR_Z - 10.0f - STREET_NEAR_Z) * (0.35f * t + 0.65f * t * t);
}

struct grid {
    unsigned columns, rows;
};

static struct grid grid_of(float cells)
{
    float columns = fminf(fmaxf(sqrtf(cells / 8.0f), 8.0f), (float)COLUMNS_MAX);
    return (struct grid){(unsigned)columns, (unsigned)fmaxf(cells / columns, 8.0f)};
}

// How many triangles a grid will come to: two for a whole cell, about six for one that is cut.
static float grid_triangles(const struct street *s, struct grid g)
{
    enum { PROBES = 4000 };
    unsigned cut = 0;
    for (unsigned n = 0; n < PROBES; n++) { // cells spread evenly by the golden ratio
        unsigned k = (unsigned)((uint64_t)n * g.rows / PROBES);
        unsigned i = (unsigned)(fmodf((float)n * 0.618034f, 1.0f) * (float)g.columns);
        unsigned band[4];
        for (unsigned c = 0; c < 4; c++) {
            float x = (float)(i + c % 2) / (float)g.columns;
            float z = row_z(((float)k + (c < 2 ? 0.0f : 1.0f)) / (float)g.rows);
            band[c] = band_of(water(s, STREET_KERB_X * (2.0f * x - 1.0f), z));
        }
        cut += band[1] != band[0] || band[2] != band[0] || band[3] != band[0];
    }
    return (float)g.columns * (float)g.rows * (2.0f + 4.0f * (float)cut / (float)PROBES);
}

static void draw_roadway(struct street *s, uint32_t triangles)
{
    // Finer grids have fewer cut cells; a few steps find the one that fits.
    float cells = (float)triangles / 3.0f;
    for (unsigned i = 0; i < 4; i++)
        cells *= (float)triangles / grid_triangles(s, grid_of(cells));
    const struct grid g = grid_of(cells);
    assert(g.columns > 0);
    assert(g.columns <= COLUMNS_MAX);
    assert(g.rows > 0);
    struct corner row[2][COLUMNS_MAX + 1];
    fill_row(s, row[0], g.columns, row_z(0.0f));
    for (unsigned k = 1; k <= g.rows; k++) {
        struct corner *far = row[k % 2];
        const struct corner *near = row[(k + 1) % 2];
        fill_row(s, far, g.columns, row_z((float)k / (float)g.rows));
        for (unsigned i = 0; i < g.columns; i++)
            draw_cell(s, (struct corner[4]){near[i], near[i + 1], far[i + 1], far[i]});
    }
}

static void draw_mark(struct street *s, float x, float width, float z_near, float z_far)
{
    const float y = 0.004f; // thickness of the paint
    const struct vec corner[4] = {
        {x, y, z_near}, {x + width, y, z_near}, {x + width, y, z_far}, {x, y, z_far}};
    draft_quad(s->draft, corner, s->id[PAINT_LINE]);
}

static void draw_marks(struct street *s)
{
    for (unsigned i = 0; i < 27; i++) {
        float z = 8.0f - 5.0f * (float)i;
        if (z < -16.5f || z > -8.0f)
            draw_mark(s, -0.06f, 0.12f, z, z - 2.4f);
    }
    for (unsigned i = 0; i < 7; i++) // a crossing
        draw_mark(s, 0.95f * (float)i - 3.1f, 0.48f, -10.6f, -13.8f);
    draw_mark(s, -3.2f, 6.4f, -9.45f, -9.70f);
}

// Slabs lie not quite even: each tilts its reflections a little.
static void draw_slab(struct street *s, float x, float z, float width, float length)
{
    struct vec n = vec_of(0.0f, 1.0f, 0.0f);
    n.z = street_between(s, -0.02f, 0.02f);
    n.x = street_between(s, -0.02f, 0.02f);
    const float y = STREET_KERB_Y;
    const float gap = 0.007f;
    const struct vec corner[4] = {{x + gap, y, z - gap},
                                  {x + width - gap, y, z - gap},
                                  {x + width - gap, y, z - length + gap},
                                  {x + gap, y, z - length + gap}};
    uint32_t v[4];
    for (unsigned i = 0; i < 4; i++)
        v[i] = draft_vertex(s->draft, corner[i], n);
    uint32_t id = s->id[PAINT_SLAB_A + street_pick(s, 3)];
    draft_triangle(s->draft, v[0], v[1], v[2], id);
    draft_triangle(s->draft, v[0], v[2], v[3], id);
}

static void draw_kerb(struct street *s, float side)
{
    struct frame f = frame_at(vec_of(side * (STREET_KERB_X + 0.09f), 0.0f, 0.0f));
    float z = STREET_NEAR_Z;
    while (z > STREET_FAR_Z - 9.0f) {
        float length = z < -40.0f ? 6.0f : 1.5f;
        shape_box(s->draft, &f, vec_of(-0.09f, -0.05f, z - length + 0.01f),
                  vec_of(0.09f, STREET_KERB_Y + 0.01f, z), s->id[PAINT_KERB]);
        z -= length;
    }
}

static void draw_pavement(struct street *s, float side)
{
    const float width = STREET_WALL_X + 0.4f - STREET_KERB_X - 0.18f;
    float x = side > 0.0f ? STREET_KERB_X + 0.18f : -STREET_WALL_X - 0.4f;
    const float y = STREET_KERB_Y - 0.006f; // the joints
    const struct vec bed[4] = {{x, y, STREET_NEAR_Z},
                               {x + width, y, STREET_NEAR_Z},
                               {x + width, y, STREET_FAR_Z - 10.0f},
                               {x, y, STREET_FAR_Z - 10.0f}};
    draft_quad(s->draft, bed, s->id[PAINT_DARK]);
    float z = STREET_NEAR_Z;
    while (z > STREET_FAR_Z - 9.0f) {
        float length = z < -50.0f ? 1.8f : 0.6f;
        for (unsigned i = 0; i < 4; i++)
            draw_slab(s, x + width * 0.25f * (float)i, z, width * 0.25f, length);
        z -= length;
    }
    draw_kerb(s, side);
}

// Rings where drops hit the water: a disc just above it whose normals wave outward.
static void draw_ring(struct street *s, float x, float z, float radius)
{
    enum { STEPS = 8, SIDES = 13 };
    uint32_t before = 0;
    float phase = street_between(s, 0.0f, 2.0f * MATH_PI);
    for (unsigned i = 0; i <= STEPS; i++) {
        float t = (float)i / STEPS;
        float tilt =
            0.13f * shape_sine(t * 3.0f * 2.0f * MATH_PI + phase) * shape_sine(MATH_PI * t);
        float r = fmaxf(radius * t, 1e-3f);
        uint32_t first = draft_vertex_count(s->draft);
        for (unsigned k = 0; k < SIDES; k++) {
            float a = 2.0f * MATH_PI * (float)k / SIDES;
            (void)draft_vertex(
                s->draft, vec_of(x + r * shape_cosine(a), 0.0015f, z + r * shape_sine(a)),
                vec_of(tilt * shape_cosine(a), 1.0f, tilt * shape_sine(a))); // run on
        }
        for (unsigned k = 0; k < SIDES && i > 0; k++) {
            unsigned j = (k + 1) % SIDES;
            draft_triangle(s->draft, before + k, before + j, first + j, s->id[PAINT_PUDDLE]);
            draft_triangle(s->draft, before + k, first + j, first + k, s->id[PAINT_PUDDLE]);
        }
        before = first;
    }
}

struct ring_at {
    float x, z, radius;
};

static bool is_apart(const struct ring_at *placed, unsigned count, struct ring_at r)
{
    bool apart = true;
    for (unsigned i = 0; i < count; i++)
        apart = apart && fabsf(placed[i].x - r.x) + fabsf(placed[i].z - r.z) >
                             1.5f * (placed[i].radius + r.radius); // more than a circle's
    return apart;
}

static void draw_rings(struct street *s)
{
    struct ring_at placed[RINGS];
    unsigned count = 0;
    for (unsigned tries = 40 * RINGS; count < RINGS && tries > 0; tries--) {
        float far = street_between(s, 0.0f, 1.0f);
        float x = street_between(s, -3.3f, 3.3f);
        float z = 1.0f - 16.0f * far * far;
        float radius = street_between(s, 0.05f, 0.14f);
        if (is_apart(placed, count, (struct ring_at){x, z, radius}) &&
            water(s, x - radius, z) > SHORE_PUDDLE && water(s, x + radius, z) > SHORE_PUDDLE &&
            water(s, x, z - radius) > SHORE_PUDDLE && water(s, x, z + radius) > SHORE_PUDDLE) {
            draw_ring(s, x, z, radius);
            placed[count++] = (struct ring_at){x, z, radius};
        }
    }
}

void street_ground(struct street *s, uint32_t triangles)
{
    uint32_t before = draft_triangle_count(s->draft);
    draw_marks(s);
    draw_pavement(s, -1.0f);
    draw_pavement(s, 1.0f);
    draw_rings(s);
    uint32_t spent = draft_triangle_count(s->draft) - before;
    draw_roadway(s, triangles > spent + 4000 ? triangles - spent : 4000);
}
