// SPDX-License-Identifier: MIT
// Addresses keep what they are on the way to the kernel and back; what is neither family is none.
#include "os/addr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "base/attr.h"

static void both_families_go_both_ways(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_ip6; // the socket's
    } row[] = {{"192.0.2.1:6881", false},
               {"192.0.2.1:6881", true}, // mapped
               {"[2001:db8::1]:65535", true},
               {"0.0.0.0:0", false}};
    for (size_t i = 0; i < ARRAY_COUNT(row); i++) {
        struct net_addr a;
        struct net_addr back;
        union addr_place p;
        assert_true(net_addr_parse(&a, row[i].text));
        const socklen_t len = addr_place(&p, &a, row[i].is_ip6);
        assert_int_equal(len, row[i].is_ip6 ? sizeof p.ip6 : sizeof p.ip4);
        assert_int_equal(p.any.sa_family, row[i].is_ip6 ? AF_INET6 : AF_INET);
        assert_true(addr_of(&back, &p.any));
        assert_true(net_addr_equal(&back, &a));
    }
}

static void the_wire_is_in_network_order(void **state)
{
    (void)state;
    const struct net_addr a = net_addr_ip4(0xc0000201, 0x1ae1);
    union addr_place p;
    static const uint8_t ip[] = {192, 0, 2, 1};
    static const uint8_t port[] = {0x1a, 0xe1};
    (void)addr_place(&p, &a, false);
    assert_memory_equal(&p.ip4.sin_addr, ip, sizeof ip);
    assert_memory_equal(&p.ip4.sin_port, port, sizeof port);
    (void)addr_place(&p, &a, true);
    assert_memory_equal((const uint8_t *)&p.ip6.sin6_addr + 12, ip, sizeof ip);
    assert_memory_equal(&p.ip6.sin6_port, port, sizeof port);
}

static void another_family_is_none(void **state)
{
    (void)state;
    const struct sockaddr other = {.sa_family = AF_UNIX};
    struct net_addr a = net_addr_ip4(1, 1);
    const struct net_addr none = {.port = 0};
    assert_false(addr_of(&a, &other));
    assert_true(net_addr_equal(&a, &none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_families_go_both_ways),
        cmocka_unit_test(the_wire_is_in_network_order),
        cmocka_unit_test(another_family_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
