// SPDX-License-Identifier: MIT
// `shoal sim trust`: reputation under attack, the machine that ships beside two other rules.
#ifndef PROG_SIM_TRUST_H
#define PROG_SIM_TRUST_H

#include "prog/sim/options.h"

extern const struct sim_part sim_trust;

#endif
