// SPDX-License-Identifier: MIT
// Fit: boosted regression trees from rows of numbers (XGBoost), written down as bytes.
//
// Small trees, one thread, one seed: the same rows give the same bytes. It takes some ten
// milliseconds, so a loop runs it on a thread of its pool; it touches nothing but its block.
#ifndef OS_FIT_H
#define OS_FIT_H

#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/rc.h"

#define FIT_TREES     16u
#define FIT_DEPTH     3u
#define FIT_BYTES_MAX (4u + FIT_TREES * (2u + 10u * 15u)) // a tree has at most 15 nodes

struct fit {
    const float *row;  // row_count times feature_count; borrowed
    const float *want; // row_count; borrowed
    uint32_t row_count, feature_count;
    enum rc rc;
    uint8_t trees[FIT_BYTES_MAX]; // as work/trees reads them
    uint32_t trees_bytes;
    // Not NULL: what XGBoost itself says of each row goes here, for tests.
    float *said;
};

// A pool_job's work; block is a struct fit. rc: RC_OK; RC_CONFIG: no rows; RC_NOMEM: XGBoost
// failed.
void fit_work(void *block);

#endif
