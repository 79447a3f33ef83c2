// SPDX-License-Identifier: MIT
// The only threads: libuv's, given jobs by copy.
#include "os/pool.h"

#include <assert.h>
#include <stdalign.h>
#include <string.h>
#include <sys/resource.h>

#include <uv.h>

#include "base/arena.h"
#include "base/list.h"

#define JOBS_MAX 65536

struct pool {
    struct loop *loop;
    struct arena *arena; // holds this struct
    struct budget blocks;
    struct list jobs; // under way
    size_t busy;
    size_t jobs_max;
    bool is_over;
};

struct job {
    struct list link;
    uv_work_t uv;
    struct pool *pool;
    void (*work)(void *block);
    void (*done)(void *self, void *block);
    void (*dropped)(void *block);
    void *self;
    alignas(max_align_t) uint8_t block[];
};

enum rc pool_new(struct pool **out, struct loop *l, size_t jobs_max)
{
    assert(jobs_max >= 1 && jobs_max <= JOBS_MAX);
    struct arena *arena = arena_new(sizeof(struct pool) + 4096);
    *out = arena != NULL ? arena_take(arena, sizeof **out) : NULL;
    if (*out == NULL) {
        arena_free(arena);
        return RC_NOMEM;
    }
    (*out)->arena = arena;
    (*out)->loop = l;
    (*out)->jobs_max = jobs_max;
    (*out)->blocks.limit_bytes = jobs_max * (POOL_BLOCK_BYTES_MAX + sizeof(struct job) + 64);
    list_init(&(*out)->jobs);
    return RC_OK;
}

// What is given to threads can wait, and the loop cannot: on a machine with few processors it
// would otherwise be kept waiting for milliseconds by work that was taken off it.
#define POOL_NICE 5

static void work_cb(uv_work_t *uv)
{
    (void)setpriority(PRIO_PROCESS, 0, POOL_NICE); // of this thread; if refused, it is as it was
    struct job *j = CONTAINER_OF(uv, struct job, uv);
    j->work(j->block);
}

static void done_cb(uv_work_t *uv, int status)
{
    struct job *j = CONTAINER_OF(uv, struct job, uv);
    struct pool *p = j->pool;
    assert(p->busy > 0);
    list_del(&j->link);
    p->busy--;
    if (!p->is_over && status == 0)
        j->done(j->self, j->block);
    else if (j->dropped != NULL)
        j->dropped(j->block);
    budget_give(&p->blocks, j);
    if (p->is_over && p->busy == 0)
        arena_free(p->arena);
}

enum rc pool_run(struct pool *p, const struct pool_job *job)
{
    assert(!p->is_over);
    assert(job->block_bytes <= POOL_BLOCK_BYTES_MAX);
    assert(job->work != NULL);
    assert(job->done != NULL);
    if (p->busy >= p->jobs_max)
        return RC_FULL;
    struct job *j = budget_take(&p->blocks, sizeof *j + job->block_bytes);
    if (j == NULL)
        return RC_NOMEM;
    *j = (struct job){.pool = p,
                      .work = job->work,
                      .done = job->done,
                      .dropped = job->dropped,
                      .self = job->self};
    if (job->block_bytes > 0)
        memcpy(j->block, job->block, job->block_bytes);
    const int failed = uv_queue_work(loop_uv(p->loop), &j->uv, work_cb, done_cb);
    assert(failed == 0); // only without a work function
    list_push_back(&p->jobs, &j->link);
    p->busy++;
    return RC_OK;
}

void pool_free(struct pool *p)
{
    if (p == NULL)
        return;
    p->is_over = true;
    if (p->busy == 0) {
        arena_free(p->arena);
        return;
    }
    LIST_FOR (it, &p->jobs)
        (void)uv_cancel((uv_req_t *)&CONTAINER_OF(it, struct job, link)->uv); // or it runs on
}
