// SPDX-License-Identifier: MIT
// Tests of the broker's graphs: inputs that are given, results that are kept, jobs that need them.
//
// Where the hub's own compute is the only worker, what it answers counts; where helpers are, real
// kernels run.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "compute/broker_state.h"
#include "compute/world_test.h"
#include "kernel/kit.h"
#include "kernel/pack/pack.h"
#include "scene/scene.h"
#include "scene/scenes.h"

#define SIDE  16u
#define LIGHT (SIDE * SIDE * TRACE_PIXEL_BYTES) // bytes of a result of trace
#define PARAM 512u

static struct bytes trace_params(uint8_t room[static PARAM], uint32_t side, uint32_t frame)
{
    struct trace_params p = {.frame = frame,
                             .width = side,
                             .height = side,
                             .w = side,
                             .h = side,
                             .sample_count = 1,
                             .depth_max = 2,
                             .cell = 8,
                             .camera = {.up = {0, 1, 0}, .fov_deg = 40}};
    struct buffer b = buffer_of(room, PARAM);
    hand_must(trace_params_encode(&p, &b));
    return buffer_bytes(&b);
}

static struct bytes pack_params(uint8_t room[static PARAM], size_t input_bytes)
{
    struct pack_params p = {
        .level = 1, .block_bytes = PACK_BLOCK_BYTES_MIN, .input_bytes = (uint32_t)input_bytes};
    struct buffer b = buffer_of(room, PARAM);
    hand_must(pack_params_encode(&p, &b));
    return buffer_bytes(&b);
}

// A world with a scene, and no helpers but the hub's own.
static void open_alone(struct world *w, const struct desk_cfg *cfg)
{
    world_open(w, cfg);
    desk_hang_up(&w->d, w->ann);
    desk_hang_up(&w->d, w->bob);
    hand_must(store_add(w->d.store.store, desk_scene(), NULL));
}

struct ask { // one run
    uint64_t job;
    uint32_t side; // of trace; 0: it packs what it needs
    uint64_t need[MSG_NEEDS_MAX];
    uint32_t need_count;
    bool is_kept;
    uint32_t deadline_ms;
    const struct digest *input; // of pack, before what it needs
};

static void ask(struct world *w, uint64_t gamer, const struct ask *a)
{
    uint8_t room[PARAM];
    struct msg m = {.type = MSG_RUN,
                    .as.run = {.job = a->job,
                               .deadline_ms = a->deadline_ms,
                               .is_kept = a->is_kept,
                               .is_quiet = a->is_kept,
                               .need_count = a->need_count}};
    struct task_spec *spec = &m.as.run.spec;
    memcpy(m.as.run.need, a->need, sizeof a->need);
    memcpy(spec->kernel, a->side > 0 ? "trace" : "pack", a->side > 0 ? 5 : 4);
    spec->params =
        a->side > 0 ? trace_params(room, a->side, (uint32_t)a->job) : pack_params(room, LIGHT);
    if (a->side > 0 || a->input != NULL)
        spec->input[spec->input_count++] = a->side > 0 ? hash_bytes(desk_scene()) : *a->input;
    desk_say(&w->d, gamer, &m);
}

static void trace_kept(struct world *w, uint64_t job)
{
    ask(w, w->gus, &(struct ask){.job = job, .side = SIDE, .is_kept = true});
}

static void pack_of(struct world *w, uint64_t job, uint64_t need, bool is_kept)
{
    ask(w, w->gus, &(struct ask){.job = job, .need = {need}, .need_count = 1, .is_kept = is_kept});
}

// The hub's own compute does what it has in hand, with bytes of that value; it takes as long as
// makes results worth keeping for others.
static bool own_works(struct world *w, uint8_t value)
{
    w->d.now_us += 1000;
    return desk_work(&w->d, w->own, OWN, value);
}

static bool hears_ran(struct world *w, uint64_t job, size_t len)
{
    struct msg m;
    return desk_hears(&w->d, w->gus, MSG_RAN, &m) && m.as.ran.job == job &&
           m.as.ran.result.len == len;
}

static bool hears_failed(struct world *w, uint64_t job, enum rc rc)
{
    struct msg m;
    return desk_hears(&w->d, w->gus, MSG_FAILED, &m) && m.as.failed.job == job &&
           m.as.failed.rc == rc;
}

// And nothing more: of no job is there another word.
static void hears_no_more(struct world *w)
{
    struct msg m;
    assert_false(desk_hears(&w->d, w->gus, MSG_RAN, &m));
    assert_false(desk_hears(&w->d, w->gus, MSG_FAILED, &m));
}

static void close_idle(struct world *w)
{
    hears_no_more(w);
    assert_int_equal(broker_stat(w->d.broker).runs, 0);
    desk_close(&w->d);
}

static void test_one_needs_another(void **state)
{
    (void)state;
    struct world w;
    struct msg m;
    open_alone(&w, &(struct desk_cfg){0});
    trace_kept(&w, 1);
    pack_of(&w, 2, 1, false);
    assert_true(own_works(&w, 7));
    assert_true(hears_ran(&w, 1, 0)); // it is kept, and not sent
    uint8_t want[LIGHT];
    memset(want, 7, sizeof want);
    const struct digest light = hash_bytes(bytes_of(want, sizeof want));
    assert_true(desk_hears(&w.d, w.own, MSG_ASSIGN, &m));
    assert_int_equal(m.as.assign.spec.input_count, 1);
    assert_true(digest_equal(&m.as.assign.spec.input[0], &light));
    w.d.now_us += 1000;
    uint8_t *at;
    struct msg result = desk_result(&w.d, &m.as.assign, OWN, 1, &at);
    desk_say(&w.d, w.own, &result);
    free(at);
    assert_true(hears_ran(&w, 2, result.as.result.result.len));
    pack_of(&w, 3, 1, false); // the same, later: it was done before
    assert_true(hears_ran(&w, 3, result.as.result.result.len));
    close_idle(&w);
}

static void test_needs_that_cannot_be(void **state)
{
    (void)state;
    struct world w;
    open_alone(&w, &(struct desk_cfg){0});
    pack_of(&w, 1, 99, false); // never was
    assert_true(hears_failed(&w, 1, RC_ABSENT));
    pack_of(&w, 2, 2, true); // itself
    assert_true(hears_failed(&w, 2, RC_ABSENT));
    ask(&w, w.gus, &(struct ask){.job = 3, .side = SIDE});
    pack_of(&w, 4, 3, false); // whose result is sent, and not kept
    assert_true(hears_failed(&w, 4, RC_ABSENT));
    ask(&w, w.gus, &(struct ask){.job = 5, .need = {3, 3, 3}, .need_count = 3}); // pack takes two
    assert_true(hears_failed(&w, 5, RC_MALFORMED));
    assert_true(own_works(&w, 0) && hears_ran(&w, 3, LIGHT));
    close_idle(&w);
}

static void test_needed_twice_by_one(void **state)
{
    (void)state;
    struct world w;
    struct msg m;
    open_alone(&w, &(struct desk_cfg){0});
    trace_kept(&w, 1);
    ask(&w, w.gus, &(struct ask){.job = 2, .need = {1, 1}, .need_count = 2});
    assert_true(own_works(&w, 7) && hears_ran(&w, 1, 0));
    assert_true(desk_hears(&w.d, w.own, MSG_ASSIGN, &m));
    const struct task_spec *spec = &m.as.assign.spec;
    assert_int_equal(spec->input_count, 2);
    assert_true(digest_equal(&spec->input[0], &spec->input[1]));
    desk_close(&w.d);
}

// 0: what all others need is withdrawn, 1: it fails.
static void test_all_that_need_it_fail(void **state)
{
    (void)state;
    for (int how = 0; how < 2; how++) {
        struct world w;
        struct msg m;
        open_alone(&w, &(struct desk_cfg){0});
        trace_kept(&w, 1);
        pack_of(&w, 2, 1, true);
        pack_of(&w, 3, 2, true);
        ask(&w, w.gus, &(struct ask){.job = 4, .need = {1, 3}, .need_count = 2});
        assert_true(desk_hears(&w.d, w.own, MSG_ASSIGN, &m));
        struct msg failure = {.type = MSG_FAILURE,
                              .as.failure = {m.as.assign.task, RC_CRASHED, "oh"}};
        struct msg withdraw = {.type = MSG_WITHDRAW, .as.withdraw = {1}};
        desk_say(&w.d, how == 0 ? w.gus : w.own, how == 0 ? &withdraw : &failure);
        if (how == 1)
            assert_true(hears_failed(&w, 1, RC_CRASHED));
        bool has_failed[5] = {false};
        while (desk_hears(&w.d, w.gus, MSG_FAILED, &m)) {
            assert_int_equal(m.as.failed.rc, RC_ABSENT);
            assert_true(m.as.failed.job >= 2 && m.as.failed.job <= 4);
            assert_false(has_failed[m.as.failed.job]);
            has_failed[m.as.failed.job] = true;
        }
        assert_true(has_failed[2] && has_failed[3] && has_failed[4]);
        close_idle(&w);
    }
}

static void test_who_needs_may_go(void **state)
{
    (void)state;
    struct world w;
    open_alone(&w, &(struct desk_cfg){0});
    const struct digest absent = hash_bytes(bytes_text("not here"));
    trace_kept(&w, 1);
    pack_of(&w, 2, 1, true);
    pack_of(&w, 3, 2, false);
    ask(&w, w.gus, &(struct ask){.job = 4, .input = &absent});
    for (uint64_t job = 4; job >= 2; job--) { // fetching, awaiting twice
        struct msg withdraw = {.type = MSG_WITHDRAW, .as.withdraw = {job}};
        desk_say(&w.d, w.gus, &withdraw);
    }
    assert_true(own_works(&w, 0) && hears_ran(&w, 1, 0));
    assert_false(own_works(&w, 0));
    close_idle(&w);
}

static void test_deadlines_while_they_wait(void **state)
{
    (void)state;
    struct world w;
    open_alone(&w, &(struct desk_cfg){0});
    const struct digest absent = hash_bytes(bytes_text("not here"));
    trace_kept(&w, 1);
    ask(&w, w.gus,
        &(struct ask){.job = 2, .need = {1}, .need_count = 1, .is_kept = true, .deadline_ms = 10});
    pack_of(&w, 3, 2, false);
    ask(&w, w.gus, &(struct ask){.job = 4, .input = &absent, .deadline_ms = 20});
    desk_wait(&w.d, 10000);
    assert_true(hears_failed(&w, 2, RC_TIMEOUT) && hears_failed(&w, 3, RC_ABSENT));
    hears_no_more(&w);
    desk_wait(&w.d, 10000);
    assert_true(hears_failed(&w, 4, RC_TIMEOUT));
    assert_true(own_works(&w, 0) && hears_ran(&w, 1, 0));
    close_idle(&w);
}

// What was taken by who needs it stays for it; others come too late.
static void test_the_oldest_make_room(void **state)
{
    (void)state;
    struct world w;
    struct msg m;
    open_alone(&w, &(struct desk_cfg){0});
    trace_kept(&w, 1);
    trace_kept(&w, 1000);
    ask(&w, w.gus, &(struct ask){.job = 2, .need = {1, 1000}, .need_count = 2});
    assert_true(own_works(&w, 1) && hears_ran(&w, 1, 0));
    assert_true(desk_hears(&w.d, w.own, MSG_ASSIGN, &m)); // of 1000, later
    struct msg_assign last = m.as.assign;
    uint8_t *at;
    struct msg result = desk_result(&w.d, &last, OWN, 2, &at);
    desk_say(&w.d, w.own, &result);
    free(at);
    assert_true(hears_ran(&w, 1000, 0));
    assert_true(desk_hears(&w.d, w.own, MSG_ASSIGN, &m)); // of 2, which has both
    last = m.as.assign;
    result = desk_result(&w.d, &last, OWN, 3, &at);
    desk_say(&w.d, w.own, &result);
    assert_true(hears_ran(&w, 2, result.as.result.result.len));
    free(at);
    for (uint64_t job = 2000; job < 2000 + BROKER_KEPT_MAX; job++) {
        trace_kept(&w, job);
        assert_true(own_works(&w, (uint8_t)job) && hears_ran(&w, job, 0));
    }
    pack_of(&w, 3, 1, false);
    assert_true(hears_failed(&w, 3, RC_ABSENT));
    close_idle(&w);
}

// A store of 4 MB, and results of almost one: the oldest give way.
static void test_kept_gives_way_in_a_full_store(void **state)
{
    (void)state;
    struct world w;
    open_alone(&w, &(struct desk_cfg){0});
    for (uint64_t job = 1; job <= 6; job++) {
        ask(&w, w.gus, &(struct ask){.job = job, .side = 200, .is_kept = true});
        assert_true(own_works(&w, (uint8_t)job) && hears_ran(&w, job, 0));
    }
    pack_of(&w, 7, 1, false);
    assert_true(hears_failed(&w, 7, RC_ABSENT));
    pack_of(&w, 8, 6, false);
    hears_no_more(&w);
    ask(&w, w.gus, &(struct ask){.job = 9, .side = 450, .is_kept = true}); // larger than the store
    while (own_works(&w, 0))
        ;
    struct msg m;
    assert_true(desk_hears(&w.d, w.gus, MSG_RAN, &m) && m.as.ran.job == 8);
    assert_true(hears_failed(&w, 9, RC_FULL)); // not called done
    close_idle(&w);
}

static void test_a_number_used_again(void **state)
{
    (void)state;
    struct world w;
    struct msg m;
    open_alone(&w, &(struct desk_cfg){0});
    ask(&w, w.gus, &(struct ask){.job = 1, .side = 8, .is_kept = true});
    assert_true(own_works(&w, 1) && hears_ran(&w, 1, 0));
    ask(&w, w.gus, &(struct ask){.job = 1, .side = SIDE, .is_kept = true});
    pack_of(&w, 2, 1, false); // which waits for the second
    assert_true(own_works(&w, 2) && hears_ran(&w, 1, 0));
    uint8_t want[LIGHT];
    memset(want, 2, sizeof want);
    const struct digest light = hash_bytes(bytes_of(want, sizeof want));
    assert_true(desk_hears(&w.d, w.own, MSG_ASSIGN, &m));
    assert_true(digest_equal(&m.as.assign.spec.input[0], &light));
    desk_close(&w.d);
}

// It is back before the hub has noticed: what it names goes on there, and what is kept is found.
static void test_back_by_another_connection(void **state)
{
    (void)state;
    struct world w;
    open_alone(&w, &(struct desk_cfg){0});
    trace_kept(&w, 1);
    assert_true(own_works(&w, 1) && hears_ran(&w, 1, 0));
    trace_kept(&w, 2);
    ask(&w, w.gus, &(struct ask){.job = 3, .need = {1, 2}, .need_count = 2, .is_kept = true});
    const uint64_t before = w.gus;
    w.gus = desk_join(&w.d, MSG_ROLE_GAMER, GUS);
    pack_of(&w, 4, 1, false); // of what is kept by the other record
    ask(&w, w.gus, &(struct ask){.job = 3, .need = {1, 2}, .need_count = 2, .is_kept = true});
    desk_hang_up(&w.d, before);
    trace_kept(&w, 2);
    while (own_works(&w, 5))
        ;
    struct msg m;
    bool has_ran[5] = {false};
    while (desk_hears(&w.d, w.gus, MSG_RAN, &m)) {
        assert_false(has_ran[m.as.ran.job]);
        has_ran[m.as.ran.job] = true;
    }
    assert_true(has_ran[2] && has_ran[3] && has_ran[4]);
    pack_of(&w, 5, 1, false);
    while (own_works(&w, 5))
        ;
    assert_true(desk_hears(&w.d, w.gus, MSG_RAN, &m) && m.as.ran.job == 5);
    close_idle(&w);
}

static void test_kept_while_it_is_away(void **state)
{
    (void)state;
    struct world w;
    open_alone(&w, &(struct desk_cfg){0});
    trace_kept(&w, 1);
    assert_true(own_works(&w, 1) && hears_ran(&w, 1, 0));
    for (int i = 0; i < 2; i++) { // back in time, and too late
        desk_hang_up(&w.d, w.gus);
        assert_int_equal(broker_stat(w.d.broker).gamers_away, 1);
        desk_wait(&w.d, i == 0 ? SECOND : BROKER_LINGER_US);
        w.gus = desk_join(&w.d, MSG_ROLE_GAMER, GUS);
        assert_int_equal(broker_stat(w.d.broker).gamers_away, 0);
        ask(&w, w.gus, &(struct ask){.job = 2, .need = {1}, .need_count = 1});
        if (i == 0)
            assert_true(own_works(&w, 2));
        struct msg m;
        assert_true(desk_hears(&w.d, w.gus, i == 0 ? MSG_RAN : MSG_FAILED, &m));
    }
    close_idle(&w);
}

// Half of the graph is done when power is cut: what is kept is gone, and who needs it is told; what
// was not begun goes on.
static void test_crash_in_the_middle(void **state)
{
    (void)state;
    struct world w;
    struct msg m;
    open_alone(&w, &(struct desk_cfg){.has_rows = true});
    trace_kept(&w, 1);
    assert_true(own_works(&w, 1) && hears_ran(&w, 1, 0));
    trace_kept(&w, 2);
    pack_of(&w, 3, 2, true);
    ask(&w, w.gus, &(struct ask){.job = 4, .need = {3}, .need_count = 1});
    ask(&w, w.gus, &(struct ask){.job = 5, .need = {1, 2}, .need_count = 2});
    desk_crash(&w.d);
    assert_int_equal(broker_stat(w.d.broker).runs, 3);
    w.own = desk_join(&w.d, MSG_ROLE_HELPER, OWN);
    w.gus = desk_join(&w.d, MSG_ROLE_GAMER, GUS);
    trace_kept(&w, 2); // it names what it waits for
    pack_of(&w, 3, 2, true);
    ask(&w, w.gus, &(struct ask){.job = 4, .need = {3}, .need_count = 1});
    ask(&w, w.gus, &(struct ask){.job = 5, .need = {1, 2}, .need_count = 2});
    assert_true(hears_failed(&w, 5, RC_ABSENT));
    while (own_works(&w, 5))
        ;
    assert_true(hears_ran(&w, 2, 0));
    assert_true(desk_hears(&w.d, w.gus, MSG_RAN, &m) && m.as.ran.job == 3);
    assert_true(desk_hears(&w.d, w.gus, MSG_RAN, &m) && m.as.ran.job == 4);
    close_idle(&w);
}

// A chain of results that are all known is gone through one by one, however long it is.
static void test_long_chain_from_results(void **state)
{
    (void)state;
    struct world w;
    struct msg m;
    open_alone(&w, &(struct desk_cfg){0});
    for (int round = 0; round < 2; round++) {
        ask(&w, w.gus, &(struct ask){.job = 1, .side = SIDE, .is_kept = true});
        for (uint64_t job = 2; job <= 40; job++)
            pack_of(&w, job, job - 1, true);
        while (own_works(&w, 3))
            ;
        uint64_t ran = 0;
        while (desk_hears(&w.d, w.gus, MSG_RAN, &m))
            ran++;
        assert_int_equal(ran, 40);
        hears_no_more(&w);
        desk_forget(&w.d);
    }
    assert_true(broker_stat(w.d.broker).cached > 0);
    close_idle(&w);
}

// What much depends on begins before what came first.
static void test_begins_by_rank(void **state)
{
    (void)state;
    struct world w;
    struct msg m;
    open_alone(&w, &(struct desk_cfg){0});
    w.ann = desk_join(&w.d, MSG_ROLE_HELPER, ANN); // of one slot
    ask(&w, w.gus, &(struct ask){.job = 1, .side = SIDE});
    assert_true(desk_hears(&w.d, w.ann, MSG_ASSIGN, &m));
    const struct msg_assign first = m.as.assign;
    ask(&w, w.gus, &(struct ask){.job = 2, .side = SIDE});
    ask(&w, w.gus, &(struct ask){.job = 3, .side = 2 * SIDE, .is_kept = true});
    ask(&w, w.gus, &(struct ask){.job = 4, .need = {3}, .need_count = 1, .is_kept = true});
    ask(&w, w.gus, &(struct ask){.job = 5, .need = {4}, .need_count = 1});
    struct msg failure = {.type = MSG_FAILURE, .as.failure = {first.task, RC_CRASHED, "oh"}};
    struct msg withdraw = {.type = MSG_WITHDRAW, .as.withdraw = {1}};
    desk_say(&w.d, w.gus, &withdraw);
    desk_say(&w.d, w.ann, &failure); // its slot is free
    assert_true(desk_hears(&w.d, w.ann, MSG_ASSIGN, &m));
    struct trace_params p;
    assert_int_equal(trace_params_decode(&p, m.as.assign.spec.params), RC_OK);
    assert_int_equal(p.width, 2 * SIDE);
    desk_close(&w.d);
}

// Those that are of no graph and have no deadline go in the order in which they came, long or
// short.
static void test_others_in_the_order_they_came(void **state)
{
    (void)state;
    struct world w;
    struct msg m;
    open_alone(&w, &(struct desk_cfg){0});
    w.ann = desk_join(&w.d, MSG_ROLE_HELPER, ANN); // of one slot
    ask(&w, w.gus, &(struct ask){.job = 1, .side = SIDE});
    ask(&w, w.gus, &(struct ask){.job = 2, .side = SIDE});
    ask(&w, w.gus, &(struct ask){.job = 3, .side = 8 * SIDE});
    assert_true(desk_hears(&w.d, w.ann, MSG_ASSIGN, &m));
    struct msg failure = {.type = MSG_FAILURE, .as.failure = {m.as.assign.task, RC_CRASHED, "oh"}};
    struct msg withdraw = {.type = MSG_WITHDRAW, .as.withdraw = {1}};
    desk_say(&w.d, w.gus, &withdraw);
    desk_say(&w.d, w.ann, &failure); // its slot is free
    assert_true(desk_hears(&w.d, w.ann, MSG_ASSIGN, &m));
    struct trace_params p;
    assert_int_equal(trace_params_decode(&p, m.as.assign.spec.params), RC_OK);
    assert_int_equal(p.width, SIDE);
    desk_close(&w.d);
}

// ---- Objects that the gamer has

static void give(struct world *w, struct bytes object)
{
    struct msg m = {.type = MSG_OBJECT_PART,
                    .as.object_part = {.digest = hash_bytes(object), .total = object.len}};
    struct msg_object_part *part = &m.as.object_part;
    for (; part->offset < object.len; part->offset += FETCH_PART_BYTES) {
        part->data = bytes_part(object, part->offset, FETCH_PART_BYTES);
        desk_say(&w->d, w->gus, &m);
    }
}

static bool is_asked_for(struct world *w, const struct digest *object)
{
    struct msg m;
    while (desk_hears(&w->d, w->gus, MSG_OBJECT_GET, &m)) // in parts
        if (m.as.object_get.offset == 0)
            return digest_equal(&m.as.object_get.digest, object);
    return false;
}

static void test_inputs_are_asked_for(void **state)
{
    (void)state;
    struct world w;
    struct msg m;
    open_alone(&w, &(struct desk_cfg){0});
    uint8_t light[LIGHT] = {1};
    const struct bytes object = bytes_of(light, sizeof light);
    const struct digest there = hash_bytes(object);
    const struct digest absent = hash_bytes(bytes_text("not here"));
    ask(&w, w.gus, &(struct ask){.job = 1, .input = &there});
    ask(&w, w.gus, &(struct ask){.job = 2, .input = &absent});
    ask(&w, w.gus, &(struct ask){.job = 3, .input = &there});
    ask(&w, w.gus, &(struct ask){.job = 4, .input = &absent});
    assert_true(is_asked_for(&w, &there));
    assert_false(is_asked_for(&w, &there)); // one at a time
    give(&w, object);
    assert_true(is_asked_for(&w, &absent));
    struct msg none = {.type = MSG_OBJECT_NONE, .as.object_none = {absent}};
    desk_say(&w.d, w.gus, &none);
    assert_true(hears_failed(&w, 2, RC_ABSENT) && hears_failed(&w, 4, RC_ABSENT));
    while (own_works(&w, 3))
        ;
    assert_true(desk_hears(&w.d, w.gus, MSG_RAN, &m) && m.as.ran.job == 1);
    assert_true(desk_hears(&w.d, w.gus, MSG_RAN, &m) && m.as.ran.job == 3);
    close_idle(&w);
}

// Inputs that do not fit into the store together: told, and not asked for over and over.
static void test_inputs_too_large_together(void **state)
{
    (void)state;
    struct world w;
    uint8_t room[PARAM];
    open_alone(&w, &(struct desk_cfg){0});
    static uint8_t large[3][1u << 20];
    struct msg m = {.type = MSG_RUN, .as.run = {.job = 1, .spec = {.kernel = "pack"}}};
    m.as.run.spec.params = pack_params(room, sizeof large[0]);
    struct digest pinned;
    for (uint8_t i = 0; i < 3; i++) { // three quarters of it are held for good
        large[i][0] = i;
        hand_must(store_add(w.d.store.store, bytes_of(large[i], sizeof large[i]), &pinned));
        hand_must(store_pin(w.d.store.store, &pinned));
    }
    static uint8_t more[2][(1u << 20) - 65536];
    for (uint8_t i = 0; i < 2; i++) {
        more[i][0] = (uint8_t)(10 + i);
        m.as.run.spec.input[m.as.run.spec.input_count++] =
            hash_bytes(bytes_of(more[i], sizeof more[i]));
    }
    desk_say(&w.d, w.gus, &m);
    for (uint8_t i = 0; i < 2; i++) {
        assert_true(is_asked_for(&w, &m.as.run.spec.input[i]));
        give(&w, bytes_of(more[i], sizeof more[i]));
    }
    assert_true(hears_failed(&w, 1, RC_FULL));
    for (uint8_t i = 0; i < 3; i++) {
        const struct digest name = hash_bytes(bytes_of(large[i], sizeof large[i]));
        store_unpin(w.d.store.store, &name);
    }
    close_idle(&w);
}

// ---- Real kernels

struct real {
    struct world w;
    struct kit *kit;
    struct budget budget;
    struct buffer scene;
    uint8_t *result, *report;
};
#define ROOM ((size_t)1 << 20)

static void real_open(struct real *r)
{
    *r = (struct real){.budget = {.limit_bytes = SCENES_BUDGET_BYTES}};
    hand_must(kit_open(&r->kit, NULL));
    hand_must(scenes_make(bytes_text("cornell"), &r->budget, &r->scene, NULL));
    hand_must(kit_load(r->kit, buffer_bytes(&r->scene)));
    r->result = malloc(ROOM);
    r->report = malloc(KERNEL_REPORT_BYTES_MAX);
    world_open(&r->w, &(struct desk_cfg){0});
    hand_must(store_add(r->w.d.store.store, buffer_bytes(&r->scene), NULL));
}

static void real_close(struct real *r)
{
    desk_close(&r->w.d);
    kit_close(r->kit);
    budget_give(&r->budget, r->scene.at);
    free(r->result);
    free(r->report);
}

// What that connection was assigned next, done as a helper does it: it asks the hub for its inputs.
static bool really_works(struct real *r, uint64_t conn, size_t key, bool is_forged)
{
    struct msg m;
    struct desk *d = &r->w.d;
    if (!desk_hears(d, conn, MSG_ASSIGN, &m))
        return false;
    const struct msg_assign a = m.as.assign;
    const uint32_t object = kernel_takes_object(kernel_find(bytes_text(a.spec.kernel)));
    struct bytes given[KERNEL_GIVEN_MAX];
    struct kernel_in in = {.params = a.spec.params, .given = given};
    for (uint32_t i = object; i < a.spec.input_count; i++) {
        struct msg get = {.type = MSG_OBJECT_GET,
                          .as.object_get = {a.spec.input[i], 0, MSG_PART_BYTES_MAX}};
        desk_say(d, conn, &get);
        if (!desk_hears(d, conn, MSG_OBJECT_PART, &m))
            fail_msg("input %u is not there", i);
        given[in.given_count++] = m.as.object_part.data;
    }
    struct buffer result = buffer_of(r->result, ROOM);
    struct buffer report = buffer_of(r->report, KERNEL_REPORT_BYTES_MAX);
    hand_must(kit_run(r->kit, bytes_text(a.spec.kernel), &in, &result, &report));
    if (is_forged)
        result.at[result.len - 1] ^= 1;
    struct msg answer = hand_result(&a, d->key[key], buffer_bytes(&result), buffer_bytes(&report));
    desk_say(d, conn, &answer);
    return true;
}

static void really_work_all(struct real *r)
{
    while (really_works(r, r->w.ann, ANN, false) || really_works(r, r->w.bob, BOB, false) ||
           really_works(r, r->w.own, OWN, false))
        ;
}

// A helper packs, the hub's own is shown the result and redoes parts of it; a forged one is found
// out.
static void test_pack_is_shown_and_judged(void **state)
{
    (void)state;
    struct real r;
    struct msg m;
    real_open(&r);
    uint8_t light[LIGHT];
    for (size_t i = 0; i < sizeof light; i++)
        light[i] = (uint8_t)(i * i >> 7);
    const struct digest input = hash_bytes(bytes_of(light, sizeof light));
    ask(&r.w, r.w.gus, &(struct ask){.job = 1, .input = &input});
    assert_true(is_asked_for(&r.w, &input));
    give(&r.w, bytes_of(light, sizeof light));
    bool is_ann = really_works(&r, r.w.ann, ANN, true);
    if (!is_ann)
        assert_true(really_works(&r, r.w.bob, BOB, true));
    assert_false(desk_hears(&r.w.d, r.w.gus, MSG_RAN, &m));
    really_work_all(&r);
    assert_int_equal(broker_stat(r.w.d.broker).wrong, 1);
    assert_true(broker_stat(r.w.d.broker).checks >= 2);
    assert_true(desk_hears(&r.w.d, r.w.gus, MSG_RAN, &m));
    struct pack p;
    assert_int_equal(pack_open(&p, m.as.ran.result), RC_OK);
    struct pack_reader *reader;
    assert_int_equal(pack_reader_new(&reader, bytes_of(NULL, 0)), RC_OK);
    uint8_t block[PACK_BLOCK_BYTES_MIN];
    for (uint32_t i = 0; i < p.block_count; i++) {
        assert_int_equal(pack_read(reader, &p, i, block), RC_OK);
        assert_memory_equal(block, light + (size_t)i * sizeof block, pack_block_bytes(&p, i));
    }
    pack_reader_free(reader);
    real_close(&r);
}

// Tiles of a frame that is kept, joined at the hub, are what one run of trace makes of all of it;
// and no light was sent.
static void test_frame_kept_is_one_result(void **state)
{
    (void)state;
    struct real r;
    struct msg m;
    struct scene scene;
    uint8_t room[PARAM];
    real_open(&r);
    assert_int_equal(scene_open(&scene, buffer_bytes(&r.scene), NULL), RC_OK);
    struct msg submit = desk_submit(1);
    submit.as.submit.scene = hash_bytes(buffer_bytes(&r.scene));
    submit.as.submit.width = submit.as.submit.height = SIDE;
    submit.as.submit.samples = 2;
    submit.as.submit.tiles = 5;
    submit.as.submit.camera = scene_camera(&scene, 0);
    submit.as.submit.is_kept = true;
    desk_say(&r.w.d, r.w.gus, &submit);
    ask(&r.w, r.w.gus, &(struct ask){.job = 2, .need = {1}, .need_count = 1});
    really_work_all(&r);
    uint32_t tiles = 0;
    for (; desk_hears(&r.w.d, r.w.gus, MSG_TILE, &m); tiles++)
        assert_int_equal(m.as.tile.result.len, 0);
    assert_int_equal(tiles, 5);
    assert_true(desk_hears(&r.w.d, r.w.gus, MSG_DONE, &m));
    assert_true(desk_hears(&r.w.d, r.w.gus, MSG_RAN, &m));
    struct trace_params p = {.seed = trace_seed(&submit.as.submit.scene),
                             .width = SIDE,
                             .height = SIDE,
                             .w = SIDE,
                             .h = SIDE,
                             .sample_count = 2,
                             .depth_max = 3,
                             .cell = 8,
                             .camera = submit.as.submit.camera};
    struct buffer params = buffer_of(room, sizeof room);
    hand_must(trace_params_encode(&p, &params));
    struct buffer whole = buffer_of(r.result, ROOM);
    struct buffer report = buffer_of(r.report, KERNEL_REPORT_BYTES_MAX);
    hand_must(kit_run(r.kit, bytes_text("trace"),
                      &(struct kernel_in){.params = buffer_bytes(&params)}, &whole, &report));
    assert_int_equal(whole.len, LIGHT);
    const struct digest name = hash_bytes(buffer_bytes(&whole));
    assert_true(store_has(r.w.d.store.store, &name));
    desk_say(&r.w.d, r.w.gus, &submit); // once more: it is done, and nothing is lacking
    assert_true(desk_hears(&r.w.d, r.w.gus, MSG_DONE, &m));
    real_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_needs_another),
        cmocka_unit_test(test_needs_that_cannot_be),
        cmocka_unit_test(test_needed_twice_by_one),
        cmocka_unit_test(test_all_that_need_it_fail),
        cmocka_unit_test(test_who_needs_may_go),
        cmocka_unit_test(test_deadlines_while_they_wait),
        cmocka_unit_test(test_the_oldest_make_room),
        cmocka_unit_test(test_kept_gives_way_in_a_full_store),
        cmocka_unit_test(test_a_number_used_again),
        cmocka_unit_test(test_back_by_another_connection),
        cmocka_unit_test(test_kept_while_it_is_away),
        cmocka_unit_test(test_crash_in_the_middle),
        cmocka_unit_test(test_long_chain_from_results),
        cmocka_unit_test(test_begins_by_rank),
        cmocka_unit_test(test_others_in_the_order_they_came),
        cmocka_unit_test(test_inputs_are_asked_for),
        cmocka_unit_test(test_inputs_too_large_together),
        cmocka_unit_test(test_pack_is_shown_and_judged),
        cmocka_unit_test(test_frame_kept_is_one_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
