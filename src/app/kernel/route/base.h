// SPDX-License-Identifier: MIT
// A loaded map, what searches it, and room for a run: the base of kernels `route` and `crowd`.
#ifndef KERNEL_ROUTE_BASE_H
#define KERNEL_ROUTE_BASE_H

#include "kernel/kernel.h"
#include "kernel/route/search.h"

struct route_state {         // fields are read by the base's kernels, written by base.c
    struct arena *arena;     // holds this struct
    struct arena *map_arena; // what was loaded
    struct arena *run_arena; // for a run, which resets it first
    struct grid grid;
    struct route_search *search;
    bool is_loaded; // else grid and search are of no use
};

extern const struct kernel_base route_base;

#endif
