// SPDX-License-Identifier: MIT
// Intrusive doubly linked list: the node lives in what it links; nothing is allocated.
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

struct list { // both the head and a node; a node off any list points to itself
    struct list *next;
    struct list *prev;
};

static inline void list_init(struct list *l)
{
    l->next = l;
    l->prev = l;
}

static inline bool list_is_empty(const struct list *l)
{
    return l->next == l;
}

static inline void list_push_back(struct list *head, struct list *node)
{
    assert(head != node);
    assert(head->prev->next == head);
    node->prev = head->prev;
    node->next = head;
    head->prev->next = node;
    head->prev = node;
}

static inline void list_push_front(struct list *head, struct list *node)
{
    list_push_back(head->next, node);
}

// Off its list; harmless for a node that is off already.
static inline void list_del(struct list *node)
{
    assert(node->prev->next == node);
    assert(node->next->prev == node);
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

// NOLINTBEGIN(bugprone-macro-parentheses): `it` is declared here, and a name takes none
#define LIST_FOR(it, head) for (struct list *it = (head)->next; it != (head); it = it->next)

// As LIST_FOR, and `it` may be deleted on the way.
#define LIST_FOR_SAFE(it, head)                                                                    \
    for (struct list *it = (head)->next, *it##_next = it->next; it != (head);                      \
         it = it##_next, it##_next = it->next)
// NOLINTEND(bugprone-macro-parentheses)

#endif
