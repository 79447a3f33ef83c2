// SPDX-License-Identifier: MIT
// Tests of HTTP messages: requests in any cuts, bounds, answers, the WebSocket upgrade.
#include "os/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static struct budget budget;

static int start(void **state)
{
    (void)state;
    budget = (struct budget){.limit_bytes = 1 << 20};
    return 0;
}

static int nothing_left(void **state)
{
    (void)state;
    return budget.used_bytes != 0;
}

static enum rc give(struct http *h, const char *text)
{
    size_t used = 0;
    return http_input(h, bytes_text(text), &used);
}

static void a_request_in_any_cuts(void **state)
{
    (void)state;
    static const char text[] =
        "POST /a/b?c=d HTTP/1.1\r\nHost: hub\r\nX-Empty:\r\nx-long:  a b \r\n"
        "Content-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\n";
    const size_t whole = strlen(text) - strlen("GET / HTTP/1.1\r\n");
    for (size_t step = 1; step <= sizeof text; step++) {
        struct http h;
        http_init(&h, HTTP_KIND_REQUEST, &budget, 5);
        assert_false(http_is_begun(&h));
        size_t at = 0;
        enum rc rc = RC_AGAIN;
        while (rc == RC_AGAIN) {
            size_t used = 0;
            rc = http_input(&h, bytes_part(bytes_text(text), at, step), &used);
            at += used;
        }
        assert_int_equal(rc, RC_OK);
        assert_int_equal(at, whole); // not a byte of the next one
        const struct http_request r = http_request_of(&h);
        assert_string_equal(r.method, "POST");
        assert_string_equal(r.target, "/a/b?c=d");
        assert_true(bytes_is(r.body, "hello"));
        assert_string_equal(http_field(&h, "HOST"), "hub");
        assert_string_equal(http_field(&h, "X-Long"), "a b ");
        assert_string_equal(http_field(&h, "x-empty"), "");
        assert_null(http_field(&h, "x-none"));
        assert_true(http_keeps_alive(&h));
        http_end(&h);
        assert_int_equal(budget.used_bytes, 0);
    }
}

static void a_chunked_body_and_its_trailer(void **state)
{
    (void)state;
    struct http h;
    http_init(&h, HTTP_KIND_REQUEST, &budget, 100);
    assert_int_equal(give(&h, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                              "3\r\nabc\r\n4\r\ndefg\r\n0\r\nHost: late\r\n\r\n"),
                     RC_OK);
    assert_true(bytes_is(http_request_of(&h).body, "abcdefg"));
    assert_null(http_field(&h, "Host"));
    http_end(&h);
}

static void bad_requests_are_malformed(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "GET\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc", // TLS at a plain port
        "GET / HTTP/9.9x\r\n\r\n",
        "GET / HTTP/1.1\r\nbad name: x\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct http h;
        http_init(&h, HTTP_KIND_REQUEST, &budget, 100);
        if (give(&h, bad[i]) != RC_MALFORMED)
            fail_msg("%s", bad[i]);
        http_end(&h);
    }
}

static void head_and_body_have_bounds(void **state)
{
    (void)state;
    struct http h;
    char line[300];
    char hundred[101];
    (void)snprintf(hundred, sizeof hundred, "%0100d", 1);
    (void)snprintf(line, sizeof line, "X: %0200d\r\n", 1);
    http_init(&h, HTTP_KIND_REQUEST, &budget, 100);
    assert_int_equal(give(&h, "GET / HTTP/1.1\r\n"), RC_AGAIN);
    unsigned lines = 0;
    enum rc rc = RC_AGAIN;
    for (; rc == RC_AGAIN; lines++)
        rc = give(&h, line);
    assert_int_equal(rc, RC_FULL); // by fields
    assert_int_equal(lines, HTTP_FIELDS_MAX + 1);
    assert_false(http_is_head_done(&h));
    http_end(&h);
    assert_int_equal(give(&h, "GET /"), RC_AGAIN);
    unsigned bytes = 5;
    for (rc = RC_AGAIN; rc == RC_AGAIN; bytes += 100)
        rc = give(&h, hundred);
    assert_int_equal(rc, RC_FULL); // by bytes
    assert_true(bytes >= HTTP_HEAD_BYTES_MAX && bytes < HTTP_HEAD_BYTES_MAX + 200);
    http_end(&h);
    assert_int_equal(give(&h, "POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n"), RC_FULL);
    assert_true(http_is_head_done(&h));
    http_end(&h);
    assert_int_equal(give(&h, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n"),
                     RC_AGAIN); // 101 again
    assert_int_equal(give(&h, line), RC_FULL);
    http_end(&h);
    budget.limit_bytes = 1000;
    assert_int_equal(give(&h, "GET / HTTP/1.1\r\n\r\n"), RC_NOMEM);
    http_end(&h);
}

static void tokens_in_lists(void **state)
{
    (void)state;
    struct http h;
    http_init(&h, HTTP_KIND_REQUEST, &budget, 0);
    assert_int_equal(give(&h, "GET / HTTP/1.1\r\nConnection: keep-alive,\tUpgrade , x\r\n\r\n"),
                     RC_OK);
    assert_true(http_field_has(&h, "connection", "upgrade"));
    assert_true(http_field_has(&h, "connection", "X"));
    assert_false(http_field_has(&h, "connection", "keep"));
    assert_false(http_field_has(&h, "connection", "upgrades"));
    assert_false(http_field_has(&h, "nothing", "x"));
    http_end(&h);
}

static void answers_as_bytes(void **state)
{
    (void)state;
    uint8_t at[512];
    struct buffer out = buffer_of(at, sizeof at);
    const struct http_response r = {.status = 404,
                                    .content_type = "text/plain",
                                    .fields = "Cache-Control: no-store\r\n",
                                    .body = bytes_text("none")};
    assert_true(http_write_response(&out, &r, true));
    assert_true(bytes_is(buffer_bytes(&out),
                         "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n"
                         "Connection: keep-alive\r\nContent-Type: text/plain\r\n"
                         "Cache-Control: no-store\r\n\r\n"));
    out = buffer_of(at, 30);
    assert_false(http_write_response(&out, &r, false));
    assert_string_equal(http_status_text(299), "Unknown");
}

static void the_accept_of_the_rfc(void **state) // RFC 6455 section 1.3
{
    (void)state;
    char accept[HTTP_WS_ACCEPT_TEXT_BYTES];
    http_ws_accept(accept, "dGhlIHNhbXBsZSBub25jZQ==");
    assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    char key[HTTP_WS_KEY_TEXT_BYTES];
    http_ws_key(key, (const uint8_t *)"the sample nonce");
    assert_string_equal(key, "dGhlIHNhbXBsZSBub25jZQ==");
}

static void both_ends_of_an_upgrade(void **state)
{
    (void)state;
    static const char key[] = "dGhlIHNhbXBsZSBub25jZQ==";
    uint8_t at[1024];
    struct buffer out = buffer_of(at, sizeof at);
    struct http request;
    struct http answer;
    size_t used = 0;
    http_init(&request, HTTP_KIND_REQUEST, &budget, 0);
    http_init(&answer, HTTP_KIND_RESPONSE, &budget, 0);
    assert_true(http_write_ws_request(&out, "hub:1", "/x", key, "Authorization: Bearer t\r\n"));
    assert_int_equal(http_input(&request, buffer_bytes(&out), &used), RC_OK);
    assert_int_equal(used, out.len);
    assert_int_equal(http_ws_asked(&request), RC_OK);
    assert_string_equal(http_field(&request, "Authorization"), "Bearer t");
    out = buffer_of(at, sizeof at);
    assert_true(http_write_ws_accept(&out, &request));
    const size_t head = out.len;
    buffer_put(&out, bytes_text("\x81\x01x")); // a frame right behind it
    assert_int_equal(http_input(&answer, buffer_bytes(&out), &used), RC_OK);
    assert_int_equal(used, head);
    assert_int_equal(http_ws_accepted(&answer, key), RC_OK);
    assert_int_equal(http_ws_accepted(&answer, "AAAAAAAAAAAAAAAAAAAAAA=="), RC_MALFORMED);
    http_end(&request);
    http_end(&answer);
    assert_int_equal(give(&answer, "HTTP/1.1 401 No\r\nContent-Length: 3\r\n\r\nabc"), RC_OK);
    assert_int_equal(http_status(&answer), 401);
    assert_int_equal(http_ws_accepted(&answer, key), RC_REFUSED);
    http_end(&answer);
}

static void upgrades_that_we_cannot_give(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum rc rc;
    } asked[] = {
        {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", RC_ABSENT},
        {"GET / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", RC_ABSENT},
        {"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", RC_MALFORMED},
        {"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 12\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
         RC_MALFORMED},
        {"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short==\r\n\r\n",
         RC_MALFORMED},
        {"GET / HTTP/1.1\r\nUpgrade: websocket\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
         RC_MALFORMED},
    };
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        struct http h;
        http_init(&h, HTTP_KIND_REQUEST, &budget, 100);
        assert_int_equal(give(&h, asked[i].text), RC_OK);
        assert_int_equal(http_ws_asked(&h), asked[i].rc);
        http_end(&h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_request_in_any_cuts, start, nothing_left),
        cmocka_unit_test_setup_teardown(a_chunked_body_and_its_trailer, start, nothing_left),
        cmocka_unit_test_setup_teardown(bad_requests_are_malformed, start, nothing_left),
        cmocka_unit_test_setup_teardown(head_and_body_have_bounds, start, nothing_left),
        cmocka_unit_test_setup_teardown(tokens_in_lists, start, nothing_left),
        cmocka_unit_test_setup_teardown(answers_as_bytes, start, nothing_left),
        cmocka_unit_test(the_accept_of_the_rfc),
        cmocka_unit_test_setup_teardown(both_ends_of_an_upgrade, start, nothing_left),
        cmocka_unit_test_setup_teardown(upgrades_that_we_cannot_give, start, nothing_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
