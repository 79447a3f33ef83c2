// SPDX-License-Identifier: MIT
// A neon street in the rain at night, drawn from a seed.
//
// The street runs toward -z from the camera's first key at z = 0; the roadway is 7 m wide.
// Emission leaves both sides of a triangle; signs are drawn so that it shows from one.
#ifndef SCENE_STREET_H
#define SCENE_STREET_H

#include <stdint.h>

#include "scene/draft.h"

#define STREET_TRIANGLES_MIN 90000u
#define STREET_TRIANGLES_MAX 2000000u

// Adds about `triangles` (within 5 %) to an empty draft: more of them give finer ground, rounder
// tubes, tiled walls and more rain. Success shows in d->rc; RC_REFUSED out of the range above.
void street_draw(struct draft *d, uint64_t seed, uint32_t triangles);

#endif
