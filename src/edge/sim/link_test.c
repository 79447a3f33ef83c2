// SPDX-License-Identifier: MIT
// Tests of the simulated connection: arithmetic of rate and latency, bounds, ways to end.
#include "sim/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define T0       WORLD_START_US
#define SEEN_MAX 4096

struct side { // one end's user: writes down what it hears
    struct world *world;
    uint64_t when_us[SEEN_MAX];
    size_t len[SEEN_MAX];
    uint8_t first[SEEN_MAX];
    size_t count;
    uint64_t closed_us; // 0: was not told
    struct sim_link *echo_to;
};

static void on_message(void *self, struct sim_link *l, unsigned end, struct bytes message)
{
    struct side *s = self;
    assert_true(s->count < SEEN_MAX && s->closed_us == 0);
    s->when_us[s->count] = world_now_us(s->world);
    s->len[s->count] = message.len;
    s->first[s->count++] = message.len > 0 ? message.at[0] : 0;
    if (s->echo_to == l)
        assert_int_equal(sim_link_send(l, end, message), RC_OK);
}

static void on_close(void *self, struct sim_link *l, unsigned end)
{
    struct side *s = self;
    assert_int_equal(s->closed_us, 0);
    s->closed_us = world_now_us(s->world);
    assert_false(sim_link_is_open(l, end));
    assert_int_equal(sim_link_send(l, end, bytes_text("x")), RC_CLOSED);
}

struct pair {
    struct world *world;
    struct sim_link *link;
    struct side side[2];
};

static struct pair *pair_of(const struct sim_link_cfg *cfg, uint64_t seed)
{
    static struct pair pairs[2];
    struct pair *p = &pairs[seed % 2];
    *p = (struct pair){.world = world_new(seed)};
    assert_int_equal(sim_link_new(&p->link, p->world, "link", cfg), RC_OK);
    for (unsigned i = 0; i < 2; i++) {
        p->side[i].world = p->world;
        struct sim_link_handler h = {&p->side[i], on_message, on_close};
        sim_link_attach(p->link, i, &h);
    }
    return p;
}

static void pair_end(struct pair *p)
{
    sim_link_free(p->link);
    world_free(p->world); // asserts that nothing leaked
}

static enum rc send(struct pair *p, unsigned end, size_t len, uint8_t first)
{
    static uint8_t at[100000];
    assert_true(len <= sizeof at);
    at[0] = first;
    return sim_link_send(p->link, end, bytes_of(at, len));
}

static const struct sim_link_cfg plain = {
    .way = {{.latency_us = 1000}, {.latency_us = 3000}},
    .detect_us = 50000,
};

static void test_latency_each_way(void **state)
{
    (void)state;
    struct pair *p = pair_of(&plain, 1);
    p->side[1].echo_to = p->link;
    assert_int_equal(send(p, 0, 5, 'a'), RC_OK);
    assert_int_equal(send(p, 0, 0, 'b'), RC_OK); // an empty message is one
    world_run_until(p->world, T0 + 999);
    assert_int_equal(p->side[1].count, 0);
    world_run_until(p->world, T0 + 1000);
    assert_int_equal(p->side[1].count, 2);
    assert_int_equal(p->side[1].len[1], 0);
    world_run_until(p->world, T0 + 4000);
    assert_int_equal(p->side[0].count, 2);
    assert_int_equal(p->side[0].when_us[0], T0 + 4000);
    assert_int_equal(p->side[0].len[0], 5);
    assert_int_equal(p->side[0].first[0], 'a');
    pair_end(p);
}

static void test_rate(void **state)
{
    (void)state;
    struct sim_link_cfg cfg = plain;
    cfg.way[0].rate_bytes_s = 1000000; // a byte a microsecond
    struct pair *p = pair_of(&cfg, 1);
    assert_int_equal(send(p, 0, 700, 1), RC_OK);
    assert_int_equal(send(p, 0, 300, 2), RC_OK);
    assert_int_equal(sim_link_queued_bytes(p->link, 0), 1000);
    world_run_until(p->world, T0 + 699);
    assert_int_equal(sim_link_queued_bytes(p->link, 0), 1000);
    world_run_until(p->world, T0 + 700);
    assert_int_equal(sim_link_queued_bytes(p->link, 0), 300);
    world_run_until(p->world, T0 + 5000);
    assert_int_equal(p->side[1].when_us[0], T0 + 1700);
    assert_int_equal(p->side[1].when_us[1], T0 + 2000);
    assert_int_equal(send(p, 0, 100, 3), RC_OK); // an idle line starts anew
    world_run_until(p->world, T0 + 10000);
    assert_int_equal(p->side[1].when_us[2], T0 + 6100);
    // Small messages on a fast line: fractions of a microsecond add up.
    const struct sim_way fast = {.rate_bytes_s = 1000000000};
    sim_link_set_way(p->link, 0, &fast);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(send(p, 0, 10, 4), RC_OK);
    world_run_until(p->world, T0 + 20000);
    assert_int_equal(p->side[1].count, 1003);
    assert_int_equal(p->side[1].when_us[1002], T0 + 10000 + 10);
    pair_end(p);
}

static void test_queue_is_bounded(void **state)
{
    (void)state;
    struct sim_link_cfg cfg = plain;
    cfg.way[0].rate_bytes_s = 1000000;
    cfg.way[0].queue_bytes_max = 1000;
    struct pair *p = pair_of(&cfg, 1);
    assert_int_equal(send(p, 0, 600, 1), RC_OK);
    assert_int_equal(send(p, 0, 401, 2), RC_FULL);
    assert_int_equal(send(p, 0, 400, 3), RC_OK);
    assert_int_equal(send(p, 0, 1, 4), RC_FULL);
    assert_int_equal(send(p, 1, 5000, 5), RC_OK); // the other way has no limit
    world_run_until(p->world, T0 + 600);
    assert_int_equal(send(p, 0, 600, 6), RC_OK);
    world_run_until(p->world, T0 + 10000);
    assert_int_equal(send(p, 0, 5000, 7), RC_OK); // larger than the queue, but it is empty
    world_run_until(p->world, T0 + 20000);
    assert_int_equal(p->side[1].count, 4);
    struct bytes huge = {p->side[0].first, SIM_MESSAGE_BYTES_MAX + 1}; // is not read
    assert_int_equal(sim_link_send(p->link, 0, huge), RC_REFUSED);
    pair_end(p);
}

static void test_jitter_never_reorders(void **state)
{
    (void)state;
    struct sim_link_cfg cfg = plain;
    cfg.way[0].jitter_us = 5000;
    struct pair *p = pair_of(&cfg, 1);
    uint64_t sent_us[200];
    for (unsigned i = 0; i < 200; i++) {
        sent_us[i] = world_now_us(p->world);
        assert_int_equal(send(p, 0, 1, (uint8_t)i), RC_OK);
        world_run_until(p->world, sent_us[i] + 1000);
    }
    world_run_until(p->world, T0 + 1000000);
    assert_int_equal(p->side[1].count, 200);
    uint64_t most_us = 0;
    for (unsigned i = 0; i < 200; i++) {
        uint64_t took_us = p->side[1].when_us[i] - sent_us[i];
        assert_int_equal(p->side[1].first[i], (uint8_t)i);
        assert_true(took_us >= 1000 && took_us <= 6000);
        most_us = took_us > most_us ? took_us : most_us;
    }
    assert_true(most_us > 3000); // there was some
    pair_end(p);
}

static void test_close_drains(void **state)
{
    (void)state;
    struct pair *p = pair_of(&plain, 1);
    assert_int_equal(send(p, 0, 1, 1), RC_OK);
    assert_int_equal(send(p, 1, 1, 2), RC_OK); // on its way to who hangs up: lost
    sim_link_close(p->link, 0);
    sim_link_close(p->link, 0);
    assert_int_equal(send(p, 0, 1, 3), RC_CLOSED);
    assert_int_equal(send(p, 1, 1, 4), RC_OK); // does not know yet
    assert_true(sim_link_is_open(p->link, 1));
    world_run_until(p->world, T0 + 100000);
    assert_int_equal(p->side[1].count, 1);
    assert_int_equal(p->side[1].closed_us, T0 + 1000);
    assert_int_equal(p->side[0].count, 0);
    assert_int_equal(p->side[0].closed_us, 0);
    pair_end(p);
}

static void test_both_hang_up(void **state)
{
    (void)state;
    struct pair *p = pair_of(&plain, 1);
    sim_link_close(p->link, 0);
    world_run_until(p->world, T0 + 500);
    sim_link_close(p->link, 1); // before it was told
    sim_link_cut(p->link, false);
    world_run_until(p->world, T0 + 100000);
    assert_int_equal(p->side[0].closed_us, 0);
    assert_int_equal(p->side[1].closed_us, 0);
    pair_end(p);
}

static void test_cut(void **state)
{
    (void)state;
    for (unsigned is_delivered = 0; is_delivered < 2; is_delivered++) {
        struct sim_link_cfg cfg = plain;
        cfg.way[1].latency_us = 80000; // longer than the detection
        struct pair *p = pair_of(&cfg, 1);
        assert_int_equal(send(p, 0, 1, 1), RC_OK);
        assert_int_equal(send(p, 1, 1, 2), RC_OK);
        world_run_until(p->world, T0 + 100);
        sim_link_cut(p->link, is_delivered);
        sim_link_cut(p->link, !is_delivered); // the first one counts
        assert_int_equal(send(p, 0, 1, 3), RC_OK);
        assert_true(sim_link_is_open(p->link, 0));
        world_run_until(p->world, T0 + 1000000);
        assert_int_equal(p->side[1].count, is_delivered);
        assert_int_equal(p->side[0].count, is_delivered);
        assert_int_equal(p->side[1].closed_us, T0 + 50100);
        assert_int_equal(p->side[0].closed_us, is_delivered ? T0 + 80000 : T0 + 50100);
        pair_end(p);
    }
}

static void test_hole_tells_nobody(void **state)
{
    (void)state;
    struct pair *p = pair_of(&plain, 1);
    assert_int_equal(send(p, 0, 1, 1), RC_OK);
    sim_link_hole(p->link, 0, true);
    assert_int_equal(send(p, 1, 1, 2), RC_OK); // the other way works
    world_run_until(p->world, T0 + 10000);
    assert_int_equal(p->side[1].count, 0);
    assert_int_equal(p->side[0].count, 1);
    sim_link_hole(p->link, 0, false);
    assert_int_equal(send(p, 0, 1, 3), RC_OK);
    world_run_until(p->world, T0 + 20000);
    assert_int_equal(p->side[1].count, 1);
    sim_link_hole(p->link, 0, true);
    sim_link_close(p->link, 0); // vanishes too
    world_run_until(p->world, T0 + 1000000);
    assert_int_equal(p->side[1].closed_us, 0);
    assert_true(sim_link_is_open(p->link, 1));
    pair_end(p);
}

static void cut_from_handler(void *self, struct sim_link *l, unsigned end, struct bytes message)
{
    on_message(self, l, end, message);
    sim_link_cut(l, false);
}

static void test_handler_may_cut(void **state)
{
    (void)state;
    struct pair *p = pair_of(&plain, 1);
    const struct sim_link_handler h = {&p->side[1], cut_from_handler, on_close};
    sim_link_attach(p->link, 1, &h);
    for (uint8_t i = 0; i < 5; i++)
        assert_int_equal(send(p, 0, 1, i), RC_OK);
    world_run_until(p->world, T0 + 1000000);
    assert_int_equal(p->side[1].count, 1);
    assert_true(p->side[0].closed_us > 0 && p->side[1].closed_us > 0);
    pair_end(p);
}

static void test_freed_in_flight(void **state)
{
    (void)state;
    struct pair *p = pair_of(&plain, 1);
    for (uint8_t i = 0; i < 5; i++)
        assert_int_equal(send(p, i % 2, 1000, i), RC_OK);
    sim_link_cut(p->link, true);
    sim_link_free(p->link);
    sim_link_free(NULL);
    assert_int_equal(world_run_until(p->world, T0 + 1000000), 0);
    world_free(p->world);
}

static uint64_t hash_of_chatter(uint64_t seed)
{
    struct sim_link_cfg cfg = plain;
    cfg.way[0].jitter_us = 3000;
    cfg.way[1].jitter_us = 3000;
    struct pair *p = pair_of(&cfg, seed);
    p->side[0].echo_to = p->link;
    p->side[1].echo_to = p->link;
    for (uint8_t i = 0; i < 10; i++)
        assert_int_equal(send(p, i % 2, 10u + i, i), RC_OK);
    world_run_until(p->world, T0 + 500000);
    sim_link_cut(p->link, false);
    world_run_until(p->world, T0 + 1000000);
    assert_true(p->side[0].count > 100);
    uint64_t hash = world_hash(p->world);
    pair_end(p);
    return hash;
}

static void test_same_seed_same_trace(void **state)
{
    (void)state;
    assert_true(hash_of_chatter(1) == hash_of_chatter(1));
    assert_true(hash_of_chatter(1) != hash_of_chatter(2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_latency_each_way),
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_queue_is_bounded),
        cmocka_unit_test(test_jitter_never_reorders),
        cmocka_unit_test(test_close_drains),
        cmocka_unit_test(test_both_hang_up),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_hole_tells_nobody),
        cmocka_unit_test(test_handler_may_cut),
        cmocka_unit_test(test_freed_in_flight),
        cmocka_unit_test(test_same_seed_same_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
