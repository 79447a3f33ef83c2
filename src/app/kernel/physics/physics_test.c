// SPDX-License-Identifier: MIT
// Tests of kernel `physics`.
#include "kernel/physics/physics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ode/misc.h>

#include "base/seed_test.h"
#include "kernel/physics/audit.h"
#include "kernel/physics/island.h"
#include "kernel/physics/stage_test.h"

static struct physics_stage stage;
static struct physics_stage *const s = &stage;

// Two piles far from each other, and a ball on its own.
static void scenery(uint32_t windows)
{
    stage_init(s);
    stage_floor(s, 0.6f, 0.2f);
    stage_pile(s, 24, 4, 3);
    const uint32_t first = s->world.bodies;
    stage_pile(s, 24, 4, 4);
    for (uint32_t i = first; i < s->world.bodies; i++)
        s->state[i].place[0] += 200 * 8192;
    (void)stage_body(s, PHYSICS_BALL, 50, 5, 50);
    s->params.windows = windows;
}

static void copy(struct bytes result, uint8_t *at, size_t cap)
{
    assert_true(result.len > 0 && result.len <= cap);
    memcpy(at, result.at, result.len);
}

static void the_same_run_has_the_same_bytes(void **state)
{
    (void)state;
    static uint8_t first_at[1 << 20];
    scenery(40);
    const struct bytes result = stage_run(s);
    copy(result, first_at, sizeof first_at);
    const struct bytes first = bytes_of(first_at, result.len);
    for (uint32_t i = 0; i < 3; i++) {
        dRandSetSeed(i * 77 + 5); // what ran before is of no consequence
        assert_true(bytes_equal(stage_run(s), first));
    }
    size_t min;
    size_t max;
    assert_int_equal(physics_kernel.result_bounds(stage_params(s), &min, &max), RC_OK);
    assert_true(first.len >= min && first.len <= max);
    s->params.seed++;
    assert_false(bytes_equal(stage_run(s), first));
}

// What stands at a moment, given as a world, goes on as the run did: windows are numbered from 0
// again, which only the order of constraints depends on, so the first window only starts alike.
static void islands_come_out_the_same_alone(void **state)
{
    (void)state;
    static struct physics_state together[STAGE_BODIES];
    scenery(1);
    assert_true(stage_run(s).len > 0);
    assert_true(stage_read(s));
    memcpy(together, s->moment, sizeof together);
    s->params.pick_count = 3;
    s->params.pick[0].body = 48;
    s->params.pick[1].body = 3;
    s->params.pick[2].body = 30;
    const struct bytes alone = stage_run(s);
    struct cursor c = {.left = alone};
    uint32_t seen = 0;
    for (uint32_t i = 0; i < 3; i++) {
        const uint32_t count = cursor_u16le(&c);
        assert_true(i == 0 ? count == 1 : count >= 1);
        for (uint32_t k = 0; k < count; k++, seen++) {
            const uint16_t body = cursor_u16le(&c);
            const struct physics_state got = physics_state_get(&c);
            assert_true(physics_state_equal(&got, &together[body]));
        }
    }
    assert_true(cursor_done(&c));
    assert_true(seen > 3);
    struct kernel_verdict v;
    assert_int_equal(stage_check(s, alone, 5, &v), RC_OK);
    assert_true(v.parts > 0 && v.is_right);
    s->result_at[9] ^= 1; // the lonely ball's place
    uint32_t caught = 0;
    for (uint64_t i = 0; i < 20; i++) {
        assert_int_equal(stage_check(s, alone, i, &v), RC_OK);
        caught += !v.is_right;
    }
    assert_true(caught > 5);
}

static void far_bodies_are_islands_of_their_own(void **state)
{
    (void)state;
    struct arena *arena = arena_new(1 << 20);
    struct physics_islands is;
    scenery(1);
    assert_int_equal(physics_islands_init(&is, s->world.bodies, arena), RC_OK);
    physics_islands_find(&is, &s->world, s->state, 0.1);
    assert_true(is.count >= 3);
    for (uint32_t i = 0; i < is.count; i++) {
        for (uint32_t k = is.start[i]; k < is.start[i + 1]; k++) {
            assert_int_equal(is.of_body[is.member[k]], i);
            assert_true(k == is.start[i] || is.member[k] > is.member[k - 1]);
            assert_int_equal(is.member[k] / 24, is.member[is.start[i]] / 24);
        }
    }
    assert_int_equal(is.start[is.count], s->world.bodies);
    stage_push(s, 48, -499, 0, 0); // fast enough to meet the first pile
    s->state[48].place[2] = s->state[0].place[2];
    physics_islands_find(&is, &s->world, s->state, 0.1);
    assert_int_equal(is.of_body[48], is.of_body[0]);
    arena_free(arena);
}

static void what_is_honest_passes(void **state)
{
    (void)state;
    struct kernel_verdict v;
    scenery(40);
    const struct bytes result = stage_run(s);
    for (uint64_t i = 0; i < 20; i++) {
        assert_int_equal(stage_check(s, result, test_seed() + i, &v), RC_OK);
        assert_true(v.is_right && v.parts >= 3 && v.mismatches == 0);
    }
}

// Writes the run again with one state changed, as who wants to win would, and all later ones as
// they follow from it.
static struct bytes forge(uint32_t window, uint32_t body, void (*change)(struct physics_state *))
{
    static struct physics_state kept[STAGE_BODIES];
    static uint8_t forged_at[1 << 20];
    const uint32_t windows = s->params.windows;
    struct buffer out = buffer_of(forged_at, sizeof forged_at);
    const struct physics_code k = {.bodies = s->params.bodies,
                                   .gravity = {0, (double)-9.81f, 0},
                                   .step_s = s->params.step_us / 1e6,
                                   .steps = s->params.every};
    memcpy(kept, s->state, sizeof kept);
    s->params.windows = 1;
    for (uint32_t i = 0; i < windows; i++) {
        assert_true(stage_run(s).len > 0 && stage_read(s));
        if (i == window)
            change(&s->moment[body]);
        physics_record_put(&k, s->state, s->moment, &out);
        memcpy(s->state, s->moment, sizeof s->state);
    }
    memcpy(s->state, kept, sizeof kept);
    s->params.windows = windows;
    assert_false(out.is_full);
    return buffer_bytes(&out);
}

static void kick(struct physics_state *b)
{
    b->velocity[0] += 3 * 2048;
    b->velocity[1] += 3 * 2048;
    b->rests = false;
}

static void shift(struct physics_state *b)
{
    b->place[0] += 4096;
}

static void bury(struct physics_state *b)
{
    b->place[1] = 0;
}

// One window of 40 is wrong: the picks alone would miss it nine times of ten. (Windows that were
// run one by one have other random numbers, so picks may find those, too: no matter.)
static void what_does_not_look_like_physics_is_redone(void **state)
{
    (void)state;
    void (*const change[])(struct physics_state *) = {kick, shift, bury};
    for (size_t i = 0; i < ARRAY_COUNT(change); i++) {
        struct kernel_verdict v;
        scenery(40);
        const struct bytes forged = forge(20, 48, change[i]);
        for (uint64_t nonce = 0; nonce < 5; nonce++) {
            assert_int_equal(stage_check(s, forged, nonce, &v), RC_OK);
            assert_false(v.is_right);
        }
    }
}

static void damaged_results_are_wrong(void **state)
{
    (void)state;
    struct kernel_verdict v = {.is_right = true};
    scenery(10);
    const struct bytes result = stage_run(s);
    assert_int_equal(stage_check(s, bytes_part(result, 0, result.len - 1), 1, &v), RC_OK);
    assert_false(v.is_right);
    v.is_right = true;
    assert_int_equal(stage_check(s, bytes_part(result, 0, 2), 1, &v), RC_OK);
    assert_false(v.is_right);
    v.is_right = true;
    s->result_at[result.len] = 0;
    assert_int_equal(stage_check(s, bytes_of(s->result_at, result.len + 1), 1, &v), RC_OK);
    assert_false(v.is_right);
}

static void worlds_go_there_and_back_or_say_what_lacks(void **state)
{
    (void)state;
    static uint8_t back_at[sizeof s->world_at];
    scenery(1);
    const struct bytes world = stage_world(s);
    bool was_enough = false;
    for (size_t bytes = 1000; !was_enough; bytes += 1000) {
        struct arena *arena = arena_new(bytes);
        struct physics_world w;
        struct physics_islands islands;
        struct physics_audit audit;
        enum rc rc = arena == NULL ? RC_NOMEM : physics_world_decode(&w, world, arena);
        if (rc == RC_OK) {
            struct buffer back = buffer_of(back_at, sizeof back_at);
            physics_world_put(&w, &back);
            assert_true(bytes_equal(buffer_bytes(&back), world));
            rc = physics_islands_init(&islands, w.bodies, arena);
        }
        if (rc == RC_OK)
            rc = physics_audit_init(&audit, s->world.bodies, arena);
        assert_true(rc == RC_OK || rc == RC_NOMEM);
        assert_true(bytes > 1000 || rc == RC_NOMEM);
        was_enough = rc == RC_OK;
        arena_free(arena);
    }
    struct arena *arena = arena_new(1 << 20);
    struct physics_world w;
    for (size_t len = 0; len < world.len; len++)
        assert_int_equal(physics_world_decode(&w, bytes_part(world, 0, len), arena), RC_MALFORMED);
    arena_free(arena);
}

// Each sign alone: the body that shows it is named, and what is honest shows none.
static void each_sign_names_its_body(void **state)
{
    (void)state;
    static struct physics_state after[STAGE_BODIES];
    struct arena *arena = arena_new(1 << 20);
    struct physics_islands is;
    struct physics_audit audit;
    stage_init(s);
    stage_floor(s, 0.5f, 0);
    for (uint32_t i = 0; i < 4; i++)
        (void)stage_body(s, PHYSICS_BALL, 20 * (float)i, 10, 0);
    const struct physics_scene scene = {&s->world, &is, s->state, after, 0.1, 3};
    assert_int_equal(physics_islands_init(&is, 4, arena), RC_OK);
    physics_islands_find(&is, &s->world, s->state, 0.1);
    for (uint32_t sign = 0; sign <= PHYSICS_SIGNS; sign++) {
        memcpy(after, s->state, sizeof after);
        if (sign == 0) // energy: thrown upwards by nothing
            after[1].velocity[1] = (int32_t)(5 / PHYSICS_VELOCITY_STEP);
        else if (sign == 1) // jump: elsewhere, at the same height
            after[2].place[0] += (int32_t)(0.5 / PHYSICS_PLACE_STEP);
        else if (sign == 2) // overlap: in the floor
            after[3].place[1] = 0;
        assert_int_equal(physics_audit_init(&audit, 4, arena), RC_OK);
        physics_audit_look(&audit, &scene);
        for (uint32_t k = 0; k < PHYSICS_SIGNS; k++) {
            assert_true(k != sign || audit.sign[k].worst > 0);
            assert_true(sign < PHYSICS_SIGNS || audit.sign[k].worst <= 0);
        }
        if (sign == PHYSICS_SIGNS)
            continue;
        assert_int_equal(audit.sign[sign].pick.body, sign + 1);
        assert_int_equal(audit.sign[sign].pick.window, 3);
    }
    arena_free(arena);
}

static bool encodes(const struct physics_params *p)
{
    uint8_t room[256];
    struct buffer b = buffer_of(room, sizeof room);
    return physics_params_encode(p, &b) == RC_OK;
}

static void params_out_of_range_are_refused(void **state)
{
    (void)state;
    const struct physics_params good = {.bodies = 10, .step_us = 16667, .every = 6, .windows = 10};
    assert_true(encodes(&good));
    struct physics_params p = good;
    p.bodies = 0;
    assert_false(encodes(&p));
    p.bodies = PHYSICS_BODIES_MAX + 1;
    assert_false(encodes(&p));
    p = good;
    p.step_us = PHYSICS_STEP_US_MIN - 1;
    assert_false(encodes(&p));
    p = good;
    p.windows = 0;
    assert_false(encodes(&p));
    p = good;
    p.bodies = PHYSICS_BODIES_MAX;
    p.windows = PHYSICS_WINDOWS_MAX;
    assert_false(encodes(&p));
    p = good;
    p.pick_count = 1;
    p.pick[0] = (struct physics_pick){1, 0}; // of a later window, without a result
    assert_false(encodes(&p));
    p.is_audit = true;
    assert_true(encodes(&p));
    p.pick[0].body = 10;
    assert_false(encodes(&p));
    p = good;
    p.is_audit = true;
    assert_false(encodes(&p));
}

static enum rc run_given(struct bytes world)
{
    const struct kernel_in in = {stage_params(s), &world, 1};
    struct buffer result = buffer_of(s->result_at, sizeof s->result_at);
    return physics_kernel.run(NULL, &in, &result, &result);
}

static void bad_worlds_are_refused(void **state)
{
    (void)state;
    scenery(1);
    const struct bytes world = stage_world(s);
    assert_int_equal(run_given(world), RC_OK);
    assert_int_equal(run_given(bytes_part(world, 0, world.len - 1)), RC_MALFORMED);
    s->params.bodies--;
    assert_int_equal(run_given(world), RC_MALFORMED);
    s->params.bodies++;
    s->body[3].mass = 0;
    assert_int_equal(run_given(stage_world(s)), RC_MALFORMED);
    s->body[3].mass = NAN;
    assert_int_equal(run_given(stage_world(s)), RC_MALFORMED);
    s->body[3].mass = 1;
    s->state[3].turn[0] = s->state[3].turn[1] = s->state[3].turn[2] = PHYSICS_TURN_MAX;
    assert_int_equal(run_given(stage_world(s)), RC_MALFORMED);
    s->state[3].turn[0] = s->state[3].turn[1] = s->state[3].turn[2] = 0;
    s->state[3].rests = true;
    s->state[3].spin[0] = 1;
    assert_int_equal(run_given(stage_world(s)), RC_MALFORMED);
    s->state[3].spin[0] = s->state[3].spin[1] = s->state[3].spin[2] = 0;
    assert_int_equal(run_given(stage_world(s)), RC_OK);
    s->obstacle[0].turn[0] = 0;
    assert_int_equal(run_given(stage_world(s)), RC_MALFORMED);
    scenery(1);
    const struct bytes good = stage_world(s);
    const struct kernel_in in = {stage_params(s), &good, 1};
    struct buffer small = buffer_of(s->result_at, 5);
    assert_int_equal(physics_kernel.run(NULL, &in, &small, &small), RC_FULL);
}

// Twenty bodies that never come to rest, and what they cost at ten moments a second.
static void moving_bodies_fit_the_line(void **state)
{
    (void)state;
    stage_init(s);
    stage_floor(s, 0.6f, 0.5f);
    stage_pile(s, 20, 6, 9);
    for (uint32_t i = 0; i < 20; i++) {
        s->body[i].bounce = 0.7f;
        stage_push(s, i, (i % 5) - 2.0, 6, (i % 3) - 1.0);
    }
    s->params.windows = 20; // 2 s
    const struct bytes moving = stage_run(s);
    print_message("20 bodies, thrown: %.0f bytes a moment, %.4f Mbit/s at 10 Hz\n",
                  (double)moving.len / 20, (double)moving.len / 2 * 8 / 1e6);
    assert_true((double)moving.len / 2 * 8 <= 30000);
    s->params.windows = 600;
    for (uint32_t i = 0; i < 20; i++) { // balls roll on for ever
        s->body[i].kind = PHYSICS_BOX;
        s->body[i].size[1] = s->body[i].size[2] = 0.3f;
    }
    assert_true(stage_run(s).len > 0);
    for (uint32_t i = 0; i < 600; i++)
        assert_true(stage_read(s));
    memcpy(s->state, s->moment, sizeof s->state);
    s->params.windows = 20;
    const struct bytes resting = stage_run(s);
    print_message("the same, fallen: %.1f bytes a moment\n", (double)resting.len / 20);
    assert_true(resting.len < 20 * 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_run_has_the_same_bytes),
        cmocka_unit_test(islands_come_out_the_same_alone),
        cmocka_unit_test(far_bodies_are_islands_of_their_own),
        cmocka_unit_test(what_is_honest_passes),
        cmocka_unit_test(what_does_not_look_like_physics_is_redone),
        cmocka_unit_test(damaged_results_are_wrong),
        cmocka_unit_test(worlds_go_there_and_back_or_say_what_lacks),
        cmocka_unit_test(each_sign_names_its_body),
        cmocka_unit_test(params_out_of_range_are_refused),
        cmocka_unit_test(bad_worlds_are_refused),
        cmocka_unit_test(moving_bodies_fit_the_line),
    };
    return cmocka_run_group_tests(tests, stage_set_up, stage_tear_down);
}
