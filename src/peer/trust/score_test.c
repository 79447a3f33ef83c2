// SPDX-License-Identifier: MIT
// Counts, how they fade, and what they come to.
#include "trust/score.h"

#include "trust/people_test.h"

#define DAY_S UINT64_C(86400)
#define CHUNK ((uint64_t)SCORE_UNIT_BYTES)

static void near(double a, double b)
{
    assert_true(a - b < 1e-9 && b - a < 1e-9);
}

static void newcomers_have_a_third(void **state)
{
    (void)state;
    const struct score s = {.good = 0};
    near(score_own(&s), SCORE_NEWCOMER);
    near(score_mix(&s, 0.4), 0.4);
    near(score_prior(0), 0.2);
    near(score_prior(1), 0.6);
}

static void good_grows_by_the_root(void **state)
{
    (void)state;
    struct score s = {.good = 0};
    score_good(&s, CHUNK, PEOPLE_NOW_S);
    near(s.good, 1);
    score_good(&s, 4 * CHUNK, PEOPLE_NOW_S);
    near(s.good, 3);
    score_good(&s, UINT64_MAX, PEOPLE_NOW_S);
    near(s.good, 3 + SCORE_GOOD_MAX);
    near(score_own(&s), 7.5 / 8.5);
    near(score_mix(&s, 0.2), 0.7 * (7.5 / 8.5) + 0.3 * 0.2);
}

static void bad_counts(void **state)
{
    (void)state;
    struct score s = {.good = 0};
    score_good(&s, CHUNK, PEOPLE_NOW_S);
    score_late(&s, PEOPLE_NOW_S);
    near(s.bad, 0.3);
    near(s.good, 1);
    score_wrong(&s, SCORE_WRONG, PEOPLE_NOW_S);
    near(s.bad, 3.3);
    near(s.good, 0); // forfeit
    score_blame(&s, PEOPLE_NOW_S);
    near(s.bad, 6.3);
}

// Half is left after 14 days of activity; a pause of whatever length counts as one day.
static void fades_by_activity(void **state)
{
    (void)state;
    struct score busy = {.good = 8, .bad = 4, .seen_s = PEOPLE_NOW_S};
    for (uint64_t day = 1; day <= 14; day++)
        score_fade(&busy, PEOPLE_NOW_S + day * DAY_S);
    near(busy.good, 4);
    near(busy.bad, 2);
    struct score away = {.good = 8, .bad = 4, .seen_s = PEOPLE_NOW_S};
    score_fade(&away, PEOPLE_NOW_S + 1000 * DAY_S);
    assert_true(away.bad > 3.8 && away.bad < 4);
    score_fade(&away, PEOPLE_NOW_S); // a clock that went back
    assert_true(away.bad > 3.8 && away.seen_s == PEOPLE_NOW_S + 1000 * DAY_S);
}

// Time-outs alone isolate after many, wrong bytes after few, and honest failures never do.
static void isolates(void **state)
{
    (void)state;
    struct score late = {.good = 0};
    struct score wrong = {.good = 0};
    struct score honest = {.good = 0};
    uint32_t lates = 0;
    uint32_t wrongs = 0;
    while (score_mix(&late, SCORE_STRANGER) >= SCORE_ISOLATED && lates < 1000) {
        score_late(&late, PEOPLE_NOW_S);
        lates++;
    }
    while (score_mix(&wrong, SCORE_STRANGER) >= SCORE_ISOLATED && wrongs < 1000) {
        score_wrong(&wrong, SCORE_WRONG, PEOPLE_NOW_S);
        wrongs++;
    }
    assert_in_range(lates, 20, 30);
    assert_in_range(wrongs, 2, 3);
    for (uint32_t i = 0; i < 1000; i++) {
        if (i % 10 == 0)
            score_late(&honest, PEOPLE_NOW_S);
        else
            score_good(&honest, CHUNK, PEOPLE_NOW_S);
        assert_true(score_mix(&honest, SCORE_STRANGER) > SCORE_ISOLATED);
    }
    assert_true(score_mix(&honest, SCORE_STRANGER) > 0.9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(newcomers_have_a_third),
        cmocka_unit_test(good_grows_by_the_root),
        cmocka_unit_test(bad_counts),
        cmocka_unit_test(fades_by_activity),
        cmocka_unit_test(isolates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
