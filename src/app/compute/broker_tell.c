// SPDX-License-Identifier: MIT
// What the broker says: to those who are connected, each in its own words, and to its operator.
#include <assert.h>
#include <string.h>

#include "base/text.h"
#include "compute/broker_state.h"
#include "kernel/kernel.h"

// ---- To a connection

static struct dialect_to to_of(struct broker *b, const struct conn *c)
{
    return (struct dialect_to){.role = c->seat != NULL ? MSG_ROLE_HELPER : MSG_ROLE_GAMER,
                               .name = c->seat != NULL    ? c->seat->name
                                       : c->gamer != NULL ? c->gamer->name
                                                          : "",
                               .helpers_ready = b->roster.ready_count,
                               .id = ++b->last_told,
                               .now_us = b->now_us};
}

// In JSON. What that has no word for is not said; nobody is told what cannot be said in it.
static void tell_text(struct broker *b, const struct conn *c, const struct msg *m)
{
    struct dialect_to to = to_of(b, c);
    size_t cap = dialect_bytes_max(c->dialect, m);
    uint8_t room[2 * MSG_HEAD_BYTES_MAX];
    uint8_t *at = cap <= sizeof room ? room : budget_take(b->budget, cap);
    struct buffer text = buffer_of(at, at != NULL ? cap : 0);
    if (at == NULL)
        outbox_close(&b->outbox, c->id, "the hub is out of memory for messages");
    else if (dialect_encode(c->dialect, m, &to, &text) == RC_OK)
        outbox_text(&b->outbox, c->id, buffer_bytes(&text));
    if (at != room)
        budget_give(b->budget, at);
}

void broker_tell(struct broker *b, uint64_t conn, const struct msg *m)
{
    const struct conn *c = map_get(b->conns, &conn);
    if (c != NULL && c->dialect != DIALECT_CBOR)
        tell_text(b, c, m);
    else
        outbox_send(&b->outbox, conn, m);
}

void gamer_tell(struct broker *b, const struct gamer *g, const struct msg *m)
{
    if (g->conn != NULL)
        broker_tell(b, g->conn->id, m);
}

void conn_refuse(struct broker *b, struct conn *c, enum rc rc, const char *text)
{
    assert(rc != RC_OK && text != NULL);
    if (c->state == CONN_ENDED || c->refused_text != NULL)
        return;
    c->refused_rc = rc;
    c->refused_text = text;
    list_push_back(&b->refused, &c->refused);
}

struct msg_refuse refuse_because(enum rc rc, const char *text)
{
    struct msg_refuse why = {.rc = rc};
    bytes_to_text(bytes_text(text), why.text, sizeof why.text);
    return why;
}

struct msg failed_msg(uint64_t number, const char *label, const struct msg_refuse *why)
{
    struct msg m = {.type = MSG_FAILED, .as.failed = {.job = number, .rc = why->rc}};
    struct text t = text_of(m.as.failed.text, MSG_TEXT_BYTES);
    text_add_safe(&t, bytes_text(why->text));
    bytes_to_text(bytes_text(label), m.as.failed.label, MSG_LABEL_BYTES);
    return m;
}

void gamer_tell_failed(struct broker *b, struct gamer *g, uint64_t number, const char *label,
                       const struct msg_refuse *why)
{
    struct msg m = failed_msg(number, label, why);
    gamer_tell(b, g, &m);
}

// ---- To the operator

void broker_note_put(struct broker *b, const struct broker_note *note)
{
    if (b->note_count == BROKER_NOTES_MAX) {
        b->stat.notes_lost++;
        return;
    }
    b->notes[(b->note_first + b->note_count) % BROKER_NOTES_MAX] = *note;
    b->note_count++;
}

bool broker_note(struct broker *b, struct broker_note *out)
{
    if (b->note_count == 0)
        return false;
    *out = b->notes[b->note_first];
    b->note_first = (b->note_first + 1) % BROKER_NOTES_MAX;
    b->note_count--;
    return true;
}

struct broker_note job_note(enum broker_note_kind kind, const struct job *j)
{
    struct broker_note n = {.kind = kind,
                            .job = j->key.number,
                            .is_run = j->kind == JOB_RUN,
                            .frame = j->spec.frame,
                            .node = j->key.gamer};
    memcpy(n.who, j->gamer->name, sizeof n.who);
    return n;
}

void job_note_task(struct broker *b, enum broker_note_kind kind, const struct task *t,
                   const struct who *who)
{
    struct broker_note n = job_note(kind, t->job);
    bytes_to_text(bytes_text(who->name), n.who, sizeof n.who);
    n.node = *who->node;
    n.task = t->id;
    n.kernel = skill_kernel(t->skill)->name;
    n.index = t->kind == TASK_TILE ? t->job->piece[t->piece].index : 0;
    n.attempts = t->attempts;
    n.expected_us = t->back.forecast.expected_us;
    n.cpu_us = t->back.cpu_us;
    n.wall_us = t->back.wall_us;
    broker_note_put(b, &n);
}
