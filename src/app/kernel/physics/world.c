// SPDX-License-Identifier: MIT
// A world of rigid bodies as flat bytes, checked before use.
#include "kernel/physics/world.h"

#include <math.h>

#define MAGIC "shoalpw1"

static bool is_within(float v, float low, float high) // false for NaN too
{
    return v >= low && v <= high;
}

static bool all_within(const float *v, size_t count, float low, float high)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_within(v[i], low, high))
            return false;
    }
    return true;
}

static bool is_unit(const float *v, size_t count)
{
    float sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += v[i] * v[i];
    return is_within(sum, 0.999f, 1.001f);
}

static bool touch_is_good(float friction, float bounce)
{
    return is_within(friction, 0, PHYSICS_FRICTION_MAX) && is_within(bounce, 0, 1);
}

static bool obstacle_is_good(const struct physics_obstacle *o)
{
    const bool has_size = o->is_box
                              ? all_within(o->size, 3, PHYSICS_SIZE_MIN, PHYSICS_WALL_MAX)
                              : all_within(o->size, 3, -1.001f, 1.001f) && is_unit(o->size, 3);
    return has_size && all_within(o->place, 3, -PHYSICS_WALL_MAX, PHYSICS_WALL_MAX) &&
           all_within(o->turn, 4, -1.001f, 1.001f) && is_unit(o->turn, 4) &&
           touch_is_good(o->friction, o->bounce);
}

static bool body_is_good(const struct physics_body *b)
{
    static const uint8_t sizes[] = {1, 3, 2};
    const size_t used = sizes[b->kind];
    return all_within(b->size, used, PHYSICS_SIZE_MIN, PHYSICS_SIZE_MAX) &&
           all_within(b->size + used, 3 - used, 0, 0) &&
           is_within(b->mass, PHYSICS_MASS_MIN, PHYSICS_MASS_MAX) &&
           touch_is_good(b->friction, b->bounce);
}

static void get_floats(struct cursor *c, float *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = cursor_f32le(c);
}

static void put_floats(struct buffer *b, const float *v, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buffer_f32le(b, v[i]);
}

static bool get_obstacle(struct cursor *c, struct physics_obstacle *o)
{
    const uint32_t kind = cursor_u32le(c);
    o->is_box = kind == 1;
    get_floats(c, o->size, 3);
    get_floats(c, o->place, 3);
    get_floats(c, o->turn, 4);
    o->friction = cursor_f32le(c);
    o->bounce = cursor_f32le(c);
    return kind <= 1 && obstacle_is_good(o);
}

static bool get_body(struct cursor *c, struct physics_body *b, struct physics_state *s)
{
    const uint32_t kind = cursor_u32le(c);
    if (kind > PHYSICS_CAPSULE)
        return false;
    b->kind = (enum physics_kind)kind;
    get_floats(c, b->size, 3);
    b->mass = cursor_f32le(c);
    b->friction = cursor_f32le(c);
    b->bounce = cursor_f32le(c);
    *s = physics_state_get(c);
    return body_is_good(b) && physics_state_is_good(s);
}

enum rc physics_world_decode(struct physics_world *out, struct bytes in, struct arena *arena)
{
    struct cursor c = {.left = in};
    const bool is_one = bytes_is(cursor_take(&c, sizeof MAGIC - 1), MAGIC);
    struct physics_world w = {.bodies = cursor_u32le(&c)};
    w.obstacles = cursor_u32le(&c);
    get_floats(&c, w.gravity, 3);
    if (!is_one || w.bodies < 1 || w.bodies > PHYSICS_BODIES_MAX ||
        w.obstacles > PHYSICS_OBSTACLES_MAX ||
        !all_within(w.gravity, 3, -PHYSICS_GRAVITY_MAX, PHYSICS_GRAVITY_MAX) ||
        c.left.len != w.obstacles * PHYSICS_OBSTACLE_BYTES + w.bodies * PHYSICS_BODY_BYTES)
        return RC_MALFORMED;
    w.obstacle = arena_take_array(arena, w.obstacles + 1, sizeof *w.obstacle);
    w.body = arena_take_array(arena, w.bodies, sizeof *w.body);
    w.state = arena_take_array(arena, w.bodies, sizeof *w.state);
    if (w.obstacle == NULL || w.body == NULL || w.state == NULL)
        return RC_NOMEM;
    bool is_good = true;
    for (uint32_t i = 0; i < w.obstacles && is_good; i++)
        is_good = get_obstacle(&c, &w.obstacle[i]);
    for (uint32_t i = 0; i < w.bodies && is_good; i++)
        is_good = get_body(&c, &w.body[i], &w.state[i]);
    if (!is_good || !cursor_done(&c))
        return RC_MALFORMED;
    *out = w;
    return RC_OK;
}

void physics_world_put(const struct physics_world *w, struct buffer *out)
{
    buffer_put(out, bytes_text(MAGIC));
    buffer_u32le(out, w->bodies);
    buffer_u32le(out, w->obstacles);
    put_floats(out, w->gravity, 3);
    for (uint32_t i = 0; i < w->obstacles; i++) {
        const struct physics_obstacle *o = &w->obstacle[i];
        buffer_u32le(out, o->is_box);
        put_floats(out, o->size, 3);
        put_floats(out, o->place, 3);
        put_floats(out, o->turn, 4);
        buffer_f32le(out, o->friction);
        buffer_f32le(out, o->bounce);
    }
    for (uint32_t i = 0; i < w->bodies; i++) {
        const struct physics_body *b = &w->body[i];
        buffer_u32le(out, b->kind);
        put_floats(out, b->size, 3);
        buffer_f32le(out, b->mass);
        buffer_f32le(out, b->friction);
        buffer_f32le(out, b->bounce);
        physics_state_put(out, &w->state[i]);
    }
}
