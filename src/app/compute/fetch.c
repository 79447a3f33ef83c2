// SPDX-License-Identifier: MIT
// One object on its way in, part by part, from one connection; and the answer of who gives it.
#include "compute/fetch.h"

#include <assert.h>
#include <string.h>

#include "base/num.h"

struct fetch {
    struct budget *budget;
    struct digest digest;
    uint8_t *at;    // NULL until the size is known
    uint64_t total; // 0 until then
    uint64_t asked; // bytes asked for, in order from 0
    uint64_t got;   // bytes received, in order from 0: one connection keeps order
};

struct fetch *fetch_new(struct budget *budget, const struct digest *digest)
{
    struct fetch *f = budget_take(budget, sizeof *f);
    if (f != NULL)
        *f = (struct fetch){.budget = budget, .digest = *digest};
    return f;
}

void fetch_free(struct fetch *f)
{
    if (f == NULL)
        return;
    budget_give(f->budget, f->at);
    budget_give(f->budget, f);
}

const struct digest *fetch_digest(const struct fetch *f)
{
    return &f->digest;
}

bool fetch_ask(struct fetch *f, struct msg_object_get *out)
{
    bool is_first = f->asked == 0;
    bool has_room = f->asked - f->got < (uint64_t)FETCH_WINDOW * FETCH_PART_BYTES;
    if (!is_first && (f->total == 0 || f->asked >= f->total || !has_room))
        return false;
    *out =
        (struct msg_object_get){.digest = f->digest, .offset = f->asked, .len = FETCH_PART_BYTES};
    f->asked += FETCH_PART_BYTES;
    return true;
}

enum rc fetch_put(struct fetch *f, const struct msg_object_part *part)
{
    if (!digest_equal(&part->digest, &f->digest) || part->offset != f->got ||
        part->offset >= f->asked || part->total > MSG_OBJECT_BYTES_MAX ||
        (f->total != 0 && part->total != f->total))
        return RC_MALFORMED;
    uint64_t want = num_min(FETCH_PART_BYTES, part->total - num_min(part->total, part->offset));
    if (want == 0 || part->data.len != want)
        return RC_MALFORMED;
    if (f->at == NULL) {
        f->at = budget_take(f->budget, part->total);
        if (f->at == NULL)
            return RC_NOMEM;
        f->total = part->total;
    }
    memcpy(f->at + part->offset, part->data.at, part->data.len);
    f->got += part->data.len;
    assert(f->got <= f->total);
    return RC_OK;
}

bool fetch_is_whole(const struct fetch *f)
{
    return f->total != 0 && f->got == f->total;
}

struct bytes fetch_bytes(const struct fetch *f)
{
    assert(fetch_is_whole(f));
    return bytes_of(f->at, f->total);
}

struct msg fetch_answer(const struct msg_object_get *get, struct bytes object)
{
    if (object.len == 0 || object.len > MSG_OBJECT_BYTES_MAX)
        return (struct msg){.type = MSG_OBJECT_NONE, .as.object_none = {get->digest}};
    return (struct msg){.type = MSG_OBJECT_PART,
                        .as.object_part = {.digest = get->digest,
                                           .offset = get->offset,
                                           .total = object.len,
                                           .data = bytes_part(object, get->offset, get->len)}};
}
