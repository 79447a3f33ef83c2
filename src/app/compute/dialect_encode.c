// SPDX-License-Identifier: MIT
// What the hub says, in either vocabulary of JSON.
#include "compute/dialect.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "wire/scan.h"

// The longest message without its params or result: a label and a helper's name, or a label and
// words for people, every byte of them escaped, and what stands around them.
#define ESCAPE_BYTES   6u
#define HEAD_BYTES_MAX (512u + ESCAPE_BYTES * (MSG_LABEL_BYTES + MSG_NAME_BYTES + MSG_TEXT_BYTES))

static_assert(HEAD_BYTES_MAX <= MSG_HEAD_BYTES_MAX, "no dialect needs more room than ours");

struct writer {
    struct buffer *out;
    const struct dialect_to *to;
    bool is_net;
};

static void put(struct buffer *b, const char *literal)
{
    buffer_put(b, bytes_text(literal));
}

static void put_escaped(struct buffer *b, uint8_t c)
{
    static const char digit[] = "0123456789abcdef";
    if (c == '"' || c == '\\') {
        buffer_u8(b, '\\');
        buffer_u8(b, c);
        return;
    }
    put(b, "\\u00");
    buffer_u8(b, (uint8_t)digit[c >> 4]);
    buffer_u8(b, (uint8_t)digit[c & 15]);
}

static bool is_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

// The inside of a text. Names and words of strangers: what is not UTF-8 becomes '?'.
static void put_inside(struct buffer *b, const char *v)
{
    struct bytes left = bytes_text(v);
    while (left.len > 0) {
        size_t len = 0;
        while (len < left.len && is_plain(left.at[len]))
            len++;
        if (len == 0 && left.at[0] >= 0x80)
            len = text_utf8_step(left);
        buffer_put(b, bytes_part(left, 0, len));
        if (len == 0 && left.at[0] >= 0x80)
            buffer_u8(b, '?');
        else if (len == 0)
            put_escaped(b, left.at[0]);
        left = bytes_part(left, len > 0 ? len : 1, left.len);
    }
}

static void put_name(struct buffer *b, const char *name)
{
    if (b->len > 0 && b->at[b->len - 1] != '{')
        buffer_u8(b, ',');
    buffer_u8(b, '"');
    put(b, name);
    put(b, "\":");
}

static void put_text(struct buffer *b, const char *name, const char *v)
{
    put_name(b, name);
    buffer_u8(b, '"');
    put_inside(b, v);
    buffer_u8(b, '"');
}

static void put_raw(struct buffer *b, const char *name, struct bytes v)
{
    put_name(b, name);
    buffer_put(b, v);
}

static void put_u64(struct buffer *b, const char *name, uint64_t v)
{
    char digits[24];
    struct text t = text_of(digits, sizeof digits);
    text_addf(&t, "%" PRIu64, v);
    put_raw(b, name, bytes_of(digits, t.len));
}

// Microseconds as milliseconds or seconds.
static void put_ms(struct buffer *b, const char *name, uint64_t us)
{
    char digits[32];
    struct text t = text_of(digits, sizeof digits);
    text_addf(&t, "%" PRIu64 ".%03u", us / US_PER_MS, (unsigned)(us % US_PER_MS));
    put_raw(b, name, bytes_of(digits, t.len));
}

static void put_s(struct buffer *b, const char *name, uint64_t us)
{
    char digits[32];
    struct text t = text_of(digits, sizeof digits);
    text_addf(&t, "%" PRIu64 ".%06u", us / US_PER_S, (unsigned)(us % US_PER_S));
    put_raw(b, name, bytes_of(digits, t.len));
}

// A task by the word that its gamer has for it, else by its number.
static void put_task_id(struct buffer *b, const char *label, uint64_t number)
{
    char id[32];
    struct text t = text_of(id, sizeof id);
    text_addf(&t, "task_%" PRIu64, number);
    put_text(b, "task_id", label[0] != 0 ? label : id);
}

// Up to the members that the message itself has; finished by end.
static void begin(const struct writer *w, const char *seed_word, const char *net_word)
{
    char id[32];
    struct text t = text_of(id, sizeof id);
    put(w->out, "{");
    put_text(w->out, w->is_net ? "msg_type" : "type", w->is_net ? net_word : seed_word);
    if (!w->is_net)
        return;
    text_addf(&t, "hub-%" PRIu64, w->to->id);
    put_text(w->out, "msg_id", id);
    put_s(w->out, "timestamp", w->to->now_us);
    put_raw(w->out, "data", bytes_text("{"));
}

static enum rc end(const struct writer *w)
{
    put(w->out, w->is_net ? "}}" : "}");
    return w->out->is_full ? RC_FULL : RC_OK;
}

// Words for people, never none.
static const char *words(const char *text, enum rc rc)
{
    return text[0] != 0 ? text : rc_text(rc);
}

static enum rc welcome(const struct writer *w, const struct msg_welcome *m)
{
    assert(strlen(w->to->name) < MSG_NAME_BYTES);
    const bool is_helper = w->to->role == MSG_ROLE_HELPER;
    struct buffer *b = w->out;
    begin(w, "registered", "registration_ack");
    if (!w->is_net) {
        put_name(b, "message");
        put(b, is_helper ? "\"Registered as peer: " : "\"Registered as gamer: ");
        put_inside(b, w->to->name);
        put(b, "\"");
    }
    put_text(b, "status", "registered");
    put_text(b, is_helper ? "peer_id" : w->is_net ? "user_id" : "gamer_id", w->to->name);
    if (is_helper)
        put_u64(b, "heartbeat_ms", m->heartbeat_ms);
    else
        put_u64(b, "available_peers", w->to->helpers_ready);
    return end(w);
}

static enum rc refuse(const struct writer *w, const struct msg_refuse *m)
{
    begin(w, "error", "error");
    put_text(w->out, w->is_net ? "error" : "message", words(m->text, m->rc));
    return end(w);
}

static enum rc assign(const struct writer *w, const struct msg_assign *m)
{
    struct buffer *b = w->out;
    if (m->spec.input_count > 0 || !scan_is_valid(m->spec.params))
        return RC_UNSUPPORTED;
    begin(w, "execute_task", "task_assignment");
    put_task_id(b, "", m->task);
    put_text(b, "task_type", m->spec.kernel);
    put_raw(b, "task_data", m->spec.params);
    put_u64(b, "budget_ms", m->budget_ms);
    return end(w);
}

static enum rc no_result(const struct writer *w, const char *label, uint64_t job, const char *error)
{
    begin(w, "task_result", "task_error");
    put_task_id(w->out, label, job);
    put_text(w->out, "status", "error");
    put_text(w->out, "error", error);
    return end(w);
}

static enum rc ran(const struct writer *w, const struct msg_ran *m)
{
    struct buffer *b = w->out;
    if (!scan_is_valid(m->result))
        return no_result(w, m->label, m->job, "the result is no JSON");
    begin(w, "task_result", "task_result");
    put_task_id(b, m->label, m->job);
    put_text(b, "status", "completed");
    put_raw(b, "result", m->result);
    put_ms(b, "processing_time_ms", m->cpu_us);
    if (w->is_net) {
        put_s(b, "execution_time", m->cpu_us);
        put_s(b, "completion_time", m->wall_us);
    }
    put_text(b, "peer_id", m->helper);
    if (m->is_cached)
        put_raw(b, "cached", bytes_text("true"));
    return end(w);
}

// peer_count is what the user client of that time looks for, the others what its hub sent.
static enum rc peers(const struct writer *w, const struct msg_peers *m)
{
    if (!w->is_net)
        return RC_ABSENT;
    begin(w, "", "peer_count_update");
    put_u64(w->out, "available_peers", m->ready);
    put_u64(w->out, "total_peers", m->all);
    put_u64(w->out, "peer_count", m->ready);
    return end(w);
}

static enum rc write_message(const struct writer *w, const struct msg *m)
{
    switch (m->type) {
    case MSG_WELCOME:
        return welcome(w, &m->as.welcome);
    case MSG_REFUSE:
        return refuse(w, &m->as.refuse);
    case MSG_ASSIGN:
        return assign(w, &m->as.assign);
    case MSG_RAN:
        return ran(w, &m->as.ran);
    case MSG_FAILED:
        return no_result(w, m->as.failed.label, m->as.failed.job,
                         words(m->as.failed.text, m->as.failed.rc));
    case MSG_PEERS:
        return peers(w, &m->as.peers);
    case MSG_CHALLENGE:
    case MSG_HELLO:
    case MSG_HEARTBEAT:
    case MSG_OBJECT_GET:
    case MSG_OBJECT_PART:
    case MSG_OBJECT_NONE:
    case MSG_SUBMIT:
    case MSG_WITHDRAW:
    case MSG_PLANNED:
    case MSG_TILE:
    case MSG_DONE:
    case MSG_PREPARE:
    case MSG_CANCEL:
    case MSG_RESULT:
    case MSG_FAILURE:
    case MSG_VERDICT:
    case MSG_RUN:
    case MSG_INPUT:
        break;
    }
    return RC_ABSENT;
}

size_t dialect_bytes_max(enum dialect d, const struct msg *m)
{
    if (d == DIALECT_CBOR)
        return msg_bytes_max(m);
    if (m->type == MSG_ASSIGN)
        return HEAD_BYTES_MAX + m->as.assign.spec.params.len;
    if (m->type == MSG_RAN)
        return HEAD_BYTES_MAX + m->as.ran.result.len;
    return HEAD_BYTES_MAX;
}

enum rc dialect_encode(enum dialect d, const struct msg *m, const struct dialect_to *to,
                       struct buffer *out)
{
    const struct buffer before = *out;
    const struct writer w = {out, to, d == DIALECT_NET};
    enum rc rc = RC_ABSENT; // who has said nothing that we understood can be told that alone
    if (d == DIALECT_CBOR)
        rc = msg_encode(m, out);
    else if (d != DIALECT_UNKNOWN || m->type == MSG_REFUSE)
        rc = write_message(&w, m);
    if (rc != RC_OK)
        *out = before;
    return rc;
}
