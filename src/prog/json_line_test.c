// SPDX-License-Identifier: MIT
// Tests of lines of JSON: with an event and without, escaped, and one that is too long.
#include "prog/json_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "prog/said_test.h"

static void an_event_is_a_line(void **state)
{
    (void)state;
    struct said said;
    struct json_line line;
    said_begin(&said, &stdout);
    struct json_writer *w = json_line_start(&line, "pong");
    json_put_text(w, "address", "[::1]:7");
    json_put_f64(w, "ms", 1.5);
    json_line_end(&line);
    assert_string_equal(said_end(&said),
                        "{\"event\":\"pong\",\"address\":\"[::1]:7\",\"ms\":1.5}\n");
    said_free(&said);
}

static void figures_need_no_event(void **state)
{
    (void)state;
    struct said said;
    struct json_line line;
    said_begin(&said, &stdout);
    json_put_u64(json_line_start(&line, NULL), "tasks", 7);
    json_line_end(&line);
    assert_string_equal(said_end(&said), "{\"tasks\":7}\n");
    said_free(&said);
}

static void what_strangers_say_stays_within_its_quotes(void **state)
{
    (void)state;
    struct said said;
    struct json_line line;
    said_begin(&said, &stdout);
    json_put_bytes(json_line_start(&line, "a"), "b", bytes_text("\"},\n\xff"));
    json_line_end(&line);
    assert_string_equal(said_end(&said), "{\"event\":\"a\",\"b\":\"\\\"},\\u000a?\"}\n");
    said_free(&said);
}

static void fill(struct json_writer *w, size_t len)
{
    static char name[JSON_LINE_BYTES + 1];
    memset(name, 'x', len);
    name[len] = 0;
    json_put_text(w, "n", name);
}

// All that fits is told; a byte more, and a script learns that there was too much.
static void a_line_is_whole_or_says_that_it_was_cut(void **state)
{
    (void)state;
    static const size_t frame = sizeof "{\"event\":\"e\",\"n\":\"\"}"; // and the 0 at its end
    static struct json_line line;
    struct said said;
    said_begin(&said, &stdout);
    fill(json_line_start(&line, "e"), JSON_LINE_BYTES - frame);
    json_line_end(&line);
    const char *text = said_end(&said);
    assert_int_equal(strlen(text), JSON_LINE_BYTES);
    assert_string_equal(text + JSON_LINE_BYTES - 4, "x\"}\n");
    said_free(&said);
    said_begin(&said, &stdout);
    fill(json_line_start(&line, "e"), JSON_LINE_BYTES - frame + 1);
    json_line_end(&line);
    assert_string_equal(said_end(&said), "{\"event\":\"e\",\"cut\":true}\n");
    said_free(&said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_a_line),
        cmocka_unit_test(figures_need_no_event),
        cmocka_unit_test(what_strangers_say_stays_within_its_quotes),
        cmocka_unit_test(a_line_is_whole_or_says_that_it_was_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
