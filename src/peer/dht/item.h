// SPDX-License-Identifier: MIT
// BEP 44 items: any bencoded value under its own hash, or a signed one under its author's key.
//
// Immutable: k is empty, the target is SHA-1(v). Mutable: the target is SHA-1(k, salt), and sig
// is Ed25519 over salt, seq and v in the form item_signed writes. v is always the bencoded form.
// Views only: what they point into is the caller's.
#ifndef DHT_ITEM_H
#define DHT_ITEM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "crypt/sign.h"
#include "dht/key.h"
#include "dht/krpc.h"

#define ITEM_VALUE_BYTES_MAX  1000u // of v, bencoded
#define ITEM_SALT_BYTES_MAX   64u
#define ITEM_SIGNED_BYTES_MAX (ITEM_VALUE_BYTES_MAX + ITEM_SALT_BYTES_MAX + 48u)

struct item {
    struct bytes v;
    struct bytes k;    // 32 bytes; empty: immutable
    struct bytes salt; // may be empty
    struct bytes sig;  // 64 bytes
    int64_t seq;       // not below 0
};

// From a put or the reply to a get; views are shared. The salt is never in a reply: put back the
// one that was asked for.
struct item item_of(const struct krpc *m);
bool item_is_mutable(const struct item *i);
struct dht_id item_target(const struct item *i);
// Where mutable items of this key and salt are; salt may be empty.
struct dht_id item_target_of(const struct sign_public *k, struct bytes salt);
// What is signed: "4:salt64:...3:seqi1e1:v12:Hello World!", without the salt if that is empty.
void item_signed(struct buffer *b, const struct item *i);
// Signs i->salt, seq and v; k and sig then point into *public and *signature. RC_NOMEM.
// RC_REFUSED: a limit is broken.
MUST_USE enum rc item_sign(struct item *i, const struct sign_key *key, struct sign_public *public,
                           struct signature *signature);

// Limits and forms alone: 0, or the code to answer with (205, 207, 203: half of k and sig, seq
// below 0, v not one bencoded value with its keys in order). Cheap.
enum krpc_code item_judge(const struct item *i);
// That and the signature: 0, or 206 too. About 0.1 ms for a mutable item.
enum krpc_code item_check(const struct item *i);

#endif
