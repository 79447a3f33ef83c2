// SPDX-License-Identifier: MIT
// What a gamer, or a script, sees of a frame: who made each tile, how long it took, was it checked.
#include "prog/play/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "os/file.h"
#include "prog/json_line.h"

void play_view_add(struct play_table *t, const struct gamer_event *e)
{
    t->all++;
    if (t->count == PLAY_VIEW_TILES_MAX)
        return;
    struct play_row *r = &t->row[t->count++];
    *r = (struct play_row){.index = e->tile.index,
                           .width = e->tile.rect.w,
                           .height = e->tile.rect.h,
                           .samples = e->tile.sample_count,
                           .expected_us = e->tile.expected.us,
                           .wall_us = e->tile.wall_us,
                           .cpu_us = e->tile.cpu_us,
                           .parts = e->tile.parts,
                           .is_cached = e->tile.is_cached,
                           .attempts = e->tile.attempts};
    // A name is somebody else's word.
    text_copy_safe(r->helper, sizeof r->helper, bytes_text(e->tile.helper));
}

static int by_tile(const void *a, const void *b)
{
    const struct play_row *x = a;
    const struct play_row *y = b;
    return x->index < y->index ? -1 : x->index > y->index;
}

static void print_row(const struct play_row *r)
{
    char size[24];
    char checked[40];
    struct text t = text_of(size, sizeof size);
    text_addf(&t, "%" PRIu32 "x%" PRIu32, r->width, r->height);
    t = text_of(checked, sizeof checked);
    if (r->is_cached)
        text_add(&t, "made before");
    else if (r->parts > 0)
        text_addf(&t, "%" PRIu32 " pixels redone", r->parts);
    else
        text_add(&t, "by the hub itself");
    char expected[24];
    t = text_of(expected, sizeof expected);
    if (r->expected_us > 0)
        text_addf(&t, "%.1f", (double)r->expected_us / 1000);
    else
        text_add(&t, "-");
    printf("%5" PRIu32 "  %-9s  %-16s  %9s  %9.1f  %9.1f  %-18s  %8" PRIu32 "\n", r->index, size,
           r->helper, expected, (double)r->wall_us / 1000, (double)r->cpu_us / 1000, checked,
           r->attempts);
}

void play_view_table(const struct play_table *t)
{
    struct play_table sorted = *t;
    qsort(sorted.row, sorted.count, sizeof *sorted.row, by_tile);
    printf("%5s  %-9s  %-16s  %9s  %9s  %9s  %-18s  %8s\n", "tile", "size", "helper", "expected",
           "ms", "cpu ms", "verified", "attempts");
    for (uint32_t i = 0; i < sorted.count; i++)
        print_row(&sorted.row[i]);
    if (t->all > t->count)
        printf("and %" PRIu32 " more\n", t->all - t->count);
}

void play_view_frame(const struct gamer_event *e, uint64_t us, const char *path, bool is_json)
{
    if (!is_json) {
        char room[FILE_PATH_BYTES + 128];
        struct text text = text_of(room, sizeof room);
        text_addf(&text, "frame %" PRIu32 ": %" PRIu32 " tiles in ", e->frame, e->done.tiles);
        text_add_time(&text, us);
        text_addf(&text, ", %" PRIu32 " done again, %" PRIu32 " wrong; saved as %s",
                  e->done.retries, e->done.wrong, path);
        puts(room);
        return;
    }
    struct json_line line;
    struct json_writer *w = json_line_start(&line, "frame");
    json_put_u64(w, "frame", e->frame);
    json_put_u64(w, "tiles", e->done.tiles);
    json_put_u64(w, "retries", e->done.retries);
    json_put_u64(w, "wrong", e->done.wrong);
    json_put_f64(w, "ms", (double)us / 1000);
    json_put_bytes(w, "file", bytes_text(path));
    json_line_end(&line);
}

static void session_as_json(const struct play_session *s, uint64_t each_us)
{
    struct json_line line;
    struct json_writer *w = json_line_start(&line, "session");
    json_put_u64(w, "frames", s->frames);
    json_put_u64(w, "missing", s->missing);
    json_put_u64(w, "tiles", s->tiles);
    json_put_u64(w, "cached", s->cached);
    json_put_u64(w, "retries", s->retries);
    json_put_u64(w, "wrong", s->wrong);
    json_put_f64(w, "ms", (double)s->us / 1000);
    json_put_f64(w, "latency_ms", (double)each_us / 1000);
    json_line_end(&line);
}

void play_view_session(const struct play_session *s, bool is_json)
{
    char room[512];
    struct text t = text_of(room, sizeof room);
    const uint64_t each_us = s->frames > 0 ? s->wait_us / s->frames : 0;
    if (is_json) {
        session_as_json(s, each_us);
        return;
    }
    text_addf(&t, "total: %" PRIu64 " frames in ", s->frames);
    text_add_time(&t, s->us);
    text_addf(&t,
              ", each after %.1f ms; %" PRIu64 " tiles, %" PRIu64 " made before, %" PRIu64
              " done again",
              (double)each_us / 1000, s->tiles, s->cached, s->retries);
    if (s->missing > 0)
        text_addf(&t, "; %" PRIu64 " frames left out", s->missing);
    puts(room);
}

void play_view_planned_json(const struct gamer_event *e)
{
    struct json_line line;
    struct json_writer *w = json_line_start(&line, "planned");
    json_put_u64(w, "frame", e->frame);
    json_put_u64(w, "tiles", e->tiles);
    json_put_u64(w, "helpers", e->helpers);
    json_put_u64(w, "input", e->input);
    json_put_array(w, "eye");
    for (size_t i = 0; i < 3; i++)
        json_put_f64(w, NULL, (double)e->camera.eye[i]);
    json_put_array_end(w);
    json_line_end(&line);
}

void play_view_missing(uint32_t frame, bool is_json)
{
    if (!is_json) {
        printf("frame %" PRIu32 ": late, left out\n", frame);
        return;
    }
    struct json_line line;
    json_put_u64(json_line_start(&line, "missing"), "frame", frame);
    json_line_end(&line);
}

void play_view_tile_json(const struct gamer_event *e)
{
    char hex[DIGEST_HEX_BYTES];
    struct json_line line;
    struct json_writer *w = json_line_start(&line, "tile");
    digest_hex(&e->tile.node, hex);
    json_put_u64(w, "frame", e->frame);
    json_put_u64(w, "tile", e->tile.index);
    json_put_u64(w, "x", e->tile.rect.x);
    json_put_u64(w, "y", e->tile.rect.y);
    json_put_u64(w, "w", e->tile.rect.w);
    json_put_u64(w, "h", e->tile.rect.h);
    json_put_u64(w, "sample_first", e->tile.sample_first);
    json_put_u64(w, "samples", e->tile.sample_count);
    json_put_text(w, "helper", e->tile.helper);
    json_put_text(w, "node", hex);
    json_put_f64(w, "expected_ms", (double)e->tile.expected.us / 1000);
    json_put_f64(w, "low_ms", (double)e->tile.expected.low_us / 1000);
    json_put_f64(w, "high_ms", (double)e->tile.expected.high_us / 1000);
    json_put_f64(w, "ms", (double)e->tile.wall_us / 1000);
    json_put_f64(w, "cpu_ms", (double)e->tile.cpu_us / 1000);
    json_put_u64(w, "verified_pixels", e->tile.parts);
    json_put_u64(w, "attempts", e->tile.attempts);
    json_put_flag(w, "cached", e->tile.is_cached);
    json_line_end(&line);
}
