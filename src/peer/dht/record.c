// SPDX-License-Identifier: MIT
// Records that shoal nodes keep for one another: who provides what, and who was caught lying.
#include "dht/record.h"

#include <assert.h>
#include <string.h>

#include "crypt/seal.h"
#include "wire/cbor.h"

#define PROVIDER_ITEMS 8u
#define FAULT_ITEMS    3u

static_assert(RECORD_PROVIDER_BYTES_MAX <= SEAL_BYTES_MAX, "a provider record is a sealed record");

static void get_address(struct cbor_reader *c, struct net_addr *out)
{
    const struct bytes compact = cbor_get_bytes(c);
    // One form for each address: IPv4 is never written as IPv6.
    if (!net_addr_get(out, compact) || !net_addr_is_host(out) ||
        net_addr_is_ip4(out) != (compact.len == NET_COMPACT4_BYTES))
        c->is_bad = true;
}

static void get_room(struct cbor_reader *c, struct record *out)
{
    const struct bytes room = cbor_get_bytes(c);
    out->has_room = room.len > 0;
    if (out->has_room && !digest_from(&out->room, room))
        c->is_bad = true;
}

static void get_provider(struct cbor_reader *c, struct record *out)
{
    cbor_get_fixed(c, out->key.b, sizeof out->key.b);
    get_room(c, out);
    out->issued_s = cbor_get_u64(c);
    out->expires_s = cbor_get_u64(c);
    out->address_count = (uint8_t)cbor_get_array(c, RECORD_ADDRESSES_MAX);
    for (unsigned i = 0; i < out->address_count; i++)
        get_address(c, &out->address[i]);
    out->relay_count = (uint8_t)cbor_get_array(c, RECORD_RELAYS_MAX);
    for (unsigned i = 0; i < out->relay_count; i++)
        cbor_get_fixed(c, out->relay[i].b, sizeof out->relay[i].b);
}

static bool is_provider(const struct record *r)
{
    return r->issued_s < r->expires_s && r->expires_s - r->issued_s <= RECORD_LIFE_S_MAX &&
           r->address_count + r->relay_count > 0;
}

static enum rc decode_provider(struct record *out, struct bytes in)
{
    struct cbor_reader c;
    const struct seal_judge none = seal_judge_none(); // record_check judges
    *out = (struct record){.kind = RECORD_PROVIDER, .sealed = in};
    if (seal_open(&c, &out->node, in, RECORD_PROVIDER, PROVIDER_ITEMS, &none) != RC_OK)
        return RC_MALFORMED;
    get_provider(&c, out);
    if (!cbor_done(&c) || !is_provider(out))
        return RC_MALFORMED;
    assert(in.len <= RECORD_PROVIDER_BYTES_MAX); // the form allows no more
    return RC_OK;
}

static enum rc decode_fault(struct record *out, struct bytes in)
{
    struct cbor_reader c = cbor_reader_of(in);
    *out = (struct record){.kind = RECORD_FAULT};
    const bool is_fault =
        cbor_get_array(&c, FAULT_ITEMS) == FAULT_ITEMS && cbor_get_u64(&c) == RECORD_FAULT;
    cbor_get_fixed(&c, out->key.b, sizeof out->key.b);
    out->proof = cbor_get_bytes(&c);
    const bool is_good = out->proof.len > 0 && out->proof.len <= RECORD_PROOF_BYTES_MAX;
    return cbor_done(&c) && is_fault && is_good ? RC_OK : RC_MALFORMED;
}

enum rc record_decode(struct record *out, struct bytes in)
{
    return seal_form_of(in) == RECORD_PROVIDER ? decode_provider(out, in) : decode_fault(out, in);
}

static void put_provider(struct buffer *b, const struct record *r)
{
    cbor_put_bytes(b, digest_bytes(&r->key));
    cbor_put_bytes(b, bytes_of(r->room.b, r->has_room ? sizeof r->room.b : 0));
    cbor_put_u64(b, r->issued_s);
    cbor_put_u64(b, r->expires_s);
    cbor_put_array(b, r->address_count);
    for (unsigned i = 0; i < r->address_count; i++) {
        uint8_t compact[NET_COMPACT6_BYTES];
        struct buffer a = buffer_of(compact, sizeof compact);
        net_addr_put(&a, &r->address[i]);
        cbor_put_bytes(b, buffer_bytes(&a));
    }
    cbor_put_array(b, r->relay_count);
    for (unsigned i = 0; i < r->relay_count; i++)
        cbor_put_bytes(b, bytes_of(r->relay[i].b, sizeof r->relay[i].b));
}

enum rc record_encode_provider(struct buffer *out, const struct record *r,
                               const struct sign_key *key)
{
    if (r->address_count > RECORD_ADDRESSES_MAX || r->relay_count > RECORD_RELAYS_MAX ||
        !is_provider(r))
        return RC_REFUSED;
    for (unsigned i = 0; i < r->address_count; i++)
        if (!net_addr_is_host(&r->address[i]))
            return RC_REFUSED;
    const struct sign_public node = sign_key_public(key);
    seal_begin(out, RECORD_PROVIDER, PROVIDER_ITEMS, &node);
    put_provider(out, r);
    const enum rc rc = seal_end(out, key);
    assert(rc != RC_OK || out->len <= RECORD_PROVIDER_BYTES_MAX);
    return rc;
}

void record_encode_fault(struct buffer *out, const struct node_id *accused, struct bytes proof)
{
    assert(out->len == 0);
    cbor_put_array(out, FAULT_ITEMS);
    cbor_put_u64(out, RECORD_FAULT);
    cbor_put_bytes(out, bytes_of(accused->b, sizeof accused->b));
    cbor_put_bytes(out, proof);
}

bool record_is_due(const struct record *r, uint64_t unix_s)
{
    if (r->kind == RECORD_FAULT)
        return true;
    const bool is_early = r->issued_s > unix_s && r->issued_s - unix_s > RECORD_EARLY_S_MAX;
    return !is_early && unix_s < r->expires_s;
}

static bool is_signed(const struct record *r)
{
    struct cbor_reader c;
    struct sign_public by;
    const struct seal_judge real = seal_judge_real();
    return seal_open(&c, &by, r->sealed, RECORD_PROVIDER, PROVIDER_ITEMS, &real) == RC_OK;
}

bool record_check(const struct record *r, const struct record_judge *judge)
{
    if (r->kind == RECORD_PROVIDER)
        return is_signed(r);
    struct node_id accused;
    memcpy(accused.b, r->key.b, sizeof accused.b);
    return judge->is_proof != NULL && judge->is_proof(judge->self, &accused, r->proof);
}
