// SPDX-License-Identifier: MIT
// Networks of hosts to be tried, read from JSON ("schema": "shoal-network/1"; doc/simulation.md).
//
// Who is there, for how long, behind what; what is published and looked up; who lies, and how;
// what happens when. It knows no protocol: whoever plays it decides what an object is.
#ifndef SIM_NET_SCENARIO_H
#define SIM_NET_SCENARIO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"
#include "sim/net.h"

#define NET_NAME_BYTES  32
#define NET_PHASES_MAX  32u
#define NET_OBJECTS_MAX 10000u // of one kind
#define NET_MINUTES_MAX 2880.0

enum net_law { // how long a host stays
    NET_LAW_ALWAYS,
    NET_LAW_EXPONENTIAL,
    NET_LAW_WEIBULL, // shape below 1: who has stayed long stays longer
    NET_LAW_PARETO,  // shape above 1
};

struct net_stay {
    enum net_law law;
    double mean_min;
    double shape;
    double away_min; // mean time until it is back, exponential
};

enum net_object { // what is published; the player gives them a meaning
    NET_PEERS,    // addresses that anybody may announce
    NET_ITEMS,    // values under their own hash
    NET_RECORDS,  // signed by who provides
    NET_OBJECT_COUNT
};

struct net_goods {
    uint32_t objects;
    uint32_t providers; // of each
    double share;       // of the lookups, beside that of the others
};

enum net_lie {
    NET_LIE_MADE_UP, // tells of nodes that do not exist
    NET_LIE_NOTHING, // tells of true nodes, and that nothing is stored
    NET_LIE_BAD,     // gives values, records and addresses that are wrong
    NET_LIE_CLIQUE,  // tells only of others like itself, and that nothing is stored
    NET_LIE_COUNT
};

struct net_siege {          // attackers around one object's key
    uint32_t addresses;     // 0: none
    uint32_t blocks;        // /24 networks that they are spread over
    enum net_object object; // the first one of this kind
    double share;           // of the lookups that are for it
    double at_min;          // when they appear
};

enum net_event { NET_VANISH, NET_REPLACE, NET_SLEEP, NET_PART, NET_LOSS, NET_EVENT_COUNT };

struct net_phase {
    enum net_event event;
    double share;
    double at_min;    // counted from when lookups begin
    double for_min;   // of sleep, part and loss
    double every_min; // 0: once
};

struct net_goal {             // what a run is to reach; 0: nothing is asked
    double found, right;      // shares of lookups, at least
    double first_ms, last_ms; // median and 99th percentile until the first true answer, at most
    uint32_t bytes;           // of a node, at most
};

struct net_scenario {
    char name[NET_NAME_BYTES];
    uint64_t seed;
    uint32_t nodes;     // honest ones and liars
    double warmup_min;  // hosts join and objects are published
    double measure_min; // lookups are made
    double lookups_s;   // by all of them together
    double absent;      // share of the lookups for what nobody published
    bool is_roomy;      // nodes have the bounds of the program's, not those for thousands of them
    bool is_private;    // all addresses are private ones: ids are not tied to them (BEP 42)
    struct sim_net_cfg net; // hosts_max is left 0
    bool is_served;         // who cannot be reached unasked only asks, and serves nobody (BEP 43)
    double nat[SIM_NAT_COUNT]; // shares, which need not add up to 1
    double session_s[2];       // of NATs: from, to
    uint64_t up_bytes_s, down_bytes_s;
    struct net_stay stay;
    struct net_goods goods[NET_OBJECT_COUNT];
    bool publishers_leave;     // once everything is published, and for good
    double liars;              // share of the nodes
    double lie[NET_LIE_COUNT]; // shares of kinds, which need not add up to 1
    struct net_siege siege;
    struct net_phase phase[NET_PHASES_MAX];
    uint32_t phases;
    struct net_goal goal;
};

// RC_MALFORMED: no JSON, or a member is missing or out of range, which *err names.
MUST_USE enum rc net_scenario_read(struct net_scenario *out, struct bytes json, struct err *err);

const char *net_object_name(enum net_object o);

#endif
