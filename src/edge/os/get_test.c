// SPDX-License-Identifier: MIT
// Tests of a single GET: a real server of ours, raw bytes, and every way to get nowhere.
#include "os/get.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/num.h"
#include "os/clock.h"
#include "os/scratch_test.h"
#include "os/web.h"

#define PATIENCE_US UINT64_C(30000000) // a test that waits longer has failed
#define TIMEOUT_US  UINT64_C(10000000)

struct world {
    struct loop *loop;
    struct get *get;
    unsigned done;
    struct get_result result; // its texts copied below
    char why[GET_WHY_BYTES];
    char trust_why[128];
    char address[NET_ADDR_TEXT_BYTES];
    char body[256];
    bool is_dropped; // by on_request
};

static void on_done(void *self, const struct get_result *r)
{
    struct world *w = self;
    w->done++;
    w->get = NULL;
    w->result = *r;
    (void)snprintf(w->why, sizeof w->why, "%s", r->why);
    (void)snprintf(w->address, sizeof w->address, "%s", r->address);
    (void)snprintf(w->trust_why, sizeof w->trust_why, "%s",
                   r->trust_why != NULL ? r->trust_why : "");
    assert_true(r->body.len < sizeof w->body);
    bytes_to_text(r->body, w->body, sizeof w->body);
}

static struct world opened(void)
{
    struct world w = {.done = 0};
    struct err err;
    assert_int_equal(loop_new(&w.loop, &err), RC_OK);
    return w;
}

static struct get_cfg cfg_of(uint16_t port, const char *path)
{
    return (struct get_cfg){.host = "127.0.0.1",
                            .port = port,
                            .path = path,
                            .timeout_us = TIMEOUT_US,
                            .body_bytes_max = 100};
}

static void start(struct world *w, const struct get_cfg *cfg)
{
    struct err err;
    const struct get_handlers handlers = {w, on_done};
    w->done = 0;
    assert_int_equal(get_start(&w->get, w->loop, cfg, &handlers, &err), RC_OK);
}

static void run(struct world *w, const struct get_cfg *cfg)
{
    start(w, cfg);
    const uint64_t end_us = clock_now_us() + PATIENCE_US;
    while (w->done == 0 && clock_now_us() < end_us)
        loop_turn(w->loop, true);
    assert_int_equal(w->done, 1);
}

static void assert_ended(const struct world *w, enum get_stage stage, enum rc rc)
{
    assert_int_equal(w->result.stage, stage);
    assert_int_equal(w->result.rc, rc);
    assert_int_equal(w->why[0] == 0, rc == RC_OK);
}

// ---- Against our own server

static void on_request(void *self, struct web_conn *conn, const struct http_request *request,
                       struct http_response *response)
{
    (void)conn;
    struct world *w = self;
    static const char big[101] = {0};
    response->status = 200;
    response->fields = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    if (strcmp(request->target, "/hello") == 0)
        response->body = bytes_text("hello\n");
    else if (strcmp(request->target, "/big") == 0)
        response->body = bytes_of(big, sizeof big);
    else if (strcmp(request->target, "/drop") == 0)
        w->is_dropped = get_drop(w->get);
    else
        response->status = 404;
    assert_non_null(strchr(http_field(request->message, "Host"), ':'));
}

static struct web_server *serve(struct world *w, struct tls_context *tls)
{
    struct web_server *server = NULL;
    struct err err;
    const struct web_listen_cfg cfg = {
        .address = "127.0.0.1", .tls = tls, .limits = web_limits_default()};
    const struct web_handlers handlers = {.self = w, .on_request = on_request};
    assert_int_equal(web_listen(&server, w->loop, &cfg, &handlers, &err), RC_OK);
    return server;
}

static void test_answers(void **state)
{
    (void)state;
    struct world w = opened();
    struct web_server *server = serve(&w, NULL);
    char address[64];
    struct get_cfg cfg = cfg_of(web_port(server), "/hello");
    (void)snprintf(address, sizeof address, "127.0.0.1:%u", web_port(server));
    run(&w, &cfg);
    assert_ended(&w, GET_DONE, RC_OK);
    assert_int_equal(w.result.status, 200);
    assert_string_equal(w.body, "hello\n");
    assert_string_equal(w.address, address);
    assert_true(w.result.has_date && w.result.date_s == 784111777);
    assert_false(w.result.has_fingerprint);
    cfg.host = "localhost";
    cfg.path = "/nothing";
    run(&w, &cfg);
    // localhost may be ::1 first, where nobody listens: then the next address is tried.
    assert_ended(&w, GET_DONE, RC_OK);
    assert_int_equal(w.result.status, 404);
    web_server_free(server);
    loop_free(w.loop);
}

static void test_tls(void **state)
{
    (void)state;
    char folder[SCRATCH_BYTES];
    struct world w = opened();
    struct err err;
    struct tls_context *own = NULL;
    struct tls_context *client = NULL;
    assert_int_equal(scratch_make(folder), 0);
    assert_int_equal(tls_self_made_context(&own, folder, &err), RC_OK);
    assert_int_equal(tls_client_context(&client, &err), RC_OK);
    struct web_server *server = serve(&w, own);
    struct get_cfg cfg = cfg_of(web_port(server), "/hello");
    cfg.tls = client;
    run(&w, &cfg);
    const struct digest print = tls_context_fingerprint(own);
    assert_ended(&w, GET_DONE, RC_OK);
    assert_string_equal(w.body, "hello\n");
    assert_true(w.result.has_fingerprint);
    assert_true(digest_equal(&w.result.fingerprint, &print));
    assert_false(w.result.is_trusted);
    assert_non_null(strstr(w.trust_why, "self-signed"));
    cfg.tls = NULL; // plain to a TLS server
    run(&w, &cfg);
    assert_int_equal(w.result.stage, GET_ANSWER);
    assert_true(w.result.rc == RC_MALFORMED || w.result.rc == RC_CLOSED);
    web_server_free(server);
    server = serve(&w, NULL); // TLS to a plain server
    cfg.port = web_port(server);
    cfg.tls = client;
    run(&w, &cfg);
    assert_ended(&w, GET_TLS, RC_MALFORMED);
    web_server_free(server);
    loop_free(w.loop);
    tls_context_free(own);
    tls_context_free(client);
    assert_int_equal(scratch_remove(folder), 0);
}

static void test_the_body_has_its_bound(void **state)
{
    (void)state;
    struct world w = opened();
    struct web_server *server = serve(&w, NULL);
    struct get_cfg cfg = cfg_of(web_port(server), "/big");
    run(&w, &cfg);
    assert_ended(&w, GET_ANSWER, RC_FULL);
    for (size_t max = 101; max <= GET_BODY_BYTES_MAX; max = max * 2 + 1) {
        cfg.body_bytes_max = max;
        run(&w, &cfg);
        assert_ended(&w, GET_DONE, RC_OK);
        assert_int_equal(w.result.body.len, 101);
    }
    cfg.body_bytes_max = GET_BODY_BYTES_MAX;
    run(&w, &cfg);
    assert_ended(&w, GET_DONE, RC_OK);
    web_server_free(server);
    loop_free(w.loop);
}

static void test_dropped_in_between(void **state)
{
    (void)state;
    struct world w = opened();
    struct web_server *server = serve(&w, NULL);
    const struct get_cfg cfg = cfg_of(web_port(server), "/drop");
    start(&w, &cfg);
    (void)get_drop(w.get); // before the name is known: the loop waits for what runs
    start(&w, &cfg);
    const uint64_t end_us = clock_now_us() + PATIENCE_US;
    while (!w.is_dropped && clock_now_us() < end_us)
        loop_turn(w.loop, true);
    assert_true(w.is_dropped); // while the answer was awaited
    web_server_free(server);
    loop_free(w.loop); // and all is freed: sanitizers look
    assert_int_equal(w.done, 0);
    assert_true(get_drop(NULL));
}

// ---- Against raw bytes

struct raw {
    int listener;
    uint16_t port;
    int socket; // accepted, -1: none yet
};

static struct raw raw_listen(void)
{
    struct raw r = {.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), .socket = -1};
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    assert_int_equal(bind(r.listener, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(r.listener, 8), 0);
    assert_int_equal(getsockname(r.listener, (struct sockaddr *)&a, &len), 0);
    r.port = ntohs(a.sin_port);
    return r;
}

// Serves one request with these bytes; NULL: says nothing. hangs_up: then FIN.
static void raw_run(struct world *w, const struct get_cfg *cfg, struct raw *r, const char *bytes,
                    bool hangs_up)
{
    char request[1024] = "";
    size_t len = 0;
    start(w, cfg);
    const uint64_t end_us = clock_now_us() + PATIENCE_US;
    while (w->done == 0 && clock_now_us() < end_us) {
        loop_turn(w->loop, false);
        if (r->socket < 0)
            r->socket = accept(r->listener, NULL, NULL);
        if (r->socket < 0 || strstr(request, "\r\n\r\n") != NULL)
            continue;
        const ssize_t got = recv(r->socket, request + len, sizeof request - 1 - len, MSG_DONTWAIT);
        len += got > 0 ? (size_t)got : 0;
        request[len] = 0;
        if (strstr(request, "\r\n\r\n") == NULL)
            continue;
        if (bytes != NULL)
            assert_int_equal(send(r->socket, bytes, strlen(bytes), 0), strlen(bytes));
        if (hangs_up)
            assert_int_equal(shutdown(r->socket, SHUT_WR), 0);
    }
    assert_int_equal(w->done, 1);
    assert_true(r->socket >= 0);
    close(r->socket);
    r->socket = -1;
}

static void test_raw_answers(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        bool hangs_up;
        enum get_stage stage;
        enum rc rc;
        const char *body;
    } turn[] = {
        {"HTTP/1.0 200 OK\r\n\r\nall until the end", true, GET_DONE, RC_OK, "all until the end"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokay", false, GET_DONE, RC_OK, "ok"},
        {"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", false, GET_DONE, RC_OK, ""},
        {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", true, GET_ANSWER, RC_CLOSED, NULL},
        {"HTTP/1.1 200 OK\r\nContent-Le", true, GET_ANSWER, RC_CLOSED, NULL},
        {"", true, GET_ANSWER, RC_CLOSED, NULL},
        {"220 mail.example.org ESMTP\r\n", false, GET_ANSWER, RC_MALFORMED, NULL},
        {"\x15\x03\x01\x00\x02\x02\x16", true, GET_ANSWER, RC_MALFORMED, NULL},
    };
    struct world w = opened();
    struct raw r = raw_listen();
    const struct get_cfg cfg = cfg_of(r.port, "/");
    for (size_t i = 0; i < ARRAY_COUNT(turn); i++) {
        raw_run(&w, &cfg, &r, turn[i].bytes, turn[i].hangs_up);
        assert_ended(&w, turn[i].stage, turn[i].rc);
        if (turn[i].body != NULL)
            assert_string_equal(w.body, turn[i].body);
    }
    close(r.listener);
    loop_free(w.loop);
}

static void test_silence_times_out(void **state)
{
    (void)state;
    struct world w = opened();
    struct raw r = raw_listen();
    struct get_cfg cfg = cfg_of(r.port, "/");
    cfg.timeout_us = 50000;
    const uint64_t start_us = clock_now_us();
    raw_run(&w, &cfg, &r, NULL, false);
    assert_ended(&w, GET_ANSWER, RC_TIMEOUT);
    assert_true(time_since(start_us, clock_now_us()) >= cfg.timeout_us);
    close(r.listener);
    loop_free(w.loop);
}

static void test_an_unanswered_call_times_out(void **state)
{
    (void)state;
    struct world w = opened();
    struct raw r = raw_listen();
    struct get_cfg cfg = cfg_of(r.port, "/");
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons(r.port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int filler[4];
    assert_int_equal(listen(r.listener, 0), 0); // then the system lets further calls hang
    for (size_t i = 0; i < ARRAY_COUNT(filler); i++) {
        filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(filler[i], (struct sockaddr *)&a, sizeof a); // some of them do hang
    }
    cfg.timeout_us = 300000;
    run(&w, &cfg);
    assert_ended(&w, GET_CONNECTION, RC_TIMEOUT);
    for (size_t i = 0; i < ARRAY_COUNT(filler); i++)
        close(filler[i]);
    close(r.listener);
    loop_free(w.loop);
}

static void test_nobody_there(void **state)
{
    (void)state;
    struct world w = opened();
    struct raw r = raw_listen();
    struct get_cfg cfg = cfg_of(r.port, "/");
    close(r.listener);
    run(&w, &cfg);
    assert_ended(&w, GET_CONNECTION, RC_REFUSED);
    cfg.host = "255.255.255.255"; // to nobody: the system will not even try
    run(&w, &cfg);
    assert_int_equal(w.result.stage, GET_CONNECTION);
    assert_true(w.result.rc == RC_ABSENT || w.result.rc == RC_IO);
    cfg.host = "no-such-host.invalid"; // RFC 6761; without a name server nobody can be asked
    run(&w, &cfg);
    assert_int_equal(w.result.stage, GET_NAME);
    assert_true(w.result.rc == RC_ABSENT || w.result.rc == RC_IO || w.result.rc == RC_TIMEOUT);
    assert_string_equal(w.address, "");
    loop_free(w.loop);
}

static void test_bad_settings(void **state)
{
    (void)state;
    static char long_text[2000];
    struct world w = opened();
    struct err err;
    const struct get_handlers handlers = {&w, on_done};
    memset(long_text, 'a', sizeof long_text - 1);
    long_text[0] = '/';
    struct get_cfg bad[9];
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        bad[i] = cfg_of(1, "/");
    bad[0].host = "";
    bad[1].host = long_text;
    bad[2].path = "";
    bad[3].path = "hello";
    bad[4].path = "/a b";
    bad[5].path = long_text;
    bad[6].timeout_us = 0;
    bad[7].body_bytes_max = 0;
    bad[8].body_bytes_max = GET_BODY_BYTES_MAX + 1;
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        assert_int_equal(get_start(&w.get, w.loop, &bad[i], &handlers, &err), RC_CONFIG);
        assert_null(w.get);
    }
    loop_free(w.loop);
}

static void test_dates(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t s;
    } good[] = {{"Thu, 01 Jan 1970 00:00:00 GMT", 0},
                {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777}, // RFC 9110's own
                {"Tue, 29 Feb 2000 12:00:00 GMT", 951825600},
                {"Wed, 01 Mar 2000 00:00:00 GMT", 951868800},
                {"Fri, 31 Dec 2100 23:59:60 GMT", 4133980800},
                {"Mon, 01 Mar 2100 00:00:00 GMT", 4107542400}}; // 2100 has no leap day
    static const char *const bad[] = {"",
                                      "Sun, 06 Nov 1994 08:49:37 CET",
                                      "Sun, 06 Nov 1994 08:49:37 GMT ",
                                      "Sunday, 06-Nov-94 08:49:37 GMT",
                                      "Sun Nov  6 08:49:37 1994     ",
                                      "Sun, 00 Nov 1994 08:49:37 GMT",
                                      "Sun, 32 Nov 1994 08:49:37 GMT",
                                      "Sun, 06 Now 1994 08:49:37 GMT",
                                      "Sun, 06 Nov 1969 08:49:37 GMT",
                                      "Sun, 06 Nov x994 08:49:37 GMT",
                                      "Sun, 06 Nov 1994 24:49:37 GMT",
                                      "Sun, 06 Nov 1994 08:60:37 GMT",
                                      "Sun, 06 Nov 1994 08:49:61 GMT",
                                      "Sun, -6 Nov 1994 08:49:37 GMT"};
    uint64_t s = 1;
    for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
        assert_true(get_date(good[i].text, &s));
        assert_true(s == good[i].s);
    }
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        assert_false(get_date(bad[i], &s));
    for (size_t at = 0; at < strlen(good[1].text); at++)
        for (int byte = 0; byte < 256; byte++) { // any one byte wrong, an early end among them
            char text[32];
            (void)snprintf(text, sizeof text, "%s", good[1].text);
            text[at] = (char)byte;
            if (get_date(text, &s))
                assert_true(s < 253402300801u); // the year 10000
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_tls),
        cmocka_unit_test(test_the_body_has_its_bound),
        cmocka_unit_test(test_dropped_in_between),
        cmocka_unit_test(test_raw_answers),
        cmocka_unit_test(test_silence_times_out),
        cmocka_unit_test(test_an_unanswered_call_times_out),
        cmocka_unit_test(test_nobody_there),
        cmocka_unit_test(test_bad_settings),
        cmocka_unit_test(test_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
