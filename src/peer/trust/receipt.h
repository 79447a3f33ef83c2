// SPDX-License-Identifier: MIT
// Receipt: what one node did for another, signed by the one who received it.
//
//     [1, by, of, counter, time, service, outcome, what, bytes, good, bad] signature
//
// `good` and `bad` are the signer's whole account of that node after this service, so the newest
// receipt of a pair says all that the older ones said, and one is enough to keep. The signer's
// counter rises with every receipt it signs, whoever it is about: a receipt that was seen cannot
// be played again, and two different ones with one counter prove that the signer lies
// (trust/fault). A signer therefore writes its counter down before it uses it.
//
// Nothing keeps a signer from writing an account that never was. Receipts count only as far as
// their signer is trusted (trust/prior).
#ifndef TRUST_RECEIPT_H
#define TRUST_RECEIPT_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"
#include "crypt/hash.h"
#include "crypt/id.h"
#include "crypt/seal.h"

#define RECEIPT_BYTES_MAX 232
#define RECEIPT_COUNT_MAX 1000000000u // of good and bad, in hundredths

enum receipt_service { // numbers cross the wire
    RECEIPT_CHUNK = 1, // bytes of an object
    RECEIPT_TASK = 2,  // a result
    RECEIPT_RELAY = 3, // datagrams passed on
};
#define RECEIPT_SERVICE_MAX 3u

enum receipt_outcome { // numbers cross the wire
    RECEIPT_GOOD = 1,
    RECEIPT_LATE = 2,  // nothing, or too little, in time
    RECEIPT_WRONG = 3, // not what was asked for
};
#define RECEIPT_OUTCOME_MAX 3u

struct receipt {
    struct sign_public by;
    struct node_id of;
    uint64_t counter; // 1..
    uint64_t time_s;  // Unix time
    enum receipt_service service;
    enum receipt_outcome outcome;
    struct digest what;  // the object, or the task's digest
    uint64_t bytes;      // that came
    uint32_t good_centi; // the account, as trust/score counts: 0 .. RECEIPT_COUNT_MAX
    uint32_t bad_centi;
};

// Into an empty buffer; r->by must be key's. RC_FULL: fewer than RECEIPT_BYTES_MAX were there.
// RC_NOMEM.
MUST_USE enum rc receipt_encode(struct buffer *out, const struct receipt *r,
                                const struct sign_key *key);
// RC_MALFORMED: not this form. RC_REFUSED: the signature is wrong, a number is out of its range,
// or somebody praises himself. On failure *out is untouched.
MUST_USE enum rc receipt_decode(struct receipt *out, struct bytes in,
                                const struct seal_judge *judge);

#endif
