// SPDX-License-Identifier: MIT
// Answer: what a node says it gave, signed by it, so that a fault can be shown to anyone.
//
//     [2, by, request, kind, asked, given, time] signature
//
// It comes before the bytes that it speaks of. Who asked hashes them as they come: bytes that do
// not fit `given` are dropped as if there were no answer (nobody else can know what came), and
// bytes that fit it but are not what was asked for are the giver's own word against it
// (trust/fault). A giver therefore hashes what it sends before it signs. A proof counts for 60 days
// from `time` on, so who asked takes no answer whose time is off by more than a day.
#ifndef TRUST_ANSWER_H
#define TRUST_ANSWER_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"
#include "crypt/hash.h"
#include "crypt/seal.h"

#define ANSWER_BYTES_MAX 224

enum answer_kind {       // numbers cross the wire; asked is, and given must be
    ANSWER_CHUNK = 1,    // an object's name; the same
    ANSWER_RESULT = 2,   // a task's digest, all that its result depends on; one and the same hash
    ANSWER_MANIFEST = 3, // SHA-256 of what one head is named by and its seq; one and the same hash
};
#define ANSWER_KIND_MAX 3u

struct answer {
    struct sign_public by;
    struct digest request; // names what was asked, by whom and when: a nonce of the asker in it
    enum answer_kind kind;
    struct digest asked;
    struct digest given; // SHA-256 of the bytes
    uint64_t time_s;     // Unix time
};

// Into an empty buffer; a->by must be key's. RC_FULL: fewer than ANSWER_BYTES_MAX were there.
// RC_NOMEM.
MUST_USE enum rc answer_encode(struct buffer *out, const struct answer *a,
                               const struct sign_key *key);
// RC_MALFORMED: not this form. RC_REFUSED: the signature is wrong, or there is no such kind. On
// failure *out is untouched.
MUST_USE enum rc answer_decode(struct answer *out, struct bytes in, const struct seal_judge *judge);

#endif
