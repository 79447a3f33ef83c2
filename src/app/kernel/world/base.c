// SPDX-License-Identifier: MIT
// Opens Embree before a sandbox closes, and makes scenes ready behind it.
#include "kernel/world/base.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "kernel/float_mode.h"
#include "kernel/world/world.h"
#include "scene/scene.h"

#define STATE_BYTES_MAX 4096u
#define WORLD_BYTES_MAX (3ull << 30) // of the largest scene that scene.h allows

struct base {
    RTCDevice device;
    uint64_t (*ticks)(void);   // the host's; NULL: none
    struct arena *arena;       // holds this struct
    struct arena *world_arena; // holds what the world is made of
    struct world world;
    bool is_loaded;
};

static void base_close(void *state)
{
    struct base *b = state;
    if (b == NULL)
        return;
    world_close(&b->world);
    if (b->device != NULL)
        rtcReleaseDevice(b->device);
    arena_free(b->world_arena);
    struct arena *own = b->arena;
    arena_free(own);
}

// Builds and traces one triangle, so that Embree and TBB have asked the system for all that they
// ever ask before a sandbox closes.
static enum rc warm_up(RTCDevice device, struct arena *arena)
{
    static const uint8_t one[] = {
        0, 0, 0,    0,    0, 0, 0,    0,    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // a
        0, 0, 0x80, 0x3f, 0, 0, 0,    0,    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // b
        0, 0, 0,    0,    0, 0, 0x80, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // c
        0, 0, 0,    0,    1, 0, 0,    0,    2, 0, 0, 0, 0, 0, 0, 0,                         // abc
    };
    static const uint8_t grey[64] = {[47] = 0x3f, [46] = 0x80}; // ior 1, all else 0
    struct scene scene = {.material_count = 1,
                          .vertex_count = 3,
                          .triangle_count = 1,
                          .materials = bytes_of(grey, sizeof grey),
                          .vertices = bytes_of(one, 72),
                          .triangles = bytes_of(one + 72, 16)};
    struct world world = {0};
    enum rc rc = world_open(&world, device, &scene, arena);
    world_close(&world);
    arena_reset(arena);
    return rc;
}

// Embree itself takes names that it does not know for nothing said. NULL: not a known one.
static const char *device_config(const char *isa)
{
    static const struct {
        const char *isa, *config;
    } known[] = {
        {"sse2", "threads=1,isa=sse2"},     {"sse4.2", "threads=1,isa=sse4.2"},
        {"avx", "threads=1,isa=avx"},       {"avx2", "threads=1,isa=avx2"},
        {"avx512", "threads=1,isa=avx512"},
    };
    if (isa == NULL)
        return "threads=1";
    for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
        if (strcmp(isa, known[i].isa) == 0)
            return known[i].config;
    }
    return NULL;
}

static enum rc open_parts(struct base *b, const char *config)
{
    b->world_arena = arena_new(WORLD_BYTES_MAX);
    if (b->world_arena == NULL)
        return RC_NOMEM;
    const unsigned mode = float_mode_begin();
    b->device = rtcNewDevice(config);
    enum rc rc = b->device == NULL || rtcGetDeviceError(b->device) != RTC_ERROR_NONE
                     ? RC_UNSUPPORTED
                     : warm_up(b->device, b->world_arena);
    float_mode_end(mode);
    return rc;
}

enum rc world_base_open_isa(void **state, uint64_t (*ticks)(void), const char *isa)
{
    *state = NULL;
    const char *config = device_config(isa);
    if (config == NULL)
        return RC_UNSUPPORTED;
    struct arena *arena = arena_new(STATE_BYTES_MAX);
    struct base *b = arena != NULL ? arena_take(arena, sizeof *b) : NULL;
    if (b == NULL) {
        arena_free(arena);
        return RC_NOMEM;
    }
    b->arena = arena;
    b->ticks = ticks;
    enum rc rc = open_parts(b, config);
    if (rc == RC_OK)
        *state = b;
    else
        base_close(b);
    return rc;
}

static enum rc base_open(void **state, uint64_t (*ticks)(void))
{
    return world_base_open_isa(state, ticks, NULL);
}

static enum rc base_load(void *state, struct bytes object)
{
    struct base *b = state;
    assert(b->device != NULL);
    assert(b->world_arena != NULL);
    world_close(&b->world);
    arena_reset(b->world_arena);
    b->is_loaded = false;
    struct scene scene;
    enum rc rc = scene_open(&scene, object, NULL);
    if (rc != RC_OK)
        return rc;
    const unsigned mode = float_mode_begin();
    rc = world_open(&b->world, b->device, &scene, b->world_arena);
    float_mode_end(mode);
    b->is_loaded = rc == RC_OK;
    if (rc != RC_OK)
        world_close(&b->world);
    return rc;
}

const struct world *world_base_loaded(const void *state)
{
    const struct base *b = state;
    assert(!b->is_loaded || b->world.scene != NULL);
    return b->is_loaded ? &b->world : NULL;
}

uint64_t world_base_ticks(const void *state)
{
    const struct base *b = state;
    return b->ticks != NULL ? b->ticks() : 0;
}

const struct kernel_base world_base = {
    .open = base_open,
    .accepts = scene_is,
    .load = base_load,
    .close = base_close,
};
