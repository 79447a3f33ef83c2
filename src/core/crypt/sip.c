// SPDX-License-Identifier: MIT
// SipHash-2-4: a fast keyed hash of short inputs, which nobody without the key can foresee.
#include "crypt/sip.h"

#include "base/num.h"

struct state {
    uint64_t v[4];
};

static uint64_t word_le(const uint8_t *at, size_t len)
{
    uint64_t w = 0;
    for (size_t i = 0; i < len; i++)
        w |= (uint64_t)at[i] << 8 * i;
    return w;
}

static uint64_t rotated(uint64_t x, unsigned by)
{
    return num_wrap_shift(x, by) | x >> (64 - by);
}

static void rounds(struct state *s, unsigned count)
{
    uint64_t *v = s->v;
    for (; count > 0; count--) {
        v[0] = num_wrap_add(v[0], v[1]);
        v[2] = num_wrap_add(v[2], v[3]);
        v[1] = rotated(v[1], 13) ^ v[0];
        v[3] = rotated(v[3], 16) ^ v[2];
        v[0] = rotated(v[0], 32);
        v[2] = num_wrap_add(v[2], v[1]);
        v[0] = num_wrap_add(v[0], v[3]);
        v[1] = rotated(v[1], 17) ^ v[2];
        v[3] = rotated(v[3], 21) ^ v[0];
        v[2] = rotated(v[2], 32);
    }
}

static void take(struct state *s, uint64_t word)
{
    s->v[3] ^= word;
    rounds(s, 2);
    s->v[0] ^= word;
}

uint64_t sip_hash(const uint8_t key[static SIP_KEY_BYTES], struct bytes in)
{
    const uint64_t k0 = word_le(key, 8);
    const uint64_t k1 = word_le(key + 8, 8);
    struct state s = {{k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261,
                       k1 ^ 0x7465646279746573}}; // "somepseudorandomlygeneratedbytes"
    struct bytes left = in;
    for (; left.len >= 8; left = bytes_part(left, 8, left.len))
        take(&s, word_le(left.at, 8));
    take(&s, (uint64_t)(in.len & 0xff) << 56 | word_le(left.at, left.len));
    s.v[2] ^= 0xff;
    rounds(&s, 4);
    return s.v[0] ^ s.v[1] ^ s.v[2] ^ s.v[3];
}
