// SPDX-License-Identifier: MIT
// Lines reach the sink as promised: golden text, levels, length, silence.
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct kept {
    char line[LOG_LINE_BYTES];
    enum log_level level;
    int count;
};

static void keep(void *context, enum log_level level, const char *line)
{
    struct kept *k = context;
    k->level = level;
    k->count++;
    assert_true(strlen(line) < sizeof k->line);
    (void)snprintf(k->line, sizeof k->line, "%s", line);
}

static void a_line_is_module_and_sentence(void **state)
{
    (void)state;
    struct kept k = {.count = 0};
    const struct log log = {.sink = keep, .context = &k, .level = LOG_LEVEL_INFO};
    log_put(&log, LOG_LEVEL_WARN, "hub", "helper gone helper=%d wait_us=%d", 3, 12);
    assert_string_equal(k.line, "hub: helper gone helper=3 wait_us=12");
    assert_int_equal(k.level, LOG_LEVEL_WARN);
    assert_int_equal(k.count, 1);
}

static void levels_above_are_dropped(void **state)
{
    (void)state;
    struct kept k = {.count = 0};
    const struct log log = {.sink = keep, .context = &k, .level = LOG_LEVEL_INFO};
    log_put(&log, LOG_LEVEL_DEBUG, "hub", "not wanted");
    assert_int_equal(k.count, 0);
    log_put(&log, LOG_LEVEL_INFO, "hub", "wanted");
    assert_int_equal(k.count, 1);
}

static void no_log_is_silent(void **state)
{
    (void)state;
    const struct log nowhere = {.level = LOG_LEVEL_DEBUG};
    log_put(NULL, LOG_LEVEL_ERROR, "hub", "nobody hears");
    log_put(&nowhere, LOG_LEVEL_ERROR, "hub", "nobody hears");
}

static void a_long_line_is_cut(void **state)
{
    (void)state;
    struct kept k = {.count = 0};
    const struct log log = {.sink = keep, .context = &k, .level = LOG_LEVEL_INFO};
    log_put(&log, LOG_LEVEL_INFO, "hub", "%*s", 2 * LOG_LINE_BYTES, "far");
    assert_int_equal(strlen(k.line), LOG_LINE_BYTES - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_module_and_sentence),
        cmocka_unit_test(levels_above_are_dropped),
        cmocka_unit_test(no_log_is_silent),
        cmocka_unit_test(a_long_line_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
