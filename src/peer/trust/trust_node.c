// SPDX-License-Identifier: MIT
// Nodes, what they say of one another, and who leaves when there is no room.
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/num.h"
#include "trust/trust_state.h"

#define SEEN_LEVELS 65535.0 // of evidence, in a node's worth

struct edge_key {
    uint32_t from;
    uint32_t to;
};

static struct node *node_of(struct heap_node *n)
{
    return CONTAINER_OF(n, struct node, worth);
}

enum rc trust_nodes_init(struct trust *t, struct arena *arena)
{
    const uint32_t nodes = t->cfg.nodes_max;
    const uint32_t edges = t->cfg.edges_max;
    t->node = arena_take_array(arena, nodes, sizeof *t->node);
    struct edge *edge = arena_take_array(arena, edges, sizeof *edge);
    t->nodes = map_new(arena, NODE_ID_BYTES, nodes, rng_u64(&t->rng));
    t->edges = map_new(arena, sizeof(struct edge_key), edges, rng_u64(&t->rng));
    t->flat = arena_take_array(arena, edges, sizeof *t->flat);
    t->is_seed = arena_take_array(arena, nodes, 1);
    double *number = arena_take_array(arena, nodes, 4 * sizeof *number);
    if (t->node == NULL || edge == NULL || t->nodes == NULL || t->edges == NULL ||
        t->flat == NULL || t->is_seed == NULL || number == NULL ||
        heap_init(&t->worth, arena, nodes) != RC_OK)
        return RC_NOMEM;
    t->prior = (struct prior){.edge = t->flat,
                              .is_seed = t->is_seed,
                              .nodes = nodes,
                              .trust = number,
                              .share = number + nodes,
                              .row = number + 2 * (size_t)nodes,
                              .next = number + 3 * (size_t)nodes};
    list_init(&t->unused);
    list_init(&t->strong);
    list_init(&t->weak);
    list_init(&t->spare);
    for (uint32_t i = 0; i < nodes; i++)
        list_push_back(&t->unused, &t->node[i].place);
    for (uint32_t i = 0; i < edges; i++)
        list_push_back(&t->spare, &edge[i].age);
    return RC_OK;
}

struct node *trust_node_find(const struct trust *t, const struct node_id *id)
{
    return map_get(t->nodes, id->b);
}

// ---- Worth: class, then how much was seen, then how lately

static enum node_class class_of(const struct node *n)
{
    if (n->is_chosen)
        return NODE_CHOSEN;
    if (n->score.seen_s > 0)
        return NODE_SEEN;
    return n->is_vouched || n->share > 0 ? NODE_NAMED : NODE_TOLD;
}

static uint64_t worth_of(const struct node *n)
{
    const uint64_t seen = (uint64_t)fmin(score_count(&n->score) * 64, SEEN_LEVELS);
    assert(score_count(&n->score) >= 0);
    const uint64_t late_s = num_min(n->score.seen_s, (UINT64_C(1) << 40) - 1);
    return (uint64_t)class_of(n) << 56 | seen << 40 | late_s;
}

void trust_node_weigh(struct trust *t, struct node *n)
{
    heap_move(&t->worth, &n->worth, worth_of(n));
}

// ---- Edges

void trust_edge_drop(struct trust *t, struct edge *e)
{
    const struct edge_key key = {.from = e->from->index, .to = e->to->index};
    const void *was = map_del(t->edges, &key);
    assert(was == e);
    trust_paper_drop(&t->others, &e->paper);
    list_del(&e->out);
    list_del(&e->in);
    list_del(&e->age);
    list_push_back(&t->spare, &e->age);
    assert(e->from->row > 0 && t->stat.edges > 0);
    e->from->row--;
    e->from->is_row_dirty = true;
    t->stat.edges--;
    t->is_stale = true;
}

void trust_node_cut(struct trust *t, struct node *n)
{
    LIST_FOR_SAFE (at, &n->out)
        trust_edge_drop(t, CONTAINER_OF(at, struct edge, out));
    LIST_FOR_SAFE (at, &n->in)
        trust_edge_drop(t, CONTAINER_OF(at, struct edge, in));
}

struct list *trust_edge_home(struct trust *t, const struct edge *e)
{
    return e->from->trust > 0 || trust_node_is_seed(e->from) ? &t->strong : &t->weak;
}

// A free one: spare, else the oldest of whom we do not trust, else the oldest. If it is to be
// between strangers, it takes no trusted one's.
static struct edge *edge_room(struct trust *t, struct node *from)
{
    if (from->row >= TRUST_ROW_MAX)
        trust_edge_drop(t, CONTAINER_OF(from->out.next, struct edge, out));
    else if (list_is_empty(&t->spare) && !list_is_empty(&t->weak))
        trust_edge_drop(t, CONTAINER_OF(t->weak.next, struct edge, age));
    else if (list_is_empty(&t->spare) && (from->trust > 0 || trust_node_is_seed(from)))
        trust_edge_drop(t, CONTAINER_OF(t->strong.next, struct edge, age));
    return list_is_empty(&t->spare) ? NULL : CONTAINER_OF(t->spare.next, struct edge, age);
}

static struct edge *edge_make(struct trust *t, struct node *from, struct node *to)
{
    const struct edge_key key = {.from = from->index, .to = to->index};
    struct edge *e = map_get(t->edges, &key);
    if (e != NULL)
        return e;
    e = edge_room(t, from);
    if (e == NULL)
        return NULL;
    assert(from != to && from->row < TRUST_ROW_MAX);
    const enum rc rc = map_put(t->edges, &key, e);
    assert(rc == RC_OK); // as large as edges_max
    list_del(&e->age);
    *e = (struct edge){.from = from, .to = to};
    list_init(&e->age);
    list_push_back(&from->out, &e->out);
    list_push_back(&to->in, &e->in);
    from->row++;
    t->stat.edges++;
    return e;
}

enum rc trust_edge_put(struct trust *t, const struct account *a, struct bytes record)
{
    struct node *from = trust_node_make(t, &a->by, NODE_TOLD);
    struct node *to = from != NULL ? trust_node_make(t, &a->of, NODE_TOLD) : NULL;
    from = to != NULL ? trust_node_find(t, &a->by) : NULL; // making the one may have cost the other
    struct edge *e = from != NULL ? edge_make(t, from, to) : NULL;
    if (e == NULL)
        return RC_FULL;
    assert(e->from == from && e->to == to);
    if (e->counter >= a->counter)
        return RC_OK; // an old one
    e->counter = a->counter;
    e->time_s = a->time_s;
    e->good_centi = a->good_centi;
    e->bad_centi = a->bad_centi;
    trust_paper_drop(&t->others, &e->paper);
    if (record.len > 0)
        trust_paper_put(&t->others, &e->paper, record, 0);
    list_del(&e->age);
    list_push_back(trust_edge_home(t, e), &e->age);
    list_del(&e->out);
    list_push_back(&from->out, &e->out);
    from->is_row_dirty = true;
    t->is_stale = true;
    return RC_OK;
}

const struct paper *trust_edge_with_counter(const struct trust *t, const struct node_id *by,
                                            uint64_t counter)
{
    const struct node *from = trust_node_find(t, by);
    if (from == NULL)
        return NULL;
    LIST_FOR (at, &from->out) {
        const struct edge *e = CONTAINER_OF(at, struct edge, out);
        if (e->counter == counter && e->paper != NULL)
            return e->paper;
    }
    return from->held != NULL && from->held_counter == counter ? from->held : NULL;
}

// ---- Nodes

void trust_node_unvouch(struct trust *t, struct node *n)
{
    n->is_vouched = false;
    n->voucher_id = (struct node_id){{0}};
    trust_paper_drop(&t->own, &n->vouched);
    trust_node_weigh(t, n);
}

void trust_node_forgive(struct trust *t, struct node *n)
{
    n->score = (struct score){.seen_s = n->score.seen_s};
    n->was_isolated = false;
    n->is_dirty = true;
    trust_node_weigh(t, n);
}

void trust_node_isolate_if_bad(struct trust *t, struct node *n)
{
    if (n->was_isolated || n->is_chosen || trust_node_score(t, n) >= SCORE_ISOLATED)
        return;
    n->was_isolated = true;
    n->isolated_s = num_max(t->now_s, 1);
    n->is_dirty = true;
}

static void node_forget(struct trust *t, struct node *n)
{
    trust_node_cut(t, n);
    trust_paper_drop(&t->own, &n->given);
    trust_paper_drop(&t->own, &n->held);
    trust_paper_drop(&t->own, &n->vouched);
    assert(n->row == 0 && list_is_empty(&n->in));
    const void *was = map_del(t->nodes, n->id.b);
    assert(was == n);
    heap_del(&t->worth, &n->worth);
    list_push_front(&t->unused, &n->place);
    t->stat.forgotten++;
    trust_keep_forget_node(t, n);
}

struct node *trust_node_make(struct trust *t, const struct node_id *id, enum node_class class)
{
    struct node *n = trust_node_find(t, id);
    if (n != NULL)
        return n;
    if (list_is_empty(&t->unused)) {
        n = node_of(heap_first(&t->worth));
        if (class_of(n) > class || class_of(n) == NODE_CHOSEN)
            return NULL;
        node_forget(t, n);
    }
    n = CONTAINER_OF(t->unused.next, struct node, place);
    list_del(&n->place);
    *n = (struct node){.id = *id, .index = (uint32_t)(n - t->node)};
    list_init(&n->place);
    list_init(&n->out);
    list_init(&n->in);
    const enum rc rc = map_put(t->nodes, n->id.b, n);
    const enum rc rc_heap = heap_put(&t->worth, &n->worth, worth_of(n));
    assert(rc == RC_OK && rc_heap == RC_OK); // both as large as nodes_max
    return n;
}

bool trust_node_is_seed(const struct node *n)
{
    return n->is_chosen || n->score.good >= TRUST_SEED_GOOD;
}

double trust_node_score(const struct trust *t, const struct node *n)
{
    if (t->turns == 0)
        return score_mix(&n->score, SCORE_NEWCOMER);
    const double prior = score_prior(n->is_chosen ? 1 : n->share);
    return score_mix(&n->score, n->is_vouched ? fmax(prior, SCORE_NEWCOMER) : prior);
}
