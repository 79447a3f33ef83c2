// SPDX-License-Identifier: MIT
// SHA-1 against the examples of FIPS 180-2, in one part and in several.
#include "crypt/sha1.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void is_hash(const struct bytes *part, size_t count, const char *hex)
{
    char got[2 * SHA1_BYTES + 1];
    const struct sha1 d = sha1_parts(part, count);
    hex_encode(bytes_of(d.b, sizeof d.b), got);
    assert_string_equal(got, hex);
}

static void examples(void **state)
{
    (void)state;
    const char *const two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    const struct bytes abc[] = {bytes_text("abc")};
    const struct bytes cut[] = {bytes_text("a"), {NULL, 0}, bytes_text("bc")};
    const struct bytes blocks[] = {bytes_text(two)};
    is_hash(NULL, 0, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    is_hash(abc, 1, "a9993e364706816aba3e25717850c26c9cd0d89d");
    is_hash(cut, 3, "a9993e364706816aba3e25717850c26c9cd0d89d");
    is_hash(blocks, 1, "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(examples)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
