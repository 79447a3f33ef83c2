// SPDX-License-Identifier: MIT
// The option table as words: help, manual page, completion, and what a value may be.
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/option_range.h"

#define HELP_COLUMNS 80
#define HELP_INDENT  26  // where the sentences start
#define DETAIL_BYTES 512 // a sentence with its bounds and default

const char *option_value_name(const struct option_spec *s)
{
    static const char *const name[] = {
        [OPTION_FLAG] = "",      [OPTION_SWITCH] = "",        [OPTION_TEXT] = "TEXT",
        [OPTION_U64] = "N",      [OPTION_F64] = "X",          [OPTION_SIZE] = "SIZE",
        [OPTION_PIXELS] = "WxH", [OPTION_ADDR] = "ADDR:PORT", [OPTION_HOST] = "HOST[:PORT]",
        [OPTION_TEXTS] = "TEXT",
    };
    static_assert(ARRAY_COUNT(name) == OPTION_TEXTS + 1, "a name for every kind");
    return s->value != NULL ? s->value : name[s->kind];
}

// Bytes as the command line takes them: the largest unit that divides them.
static void add_binary_size(struct text *t, uint64_t bytes)
{
    static const char unit[] = "kMGT";
    size_t i = 0;
    for (; unit[i] != '\0' && bytes > 0 && bytes % 1024 == 0; i++)
        bytes /= 1024;
    text_addf(t, "%" PRIu64, bytes);
    if (i > 0)
        text_addf(t, "%c", unit[i - 1]);
}

static void add_bound(struct text *t, const struct option_spec *s, uint64_t bound)
{
    if (s->kind == OPTION_SIZE)
        add_binary_size(t, bound);
    else
        text_addf(t, "%" PRIu64, bound);
}

void option_add_bounds(struct text *t, const struct option_spec *s)
{
    if (s->kind == OPTION_F64 && option_has_real_bounds(s))
        text_addf(t, "%g..%g", s->real_min, s->real_max);
    if ((s->kind != OPTION_U64 && s->kind != OPTION_SIZE && s->kind != OPTION_PIXELS) ||
        !option_has_bounds(s))
        return;
    const bool has_max = s->max != UINT64_MAX;
    text_add(t, has_max ? "" : "at least ");
    add_bound(t, s, s->min);
    if (!has_max)
        return;
    text_add(t, "..");
    add_bound(t, s, s->max);
}

void option_add_range(struct text *t, const struct option_spec *s)
{
    static const char *const what[] = {
        [OPTION_FLAG] = "yes or no",
        [OPTION_SWITCH] = "yes, no or auto",
        [OPTION_TEXT] = "some text",
        [OPTION_U64] = "a whole number",
        [OPTION_F64] = "a number",
        [OPTION_SIZE] = "a size like 512M or 4G",
        [OPTION_PIXELS] = "WIDTHxHEIGHT, like 1280x720",
        [OPTION_ADDR] = "ADDR:PORT",
        [OPTION_HOST] = "HOST or HOST:PORT ([::1]:8765 in IPv6)",
        [OPTION_TEXTS] = "some text, 64 times at most",
    };
    static_assert(ARRAY_COUNT(what) == OPTION_TEXTS + 1, "words for every kind");
    const bool is_number = s->kind == OPTION_U64 || s->kind == OPTION_F64;
    char bounds_text[OPTION_RANGE_BYTES];
    struct text bounds = text_of(bounds_text, sizeof bounds_text);
    option_add_bounds(&bounds, s);
    if (bounds.len == 0 || !is_number) // a bounded number is what its bounds say
        text_add(t, what[s->kind]);
    if (bounds.len > 0)
        text_addf(t, "%s%s%s", is_number ? "" : ", ", bounds_text,
                  s->kind == OPTION_PIXELS ? " each" : "");
}

// The sentence with bounds and default: "samples a pixel (1..65536, default 64)".
static void add_detail(struct text *t, const struct option_spec *s)
{
    char bounds_text[OPTION_RANGE_BYTES];
    struct text bounds = text_of(bounds_text, sizeof bounds_text);
    option_add_bounds(&bounds, s);
    const char *initial = s->initial;
    if (initial == NULL && s->kind == OPTION_SWITCH)
        initial = "auto";
    // Usage shows by its brackets which positionals must be there; for names it is said here.
    const bool is_required = (s->traits & (OPTION_REQUIRED | OPTION_POSITIONAL)) == OPTION_REQUIRED;
    const char *note = is_required ? "required" : initial != NULL ? "default " : "";
    assert(!bounds.is_cut);
    text_add(t, s->sentence);
    if (bounds.len == 0 && *note == '\0')
        return;
    text_addf(t, " (%s%s%s%s)", bounds_text, bounds.len > 0 && *note != '\0' ? ", " : "", note,
              !is_required && initial != NULL ? initial : "");
}

static void add_spaces(struct text *t, size_t count)
{
    assert(count <= HELP_COLUMNS);
    text_addf(t, "%*s", (int)count, "");
}

// Words of s from column `column` on, broken at HELP_COLUMNS, further lines under `indent`.
static void add_wrapped(struct text *t, const char *s, size_t column, size_t indent)
{
    const char *gap = "";
    while (*s != '\0') {
        const size_t len = strcspn(s, " \n");
        if (column + strlen(gap) + len > HELP_COLUMNS && column > indent) {
            text_add(t, "\n");
            add_spaces(t, indent);
            column = indent;
            gap = "";
        }
        text_addf(t, "%s%.*s", gap, (int)len, s);
        column += strlen(gap) + len;
        gap = " ";
        s += len;
        s += strspn(s, " \n");
    }
    text_add(t, "\n");
}

// Copies the first paragraph, up to an empty line, to `out`; returns what follows it.
static const char *take_paragraph(const char *s, char *out, size_t cap)
{
    const char *end = strstr(s, "\n\n");
    const size_t len = end == NULL ? strlen(s) : (size_t)(end - s);
    bytes_to_text(bytes_of(s, len), out, cap);
    assert(len < cap);
    s += len;
    return s + strspn(s, "\n");
}

#define PARAGRAPH_BYTES 4096

static void add_usage(struct text *t, const struct option_command *c)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct option_spec *s = &c->spec[i];
        const char *name = option_value_name(s);
        if (option_is_named(s))
            continue;
        text_addf(t, (s->traits & OPTION_REQUIRED) != 0 ? " %s" : " [%s]", name);
        if (s->kind == OPTION_TEXTS)
            text_add(t, "...");
    }
}

static void add_entry(struct text *t, const char *left, const char *detail)
{
    const size_t len = strlen(left);
    text_add(t, left);
    if (len + 2 > HELP_INDENT) {
        text_add(t, "\n");
        add_spaces(t, HELP_INDENT);
    } else {
        add_spaces(t, HELP_INDENT - len);
    }
    add_wrapped(t, detail, HELP_INDENT, HELP_INDENT);
}

static void add_option(struct text *t, const struct option_spec *s)
{
    char left_text[2 * HELP_COLUMNS];
    struct text left = text_of(left_text, sizeof left_text);
    const char *value = option_value_name(s);
    if (option_is_named(s))
        text_addf(&left, "  --%s%s%s%s", option_has_no(s) ? "[no-]" : "", s->name,
                  value[0] != '\0' ? " " : "", value);
    else
        text_addf(&left, "  %s", value);
    assert(!left.is_cut);
    char detail_text[DETAIL_BYTES];
    struct text detail = text_of(detail_text, sizeof detail_text);
    add_detail(&detail, s);
    add_entry(t, left_text, detail_text);
}

void option_help(struct text *out, const char *program, const struct option_command *c)
{
    text_addf(out, "usage: %s %s [OPTION]...", program, c->name);
    add_usage(out, c);
    text_addf(out, "\n\n%s %s: ", program, c->name);
    add_wrapped(out, c->summary, strlen(program) + strlen(c->name) + 3, 0);
    for (const char *s = c->description != NULL ? c->description : ""; *s != '\0';) {
        char paragraph[PARAGRAPH_BYTES];
        s = take_paragraph(s, paragraph, sizeof paragraph);
        text_add(out, "\n");
        add_wrapped(out, paragraph, 0, 0);
    }
    text_add(out, "\n");
    for (size_t i = 0; i < c->count; i++)
        add_option(out, &c->spec[i]);
    add_entry(out, "  -h, --help", "show this");
    for (size_t i = 0; c->example != NULL && c->example[i] != NULL; i++)
        text_addf(out, "%s  %s\n", i == 0 ? "\nexamples:\n" : "", c->example[i]);
}

// Text for roff: no character of it is taken for a command.
static void add_roff(struct text *t, const char *s)
{
    bool is_start = true; // of a line
    for (; *s != '\0'; s++) {
        if (is_start && (*s == '.' || *s == '\''))
            text_add(t, "\\&");
        if (*s == '\\')
            text_add(t, "\\e");
        else if (*s == '-')
            text_add(t, "\\-");
        else
            text_addf(t, "%c", *s);
        is_start = *s == '\n';
    }
}

static void add_man_option(struct text *t, const struct option_spec *s)
{
    const char *value = option_value_name(s);
    text_add(t, ".TP\n");
    if (option_is_named(s)) {
        text_addf(t, "\\fB\\-\\-%s", option_has_no(s) ? "[no\\-]" : "");
        add_roff(t, s->name);
        text_addf(t, "\\fR%s", value[0] != '\0' ? " " : "");
    }
    if (value[0] != '\0') {
        text_add(t, "\\fI");
        add_roff(t, value);
        text_add(t, "\\fR");
    }
    text_add(t, "\n");
    char detail_text[DETAIL_BYTES];
    struct text detail = text_of(detail_text, sizeof detail_text);
    add_detail(&detail, s);
    add_roff(t, detail_text);
    text_add(t, "\n");
}

static void add_man_head(struct text *t, const char *program, const struct option_command *c)
{
    text_add(t, ".TH \"");
    add_roff(t, program);
    text_add(t, "\\-");
    add_roff(t, c->name);
    text_add(t, "\" 1 \"\" \"");
    add_roff(t, program);
    text_add(t, "\"\n.SH NAME\n");
    add_roff(t, program);
    text_add(t, "\\-");
    add_roff(t, c->name);
    text_add(t, " \\- ");
    add_roff(t, c->summary);
    text_add(t, "\n.SH SYNOPSIS\n\\fB");
    add_roff(t, program);
    text_add(t, " ");
    add_roff(t, c->name);
    text_add(t, "\\fR [\\fIOPTION\\fR]...");
    add_usage(t, c);
    text_add(t, "\n");
}

static void add_man_file(struct text *t, const struct option_command *c)
{
    bool has_file = false;
    for (size_t i = 0; i < c->count; i++)
        has_file = has_file || strcmp(c->spec[i].name, "config") == 0;
    if (!has_file)
        return;
    text_add(t,
             ".SH CONFIGURATION FILE\n"
             "The file of \\fB\\-\\-config\\fR holds lines \\fINAME\\fR = \\fIVALUE\\fR, with the "
             "options' names, empty lines, and comments that start with #.\n"
             "An option without a value is yes or no there, and auto where that is its "
             "default.\n"
             "The command line has the last word.\n");
}

void option_man(struct text *out, const char *program, const struct option_command *c)
{
    add_man_head(out, program, c);
    const char *start = ".SH DESCRIPTION\n";
    for (const char *s = c->description != NULL ? c->description : ""; *s != '\0';) {
        char paragraph[PARAGRAPH_BYTES];
        s = take_paragraph(s, paragraph, sizeof paragraph);
        text_add(out, start);
        add_roff(out, paragraph);
        text_add(out, "\n");
        start = ".PP\n";
    }
    text_add(out, ".SH OPTIONS\n");
    for (size_t i = 0; i < c->count; i++)
        add_man_option(out, &c->spec[i]);
    text_add(out, ".TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nshow the options\n");
    add_man_file(out, c);
    text_add(out, ".SH EXIT STATUS\n0: done. 1: failed. 2: used wrongly.\n");
    for (size_t i = 0; c->example != NULL && c->example[i] != NULL; i++) {
        text_add(out, i == 0 ? ".SH EXAMPLES\n.EX\n" : "");
        add_roff(out, c->example[i]);
        text_add(out, c->example[i + 1] == NULL ? "\n.EE\n" : "\n");
    }
}

static void add_bash_words(struct text *t, const struct option_command *c)
{
    text_addf(t, "    %s) words='--help", c->name);
    for (size_t i = 0; i < c->count; i++) {
        const struct option_spec *s = &c->spec[i];
        if (option_is_named(s))
            text_addf(t, " --%s", s->name);
        if (option_is_named(s) && option_has_no(s))
            text_addf(t, " --no-%s", s->name);
    }
    text_add(t, "' ;;\n");
}

void option_bash(struct text *out, const char *program, const struct option_command *const *command,
                 size_t count)
{
    text_addf(out, "# bash completion for %s\n_%s()\n{\n    local words=''\n", program, program);
    text_add(out, "    [ \"$COMP_CWORD\" -gt 1 ] && case \"${COMP_WORDS[1]}\" in\n");
    for (size_t i = 0; i < count; i++)
        add_bash_words(out, command[i]);
    text_add(out, "    esac\n    [ \"$COMP_CWORD\" -eq 1 ] && words='");
    for (size_t i = 0; i < count; i++)
        text_addf(out, "%s%s", i > 0 ? " " : "", command[i]->name);
    text_add(out,
             "'\n    COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n}\n");
    text_addf(out, "complete -o default -F _%s %s\n", program, program);
}
