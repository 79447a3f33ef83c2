// SPDX-License-Identifier: MIT
// From energies to what each ear hears of a click: noise shaped by them, and the direct sound.
#ifndef KERNEL_AUDIO_RESPONSE_H
#define KERNEL_AUDIO_RESPONSE_H

#include "kernel/audio/params.h"

#define AUDIO_EARS 2u // left, right

// out: AUDIO_EARS times audio_response_frames, from the groups of a result. Only + - * / and sqrt:
// the same everywhere.
void audio_response(const struct audio_params *p, struct bytes groups, double *out);

#endif
