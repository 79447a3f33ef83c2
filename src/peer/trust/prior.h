// SPDX-License-Identifier: MIT
// Prior: what those we trust say of those we do not know (EigenTrust with seeds).
//
// Kamvar, Schlosser, Garcia-Molina, "The EigenTrust Algorithm for Reputation Management in P2P
// Networks" (WWW 2003): trust flows from the seeds along receipts, t = (1 - a) C't + a p, with
// a = 0.2. p is spread evenly over the seeds. Three things keep it honest:
//  - Who is not reached from a seed has nothing to pass on: forged receipts among strangers weigh
//    nothing, however many.
//  - A row of C sums to at most 1, and to less where a signer has few receipts: one identity never
//    passes on more than its own weight.
//  - Bad words only take from the praise for the same node, each weighed by its signer's trust:
//    liars can dim somebody as far as they themselves are trusted, and no farther.
//
// Pure functions over the caller's arrays; the same arrays, the same bits.
#ifndef TRUST_PRIOR_H
#define TRUST_PRIOR_H

#include <stddef.h>
#include <stdint.h>

#define PRIOR_SEED_PART 0.2  // a
#define PRIOR_ROW_MIN   4.0  // good counts of a signer that passes on all of its weight
#define PRIOR_DOUBT     3.0  // a bad word weighs so many good ones
#define PRIOR_TURNS_MAX 24u  // of the iteration; 0.8^24 is half a percent
#define PRIOR_STILL     1e-4 // change of all together at which it ends

struct prior_edge { // one signer's account of one node
    uint32_t from;
    uint32_t to;
    float good;
    float bad;
};

struct prior { // arrays of `nodes`, the caller's
    const struct prior_edge *edge;
    size_t edges;
    const uint8_t *is_seed;
    size_t nodes;
    double *trust; // out: of each, 0 .. 1, together at most 1
    double *share; // out: of each, 0 .. 1: against what is usual among those who are trusted
    double *row;   // scratch
    double *next;  // scratch
};

// Turns that it took; 0: there are no seeds, and all is 0.
uint32_t prior_run(const struct prior *p);

#endif
