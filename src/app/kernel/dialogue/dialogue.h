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

#include "base/attr.h"
#include "kernel/dialogue/speech.h"
#include "kernel/kernel.h"

#define DIALOGUE_LINES_MAX      100000u
#define DIALOGUE_LINE_BYTES_MIN 64u // a line's limit: one word fits, whatever it is
#define DIALOGUE_LINE_BYTES_MAX 400u
#define DIALOGUE_SLOTS_MAX      8u
#define DIALOGUE_VALUE_BYTES    48u // of a slot, and of the speaker's name
#define DIALOGUE_PARTS_MAX      128u

struct dialogue_slot {
    struct bytes name, value; // a key; plain text, not empty
};

struct dialogue_params { // bytes are borrowed
    uint64_t seed;
    struct bytes speaker;         // plain text, at most DIALOGUE_VALUE_BYTES; may be empty
    struct bytes situation, mood; // keys, or empty: only sentences; no certain mood
    uint32_t line_count;
    uint32_t line_bytes_max; // without the '\n'
    uint32_t talk_permille;  // of lines that are a sentence though there is a template
    uint32_t slot_count;
    struct dialogue_slot slot[DIALOGUE_SLOTS_MAX];
    uint32_t part_count; // 0: the task itself
    uint32_t part[DIALOGUE_PARTS_MAX];
};

// RC_MALFORMED: out of range; RC_FULL.
MUST_USE enum rc dialogue_params_encode(const struct dialogue_params *p, struct buffer *out);
MUST_USE enum rc dialogue_params_decode(struct dialogue_params *out, struct bytes in);

// One line, without its '\n'; out has room for line_bytes_max.
void dialogue_line(const struct speech *s, const struct dialogue_params *p, uint32_t index,
                   struct buffer *out);

enum rc dialogue_part(struct bytes params, uint64_t nonce, struct buffer *part_params);
enum rc dialogue_judge(struct bytes params, struct bytes result, struct bytes part_params,
                       struct bytes part_result, struct kernel_verdict *out);

extern const struct kernel dialogue_kernel;

#endif
