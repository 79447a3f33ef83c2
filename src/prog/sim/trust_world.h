// SPDX-License-Identifier: MIT
// A population that downloads from one another while part of it attacks; for `shoal sim trust`.
//
// A round is an hour. In each, every honest peer wants TRUST_WANTS objects; for each it finds
// candidates, a rule puts them in order, and the first that has a slot free is asked. What comes is
// checked against the object's hash, as always. Under rule `shoal` every honest peer runs the
// machine that ships, with real keys and signatures; a signature that was checked once is not
// checked again for every other peer that sees it (judged and remembered are counted).
//
// Same configuration and seed, same figures.
#ifndef PROG_SIM_TRUST_WORLD_H
#define PROG_SIM_TRUST_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rc.h"

#define SIM_TRUST_PEERS_MAX 4000u

struct sim_attack {
    const char *name;
    const char *sentence;
    double part;        // of the population that attacks
    bool is_triple;     // three attackers for each honest peer instead
    bool is_crowded;    // they share a hundredth of the addresses
    bool signs;         // what is wrong is signed all the same, so it proves itself
    bool slanders;      // receipts that blame honest peers
    bool rings;         // receipts that praise one another
    uint32_t on_off;    // rounds of good conduct, then as many of bad; 0: always bad
    uint32_t washes;    // rounds until each takes a fresh identity; 0: never
    uint32_t asks;      // objects that each asks for in a round
    bool gives_nothing; // asked, it does not answer
    bool eclipses;      // some honest peers find only attackers for their first rounds
    bool turns_seed;    // one of the seeds turns at half-time
};

enum sim_rule { SIM_RULE_NONE, SIM_RULE_MEAN, SIM_RULE_SHOAL };
#define SIM_RULES 3u

struct sim_trust_cfg {
    const struct sim_attack *attack;
    enum sim_rule rule;
    uint32_t peers;  // 20 .. SIM_TRUST_PEERS_MAX
    uint32_t rounds; // 8 ..
    uint64_t seed;
};

struct sim_trust_figures {
    double tried;      // share of downloads, second half, that gave wrong bytes
    uint64_t accepted; // wrong bytes that were taken for right ones
    double isolated;   // share of pairs of honest peers of whom one isolates the other, at the end
    uint32_t rounds_until; // 90 % of attackers are isolated by most honest peers; 0: never
    double first_service;  // rounds until newcomers had one download
    double full_service;   // rounds until they had all downloads of a round
    double first_lent;     // rounds until somebody took something from them
    double served;         // share of what honest peers wanted that they had, second half
    double used;           // share of honest slots used by honest peers, second half
    double leeched;        // share of honest slots used by attackers, second half
    double bytes_hour;     // of receipts, vouchers and proofs, sent, for each honest peer
    double gini;           // of honest peers' uploads, second half
    uint64_t judged;       // signatures checked
    uint64_t remembered;   // checks that were answered from memory
};

// RC_NOMEM.
MUST_USE enum rc sim_trust_run(struct sim_trust_figures *out, const struct sim_trust_cfg *cfg);

#endif
