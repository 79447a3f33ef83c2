// SPDX-License-Identifier: MIT
// A chunk of a city: streets around it, lanes through it, blocks between them, lots in blocks.
#ifndef KERNEL_LEVEL_CITY_H
#define KERNEL_LEVEL_CITY_H

#include "kernel/level/chunk.h"

void level_city(struct level_chunk *c); // begun, and nothing else done with it

#endif
