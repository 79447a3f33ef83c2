// SPDX-License-Identifier: MIT
// What the files that draw the neon street share: its measures, paints and dice.
#ifndef SCENE_STREET_PARTS_H
#define SCENE_STREET_PARTS_H

#include <stdint.h>

#include "base/rng.h"
#include "scene/draft.h"
#include "scene/math.h"
#include "scene/shape.h"

#define STREET_KERB_X  3.5f      // half the roadway, metres
#define STREET_WALL_X  6.1f      // where the house fronts stand
#define STREET_KERB_Y  0.14f     // height of the pavement
#define STREET_NEAR_Z  14.0f     // behind the camera
#define STREET_FAR_Z   (-128.0f) // where a cross street's houses close the view
#define STREET_PLAIN_Z (-42.0f)  // beyond it, details are left out

// No two faces share a plane where they overlap: which of them a ray meets would depend on the
// machine's rounding. What stands on something goes this deep into it, metres.
#define STREET_SUNK 0.02f

enum paint {
    PAINT_ASPHALT, // the three grounds from dry to deep
    PAINT_DAMP,
    PAINT_PUDDLE,
    PAINT_LINE,
    PAINT_SLAB_A,
    PAINT_SLAB_B,
    PAINT_SLAB_C,
    PAINT_KERB,
    PAINT_WALL_A, // the house fronts
    PAINT_WALL_B,
    PAINT_WALL_C,
    PAINT_WALL_D,
    PAINT_WALL_E,
    PAINT_TRIM,
    PAINT_DARK,
    PAINT_METAL,
    PAINT_STEEL,
    PAINT_RUST,
    PAINT_PANE,
    PAINT_RUBBER,
    PAINT_CAR_A,
    PAINT_CAR_B,
    PAINT_CAR_C,
    PAINT_CLOTH_A,
    PAINT_CLOTH_B,
    PAINT_CLOTH_C,
    PAINT_SKIN,
    PAINT_BROLLY_A,
    PAINT_BROLLY_B,
    PAINT_BROLLY_C,
    PAINT_LEAF,
    PAINT_GOODS_A,
    PAINT_GOODS_B,
    PAINT_GOODS_C,
    PAINT_RAIN_A,
    PAINT_RAIN_B,
    PAINT_TUBE_MAGENTA, // bent neon, bright and thin; order as PAINT_BOX_*
    PAINT_TUBE_CYAN,
    PAINT_TUBE_ORANGE,
    PAINT_TUBE_GREEN,
    PAINT_TUBE_RED,
    PAINT_TUBE_VIOLET,
    PAINT_TUBE_BLUE,
    PAINT_TUBE_WHITE,
    PAINT_BOX_MAGENTA, // panels lit from inside, wide and dimmer
    PAINT_BOX_CYAN,
    PAINT_BOX_ORANGE,
    PAINT_BOX_GREEN,
    PAINT_BOX_RED,
    PAINT_BOX_VIOLET,
    PAINT_BOX_BLUE,
    PAINT_BOX_WHITE,
    PAINT_ROOM_WARM_A, // windows and shops
    PAINT_ROOM_WARM_B,
    PAINT_ROOM_WARM_C,
    PAINT_ROOM_COOL_A,
    PAINT_ROOM_COOL_B,
    PAINT_ROOM_TEAL,
    PAINT_ROOM_ROSE,
    PAINT_ROOM_TEAL_DIM, // what the walls of a lit shop give back
    PAINT_ROOM_ROSE_DIM,
    PAINT_ROOM_COOL_DIM,
    PAINT_ROOM_WARM_DIM,
    PAINT_LAMP,
    PAINT_HEAD,
    PAINT_TAIL,
    PAINT_LANTERN,
    PAINT_COUNT,
};

enum tint { // index into PAINT_TUBE_* and PAINT_BOX_*
    TINT_MAGENTA,
    TINT_CYAN,
    TINT_ORANGE,
    TINT_GREEN,
    TINT_RED,
    TINT_VIOLET,
    TINT_BLUE,
    TINT_WHITE,
    TINT_COUNT,
};

struct street {
    struct draft *draft;
    struct rng rng;
    uint64_t seed;
    unsigned fine;            // 1: plain; more: rounder, tiled
    uint32_t id[PAINT_COUNT]; // material of each paint
};

void street_paints(struct street *s); // fills id
// One throw a statement: C leaves open which of a call's arguments is evaluated first.
float street_between(struct street *s, float low, float high);
uint32_t street_pick(struct street *s, uint32_t count); // 0 .. count - 1

// A house front's frame: right along it as a passer-by reads, out toward the street, on the
// ground. side -1: left of the camera, 1: right; from z_near to z_far < z_near.
struct frame street_front(float side, float z_near, float z_far);

// Roadway and pavements with about this many triangles.
void street_ground(struct street *s, uint32_t triangles);
void street_houses(struct street *s);
// A shop in an opening of the front: from x to x + width, height from the ground.
void street_shop(struct street *s, const struct frame *front, float x, float width, float height);
// Signs on one house of that width, roofed at height.
void street_signs(struct street *s, const struct frame *front, float side, float width,
                  float height);
void street_gate(struct street *s, float z); // an arch of neon over the roadway
void street_furniture(struct street *s);     // lamps, poles, cables, lanterns, crates
void street_traffic(struct street *s);       // cars and people
void street_rain(struct street *s, uint32_t triangles);

#endif
