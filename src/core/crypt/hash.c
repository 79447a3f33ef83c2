// SPDX-License-Identifier: MIT
// SHA-256 and the names made of it.
#include "crypt/hash.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

// CIDv1: version 1, codec raw (0x55), multihash sha2-256 (0x12), 32 bytes (0x20).
static const uint8_t cid_head[4] = {0x01, 0x55, 0x12, 0x20};
#define CID_BYTES  (sizeof cid_head + DIGEST_BYTES)
#define CID_DIGITS 58 // base32 digits of 36 bytes

struct digest hash_bytes(struct bytes in)
{
    return hash_parts(&in, 1);
}

struct digest hash_parts(const struct bytes *part, size_t count)
{
    struct digest d = {{0}};
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_good = context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;
    assert(part != NULL || count == 0);
    for (size_t i = 0; is_good && i < count; i++)
        is_good = EVP_DigestUpdate(context, part[i].at, part[i].len) == 1;
    is_good = is_good && EVP_DigestFinal_ex(context, d.b, NULL) == 1;
    EVP_MD_CTX_free(context);
    if (!is_good)
        abort(); // OpenSSL without SHA-256, or no 400 bytes of memory: no name can be trusted
    return d;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
    return memcmp(a->b, b->b, DIGEST_BYTES) == 0;
}

bool digest_from(struct digest *out, struct bytes in)
{
    if (in.len != DIGEST_BYTES)
        return false;
    memcpy(out->b, in.at, DIGEST_BYTES);
    return true;
}

uint64_t digest_u64(const struct digest *d)
{
    struct cursor c = {.left = digest_bytes(d)};
    return cursor_u64(&c);
}

struct bytes digest_bytes(const struct digest *d)
{
    return bytes_of(d->b, DIGEST_BYTES);
}

void digest_hex(const struct digest *d, char out[static DIGEST_HEX_BYTES])
{
    hex_encode(digest_bytes(d), out);
}

bool digest_from_hex(struct digest *out, const char *text)
{
    return hex_decode(bytes_text(text), out->b, DIGEST_BYTES);
}

static const char base32_digit[] = "abcdefghijklmnopqrstuvwxyz234567"; // RFC 4648, lower case

void digest_cid(const struct digest *d, char out[static CID_TEXT_BYTES])
{
    uint8_t cid[CID_BYTES];
    memcpy(cid, cid_head, sizeof cid_head);
    memcpy(cid + sizeof cid_head, d->b, DIGEST_BYTES);
    size_t len = 0;
    out[len++] = 'b'; // multibase: base32, lower case, no padding
    uint32_t bits = 0;
    unsigned held = 0;
    for (size_t i = 0; i < CID_BYTES; i++) {
        bits = (bits & 15) << 8 | cid[i]; // at most 4 are left over
        for (held += 8; held >= 5; held -= 5)
            out[len++] = base32_digit[bits >> (held - 5) & 31];
    }
    out[len++] = base32_digit[bits << (5 - held) & 31];
    out[len] = 0;
    assert(len == CID_DIGITS + 1);
}

bool digest_from_cid(struct digest *out, const char *text)
{
    uint8_t cid[CID_BYTES + 1]; // 58 digits hold 290 bits, two more than 36 bytes
    size_t len = 0;
    uint32_t bits = 0;
    unsigned held = 0;
    if (strlen(text) != CID_DIGITS + 1 || text[0] != 'b')
        return false;
    for (const char *c = text + 1; *c != 0; c++) {
        const char *digit = strchr(base32_digit, *c);
        if (digit == NULL)
            return false;
        bits = (bits & 127) << 5 | (uint32_t)(digit - base32_digit);
        held += 5;
        if (held >= 8) {
            held -= 8;
            assert(len < sizeof cid);
            cid[len++] = (uint8_t)(bits >> held);
        }
    }
    assert(held < 8);
    const bool has_rest = (bits & ((1u << held) - 1)) != 0;
    if (has_rest || len != CID_BYTES || memcmp(cid, cid_head, sizeof cid_head) != 0)
        return false;
    memcpy(out->b, cid + sizeof cid_head, DIGEST_BYTES);
    return true;
}
