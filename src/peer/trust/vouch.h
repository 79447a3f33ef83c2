// SPDX-License-Identifier: MIT
// Voucher: a node stands for another, and loses with it.
//
//     [3, by, of, period, slot] signature
//
// A voucher makes a stranger a newcomer at once. If the vouched is proven a liar, all who know
// the voucher count a fault against its signer too; if the signer is, the voucher is void.
// A node has VOUCH_SLOTS vouchers for each period of 30 days: they are numbered, and two different
// ones with one number prove that the signer lies (trust/fault). So anyone can count them.
#ifndef TRUST_VOUCH_H
#define TRUST_VOUCH_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"
#include "crypt/id.h"
#include "crypt/seal.h"

#define VOUCH_BYTES_MAX 160
#define VOUCH_SLOTS     4u
#define VOUCH_PERIOD_S  UINT64_C(2592000) // 30 days
#define VOUCH_LIFE      3u                // periods in which it counts, its own included

struct voucher {
    struct sign_public by;
    struct node_id of;
    uint64_t period; // Unix time / VOUCH_PERIOD_S
    uint32_t slot;   // 0 .. VOUCH_SLOTS - 1
};

// Into an empty buffer; v->by must be key's. RC_FULL: fewer than VOUCH_BYTES_MAX were there.
// RC_NOMEM.
MUST_USE enum rc voucher_encode(struct buffer *out, const struct voucher *v,
                                const struct sign_key *key);
// RC_MALFORMED: not this form, or no such slot. RC_REFUSED: the signature is wrong, or somebody
// vouches for himself. On failure *out is untouched.
MUST_USE enum rc voucher_decode(struct voucher *out, struct bytes in,
                                const struct seal_judge *judge);
// Neither of the future nor too old. The clocks may differ by a day.
bool voucher_counts(const struct voucher *v, uint64_t now_s);

#endif
