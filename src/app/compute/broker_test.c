// SPDX-License-Identifier: MIT
// Tests of the broker's openings and manners: who comes in, who may say what, who is shown out.
#include "compute/broker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/seed_test.h"
#include "compute/desk_test.h"
#include "compute/sample_test.h"

#define HELPER MSG_ROLE_HELPER
#define GAMER  MSG_ROLE_GAMER

static void test_settings(void **state)
{
    (void)state;
    struct budget budget = {.limit_bytes = 1 << 20};
    struct rng rng = rng_seeded(1);
    struct broker_cfg cfg = {.budget = &budget,
                             .attempts_max = 0,
                             .policy = &policy_shoal,
                             .entropy = hand_entropy(&rng)};
    struct broker *b;
    assert_int_equal(broker_new(&b, &cfg), RC_CONFIG);
    assert_null(b);
    cfg.attempts_max = QUEUE_ATTEMPTS_MAX + 1;
    assert_int_equal(broker_new(&b, &cfg), RC_CONFIG);
    cfg.attempts_max = 1;
    cfg.conns_max = BROKER_CONNS_MAX + 1;
    assert_int_equal(broker_new(&b, &cfg), RC_CONFIG);
    cfg.conns_max = 1;
    cfg.tasks_max = BROKER_TASKS_MIN - 1;
    assert_int_equal(broker_new(&b, &cfg), RC_CONFIG);
    cfg.tasks_max = QUEUE_TASKS_MAX + 1;
    assert_int_equal(broker_new(&b, &cfg), RC_CONFIG);
    cfg.tasks_max = BROKER_TASKS_MIN;
    cfg.token = bytes_text("longer than the memory there is");
    budget.limit_bytes = 8;
    assert_int_equal(broker_new(&b, &cfg), RC_NOMEM);
    assert_null(b);
    assert_int_equal(budget.used_bytes, 0);
    broker_free(NULL);
}

static void test_welcome(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, &(struct desk_cfg){0});
    for (size_t key = 1; key < 6; key++) {
        uint64_t conn = desk_connect(&d);
        struct msg hello = desk_hello(&d, conn, key < 4 ? HELPER : GAMER, key);
        memset(hello.as.hello.nonce, (int)key, sizeof hello.as.hello.nonce);
        desk_say(&d, conn, &hello);
        struct msg w;
        assert_true(desk_hears(&d, conn, MSG_WELCOME, &w));
        struct sign_public hub = sign_key_public(d.key[0]);
        uint8_t room[MSG_SIGNED_BYTES];
        struct bytes what = msg_welcome_signed(hello.as.hello.nonce, &hello.as.hello.public, room);
        assert_true(sign_check(&hub, what, &w.as.welcome.signature));
    }
    struct broker_stat s = broker_stat(d.broker);
    assert_int_equal(s.helpers, 2); // the hub's own is not counted
    assert_int_equal(s.gamers, 2);
    assert_int_equal(d.notes[NOTE_HELPER_IN], 3);
    assert_int_equal(d.notes[NOTE_GAMER_IN], 2);
    desk_close(&d);
}

static void test_challenges_differ(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, &(struct desk_cfg){0});
    struct msg a;
    struct msg b;
    assert_true(desk_hears(&d, desk_connect(&d), MSG_CHALLENGE, &a));
    assert_true(desk_hears(&d, desk_connect(&d), MSG_CHALLENGE, &b));
    assert_memory_not_equal(a.as.challenge.nonce, b.as.challenge.nonce, 32);
    desk_close(&d);
}

static void test_anything_before_hello(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, &(struct desk_cfg){0});
    struct rng r = rng_seeded(test_seed());
    size_t used = d.budget.used_bytes;
    for (uint32_t type = 1; type <= SAMPLE_TYPES; type++) {
        uint64_t conn = desk_connect(&d);
        struct msg m = sample_msg((enum msg_type)type, &r);
        desk_say(&d, conn, &m);
        if (type == MSG_HELLO) // well-formed, and nothing in it fits
            assert_true(desk_is_refused(&d, conn, ""));
        else
            assert_true(desk_is_refused(&d, conn, "the first message must be a hello"));
        assert_int_equal(d.budget.used_bytes, used);
        desk_say(&d, conn, &m); // it is gone
    }
    uint64_t conn = desk_connect(&d);
    desk_raw(&d, conn, bytes_text("GET / HTTP/1.1"));
    assert_true(desk_is_refused(&d, conn, "malformed"));
    assert_int_equal(d.budget.used_bytes, used);
    desk_close(&d);
}

static void test_hellos_that_do_not_fit(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, &(struct desk_cfg){0});
    uint64_t first = desk_connect(&d);
    struct msg replayed = desk_hello(&d, first, HELPER, 2);
    static const char *const words[] = {"protocol version", "signature", "signature",
                                        "signature",        "signature", "at least one slot"};
    size_t used = d.budget.used_bytes;
    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        uint64_t conn = desk_connect(&d);
        struct msg m = desk_hello(&d, conn, HELPER, 2);
        struct msg_hello *h = &m.as.hello;
        if (i == 0)
            h->version = MSG_VERSION + 1;
        if (i == 1)
            h->signature.b[5] ^= 1;
        if (i == 2)
            h->public = sign_key_public(d.key[3]); // another's name
        if (i == 3)
            h->signature = replayed.as.hello.signature; // of another connection
        if (i == 4)
            h->role = GAMER; // what was signed says helper
        if (i == 5)
            h->ability.slots = 0;
        desk_say(&d, conn, &m);
        assert_true(desk_is_refused(&d, conn, words[i]));
        assert_int_equal(d.budget.used_bytes, used);
    }
    assert_int_equal(broker_stat(d.broker).helpers, 0);
    desk_close(&d);
}

static void test_token(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, &(struct desk_cfg){.token = "secret"});
    struct msg c;
    struct msg m;
    uint64_t conn = desk_connect(&d);
    assert_true(desk_hears(&d, conn, MSG_CHALLENGE, &c));
    m = hand_hello(&c.as.challenge, GAMER, d.key[2], bytes_text("secret"));
    desk_say(&d, conn, &m);
    assert_true(desk_hears(&d, conn, MSG_WELCOME, &m));
    static const char *const wrong[] = {"", "secre", "secret ", "Secret"};
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        conn = desk_connect(&d);
        assert_true(desk_hears(&d, conn, MSG_CHALLENGE, &c));
        m = hand_hello(&c.as.challenge, GAMER, d.key[3], bytes_text(wrong[i]));
        desk_say(&d, conn, &m);
        assert_true(desk_is_refused(&d, conn, "wrong token"));
    }
    // Somebody in between has the proof of a gamer that knows, and a key of its own.
    conn = desk_connect(&d);
    assert_true(desk_hears(&d, conn, MSG_CHALLENGE, &c));
    struct msg victim = hand_hello(&c.as.challenge, GAMER, d.key[2], bytes_text("secret"));
    m = hand_hello(&c.as.challenge, GAMER, d.key[3], bytes_text("guess"));
    memcpy(m.as.hello.token_proof, victim.as.hello.token_proof, 32);
    desk_say(&d, conn, &m);
    assert_true(desk_is_refused(&d, conn, "wrong token"));
    assert_int_equal(desk_join(&d, HELPER, 4), conn + 1); // helpers need none
    desk_close(&d);
}

// May this side send it once it is in?
static bool is_allowed(enum msg_role role, uint32_t type)
{
    if (role == HELPER)
        return type == MSG_HEARTBEAT || type == MSG_OBJECT_GET || type == MSG_RESULT ||
               type == MSG_FAILURE;
    return type == MSG_SUBMIT || type == MSG_RUN || type == MSG_INPUT || type == MSG_WITHDRAW ||
           type == MSG_OBJECT_PART || type == MSG_OBJECT_NONE;
}

static void test_every_message_from_both_sides(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    for (int role = HELPER; role <= GAMER; role++) {
        struct desk d;
        desk_open(&d, &(struct desk_cfg){0});
        desk_hang_up(&d, desk_join(&d, (enum msg_role)role, 2)); // its standing stays
        size_t used = d.budget.used_bytes;
        for (uint32_t i = 0; i < 10 * SAMPLE_TYPES; i++) {
            uint32_t type = 1 + i % SAMPLE_TYPES;
            uint64_t conn = desk_join(&d, (enum msg_role)role, 2);
            struct msg m = sample_msg((enum msg_type)type, &r);
            desk_say(&d, conn, &m);
            if (is_allowed((enum msg_role)role, type)) {
                assert_false(desk_is_closed(&d, conn));
                desk_hang_up(&d, conn);
            } else {
                assert_true(desk_is_refused(&d, conn, "does not send this message"));
            }
            desk_wait(&d, BROKER_LINGER_US); // until a frame that it left is given up
            assert_int_equal(d.budget.used_bytes, used);
            desk_forget(&d);
        }
        assert_int_equal(broker_stat(d.broker).helpers + broker_stat(d.broker).gamers, 0);
        desk_close(&d);
    }
}

static void test_malformed_once_in(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, &(struct desk_cfg){0});
    uint64_t helper = desk_join(&d, HELPER, 2);
    uint64_t gamer = desk_join(&d, GAMER, 3);
    desk_raw(&d, helper, bytes_of(NULL, 0));
    desk_raw(&d, gamer, bytes_of("\x82\x0a\x20", 3)); // withdraw -1
    assert_true(desk_is_refused(&d, helper, "malformed"));
    assert_true(desk_is_refused(&d, gamer, "malformed"));
    desk_close(&d);
}

static void test_who_says_nothing(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, &(struct desk_cfg){0});
    assert_true(broker_due_us(d.broker) == UINT64_MAX);
    uint64_t mute = desk_connect(&d);
    assert_true(broker_due_us(d.broker) == d.now_us + BROKER_HELLO_US);
    desk_wait(&d, BROKER_HELLO_US - 1);
    assert_false(desk_is_closed(&d, mute));
    desk_wait(&d, 1);
    assert_true(desk_is_refused(&d, mute, "no hello in time"));
    uint64_t helper = desk_join(&d, HELPER, 2);
    uint64_t gamer = desk_join(&d, GAMER, 3);
    uint64_t own = desk_join(&d, HELPER, 1);
    uint64_t silence = (uint64_t)BROKER_HEARTBEAT_MS * US_PER_MS * BROKER_HEARTBEATS_MISSED;
    struct msg beat = {.type = MSG_HEARTBEAT};
    for (int i = 0; i < 5; i++) {
        desk_wait(&d, silence - 1);
        desk_say(&d, helper, &beat);
    }
    assert_false(desk_is_closed(&d, helper));
    desk_wait(&d, silence);
    assert_true(desk_is_refused(&d, helper, "no heartbeat in time"));
    desk_wait(&d, 100 * silence);
    assert_false(desk_is_closed(&d, gamer)); // pings watch it
    assert_false(desk_is_closed(&d, own));   // a machine that slept wakes up with it
    desk_wait(&d, 0);
    d.now_us = 5; // a clock that went backwards
    desk_wait(&d, 0);
    desk_close(&d);
}

static void test_same_key_takes_the_place(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, &(struct desk_cfg){0});
    for (size_t key = 1; key <= 2; key++) { // the hub's own compute, too
        uint64_t before = desk_join(&d, HELPER, key);
        uint64_t after = desk_join(&d, HELPER, key);
        assert_true(desk_is_refused(&d, before, "the same key connected again"));
        assert_false(desk_is_closed(&d, after));
    }
    assert_int_equal(broker_stat(d.broker).helpers, 1);
    uint64_t gamer = desk_join(&d, GAMER, 3);
    desk_join(&d, GAMER, 3);
    assert_false(desk_is_closed(&d, gamer)); // two windows of one person
    desk_close(&d);
}

static void test_objects_for_who_asks(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, &(struct desk_cfg){0});
    struct bytes scene = desk_scene();
    struct digest name;
    struct digest empty;
    hand_must(store_add(d.store.store, scene, &name));
    hand_must(store_add(d.store.store, bytes_of(NULL, 0), &empty));
    uint64_t conn = desk_join(&d, HELPER, 2);
    struct msg get = {.type = MSG_OBJECT_GET, .as.object_get = {name, 4, 10}};
    struct msg m;
    desk_say(&d, conn, &get);
    assert_true(desk_hears(&d, conn, MSG_OBJECT_PART, &m));
    assert_true(bytes_equal(m.as.object_part.data, bytes_part(scene, 4, 10)));
    assert_int_equal(m.as.object_part.total, scene.len);
    get.as.object_get.offset = MSG_OBJECT_BYTES_MAX - 1;
    desk_say(&d, conn, &get);
    assert_true(desk_hears(&d, conn, MSG_OBJECT_PART, &m));
    assert_int_equal(m.as.object_part.data.len, 0);
    get.as.object_get.digest = empty; // no message can carry it
    desk_say(&d, conn, &get);
    assert_true(desk_hears(&d, conn, MSG_OBJECT_NONE, &m));
    get.as.object_get.digest.b[0] ^= 1;
    desk_say(&d, conn, &get);
    assert_true(desk_hears(&d, conn, MSG_OBJECT_NONE, &m));
    desk_close(&d);
}

static void test_notes_are_bounded(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, &(struct desk_cfg){0});
    uint64_t gamer = desk_join(&d, GAMER, 2);
    struct msg submit = desk_submit(1);
    struct msg withdraw = {.type = MSG_WITHDRAW, .as.withdraw = {1}};
    uint8_t room[2][MSG_HEAD_BYTES_MAX];
    struct bytes in = hand_encode(&submit, room[0], sizeof room[0]);
    struct bytes out = hand_encode(&withdraw, room[1], sizeof room[1]);
    for (uint64_t i = 0; i < BROKER_NOTES_MAX + 7; i++) { // a note each, and nobody takes it
        broker_input(d.broker, gamer, in, d.now_us);
        broker_input(d.broker, gamer, out, d.now_us);
    }
    assert_int_equal(broker_stat(d.broker).notes_lost, 7);
    desk_drain(&d);
    assert_int_equal(d.notes[NOTE_FRAME_IN], BROKER_NOTES_MAX);
    desk_close(&d);
}

static void test_unknown_connections(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, &(struct desk_cfg){0});
    size_t used = d.budget.used_bytes;
    desk_raw(&d, 77, bytes_text("who is this?"));
    desk_hang_up(&d, 77);
    uint64_t conn = desk_connect(&d);
    desk_hang_up(&d, conn);
    desk_hang_up(&d, conn);
    assert_int_equal(d.budget.used_bytes, used);
    desk_close(&d);
}

// With hardly any memory, whoever cannot be served is shown out; nobody is left waiting.
static void test_budget_runs_out(void **state)
{
    (void)state;
    for (size_t bytes = 64; bytes < 65536; bytes += bytes / 16 + 8) {
        struct desk d;
        desk_open(&d, &(struct desk_cfg){.bytes = bytes});
        for (size_t key = 2; key < 6; key++) {
            uint64_t conn = desk_connect(&d);
            struct msg m;
            if (!desk_hears(&d, conn, MSG_CHALLENGE, &m)) {
                assert_true(desk_is_closed(&d, conn));
                continue;
            }
            struct msg hello = hand_hello(&m.as.challenge, key % 2 ? HELPER : GAMER, d.key[key],
                                          bytes_of(NULL, 0));
            desk_say(&d, conn, &hello);
            assert_true(desk_hears(&d, conn, MSG_WELCOME, &m) || desk_is_closed(&d, conn));
        }
        desk_close(&d);
    }
}

// A stranger's connection, from somewhere else than this machine.
static uint64_t join_from_afar(struct desk *d, size_t key)
{
    broker_open(d->broker, ++d->last_conn, &(struct broker_guest){0}, d->now_us);
    desk_drain(d);
    struct msg m = desk_hello(d, d->last_conn, MSG_ROLE_GAMER, key);
    desk_say(d, d->last_conn, &m);
    return d->last_conn;
}

static bool is_paused(const struct desk *d, uint64_t conn)
{
    bool is_found = false;
    for (size_t i = 0; i < d->heard_count; i++)
        is_found = is_found || (d->heard[i].conn == conn && d->heard[i].kind == OUT_PAUSE);
    return is_found;
}

static void test_one_key_has_a_bounded_part(void **state)
{
    (void)state;
    struct desk d;
    struct msg m;
    desk_open(&d, &(struct desk_cfg){.limits = {.conns = 3, .messages_s = 10}});
    uint64_t conn[3];
    for (size_t i = 0; i < 3; i++) {
        conn[i] = join_from_afar(&d, 2);
        assert_true(desk_hears(&d, conn[i], MSG_WELCOME, &m));
    }
    assert_true(desk_is_refused(&d, join_from_afar(&d, 2), "too many connections"));
    uint64_t other = join_from_afar(&d, 3); // another key is none of that
    assert_true(desk_hears(&d, other, MSG_WELCOME, &m));
    desk_hang_up(&d, conn[0]);
    conn[0] = join_from_afar(&d, 2);
    assert_true(desk_hears(&d, conn[0], MSG_WELCOME, &m));
    struct msg none = {.type = MSG_WITHDRAW, .as.withdraw = {1}};
    for (unsigned i = 1; i < 10 * BROKER_BURST_S; i++)
        desk_say(&d, conn[1], &none);
    assert_false(is_paused(&d, conn[1]));
    desk_say(&d, conn[1], &none);
    assert_true(is_paused(&d, conn[1]));
    assert_false(is_paused(&d, other));
    uint64_t local = desk_join(&d, MSG_ROLE_GAMER, 4); // of this machine
    for (unsigned i = 0; i < 100 * BROKER_BURST_S; i++)
        desk_say(&d, local, &none);
    assert_false(is_paused(&d, local));
    desk_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_one_key_has_a_bounded_part),
        cmocka_unit_test(test_welcome),
        cmocka_unit_test(test_challenges_differ),
        cmocka_unit_test(test_anything_before_hello),
        cmocka_unit_test(test_hellos_that_do_not_fit),
        cmocka_unit_test(test_token),
        cmocka_unit_test(test_every_message_from_both_sides),
        cmocka_unit_test(test_malformed_once_in),
        cmocka_unit_test(test_who_says_nothing),
        cmocka_unit_test(test_same_key_takes_the_place),
        cmocka_unit_test(test_objects_for_who_asks),
        cmocka_unit_test(test_notes_are_bounded),
        cmocka_unit_test(test_unknown_connections),
        cmocka_unit_test(test_budget_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
