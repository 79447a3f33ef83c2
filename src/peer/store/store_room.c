// SPDX-License-Identifier: MIT
// Store: room for what comes. What may go is looked for among a few taken at random.
//
// Names are hashes, so neighbours in their order have nothing in common: a run of LOOK rows from a
// random place is a sample. Its best few are kept for the next rounds. The one that goes is thus
// among the worst hundredth or so of all, and no order of all is kept anywhere.
#include "store/store_state.h"

#include <assert.h>

#include "base/num.h"
#include "store/evict.h"

#define LOOK     64u
#define LOOK_MAX 65536u // where nearly all is pinned

bool store_is_over(const struct store *s, uint64_t size_bytes, uint64_t objects)
{
    return s->meta.objects + objects > s->cfg.objects_max ||
           s->meta.bytes + size_bytes > s->cfg.bytes_max;
}

static uint64_t score_of(const struct store *s, const struct digest *name,
                         const struct row_entry *e)
{
    return evict_score(&(struct evict_entry){.idle = store_idle(s, name, e),
                                             .size_bytes = e->size_bytes,
                                             .copies = e->copies,
                                             .is_pinned = store_is_pinned(s, name, e)});
}

// Keeps the best, in order.
static void offer(struct store *s, const struct digest *name, uint64_t score)
{
    size_t at = s->candidate_count;
    while (at > 0 && s->candidate[at - 1].score < score)
        at--;
    if (score == 0 || at == STORE_CANDIDATES_MAX)
        return;
    if (s->candidate_count < STORE_CANDIDATES_MAX)
        s->candidate_count++;
    for (size_t i = s->candidate_count - 1; i > at; i--)
        s->candidate[i] = s->candidate[i - 1];
    s->candidate[at] = (struct store_candidate){.name = *name, .score = score};
    assert(s->candidate_count <= STORE_CANDIDATES_MAX);
    assert(at == 0 || s->candidate[at - 1].score >= score);
}

static struct store_place random_place(struct store *s)
{
    struct digest name = {{0}};
    struct buffer b = buffer_of(name.b, 8);
    buffer_u64(&b, rng_u64(&s->rng));
    const struct row_key k = row_key(ROW_ENTRY, &name);
    return store_place_at(row_key_bytes(&k));
}

// To the next entry; after the last one comes the first.
static enum rc step_round(const struct store *s, struct store_place *p, struct digest *name,
                          bool *has_wrapped)
{
    uint64_t size_bytes = 0;
    const enum rc rc = store_step_name(&s->cfg.kv, p, ROW_ENTRY, name, &size_bytes);
    if (rc != RC_ABSENT || *has_wrapped)
        return rc;
    *has_wrapped = true;
    *p = store_place_before(ROW_ENTRY);
    return store_step_name(&s->cfg.kv, p, ROW_ENTRY, name, &size_bytes);
}

static enum rc look(struct store *s)
{
    struct store_place p = random_place(s);
    bool has_wrapped = false;
    struct digest name;
    struct digest first;
    for (uint32_t seen = 0; seen < LOOK_MAX; seen++) {
        if (seen >= LOOK && s->candidate_count > 0)
            return RC_OK;
        enum rc rc = step_round(s, &p, &name, &has_wrapped);
        if (rc == RC_ABSENT || (seen > 0 && rc == RC_OK && digest_equal(&name, &first)))
            break; // all round
        struct row_entry e = {0};
        if (rc == RC_OK)
            rc = store_entry(s, &name, &e);
        if (rc != RC_OK)
            return store_spoil(s, rc);
        if (seen == 0)
            first = name;
        offer(s, &name, score_of(s, &name, &e));
    }
    return s->candidate_count > 0 ? RC_OK : RC_FULL;
}

// The best candidate that is still what it was. RC_ABSENT: none is left.
static enum rc pop(struct store *s, struct digest *name, struct row_entry *e)
{
    while (s->candidate_count > 0) {
        const struct store_candidate best = s->candidate[0];
        s->candidate_count--;
        for (size_t i = 0; i < s->candidate_count; i++)
            s->candidate[i] = s->candidate[i + 1];
        const enum rc rc = store_entry(s, &best.name, e);
        if (rc != RC_OK && rc != RC_ABSENT)
            return store_spoil(s, rc);
        *name = best.name;
        if (rc == RC_OK && score_of(s, name, e) >= best.score)
            return RC_OK; // not used since
    }
    return RC_ABSENT;
}

// RC_FULL: all is pinned.
static enum rc choose(struct store *s, struct digest *name, struct row_entry *e)
{
    enum rc rc = pop(s, name, e);
    if (rc != RC_ABSENT)
        return rc;
    rc = look(s);
    return rc == RC_OK ? pop(s, name, e) : rc; // fresh ones are what they were
}

enum rc store_evict(struct store *s)
{
    assert(s->is_begun);
    struct digest name;
    struct row_entry e;
    enum rc rc = choose(s, &name, &e);
    if (rc == RC_OK)
        rc = store_drop(s, &name, &e);
    if (rc == RC_OK)
        s->evicted++;
    return rc;
}

enum rc store_make_room(struct store *s, uint64_t size_bytes)
{
    assert(size_bytes <= s->cfg.bytes_max);
    enum rc rc = RC_OK;
    while (rc == RC_OK && store_is_over(s, size_bytes, 1))
        rc = store_evict(s);
    return rc;
}
