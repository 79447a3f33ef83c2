// SPDX-License-Identifier: MIT
// One window of one island, by ODE.
#include "kernel/physics/step.h"

#include <assert.h>
#include <math.h>
#include <ode/ode.h>
#include <stdlib.h>

#include "base/rng.h"

#define ITERATIONS     60    // of the solver: ten boxes on one another need 40
#define LAYER          0.002 // m that bodies at rest sink into each other
#define CORRECTION     1.0   // m/s at most, of what sank deeper
#define PAIR_CONTACTS  8     // all that two boxes have: ODE then need not choose, with arc tangents
#define BODY_CONTACTS  64u   // on average; more than that are not looked at any more
#define SLIDES         1e-3  // m/s: from here on friction knows its direction
#define QUIET_PLACE    8     // steps that a body at rest may stray within a window
#define QUIET_TURN     12
#define QUIET_VELOCITY 64
#define QUIET_SPIN     64

struct span {
    dReal box[6]; // low and high x, y, z
    uint32_t slot;
};

struct physics_step {
    dWorldID world;
    dJointGroupID contacts;
    double bounce_least; // m/s
    uint32_t contact_count, contact_most;
    dBodyID *body; // by slot: place in the list of members
    dGeomID *geom;
    bool *touches;     // in the last step
    struct span *span; // in the order of the step before
    const struct physics_body **kind;
    dGeomID obstacle[PHYSICS_OBSTACLES_MAX];
    dReal obstacle_box[PHYSICS_OBSTACLES_MAX][6];
};

struct touch { // of two, the second may be an obstacle
    uint32_t slot[2];
    bool has_other;
    dGeomID geom[2];
    double friction, bounce;
};

struct physics_step *physics_step_new(uint32_t bodies, struct arena *arena)
{
    struct physics_step *s = arena_take(arena, sizeof *s);
    if (s == NULL)
        return NULL;
    s->body = arena_take_array(arena, bodies, sizeof *s->body);
    s->geom = arena_take_array(arena, bodies, sizeof *s->geom);
    s->touches = arena_take_array(arena, bodies, sizeof *s->touches);
    s->span = arena_take_array(arena, bodies, sizeof *s->span);
    s->kind = arena_take_array(arena, bodies, sizeof *s->kind);
    return s->body != NULL && s->geom != NULL && s->touches != NULL && s->span != NULL &&
                   s->kind != NULL
               ? s
               : NULL;
}

static dGeomID shape_of(const struct physics_body *b, dMass *mass)
{
    const double x = (double)b->size[0];
    const double y = (double)b->size[1];
    const double z = (double)b->size[2];
    switch (b->kind) {
    case PHYSICS_BALL:
        dMassSetSphereTotal(mass, (double)b->mass, x);
        return dCreateSphere(NULL, x);
    case PHYSICS_BOX:
        dMassSetBoxTotal(mass, (double)b->mass, 2 * x, 2 * y, 2 * z);
        return dCreateBox(NULL, 2 * x, 2 * y, 2 * z);
    case PHYSICS_CAPSULE:
        dMassSetCapsuleTotal(mass, (double)b->mass, 3, x, 2 * y);
        return dCreateCapsule(NULL, x, 2 * y);
    }
    return NULL;
}

static void add_body(struct physics_step *s, uint32_t slot, const struct physics_body *b,
                     const struct physics_state *from)
{
    const struct physics_pose p = physics_pose_of(from);
    dMass mass;
    dBodyID body = dBodyCreate(s->world);
    s->kind[slot] = b;
    s->body[slot] = body;
    s->geom[slot] = shape_of(b, &mass);
    assert(s->geom[slot] != NULL);
    dBodySetMass(body, &mass);
    dBodySetPosition(body, p.place[0], p.place[1], p.place[2]);
    dBodySetQuaternion(body, p.turn);
    dBodySetLinearVel(body, p.velocity[0], p.velocity[1], p.velocity[2]);
    dBodySetAngularVel(body, p.spin[0], p.spin[1], p.spin[2]);
    dGeomSetBody(s->geom[slot], body);
    s->span[slot].slot = slot;
}

static void add_obstacle(struct physics_step *s, uint32_t i, const struct physics_obstacle *o)
{
    assert(i < PHYSICS_OBSTACLES_MAX);
    const double size[3] = {(double)o->size[0], (double)o->size[1], (double)o->size[2]};
    const double at[3] = {(double)o->place[0], (double)o->place[1], (double)o->place[2]};
    const dQuaternion turn = {(double)o->turn[0], (double)o->turn[1], (double)o->turn[2],
                              (double)o->turn[3]};
    if (o->is_box) {
        s->obstacle[i] = dCreateBox(NULL, 2 * size[0], 2 * size[1], 2 * size[2]);
        dGeomSetPosition(s->obstacle[i], at[0], at[1], at[2]);
        dGeomSetQuaternion(s->obstacle[i], turn);
    } else {
        const double distance = size[0] * at[0] + size[1] * at[1] + size[2] * at[2];
        s->obstacle[i] = dCreatePlane(NULL, size[0], size[1], size[2], distance);
    }
    dGeomGetAABB(s->obstacle[i], s->obstacle_box[i]);
}

// Friction acts against the sliding where there is any: along axes of its own it would be up to
// half as strong again.
static void aim_friction(dContact *c, dBodyID const *body)
{
    dVector3 v;
    const dReal *const at = c->geom.pos;
    const dReal *const n = c->geom.normal;
    dBodyGetPointVel(body[0], at[0], at[1], at[2], v);
    if (body[1] != NULL) {
        dVector3 other;
        dBodyGetPointVel(body[1], at[0], at[1], at[2], other);
        for (size_t i = 0; i < 3; i++)
            v[i] -= other[i];
    }
    const double along = v[0] * n[0] + v[1] * n[1] + v[2] * n[2];
    for (size_t i = 0; i < 3; i++)
        v[i] -= along * n[i];
    const double speed = sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
    if (!(speed > SLIDES))
        return;
    c->surface.mode |= dContactFDir1;
    for (size_t i = 0; i < 3; i++)
        c->fdir1[i] = v[i] / speed;
}

static void touch(struct physics_step *s, const struct touch *t)
{
    dContactGeom found[PAIR_CONTACTS];
    const int count = dCollide(t->geom[0], t->geom[1], PAIR_CONTACTS, found, sizeof *found);
    const dBodyID body[2] = {s->body[t->slot[0]], t->has_other ? s->body[t->slot[1]] : NULL};
    for (int i = 0; i < count && s->contact_count < s->contact_most; i++) {
        dContact c = {.geom = found[i],
                      .surface = {.mode = dContactBounce | dContactApprox1,
                                  .mu = t->friction,
                                  .bounce = t->bounce,
                                  .bounce_vel = s->bounce_least}};
        aim_friction(&c, body);
        dJointAttach(dJointCreateContact(s->world, s->contacts, &c), body[0], body[1]);
        s->contact_count++;
        s->touches[t->slot[0]] = true;
        if (t->has_other)
            s->touches[t->slot[1]] = true;
    }
}

static void touch_bodies(struct physics_step *s, uint32_t a, uint32_t b)
{
    assert(a != b);
    const uint32_t low = a < b ? a : b;
    const uint32_t high = a < b ? b : a;
    const struct physics_body *const x = s->kind[low];
    const struct physics_body *const y = s->kind[high];
    const struct touch t = {.slot = {low, high},
                            .has_other = true,
                            .geom = {s->geom[low], s->geom[high]},
                            .friction = sqrt((double)x->friction * (double)y->friction),
                            .bounce = fmax((double)x->bounce, (double)y->bounce)};
    touch(s, &t);
}

static void touch_obstacle(struct physics_step *s, uint32_t slot, uint32_t obstacle,
                           const struct physics_obstacle *o)
{
    const struct physics_body *const x = s->kind[slot];
    const struct touch t = {.slot = {slot},
                            .geom = {s->geom[slot], s->obstacle[obstacle]},
                            .friction = sqrt((double)x->friction * (double)o->friction),
                            .bounce = fmax((double)x->bounce, (double)o->bounce)};
    touch(s, &t);
}

static bool overlap(const dReal a[6], const dReal b[6])
{
    return a[0] <= b[1] && b[0] <= a[1] && a[2] <= b[3] && b[2] <= a[3] && a[4] <= b[5] &&
           b[4] <= a[5];
}

// By low x. Little moves in a step: nearly nothing to do.
static void sort_spans(struct span *span, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        const struct span moved = span[i];
        uint32_t at = i;
        for (; at > 0 && span[at - 1].box[0] > moved.box[0]; at--)
            span[at] = span[at - 1];
        span[at] = moved;
    }
}

static void find_touches(struct physics_step *s, const struct physics_world *w, uint32_t count)
{
    s->contact_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        s->touches[i] = false;
        dGeomGetAABB(s->geom[s->span[i].slot], s->span[i].box);
    }
    sort_spans(s->span, count);
    for (uint32_t i = 0; i < count; i++) {
        const struct span *const a = &s->span[i];
        for (uint32_t k = 0; k < w->obstacles; k++) {
            if (overlap(a->box, s->obstacle_box[k]))
                touch_obstacle(s, a->slot, k, &w->obstacle[k]);
        }
        for (uint32_t j = i + 1; j < count && s->span[j].box[0] <= a->box[1]; j++) {
            if (overlap(a->box, s->span[j].box))
                touch_bodies(s, a->slot, s->span[j].slot);
        }
    }
}

static bool is_near(const int32_t a[3], const int32_t b[3], int32_t most)
{
    for (size_t i = 0; i < 3; i++) {
        if (abs(a[i] - b[i]) > most)
            return false;
    }
    return true;
}

static bool is_quiet(const struct physics_state *before, const struct physics_state *now)
{
    static const int32_t none[3] = {0};
    return is_near(before->place, now->place, QUIET_PLACE) && before->largest == now->largest &&
           is_near(before->turn, now->turn, QUIET_TURN) &&
           is_near(now->velocity, none, QUIET_VELOCITY) && is_near(now->spin, none, QUIET_SPIN);
}

static struct physics_state read_body(const struct physics_step *s, uint32_t slot,
                                      const struct physics_state *from)
{
    const dReal *const at = dBodyGetPosition(s->body[slot]);
    const dReal *const turn = dBodyGetQuaternion(s->body[slot]);
    const dReal *const velocity = dBodyGetLinearVel(s->body[slot]);
    const dReal *const spin = dBodyGetAngularVel(s->body[slot]);
    struct physics_pose p;
    for (size_t i = 0; i < 3; i++) {
        p.place[i] = at[i];
        p.velocity[i] = velocity[i];
        p.spin[i] = spin[i];
    }
    for (size_t i = 0; i < 4; i++)
        p.turn[i] = turn[i];
    const struct physics_state now = physics_state_of(&p);
    if (!s->touches[slot] || !is_quiet(from, &now))
        return now;
    struct physics_state rest = *from;
    rest.rests = true;
    for (size_t i = 0; i < 3; i++)
        rest.velocity[i] = rest.spin[i] = 0;
    return rest;
}

static void set_up(struct physics_step *s, const struct physics_window *window, uint64_t seed)
{
    const float *const g = window->world->gravity;
    s->world = dWorldCreate();
    s->contacts = dJointGroupCreate(0);
    dWorldSetGravity(s->world, (double)g[0], (double)g[1], (double)g[2]);
    dWorldSetQuickStepNumIterations(s->world, ITERATIONS);
    dWorldSetContactSurfaceLayer(s->world, LAYER);
    dWorldSetContactMaxCorrectingVel(s->world, CORRECTION);
    dWorldSetMaxAngularSpeed(s->world, PHYSICS_SPIN_MAX * PHYSICS_SPIN_STEP);
    // What falls for two steps does not bounce, or nothing would ever lie still.
    s->bounce_least = 2 * window->step_s *
                          sqrt((double)g[0] * (double)g[0] + (double)g[1] * (double)g[1] +
                               (double)g[2] * (double)g[2]) +
                      0.05;
    dRandSetSeed((unsigned long)(rng_mix(seed) & UINT32_MAX));
}

static void tear_down(struct physics_step *s, uint32_t count, uint32_t obstacles)
{
    for (uint32_t i = 0; i < count; i++)
        dGeomDestroy(s->geom[i]);
    for (uint32_t i = 0; i < obstacles; i++)
        dGeomDestroy(s->obstacle[i]);
    dJointGroupDestroy(s->contacts);
    dWorldDestroy(s->world); // and its bodies
}

enum rc physics_step(struct physics_step *s, const struct physics_window *window,
                     const uint16_t *member, uint32_t count, const struct physics_state *from,
                     struct physics_state *to)
{
    assert(count >= 1 && count <= window->world->bodies);
    assert(window->steps >= 1);
    assert(window->step_s > 0);
    const struct physics_world *const w = window->world;
    bool is_good = true;
    set_up(s, window, rng_mix(rng_mix(window->seed) ^ window->index) ^ member[0]);
    s->contact_most = count * BODY_CONTACTS;
    for (uint32_t i = 0; i < count; i++)
        add_body(s, i, &w->body[member[i]], &from[member[i]]);
    for (uint32_t i = 0; i < w->obstacles; i++)
        add_obstacle(s, i, &w->obstacle[i]);
    for (uint32_t i = 0; i < window->steps && is_good; i++) {
        find_touches(s, w, count);
        is_good = dWorldQuickStep(s->world, window->step_s) != 0;
        dJointGroupEmpty(s->contacts);
    }
    for (uint32_t i = 0; i < count; i++)
        to[member[i]] = read_body(s, i, &from[member[i]]);
    tear_down(s, count, w->obstacles);
    return is_good ? RC_OK : RC_NOMEM;
}
