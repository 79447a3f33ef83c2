// SPDX-License-Identifier: MIT
// Fuzz: speech objects from strangers, walked through; texts, learned and opened.
#include <assert.h>

#include "base/rng.h"
#include "kernel/dialogue/dialogue.h"
#include "kernel/dialogue/speech.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void speak(const struct speech *s)
{
    const struct dialogue_params p = {.situation = bytes_text("greet"),
                                      .line_count = 8,
                                      .line_bytes_max = 100,
                                      .slot_count = 1,
                                      .slot = {{bytes_text("name"), bytes_text("Wren")}}};
    for (uint32_t i = 0; i < p.line_count; i++) {
        uint8_t at[100];
        struct buffer b = buffer_of(at, sizeof at);
        dialogue_line(s, &p, i, &b);
        assert(b.len > 0 && !b.is_full);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bytes in = bytes_of(data, size);
    struct speech s;
    if (speech_open(&s, in) == RC_OK)
        speak(&s);
    struct arena *arena = arena_new(4u << 20);
    struct bytes object;
    if (arena != NULL && speech_learn(in, arena, &object) == RC_OK) {
        assert(speech_open(&s, object) == RC_OK);
        speak(&s);
    }
    arena_free(arena);
    return 0;
}
