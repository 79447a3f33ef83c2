// SPDX-License-Identifier: MIT
// Good packets of every kind, for tests, fuzzing and benches.
#ifndef DHT_PACKETS_TEST_H
#define DHT_PACKETS_TEST_H

#include <assert.h>
#include <string.h>

#include "base/attr.h"
#include "dht/krpc.h"

#define PACKETS_MAX 40u

struct packet {
    uint8_t at[KRPC_BYTES_MAX];
    size_t len;
};

struct packets {
    struct packet packet[PACKETS_MAX];
    size_t count;
};

// What the views of a message point into while it is put together.
struct packets_room {
    uint8_t nodes[8 * KRPC_NODE4_BYTES], nodes6[8 * KRPC_NODE6_BYTES];
    uint8_t values[256], records[700], samples[20 * DHT_ID_BYTES];
};

static inline struct bytes packets_fill(uint8_t *at, size_t len, unsigned seed)
{
    for (size_t i = 0; i < len; i++)
        at[i] = (uint8_t)(seed + 7 * i);
    return bytes_of(at, len);
}

static inline struct net_addr packets_addr(unsigned i, bool is_6)
{
    struct net_addr a = net_addr_ip4(0xc6336400u + i, (uint16_t)(6881 + i)); // 198.51.100.0/24
    if (is_6) {
        memset(a.ip, 0, sizeof a.ip);
        memcpy(a.ip, "\x20\x01\x0d\xb8", 4);
        a.ip[15] = (uint8_t)(i + 1);
    }
    return a;
}

static inline struct bytes packets_nodes(uint8_t *at, size_t cap, bool is_6)
{
    struct buffer b = buffer_of(at, cap);
    for (unsigned i = 0; i < 8; i++) {
        struct krpc_node n = {.addr = packets_addr(i, is_6)};
        (void)packets_fill(n.id.b, sizeof n.id.b, 40 * i);
        krpc_node_put(&b, &n);
    }
    assert(!b.is_full);
    return buffer_bytes(&b);
}

static inline struct krpc packets_head(enum krpc_kind kind, enum krpc_method method)
{
    struct krpc m = {.kind = kind, .method = method, .transaction = bytes_text("aa")};
    memcpy(m.id.b, "abcdefghij0123456789", sizeof m.id.b);
    memcpy(m.target.b, "mnopqrstuvwxyz123456", sizeof m.target.b);
    return m;
}

static inline void packets_add(struct packets *p, const struct krpc *m)
{
    assert(p->count < PACKETS_MAX);
    struct packet *out = &p->packet[p->count++];
    struct buffer b = buffer_of(out->at, sizeof out->at);
    krpc_encode(&b, m);
    assert(!b.is_full);
    out->len = b.len;
}

static inline void packets_add_text(struct packets *p, const char *text)
{
    assert(p->count < PACKETS_MAX && strlen(text) <= KRPC_BYTES_MAX);
    struct packet *out = &p->packet[p->count++];
    out->len = strlen(text);
    memcpy(out->at, text, out->len);
}

static inline void packets_queries(struct packets *p)
{
    static const uint8_t zeros[64] = {0};
    static const enum krpc_method plain[] = {KRPC_PING, KRPC_FIND_NODE, KRPC_GET_PEERS, KRPC_GET,
                                             KRPC_SAMPLE_INFOHASHES};
    struct krpc m;
    for (size_t i = 0; i < ARRAY_COUNT(plain); i++) {
        m = packets_head(KRPC_QUERY, plain[i]);
        m.wants4 = i % 2 == 1;
        m.wants6 = i > 1;
        m.is_read_only = i == 3;
        packets_add(p, &m);
    }
    m = packets_head(KRPC_QUERY, KRPC_ANNOUNCE_PEER);
    m.has_port = true;
    m.port = 6881;
    m.is_implied_port = true;
    m.token = bytes_text("aoeusnth");
    packets_add(p, &m);
    m = packets_head(KRPC_QUERY, KRPC_PUT);
    m.token = bytes_text("aoeusnth");
    m.v = bytes_text("12:Hello World!");
    packets_add(p, &m);
    m.k = bytes_of(zeros, KRPC_PUBLIC_BYTES);
    m.sig = bytes_of(zeros, KRPC_SIGNATURE_BYTES);
    m.salt = bytes_text("foobar");
    m.has_seq = m.has_cas = true;
    m.seq = 4;
    m.cas = 3;
    m.v = bytes_text("d1:ali1ei-2ee1:bd1:c0:ee");
    packets_add(p, &m);
    m = packets_head(KRPC_QUERY, KRPC_SH_GET);
    m.key = bytes_of(zeros, KRPC_KEY_BYTES);
    packets_add(p, &m);
    m.token = bytes_text("aoeusnth");
    packets_add(p, &m);
    m = packets_head(KRPC_QUERY, KRPC_SH_PUT);
    m.token = bytes_text("aoeusnth");
    m.record = bytes_text("not quite a record");
    packets_add(p, &m);
}

static inline void packets_replies(struct packets *p)
{
    static const uint8_t zeros[64] = {0};
    struct packets_room room;
    struct buffer values = buffer_of(room.values, sizeof room.values);
    struct buffer records = buffer_of(room.records, sizeof room.records);
    struct krpc m = packets_head(KRPC_REPLY, KRPC_NO_METHOD);
    m.ip = bytes_text("\xc0\xa8\x01\x02\x1a\xe1");
    packets_add(p, &m);
    m.nodes = packets_nodes(room.nodes, sizeof room.nodes, false);
    packets_add(p, &m);
    m.nodes6 = packets_nodes(room.nodes6, sizeof room.nodes6, true);
    packets_add(p, &m);
    m.token = bytes_text("aoeusnth");
    for (unsigned i = 0; i < 20; i++)
        krpc_string_put(&values, bytes_of(&"axje.uidhtnm"[i % 6], NET_COMPACT4_BYTES));
    m.values = buffer_bytes(&values);
    packets_add(p, &m);
    m.values = m.nodes6 = (struct bytes){NULL, 0};
    m.k = bytes_of(zeros, KRPC_PUBLIC_BYTES);
    m.sig = bytes_of(zeros, KRPC_SIGNATURE_BYTES);
    m.has_seq = true;
    m.seq = INT64_MAX;
    m.v = bytes_text("l4:spami42ee");
    packets_add(p, &m);
    m = packets_head(KRPC_REPLY, KRPC_NO_METHOD);
    m.samples = packets_fill(room.samples, sizeof room.samples, 3);
    m.has_num = m.has_interval = true;
    m.num = 4711;
    m.interval = 21600;
    packets_add(p, &m);
    for (unsigned i = 0; i < 3; i++) {
        uint8_t record[210];
        krpc_string_put(&records, packets_fill(record, sizeof record, i));
    }
    m = packets_head(KRPC_REPLY, KRPC_NO_METHOD);
    m.records = buffer_bytes(&records);
    m.token = bytes_text("aoeusnth");
    packets_add(p, &m);
}

// As others write them: no v, other fields, other order.
static inline void packets_of_others(struct packets *p)
{
    packets_add_text(p, "d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe"); // BEP 5
    packets_add_text(p, "d1:eli201e23:A Generic Error Ocurrede1:t2:aa1:y1:ee");      // BEP 5
    packets_add_text(p, "d1:rd2:id20:0123456789abcdefghij5:token8:aoeusnth6:valuesl6:axje.u6:idhtnm"
                        "ee1:t2:aa1:y1:re"); // BEP 5
    packets_add_text(p, "d1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz1234566:noseed"
                        "i1e6:scrapei1ee1:q9:get_peers2:roi1e1:t4:\1\2\3\0041:v4:LT\2\b1:y1:qe");
    packets_add_text(p, "d1:y1:q1:t1:x1:q4:ping1:ad2:id20:abcdefghij0123456789ee"); // unsorted
    packets_add_text(p, "d1:ad2:id20:abcdefghij01234567894:votei1ee1:q4:vote1:t2:aa1:y1:qe");
    packets_add_text(p, "d1:rd2:id20:mnopqrstuvwxyz1234561:pi6881ee1:t2:aa1:v4:UT\24401:y1:re");
}

static inline struct packets packets_make(void)
{
    struct packets p = {.count = 0};
    packets_queries(&p);
    packets_replies(&p);
    packets_of_others(&p);
    return p;
}

#endif
