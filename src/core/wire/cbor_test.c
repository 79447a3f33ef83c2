// SPDX-License-Identifier: MIT
// RFC 8949's examples (appendix A): ours go both ways, all others are refused; random records.
#include "wire/cbor.h"

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

static size_t unhex(const char *hex, uint8_t *out, size_t cap)
{
    const size_t len = strlen(hex) / 2;
    assert_true(len <= cap);
    assert_true(hex_decode(bytes_text(hex), out, len));
    return len;
}

static void assert_bytes(const struct buffer *b, const char *hex)
{
    uint8_t want[64];
    const size_t len = unhex(hex, want, sizeof want);
    assert_false(b->is_full);
    assert_int_equal(b->len, len);
    assert_memory_equal(b->at, want, len);
}

static void whole_numbers(void **state)
{
    (void)state;
    static const struct {
        uint64_t v;
        const char *hex;
    } row[] = {
        {0, "00"},
        {1, "01"},
        {10, "0a"},
        {23, "17"},
        {24, "1818"},
        {25, "1819"},
        {100, "1864"},
        {255, "18ff"},
        {256, "190100"},
        {1000, "1903e8"},
        {65535, "19ffff"},
        {65536, "1a00010000"},
        {1000000, "1a000f4240"},
        {4294967295, "1affffffff"},
        {4294967296, "1b0000000100000000"},
        {1000000000000, "1b000000e8d4a51000"},
        {UINT64_MAX, "1bffffffffffffffff"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(row); i++) {
        uint8_t at[16];
        struct buffer b = buffer_of(at, sizeof at);
        cbor_put_u64(&b, row[i].v);
        assert_bytes(&b, row[i].hex);
        struct cbor_reader r = cbor_reader_of(buffer_bytes(&b));
        assert_true(cbor_get_u64(&r) == row[i].v);
        assert_true(cbor_done(&r));
        r = cbor_reader_of(buffer_bytes(&b));
        assert_true(cbor_get_u64_max(&r, row[i].v) == row[i].v && cbor_done(&r));
        r = cbor_reader_of(buffer_bytes(&b));
        assert_true(row[i].v == 0 || (cbor_get_u64_max(&r, row[i].v - 1) == 0 && r.is_bad));
    }
}

static void signed_numbers(void **state)
{
    (void)state;
    static const struct {
        int64_t v;
        const char *hex;
    } row[] = {
        {-1, "20"},     {-10, "29"},
        {-24, "37"},    {-25, "3818"},
        {-100, "3863"}, {-1000, "3903e7"},
        {0, "00"},      {INT64_MIN, "3b7fffffffffffffff"},
        {23, "17"},     {INT64_MAX, "1b7fffffffffffffff"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(row); i++) {
        uint8_t at[16];
        struct buffer b = buffer_of(at, sizeof at);
        cbor_put_i64(&b, row[i].v);
        assert_bytes(&b, row[i].hex);
        struct cbor_reader r = cbor_reader_of(buffer_bytes(&b));
        assert_true(cbor_get_i64(&r) == row[i].v);
        assert_true(cbor_done(&r));
    }
    // -18446744073709551616 and 18446744073709551615 are CBOR, and no int64_t.
    static const char *const wide[] = {"3bffffffffffffffff", "1bffffffffffffffff",
                                       "3b8000000000000000"};
    for (size_t i = 0; i < ARRAY_COUNT(wide); i++) {
        uint8_t at[16];
        struct cbor_reader r = cbor_reader_of(bytes_of(at, unhex(wide[i], at, sizeof at)));
        assert_int_equal(cbor_get_i64(&r), 0);
        assert_true(r.is_bad);
    }
}

static void floats_and_flags(void **state)
{
    (void)state;
    uint8_t at[16];
    struct buffer b = buffer_of(at, sizeof at);
    cbor_put_f32(&b, 100000.0f);
    cbor_put_flag(&b, false);
    cbor_put_flag(&b, true);
    assert_bytes(&b, "fa47c35000f4f5");
    struct cbor_reader r = cbor_reader_of(buffer_bytes(&b));
    const float v = cbor_get_f32(&r);
    assert_true(v >= 100000.0f && v <= 100000.0f);
    assert_false(cbor_get_flag(&r));
    assert_true(cbor_get_flag(&r));
    assert_true(cbor_done(&r));
    static const char *const infinite[] = {"fa7f800000", "faff800000", "fa7fc00000"};
    for (size_t i = 0; i < ARRAY_COUNT(infinite); i++) {
        r = cbor_reader_of(bytes_of(at, unhex(infinite[i], at, sizeof at)));
        (void)cbor_get_f32(&r);
        assert_true(r.is_bad);
    }
}

static void strings(void **state)
{
    (void)state;
    static const struct {
        const char *text, *hex;
    } row[] = {
        {"", "60"},
        {"a", "6161"},
        {"IETF", "6449455446"},
        {"\"\\", "62225c"},
        {"\xc3\xbc", "62c3bc"},
        {"\xe6\xb0\xb4", "63e6b0b4"},
        {"\xf0\x90\x85\x91", "64f0908591"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(row); i++) {
        uint8_t at[16];
        struct buffer b = buffer_of(at, sizeof at);
        cbor_put_text(&b, row[i].text);
        assert_bytes(&b, row[i].hex);
        struct cbor_reader r = cbor_reader_of(buffer_bytes(&b));
        assert_true(bytes_is(cbor_get_text(&r), row[i].text));
        assert_true(cbor_done(&r));
    }
    uint8_t at[16];
    struct buffer b = buffer_of(at, sizeof at);
    cbor_put_bytes(&b, bytes_of(NULL, 0));
    cbor_put_bytes(&b, bytes_text("\x01\x02\x03\x04"));
    assert_bytes(&b, "404401020304");
    struct cbor_reader r = cbor_reader_of(buffer_bytes(&b));
    uint8_t fixed[4];
    assert_int_equal(cbor_get_bytes(&r).len, 0);
    cbor_get_fixed(&r, fixed, sizeof fixed);
    assert_memory_equal(fixed, "\x01\x02\x03\x04", 4);
    assert_true(cbor_done(&r));
}

static void arrays_hold_items_and_arrays(void **state)
{
    (void)state;
    uint8_t at[32];
    struct buffer b = buffer_of(at, sizeof at);
    cbor_put_array(&b, 2); // ["a", [2, 3]]
    cbor_put_text(&b, "a");
    cbor_put_array(&b, 2);
    cbor_put_u64(&b, 2);
    cbor_put_u64(&b, 3);
    assert_bytes(&b, "826161820203");
    struct cbor_reader r = cbor_reader_of(buffer_bytes(&b));
    assert_int_equal(cbor_get_array(&r, 2), 2);
    assert_true(bytes_is(cbor_get_text(&r), "a"));
    assert_int_equal(cbor_get_array(&r, 2), 2);
    assert_int_equal(cbor_get_u64(&r), 2);
    assert_false(cbor_done(&r));
    assert_int_equal(cbor_get_u64(&r), 3);
    assert_true(cbor_done(&r));
    r = cbor_reader_of(buffer_bytes(&b));
    assert_int_equal(cbor_get_array(&r, 1), 0);
    assert_true(r.is_bad);
}

#define KINDS 8 // of get_any

static void get_any(struct cbor_reader *r, unsigned kind)
{
    uint8_t fixed[3];
    switch (kind) {
    case 0:
        (void)cbor_get_u64(r);
        break;
    case 1:
        (void)cbor_get_i64(r);
        break;
    case 2:
        (void)cbor_get_f32(r);
        break;
    case 3:
        (void)cbor_get_flag(r);
        break;
    case 4:
        (void)cbor_get_bytes(r);
        break;
    case 5:
        (void)cbor_get_text(r);
        break;
    case 6:
        (void)cbor_get_array(r, 1000);
        break;
    default:
        cbor_get_fixed(r, fixed, sizeof fixed);
        break;
    }
}

// Maps are in no record of ours, so whoever sends one sends no record.
static void a_map_is_bad(void **state)
{
    (void)state;
    static const uint8_t map[] = {0xa1, 0x01, 0x02};
    for (unsigned kind = 0; kind < KINDS; kind++) {
        struct cbor_reader r = cbor_reader_of(bytes_of(map, sizeof map));
        get_any(&r, kind);
        assert_true(r.is_bad);
    }
}

// What appendix A holds and our records never do.
static const char *const refused[] = {
    "f90000",
    "f98000",
    "f93c00",
    "fb3ff199999999999a",
    "f93e00",
    "f97bff",
    "f90001",
    "f90400",
    "f9c400",
    "fbc010666666666666",
    "f97c00",
    "f97e00",
    "f9fc00",
    "fb7ff0000000000000",
    "fb7ff8000000000000",
    "fbfff0000000000000",
    "f6",
    "f7",
    "f0",
    "f8ff",
    "c249010000000000000000",
    "c11a514b67b0",
    "c1fb41d452d9e2000000",
    "d74401020304",
    "d818456449455446",
    "5f42010243030405ff",
    "7f657374726561646d696e67ff",
    "9fff",
    "9f018202039f0405ffff",
    "bf61610161629f0203ffff",
    "826161bf61626163ff",
    "bf6346756ef563416d7421ff",
    "ff",
    // and longer than need be: section 4.2.1
    "1800",
    "1817",
    "190017",
    "1900ff",
    "1a0000ffff",
    "1b00000000ffffffff",
    "3817",
    "390000",
    "5803010203",
    "590003010203",
    "780161",
    "9800",
    "990000",
    "b800",
    "f814",
    "f815",
    // and cut
    "18",
    "19ff",
    "1bffffffffffffff",
    "41",
    "61",
    "fa47c350",
    "4401",
    "5bffffffffffffffff",
    "7bffffffffffffffff00",
    "9a",
    "1c",
    "1d",
    "1e",
    "1f",
    "fc",
    "",
    // and no UTF-8, or with NUL inside
    "61ff",
    "62c080",
    "6100",
    "63eda080",
};

static void the_rest_of_appendix_a_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++)
        for (unsigned kind = 0; kind < KINDS; kind++) {
            uint8_t in[32];
            struct cbor_reader r = cbor_reader_of(bytes_of(in, unhex(refused[i], in, sizeof in)));
            get_any(&r, kind);
            assert_false(cbor_done(&r));
        }
}

static void a_bad_reader_stays_bad_and_answers_zeros(void **state)
{
    (void)state;
    static const uint8_t in[] = {0x61, 'a', 0x05};
    struct cbor_reader r = cbor_reader_of(bytes_of(in, sizeof in));
    assert_int_equal(cbor_get_u64(&r), 0); // a text stands there
    assert_int_equal(cbor_get_text(&r).len, 0);
    assert_int_equal(cbor_get_u64(&r), 0);
    uint8_t fixed[2] = {7, 7};
    cbor_get_fixed(&r, fixed, sizeof fixed);
    assert_memory_equal(fixed, "\0\0", 2);
    assert_false(cbor_get_flag(&r));
    assert_int_equal(cbor_get_array(&r, 10), 0);
    assert_int_equal(cbor_get_i64(&r), 0);
    assert_false(cbor_done(&r));
}

static void a_count_beyond_the_input_is_refused(void **state)
{
    (void)state;
    static const uint8_t array[] = {0x9a, 0x00, 0xff, 0xff, 0xff, 0x01};
    struct cbor_reader r = cbor_reader_of(bytes_of(array, sizeof array));
    assert_int_equal(cbor_get_array(&r, SIZE_MAX), 0); // nobody makes room for what cannot come
    assert_true(r.is_bad);
}

static void a_full_buffer_is_seen(void **state)
{
    (void)state;
    for (size_t cap = 0; cap < 14; cap++) {
        uint8_t *at = malloc(cap > 0 ? cap : 1);
        struct buffer b = buffer_of(at, cap);
        cbor_put_u64(&b, UINT64_MAX);
        cbor_put_bytes(&b, bytes_text("abcd"));
        assert_true(b.is_full);
        free(at);
    }
}

// A record of random items, each remembered by the dice that made it.
static void random_records_read_back(void **state)
{
    (void)state;
    const uint64_t seed = test_seed();
    for (uint64_t round = 0; round < 300; round++) {
        static uint8_t at[65536];
        static uint8_t string[300];
        struct buffer b = buffer_of(at, sizeof at);
        struct rng put = rng_seeded(seed + round);
        struct rng get = put;
        for (int i = 0; i < 50; i++) {
            const uint64_t v = rng_u64(&put) >> rng_below(&put, 64);
            cbor_put_u64(&b, v);
            cbor_put_i64(&b, (int64_t)v);
            cbor_put_f32(&b, (float)v);
            cbor_put_flag(&b, v % 2 == 0);
            cbor_put_bytes(&b, bytes_of(string, v % sizeof string));
        }
        assert_false(b.is_full);
        struct cbor_reader r = cbor_reader_of(buffer_bytes(&b));
        for (int i = 0; i < 50; i++) {
            const uint64_t v = rng_u64(&get) >> rng_below(&get, 64);
            assert_true(cbor_get_u64(&r) == v);
            assert_true(cbor_get_i64(&r) == (int64_t)v);
            const float f = cbor_get_f32(&r);
            assert_true(f >= (float)v && f <= (float)v);
            assert_int_equal(cbor_get_flag(&r), v % 2 == 0);
            assert_int_equal(cbor_get_bytes(&r).len, v % sizeof string);
        }
        assert_true(cbor_done(&r));
    }
}

// A record with one item of each kind; true if it was read without fault, to its end.
static bool reads_record(struct bytes in)
{
    uint8_t fixed[3];
    struct cbor_reader r = cbor_reader_of(in);
    (void)cbor_get_array(&r, 8);
    (void)cbor_get_text(&r);
    (void)cbor_get_u64(&r);
    (void)cbor_get_i64(&r);
    (void)cbor_get_f32(&r);
    (void)cbor_get_flag(&r);
    (void)cbor_get_bytes(&r);
    cbor_get_fixed(&r, fixed, sizeof fixed);
    (void)cbor_get_text(&r);
    return cbor_done(&r);
}

static void a_record_cut_at_any_byte_is_refused(void **state)
{
    (void)state;
    static const uint8_t string[30] = {1};
    uint8_t at[128];
    struct buffer b = buffer_of(at, sizeof at);
    cbor_put_array(&b, 8);
    cbor_put_text(&b, "record");
    cbor_put_u64(&b, UINT64_MAX);
    cbor_put_i64(&b, -1000000);
    cbor_put_f32(&b, 0.5f);
    cbor_put_flag(&b, true);
    cbor_put_bytes(&b, bytes_of(string, sizeof string));
    cbor_put_bytes(&b, bytes_of(string, 3));
    cbor_put_text(&b, "\xf0\x90\x85\x91");
    assert_true(reads_record(buffer_bytes(&b)));
    for (size_t len = 0; len < b.len; len++) {
        uint8_t *exact = malloc(len > 0 ? len : 1); // so that sanitizers see a byte too many
        memcpy(exact, at, len);
        assert_false(reads_record(bytes_of(exact, len)));
        free(exact);
    }
    cbor_put_u64(&b, 0);
    assert_false(reads_record(buffer_bytes(&b))); // one item too many
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers),
        cmocka_unit_test(signed_numbers),
        cmocka_unit_test(floats_and_flags),
        cmocka_unit_test(strings),
        cmocka_unit_test(arrays_hold_items_and_arrays),
        cmocka_unit_test(a_map_is_bad),
        cmocka_unit_test(the_rest_of_appendix_a_is_refused),
        cmocka_unit_test(a_bad_reader_stays_bad_and_answers_zeros),
        cmocka_unit_test(a_count_beyond_the_input_is_refused),
        cmocka_unit_test(a_full_buffer_is_seen),
        cmocka_unit_test(a_record_cut_at_any_byte_is_refused),
        cmocka_unit_test(random_records_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
