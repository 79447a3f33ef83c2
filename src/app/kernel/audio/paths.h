// SPDX-License-Identifier: MIT
// Where sound goes: rays from the source, and what of each reaches the listener when.
//
// Energies are relative to the direct sound's at 1 m. What a surface swallows follows from its
// material, as far as a picture's material says: smooth things little (3 %), rough ones more,
// high notes most (up to 13, 33 and 53 % by band), rough metal as smooth; glass 15, 5 and 3 %.
// Air swallows nothing. A thing that is not opaque is met by as many rays as it is opaque.
#ifndef KERNEL_AUDIO_PATHS_H
#define KERNEL_AUDIO_PATHS_H

#include "kernel/audio/params.h"
#include "kernel/world/world.h"

// Adds one group's energies: bins by AUDIO_BANDS sums of all its rays; *is_free: whether the
// direct way is.
void audio_trace(const struct world *w, const struct audio_params *p, uint32_t group,
                 uint64_t *sums, bool *is_free);
// Share of the energy that stays in the surface, by band.
void audio_absorption(const struct material *m, float out[AUDIO_BANDS]);

#endif
