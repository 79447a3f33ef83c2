// SPDX-License-Identifier: MIT
// Tests of looking through JSON: what is accepted, what is found, and jansson beside it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/rng.h"
#include "base/seed_test.h"
#include "wire/scan.h"

static bool is_span(const struct scan_value *v, enum scan_kind kind, const char *raw)
{
    return v->kind == kind && bytes_is(v->raw, raw);
}

static void test_members(void **unused)
{
    (void)unused;
    static const char *const name[] = {"type", "data", "n", "list", "absent", "", "yes", "nil"};
    const char *in =
        " {\"type\" : \"sub\\u006dit\", \"x\":[{\"type\":1}],\r\n\t\"d\\u0061ta\":{\"a\": "
        "[1, {}],\"b\":\"}\"} ,\"n\":-1.5e+3,\"list\":[ ],\"\":false,\"yes\":true,"
        "\"nil\":null,\"datas\":1,\"dat\":2} ";
    struct scan_value v[ARRAY_COUNT(name)];
    assert_int_equal(scan_members(bytes_text(in), name, ARRAY_COUNT(name), v), RC_OK);
    assert_true(is_span(&v[0], SCAN_TEXT, "\"sub\\u006dit\""));
    assert_true(is_span(&v[1], SCAN_OBJECT, "{\"a\": [1, {}],\"b\":\"}\"}"));
    assert_true(is_span(&v[2], SCAN_NUMBER, "-1.5e+3"));
    assert_true(is_span(&v[3], SCAN_ARRAY, "[ ]"));
    assert_int_equal(v[4].kind, SCAN_NONE);
    assert_true(is_span(&v[5], SCAN_FALSE, "false"));
    assert_true(is_span(&v[6], SCAN_TRUE, "true"));
    assert_true(is_span(&v[7], SCAN_NULL, "null"));
    assert_int_equal(scan_members(bytes_text(in), name, 0, NULL), RC_OK);
    assert_int_equal(scan_members(bytes_text("{ }"), name, 2, v), RC_OK);
    assert_int_equal(v[0].kind, SCAN_NONE);
}

static void test_members_refused(void **unused)
{
    (void)unused;
    static const char *const name[] = {"a", "b"};
    static const char *const bad[] = {
        "",
        "[]",
        "1",
        "\"a\"",
        "{\"a\":1,\"a\":1}",
        "{\"a\":1,\"\\u0061\":1}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{\"a\":1}x",
        "{\"a\":1 \"b\":2}",
        "{a:1}",
        "{\"a\":1",
        "{",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1,",
        "}",
    };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        struct scan_value v[2];
        if (scan_members(bytes_text(bad[i]), name, 2, v) != RC_MALFORMED)
            fail_msg("%s is accepted", bad[i]);
        assert_true(v[0].kind == SCAN_NONE && v[1].kind == SCAN_NONE);
    }
    struct scan_value v[2];
    // What nobody asked for may stand twice: without memory nobody can know.
    assert_int_equal(scan_members(bytes_text("{\"c\":1,\"c\":2,\"a\":3}"), name, 2, v), RC_OK);
    assert_true(is_span(&v[0], SCAN_NUMBER, "3"));
}

static const char *const good[] = {
    "0",
    "-0",
    "1.5E-7",
    "\"\"",
    "\"\\uD834\\uDD1E\"",
    "null",
    " [ ] ",
    "[[],{},[{}]]",
    "\"\x7f\"",
    "\"\xf4\x8f\xbf\xbf\"",
    "1e999",
    "\"\\u0001\"",
    "{\"\":{\"\":[]}}",
    "\"\\/\\b\"",
    "123456789012345678901234567890",
    "true",
    "[1,2 , 3]\n\t",
    "\"\xed\x9f\xbf\"",
};
static const char *const bad[] = {
    "",
    " ",
    "nul",
    "nulll",
    "True",
    "01",
    "-",
    "+1",
    "1.",
    ".5",
    "1e",
    "1e+",
    "0x1",
    "NaN",
    "-Infinity",
    "1 2",
    "[",
    "]",
    "[1,]",
    "[,1]",
    "[1 2]",
    "[1}",
    "{\"a\":1]",
    "{]",
    "[}",
    "\"",
    "\"a",
    "'a'",
    "\"\x01\"",
    "\"\n\"",
    "\"\\x\"",
    "\"\\u12g4\"",
    "\"\\u123\"",
    "\"\\",
    "\"\\u0000\"",
    "\"\\ud834\"",
    "\"\xff\"",
    "\"\xc0\x80\"",
    "\"\xed\xa0\x80\"",
    "\"\xf4\x90\x80\x80\"",
    "\"\xe2\x82\"",
    "\"\\udd1e\"",
    "\"\\ud834\\u0041\"",
    "\xef\xbb\xbf{}",
    "[1]//",
    "{\"\\u0000\":1}",
    "\v1",
};

static void test_documents(void **unused)
{
    (void)unused;
    struct scan_value v;
    for (size_t i = 0; i < ARRAY_COUNT(good); i++)
        if (!scan_is_valid(bytes_text(good[i])))
            fail_msg("%s is refused", good[i]);
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        v.kind = SCAN_TEXT;
        if (scan_document(bytes_text(bad[i]), &v) != RC_MALFORMED || v.kind != SCAN_NONE)
            fail_msg("%s is accepted", bad[i]);
    }
    assert_int_equal(scan_document(bytes_text(" [ 1] "), &v), RC_OK);
    assert_true(is_span(&v, SCAN_ARRAY, "[ 1]"));
    assert_false(scan_is_valid(bytes_of("1\0", 2)));
    assert_false(scan_is_valid(bytes_of(NULL, 0)));
}

// An object and an array in turn, `depth` of them.
static struct bytes nested(uint32_t depth, char *room)
{
    char *at = room;
    for (uint32_t i = 0; i < depth; i++, at += strlen(at))
        memcpy(at, i % 2 == 0 ? "{\"a\":" : "[", i % 2 == 0 ? 6 : 2);
    *at++ = '0';
    for (uint32_t i = depth; i > 0; i--)
        *at++ = i % 2 == 1 ? '}' : ']';
    return bytes_of(room, (size_t)(at - room));
}

static void test_depth(void **unused)
{
    (void)unused;
    static const char *const name[] = {"a"};
    char room[8 * SCAN_DEPTH_MAX + 16];
    struct scan_value v;
    struct bytes in = nested(SCAN_DEPTH_MAX, room);
    assert_int_equal(scan_document(in, &v), RC_OK);
    assert_int_equal(scan_members(in, name, 1, &v), RC_OK);
    assert_int_equal(v.kind, SCAN_ARRAY);
    in = nested(SCAN_DEPTH_MAX + 1, room);
    assert_int_equal(scan_document(in, &v), RC_REFUSED);
    assert_int_equal(scan_members(in, name, 1, &v), RC_REFUSED);
    assert_int_equal(v.kind, SCAN_NONE);
    assert_false(scan_is_valid(in));
    for (size_t len = 0; len < in.len; len++) // and no beginning of it is a document
        assert_false(scan_is_valid(bytes_part(in, 0, len)));
}

static void test_values(void **unused)
{
    (void)unused;
    struct scan_value v;
    uint64_t n = 7;
    double x = 7;
    assert_int_equal(scan_document(bytes_text("18446744073709551615"), &v), RC_OK);
    assert_true(scan_u64(&v, UINT64_MAX, &n) && n == UINT64_MAX);
    assert_false(scan_u64(&v, UINT64_MAX - 1, &n));
    assert_true(scan_f64(&v, &x) && x > 1.8e19);
    static const char *const no_u64[] = {
        "18446744073709551616", "-1", "1.0", "1e3", "\"1\"", "[1]"};
    for (size_t i = 0; i < ARRAY_COUNT(no_u64); i++) {
        assert_int_equal(scan_document(bytes_text(no_u64[i]), &v), RC_OK);
        assert_false(scan_u64(&v, UINT64_MAX, &n));
    }
    assert_true(n == UINT64_MAX); // untouched
    assert_int_equal(scan_document(bytes_text("-12.5e-1"), &v), RC_OK);
    assert_true(scan_f64(&v, &x) && x >= -1.25 && x <= -1.25);
    char long_one[SCAN_NUMBER_BYTES_MAX + 2];
    memset(long_one, '1', sizeof long_one - 1);
    long_one[sizeof long_one - 1] = 0;
    const char *const no_f64[] = {"1e999", "null", "\"1\"", long_one};
    for (size_t i = 0; i < ARRAY_COUNT(no_f64); i++) {
        assert_int_equal(scan_document(bytes_text(no_f64[i]), &v), RC_OK);
        assert_false(scan_f64(&v, &x));
    }
    assert_true(x >= -1.25 && x <= -1.25);
}

static void test_text(void **unused)
{
    (void)unused;
    const char *in = "\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\u20AC\xe2\x82\xac\\uD834\\udd1ez\"";
    const char *plain = "a\"\\/\b\f\n\r\t\xc3\xa4\xe2\x82\xac\xe2\x82\xac\xf0\x9d\x84\x9ez";
    struct scan_value v;
    assert_int_equal(scan_document(bytes_text(in), &v), RC_OK);
    for (size_t cap = 1; cap <= strlen(plain) + 2; cap++) {
        char room[64];
        struct text t = text_of(room, cap);
        assert_true(scan_text(&v, &t));
        assert_int_equal(t.is_cut, cap <= strlen(plain));
        assert_int_equal(strlen(room), t.len);
        assert_memory_equal(room, plain, t.len);
        struct bytes rest = bytes_text(room); // cut between two characters
        for (size_t step; (step = text_utf8_step(rest)) > 0;)
            rest = bytes_part(rest, step, rest.len);
        assert_true(rest.len == 0 && t.len + 4 >= (t.is_cut ? cap : strlen(plain)));
    }
    char room[8];
    struct text t = text_of(room, sizeof room);
    text_add(&t, "> ");
    assert_int_equal(scan_document(bytes_text("\"ab\""), &v), RC_OK);
    assert_true(scan_text(&v, &t));
    assert_string_equal(room, "> ab");
    assert_int_equal(scan_document(bytes_text("12"), &v), RC_OK);
    assert_false(scan_text(&v, &t));
    assert_string_equal(room, "> ab");
}

static void test_items(void **unused)
{
    (void)unused;
    struct scan_value v;
    assert_int_equal(scan_document(bytes_text("[ 1 , [2,3],\"a,b\" ,{}]"), &v), RC_OK);
    struct scan_items items = scan_items_of(&v);
    struct scan_value item;
    assert_true(scan_items_next(&items, &item) && is_span(&item, SCAN_NUMBER, "1"));
    assert_true(scan_items_next(&items, &item) && is_span(&item, SCAN_ARRAY, "[2,3]"));
    assert_true(scan_items_next(&items, &item) && is_span(&item, SCAN_TEXT, "\"a,b\""));
    assert_true(scan_items_next(&items, &item) && is_span(&item, SCAN_OBJECT, "{}"));
    assert_false(scan_items_next(&items, &item));
    static const char *const none[] = {"[ ]", "{\"a\":1}", "\"[1]\"", "1"};
    for (size_t i = 0; i < ARRAY_COUNT(none); i++) {
        assert_int_equal(scan_document(bytes_text(none[i]), &v), RC_OK);
        items = scan_items_of(&v);
        assert_false(scan_items_next(&items, &item));
    }
}

// A stop in each place of a word, behind and before every other.
static void test_every_place(void **unused)
{
    (void)unused;
    for (size_t len = 0; len < 40; len++) {
        for (size_t at = 0; at < len; at++) {
            char in[48];
            memset(in, 'x', sizeof in);
            in[0] = '"';
            in[len + 1] = '"';
            for (int c = 1; c < 256; c++) {
                in[at + 1] = (char)c;
                const bool is_good = c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
                if (scan_is_valid(bytes_of(in, len + 2)) != is_good)
                    fail_msg("byte %d at %zu of %zu", c, at, len);
            }
        }
    }
}

// A value drawn at random, as JSON with space here and there.
static void draw(struct rng *r, struct text *out, uint32_t depth)
{
    static const char *const simple[] = {
        "null",
        "true",
        "0",
        "-1.5",
        "\"\"",
        "1e5",
        "-0.5E-7",
        "12",
        "\"a\"",
        "\"\\n\\\"\"",
        "false",
        "\"\\ud834\\udd1e\"",
        "\"\xc3\xa4 on and on\"",
    };
    static const char *const name[] = {"\"a\":", "\"bb\" :", "\"\\u0061\":", "\"\":", "\"aa\":"};
    const bool is_object = rng_below(r, 2) == 0;
    if (rng_below(r, 8) == 0)
        text_add(out, " \n");
    if (depth == 0 || rng_below(r, 3) == 0) {
        text_add(out, simple[rng_below(r, ARRAY_COUNT(simple))]);
        return;
    }
    text_add(out, is_object ? "{" : "[");
    const uint64_t count = rng_below(r, 4);
    for (uint64_t i = 0; i < count; i++) {
        text_add(out, i > 0 ? "," : "");
        text_add(out, is_object ? name[rng_below(r, ARRAY_COUNT(name))] : "");
        draw(r, out, depth - 1);
    }
    text_add(out, is_object ? "}" : "]\t");
}

// One byte in every other document becomes another: any, or one that means something.
static void spoil(struct rng *r, struct text *t)
{
    static const char sign[] = "{}[]:,\"\\ \n0123456789.eE+-tfnu\x7f\x80\xc3\x1f";
    if (rng_below(r, 2) == 0)
        return;
    const char any = (char)(1 + rng_below(r, 255));
    const char meant = sign[rng_below(r, sizeof sign - 1)];
    t->at[rng_below(r, t->len)] = rng_below(r, 4) == 0 ? any : meant;
}

// Property: of anything, jansson and we think alike, and find the same in it.
static void test_beside_jansson(void **unused)
{
    (void)unused;
    static const char *const name[] = {"a", "bb"};
    struct rng r = rng_seeded(test_seed());
    uint32_t good_count = 0;
    for (int round = 0; round < 100000; round++) {
        char in[4096];
        struct text t = text_of(in, sizeof in);
        draw(&r, &t, 4);
        spoil(&r, &t);
        const size_t len = t.len;
        const size_t flags = JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL;
        json_error_t why;
        json_t *top = json_loadb(in, len, flags, &why);
        if (top == NULL && json_error_code(&why) == json_error_numeric_overflow)
            continue; // 1e5000 is a number all the same
        struct scan_value member[2];
        assert_int_equal(scan_is_valid(bytes_of(in, len)), top != NULL);
        good_count += top != NULL;
        if (scan_members(bytes_of(in, len), name, 2, member) == RC_OK) {
            assert_true(json_is_object(top));
            for (size_t i = 0; i < 2; i++) {
                const struct bytes raw = member[i].raw;
                json_t *mine =
                    raw.len == 0 ? NULL : json_loadb((const char *)raw.at, raw.len, flags, NULL);
                json_t *theirs = json_object_get(top, name[i]);
                assert_true(mine == theirs || json_equal(mine, theirs));
                json_decref(mine);
            }
        } else if (json_is_object(top)) { // a wanted member twice
            assert_null(json_loadb(in, len, flags | JSON_REJECT_DUPLICATES, NULL));
        }
        json_decref(top);
    }
    assert_true(good_count > 30000 && good_count < 90000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),        cmocka_unit_test(test_members_refused),
        cmocka_unit_test(test_documents),      cmocka_unit_test(test_depth),
        cmocka_unit_test(test_values),         cmocka_unit_test(test_text),
        cmocka_unit_test(test_items),          cmocka_unit_test(test_every_place),
        cmocka_unit_test(test_beside_jansson),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
