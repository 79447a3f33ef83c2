// SPDX-License-Identifier: MIT
// Fuzz target of joining: any parts in any order; no (pixel, sample) is ever counted twice.
//
// Input: u8 width, height, samples, value_max; then parts: u8 x, y, w, h, sample_first,
// sample_count, and u8 for how many bytes of sums too few or too many (128: right).
#include <stdlib.h>
#include <string.h>

#include "work/join.h"

#define SUMS_BYTES_MAX (64 * 64 * 3 * 4 + 128)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool is_true)
{
    if (!is_true)
        abort();
}

static void put_one(struct join *j, struct cursor *c, struct bytes all)
{
    struct join_part p;
    p.rect.x = cursor_u8(c);
    p.rect.y = cursor_u8(c);
    p.rect.w = cursor_u8(c);
    p.rect.h = cursor_u8(c);
    p.sample_first = cursor_u8(c);
    p.sample_count = cursor_u8(c);
    uint64_t len = rect_area(p.rect) * JOIN_CHANNELS * 4 + cursor_u8(c);
    len = len > 128 ? len - 128 : 0;
    uint64_t missing = join_missing(j);
    uint64_t pairs = rect_area(p.rect) * p.sample_count;
    enum rc rc = join_put(j, &p, bytes_part(all, 0, len));
    expect(rc == RC_OK || rc == RC_MALFORMED || rc == RC_REFUSED || rc == RC_FULL);
    expect(join_missing(j) == (rc == RC_OK ? missing - pairs : missing));
    if (rc == RC_OK)
        expect(join_put(j, &p, bytes_part(all, 0, len)) == RC_REFUSED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t sums[SUMS_BYTES_MAX];
    memset(sums, size % 2 ? 0xff : 0, sizeof sums);
    struct budget budget = {.limit_bytes = 1 << 20};
    struct cursor c = {.left = bytes_of(data, size)};
    struct join_cfg cfg = {.layers = 1, .parts_max = 64};
    cfg.width = cursor_u8(&c) % 65;
    cfg.height = cursor_u8(&c) % 65;
    cfg.samples = cursor_u8(&c);
    cfg.value_max = (uint32_t)cursor_u8(&c) << size % 25;
    struct join *j = NULL;
    if (join_new(&j, &budget, &cfg) != RC_OK) {
        expect(budget.used_bytes == 0);
        return 0;
    }
    while (c.left.len >= 7)
        put_one(j, &c, bytes_of(sums, sizeof sums));
    uint64_t found = 0;
    for (uint32_t y = 0; y < cfg.height; y++)
        for (uint32_t x = 0; x < cfg.width; x++)
            found += join_samples_at(j, x, y);
    expect(found + join_missing(j) == join_total(j));
    join_free(j);
    expect(budget.used_bytes == 0);
    return 0;
}
