// SPDX-License-Identifier: MIT
// Condition: what this machine's network is like, how good that is, and what is fitting then.
//
// The fields and words are those of an operator's override, all optional:
//
//     bandwidth_kbps=512,latency_ms=200,packet_loss=0.1,signal_strength=30,is_metered=true
//     poor-wifi                       // a name from the table in condition.c stands for some
//     hotspot,bandwidth_kbps=2048     // and may be followed by others
//
// Measured conditions (link/bandwidth) have the same fields. What is not known does not count.
//
// Quality is the worst of what the fields say. A grade is a quality that does not flap: it sinks
// after GRADE_WORSE_US of worse, rises after GRADE_BETTER_US of better, a step at a time.
//
// Value types; no clock.
#ifndef LINK_CONDITION_H
#define LINK_CONDITION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"

enum quality { QUALITY_POOR, QUALITY_FAIR, QUALITY_GOOD, QUALITY_EXCELLENT };
#define QUALITY_COUNT 4u

#define CONDITION_UNKNOWN UINT32_MAX

struct condition { // CONDITION_UNKNOWN: not known
    uint32_t bandwidth_kbps;
    uint32_t latency_ms; // round trip
    uint32_t jitter_ms;
    uint32_t loss_permille;
    uint32_t signal_percent;
    bool is_metered;
};

struct condition condition_unknown(void);
// What `over` knows, else what `under` knows; metered if either is.
struct condition condition_over(const struct condition *over, const struct condition *under);
// RC_CONFIG: *err (may be NULL) says which part; *out is untouched. packet_loss 0..1, with at most
// three decimals; signal_strength 0..100; the others up to 10^9.
MUST_USE enum rc condition_parse(struct condition *out, struct bytes text, struct err *err);

enum quality condition_quality(const struct condition *c);
const char *quality_text(enum quality q); // "poor" .. "excellent"

#define GRADE_WORSE_US  2000000u
#define GRADE_BETTER_US 15000000u

struct grade { // read quality; the rest is private
    enum quality quality;
    uint64_t same_us; // since when nothing else was seen
    bool is_known;
};

// Answers the quality that holds now: the first one at once.
enum quality grade_put(struct grade *g, enum quality seen, uint64_t now_us);

struct plan { // how much to do at a time
    uint32_t connections;
    uint32_t transfers;           // in parallel
    uint32_t chunk_bytes;         // of one request
    uint32_t prefetch_permille;   // of the rate, at most; 0: not allowed
    uint32_t background_permille; // likewise
};

struct plan plan_of(enum quality q, bool is_metered);

#endif
