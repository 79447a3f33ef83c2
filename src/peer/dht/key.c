// SPDX-License-Identifier: MIT
// DHT ids: where nodes and keys stand in the 160-bit space, and which id an address may have.
#include "dht/key.h"

#include <assert.h>
#include <string.h>

static_assert(DHT_ID_BITS == 8 * DHT_ID_BYTES, "bits are those of the bytes");

bool dht_id_equal(const struct dht_id *a, const struct dht_id *b)
{
    return memcmp(a->b, b->b, DHT_ID_BYTES) == 0;
}

int dht_id_closer(const struct dht_id *target, const struct dht_id *a, const struct dht_id *b)
{
    for (size_t i = 0; i < DHT_ID_BYTES; i++)
        if (a->b[i] != b->b[i])
            return (a->b[i] ^ target->b[i]) < (b->b[i] ^ target->b[i]) ? -1 : 1;
    return 0;
}

unsigned dht_id_common_bits(const struct dht_id *a, const struct dht_id *b)
{
    for (unsigned i = 0; i < DHT_ID_BYTES; i++) {
        const unsigned other = a->b[i] ^ b->b[i];
        if (other != 0)
            return 8 * i + (unsigned)__builtin_clz(other) - 24; // of 32 bits
    }
    return DHT_ID_BITS;
}

bool dht_id_from(struct dht_id *out, struct bytes in)
{
    if (in.len != DHT_ID_BYTES)
        return false;
    memcpy(out->b, in.at, DHT_ID_BYTES);
    return true;
}

struct bytes dht_id_bytes(const struct dht_id *id)
{
    return bytes_of(id->b, DHT_ID_BYTES);
}

struct dht_id dht_id_of_name(const struct digest *name)
{
    struct dht_id id;
    memcpy(id.b, name->b, DHT_ID_BYTES);
    return id;
}

void dht_id_hex(const struct dht_id *id, char out[static DHT_ID_HEX_BYTES])
{
    hex_encode(dht_id_bytes(id), out);
}

struct dht_id dht_id_random(struct rng *r)
{
    struct dht_id id = {{0}};
    uint64_t dice = 0;
    for (size_t i = 0; i < DHT_ID_BYTES; i++, dice >>= 8) {
        if (i % 8 == 0)
            dice = rng_u64(r);
        id.b[i] = (uint8_t)dice;
    }
    return id;
}

struct dht_id dht_id_beside(const struct dht_id *id, unsigned bits, struct rng *r)
{
    assert(bits <= DHT_ID_BITS);
    struct dht_id out = dht_id_random(r);
    const unsigned whole = bits / 8;
    memcpy(out.b, id->b, whole);
    if (whole == DHT_ID_BYTES)
        return out;
    const unsigned kept = 0xffu & ~(0xffu >> bits % 8); // of the byte in which they part
    const unsigned part = 0x80u >> bits % 8;
    const unsigned rest = 0xffu & ~(kept | part);
    const unsigned theirs = id->b[whole];
    out.b[whole] = (uint8_t)((theirs & kept) | (~theirs & part) | (out.b[whole] & rest));
    return out;
}

// ---- BEP 42

// CRC32C (Castagnoli, RFC 3720 section 12.1), by nibbles: at most eight bytes come here.
static uint32_t crc32c(const uint8_t *at, size_t len)
{
    static const uint32_t table[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
        0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
        0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
    };
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < len; i++) {
        crc ^= at[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

// The first bits that the id of a node with this address begins with; dice 0..7.
static uint32_t first_bits(const struct net_addr *addr, unsigned dice)
{
    static const uint8_t mask4[] = {0x03, 0x0f, 0x3f, 0xff};
    static const uint8_t mask6[] = {0x01, 0x03, 0x07, 0x0f, 0x1f, 0x3f, 0x7f, 0xff};
    const bool is_ip4 = net_addr_is_ip4(addr);
    const uint8_t *mask = is_ip4 ? mask4 : mask6;
    const size_t len = is_ip4 ? sizeof mask4 : sizeof mask6;
    uint8_t masked[sizeof mask6];
    for (size_t i = 0; i < len; i++)
        masked[i] = addr->ip[(is_ip4 ? 12 : 0) + i] & mask[i];
    masked[0] |= (uint8_t)(dice << 5);
    return crc32c(masked, len);
}

struct dht_id dht_id_of_addr(const struct net_addr *addr, struct rng *r)
{
    struct dht_id id = dht_id_random(r);
    const uint32_t bits = first_bits(addr, id.b[DHT_ID_BYTES - 1] & 7);
    id.b[0] = (uint8_t)(bits >> 24);
    id.b[1] = (uint8_t)(bits >> 16);
    id.b[2] = (uint8_t)((bits >> 8 & 0xf8) | (id.b[2] & 7u));
    return id;
}

bool dht_id_fits(const struct dht_id *id, const struct net_addr *addr)
{
    if (net_addr_is_private(addr))
        return true;
    const uint32_t bits = first_bits(addr, id->b[DHT_ID_BYTES - 1] & 7);
    return id->b[0] == bits >> 24 && id->b[1] == (bits >> 16 & 0xff) &&
           (id->b[2] & 0xf8) == (bits >> 8 & 0xf8);
}
