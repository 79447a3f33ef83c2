// SPDX-License-Identifier: MIT
// What kernel `dialogue` is asked: whose lines, in which situation and mood, how many.
#ifndef KERNEL_DIALOGUE_PARAMS_H
#define KERNEL_DIALOGUE_PARAMS_H

#include "kernel/dialogue/speech.h"

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

// Checks every field's range on both ways. A CBOR array (doc/kernels/dialogue.md).
// RC_MALFORMED: a field is out of range, *out untouched; encode also RC_FULL: no room.
MUST_USE enum rc dialogue_params_encode(const struct dialogue_params *p, struct buffer *out);
MUST_USE enum rc dialogue_params_decode(struct dialogue_params *out, struct bytes in);

#endif
