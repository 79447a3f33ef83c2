// SPDX-License-Identifier: MIT
// Energies of sound: sums in whole steps, and the same in 16 bits, as results have them.
#ifndef KERNEL_AUDIO_ENERGY_H
#define KERNEL_AUDIO_ENERGY_H

#include <stdint.h>

#define AUDIO_UNIT_BITS 34 // a step is 2^-34 of the direct sound's energy at 1 m

// A floating form: 6 bits for the highest bit's place, 10 that follow it; off by 1/2048 at most.
uint16_t audio_energy_code(uint64_t energy);
uint64_t audio_energy_of(uint16_t code);

#endif
