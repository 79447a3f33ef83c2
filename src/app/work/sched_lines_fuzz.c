// SPDX-License-Identifier: MIT
// Any lines as another simulator's events: taken or refused, each answer a line that fits.
#include <assert.h>
#include <string.h>

#include "work/sched_lines.h"

#define ANSWERS_MAX 1000000 // of one event; more would be a loop

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_answers(struct sched_lines *s)
{
    char room[SCHED_LINES_BYTES];
    struct text text = text_of(room, sizeof room);
    for (int i = 0; sched_lines_next(s, &text); i++) {
        assert(!text.is_cut && room[0] == '{' && room[text.len - 1] == '\n' && i < ANSWERS_MAX);
        text = text_of(room, sizeof room);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sched_lines *s = NULL;
    const enum rc made = sched_lines_new(&s, &policy_shoal);
    assert(made == RC_OK);
    while (size > 0) {
        const uint8_t *end = memchr(data, '\n', size);
        const size_t len = end != NULL ? (size_t)(end - data) + 1 : size;
        struct err err = {.text = ""};
        const enum rc rc = sched_lines_input(s, bytes_of(data, len), &err);
        if (rc == RC_OK)
            take_answers(s);
        data += len;
        size -= len;
    }
    sched_lines_free(s);
    return 0;
}
