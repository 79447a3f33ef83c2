// SPDX-License-Identifier: MIT
// What a person, or a script, sees of a check-up: one line a check, one more where something is
// to be mended.
#include "prog/doctor/view.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "prog/json_line.h"

#define LINE_BYTES 512

static const struct {
    const char *word;
    const char *json;
    const char *colour;
} marks[] = {[DOCTOR_OK] = {"ok", "ok", "32"},
             [DOCTOR_WARN] = {"WARN", "warn", "33"},
             [DOCTOR_FAIL] = {"FAIL", "fail", "1;31"},
             [DOCTOR_SKIP] = {"-", "skip", "2"}};

static_assert(ARRAY_COUNT(marks) == DOCTOR_MARKS, "each mark has its words");

void doctor_view_init(struct doctor_view *v, bool is_json)
{
    const char *no_colour = getenv("NO_COLOR"); // https://no-color.org
    *v = (struct doctor_view){.is_json = is_json,
                              .has_colour = isatty(STDOUT_FILENO) &&
                                            (no_colour == NULL || no_colour[0] == 0)};
}

void doctor_number(struct doctor_view *v, const char *name, double value)
{
    assert(v->number_count < DOCTOR_NUMBERS_MAX);
    v->number[v->number_count++] = (struct doctor_number){name, value};
}

void doctor_fix(struct doctor_view *v, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    (void)vsnprintf(v->fix, sizeof v->fix, format, values); // a longer one is cut
    va_end(values);
}

static void as_json(const struct doctor_view *v, enum doctor_mark mark, const char *check,
                    const char *what)
{
    struct json_line line;
    struct json_writer *w = json_line_start(&line, NULL);
    json_put_text(w, "check", check);
    json_put_text(w, "result", marks[mark].json);
    json_put_text(w, "text", what);
    if (v->fix[0] != 0)
        json_put_text(w, "fix", v->fix);
    for (size_t i = 0; i < v->number_count; i++)
        json_put_f64(w, v->number[i].name, v->number[i].value);
    json_line_end(&line);
}

static void as_line(const struct doctor_view *v, enum doctor_mark mark, const char *check,
                    const char *what)
{
    const char *word = marks[mark].word;
    if (v->has_colour)
        printf("\033[%sm%-4s\033[0m  %-10s  %s\n", marks[mark].colour, word, check, what);
    else
        printf("%-4s  %-10s  %s\n", word, check, what);
    if (v->fix[0] != 0)
        printf("      %-10s  %s\n", "->", v->fix);
}

void doctor_say(struct doctor_view *v, enum doctor_mark mark, const char *check, const char *format,
                ...)
{
    char raw[LINE_BYTES];
    char what[LINE_BYTES];
    va_list values;
    va_start(values, format);
    (void)vsnprintf(raw, sizeof raw, format, values); // a longer one is cut
    va_end(values);
    struct text text = text_of(what, sizeof what);
    text_add_safe(&text, bytes_text(raw)); // some of it is somebody else's word
    if (v->is_json)
        as_json(v, mark, check, what);
    else
        as_line(v, mark, check, what);
    v->count[mark]++;
    v->number_count = 0;
    v->fix[0] = 0;
}

static void sum_as_json(const struct doctor_view *v, unsigned made)
{
    const unsigned failed = v->count[DOCTOR_FAIL];
    const unsigned warned = v->count[DOCTOR_WARN];
    struct json_line line;
    struct json_writer *w = json_line_start(&line, NULL);
    json_put_text(w, "check", "all");
    json_put_text(w, "result", failed > 0 ? "fail" : warned > 0 ? "warn" : "ok");
    json_put_u64(w, "made", made);
    json_put_u64(w, "failed", failed);
    json_put_u64(w, "warned", warned);
    json_line_end(&line);
}

bool doctor_sum(const struct doctor_view *v)
{
    const unsigned failed = v->count[DOCTOR_FAIL];
    const unsigned warned = v->count[DOCTOR_WARN];
    const unsigned made = v->count[DOCTOR_OK] + warned + failed;
    if (v->is_json)
        sum_as_json(v, made);
    else if (failed > 0)
        printf("\n%u of %u checks failed%s.\n", failed, made,
               failed > 1 ? ": mend the first one first, others may follow from it" : "");
    else if (warned > 0)
        printf("\nNothing failed: %u checks, %u with a warning.\n", made, warned);
    else
        printf("\nAll is well: %u checks.\n", made);
    return failed == 0;
}
