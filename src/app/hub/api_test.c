// SPDX-License-Identifier: MIT
// Tests of what the hub answers to plain HTTP.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "hub/api.h"
#include "wire/json.h"

struct host {
    uint32_t asked;
    struct broker_stat stat;
};

static struct api_answer page_status(void *self, struct text *body)
{
    struct host *h = self;
    h->asked++;
    return api_status(&h->stat, body);
}

static struct api_answer page_hello(void *self, struct text *body)
{
    (void)self;
    return api_hello(body);
}

static const struct api_page pages[] = {
    {"GET", "/", page_hello}, {"GET", "/status", page_status}, {"POST", "/", page_status}};

static struct api_answer ask(struct host *h, const char *method, const char *path, char *room,
                             size_t cap)
{
    struct text body = text_of(room, cap);
    struct api_answer a =
        api_answer(pages, ARRAY_COUNT(pages), h, bytes_text(method), bytes_text(path), &body);
    assert_false(body.is_cut);
    assert_true(body.len > 0);
    return a;
}

static void test_pages(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path;
        unsigned status, asked;
    } t[] = {{"GET", "/", 200, 0},       {"GET", "/status", 200, 1},
             {"POST", "/", 200, 2},      {"GET", "/no", 404, 2},
             {"PUT", "/no", 404, 2},     {"POST", "/status", 405, 2},
             {"get", "/status", 405, 2}, {"GET", "/status/", 404, 2},
             {"GET", "", 404, 2},        {"GET", "/status?a", 404, 2},
             {"", "/", 405, 2}};
    struct host h = {.asked = 0};
    char room[1024];
    for (size_t i = 0; i < ARRAY_COUNT(t); i++) {
        assert_int_equal(ask(&h, t[i].method, t[i].path, room, sizeof room).status, t[i].status);
        assert_int_equal(h.asked, t[i].asked);
    }
}

static void test_health(void **state)
{
    (void)state;
    char room[64];
    for (unsigned i = 0; i < 4; i++) {
        struct text body = text_of(room, sizeof room);
        assert_int_equal(api_health((i & 1) != 0, (i & 2) != 0, &body).status, i == 3 ? 200 : 503);
        assert_non_null(strstr(room, (i & 1) == 0 ? "starting" : i == 1 ? "disk" : "ok\n"));
    }
}

static void test_status_is_json(void **state)
{
    (void)state;
    char room[1024];
    struct host h = {.stat = {.helpers = 4, .tiles_done = 17}};
    struct api_answer a = ask(&h, "GET", "/status", room, sizeof room);
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
