// SPDX-License-Identifier: MIT
// Path: what the way to a peer is like, by what became of our packets.
//
//     path_sent(&p, bytes, has_more, now_us, &stamp);   // keep the stamp with the packet
//     path_acked(&p, &stamp, bytes, now_us);            // once for each packet: this,
//     path_lost(&p, bytes);                             // or this
//
// Rate: the most that was delivered in a second, over about ten: bytes acknowledged between a
// packet's leaving and its acknowledgement, over that time or the time in which they left,
// whichever is longer (draft-cheng-iccrg-delivery-rate-estimation; the windowed maximum of BBR,
// Cardwell et al. 2016). A sample taken while the sender had nothing more to send counts only if
// it raises the rate. Base round trip: the smallest of about ten minutes (RFC 6817's base delay).
// Queue: the smallest of the latest PATH_RECENT round trips, less the base. Jitter: the mean
// difference of successive round trips, a sixteenth new (RFC 3550). Loss: a mean, a 64th new.
//
// A value type; reads no clock; one loop. Round trips are the caller's packets' only: who delays
// acknowledgements takes the delay off.
#ifndef LINK_PATH_H
#define LINK_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "link/window.h"

#define PATH_RECENT       4u
#define PATH_RATE_SPAN_US 1000000u  // ten of them
#define PATH_BASE_SPAN_US 60000000u // ten of them

struct path_stamp { // private to path.c
    uint64_t sent_us;
    uint64_t delivered_bytes;
    uint64_t delivered_us;
    uint64_t first_sent_us;
    bool has_more;
};

struct path { // fields are private to path.c
    struct window rate_bytes_s;
    struct window base_us;
    uint64_t recent_us[PATH_RECENT];
    uint64_t rtt_count;
    uint64_t born_us;
    uint64_t delivered_bytes;
    uint64_t delivered_us;
    uint64_t first_sent_us;
    uint64_t flight_bytes;
    uint64_t rtt_x8;     // smoothed, in eighths of a microsecond (RFC 6298)
    uint64_t jitter_x16; // in sixteenths
    uint64_t loss_ppm;
};

struct path_view { // zeros until something is known
    uint64_t rtt_us;
    uint64_t base_us;
    uint64_t queue_us;
    uint64_t jitter_us;
    uint64_t rate_bytes_s;
    uint64_t loss_permille;
    uint64_t rtt_count; // samples so far
};

struct path path_new(uint64_t now_us);
// has_more: others wait to be sent after it, so that it is the path that limits.
void path_sent(struct path *p, uint64_t bytes, bool has_more, uint64_t now_us,
               struct path_stamp *stamp);
// False: a stamp from before path_new, of a packet to somebody else; it is ignored.
bool path_acked(struct path *p, const struct path_stamp *stamp, uint64_t bytes, uint64_t now_us);
void path_lost(struct path *p, uint64_t bytes);
struct path_view path_view(struct path *p, uint64_t now_us);

#endif
