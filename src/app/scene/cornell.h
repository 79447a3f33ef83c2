// SPDX-License-Identifier: MIT
// A Cornell-like room: one lamp under the ceiling, a box, a metal and a glass sphere.
//
// After C. Goral et al. 1984 and the room at Cornell that renderers are compared by; sizes and
// colours are ours. For judging light, not for show.
#ifndef SCENE_CORNELL_H
#define SCENE_CORNELL_H

#include "scene/draft.h"

// Adds to an empty draft; success shows in d->rc.
void cornell_draw(struct draft *d);

#endif
