// SPDX-License-Identifier: MIT
// Which parts of a task: the list at the end of many kernels' params, as one CBOR byte string.
#include "kernel/parts.h"

#include <assert.h>

#define EACH 4u // bytes of either form

void parts_put(struct buffer *out, const uint32_t *part, uint32_t count)
{
    uint8_t at[PARTS_MAX * EACH];
    struct buffer list = buffer_of(at, sizeof at);
    for (uint32_t i = 0; i < count; i++)
        buffer_u32le(&list, part[i]);
    assert(!list.is_full);
    cbor_put_bytes(out, buffer_bytes(&list));
}

void parts_put_pixels(struct buffer *out, const struct pixel *pixel, uint32_t count)
{
    uint8_t at[PARTS_MAX * EACH];
    struct buffer list = buffer_of(at, sizeof at);
    for (uint32_t i = 0; i < count; i++) {
        buffer_u16le(&list, pixel[i].x);
        buffer_u16le(&list, pixel[i].y);
    }
    assert(!list.is_full);
    cbor_put_bytes(out, buffer_bytes(&list));
}

// Empty, if it is bad.
static struct cursor list_of(struct cbor_reader *r, uint32_t *count, uint32_t max)
{
    struct cursor list = {.left = cbor_get_bytes(r)};
    r->is_bad = r->is_bad || list.left.len % EACH != 0 || list.left.len / EACH > max;
    *count = r->is_bad ? 0 : (uint32_t)(list.left.len / EACH);
    return list;
}

void parts_get(struct cbor_reader *r, uint32_t *part, uint32_t *count, uint32_t max)
{
    struct cursor list = list_of(r, count, max);
    for (uint32_t i = 0; i < *count; i++)
        part[i] = cursor_u32le(&list);
}

void parts_get_pixels(struct cbor_reader *r, struct pixel *pixel, uint32_t *count, uint32_t max)
{
    struct cursor list = list_of(r, count, max);
    for (uint32_t i = 0; i < *count; i++) {
        pixel[i].x = cursor_u16le(&list);
        pixel[i].y = cursor_u16le(&list);
    }
}

void parts_draw(struct rng *r, uint32_t all, uint32_t *part, uint32_t count)
{
    assert(count <= all);
    for (uint32_t i = 0; i < count; i++)
        part[i] = (uint32_t)(((uint64_t)all * i + rng_below(r, all)) / count);
}

// Floyd's choice (Bentley and Floyd, CACM 1987): one draw each.
void parts_choose(struct rng *r, uint32_t all, uint32_t *part, uint32_t count)
{
    assert(count <= all);
    assert(count <= PARTS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t top = all - count + i;
        uint32_t pick = (uint32_t)rng_below(r, (uint64_t)top + 1);
        for (uint32_t k = 0; k < i; k++) {
            if (part[k] == pick) {
                pick = top; // which no earlier turn could draw
                break;
            }
        }
        part[i] = pick;
    }
}

// Of a list of so many, with its head.
static size_t list_bytes(uint32_t count)
{
    const size_t len = (size_t)count * EACH;
    return len + (len < 24 ? 1 : len <= UINT8_MAX ? 2 : 3); // RFC 8949 section 3
}

static_assert(PARTS_MAX * EACH <= UINT16_MAX, "a list's head has three bytes at most");

bool parts_belong(struct bytes params, uint32_t count, struct bytes part_params,
                  uint32_t part_count)
{
    assert(count <= PARTS_MAX && params.len > list_bytes(count));
    assert(part_count <= PARTS_MAX && part_params.len > list_bytes(part_count));
    return part_count > 0 &&
           bytes_equal(bytes_part(params, 0, params.len - list_bytes(count)),
                       bytes_part(part_params, 0, part_params.len - list_bytes(part_count)));
}
