// SPDX-License-Identifier: MIT
// What each kind of attacker does on its connection, as bytes and a pace.
#include "hub_hostile_plans.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/rng.h"
#include "os/ws.h"

#define FLOOD_BYTES   16384 // of small messages, one after the other
#define BIG_BYTES     60000 // the params of a task that is as large as allowed
#define GARBAGE_BYTES 16384
#define HEAD_BYTES    64 // more than any frame's head
#define SECOND_US     1000000

#define REGISTER_GAMER  "{\"type\":\"register_gamer\",\"gamer_id\":\"hostile\"}"
#define REGISTER_HELPER "{\"type\":\"register_peer\",\"peer_id\":\"hostile\"}"
#define NONSENSE        "{\"type\":\"nonsense\",\"data\":{\"a\":[1,2,3]}}"
#define SMALL_TASK      "{\"type\":\"submit_task\",\"task\":{\"type\":\"echo\",\"data\":{\"a\":1}}}"
#define BIG_TASK_FRONT  "{\"type\":\"submit_task\",\"task\":{\"type\":\"echo\",\"data\":\""
#define BIG_TASK_END    "\"}}"
#define HEARTBEAT       "{\"type\":\"heartbeat\",\"cpu_usage\":1}"

static const uint8_t no_mask[WS_KEY_BYTES]; // a mask all the same, as the RFC wants it

static uint8_t *room(size_t bytes)
{
    uint8_t *at = calloc(1, bytes);
    if (at == NULL) {
        (void)fputs("hub_hostile: out of memory\n", stderr);
        exit(1);
    }
    return at;
}

// Whole frames with this payload, as many as go into `bytes`, one at least.
static struct bytes frames(enum ws_kind kind, const char *words, size_t bytes)
{
    const size_t len = strlen(words);
    uint8_t *at = room(bytes + len + HEAD_BYTES);
    size_t used = 0;
    do {
        used += ws_head(at + used, kind, len, no_mask);
        memcpy(at + used, words, len);
        used += len;
    } while (used + len + HEAD_BYTES <= bytes);
    return bytes_of(at, used);
}

static struct bytes big_task(void)
{
    char *words = (char *)room(BIG_BYTES + sizeof BIG_TASK_FRONT + sizeof BIG_TASK_END);
    memcpy(words, BIG_TASK_FRONT, sizeof BIG_TASK_FRONT - 1);
    memset(words + sizeof BIG_TASK_FRONT - 1, 'x', BIG_BYTES);
    memcpy(words + sizeof BIG_TASK_FRONT - 1 + BIG_BYTES, BIG_TASK_END, sizeof BIG_TASK_END);
    const struct bytes out = frames(WS_TEXT, words, 0);
    free(words);
    return out;
}

// A frame's head alone, which promises more than will ever come.
static struct bytes promise(uint64_t payload_bytes)
{
    uint8_t *at = room(WS_HEAD_BYTES_MAX);
    return bytes_of(at, ws_head(at, WS_TEXT, payload_bytes, no_mask));
}

static struct bytes garbage(struct rng *rng)
{
    uint8_t *at = room(GARBAGE_BYTES);
    for (size_t i = 0; i < GARBAGE_BYTES; i++)
        at[i] = (uint8_t)rng_below(rng, 256);
    return bytes_of(at, GARBAGE_BYTES);
}

static struct bytes text(const char *words)
{
    return frames(WS_TEXT, words, 0);
}

// A frame whose payload is no CBOR: the hello that /v1 waits for.
static struct bytes garbage_hello(void)
{
    return frames(WS_BINARY, "\xff\xfe\xfd no CBOR at all", FLOOD_BYTES);
}

#define FLOODS .step_bytes = HOSTILE_STEP_BYTES, .period_us = HOSTILE_TICK_US

size_t hostile_plans(struct hostile_plan out[static HOSTILE_PLANS_MAX], uint64_t seed)
{
    struct rng rng = rng_seeded(seed);
    const struct bytes none = bytes_of(NULL, 0);
    const struct bytes noise = garbage(&rng);
    const struct bytes trickle = bytes_text("aaaaaaaaaaaaaaaa");
    const struct bytes slow_head = bytes_text("GET / HTTP/1.1\r\nHost: hub\r\nX-Slow: bbbbbbbbbbb");
    const struct hostile_plan plan[] = {
        {"half-open", NULL, none, none, .reads = true},
        {"slowloris", NULL, none, slow_head, 1, SECOND_US, .reads = true},
        {"silent", "/", none, none, .reads = true},
        {"json-flood", "/", none, frames(WS_TEXT, NONSENSE, FLOOD_BYTES), FLOODS, .reads = true},
        {"task-unregistered", "/", none, frames(WS_TEXT, SMALL_TASK, FLOOD_BYTES), FLOODS,
         .reads = true},
        {"ping-flood", "/", none, frames(WS_PING, "hi", FLOOD_BYTES), FLOODS, .reads = true},
        {"lie-2^40", "/", promise(UINT64_C(1) << 40), trickle, 16, SECOND_US / 10, .reads = true},
        {"lie-30M", "/", promise(UINT64_C(30) << 20), trickle, 16, SECOND_US / 10, .reads = true},
        {"garbage-frames", "/", none, noise, FLOODS, .reads = true},
        {"garbage-http", NULL, none, noise, FLOODS, .reads = true},
        {"never-reads", "/", text(REGISTER_GAMER), big_task(), FLOODS},
        {"garbage-hello", "/v1", none, garbage_hello(), FLOODS, .reads = true},
        {"churn", NULL, none, none, .resets = true},
        {"task-flood", "/", text(REGISTER_GAMER), frames(WS_TEXT, SMALL_TASK, FLOOD_BYTES), FLOODS,
         .reads = true},
        {"heartbeat-flood", "/", text(REGISTER_HELPER), frames(WS_TEXT, HEARTBEAT, FLOOD_BYTES),
         FLOODS, .reads = true, .is_extra = true},
        {"idle-helper", "/", text(REGISTER_HELPER), none, .reads = true, .is_extra = true},
    };
    static_assert(ARRAY_COUNT(plan) <= HOSTILE_PLANS_MAX, "as the header says");
    memcpy(out, plan, sizeof plan);
    return ARRAY_COUNT(plan);
}
