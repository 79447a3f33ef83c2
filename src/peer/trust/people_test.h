// SPDX-License-Identifier: MIT
// People for tests of trust: identities out of small numbers, and what they sign.
#ifndef TRUST_PEOPLE_TEST_H
#define TRUST_PEOPLE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "crypt/id.h"
#include "crypt/seal.h"
#include "trust/answer.h"
#include "trust/receipt.h"
#include "trust/vouch.h"

#define PEOPLE_NOW_S UINT64_C(1767225600)

static inline void people_fill(void *self, uint8_t *out, size_t len)
{
    uint64_t state = *(const uint64_t *)self;
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(state >> (i % 8 * 8));
}

static inline struct id people_id(uint64_t number)
{
    struct id i;
    const struct entropy e = {.fill = people_fill, .self = &number};
    assert_int_equal(id_init(&i, &e), RC_OK);
    return i;
}

struct people { // two of them, and who judges what they sign
    struct id a;
    struct id b;
    struct seal_judge judge;
};

static inline int people_begin(void **state)
{
    static struct people p; // one test at a time
    p.a = people_id(1);
    p.b = people_id(2);
    p.judge = seal_judge_real();
    *state = &p;
    return 0;
}

static inline int people_end(void **state)
{
    struct people *p = *state;
    id_end(&p->a);
    id_end(&p->b);
    return 0;
}

struct people_record {
    uint8_t b[SEAL_BYTES_MAX];
    size_t len;
};

static inline struct bytes people_bytes(const struct people_record *r)
{
    return bytes_of(r->b, r->len);
}

static inline struct receipt people_receipt_of(const struct id *by, const struct node_id *of,
                                               uint64_t counter, uint32_t good, uint32_t bad)
{
    return (struct receipt){.by = by->key_public,
                            .of = *of,
                            .counter = counter,
                            .time_s = PEOPLE_NOW_S,
                            .service = RECEIPT_CHUNK,
                            .outcome = bad > good ? RECEIPT_WRONG : RECEIPT_GOOD,
                            .bytes = 1000,
                            .good_centi = good * 100,
                            .bad_centi = bad * 100};
}

static inline struct people_record people_receipt(const struct id *by, const struct node_id *of,
                                                  uint64_t counter, uint32_t good, uint32_t bad)
{
    struct people_record out = {.len = 0};
    struct buffer b = buffer_of(out.b, sizeof out.b);
    const struct receipt r = people_receipt_of(by, of, counter, good, bad);
    assert_int_equal(receipt_encode(&b, &r, by->key), RC_OK);
    out.len = b.len;
    return out;
}

static inline struct people_record people_answer(const struct id *by, enum answer_kind kind,
                                                 uint8_t asked, uint8_t given)
{
    struct people_record out = {.len = 0};
    struct buffer b = buffer_of(out.b, sizeof out.b);
    const struct answer a = {.by = by->key_public,
                             .request = {{7}},
                             .kind = kind,
                             .asked = {{asked}},
                             .given = {{given}},
                             .time_s = PEOPLE_NOW_S};
    assert_int_equal(answer_encode(&b, &a, by->key), RC_OK);
    out.len = b.len;
    return out;
}

static inline struct people_record people_voucher(const struct id *by, const struct node_id *of,
                                                  uint32_t slot)
{
    struct people_record out = {.len = 0};
    struct buffer b = buffer_of(out.b, sizeof out.b);
    const struct voucher v = {
        .by = by->key_public, .of = *of, .period = PEOPLE_NOW_S / VOUCH_PERIOD_S, .slot = slot};
    assert_int_equal(voucher_encode(&b, &v, by->key), RC_OK);
    out.len = b.len;
    return out;
}

#endif
