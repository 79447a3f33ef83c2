// SPDX-License-Identifier: MIT
// What the files of speech share.
#ifndef KERNEL_DIALOGUE_SPEECH_FORM_H
#define KERNEL_DIALOGUE_SPEECH_FORM_H

#include "kernel/dialogue/speech.h"

#define SPEECH_MAGIC "shoalsp1"

int speech_compare(struct bytes a, struct bytes b); // by their bytes; < 0, 0, > 0
bool speech_template_is_good(const struct speech_template *t);

#endif
