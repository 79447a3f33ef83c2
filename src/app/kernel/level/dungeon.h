// SPDX-License-Identifier: MIT
// A chunk of a dungeon: space split in two again and again, a room in each leaf, corridors.
#ifndef KERNEL_LEVEL_DUNGEON_H
#define KERNEL_LEVEL_DUNGEON_H

#include "kernel/level/chunk.h"

void level_dungeon(struct level_chunk *c); // begun, and nothing else done with it

#endif
