// SPDX-License-Identifier: MIT
// Counted identities, and quorums of those who stand apart.
#include "trust/quorum.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct net_addr at(uint32_t ip)
{
    return net_addr_ip4(ip, 6881);
}

static void two_of_a_block_count(void **state)
{
    (void)state;
    const struct net_addr addr[] = {at(0x0a000001), at(0x0a000002), at(0x0a000003), at(0x0a000101),
                                    at(0x0a000004)};
    bool is_counted[5];
    assert_int_equal(quorum_count(addr, 5, is_counted), 3);
    assert_true(is_counted[0] && is_counted[1] && is_counted[3]);
    assert_false(is_counted[2] || is_counted[4]);
    assert_int_equal(quorum_count(addr, 0, is_counted), 0);
}

static struct quorum_signer signer(uint8_t node, uint32_t region, uint8_t voucher)
{
    return (struct quorum_signer){
        .node = {{node}}, .addr = at(region << 16 | node), .voucher = {{voucher}}};
}

static void three_apart_are_enough(void **state)
{
    (void)state;
    const struct quorum_signer good[] = {signer(1, 1, 0), signer(2, 2, 0), signer(3, 3, 9)};
    assert_true(quorum_is_met(good, 3));
    assert_false(quorum_is_met(good, 2));
    assert_false(quorum_is_met(good, 0));
    // Found among others that do not count, in whatever order.
    const struct quorum_signer among[] = {signer(1, 1, 9), signer(2, 2, 9), signer(3, 3, 9),
                                          signer(4, 4, 8), signer(5, 1, 7)};
    assert_true(quorum_is_met(among, 5));
    assert_false(quorum_is_met(among, 4));
}

static void what_is_not_apart(void **state)
{
    (void)state;
    const struct quorum_signer one_region[] = {signer(1, 1, 0), signer(2, 1, 0), signer(3, 1, 0),
                                               signer(4, 2, 0)};
    assert_false(quorum_is_met(one_region, 4));
    const struct quorum_signer one_voucher[] = {signer(1, 1, 9), signer(2, 2, 9), signer(3, 3, 9),
                                                signer(4, 4, 0)};
    assert_false(quorum_is_met(one_voucher, 4));
    const struct quorum_signer with_voucher[] = {signer(1, 1, 0), signer(2, 2, 1), signer(3, 3, 0)};
    assert_false(quorum_is_met(with_voucher, 3)); // the first vouched for the second
    const struct quorum_signer chain[] = {signer(1, 1, 9), signer(2, 2, 1), signer(3, 3, 0)};
    assert_false(quorum_is_met(chain, 3)); // also if somebody vouched for the first
    const struct quorum_signer one_node[] = {signer(1, 1, 0), signer(1, 2, 0), signer(1, 3, 0)};
    assert_false(quorum_is_met(one_node, 3));
}

static void a_publisher_is_enough(void **state)
{
    (void)state;
    struct quorum_signer s = signer(1, 1, 0);
    assert_false(quorum_is_met(&s, 1));
    s.is_publisher = true;
    assert_true(quorum_is_met(&s, 1));
}

// Many who are one do not hide the publisher who comes after them.
static void a_publisher_is_not_crowded_out(void **state)
{
    (void)state;
    struct quorum_signer s[QUORUM_LOOKED_MAX + 1];
    for (uint8_t i = 0; i < QUORUM_LOOKED_MAX + 1; i++)
        s[i] = signer(i, 1, 0);
    assert_false(quorum_is_met(s, QUORUM_LOOKED_MAX + 1));
    s[QUORUM_LOOKED_MAX].is_publisher = true;
    assert_true(quorum_is_met(s, QUORUM_LOOKED_MAX + 1));
    assert_false(quorum_is_met(s, QUORUM_LOOKED_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_of_a_block_count),
        cmocka_unit_test(three_apart_are_enough),
        cmocka_unit_test(what_is_not_apart),
        cmocka_unit_test(a_publisher_is_enough),
        cmocka_unit_test(a_publisher_is_not_crowded_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
