// SPDX-License-Identifier: MIT
// Tests of whole nodes that talk with one another: joining, finding, storing, liars, losses.
#include "dht/dht.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dht/nodes_test.h"

#define S UINT64_C(1000000)

static struct net_addr public_addr(uint32_t i)
{
    return net_addr_ip4((20 + i) << 24 | (i * 7 + 1) << 16 | 0x0101, (uint16_t)(6000 + i));
}

static struct net_addr private_addr(uint32_t i)
{
    return net_addr_ip4(0x0a000001 + i, (uint16_t)(6000 + i));
}

static struct dht_cfg plain(void)
{
    struct dht_cfg cfg = dht_cfg_small();
    cfg.has_ip4 = true;
    return cfg;
}

// `count` nodes that know the first one.
static void network(struct nodes *net, uint32_t count, bool is_private)
{
    nodes_init(net);
    const struct dht_cfg cfg = plain();
    for (uint32_t i = 0; i < count; i++) {
        const struct net_addr addr = is_private ? private_addr(i) : public_addr(i);
        nodes_add(net, &addr, &cfg);
        if (i > 0)
            dht_contact(net->node[i].dht, &net->node[0].addr);
    }
}

static struct dht_stat stat_of(struct nodes *net, uint32_t i)
{
    struct dht_stat s;
    dht_stat(net->node[i].dht, &s);
    return s;
}

static struct dht_id id_of_text(const char *text)
{
    const struct digest d = hash_bytes(bytes_text(text));
    return dht_id_of_name(&d);
}

static void test_small_is_small(void **state)
{
    (void)state;
    struct nodes net;
    network(&net, 1, false);
    struct dht_cfg cfg = plain();
    print_message("a small node: %zu bytes, %zu of them its shelf\n", dht_bytes(net.node[0].dht),
                  shelf_bytes(&cfg.shelf));
    assert_true(dht_bytes(net.node[0].dht) <= 32768);
    nodes_free(&net);
}

static void test_join(void **state)
{
    (void)state;
    struct nodes net;
    network(&net, 20, false);
    nodes_run(&net, 5 * S);
    for (uint32_t i = 0; i < net.count; i++) {
        const struct dht_stat s = stat_of(&net, i);
        assert_true(s.contacts_good >= 10);
        assert_int_equal(net.node[i].responds, 1);
        assert_int_equal(s.answers_unasked, 0);
        assert_int_equal(s.malformed, 0);
    }
    nodes_free(&net);
}

static void test_own_address_is_learned(void **state)
{
    (void)state;
    struct nodes net;
    network(&net, 12, false);
    nodes_run(&net, 10 * S);
    for (uint32_t i = 0; i < net.count; i++) {
        const struct net_addr self = dht_self(net.node[i].dht);
        assert_true(net_addr_equal(&self, &net.node[i].addr));
        assert_true(dht_id_fits(dht_own_id(net.node[i].dht), &net.node[i].addr));
        assert_int_equal(stat_of(&net, i).ids, 1);
        assert_int_equal(net.node[i].selves, 1);
    }
    nodes_free(&net);
}

static void test_announce_and_find(void **state)
{
    (void)state;
    struct nodes net;
    network(&net, 30, false);
    nodes_run(&net, 10 * S);
    const struct dht_id key = id_of_text("a room");
    uint32_t op = dht_find_peers(net.node[3].dht, &key, 0);
    assert_true(nodes_await(&net, 3, op));
    assert_int_equal(net.node[3].done_rc, RC_ABSENT);
    op = dht_announce(net.node[5].dht, &key, 0, 0);
    assert_true(nodes_await(&net, 5, op));
    assert_int_equal(net.node[5].done_rc, RC_OK);
    assert_int_equal(net.node[5].counts.stored, 8);
    op = dht_announce(net.node[6].dht, &key, 777, 0);
    assert_true(nodes_await(&net, 6, op));
    op = dht_find_peers(net.node[20].dht, &key, DHT_URGENT);
    assert_true(nodes_await(&net, 20, op));
    const struct test_node *n = &net.node[20];
    assert_int_equal(n->done_rc, RC_OK);
    assert_int_equal(n->peers, 2);
    assert_true(n->counts.queries <= 25);
    struct net_addr six = net.node[6].addr;
    six.port = 777;
    const bool is_first = net_addr_equal(&n->peer[0], &six);
    assert_true(net_addr_equal(&n->peer[is_first], &net.node[5].addr));
    assert_true(net_addr_equal(&n->peer[!is_first], &six));
    nodes_free(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_is_small),
        cmocka_unit_test(test_join),
        cmocka_unit_test(test_own_address_is_learned),
        cmocka_unit_test(test_announce_and_find),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
