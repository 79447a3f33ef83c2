// SPDX-License-Identifier: MIT
// Fuzz: params and paths from strangers; what decodes encodes back, and paths are read to an end.
#include <assert.h>

#include "kernel/route/params.h"
#include "kernel/route/path.h"
#include "kernel/route/route.h"
#include "map/grid_stage_test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct stage stage;
    static struct route_params p;
    static uint8_t back[KERNEL_PARAMS_BYTES_MAX];
    if (stage.arena == NULL)
        stage_open(&stage, 12, 9, 12, 1);
    const struct bytes in = bytes_of(data, size);
    if (route_params_decode(&p, in) == RC_OK) {
        struct buffer b = buffer_of(back, sizeof back);
        const enum rc rc = route_params_encode(&p, &b);
        assert(rc == RC_OK && bytes_equal(buffer_bytes(&b), in)); // there is one way to say it
    }
    struct cursor c = {.left = in};
    struct route_length l;
    while (route_path_parse(&l, &c) == RC_OK)
        assert(!l.is_no_way || route_length_units(&l) == 0);
    c = (struct cursor){.left = in};
    const struct grid_cell start = {0, 0};
    const struct grid_cell goal = {11, 8};
    if (route_path_walk(&l, &c, &stage.map, start, goal) == RC_OK && !l.is_no_way)
        assert(route_length_units(&l) >= 8 * GRID_DIAGONAL + 3 * GRID_STRAIGHT);
    return 0;
}
