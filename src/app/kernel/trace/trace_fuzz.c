// SPDX-License-Identifier: MIT
// Fuzz: params and reports from strangers; what decodes encodes back, and runs if it is small.
#include <assert.h>
#include <string.h>

#include "kernel/trace/stage_test.h"
#include "kernel/trace/trace.h"

#define SAMPLES_MAX 2048u // paths in one run: larger ones take the same ways, for longer

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct stage *small_room(void)
{
    static struct stage stage;
    if (stage.state != NULL)
        return &stage;
    stage_init(&stage, 1, 1);
    stage.sky.high[0] = 1.0f;
    struct scene_material m = stage_grey(0.5f);
    m.emission[1] = 1.0f;
    stage_box(&stage, (const float[3]){0, 0, 0}, 1.0f, stage_material(&stage, m));
    m.transmission = 0.5f;
    m.opacity = 0.5f;
    stage_box(&stage, (const float[3]){1, 1, 1}, 1.0f, stage_material(&stage, m));
    return stage_open(&stage) == RC_OK ? &stage : NULL;
}

static void run(struct stage *s, struct bytes params, size_t result_bytes)
{
    struct buffer result = buffer_of(s->result_at, sizeof s->result_at);
    struct buffer report = buffer_of(s->report_at, sizeof s->report_at);
    struct trace_report r;
    assert(trace_kernel.run(s->state, &(struct kernel_in){.params = params}, &result, &report) ==
           RC_OK);
    assert(result.len == result_bytes);
    assert(trace_report_decode(&r, buffer_bytes(&report)) == RC_OK);

    // The result is right by its own word, whole or in parts.
    struct buffer part = buffer_of(s->params_at, sizeof s->params_at);
    static uint8_t part_at[TRACE_PARTS * TRACE_PIXEL_BYTES];
    struct buffer part_result = buffer_of(part_at, sizeof part_at);
    report.len = 0;
    struct kernel_verdict v;
    assert(trace_kernel.part(params, result_bytes, &part) == RC_OK);
    assert(trace_kernel.run(s->state, &(struct kernel_in){.params = buffer_bytes(&part)},
                            &part_result, &report) == RC_OK);
    assert(trace_kernel.judge(params, buffer_bytes(&result), buffer_bytes(&part),
                              buffer_bytes(&part_result), &v) == RC_OK);
    assert(v.mismatches == 0 && v.is_right);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_of(data, size);
    static struct trace_params p;
    static uint8_t back[KERNEL_PARAMS_BYTES_MAX];
    struct trace_report report;
    if (trace_report_decode(&report, in) == RC_OK && report.cost.len > 0)
        (void)trace_report_cost(&report, report.cells_x - 1, report.cells_y - 1);
    size_t result_bytes;
    if (trace_params_decode(&p, in) != RC_OK) {
        assert(trace_kernel.result_bounds(in, &result_bytes, &result_bytes) == RC_MALFORMED);
        return 0;
    }
    struct buffer b = buffer_of(back, sizeof back);
    assert(trace_params_encode(&p, &b) == RC_OK);
    assert(bytes_equal(buffer_bytes(&b), in)); // there is one way to say it
    assert(trace_kernel.result_bounds(in, &result_bytes, &result_bytes) == RC_OK);
    struct stage *s = small_room();
    uint64_t paths = (uint64_t)result_bytes / TRACE_PIXEL_BYTES * p.sample_count;
    if (s != NULL && paths <= SAMPLES_MAX)
        run(s, in, result_bytes);
    return 0;
}
