// SPDX-License-Identifier: MIT
// Tests of input texts: what each line means, and which line is at fault and why.
#include "compute/input_text.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

#define STEPS_MAX 4u
#define GOOD      "16 0 0 1 0 0\n"

static struct session_input step[STEPS_MAX];

static uint32_t count_of(struct bytes text)
{
    struct err err = {.text = ""};
    uint32_t count = 99;
    memset(step, 0xff, sizeof step);
    if (input_text_parse(step, STEPS_MAX, &count, text, &err) != RC_OK)
        fail_msg("%s", err.text);
    return count;
}

static uint32_t count_in(const char *text)
{
    return count_of(bytes_text(text));
}

static void assert_step(const struct session_input *in, uint64_t number, uint32_t for_us,
                        const float move[3], const float turn[2])
{
    assert_int_equal(in->step, number);
    assert_int_equal(in->for_us, for_us);
    assert_memory_equal(in->move, move, sizeof in->move);
    assert_memory_equal(in->turn, turn, sizeof in->turn);
}

static void assert_share(float share, float want) // to the bit
{
    assert_memory_equal(&share, &want, sizeof share);
}

static void assert_fault_in(struct bytes text, uint32_t line, const char *words)
{
    char room[ERR_TEXT_BYTES];
    struct err err = {.text = ""};
    uint32_t count = 99;
    struct text want = text_of(room, sizeof room);
    text_addf(&want, "line %u: %s", line, words);
    assert_int_equal(input_text_parse(step, STEPS_MAX, &count, text, &err), RC_MALFORMED);
    assert_int_equal(err.rc, RC_MALFORMED);
    assert_string_equal(err.text, room);
    assert_int_equal(count, 99);
    assert_int_equal(input_text_parse(step, STEPS_MAX, &count, text, NULL), RC_MALFORMED);
}

static void assert_fault(const char *text, uint32_t line, const char *words)
{
    assert_fault_in(bytes_text(text), line, words);
}

// A word that is no share, in each of the five places of one, and as a time.
static void assert_no_number(struct bytes word)
{
    static const char *const name[] = {"RIGHT", "UP", "AHEAD", "TURN", "TILT"};
    uint8_t room[256];
    char words[ERR_TEXT_BYTES];
    for (size_t place = 0; place < 6; place++) {
        struct buffer b = buffer_of(room, sizeof room);
        struct text t = text_of(words, sizeof words);
        buffer_put(&b, bytes_text(GOOD));
        for (size_t i = 0; i < 6; i++) {
            buffer_put(&b, i == place ? word : bytes_text(i == 0 ? "16" : "0"));
            buffer_u8(&b, i < 5 ? ' ' : '\n');
        }
        assert_false(b.is_full);
        text_addf(&t, "%s must be a decimal number from %s", place == 0 ? "MS" : name[place - 1],
                  place == 0 ? "0.001 to 1000" : "-1 to 1");
        assert_fault_in(buffer_bytes(&b), 2, words);
    }
}

static void test_good_lines(void **state)
{
    (void)state;
    assert_int_equal(count_in("16 0 0 1 0 0\n"
                              "16.667 -1 0.5 -0.25 0.1 -0.001\n"
                              "1000 +1 1 1.000 -1.0 +0.0\n"
                              "0.001 0 0 0 0 0\n"),
                     4);
    assert_step(&step[0], 1, 16000, (float[]){0, 0, 1}, (float[]){0, 0});
    assert_step(&step[1], 2, 16667, (float[]){-1, 0.5f, -0.25f}, (float[]){0.1f, -0.001f});
    assert_step(&step[2], 3, 1000000, (float[]){1, 1, 1}, (float[]){-1, 0});
    assert_step(&step[3], 4, 1, (float[]){0, 0, 0}, (float[]){0, 0});
}

static void test_no_steps(void **state)
{
    (void)state;
    assert_int_equal(count_of((struct bytes){NULL, 0}), 0);
    assert_int_equal(count_in("\n"), 0);
    assert_int_equal(count_in("\r\n\n \t \n"), 0);
    assert_int_equal(count_in("# nothing was played"), 0);
}

static void test_comments_and_empty_lines(void **state)
{
    (void)state;
    assert_int_equal(count_in("# MS RIGHT UP AHEAD TURN TILT\n\n" GOOD "#\n#16 0 0 0 0\n \t\n"
                              "17 0 0 0 0 0\n"),
                     2);
    assert_int_equal(step[0].for_us, 16000);
    assert_int_equal(step[1].for_us, 17000);
    assert_int_equal(step[1].step, 2);
    assert_fault(" # not the first character\n", 1,
                 "MS must be a decimal number from 0.001 to 1000");
    assert_fault("16 0 0 0 0 0 # after it\n", 1,
                 "more than six numbers; a line is MS RIGHT UP AHEAD TURN TILT");
}

static void test_line_ends_and_blanks(void **state)
{
    (void)state;
    assert_int_equal(count_in("16 0 0 1 0 0\r\n# x\r\n\r\n17 0 0 1 0 0.5\r\n"), 2);
    assert_share(step[1].turn[1], 0.5f);
    assert_int_equal(count_in("16 0 0 1 0 0\n17 0 0 1 0 0.5"), 2);
    assert_share(step[1].turn[1], 0.5f);
    assert_int_equal(count_in("17 0 0 1 0 0.5\r"), 1);
    assert_int_equal(count_in("\t 18\t0  0\t\t1 0 -1 \t\n"), 1);
    assert_step(&step[0], 1, 18000, (float[]){0, 0, 1}, (float[]){0, -1});
    assert_fault("16 0 0 1 0 0\r17 0 0 1 0 0\n", 1, "TILT must be a decimal number from -1 to 1");
    assert_fault(GOOD "16 0 0 1 0 0\r\r\n", 2, "TILT must be a decimal number from -1 to 1");
}

// The text ends where its bytes end, whatever lies behind them.
static void test_reads_no_further(void **state)
{
    (void)state;
    static const char text[] = "16 0 0 1 0 0.25";
    assert_int_equal(count_of(bytes_of(text, sizeof text - 2)), 1);
    assert_share(step[0].turn[1], 0.2f);
    assert_fault_in(bytes_of(text, sizeof text - 3), 1,
                    "TILT must be a decimal number from -1 to 1");
    assert_fault_in(bytes_of(text, strlen("16 0 0 1 0 ")), 1,
                    "TILT is missing; a line is MS RIGHT UP AHEAD TURN TILT");
}

static void test_too_few_or_many_numbers(void **state)
{
    (void)state;
    assert_fault(GOOD GOOD "\n16\n", 4, "RIGHT is missing; a line is MS RIGHT UP AHEAD TURN TILT");
    assert_fault("16 0 0 1 0 \n", 1, "TILT is missing; a line is MS RIGHT UP AHEAD TURN TILT");
    assert_fault("#\r\n16 0 0 1 0 0 0\r\n", 2,
                 "more than six numbers; a line is MS RIGHT UP AHEAD TURN TILT");
    assert_fault(GOOD "16,0,0,1,0,0\n", 2, "MS must be a decimal number from 0.001 to 1000");
}

static void test_no_numbers(void **state)
{
    (void)state;
    static const char *const word[] = {
        "nan",  "NaN",           "-nan",    "inf", "-inf", "Infinity", "0x1", "0x1p-1", "1e9",
        "1e-3", "1E0",           "-",       "+",   ".",    ".5",       "5.",  "-.5",    "0,5",
        "0..5", "0.5.",          "--1",     "+-1", "1-",   "x",        "0f",  "1_0",    "0.5x",
        "'1'",  "\357\273\2771", "\xd9\xa1"};
    for (size_t i = 0; i < sizeof word / sizeof *word; i++)
        assert_no_number(bytes_text(word[i]));
    assert_no_number(bytes_of("1\0", 2));
    assert_no_number(bytes_of("\0", 1));
    assert_no_number(bytes_of("0.\0001", 4));
}

static void test_out_of_range(void **state)
{
    (void)state;
    static const char *const share[] = {"1.000000001", "-1.000000001",         "2",         "-1000",
                                        "1001",        "18446744073709551617", "1000000000"};
    for (size_t i = 0; i < sizeof share / sizeof *share; i++) {
        char room[128];
        struct text t = text_of(room, sizeof room);
        text_addf(&t, GOOD "16 0 0 0 %s 0\n", share[i]);
        assert_fault(room, 2, "TURN must be a decimal number from -1 to 1");
    }
    static const char *const ms[] = {"0", "-0", "0.0009", "-16", "1000.001", "1001", "4294967297"};
    for (size_t i = 0; i < sizeof ms / sizeof *ms; i++) {
        char room[128];
        struct text t = text_of(room, sizeof room);
        text_addf(&t, "\n\n%s 0 0 0 0 0\n", ms[i]);
        assert_fault(room, 3, "MS must be a decimal number from 0.001 to 1000");
    }
}

static void test_many_digits(void **state)
{
    (void)state;
    assert_int_equal(count_in("0016.6665 0.30000000000000004 -0.9999999999 1.0000000009 000 -0"),
                     1);
    assert_step(&step[0], 1, 16667, (float[]){0.3f, -1.0f, 1.0f}, (float[]){0, 0});
    assert_false(signbit(step[0].turn[1])); // as 0 is, so that texts that mean one thing are one
}

// What a recorder writes with printf is what it recorded, to the last bit.
static void test_shares_as_strtod(void **state)
{
    (void)state;
    for (uint32_t i = 0; i <= 20000; i++) {
        char room[128];
        char number[32];
        snprintf(number, sizeof number, "%.*f", (int)(i % 10), (double)i / 10000.0 - 1.0);
        snprintf(room, sizeof room, "16 %s 0 0 0 0\n", number);
        assert_int_equal(count_in(room), 1);
        assert_share(step[0].move[0], (float)(strtod(number, NULL) + 0.0)); // -0 is 0
    }
}

static void test_too_many(void **state)
{
    (void)state;
    assert_int_equal(count_in(GOOD GOOD GOOD GOOD "# the end\n\n"), STEPS_MAX);
    assert_int_equal(step[STEPS_MAX - 1].step, STEPS_MAX);
    assert_fault(GOOD "#\n" GOOD GOOD GOOD GOOD, 6, "more than 4 steps");
    struct err err;
    uint32_t count = 99;
    assert_int_equal(input_text_parse(NULL, 0, &count, bytes_text("\n"), &err), RC_OK);
    assert_int_equal(count, 0);
    assert_int_equal(input_text_parse(NULL, 0, &count, bytes_text(GOOD), &err), RC_MALFORMED);
}

static void test_long_lines(void **state)
{
    (void)state;
    static char room[70000];
    memset(room, ' ', sizeof room - 1); // blanks before the first number
    memcpy(room + sizeof room - sizeof GOOD, GOOD, sizeof GOOD);
    assert_int_equal(count_in(room), 1);
    assert_int_equal(step[0].for_us, 16000);
    memset(room, '#', sizeof room - sizeof GOOD); // a comment, and it has no end
    assert_int_equal(count_in(room), 0);
    room[sizeof room - sizeof GOOD - 1] = '\n';
    assert_int_equal(count_in(room), 1);
    memset(room, '9', sizeof room - sizeof GOOD - 1); // one number
    assert_fault(room, 1, "MS must be a decimal number from 0.001 to 1000");
    memcpy(room, "16 0 0 0 0 0.", 13);
    assert_int_equal(count_in(room), 2);
    assert_share(step[0].turn[1], 1.0f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_lines),
        cmocka_unit_test(test_no_steps),
        cmocka_unit_test(test_comments_and_empty_lines),
        cmocka_unit_test(test_line_ends_and_blanks),
        cmocka_unit_test(test_reads_no_further),
        cmocka_unit_test(test_too_few_or_many_numbers),
        cmocka_unit_test(test_no_numbers),
        cmocka_unit_test(test_out_of_range),
        cmocka_unit_test(test_many_digits),
        cmocka_unit_test(test_shares_as_strtod),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_long_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
