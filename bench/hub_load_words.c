// SPDX-License-Identifier: MIT
// JSON for the load generator: templates to write, one walk over members to read.
#include "hub_load_words.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/rng.h"

#define NESTING_MAX 3 // an answer from a cache lies in {"result": {...}}, once more wrapped

void words_init(struct words *w, enum words_vocabulary vocabulary, size_t payload_bytes,
                uint64_t run)
{
    static const char letter[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    struct rng rng = rng_seeded(run);
    assert(payload_bytes <= WORDS_PAYLOAD_BYTES_MAX);
    w->vocabulary = vocabulary;
    w->payload_bytes = payload_bytes;
    w->wall_s = 0;
    w->message_count = 0;
    (void)snprintf(w->run, sizeof w->run, "%016llx", (unsigned long long)run);
    for (size_t i = 0; i < sizeof w->filler; i++)
        w->filler[i] = letter[rng_below(&rng, sizeof letter - 1)];
}

// ---- Writing

static void put(struct buffer *out, const char *text)
{
    buffer_put(out, bytes_text(text));
}

static void put_number(struct buffer *out, uint64_t n)
{
    uint8_t digit[20];
    size_t at = sizeof digit;
    do {
        digit[--at] = (uint8_t)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    buffer_put(out, bytes_of(digit + at, sizeof digit - at));
}

static void put_id(const struct words *w, struct buffer *out, uint64_t task)
{
    put(out, "\"task_id\":\"");
    put(out, w->run);
    put(out, "-");
    put_number(out, task);
    put(out, "\"");
}

static struct bytes filler_of(const struct words *w, uint64_t number)
{
    return bytes_of(w->filler + number % WORDS_FILLER_STEPS, w->payload_bytes);
}

// Names in the order of the alphabet: the seed's cache looks for them so.
static void put_data(const struct words *w, struct buffer *out, uint64_t number)
{
    put(out, "\"filler\":\"");
    buffer_put(out, filler_of(w, number));
    put(out, "\",\"run\":\"");
    put(out, w->run);
    put(out, "\",\"sequence\":");
    put_number(out, number);
    put(out, "}");
}

// The front of every `net` message, up to where its data begins.
static void put_envelope(struct words *w, struct buffer *out, const char *type)
{
    put(out, "{\"msg_type\":\"");
    put(out, type);
    put(out, "\",\"msg_id\":\"");
    put(out, w->run);
    put(out, "-m");
    put_number(out, w->message_count++);
    put(out, "\",\"timestamp\":");
    put_number(out, w->wall_s);
    put(out, ".0,\"data\":{");
}

static void put_name(const struct words *w, struct buffer *out, const char *what, size_t index)
{
    put(out, "\"");
    put(out, what);
    put(out, "-");
    put(out, w->run);
    put(out, "-");
    put_number(out, index);
    put(out, "\"");
}

void words_register(struct words *w, struct buffer *out, bool is_helper, size_t index)
{
    if (w->vocabulary == WORDS_SEED) {
        put(out, is_helper ? "{\"type\":\"register_peer\",\"peer_id\":"
                           : "{\"type\":\"register_gamer\",\"gamer_id\":");
        put_name(w, out, is_helper ? "helper" : "gamer", index);
        put(out, "}");
        return;
    }
    put_envelope(w, out, is_helper ? "register_peer" : "register_user");
    put(out, is_helper ? "\"peer_id\":" : "\"user_id\":");
    put_name(w, out, is_helper ? "helper" : "gamer", index);
    put(out, is_helper ? ",\"capabilities\":{\"cpu_cores\":1,\"gpu\":\"none\"}}}"
                       : ",\"client_info\":{\"version\":\"1\",\"platform\":\"load\"}}}");
}

void words_submit(struct words *w, struct buffer *out, uint64_t task, uint64_t data)
{
    if (w->vocabulary == WORDS_SEED) {
        put(out, "{\"type\":\"submit_task\",");
        put_id(w, out, task);
        put(out, ",\"task\":{\"type\":\"echo\",\"data\":{");
        put_data(w, out, data);
        put(out, "}}");
        return;
    }
    put_envelope(w, out, "task_request");
    put_id(w, out, task);
    put(out, ",\"task_data\":{\"type\":\"echo\",");
    put_data(w, out, data);
    put(out, ",\"requirements\":{}}}");
}

void words_assign(struct words *w, struct buffer *out, uint64_t task, uint64_t data)
{
    if (w->vocabulary == WORDS_SEED) {
        put(out, "{\"type\":\"execute_task\",");
        put_id(w, out, task);
        put(out, ",\"task_type\":\"echo\",\"task_data\":{");
        put_data(w, out, data);
        put(out, "}");
        return;
    }
    put_envelope(w, out, "task_assignment");
    put_id(w, out, task);
    put(out, ",\"task_data\":{\"type\":\"echo\",");
    put_data(w, out, data);
    put(out, "}}");
}

void words_result(struct words *w, struct buffer *out, size_t helper,
                  const struct words_message *assigned)
{
    const bool is_seed = w->vocabulary == WORDS_SEED;
    if (is_seed)
        put(out, "{\"type\":\"task_result\",");
    else
        put_envelope(w, out, "task_result");
    put(out, "\"task_id\":\"");
    buffer_put(out, assigned->task_id);
    put(out, "\",");
    if (!is_seed) {
        put(out, "\"peer_id\":");
        put_name(w, out, "helper", helper);
        put(out, ",");
    }
    put(out, "\"result\":");
    buffer_put(out, assigned->data);
    put(out, is_seed ? ",\"processing_time_ms\":0.001}" : ",\"execution_time\":0.000001}}");
}

void words_heartbeat(struct words *w, struct buffer *out, size_t helper)
{
    assert(w->vocabulary == WORDS_NET);
    put_envelope(w, out, "heartbeat");
    put(out, "\"peer_id\":");
    put_name(w, out, "helper", helper);
    put(out, ",\"cpu_usage\":0.0,\"memory_usage\":0.0}}");
}

// ---- Reading

struct walk { // over the members of one object
    const uint8_t *at, *end;
};

static void skip_space(struct walk *w)
{
    while (w->at < w->end && (*w->at == ' ' || *w->at == '\n' || *w->at == '\r' || *w->at == '\t'))
        w->at++;
}

static bool skip_byte(struct walk *w, uint8_t byte)
{
    skip_space(w);
    if (w->at == w->end || *w->at != byte)
        return false;
    w->at++;
    return true;
}

// From an opening quote to behind the closing one.
static bool skip_string(struct walk *w)
{
    const uint8_t *from = w->at + 1;
    for (;;) {
        const uint8_t *quote = from < w->end ? memchr(from, '"', (size_t)(w->end - from)) : NULL;
        if (quote == NULL)
            return false;
        size_t slashes = 0;
        while (quote - slashes > w->at + 1 && quote[-1 - (ptrdiff_t)slashes] == '\\')
            slashes++;
        from = quote + 1;
        if (slashes % 2 == 0)
            break;
    }
    w->at = from;
    return true;
}

static bool skip_nested(struct walk *w)
{
    size_t depth = 0;
    while (w->at < w->end) {
        const uint8_t c = *w->at;
        if (c == '"') {
            if (!skip_string(w))
                return false;
            continue;
        }
        w->at++;
        if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']') && --depth == 0)
            return true;
    }
    return false;
}

static bool skip_value(struct walk *w)
{
    if (w->at == w->end)
        return false;
    if (*w->at == '"')
        return skip_string(w);
    if (*w->at == '{' || *w->at == '[')
        return skip_nested(w);
    const uint8_t *from = w->at;
    while (w->at < w->end && strchr(",}] \n\r\t", *w->at) == NULL)
        w->at++;
    return w->at > from;
}

static bool walk_into(struct walk *w, struct bytes object)
{
    *w = (struct walk){object.at, object.at + object.len};
    return skip_byte(w, '{');
}

// The next member: its name without quotes, its value as it stands. False: no more, or no JSON.
static bool walk_next(struct walk *w, struct bytes *name, struct bytes *value)
{
    (void)skip_byte(w, ','); // there is none before the first
    skip_space(w);
    const uint8_t *from = w->at;
    if (w->at == w->end || *w->at != '"' || !skip_string(w))
        return false;
    *name = bytes_of(from + 1, (size_t)(w->at - from) - 2);
    if (!skip_byte(w, ':'))
        return false;
    skip_space(w);
    from = w->at;
    if (!skip_value(w))
        return false;
    *value = bytes_of(from, (size_t)(w->at - from));
    return true;
}

static struct bytes unquoted(struct bytes value)
{
    const bool is_string = value.len >= 2 && value.at[0] == '"';
    return is_string ? bytes_of(value.at + 1, value.len - 2) : bytes_of(NULL, 0);
}

static enum words_kind kind_of(const struct words *w, struct bytes type)
{
    static const struct {
        const char *type;
        enum words_kind kind[2]; // by vocabulary
    } table[] = {
        {"task_result", {WORDS_DONE, WORDS_DONE}},
        {"execute_task", {WORDS_ASSIGNED, WORDS_UNKNOWN}},
        {"task_assignment", {WORDS_UNKNOWN, WORDS_ASSIGNED}},
        {"registered", {WORDS_REGISTERED, WORDS_UNKNOWN}},
        {"registration_ack", {WORDS_UNKNOWN, WORDS_REGISTERED}},
        {"task_error", {WORDS_FAILED, WORDS_FAILED}},
        {"task_failure", {WORDS_FAILED, WORDS_FAILED}},
        {"peer_count_update", {WORDS_UNKNOWN, WORDS_OTHER}},
        {"heartbeat_ack", {WORDS_OTHER, WORDS_OTHER}},
    };
    for (size_t i = 0; i < ARRAY_COUNT(table); i++)
        if (bytes_is(type, table[i].type))
            return table[i].kind[w->vocabulary];
    return WORDS_UNKNOWN;
}

struct reading {
    struct words_message *out;
    struct bytes inner; // of a `net` message: its data
    bool is_failed;
};

static void read_members(const struct words *w, struct reading *r, struct bytes object)
{
    struct walk walk;
    struct bytes name, value;
    if (!walk_into(&walk, object))
        return;
    while (walk_next(&walk, &name, &value)) {
        if (bytes_is(name, w->vocabulary == WORDS_SEED ? "type" : "msg_type"))
            r->out->kind = kind_of(w, unquoted(value));
        else if (bytes_is(name, "task_id"))
            r->out->task_id = unquoted(value);
        else if (bytes_is(name, "task_data") || bytes_is(name, "result"))
            r->out->data = value;
        else if (bytes_is(name, "status"))
            r->is_failed = !bytes_is(value, "\"completed\"");
        else if (bytes_is(name, "data"))
            r->inner = value;
    }
}

void words_read(const struct words *w, struct bytes text, struct words_message *out)
{
    struct reading r = {.out = out};
    *out = (struct words_message){.kind = WORDS_UNKNOWN};
    read_members(w, &r, text);
    if (w->vocabulary == WORDS_NET && r.inner.len > 0)
        read_members(w, &r, r.inner);
    if (out->kind == WORDS_DONE && r.is_failed)
        out->kind = WORDS_FAILED;
}

static bool read_number(struct bytes digits, uint64_t *out)
{
    uint64_t n = 0;
    if (digits.len == 0 || digits.len > 19)
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.at[i] < '0' || digits.at[i] > '9')
            return false;
        n = n * 10 + (uint64_t)(digits.at[i] - '0');
    }
    *out = n;
    return true;
}

bool words_task(const struct words *w, struct bytes task_id, uint64_t *task)
{
    const size_t len = sizeof w->run - 1;
    if (task_id.len <= len + 1 || memcmp(task_id.at, w->run, len) != 0 || task_id.at[len] != '-')
        return false;
    return read_number(bytes_part(task_id, len + 1, task_id.len), task);
}

bool words_data(const struct words *w, struct bytes data, uint64_t *number)
{
    struct walk walk;
    struct bytes name, value, run = {NULL, 0}, filler = {NULL, 0}, sequence = {NULL, 0};
    size_t depth = 0;
    if (!walk_into(&walk, data))
        return false;
    while (walk_next(&walk, &name, &value)) {
        if (bytes_is(name, "filler"))
            filler = unquoted(value);
        else if (bytes_is(name, "run"))
            run = unquoted(value);
        else if (bytes_is(name, "sequence"))
            sequence = value;
        else if (bytes_is(name, "result") && ++depth <= NESTING_MAX && !walk_into(&walk, value))
            return false;
    }
    return read_number(sequence, number) && bytes_is(run, w->run) &&
           bytes_equal(filler, filler_of(w, *number));
}
