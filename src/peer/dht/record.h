// SPDX-License-Identifier: MIT
// Records that shoal nodes keep for one another: who provides what, and who was caught lying.
//
// Deterministic CBOR (doc/dht.md has it as CDDL):
//
//     provider  [4, node's public key, key, room or "", issued, expires, [addresses], [relays]]
//               and its signature: a sealed record (crypt/seal, doc/records.md)
//     fault     [2, accused node id, proof]
//
// A fault record needs no signature: its proof speaks for itself, and a judge from outside
// (trust/fault) knows how to read it. Times are Unix seconds.
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

#define RECORD_PROVIDER_BYTES_MAX 334u // all addresses and relays, times of 64 bits
#define RECORD_PROOF_BYTES_MAX    1000u
#define RECORD_BYTES_MAX          (RECORD_PROOF_BYTES_MAX + 48u)
#define RECORD_LIFE_S_MAX         86400u // from issue to expiry
#define RECORD_EARLY_S_MAX        600u   // a clock may be ahead of ours by this
#define RECORD_ADDRESSES_MAX      4u
#define RECORD_RELAYS_MAX         2u

enum record_kind { // numbers cross the wire
    RECORD_FAULT = 2,
    RECORD_PROVIDER = 4, // its form as a sealed record
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
    struct bytes sealed; // after decode: the whole record, a view
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
// Into an empty buffer, each. What the key's node says of itself: r->kind and r->node are not
// looked at. RC_REFUSED: a limit above is broken; RC_FULL; RC_NOMEM.
MUST_USE enum rc record_encode_provider(struct buffer *out, const struct record *r,
                                        const struct sign_key *key);
// Does not fit: out->is_full.
void record_encode_fault(struct buffer *out, const struct node_id *accused, struct bytes proof);

// Is it in force at this time? A fault record always is.
bool record_is_due(const struct record *r, uint64_t unix_s);
// Signature of a decoded provider record, or the judge's word on a proof. Not its times.
bool record_check(const struct record *r, const struct record_judge *judge);

#endif
