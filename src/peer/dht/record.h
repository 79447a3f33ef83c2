// SPDX-License-Identifier: MIT
// Records that shoal nodes keep for one another: who provides what, and who was caught lying.
//
// Deterministic CBOR, one array each (doc/dht.md has it as CDDL):
//
//     provider  [1, key, node's public key, room or "", issued, expires, [addresses], [relays],
//     sig] fault     [2, accused node id, proof]
//
// A provider record is signed by its node over "shoal provider 1\n" and the array's bytes up to
// the signature. A fault record needs none: its proof speaks for itself, and a judge from outside
// (peer/trust) knows how to read it. Times are Unix seconds.
#ifndef DHT_RECORD_H
#define DHT_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "crypt/hash.h"
#include "crypt/id.h"
#include "crypt/sign.h"
#include "host/net.h"

#define RECORD_PROVIDER_BYTES_MAX 512u
#define RECORD_PROOF_BYTES_MAX    1000u
#define RECORD_BYTES_MAX          (RECORD_PROOF_BYTES_MAX + 48u)
#define RECORD_LIFE_S_MAX         86400u // from issue to expiry
#define RECORD_EARLY_S_MAX        600u   // a clock may be ahead of ours by this
#define RECORD_ADDRESSES_MAX      4u
#define RECORD_RELAYS_MAX         2u

enum record_kind {
    RECORD_PROVIDER = 1,
    RECORD_FAULT = 2,
};

struct record {
    enum record_kind kind;
    struct digest key; // what is provided; of a fault, the accused's node id
    // Provider
    struct sign_public node;
    bool has_room;
    struct digest room; // room or manifest it belongs to
    uint64_t issued_s, expires_s;
    struct net_addr address[RECORD_ADDRESSES_MAX]; // hosts that can be written to
    uint8_t address_count, relay_count;
    struct node_id relay[RECORD_RELAYS_MAX];
    struct signature signature;
    struct bytes signed_part; // after decode: the bytes of the record that are signed
    // Fault
    struct bytes proof; // 1..RECORD_PROOF_BYTES_MAX bytes, a view
};

// Is this proof true? Called for each fault record that is not known yet. May be slow-ish (some
// signature checks), must not be wrong: a false `true` ends an honest identity.
struct record_judge {
    bool (*is_proof)(void *self, const struct node_id *accused, struct bytes proof);
    void *self; // is_proof == NULL: no fault record is ever taken
};

// RC_MALFORMED: not a record in its one form, or past a limit above; *out is of no use. Views
// point into `in`. Nothing is checked but the form.
MUST_USE enum rc record_decode(struct record *out, struct bytes in);
// Appends the record with r->signature as it stands. Does not fit: b->is_full.
void record_encode(struct buffer *b, const struct record *r);
// Sets r->node and r->signature by the key, for a provider record. RC_NOMEM; RC_REFUSED: a limit
// above is broken.
MUST_USE enum rc record_sign(struct record *r, const struct sign_key *key);

// Is it in force at this time? A fault record always is.
bool record_is_due(const struct record *r, uint64_t unix_s);
// Signature of a decoded provider record, or the judge's word on a proof. Not its times.
bool record_check(const struct record *r, const struct record_judge *judge);

#endif
