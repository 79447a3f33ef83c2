// SPDX-License-Identifier: MIT
// Does kernel `physics` do as nature does? Closed forms, and bounds over long runs.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "kernel/physics/audit.h"
#include "kernel/physics/stage_test.h"

static struct physics_stage stage;
static struct physics_stage *const s = &stage;

static double place(uint32_t body, size_t axis)
{
    return s->moment[body].place[axis] * PHYSICS_PLACE_STEP;
}

static double speed(uint32_t body, size_t axis)
{
    return s->moment[body].velocity[axis] * PHYSICS_VELOCITY_STEP;
}

static void read_all(void)
{
    for (uint32_t i = 0; i < s->params.windows; i++)
        assert_true(stage_read(s));
    assert_int_equal(s->unread.left.len, 0);
}

static double energy(const struct physics_state *state)
{
    double sum = 0;
    for (uint32_t i = 0; i < s->world.bodies; i++)
        sum += physics_energy(&s->world, i, &state[i]);
    return sum;
}

// y = y0 + v t - g t (t + h) / 2, the parabola as steps of h take it: off by g t h / 2 from the
// continuous one.
static void a_thrown_ball_flies_in_a_parabola(void **state)
{
    (void)state;
    stage_init(s);
    const uint32_t ball = stage_body(s, PHYSICS_BALL, 0, 100, 0);
    stage_push(s, ball, 3, 12, -2);
    s->params.windows = 30;
    assert_true(stage_run(s).len > 0);
    for (uint32_t i = 1; i <= 30; i++) {
        assert_true(stage_read(s));
        const double t = i * 6 * 0.016667;
        const double rounded = 0.0001 * i; // half a step each window, always the same way
        assert_true(fabs(place(ball, 0) - 3 * t) < rounded);
        assert_true(fabs(place(ball, 2) + 2 * t) < rounded);
        const double exact = 100 + 12 * t - 9.81 * t * t / 2;
        assert_true(fabs(place(ball, 1) - (exact - 9.81 * t * 0.016667 / 2)) < 0.0005 * i);
        assert_true(fabs(speed(ball, 1) - (12 - 9.81 * t)) < 0.0005 * i);
    }
}

// A box slides v^2 / (2 mu g) far, whatever way it goes.
static void a_sliding_box_stops_where_friction_says(void **state)
{
    (void)state;
    static const double way[][2] = {{5, 0}, {3.54, 3.54}, {1, -4}};
    for (size_t i = 0; i < 3; i++) {
        stage_init(s);
        stage_floor(s, 0.25f, 0);
        const uint32_t box = stage_body(s, PHYSICS_BOX, 0, 0.498f, 0);
        s->body[box].size[1] = 0.5f;
        s->body[box].friction = 0.25f;
        stage_push(s, box, way[i][0], 0, way[i][1]);
        s->params.windows = 60;
        assert_true(stage_run(s).len > 0);
        read_all();
        const double v2 = way[i][0] * way[i][0] + way[i][1] * way[i][1];
        const double length = v2 / (2 * 0.25 * 9.81);
        const double slid = sqrt(place(box, 0) * place(box, 0) + place(box, 2) * place(box, 2));
        print_message("slid %.3f m, exact %.3f m\n", slid, length);
        assert_true(fabs(slid / length - 1) < 0.03);
        assert_true(s->moment[box].rests);
    }
}

// It rises to bounce^2 of the height it fell from.
static void a_ball_rises_as_high_as_its_bounce_says(void **state)
{
    (void)state;
    stage_init(s);
    stage_floor(s, 0.5f, 0.8f);
    const uint32_t ball = stage_body(s, PHYSICS_BALL, 0, 2.5f, 0);
    s->params = (struct physics_params){
        .seed = 1, .bodies = 1, .step_us = 1000, .every = 10, .windows = 130};
    assert_true(stage_run(s).len > 0);
    double top = 0;
    for (uint32_t i = 0; i < 130; i++) {
        assert_true(stage_read(s));
        if (i > 70) // it fell for 0.64 s
            top = fmax(top, place(ball, 1) - 0.5);
    }
    print_message("rose to %.3f m, exact %.3f m\n", top, 0.64 * 2);
    assert_true(fabs(top - 0.64 * 2) < 0.04);
}

// Central, of unequal masses: both conservation laws give the speeds after.
static void colliding_balls_keep_momentum(void **state)
{
    (void)state;
    stage_init(s);
    memset(s->world.gravity, 0, sizeof s->world.gravity);
    const uint32_t a = stage_body(s, PHYSICS_BALL, -2, 0, 0);
    const uint32_t b = stage_body(s, PHYSICS_BALL, 2, 0.1f, 0);
    for (uint32_t i = 0; i < 2; i++) {
        s->body[i].bounce = 1;
        s->body[i].friction = 0;
    }
    s->body[b].mass = 3;
    stage_push(s, a, 4, 0, 0);
    stage_push(s, b, -1, 0, 0);
    const double before = energy(s->state);
    s->params.windows = 20;
    assert_true(stage_run(s).len > 0);
    read_all();
    for (size_t k = 0; k < 3; k++) {
        const double sum = speed(a, k) + 3 * speed(b, k);
        assert_true(fabs(sum - (k == 0 ? 1 : 0)) < 4 * PHYSICS_VELOCITY_STEP);
    }
    print_message("energy %.4f J of %.4f J\n", energy(s->moment), before);
    assert_true(fabs(energy(s->moment) / before - 1) < 0.01);
    assert_true(speed(a, 0) < 0 && speed(b, 0) > 0);
}

struct bounds {    // over a run
    double gain;   // the most energy gained in a window, J
    double depth;  // the deepest that something went below the floor's top, m
    double strays; // the farthest that a body of a stack went sideways, m
};

// The lowest point of a body, by its kind.
static double lowest(uint32_t i)
{
    const struct physics_pose p = physics_pose_of(&s->moment[i]);
    const struct physics_body *b = &s->body[i];
    const double *q = p.turn;
    // The second row of the turn's matrix: what of each own axis points up.
    const double up[3] = {2 * (q[1] * q[2] + q[0] * q[3]), 1 - 2 * (q[1] * q[1] + q[3] * q[3]),
                          2 * (q[2] * q[3] - q[0] * q[1])};
    if (b->kind == PHYSICS_BALL)
        return p.place[1] - (double)b->size[0];
    if (b->kind == PHYSICS_CAPSULE)
        return p.place[1] - (double)b->size[0] - fabs(up[2]) * (double)b->size[1];
    return p.place[1] - fabs(up[0]) * (double)b->size[0] - fabs(up[1]) * (double)b->size[1] -
           fabs(up[2]) * (double)b->size[2];
}

static struct bounds run_long(const char *what)
{
    struct bounds b = {0};
    s->params.every = 10;
    s->params.windows = 1000; // 10,000 steps
    const struct bytes result = stage_run(s);
    assert_true(result.len > 0);
    double last = energy(s->state);
    const double first = last;
    for (uint32_t w = 0; w < 1000; w++) {
        assert_true(stage_read(s));
        const double now = energy(s->moment);
        b.gain = fmax(b.gain, now - last);
        last = now;
        for (uint32_t i = 0; i < s->world.bodies; i++) {
            b.depth = fmax(b.depth, -lowest(i));
            b.strays = fmax(b.strays, hypot(place(i, 0), place(i, 2)));
        }
    }
    uint32_t resting = 0;
    for (uint32_t i = 0; i < s->world.bodies; i++)
        resting += s->moment[i].rests;
    print_message("%s: energy %.3f -> %.3f J, most gained in a window %.4f J, deepest %.4f m, %u "
                  "of %u rest, %zu bytes\n",
                  what, first, last, b.gain, b.depth, resting, s->world.bodies, result.len);
    assert_true(last <= first);
    return b;
}

static void a_stack_of_boxes_stands(void **state)
{
    (void)state;
    stage_init(s);
    stage_floor(s, 0.5f, 0);
    for (uint32_t i = 0; i < 10; i++)
        (void)stage_body(s, PHYSICS_BOX, 0, 0.5f + (float)i, 0);
    const struct bounds b = run_long("stack");
    print_message("strays %.4f m\n", b.strays);
    assert_true(b.gain < 0.1 && b.depth < 0.01 && b.strays < 0.06);
    for (uint32_t i = 0; i < 10; i++)
        assert_true(s->moment[i].rests && fabs(place(i, 1) - (0.5 + i)) < 0.05);
}

static void a_pile_comes_to_rest(void **state)
{
    (void)state;
    stage_init(s);
    stage_floor(s, 0.5f, 0);
    stage_pile(s, 60, 5, 7);
    const struct bounds b = run_long("pile");
    assert_true(b.gain < 0.1 && b.depth < 0.1);
}

static void bouncing_balls_gain_nothing(void **state)
{
    (void)state;
    stage_init(s);
    stage_floor(s, 0.5f, 0.9f);
    for (uint32_t i = 0; i < 20; i++) {
        const uint32_t ball =
            stage_body(s, PHYSICS_BALL, (float)(i % 5), 2 + (float)i / 2, (float)(i / 5));
        s->body[ball].bounce = 0.9f;
        s->body[ball].friction = 0.5f;
    }
    const struct bounds b = run_long("balls");
    assert_true(b.gain < 0.1 && b.depth < 0.2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thrown_ball_flies_in_a_parabola),
        cmocka_unit_test(a_sliding_box_stops_where_friction_says),
        cmocka_unit_test(a_ball_rises_as_high_as_its_bounce_says),
        cmocka_unit_test(colliding_balls_keep_momentum),
        cmocka_unit_test(a_stack_of_boxes_stands),
        cmocka_unit_test(a_pile_comes_to_rest),
        cmocka_unit_test(bouncing_balls_gain_nothing),
    };
    return cmocka_run_group_tests(tests, stage_set_up, stage_tear_down);
}
