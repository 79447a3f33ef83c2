// SPDX-License-Identifier: MIT
// Who a node is: its key pair, its node id, and the form of both in a file.
//
// The node id is the SHA-256 of the public key. The file is three lines of text, always
// ID_FILE_BYTES long:
//
//     shoal identity 1
//     public <64 hex digits>
//     seed <64 hex digits>
//
// Hex and not PEM (PKCS#8): the reader is twenty lines without ASN.1 or a base64 of secrets, a
// person sees the public half, and a file that was damaged does not read as another key, since
// the two halves must belong together. It is as secret as any private key file: mode 0600 is
// the business of whoever writes it. What holds a seed is cleansed at its end.
#ifndef CRYPT_ID_H
#define CRYPT_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"
#include "crypt/sign.h"
#include "host/entropy.h"

#define NODE_ID_BYTES     32
#define NODE_ID_HEX_BYTES 65  // with its final 0
#define ID_FILE_BYTES     159 // without a final 0

struct node_id {
    uint8_t b[NODE_ID_BYTES];
};

struct node_id node_id_of(const struct sign_public *p);
bool node_id_equal(const struct node_id *a, const struct node_id *b);
void node_id_hex(const struct node_id *n, char out[static NODE_ID_HEX_BYTES]);

struct id {               // embed it; do not copy it; id_end it once
    struct sign_key *key; // for sign_make
    struct sign_public key_public;
    struct node_id node;
    uint8_t seed[SIGN_SEED_BYTES]; // private to id.c
};

// A new identity from 32 secret bytes of the host. RC_NOMEM: *out is all zeros.
MUST_USE enum rc id_init(struct id *out, const struct entropy *entropy);
// From the bytes of a file. RC_MALFORMED: not this format, or its halves do not belong together.
// RC_NOMEM. On failure *out is all zeros.
MUST_USE enum rc id_decode(struct id *out, struct bytes file);
// Into exactly ID_FILE_BYTES bytes, which the caller cleanses when they are written.
void id_encode(const struct id *i, uint8_t out[static ID_FILE_BYTES]);
// Frees the key and cleanses the rest; all zeros afterwards, and harmless on all zeros.
void id_end(struct id *i);

#endif
