// SPDX-License-Identifier: MIT
// Tests of fetching an object: window, sizes at the edges, every lie of a giver, memory.
#include "compute/fetch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"

#define LIMIT_BYTES ((size_t)8 << 20)

static struct digest name_of(uint8_t value)
{
    struct digest d;
    memset(d.b, value, sizeof d.b);
    return d;
}

static struct msg_object_part part_of(const uint8_t *at, uint64_t total, uint64_t offset)
{
    uint64_t left = total - offset;
    return (struct msg_object_part){
        .digest = name_of(1),
        .offset = offset,
        .total = total,
        .data = bytes_of(at + offset, left < FETCH_PART_BYTES ? left : FETCH_PART_BYTES)};
}

// Answers every question in order until the object is whole.
static void fetch_all(const uint8_t *at, uint64_t total)
{
    struct budget budget = {.limit_bytes = LIMIT_BYTES};
    struct digest name = name_of(1);
    struct fetch *f = fetch_new(&budget, &name);
    struct msg_object_get ask[FETCH_WINDOW];
    size_t open = 0;
    uint64_t asked = 0;
    while (!fetch_is_whole(f)) {
        while (open < FETCH_WINDOW && fetch_ask(f, &ask[open])) {
            assert_true(digest_equal(&ask[open].digest, &name));
            assert_int_equal(ask[open].offset, asked);
            assert_int_equal(ask[open].len, FETCH_PART_BYTES);
            asked += FETCH_PART_BYTES;
            open++;
        }
        assert_true(open > 0); // never waits for an answer to nothing
        const struct msg m = fetch_answer(&ask[0], bytes_of(at, total));
        assert_int_equal(m.type, MSG_OBJECT_PART);
        assert_int_equal(fetch_put(f, &m.as.object_part), RC_OK);
        memmove(ask, ask + 1, --open * sizeof *ask);
    }
    assert_int_equal(open, 0);
    assert_false(fetch_ask(f, &ask[0]));
    assert_true(bytes_equal(fetch_bytes(f), bytes_of(at, total)));
    fetch_free(f);
    assert_int_equal(budget.used_bytes, 0);
}

static void test_sizes_at_the_edges(void **state)
{
    (void)state;
    const uint64_t total[] = {1,
                              FETCH_PART_BYTES - 1,
                              FETCH_PART_BYTES,
                              FETCH_PART_BYTES + 1,
                              (uint64_t)FETCH_WINDOW * FETCH_PART_BYTES,
                              (uint64_t)(FETCH_WINDOW + 1) * FETCH_PART_BYTES + 7};
    size_t most = (size_t)total[ARRAY_COUNT(total) - 1];
    uint8_t *at = malloc(most);
    assert_non_null(at);
    for (size_t i = 0; i < most; i++)
        at[i] = (uint8_t)(i * 7 + i / 256);
    for (size_t i = 0; i < ARRAY_COUNT(total); i++)
        fetch_all(at, total[i]);
    free(at);
}

static void test_nothing_to_give(void **state)
{
    (void)state;
    static const uint8_t at[4] = {1, 2, 3, 4};
    const struct msg_object_get get = {.digest = name_of(1), .offset = 9, .len = 2};
    struct msg m = fetch_answer(&get, bytes_of(NULL, 0));
    assert_true(m.type == MSG_OBJECT_NONE && digest_equal(&m.as.object_none.digest, &get.digest));
    m = fetch_answer(&get, bytes_of(at, (size_t)MSG_OBJECT_BYTES_MAX + 1)); // nobody could fetch it
    assert_int_equal(m.type, MSG_OBJECT_NONE);
    m = fetch_answer(&get, bytes_of(at, sizeof at)); // past its end
    assert_true(m.type == MSG_OBJECT_PART && m.as.object_part.data.len == 0);
}

static void test_window(void **state)
{
    (void)state;
    struct budget budget = {.limit_bytes = LIMIT_BYTES};
    struct digest name = name_of(1);
    struct fetch *f = fetch_new(&budget, &name);
    struct msg_object_get ask;
    assert_true(fetch_ask(f, &ask));
    assert_false(fetch_ask(f, &ask)); // the size is not known yet
    uint64_t total = (uint64_t)10 * FETCH_PART_BYTES;
    uint8_t *at = calloc(1, (size_t)total);
    assert_non_null(at);
    struct msg_object_part p = part_of(at, total, 0);
    assert_int_equal(fetch_put(f, &p), RC_OK);
    for (unsigned i = 0; i < FETCH_WINDOW; i++)
        assert_true(fetch_ask(f, &ask));
    assert_false(fetch_ask(f, &ask));
    fetch_free(f);
    free(at);
    assert_int_equal(budget.used_bytes, 0);
}

static void test_lies(void **state)
{
    (void)state;
    uint64_t total = (uint64_t)3 * FETCH_PART_BYTES;
    uint8_t *at = calloc(1, (size_t)total);
    assert_non_null(at);
    struct msg_object_part lie[10];
    for (size_t i = 0; i < ARRAY_COUNT(lie); i++)
        lie[i] = part_of(at, total, FETCH_PART_BYTES);
    lie[0].digest = name_of(2);                     // another object
    lie[1].offset = 0;                              // again
    lie[2].offset = (uint64_t)2 * FETCH_PART_BYTES; // too early
    lie[3].offset++;
    lie[4].total++;               // it grew
    lie[5].total--;               // it shrank
    lie[6].data.len--;            // short
    lie[7].data.len++;            // long
    lie[8].data.len = 0;          // nothing
    lie[9].total = lie[9].offset; // it ends where this part begins
    for (size_t i = 0; i < ARRAY_COUNT(lie); i++) {
        struct budget budget = {.limit_bytes = LIMIT_BYTES};
        struct digest name = name_of(1);
        struct fetch *f = fetch_new(&budget, &name);
        struct msg_object_get ask;
        while (fetch_ask(f, &ask))
            ;
        struct msg_object_part first = part_of(at, total, 0);
        assert_int_equal(fetch_put(f, &first), RC_OK);
        while (fetch_ask(f, &ask))
            ;
        assert_int_equal(fetch_put(f, &lie[i]), RC_MALFORMED);
        assert_false(fetch_is_whole(f));
        fetch_free(f);
        assert_int_equal(budget.used_bytes, 0);
    }
    free(at);
}

static void test_first_part_lies(void **state)
{
    (void)state;
    struct budget budget = {.limit_bytes = LIMIT_BYTES};
    struct digest name = name_of(1);
    uint8_t one = 1;
    struct msg_object_part p = {.digest = name, .total = 1, .data = bytes_of(&one, 1)};
    struct fetch *f = fetch_new(&budget, &name);
    assert_int_equal(fetch_put(f, &p), RC_MALFORMED); // nothing was asked for
    struct msg_object_get ask;
    assert_true(fetch_ask(f, &ask));
    p.total = 0;
    assert_int_equal(fetch_put(f, &p), RC_MALFORMED);
    p.total = (uint64_t)MSG_OBJECT_BYTES_MAX + 1;
    assert_int_equal(fetch_put(f, &p), RC_MALFORMED);
    p.total = UINT64_MAX;
    assert_int_equal(fetch_put(f, &p), RC_MALFORMED);
    fetch_free(f);
    fetch_free(NULL);
    assert_int_equal(budget.used_bytes, 0);
}

static void test_budget_runs_out(void **state)
{
    (void)state;
    struct digest name = name_of(1);
    struct budget none = {.limit_bytes = 8};
    assert_null(fetch_new(&none, &name));
    struct budget little = {.limit_bytes = 65536};
    struct fetch *f = fetch_new(&little, &name);
    uint8_t *at = calloc(1, FETCH_PART_BYTES);
    assert_non_null(at);
    struct msg_object_get ask;
    assert_true(fetch_ask(f, &ask));
    struct msg_object_part p = part_of(at, FETCH_PART_BYTES, 0);
    assert_int_equal(fetch_put(f, &p), RC_NOMEM);
    assert_false(fetch_is_whole(f));
    fetch_free(f);
    free(at);
    assert_int_equal(little.used_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes_at_the_edges), cmocka_unit_test(test_window),
        cmocka_unit_test(test_nothing_to_give),    cmocka_unit_test(test_lies),
        cmocka_unit_test(test_first_part_lies),    cmocka_unit_test(test_budget_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
