// SPDX-License-Identifier: MIT
// Any hub: a gamer takes a frame only if all of it is there, tells its owner once, and gives back.
//
// Input: operations of one byte and their arguments; see step().
#include "compute/player_test.h"
#include "compute/sample_test.h"

#define STEPS_MAX  512u
#define FUZZ_BYTES ((size_t)4 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz {
    struct player p;
    struct cursor in;
    uint64_t jobs; // begun so far
    uint64_t last; // the number of the last one; they follow each other
};

static void submit(struct fuzz *f)
{
    struct msg_submit m = player_frame();
    uint64_t job = 0;
    enum rc rc = gamer_submit(f->p.gamer, &m, &job);
    assert(rc == RC_OK || rc == RC_FULL || rc == RC_NOMEM);
    if (rc == RC_OK)
        f->last = job;
    f->jobs += rc == RC_OK;
    player_drain(&f->p);
}

static void run(struct fuzz *f, uint8_t how)
{
    static const char text[] = "params of a run";
    struct msg_run m = {.spec = {.kernel = "echo", .params = bytes_of(text, how % sizeof text)}};
    uint64_t job = 0;
    enum rc rc = gamer_run(f->p.gamer, &m, &job);
    assert(rc == RC_OK || rc == RC_FULL || rc == RC_NOMEM);
    if (rc == RC_OK)
        f->last = job;
    f->jobs += rc == RC_OK;
    player_drain(&f->p);
}

static void steer(struct fuzz *f, uint8_t how)
{
    struct session_input m = {.for_us = 1u + how, .turn = {1, 0}};
    enum rc rc = gamer_steer(f->p.gamer, &m);
    assert(rc == RC_OK || rc == RC_CLOSED);
    player_drain(&f->p);
}

static void tile(struct fuzz *f, uint64_t job)
{
    struct rect r = {cursor_u8(&f->in) % 9u, cursor_u8(&f->in) % 7u, 1, 1};
    uint8_t size = cursor_u8(&f->in);
    r.w = 1u + size % 8;
    r.h = 1u + size / 8 % 6;
    struct msg m = player_tile(job, r, size >> 6 & 1, 1u + (size >> 7));
    m.as.tile.index = size % 4;
    player_say(&f->p, &m);
}

static void say(struct fuzz *f, uint64_t job, uint8_t how)
{
    static const char result[] = "a result";
    struct msg m[6] = {
        {.type = MSG_DONE, .as.done = {.job = job}},
        {.type = MSG_FAILED, .as.failed = {.job = job, .rc = RC_IO, .text = "no"}},
        {.type = MSG_PLANNED,
         .as.planned = {.job = job,
                        .tiles = 1u + how / 64,
                        .helpers = 1,
                        .plan = how / 16,
                        .camera.fov_deg = 40}},
        {.type = MSG_OBJECT_GET, .as.object_get = {f->p.scene, how, 1u + how}},
        {.type = MSG_RAN,
         .as.ran = {.job = job, .attempts = 1, .result = bytes_of(result, how % sizeof result)}},
        {.type = MSG_PEERS, .as.peers = {how, how}}};
    player_say(&f->p, &m[how % 6]);
}

static void take(struct fuzz *f, uint64_t job)
{
    struct join *j = gamer_take(f->p.gamer, job);
    assert(j == NULL || join_is_whole(j));
    join_free(j);
}

static void sample(struct fuzz *f, uint8_t type)
{
    struct rng r = rng_seeded(cursor_u8(&f->in));
    struct msg m = sample_msg((enum msg_type)(1 + type % SAMPLE_TYPES), &r);
    player_say(&f->p, &m);
}

static void step(struct fuzz *f)
{
    uint8_t op = cursor_u8(&f->in);
    uint8_t how = cursor_u8(&f->in);
    uint64_t job = f->last - how % 10; // may be none
    if (op % 16 == 0)
        submit(f);
    else if (op % 16 == 1)
        run(f, how);
    else if (op % 16 == 2 && how > 250)
        steer(f, how);
    else if (op % 16 < 7)
        tile(f, job);
    else if (op % 16 < 10)
        say(f, job, op % 16 == 9 ? how : 0);
    else if (op % 16 == 10)
        take(f, job);
    else if (op % 16 == 11)
        player_hang_up(&f->p);
    else if (op % 16 == 12)
        player_connect(&f->p, how % 4);
    else if (op % 16 == 13)
        sample(f, how);
    else if (op % 16 == 14)
        f->p.budget.limit_bytes = how & 1 ? FUZZ_BYTES : f->p.budget.used_bytes + (size_t)how * 64;
    else
        player_raw(&f->p, cursor_take(&f->in, how));
    double progress = gamer_progress(f->p.gamer);
    assert(progress >= 0 && progress <= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz f = {.in = {.left = bytes_of(data, size)}};
    player_open(&f.p, FUZZ_BYTES);
    player_connect(&f.p, 2);
    for (uint32_t i = 0; i < STEPS_MAX && f.in.left.len > 0 && !f.in.is_bad; i++)
        step(&f);
    player_hang_up(&f.p);
    gamer_abandon(f.p.gamer, "the end");
    player_drain(&f.p);
    // Every frame and every run was told of exactly once.
    assert(f.p.events[GAMER_EVENT_FRAME] + f.p.events[GAMER_EVENT_RAN] +
               f.p.events[GAMER_EVENT_FAILED] ==
           f.jobs);
    player_close(&f.p);
    return 0;
}
