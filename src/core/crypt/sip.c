// SPDX-License-Identifier: MIT
// SipHash-2-4: a fast keyed hash of short inputs, which nobody without the key can foresee.
#include "crypt/sip.h"

#include "base/num.h"

struct state {
    uint64_t v[4];
};

static uint64_t bytes_le(const uint8_t *at, size_t len)
{
    uint64_t w = 0;
    for (size_t i = 0; i < len; i++)
        w |= (uint64_t)at[i] << 8 * i;
    return w;
}

static void rounds(struct state *s, unsigned count)
{
    uint64_t *v = s->v;
    for (; count > 0; count--) {
        v[0] = num_wrap_add(v[0], v[1]);
        v[2] = num_wrap_add(v[2], v[3]);
        v[1] = num_rotate(v[1], 13) ^ v[0];
        v[3] = num_rotate(v[3], 16) ^ v[2];
        v[0] = num_rotate(v[0], 32);
        v[2] = num_wrap_add(v[2], v[1]);
        v[0] = num_wrap_add(v[0], v[3]);
        v[1] = num_rotate(v[1], 17) ^ v[2];
        v[3] = num_rotate(v[3], 21) ^ v[0];
        v[2] = num_rotate(v[2], 32);
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
    const uint64_t k0 = bytes_u64le(key);
    const uint64_t k1 = bytes_u64le(key + 8);
    struct state s = {{k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261,
                       k1 ^ 0x7465646279746573}}; // "somepseudorandomlygeneratedbytes"
    struct bytes left = in;
    for (; left.len >= 8; left = (struct bytes){left.at + 8, left.len - 8})
        take(&s, bytes_u64le(left.at));
    take(&s, (uint64_t)(in.len & 0xff) << 56 | bytes_le(left.at, left.len));
    s.v[2] ^= 0xff;
    rounds(&s, 4);
    return s.v[0] ^ s.v[1] ^ s.v[2] ^ s.v[3];
}
