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

uint32_t verify_draws_needed(const struct verify_record *r, uint64_t dice)
{
    bool is_close = r->right < VERIFY_NEWCOMER || r->strikes > 0 || dice % VERIFY_CLOSE_ONE_IN == 0;
    return is_close ? VERIFY_DRAWS_CLOSE : 1;
}

enum verify_verdict verify_draw(struct verify_draws *d, uint32_t parts, uint32_t mismatches,
                                bool is_right)
{
    assert(d->draws < VERIFY_DRAWS_MAX);
    d->draws++;
    d->parts += parts;
    d->mismatches += mismatches;
    if (!is_right || d->mismatches > VERIFY_MISMATCHES_MAX)
        return VERIFY_WRONG;
    if (d->draws == VERIFY_DRAWS_MAX || (d->mismatches == 0 && d->draws >= d->needed))
        return VERIFY_RIGHT;
    return VERIFY_AGAIN;
}
