// SPDX-License-Identifier: MIT
// Fuzzes HTTP messages: however the bytes are cut, the same message comes out, within bounds.
#include "os/http.h"

#include <assert.h>
#include <string.h>

#define BODY_MAX   500
#define MEMORY_MAX (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
    enum rc rc;
    size_t used;
    uint64_t sum;
};

static uint64_t add(uint64_t sum, const char *s)
{
    for (; s != NULL && *s != 0; s++)
        sum = (sum ^ (uint8_t)*s) * 1099511628211u;
    return sum * 31 + (s != NULL);
}

static uint64_t sum_of(const struct http *h)
{
    static const char *const names[] = {"Host", "Connection", "Upgrade", "Sec-WebSocket-Key", "A"};
    const struct http_request r = http_request_of(h);
    uint64_t sum = http_status(h) * 2 + http_keeps_alive(h);
    sum = add(add(sum, r.method), r.target);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        sum = add(sum, http_field(h, names[i]));
    for (size_t i = 0; i < r.body.len; i++)
        sum = (sum ^ r.body.at[i]) * 1099511628211u;
    assert(strlen(r.target) <= HTTP_HEAD_BYTES_MAX && r.body.len <= BODY_MAX);
    return sum * 31 + http_field_has(h, "Connection", "upgrade");
}

// A request that asks for a WebSocket must get an answer that fits; an answer must not be
// believed for another's key.
static void upgrade(const struct http *h, enum http_kind kind)
{
    uint8_t at[512];
    struct buffer out = buffer_of(at, sizeof at);
    if (kind == HTTP_KIND_REQUEST && http_ws_asked(h) == RC_OK)
        assert(http_write_ws_accept(&out, h));
    if (kind == HTTP_KIND_RESPONSE)
        assert(http_ws_accepted(h, "AAAAAAAAAAAAAAAAAAAAAA==") != RC_OK ||
               http_ws_accepted(h, "BAAAAAAAAAAAAAAAAAAAAA==") != RC_OK);
}

static struct outcome run(enum http_kind kind, struct bytes in, size_t step)
{
    struct budget budget = {.limit_bytes = MEMORY_MAX};
    struct http h;
    struct outcome o = {.rc = RC_AGAIN};
    http_init(&h, kind, &budget, BODY_MAX);
    while (o.used < in.len && o.rc == RC_AGAIN) {
        size_t used = 0;
        o.rc = http_input(&h, bytes_part(in, o.used, step), &used);
        o.used += used;
    }
    if (o.rc == RC_OK) {
        o.sum = sum_of(&h);
        upgrade(&h, kind);
    } else {
        o.used = 0; // where exactly it broke depends on the cuts,
        if (o.rc != RC_AGAIN)
            o.rc = RC_MALFORMED; // and of two faults, which one is met first
    }
    http_end(&h);
    assert(budget.used_bytes == 0);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const enum http_kind kind = (data[0] & 1) != 0 ? HTTP_KIND_RESPONSE : HTTP_KIND_REQUEST;
    const size_t step = 1 + (size_t)data[1];
    struct bytes in = bytes_of(data + 2, size - 2);
    const struct outcome whole = run(kind, in, SIZE_MAX / 2);
    const struct outcome cut = run(kind, in, step);
    assert(whole.rc == cut.rc && whole.used == cut.used && whole.sum == cut.sum);
    return 0;
}
