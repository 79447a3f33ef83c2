// SPDX-License-Identifier: MIT
// The only threads: jobs in, results out, by copy.
//
// A job is a function and a block of bytes. The block is copied in; `work` runs on another
// thread and may change the block and nothing else (what the block points to must be left
// alone by the loop until `done`); `done` runs on the loop and sees the changed block.
#ifndef OS_POOL_H
#define OS_POOL_H

#include <stddef.h>

#include "base/attr.h"
#include "base/rc.h"
#include "os/loop.h"

struct pool;

#define POOL_BLOCK_BYTES_MAX 65536

struct pool_job {
    void (*work)(void *block);             // on a thread of the pool
    void (*done)(void *self, void *block); // on the loop; block dies when it returns
    // Instead of done, on the loop, for a job that pool_free came upon: the place to give back
    // what the block points to. NULL: nothing.
    void (*dropped)(void *block);
    void *self;         // for done; never seen by the thread
    const void *block;  // copied before pool_run returns
    size_t block_bytes; // 0 .. POOL_BLOCK_BYTES_MAX
};

// At most jobs_max (1 .. 2^16) jobs wait or run at a time. The threads are libuv's (four, or
// UV_THREADPOOL_SIZE). RC_NOMEM: *out is NULL.
MUST_USE enum rc pool_new(struct pool **out, struct loop *l, size_t jobs_max);
// Jobs end in the order in which the threads finish them. RC_FULL: jobs_max are under way;
// RC_NOMEM.
MUST_USE enum rc pool_run(struct pool *p, const struct pool_job *job);
// Jobs not yet begun are dropped, begun ones run to their end; no `done` comes any more, but
// `dropped`, once the thread has left the block alone: in loop_free at the latest.
// NULL is fine. Before loop_free.
void pool_free(struct pool *p);

#endif
