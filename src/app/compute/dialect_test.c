// SPDX-License-Identifier: MIT
// Tests of the vocabularies: what clients of that time say, what they are told, what is refused.
#include "compute/dialect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/seed_test.h"
#include "base/text.h"
#include "compute/sample_test.h"

#define DOC_PATH  PROJECT_ROOT "/doc/vocabulary.md"
#define DOC_BYTES 65536u

static struct dialect_hello hello;

// Around the data of a message in NET, as its clients write it.
#define NET(word, data)                                                                            \
    "{\"msg_type\": \"" word "\", \"msg_id\": \"0b5e\", \"timestamp\": 1700000000.25, "            \
    "\"data\": " data "}"

static enum rc decode(enum dialect d, const char *in, struct msg *out)
{
    return dialect_decode(&d, out, &hello, bytes_text(in));
}

static struct msg decoded(enum dialect d, const char *in)
{
    struct msg m;
    const enum rc rc = decode(d, in, &m);
    if (rc != RC_OK)
        fail_msg("%s gave %s", in, rc_text(rc));
    return m;
}

static void test_helper_in_seed(void **unused)
{
    (void)unused;
    enum dialect d = DIALECT_UNKNOWN;
    struct msg m;
    const char *in = "{\"type\": \"register_peer\", \"peer_id\": \"peer_attic_17\"}";
    assert_int_equal(dialect_decode(&d, &m, &hello, bytes_text(in)), RC_OK);
    assert_int_equal(d, DIALECT_SEED);
    assert_int_equal(m.type, MSG_HELLO);
    const struct msg_hello *v = &m.as.hello;
    assert_int_equal(v->role, MSG_ROLE_HELPER);
    assert_int_equal(v->version, MSG_VERSION);
    assert_string_equal(v->name, "peer_attic_17");
    assert_string_equal(hello.token, "");
    assert_int_equal(v->ability.slots, DIALECT_SLOTS_SEED);
    assert_int_equal(v->ability.speed_count, 1);
    assert_string_equal(v->ability.speed[0].kernel, "echo");
    assert_int_equal(v->ability.speed[0].units_s, DIALECT_UNITS_S);
    static const struct sign_public nobody;
    assert_memory_equal(&v->public, &nobody, sizeof nobody);
}

static void test_helper_in_net(void **unused)
{
    (void)unused;
    enum dialect d = DIALECT_UNKNOWN;
    struct msg m;
    const char *in = NET("register_peer",
                         "{\"peer_id\": \"p\\u00e4\", \"token\": \"a\\\"b\", \"capabilities\": "
                         "{\"peer_id\": \"p\", \"cpu_cores\": 8, \"cpu_threads\": 16, \"ram_gb\": "
                         "15.5, \"gpu\": \"RTX 4090\", \"max_tasks\": 3, \"cpu\": \"m1\", "
                         "\"kernels\": [\"trace\", \"far too long for a kernel\", \"echo\"]}}");
    assert_int_equal(dialect_decode(&d, &m, &hello, bytes_text(in)), RC_OK);
    assert_int_equal(d, DIALECT_NET);
    const struct msg_ability *a = &m.as.hello.ability;
    assert_string_equal(m.as.hello.name, "p\xc3\xa4");
    assert_string_equal(hello.token, "a\"b");
    assert_int_equal(a->slots, 3);
    assert_int_equal(a->cores, 8);
    assert_true(a->memory_bytes == 31ull << 29);
    assert_string_equal(a->cpu, "m1");
    assert_int_equal(a->speed_count, 2);
    assert_string_equal(a->speed[0].kernel, "trace");
    assert_string_equal(a->speed[1].kernel, "echo");
    // What a machine does not know of itself is null, or nonsense.
    m = decoded(DIALECT_NET, NET("register_peer", "{\"peer_id\": \"p\", \"capabilities\": "
                                                  "{\"cpu_cores\": null, \"ram_gb\": -1, "
                                                  "\"kernels\": null, \"slots\": null}}"));
    assert_int_equal(a->slots, DIALECT_SLOTS_NET);
    assert_true(a->cores == 0 && a->memory_bytes == 0 && a->speed_count == 1);
    assert_string_equal(hello.token, ""); // not the last one's
}

static void test_many_kernels(void **unused)
{
    (void)unused;
    char in[1024];
    struct text t = text_of(in, sizeof in);
    text_add(&t, "{\"type\":\"register_peer\",\"peer_id\":\"p\",\"capabilities\":{\"kernels\":[");
    for (unsigned i = 0; i < MSG_KERNELS_MAX + 2; i++)
        text_addf(&t, "%s\"k%u\"", i > 0 ? "," : "", i);
    text_add(&t, "]}}");
    struct msg m = decoded(DIALECT_SEED, in);
    assert_int_equal(m.as.hello.ability.speed_count, MSG_KERNELS_MAX);
    m = decoded(DIALECT_SEED, "{\"type\":\"register_peer\",\"peer_id\":\"p\","
                              "\"capabilities\":{\"kernels\":[]}}");
    assert_int_equal(m.as.hello.ability.speed_count, 0); // it said so
}

static void test_gamers(void **unused)
{
    (void)unused;
    struct msg m = decoded(DIALECT_UNKNOWN, "{\"type\": \"register_gamer\", \"gamer_id\": "
                                            "\"gamer_of_a_host_with_a_long_na\\u00e4e_17\", "
                                            "\"token\": \"s3cret\"}");
    assert_int_equal(m.type, MSG_HELLO);
    assert_int_equal(m.as.hello.role, MSG_ROLE_GAMER);
    assert_string_equal(m.as.hello.name, "gamer_of_a_host_with_a_long_na\xc3\xa4");
    assert_string_equal(hello.token, "s3cret");
    const char *whole = "gamer_of_a_host_with_a_long_na\xc3\xa4"
                        "e_17";
    struct digest id = hash_bytes(bytes_text(whole));
    assert_true(digest_equal(&hello.id, &id));
    assert_int_equal(m.as.hello.ability.slots, 0);
    assert_int_equal(m.as.hello.ability.speed_count, 0);
    m = decoded(DIALECT_UNKNOWN, NET("register_user", "{\"user_id\": \"u\", \"client_info\": {}}"));
    assert_int_equal(m.as.hello.role, MSG_ROLE_GAMER);
    assert_string_equal(m.as.hello.name, "u");
}

static uint64_t job_of(const char *label)
{
    const struct digest hash = hash_bytes(bytes_text(label));
    uint64_t job = 0;
    for (size_t i = 8; i > 0; i--)
        job = job << 8 | hash.b[i - 1];
    return job;
}

static void test_submit(void **unused)
{
    (void)unused;
    struct msg m = decoded(DIALECT_SEED, "{\"type\": \"submit_task\", \"task\": {\"type\": "
                                         "\"echo\", \"data\": {\"type\": \"dungeon\", \"size\": "
                                         "[8, 8]}}}");
    const struct msg_run *run = &m.as.run;
    assert_int_equal(m.type, MSG_RUN);
    assert_string_equal(run->spec.kernel, "echo");
    assert_true(bytes_is(run->spec.params, "{\"type\": \"dungeon\", \"size\": [8, 8]}"));
    assert_true(run->label[0] == 0 && run->job == 0 && run->deadline_ms == 0);
    assert_int_equal(run->spec.input_count, 0);
    m = decoded(DIALECT_SEED, "{\"type\": \"submit_task\", \"task\": {\"type\": \"echo\"}, "
                              "\"task_id\": \"t\\u0031\", \"deadline_ms\": 500}");
    assert_true(bytes_is(run->spec.params, "{}"));
    assert_string_equal(run->label, "t1");
    assert_true(run->job == job_of("t1"));
    assert_int_equal(run->deadline_ms, 500);
    // Beside the task goes before within it.
    m = decoded(DIALECT_SEED, "{\"type\": \"submit_task\", \"task_id\": \"out\", \"task\": "
                              "{\"type\": \"echo\", \"data\": null, \"task_id\": \"in\", "
                              "\"deadline_ms\": 4294967295}, \"deadline_ms\": null}");
    assert_string_equal(run->label, "out");
    assert_int_equal(run->deadline_ms, UINT32_MAX);
    assert_true(bytes_is(run->spec.params, "null"));
    m = decoded(DIALECT_SEED, "{\"type\": \"submit_task\", \"task\": {\"type\": \"echo\", "
                              "\"task_id\": \"in\"}, \"task_id\": null}");
    assert_string_equal(run->label, "in");
}

static void test_request(void **unused)
{
    (void)unused;
    struct msg m = decoded(DIALECT_NET,
                           NET("task_request", "{\"task_id\": \"8f14\", \"user_id\": \"u\", "
                                               "\"deadline_ms\": 9, \"requirements\": {}, "
                                               "\"task_data\": {\"type\": \"echo\", \"n\": 10}}"));
    assert_int_equal(m.type, MSG_RUN);
    assert_string_equal(m.as.run.spec.kernel, "echo");
    assert_true(bytes_is(m.as.run.spec.params, "{\"type\": \"echo\", \"n\": 10}"));
    assert_string_equal(m.as.run.label, "8f14");
    assert_true(m.as.run.job == job_of("8f14"));
    assert_int_equal(m.as.run.deadline_ms, 9);
}

static void test_results(void **unused)
{
    (void)unused;
    struct msg m = decoded(DIALECT_SEED, "{\"type\": \"task_result\", \"task_id\": "
                                         "\"task_18446744073709551615\", \"result\": [1, {}], "
                                         "\"processing_time_ms\": 12.25}");
    const struct msg_result *result = &m.as.result;
    assert_int_equal(m.type, MSG_RESULT);
    assert_true(result->task == UINT64_MAX);
    assert_true(bytes_is(result->result, "[1, {}]"));
    const struct digest hash = hash_bytes(bytes_text("[1, {}]"));
    assert_true(digest_equal(&result->hash, &hash));
    assert_int_equal(result->cpu_us, 12250);
    assert_int_equal(result->report.len, 0);
    m = decoded(DIALECT_NET, NET("task_result", "{\"task_id\": \"task_0\", \"peer_id\": \"p\", "
                                                "\"result\": null, \"execution_time\": 0.25, "
                                                "\"error\": null}"));
    assert_true(m.type == MSG_RESULT && result->task == 0 && result->cpu_us == 250000);
    assert_true(bytes_is(result->result, "null"));
    static const char *const odd_time[] = {"-1", "1e300", "\"1\"", "null", "99999999999"};
    for (size_t i = 0; i < ARRAY_COUNT(odd_time); i++) {
        char in[256];
        struct text t = text_of(in, sizeof in);
        text_addf(&t,
                  "{\"type\":\"task_result\",\"task_id\":\"task_1\",\"result\":1,"
                  "\"processing_time_ms\":%s}",
                  odd_time[i]);
        m = decoded(DIALECT_SEED, in);
        assert_true(result->cpu_us == 0);
    }
    m = decoded(DIALECT_SEED, "{\"type\":\"task_result\",\"task_id\":\"task_1\",\"result\":1,"
                              "\"processing_time_ms\":86400001}");
    assert_true(result->cpu_us == DIALECT_CPU_US_MAX);
}

static void test_failures(void **unused)
{
    (void)unused;
    struct msg m = decoded(DIALECT_SEED, "{\"type\": \"task_result\", \"task_id\": \"task_3\", "
                                         "\"error\": \"no \\u00fc\"}");
    assert_int_equal(m.type, MSG_FAILURE);
    assert_true(m.as.failure.task == 3 && m.as.failure.rc == RC_CRASHED);
    assert_string_equal(m.as.failure.text, "no \xc3\xbc");
    m = decoded(DIALECT_NET, NET("task_failure", "{\"task_id\": \"task_4\", \"error\": {\"a\": "
                                                 "\"\xc3\xbc\"}}"));
    assert_true(m.type == MSG_FAILURE && m.as.failure.task == 4);
    assert_string_equal(m.as.failure.text, "{\"a\": \"??\"}");
    m = decoded(DIALECT_NET, NET("task_failure", "{\"task_id\": \"task_5\"}"));
    assert_true(m.as.failure.text[0] != 0);
    char in[512];
    struct text t = text_of(in, sizeof in);
    text_add(&t, "{\"type\":\"task_result\",\"task_id\":\"task_6\",\"error\":\"");
    for (int i = 0; i < 81; i++)
        text_add(&t, "\xc3\xbc");
    text_add(&t, "\"}");
    m = decoded(DIALECT_SEED, in);
    assert_int_equal(strlen(m.as.failure.text), MSG_TEXT_BYTES - 1); // cut between characters
}

static void test_heartbeats(void **unused)
{
    (void)unused;
    struct msg m = decoded(DIALECT_NET, NET("heartbeat", "{\"peer_id\": \"p\", \"cpu_usage\": "
                                                         "12.5, \"memory_usage\": 40.1, "
                                                         "\"temperature\": 61.5}"));
    assert_int_equal(m.type, MSG_HEARTBEAT);
    assert_int_equal(m.as.heartbeat.load_permille, 125);
    assert_true(m.as.heartbeat.has_temperature);
    assert_int_equal(m.as.heartbeat.temperature_mc, 61500);
    m = decoded(DIALECT_SEED, "{\"type\": \"heartbeat\", \"cpu_usage\": 101}");
    assert_int_equal(m.as.heartbeat.load_permille, 0);
    assert_false(m.as.heartbeat.has_temperature);
}

#define BIG(what) what what what what what what what what
#define LONG_64   BIG("12345678")

static void test_no_message(void **unused)
{
    (void)unused;
    static const struct {
        enum rc rc;
        enum dialect dialect;
        const char *in;
    } no[] = {
        {RC_MALFORMED, DIALECT_UNKNOWN, ""},
        {RC_MALFORMED, DIALECT_UNKNOWN, "hello"},
        {RC_MALFORMED, DIALECT_UNKNOWN, "[]"},
        {RC_MALFORMED, DIALECT_UNKNOWN, "{}"},
        {RC_MALFORMED, DIALECT_UNKNOWN, "{\"type\": 1}"},
        {RC_MALFORMED, DIALECT_UNKNOWN, "{\"msg_type\": \"heartbeat\"}"},
        {RC_MALFORMED, DIALECT_UNKNOWN, "{\"msg_type\": \"heartbeat\", \"data\": []}"},
        {RC_MALFORMED, DIALECT_UNKNOWN, "{\"msg_type\": null, \"data\": {}}"},
        {RC_MALFORMED, DIALECT_NET, "{\"type\": \"heartbeat\"}"},
        {RC_MALFORMED, DIALECT_SEED, NET("heartbeat", "{}")},
        {RC_MALFORMED, DIALECT_SEED, "{\"type\": \"heartbeat\", \"type\": \"heartbeat\"}"},
        {RC_MALFORMED, DIALECT_SEED, "{\"type\": \"register_peer\"}"},
        {RC_MALFORMED, DIALECT_SEED, "{\"type\": \"register_peer\", \"peer_id\": 1}"},
        {RC_MALFORMED, DIALECT_SEED, "{\"type\": \"register_gamer\", \"peer_id\": \"p\"}"},
        {RC_MALFORMED, DIALECT_SEED,
         "{\"type\": \"register_gamer\", \"gamer_id\": \"g\", \"token\": 1}"},
        {RC_MALFORMED, DIALECT_SEED,
         "{\"type\": \"register_peer\", \"peer_id\": \"p\", \"capabilities\": []}"},
        {RC_MALFORMED, DIALECT_SEED,
         "{\"type\": \"register_peer\", \"peer_id\": \"p\", \"capabilities\": {\"slots\": 0}}"},
        {RC_MALFORMED, DIALECT_SEED,
         "{\"type\": \"register_peer\", \"peer_id\": \"p\", \"capabilities\": {\"slots\": 1025}}"},
        {RC_MALFORMED, DIALECT_SEED,
         "{\"type\": \"register_peer\", \"peer_id\": \"p\", \"capabilities\": {\"kernels\": {}}}"},
        {RC_MALFORMED, DIALECT_SEED,
         "{\"type\": \"register_peer\", \"peer_id\": \"p\", \"capabilities\": {\"kernels\": [1]}}"},
        {RC_MALFORMED, DIALECT_SEED, "{\"type\": \"submit_task\"}"},
        {RC_MALFORMED, DIALECT_SEED, "{\"type\": \"submit_task\", \"task\": {}}"},
        {RC_MALFORMED, DIALECT_SEED, "{\"type\": \"submit_task\", \"task\": {\"type\": 1}}"},
        {RC_MALFORMED, DIALECT_SEED,
         "{\"type\": \"submit_task\", \"task\": {\"type\": \"echo\"}, \"task_id\": 1}"},
        {RC_MALFORMED, DIALECT_SEED,
         "{\"type\": \"submit_task\", \"task\": {\"type\": \"echo\"}, \"deadline_ms\": 1.5}"},
        {RC_MALFORMED, DIALECT_NET, NET("task_request", "{\"task_data\": {\"type\": \"echo\"}}")},
        {RC_MALFORMED, DIALECT_NET,
         NET("task_request", "{\"task_id\": \"\", \"task_data\": {\"type\": \"echo\"}}")},
        {RC_MALFORMED, DIALECT_NET, NET("task_request", "{\"task_id\": \"t\", \"task_data\": 1}")},
        {RC_MALFORMED, DIALECT_SEED, "{\"type\": \"task_result\", \"task_id\": \"task_1\"}"},
        {RC_MALFORMED, DIALECT_SEED, "{\"type\": \"task_result\", \"result\": 1}"},
        {RC_MALFORMED, DIALECT_NET, NET("task_failure", "{\"error\": \"e\"}")},
        {RC_UNSUPPORTED, DIALECT_UNKNOWN, "{\"type\": \"dance\"}"},
        {RC_UNSUPPORTED, DIALECT_UNKNOWN, NET("dance", "{}")},
        {RC_UNSUPPORTED, DIALECT_SEED, "{\"type\": \"" LONG_64 "\"}"},
        {RC_UNSUPPORTED, DIALECT_SEED, "{\"type\": \"task_failure\"}"},
        {RC_UNSUPPORTED, DIALECT_SEED, "{\"type\": \"task_request\"}"},
        {RC_UNSUPPORTED, DIALECT_SEED, "{\"type\": \"register_user\"}"},
        {RC_UNSUPPORTED, DIALECT_NET, NET("submit_task", "{}")},
        {RC_UNSUPPORTED, DIALECT_NET, NET("register_gamer", "{}")},
        {RC_REFUSED, DIALECT_SEED, "{\"type\": \"heartbeat\", \"a\": " BIG("[[[[[") "]}"},
        {RC_REFUSED, DIALECT_SEED,
         "{\"type\": \"register_peer\", \"peer_id\": \"" BIG(LONG_64) "\"}"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(no); i++) {
        struct msg m;
        const enum rc rc = decode(no[i].dialect, no[i].in, &m);
        if (rc != no[i].rc)
            fail_msg("%s gave %s", no[i].in, rc_text(rc));
    }
}

static void test_task_numbers(void **unused)
{
    (void)unused;
    static const char *const bad[] = {
        "task_",
        "task_01",
        "task_-1",
        "task_1 ",
        "Task_1",
        "1",
        "task_18446744073709551616",
        "",
        "task_0x1",
        "task_+1",
        "task_1.0",
        "task_00000000000000000000000000000001",
    };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        char in[256];
        struct msg m;
        struct text t = text_of(in, sizeof in);
        text_addf(&t, "{\"type\":\"task_result\",\"task_id\":\"%s\",\"result\":1}", bad[i]);
        if (decode(DIALECT_SEED, in, &m) != RC_MALFORMED)
            fail_msg("%s is a number", bad[i]);
    }
}

// Of what is refused the gamer can be told which task it was.
static void test_refused_work(void **unused)
{
    (void)unused;
    struct msg m;
    assert_int_equal(decode(DIALECT_SEED,
                            "{\"type\": \"submit_task\", \"task_id\": \"t1\", \"task\": {\"type\": "
                            "\"rt_global_illumination\"}}",
                            &m),
                     RC_REFUSED);
    assert_int_equal(m.type, MSG_RUN);
    assert_string_equal(m.as.run.label, "t1");
    assert_true(m.as.run.job == job_of("t1"));
    assert_int_equal(decode(DIALECT_NET,
                            NET("task_request", "{\"task_id\": \"" LONG_64
                                                "5\", \"task_data\": {\"type\": \"echo\"}}"),
                            &m),
                     RC_REFUSED);
    assert_int_equal(m.type, MSG_RUN);
    assert_string_equal(m.as.run.label, "");
    char *in = malloc(KERNEL_PARAMS_BYTES_MAX + 256);
    assert_non_null(in);
    for (size_t over = 0; over < 2; over++) {
        struct text t = text_of(in, KERNEL_PARAMS_BYTES_MAX + 256);
        text_add(&t, "{\"type\":\"submit_task\",\"task_id\":\"t1\",\"task\":{\"type\":\"echo\","
                     "\"data\":\"");
        memset(in + t.len, 'x', KERNEL_PARAMS_BYTES_MAX - 2 + over);
        t.len += KERNEL_PARAMS_BYTES_MAX - 2 + over;
        text_add(&t, "\"}}");
        assert_int_equal(decode(DIALECT_SEED, in, &m), over > 0 ? RC_REFUSED : RC_OK);
        assert_int_equal(m.type, MSG_RUN);
        assert_string_equal(m.as.run.label, "t1");
    }
    free(in);
}

// No beginning of a message is one.
static void test_cut_messages(void **unused)
{
    (void)unused;
    const char *in =
        NET("task_request", "{\"task_id\": \"t\", \"task_data\": {\"type\": \"echo\"}}");
    struct msg m;
    for (size_t len = 0; len < strlen(in); len++) {
        enum dialect d = DIALECT_UNKNOWN;
        assert_int_equal(dialect_decode(&d, &m, &hello, bytes_of(in, len)), RC_MALFORMED);
    }
}

static const struct dialect_to gamer = {
    .role = MSG_ROLE_GAMER, .name = "g\"1", .helpers_ready = 2, .id = 7, .now_us = 12000345};
static const struct dialect_to helper = {
    .role = MSG_ROLE_HELPER, .name = "attic", .id = 8, .now_us = 1};

static void expect_said(enum dialect d, const struct msg *m, const struct dialect_to *to,
                        const char *said)
{
    char room[2048];
    struct buffer b = buffer_of(room, sizeof room - 1);
    assert_int_equal(dialect_encode(d, m, to, &b), RC_OK);
    room[b.len] = 0;
    assert_string_equal(room, said);
}

#define HEAD(word, id, timestamp)                                                                  \
    "{\"msg_type\":\"" word "\",\"msg_id\":\"hub-" id "\",\"timestamp\":" timestamp ",\"data\":{"
#define TO_GAMER(word)  HEAD(word, "7", "12.000345")
#define TO_HELPER(word) HEAD(word, "8", "0.000001")

static void test_opening_said(void **unused)
{
    (void)unused;
    const struct msg in = {.type = MSG_WELCOME, .as.welcome.heartbeat_ms = 2000};
    expect_said(DIALECT_SEED, &in, &helper,
                "{\"type\":\"registered\",\"message\":\"Registered as peer: attic\","
                "\"status\":\"registered\",\"peer_id\":\"attic\",\"heartbeat_ms\":2000}");
    expect_said(DIALECT_SEED, &in, &gamer,
                "{\"type\":\"registered\",\"message\":\"Registered as gamer: g\\\"1\","
                "\"status\":\"registered\",\"gamer_id\":\"g\\\"1\",\"available_peers\":2}");
    expect_said(DIALECT_NET, &in, &helper,
                TO_HELPER("registration_ack") "\"status\":\"registered\",\"peer_id\":\"attic\","
                                              "\"heartbeat_ms\":2000}}");
    expect_said(DIALECT_NET, &in, &gamer,
                TO_GAMER("registration_ack") "\"status\":\"registered\",\"user_id\":\"g\\\"1\","
                                             "\"available_peers\":2}}");
    const struct msg out = {.type = MSG_REFUSE, .as.refuse = {RC_REFUSED, "no\n\x01"}};
    expect_said(DIALECT_SEED, &out, &gamer,
                "{\"type\":\"error\",\"message\":\"no\\u000a\\u0001\"}");
    expect_said(DIALECT_UNKNOWN, &out, &gamer,
                "{\"type\":\"error\",\"message\":\"no\\u000a\\u0001\"}");
    expect_said(DIALECT_NET, &out, &gamer, TO_GAMER("error") "\"error\":\"no\\u000a\\u0001\"}}");
    const struct msg peers = {.type = MSG_PEERS, .as.peers = {3, 5}};
    expect_said(DIALECT_NET, &peers, &gamer,
                TO_GAMER("peer_count_update") "\"available_peers\":3,\"total_peers\":5,"
                                              "\"peer_count\":3}}");
}

static void test_assign_said(void **unused)
{
    (void)unused;
    struct msg m = {.type = MSG_ASSIGN, .as.assign = {12, 500, {.kernel = "echo"}, 0}};
    uint8_t room[2048];
    struct buffer b = buffer_of(room, sizeof room);
    m.as.assign.spec.params = bytes_text("{\"a\": [1]}");
    expect_said(DIALECT_SEED, &m, &helper,
                "{\"type\":\"execute_task\",\"task_id\":\"task_12\",\"task_type\":\"echo\","
                "\"task_data\":{\"a\": [1]},\"budget_ms\":500}");
    expect_said(DIALECT_NET, &m, &helper,
                TO_HELPER("task_assignment") "\"task_id\":\"task_12\",\"task_type\":\"echo\","
                                             "\"task_data\":{\"a\": [1]},\"budget_ms\":500}}");
    static const char *const no_json[] = {"", "{", "\xff", "{},\"task_id\":\"task_1\""};
    for (size_t i = 0; i < ARRAY_COUNT(no_json); i++) {
        m.as.assign.spec.params = bytes_text(no_json[i]);
        assert_int_equal(dialect_encode(DIALECT_SEED, &m, &helper, &b), RC_UNSUPPORTED);
    }
    m.as.assign.spec.params = bytes_text("{}");
    m.as.assign.spec.input_count = 1;
    assert_int_equal(dialect_encode(DIALECT_NET, &m, &helper, &b), RC_UNSUPPORTED);
    assert_int_equal(b.len, 0);
}

static void test_results_said(void **unused)
{
    (void)unused;
    struct msg m = {.type = MSG_RAN,
                    .as.ran = {.job = 9,
                               .label = "t\xc3\xa4\"",
                               .helper = "attic",
                               .wall_us = 5000001,
                               .cpu_us = 12250,
                               .attempts = 1,
                               .result = bytes_text("[1, {}]")}};
    expect_said(DIALECT_SEED, &m, &gamer,
                "{\"type\":\"task_result\",\"task_id\":\"t\xc3\xa4\\\"\",\"status\":\"completed\","
                "\"result\":[1, {}],\"processing_time_ms\":12.250,\"peer_id\":\"attic\"}");
    m.as.ran.label[0] = 0;
    m.as.ran.is_cached = true;
    expect_said(DIALECT_SEED, &m, &gamer,
                "{\"type\":\"task_result\",\"task_id\":\"task_9\",\"status\":\"completed\","
                "\"result\":[1, {}],\"processing_time_ms\":12.250,\"peer_id\":\"attic\","
                "\"cached\":true}");
    expect_said(DIALECT_NET, &m, &gamer,
                TO_GAMER("task_result") "\"task_id\":\"task_9\",\"status\":\"completed\","
                                        "\"result\":[1, {}],\"processing_time_ms\":12.250,"
                                        "\"execution_time\":0.012250,\"completion_time\":5.000001,"
                                        "\"peer_id\":\"attic\",\"cached\":true}}");
    m.as.ran.result = bytes_of("\x00\x01", 2); // of another kind of helper
    expect_said(DIALECT_SEED, &m, &gamer,
                "{\"type\":\"task_result\",\"task_id\":\"task_9\",\"status\":\"error\","
                "\"error\":\"the result is no JSON\"}");
    m = (struct msg){.type = MSG_FAILED, .as.failed = {9, "t1", RC_TIMEOUT, "too late"}};
    expect_said(DIALECT_SEED, &m, &gamer,
                "{\"type\":\"task_result\",\"task_id\":\"t1\",\"status\":\"error\","
                "\"error\":\"too late\"}");
    m.as.failed.text[0] = 0;
    m.as.failed.label[0] = 0;
    expect_said(DIALECT_NET, &m, &gamer,
                TO_GAMER("task_error") "\"task_id\":\"task_9\",\"status\":\"error\","
                                       "\"error\":\"no answer in time\"}}");
}

// Words whose every byte needs an escape, at their longest.
static void fill_texts(struct msg *m, struct rng *r)
{
    char *const text[] = {m->as.ran.label, m->as.ran.helper, m->as.failed.label, m->as.failed.text,
                          m->as.refuse.text};
    const size_t cap[] = {MSG_LABEL_BYTES, MSG_NAME_BYTES, MSG_LABEL_BYTES, MSG_TEXT_BYTES,
                          MSG_TEXT_BYTES};
    const enum msg_type type[] = {MSG_RAN, MSG_RAN, MSG_FAILED, MSG_FAILED, MSG_REFUSE};
    for (size_t i = 0; i < ARRAY_COUNT(text); i++) {
        if (m->type != type[i])
            continue;
        const bool is_control = rng_below(r, 2) == 0;
        memset(text[i], 0, cap[i]);
        for (size_t k = 0; k + 1 < cap[i]; k++)
            text[i][k] = (char)(is_control ? 1 : rng_below(r, 256));
    }
}

static bool is_said(enum dialect d, enum msg_type type)
{
    return type == MSG_WELCOME || type == MSG_REFUSE || type == MSG_ASSIGN || type == MSG_RAN ||
           type == MSG_FAILED || (type == MSG_PEERS && d == DIALECT_NET);
}

// Property: any message of ours is said as JSON within the bound, or has no word.
static void test_any_message(void **unused)
{
    (void)unused;
    struct rng r = rng_seeded(test_seed());
    char name[MSG_NAME_BYTES];
    memset(name, 2, sizeof name - 1);
    name[sizeof name - 1] = 0;
    const struct dialect_to to = {.role = MSG_ROLE_GAMER,
                                  .name = name,
                                  .helpers_ready = UINT32_MAX,
                                  .id = UINT64_MAX,
                                  .now_us = UINT64_MAX};
    for (uint32_t round = 0; round < 200 * SAMPLE_TYPES; round++) {
        const enum dialect d = rng_below(&r, 2) == 0 ? DIALECT_SEED : DIALECT_NET;
        struct msg m = sample_msg((enum msg_type)(1 + round % SAMPLE_TYPES), &r);
        fill_texts(&m, &r);
        const bool is_json = rng_below(&r, 2) == 0;
        if (m.type == MSG_RAN && is_json)
            m.as.ran.result = bytes_text("[{}]");
        if (m.type == MSG_ASSIGN)
            m.as.assign.spec.input_count = 0;
        if (m.type == MSG_ASSIGN && is_json)
            m.as.assign.spec.params = bytes_text("[{}]");
        const size_t cap = dialect_bytes_max(d, &m);
        uint8_t *at = malloc(cap);
        assert_non_null(at);
        struct buffer b = buffer_of(at, cap);
        const enum rc rc = dialect_encode(d, &m, &to, &b);
        const enum rc wanted = m.type == MSG_ASSIGN && !is_json ? RC_UNSUPPORTED
                               : is_said(d, m.type)             ? RC_OK
                                                                : RC_ABSENT;
        assert_int_equal(rc, wanted);
        json_t *top = json_loadb((const char *)at, b.len, 0, NULL);
        assert_int_equal(top != NULL, rc == RC_OK);
        assert_int_equal(b.len > 0, rc == RC_OK);
        json_decref(top);
        struct buffer less = buffer_of(at, b.len > 0 ? b.len - 1 : 0);
        if (rc == RC_OK)
            assert_int_equal(dialect_encode(d, &m, &to, &less), RC_FULL);
        assert_true(less.len == 0 && !less.is_full);
        free(at);
    }
}

// CBOR is a dialect like the others.
static void test_cbor(void **unused)
{
    (void)unused;
    uint8_t room[MSG_HEAD_BYTES_MAX];
    struct buffer b = buffer_of(room, sizeof room);
    const struct msg m = {.type = MSG_WITHDRAW, .as.withdraw.job = 7};
    assert_true(dialect_bytes_max(DIALECT_CBOR, &m) == msg_bytes_max(&m));
    assert_int_equal(dialect_encode(DIALECT_CBOR, &m, &gamer, &b), RC_OK);
    enum dialect d = DIALECT_CBOR;
    struct msg back;
    assert_int_equal(dialect_decode(&d, &back, &hello, buffer_bytes(&b)), RC_OK);
    assert_true(d == DIALECT_CBOR && back.type == MSG_WITHDRAW && back.as.withdraw.job == 7);
    const struct msg peers = {.type = MSG_PEERS};
    assert_int_equal(dialect_encode(DIALECT_UNKNOWN, &peers, &gamer, &b), RC_ABSENT);
}

// A task through the hub: what a gamer gives is what a helper gets, and back, in any pairing.
static void test_there_and_back(void **unused)
{
    (void)unused;
    const char *data = "{\"type\": \"echo\", \"x\": [1.50, \"\\u00e4\"]}";
    for (int pairing = 0; pairing < 4; pairing++) {
        const enum dialect asks = pairing % 2 == 0 ? DIALECT_SEED : DIALECT_NET;
        const enum dialect does = pairing / 2 == 0 ? DIALECT_SEED : DIALECT_NET;
        char in[512];
        struct text t = text_of(in, sizeof in);
        text_addf(
            &t,
            asks == DIALECT_SEED
                ? "{\"type\":\"submit_task\",\"task_id\":\"t\",\"task\":"
                  "{\"type\":\"echo\",\"data\":%s}}"
                : "{\"msg_type\":\"task_request\",\"data\":{\"task_id\":\"t\",\"task_data\":%s}}",
            data);
        const struct msg run = decoded(asks, in);
        const struct msg assign = {.type = MSG_ASSIGN, .as.assign = {3, 9, run.as.run.spec, 0}};
        char room[1024] = {0};
        struct buffer b = buffer_of(room, sizeof room - 1);
        assert_int_equal(dialect_encode(does, &assign, &helper, &b), RC_OK);
        const char *given = strstr(room, "\"task_data\":");
        assert_non_null(given);
        assert_memory_equal(given + strlen("\"task_data\":"), data, strlen(data));
        t = text_of(in, sizeof in);
        text_addf(
            &t,
            does == DIALECT_SEED
                ? "{\"type\":\"task_result\",\"task_id\":\"task_3\",\"result\":%s}"
                : "{\"msg_type\":\"task_result\",\"data\":{\"task_id\":\"task_3\",\"result\":%s}}",
            data);
        const struct msg result = decoded(does, in);
        assert_true(result.as.result.task == 3);
        assert_true(bytes_is(result.as.result.result, data));
    }
}

// The page names every word and member that is read.
static void test_page(void **unused)
{
    (void)unused;
    static const char *const word[] = {
        "register_peer",
        "register_gamer",
        "register_user",
        "submit_task",
        "task_request",
        "task_result",
        "task_failure",
        "heartbeat",
        "registered",
        "registration_ack",
        "execute_task",
        "task_assignment",
        "task_error",
        "peer_count_update",
        "error",
        "peer_id",
        "gamer_id",
        "user_id",
        "token",
        "capabilities",
        "slots",
        "max_tasks",
        "kernels",
        "cpu_cores",
        "ram_gb",
        "cpu",
        "task_id",
        "deadline_ms",
        "task_data",
        "task_type",
        "processing_time_ms",
        "execution_time",
        "completion_time",
        "cpu_usage",
        "temperature",
        "budget_ms",
        "heartbeat_ms",
        "cached",
        "available_peers",
        "total_peers",
        "peer_count",
        "status",
        "message",
        "msg_type",
        "msg_id",
        "timestamp",
        "data",
    };
    static char page[DOC_BYTES];
    FILE *f = fopen(DOC_PATH, "rb");
    assert_non_null(f);
    page[fread(page, 1, sizeof page - 1, f)] = 0;
    (void)fclose(f); // only read from
    for (size_t i = 0; i < ARRAY_COUNT(word); i++) {
        char quoted[64];
        struct text t = text_of(quoted, sizeof quoted);
        text_addf(&t, "`%s`", word[i]);
        if (strstr(page, quoted) == NULL)
            fail_msg("doc/vocabulary.md lacks %s", quoted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_helper_in_seed), cmocka_unit_test(test_helper_in_net),
        cmocka_unit_test(test_many_kernels),   cmocka_unit_test(test_gamers),
        cmocka_unit_test(test_submit),         cmocka_unit_test(test_request),
        cmocka_unit_test(test_results),        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_heartbeats),     cmocka_unit_test(test_no_message),
        cmocka_unit_test(test_task_numbers),   cmocka_unit_test(test_refused_work),
        cmocka_unit_test(test_cut_messages),   cmocka_unit_test(test_opening_said),
        cmocka_unit_test(test_assign_said),    cmocka_unit_test(test_results_said),
        cmocka_unit_test(test_any_message),    cmocka_unit_test(test_cbor),
        cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
