// SPDX-License-Identifier: MIT
// Fuzz: speech objects from strangers, walked through; texts, learned and opened.
#include <assert.h>

#include "kernel/dialogue/dialogue.h"
#include "kernel/dialogue/speech.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void speak(struct bytes object)
{
    static void *base;
    static uint8_t out_at[8 * 101];
    uint8_t params_at[256];
    const struct dialogue_params p = {.situation = bytes_text("greet"),
                                      .line_count = 8,
                                      .line_bytes_max = 100,
                                      .slot_count = 1,
                                      .slot = {{bytes_text("name"), bytes_text("Wren")}}};
    struct buffer params = buffer_of(params_at, sizeof params_at);
    struct buffer out = buffer_of(out_at, sizeof out_at);
    assert(base != NULL || speech_base.open(&base, NULL) == RC_OK);
    assert(speech_base.load(base, object) == RC_OK);
    assert(dialogue_params_encode(&p, &params) == RC_OK);
    const struct kernel_in in = {.params = buffer_bytes(&params)};
    assert(dialogue_kernel.run(base, &in, &out, NULL) == RC_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bytes in = bytes_of(data, size);
    struct speech s;
    if (speech_open(&s, in) == RC_OK)
        speak(in);
    struct arena *arena = arena_new(4u << 20);
    struct bytes object;
    if (arena != NULL && speech_learn(in, arena, &object) == RC_OK) {
        assert(speech_open(&s, object) == RC_OK);
        speak(object);
    }
    arena_free(arena);
    return 0;
}
