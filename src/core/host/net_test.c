// SPDX-License-Identifier: MIT
// Addresses against the forms and blocks of the RFCs that name them.
#include "host/net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"

static struct net_addr parsed(const char *text)
{
    struct net_addr a;
    assert_true(net_addr_parse(&a, text));
    return a;
}

static void texts_come_back(void **state)
{
    (void)state;
    static const char *const same[] = {
        "192.0.2.1:6881",    "0.0.0.0:0",        "255.255.255.255:65535", "[2001:db8::1]:6881",
        "[::1]:1",           "[::]:0",           "[2001:db8:0:1::]:9",    "[1:2:3:4:5:6:7:8]:7",
        "[2001:0:0:1::1]:1", "[fe80::a:0:0:b]:5"};
    static const char *const other[][2] = {
        {"[2001:DB8:0:0:0:0:0:1]:6881", "[2001:db8::1]:6881"},
        {"[0:0:1:0:0:0:0:0]:1", "[0:0:1::]:1"},
        {"[1:0:2:0:3:0:4:0]:1", "[1:0:2:0:3:0:4:0]:1"}, // one group is no gap
        {"[0:0:0:0:0:ffff:c000:201]:80", "192.0.2.1:80"},
    };
    char text[NET_ADDR_TEXT_BYTES];
    for (size_t i = 0; i < ARRAY_COUNT(same); i++) {
        const struct net_addr a = parsed(same[i]);
        net_addr_text(&a, text);
        assert_string_equal(text, same[i]);
        const struct net_addr b = parsed(text);
        assert_true(net_addr_equal(&a, &b));
    }
    for (size_t i = 0; i < ARRAY_COUNT(other); i++) {
        const struct net_addr a = parsed(other[i][0]);
        net_addr_text(&a, text);
        assert_string_equal(text, other[i][1]);
    }
}

static void other_texts_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "1.2.3.4",
        "1.2.3:4",
        "1.2.3.4:",
        "1.2.3.4:65536",
        "1.2.3.256:1",
        "01.2.3.4:1",
        "1.2.3.4:01",
        " 1.2.3.4:1",
        "1.2.3.4:1 ",
        "1.2.3.4.5:1",
        "[::1]",
        "[::1:1",
        "[]:1",
        "[1:2:3:4:5:6:7]:1",
        "[:1::]:1",
        "[1::2::3]:1",
        "[:::]:1",
        "[1:2:3:4:5:6:7:8:9]:1",
        "[12345::]:1",
        "[g::]:1",
        "[1:2:3:4:5:6:7:]:1",
        "::1:1",
        "localhost:80",
        "[::1%lo]:1",
        "[1::2:]:1",
        "-1.2.3.4:1",
        "1.2.3.4:-1",
    };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        struct net_addr a = net_addr_ip4(0x01020304, 5);
        if (net_addr_parse(&a, bad[i]))
            fail_msg("taken: %s", bad[i]);
        assert_int_equal(a.port, 5);
    }
}

static void compact_forms(void **state)
{
    (void)state;
    static const char *const texts[] = {"192.0.2.1:6881", "[2001:db8::1]:258"};
    static const size_t lens[] = {NET_COMPACT4_BYTES, NET_COMPACT6_BYTES};
    for (size_t i = 0; i < 2; i++) {
        uint8_t room[NET_COMPACT6_BYTES];
        struct buffer b = buffer_of(room, sizeof room);
        const struct net_addr a = parsed(texts[i]);
        struct net_addr back;
        net_addr_put(&b, &a);
        assert_int_equal(b.len, lens[i]);
        assert_true(net_addr_get(&back, buffer_bytes(&b)));
        assert_true(net_addr_equal(&a, &back));
        assert_false(net_addr_get(&back, bytes_part(buffer_bytes(&b), 1, b.len)));
        assert_int_equal(room[b.len - 2] << 8 | room[b.len - 1], a.port);
    }
}

static void kinds(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_host, is_private;
    } kind[] = {
        {"8.8.8.8:1", true, false},
        {"8.8.8.8:0", false, false},
        {"0.1.2.3:1", false, false},
        {"224.0.0.1:1", false, false},
        {"255.255.255.255:1", false, false},
        {"10.255.0.1:1", true, true},
        {"11.0.0.1:1", true, false},
        {"127.0.0.1:1", true, true},
        {"172.15.0.1:1", true, false},
        {"172.16.0.1:1", true, true},
        {"172.31.255.1:1", true, true},
        {"172.32.0.1:1", true, false},
        {"192.168.1.1:1", true, true},
        {"169.254.1.1:1", true, true},
        {"100.63.0.1:1", true, false},
        {"100.64.0.1:1", true, true},
        {"100.127.0.1:1", true, true},
        {"100.128.0.1:1", true, false},
        {"[::1]:1", true, true},
        {"[::]:1", false, false},
        {"[ff02::1]:1", false, false},
        {"[fe80::1]:1", true, true},
        {"[fec0::1]:1", true, false},
        {"[fd00::1]:1", true, true},
        {"[2001:db8::1]:1", true, false},
        {"[::2]:1", true, false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(kind); i++) {
        const struct net_addr a = parsed(kind[i].text);
        if (net_addr_is_host(&a) != kind[i].is_host)
            fail_msg("host: %s", kind[i].text);
        if (net_addr_is_private(&a) != kind[i].is_private)
            fail_msg("private: %s", kind[i].text);
    }
}

static void neighbourhoods(void **state)
{
    (void)state;
    const struct net_addr a = parsed("192.0.2.1:1");
    const struct net_addr near = parsed("192.0.2.255:9");
    const struct net_addr far = parsed("192.0.3.1:1");
    const struct net_addr other = parsed("192.1.2.1:1");
    assert_true(net_addr_block(&a) == net_addr_block(&near));
    assert_true(net_addr_block(&a) != net_addr_block(&far));
    assert_int_equal(net_addr_region(&a), net_addr_region(&far));
    assert_int_not_equal(net_addr_region(&a), net_addr_region(&other));
    const struct net_addr six = parsed("[2001:db8:1:2::1]:1");
    const struct net_addr six_near = parsed("[2001:db8:1:ffff::2]:1");
    const struct net_addr six_far = parsed("[2001:db8:2:2::1]:1");
    assert_true(net_addr_block(&six) == net_addr_block(&six_near));
    assert_true(net_addr_block(&six) != net_addr_block(&six_far));
    assert_int_equal(net_addr_region(&six), net_addr_region(&six_far));
    const struct net_addr zeros = parsed("[::c0:0:0:0:0:0]:1"); // no block of IPv4 is one of IPv6
    assert_true(net_addr_block(&zeros) != net_addr_block(&a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_come_back), cmocka_unit_test(other_texts_are_refused),
        cmocka_unit_test(compact_forms),   cmocka_unit_test(kinds),
        cmocka_unit_test(neighbourhoods),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
