// SPDX-License-Identifier: MIT
// Fuzz: params, worlds and results from strangers; what decodes encodes back, and runs if small.
#include <assert.h>
#include <string.h>

#include "kernel/physics/code.h"
#include "kernel/physics/params.h"
#include "kernel/physics/physics.h"
#include "kernel/physics/world.h"

#define STEPS_MAX 600u // bodies times steps in one run

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run(struct bytes params, struct bytes world, struct bytes shown, bool is_shown)
{
    static uint8_t room[1 << 20];
    struct buffer result = buffer_of(room, sizeof room);
    const struct bytes given[] = {world, shown};
    size_t min;
    size_t max;
    const struct kernel_in in = {params, given, is_shown ? 2 : 1};
    assert(physics_kernel.result_bounds(params, &min, &max) == RC_OK);
    if (physics_kernel.run(NULL, &in, &result, &result) == RC_OK)
        assert(result.len >= min && result.len <= max);
}

static void decode_world(struct bytes in)
{
    static uint8_t back[1 << 16];
    struct arena *arena = arena_new(1 << 20);
    struct physics_world w;
    struct buffer b = buffer_of(back, sizeof back);
    if (arena != NULL && physics_world_decode(&w, in, arena) == RC_OK) {
        physics_world_put(&w, &b);
        assert(b.is_full || bytes_equal(buffer_bytes(&b), in)); // there is one way to say it
    }
    arena_free(arena);
}

// Two lengths, then params, a world, and what is shown.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void *none;
    static bool is_open;
    if (!is_open)
        is_open = physics_base.open(&none, NULL) == RC_OK;
    struct cursor c = {.left = bytes_of(data, size)};
    const size_t params_len = cursor_u16le(&c);
    const size_t world_len = cursor_u16le(&c);
    const struct bytes params = cursor_take(&c, params_len);
    const struct bytes world = cursor_take(&c, world_len);
    static struct physics_params p;
    if (c.is_bad || physics_params_decode(&p, params) != RC_OK)
        return 0;
    static uint8_t back[KERNEL_PARAMS_BYTES_MAX];
    struct buffer b = buffer_of(back, sizeof back);
    assert(physics_params_encode(&p, &b) == RC_OK);
    assert(bytes_equal(buffer_bytes(&b), params));
    decode_world(world);
    struct physics_state from[4] = {0};
    struct physics_state to[4];
    const struct physics_code k = {.bodies = 4, .step_s = 0.01, .steps = 6};
    struct cursor shown = c;
    (void)!physics_record_decode(&k, &shown, from, to);
    if (p.bodies * p.every * (p.is_audit ? p.pick_count + 3 : p.windows) <= STEPS_MAX)
        run(params, world, c.left, p.is_audit);
    return 0;
}
