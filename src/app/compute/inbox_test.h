// SPDX-License-Identifier: MIT
// What a machine under test sent, kept until its test looks for it.
//
// For tests and fuzz targets only; asserts instead of failing.
#ifndef COMPUTE_INBOX_TEST_H
#define COMPUTE_INBOX_TEST_H

#include <stdlib.h>

#include "compute/hand_test.h"
#include "compute/outbox.h"

struct letter {
    uint64_t conn;
    enum out_kind kind;
    bool is_taken;
    size_t len;
    uint8_t *at; // with a 0 behind
};

struct inbox {
    struct letter *at;
    size_t count, cap;
};

static inline void inbox_open(struct inbox *b, size_t cap)
{
    *b = (struct inbox){.at = calloc(cap, sizeof *b->at), .cap = cap};
    assert(b->at != NULL);
}

static inline void inbox_forget(struct inbox *b) // all that was heard
{
    for (size_t i = 0; i < b->count; i++)
        free(b->at[i].at);
    b->count = 0;
}

static inline void inbox_close(struct inbox *b)
{
    inbox_forget(b);
    free(b->at);
}

static inline void inbox_put(struct inbox *b, uint64_t conn, enum out_kind kind, struct bytes bytes)
{
    if (b->count == b->cap) // nobody looked for so long
        inbox_forget(b);
    struct letter *l = &b->at[b->count++];
    *l = (struct letter){.conn = conn, .kind = kind, .len = bytes.len};
    l->at = malloc(bytes.len + 1);
    assert(l->at != NULL);
    if (bytes.len > 0)
        memcpy(l->at, bytes.at, bytes.len);
    l->at[bytes.len] = 0;
}

// The next message of this type to conn that was not taken yet; borrowed until inbox_forget.
static inline bool inbox_take(struct inbox *b, uint64_t conn, enum msg_type type, struct msg *out)
{
    for (size_t i = 0; i < b->count; i++) {
        struct letter *l = &b->at[i];
        if (l->conn != conn || l->is_taken || l->kind != OUT_SEND)
            continue;
        hand_must(msg_decode(out, bytes_of(l->at, l->len))); // no machine sends another
        if (out->type != type)
            continue;
        l->is_taken = true;
        return true;
    }
    return false;
}

#endif
