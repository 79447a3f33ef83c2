// SPDX-License-Identifier: MIT
// Tests of what a check-up says: columns, what to mend, figures for scripts, the sum.
#include "prog/doctor/view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "prog/said_test.h"

static void a_check_is_a_line_and_one_more_if_it_can_be_mended(void **state)
{
    (void)state;
    struct doctor_view v;
    struct said said;
    doctor_view_init(&v, false);
    v.has_colour = false; // whatever standard output is
    said_begin(&said, &stdout);
    doctor_say(&v, DOCTOR_OK, "name", "%s is at %s", "hub", "10.0.0.1");
    doctor_fix(&v, "plug it %s", "in");
    doctor_say(&v, DOCTOR_FAIL, "connection", "no answer");
    doctor_say(&v, DOCTOR_SKIP, "heat", "no sensor"); // what was to be mended is not said twice
    assert_string_equal(said_end(&said), "ok    name        hub is at 10.0.0.1\n"
                                         "FAIL  connection  no answer\n"
                                         "      ->          plug it in\n"
                                         "-     heat        no sensor\n");
    said_free(&said);
}

static void colours_are_around_the_mark_alone(void **state)
{
    (void)state;
    struct doctor_view v;
    struct said said;
    doctor_view_init(&v, false);
    v.has_colour = true;
    said_begin(&said, &stdout);
    doctor_say(&v, DOCTOR_OK, "name", "here");
    assert_string_equal(said_end(&said), "\033[32mok  \033[0m  name        here\n");
    said_free(&said);
}

static void what_strangers_say_cannot_move_the_cursor(void **state)
{
    (void)state;
    struct doctor_view v;
    struct said said;
    doctor_view_init(&v, false);
    v.has_colour = false;
    said_begin(&said, &stdout);
    doctor_say(&v, DOCTOR_OK, "echo", "by %s", "\033[2Jann\n");
    assert_string_equal(said_end(&said), "ok    echo        by ?[2Jann?\n");
    said_free(&said);
}

static void scripts_get_figures_too(void **state)
{
    (void)state;
    struct doctor_view v;
    struct said said;
    doctor_view_init(&v, true);
    said_begin(&said, &stdout);
    doctor_number(&v, "p50_ms", 1.5);
    doctor_fix(&v, "a cable");
    doctor_say(&v, DOCTOR_WARN, "echo", "slow");
    doctor_say(&v, DOCTOR_OK, "rate", "fine");
    assert_string_equal(said_end(&said),
                        "{\"check\":\"echo\",\"result\":\"warn\",\"text\":\"slow\","
                        "\"fix\":\"a cable\",\"p50_ms\":1.5}\n"
                        "{\"check\":\"rate\",\"result\":\"ok\",\"text\":\"fine\"}\n");
    said_free(&said);
}

// After so many of each mark.
static void sums_up(unsigned ok, unsigned warned, unsigned failed, bool is_json, const char *wants)
{
    struct doctor_view v;
    struct said said;
    doctor_view_init(&v, is_json);
    v.count[DOCTOR_OK] = ok;
    v.count[DOCTOR_WARN] = warned;
    v.count[DOCTOR_FAIL] = failed;
    v.count[DOCTOR_SKIP] = 1; // is none
    said_begin(&said, &stdout);
    assert_int_equal(doctor_sum(&v), failed == 0);
    assert_string_equal(said_end(&said), wants);
    said_free(&said);
}

static void the_sum_says_how_bad_it_is(void **state)
{
    (void)state;
    sums_up(3, 0, 0, false, "\nAll is well: 3 checks.\n");
    sums_up(3, 2, 0, false, "\nNothing failed: 5 checks, 2 with a warning.\n");
    sums_up(3, 2, 1, false, "\n1 of 6 checks failed.\n");
    sums_up(0, 0, 2, false,
            "\n2 of 2 checks failed: mend the first one first, others may follow from it.\n");
    sums_up(3, 2, 1, true,
            "{\"check\":\"all\",\"result\":\"fail\",\"made\":6,\"failed\":1,\"warned\":2}\n");
    sums_up(1, 1, 0, true,
            "{\"check\":\"all\",\"result\":\"warn\",\"made\":2,\"failed\":0,\"warned\":1}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_check_is_a_line_and_one_more_if_it_can_be_mended),
        cmocka_unit_test(colours_are_around_the_mark_alone),
        cmocka_unit_test(what_strangers_say_cannot_move_the_cursor),
        cmocka_unit_test(scripts_get_figures_too),
        cmocka_unit_test(the_sum_says_how_bad_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
