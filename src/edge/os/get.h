// SPDX-License-Identifier: MIT
// One HTTP GET, and how far it came: name, connection, TLS, answer.
//
// For those who look into what is wrong with a way to a server:
//
//     get_start(&g, loop, &cfg, &handlers, &err)  -> on_done, once; then g is gone
//     get_drop(g)                                 -> nothing any more
//
// Whoever answers is asked, trusted or not: no secret belongs into the path, and nothing that
// comes back may be believed if is_trusted is false and the fingerprint is not a known one. Any
// status is an answer; redirections are not followed. Belongs to one loop.
#ifndef OS_GET_H
#define OS_GET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "crypt/hash.h"
#include "os/loop.h"
#include "os/tls.h"

struct get;

#define GET_BODY_BYTES_MAX (1u << 20)
#define GET_WHY_BYTES      160 // one line

enum get_stage { // in this order
    GET_NAME,
    GET_CONNECTION,
    GET_TLS,
    GET_ANSWER,
    GET_DONE,
};

struct get_result {       // borrowed for on_done
    enum get_stage stage; // where it ended; GET_DONE: with an answer
    // RC_OK, or at
    // GET_NAME        RC_ABSENT: there is no such name; RC_IO: nobody could be asked
    // GET_CONNECTION  RC_REFUSED: nothing listens there; RC_ABSENT: no way there; RC_IO
    // GET_TLS         RC_MALFORMED: the two do not agree, or the other side speaks no TLS
    // GET_ANSWER      RC_MALFORMED: no HTTP; RC_CLOSED: hung up on; RC_FULL: body above its bound
    // any             RC_TIMEOUT, RC_NOMEM
    enum rc rc;
    const char *why;        // for people; empty with RC_OK
    const char *address;    // the last one tried; empty: none
    uint64_t connection_us; // from the first packet to the last address until it took us
    uint64_t answer_us;     // from request to the last byte of the answer
    // From GET_ANSWER on, with TLS:
    bool has_fingerprint;
    struct digest fingerprint;
    bool is_trusted; // by the system's authorities, for this host; otherwise trust_why
    const char *trust_why;
    // With GET_DONE:
    unsigned status;
    struct bytes body;
    bool has_date;
    uint64_t date_s; // the other side's clock: seconds since 1970 (header field Date)
};

struct get_cfg { // texts are copied
    const char *host;
    uint16_t port;
    const char *path;        // "/healthz"
    struct tls_context *tls; // NULL: plain; outlives the request
    uint64_t timeout_us;     // for all of it, > 0
    size_t body_bytes_max;   // 1..GET_BODY_BYTES_MAX
};

struct get_handlers {
    void *self;
    void (*on_done)(void *self, const struct get_result *r);
};

// RC_CONFIG: a text is too long or no host or path, or a number is out of range; RC_NOMEM, RC_IO.
// *out is NULL on failure.
MUST_USE enum rc get_start(struct get **out, struct loop *loop, const struct get_cfg *cfg,
                           const struct get_handlers *handlers, struct err *err);
// No on_done will come. NULL is fine; not after on_done. A lookup of a name cannot be called off:
// until the system answers, which may take a minute, loop_free waits for it. False: so it is
// here, as it is after on_done with RC_TIMEOUT at GET_NAME: who wants to end at once must leave
// without loop_free.
bool get_drop(struct get *g);

// An HTTP date ("Sun, 06 Nov 1994 08:49:37 GMT", RFC 9110 section 5.6.7; the obsolete forms are
// not read) as seconds since 1970. False: it is none, or before 1970.
MUST_USE bool get_date(const char *text, uint64_t *out_s);

#endif
