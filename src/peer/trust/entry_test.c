// SPDX-License-Identifier: MIT
// Puzzles, counted identities, quorums.
#include "trust/entry.h"

#include "trust/trust_test_rig.h"

static struct net_addr at(uint32_t ip)
{
    return net_addr_ip4(ip, 6881);
}

static void puzzles(void **state)
{
    (void)state;
    const struct node_id a = {{1}};
    const struct node_id b = {{2}};
    uint64_t nonce = 0;
    assert_true(entry_solve(&a, &nonce, 12, 1000000));
    assert_true(entry_solves(&a, nonce, 12) && entry_solves(&a, nonce, 0));
    assert_false(entry_solves(&b, nonce, 12) && entry_solves(&b, nonce + 1, 12));
    assert_false(entry_solves(&a, nonce, 64));
    for (uint64_t i = 0; i < nonce; i++)
        assert_false(entry_solves(&a, i, 12)); // it was the first
    uint64_t sliced = 0;
    while (!entry_solve(&a, &sliced, 12, 100))
        ;
    assert_int_equal(sliced, nonce);
    uint64_t last = UINT64_MAX;
    (void)entry_solve(&a, &last, 64, 2);
    assert_int_equal(last, 1); // goes round
}

static void two_of_a_block_count(void **state)
{
    (void)state;
    const struct net_addr addr[] = {at(0x0a000001), at(0x0a000002), at(0x0a000003), at(0x0a000101),
                                    at(0x0a000004)};
    bool is_counted[5];
    assert_int_equal(entry_count(addr, 5, is_counted), 3);
    assert_true(is_counted[0] && is_counted[1] && is_counted[3]);
    assert_false(is_counted[2] || is_counted[4]);
    assert_int_equal(entry_count(addr, 0, is_counted), 0);
}

static struct entry_signer signer(uint8_t node, uint32_t region, uint8_t voucher)
{
    return (struct entry_signer){
        .node = {{node}}, .addr = at(region << 16 | node), .voucher = {{voucher}}};
}

static void three_apart_are_enough(void **state)
{
    (void)state;
    const struct entry_signer good[] = {signer(1, 1, 0), signer(2, 2, 0), signer(3, 3, 9)};
    assert_true(entry_quorum(good, 3));
    assert_false(entry_quorum(good, 2));
    assert_false(entry_quorum(good, 0));
    // Found among others that do not count, in whatever order.
    const struct entry_signer among[] = {signer(1, 1, 9), signer(2, 2, 9), signer(3, 3, 9),
                                         signer(4, 4, 8), signer(5, 1, 7)};
    assert_true(entry_quorum(among, 5));
    assert_false(entry_quorum(among, 4));
}

static void what_is_not_apart(void **state)
{
    (void)state;
    const struct entry_signer one_region[] = {signer(1, 1, 0), signer(2, 1, 0), signer(3, 1, 0),
                                              signer(4, 2, 0)};
    assert_false(entry_quorum(one_region, 4));
    const struct entry_signer one_voucher[] = {signer(1, 1, 9), signer(2, 2, 9), signer(3, 3, 9),
                                               signer(4, 4, 0)};
    assert_false(entry_quorum(one_voucher, 4));
    const struct entry_signer with_voucher[] = {signer(1, 1, 0), signer(2, 2, 1), signer(3, 3, 0)};
    assert_false(entry_quorum(with_voucher, 3)); // the first vouched for the second
    const struct entry_signer one_node[] = {signer(1, 1, 0), signer(1, 2, 0), signer(1, 3, 0)};
    assert_false(entry_quorum(one_node, 3));
}

static void a_publisher_is_enough(void **state)
{
    (void)state;
    struct entry_signer s = signer(1, 1, 0);
    assert_false(entry_quorum(&s, 1));
    s.is_publisher = true;
    assert_true(entry_quorum(&s, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puzzles),
        cmocka_unit_test(two_of_a_block_count),
        cmocka_unit_test(three_apart_are_enough),
        cmocka_unit_test(what_is_not_apart),
        cmocka_unit_test(a_publisher_is_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
