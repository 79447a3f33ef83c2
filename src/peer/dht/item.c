// SPDX-License-Identifier: MIT
// BEP 44 items: any bencoded value under its own hash, or a signed one under its author's key.
#include "dht/item.h"

#include <assert.h>
#include <string.h>

#include "crypt/sha1.h"
#include "wire/bencode.h"

static_assert(SHA1_BYTES == DHT_ID_BYTES, "targets are hashes");

struct item item_of(const struct krpc *m)
{
    return (struct item){.v = m->v, .k = m->k, .salt = m->salt, .sig = m->sig, .seq = m->seq};
}

bool item_is_mutable(const struct item *i)
{
    return i->k.len > 0;
}

static struct dht_id id_of_hash(const struct bytes *part, size_t count)
{
    const struct sha1 hash = sha1_parts(part, count);
    struct dht_id id;
    memcpy(id.b, hash.b, sizeof id.b);
    return id;
}

struct dht_id item_target(const struct item *i)
{
    const struct bytes named[] = {i->k, i->salt};
    return item_is_mutable(i) ? id_of_hash(named, 2) : id_of_hash(&i->v, 1);
}

struct dht_id item_target_of(const struct sign_public *k, struct bytes salt)
{
    const struct bytes named[] = {bytes_of(k->b, sizeof k->b), salt};
    return id_of_hash(named, 2);
}

void item_signed(struct buffer *b, const struct item *i)
{
    if (i->salt.len > 0) {
        bencode_put_text(b, "salt");
        bencode_put_string(b, i->salt);
    }
    bencode_put_text(b, "seq");
    bencode_put_int(b, i->seq);
    bencode_put_text(b, "v");
    buffer_put(b, i->v);
}

enum rc item_sign(struct item *i, const struct sign_key *key, struct sign_public *public,
                  struct signature *signature)
{
    uint8_t room[ITEM_SIGNED_BYTES_MAX];
    struct buffer b = buffer_of(room, sizeof room);
    *public = sign_key_public(key);
    i->k = bytes_of(public->b, sizeof public->b);
    i->sig = bytes_of(signature->b, sizeof signature->b);
    if (item_judge(i) != KRPC_NO_ERROR)
        return RC_REFUSED;
    item_signed(&b, i);
    assert(!b.is_full);
    return sign_make(key, buffer_bytes(&b), signature);
}

enum krpc_code item_judge(const struct item *i)
{
    const bool is_mutable = item_is_mutable(i);
    if (i->v.len > ITEM_VALUE_BYTES_MAX)
        return KRPC_VALUE_TOO_BIG;
    if (i->salt.len > ITEM_SALT_BYTES_MAX)
        return KRPC_SALT_TOO_BIG;
    if (!bencode_is_canonical(i->v))
        return KRPC_PROTOCOL;
    if (!is_mutable)
        return i->sig.len == 0 ? KRPC_NO_ERROR : KRPC_PROTOCOL;
    const bool is_whole = i->k.len == SIGN_PUBLIC_BYTES && i->sig.len == SIGNATURE_BYTES;
    return is_whole && i->seq >= 0 ? KRPC_NO_ERROR : KRPC_PROTOCOL;
}

enum krpc_code item_check(const struct item *i)
{
    uint8_t room[ITEM_SIGNED_BYTES_MAX];
    struct buffer b = buffer_of(room, sizeof room);
    struct sign_public public;
    struct signature signature;
    const enum krpc_code code = item_judge(i);
    if (code != KRPC_NO_ERROR || !item_is_mutable(i))
        return code;
    memcpy(public.b, i->k.at, sizeof public.b);
    memcpy(signature.b, i->sig.at, sizeof signature.b);
    item_signed(&b, i);
    assert(!b.is_full);
    return sign_check(&public, buffer_bytes(&b), &signature) ? KRPC_NO_ERROR : KRPC_BAD_SIGNATURE;
}
