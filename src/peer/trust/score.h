// SPDX-License-Identifier: MIT
// Score: what we saw of one node ourselves, and how far to trust it.
//
// Two counts that fade: `good` grows by the square root of what came, so that one large transfer
// is not everything, `bad` by faults. Trust is Beta(good + 1/2, bad + 1)'s mean (Josang, Ismail,
// "The Beta Reputation System", 2002, with half a success and a whole failure assumed beforehand):
// from below, 1/3 for who is new, and nothing is gained by starting anew.
//
// Both fade with a half-life of SCORE_HALF_LIFE_S of *activity*: time between two events with that
// node, of which a pause counts SCORE_PAUSE_S at most. Nobody waits a bad record out, and a
// friend on holiday stays one.
//
// A value type, pure functions. Times are Unix seconds; one before the latest is taken as it.
#ifndef TRUST_SCORE_H
#define TRUST_SCORE_H

#include <stdbool.h>
#include <stdint.h>

#define SCORE_HALF_LIFE_S 1209600.0 // 14 days
#define SCORE_PAUSE_S     UINT64_C(86400)
#define SCORE_UNIT_BYTES  262144.0 // a chunk: one good count
#define SCORE_GOOD_MAX    4.0      // of one service: 16 chunks
#define SCORE_LATE        0.3      // nobody's fault, mostly
#define SCORE_WRONG       3.0
#define SCORE_PROVEN      6.0
#define SCORE_ISOLATED    0.1         // below: not used
#define SCORE_NEWCOMER    (1.0 / 3.0) // Beta(1/2, 1)'s mean
#define SCORE_STRANGER    0.2         // a stranger of whom nobody we trust knows anything
#define SCORE_KNOWN       0.4         // and so much more if they all praise it

struct score { // fields are private to score.c, but for reading
    double good;
    double bad;
    uint64_t seen_s; // the latest event; 0: none yet
};

// Time passes until an event at now_s; each of those below does it first.
void score_fade(struct score *s, uint64_t now_s);
void score_good(struct score *s, uint64_t bytes, uint64_t now_s);
void score_late(struct score *s, uint64_t now_s);
// What came was wrong: `weight` faults (SCORE_WRONG, SCORE_PROVEN), and all good is forfeit: who
// can give wrong bytes can do so again, whatever it did before.
void score_wrong(struct score *s, double weight, uint64_t now_s);

// It vouched for one who was proven to lie: SCORE_WRONG faults, and what was good stays.
void score_blame(struct score *s, uint64_t now_s);

double score_count(const struct score *s); // good + bad: how much we know
double score_own(const struct score *s);   // 0 .. 1
// score_own and what others say (score_prior), the first with weight n / (n + 3), n: score_count.
double score_mix(const struct score *s, double prior);
// What others say, as a score: SCORE_STRANGER, and up to SCORE_KNOWN more by its share, 0 .. 1, of
// the trust of those we trust (trust/prior).
double score_prior(double share);

#endif
