// SPDX-License-Identifier: MIT
// What those we trust say of strangers, reckoned anew out of all edges (trust/prior).
#include <assert.h>

#include "base/num.h"
#include "trust/trust_state.h"

#define CENTI 100.0f

static size_t flatten(struct trust *t, struct list *from, size_t count)
{
    LIST_FOR_SAFE (at, from) {
        struct edge *e = CONTAINER_OF(at, struct edge, age);
        if (time_since(e->time_s, t->now_s) >= TRUST_LIFE_S) {
            trust_edge_drop(t, e);
            continue;
        }
        assert(count < t->cfg.edges_max);
        t->flat[count++] = (struct prior_edge){.from = e->from->index,
                                               .to = e->to->index,
                                               .good = (float)e->good_centi / CENTI,
                                               .bad = (float)e->bad_centi / CENTI};
    }
    return count;
}

// Into the list where they belong now, the order of age kept within each.
static void sort_out(struct trust *t, struct list *from)
{
    LIST_FOR_SAFE (at, from) {
        struct edge *e = CONTAINER_OF(at, struct edge, age);
        struct list *home = trust_edge_home(t, e);
        if (home == from)
            continue;
        list_del(&e->age);
        list_push_back(home, &e->age);
    }
}

// The oldest of them stand first.
static bool has_outlived(const struct trust *t, const struct list *words)
{
    return !list_is_empty(words) && time_since(CONTAINER_OF(words->next, struct edge, age)->time_s,
                                               t->now_s) >= TRUST_LIFE_S;
}

bool trust_reckon_is_due(const struct trust *t)
{
    return t->is_stale || has_outlived(t, &t->strong) || has_outlived(t, &t->weak);
}

void trust_reckon(struct trust *t)
{
    for (uint32_t i = 0; i < t->cfg.nodes_max; i++) {
        const struct node *n = &t->node[i];
        const bool is_good = n->worth.index > 0 && trust_node_is_seed(n) && !n->was_isolated;
        t->is_seed[i] = is_good && trust_liar_find(t, &n->id) == NULL;
    }
    t->prior.edges = flatten(t, &t->strong, 0);
    t->prior.edges = flatten(t, &t->weak, t->prior.edges);
    assert(t->prior.edges == t->stat.edges);
    t->turns = prior_run(&t->prior);
    for (uint32_t i = 0; i < t->cfg.nodes_max; i++) {
        struct node *n = &t->node[i];
        n->trust = t->prior.trust[i];
        n->share = t->prior.share[i];
        if (n->worth.index > 0)
            trust_node_weigh(t, n);
    }
    sort_out(t, &t->strong);
    sort_out(t, &t->weak);
    t->is_stale = false;
}
