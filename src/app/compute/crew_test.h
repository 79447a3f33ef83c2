// SPDX-License-Identifier: MIT
// A helper fed by hand: a hub that says what a test wants, and lanes that do as they are told.
//
// For tests and fuzz targets only; asserts instead of failing. After every call the helper is
// drained, and what it wants of its lanes is checked against what they do.
#ifndef COMPUTE_CREW_TEST_H
#define COMPUTE_CREW_TEST_H

#include "compute/helper.h"
#include "compute/inbox_test.h"

#define CREW_LANES     3u
#define CREW_HEARD_MAX 4096u
#define CREW_STORE     ((uint64_t)1 << 20)

struct crew_lane {
    enum { LANE_IDLE, LANE_LOADING, LANE_RUNNING } state;
    bool is_killed;
    bool has_object;
    struct digest object;                  // loaded, or on its way
    struct digest given[KERNEL_GIVEN_MAX]; // with the last run
    uint32_t given_count;
};

struct crew {
    struct budget budget;
    struct rng rng;
    struct hand_store store;
    struct sign_key *hub;
    struct sign_key *key;
    struct helper *helper;
    struct crew_lane lane[CREW_LANES];
    uint64_t now_us;
    uint32_t closings, events[HELPER_EVENT_VERDICT + 1];
    char closing[MSG_TEXT_BYTES]; // the last one's reason
    struct inbox heard;
};

static inline void crew_open(struct crew *c, size_t bytes)
{
    *c = (struct crew){.budget = {.limit_bytes = bytes}, .rng = rng_seeded(1), .now_us = 1000000};
    hand_store_open(&c->store, CREW_STORE);
    c->hub = hand_key(1);
    c->key = hand_key(2);
    inbox_open(&c->heard, CREW_HEARD_MAX);
    struct helper_cfg cfg = {.budget = &c->budget,
                             .store = c->store.store,
                             .client = {.role = MSG_ROLE_HELPER,
                                        .key = c->key,
                                        .ability = {.slots = CREW_LANES},
                                        .entropy = hand_entropy(&c->rng)}};
    hand_must(helper_new(&c->helper, &cfg));
}

static inline void crew_close(struct crew *c)
{
    helper_free(c->helper);
    assert(c->budget.used_bytes == 0);
    inbox_close(&c->heard);
    sign_key_free(c->hub);
    sign_key_free(c->key);
    hand_store_close(&c->store);
}

// Whatever the hub says, lanes are told only what they can do.
static inline void crew_lane_told(struct crew *c, const struct helper_out *out)
{
    assert(out->lane < CREW_LANES);
    struct crew_lane *l = &c->lane[out->lane];
    if (out->kind == HELPER_LOAD) {
        assert(l->state == LANE_IDLE && out->bytes.len > 0 && out->budget_us > 0);
        l->state = LANE_LOADING;
        l->object = hash_bytes(out->bytes);
        l->has_object = false;
    } else if (out->kind == HELPER_RUN) {
        const struct kernel *k = kernel_find(bytes_text(out->kernel));
        assert(l->state == LANE_IDLE && k != NULL && out->budget_us > 0);
        assert(l->has_object || !kernel_takes_object(k));
        assert(out->given_count >= k->given_min && out->given_count <= KERNEL_GIVEN_MAX);
        l->given_count = out->given_count;
        for (uint32_t i = 0; i < out->given_count; i++)
            l->given[i] = hash_bytes(out->given[i]);
        l->state = LANE_RUNNING;
        l->is_killed = false;
    } else {
        assert(l->state == LANE_RUNNING && !l->is_killed);
        l->is_killed = true;
    }
}

static inline void crew_drain(struct crew *c)
{
    struct helper_out out;
    struct helper_event e;
    while (helper_next(c->helper, &out)) {
        if (out.kind == HELPER_CLOSE) {
            c->closings++;
            bytes_to_text(out.bytes, c->closing, sizeof c->closing);
        } else if (out.kind != HELPER_SEND) {
            crew_lane_told(c, &out);
        } else {
            inbox_put(&c->heard, 0, OUT_SEND, out.bytes);
        }
    }
    while (helper_event(c->helper, &e))
        c->events[e.kind]++;
}

static inline void crew_raw(struct crew *c, struct bytes message)
{
    helper_input(c->helper, message, c->now_us);
    crew_drain(c);
}

static inline void crew_say(struct crew *c, const struct msg *m)
{
    size_t cap = msg_bytes_max(m);
    uint8_t *at = malloc(cap);
    assert(at != NULL);
    crew_raw(c, hand_encode(m, at, cap));
    free(at);
}

static inline bool crew_hears(struct crew *c, enum msg_type type, struct msg *out)
{
    return inbox_take(&c->heard, 0, type, out);
}

// Connected to the hub, and as far in as steps say: 1 challenged, 2 welcome.
static inline void crew_connect(struct crew *c, int steps)
{
    helper_open(c->helper);
    struct msg m = hand_challenge(c->hub);
    if (steps >= 1)
        crew_say(c, &m);
    if (steps < 2 || !crew_hears(c, MSG_HELLO, &m))
        return;
    m = hand_welcome(c->hub, &m.as.hello, 1000);
    crew_say(c, &m);
}

static inline void crew_hang_up(struct crew *c)
{
    helper_closed(c->helper);
    crew_drain(c);
}

// What this lane does ends: loaded, ran, or failed with rc.
static inline void crew_ends(struct crew *c, uint32_t lane, enum rc rc)
{
    struct crew_lane *l = &c->lane[lane];
    enum rc told = l->state == LANE_RUNNING && l->is_killed ? RC_CLOSED : rc;
    bool is_load = l->state == LANE_LOADING;
    if (l->state == LANE_IDLE)
        return;
    l->state = LANE_IDLE;
    if (is_load) {
        l->has_object = rc == RC_OK;
        helper_loaded(c->helper, lane, rc, "no scene");
    } else {
        struct helper_outcome o = {.rc = told,
                                   .text = "died\nof it",
                                   .result = bytes_text("the result"),
                                   .report = bytes_text("the report"),
                                   .cpu_us = 5};
        helper_ran(c->helper, lane, &o, c->now_us);
    }
    crew_drain(c);
}

static inline struct bytes crew_object(uint8_t number)
{
    static const char *const text[] = {"object zero", "object one", "object two", "object three"};
    return bytes_text(text[number % 4]);
}

static inline struct msg crew_assign(uint64_t task, uint8_t object)
{
    return (struct msg){.type = MSG_ASSIGN,
                        .as.assign = {.task = task,
                                      .budget_ms = 1000,
                                      .spec = {.kernel = "trace",
                                               .input_count = 1,
                                               .input = {hash_bytes(crew_object(object))},
                                               .params = bytes_text("params")}}};
}

static inline struct msg crew_part(uint8_t object)
{
    struct bytes data = crew_object(object);
    return (struct msg){
        .type = MSG_OBJECT_PART,
        .as.object_part = {.digest = hash_bytes(data), .total = data.len, .data = data}};
}

#endif
