// SPDX-License-Identifier: MIT
// New trees for a scheduler when they are due, here and now: for simulations.
#include "prog/sim/sched_fit.h"

#include "os/fit.h"

enum rc sched_fit(struct refine *refine)
{
    if (refine == NULL || !refine_is_due(refine))
        return RC_OK;
    const struct refine_rows rows = refine_rows(refine);
    struct fit f = {.row = rows.at,
                    .want = rows.real,
                    .row_count = rows.count,
                    .feature_count = REFINE_FEATURES};
    fit_work(&f);
    return f.rc == RC_OK ? refine_take(refine, bytes_of(f.trees, f.trees_bytes)) : f.rc;
}
