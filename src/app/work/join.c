// SPDX-License-Identifier: MIT
// Join: integer sums of a frame, and the list of what was added to them.
#include "work/join.h"

#include <assert.h>
#include <string.h>

#include "base/num.h"

struct join {
    struct budget *budget;
    struct join_cfg cfg;
    uint64_t missing;       // (pixel, sample) pairs
    struct join_part *part; // part_count accepted entries, no two with a pair in common
    uint32_t part_count;
    uint32_t *sum4; // one of the two, by pixel, layer, channel; the other is NULL
    uint64_t *sum8;
};

static bool cfg_is_sound(const struct join_cfg *cfg)
{
    return cfg->width >= 1 && cfg->width <= JOIN_SIDE_MAX && cfg->height >= 1 &&
           cfg->height <= JOIN_SIDE_MAX && cfg->layers >= 1 && cfg->layers <= JOIN_LAYERS_MAX &&
           cfg->samples >= 1 && cfg->samples <= JOIN_SAMPLES_MAX && cfg->parts_max >= 1 &&
           cfg->parts_max <= JOIN_PARTS_MAX && cfg->value_max >= 1;
}

static uint32_t values_a_pixel(const struct join *j)
{
    return j->cfg.layers * JOIN_CHANNELS;
}

static size_t value_count(const struct join *j) // at most 2^28 * 24
{
    return (size_t)j->cfg.width * j->cfg.height * values_a_pixel(j);
}

enum rc join_new(struct join **out, struct budget *budget, const struct join_cfg *cfg)
{
    *out = NULL;
    if (!cfg_is_sound(cfg))
        return RC_CONFIG;
    struct join *j = budget_take(budget, sizeof *j);
    if (j == NULL)
        return RC_NOMEM;
    *j = (struct join){.budget = budget, .cfg = *cfg};
    j->part = budget_take(budget, cfg->parts_max * sizeof *j->part);
    if ((uint64_t)cfg->samples * cfg->value_max <= UINT32_MAX)
        j->sum4 = budget_take(budget, value_count(j) * sizeof *j->sum4);
    else
        j->sum8 = budget_take(budget, value_count(j) * sizeof *j->sum8);
    if (j->part == NULL || (j->sum4 == NULL && j->sum8 == NULL)) {
        join_free(j);
        return RC_NOMEM;
    }
    join_reset(j);
    *out = j;
    return RC_OK;
}

void join_free(struct join *j)
{
    if (j == NULL)
        return;
    struct budget *budget = j->budget;
    budget_give(budget, j->part);
    budget_give(budget, j->sum4);
    budget_give(budget, j->sum8);
    budget_give(budget, j);
}

enum rc join_write(const struct join *j, struct buffer *out)
{
    if (j->sum4 == NULL)
        return RC_UNSUPPORTED;
    for (size_t i = 0; i < value_count(j); i++)
        buffer_u32le(out, j->sum4[i]);
    return out->is_full ? RC_FULL : RC_OK;
}

void join_reset(struct join *j)
{
    j->part_count = 0;
    j->missing = join_total(j);
    if (j->sum4 != NULL)
        memset(j->sum4, 0, value_count(j) * sizeof *j->sum4);
    else
        memset(j->sum8, 0, value_count(j) * sizeof *j->sum8);
}

static bool ranges_meet(const struct join_part *a, const struct join_part *b)
{
    return a->sample_first < b->sample_first + b->sample_count &&
           b->sample_first < a->sample_first + a->sample_count;
}

// Of the same rectangle, and one range ends where the other begins.
static bool parts_touch(const struct join_part *a, const struct join_part *b)
{
    return rect_equal(a->rect, b->rect) && (a->sample_first + a->sample_count == b->sample_first ||
                                            b->sample_first + b->sample_count == a->sample_first);
}

// *place: the entry that the part extends, or part_count for a new one.
static enum rc find_place(const struct join *j, const struct join_part *part, uint32_t *place)
{
    if (!rect_fits(part->rect, j->cfg.width, j->cfg.height) || part->sample_count < 1 ||
        part->sample_first >= j->cfg.samples ||
        part->sample_count > j->cfg.samples - part->sample_first)
        return RC_MALFORMED;
    *place = j->part_count;
    for (uint32_t i = 0; i < j->part_count; i++) {
        if (rect_meets(j->part[i].rect, part->rect) && ranges_meet(&j->part[i], part))
            return RC_REFUSED;
        if (parts_touch(&j->part[i], part))
            *place = i;
    }
    return *place < j->cfg.parts_max ? RC_OK : RC_FULL;
}

static bool sums_are_sound(const struct join *j, const struct join_part *part, struct bytes sums)
{
    if (sums.len != rect_area(part->rect) * values_a_pixel(j) * 4)
        return false;
    uint64_t most = (uint64_t)part->sample_count * j->cfg.value_max;
    if (most >= UINT32_MAX)
        return true;
    uint32_t largest = 0; // without a branch, so that the compiler can take several at a time
    for (size_t i = 0; i < sums.len; i += 4) {
        uint32_t v = bytes_u32le(sums.at + i);
        largest = v > largest ? v : largest;
    }
    return largest <= most;
}

static void add_sums(struct join *j, struct rect r, const uint8_t *from)
{
    size_t count = (size_t)r.w * values_a_pixel(j);
    for (uint32_t y = r.y; y < r.y + r.h; y++) {
        size_t first = ((size_t)y * j->cfg.width + r.x) * values_a_pixel(j);
        if (j->sum4 != NULL)
            for (size_t i = 0; i < count; i++)
                j->sum4[first + i] += bytes_u32le(from + i * 4);
        else
            for (size_t i = 0; i < count; i++)
                j->sum8[first + i] += bytes_u32le(from + i * 4);
        from += count * 4;
    }
}

enum rc join_put(struct join *j, const struct join_part *part, struct bytes sums)
{
    uint32_t place;
    enum rc rc = find_place(j, part, &place);
    if (rc != RC_OK)
        return rc;
    if (!sums_are_sound(j, part, sums))
        return RC_MALFORMED;
    if (place == j->part_count) {
        j->part[j->part_count++] = *part;
    } else {
        struct join_part *known = &j->part[place];
        known->sample_first = (uint32_t)num_min(known->sample_first, part->sample_first);
        known->sample_count += part->sample_count;
    }
    add_sums(j, part->rect, sums.at);
    uint64_t pairs = rect_area(part->rect) * part->sample_count;
    assert(pairs <= j->missing); // nothing was counted twice
    j->missing -= pairs;
    return RC_OK;
}

bool join_is_whole(const struct join *j)
{
    return j->missing == 0;
}

uint64_t join_missing(const struct join *j)
{
    return j->missing;
}

uint64_t join_total(const struct join *j)
{
    return (uint64_t)j->cfg.width * j->cfg.height * j->cfg.samples;
}

uint32_t join_samples_at(const struct join *j, uint32_t x, uint32_t y)
{
    assert(x < j->cfg.width && y < j->cfg.height);
    uint32_t count = 0;
    for (uint32_t i = 0; i < j->part_count; i++)
        if (rect_meets(j->part[i].rect, (struct rect){x, y, 1, 1}))
            count += j->part[i].sample_count;
    return count;
}

static uint64_t sum_at(const struct join *j, size_t index)
{
    return j->sum4 != NULL ? j->sum4[index] : j->sum8[index];
}

uint64_t join_sum(const struct join *j, uint32_t x, uint32_t y, uint32_t layer, uint32_t channel)
{
    assert(x < j->cfg.width && y < j->cfg.height);
    assert(layer < j->cfg.layers && channel < JOIN_CHANNELS);
    size_t pixel = (size_t)y * j->cfg.width + x;
    size_t value = (size_t)layer * JOIN_CHANNELS + channel;
    return sum_at(j, pixel * values_a_pixel(j) + value);
}

void join_pixel(const struct join *j, uint32_t x, uint32_t y, uint64_t *out)
{
    assert(x < j->cfg.width && y < j->cfg.height);
    uint32_t count = values_a_pixel(j);
    size_t first = ((size_t)y * j->cfg.width + x) * count;
    for (uint32_t i = 0; i < count; i++)
        out[i] = sum_at(j, first + i);
}
