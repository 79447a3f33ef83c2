// SPDX-License-Identifier: MIT
// Tests of the web against an independent peer, python3-websockets; skipped where it is missing.
#include "os/web.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/ws.h"

#define PYTHON       "/usr/bin/python3" // Debian's: the one that Debian's packages are for
#define EXIT_SKIPPED 77                 // as Meson understands it
#define PATIENCE_US  UINT64_C(60000000)

struct world {
    struct loop *loop;
    struct web_conn *conn;
    unsigned opened;
    unsigned closed;
    unsigned messages;
    size_t last_len;
    char reason[256];
};

static const char *script; // from the command line

static bool on_upgrade(void *self, struct web_conn *conn, const struct http_request *request,
                       struct http_response *refusal)
{
    (void)self;
    (void)conn;
    refusal->status = 401;
    return strcmp(request->target, "/ws") == 0;
}

static void on_open(void *self, struct web_conn *conn)
{
    struct world *w = self;
    w->conn = conn;
    w->opened++;
}

static void echo(void *self, struct web_conn *conn, struct bytes message, bool is_text)
{
    (void)self;
    if (bytes_is(message, "close me"))
        web_close(conn, WS_CODE_GOING_AWAY, "as asked");
    else
        assert_int_equal(web_send(conn, message, is_text), RC_OK);
}

static void count(void *self, struct web_conn *conn, struct bytes message, bool is_text)
{
    struct world *w = self;
    (void)conn;
    (void)is_text;
    w->messages++;
    w->last_len = message.len;
    for (size_t i = 0; i < message.len; i++)
        assert_int_equal(message.at[i], (uint8_t)('a' + i % 23));
}

static void on_close(void *self, struct web_conn *conn, const char *reason)
{
    struct world *w = self;
    (void)conn;
    w->closed++;
    (void)snprintf(w->reason, sizeof w->reason, "%s", reason);
}

static pid_t start(const char *role, const char *port, int in, int out)
{
    const pid_t child = fork();
    if (child == 0) {
        if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
            _exit(126);
        (void)execl(PYTHON, PYTHON, script, role, port, (char *)NULL);
        _exit(127);
    }
    return child;
}

static void our_server_with_their_client(void **state)
{
    (void)state;
    struct world w = {0};
    struct web_server *server = NULL;
    struct err err = {0};
    const struct web_listen_cfg cfg = {.address = "127.0.0.1", .limits = web_limits_default()};
    const struct web_handlers handlers = {
        .self = &w, .on_upgrade = on_upgrade, .on_message = echo, .on_close = on_close};
    assert_int_equal(loop_new(&w.loop, &err), RC_OK);
    assert_int_equal(web_listen(&server, w.loop, &cfg, &handlers, &err), RC_OK);
    char port[8];
    (void)snprintf(port, sizeof port, "%u", web_port(server));
    const pid_t child = start("client", port, STDIN_FILENO, STDOUT_FILENO);
    const uint64_t start_us = clock_now_us();
    int status = -1;
    while (waitpid(child, &status, WNOHANG) == 0) {
        loop_turn(w.loop, true);
        if (clock_now_us() - start_us > PATIENCE_US)
            (void)kill(child, SIGKILL);
    }
    assert_int_equal(status, 0);
    assert_int_equal(w.closed, 2);
    web_server_free(server);
    loop_free(w.loop);
}

static void until(struct world *w, const unsigned *counter, unsigned least)
{
    const uint64_t start_us = clock_now_us();
    while (*counter < least) {
        loop_turn(w->loop, true);
        if (clock_now_us() - start_us > PATIENCE_US || w->closed > (counter == &w->closed))
            fail_msg("in vain: %s", w->reason);
    }
}

static void our_client_with_their_server(void **state)
{
    (void)state;
    int to[2];
    int from[2];
    assert_int_equal(pipe2(to, O_CLOEXEC), 0);
    assert_int_equal(pipe2(from, O_CLOEXEC), 0);
    const pid_t child = start("server", "0", to[0], from[1]);
    (void)close(to[0]);
    (void)close(from[1]);
    char text[16] = "";
    assert_true(read(from[0], text, sizeof text - 1) > 0);
    struct world w = {0};
    struct err err = {0};
    const struct web_connect_cfg cfg = {.host = "127.0.0.1",
                                        .port = (uint16_t)strtoul(text, NULL, 10),
                                        .path = "/",
                                        .limits = web_limits_default()};
    const struct web_handlers handlers = {
        .self = &w, .on_open = on_open, .on_message = count, .on_close = on_close};
    assert_int_equal(loop_new(&w.loop, &err), RC_OK);
    assert_int_equal(web_connect(&w.conn, w.loop, &cfg, &handlers, &err), RC_OK);
    until(&w, &w.opened, 1);
    static const size_t size[] = {0, 1, 125, 126, 65535, 65536, 3000000};
    uint8_t *data = malloc(3000000);
    assert_non_null(data);
    for (size_t i = 0; i < 3000000; i++)
        data[i] = (uint8_t)('a' + i % 23);
    for (unsigned i = 0; i < sizeof size / sizeof size[0]; i++) {
        assert_int_equal(web_send(w.conn, bytes_of(data, size[i]), i % 2 == 0), RC_OK);
        until(&w, &w.messages, i + 1);
        assert_int_equal(w.last_len, size[i]);
    }
    free(data);
    assert_int_equal(web_send(w.conn, bytes_text("close me"), true), RC_OK);
    until(&w, &w.closed, 1);
    assert_string_equal(w.reason, "closed by peer: 4002 as asked");
    (void)close(to[1]); // its sign to end
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    (void)close(from[0]);
    loop_free(w.loop);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: web_peer_test SCRIPT\n");
        return 2;
    }
    script = argv[1];
    int status = 0;
    const pid_t child = start("check", "", STDIN_FILENO, STDOUT_FILENO);
    if (waitpid(child, &status, 0) != child || status != 0) {
        (void)fprintf(stderr, "skipped: " PYTHON " has no websockets (python3-websockets)\n");
        return EXIT_SKIPPED;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(our_server_with_their_client),
                                       cmocka_unit_test(our_client_with_their_server)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
