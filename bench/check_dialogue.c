// SPDX-License-Identifier: MIT
// check_bench's case of kernel `dialogue`: talk of the street; the lie: a line said before.
#include <string.h>

#include "base/arena.h"
#include "check.h"
#include "kernel/dialogue/dialogue.h"
#include "kernel/dialogue/speech_street.h"
#include "measure.h"

#define LINES 5000u
#define ROOM  (LINES * 256u)

static void make(struct check_task *out)
{
    struct arena *arena = arena_new(16u << 20); // as long as the program
    struct buffer text = buffer_of(measure_take(SPEECH_STREET_BYTES_MAX), SPEECH_STREET_BYTES_MAX);
    speech_street(&text);
    measure_need(arena == NULL ? RC_NOMEM : speech_learn(buffer_bytes(&text), arena, &out->object),
                 "text");
    const struct dialogue_params p = {.seed = 1,
                                      .speaker = bytes_text("Ona"),
                                      .situation = bytes_text("greet"),
                                      .line_count = LINES,
                                      .line_bytes_max = 200,
                                      .talk_permille = 500,
                                      .slot_count = 1,
                                      .slot = {{bytes_text("name"), bytes_text("Wren")}}};
    struct buffer params = buffer_of(measure_take(512), 512);
    measure_need(dialogue_params_encode(&p, &params), "params");
    out->params = buffer_bytes(&params);
}

static struct bytes line_at(struct bytes from)
{
    const uint8_t *end = memchr(from.at, '\n', from.len);
    return bytes_part(from, 0, end == NULL ? from.len : (size_t)(end - from.at) + 1);
}

// Costs nothing to make, and nobody would see it.
static void lie(struct rng *r, double share, struct buffer *result)
{
    static uint8_t at[ROOM];
    struct buffer out = buffer_of(at, sizeof at);
    struct bytes left = buffer_bytes(result);
    struct bytes last = bytes_text("Evening.\n");
    struct check_share s = check_share_of(r, share, LINES);
    for (uint32_t i = 0; i < LINES; i++) {
        const struct bytes line = line_at(left);
        left = bytes_part(left, line.len, left.len);
        buffer_put(&out, check_is_spoiled(&s) ? last : line);
        last = line;
    }
    result->len = 0;
    buffer_put(result, buffer_bytes(&out));
}

const struct check_case check_dialogue = {"dialogue", "lines", make, lie};
