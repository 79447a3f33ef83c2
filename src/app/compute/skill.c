// SPDX-License-Identifier: MIT
// Skill: what a task asks of a helper: a kernel, and params of a kind that it can take.
#include "compute/skill.h"

#include <assert.h>
#include <string.h>

#include "kernel/kernel.h"

uint32_t skill_of(const char *kernel, bool is_text)
{
    for (uint32_t i = 0; kernel_at(i) != NULL; i++) {
        assert(2 * i + 1 < SKILLS_MAX);
        if (strcmp(kernel_at(i)->name, kernel) == 0)
            return 2 * i + is_text;
    }
    return SKILL_NONE;
}

const struct kernel *skill_kernel(uint32_t skill)
{
    return kernel_at(skill / 2);
}

uint32_t skill_count(void)
{
    uint32_t count = 0;
    while (skill_kernel(count) != NULL)
        count++;
    return count;
}

uint32_t skill_mask(const struct msg_ability *ability, bool is_text_only)
{
    uint32_t mask = 0;
    for (uint32_t i = 0; i < ability->speed_count; i++) {
        uint32_t skill = skill_of(ability->speed[i].kernel, true);
        if (skill == SKILL_NONE)
            continue; // a newer helper: it can more than we know of
        mask |= 1u << skill;
        if (!is_text_only)
            mask |= 1u << (skill - 1);
    }
    return mask;
}
