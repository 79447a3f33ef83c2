// SPDX-License-Identifier: MIT
// States of all bodies after each window, as differences from where they were expected.
#include "kernel/physics/code.h"

#include <assert.h>
#include <string.h>

#include "base/num.h"

#define LENGTH_BYTES 3u

// Widths by their 4 bits; 27 holds any difference of two places.
static const uint8_t widths[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 18, 27};
static_assert(4 * PHYSICS_PLACE_MAX <= 1 << 27, "a zigzag difference fits the widest");
static_assert(4 * PHYSICS_VELOCITY_MAX <= 1 << 27, "a zigzag difference fits the widest");

struct bits { // written; with out NULL only counted
    struct buffer *out;
    uint64_t hold;
    uint32_t held, count;
};

static void put(struct bits *b, uint32_t value, uint32_t width)
{
    b->count += width;
    if (b->out == NULL)
        return;
    b->hold |= (uint64_t)value << b->held;
    for (b->held += width; b->held >= 8; b->held -= 8, b->hold >>= 8)
        buffer_u8(b->out, (uint8_t)b->hold);
}

struct bits_in {
    struct cursor left;
    uint64_t hold;
    uint32_t held;
};

static uint32_t get(struct bits_in *b, uint32_t width)
{
    for (; b->held < width; b->held += 8)
        b->hold |= (uint64_t)cursor_u8(&b->left) << b->held;
    const uint32_t value = (uint32_t)(b->hold & ((1u << width) - 1));
    b->hold >>= width;
    b->held -= width;
    return value;
}

static uint32_t zigzag(int32_t v)
{
    return v < 0 ? (uint32_t)(-(v + 1)) * 2 + 1 : (uint32_t)v * 2;
}

static int32_t zagzig(uint32_t v)
{
    return (v & 1) != 0 ? -(int32_t)(v >> 1) - 1 : (int32_t)(v >> 1);
}

static void put_three(struct bits *b, const int32_t to[3], const int32_t expected[3])
{
    uint32_t all = 0;
    for (size_t i = 0; i < 3; i++)
        all |= zigzag(to[i] - expected[i]);
    uint32_t w = 0;
    while (all >> widths[w] != 0)
        w++;
    assert(w < ARRAY_COUNT(widths));
    put(b, w, 4);
    for (size_t i = 0; i < 3; i++)
        put(b, zigzag(to[i] - expected[i]), widths[w]);
}

static void get_three(struct bits_in *b, int32_t to[3], const int32_t expected[3])
{
    const uint32_t width = widths[get(b, 4)];
    for (size_t i = 0; i < 3; i++)
        to[i] = expected[i] + zagzig(get(b, width));
}

static void put_turn(struct bits *b, const struct physics_state *to,
                     const struct physics_state *expected)
{
    put(b, to->largest != expected->largest, 1);
    if (to->largest != expected->largest)
        put(b, to->largest, 2);
    put_three(b, to->turn, expected->turn);
}

static void get_turn(struct bits_in *b, struct physics_state *to,
                     const struct physics_state *expected)
{
    to->largest = get(b, 1) != 0 ? (uint8_t)get(b, 2) : expected->largest;
    get_three(b, to->turn, expected->turn);
}

static void put_moving(struct bits *b, const struct physics_state *to,
                       const struct physics_state *expected)
{
    put_three(b, to->place, expected->place);
    put_turn(b, to, expected);
    put_three(b, to->velocity, expected->velocity);
    put_three(b, to->spin, expected->spin);
}

static struct physics_state expect(const struct physics_code *k, const struct physics_state *from,
                                   bool falls)
{
    static const double none[3] = {0};
    return physics_ahead(from, falls ? k->gravity : none, k->step_s, k->steps);
}

static void put_body(const struct physics_code *k, const struct physics_state *from,
                     const struct physics_state *to, struct bits *b)
{
    const struct physics_state falling = expect(k, from, true);
    const bool is_expected = physics_state_equal(to, from->rests ? from : &falling);
    put(b, !is_expected, 1);
    if (is_expected)
        return;
    put(b, !to->rests, 1);
    if (to->rests) {
        put_three(b, to->place, from->place);
        put_turn(b, to, from);
        return;
    }
    const struct physics_state held = expect(k, from, false);
    struct bits with = {0};
    struct bits without = {0};
    put_moving(&with, to, &falling);
    put_moving(&without, to, &held);
    const bool falls = with.count <= without.count;
    put(b, falls, 1);
    put_moving(b, to, falls ? &falling : &held);
}

static void get_body(const struct physics_code *k, const struct physics_state *from,
                     struct physics_state *to, struct bits_in *b)
{
    *to = (struct physics_state){0};
    if (get(b, 1) == 0) {
        *to = from->rests ? *from : expect(k, from, true);
        return;
    }
    to->rests = get(b, 1) == 0;
    if (to->rests) {
        get_three(b, to->place, from->place);
        get_turn(b, to, from);
        return;
    }
    const struct physics_state expected = expect(k, from, get(b, 1) != 0);
    get_three(b, to->place, expected.place);
    get_turn(b, to, &expected);
    get_three(b, to->velocity, expected.velocity);
    get_three(b, to->spin, expected.spin);
}

uint32_t physics_record_bytes_max(uint32_t bodies)
{
    return LENGTH_BYTES + (uint32_t)num_div_ceil((uint64_t)bodies * PHYSICS_RECORD_BODY_BITS, 8);
}

uint32_t physics_record_bytes_min(uint32_t bodies)
{
    return LENGTH_BYTES + (uint32_t)num_div_ceil(bodies, 8);
}

void physics_record_put(const struct physics_code *k, const struct physics_state *from,
                        const struct physics_state *to, struct buffer *out)
{
    assert(k->bodies >= 1);
    assert(k->steps >= 1);
    uint8_t *const length = buffer_room(out, LENGTH_BYTES);
    const size_t start = out->len;
    struct bits b = {.out = out};
    for (uint32_t i = 0; i < k->bodies; i++)
        put_body(k, &from[i], &to[i], &b);
    if (b.held > 0)
        buffer_u8(out, (uint8_t)b.hold);
    assert(out->is_full || out->len - start <= physics_record_bytes_max(k->bodies));
    for (size_t i = 0; length != NULL && i < LENGTH_BYTES; i++)
        length[i] = (uint8_t)((out->len - start) >> 8 * i);
}

bool physics_record_decode(const struct physics_code *k, struct cursor *in,
                           const struct physics_state *from, struct physics_state *to)
{
    uint32_t length = cursor_u16le(in);
    length |= (uint32_t)cursor_u8(in) << 16;
    struct bits_in b = {.left = {.left = cursor_take(in, length)}};
    for (uint32_t i = 0; i < k->bodies && !b.left.is_bad; i++) {
        get_body(k, &from[i], &to[i], &b);
        if (!physics_state_is_good(&to[i]))
            return false;
    }
    return !in->is_bad && cursor_done(&b.left) && b.held < 8 && b.hold == 0;
}
