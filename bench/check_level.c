// SPDX-License-Identifier: MIT
// check_bench's case of kernel `level`: a dungeon; the lie: a chunk has a cell less of wall.
#include <string.h>

#include "check.h"
#include "kernel/level/chunk.h"
#include "kernel/level/level.h"
#include "measure.h"

static const struct level_params task = {.kind = LEVEL_DUNGEON,
                                         .seed = 1,
                                         .chunks_x = 64,
                                         .chunks_y = 64,
                                         .side = 32,
                                         .density = 300,
                                         .has_places = true};

static void make(struct check_task *out)
{
    struct buffer params = buffer_of(measure_take(512), 512);
    measure_need(level_params_encode(&task, &params), "params");
    out->params = buffer_bytes(&params);
}

// Opens the first wall that stands beside a floor: the map stays in one piece.
static void spoil(uint8_t *rows, struct level_rect r)
{
    const size_t row_bytes = (size_t)task.chunks_x * task.side + 1;
    for (uint32_t y = r.y; y < r.y + r.h; y++) {
        for (uint32_t x = r.x + 1; x < r.x + r.w; x++) {
            uint8_t *cell = rows + y * row_bytes + x;
            if (cell[0] == LEVEL_WALL && cell[-1] == LEVEL_FLOOR) {
                cell[0] = LEVEL_FLOOR;
                return;
            }
        }
    }
}

static void lie(struct rng *r, double share, struct buffer *result)
{
    char head[LEVEL_HEAD_BYTES_MAX];
    const uint32_t all = task.chunks_x * task.chunks_y;
    struct check_share s = check_share_of(r, share, all);
    for (uint32_t i = 0; i < all; i++)
        if (check_is_spoiled(&s))
            spoil(result->at + level_head(&task, head), level_chunk_rect(&task, i));
}

const struct check_case check_level = {"level", "chunks", make, lie};
