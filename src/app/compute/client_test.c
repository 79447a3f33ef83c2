// SPDX-License-Identifier: MIT
// Tests of the opening, from the side that connects: who is believed, and who is told off.
#include "compute/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "compute/hand_test.h"
#include "compute/sample_test.h"

struct desk {
    struct budget budget;
    struct rng rng;
    uint64_t owed;
    struct outbox outbox;
    struct sign_key *hub;
    struct sign_key *key;
    struct client client;
};

static void desk_open(struct desk *d, enum msg_role role)
{
    *d = (struct desk){.budget = {.limit_bytes = 1 << 20}, .rng = rng_seeded(1)};
    d->hub = hand_key(1);
    d->key = hand_key(2);
    outbox_init(&d->outbox, &d->budget, &d->owed, 1);
    client_init(&d->client, &(struct client_cfg){.role = role,
                                                 .key = d->key,
                                                 .name = "some\x1bname",
                                                 .token = bytes_text("token"),
                                                 .ability = {.slots = 3, .cpu = "a \xff cpu"},
                                                 .entropy = hand_entropy(&d->rng)});
}

static void desk_close(struct desk *d)
{
    outbox_drop_all(&d->outbox);
    assert_int_equal(d->budget.used_bytes, 0);
    sign_key_free(d->hub);
    sign_key_free(d->key);
}

static struct msg challenge_of(const struct desk *d)
{
    struct msg m = hand_challenge(d->hub);
    memset(m.as.challenge.nonce, 5, sizeof m.as.challenge.nonce);
    return m;
}

static struct msg_hello hello_sent(struct desk *d)
{
    struct out out;
    struct msg m;
    assert_true(outbox_next(&d->outbox, &out));
    assert_int_equal(msg_decode(&m, out.bytes), RC_OK);
    assert_int_equal(m.type, MSG_HELLO);
    assert_false(outbox_next(&d->outbox, &out));
    return m.as.hello;
}

static void test_opening(void **state)
{
    (void)state;
    for (int role = MSG_ROLE_HELPER; role <= MSG_ROLE_GAMER; role++) {
        struct desk d;
        desk_open(&d, (enum msg_role)role);
        struct msg c = challenge_of(&d);
        assert_true(client_input(&d.client, &c, &d.outbox));
        assert_int_equal(d.client.state, CLIENT_SAID);
        struct msg_hello h = hello_sent(&d);
        uint8_t room[MSG_SIGNED_BYTES];
        struct bytes what = msg_hello_signed(&c.as.challenge, h.role, room);
        assert_true(sign_check(&h.public, what, &h.signature));
        assert_int_equal(h.ability.slots, 3);
        assert_string_equal(h.name, "some?name"); // safe for people and for the wire
        assert_string_equal(h.ability.cpu, "a ? cpu");
        struct digest proof = msg_token_proof(&c.as.challenge, &h.public, bytes_text("token"));
        uint8_t zeros[32] = {0};
        assert_memory_equal(h.token_proof, role == MSG_ROLE_GAMER ? proof.b : zeros, 32);
        struct msg w = hand_welcome(d.hub, &h, 2000);
        assert_true(client_input(&d.client, &w, &d.outbox));
        assert_int_equal(d.client.state, CLIENT_IN);
        assert_int_equal(d.client.heartbeat_ms, 2000);
        struct msg other = {.type = MSG_CANCEL};
        assert_false(client_input(&d.client, &other, &d.outbox)); // for its owner
        desk_close(&d);
    }
}

static void test_hub_without_its_key(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, MSG_ROLE_GAMER);
    struct msg c = challenge_of(&d);
    assert_true(client_input(&d.client, &c, &d.outbox));
    struct msg_hello h = hello_sent(&d);
    struct msg w = hand_welcome(d.key, &h, 2000); // signed, but by another
    assert_true(client_input(&d.client, &w, &d.outbox));
    assert_int_equal(d.client.state, CLIENT_OUT);
    assert_non_null(strstr(d.client.refusal.text, "does not hold the key"));
    client_restart(&d.client);
    assert_true(client_input(&d.client, &c, &d.outbox));
    struct msg_hello second = hello_sent(&d);
    assert_memory_not_equal(second.nonce, h.nonce, sizeof h.nonce);
    w = hand_welcome(d.hub, &h, 2000); // replayed from the first connection
    assert_true(client_input(&d.client, &w, &d.outbox));
    assert_int_equal(d.client.state, CLIENT_OUT);
    desk_close(&d);
}

static void test_refused_in_any_state(void **state)
{
    (void)state;
    struct msg refuse = {.type = MSG_REFUSE, .as.refuse = {RC_FULL, "no\nroom"}};
    for (int steps = 0; steps < 3; steps++) {
        struct desk d;
        desk_open(&d, MSG_ROLE_HELPER);
        if (steps > 0) {
            struct msg c = challenge_of(&d);
            assert_true(client_input(&d.client, &c, &d.outbox));
        }
        if (steps > 1) {
            struct msg_hello h = hello_sent(&d);
            struct msg w = hand_welcome(d.hub, &h, 2000);
            assert_true(client_input(&d.client, &w, &d.outbox));
        }
        assert_true(client_input(&d.client, &refuse, &d.outbox));
        assert_int_equal(d.client.state, CLIENT_OUT);
        assert_int_equal(d.client.refusal.rc, RC_FULL);
        assert_string_equal(d.client.refusal.text, "no?room");
        desk_close(&d);
    }
}

static void test_other_version(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, MSG_ROLE_HELPER);
    struct msg c = challenge_of(&d);
    c.as.challenge.version++;
    assert_true(client_input(&d.client, &c, &d.outbox));
    assert_int_equal(d.client.state, CLIENT_OUT);
    assert_int_equal(d.client.refusal.rc, RC_UNSUPPORTED);
    struct out out;
    assert_false(outbox_next(&d.outbox, &out)); // nothing is said to it
    desk_close(&d);
}

static void test_anything_else_is_no_hub(void **state)
{
    (void)state;
    struct rng r = rng_seeded(2);
    for (uint32_t type = 1; type <= SAMPLE_TYPES; type++)
        for (int said = 0; said < 2; said++) {
            struct desk d;
            desk_open(&d, MSG_ROLE_HELPER);
            struct msg c = challenge_of(&d);
            if (said)
                assert_true(client_input(&d.client, &c, &d.outbox));
            struct msg m = sample_msg((enum msg_type)type, &r);
            if (m.type == MSG_CHALLENGE && !said)
                m.as.challenge.version = 7;
            assert_true(client_input(&d.client, &m, &d.outbox)); // never for its owner
            assert_int_equal(d.client.state, CLIENT_OUT);
            enum rc rc = d.client.refusal.rc;
            assert_true(client_input(&d.client, &m, &d.outbox));
            assert_int_equal(d.client.state, CLIENT_OUT);
            assert_int_equal(d.client.refusal.rc, rc); // the first reason stays
            desk_close(&d);
        }
}

static void test_budget_runs_out(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, MSG_ROLE_HELPER);
    d.budget.limit_bytes = 100;
    struct msg c = challenge_of(&d);
    assert_true(client_input(&d.client, &c, &d.outbox));
    struct out out;
    assert_true(outbox_next(&d.outbox, &out));
    assert_int_equal(out.kind, OUT_CLOSE); // it could not say hello
    desk_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opening),
        cmocka_unit_test(test_hub_without_its_key),
        cmocka_unit_test(test_refused_in_any_state),
        cmocka_unit_test(test_other_version),
        cmocka_unit_test(test_anything_else_is_no_hub),
        cmocka_unit_test(test_budget_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
