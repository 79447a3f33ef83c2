// SPDX-License-Identifier: MIT
// The stage on which a bare mesh is shown: ground, three soft lamps, a dim sky, a camera.
#ifndef SCENE_MESH_STAGE_H
#define SCENE_MESH_STAGE_H

#include "scene/draft.h"

#define MESH_STAGE_SIZE_M 1.6f // height or widest extent of what stands on it

// Adds lamps for a thing of that radius around centre: a key, a fill, and a rim behind.
void mesh_stage_lamps(struct draft *d, struct vec centre, float radius);
// A ground at y = 0 around the thing.
void mesh_stage_ground(struct draft *d, struct vec centre, float radius);
// A camera that frames it from the front, a little from above.
void mesh_stage_camera(struct draft *d, struct vec centre, float radius);
void mesh_stage_sky(struct draft *d);

#endif
