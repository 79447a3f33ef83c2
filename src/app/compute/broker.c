// SPDX-License-Identifier: MIT
// Broker: the hub's side of compute as a machine: connections, who they are, what they say.
#include "compute/broker.h"

#include <assert.h>
#include <string.h>

#include "base/num.h"
#include "compute/broker_state.h"

#define BROKER_ARENA_BYTES (64u << 20) // tables only: maps, heaps, notes
#define SEED_SHIFT         11          // exact in any reader of JSON
#define IN_WORK_PART       4u          // of all tasks: that helpers have copies of

static_assert(BROKER_CONNS_MAX <= ROSTER_SEATS_MAX, "a seat for each");
static_assert(QUEUE_TASKS_MAX <= RESULTS_MAX, "as many results as tasks may be asked for");

static enum rc take_guard(struct broker *b, const struct broker_limits *limits, uint64_t seed)
{
    struct guard_cfg cfg = {.keys_max = b->conns_max,
                            .open_max = limits->conns,
                            .messages = guard_rate_of(limits->messages_s, BROKER_BURST_S),
                            .bytes = guard_rate_of(limits->bytes_s, BROKER_BURST_S)};
    return guard_new(&b->keys, b->arena, &cfg, seed);
}

static uint32_t or_most(uint32_t said, uint32_t most)
{
    return said > 0 ? said : most;
}

static struct sched_cfg sched_cfg_of(const struct broker_cfg *cfg)
{
    return (struct sched_cfg){.helpers_max = or_most(cfg->conns_max, BROKER_CONNS_MAX) + 1,
                              .tasks_max = or_most(cfg->tasks_max, QUEUE_TASKS_MAX) / IN_WORK_PART,
                              .types = work_types(),
                              .attempts_max = cfg->attempts_max,
                              .give_up_us = SCHED_NEVER, // a job's deadline tells
                              .late_min_us = BROKER_LATE_MIN_US,
                              .policy = cfg->policy,
                              .watch = cfg->watch};
}

static enum rc take_sched(struct broker *b, const struct broker_cfg *cfg, uint64_t seed)
{
    struct sched_cfg sched = sched_cfg_of(cfg);
    sched.seed = seed >> SEED_SHIFT;
    if (cfg->watch != NULL)
        cfg->watch->start(cfg->watch->self, &sched);
    return sched_new(&b->sched, b->arena, &sched);
}

static enum rc take_tables(struct broker *b, const struct broker_cfg *cfg)
{
    uint64_t seed = entropy_u64(&cfg->entropy);
    b->conns = map_new(b->arena, sizeof(uint64_t), b->conns_max, seed);
    b->jobs = map_new(b->arena, sizeof(struct job_key), b->tasks_max, seed + 3);
    b->kept = map_new(b->arena, sizeof(struct job_key), b->tasks_max / BROKER_KEPT_PART, seed + 9);
    b->away = map_new(b->arena, DIGEST_BYTES, b->conns_max, seed + 4);
    b->origins = map_new(b->arena, BROKER_ORIGIN_BYTES, 2 * (size_t)b->conns_max, seed + 7);
    b->wait_us = arena_take(b->arena, sizeof *b->wait_us);
    b->work_us = arena_take(b->arena, sizeof *b->work_us);
    b->run_us = arena_take(b->arena, sizeof *b->run_us);
    b->notes = arena_take_array(b->arena, BROKER_NOTES_MAX, sizeof *b->notes);
    b->token = budget_take(b->budget, cfg->token.len);
    const size_t owed_max = (size_t)b->conns_max + 1; // one that is refused for being too many, too
    uint64_t *owed = arena_take_array(b->arena, owed_max, sizeof *owed);
    if (b->conns == NULL || b->jobs == NULL || b->kept == NULL || b->away == NULL ||
        b->origins == NULL || b->wait_us == NULL || b->work_us == NULL || b->run_us == NULL ||
        b->notes == NULL || b->token == NULL || owed == NULL)
        return RC_NOMEM;
    quantiles_init(b->wait_us);
    quantiles_init(b->work_us);
    quantiles_init(b->run_us);
    outbox_init(&b->outbox, b->budget, owed, owed_max);
    if (cfg->token.len > 0)
        memcpy(b->token, cfg->token.at, cfg->token.len);
    b->token_len = cfg->token.len;
    enum rc rc = heap_init(&b->lives, b->arena, b->conns_max);
    if (rc == RC_OK)
        rc = heap_init(&b->aways, b->arena, 2 * (size_t)b->conns_max);
    if (rc == RC_OK)
        rc = heap_init(&b->deadlines, b->arena, b->tasks_max);
    if (rc == RC_OK)
        rc = take_guard(b, &cfg->limits, seed + 6);
    if (rc == RC_OK)
        rc = results_init(&b->results, b->arena, b->budget, cfg->results, b->tasks_max, seed + 5);
    if (rc == RC_OK)
        rc = roster_init(&b->roster, b->arena, b->budget, b->conns_max, seed + 1);
    if (rc == RC_OK)
        rc = queue_init(&b->queue, b->arena, b->budget, b->tasks_max, seed + 2);
    if (rc == RC_OK)
        rc = take_sched(b, cfg, seed + 8);
    return rc;
}

enum rc broker_new(struct broker **out, const struct broker_cfg *cfg)
{
    *out = NULL;
    const uint32_t conns_max = or_most(cfg->conns_max, BROKER_CONNS_MAX);
    const uint32_t tasks_max = or_most(cfg->tasks_max, QUEUE_TASKS_MAX);
    if (cfg->attempts_max < 1 || cfg->attempts_max > QUEUE_ATTEMPTS_MAX || cfg->policy == NULL ||
        conns_max > BROKER_CONNS_MAX || tasks_max < BROKER_TASKS_MIN || tasks_max > QUEUE_TASKS_MAX)
        return RC_CONFIG;
    const struct sched_cfg sched = sched_cfg_of(cfg);
    struct arena *arena = arena_new(BROKER_ARENA_BYTES + sched_bytes(&sched));
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
    b->conns_max = conns_max;
    b->tasks_max = tasks_max;
    b->ahead = cfg->ahead;
    b->entropy = cfg->entropy;
    b->log = cfg->log;
    list_init(&b->conn_list);
    list_init(&b->refused);
    list_init(&b->news);
    list_init(&b->gamers);
    list_init(&b->gamers_changed);
    list_init(&b->origin_list);
    list_init(&b->roster.seats);
    records_init(&b->records, b->budget);
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
        note.kind = NOTE_GAMER_OUT;
        memcpy(note.who, c->gamer->name, sizeof note.who);
        note.node = c->gamer->id;
        b->stat.gamers--;
        gamer_detach(b, c->gamer);
        c->gamer = NULL;
        broker_note_put(b, &note);
    }
    if (c->has_place)
        guard_leave(b->keys, &c->key, b->now_us);
    c->has_place = false;
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
    LIST_FOR_SAFE (it, &b->gamers)
        gamer_free_all(b, CONTAINER_OF(it, struct gamer, node));
    results_reset(&b->results);
    records_reset(&b->records);
    roster_reset(&b->roster);
    outbox_drop_all(&b->outbox);
    budget_give(b->budget, b->token);
    arena_free(b->arena);
}

static void refuse(struct broker *b, struct conn *c, enum rc rc, const char *text)
{
    if (c->state == CONN_ENDED)
        return;
    struct msg m = {.type = MSG_REFUSE, .as.refuse = {.rc = rc}};
    bytes_to_text(bytes_text(text), m.as.refuse.text, MSG_TEXT_BYTES);
    log_put(b->log, LOG_LEVEL_INFO, "broker", "refused conn=%llu reason=\"%s\"",
            (unsigned long long)c->id, text);
    b->stat.refused++;
    strip(b, c);
    broker_tell(b, c->id, &m);
    outbox_close(&b->outbox, c->id, text);
}

void broker_open(struct broker *b, uint64_t conn, const struct broker_guest *guest, uint64_t now_us)
{
    b->now_us = now_us;
    struct conn *c = budget_take(b->budget, sizeof *c);
    if (c == NULL || map_put(b->conns, &conn, c) != RC_OK) {
        budget_give(b->budget, c);
        outbox_close(&b->outbox, conn, "the hub is full");
        return;
    }
    *c = (struct conn){.id = conn, .state = CONN_GREETED};
    c->guest = guest != NULL ? *guest : (struct broker_guest){.is_local = true};
    c->dialect = c->guest.is_text ? DIALECT_UNKNOWN : DIALECT_CBOR;
    list_init(&c->refused);
    list_push_back(&b->conn_list, &c->node);
    enum rc rc = heap_put(&b->lives, &c->life, time_after(now_us, BROKER_HELLO_US));
    assert(rc == RC_OK); // as many places as connections
    (void)rc;
    if (c->guest.is_text)
        return; // in JSON the other side speaks first
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
    if (c->dialect == DIALECT_CBOR &&
        sign_make(b->key, signed_part, &m.as.welcome.signature) != RC_OK) {
        refuse(b, c, RC_NOMEM, "the hub is out of memory");
        return;
    }
    broker_tell(b, c->id, &m);
}

// The hub's own compute lives as long as its connection: it is in this process, and a machine that
// slept has missed its heartbeats and ours alike. So does who speaks JSON, where not all have a
// word for a heartbeat: the connection's own pings tell.
static uint64_t dead_us(const struct broker *b, const struct seat *s)
{
    uint64_t silence_us = (uint64_t)BROKER_HEARTBEAT_MS * BROKER_HEARTBEATS_MISSED * US_PER_MS;
    return s->is_own || !s->has_key ? UINT64_MAX : time_after(b->now_us, silence_us);
}

// Tasks on their way while it works on others keep it from waiting for us.
static uint32_t ahead_of(const struct broker *b, const struct msg_hello *hello)
{
    return (uint32_t)num_min((uint64_t)b->ahead * hello->ability.slots, UINT32_MAX);
}

static void seat_helper(struct broker *b, struct conn *c, const struct msg_hello *hello,
                        const struct digest *node)
{
    if (hello->ability.slots == 0) { // tasks would wait for it for ever
        refuse(b, c, RC_REFUSED, "a helper needs at least one slot");
        return;
    }
    struct standing *standing = roster_standing(&b->roster, node);
    if (standing == NULL) {
        refuse(b, c, RC_FULL, "the hub cannot take more helpers");
        return;
    }
    if (standing->record.is_barred) {
        refuse(b, c, RC_REFUSED, BROKER_BARRED_TEXT);
        return;
    }
    struct seat *old = roster_by_node(&b->roster, node);
    if (old != NULL) {
        struct conn *before = map_get(b->conns, &old->conn);
        assert(before != NULL);
        refuse(b, before, RC_CLOSED, "the same key connected again");
    }
    bool is_text = c->dialect != DIALECT_CBOR;
    bool is_own = !is_text && memcmp(&hello->public, &b->own, sizeof b->own) == 0;
    struct roster_guest guest = {.conn = c->id,
                                 .hello = hello,
                                 .standing = standing,
                                 .is_own = is_own,
                                 .is_text = is_text,
                                 .ahead = is_own ? 0 : ahead_of(b, hello),
                                 .now_us = b->now_us};
    c->seat = roster_sit(&b->roster, &guest);
    if (c->seat == NULL) {
        refuse(b, c, RC_FULL, "the hub cannot take more helpers");
        return;
    }
    c->state = CONN_HELPER;
    work_sit(b, c->seat);
    b->stat.helpers += !is_own;
    heap_move(&b->lives, &c->life, dead_us(b, c->seat));
    struct broker_note note = {.kind = NOTE_HELPER_IN, .node = *node};
    memcpy(note.who, c->seat->name, sizeof note.who);
    broker_note_put(b, &note);
    if (!is_own) // whose key is another one in each run
        roster_changed(&b->roster, standing);
    welcome(b, c, hello);
}

static void seat_gamer(struct broker *b, struct conn *c, const struct msg_hello *hello,
                       const struct digest *node)
{
    struct gamer *g = gamer_arrive(b, node, hello->name);
    if (g == NULL || !gamer_attach(b, g, c)) {
        refuse(b, c, RC_FULL, "the hub cannot take more gamers");
        return;
    }
    gamer_changed(b, g);
    c->state = CONN_GAMER;
    b->stat.gamers++;
    heap_move(&b->lives, &c->life, UINT64_MAX); // its connection's own pings tell
    struct broker_note note = {.kind = NOTE_GAMER_IN, .node = *node};
    memcpy(note.who, g->name, sizeof note.who);
    broker_note_put(b, &note);
    welcome(b, c, hello);
}

// Whoever it is, it has a bounded part in this hub, by whichever addresses it comes.
static bool has_place(struct broker *b, struct conn *c, const struct digest *node)
{
    if (c->guest.is_local)
        return true;
    memcpy(c->key.b, node->b, sizeof c->key.b);
    c->has_place = guard_admit(b->keys, &c->key, b->now_us) == RC_OK;
    if (!c->has_place)
        refuse(b, c, RC_FULL, "too many connections with this key");
    return c->has_place;
}

static void seat_by_role(struct broker *b, struct conn *c, const struct msg_hello *hello,
                         const struct digest *node, bool knows_token)
{
    if (!has_place(b, c, node))
        return;
    if (hello->role == MSG_ROLE_HELPER)
        seat_helper(b, c, hello, node);
    else if (b->token_len == 0 || knows_token)
        seat_gamer(b, c, hello, node);
    else
        refuse(b, c, RC_REFUSED,
               "wrong token: ask the hub's owner for it, and give it with --token-file");
}

static void say_hello(struct broker *b, struct conn *c, const struct msg_hello *hello)
{
    uint8_t room[MSG_SIGNED_BYTES];
    struct bytes signed_part = msg_hello_signed(&c->challenge, hello->role, room);
    if (hello->version != MSG_VERSION) {
        refuse(b, c, RC_UNSUPPORTED, "this hub speaks protocol version 1: update");
    } else if (!sign_check(&hello->public, signed_part, &hello->signature)) {
        refuse(b, c, RC_REFUSED, "the signature does not fit the key");
    } else {
        struct digest node = hash_bytes(bytes_of(hello->public.b, sizeof hello->public.b));
        struct digest proof =
            msg_token_proof(&c->challenge, &hello->public, bytes_of(b->token, b->token_len));
        bool knows_token = memcmp(proof.b, hello->token_proof, sizeof proof.b) == 0;
        seat_by_role(b, c, hello, &node, knows_token);
    }
}

// Who holds no key is known by what it calls itself, among those at its address. The token is
// compared by its hash, which tells nothing by the time it takes.
static void say_hello_text(struct broker *b, struct conn *c, const struct msg_hello *hello,
                           const struct dialect_hello *more)
{
    struct bytes part[] = {
        bytes_text(hello->role == MSG_ROLE_HELPER ? "shoal json helper\n" : "shoal json gamer\n"),
        bytes_of(c->guest.origin, sizeof c->guest.origin), digest_bytes(&more->id)};
    struct digest node = hash_parts(part, ARRAY_COUNT(part));
    struct digest token = hash_bytes(bytes_of(b->token, b->token_len));
    struct digest said = hash_bytes(bytes_text(more->token));
    seat_by_role(b, c, hello, &node, digest_equal(&token, &said));
}

static void helper_says(struct broker *b, struct conn *c, const struct msg *m)
{
    heap_move(&b->lives, &c->life, dead_us(b, c->seat));
    if (m->type == MSG_HEARTBEAT)
        c->seat->health = m->as.heartbeat;
    else if (m->type == MSG_OBJECT_GET)
        object_give(b, c, &m->as.object_get);
    else if (m->type == MSG_RESULT)
        work_result(b, c->seat, &m->as.result);
    else if (m->type == MSG_FAILURE)
        work_failure(b, c->seat, &m->as.failure);
    else
        refuse(b, c, RC_MALFORMED, "a helper does not send this message");
}

// A step that makes no sense, comes too fast or twice moves nobody: the next frame's camera tells
// the player where it stands.
static void step(struct broker *b, struct gamer *g, const struct session_input *input)
{
    b->stat.steps_refused += session_step(&g->session, input, b->now_us) != RC_OK;
}

static void run_says(struct broker *b, struct conn *c, const struct msg_run *m)
{
    const bool is_text = c->dialect != DIALECT_CBOR;
    if (!is_text || m->label[0] != 0) {
        job_run(b, c->gamer, m, is_text);
        return;
    }
    struct msg_run run = *m;
    run.job = entropy_u64(&b->entropy); // its vocabulary has no number for it
    job_run(b, c->gamer, &run, is_text);
}

static void gamer_says(struct broker *b, struct conn *c, const struct msg *m)
{
    if (m->type == MSG_SUBMIT)
        job_submit(b, c->gamer, &m->as.submit);
    else if (m->type == MSG_RUN)
        run_says(b, c, &m->as.run);
    else if (m->type == MSG_INPUT)
        step(b, c->gamer, &m->as.input);
    else if (m->type == MSG_WITHDRAW)
        job_withdraw(b, c->gamer, m->as.withdraw.job);
    else if (m->type == MSG_OBJECT_PART)
        job_object_part(b, c->gamer, &m->as.object_part);
    else if (m->type == MSG_OBJECT_NONE)
        job_object_none(b, c->gamer, &m->as.object_none.digest);
    else
        refuse(b, c, RC_MALFORMED, "a gamer does not send this message");
}

static void conn_says(struct broker *b, struct conn *c, const struct msg *m,
                      const struct dialect_hello *more)
{
    if (c->state == CONN_HELPER)
        helper_says(b, c, m);
    else if (c->state == CONN_GAMER)
        gamer_says(b, c, m);
    else if (m->type == MSG_HELLO && c->dialect == DIALECT_CBOR)
        say_hello(b, c, &m->as.hello);
    else if (m->type == MSG_HELLO)
        say_hello_text(b, c, &m->as.hello, more);
    else
        refuse(b, c, RC_REFUSED, "the first message must be a hello");
}

// It was understood, and cannot be done: told, and the connection goes on.
static void cannot(struct broker *b, struct conn *c, const struct msg *m, enum rc rc)
{
    const char *text = rc == RC_REFUSED ? "more than this hub takes in one message"
                                        : "no such message in this vocabulary";
    struct msg_refuse why = refuse_because(rc, text);
    if (c->state == CONN_GAMER && rc == RC_REFUSED && m->type == MSG_RUN)
        gamer_tell_failed(b, c->gamer, m->as.run.job, m->as.run.label, &why);
    else
        broker_tell(b, c->id, &(struct msg){.type = MSG_REFUSE, .as.refuse = why});
}

static void text_says(struct broker *b, struct conn *c, struct bytes message)
{
    struct msg m;
    struct dialect_hello more;
    enum rc rc = dialect_decode(&c->dialect, &m, &more, message);
    if (rc == RC_OK)
        conn_says(b, c, &m, &more);
    else if (rc == RC_MALFORMED || c->state == CONN_GREETED)
        refuse(b, c, RC_MALFORMED, "malformed message");
    else
        cannot(b, c, &m, rc);
}

static void charge(struct broker *b, const struct conn *c, size_t len)
{
    uint64_t wait_us = guard_charge(b->keys, &c->key, 1, len, b->now_us);
    if (wait_us > 0)
        outbox_pause(&b->outbox, c->id, time_after(b->now_us, wait_us));
}

// Whose connection is refused hears it and gives its work back, before any is given out.
static void end_turn(struct broker *b)
{
    while (!list_is_empty(&b->refused)) {
        struct conn *c = CONTAINER_OF(b->refused.next, struct conn, refused);
        list_del(&c->refused);
        refuse(b, c, c->refused_rc, c->refused_text);
    }
    work_assign(b);
}

uint64_t broker_input(struct broker *b, uint64_t conn, struct bytes message, uint64_t now_us)
{
    b->now_us = now_us;
    b->payer = conn;
    struct conn *c = map_get(b->conns, &conn);
    if (c == NULL || c->state == CONN_ENDED)
        return conn;
    if (c->has_place)
        charge(b, c, message.len);
    struct msg m;
    if (c->dialect != DIALECT_CBOR)
        text_says(b, c, message);
    else if (msg_decode(&m, message) == RC_OK)
        conn_says(b, c, &m, NULL);
    else
        refuse(b, c, RC_MALFORMED, "malformed message");
    end_turn(b);
    return b->payer;
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
    list_del(&c->refused);
    budget_give(b->budget, c);
    end_turn(b);
}

// Gamers hear how many helpers there are when that changed, but not too often.
static bool has_peers_news(const struct broker *b)
{
    return b->stat.gamers > 0 && b->peers_told != b->roster.seat_count;
}

static void tell_peers(struct broker *b)
{
    if (!has_peers_news(b) || b->now_us < b->peers_us)
        return;
    b->peers_us = time_after(b->now_us, BROKER_PEERS_US);
    b->peers_told = b->roster.seat_count;
    struct msg m = {.type = MSG_PEERS, .as.peers = {b->roster.ready_count, b->roster.seat_count}};
    LIST_FOR (it, &b->gamers)
        gamer_tell(b, CONTAINER_OF(it, struct gamer, node), &m);
}

void broker_tick(struct broker *b, uint64_t now_us)
{
    b->now_us = now_us;
    for (struct heap_node *n; (n = heap_first(&b->lives)) != NULL && n->key <= now_us;) {
        struct conn *c = CONTAINER_OF(n, struct conn, life);
        refuse(b, c, RC_TIMEOUT,
               c->state == CONN_GREETED ? "no hello in time" : "no heartbeat in time");
    }
    sched_tick(b->sched, b->now_us);
    work_rested(b);
    job_late(b);
    tell_peers(b);
    end_turn(b);
}

void broker_hour(struct broker *b, double hour)
{
    sched_hour(b->sched, hour);
}

bool broker_next(struct broker *b, struct out *out)
{
    return outbox_next(&b->outbox, out);
}

uint64_t broker_due_us(const struct broker *b)
{
    const struct heap_node *life = heap_first(&b->lives);
    const struct heap_node *over = heap_first(&b->deadlines);
    const struct heap_node *away = heap_first(&b->aways);
    uint64_t due_us = num_min(life == NULL ? UINT64_MAX : life->key, sched_due_us(b->sched));
    due_us = num_min(due_us, over == NULL ? UINT64_MAX : over->key);
    due_us = num_min(due_us, roster_due_us(&b->roster));
    due_us = num_min(due_us, has_peers_news(b) ? b->peers_us : UINT64_MAX);
    return num_min(due_us, away == NULL ? UINT64_MAX : away->key);
}

struct broker_stat broker_stat(const struct broker *b)
{
    struct broker_stat s = b->stat;
    s.helpers_ready = b->roster.ready_count;
    s.tasks_waiting = b->queue.waiting_count;
    s.tasks_held = (uint32_t)map_count(b->queue.by_id) - b->queue.waiting_count;
    s.records_lost = b->records.lost;
    s.memory_bytes = b->budget->used_bytes;
    return s;
}

struct broker_times broker_times(const struct broker *b)
{
    return (struct broker_times){b->wait_us, b->work_us, b->run_us};
}
