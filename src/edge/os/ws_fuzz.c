// SPDX-License-Identifier: MIT
// Fuzzes WebSocket frames: however the bytes are cut, the same events and the same end come out.
#include "os/ws.h"

#include <assert.h>

#include "base/text.h"

#define MESSAGE_MAX 3000
#define MEMORY_MAX  (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
    uint64_t sum; // of all events
    enum rc rc;
    uint16_t code;
};

static uint64_t add(uint64_t sum, struct bytes b)
{
    sum = sum * 1099511628211u + b.len;
    for (size_t i = 0; i < b.len; i++)
        sum = (sum ^ b.at[i]) * 1099511628211u;
    return sum;
}

static void check(const struct ws_event *e)
{
    assert(e->kind == WS_BINARY || e->kind == WS_TEXT || e->data.len <= WS_CONTROL_BYTES_MAX);
    assert(e->data.len <= MESSAGE_MAX);
    if (e->kind == WS_TEXT || e->kind == WS_CLOSE)
        assert(text_is_utf8(e->data));
}

static void take(struct ws *w, struct bytes chunk, struct outcome *o)
{
    struct ws_event e;
    ws_input(w, chunk);
    while ((o->rc = ws_next(w, &e)) == RC_OK) {
        check(&e);
        o->sum = add(o->sum * 31 + (uint64_t)e.kind * 65536 + e.code, e.data);
    }
    if (o->rc != RC_AGAIN)
        o->code = e.code;
}

static struct outcome run(bool is_server, struct bytes in, size_t step)
{
    struct budget budget = {.limit_bytes = MEMORY_MAX};
    const struct ws_cfg cfg = {
        .is_server = is_server, .message_bytes_max = MESSAGE_MAX, .budget = &budget};
    struct ws_host *host = ws_host_new(&cfg);
    struct ws w;
    struct outcome o = {.rc = RC_AGAIN};
    assert(host != NULL);
    ws_init(&w, host);
    for (size_t at = 0; at < in.len && o.rc == RC_AGAIN; at += step)
        take(&w, bytes_part(in, at, step), &o);
    ws_end(&w);
    ws_host_free(host);
    assert(budget.used_bytes == 0);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const bool is_server = (data[0] & 1) != 0;
    const size_t step = 1 + (size_t)data[1];
    struct bytes in = bytes_of(data + 2, size - 2);
    const struct outcome whole = run(is_server, in, SIZE_MAX / 2);
    const struct outcome cut = run(is_server, in, step);
    assert(whole.sum == cut.sum && whole.rc == cut.rc && whole.code == cut.code);
    return 0;
}
