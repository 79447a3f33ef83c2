// SPDX-License-Identifier: MIT
// Tests of JSON: what is read, what is refused before and by the library, what is written.
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "wire/json.h"

static void test_reads(void **unused)
{
    (void)unused;
    struct json_node *top;
    struct err err;
    const char *in = "{\"n\": 18, \"x\": -1.5, \"yes\": true, \"name\": \"a\\u00e4\\n\", \"list\": "
                     "[1, [2], {\"deep\": null}], \"big\": 9223372036854775807, \"minus\": -1}";
    assert_int_equal(json_open(&top, bytes_text(in), &err), RC_OK);
    uint64_t n = 7;
    double x = 7;
    bool yes = false;
    struct bytes name = {NULL, 0};
    assert_true(json_get_u64(json_get(top, "n"), 18, &n) && n == 18);
    assert_false(json_get_u64(json_get(top, "n"), 17, &n));
    assert_false(json_get_u64(json_get(top, "minus"), UINT64_MAX, &n));
    assert_false(json_get_u64(json_get(top, "x"), UINT64_MAX, &n));
    assert_false(json_get_u64(json_get(top, "absent"), UINT64_MAX, &n));
    assert_int_equal(n, 18); // untouched
    assert_true(json_get_u64(json_get(top, "big"), UINT64_MAX, &n) && n == INT64_MAX);
    assert_true(json_get_f64(json_get(top, "x"), &x) && x <= -1.5 && x >= -1.5);
    assert_true(json_get_f64(json_get(top, "n"), &x) && x <= 18 && x >= 18);
    assert_false(json_get_f64(json_get(top, "name"), &x));
    assert_true(json_get_flag(json_get(top, "yes"), &yes) && yes);
    assert_false(json_get_flag(json_get(top, "n"), &yes));
    assert_true(json_get_text(json_get(top, "name"), &name) && bytes_is(name, "a\xc3\xa4\n"));
    assert_false(json_get_text(json_get(top, "n"), &name));
    const struct json_node *list = json_get(top, "list");
    assert_int_equal(json_get_count(list), 3);
    assert_int_equal(json_get_count(top), 0);
    assert_true(json_get_u64(json_get_item(json_get_item(list, 1), 0), 9, &n) && n == 2);
    assert_non_null(json_get(json_get_item(list, 2), "deep"));
    assert_null(json_get_item(list, 3));
    assert_null(json_get(json_get(json_get(top, "no"), "such"), "path"));
    json_free(top);
    json_free(NULL);
}

static void test_refuses(void **unused)
{
    (void)unused;
    static const char *const bad[] = {
        "",          "{",    "[1,]",  "{\"a\":1,\"a\":2}", "{} {}",         "1",
        "\"text\"",  "nul",  "[01]",  "[1e999]",           "[\"\\u0000\"]", "[\"\x01\"]",
        "['a']",     "[+1]", "[NaN]", "[\"\\ud800\"]",     "[\"\xff\"]",    "[9223372036854775808]",
        "[1] // no",
    };
    struct json_node *top = (struct json_node *)&top;
    struct err err;
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        enum rc rc = json_open(&top, bytes_text(bad[i]), &err);
        if (rc != RC_MALFORMED)
            fail_msg("%s gave %s", bad[i], rc_text(rc));
        assert_null(top);
        assert_non_null(strstr(err.text, "line 1"));
    }
    assert_int_equal(json_open(&top, bytes_of("[1]\0", 4), NULL), RC_MALFORMED);
}

static void test_bounds(void **unused)
{
    (void)unused;
    struct json_node *top;
    struct err err;
    char deep[2 * (JSON_DEPTH_MAX + 1) + 1] = {0};
    memset(deep, '[', JSON_DEPTH_MAX);
    memset(deep + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
    assert_int_equal(json_open(&top, bytes_text(deep), &err), RC_OK);
    json_free(top);
    memset(deep, '[', JSON_DEPTH_MAX + 1);
    memset(deep + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
    assert_int_equal(json_open(&top, bytes_text(deep), &err), RC_REFUSED);
    assert_null(top);
    // Brackets in texts are no depth, also behind an escaped quote.
    const char *flat = "[\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"]";
    assert_int_equal(json_open(&top, bytes_text(flat), &err), RC_OK);
    json_free(top);
    char *large = malloc(JSON_BYTES_MAX + 1);
    assert_non_null(large);
    memset(large, ' ', JSON_BYTES_MAX + 1);
    large[0] = '[';
    large[1] = ']';
    assert_int_equal(json_open(&top, bytes_of(large, JSON_BYTES_MAX + 1), &err), RC_REFUSED);
    assert_int_equal(json_open(&top, bytes_of(large, JSON_BYTES_MAX), &err), RC_OK);
    json_free(top);
    free(large);
}

static void test_writes(void **unused)
{
    (void)unused;
    char at[512];
    struct text t = text_of(at, sizeof at);
    struct json_writer w = json_writer_of(&t);
    json_put_object(&w, NULL);
    json_put_u64(&w, "max", UINT64_MAX);
    json_put_i64(&w, "min", INT64_MIN);
    json_put_f64(&w, "half", 0.5);
    json_put_f64(&w, "nan", (double)NAN);
    json_put_flag(&w, "no", false);
    json_put_array(&w, "list");
    json_put_text(&w, NULL, "a\"b\\c\n\x7f");
    json_put_object(&w, NULL);
    json_put_object_end(&w);
    json_put_array(&w, NULL);
    json_put_array_end(&w);
    json_put_array_end(&w);
    json_put_text(&w, "none", NULL);
    json_put_bytes(&w, "odd \"name\"", bytes_of("\xc3\xa4\xff\0z", 5));
    json_put_object_end(&w);
    assert_false(t.is_cut);
    assert_string_equal(at, "{\"max\":18446744073709551615,\"min\":-9223372036854775808,"
                            "\"half\":0.5,\"nan\":null,\"no\":false,"
                            "\"list\":[\"a\\\"b\\\\c\\u000a\\u007f\",{},[]],\"none\":null,"
                            "\"odd \\\"name\\\"\":\"\xc3\xa4?\\u0000z\"}");
}

static void test_cut(void **unused)
{
    (void)unused;
    for (size_t cap = 1; cap < 30; cap++) {
        char at[32] = {0};
        struct text t = text_of(at, cap);
        struct json_writer w = json_writer_of(&t);
        json_put_array(&w, NULL);
        json_put_text(&w, NULL, "0123456789\n\n");
        json_put_array_end(&w);
        assert_true(t.len < cap && at[t.len] == 0);
        assert_int_equal(t.is_cut, cap < sizeof "[\"0123456789\\u000a\\u000a\"]");
    }
}

// Property: any double and any text that is written reads back the same.
static void test_round_trip(void **unused)
{
    (void)unused;
    const char *given = getenv("SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : 8259;
    printf("SEED=%" PRIu64 "\n", seed);
    struct rng r = rng_seeded(seed);
    for (int round = 0; round < 2000; round++) {
        uint64_t bits = rng_u64(&r);
        double x;
        memcpy(&x, &bits, sizeof x);
        x = isfinite(x) ? x : 1.0 / 3;
        char text[20];
        size_t len = (size_t)rng_below(&r, sizeof text);
        for (size_t i = 0; i < len; i++)
            text[i] = (char)(1 + rng_below(&r, 127));
        text[len < sizeof text ? len : sizeof text - 1] = 0;
        char at[256];
        struct text t = text_of(at, sizeof at);
        struct json_writer w = json_writer_of(&t);
        json_put_array(&w, NULL);
        json_put_f64(&w, NULL, x);
        json_put_text(&w, NULL, text);
        json_put_array_end(&w);
        struct json_node *top;
        assert_int_equal(json_open(&top, bytes_text(at), NULL), RC_OK);
        double x_back = 0;
        struct bytes text_back = {NULL, 0};
        assert_true(json_get_f64(json_get_item(top, 0), &x_back));
        assert_memory_equal(&x_back, &x, sizeof x);
        assert_true(json_get_text(json_get_item(top, 1), &text_back));
        assert_true(bytes_is(text_back, text));
        json_free(top);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads),  cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_bounds), cmocka_unit_test(test_writes),
        cmocka_unit_test(test_cut),    cmocka_unit_test(test_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
