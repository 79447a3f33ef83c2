// SPDX-License-Identifier: MIT
// The attacks that `shoal sim trust` knows.
#ifndef PROG_SIM_TRUST_ATTACK_H
#define PROG_SIM_TRUST_ATTACK_H

#include <stddef.h>

#include "prog/sim/trust_world.h"

const struct sim_attack *sim_attack_at(size_t index);       // NULL: no more
const struct sim_attack *sim_attack_find(const char *name); // NULL: there is none

#endif
