// SPDX-License-Identifier: MIT
// A picture from the gamer's own geometry and somebody else's light.
//
//     composite_new(&c, &size, COMPOSITE_BEST, budget);
//     each frame:
//         composite_geometry(c, full, low);  // both as kernel `geometry` makes them
//         composite_draw(c, &layer, &tone, rgb);
//     composite_free(c);
//
// The layer is brought to the picture's size along surfaces: of the four layer pixels around a
// pixel those count that show the same surface, by depth, normal and id. Then light * albedo +
// emission, glare, and the same curve as tone.h. composite_geometry does what depends on
// geometry alone, so that several layers can be drawn over one geometry.
#ifndef IMAGE_COMPOSITE_H
#define IMAGE_COMPOSITE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "image/tone.h"
#include "kernel/layer.h"

struct composite;

struct composite_size {
    uint32_t width, height;             // of the picture, 1..LAYER_SIDE_MAX
    uint32_t layer_width, layer_height; // of the layer, not larger than the picture
};

enum composite_way { COMPOSITE_BEST, COMPOSITE_PLAIN }; // PLAIN: no more than any x86-64 has

// *out and all that it needs come from budget; NULL on failure. RC_NOMEM.
MUST_USE enum rc composite_new(struct composite **out, const struct composite_size *size,
                               enum composite_way way, struct budget *budget);
void composite_free(struct composite *c); // NULL is fine

// Copies what it needs of both: GEOMETRY_PIXEL_BYTES for each pixel of picture and layer.
// RC_MALFORMED: another count of bytes.
MUST_USE enum rc composite_geometry(struct composite *c, struct bytes full, struct bytes low);
// rgb: width * height * 3 bytes of the caller's. RC_MALFORMED: the layer has another size;
// RC_ABSENT: there was no geometry yet.
MUST_USE enum rc composite_draw(struct composite *c, const struct layer *layer,
                                const struct tone *tone, uint8_t *rgb);

// The gamer's own light, for want of better: what a sky lamp over a dim world would bring.
// Writes a whole layer for that geometry. RC_FULL: no room; RC_MALFORMED: sizes.
MUST_USE enum rc composite_own_light(struct bytes low, uint32_t width, uint32_t height,
                                     struct buffer *out);

#endif
