// SPDX-License-Identifier: MIT
// `shoal hub`: coordinates helpers and gamers.
#include <assert.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "compute/broker.h"
#include "compute/helper.h"
#include "compute/results.h"
#include "hub/api.h"
#include "hub/metrics.h"
#include "os/clock.h"
#include "os/entropy.h"
#include "os/loop.h"
#include "os/nursery.h"
#include "os/tls.h"
#include "prog/cell_code.h"
#include "prog/cmd.h"
#include "prog/crew.h"
#include "prog/hub/archive.h"
#include "prog/hub/doors.h"
#include "prog/hub/figures.h"
#include "prog/hub/options.h"
#include "prog/hub/trace.h"
#include "prog/hub/view.h"
#include "prog/json_line.h"
#include "prog/objects.h"

#define OWN_CONN       1u // the broker's number for the hub's own compute
#define OWN_AGAIN_US   100000u
#define TOKEN_BYTES    16u
#define BODY_BYTES_MAX 32768u // of an HTTP answer: all figures
#define HEALTH_US      (30 * (uint64_t)US_PER_S)
#define BURST_BYTES    ((size_t)8 << 20) // of work and records, that came and went
#define CLEAN_US       (60 * (uint64_t)US_PER_S)
#define DAY_S          86400u
#define HOUR_S         3600.0

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
    struct loop_timer *commit; // archive_take
    struct loop_timer *health;
    struct loop_timer *clean;
    struct loop_timer *again; // own compute takes its seat
    uint64_t start_us;
    bool is_commit_armed;
    struct id id;
    struct id own_id;
    struct objects objects;
    struct objects results; // long ones
    struct archive archive;
    struct log log;
    struct tls_context *tls;
    struct doors_machine machine; // the broker
    struct doors_path path[2];
    struct doors *doors;
    struct budget budget;
    size_t peak_bytes; // that was in use since memory went back to the system
    struct broker *broker;
    struct crew *crew;
    struct helper *own; // NULL until the crew has measured itself
    struct budget own_budget;
    struct hub_view view;
    struct hub_figures *figures;
    struct hub_trace trace;
    char body[BODY_BYTES_MAX]; // of an HTTP answer
    int exit_code;
};

// Without its own compute the hub could verify nothing: it takes its seat again, but not at once:
// where memory is out, it would be refused again and again within one turn of the loop.
static void own_lost(struct side *s)
{
    uint64_t now_us = loop_now_us(s->loop);
    broker_closed(s->broker, OWN_CONN, now_us);
    helper_closed(s->own);
    loop_timer_at(s->again, time_after(now_us, OWN_AGAIN_US));
}

static void on_again(void *self)
{
    struct side *s = self;
    helper_open(s->own);
    broker_open(s->broker, OWN_CONN, NULL, loop_now_us(s->loop));
}

// What the broker wants, and what its own helper wants, until neither wants anything.
static bool drain_broker(struct side *s)
{
    struct out out;
    bool did = false;
    while (broker_next(s->broker, &out)) {
        did = true;
        const bool is_own = out.conn == OWN_CONN;
        if (!is_own && !doors_do(s->doors, &out))
            broker_closed(s->broker, out.conn, loop_now_us(s->loop));
        else if (is_own && out.kind == OUT_SEND)
            helper_input(s->own, out.bytes, loop_now_us(s->loop));
        else if (is_own)
            own_lost(s);
    }
    return did;
}

static bool drain_own(struct side *s)
{
    struct helper_out out;
    struct helper_event e;
    bool did = false;
    while (helper_next(s->own, &out)) {
        did = true;
        if (out.kind == HELPER_SEND)
            broker_input(s->broker, OWN_CONN, out.bytes, loop_now_us(s->loop));
        else if (out.kind == HELPER_CLOSE)
            own_lost(s);
        else
            crew_do(s->crew, &out);
    }
    while (helper_event(s->own, &e))
        if (e.kind == HELPER_EVENT_FAILED)
            log_put(&s->log, LOG_LEVEL_WARN, "hub", "own compute failed: %s", e.text);
    return did;
}

static void drain(void *self)
{
    struct side *s = self;
    struct broker_note note;
    uint64_t now_us = loop_now_us(s->loop);
    if (s->own == NULL)
        return; // not yet open for anybody
    for (bool more = true; more;) {
        more = drain_broker(s);
        more = drain_own(s) || more;
    }
    while (broker_note(s->broker, &note))
        hub_view_note(&s->view, &note, now_us);
    if (!s->is_commit_armed && broker_has_records(s->broker)) {
        s->is_commit_armed = true;
        loop_timer_at(s->commit, time_after(now_us, ARCHIVE_COMMIT_US));
    }
    loop_timer_at(s->due, num_min(broker_due_us(s->broker), helper_due_us(s->own)));
}

static void on_due(void *self)
{
    struct side *s = self;
    broker_tick(s->broker, loop_now_us(s->loop));
    helper_tick(s->own, loop_now_us(s->loop));
}

// After a burst, what it took goes back to the system: the C library would keep it, in small pieces
// between others, for as long as the hub lives. That takes some 8 ms, after what took longer.
static void give_back(struct side *s)
{
    const size_t bytes = s->budget.used_bytes + archive_stat(&s->archive).pending_bytes;
    s->peak_bytes = num_max(s->peak_bytes, bytes);
    if (bytes + BURST_BYTES > s->peak_bytes)
        return;
    (void)malloc_trim(0); // tells only whether there was any
    s->peak_bytes = bytes;
}

static void on_commit(void *self)
{
    struct side *s = self;
    s->is_commit_armed = false;
    archive_take(&s->archive, s->broker, clock_wall_s());
    give_back(s);
}

static void on_health(void *self)
{
    struct side *s = self;
    struct broker_stat stat = broker_stat(s->broker);
    struct journal_stat journal = archive_stat(&s->archive);
    struct hub_health health = {.up_us = time_since(s->start_us, loop_now_us(s->loop)),
                                .commit_us =
                                    journal.commits > 0 ? journal.write_us / journal.commits : 0,
                                .is_written = journal.rc == RC_OK};
    hub_view_flush(&s->view, loop_now_us(s->loop));
    hub_view_health(&s->view, &stat, &health);
    loop_timer_at(s->health, time_after(loop_now_us(s->loop), HEALTH_US));
}

// By UTC: where it is evening does not matter, that it comes back every day does.
static void tell_hour(struct side *s)
{
    broker_hour(s->broker, (double)(clock_wall_s() % DAY_S) / HOUR_S);
}

static void on_clean(void *self)
{
    struct side *s = self;
    archive_clean(&s->archive, clock_wall_s());
    tell_hour(s);
    loop_timer_at(s->clean, time_after(loop_now_us(s->loop), CLEAN_US));
}

// ---- What is asked by HTTP

static struct api_answer page_hello(void *self, struct text *body)
{
    (void)self;
    return api_hello(body);
}

static struct api_answer page_health(void *self, struct text *body)
{
    const struct side *s = self;
    return api_health(s->own != NULL, archive_stat(&s->archive).rc == RC_OK, body);
}

static struct api_answer page_status(void *self, struct text *body)
{
    const struct side *s = self;
    const struct broker_stat stat = broker_stat(s->broker);
    return api_status(&stat, body);
}

static struct api_answer page_metrics(void *self, struct text *body)
{
    struct side *s = self;
    struct hub_sources from = {.broker = s->broker,
                               .doors = doors_stat(s->doors),
                               .connections = doors_count(s->doors),
                               .journal = archive_stat(&s->archive),
                               .objects = store_stat(s->objects.store),
                               .results = store_stat(s->results.store),
                               .up_us = time_since(s->start_us, loop_now_us(s->loop))};
    const bool is_whole = hub_figures_put(s->figures, &from, body) == RC_OK;
    return (struct api_answer){is_whole ? 200 : 500, METRICS_TYPE};
}

static const struct api_page pages[] = {{"GET", "/", page_hello},
                                        {"GET", "/healthz", page_health},
                                        {"GET", "/status", page_status},
                                        {"GET", "/metrics", page_metrics}};

static void on_request(void *self, const struct http_request *request,
                       struct http_response *response)
{
    struct side *s = self;
    struct text text = text_of(s->body, sizeof s->body);
    const struct api_answer a =
        api_answer(pages, ARRAY_COUNT(pages), s, bytes_text(request->method),
                   bytes_text(request->target), &text);
    response->status = a.status;
    response->content_type = a.type;
    response->body = bytes_of(s->body, text.len);
}

// ---- Who comes by WebSocket

static void open_conn(void *self, uint64_t conn, const struct broker_guest *guest, uint64_t now_us)
{
    broker_open(self, conn, guest, now_us);
}

static uint64_t conn_says(void *self, uint64_t conn, struct bytes message, uint64_t now_us)
{
    return broker_input(self, conn, message, now_us);
}

static void conn_closed(void *self, uint64_t conn, uint64_t now_us)
{
    broker_closed(self, conn, now_us);
}

// Our CBOR, and the JSON of doc/vocabulary.md: two dialects of one broker.
static void make_paths(struct side *s)
{
    s->machine = (struct doors_machine){s->broker, open_conn, conn_says, conn_closed};
    s->path[0] = (struct doors_path){"/v1", .machine = &s->machine};
    s->path[1] = (struct doors_path){"/", .is_text = true, .machine = &s->machine};
}

// ---- Making it

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
        return cmd_of_machine(tls_server_context(&s->tls, o->certificate, o->key, err));
    return cmd_of_machine(tls_self_made_context(&s->tls, s->state, err));
}

static void announce_as_json(const struct side *s)
{
    struct json_line line;
    struct json_writer *w = json_line_start(&line, "listening");
    json_put_bytes(w, "address", bytes_text(s->host));
    json_put_u64(w, "port", doors_port(s->doors));
    json_line_end(&line);
}

static void announce(const struct side *s)
{
    if (s->o.common.is_json) {
        announce_as_json(s);
        return;
    }
    printf("shoal hub listening on %s:%u (%s)\n", s->host, doors_port(s->doors),
           s->tls != NULL ? "TLS" : "plain");
    if (s->tls != NULL) {
        char hex[DIGEST_HEX_BYTES];
        struct digest print = tls_context_fingerprint(s->tls);
        digest_hex(&print, hex);
        printf("  certificate %s\n", hex);
    }
    printf("  helpers: shoal helper --hub HOST:%u\n  gamers:  shoal play --hub HOST:%u%s%s\n",
           doors_port(s->doors), doors_port(s->doors), s->token.len > 0 ? " --token-file " : "",
           s->token.len > 0 ? s->token_path : "");
    struct broker_stat stat = broker_stat(s->broker);
    if (stat.restored > 0)
        printf("taken up again after the last run: %llu jobs, %u of them not done\n",
               (unsigned long long)stat.restored, stat.frames + stat.runs);
}

static enum rc open_doors(struct side *s, struct err *err)
{
    struct doors_cfg cfg = {.loop = s->loop,
                            .arena = s->arena,
                            .budget = &s->budget,
                            .path = s->path,
                            .path_count = ARRAY_COUNT(s->path),
                            .log = &s->log,
                            .options = &s->o,
                            .host = s->host,
                            .port = s->port,
                            .files_max = file_raise_limit(),
                            .tls = s->tls,
                            .first_conn = OWN_CONN,
                            .self = s,
                            .on_request = on_request};
    make_paths(s);
    return cmd_of_machine(doors_open(&s->doors, &cfg, err));
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
        .store = s->objects.store,
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
    helper_open(s->own);
    broker_open(s->broker, OWN_CONN, NULL, loop_now_us(s->loop));
    announce(s);
    on_health(s);
    tell_hour(s);
    loop_timer_at(s->clean, time_after(loop_now_us(s->loop), CLEAN_US));
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

// Results can be made again, so they are not synced; the broker hashes what it reads.
static enum rc open_results(struct side *s, const char *path, struct err *err)
{
    const struct objects_cfg cfg = {.path = path,
                                    .bytes_max = s->o.results_bytes,
                                    .objects_max = RESULTS_MAX,
                                    .is_cache = true};
    return objects_open(&s->results, s->arena, &cfg, err);
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
        rc = cmd_path(path, s->state, "objects", err);
    if (rc == RC_OK)
        rc = objects_open(&s->objects, s->arena,
                          &(struct objects_cfg){.path = path, .bytes_max = s->o.store_bytes}, err);
    if (rc == RC_OK)
        rc = cmd_path(path, s->state, "results", err);
    if (rc == RC_OK)
        rc = open_results(s, path, err);
    return rc;
}

// After the loop, on which it writes.
static enum rc open_archive(struct side *s, struct err *err)
{
    char path[FILE_PATH_BYTES];
    enum rc rc = cmd_path(path, s->state, "results.db", err);
    if (rc == RC_OK)
        rc = archive_open(&s->archive, s->loop, s->o.db != NULL ? s->o.db : path, &s->log, err);
    if (rc == RC_OK)
        rc = archive_restore(&s->archive, s->broker, loop_now_us(s->loop), clock_wall_s(), err);
    return cmd_of_machine(rc);
}

static enum rc open_broker(struct side *s, struct err *err)
{
    struct broker_cfg cfg = {.budget = &s->budget,
                             .store = s->objects.store,
                             .results = s->results.store,
                             .key = s->id.key,
                             .token = s->token,
                             .own = s->own_id.key_public,
                             .is_own_last = s->o.has_own,
                             .attempts_max = (uint32_t)s->o.attempts,
                             .limits = {.conns = (uint32_t)s->o.key_conns,
                                        .messages_s = s->o.address_messages,
                                        .bytes_s = s->o.address_bytes},
                             .watch = s->o.trace != NULL ? &s->trace.watch : NULL,
                             .policy = policy_find(s->o.policy),
                             .ahead = (uint32_t)s->o.ahead,
                             .entropy = entropy_os(),
                             .log = &s->log};
    s->budget.limit_bytes = s->o.memory_bytes;
    s->own_budget.limit_bytes = s->o.memory_bytes;
    s->view = (struct hub_view){.is_json = s->o.common.is_json, .is_quiet = s->o.is_quiet};
    s->figures = hub_figures_new(s->arena);
    enum rc rc = s->figures == NULL ? RC_NOMEM : RC_OK;
    if (rc == RC_OK && s->o.trace != NULL) {
        rc = hub_trace_open(&s->trace, s->o.trace, &s->log, err);
        if (rc != RC_OK)
            return rc;
    }
    if (rc == RC_OK)
        rc = broker_new(&s->broker, &cfg);
    return rc == RC_OK ? rc : err_set(err, rc, "cannot start the broker: %s", rc_text(rc));
}

static enum rc open_loop(struct side *s, struct err *err)
{
    enum rc rc = loop_new(&s->loop, err);
    if (rc == RC_OK)
        rc = nursery_listen(s->nursery, s->loop);
    if (rc == RC_OK)
        rc = loop_on_signal(s->loop, on_signal, s);
    if (rc == RC_OK)
        rc = loop_timer_new(&s->due, s->loop, on_due, s);
    if (rc == RC_OK)
        rc = loop_timer_new(&s->commit, s->loop, on_commit, s);
    if (rc == RC_OK)
        rc = loop_timer_new(&s->health, s->loop, on_health, s);
    if (rc == RC_OK)
        rc = loop_timer_new(&s->clean, s->loop, on_clean, s);
    if (rc == RC_OK)
        rc = loop_timer_new(&s->again, s->loop, on_again, s);
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

static enum rc open_all(void *self, struct arena *arena, struct err *err)
{
    struct side *s = self;
    const struct nursery_cfg nursery = {.code = &cell_code_kernels};
    s->arena = arena;
    s->log = cmd_log(&s->o.common);
    if (policy_find(s->o.policy) == NULL)
        return err_set(err, RC_CONFIG, "--policy %s: no such one; see --help", s->o.policy);
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
        rc = open_archive(s, err);
    if (rc == RC_OK)
        rc = open_doors(s, err);
    struct crew_cfg crew = {s->arena,          s->loop, s->nursery, (uint32_t)s->o.own_slots,
                            s->o.memory_bytes, s,       on_ready,   on_failed};
    s->start_us = clock_now_us();
    return rc == RC_OK ? crew_new(&s->crew, &crew, err) : rc;
}

static int run(void *self)
{
    struct side *s = self;
    loop_run(s->loop);
    return s->exit_code;
}

static void close_all(void *self)
{
    struct side *s = self;
    doors_close(s->doors);
    if (s->broker != NULL && s->archive.journal != NULL)
        archive_take(&s->archive, s->broker, clock_wall_s());
    archive_close(&s->archive);
    broker_free(s->broker);
    hub_trace_close(&s->trace);
    crew_free(s->crew);
    helper_free(s->own);
    nursery_stop(s->nursery);
    loop_timer_free(s->due);
    loop_timer_free(s->commit);
    loop_timer_free(s->health);
    loop_timer_free(s->clean);
    loop_timer_free(s->again);
    loop_free(s->loop);
    objects_close(&s->objects);
    objects_close(&s->results);
    tls_context_free(s->tls);
    id_end(&s->own_id);
    id_end(&s->id);
}

const struct cmd cmd_hub = {.options = &hub_command,
                            .side_bytes = sizeof(struct side),
                            .open = open_all,
                            .run = run,
                            .close = close_all};
