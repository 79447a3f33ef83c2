// SPDX-License-Identifier: MIT
// What a person, or a script, in front of a hub sees: one line for each thing that happened.
#ifndef PROG_HUB_VIEW_H
#define PROG_HUB_VIEW_H

#include <stdbool.h>

#include "compute/broker.h"

void hub_view_note(const struct broker_note *note, bool is_json);

#endif
