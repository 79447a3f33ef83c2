// SPDX-License-Identifier: MIT
// The attacks that `shoal sim trust` knows.
#include "sim_trust_attack.h"

#include <string.h>

#include "base/attr.h"

#define THIRD   .part = 0.3
#define ASKS    .asks = 4
#define SIGNED  .signs = true

static const struct sim_attack attacks[] = {
    {"poison", "30 % give wrong bytes", THIRD, ASKS, SIGNED},
    {"poison-mute", "the same, and sign nothing that proves it", THIRD, ASKS},
    {"slander", "and blame honest peers, praise one another", THIRD, ASKS, SIGNED,
     .slanders = true},
    {"slander-mute", "the same, and sign nothing that proves it", THIRD, ASKS, .slanders = true},
    {"ring", "and praise one another by forged receipts", THIRD, ASKS, SIGNED, .rings = true},
    {"on-off", "good for 10 rounds, bad for 10", THIRD, ASKS, SIGNED, .on_off = 10},
    {"on-off-mute", "the same, and sign nothing that proves it", THIRD, ASKS, .on_off = 10},
    {"whitewash", "a fresh identity every 5 rounds", THIRD, ASKS, SIGNED, .slanders = true,
     .washes = 5},
    {"whitewash-mute", "the same, and sign nothing that proves it", THIRD, ASKS, .slanders = true,
     .washes = 5},
    {"sybil", "30 % from a hundredth of the addresses, a ring", THIRD, ASKS, SIGNED,
     .is_crowded = true, .rings = true},
    {"sybil-triple", "three for each honest peer, from a hundredth of the addresses, a ring",
     THIRD, ASKS, SIGNED, .is_triple = true, .is_crowded = true, .rings = true},
    {"eclipse", "one of 20 finds only attackers for 10 rounds; figures of these", THIRD, ASKS,
     SIGNED, .rings = true, .eclipses = true},
    {"free-ride", "30 % take and give nothing", THIRD, ASKS, .gives_nothing = true},
    {"slot-hog", "30 % take four times as much and give nothing", THIRD, .asks = 16,
     .gives_nothing = true},
    {"bad-seed", "one of six seeds turns at half-time and praises attackers", THIRD, ASKS, SIGNED,
     .rings = true, .turns_seed = true},
    {"bad-seed-mute", "the same, and sign nothing that proves it", THIRD, ASKS, .rings = true,
     .turns_seed = true},
};

const struct sim_attack *sim_attack_at(size_t index)
{
    return index < ARRAY_COUNT(attacks) ? &attacks[index] : NULL;
}

const struct sim_attack *sim_attack_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(attacks); i++)
        if (strcmp(attacks[i].name, name) == 0)
            return &attacks[i];
    return NULL;
}
