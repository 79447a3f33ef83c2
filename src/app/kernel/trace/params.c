// SPDX-License-Identifier: MIT
// The wire forms of kernel `trace`: params and report, as CBOR arrays.
#include "kernel/trace/trace.h"

#include <assert.h>
#include <stddef.h>

#include "base/num.h"
#include "kernel/parts.h"
#include "scene/camera.h"
#include "wire/cbor.h"

// params = [seed, frame, width, height, x, y, w, h, sample_first, sample_count, depth_max, cell,
//           [eye 3, target 3, up 3, fov_deg], pixels: u16 x, u16 y little-endian each]
#define PARAMS_ITEMS 14
// report = [rays, shadow_rays, cells_x, cells_y, cost]
#define REPORT_ITEMS 5

struct pixels trace_pixels(const struct trace_params *p)
{
    return (struct pixels){.width = p->width,
                           .height = p->height,
                           .x = p->x,
                           .y = p->y,
                           .w = p->w,
                           .h = p->h,
                           .count = p->pixel_count,
                           .list = p->pixel};
}

static bool params_are_good(const struct trace_params *p)
{
    const struct pixels pixels = trace_pixels(p);
    if (!pixels_are_good(&pixels) || !camera_is_good(&p->camera))
        return false;
    if (p->cell < 1 || p->cell > TRACE_CELL_MAX)
        return false;
    // Sides are below 2^15: the product fits.
    if (num_div_ceil(p->w, p->cell) * num_div_ceil(p->h, p->cell) > TRACE_CELLS_MAX)
        return false;
    return p->sample_count >= 1 && p->sample_count <= TRACE_SAMPLES_MAX &&
           p->sample_first <= UINT32_MAX - p->sample_count && p->depth_max >= 1 &&
           p->depth_max <= TRACE_DEPTH_MAX;
}

enum rc trace_params_encode(const struct trace_params *p, struct buffer *out)
{
    if (!params_are_good(p))
        return RC_MALFORMED;
    cbor_put_array(out, PARAMS_ITEMS);
    cbor_put_u64(out, p->seed);
    const uint32_t word[] = {p->frame, p->width,        p->height,       p->x,         p->y,   p->w,
                             p->h,     p->sample_first, p->sample_count, p->depth_max, p->cell};
    for (size_t i = 0; i < ARRAY_COUNT(word); i++)
        cbor_put_u64(out, word[i]);
    camera_put(out, &p->camera);
    parts_put_pixels(out, p->pixel, p->pixel_count);
    return out->is_full ? RC_FULL : RC_OK;
}

enum rc trace_params_decode(struct trace_params *out, struct bytes in)
{
    struct cbor_reader r = cbor_reader_of(in);
    if (cbor_get_array(&r, PARAMS_ITEMS) != PARAMS_ITEMS)
        return RC_MALFORMED;
    struct trace_params p = {.seed = cbor_get_u64(&r)};
    uint32_t *const word[] = {
        &p.frame, &p.width,        &p.height,       &p.x,         &p.y,   &p.w,
        &p.h,     &p.sample_first, &p.sample_count, &p.depth_max, &p.cell};
    for (size_t i = 0; i < ARRAY_COUNT(word); i++)
        *word[i] = (uint32_t)cbor_get_u64_max(&r, UINT32_MAX);
    camera_get(&r, &p.camera);
    parts_get_pixels(&r, p.pixel, &p.pixel_count, PARTS_MAX);
    if (!cbor_done(&r) || !params_are_good(&p))
        return RC_MALFORMED;
    *out = p;
    return RC_OK;
}

uint64_t trace_seed(const struct digest *scene)
{
    return digest_u64(scene);
}

enum rc trace_report_encode(const struct trace_report *r, struct buffer *out)
{
    assert(r->cost.len == (size_t)r->cells_x * r->cells_y * 4);
    cbor_put_array(out, REPORT_ITEMS);
    cbor_put_u64(out, r->rays);
    cbor_put_u64(out, r->shadow_rays);
    cbor_put_u64(out, r->cells_x);
    cbor_put_u64(out, r->cells_y);
    cbor_put_bytes(out, r->cost);
    return out->is_full ? RC_FULL : RC_OK;
}

enum rc trace_report_decode(struct trace_report *out, struct bytes in)
{
    struct cbor_reader r = cbor_reader_of(in);
    if (cbor_get_array(&r, REPORT_ITEMS) != REPORT_ITEMS)
        return RC_MALFORMED;
    struct trace_report report = {.rays = cbor_get_u64(&r), .shadow_rays = cbor_get_u64(&r)};
    report.cells_x = (uint32_t)cbor_get_u64_max(&r, TRACE_CELLS_MAX);
    report.cells_y = (uint32_t)cbor_get_u64_max(&r, TRACE_CELLS_MAX);
    report.cost = cbor_get_bytes(&r);
    uint64_t cells = (uint64_t)report.cells_x * report.cells_y; // both below 2^18
    if (!cbor_done(&r) || cells > TRACE_CELLS_MAX || report.cost.len != cells * 4)
        return RC_MALFORMED;
    *out = report;
    return RC_OK;
}

uint32_t trace_report_cost(const struct trace_report *r, uint32_t cell_x, uint32_t cell_y)
{
    assert(cell_x < r->cells_x);
    assert(cell_y < r->cells_y);
    struct cursor c = {.left = bytes_part(r->cost, ((size_t)cell_y * r->cells_x + cell_x) * 4, 4)};
    return cursor_u32le(&c);
}
