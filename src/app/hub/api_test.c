// SPDX-License-Identifier: MIT
// Tests of what the hub answers to plain HTTP.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hub/api.h"
#include "wire/json.h"

static const struct api_state well = {
    .stat = {.helpers = 4, .tiles_done = 17, .wrong = 1}, .is_open = true, .is_written = true};

static struct api_answer ask(const char *method, const char *path, char *room, size_t cap)
{
    struct text body = text_of(room, cap);
    struct api_answer a = api_answer(bytes_text(method), bytes_text(path), &well, &body);
    assert_false(body.is_cut);
    return a;
}

static void test_pages(void **state)
{
    (void)state;
    char room[1024];
    assert_int_equal(ask("GET", "/healthz", room, sizeof room).status, 200);
    assert_string_equal(room, "ok\n");
    assert_int_equal(ask("GET", "/", room, sizeof room).status, 200);
    assert_int_equal(ask("GET", "/no", room, sizeof room).status, 404);
    assert_int_equal(ask("POST", "/status", room, sizeof room).status, 405);
}

static void test_health(void **state)
{
    (void)state;
    char room[64];
    for (unsigned i = 0; i < 2; i++) {
        struct api_state ill = well;
        if (i == 0)
            ill.is_open = false;
        else
            ill.is_written = false;
        struct text body = text_of(room, sizeof room);
        struct api_answer a = api_answer(bytes_text("GET"), bytes_text("/healthz"), &ill, &body);
        assert_int_equal(a.status, 503);
        assert_non_null(strstr(room, i == 0 ? "starting" : "disk"));
    }
}

static void test_status_is_json(void **state)
{
    (void)state;
    char room[1024];
    struct api_answer a = ask("GET", "/status", room, sizeof room);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.type, "application/json");
    struct json_node *top;
    uint64_t v = 0;
    assert_int_equal(json_open(&top, bytes_text(room), NULL), RC_OK);
    assert_true(json_get_u64(json_get(top, "helpers"), 100, &v));
    assert_int_equal(v, 4);
    assert_true(json_get_u64(json_get(top, "tiles_done"), 100, &v));
    assert_int_equal(v, 17);
    json_free(top);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pages), cmocka_unit_test(test_health),
                                       cmocka_unit_test(test_status_is_json)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
