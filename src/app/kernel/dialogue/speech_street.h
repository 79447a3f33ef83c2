// SPDX-License-Identifier: MIT
// The talk of the neon street's market, as a text for speech_learn: written for this game.
//
// Situations greet, sell, ask, warn, bye; moods angry, glad; slots name, item, price, place, topic.
#ifndef KERNEL_DIALOGUE_SPEECH_STREET_H
#define KERNEL_DIALOGUE_SPEECH_STREET_H

#include "base/bytes.h"

#define SPEECH_STREET_BYTES_MAX 16384u

void speech_street(struct buffer *out); // room: SPEECH_STREET_BYTES_MAX

#endif
