// SPDX-License-Identifier: MIT
// Sealed records: opened as they were sealed, by their own form alone, and not a bit of them other.
#include "crypt/seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define FORM  77u
#define ITEMS 4u

struct signer {
    struct sign_key *key;
    struct sign_public by;
};

static struct signer a, b; // made once
static const char words[] = "what it says";

static int make(void **state)
{
    static const uint8_t one[SIGN_SEED_BYTES] = {1};
    static const uint8_t two[SIGN_SEED_BYTES] = {2};
    (void)state;
    if (sign_key_new(&a.key, one) != RC_OK || sign_key_new(&b.key, two) != RC_OK)
        return 1;
    a.by = sign_key_public(a.key);
    b.by = sign_key_public(b.key);
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    sign_key_free(a.key);
    sign_key_free(b.key);
    return 0;
}

// A record of two items of its own, signed by key, in the name of by.
static enum rc seal(struct buffer *out, const struct sign_public *by, const struct sign_key *key)
{
    seal_begin(out, FORM, ITEMS, by);
    cbor_put_u64(out, 5);
    cbor_put_bytes(out, bytes_text(words));
    return seal_end(out, key);
}

static enum rc open_with(struct seal_judge judge, struct bytes record, uint64_t form, size_t items)
{
    struct cbor_reader r;
    struct sign_public by;
    return seal_open(&r, &by, record, form, items, &judge);
}

static enum rc open_real(struct bytes record)
{
    return open_with(seal_judge_real(), record, FORM, ITEMS);
}

static void comes_back_as_it_was(void **state)
{
    (void)state;
    uint8_t room[SEAL_BYTES_MAX];
    struct buffer out = buffer_of(room, sizeof room);
    const struct seal_judge judge = seal_judge_real();
    struct cbor_reader r;
    struct sign_public by;
    assert_int_equal(seal(&out, &a.by, a.key), RC_OK);
    assert_int_equal(seal_form_of(buffer_bytes(&out)), FORM);
    assert_int_equal(seal_open(&r, &by, buffer_bytes(&out), FORM, ITEMS, &judge), RC_OK);
    assert_memory_equal(by.b, a.by.b, SIGN_PUBLIC_BYTES);
    assert_int_equal(cbor_get_u64(&r), 5);
    assert_true(bytes_is(cbor_get_bytes(&r), words));
    assert_true(cbor_done(&r)); // the signature is not among the items
}

// Whatever bit is flipped, and wherever it is cut: it is no record any more.
static void no_bit_may_change(void **state)
{
    (void)state;
    uint8_t room[SEAL_BYTES_MAX];
    struct buffer out = buffer_of(room, sizeof room);
    assert_int_equal(seal(&out, &a.by, a.key), RC_OK);
    for (size_t bit = 0; bit < 8 * out.len; bit++) {
        room[bit / 8] ^= (uint8_t)(1 << bit % 8);
        const enum rc rc = open_real(buffer_bytes(&out));
        assert_true(rc == RC_MALFORMED || rc == RC_REFUSED);
        room[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t len = 0; len < out.len; len++)
        assert_int_not_equal(open_real(bytes_of(room, len)), RC_OK);
    assert_int_equal(open_real(buffer_bytes(&out)), RC_OK);
}

static void one_form_is_no_other(void **state)
{
    (void)state;
    uint8_t room[SEAL_BYTES_MAX];
    struct buffer out = buffer_of(room, sizeof room);
    const struct seal_judge judge = seal_judge_none();
    assert_int_equal(seal(&out, &a.by, a.key), RC_OK);
    const struct bytes record = buffer_bytes(&out);
    assert_int_equal(open_with(judge, record, FORM, ITEMS), RC_OK);
    assert_int_equal(open_with(judge, record, FORM + 1, ITEMS), RC_MALFORMED);
    assert_int_equal(open_with(judge, record, FORM, ITEMS + 1), RC_MALFORMED);
    assert_int_equal(open_with(judge, record, FORM, ITEMS - 1), RC_MALFORMED);
}

// In somebody's name, by another's key.
static void nobody_signs_for_another(void **state)
{
    (void)state;
    uint8_t room[SEAL_BYTES_MAX];
    struct buffer out = buffer_of(room, sizeof room);
    assert_int_equal(seal(&out, &a.by, b.key), RC_OK);
    assert_int_equal(open_real(buffer_bytes(&out)), RC_REFUSED);
    assert_int_equal(open_with(seal_judge_none(), buffer_bytes(&out), FORM, ITEMS), RC_OK);
}

// What was signed without the seal's context is no sealed record.
static void a_bare_signature_is_none(void **state)
{
    (void)state;
    uint8_t room[SEAL_BYTES_MAX];
    struct buffer out = buffer_of(room, sizeof room);
    struct signature s;
    seal_begin(&out, FORM, ITEMS, &a.by);
    cbor_put_u64(&out, 5);
    cbor_put_bytes(&out, bytes_text(words));
    assert_int_equal(sign_make(a.key, buffer_bytes(&out), &s), RC_OK);
    cbor_put_bytes(&out, bytes_of(s.b, SIGNATURE_BYTES));
    assert_int_equal(open_real(buffer_bytes(&out)), RC_REFUSED);
}

static void too_much_is_full(void **state)
{
    (void)state;
    static uint8_t room[2 * SEAL_BYTES_MAX];
    static const uint8_t much[SEAL_BYTES_MAX] = {0};
    struct buffer whole = buffer_of(room, sizeof room);
    assert_int_equal(seal(&whole, &a.by, a.key), RC_OK);
    const size_t exact = whole.len;
    for (size_t cap = 1; cap <= exact; cap++) { // whatever does not fit: the body, or its ending
        struct buffer small = buffer_of(room, cap);
        assert_int_equal(seal(&small, &a.by, a.key), cap < exact ? RC_FULL : RC_OK);
    }
    for (size_t len = SEAL_BYTES_MAX - 120; len < SEAL_BYTES_MAX - 80; len++) {
        struct buffer out = buffer_of(room, sizeof room); // has room, but it is no record
        seal_begin(&out, FORM, 3, &a.by);
        cbor_put_bytes(&out, bytes_of(much, len));
        const bool fits = out.len + SEAL_ENDING_BYTES <= SEAL_BYTES_MAX;
        assert_int_equal(seal_end(&out, a.key), fits ? RC_OK : RC_FULL);
        if (fits)
            assert_int_equal(open_with(seal_judge_real(), buffer_bytes(&out), FORM, 3), RC_OK);
    }
}

static void what_is_no_record_has_no_form(void **state)
{
    (void)state;
    assert_int_equal(seal_form_of(bytes_of(NULL, 0)), 0);
    assert_int_equal(seal_form_of(bytes_text("x")), 0);
    assert_int_equal(seal_form_of(bytes_of("\x80", 1)), 0);     // []
    assert_int_equal(seal_form_of(bytes_of("\x81\x60", 2)), 0); // [""]
    assert_int_equal(seal_form_of(bytes_of("\x81\x07", 2)), 7); // [7]: the rest is not judged
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_as_it_was),          cmocka_unit_test(no_bit_may_change),
        cmocka_unit_test(one_form_is_no_other),          cmocka_unit_test(nobody_signs_for_another),
        cmocka_unit_test(a_bare_signature_is_none),      cmocka_unit_test(too_much_is_full),
        cmocka_unit_test(what_is_no_record_has_no_form),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
