// SPDX-License-Identifier: MIT
// Records that shoal nodes keep for one another: who provides what, and who was caught lying.
#include "dht/record.h"

#include <assert.h>
#include <string.h>

#include "wire/cbor.h"

#define PROVIDER_FIELDS 9u
#define FAULT_FIELDS    3u
#define SIGNED_WORDS    "shoal provider 1\n"

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
    cbor_get_fixed(c, out->node.b, sizeof out->node.b);
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

// What the form allows, and the signature's own limits do not say.
static bool is_provider(const struct record *r)
{
    return r->issued_s < r->expires_s && r->expires_s - r->issued_s <= RECORD_LIFE_S_MAX &&
           r->address_count + r->relay_count > 0;
}

static enum rc decode_provider(struct cbor_reader *c, struct record *out, struct bytes in)
{
    get_provider(c, out);
    if (c->is_bad || in.len > RECORD_PROVIDER_BYTES_MAX)
        return RC_MALFORMED;
    out->signed_part = bytes_part(in, 0, in.len - c->left.len);
    cbor_get_fixed(c, out->signature.b, sizeof out->signature.b);
    return cbor_done(c) && is_provider(out) ? RC_OK : RC_MALFORMED;
}

static enum rc decode_fault(struct cbor_reader *c, struct record *out)
{
    cbor_get_fixed(c, out->key.b, sizeof out->key.b);
    out->proof = cbor_get_bytes(c);
    const bool is_good = out->proof.len > 0 && out->proof.len <= RECORD_PROOF_BYTES_MAX;
    return cbor_done(c) && is_good ? RC_OK : RC_MALFORMED;
}

enum rc record_decode(struct record *out, struct bytes in)
{
    struct cbor_reader c = cbor_reader_of(in);
    *out = (struct record){.kind = RECORD_PROVIDER};
    const size_t fields = cbor_get_array(&c, PROVIDER_FIELDS);
    const uint64_t kind = cbor_get_u64(&c);
    if (kind == RECORD_PROVIDER && fields == PROVIDER_FIELDS)
        return decode_provider(&c, out, in);
    out->kind = RECORD_FAULT;
    return kind == RECORD_FAULT && fields == FAULT_FIELDS ? decode_fault(&c, out) : RC_MALFORMED;
}

static void put_provider(struct buffer *b, const struct record *r)
{
    cbor_put_array(b, PROVIDER_FIELDS);
    cbor_put_u64(b, RECORD_PROVIDER);
    cbor_put_bytes(b, digest_bytes(&r->key));
    cbor_put_bytes(b, bytes_of(r->node.b, sizeof r->node.b));
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

void record_encode(struct buffer *b, const struct record *r)
{
    if (r->kind == RECORD_PROVIDER) {
        assert(r->address_count <= RECORD_ADDRESSES_MAX && r->relay_count <= RECORD_RELAYS_MAX);
        put_provider(b, r);
        cbor_put_bytes(b, bytes_of(r->signature.b, sizeof r->signature.b));
        return;
    }
    cbor_put_array(b, FAULT_FIELDS);
    cbor_put_u64(b, RECORD_FAULT);
    cbor_put_bytes(b, digest_bytes(&r->key));
    cbor_put_bytes(b, r->proof);
}

static struct bytes to_sign(struct buffer *b, struct bytes signed_part)
{
    buffer_put(b, bytes_text(SIGNED_WORDS));
    buffer_put(b, signed_part);
    assert(!b->is_full);
    return buffer_bytes(b);
}

enum rc record_sign(struct record *r, const struct sign_key *key)
{
    uint8_t part_room[RECORD_PROVIDER_BYTES_MAX];
    uint8_t room[RECORD_PROVIDER_BYTES_MAX + sizeof SIGNED_WORDS];
    struct buffer part = buffer_of(part_room, sizeof part_room);
    struct buffer b = buffer_of(room, sizeof room);
    if (r->kind != RECORD_PROVIDER || r->address_count > RECORD_ADDRESSES_MAX ||
        r->relay_count > RECORD_RELAYS_MAX || !is_provider(r))
        return RC_REFUSED;
    for (unsigned i = 0; i < r->address_count; i++)
        if (!net_addr_is_host(&r->address[i]))
            return RC_REFUSED;
    r->node = sign_key_public(key);
    put_provider(&part, r);
    return sign_make(key, to_sign(&b, buffer_bytes(&part)), &r->signature);
}

bool record_is_due(const struct record *r, uint64_t unix_s)
{
    if (r->kind == RECORD_FAULT)
        return true;
    const bool is_early = r->issued_s > unix_s && r->issued_s - unix_s > RECORD_EARLY_S_MAX;
    return !is_early && unix_s < r->expires_s;
}

bool record_check(const struct record *r, const struct record_judge *judge)
{
    uint8_t room[RECORD_PROVIDER_BYTES_MAX + sizeof SIGNED_WORDS];
    struct buffer b = buffer_of(room, sizeof room);
    if (r->kind == RECORD_PROVIDER)
        return sign_check(&r->node, to_sign(&b, r->signed_part), &r->signature);
    struct node_id accused;
    memcpy(accused.b, r->key.b, sizeof accused.b);
    return judge->is_proof != NULL && judge->is_proof(judge->self, &accused, r->proof);
}
