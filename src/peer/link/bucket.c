// SPDX-License-Identifier: MIT
// Token bucket: how many bytes may leave now, and when may the next ones.
#include "link/bucket.h"

#include <assert.h>
#include <stdbool.h>

#include "base/num.h"

static_assert((BUCKET_BURST_BYTES_MAX + BUCKET_DEBT_BYTES_MAX) <= UINT64_MAX / US_PER_S,
              "bytes times microseconds fit");

static bool is_in(uint64_t value, uint64_t max)
{
    return value >= 1 && value <= max;
}

static bool is_fit(const struct bucket_cfg *cfg)
{
    return is_in(cfg->rate_bytes_s, BUCKET_RATE_BYTES_S_MAX) &&
           is_in(cfg->burst_bytes, BUCKET_BURST_BYTES_MAX);
}

enum rc bucket_init(struct bucket *b, const struct bucket_cfg *cfg, uint64_t now_us)
{
    if (!is_fit(cfg))
        return RC_CONFIG;
    *b = (struct bucket){.cfg = *cfg, .level_bytes = cfg->burst_bytes, .seen_us = now_us};
    return RC_OK;
}

// Microseconds of refill, from seen_us on, that bring `bytes` more than there are.
static uint64_t refill_us(const struct bucket *b, uint64_t bytes)
{
    assert(bytes > 0);
    return num_div_ceil(bytes * US_PER_S - b->carry_byte_us, b->cfg.rate_bytes_s);
}

static void refill(struct bucket *b, uint64_t now_us)
{
    const uint64_t passed_us = time_since(b->seen_us, now_us);
    const uint64_t missing = b->cfg.burst_bytes - b->level_bytes + b->debt_bytes;
    if (passed_us == 0 || missing == 0) {
        b->seen_us = num_max(b->seen_us, now_us);
        return;
    }
    if (passed_us >= refill_us(b, missing)) { // also what keeps the product below from wrapping
        b->level_bytes = b->cfg.burst_bytes;
        b->debt_bytes = 0;
        b->carry_byte_us = 0;
    } else {
        const uint64_t byte_us = passed_us * b->cfg.rate_bytes_s + b->carry_byte_us;
        const uint64_t come = byte_us / US_PER_S;
        const uint64_t paid = num_min(come, b->debt_bytes);
        b->debt_bytes -= paid;
        b->level_bytes += come - paid;
        b->carry_byte_us = byte_us % US_PER_S;
    }
    b->seen_us = now_us;
    assert(b->level_bytes <= b->cfg.burst_bytes);
    assert(b->level_bytes == 0 || b->debt_bytes == 0);
}

enum rc bucket_set(struct bucket *b, const struct bucket_cfg *cfg, uint64_t now_us)
{
    if (!is_fit(cfg))
        return RC_CONFIG;
    refill(b, now_us);
    b->cfg = *cfg;
    b->level_bytes = num_min(b->level_bytes, cfg->burst_bytes);
    if (b->level_bytes == cfg->burst_bytes)
        b->carry_byte_us = 0;
    return RC_OK;
}

enum rc bucket_take(struct bucket *b, uint64_t len_bytes, uint64_t now_us)
{
    if (len_bytes > b->cfg.burst_bytes)
        return RC_REFUSED;
    refill(b, now_us);
    if (len_bytes > b->level_bytes)
        return RC_AGAIN;
    b->level_bytes -= len_bytes;
    return RC_OK;
}

void bucket_charge(struct bucket *b, uint64_t len_bytes, uint64_t now_us)
{
    refill(b, now_us);
    const uint64_t there = num_min(len_bytes, b->level_bytes);
    b->level_bytes -= there;
    b->debt_bytes += num_min(len_bytes - there, BUCKET_DEBT_BYTES_MAX - b->debt_bytes);
    assert(b->level_bytes == 0 || b->debt_bytes == 0);
}

uint64_t bucket_level_bytes(struct bucket *b, uint64_t now_us)
{
    refill(b, now_us);
    return b->level_bytes;
}

uint64_t bucket_wait_us(struct bucket *b, uint64_t len_bytes, uint64_t now_us)
{
    if (len_bytes > b->cfg.burst_bytes)
        return UINT64_MAX;
    refill(b, now_us);
    if (len_bytes <= b->level_bytes)
        return 0;
    // Refill goes on where the latest time we know ends, and that may lie ahead of now_us.
    const uint64_t missing = len_bytes - b->level_bytes + b->debt_bytes;
    return time_after(time_since(now_us, b->seen_us), refill_us(b, missing));
}
