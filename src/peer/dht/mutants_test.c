// SPDX-License-Identifier: MIT
// A million mutated packets: none is misread, and what is taken can be answered and written again.
#include "dht/mutants_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/seed_test.h"
#include "dht/krpc.h"

#define MUTANTS 1000000u // MUTANTS=n in the environment: another number

struct tally {
    uint64_t taken, refused, dropped;
};

// All that a list claims to hold is in it.
static void walk(const struct krpc *m)
{
    struct bytes list = m->values;
    struct bytes item;
    struct krpc_node node;
    while (krpc_string_next(&list, &item))
        assert_true(item.at >= m->values.at && item.len <= m->values.len);
    list = m->records;
    while (krpc_string_next(&list, &item))
        assert_true(item.at >= m->records.at && item.len <= m->records.len);
    list = m->nodes;
    for (size_t left = list.len; krpc_node_next(&list, false, &node); left = list.len)
        assert_true(left - list.len == KRPC_NODE4_BYTES);
    list = m->nodes6;
    while (krpc_node_next(&list, true, &node))
        assert_true(list.len < m->nodes6.len);
    assert_true(list.len == 0);
}

static void feed(void *self, struct bytes packet)
{
    struct tally *t = self;
    struct krpc m;
    struct krpc again;
    uint8_t room[2 * MUTANT_BYTES_MAX];
    struct buffer b = buffer_of(room, sizeof room);
    switch (krpc_decode(&m, packet)) {
    case RC_OK:
        t->taken++;
        walk(&m);
        krpc_encode(&b, &m);
        assert_false(b.is_full);
        assert_int_equal(krpc_decode(&again, buffer_bytes(&b)), RC_OK);
        assert_true(again.kind == m.kind && again.method == m.method && again.code == m.code);
        break;
    case RC_REFUSED:
        t->refused++;
        krpc_error(&b, &m, m.code);
        assert_true(!b.is_full && krpc_decode(&again, buffer_bytes(&b)) == RC_OK);
        assert_true(again.kind == KRPC_ERROR && again.code == m.code);
        assert_true(bytes_equal(again.transaction, m.transaction));
        break;
    default:
        t->dropped++;
        break;
    }
}

static void a_million_mutants(void **state)
{
    (void)state;
    const char *given = getenv("MUTANTS");
    const size_t count = given != NULL ? strtoul(given, NULL, 10) : MUTANTS;
    struct tally t = {0};
    mutants_feed(test_seed(), count, feed, &t);
    printf("%zu mutants: %llu taken, %llu refused, %llu dropped\n", count,
           (unsigned long long)t.taken, (unsigned long long)t.refused,
           (unsigned long long)t.dropped);
    assert_true(t.taken + t.refused + t.dropped == count);
    // The mutations reach all three outcomes, or they try too little.
    assert_true(t.taken > count / 100 && t.refused > count / 100 && t.dropped > count / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_million_mutants)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
