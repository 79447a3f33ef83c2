// SPDX-License-Identifier: MIT
// KRPC: the messages of the Mainline DHT and our own two, as bytes and as one flat struct.
//
// BEP 5, 32 (nodes6, want), 42 (ip), 43 (ro), 44 (get, put), 51 (sample_infohashes), and for
// shoal nodes sh_get and sh_put (doc/dht.md), which others answer with error 204.
//
//     struct krpc m;
//     switch (krpc_decode(&m, datagram)) {  // one pass, nothing copied but ids
//     case RC_OK: ...                       // m.kind, then m.method if it is a query
//     case RC_REFUSED: krpc_error(&answer, &m, m.code) // a query that wants an error for answer
//     default: drop it                      // not ours to answer
//     }
//
// All views point into the datagram and live as long as it does. A view that was not sent is
// empty with at == NULL; an empty one that was sent has at != NULL. Of a wrong type or length, a
// field of a query makes it wrong (error 203), and one of a reply counts as not sent; keys that
// nobody knows are skipped, whatever they hold, in any order; a known key twice is malformed.
// Writing: set kind, method or code, transaction and id, and the fields that are to be sent.
#ifndef DHT_KRPC_H
#define DHT_KRPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "dht/key.h"
#include "host/net.h"

// What we put together ourselves (nodes, peers, samples, records) fits this; only BEP 44 values
// of more than some 860 bytes make a datagram longer, at most KRPC_BYTES_MAX.
#define KRPC_BYTES           1200u
#define KRPC_BYTES_MAX       1472u
#define KRPC_TRANSACTION_MAX 64u // bytes of t; longer ones are malformed
#define KRPC_NODE4_BYTES     (DHT_ID_BYTES + NET_COMPACT4_BYTES)
#define KRPC_NODE6_BYTES     (DHT_ID_BYTES + NET_COMPACT6_BYTES)
#define KRPC_VERSION_BYTES   4u
#define KRPC_PUBLIC_BYTES    32u // k
#define KRPC_SIGNATURE_BYTES 64u // sig
#define KRPC_KEY_BYTES       32u // key

enum krpc_kind {
    KRPC_QUERY,
    KRPC_REPLY,
    KRPC_ERROR,
};

enum krpc_method {
    KRPC_NO_METHOD, // reply, error, or a query that we do not know
    KRPC_PING,
    KRPC_FIND_NODE,
    KRPC_GET_PEERS,
    KRPC_ANNOUNCE_PEER,
    KRPC_GET,
    KRPC_PUT,
    KRPC_SAMPLE_INFOHASHES,
    KRPC_SH_GET,
    KRPC_SH_PUT,
};
#define KRPC_METHOD_COUNT 10

enum krpc_code {
    KRPC_NO_ERROR = 0,
    KRPC_GENERIC = 201,
    KRPC_SERVER = 202,
    KRPC_PROTOCOL = 203,
    KRPC_UNKNOWN_METHOD = 204,
    KRPC_VALUE_TOO_BIG = 205, // BEP 44, as are the following
    KRPC_BAD_SIGNATURE = 206,
    KRPC_SALT_TOO_BIG = 207,
    KRPC_CAS_MISMATCH = 301, // cas is not the stored sequence number: read again
    KRPC_SEQ_TOO_LOW = 302,  // a newer one is stored
};

struct krpc {
    enum krpc_kind kind;
    enum krpc_method method;
    bool is_read_only;        // ro: do not keep the sender in the table
    struct bytes transaction; // t, 0..KRPC_TRANSACTION_MAX bytes, never at == NULL
    struct bytes version;     // v of the message, any length
    struct bytes ip;          // of a reply: our address as the sender saw it, compact

    // In arguments (a) and reply (r)
    struct dht_id id;     // in every query and reply
    struct dht_id target; // or info_hash; queries that need one have one
    bool has_port;        // 1..65535
    uint16_t port;        // announce_peer
    bool is_implied_port; // announce_peer: the port the query came from counts, not `port`
    bool wants4, wants6;  // want: which nodes; neither: those of the query's own family
    bool has_seq, has_cas;
    int64_t seq, cas;     // get, put
    struct bytes token;   // at most KRPC_TOKEN_MAX bytes in what we write
    struct bytes k, sig;  // KRPC_PUBLIC_BYTES, KRPC_SIGNATURE_BYTES
    struct bytes salt;    // put; its limit is the item's (dht/item)
    struct bytes v;       // get, put: the value in its bencoded form
    struct bytes key;     // sh_get: KRPC_KEY_BYTES
    struct bytes record;  // sh_put: one record (dht/record), undecoded
    struct bytes nodes;   // whole entries of KRPC_NODE4_BYTES: krpc_node_next
    struct bytes nodes6;  // of KRPC_NODE6_BYTES
    struct bytes values;  // bencoded strings without the list's l and e: krpc_string_next
    struct bytes records; // sh_get: likewise
    struct bytes samples; // sample_infohashes: ids one after another
    bool has_num, has_interval;
    int64_t num;      // sample_infohashes, sh_get: how many are stored
    int64_t interval; // sample_infohashes: seconds until they are others

    // Of an error, and what a wrong query is to be answered with
    enum krpc_code code; // received: any number but 0
    struct bytes text;
};

#define KRPC_TOKEN_MAX 64u

// RC_OK. RC_REFUSED: a query with transaction that can be answered with error m->code; nothing but
// kind, transaction and code is of use. RC_MALFORMED: anything else; *m is of no use.
MUST_USE enum rc krpc_decode(struct krpc *m, struct bytes datagram);

// Appends the message, keys in order. Does not fit: b->is_full. Our version goes into every
// message, whatever m->version says.
void krpc_encode(struct buffer *b, const struct krpc *m);
// Appends the error that answers query m, with the usual words for this code.
void krpc_error(struct buffer *b, const struct krpc *query, enum krpc_code code);

// Is the sender a shoal node, which knows sh_get and sh_put?
bool krpc_is_shoal(const struct krpc *m);
const char *krpc_method_text(enum krpc_method method); // "get_peers"; "" for KRPC_NO_METHOD
const char *krpc_code_text(enum krpc_code code);       // never NULL

struct krpc_node {
    struct dht_id id;
    struct net_addr addr; // as sent: judge it (net_addr_is_host) before writing to it
};

// Takes the first entry off a copy of m->nodes (is_6: m->nodes6); false: none is left.
bool krpc_node_next(struct bytes *nodes, bool is_6, struct krpc_node *out);
// Appends one entry; the buffer's bytes then serve as m->nodes or nodes6. The address must be of
// the family that list is for.
void krpc_node_put(struct buffer *nodes, const struct krpc_node *node);
// Takes the first string off a copy of m->values or m->records; false: none is left.
bool krpc_string_next(struct bytes *strings, struct bytes *out);
// Appends one, for values or records. Does not fit: strings->is_full.
void krpc_string_put(struct buffer *strings, struct bytes string);

#endif
