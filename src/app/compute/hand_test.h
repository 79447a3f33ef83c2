// SPDX-License-Identifier: MIT
// What tests of compute feed to its machines by hand: keys, entropy, a store, messages as bytes.
//
// For tests and fuzz targets only; asserts instead of failing.
#ifndef COMPUTE_HAND_TEST_H
#define COMPUTE_HAND_TEST_H

#include <assert.h>
#include <string.h>

#include "base/rng.h"
#include "compute/msg.h"
#include "crypt/sign.h"
#include "host/entropy.h"
#include "kernel/kernel.h"
#include "kernel/trace/trace.h"
#include "sim/kv.h"
#include "store/store.h"

static inline void hand_must(enum rc rc)
{
    assert(rc == RC_OK);
    (void)rc;
}

static inline void hand_fill(void *self, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)rng_u64(self);
}

static inline struct entropy hand_entropy(struct rng *r) // r outlives it
{
    return (struct entropy){.fill = hand_fill, .self = r};
}

static inline struct sign_key *hand_key(uint8_t number)
{
    uint8_t seed[SIGN_SEED_BYTES] = {'k', 'e', 'y', number};
    struct sign_key *key;
    hand_must(sign_key_new(&key, seed));
    return key;
}

struct hand_store {
    struct budget budget;
    struct sim_kv *kv;
    struct arena *arena;
    struct store *store;
};

static inline void hand_store_open(struct hand_store *s, uint64_t bytes_max)
{
    *s = (struct hand_store){.budget = {.limit_bytes = (size_t)bytes_max * 2 + 262144}};
    s->arena = arena_new((size_t)4 << 20);
    assert(s->arena != NULL);
    hand_must(sim_kv_new(&s->kv, &s->budget, bytes_max + 65536));
    const struct store_cfg cfg = {
        .kv = sim_kv_host(s->kv), .bytes_max = bytes_max, .objects_max = 64, .seed = 1};
    hand_must(store_open(&s->store, s->arena, &cfg));
}

static inline void hand_store_close(struct hand_store *s)
{
    arena_free(s->arena);
    sim_kv_free(s->kv);
    assert(s->budget.used_bytes == 0);
}

static inline struct bytes hand_encode(const struct msg *m, uint8_t *room, size_t cap)
{
    struct buffer b = buffer_of(room, cap);
    hand_must(msg_encode(m, &b));
    return buffer_bytes(&b);
}

static inline void hand_sign(const struct sign_key *key, struct bytes what, struct signature *out)
{
    hand_must(sign_make(key, what, out));
}

static inline struct msg hand_challenge(const struct sign_key *hub)
{
    return (struct msg){.type = MSG_CHALLENGE,
                        .as.challenge = {.version = MSG_VERSION, .hub = sign_key_public(hub)}};
}

static inline struct msg hand_welcome(const struct sign_key *hub, const struct msg_hello *hello,
                                      uint32_t heartbeat_ms)
{
    struct msg m = {.type = MSG_WELCOME, .as.welcome = {.heartbeat_ms = heartbeat_ms}};
    uint8_t room[MSG_SIGNED_BYTES];
    hand_sign(hub, msg_welcome_signed(hello->nonce, &hello->public, room), &m.as.welcome.signature);
    return m;
}

// A hello that a hub takes: from a helper with one slot for any kernel, or a gamer.
static inline struct msg hand_hello(const struct msg_challenge *c, enum msg_role role,
                                    const struct sign_key *key, struct bytes token)
{
    struct msg m = {.type = MSG_HELLO, .as.hello = {.version = MSG_VERSION, .role = role}};
    uint8_t room[MSG_SIGNED_BYTES];
    m.as.hello.public = sign_key_public(key);
    hand_sign(key, msg_hello_signed(c, role, room), &m.as.hello.signature);
    if (role == MSG_ROLE_GAMER) {
        struct digest proof = msg_token_proof(c, &m.as.hello.public, token);
        memcpy(m.as.hello.token_proof, proof.b, sizeof proof.b);
    } else {
        struct msg_ability *a = &m.as.hello.ability;
        *a = (struct msg_ability){.slots = 1, .cores = 1};
        for (const struct kernel *k; (k = kernel_at(a->speed_count)) != NULL; a->speed_count++) {
            memcpy(a->speed[a->speed_count].kernel, k->name, strlen(k->name));
            a->speed[a->speed_count].units_s = k == &trace_kernel ? 1000000 : 1;
        }
    }
    return m;
}

// The result of what an assignment asks for: `len` bytes of `value`, bound to key.
static inline struct msg hand_result(const struct msg_assign *a, const struct sign_key *key,
                                     struct bytes result, struct bytes report)
{
    struct msg m = {.type = MSG_RESULT,
                    .as.result = {.task = a->task,
                                  .hash = hash_bytes(result),
                                  .cpu_us = 1000,
                                  .report = report,
                                  .result = result}};
    struct digest asked = task_digest(&a->spec);
    uint8_t room[MSG_SIGNED_BYTES];
    hand_sign(key, msg_result_signed(&asked, &m.as.result.hash, room), &m.as.result.signature);
    return m;
}

#endif
