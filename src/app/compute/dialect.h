// SPDX-License-Identifier: MIT
// The vocabularies that a hub speaks: our own CBOR, and two of JSON over WebSocket
// (doc/vocabulary.md).
//
// A message in JSON becomes the same struct msg as one in CBOR, and the answer goes back in the
// vocabulary of who asked: the hub behind knows only one. What the other vocabularies have no word
// for is not sent to them. Of a task's data and result nothing is read: they are passed on byte
// for byte, as spans of the message they came in.
//
//     enum dialect d = DIALECT_UNKNOWN; // a text arrived: the first one decides
//     rc = dialect_decode(&d, &m, &hello, in);
//     ...
//     rc = dialect_encode(d, &answer, &to, &out); // RC_ABSENT: say nothing
#ifndef COMPUTE_DIALECT_H
#define COMPUTE_DIALECT_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"
#include "compute/msg.h"
#include "crypt/hash.h"

#define DIALECT_TOKEN_BYTES 4097         // with its final 0; a hub's own is in a file of 4096
#define DIALECT_ID_BYTES    257          // of a peer_id, gamer_id or user_id, with its final 0
#define DIALECT_CPU_US_MAX  86400000000u // a day: nobody computes longer for one task
#define DIALECT_SLOTS_SEED  32u          // of a helper that does not say: starts all it gets
#define DIALECT_SLOTS_NET   1u           // of a helper that does not say: is idle or busy
#define DIALECT_UNITS_S     1000000u     // the speed of all, for none measures it

enum dialect {
    DIALECT_CBOR,    // compute/msg
    DIALECT_UNKNOWN, // one of the two below
    DIALECT_SEED,    // {"type": ..., ...}
    DIALECT_NET,     // {"msg_type": ..., "msg_id": ..., "timestamp": ..., "data": {...}}
};

struct dialect_hello {               // what a MSG_HELLO in JSON says beyond the struct
    char token[DIALECT_TOKEN_BYTES]; // a secret; empty: it gave none
    struct digest id;                // SHA-256 of its whole id, of which the name is the beginning
};

// *out borrows from in. *d may be DIALECT_UNKNOWN: it becomes the dialect that in is written in, as
// soon as that can be seen, whatever the code. *hello is filled with a MSG_HELLO in JSON; its token
// is the caller's to cleanse.
//
// What a vocabulary does not carry is zero: signatures, keys and nonces; the job of a MSG_RUN
// without a label, which the caller numbers. With a label it is the first 8 bytes of the label's
// SHA-256, little-endian, so that the same task asked for again is the same job.
//
// RC_UNSUPPORTED: a word that this vocabulary does not have; answer and go on. RC_REFUSED: more
// than we take (nested too deep, a name too long, too much data); answer and go on: if out->type is
// MSG_RUN, its label and job say of what. RC_MALFORMED: no such message. *out is of no other use
// then.
MUST_USE enum rc dialect_decode(enum dialect *d, struct msg *out, struct dialect_hello *hello,
                                struct bytes in);

struct dialect_to { // whom a message goes to, as far as JSON says it
    enum msg_role role;
    const char *name;       // it has, up to MSG_NAME_BYTES
    uint32_t helpers_ready; // MSG_WELCOME to a gamer: with a free slot
    uint64_t id;            // of this message: another one each time
    uint64_t now_us;        // machines know no date: the time of a message is that of the machine
};

// An upper bound of the encoded size of *m in that dialect; what dialect_encode needs.
size_t dialect_bytes_max(enum dialect d, const struct msg *m);
// Appends *m. RC_ABSENT: this vocabulary has no word for it. RC_UNSUPPORTED: it cannot be said in
// JSON (a task with objects, or with parameters that are no JSON). RC_FULL: out is shorter than
// dialect_bytes_max. RC_MALFORMED: in CBOR, a field is out of its range. On failure out is as
// before.
//
// A result that is no JSON becomes an error with words, so that its gamer is told.
MUST_USE enum rc dialect_encode(enum dialect d, const struct msg *m, const struct dialect_to *to,
                                struct buffer *out);

#endif
