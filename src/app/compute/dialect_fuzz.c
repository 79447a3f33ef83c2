// SPDX-License-Identifier: MIT
// Fuzz target of the vocabularies: what is understood is a message, and every answer is JSON.
#include "compute/dialect.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool is_true)
{
    if (!is_true)
        abort();
}

// jansson alone is the judge here; of its own accord it only lacks room for huge numbers.
static void expect_json(struct bytes in)
{
    json_error_t why;
    json_t *top = json_loadb((const char *)in.at, in.len, JSON_DECODE_INT_AS_REAL, &why);
    expect(top != NULL ? json_is_object(top)
                       : json_error_code(&why) == json_error_numeric_overflow);
    json_decref(top);
}

static enum rc answer(enum dialect d, const struct msg *m, const struct dialect_to *to)
{
    const size_t cap = dialect_bytes_max(d, m);
    uint8_t *at = malloc(cap);
    expect(at != NULL);
    struct buffer b = buffer_of(at, cap);
    const enum rc rc = dialect_encode(d, m, to, &b);
    expect(rc == RC_OK ? b.len > 0 : b.len == 0);
    if (rc == RC_OK)
        expect_json(buffer_bytes(&b));
    free(at);
    return rc;
}

static void answer_run(enum dialect d, const struct msg_run *run, const struct dialect_to *to)
{
    struct msg m = {.type = MSG_ASSIGN, .as.assign = {1, 2, run->spec, 0}};
    expect(answer(d, &m, to) == RC_OK); // what came in JSON goes on in JSON
    m = (struct msg){.type = MSG_RAN,
                     .as.ran = {.job = run->job, .attempts = 1, .result = run->spec.params}};
    memcpy(m.as.ran.label, run->label, sizeof run->label);
    memcpy(m.as.ran.helper, run->spec.kernel, sizeof run->spec.kernel);
    expect(answer(d, &m, to) == RC_OK);
    m = (struct msg){.type = MSG_FAILED, .as.failed = {.job = run->job, .rc = RC_TIMEOUT}};
    memcpy(m.as.failed.label, run->label, sizeof run->label);
    expect(answer(d, &m, to) == RC_OK);
}

static void answer_all(enum dialect d, const struct msg *m)
{
    struct dialect_to to = {.role = MSG_ROLE_GAMER, .name = "", .id = 7, .now_us = 8};
    struct msg back;
    memset(&back, 0, sizeof back);
    if (m->type == MSG_HELLO) {
        back.type = MSG_WELCOME;
        to.role = m->as.hello.role;
        to.name = m->as.hello.name;
        expect(answer(d, &back, &to) == RC_OK);
    } else if (m->type == MSG_RUN) {
        answer_run(d, &m->as.run, &to);
    } else if (m->type == MSG_RESULT) {
        back.type = MSG_RAN;
        back.as.ran.result = m->as.result.result;
        back.as.ran.cpu_us = m->as.result.cpu_us;
        expect(answer(d, &back, &to) == RC_OK);
    } else if (m->type == MSG_FAILURE) {
        back.type = MSG_FAILED;
        back.as.failed.rc = m->as.failure.rc;
        memcpy(back.as.failed.text, m->as.failure.text, MSG_TEXT_BYTES);
        expect(answer(d, &back, &to) == RC_OK);
    } else {
        expect(m->type == MSG_HEARTBEAT);
    }
}

// In range, as whoever gets it further on may trust.
static void expect_whole(const struct msg *m)
{
    const size_t cap = msg_bytes_max(m);
    uint8_t *at = malloc(cap);
    expect(at != NULL);
    struct buffer b = buffer_of(at, cap);
    expect(msg_encode(m, &b) == RC_OK);
    free(at);
}

// The first byte says what is known of whom it comes from.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    static const enum dialect known[] = {DIALECT_UNKNOWN, DIALECT_SEED, DIALECT_NET};
    const enum dialect was = known[data[0] % 3];
    enum dialect d = was;
    struct msg m;
    struct dialect_hello hello;
    const enum rc rc = dialect_decode(&d, &m, &hello, bytes_of(data + 1, size - 1));
    expect(was == DIALECT_UNKNOWN ? d != DIALECT_CBOR : d == was);
    expect(rc == RC_OK || rc == RC_MALFORMED || rc == RC_REFUSED || rc == RC_UNSUPPORTED);
    expect(rc == RC_MALFORMED || rc == RC_REFUSED || d != DIALECT_UNKNOWN);
    if (rc != RC_OK)
        return 0;
    expect_whole(&m);
    answer_all(DIALECT_SEED, &m);
    answer_all(DIALECT_NET, &m);
    return 0;
}
