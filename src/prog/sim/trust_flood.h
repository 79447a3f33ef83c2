// SPDX-License-Identifier: MIT
// A guard among peers of whom some flood it; for `shoal sim trust flood`.
#ifndef PROG_SIM_TRUST_FLOOD_H
#define PROG_SIM_TRUST_FLOOD_H

#include <stdint.h>

#include "base/rc.h"

// How many of the queries of honest peers and of attackers who flood a guard answers, out of one.
struct sim_flood {
    double honest;
    double attackers;
};
// peers: up to SIM_TRUST_PEERS_MAX. RC_NOMEM.
MUST_USE enum rc sim_trust_flood(struct sim_flood *out, uint32_t peers, uint64_t seed);

#endif
