// SPDX-License-Identifier: MIT
// Text stays within its memory; numbers read and write as people expect.
#include "base/text.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/rng.h"
#include "base/seed_test.h"

static void it_is_cut_at_every_length(void **state)
{
    (void)state;
    static const char want[] = "abc 17 d?";
    for (size_t cap = 1; cap <= sizeof want + 1; cap++) {
        char *at = malloc(cap); // exact, so that sanitizers see an overrun
        struct text t = text_of(at, cap);
        text_add(&t, "abc");
        text_addf(&t, " %d ", 17);
        text_add_safe(&t, bytes_text("d\n"));
        const size_t len = cap - 1 < sizeof want - 1 ? cap - 1 : sizeof want - 1;
        assert_int_equal(t.len, len);
        assert_int_equal(strlen(at), len);
        assert_memory_equal(at, want, len);
        assert_int_equal(t.is_cut, cap < sizeof want);
        free(at);
    }
}

static const char *size_text(uint64_t bytes)
{
    static char at[32];
    struct text t = text_of(at, sizeof at);
    text_add_size(&t, bytes);
    return at;
}

static void sizes_are_short(void **state)
{
    (void)state;
    assert_string_equal(size_text(0), "0 B");
    assert_string_equal(size_text(999), "999 B");
    assert_string_equal(size_text(1000), "1.0 kB");
    assert_string_equal(size_text(1500000), "1.5 MB");
    assert_string_equal(size_text(15000000), "15 MB");
    assert_string_equal(size_text(999999), "1.0 MB"); // not "1000 kB"
    assert_string_equal(size_text(UINT64_MAX), "18 EB");
}

static const char *time_text(uint64_t us)
{
    static char at[32];
    struct text t = text_of(at, sizeof at);
    text_add_time(&t, us);
    return at;
}

static void times_are_short(void **state)
{
    (void)state;
    assert_string_equal(time_text(850), "850 us");
    assert_string_equal(time_text(12300), "12.3 ms");
    assert_string_equal(time_text(4200000), "4.2 s");
    assert_string_equal(time_text(185000000), "3 min 5 s");
    assert_string_equal(time_text(0), "0 us");
}

static void strangers_bytes_are_one_printable_line(void **state)
{
    (void)state;
    char at[300];
    uint8_t all[256];
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (uint8_t)i;
    struct text t = text_of(at, sizeof at);
    text_add_safe(&t, bytes_of(all, sizeof all));
    char word[5] = "past";
    text_copy_safe(word, sizeof word, bytes_text("a\xff\n"));
    assert_string_equal(word, "a??");
    text_copy_safe(word, sizeof word, bytes_text("longer"));
    assert_string_equal(word, "long");
    assert_int_equal(t.len, 256);
    for (size_t i = 0; i < t.len; i++)
        assert_in_range(at[i], 0x20, 0x7e);
    assert_int_equal(at['A'], 'A');
    assert_int_equal(at[0x1b], '?');
}

static void numbers_are_whole_or_nothing(void **state)
{
    (void)state;
    uint64_t v = 77;
    static const char *const bad[] = {"",
                                      " 1",
                                      "1 ",
                                      "+1",
                                      "-1",
                                      "1x",
                                      "0x1",
                                      "1.0",
                                      "18446744073709551616",
                                      "99999999999999999999999"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        assert_false(text_to_u64(bad[i], 0, UINT64_MAX, &v));
    assert_false(text_to_u64("4", 5, 6, &v));
    assert_false(text_to_u64("7", 5, 6, &v));
    assert_int_equal(v, 77);
    assert_true(text_to_u64("18446744073709551615", 0, UINT64_MAX, &v));
    assert_true(v == UINT64_MAX);
    assert_true(text_to_u64("007", 7, 7, &v));
    assert_int_equal(v, 7);
}

static void sizes_have_binary_units(void **state)
{
    (void)state;
    uint64_t v = 77;
    static const char *const bad[] = {
        "", "k", "4X", "4kk", "4 k", "-1k", "16777216T", "4.5G", "18446744073709551616"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        assert_false(text_to_size(bad[i], &v));
    assert_int_equal(v, 77);
    static const struct {
        const char *text;
        uint64_t bytes;
    } good[] = {{"0", 0},
                {"100", 100},
                {"64k", 65536},
                {"512M", 536870912},
                {"4G", 4294967296u},
                {"16777215T", UINT64_MAX - 1099511627775u}};
    for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
        assert_true(text_to_size(good[i].text, &v));
        assert_true(v == good[i].bytes);
    }
}

static void utf8_is_judged_by_its_edges(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t step;
    } row[] = {
        {"a", 1},
        {"\x7f", 1},
        {"\xc2\x80", 2},         // U+0080
        {"\xdf\xbf", 2},         // U+07FF
        {"\xe0\xa0\x80", 3},     // U+0800
        {"\xed\x9f\xbf", 3},     // U+D7FF
        {"\xee\x80\x80", 3},     // U+E000
        {"\xf0\x90\x80\x80", 4}, // U+10000
        {"\xf4\x8f\xbf\xbf", 4}, // U+10FFFF
        {"", 0},
        {"\x80", 0},     // goes on with nothing before it
        {"\xc0\x80", 0}, // overlong
        {"\xc1\xbf", 0},
        {"\xe0\x9f\xbf", 0},
        {"\xf0\x8f\xbf\xbf", 0},
        {"\xed\xa0\x80", 0},     // a surrogate
        {"\xf4\x90\x80\x80", 0}, // beyond U+10FFFF
        {"\xf5\x80\x80\x80", 0},
        {"\xff", 0},
        {"\xc2", 0}, // cut
        {"\xe2\x82", 0},
        {"\xf0\x9f\x92", 0},
        {"\xc2"
         "a",
         0},
    };
    for (size_t i = 0; i < ARRAY_COUNT(row); i++) {
        const struct bytes b = bytes_text(row[i].bytes);
        assert_int_equal(text_utf8_step(b), row[i].step);
        assert_int_equal(text_is_utf8(b), row[i].step > 0 || b.len == 0);
    }
}

static void all_of_it_must_be_utf8(void **state)
{
    (void)state;
    char room[40];
    memset(room, 'a', sizeof room);
    for (size_t at = 0; at + 2 <= sizeof room; at++) { // at every place of a step of eight
        memcpy(room + at, "\xc2\x80", 2);
        assert_true(text_is_utf8(bytes_of(room, sizeof room)));
        assert_false(text_is_utf8(bytes_of(room, at + 1)));
        room[at] = 'a';
        assert_false(text_is_utf8(bytes_of(room, sizeof room)));
        room[at + 1] = 'a';
    }
    assert_true(text_is_utf8(bytes_of("a\0b", 3))); // U+0000 is a character like others
    assert_true(text_is_utf8(bytes_of(NULL, 0)));
}

static void numbers_read_back_as_they_were(void **state)
{
    (void)state;
    static const struct {
        double v;
        const char *text;
    } row[] = {{0, "0"},
               {0.1, "0.1"},
               {-2.5, "-2.5"},
               {1500000, "1500000"},
               {1.0 / 3, "0.33333333333333331"},
               {9007199254740993.0, "9007199254740992"},
               {5e-324, "4.94065645841247e-324"},
               {1.7976931348623157e308, "1.7976931348623157e+308"}};
    char out[64];
    for (size_t i = 0; i < ARRAY_COUNT(row); i++) {
        struct text t = text_of(out, sizeof out);
        text_add_f64(&t, row[i].v);
        assert_string_equal(out, row[i].text);
    }
    struct rng r = rng_seeded(test_seed());
    for (size_t i = 0; i < 10000; i++) {
        const uint64_t bits = rng_u64(&r);
        double v;
        memcpy(&v, &bits, sizeof v);
        if (!isfinite(v))
            continue;
        struct text t = text_of(out, sizeof out);
        text_add_f64(&t, v);
        const double back = strtod(out, NULL);
        assert_true(back >= v && back <= v);
        assert_false(t.is_cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_cut_at_every_length),
        cmocka_unit_test(sizes_are_short),
        cmocka_unit_test(times_are_short),
        cmocka_unit_test(strangers_bytes_are_one_printable_line),
        cmocka_unit_test(numbers_are_whole_or_nothing),
        cmocka_unit_test(sizes_have_binary_units),
        cmocka_unit_test(utf8_is_judged_by_its_edges),
        cmocka_unit_test(all_of_it_must_be_utf8),
        cmocka_unit_test(numbers_read_back_as_they_were),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
