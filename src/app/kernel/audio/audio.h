// SPDX-License-Identifier: MIT
// Kernel `audio`: what a listener hears of a source in a scene.
//
// Rays leave the source in random directions, lose energy at every surface and scatter from it
// evenly (Lambert); from each hit what reaches the listener is added up by when it arrives and by
// band. Rays go in groups, each with sums of its own, so that a group can be redone alone; every
// random number is a hash of (seed, group, ray, bounce). The groups' mean shapes noise into a
// response for each ear, to which the direct way is added; a given recording is convolved with it.
//
// Given: nothing, and the result is the groups' sums; or a recording, 48 kHz, one channel, 16 bit
// little-endian: what was played before, as much as there is up to the response's length, then
// `frames` more, whose sound follows the sums in the result.
//
// Result: for each group a byte, 1 if the direct way is free, then for each bin its bands' mean
// energies as u16 (audio_energy_code); then `frames` times i16 left, right, little-endian.
#ifndef KERNEL_AUDIO_AUDIO_H
#define KERNEL_AUDIO_AUDIO_H

#include "kernel/audio/params.h"
#include "kernel/kernel.h"

// What a worker does; as struct kernel has it.
enum rc audio_run(void *state, const struct kernel_in *in, struct buffer *result,
                  struct buffer *report);
extern const struct kernel audio_kernel; // of world_base: takes scenes

#endif
