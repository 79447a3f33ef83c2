// SPDX-License-Identifier: MIT
// Speech: what was learned from a text, as one flat object; shared by kernels that speak.
//
// Not a mind: a table of which word followed which two words, how often, in a text that somebody
// wrote; and templates out of the same text. The object's form (doc/kernels/dialogue.md) is a tree
// of three storeys: a word (or a sentence's start); the words after it, each with the words after
// both. Of the last each points to the pair that it makes with the word before: a step is a choice
// and an index, without a search. A view borrows from its object.
#ifndef KERNEL_DIALOGUE_SPEECH_H
#define KERNEL_DIALOGUE_SPEECH_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "kernel/kernel.h"

#define SPEECH_TEXT_BYTES_MAX   (1u << 20) // of a text that is learned from
#define SPEECH_WORDS_MAX        (1u << 18) // in a text; different ones in an object
#define SPEECH_WORD_BYTES_MAX   64u
#define SPEECH_TEMPLATES_MAX    1024u
#define SPEECH_LINE_BYTES_MAX   240u // of a template
#define SPEECH_KEY_BYTES_MAX    15u  // of a situation, a mood, the name of a slot: a-z and '-'
#define SPEECH_OBJECT_BYTES_MAX (32u << 20)

struct speech { // a view; words are 0 .. word_count - 1, and word_count a sentence's start and end
    uint32_t word_count, pair_count, follow_count, template_count;
    struct bytes word_ends, words; // words in order of their bytes
    struct bytes first;            // u32le a word and the start: where its pairs end
    struct bytes pairs;            // u32le each: the second word, count so far, where follows end
    struct bytes follows; // u32le each: the pair of the second and third word, count so far
    struct bytes template_ends, templates;
};

// Validates all of it, in one pass: every index and count can be trusted afterwards. RC_MALFORMED.
MUST_USE enum rc speech_open(struct speech *out, struct bytes object);

// Learns from a text. A line of it is one or more sentences; a sentence ends with the line or with
// a word that ends with '.', '!' or '?'. Words stand between blanks. A line that begins with '#' is
// skipped; one with '%' is a template: "%situation: text" or "%situation/mood: text". The same text
// makes the same bytes. *out is taken from arena. RC_MALFORMED: not UTF-8, a control character, a
// word or template too long or damaged, no sentence at all; RC_NOMEM.
MUST_USE enum rc speech_learn(struct bytes text, struct arena *arena, struct bytes *out);

struct bytes speech_word(const struct speech *s, uint32_t word);
// False: it is not in the text.
bool speech_find(const struct speech *s, struct bytes word, uint32_t *out);

#define SPEECH_NONE UINT32_MAX
// The pair that a sentence starts with, after `word`; dice: 64 random bits. word_count for a
// sentence's true start; another word: any pair that begins with it.
uint32_t speech_start(const struct speech *s, uint32_t word, uint64_t dice);
// The pair after a pair; SPEECH_NONE: the sentence ends.
uint32_t speech_next(const struct speech *s, uint32_t pair, uint64_t dice);
uint32_t speech_second(const struct speech *s, uint32_t pair); // a pair's second word

struct speech_template {
    struct bytes situation, mood, text; // mood may be empty: any
};
struct speech_template speech_template(const struct speech *s, uint32_t index);
// Takes the next piece of a template's text: plain text, or the name of a slot without its braces.
// False: nothing is left. For texts of templates that were validated, and for validation: *is_good.
bool speech_piece(struct bytes *text, struct bytes *piece, bool *is_slot, bool *is_good);
bool speech_is_key(struct bytes b); // 1 .. SPEECH_KEY_BYTES_MAX of a-z and '-'
// UTF-8 without control characters.
bool speech_is_plain(struct bytes b);

extern const struct kernel_base speech_base;    // its state: see speech_state
const struct speech *speech_state(void *state); // NULL: nothing is loaded

#endif
