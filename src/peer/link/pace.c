// SPDX-License-Identifier: MIT
// Pace: a rate that grows while packets find no queue, and gives way when they do.
#include "link/pace.h"

#include <assert.h>

#include "base/num.h"

#define RATE_MAX (UINT64_C(1) << 40)

struct pace pace_new(const struct pace_cfg *cfg, uint64_t now_us)
{
    assert(cfg->target_us >= 1 && cfg->target_us <= US_PER_S);
    assert(cfg->rate_min >= 1 && cfg->rate_min <= cfg->rate_first);
    assert(cfg->rate_first <= cfg->rate_max && cfg->rate_max <= RATE_MAX);
    return (struct pace){.cfg = *cfg,
                         .rate_bytes_s = cfg->rate_first,
                         .step_us = now_us,
                         .then_us = now_us,
                         .is_start = true};
}

void pace_used(struct pace *p, uint64_t bytes)
{
    p->used_bytes += num_min(bytes, RATE_MAX);
}

// At least half of what was allowed since the latest step has left.
static bool is_made_use_of(const struct pace *p, uint64_t now_us)
{
    const uint64_t passed_us = num_min(time_since(p->then_us, now_us), US_PER_S);
    return p->used_bytes >= p->rate_bytes_s * passed_us / US_PER_S / 2;
}

static uint64_t grown(const struct pace *p, uint64_t queue_us)
{
    assert(queue_us < p->cfg.target_us);
    if (p->is_start)
        return p->rate_bytes_s * 2;
    const uint64_t room_us = p->cfg.target_us - queue_us;
    return p->rate_bytes_s + p->rate_bytes_s / 32 * room_us / p->cfg.target_us +
           p->cfg.rate_min / 4;
}

static uint64_t shrunk(struct pace *p, const struct pace_sample *s)
{
    const uint64_t target_us = p->cfg.target_us;
    assert(s->queue_us >= target_us);
    if (p->is_start && s->rate_bytes_s > 0)
        return num_min(p->rate_bytes_s / 2, s->rate_bytes_s);
    const uint64_t over_us = num_min((s->queue_us - target_us) / 2, target_us / 4);
    return p->rate_bytes_s - p->rate_bytes_s * over_us / target_us;
}

uint64_t pace_step(struct pace *p, const struct pace_sample *s, uint64_t now_us)
{
    if (now_us < p->step_us)
        return p->rate_bytes_s;
    uint64_t rate = p->rate_bytes_s;
    if (s->loss_permille > p->cfg.loss_permille) {
        rate /= 2;
        p->is_start = false;
    } else if (s->queue_us >= p->cfg.target_us) {
        rate = shrunk(p, s);
        p->is_start = false;
    } else if (is_made_use_of(p, now_us)) {
        rate = grown(p, s->queue_us);
    }
    p->rate_bytes_s = num_clamp(rate, p->cfg.rate_min, p->cfg.rate_max);
    p->used_bytes = 0;
    p->then_us = now_us;
    p->step_us = time_after(now_us, num_max(num_min(s->rtt_us, US_PER_S), PACE_STEP_US));
    return p->rate_bytes_s;
}
