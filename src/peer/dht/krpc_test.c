// SPDX-License-Identifier: MIT
// KRPC: the examples of the BEPs, every message there and back, what is wrong and what is borne.
#include "dht/krpc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "dht/item.h"
#include "dht/packets_test.h"
#include "dht/record.h"

#define ID     "2:id20:abcdefghij0123456789"
#define TARGET "6:target20:mnopqrstuvwxyz123456"
#define HASH   "9:info_hash20:mnopqrstuvwxyz123456"
#define TAIL   "1:t2:aa1:v4:SH" // what we end with: see is_text

static enum rc decode(struct krpc *m, const char *text)
{
    return krpc_decode(m, bytes_text(text));
}

// Is it this text, where '#' stands for our version's last two bytes?
static bool is_text(struct bytes got, const char *text)
{
    size_t at = 0;
    for (const char *c = text; *c != 0; c++) {
        if (*c == '#' && at + 2 <= got.len && got.at[at] == 0 && got.at[at + 1] == 1) {
            at += 2;
            continue;
        }
        if (at >= got.len || got.at[at++] != (uint8_t)*c)
            return false;
    }
    return at == got.len;
}

static void encodes_as(const struct krpc *m, const char *text)
{
    uint8_t room[KRPC_BYTES_MAX];
    struct buffer b = buffer_of(room, sizeof room);
    krpc_encode(&b, m);
    if (!is_text(buffer_bytes(&b), text))
        fail_msg("%.*s is not %s", (int)b.len, (const char *)room, text);
    for (size_t cap = 0; cap < b.len; cap++) { // and nowhere writes past its end
        struct buffer tight = buffer_of(room, cap);
        krpc_encode(&tight, m);
        assert_true(tight.is_full && tight.len <= cap);
    }
}

static void queries_as_the_beps_write_them(void **state)
{
    (void)state;
    struct krpc m = packets_head(KRPC_QUERY, KRPC_PING);
    encodes_as(&m, "d1:ad" ID "e1:q4:ping" TAIL "#1:y1:qe");
    m.method = KRPC_FIND_NODE;
    m.wants4 = m.wants6 = true;
    encodes_as(&m, "d1:ad" ID TARGET "4:wantl2:n42:n6ee1:q9:find_node" TAIL "#1:y1:qe");
    m.wants4 = false;
    m.method = KRPC_GET_PEERS;
    m.is_read_only = true;
    encodes_as(&m, "d1:ad" ID HASH "4:wantl2:n6ee1:q9:get_peers2:roi1e" TAIL "#1:y1:qe");
    m = packets_head(KRPC_QUERY, KRPC_ANNOUNCE_PEER);
    m.is_implied_port = m.has_port = true;
    m.port = 6881;
    m.token = bytes_text("aoeusnth");
    encodes_as(&m, "d1:ad" ID "12:implied_porti1e" HASH
                   "4:porti6881e5:token8:aoeusnthe1:q13:announce_peer" TAIL "#1:y1:qe");
    m = packets_head(KRPC_QUERY, KRPC_GET);
    m.has_seq = true;
    m.seq = 1;
    encodes_as(&m, "d1:ad" ID "3:seqi1e" TARGET "e1:q3:get" TAIL "#1:y1:qe");
    m = packets_head(KRPC_QUERY, KRPC_PUT);
    m.token = bytes_text("tk");
    m.v = bytes_text("12:Hello World!");
    encodes_as(&m, "d1:ad" ID "5:token2:tk1:v12:Hello World!e1:q3:put" TAIL "#1:y1:qe");
    m.k = bytes_text("kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk");
    m.sig = bytes_text("ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss");
    m.salt = bytes_text("foobar");
    m.has_seq = m.has_cas = true;
    m.seq = 4;
    m.cas = 3;
    encodes_as(&m,
               "d1:ad3:casi3e" ID "1:k32:kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk4:salt6:foobar"
               "3:seqi4e3:sig64:ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss"
               "5:token2:tk1:v12:Hello World!e1:q3:put" TAIL "#1:y1:qe");
    m = packets_head(KRPC_QUERY, KRPC_SAMPLE_INFOHASHES);
    encodes_as(&m, "d1:ad" ID TARGET "e1:q17:sample_infohashes" TAIL "#1:y1:qe");
    m = packets_head(KRPC_QUERY, KRPC_SH_GET);
    m.key = bytes_text("kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk");
    encodes_as(&m,
               "d1:ad" ID "3:key32:kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkke1:q6:sh_get" TAIL "#1:y1:qe");
    m = packets_head(KRPC_QUERY, KRPC_SH_PUT);
    m.token = bytes_text("tk");
    m.record = bytes_text("rec");
    encodes_as(&m, "d1:ad" ID "6:record3:rec5:token2:tke1:q6:sh_put" TAIL "#1:y1:qe");
}

static void replies_and_errors_as_the_beps_write_them(void **state)
{
    (void)state;
    uint8_t room[256];
    struct buffer values = buffer_of(room, sizeof room);
    struct krpc m = packets_head(KRPC_REPLY, KRPC_NO_METHOD);
    encodes_as(&m, "d1:rd" ID "e" TAIL "#1:y1:re");
    m.ip = bytes_text("IPIPPO");
    encodes_as(&m, "d2:ip6:IPIPPO1:rd" ID "e" TAIL "#1:y1:re");
    m.ip = (struct bytes){NULL, 0};
    m.token = bytes_text("aoeusnth");
    krpc_string_put(&values, bytes_text("axje.u"));
    krpc_string_put(&values, bytes_text("idhtnm"));
    m.values = buffer_bytes(&values);
    encodes_as(&m, "d1:rd" ID "5:token8:aoeusnth6:valuesl6:axje.u6:idhtnmee" TAIL "#1:y1:re");
    m.values = (struct bytes){NULL, 0};
    m.nodes = bytes_text("");
    encodes_as(&m, "d1:rd" ID "5:nodes0:5:token8:aoeusnthe" TAIL "#1:y1:re");
    m = packets_head(KRPC_REPLY, KRPC_NO_METHOD);
    m.has_num = m.has_interval = true;
    m.num = 2;
    m.interval = 60;
    m.samples = bytes_text("mnopqrstuvwxyz123456mnopqrstuvwxyz123457");
    encodes_as(&m, "d1:rd" ID "8:intervali60e3:numi2e7:samples40:mnopqrstuvwxyz123456"
                   "mnopqrstuvwxyz123457e" TAIL "#1:y1:re");

    room[0] = 0;
    struct buffer b = buffer_of(room, sizeof room);
    krpc_error(&b, &m, KRPC_PROTOCOL);
    assert_true(is_text(buffer_bytes(&b), "d1:eli203e14:protocol errore" TAIL "#1:y1:ee"));
}

static void the_words_of_others(void **state)
{
    (void)state;
    struct krpc m;
    struct bytes value;
    assert_int_equal(decode(&m, "d1:rd2:id20:0123456789abcdefghij5:token8:aoeusnth6:valuesl6:axje.u"
                                "6:idhtnmee1:t2:aa1:y1:re"),
                     RC_OK); // BEP 5
    assert_true(m.kind == KRPC_REPLY && bytes_is(m.token, "aoeusnth"));
    assert_true(krpc_string_next(&m.values, &value) && bytes_is(value, "axje.u"));
    assert_true(krpc_string_next(&m.values, &value) && bytes_is(value, "idhtnm"));
    assert_false(krpc_string_next(&m.values, &value));
    assert_false(krpc_is_shoal(&m));

    assert_int_equal(decode(&m, "d1:eli201e23:A Generic Error Ocurrede1:t2:aa1:y1:ee"), RC_OK);
    assert_true(m.kind == KRPC_ERROR && m.code == 201);
    assert_true(bytes_is(m.text, "A Generic Error Ocurred"));

    assert_int_equal(decode(&m, "d1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz123456"
                                "4:porti6881e5:token8:aoeusnthe1:q13:announce_peer1:t2:aa1:y1:qe"),
                     RC_OK);
    assert_true(m.method == KRPC_ANNOUNCE_PEER && m.has_port && m.port == 6881);
    assert_false(m.is_implied_port);

    assert_int_equal(decode(&m, "d1:y1:q1:t0:1:q4:ping2:roi1e1:ad2:id20:abcdefghij01234567894:xtra"
                                "ld1:ali1eeeeee"),
                     RC_OK); // in any order, with more in it
    assert_true(m.method == KRPC_PING && m.transaction.len == 0 && m.is_read_only);
    assert_int_equal(decode(&m, "d1:rd" ID "e1:t2:aa1:v4:SH991:y1:re"), RC_OK);
    assert_true(krpc_is_shoal(&m));
    assert_int_equal(decode(&m, "d1:e3:bad1:t2:aa1:y1:ee"), RC_OK);
    assert_int_equal(m.code, KRPC_GENERIC);
    assert_int_equal(decode(&m, "d1:eli302ee1:t2:aa1:y1:ee"), RC_OK);
    assert_true(m.code == KRPC_SEQ_TOO_LOW && m.text.len == 0);
}

static void bad_queries_are_answered(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum krpc_code code;
    } query[] = {
        {"d1:ad" ID "e1:q4:vote1:t2:aa1:y1:qe", KRPC_UNKNOWN_METHOD},
        {"d1:ad" ID "e1:q0:1:t2:aa1:y1:qe", KRPC_UNKNOWN_METHOD},
        {"d1:ad" ID "e1:q5:pings1:t2:aa1:y1:qe", KRPC_UNKNOWN_METHOD},
        {"d1:ade1:q4:ping1:t2:aa1:y1:qe", KRPC_PROTOCOL},
        {"d1:q4:ping1:t2:aa1:y1:qe", KRPC_PROTOCOL},
        {"d1:ad" ID "e1:t2:aa1:y1:qe", KRPC_PROTOCOL},
        {"d1:ad" ID "e1:qi1e1:t2:aa1:y1:qe", KRPC_PROTOCOL},
        {"d1:ai1e1:q4:ping1:t2:aa1:y1:qe", KRPC_PROTOCOL},
        {"d1:al" ID "e1:q4:ping1:t2:aa1:y1:qe", KRPC_PROTOCOL},
        {"d1:ad2:id19:abcdefghij012345678e1:q4:ping1:t2:aa1:y1:qe", KRPC_PROTOCOL},
        {"d1:ad2:id21:abcdefghij0123456789ae1:q4:ping1:t2:aa1:y1:qe", KRPC_PROTOCOL},
        {"d1:ad2:idi1ee1:q4:ping1:t2:aa1:y1:qe", KRPC_PROTOCOL},
        {"d1:ad" ID "6:targeti1ee1:q9:find_node1:t2:aa1:y1:qe", KRPC_PROTOCOL},
        {"d1:ad" ID "6:targetl1:aee1:q9:find_node1:t2:aa1:y1:qe", KRPC_PROTOCOL},
        {"d1:ad" ID "e1:q9:find_node1:t2:aa1:y1:qe", KRPC_PROTOCOL},
        {"d1:ad" ID TARGET "e1:q9:get_peers1:t2:aa1:y1:qe", KRPC_PROTOCOL},
        {"d1:ad" ID HASH "5:token2:tke1:q13:announce_peer1:t2:aa1:y1:qe", KRPC_PROTOCOL},
        {"d1:ad" ID HASH "4:porti0e5:token2:tke1:q13:announce_peer1:t2:aa1:y1:qe", KRPC_PROTOCOL},
        {"d1:ad" ID HASH "4:porti65536e5:token2:tke1:q13:announce_peer1:t2:aa1:y1:qe",
         KRPC_PROTOCOL},
        {"d1:ad" ID HASH "4:porti-1e5:token2:tke1:q13:announce_peer1:t2:aa1:y1:qe", KRPC_PROTOCOL},
        {"d1:ad" ID HASH "4:port4:68815:token2:tke1:q13:announce_peer1:t2:aa1:y1:qe",
         KRPC_PROTOCOL},
        {"d1:ad" ID HASH "4:porti6881ee1:q13:announce_peer1:t2:aa1:y1:qe", KRPC_PROTOCOL},
        {"d1:ad" ID "5:token2:tke1:q3:put1:t2:aa1:y1:qe", KRPC_PROTOCOL},
        {"d1:ad" ID "1:k3:abc5:token2:tk1:v1:ae1:q3:put1:t2:aa1:y1:qe", KRPC_PROTOCOL},
        {"d1:ad" ID "4:want2:n4e1:q4:ping1:t2:aa1:y1:qe", KRPC_PROTOCOL},
        {"d1:ad" ID "4:wantli4eee1:q4:ping1:t2:aa1:y1:qe", KRPC_PROTOCOL},
        {"d1:ad" ID "3:key31:kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkke1:q6:sh_get1:t2:aa1:y1:qe",
         KRPC_PROTOCOL},
    };
    for (size_t i = 0; i < ARRAY_COUNT(query); i++) {
        struct krpc m;
        const enum rc rc = decode(&m, query[i].text);
        if (rc != RC_REFUSED || m.code != query[i].code || !bytes_is(m.transaction, "aa"))
            fail_msg("%s: %s, %d", query[i].text, rc_text(rc), (int)m.code);
    }
}

static void what_is_dropped(void **state)
{
    (void)state;
    static const char *const text[] = {
        "",
        "d",
        "de",
        "le",
        "i1e",
        "0:",
        "hello",
        "d1:ad" ID "e1:q4:ping1:t2:aa1:y1:q",
        "d1:ad" ID "e1:q4:ping1:t2:aa1:y1:qee",
        "d1:ad" ID "e1:q4:ping1:t2:aa1:y1:qex",
        "d1:ad" ID "e1:q4:ping1:t2:aae",
        "d1:ad" ID "e1:q4:ping1:y1:qe",
        "d1:ad" ID "e1:q4:ping1:ti7e1:y1:qe",
        "d1:ad" ID "e1:q4:ping1:t2:aa1:y1:xe",
        "d1:ad" ID "e1:q4:ping1:t2:aa1:y2:qqe",
        "d1:ad" ID "e1:q4:ping1:t2:aa1:yi1ee",
        "d1:ad" ID ID "e1:q4:ping1:t2:aa1:y1:qe",
        "d1:ad" ID "1:x0:" ID "e1:q4:ping1:t2:aa1:y1:qe",
        "d1:ad" ID "e1:ad" ID "e1:q4:ping1:t2:aa1:y1:qe",
        "d1:ad" ID "e1:q4:ping1:t2:aa1:t2:bb1:y1:qe",
        "d1:t2:bb1:ad" ID "e1:q4:ping1:t2:aa1:y1:qe",
        "d1:ad" ID "e1:q4:ping1:rd" ID "e1:t2:aa1:y1:qe",
        "d1:rde1:t2:aa1:y1:re",
        "d1:ad" ID "e1:t2:aa1:y1:re",
        "d1:rd2:id3:abce1:t2:aa1:y1:re",
        "d1:rl" ID "e1:t2:aa1:y1:re",
        "d1:t2:aa1:y1:re",
        "d1:t2:aa1:y1:ee",
        "d1:ad" ID "1:xi01ee1:q4:ping1:t2:aa1:y1:qe",
        "d1:ad" ID "1:x"
        "lllllllllllllllleeeeeeeeeeeeeeeelllllllllllllllllleeeeeeeeeeeeeeeeeee1:q4:ping1:t2:aa1:y1:"
        "qe",
        "d1:ad" ID "e1:q4:ping1:t65:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aa1:y1:qe",
    };
    for (size_t i = 0; i < ARRAY_COUNT(text); i++) {
        struct krpc m;
        if (decode(&m, text[i]) != RC_MALFORMED)
            fail_msg("taken: %s", text[i]);
    }
}

static void odd_fields_of_replies_were_not_sent(void **state)
{
    (void)state;
    struct krpc m;
    assert_int_equal(decode(&m, "d2:ip4:abcd1:rd" ID "5:nodes25:aaaaaaaaaaaaaaaaaaaaaaaaa"
                                "6:nodes6i1e7:samples3:abc3:seq1:15:token0:6:valuesl6:abcdefi1eee"
                                "1:t2:aa1:vi1e1:y1:re"),
                     RC_OK);
    assert_true(m.nodes.at == NULL && m.nodes6.at == NULL && m.samples.at == NULL);
    assert_true(m.values.at == NULL && m.ip.at == NULL && m.version.at == NULL);
    assert_true(!m.has_seq && m.token.at != NULL && m.token.len == 0);
    assert_int_equal(decode(&m, "d1:eli203e3:bade1:rd" ID "e1:t2:aa1:y1:re"), RC_OK);
    assert_true(m.kind == KRPC_REPLY && m.code == KRPC_NO_ERROR); // what y says counts
    assert_int_equal(decode(&m, "d1:ad" ID "e1:eli203e3:bade1:q4:ping1:t2:aa1:y1:qe"), RC_OK);
    assert_true(m.kind == KRPC_QUERY && m.code == KRPC_NO_ERROR);
    assert_int_equal(decode(&m, "d1:rd" ID "6:valueslee1:t2:aa1:y1:re"), RC_OK);
    struct bytes value;
    assert_true(m.values.at != NULL && !krpc_string_next(&m.values, &value));
}

static void every_kind_there_and_back(void **state)
{
    (void)state;
    const struct packets p = packets_make();
    unsigned unknown = 0;
    for (size_t i = 0; i < p.count; i++) {
        const struct bytes in = bytes_of(p.packet[i].at, p.packet[i].len);
        struct krpc m;
        struct krpc again;
        const enum rc rc = krpc_decode(&m, in);
        assert_true(rc == RC_OK || (rc == RC_REFUSED && m.code == KRPC_UNKNOWN_METHOD));
        unknown += rc == RC_REFUSED;
        if (rc != RC_OK)
            continue;
        uint8_t room[KRPC_BYTES_MAX];
        struct buffer b = buffer_of(room, sizeof room);
        krpc_encode(&b, &m);
        if (krpc_is_shoal(&m)) // what we wrote, to the byte
            assert_true(bytes_equal(buffer_bytes(&b), in));
        assert_int_equal(krpc_decode(&again, buffer_bytes(&b)), RC_OK);
        assert_true(again.kind == m.kind && again.method == m.method);
        assert_true(dht_id_equal(&again.id, &m.id) && dht_id_equal(&again.target, &m.target));
        assert_true(bytes_equal(again.transaction, m.transaction));
        assert_true(krpc_is_shoal(&again));
        for (size_t cut = 0; cut < in.len; cut++) // no part of it is one
            assert_int_equal(krpc_decode(&m, bytes_part(in, 0, cut)), RC_MALFORMED);
    }
    assert_int_equal(unknown, 1);
}

static void nodes_there_and_back(void **state)
{
    (void)state;
    uint8_t room[8 * KRPC_NODE6_BYTES];
    for (int is_6 = 0; is_6 < 2; is_6++) {
        struct bytes nodes = packets_nodes(room, sizeof room, is_6);
        struct krpc_node n;
        for (unsigned i = 0; i < 8; i++) {
            const struct net_addr want = packets_addr(i, is_6);
            assert_true(krpc_node_next(&nodes, is_6, &n));
            assert_true(net_addr_equal(&n.addr, &want));
            assert_int_equal(n.id.b[0], (uint8_t)(40 * i));
        }
        assert_false(krpc_node_next(&nodes, is_6, &n));
    }
    struct buffer tight = buffer_of(room, 2 * KRPC_NODE4_BYTES + 5);
    const struct krpc_node n = {.addr = packets_addr(0, false)};
    for (int i = 0; i < 3; i++)
        krpc_node_put(&tight, &n);
    assert_true(tight.is_full && tight.len == 2 * KRPC_NODE4_BYTES);
    tight = buffer_of(room, 10);
    krpc_string_put(&tight, bytes_text("abcdef"));
    krpc_string_put(&tight, bytes_text("abcdef"));
    assert_true(tight.is_full && tight.len == 8);
}

static size_t encoded_bytes(const struct krpc *m)
{
    static uint8_t room[4 * KRPC_BYTES_MAX];
    struct buffer b = buffer_of(room, sizeof room);
    krpc_encode(&b, m);
    assert_false(b.is_full);
    return b.len;
}

// The largest of what has no choice of its length: values of BEP 44, and single records.
static void the_largest(void **state)
{
    (void)state;
    static uint8_t some[2048];
    struct krpc m = packets_head(KRPC_QUERY, KRPC_PUT);
    m.transaction = bytes_text("ours");
    m.token = bytes_of(some, 20); // as long as others make them
    m.k = bytes_of(some, KRPC_PUBLIC_BYTES);
    m.sig = bytes_of(some, KRPC_SIGNATURE_BYTES);
    m.salt = bytes_of(some, ITEM_SALT_BYTES_MAX);
    m.has_seq = m.has_cas = true;
    m.seq = m.cas = INT64_MAX;
    m.v = bytes_of(some, ITEM_VALUE_BYTES_MAX);
    const size_t put = encoded_bytes(&m);
    m = packets_head(KRPC_QUERY, KRPC_SH_PUT);
    m.token = bytes_of(some, 8);
    m.record = bytes_of(some, RECORD_BYTES_MAX);
    const size_t sh_put = encoded_bytes(&m);
    m = packets_head(KRPC_REPLY, KRPC_NO_METHOD);
    m.ip = bytes_of(some, NET_COMPACT6_BYTES);
    m.token = bytes_of(some, 8);
    m.k = bytes_of(some, KRPC_PUBLIC_BYTES);
    m.sig = bytes_of(some, KRPC_SIGNATURE_BYTES);
    m.has_seq = true;
    m.seq = INT64_MAX;
    m.v = bytes_of(some, ITEM_VALUE_BYTES_MAX);
    const size_t get = encoded_bytes(&m);
    m = packets_head(KRPC_REPLY, KRPC_NO_METHOD);
    m.ip = bytes_of(some, NET_COMPACT6_BYTES);
    m.token = bytes_of(some, 8);
    m.has_num = true;
    m.num = 66;
    m.records = bytes_of(some, 5 + RECORD_BYTES_MAX);
    const size_t sh_get = encoded_bytes(&m);
    printf("put %zu, get %zu, sh_put %zu, sh_get %zu bytes\n", put, get, sh_put, sh_get);
    assert_true(put <= KRPC_BYTES_MAX - 20 && get <= KRPC_BYTES_MAX - 20); // and over IPv6
    assert_true(sh_put <= KRPC_BYTES && sh_get <= KRPC_BYTES);
}

static void words(void **state)
{
    (void)state;
    assert_string_equal(krpc_method_text(KRPC_ANNOUNCE_PEER), "announce_peer");
    assert_string_equal(krpc_method_text(KRPC_NO_METHOD), "");
    for (int code = 199; code < 310; code++)
        assert_true(strlen(krpc_code_text((enum krpc_code)code)) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queries_as_the_beps_write_them),
        cmocka_unit_test(replies_and_errors_as_the_beps_write_them),
        cmocka_unit_test(the_words_of_others),
        cmocka_unit_test(bad_queries_are_answered),
        cmocka_unit_test(what_is_dropped),
        cmocka_unit_test(odd_fields_of_replies_were_not_sent),
        cmocka_unit_test(every_kind_there_and_back),
        cmocka_unit_test(nodes_there_and_back),
        cmocka_unit_test(the_largest),
        cmocka_unit_test(words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
