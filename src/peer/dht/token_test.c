// SPDX-License-Identifier: MIT
// Tokens: bound to an address, a secret and ten minutes at most.
#include "dht/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct token_secret secret = {{1, 2, 3}};

static bool fits(const struct token *t, uint32_t ip, uint16_t port, uint64_t now_us)
{
    const struct net_addr who = net_addr_ip4(ip, port);
    return token_fits(&secret, bytes_of(t->b, sizeof t->b), &who, now_us);
}

static void a_token_is_bound(void **state)
{
    (void)state;
    const struct net_addr who = net_addr_ip4(0x01020304, 5);
    const uint64_t turns[] = {0, TOKEN_TURN_US, 1000 * (uint64_t)TOKEN_TURN_US + 7};
    for (size_t i = 0; i < 3; i++) {
        const uint64_t now_us = turns[i];
        struct token t = token_make(&secret, &who, now_us);
        assert_true(fits(&t, 0x01020304, 5, now_us));
        assert_true(fits(&t, 0x01020304, 6, now_us)); // a NAT may give another port
        assert_true(fits(&t, 0x01020304, 5, now_us + TOKEN_TURN_US));
        assert_false(fits(&t, 0x01020304, 5, now_us + (uint64_t)2 * TOKEN_TURN_US));
        assert_false(fits(&t, 0x01020305, 5, now_us));
        const struct token_secret other = {{1, 2, 4}};
        assert_false(token_fits(&other, bytes_of(t.b, sizeof t.b), &who, now_us));
        assert_false(token_fits(&secret, bytes_of(t.b, sizeof t.b - 1), &who, now_us));
        assert_false(token_fits(&secret, (struct bytes){NULL, 0}, &who, now_us));
        for (unsigned bit = 0; bit < 8 * TOKEN_BYTES; bit++) {
            t.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_false(fits(&t, 0x01020304, 5, now_us));
            t.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_token_is_bound)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
