// SPDX-License-Identifier: MIT
// A recording through a response: all of it by Fourier transform (FFTW), single frames directly.
#ifndef KERNEL_AUDIO_CONVOLVE_H
#define KERNEL_AUDIO_CONVOLVE_H

#include "base/arena.h"
#include "base/attr.h"
#include "kernel/audio/response.h"

struct audio_recording { // i16 little-endian
    struct bytes sound;  // what was before, then `frames` more
    uint32_t frames;
    const double *response; // AUDIO_EARS times length
    uint32_t length;
};

// frames times AUDIO_EARS numbers, interleaved, in steps of 16 bits, not rounded. Transforms are
// chosen by estimate and on memory that lies alike: the same bits on repeat. RC_NOMEM.
MUST_USE enum rc audio_convolve(const struct audio_recording *r, struct arena *arena, double *out);
// One frame, one ear.
double audio_convolve_at(const struct audio_recording *r, uint32_t frame, uint32_t ear);

// To nearest, within 16 bits.
int16_t audio_round(double v);

#endif
