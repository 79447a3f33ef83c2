// SPDX-License-Identifier: MIT
// Drawings as SVG: shapes and words appended to a bounded text, a line each.
#include "image/svg.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#define WORDS_BYTES 256 // of one piece of text; longer ones are cut

// XML 1.0, section 2.4; control characters are not allowed in it at all.
static void add_escaped(struct text *t, const char *words)
{
    for (const char *at = words; *at != 0; at++) {
        if (*at == '&')
            text_add(t, "&amp;");
        else if (*at == '<')
            text_add(t, "&lt;");
        else if (*at == '>')
            text_add(t, "&gt;");
        else
            text_addf(t, "%c", *at >= 0 && *at < ' ' ? '?' : *at);
    }
}

static void add_look(struct text *t, const char *look)
{
    if (look != NULL)
        text_addf(t, " %s", look);
}

void svg_begin(struct text *t, double width, double height, const char *title)
{
    assert(width > 0 && height > 0);
    text_addf(t,
              "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
              "viewBox=\"0 0 %.0f %.0f\" font-family=\"Helvetica, Arial, sans-serif\">\n<title>",
              width, height, width, height);
    add_escaped(t, title);
    text_add(t, "</title>\n");
    svg_box(t, (struct svg_point){0, 0}, (struct svg_point){width, height}, "fill=\"#fff\"");
}

void svg_end(struct text *t)
{
    text_add(t, "</svg>\n");
}

void svg_group(struct text *t, const char *look)
{
    text_add(t, "<g");
    add_look(t, look);
    text_add(t, ">\n");
}

void svg_group_end(struct text *t)
{
    text_add(t, "</g>\n");
}

void svg_line(struct text *t, struct svg_point a, struct svg_point b, const char *look)
{
    text_addf(t, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"", a.x, a.y, b.x, b.y);
    add_look(t, look);
    text_add(t, "/>\n");
}

void svg_box(struct text *t, struct svg_point corner, struct svg_point size, const char *look)
{
    text_addf(t, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"", corner.x, corner.y,
              size.x, size.y);
    add_look(t, look);
    text_add(t, "/>\n");
}

void svg_dot(struct text *t, struct svg_point centre, double radius)
{
    assert(radius > 0);
    text_addf(t, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"/>\n", centre.x, centre.y, radius);
}

void svg_path(struct text *t, const struct svg_point *at, size_t count, const char *look)
{
    assert(count >= 2);
    text_add(t, "<polyline fill=\"none\" points=\"");
    for (size_t i = 0; i < count; i++)
        text_addf(t, "%s%.1f,%.1f", i > 0 ? " " : "", at[i].x, at[i].y);
    text_add(t, "\"");
    add_look(t, look);
    text_add(t, "/>\n");
}

void svg_words(struct text *t, struct svg_point at, const char *look, const char *format, ...)
{
    char words[WORDS_BYTES];
    va_list values;
    va_start(values, format);
    const int len = vsnprintf(words, sizeof words, format, values);
    va_end(values);
    if (len < 0)
        return; // a number beyond all bounds
    text_addf(t, "<text x=\"%.1f\" y=\"%.1f\"", at.x, at.y);
    add_look(t, look);
    text_add(t, ">");
    add_escaped(t, words);
    text_add(t, "</text>\n");
}
