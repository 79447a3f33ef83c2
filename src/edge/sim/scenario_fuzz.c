// SPDX-License-Identifier: MIT
// Any bytes as a scenario: refused in one line, or a fleet that can be played.
#include <assert.h>

#include "sim/fleet.h"
#include "sim/scenario.h"

#define STEPS_MAX  200
#define HELPERS_OK 1000u // larger fleets are fine, and slow to make thousands of times
#define TASKS_OK   2000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_small(const struct fleet_cfg *cfg)
{
    uint64_t helpers = 0;
    for (uint32_t i = 0; i < cfg->group_count; i++)
        helpers += cfg->group[i].count;
    return helpers <= HELPERS_OK && cfg->task_count <= TASKS_OK;
}

static void play(struct fleet *p)
{
    struct fleet_event e;
    const struct fleet_said said = {1, 0, 2};
    for (int i = 0; i < STEPS_MAX && fleet_next(p, &e); i++) {
        if (e.kind == FLEET_TASK)
            for (uint32_t h = 0; h < fleet_helpers(p) && h < 3; h++)
                (void)fleet_assign(p, e.task, h, &said);
        if (e.kind == FLEET_ANSWER)
            fleet_cancel(p, e.task, 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fleet_cfg cfg;
    struct err err = {.text = ""};
    const enum rc rc = scenario_read(&cfg, bytes_of(data, size), &err);
    assert(rc == RC_OK || err.text[0] != 0);
    if (rc != RC_OK || !is_small(&cfg))
        return 0;
    struct arena *arena = arena_new(fleet_bytes(&cfg));
    struct fleet *p = NULL;
    assert(arena != NULL);
    const enum rc made = fleet_new(&p, arena, &cfg, 1);
    assert(made == RC_OK || made == RC_CONFIG);
    if (made == RC_OK)
        play(p);
    arena_free(arena);
    return 0;
}
