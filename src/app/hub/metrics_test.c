// SPDX-License-Identifier: MIT
// Tests of the Prometheus form of a registry: the text itself, and that it is read back.
#include "hub/metrics.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/rng.h"

#define ROOM_BYTES 16384

static struct stats *some(struct arena *arena)
{
    struct stats *s;
    assert_int_equal(stats_new(&s, arena, 16), RC_OK);
    counter_add(stats_counter(s, "tiles_done", "tiles that were verified"), 18446744073709551615u);
    counter_add(stats_counter(s, "busy_us", "time that workers were busy"), 1500000);
    counter_add(stats_counter(s, "sent_total", "messages sent"), 0);
    gauge_set(stats_gauge(s, "helpers", "helpers present,\nand C:\\not\\a \"label\""), 4);
    gauge_set(stats_gauge(s, "load_permille", "share of time in use"), 125);
    gauge_set(stats_gauge(s, "hottest_mdeg", "hottest sensor"), 61500);
    gauge_set(stats_gauge(s, "store_bytes", "objects held"), 0.1);
    gauge_set(stats_gauge(s, "worst", "no bound"), (double)INFINITY);
    gauge_set(stats_gauge(s, "least", "no bound"), -(double)INFINITY);
    gauge_set(stats_gauge(s, "tile_ms", "lately, from assignment to result"), 250);
    gauge_set(stats_gauge(s, "quiet_ms", "no sample yet"), (double)NAN);
    struct quantiles *q = stats_quantiles(s, "wait_us", "wait for a helper");
    for (uint64_t i = 1; i <= 8; i++)
        quantiles_put(q, i);
    (void)stats_quantiles(s, "parts", "pixels redone; none so far");
    return s;
}

static const char golden[] =
    "# HELP shoal_tiles_done_total tiles that were verified\n"
    "# TYPE shoal_tiles_done_total counter\n"
    "shoal_tiles_done_total 18446744073709551615\n"
    "# HELP shoal_busy_seconds_total time that workers were busy\n"
    "# TYPE shoal_busy_seconds_total counter\n"
    "shoal_busy_seconds_total 1.5\n"
    "# HELP shoal_sent_total messages sent\n"
    "# TYPE shoal_sent_total counter\n"
    "shoal_sent_total 0\n"
    "# HELP shoal_helpers helpers present,\\nand C:\\\\not\\\\a \"label\"\n"
    "# TYPE shoal_helpers gauge\n"
    "shoal_helpers 4\n"
    "# HELP shoal_load_ratio share of time in use\n"
    "# TYPE shoal_load_ratio gauge\n"
    "shoal_load_ratio 0.125\n"
    "# HELP shoal_hottest_celsius hottest sensor\n"
    "# TYPE shoal_hottest_celsius gauge\n"
    "shoal_hottest_celsius 61.5\n"
    "# HELP shoal_store_bytes objects held\n"
    "# TYPE shoal_store_bytes gauge\n"
    "shoal_store_bytes 0.1\n"
    "# HELP shoal_worst no bound\n"
    "# TYPE shoal_worst gauge\n"
    "shoal_worst +Inf\n"
    "# HELP shoal_least no bound\n"
    "# TYPE shoal_least gauge\n"
    "shoal_least -Inf\n"
    "# HELP shoal_tile_seconds lately, from assignment to result\n"
    "# TYPE shoal_tile_seconds gauge\n"
    "shoal_tile_seconds 0.25\n"
    "# HELP shoal_quiet_seconds no sample yet\n"
    "# TYPE shoal_quiet_seconds gauge\n"
    "shoal_quiet_seconds NaN\n"
    "# HELP shoal_wait_seconds wait for a helper\n"
    "# TYPE shoal_wait_seconds summary\n"
    "shoal_wait_seconds{quantile=\"0.5\"} 4e-06\n"
    "shoal_wait_seconds{quantile=\"0.9\"} 8e-06\n"
    "shoal_wait_seconds{quantile=\"0.99\"} 8e-06\n"
    "shoal_wait_seconds{quantile=\"0.999\"} 8e-06\n"
    "shoal_wait_seconds_sum 3.6e-05\n"
    "shoal_wait_seconds_count 8\n"
    "# HELP shoal_parts pixels redone; none so far\n"
    "# TYPE shoal_parts summary\n"
    "shoal_parts{quantile=\"0.5\"} NaN\n"
    "shoal_parts{quantile=\"0.9\"} NaN\n"
    "shoal_parts{quantile=\"0.99\"} NaN\n"
    "shoal_parts{quantile=\"0.999\"} NaN\n"
    "shoal_parts_sum 0\n"
    "shoal_parts_count 0\n";

static void test_golden(void **state)
{
    (void)state;
    static char room[ROOM_BYTES];
    struct arena *arena = arena_new(1 << 16);
    struct text out = text_of(room, sizeof room);
    assert_int_equal(metrics_put(some(arena), &out), RC_OK);
    assert_string_equal(room, golden);
    arena_free(arena);
}

// One line that is no comment, read by the format's grammar: NAME [{quantile="Q"}] VALUE.
static bool read_sample(const char *line, char name[static 128], double *value)
{
    const size_t len = strspn(line, "abcdefghijklmnopqrstuvwxyz0123456789_");
    if (len == 0 || len >= 128 || (line[0] >= '0' && line[0] <= '9'))
        return false;
    (void)snprintf(name, 128, "%.*s", (int)len, line);
    const char *at = line + len;
    if (*at == '{') {
        double share;
        int used = 0;
        if (sscanf(at, "{quantile=\"%lf\"}%n", &share, &used) != 1 || used == 0)
            return false;
        at += used;
    }
    char *end;
    *value = strtod(at + 1, &end); // also reads NaN, +Inf, -Inf
    return *at == ' ' && end > at + 1 && *end == '\n';
}

static size_t count_samples(const char *text)
{
    size_t count = 0;
    char family[128] = "";
    while (*text != 0) {
        char name[128];
        char type[16];
        double value;
        const char *end = strchr(text, '\n');
        assert_non_null(end); // the last line ends too
        if (sscanf(text, "# HELP %127s", name) == 1) {
            assert_string_not_equal(name, family); // each once
            (void)snprintf(family, sizeof family, "%s", name);
        } else if (sscanf(text, "# TYPE %127s %15s", name, type) == 2) {
            assert_string_equal(name, family); // after its help, before its samples
        } else {
            assert_true(read_sample(text, name, &value));
            assert_int_equal(strncmp(name, family, strlen(family)), 0);
            count++;
        }
        text = end + 1;
    }
    return count;
}

static void test_any_figure_is_read_back(void **state)
{
    (void)state;
    static char room[ROOM_BYTES];
    struct rng rng = rng_seeded(9);
    assert_int_equal(count_samples(golden), 3 + 6 + 2 + 2 * 6);
    for (unsigned i = 0; i < 500; i++) {
        struct arena *arena = arena_new(1 << 16);
        struct stats *s;
        assert_int_equal(stats_new(&s, arena, 2), RC_OK);
        const double v = ldexp(rng_unit(&rng) - 0.5, (int)rng_below(&rng, 2000) - 1000);
        const uint64_t n = rng_u64(&rng) >> rng_below(&rng, 64);
        gauge_set(stats_gauge(s, "v", "any"), v);
        counter_add(stats_counter(s, "n", "any"), n);
        struct text out = text_of(room, sizeof room);
        assert_int_equal(metrics_put(s, &out), RC_OK);
        assert_int_equal(count_samples(room), 2);
        const double back = strtod(strstr(room, "\nshoal_v ") + 9, NULL);
        assert_false(back < v || back > v);
        assert_true(strtoull(strstr(room, "\nshoal_n_total ") + 15, NULL, 10) == n);
        arena_free(arena);
    }
}

static void test_bounded_text_ends_with_a_whole_figure(void **state)
{
    (void)state;
    static char room[ROOM_BYTES];
    struct arena *arena = arena_new(1 << 16);
    struct stats *s = some(arena);
    for (size_t cap = 1; cap < sizeof golden; cap++) {
        struct text out = text_of(room, cap);
        assert_int_equal(metrics_put(s, &out), RC_FULL);
        assert_int_equal(strncmp(room, golden, out.len), 0);
        assert_int_equal(strlen(room), out.len);
        // The next thing in the golden text is a new figure.
        assert_int_equal(strncmp(golden + out.len, "# HELP", 6), 0);
    }
    struct text out = text_of(room, sizeof golden);
    assert_int_equal(metrics_put(s, &out), RC_OK);
    arena_free(arena);
}

static void test_the_stated_bound_of_a_figure(void **state)
{
    (void)state;
    static char room[METRICS_FIGURE_BYTES];
    static char name[101];
    static char sentence[201];
    struct arena *arena = arena_new(1 << 16);
    struct stats *s;
    memset(name, 'a', sizeof name - 1);
    memcpy(name + sizeof name - 3, "_s", 2);     // grows
    memset(sentence, '\\', sizeof sentence - 1); // doubles
    assert_int_equal(stats_new(&s, arena, 1), RC_OK);
    quantiles_put(stats_quantiles(s, name, sentence), UINT64_MAX);
    struct text out = text_of(room, sizeof room);
    assert_int_equal(metrics_put(s, &out), RC_OK);
    assert_true(out.len > METRICS_FIGURE_BYTES / 2); // and no more than that is
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_any_figure_is_read_back),
        cmocka_unit_test(test_bounded_text_ends_with_a_whole_figure),
        cmocka_unit_test(test_the_stated_bound_of_a_figure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
