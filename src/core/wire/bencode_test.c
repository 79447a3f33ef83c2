// SPDX-License-Identifier: MIT
// Bencoding: the forms of BEP 3, every other form refused, and random values there and back.
#include "wire/bencode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/rng.h"
#include "base/seed_test.h"

static void numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {
        {"i0e", 0},
        {"i3e", 3},
        {"i-3e", -3},
        {"i10e", 10},
        {"i9223372036854775807e", INT64_MAX},
        {"i-9223372036854775808e", INT64_MIN},
    };
    static const char *const bad[] = {"",
                                      "i",
                                      "ie",
                                      "i-e",
                                      "i-0e",
                                      "i03e",
                                      "i00e",
                                      "i-03e",
                                      "i+3e",
                                      "i 3e",
                                      "i3",
                                      "i3x",
                                      "3e",
                                      "i--3e",
                                      "i3.0e",
                                      "i9223372036854775808e",
                                      "i-9223372036854775809e",
                                      "i9999999999999999999e",
                                      "i18446744073709551616e",
                                      "i99999999999999999999999999999e"};
    for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
        struct bencode_reader r = bencode_reader_of(bytes_text(good[i].text));
        assert_true(bencode_get_int(&r) == good[i].value);
        assert_true(bencode_done(&r));
        uint8_t room[32];
        struct buffer b = buffer_of(room, sizeof room);
        bencode_put_int(&b, good[i].value);
        assert_true(bytes_is(buffer_bytes(&b), good[i].text));
    }
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        struct bencode_reader r = bencode_reader_of(bytes_text(bad[i]));
        if (bencode_get_int(&r) != 0 || !r.is_bad)
            fail_msg("taken: %s", bad[i]);
    }
}

static void strings(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "4",
                                      "4:",
                                      "4:spa",
                                      "04:spam",
                                      "-1:a",
                                      "00:",
                                      "4spam",
                                      "i4e",
                                      ":",
                                      "a:",
                                      "1",
                                      " 1:a",
                                      "18446744073709551615:a",
                                      "99999999999999999999:a"};
    struct bencode_reader r = bencode_reader_of(bytes_text("4:spam0:1:a"));
    assert_true(bytes_is(bencode_get_string(&r), "spam"));
    const struct bytes empty = bencode_get_string(&r);
    assert_true(empty.len == 0 && empty.at != NULL);
    assert_int_equal(bencode_peek(&r), '1');
    assert_true(bytes_is(bencode_get_string(&r), "a"));
    assert_true(bencode_done(&r));
    assert_int_equal(bencode_peek(&r), 0);
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        r = bencode_reader_of(bytes_text(bad[i]));
        if (bencode_get_string(&r).len != 0 || !r.is_bad)
            fail_msg("taken: %s", bad[i]);
        assert_int_equal(bencode_peek(&r), 0); // and nothing comes after that
        assert_false(bencode_leave(&r));
    }
}

static void a_dictionary_is_read_key_by_key(void **state)
{
    (void)state;
    struct bencode_reader r = bencode_reader_of(bytes_text("d3:cow3:moo4:spaml1:ai2eee"));
    struct bytes key = {NULL, 0};
    bencode_enter(&r, 'd');
    assert_true(bencode_next_key(&r, &key));
    assert_true(bytes_is(key, "cow"));
    assert_true(bytes_is(bencode_get_string(&r), "moo"));
    assert_true(bencode_next_key(&r, &key));
    assert_true(bytes_is(key, "spam"));
    bencode_enter(&r, 'l');
    assert_false(bencode_leave(&r));
    assert_true(bytes_is(bencode_get_string(&r), "a"));
    assert_int_equal(bencode_get_int(&r), 2);
    assert_true(bencode_leave(&r));
    assert_false(bencode_next_key(&r, &key));
    assert_true(bencode_done(&r) && r.is_sorted);
}

static void skipped(const char *text, bool is_good, bool is_canonical)
{
    struct bencode_reader r = bencode_reader_of(bytes_text(text));
    const struct bytes all = bencode_skip(&r);
    if (bencode_done(&r) != is_good || (is_good && !bytes_is(all, text)))
        fail_msg("%s: %s", is_good ? "refused" : "taken", text);
    if (bencode_is_canonical(bytes_text(text)) != is_canonical)
        fail_msg("%s: %s", is_canonical ? "not canonical" : "canonical", text);
}

static void values_are_skipped_and_judged(void **state)
{
    (void)state;
    static const char *const canonical[] = {"i1e",
                                            "0:",
                                            "le",
                                            "de",
                                            "l4:spam4:eggse",
                                            "d3:cow3:moo4:spam4:eggse",
                                            "llee",
                                            "ldedee",
                                            "d0:0:1:adee",
                                            "d1:a1:b2:aa1:be",
                                            "d1:ad1:zi1ee1:bd1:ai1eee"};
    static const char *const sloppy[] = {"d4:spam4:eggs3:cow3:mooe", "ld2:aa0:1:a0:ee",
                                         "d1:b0:1:a0:1:b0:e"}; // twice, not in a row
    static const char *const bad[] = {
        "",     "e",      "l",         "d",       "d1:ae",       "di1e1:ae", "d1:a1:b1:a1:be",
        "li1e", "l1:ae1", "i1ei1e",    "d1:a",    "ld1:aee",     "d1:al",    "l-1:e",
        "x",    "lxe",    "d1:a1:bee", "dlei1ee", "l1:a1:bi-0ee"};
    for (size_t i = 0; i < ARRAY_COUNT(canonical); i++)
        skipped(canonical[i], true, true);
    for (size_t i = 0; i < ARRAY_COUNT(sloppy); i++)
        skipped(sloppy[i], true, false);
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        skipped(bad[i], false, false);
}

static void depth_is_bounded(void **state)
{
    (void)state;
    for (size_t depth = BENCODE_DEPTH_MAX - 1; depth <= BENCODE_DEPTH_MAX + 1; depth++) {
        char text[4 * (BENCODE_DEPTH_MAX + 2)];
        memset(text, 'l', depth);
        memset(text + depth, 'e', depth);
        text[2 * depth] = 0;
        skipped(text, depth <= BENCODE_DEPTH_MAX, depth <= BENCODE_DEPTH_MAX);
    }
    static char deep[100001]; // no stack to run out of
    memset(deep, 'l', sizeof deep - 1);
    skipped(deep, false, false);
}

// A random value, and in `sum` what reading it must come to.
static void put_random(struct buffer *b, struct rng *r, unsigned depth, uint64_t *sum)
{
    const uint64_t kind = rng_below(r, depth < 4 ? 4 : 2);
    if (kind == 0) {
        const int64_t v = (int64_t)(rng_u64(r) >> rng_below(r, 64)) * (rng_below(r, 2) ? 1 : -1);
        bencode_put_int(b, v);
        *sum ^= rng_mix((uint64_t)v);
    } else if (kind == 1) {
        uint8_t text[40];
        const size_t len = (size_t)rng_below(r, sizeof text);
        memset(text, (int)rng_below(r, 256), len);
        bencode_put_string(b, bytes_of(text, len));
        *sum ^= rng_mix(len << 8 | (len > 0 ? text[0] : 0));
    } else {
        bencode_put_mark(b, kind == 2 ? 'l' : 'd');
        const uint64_t count = rng_below(r, 5);
        for (uint64_t i = 0; i < count; i++) {
            if (kind == 3)
                bencode_put_string(b, bytes_of(&"abcde"[i], 1));
            put_random(b, r, depth + 1, sum);
        }
        bencode_put_mark(b, 'e');
    }
}

static void read_random(struct bencode_reader *r, uint64_t *sum)
{
    const uint8_t kind = bencode_peek(r);
    if (kind == 'i') {
        *sum ^= rng_mix((uint64_t)bencode_get_int(r));
    } else if (kind == 'l') {
        bencode_enter(r, 'l');
        while (!r->is_bad && !bencode_leave(r))
            read_random(r, sum);
    } else if (kind == 'd') {
        struct bytes key = {NULL, 0};
        bencode_enter(r, 'd');
        while (bencode_next_key(r, &key))
            read_random(r, sum);
    } else {
        const struct bytes s = bencode_get_string(r);
        *sum ^= rng_mix(s.len << 8 | (s.len > 0 ? s.at[0] : 0));
    }
}

static void random_values_there_and_back(void **state)
{
    (void)state;
    struct rng dice = rng_seeded(test_seed());
    for (int i = 0; i < 5000; i++) {
        static uint8_t room[65536];
        struct buffer b = buffer_of(room, sizeof room);
        uint64_t put = 0;
        uint64_t got = 0;
        put_random(&b, &dice, 0, &put);
        assert_false(b.is_full);
        struct bencode_reader r = bencode_reader_of(buffer_bytes(&b));
        read_random(&r, &got);
        assert_true(bencode_done(&r) && r.is_sorted);
        assert_true(put == got);
        assert_true(bencode_is_canonical(buffer_bytes(&b)));
        for (size_t cut = 0; cut < b.len; cut += 1 + b.len / 50) { // no part of it is a value
            r = bencode_reader_of(bytes_part(buffer_bytes(&b), 0, cut));
            assert_true(bencode_skip(&r).at == NULL && r.is_bad);
        }
    }
}

static void a_full_buffer_says_so(void **state)
{
    (void)state;
    uint8_t room[5];
    struct buffer b = buffer_of(room, sizeof room);
    bencode_put_text(&b, "spam");
    assert_true(b.is_full);
    bencode_put_mark(&b, 'e');
    assert_true(b.is_full && b.len <= sizeof room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(strings),
        cmocka_unit_test(a_dictionary_is_read_key_by_key),
        cmocka_unit_test(values_are_skipped_and_judged),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(random_values_there_and_back),
        cmocka_unit_test(a_full_buffer_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
