// SPDX-License-Identifier: MIT
// What a worker does of kernel `dialogue`: makes lines.
#include "kernel/dialogue/dialogue.h"

#include <assert.h>

#include "base/rng.h"

#define TRIES 16u // for a line that fits

struct lines { // what all lines of a run have in common
    const struct speech *speech;
    const struct dialogue_params *p;
    uint64_t key;
    bool has_topic;
    uint32_t topic;
    uint32_t fit_count;
    uint16_t fit[SPEECH_TEMPLATES_MAX]; // templates that can be filled
};

struct dice { // of one try at one line
    uint64_t key, thrown;
};

static uint64_t dice_next(struct dice *d)
{
    return rng_mix(d->key ^ rng_mix(++d->thrown));
}

static uint32_t dice_below(struct dice *d, uint32_t bound)
{
    return (uint32_t)((dice_next(d) >> 32) * bound >> 32);
}

static uint64_t mixed(uint64_t key, struct bytes word)
{
    key = rng_mix(key ^ word.len);
    for (size_t i = 0; i < word.len; i++)
        key = rng_mix(key ^ word.at[i]);
    return key;
}

// Empty: there is no such slot.
static struct bytes slot_value(const struct dialogue_params *p, struct bytes name)
{
    for (uint32_t i = 0; i < p->slot_count; i++) {
        if (bytes_equal(p->slot[i].name, name))
            return p->slot[i].value;
    }
    return bytes_of(NULL, 0);
}

static bool fits(const struct lines *l, const struct speech_template *t)
{
    if (!bytes_equal(t->situation, l->p->situation) ||
        (t->mood.len > 0 && !bytes_equal(t->mood, l->p->mood)))
        return false;
    struct bytes left = t->text;
    struct bytes piece;
    bool is_slot;
    bool is_good = true;
    while (speech_piece(&left, &piece, &is_slot, &is_good)) {
        const bool is_filled = !is_slot || bytes_is(piece, "say") ||
                               (bytes_is(piece, "about") && l->has_topic) ||
                               slot_value(l->p, piece).len > 0;
        if (!is_filled)
            return false;
    }
    return is_good;
}

static void lines_init(struct lines *l, const struct speech *s, const struct dialogue_params *p)
{
    *l = (struct lines){.speech = s, .p = p};
    const struct bytes topic = slot_value(p, bytes_text("topic"));
    l->has_topic = topic.len > 0 && speech_find(s, topic, &l->topic);
    l->key = mixed(mixed(mixed(rng_mix(p->seed), p->speaker), p->situation), p->mood);
    for (uint32_t i = 0; i < s->template_count; i++) {
        const struct speech_template t = speech_template(s, i);
        if (fits(l, &t))
            l->fit[l->fit_count++] = (uint16_t)i;
    }
}

// Blanks stand between words; false: no room.
static bool put_word(struct buffer *out, struct bytes word, bool is_first)
{
    if (word.len + !is_first > out->cap - out->len)
        return false;
    if (!is_first)
        buffer_u8(out, ' ');
    buffer_put(out, word);
    return true;
}

// A sentence out of the table, from its start or from a word in its middle.
static bool put_sentence(const struct lines *l, struct dice *d, bool is_about, struct buffer *out)
{
    const struct speech *s = l->speech;
    bool is_first = true;
    uint32_t pair = speech_start(s, is_about ? l->topic : s->word_count, dice_next(d));
    if (is_about) {
        if (!put_word(out, speech_word(s, l->topic), true))
            return false;
        is_first = false;
    }
    while (pair != SPEECH_NONE && speech_second(s, pair) != s->word_count) {
        if (!put_word(out, speech_word(s, speech_second(s, pair)), is_first))
            return false;
        is_first = false;
        pair = speech_next(s, pair, dice_next(d));
    }
    return true;
}

static bool put_template(const struct lines *l, struct dice *d, struct bytes text,
                         struct buffer *out)
{
    struct bytes piece;
    bool is_slot;
    bool is_good = true;
    while (speech_piece(&text, &piece, &is_slot, &is_good)) {
        bool has_room = true;
        if (!is_slot)
            has_room = put_word(out, piece, true);
        else if (bytes_is(piece, "say") || bytes_is(piece, "about"))
            has_room = put_sentence(l, d, piece.at[0] == 'a', out);
        else
            has_room = put_word(out, slot_value(l->p, piece), true);
        if (!has_room)
            return false;
    }
    return true;
}

// What does not fit is tried again with other dice; at last a sentence is cut behind a word.
static void put_line(const struct lines *l, uint32_t index, struct buffer *out)
{
    assert(out->cap >= DIALOGUE_LINE_BYTES_MIN);
    const uint64_t key = rng_mix(l->key ^ rng_mix(index));
    for (uint32_t i = 0; i < TRIES; i++) {
        struct dice d = {rng_mix(key ^ i), 0};
        out->len = 0;
        const bool is_talk = dice_below(&d, 1000) < l->p->talk_permille || l->fit_count == 0;
        if (is_talk && put_sentence(l, &d, false, out))
            return;
        if (!is_talk &&
            put_template(
                l, &d, speech_template(l->speech, l->fit[dice_below(&d, l->fit_count)]).text, out))
            return;
    }
    struct dice d = {rng_mix(key ^ TRIES), 0};
    out->len = 0;
    (void)put_sentence(l, &d, false, out);
    assert(out->len > 0); // any word fits
}

enum rc dialogue_run(void *state, const struct kernel_in *in, struct buffer *result,
                     struct buffer *report)
{
    (void)report;
    const struct speech *s = speech_state(state);
    struct dialogue_params p;
    struct lines l;
    if (s == NULL)
        return RC_ABSENT;
    enum rc rc = dialogue_params_decode(&p, in->params);
    if (rc != RC_OK)
        return rc;
    lines_init(&l, s, &p);
    const uint32_t count = p.part_count > 0 ? p.part_count : p.line_count;
    for (uint32_t i = 0; i < count; i++) {
        uint8_t at[DIALOGUE_LINE_BYTES_MAX];
        struct buffer line = buffer_of(at, p.line_bytes_max);
        put_line(&l, p.part_count > 0 ? p.part[i] : i, &line);
        buffer_put(result, buffer_bytes(&line));
        buffer_u8(result, '\n');
    }
    return result->is_full ? RC_FULL : RC_OK;
}
