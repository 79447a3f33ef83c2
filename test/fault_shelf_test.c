// SPDX-License-Identifier: MIT
// Proofs of fault where strangers look for them: the shelf of a DHT node, judged by trust/fault.
#include "dht/shelf.h"
#include "trust/fault.h"
#include "trust/people_test.h"

#define NOW_US UINT64_C(1000000)

struct shelf_rig {
    struct id liar, honest;
    struct arena *arena;
    struct shelf *shelf;
};

static int setup(void **state)
{
    static struct shelf_rig r; // one test at a time
    struct shelf_cfg cfg = shelf_cfg_tiny();
    cfg.judge = (struct record_judge){fault_check, NULL};
    r.liar = people_id(1);
    r.honest = people_id(2);
    r.arena = arena_new(1 << 20);
    assert_non_null(r.arena);
    assert_int_equal(shelf_new(&r.shelf, r.arena, &cfg), RC_OK);
    *state = &r;
    return 0;
}

static int teardown(void **state)
{
    struct shelf_rig *r = *state;
    shelf_check(r->shelf);
    arena_free(r->arena);
    id_end(&r->liar);
    id_end(&r->honest);
    return 0;
}

// What the shelf answers to a record that accuses this node with this proof.
static enum krpc_code put(struct shelf_rig *r, const struct node_id *accused, struct bytes proof)
{
    uint8_t room[RECORD_BYTES_MAX];
    struct buffer b = buffer_of(room, sizeof room);
    record_encode_fault(&b, accused, proof);
    assert_false(b.is_full);
    const struct net_addr who = net_addr_ip4(0x08080808, 6881);
    return shelf_put_record(r->shelf, buffer_bytes(&b), &who, NOW_US, PEOPLE_NOW_S);
}

static size_t kept(struct shelf_rig *r, const struct node_id *accused)
{
    uint8_t room[KRPC_BYTES];
    struct buffer b = buffer_of(room, sizeof room);
    struct digest key;
    memcpy(key.b, accused->b, sizeof key.b);
    return shelf_records(r->shelf, &key, &b, NOW_US);
}

static void true_proofs_are_kept_and_no_others(void **state)
{
    struct shelf_rig *r = *state;
    uint8_t room[FAULT_BYTES_MAX];
    struct buffer proof = buffer_of(room, sizeof room);
    const struct people_record one = people_answer(&r->liar, ANSWER_RESULT, 1, 2);
    const struct people_record two = people_answer(&r->liar, ANSWER_RESULT, 1, 3);
    const struct seal_judge judge = seal_judge_real();
    assert_int_equal(fault_between(&proof, people_bytes(&one), people_bytes(&two), &judge), RC_OK);
    assert_int_equal(put(r, &r->honest.node, buffer_bytes(&proof)), KRPC_BAD_SIGNATURE);
    room[proof.len - 1] ^= 1;
    assert_int_equal(put(r, &r->liar.node, buffer_bytes(&proof)), KRPC_BAD_SIGNATURE);
    assert_int_equal(kept(r, &r->liar.node), 0);
    room[proof.len - 1] ^= 1;
    assert_int_equal(put(r, &r->liar.node, buffer_bytes(&proof)), KRPC_NO_ERROR);
    assert_int_equal(kept(r, &r->liar.node), 1);
    assert_int_equal(kept(r, &r->honest.node), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(true_proofs_are_kept_and_no_others, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
