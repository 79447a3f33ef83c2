// SPDX-License-Identifier: MIT
// Allowance: so many bytes a day, also across restarts.
#include "link/allowance.h"

#include <assert.h>

#include "base/num.h"
#include "base/rng.h"

#define DAY_S 86400u
#define MAGIC 0x73686f616c616c6cull // "shoalall"
#define FINE  1000u
#define FINE_DAY_BYTES_MAX                                                                         \
    (UINT64_C(1) << 30) // below, a whole byte a second would be a coarse step

static uint64_t lease_max(const struct allowance *a)
{
    return ALLOWANCE_LEASE_BYTES(a->day_bytes);
}

enum rc allowance_init(struct allowance *a, uint64_t day_bytes, uint64_t now_us)
{
    if (day_bytes < ALLOWANCE_DAY_BYTES_MIN || day_bytes > ALLOWANCE_DAY_BYTES_MAX)
        return RC_CONFIG;
    const uint64_t units = day_bytes <= FINE_DAY_BYTES_MAX ? FINE : 1;
    const uint64_t half = day_bytes / 2 * units;
    const struct bucket_cfg cfg = {.rate_bytes_s = half / DAY_S, .burst_bytes = half};
    struct bucket b;
    const enum rc rc = bucket_init(&b, &cfg, now_us);
    if (rc == RC_OK)
        *a = (struct allowance){.bucket = b, .units = units, .day_bytes = day_bytes};
    return rc;
}

static uint64_t level_bytes(struct allowance *a, uint64_t now_us)
{
    return bucket_level_bytes(&a->bucket, now_us) / a->units;
}

// Leaves `bytes`, if there are more.
static void lower_to(struct allowance *a, uint64_t bytes, uint64_t now_us)
{
    const uint64_t there = bucket_level_bytes(&a->bucket, now_us);
    bucket_charge(&a->bucket, there - num_min(there, bytes * a->units), now_us);
}

// What stands in an image after its first word; false: none of ours.
static bool read_image(struct bytes image, uint64_t *level, uint64_t *wall_s)
{
    struct cursor c = {.left = image};
    const uint64_t magic = cursor_u64(&c);
    *level = cursor_u64(&c);
    *wall_s = cursor_u64(&c);
    const uint64_t sum = cursor_u64(&c);
    return cursor_done(&c) && magic == MAGIC && sum == rng_mix(*level ^ rng_mix(*wall_s));
}

enum rc allowance_load(struct allowance *a, uint64_t day_bytes, struct bytes image, uint64_t wall_s,
                       uint64_t now_us)
{
    const enum rc rc = allowance_init(a, day_bytes, now_us);
    if (rc != RC_OK)
        return rc;
    uint64_t level;
    uint64_t then_s;
    if (!read_image(image, &level, &then_s)) {
        lower_to(a, 0, now_us);
        return RC_MALFORMED;
    }
    // Both are cut to whole seconds: of one of them only a part may have passed.
    const uint64_t passed_s = time_since(then_s, wall_s);
    const uint64_t away_s = num_min(passed_s - (passed_s > 0), ALLOWANCE_AWAY_S_MAX);
    const uint64_t come = a->bucket.cfg.rate_bytes_s * away_s / a->units;
    lower_to(a, num_min(level, day_bytes) + come, now_us);
    return RC_OK;
}

static MUST_USE enum rc ask(struct allowance *a, uint64_t bytes, uint64_t now_us)
{
    if (bytes > lease_max(a))
        return RC_REFUSED;
    if (level_bytes(a, now_us) < bytes)
        return RC_AGAIN;
    if (bytes > a->lease_bytes) {
        a->short_bytes = bytes;
        return RC_AGAIN;
    }
    return RC_OK;
}

bool allowance_has(struct allowance *a, uint64_t bytes, uint64_t now_us)
{
    return ask(a, bytes, now_us) == RC_OK;
}

enum rc allowance_take(struct allowance *a, uint64_t bytes, uint64_t now_us)
{
    enum rc rc = ask(a, bytes, now_us);
    if (rc != RC_OK)
        return rc;
    a->lease_bytes -= bytes;
    rc = bucket_take(&a->bucket, bytes * a->units, now_us);
    assert(rc == RC_OK); // as that many are there
    return rc;
}

uint64_t allowance_wait_us(struct allowance *a, uint64_t bytes, uint64_t now_us)
{
    return bytes > lease_max(a) ? UINT64_MAX : bucket_wait_us(&a->bucket, bytes * a->units, now_us);
}

bool allowance_wants_save(struct allowance *a, uint64_t now_us)
{
    const uint64_t level = level_bytes(a, now_us);
    if (a->short_bytes > 0 && level >= a->short_bytes)
        return true;
    return a->lease_bytes < lease_max(a) / 2 && level >= lease_max(a);
}

void allowance_save(struct allowance *a, uint8_t image[static ALLOWANCE_IMAGE_BYTES],
                    uint64_t wall_s, uint64_t now_us)
{
    const uint64_t level = level_bytes(a, now_us);
    assert(level <= a->day_bytes / 2);
    a->lease_bytes = num_min(level, lease_max(a));
    a->short_bytes = 0;
    struct buffer b = buffer_of(image, ALLOWANCE_IMAGE_BYTES);
    buffer_u64(&b, MAGIC);
    buffer_u64(&b, level - a->lease_bytes);
    buffer_u64(&b, wall_s);
    buffer_u64(&b, rng_mix((level - a->lease_bytes) ^ rng_mix(wall_s)));
    assert(!b.is_full && b.len == ALLOWANCE_IMAGE_BYTES);
}
