// SPDX-License-Identifier: MIT
// Fault: a proof, out of a node's own signed words, that it lied. Anyone can check it.
//
//     [9, kind, first, second]     CBOR; first and second are whole signed records as byte strings
//
// Only what the accused signed counts, so nobody can be slandered by a proof; and no honest node
// can ever sign such words: see what each record's header asks of its signer.
#ifndef TRUST_FAULT_H
#define TRUST_FAULT_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/rc.h"
#include "crypt/id.h"
#include "crypt/seal.h"

#define FAULT_BYTES_MAX 520               // a record of the DHT holds 1000
#define FAULT_LIFE_S    UINT64_C(5184000) // 60 days, for which a proof ends its accused

enum fault_kind {       // numbers cross the wire
    FAULT_CHUNK = 1,    // an answer that gives other bytes than were asked for; no second
    FAULT_RESULTS = 2,  // two answers to the same, of the same kind, with different bytes
    FAULT_RECEIPTS = 3, // two different receipts with one counter
    FAULT_VOUCHERS = 4, // two different vouchers with one period and slot
};

struct fault {
    enum fault_kind kind;
    struct node_id of; // the accused
    uint64_t time_s;   // of the later of its words, as it says
};

// Into an empty buffer; first and second are signed records; second is empty for FAULT_CHUNK. Not
// judged: see fault_decode. RC_FULL: it does not fit.
MUST_USE enum rc fault_encode(struct buffer *out, enum fault_kind kind, struct bytes first,
                              struct bytes second);
// Checks everything. RC_MALFORMED: not this form. RC_REFUSED: it proves nothing. On failure *out
// is untouched.
MUST_USE enum rc fault_decode(struct fault *out, struct bytes proof,
                              const struct seal_judge *judge);
// Two records against each other, whatever they are: RC_OK, and the proof is in *out (empty
// before). RC_ABSENT: they do not contradict. RC_FULL.
MUST_USE enum rc fault_between(struct buffer *out, struct bytes first, struct bytes second,
                               const struct seal_judge *judge);
// Is that a proof against the accused? `self` is a const struct seal_judge *, or NULL for the
// real one. In the form in which shelves of the DHT ask.
bool fault_check(void *self, const struct node_id *accused, struct bytes proof);

#endif
