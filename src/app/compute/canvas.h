// SPDX-License-Identifier: MIT
// Canvas: what the gamer draws itself: its own raster, and over it the light that came.
//
//     canvas_new(&c, &cfg);
//     canvas_geometry(c, &camera);    // of a light frame: what its light fell on
//     canvas_light(c, &light);        // sums: made into a layer here; or a layer, as it came
//     canvas_look(c, &camera);        // of a picture: its raster, full size and the light's
//     canvas_draw(c, rgb);            // with the newest light, brought to where it is seen now
//     canvas_free(c);
//
// Never waits: without light the gamer's own dim one takes its place, and light that is missing or
// old is brought from where it was last. No clock, no threads: the host may call it on one.
#ifndef COMPUTE_CANVAS_H
#define COMPUTE_CANVAS_H

#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "compute/light.h"
#include "image/tone.h"

struct canvas;

struct canvas_cfg {
    struct budget *budget;              // outlives it
    struct bytes scene;                 // the object; outlives it
    uint32_t width, height;             // of pictures
    uint32_t light_width, light_height; // of light, not larger
    struct tone tone;
};

// RC_MALFORMED: the scene is none; RC_NOMEM; RC_UNSUPPORTED: a library does not start here.
MUST_USE enum rc canvas_new(struct canvas **out, const struct canvas_cfg *cfg);
void canvas_free(struct canvas *c); // NULL is fine
// All that follow: RC_MALFORMED: the camera is out of its ranges; RC_NOMEM.
MUST_USE enum rc canvas_geometry(struct canvas *c, const struct camera *camera);
// After canvas_geometry for the same camera. A stream has been shown first: see canvas_layer.
// RC_MALFORMED: also light that does not fit.
MUST_USE enum rc canvas_light(struct canvas *c, const struct light *light);
// A layer as the stream's pictures have it: light_width * light_height pixels, without a header;
// RC_MALFORMED: also other counts of them. Its geometry is looked at here.
MUST_USE enum rc canvas_layer(struct canvas *c, const struct camera *camera, struct bytes pixels);
MUST_USE enum rc canvas_look(struct canvas *c, const struct camera *camera);
// rgb: width * height * 3 bytes of the caller's. After canvas_look.
MUST_USE enum rc canvas_draw(struct canvas *c, uint8_t *rgb);

#endif
