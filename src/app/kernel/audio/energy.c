// SPDX-License-Identifier: MIT
// Energies of sound: sums in whole steps, and the same in 16 bits, as results have them.
#include "kernel/audio/energy.h"

#include <assert.h>

#define FRACTION_BITS 10u
#define PLACE_MOST    53u // of the highest bit, above the fraction's: 64 bits in all

uint16_t audio_energy_code(uint64_t energy)
{
    if (energy < 1u << FRACTION_BITS)
        return (uint16_t)energy;
    uint32_t shift = 0;
    while (energy >> shift >= 2u << FRACTION_BITS)
        shift++;
    assert(shift <= PLACE_MOST);
    const uint32_t fraction = (uint32_t)(energy >> shift) & ((1u << FRACTION_BITS) - 1);
    return (uint16_t)((shift + 1) << FRACTION_BITS | fraction);
}

uint64_t audio_energy_of(uint16_t code)
{
    const uint32_t place = code >> FRACTION_BITS;
    const uint64_t fraction = code & ((1u << FRACTION_BITS) - 1);
    if (place == 0)
        return fraction;
    return (fraction | 1u << FRACTION_BITS) << (place - 1 < PLACE_MOST ? place - 1 : PLACE_MOST);
}
