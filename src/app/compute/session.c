// SPDX-License-Identifier: MIT
// Session: where a player stands and looks, stepped by its input, alike on every machine.
#include "compute/session.h"

#include <assert.h>
#include <math.h>

#include "base/num.h"
#include "scene/camera.h"
#include "scene/math.h"

#define TURN      4294967296.0 // a full turn, in steps of an angle
#define QUARTER   (1u << 30)
#define PITCH_MAX ((int64_t)(SESSION_PITCH_DEG / 360.0 * TURN))

// Less of a look than this is sideways: it says nothing about where ahead is.
#define STEEP 1e-4f

static_assert(SESSION_AHEAD_US >= SESSION_STEP_US_MAX, "the longest step can be taken at all");

static bool are_within(const float *v, size_t count, float bound)
{
    for (size_t i = 0; i < count; i++)
        if (!float_within(v[i], -bound, bound))
            return false;
    return true;
}

static void sincos_of(uint32_t angle, float *sine, float *cosine)
{
    math_sincos((float)(angle / TURN), sine, cosine);
}

// The angle of a direction (cosine, sine) of any length but 0: bisection, since libm's arctangent
// differs between machines.
static uint32_t angle_of(float sine, float cosine)
{
    uint32_t base = 0;
    for (; !(cosine > 0.0f && sine >= 0.0f); base += QUARTER) { // at most three times
        const float was = sine;
        sine = -cosine;
        cosine = was;
        assert(base < 3 * QUARTER);
    }
    uint32_t low = 0;
    for (uint32_t half = QUARTER / 2; half > 0; half /= 2) {
        float s;
        float c;
        sincos_of(low + half, &s, &c);
        if (s * cosine <= c * sine)
            low += half;
    }
    return base + low;
}

static int64_t signed_angle(uint32_t angle)
{
    return angle < 2 * QUARTER ? (int64_t)angle : (int64_t)angle - (int64_t)TURN;
}

static int64_t clamp_pitch(int64_t pitch)
{
    return pitch > PITCH_MAX ? PITCH_MAX : pitch < -PITCH_MAX ? -PITCH_MAX : pitch;
}

static uint32_t wrap(int64_t angle) // from -2 TURN on
{
    return (uint32_t)((uint64_t)(angle + 2 * (int64_t)TURN) & UINT32_MAX);
}

void session_init(struct session *s)
{
    *s = (struct session){.step = 0};
}

enum rc session_start(struct session *s, const struct camera *camera)
{
    if (!camera_is_good(camera))
        return RC_MALFORMED;
    const struct vec look = vec_unit(vec_sub(vec_from(camera->target), vec_from(camera->eye)));
    if (!(vec_length(look) > 0.5f)) // one point, or so near that its square is none
        return RC_MALFORMED;
    const float flat = sqrtf(look.x * look.x + look.z * look.z);
    struct vec ahead = look;
    if (flat < STEEP) // straight up or down: then the top of the picture is ahead, or behind
        ahead = vec_scale(vec_unit(vec_from(camera->up)), look.y < 0.0f ? 1.0f : -1.0f);
    const bool has_ahead = ahead.x * ahead.x + ahead.z * ahead.z > 0.0f;
    *s = (struct session){.has_camera = true,
                          .camera = *camera,
                          .yaw = has_ahead ? angle_of(ahead.x, -ahead.z) : 0,
                          .pitch = clamp_pitch(signed_angle(angle_of(look.y, flat)))};
    for (size_t i = 0; i < 3; i++)
        s->eye[i] = (double)camera->eye[i];
    return RC_OK;
}

// How far ahead of real time it would be, if nothing more was taken until now.
static uint64_t ahead_us(const struct session *s, uint64_t now_us)
{
    return time_since(time_since(s->seen_us, now_us), s->ahead_us);
}

uint64_t session_due_us(const struct session *s, uint32_t for_us)
{
    const uint64_t sum_us = s->ahead_us + for_us;
    return sum_us <= SESSION_AHEAD_US ? 0 : time_after(s->seen_us, sum_us - SESSION_AHEAD_US);
}

static int64_t turned(float share, uint32_t for_us) // |..| <= twice TURN
{
    const double angle = (double)share * (SESSION_TURN_DEG_S / 360.0 * TURN) * (for_us / 1e6);
    return (int64_t)(angle < 0.0 ? angle - 0.5 : angle + 0.5);
}

static struct vec look_of(const struct session *s, struct vec *right)
{
    float sine;
    float cosine;
    float up;
    float flat;
    sincos_of(s->yaw, &sine, &cosine);
    sincos_of(wrap(s->pitch), &up, &flat);
    *right = vec_of(cosine, 0.0f, sine);
    return vec_of(flat * sine, up, -flat * cosine);
}

static void move(struct session *s, const struct session_input *in, struct vec look,
                 struct vec right)
{
    const double m[3] = {(double)in->move[0], (double)in->move[1], (double)in->move[2]};
    const double length = sqrt(m[0] * m[0] + m[1] * m[1] + m[2] * m[2]);
    const double share = length > 1.0 ? 1.0 / length : 1.0; // across the corner is no faster
    const double far_m = SESSION_SPEED_M_S * (in->for_us / 1e6) * share;
    const double by[3] = {m[0] * (double)right.x + m[2] * (double)look.x,
                          m[1] + m[2] * (double)look.y,
                          m[0] * (double)right.z + m[2] * (double)look.z};
    for (size_t i = 0; i < 3; i++) {
        const double to = s->eye[i] + far_m * by[i];
        s->eye[i] = to > SESSION_EXTENT_M    ? SESSION_EXTENT_M
                    : to < -SESSION_EXTENT_M ? -SESSION_EXTENT_M
                                             : to;
    }
}

static void set_camera(struct session *s, struct vec look)
{
    const float at[3] = {look.x, look.y, look.z};
    for (size_t i = 0; i < 3; i++) {
        s->camera.eye[i] = (float)s->eye[i];
        // From the rounded eye, so that rounding it turns nothing. In floats alone: gcc 12's
        // vectoriser leaves the rounding of (double)(float)x out, clang does not.
        s->camera.target[i] = s->camera.eye[i] + SESSION_LOOK_M * at[i];
        s->camera.up[i] = i == 1 ? 1.0f : 0.0f;
    }
}

static bool input_is_good(const struct session_input *in)
{
    return in->for_us >= 1 && in->for_us <= SESSION_STEP_US_MAX && are_within(in->move, 3, 1.0f) &&
           are_within(in->turn, 2, 1.0f);
}

enum rc session_step(struct session *s, const struct session_input *input, uint64_t now_us)
{
    if (!s->has_camera)
        return RC_ABSENT;
    if (!input_is_good(input))
        return RC_MALFORMED;
    if (input->step != s->step + 1)
        return RC_REFUSED;
    const uint64_t sum_us = ahead_us(s, now_us) + input->for_us;
    if (sum_us > SESSION_AHEAD_US)
        return RC_AGAIN;
    s->step = input->step;
    s->ahead_us = sum_us;
    s->seen_us = num_max(s->seen_us, now_us);
    s->yaw = wrap((int64_t)s->yaw + turned(input->turn[0], input->for_us));
    s->pitch = clamp_pitch(s->pitch + turned(input->turn[1], input->for_us));
    struct vec right;
    const struct vec look = look_of(s, &right);
    move(s, input, look, right);
    set_camera(s, look);
    assert(s->pitch >= -PITCH_MAX && s->pitch <= PITCH_MAX);
    assert(camera_is_good(&s->camera)); // or no kernel would take it
    return RC_OK;
}
