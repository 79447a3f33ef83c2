// SPDX-License-Identifier: MIT
// Scenarios for schedulers, read from JSON ("schema": "shoal-scenario/1"; doc/scheduler.md).
#ifndef SIM_SCENARIO_H
#define SIM_SCENARIO_H

#include "base/bytes.h"
#include "base/rc.h"
#include "sim/fleet.h"

// RC_MALFORMED: no JSON, or a member is missing or out of range, which *err names.
MUST_USE enum rc scenario_read(struct fleet_cfg *out, struct bytes json, struct err *err);

#endif
