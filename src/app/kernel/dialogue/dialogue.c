// SPDX-License-Identifier: MIT
// Kernel `dialogue` as a hub sees it: how much work it is, and how a result is checked: some lines
// are made again, and the form of all is looked at.
#include "kernel/dialogue/dialogue.h"

#include <assert.h>

#include "base/num.h"
#include "base/rng.h"
#include "kernel/parts.h"

#define USUAL_LINES  1000.0
#define PARTS_ONE_IN 50u
#define PARTS_MIN    2u

static enum rc result_bounds(struct bytes params, size_t *min, size_t *max)
{
    struct dialogue_params p;
    enum rc rc = dialogue_params_decode(&p, params);
    if (rc != RC_OK)
        return rc;
    const size_t count = p.part_count > 0 ? p.part_count : p.line_count;
    *min = count * 2;
    *max = count * (p.line_bytes_max + 1);
    return RC_OK;
}

static double size_of(struct bytes params)
{
    struct dialogue_params p;
    if (dialogue_params_decode(&p, params) != RC_OK)
        return 1;
    return (p.part_count > 0 ? p.part_count : p.line_count) / USUAL_LINES;
}

static enum rc draw_part(struct bytes params, uint64_t nonce, struct buffer *part_params)
{
    struct dialogue_params p;
    enum rc rc = dialogue_params_decode(&p, params);
    if (rc != RC_OK)
        return rc;
    const uint32_t n = p.line_count;
    const uint32_t wanted = (uint32_t)num_clamp(n / PARTS_ONE_IN, PARTS_MIN, DIALOGUE_PARTS_MAX);
    struct rng rng = rng_seeded(nonce);
    p.part_count = (uint32_t)num_min(wanted, n);
    parts_draw(&rng, n, p.part, p.part_count);
    assert(p.part_count >= 1);
    return dialogue_params_encode(&p, part_params);
}

// False: there is none, or nothing ends it.
static bool take_line(struct bytes *text, struct bytes *line)
{
    const size_t before = text->len;
    *line = bytes_take_until(text, '\n');
    return line->len < before;
}

static enum rc judge(struct bytes params, struct bytes result, struct bytes part_params,
                     struct bytes part_result, struct kernel_verdict *out)
{
    *out = (struct kernel_verdict){0};
    struct dialogue_params p;
    struct dialogue_params part;
    if (dialogue_params_decode(&p, params) != RC_OK || p.part_count > 0 ||
        dialogue_params_decode(&part, part_params) != RC_OK ||
        !parts_belong(params, p.part_count, part_params, part.part_count))
        return RC_MALFORMED;
    uint32_t at = 0;
    uint32_t mismatches = 0;
    for (uint32_t i = 0; i < p.line_count; i++) {
        struct bytes line;
        struct bytes want;
        if (!take_line(&result, &line) || line.len < 1 || line.len > p.line_bytes_max ||
            !speech_is_plain(line))
            return RC_MALFORMED;
        for (; at < part.part_count && part.part[at] == i; at++) {
            if (!take_line(&part_result, &want))
                return RC_MALFORMED;
            mismatches += !bytes_equal(line, want);
        }
    }
    if (at != part.part_count || result.len > 0 || part_result.len > 0)
        return RC_MALFORMED; // parts do not ascend, or there is more
    *out = (struct kernel_verdict){part.part_count, mismatches, mismatches == 0};
    return RC_OK;
}
const struct kernel dialogue_kernel = {.name = "dialogue",
                                       .base = &speech_base,
                                       .run = dialogue_run,
                                       .result_bounds = result_bounds,
                                       .size = size_of,
                                       .part = draw_part,
                                       .judge = judge};
