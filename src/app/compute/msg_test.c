// SPDX-License-Identifier: MIT
// Tests of the messages: pinned bytes, every range on both ways, and the words of
// doc/messages.cddl.
#include "compute/msg.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/seed_test.h"
#include "compute/sample_test.h"
#include "wire/cbor.h"

#define ITEMS_MAX 20u
#define DOC_PATH  PROJECT_ROOT "/doc/messages.cddl"
#define DOC_BYTES 65536u

static uint8_t room[SAMPLE_BYTES_MAX];
static uint8_t again[SAMPLE_BYTES_MAX];
static uint8_t big[MSG_PART_BYTES_MAX + 65536];

static struct bytes encoded(const struct msg *m, uint8_t *at)
{
    struct buffer b = buffer_of(at, SAMPLE_BYTES_MAX);
    assert_int_equal(msg_encode(m, &b), RC_OK);
    assert_true(b.len <= msg_bytes_max(m));
    return buffer_bytes(&b);
}

static void test_what_is_written_is_read(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    for (uint32_t i = 0; i < 20000; i++) {
        struct msg m = sample_msg((enum msg_type)(1 + i % SAMPLE_TYPES), &r);
        struct bytes wire = encoded(&m, room);
        struct msg got;
        assert_int_equal(msg_decode(&got, wire), RC_OK);
        assert_int_equal(got.type, m.type);
        assert_true(bytes_equal(encoded(&got, again), wire));
    }
}

static void test_fields_come_through(void **state)
{
    (void)state;
    struct rng r = rng_seeded(3);
    struct msg m = sample_msg(MSG_TILE, &r);
    struct msg got;
    assert_int_equal(msg_decode(&got, encoded(&m, room)), RC_OK);
    assert_int_equal(got.as.tile.job, m.as.tile.job);
    assert_true(rect_equal(got.as.tile.rect, m.as.tile.rect));
    assert_string_equal(got.as.tile.helper, m.as.tile.helper);
    assert_true(bytes_equal(got.as.tile.result, m.as.tile.result));
    m = (struct msg){.type = MSG_HEARTBEAT, .as.heartbeat = {.temperature_mc = INT32_MIN}};
    assert_int_equal(msg_decode(&got, encoded(&m, room)), RC_OK);
    assert_int_equal(got.as.heartbeat.temperature_mc, INT32_MIN);
}

// The bytes on the wire, worked out by hand from doc/messages.cddl.
static void test_pinned_bytes(void **state)
{
    (void)state;
    struct msg m = {.type = MSG_CANCEL, .as.cancel = {500}};
    assert_true(bytes_equal(encoded(&m, room), bytes_of("\x82\x11\x19\x01\xf4", 5)));
    m = (struct msg){.type = MSG_FAILURE, .as.failure = {7, RC_CRASHED, "died"}};
    assert_true(bytes_equal(encoded(&m, room), bytes_of("\x84\x13\x07\x0b\x64"
                                                        "died",
                                                        9)));
    m = (struct msg){.type = MSG_HEARTBEAT, .as.heartbeat = {2, 1000, -5, true, 1}};
    assert_true(
        bytes_equal(encoded(&m, room), bytes_of("\x86\x05\x02\x19\x03\xe8\xf5\x24\x01", 9)));
}

static void test_cut_or_longer_is_malformed(void **state)
{
    (void)state;
    struct rng r = rng_seeded(5);
    struct msg got;
    for (uint32_t type = 1; type <= SAMPLE_TYPES; type++) {
        struct msg m = sample_msg((enum msg_type)type, &r);
        struct bytes wire = encoded(&m, room);
        for (size_t len = 0; len < wire.len; len++) {
            memcpy(again + SAMPLE_BYTES_MAX - len, wire.at, len); // sanitizers see the end
            struct bytes cut = bytes_of(again + SAMPLE_BYTES_MAX - len, len);
            assert_int_equal(msg_decode(&got, cut), RC_MALFORMED);
        }
        room[wire.len] = 0;
        assert_int_equal(msg_decode(&got, bytes_of(room, wire.len + 1)), RC_MALFORMED);
        struct buffer small = buffer_of(again, wire.len - 1);
        assert_int_equal(msg_encode(&m, &small), RC_FULL);
    }
}

// One whole item of any of our kinds.
static void skip_item(struct cbor_reader *r)
{
    switch (r->left.len > 0 ? r->left.at[0] >> 5 : 8) {
    case 0:
        (void)cbor_get_u64(r);
        break;
    case 1:
        (void)cbor_get_i64(r);
        break;
    case 2:
        (void)cbor_get_bytes(r);
        break;
    case 3:
        (void)cbor_get_text(r);
        break;
    case 4:
        for (size_t left = cbor_get_array(r, 32); left > 0; left--) {
            // Two deep at most: a list of pairs; a pair's halves are no arrays.
            if (r->left.len > 0 && r->left.at[0] >> 5 == 4) {
                size_t inner = cbor_get_array(r, 32);
                for (; inner > 0; inner--)
                    (void)(r->left.at[0] >> 5 == 3 ? cbor_get_text(r).len : cbor_get_u64(r));
            } else if (r->left.len > 0 && r->left.at[0] == 0xfa) {
                (void)cbor_get_f32(r);
            } else if (r->left.len > 0 && r->left.at[0] >> 5 == 0) {
                (void)cbor_get_u64(r);
            } else {
                (void)cbor_get_bytes(r);
            }
        }
        break;
    default:
        if (r->left.len > 0 && r->left.at[0] == 0xfa)
            (void)cbor_get_f32(r);
        else
            (void)cbor_get_flag(r);
    }
}

// Where each item of a message lies, its type among them.
static size_t items_of(struct bytes wire, struct bytes *item)
{
    struct cbor_reader r = cbor_reader_of(wire);
    size_t count = cbor_get_array(&r, ITEMS_MAX);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *from = r.left.at;
        skip_item(&r);
        item[i] = bytes_of(from, (size_t)(r.left.at - from));
    }
    assert_true(cbor_done(&r));
    return count;
}

// The message with one field replaced, or with `field` == count and one more.
static enum rc decode_with(const struct bytes *item, size_t count, size_t field, struct bytes other)
{
    struct buffer b = buffer_of(big, sizeof big);
    cbor_put_array(&b, field == count ? count + 1 : count);
    for (size_t i = 0; i < count; i++)
        buffer_put(&b, i == field ? other : item[i]);
    if (field == count)
        buffer_put(&b, other);
    assert_false(b.is_full);
    struct msg got;
    return msg_decode(&got, buffer_bytes(&b));
}

// A number, a negative one, bytes, text, an array; then what is in no message, or not so long.
static const struct bytes other_item[] = {
    {(const uint8_t *)"\x05", 1},         {(const uint8_t *)"\x24", 1},
    {(const uint8_t *)"\x41\x01", 2},     {(const uint8_t *)"\x61\x61", 2},
    {(const uint8_t *)"\x81\x05", 2},     {(const uint8_t *)"\xa0", 1},
    {(const uint8_t *)"\xfa\0\0\0\0", 5}, {(const uint8_t *)"\xf6", 1},
    {(const uint8_t *)"\xf7", 1},         {(const uint8_t *)"\xc1\x05", 2},
    {(const uint8_t *)"\x5f\xff", 2},     {(const uint8_t *)"\x18\x05", 2},
};

static bool is_other_kind(struct bytes item, size_t k)
{
    unsigned a = item.at[0] >> 5;
    unsigned b = other_item[k].at[0] >> 5;
    if (item.at[0] == other_item[k].at[0] && item.at[0] == 0xfa)
        return false;                                 // a float
    return k >= 5 || (a != b && !(a <= 1 && b <= 1)); // the two signs are one kind
}

static void test_other_kinds_and_counts_are_malformed(void **state)
{
    (void)state;
    struct rng r = rng_seeded(6);
    for (uint32_t type = 1; type <= SAMPLE_TYPES; type++) {
        struct msg m = sample_msg((enum msg_type)type, &r);
        struct bytes item[ITEMS_MAX] = {{0}};
        size_t count = items_of(encoded(&m, room), item);
        assert_int_equal(decode_with(item, count, 0, item[0]), RC_OK);
        assert_int_equal(decode_with(item, count - 1, 0, item[0]), RC_MALFORMED);
        for (size_t k = 0; k < ARRAY_COUNT(other_item); k++) {
            assert_int_equal(decode_with(item, count, count, other_item[k]), RC_MALFORMED);
            for (size_t i = 0; i < count; i++)
                if (is_other_kind(item[i], k))
                    assert_int_equal(decode_with(item, count, i, other_item[k]), RC_MALFORMED);
        }
    }
}

static void test_no_such_type(void **state)
{
    (void)state;
    struct msg got;
    assert_int_equal(msg_decode(&got, bytes_of("\x82\x00\x05", 3)), RC_MALFORMED);
    assert_int_equal(msg_decode(&got, bytes_of("\x82\x15\x05", 3)), RC_MALFORMED); // 21
    assert_int_equal(msg_decode(&got, bytes_of("\x82\x18\xff\x05", 4)), RC_MALFORMED);
    assert_int_equal(msg_decode(&got, bytes_of("\x80", 1)), RC_MALFORMED);
    assert_int_equal(msg_decode(&got, bytes_of(NULL, 0)), RC_MALFORMED);
}

// One field of a rule in doc/messages.cddl.
struct field {
    struct bytes *item; // of a valid message
    size_t count, at;
    const char *type; // as the document says
};

static enum rc decode_number(const struct field *f, int64_t v)
{
    uint8_t at[16];
    struct buffer b = buffer_of(at, sizeof at);
    cbor_put_i64(&b, v);
    return decode_with(f->item, f->count, f->at, buffer_bytes(&b));
}

static enum rc decode_string(const struct field *f, bool is_text, size_t len)
{
    static uint8_t at[MSG_PART_BYTES_MAX + 64];
    struct buffer b = buffer_of(at, sizeof at);
    if (is_text) {
        char text[1024];
        assert_true(len < sizeof text);
        memset(text, 'a', len);
        text[len] = 0;
        cbor_put_text(&b, text);
    } else {
        cbor_put_bytes(&b, bytes_of(big, len));
    }
    assert_false(b.is_full);
    return decode_with(f->item, f->count, f->at, buffer_bytes(&b));
}

static void check_range(const struct field *f, int64_t low, int64_t high)
{
    assert_int_equal(decode_number(f, low), RC_OK);
    assert_int_equal(decode_number(f, high), RC_OK);
    assert_int_equal(decode_number(f, low - 1), RC_MALFORMED);
    assert_int_equal(decode_number(f, high + 1), RC_MALFORMED);
}

static void check_lengths(const struct field *f, bool is_text, size_t low, size_t high)
{
    assert_int_equal(decode_string(f, is_text, low), RC_OK);
    assert_int_equal(decode_string(f, is_text, high), RC_OK);
    assert_int_equal(decode_string(f, is_text, high + 1), RC_MALFORMED);
    if (low > 0)
        assert_int_equal(decode_string(f, is_text, low - 1), RC_MALFORMED);
}

static void check_array(const struct field *f, const char *one, size_t one_len, size_t count_max)
{
    for (size_t count = 0; count <= count_max + 1; count++) {
        uint8_t at[1024];
        struct buffer b = buffer_of(at, sizeof at);
        cbor_put_array(&b, count);
        for (size_t i = 0; i < count; i++)
            buffer_put(&b, bytes_of(one, one_len));
        assert_false(b.is_full);
        assert_int_equal(decode_with(f->item, f->count, f->at, buffer_bytes(&b)),
                         count <= count_max ? RC_OK : RC_MALFORMED);
    }
}

// True: the document's word for this field's type is one of those that have no range of their own.
static bool check_named(const struct field *f)
{
    static const struct {
        const char *name;
        bool is_text;
        size_t low, high;
    } named[] = {{"bytes32", false, 32, 32},    {"digest", false, 32, 32},
                 {"public-key", false, 32, 32}, {"signature", false, 64, 64},
                 {"name", true, 0, 32},         {"words", true, 0, 160},
                 {"kernel", true, 0, 16},       {"sample-sums", false, 0, 0}};
    for (size_t i = 0; i < ARRAY_COUNT(named); i++) {
        if (strcmp(f->type, named[i].name) != 0)
            continue;
        if (strcmp(f->type, "sample-sums") == 0) // the only one too long to try its end
            assert_int_equal(decode_string(f, false, MSG_PART_BYTES_MAX), RC_OK);
        else
            check_lengths(f, named[i].is_text, named[i].low, named[i].high);
        return true;
    }
    return false;
}

// `words` and then LOW..HIGH.
static bool is_between(const char *type, const char *words, int64_t *low, int64_t *high)
{
    size_t len = strlen(words);
    if (strncmp(type, words, len) != 0)
        return false;
    char *end;
    *low = strtoll(type + len, &end, 10);
    if (end == type + len || strncmp(end, "..", 2) != 0)
        return false;
    *high = strtoll(end + 2, NULL, 10);
    return true;
}

static void check_field(const struct field *f)
{
    static const char digest[] = "\x58\x20"
                                 "0123456789abcdef0123456789abcdef";
    int64_t low = 0;
    int64_t high = 0;
    if (strcmp(f->type, "u64") == 0 || strcmp(f->type, "1..18446744073709551615") == 0) {
        assert_int_equal(decode_number(f, INT64_MAX), RC_OK);
        assert_int_equal(decode_number(f, -1), RC_MALFORMED);
    } else if (strcmp(f->type, "u32") == 0) {
        check_range(f, 0, UINT32_MAX);
    } else if (strcmp(f->type, "code") == 0) {
        check_range(f, 1, RC_COUNT - 1);
    } else if (is_between(f->type, "tstr .size (", &low, &high)) {
        check_lengths(f, true, (size_t)low, (size_t)high);
    } else if (is_between(f->type, "bstr .size (", &low, &high)) {
        check_lengths(f, false, (size_t)low, (size_t)high);
    } else if (is_between(f->type, "", &low, &high)) {
        check_range(f, low, high);
    } else if (strcmp(f->type, "bool") == 0) {
        assert_int_equal(f->item[f->at].at[0] & 0xfe, 0xf4);
    } else if (strcmp(f->type, "[ 0*20 digest ]") == 0) {
        check_array(f, digest, sizeof digest - 1, 20);
    } else if (strcmp(f->type, "[ 0*16 u64 ]") == 0) {
        check_array(f, "\x01", 1, 16);
    } else if (strcmp(f->type, "[ 0*16 speed ]") == 0) {
        check_array(f,
                    "\x82\x61"
                    "a\x01",
                    4, 16);
    } else if (strcmp(f->type, "share") == 0) {
        assert_int_equal(f->item[f->at].len, 5); // test_shares has the rest
    } else if (strcmp(f->type, "camera") == 0) {
        assert_int_equal(f->item[f->at].len, 1 + 10 * 5); // test_cameras has the rest
    } else {
        assert_true(check_named(f));
    }
}

// Fields of the rule that starts at *at, one a line, until its closing bracket.
static size_t check_rule(const char **at, struct bytes *item, size_t count)
{
    size_t fields = 0;
    for (const char *line = strchr(*at, '\n') + 1; line[0] != ']'; line = strchr(line, '\n') + 1) {
        char type[80] = {0};
        const char *from = strstr(line, ": ") + 2;
        size_t len = strcspn(from, ",\n");
        assert_true(strncmp(line, "  ", 2) == 0 && len < sizeof type && from[len] == ',');
        memcpy(type, from, len);
        fields++;
        assert_true(fields < count);
        struct field f = {item, count, fields, type};
        check_field(&f);
        *at = line;
    }
    return fields;
}

static char *read_doc(void)
{
    FILE *f = fopen(DOC_PATH, "rb");
    assert_non_null(f);
    char *text = calloc(1, DOC_BYTES);
    assert_non_null(text);
    assert_in_range(fread(text, 1, DOC_BYTES - 1, f), 1000, DOC_BYTES - 2);
    (void)fclose(f); // only read from
    return text;
}

static void test_document_says_what_is(void **state)
{
    (void)state;
    struct rng r = rng_seeded(8);
    char *doc = read_doc();
    bool is_seen[SAMPLE_TYPES + 1] = {false};
    for (const char *at = doc; (at = strstr(at, " = [ ")) != NULL;) {
        at += 5;
        if (*at < '0' || *at > '9')
            continue; // no message
        unsigned long type = strtoul(at, NULL, 10);
        assert_in_range(type, 1, SAMPLE_TYPES);
        assert_false(is_seen[type]);
        is_seen[type] = true;
        struct msg m = sample_msg((enum msg_type)type, &r);
        struct bytes item[ITEMS_MAX] = {{0}};
        size_t count = items_of(encoded(&m, room), item);
        assert_int_equal(check_rule(&at, item, count), count - 1);
    }
    for (size_t i = 1; i <= SAMPLE_TYPES; i++)
        assert_true(is_seen[i]);
    free(doc);
}

// Whether the message is refused both by encode and, with the same fields, by decode is the same
// code's doing; here: that encode does refuse, and does not end the program.
static void test_out_of_range_is_not_encoded(void **state)
{
    (void)state;
    struct rng r = rng_seeded(9);
    struct msg m[8];
    for (size_t i = 0; i < 5; i++)
        m[i] = sample_msg(MSG_SUBMIT, &r);
    m[0].as.submit.width = 0;
    m[1].as.submit.tiles = MSG_TILES_MAX + 1;
    m[2].as.submit.camera.fov_deg = 0.5f;
    m[3].as.submit.camera.eye[1] = 2e6f;
    m[4].as.submit.camera.up[2] = NAN;
    m[5] = sample_msg(MSG_HELLO, &r);
    memset(m[5].as.hello.name, 'a', sizeof m[5].as.hello.name); // no final 0
    m[6] = sample_msg(MSG_REFUSE, &r);
    memcpy(m[6].as.refuse.text, "\xff", 2); // no UTF-8
    m[7] = sample_msg(MSG_ASSIGN, &r);
    m[7].as.assign.spec.input_count = TASK_INPUTS_MAX + 1;
    for (size_t i = 0; i < ARRAY_COUNT(m); i++) {
        struct buffer b = buffer_of(room, sizeof room);
        assert_int_equal(msg_encode(&m[i], &b), RC_MALFORMED);
    }
}

static enum rc decode_camera(const char *replace, size_t at)
{
    struct rng r = rng_seeded(10);
    struct msg m = sample_msg(MSG_SUBMIT, &r);
    struct bytes item[ITEMS_MAX] = {{0}};
    size_t count = items_of(encoded(&m, room), item);
    struct buffer camera = buffer_of(again, sizeof again);
    buffer_put(&camera, item[11]);
    memcpy(again + 1 + 5 * at, replace, 5); // an array head, then floats of five bytes
    return decode_with(item, count, 11, bytes_of(again, item[11].len));
}

static void test_shares(void **state)
{
    (void)state;
    struct rng r = rng_seeded(11);
    struct msg m = sample_msg(MSG_INPUT, &r);
    struct bytes item[ITEMS_MAX] = {{0}};
    size_t count = items_of(encoded(&m, room), item);
    for (size_t i = 3; i < 8; i++) {
        struct bytes one = bytes_of("\xfa\x3f\x80\x00\x00", 5);
        struct bytes above = bytes_of("\xfa\xbf\x80\x00\x01", 5);
        assert_int_equal(decode_with(item, count, i, one), RC_OK);
        assert_int_equal(decode_with(item, count, i, above), RC_MALFORMED);
    }
}

static void test_what_a_gamer_has(void **state)
{
    (void)state;
    uint8_t at[3 * MSG_HAVE_BYTES];
    struct buffer have = buffer_of(at, sizeof at);
    msg_have_put(&have, 1, 0);
    msg_have_put(&have, UINT32_MAX, 1024);
    struct cursor c = {.left = bytes_of(at, have.len + 3)}; // and a rest that is none
    uint32_t index = 0;
    uint32_t first = 0;
    assert_true(msg_have_next(&c, &index, &first));
    assert_int_equal(index, 1);
    assert_int_equal(first, 0);
    assert_true(msg_have_next(&c, &index, &first));
    assert_int_equal(index, UINT32_MAX);
    assert_int_equal(first, 1024);
    assert_false(msg_have_next(&c, &index, &first));
}

static void test_cameras(void **state)
{
    (void)state;
    assert_int_equal(decode_camera("\xfa\x43\x2a\x00\x00", 9), RC_OK); // 170 degrees
    assert_int_equal(decode_camera("\xfa\x43\x2a\x00\x01", 9), RC_MALFORMED);
    assert_int_equal(decode_camera("\xfa\x3f\x7f\xff\xff", 9), RC_MALFORMED); // below 1
    assert_int_equal(decode_camera("\xfa\xc9\x74\x24\x00", 0), RC_OK);        // -10^6
    assert_int_equal(decode_camera("\xfa\xc9\x74\x24\x01", 0), RC_MALFORMED);
    assert_int_equal(decode_camera("\xfa\x7f\x80\x00\x00", 4), RC_MALFORMED); // infinity
    assert_int_equal(decode_camera("\xfa\x7f\xc0\x00\x00", 8), RC_MALFORMED); // NaN
}

static void test_what_is_signed(void **state)
{
    (void)state;
    struct msg_challenge c = {.version = 1};
    uint8_t at[MSG_SIGNED_BYTES];
    memset(c.nonce, 'n', sizeof c.nonce);
    memset(c.hub.b, 'h', sizeof c.hub.b);
    struct bytes hello = msg_hello_signed(&c, MSG_ROLE_GAMER, at);
    assert_true(bytes_equal(hello, bytes_of("shoal hello 1\n"
                                            "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
                                            "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh\x02",
                                            14 + 65)));
    struct bytes welcome = msg_welcome_signed(c.nonce, &c.hub, at);
    assert_true(bytes_equal(bytes_part(welcome, 0, 17), bytes_text("shoal welcome 1\nn")));
    assert_int_equal(welcome.len, 16 + 64);
    struct digest d = hash_bytes(bytes_text("x"));
    struct bytes result = msg_result_signed(&d, &d, at);
    assert_true(bytes_equal(bytes_part(result, 0, 15), bytes_text("shoal result 1\n")));
    assert_int_equal(result.len, 15 + 64);
}

static void test_token_proof_is_bound_to_all(void **state)
{
    (void)state;
    struct msg_challenge c[3] = {{.version = 1}, {.version = 1}, {.version = 1}};
    struct sign_public gamer[2] = {{{1}}, {{2}}};
    c[1].nonce[31] = 1;
    c[2].hub.b[0] = 1;
    struct digest d[5] = {msg_token_proof(&c[0], &gamer[0], bytes_text("token")),
                          msg_token_proof(&c[1], &gamer[0], bytes_text("token")),
                          msg_token_proof(&c[2], &gamer[0], bytes_text("token")),
                          msg_token_proof(&c[0], &gamer[1], bytes_text("token")),
                          msg_token_proof(&c[0], &gamer[0], bytes_text("tokem"))};
    for (size_t i = 0; i < 5; i++)
        for (size_t k = 0; k < i; k++)
            assert_false(digest_equal(&d[i], &d[k]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_written_is_read),
        cmocka_unit_test(test_fields_come_through),
        cmocka_unit_test(test_pinned_bytes),
        cmocka_unit_test(test_cut_or_longer_is_malformed),
        cmocka_unit_test(test_other_kinds_and_counts_are_malformed),
        cmocka_unit_test(test_no_such_type),
        cmocka_unit_test(test_document_says_what_is),
        cmocka_unit_test(test_out_of_range_is_not_encoded),
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_what_a_gamer_has),
        cmocka_unit_test(test_cameras),
        cmocka_unit_test(test_what_is_signed),
        cmocka_unit_test(test_token_proof_is_bound_to_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
