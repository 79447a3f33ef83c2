// SPDX-License-Identifier: MIT
// The attacks that `shoal sim trust` knows.
#include "prog/sim/trust_attack.h"

#include <string.h>

#include "base/attr.h"

// What each attack has in common; each line below is one field or two of struct sim_attack.
#define THIRD  .part = 0.3, .asks = 4
#define SIGNED .signs = true
#define LIARS  .slanders = true, .rings = true

static const struct sim_attack attacks[] = {
    {"poison", "30 % give wrong bytes", THIRD, SIGNED},
    {"poison-mute", "the same, and sign nothing that proves it", THIRD},
    {"slander", "and blame honest peers by forged receipts", THIRD, SIGNED, .slanders = true},
    {"slander-mute", "the same, mute", THIRD, .slanders = true},
    {"ring", "and praise one another", THIRD, SIGNED, LIARS},
    {"ring-mute", "the same, mute", THIRD, LIARS},
    {"on-off", "a ring, good for 10 rounds, bad for 10", THIRD, SIGNED, LIARS, .on_off = 10},
    {"on-off-mute", "the same, mute", THIRD, LIARS, .on_off = 10},
    {"whitewash", "a ring, a fresh identity every 5 rounds", THIRD, SIGNED, LIARS, .washes = 5},
    {"whitewash-mute", "the same, mute", THIRD, LIARS, .washes = 5},
    {"sybil", "a ring from a hundredth of the addresses", THIRD, SIGNED, LIARS, .is_crowded = true},
    {"sybil-triple", "three of it for each honest peer", THIRD, SIGNED, LIARS, .is_crowded = true,
     .is_triple = true},
    {"sybil-triple-mute", "the same, mute", THIRD, LIARS, .is_crowded = true, .is_triple = true},
    {"eclipse", "one of 20 finds only a ring for 10 rounds; figures of these", THIRD, SIGNED, LIARS,
     .eclipses = true},
    {"eclipse-mute", "the same, mute", THIRD, LIARS, .eclipses = true},
    {"free-ride", "30 % take and give nothing", .part = 0.3, .asks = 4, .gives_nothing = true},
    {"slot-hog", "30 % ask for four times as much and give nothing", .part = 0.3, .asks = 16,
     .gives_nothing = true},
    {"bad-seed", "a ring, and one of six seeds joins it at half-time", THIRD, SIGNED, LIARS,
     .turns_seed = true},
    {"bad-seed-mute", "the same, mute", THIRD, LIARS, .turns_seed = true},
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
