// SPDX-License-Identifier: MIT
// Tests of the helper, fed by hand: orders in any order, a hub that lies, lanes that die.
#include "compute/helper.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/seed_test.h"
#include "compute/crew_test.h"
#include "compute/sample_test.h"

#define PLENTY ((size_t)8 << 20)

static void assign(struct crew *c, uint64_t task, uint8_t object)
{
    struct msg m = crew_assign(task, object);
    crew_say(c, &m);
}

static void give(struct crew *c, uint8_t object)
{
    struct msg m = crew_part(object);
    crew_say(c, &m);
}

static void cancel(struct crew *c, uint64_t task)
{
    struct msg m = {.type = MSG_CANCEL, .as.cancel = {task}};
    crew_say(c, &m);
}

static void prepare(struct crew *c, uint8_t object)
{
    struct msg m = {.type = MSG_PREPARE, .as.prepare = {hash_bytes(crew_object(object))}};
    crew_say(c, &m);
}

static uint32_t lanes_in(const struct crew *c, int lane_state)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < CREW_LANES; i++)
        count += (int)c->lane[i].state == lane_state;
    return count;
}

static uint32_t lane_in(const struct crew *c, int lane_state)
{
    for (uint32_t i = 0; i < CREW_LANES; i++)
        if ((int)c->lane[i].state == lane_state)
            return i;
    fail();
    return 0;
}

static void all_end(struct crew *c)
{
    for (int rounds = 0; rounds < 100 && lanes_in(c, LANE_IDLE) < CREW_LANES; rounds++)
        for (uint32_t i = 0; i < CREW_LANES; i++)
            crew_ends(c, i, RC_OK);
    assert_int_equal(lanes_in(c, LANE_IDLE), CREW_LANES);
}

static void test_settings(void **state)
{
    (void)state;
    struct budget budget = {.limit_bytes = 1000};
    struct helper *h;
    struct helper_cfg cfg = {.budget = &budget};
    assert_int_equal(helper_new(&h, &cfg), RC_CONFIG);
    assert_null(h);
    cfg.client.ability.slots = HELPER_LANES_MAX + 1;
    assert_int_equal(helper_new(&h, &cfg), RC_CONFIG);
    helper_free(NULL);
}

static void test_one_task(void **state)
{
    (void)state;
    struct crew c;
    struct msg m;
    crew_open(&c, PLENTY);
    crew_connect(&c, 2);
    assert_int_equal(c.events[HELPER_EVENT_IN], 1);
    assign(&c, 7, 0);
    assert_true(crew_hears(&c, MSG_OBJECT_GET, &m));
    assert_int_equal(lanes_in(&c, LANE_IDLE), CREW_LANES);
    give(&c, 0);
    uint32_t lane = lane_in(&c, LANE_LOADING);
    crew_ends(&c, lane, RC_OK);
    assert_int_equal(c.lane[lane].state, LANE_RUNNING);
    crew_ends(&c, lane, RC_OK);
    assert_true(crew_hears(&c, MSG_RESULT, &m));
    assert_int_equal(m.as.result.task, 7);
    struct msg a = crew_assign(7, 0);
    struct digest asked = task_digest(&a.as.assign.spec);
    uint8_t room[MSG_SIGNED_BYTES];
    struct sign_public public = sign_key_public(c.key);
    assert_true(sign_check(&public, msg_result_signed(&asked, &m.as.result.hash, room),
                           &m.as.result.signature));
    struct msg v = {.type = MSG_VERDICT, .as.verdict = {.task = 7, .is_right = true}};
    crew_say(&c, &v);
    struct helper_stat s = helper_stat(c.helper);
    assert_int_equal(s.tasks_done, 1);
    assert_int_equal(s.results_right, 1);
    assert_int_equal(s.objects_fetched, 1);
    assign(&c, 8, 0); // warm: no fetch, no load
    assert_false(crew_hears(&c, MSG_OBJECT_GET, &m));
    assert_int_equal(c.lane[lane].state, LANE_RUNNING);
    crew_close(&c);
}

// A task of pack, which is given so many objects.
static struct msg pack_of(uint64_t task, const uint8_t *object, uint32_t count)
{
    struct msg m = {.type = MSG_ASSIGN,
                    .as.assign = {.task = task,
                                  .budget_ms = 1000,
                                  .spec = {.kernel = "pack", .params = bytes_text("any")}}};
    for (; m.as.assign.spec.input_count < count; m.as.assign.spec.input_count++)
        m.as.assign.spec.input[m.as.assign.spec.input_count] =
            hash_bytes(crew_object(object[m.as.assign.spec.input_count]));
    return m;
}

static void test_inputs_are_given(void **state)
{
    (void)state;
    struct crew c;
    struct msg m;
    crew_open(&c, PLENTY);
    crew_connect(&c, 2);
    struct msg a = pack_of(7, (const uint8_t[]){1, 2, 1}, 3); // a part: its result is the last
    crew_say(&c, &a);
    for (uint8_t i = 1; i <= 2; i++) { // each once, one after the other
        const struct digest name = hash_bytes(crew_object(i));
        assert_true(crew_hears(&c, MSG_OBJECT_GET, &m));
        assert_true(digest_equal(&m.as.object_get.digest, &name));
        assert_int_equal(lanes_in(&c, LANE_IDLE), CREW_LANES);
        give(&c, i);
    }
    assert_false(crew_hears(&c, MSG_OBJECT_GET, &m));
    const struct crew_lane *lane = &c.lane[lane_in(&c, LANE_RUNNING)]; // nothing is loaded for it
    assert_int_equal(lane->given_count, 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_true(digest_equal(&lane->given[i], &a.as.assign.spec.input[i]));
    all_end(&c);
    assert_true(crew_hears(&c, MSG_RESULT, &m) && m.as.result.task == 7);
    crew_close(&c);
}

static void test_inputs_that_cannot_be_had(void **state)
{
    (void)state;
    struct crew c;
    struct msg m;
    crew_open(&c, PLENTY);
    crew_connect(&c, 2);
    for (uint32_t count = 0; count <= 5; count++) { // pack is given 1 to 3
        struct msg a = pack_of(count, (const uint8_t[]){1, 2, 3, 4, 5}, count);
        crew_say(&c, &a);
        bool is_refused = crew_hears(&c, MSG_FAILURE, &m);
        assert_int_equal(is_refused, count == 0 || count > 3);
        if (is_refused)
            assert_non_null(strstr(m.as.failure.text, "inputs"));
        else
            cancel(&c, count);
    }
    crew_hang_up(&c);
    crew_connect(&c, 2);
    struct msg a = pack_of(7, (const uint8_t[]){1, 2}, 2);
    struct msg b = pack_of(8, (const uint8_t[]){1}, 1);
    crew_say(&c, &a);
    crew_say(&c, &b);
    give(&c, 1);
    struct msg none = {.type = MSG_OBJECT_NONE, .as.object_none = {hash_bytes(crew_object(2))}};
    crew_say(&c, &none);
    assert_true(crew_hears(&c, MSG_FAILURE, &m) && m.as.failure.task == 7);
    all_end(&c); // the other one has all that it needs
    assert_true(crew_hears(&c, MSG_RESULT, &m) && m.as.result.task == 8);
    crew_close(&c);
}

// Others push its inputs out of the store again and again: it is given up, and not fetched for
// ever.
static void test_inputs_that_do_not_stay(void **state)
{
    (void)state;
    struct crew c;
    struct msg m;
    uint32_t asked = 0;
    crew_open(&c, PLENTY);
    crew_connect(&c, 2);
    struct msg a = pack_of(7, (const uint8_t[]){1, 2}, 2);
    crew_say(&c, &a);
    while (crew_hears(&c, MSG_OBJECT_GET, &m)) {
        assert_true(++asked < 100);
        for (uint8_t i = 1; i <= 2; i++) {
            const struct digest name = hash_bytes(crew_object(i));
            if (!digest_equal(&name, &m.as.object_get.digest) && store_has(c.store.store, &name))
                hand_must(store_del(c.store.store, &name));
        }
        const struct digest first_name = hash_bytes(crew_object(1));
        give(&c, digest_equal(&first_name, &m.as.object_get.digest) ? 1 : 2);
    }
    assert_true(crew_hears(&c, MSG_FAILURE, &m) && m.as.failure.task == 7);
    assert_int_equal(m.as.failure.rc, RC_FULL);
    crew_close(&c);
}

static void test_heartbeats(void **state)
{
    (void)state;
    struct crew c;
    struct msg m;
    crew_open(&c, PLENTY);
    assert_true(helper_due_us(c.helper) == UINT64_MAX);
    crew_connect(&c, 2);
    assert_true(helper_due_us(c.helper) <= c.now_us);
    helper_health(c.helper, &(struct msg_heartbeat){.load_permille = 500, .busy = 99});
    assign(&c, 1, 0);
    give(&c, 0);
    helper_tick(c.helper, c.now_us);
    helper_tick(c.helper, c.now_us); // not twice
    crew_drain(&c);
    assert_true(crew_hears(&c, MSG_HEARTBEAT, &m));
    assert_int_equal(m.as.heartbeat.busy, 1);
    assert_int_equal(m.as.heartbeat.load_permille, 500);
    assert_false(crew_hears(&c, MSG_HEARTBEAT, &m));
    assert_true(helper_due_us(c.helper) == c.now_us + 1000000);
    crew_hang_up(&c);
    helper_tick(c.helper, UINT64_MAX);
    crew_drain(&c);
    assert_false(crew_hears(&c, MSG_HEARTBEAT, &m));
    crew_close(&c);
}

static void test_nonsense_from_the_hub(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    for (uint32_t i = 0; i < 60 * SAMPLE_TYPES; i++) {
        struct crew c;
        crew_open(&c, PLENTY);
        int steps = (int)(i / SAMPLE_TYPES % 3);
        crew_connect(&c, steps);
        size_t used = c.budget.used_bytes;
        uint32_t type = 1 + i % SAMPLE_TYPES;
        struct msg m = sample_msg((enum msg_type)type, &r);
        if (type == MSG_CHALLENGE && steps == 0)
            m.as.challenge.version = MSG_VERSION + 1; // else it would be a good one
        crew_say(&c, &m);
        bool is_allowed =
            steps == 2 && (type == MSG_ASSIGN || type == MSG_CANCEL || type == MSG_OBJECT_PART ||
                           type == MSG_OBJECT_NONE || type == MSG_VERDICT || type == MSG_PREPARE);
        assert_int_equal(c.closings, is_allowed ? 0 : 1);
        if (!is_allowed) {
            assert_int_equal(c.events[HELPER_EVENT_OUT], 1);
            assert_non_null(helper_refusal(c.helper));
            assert_true(helper_due_us(c.helper) == UINT64_MAX);   // or its host would never rest
            assert_true(type == MSG_REFUSE || c.closing[0] != 0); // a reason, ours or the hub's
            crew_say(&c, &m); // what still comes is not looked at
            assert_int_equal(c.closings, 1);
            assert_int_equal(c.budget.used_bytes, used);
        }
        crew_close(&c);
    }
}

static void test_malformed(void **state)
{
    (void)state;
    struct crew c;
    crew_open(&c, PLENTY);
    crew_raw(&c, bytes_text("before it is open"));
    assert_int_equal(c.closings, 0);
    crew_connect(&c, 2);
    crew_raw(&c, bytes_text("no message"));
    assert_int_equal(c.closings, 1);
    crew_hang_up(&c);
    crew_connect(&c, 2); // a new connection is a new chance
    assert_null(helper_refusal(c.helper));
    assert_int_equal(c.events[HELPER_EVENT_IN], 2);
    crew_close(&c);
}

static void test_assignments_it_cannot_take(void **state)
{
    (void)state;
    struct crew c;
    crew_open(&c, PLENTY);
    crew_connect(&c, 2);
    struct msg m = crew_assign(1, 0);
    struct msg answer;
    memcpy(m.as.assign.spec.kernel, "dance", 6);
    crew_say(&c, &m);
    m = crew_assign(2, 0);
    m.as.assign.spec.input_count = 0;
    crew_say(&c, &m);
    m.as.assign.spec.input_count = 2;
    crew_say(&c, &m);
    for (int i = 0; i < 3; i++) {
        assert_true(crew_hears(&c, MSG_FAILURE, &answer));
        assert_int_equal(answer.as.failure.rc, RC_UNSUPPORTED);
    }
    assert_int_equal(c.events[HELPER_EVENT_FAILED], 3); // whoever lends is told, too
    assert_int_equal(helper_stat(c.helper).tasks_failed, 3);
    assert_int_equal(c.events[HELPER_EVENT_TASK], 0);
    for (uint64_t i = 0; i < HELPER_TASKS_MAX; i++)
        assign(&c, i, 0);
    assert_false(crew_hears(&c, MSG_FAILURE, &answer));
    assign(&c, 5000, 0);
    assert_true(crew_hears(&c, MSG_FAILURE, &answer));
    assert_int_equal(answer.as.failure.task, 5000);
    assert_int_equal(answer.as.failure.rc, RC_FULL);
    crew_close(&c);
}

// 0: fetching, 1: loading, 2: running, 3: waiting for a lane.
static void test_cancel_in_each_state(void **state)
{
    (void)state;
    for (int steps = 0; steps < 4; steps++) {
        struct crew c;
        struct msg m;
        crew_open(&c, PLENTY);
        crew_connect(&c, 2);
        for (uint64_t i = 0; steps == 3 && i < CREW_LANES; i++)
            assign(&c, 100 + i, 0);
        assign(&c, 1, 0);
        if (steps >= 1)
            give(&c, 0);
        if (steps == 2)
            crew_ends(&c, lane_in(&c, LANE_LOADING), RC_OK);
        cancel(&c, 1);
        cancel(&c, 1);
        cancel(&c, 999);
        uint32_t killed = 0;
        for (uint32_t i = 0; i < CREW_LANES; i++)
            killed += c.lane[i].is_killed;
        assert_int_equal(killed, steps == 2 ? 1 : 0);
        assign(&c, 2, 0);
        give(&c, 0);
        all_end(&c);
        uint32_t results = 0;
        while (crew_hears(&c, MSG_RESULT, &m)) {
            assert_int_not_equal(m.as.result.task, 1);
            results++;
        }
        assert_int_equal(results, steps == 3 ? CREW_LANES + 1 : 1);
        assert_false(crew_hears(&c, MSG_FAILURE, &m)); // nobody waits to be told
        crew_close(&c);
    }
}

// A run ends by itself before the host was told to kill it: the next run is not meant.
static void test_kill_that_comes_too_late(void **state)
{
    (void)state;
    struct crew c;
    crew_open(&c, PLENTY);
    crew_connect(&c, 2);
    assign(&c, 1, 0);
    give(&c, 0);
    uint32_t lane = lane_in(&c, LANE_LOADING);
    crew_ends(&c, lane, RC_OK);
    uint8_t room[MSG_HEAD_BYTES_MAX];
    struct msg m = {.type = MSG_CANCEL, .as.cancel = {1}};
    helper_input(c.helper, hand_encode(&m, room, sizeof room), c.now_us);
    m = crew_assign(2, 0);
    helper_input(c.helper, hand_encode(&m, room, sizeof room), c.now_us);
    c.lane[lane].state = LANE_IDLE;
    helper_ran(c.helper, lane, &(struct helper_outcome){.rc = RC_OK}, c.now_us);
    crew_drain(&c); // asserts that no idle lane is killed
    crew_close(&c);
}

static void test_objects_that_lie(void **state)
{
    (void)state;
    for (int how = 0; how < 5; how++) {
        struct crew c;
        struct msg m;
        crew_open(&c, PLENTY);
        crew_connect(&c, 2);
        prepare(&c, 0);
        assign(&c, 1, 0);
        assign(&c, 2, 0);
        assign(&c, 3, 1);
        struct msg p = crew_part(0);
        p.as.object_part.offset += how == 0;
        p.as.object_part.total += how == 1;
        p.as.object_part.data.len -= how == 2;
        if (how == 3)
            p.as.object_part.data = bytes_text("other bytes"); // as many
        if (how == 4)
            p = (struct msg){.type = MSG_OBJECT_NONE, .as.object_none = {p.as.object_part.digest}};
        crew_say(&c, &p);
        for (uint64_t task = 1; task <= 2; task++) {
            assert_true(crew_hears(&c, MSG_FAILURE, &m));
            assert_int_equal(m.as.failure.task, task);
            assert_int_equal(m.as.failure.rc, how == 4 ? RC_ABSENT : RC_MALFORMED);
        }
        assert_int_equal(c.closings, 0);
        give(&c, 1); // the third task's object was asked for meanwhile
        all_end(&c);
        assert_true(crew_hears(&c, MSG_RESULT, &m));
        assert_int_equal(m.as.result.task, 3);
        crew_close(&c);
    }
}

static void test_prepare(void **state)
{
    (void)state;
    struct crew c;
    struct msg m;
    crew_open(&c, PLENTY);
    crew_connect(&c, 2);
    prepare(&c, 0);
    prepare(&c, 1); // counts instead
    assert_true(crew_hears(&c, MSG_OBJECT_GET, &m));
    give(&c, 0);
    assert_true(crew_hears(&c, MSG_OBJECT_GET, &m));
    assert_int_equal(lanes_in(&c, LANE_IDLE), CREW_LANES);
    give(&c, 1);
    assert_int_equal(lanes_in(&c, LANE_LOADING), CREW_LANES); // all of them, before any task
    assign(&c, 1, 1);
    all_end(&c);
    assert_true(crew_hears(&c, MSG_RESULT, &m));
    assert_int_equal(c.budget.used_bytes, 0);
    crew_close(&c);
}

static void test_lanes_that_fail(void **state)
{
    (void)state;
    struct crew c;
    struct msg m;
    crew_open(&c, PLENTY);
    crew_connect(&c, 2);
    assign(&c, 1, 0);
    give(&c, 0);
    crew_ends(&c, lane_in(&c, LANE_LOADING), RC_MALFORMED);
    assert_true(crew_hears(&c, MSG_FAILURE, &m));
    assert_string_equal(m.as.failure.text, "no scene");
    assign(&c, 2, 0);
    uint32_t lane = lane_in(&c, LANE_LOADING);
    crew_ends(&c, lane, RC_OK);
    crew_ends(&c, lane, RC_CRASHED);
    assert_true(crew_hears(&c, MSG_FAILURE, &m));
    assert_int_equal(m.as.failure.rc, RC_CRASHED);
    assert_string_equal(m.as.failure.text, "died?of it");
    c.lane[lane].has_object = false;
    helper_renewed(c.helper, lane); // made anew: it holds nothing
    crew_drain(&c);
    assign(&c, 3, 0);
    assert_int_equal(lanes_in(&c, LANE_LOADING), 1);
    all_end(&c);
    assert_true(crew_hears(&c, MSG_RESULT, &m));
    assert_int_equal(helper_stat(c.helper).tasks_failed, 2);
    crew_close(&c);
}

// A lane is renewed while its next run is on its way to it: the task finds another way.
static void test_renewed_before_its_run(void **state)
{
    (void)state;
    struct crew c;
    struct msg m;
    crew_open(&c, PLENTY);
    crew_connect(&c, 2);
    assign(&c, 1, 0);
    give(&c, 0);
    uint32_t lane = lane_in(&c, LANE_LOADING);
    crew_ends(&c, lane, RC_OK);
    crew_ends(&c, lane, RC_OK);
    m = crew_assign(2, 0);
    uint8_t room[MSG_HEAD_BYTES_MAX];
    helper_input(c.helper, hand_encode(&m, room, sizeof room), c.now_us);
    c.lane[lane].has_object = false;
    helper_renewed(c.helper, lane);
    crew_drain(&c); // asserts that no empty lane runs
    all_end(&c);
    uint32_t results = 0;
    while (crew_hears(&c, MSG_RESULT, &m))
        results++;
    assert_int_equal(results, 2);
    crew_close(&c);
}

static void test_result_too_large(void **state)
{
    (void)state;
    struct crew c;
    struct msg m;
    crew_open(&c, PLENTY);
    crew_connect(&c, 2);
    assign(&c, 1, 0);
    give(&c, 0);
    uint32_t lane = lane_in(&c, LANE_LOADING);
    crew_ends(&c, lane, RC_OK);
    static const uint8_t byte;
    struct helper_outcome o = {.result = bytes_of(&byte, MSG_RESULT_BYTES_MAX + 1)};
    c.lane[lane].state = LANE_IDLE;
    helper_ran(c.helper, lane, &o, c.now_us); // refused by its length: no byte of it is read
    crew_drain(&c);
    assert_true(crew_hears(&c, MSG_FAILURE, &m));
    assert_int_equal(m.as.failure.rc, RC_FULL);
    crew_close(&c);
}

// The connection is lost in each state: all is dropped, and the next one starts from nothing.
static void test_connection_lost(void **state)
{
    (void)state;
    for (int steps = 0; steps < 6; steps++) {
        struct crew c;
        struct msg m;
        crew_open(&c, PLENTY);
        crew_connect(&c, steps);
        if (steps >= 3)
            assign(&c, 1, 0);
        if (steps >= 4)
            give(&c, 0);
        if (steps >= 5)
            crew_ends(&c, lane_in(&c, LANE_LOADING), RC_OK);
        crew_hang_up(&c);
        assert_int_equal(c.budget.used_bytes, 0);
        all_end(&c);
        inbox_forget(&c.heard);
        assert_false(crew_hears(&c, MSG_RESULT, &m));
        crew_connect(&c, 2);
        assert_null(helper_refusal(c.helper));
        assign(&c, 2, 0);
        give(&c, 0);
        all_end(&c);
        assert_true(crew_hears(&c, MSG_RESULT, &m));
        assert_int_equal(m.as.result.task, 2);
        crew_close(&c);
    }
}

static void test_budget_runs_out(void **state)
{
    (void)state;
    for (size_t bytes = 0; bytes < 200000; bytes += 61 + bytes / 16) {
        struct crew c;
        crew_open(&c, bytes);
        crew_connect(&c, 2);
        for (uint64_t i = 0; i < 8; i++)
            assign(&c, i, (uint8_t)(i % 3));
        prepare(&c, 3);
        for (uint8_t i = 0; i < 4; i++)
            give(&c, i);
        all_end(&c);
        crew_close(&c); // gives all back
    }
}

// Jobs that wait for one object when its fetch cannot be begun: each fails, none is looked at
// twice.
static void test_fetch_that_cannot_begin(void **state)
{
    (void)state;
    struct crew c;
    crew_open(&c, PLENTY);
    crew_connect(&c, 2);
    assign(&c, 50, 0); // the one fetch at a time
    for (uint64_t i = 0; i < 4; i++)
        assign(&c, i, 1);
    c.budget.limit_bytes = c.budget.used_bytes; // no more than what ends gives back
    struct msg none = {.type = MSG_OBJECT_NONE, .as.object_none = {hash_bytes(crew_object(0))}};
    uint8_t room[MSG_HEAD_BYTES_MAX];
    helper_input(c.helper, hand_encode(&none, room, sizeof room), c.now_us);
    crew_drain(&c);
    // Told of each, or hung up on: never left to wait.
    assert_true(c.closings > 0 || c.events[HELPER_EVENT_FAILED] == 5);
    crew_hang_up(&c);
    assert_int_equal(c.budget.used_bytes, 0);
    crew_close(&c);
}

static void one_step(struct crew *c, struct rng *r)
{
    struct msg m = crew_assign(rng_below(r, 12), (uint8_t)rng_below(r, 4));
    uint32_t lane = (uint32_t)rng_below(r, CREW_LANES);
    c->now_us += rng_below(r, 300000);
    switch (rng_below(r, 10)) {
    case 0:
    case 1:
        crew_say(c, &m);
        break;
    case 2:
        cancel(c, rng_below(r, 12));
        break;
    case 3:
        prepare(c, (uint8_t)rng_below(r, 4));
        break;
    case 4:
    case 5:
        give(c, (uint8_t)rng_below(r, 4));
        break;
    case 6:
    case 7:
        crew_ends(c, lane, rng_below(r, 8) == 0 ? RC_CRASHED : RC_OK);
        break;
    case 8:
        helper_tick(c->helper, c->now_us);
        crew_drain(c);
        break;
    default:
        if (rng_below(r, 20) == 0) {
            crew_hang_up(c);
            crew_connect(c, 2);
        } else if (c->lane[lane].state == LANE_IDLE) {
            c->lane[lane].has_object = false;
            helper_renewed(c->helper, lane);
            crew_drain(c);
        }
    }
}

static void test_any_order(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    for (int round = 0; round < 20; round++) {
        struct crew c;
        crew_open(&c, PLENTY);
        crew_connect(&c, 2);
        for (int i = 0; i < 2000; i++)
            one_step(&c, &r);
        assert_int_equal(c.closings, 0); // nothing a hub may not do
        for (uint8_t i = 0; i < 4; i++)  // whatever is being fetched comes
            for (uint8_t k = 0; k < 4; k++)
                give(&c, k);
        all_end(&c);
        assert_int_equal(c.budget.used_bytes, 0); // every task was answered
        crew_close(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_one_task),
        cmocka_unit_test(test_inputs_are_given),
        cmocka_unit_test(test_inputs_that_cannot_be_had),
        cmocka_unit_test(test_inputs_that_do_not_stay),
        cmocka_unit_test(test_heartbeats),
        cmocka_unit_test(test_nonsense_from_the_hub),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_assignments_it_cannot_take),
        cmocka_unit_test(test_cancel_in_each_state),
        cmocka_unit_test(test_kill_that_comes_too_late),
        cmocka_unit_test(test_objects_that_lie),
        cmocka_unit_test(test_prepare),
        cmocka_unit_test(test_lanes_that_fail),
        cmocka_unit_test(test_renewed_before_its_run),
        cmocka_unit_test(test_result_too_large),
        cmocka_unit_test(test_connection_lost),
        cmocka_unit_test(test_budget_runs_out),
        cmocka_unit_test(test_fetch_that_cannot_begin),
        cmocka_unit_test(test_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
