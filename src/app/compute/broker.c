// SPDX-License-Identifier: MIT
// Broker: the hub's side of compute as a machine: connections, who they are, what they say.
#include "compute/broker.h"

#include <assert.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "compute/broker_state.h"

#define BROKER_ARENA_BYTES (64u << 20)            // tables only: maps, heaps, notes
#define OWED_MAX           (BROKER_CONNS_MAX + 1) // all, and one that is refused for being too many

static enum rc take_tables(struct broker *b, const struct broker_cfg *cfg)
{
    uint64_t seed = entropy_u64(&cfg->entropy);
    b->conns = map_new(b->arena, sizeof(uint64_t), BROKER_CONNS_MAX, seed);
    b->notes = arena_take_array(b->arena, BROKER_NOTES_MAX, sizeof *b->notes);
    b->token = budget_take(b->budget, cfg->token.len);
    uint64_t *owed = arena_take_array(b->arena, OWED_MAX, sizeof *owed);
    if (b->conns == NULL || b->notes == NULL || b->token == NULL || owed == NULL)
        return RC_NOMEM;
    outbox_init(&b->outbox, b->budget, owed, OWED_MAX);
    if (cfg->token.len > 0)
        memcpy(b->token, cfg->token.at, cfg->token.len);
    b->token_len = cfg->token.len;
    enum rc rc = heap_init(&b->lives, b->arena, BROKER_CONNS_MAX);
    if (rc == RC_OK)
        rc = roster_init(&b->roster, b->arena, b->budget, seed + 1);
    if (rc == RC_OK)
        rc = queue_init(&b->queue, b->arena, b->budget, seed + 2);
    return rc;
}

enum rc broker_new(struct broker **out, const struct broker_cfg *cfg)
{
    *out = NULL;
    if (cfg->attempts_max < 1 || cfg->attempts_max > QUEUE_ATTEMPTS_MAX)
        return RC_CONFIG;
    struct arena *arena = arena_new(BROKER_ARENA_BYTES);
    struct broker *b = arena == NULL ? NULL : arena_take(arena, sizeof *b);
    if (b == NULL) {
        arena_free(arena);
        return RC_NOMEM;
    }
    b->arena = arena;
    b->budget = cfg->budget;
    b->store = cfg->store;
    b->key = cfg->key;
    b->own = cfg->own;
    b->is_own_last = cfg->is_own_last;
    b->attempts_max = cfg->attempts_max;
    b->policy = cfg->policy;
    b->entropy = cfg->entropy;
    b->log = cfg->log;
    list_init(&b->conn_list);
    list_init(&b->roster.seats);
    outbox_init(&b->outbox, b->budget, NULL, 0);
    enum rc rc = take_tables(b, cfg);
    if (rc == RC_OK)
        *out = b;
    else
        broker_free(b);
    return rc;
}

// Takes back what the connection had to do with; it stays known until the host says it is gone.
static void strip(struct broker *b, struct conn *c)
{
    struct broker_note note = {.kind = NOTE_HELPER_OUT};
    if (c->seat != NULL) {
        work_lost(b, c->seat);
        memcpy(note.who, c->seat->name, sizeof note.who);
        note.node = c->seat->standing->node;
        if (!c->seat->is_own)
            b->stat.helpers--;
        roster_leave(&b->roster, c->seat);
        c->seat = NULL;
        broker_note_put(b, &note);
    }
    if (c->gamer != NULL) {
        work_gamer_gone(b, c->gamer);
        note.kind = NOTE_GAMER_OUT;
        memcpy(note.who, c->gamer->name, sizeof note.who);
        note.node = c->gamer->node;
        b->stat.gamers--;
        budget_give(b->budget, c->gamer);
        c->gamer = NULL;
        broker_note_put(b, &note);
    }
    heap_del(&b->lives, &c->life);
    c->state = CONN_ENDED;
}

void broker_free(struct broker *b)
{
    if (b == NULL)
        return;
    LIST_FOR_SAFE (it, &b->conn_list) {
        struct conn *c = CONTAINER_OF(it, struct conn, node);
        strip(b, c);
        budget_give(b->budget, c);
    }
    roster_reset(&b->roster);
    outbox_drop_all(&b->outbox);
    budget_give(b->budget, b->token);
    arena_free(b->arena);
}

void broker_note_put(struct broker *b, const struct broker_note *note)
{
    if (b->note_count == BROKER_NOTES_MAX) {
        b->stat.notes_lost++;
        return;
    }
    b->notes[(b->note_first + b->note_count) % BROKER_NOTES_MAX] = *note;
    b->note_count++;
}

bool broker_note(struct broker *b, struct broker_note *out)
{
    if (b->note_count == 0)
        return false;
    *out = b->notes[b->note_first];
    b->note_first = (b->note_first + 1) % BROKER_NOTES_MAX;
    b->note_count--;
    return true;
}

void broker_refuse(struct broker *b, struct conn *c, enum rc rc, const char *text)
{
    if (c->state == CONN_ENDED)
        return;
    struct msg m = {.type = MSG_REFUSE, .as.refuse = {.rc = rc}};
    bytes_to_text(bytes_text(text), m.as.refuse.text, MSG_TEXT_BYTES);
    log_put(b->log, LOG_LEVEL_INFO, "broker", "refused conn=%llu reason=\"%s\"",
            (unsigned long long)c->id, text);
    strip(b, c);
    outbox_send(&b->outbox, c->id, &m);
    outbox_close(&b->outbox, c->id, text);
}

void broker_open(struct broker *b, uint64_t conn, uint64_t now_us)
{
    b->now_us = now_us;
    struct conn *c = budget_take(b->budget, sizeof *c);
    if (c == NULL || map_put(b->conns, &conn, c) != RC_OK) {
        budget_give(b->budget, c);
        outbox_close(&b->outbox, conn, "the hub is full");
        return;
    }
    *c = (struct conn){.id = conn, .state = CONN_GREETED};
    list_push_back(&b->conn_list, &c->node);
    enum rc rc = heap_put(&b->lives, &c->life, time_after(now_us, BROKER_HELLO_US));
    assert(rc == RC_OK); // as many places as connections
    (void)rc;
    c->challenge.version = MSG_VERSION;
    c->challenge.hub = sign_key_public(b->key);
    b->entropy.fill(b->entropy.self, c->challenge.nonce, sizeof c->challenge.nonce);
    outbox_send(&b->outbox, conn,
                &(struct msg){.type = MSG_CHALLENGE, .as.challenge = c->challenge});
}

static void welcome(struct broker *b, struct conn *c, const struct msg_hello *hello)
{
    struct msg m = {.type = MSG_WELCOME, .as.welcome = {.heartbeat_ms = BROKER_HEARTBEAT_MS}};
    uint8_t room[MSG_SIGNED_BYTES];
    struct bytes signed_part = msg_welcome_signed(hello->nonce, &hello->public, room);
    if (sign_make(b->key, signed_part, &m.as.welcome.signature) != RC_OK) {
        broker_refuse(b, c, RC_NOMEM, "the hub is out of memory");
        return;
    }
    outbox_send(&b->outbox, c->id, &m);
}

// The hub's own compute lives as long as its connection: it is in this process, and a machine that
// slept has missed its heartbeats and ours alike.
static uint64_t dead_us(const struct broker *b, const struct seat *s)
{
    uint64_t silence_us = (uint64_t)BROKER_HEARTBEAT_MS * BROKER_HEARTBEATS_MISSED * US_PER_MS;
    return s->is_own ? UINT64_MAX : time_after(b->now_us, silence_us);
}

static void seat_helper(struct broker *b, struct conn *c, const struct msg_hello *hello,
                        const struct digest *node)
{
    if (hello->ability.slots == 0) { // tasks would wait for it for ever
        broker_refuse(b, c, RC_REFUSED, "a helper needs at least one slot");
        return;
    }
    struct standing *standing = roster_standing(&b->roster, node);
    if (standing == NULL) {
        broker_refuse(b, c, RC_FULL, "the hub cannot take more helpers");
        return;
    }
    if (standing->record.is_barred) {
        broker_refuse(b, c, RC_REFUSED, "barred: this key returned wrong results");
        return;
    }
    struct seat *old = roster_by_node(&b->roster, node);
    if (old != NULL) {
        struct conn *before = map_get(b->conns, &old->conn);
        assert(before != NULL);
        broker_refuse(b, before, RC_CLOSED, "the same key connected again");
    }
    bool is_own = memcmp(&hello->public, &b->own, sizeof b->own) == 0;
    c->seat = roster_sit(&b->roster, c->id, hello, standing, is_own);
    if (c->seat == NULL) {
        broker_refuse(b, c, RC_FULL, "the hub cannot take more helpers");
        return;
    }
    c->state = CONN_HELPER;
    b->stat.helpers += !is_own;
    heap_move(&b->lives, &c->life, dead_us(b, c->seat));
    struct broker_note note = {.kind = NOTE_HELPER_IN, .node = *node};
    memcpy(note.who, c->seat->name, sizeof note.who);
    broker_note_put(b, &note);
    welcome(b, c, hello);
}

static void seat_gamer(struct broker *b, struct conn *c, const struct msg_hello *hello,
                       const struct digest *node)
{
    struct digest proof =
        msg_token_proof(&c->challenge, &hello->public, bytes_of(b->token, b->token_len));
    if (b->token_len > 0 && memcmp(proof.b, hello->token_proof, sizeof proof.b) != 0) {
        broker_refuse(b, c, RC_REFUSED,
                      "wrong token: ask the hub's owner for it, and give it with --token-file");
        return;
    }
    struct gamer *g = budget_take(b->budget, sizeof *g);
    if (g == NULL) {
        broker_refuse(b, c, RC_FULL, "the hub cannot take more gamers");
        return;
    }
    *g = (struct gamer){.conn = c, .node = *node, .view = {.budget = b->budget}};
    struct text name = text_of(g->name, sizeof g->name);
    text_add_safe(&name, bytes_text(hello->name[0] != 0 ? hello->name : "gamer"));
    list_init(&g->frames);
    c->gamer = g;
    c->state = CONN_GAMER;
    b->stat.gamers++;
    heap_move(&b->lives, &c->life, UINT64_MAX); // its connection's own pings tell
    struct broker_note note = {.kind = NOTE_GAMER_IN, .node = *node};
    memcpy(note.who, g->name, sizeof note.who);
    broker_note_put(b, &note);
    welcome(b, c, hello);
}

static void say_hello(struct broker *b, struct conn *c, const struct msg_hello *hello)
{
    uint8_t room[MSG_SIGNED_BYTES];
    struct bytes signed_part = msg_hello_signed(&c->challenge, hello->role, room);
    if (hello->version != MSG_VERSION) {
        broker_refuse(b, c, RC_UNSUPPORTED, "this hub speaks protocol version 1: update");
    } else if (!sign_check(&hello->public, signed_part, &hello->signature)) {
        broker_refuse(b, c, RC_REFUSED, "the signature does not fit the key");
    } else {
        struct digest node = hash_bytes(bytes_of(hello->public.b, sizeof hello->public.b));
        if (hello->role == MSG_ROLE_HELPER)
            seat_helper(b, c, hello, &node);
        else
            seat_gamer(b, c, hello, &node);
    }
}

// A part of an object, to whoever may know it: all who said who they are.
static void give_object(struct broker *b, struct conn *c, const struct msg_object_get *get)
{
    struct msg m = {.type = MSG_OBJECT_NONE, .as.object_none = {get->digest}};
    struct bytes object;
    if (store_get(b->store, &get->digest, &object) != RC_OK) {
        outbox_send(&b->outbox, c->id, &m);
        return;
    }
    if (object.len >= 1 && object.len <= MSG_OBJECT_BYTES_MAX) { // what others put there may not be
        m.type = MSG_OBJECT_PART;
        m.as.object_part =
            (struct msg_object_part){.digest = get->digest,
                                     .offset = get->offset,
                                     .total = object.len,
                                     .data = bytes_part(object, get->offset, get->len)};
    }
    outbox_send(&b->outbox, c->id, &m);
    store_release(b->store);
}

static void helper_says(struct broker *b, struct conn *c, const struct msg *m)
{
    heap_move(&b->lives, &c->life, dead_us(b, c->seat));
    if (m->type == MSG_HEARTBEAT)
        c->seat->health = m->as.heartbeat;
    else if (m->type == MSG_OBJECT_GET)
        give_object(b, c, &m->as.object_get);
    else if (m->type == MSG_RESULT)
        work_result(b, c->seat, &m->as.result);
    else if (m->type == MSG_FAILURE)
        work_failure(b, c->seat, &m->as.failure);
    else
        broker_refuse(b, c, RC_MALFORMED, "a helper does not send this message");
}

static void gamer_says(struct broker *b, struct conn *c, const struct msg *m)
{
    if (m->type == MSG_SUBMIT)
        work_submit(b, c->gamer, &m->as.submit);
    else if (m->type == MSG_WITHDRAW)
        work_withdraw(b, c->gamer, m->as.withdraw.job);
    else if (m->type == MSG_OBJECT_PART)
        work_object_part(b, c->gamer, &m->as.object_part);
    else if (m->type == MSG_OBJECT_NONE)
        work_object_none(b, c->gamer, &m->as.object_none.digest);
    else
        broker_refuse(b, c, RC_MALFORMED, "a gamer does not send this message");
}

void broker_input(struct broker *b, uint64_t conn, struct bytes message, uint64_t now_us)
{
    b->now_us = now_us;
    struct conn *c = map_get(b->conns, &conn);
    if (c == NULL || c->state == CONN_ENDED)
        return;
    struct msg m;
    if (msg_decode(&m, message) != RC_OK) {
        broker_refuse(b, c, RC_MALFORMED, "malformed message");
    } else if (c->state == CONN_HELPER) {
        helper_says(b, c, &m);
    } else if (c->state == CONN_GAMER) {
        gamer_says(b, c, &m);
    } else if (m.type == MSG_HELLO) {
        say_hello(b, c, &m.as.hello);
    } else {
        broker_refuse(b, c, RC_REFUSED, "the first message must be a hello");
    }
    work_assign(b);
}

void broker_closed(struct broker *b, uint64_t conn, uint64_t now_us)
{
    b->now_us = now_us;
    struct conn *c = map_del(b->conns, &conn);
    if (c != NULL)
        strip(b, c);
    outbox_forget(&b->outbox, conn); // also what strip told it
    if (c == NULL)
        return;
    list_del(&c->node);
    budget_give(b->budget, c);
    work_assign(b);
}

void broker_tick(struct broker *b, uint64_t now_us)
{
    b->now_us = now_us;
    for (struct heap_node *n; (n = heap_first(&b->lives)) != NULL && n->key <= now_us;) {
        struct conn *c = CONTAINER_OF(n, struct conn, life);
        broker_refuse(b, c, RC_TIMEOUT,
                      c->state == CONN_GREETED ? "no hello in time" : "no heartbeat in time");
    }
    work_late(b);
    work_assign(b);
}

bool broker_next(struct broker *b, struct out *out)
{
    return outbox_next(&b->outbox, out);
}

uint64_t broker_due_us(const struct broker *b)
{
    const struct heap_node *life = heap_first(&b->lives);
    const struct heap_node *late = heap_first(&b->queue.give_ups);
    return num_min(life == NULL ? UINT64_MAX : life->key, late == NULL ? UINT64_MAX : late->key);
}

struct broker_stat broker_stat(const struct broker *b)
{
    struct broker_stat s = b->stat;
    s.tasks_waiting = b->queue.waiting_count;
    return s;
}

static void check_seat(const struct seat *s)
{
    uint32_t held = 0;
    LIST_FOR (it, &s->tasks) {
        const struct task *t = CONTAINER_OF(it, struct task, node);
        assert(t->state == TASK_HELD && t->seat == s);
        assert(task_may_go_to(t, s));
        held++;
    }
    assert(held == s->busy && s->busy <= s->ability.slots);
}

static void check_frame(const struct frame *f)
{
    uint32_t left = 0;
    LIST_FOR (it, &f->tasks) {
        const struct task *t = CONTAINER_OF(it, struct task, sibling);
        assert(t->frame == f);
        assert((t->state == TASK_RETURNED) == (t->back.result != NULL));
        left += t->kind == TASK_TILE;
    }
    assert(f->tasks_done + left == f->tasks_all); // none lost, none twice
}

void broker_check(const struct broker *b)
{
    LIST_FOR (it, &b->roster.seats)
        check_seat(CONTAINER_OF(it, struct seat, node));
    LIST_FOR (it, &b->conn_list) {
        const struct conn *c = CONTAINER_OF(it, struct conn, node);
        assert((c->seat != NULL) == (c->state == CONN_HELPER));
        assert((c->gamer != NULL) == (c->state == CONN_GAMER));
        if (c->gamer == NULL)
            continue;
        LIST_FOR (frame, &c->gamer->frames)
            check_frame(CONTAINER_OF(frame, struct frame, node));
    }
}
