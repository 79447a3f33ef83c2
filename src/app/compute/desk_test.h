// SPDX-License-Identifier: MIT
// A broker fed by hand: connections that say what a test wants, and all that the broker answers.
//
// For tests and fuzz targets only; asserts instead of failing. After every call the broker's
// invariants are checked, its outbox is drained and its records are taken as a host would; a
// connection that it closes is closed. desk_crash is a power cut: what was taken is all there is.
#ifndef COMPUTE_DESK_TEST_H
#define COMPUTE_DESK_TEST_H

#include <stdlib.h>

#include "compute/broker.h"
#include "compute/hand_test.h"
#include "compute/rows_test.h"
#include "kernel/kernel.h"
#include "kernel/trace/trace.h"

#define DESK_KEYS      8u // 0: the hub, 1: its own compute, the rest for helpers and gamers
#define DESK_HEARD_MAX 8192u
#define DESK_CONNS_MAX 64u // few: most tests take a broker for each step
#define DESK_TASKS_MAX 1024u
#define DESK_STORE     ((uint64_t)4 << 20)
#define DESK_START_US  1000000u

struct heard {
    uint64_t conn;
    enum out_kind kind;
    bool is_taken;
    size_t len;
    uint8_t *at;
};

struct desk_cfg {
    size_t bytes;          // memory of the broker; 0: plenty
    uint32_t conns_max;    // 0: DESK_CONNS_MAX
    uint32_t tasks_max;    // 0: DESK_TASKS_MAX
    const char *token;     // NULL: none is needed
    bool has_no_own;       // own compute only verifies
    uint32_t attempts_max; // 0: 3
    uint32_t ahead;
    const struct policy *policy; // NULL: one without second copies
    struct broker_limits limits;
    bool has_rows; // what the broker says is kept, for after a crash
};

struct desk {
    struct budget budget;
    struct rng rng;
    struct hand_store store, results;
    struct sign_key *key[DESK_KEYS];
    struct broker_cfg cfg;
    struct broker *broker;
    struct rows rows;
    bool has_rows;
    bool is_deaf; // to records: the host is busy, and takes none for now
    uint64_t now_us, last_conn;
    struct heard *heard;
    size_t heard_count;
    uint32_t notes[NOTE_BARRED + 1]; // of each kind
};

static inline void desk_open(struct desk *d, const struct desk_cfg *cfg)
{
    *d = (struct desk){.budget = {.limit_bytes = cfg->bytes > 0 ? cfg->bytes : (size_t)64 << 20},
                       .rng = rng_seeded(1),
                       .now_us = DESK_START_US};
    hand_store_open(&d->store, DESK_STORE);
    hand_store_open(&d->results, DESK_STORE);
    d->heard = calloc(DESK_HEARD_MAX, sizeof *d->heard);
    assert(d->heard != NULL);
    for (uint8_t i = 0; i < DESK_KEYS; i++)
        d->key[i] = hand_key(i);
    d->has_rows = cfg->has_rows;
    d->cfg = (struct broker_cfg){.budget = &d->budget,
                                 .store = d->store.store,
                                 .results = d->results.store,
                                 .key = d->key[0],
                                 .token = bytes_text(cfg->token != NULL ? cfg->token : ""),
                                 .own = sign_key_public(d->key[1]),
                                 .is_own_last = !cfg->has_no_own,
                                 .attempts_max = cfg->attempts_max > 0 ? cfg->attempts_max : 3,
                                 .conns_max = cfg->conns_max > 0 ? cfg->conns_max : DESK_CONNS_MAX,
                                 .tasks_max = cfg->tasks_max > 0 ? cfg->tasks_max : DESK_TASKS_MAX,
                                 .limits = cfg->limits,
                                 .policy = cfg->policy != NULL ? cfg->policy : &policy_ewma,
                                 .ahead = cfg->ahead,
                                 .entropy = hand_entropy(&d->rng)};
    hand_must(broker_new(&d->broker, &d->cfg));
}

static inline void desk_forget(struct desk *d) // all that was heard
{
    for (size_t i = 0; i < d->heard_count; i++)
        free(d->heard[i].at);
    d->heard_count = 0;
}

// Whatever was pinned was let go again.
static inline void desk_empty_store(struct desk *d)
{
    struct digest name;
    uint64_t size;
    while (store_next(d->store.store, NULL, &name, &size) == RC_OK)
        hand_must(store_del(d->store.store, &name));
}

static inline void desk_close(struct desk *d)
{
    broker_free(d->broker);
    desk_empty_store(d);
    assert(d->budget.used_bytes == 0); // whatever state it was in
    desk_forget(d);
    free(d->heard);
    rows_drop(&d->rows);
    for (uint8_t i = 0; i < DESK_KEYS; i++)
        sign_key_free(d->key[i]);
    hand_store_close(&d->store);
    hand_store_close(&d->results);
}

static inline void desk_take_records(struct desk *d)
{
    struct record r;
    while (broker_record(d->broker, &r))
        if (d->has_rows)
            rows_take(&d->rows, &r, d->now_us);
}

static inline void desk_drain(struct desk *d)
{
    struct out out;
    struct broker_note note;
    broker_check(d->broker);
    while (broker_next(d->broker, &out)) {
        assert(d->heard_count < DESK_HEARD_MAX);
        struct heard *h = &d->heard[d->heard_count++];
        *h = (struct heard){.conn = out.conn, .kind = out.kind, .len = out.bytes.len};
        h->at = malloc(out.bytes.len + 1);
        assert(h->at != NULL);
        memcpy(h->at, out.bytes.at, out.bytes.len);
        h->at[out.bytes.len] = 0;
        if (out.kind == OUT_CLOSE)
            broker_closed(d->broker, out.conn, d->now_us);
    }
    while (broker_note(d->broker, &note))
        d->notes[note.kind]++;
    if (!d->is_deaf)
        desk_take_records(d);
    broker_check(d->broker);
}

// Power is gone, and back: another broker, what was taken of the first one's records, and both
// stores. All connections are lost.
static inline void desk_crash(struct desk *d)
{
    size_t limit = d->budget.limit_bytes;
    broker_free(d->broker);
    assert(d->budget.used_bytes == 0);
    desk_forget(d);
    d->budget.limit_bytes = (size_t)64 << 20; // it would not start without any memory
    hand_must(broker_new(&d->broker, &d->cfg));
    rows_restore(&d->rows, d->broker, d->now_us);
    d->budget.limit_bytes = limit > d->budget.used_bytes ? limit : d->budget.used_bytes;
    desk_drain(d);
}

static inline uint64_t desk_connect(struct desk *d)
{
    broker_open(d->broker, ++d->last_conn, NULL, d->now_us);
    desk_drain(d);
    return d->last_conn;
}

static inline void desk_hang_up(struct desk *d, uint64_t conn)
{
    broker_closed(d->broker, conn, d->now_us);
    desk_drain(d);
}

static inline void desk_raw(struct desk *d, uint64_t conn, struct bytes message)
{
    broker_input(d->broker, conn, message, d->now_us);
    desk_drain(d);
}

static inline void desk_say(struct desk *d, uint64_t conn, const struct msg *m)
{
    size_t cap = msg_bytes_max(m);
    uint8_t *at = malloc(cap);
    assert(at != NULL);
    desk_raw(d, conn, hand_encode(m, at, cap));
    free(at);
}

static inline void desk_wait(struct desk *d, uint64_t us)
{
    d->now_us += us;
    broker_tick(d->broker, d->now_us);
    desk_drain(d);
}

// The next message of this type to conn that was not taken yet; borrowed until desk_forget.
static inline bool desk_hears(struct desk *d, uint64_t conn, enum msg_type type, struct msg *out)
{
    for (size_t i = 0; i < d->heard_count; i++) {
        struct heard *h = &d->heard[i];
        if (h->conn != conn || h->is_taken || h->kind != OUT_SEND)
            continue;
        hand_must(msg_decode(out, bytes_of(h->at, h->len))); // a broker never sends another
        if (out->type != type)
            continue;
        h->is_taken = true;
        return true;
    }
    return false;
}

static inline bool desk_is_closed(const struct desk *d, uint64_t conn)
{
    size_t closings = 0;
    for (size_t i = 0; i < d->heard_count; i++)
        closings += d->heard[i].conn == conn && d->heard[i].kind == OUT_CLOSE;
    assert(closings <= 1);
    return closings == 1;
}

// Refused with these words in the reason, once, and closed.
static inline bool desk_is_refused(struct desk *d, uint64_t conn, const char *words)
{
    struct msg m;
    if (!desk_hears(d, conn, MSG_REFUSE, &m) || strstr(m.as.refuse.text, words) == NULL)
        return false;
    struct msg more;
    return !desk_hears(d, conn, MSG_REFUSE, &more) && desk_is_closed(d, conn);
}

static inline struct msg desk_hello(struct desk *d, uint64_t conn, enum msg_role role, size_t key)
{
    struct msg m;
    bool is_heard = desk_hears(d, conn, MSG_CHALLENGE, &m);
    assert(is_heard);
    (void)is_heard;
    return hand_hello(&m.as.challenge, role, d->key[key], bytes_of(NULL, 0));
}

// Connects and is welcome.
static inline uint64_t desk_join(struct desk *d, enum msg_role role, size_t key)
{
    uint64_t conn = desk_connect(d);
    struct msg m = desk_hello(d, conn, role, key);
    desk_say(d, conn, &m);
    bool is_welcome = desk_hears(d, conn, MSG_WELCOME, &m);
    assert(is_welcome);
    (void)is_welcome;
    return conn;
}

static inline struct bytes desk_scene(void)
{
    return bytes_text("the broker looks into no scene, so any bytes are one");
}

static inline struct msg desk_submit(uint64_t job)
{
    return (struct msg){.type = MSG_SUBMIT,
                        .as.submit = {.job = job,
                                      .scene = hash_bytes(desk_scene()),
                                      .width = 16,
                                      .height = 12,
                                      .samples = 2,
                                      .depth_max = 3,
                                      .tiles = 2,
                                      .camera = {.up = {0, 1, 0}, .fov_deg = 40}}};
}

static inline struct msg desk_part(void)
{
    struct bytes scene = desk_scene();
    return (struct msg){
        .type = MSG_OBJECT_PART,
        .as.object_part = {.digest = hash_bytes(scene), .total = scene.len, .data = scene}};
}

// What a helper that returns pixels of this value answers (or, of an echo, params with the first
// byte off by value); the result lies in at.
static inline struct msg desk_result(const struct desk *d, const struct msg_assign *a, size_t key,
                                     uint8_t value, uint8_t **at)
{
    size_t len = 0;
    const struct kernel *kernel = kernel_find(bytes_text(a->spec.kernel));
    hand_must(kernel->result_bounds(a->spec.params, &len, &len));
    *at = malloc(len + 1);
    assert(*at != NULL);
    memset(*at, value, len);
    if (kernel->verify != NULL) {
        memcpy(*at, a->spec.params.at, len);
        (*at)[0] ^= value;
    }
    return hand_result(a, d->key[key], bytes_of(*at, len), bytes_of(NULL, 0));
}

// conn does what it was assigned next, if anything.
static inline bool desk_work(struct desk *d, uint64_t conn, size_t key, uint8_t value)
{
    struct msg m;
    if (!desk_hears(d, conn, MSG_ASSIGN, &m))
        return false;
    uint8_t *at;
    struct msg result = desk_result(d, &m.as.assign, key, value, &at);
    desk_say(d, conn, &result);
    free(at);
    return true;
}

#endif
