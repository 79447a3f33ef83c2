// SPDX-License-Identifier: MIT
// Trees: a set of boosted regression trees, asked in tens of nanoseconds.
//
// Whoever fits them (os/fit) writes them down as bytes, little-endian: u16 count of trees, u16
// count of nodes, for each tree the u16 number of its root, for each node u16 feature, u16 yes,
// u16 no, f32 value. Feature TREES_LEAF: value is what the leaf adds; else yes is next if the
// feature is below value, no if not. A node's children come after it, so that every way ends.
//
// A value type without pointers: copy it, nothing to free.
#ifndef WORK_TREES_H
#define WORK_TREES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/rc.h"

#define TREES_MAX          64u
#define TREES_NODES_MAX    2048u
#define TREES_FEATURES_MAX 16u
#define TREES_DEPTH_MAX    8u
#define TREES_LEAF         0xffffu

struct trees_node {
    uint16_t feature, yes, no;
    float value;
};

struct trees { // private to trees.c; zeroed: no trees, which say 0
    uint16_t count;
    uint16_t depth; // of the deepest
    uint16_t root[TREES_MAX];
    struct trees_node node[TREES_NODES_MAX];
};

// RC_MALFORMED: too long, too short, a number out of range, a way that does not end; *out says 0.
MUST_USE enum rc trees_read(struct trees *out, struct bytes in, uint32_t features);
// Sum over all trees, added up as XGBoost does. NaN is not below anything.
float trees_ask(const struct trees *t, const float *feature);

#endif
