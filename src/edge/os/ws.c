// SPDX-License-Identifier: MIT
// RFC 6455 framing over wslay's frame reader, lent to a connection while a frame is under way.
#include "os/ws.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <wslay/wslay.h>

#include "base/num.h"
#include "base/text.h"

#define SPARE_READERS_MAX 64
#define READER_BYTES      4608    // about what wslay 1.1.1 takes for a frame context
#define TRUST_BYTES       1048576 // announced lengths up to here are believed, longer ones earned
#define CLOSE_CODE_BYTES  2

struct ws_host {
    struct ws_cfg cfg;
    struct ws_reader *spare;
    size_t spare_count;
};

struct ws_reader {
    wslay_frame_context_ptr context;
    struct ws *ws;          // whose frame is read now
    struct ws_reader *next; // among the spare ones
    uint64_t held_bytes;    // given to wslay and not yet accounted to a whole frame
    // The frame under way:
    uint64_t done_bytes; // payload seen
    uint64_t total_bytes;
    uint8_t opcode;
    bool is_begun; // its head was seen
    bool is_final;
    uint8_t control[WS_CONTROL_BYTES_MAX];
};

static ssize_t feed(uint8_t *out, size_t cap, int flags, void *user)
{
    (void)flags;
    struct ws_reader *r = user;
    struct bytes part = bytes_part(r->ws->input, 0, cap);
    if (part.len == 0)
        return -1; // becomes WSLAY_ERR_WANT_READ
    memcpy(out, part.at, part.len);
    r->ws->input = bytes_part(r->ws->input, part.len, SIZE_MAX);
    r->held_bytes += part.len;
    return (ssize_t)part.len;
}

struct ws_host *ws_host_new(const struct ws_cfg *cfg)
{
    assert(cfg->message_bytes_max >= 1);
    struct ws_host *h = budget_take(cfg->budget, sizeof *h);
    if (h != NULL)
        *h = (struct ws_host){.cfg = *cfg};
    return h;
}

static struct ws_reader *reader_new(struct ws_host *h)
{
    struct budget *b = h->cfg.budget;
    if (b->limit_bytes - b->used_bytes < READER_BYTES)
        return NULL;
    struct ws_reader *r = budget_take(b, sizeof *r);
    if (r == NULL)
        return NULL;
    *r = (struct ws_reader){0};
    const struct wslay_frame_callbacks callbacks = {.recv_callback = feed};
    if (wslay_frame_context_init(&r->context, &callbacks, r) != 0) {
        budget_give(b, r);
        return NULL;
    }
    b->used_bytes += READER_BYTES; // wslay's own block, counted with ours
    return r;
}

static void reader_free(struct ws_host *h, struct ws_reader *r)
{
    wslay_frame_context_free(r->context);
    h->cfg.budget->used_bytes -= READER_BYTES;
    budget_give(h->cfg.budget, r);
}

void ws_host_free(struct ws_host *h)
{
    if (h == NULL)
        return;
    for (struct ws_reader *next; h->spare != NULL; h->spare = next) {
        next = h->spare->next;
        reader_free(h, h->spare);
    }
    budget_give(h->cfg.budget, h);
}

static bool borrow_reader(struct ws *w)
{
    struct ws_host *h = w->host;
    struct ws_reader *r = h->spare;
    if (r != NULL) {
        h->spare = r->next;
        h->spare_count--;
    } else {
        r = reader_new(h);
        if (r == NULL)
            return false;
    }
    assert(r->held_bytes == 0 && !r->is_begun);
    r->ws = w;
    w->reader = r;
    return true;
}

// A wslay context that holds no byte and is at a frame's end is as new (ws_test pins this); any
// other has to go.
static void return_reader(struct ws *w)
{
    struct ws_reader *r = w->reader;
    struct ws_host *h = w->host;
    w->reader = NULL;
    if (r == NULL)
        return;
    r->ws = NULL;
    if (r->held_bytes > 0 || r->is_begun || h->spare_count == SPARE_READERS_MAX) {
        reader_free(h, r);
        return;
    }
    r->next = h->spare;
    h->spare = r;
    h->spare_count++;
}

static void drop_message(struct ws *w)
{
    budget_give(w->host->cfg.budget, w->message);
    w->message = NULL;
    w->message_len = 0;
    w->message_cap = 0;
    w->message_kind = 0;
    w->is_given = false;
}

void ws_init(struct ws *w, struct ws_host *host)
{
    *w = (struct ws){.host = host};
}

void ws_end(struct ws *w)
{
    drop_message(w);
    return_reader(w);
    w->input = bytes_of(NULL, 0);
    w->is_over = true;
}

void ws_input(struct ws *w, struct bytes chunk)
{
    assert(w->input.len == 0); // ws_next has used up the last one
    w->input = chunk;
}

static enum rc fail(struct ws *w, struct ws_event *out, enum rc rc, uint16_t code, const char *why)
{
    ws_end(w);
    *out = (struct ws_event){.code = code, .why = why};
    return rc;
}

static enum rc broken(struct ws *w, struct ws_event *out, const char *why)
{
    return fail(w, out, RC_MALFORMED, WS_CODE_PROTOCOL, why);
}

// RFC 6455 section 5.2, once a frame.
static enum rc begin_frame(struct ws *w, const struct wslay_frame_iocb *frame, struct ws_event *out)
{
    struct ws_reader *r = w->reader;
    const bool is_control = wslay_is_ctrl_frame(frame->opcode) != 0;
    const bool is_new = frame->opcode == WSLAY_TEXT_FRAME || frame->opcode == WSLAY_BINARY_FRAME;
    if (frame->rsv != 0)
        return broken(w, out, "reserved bits are set");
    if ((frame->mask != 0) != w->host->cfg.is_server)
        return broken(w, out, frame->mask != 0 ? "a masked frame" : "a frame without a mask");
    if (frame->opcode > WSLAY_PONG || (!is_control && frame->opcode > WSLAY_BINARY_FRAME))
        return broken(w, out, "an unknown opcode");
    if (is_new && w->message_kind != 0)
        return broken(w, out, "a message inside another");
    if (frame->opcode == WSLAY_CONTINUATION_FRAME && w->message_kind == 0)
        return broken(w, out, "a continuation of nothing");
    if (!is_control && frame->payload_length > w->host->cfg.message_bytes_max - w->message_len)
        return fail(w, out, RC_FULL, WS_CODE_TOO_BIG, "the message is too long");
    r->is_begun = true;
    r->is_final = frame->fin != 0;
    r->opcode = frame->opcode;
    r->done_bytes = 0;
    r->total_bytes = frame->payload_length;
    if (is_new)
        w->message_kind = frame->opcode;
    return RC_OK;
}

// Room for what the frame announced if that is modest; beyond, twice what has come so far, so
// that announcing much costs the announcer as much as us.
static bool message_grow(struct ws *w, size_t need)
{
    if (need <= w->message_cap)
        return true;
    const struct ws_reader *r = w->reader;
    const size_t max = w->host->cfg.message_bytes_max;
    const size_t announced = w->message_len + (size_t)(r->total_bytes - r->done_bytes);
    size_t cap = announced;
    if (announced > TRUST_BYTES)
        cap = num_min(announced, num_max(TRUST_BYTES, num_max(need, 2 * w->message_cap)));
    else if (w->message_cap > 0) // one of many small parts
        cap = num_max(announced, num_min(max, 2 * w->message_cap));
    uint8_t *at = budget_take(w->host->cfg.budget, cap);
    if (at == NULL)
        return false;
    if (w->message_len > 0)
        memcpy(at, w->message, w->message_len);
    budget_give(w->host->cfg.budget, w->message);
    w->message = at;
    w->message_cap = cap;
    return true;
}

static enum rc give_message(struct ws *w, struct bytes message, struct ws_event *out)
{
    const enum ws_kind kind = w->message_kind == WS_TEXT ? WS_TEXT : WS_BINARY;
    if (kind == WS_TEXT && !text_is_utf8(message))
        return fail(w, out, RC_MALFORMED, WS_CODE_BAD_TEXT, "text that is not UTF-8");
    w->message_kind = 0;
    w->is_given = true;
    *out = (struct ws_event){.kind = kind, .data = message};
    return RC_OK;
}

// Section 7.4.2: 1004 to 1006 and 1015 never travel; 1012 to 1014 were registered later.
static bool is_close_code(uint16_t code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

static enum rc give_control(struct ws *w, struct ws_event *out)
{
    const struct ws_reader *r = w->reader;
    struct bytes payload = bytes_of(r->control, (size_t)r->total_bytes);
    if (r->opcode != WSLAY_CONNECTION_CLOSE) {
        const enum ws_kind kind = r->opcode == WSLAY_PING ? WS_PING : WS_PONG;
        *out = (struct ws_event){.kind = kind, .data = payload};
        return RC_OK;
    }
    *out = (struct ws_event){.kind = WS_CLOSE, .code = WS_CODE_NONE};
    if (payload.len > 0) {
        struct cursor c = {.left = payload};
        out->code = cursor_u16(&c);
        out->data = c.left;
        if (c.is_bad || !is_close_code(out->code))
            return broken(w, out, "an impossible close code");
        if (!text_is_utf8(out->data))
            return fail(w, out, RC_MALFORMED, WS_CODE_BAD_TEXT, "close words that are not UTF-8");
    }
    w->is_over = true;
    return RC_OK;
}

static size_t head_bytes(uint64_t payload_bytes, bool is_masked)
{
    const size_t length_bytes = payload_bytes < 126 ? 0 : payload_bytes < 65536 ? 2 : 8;
    return 2 + length_bytes + (is_masked ? WS_KEY_BYTES : 0);
}

static void end_frame(struct ws_reader *r, bool is_masked)
{
    // wslay refuses lengths that are not in their shortest form, so the head's size is known.
    const uint64_t whole = head_bytes(r->total_bytes, is_masked) + r->total_bytes;
    assert(r->held_bytes >= whole);
    r->held_bytes -= whole;
    r->is_begun = false;
    r->ws->frame_count++;
}

// A piece of payload, maybe empty, maybe the frame's last. RC_AGAIN: no event yet.
static enum rc take_piece(struct ws *w, const struct wslay_frame_iocb *frame, struct ws_event *out)
{
    struct ws_reader *r = w->reader;
    struct bytes piece = bytes_of(frame->data, frame->data_length);
    const bool is_control = wslay_is_ctrl_frame(r->opcode) != 0;
    const bool is_whole = piece.len == r->total_bytes && w->message_len == 0;
    if (is_control) {
        memcpy(r->control + r->done_bytes, piece.at, piece.len);
    } else if (!(is_whole && r->is_final) && piece.len > 0) {
        if (!message_grow(w, w->message_len + piece.len))
            return fail(w, out, RC_NOMEM, WS_CODE_TRY_LATER, "no memory for the message");
        memcpy(w->message + w->message_len, piece.at, piece.len);
        w->message_len += piece.len;
    }
    r->done_bytes += piece.len;
    if (r->done_bytes < r->total_bytes)
        return RC_AGAIN;
    end_frame(r, frame->mask != 0);
    if (is_control)
        return give_control(w, out);
    if (!r->is_final)
        return RC_AGAIN;
    return give_message(w, is_whole ? piece : bytes_of(w->message, w->message_len), out);
}

enum rc ws_next(struct ws *w, struct ws_event *out)
{
    if (w->is_given)
        drop_message(w);
    if (w->is_over) {
        ws_end(w);
        return RC_AGAIN;
    }
    if (w->reader == NULL && w->input.len == 0)
        return RC_AGAIN;
    if (w->reader == NULL && !borrow_reader(w))
        return fail(w, out, RC_NOMEM, WS_CODE_TRY_LATER, "no memory for a frame");
    enum rc rc = RC_AGAIN;
    while (rc == RC_AGAIN) {
        struct wslay_frame_iocb frame;
        const ssize_t got = wslay_frame_recv(w->reader->context, &frame);
        if (got == WSLAY_ERR_WANT_READ) {
            if (w->reader->held_bytes == 0)
                return_reader(w);
            return RC_AGAIN;
        }
        if (got < 0)
            return broken(w, out, "a broken frame head");
        rc = w->reader->is_begun ? RC_OK : begin_frame(w, &frame, out);
        if (rc == RC_OK)
            rc = take_piece(w, &frame, out);
    }
    return rc;
}

size_t ws_head(uint8_t out[static WS_HEAD_BYTES_MAX], enum ws_kind kind, size_t payload_len,
               const uint8_t *key)
{
    struct buffer b = buffer_of(out, WS_HEAD_BYTES_MAX);
    const unsigned mask = key != NULL ? 0x80 : 0;
    buffer_u8(&b, (uint8_t)(0x80 | kind)); // final
    if (payload_len < 126) {
        buffer_u8(&b, (uint8_t)(mask | payload_len));
    } else if (payload_len < 65536) {
        buffer_u8(&b, (uint8_t)(mask | 126));
        buffer_u16(&b, (uint16_t)payload_len);
    } else {
        buffer_u8(&b, (uint8_t)(mask | 127));
        buffer_u64(&b, payload_len);
    }
    if (key != NULL)
        buffer_put(&b, bytes_of(key, WS_KEY_BYTES));
    assert(!b.is_full);
    return b.len;
}

void ws_mask(uint8_t *out, const uint8_t *in, size_t len, const uint8_t key[static WS_KEY_BYTES],
             size_t offset)
{
    uint8_t turned[8]; // the key from `offset` on, twice: eight bytes a step
    for (size_t i = 0; i < sizeof turned; i++)
        turned[i] = key[(offset + i) % WS_KEY_BYTES];
    uint64_t wide;
    memcpy(&wide, turned, sizeof wide);
    size_t i = 0;
    for (; i + sizeof wide <= len; i += sizeof wide) {
        uint64_t word;
        memcpy(&word, in + i, sizeof word);
        word ^= wide;
        memcpy(out + i, &word, sizeof word);
    }
    for (; i < len; i++)
        out[i] = in[i] ^ turned[i % WS_KEY_BYTES];
}

struct bytes ws_close_payload(uint8_t out[static WS_CONTROL_BYTES_MAX], uint16_t code,
                              const char *words)
{
    assert(is_close_code(code));
    struct bytes text = bytes_text(words);
    if (text.len > WS_CONTROL_BYTES_MAX - CLOSE_CODE_BYTES) {
        text.len = WS_CONTROL_BYTES_MAX - CLOSE_CODE_BYTES;
        while (text.len > 0 && (text.at[text.len] & 0xc0) == 0x80) // inside a character
            text.len--;
    }
    struct buffer b = buffer_of(out, WS_CONTROL_BYTES_MAX);
    buffer_u16(&b, code);
    buffer_put(&b, text);
    return buffer_bytes(&b);
}
