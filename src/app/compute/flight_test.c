// SPDX-License-Identifier: MIT
// Tests of what a flight comes to, on one short enough to be reckoned by hand.
#include "compute/flight.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/attr.h"
#include "base/num.h"

static bool tell(struct flight *f, const char *line, uint64_t since_us)
{
    return flight_line(f, bytes_text(line), since_us);
}

static bool is_near(double a, double b)
{
    return fabs(a - b) < 1e-9;
}

static struct flight_figures figures(const struct flight *f)
{
    struct flight_figures out;
    struct arena *arena = arena_new(1 << 16);
    assert_non_null(arena);
    assert_int_equal(flight_figures(&out, arena, f), RC_OK);
    arena_free(arena);
    return out;
}

// As `shoal play` writes them.
static const char *const lines[] = {
    "{\"event\":\"light\",\"number\":0,\"count\":1,\"form\":\"sums\",\"split\":\"spatial\","
    "\"bytes\":345600,\"ms\":120.5}",
    "{\"event\":\"picture\",\"number\":0,\"split\":\"spatial\",\"light\":true,\"age\":0.0,"
    "\"cpu_ms\":40.0,\"at_ms\":0.0}",
    "{\"event\":\"picture\",\"number\":1,\"split\":\"spatial\",\"light\":true,\"age\":1.0,"
    "\"cpu_ms\":40.0,\"at_ms\":100.0}",
    "{\"event\":\"picture\",\"number\":2,\"split\":\"spatial\",\"light\":true,\"age\":2.0,"
    "\"cpu_ms\":40.0,\"at_ms\":200.0}",
    "{\"event\":\"light\",\"number\":1,\"count\":1,\"form\":\"sums\",\"split\":\"spatial\","
    "\"bytes\":345600,\"ms\":300}",
    "{\"event\":\"picture\",\"number\":3,\"split\":\"hybrid\",\"light\":false,\"age\":0.0,"
    "\"cpu_ms\":40.0,\"at_ms\":300.0}",
    "{\"event\":\"loop\",\"pictures\":4,\"without_light\":1,\"ms\":500,\"own_cpu_ms\":160,"
    "\"age\":0.75,\"age_max\":2,\"light_asked\":3,\"light_came\":2,\"light_partly\":0,"
    "\"light_failed\":1,\"retries\":2,\"helper_cpu_ms\":110,\"latency_ms\":210.25,"
    "\"makespan_ms\":70.5,\"predicted_ms\":60,\"spatial\":2,\"functional\":0,\"pipeline\":0,"
    "\"hybrid\":1,\"sums\":691200,\"layers\":0,\"streams\":0,\"bytes_in\":700000,"
    "\"bytes_out\":4000000}"};

static void by_hand(void **state)
{
    (void)state;
    struct course_task room[8];
    struct flight f = {.light = room, .light_max = 8, .step = 2};
    for (uint32_t i = 0; i < ARRAY_COUNT(lines); i++) {
        assert_false(f.is_whole);
        assert_true(tell(&f, lines[i], i * 50000));
    }
    assert_true(f.is_whole);
    assert_int_equal(f.pictures, 4);
    assert_int_equal(f.late, 2); // two pictures after its light, and without any
    assert_int_equal(f.first_us, 50000);
    assert_int_equal(f.last_us, 250000);
    assert_int_equal(f.lights, 2);
    assert_int_equal(room[0].came_us, 0);
    assert_int_equal(room[0].latency_us, 120500);
    assert_int_equal(room[1].came_us, 200000);
    assert_int_equal(flight_slowest_us(&f), 300000);
    assert_int_equal(f.asked, 3);
    assert_int_equal(f.came, 2);
    assert_int_equal(f.failed, 1);
    assert_int_equal(f.without, 1);
    assert_int_equal(f.by_split[SPLIT_SPATIAL], 2);
    assert_int_equal(f.by_split[SPLIT_HYBRID], 1);
    assert_true(is_near(f.age, 0.75) && is_near(f.age_max, 2));
    assert_true(is_near(f.makespan_ms, 70.5) && is_near(f.predicted_ms, 60));

    const struct flight_figures g = figures(&f);
    assert_true(is_near(g.pictures_s, 8) && is_near(g.lights_s, 4));
    assert_int_equal(g.latency_p50_us, 120500);
    assert_int_equal(g.latency_p99_us, 300000);
    assert_true(is_near(g.late, 0.5) && is_near(g.mbit_s, 11.2));
    assert_true(is_near(g.own_ms, 40) && is_near(g.helpers_ms, 55));
}

static void what_is_no_event(void **state)
{
    (void)state;
    struct course_task room[1];
    struct flight f = {.light = room, .light_max = 1, .step = 1};
    static const char *const other[] = {"",
                                        "shoal: connection refused",
                                        "{",
                                        "{}",
                                        "{\"event\":3}",
                                        "{\"event\":\"tile\"}",
                                        "[\"event\",\"loop\"]",
                                        "{\"event\":\"loop\"",
                                        "{\"event\":\"loop\"} {}"};
    for (uint32_t i = 0; i < ARRAY_COUNT(other); i++)
        assert_false(tell(&f, other[i], 1));
    assert_true(f.pictures == 0 && f.lights == 0 && !f.is_whole);
}

// More light than there is room for, and numbers that are none.
static void out_of_bounds(void **state)
{
    (void)state;
    struct course_task room[2];
    struct flight f = {.light = room, .light_max = 1, .step = 1};
    memset(room, 0x5a, sizeof room);
    const struct course_task untouched = room[1];
    assert_true(tell(&f, "{\"event\":\"light\",\"ms\":-4}", 1));
    assert_true(tell(&f, "{\"event\":\"light\",\"ms\":7}", 2));
    assert_int_equal(f.lights, 1);
    assert_int_equal(room[0].latency_us, 0);
    assert_memory_equal(&room[1], &untouched, sizeof untouched);
    assert_true(tell(&f, "{\"event\":\"picture\",\"light\":true,\"age\":-3.0}", 3));
    assert_int_equal(f.late, 0); // asked for ahead
    assert_true(tell(&f, "{\"event\":\"picture\",\"age\":\"x\"}", 4));
    assert_int_equal(f.late, 1);
    assert_true(
        tell(&f, "{\"event\":\"loop\",\"ms\":1e300,\"light_came\":-1,\"bytes_in\":1.5}", 5));
    assert_true(f.is_whole && f.came == 0 && f.bytes_in == 0);
    const struct flight_figures g = figures(&f);
    assert_true(isfinite(g.pictures_s) && g.lights_s <= 0 && g.helpers_ms <= 0);
}

static void of_nothing(void **state)
{
    (void)state;
    const struct flight f = {.step = 1};
    const struct flight_figures g = figures(&f);
    assert_true(g.pictures_s <= 0 && g.lights_s <= 0 && g.late <= 0 && g.mbit_s <= 0);
    assert_true(g.own_ms <= 0 && g.helpers_ms <= 0);
    assert_int_equal(g.latency_p99_us, 0);
    assert_int_equal(flight_slowest_us(&f), 0);
}

static void without_memory(void **state)
{
    (void)state;
    static struct course_task room[4096];
    struct flight f = {.light = room, .light_max = ARRAY_COUNT(room), .step = 1};
    struct flight_figures g;
    for (uint32_t i = 0; i < ARRAY_COUNT(room); i++)
        assert_true(tell(&f, lines[0], i));
    struct arena *arena = arena_new(1024);
    assert_non_null(arena);
    assert_int_equal(flight_figures(&g, arena, &f), RC_NOMEM);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand), cmocka_unit_test(what_is_no_event),
        cmocka_unit_test(out_of_bounds), cmocka_unit_test(of_nothing),
        cmocka_unit_test(without_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
