// SPDX-License-Identifier: MIT
// Addresses of hosts that have names, asked for on the loop.
#include "os/names.h"

#include <assert.h>
#include <netdb.h>
#include <stdbool.h>
#include <string.h>

#include <uv.h>

#include "base/arena.h"
#include "os/addr.h"
#include "os/loop.h"

struct question {
    uv_getaddrinfo_t req;
    struct names *names;
    char host[NAMES_HOST_BYTES_MAX];
    uint16_t port;
    bool is_asked;
};

struct names {
    struct names_handlers handlers;
    struct loop *loop;
    struct arena *arena; // holds this struct
    bool is_freed;
    unsigned asked;
    struct question question[NAMES_MAX];
};

enum rc names_new(struct names **out, struct loop *loop, const struct names_handlers *h)
{
    *out = NULL;
    struct arena *arena = arena_new(sizeof(struct names) + 4096);
    struct names *n = arena != NULL ? arena_take(arena, sizeof *n) : NULL;
    if (n == NULL) {
        arena_free(arena);
        return RC_NOMEM;
    }
    n->handlers = *h;
    n->loop = loop;
    n->arena = arena;
    *out = n;
    return RC_OK;
}

void names_free(struct names *n)
{
    if (n == NULL)
        return;
    n->is_freed = true;
    for (unsigned i = 0; i < NAMES_MAX; i++)
        if (n->question[i].is_asked)
            (void)uv_cancel((uv_req_t *)&n->question[i].req); // if it runs, its end is awaited
    if (n->asked == 0)
        arena_free(n->arena);
}

static void tell(const struct question *q, const struct addrinfo *found)
{
    const struct names_handlers *h = &q->names->handlers;
    for (; found != NULL && !q->names->is_freed; found = found->ai_next) {
        struct net_addr addr;
        if (!addr_of(&addr, found->ai_addr))
            continue;
        addr.port = q->port;
        h->on_address(h->self, q->host, &addr);
    }
}

enum rc names_failure(int status, const char **why)
{
    assert(status != 0);
    const bool is_absent = status == UV_EAI_NONAME || status == UV_EAI_NODATA;
    *why = is_absent ? "no such name" : uv_strerror(status);
    return is_absent ? RC_ABSENT : RC_IO;
}

static void answered_cb(uv_getaddrinfo_t *req, int status, struct addrinfo *found)
{
    struct question *q = req->data;
    struct names *n = q->names;
    if (status == 0) {
        tell(q, found);
    } else if (!n->is_freed) {
        const char *why;
        (void)names_failure(status, &why); // the words are all that is told
        n->handlers.on_failed(n->handlers.self, q->host, why);
    }
    uv_freeaddrinfo(found);
    q->is_asked = false;
    n->asked--;
    if (n->is_freed && n->asked == 0)
        arena_free(n->arena);
}

enum rc names_ask(struct names *n, const char *host, uint16_t port)
{
    struct question *q = n->question;
    while (q < n->question + NAMES_MAX && q->is_asked)
        q++;
    if (q == n->question + NAMES_MAX)
        return RC_FULL;
    if (strlen(host) >= sizeof q->host)
        return RC_CONFIG;
    *q = (struct question){.names = n, .port = port};
    memcpy(q->host, host, strlen(host) + 1);
    q->req.data = q;
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM};
    if (uv_getaddrinfo(loop_uv(n->loop), &q->req, answered_cb, q->host, NULL, &hints) != 0)
        return RC_IO;
    q->is_asked = true;
    n->asked++;
    return RC_OK;
}
