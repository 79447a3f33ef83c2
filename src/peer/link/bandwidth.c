// SPDX-License-Identifier: MIT
// Bandwidth: what a node may send and ask for, to and from whom, when.
#include "link/bandwidth.h"

#include <assert.h>

#include "base/num.h"
#include "link/pace.h"

#define RATE_MIN      1000u        // bytes a second; less is no network
#define RATE_FIRST    125000u      // 1 Mbit/s, what a peer takes at least
#define ADAPT_US      PACE_STEP_US // paces step as often at most
#define QUEUE_SPAN_US 5000u        // the queue is the least of 50 ms
#define FULL_US       10000000u    // how long a rate that the line set counts
#define FULL_QUEUE_US 3000u        // a queue that stays shows that it is the line
#define BURST_PART    200u // a bucket holds a packet and 5 ms, so that late timers lose little
#define KBPS          125u // bytes a second
#define KBPS_MAX      1000000000u
#define PEER_PACKETS  1024u

enum { PACE_ALL, PACE_PREFETCH, PACE_BACKGROUND, PACES };
enum { DAY_IDLE, DAY_METERED, DAY_CAP, DAYS };

static const struct {
    uint32_t target_us;
    uint32_t loss_permille;
} gentle[PACES] = {
    [PACE_ALL] = {60000, 200}, // LEDBAT++'s target; wireless networks lose a tenth without a queue
    [PACE_PREFETCH] = {40000, 50},
    [PACE_BACKGROUND] = {20000, 20}, // one frame of a game
};

struct side { // a way
    struct turns *turns;
    struct path line; // all peers' packets as one
    struct pace pace[PACES];
    uint64_t rate_max;
    uint64_t full_us; // when it was last seen that the line sets the rate; 0: never
    bool is_said;     // rate_max
    uint32_t packet_bytes_max;
};

struct bandwidth {
    struct bandwidth_cfg cfg;
    struct side side[WAYS];
    struct path *peer;
    struct window queue_us;
    uint64_t queue_last_us; // of the latest packet, for when there are few
    uint64_t jitter_x16_us; // mean of the peers' jitter
    struct allowance day[DAYS];
    struct condition said;
    struct grade grade;
    struct plan plan;
    uint64_t adapt_us; // when the next adaptation may be
    uint64_t used_us;  // when somebody last used the node
    bool is_used;      // ever
    bool has_news;     // since the latest adaptation
};

static struct turns_cfg turns_cfg_of(const struct bandwidth_cfg *cfg, unsigned way)
{
    return (struct turns_cfg){
        .peers_max = cfg->peers_max,
        .packets_max = cfg->packets_max,
        .packet_bytes_max = cfg->packet_bytes_max[way],
        .peer_packets_max = PEER_PACKETS,
        .peer_bytes_max = (uint64_t)PEER_PACKETS * cfg->packet_bytes_max[way],
        // Urgent against a flood of control, prefetch against urgent, background against all.
        .share_permille = {0, 200, 80, 40},
    };
}

static bool is_rate_fit(uint64_t rate)
{
    return rate == 0 || (rate >= RATE_MIN && rate <= BUCKET_RATE_BYTES_S_MAX);
}

// What the operator says that the network has.
static uint64_t said_rate(const struct bandwidth_cfg *cfg)
{
    const uint32_t kbps = cfg->network.bandwidth_kbps;
    return kbps == CONDITION_UNKNOWN ? UINT64_MAX : (uint64_t)kbps * KBPS;
}

static MUST_USE enum rc open_side(struct bandwidth *b, unsigned way, struct arena *arena,
                                  uint64_t now_us)
{
    const struct bandwidth_cfg *cfg = &b->cfg;
    const struct turns_cfg turns_cfg = turns_cfg_of(cfg, way);
    const uint64_t set = cfg->rate_bytes_s[way];
    struct side *s = &b->side[way];
    if (!is_rate_fit(set))
        return RC_CONFIG;
    s->line = path_new(now_us);
    s->packet_bytes_max = cfg->packet_bytes_max[way];
    s->rate_max = num_clamp(num_min(set > 0 ? set : UINT64_MAX, said_rate(cfg)), RATE_MIN,
                            BUCKET_RATE_BYTES_S_MAX);
    s->is_said = set > 0 || said_rate(cfg) < UINT64_MAX;
    for (unsigned i = 0; i < PACES; i++) {
        const struct pace_cfg pace = {.target_us = gentle[i].target_us,
                                      .loss_permille = gentle[i].loss_permille,
                                      .rate_min = RATE_MIN,
                                      .rate_max = s->rate_max,
                                      .rate_first = s->is_said ? s->rate_max : RATE_FIRST};
        s->pace[i] = pace_new(&pace, now_us);
    }
    return turns_new(&s->turns, arena, &turns_cfg, now_us);
}

// What is left of the days, as it was saved. A broken image leaves nothing.
static MUST_USE enum rc open_days(struct bandwidth *b, struct bytes image, uint64_t wall_s,
                                  uint64_t now_us)
{
    const uint64_t cap = b->cfg.cap_day_bytes;
    const uint64_t bytes[DAYS] = {BANDWIDTH_IDLE_DAY_BYTES, BANDWIDTH_METERED_DAY_BYTES,
                                  cap > 0 ? cap : ALLOWANCE_DAY_BYTES_MAX};
    for (unsigned i = 0; i < DAYS; i++) {
        const struct bytes part =
            bytes_part(image, (size_t)i * ALLOWANCE_IMAGE_BYTES, ALLOWANCE_IMAGE_BYTES);
        const enum rc rc = image.len == 0
                               ? allowance_init(&b->day[i], bytes[i], now_us)
                               : allowance_load(&b->day[i], bytes[i], part, wall_s, now_us);
        if (rc != RC_OK && rc != RC_MALFORMED)
            return rc;
    }
    // The largest packet has to fit a lease, or it would never leave.
    const uint64_t lease = ALLOWANCE_LEASE_BYTES(bytes[DAY_CAP]);
    return lease < num_max(b->side[WAY_UP].packet_bytes_max, b->side[WAY_DOWN].packet_bytes_max)
               ? RC_CONFIG
               : RC_OK;
}

static bool is_metered(const struct bandwidth *b)
{
    return b->cfg.metered == METERED_ON ||
           (b->cfg.metered == METERED_AUTO && (b->cfg.network.is_metered || b->said.is_metered));
}

static struct bucket_cfg bucket_of(const struct side *s, uint64_t rate)
{
    return (struct bucket_cfg){.rate_bytes_s = rate,
                               .burst_bytes = s->packet_bytes_max + rate / BURST_PART};
}

// A class that nobody waits for: nothing, or what its pace allows; and its part of the line, if it
// was said how much that is. (A part of what was measured would keep itself small.)
static void set_class(struct side *s, enum turn_class class, uint64_t pace, uint32_t permille,
                      uint64_t now_us)
{
    turns_allow(s->turns, class, permille > 0);
    if (permille == 0)
        return;
    const uint64_t part = s->is_said ? s->rate_max / 1000 * permille : UINT64_MAX;
    const struct bucket_cfg cap = bucket_of(s, num_max(num_min(pace, part), RATE_MIN));
    const enum rc rc = turns_cap(s->turns, class, &cap, now_us);
    assert(rc == RC_OK); // within the paces' bounds
}

static void apply(struct bandwidth *b, uint64_t now_us)
{
    for (unsigned way = 0; way < WAYS; way++) {
        struct side *s = &b->side[way];
        const struct bucket_cfg all = bucket_of(s, s->pace[PACE_ALL].rate_bytes_s);
        const enum rc rc = turns_limit(s->turns, &all, now_us);
        assert(rc == RC_OK);
        set_class(s, TURN_PREFETCH, s->pace[PACE_PREFETCH].rate_bytes_s, b->plan.prefetch_permille,
                  now_us);
        set_class(s, TURN_BACKGROUND, s->pace[PACE_BACKGROUND].rate_bytes_s,
                  b->plan.background_permille, now_us);
    }
}

static uint32_t to_ms(uint64_t us)
{
    return (uint32_t)num_min((us + US_PER_MS / 2) / US_PER_MS, UINT32_MAX - 1);
}

// The larger of both lines' rates, as far as the lines set them.
static uint32_t measured_kbps(struct bandwidth *b, uint64_t now_us)
{
    uint64_t rate = 0;
    for (unsigned way = 0; way < WAYS; way++) {
        struct side *s = &b->side[way];
        if (s->full_us > 0 && time_since(s->full_us, now_us) < FULL_US)
            rate = num_max(rate, path_view(&s->line, now_us).rate_bytes_s);
    }
    return rate == 0 ? CONDITION_UNKNOWN : (uint32_t)num_min(rate / KBPS, KBPS_MAX);
}

static struct condition condition_now(struct bandwidth *b, uint64_t now_us)
{
    const struct path_view up = path_view(&b->side[WAY_UP].line, now_us);
    struct condition measured = condition_unknown();
    measured.bandwidth_kbps = measured_kbps(b, now_us);
    if (up.rtt_count > 0) {
        measured.latency_ms = to_ms(up.rtt_us);
        measured.jitter_ms = to_ms(b->jitter_x16_us / 16);
        measured.loss_permille = (uint32_t)up.loss_permille;
    }
    const struct condition known = condition_over(&b->said, &measured);
    struct condition c = condition_over(&b->cfg.network, &known);
    c.is_metered = is_metered(b);
    return c;
}

static void judge(struct bandwidth *b, uint64_t now_us)
{
    const struct condition c = condition_now(b, now_us);
    b->plan = plan_of(grade_put(&b->grade, condition_quality(&c), now_us), c.is_metered);
}

static uint64_t queue_now_us(struct bandwidth *b, uint64_t now_us)
{
    uint64_t queue_us = b->queue_last_us;
    (void)window_best(&b->queue_us, &queue_us, now_us); // else the latest
    return queue_us;
}

static void step_paces(struct bandwidth *b, struct side *s, uint64_t now_us)
{
    const struct path_view up = path_view(&b->side[WAY_UP].line, now_us);
    const struct path_view line = path_view(&s->line, now_us);
    struct pace_sample sample = {.rtt_us = up.rtt_us,
                                 .rate_bytes_s = line.rate_bytes_s,
                                 .loss_permille = line.loss_permille};
    sample.queue_us = queue_now_us(b, now_us);
    for (unsigned i = 0; i < PACES; i++)
        (void)pace_step(&s->pace[i], &sample, now_us);
}

static void adapt(struct bandwidth *b, uint64_t now_us)
{
    if (!b->has_news || now_us < b->adapt_us)
        return;
    b->has_news = false;
    b->adapt_us = time_after(now_us, ADAPT_US);
    for (unsigned way = 0; way < WAYS; way++)
        step_paces(b, &b->side[way], now_us);
    judge(b, now_us);
    apply(b, now_us);
}

enum rc bandwidth_new(struct bandwidth **out, struct arena *arena, const struct bandwidth_cfg *cfg,
                      struct bytes image, uint64_t wall_s, uint64_t now_us)
{
    *out = NULL;
    struct bandwidth *b = arena_take(arena, sizeof *b);
    if (b == NULL)
        return RC_NOMEM;
    *b = (struct bandwidth){.cfg = *cfg, .said = condition_unknown()};
    b->queue_us = window_min(QUEUE_SPAN_US);
    for (unsigned way = 0; way < WAYS; way++) {
        const enum rc rc = open_side(b, way, arena, now_us);
        if (rc != RC_OK)
            return rc;
    }
    const enum rc rc = open_days(b, image, wall_s, now_us);
    if (rc != RC_OK)
        return rc;
    b->peer = arena_take_array(arena, cfg->peers_max, sizeof *b->peer);
    if (b->peer == NULL)
        return RC_NOMEM;
    judge(b, now_us);
    apply(b, now_us);
    *out = b;
    return RC_OK;
}

enum rc bandwidth_join(struct bandwidth *b, uint32_t weight, uint32_t *peer, uint64_t now_us)
{
    uint32_t down;
    enum rc rc = turns_join(b->side[WAY_UP].turns, weight, peer, now_us);
    if (rc != RC_OK)
        return rc;
    rc = turns_join(b->side[WAY_DOWN].turns, weight, &down, now_us);
    assert(rc == RC_OK && down == *peer); // both have come and gone together
    b->peer[*peer] = path_new(now_us);
    return rc;
}

void bandwidth_weigh(struct bandwidth *b, uint32_t peer, uint32_t weight)
{
    for (unsigned way = 0; way < WAYS; way++)
        turns_weigh(b->side[way].turns, peer, weight);
}

void bandwidth_leave(struct bandwidth *b, uint32_t peer)
{
    for (unsigned way = 0; way < WAYS; way++)
        turns_leave(b->side[way].turns, peer);
}

enum rc bandwidth_put(struct bandwidth *b, enum way way, const struct turn *packet, uint64_t now_us)
{
    assert(way < WAYS && packet->peer < b->cfg.peers_max);
    return turns_put(b->side[way].turns, packet, now_us);
}

bool bandwidth_dropped(struct bandwidth *b, enum way way, struct turn *packet)
{
    return turns_dropped(b->side[way].turns, packet);
}

// Whether the day's cap has room for any packet of this way; and when it will.
static uint64_t cap_wait_us(struct bandwidth *b, enum way way, uint64_t now_us)
{
    return b->cfg.cap_day_bytes == 0
               ? 0
               : allowance_wait_us(&b->day[DAY_CAP], b->side[way].packet_bytes_max, now_us);
}

static bool is_cap_open(struct bandwidth *b, enum way way, uint64_t now_us)
{
    return b->cfg.cap_day_bytes == 0 ||
           allowance_has(&b->day[DAY_CAP], b->side[way].packet_bytes_max, now_us);
}

// Who is charged for a packet that leaves, and what is learned from its leaving.
static void note_sent(struct bandwidth *b, enum way way, const struct turn *packet,
                      struct bandwidth_stamp *stamp, uint64_t now_us)
{
    assert(packet->peer < b->cfg.peers_max && packet->bytes <= b->side[way].packet_bytes_max);
    struct side *s = &b->side[way];
    const bool has_more = turns_stat(s->turns)->queued_packets > 0;
    pace_used(&s->pace[PACE_ALL], packet->bytes);
    if (packet->class == TURN_PREFETCH)
        pace_used(&s->pace[PACE_PREFETCH], packet->bytes);
    if (packet->class == TURN_BACKGROUND)
        pace_used(&s->pace[PACE_BACKGROUND], packet->bytes);
    if (packet->class == TURN_URGENT || packet->class == TURN_PREFETCH) {
        b->is_used = true;
        b->used_us = now_us;
    }
    path_sent(&s->line, packet->bytes, has_more, now_us, &stamp->line);
    stamp->peer = (struct path_stamp){0};
    if (way == WAY_UP)
        path_sent(&b->peer[packet->peer], packet->bytes, has_more, now_us, &stamp->peer);
}

bool bandwidth_next(struct bandwidth *b, enum way way, uint64_t now_us, struct turn *packet,
                    struct bandwidth_stamp *stamp)
{
    adapt(b, now_us);
    if (!is_cap_open(b, way, now_us) || !turns_next(b->side[way].turns, now_us, packet))
        return false;
    if (b->cfg.cap_day_bytes > 0) {
        const enum rc rc = allowance_take(&b->day[DAY_CAP], packet->bytes, now_us);
        assert(rc == RC_OK); // it had room for more
    }
    note_sent(b, way, packet, stamp, now_us);
    return true;
}

uint64_t bandwidth_due_us(struct bandwidth *b, enum way way, uint64_t now_us)
{
    const uint64_t due_us = turns_due_us(b->side[way].turns);
    return num_max(due_us, time_after(now_us, cap_wait_us(b, way, now_us)));
}

void bandwidth_acked(struct bandwidth *b, enum way way, uint32_t peer,
                     const struct bandwidth_stamp *stamp, uint64_t bytes, uint64_t now_us)
{
    assert(way < WAYS && peer < b->cfg.peers_max);
    struct side *s = &b->side[way];
    (void)path_acked(&s->line, &stamp->line, bytes, now_us); // the line is the same for all
    if (stamp->line.has_more && queue_now_us(b, now_us) >= FULL_QUEUE_US)
        s->full_us = now_us;
    if (way == WAY_UP && path_acked(&b->peer[peer], &stamp->peer, bytes, now_us)) {
        const uint64_t rtt_us = time_since(stamp->peer.sent_us, now_us);
        const struct path_view v = path_view(&b->peer[peer], now_us);
        b->queue_last_us = time_since(v.base_us, rtt_us);
        window_put(&b->queue_us, b->queue_last_us, now_us);
        b->jitter_x16_us = b->jitter_x16_us - b->jitter_x16_us / 16 + v.jitter_us;
    }
    b->has_news = true;
    adapt(b, now_us);
}

void bandwidth_lost(struct bandwidth *b, enum way way, uint32_t peer, uint64_t bytes,
                    uint64_t now_us)
{
    assert(way < WAYS && peer < b->cfg.peers_max);
    path_lost(&b->side[way].line, bytes);
    if (way == WAY_UP)
        path_lost(&b->peer[peer], bytes);
    b->has_news = true;
    adapt(b, now_us);
}

void bandwidth_came(struct bandwidth *b, uint64_t bytes, uint64_t now_us)
{
    turns_charge(b->side[WAY_DOWN].turns, bytes, now_us);
}

static bool is_idle(const struct bandwidth *b, uint64_t now_us)
{
    return !b->is_used || time_since(b->used_us, now_us) >= BANDWIDTH_IDLE_US;
}

enum rc bandwidth_upkeep(struct bandwidth *b, uint64_t bytes, uint64_t now_us)
{
    if (!is_idle(b, now_us))
        return RC_OK;
    return allowance_take(&b->day[is_metered(b) ? DAY_METERED : DAY_IDLE], bytes, now_us);
}

bool bandwidth_wants_save(struct bandwidth *b, uint64_t now_us)
{
    bool wants = false;
    for (unsigned i = 0; i < DAYS; i++)
        if (i != DAY_CAP || b->cfg.cap_day_bytes > 0)
            wants |= allowance_wants_save(&b->day[i], now_us);
    return wants;
}

void bandwidth_save(struct bandwidth *b, uint8_t image[static BANDWIDTH_IMAGE_BYTES],
                    uint64_t wall_s, uint64_t now_us)
{
    for (unsigned i = 0; i < DAYS; i++)
        allowance_save(&b->day[i], image + (size_t)i * ALLOWANCE_IMAGE_BYTES, wall_s, now_us);
}

void bandwidth_say(struct bandwidth *b, const struct condition *said, uint64_t now_us)
{
    b->said = *said;
    judge(b, now_us);
    apply(b, now_us);
}

struct bandwidth_view bandwidth_view(struct bandwidth *b, uint64_t now_us)
{
    struct bandwidth_view v = {.condition = condition_now(b, now_us),
                               .quality = b->grade.quality,
                               .plan = b->plan,
                               .is_metered = is_metered(b),
                               .is_idle = is_idle(b, now_us)};
    v.queue_us = queue_now_us(b, now_us);
    for (unsigned way = 0; way < WAYS; way++) {
        v.rate_bytes_s[way] = b->side[way].pace[PACE_ALL].rate_bytes_s;
        v.prefetch_bytes_s[way] = b->side[way].pace[PACE_PREFETCH].rate_bytes_s;
        v.background_bytes_s[way] = b->side[way].pace[PACE_BACKGROUND].rate_bytes_s;
    }
    return v;
}

struct path_view bandwidth_path(struct bandwidth *b, uint32_t peer, uint64_t now_us)
{
    assert(peer < b->cfg.peers_max);
    return path_view(&b->peer[peer], now_us);
}

const struct turns_stat *bandwidth_stat(const struct bandwidth *b, enum way way)
{
    return turns_stat(b->side[way].turns);
}
