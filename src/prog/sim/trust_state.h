// SPDX-License-Identifier: MIT
// What the files of the population share; nobody else includes this.
#ifndef PROG_SIM_TRUST_STATE_H
#define PROG_SIM_TRUST_STATE_H

#include "base/arena.h"
#include "base/rng.h"
#include "crypt/id.h"
#include "host/net.h"
#include "prog/sim/trust_world.h"
#include "trust/slots.h"
#include "trust/trust.h"

#define TRUST_WANTS    4u   // downloads of an honest peer in a round
#define CANDIDATES     8u   // that a download may be had from
#define SLOTS          6u   // uploads of a peer in a round
#define SEEDS          6u   // peers that each honest one trusts from the start
#define FAILURES       0.03 // of honest uploads come late
#define SHOWN_MAX      16u  // records that one peer tells another when they meet
#define FORGED         16u  // records that an attacker tells
#define OBJECT_BYTES   1048576u
#define ROUND_S        3600u
#define START_S        UINT64_C(1767225600)
#define ECLIPSE_ROUNDS 10u // in which a victim finds only attackers

struct peer {
    struct id id;
    struct net_addr addr;
    bool is_attacker;
    bool is_victim;  // of an eclipse
    bool is_gone;    // washed
    bool is_traitor; // the seed that turns
    uint32_t joined; // round
    uint32_t index;
    struct trust *trust;    // honest, rule shoal
    uint32_t free;          // slots in this round
    uint32_t lent;          // uploads, second half
    uint32_t first_service; // 1 + round; 0: not yet, as below
    uint32_t full_service;
    uint32_t first_lent;
    uint32_t got; // in this round
    uint8_t forged[FORGED][RECEIPT_BYTES_MAX];
    uint8_t forged_len[FORGED];
};

struct want { // one download that is wanted in this round
    uint32_t by;
    uint32_t order[CANDIDATES];
    size_t count;
    uint64_t object;
    bool is_done;
};

struct opinions { // of rule mean, about one peer
    double sum;   // over honest observers
    uint32_t count;
};

struct judge; // remembers verdicts

struct sim_world {
    struct sim_trust_cfg cfg;
    struct arena *arena;
    struct rng rng;
    struct peer *peer;
    uint32_t peers; // so far
    uint32_t peers_max;
    uint32_t honest;    // the first ones
    uint32_t attackers; // at one time
    uint32_t round;
    struct want *want;
    size_t wants;
    size_t wants_max;
    struct judge *judge;
    uint32_t *since; // [honest][honest]: how much one knows of what the other shows
    float *good;     // [honest][peers_max], of rule mean
    float *all;
    struct opinions *opinion;
    // second half
    uint64_t tried;
    uint64_t wrong;
    uint64_t wanted;
    uint64_t had;
    uint64_t leeched;
    uint64_t record_bytes;
    uint64_t peer_rounds;
    struct sim_trust_figures figures;
};

static inline bool is_late_half(const struct sim_world *w)
{
    return w->round >= w->cfg.rounds / 2;
}

static inline uint64_t now_of(const struct sim_world *w)
{
    return START_S + (uint64_t)w->round * ROUND_S;
}

// ---- trust_rule.c: RC_NOMEM wherever there is a code
MUST_USE enum rc sim_rule_init(struct sim_world *w);
MUST_USE enum rc sim_rule_join(struct sim_world *w, struct peer *p); // of a fresh identity
// Candidates into order, best first; answers how many are left.
size_t sim_rule_rank(struct sim_world *w, struct peer *by, const uint32_t *candidate, size_t count,
                     uint32_t *order);
// What became of a download. answer: signed, and proves it wrong; or empty.
MUST_USE enum rc sim_rule_outcome(struct sim_world *w, struct peer *by, struct peer *of,
                                  enum receipt_outcome outcome, struct bytes answer);
// Who of those who want something of an honest peer gets a slot.
size_t sim_rule_slots(struct sim_world *w, struct peer *of, const uint32_t *by, size_t count,
                      struct slots_want *want);
MUST_USE enum rc sim_rule_round_end(struct sim_world *w);
bool sim_rule_isolates(const struct sim_world *w, const struct peer *by, const struct peer *of);
void sim_rule_count_judge(const struct sim_world *w, struct sim_trust_figures *out);

#endif
