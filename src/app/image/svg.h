// SPDX-License-Identifier: MIT
// Drawings as SVG: shapes and words appended to a bounded text, a line each.
//
//     svg_begin(&t, 800, 600, "what it shows");
//     svg_group(&t, "fill=\"#d33\"");
//     svg_dot(&t, (struct svg_point){10, 20}, 2);
//     svg_group_end(&t);
//     svg_end(&t);
//
// `look` is a list of attributes as they stand in the file, or NULL; words that are shown are
// escaped. Nothing from elsewhere is referred to: no scripts, no fonts but the viewer's own. What
// does not fit is cut, as text.is_cut says.
#ifndef IMAGE_SVG_H
#define IMAGE_SVG_H

#include <stddef.h>

#include "base/attr.h"
#include "base/text.h"

struct svg_point { // to the right and down from the top left
    double x, y;
};

// On white. title: for who cannot see it, and as a tip.
void svg_begin(struct text *t, double width, double height, const char *title);
void svg_end(struct text *t);
void svg_group(struct text *t, const char *look); // holds for what comes before its end
void svg_group_end(struct text *t);
void svg_line(struct text *t, struct svg_point a, struct svg_point b, const char *look);
void svg_box(struct text *t, struct svg_point corner, struct svg_point size, const char *look);
void svg_dot(struct text *t, struct svg_point centre, double radius);
// From the first point to the last; at least two.
void svg_path(struct text *t, const struct svg_point *at, size_t count, const char *look);
// The left end of its baseline is at `at`, unless the look says otherwise.
void svg_words(struct text *t, struct svg_point at, const char *look, const char *format, ...)
    PRINTF(4, 5);

#endif
