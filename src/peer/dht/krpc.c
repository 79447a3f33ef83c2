// SPDX-License-Identifier: MIT
// KRPC: the messages of the Mainline DHT and our own two, as bytes and as one flat struct.
//
// One table of fields, in the order of their names, serves both directions.
#include "dht/krpc.h"

#include <assert.h>
#include <string.h>

#include "base/attr.h"
#include "wire/bencode.h"

static const uint8_t our_version[KRPC_VERSION_BYTES] = {'S', 'H', 0, 1};

enum form {
    FORM_ID,      // a struct dht_id
    FORM_INT,     // an int64_t, and a bool that says whether it is there
    FORM_PORT,    // likewise, uint16_t and not 0
    FORM_FLAG,    // a bool: an integer that is not 0
    FORM_STRING,  // a view
    FORM_FIXED,   // of `bytes` bytes
    FORM_ENTRIES, // of a multiple of that
    FORM_STRINGS, // of the inside of a list of strings
    FORM_RAW,     // of any value, undecoded
    FORM_WANT,    // a list of "n4" and "n6"
};

enum field_name {
    FIELD_CAS,
    FIELD_ID,
    FIELD_IMPLIED_PORT,
    FIELD_INFO_HASH,
    FIELD_INTERVAL,
    FIELD_K,
    FIELD_KEY,
    FIELD_NODES,
    FIELD_NODES6,
    FIELD_NUM,
    FIELD_PORT,
    FIELD_RECORD,
    FIELD_RECORDS,
    FIELD_SALT,
    FIELD_SAMPLES,
    FIELD_SEQ,
    FIELD_SIG,
    FIELD_TARGET,
    FIELD_TOKEN,
    FIELD_V,
    FIELD_VALUES,
    FIELD_WANT,
};
#define FIELD_COUNT 22u
#define BIT(name)   (UINT32_C(1) << (name))

struct field {
    const char *name;
    uint8_t name_len;
    uint8_t form;
    uint16_t at, has_at; // in struct krpc
    uint16_t bytes;
};

#define AT(member)        .at = offsetof(struct krpc, member)
#define HAS(member)       .has_at = offsetof(struct krpc, member)
#define FIELD(text, kind) .name = (text), .name_len = sizeof(text) - 1, .form = (kind)

static const struct field fields[FIELD_COUNT] = {
    [FIELD_CAS] = {FIELD("cas", FORM_INT), AT(cas), HAS(has_cas)},
    [FIELD_ID] = {FIELD("id", FORM_ID), AT(id)},
    [FIELD_IMPLIED_PORT] = {FIELD("implied_port", FORM_FLAG), AT(is_implied_port)},
    [FIELD_INFO_HASH] = {FIELD("info_hash", FORM_ID), AT(target)},
    [FIELD_INTERVAL] = {FIELD("interval", FORM_INT), AT(interval), HAS(has_interval)},
    [FIELD_K] = {FIELD("k", FORM_FIXED), AT(k), .bytes = KRPC_PUBLIC_BYTES},
    [FIELD_KEY] = {FIELD("key", FORM_FIXED), AT(key), .bytes = KRPC_KEY_BYTES},
    [FIELD_NODES] = {FIELD("nodes", FORM_ENTRIES), AT(nodes), .bytes = KRPC_NODE4_BYTES},
    [FIELD_NODES6] = {FIELD("nodes6", FORM_ENTRIES), AT(nodes6), .bytes = KRPC_NODE6_BYTES},
    [FIELD_NUM] = {FIELD("num", FORM_INT), AT(num), HAS(has_num)},
    [FIELD_PORT] = {FIELD("port", FORM_PORT), AT(port), HAS(has_port)},
    [FIELD_RECORD] = {FIELD("record", FORM_STRING), AT(record)},
    [FIELD_RECORDS] = {FIELD("records", FORM_STRINGS), AT(records)},
    [FIELD_SALT] = {FIELD("salt", FORM_STRING), AT(salt)},
    [FIELD_SAMPLES] = {FIELD("samples", FORM_ENTRIES), AT(samples), .bytes = DHT_ID_BYTES},
    [FIELD_SEQ] = {FIELD("seq", FORM_INT), AT(seq), HAS(has_seq)},
    [FIELD_SIG] = {FIELD("sig", FORM_FIXED), AT(sig), .bytes = KRPC_SIGNATURE_BYTES},
    [FIELD_TARGET] = {FIELD("target", FORM_ID), AT(target)},
    [FIELD_TOKEN] = {FIELD("token", FORM_STRING), AT(token)},
    [FIELD_V] = {FIELD("v", FORM_RAW), AT(v)},
    [FIELD_VALUES] = {FIELD("values", FORM_STRINGS), AT(values)},
    [FIELD_WANT] = {FIELD("want", FORM_WANT)},
};

static const struct {
    const char *name;
    uint32_t needs;
} methods[KRPC_METHOD_COUNT] = {
    [KRPC_NO_METHOD] = {"", 0},
    [KRPC_PING] = {"ping", BIT(FIELD_ID)},
    [KRPC_FIND_NODE] = {"find_node", BIT(FIELD_ID) | BIT(FIELD_TARGET)},
    [KRPC_GET_PEERS] = {"get_peers", BIT(FIELD_ID) | BIT(FIELD_INFO_HASH)},
    [KRPC_ANNOUNCE_PEER] = {"announce_peer",
                            BIT(FIELD_ID) | BIT(FIELD_INFO_HASH) | BIT(FIELD_TOKEN)},
    [KRPC_GET] = {"get", BIT(FIELD_ID) | BIT(FIELD_TARGET)},
    [KRPC_PUT] = {"put", BIT(FIELD_ID) | BIT(FIELD_TOKEN) | BIT(FIELD_V)},
    [KRPC_SAMPLE_INFOHASHES] = {"sample_infohashes", BIT(FIELD_ID) | BIT(FIELD_TARGET)},
    [KRPC_SH_GET] = {"sh_get", BIT(FIELD_ID) | BIT(FIELD_KEY)},
    [KRPC_SH_PUT] = {"sh_put", BIT(FIELD_ID) | BIT(FIELD_TOKEN) | BIT(FIELD_RECORD)},
};

const char *krpc_method_text(enum krpc_method method)
{
    assert((unsigned)method < KRPC_METHOD_COUNT);
    return methods[method].name;
}

const char *krpc_code_text(enum krpc_code code)
{
    switch (code) {
    case KRPC_NO_ERROR:
    case KRPC_GENERIC:
        break;
    case KRPC_SERVER:
        return "no room";
    case KRPC_PROTOCOL:
        return "protocol error";
    case KRPC_UNKNOWN_METHOD:
        return "unknown method";
    case KRPC_VALUE_TOO_BIG:
        return "value too big";
    case KRPC_BAD_SIGNATURE:
        return "bad signature";
    case KRPC_SALT_TOO_BIG:
        return "salt too big";
    case KRPC_CAS_MISMATCH:
        return "cas mismatch, read again";
    case KRPC_SEQ_TOO_LOW:
        return "sequence number too low";
    }
    return "error";
}

bool krpc_is_shoal(const struct krpc *m)
{
    return m->version.len == KRPC_VERSION_BYTES && memcmp(m->version.at, our_version, 2) == 0;
}

// ---- Reading

struct decoding {
    struct bencode_reader r;
    struct krpc *m;
    uint32_t seen;     // fields of the body
    uint32_t good;     // those of the right type and length
    uint32_t letters;  // keys of one letter, a to z, of the message
    bool has_a, has_r; // which dictionary the body was in
    struct bytes method;
    struct bytes y;
};

// Where a field's value goes in the message.
static void *place(struct krpc *m, uint16_t at)
{
    return (char *)m + at;
}

// The string that comes next, if one does; at == NULL: something else did, and was skipped.
static struct bytes maybe_string(struct bencode_reader *r)
{
    const uint8_t kind = bencode_peek(r);
    if (kind >= '0' && kind <= '9')
        return bencode_get_string(r);
    (void)bencode_skip(r);
    return (struct bytes){NULL, 0};
}

static bool maybe_int(struct bencode_reader *r, int64_t *out)
{
    *out = 0;
    if (bencode_peek(r) != 'i') {
        (void)bencode_skip(r);
        return false;
    }
    *out = bencode_get_int(r);
    return true;
}

static bool get_view(struct bencode_reader *r, const struct field *f, struct bytes *out)
{
    const struct bytes s = maybe_string(r);
    bool is_good = s.at != NULL;
    if (f->form == FORM_FIXED)
        is_good = is_good && s.len == f->bytes;
    if (f->form == FORM_ENTRIES)
        is_good = is_good && s.len % f->bytes == 0;
    if (is_good)
        *out = s;
    return is_good;
}

// The inside of a list, if nothing but strings is in it.
static bool get_strings(struct bencode_reader *r, struct bytes *out)
{
    if (bencode_peek(r) != 'l') {
        (void)bencode_skip(r);
        return false;
    }
    bencode_enter(r, 'l');
    const uint8_t *from = r->left.at;
    bool is_good = true;
    while (!r->is_bad && bencode_peek(r) != 'e')
        is_good = maybe_string(r).at != NULL && is_good;
    if (is_good && !r->is_bad)
        *out = (struct bytes){from, (size_t)(r->left.at - from)};
    (void)bencode_leave(r);
    return is_good;
}

static bool get_want(struct bencode_reader *r, struct krpc *m)
{
    struct bytes inside = {NULL, 0};
    struct bytes want;
    if (!get_strings(r, &inside))
        return false;
    while (krpc_string_next(&inside, &want)) {
        m->wants4 = m->wants4 || bytes_is(want, "n4");
        m->wants6 = m->wants6 || bytes_is(want, "n6");
    }
    return true;
}

// Reads one value into its place; false: it is of another type or length, and was skipped.
static bool get_field(struct bencode_reader *r, const struct field *f, struct krpc *m)
{
    int64_t v;
    switch ((enum form)f->form) {
    case FORM_ID:
        return dht_id_from(place(m, f->at), maybe_string(r));
    case FORM_INT:
        *(bool *)place(m, f->has_at) = maybe_int(r, place(m, f->at));
        return *(bool *)place(m, f->has_at);
    case FORM_PORT:
        if (!maybe_int(r, &v) || v < 0 || v > UINT16_MAX)
            return false;
        *(uint16_t *)place(m, f->at) = (uint16_t)v;
        *(bool *)place(m, f->has_at) = v != 0; // 0 is sent with implied_port
        return true;
    case FORM_FLAG:
        if (!maybe_int(r, &v))
            return false;
        *(bool *)place(m, f->at) = v != 0;
        return true;
    case FORM_STRING:
    case FORM_FIXED:
    case FORM_ENTRIES:
        return get_view(r, f, place(m, f->at));
    case FORM_STRINGS:
        return get_strings(r, place(m, f->at));
    case FORM_RAW:
        *(struct bytes *)place(m, f->at) = bencode_skip(r);
        return true;
    case FORM_WANT:
        return get_want(r, m);
    }
    return false;
}

// The field of this name, looked for from *at on, where it will be if keys come in order.
// FIELD_COUNT: nobody knows it.
static unsigned find_field(struct bytes name, unsigned *at)
{
    for (unsigned n = 0; n < FIELD_COUNT; n++) {
        const unsigned i = *at;
        *at = i + 1 < FIELD_COUNT ? i + 1 : 0;
        if (fields[i].name_len == name.len && memcmp(fields[i].name, name.at, name.len) == 0)
            return i;
    }
    return FIELD_COUNT;
}

// Arguments or reply: keys that nobody knows are skipped.
static void get_body(struct decoding *d)
{
    struct bencode_reader *r = &d->r;
    struct bytes key = {NULL, 0};
    unsigned at = 0;
    bencode_enter(r, 'd');
    while (bencode_next_key(r, &key)) {
        const unsigned i = find_field(key, &at);
        if (i == FIELD_COUNT) {
            (void)bencode_skip(r);
            continue;
        }
        if (d->seen & BIT(i)) {
            r->is_bad = true;
            return;
        }
        d->seen |= BIT(i);
        if (get_field(r, &fields[i], d->m))
            d->good |= BIT(i);
    }
}

// [code, text]; whatever else is sent is an error too.
static void get_error(struct bencode_reader *r, struct krpc *m)
{
    m->code = KRPC_GENERIC;
    if (bencode_peek(r) != 'l') {
        (void)bencode_skip(r);
        return;
    }
    bencode_enter(r, 'l');
    for (unsigned i = 0; !r->is_bad && !bencode_leave(r); i++) {
        int64_t code;
        if (i == 0 && maybe_int(r, &code) && code > 0 && code < 1000)
            m->code = (enum krpc_code)code;
        if (i == 1)
            m->text = maybe_string(r);
        if (i > 1)
            (void)bencode_skip(r);
    }
}

// The two dictionaries fill the same fields: only one of them may be there.
static void get_body_once(struct decoding *d, bool *has)
{
    const bool is_dict = bencode_peek(&d->r) == 'd';
    if (d->has_a || d->has_r) {
        d->r.is_bad = true;
    } else if (is_dict) {
        *has = true;
        get_body(d);
    } else {
        (void)bencode_skip(&d->r);
    }
}

static void get_short_key(struct decoding *d, uint8_t key)
{
    struct bencode_reader *r = &d->r;
    const uint32_t bit = key >= 'a' && key <= 'z' ? BIT(key - 'a') : 0;
    r->is_bad = r->is_bad || (d->letters & bit) != 0;
    d->letters |= bit;
    switch (key) {
    case 'a':
        get_body_once(d, &d->has_a);
        break;
    case 'e':
        get_error(r, d->m);
        break;
    case 'q':
        d->method = maybe_string(r);
        break;
    case 'r':
        get_body_once(d, &d->has_r);
        break;
    case 't':
        d->m->transaction = maybe_string(r);
        break;
    case 'v':
        d->m->version = maybe_string(r);
        break;
    case 'y':
        d->y = maybe_string(r);
        break;
    default:
        (void)bencode_skip(r);
        break;
    }
}

static void get_top(struct decoding *d)
{
    struct bencode_reader *r = &d->r;
    struct bytes key = {NULL, 0};
    int64_t read_only;
    bencode_enter(r, 'd');
    while (bencode_next_key(r, &key)) {
        if (key.len == 1) {
            get_short_key(d, key.at[0]);
        } else if (bytes_is(key, "ip")) {
            d->m->ip = maybe_string(r);
        } else if (bytes_is(key, "ro")) {
            d->m->is_read_only = maybe_int(r, &read_only) && read_only == 1;
        } else {
            (void)bencode_skip(r);
        }
    }
}

static enum krpc_method method_of(struct bytes name)
{
    for (unsigned i = 1; i < KRPC_METHOD_COUNT; i++)
        if (bytes_is(name, methods[i].name))
            return (enum krpc_method)i;
    return KRPC_NO_METHOD;
}

// The code to answer a query with that is wrong in itself.
static enum krpc_code judge_query(const struct decoding *d)
{
    const struct krpc *m = d->m;
    if (d->method.at == NULL || !d->has_a || d->good != d->seen)
        return KRPC_PROTOCOL;
    if (m->method == KRPC_NO_METHOD)
        return KRPC_UNKNOWN_METHOD;
    const uint32_t needs = methods[m->method].needs;
    const bool has_port = m->has_port || m->is_implied_port;
    if ((d->good & needs) != needs || (m->method == KRPC_ANNOUNCE_PEER && !has_port))
        return KRPC_PROTOCOL;
    return KRPC_NO_ERROR;
}

enum rc krpc_decode(struct krpc *m, struct bytes datagram)
{
    *m = (struct krpc){.kind = KRPC_QUERY};
    struct decoding d = {.r = bencode_reader_of(datagram), .m = m};
    get_top(&d);
    if (!bencode_done(&d.r) || d.y.len != 1 || m->transaction.at == NULL ||
        m->transaction.len > KRPC_TRANSACTION_MAX)
        return RC_MALFORMED;
    if (m->ip.len != NET_COMPACT4_BYTES && m->ip.len != NET_COMPACT6_BYTES)
        m->ip = (struct bytes){NULL, 0};
    switch (d.y.at[0]) {
    case 'q':
        m->method = method_of(d.method);
        m->code = judge_query(&d);
        return m->code == KRPC_NO_ERROR ? RC_OK : RC_REFUSED;
    case 'r':
        m->kind = KRPC_REPLY;
        m->code = KRPC_NO_ERROR; // whatever `e` it has besides
        return d.has_r && (d.good & BIT(FIELD_ID)) ? RC_OK : RC_MALFORMED;
    case 'e':
        m->kind = KRPC_ERROR;
        return m->code != KRPC_NO_ERROR ? RC_OK : RC_MALFORMED;
    default:
        return RC_MALFORMED;
    }
}

// ---- Writing

static void put_text(struct buffer *b, const char *text)
{
    buffer_put(b, (struct bytes){(const uint8_t *)text, strlen(text)});
}

static void put_key(struct buffer *b, const struct field *f)
{
    bencode_put_string(b, (struct bytes){(const uint8_t *)f->name, f->name_len});
}

static void put_int(struct buffer *b, const struct field *f, int64_t v)
{
    put_key(b, f);
    bencode_put_int(b, v);
}

// Is this one of the ids that the message has?
static bool has_id(const struct krpc *m, const struct field *f)
{
    const enum field_name name = (enum field_name)(f - fields);
    return name == FIELD_ID || (methods[m->method].needs & BIT(name)) != 0;
}

static void put_view(struct buffer *b, const struct field *f, struct bytes view)
{
    if (view.at == NULL)
        return;
    put_key(b, f);
    if (f->form == FORM_STRINGS) {
        bencode_put_mark(b, 'l');
        buffer_put(b, view);
        bencode_put_mark(b, 'e');
    } else if (f->form == FORM_RAW) {
        buffer_put(b, view);
    } else {
        bencode_put_string(b, view);
    }
}

static void put_want(struct buffer *b, const struct field *f, const struct krpc *m)
{
    if (!m->wants4 && !m->wants6)
        return;
    put_key(b, f);
    bencode_put_mark(b, 'l');
    if (m->wants4)
        bencode_put_text(b, "n4");
    if (m->wants6)
        bencode_put_text(b, "n6");
    bencode_put_mark(b, 'e');
}

static void put_field(struct buffer *b, const struct field *f, const struct krpc *m)
{
    const void *at = (const char *)m + f->at;
    const bool *has = (const void *)((const char *)m + f->has_at);
    switch ((enum form)f->form) {
    case FORM_ID:
        if (has_id(m, f))
            put_view(b, f, dht_id_bytes(at));
        break;
    case FORM_INT:
        if (*has)
            put_int(b, f, *(const int64_t *)at);
        break;
    case FORM_PORT:
        if (*has)
            put_int(b, f, *(const uint16_t *)at);
        break;
    case FORM_FLAG:
        if (*(const bool *)at)
            put_int(b, f, 1);
        break;
    case FORM_STRING:
    case FORM_FIXED:
    case FORM_ENTRIES:
    case FORM_STRINGS:
    case FORM_RAW:
        put_view(b, f, *(const struct bytes *)at);
        break;
    case FORM_WANT:
        put_want(b, f, m);
        break;
    }
}

static void put_body(struct buffer *b, const struct krpc *m)
{
    bencode_put_mark(b, 'd');
    for (unsigned i = 0; i < FIELD_COUNT; i++)
        put_field(b, &fields[i], m);
    bencode_put_mark(b, 'e');
}

static void put_error(struct buffer *b, const struct krpc *m)
{
    bencode_put_mark(b, 'l');
    bencode_put_int(b, m->code);
    bencode_put_string(b, m->text);
    bencode_put_mark(b, 'e');
}

void krpc_encode(struct buffer *b, const struct krpc *m)
{
    static const char *const ends[] = {
        [KRPC_QUERY] = "1:y1:qe", [KRPC_REPLY] = "1:y1:re", [KRPC_ERROR] = "1:y1:ee"};
    assert((m->kind == KRPC_QUERY) == (m->method != KRPC_NO_METHOD));
    put_text(b, m->kind == KRPC_QUERY ? "d1:a" : "d");
    if (m->kind == KRPC_QUERY) {
        put_body(b, m);
        put_text(b, "1:q");
        bencode_put_text(b, methods[m->method].name);
        if (m->is_read_only)
            put_text(b, "2:roi1e");
    }
    if (m->kind == KRPC_ERROR) {
        put_text(b, "1:e");
        put_error(b, m);
    }
    if (m->kind != KRPC_QUERY && m->ip.at != NULL) {
        put_text(b, "2:ip");
        bencode_put_string(b, m->ip);
    }
    if (m->kind == KRPC_REPLY) {
        put_text(b, "1:r");
        put_body(b, m);
    }
    put_text(b, "1:t");
    bencode_put_string(b, m->transaction);
    put_text(b, "1:v4:");
    buffer_put(b, bytes_of(our_version, sizeof our_version));
    put_text(b, ends[m->kind]);
}

void krpc_error(struct buffer *b, const struct krpc *query, enum krpc_code code)
{
    const struct krpc m = {.kind = KRPC_ERROR,
                           .transaction = query->transaction,
                           .code = code,
                           .text = bytes_text(krpc_code_text(code))};
    krpc_encode(b, &m);
}

// ---- Lists in messages

bool krpc_node_next(struct bytes *nodes, bool is_6, struct krpc_node *out)
{
    const size_t len = is_6 ? KRPC_NODE6_BYTES : KRPC_NODE4_BYTES;
    if (nodes->len < len)
        return false;
    memcpy(out->id.b, nodes->at, DHT_ID_BYTES);
    const bool is_good =
        net_addr_get(&out->addr, bytes_part(*nodes, DHT_ID_BYTES, len - DHT_ID_BYTES));
    *nodes = bytes_part(*nodes, len, nodes->len);
    return is_good; // by its length
}

void krpc_node_put(struct buffer *nodes, const struct krpc_node *node)
{
    const size_t len = net_addr_is_ip4(&node->addr) ? KRPC_NODE4_BYTES : KRPC_NODE6_BYTES;
    if (nodes->is_full || nodes->cap - nodes->len < len) {
        nodes->is_full = true; // whole entries or none
        return;
    }
    buffer_put(nodes, dht_id_bytes(&node->id));
    net_addr_put(nodes, &node->addr);
}

bool krpc_string_next(struct bytes *strings, struct bytes *out)
{
    struct bencode_reader r = bencode_reader_of(*strings);
    if (strings->len == 0)
        return false;
    *out = bencode_get_string(&r);
    *strings = r.left;
    return !r.is_bad;
}

void krpc_string_put(struct buffer *strings, struct bytes string)
{
    const size_t before = strings->len;
    bencode_put_string(strings, string);
    if (strings->is_full)
        strings->len = before; // whole strings or none
}
