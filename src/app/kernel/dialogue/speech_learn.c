// SPDX-License-Identifier: MIT
// Learns a speech object from a text: counts what follows what by sorting it.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "kernel/dialogue/speech.h"
#include "kernel/dialogue/speech_form.h"

#define HEAD_BYTES (sizeof SPEECH_MAGIC - 1 + 24)

struct triple {
    uint32_t word[3];
};

struct learn {
    struct bytes *token; // words; an empty one where a sentence starts or ends
    uint32_t token_count;
    struct bytes *word; // different ones, sorted
    uint32_t word_count;
    size_t word_bytes;
    struct triple *pair, *triple; // sorted; a pair's third word is 0
    uint32_t pairs, triples;      // with repetitions
    struct triple *known;         // pairs, each once
    uint32_t known_count, follow_count;
    struct speech_template template[SPEECH_TEMPLATES_MAX];
    uint32_t template_count;
    size_t template_bytes;
};

static int compare_words(const void *a, const void *b)
{
    const struct bytes *x = a;
    const struct bytes *y = b;
    return speech_compare(*x, *y);
}

static int compare_triples(const void *a, const void *b)
{
    const struct triple *x = a;
    const struct triple *y = b;
    for (size_t i = 0; i < 3; i++) {
        if (x->word[i] != y->word[i])
            return x->word[i] < y->word[i] ? -1 : 1;
    }
    return 0;
}

static bool read_template(struct learn *l, struct bytes line)
{
    if (l->template_count == SPEECH_TEMPLATES_MAX || line.len == 0 ||
        memchr(line.at, ':', line.len) == NULL)
        return false;
    struct bytes key = bytes_take_until(&line, ':');
    struct speech_template *t = &l->template[l->template_count++];
    t->situation = bytes_take_until(&key, '/');
    t->mood = key;
    while (line.len > 0 && line.at[0] == ' ')
        line = bytes_part(line, 1, line.len);
    t->text = line;
    l->template_bytes += t->situation.len + t->mood.len + t->text.len + 2;
    return speech_template_is_good(t);
}

static void end_sentence(struct learn *l)
{
    assert(l->token_count >= 1);
    if (l->token[l->token_count - 1].len > 0)
        l->token[l->token_count++] = bytes_of(NULL, 0);
}

static bool read_sentences(struct learn *l, struct bytes line)
{
    while (line.len > 0) {
        const struct bytes word = bytes_take_until(&line, ' ');
        if (word.len == 0)
            continue;
        if (word.len > SPEECH_WORD_BYTES_MAX)
            return false;
        l->token[l->token_count++] = word;
        if (strchr(".!?", word.at[word.len - 1]) != NULL)
            end_sentence(l);
    }
    end_sentence(l);
    return true;
}

// At most a word and a sentence's end for each two bytes, and the first start.
static enum rc read_text(struct learn *l, struct bytes text, struct arena *arena)
{
    if (text.len > SPEECH_TEXT_BYTES_MAX)
        return RC_MALFORMED;
    l->token = arena_take_array(arena, text.len + 4, sizeof *l->token);
    if (l->token == NULL)
        return RC_NOMEM;
    l->token[l->token_count++] = bytes_of(NULL, 0);
    while (text.len > 0) {
        const struct bytes line = bytes_take_until(&text, '\n');
        if (!speech_is_plain(line))
            return RC_MALFORMED;
        if (line.len == 0 || line.at[0] == '#')
            continue;
        if (!(line.at[0] == '%' ? read_template(l, bytes_part(line, 1, line.len))
                                : read_sentences(l, line)))
            return RC_MALFORMED;
    }
    return l->token_count > 1 && l->token_count <= SPEECH_WORDS_MAX ? RC_OK : RC_MALFORMED;
}

static enum rc sort_words(struct learn *l, struct arena *arena)
{
    l->word = arena_take_array(arena, l->token_count, sizeof *l->word);
    if (l->word == NULL)
        return RC_NOMEM;
    uint32_t count = 0;
    for (uint32_t i = 0; i < l->token_count; i++) {
        if (l->token[i].len > 0)
            l->word[count++] = l->token[i];
    }
    qsort(l->word, count, sizeof *l->word, compare_words);
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0 && bytes_equal(l->word[i], l->word[l->word_count - 1]))
            continue;
        l->word[l->word_count++] = l->word[i];
        l->word_bytes += l->word[i].len;
    }
    return RC_OK;
}

static uint32_t index_of(const struct learn *l, struct bytes token)
{
    if (token.len == 0)
        return l->word_count;
    const struct bytes *at =
        bsearch(&token, l->word, l->word_count, sizeof *l->word, compare_words);
    assert(at != NULL);
    return (uint32_t)(at - l->word);
}

static uint32_t count_different(const struct triple *t, uint32_t count)
{
    uint32_t different = 0;
    for (uint32_t i = 0; i < count; i++)
        different += i == 0 || compare_triples(&t[i - 1], &t[i]) != 0;
    return different;
}

static enum rc sort_pairs(struct learn *l, struct arena *arena)
{
    l->pair = arena_take_array(arena, l->token_count, sizeof *l->pair);
    l->triple = arena_take_array(arena, l->token_count, sizeof *l->triple);
    l->known = arena_take_array(arena, l->token_count, sizeof *l->known);
    if (l->pair == NULL || l->triple == NULL || l->known == NULL)
        return RC_NOMEM;
    uint32_t a = 0;
    uint32_t b = index_of(l, l->token[0]);
    for (uint32_t i = 1; i < l->token_count; i++) {
        const uint32_t c = index_of(l, l->token[i]);
        l->pair[l->pairs++] = (struct triple){{b, c, 0}};
        if (b != l->word_count)
            l->triple[l->triples++] = (struct triple){{a, b, c}};
        a = b;
        b = c;
    }
    qsort(l->pair, l->pairs, sizeof *l->pair, compare_triples);
    qsort(l->triple, l->triples, sizeof *l->triple, compare_triples);
    for (uint32_t i = 0; i < l->pairs; i++) {
        if (i == 0 || compare_triples(&l->pair[i - 1], &l->pair[i]) != 0)
            l->known[l->known_count++] = l->pair[i];
    }
    assert(l->known_count <= l->pairs);
    l->follow_count = count_different(l->triple, l->triples);
    return RC_OK;
}

static uint32_t known_index(const struct learn *l, uint32_t a, uint32_t b)
{
    const struct triple key = {{a, b, 0}};
    const struct triple *at = bsearch(&key, l->known, l->known_count, sizeof key, compare_triples);
    assert(at != NULL);
    return (uint32_t)(at - l->known);
}

static void put_words(const struct learn *l, struct buffer *out)
{
    uint32_t end = 0;
    for (uint32_t i = 0; i < l->word_count; i++) {
        end += (uint32_t)l->word[i].len;
        buffer_u32le(out, end);
    }
    for (uint32_t i = 0; i < l->word_count; i++)
        buffer_put(out, l->word[i]);
    uint32_t at = 0;
    for (uint32_t i = 0; i <= l->word_count; i++) {
        while (at < l->known_count && l->known[at].word[0] == i)
            at++;
        buffer_u32le(out, at);
    }
}

// How often each of `known` is at the front of the list of all, at `*at`; moves on.
static uint32_t run_of(const struct triple *all, uint32_t count, uint32_t *at)
{
    const uint32_t from = *at;
    while (*at < count && compare_triples(&all[from], &all[*at]) == 0)
        (*at)++;
    return *at - from;
}

static void put_pairs(const struct learn *l, struct buffer *out)
{
    uint32_t at = 0;
    uint32_t follow = 0; // among all triples
    uint32_t ends = 0;   // among different ones
    uint32_t so_far = 0;
    for (uint32_t i = 0; i < l->known_count; i++) {
        const struct triple *k = &l->known[i];
        if (i > 0 && k[-1].word[0] != k->word[0])
            so_far = 0;
        so_far += run_of(l->pair, l->pairs, &at);
        while (follow < l->triples && l->triple[follow].word[0] == k->word[0] &&
               l->triple[follow].word[1] == k->word[1]) {
            (void)run_of(l->triple, l->triples, &follow);
            ends++;
        }
        buffer_u32le(out, k->word[1]);
        buffer_u32le(out, so_far);
        buffer_u32le(out, ends);
    }
}

static void put_follows(const struct learn *l, struct buffer *out)
{
    uint32_t so_far = 0;
    for (uint32_t at = 0; at < l->triples;) {
        const struct triple *t = &l->triple[at];
        if (at > 0 && (t[-1].word[0] != t->word[0] || t[-1].word[1] != t->word[1]))
            so_far = 0;
        so_far += run_of(l->triple, l->triples, &at);
        buffer_u32le(out, known_index(l, t->word[1], t->word[2]));
        buffer_u32le(out, so_far);
    }
}

static void put_templates(const struct learn *l, struct buffer *out)
{
    uint32_t end = 0;
    for (uint32_t i = 0; i < l->template_count; i++) {
        const struct speech_template *t = &l->template[i];
        end += (uint32_t)(t->situation.len + t->mood.len + t->text.len + 2);
        buffer_u32le(out, end);
    }
    for (uint32_t i = 0; i < l->template_count; i++) {
        buffer_put(out, l->template[i].situation);
        buffer_u8(out, '\n');
        buffer_put(out, l->template[i].mood);
        buffer_u8(out, '\n');
        buffer_put(out, l->template[i].text);
    }
}

static enum rc put_object(const struct learn *l, struct arena *arena, struct bytes *out)
{
    // Counts are below 2^20, records 12 bytes at most: no sum here can wrap.
    const size_t len = HEAD_BYTES + (size_t)l->word_count * 8 + 4 + l->word_bytes +
                       (size_t)l->known_count * 12 + (size_t)l->follow_count * 8 +
                       (size_t)l->template_count * 4 + l->template_bytes;
    struct buffer b = buffer_of(arena_take(arena, len), len);
    if (b.at == NULL)
        return RC_NOMEM;
    buffer_put(&b, bytes_text(SPEECH_MAGIC));
    buffer_u32le(&b, l->word_count);
    buffer_u32le(&b, (uint32_t)l->word_bytes);
    buffer_u32le(&b, l->known_count);
    buffer_u32le(&b, l->follow_count);
    buffer_u32le(&b, l->template_count);
    buffer_u32le(&b, (uint32_t)l->template_bytes);
    put_words(l, &b);
    put_pairs(l, &b);
    put_follows(l, &b);
    put_templates(l, &b);
    assert(!b.is_full && b.len == len);
    *out = buffer_bytes(&b);
    return RC_OK;
}

enum rc speech_learn(struct bytes text, struct arena *arena, struct bytes *out)
{
    *out = bytes_of(NULL, 0);
    struct learn *l = arena_take(arena, sizeof *l);
    if (l == NULL)
        return RC_NOMEM;
    enum rc rc = read_text(l, text, arena);
    if (rc == RC_OK)
        rc = sort_words(l, arena);
    if (rc == RC_OK)
        rc = sort_pairs(l, arena);
    return rc == RC_OK ? put_object(l, arena, out) : rc;
}
