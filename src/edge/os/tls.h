// SPDX-License-Identifier: MIT
// TLS 1.2 and later over memory: ciphertext in, plain bytes out, and back (OpenSSL).
//
// A context is shared by connections and outlives them; a `struct tls` is one connection. No
// sockets: the caller carries the ciphertext. A client that meets a certificate which the
// system's authorities do not vouch for still finishes the handshake: the caller must ask
// tls_is_trusted, and if not, decide by the fingerprint, before it sends or believes anything.
#ifndef OS_TLS_H
#define OS_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/rc.h"
#include "crypt/hash.h"

struct tls_context;
struct tls;

// A server's context from PEM files (the certificate may be followed by its chain).
// RC_CONFIG: a file is missing, unreadable, or the two do not belong together.
MUST_USE enum rc tls_server_context(struct tls_context **out, const char *certificate_path,
                                    const char *key_path, struct err *err);
// A server's context from `folder`/hub.pem: a P-256 key and a self-signed certificate (CN=shoal
// hub, 10 years), made there (mode 0600) the first time. RC_CONFIG, RC_IO.
MUST_USE enum rc tls_self_made_context(struct tls_context **out, const char *folder,
                                       struct err *err);
// A client's context: the system's authorities. RC_IO.
MUST_USE enum rc tls_client_context(struct tls_context **out, struct err *err);
void tls_context_free(struct tls_context *c); // NULL is fine
// SHA-256 of a server context's own certificate (DER), for people to compare.
struct digest tls_context_fingerprint(const struct tls_context *c);

// host: a client's: the name or address that the certificate must carry; a server's: NULL.
// RC_NOMEM: *out is NULL.
MUST_USE enum rc tls_new(struct tls **out, struct tls_context *c, const char *host);
void tls_free(struct tls *t); // NULL is fine

// Ciphertext that arrived; all of it is taken. RC_NOMEM.
MUST_USE enum rc tls_input(struct tls *t, struct bytes ciphertext);
// Goes on with the handshake. RC_OK: done; RC_AGAIN: wants input; RC_REFUSED: what the peer sent
// cannot be agreed to, or is no TLS; RC_CLOSED: the peer gave up by an alert. After the last two
// *why (a constant, or valid until the next call) says it.
MUST_USE enum rc tls_handshake(struct tls *t, const char **why);
// Plain bytes, after the handshake. RC_OK: *len > 0 of them. RC_AGAIN: none now; RC_CLOSED: the
// peer ended it; RC_MALFORMED: broken records.
MUST_USE enum rc tls_read(struct tls *t, uint8_t *out, size_t cap, size_t *len);
// After the handshake: all of it becomes ciphertext. RC_NOMEM, RC_CLOSED.
MUST_USE enum rc tls_write(struct tls *t, struct bytes plain);
void tls_end(struct tls *t); // a close_notify, to be sent with the rest
// Ciphertext to be sent; borrowed until the next call. Empty: none. tls_sent drops it all.
struct bytes tls_output(struct tls *t);
void tls_sent(struct tls *t);

// After the handshake, for clients. True: signed by a system authority, for `host`, in date.
// Else *why (may be NULL) says what is wrong, e.g. "self-signed certificate".
bool tls_is_trusted(const struct tls *t, const char **why);
// SHA-256 of the peer's certificate (DER); false: it sent none.
bool tls_peer_fingerprint(const struct tls *t, struct digest *out);

#endif
