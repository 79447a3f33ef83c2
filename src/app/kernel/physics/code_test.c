// SPDX-License-Identifier: MIT
// Tests of states, and of their coding.
#include "kernel/physics/code.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "base/rng.h"
#include "base/seed_test.h"

#define BODIES 50u

static const struct physics_code code = {
    .bodies = BODIES, .gravity = {0, -9.81, 1}, .step_s = 1.0 / 60, .steps = 6};

static int32_t within(struct rng *r, int32_t max)
{
    // Mostly small: all widths are met.
    const uint32_t range = 2 * ((uint32_t)max >> rng_below(r, 20)) + 1;
    const int32_t v = (int32_t)rng_below(r, range) - (int32_t)(range / 2);
    return v;
}

static struct physics_state random_state(struct rng *r)
{
    struct physics_pose p = {.turn = {1, 0, 0, 0}};
    for (size_t i = 0; i < 4; i++)
        p.turn[i] = rng_unit(r) - 0.5;
    const double length = sqrt(p.turn[0] * p.turn[0] + p.turn[1] * p.turn[1] +
                               p.turn[2] * p.turn[2] + p.turn[3] * p.turn[3]);
    for (size_t i = 0; i < 4; i++)
        p.turn[i] /= length;
    struct physics_state s = physics_state_of(&p);
    s.rests = rng_below(r, 3) == 0;
    for (size_t i = 0; i < 3; i++) {
        s.place[i] = within(r, PHYSICS_PLACE_MAX);
        s.velocity[i] = s.rests ? 0 : within(r, PHYSICS_VELOCITY_MAX);
        s.spin[i] = s.rests ? 0 : within(r, PHYSICS_SPIN_MAX);
    }
    return s;
}

static void any_states_come_back(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    static struct physics_state from[BODIES];
    static struct physics_state to[BODIES];
    static struct physics_state back[BODIES];
    static uint8_t room[1 << 14];
    for (uint32_t round = 0; round < 300; round++) {
        for (uint32_t i = 0; i < BODIES; i++) {
            from[i] = random_state(&r);
            to[i] = rng_below(&r, 3) == 0
                        ? physics_ahead(&from[i], code.gravity, code.step_s, code.steps)
                        : random_state(&r);
            assert_true(physics_state_is_good(&from[i]) && physics_state_is_good(&to[i]));
        }
        struct buffer out = buffer_of(room, sizeof room);
        physics_record_put(&code, from, to, &out);
        assert_false(out.is_full);
        assert_true(out.len >= physics_record_bytes_min(BODIES));
        assert_true(out.len <= physics_record_bytes_max(BODIES));
        struct cursor c = {.left = buffer_bytes(&out)};
        assert_true(physics_record_decode(&code, &c, from, back));
        assert_true(cursor_done(&c));
        for (uint32_t i = 0; i < BODIES; i++)
            assert_true(physics_state_equal(&back[i], &to[i]));
        c = (struct cursor){.left = bytes_of(room, rng_below(&r, out.len))};
        assert_false(physics_record_decode(&code, &c, from, back));
        struct buffer small = buffer_of(room, rng_below(&r, out.len));
        physics_record_put(&code, from, to, &small);
        assert_true(small.is_full);
    }
}

static void what_is_expected_costs_a_bit(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    static struct physics_state from[BODIES];
    static struct physics_state to[BODIES];
    uint8_t room[64];
    for (uint32_t i = 0; i < BODIES; i++) {
        from[i] = random_state(&r);
        to[i] = from[i].rests ? from[i]
                              : physics_ahead(&from[i], code.gravity, code.step_s, code.steps);
    }
    struct buffer out = buffer_of(room, sizeof room);
    physics_record_put(&code, from, to, &out);
    assert_int_equal(out.len, 3 + (BODIES + 7) / 8);
}

static void a_state_is_off_by_half_a_step_at_most(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    for (uint32_t round = 0; round < 10000; round++) {
        const struct physics_state s = random_state(&r);
        struct physics_pose p = physics_pose_of(&s);
        double length = 0;
        for (size_t i = 0; i < 4; i++)
            length += p.turn[i] * p.turn[i];
        assert_true(fabs(length - 1) < 1e-12);
        p.place[0] += 0.3 * PHYSICS_PLACE_STEP;
        struct physics_state back = physics_state_of(&p);
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(back.place[i], s.place[i]);
            assert_int_equal(back.spin[i], s.spin[i]);
        }
        uint8_t room[PHYSICS_STATE_BYTES];
        struct buffer b = buffer_of(room, sizeof room);
        physics_state_put(&b, &s);
        struct cursor c = {.left = buffer_bytes(&b)};
        back = physics_state_get(&c);
        assert_true(cursor_done(&c) && physics_state_equal(&back, &s));
    }
}

static void what_is_no_number_becomes_a_bound(void **state)
{
    (void)state;
    const double none = (double)NAN;
    const double endless = (double)INFINITY;
    const struct physics_pose p = {.place = {none, endless, -endless},
                                   .velocity = {1e300, -1e300, none},
                                   .spin = {none, 0, 0},
                                   .turn = {none, none, none, none}};
    const struct physics_state s = physics_state_of(&p);
    assert_true(physics_state_is_good(&s));
    assert_int_equal(s.place[1], PHYSICS_PLACE_MAX);
    assert_int_equal(s.velocity[1], -PHYSICS_VELOCITY_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_states_come_back),
        cmocka_unit_test(what_is_expected_costs_a_bit),
        cmocka_unit_test(a_state_is_off_by_half_a_step_at_most),
        cmocka_unit_test(what_is_no_number_becomes_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
