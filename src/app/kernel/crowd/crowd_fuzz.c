// SPDX-License-Identifier: MIT
// Fuzz: params of a crowd from strangers, and a result shown to a part: no harm is done.
#include <assert.h>

#include "kernel/crowd/crowd.h"
#include "kernel/crowd/params.h"
#include "kernel/route/stage_test.h"

#define AGENTS 3u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void show(struct route_stage *s, struct bytes shown)
{
    static struct crowd_params p;
    static uint8_t params_at[KERNEL_PARAMS_BYTES_MAX];
    uint8_t result_at[ROUTE_PART_BYTES];
    p = (struct crowd_params){.steps = 8, .every = 2, .agent_count = AGENTS, .redo_count = 1};
    for (uint32_t i = 0; i < AGENTS; i++) {
        p.agent[i] = (struct route_agent){{0, 0}, {(uint16_t)(5 * i), 3}};
        p.radius[i] = 300;
        p.speed[i] = 400;
    }
    p.window_count = 4;
    for (uint32_t i = 0; i < 4; i++)
        p.window[i] = i;
    struct buffer params = buffer_of(params_at, sizeof params_at);
    struct buffer result = buffer_of(result_at, sizeof result_at);
    enum rc rc = crowd_params_encode(&p, &params);
    assert(rc == RC_OK);
    rc = route_stage_run_part(s, buffer_bytes(&params), shown, &result);
    assert(rc == RC_OK && result.len == ROUTE_PART_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct route_stage stage;
    static struct crowd_params p;
    static uint8_t back[KERNEL_PARAMS_BYTES_MAX];
    if (stage.kernel.state == NULL)
        route_stage_open(&stage, &crowd_kernel, 12, 9, 12, 1);
    const struct bytes in = bytes_of(data, size);
    if (crowd_params_decode(&p, in) == RC_OK) {
        struct buffer b = buffer_of(back, sizeof back);
        const enum rc rc = crowd_params_encode(&p, &b);
        assert(rc == RC_OK && bytes_equal(buffer_bytes(&b), in)); // there is one way to say it
    }
    show(&stage, in);
    return 0;
}
