// SPDX-License-Identifier: MIT
// Input text: a player's recorded input as a text file, one step a line.
#include "compute/input_text.h"

#include <assert.h>
#include <string.h>

#define ONE        1000000000   // numbers are counted in billionths
#define WHOLE_MAX  1000         // before the point, of any number here
#define ONE_US     (ONE / 1000) // of a number of milliseconds
#define NUMBERS    6
#define SHARES     (NUMBERS - 1)
#define LINE_WORDS "MS RIGHT UP AHEAD TURN TILT"

static_assert(SESSION_STEP_US_MAX == WHOLE_MAX * 1000, "the longest step can be written");

static const struct number {
    const char *name, *range;
    int64_t min, max;
} numbers[NUMBERS] = {
    {"MS", "0.001 to 1000", ONE_US, WHOLE_MAX *(int64_t)ONE},
    {"RIGHT", "-1 to 1", -ONE, ONE},
    {"UP", "-1 to 1", -ONE, ONE},
    {"AHEAD", "-1 to 1", -ONE, ONE},
    {"TURN", "-1 to 1", -ONE, ONE},
    {"TILT", "-1 to 1", -ONE, ONE},
};

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

// The digits before the point, which are not one digit too many.
static bool take_whole(struct bytes *left, int64_t *billionths)
{
    int64_t whole = 0;
    if (left->len == 0 || !is_digit(left->at[0]))
        return false;
    for (; left->len > 0 && is_digit(left->at[0]); *left = bytes_part(*left, 1, SIZE_MAX)) {
        whole = whole * 10 + (left->at[0] - '0');
        if (whole > WHOLE_MAX)
            return false;
    }
    *billionths = whole * ONE;
    return true;
}

// The point, if there is one, and what follows; then nothing may be left.
static bool add_fraction(struct bytes left, int64_t *billionths)
{
    if (left.len == 0)
        return true;
    if (left.at[0] != '.' || left.len == 1)
        return false;
    int64_t worth = ONE / 10; // of a digit; 0 from the tenth on
    for (size_t i = 1; i < left.len; i++, worth /= 10) {
        if (!is_digit(left.at[i]))
            return false;
        *billionths += (left.at[i] - '0') * worth;
    }
    return true;
}

static bool number_of(struct bytes word, int64_t *out)
{
    const bool is_signed = word.len > 0 && (word.at[0] == '-' || word.at[0] == '+');
    struct bytes left = bytes_part(word, is_signed, SIZE_MAX);
    int64_t billionths;
    if (!take_whole(&left, &billionths) || !add_fraction(left, &billionths))
        return false;
    *out = is_signed && word.at[0] == '-' ? -billionths : billionths;
    return true;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

// Empty at the line's end.
static struct bytes take_word(struct bytes *line)
{
    size_t from = 0;
    while (from < line->len && is_blank(line->at[from]))
        from++;
    size_t to = from;
    while (to < line->len && !is_blank(line->at[to]))
        to++;
    const struct bytes word = bytes_part(*line, from, to - from);
    *line = bytes_part(*line, to, SIZE_MAX);
    return word;
}

// Without its end.
static struct bytes take_line(struct bytes *text)
{
    assert(text->len > 0);
    struct bytes line = bytes_take_until(text, '\n');
    if (line.len > 0 && line.at[line.len - 1] == '\r')
        line.len--;
    return line;
}

static bool is_left_out(struct bytes line)
{
    return (line.len > 0 && line.at[0] == '#') || take_word(&line).len == 0;
}

static enum rc numbers_of(struct bytes line, uint32_t line_number, int64_t out[static NUMBERS],
                          struct err *err)
{
    for (size_t i = 0; i < NUMBERS; i++) {
        const struct number *n = &numbers[i];
        const struct bytes word = take_word(&line);
        if (word.len == 0)
            return err_set(err, RC_MALFORMED, "line %u: %s is missing; a line is %s", line_number,
                           n->name, LINE_WORDS);
        if (!number_of(word, &out[i]) || out[i] < n->min || out[i] > n->max)
            return err_set(err, RC_MALFORMED, "line %u: %s must be a decimal number from %s",
                           line_number, n->name, n->range);
    }
    if (take_word(&line).len > 0)
        return err_set(err, RC_MALFORMED, "line %u: more than six numbers; a line is %s",
                       line_number, LINE_WORDS);
    return RC_OK;
}

static struct session_input step_of(const int64_t v[static NUMBERS], uint64_t step)
{
    struct session_input in = {.step = step, .for_us = (uint32_t)((v[0] + ONE_US / 2) / ONE_US)};
    float share[SHARES];
    for (size_t i = 0; i < SHARES; i++) // exact until it is divided, which rounds alike everywhere
        share[i] = (float)((double)v[i + 1] / ONE);
    memcpy(in.move, share, sizeof in.move);
    memcpy(in.turn, share + 3, sizeof in.turn);
    assert(in.for_us >= 1 && in.for_us <= SESSION_STEP_US_MAX);
    return in;
}

enum rc input_text_parse(struct session_input *out, uint32_t cap, uint32_t *count,
                         struct bytes text, struct err *err)
{
    uint32_t steps = 0;
    for (uint32_t line_number = 1; text.len > 0; line_number++) {
        const struct bytes line = take_line(&text);
        int64_t v[NUMBERS] = {0};
        if (is_left_out(line))
            continue;
        if (steps == cap)
            return err_set(err, RC_MALFORMED, "line %u: more than %u steps", line_number, cap);
        enum rc rc = numbers_of(line, line_number, v, err);
        if (rc != RC_OK)
            return rc;
        out[steps] = step_of(v, (uint64_t)steps + 1);
        steps++;
    }
    *count = steps;
    return RC_OK;
}
