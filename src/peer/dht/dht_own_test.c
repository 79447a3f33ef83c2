// SPDX-License-Identifier: MIT
// Tests of records among whole nodes: provided, found, published again, withdrawn; their bounds.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dht/nodes_test.h"

static void fill_with(void *self, uint8_t *out, size_t len)
{
    memset(out, *(const uint8_t *)self, len);
}

static void make_id(struct id *id, uint8_t seed)
{
    const struct entropy entropy = {fill_with, &seed};
    assert_int_equal(id_init(id, &entropy), RC_OK);
}

// Forty nodes that have joined; the first three may publish.
static void provider_network(struct nodes *net, struct id id[static 3])
{
    nodes_init(net);
    for (uint32_t i = 0; i < 40; i++) {
        struct dht_cfg cfg = nodes_cfg();
        const struct net_addr addr = nodes_public_addr(i);
        if (i < 3)
            make_id(&id[i], (uint8_t)(i + 1));
        cfg.id = i < 3 ? &id[i] : NULL;
        nodes_add(net, &addr, &cfg);
        dht_contact(net->node[i].dht, &net->node[0].addr);
    }
    nodes_run(net, 10 * NODES_S);
}

static void test_provide_and_find(void **state)
{
    (void)state;
    struct nodes net;
    struct id id[3];
    provider_network(&net, id);
    const struct digest object = hash_bytes(bytes_text("an object"));
    assert_int_equal(dht_provide(net.node[5].dht, &object, NULL), RC_REFUSED); // nobody
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(dht_provide(net.node[i].dht, &object, i == 1 ? &object : NULL), RC_OK);
    nodes_run(&net, 20 * NODES_S);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(nodes_stat(&net, i).own_published, 1);
    uint32_t op = dht_find_records(net.node[30].dht, &object, DHT_URGENT);
    assert_true(nodes_await(&net, 30, op));
    assert_int_equal(net.node[30].done_rc, RC_OK);
    assert_int_equal(net.node[30].records, 3); // though an answer to a stranger has room for none
    assert_true(digest_equal(&net.node[30].record.key, &object));
    assert_true(net.node[30].record.address_count == 1);
    // Eight hours later they are there again.
    const uint64_t before = nodes_stat(&net, 0).own_published;
    nodes_run(&net, 11 * 3600 * NODES_S);
    assert_int_equal(nodes_stat(&net, 0).own_published, before + 1);
    // Without their makers, and with half of all nodes gone, somebody still knows.
    for (uint32_t i = 0; i < 20; i++)
        net.node[i].is_down = true;
    nodes_run(&net, 600 * NODES_S);
    op = dht_find_records(net.node[35].dht, &object, 0);
    assert_true(nodes_await(&net, 35, op));
    assert_int_equal(net.node[35].records, 3);
    for (uint32_t i = 0; i < 3; i++)
        id_end(&id[i]);
    nodes_free(&net);
}

static bool count_more(void *self, struct in_flight *f)
{
    struct krpc m;
    uint32_t *count = self;
    if (krpc_decode(&m, bytes_of(f->bytes, f->len)) == RC_OK && m.method == KRPC_SH_GET)
        *count += m.token.at != NULL;
    return true;
}

// Some twenty nodes have all three records: three, one on each path, are asked for all of them.
static void test_few_are_asked_for_more(void **state)
{
    (void)state;
    struct nodes net;
    struct id id[3];
    provider_network(&net, id);
    const struct digest object = hash_bytes(bytes_text("an object"));
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(dht_provide(net.node[i].dht, &object, NULL), RC_OK);
    nodes_run(&net, 20 * NODES_S);
    uint32_t more = 0;
    net.spy = count_more;
    net.spy_self = &more;
    const uint32_t op = dht_find_records(net.node[30].dht, &object, 0);
    assert_true(nodes_await(&net, 30, op));
    assert_int_equal(net.node[30].records, 3);
    assert_true(more >= 3 && more <= 6);
    for (uint32_t i = 0; i < 3; i++)
        id_end(&id[i]);
    nodes_free(&net);
}

static void test_bounds_and_withdrawal(void **state)
{
    (void)state;
    struct nodes net;
    struct id id[3];
    provider_network(&net, id);
    struct dht *d = net.node[1].dht;
    for (uint8_t i = 0; i < 4; i++) { // own_max of a small node
        const struct digest object = hash_bytes(bytes_of(&i, 1));
        assert_int_equal(dht_provide(d, &object, NULL), RC_OK);
        assert_int_equal(dht_provide(d, &object, NULL), RC_OK); // the same once more
    }
    const struct digest fifth = hash_bytes(bytes_text("a fifth"));
    assert_int_equal(dht_provide(d, &fifth, NULL), RC_FULL);
    assert_int_equal(nodes_stat(&net, 1).own, 4);
    nodes_run(&net, 20 * NODES_S);
    assert_int_equal(nodes_stat(&net, 1).own_published, 4);
    const uint8_t first = 0;
    const struct digest object = hash_bytes(bytes_of(&first, 1));
    dht_unprovide(d, &object);
    dht_unprovide(d, &object); // harmless
    assert_int_equal(nodes_stat(&net, 1).own, 3);
    assert_int_equal(dht_provide(d, &fifth, NULL), RC_OK);
    nodes_run(&net, 20 * NODES_S);
    assert_int_equal(nodes_stat(&net, 1).own_published, 5);
    for (uint32_t i = 0; i < 3; i++)
        id_end(&id[i]);
    nodes_free(&net);
}

// Withdrawn while it is on its way out: the op ends by itself, and its place is not given away
// before that.
static void test_withdrawn_while_published(void **state)
{
    (void)state;
    struct nodes net;
    struct id id[3];
    provider_network(&net, id);
    struct dht *d = net.node[2].dht;
    const struct digest object = hash_bytes(bytes_text("an object"));
    assert_int_equal(dht_provide(d, &object, NULL), RC_OK);
    nodes_run(&net, WIRE_US / 2);
    dht_unprovide(d, &object);
    assert_int_equal(nodes_stat(&net, 2).own, 0);
    for (uint8_t i = 0; i < 3; i++) {
        const struct digest other = hash_bytes(bytes_of(&i, 1));
        assert_int_equal(dht_provide(d, &other, NULL), RC_OK);
    }
    const struct digest fourth = hash_bytes(bytes_text("a fourth"));
    assert_int_equal(dht_provide(d, &fourth, NULL), RC_FULL);
    nodes_run(&net, 30 * NODES_S);
    assert_int_equal(dht_provide(d, &fourth, NULL), RC_OK);
    nodes_run(&net, 30 * NODES_S);
    assert_int_equal(nodes_stat(&net, 2).own, 4);
    assert_int_equal(nodes_stat(&net, 2).own_failed, 0);
    for (uint32_t i = 0; i < 3; i++)
        id_end(&id[i]);
    nodes_free(&net);
}

// Who does not know the date publishes nothing, and does so as soon as it is told.
static void test_no_date_no_record(void **state)
{
    (void)state;
    struct nodes net;
    struct id id[3];
    provider_network(&net, id);
    struct dht_cfg cfg = nodes_cfg();
    cfg.id = &id[0];
    cfg.net = (struct net){nodes_send, &net.node[0]};
    struct arena *arena = arena_new(NODE_ARENA);
    struct dht *d = NULL;
    assert_int_equal(dht_new(&d, arena, &cfg, net.now_us), RC_OK);
    arena_free(net.node[0].arena);
    net.node[0].arena = arena;
    net.node[0].dht = d;
    dht_contact(d, &net.node[5].addr);
    const struct digest object = hash_bytes(bytes_text("an object"));
    assert_int_equal(dht_provide(d, &object, NULL), RC_OK);
    nodes_run(&net, 60 * NODES_S);
    assert_int_equal(nodes_stat(&net, 0).own_published, 0);
    assert_int_equal(nodes_stat(&net, 0).own_failed, 0);
    dht_wall(d, nodes_unix_s(&net), net.now_us);
    nodes_run(&net, 20 * NODES_S);
    assert_int_equal(nodes_stat(&net, 0).own_published, 1);
    for (uint32_t i = 0; i < 3; i++)
        id_end(&id[i]);
    nodes_free(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_provide_and_find),
        cmocka_unit_test(test_few_are_asked_for_more),
        cmocka_unit_test(test_bounds_and_withdrawal),
        cmocka_unit_test(test_withdrawn_while_published),
        cmocka_unit_test(test_no_date_no_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
