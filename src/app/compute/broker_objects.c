// SPDX-License-Identifier: MIT
// The broker's objects: what jobs need comes in from their gamer, one object at a time; what is
// here goes to whoever asks.

#include <assert.h>

#include "compute/broker_state.h"

#define FAILED_MAX 64u // jobs that are looked at when an object cannot be had

// ---- In

static void ask_for_object(struct broker *b, struct gamer *g)
{
    assert(g->fetch != NULL);
    struct msg m = {.type = MSG_OBJECT_GET};
    while (fetch_ask(g->fetch, &m.as.object_get))
        gamer_tell(b, g, &m);
}

void job_fetch(struct job *j)
{
    assert(list_is_empty(&j->tasks)); // it begins when all is there
    j->state = JOB_FETCHING;
    if (list_is_empty(&j->fetching))
        list_push_back(&j->gamer->fetching, &j->fetching);
}

// What a job still waits for its gamer to give; NULL: it may have come from somebody else.
static const struct digest *wanted(struct broker *b, const struct job *j)
{
    if (j->kind == JOB_FRAME)
        return store_has(b->store, &j->spec.scene) ? NULL : &j->spec.scene;
    return pending_lacks_object(b, j->pending);
}

// Fetches for the first job that lacks an object, unless a fetch is going on already. Those before
// it go on.
void job_want_objects(struct broker *b, struct gamer *g)
{
    while (g->fetch == NULL && g->conn != NULL && !list_is_empty(&g->fetching)) {
        struct job *j = CONTAINER_OF(g->fetching.next, struct job, fetching);
        const struct digest *object = wanted(b, j);
        if (object == NULL) {
            list_del(&j->fetching);
            job_has_news(b, j);
            continue;
        }
        g->fetch = fetch_new(b->budget, object);
        if (g->fetch != NULL)
            ask_for_object(b, g);
        else
            job_fail(b, j, RC_NOMEM, "the hub is out of memory for this job's objects");
    }
}

// The object that was fetched will never be: the first jobs that lack it fail. Others, of very
// many, ask for it once more.
static void object_failed(struct broker *b, struct gamer *g, enum rc rc, const char *text)
{
    assert(g->fetch != NULL && rc != RC_OK);
    const struct digest object = *fetch_digest(g->fetch);
    uint32_t looked = 0;
    fetch_free(g->fetch);
    g->fetch = NULL;
    LIST_FOR_SAFE (it, &g->fetching) { // a job's end ends no other at once
        struct job *j = CONTAINER_OF(it, struct job, fetching);
        const struct digest *lacking = looked++ < FAILED_MAX ? wanted(b, j) : NULL;
        if (looked > FAILED_MAX)
            break;
        if (lacking != NULL && digest_equal(lacking, &object))
            job_fail(b, j, rc, text);
    }
    job_want_objects(b, g);
}

static void object_whole(struct broker *b, struct gamer *g)
{
    enum rc rc = object_put(b, fetch_digest(g->fetch), fetch_bytes(g->fetch), NULL);
    if (rc != RC_OK) {
        object_failed(b, g, rc,
                      rc == RC_MALFORMED ? "the object's bytes do not have the hash they go by"
                                         : "the hub cannot store the object");
        return;
    }
    fetch_free(g->fetch);
    g->fetch = NULL;
    job_want_objects(b, g);
}

void job_object_part(struct broker *b, struct gamer *g, const struct msg_object_part *m)
{
    if (g->fetch == NULL || !digest_equal(fetch_digest(g->fetch), &m->digest))
        return; // of a job that was withdrawn
    enum rc rc = fetch_put(g->fetch, m);
    if (rc == RC_MALFORMED) {
        conn_refuse(b, g->conn, rc, "a part of an object that was not asked for");
    } else if (rc != RC_OK) {
        object_failed(b, g, rc, "the object is too large for this hub");
    } else if (!fetch_is_whole(g->fetch)) {
        ask_for_object(b, g);
    } else {
        object_whole(b, g);
    }
}

void job_object_none(struct broker *b, struct gamer *g, const struct digest *digest)
{
    if (g->fetch != NULL && digest_equal(fetch_digest(g->fetch), digest))
        object_failed(b, g, RC_ABSENT, "the gamer does not have an object that it named");
}

// ---- Out

void object_give(struct broker *b, const struct conn *c, const struct msg_object_get *get)
{
    struct bytes object = bytes_of(NULL, 0);
    const bool is_here = store_get(b->store, &get->digest, &object) == RC_OK;
    const struct msg m = fetch_answer(get, object);
    broker_tell(b, c->id, &m);
    if (is_here)
        store_release(b->store);
}
