// SPDX-License-Identifier: MIT
// The hub's doors: who comes by HTTP or WebSocket, within limits, and the machines behind.
#include "prog/hub/doors.h"

#include <string.h>

#include "base/map.h"
#include "base/num.h"
#include "base/text.h"
#include "os/clock.h"
#include "os/entropy.h"
#include "trust/share.h"

#define QUEUE_BYTES_MAX ((size_t)128 << 20) // tiles on their way to one gamer
#define FILES_KEPT      256u                // descriptors that are not for connections
#define BODY_BYTES_MAX  4096u               // of an HTTP request: none has a use for one

// Faults weigh: what only a broken or hostile peer does more than what a bad line does, too.
#define FAULT_TIMEOUT   1u
#define FAULT_SLOW      1u
#define FAULT_MALFORMED 5u
#define FAULTS_MAX      20u
#define FAULT_US        (60 * (uint64_t)US_PER_S)
#define BAN_US          (60 * (uint64_t)US_PER_S)
#define BAN_US_MAX      (3600 * (uint64_t)US_PER_S)
#define CONNECTS_A_S    20u
#define BURST_S         4u // of messages and bytes, after a pause

struct door { // a connection, and the number that its machine knows it by
    uint64_t number;
    struct web_conn *conn;
    const struct doors_machine *machine;
    struct broker_guest guest;
};

struct doors {
    struct doors_cfg cfg;
    struct web_server *server;
    struct guard *guard;
    struct arena *guard_arena;
    struct map *doors; // by number
    uint64_t last;
    struct loop_timer *span; // of the share
    struct share share;
    uint64_t span_us; // its beginning, by the clock
    uint64_t idle_us; // of the loop, until then
    uint64_t work_us; // for strangers, since then
};

// ---- Who may come in

// 127.0.0.1 and ::1. The others of 127/8 are as good as strangers', for whoever tries us out.
static bool is_own_address(const struct net_addr *a)
{
    const struct net_addr ip4 = net_addr_ip4(0x7f000001, a->port);
    const struct net_addr ip6 = {.ip = {[15] = 1}, .port = a->port};
    return net_addr_equal(a, &ip4) || net_addr_equal(a, &ip6);
}

static bool on_accept(void *self, const struct net_addr *from)
{
    struct doors *d = self;
    if (is_own_address(from))
        return true;
    struct guard_key key = guard_key_of(from);
    return guard_admit(d->guard, &key, loop_now_us(d->cfg.loop)) == RC_OK;
}

static void on_gone(void *self, const struct net_addr *from, enum web_end end)
{
    struct doors *d = self;
    if (is_own_address(from))
        return;
    struct guard_key key = guard_key_of(from);
    uint64_t now_us = loop_now_us(d->cfg.loop);
    uint32_t weight = 0;
    switch (end) {
    case WEB_END_NORMAL:
        break;
    case WEB_END_TIMEOUT:
        weight = FAULT_TIMEOUT;
        break;
    case WEB_END_MALFORMED:
        weight = FAULT_MALFORMED;
        break;
    case WEB_END_SLOW:
        weight = FAULT_SLOW;
        break;
    }
    guard_leave(d->guard, &key, now_us);
    if (guard_fault(d->guard, &key, weight, now_us))
        log_put(d->cfg.log, LOG_LEVEL_INFO, "doors", "an address is banned for=%llu s",
                (unsigned long long)(guard_banned_us(d->guard, &key, now_us) / US_PER_S));
}

// What was done for a stranger, in time. Microseconds for which it should wait.
static uint64_t spend(struct doors *d, const struct guard_key *key, uint64_t work_us,
                      uint64_t now_us)
{
    d->work_us += work_us;
    return guard_spend(d->guard, key, work_us, now_us);
}

static void on_span(void *self)
{
    struct doors *d = self;
    const uint64_t now_us = clock_now_us();
    const uint64_t idle_us = loop_idle_us(d->cfg.loop);
    guard_share(d->guard, share_next(&d->share, time_since(d->span_us, now_us),
                                     time_since(d->idle_us, idle_us), d->work_us));
    d->span_us = now_us;
    d->idle_us = idle_us;
    d->work_us = 0;
    loop_timer_at(d->span, time_after(now_us, SHARE_SPAN_US));
}

// As spend, for whoever is at the other end of connection `number`; 0: nobody.
static void bill(struct doors *d, uint64_t number, uint64_t work_us, uint64_t now_us)
{
    const struct door *door = map_get(d->doors, &number);
    if (door == NULL || is_own_address(web_peer_addr(door->conn)))
        return;
    struct guard_key key = guard_key_of(web_peer_addr(door->conn));
    const uint64_t wait_us = spend(d, &key, work_us, now_us);
    if (wait_us > 0)
        web_pause(door->conn, time_after(now_us, wait_us));
}

static void on_read(void *self, struct web_conn *conn, size_t bytes, size_t frames)
{
    struct doors *d = self;
    const struct net_addr *from = web_peer_addr(conn);
    if (is_own_address(from))
        return;
    struct guard_key key = guard_key_of(from);
    uint64_t now_us = clock_now_us(); // a turn of the loop may be long
    uint64_t wait_us = guard_charge(d->guard, &key, frames, bytes, now_us);
    wait_us = num_max(wait_us, spend(d, &key, web_work_us(conn), now_us));
    if (wait_us > 0)
        web_pause(conn, time_after(now_us, wait_us));
}

// ---- From the door to its machine

static bool refuse(struct http_response *refusal, unsigned status, const char *words)
{
    refusal->status = status;
    refusal->content_type = "text/plain";
    refusal->body = bytes_text(words);
    return false;
}

static const struct doors_path *path_of(const struct doors *d, const char *target)
{
    for (size_t i = 0; i < d->cfg.path_count; i++)
        if (strcmp(d->cfg.path[i].path, target) == 0)
            return &d->cfg.path[i];
    return NULL;
}

static bool on_upgrade(void *self, struct web_conn *conn, const struct http_request *request,
                       struct http_response *refusal)
{
    struct doors *d = self;
    const struct doors_path *path = path_of(d, request->target);
    if (path == NULL)
        return refuse(refusal, 404, "helpers and gamers connect to /v1, in JSON to /\n");
    if (http_field(request->message, "Origin") != NULL) // some web page, in somebody's browser
        return refuse(refusal, 403, "not for web pages\n");
    struct door *door = budget_take(d->cfg.budget, sizeof *door);
    uint64_t number = d->last + 1;
    if (door == NULL || map_put(d->doors, &number, door) != RC_OK) {
        budget_give(d->cfg.budget, door);
        return refuse(refusal, 503, "the hub is full\n");
    }
    d->last = number;
    *door = (struct door){
        .number = number,
        .conn = conn,
        .machine = path->machine,
        .guest = {.is_text = path->is_text, .is_local = is_own_address(web_peer_addr(conn))}};
    struct guard_key origin = guard_key_of(web_peer_addr(conn));
    memcpy(door->guest.origin, origin.b, sizeof door->guest.origin);
    web_set_user(conn, door);
    return true;
}

static void on_open(void *self, struct web_conn *conn)
{
    struct doors *d = self;
    const struct door *door = web_user(conn);
    log_put(d->cfg.log, LOG_LEVEL_DEBUG, "doors", "connection=%llu from=%s",
            (unsigned long long)door->number, web_peer_text(conn));
    const struct doors_machine *m = door->machine;
    m->open(m->self, door->number, &door->guest, loop_now_us(d->cfg.loop));
}

static void on_message(void *self, struct web_conn *conn, struct bytes message, bool is_text)
{
    struct doors *d = self;
    (void)is_text; // each dialect fails to read what is none of it
    const struct door *door = web_user(conn);
    const struct doors_machine *m = door->machine;
    const uint64_t number = door->number;
    const uint64_t payer = m->input(m->self, number, message, loop_now_us(d->cfg.loop));
    if (payer != number) // a result is at the expense of who asked for it
        bill(d, payer, web_work_us(conn), clock_now_us());
}

static void on_close(void *self, struct web_conn *conn, const char *reason)
{
    struct doors *d = self;
    struct door *door = web_user(conn);
    if (door == NULL)
        return;
    const struct doors_machine *m = door->machine;
    const uint64_t number = door->number;
    log_put(d->cfg.log, LOG_LEVEL_DEBUG, "doors", "connection=%llu ended: %s",
            (unsigned long long)number, reason);
    (void)map_del(d->doors, &number);
    budget_give(d->cfg.budget, door);
    m->closed(m->self, number, loop_now_us(d->cfg.loop));
}

static void on_request(void *self, struct web_conn *conn, const struct http_request *request,
                       struct http_response *response)
{
    struct doors *d = self;
    (void)conn;
    d->cfg.on_request(d->cfg.self, request, response);
}

// ---- From a machine to the door

static void hang_up(struct doors *d, const struct door *door, struct bytes why)
{
    char words[120];
    const struct doors_machine *m = door->machine;
    const uint64_t number = door->number;
    bytes_to_text(why, words, sizeof words);
    web_close(door->conn, 1008, words);
    m->closed(m->self, number, loop_now_us(d->cfg.loop));
}

// Sent, and paid for: an answer by who asked, a task by whose it is.
static enum rc put(struct doors *d, const struct door *door, const struct out *out)
{
    const uint64_t from_us = clock_now_us();
    const enum rc rc = web_send(door->conn, out->bytes, out->is_text);
    const uint64_t now_us = clock_now_us();
    bill(d, out->payer, time_since(from_us, now_us), now_us);
    return rc;
}

bool doors_do(struct doors *d, const struct out *out)
{
    const struct door *door = map_get(d->doors, &out->conn);
    if (door == NULL)
        return false;
    if (out->kind == OUT_CLOSE) {
        hang_up(d, door, out->bytes);
    } else if (out->kind == OUT_PAUSE) {
        web_pause(door->conn, out->until_us);
    } else {
        const enum rc rc = put(d, door, out);
        if (rc != RC_OK && rc != RC_CLOSED) // a slow reader must not hold our memory
            hang_up(d, door, bytes_text("too slow: the hub's queue for you is full"));
    }
    return true;
}

// ---- Opening

static enum rc make_guard(struct doors *d, uint64_t seed)
{
    const struct hub_options *o = d->cfg.options;
    struct guard_cfg cfg = {.keys_max = GUARD_KEYS_MAX,
                            .open_max = (uint32_t)o->address_conns,
                            .connect = {CONNECTS_A_S, num_max(o->address_conns, CONNECTS_A_S)},
                            .messages = guard_rate_of(o->address_messages, BURST_S),
                            .bytes = guard_rate_of(o->address_bytes, BURST_S),
                            .faults_max = FAULTS_MAX,
                            .fault_us = FAULT_US,
                            .ban_us = BAN_US,
                            .ban_us_max = BAN_US_MAX};
    d->guard_arena = arena_new(GUARD_ARENA_BYTES(GUARD_KEYS_MAX));
    return d->guard_arena == NULL ? RC_NOMEM : guard_new(&d->guard, d->guard_arena, &cfg, seed);
}

// A connection too many would not only be hung up on: the journal could open no file either.
static size_t connections_max(size_t files_max)
{
    const size_t left = files_max > FILES_KEPT ? files_max - FILES_KEPT : 1;
    return num_min(left, BROKER_CONNS_MAX - 1);
}

enum rc doors_open(struct doors **out, const struct doors_cfg *cfg, struct err *err)
{
    struct entropy entropy = entropy_os();
    struct doors *d = arena_take(cfg->arena, sizeof *d);
    *out = d;
    if (d == NULL)
        return err_set(err, RC_NOMEM, "out of memory");
    d->cfg = *cfg;
    d->last = cfg->first_conn;
    d->doors = map_new(cfg->arena, sizeof(uint64_t), BROKER_CONNS_MAX, entropy_u64(&entropy));
    if (d->doors == NULL || make_guard(d, entropy_u64(&entropy)) != RC_OK)
        return err_set(err, RC_NOMEM, "out of memory for connections");
    struct web_listen_cfg listen = {
        .address = cfg->host, .port = cfg->port, .tls = cfg->tls, .limits = web_limits_default()};
    listen.limits.connections_max = connections_max(cfg->files_max);
    listen.limits.message_bytes_max = MSG_BYTES_MAX;
    listen.limits.body_bytes_max = BODY_BYTES_MAX;
    listen.limits.queue_bytes_max = QUEUE_BYTES_MAX;
    listen.limits.memory_bytes_max = cfg->options->memory_bytes;
    struct web_handlers handlers = {.self = d,
                                    .on_accept = on_accept,
                                    .on_gone = on_gone,
                                    .on_read = on_read,
                                    .on_request = on_request,
                                    .on_upgrade = on_upgrade,
                                    .on_open = on_open,
                                    .on_message = on_message,
                                    .on_close = on_close};
    d->share = share_first();
    d->span_us = clock_now_us();
    if (loop_timer_new(&d->span, cfg->loop, on_span, d) != RC_OK)
        return err_set(err, RC_NOMEM, "out of memory for connections");
    on_span(d);
    return web_listen(&d->server, cfg->loop, &listen, &handlers, err);
}

void doors_close(struct doors *d)
{
    size_t at = 0;
    if (d == NULL)
        return;
    web_server_free(d->server); // without on_close
    for (void *door; d->doors != NULL && (door = map_next(d->doors, &at)) != NULL;)
        budget_give(d->cfg.budget, door);
    loop_timer_free(d->span);
    arena_free(d->guard_arena);
}

uint16_t doors_port(const struct doors *d)
{
    return web_port(d->server);
}

struct guard_stat doors_stat(struct doors *d)
{
    return guard_stat(d->guard, loop_now_us(d->cfg.loop));
}

size_t doors_count(const struct doors *d)
{
    return web_connections(d->server);
}
