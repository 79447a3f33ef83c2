// SPDX-License-Identifier: MIT
// What a person, or a script, in front of a hub sees: one line for each thing that happened.
#include "hub_view.h"

#include <inttypes.h>
#include <stdio.h>

#include "wire/json.h"

static const char *word(enum broker_note_kind kind)
{
    static const char *const words[] = {
        [NOTE_HELPER_IN] = "helper-in",   [NOTE_HELPER_OUT] = "helper-out",
        [NOTE_GAMER_IN] = "gamer-in",     [NOTE_GAMER_OUT] = "gamer-out",
        [NOTE_FRAME_IN] = "frame-in",     [NOTE_TILE_DONE] = "tile-done",
        [NOTE_TILE_WRONG] = "tile-wrong", [NOTE_TILE_LOST] = "tile-lost",
        [NOTE_FRAME_DONE] = "frame-done", [NOTE_FRAME_FAILED] = "frame-failed"};
    return words[kind];
}

static void as_json(const struct broker_note *n)
{
    char room[1024];
    char hex[DIGEST_HEX_BYTES];
    struct text text = text_of(room, sizeof room);
    struct json_writer w = json_writer_of(&text);
    digest_hex(&n->node, hex);
    json_put_object(&w, NULL);
    json_put_text(&w, "event", word(n->kind));
    json_put_text(&w, "who", n->who);
    json_put_text(&w, "node", hex);
    json_put_u64(&w, "job", n->job);
    json_put_u64(&w, "frame", n->frame);
    json_put_u64(&w, "tile", n->index);
    json_put_u64(&w, "attempts", n->attempts);
    json_put_f64(&w, "ms", (double)n->wall_us / 1000);
    json_put_f64(&w, "cpu_ms", (double)n->cpu_us / 1000);
    json_put_text(&w, "text", n->text);
    json_put_object_end(&w);
    puts(room);
}

void hub_view_note(const struct broker_note *n, bool is_json)
{
    if (is_json) {
        as_json(n);
        return;
    }
    switch (n->kind) {
    case NOTE_HELPER_IN:
        printf("helper %s is here\n", n->who);
        break;
    case NOTE_HELPER_OUT:
        printf("helper %s is gone\n", n->who);
        break;
    case NOTE_GAMER_IN:
        printf("gamer %s is here\n", n->who);
        break;
    case NOTE_GAMER_OUT:
        printf("gamer %s is gone\n", n->who);
        break;
    case NOTE_FRAME_IN:
        printf("frame %" PRIu32 " from %s\n", n->frame, n->who);
        break;
    case NOTE_TILE_DONE:
        printf("  tile %" PRIu32 " by %s in %.1f ms, attempt %" PRIu32 "\n", n->index, n->who,
               (double)n->wall_us / 1000, n->attempts);
        break;
    case NOTE_TILE_WRONG:
        printf("  tile %" PRIu32 " by %s is WRONG: done again elsewhere\n", n->index, n->who);
        break;
    case NOTE_TILE_LOST:
        printf("  tile %" PRIu32 " lost with %s: done again elsewhere\n", n->index, n->who);
        break;
    case NOTE_FRAME_DONE:
        printf("frame %" PRIu32 " for %s is done\n", n->frame, n->who);
        break;
    case NOTE_FRAME_FAILED:
        printf("frame %" PRIu32 " for %s failed: %s\n", n->frame, n->who, n->text);
        break;
    }
}
