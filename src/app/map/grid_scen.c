// SPDX-License-Identifier: MIT
// Path problems on a grid map, read from the text of the Moving AI benchmarks.
#include "map/grid_scen.h"

#define DIGITS_MAX 18 // of a length, so that they fit 64 bits

static bool take_whole(struct bytes *line, uint32_t max, uint32_t *out)
{
    const struct bytes word = bytes_take_until(line, '\t');
    uint32_t value = 0;
    for (size_t i = 0; i < word.len; i++) {
        if (word.at[i] < '0' || word.at[i] > '9' || i == 9)
            return false;
        value = value * 10 + (uint32_t)(word.at[i] - '0');
    }
    *out = value;
    return word.len > 0 && value <= max;
}

// Digits, and maybe a point and more digits: as whole numbers, whatever the locale.
static bool take_length(struct bytes *line, double *out)
{
    struct bytes word = bytes_take_until(line, '\t');
    uint64_t value = 0;
    double unit = 1;
    bool is_fraction = false;
    size_t digits = 0;
    for (size_t i = 0; i < word.len; i++) {
        if (word.at[i] == '.' && !is_fraction && digits > 0) {
            is_fraction = true;
            continue;
        }
        if (word.at[i] < '0' || word.at[i] > '9' || digits++ == DIGITS_MAX)
            return false;
        value = value * 10 + (uint64_t)(word.at[i] - '0');
        unit *= is_fraction ? 10 : 1;
    }
    *out = (double)value / unit;
    return digits > 0 && word.at[word.len - 1] != '.';
}

static bool take_cell(struct bytes *line, const struct grid_problem *p, struct grid_cell *out)
{
    uint32_t x = 0;
    uint32_t y = 0;
    if (!take_whole(line, p->width - 1, &x) || !take_whole(line, p->height - 1, &y))
        return false;
    *out = (struct grid_cell){(uint16_t)x, (uint16_t)y};
    return true;
}

static const char *read_problem(struct grid_problem *p, struct bytes line)
{
    uint32_t bucket = 0;
    if (!take_whole(&line, UINT32_MAX, &bucket))
        return "it does not begin with a number";
    if (bytes_take_until(&line, '\t').len == 0)
        return "it names no map";
    if (!take_whole(&line, GRID_SIDE_MAX, &p->width) || p->width == 0 ||
        !take_whole(&line, GRID_SIDE_MAX, &p->height) || p->height == 0)
        return "the map's sides are out of range";
    if (!take_cell(&line, p, &p->start) || !take_cell(&line, p, &p->goal))
        return "a start or goal is not on the map";
    if (!take_length(&line, &p->length) || line.len > 0)
        return "it does not end with a length";
    return NULL;
}

enum rc grid_scen_parse(struct grid_problem **out, uint32_t *count, struct arena *arena,
                        struct bytes text, struct err *err)
{
    uint32_t lines = 1;
    for (size_t i = 0; i < text.len; i++)
        lines += text.at[i] == '\n';
    if (lines > GRID_SCEN_MAX)
        return err_set(err, RC_MALFORMED, "more than %u lines", GRID_SCEN_MAX);
    struct grid_problem *list = arena_take_array(arena, lines, sizeof *list);
    if (list == NULL)
        return err_set(err, RC_NOMEM, "the problems need more memory than there is");
    uint32_t found = 0;
    for (uint32_t line = 1; text.len > 0; line++) {
        struct bytes words = bytes_take_until(&text, '\n');
        if (words.len > 0 && words.at[words.len - 1] == '\r')
            words.len--;
        if (line == 1 && !bytes_is(words, "version 1") && !bytes_is(words, "version 1.0"))
            return err_set(err, RC_MALFORMED, "line 1 is not `version 1`");
        if (line == 1 || words.len == 0)
            continue;
        struct grid_problem *p = &list[found];
        p->line = line;
        const char *why = read_problem(p, words);
        if (why != NULL)
            return err_set(err, RC_MALFORMED, "line %u: %s", line, why);
        found++;
    }
    *out = list;
    *count = found;
    return RC_OK;
}
