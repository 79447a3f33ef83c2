// SPDX-License-Identifier: MIT
// Fuzz: params from strangers; results from liars.
#include <assert.h>

#include "kernel/dialogue/dialogue.h"
#include "kernel/dialogue/params.h"
#include "kernel/dialogue/speech_street.h"

#define LINES_MAX 64u // more take the same ways, for longer

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void *street(void)
{
    static void *base;
    static uint8_t text_at[SPEECH_STREET_BYTES_MAX];
    if (base != NULL)
        return base;
    struct buffer text = buffer_of(text_at, sizeof text_at);
    static struct arena *arena; // as long as the program
    arena = arena_new(16u << 20);
    struct bytes object;
    speech_street(&text);
    assert(arena != NULL && speech_learn(buffer_bytes(&text), arena, &object) == RC_OK);
    assert(speech_base.open(&base, NULL) == RC_OK && speech_base.load(base, object) == RC_OK);
    return base;
}

static void run(struct bytes params)
{
    static uint8_t result_at[LINES_MAX * (DIALOGUE_LINE_BYTES_MAX + 1)];
    static uint8_t part_result_at[DIALOGUE_PARTS_MAX * (DIALOGUE_LINE_BYTES_MAX + 1)];
    uint8_t part_at[4096];
    struct buffer result = buffer_of(result_at, sizeof result_at);
    struct buffer part = buffer_of(part_at, sizeof part_at);
    struct buffer part_result = buffer_of(part_result_at, sizeof part_result_at);
    struct kernel_verdict v;
    struct kernel_in in = {.params = params};
    assert(dialogue_kernel.run(street(), &in, &result, NULL) == RC_OK);
    assert(dialogue_kernel.part(params, params.len, &part) == RC_OK);
    in.params = buffer_bytes(&part);
    assert(dialogue_kernel.run(street(), &in, &part_result, NULL) == RC_OK);
    assert(dialogue_kernel.judge(params, buffer_bytes(&result), in.params,
                                 buffer_bytes(&part_result), &v) == RC_OK);
    assert(v.is_right);
    (void)dialogue_kernel.judge(params, params, in.params, buffer_bytes(&part_result), &v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bytes in = bytes_of(data, size);
    static uint8_t back[KERNEL_PARAMS_BYTES_MAX];
    struct dialogue_params p;
    size_t min;
    size_t max;
    if (dialogue_params_decode(&p, in) != RC_OK) {
        assert(dialogue_kernel.result_bounds(in, &min, &max) == RC_MALFORMED);
        return 0;
    }
    struct buffer b = buffer_of(back, sizeof back);
    assert(dialogue_params_encode(&p, &b) == RC_OK);
    assert(bytes_equal(buffer_bytes(&b), in)); // there is one way to say it
    assert(dialogue_kernel.result_bounds(in, &min, &max) == RC_OK && min <= max);
    if (p.part_count == 0 && p.line_count <= LINES_MAX)
        run(in);
    return 0;
}
