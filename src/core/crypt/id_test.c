// SPDX-License-Identifier: MIT
// An identity survives its file; a damaged file is none; secrets go away.
#include "crypt/id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "crypt/hash.h"

static void fill_known(void *self, uint8_t *out, size_t len)
{
    // RFC 8032 section 7.1, test 1.
    (void)self;
    assert_int_equal(len, SIGN_SEED_BYTES);
    assert_true(hex_decode(
        bytes_text("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"), out, len));
}

static const struct entropy known = {.fill = fill_known};

static const char golden[] =
    "shoal identity 1\n"
    "public d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a\n"
    "seed 9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60\n";

static void the_file_is_golden(void **state)
{
    (void)state;
    struct id id;
    uint8_t file[ID_FILE_BYTES];
    assert_int_equal(id_init(&id, &known), RC_OK);
    id_encode(&id, file);
    assert_int_equal(sizeof golden - 1, ID_FILE_BYTES);
    assert_memory_equal(file, golden, ID_FILE_BYTES);
    id_end(&id);
}

static void a_file_reads_back(void **state)
{
    (void)state;
    struct id id;
    assert_int_equal(id_decode(&id, bytes_text(golden)), RC_OK);
    const struct digest d = hash_bytes(bytes_of(id.key_public.b, sizeof id.key_public.b));
    assert_memory_equal(id.node.b, d.b, sizeof d.b);
    struct signature s;
    assert_int_equal(sign_make(id.key, bytes_text("hello"), &s), RC_OK);
    assert_true(sign_check(&id.key_public, bytes_text("hello"), &s));
    id_end(&id);
}

static bool is_zero(const void *at, size_t len)
{
    const uint8_t *b = at;
    for (size_t i = 0; i < len; i++)
        if (b[i] != 0)
            return false;
    return true;
}

static void a_damaged_file_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ID_FILE_BYTES; i++) {
        char file[ID_FILE_BYTES + 1];
        memcpy(file, golden, sizeof file);
        file[i] = file[i] == '0' ? '1' : '0'; // another digit, or no digit at all
        struct id id;
        assert_int_equal(id_decode(&id, bytes_of(file, ID_FILE_BYTES)), RC_MALFORMED);
        assert_true(is_zero(&id, sizeof id));
        assert_int_equal(id_decode(&id, bytes_of(golden, i)), RC_MALFORMED); // cut
    }
    struct id id;
    assert_int_equal(id_decode(&id, bytes_of(golden, sizeof golden)), RC_MALFORMED); // longer
    assert_int_equal(id_decode(&id, bytes_of(NULL, 0)), RC_MALFORMED);
}

static void the_end_leaves_nothing(void **state)
{
    (void)state;
    struct id id;
    assert_int_equal(id_init(&id, &known), RC_OK);
    assert_false(is_zero(id.seed, sizeof id.seed));
    id_end(&id);
    assert_true(is_zero(&id, sizeof id));
    id_end(&id); // harmless
}

static void node_ids_have_a_text(void **state)
{
    (void)state;
    struct id id;
    assert_int_equal(id_init(&id, &known), RC_OK);
    char hex[NODE_ID_HEX_BYTES];
    node_id_hex(&id.node, hex);
    struct node_id back;
    assert_true(hex_decode(bytes_text(hex), back.b, sizeof back.b));
    assert_true(node_id_equal(&back, &id.node));
    back.b[31] ^= 1;
    assert_false(node_id_equal(&back, &id.node));
    id_end(&id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_file_is_golden),        cmocka_unit_test(a_file_reads_back),
        cmocka_unit_test(a_damaged_file_is_refused), cmocka_unit_test(the_end_leaves_nothing),
        cmocka_unit_test(node_ids_have_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
