// SPDX-License-Identifier: MIT
// The part of a check-up that goes to a hub as a gamer does, step by step.
//
//     HEALTH --> OPENING --> STATUS --> ECHO --> RATE --> OVER
//       |           |          ^ |                         ^
//       v           +----------+ +-- not let in -----------+   OPENING: not let in goes on to
//     OTHER: would it answer with TLS, or without? --------+   STATUS; no hub at all is OVER
#include "prog/doctor/hub.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/rng.h"
#include "base/text.h"
#include "compute/client.h"
#include "compute/outbox.h"
#include "kernel/echo.h"
#include "os/clock.h"
#include "os/entropy.h"
#include "os/get.h"
#include "prog/cmd.h"
#include "wire/json.h"

#define MEMORY_BYTES ((size_t)4 << 20) // messages on their way
#define STATUS_BYTES 65536u
#define WHO_MAX      4u  // helpers that are named
#define CLOCK_S_MAX  30u // further apart, and a person should know
#define SLOW_US      100000u
#define SLOW_BYTES_S 1000000u

struct lap { // echoes of one kind
    uint32_t bytes;
    uint32_t count;   // the first one, which may start something up, is not measured
    uint32_t at_once; // on their way
};

static const struct lap small = {.bytes = 32, .count = 21, .at_once = 1};
static const struct lap large = {.bytes = KERNEL_PARAMS_BYTES_MAX, .count = 25, .at_once = 4};
#define LAP_MAX 25u

enum phase {
    PHASE_HEALTH,
    PHASE_OTHER,
    PHASE_OPENING,
    PHASE_STATUS,
    PHASE_ECHO,
    PHASE_RATE,
    PHASE_OVER
};

struct doctor_hub {
    struct doctor_hub_cfg cfg;
    enum phase phase;
    struct loop_timer *timer; // of a step's patience; GETs have their own
    struct uplink *uplink;
    struct tls_context *other_tls; // to try TLS where it is not used; NULL: not wanted yet
    struct get *get;               // NULL: none under way
    bool is_looking;               // a name's lookup outlived its GET
    struct client client;
    struct outbox outbox;
    struct budget budget;
    uint64_t owed[1];
    bool has_challenge;
    bool was_in;
    uint64_t helpers;

    const struct lap *lap;
    uint64_t seed; // of what is echoed: nobody has seen it before
    uint64_t job;  // the last one sent
    uint64_t first_job;
    uint32_t done_count;
    uint64_t start_us; // when the first one that counts was under way
    uint64_t sent_us[LAP_MAX];
    uint64_t took_us[LAP_MAX];
    char who[WHO_MAX][MSG_NAME_BYTES];
    uint32_t who_count;
    uint8_t room[KERNEL_PARAMS_BYTES_MAX];
};

static void finish(struct doctor_hub *h)
{
    if (h->phase == PHASE_OVER)
        return;
    h->phase = PHASE_OVER;
    loop_timer_at(h->timer, UINT64_MAX);
    uplink_close(h->uplink, "done");
    h->cfg.on_done(h->cfg.self);
}

static void be_patient(struct doctor_hub *h)
{
    loop_timer_at(h->timer, time_after(loop_now_us(h->cfg.loop), h->cfg.timeout_us));
}

static void ask(struct doctor_hub *h, const char *path, struct tls_context *tls,
                void (*on_done)(void *self, const struct get_result *r))
{
    const struct uplink_address a = uplink_address(h->uplink);
    const struct get_cfg cfg = {.host = a.host,
                                .port = a.port,
                                .path = path,
                                .tls = tls,
                                .timeout_us = h->cfg.timeout_us,
                                .body_bytes_max = STATUS_BYTES};
    const struct get_handlers handlers = {h, on_done};
    struct err err;
    if (get_start(&h->get, h->cfg.loop, &cfg, &handlers, &err) == RC_OK)
        return;
    doctor_say(h->cfg.view, DOCTOR_FAIL, "name", "%s", err.text);
    finish(h);
}

// ---- Name, connection, encryption, health, clock

static void say_name(struct doctor_hub *h, const struct get_result *r)
{
    struct doctor_view *v = h->cfg.view;
    const char *host = uplink_address(h->uplink).host;
    if (r->stage > GET_NAME) {
        const char *bare = r->address + (r->address[0] == '[');
        if (strncmp(bare, host, strlen(host)) == 0)
            doctor_say(v, DOCTOR_OK, "name", "%s is an address", host);
        else
            doctor_say(v, DOCTOR_OK, "name", "%s is at %s", host, r->address);
        return;
    }
    if (r->rc == RC_ABSENT)
        doctor_fix(v, "check how it is written, or give the hub's address instead: "
                      "`hostname -I` on its machine tells it");
    else
        doctor_fix(v, "no name server answers: is this machine online? With the hub's address "
                      "(`hostname -I` on its machine) none is needed");
    doctor_say(v, DOCTOR_FAIL, "name", "%s cannot be found: %s", host, r->why);
}

static void fix_connection(struct doctor_hub *h, enum rc rc)
{
    struct doctor_view *v = h->cfg.view;
    const struct uplink_address a = uplink_address(h->uplink);
    if (rc == RC_REFUSED && cmd_is_loopback(a.host))
        doctor_fix(v, "no hub listens there: start one with `shoal hub --listen 127.0.0.1:%u`",
                   a.port);
    else if (rc == RC_REFUSED)
        doctor_fix(v,
                   "the machine is there, but no hub listens on that port: start one with "
                   "`shoal hub --listen 0.0.0.0:%u` (on 127.0.0.1 it hears nobody else)",
                   a.port);
    else if (rc == RC_TIMEOUT)
        doctor_fix(v,
                   "is the machine on, and is that its port? A firewall may swallow what comes "
                   "to TCP port %u: let it through on the hub's machine and on its router",
                   a.port);
    else
        doctor_fix(v, "this machine has no way there: is it online, and in the same network or "
                      "VPN as the hub?");
}

static void say_connection(struct doctor_hub *h, const struct get_result *r)
{
    struct doctor_view *v = h->cfg.view;
    char time[32];
    struct text t = text_of(time, sizeof time);
    if (r->stage > GET_CONNECTION) {
        text_add_time(&t, r->connection_us);
        doctor_number(v, "ms", (double)r->connection_us / 1000);
        doctor_say(v, DOCTOR_OK, "connection", "%s takes calls, after %s", r->address, time);
        return;
    }
    fix_connection(h, r->rc);
    doctor_say(v, DOCTOR_FAIL, "connection", "%s does not take calls: %s", r->address, r->why);
}

static void say_plain(struct doctor_hub *h)
{
    struct doctor_view *v = h->cfg.view;
    if (cmd_is_loopback(uplink_address(h->uplink).host)) {
        doctor_say(v, DOCTOR_OK, "encryption", "none, and none is needed: the hub is this machine");
        return;
    }
    doctor_fix(v, "start the hub with --tls, and leave --no-tls out here");
    doctor_say(v, DOCTOR_WARN, "encryption", "none: whoever is on the way can read along");
}

// False: this certificate is not to be trusted.
static bool say_certificate(struct doctor_hub *h, const struct get_result *r)
{
    struct doctor_view *v = h->cfg.view;
    struct err err = {.text = ""};
    char hex[DIGEST_HEX_BYTES];
    digest_hex(&r->fingerprint, hex);
    switch (uplink_judge(h->uplink, &r->fingerprint, r->is_trusted, &err)) {
    case UPLINK_VOUCHED:
        doctor_say(v, DOCTOR_OK, "encryption", "TLS, a system authority vouches for the hub");
        return true;
    case UPLINK_KNOWN:
        doctor_say(v, DOCTOR_OK, "encryption", "TLS, with the hub's certificate as before");
        return true;
    case UPLINK_FIRST:
        doctor_fix(v,
                   "is it the one that the hub prints when it starts? If not, somebody is in "
                   "between: remove its line from %s/known_hubs",
                   h->cfg.state);
        doctor_say(v, DOCTOR_WARN, "encryption", "TLS, first contact with certificate %s", hex);
        return true;
    case UPLINK_OTHER:
        doctor_fix(v, "%s", err.text);
        doctor_say(v, DOCTOR_FAIL, "encryption",
                   "the hub shows another certificate than before, or somebody else answers: %s",
                   hex);
        return false;
    case UPLINK_UNKNOWN:
        break;
    }
    doctor_say(v, DOCTOR_FAIL, "encryption", "TLS, but %s", err.text);
    return false;
}

static void say_health(struct doctor_view *v, const struct get_result *r)
{
    if (r->status == 200 && bytes_is(r->body, "ok\n")) {
        doctor_number(v, "ms", (double)r->answer_us / 1000);
        doctor_say(v, DOCTOR_OK, "health", "GET /healthz says ok");
        return;
    }
    if (r->status >= 500)
        doctor_fix(v, "it cannot take work now: look at what it says where it runs");
    else
        doctor_fix(v, "this is a web server, but no hub: check the port, 8765 unless the hub was "
                      "told another");
    doctor_say(v, DOCTOR_FAIL, "health", "GET /healthz is answered with status %u", r->status);
}

static void say_clock(struct doctor_view *v, const struct get_result *r)
{
    if (!r->has_date) {
        doctor_say(v, DOCTOR_SKIP, "clock", "the hub does not tell its time");
        return;
    }
    const uint64_t own_s = clock_wall_s();
    const uint64_t off_s = own_s > r->date_s ? own_s - r->date_s : r->date_s - own_s;
    doctor_number(v, "off_s", (double)own_s - (double)r->date_s);
    if (off_s > CLOCK_S_MAX)
        doctor_fix(v, "certificates are judged by the clock: `timedatectl set-ntp true` on the "
                      "machine that is wrong");
    doctor_say(v, off_s > CLOCK_S_MAX ? DOCTOR_WARN : DOCTOR_OK, "clock",
               "%" PRIu64 " s from the hub's", off_s);
}

// Nobody sensible answered: is it only that one side encrypts and the other does not?
static void on_other(void *self, const struct get_result *r)
{
    struct doctor_hub *h = self;
    struct doctor_view *v = h->cfg.view;
    const bool uses_tls = uplink_address(h->uplink).tls != NULL;
    h->get = NULL;
    if (r->stage != GET_DONE) {
        doctor_fix(v, "something else listens there: check the port, 8765 unless the hub was told "
                      "another");
        doctor_say(v, DOCTOR_FAIL, "encryption",
                   "what answers at %s is no hub: neither with TLS nor without", r->address);
    } else if (uses_tls) {
        doctor_fix(v, "start the hub with --tls, or, if nobody can listen in between, say "
                      "--no-tls here");
        doctor_say(v, DOCTOR_FAIL, "encryption",
                   "the hub does not encrypt, and here TLS is wanted");
    } else {
        doctor_fix(v, "say --tls here");
        doctor_say(v, DOCTOR_FAIL, "encryption", "the hub speaks TLS, and here it is not wanted");
    }
    finish(h);
}

static void ask_other(struct doctor_hub *h)
{
    struct err err;
    const bool uses_tls = uplink_address(h->uplink).tls != NULL;
    h->phase = PHASE_OTHER;
    if (!uses_tls && tls_client_context(&h->other_tls, &err) != RC_OK) {
        doctor_say(h->cfg.view, DOCTOR_FAIL, "encryption", "%s", err.text);
        finish(h);
        return;
    }
    ask(h, "/healthz", uses_tls ? NULL : h->other_tls, on_other);
}

static void open_socket(struct doctor_hub *h);

static void on_health(void *self, const struct get_result *r)
{
    struct doctor_hub *h = self;
    struct doctor_view *v = h->cfg.view;
    h->get = NULL;
    h->is_looking = r->stage == GET_NAME && r->rc == RC_TIMEOUT;
    say_name(h, r);
    if (r->stage > GET_NAME)
        say_connection(h, r);
    if (r->stage <= GET_CONNECTION) {
        finish(h);
        return;
    }
    if (r->stage < GET_DONE) {
        ask_other(h);
        return;
    }
    bool is_good = true;
    if (uplink_address(h->uplink).tls != NULL)
        is_good = say_certificate(h, r);
    else
        say_plain(h);
    if (is_good) {
        say_health(v, r);
        say_clock(v, r);
        is_good = r->status == 200;
    }
    if (is_good)
        open_socket(h);
    else
        finish(h);
}

// ---- Protocol and token

static void flush(struct doctor_hub *h)
{
    struct out out;
    while (outbox_next(&h->outbox, &out)) {
        if (out.kind == OUT_SEND)
            uplink_send(h->uplink, out.bytes);
        else
            uplink_close(h->uplink, "out of memory");
    }
}

static void open_socket(struct doctor_hub *h)
{
    struct err err;
    h->phase = PHASE_OPENING;
    if (uplink_open(h->uplink, &err) != RC_OK) {
        doctor_say(h->cfg.view, DOCTOR_FAIL, "protocol", "%s", err.text);
        finish(h);
        return;
    }
    be_patient(h);
}

static void say_no_protocol(struct doctor_hub *h, const char *why)
{
    doctor_fix(h->cfg.view, "are both sides of the same version? A proxy in between must let "
                            "WebSockets through");
    doctor_say(h->cfg.view, DOCTOR_FAIL, "protocol", "%s", why);
}

static void say_not_let_in(struct doctor_hub *h, const char *why)
{
    struct doctor_view *v = h->cfg.view;
    doctor_fix(v,
               "%s: copy the token file that the hub names when it starts to %s/token here, or "
               "name yours with --token-file",
               h->cfg.token.len == 0 ? "there is no token here" : "the token here is not the hub's",
               h->cfg.state);
    doctor_say(v, DOCTOR_FAIL, "gamer", "%s", why);
}

static void on_status(void *self, const struct get_result *r);

static void look_at_client(struct doctor_hub *h)
{
    struct doctor_view *v = h->cfg.view;
    const struct client *c = &h->client;
    if (c->state == CLIENT_SAID && !h->has_challenge) {
        h->has_challenge = true;
        doctor_say(v, DOCTOR_OK, "protocol", "a hub, protocol version %u", MSG_VERSION);
    } else if (c->state == CLIENT_OUT && !h->has_challenge) {
        say_no_protocol(h, c->refusal.text);
        finish(h);
    } else if (c->state == CLIENT_OUT || c->state == CLIENT_IN) {
        loop_timer_at(h->timer, UINT64_MAX);
        h->phase = PHASE_STATUS;
        if (c->state == CLIENT_OUT)
            say_not_let_in(h, c->refusal.text);
        else
            doctor_say(v, DOCTOR_OK, "gamer", "the hub lets this machine's owner in");
        h->was_in = c->state == CLIENT_IN;
        ask(h, "/status", uplink_address(h->uplink).tls, on_status);
    }
}

// ---- Helpers, and tasks there and back

static void fill(const struct doctor_hub *h, uint64_t job, uint8_t *out)
{
    struct buffer b = buffer_of(out, h->lap->bytes);
    for (uint32_t i = 0; i < h->lap->bytes / 8; i++)
        buffer_u64le(&b, rng_mix(num_wrap_add(h->seed, num_wrap_add(job << 32, i))));
    assert(!b.is_full && b.len == h->lap->bytes);
}

static void send_runs(struct doctor_hub *h)
{
    const struct lap *lap = h->lap;
    while (h->job < h->first_job + lap->count - 1 &&
           h->job - (h->first_job - 1) - h->done_count < lap->at_once) {
        h->job++;
        fill(h, h->job, h->room);
        struct msg m = {.type = MSG_RUN,
                        .as.run = {.job = h->job,
                                   .label = "doctor",
                                   .deadline_ms = (uint32_t)(h->cfg.timeout_us / US_PER_MS),
                                   .spec.params = bytes_of(h->room, lap->bytes)}};
        bytes_to_text(bytes_text(echo_kernel.name), m.as.run.spec.kernel, TASK_KERNEL_BYTES);
        h->sent_us[h->job - h->first_job] = clock_now_us();
        outbox_send(&h->outbox, 0, &m);
    }
    flush(h);
    be_patient(h);
}

static void start_lap(struct doctor_hub *h, enum phase phase, const struct lap *lap)
{
    assert(lap->count <= LAP_MAX);
    h->phase = phase;
    h->lap = lap;
    h->first_job = h->job + 1;
    h->done_count = 0;
    h->who_count = 0;
    send_runs(h);
}

// needs_helper: with one it might have gone well.
static void say_no_echo(struct doctor_hub *h, bool needs_helper, const char *why)
{
    struct doctor_view *v = h->cfg.view;
    const bool is_alone = needs_helper && h->helpers == 0;
    if (is_alone)
        doctor_fix(v, "without a helper, and without the hub's own compute, nobody can do it");
    else
        doctor_fix(v, "look at what hub and helpers say where they run");
    doctor_say(v, is_alone ? DOCTOR_WARN : DOCTOR_FAIL, h->phase == PHASE_RATE ? "rate" : "echo",
               "%" PRIu32 " of %" PRIu32 " tasks came back, then: %s", h->done_count, h->lap->count,
               why);
    finish(h);
}

static void on_status(void *self, const struct get_result *r)
{
    struct doctor_hub *h = self;
    struct doctor_view *v = h->cfg.view;
    struct json_node *top = NULL;
    struct err err;
    h->get = NULL;
    if (h->phase == PHASE_OVER)
        return; // the hub broke the protocol meanwhile
    bool is_good = r->stage == GET_DONE && r->status == 200 &&
                   json_open(&top, r->body, &err) == RC_OK &&
                   json_get_u64(json_get(top, "helpers"), UINT32_MAX, &h->helpers);
    json_free(top);
    if (!is_good) {
        doctor_say(v, DOCTOR_FAIL, "helpers", "GET /status does not tell how many there are");
    } else if (h->helpers == 0) {
        doctor_number(v, "helpers", 0);
        doctor_fix(v, "start `shoal helper --hub %s` on %s", uplink_hub(h->uplink),
                   cmd_is_loopback(uplink_address(h->uplink).host) ? "this machine"
                                                                   : "a third one, or on any");
        doctor_say(v, DOCTOR_WARN, "helpers", "none: nobody but the hub itself does any work");
    } else {
        doctor_number(v, "helpers", (double)h->helpers);
        doctor_say(v, DOCTOR_OK, "helpers", "%" PRIu64 " at the hub", h->helpers);
    }
    if (!h->was_in) {
        finish(h);
        return;
    }
    start_lap(h, PHASE_ECHO, &small);
    if (h->client.state != CLIENT_IN) // lost meanwhile
        say_no_echo(h, false, h->client.refusal.text);
}

static int by_size(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void add_who(const struct doctor_hub *h, struct text *out)
{
    if (h->helpers == 0) {
        text_add(out, "the hub itself");
        return;
    }
    for (uint32_t i = 0; i < h->who_count; i++)
        text_addf(out, "%s%s", i > 0 ? ", " : "", h->who[i][0] != 0 ? h->who[i] : "a nameless one");
}

static void say_echo(struct doctor_hub *h)
{
    struct doctor_view *v = h->cfg.view;
    char room[256];
    struct text t = text_of(room, sizeof room);
    uint64_t *took_us = h->took_us + 1;
    const uint32_t count = h->lap->count - 1;
    qsort(took_us, count, sizeof *took_us, by_size);
    const uint64_t p50_us = took_us[num_div_ceil(count, 2) - 1];
    const uint64_t p95_us = took_us[num_div_ceil(count * 95ull, 100) - 1];
    text_add_time(&t, p50_us);
    text_addf(&t, " (median of %" PRIu32 "), ", count);
    text_add_time(&t, p95_us);
    text_add(&t, " (p95), by ");
    add_who(h, &t);
    doctor_number(v, "p50_ms", (double)p50_us / 1000);
    doctor_number(v, "p95_ms", (double)p95_us / 1000);
    if (p50_us > SLOW_US)
        doctor_fix(v, "every tile waits that long at least: a cable instead of radio, or a hub "
                      "nearer by, helps");
    doctor_say(v, p50_us > SLOW_US ? DOCTOR_WARN : DOCTOR_OK, "echo",
               "a small task is there and back in %s", room);
}

static void say_rate(struct doctor_hub *h)
{
    struct doctor_view *v = h->cfg.view;
    char room[64];
    struct text t = text_of(room, sizeof room);
    const uint64_t spent_us = num_max(time_since(h->start_us, clock_now_us()), 1);
    const uint64_t bytes_s = (h->lap->count - 1) * (uint64_t)h->lap->bytes * US_PER_S / spent_us;
    text_add_size(&t, bytes_s);
    doctor_number(v, "bytes_s", (double)bytes_s);
    if (bytes_s < SLOW_BYTES_S)
        doctor_fix(v, "scenes and tiles will take long: a cable instead of radio helps");
    doctor_say(v, bytes_s < SLOW_BYTES_S ? DOCTOR_WARN : DOCTOR_OK, "rate",
               "%s/s up and as much down, in tasks of 64 KiB", room);
}

static void note_who(struct doctor_hub *h, const char *name)
{
    for (uint32_t i = 0; i < h->who_count; i++)
        if (strcmp(h->who[i], name) == 0)
            return;
    if (h->who_count < WHO_MAX)
        bytes_to_text(bytes_text(name), h->who[h->who_count++], MSG_NAME_BYTES);
}

static void on_ran(struct doctor_hub *h, const struct msg_ran *ran)
{
    if (ran->job < h->first_job || ran->job > h->job) {
        say_no_echo(h, false, "the hub names a task that was never asked for");
        return;
    }
    fill(h, ran->job, h->room);
    if (!bytes_equal(ran->result, bytes_of(h->room, h->lap->bytes))) {
        say_no_echo(h, false, "the result is wrong");
        return;
    }
    const uint64_t now_us = clock_now_us();
    const uint64_t i = ran->job - h->first_job;
    h->took_us[i] = time_since(h->sent_us[i], now_us);
    note_who(h, ran->helper);
    if (++h->done_count == 1)
        h->start_us = now_us;
    if (h->done_count < h->lap->count) {
        send_runs(h);
    } else if (h->phase == PHASE_ECHO) {
        say_echo(h);
        start_lap(h, PHASE_RATE, &large);
    } else {
        say_rate(h);
        finish(h);
    }
}

// ---- What comes over the connection

static void on_open(void *self)
{
    struct doctor_hub *h = self;
    client_restart(&h->client);
}

static void on_message(void *self, struct bytes message)
{
    struct doctor_hub *h = self;
    struct msg m;
    if (h->phase == PHASE_OVER)
        return;
    if (msg_decode(&m, message) != RC_OK) {
        say_no_protocol(h, "it is no hub, or one of another version: its messages make no sense");
        finish(h);
    } else if (client_input(&h->client, &m, &h->outbox)) {
        flush(h);
        if (h->phase == PHASE_OPENING)
            look_at_client(h);
    } else if (h->phase == PHASE_ECHO || h->phase == PHASE_RATE) {
        if (m.type == MSG_RAN)
            on_ran(h, &m.as.ran);
        else if (m.type == MSG_FAILED)
            say_no_echo(h, true, m.as.failed.text);
    }
}

static void on_close(void *self, const char *reason)
{
    struct doctor_hub *h = self;
    if (h->phase == PHASE_OPENING && h->has_challenge)
        say_not_let_in(h, reason);
    else if (h->phase == PHASE_OPENING)
        say_no_protocol(h, reason);
    else if (h->phase == PHASE_ECHO || h->phase == PHASE_RATE)
        say_no_echo(h, false, reason);
    else if (h->phase == PHASE_STATUS) { // refused, or lost meanwhile: its GET goes on
        client_fail(&h->client, RC_CLOSED, reason);
        return;
    }
    finish(h);
}

static void on_due(void *self)
{
    struct doctor_hub *h = self;
    if (h->phase == PHASE_OPENING)
        say_no_protocol(h, h->has_challenge ? "the hub does not answer a hello in time"
                                            : "a WebSocket cannot be opened in time");
    else if (h->phase == PHASE_ECHO || h->phase == PHASE_RATE)
        say_no_echo(h, true, "no answer in time");
    finish(h);
}

enum rc doctor_hub_start(struct doctor_hub **out, const struct doctor_hub_cfg *cfg, struct err *err)
{
    *out = NULL;
    struct doctor_hub *h = arena_take(cfg->arena, sizeof *h);
    if (h == NULL)
        return err_set(err, RC_NOMEM, "out of memory");
    struct entropy entropy = entropy_os();
    h->cfg = *cfg;
    h->seed = entropy_u64(&entropy);
    h->budget.limit_bytes = MEMORY_BYTES;
    outbox_init(&h->outbox, &h->budget, h->owed, ARRAY_COUNT(h->owed));
    client_init(&h->client, &(struct client_cfg){.role = MSG_ROLE_GAMER,
                                                 .key = cfg->key,
                                                 .name = "doctor",
                                                 .token = cfg->token,
                                                 .entropy = entropy});
    const struct uplink_handlers handlers = {h, on_open, on_message, on_close};
    enum rc rc = uplink_new(&h->uplink, cfg->loop, cfg->options, cfg->state, &handlers, err);
    if (rc != RC_OK)
        return rc;
    rc = loop_timer_new(&h->timer, cfg->loop, on_due, h);
    if (rc != RC_OK) {
        (void)doctor_hub_free(h);
        return err_set(err, rc, "cannot start: %s", rc_text(rc));
    }
    *out = h;
    ask(h, "/healthz", uplink_address(h->uplink).tls, on_health);
    return RC_OK;
}

bool doctor_hub_free(struct doctor_hub *h)
{
    if (h == NULL)
        return true;
    const bool is_free = get_drop(h->get) && !h->is_looking;
    uplink_free(h->uplink);
    loop_timer_free(h->timer);
    outbox_drop_all(&h->outbox);
    tls_context_free(h->other_tls);
    return is_free;
}
