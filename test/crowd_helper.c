// SPDX-License-Identifier: MIT
// Helpers of a simulated crowd: models of what the wire sees of them, each with a fault by dice.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "crowd_state.h"
#include "kernel/kernel.h"

#define TASKS_MAX   8u
#define SLOTS_MAX   4u
#define JOIN_US     4000000u // after the start all have come
#define SLOW        10u      // times
#define REFUSED_US  6000000u // until one that was refused tries again
#define WIRE_BYTES  (64u << 10)
#define SPEED_BOAST 1000000000000u

enum fault {
    HONEST,
    SLOW_TEN,
    SILENT,    // takes tasks, lives, never answers
    FAILING,   // reports each as failed
    DYING,     // its wire breaks while it has tasks in hand
    FLAPPING,  // comes and goes all the time
    VANISHING, // half-open: what it sends and should hear is gone
    BOASTING,  // says that it is a million times faster than it is
    FORGE_ALL, // from here on it may be barred
    FORGE_TENTH,
    FORGE_HUNDREDTH,
    REPLAYING, // answers with an older result of its own
    MEDDLING,  // answers tasks that others hold, or that are on their way to itself
    NOISY,     // sends nonsense
    FAULTS,
};

struct held { // a task in hand
    struct crowd_helper *of;
    bool is_used, is_echo, waits_for_scene;
    uint64_t task;
    struct digest asked;
    uint64_t event; // in the world, when it is done
    uint8_t *params;
    size_t params_len;
};

struct crowd_helper {
    struct peer peer;
    struct helper_face face;
    enum fault fault;
    bool is_net, is_in, can_trace, has_scene, asked_for_scene, keeps_tasks, was_told_why;
    struct sign_key *key; // of one that speaks CBOR
    struct rng dice;
    uint32_t slots;
    double slowness; // 1: mean
    uint8_t nonce[32];
    uint64_t beat, churn; // events
    struct held held[TASKS_MAX];
    struct msg_result old; // the first that it sent; REPLAYING
    uint8_t *old_at;
};

static uint64_t dice(struct crowd_helper *h, uint64_t bound)
{
    return rng_below(&h->dice, bound);
}

static uint64_t between(struct crowd_helper *h, uint64_t low, uint64_t high)
{
    return low + dice(h, high - low);
}

static uint64_t at(struct crowd_helper *h, uint64_t wait_us, void (*fn)(void *, uint64_t),
                   uint64_t tag)
{
    struct world *w = h->peer.crowd->world;
    return world_at(w, world_now_us(w) + wait_us, fn, h, tag);
}

static void say(struct crowd_helper *h, const struct msg *m)
{
    static_assert(WIRE_BYTES > MSG_HEAD_BYTES_MAX, "small messages fit");
    size_t cap = msg_bytes_max(m);
    struct buffer b = buffer_of(crowd_take(cap), cap);
    crowd_must(msg_encode(m, &b));
    wire_send(&h->peer, buffer_bytes(&b));
    free(b.at);
}

// ---- Tasks in hand

static void held_drop(struct held *t)
{
    (void)world_cancel(t->of->peer.crowd->world, t->event);
    free(t->params);
    *t = (struct held){.of = t->of};
}

static void drop_all(struct crowd_helper *h)
{
    for (uint32_t i = 0; i < TASKS_MAX; i++)
        held_drop(&h->held[i]);
}

static struct held *held_find(struct crowd_helper *h, uint64_t task)
{
    for (uint32_t i = 0; i < TASKS_MAX; i++)
        if (h->held[i].is_used && h->held[i].task == task)
            return &h->held[i];
    return NULL;
}

static struct held *held_place(struct crowd_helper *h)
{
    for (uint32_t i = 0; i < TASKS_MAX; i++)
        if (!h->held[i].is_used)
            return &h->held[i];
    held_drop(&h->held[0]); // JSON has no word for a task taken back: this one must have been
    return &h->held[0];
}

// ---- Results

enum lie { TRUTH, LIE, LITTLE_LIE };

static enum lie lies_now(struct crowd_helper *h, bool is_echo)
{
    uint64_t of = h->fault == FORGE_ALL         ? 1
                  : h->fault == FORGE_TENTH     ? 10
                  : h->fault == FORGE_HUNDREDTH ? 100
                                                : 0;
    if (of == 0 || dice(h, of) > 0)
        return TRUTH;
    return !is_echo && dice(h, 2) == 0 ? LITTLE_LIE : LIE;
}

// Plausible: every number is one that an honest result could hold.
static void forge(struct crowd_helper *h, const struct held *t, enum lie lie, struct buffer *result)
{
    if (t->is_echo) {
        size_t where = h->peer.is_text ? result->len - 7 : dice(h, result->len);
        result->at[where] = h->peer.is_text ? (result->at[where] == 'a' ? 'b' : 'a')
                                            : (uint8_t)(result->at[where] ^ 1);
        return;
    }
    size_t pixels = result->len / TRACE_PIXEL_BYTES;
    for (size_t i = 0; i < pixels; i++)
        if (lie == LIE || dice(h, 10) == 0)
            result->at[i * TRACE_PIXEL_BYTES + 2] ^= 3; // by several units of radiance
}

static void remember(struct crowd_helper *h, const struct msg_result *m)
{
    if (h->old_at != NULL || h->fault != REPLAYING)
        return;
    h->old = *m;
    h->old_at = crowd_take(m->result.len);
    memcpy(h->old_at, m->result.at, m->result.len);
    h->old.result = bytes_of(h->old_at, m->result.len);
    h->old.report = bytes_of(NULL, 0);
}

static bool is_replayed(const struct crowd_helper *h, struct bytes right)
{
    return h->old_at != NULL && !bytes_equal(h->old.result, right); // else it would be right
}

static void say_result(struct crowd_helper *h, const struct held *t, struct msg_result *m)
{
    uint8_t room[MSG_SIGNED_BYTES];
    m->task = t->task;
    m->hash = hash_bytes(m->result);
    crowd_must(sign_make(h->key, msg_result_signed(&t->asked, &m->hash, room), &m->signature));
    if (is_replayed(h, m->result)) {
        struct msg_result old = h->old;
        old.task = t->task;
        *m = old;
        copy_is(h->peer.crowd, t->task, &h->peer, COPY_UNBOUND);
    }
    remember(h, m);
    say(h, &(struct msg){.type = MSG_RESULT, .as.result = *m});
}

static void say_text(struct crowd_helper *h, const struct held *t, const char *member,
                     struct bytes value)
{
    char room[1024];
    struct text out = text_of(room, sizeof room);
    text_addf(&out, h->is_net ? "{\"msg_type\":\"task_result\",\"data\":" : "");
    text_addf(&out, "{%s\"task_id\":\"task_%llu\",\"%s\":%.*s}",
              h->is_net ? "" : "\"type\":\"task_result\",", (unsigned long long)t->task, member,
              (int)value.len, (const char *)value.at);
    text_add(&out, h->is_net ? "}" : "");
    assert(!out.is_cut);
    wire_send(&h->peer, bytes_of(room, out.len));
}

static void say_result_text(struct crowd_helper *h, const struct held *t, struct bytes result)
{
    if (is_replayed(h, result)) {
        result = h->old.result;
        copy_is(h->peer.crowd, t->task, &h->peer, COPY_UNBOUND);
    }
    remember(h, &(struct msg_result){.result = result});
    say_text(h, t, "result", result);
}

static void say_failure(struct crowd_helper *h, const struct held *t)
{
    if (h->peer.is_text)
        say_text(h, t, "error", bytes_text("\"it broke\""));
    else
        say(h, &(struct msg){.type = MSG_FAILURE,
                             .as.failure = {t->task, RC_CRASHED, "its worker died"}});
}

static void answer(struct crowd_helper *h, struct held *t)
{
    struct crowd *c = h->peer.crowd;
    struct bytes right = bytes_of(t->params, t->params_len);
    struct msg_result m = {.cpu_us = 1000};
    if (!t->is_echo) {
        const struct traced *traced = kernel_trace(c, right);
        right = bytes_of(traced->result, traced->result_len);
        m.report = bytes_of(traced->report, traced->report_len);
        m.cpu_us = traced->units;
    }
    uint8_t *copy = crowd_take(right.len);
    memcpy(copy, right.at, right.len);
    struct buffer result = {.at = copy, .len = right.len, .cap = right.len};
    enum lie lie = lies_now(h, t->is_echo);
    if (lie != TRUTH && right.len > 0)
        forge(h, t, lie, &result);
    bool is_forged = !bytes_equal(buffer_bytes(&result), right);
    copy_is(c, t->task, &h->peer,
            !is_forged   ? COPY_RIGHT
            : lie == LIE ? COPY_FORGED
                         : COPY_FORGED_LITTLE);
    m.result = buffer_bytes(&result);
    if (h->peer.is_text)
        say_result_text(h, t, m.result);
    else
        say_result(h, t, &m);
    free(copy);
}

// A result for a task that it does not hold: of somebody else, or of nobody.
static void meddle(struct crowd_helper *h, const struct held *t)
{
    struct held other = *t;
    other.task = t->task + 1 + dice(h, 20);
    if (held_find(h, other.task) != NULL)
        return;
    if (h->peer.is_text) {
        say_text(h, &other, "result", bytes_text("\"mine\""));
        return;
    }
    struct msg_result m = {.task = other.task, .result = bytes_text("mine")};
    say(h, &(struct msg){.type = MSG_RESULT, .as.result = m});
}

static void shout(struct crowd_helper *h)
{
    static const char *const words[] = {"",
                                        "{",
                                        "{\"type\":7}",
                                        "[1]",
                                        "\xff\xff\xff\xff",
                                        "\x9f",
                                        "\x82\x12\x5b\xff\xff\xff\xff\xff\xff\xff\xff"};
    uint8_t noise[64];
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)dice(h, 256);
    uint64_t which = dice(h, ARRAY_COUNT(words) + 1);
    wire_send(&h->peer, which < ARRAY_COUNT(words) ? bytes_text(words[which])
                                                   : bytes_of(noise, 1 + dice(h, sizeof noise)));
}

static void task_is_done(void *self, uint64_t tag)
{
    (void)tag;
    struct held *t = self;
    struct crowd_helper *h = t->of;
    t->event = 0;
    if (h->is_in && h->fault == MEDDLING)
        meddle(h, t);
    if (h->is_in && h->fault == NOISY && dice(h, 3) == 0)
        shout(h);
    if (h->is_in && h->fault == FAILING)
        say_failure(h, t);
    else if (h->is_in)
        answer(h, t);
    held_drop(t);
}

// ---- Work

static void begin(struct held *t)
{
    struct crowd_helper *h = t->of;
    struct crowd *c = h->peer.crowd;
    double us = (double)c->cfg.service_us * h->slowness * (0.5 + rng_unit(&h->dice));
    if (!t->is_echo)
        us = us / 4 + 1000;
    if (h->fault == SLOW_TEN)
        us *= SLOW;
    if (h->fault == SILENT)
        return;
    if (h->fault == DYING && dice(h, 4) == 0)
        wire_cut(&h->peer);
    if (h->fault == VANISHING && dice(h, 8) == 0)
        wire_vanish(&h->peer);
    t->event = world_at(c->world, crowd_now(c) + (uint64_t)us + 1, task_is_done, t, 5);
}

static void want_scene(struct crowd_helper *h)
{
    if (h->has_scene || h->asked_for_scene)
        return;
    h->asked_for_scene = true;
    struct msg m = {
        .type = MSG_OBJECT_GET,
        .as.object_get = {.digest = h->peer.crowd->scene_name, .len = MSG_PART_BYTES_MAX}};
    say(h, &m);
}

static struct held *task_given(struct crowd_helper *h, uint64_t task, bool is_echo,
                               struct bytes params)
{
    struct held *t = held_place(h);
    t->is_used = true;
    t->is_echo = is_echo;
    t->task = task;
    t->params = crowd_take(params.len);
    t->params_len = params.len;
    memcpy(t->params, params.at, params.len);
    t->waits_for_scene = !is_echo && !h->has_scene;
    if (t->waits_for_scene)
        want_scene(h);
    else
        begin(t);
    return t;
}

static void assigned(struct crowd_helper *h, const struct msg_assign *m)
{
    bool is_echo = strcmp(m->spec.kernel, "echo") == 0;
    assert(is_echo || h->can_trace);
    task_given(h, m->task, is_echo, m->spec.params)->asked = task_digest(&m->spec);
}

static void part_is_here(struct crowd_helper *h, const struct msg_object_part *m)
{
    assert(m->data.len == m->total && m->total == h->peer.crowd->scene.len);
    h->has_scene = true;
    for (uint32_t i = 0; i < TASKS_MAX; i++)
        if (h->held[i].is_used && h->held[i].waits_for_scene) {
            h->held[i].waits_for_scene = false;
            begin(&h->held[i]);
        }
}

// ---- Its life

static void come(void *self, uint64_t tag);

static void leave_for(struct crowd_helper *h, uint64_t away_us)
{
    struct world *w = h->peer.crowd->world;
    (void)world_cancel(w, h->beat);
    (void)world_cancel(w, h->churn);
    h->beat = h->churn = 0;
    h->is_in = h->asked_for_scene = false;
    if (!h->keeps_tasks)
        drop_all(h);
    if (!h->peer.crowd->is_over)
        h->churn = at(h, away_us, come, 6);
}

static uint64_t away_us(struct crowd_helper *h)
{
    return h->fault == FLAPPING ? between(h, 100000, 1000000) : between(h, 500000, 12000000);
}

static void go(void *self, uint64_t tag)
{
    (void)tag;
    struct crowd_helper *h = self;
    h->churn = 0;
    if (h->peer.crowd->is_resting)
        return; // nothing is at stake any more
    uint64_t how = dice(h, 8);
    if (how == 0) {
        wire_vanish(&h->peer);
    } else if (how < 4) {
        wire_cut(&h->peer);
    } else {
        wire_hang_up(&h->peer);
        leave_for(h, away_us(h));
    }
}

void helper_loses(struct peer *p)
{
    struct crowd_helper *h = CONTAINER_OF(p, struct crowd_helper, peer);
    leave_for(h, away_us(h));
}

static void register_text(struct crowd_helper *h)
{
    char room[256];
    struct text t = text_of(room, sizeof room);
    text_addf(&t, h->is_net ? "{\"msg_type\":\"register_peer\",\"data\":{"
                            : "{\"type\":\"register_peer\",");
    text_addf(&t, "\"peer_id\":\"h%u\",\"capabilities\":{\"slots\":%u}}", h->peer.index, h->slots);
    text_add(&t, h->is_net ? "}" : "");
    assert(!t.is_cut);
    wire_send(&h->peer, bytes_of(room, t.len));
}

static void come(void *self, uint64_t tag)
{
    (void)tag;
    struct crowd_helper *h = self;
    h->churn = 0;
    if (h->peer.wire != NULL)
        wire_hang_up(&h->peer);
    if (!wire_open(&h->peer)) {
        h->churn = at(h, between(h, 200000, 4000000), come, 7);
        return;
    }
    if (h->peer.is_text)
        register_text(h);
}

static void beat(void *self, uint64_t tag)
{
    (void)tag;
    struct crowd_helper *h = self;
    struct msg m = {.type = MSG_HEARTBEAT, .as.heartbeat = {.load_permille = 500}};
    h->beat = at(h, (uint64_t)BROKER_HEARTBEAT_MS * US_PER_MS, beat, 8);
    say(h, &m);
}

static void be_welcome(struct crowd_helper *h)
{
    assert(!h->is_in);
    h->is_in = true;
    uint64_t stay =
        h->fault == FLAPPING ? between(h, 200000, 3000000) : between(h, 5000000, 60000000);
    h->churn = at(h, stay, go, 9);
    if (!h->peer.is_text)
        h->beat = at(h, dice(h, (uint64_t)BROKER_HEARTBEAT_MS * US_PER_MS), beat, 8);
}

static void be_refused(struct crowd_helper *h, bool is_for_good)
{
    // Who is told that it is barred is; who is barred is told.
    assert(!is_for_good || h->face.may_be_barred);
    h->peer.crowd->report.told_why += is_for_good && !h->was_told_why;
    h->was_told_why = h->was_told_why || is_for_good;
    wire_hang_up(&h->peer);
    leave_for(h, REFUSED_US + dice(h, REFUSED_US));
}

static void say_hello(struct crowd_helper *h, const struct msg_challenge *challenge)
{
    uint8_t room[MSG_SIGNED_BYTES];
    bool is_boasting = h->fault == BOASTING;
    struct msg m = {.type = MSG_HELLO,
                    .as.hello = {.version = MSG_VERSION,
                                 .role = MSG_ROLE_HELPER,
                                 .public = sign_key_public(h->key),
                                 .ability = {.slots = h->slots,
                                             .cores = h->slots,
                                             .speed_count = h->can_trace ? 2 : 1,
                                             .speed = {{"echo", 1000000}, {"trace", 1000000}}}}};
    m.as.hello.ability.speed[1].units_s =
        is_boasting ? SPEED_BOAST : (uint64_t)(1000000 / h->slowness);
    struct bytes part = msg_hello_signed(challenge, MSG_ROLE_HELPER, room);
    crowd_must(sign_make(h->key, part, &m.as.hello.signature));
    say(h, &m);
}

static void hears_cbor(struct crowd_helper *h, struct bytes message)
{
    struct msg m;
    crowd_must(msg_decode(&m, message));
    struct held *t = NULL;
    if (m.type == MSG_CHALLENGE)
        say_hello(h, &m.as.challenge);
    else if (m.type == MSG_WELCOME)
        be_welcome(h);
    else if (m.type == MSG_REFUSE)
        be_refused(h, strcmp(m.as.refuse.text, BROKER_BARRED_TEXT) == 0);
    else if (m.type == MSG_ASSIGN)
        assigned(h, &m.as.assign);
    else if (m.type == MSG_CANCEL && (t = held_find(h, m.as.cancel.task)) != NULL)
        held_drop(t);
    else if (m.type == MSG_PREPARE)
        want_scene(h);
    else if (m.type == MSG_OBJECT_PART)
        part_is_here(h, &m.as.object_part);
}

static void hears_text(struct crowd_helper *h, struct bytes message)
{
    struct bytes type = text_value(message, h->is_net ? "msg_type" : "type");
    if (bytes_is(type, "\"registered\"") || bytes_is(type, "\"registration_ack\"")) {
        be_welcome(h);
    } else if (bytes_is(type, "\"execute_task\"") || bytes_is(type, "\"task_assignment\"")) {
        assert(bytes_is(text_value(message, "task_type"), "\"echo\""));
        task_given(h, text_task(message), true, text_value(message, "task_data"));
    } else {
        struct bytes why = text_value(message, h->is_net ? "error" : "message");
        bool is_for_good =
            why.len > 2 && bytes_is(bytes_part(why, 1, why.len - 2), BROKER_BARRED_TEXT);
        be_refused(h, is_for_good);
    }
}

void helper_hears(struct peer *p, struct bytes message)
{
    struct crowd_helper *h = CONTAINER_OF(p, struct crowd_helper, peer);
    if (p->is_text)
        hears_text(h, message);
    else
        hears_cbor(h, message);
}

// ---- All of them

static void name_node(struct crowd_helper *h)
{
    if (!h->peer.is_text) {
        struct sign_public public = sign_key_public(h->key);
        h->face.node = hash_bytes(bytes_of(public.b, sizeof public.b));
        return;
    }
    char name[16];
    struct text t = text_of(name, sizeof name);
    text_addf(&t, "h%u", h->peer.index);
    struct digest id = hash_bytes(bytes_text(name));
    uint8_t origin[BROKER_ORIGIN_BYTES] = {10};
    struct bytes part[] = {bytes_text("shoal json helper\n"), bytes_of(origin, sizeof origin),
                           digest_bytes(&id)};
    h->face.node = hash_parts(part, ARRAY_COUNT(part));
}

static void helper_make(struct crowd *c, uint32_t index)
{
    struct crowd_helper *h = &c->helper[index];
    char who[24];
    struct text t = text_of(who, sizeof who);
    text_addf(&t, "helper %u", index);
    h->dice = world_rng(c->world, who);
    h->peer = (struct peer){.crowd = c, .kind = PEER_HELPER, .index = index};
    h->peer.is_text = dice(h, 2) == 0;
    h->peer.latency_us = between(h, 200, 60000);
    h->is_net = dice(h, 2) == 0;
    h->can_trace = !h->peer.is_text && dice(h, 4) > 0;
    h->slots = 1 + (uint32_t)dice(h, SLOTS_MAX);
    h->slowness = 0.2 + 2 * rng_unit(&h->dice) * rng_unit(&h->dice);
    if (dice(h, 1000) < c->cfg.faulty_permille)
        h->fault = (enum fault)(1 + dice(h, FAULTS - 1));
    h->face.may_be_barred = h->fault >= FORGE_ALL;
    h->face.meddles = h->fault == MEDDLING;
    h->keeps_tasks = h->peer.is_text && dice(h, 2) == 0; // and tells their results when it is back
    for (uint32_t i = 0; i < TASKS_MAX; i++)
        h->held[i].of = h;
    if (!h->peer.is_text)
        h->key = crowd_key(&h->dice);
    name_node(h);
    crowd_must(map_put(c->helper_by_node, h->face.node.b, h));
    h->churn = at(h, dice(h, JOIN_US), come, 6);
}

void helpers_start(struct crowd *c)
{
    c->helper = crowd_take(c->cfg.helpers * sizeof *c->helper);
    for (uint32_t i = 0; i < c->cfg.helpers; i++)
        helper_make(c, i);
}

void helpers_leave(struct crowd *c)
{
    for (uint32_t i = 0; i < c->cfg.helpers; i++) {
        assert(!c->helper[i].face.is_barred || c->helper[i].was_told_why);
        c->helper[i].keeps_tasks = false;
        wire_hang_up(&c->helper[i].peer);
        leave_for(&c->helper[i], 0);
    }
}

void helpers_stop(struct crowd *c)
{
    for (uint32_t i = 0; i < c->cfg.helpers; i++) {
        sign_key_free(c->helper[i].key);
        free(c->helper[i].old_at);
    }
    free(c->helper);
}

struct helper_face *helper_face(struct crowd *c, uint32_t index)
{
    return &c->helper[index].face;
}

struct peer *helper_by_node(const struct crowd *c, const struct digest *node)
{
    struct crowd_helper *h = map_get(c->helper_by_node, node->b);
    return h != NULL ? &h->peer : NULL;
}
