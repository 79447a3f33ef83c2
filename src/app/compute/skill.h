// SPDX-License-Identifier: MIT
// Skill: what a task asks of a helper: a kernel, and params of a kind that it can take.
//
// Helpers of ours take params of any bytes. Those that speak JSON (doc/vocabulary.md) can only be
// given params that are JSON themselves. So there are two skills for each kernel, by number, and a
// set of skills is a bit mask.
#ifndef COMPUTE_SKILL_H
#define COMPUTE_SKILL_H

#include <stdbool.h>
#include <stdint.h>

#include "compute/msg.h"

#define SKILLS_MAX 32u
#define SKILL_NONE UINT32_MAX

// SKILL_NONE: no such kernel.
uint32_t skill_of(const char *kernel, bool is_text);
const struct kernel *skill_kernel(uint32_t skill); // NULL: of no kernel
uint32_t skill_count(void);                        // skills are 0 .. skill_count() - 1
// All that a helper with these abilities can do; is_text_only: it speaks JSON.
uint32_t skill_mask(const struct msg_ability *ability, bool is_text_only);

#endif
