// SPDX-License-Identifier: MIT
// The day's key, and that nodes who know nobody of their kind find one another by it.
#include "dht/entry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "dht/nodes_test.h"

static void dates(void **state)
{
    (void)state;
    static const struct {
        uint64_t unix_s;
        const char *date;
    } known[] = {
        {0, "1970-01-01"},          {86399, "1970-01-01"},      {86400, "1970-01-02"},
        {951782399, "2000-02-28"},  {951782400, "2000-02-29"},  {951868800, "2000-03-01"},
        {1709164800, "2024-02-29"}, {1735689599, "2024-12-31"}, {1735689600, "2025-01-01"},
        {4107542400, "2100-03-01"}, {4107542399, "2100-02-28"}, {253402300799, "9999-12-31"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
        char date[ENTRY_TEXT_BYTES];
        entry_date(known[i].unix_s, date);
        assert_string_equal(date, known[i].date);
    }
}

static void a_key_for_each_day(void **state)
{
    (void)state;
    // printf 'shoal net 12026-11-27' | sha256sum | cut -c1-40
    static const uint8_t known[DHT_ID_BYTES] = {0xa9, 0x1e, 0xf2, 0x81, 0x27, 0x3f, 0x85,
                                                0x42, 0x00, 0xe5, 0xf0, 0xc1, 0xba, 0x30,
                                                0x43, 0x5e, 0x8c, 0x14, 0x96, 0x86};
    const struct dht_id key = entry_key(1795737600);
    const struct dht_id late = entry_key(1795737600 + 86399);
    const struct dht_id next = entry_key(1795737600 + 86400);
    assert_memory_equal(key.b, known, sizeof known);
    assert_true(dht_id_equal(&key, &late));
    assert_false(dht_id_equal(&key, &next));
}

struct party {
    struct nodes net;
    struct entry entry[NODES_MAX];
    struct net_addr pinged; // by node 1, last
};

static bool hear(void *self, struct test_node *n, const struct dht_event *e)
{
    struct party *p = self;
    return entry_event(&p->entry[n - p->net.node], n->dht, e);
}

static void run_for(struct party *p, uint64_t us)
{
    for (const uint64_t until = p->net.now_us + us; p->net.now_us < until;) {
        for (uint32_t i = 0; i < p->net.count; i++)
            entry_tick(&p->entry[i], p->net.node[i].dht, nodes_unix_s(&p->net), p->net.now_us);
        nodes_run(&p->net, 1000000);
    }
}

static bool sees_pings(void *self, struct in_flight *f)
{
    struct party *p = self;
    struct krpc m;
    if (krpc_decode(&m, bytes_of(f->bytes, f->len)) != RC_OK)
        return true;
    if (net_addr_equal(&f->from, &p->net.node[1].addr) && m.kind == KRPC_QUERY &&
        m.method == KRPC_PING)
        p->pinged = f->to;
    return true;
}

// Node 1 only looks; node 2 alone announces. Node 1 pings whom it is told of, and nobody else is
// told of either.
static void who_looks_finds_who_announced(void **state)
{
    (void)state;
    struct party *p = calloc(1, sizeof *p);
    assert_non_null(p);
    nodes_init(&p->net);
    p->net.ear = hear;
    p->net.ear_self = p;
    struct dht_cfg cfg = dht_cfg_small();
    cfg.has_ip4 = true;
    for (unsigned i = 0; i < 4; i++) { // too few for any to have enough
        const struct net_addr at = net_addr_ip4(0x0a000001u + i, 6881);
        (void)nodes_add(&p->net, &at, &cfg);
        entry_init(&p->entry[i], i == 2, i, p->net.now_us);
        if (i > 0)
            dht_contact(p->net.node[i].dht, &p->net.node[0].addr);
    }
    assert_true(entry_due_us(&p->entry[1]) == p->net.now_us + ENTRY_FIRST_US);
    run_for(p, 60000000);
    const struct dht_id key = entry_key(nodes_unix_s(&p->net));
    const uint32_t op = dht_find_peers(p->net.node[3].dht, &key, 0);
    assert_true(nodes_await(&p->net, 3, op));
    assert_int_equal(p->net.node[3].peers, 1);
    assert_true(net_addr_equal(&p->net.node[3].peer[0], &p->net.node[2].addr));
    p->net.spy = sees_pings;
    p->net.spy_self = p;
    p->pinged = p->net.node[1].addr;
    const uint64_t due = entry_due_us(&p->entry[1]);
    assert_true(due > p->net.now_us + ENTRY_EVERY_US / 2);
    run_for(p, due - p->net.now_us + 5000000);
    assert_true(net_addr_equal(&p->pinged, &p->net.node[2].addr));
    assert_int_equal(p->entry[1].op, 0); // all is over
    for (unsigned i = 0; i < ENTRY_PINGS; i++)
        assert_int_equal(p->entry[1].ping[i], 0);
    assert_int_equal(p->net.node[1].pongs, 0); // nobody else heard of it
    nodes_free(&p->net);
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates),
        cmocka_unit_test(a_key_for_each_day),
        cmocka_unit_test(who_looks_finds_who_announced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
