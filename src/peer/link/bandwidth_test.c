// SPDX-License-Identifier: MIT
// Tests of bandwidth: its settings and days, and whole runs over a bottleneck shared with others.
#include "link/bandwidth.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/seed_test.h"
#include "sim/link.h"
#include "sim/world.h"

#define MTU     1472u
#define ANSWER  65536u
#define PEERS   4u
#define PACKETS 256u
#define PART_S  10u // of a run, and as long before it
#define OTHER   99u // the other device on the same line

static struct arena *g_arena; // of the running test

static struct bandwidth_cfg plain_cfg(void)
{
    return (struct bandwidth_cfg){.network = condition_unknown(),
                                  .peers_max = PEERS,
                                  .packets_max = PACKETS,
                                  .packet_bytes_max = {MTU, ANSWER}};
}

static struct bandwidth *bandwidth_of(const struct bandwidth_cfg *cfg, struct bytes image,
                                      uint64_t now_us)
{
    struct bandwidth *b;
    g_arena = arena_new(BANDWIDTH_ARENA_BYTES(PEERS, PACKETS));
    assert_non_null(g_arena);
    assert_int_equal(bandwidth_new(&b, g_arena, cfg, image, 1000, now_us), RC_OK);
    return b;
}

static void test_settings_are_checked(void **state)
{
    (void)state;
    struct bandwidth_cfg bad[4];
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        bad[i] = plain_cfg();
    bad[0].rate_bytes_s[WAY_UP] = 999;
    bad[1].rate_bytes_s[WAY_DOWN] = BUCKET_RATE_BYTES_S_MAX + 1;
    bad[2].peers_max = 0;
    bad[3].cap_day_bytes = 64 * ANSWER - 1; // an answer would be more than a lease
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        struct arena *arena = arena_new(1 << 20);
        struct bandwidth *b;
        assert_int_equal(bandwidth_new(&b, arena, &bad[i], bytes_of(NULL, 0), 0, 0), RC_CONFIG);
        assert_null(b);
        arena_free(arena);
    }
    const struct bandwidth_cfg cfg = plain_cfg();
    for (size_t bytes = 64, done = 0; !done; bytes += 2000) {
        struct arena *arena = arena_new(bytes);
        struct bandwidth *b;
        const enum rc rc = bandwidth_new(&b, arena, &cfg, bytes_of(NULL, 0), 0, 0);
        assert_true(rc == RC_OK || rc == RC_NOMEM);
        done = rc == RC_OK;
        arena_free(arena);
    }
}

static void test_metered_takes_no_background(void **state)
{
    (void)state;
    struct bandwidth_cfg cfg = plain_cfg();
    struct bandwidth *b = bandwidth_of(&cfg, bytes_of(NULL, 0), 0);
    uint32_t peer;
    assert_int_equal(bandwidth_join(b, 1, &peer, 0), RC_OK);
    const struct turn quiet = {.bytes = 100, .peer = peer, .class = TURN_BACKGROUND};
    const struct turn soon = {.bytes = 100, .peer = peer, .class = TURN_URGENT};
    struct turn got;
    struct condition said = condition_unknown();
    assert_int_equal(bandwidth_put(b, WAY_UP, &quiet, 0), RC_OK);
    said.is_metered = true;
    bandwidth_say(b, &said, 0);
    assert_true(bandwidth_dropped(b, WAY_UP, &got) && !bandwidth_dropped(b, WAY_UP, &got));
    for (unsigned way = 0; way < WAYS; way++) {
        assert_int_equal(bandwidth_put(b, (enum way)way, &quiet, 0), RC_REFUSED);
        assert_int_equal(bandwidth_put(b, (enum way)way, &soon, 0), RC_OK);
    }
    assert_true(bandwidth_view(b, 0).is_metered);
    said.is_metered = false;
    bandwidth_say(b, &said, 0);
    assert_int_equal(bandwidth_put(b, WAY_UP, &quiet, 0), RC_OK);
    arena_free(g_arena);
    cfg.metered = METERED_OFF;
    cfg.network.is_metered = true;
    b = bandwidth_of(&cfg, bytes_of(NULL, 0), 0);
    assert_false(bandwidth_view(b, 0).is_metered);
    arena_free(g_arena);
    cfg.metered = METERED_AUTO;
    cfg.network.bandwidth_kbps = 512;
    b = bandwidth_of(&cfg, bytes_of(NULL, 0), 0);
    assert_true(bandwidth_view(b, 0).is_metered);
    assert_int_equal(bandwidth_view(b, 0).quality, QUALITY_POOR);
    arena_free(g_arena);
}

// A number goes from one peer to another: what the first one's packets tell is not of the second.
static void test_late_word_of_one_who_left(void **state)
{
    (void)state;
    const struct bandwidth_cfg cfg = plain_cfg();
    struct bandwidth *b = bandwidth_of(&cfg, bytes_of(NULL, 0), 0);
    struct turn packet = {.bytes = 1000, .class = TURN_URGENT};
    struct turn got;
    struct bandwidth_stamp old;
    struct bandwidth_stamp stamp;
    uint32_t again;
    assert_int_equal(bandwidth_join(b, 1, &packet.peer, 0), RC_OK);
    assert_int_equal(bandwidth_put(b, WAY_UP, &packet, 0), RC_OK);
    assert_true(bandwidth_next(b, WAY_UP, 0, &got, &old));
    bandwidth_leave(b, packet.peer);
    assert_int_equal(bandwidth_join(b, 1, &again, 1000), RC_OK);
    assert_int_equal(again, packet.peer);
    bandwidth_acked(b, WAY_UP, again, &old, 1000, 400000); // 400 ms for the one who left
    assert_int_equal(bandwidth_path(b, again, 400000).rtt_count, 0);
    assert_int_equal(bandwidth_view(b, 400000).queue_us, 0);
    assert_int_equal(bandwidth_put(b, WAY_UP, &packet, 400000), RC_OK);
    assert_true(bandwidth_next(b, WAY_UP, 400000, &got, &stamp));
    bandwidth_acked(b, WAY_UP, again, &stamp, 1000, 410000);
    assert_int_equal(bandwidth_path(b, again, 410000).rtt_us, 10000);
    assert_int_equal(bandwidth_view(b, 410000).queue_us, 0);
    arena_free(g_arena);
}

// Asks for upkeep through a whole day, a thousand bytes every ten seconds at least.
static uint64_t upkeep_of_a_day(struct bandwidth *b, uint8_t *image, uint64_t from_us)
{
    uint64_t sum = 0;
    for (uint64_t s = 0; s < 86400; s += 10)
        for (unsigned i = 0; i < 10; i++) {
            const uint64_t now_us = from_us + s * US_PER_S;
            if (bandwidth_wants_save(b, now_us))
                bandwidth_save(b, image, 1000 + s, now_us);
            sum += bandwidth_upkeep(b, 1000, now_us) == RC_OK ? 1000 : 0;
        }
    return sum;
}

static void test_idle_days_are_kept(void **state)
{
    (void)state;
    static const enum metered metered[] = {METERED_OFF, METERED_ON};
    static const uint64_t most[] = {BANDWIDTH_IDLE_DAY_BYTES, BANDWIDTH_METERED_DAY_BYTES};
    for (unsigned i = 0; i < 2; i++) {
        struct bandwidth_cfg cfg = plain_cfg();
        cfg.metered = metered[i];
        uint8_t image[BANDWIDTH_IMAGE_BYTES];
        struct bandwidth *b = bandwidth_of(&cfg, bytes_of(NULL, 0), 0);
        const uint64_t first = upkeep_of_a_day(b, image, 0);
        assert_in_range(first, most[i] * 95 / 100, most[i]);
        arena_free(g_arena);
        b = bandwidth_of(&cfg, bytes_of(image, sizeof image), 0); // and goes on after a restart
        const uint64_t second = upkeep_of_a_day(b, image, 0);
        assert_in_range(second, most[i] * 45 / 100, most[i] * 55 / 100);
        uint32_t peer;
        assert_int_equal(bandwidth_join(b, 1, &peer, 0), RC_OK);
        const struct turn soon = {.bytes = 100, .peer = peer, .class = TURN_URGENT};
        struct turn got;
        struct bandwidth_stamp stamp;
        const uint64_t now_us = 86400 * (uint64_t)US_PER_S;
        assert_int_equal(bandwidth_upkeep(b, 1000000, now_us), RC_REFUSED);
        assert_int_equal(bandwidth_put(b, WAY_UP, &soon, now_us), RC_OK);
        assert_true(bandwidth_next(b, WAY_UP, now_us, &got, &stamp));
        assert_int_equal(bandwidth_upkeep(b, 1000000, now_us), RC_OK); // somebody uses it
        assert_int_equal(bandwidth_upkeep(b, 1000000, now_us + BANDWIDTH_IDLE_US), RC_REFUSED);
        arena_free(g_arena);
    }
}

static void test_a_days_cap_holds_for_both_ways(void **state)
{
    (void)state;
    struct bandwidth_cfg cfg = plain_cfg();
    cfg.cap_day_bytes = 100 * ANSWER;
    uint8_t image[BANDWIDTH_IMAGE_BYTES];
    struct bandwidth *b = bandwidth_of(&cfg, bytes_of(NULL, 0), 0);
    uint32_t peer;
    assert_int_equal(bandwidth_join(b, 1, &peer, 0), RC_OK);
    uint64_t sum = 0;
    struct turn got;
    struct bandwidth_stamp stamp;
    for (uint64_t s = 0; s < 86400; s += 60)
        for (unsigned way = 0; way < WAYS; way++) {
            const uint64_t now_us = s * US_PER_S;
            const struct turn p = {
                .bytes = cfg.packet_bytes_max[way], .peer = peer, .class = TURN_URGENT};
            const enum rc rc = bandwidth_put(b, (enum way)way, &p, now_us);
            assert_true(rc == RC_OK || rc == RC_FULL);
            if (bandwidth_wants_save(b, now_us))
                bandwidth_save(b, image, s, now_us);
            if (bandwidth_next(b, (enum way)way, now_us, &got, &stamp))
                sum += got.bytes;
            else if (!bandwidth_wants_save(b, now_us))
                assert_true(bandwidth_due_us(b, (enum way)way, now_us) > now_us);
        }
    assert_in_range(sum, cfg.cap_day_bytes * 9 / 10, cfg.cap_day_bytes);
    arena_free(g_arena);
}

// What is set is kept, in the long run to a hundredth, by packets up and by answers asked for; and
// no class goes without.
static void test_set_rates_are_kept(void **state)
{
    (void)state;
    struct bandwidth_cfg cfg = plain_cfg();
    cfg.rate_bytes_s[WAY_UP] = 100000;
    cfg.rate_bytes_s[WAY_DOWN] = 3000000;
    struct bandwidth *b = bandwidth_of(&cfg, bytes_of(NULL, 0), 0);
    uint32_t peer;
    assert_int_equal(bandwidth_join(b, 1, &peer, 0), RC_OK);
    uint64_t sum[WAYS] = {0};
    struct bandwidth_stamp last[WAYS];
    const uint64_t end_us = 300 * (uint64_t)US_PER_S;
    for (uint64_t now_us = 0; now_us < end_us; now_us += 3000) // a clock of three milliseconds
        for (unsigned way = 0; way < WAYS; way++) {
            const uint32_t bytes = cfg.packet_bytes_max[way];
            for (unsigned c = 0; c < TURN_CLASSES; c++) {
                const struct turn p = {.bytes = bytes, .peer = peer, .class = (enum turn_class)c};
                while (bandwidth_stat(b, (enum way)way)->class[c].queued_packets < 3)
                    assert_int_equal(bandwidth_put(b, (enum way)way, &p, now_us), RC_OK);
            }
            struct turn got;
            while (bandwidth_next(b, (enum way)way, now_us, &got, &last[way])) {
                sum[way] += got.bytes;
                bandwidth_acked(b, (enum way)way, peer, &last[way], got.bytes, now_us + 20000);
            }
        }
    for (unsigned way = 0; way < WAYS; way++) {
        const double want = (double)cfg.rate_bytes_s[way] * (double)end_us / 1e6;
        assert_true(fabs((double)sum[way] / want - 1) < 0.01);
        const struct turns_stat *s = bandwidth_stat(b, (enum way)way);
        for (unsigned c = 1; c < TURN_CLASSES; c++)
            assert_true((double)s->class[c].sent_bytes > 0.035 * want);
    }
    arena_free(g_arena);
}

// A node behind a bottleneck that it shares with another device of the house.
struct packet {
    uint64_t put_us;
    struct bandwidth_stamp stamp;
    uint32_t bytes;
    bool is_out;
};

#define TABLE 8192u

struct rig {
    struct world *world;
    struct sim_link *line; // end 0: the house
    struct bandwidth *b;   // NULL: all that is put goes to the line at once, as without us
    struct sim_way way;
    struct rng dice;
    struct packet packet[TABLE];
    uint64_t at;
    uint64_t other_rate; // bytes a second; 0: silent
    uint64_t background_bytes;
    uint64_t other_bytes;
    uint64_t other_lost;
    struct quantiles urgent_us; // from being put to arriving
    struct quantiles other_us;
    uint32_t peer[PEERS];
    uint64_t wake_us;
    uint64_t wake;
};

static uint64_t now_us(const struct rig *r)
{
    return world_now_us(r->world);
}

// To the line: class, number, time put; padded.
static bool to_line(struct rig *r, uint32_t kind, uint64_t number, uint32_t bytes)
{
    uint8_t wire[MTU] = {0};
    struct buffer w = buffer_of(wire, sizeof wire);
    buffer_u32(&w, kind);
    buffer_u64(&w, number);
    buffer_u64(&w, now_us(r));
    return sim_link_send(r->line, 0, bytes_of(wire, bytes)) == RC_OK;
}

static void put(struct rig *r, enum turn_class class, uint32_t bytes)
{
    struct packet *p = &r->packet[r->at++ % TABLE];
    assert_false(p->is_out);
    *p = (struct packet){.put_us = now_us(r), .bytes = bytes, .is_out = true};
    const struct turn turn = {
        .handle = p, .bytes = bytes, .peer = r->peer[rng_below(&r->dice, PEERS)], .class = class};
    if (r->b == NULL)
        p->is_out = to_line(r, class << 8, (uint64_t)(p - r->packet), bytes);
    else
        p->is_out = bandwidth_put(r->b, WAY_UP, &turn, now_us(r)) == RC_OK;
}

static void send_what_may(struct rig *r);

static void wake(void *self, uint64_t tag)
{
    (void)tag;
    struct rig *r = self;
    r->wake = 0;
    send_what_may(r);
}

static void send_what_may(struct rig *r)
{
    if (r->b == NULL) {
        if (sim_link_queued_bytes(r->line, 0) + MTU < r->way.queue_bytes_max / 2)
            put(r, TURN_BACKGROUND, MTU);
        return;
    }
    struct turn turn;
    struct bandwidth_stamp stamp;
    while (bandwidth_next(r->b, WAY_UP, now_us(r), &turn, &stamp)) {
        struct packet *p = turn.handle;
        p->stamp = stamp;
        if (!to_line(r, (uint32_t)turn.class << 8 | turn.peer, (uint64_t)(p - r->packet),
                     turn.bytes)) {
            p->is_out = false;
            bandwidth_lost(r->b, WAY_UP, turn.peer, turn.bytes, now_us(r));
        }
        if (bandwidth_stat(r->b, WAY_UP)->class[TURN_BACKGROUND].queued_packets < 32)
            put(r, TURN_BACKGROUND, MTU); // there is always more to replicate
    }
    const uint64_t due_us = bandwidth_due_us(r->b, WAY_UP, now_us(r));
    (void)world_cancel(r->world, r->wake); // there may be none
    r->wake = due_us == UINT64_MAX ? 0 : world_at(r->world, due_us, wake, r, 0);
}

static void arrived(struct rig *r, uint32_t kind, uint64_t sent_us, uint64_t number, uint64_t bytes)
{
    if (kind == OTHER) {
        r->other_bytes += bytes;
        quantiles_put(&r->other_us, now_us(r) - sent_us);
        return;
    }
    if (kind >> 8 == TURN_URGENT)
        quantiles_put(&r->urgent_us, now_us(r) - r->packet[number].put_us);
    if (kind >> 8 == TURN_BACKGROUND)
        r->background_bytes += bytes;
    uint8_t ack[12];
    struct buffer w = buffer_of(ack, sizeof ack);
    buffer_u32(&w, kind);
    buffer_u64(&w, number);
    assert_int_equal(sim_link_send(r->line, 1, buffer_bytes(&w)), RC_OK);
}

static void on_message(void *self, struct sim_link *l, unsigned end, struct bytes message)
{
    (void)l;
    struct rig *r = self;
    struct cursor c = {.left = message};
    const uint32_t kind = cursor_u32(&c);
    const uint64_t number = cursor_u64(&c);
    if (end == 1) {
        arrived(r, kind, cursor_u64(&c), number, message.len);
        return;
    }
    struct packet *p = &r->packet[number];
    p->is_out = false;
    if (r->b != NULL)
        bandwidth_acked(r->b, WAY_UP, kind & 255, &p->stamp, p->bytes, now_us(r));
    send_what_may(r);
}

static void on_close(void *self, struct sim_link *l, unsigned end)
{
    (void)self;
    (void)l;
    (void)end;
}

static void urgent_comes(void *self, uint64_t tag)
{
    (void)tag;
    struct rig *r = self;
    put(r, TURN_URGENT, 1200);
    send_what_may(r);
    (void)world_at(r->world, now_us(r) + 20000 + rng_below(&r->dice, 60000), urgent_comes, r, 1);
}

static void other_comes(void *self, uint64_t tag)
{
    (void)tag;
    struct rig *r = self;
    uint64_t wait_us = 10000;
    if (r->other_rate > 0) {
        r->other_lost += !to_line(r, OTHER, 0, 1200);
        wait_us = 1 + 2 * rng_below(&r->dice, UINT64_C(1200) * US_PER_S / r->other_rate);
    }
    (void)world_at(r->world, now_us(r) + wait_us, other_comes, r, 2);
}

static struct rig *rig_new(uint64_t seed, const struct sim_way *way, bool is_ours)
{
    struct rig *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->world = world_new(seed);
    r->way = *way;
    r->dice = world_rng(r->world, "rig");
    const struct sim_link_cfg cfg = {.way = {*way, {.latency_us = way->latency_us}}};
    assert_int_equal(sim_link_new(&r->line, r->world, "line", &cfg), RC_OK);
    const struct sim_link_handler handler = {r, on_message, on_close};
    sim_link_attach(r->line, 0, &handler);
    sim_link_attach(r->line, 1, &handler);
    const struct bandwidth_cfg band = plain_cfg();
    if (is_ours)
        r->b = bandwidth_of(&band, bytes_of(NULL, 0), now_us(r));
    for (uint32_t i = 0; i < PEERS && is_ours; i++)
        assert_int_equal(bandwidth_join(r->b, 1, &r->peer[i], now_us(r)), RC_OK);
    urgent_comes(r, 1);
    other_comes(r, 2);
    put(r, TURN_BACKGROUND, MTU);
    send_what_may(r);
    return r;
}

static void rig_free(struct rig *r)
{
    sim_link_free(r->line);
    world_free(r->world);
    if (r->b != NULL)
        arena_free(g_arena);
    free(r);
}

// One part of a run: `seconds` to settle, as many to measure.
static void part(struct rig *r, const char *name, uint64_t seconds, double other)
{
    r->other_rate = (uint64_t)(other * (double)r->way.rate_bytes_s);
    (void)world_run_until(r->world, now_us(r) + seconds * US_PER_S);
    r->background_bytes = r->other_bytes = r->other_lost = 0;
    quantiles_init(&r->urgent_us);
    quantiles_init(&r->other_us);
    (void)world_run_until(r->world, now_us(r) + seconds * US_PER_S);
    const double line = (double)(r->way.rate_bytes_s * seconds);
    printf("%-18s background %5.1f %% of the line, other %5.1f %% (lost %4llu, p99 %6.1f ms); "
           "urgent p50 %6.1f p99 %6.1f ms\n",
           name, 100 * (double)r->background_bytes / line, 100 * (double)r->other_bytes / line,
           (unsigned long long)r->other_lost, (double)quantiles_at(&r->other_us, 990) / 1e3,
           (double)quantiles_at(&r->urgent_us, 500) / 1e3,
           (double)quantiles_at(&r->urgent_us, 990) / 1e3);
}

static void run_line(uint64_t seed, const struct sim_way *way)
{
    printf("line of %llu kB/s, %llu ms one way, %llu kB of queue; ours\n",
           (unsigned long long)way->rate_bytes_s / 1000, (unsigned long long)way->latency_us / 1000,
           (unsigned long long)way->queue_bytes_max / 1000);
    struct rig *r = rig_new(seed, way, true);
    const double line = (double)way->rate_bytes_s * PART_S;
    part(r, "alone", PART_S, 0);
    const struct bandwidth_view v = bandwidth_view(r->b, now_us(r));
    const struct path_view path = bandwidth_path(r->b, r->peer[0], now_us(r));
    const uint64_t truth_us = 2 * way->latency_us + 1472 * (uint64_t)US_PER_S / way->rate_bytes_s;
    printf("measured: %u kbit/s (truth %llu), base %.2f ms (truth %.2f), %s\n",
           v.condition.bandwidth_kbps, (unsigned long long)way->rate_bytes_s / 125,
           (double)path.base_us / 1e3, (double)truth_us / 1e3, quality_text(v.quality));
    assert_true(fabs(v.condition.bandwidth_kbps * 125.0 / (double)way->rate_bytes_s - 1) < 0.05);
    assert_true(fabs((double)path.base_us / (double)truth_us - 1) < 0.1);
    assert_true((double)r->background_bytes > 0.7 * line);
    const uint64_t alone_us = quantiles_at(&r->urgent_us, 990);
    part(r, "with others at 60%", PART_S, 0.6);
    assert_true((double)r->background_bytes < 0.45 * line);
    assert_true((double)r->other_bytes > 0.55 * line);
    assert_int_equal(r->other_lost, 0);
    part(r, "alone again", PART_S, 0);
    assert_true((double)r->background_bytes > 0.7 * line);
    rig_free(r);
    r = rig_new(seed, way, false);
    part(r, "without us", PART_S, 0);
    assert_true(alone_us < quantiles_at(&r->urgent_us, 500));
    rig_free(r);
}

static void test_background_gives_way_on_a_bottleneck(void **state)
{
    (void)state;
    static const struct sim_way lines[] = {
        {.latency_us = 15000, .jitter_us = 500, .rate_bytes_s = 250000, .queue_bytes_max = 256000},
        {.latency_us = 40000,
         .jitter_us = 2000,
         .rate_bytes_s = 1250000,
         .queue_bytes_max = 1000000},
        {.latency_us = 5000, .jitter_us = 200, .rate_bytes_s = 5000000, .queue_bytes_max = 2000000},
    };
    const uint64_t seed = test_seed();
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++)
        run_line(seed, &lines[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings_are_checked),
        cmocka_unit_test(test_metered_takes_no_background),
        cmocka_unit_test(test_late_word_of_one_who_left),
        cmocka_unit_test(test_idle_days_are_kept),
        cmocka_unit_test(test_a_days_cap_holds_for_both_ways),
        cmocka_unit_test(test_set_rates_are_kept),
        cmocka_unit_test(test_background_gives_way_on_a_bottleneck),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
