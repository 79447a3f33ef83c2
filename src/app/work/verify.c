// SPDX-License-Identifier: MIT
// What verdicts do to a helper's standing: right ones earn, wrong ones bar.
#include "work/verify.h"

#include <assert.h>

void verify_note(struct verify_record *r, bool is_right)
{
    assert(r->strikes <= VERIFY_STRIKES_MAX);
    if (is_right) {
        r->right++;
        r->since_strike++;
        if (r->since_strike >= VERIFY_WINDOW && !r->is_barred)
            r->strikes = 0;
        return;
    }
    r->wrong++;
    r->since_strike = 0;
    if (r->strikes < VERIFY_STRIKES_MAX)
        r->strikes++;
    r->is_barred = r->is_barred || r->strikes >= VERIFY_STRIKES_MAX;
}
