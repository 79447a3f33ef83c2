// SPDX-License-Identifier: MIT
// Liars: proven ones, kept by what they had to lose.
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/num.h"
#include "trust/trust_state.h"

enum rc trust_liars_init(struct trust *t, struct arena *arena)
{
    const uint32_t count = t->cfg.liars_max;
    struct liar *liar = arena_take_array(arena, count, sizeof *liar);
    t->liars = map_new(arena, NODE_ID_BYTES, count, rng_u64(&t->rng));
    if (liar == NULL || t->liars == NULL || heap_init(&t->liar_worth, arena, count) != RC_OK)
        return RC_NOMEM;
    list_init(&t->liar_age);
    list_init(&t->liar_spare);
    for (uint32_t i = 0; i < count; i++)
        list_push_back(&t->liar_spare, &liar[i].age);
    return RC_OK;
}

struct liar *trust_liar_find(const struct trust *t, const struct node_id *id)
{
    return map_get(t->liars, id->b);
}

// Standing that the proof took, in thousandths: a fresh key has none, and is no loss if forgotten.
static uint64_t stake_of(const struct node *n)
{
    if (n == NULL)
        return 0;
    return 1 + (uint64_t)fmin(1000 * (score_count(&n->score) + 10 * n->share), 1e9);
}

static void drop(struct trust *t, struct liar *l)
{
    const void *was = map_del(t->liars, l->id.b);
    assert(was == l && t->stat.liars > 0);
    heap_del(&t->liar_worth, &l->worth);
    list_del(&l->age);
    list_push_back(&t->liar_spare, &l->age);
    t->stat.liars--;
    trust_keep_forget_liar(t, &l->id);
}

// Who vouched for it loses with it, and what it vouched for is void.
static void punish_round(struct trust *t, const struct node_id *id)
{
    struct node *n = trust_node_find(t, id);
    if (n != NULL && n->is_vouched) {
        struct node *by = trust_node_find(t, &n->voucher_id);
        if (by != NULL) {
            score_blame(&by->score, t->now_s);
            by->is_dirty = true;
            trust_node_isolate_if_bad(t, by);
            trust_node_weigh(t, by);
        }
        trust_node_unvouch(t, n);
        n->is_dirty = true;
    }
    for (uint32_t i = 0; i < t->cfg.nodes_max; i++) {
        struct node *other = &t->node[i];
        if (other->worth.index == 0 || !other->is_vouched || !node_id_equal(&other->voucher_id, id))
            continue;
        trust_node_unvouch(t, other);
        other->is_dirty = true;
    }
    if (n != NULL) {
        score_wrong(&n->score, SCORE_PROVEN, t->now_s);
        n->is_dirty = true;
        trust_node_cut(t, n);
        trust_node_weigh(t, n);
    }
}

enum rc trust_liar_put(struct trust *t, const struct node_id *id, struct bytes proof,
                       uint64_t end_s)
{
    assert(proof.len <= FAULT_BYTES_MAX && trust_liar_find(t, id) == NULL);
    const uint64_t stake = stake_of(trust_node_find(t, id));
    punish_round(t, id);
    if (list_is_empty(&t->liar_spare)) {
        struct liar *least = CONTAINER_OF(heap_first(&t->liar_worth), struct liar, worth);
        if (least->worth.key > stake)
            return RC_FULL;
        drop(t, least);
        t->stat.forgotten_liars++;
    }
    struct liar *l = CONTAINER_OF(t->liar_spare.next, struct liar, age);
    list_del(&l->age);
    *l = (struct liar){
        .id = *id, .end_s = end_s, .seq = ++t->seq, .is_dirty = true, .len = (uint16_t)proof.len};
    memcpy(l->proof, proof.at, proof.len);
    list_push_back(&t->liar_age, &l->age);
    const enum rc rc = map_put(t->liars, l->id.b, l);
    const enum rc rc_heap = heap_put(&t->liar_worth, &l->worth, stake);
    assert(rc == RC_OK && rc_heap == RC_OK); // both as large as liars_max
    t->stat.liars++;
    assert(t->stat.liars <= t->cfg.liars_max);
    return RC_OK;
}

void trust_liar_forgive(struct trust *t)
{
    LIST_FOR_SAFE (at, &t->liar_age) {
        struct liar *l = CONTAINER_OF(at, struct liar, age);
        if (l->end_s > t->now_s)
            continue;
        struct node *n = trust_node_find(t, &l->id);
        if (n != NULL)
            trust_node_forgive(t, n);
        drop(t, l);
    }
}
