// SPDX-License-Identifier: MIT
// Kernel `dialogue`: lines that passers-by say, out of templates and of what followed what in a
// text (kernel/dialogue/speech.h). No model of language, and no understanding: it says what the
// text's writer could have said by rolling dice.
//
// Takes a speech object. Each line comes from (seed, speaker, situation, mood, its number) alone,
// so any of them is made again without the others. A line is a template of its situation and mood
// whose slots can all be filled, or a sentence out of the table. Besides the slots that params
// fill, a template may have {say}, such a sentence, and {about}, one that starts with the word in
// slot "topic", where the text has that word. Result: the lines, each ended by '\n'.
#ifndef KERNEL_DIALOGUE_DIALOGUE_H
#define KERNEL_DIALOGUE_DIALOGUE_H

#include "kernel/dialogue/params.h"
#include "kernel/kernel.h"

// What a worker does; as struct kernel has it.
enum rc dialogue_run(void *state, const struct kernel_in *in, struct buffer *result,
                     struct buffer *report);
extern const struct kernel dialogue_kernel; // of speech_base: takes speech

#endif
