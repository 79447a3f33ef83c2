// SPDX-License-Identifier: MIT
// Tests of sessions: moves and turns, the same on every machine, and no faster than time.
//
// usage: session_test [SEED]. The seed is printed.
#include "compute/session.h"

#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/num.h"
#include "base/rng.h"

#define RADIAN (3.14159265358979323846 / 180.0) // of one degree

static uint64_t seed = 3; // set by main alone

static const struct camera street = {
    .eye = {3.0f, 1.7f, -8.0f}, .target = {5.0f, 2.5f, -11.0f}, .up = {0, 1, 0}, .fov_deg = 60};

static struct session placed(const struct camera *camera)
{
    struct session s;
    session_init(&s);
    assert_int_equal(session_start(&s, camera), RC_OK);
    assert_memory_equal(&s.camera, camera, sizeof *camera);
    assert_true(s.has_camera && s.step == 0);
    return s;
}

// One step of a second at a time when nothing is too early.
static void step(struct session *s, float right, float up, float ahead, float turn, float tilt)
{
    const struct session_input in = {
        s->step + 1, SESSION_STEP_US_MAX, {right, up, ahead}, {turn, tilt}};
    assert_int_equal(session_step(s, &in, (s->step + 1) * (uint64_t)US_PER_S), RC_OK);
}

static void look_of(const struct camera *c, double out[3])
{
    double length = 0;
    for (size_t i = 0; i < 3; i++) {
        out[i] = (double)c->target[i] - (double)c->eye[i];
        length += out[i] * out[i];
    }
    for (size_t i = 0; i < 3; i++)
        out[i] /= sqrt(length);
}

static void assert_look(const struct camera *c, double x, double y, double z)
{
    double look[3];
    look_of(c, look);
    const double want[3] = {x, y, z};
    for (size_t i = 0; i < 3; i++)
        assert_true(fabs(look[i] - want[i]) < 2e-6);
}

static void assert_moved(const struct camera *from, const struct camera *to, const double by[3])
{
    for (size_t i = 0; i < 3; i++)
        assert_true(fabs((double)to->eye[i] - (double)from->eye[i] - by[i]) < 2e-5);
}

static void test_ahead_is_where_it_looks(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(seed);
    for (unsigned i = 0; i < 200; i++) {
        struct camera c = street;
        for (size_t k = 0; k < 3; k++)
            c.target[k] = c.eye[k] + (float)(rng_unit(&rng) - 0.5) * 20.0f;
        double look[3];
        look_of(&c, look);
        if (fabs(look[1]) > sin(88.0 * RADIAN))
            continue; // beyond what a player's neck does
        struct session s = placed(&c);
        step(&s, 0, 0, 1, 0, 0);
        assert_look(&s.camera, look[0], look[1], look[2]);
        const double by[3] = {SESSION_SPEED_M_S * look[0], SESSION_SPEED_M_S * look[1],
                              SESSION_SPEED_M_S * look[2]};
        assert_moved(&c, &s.camera, by);
        const struct camera there = s.camera;
        step(&s, 1, 0, 0, 0, 0); // right: level, and square to the look
        const double flat = sqrt(look[0] * look[0] + look[2] * look[2]);
        const double right[3] = {-SESSION_SPEED_M_S * look[2] / flat, 0,
                                 SESSION_SPEED_M_S * look[0] / flat};
        assert_moved(&there, &s.camera, right);
    }
}

static void test_up_back_and_slow(void **state)
{
    (void)state;
    struct session s = placed(&street);
    step(&s, 0, 0.5f, 0, 0, 0);
    const double by[3] = {0, SESSION_SPEED_M_S / 2, 0};
    assert_moved(&street, &s.camera, by);
    step(&s, 0, -0.5f, 0.25f, 0, 0);
    step(&s, 0, 0, -0.25f, 0, 0);
    const double none[3] = {0, 0, 0};
    assert_moved(&street, &s.camera, none);
}

static void test_across_is_no_faster(void **state)
{
    (void)state;
    struct session s = placed(&street);
    step(&s, 1, 1, 1, 0, 0);
    double far = 0;
    for (size_t i = 0; i < 3; i++)
        far += pow((double)s.camera.eye[i] - (double)street.eye[i], 2);
    assert_true(sqrt(far) < SESSION_SPEED_M_S * 1.2); // ahead and up are not square here
    const struct camera level = {.eye = {0}, .target = {0, 0, -1}, .fov_deg = 60};
    s = placed(&level);
    step(&s, 1, 1, 1, 0, 0);
    const double each = SESSION_SPEED_M_S / sqrt(3.0);
    const double by[3] = {each, each, -each};
    assert_moved(&level, &s.camera, by);
}

static void test_turns(void **state)
{
    (void)state;
    const struct camera north = {.eye = {0}, .target = {0, 0, -5}, .fov_deg = 60};
    struct session s = placed(&north);
    const float quarter = (float)(90.0 / SESSION_TURN_DEG_S);
    step(&s, 0, 0, 0, quarter, 0); // right
    assert_look(&s.camera, 1, 0, 0);
    step(&s, 0, 0, 0, quarter, 0);
    assert_look(&s.camera, 0, 0, 1);
    step(&s, 0, 0, 0, -3 * quarter, 0);
    assert_look(&s.camera, -1, 0, 0);  // left three times: west
    step(&s, 0, 0, 0, 0, quarter / 2); // up
    assert_look(&s.camera, -sqrt(0.5), sqrt(0.5), 0);
    step(&s, 0, 0, 0, 0, -quarter);
    assert_look(&s.camera, -sqrt(0.5), -sqrt(0.5), 0);
}

static void test_a_full_turn_is_back(void **state)
{
    (void)state;
    struct session s = placed(&street);
    step(&s, 0, 0, 0, 0, 0);
    const struct camera before = s.camera;
    for (unsigned parts = 1; parts <= 16; parts *= 2) {
        for (unsigned i = 0; i < parts; i++)
            step(&s, 0, 0, 0, (float)(360.0 / SESSION_TURN_DEG_S / parts), 0);
        assert_memory_equal(&s.camera, &before, sizeof before); // to the bit
    }
    for (unsigned i = 0; i < 7; i++) // there and back by the same way
        step(&s, 0, 0, 0, 0.0123f, 0.001f);
    assert_memory_not_equal(&s.camera, &before, sizeof before);
    for (unsigned i = 0; i < 7; i++)
        step(&s, 0, 0, 0, -0.0123f, -0.001f);
    assert_memory_equal(&s.camera, &before, sizeof before);
}

static void test_the_neck_ends(void **state)
{
    (void)state;
    struct session s = placed(&street);
    const double most = sin(SESSION_PITCH_DEG * RADIAN);
    double look[3];
    step(&s, 0, 0, 0, 0, 1);
    look_of(&s.camera, look);
    assert_true(fabs(look[1] - most) < 2e-6);
    step(&s, 0, 0, 0, 0, -1);
    look_of(&s.camera, look);
    assert_true(fabs(look[1] + most) < 2e-6);
}

static void test_straight_down_has_its_ahead(void **state)
{
    (void)state;
    struct camera c = {.eye = {0, 9, 0}, .target = {0, 0, 0}, .up = {1, 0, 0}, .fov_deg = 60};
    const double flat = cos(SESSION_PITCH_DEG * RADIAN);
    const double down = sin(SESSION_PITCH_DEG * RADIAN);
    struct session s = placed(&c);
    step(&s, 0, 0, 0, 0, 0);
    assert_look(&s.camera, flat, -down, 0); // the top of a map is ahead
    c.target[1] = 18;
    s = placed(&c);
    step(&s, 0, 0, 0, 0, 0);
    assert_look(&s.camera, -flat, down, 0);
    c.up[0] = 0; // says nothing: any ahead is as good
    s = placed(&c);
    step(&s, 0, 0, 0, 0, 0);
    assert_look(&s.camera, 0, down, -flat);
}

static void test_the_world_ends(void **state)
{
    (void)state;
    struct camera c = street;
    c.eye[0] = c.target[0] = SCENE_EXTENT_MAX;
    struct session s = placed(&c);
    static const float way[4][3] = {{1, 1, 0}, {-1, 1, 1}, {0, 0, 1}, {1, -1, -1}};
    for (unsigned i = 0; i < 40; i++) {
        step(&s, way[i % 4][0], way[i % 4][1], way[i % 4][2], 0.3f, 0.1f);
        s.eye[i % 3] = i % 2 ? 2e6 : -2e6; // as if it had gone there
        uint8_t room[1024];
        struct buffer b = buffer_of(room, sizeof room);
        static struct trace_params p = {
            .width = 8, .height = 8, .w = 8, .h = 8, .sample_count = 1, .depth_max = 1, .cell = 8};
        p.camera = s.camera;
        assert_int_equal(trace_params_encode(&p, &b), RC_OK); // every view can be traced
    }
}

static struct session_input any_input(struct rng *rng, uint64_t number)
{
    struct session_input in = {.step = number, .for_us = 1 + (uint32_t)rng_below(rng, 40000)};
    for (size_t i = 0; i < 3; i++)
        in.move[i] = (float)(2 * rng_unit(rng) - 1);
    for (size_t i = 0; i < 2; i++)
        in.turn[i] = (float)(2 * rng_unit(rng) - 1);
    return in;
}

static void test_a_replay_is_the_same_to_the_bit(void **state)
{
    (void)state;
    struct session hub = placed(&street);
    struct session player = placed(&street);
    struct rng rng = rng_seeded(5);
    struct digest all = {{0}};
    for (uint64_t i = 1; i <= 2000; i++) {
        const struct session_input in = any_input(&rng, i);
        assert_int_equal(session_step(&player, &in, i * 1000000), RC_OK);
        assert_int_equal(session_step(&hub, &in, i * 40000), RC_OK); // whenever it arrives
        assert_memory_equal(&hub.camera, &player.camera, sizeof hub.camera);
        uint8_t room[DIGEST_BYTES + 10 * 4];
        struct buffer b = buffer_of(room, sizeof room);
        buffer_put(&b, bytes_of(all.b, DIGEST_BYTES));
        for (size_t k = 0; k < 3; k++) {
            buffer_f32le(&b, hub.camera.eye[k]);
            buffer_f32le(&b, hub.camera.target[k]);
            buffer_f32le(&b, hub.camera.up[k]);
        }
        buffer_f32le(&b, hub.camera.fov_deg);
        all = hash_bytes(buffer_bytes(&b));
    }
    // What every compiler and machine must come to.
    char hex[DIGEST_HEX_BYTES];
    digest_hex(&all, hex);
    assert_string_equal(hex, "8641f00272934785ea472f3058012ccfa3ddbc4a7feba5ac777b1e17a91ae66b");
}

static void test_each_step_once_and_in_order(void **state)
{
    (void)state;
    struct session s;
    struct session_input in = {.step = 1, .for_us = 1000, .move = {0, 0, 1}};
    session_init(&s);
    assert_int_equal(session_step(&s, &in, 0), RC_ABSENT);
    s = placed(&street);
    in.step = 2;
    const struct session before = s;
    assert_int_equal(session_step(&s, &in, 0), RC_REFUSED); // one is missing
    in.step = 0;
    assert_int_equal(session_step(&s, &in, 0), RC_REFUSED);
    assert_memory_equal(&s, &before, sizeof s);
    in.step = 1;
    assert_int_equal(session_step(&s, &in, 0), RC_OK);
    assert_int_equal(session_step(&s, &in, 0), RC_REFUSED); // again
    assert_true(s.step == 1);
    assert_int_equal(session_start(&s, &street), RC_OK); // from the start
    assert_int_equal(session_step(&s, &in, 0), RC_OK);
}

static void test_malformed(void **state)
{
    (void)state;
    const float bad_share[] = {1.0001f, -1.0001f, (float)INFINITY, (float)NAN};
    struct session s = placed(&street);
    const struct session before = s;
    for (size_t i = 0; i < ARRAY_COUNT(bad_share); i++)
        for (size_t k = 0; k < 5; k++) {
            struct session_input in = {.step = 1, .for_us = 1000};
            *(k < 3 ? &in.move[k] : &in.turn[k - 3]) = bad_share[i];
            assert_int_equal(session_step(&s, &in, 0), RC_MALFORMED);
        }
    struct session_input in = {.step = 1, .for_us = 0};
    assert_int_equal(session_step(&s, &in, 0), RC_MALFORMED);
    in.for_us = SESSION_STEP_US_MAX + 1;
    assert_int_equal(session_step(&s, &in, 0), RC_MALFORMED);
    const float bad_place[] = {SCENE_EXTENT_MAX * 1.01f, -SCENE_EXTENT_MAX * 1.01f, (float)NAN};
    for (size_t i = 0; i < ARRAY_COUNT(bad_place); i++)
        for (size_t k = 0; k < 10; k++) {
            struct camera c = street;
            *(k < 3   ? &c.eye[k]
              : k < 6 ? &c.target[k - 3]
              : k < 9 ? &c.up[k - 6]
                      : &c.fov_deg) = bad_place[i];
            assert_int_equal(session_start(&s, &c), RC_MALFORMED);
        }
    struct camera c = street;
    memcpy(c.target, c.eye, sizeof c.eye); // looks at nothing
    assert_int_equal(session_start(&s, &c), RC_MALFORMED);
    assert_memory_equal(&s, &before, sizeof s);
}

static void test_a_fast_clock_is_held_back(void **state)
{
    (void)state;
    struct session s = placed(&street);
    struct session_input in = {.step = 1, .for_us = 100000, .move = {0, 0, 1}};
    uint64_t now_us = 50 * (uint64_t)US_PER_S; // it was idle for long: that earns nothing
    uint64_t taken_us = 0;
    unsigned refused = 0;
    for (unsigned i = 0; i < 1000; i++, now_us += 50000) { // twice as fast as time
        const enum rc rc = session_step(&s, &in, now_us);
        const uint64_t due_us = session_due_us(&s, in.for_us);
        if (rc == RC_OK) {
            taken_us += in.for_us;
            in.step++;
        } else {
            assert_int_equal(rc, RC_AGAIN);
            assert_true(due_us > now_us && due_us <= now_us + in.for_us);
            struct session later = s;
            assert_int_equal(session_step(&later, &in, due_us - 1), RC_AGAIN);
            assert_int_equal(session_step(&later, &in, due_us), RC_OK);
            refused++;
        }
        assert_true(taken_us <= now_us - 50 * (uint64_t)US_PER_S + SESSION_AHEAD_US);
    }
    assert_true(refused > 450);
    assert_true(taken_us > 49 * (uint64_t)US_PER_S); // and honest time is not lost
    const double far = hypot((double)s.camera.eye[0] - (double)street.eye[0],
                             (double)s.camera.eye[2] - (double)street.eye[2]);
    assert_true(far < SESSION_SPEED_M_S * 53);
}

static void test_a_stalled_network_is_forgiven(void **state)
{
    (void)state;
    struct session s = placed(&street);
    struct session_input in = {.step = 1, .for_us = 20000};
    uint64_t now_us = 0;
    for (; in.step <= 500; in.step++, now_us += in.for_us)
        assert_int_equal(session_step(&s, &in, now_us), RC_OK);
    now_us += SESSION_AHEAD_US - 2 * in.for_us;
    for (unsigned i = 0; i < SESSION_AHEAD_US / in.for_us - 2; i++, in.step++)
        assert_int_equal(session_step(&s, &in, now_us), RC_OK); // all at once
    for (unsigned i = 0; i < 500; i++, in.step++, now_us += in.for_us)
        assert_int_equal(session_step(&s, &in, now_us), RC_OK); // and on as before
    assert_int_equal(session_step(&s, &in, now_us - 5 * (uint64_t)US_PER_S), RC_OK); // clock back
}

int main(int argc, char **argv)
{
    if (argc > 1)
        seed = strtoull(argv[1], NULL, 0);
    printf("seed %" PRIu64 "\n", seed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ahead_is_where_it_looks),
        cmocka_unit_test(test_up_back_and_slow),
        cmocka_unit_test(test_across_is_no_faster),
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_a_full_turn_is_back),
        cmocka_unit_test(test_the_neck_ends),
        cmocka_unit_test(test_straight_down_has_its_ahead),
        cmocka_unit_test(test_the_world_ends),
        cmocka_unit_test(test_a_replay_is_the_same_to_the_bit),
        cmocka_unit_test(test_each_step_once_and_in_order),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_a_fast_clock_is_held_back),
        cmocka_unit_test(test_a_stalled_network_is_forgiven),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
