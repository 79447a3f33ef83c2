// SPDX-License-Identifier: MIT
// Tests of whole nodes that talk with one another: joining, finding, storing, liars, losses.
#include "dht/dht.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/seed_test.h"
#include "dht/mutants_test.h"
#include "dht/nodes_test.h"

static struct dht_id id_of_text(const char *text)
{
    const struct digest d = hash_bytes(bytes_text(text));
    return dht_id_of_name(&d);
}

static void test_small_is_small(void **state)
{
    (void)state;
    struct nodes net;
    nodes_network(&net, 1, false);
    struct dht_cfg cfg = nodes_cfg();
    print_message("a small node: %zu bytes, %zu of them its shelf\n", dht_bytes(net.node[0].dht),
                  shelf_bytes(&cfg.shelf));
    assert_true(dht_bytes(net.node[0].dht) <= 32768);
    nodes_free(&net);
}

static void test_join(void **state)
{
    (void)state;
    struct nodes net;
    nodes_network(&net, 20, false);
    nodes_run(&net, 5 * NODES_S);
    for (uint32_t i = 0; i < net.count; i++) {
        const struct dht_stat s = nodes_stat(&net, i);
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
    nodes_network(&net, 12, false);
    nodes_run(&net, 10 * NODES_S);
    for (uint32_t i = 0; i < net.count; i++) {
        const struct net_addr self = dht_self(net.node[i].dht);
        assert_true(net_addr_equal(&self, &net.node[i].addr));
        assert_true(dht_id_fits(dht_own_id(net.node[i].dht), &net.node[i].addr));
        assert_int_equal(nodes_stat(&net, i).ids, 1);
        assert_int_equal(net.node[i].selves, 1);
    }
    nodes_free(&net);
}

static void test_announce_and_find(void **state)
{
    (void)state;
    struct nodes net;
    nodes_network(&net, 30, false);
    nodes_run(&net, 10 * NODES_S);
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

// ---- BEP 44

static const char text_value[] = "12:Hello World!";

static void test_immutable(void **state)
{
    (void)state;
    struct nodes net;
    nodes_network(&net, 30, false);
    nodes_run(&net, 10 * NODES_S);
    const struct item item = {.v = bytes_text(text_value)};
    const struct dht_id target = item_target(&item);
    uint32_t op = dht_get(net.node[9].dht, &target, 0);
    assert_true(nodes_await(&net, 9, op));
    assert_int_equal(net.node[9].done_rc, RC_ABSENT);
    op = dht_put(net.node[4].dht, &item, DHT_NO_CAS, 0);
    assert_true(nodes_await(&net, 4, op));
    assert_int_equal(net.node[4].done_rc, RC_OK);
    assert_int_equal(net.node[4].counts.stored, 8);
    op = dht_get(net.node[25].dht, &target, DHT_URGENT);
    assert_true(nodes_await(&net, 25, op));
    assert_int_equal(net.node[25].done_rc, RC_OK);
    assert_int_equal(net.node[25].items, 1);
    assert_int_equal(net.node[25].value_len, strlen(text_value));
    assert_memory_equal(net.node[25].value, text_value, strlen(text_value));
    const struct item none = {.v = bytes_text("no bencoding")};
    assert_int_equal(dht_put(net.node[4].dht, &none, DHT_NO_CAS, 0), 0);
    nodes_free(&net);
}

struct author {
    struct sign_key *key;
    struct sign_public public;
    struct signature signature;
};

static struct item signed_item(struct author *a, const char *salt, int64_t seq, const char *value)
{
    static const uint8_t seed[SIGN_SEED_BYTES] = {7};
    struct item i = {.v = bytes_text(value), .salt = bytes_text(salt), .seq = seq};
    if (a->key == NULL)
        assert_int_equal(sign_key_new(&a->key, seed), RC_OK);
    assert_int_equal(item_sign(&i, a->key, &a->public, &a->signature), RC_OK);
    return i;
}

static enum rc put(struct nodes *net, uint32_t who, const struct item *item, int64_t cas)
{
    const uint32_t op = dht_put(net->node[who].dht, item, cas, 0);
    assert_true(nodes_await(net, who, op));
    return net->node[who].done_rc;
}

static enum rc get_mutable(struct nodes *net, uint32_t who, const struct author *a,
                           const char *salt)
{
    net->node[who].items = 0;
    const uint32_t op = dht_get_mutable(net->node[who].dht, &a->public, bytes_text(salt), 0);
    assert_true(nodes_await(net, who, op));
    return net->node[who].done_rc;
}

static void test_mutable(void **state)
{
    (void)state;
    struct nodes net;
    struct author a = {0};
    nodes_network(&net, 30, false);
    nodes_run(&net, 10 * NODES_S);
    struct item item = signed_item(&a, "head", 1000, "3:one");
    assert_int_equal(put(&net, 2, &item, DHT_NO_CAS), RC_OK);
    assert_int_equal(get_mutable(&net, 22, &a, "head"), RC_OK);
    assert_int_equal(net.node[22].seq, 1000);
    assert_int_equal(get_mutable(&net, 22, &a, "other"), RC_ABSENT);
    item = signed_item(&a, "head", 2000, "3:two");
    assert_int_equal(put(&net, 3, &item, 999), RC_REFUSED); // cas: nobody has 999
    assert_int_equal(put(&net, 3, &item, 1000), RC_OK);
    assert_int_equal(get_mutable(&net, 22, &a, "head"), RC_OK);
    assert_int_equal(net.node[22].seq, 2000);
    assert_memory_equal(net.node[22].value, "3:two", 5);
    item = signed_item(&a, "head", 1500, "3:old");
    assert_int_equal(put(&net, 4, &item, DHT_NO_CAS), RC_REFUSED);
    sign_key_free(a.key);
    nodes_free(&net);
}

// What was seen once cannot be taken back: a network that only knows the old item is not believed.
static void test_no_way_back(void **state)
{
    (void)state;
    struct nodes net;
    struct author a = {0};
    nodes_network(&net, 20, false);
    nodes_run(&net, 10 * NODES_S);
    const struct item new = signed_item(&a, "", 2000, "3:new");
    assert_int_equal(put(&net, 2, &new, DHT_NO_CAS), RC_OK);
    assert_int_equal(get_mutable(&net, 7, &a, ""), RC_OK);
    for (uint32_t i = 0; i < net.count; i++) // everybody else begins anew
        if (i != 7) {
            const struct dht_cfg cfg = nodes_cfg();
            nodes_begin(&net, i, &cfg);
            dht_contact(net.node[i].dht, &net.node[7].addr);
        }
    nodes_run(&net, 60 * NODES_S);
    const struct item old = signed_item(&a, "", 1000, "3:old");
    assert_int_equal(put(&net, 2, &old, DHT_NO_CAS), RC_OK);
    assert_int_equal(get_mutable(&net, 9, &a, ""), RC_OK); // who does not know better
    assert_int_equal(net.node[9].seq, 1000);
    (void)get_mutable(&net, 7, &a, ""); // nothing, or the new one from somebody who kept it
    assert_true(net.node[7].items == 0 || net.node[7].seq == 2000);
    sign_key_free(a.key);
    nodes_free(&net);
}

// ---- Lies

struct lies {
    struct nodes *net;
    unsigned kind;
    uint32_t from; // nodes from here on lie
    struct rng dice;
};

enum { LIE_ID, LIE_NODES, LIE_TRANSACTION, LIE_VALUE, LIE_KINDS };

static bool lie(void *self, struct in_flight *f)
{
    struct lies *l = self;
    const struct test_node *n = nodes_at(l->net, &f->from);
    struct krpc m;
    uint8_t nodes_at_[8 * KRPC_NODE4_BYTES];
    struct buffer nodes = buffer_of(nodes_at_, sizeof nodes_at_);
    uint8_t bytes[KRPC_BYTES_MAX];
    struct buffer b = buffer_of(bytes, sizeof bytes);
    if (n == NULL || (uint32_t)(n - l->net->node) < l->from ||
        krpc_decode(&m, bytes_of(f->bytes, f->len)) != RC_OK || m.kind != KRPC_REPLY)
        return true;
    for (unsigned i = 0; i < 8; i++) { // nobody lives there
        struct krpc_node node = {.addr =
                                     net_addr_ip4((uint32_t)rng_u64(&l->dice) >> 3 | 1 << 28, 9)};
        node.id = dht_id_random(&l->dice);
        memcpy(node.id.b, m.id.b, 4);
        krpc_node_put(&nodes, &node);
    }
    switch (l->kind) {
    case LIE_ID:
        m.id = dht_id_random(&l->dice);
        break;
    case LIE_NODES:
        m.nodes = buffer_bytes(&nodes);
        break;
    case LIE_TRANSACTION:
        m.transaction = bytes_text("abcd");
        break;
    default:
        m.v = bytes_text("5:wrong");
        break;
    }
    krpc_encode(&b, &m);
    assert_false(b.is_full);
    memcpy(f->bytes, bytes, b.len);
    f->len = b.len;
    return true;
}

static void test_liars(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < LIE_KINDS; kind++) {
        struct nodes net;
        nodes_network(&net, 40, false);
        nodes_run(&net, 10 * NODES_S);
        struct lies l = {&net, kind, 28, rng_seeded(kind)}; // three of ten
        net.spy = lie;
        net.spy_self = &l;
        const struct item item = {.v = bytes_text(text_value)};
        const struct dht_id target = item_target(&item);
        assert_int_equal(put(&net, 3, &item, DHT_NO_CAS), RC_OK);
        unsigned found = 0;
        for (uint32_t i = 8; i < 28; i++) {
            const uint32_t op = dht_get(net.node[i].dht, &target, 0);
            assert_true(nodes_await(&net, i, op));
            found += net.node[i].done_rc == RC_OK;
            if (net.node[i].items > 0)
                assert_memory_equal(net.node[i].value, text_value, strlen(text_value));
        }
        assert_true(found >= 19);
        uint64_t caught = 0;
        for (uint32_t i = 0; i < 28; i++) {
            const struct dht_stat s = nodes_stat(&net, i);
            caught += s.bad_nodes + s.bad_values + s.answers_unasked + s.timeouts;
        }
        assert_true(caught > 10);
        nodes_free(&net);
    }
}

static void test_unasked_answers(void **state)
{
    (void)state;
    struct nodes net;
    nodes_network(&net, 2, false);
    nodes_run(&net, 5 * NODES_S);
    const struct dht_stat before = nodes_stat(&net, 0);
    struct rng dice = rng_seeded(9);
    for (uint32_t i = 0; i < 1000; i++) {
        uint8_t transaction[4];
        uint8_t bytes[KRPC_BYTES];
        struct buffer b = buffer_of(bytes, sizeof bytes);
        struct buffer t = buffer_of(transaction, sizeof transaction);
        buffer_u32(&t, (uint32_t)rng_u64(&dice));
        struct krpc m = {.kind = KRPC_REPLY, .transaction = buffer_bytes(&t)};
        const struct net_addr from = nodes_public_addr(i % 40);
        m.id = dht_id_of_addr(&from, &dice);
        krpc_encode(&b, &m);
        dht_input(net.node[0].dht, &from, buffer_bytes(&b), net.now_us);
    }
    const struct dht_stat s = nodes_stat(&net, 0);
    assert_int_equal(s.answers_unasked, before.answers_unasked + 1000);
    assert_int_equal(s.contacts_good, before.contacts_good);
    nodes_free(&net);
}

// ---- What breaks

static void test_dead_contacts(void **state)
{
    (void)state;
    struct nodes net;
    nodes_network(&net, 40, false);
    nodes_run(&net, 10 * NODES_S);
    const struct dht_id key = id_of_text("a room");
    uint32_t op = dht_announce(net.node[1].dht, &key, 0, 0);
    assert_true(nodes_await(&net, 1, op));
    for (uint32_t i = 30; i < 40; i++)
        net.node[i].is_down = true;
    op = dht_find_peers(net.node[7].dht, &key, DHT_URGENT);
    assert_true(nodes_await(&net, 7, op));
    assert_int_equal(net.node[7].done_rc, RC_OK);
    assert_true(net.node[7].counts.time_us < 1000000); // nobody waited for the dead
    nodes_run(&net, 3600 * NODES_S);                   // and after an hour nobody hands them out
    struct dht_stat s = nodes_stat(&net, 7);
    assert_true(s.contacts_good + s.contacts_questionable <= 29);
    nodes_free(&net);
}

static void test_partition_and_rejoin(void **state)
{
    (void)state;
    struct nodes net;
    nodes_network(&net, 20, false);
    nodes_run(&net, 10 * NODES_S);
    for (uint32_t i = 10; i < 20; i++)
        net.node[i].side = 1;
    nodes_run(&net, 2 * 3600 * NODES_S);
    for (uint32_t i = 0; i < 20; i++) {
        const struct dht_stat s = nodes_stat(&net, i);
        assert_true(s.contacts_good >= 5 && s.contacts_good <= 9);
    }
    // Alone: the network is gone for it.
    net.node[15].side = 2;
    nodes_run(&net, 2 * 3600 * NODES_S);
    assert_int_equal(net.node[15].responds, 2);
    for (uint32_t i = 0; i < 20; i++)
        net.node[i].side = 0;
    dht_contact(net.node[15].dht, &net.node[0].addr); // one that knows both
    nodes_run(&net, 600 * NODES_S);
    assert_int_equal(net.node[15].responds, 1);
    nodes_free(&net);
}

static void test_woken(void **state)
{
    (void)state;
    struct nodes net;
    nodes_network(&net, 12, false);
    nodes_run(&net, 10 * NODES_S);
    net.node[4].is_down = true;
    nodes_run(&net, 3 * 3600 * NODES_S);
    net.node[4].is_down = false;
    dht_woke(net.node[4].dht, net.now_us);
    const uint64_t before = net.datagrams;
    nodes_run(&net, 2 * NODES_S);
    assert_true(net.datagrams > before + 10);
    assert_true(nodes_stat(&net, 4).contacts_good >= 8);
    nodes_free(&net);
}

static void test_id_follows_the_address(void **state)
{
    (void)state;
    struct nodes net;
    nodes_network(&net, 15, false);
    nodes_run(&net, 10 * NODES_S);
    const struct dht_id before = *dht_own_id(net.node[3].dht);
    net.node[3].addr = net_addr_ip4(0x70010203, 1234);
    dht_woke(net.node[3].dht, net.now_us);
    nodes_run(&net, 10 * NODES_S);
    const struct net_addr self = dht_self(net.node[3].dht);
    assert_true(net_addr_equal(&self, &net.node[3].addr));
    assert_false(dht_id_equal(&before, dht_own_id(net.node[3].dht)));
    assert_true(dht_id_fits(dht_own_id(net.node[3].dht), &self));
    assert_int_equal(net.node[3].selves, 2);
    nodes_free(&net);
}

static void test_save_and_load(void **state)
{
    (void)state;
    static uint8_t at[DHT_SAVE_BYTES_MAX];
    struct nodes net;
    nodes_network(&net, 20, false);
    nodes_run(&net, 10 * NODES_S);
    struct buffer b = buffer_of(at, sizeof at);
    assert_true(dht_save(net.node[9].dht, &b));
    const struct dht_cfg cfg = nodes_cfg();
    nodes_begin(&net, 9, &cfg); // it knows nobody
    nodes_run(&net, 5 * NODES_S);
    assert_int_equal(nodes_stat(&net, 9).contacts_good, 0);
    assert_int_equal(dht_load(net.node[9].dht, bytes_of(at, b.len - 1)), RC_MALFORMED);
    assert_int_equal(dht_load(net.node[9].dht, bytes_text("shoal dht 2\n")), RC_MALFORMED);
    assert_int_equal(dht_load(net.node[9].dht, buffer_bytes(&b)), RC_OK);
    nodes_run(&net, 5 * NODES_S);
    assert_true(nodes_stat(&net, 9).contacts_good >= 10);
    struct buffer small = buffer_of(at, 100);
    assert_false(dht_save(net.node[9].dht, &small));
    nodes_free(&net);
}

static void test_lan(void **state)
{
    (void)state;
    struct nodes net;
    nodes_network(&net, 10, true); // private addresses, one /24: as good as any
    nodes_run(&net, 5 * NODES_S);
    for (uint32_t i = 0; i < net.count; i++)
        assert_true(nodes_stat(&net, i).contacts_good >= 5);
    nodes_run(&net, 5 * NODES_S);
    for (uint32_t i = 0; i < net.count; i++)
        assert_true(nodes_stat(&net, i).contacts_good >= 8); // k are enough
    nodes_free(&net);
}

static void test_ip6(void **state)
{
    (void)state;
    struct nodes net;
    nodes_init(&net);
    struct dht_cfg cfg = nodes_cfg();
    cfg.has_ip4 = false;
    cfg.has_ip6 = true;
    for (uint32_t i = 0; i < 16; i++) {
        struct net_addr addr = {.ip = {0x20, 1, (uint8_t)i, 1, 2, 3}, .port = 7000};
        addr.ip[15] = 1;
        nodes_add(&net, &addr, &cfg);
        if (i > 0)
            dht_contact(net.node[i].dht, &net.node[0].addr);
    }
    nodes_run(&net, 10 * NODES_S);
    const struct dht_id key = id_of_text("a room");
    uint32_t op = dht_announce(net.node[1].dht, &key, 0, 0);
    assert_true(nodes_await(&net, 1, op));
    op = dht_find_peers(net.node[12].dht, &key, 0);
    assert_true(nodes_await(&net, 12, op));
    assert_int_equal(net.node[12].peers, 1);
    assert_true(net_addr_equal(&net.node[12].peer[0], &net.node[1].addr));
    assert_true(dht_id_fits(dht_own_id(net.node[5].dht), &net.node[5].addr));
    nodes_free(&net);
}

// ---- Ops and bounds

static void test_ops_end(void **state)
{
    (void)state;
    struct nodes net;
    nodes_network(&net, 3, false);
    nodes_run(&net, 5 * NODES_S);
    struct dht *d = net.node[1].dht;
    uint32_t op = dht_ping(d, &net.node[2].addr);
    assert_true(nodes_await(&net, 1, op));
    assert_int_equal(net.node[1].pongs, 1);
    op = dht_ping(d, &(struct net_addr){.ip = {0x20, 1}, .port = 1}); // no such family here
    assert_int_equal(op, 0);
    const struct net_addr nobody = net_addr_ip4(0x70000001, 9);
    op = dht_ping(d, &nobody);
    assert_true(nodes_await(&net, 1, op));
    assert_int_equal(net.node[1].done_rc, RC_TIMEOUT);
    const struct dht_id key = id_of_text("k");
    op = dht_announce(net.node[2].dht, &key, 5, 0);
    assert_true(nodes_await(&net, 2, op));
    op = dht_sample(d, &net.node[0].addr, &key);
    assert_true(nodes_await(&net, 1, op));
    assert_int_equal(net.node[1].samples, 1);
    unsigned begun = 0;
    while (begun < 100 && (op = dht_find_peers(d, &key, 0)) != 0)
        begun++;
    assert_int_equal(begun, 3); // ops_max
    dht_cancel(d, op - 1);
    nodes_run(&net, 10 * NODES_S);
    assert_int_not_equal(dht_find_peers(d, &key, 0), 0);
    nodes_free(&net);
}

static void test_source_limit(void **state)
{
    (void)state;
    struct nodes net;
    nodes_network(&net, 2, false);
    nodes_run(&net, 30 * NODES_S);
    const struct dht_stat before = nodes_stat(&net, 0);
    struct krpc m = {.kind = KRPC_QUERY, .method = KRPC_PING, .transaction = bytes_text("aa")};
    uint8_t bytes[KRPC_BYTES];
    struct buffer b = buffer_of(bytes, sizeof bytes);
    krpc_encode(&b, &m);
    const struct net_addr flooder = net_addr_ip4(0x50607080, 99);
    for (unsigned i = 0; i < 1000; i++)
        dht_input(net.node[0].dht, &flooder, buffer_bytes(&b), net.now_us + i * 1000);
    const struct dht_stat s = nodes_stat(&net, 0);
    const uint64_t answers = s.answers_out - before.answers_out;
    assert_true(answers >= 118 && answers <= 122); // 100 at once and 20 in that second
    assert_int_equal(s.dropped_source - before.dropped_source, 1000 - answers);
    net.now_us += NODES_S;
    nodes_free(&net);
}

static uint64_t quiet_bytes(bool is_metered, uint64_t *packets)
{
    struct nodes net;
    nodes_init(&net);
    struct dht_cfg cfg = nodes_cfg();
    cfg.is_metered = is_metered;
    for (uint32_t i = 0; i < 50; i++) {
        const struct net_addr addr = nodes_public_addr(i);
        nodes_add(&net, &addr, &cfg);
        dht_contact(net.node[i].dht, &net.node[0].addr);
    }
    nodes_run(&net, 600 * NODES_S);
    const uint64_t bytes = net.bytes;
    *packets = net.datagrams;
    nodes_run(&net, 6 * 3600 * NODES_S);
    *packets = (net.datagrams - *packets) * 2 / 50 / 360; // a minute; each is sent and received
    const uint64_t day = (net.bytes - bytes) * 2 / 50 * 4;
    nodes_free(&net);
    return day;
}

static void test_idle_traffic(void **state)
{
    (void)state;
    uint64_t packets;
    uint64_t day = quiet_bytes(false, &packets);
    print_message("idle: %llu bytes a day, %llu packets a minute, both ways\n",
                  (unsigned long long)day, (unsigned long long)packets);
    assert_true(day <= 5000000 && packets <= 60);
    day = quiet_bytes(true, &packets);
    print_message("metered: %llu bytes a day\n", (unsigned long long)day);
    assert_true(day <= 1000000);
}

static void test_same_seed_same_bytes(void **state)
{
    (void)state;
    uint64_t bytes[2];
    uint64_t datagrams[2];
    for (unsigned i = 0; i < 2; i++) {
        struct nodes net;
        nodes_network(&net, 25, false);
        nodes_run(&net, 1200 * NODES_S);
        bytes[i] = net.bytes;
        datagrams[i] = net.datagrams;
        nodes_free(&net);
    }
    assert_int_equal(bytes[0], bytes[1]);
    assert_int_equal(datagrams[0], datagrams[1]);
}

struct flood {
    struct dht *d;
    uint64_t now_us;
};

static void feed(void *self, struct bytes packet)
{
    struct flood *f = self;
    struct dht_event e;
    const struct net_addr from = nodes_public_addr((uint32_t)(f->now_us / 1000 % 200));
    f->now_us += 1000;
    dht_input(f->d, &from, packet, f->now_us);
    if (dht_due_us(f->d) <= f->now_us)
        dht_tick(f->d, f->now_us);
    while (dht_next(f->d, &e))
        continue;
}

static void drop(void *self, const struct net_addr *to, struct bytes datagram)
{
    (void)self;
    assert_true(net_addr_is_host(to) && datagram.len <= KRPC_BYTES_MAX);
}

static void test_mutants(void **state)
{
    (void)state;
    const char *given = getenv("MUTANTS");
    const size_t count = given != NULL ? strtoul(given, NULL, 10) : 1000000;
    struct arena *arena = arena_new((size_t)1 << 16);
    struct dht_cfg cfg = nodes_cfg();
    struct flood f = {.now_us = 1000};
    cfg.net.send = drop;
    cfg.seed = 3;
    cfg.queries_s_max = DHT_NO_LIMIT;
    assert_int_equal(dht_new(&f.d, arena, &cfg, f.now_us), RC_OK);
    const size_t before = arena_used_bytes(arena);
    mutants_feed(test_seed(), count, feed, &f);
    dht_check(f.d);
    assert_int_equal(arena_used_bytes(arena), before);
    struct dht_stat s;
    dht_stat(f.d, &s);
    assert_true(s.in_packets == count && s.answers_out > count / 100 && s.malformed > count / 10);
    arena_free(arena);
}

static void test_no_memory(void **state)
{
    (void)state;
    struct dht_cfg cfg = nodes_cfg();
    struct dht *d;
    cfg.net.send = drop;
    for (size_t bytes = 0; bytes < 40000; bytes += 1000) {
        struct arena *arena = arena_new(bytes);
        if (arena == NULL)
            continue;
        const enum rc rc = dht_new(&d, arena, &cfg, 1);
        assert_true(rc == RC_OK || (rc == RC_NOMEM && d == NULL));
        arena_free(arena);
    }
    struct arena *arena = arena_new((size_t)1 << 20);
    cfg.contacts_max = DHT_CONTACTS_MAX + 1;
    assert_int_equal(dht_new(&d, arena, &cfg, 1), RC_CONFIG);
    cfg = nodes_cfg();
    cfg.has_ip4 = false;
    assert_int_equal(dht_new(&d, arena, &cfg, 1), RC_CONFIG);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_is_small),
        cmocka_unit_test(test_join),
        cmocka_unit_test(test_own_address_is_learned),
        cmocka_unit_test(test_announce_and_find),
        cmocka_unit_test(test_immutable),
        cmocka_unit_test(test_mutable),
        cmocka_unit_test(test_no_way_back),
        cmocka_unit_test(test_liars),
        cmocka_unit_test(test_unasked_answers),
        cmocka_unit_test(test_dead_contacts),
        cmocka_unit_test(test_partition_and_rejoin),
        cmocka_unit_test(test_woken),
        cmocka_unit_test(test_id_follows_the_address),
        cmocka_unit_test(test_save_and_load),
        cmocka_unit_test(test_lan),
        cmocka_unit_test(test_ip6),
        cmocka_unit_test(test_ops_end),
        cmocka_unit_test(test_source_limit),
        cmocka_unit_test(test_idle_traffic),
        cmocka_unit_test(test_same_seed_same_bytes),
        cmocka_unit_test(test_mutants),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
