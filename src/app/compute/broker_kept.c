// SPDX-License-Identifier: MIT
// What the broker keeps for other jobs: results of a gamer's that it asked to be kept, pinned in
// the store, until newer ones or other objects need their room.
//
// What is kept is not written down: after a crash, who needs it is told that it is gone.
#include <assert.h>

#include "compute/broker_state.h"

#define GIVE_WAY_MAX 64u // kept results that one object may cost

static void kept_drop(struct broker *b, struct kept *k)
{
    assert(k->gamer->kept_count > 0);
    assert(k->gamer->kept_bytes >= k->bytes);
    store_unpin(b->store, &k->object);
    k->gamer->kept_bytes -= k->bytes;
    k->gamer->kept_count--;
    list_del(&k->node);
    (void)map_del(b->kept, &k->key);
    budget_give(b->budget, k);
}

static struct kept *kept_oldest(struct gamer *g)
{
    return CONTAINER_OF(g->kept.next, struct kept, node);
}

void kept_drop_all(struct broker *b, struct gamer *g)
{
    while (!list_is_empty(&g->kept))
        kept_drop(b, kept_oldest(g));
}

static void kept_add(struct gamer *g, struct kept *k)
{
    k->gamer = g;
    list_push_back(&g->kept, &k->node);
    g->kept_count++;
    g->kept_bytes += k->bytes;
}

void kept_move_all(struct gamer *from, struct gamer *to)
{
    while (!list_is_empty(&from->kept)) { // the next result that is kept brings it within bounds
        struct kept *k = kept_oldest(from);
        list_del(&k->node);
        kept_add(to, k);
    }
    from->kept_count = 0;
    from->kept_bytes = 0;
}

// Who keeps most loses its oldest. False: nobody keeps anything.
static bool give_way(struct broker *b)
{
    struct gamer *most = NULL;
    LIST_FOR (it, &b->gamers) {
        struct gamer *g = CONTAINER_OF(it, struct gamer, node);
        if (g->kept_count > 0 && (most == NULL || g->kept_bytes > most->kept_bytes))
            most = g;
    }
    if (most != NULL)
        kept_drop(b, kept_oldest(most));
    return most != NULL;
}

enum rc object_put(struct broker *b, const struct digest *wanted, struct bytes bytes,
                   struct digest *name)
{
    enum rc rc = RC_FULL;
    for (uint32_t i = 0; rc == RC_FULL && (i == 0 || give_way(b)) && i <= GIVE_WAY_MAX; i++)
        rc = wanted != NULL ? store_put(b->store, wanted, bytes) : store_add(b->store, bytes, name);
    return rc;
}

// Of this gamer; another result under the same number goes.
static void make_room(struct broker *b, struct gamer *g, const struct job_key *key, uint64_t bytes)
{
    struct kept *old = map_get(b->kept, key);
    if (old != NULL)
        kept_drop(b, old);
    while (g->kept_count >= BROKER_KEPT_MAX ||
           (g->kept_count > 0 && g->kept_bytes + bytes > BROKER_KEPT_BYTES_MAX))
        kept_drop(b, kept_oldest(g));
    if (map_count(b->kept) == b->tasks_max / BROKER_KEPT_PART)
        (void)give_way(b);
}

const struct kept *kept_put(struct broker *b, const struct job *j, struct bytes result)
{
    if (result.len > BROKER_KEPT_BYTES_MAX)
        return NULL;
    make_room(b, j->gamer, &j->key, result.len);
    struct kept *k = budget_take(b->budget, sizeof *k);
    if (k == NULL)
        return NULL;
    *k = (struct kept){.key = j->key, .bytes = result.len};
    if (object_put(b, NULL, result, &k->object) != RC_OK ||
        store_pin(b->store, &k->object) != RC_OK) {
        budget_give(b->budget, k);
        return NULL;
    }
    enum rc rc = map_put(b->kept, &k->key, k);
    assert(rc == RC_OK); // room was made
    (void)rc;
    kept_add(j->gamer, k);
    assert(j->gamer->kept_count <= BROKER_KEPT_MAX);
    return k;
}
