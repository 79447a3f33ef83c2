// SPDX-License-Identifier: MIT
// Letters as strokes on a 5 by 7 lattice: bent tubes of neon, or strips of paint.
//
// Capitals, some digits, and under the small letters shapes after katakana, for signs:
//     a ア  k カ  s サ  r ラ  m メ  n ン  h ホ  t テ  u ル  b バ  o オ  e ケ  | ー (written down)
//     z 中  d 大  j 日  p 本  y 円
// Anything else is a space.
#ifndef SCENE_GLYPH_H
#define SCENE_GLYPH_H

#include <stdbool.h>
#include <stdint.h>

#include "scene/draft.h"
#include "scene/shape.h"

struct glyph_pen {
    float height;   // of a capital, metres; a glyph is 2/3 as wide
    float radius;   // of the tube, or half the strip's width
    unsigned sides; // of the tube, 3..32; 0: a flat strip
    uint32_t material;
};

#define GLYPH_WIDTH   (4.0f / 6.0f) // of the height
#define GLYPH_ADVANCE 0.9f          // from one glyph to the next in a row, of the height
#define GLYPH_DROP    1.25f         // the same in a column

// Text in the frame's right-up plane, lower left corner of the first glyph at its origin; as a
// column the first glyph is the highest and the origin is the lower left of the last.
void glyph_row(struct draft *d, const struct frame *f, const char *text,
               const struct glyph_pen *pen);
void glyph_column(struct draft *d, const struct frame *f, const char *text,
                  const struct glyph_pen *pen);
// Length of `count` glyphs in a row or column.
float glyph_row_length(size_t count, float height);
float glyph_column_length(size_t count, float height);

#endif
