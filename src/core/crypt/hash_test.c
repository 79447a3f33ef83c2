// SPDX-License-Identifier: MIT
// SHA-256 by FIPS 180-4's examples; names in hex and as CIDv1, there and back.
#include "crypt/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"

static void assert_hash(struct bytes in, const char *hex)
{
    char text[DIGEST_HEX_BYTES];
    const struct digest d = hash_bytes(in);
    digest_hex(&d, text);
    assert_string_equal(text, hex);
}

static void the_standards_examples(void **state)
{
    (void)state;
    assert_hash(bytes_of(NULL, 0),
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_hash(bytes_text("abc"),
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_hash(bytes_text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    static uint8_t million[1000000];
    memset(million, 'a', sizeof million);
    assert_hash(bytes_of(million, sizeof million),
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void parts_hash_as_the_whole(void **state)
{
    (void)state;
    const struct bytes whole = bytes_text("a scene of some length");
    const struct digest want = hash_bytes(whole);
    for (size_t cut = 0; cut <= whole.len; cut++) {
        const struct bytes part[] = {bytes_part(whole, 0, cut), bytes_of(NULL, 0),
                                     bytes_part(whole, cut, whole.len)};
        const struct digest got = hash_parts(part, ARRAY_COUNT(part));
        assert_true(digest_equal(&got, &want));
    }
}

static void known_cids(void **state)
{
    (void)state;
    static const char *const row[][2] = {
        {"", "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"},
        {"hello world", "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(row); i++) {
        const struct digest d = hash_bytes(bytes_text(row[i][0]));
        char cid[CID_TEXT_BYTES];
        digest_cid(&d, cid);
        assert_string_equal(cid, row[i][1]);
        struct digest back;
        assert_true(digest_from_cid(&back, cid));
        assert_true(digest_equal(&back, &d));
    }
}

static void wrong_cids_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "b",
        "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyk",   // short
        "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvykua", // long
        "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvykv",  // spare bits not zero
        "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyk1",  // no digit
        "Bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",  // upper case
        "zafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",  // base58
        "bafybeihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",  // another codec
        "QmT5NvUtoM5nWFfrQdVrFtvGfKFmG7AHE8P34isapyhCxX",               // CIDv0
    };
    struct digest d;
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        assert_false(digest_from_cid(&d, bad[i]));
}

static void digests_come_from_bytes_and_hex(void **state)
{
    (void)state;
    const struct digest want = hash_bytes(bytes_text("x"));
    struct digest got;
    assert_true(digest_from(&got, digest_bytes(&want)));
    assert_true(digest_equal(&got, &want));
    assert_false(digest_from(&got, bytes_text("short")));
    char hex[DIGEST_HEX_BYTES];
    digest_hex(&want, hex);
    assert_true(digest_from_hex(&got, hex));
    assert_true(digest_equal(&got, &want));
    hex[63] = '\0';
    assert_false(digest_from_hex(&got, hex));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_standards_examples),
        cmocka_unit_test(parts_hash_as_the_whole),
        cmocka_unit_test(known_cids),
        cmocka_unit_test(wrong_cids_are_refused),
        cmocka_unit_test(digests_come_from_bytes_and_hex),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
