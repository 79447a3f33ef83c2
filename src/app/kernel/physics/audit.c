// SPDX-License-Identifier: MIT
// What looks least like physics between two moments.
#include "kernel/physics/audit.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

// What honest windows show all the time; measured: doc/kernels/physics.md.
#define GAIN_USUAL    0.05 // J/kg
#define JUMP_USUAL    0.01 // m
#define OVERLAP_USUAL 0.05 // m

enum sign { SIGN_GAIN, SIGN_JUMP, SIGN_OVERLAP };

struct physics_ball_at { // the largest ball inside a body
    double at[3];
    double radius;
    uint16_t body;
};

enum rc physics_audit_init(struct physics_audit *a, uint32_t bodies, struct arena *arena)
{
    *a = (struct physics_audit){.ball = arena_take_array(arena, bodies, sizeof *a->ball)};
    return a->ball != NULL ? RC_OK : RC_NOMEM;
}

static void accuse(struct physics_audit *a, enum sign sign, double how_much, uint32_t window,
                   uint16_t body)
{
    assert(sign < PHYSICS_SIGNS);
    assert(window < PHYSICS_WINDOWS_MAX);
    if (!(how_much > a->sign[sign].worst))
        return;
    a->sign[sign] = (struct physics_suspect){how_much, {(uint16_t)window, body}};
}

// Around its own axes.
static void inertia_of(const struct physics_body *b, double out[3])
{
    const double m = (double)b->mass;
    const double x = (double)b->size[0];
    const double y = (double)b->size[1];
    const double z = (double)b->size[2];
    if (b->kind == PHYSICS_BALL) {
        out[0] = out[1] = out[2] = 0.4 * m * x * x;
    } else if (b->kind == PHYSICS_BOX) {
        out[0] = m / 3 * (y * y + z * z);
        out[1] = m / 3 * (x * x + z * z);
        out[2] = m / 3 * (x * x + y * y);
    } else { // a cylinder between two halves of a ball
        const double balls = m * 4 * x / (4 * x + 6 * y);
        const double tube = m - balls;
        out[0] = out[1] =
            tube * (x * x / 4 + y * y / 3) + balls * (0.4 * x * x + 0.75 * x * y + y * y);
        out[2] = tube * x * x / 2 + balls * 0.4 * x * x;
    }
}

// v as the body sees it.
static void turn_back(const double q[4], const double v[3], double out[3])
{
    const double t[3] = {2 * (v[1] * q[3] - v[2] * q[2]), 2 * (v[2] * q[1] - v[0] * q[3]),
                         2 * (v[0] * q[2] - v[1] * q[1])};
    out[0] = v[0] + q[0] * t[0] + (t[1] * q[3] - t[2] * q[2]);
    out[1] = v[1] + q[0] * t[1] + (t[2] * q[1] - t[0] * q[3]);
    out[2] = v[2] + q[0] * t[2] + (t[0] * q[2] - t[1] * q[1]);
}

double physics_energy(const struct physics_world *w, uint32_t body, const struct physics_state *s)
{
    const struct physics_pose p = physics_pose_of(s);
    const double m = (double)w->body[body].mass;
    double inertia[3];
    double spin[3];
    double sum = 0;
    inertia_of(&w->body[body], inertia);
    turn_back(p.turn, p.spin, spin);
    for (size_t i = 0; i < 3; i++)
        sum += 0.5 * m * p.velocity[i] * p.velocity[i] + 0.5 * inertia[i] * spin[i] * spin[i] -
               m * (double)w->gravity[i] * p.place[i];
    return sum;
}

static void look_at_energy(struct physics_audit *a, const struct physics_scene *v)
{
    const struct physics_world *const w = v->world;
    const struct physics_islands *const is = v->islands;
    for (uint32_t i = 0; i < is->count; i++) {
        double gain = 0;
        double mass = 0;
        for (uint32_t k = is->start[i]; k < is->start[i + 1]; k++) {
            const uint16_t body = is->member[k];
            mass += (double)w->body[body].mass;
            gain += physics_energy(w, body, &v->after[body]) -
                    physics_energy(w, body, &v->before[body]);
        }
        if (gain > GAIN_USUAL * mass)
            accuse(a, SIGN_GAIN, gain / mass, v->window, is->member[is->start[i]]);
    }
}

// Beyond what one blow at some moment of the window explains.
static double jump_of(const struct physics_state *before, const struct physics_state *after,
                      double window_s)
{
    const struct physics_pose p = physics_pose_of(before);
    const struct physics_pose q = physics_pose_of(after);
    double off2 = 0;
    double change2 = 0;
    for (size_t i = 0; i < 3; i++) {
        const double mean = 0.5 * (p.velocity[i] + q.velocity[i]);
        const double off = q.place[i] - p.place[i] - mean * window_s;
        const double change = 0.5 * (q.velocity[i] - p.velocity[i]) * window_s;
        off2 += off * off;
        change2 += change * change;
    }
    return sqrt(off2) - sqrt(change2);
}

static double inner_ball(const struct physics_body *b)
{
    if (b->kind != PHYSICS_BOX)
        return (double)b->size[0];
    return fmin(fmin((double)b->size[0], (double)b->size[1]), (double)b->size[2]);
}

static int by_x(const void *a, const void *b)
{
    const struct physics_ball_at *x = a;
    const struct physics_ball_at *y = b;
    const double low = x->at[0] - x->radius;
    const double other = y->at[0] - y->radius;
    return low < other ? -1 : low > other ? 1 : (x->body > y->body) - (x->body < y->body);
}

static double overlap_of(const struct physics_ball_at *x, const struct physics_ball_at *y)
{
    const double d[3] = {x->at[0] - y->at[0], x->at[1] - y->at[1], x->at[2] - y->at[2]};
    return x->radius + y->radius - sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
}

static struct physics_ball_at ball_of(const struct physics_world *w, uint16_t body,
                                      const struct physics_state *s)
{
    struct physics_ball_at b = {.radius = inner_ball(&w->body[body]), .body = body};
    for (size_t i = 0; i < 3; i++)
        b.at[i] = s->place[i] * PHYSICS_PLACE_STEP;
    return b;
}

static void look_at_planes(struct physics_audit *a, const struct physics_world *w,
                           const struct physics_ball_at *b, uint32_t window)
{
    for (uint32_t k = 0; k < w->obstacles; k++) {
        const struct physics_obstacle *const o = &w->obstacle[k];
        double above = -b->radius;
        for (size_t i = 0; i < 3; i++)
            above += (b->at[i] - (double)o->place[i]) * (double)o->size[i];
        if (!o->is_box && -above > OVERLAP_USUAL)
            accuse(a, SIGN_OVERLAP, -above, window, b->body);
    }
}

// Bodies that rest and did before cannot have sunk.
static void look_at_overlap(struct physics_audit *a, const struct physics_scene *v)
{
    const struct physics_world *const w = v->world;
    const struct physics_state *const before = v->before;
    const struct physics_state *const after = v->after;
    for (uint32_t i = 0; i < w->bodies; i++) {
        a->ball[i] = ball_of(w, (uint16_t)i, &after[i]);
        if (!after[i].rests || !before[i].rests)
            look_at_planes(a, w, &a->ball[i], v->window);
    }
    qsort(a->ball, w->bodies, sizeof *a->ball, by_x);
    for (uint32_t i = 0; i < w->bodies; i++) {
        const struct physics_ball_at *const x = &a->ball[i];
        for (uint32_t j = i + 1; j < w->bodies; j++) {
            const struct physics_ball_at *const y = &a->ball[j];
            if (y->at[0] - y->radius > x->at[0] + x->radius)
                break;
            const double deep = overlap_of(x, y);
            if (deep > OVERLAP_USUAL && !(before[x->body].rests && before[y->body].rests))
                accuse(a, SIGN_OVERLAP, deep, v->window, x->body);
        }
    }
}

void physics_audit_look(struct physics_audit *a, const struct physics_scene *scene)
{
    assert(scene->window_s > 0);
    look_at_energy(a, scene);
    for (uint32_t i = 0; i < scene->world->bodies; i++) {
        const double jump = jump_of(&scene->before[i], &scene->after[i], scene->window_s);
        if (jump > JUMP_USUAL)
            accuse(a, SIGN_JUMP, jump, scene->window, (uint16_t)i);
    }
    look_at_overlap(a, scene);
}
