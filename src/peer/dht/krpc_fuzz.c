// SPDX-License-Identifier: MIT
// Any bytes as a datagram: views stay inside it, and what is taken writes itself back.
#include "dht/krpc.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BYTES_MAX 4096u // a datagram is shorter

static void is_inside(struct bytes view, struct bytes all)
{
    if (view.at != NULL)
        assert(view.at >= all.at && view.at + view.len <= all.at + all.len);
}

static void views_are_inside(const struct krpc *m, struct bytes all)
{
    const struct bytes views[] = {m->transaction, m->version, m->ip,      m->token,
                                  m->k,           m->sig,     m->salt,    m->v,
                                  m->key,         m->record,  m->nodes,   m->nodes6,
                                  m->values,      m->records, m->samples, m->text};
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++)
        is_inside(views[i], all);
}

static size_t count_strings(struct bytes strings)
{
    struct bytes one;
    size_t count = 0;
    while (krpc_string_next(&strings, &one))
        count++;
    assert(strings.len == 0);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bytes in = bytes_of(data, size < BYTES_MAX ? size : BYTES_MAX);
    uint8_t room[BYTES_MAX + 256];
    struct buffer b = buffer_of(room, sizeof room);
    struct krpc m;
    struct krpc again;
    const enum rc rc = krpc_decode(&m, in);
    if (rc == RC_MALFORMED)
        return 0;
    views_are_inside(&m, in);
    assert(m.transaction.at != NULL && m.transaction.len <= KRPC_TRANSACTION_MAX);
    if (rc == RC_REFUSED) {
        krpc_error(&b, &m, m.code);
        assert(!b.is_full && b.len < 128 + KRPC_TRANSACTION_MAX);
        return 0;
    }
    assert(rc == RC_OK);
    krpc_encode(&b, &m);
    assert(!b.is_full);
    assert(krpc_decode(&again, buffer_bytes(&b)) == RC_OK);
    assert(m.kind == again.kind && m.method == again.method && m.code == again.code);
    assert(count_strings(m.values) == count_strings(again.values));
    assert(count_strings(m.records) == count_strings(again.records));
    assert(bytes_equal(m.v, again.v) && bytes_equal(m.nodes6, again.nodes6));
    uint8_t twice[sizeof room];
    struct buffer c = buffer_of(twice, sizeof twice);
    krpc_encode(&c, &again);
    assert(bytes_equal(buffer_bytes(&b), buffer_bytes(&c)));
    return 0;
}
