// SPDX-License-Identifier: MIT
// Seal: a record that somebody signed, as it travels; the one form of all signed records.
//
//     record = body signature      a CBOR sequence (RFC 8742), deterministic (RFC 8949, 4.2.1)
//
// The body is an array: the form's number, the signer's public key, then what the form says. The
// signature is Ed25519 over "shoal seal 1", a zero byte and the body: nothing else that is signed
// begins so. A form's number is given once in the whole tree (doc/records.md), so what was signed
// as one form is never taken for another.
//
//     struct buffer b = buffer_of(room, sizeof room);
//     seal_begin(&b, FORM, 4, &id->key_public);       // array head, form, signer
//     cbor_put_u64(&b, ...); cbor_put_bytes(&b, ...); // the other two items
//     rc = seal_end(&b, id->key);
//
//     rc = seal_open(&r, &by, record, FORM, 4, &judge);
//     ... cbor_get_u64(&r), cbor_get_bytes(&r); cbor_done(&r) tells whether all was as it must be
//
// Pure functions; records are at most SEAL_BYTES_MAX long.
#ifndef CRYPT_SEAL_H
#define CRYPT_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"
#include "crypt/sign.h"
#include "wire/cbor.h"

#define SEAL_BYTES_MAX    1024                  // what a record of the DHT can hold
#define SEAL_ENDING_BYTES (2 + SIGNATURE_BYTES) // the head of a byte string of 64, and these

// Who says whether a signature is right. A host that meets the same record many times may
// remember the verdict.
struct seal_judge {
    bool (*check)(void *self, const struct sign_public *by, struct bytes message,
                  const struct signature *s);
    void *self;
};

struct seal_judge seal_judge_real(void); // crypt/sign, each time
// Takes any signature for right: for what was judged before it was kept, for a look at a record's
// form alone, and for fuzzing, where nothing would ever get past a real one.
struct seal_judge seal_judge_none(void);

// Array head of `items` items (3 and more), form (1 and more) and signer into an empty buffer; the
// caller puts the other items - 2 after them, then ends it.
void seal_begin(struct buffer *b, uint64_t form, size_t items, const struct sign_public *by);
// Signs all that is in b, and puts the signature. RC_FULL: it did not fit into b. RC_NOMEM.
MUST_USE enum rc seal_end(struct buffer *b, const struct sign_key *key);

// The first item of a record, without judging the rest; 0: there is none.
uint64_t seal_form_of(struct bytes record);
// The body's items after the signer, which the caller must read to the end; *by is who signed.
// RC_MALFORMED: not such a record; RC_REFUSED: the signature is wrong. On failure nothing is set.
MUST_USE enum rc seal_open(struct cbor_reader *out, struct sign_public *by, struct bytes record,
                           uint64_t form, size_t items, const struct seal_judge *judge);

#endif
