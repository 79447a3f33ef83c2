// SPDX-License-Identifier: MIT
// Papers: records kept whole, the one written longest ago makes room for others.
#include <assert.h>
#include <string.h>

#include "trust/trust_state.h"

enum rc trust_papers_init(struct papers *p, struct arena *arena, uint32_t count)
{
    list_init(&p->used);
    list_init(&p->unused);
    struct paper *paper = arena_take_array(arena, count, sizeof *paper);
    if (paper == NULL)
        return RC_NOMEM;
    for (uint32_t i = 0; i < count; i++)
        list_push_back(&p->unused, &paper[i].node);
    return RC_OK;
}

static struct paper *first_of(const struct list *l)
{
    return CONTAINER_OF(l->next, struct paper, node);
}

void trust_paper_put(struct papers *p, struct paper **owner, struct bytes record, uint64_t seq)
{
    assert(record.len > 0 && record.len <= TRUST_PAPER_BYTES_MAX);
    assert(*owner == NULL || (*owner)->owner == owner);
    if (*owner == NULL) {
        if (list_is_empty(&p->unused)) {
            struct paper *oldest = first_of(&p->used);
            trust_paper_drop(p, oldest->owner);
        }
        *owner = first_of(&p->unused);
    }
    struct paper *paper = *owner;
    list_del(&paper->node);
    list_push_back(&p->used, &paper->node);
    paper->owner = owner;
    paper->seq = seq;
    paper->len = record.len;
    memcpy(paper->b, record.at, record.len);
}

void trust_paper_drop(struct papers *p, struct paper **owner)
{
    struct paper *paper = *owner;
    if (paper == NULL)
        return;
    *owner = NULL;
    paper->owner = NULL;
    list_del(&paper->node);
    list_push_back(&p->unused, &paper->node);
}

struct bytes trust_paper_bytes(const struct paper *paper)
{
    return paper != NULL ? bytes_of(paper->b, paper->len) : bytes_of(NULL, 0);
}
