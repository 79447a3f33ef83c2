// SPDX-License-Identifier: MIT
// A connection to a hub as helper and gamer make it: name, TLS, and whom to trust.
#include "prog/uplink.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "compute/msg.h"
#include "os/file.h"
#include "os/tls.h"
#include "prog/cmd.h"

#define HOST_BYTES       256
#define HUB_TEXT_BYTES   280
#define KNOWN_BYTES_MAX  65536u
#define QUEUE_BYTES_MAX  ((size_t)128 << 20) // results on their way out
#define MEMORY_BYTES_MAX ((size_t)512 << 20)

struct uplink {
    struct loop *loop;
    const struct uplink_options *options;
    const char *state;
    struct uplink_handlers handlers;
    struct tls_context *tls; // NULL: plain
    struct arena *arena;
    char host[HOST_BYTES];
    uint16_t port;
    char hub[HUB_TEXT_BYTES];
    struct web_conn *conn;        // NULL: none
    char refusal[ERR_TEXT_BYTES]; // why we hung up ourselves; empty: we did not
};

static enum rc find_hub(struct uplink *u, struct err *err)
{
    const struct uplink_options *o = u->options;
    if (o->cloud_ip != NULL) {
        bytes_to_text(bytes_text(o->cloud_ip), u->host, sizeof u->host);
        u->port = (uint16_t)o->cloud_port;
    } else if (!option_split_addr(o->hub, UPLINK_PORT, u->host, sizeof u->host, &u->port)) {
        return err_set(err, RC_CONFIG, "--hub %s: must be HOST or HOST:PORT ([::1]:8765 in IPv6)",
                       o->hub);
    }
    struct text hub = text_of(u->hub, sizeof u->hub);
    text_addf(&hub, strchr(u->host, ':') != NULL ? "[%s]:%u" : "%s:%u", u->host, u->port);
    return RC_OK;
}

enum rc uplink_new(struct uplink **out, struct loop *loop, const struct uplink_options *options,
                   const char *state, const struct uplink_handlers *handlers, struct err *err)
{
    *out = NULL;
    struct arena *arena = arena_new(65536);
    struct uplink *u = arena == NULL ? NULL : arena_take(arena, sizeof *u);
    if (u == NULL) {
        arena_free(arena);
        return err_set(err, RC_NOMEM, "out of memory");
    }
    u->loop = loop;
    u->options = options;
    u->state = state;
    u->handlers = *handlers;
    u->arena = arena;
    enum rc rc = find_hub(u, err);
    bool wants_tls =
        options->tls == OPTION_ON || (options->tls == OPTION_AUTO && !cmd_is_loopback(u->host));
    if (rc == RC_OK && wants_tls)
        rc = tls_client_context(&u->tls, err);
    if (rc == RC_OK)
        *out = u;
    else
        uplink_free(u);
    return rc;
}

// The fingerprint that is kept for this hub; false: none.
static bool find_known(const struct uplink *u, struct bytes known, struct digest *out)
{
    char line[HUB_TEXT_BYTES + DIGEST_HEX_BYTES + 2];
    while (known.len > 0) {
        const uint8_t *end = memchr(known.at, '\n', known.len);
        size_t len = end == NULL ? known.len : (size_t)(end - known.at);
        bytes_to_text(bytes_part(known, 0, len), line, sizeof line);
        known = bytes_part(known, len + 1, known.len);
        char *space = strchr(line, ' ');
        if (space == NULL)
            continue;
        *space = 0;
        if (strcmp(line, u->hub) == 0 && digest_from_hex(out, space + 1))
            return true;
    }
    return false;
}

static enum rc read_known(const struct uplink *u, char path[static FILE_PATH_BYTES],
                          struct budget *budget, struct bytes *out, struct err *err)
{
    *out = bytes_of(NULL, 0);
    *budget = (struct budget){.limit_bytes = KNOWN_BYTES_MAX + 64};
    enum rc rc = cmd_path(path, u->state, "known_hubs", err);
    if (rc == RC_OK)
        rc = file_read(out, budget, path, KNOWN_BYTES_MAX, err);
    return rc == RC_ABSENT ? RC_OK : rc; // the first hub of all
}

static enum rc write_known(const struct uplink *u, const char *path, struct bytes known,
                           const char *hex, struct err *err)
{
    struct budget budget = {.limit_bytes = KNOWN_BYTES_MAX + 1024};
    static_assert(HUB_TEXT_BYTES + DIGEST_HEX_BYTES + 2 <= 512, "a line fits");
    size_t cap = known.len + 512;
    char *room = budget_take(&budget, cap);
    if (room == NULL)
        return err_set(err, RC_NOMEM, "%s is full", path);
    struct buffer all = buffer_of(room, cap);
    buffer_put(&all, known);
    char line[HUB_TEXT_BYTES + DIGEST_HEX_BYTES + 2];
    struct text text = text_of(line, sizeof line);
    text_addf(&text, "%s %s\n", u->hub, hex);
    buffer_put(&all, bytes_text(line));
    assert(!text.is_cut && !all.is_full);
    enum rc rc = file_write(path, buffer_bytes(&all), 0600, err);
    budget_give(&budget, room);
    return rc;
}

static enum rc remember(const struct uplink *u, const struct digest *fingerprint, struct err *err)
{
    char path[FILE_PATH_BYTES];
    char hex[DIGEST_HEX_BYTES];
    struct budget budget;
    struct bytes known;
    enum rc rc = read_known(u, path, &budget, &known, err);
    digest_hex(fingerprint, hex);
    if (rc == RC_OK)
        rc = write_known(u, path, known, hex, err);
    file_forget(known, &budget);
    if (rc == RC_OK && !u->options->is_quiet)
        fprintf(stderr, "First contact with %s: its certificate %s is trusted from now on.\n",
                u->hub, hex);
    return rc;
}

enum uplink_trust uplink_judge(const struct uplink *u, const struct digest *fingerprint,
                               bool is_trusted, struct err *err)
{
    char path[FILE_PATH_BYTES];
    struct budget budget;
    struct bytes known;
    struct digest kept;
    if (is_trusted)
        return UPLINK_VOUCHED;
    if (read_known(u, path, &budget, &known, err) != RC_OK)
        return UPLINK_UNKNOWN;
    const bool was_met = find_known(u, known, &kept);
    file_forget(known, &budget);
    if (!was_met)
        return UPLINK_FIRST;
    if (digest_equal(&kept, fingerprint))
        return UPLINK_KNOWN;
    (void)err_set(err, RC_REFUSED,
                  "%s shows another certificate than before: if its owner changed it, "
                  "remove its line from %s",
                  u->hub, path);
    return UPLINK_OTHER;
}

static bool on_peer(void *self, struct web_conn *conn, const struct digest *fingerprint,
                    bool is_trusted, const char *why)
{
    (void)conn;
    (void)why;
    struct uplink *u = self;
    struct err err = {.text = ""};
    const enum uplink_trust trust = uplink_judge(u, fingerprint, is_trusted, &err);
    if (trust == UPLINK_VOUCHED || trust == UPLINK_KNOWN)
        return true;
    if (trust == UPLINK_FIRST && remember(u, fingerprint, &err) == RC_OK)
        return true;
    memcpy(u->refusal, err.text, sizeof u->refusal);
    return false;
}

static void on_open(void *self, struct web_conn *conn)
{
    (void)conn;
    struct uplink *u = self;
    u->handlers.on_open(u->handlers.self);
}

static void on_message(void *self, struct web_conn *conn, struct bytes message, bool is_text)
{
    (void)conn;
    (void)is_text; // text is no message of ours, and fails to decode
    struct uplink *u = self;
    u->handlers.on_message(u->handlers.self, message);
}

static void on_close(void *self, struct web_conn *conn, const char *reason)
{
    (void)conn; // our only one
    struct uplink *u = self;
    u->conn = NULL;
    u->handlers.on_close(u->handlers.self, u->refusal[0] != 0 ? u->refusal : reason);
}

enum rc uplink_open(struct uplink *u, struct err *err)
{
    struct web_connect_cfg cfg = {.host = u->host,
                                  .port = u->port,
                                  .path = "/v1",
                                  .tls = u->tls,
                                  .limits = web_limits_default()};
    cfg.limits.message_bytes_max = MSG_BYTES_MAX;
    cfg.limits.queue_bytes_max = QUEUE_BYTES_MAX;
    cfg.limits.memory_bytes_max = MEMORY_BYTES_MAX;
    struct web_handlers handlers = {.self = u,
                                    .on_peer = on_peer,
                                    .on_open = on_open,
                                    .on_message = on_message,
                                    .on_close = on_close};
    assert(u->conn == NULL); // on_close came for the one before
    u->refusal[0] = 0;
    return web_connect(&u->conn, u->loop, &cfg, &handlers, err);
}

void uplink_send(struct uplink *u, struct bytes message)
{
    if (u->conn == NULL)
        return;
    enum rc rc = web_send(u->conn, message, false);
    if (rc == RC_OK || rc == RC_CLOSED)
        return; // a closed one says so by on_close
    uplink_close(u, rc == RC_FULL ? "the hub does not take what is sent to it" : rc_text(rc));
}

void uplink_close(struct uplink *u, const char *reason)
{
    if (u->conn == NULL)
        return;
    bytes_to_text(bytes_text(reason), u->refusal, sizeof u->refusal);
    web_close(u->conn, 1000, "");
}

bool uplink_is_busy(const struct uplink *u)
{
    return u->conn != NULL && web_queued_bytes(u->conn) > 0;
}

const char *uplink_hub(const struct uplink *u)
{
    return u->hub;
}

struct uplink_address uplink_address(const struct uplink *u)
{
    return (struct uplink_address){u->host, u->port, u->tls};
}

void uplink_free(struct uplink *u)
{
    if (u == NULL)
        return;
    web_drop(u->conn);
    tls_context_free(u->tls);
    arena_free(u->arena);
}
