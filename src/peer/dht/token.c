// SPDX-License-Identifier: MIT
// Tokens: who wrote from an address lately may have something stored (BEP 5).
#include "dht/token.h"

#include "crypt/sip.h"

static uint64_t word_of(const struct token_secret *s, const struct net_addr *who, uint64_t turn)
{
    uint8_t text[sizeof who->ip + 8];
    struct buffer in = buffer_of(text, sizeof text);
    buffer_put(&in, bytes_of(who->ip, sizeof who->ip));
    buffer_u64(&in, turn);
    return sip_hash(s->b, buffer_bytes(&in));
}

struct token token_make(const struct token_secret *s, const struct net_addr *who, uint64_t now_us)
{
    struct token t = {{0}};
    struct buffer out = buffer_of(t.b, sizeof t.b);
    buffer_u64(&out, word_of(s, who, now_us / TOKEN_TURN_US));
    return t;
}

bool token_fits(const struct token_secret *s, struct bytes token, const struct net_addr *who,
                uint64_t now_us)
{
    const uint64_t turn = now_us / TOKEN_TURN_US;
    struct cursor c = {.left = token};
    const uint64_t given = cursor_u64(&c);
    if (!cursor_done(&c))
        return false;
    // Whole words, both of them always: time tells nothing about the bytes.
    const uint64_t now = given ^ word_of(s, who, turn);
    const uint64_t before = given ^ word_of(s, who, turn - (turn > 0));
    return (now == 0) | (before == 0);
}
