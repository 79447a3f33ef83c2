// SPDX-License-Identifier: MIT
// Tests of the store's keys and rows: there and back, and what is none.
#include "store/row.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_keys(void **state)
{
    (void)state;
    struct digest name = {{1, 2, 3}};
    struct digest found;
    const struct row_key k = row_key(ROW_ENTRY, &name);
    assert_int_equal(k.len, 33);
    assert_true(row_key_name(row_key_bytes(&k), ROW_ENTRY, &found));
    assert_true(digest_equal(&found, &name));
    assert_false(row_key_name(row_key_bytes(&k), ROW_OBJECT, &found));
    const struct row_key label = row_key_label(&name, bytes_text("games"));
    assert_false(row_key_name(row_key_bytes(&label), ROW_LABEL, &found));
    assert_memory_equal(label.b + 33, "games", 5);
    const struct row_key use = row_key_use(0x01020304);
    assert_int_equal(use.len, 5);
    assert_memory_equal(use.b, "u\1\2\3\4", 5);
    const struct row_key meta = row_key_meta();
    assert_true(bytes_is(row_key_bytes(&meta), "meta"));
}

static void test_entry(void **state)
{
    (void)state;
    const struct row_entry e = {
        .size_bytes = UINT64_MAX, .is_large = true, .copies = 255, .labels = 65535, .born = 77};
    uint8_t room[ROW_ENTRY_BYTES];
    struct row_entry got;
    row_entry_put(&e, room);
    assert_true(row_entry_get(&got, bytes_of(room, sizeof room)));
    assert_true(got.size_bytes == UINT64_MAX && got.is_large && got.copies == 255 &&
                got.labels == 65535 && got.born == 77);
    assert_false(row_entry_get(&got, bytes_of(room, sizeof room - 1)));
    assert_false(row_entry_get(&got, bytes_of(NULL, 0)));
    room[8] = 2; // neither large nor not
    assert_false(row_entry_get(&got, bytes_of(room, sizeof room)));
}

static void test_meta(void **state)
{
    (void)state;
    const struct row_meta m = {.commits = 1,
                               .seed = 2,
                               .bytes_max = 3,
                               .objects_max = 4,
                               .objects = 5,
                               .bytes = 6,
                               .large_objects = 7,
                               .large_bytes = 8,
                               .kept = 9,
                               .deleted = 10,
                               .clock = UINT32_MAX,
                               .cells = 12,
                               .is_clean = true,
                               .is_partial = true};
    uint8_t room[ROW_META_BYTES];
    struct row_meta got;
    uint32_t version = 0;
    row_meta_put(&m, room);
    assert_true(row_meta_get(&got, bytes_of(room, sizeof room), &version));
    assert_int_equal(version, ROW_META_VERSION);
    assert_true(got.commits == 1 && got.seed == 2 && got.bytes_max == 3 && got.objects_max == 4);
    assert_true(got.objects == 5 && got.bytes == 6 && got.large_objects == 7);
    assert_true(got.large_bytes == 8 && got.kept == 9 && got.deleted == 10);
    assert_true(got.clock == UINT32_MAX && got.cells == 12 && got.is_clean && got.is_partial);
    assert_false(row_meta_get(&got, bytes_of(room, sizeof room - 1), &version));
    room[3] = 2;
    assert_false(row_meta_get(&got, bytes_of(room, sizeof room), &version));
    assert_int_equal(version, 2);
    memset(room + 4, 0xff, sizeof room - 4);
    room[3] = 1;
    assert_false(row_meta_get(&got, bytes_of(room, sizeof room), &version)); // no such clock
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_entry),
        cmocka_unit_test(test_meta),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
