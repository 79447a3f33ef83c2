// SPDX-License-Identifier: MIT
// Path: what the way to a peer is like, by what became of our packets.
#include "link/path.h"

#include <assert.h>

#include "base/num.h"

#define PPM 1000000u

struct path path_new(uint64_t now_us)
{
    return (struct path){.rate_bytes_s = window_max(PATH_RATE_SPAN_US),
                         .base_us = window_min(PATH_BASE_SPAN_US),
                         .born_us = now_us,
                         .delivered_us = now_us,
                         .first_sent_us = now_us};
}

void path_sent(struct path *p, uint64_t bytes, bool has_more, uint64_t now_us,
               struct path_stamp *stamp)
{
    if (p->flight_bytes == 0) { // silence is no part of any sample
        p->first_sent_us = now_us;
        p->delivered_us = now_us;
    }
    p->flight_bytes += bytes;
    *stamp = (struct path_stamp){now_us, p->delivered_bytes, p->delivered_us, p->first_sent_us,
                                 has_more};
}

static void land(struct path *p, uint64_t bytes, bool is_lost)
{
    p->flight_bytes -= num_min(p->flight_bytes, bytes);
    p->loss_ppm = (p->loss_ppm * 63 + (is_lost ? PPM : 0)) / 64;
    assert(p->loss_ppm <= PPM);
}

static void take_rtt(struct path *p, uint64_t rtt_us, uint64_t now_us)
{
    const uint64_t last_us = p->recent_us[(p->rtt_count + PATH_RECENT - 1) % PATH_RECENT];
    if (p->rtt_count == 0) {
        p->rtt_x8 = rtt_us * 8;
        for (unsigned i = 0; i < PATH_RECENT; i++)
            p->recent_us[i] = rtt_us;
    } else {
        const uint64_t change = rtt_us > last_us ? rtt_us - last_us : last_us - rtt_us;
        p->jitter_x16 = p->jitter_x16 - p->jitter_x16 / 16 + change;
        p->rtt_x8 = p->rtt_x8 - p->rtt_x8 / 8 + rtt_us;
    }
    p->recent_us[p->rtt_count % PATH_RECENT] = rtt_us;
    p->rtt_count++;
    window_put(&p->base_us, rtt_us, now_us);
}

static void take_rate(struct path *p, const struct path_stamp *stamp, uint64_t now_us)
{
    // Never less than this round trip, so that a bunch of acknowledgements is no fast path.
    const uint64_t span_us = num_max(time_since(stamp->delivered_us, now_us),
                                     time_since(stamp->first_sent_us, stamp->sent_us));
    if (span_us == 0)
        return;
    assert(stamp->delivered_bytes <= p->delivered_bytes);
    const uint64_t bytes = p->delivered_bytes - stamp->delivered_bytes;
    const uint64_t rate = num_min(bytes, UINT64_MAX / US_PER_S) * US_PER_S / span_us;
    uint64_t best = 0;
    if (stamp->has_more || !window_best(&p->rate_bytes_s, &best, now_us) || rate > best)
        window_put(&p->rate_bytes_s, rate, now_us);
}

bool path_acked(struct path *p, const struct path_stamp *stamp, uint64_t bytes, uint64_t now_us)
{
    if (stamp->sent_us < p->born_us || stamp->delivered_bytes > p->delivered_bytes)
        return false; // of another path that was here before
    land(p, bytes, false);
    p->delivered_bytes += bytes;
    p->delivered_us = num_max(p->delivered_us, now_us);
    p->first_sent_us = num_max(p->first_sent_us, stamp->sent_us);
    take_rtt(p, num_min(time_since(stamp->sent_us, now_us), UINT32_MAX), now_us);
    take_rate(p, stamp, now_us);
    return true;
}

void path_lost(struct path *p, uint64_t bytes)
{
    land(p, bytes, true);
}

struct path_view path_view(struct path *p, uint64_t now_us)
{
    struct path_view v = {.loss_permille = p->loss_ppm / 1000, .rtt_count = p->rtt_count};
    (void)window_best(&p->rate_bytes_s, &v.rate_bytes_s, now_us); // 0 if it is not known
    if (p->rtt_count == 0)
        return v;
    uint64_t now_best_us = UINT64_MAX;
    for (unsigned i = 0; i < PATH_RECENT; i++)
        now_best_us = num_min(now_best_us, p->recent_us[i]);
    v.rtt_us = p->rtt_x8 / 8;
    v.jitter_us = p->jitter_x16 / 16;
    v.base_us = now_best_us;
    (void)window_best(&p->base_us, &v.base_us, now_us); // after ten silent minutes: the latest
    v.queue_us = time_since(v.base_us, now_best_us);
    return v;
}
