// SPDX-License-Identifier: MIT
// Light: what came of one or several of a game's light frames, from who has it made to who draws.
//
// A light frame is what falls on all that the game's camera sees at one moment, at the light's own
// size: traced (kernel trace), over the shape of what is seen (geometry), and made clean (post) on
// top of the light frame before. It comes as far as the split has others take it: as sums, of which
// the gamer makes a layer; as a layer; or as a stream of several layers, coded as video.
#ifndef COMPUTE_LIGHT_H
#define COMPUTE_LIGHT_H

#include <stdint.h>

#include "base/bytes.h"
#include "compute/splits.h"
#include "kernel/post/post.h"

#define LIGHT_GROUP_MAX 8u // light frames in a stream

// Alike for helpers and for the gamer, or light that one begins would not fit what the other has.
#define LIGHT_SIDE    2u // rays of geometry each way through a pixel of light
#define LIGHT_LEVELS  4u // of post's filter
#define LIGHT_HISTORY 8u // light frames that post mixes

enum light_form { LIGHT_SUMS, LIGHT_LAYER, LIGHT_STREAM };

struct light { // borrows its parts
    enum light_form form;
    enum split split;
    uint32_t number; // of the light frame; of a stream, of its first
    uint32_t count;  // light frames in it
    struct camera camera[LIGHT_GROUP_MAX];
    uint64_t asked_us[LIGHT_GROUP_MAX]; // when
    uint64_t came_us;
    uint32_t tile_count; // of sums: as kernel post takes them
    struct post_tile tile[POST_TILES_MAX];
    struct bytes part[POST_TILES_MAX]; // sums of the tiles that have samples, in order; or the one
    uint32_t part_count;               // layer or stream
};

#endif
