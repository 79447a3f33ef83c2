// SPDX-License-Identifier: MIT
// Tests of speech: what is learned is what counting finds; damaged objects are refused.
#include "kernel/dialogue/speech.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/seed_test.h"
#include "kernel/dialogue/speech_form.h"
#include "kernel/dialogue/speech_street.h"

#define ARENA_BYTES (64u << 20)

static struct arena *arena;
static uint8_t text_at[SPEECH_STREET_BYTES_MAX];

static int setup(void **state)
{
    (void)state;
    arena = arena_new(ARENA_BYTES);
    return arena == NULL;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static struct bytes learn(struct bytes text)
{
    struct bytes object;
    assert_int_equal(speech_learn(text, arena, &object), RC_OK);
    return object;
}

static struct bytes street(void)
{
    struct buffer text = buffer_of(text_at, sizeof text_at);
    speech_street(&text);
    assert_false(text.is_full);
    return buffer_bytes(&text);
}

static void a_text_by_hand(void **state)
{
    (void)state;
    struct speech s;
    const struct bytes object = learn(bytes_text("# nothing\n"
                                                 "%greet/glad: Hi {name}!\n"
                                                 "a b a b\n"
                                                 "\n"
                                                 "a c.  b\n"
                                                 "%bye:Go."));
    assert_int_equal(speech_open(&s, object), RC_OK);
    assert_int_equal(s.word_count, 3); // a b c.
    assert_true(bytes_is(speech_word(&s, 0), "a") && bytes_is(speech_word(&s, 1), "b") &&
                bytes_is(speech_word(&s, 2), "c."));
    // ab ac. | ba b] | c.] | [a [b
    assert_int_equal(s.pair_count, 7);
    // aba abb]: abX: a, ]; ac.]; bab; [ab [ac. [b]
    assert_int_equal(s.follow_count, 7);
    uint32_t word;
    assert_true(speech_find(&s, bytes_text("c."), &word) && word == 2);
    assert_false(speech_find(&s, bytes_text("c"), &word));
    // A start is `a` in two of three cases, then `b` in one of two.
    const uint64_t third = UINT64_MAX / 3;
    uint32_t pair = speech_start(&s, s.word_count, third);
    assert_int_equal(speech_second(&s, pair), 0);
    assert_int_equal(speech_second(&s, speech_start(&s, s.word_count, UINT64_MAX / 6 * 5)), 1);
    assert_int_equal(speech_second(&s, speech_next(&s, pair, UINT64_MAX / 4)), 1);
    pair = speech_next(&s, pair, UINT64_MAX / 4 * 3);
    assert_int_equal(speech_second(&s, pair), 2);
    pair = speech_next(&s, pair, 0);
    assert_int_equal(speech_second(&s, pair), s.word_count);
    assert_int_equal(speech_next(&s, pair, 0), SPEECH_NONE);
    assert_int_equal(s.template_count, 2);
    const struct speech_template t = speech_template(&s, 0);
    assert_true(bytes_is(t.situation, "greet") && bytes_is(t.mood, "glad") &&
                bytes_is(t.text, "Hi {name}!"));
    const struct speech_template u = speech_template(&s, 1);
    assert_true(bytes_is(u.situation, "bye") && u.mood.len == 0 && bytes_is(u.text, "Go."));
}

static void the_same_text_is_the_same_object(void **state)
{
    (void)state;
    struct speech s;
    const struct bytes one = learn(street());
    const struct bytes two = learn(street());
    assert_true(bytes_equal(one, two));
    assert_int_equal(speech_open(&s, one), RC_OK);
    assert_true(s.word_count == 503 && s.template_count == 23);
}

// Words of any kind: what speech_learn makes, speech_open takes; words go there and back.
static void any_text_is_learned(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    static const char *const bit[] = {"a", "b", "cd", ".", " ", " ", "\n", "\xc3\xa4", "!", "e?"};
    char text[400];
    for (int i = 0; i < 2000; i++) {
        size_t len = 0;
        const size_t wanted = 1 + rng_below(&r, sizeof text - 10);
        text[len++] = 'x';
        while (len < wanted) {
            const char *b = bit[rng_below(&r, ARRAY_COUNT(bit))];
            memcpy(text + len, b, strlen(b));
            len += strlen(b);
        }
        struct bytes object;
        struct speech s;
        enum rc rc = speech_learn(bytes_of(text, len), arena, &object);
        if (rc == RC_MALFORMED)
            continue; // a word too long
        assert_int_equal(rc, RC_OK);
        assert_int_equal(speech_open(&s, object), RC_OK);
        for (uint32_t w = 0; w < s.word_count; w++) {
            uint32_t back;
            assert_true(speech_find(&s, speech_word(&s, w), &back) && back == w);
        }
        if (i % 50 == 0)
            arena_reset(arena);
    }
}

static void bad_texts_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "\n\n",
        "# only this",
        "%greet: only this",
        "a\tb",
        "a\rb",
        "a \xff b",
        "a \xc2\x85",
        "x\n%: no key",
        "x\n%greet no end",
        "x\n%greet:",
        "x\n%",
        "x\n%gr eet: a",
        "x\n%greet/: a {",
        "x\n%greet: a }",
        "x\n%greet: {Name}",
        "x\n%greet: {a{b}}",
        "x\n%greet: {}",
        "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww"};
    struct bytes object;
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        assert_int_equal(speech_learn(bytes_text(bad[i]), arena, &object), RC_MALFORMED);
    assert_int_equal(speech_learn(bytes_of("x\0y", 3), arena, &object), RC_MALFORMED);
    struct arena *small = arena_new(100000);
    assert_int_equal(speech_learn(street(), small, &object), RC_NOMEM);
    arena_free(small);
}

static void walk(const struct speech *s, struct rng *r)
{
    uint32_t pair = speech_start(s, (uint32_t)rng_below(r, s->word_count + 1u), rng_u64(r));
    for (int i = 0; i < 100 && pair != SPEECH_NONE; i++) {
        assert_true(pair < s->pair_count);
        assert_true(speech_second(s, pair) <= s->word_count);
        pair = speech_next(s, pair, rng_u64(r));
    }
}

// An altered object is refused, or still can be walked through.
static void altered_objects_are_refused_or_sound(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    const struct bytes object = learn(bytes_text("%hi/glad: Oh {name}!\na b c. a c b!\nb b b a\n"));
    uint8_t *copy = arena_take(arena, object.len);
    assert_non_null(copy);
    struct speech s;
    uint32_t refused = 0;
    for (size_t i = 0; i < object.len; i++) {
        for (int j = 0; j < 20; j++) {
            memcpy(copy, object.at, object.len);
            copy[i] ^= (uint8_t)(1 + rng_below(&r, 255));
            if (speech_open(&s, bytes_of(copy, object.len)) == RC_OK)
                walk(&s, &r);
            else
                refused++;
        }
        assert_int_equal(speech_open(&s, bytes_of(object.at, i)), RC_MALFORMED);
    }
    assert_true(refused > object.len * 20 * 3 / 4);
}

static void the_base_keeps_one_object(void **state)
{
    (void)state;
    void *base;
    const struct bytes object = learn(street());
    assert_int_equal(speech_base.open(&base, NULL), RC_OK);
    assert_null(speech_state(base));
    assert_true(speech_base.accepts(object));
    assert_false(speech_base.accepts(bytes_text("shoalsp")));
    assert_int_equal(speech_base.load(base, object), RC_OK);
    assert_non_null(speech_state(base));
    assert_int_equal(speech_base.load(base, bytes_of(NULL, 0)), RC_MALFORMED);
    assert_null(speech_state(base));
    speech_base.close(base);
    speech_base.close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_by_hand),
        cmocka_unit_test(the_same_text_is_the_same_object),
        cmocka_unit_test(any_text_is_learned),
        cmocka_unit_test(bad_texts_are_refused),
        cmocka_unit_test(altered_objects_are_refused_or_sound),
        cmocka_unit_test(the_base_keeps_one_object),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
