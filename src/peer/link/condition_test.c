// SPDX-License-Identifier: MIT
// Tests of conditions: the override's words, qualities at their bounds, grades that do not flap.
#include "link/condition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/rng.h"
#include "base/seed_test.h"

static struct condition parsed(const char *text)
{
    struct condition c;
    struct err err = {0};
    const enum rc rc = condition_parse(&c, bytes_text(text), &err);
    assert_string_equal(err.text, "");
    assert_int_equal(rc, RC_OK);
    return c;
}

static void test_the_words_of_an_override(void **state)
{
    (void)state;
    const struct condition c = parsed("bandwidth_kbps=512,latency_ms=200,packet_loss=0.1,"
                                      "signal_strength=30,is_metered=true");
    assert_true(c.bandwidth_kbps == 512 && c.latency_ms == 200 && c.loss_permille == 100);
    assert_true(c.signal_percent == 30 && c.jitter_ms == CONDITION_UNKNOWN && c.is_metered);
    assert_int_equal(parsed("poor-wifi").bandwidth_kbps, 512);
    assert_false(parsed("poor-wifi").is_metered);
    const struct condition mixed = parsed("hotspot,latency_ms=5,packet_loss=0.025");
    assert_true(mixed.is_metered && mixed.latency_ms == 5 && mixed.loss_permille == 25);
    assert_int_equal(mixed.bandwidth_kbps, 8000);
    assert_int_equal(parsed("packet_loss=1").loss_permille, 1000);
    assert_int_equal(parsed("packet_loss=0.999").loss_permille, 999);
    assert_int_equal(parsed("jitter_ms=1000000000").jitter_ms, 1000000000);
    assert_false(parsed("hotspot,is_metered=false").is_metered);
}

static void test_words_that_say_nothing(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        ",",
        "wifi,",
        "wifi,,lan",
        "bandwidth_kbps",
        "fast",
        "latency_ms=",
        "latency_ms=-1",
        "latency_ms=1.5",
        "latency_ms=1000000001",
        "is_metered=1",
        "packet_loss=1.001",
        "packet_loss=0.1234",
        "packet_loss=.5",
        "packet_loss=2",
        "packet_loss=0,5",
        "signal_strength=101",
        "=5",
        " wifi",
        "WIFI",
    };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        struct condition c = {.jitter_ms = 9};
        struct err err = {0};
        assert_int_equal(condition_parse(&c, bytes_text(bad[i]), &err), RC_CONFIG);
        assert_int_equal(c.jitter_ms, 9);
        assert_non_null(strstr(err.text, "says nothing about a network"));
    }
}

static void test_quality_is_the_worst_of_all(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum quality quality;
    } cases[] = {
        {"lan", QUALITY_EXCELLENT},
        {"fibre", QUALITY_EXCELLENT},
        {"wifi", QUALITY_EXCELLENT},
        {"hotspot", QUALITY_GOOD},
        {"satellite", QUALITY_POOR},
        {"poor-wifi", QUALITY_POOR},
        {"lan,bandwidth_kbps=512", QUALITY_POOR},
        {"lan,bandwidth_kbps=513", QUALITY_FAIR},
        {"lan,bandwidth_kbps=2047", QUALITY_FAIR},
        {"lan,bandwidth_kbps=2048", QUALITY_GOOD},
        {"lan,latency_ms=200", QUALITY_POOR},
        {"lan,latency_ms=199", QUALITY_FAIR},
        {"lan,packet_loss=0.1", QUALITY_POOR},
        {"lan,packet_loss=0.02", QUALITY_GOOD},
        {"lan,signal_strength=30", QUALITY_POOR},
        {"lan,jitter_ms=41", QUALITY_FAIR},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct condition c = parsed(cases[i].text);
        assert_int_equal(condition_quality(&c), cases[i].quality);
    }
    const struct condition none = condition_unknown();
    assert_int_equal(condition_quality(&none), QUALITY_EXCELLENT); // until something is known
    assert_string_equal(quality_text(QUALITY_FAIR), "fair");
}

static void test_plans_follow_the_quality(void **state)
{
    (void)state;
    for (enum quality q = QUALITY_POOR; q <= QUALITY_EXCELLENT; q++) {
        const struct plan free = plan_of(q, false);
        const struct plan metered = plan_of(q, true);
        assert_true(free.connections >= 20 && free.connections <= 50);
        assert_true(free.background_permille > 0 && free.prefetch_permille > 0);
        assert_true(metered.background_permille == 0 && metered.prefetch_permille == 0);
        const struct plan worse = plan_of(q > QUALITY_POOR ? q - 1 : q, false);
        assert_true(worse.chunk_bytes <= free.chunk_bytes && worse.transfers <= free.transfers);
    }
}

static void test_a_grade_does_not_flap(void **state)
{
    (void)state;
    struct grade g = {0};
    assert_int_equal(grade_put(&g, QUALITY_EXCELLENT, 0), QUALITY_EXCELLENT);
    assert_int_equal(grade_put(&g, QUALITY_POOR, GRADE_WORSE_US - 1), QUALITY_EXCELLENT);
    assert_int_equal(grade_put(&g, QUALITY_POOR, GRADE_WORSE_US), QUALITY_GOOD);
    assert_int_equal(grade_put(&g, QUALITY_POOR, 2 * GRADE_WORSE_US), QUALITY_FAIR);
    assert_int_equal(grade_put(&g, QUALITY_FAIR, 3 * GRADE_WORSE_US), QUALITY_FAIR);
    const uint64_t then_us = 3 * GRADE_WORSE_US;
    assert_int_equal(grade_put(&g, QUALITY_EXCELLENT, then_us + GRADE_BETTER_US - 1), QUALITY_FAIR);
    assert_int_equal(grade_put(&g, QUALITY_EXCELLENT, then_us + GRADE_BETTER_US), QUALITY_GOOD);
    // Whatever is seen, however often: in a minute no more changes than the waits allow.
    struct rng dice = rng_seeded(test_seed());
    for (int round = 0; round < 1000; round++) {
        uint64_t now_us = 0;
        unsigned rises = 0;
        enum quality last = grade_put(&g, QUALITY_FAIR, now_us);
        for (g.same_us = 0; now_us < 60 * (uint64_t)US_PER_S;) {
            now_us += rng_below(&dice, 1000000);
            const enum quality q = grade_put(&g, (enum quality)rng_below(&dice, 4), now_us);
            rises += q > last;
            assert_true(q <= last + 1 && last <= q + 1);
            last = q;
        }
        assert_true(rises <= 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_words_of_an_override),
        cmocka_unit_test(test_words_that_say_nothing),
        cmocka_unit_test(test_quality_is_the_worst_of_all),
        cmocka_unit_test(test_plans_follow_the_quality),
        cmocka_unit_test(test_a_grade_does_not_flap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
