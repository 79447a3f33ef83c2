// SPDX-License-Identifier: MIT
// Allowance: so many bytes a day, also across restarts.
//
// In any 24 hours at most the day's bytes are taken: a token bucket (link/bucket) that holds half
// of them and is refilled by the other half in a day. So nothing happens at midnight, and half a
// day's bytes may go at once. What is kept over a restart is written before it is spent:
// allowance_save writes that a lease is spent already, and what would go beyond it waits for the
// next save. Whatever is killed when, no byte is taken twice; a lease (a 64th of a day) may be
// lost.
//
//     rc = allowance_take(&a, bytes, now_us);
//     if (allowance_wants_save(&a, now_us))
//         allowance_save(&a, image, wall_s, now_us); // write it somewhere; then take again
//
// While the program does not run the wall clock says how much time passed: going back it counts as
// none, a jump ahead as ALLOWANCE_AWAY_S_MAX at most. A value type.
#ifndef LINK_ALLOWANCE_H
#define LINK_ALLOWANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"
#include "link/bucket.h"

#define ALLOWANCE_DAY_BYTES_MIN          UINT64_C(65536)
#define ALLOWANCE_DAY_BYTES_MAX          (UINT64_C(1) << 40)
#define ALLOWANCE_AWAY_S_MAX             86400u
#define ALLOWANCE_IMAGE_BYTES            32u
#define ALLOWANCE_LEASE_BYTES(day_bytes) ((day_bytes) / 64)

struct allowance {        // fields are private to allowance.c
    struct bucket bucket; // in units
    uint64_t units;       // in a byte, so that slow rates are not rounded away
    uint64_t day_bytes;
    uint64_t lease_bytes;
    uint64_t short_bytes; // refused for want of a lease; 0: nothing was
};

// Begins with half a day's bytes, and without a lease: save it first. RC_CONFIG: day_bytes out of
// range.
MUST_USE enum rc allowance_init(struct allowance *a, uint64_t day_bytes, uint64_t now_us);
// As it was saved, whatever its day's bytes were. RC_MALFORMED: no image of ours; *a is as
// allowance_init leaves it, but empty, as nobody knows what was taken. RC_CONFIG as above.
MUST_USE enum rc allowance_load(struct allowance *a, uint64_t day_bytes, struct bytes image,
                                uint64_t wall_s, uint64_t now_us);

// All or none. RC_AGAIN: not today, or after a save. RC_REFUSED: more than a lease ever is.
MUST_USE enum rc allowance_take(struct allowance *a, uint64_t bytes, uint64_t now_us);
bool allowance_has(struct allowance *a, uint64_t bytes, uint64_t now_us); // as take, and takes none
// Until that many are there, the lease aside: 0 = now, UINT64_MAX = never.
uint64_t allowance_wait_us(struct allowance *a, uint64_t bytes, uint64_t now_us);

// Half of the lease is spent (or something was refused for want of one) and there is more.
bool allowance_wants_save(struct allowance *a, uint64_t now_us);
void allowance_save(struct allowance *a, uint8_t image[static ALLOWANCE_IMAGE_BYTES],
                    uint64_t wall_s, uint64_t now_us);

#endif
