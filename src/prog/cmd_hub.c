// SPDX-License-Identifier: MIT
// `shoal hub`: coordinates helpers and gamers.
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "base/num.h"
#include "cell_code.h"
#include "cmd.h"
#include "compute/broker.h"
#include "compute/helper.h"
#include "crew.h"
#include "hub/api.h"
#include "hub_view.h"
#include "os/clock.h"
#include "os/entropy.h"
#include "os/kv.h"
#include "os/loop.h"
#include "os/nursery.h"
#include "os/tls.h"
#include "os/web.h"
#include "records.h"

#define OWN_CONN        1u // the broker's number for the hub's own compute
#define TOKEN_BYTES     16u
#define QUEUE_BYTES_MAX ((size_t)128 << 20) // tiles on their way to one gamer
#define BODY_BYTES_MAX  4096u

struct hub_options {
    struct cmd_common common;
    const char *listen;
    const char *host;
    uint64_t port;
    const char *db;
    const char *token_file;
    bool is_open;
    enum option_switch tls;
    const char *certificate;
    const char *key;
    uint64_t attempts;
    bool has_own;
    uint64_t own_slots;
    uint64_t store_bytes;
    uint64_t memory_bytes;
    bool is_quiet;
};

static const struct option_spec specs[] = {
    {.name = "listen",
     .kind = OPTION_ADDR,
     .initial = "127.0.0.1:8765",
     .value = "ADDR:PORT",
     .sentence = "where to listen; 0.0.0.0:8765 for the whole network, port 0 for a free one",
     .offset = offsetof(struct hub_options, listen)},
    {.name = "host",
     .kind = OPTION_TEXT,
     .value = "ADDR",
     .sentence = "another way to say the address of --listen",
     .offset = offsetof(struct hub_options, host)},
    {.name = "port",
     .kind = OPTION_U64,
     .min = 1,
     .max = 65535,
     .initial = "8765",
     .sentence = "the port that goes with --host",
     .offset = offsetof(struct hub_options, port)},
    {.name = "db",
     .kind = OPTION_TEXT,
     .value = "FILE",
     .sentence = "SQLite file for tasks, results, peers, gamers [results.db in the state folder]",
     .offset = offsetof(struct hub_options, db)},
    {.name = "token-file",
     .kind = OPTION_TEXT,
     .value = "FILE",
     .sentence = "file with the word that gamers must know [token in the state folder; made]",
     .offset = offsetof(struct hub_options, token_file)},
    {.name = "open",
     .kind = OPTION_FLAG,
     .sentence = "let gamers in without a token",
     .offset = offsetof(struct hub_options, is_open)},
    {.name = "tls",
     .kind = OPTION_SWITCH,
     .sentence = "encrypt all connections; auto: unless it listens on loopback alone",
     .offset = offsetof(struct hub_options, tls)},
    {.name = "cert",
     .kind = OPTION_TEXT,
     .value = "FILE",
     .sentence = "TLS certificate, PEM [self-made, in the state folder]",
     .offset = offsetof(struct hub_options, certificate)},
    {.name = "key",
     .kind = OPTION_TEXT,
     .value = "FILE",
     .sentence = "private key of --cert, PEM",
     .offset = offsetof(struct hub_options, key)},
    {.name = "max-attempts",
     .kind = OPTION_U64,
     .min = 1,
     .max = QUEUE_ATTEMPTS_MAX,
     .initial = "3",
     .sentence = "helpers that may try a task before the hub does it itself",
     .offset = offsetof(struct hub_options, attempts)},
    {.name = "own-compute",
     .kind = OPTION_FLAG,
     .traits = OPTION_NEGATABLE,
     .initial = "yes",
     .sentence = "do what no helper can; without it the hub only verifies",
     .offset = offsetof(struct hub_options, has_own)},
    {.name = "own-slots",
     .kind = OPTION_U64,
     .min = 1,
     .max = NURSERY_WORKERS_MAX,
     .initial = "1",
     .sentence = "workers of the hub's own compute",
     .offset = offsetof(struct hub_options, own_slots)},
    {.name = "store-size",
     .kind = OPTION_SIZE,
     .min = 1u << 20,
     .max = (uint64_t)1 << 40,
     .initial = "4G",
     .sentence = "keep at most this much of scenes and other objects",
     .offset = offsetof(struct hub_options, store_bytes)},
    {.name = "memory",
     .kind = OPTION_SIZE,
     .min = 64u << 20,
     .max = (uint64_t)1 << 40,
     .initial = "2G",
     .sentence = "memory for frames in work",
     .offset = offsetof(struct hub_options, memory_bytes)},
    {.name = "quiet",
     .kind = OPTION_FLAG,
     .sentence = "no line for what happens",
     .offset = offsetof(struct hub_options, is_quiet)},
    CMD_COMMON(struct hub_options),
};

static const char *const examples[] = {"shoal hub",
                                       "shoal hub --listen 0.0.0.0:8765 --db results.db", NULL};

static const struct option_command command = {
    .name = "hub",
    .summary = "coordinate helpers and gamers",
    .description =
        "Listens for helpers, who lend compute, and gamers, who use it. Splits each frame into "
        "tiles of equal cost, gives them to helpers, recomputes random pixels of every result, "
        "and passes right ones on. Plain on loopback, TLS everywhere else. Helpers are known by "
        "their key; gamers need the token.",
    .spec = specs,
    .count = ARRAY_COUNT(specs),
    .example = examples,
};

struct door { // a connection, and the number that the broker knows it by
    uint64_t number;
    struct web_conn *conn;
};

struct side {
    struct hub_options o;
    struct arena *arena;
    char state[FILE_PATH_BYTES];
    struct bytes token;
    char token_path[FILE_PATH_BYTES];
    char host[256];
    uint16_t port;
    struct nursery *nursery;
    struct loop *loop;
    struct loop_timer *due;
    struct id id;
    struct id own_id;
    struct kv_env *kv;
    struct store *store;
    struct records records;
    struct log log;
    struct tls_context *tls;
    struct web_server *server;
    struct map *doors; // by number
    uint64_t last_conn;
    struct budget budget;
    struct broker *broker;
    struct crew *crew;
    struct helper *own; // NULL until the crew has measured itself
    struct budget own_budget;
    char body[BODY_BYTES_MAX]; // of an HTTP answer
    int exit_code;
};

static uint64_t number_of(const struct web_conn *conn)
{
    const struct door *door = web_user(conn);
    return door != NULL ? door->number : 0;
}

static void hang_up(struct side *s, uint64_t number, struct bytes why)
{
    char words[120];
    bytes_to_text(why, words, sizeof words);
    const struct door *door = map_get(s->doors, &number);
    if (door != NULL)
        web_close(door->conn, 1008, words);
    broker_closed(s->broker, number, loop_now_us(s->loop));
    if (number != OWN_CONN)
        return;
    // Without its own compute the hub could verify nothing: it takes its seat again.
    helper_closed(s->own, loop_now_us(s->loop));
    helper_open(s->own, loop_now_us(s->loop));
    broker_open(s->broker, OWN_CONN, loop_now_us(s->loop));
}

static void send(struct side *s, uint64_t number, struct bytes message)
{
    if (number == OWN_CONN) {
        helper_input(s->own, message, loop_now_us(s->loop));
        return;
    }
    const struct door *door = map_get(s->doors, &number);
    enum rc rc = door == NULL ? RC_CLOSED : web_send(door->conn, message, false);
    if (rc != RC_OK && rc != RC_CLOSED) // a slow reader must not hold our memory
        hang_up(s, number, bytes_text("too slow: the hub's queue for you is full"));
}

// What the broker wants, and what its own helper wants, until neither wants anything.
static bool drain_broker(struct side *s)
{
    struct out out;
    bool did = false;
    while (broker_next(s->broker, &out)) {
        did = true;
        if (out.kind == OUT_SEND)
            send(s, out.conn, out.bytes);
        else
            hang_up(s, out.conn, out.bytes);
    }
    return did;
}

static bool drain_own(struct side *s)
{
    struct helper_out out;
    struct helper_event e;
    bool did = false;
    while (s->own != NULL && helper_next(s->own, &out)) {
        did = true;
        if (out.kind == HELPER_SEND)
            broker_input(s->broker, OWN_CONN, out.bytes, loop_now_us(s->loop));
        else if (out.kind == HELPER_CLOSE)
            hang_up(s, OWN_CONN, out.bytes);
        else
            crew_do(s->crew, &out);
    }
    while (s->own != NULL && helper_event(s->own, &e))
        if (e.kind == HELPER_EVENT_FAILED)
            log_put(&s->log, LOG_LEVEL_WARN, "hub", "own compute failed: %s", e.text);
    return did;
}

static void drain(void *self)
{
    struct side *s = self;
    struct broker_note note;
    if (s->own == NULL)
        return; // not yet open for anybody
    for (bool more = true; more;) {
        more = drain_broker(s);
        more = drain_own(s) || more;
    }
    while (broker_note(s->broker, &note)) {
        records_put(&s->records, &note, clock_wall_s());
        if (!s->o.is_quiet)
            hub_view_note(&note, s->o.common.is_json);
    }
    records_commit(&s->records);
    loop_timer_at(s->due, num_min(broker_due_us(s->broker), helper_due_us(s->own)));
}

static void on_due(void *self)
{
    struct side *s = self;
    broker_tick(s->broker, loop_now_us(s->loop));
    helper_tick(s->own, loop_now_us(s->loop));
}

static void on_request(void *self, struct web_conn *conn, const struct http_request *request,
                       struct http_response *response)
{
    struct side *s = self;
    (void)conn;
    struct text text = text_of(s->body, sizeof s->body);
    struct broker_stat stat = broker_stat(s->broker);
    struct api_answer a =
        api_answer(bytes_text(request->method), bytes_text(request->target), &stat, &text);
    response->status = a.status;
    response->content_type = a.type;
    response->body = bytes_of(s->body, text.len);
}

static void on_open(void *self, struct web_conn *conn)
{
    struct side *s = self;
    uint64_t number = ++s->last_conn;
    struct door *door = budget_take(&s->budget, sizeof *door);
    if (door == NULL || map_put(s->doors, &number, door) != RC_OK) {
        budget_give(&s->budget, door);
        web_close(conn, 1013, "the hub is full");
        return;
    }
    *door = (struct door){number, conn};
    web_set_user(conn, door);
    log_put(&s->log, LOG_LEVEL_DEBUG, "hub", "connection=%llu from=%s", (unsigned long long)number,
            web_peer_text(conn));
    broker_open(s->broker, number, loop_now_us(s->loop));
}

static void on_message(void *self, struct web_conn *conn, struct bytes message, bool is_text)
{
    struct side *s = self;
    (void)is_text; // text is no message of ours, and fails to decode
    broker_input(s->broker, number_of(conn), message, loop_now_us(s->loop));
}

static void on_close(void *self, struct web_conn *conn, const char *reason)
{
    struct side *s = self;
    uint64_t number = number_of(conn);
    log_put(&s->log, LOG_LEVEL_DEBUG, "hub", "connection=%llu ended: %s",
            (unsigned long long)number, reason);
    budget_give(&s->budget, map_del(s->doors, &number));
    broker_closed(s->broker, number, loop_now_us(s->loop));
}

static enum rc open_tls(struct side *s, struct err *err)
{
    const struct hub_options *o = &s->o;
    bool wants = o->tls == OPTION_ON || (o->tls == OPTION_AUTO && !cmd_is_loopback(s->host)) ||
                 (o->tls == OPTION_AUTO && o->certificate != NULL);
    if ((o->certificate == NULL) != (o->key == NULL))
        return err_set(err, RC_CONFIG, "--cert and --key go together: one of them is missing");
    if (!wants)
        return RC_OK;
    if (o->certificate != NULL)
        return tls_server_context(&s->tls, o->certificate, o->key, err);
    return tls_self_made_context(&s->tls, s->state, err);
}

static void announce(const struct side *s)
{
    if (s->o.common.is_json)
        printf("{\"event\":\"listening\",\"address\":\"%s\",\"port\":%u}\n", s->host,
               web_port(s->server));
    else
        printf("shoal hub listening on %s:%u (%s)\n", s->host, web_port(s->server),
               s->tls != NULL ? "TLS" : "plain");
    if (s->o.common.is_json)
        return;
    if (s->tls != NULL) {
        char hex[DIGEST_HEX_BYTES];
        struct digest print = tls_context_fingerprint(s->tls);
        digest_hex(&print, hex);
        printf("  certificate %s\n", hex);
    }
    printf("  helpers: shoal helper --hub HOST:%u\n  gamers:  shoal play --hub HOST:%u%s%s\n",
           web_port(s->server), web_port(s->server), s->token.len > 0 ? " --token-file " : "",
           s->token.len > 0 ? s->token_path : "");
}

static enum rc listen_now(struct side *s, struct err *err)
{
    struct web_listen_cfg cfg = {
        .address = s->host, .port = s->port, .tls = s->tls, .limits = web_limits_default()};
    cfg.limits.connections_max = BROKER_CONNS_MAX - 1;
    cfg.limits.message_bytes_max = MSG_BYTES_MAX;
    cfg.limits.queue_bytes_max = QUEUE_BYTES_MAX;
    cfg.limits.memory_bytes_max = s->o.memory_bytes;
    struct web_handlers handlers = {.self = s,
                                    .on_request = on_request,
                                    .on_open = on_open,
                                    .on_message = on_message,
                                    .on_close = on_close};
    return web_listen(&s->server, s->loop, &cfg, &handlers, err);
}

static void stop_with(struct side *s, const char *why)
{
    fprintf(stderr, "shoal: %s\n", why);
    s->exit_code = EXIT_FAILED;
    loop_stop(s->loop);
}

static void on_failed(void *self, const char *why)
{
    stop_with(self, why);
}

// The workers have measured themselves: the hub's own compute takes its seat, then the door opens.
static void on_ready(void *self, const struct msg_speed *speed, uint32_t count)
{
    struct side *s = self;
    struct helper_cfg cfg = {
        .budget = &s->own_budget,
        .store = s->store,
        .client = {.role = MSG_ROLE_HELPER,
                   .key = s->own_id.key,
                   .name = "hub",
                   .ability = {.slots = (uint32_t)s->o.own_slots, .speed_count = count},
                   .entropy = entropy_os()},
        .log = &s->log};
    memcpy(cfg.client.ability.speed, speed, count * sizeof *speed);
    struct err err = {.rc = RC_NOMEM, .text = "out of memory"};
    if (helper_new(&s->own, &cfg) != RC_OK) {
        stop_with(s, err.text);
        return;
    }
    crew_attach(s->crew, s->own);
    helper_open(s->own, loop_now_us(s->loop));
    broker_open(s->broker, OWN_CONN, loop_now_us(s->loop));
    announce(s);
}

static void on_signal(void *self, int number)
{
    (void)number;
    struct side *s = self;
    loop_stop(s->loop);
}

static enum rc make_token(struct side *s, struct err *err)
{
    uint8_t secret[TOKEN_BYTES];
    char hex[2 * TOKEN_BYTES + 1];
    char line[2 * TOKEN_BYTES + 2];
    struct entropy entropy = entropy_os();
    entropy.fill(entropy.self, secret, sizeof secret);
    hex_encode(bytes_of(secret, sizeof secret), hex);
    struct text text = text_of(line, sizeof line);
    text_addf(&text, "%s\n", hex);
    return file_write(s->token_path, bytes_of(line, text.len), 0600, err);
}

static enum rc open_token(struct side *s, struct err *err)
{
    if (s->o.is_open)
        return RC_OK;
    enum rc rc = RC_OK;
    if (s->o.token_file != NULL)
        bytes_to_text(bytes_text(s->o.token_file), s->token_path, sizeof s->token_path);
    else
        rc = cmd_path(s->token_path, s->state, "token", err);
    if (rc == RC_OK && s->o.token_file == NULL && !file_exists(s->token_path))
        rc = make_token(s, err);
    return rc == RC_OK ? cmd_secret(&s->token, s->arena, s->token_path, err) : rc;
}

static enum rc open_files(struct side *s, struct err *err)
{
    char path[FILE_PATH_BYTES];
    struct entropy entropy = entropy_os();
    enum rc rc = cmd_state(&s->o.common, s->state, err);
    if (rc == RC_OK)
        rc = cmd_identity(&s->id, s->state, err);
    if (rc == RC_OK && id_init(&s->own_id, &entropy) != RC_OK)
        rc = err_set(err, RC_NOMEM, "out of memory for a key");
    if (rc == RC_OK)
        rc = open_token(s, err);
    if (rc == RC_OK)
        rc = cmd_path(path, s->state, "results.db", err);
    if (rc == RC_OK)
        rc = records_open(&s->records, s->o.db != NULL ? s->o.db : path, &s->log, err);
    if (rc == RC_OK)
        rc = cmd_path(path, s->state, "objects", err);
    if (rc == RC_OK)
        rc = cmd_store(&s->kv, &s->store, s->arena, path, s->o.store_bytes, err);
    return rc;
}

static enum rc open_broker(struct side *s, struct err *err)
{
    struct broker_cfg cfg = {.budget = &s->budget,
                             .store = s->store,
                             .key = s->id.key,
                             .token = s->token,
                             .own = s->own_id.key_public,
                             .is_own_last = s->o.has_own,
                             .attempts_max = (uint32_t)s->o.attempts,
                             .policy = &plan_fastest,
                             .entropy = entropy_os(),
                             .log = &s->log};
    struct entropy entropy = entropy_os();
    s->budget.limit_bytes = s->o.memory_bytes;
    s->own_budget.limit_bytes = s->o.memory_bytes;
    s->doors = map_new(s->arena, sizeof(uint64_t), BROKER_CONNS_MAX, entropy_u64(&entropy));
    enum rc rc = s->doors == NULL ? RC_NOMEM : broker_new(&s->broker, &cfg);
    return rc == RC_OK ? rc : err_set(err, rc, "cannot start the broker: %s", rc_text(rc));
}

static enum rc open_loop(struct side *s, struct err *err)
{
    enum rc rc = loop_new(&s->loop, err);
    if (rc == RC_OK)
        rc = nursery_listen(s->nursery, loop_uv(s->loop));
    if (rc == RC_OK)
        rc = loop_on_signal(s->loop, on_signal, s);
    if (rc == RC_OK)
        rc = loop_timer_new(&s->due, s->loop, on_due, s);
    if (rc == RC_OK)
        loop_set_sleep_hook(s->loop, drain, s);
    return rc == RC_OK ? rc : err_set(err, rc, "cannot start the event loop: %s", rc_text(rc));
}

static enum rc find_address(struct side *s, struct err *err)
{
    if (s->o.host != NULL) {
        bytes_to_text(bytes_text(s->o.host), s->host, sizeof s->host);
        s->port = (uint16_t)s->o.port;
        return RC_OK;
    }
    if (option_split_addr(s->o.listen, -1, s->host, sizeof s->host, &s->port))
        return RC_OK;
    return err_set(err, RC_CONFIG, "--listen %s: must be ADDR:PORT", s->o.listen);
}

static enum rc open_all(struct side *s, struct err *err)
{
    struct nursery_cfg nursery = {.code = &cell_code_kernels};
    enum rc rc = find_address(s, err);
    if (rc == RC_OK)
        rc = nursery_start(&s->nursery, s->arena, &nursery, err); // before there is a secret
    if (rc == RC_OK)
        rc = open_files(s, err);
    if (rc == RC_OK)
        rc = open_tls(s, err);
    if (rc == RC_OK)
        rc = open_broker(s, err);
    if (rc == RC_OK)
        rc = open_loop(s, err);
    if (rc == RC_OK)
        rc = listen_now(s, err);
    struct crew_cfg crew = {s->arena,          s->loop, s->nursery, (uint32_t)s->o.own_slots,
                            s->o.memory_bytes, s,       on_ready,   on_failed};
    s->last_conn = OWN_CONN;
    return rc == RC_OK ? crew_new(&s->crew, &crew, err) : rc;
}

static void close_all(struct side *s)
{
    size_t at = 0;
    web_server_free(s->server); // without on_close
    for (void *door; s->doors != NULL && (door = map_next(s->doors, &at)) != NULL;)
        budget_give(&s->budget, door);
    broker_free(s->broker);
    crew_free(s->crew);
    helper_free(s->own);
    nursery_stop(s->nursery);
    loop_timer_free(s->due);
    loop_free(s->loop);
    records_close(&s->records);
    kv_close(s->kv);
    tls_context_free(s->tls);
    id_end(&s->own_id);
    id_end(&s->id);
    arena_free(s->arena);
}

static int run(int argc, char **argv)
{
    struct side s = {.arena = arena_new(CMD_MEMORY_BYTES)};
    struct err err = {.rc = RC_NOMEM, .text = "out of memory"};
    if (s.arena == NULL)
        return cmd_fail(&err);
    if (!cmd_options(&command, &s.o, argc, argv, s.arena, &s.exit_code)) {
        arena_free(s.arena);
        return s.exit_code;
    }
    s.log = cmd_log(&s.o.common);
    if (open_all(&s, &err) == RC_OK)
        loop_run(s.loop);
    else
        s.exit_code = cmd_fail(&err);
    close_all(&s);
    return s.exit_code;
}

const struct cmd cmd_hub = {.options = &command, .run = run};
