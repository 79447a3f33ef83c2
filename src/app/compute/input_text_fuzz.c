// SPDX-License-Identifier: MIT
// Any bytes as recorded input: a session takes every step read, and written out it reads the same.
#include "compute/input_text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"

#define STEPS_MAX  64u
#define LINE_BYTES 128u // of a step written here

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_step(struct text *t, const struct session_input *in)
{
    text_addf(t, "%u.%03u", in->for_us / US_PER_MS, in->for_us % US_PER_MS);
    for (size_t i = 0; i < 5; i++) // nine decimals tell any two shares apart that can be read
        text_addf(t, " %.9f", (double)(i < 3 ? in->move[i] : in->turn[i - 3]));
    text_add(t, "\n");
}

static void assert_taken(const struct session_input *step, uint32_t count)
{
    const struct camera camera = {.target = {0, 0, -1}, .up = {0, 1, 0}, .fov_deg = 60};
    struct session s;
    session_init(&s);
    assert(session_start(&s, &camera) == RC_OK);
    for (uint32_t i = 0; i < count; i++)
        assert(session_step(&s, &step[i], (i + 1) * (uint64_t)SESSION_STEP_US_MAX) == RC_OK);
    assert(s.step == count);
}

static void assert_same(const struct session_input *a, const struct session_input *b)
{
    assert(a->step == b->step && a->for_us == b->for_us);
    assert(memcmp(a->move, b->move, sizeof a->move) == 0);
    assert(memcmp(a->turn, b->turn, sizeof a->turn) == 0);
}

static void assert_reads_back(const struct session_input *step, uint32_t count)
{
    char room[STEPS_MAX * LINE_BYTES];
    struct session_input again[STEPS_MAX];
    uint32_t again_count;
    struct text t = text_of(room, sizeof room);
    for (uint32_t i = 0; i < count; i++)
        write_step(&t, &step[i]);
    assert(input_text_parse(again, STEPS_MAX, &again_count, bytes_text(room), NULL) == RC_OK);
    assert(again_count == count);
    for (uint32_t i = 0; i < count; i++)
        assert_same(&again[i], &step[i]);
}

static uint32_t lines_of(const uint8_t *data, size_t size)
{
    uint32_t lines = 1;
    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    return lines;
}

static void assert_names_a_line(const struct err *err, uint32_t lines)
{
    assert(err->rc == RC_MALFORMED && strncmp(err->text, "line ", 5) == 0);
    const unsigned long line = strtoul(err->text + 5, NULL, 10);
    assert(line >= 1 && line <= lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct session_input step[STEPS_MAX];
    uint32_t count = UINT32_MAX;
    struct err err;
    if (input_text_parse(step, STEPS_MAX, &count, bytes_of(data, size), &err) != RC_OK) {
        assert_names_a_line(&err, lines_of(data, size));
        assert(count == UINT32_MAX);
        return 0;
    }
    assert(count <= STEPS_MAX);
    assert_taken(step, count);
    assert_reads_back(step, count);
    return 0;
}
