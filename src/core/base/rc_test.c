// SPDX-License-Identifier: MIT
// Every code has its own words; an error keeps its code and cuts its text.
#include "base/rc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void every_code_has_its_own_words(void **state)
{
    (void)state;
    for (int i = 0; i < RC_COUNT; i++) {
        assert_true(strlen(rc_text((enum rc)i)) > 0);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(rc_text((enum rc)i), rc_text((enum rc)j));
    }
}

static void numbers_from_newer_peers_have_words_too(void **state)
{
    (void)state;
    const int strange[] = {RC_COUNT, 1000, -1, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < ARRAY_COUNT(strange); i++) {
        enum rc rc;
        memcpy(&rc, &strange[i], sizeof rc);
        assert_non_null(rc_text(rc));
    }
}

static void the_numbers_are_pinned(void **state)
{
    (void)state;
    assert_int_equal(RC_OK, 0);
    assert_int_equal(RC_MALFORMED, 4);
    assert_int_equal(RC_UNSUPPORTED, RC_COUNT - 1);
}

static void an_error_keeps_code_and_text(void **state)
{
    (void)state;
    struct err err;
    assert_int_equal(err_set(&err, RC_IO, "%s: %d", "disk", 5), RC_IO);
    assert_int_equal(err.rc, RC_IO);
    assert_string_equal(err.text, "disk: 5");
    assert_int_equal(err_set(NULL, RC_FULL, "nobody asks"), RC_FULL);
}

static void a_long_text_is_cut(void **state)
{
    (void)state;
    char long_text[2 * ERR_TEXT_BYTES];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    struct err err;
    assert_int_equal(err_set(&err, RC_CONFIG, "%s", long_text), RC_CONFIG);
    assert_int_equal(strlen(err.text), ERR_TEXT_BYTES - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_its_own_words),
        cmocka_unit_test(numbers_from_newer_peers_have_words_too),
        cmocka_unit_test(the_numbers_are_pinned),
        cmocka_unit_test(an_error_keeps_code_and_text),
        cmocka_unit_test(a_long_text_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
