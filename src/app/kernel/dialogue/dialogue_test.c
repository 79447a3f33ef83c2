// SPDX-License-Identifier: MIT
// Tests of kernel `dialogue`: its words follow one another as in the text, counted by hand;
// templates, limits, liars.
#include "kernel/dialogue/dialogue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/seed_test.h"
#include "kernel/dialogue/speech_street.h"
#include "kernel/kernel_stage_test.h"

#define ARENA_BYTES  (16u << 20)
#define RESULT_BYTES (4u << 20)

static struct arena *arena;
static void *base;
static struct bytes text;
static uint8_t text_at[SPEECH_STREET_BYTES_MAX];
static uint8_t result_at[RESULT_BYTES];
static uint8_t again_at[RESULT_BYTES];
static uint8_t part_result_at[1u << 16];
static uint8_t params_at[4096];
static uint8_t part_at[4096];

static struct kernel_stage stage = {.kernel = &dialogue_kernel};

static int setup(void **state)
{
    (void)state;
    struct buffer b = buffer_of(text_at, sizeof text_at);
    struct bytes object;
    speech_street(&b);
    text = buffer_bytes(&b);
    arena = arena_new(ARENA_BYTES);
    if (arena == NULL || speech_learn(text, arena, &object) != RC_OK ||
        speech_base.open(&base, NULL) != RC_OK || speech_base.load(base, object) != RC_OK)
        return 1;
    stage.state = base;
    stage.part = buffer_of(part_at, sizeof part_at);
    stage.redone = buffer_of(part_result_at, sizeof part_result_at);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    speech_base.close(base);
    arena_free(arena);
    return 0;
}

static struct dialogue_params some_params(uint64_t seed)
{
    const struct dialogue_params p = {.seed = seed,
                                      .speaker = bytes_text("Ona"),
                                      .situation = bytes_text("greet"),
                                      .mood = bytes_text("glad"),
                                      .line_count = 200,
                                      .line_bytes_max = 200,
                                      .talk_permille = 200,
                                      .slot_count = 3,
                                      .slot = {{bytes_text("name"), bytes_text("Wren")},
                                               {bytes_text("item"), bytes_text("soup")},
                                               {bytes_text("topic"), bytes_text("tram")}}};
    return p;
}

struct run {
    struct buffer params, result;
};

static void run_task(struct run *t, const struct dialogue_params *p)
{
    *t = (struct run){.params = buffer_of(params_at, sizeof params_at),
                      .result = buffer_of(result_at, sizeof result_at)};
    assert_int_equal(dialogue_params_encode(p, &t->params), RC_OK);
    assert_int_equal(kernel_stage_run(&stage, buffer_bytes(&t->params), 0, &t->result), RC_OK);
}

static enum rc check(struct run *t, uint64_t nonce, struct kernel_verdict *v)
{
    return kernel_stage_check(&stage, buffer_bytes(&t->params), buffer_bytes(&t->result), nonce, v);
}

static struct bytes next_line(struct bytes *from)
{
    const uint8_t *end = memchr(from->at, '\n', from->len);
    assert_non_null(end);
    const struct bytes line = bytes_part(*from, 0, (size_t)(end - from->at));
    *from = bytes_part(*from, line.len + 1, from->len);
    return line;
}

// The text as a plain reader sees it: ids of words, 0 at sentences' ends. No code of the kernel's.
#define TOKENS_MAX 8192
#define VOCABULARY 1024
static char vocabulary[VOCABULARY][65];
static int vocabulary_count = 1; // 0: a sentence's end
static int token[TOKENS_MAX];
static int token_count;

static int id_of(const char *word)
{
    int i = 1;
    while (i < vocabulary_count && strcmp(vocabulary[i], word) != 0)
        i++;
    assert_true(i < VOCABULARY);
    if (i == vocabulary_count)
        (void)snprintf(vocabulary[vocabulary_count++], 65, "%s", word);
    return i;
}

static int read_tokens(struct bytes line, int *out)
{
    char at[512];
    char word[65];
    int count = 0;
    int step;
    bytes_to_text(line, at, sizeof at);
    for (const char *c = at; sscanf(c, "%64s%n", word, &step) == 1; c += step) {
        out[count++] = id_of(word);
        if (strchr(".!?", word[strlen(word) - 1]) != NULL)
            out[count++] = 0;
    }
    if (count > 0 && out[count - 1] != 0)
        out[count++] = 0;
    return count;
}

static void read_text(void)
{
    struct bytes left = text;
    vocabulary_count = 1;
    token_count = 0;
    token[token_count++] = 0;
    while (left.len > 0) {
        const struct bytes line = next_line(&left);
        if (line.len > 0 && line.at[0] != '#' && line.at[0] != '%')
            token_count += read_tokens(line, token + token_count);
        assert_true(token_count < TOKENS_MAX - 512);
    }
}

static int learned[VOCABULARY][VOCABULARY];
static int spoken[VOCABULARY][VOCABULARY];

// Chi-square of what was spoken against what was learned, over words often enough spoken: each
// pair's share of its first word.
static void assert_chi_square(void)
{
    double chi = 0;
    double degrees = 0;
    for (int a = 0; a < vocabulary_count; a++) {
        double all = 0;
        double said = 0;
        for (int b = 0; b < vocabulary_count; b++) {
            all += learned[a][b];
            said += spoken[a][b];
        }
        int cells = 0;
        for (int b = 0; b < vocabulary_count; b++) {
            const double expected = all > 0 ? said * learned[a][b] / all : 0;
            if (learned[a][b] == 0)
                assert_int_equal(spoken[a][b], 0);
            if (expected < 5)
                continue;
            chi += (spoken[a][b] - expected) * (spoken[a][b] - expected) / expected;
            cells++;
        }
        degrees += cells > 0 ? cells - 1 : 0;
    }
    // Wilson and Hilferty 1931: chi-square as a normal variable; four standard deviations.
    const double z2 = 2.0 / (9 * degrees);
    const double bound = 1 - z2 + 4 * 0.4714 / __builtin_sqrt(degrees);
    printf("chi-square %.1f, %.0f degrees of freedom\n", chi, degrees);
    assert_true(degrees > 300);
    assert_true(chi / degrees < bound * bound * bound);
}

// Sentences are independent draws of a chain of order two, so shares of what follows one word
// agree with the text's as well.
static void words_follow_as_in_the_text(void **state)
{
    (void)state;
    struct run t;
    uint64_t words = 0;
    read_text();
    memset(learned, 0, sizeof learned);
    memset(spoken, 0, sizeof spoken);
    for (int i = 1; i < token_count; i++)
        learned[token[i - 1]][token[i]]++;
    for (uint64_t seed = 0; words < 100000; seed++) {
        struct dialogue_params p = some_params(seed);
        p.talk_permille = 1000;
        p.line_count = 2000;
        p.line_bytes_max = 400;
        run_task(&t, &p);
        struct bytes left = buffer_bytes(&t.result);
        while (left.len > 0) {
            int said[512] = {0};
            const int count = read_tokens(next_line(&left), said + 1);
            for (int i = 1; i <= count; i++)
                spoken[said[i - 1]][said[i]]++;
            words += (uint64_t)count;
        }
    }
    assert_chi_square();
}

static bool is_in_text(const int *three)
{
    for (int i = 2; i < token_count; i++) {
        if (memcmp(token + i - 2, three, 3 * sizeof *three) == 0)
            return true;
    }
    return false;
}

static void every_three_words_stand_in_the_text(void **state)
{
    (void)state;
    struct run t;
    struct dialogue_params p = some_params(7);
    uint32_t known = 0;
    read_text();
    p.talk_permille = 1000;
    p.line_count = 3000;
    run_task(&t, &p);
    struct bytes left = buffer_bytes(&t.result);
    while (left.len > 0) {
        int said[512];
        const struct bytes line = next_line(&left);
        const int count = read_tokens(line, said);
        for (int i = 2; i < count; i++)
            assert_true(is_in_text(said + i - 2));
        uint8_t as_line[512];
        struct buffer b = buffer_of(as_line, sizeof as_line);
        buffer_put(&b, line);
        buffer_u8(&b, '\n');
        buffer_u8(&b, 0);
        known += strstr((const char *)text_at, (const char *)as_line) != NULL;
    }
    printf("%u of 3000 lines stand in the text as they are\n", known);
    assert_true(known < 3000 * 3 / 4); // it says new things, too
}

static bool begins(struct bytes line, const char *with)
{
    return bytes_is(bytes_part(line, 0, strlen(with)), with);
}

static void templates_are_of_the_situation_and_filled(void **state)
{
    (void)state;
    struct run t;
    struct dialogue_params p = some_params(3);
    p.talk_permille = 0;
    run_task(&t, &p);
    struct bytes left = buffer_bytes(&t.result);
    uint32_t glad = 0;
    while (left.len > 0) {
        const struct bytes line = next_line(&left);
        assert_true(begins(line, "Evening, Wren.") || begins(line, "Wren! You") ||
                    begins(line, "Back again, Wren? ") || begins(line, "Wren, there you are!") ||
                    begins(line, "Good to see a dry face, Wren."));
        glad += begins(line, "Wren, there you are! I kept the best soup for you.");
    }
    assert_true(glad > 200 / 5 / 3);
    p.situation = bytes_text("ask");
    p.mood = bytes_of(NULL, 0);
    run_task(&t, &p); // no {place}: one template is left
    left = buffer_bytes(&t.result);
    while (left.len > 0)
        assert_true(begins(next_line(&left), "Have you heard about the tram? tram "));
    p.slot[2].value = bytes_text("moon"); // not in the text: no template
    run_task(&t, &p);
    left = buffer_bytes(&t.result);
    while (left.len > 0)
        assert_false(begins(next_line(&left), "Have you heard"));
}

// Line i, as a part of the task.
static struct bytes alone(const struct dialogue_params *p, uint32_t i)
{
    struct dialogue_params part = *p;
    part.part_count = 1;
    part.part[0] = i;
    struct buffer params = buffer_of(part_at, sizeof part_at);
    struct buffer out = buffer_of(part_result_at, sizeof part_result_at);
    assert_int_equal(dialogue_params_encode(&part, &params), RC_OK);
    assert_int_equal(kernel_stage_run(&stage, buffer_bytes(&params), 0, &out), RC_OK);
    return bytes_part(buffer_bytes(&out), 0, out.len - 1);
}

static void each_line_comes_from_its_number_alone(void **state)
{
    (void)state;
    struct run t;
    struct run other;
    const struct dialogue_params p = some_params(11);
    run_task(&t, &p);
    struct bytes left = buffer_bytes(&t.result);
    for (uint32_t i = 0; i < p.line_count; i++) {
        const struct bytes line = next_line(&left);
        assert_true(bytes_equal(alone(&p, i), line));
    }
    memcpy(again_at, result_at, t.result.len);
    run_task(&other, &p);
    assert_memory_equal(again_at, result_at, t.result.len);
    struct dialogue_params q = p;
    q.speaker = bytes_text("Ilo"); // somebody else says other things
    run_task(&other, &q);
    assert_false(bytes_equal(bytes_of(again_at, t.result.len), buffer_bytes(&other.result)));
}

static void lines_stay_within_their_limit(void **state)
{
    (void)state;
    struct run t;
    struct kernel_verdict v;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct dialogue_params p = some_params(seed);
        p.line_bytes_max = DIALOGUE_LINE_BYTES_MIN;
        p.line_count = 1 + (uint32_t)seed * 30;
        run_task(&t, &p);
        struct bytes left = buffer_bytes(&t.result);
        while (left.len > 0)
            assert_in_range(next_line(&left).len, 1, DIALOGUE_LINE_BYTES_MIN);
        assert_int_equal(check(&t, seed, &v), RC_OK);
        assert_true(v.is_right && v.parts >= 1);
    }
}

static void an_altered_line_is_found(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    struct run t;
    struct kernel_verdict v;
    struct dialogue_params p = some_params(5);
    p.line_count = 2; // both are drawn
    for (uint64_t i = 0; i < 300; i++) {
        p.seed = i;
        run_task(&t, &p);
        const size_t at = rng_below(&r, t.result.len);
        result_at[at] ^= (uint8_t)(1 + rng_below(&r, 255));
        enum rc rc = check(&t, i, &v);
        assert_true(rc != RC_OK || !v.is_right);
    }
    p.line_count = 300;
    run_task(&t, &p);
    result_at[5] = 0x80; // no UTF-8: found in any line
    assert_int_equal(check(&t, 1, &v), RC_MALFORMED);
    run_task(&t, &p);
    t.result.len--;
    assert_int_equal(check(&t, 1, &v), RC_MALFORMED);
    t.result.len++;
    buffer_put(&t.result, bytes_text("more\n"));
    assert_int_equal(check(&t, 1, &v), RC_MALFORMED);
}

static void assert_refused(struct dialogue_params p)
{
    struct buffer b = buffer_of(params_at, sizeof params_at);
    assert_int_equal(dialogue_params_encode(&p, &b), RC_MALFORMED);
}

static void bad_params_are_refused(void **state)
{
    (void)state;
    const struct dialogue_params good = some_params(1);
    struct dialogue_params p = good;
    p.line_count = 0;
    assert_refused(p);
    p.line_count = DIALOGUE_LINES_MAX + 1;
    assert_refused(p);
    p = good;
    p.line_bytes_max = DIALOGUE_LINE_BYTES_MIN - 1;
    assert_refused(p);
    p.line_bytes_max = DIALOGUE_LINE_BYTES_MAX + 1;
    assert_refused(p);
    p = good;
    p.situation = bytes_text("Greet");
    assert_refused(p);
    p = good;
    p.mood = bytes_text("in-a-very-good-mood");
    assert_refused(p);
    p = good;
    p.speaker = bytes_text("On\na");
    assert_refused(p);
    p = good;
    p.talk_permille = 1001;
    assert_refused(p);
    p = good;
    p.slot[1].name = p.slot[0].name;
    assert_refused(p);
    p.slot[1].name = bytes_text("say");
    assert_refused(p);
    p = good;
    p.slot[2].value = bytes_of(NULL, 0);
    assert_refused(p);
    p = good;
    p.part_count = 1;
    p.part[0] = p.line_count;
    assert_refused(p);
    p.part[0]--;
    struct buffer b = buffer_of(params_at, sizeof params_at);
    struct dialogue_params back;
    size_t min;
    size_t max;
    assert_int_equal(dialogue_params_encode(&p, &b), RC_OK);
    assert_int_equal(dialogue_params_decode(&back, buffer_bytes(&b)), RC_OK);
    for (size_t len = 0; len < b.len; len++) {
        assert_int_equal(dialogue_params_decode(&back, bytes_of(params_at, len)), RC_MALFORMED);
        assert_int_equal(dialogue_kernel.result_bounds(bytes_of(params_at, len), &min, &max),
                         RC_MALFORMED);
    }
    assert_true(dialogue_kernel.size(buffer_bytes(&b)) > 0);
}

static void no_object_and_no_room_are_said(void **state)
{
    (void)state;
    struct run t;
    void *empty;
    const struct dialogue_params p = some_params(2);
    run_task(&t, &p);
    const struct kernel_in in = {.params = buffer_bytes(&t.params)};
    struct buffer out = buffer_of(again_at, t.result.len - 1);
    assert_int_equal(dialogue_kernel.run(base, &in, &out, NULL), RC_FULL);
    assert_int_equal(speech_base.open(&empty, NULL), RC_OK);
    assert_int_equal(dialogue_kernel.run(empty, &in, &out, NULL), RC_ABSENT);
    speech_base.close(empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_follow_as_in_the_text),
        cmocka_unit_test(every_three_words_stand_in_the_text),
        cmocka_unit_test(templates_are_of_the_situation_and_filled),
        cmocka_unit_test(each_line_comes_from_its_number_alone),
        cmocka_unit_test(lines_stay_within_their_limit),
        cmocka_unit_test(an_altered_line_is_found),
        cmocka_unit_test(bad_params_are_refused),
        cmocka_unit_test(no_object_and_no_room_are_said),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
