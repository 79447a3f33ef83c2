// SPDX-License-Identifier: MIT
// The view of a speech object, its validation, and steps through it.
//
// object = magic; u32le word_count, word_bytes, pair_count, follow_count, template_count,
//          template_bytes; word_ends u32le each; words; first u32le each (word_count + 1);
//          pairs 3 u32le each; follows 2 u32le each; template_ends u32le each; templates, each
//          situation '\n' mood '\n' text.
#include "kernel/dialogue/speech.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"
#include "kernel/dialogue/speech_form.h"

static uint32_t u32_at(struct bytes b, size_t index)
{
    struct cursor c = {.left = bytes_part(b, index * 4, 4)};
    return cursor_u32le(&c);
}

static uint32_t before(struct bytes ends, size_t index)
{
    return index == 0 ? 0 : u32_at(ends, index - 1);
}

uint32_t speech_second(const struct speech *s, uint32_t pair)
{
    assert(pair < s->pair_count);
    return u32_at(s->pairs, (size_t)pair * 3);
}

static uint32_t pair_count_so_far(const struct speech *s, uint32_t pair)
{
    return u32_at(s->pairs, (size_t)pair * 3 + 1);
}

static uint32_t follows_end(const struct speech *s, uint32_t pair)
{
    return u32_at(s->pairs, (size_t)pair * 3 + 2);
}

struct bytes speech_word(const struct speech *s, uint32_t word)
{
    assert(word < s->word_count);
    const uint32_t from = before(s->word_ends, word);
    return bytes_part(s->words, from, u32_at(s->word_ends, word) - from);
}

int speech_compare(struct bytes a, struct bytes b)
{
    const int c = memcmp(a.at, b.at, a.len < b.len ? a.len : b.len);
    return c != 0 ? c : (a.len > b.len) - (a.len < b.len);
}

bool speech_find(const struct speech *s, struct bytes word, uint32_t *out)
{
    uint32_t low = 0;
    uint32_t high = s->word_count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const int c = speech_compare(speech_word(s, middle), word);
        if (c == 0) {
            *out = middle;
            return true;
        }
        if (c < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

bool speech_is_key(struct bytes b)
{
    for (size_t i = 0; i < b.len; i++) {
        if ((b.at[i] < 'a' || b.at[i] > 'z') && b.at[i] != '-')
            return false;
    }
    return b.len >= 1 && b.len <= SPEECH_KEY_BYTES_MAX;
}

bool speech_is_plain(struct bytes b)
{
    size_t i = 0;
    while (i < b.len) {
        if (b.at[i] >= 0x20 && b.at[i] < 0x7f) { // nearly always
            i++;
            continue;
        }
        const size_t step = text_utf8_step(bytes_part(b, i, 4));
        const bool is_c1 = step == 2 && b.at[i] == 0xc2 && b.at[i + 1] < 0xa0;
        if (step < 2 || is_c1)
            return false;
        i += step;
    }
    return true;
}

bool speech_piece(struct bytes *text, struct bytes *piece, bool *is_slot, bool *is_good)
{
    if (text->len == 0)
        return false;
    *is_slot = text->at[0] == '{';
    size_t end = *is_slot;
    while (end < text->len && text->at[end] != '{' && text->at[end] != '}')
        end++;
    *piece = bytes_part(*text, *is_slot, end - *is_slot);
    const bool is_closed = end < text->len && text->at[end] == '}';
    *is_good &= is_closed == *is_slot && (!*is_slot || speech_is_key(*piece));
    *text = bytes_part(*text, end + is_closed, text->len);
    return true;
}

struct speech_template speech_template(const struct speech *s, uint32_t index)
{
    assert(index < s->template_count);
    const uint32_t from = before(s->template_ends, index);
    struct bytes b = bytes_part(s->templates, from, u32_at(s->template_ends, index) - from);
    struct speech_template t = {0};
    struct bytes *const part[] = {&t.situation, &t.mood};
    for (size_t i = 0; i < 2; i++) {
        size_t end = 0;
        while (end < b.len && b.at[end] != '\n')
            end++;
        *part[i] = bytes_part(b, 0, end);
        b = bytes_part(b, end + 1, b.len);
    }
    t.text = b;
    return t;
}

bool speech_template_is_good(const struct speech_template *t)
{
    struct bytes left = t->text;
    struct bytes piece;
    bool is_slot;
    bool is_good = true;
    while (speech_piece(&left, &piece, &is_slot, &is_good)) {
    }
    return is_good && t->text.len >= 1 && t->text.len <= SPEECH_LINE_BYTES_MAX &&
           speech_is_plain(t->text) && speech_is_key(t->situation) &&
           (t->mood.len == 0 || speech_is_key(t->mood));
}

// Ends of pieces: each after the one before, the last at all.
static bool ends_are_good(struct bytes ends, uint32_t count, size_t all)
{
    uint32_t last = 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t end = u32_at(ends, i);
        if (end <= last)
            return false;
        last = end;
    }
    return last == all;
}

static bool words_are_good(const struct speech *s)
{
    if (!ends_are_good(s->word_ends, s->word_count, s->words.len))
        return false;
    struct bytes last = {0};
    for (uint32_t i = 0; i < s->word_count; i++) {
        const struct bytes word = speech_word(s, i);
        if (word.len > SPEECH_WORD_BYTES_MAX || !speech_is_plain(word) ||
            memchr(word.at, ' ', word.len) != NULL || (i > 0 && speech_compare(last, word) >= 0))
            return false;
        last = word;
    }
    return true;
}

// The pairs of one word: second words ascend, counts too; only what a sentence ends with has no
// follows; a sentence has a word.
static bool pairs_are_good(const struct speech *s, uint32_t word)
{
    uint32_t count = 0;
    const uint32_t from = before(s->first, word);
    for (uint32_t i = from; i < u32_at(s->first, word); i++) {
        const uint32_t second = speech_second(s, i);
        const uint32_t begin = i == 0 ? 0 : follows_end(s, i - 1);
        const bool is_end = second == s->word_count;
        if (second > s->word_count || (i > from && second <= speech_second(s, i - 1)) ||
            pair_count_so_far(s, i) <= count || follows_end(s, i) < begin ||
            (follows_end(s, i) == begin) != is_end || (is_end && word == s->word_count))
            return false;
        count = pair_count_so_far(s, i);
    }
    return true;
}

static bool follows_are_good(const struct speech *s, uint32_t pair, uint32_t *at)
{
    const uint32_t second = speech_second(s, pair);
    uint32_t count = 0;
    uint32_t last = 0;
    const uint32_t from = *at;
    for (; *at < follows_end(s, pair); (*at)++) {
        const uint32_t next = u32_at(s->follows, (size_t)*at * 2);
        const uint32_t so_far = u32_at(s->follows, (size_t)*at * 2 + 1);
        if (next < before(s->first, second) || next >= u32_at(s->first, second) ||
            (*at > from && next <= last) || so_far <= count)
            return false;
        last = next;
        count = so_far;
    }
    return true;
}

static bool tree_is_good(const struct speech *s)
{
    if (!ends_are_good(s->first, s->word_count + 1, s->pair_count) ||
        follows_end(s, s->pair_count - 1) != s->follow_count)
        return false;
    for (uint32_t i = 0; i <= s->word_count; i++) {
        if (!pairs_are_good(s, i))
            return false;
    }
    uint32_t at = 0;
    for (uint32_t i = 0; i < s->pair_count; i++) {
        if (!follows_are_good(s, i, &at))
            return false;
    }
    return true;
}

static bool templates_are_good(const struct speech *s)
{
    if (!ends_are_good(s->template_ends, s->template_count, s->templates.len))
        return false;
    for (uint32_t i = 0; i < s->template_count; i++) {
        const struct speech_template t = speech_template(s, i);
        if (!speech_template_is_good(&t))
            return false;
    }
    return true;
}

enum rc speech_open(struct speech *out, struct bytes object)
{
    struct cursor c = {.left = object};
    struct speech s = {0};
    const struct bytes magic = cursor_take(&c, sizeof SPEECH_MAGIC - 1);
    s.word_count = cursor_u32le(&c);
    const uint32_t word_bytes = cursor_u32le(&c);
    s.pair_count = cursor_u32le(&c);
    s.follow_count = cursor_u32le(&c);
    s.template_count = cursor_u32le(&c);
    const uint32_t template_bytes = cursor_u32le(&c);
    if (c.is_bad || !bytes_is(magic, SPEECH_MAGIC) || s.word_count < 1 || s.pair_count < 1 ||
        s.word_count > SPEECH_WORDS_MAX || object.len > SPEECH_OBJECT_BYTES_MAX ||
        s.template_count > SPEECH_TEMPLATES_MAX)
        return RC_MALFORMED;
    s.word_ends = cursor_take(&c, (size_t)s.word_count * 4);
    s.words = cursor_take(&c, word_bytes);
    s.first = cursor_take(&c, ((size_t)s.word_count + 1) * 4);
    s.pairs = cursor_take(&c, (size_t)s.pair_count * 12);
    s.follows = cursor_take(&c, (size_t)s.follow_count * 8);
    s.template_ends = cursor_take(&c, (size_t)s.template_count * 4);
    s.templates = cursor_take(&c, template_bytes);
    if (!cursor_done(&c) || !words_are_good(&s) || !tree_is_good(&s) || !templates_are_good(&s))
        return RC_MALFORMED;
    *out = s;
    return RC_OK;
}

// dice out of 2^64 as an index below count: off by count / 2^64 at most.
static uint32_t below(uint64_t dice, uint32_t count)
{
    return (uint32_t)((dice >> 32) * count >> 32);
}

uint32_t speech_start(const struct speech *s, uint32_t word, uint64_t dice)
{
    assert(word <= s->word_count);
    uint32_t low = before(s->first, word);
    uint32_t high = u32_at(s->first, word) - 1;
    const uint32_t pick = below(dice, pair_count_so_far(s, high));
    while (low < high) { // the first whose count so far is above
        const uint32_t middle = low + (high - low) / 2;
        if (pair_count_so_far(s, middle) > pick)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

uint32_t speech_next(const struct speech *s, uint32_t pair, uint64_t dice)
{
    assert(pair < s->pair_count);
    uint32_t low = pair == 0 ? 0 : follows_end(s, pair - 1);
    uint32_t high = follows_end(s, pair);
    if (low == high)
        return SPEECH_NONE;
    high--;
    const uint32_t pick = below(dice, u32_at(s->follows, (size_t)high * 2 + 1));
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (u32_at(s->follows, (size_t)middle * 2 + 1) > pick)
            high = middle;
        else
            low = middle + 1;
    }
    return u32_at(s->follows, (size_t)low * 2);
}
